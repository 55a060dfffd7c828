/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of the tables in kvm_fixed_config.h, and of EL2's trap table against
 * them.
 *
 * A table error is an error of ours, and one that makes a protected VM see or
 * reach what nobody decided about. So it is looked for three times: the build
 * fails for a register whose rows do not cover its fields, a test on the build
 * machine names every error there is, and EL2 does not initialise with one.
 * None of the checks stops at the first error.
 */

#ifndef __ARM64_KVM_ID_CHECK_H__
#define __ARM64_KVM_ID_CHECK_H__

#include <linux/compiler.h>
#include <asm/kvm_id_regs.h>

enum pvm_check_error {
	PVM_CHECK_SLOT,		/* a register is not where its encoding says */
	PVM_CHECK_UNCOVERED,	/* bits of a register have no row */
	PVM_CHECK_SURPLUS,	/* a row has reserved bits */
	PVM_CHECK_OVERLAP,	/* a row has bits of an earlier row */
	PVM_CHECK_FOREIGN,	/* a row is of another register */
	PVM_CHECK_VALUE,	/* a value does not fit the field */
	PVM_CHECK_POLICY,	/* no such policy or condition */
	PVM_CHECK_OPEN,		/* can be hidden, and nothing is said of how */
	PVM_CHECK_INERT,	/* inert, and yet with a trap or the lack of one */
	PVM_CHECK_PART_OF,	/* part of what is not trapped, or not a field */
	PVM_CHECK_NO_TRAP,	/* said to be trapped, and no trap has its key */
	PVM_CHECK_STRAY_TRAP,	/* a trap's key is no field's, or an inert one's */
	PVM_CHECK_NUM,
};

struct pvm_check_finding {
	enum pvm_check_error error;
	int index;				/* of the register */
	const struct pvm_id_reg *reg;
	const struct pvm_id_field *field;	/* NULL: the register as such */
	u64 bits;				/* the bits, or the key, at fault */
	void *ctx;
};

/* Counts the findings and hands each to @report, where there is one. */
struct pvm_check {
	void (*report)(const struct pvm_check_finding *finding);
	void *ctx;
	unsigned int errors;
};

static inline void pvm_check_found(struct pvm_check *check, enum pvm_check_error error,
				   int index, const struct pvm_id_reg *reg,
				   const struct pvm_id_field *field, u64 bits)
{
	struct pvm_check_finding finding = {
		.error = error,
		.index = index,
		.reg = reg,
		.field = field,
		.bits = bits,
		.ctx = check->ctx,
	};

	check->errors++;
	if (check->report)
		check->report(&finding);
}

/* Whether a row admits that the guest can read less than what the CPU has. */
static inline bool pvm_field_hides(const struct pvm_id_field *f)
{
	return f->policy == PVM_POLICY_NI || f->policy == PVM_POLICY_SET ||
	       f->when != PVM_ALWAYS || f->capped;
}

static inline bool pvm_field_bad_value(const struct pvm_id_field *f)
{
	u64 fits = (1ULL << f->width) - 1;

	return (f->value & ~fits) || (f->ni & ~fits);
}

static inline bool pvm_field_bad_part_of(const struct pvm_id_reg regs[PVM_ID_REG_NUM],
					 const struct pvm_id_field *f)
{
	const struct pvm_id_field *whole;

	if (!f->part_of)
		return false;

	whole = pvm_field_find(regs, f->part_of);
	return !whole || !whole->trapped;
}

static inline void pvm_check_field(struct pvm_check *check,
				   const struct pvm_id_reg regs[PVM_ID_REG_NUM],
				   int r, const struct pvm_id_field *f)
{
	const struct pvm_id_reg *reg = &regs[r];
	bool guarded = f->trapped || f->part_of || f->untrappable;

	if (PVM_KEY_INDEX(f->key) != r)
		pvm_check_found(check, PVM_CHECK_FOREIGN, r, reg, f, f->key);
	if (pvm_field_bad_value(f))
		pvm_check_found(check, PVM_CHECK_VALUE, r, reg, f, f->value);
	if (f->policy >= PVM_POLICY_NUM || f->when >= PVM_WHEN_NUM)
		pvm_check_found(check, PVM_CHECK_POLICY, r, reg, f, f->policy);
	if (pvm_field_hides(f) && !guarded && !f->inert)
		pvm_check_found(check, PVM_CHECK_OPEN, r, reg, f, pvm_field_mask(f));
	if (f->inert && guarded)
		pvm_check_found(check, PVM_CHECK_INERT, r, reg, f, pvm_field_mask(f));
	if (pvm_field_bad_part_of(regs, f))
		pvm_check_found(check, PVM_CHECK_PART_OF, r, reg, f, f->part_of);
}

static inline void pvm_check_reg(struct pvm_check *check,
				 const struct pvm_id_reg regs[PVM_ID_REG_NUM], int r)
{
	const struct pvm_id_reg *reg = &regs[r];
	u64 seen = 0;
	unsigned int i;

	/* Not described: the AArch32 registers and what is not allocated. */
	if (!reg->encoding && !reg->nr_fields)
		return;

	if (pvm_id_reg_index(reg->encoding) != r)
		pvm_check_found(check, PVM_CHECK_SLOT, r, reg, NULL, reg->encoding);

	for (i = 0; i < reg->nr_fields; i++) {
		const struct pvm_id_field *f = &reg->fields[i];
		u64 mask = pvm_field_mask(f);

		if (mask & reg->reserved)
			pvm_check_found(check, PVM_CHECK_SURPLUS, r, reg, f,
					mask & reg->reserved);
		if (mask & seen)
			pvm_check_found(check, PVM_CHECK_OVERLAP, r, reg, f, mask & seen);
		seen |= mask;

		pvm_check_field(check, regs, r, f);
	}

	if (~(seen | reg->reserved))
		pvm_check_found(check, PVM_CHECK_UNCOVERED, r, reg, NULL,
				~(seen | reg->reserved));
}

/**
 * pvm_contract_check() - Check the rows of all ID registers
 * @regs:	the registers: pvm_id_regs, but for tests
 * @report:	called for each error; may be NULL
 * @ctx:	handed to @report in each finding
 *
 * Return: the number of errors.
 */
static inline unsigned int
pvm_contract_check(const struct pvm_id_reg regs[PVM_ID_REG_NUM],
		   void (*report)(const struct pvm_check_finding *finding), void *ctx)
{
	struct pvm_check check = { .report = report, .ctx = ctx };
	int r;

	for (r = 0; r < PVM_ID_REG_NUM; r++)
		pvm_check_reg(&check, regs, r);

	return check.errors;
}

/* The key of row @i in a table whose rows are @stride bytes apart. */
static inline u16 pvm_trap_key(const u16 *keys, unsigned int i, size_t stride)
{
	return *(const u16 *)((const char *)keys + i * stride);
}

/**
 * pvm_contract_check_traps() - Check the contract against a table of traps
 * @regs:	the registers: pvm_id_regs, but for tests
 * @keys:	the key in the first row of the table
 * @nr:		the number of rows
 * @stride:	the size of a row, in bytes
 * @report:	called for each error; may be NULL
 * @ctx:	handed to @report in each finding
 *
 * Each field that is said to be trapped has to have a row, and each row has to
 * be for a field. Key 0 belongs to a row that is for no field, such as a trap
 * that every protected VM has.
 *
 * Return: the number of errors.
 */
static inline unsigned int
pvm_contract_check_traps(const struct pvm_id_reg regs[PVM_ID_REG_NUM],
			 const u16 *keys, unsigned int nr, size_t stride,
			 void (*report)(const struct pvm_check_finding *finding), void *ctx)
{
	struct pvm_check check = { .report = report, .ctx = ctx };
	const struct pvm_id_field *f;
	unsigned int i, k;
	u16 key;
	int r;

	for (k = 0; k < nr; k++) {
		key = pvm_trap_key(keys, k, stride);
		if (!key)
			continue;
		f = pvm_field_find(regs, key);
		if (!f || f->inert)
			pvm_check_found(&check, PVM_CHECK_STRAY_TRAP, PVM_KEY_INDEX(key),
					f ? &regs[PVM_KEY_INDEX(key)] : NULL, f, key);
	}

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < regs[r].nr_fields; i++) {
			f = &regs[r].fields[i];
			for (k = 0; f->trapped && k < nr; k++)
				if (pvm_trap_key(keys, k, stride) == f->key)
					break;
			if (f->trapped && k == nr)
				pvm_check_found(&check, PVM_CHECK_NO_TRAP, r, &regs[r], f,
						f->key);
		}
	}

	return check.errors;
}

/* The host's: EL2 has no names. */
int pkvm_field_name(u16 key, char *name, size_t size);

static __always_inline bool pvm_rows_match(u32 encoding, u64 reserved)
{
	const struct pvm_id_reg *reg = &pvm_id_regs[PVM_ID_REG_INDEX(encoding)];

	return reg->encoding == encoding && reg->nr_fields <= PVM_ID_FIELDS_MAX &&
	       pvm_id_mask(encoding, PVM_POLICY_NUM) == ~reserved &&
	       !pvm_id_mask_twice(encoding);
}

/*
 * Fails the build unless the rows of a register and its fields match one to
 * one. Unlike with BUILD_BUG_ON(), the message has the name of the register,
 * and the compiler goes on to the next one.
 */
#define PVM_BUILD_CHECK_REG(reg) do {						\
	void pvm_rows_of_##reg(int unused)					\
		__compiletime_error("contract: the rows of " #reg " are not its fields"); \
										\
	if (!pvm_rows_match(SYS_##reg, reg##_RES0 | reg##_RES1 | reg##_UNKN))	\
		pvm_rows_of_##reg(0);						\
} while (0)

static __always_inline void pvm_contract_build_check(void)
{
	PVM_BUILD_CHECK_REG(ID_AA64PFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64PFR1_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64PFR2_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64ZFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64SMFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64FPFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64DFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64DFR1_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64AFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64AFR1_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64ISAR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64ISAR1_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64ISAR2_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64ISAR3_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64MMFR0_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64MMFR1_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64MMFR2_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64MMFR3_EL1);
	PVM_BUILD_CHECK_REG(ID_AA64MMFR4_EL1);
}

#endif /* __ARM64_KVM_ID_CHECK_H__ */
