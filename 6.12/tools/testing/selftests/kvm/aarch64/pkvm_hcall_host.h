/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways of pkvm_hypercalls into EL2 that are no hypercalls: aborts, traps and
 * calls to firmware.
 */
#ifndef SELFTEST_KVM_PKVM_HCALL_HOST_H
#define SELFTEST_KVM_PKVM_HCALL_HOST_H

#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "pkvm_hcall_victims.h"

/* The host and its processes get an abort, and both go on. */
static bool abort_of_kernel(void)
{
	s64 handle = hcall("__pkvm_init_vm", victims[0].kvm_at.va, page_va(0), page_va(16));
	bool ok = handle >= HANDLE_FIRST;

	ok &= gives("access", hostile_check_page(0), -EFAULT);
	ok &= gives("access", hostile_check_page(16), -EFAULT);
	ok &= gives("pages lost", clean_up(), 0);
	return ok & (hostile_check_page(0) >= 0);
}

static int signal_of_access(int fd, bool write)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		volatile u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
					 fd, 0);

		if (page == MAP_FAILED)
			_exit(1);
		if (write)
			*page = 1;
		else
			(void)*page;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static bool abort_of_process(void)
{
	int fd = hostile_fd();
	bool ok = gives("read before", signal_of_access(fd, false), 0);
	s64 handle = hcall("__pkvm_init_vm", victims[0].kvm_at.va, page_va(0), page_va(16));

	ok &= handle >= HANDLE_FIRST;
	ok &= gives("read", signal_of_access(fd, false), SIGBUS);
	ok &= gives("write", signal_of_access(fd, true), SIGBUS);
	ok &= gives("pages lost", clean_up(), 0);
	return ok & gives("read after", signal_of_access(fd, false), 0);
}

#define CPACR_SMEN	(3UL << 24)
#define HWCAP2_SME_BIT	BIT(23)

/*
 * SME is there or it is not, but the host goes on. The test is bound to a CPU, and so
 * is the child. A host that uses SME keeps it.
 */
static bool trap_of_features(void)
{
	bool used = getauxval(AT_HWCAP2) & HWCAP2_SME_BIT;
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		hostile_cpacr(CPACR_SMEN, 0);
		asm volatile(".inst 0xd53b4240" ::: "x0");	/* mrs x0, SVCR */
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!used)
		hostile_cpacr(0, CPACR_SMEN);
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGILL : !WEXITSTATUS(status);
}

/* The firmware calls that EL2 looks at, but for those that end the test. */
static bool firmware_calls(struct hostile_random *r, unsigned int nr)
{
	/* Not CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, *_SUSPEND, CPU_FREEZE. */
	static const u32 psci[] = {
		0x84000000, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004, 0x84000005,
		0xc4000005, 0x84000006, 0x84000007, 0xc4000007, 0x8400000a, 0x8400000f,
		0x84000010, 0xc4000010, 0x84000011, 0x84000013, 0x8400001f,
	};
	struct pkvm_test_call call;
	unsigned int i;

	while (nr--) {
		call = (struct pkvm_test_call) { .smc = 1 };
		if (hostile_random(r) & 1)
			call.id = psci[hostile_random(r) % ARRAY_SIZE(psci)];
		else
			call.id = (hostile_random(r) & 1 ? 0x84000060 : 0xc4000060) +
				  hostile_random(r) % 0x80;
		for (i = 0; i < ARRAY_SIZE(call.args); i++)
			call.args[i] = hostile_random(r) >> (hostile_random(r) % 64);
		/* CPU_ON: only CPUs that are on, or that there are none of. */
		if ((call.id & 0xffff) == 3 && (u32)call.args[0] < 8)
			call.args[0] &= 1;
		hostile_call(&call);
	}
	return true;
}

/* FF-A calls have results in four registers, whether firmware knows them or not. */
static bool firmware_results(void)
{
	static const struct {
		u32 id;
		u64 arg;
	} calls[] = {
		{ 0x84000063, 0x20000 },	/* FFA_VERSION: none that there is */
		{ 0x84000063, 0x10000 },
		{ 0x84000063, 0x10001 },
		{ 0x84000064, 0x84000061 },	/* FFA_FEATURES */
		{ 0x84000067 },			/* FFA_RXTX_UNMAP */
		{ 0xc4000073 },			/* FFA_MEM_SHARE */
	};
	struct pkvm_test_call call;
	unsigned int i, j;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		/* Something that leaves more on EL2's stack. */
		hcall("__pkvm_host_share_hyp", page_pfn(0), 0, 0);
		hcall("__pkvm_host_unshare_hyp", page_pfn(0), 0, 0);
		call = (struct pkvm_test_call) {
			.smc = 1, .id = calls[i].id, .args = { calls[i].arg, ~0UL, ~0UL, ~0UL },
		};
		hostile_call(&call);
		/* An error code is in X2 of FFA_ERROR. */
		for (j = 1; j < 4; j++) {
			if (!call.ret[j] || (j == 2 && call.ret[0] == 0x84000060))
				continue;
			ksft_print_msg("0x%x: X%u is 0x%lx\n", calls[i].id, j, (u64)call.ret[j]);
			ok = false;
		}
	}
	return ok;
}

#endif /* SELFTEST_KVM_PKVM_HCALL_HOST_H */
