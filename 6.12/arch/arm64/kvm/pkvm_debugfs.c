// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CPU of a protected VM is, and what its guest was denied, for a
 * person to read. In the directory of the VM, /sys/kernel/debug/kvm/PID-FD:
 *
 * contract	every field of the guest's ID registers: where it is, what the
 *		host has, what the policy is, and what the guest reads
 * undefs	per vCPU, how many UNDEFs EL2 has injected, and the last one: what
 *		was accessed, and by which instruction of the guest
 *
 * The host computes what the guest reads as EL2 does, from the same rows and
 * limits. Neither file can be written, and nothing here reaches EL2.
 */

#define PVM_FIELD_NAMES

#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/seq_file.h>
#include <linux/string_choices.h>

#include <asm/esr.h>
#include <asm/kvm_id_print.h>
#include <asm/kvm_pkvm.h>

static void show_field(struct seq_file *s, const struct pvm_id_reg *reg,
		       const struct pvm_id_field *f, u64 host, u64 guest)
{
	unsigned int lsb = PVM_KEY_SHIFT(f->key);
	char from[PVM_BINARY_SIZE], to[PVM_BINARY_SIZE], policy[PVM_POLICY_SIZE];
	u64 has = pvm_field_extract(f, host), sees = pvm_field_extract(f, guest);

	seq_printf(s, "%c %-16s %-12s %2u:%-2u %-10s %-36s %s\n",
		   has == sees ? ' ' : '*', reg->name, f->name, lsb + f->width - 1, lsb,
		   pvm_print_binary(from, has, f->width), pvm_print_policy(policy, f),
		   pvm_print_binary(to, sees, f->width));
}

static int contract_show(struct seq_file *s, void *v)
{
	struct kvm *kvm = s->private;
	unsigned int r, i;

	if (!kvm_vm_has_ran_once(kvm))
		seq_puts(s, "# Not final: no vCPU has run.\n");
	seq_printf(s, "  %-16s %-12s %-5s %-10s %-36s %s\n",
		   "register", "field", "bits", "host", "policy", "guest");

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		const struct pvm_id_reg *reg = &pvm_id_regs[r];
		u64 host, guest;

		if (!reg->nr_fields)
			continue;

		host = pkvm_host_id_reg(r);
		guest = pkvm_read_id_reg(kvm, r);
		for (i = 0; i < reg->nr_fields; i++)
			show_field(s, reg, &reg->fields[i], host, guest);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(contract);

static void show_last_undef(struct seq_file *s, u64 esr, u64 pc)
{
	u32 id = esr_sys64_to_sysreg(esr);

	if (ESR_ELx_EC(esr) == ESR_ELx_EC_SYS64)
		seq_printf(s, "%s of S%u_%u_C%u_C%u_%u",
			   str_read_write(esr & ESR_ELx_SYS64_ISS_DIR_READ),
			   (u32)sys_reg_Op0(id), (u32)sys_reg_Op1(id), (u32)sys_reg_CRn(id),
			   (u32)sys_reg_CRm(id), (u32)sys_reg_Op2(id));
	else
		seq_puts(s, esr_get_class_string(esr));

	seq_printf(s, " at PC 0x%llx (ESR 0x%llx)\n", pc, esr);
}

static int undefs_show(struct seq_file *s, void *v)
{
	struct kvm *kvm = s->private;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	seq_printf(s, "%-5s %-16s %-16s %s\n", "vcpu", "registers", "others", "last");
	kvm_for_each_vcpu(i, vcpu, kvm) {
		u64 regs = READ_ONCE(vcpu->stat.pvm_sysreg_undef);
		u64 others = READ_ONCE(vcpu->stat.pvm_other_undef);

		seq_printf(s, "%-5d %-16llu %-16llu ", vcpu->vcpu_id, regs, others);
		if (READ_ONCE(vcpu->arch.pvm_undef.esr))
			show_last_undef(s, READ_ONCE(vcpu->arch.pvm_undef.esr),
					READ_ONCE(vcpu->arch.pvm_undef.pc));
		else
			seq_puts(s, "none\n");
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(undefs);

/**
 * pkvm_create_debugfs() - Create the files of a protected VM
 * @kvm:	the VM; for one that is not protected, nothing is created
 *
 * They go with the VM's directory, before the VM does.
 */
void pkvm_create_debugfs(struct kvm *kvm)
{
	if (!kvm_vm_is_protected(kvm))
		return;

	debugfs_create_file("contract", 0444, kvm->debugfs_dentry, kvm,
			    &contract_fops);
	/* Addresses of the guest's kernel are not for everyone. */
	debugfs_create_file("undefs", 0400, kvm->debugfs_dentry, kvm,
			    &undefs_fops);
}
