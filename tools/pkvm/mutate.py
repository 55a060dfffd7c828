#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show that the tests notice an error in anything that EL2 decides for a protected VM.

usage: mutate.py	with, from the environment (make passes them on)
	T=PATTERN	only errors of that name: 'HCR_EL2.*', 'sysreg.*'
	CPU=NAME	in this configuration, instead of max

An error is put in from outside, through QEMU's debug port: the kernel is the one
that `make check` tests. A breakpoint at the entry to a vCPU's run flips a bit of
the VM's ID registers, of its fine-grained UNDEFs, or of the vCPU's trap registers;
a row of EL2's table of trapped registers is changed in memory. Then tests run until
one fails, and the report names the case. What no test notices survives, and has to be
in the list `survivors` with the reason; a line there that explains nothing has to go.

What is expected to survive is flipped at once, and so is a field of each ID register,
because pkvm_id_regs has a case for each register. All others come one at a time.
Without any flip, no test may fail. The report is TAP.
"""

import concurrent.futures
import fnmatch
import os
import queue
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time

TOOLS = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("PKVM_TOP") or os.path.dirname(os.path.dirname(TOOLS))
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
LINUX, KERNEL = os.path.join(BUILD, "linux"), os.path.join(BUILD, "kernel/release")

# The tests that are asked, the likeliest first. The sweep takes a moment if it is told
# where to look: at the registers that the bit traps, or at all that something can trap.
ID_TESTS = ["pkvm_id_regs"]
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_sysregs", "pkvm_irq", "pkvm_timer",
	      "pkvm_id_regs"]
SWEEP = "pkvm_sysreg_sweep"

# QEMU's virt machine has the kernel there.
IMAGE = 0x40200000

# Functions of EL2 that have a vCPU in X0: it is new, it is loaded, it runs.
BREAKPOINTS = ["kvm_init_pvm_id_regs", "kvm_vcpu_load_fgt", "__kvm_vcpu_run"]

# What EL2 computes anew for each run. What it computes when it loads a vCPU stays till then.
EACH_RUN = r"ICH_HCR_EL2\.|HCR_EL2\.(TW[IE]|VSE)$"

# So many seconds a test may take, and a host may be silent.
LIMIT, SILENCE = 120, 150

# Trap registers, and what holds them: a member of struct kvm_vcpu or of struct kvm.
FGT = ["HFGRTR", "HFGWTR", "HFGITR", "HDFGRTR", "HDFGWTR", "HAFGRTR", "HFGRTR2", "HFGWTR2",
       "HFGITR2", "HDFGRTR2", "HDFGWTR2"]
FGU = ["HFGRTR", "HFGITR", "HDFGRTR", "HAFGRTR", "HFGRTR2", "HFGITR2", "HDFGRTR2"]
TRAPS = [("HCR_EL2", "vcpu", "arch.hcr_el2"), ("HCRX_EL2", "vcpu", "arch.hcrx_el2"),
	 ("MDCR_EL2", "vcpu", "arch.mdcr_el2"),
	 ("ICH_HCR_EL2", "vcpu", "arch.vgic_cpu.vgic_v3.vgic_hcr"),
	 *((f"{r}_EL2", "vcpu", f"arch.fgt[{r}_GROUP].{'w' if 'W' in r else 'r'}") for r in FGT),
	 *((f"fgu({r}_EL2)", "kvm", f"arch.fgu[{r}_GROUP]") for r in FGU)]


class Mutant:
	"""An error: a name, the tests to ask, and (where, offset, mask) of each flip."""

	def __init__(self, name, tests, flips):
		self.name, self.tests, self.flips = name, tests, flips
		self.register, _, self.bit = name.partition(".")
		self.killers, self.killer, self.expected, self.done = [], None, None, False
		self.each_run = bool(re.match(EACH_RUN, name))
		self.is_round = name.startswith("fields.")


def together(name, parts):
	tests = dict.fromkeys(test for m in parts for test in m.tests if not test.startswith(SWEEP))
	where = {word for m in parts for test in m.tests for word in test.split()[1:]}
	mutant = Mutant(name, [" ".join([SWEEP, *sorted(where)])] * bool(where) + list(tests),
			[flip for m in parts for flip in m.flips])
	mutant.each_run = any(m.each_run for m in parts)
	return mutant


def registers():
	"""Return {register: ((op0, ..., op2), {bit: name})}, from the file that has them all."""
	found, fields = {}, None
	with open(os.path.join(LINUX, "arch/arm64/tools/sysreg")) as file:
		for words in map(str.split, file):
			if words[:1] == ["Sysreg"]:
				fields = {}
				found[words[1]] = (words[2:7], fields)
			elif words and words[0] in ("Field", "UnsignedEnum", "SignedEnum", "Enum"):
				high, _, low = words[1].partition(":")
				for bit in range(int(low or high), int(high) + 1):
					fields[bit] = words[2] + (f"[{bit - int(low)}]" if low else "")
			elif words and words[0].startswith("End") and words[0] != "EndEnum":
				fields = {}
	return found


def compiled(expressions):
	"""Return {expression: its value}, as the compiler of EL2's own code sees it."""
	with open(os.path.join(KERNEL, "arch/arm64/kvm/hyp/nvhe/.pkvm.nvhe.o.cmd")) as file:
		command = file.readline().partition(":=")[2].partition(" ; ")[0]
	command = [word for word in shlex.split(command) if not word.startswith("-Wp,")]
	source = "".join(f'asm volatile("\\n=> %c0" :: "i" ({e}));\n' for e in expressions)
	source = f"#include <linux/kvm_host.h>\n#include <nvhe/pkvm.h>\n" \
		 f"#include <asm/kvm_fixed_config.h>\nvoid all(void);\nvoid all(void)\n{{\n{source}}}\n"
	command[command.index("-c"):] = ["-S", "-o", "-", "-x", "c", "-"]
	text = subprocess.run(command, cwd=KERNEL, input=source, check=True, text=True,
			      stdout=subprocess.PIPE).stdout
	return dict(zip(expressions, map(int, re.findall(r"^=> (-?\d+)$", text, re.M))))


def symbols():
	text = subprocess.run(["aarch64-linux-gnu-nm", os.path.join(KERNEL, "vmlinux")],
			      check=True, text=True, stdout=subprocess.PIPE).stdout
	return {words[2]: int(words[0], 16) for words in map(str.split, text.splitlines())
		if len(words) == 3}


def sysreg_rows():
	"""Yield the row, name and directions of what EL2 handles for the guest."""
	with open(os.path.join(LINUX, "arch/arm64/kvm/hyp/nvhe/sys_regs.c")) as file:
		rows = re.findall(r"^\tPVM_SYSREG\(((?:[^,()]|\(\d+\))+), (\w+),", file.read(), re.M)
	for number, (name, directions) in enumerate(rows, 1):
		yield number, name, {"WO": 1, "RO": 2, "RW": 3}[directions]


def trapped_registers():
	"""Return {(group, bit), or None for all: encodings}, as emulate-nested.c has them."""
	with open(os.path.join(LINUX, "arch/arm64/kvm/emulate-nested.c")) as file:
		rows = re.findall(r"^\tSR_(?:FG[TF]|TRAP)\(((?:[^,()]|\(\d+\))+),\s*(\w+)(?:,\s*(\w+))?",
				  file.read(), re.M)
	values = compiled(sorted({name for name, _, _ in rows}))
	# What is implementation defined has no names.
	found = {None: set(), ("HCR", "TIDCP"): {op0 << 19 | op1 << 16 | crn << 12 for op0 in (1, 3)
						 for op1 in range(8) for crn in (11, 15)}}
	for name, group, bit in rows:
		found.setdefault((group, bit), set()).add(values[name])
		if values[name] >> 16 & 7 < 4:
			found[None].add(values[name])
	return found


def sweep(encodings):
	"""Return the command for those encodings; one of each op0, op1 and CRn will do."""
	parts = {encoding >> 12: encoding for encoding in encodings}
	return " ".join([SWEEP, *map(hex, sorted(parts.values()))])


def all_mutants(regs, where):
	"""Return all mutants, with what symbols() and compiled() know in @where."""
	with open(os.path.join(LINUX, "arch/arm64/include/asm/kvm_fixed_config.h")) as file:
		rows = re.findall(r"^\t(?:[A-Z_]+)\((ID_AA64\w+)(?:, (\w+))?", file.read(), re.M)
	fields = [(reg, field, 0) for reg, field in rows if field in regs[reg][1].values() or
		  f"{field}[0]" in regs[reg][1].values()]
	fields = [(reg, field, min(bit for bit, name in regs[reg][1].items()
				   if name in (field, f"{field}[0]"))) for reg, field, _ in fields]
	# What is hidden whole has fields of which the row does not tell.
	whole = {reg for reg, _ in rows} - {reg for reg, _, _ in fields}
	fields += [(reg, str(bit), bit) for reg in sorted(whole) for bit in range(0, 64, 4)]
	members = {reg: f"offsetof(struct kvm, arch.id_regs[IDREG_IDX(SYS_{reg})])"
		   for reg, _ in rows}
	members.update({name: f"offsetof(struct kvm_vcpu, {member})" if base == "vcpu" else
			f"offsetof(struct kvm, {member})" for name, base, member in TRAPS})
	offsets = compiled(list(members.values()))
	mutants = [Mutant(f"{reg}.{name}", ID_TESTS,
			  [("kvm", offsets[members[reg]], 1 << bit)]) for reg, name, bit in fields]
	trapped = trapped_registers()
	for reg, base, _ in TRAPS:
		group = re.sub("WTR", "RTR", reg[4:-1] if reg.startswith("fgu(") else reg)[:-4]
		bits = dict(regs[reg[4:-1] if reg.startswith("fgu(") else reg][1])
		if reg.startswith("fgu(") and "RTR" in reg and "HAF" not in reg:
			bits.update(regs[reg[4:-1].replace("RTR", "WTR")][1])
		mutants += [Mutant(f"{reg}.{name}", [sweep(trapped.get((group, name), trapped[None])),
						     *TRAP_TESTS],
				   [(base, offsets[members[reg]], 1 << bit)])
			    for bit, name in sorted(bits.items())]
	encodings = compiled([f"SYS_{name}" for _, name, _ in sysreg_rows()])
	for number, name, directions in sysreg_rows():
		tests = [sweep([encodings[f"SYS_{name}"]]), *TRAP_TESTS]
		at = where["pvm_sysregs"] + where["row"] * number + where["dirs"]
		mutants.append(Mutant(f"sysreg.{name}", tests, [("memory", at, directions)]))
		if directions != 3:
			mutants.append(Mutant(f"sysreg.{name}(RW)", tests,
					      [("memory", at, 3 ^ directions)]))
	return mutants


class Lost(Exception):
	"""The host is no more, or says nothing any more."""


class Gdb:
	"""QEMU's debug port, which takes the next packet for the acknowledgement of the last."""

	def __init__(self, connection):
		self.socket, self.data = connection, b""

	def send(self, text):
		self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))

	def receive(self):
		"""Return the next packet, or None if it is not complete."""
		more = self.socket.recv(65536)
		if not more:
			raise Lost("the host did not survive")
		self.data += more
		found = re.match(rb"[^$]*\$([^#]*)#..", self.data, re.S)
		if not found:
			return None
		self.data = self.data[found.end():]
		return found.group(1).decode()

	def packet(self):
		while True:
			if not select.select([self.socket], [], [], SILENCE)[0]:
				raise Lost("the debug port is silent")
			packet = self.receive()
			if packet is not None:
				return packet

	def ask(self, text):
		self.send(text)
		answer = self.packet()
		if re.fullmatch(r"E\d\d", answer) and text[0] != "z":
			raise Lost(f"{text}: {answer}")
		return answer

	def read(self, at, size):
		return bytes.fromhex(self.ask(f"m{at:x},{size:x}"))

	def write(self, at, data):
		self.ask(f"M{at:x},{len(data):x}:{data.hex()}")

	def word(self, at):
		return int.from_bytes(self.read(at, 8), "little")

	def register(self, number):
		return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


class Host:
	"""One boot, and the port through which it is told what to run."""

	running = set()

	def __init__(self, configuration, slot, where):
		name = f"mutate-{configuration}-{slot}"
		self.where, self.mutant, self.want, self.text = where, None, {}, b""
		tests = {SWEEP, *ID_TESTS, *TRAP_TESTS}
		plan = os.path.join(BUILD, "plans", name)
		os.makedirs(os.path.dirname(plan), exist_ok=True)
		with open(plan, "w") as file, open(f"{plan}.files", "w") as files:
			file.write("remote\n")
			files.writelines(f"file /tests/{t} {BUILD}/selftests/kvm/arm64/{t} 755 0 0\n"
					 for t in tests)
		subprocess.run([os.path.join(TOOLS, "boot.sh"), "run", name, configuration, KERNEL,
				os.path.join(BUILD, "selftests"), plan], check=True,
			       env=dict(os.environ, BUILD=BUILD, ONLY_PREPARE="1"))
		self.dir = os.path.join(BUILD, "results", name)
		with open(os.path.join(self.dir, "qemu.sh")) as file:
			command = shlex.split(file.read().splitlines()[1])[1:]
		self.results, results = socket.socketpair()
		port, gdb = socket.socketpair()
		command = [f"socket,id=results,fd={results.fileno()}"
			   if word.startswith("file,id=results") else word for word in command]
		command += ["-chardev", f"socket,id=gdb,fd={gdb.fileno()}", "-gdb", "chardev:gdb"]
		with open(os.path.join(self.dir, "qemu.log"), "w") as log:
			self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
							stderr=log, pass_fds=(results.fileno(),
									      gdb.fileno()))
		self.running.add(self.process)
		results.close()
		gdb.close()
		self.gdb = Gdb(port)
		while self.line() != "1..0":
			pass
		self.pause()
		offset = self.memory(lambda: self.gdb.word(where["hyp_physvirt_offset"]))
		self.at = {name: where[name] - offset & (1 << 64) - 1
			   for name in BREAKPOINTS}
		self.gdb.send("c")

	def end(self):
		self.process.kill()
		self.process.wait()
		self.running.discard(self.process)

	def pause(self):
		self.gdb.socket.sendall(b"\x03")
		self.gdb.packet()

	def memory(self, function):
		"""Call @function with addresses that are physical."""
		self.gdb.ask("Qqemu.PhyMemMode:1")
		value = function()
		self.gdb.ask("Qqemu.PhyMemMode:0")
		return value

	def line(self):
		"""Wait for the next line of the report."""
		while b"\n" not in self.text:
			ready = select.select([self.results, self.gdb.socket], [], [], SILENCE)[0]
			if not ready:
				raise Lost("the host is silent")
			stop = self.gdb.receive() if self.gdb.socket in ready else None
			if stop:
				self.at_breakpoint(stop)
			if self.results in ready:
				more = self.results.recv(65536)
				if not more:
					raise Lost("the host did not survive")
				self.text += more
		line, _, self.text = self.text.partition(b"\n")
		return line.decode(errors="replace")

	def at_breakpoint(self, stop):
		"""A vCPU is new, or it runs: then flip what EL2 has computed for it."""
		thread = re.search(r"thread:(\w+)", stop).group(1)
		pc, vcpu = self.gdb.register(32), self.gdb.register(0)
		kvm, run = self.gdb.word(vcpu + self.where["vcpu.kvm"]), self.at["__kvm_vcpu_run"]
		protected = self.gdb.read(kvm + self.where["protected"], 1)[0]
		if protected and pc == self.at["kvm_init_pvm_id_regs"]:
			# It is the VM's first vCPU, if the VM has no ID registers yet.
			flags = self.gdb.word(kvm + self.where["flags"])
			gone = (vcpu,) if flags >> self.where["has_ids"] & 1 else (vcpu, kvm)
			self.want = {k: v for k, v in self.want.items() if k[0] not in gone}
		elif protected and pc == self.at["kvm_vcpu_load_fgt"]:
			self.loaded.add(thread)
			self.gdb.ask(f"Z0,{run:x},4")
		elif pc == run:
			if protected:
				self.flip({"vcpu": vcpu, "kvm": kvm})
			self.loaded.discard(thread)
		self.gdb.ask(f"z0,{pc:x},4")
		if pc != run or self.loaded or self.mutant.each_run:
			self.gdb.ask(f"vCont;s:{thread}")
			self.gdb.ask(f"Z0,{pc:x},4")
		self.gdb.send("c")

	def flip(self, bases):
		"""Flip what is not flipped yet: EL2 computes some of it anew, and the host has a say."""
		for base, at in bases.items():
			flips = [(o, m) for where, o, m in self.mutant.flips if where == base]
			if not flips:
				continue
			first = min(o for o, _ in flips)
			data = bytearray(self.gdb.read(at + first, max(o for o, _ in flips) + 8 - first))
			before = bytes(data)
			for offset, mask in flips:
				part = slice(offset - first, offset - first + 8)
				value = int.from_bytes(data[part], "little")
				want = self.want.setdefault((at, offset, mask), ~value & mask)
				data[part] = (value & ~mask | want).to_bytes(8, "little")
			if data != before:
				self.gdb.write(at + first, data)

	def switch(self, letter):
		"""Change what is in memory, which also undoes it, and insert or remove breakpoints."""
		self.pause()
		for at, mask in [(at, mask) for where, at, mask in self.mutant.flips if where == "memory"]:
			old = self.memory(lambda: self.gdb.word(at))
			self.memory(lambda: self.gdb.write(at, (old ^ mask).to_bytes(8, "little")))
		if any(where != "memory" for where, _, _ in self.mutant.flips):
			for name in BREAKPOINTS if letter == "z" else BREAKPOINTS[:2]:
				self.gdb.ask(f"{letter}0,{self.at[name]:x},4")
		self.gdb.send("c")

	def run(self, test, mutant):
		"""Return what fails of @test with @mutant, the first case only unless it is a round."""
		self.mutant, self.want, self.loaded = mutant, {}, set()
		self.switch("Z")
		self.results.sendall(f"{LIMIT} test /tests/{test}\n".encode())
		bad, outcome, line = [], None, ""
		while not re.match(r"(not )?ok \d+ test", line):
			line = self.line()
			if line.startswith("    # outcome: "):
				outcome = line[6:]
			elif re.match(r"    (not ok|# .*: (KVM_RUN: |the guest ))", line):
				bad.append(re.sub(r"^    (not ok \d+|#) ", "", line))
				if not mutant.is_round and len(bad) == 1:
					self.results.sendall(b"stop\n")
		self.switch("z")
		if not bad and line.startswith("not"):
			bad = [outcome]
		return [f"{test.split()[0]}: {case}" for case in bad]


class Runner:
	"""Runs mutants in several hosts side by side."""

	def __init__(self, configuration, where):
		self.configuration, self.where = configuration, where
		self.jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
		self.slots = queue.SimpleQueue()
		for slot in range(self.jobs):
			self.slots.put((slot, None))

	def run_one(self, mutant):
		slot, host = self.slots.get()
		for test in mutant.tests:
			if host is None:
				host = Host(self.configuration, slot, self.where)
			try:
				mutant.killers = host.run(test, mutant)
			except (Lost, OSError) as lost:
				mutant.killers = [f"{test}: {lost}"]
				host.end()
				host = None
			if mutant.killers:
				mutant.killer = mutant.killers[0]
				break
		mutant.done = True
		if os.environ.get("VERBOSE"):
			print(f"{mutant.name}: {mutant.killer}", file=sys.stderr, flush=True)
		self.slots.put((slot, host))

	def run(self, mutants):
		with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
			try:
				list(pool.map(self.run_one, [m for m in mutants if not m.done]))
			except BaseException:
				for process in Host.running:
					process.kill()
				pool.shutdown(wait=False, cancel_futures=True)
				raise


class Survivors:
	"""The list of those that are known to survive: CONFIGURATION[,...] MUTANT REASON."""

	def __init__(self, path, configuration):
		self.rows = []
		with open(path) as file:
			for number, line in enumerate(file, 1):
				words = line.split(None, 2)
				if words and not words[0].startswith("#") and \
				   (words[0] == "*" or configuration in words[0].split(",")):
					self.rows.append([words[1], words[2].strip(), 0, number])

	def reason(self, name, use=0):
		for row in self.rows:
			if fnmatch.fnmatchcase(name, row[0].replace("[", "[[]")):
				row[2] += use
				return row[1]
		return None


def id_rounds(mutants):
	"""Return (mutant, its parts) for fields that are flipped together, one a register."""
	fields = {}
	for m in mutants:
		if m.tests is ID_TESTS:
			fields.setdefault(m.register, []).append(m)
	parts = [[f[n] for f in fields.values() if n < len(f)]
		 for n in range(max(map(len, fields.values()), default=0))]
	return [(together(f"fields.{n}", p), p) for n, p in enumerate(parts)]


def backs(a, b):
	"""Does one survive because of the other, as its reason says?"""
	return re.search(rf"\b{re.escape(a.bit)}\b", b.expected)


def expected_groups(mutants, survivors):
	"""Return (mutant, its parts) for what is expected to survive.

	What traps twice must not lose both traps at once, hence a group for each kind.
	"""
	groups = []
	for m in mutants:
		m.expected = survivors.reason(m.name)
		if not m.expected:
			continue
		kind = next((k for k in ("fgu", "FG", "sysreg") if k in m.register), "other")
		kind += "(RW)" if m.name.endswith("(RW)") else ""
		for name, parts in groups:
			if name == kind and not any(backs(m, p) or backs(p, m) for p in parts):
				parts.append(m)
				break
		else:
			groups.append((kind, [m]))
	return [(together(f"{name}.{n}", parts), parts) for n, (name, parts) in enumerate(groups)]


def run_all(runner, mutants, survivors, regs):
	control = together("none", mutants)
	control.flips = [("vcpu", 0, 0)]
	groups, rounds = expected_groups(mutants, survivors), id_rounds(mutants)
	runner.run([control])
	if control.killer:
		sys.exit(f"without any error, there fails {control.killer}")
	runner.run([m for m, _ in groups + rounds])
	for mutant, parts in rounds:
		for m in parts:
			op0, op1, crn, crm, op2 = regs[m.register][0]
			case = f"pkvm_id_regs: S{op0}_{op1}_C{crn}_C{crm}_{op2}"
			m.killer = case if case in mutant.killers else None
			m.done = bool(m.killer)
	while groups:
		halves = []
		for mutant, parts in groups:
			for m in parts if not mutant.killer else []:
				m.done = True
			middle = len(parts) // 2
			halves += [(together(mutant.name, half), half) for half in
				   (parts[:middle], parts[middle:]) if mutant.killer and len(half) > 1]
		groups = halves
		runner.run([m for m, _ in groups])
	runner.run(mutants)


def mutate(configuration, pattern):
	"""Write a report and return whether all is well."""
	start = time.monotonic()
	regs, table = registers(), symbols()
	prefix = "__kvm_nvhe_"
	names = {"vcpu.kvm": "offsetof(struct kvm_vcpu, kvm)",
		 "protected": "offsetof(struct kvm, arch.pkvm.is_protected)",
		 "flags": "offsetof(struct kvm, arch.flags)",
		 "has_ids": "KVM_ARCH_FLAG_ID_REGS_INITIALIZED"}
	numbers = compiled(list(names.values()))
	where = {name: numbers[value] for name, value in names.items()}
	# struct pvm_sysreg is private to its file: encoding, dirs, and a pointer.
	where.update({"row": 16, "dirs": 4})
	for name in ("pvm_sysregs", "hyp_physvirt_offset", *BREAKPOINTS):
		where[name] = IMAGE + table.get(prefix + name, table.get(name)) - table["_text"]
	survivors = Survivors(os.path.join(TOOLS, "survivors"), configuration)
	mutants = [m for m in all_mutants(regs, where)
		   if fnmatch.fnmatchcase(m.name, pattern.replace("[", "[[]"))]
	if not mutants:
		sys.exit(f"T='{pattern}' names no mutant")
	runner = Runner(configuration, where)
	try:
		run_all(runner, mutants, survivors, regs)
	finally:
		for process in Host.running:
			process.kill()
		Host.running.clear()
	lines = []
	for m in mutants:
		reason = m.killer or survivors.reason(m.name, 1)
		lines.append((reason, m.name + (": " if m.killer else " survives: ") +
			      (reason or "nobody knows why")))
	if pattern == "*":
		lines += [(None, f"survivors:{row[3]}: {row[0]}: no such mutant survives")
			  for row in survivors.rows if not row[2]]
	report = os.path.join(BUILD, "results", f"mutants-{configuration}")
	with open(report, "w") as file:
		file.write(f"TAP version 13\n1..{len(lines)}\n")
		for number, (good, text) in enumerate(lines, 1):
			line = f"{'ok' if good else 'not ok'} {number} {text}\n"
			file.write(line)
			print("" if good else line, end="")
	noticed, bad = sum(bool(m.killer) for m in mutants), sum(not good for good, _ in lines)
	print(f"{configuration}: {noticed} noticed, {len(lines) - noticed - bad} survive for a "
	      f"reason, {bad} failed   {(time.monotonic() - start) / 60:.1f} min\n    {report}")
	return not bad


def main():
	signal.signal(signal.SIGTERM, signal.default_int_handler)
	good = [mutate(configuration, os.environ.get("T") or "*")
		for configuration in (os.environ.get("CPU") or "max").split()]
	return not all(good)


if __name__ == "__main__":
	sys.exit(main())
