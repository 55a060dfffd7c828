/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks of a guest, and what they share. Each returns an outcome, and in
 * @why, of WHY_MAX bytes, the reason for one that is not PASS.
 */
#ifndef PKVM_GUEST_CHECKS_H
#define PKVM_GUEST_CHECKS_H

#include <stdio.h>

#include "guest.h"
#include "util.h"

#define fail(...)	({ snprintf(why, WHY_MAX, __VA_ARGS__); FAIL; })
#define skip(...)	({ snprintf(why, WHY_MAX, __VA_ARGS__); SKIP; })

/* Return how many CPUs are online. */
int online_cpus(void);

/* Let the caller run on @cpu only; return 0, or -1 and errno. */
int move_to(int cpu);

/* checks-cpu.c */
enum outcome check_hidden(const struct expected *expected, char *why);
enum outcome check_pauth(const struct expected *expected, char *why);
enum outcome check_pmu(const struct expected *expected, char *why);
enum outcome check_undef(const struct expected *expected, char *why);
enum outcome check_brk(const struct expected *expected, char *why);
enum outcome check_step(const struct expected *expected, char *why);

/* checks-system.c */
enum outcome check_cpus(const struct expected *expected, char *why);
enum outcome check_timers(const struct expected *expected, char *why);
enum outcome check_ipis(const struct expected *expected, char *why);
enum outcome check_fp(const struct expected *expected, char *why);
enum outcome check_crypto(const struct expected *expected, char *why);
enum outcome check_memory(const struct expected *expected, char *why);
enum outcome check_hotplug(const struct expected *expected, char *why);

#endif
