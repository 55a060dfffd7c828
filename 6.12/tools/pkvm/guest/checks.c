// SPDX-License-Identifier: GPL-2.0-only
/*
 * What init.c looks at in a guest, in this order.
 */

#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>

#include "checks.h"

int online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

const struct check checks[] = {
	{ "every CPU is up",			check_cpus,	true, false },
	{ "hidden features are not found",	check_hidden,	true, false },
	{ "PAuth is there as the VM has it",	check_pauth,	true, false },
	{ "no PMU",				check_pmu,	true, false },
	{ "SIGILL, and the guest lives",	check_undef,	true, false },
	{ "SIGTRAP for BRK",			check_brk,	false, false },
	{ "a debugger steps a process",		check_step,	true, false },
	{ "timers",				check_timers,	true, false },
	{ "CPUs wake each other",		check_ipis,	true, false },
	{ "FP registers",			check_fp,	true, false },
	{ "the kernel's ciphers",		check_crypto,	false, false },
	{ "memory",				check_memory,	false, false },
	{ "CPUs go off and come back",		check_hotplug,	true, false },
	{ "a root on virtio-blk",		check_root,	false, true },
	{ "virtio-net",				check_net,	false, true },
	{ "apt list",				check_apt,	false, true },
	{ "python3 -c",				check_python,	false, true },
	{ "openssl speed",			check_openssl,	false, true },
};

const size_t nr_checks = ARRAY_SIZE(checks);
