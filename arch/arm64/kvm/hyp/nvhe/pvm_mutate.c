// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutant that the host asks for, see asm/kvm_pvm_mutate.h. There is one at a
 * time: that of the protected VM that was created last.
 */

#include <linux/kvm_host.h>

#include <nvhe/pvm_mutate.h>

struct pvm_mutant pvm_mutant;

void pvm_mutant_take(const struct kvm *host_kvm)
{
	const struct pvm_mutant *from = &host_kvm->arch.pkvm.mutant;

	pvm_mutant.kind = READ_ONCE(from->kind);
	pvm_mutant.index = READ_ONCE(from->index);
	pvm_mutant.bits = READ_ONCE(from->bits);
}
