/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions that something took. In a host under QEMU's -icount with one
 * CPU, the counter counts them, and jumps forward while the CPU is idle.
 */
#ifndef PKVM_GUEST_CLOCK_H
#define PKVM_GUEST_CLOCK_H

#include <stdio.h>
#include <stdlib.h>

/* How the preload says what it read when the VM starts. */
#define CLOCK_START	"preload: the VM starts at %llu ticks, %llu ns idle"

struct clock_reading {
	unsigned long long ticks;
	unsigned long long idle_ns;
};

static inline unsigned long long clock_ticks(void)
{
	unsigned long long ticks;

	asm volatile("isb; mrs %0, cntvct_el0; isb" : "=r" (ticks) : : "memory");
	return ticks;
}

static inline unsigned long clock_frequency(void)
{
	unsigned long frequency;

	asm("mrs %0, cntfrq_el0" : "=r" (frequency));
	return frequency;
}

/* Return how long the first CPU was idle, in ns since the host's boot. */
static inline unsigned long long clock_idle_ns(void)
{
	FILE *file = fopen("/proc/timer_list", "re");
	unsigned long long idle;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "  .idle_sleeptime : %llu nsecs", &idle) != 1)
			continue;
		fclose(file);
		return idle;
	}
	fprintf(stderr, "no idle_sleeptime in /proc/timer_list\n");
	exit(1);
}

#endif
