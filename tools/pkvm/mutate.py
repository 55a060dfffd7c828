#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show that the tests notice an error in any row of the tables.

usage: mutate.py --configuration NAME [--sample | --match PATTERN]

One error at a time is put into what EL2 takes from its tables: a field of an
ID register reads differently, a trap bit is flipped, a row of the table of
system registers is missing. Then tests run until a case fails, which the report
names. What no test notices survives, and has to be in the list of survivors
with the reason; a line there that explains nothing has to go.

The kernel is that of FLAVOUR=mutate. The report is TAP.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import signal
import subprocess
import sys
import time

TOP = os.environ.get("PKVM_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(
	os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
TOOLS = os.path.join(TOP, "tools/pkvm")
LINUX = os.path.join(BUILD, "linux")

# The tests that are asked, the likeliest first.
ID_TESTS = ["pkvm_id_regs", "pkvm_traps"]
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_sysreg_sweep", "pkvm_id_regs",
	      "pkvm_timer", "pkvm_injection"]
# What is not listed as a survivor there is mostly a trap too many.
FGT_TESTS = ["pkvm_runs", "pkvm_sysreg_sweep", "pkvm_traps", "pkvm_id_regs",
	     "pkvm_timer", "pkvm_injection"]
ROW_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_sysreg_sweep", "pkvm_id_regs"]

FGT = ("HFGxTR_EL2", "HFGITR_EL2")

# One of each kind, for `make check`. A single boot.
SAMPLE = ["ID_AA64PFR0_EL1.CSV2", "ID_AA64ISAR2_EL1.APA3", "ID_AA64MMFR3_EL1.S1PIE",
	  "HCR_EL2.TSC", "HCR_EL2.TIDCP", "HCRX_EL2.MSCEn", "MDCR_EL2.TPM",
	  "CNTHCTL_EL2(E2H).EL1PTEN", "HFGxTR_EL2.nTPIDR2_EL0", "HFGITR_EL2.DCCVAP",
	  "sysreg.DBGBVRn_EL1(0)", "sysreg.ERRIDR_EL1"]

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


# What each broken table must make EL2 say, besides refusing to initialise.
BOOT_MESSAGES = {
	"check.features": [r"kvm .*trap table, .*ID_AA64PFR0_EL1.EL1.*: missing",
			   r"kvm .*and \d+ more"],
	"check.last-feature": [r"kvm .*trap table, .*ID_AA64MMFR3_EL1.D128: missing",
			       r"kvm .*trap register table, .*: missing"],
	"check.fixed": [r"kvm .*trap register table, .*: missing"],
	"check.sysreg": [r"kvm .*system register table, row 2, S1_0_C7_C10_2: duplicate"],
}

# A host that says nothing for longer than mutant-run lets a test take is lost.
SILENCE = 210


class Mutant:
	"""An error: what kvm.mutant is set to, a name, and the tests to ask."""

	def __init__(self, kind, index, bits, name, tests):
		self.parameter = f"{kind},{index},{bits}"
		self.name = name
		self.tests = tests
		self.killer = None
		self.reason = None
		self.done = False


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
			match = re.match(r"\t(?:ROW|CONSTANT)\(((?:[^,()]|\(\d+\))+),", line)
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
		register, what = name.split(".")
		if register == "check":
			boots.append(Mutant(kind, index, bits, name, []))
			continue
		if kind == "1":
			mutants.append(Mutant(kind, index, bits, name, ID_TESTS))
			continue
		if what.isdigit():
			if register not in names:
				names[register] = bit_names(register)
			what = names[register].get(int(what), what)
		mutants.append(Mutant(kind, index, bits, f"{register}.{what}",
				      FGT_TESTS if register in FGT else TRAP_TESTS))
	for row, name in enumerate(sysreg_rows()):
		if name:
			mutants.append(Mutant(4, row, row, f"sysreg.{name}", ROW_TESTS))
	# DC CSW, in row 2, differs from DC ISW, in row 1, by its CRm.
	boots.append(Mutant(5, 2, hex((10 ^ 6) << 8), "check.sysreg", []))
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


class Host:
	"""One boot, and what it says while it runs."""

	running = set()

	def __init__(self, name, configuration, plan, append=None):
		self.results = os.path.join(BUILD, "results", name)
		env = dict(os.environ, BUILD=BUILD)
		if append:
			env["APPEND"] = append
		self.process = subprocess.Popen(
			[os.path.join(TOOLS, "boot.sh"), "run", name, configuration,
			 os.path.join(BUILD, "kernel/hostile"), os.path.join(BUILD, "selftests"),
			 plan], env=env, start_new_session=True,
			stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		self.running.add(self)

	def stop(self):
		if self.process.poll() is None:
			os.killpg(self.process.pid, signal.SIGKILL)

	def lines(self, file="results.ktap"):
		try:
			with open(os.path.join(self.results, file), errors="replace") as report:
				return report.read().splitlines()
		except FileNotFoundError:
			return []

	def wait(self, silence):
		"""Wait for its end; if it says nothing for so long, put an end to it."""
		size, since = -1, time.monotonic()
		while self.process.poll() is None:
			time.sleep(0.5)
			now = len(self.lines()) + len(self.lines("console.log"))
			if now != size:
				size, since = now, time.monotonic()
			elif time.monotonic() - since > silence:
				self.stop()
		self.running.discard(self)


def take_report(lines, mutants):
	"""Note what became of the mutants. Return whether the host got through."""
	current = test = None
	by_name = {m.name: m for m in mutants}
	for line in lines:
		words = line.strip().removeprefix("# ").split(None, 1)
		if not words:
			continue
		rest = words[1] if len(words) > 1 else ""
		if words[0] == "begin":
			current, test = by_name.get(rest), None
		elif not current:
			continue
		elif words[0] == "test":
			test = rest
		elif words[0] == "killed":
			current.killer, current.done = rest.removeprefix("by "), True
			current = None
		elif words[0] == "survived":
			current.done = True
			current = None
	if current and test:
		current.killer, current.done = f"{test}: the host did not survive", True
	return bool(lines) and lines[-1] == "# complete"


def write_plan(name, mutants):
	"""Write what a host with these mutants has to do. Return the plan's path."""
	work = os.path.join(BUILD, "plans")
	os.makedirs(work, exist_ok=True)
	plan = os.path.join(work, name)
	with open(f"{plan}.list", "w") as file:
		for m in mutants:
			file.write(f"{m.parameter} {m.name} {' '.join(m.tests)}\n")
	with open(plan, "w") as file:
		if mutants:
			file.write(f"86400 mutants {BUILD}/host/mutant-run /tests/list\n")
	with open(f"{plan}.files", "w") as file:
		file.write(f"file /tests/list {plan}.list 644 0 0\n")
		for test in sorted({test for m in mutants for test in m.tests}):
			path = os.path.join(BUILD, "selftests/kvm/aarch64", test)
			file.write(f"file /tests/{test} {path} 755 0 0\n")
	return plan


def run_hosts(name, mutants, configuration):
	"""Run mutants in as many boots as it takes: not every host survives."""
	left = [m for m in mutants if not m.done]
	while left:
		host = Host(name, configuration, write_plan(name, left))
		host.wait(SILENCE)
		complete = take_report(host.lines(), left)
		before = len(left)
		left = [m for m in left if not m.done]
		if left and (complete or len(left) == before):
			raise RuntimeError(f"no host ran {left[0].name}: see {host.results}")


def run_mutants(mutants, configuration):
	"""Run mutants in several hosts side by side."""
	jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
	left = [m for m in mutants if not m.done]
	with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
		runs = [pool.submit(run_hosts, f"mutate-{configuration}-{n}", left[n::jobs],
				    configuration) for n in range(jobs)]
	for run in runs:
		run.result()


def together(name, bits):
	"""Return the mutant that flips several bits of a register at once."""
	kind, index, _ = bits[0].parameter.split(",")
	value = sum(int(m.parameter.split(",")[2], 0) for m in bits)
	return Mutant(kind, index, hex(value), name, bits[0].tests)


def run_bits(mutants, configuration, survivors):
	"""Run those that flip one bit each of a trap register.

	What survives takes all tests, and there are many of those. So bits that are
	expected to survive are first flipped together, and registers that this CPU
	may not have as a whole: if no test notices that, none notices one of them.
	"""
	groups = []
	whole = {m.name[:-2]: m for m in mutants if m.name.endswith(".*")}
	for register, mutant in whole.items():
		bits = [m for m in mutants if m.name.startswith(f"{register}.") and m != mutant]
		listed = [m for m in bits if survivors.reason(m.name, peek=True)]
		if len(listed) == len(bits):
			groups.append((mutant, bits))
		elif len(listed) > 1:
			groups.append((together(f"{register}.listed", listed), listed))
		mutant.done = True
	for mutant, _ in groups:
		mutant.done = False
	run_mutants([mutant for mutant, _ in groups], configuration)
	for mutant, bits in groups:
		for m in bits if not mutant.killer else []:
			m.done = True
	run_mutants(mutants, configuration)


def check_baseline(mutants, configuration):
	"""Without an error, no test may fail, or everything would be noticed."""
	tests = list(dict.fromkeys(test for m in mutants for test in m.tests))
	none = Mutant(0, 0, 0, "none", tests)
	run_mutants([none], configuration)
	if none.killer:
		sys.exit(f"without any error, there fails {none.killer}")


def check_boot(mutant, configuration):
	"""EL2 must refuse to initialise. Return what is missing, or None."""
	name = f"mutate-{mutant.name}"
	host = Host(name, configuration, write_plan(name, []), f"kvm.mutant={mutant.parameter}")
	host.wait(SILENCE)
	console = host.lines("console.log")
	for wanted in BOOT_MESSAGES[mutant.name]:
		if not any(re.search(wanted, line) for line in console):
			return f"the console does not say '{wanted}'"
	if any("initialized successfully" in line for line in console):
		return "EL2 initialises"
	if not any("Power down" in line for line in console):
		return "the host does not get through"
	return None


class Tap:
	"""A report in TAP."""

	def __init__(self, plan):
		self.number = self.failed = 0
		print(f"TAP version 13\n1..{plan}", flush=True)

	def case(self, good, text):
		self.number += 1
		self.failed += not good
		print(f"{'ok' if good else 'not ok'} {self.number} {text}", flush=True)


def stop_all(signum, _):
	for host in list(Host.running):
		host.stop()
	os._exit(128 + signum)


def main():
	signal.signal(signal.SIGTERM, stop_all)
	signal.signal(signal.SIGINT, stop_all)
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--configuration", required=True)
	parser.add_argument("--sample", action="store_true", help="a dozen of them")
	parser.add_argument("--match", default="*", help="only these (a shell pattern)")
	parser.add_argument("--list", action="store_true", help="print names, run nothing")
	args = parser.parse_args()

	mutants, boots = all_mutants()
	everything = args.match == "*" and not args.sample
	if args.sample:
		mutants = [m for m in mutants if m.name in SAMPLE]
		if len(mutants) != len(SAMPLE):
			sys.exit("the sample names what is not there")
	mutants = [m for m in mutants if matches(m.name, args.match)]
	boots = [m for m in boots if matches(m.name, args.match)]
	if args.list:
		print("\n".join(f"{m.parameter} {m.name}" for m in mutants + boots))
		return 0

	survivors = Survivors(os.path.join(TOOLS, "survivors"), args.configuration)
	try:
		if mutants:
			check_baseline(mutants, args.configuration)
			run_bits(mutants, args.configuration, survivors)
	except RuntimeError as error:
		sys.exit(str(error))
	mutants = [m for m in mutants if not m.name.endswith(".*")]
	stale = [m for m in mutants if not m.killer]
	for m in stale:
		m.reason = survivors.reason(m.name)
	unused = [row for row in survivors.rows if not row[2]] if everything else []

	tap = Tap(len(boots) + len(mutants) + len(unused))
	for m in boots:
		missing = check_boot(m, args.configuration)
		tap.case(not missing, f"{m.name}: {missing or 'EL2 names it and does not initialise'}")
	for m in mutants:
		if m.killer:
			tap.case(True, f"{m.name}: {m.killer}")
		else:
			tap.case(m.reason, f"{m.name} survives: {m.reason or 'nobody knows why'}")
	for pattern, _, _, number in unused:
		tap.case(False, f"survivors:{number}: {pattern}: no such mutant survives")
	return 1 if tap.failed else 0


if __name__ == "__main__":
	sys.exit(main())
