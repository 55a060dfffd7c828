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
sys.path.insert(0, os.path.join(
	os.environ.get("BUILD") or os.path.join(os.path.dirname(__file__), "../../build"),
	"linux/tools/testing/kunit"))
from kunit_parser import TestStatus, parse_run_tests
from kunit_printer import Printer

COUNTS = {"PASS": 0, "FAIL": 0, "SKIP": 0}
COLORS = {"PASS": 32, "FAIL": 31, "SKIP": 33}


def read(path):
	"""Return the lines of a file, none if there is no such file."""
	try:
		with open(path, errors="replace") as file:
			return file.read().splitlines()
	except FileNotFoundError:
		return []


def expectations(path):
	"""Return the rows of what is known to fail on the base or to skip, and why.

	A line is `TEST CONFIGURATION OUTCOME REASON`; CONFIGURATION may be * or a flavour of
	the kernel. OUTCOME is skip, norun, or fixed: it fails on the base, and must not with
	the series.
	"""
	rows = []
	for number, line in enumerate(read(path) if path else [], 1):
		words = line.split(None, 3)
		if not words or words[0].startswith("#"):
			continue
		if len(words) < 4 or words[2] not in ("skip", "norun", "fixed"):
			sys.exit(f"{path}:{number}: not 'TEST CONFIGURATION "
				 f"skip|norun|fixed REASON': {line}")
		rows.append(words)
	return rows


def report(word, name, detail, seconds=None):
	"""Print a result, and count it."""
	COUNTS[word] += 1
	time = f"{float(seconds):7.1f}s" if seconds else ""
	if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
		word = f"\033[{COLORS[word]}m{word}\033[0m"
	print(f"{word}  {name:<27} {detail:<44} {time}".rstrip())


def result_for_parser(line):
	"""A name like "smc #0" must not look like the start of a directive."""
	if re.match(r"\s*(not )?ok \d", line):
		return re.sub(r"#(?! SKIP| XFAIL)", "", line)
	return line


def diagnostic(test, key):
	"""Return the value of the last diagnostic line `# key: value`."""
	found = [re.match(rf"\s*# {key}: (.*)$", line) for line in test.log]
	return next((match.group(1) for match in reversed(found) if match), None)


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


def judge(test, expected, reason, baseline):
	"""Return (word, detail) for one test."""
	passed = sum(t.status == TestStatus.SUCCESS for t in test.subtests)
	skipped = sum(t.status == TestStatus.SKIPPED for t in test.subtests)
	total = len(test.subtests)
	bad = next((t.name for t in test.subtests
		    if t.status not in (TestStatus.SUCCESS, TestStatus.SKIPPED)), None)
	count = f"{passed}/{total - skipped}" if total else ""
	if skipped:
		count += f", {skipped} skipped"
	splat = guest_splat(test)

	outcome, detail = "fail", bad or diagnostic(test, "outcome") or "no outcome reported"
	if test.status == TestStatus.SKIPPED:
		outcome, detail = "skip", "skipped, which nothing here expects"
	elif splat:
		detail = f"in the guest: {splat}"
	elif test.status == TestStatus.SUCCESS and test.counts.errors:
		detail = bad or "its report is broken or truncated"
	elif test.status == TestStatus.SUCCESS and not bad:
		outcome, detail = "pass", ""
		if total and not passed:
			outcome, detail = "skip", f"every one of its {total} cases was skipped"

	if baseline and not test.name.startswith("pkvm_"):
		expected = "fail" if expected == "fixed" else expected or "pass"
		if outcome == expected:
			return "PASS", f"{outcome}, as expected"
		return "FAIL", f"{outcome} ({diagnostic(test, 'outcome')}), not {expected}"
	if outcome == "pass":
		return "PASS", count
	if baseline:
		return "SKIP", f"on the base: {count}  {detail}"
	if outcome == "skip" and expected == "skip":
		return "SKIP", f"expected: {reason}"
	return "FAIL", detail if outcome == "skip" else f"{count}  {detail}".strip()


def log_of(results, test):
	"""Write what a test printed to a file of its own; return its path."""
	path = os.path.join(results, f"{test.name}.log")
	lines = [*test.log]
	for case in test.subtests:
		lines += [*case.log, f"{case.status.name.lower()}: {case.name or case.skip_reason}"]
	with open(path, "w") as file:
		file.writelines(re.sub(r"^\s*# ?", "", line) + "\n" for line in lines)
	return os.path.relpath(path)


def judge_host(results, promise, complete):
	"""Return what is wrong with the host itself, or None."""
	console = read(os.path.join(results, "console.log"))
	failed = read(os.path.join(results, "qemu.failed"))
	troubles = [(first_splat(console), first_splat(console)),
		    (failed, "".join(failed[:1])),
		    (not console, "nothing on the console"),
		    (not any(promise in line for line in console), f"the host never said '{promise}'"),
		    (not any("reboot: Power down" in line for line in console),
		     "the host did not power off"),
		    (not complete, "the report ends before the plan does")]
	return next((words for bad, words in troubles if bad), None)


def report_run(results, args):
	"""Report on one boot of a host, or on a program that ran on this machine."""
	def of_run(name, default=""):
		return (read(os.path.join(results, name)) or [default])[0]

	name = os.path.basename(os.path.normpath(results))
	configuration, promise = of_run("configuration", name), of_run("promise")
	choices = of_run("choices", f"CPU={configuration}")
	lines = read(os.path.join(results, "results.ktap"))
	complete = bool(lines) and lines[-1] == "# complete"
	# The parser talks while it works. Only what it finds matters here.
	top = parse_run_tests(map(result_for_parser, lines), Printer(output=io.StringIO()))

	trouble = None if args.native else judge_host(results, promise, complete)
	if trouble:
		report("FAIL", f"host {configuration}", trouble)
		console = os.path.relpath(os.path.join(results, "console.log"))
		print(f"      log: {console}   again: make check {choices}")
	elif not args.native:
		report("PASS", f"host {configuration}", promise.split(" init")[0])
	elif not complete:
		report("FAIL", name, "no report")

	rows = expectations(args.expect)
	places = {"*", configuration, *re.findall(r"FLAVOUR=(\S+)", choices)}
	for test in top.subtests:
		expected, reason = next((row[2:] for row in rows if row[0] in ("*", test.name) and
					 row[1] in places), (None, None))
		word, detail = judge(test, expected, reason, args.baseline)
		report(word, test.name, detail, diagnostic(test, "seconds"))
		path = log_of(results, test)
		if word == "FAIL":
			where = "" if args.native else f" {choices}"
			print(f"      log: {path}   again: make check T={test.name}{where}")
	planned = {line.split()[1] for line in read(os.path.join(results, "plan"))}
	for missing in planned - {test.name for test in top.subtests}:
		report("FAIL", missing, "in the plan, but not in the report")


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--expect", help="what is known to fail on the base or to skip")
	parser.add_argument("--tally", help="append the three counts to this file")
	parser.add_argument("--native", action="store_true",
			    help="the results are not of a host in QEMU")
	parser.add_argument("--baseline", action="store_true",
			    help="the results are of the unpatched base")
	parser.add_argument("results")
	args = parser.parse_args()

	report_run(args.results, args)
	if args.tally:
		with open(args.tally, "a") as file:
			file.write(" ".join(map(str, COUNTS.values())) + "\n")
	return 1 if COUNTS["FAIL"] else 0


if __name__ == "__main__":
	sys.exit(main())
