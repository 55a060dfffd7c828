// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of errors on purpose, see asm/kvm_pvm_mutate.h.
 *
 * The parameter kvm.mutant=KIND,INDEX,BITS[,KIND,INDEX,BITS...] takes effect at
 * boot, and for the protected VMs that are created while it has that value.
 */

#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/kvm_asm.h>
#include <asm/kvm_pvm_mutate.h>

DECLARE_KVM_NVHE_SYM(pvm_mutants);

static u64 mutant[3 * PVM_MAX_MUTANTS];
static int nr_mutant;
module_param_array_named(mutant, mutant, ullong, &nr_mutant, 0600);

static void get_mutants(struct pvm_mutants *to)
{
	unsigned int i;

	memset(to, 0, sizeof(*to));
	for (i = 0; i < nr_mutant / 3; i++) {
		to->mutant[i].kind = mutant[3 * i];
		to->mutant[i].index = mutant[3 * i + 1];
		to->mutant[i].bits = mutant[3 * i + 2];
	}
}

/* To be called before EL2 checks its tables. */
void __init pkvm_mutate_boot(void)
{
	pr_warn("kvm: protected VMs can be told to have errors, this kernel is for tests\n");
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	get_mutants((void *)kvm_nvhe_sym(pvm_mutants));
}

void pkvm_mutate_vm(struct kvm *kvm)
{
	get_mutants(&kvm->arch.pkvm.mutants);
}
