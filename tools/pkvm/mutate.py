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
In each host, a test has to pass without any flip before it runs with one. That also
tells how long it takes there. A host that is lost, or a test that takes ten times as
long, is an error if it happens twice.
The report is TAP.
"""

import collections
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
import traceback

TOOLS = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD") or os.path.join(TOOLS, "../../build")
LINUX, KERNEL = os.path.join(BUILD, "linux"), os.path.join(BUILD, "kernel/release")

# The tests that are asked, the likeliest first. The sweep takes a moment if it is told
# where to look: at the registers that the bit traps, or at all that something can trap.
ID_TESTS = ["pkvm_id_regs"]
TRAP_TESTS = ["pkvm_traps", "pkvm_runs", "pkvm_irq", "pkvm_timer", "pkvm_id_regs"]
SWEEP = "pkvm_sysreg_sweep"

# QEMU's virt machine has the kernel there.
IMAGE = 0x40200000

# Functions of EL2 that have a vCPU in X0: it is new, it is loaded, it runs.
BREAKPOINTS = ["kvm_init_pvm_id_regs", "kvm_vcpu_load_fgt", "__kvm_vcpu_run"]

# What EL2 computes anew for each run. What it computes when it loads a vCPU stays till then.
EACH_RUN = r"ICH_HCR_EL2\.|HCR_EL2\.(TW[IE]|VSE)$"

# Trap registers, and what holds them: a member of struct kvm_vcpu or of struct kvm.
FGT = ["HFGRTR", "HFGWTR", "HFGITR", "HDFGRTR", "HDFGWTR", "HAFGRTR", "HFGRTR2", "HFGWTR2",
       "HFGITR2", "HDFGRTR2", "HDFGWTR2"]
TRAPS = [("HCR_EL2", "vcpu", "arch.hcr_el2"), ("HCRX_EL2", "vcpu", "arch.hcrx_el2"),
	 ("MDCR_EL2", "vcpu", "arch.mdcr_el2"),
	 ("ICH_HCR_EL2", "vcpu", "arch.vgic_cpu.vgic_v3.vgic_hcr"),
	 *((f"{r}_EL2", "vcpu", f"arch.fgt[{r}_GROUP].{'w' if 'W' in r else 'r'}") for r in FGT),
	 *((f"fgu({r}_EL2)", "kvm", f"arch.fgu[{r}_GROUP]") for r in FGT if "W" not in r)]


class Mutant:
	"""An error: a name, the tests to ask, and (where, offset, mask) of each flip."""

	def __init__(self, name, tests, flips):
		self.name, self.flips = name, flips
		self.register, _, self.bit = name.partition(".")
		self.killers, self.done, self.expected = [], False, None
		self.each_run = bool(re.match(EACH_RUN, name))
		# With a stop at each run, the sweep would take many minutes.
		self.tests = [test for test in tests if not self.each_run or SWEEP not in test]


def together(name, parts):
	mutant = Mutant(name, [test.split()[0] for test in parts[0].tests],
			[flip for m in parts for flip in m.flips])
	mutant.each_run = parts[0].each_run
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
					fields[bit] = words[2] + (f":{bit - int(low)}" if low else "")
			elif words and words[0].startswith("End") and words[0] != "EndEnum":
				fields = {}
	return found


def compiled(expressions):
	"""Return the values of {name: expression}, as the compiler of EL2's own code sees them."""
	with open(os.path.join(KERNEL, "arch/arm64/kvm/hyp/nvhe/.pkvm.nvhe.o.cmd")) as file:
		command = file.readline().partition(":=")[2].partition(" ; ")[0]
	command = [word for word in shlex.split(command) if not word.startswith("-Wp,")]
	source = "".join(f'asm volatile("\\n=> %c0" :: "i" ({e}));\n' for e in expressions.values())
	source = f"#include <linux/kvm_host.h>\n#include <nvhe/pkvm.h>\n" \
		 f"#include <asm/kvm_fixed_config.h>\nvoid all(void);\nvoid all(void)\n{{\n{source}}}\n"
	command[command.index("-c"):] = ["-S", "-o", "-", "-x", "c", "-"]
	text = subprocess.run(command, cwd=KERNEL, input=source, check=True, text=True,
			      stdout=subprocess.PIPE).stdout
	return dict(zip(expressions, map(int, re.findall(r"^=> (-?\d+)$", text, re.M))))


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
	text = subprocess.run(["aarch64-linux-gnu-nm", os.path.join(KERNEL, "vmlinux")],
			      check=True, text=True, stdout=subprocess.PIPE).stdout
	table = {words[-1]: int(words[0], 16) for words in map(str.split, text.splitlines())}
	for name in ("pvm_sysregs", "hyp_physvirt_offset", *BREAKPOINTS):
		at = table.get(f"__kvm_nvhe_{name}", table.get(name))
		where[name] = IMAGE + at - table["_text"]
	return where


def id_mutants(regs):
	rows = rows_of("include/asm/kvm_fixed_config.h", r"(?:[A-Z_]+)\((ID_AA64\w+)(?:, (\w+))?")
	fields = [(reg, field, bit) for reg, field in rows for bit, name in regs[reg][1].items()
		  if name in (field, f"{field}:0")]
	# What is hidden whole has fields of which the row does not tell.
	fields += [(reg, str(bit), bit) for reg in sorted({row[0] for row in rows} -
							  {field[0] for field in fields})
		   for bit in range(0, 64, 4)]
	at = compiled({reg: f"offsetof(struct kvm, arch.id_regs[IDREG_IDX(SYS_{reg})])"
		       for reg, _ in rows})
	return [Mutant(f"{reg}.{name}", ID_TESTS, [("kvm", at[reg], 1 << bit)])
		for reg, name, bit in fields]


def trap_tests(encodings):
	"""Have the sweep look there; one encoding of each op0, op1 and CRn will do."""
	parts = {encoding >> 12: encoding for encoding in encodings}
	tests = [" ".join([SWEEP, *map(hex, sorted(parts.values()))]), *TRAP_TESTS]
	return tests if len(parts) < 10 else tests[1:] + tests[:1]


def trap_mutants(regs):
	rows = rows_of("kvm/emulate-nested.c", r"SR_(?:FG[TF]|TRAP)\(ENC,\s*(\w+)(?:,\s*(\w+))?")
	values = compiled({name: name for name, _, _ in rows})
	by_bit = {}
	for name, group, bit in rows:
		by_bit.setdefault((group, bit), []).append(values[name])
	# What is implementation defined has no names.
	everything = [value for value in values.values() if value >> 16 & 7 < 4] + \
		     [op0 << 19 | op1 << 16 | crn << 12 for op0 in (1, 3) for op1 in range(8)
		      for crn in (11, 15)]
	at = compiled({name: f"offsetof(struct kvm{'_vcpu' * (base == 'vcpu')}, {member})"
		       for name, base, member in TRAPS})
	for name, base, _ in TRAPS:
		reg = name.removeprefix("fgu(").removesuffix(")")
		bits = dict(regs[reg][1])
		if reg != name:
			bits.update(regs.get(reg.replace("RTR", "WTR"), regs[reg])[1])
		group = reg.replace("WTR", "RTR").removesuffix("_EL2")
		for bit, field in sorted(bits.items()):
			yield Mutant(f"{name}.{field}", trap_tests(by_bit.get((group, field), everything)),
				     [(base, at[name], 1 << bit)])


def sysreg_mutants(where):
	"""Change the rows, with their directions, of what EL2 handles for the guest."""
	rows = rows_of("kvm/hyp/nvhe/sys_regs.c", r"PVM_SYSREG\(ENC, (\w+),")
	values = compiled({name: f"SYS_{name}" for name, _ in rows})
	for number, (name, directions) in enumerate(rows, 1):
		# struct pvm_sysreg is private to its file: encoding, dirs, and a pointer.
		at, bits = where["pvm_sysregs"] + 16 * number + 4, {"WO": 1, "RO": 2, "RW": 3}[directions]
		tests = trap_tests([values[name]])
		yield Mutant(f"sysreg.{name}", tests, [("memory", at, bits)])
		if directions != "RW":
			yield Mutant(f"sysreg.{name}(RW)", tests, [("memory", at, 3 ^ bits)])


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
					 for t in {SWEEP, *ID_TESTS, *TRAP_TESTS})
		subprocess.run([os.path.join(TOOLS, "boot.sh"), "run", name, configuration, KERNEL,
				os.path.join(BUILD, "selftests"), plan], check=True,
			       env=dict(os.environ, BUILD=BUILD, ONLY_PREPARE="1"))
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
		"""A vCPU is new, or it runs: then flip what EL2 has computed for it."""
		thread = re.search(r"thread:(\w+)", stop).group(1)
		pc, vcpu = self.gdb.number("p20"), self.gdb.number("p0")
		kvm, run = self.gdb.read(vcpu + self.where["vcpu.kvm"]), self.at["__kvm_vcpu_run"]
		protected = self.gdb.read(kvm + self.where["protected"], 1)
		if protected and pc == self.at["kvm_init_pvm_id_regs"]:
			# It is the VM's first vCPU, if the VM has no ID registers yet.
			flags = self.gdb.read(kvm + self.where["flags"])
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
		masks = {}
		for where, offset, mask in self.mutant.flips:
			masks[where, offset] = masks.get((where, offset), 0) | mask
		for (where, offset), mask in masks.items():
			at = bases[where]
			value = self.gdb.read(at + offset)
			want = self.want.setdefault((at, offset), ~value & mask)
			if value & mask != want:
				self.gdb.write(at + offset, value & ~mask | want)

	def switch(self, letter):
		"""Change what is in memory, which also undoes it, and insert or remove breakpoints."""
		self.pause()
		for at, mask in [flip[1:] for flip in self.mutant.flips if flip[0] == "memory"]:
			self.memory(lambda: self.gdb.write(at, self.gdb.read(at) ^ mask))
		if any(flip[0] != "memory" for flip in self.mutant.flips):
			for name in BREAKPOINTS if letter == "z" else BREAKPOINTS[:2]:
				self.gdb.ask(f"{letter}0,{self.at[name]:x},4")
		self.gdb.send("c")

	def run(self, test, mutant, all_cases=False):
		"""Return what fails of @test with @mutant, and how long it took."""
		self.mutant, self.want, self.loaded = mutant, {}, set()
		self.switch("Z")
		self.results.sendall(f"{self.limit} test /tests/{test}\n".encode())
		bad, outcome, line, seconds = [], "", "", 0.0
		while not re.match(r"(not )?ok \d+ test", line):
			line = self.line()
			if line.startswith("    # outcome: "):
				outcome = line[6:]
			elif line.startswith("    # seconds: "):
				seconds = float(line.split()[2])
			elif re.match(r"    (not ok|# .*: (KVM_RUN: |the guest ))", line):
				bad.append(re.sub(r"^    (not ok \d+|#) ", "", line))
				if not all_cases and len(bad) == 1:
					self.results.sendall(b"stop\n")
		if not bad and outcome.startswith("outcome: no end"):
			raise OSError(outcome[9:])
		self.switch("z")
		if not bad and line.startswith("not"):
			bad = [outcome]
		return [f"{test.split()[0]}: {case}" for case in bad], seconds

	def ask(self, test, mutant):
		"""Return what fails of @test with @mutant, and does not fail without."""
		kind = test.split()[0], len(test.split()), mutant.each_run, mutant.flips[0][0] != "memory"
		if kind not in self.limits:
			# This changes nothing, and is as slow as what does.
			control = Mutant("none", [], [("vcpu", 0, 0)] * kind[3])
			control.each_run, self.limit = mutant.each_run, 300
			bad, seconds = self.run(test, control)
			if bad:
				sys.exit(f"without any error, there fails {bad[0]}")
			self.limits[kind] = max(10, round(10 * seconds))
		self.limit = self.limits[kind]
		return self.run(test, mutant, mutant.name.startswith("fields."))[0]


class Runner:
	"""Runs mutants in several hosts side by side."""

	def __init__(self, configuration, where):
		self.new_host = lambda slot: Host(configuration, slot, where)
		jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
		self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
		self.slots = queue.SimpleQueue()
		for slot in range(jobs):
			self.slots.put((slot, None))

	def run_one(self, mutant):
		slot, host = self.slots.get()
		tests, lost = list(mutant.tests), 0
		while tests and not mutant.killers:
			host = host or self.new_host(slot)
			try:
				mutant.killers = host.ask(tests[0], mutant)
				tests.pop(0)
			except OSError as error:
				# That may be by chance, or by what ran before: ask a new host, too.
				lost += host.mutant is mutant
				if lost == 2:
					mutant.killers = [f"{tests[0].split()[0]}: {error}"]
				host.end()
				host = None
		mutant.done = True
		if os.environ.get("VERBOSE"):
			print(f"{time.strftime('%T')} {mutant.name}: {mutant.killers[:1]}",
			      file=sys.stderr, flush=True)
		self.slots.put((slot, host))

	def run(self, mutants):
		list(self.pool.map(self.run_one, [m for m in mutants if not m.done]))


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


def run_all(runner, mutants, regs):
	"""Have all mutants done, those together that can be."""
	rounds, groups, count = {}, [], collections.Counter()
	for m in mutants:
		if m.tests == ID_TESTS:
			rounds.setdefault(count[m.register], []).append(m)
			count[m.register] += 1
		elif m.expected:
			# What traps twice must keep one trap.
			kind = re.match(r"fgu|H\w*FG|\w+", m.name).group(), m.name[-4:] == "(RW)", m.each_run
			for at, parts in groups:
				if at == kind and not any(backs(m, p) or backs(p, m) for p in parts):
					parts.append(m)
					break
			else:
				groups.append((kind, [m]))
	rounds = [(together(f"fields.{n}", parts), parts) for n, parts in rounds.items()]
	runner.run([m for m, _ in rounds])
	for mutant, parts in rounds:
		for m in parts:
			op0, op1, crn, crm, op2 = regs[m.register][0]
			case = f"pkvm_id_regs: S{op0}_{op1}_C{crn}_C{crm}_{op2}"
			m.killers = [case] if case in mutant.killers else []
			m.done = bool(m.killers)
	groups = [(together(kind[0], parts), parts) for kind, parts in groups]
	while groups:
		runner.run([m for m, _ in groups])
		halves = []
		for mutant, parts in groups:
			for m in parts if not mutant.killers else []:
				m.done = True
			# Neighbours often trap the same.
			halves += [(together(mutant.name, half), half) for half in
				   (parts[::2], parts[1::2]) if mutant.killers and len(half) > 1]
		groups = halves
	runner.run(mutants)


def mutate(configuration, pattern):
	"""Write a report and return the exit status."""
	start, regs, where, rows = time.monotonic(), registers(), places(), survivors(configuration)
	mutants = [m for m in (*id_mutants(regs), *trap_mutants(regs), *sysreg_mutants(where))
		   if fnmatch.fnmatchcase(m.name, pattern)]
	for m in mutants:
		m.expected = next((row for row in rows if fnmatch.fnmatchcase(m.name, row[1])), None)
	run_all(Runner(configuration, where), mutants, regs)
	lines, noticed = [], sum(bool(m.killers) for m in mutants)
	for m in mutants:
		why = m.killers[0] if m.killers else m.expected and m.expected[2]
		lines.append((why, f"{m.name}{'' if m.killers else ' survives'}: {why or 'nobody knows why'}"))
	unused = set(rows) - {m.expected for m in mutants if not m.killers}
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
