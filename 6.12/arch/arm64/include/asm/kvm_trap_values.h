/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM's use of its CPU traps on: from the VM's ID registers to
 * the values of the trap registers, by the rows of kvm_fixed_traps.h.
 *
 * Pure functions of their arguments. The host, EL2 and a test on the build
 * machine compile this same source.
 */

#ifndef __ARM64_KVM_TRAP_VALUES_H__
#define __ARM64_KVM_TRAP_VALUES_H__

#include <linux/kernel.h>
#include <linux/types.h>
#include <asm/kvm_fixed_traps.h>

/* The rows, for those who want to try others. */
struct pvm_trap_tables {
	const struct pvm_trap_row *feature;
	const struct pvm_trap_row *fixed;
	unsigned int nr_feature;
	unsigned int nr_fixed;
};

static const struct pvm_trap_tables pvm_trap_tables = {
	.feature	= pvm_feature_traps,
	.fixed		= pvm_fixed_traps,
	.nr_feature	= ARRAY_SIZE(pvm_feature_traps),
	.nr_fixed	= ARRAY_SIZE(pvm_fixed_traps),
};

/* Whether the VM has an algorithm for PAuth, whichever it is. */
static inline bool pvm_has_pauth(const u64 id_regs[PVM_ID_REG_NUM])
{
	u64 isar1 = id_regs[PVM_ID_REG_INDEX(SYS_ID_AA64ISAR1_EL1)];
	u64 isar2 = id_regs[PVM_ID_REG_INDEX(SYS_ID_AA64ISAR2_EL1)];

	return (isar1 & (ID_AA64ISAR1_EL1_APA_MASK | ID_AA64ISAR1_EL1_API_MASK)) ||
	       (isar2 & ID_AA64ISAR2_EL1_APA3_MASK);
}

/* Whether the guest may have what the row guards. */
static inline bool pvm_trap_row_allows(const struct pvm_trap_row *row,
				       const u64 id_regs[PVM_ID_REG_NUM])
{
	int val;

	switch (row->cond) {
	case PVM_IF_ALWAYS:
		return true;
	case PVM_IF_FIELD:
		val = id_regs[PVM_KEY_INDEX(row->key)] >> PVM_KEY_SHIFT(row->key) & 0xf;
		if (row->is_signed && val & 0x8)
			val -= 0x10;
		return val >= row->min;
	case PVM_IF_PAUTH:
		return pvm_has_pauth(id_regs);
	default:
		return false;
	}
}

/* The bits that trap when set, in the registers where that is the default. */
static inline u64 pvm_trap_default(enum pvm_trap_reg reg)
{
	switch (reg) {
	case PVM_HFGxTR:
		return __HFGRTR_EL2_MASK | __HFGWTR_EL2_MASK;
	case PVM_HFGITR:
		return __HFGITR_EL2_MASK;
	case PVM_HDFGxTR:
		return __HDFGRTR_EL2_MASK | __HDFGWTR_EL2_MASK;
	case PVM_HAFGRTR:
		return __HAFGRTR_EL2_MASK;
	case PVM_HFGITR2:
		return HFGITR2_EL2_TSBCSYNC_MASK;
	default:
		return 0;
	}
}

struct pvm_trap_bits {
	u64 trap_denied, trap_allowed;
	u64 enable_denied, enable_allowed;
};

static inline void pvm_trap_collect(struct pvm_trap_bits *bits, enum pvm_trap_reg reg,
				    const struct pvm_trap_row *rows, unsigned int nr,
				    const u64 id_regs[PVM_ID_REG_NUM], u8 env)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct pvm_trap_row *row = &rows[i];
		bool allowed;

		if (row->reg != reg || row->env & ~env)
			continue;

		allowed = pvm_trap_row_allows(row, id_regs);
		if (row->enable && allowed)
			bits->enable_allowed |= row->bits;
		else if (row->enable)
			bits->enable_denied |= row->bits;
		else if (allowed)
			bits->trap_allowed |= row->bits;
		else
			bits->trap_denied |= row->bits;
	}
}

/**
 * pvm_trap_value() - Compute a trap register of a VM
 * @t:		the rows: &pvm_trap_tables, but for tests
 * @reg:	the register
 * @id_regs:	all ID registers of the VM
 * @env:	PVM_ENV_*, what the CPUs and EL2 are like
 *
 * Return: the value. What differs from CPU to CPU is not in it.
 */
static inline u64 pvm_trap_value(const struct pvm_trap_tables *t, enum pvm_trap_reg reg,
				 const u64 id_regs[PVM_ID_REG_NUM], u8 env)
{
	struct pvm_trap_bits bits = {};

	pvm_trap_collect(&bits, reg, t->feature, t->nr_feature, id_regs, env);
	pvm_trap_collect(&bits, reg, t->fixed, t->nr_fixed, id_regs, env);

	return (pvm_trap_default(reg) & ~bits.trap_allowed) | bits.trap_denied |
	       (bits.enable_allowed & ~bits.enable_denied);
}

#endif /* __ARM64_KVM_TRAP_VALUES_H__ */
