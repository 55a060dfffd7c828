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
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_irq", "pkvm_timer", "pkvm_id_regs",
	      "pkvm_injection", "pkvm_sysreg_sweep"]
# What is not listed as a survivor there is mostly a trap too many.
FGT_TESTS = ["pkvm_runs", "pkvm_traps", "pkvm_irq", "pkvm_timer", "pkvm_id_regs",
	     "pkvm_injection", "pkvm_sysreg_sweep"]

# The kind of a mutant that is a field of an ID register.
ID_FIELD = 1

FGT = ("HFGxTR_EL2", "HFGITR_EL2", "HDFGxTR_EL2", "HAFGRTR_EL2", "HFGxTR2_EL2",
       "HFGITR2_EL2", "HDFGxTR2_EL2")

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
SILENCE = 100


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
			current.killer = current.killer or rest.removeprefix("by ")
			current.killers.append(rest.removeprefix("by "))
		elif words[0] == "done":
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
			file.write(f"{m.parameter()} {m.name} {' '.join(m.tests)}\n")
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


def id_rounds(mutants):
	"""Return (mutant, its parts) for fields that are flipped together.

	There is one field of each register in a round, and pkvm_id_regs has a case
	for each register.
	"""
	fields = {}
	for m in mutants:
		if m.flips[0][0] == ID_FIELD:
			fields.setdefault(m.register, []).append(m)
	rounds = []
	for n in range(max(map(len, fields.values()), default=0)):
		parts = [f[n] for f in fields.values() if n < len(f)]
		rounds.append((together(f"+fields.{n}", parts, ID_TESTS[:1]), parts))
	return rounds


def take_round(mutant, parts):
	"""See which fields of a round were noticed, each by its own register's case.

	If another register is not what it should be, nothing follows from it.
	"""
	registers = {m.register: m for m in parts}
	cases = [(case, case.split()[-1]) for case in mutant.killers if ": S3_0_C0_" in case]
	if any(register not in registers for _, register in cases):
		return
	for case, register in cases:
		registers[register].killer, registers[register].done = case, True


def back_each_other(a, b):
	"""Whether one survives because of the other, as its reason says."""
	return (re.search(rf"\b{a.bit}\b", b.expected) or
		re.search(rf"\b{b.bit}\b", a.expected))


def expected_groups(mutants, survivors):
	"""Return (mutant, its parts) for what is expected to survive.

	What traps twice must not lose both traps at once: so there are those of
	fine-grained traps, those of other registers, and rows of the table.
	"""
	groups = []
	for m in mutants:
		m.expected = survivors.reason(m.name, peek=True)
		if not m.expected:
			continue
		where = "FGT" if m.register in FGT else "table" if m.register == "sysreg" else "other"
		for name, parts in groups:
			if name == where and not any(back_each_other(m, other) for other in parts):
				parts.append(m)
				break
		else:
			groups.append((where, [m]))
	return [(together(f"{name}.{n}", parts, TRAP_TESTS), parts)
		for n, (name, parts) in enumerate(groups)]


def halves(mutant, parts):
	"""Return the two halves of a group, as far as they are more than one."""
	middle = len(parts) // 2
	return [(together(f"{mutant.name}.{n}", half, mutant.tests), half)
		for n, half in enumerate((parts[:middle], parts[middle:])) if len(half) > 1]


def run_all(mutants, configuration, survivors):
	"""Find out which mutants are noticed, and by what.

	What survives takes all tests, and there are many of those. So what is expected
	to survive is done at once: if no test notices that, none notices one of it. A
	group that is noticed is divided, down to those that are. Fields of different
	ID registers are done at once, too, but the case that notices is that of the
	register.

	Without an error, no test may fail, or everything would be noticed.
	"""
	none = Mutant("none", list(dict.fromkeys(test for m in mutants for test in m.tests)),
		      (0, 0, 0))
	groups = expected_groups(mutants, survivors)
	rounds = id_rounds(mutants)
	run_mutants([none] + [m for m, _ in groups + rounds], configuration)
	if none.killer:
		sys.exit(f"without any error, there fails {none.killer}")
	for mutant, parts in rounds:
		take_round(mutant, parts)
	while groups:
		for mutant, parts in groups:
			for m in parts if not mutant.killer else []:
				m.done = True
		groups = [half for mutant, parts in groups if mutant.killer
			  for half in halves(mutant, parts)]
		run_mutants([mutant for mutant, _ in groups], configuration)
	run_mutants(mutants, configuration)


def check_boot(mutant, configuration):
	"""EL2 must refuse to initialise. Return what is missing, or None."""
	name = f"mutate-{mutant.name}"
	host = Host(name, configuration, write_plan(name, []), f"kvm.mutant={mutant.parameter()}")
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
		print("\n".join(f"{m.parameter()} {m.name}" for m in mutants + boots))
		return 0

	survivors = Survivors(os.path.join(TOOLS, "survivors"), args.configuration)
	try:
		if mutants:
			run_all(mutants, args.configuration, survivors)
	except RuntimeError as error:
		sys.exit(str(error))
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
