// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the host what it was before the guest ran? See host_state.h.
 */
#define _GNU_SOURCE
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_state.h"
#include "kselftest.h"

#define HWCAP2_SME_BIT	BIT(23)
#define HWCAP2_POE_BIT	BIT(63)
#define TPIDR2_VALUE	0x7192a3b4c5d6e7f8UL
#define WRITES		7

#define INSN_RET	0xd65f03c0

static uint64_t watched;
static int watch_fd = -1;
static uint64_t por_el0;

static bool has_poe(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_POE_BIT;
}

static bool has_tpidr2(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_SME_BIT;
}

static uint64_t read_por_el0(void)
{
	uint64_t value;

	asm volatile("mrs %0, S3_3_C10_C2_4" : "=r" (value));
	return value;
}

static int open_watchpoint(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uint64_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

void host_state_save(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);

	watch_fd = open_watchpoint();
	if (has_poe())
		por_el0 = read_por_el0();
	if (has_tpidr2())
		asm volatile("msr S3_3_C13_C0_5, %0" :: "r" (TPIDR2_VALUE));
}

static int check_watchpoint(const char **text)
{
	uint64_t before = 0, after = 0;
	int i;

	*text = "watchpoint";
	if (watch_fd < 0) {
		*text = "watchpoint: perf_event_open() has none";
		return KSFT_SKIP;
	}
	if (read(watch_fd, &before, sizeof(before)) != sizeof(before))
		return KSFT_FAIL;
	for (i = 0; i < WRITES; i++)
		WRITE_ONCE(watched, i);
	if (read(watch_fd, &after, sizeof(after)) != sizeof(after))
		return KSFT_FAIL;
	close(watch_fd);
	return after - before == WRITES ? KSFT_PASS : KSFT_FAIL;
}

/* How does a child end that does @what to a page with protection @prot? */
static int child_signal(int prot, char what)
{
	uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	*page = INSN_RET;
	__builtin___clear_cache((char *)page, (char *)(page + 1));
	mprotect(page, 4096, prot);
	pid = fork();
	if (!pid) {
		if (what == 'w')
			WRITE_ONCE(*page, 0);
		else if (what == 'r')
			READ_ONCE(*page);
		else
			((void (*)(void))page)();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	munmap(page, 4096);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int check_mappings(const char **text)
{
	bool ok = child_signal(PROT_READ, 'r') == 0 &&
		  child_signal(PROT_READ, 'w') == SIGSEGV &&
		  child_signal(PROT_READ, 'x') == SIGSEGV &&
		  child_signal(PROT_READ | PROT_WRITE, 'w') == 0 &&
		  child_signal(PROT_READ | PROT_EXEC, 'x') == 0 &&
		  child_signal(PROT_NONE, 'r') == SIGSEGV;

	*text = "permissions of mappings";
	return ok ? KSFT_PASS : KSFT_FAIL;
}

static int check_step(const char **text)
{
	int status, steps = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			asm volatile("nop");
	}
	waitpid(pid, &status, 0);
	while (steps < 8 && !ptrace(PTRACE_SINGLESTEP, pid, 0, 0)) {
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			break;
		steps++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	*text = "ptrace steps";
	return steps == 8 ? KSFT_PASS : KSFT_FAIL;
}

static int check_por_el0(const char **text)
{
	*text = "POR_EL0";
	if (has_poe())
		return read_por_el0() == por_el0 ? KSFT_PASS : KSFT_FAIL;
	*text = "POR_EL0: the host has no POE";
	return KSFT_SKIP;
}

static int check_tpidr2(const char **text)
{
	uint64_t value;

	*text = "TPIDR2_EL0";
	if (has_tpidr2()) {
		asm volatile("mrs %0, S3_3_C13_C0_5" : "=r" (value));
		return value == TPIDR2_VALUE ? KSFT_PASS : KSFT_FAIL;
	}
	*text = "TPIDR2_EL0: the host does not use SME";
	return KSFT_SKIP;
}

int host_state_check(unsigned int nr, const char **text)
{
	static int (* const checks[HOST_STATE_TESTS])(const char **text) = {
		check_watchpoint, check_mappings, check_step, check_por_el0,
		check_tpidr2,
	};

	return checks[nr](text);
}
