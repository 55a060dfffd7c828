# SPDX-License-Identifier: GPL-2.0-only
"""The errors that mutate.py makes: their names, the tests to ask, and the list of
those that are known to survive.
"""

import fnmatch
import os
import re
import subprocess
import sys

TOP = os.environ.get("PKVM_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(
	os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
TOOLS = os.path.join(TOP, "tools/pkvm")
LINUX = os.path.join(BUILD, "linux")

# The tests that are asked, the likeliest first.
ID_TESTS = ["pkvm_id_regs", "pkvm_traps"]
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_irq", "pkvm_timer", "pkvm_id_regs",
	      "pkvm_injection", "pkvm_sysreg_sweep"]
# What is not listed as a survivor there is mostly a trap too many.
FGT_TESTS = ["pkvm_runs", "pkvm_traps", "pkvm_irq", "pkvm_timer", "pkvm_id_regs",
	     "pkvm_injection", "pkvm_sysreg_sweep"]

# The kind of a mutant that is a field of an ID register.
ID_FIELD = 1

FGT = ("HFGxTR_EL2", "HFGITR_EL2", "HDFGxTR_EL2", "HAFGRTR_EL2", "HFGxTR2_EL2",
       "HFGITR2_EL2", "HDFGxTR2_EL2")

# Bits that asm/kvm_arm.h and asm/kvm_trap_policy.h have no name for.
BIT_NAMES = {
	"HCR_EL2": {10: "BSU0", 11: "BSU1", 31: "RW", 38: "MIOCNCE", 39: "TME", 56: "ATA",
		    59: "TWEDEn", 60: "TWEDEL0", 61: "TWEDEL1", 62: "TWEDEL2",
		    63: "TWEDEL3"},
	"MDCR_EL2": {12: "E2PB0", 13: "E2PB1", 15: "EnSPM", 24: "E2TB0", 25: "E2TB1"},
	"CPTR_EL2": {8: "TZ", 12: "TSM", 20: "TTA", 30: "TAM", 31: "TCPAC"},
	"CPTR_EL2(E2H)": {16: "ZEN0", 17: "ZEN1", 24: "SMEN0", 25: "SMEN1", 28: "TTA",
			  29: "E0POE", 30: "TAM", 31: "TCPAC"},
	"CNTHCTL_EL2": {0: "EL1PCTEN", 1: "EL1PCEN"},
	"CNTHCTL_EL2(E2H)": {10: "EL1PCTEN", 11: "EL1PTEN"},
	"ICH_HCR_EL2": {0: "En", 10: "TC", 11: "TALL0", 12: "TALL1"},
	"MPAM2_EL2": {48: "TRAPMPAM1EL1", 49: "TRAPMPAM0EL1", 50: "EnMPAMSM", 58: "TIDR"},
	"MPAMHCR_EL2": {31: "TRAP_MPAMIDR_EL1"},
}

# As many as one VM can have, see asm/kvm_pvm_mutate.h.
MAX_MUTANTS = 32


class Mutant:
	"""An error: what kvm.mutant is set to, a name, and the tests to ask."""

	def __init__(self, name, tests, *flips):
		self.name = name
		self.tests = tests
		self.register, _, self.bit = name.partition(".")
		self.flips = flips	# (kind, index, bits)
		self.killer = None
		self.killers = []
		self.reason = None
		self.suspect = False	# a host fell silent with it
		self.done = False

	def parameter(self):
		return ",".join(f"{kind},{index},{bits:#x}" for kind, index, bits in self.flips)


def together(name, mutants, tests):
	"""Return a mutant that is several mutants at once."""
	bits = {}
	for kind, index, value in (flip for m in mutants for flip in m.flips):
		# A row of a table has an index of its own.
		bits[kind, index] = bits.get((kind, index), 0) | value
	assert len(bits) <= MAX_MUTANTS
	return Mutant(name, tests, *((*key, value) for key, value in bits.items()))


def matches(name, pattern):
	"""Whether a shell pattern matches; brackets are part of names."""
	return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def fields_of(register):
	"""Return {bit: name} of a register, from the file that describes all."""
	names = {}
	wanted = [register, register.replace("xTR", "RTR"), register.replace("xTR", "WTR")]
	current = None
	with open(os.path.join(LINUX, "arch/arm64/tools/sysreg")) as file:
		for line in file:
			words = line.split()
			if not words:
				continue
			if words[0] in ("Sysreg", "SysregFields"):
				current = words[1]
			elif words[0] in ("EndSysreg", "EndSysregFields"):
				current = None
			elif words[0] == "Field" and current in wanted and ":" not in words[1]:
				names.setdefault(int(words[1]), words[2])
	return names


def arm_names(prefix):
	"""Return {bit: name} of what asm/kvm_arm.h defines as PREFIX_NAME."""
	names = {}
	pattern = re.compile(rf"#define {prefix}_(\w+)\s+\(UL\(1\) << (\d+)\)")
	with open(os.path.join(LINUX, "arch/arm64/include/asm/kvm_arm.h")) as file:
		for line in file:
			match = pattern.match(line)
			if match:
				names.setdefault(int(match.group(2)), match.group(1))
	return names


def bit_names(register):
	names = fields_of(register)
	if register in ("HCR_EL2", "MDCR_EL2", "CPTR_EL2"):
		names = arm_names(register[:-4] if register == "HCR_EL2" else register)
	names.update(BIT_NAMES.get(register, {}))
	return names


def sysreg_rows():
	"""Return the names of the rows of pvm_sysregs[]; that of index 0 is None."""
	rows = [None]
	path = os.path.join(LINUX, "arch/arm64/kvm/hyp/nvhe/pvm_sysregs.c")
	with open(path) as file:
		for line in file:
			match = re.match(r"\t(?:ROW|VALUE|RAZ)\(((?:[^,()]|\(\d+\))+),", line)
			if match:
				rows.append(match.group(1))
	return rows


def all_mutants():
	"""Return (mutants, those of boots) in the order in which they are run."""
	listing = subprocess.run([os.path.join(BUILD, "host/mutants")], check=True,
				 stdout=subprocess.PIPE, text=True).stdout
	mutants, boots = [], []
	names = {}
	for line in listing.splitlines():
		kind, index, bits, name = line.split()
		flip = (int(kind), int(index), int(bits, 0))
		register, what = name.split(".")
		if register == "check":
			boots.append(Mutant(name, [], flip))
			continue
		if flip[0] == ID_FIELD:
			mutants.append(Mutant(name, ID_TESTS, flip))
			continue
		if register not in names:
			names[register] = bit_names(register)
		what = names[register].get(int(what), what)
		mutants.append(Mutant(f"{register}.{what}",
				      FGT_TESTS if register in FGT else TRAP_TESTS, flip))
	for row, name in enumerate(sysreg_rows()):
		if name:
			mutants.append(Mutant(f"sysreg.{name}", TRAP_TESTS, (4, row, row)))
	# DC CSW, in row 2, differs from DC ISW, in row 1, by its CRm.
	boots.append(Mutant("check.sysreg", [], (5, 2, (10 ^ 6) << 8)))
	return mutants, boots


class Survivors:
	"""The list of those that are known to survive: `WHERE MUTANT REASON`."""

	def __init__(self, path, configuration):
		self.rows = []
		with open(path) as file:
			for number, line in enumerate(file, 1):
				words = line.split(None, 2)
				if not words or words[0].startswith("#"):
					continue
				if len(words) < 3:
					sys.exit(f"{path}:{number}: not 'WHERE MUTANT REASON'")
				where, pattern, reason = words
				if configuration in where.split(",") or where == "*":
					self.rows.append([pattern, reason.strip(), 0, number])

	def reason(self, name, peek=False):
		for row in self.rows:
			if matches(name, row[0]):
				row[2] += not peek
				return row[1]
		return None
