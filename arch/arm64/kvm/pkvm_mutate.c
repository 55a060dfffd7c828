// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of errors on purpose, see asm/kvm_pvm_mutate.h.
 *
 * The parameter kvm.mutant=KIND,INDEX,BITS takes effect at boot, and for the
 * protected VMs that are created while it has that value.
 */

#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/printk.h>

#include <asm/kvm_asm.h>
#include <asm/kvm_pvm_mutate.h>

DECLARE_KVM_NVHE_SYM(pvm_mutant);

static u64 mutant[3];
static int nr_mutant;
module_param_array_named(mutant, mutant, ullong, &nr_mutant, 0600);

static struct pvm_mutant current_mutant(void)
{
	return (struct pvm_mutant) {
		.kind	= mutant[0],
		.index	= mutant[1],
		.bits	= mutant[2],
	};
}

/* To be called before EL2 checks its tables. */
void __init pkvm_mutate_boot(void)
{
	struct pvm_mutant *at_el2 = (void *)kvm_nvhe_sym(pvm_mutant);

	pr_warn("kvm: protected VMs can be told to have errors, this kernel is for tests\n");
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	*at_el2 = current_mutant();
}

void pkvm_mutate_vm(struct kvm *kvm)
{
	kvm->arch.pkvm.mutant = current_mutant();
}
