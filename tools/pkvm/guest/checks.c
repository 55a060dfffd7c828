// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a distribution's kernel and its processes find on the CPU of a guest.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "guest.h"

#define fail(...)	({ snprintf(why, WHY_MAX, __VA_ARGS__); FAIL; })
#define skip(...)	({ snprintf(why, WHY_MAX, __VA_ARGS__); SKIP; })

/* AT_HWCAP and AT_HWCAP2, by the names that the architecture has for them. */
#define HAS_FP		(1UL << 0)
#define HAS_ASIMD	(1UL << 1)
#define HAS_SVE		(1UL << 22)
#define HAS_PACA	(1UL << 30)
#define HAS_PACG	(1UL << 31)
#define HAS2_SVE2	(1UL << 1)
#define HAS2_MTE	(1UL << 18)
#define HAS2_SME	(1UL << 23)
#define HAS2_POE	(1UL << 63)

int online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static enum outcome check_cpus(const struct expected *expected, char *why)
{
	int cpu;

	if (online_cpus() != expected->cpus)
		return fail("%d of %d CPUs are online", online_cpus(), expected->cpus);
	for (cpu = 0; cpu < expected->cpus; cpu++) {
		if (move_to(cpu) || sched_getcpu() != cpu)
			return fail("CPU %d runs no process", cpu);
	}
	return PASS;
}

static enum outcome check_hidden(const struct expected *expected, char *why)
{
	unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);

	if (!expected->protected)
		return skip("this guest is not protected");
	if (caps & HAS_SVE || caps2 & HAS2_SVE2)
		return fail("the kernel found SVE");
	if (caps2 & HAS2_MTE)
		return fail("the kernel found MTE");
	if (caps2 & HAS2_SME)
		return fail("the kernel found SME");
	if (caps2 & HAS2_POE)
		return fail("the kernel found POE");
	if (!(caps & HAS_FP) || !(caps & HAS_ASIMD))
		return fail("the kernel found no FP and AdvSIMD");
	return PASS;
}

static enum outcome check_pauth(const struct expected *expected, char *why)
{
	unsigned long caps = getauxval(AT_HWCAP);
	uintptr_t pointer = (uintptr_t)&caps, signed_pointer = pointer;

	if (!!(caps & HAS_PACA) != expected->pauth || !!(caps & HAS_PACG) != expected->pauth)
		return fail("PAuth: the kernel has %s, the VM %s",
			    caps & HAS_PACA ? "it" : "none", expected->pauth ? "it" : "none");
	if (!expected->pauth)
		return PASS;

	/* PACIZA and AUTIZA, without asking the assembler for PAuth. */
	asm volatile(
		"	mov	x0, %0\n"
		"	.inst	0xdac123e0\n"
		"	mov	%0, x0\n"
		: "+r" (signed_pointer) : : "x0");
	if (signed_pointer == pointer)
		return fail("PACIZA adds nothing to a pointer");
	asm volatile(
		"	mov	x0, %0\n"
		"	.inst	0xdac133e0\n"
		"	mov	%0, x0\n"
		: "+r" (signed_pointer) : : "x0");
	if (signed_pointer != pointer)
		return fail("AUTIZA does not undo PACIZA");
	return PASS;
}

static enum outcome check_pmu(const struct expected *expected, char *why)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	int fd;

	if (!expected->protected)
		return skip("this guest is not protected");
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd >= 0) {
		close(fd);
		return fail("the kernel counts cycles");
	}
	if (errno != ENOENT && errno != EOPNOTSUPP)
		return fail("perf_event_open: %s", strerror(errno));
	return PASS;
}

/* Run @body in a process; return the signal that ended it, 0 for none. */
static int signal_of(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void run_udf(void) { asm volatile(".inst 0x00000000"); }
static void run_rdvl(void) { asm volatile(".inst 0x04bf5020" : : : "x0"); }
static void run_smstart(void) { asm volatile(".inst 0xd503477f"); }
static void read_pmccntr(void) { asm volatile("mrs x0, s3_3_c9_c13_0" : : : "x0"); }
static void read_por(void) { asm volatile("mrs x0, s3_3_c10_c2_4" : : : "x0"); }
static void read_tpidr2(void) { asm volatile("mrs x0, s3_3_c13_c0_5" : : : "x0"); }
static void read_amcr(void) { asm volatile("mrs x0, s3_3_c13_c2_0" : : : "x0"); }
static void run_brk(void) { asm volatile("brk #0"); }

static enum outcome check_undef(const struct expected *expected, char *why)
{
	static const struct {
		const char *name;
		void (*run)(void);
		bool hidden;
	} undefs[] = {
		{ "udf #0", run_udf, false },
		{ "rdvl (SVE)", run_rdvl, true },
		{ "smstart (SME)", run_smstart, true },
		{ "mrs PMCCNTR_EL0", read_pmccntr, true },
		{ "mrs POR_EL0", read_por, true },
		{ "mrs TPIDR2_EL0", read_tpidr2, true },
		{ "mrs AMCR_EL0", read_amcr, true },
	};

	for (int cpu = 0; cpu < online_cpus(); cpu++) {
		move_to(cpu);
		for (size_t i = 0; i < sizeof(undefs) / sizeof(undefs[0]); i++) {
			int signal;

			if (undefs[i].hidden && !expected->protected)
				continue;
			signal = signal_of(undefs[i].run);
			if (signal != SIGILL)
				return fail("%s on CPU %d: signal %d", undefs[i].name, cpu, signal);
		}
	}
	return PASS;
}

static enum outcome check_brk(const struct expected *expected, char *why)
{
	int signal = signal_of(run_brk);

	(void)expected;
	return signal == SIGTRAP ? PASS : fail("signal %d", signal);
}

#define NR_NOPS	16

/* A process that a debugger steps through. */
static void run_nops(void)
{
	asm volatile(
		"	.global	first_nop\n"
		"first_nop:\n"
		"	.rept	16\n"
		"	nop\n"
		"	.endr\n");
}

extern char first_nop[];

static uintptr_t step(pid_t pid)
{
	uint64_t regs[34];
	struct iovec iov = { regs, sizeof(regs) };
	int status;

	if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP ||
	    ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov))
		return 0;
	return regs[32];
}

static enum outcome step_on(int cpu, char *why)
{
	uintptr_t pc = 0;
	int status, i;
	pid_t pid;

	move_to(cpu);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		run_nops();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	for (i = 0; i < 20000 && pc != (uintptr_t)first_nop; i++) {
		pc = step(pid);
		if (!pc)
			break;
	}
	for (i = 0; i < NR_NOPS && pc == (uintptr_t)first_nop + 4 * i; i++)
		pc = step(pid);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (i != NR_NOPS || pc != (uintptr_t)first_nop + 4 * NR_NOPS)
		return fail("step %d on CPU %d went to %#lx, first is %#lx", i, cpu,
			    pc, (uintptr_t)first_nop);
	return PASS;
}

static enum outcome check_step(const struct expected *expected, char *why)
{
	for (int cpu = 0; cpu < expected->cpus; cpu++) {
		if (step_on(cpu, why) != PASS)
			return FAIL;
	}
	return PASS;
}

static enum outcome check_timers(const struct expected *expected, char *why)
{
	static const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };

	for (int cpu = 0; cpu < expected->cpus; cpu++) {
		double start = now(), slept;

		move_to(cpu);
		nanosleep(&nap, NULL);
		slept = now() - start;
		if (slept < 0.02 || slept > 10)
			return fail("20 ms on CPU %d took %.3f s", cpu, slept);
	}
	return PASS;
}

/* Sum up what /proc/interrupts says of IPIs on @cpu. */
static unsigned long ipis_on(int cpu)
{
	FILE *file = fopen("/proc/interrupts", "re");
	unsigned long sum = 0;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		char *word = strtok(line, " ");

		if (!word || strncmp(word, "IPI", 3))
			continue;
		for (int i = 0; i <= cpu && word; i++)
			word = strtok(NULL, " ");
		sum += word ? strtoul(word, NULL, 10) : 0;
	}
	if (file)
		fclose(file);
	return sum;
}

static enum outcome check_ipis(const struct expected *expected, char *why)
{
	int there[2], back[2], cpu, i;
	char byte = 0;

	if (expected->cpus < 2)
		return skip("this guest has one CPU");
	for (cpu = 1; cpu < expected->cpus; cpu++) {
		unsigned long before = ipis_on(0) + ipis_on(cpu);
		pid_t pid;

		if (pipe(there) || pipe(back))
			return fail("pipe: %s", strerror(errno));
		move_to(0);
		pid = fork();
		if (!pid) {
			move_to(cpu);
			while (read(there[0], &byte, 1) == 1 && byte)
				if (write(back[1], &byte, 1) != 1)
					break;
			_exit(0);
		}
		for (i = 50; i >= 0; i--) {
			byte = i;
			if (write(there[1], &byte, 1) != 1 || (i && read(back[0], &byte, 1) != 1))
				break;
		}
		waitpid(pid, NULL, 0);
		close(there[0]);
		close(there[1]);
		close(back[0]);
		close(back[1]);
		if (ipis_on(0) + ipis_on(cpu) < before + 10)
			return fail("CPU 0 and %d woke each other without IPIs", cpu);
	}
	return PASS;
}

static int write_online(int cpu, const char *value)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = write(fd, value, 1) == 1 ? 0 : -1;
	close(fd);
	return ret;
}

static enum outcome check_hotplug(const struct expected *expected, char *why)
{
	if (expected->cpus < 2)
		return skip("this guest has one CPU");
	move_to(0);
	for (int cpu = 1; cpu < expected->cpus; cpu++) {
		if (write_online(cpu, "0") || online_cpus() != expected->cpus - 1)
			return fail("CPU %d does not go", cpu);
		if (!move_to(cpu))
			return fail("CPU %d is off and runs processes", cpu);
		if (write_online(cpu, "1") || online_cpus() != expected->cpus)
			return fail("CPU %d does not come back", cpu);
		if (move_to(cpu) || sched_getcpu() != cpu)
			return fail("CPU %d came back and runs no process", cpu);
		move_to(0);
	}
	return PASS;
}

#define EIGHT_TIMES(insn)						\
	insn " {v0.2d - v3.2d}, [x9], #64\n"				\
	insn " {v4.2d - v7.2d}, [x9], #64\n"				\
	insn " {v8.2d - v11.2d}, [x9], #64\n"				\
	insn " {v12.2d - v15.2d}, [x9], #64\n"				\
	insn " {v16.2d - v19.2d}, [x9], #64\n"				\
	insn " {v20.2d - v23.2d}, [x9], #64\n"				\
	insn " {v24.2d - v27.2d}, [x9], #64\n"				\
	insn " {v28.2d - v31.2d}, [x9], #64\n"

/* Keep a value in every FP register while others run on this CPU. */
static bool fp_survives(uint64_t seed)
{
	uint64_t before[64], after[64];

	for (int i = 0; i < 64; i++)
		before[i] = seed * 0x9e3779b97f4a7c15 + i;
	asm volatile(
		"	mov	x9, %0\n"
		EIGHT_TIMES("ld1")
		"	mov	x8, %2\n"
		"	svc	#0\n"
		"	mov	x9, %1\n"
		EIGHT_TIMES("st1")
		: : "r" (before), "r" (after), "i" (SYS_sched_yield)
		: "x0", "x8", "x9", "memory",
		  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9",
		  "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
		  "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
		  "v28", "v29", "v30", "v31");
	return !memcmp(before, after, sizeof(before));
}

/* More processes than CPUs, all with other values in the same registers. */
static enum outcome check_fp(const struct expected *expected, char *why)
{
	int status, bad = 0, nr = 2 * expected->cpus;

	for (int i = 0; i < nr; i++) {
		if (fork())
			continue;
		move_to(i % expected->cpus);
		for (int round = 0; round < 2000; round++) {
			if (!fp_survives(i * 1000003UL + round + 1))
				_exit(1);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	return bad ? fail("%d of %d processes lost their registers", bad, nr) : PASS;
}

/*
 * The kernel tests each of its ciphers when it is registered. Those for the
 * instructions of this CPU use FP registers in the kernel.
 */
static enum outcome check_crypto(const struct expected *expected, char *why)
{
	char line[256], driver[128] = "";
	FILE *file = fopen("/proc/crypto", "re");
	unsigned int on_fp = 0;

	(void)expected;
	if (access("/modules", F_OK))
		return skip("no modules came with this kernel");
	while (file && fgets(line, sizeof(line), file)) {
		char result[32];

		sscanf(line, "driver : %127s", driver);
		if (sscanf(line, "selftest : %31s", result) != 1)
			continue;
		if (strcmp(result, "passed")) {
			fclose(file);
			return fail("%s: %s", driver, result);
		}
		on_fp += strstr(driver, "-ce") || strstr(driver, "neon");
	}
	if (file)
		fclose(file);
	return on_fp ? PASS : fail("no cipher that uses FP registers");
}

static enum outcome check_memory(const struct expected *expected, char *why)
{
	const size_t size = 64 << 20;
	unsigned char *block = malloc(size);

	(void)expected;
	for (size_t i = 0; block && i < size; i += 4096)
		block[i] = i >> 12;
	for (size_t i = 0; block && i < size; i += 4096) {
		if (block[i] != (unsigned char)(i >> 12))
			return fail("page %#zx changed", i);
	}
	free(block);
	return block ? PASS : fail("no memory");
}

const struct check checks[] = {
	{ "every CPU is up",			check_cpus,	true },
	{ "hidden features are not found",	check_hidden,	true },
	{ "PAuth is there as the VM has it",	check_pauth,	true },
	{ "no PMU",				check_pmu,	true },
	{ "SIGILL, and the guest lives",	check_undef,	true },
	{ "SIGTRAP for BRK",			check_brk,	false },
	{ "a debugger steps a process",		check_step,	true },
	{ "timers",				check_timers,	true },
	{ "CPUs wake each other",		check_ipis,	true },
	{ "FP registers",			check_fp,	true },
	{ "the kernel's ciphers",		check_crypto,	false },
	{ "memory",				check_memory,	false },
	{ "CPUs go off and come back",		check_hotplug,	true },
};

const size_t nr_checks = sizeof(checks) / sizeof(checks[0]);
