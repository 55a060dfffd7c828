// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process in a real guest finds on its CPU, as far as it takes a program
 * to see it: which features are there, what becomes of an instruction that is not,
 * and debuggers.
 *
 * usage: cpu CHECK	see checks[]; prints why it failed (1) or is skipped (4)
 *	  cpu show	print ID registers
 *	  cpu pattern	keep a pattern in memory, and print where
 */

#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/perf_event.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(nr)			(1UL << (nr))

/* What guest-run says of this guest, in the environment. */
static bool protected, pauth;

#define fail(...)	errx(1, __VA_ARGS__)
#define skip(...)	errx(4, __VA_ARGS__)

static void check_pauth(void)
{
	unsigned long caps = getauxval(AT_HWCAP);
	uintptr_t pointer = (uintptr_t)&caps, signed_pointer;
	bool is_signed = false;
	int i;

	if (!!(caps & HWCAP_PACA) != pauth || !!(caps & HWCAP_PACG) != pauth)
		fail("PAuth: the kernel has %s, the VM %s",
		     caps & HWCAP_PACA ? "it" : "none", pauth ? "it" : "none");
	if (!pauth)
		return;

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
			fail("AUTIZA does not undo PACIZA");
	}
	if (!is_signed)
		fail("PACIZA adds nothing to a pointer");
}

/* Return 0 if perf counts an event, or an errno. */
static int perf_counts(uint32_t type, uint64_t event)
{
	struct perf_event_attr attr = { .type = type, .size = sizeof(attr), .config = event };
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	return fd < 0 ? errno : 0;
}

static void check_pmu(void)
{
	int err = perf_counts(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);

	if (perf_counts(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK))
		fail("perf has no clock");
	if (!protected)
		skip("this guest is not protected");
	if (!err)
		fail("the kernel counts cycles");
	if (err != ENOENT && err != EOPNOTSUPP)
		fail("perf_event_open: %s", strerror(err));
}

/* Return a process that waits for its debugger before it runs @body. */
static pid_t fork_stopped(void (*body)(void))
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

/* Let it run on; return the signal that it gets next, 0 for none. That is its end. */
static int next_signal(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_CONT, pid, 0, 0) || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status))
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return WSTOPSIG(status);
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

static void check_undef(void)
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

	for (size_t i = 0; i < ARRAY_SIZE(undefs); i++) {
		int signal;

		if (undefs[i].hidden && !protected)
			continue;
		signal = next_signal(fork_stopped(undefs[i].run));
		if (signal != SIGILL)
			fail("%s: signal %d", undefs[i].name, signal);
	}
}

static void check_brk(void)
{
	int signal = next_signal(fork_stopped(run_brk));

	if (signal != SIGTRAP)
		fail("signal %d", signal);
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

static void check_step(void)
{
	pid_t pid = fork_stopped(run_nops);
	uintptr_t pc = 0;
	int i;

	for (i = 0; i < 20000 && pc != (uintptr_t)first_nop; i++) {
		pc = step(pid);
		if (!pc)
			break;
	}
	for (i = 0; i < NR_NOPS && pc == (uintptr_t)first_nop + 4 * i; i++)
		pc = step(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (i != NR_NOPS || pc != (uintptr_t)first_nop + 4 * NR_NOPS)
		fail("step %d went to %#lx, first is %#lx", i, pc, (uintptr_t)first_nop);
}

static uint64_t watched;

static void write_watched(void)
{
	asm volatile("str %1, %0" : "=m" (watched) : "r" (1UL));
}

/* A protected VM is told of one watchpoint, which never hits. */
static void check_watchpoint(void)
{
	/* DBGWCR_EL1: enabled, EL0, stores, eight bytes */
	struct {
		uint32_t nr, pad;
		uint64_t addr, ctrl;
	} watch = { .addr = (uintptr_t)&watched, .ctrl = 1 | 2 << 1 | 2 << 3 | 0xff << 5 }, is;
	struct iovec iov = { &watch, sizeof(watch) }, was = { &is, sizeof(is) };
	pid_t pid = fork_stopped(write_watched);
	bool set, hit;

	set = !ptrace(PTRACE_GETREGSET, pid, (void *)NT_ARM_HW_WATCH, &was) &&
	      !ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_HW_WATCH, &iov);
	hit = next_signal(pid) == SIGTRAP;
	if (!set)
		fail("the kernel sets no watchpoint");
	if (hit == protected || (protected && (is.nr & 0xff) != 1))
		fail("the kernel has %d, which %s", is.nr & 0xff, hit ? "hit" : "never hit");
}

/* The kernel lets processes read these, without what it hides from them. */
static void show_id_registers(void)
{
#define SHOW(reg, encoding) do {						\
		unsigned long value;						\
		asm volatile("mrs %0, " encoding : "=r" (value));		\
		printf("%s 0x%016lx\n", reg, value);				\
	} while (0)

	SHOW("ID_AA64PFR0_EL1", "s3_0_c0_c4_0");
	SHOW("ID_AA64PFR1_EL1", "s3_0_c0_c4_1");
	SHOW("ID_AA64ISAR0_EL1", "s3_0_c0_c6_0");
	SHOW("ID_AA64ISAR1_EL1", "s3_0_c0_c6_1");
	SHOW("ID_AA64ISAR2_EL1", "s3_0_c0_c6_2");
	SHOW("ID_AA64MMFR0_EL1", "s3_0_c0_c7_0");
	SHOW("ID_AA64MMFR1_EL1", "s3_0_c0_c7_1");
	SHOW("ID_AA64MMFR2_EL1", "s3_0_c0_c7_2");
	SHOW("CTR_EL0", "s3_3_c0_c0_1");
	SHOW("DCZID_EL0", "s3_3_c0_c0_7");
	SHOW("CNTFRQ_EL0", "s3_3_c14_c0_0");
#undef SHOW
}

/* Keep in two pages a pattern that the host cannot know, and say where they are. */
static void keep_pattern(void)
{
	uint64_t *pages, word, entry[2] = {};
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (pages == MAP_FAILED || getrandom(&word, sizeof(word), 0) != sizeof(word))
		fail("%s", strerror(errno));
	for (int i = 0; i < 1024; i++)
		pages[i] = word;
	if (pread(pagemap, entry, sizeof(entry), (uintptr_t)pages / 4096 * 8) != sizeof(entry))
		fail("no pagemap");
	for (int i = 0; i < 2; i++)
		entry[i] = (entry[i] & (BIT(55) - 1)) * 4096;
	printf("pattern %#lx %#lx %#018lx\n", entry[0], entry[1], word);
	fflush(stdout);
	pause();
}

static const struct {
	const char *name;
	void (*run)(void);
} checks[] = {
	{ "pauth", check_pauth },
	{ "pmu", check_pmu },
	{ "undef", check_undef },
	{ "brk", check_brk },
	{ "step", check_step },
	{ "watchpoint", check_watchpoint },
	{ "show", show_id_registers },
	{ "pattern", keep_pattern },
};

int main(int argc, char **argv)
{
	protected = atoi(getenv("pvm_protected") ?: "1");
	pauth = atoi(getenv("pvm_pauth") ?: "0");
	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(checks); i++) {
		if (!strcmp(argv[1], checks[i].name)) {
			checks[i].run();
			return 0;
		}
	}
	fail("there is no such check");
}
