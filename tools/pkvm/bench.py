#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What exits cost, in instructions: the base and the series side by side.

usage: bench.py          the table; CPU= is one configuration, UPDATE=1 writes the reference
       bench.py check    the series on two configurations against the reference, in KTAP
       bench.py guest    what a boot of Debian's kernel costs its VMM; needs `make demo`

The program is the selftest exit_perf_test. Under QEMU's -icount a nanosecond of the
guest's counter is one instruction, and one start of a machine is like the other.
So the CPU time of a VMM counts the instructions of its process, of the guest, and of
the host and EL2 on their behalf.
The reference holds for the compiler and the QEMU that it names.
"""

import json
import os
import re
import sys
from pathlib import Path

from mutate import BUILD, TOOLS, compiled, output

REFERENCE = os.path.join(TOOLS, "bench-reference.json")
KERNELS = {"base": f"{BUILD}/kernel/base", "series": f"{BUILD}/kernel/release"}
TOLERANCE = 0.02
FOREVER = 10 ** 6


def shell(command, **env):
	"""Run a command that may use the harness's functions; return its output."""
	sources = f". {TOOLS}/lib.sh; . {TOOLS}/machine.sh; "
	return output("bash", "-c", sources + command, env={**os.environ, **env})


def boot(name, kernel, configuration, lines, seconds=900):
	"""Boot a host that runs the lines of a plan; return its report."""
	os.makedirs(f"{BUILD}/plans", exist_ok=True)
	with open(f"{BUILD}/plans/{name}", "w") as plan:
		plan.writelines(f"{seconds} {line}\n" for line in lines)
	# Both kernels get the revision of the CPU on which the base boots.
	shell(f'"$tools/boot.sh" run {name} {configuration} {KERNELS[kernel]} '
	      f'"$build/selftests" "$build/plans/{name}"',
	      ICOUNT="1", BASE="1", LIMIT="1500", APPEND="nokaslr")
	return Path(f"{BUILD}/results/{name}/results.ktap").read_text()


def measure(kernel, configuration):
	"""Boot a host that runs the benchmark; return what it says, by name."""
	name = f"bench-{kernel}-{configuration}"
	report = boot(name, kernel, configuration, ["exit_perf_test arm64/exit_perf_test"])
	console = Path(f"{BUILD}/results/{name}/console.log").read_text(errors="replace")
	init = re.search(r"\[ *([\d.]+)\] Run /init", console)
	costs = {f"{kind} {op}": float(cost) for kind, op, cost in
		 re.findall(r"# cost (\S+) (\S+) (\S+)", report)}
	if "\nok 1 exit_perf_test" not in report or not init or not costs:
		sys.exit(f"bench: no result, see {BUILD}/results/{name}")
	costs["host boot"] = float(init[1]) * 1e9
	return costs


def sizes(kernel):
	"""Return the bytes of EL2's sections, of a VM and of a vCPU."""
	out = KERNELS[kernel]
	lines = shell(f"aarch64-linux-gnu-size -A {out}/arch/arm64/kvm/hyp/nvhe/kvm_nvhe.o").splitlines()
	found = {w[0]: int(w[1]) for w in map(str.split, lines) if w and w[0].startswith(".hyp.")}
	return found | compiled({"struct of a VM": "sizeof(struct pkvm_hyp_vm)",
				 "struct of a vCPU": "sizeof(struct pkvm_hyp_vcpu)"}, out)


def conditions():
	config = Path(f"{KERNELS['series']}/.config").read_text()
	compiler = re.search(r'^CONFIG_CC_VERSION_TEXT="(.*)"', config, re.M)[1]
	version = shell('find_qemu && qemu_version "${qemu[@]}"').strip()
	return {"compiler": compiler, "qemu": version,
		"kernel": shell('make -s -C "$linux" kernelversion').strip()}


def row(name, figures):
	print(f"{name:<28}" + "".join(f"{base:>11.0f}{series:>10.0f}" for base, series in figures))


def table():
	names = shell('select_configurations "${CPU:-}"').split()
	result = {k: {c: measure(k, c) for c in names} for k in KERNELS}
	print(f"{'instructions':<28}" + "".join(f"{c:>21}" for c in names))
	print(" " * 28 + "".join(f"{'base':>11}{'series':>10}" for c in names))
	for name in result["series"][names[0]]:
		row(name, [[result[k][c].get(name, float("nan")) for k in KERNELS] for c in names])
	found = {k: sizes(k) for k in KERNELS}
	print(f"\n{'bytes at EL2':<28}{'base':>11}{'series':>10}")
	for name in found["series"]:
		row(name, [[found[k].get(name, 0) for k in KERNELS]])
	if os.environ.get("UPDATE"):
		with open(REFERENCE, "w") as file:
			lines = [f'"{c}": {json.dumps(v)}' for c, v in result["series"].items()]
			file.write('{"conditions": %s,\n%s}\n' %
				   (json.dumps(conditions()), ",\n".join(lines)))


def check():
	reference = json.loads(Path(REFERENCE).read_text())
	names = shell("echo $upstream_configurations").split()
	print(f"TAP version 13\n1..{len(names)}")
	if conditions() != reference["conditions"]:
		for i, name in enumerate(names, 1):
			print(f"ok {i} {name} # SKIP the figures are of {reference['conditions']}")
		return
	failed = False
	for i, name in enumerate(names, 1):
		now, then = measure("series", name), reference[name]
		bad = [op for op in {**now, **then} if abs(now.get(op, 0) - then.get(op, 0)) >
		       max(2, TOLERANCE * then.get(op, 0))]
		for op in bad:
			print(f"# {op}: {now.get(op)} instructions, {then.get(op)} in the reference")
		print(f"{'not ' if bad else ''}ok {i} {name}")
		failed |= bool(bad)
	sys.exit(failed)


def guest():
	print(f"{'boot of Debian':<32}{'instructions':>16}{'exits':>10}")
	for c in shell('select_configurations "${CPU:-}"').split():
		for kernel in KERNELS:
			# While the disk is waited for, the clock of such a machine runs away.
			run = f"{BUILD}/guest/guest-run pvm_seconds={FOREVER}"
			report = boot(f"bench-guest-{kernel}-{c}", kernel, c,
				      [f"ordinary {run} pvm_protected=0", f"protected {run}"], FOREVER)
			for name, said in re.findall(r"# Subtest: (\S+)(.*?)^(?:not )?ok",
						     report, re.M | re.S):
				stat = dict(re.findall(r"# stat: (\S+) (\d+)", said))
				print(f"{f'{c} {kernel} {name}':<32}"
				      f"{stat.get('cpu_ns', '-'):>16}{stat.get('exits', '-'):>10}")


{"check": check, "guest": guest}.get("".join(sys.argv[1:]), table)()
