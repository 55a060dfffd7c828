/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs around real guests share.
 */
#ifndef PKVM_GUEST_UTIL_H
#define PKVM_GUEST_UTIL_H

#include <time.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(nr)			(1UL << (nr))

/* Return the seconds since some moment in the past. */
static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif
