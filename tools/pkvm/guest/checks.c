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
	{ "every CPU is up",			check_cpus },
	{ "hidden features are not found",	check_hidden },
	{ "PAuth is there as the VM has it",	check_pauth },
	{ "no PMU",				check_pmu },
	{ "SIGILL, and the guest lives",	check_undef },
	{ "SIGTRAP for BRK",			check_brk },
	{ "a debugger steps a process",		check_step },
	{ "timers",				check_timers },
	{ "CPUs wake each other",		check_ipis },
	{ "FP registers",			check_fp },
	{ "the kernel's ciphers",		check_crypto },
	{ "memory",				check_memory },
	{ "CPUs go off and come back",		check_hotplug },
};

const size_t nr_checks = ARRAY_SIZE(checks);
