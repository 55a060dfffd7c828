#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which lines that the series adds to EL2 do the tests not reach?

usage: coverage.py	with CPU=NAME from the environment, for a configuration beside max

The tests run on the debug kernel, whose debug information tells lines. QEMU says which
instructions it translates; those at the addresses of EL2 were reached. A line that no
test reaches on max has to be in the list `unreached` with the reason; a line there that
stands for nothing has to go.
"""

import collections
import fnmatch
import os
import re
import subprocess
import sys
import threading

from mutate import BUILD, LINUX, TOOLS, output, symbols

KERNEL = os.path.join(BUILD, "kernel/debug")
VMLINUX = os.path.join(KERNEL, "vmlinux")
TRACE = os.path.join(BUILD, "results/trace")
CROSS = "aarch64-linux-gnu-"

# QEMU's virt machine has the image there, counted from the start of its memory. EL2
# sees memory at an address of which these bits are the same.
IMAGE, SAME_BITS = 0x200000, 31


def watch(path, seen):
	"""Note the addresses in QEMU's log, a pipe, until QEMU ends."""
	with open(path, encoding="ascii", errors="replace") as log:
		for line in log:
			if line.startswith("0x"):
				seen.add(int(line[:line.index(":")], 16))


def test(configurations):
	"""Run the tests. Return all addresses that were translated, and whether tests fail."""
	os.makedirs(TRACE, exist_ok=True)
	seen, watchers = set(), []
	for name in configurations:
		pipe = os.path.join(TRACE, name)
		if os.path.exists(pipe):
			os.unlink(pipe)
		os.mkfifo(pipe)
		watchers.append(threading.Thread(target=watch, args=(pipe, seen), daemon=True))
		watchers[-1].start()
	failed = subprocess.run([os.path.join(TOOLS, "check.sh")], check=False,
				env={**os.environ, "FLAVOUR": "debug", "TRACE": TRACE,
				     "CPU": " ".join(configurations)}).returncode
	for name, watcher in zip(configurations, watchers):
		try:
			# A QEMU that never came leaves its watcher waiting for a writer.
			os.close(os.open(os.path.join(TRACE, name), os.O_WRONLY | os.O_NONBLOCK))
		except OSError:
			pass
		watcher.join()
	return seen, failed


def lines_of(addresses):
	"""Return for each address the lines that it belongs to, as (file, line)."""
	out = output(CROSS + "addr2line", "-a", "-i", "-e", VMLINUX,
		     input="".join(f"{at:#x}\n" for at in addresses))
	lines, at = collections.defaultdict(set), None
	for line in out.splitlines():
		if line.startswith("0x"):
			at = int(line, 16)
		elif found := re.search(r"/linux/(\S+):(\d+)", line):
			lines[at].add((os.path.normpath(found[1]), int(found[2])))
	return lines


def added():
	"""Return the lines that the series adds to arch/, as {(file, line): text}."""
	lines = {}
	diff = output("git", "-C", LINUX, "diff", "-U0", "refs/pkvm/base", "--", "arch")
	for line in diff.splitlines():
		if line.startswith("+++ "):
			name = line[6:]
		elif found := re.match(r"@@ -\S+ \+(\d+)", line):
			number = int(found[1])
		elif line.startswith("+"):
			lines[name, number] = line[1:].strip()
			number += 1
	return lines


def main():
	"""Test, and report."""
	seen, failed = test((os.environ.get("CPU") or "max").split())
	symbol = symbols(KERNEL)
	first, last = symbol["__hyp_text_start"], symbol["__hyp_text_end"]
	spaces = collections.defaultdict(set)
	for at in seen:
		link = (at & ((1 << SAME_BITS) - 1)) - IMAGE + symbol["_text"]
		if first <= link < last:
			spaces[at >> SAME_BITS].add(link)
	# Each host has EL2 elsewhere; user space has few of these addresses.
	reached_at = set().union(*(space for space in spaces.values() if len(space) > 1000))
	lines = lines_of(range(first, last, 4))
	code = set().union(*lines.values())
	reached = set().union(*(lines[at] for at in reached_at))
	new = added()
	mine = sorted(line for line in code if line in new)
	missing = [line for line in mine if line not in reached]
	with open(os.path.join(TOOLS, "unreached"), encoding="ascii") as file:
		reasons = [line.rstrip("\n").split("\t") for line in file if line[0] not in "#\n"]
	used, bad = set(), 0
	for name, number in missing:
		text = new[name, number]
		reason = next((r for r in reasons if name.endswith(r[0]) and
			       fnmatch.fnmatchcase(text, r[1])), None)
		if reason:
			used.add(tuple(reason))
		bad += not reason
		print(f"{name}:{number}: {text}\n\t{reason[2] if reason else 'NO REASON'}")
	for reason in reasons:
		if tuple(reason) not in used:
			print(f"unreached: {reason[0]} {reason[1]}: explains nothing")
			bad += 1
	print(f"{len(mine) - len(missing)} of {len(mine)} lines of EL2 reached, "
	      f"{len(missing)} not, {bad} mistakes")
	return bool(bad or failed)


if __name__ == "__main__":
	sys.exit(main())
