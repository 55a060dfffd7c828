#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make a table of what traps cost, and compare it with the reference.

usage: bench.py table DIR RESULTS...           DIR/bench.json, the table, and the goals
       bench.py update DIR REFERENCE           the series' figures of bench.json
       bench.py check DIR REFERENCE RESULTS... KTAP: is the series as it was?

A RESULTS directory is build/results/bench-KERNEL-CONFIGURATION. A figure is the
number of instructions that one operation takes, without those of an empty loop.
"""

import json
import os
import re
import sys

# A figure may differ from that of the reference by this much.
TOLERANCE = 0.02

# What the series wants of itself, on every CPU and whichever compiler built the
# kernel. Of protected VMs: instructions at most.
GOALS = {"id_max": 200, "razwi_read": 200, "razwi_write": 200, "hidden_read": 300}
# What the host serves: not more than for any other VM.
HOST_SERVED = ("cntp_ctl_read", "sgi_write", "psci_version", "hvc_unknown", "wfi", "mmio_vgic",
	       "mmio_vmm", "page_fault", "vcpu_load_put", "unmap_page")
# Of other VMs, and of the host: not more than on the base, which is wrong in two
# things: what maintains TLBs believes pointers, and nothing is checked at boot.
MORE_THAN_BASE = {"unmap_page": 0.02, "boot": 0.02}

# The rows of the table. Those of one VM's life and of the host have no floor.
TRAPS = (
	("floor", "HVC that the vector answers"),
	("id_first", "ID_PFR0_EL1"),
	("id_middle", "ID_AA64PFR0_EL1"),
	("id_last", "(3, 0, 0, 7, 7)"),
	("id_min", "cheapest of the 56"),
	("id_max", "dearest of the 56"),
	("hidden_read", "hidden PMCR_EL0 to UNDEF, back"),
	("razwi_read", "read of DBGBVR0_EL1"),
	("razwi_write", "write of DBGBVR0_EL1"),
	("mdscr_write", "write of MDSCR_EL1"),
	("clidr_read", "read of CLIDR_EL1"),
	("cntp_ctl_read", "read of CNTP_CTL_EL0, host"),
	("sgi_write", "write of ICC_SGI1R_EL1, host"),
	("psci_version", "PSCI_VERSION, host"),
	("hvc_unknown", "HVC of an unknown function"),
	("wfi", "WFI with an interrupt pending"),
	("mmio_vgic", "MMIO that KVM emulates"),
	("mmio_vmm", "MMIO that the VMM emulates"),
	("page_fault", "unmap, fault and MMIO"),
)
ONCE = (
	("vcpu_load_put", "load and put of a vCPU"),
	("unmap_page", "unmap a page of a VM"),
	("vm_create", "KVM_CREATE_VM"),
	("vm_setup", "memory, vCPU, vGIC"),
	("vm_first_run", "KVM_RUN to first instruction"),
	("vm_to_guest", "all three"),
	("vm_destroy", "destroy the VM"),
)

# What the boot of a real guest may take more when it is protected.
GUEST_GOAL = 0.01

# Of its exits, those that KVM counts by class: to the host, then what EL2 served.
# The rest of the exits are named after what is left.
EXITS = (
	("exits", "exits to the host"),
	("mmio_exit_user", "  MMIO that the VMM emulates"),
	("mmio_exit_kernel", "  MMIO that KVM emulates"),
	("wfi_exit_stat", "  WFI"),
	("wfe_exit_stat", "  WFE"),
	("hvc_exit_stat", "  HVC"),
	("rest", "  faults, interrupts, registers"),
	("pvm_sysreg_done", "registers that EL2 emulates"),
	("pvm_sysreg_undef", "registers UNDEFINED by EL2"),
	("pvm_other_undef", "others UNDEFINED by EL2"),
)

LINE = re.compile(r"^\s*# bench (\w+) (\w+) (\d+) (\d+) (\d+)$")


def read(path):
	with open(path, errors="replace") as file:
		return file.read()


def dump(path, data):
	with open(path, "w") as file:
		json.dump(data, file, indent="\t", sort_keys=True)
		file.write("\n")


def parse(results):
	"""Return ({kind: {name: figure}}, {kind: [undefined]}) of one boot."""
	lines = read(os.path.join(results, "results.ktap")).splitlines()
	if not any("bench: complete" in line for line in lines):
		why = [line for line in lines if "# bench: " in line or "outcome" in line]
		sys.exit(f"{results}: the benchmark did not end: {' '.join(why)}")

	raw = {}
	for line in lines:
		match = LINE.match(line)
		if match:
			kind, name = match.group(1, 2)
			raw.setdefault(kind, {})[name] = tuple(map(int, match.group(3, 4, 5)))

	# With shift=0, an instruction takes a nanosecond.
	scale = 1e9 / raw["host"].pop("frequency")[0]
	once = {name for name, _ in ONCE} | {"boot"}
	figures, undefined = {}, {}
	for kind, values in raw.items():
		empty = values.pop("empty", (0, 1, 0))
		empty = empty[0] / empty[1]
		figures[kind] = {
			name: round((ticks / per - (0 if name in once else empty)) * scale, 1)
			for name, (ticks, per, _) in values.items()}
		undefined[kind] = [name for name, (_, _, undefs) in values.items() if undefs]
		if kind != "host":
			derive(figures[kind], undefined[kind])
	return figures, undefined


def parse_guests(results):
	"""Return {kind: {"instructions": [...], name of a counter: [...]}}."""
	kinds, kind = {}, None
	for line in read(os.path.join(results, "results.ktap")).splitlines():
		if match := re.match(r"\s*# Subtest: guest_([a-z]+)", line):
			kind, counters = match[1], {}
		elif match := re.match(r"\s*# boot: (\d+) ticks of (\d+) Hz, (\d+) ns idle", line):
			ticks, frequency, idle = map(int, match.groups())
			counters["instructions"] = round(ticks * 1e9 / frequency) - idle
		elif match := re.match(r"\s*# stat: (\w+) (\d+)$", line):
			counters[match[1]] = int(match[2])
		elif match := re.match(r"(ok|not ok) \d+ (guest_\w+)", line):
			if match[1] != "ok" or "instructions" not in counters:
				sys.exit(f"{results}: {match[2]} did not boot")
			kinds.setdefault(kind, []).append(counters)
	if not {"protected", "other"} <= set(kinds):
		sys.exit(f"{results}: not both kinds of guests were booted")

	for boots in kinds.values():
		for counters in boots:
			classes = [name for name, text in EXITS if text.startswith("  ")]
			counters["rest"] = counters["exits"] - sum(
				counters.get(name, 0) for name in classes)
	return {kind: {name: [counters.get(name, 0) for counters in kinds[kind]]
		       for name in ("instructions", *dict(EXITS))}
		for kind in ("protected", "other")}


def derive(figures, undefined):
	"""Replace the 56 ID registers, and add up the start of a VM."""
	ids = {name: figures.pop(name) for name in list(figures)
	       if re.fullmatch(r"id_\d_\d", name)}
	for name, which in (("id_first", "id_1_0"), ("id_middle", "id_4_0"), ("id_last", "id_7_7")):
		figures[name] = ids[which]
		if which in undefined:
			undefined.append(name)
	defined = [val for name, val in ids.items() if name not in undefined]
	if defined:
		figures["id_min"], figures["id_max"] = min(defined), max(defined)
	else:
		figures["id_min"], figures["id_max"] = min(ids.values()), max(ids.values())
		undefined += ["id_min", "id_max"]
	undefined[:] = sorted(name for name in undefined if name not in ids)
	start = [figures.get(name) for name in ("vm_create", "vm_setup", "vm_first_run")]
	if None not in start:
		figures["vm_to_guest"] = round(sum(start), 1)


def load(directory, results):
	"""Return what bench.json holds."""
	data = {"conditions": dict(line.split("=", 1) for line in
				   read(os.path.join(directory, "conditions")).splitlines()),
		"figures": {}, "undefined": {}, "sizes": {}, "guests": {}}
	for path in results:
		_, kernel, configuration = os.path.basename(path).split("-", 2)
		if kernel == "guest":
			data["guests"][configuration] = parse_guests(path)
			continue
		figures, undefined = parse(path)
		data["figures"].setdefault(kernel, {})[configuration] = figures
		data["undefined"].setdefault(kernel, {})[configuration] = undefined
	for kernel in data["figures"]:
		path = os.path.join(directory, f"sizes-{kernel}")
		if os.path.exists(path):
			data["sizes"][kernel] = {name: int(size) for name, size in
						 map(str.split, read(path).splitlines())}
	return data


def cell(value, undefined=False, width=9):
	text = "-" if value is None else f"{value:.0f}{'U' if undefined else ''}"
	return f"{text:>{width}}"


def change(old, new):
	if not old or new is None:
		return f"{'':>7}"
	return f"{(new - old) / old * 100:+6.1f}%"


def print_table(data):
	kernels = [k for k in ("base", "series", "image") if k in data["figures"]]
	for configuration in data["figures"][kernels[-1]]:
		print(f"\n{configuration}: instructions per operation (U: it is UNDEFINED there)\n")
		head = "".join(f"{k:>9}" for k in kernels) + f"{'change':>7}{'/floor':>7}"
		print(f"{'':<32}{'protected VM':^{len(head)}}   {'any other VM':^{len(head)}}")
		print(f"{'':<32}{head}   {head}")
		for name, text in TRAPS + ONCE:
			print(f"{text:<32}" + "   ".join(
				half(data, kernels, configuration, kind, name)
				for kind in ("protected", "other")))
		boots = [data["figures"][k][configuration]["host"]["boot"] for k in kernels]
		print(f"{'boot of the host':<32}" + "".join(cell(b, width=12) for b in boots) +
		      (change(*boots[:2]) if len(boots) > 1 else ""))

	for configuration, guests in data["guests"].items():
		print_guests(configuration, guests)
	if data["sizes"]:
		print_sizes(data)
	return print_goals(data)


def print_sizes(data):
	sizes = data["sizes"]
	print(f"\nbytes at EL2\n\n{'':<32}" + "".join(f"{k:>9}" for k in sizes) + f"{'change':>7}")
	for name in sorted({name for of in sizes.values() for name in of}):
		row = [of.get(name) for of in sizes.values()]
		print(f"{name:<32}" + "".join(map(cell, row)) +
		      (change(*row) if len(row) > 1 else ""))


def print_goals(data):
	"""Name every goal that is missed, and return whether that is none."""
	missed, met = [], 0
	for configuration, figures in data["figures"]["series"].items():
		base = data["figures"].get("base", {}).get(configuration, {})
		for good, text in goals(figures, base):
			met += good
			if not good:
				missed.append(f"{configuration}: {text}")
	for configuration, guests in data["guests"].items():
		low, high = (min(guests[kind]["instructions"]) for kind in ("other", "protected"))
		good = (high - low) / low <= GUEST_GOAL
		met += good
		if not good:
			missed.append(f"{configuration}: a guest's boot takes {high}, {low} if not protected")
	print()
	for text in missed:
		print(f"goal missed: {text}")
	print(f"goals: {met} met, {len(missed)} missed")
	return not missed


def print_guests(configuration, guests):
	"""The boot that took least of each kind, and how the others differ."""
	best, spread = {}, {}
	for kind, counters in guests.items():
		taken = counters["instructions"]
		at = taken.index(min(taken))
		best[kind] = {name: values[at] for name, values in counters.items()}
		spread[kind] = (max(taken) - taken[at]) / taken[at] * 100
	boots = len(guests["protected"]["instructions"])
	print(f"\n{configuration}: boot of Debian's kernel as a guest, from the first KVM_RUN to"
	      f"\nits first process, the least of {boots} boots\n")
	print(f"{'':<32}{'protected':>12}{'other':>12}{'change':>9}")
	for name, text in (("instructions", "instructions"), *EXITS):
		row = best["protected"][name], best["other"][name]
		if any(row):
			print(f"{text:<32}" + "".join(cell(val, width=12) for val in row) +
			      f"{change(row[1], row[0]):>9}")
	print(f"{'most above least, %':<32}" +
	      "".join(f"{spread[kind]:12.2f}" for kind in ("protected", "other")))


def half(data, kernels, configuration, kind, name):
	text, values = "", []
	for kernel in kernels:
		of = data["figures"][kernel][configuration].get(kind, {})
		undefined = data["undefined"][kernel][configuration].get(kind, [])
		values.append(of.get(name))
		text += cell(of.get(name), name in undefined)
	text += change(values[0], values[1]) if len(values) > 1 else f"{'':>7}"
	series = data["figures"].get("series", {}).get(configuration, {}).get(kind, {})
	if name in dict(TRAPS) and name in series and series.get("floor"):
		return text + f"{series[name] / series['floor']:7.1f}"
	return text + f"{'':>7}"


class Ktap:
	"""Results of cases, one a line."""

	def __init__(self):
		self.lines = []
		self.failed = 0

	def case(self, good, name, skip=None):
		self.lines.append(f"{'ok' if good else 'not ok'} {len(self.lines) + 1} {name}" +
				  (f" # SKIP {skip}" if skip else ""))
		self.failed += not good

	def finish(self):
		print(f"TAP version 13\n1..{len(self.lines)}")
		print("\n".join(self.lines))
		return 1 if self.failed or not self.lines else 0


def goals(figures, base):
	"""Yield (whether it is met, the goal) of one configuration."""
	protected, other = figures.get("protected", {}), figures.get("other", {})
	missing = [name for name in ("id_min", *GOALS) if name not in protected]
	if missing:
		yield False, f"no {', '.join(missing)} of a protected VM"
		return

	for name, goal in GOALS.items():
		yield protected[name] <= goal, f"{name} takes {protected[name]:.0f}, at most {goal}"
	low, high = protected["id_min"], protected["id_max"]
	yield high - low < 1, f"every ID register takes the same, {low:.0f}"

	for name in HOST_SERVED:
		if name in protected and name in other:
			yield protected[name] < other[name] + 1, (
				f"{name} takes {protected[name]:.0f}, not more than for other VMs, "
				f"{other[name]:.0f}")

	names = [("other", name) for name in (*dict(TRAPS), "vcpu_load_put", "unmap_page")]
	for kind, name in (*names, ("host", "boot")):
		old, new = base.get(kind, {}).get(name), figures.get(kind, {}).get(name)
		if None not in (old, new):
			more = MORE_THAN_BASE.get(name, 0)
			yield new < old * (1 + more) + 1, (
				f"{kind} {name} takes {new:.0f}, on the base {old:.0f}")


def check_reference(ktap, where, figures, reference, differs):
	for kind, values in reference.items():
		for name, old in values.items():
			new = figures.get(kind, {}).get(name)
			text = f"{where}: {kind} {name}"
			if differs:
				ktap.case(True, text, differs)
			elif new is None:
				ktap.case(False, f"{text}, {old:.0f} in the reference, is not there")
			else:
				ktap.case(abs(new - old) <= old * TOLERANCE,
					  f"{text} takes {new:.1f}, {old:.1f} in the reference")


def check(directory, path, results):
	data = load(directory, results)
	reference = json.loads(read(path))
	ktap = Ktap()
	differs = ", ".join(f"{key} is {data['conditions'].get(key)} and not {val}"
			    for key, val in reference["conditions"].items()
			    if data["conditions"].get(key) != val)
	for configuration, figures in data["figures"]["series"].items():
		for good, text in goals(figures, {}):
			ktap.case(good, f"{configuration}: {text}")
		check_reference(ktap, configuration, figures,
				reference["figures"][configuration], differs)
	return ktap.finish()


def main():
	if len(sys.argv) < 3:
		sys.exit(__doc__)
	command, directory, *rest = sys.argv[1:]
	path = os.path.join(directory, "bench.json")
	if command == "table":
		data = load(directory, rest)
		dump(path, data)
		return 0 if print_table(data) else 1
	if command == "update":
		data = json.loads(read(path))
		dump(rest[0], {"conditions": data["conditions"],
			       "figures": data["figures"]["series"]})
		return 0
	if command == "check":
		return check(directory, rest[0], rest[1:])
	sys.exit(__doc__)


if __name__ == "__main__":
	sys.exit(main())
