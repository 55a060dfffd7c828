/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first process of a real guest: what its two halves share.
 *
 * The guest speaks to guest-run on its console, a line at a time, each with
 * the prefix below:
 *
 *	boot			the first process runs
 *	ok NAME			a check that passed
 *	not ok NAME: WHY	one that did not
 *	skip NAME: WHY		one that this CPU or machine has no use for
 *	value NAME VALUE	something that a person wants to see
 *	pattern GPA GPA WORD	two pages are full of a word that only the guest knew
 *	end?			waits for a line, then powers off
 */
#ifndef PKVM_GUEST_H
#define PKVM_GUEST_H

#include <stdlib.h>
#include <time.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(nr)			(1UL << (nr))

#define GUEST_PREFIX	"pvm: "

/*
 * Return the number that is given for an option: guest-run has it in its environment,
 * and the guest's kernel puts words of its command line into that of its first process.
 */
static inline int option(const char *name, int absent)
{
	const char *value = getenv(name);

	return value ? atoi(value) : absent;
}

/* Return the seconds since some moment in the past. */
static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif
