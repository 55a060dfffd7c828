/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __PKVM_TRAPS_TEST_H
#define __PKVM_TRAPS_TEST_H

#define PVM_FIELD_NAMES

/* asm/kvm_arm.h includes these for what is not needed here. */
#define __ASM_MEMORY_H
#define __ASM_ESR_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/const.h>
#include <vdso/const.h>

#include <asm/kvm_trap_check.h>

/* A VM and what it is on, as far as its traps depend on it. */
struct vm_case {
	bool hvhe, fwb, ras, fgt;
	bool pauth, vgic, mops, ats1a, specres;
	int tlb, pan, dpb;
};

u64 expected_trap(enum pvm_trap_reg reg, const struct vm_case *vm);

#endif /* __PKVM_TRAPS_TEST_H */
