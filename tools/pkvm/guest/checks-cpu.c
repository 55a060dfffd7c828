// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process finds on the CPU of a guest: which features are there, and
 * what becomes of an instruction that is not.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "checks.h"

/* AT_HWCAP and AT_HWCAP2, by the names that the architecture has for them. */
#define HAS_FP		BIT(0)
#define HAS_ASIMD	BIT(1)
#define HAS_SVE		BIT(22)
#define HAS_PACA	BIT(30)
#define HAS_PACG	BIT(31)
#define HAS2_SVE2	BIT(1)
#define HAS2_MTE	BIT(18)
#define HAS2_SME	BIT(23)
#define HAS2_POE	BIT(63)

enum outcome check_hidden(const struct expected *expected, char *why)
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

enum outcome check_pauth(const struct expected *expected, char *why)
{
	unsigned long caps = getauxval(AT_HWCAP);
	uintptr_t pointer = (uintptr_t)&caps, signed_pointer;
	bool is_signed = false;
	int i;

	if (!!(caps & HAS_PACA) != expected->pauth || !!(caps & HAS_PACG) != expected->pauth)
		return fail("PAuth: the kernel has %s, the VM %s",
			    caps & HAS_PACA ? "it" : "none", expected->pauth ? "it" : "none");
	if (!expected->pauth)
		return PASS;

	/*
	 * PACIZA and AUTIZA, without asking the assembler for PAuth. A pointer has
	 * room for few bits of a PAC, which by chance are what was there: not for
	 * every one of eight.
	 */
	for (i = 0; i < 8; i++) {
		signed_pointer = pointer + 16 * i;
		asm volatile("	mov	x0, %0\n"
			     "	.inst	0xdac123e0\n"
			     "	mov	%0, x0\n"
			     : "+r" (signed_pointer) : : "x0");
		is_signed |= signed_pointer != pointer + 16 * i;
		asm volatile("	mov	x0, %0\n"
			     "	.inst	0xdac133e0\n"
			     "	mov	%0, x0\n"
			     : "+r" (signed_pointer) : : "x0");
		if (signed_pointer != pointer + 16 * i)
			return fail("AUTIZA does not undo PACIZA");
	}
	return is_signed ? PASS : fail("PACIZA adds nothing to a pointer");
}

enum outcome check_pmu(const struct expected *expected, char *why)
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
/* Not PMCCNTR_EL0: QEMU looks at no trap of EL2 when EL0 reads that. */
static void read_pmcr(void) { asm volatile("mrs x0, s3_3_c9_c12_0" : : : "x0"); }
static void read_por(void) { asm volatile("mrs x0, s3_3_c10_c2_4" : : : "x0"); }
static void read_tpidr2(void) { asm volatile("mrs x0, s3_3_c13_c0_5" : : : "x0"); }
static void read_amcr(void) { asm volatile("mrs x0, s3_3_c13_c2_0" : : : "x0"); }
static void run_brk(void) { asm volatile("brk #0"); }

enum outcome check_undef(const struct expected *expected, char *why)
{
	static const struct {
		const char *name;
		void (*run)(void);
		bool hidden;
	} undefs[] = {
		{ "udf #0", run_udf, false },
		{ "rdvl (SVE)", run_rdvl, true },
		{ "smstart (SME)", run_smstart, true },
		{ "mrs PMCR_EL0", read_pmcr, true },
		{ "mrs POR_EL0", read_por, true },
		{ "mrs TPIDR2_EL0", read_tpidr2, true },
		{ "mrs AMCR_EL0", read_amcr, true },
	};

	for (int cpu = 0; cpu < online_cpus(); cpu++) {
		move_to(cpu);
		for (size_t i = 0; i < ARRAY_SIZE(undefs); i++) {
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

enum outcome check_brk(const struct expected *expected, char *why)
{
	int signal = signal_of(run_brk);

	(void)expected;
	return signal == SIGTRAP ? PASS : fail("signal %d", signal);
}

#define NR_NOPS	16

/* A process that a debugger steps through. */
static void run_nops(void)
{
	asm volatile("	.global	first_nop\n"
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

enum outcome check_step(const struct expected *expected, char *why)
{
	for (int cpu = 0; cpu < expected->cpus; cpu++) {
		if (step_on(cpu, why) != PASS)
			return FAIL;
	}
	return PASS;
}
