/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of the rows in kvm_fixed_traps.h: against the registers whose bits
 * they name, and against the contract in kvm_fixed_config.h.
 *
 * None of the checks stops at the first error.
 */

#ifndef __ARM64_KVM_TRAP_CHECK_H__
#define __ARM64_KVM_TRAP_CHECK_H__

#include <linux/compiler.h>
#include <asm/kvm_id_regs.h>
#include <asm/kvm_trap_values.h>

enum pvm_trap_error {
	PVM_TRAP_NO_REG,	/* no such register */
	PVM_TRAP_NO_BITS,	/* a row without a bit, or with one that is reserved */
	PVM_TRAP_NO_FIELD,	/* the contract does not know the field */
	PVM_TRAP_SENSE,		/* a TRAP bit called ENABLE, or the other way round */
	PVM_TRAP_UNNAMED,	/* bits of a register that no row names */
	PVM_TRAP_NO_ROW,	/* the contract calls a field trapped, and no row has it */
};

/* A finding, by a number for the table, and the row's index in it. */
enum pvm_trap_table {
	PVM_FEATURE_TRAPS,
	PVM_FIXED_TRAPS,
	PVM_TRAP_REGS,		/* the index is a register */
	PVM_TRAP_FIELDS,	/* the index is a field's key */
};

typedef void (*pvm_trap_report_t)(enum pvm_trap_table table, unsigned int index,
				  enum pvm_trap_error error, u64 bits);

/* All bits that a register has, as far as EL1 and EL0 feel them. */
static inline u64 pvm_trap_reg_bits(enum pvm_trap_reg reg)
{
	switch (reg) {
	case PVM_HCR:
		/* The last of HCR_RES0 is FEAT_TME's, and bit 48 is EL3's. */
		return ~(u64)BIT(48);
	case PVM_HCRX:
		return __HCRX_EL2_MASK | __HCRX_EL2_nMASK;
	case PVM_MDCR:
		return MDCR_EL2_HPMFZS | MDCR_EL2_HPMFZO | MDCR_EL2_MTPME |
		       MDCR_EL2_TDCC | MDCR_EL2_HLP | PVM_MDCR_E2TB |
		       MDCR_EL2_HCCD | MDCR_EL2_TTRF | MDCR_EL2_HPMD |
		       PVM_MDCR_ENSPM | MDCR_EL2_TPMS | PVM_MDCR_E2PB |
		       GENMASK(11, 5);
	case PVM_HFGxTR:
		return __HFGRTR_EL2_MASK | __HFGRTR_EL2_nMASK |
		       __HFGWTR_EL2_MASK | __HFGWTR_EL2_nMASK;
	case PVM_HFGITR:
		return __HFGITR_EL2_MASK | __HFGITR_EL2_nMASK;
	case PVM_HDFGxTR:
		return __HDFGRTR_EL2_MASK | __HDFGRTR_EL2_nMASK |
		       __HDFGWTR_EL2_MASK | __HDFGWTR_EL2_nMASK;
	case PVM_HAFGRTR:
		return __HAFGRTR_EL2_MASK | __HAFGRTR_EL2_nMASK;
	case PVM_HFGxTR2:
		return ~(HFGRTR2_EL2_RES0 & HFGWTR2_EL2_RES0);
	case PVM_HFGITR2:
		return ~HFGITR2_EL2_RES0;
	case PVM_HDFGxTR2:
		return ~(HDFGRTR2_EL2_RES0 & HDFGWTR2_EL2_RES0);
	default:
		return 0;
	}
}

/* Whether the register's bits all have a sense of their own. */
static inline bool pvm_trap_reg_is_fgt(enum pvm_trap_reg reg)
{
	return reg >= PVM_HFGxTR;
}

static inline u64 pvm_trap_row_bad_sense(const struct pvm_trap_row *row)
{
	u64 traps = pvm_trap_default(row->reg);

	if (!pvm_trap_reg_is_fgt(row->reg))
		return 0;

	return row->bits & (row->enable ? traps : ~traps);
}

static inline unsigned int pvm_trap_check_rows(enum pvm_trap_table table,
					       const struct pvm_trap_row *rows, unsigned int nr,
					       u64 named[PVM_NR_TRAP_REGS],
					       pvm_trap_report_t report)
{
	unsigned int i, errors = 0;

	for (i = 0; i < nr; i++) {
		const struct pvm_trap_row *row = &rows[i];
		bool known = pvm_field_find(pvm_id_regs, row->key);
		bool wanted = table == PVM_FEATURE_TRAPS;
		u64 all, sense;

		if (row->reg >= PVM_NR_TRAP_REGS) {
			report(table, i, PVM_TRAP_NO_REG, row->reg);
			errors++;
			continue;
		}

		named[row->reg] |= row->bits;
		all = pvm_trap_reg_bits(row->reg);
		if (!row->bits || (all && row->bits & ~all)) {
			report(table, i, PVM_TRAP_NO_BITS, row->bits & ~all);
			errors++;
		}

		sense = pvm_trap_row_bad_sense(row);
		if (sense) {
			report(table, i, PVM_TRAP_SENSE, sense);
			errors++;
		}

		if (known != wanted) {
			report(table, i, PVM_TRAP_NO_FIELD, row->key);
			errors++;
		}
	}

	return errors;
}

static inline bool pvm_trap_has_row(const struct pvm_trap_tables *t, u16 key)
{
	unsigned int i;

	for (i = 0; i < t->nr_feature; i++)
		if (t->feature[i].key == key)
			return true;

	return false;
}

/* A field that is said to be trapped is, one that is said to be inert is not. */
static inline unsigned int pvm_trap_check_fields(const struct pvm_trap_tables *t,
						 pvm_trap_report_t report)
{
	unsigned int r, i, errors = 0;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++) {
			const struct pvm_id_field *field = &pvm_id_regs[r].fields[i];
			bool has_row = pvm_trap_has_row(t, field->key);

			if (has_row ? !field->inert : !field->trapped)
				continue;

			report(PVM_TRAP_FIELDS, field->key,
			       has_row ? PVM_TRAP_NO_FIELD : PVM_TRAP_NO_ROW, 0);
			errors++;
		}
	}

	return errors;
}

/**
 * pvm_trap_check() - Check rows of traps, against registers and the contract
 * @t:		the rows: &pvm_trap_tables, but for tests
 * @report:	called for each error
 *
 * Return: the number of errors.
 */
static inline unsigned int pvm_trap_check(const struct pvm_trap_tables *t,
					  pvm_trap_report_t report)
{
	u64 named[PVM_NR_TRAP_REGS] = {};
	unsigned int i, errors;

	errors = pvm_trap_check_rows(PVM_FEATURE_TRAPS, t->feature, t->nr_feature,
				     named, report);
	errors += pvm_trap_check_rows(PVM_FIXED_TRAPS, t->fixed, t->nr_fixed,
				      named, report);
	errors += pvm_trap_check_fields(t, report);

	for (i = 0; i < ARRAY_SIZE(pvm_cpu_traps); i++)
		named[pvm_cpu_traps[i].reg] |= pvm_cpu_traps[i].bits;
	named[PVM_HCR] |= PVM_HCR_FROM_HOST;

	for (i = 0; i < PVM_NR_TRAP_REGS; i++) {
		if (pvm_trap_reg_bits(i) & ~named[i]) {
			report(PVM_TRAP_REGS, i, PVM_TRAP_UNNAMED,
			       pvm_trap_reg_bits(i) & ~named[i]);
			errors++;
		}
	}

	return errors;
}

#endif /* __ARM64_KVM_TRAP_CHECK_H__ */
