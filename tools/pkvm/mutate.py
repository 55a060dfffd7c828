#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show that the tests notice an error in anything that EL2 decides for a protected VM.

usage: mutate.py	with, from the environment (make passes them on)
	T=PATTERN	only errors of that name: 'HCR_EL2.*', 'sysreg.*'
	CPU=NAME	in this configuration, instead of max

An error is put in from outside, through QEMU's debug port: the kernel is the one
that `make check` tests. A breakpoint where EL2 loads a vCPU, or runs it, flips a bit of
the VM's ID registers, of its fine-grained UNDEFs, or of the vCPU's trap registers;
a row of EL2's table of trapped registers is changed in memory. Then tests run until
one fails, and the report names the case. What no test notices survives, and has to be
in the list `survivors` with the reason; a line there that explains nothing has to go.

Errors come together where the tests tell them apart, since a line that fails names the
register, and where they are expected to survive. If the tests notice more than they
name, each half is asked, down to one error. The host has one CPU, so that nothing else
runs while the debug port stops it. In each host, a test has to pass without any flip
before it runs with one. That also tells how long it takes there. A host that is lost, or
a test that takes ten times as long, is an error if it happens twice.
The report is TAP.
"""

import concurrent.futures
import fnmatch
import itertools
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

TOOLS = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD") or os.path.join(TOOLS, "../../build")
LINUX, KERNEL = os.path.join(BUILD, "linux"), os.path.join(BUILD, "kernel/release")

# The tests that are asked, the likeliest first. The sweep takes a moment if it is told
# where to look: at the registers that the bit traps, or at all that something can trap.
ID_TEST, SWEEP = "pkvm_id_regs", "pkvm_sysreg_sweep"
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_irq", "pkvm_timer", ID_TEST]

# QEMU's virt machine has the kernel there.
IMAGE = 0x40200000

# Functions of EL2 that have a vCPU in X0: it is new; it is loaded, and next come the
# traps that the VM makes; they are there; it runs.
NEW, LOAD, LOADED, RUN = BREAKPOINTS = \
	["kvm_init_pvm_id_regs", "kvm_vcpu_load_fgt", "__timer_load_cntvoff", "__kvm_vcpu_run"]

# What EL2 computes anew for each run. What it computes when it loads a vCPU stays till then.
EACH_RUN = r"ICH_HCR_EL2\.|HCR_EL2\.(TW[IE]|VSE)$"

# Errors of which a test that fails names the register, or the field of an ID register.
NAMED = r"ID_|H\w*FG|fgu|sysreg"
NAME = r"(S\d(?:_C?\d+){4})(?: .*\(bit (\d+)\))?"
# A guest does not run without these: they would hide what comes with them.
ALONE = r"\.(CPACR|ESR|FAR|MAIR|SCTLR|TCR|TPIDR(RO)?|TTBR0|VBAR)_EL[01]$|\.(ICIVAU|TLBIVMALLE1)$"

# Trap registers, and what holds them: a member of struct kvm_vcpu or of struct kvm.
FGT = ["HFGRTR", "HFGWTR", "HFGITR", "HDFGRTR", "HDFGWTR", "HAFGRTR", "HFGRTR2", "HFGWTR2",
       "HFGITR2", "HDFGRTR2", "HDFGWTR2"]
TRAPS = [("HCR_EL2", "vcpu", "arch.hcr_el2"), ("HCRX_EL2", "vcpu", "arch.hcrx_el2"),
	 ("MDCR_EL2", "vcpu", "arch.mdcr_el2"),
	 ("ICH_HCR_EL2", "vcpu", "arch.vgic_cpu.vgic_v3.vgic_hcr"),
	 *((f"{r}_EL2", "vcpu", f"arch.fgt[{r}_GROUP].{'w' if 'W' in r else 'r'}") for r in FGT),
	 *((f"fgu({r}_EL2)", "kvm", f"arch.fgu[{r}_GROUP]") for r in FGT if "W" not in r)]


class Mutant:
	"""An error: a name, the bits that flip, and the encodings that this is about."""

	def __init__(self, name, base, offset, mask, encodings):
		self.name, self.base, self.offset, self.mask = name, base, offset, mask
		self.register, _, self.bit = name.partition(".")
		self.encodings = encodings
		field = str(mask.bit_length() - 1 & ~3) if name.startswith("ID_") else ""
		self.names = {(f"S{e >> 19}_{e >> 16 & 7}_C{e >> 12 & 15}_C{e >> 8 & 15}_{e >> 5 & 7}", field)
			      for e in encodings if re.match(NAMED, name)}
		self.each_run = bool(re.match(EACH_RUN, name))
		self.killer = self.expected = None


def tests_of(mutants):
	if all(m.name.startswith("ID_") for m in mutants):
		return [ID_TEST]
	if mutants[0].each_run:
		# With a stop at each run, the sweep would take many minutes.
		return list(TRAP_TESTS)
	# One encoding of each op0, op1 and CRn will do.
	parts = {encoding >> 12: encoding for m in mutants for encoding in m.encodings}
	if all(m.encodings for m in mutants) and len(parts) < 40:
		return [" ".join([SWEEP, *map(hex, sorted(parts.values()))]), *TRAP_TESTS]
	return [*TRAP_TESTS, SWEEP]


def registers():
	"""Return {register: {bit: name}}, from the file that has them all."""
	found, fields = {}, None
	with open(os.path.join(LINUX, "arch/arm64/tools/sysreg")) as file:
		for words in map(str.split, file):
			if words[:1] == ["Sysreg"]:
				fields = found[words[1]] = {}
			elif words and words[0] in ("Field", "UnsignedEnum", "SignedEnum", "Enum"):
				high, _, low = words[1].partition(":")
				for bit in range(int(low or high), int(high) + 1):
					fields[bit] = words[2] + (f":{bit - int(low)}" if low else "")
			elif words and words[0].startswith("End") and words[0] != "EndEnum":
				fields = {}
	return found


def output(*command, **how):
	"""Return what a command prints."""
	return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **how).stdout


def compiled(expressions, kernel=KERNEL):
	"""Return the values of {name: expression}, as the compiler of EL2's own code sees them."""
	with open(os.path.join(kernel, "arch/arm64/kvm/hyp/nvhe/.pkvm.nvhe.o.cmd")) as file:
		command = file.readline().partition(":=")[2].partition(" ; ")[0]
	command = [word for word in shlex.split(command) if not word.startswith("-Wp,")]
	source = "".join(f'asm volatile("\\n=> %c0" :: "i" ({e}));\n' for e in expressions.values())
	source = f"#include <linux/kvm_host.h>\n#include <nvhe/pkvm.h>\n" \
		 f"void all(void);\nvoid all(void)\n{{\n{source}}}\n"
	command[command.index("-c"):] = ["-S", "-o", "-", "-x", "c", "-"]
	text = output(*command, cwd=kernel, input=source)
	return dict(zip(expressions, map(int, re.findall(r"^=> (-?\d+)$", text, re.M))))


def symbols(kernel):
	"""Return the addresses of a kernel's symbols."""
	text = output("aarch64-linux-gnu-nm", os.path.join(kernel, "vmlinux"))
	return {name: int(at, 16) for at, _, name in map(str.split, text.splitlines())}


def rows_of(path, pattern):
	"""Return what @pattern finds at the beginnings of lines; ENC is a register's name."""
	with open(os.path.join(LINUX, "arch/arm64", path)) as file:
		return re.findall(r"^\t" + pattern.replace("ENC", r"((?:[^,()]|\(\d+\))+)"),
				  file.read(), re.M)


def places():
	"""Return {name: where it is} of what is read or changed in a host."""
	where = compiled({"vcpu.kvm": "offsetof(struct kvm_vcpu, kvm)",
			  "protected": "offsetof(struct kvm, arch.pkvm.is_protected)",
			  "flags": "offsetof(struct kvm, arch.flags)",
			  "has_ids": "KVM_ARCH_FLAG_ID_REGS_INITIALIZED"})
	table = symbols(KERNEL)
	for name in ("pvm_sysregs", "hyp_physvirt_offset", *BREAKPOINTS):
		at = table.get(f"__kvm_nvhe_{name}", table.get(name))
		where[name] = IMAGE + at - table["_text"]
	return where


def id_mutants(regs):
	rows = rows_of("include/asm/kvm_fixed_config.h", r"(?:[A-Z_]+)\((ID_AA64\w+)(?:, (\w+))?")
	fields = [(reg, field, bit) for reg, field in rows for bit, name in regs[reg].items()
		  if name in (field, f"{field}:0")]
	# What is hidden whole has fields of which the row does not tell.
	fields += [(reg, str(bit), bit) for reg in sorted({row[0] for row in rows} -
							  {field[0] for field in fields})
		   for bit in range(0, 64, 4)]
	values = compiled({reg: f"SYS_{reg}" for reg, _ in rows})
	at = compiled({reg: f"offsetof(struct kvm, arch.id_regs[IDREG_IDX(SYS_{reg})])" for reg in values})
	return [Mutant(f"{reg}.{name}", "kvm", at[reg], 1 << bit, [values[reg]])
		for reg, name, bit in fields]


def trap_mutants(regs):
	rows = rows_of("kvm/emulate-nested.c", r"SR_(?:FG[TF]|TRAP)\(ENC,\s*(\w+)(?:,\s*(\w+))?")
	values = compiled({name: name for name, _, _ in rows})
	by_bit = {}
	for name, group, bit in rows:
		# CGT_HCR_TID2_TID4 is about two bits.
		coarse, _, bits = group.replace("CGT_ICH_", "CGT_ICH-").removeprefix("CGT_").partition("_")
		for field in [bit] if bit else bits.split("_"):
			by_bit.setdefault((group if bit else coarse.replace("-", "_"), field),
					  []).append(values[name])
	at = compiled({name: f"offsetof(struct kvm{'_vcpu' * (base == 'vcpu')}, {member})"
		       for name, base, member in TRAPS})
	for name, base, _ in TRAPS:
		reg = name.removeprefix("fgu(").removesuffix(")")
		bits = dict(regs[reg])
		if reg != name:
			bits.update(regs.get(reg.replace("RTR", "WTR"), {}))
		group = reg.replace("WTR", "RTR").removesuffix("_EL2")
		for bit, field in sorted(bits.items()):
			yield Mutant(f"{name}.{field}", base, at[name], 1 << bit,
				     by_bit.get((group, field), []))


def sysreg_mutants(where):
	"""Change the rows, with their directions, of what EL2 handles for the guest."""
	rows = rows_of("kvm/hyp/nvhe/sys_regs.c", r"PVM_SYSREG\(ENC, (\w+),")
	values = compiled({name: f"SYS_{name}" for name, _ in rows})
	for number, (name, directions) in enumerate(rows, 1):
		# struct pvm_sysreg is private to its file: encoding, dirs, and a pointer.
		at, bits = where["pvm_sysregs"] + 16 * number + 4, {"WO": 1, "RO": 2, "RW": 3}[directions]
		yield Mutant(f"sysreg.{name}", "memory", at, bits, [values[name]])
		if directions != "RW":
			yield Mutant(f"sysreg.{name}(RW)", "memory", at, 3 ^ bits, [values[name]])


class Gdb:
	"""QEMU's debug port, which takes the next packet for the acknowledgement of the last."""

	def __init__(self, connection):
		self.socket, self.data = connection, b""

	def receive(self):
		"""Return the next packet, or None if it is not complete."""
		more = self.socket.recv(65536)
		if not more:
			raise OSError("the host did not survive")
		self.data += more
		found = re.match(rb"[^$]*\$([^#]*)#..", self.data, re.S)
		if not found:
			return None
		self.data = self.data[found.end():]
		return found.group(1).decode()

	def send(self, text):
		self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))

	def answer(self):
		packet = None
		while packet is None:
			if not select.select([self.socket], [], [], 60)[0]:
				raise OSError("the debug port is silent")
			packet = self.receive()
		return packet

	def ask(self, text):
		self.send(text)
		answer = self.answer()
		if re.fullmatch(r"E\d\d", answer) and text[0] != "z":
			raise OSError(f"{text}: {answer}")
		return answer

	def number(self, text):
		return int.from_bytes(bytes.fromhex(self.ask(text)), "little")

	def read(self, at, size=8):
		return self.number(f"m{at:x},{size}")

	def write(self, at, value):
		self.ask(f"M{at:x},8:{value.to_bytes(8, 'little').hex()}")


class Host:
	"""One boot, and the port through which it is told what to run."""

	running = set()

	def __init__(self, configuration, slot, where):
		name = f"mutate-{configuration}-{slot}"
		self.where, self.text, self.limit, self.limits = where, b"", 120, {}
		plan = os.path.join(BUILD, "plans", name)
		os.makedirs(os.path.dirname(plan), exist_ok=True)
		with open(plan, "w") as file, open(f"{plan}.files", "w") as files:
			file.write("remote\n")
			files.writelines(f"file /tests/{t} {BUILD}/selftests/kvm/arm64/{t} 755 0 0\n"
					 for t in [SWEEP, *TRAP_TESTS])
		subprocess.run([os.path.join(TOOLS, "boot.sh"), "run", name, configuration, KERNEL,
				os.path.join(BUILD, "selftests"), plan], check=True,
			       env=dict(os.environ, BUILD=BUILD, ONLY_PREPARE="1", VCPUS="1"))
		results = os.path.join(BUILD, "results", name)
		with open(os.path.join(results, "qemu.sh")) as file:
			command = shlex.split(file.read().splitlines()[1])[1:]
		self.results, port = socket.socketpair()
		gdb, gdb_port = socket.socketpair()
		command = [f"socket,id=results,fd={port.fileno()}"
			   if word.startswith("file,id=results") else word for word in command]
		command += ["-chardev", f"socket,id=gdb,fd={gdb_port.fileno()}", "-gdb", "chardev:gdb"]
		with open(os.path.join(results, "qemu.log"), "w") as log, port, gdb_port:
			self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
							stderr=log, pass_fds=(port.fileno(),
									      gdb_port.fileno()))
		self.running.add(self.process)
		self.gdb = Gdb(gdb)
		while self.line() != "1..0":
			pass
		self.pause()
		offset = self.memory(lambda: self.gdb.read(where["hyp_physvirt_offset"]))
		self.at = {name: where[name] - offset & (1 << 64) - 1 for name in BREAKPOINTS}
		self.gdb.send("c")

	def end(self):
		self.process.kill()
		self.process.wait()
		self.running.discard(self.process)

	def pause(self):
		self.gdb.socket.sendall(b"\x03")
		self.gdb.answer()

	def memory(self, function):
		"""Call @function with addresses that are physical."""
		self.gdb.ask("Qqemu.PhyMemMode:1")
		value = function()
		self.gdb.ask("Qqemu.PhyMemMode:0")
		return value

	def line(self):
		"""Wait for the next line of the report."""
		while b"\n" not in self.text:
			ready = select.select([self.results, self.gdb.socket], [], [], self.limit + 10)[0]
			if not ready:
				raise OSError("the host is silent")
			stop = self.gdb.receive() if self.gdb.socket in ready else None
			if stop:
				self.at_breakpoint(stop)
			if self.results in ready:
				more = self.results.recv(65536)
				if not more:
					raise OSError("the host did not survive")
				self.text += more
		line, _, self.text = self.text.partition(b"\n")
		return line.decode(errors="replace")

	def at_breakpoint(self, stop):
		"""A vCPU is new, or it comes to run: then flip what EL2 has computed for it."""
		pc, vcpu = self.gdb.number("p20"), self.gdb.number("p0")
		kvm = self.gdb.read(vcpu + self.where["vcpu.kvm"])
		protected = self.gdb.read(kvm + self.where["protected"], 1)
		if protected and pc == self.at[NEW]:
			# It is the VM's first vCPU, if the VM has no ID registers yet.
			flags = self.gdb.read(kvm + self.where["flags"])
			gone = (vcpu,) if flags >> self.where["has_ids"] & 1 else (vcpu, kvm)
			self.want = {k: v for k, v in self.want.items() if k[0] not in gone}
		elif protected:
			self.flip({"vcpu": vcpu, "kvm": kvm})
		# A step passes the breakpoint that is there.
		self.gdb.ask("vCont;s" + re.search(r"thread(:\w+)", stop).group(1))
		self.gdb.send("c")

	def flip(self, bases):
		"""Flip what is not flipped yet: EL2 computes some of it anew, and the host has a say."""
		masks = {}
		for m in self.mutants:
			at = bases[m.base], m.offset
			masks[at] = masks.get(at, 0) | m.mask
		for at, mask in masks.items():
			value = self.gdb.read(sum(at))
			want = self.want.setdefault(at, ~value & mask)
			if value & mask != want:
				self.gdb.write(sum(at), value & ~mask | want)

	def switch(self, letter):
		"""Change what is in memory, which also undoes it, and insert or remove breakpoints."""
		self.pause()
		for m in self.mutants:
			if m.base == "memory":
				self.memory(lambda: self.gdb.write(m.offset, self.gdb.read(m.offset) ^ m.mask))
		kinds = {RUN if m.each_run else LOAD if m.base == "kvm" else LOADED
			 for m in self.mutants if m.base != "memory"}
		for name in {NEW, *kinds} if kinds else ():
			self.gdb.ask(f"{letter}0,{self.at[name]:x},4")
		self.gdb.send("c")

	def run(self, test, mutants):
		"""Return what fails of @test with @mutants, and how long it took."""
		self.mutants, self.want = mutants, {}
		self.switch("Z")
		self.results.sendall(f"{self.limit} test /tests/{test}\n".encode())
		bad, outcome, line, seconds = [], "", "", 0.0
		go_on = len(mutants) > 1 and test.split()[0] in (SWEEP, ID_TEST)
		while not re.match(r"(not )?ok \d+ test", line):
			line = self.line()
			fatal = re.match(r"    # .*(KVM_RUN: |the guest )", line)
			if line.startswith("    # outcome: "):
				outcome = line[6:]
			elif line.startswith("    # seconds: "):
				seconds = float(line.split()[2])
			elif fatal or re.match(r"    (not ok|# (\S+ )?S\d_\d_C\d)", line):
				bad.append(re.sub(r"^    (not ok \d+|#) ", "", line))
				if fatal or (len(bad) == 1 and not go_on):
					self.results.sendall(b"stop\n")
		if not bad and outcome.startswith("outcome: no end") and len(mutants) == 1:
			raise OSError(outcome[9:])
		self.switch("z")
		if not bad and line.startswith("not"):
			bad = [outcome]
		return [f"{test.split()[0]}: {case}" for case in bad], seconds

	def ask(self, test, mutants):
		"""Return what fails of @test with @mutants, and does not fail without."""
		kind = test.split()[0], len(test.split()) // 8, mutants[0].each_run
		if kind not in self.limits:
			# This changes nothing, and is as slow as what does.
			control = Mutant("none", "vcpu", 0, 0, [])
			control.each_run, self.limit = mutants[0].each_run, 300
			bad, seconds = self.run(test, [control])
			if bad:
				sys.exit(f"without any error, there fails {bad[0]}")
			self.limits[kind] = seconds
		# That many are not lost by a host that is slow, just asked again.
		self.limit = round(max(15, 10 * self.limits[kind]) if len(mutants) == 1 else
				   max(4, 4 * self.limits[kind]))
		return self.run(test, mutants)[0]


class Runner:
	"""Runs mutants in several hosts side by side, one in each thread."""

	def __init__(self, configuration, where):
		self.configuration, self.where, self.numbers = configuration, where, itertools.count()
		self.thread = threading.local()
		self.pool = concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or
								      os.cpu_count() or 1))

	def ask(self, test, mutants):
		lost, start = 0, time.monotonic()
		while lost < 2:
			host = getattr(self.thread, "host", None) or \
			       Host(self.configuration, next(self.numbers), self.where)
			self.thread.host = host
			try:
				killers = host.ask(test, mutants)
				break
			except OSError as error:
				# That may be by chance, or by what ran before: ask a new host, too.
				lost += host.mutants is mutants
				killers = [f"{test.split()[0]}: {error}"]
				host.end()
				self.thread.host = None
		if os.environ.get("VERBOSE"):
			print(f"{time.strftime('%T')} {time.monotonic() - start:5.1f} s {lost} lost {test[:40]} "
			      f"{len(mutants)} {mutants[0].name}: {killers[:1]}", file=sys.stderr, flush=True)
		return killers

	def solve(self, mutants):
		"""Find out which of @mutants the tests notice."""
		tests = tests_of(mutants)
		while mutants and tests:
			killers = self.ask(tests[0], mutants)
			if not killers:
				tests.pop(0)
			elif len(mutants) == 1:
				mutants[0].killer = killers[0]
				return
			else:
				for m in mutants:
					m.killer = next((k for k in killers if m.names & set(re.findall(NAME, k))), None)
				rest = [m for m in mutants if not m.killer]
				if len(rest) == len(mutants):
					# Neighbours often trap the same.
					self.solve(mutants[::2])
					self.solve(mutants[1::2])
					return
				mutants = rest

	def run(self, groups):
		list(self.pool.map(self.solve, groups))


def survivors(configuration):
	"""Return (number, pattern, reason) of the list's lines for this configuration."""
	with open(os.path.join(TOOLS, "survivors")) as file:
		rows = [(number, *line.strip().split(None, 2)) for number, line in enumerate(file, 1)
			if line[0] not in "#\n"]
	return [(number, *row) for number, where, *row in rows
		if where == "*" or configuration in where.split(",")]


def backs(a, b):
	"""Does one survive because of the other, as its reason says?"""
	return re.search(rf"\b{re.escape(a.bit)}\b", b.expected[2])


def groups_of(mutants):
	"""Return lists of mutants that can come together."""
	groups = []
	for m in mutants:
		kind = re.match(r"ID_|sysreg|fgu|H\w*FG|\w+", m.name).group(), m.name[-4:] == "(RW)", \
		       m.each_run, bool(m.expected)
		if not m.expected and (not m.names or re.search(ALONE, m.name)):
			groups.append((None, [m]))
			continue
		for at, parts in groups:
			# What traps twice must keep one trap, and two errors must not have one name.
			if at == kind and not any(backs(m, p) or backs(p, m) if m.expected else
						  m.names & p.names for p in parts) and \
			   (m.expected or kind[0] == "ID_" or len(parts) < 8):
				parts.append(m)
				break
		else:
			groups.append((kind, [m]))
	return [parts for _, parts in sorted(groups, key=lambda group: -len(group[1]))]


def mutate(configuration, pattern):
	"""Write a report and return the exit status."""
	start, regs, where, rows = time.monotonic(), registers(), places(), survivors(configuration)
	mutants = [m for m in (*id_mutants(regs), *trap_mutants(regs), *sysreg_mutants(where))
		   if fnmatch.fnmatchcase(m.name, pattern)]
	for m in mutants:
		m.expected = next((row for row in rows if fnmatch.fnmatchcase(m.name, row[1])), None)
	Runner(configuration, where).run(groups_of(mutants))
	lines, noticed = [], sum(bool(m.killer) for m in mutants)
	for m in mutants:
		why = m.killer or m.expected and m.expected[2]
		lines.append((why, f"{m.name}{'' if m.killer else ' survives'}: {why or 'nobody knows why'}"))
	unused = set(rows) - {m.expected for m in mutants if not m.killer}
	lines += [(None, f"survivors:{number}: {name}: no such mutant survives")
		  for number, name, _ in sorted(unused) if pattern == "*"]
	report = os.path.join(BUILD, "results", f"mutants-{configuration}")
	with open(report, "w") as file:
		file.write(f"TAP version 13\n1..{len(lines)}\n")
		for number, (good, text) in enumerate(lines, 1):
			line = f"{'ok' if good else 'not ok'} {number} {text}\n"
			file.write(line)
			print("" if good else line, end="")
	bad = sum(not good for good, _ in lines)
	print(f"{configuration}: {noticed} noticed, {len(lines) - noticed - bad} survive for a "
	      f"reason, {bad} failed   {(time.monotonic() - start) / 60:.1f} min\n    {report}")
	return bad or not mutants


def main():
	signal.signal(signal.SIGTERM, signal.default_int_handler)
	status = 1
	try:
		status = mutate(os.environ.get("CPU") or "max", os.environ.get("T") or "*")
	except BaseException:
		traceback.print_exc()
	# Threads may still wait for their hosts.
	for process in Host.running:
		process.kill()
	sys.stdout.flush()
	os._exit(bool(status))


if __name__ == "__main__":
	main()
