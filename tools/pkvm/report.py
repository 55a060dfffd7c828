#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say what a run of tests in the host came to.

usage: report.py [--expect FILE] [--tally FILE] [--native] RESULTS

The RESULTS directory is what `boot.sh run` leaves, or with --native a report of
a program that ran on this machine. Prints one line a test and
fails if anything went wrong. The parser of KTAP is the kernel's own
(tools/testing/kunit/kunit_parser.py).

A check that cannot run has failed. Besides a failing test these fail a run:
no report or a truncated one, a test that ran no case, a skip that nobody
expects, a host that did not become what its configuration promises, did not
power off, or printed a panic, a warning, a lockdep or RCU splat.
"""

import argparse
import io
import os
import re
import sys

SPLATS = re.compile(
	r"Kernel panic|hyp panic|\bOops\b|BUG:|WARNING:|Unable to handle|Call trace:"
	r"|Internal error|INFO: (?:task|rcu|possible|lockdep|trying)|rcu: INFO"
	r"|KASAN|UBSAN|suspicious RCU usage|possible recursive locking"
	r"|possible circular locking|lockdep is turned off|scheduling while atomic"
	r"|soft lockup|hung_task|stack-protector|Bad mode|SError Interrupt"
	r"|unexpected EL2 exception|Failed to finalize Hyp protection"
	r"|Failed to reserve hyp memory|Error initializing .*Hyp|stalls? on CPU"
	r"|Memory corruption|list_(?:add|del) corruption|nobody cared")
# What the patterns above match in a line that tells of no fault.
HARMLESS = re.compile(r"KernelAddressSanitizer initialized|kasan: |UBSAN: .*enabled")

# Where kunit_parser.py is.
KUNIT = os.environ.get("KUNIT") or os.path.join(
	os.environ.get("BUILD") or os.path.join(os.path.dirname(__file__), "../../build"),
	"linux/tools/testing/kunit")


def read(path):
	"""Return the lines of a file, none if there is no such file."""
	try:
		with open(path, errors="replace") as file:
			return file.read().splitlines()
	except FileNotFoundError:
		return []


class Expectations:
	"""What is known to fail or skip, and why.

	A line is `TEST CONFIGURATION OUTCOME REASON`; CONFIGURATION may be *. OUTCOME is
	fail, skip, norun, or fixed: it fails on the base, and must not with the series.
	"""

	def __init__(self, path):
		self.rows = []
		for number, line in enumerate(read(path) if path else [], 1):
			words = line.split(None, 3)
			if not words or words[0].startswith("#"):
				continue
			if len(words) < 4 or words[2] not in ("fail", "skip", "norun", "fixed"):
				sys.exit(f"{path}:{number}: not 'TEST CONFIGURATION "
					 f"fail|skip|norun|fixed REASON': {line}")
			self.rows.append(words)

	def find(self, test, configuration):
		for name, where, outcome, reason in self.rows:
			if name in ("*", test) and where in ("*", configuration):
				return outcome, reason
		return None, None


class Report:
	"""Print results, and count them."""

	def __init__(self):
		self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
		self.color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

	def line(self, word, name, detail, seconds):
		self.counts[word] += 1
		time = f"{seconds:7.1f}s" if seconds is not None else ""
		if self.color:
			word = f"\033[{ {'PASS': 32, 'FAIL': 31, 'SKIP': 33}[word]}m{word}\033[0m"
		print(f"{word}  {name:<27} {detail:<44} {time}".rstrip())


RESULT = re.compile(r"^(\s*(?:not )?ok \d+) (?:# (SKIP|XFAIL) )?(.*?)( # (?:SKIP|XFAIL).*)?$")


def result_for_parser(line):
	"""Rewrite a result as the parser of KTAP wants it.

	kselftest.h writes "ok 1 # SKIP name", where KTAP has "ok 1 name # SKIP",
	and a name like "smc #0" must not look like the start of a directive.
	"""
	match = RESULT.match(line)
	if not match:
		return line
	start, word, name, directive = match.groups()
	directive = f" # {word}" if word else directive or ""
	return f"{start} {name.replace('#', '')}{directive}"


def parse(lines):
	"""Parse a KTAP report; return the top of its tests and the status type."""
	sys.path.insert(0, KUNIT)
	import kunit_parser
	import kunit_printer

	# The parser talks while it works. Only what it finds matters here.
	printer = kunit_printer.Printer(output=io.StringIO())
	top = kunit_parser.parse_run_tests(map(result_for_parser, lines), printer)
	return top, kunit_parser.TestStatus


def cases_of(test, status):
	"""Return (passed, skipped, total, name of the first that failed)."""
	passed = sum(t.status == status.SUCCESS for t in test.subtests)
	skipped = sum(t.status == status.SKIPPED for t in test.subtests)
	bad = next((t.name for t in test.subtests
		    if t.status not in (status.SUCCESS, status.SKIPPED)), None)
	return passed, skipped, len(test.subtests), bad


def diagnostic(test, key):
	"""Return the value of the last diagnostic line `# key: value`."""
	for line in reversed(test.log):
		match = re.match(rf"\s*# {key}: (.*)$", line)
		if match:
			return match.group(1)
	return None


def first_splat(lines):
	"""Return the first line that tells of a fault in a kernel, or None."""
	splat = next((line for line in lines
		      if SPLATS.search(line) and not HARMLESS.search(line)), None)
	return splat and re.sub(r"^\[\s*[\d.]+\]\s*", "", splat).strip()


def guest_splat(test):
	"""Return what the console of a real guest tells of a fault, or None."""
	logs = [test.log] + [case.log for case in test.subtests]
	matches = (re.match(r"\s*# console: (.*)$", line) for log in logs for line in log)
	return first_splat(match.group(1) for match in matches if match)


def judge(test, status, configuration, expectations):
	"""Return (word, detail) for one test."""
	passed, skipped, total, bad = cases_of(test, status)
	outcome = diagnostic(test, "outcome") or "no outcome reported"
	expected, reason = expectations.find(test.name, configuration)
	count = f"{passed}/{total - skipped}" if total else ""
	if skipped:
		count += f", {skipped} skipped"

	if test.status == status.SKIPPED:
		if expected == "skip":
			return "SKIP", f"expected: {reason}"
		return "FAIL", "skipped, which nothing here expects"

	splat = guest_splat(test)
	if splat:
		return "FAIL", f"{count}  in the guest: {splat}"

	good = test.status == status.SUCCESS and not bad and not test.counts.errors
	if good and total and not passed:
		if expected == "skip":
			return "SKIP", f"expected: {reason}"
		return "FAIL", f"every one of its {total} cases was skipped"
	if good and expected == "fail":
		return "PASS", f"{count} although the base fails".strip()
	if good:
		return "PASS", count
	if expected == "fail":
		return "SKIP", f"the base fails too: {reason}"

	detail = bad or outcome
	if test.counts.errors and test.status == status.SUCCESS:
		detail = bad or "its report is broken or truncated"
	return "FAIL", f"{count}  {detail}".strip()


def judge_baseline(test, status, configuration, expectations):
	"""Return (word, detail) for one test on the unpatched base."""
	expected, _ = expectations.find(test.name, configuration)
	outcome = diagnostic(test, "outcome")
	if test.name.startswith("pkvm_"):
		word, detail = judge(test, status, configuration, expectations)
		return ("PASS", detail) if word == "PASS" else ("SKIP", f"on the base: {detail}")
	if expected == "fixed":
		expected = "fail"
	passed, _, total, _ = cases_of(test, status)
	if test.status == status.SKIPPED:
		found = "skip"
	elif test.status == status.SUCCESS and not test.counts.errors:
		found = "skip" if total and not passed else None
	else:
		found = "fail"
	if found == expected:
		return "PASS", f"{found or 'pass'}, as expected"
	return "FAIL", f"{found or 'pass'} ({outcome}), not {expected or 'pass'}"


def log_of(results, test):
	"""Write what a test printed to a file of its own; return its path."""
	path = os.path.join(results, f"{test.name}.log")
	with open(path, "w") as file:
		for line in test.log:
			file.write(re.sub(r"^\s*# ?", "", line) + "\n")
		for case in test.subtests:
			for line in case.log:
				file.write(re.sub(r"^\s*# ?", "", line) + "\n")
			file.write(f"{case.status.name.lower()}: {case.name}\n")
	return path


def judge_host(results, promise, complete):
	"""Return what is wrong with the host itself, or None."""
	console = read(os.path.join(results, "console.log"))
	failed = read(os.path.join(results, "qemu.failed"))
	splat = first_splat(console)
	if splat:
		return splat
	if failed:
		return failed[0]
	if not console:
		return "nothing on the console"
	if promise and not any(promise in line for line in console):
		return f"the host never said '{promise}'"
	if not any("reboot: Power down" in line for line in console):
		return "the host did not power off"
	if not complete:
		return "the report ends before the plan does"
	return None


def report_run(results, args, expectations, report):
	"""Report on one boot of a host."""
	name = os.path.basename(os.path.normpath(results))
	configuration = (read(os.path.join(results, "configuration")) or [name])[0]
	promise = (read(os.path.join(results, "promise")) or [""])[0]
	choices = (read(os.path.join(results, "choices")) or [f"CPU={configuration}"])[0]

	lines = read(os.path.join(results, "results.ktap"))
	complete = bool(lines) and lines[-1] == "# complete"
	top, status = parse(lines)

	trouble = None if args.native else judge_host(results, promise, complete)
	console = os.path.relpath(os.path.join(results, "console.log"))
	if trouble:
		report.line("FAIL", f"host {configuration}", trouble, None)
		print(f"      log: {console}   again: make check {choices}")
	elif not args.native:
		report.line("PASS", f"host {configuration}", promise.split(" init")[0], None)

	for test in top.subtests:
		word, detail = (judge_baseline if args.baseline else judge)(
			test, status, configuration, expectations)
		seconds = diagnostic(test, "seconds")
		report.line(word, test.name, detail, float(seconds) if seconds else None)
		path = os.path.relpath(log_of(results, test))
		if word == "FAIL":
			where = "" if args.native else f" {choices}"
			print(f"      log: {path}   again: make check T={test.name}{where}")

	if args.native and not complete:
		report.line("FAIL", name, "no report", None)
	planned = [line.split()[1] for line in read(os.path.join(results, "plan"))
		   if line and not line.startswith("#")]
	for missing in set(planned) - {test.name for test in top.subtests}:
		report.line("FAIL", missing, "in the plan, but not in the report", None)


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--expect", help="what is known to fail or skip")
	parser.add_argument("--tally", help="append the three counts to this file")
	parser.add_argument("--native", action="store_true",
			    help="the results are not of a host in QEMU")
	parser.add_argument("--baseline", action="store_true",
			    help="the results are of the unpatched base")
	parser.add_argument("results")
	args = parser.parse_args()

	report = Report()
	report_run(args.results, args, Expectations(args.expect), report)
	if args.tally:
		with open(args.tally, "a") as file:
			file.write(" ".join(map(str, report.counts.values())) + "\n")
	return 1 if report.counts["FAIL"] else 0


if __name__ == "__main__":
	sys.exit(main())
