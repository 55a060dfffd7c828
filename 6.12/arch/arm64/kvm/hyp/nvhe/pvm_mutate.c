// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutants that the host asks for, see asm/kvm_pvm_mutate.h: those of the
 * protected VM that was created last.
 */

#include <linux/kvm_host.h>

#include <nvhe/pvm_mutate.h>

struct pvm_mutants pvm_mutants;

void pvm_mutant_take(const struct kvm *host_kvm)
{
	const struct pvm_mutant *from = host_kvm->arch.pkvm.mutants.mutant;
	struct pvm_mutant *to = pvm_mutants.mutant;
	unsigned int i;

	for (i = 0; i < PVM_MAX_MUTANTS; i++) {
		to[i].kind = READ_ONCE(from[i].kind);
		to[i].index = READ_ONCE(from[i].index);
		to[i].bits = READ_ONCE(from[i].bits);
	}
}

u64 pvm_mutate(enum pvm_mutant_kind kind, unsigned int index, u64 val)
{
	const struct pvm_mutant *m = pvm_mutants.mutant;
	unsigned int i;

	for (i = 0; i < PVM_MAX_MUTANTS && m[i].kind; i++) {
		if (m[i].kind == kind && m[i].index == index)
			val ^= m[i].bits;
	}

	return val;
}
