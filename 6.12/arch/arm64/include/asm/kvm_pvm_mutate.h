/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors on purpose in what EL2 decides for protected VMs: for tests that show
 * that other tests find them. See CONFIG_PKVM_TABLE_MUTATION.
 *
 * A mutant flips bits of one value that EL2 takes from its tables. The kind of
 * value and an index say which one. Several can be there at once, so that it
 * takes one run of the tests to see that they notice none of many.
 */

#ifndef __ARM64_KVM_PVM_MUTATE_H__
#define __ARM64_KVM_PVM_MUTATE_H__

#include <linux/types.h>

enum pvm_mutant_kind {
	PVM_MUTANT_NONE,
	/* When a VM is created; the index is that of the ID register. */
	PVM_MUTANT_ID_REG,
	/* When a VM is created; the index is enum pvm_trap_reg. */
	PVM_MUTANT_TRAP,
	/* On entry, in HCR_EL2, which depends on more than the VM. No index. */
	PVM_MUTANT_HCR,
	/* When a VM is created; index and value are the row in pvm_sysregs[]. */
	PVM_MUTANT_SYSREG,
	/* At boot, for the check of the table; the value is the encoding. */
	PVM_MUTANT_SYSREG_CHECK,
	/* At boot, for the check of the traps; the value is the number of rows. */
	PVM_MUTANT_TRAP_CHECK,
	PVM_MUTANT_FIXED_TRAP_CHECK,
	PVM_MUTANT_NUM,
};

struct pvm_mutant {
	u32 kind;
	u32 index;
	u64 bits;
};

#define PVM_MAX_MUTANTS		32

struct pvm_mutants {
	struct pvm_mutant mutant[PVM_MAX_MUTANTS];
};

struct kvm;

#ifdef CONFIG_PKVM_TABLE_MUTATION
void pkvm_mutate_boot(void);
void pkvm_mutate_vm(struct kvm *kvm);
#else
static inline void pkvm_mutate_boot(void) { }
static inline void pkvm_mutate_vm(struct kvm *kvm) { }
#endif

#endif /* __ARM64_KVM_PVM_MUTATE_H__ */
