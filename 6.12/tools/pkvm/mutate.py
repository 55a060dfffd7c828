#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show that the tests notice an error in any row of the tables.

usage: mutate.py --configuration NAME [--sample | --match PATTERN]

An error is put into what EL2 takes from its tables: a field of an ID register
reads differently, a trap bit is flipped, a row of the table of system registers
is missing. Then tests run until a case fails, which the report names. What no
test notices survives, and has to be in the list of survivors with the reason; a
line there that explains nothing has to go.

Errors that are expected to survive are made at once, and so is one for each ID
register, see run_all(). All others come one at a time.

The kernel is that of FLAVOUR=hostile. The report is TAP.
"""

import argparse
import concurrent.futures
import os
import queue
import re
import signal
import subprocess
import sys
import time

# Nothing is to be left beside the program.
sys.dont_write_bytecode = True

from mutants import (BUILD, FGT, ID_FIELD, ID_TESTS, TOOLS, TRAP_TESTS, Mutant, Survivors,
		     all_mutants, matches, together)

# One of each kind, for `make check`. A single boot.
SAMPLE = ["ID_AA64PFR0_EL1.CSV2", "ID_AA64ISAR2_EL1.APA3", "ID_AA64MMFR3_EL1.S1PIE",
	  "HCR_EL2.TSC", "HCR_EL2.TIDCP", "HCRX_EL2.MSCEn", "MDCR_EL2.TPM",
	  "CNTHCTL_EL2(E2H).EL1PTEN", "HFGxTR_EL2.nTPIDR2_EL0", "HFGITR_EL2.DCCVAP",
	  "sysreg.DBGBVRn_EL1(0)", "sysreg.ERRIDR_EL1"]

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
SILENCE = 150


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

	def wait(self, silence, last=None):
		"""Wait for its end, or for @last on the console.

		If it says nothing for so long, put an end to it and return True.
		"""
		size, since, silent = -1, time.monotonic(), False
		while self.process.poll() is None:
			time.sleep(0.5)
			now = len(self.lines()) + len(self.lines("console.log"))
			if now != size:
				size, since = now, time.monotonic()
			elif time.monotonic() - since > silence:
				silent = True
				self.stop()
			if last and any(last in line for line in self.lines("console.log")):
				self.stop()
		self.running.discard(self)
		return silent


def take_report(lines, mutants, silent):
	"""Note what became of the mutants. Return whether the host got through.

	A host that falls silent may be one that gets no time on a busy machine: only
	the second one counts.
	"""
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
	if current and test and silent and not current.suspect:
		current.suspect = True
	elif current and test:
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
		silent = host.wait(SILENCE)
		suspects = sum(m.suspect for m in left)
		complete = take_report(host.lines(), left, silent)
		stuck = not any(m.done for m in left) and sum(m.suspect for m in left) == suspects
		left = [m for m in left if not m.done]
		if left and (complete or stuck):
			raise RuntimeError(f"no host ran {left[0].name}: see {host.results}")


def run_mutants(mutants, configuration):
	"""Run mutants in several hosts side by side.

	Some take a second, and some a minute, because the guest hangs. So a host gets
	a few, and the next host those after them.
	"""
	jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
	left = [m for m in mutants if not m.done]
	parts = max(jobs, len(left) // 15)
	slots = queue.SimpleQueue()
	for n in range(jobs):
		slots.put(n)

	def run(part):
		slot = slots.get()
		try:
			run_hosts(f"mutate-{configuration}-{slot}", part, configuration)
		finally:
			slots.put(slot)

	with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
		list(pool.map(run, [left[n::parts] for n in range(parts)]))


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
	# After a refusal, the machine does not always go off when it is told to.
	host.wait(SILENCE, "reboot: Power down")
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
