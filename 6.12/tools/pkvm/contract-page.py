#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the page of the documentation that holds the contract.

usage: contract-page.py KERNEL <FIELDS

FIELDS is what `contract rst` prints: compiled from kvm_fixed_config.h. The rows
of traps and of emulated registers are read from the text of their files below
KERNEL, because a compiled row has lost the names of its bits.
"""

import re
import sys

HEAD = """.. SPDX-License-Identifier: GPL-2.0
.. Do not edit. Made by "make docs" of the project from kvm_fixed_config.h,
   kvm_fixed_traps.h and pvm_sysregs.c; "make lint" says when it is not current.

=================================
The CPU of a protected VM (arm64)
=================================

This is the whole contract of a protected VM's CPU, as tables.
:doc:`protected-vm` says what a protected VM is, who enforces this, and what it
is worth.

"The host" is KVM's view of the host's CPUs, taken at boot, before the hypervisor
locks the host out. "Up to" is the smaller of the host's value and the one that
is named, in the order of the field's own signedness. "Absent" is the value that
the architecture has for a feature that is not implemented, and that is not
always zero. With PAuth: in a VM whose vCPUs were initialised with both pointer
authentication features, on a host that has one algorithm for both.

An ID register that has no table here, and a bit that has no row, reads as zero:
the AArch32 ID registers, and encodings of the ID space (Op0 == 3, Op1 == 0,
CRn == 0, CRm == 1..7) that the architecture has not allocated. All 56 can be
read without an exception, none can be written.

A field that can read lower than what the CPU has says what keeps the guest from
using the rest: a trap (see `What traps`_), the trap of another field, or nothing
(see `What cannot be trapped`_).
"""

REGS = {
    "HCR": "HCR_EL2", "HCRX": "HCRX_EL2", "MDCR": "MDCR_EL2",
    "CPTR_NVHE": "CPTR_EL2 (nVHE)", "CPTR_HVHE": "CPTR_EL2 (hVHE)",
    "CNTHCTL_NVHE": "CNTHCTL_EL2 (nVHE)", "CNTHCTL_HVHE": "CNTHCTL_EL2 (hVHE)",
    "ICH_HCR": "ICH_HCR_EL2", "MPAM2": "MPAM2_EL2", "MPAMHCR": "MPAMHCR_EL2",
    "HFGxTR": "HFGRTR_EL2, HFGWTR_EL2", "HFGITR": "HFGITR_EL2",
    "HDFGxTR": "HDFGRTR_EL2, HDFGWTR_EL2", "HAFGRTR": "HAFGRTR_EL2",
    "HFGxTR2": "HFGRTR2_EL2, HFGWTR2_EL2", "HFGITR2": "HFGITR2_EL2",
    "HDFGxTR2": "HDFGRTR2_EL2, HDFGWTR2_EL2",
}
ENVS = {"HVHE": "with hVHE", "FWB": "with FEAT_S2FWB", "RAS": "with FEAT_RAS",
        "FGT": "with FEAT_FGT"}
PREFIX = re.compile(r"\b(?:PVM_)?(?:CPACR_ELx|CPTR_EL2|CPTR_NVHE|MDCR_EL2|MDCR|"
                    r"ICH_HCR_EL2|ICH_HCR|HCR_EL2|HCR|MPAM2|MPAMHCR|CNTHCTL)_(?=[A-Za-z])")


def die(text):
    sys.exit(f"contract-page.py: {text}")


def escaped(text):
    return re.sub(r"([*`|\\]|_(?!\w))", r"\\\1", text)


def bits(text):
    """The bits of a row, by the names that the architecture has for them."""
    text = re.sub(r"\s+", " ", text)
    if text == "__HAFGRTR_EL2_MASK":
        return "all"
    text = re.sub(r"\bH[A-Za-z0-9]+\((\w+)\)", r"\1", text)
    text = PREFIX.sub("", text).replace(" | ", ", ").replace(" << 10", "")
    return text.replace("BSU & ~BSU_IS", "BSU but for IS")


def array(source, name):
    """The text of an array's rows, from its opening brace to the closing one."""
    found = re.search(name + r"\[\] = \{\n(.*?)\n\};", source, re.S)
    if not found:
        die(f"there is no {name}[]")
    return found.group(1)


def rows_of(text, macros):
    """Yield (comment before the row, macro, arguments) and miss none."""
    comment = ""
    pattern = re.compile(r"/\*(?P<comment>.*?)\*/|(?P<macro>\w+)(?P<args>\()|"
                         r"\{(?P<braces>[^}]*)\}|(?P<other>[^\s,])", re.S)
    at = 0
    while found := pattern.search(text, at):
        at = found.end()
        if found["comment"] is not None:
            comment = re.sub(r"\s*\n\s*\*?\s*", " ", found["comment"]).strip()
            continue
        if found["braces"] is not None:
            yield comment, "{", [a.strip() for a in found["braces"].split(",")]
            continue
        if found["macro"] not in macros:
            die(f"not understood: {text[found.start():found.start() + 60]}")
        start, depth = at, 1
        args = []
        while depth:
            char = text[at]
            depth += {"(": 1, ")": -1}.get(char, 0)
            if (char == "," and depth == 1) or not depth:
                args.append(text[start:at].strip())
                start = at + 1
            at += 1
        yield comment, found["macro"], args


def table(title, widths, heads, rows):
    print(f"\n.. list-table::{' ' + title if title else ''}\n   :header-rows: 1\n"
          f"   :widths: {widths}\n")
    for row in [heads, *rows]:
        for number, cell in enumerate(row):
            if isinstance(cell, list):
                cell = "\n       ".join("| " + escaped(line) for line in cell)
            else:
                cell = escaped(cell)
            print(f"   {'* -' if not number else '  -'} {cell}".rstrip())


def heading(text, line="="):
    print(f"\n{text}\n{line * len(text)}")


def feature_traps(source):
    """The traps that follow from the fields, by ID register."""
    by_reg = {}
    macros = ("PVM_TRAP_BELOW", "PVM_ENABLE_FROM", "PVM_TRAP_ALL_OF", "PVM_ENABLE_NONE_OF",
              "PVM_ENABLE_PAUTH", "PVM_TRAP_NO_PAUTH")
    for _, macro, args in rows_of(array(source, "pvm_feature_traps"), macros):
        if "PAUTH" in macro:
            reg, field, when = "ID_AA64ISAR1_EL1", "PAuth", "the VM has PAuth"
        elif len(args) == 5:
            reg, field, when = args[2], args[3], f"{args[3]} >= {args[4]}"
        else:
            reg, field, when = args[2], args[3], "never: EL2 emulates what there is"
        by_reg.setdefault(reg, []).append((field, REGS[args[0]], bits(args[1]), when))
    for reg, rows in by_reg.items():
        table(reg, "16 24 40 20", ("Field", "Trap register", "Bits", "Not trapped if"), rows)


def fixed_traps(source):
    """The bits that are the same for every VM, with what the file says above them."""
    effect = {"PVM_BIT_SET": "set", "PVM_BIT_CLEAR": "clear", "PVM_TRAP": "traps",
              "PVM_PASS": "does not trap"}
    macros = [*effect, "PVM_BIT_SET_IF", "PVM_TRAP_IF"]
    rows = []
    for paragraph in array(source, "pvm_fixed_traps").split("\n\n"):
        for why, macro, args in rows_of(paragraph, macros):
            what = effect[macro.removesuffix("_IF")]
            if macro.endswith("_IF"):
                what += ", " + ENVS[args.pop(0)]
            line = f"{REGS[args[0]]}: {bits(args[1])}: {what}"
            if rows and rows[-1][0] == why:
                rows[-1][1].append(line)
            else:
                rows.append((why, [line]))
    table("", "36 64", ("Why", "Bits, and what they do"), rows)


def cpu_traps(source, policy):
    """The bits that depend on the physical CPU."""
    meaning = dict(re.findall(r"(PVM_CPU_\w+),\s*/\* (.*?) \*/", policy))
    rows = [(REGS[args[1].removeprefix("PVM_")].split(", ")[args[2] == "true"], bits(args[3]),
             re.sub("^it is, ", "CTR_EL0 is the VM's, ", meaning[args[0]]))
            for _, _, args in rows_of(array(source, "pvm_cpu_traps"), ())]
    table("", "26 20 54", ("Trap register", "Bits", "Set if"), rows)


def sysregs(source):
    """The registers that trap and that the guest may access."""
    said = {
        "dc_set_way": "nothing, with FEAT_S2FWB; else the host cleans the guest's memory",
        "mdscr_el1": "SS, KDE and TDCC are kept, the rest is 0",
        "ras": "reads as 0, ignores writes; UNDEFINED if the VM has no RAS",
        "icc_sgi": "the host sends the SGI; UNDEFINED if the VM has no vGICv3",
        "icc_sre_el1": "reads as 0x7, ignores writes; UNDEFINED if the VM has no vGICv3",
        "ccsidr_el1": "one set and one way, with the line size of CTR_EL0",
        "clidr_el1": "the caches that the host has for any VM",
        "csselr_el1": "Level and InD are kept",
        "kvm.arch.ctr_el0": "the host's, of all its CPUs; traps only on a CPU that differs "
                            "from it",
        "oslsr_el1": "reads as 0x8",
        "undef_id": "UNDEFINED, with EC 0x18 if ID_AA64MMFR2_EL1.IDS says so",
        "host": "the host emulates it",
    }
    rows = []
    for _, macro, args in rows_of(array(source, "pvm_sysregs"), ("ROW", "VALUE", "RAZ")):
        if macro == "{":
            continue
        name = re.sub(r"n(_EL\d)\((\d)\)", r"\2\1", args[0])
        if macro == "RAZ":
            what = {"READ": "reads as 0", "WRITE": "ignores writes",
                    "RW": "reads as 0, ignores writes"}[args[1]]
        elif args[2] in said:
            what = said[args[2]]
        else:
            die(f"{args[0]}: nothing is said of {args[2]}()")
        rows.append((name, {"READ": "read", "WRITE": "write", "RW": "both"}[args[1]], what))
    table("", "24 10 66", ("Register", "Access", "What the guest gets"), rows)


def main():
    asm = sys.argv[1] + "/arch/arm64/include/asm/"
    with open(asm + "kvm_fixed_traps.h", encoding="utf-8") as file:
        traps = file.read()
    with open(asm + "kvm_trap_policy.h", encoding="utf-8") as file:
        policy = file.read()
    with open(sys.argv[1] + "/arch/arm64/kvm/hyp/nvhe/pvm_sysregs.c", encoding="utf-8") as file:
        emulated = file.read()
    fields = sys.stdin.read()
    if not fields:
        die("no fields on stdin")

    print(HEAD, end="")
    sys.stdout.write(fields)

    heading("What traps")
    print("""
A protected VM's trap registers are assigned by EL2, from these rows and nothing
else. Where several rows name one bit, one that denies is enough to trap. In the
registers that consist of fine-grained traps, a bit without a row traps.""")
    heading("What follows from the fields", "-")
    feature_traps(traps)
    heading("What is the same for every VM", "-")
    fixed_traps(traps)
    heading("What depends on the physical CPU", "-")
    print("""
Evaluated at every entry. MDCR_EL2.HPMN, which is a number, is the CPU's
PMCR_EL0.N; CPTR_EL2 also traps FP and SIMD until the guest owns the registers.
Of HCR_EL2, the host decides TWI, TWE and VSE at every entry, and nothing else.""")
    cpu_traps(traps, policy)

    heading("What EL2 emulates")
    print("""
Of the registers and instructions that trap, a guest may access the ID registers
and these. Whatever else traps is UNDEFINED.""")
    sysregs(emulated)


main()
