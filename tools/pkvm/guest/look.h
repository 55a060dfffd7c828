/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a host gets at the memory of a guest.
 */
#ifndef PKVM_GUEST_LOOK_H
#define PKVM_GUEST_LOOK_H

#include <stdint.h>
#include <sys/types.h>

/* Return in words what the kernel reads at @address of process @pid. */
const char *look_by_kernel(pid_t pid, uintptr_t address, uint64_t pattern);

/*
 * Ask EL2 for the page at @address of process @pid, and for a page that is the
 * host's own. Return in words what it gives.
 */
const char *look_by_el2(pid_t pid, uintptr_t address);

#endif
