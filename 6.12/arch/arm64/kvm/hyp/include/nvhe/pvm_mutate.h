/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_PVM_MUTATE_H__
#define __ARM64_KVM_NVHE_PVM_MUTATE_H__

#include <asm/kvm_pvm_mutate.h>

struct kvm;

#ifdef CONFIG_PKVM_TABLE_MUTATION

extern struct pvm_mutants pvm_mutants;

void pvm_mutant_take(const struct kvm *host_kvm);

/* A value as the current mutants have it: the same, but for few of them. */
u64 pvm_mutate(enum pvm_mutant_kind kind, unsigned int index, u64 val);

#else

static inline void pvm_mutant_take(const struct kvm *host_kvm) { }

static inline u64 pvm_mutate(enum pvm_mutant_kind kind, unsigned int index, u64 val)
{
	return val;
}

#endif

#endif /* __ARM64_KVM_NVHE_PVM_MUTATE_H__ */
