#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Which lines of EL2 were executed, by what QEMU says it translated.

usage: coverage.py --vmlinux FILE --el2 OBJECT --source DIR --own FILE --out FILE TRACE...

A TRACE is what QEMU writes with -d in_asm. EL2 runs the image's text at the
addresses of the linear map below a tag that is random, so only the lower bits are
known: the tag is what most addresses have whose lower bits are EL2's text.
"""

import argparse
import bisect
import collections
import os
import re
import subprocess
import sys

CROSS = "aarch64-linux-gnu-"
# Of a machine with 2 GiB: where QEMU puts an Image, and what the tag leaves.
IMAGE_OFFSET = 0x200000
LOW_BITS = (1 << 31) - 1
PREFIX = "__kvm_nvhe_"
# The host cannot do anything without these two: they show that the tag is right.
ALWAYS = ("handle_trap", "__kvm_vcpu_run")


def symbols(vmlinux):
    out = subprocess.run([CROSS + "nm", vmlinux], check=True, capture_output=True, text=True)
    table = {}
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3:
            table[fields[2]] = int(fields[0], 16)
    return table


def traced(name, table):
    """The addresses in a trace that are EL2's text, as vmlinux has them."""
    start, end, text = (table[s] for s in ("__hyp_text_start", "__hyp_text_end", "_text"))
    found = collections.defaultdict(set)
    with open(name, errors="replace") as trace:
        for line in trace:
            if not line.startswith("0x"):
                continue
            pc = int(line.split(":", 1)[0], 16)
            address = (pc & LOW_BITS) - IMAGE_OFFSET + text
            if start <= address < end:
                found[pc & ~LOW_BITS].add(address)
    if not found:
        sys.exit(f"error: {name} has no address of EL2's text. Is this QEMU's -d in_asm?")
    best = max(found.values(), key=len)
    for name_always in ALWAYS:
        if table[PREFIX + name_always] not in best:
            sys.exit(f"error: {name}: {name_always}() at EL2 was never executed. Either no"
                     " guest ran, or EL2 is not where it is looked for.")
    return best


def code_of(el2, table):
    """
    Every instruction of EL2's text, as (address, function, file, line).

    The lines are those of an object of EL2 that was built with them, and is the same
    code otherwise: so say the distances of its functions.
    """
    functions, text = disassembly(el2)
    distance = table[PREFIX + ALWAYS[0]] - functions[ALWAYS[0]]
    start, end = table["__hyp_text_start"] - distance, table["__hyp_text_end"] - distance
    addresses = [a for a in text if start <= a < end]
    names = sorted((a, n) for n, a in functions.items() if PREFIX + n in table)
    other = [n for a, n in names if table[PREFIX + n] - a != distance]
    if other or len(names) < 100:
        sys.exit(f"error: {el2} is not the code that ran: {len(names)} functions are"
                 f" known, and {' '.join(other[:5]) or 'none'} elsewhere.")
    lines = subprocess.run([CROSS + "addr2line", "-j", ".hyp.text", "-e", el2],
                           input="\n".join(f"{a:#x}" for a in addresses),
                           check=True, capture_output=True, text=True).stdout.splitlines()
    starts = [a for a, _ in names]
    for address, where in zip(addresses, lines):
        file, _, line = where.partition(":")
        at = bisect.bisect_right(starts, address) - 1
        line = line.split()[0] if line else "?"
        if at >= 0 and line.isdigit() and int(line):
            yield address + distance, names[at][1], os.path.normpath(file), int(line)


def disassembly(el2):
    """The address of each function in an object of EL2, and those of all instructions."""
    out = subprocess.run([CROSS + "objdump", "-d", "-j", ".hyp.text", el2],
                         check=True, capture_output=True, text=True)
    functions = {m.group(2): int(m.group(1), 16)
                 for m in re.finditer(f"^([0-9a-f]+) <{PREFIX}([^>$]*)>:", out.stdout, re.M)}
    addresses = [int(m.group(1), 16)
                 for m in re.finditer(r"^\s*([0-9a-f]+):\t[0-9a-f]{8} ", out.stdout, re.M)]
    return functions, addresses


def report(code, reached, source, own, out):
    total = collections.defaultdict(set)
    done = collections.defaultdict(set)
    functions = {}
    called = set()
    source = os.path.normpath(source) + "/"
    for address, function, file, line in code:
        # Below the source, or where a compiler cache has seen the same file.
        below = re.search(r"/((?:arch|include)/.*)", file)
        file = below.group(1) if below else file
        total[file].add(line)
        functions.setdefault((file, line), function)
        if address in reached:
            done[file].add(line)
            called.add(function)

    ours = sorted(f for f in total if f in own)
    others = sorted(f for f in total if "/hyp/" in f and f not in own)
    if not ours:
        sys.exit("error: no line of a file of the series is in EL2. Has the object line numbers?")
    with open(out, "w") as unreached:
        for title, files in (("files of the series", ours), ("files of the base", others)):
            print(f"\n{title:52}  lines reached")
            for file in files:
                show_file(file, total[file], done[file], functions, called, source, unreached)
    n, m = (sum(len(d[f]) for f in ours) for d in (done, total))
    print(f"\n{n} of {m} lines of the series at EL2 are reached")


def show_file(file, total, done, functions, called, source, unreached):
    short = re.sub(r"^arch/arm64/", "", file)
    print(f"  {short:50}  {len(done):4}/{len(total):<4} {100 * len(done) // len(total):3} %")
    try:
        with open(source + file, errors="replace") as f:
            text = f.read().split("\n")
    except OSError:
        text = []
    never = set()
    for line in sorted(total - done):
        function = functions[file, line]
        if function not in called and function not in never:
            never.add(function)
            unreached.write(f"{file}: {function}() is never called\n")
        words = text[line - 1].strip() if line <= len(text) else ""
        unreached.write(f"{file}:{line}: {function}: {words}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vmlinux", required=True)
    parser.add_argument("--el2", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--own", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("traces", nargs="+")
    args = parser.parse_args()

    with open(args.own) as f:
        own = set(f.read().split())
    table = symbols(args.vmlinux)
    reached = set()
    for trace in args.traces:
        reached |= traced(trace, table)
    report(list(code_of(args.el2, table)), reached, args.source, own, args.out)


main()
