#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The longest chain of calls at EL2, in bytes of its stack.

usage: objdump -dr kvm_nvhe.o | stack.py LIMIT SYMBOLS

SYMBOLS is a file with the output of objdump -rt. The sum is never less than what is
used: a frame is all that a function takes off SP, on whatever path; a jump into another
function is a call; an alternative is part of the function that it is for. On top of the
chain comes an exception: EL2's own, and its way to a panic, or a guest's that is dealt
with where the vectors are.

An indirect call goes to what ROWS names for its caller, out of all functions that have
their address taken. Errors: a caller, or such a function, that no row names; recursion,
other than that of the walk of page tables; a frame of a size that is not known.
"""

import bisect
import re
import sys

# Entries that several vectors share: SP moves once for each, by this at most.
VECTORS = {"__kvm_hyp_vector": 32, "__bp_harden_hyp_vecs": 32, "__kvm_hyp_host_vector": 32}
# What runs on top of anything.
EXCEPTIONS = ("__kvm_hyp_vector", "__bp_harden_hyp_vecs", "hyp_panic")
# What is of interest besides: an abort of the host's, and a protected vCPU's run.
ENTRIES = ("handle_host_mem_abort", "handle___pkvm_vcpu_run")
# Functions of the walk, which nest once for each level, of which there are five with
# LPA2; what they call back is a walker that the caller of the walk names.
WALK = re.compile(r"_*kvm_pgtable_(walk|visit)|kvm_pgtable_visitor_cb")
WALKER = re.compile(r"\w+_(walker|visitor|slot_cb)")
LEVELS = 5
ROWS = [(re.compile(caller), re.compile(target)) for caller, target in (
	(r"handle_trap", r"handle_\w+"),
	(r"__kvm_vcpu_run", r"kvm_(hyp_handle|handle_pvm)_\w+"),
	(r"call_sysreg_fn.*", r"host|undef_id|ras|icc_sgi|\w+_el[01]|dc_set_way"),
	(r"__vgic_v3_perform_cpuif_access", r"__vgic_v3_(read|write)_\w+"),
	(r"__pkvm_init", r"__pkvm_init_(switch_pgd|finalise)"),
	(r"__kvm_hyp_init_cpu", r"kvm_host_psci_cpu_entry"),
	(r"__host_hvc", r"__kvm_handle_stub_hvc"),
	# Where memory for page tables comes from, and what a page is.
	(r"\w+_(walker|visitor)|\w*(kvm_pgtable|kvm_pte|stage2)_.*",
	 r"(guest_s2|host_s2|hyp_early_alloc|hpool)_(?!free_unlinked)\w+|hyp_zalloc_hyp_page|"
	 r"hyp_(page_count|phys_to_virt|virt_to_phys)|\w+_(force_pte_cb|get_page_state)|"
	 r"(clean_dcache|invalidate_icache)_guest_page"),
	(r"stage2_map_walk.*", r"host_s2_free_unlinked_table"),
	# Not called: the CPU, or ERET, goes there.
	(r"", r"__kvm_hyp_(host_)?vector|__bp_harden_hyp_vecs|__host_(exit|hvc)|hyp_panic|"
	 r"__guest_exit_restore_elr_and_panic|kvm_hyp_cpu_(entry|resume)"),
)]

class Function:
	"""What is seen of one: bytes of stack, callees, addresses taken, indirect calls."""
	def __init__(self):
		self.frame, self.calls, self.taken, self.indirect = 0, set(), set(), False

functions, starts, symbols = {}, {}, {}

def place(where):
	"""SECTION and OFFSET of SECTION+OFFSET or SYMBOL+OFFSET."""
	symbol, _, offset = where.partition("+")
	section, value = symbols.get(symbol, (symbol, 0))
	return section, value + int(offset or "0", 16)

def function(where):
	"""The function at a place, and whether the place is its start."""
	section, offset = place(where)
	index = bisect.bisect(starts.get(section, []), (offset + 1,)) - 1
	if index < 0:
		return None, False
	start, name = starts[section][index]
	return name, start == offset

def alternatives(lines):
	"""Whose are the instructions of an alternative, which are behind all functions."""
	section, whose, found = "", None, {}
	for line in lines:
		if match := re.match(r"RELOCATION RECORDS FOR \[(.*)\]", line):
			section = match[1]
		elif section == ".altinstructions" and (match := re.match(r"(\w+) R_\w+\s+(\S+)", line)):
			# struct alt_instr: where they go, and where they are.
			if int(match[1], 16) % 12 == 0:
				whose = function(match[2])[0]
			else:
				found[place(match[2])] = whose
	return found

def own(symbol):
	"""A name without prefix; what the compiler split off belongs to its function."""
	return re.sub(r"\.cold.*", "", symbol.removeprefix("__kvm_nvhe_"))

def fail(text):
	sys.exit(f"stack.py: {text}")

def read(lines, relocations):
	"""Take the functions out of the listing, in two passes: targets come later, too."""
	section = None
	for line in lines:
		if match := re.match(r"Disassembly of section (\S+):", line):
			section = match[1]
		elif match := re.match(r"([0-9a-f]+) <(\S+)>:", line):
			starts.setdefault(section, []).append((int(match[1], 16), own(match[2])))
			functions.setdefault(own(match[2]), Function())
	name, this, table = None, None, 0
	whose = alternatives(relocations)
	for number, line in enumerate(lines):
		if match := re.match(r"Disassembly of section (\S+):", line):
			section = match[1]
		elif match := re.match(r"[0-9a-f]+ <(\S+)>:", line):
			name, this = own(match[1]), functions[own(match[1])]
		elif match := re.match(r"\s+[0-9a-f]+: R_AARCH64_(\w+)\t(\S+)", line):
			target, start = function(match[2])
			if match[1] in ("CALL26", "JUMP26", "CONDBR19", "TSTBR14"):
				if target != name or match[1] == "CALL26":
					this.calls.add(target or fail(f"{name} calls {match[2]}"))
			elif start:
				this.taken.add(target)
		elif match := re.match(r"\s+([0-9a-f]+):\t[0-9a-f]{8} ?\t(\S+)\s*(.*)", line):
			op, args = match[2], match[3]
			if owner := whose.get((section, int(match[1], 16))):
				name, this = owner, functions[owner]
			if op == "adr":
				table = number
			if size := re.search(r"\[sp, #-(\d+)\]!", args):
				this.frame += int(size[1])
			elif op == "sub" and (size := re.match(r"sp, sp, #(0x[0-9a-f]+)(, lsl #12)?$", args)):
				this.frame += int(size[1], 16) << (12 if size[2] else 0)
			elif op in ("sub", "and") and args.startswith("sp, ") and name not in VECTORS:
				fail(f"{name} has a stack of a size that is not known: {op} {args}")
			# The table of a switch is found by ADR, and by nothing else here.
			if re.match(r"blr|bra|br$", op) and not (op == "br" and number - table < 8):
				this.indirect = True
			elif re.match(r"b$|bl$|b\.|cbn?z|tbn?z", op) and "R_AARCH64" not in lines[number + 1]:
				target = own(re.search(r"<([^+>]*)", args)[1])
				if target != name or (op == "bl" and "+" not in args):
					this.calls.add(target)

def resolve(lines):
	"""Add the indirect calls, and see that each has a row, and each target, too."""
	taken = set().union(*(f.taken for f in functions.values()))
	section, errors = "", []
	for line in lines:
		if match := re.match(r"RELOCATION RECORDS FOR \[(.*)\]", line):
			section = match[1]
		elif match := re.match(r"[0-9a-f]+ R_AARCH64_ABS64\s+(\S+)", line):
			target, start = function(match[1])
			if start and section.startswith(".hyp"):
				taken.add(target)
				if WALKER.fullmatch(target):
					errors.append(f"{target} is in data, where no caller is seen")
	for name, f in functions.items():
		if any(map(WALKER.fullmatch, f.taken)) and not any(map(WALK.match, f.calls)):
			errors.append(f"{name} has a walker and does not walk")
		if f.indirect:
			rows = [target for caller, target in ROWS if caller.fullmatch(name)]
			if not rows:
				errors.append(f"{name} makes an indirect call that no row names")
			f.calls |= {t for t in taken for row in rows if row.fullmatch(t)}
	for name in sorted(taken):
		if not WALKER.fullmatch(name) and not any(t.fullmatch(name) for _, t in ROWS):
			errors.append(f"{name} has its address taken, and no row names it")
	if errors:
		fail("\n".join(errors))

known = {}

def deepest(name, path=()):
	"""The bytes of the longest chain from here, and the chain."""
	if name in path:
		fail(f"recursion: {' > '.join(path + (name,))}")
	if name in known:
		return known[name]
	f = functions[name]
	bytes_ = VECTORS.get(name, f.frame)
	callees, path = set(f.calls), path + (name,)
	walk = {c for c in callees if WALK.match(c)}
	text = f"{name} {bytes_}"
	if walk:
		walkers = {t for t in f.taken if WALKER.fullmatch(t)}
		if not walkers:
			fail(f"{name} walks page tables with a walker that it does not name")
		while more := {c for w in walk for c in functions[w].calls if WALK.match(c)} - walk:
			walk |= more
		size = sum(functions[w].frame * (LEVELS if w.startswith("__") else 1) for w in walk)
		bytes_ += size
		text += f" > (walk of {LEVELS} levels) {size}"
		callees = callees.union(walkers, *(functions[w].calls for w in walk)) - walk
	below = max((deepest(c, path) for c in callees), default=(0, ""))
	known[name] = bytes_ + below[0], text + (" > " + below[1] if below[1] else "")
	return known[name]

def main():
	with open(sys.argv[2], encoding="ascii") as file:
		lines = file.read().splitlines()
	for line in lines:
		# VALUE FLAGS SECTION SIZE NAME
		if match := re.match(r"([0-9a-f]{16}) .{7} (\S+)\s+\w{16} (?:\.hidden )?(\S+)$", line):
			symbols[match[3]] = (match[2], int(match[1], 16))
	read(sys.stdin.read().splitlines() + [""], lines)
	resolve(lines)
	chains = {name: deepest(name) for name in functions if not WALK.match(name)}
	longest = max(chains.values())
	exception = max(chains[name] for name in EXCEPTIONS)
	for size, chain in [longest, exception] + [chains[name] for name in ENTRIES]:
		print(f"{size}: {chain}")
	if longest[0] + exception[0] > int(sys.argv[1]):
		fail(f"{longest[0]} and {exception[0]} bytes are more than {sys.argv[1]}")

main()
