// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check of the tables that describe the CPU of a protected VM, at build time
 * and, with the names that EL2 does not have, at boot.
 *
 * What is printed here names the row in error. Nothing else follows from it:
 * protected VMs are made all the same.
 */

#define PVM_FIELD_NAMES

#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/printk.h>

#include <asm/kvm_id_check.h>

static const char * const check_errors[] __initconst = {
	[PVM_CHECK_SLOT]	= "register in the wrong slot",
	[PVM_CHECK_UNCOVERED]	= "bits without a row",
	[PVM_CHECK_SURPLUS]	= "row for reserved bits",
	[PVM_CHECK_OVERLAP]	= "second row for the same bits",
	[PVM_CHECK_FOREIGN]	= "row of another register",
	[PVM_CHECK_VALUE]	= "value does not fit the field",
	[PVM_CHECK_POLICY]	= "no such policy or condition",
	[PVM_CHECK_OPEN]	= "hidden, but not said how",
	[PVM_CHECK_INERT]	= "inert, but said to be hidden",
	[PVM_CHECK_PART_OF]	= "part of a field that is not trapped",
};

static void __init report(const struct pvm_check_finding *finding)
{
	kvm_err("protected VM contract: %s%s%s: %s (%#llx)\n", finding->reg->name,
		finding->field ? "." : "", finding->field ? finding->field->name : "",
		check_errors[finding->error], finding->bits);
}

/**
 * pkvm_field_name() - Name the field of an ID register
 * @key:	of the field
 * @name:	where to put REGISTER.FIELD, or the key if there is no such field
 * @size:	of @name
 *
 * Return: as snprintf().
 */
int __init pkvm_field_name(u16 key, char *name, size_t size)
{
	const struct pvm_id_field *field = pvm_field_find(pvm_id_regs, key);

	if (!field)
		return snprintf(name, size, "%#x", key);

	return snprintf(name, size, "%s.%s", pvm_id_regs[PVM_KEY_INDEX(key)].name, field->name);
}

static int __init pkvm_contract_init(void)
{
	BUILD_BUG_ON(PVM_ID_REG_NUM != KVM_ARM_ID_REG_NUM);
	BUILD_BUG_ON(PVM_ID_REG_INDEX(SYS_ID_AA64PFR0_EL1) != IDREG_IDX(SYS_ID_AA64PFR0_EL1));
	pvm_contract_build_check();

	return pvm_contract_check(pvm_id_regs, report, NULL) ? -EINVAL : 0;
}
core_initcall(pkvm_contract_init);
