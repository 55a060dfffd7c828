/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM reads in its ID registers: the arithmetic over the rows
 * of kvm_fixed_config.h.
 *
 * Pure functions of their arguments. The host, EL2 and a test on the build
 * machine compile this same source.
 *
 * "The host" stands for KVM's view of the host's CPUs: the sanitised registers
 * as read_sanitised_ftr_reg() has them, after KVM's own adjustments (CSV2 and
 * CSV3 follow the mitigations, GIC the vGIC that KVM offers). The view is taken
 * once, before the host loses its privileges. What this view does not have,
 * no VM gets.
 *
 * For every field, in the order of the field's own signedness: the result is
 * not above the host's value unless the policy is a value of its own, it is
 * not above the limit, it does not fall when the host's value rises, and
 * computing it again from the result changes nothing.
 */

#ifndef __ARM64_KVM_ID_REGS_H__
#define __ARM64_KVM_ID_REGS_H__

#include <asm/kvm_fixed_config.h>

/* What the policy depends on besides the host. */
struct pvm_vm_features {
	bool ptrauth;		/* both halves of pointer authentication */
	bool vgic_v3;
	u8 ipa_bits;
};

/* The same, once it is known what the host can deliver. See pvm_vm_view(). */
struct pvm_vm_view {
	u8 met;			/* bit mask over enum pvm_when */
	u8 ipa_bits;
};

/**
 * pvm_id_reg_index() - Find an ID register's place in any array of them
 * @encoding:	of a system register, as SYS_* has it
 *
 * Return: the index, or -1 if this is not one of the 56.
 */
static inline int pvm_id_reg_index(u32 encoding)
{
	u32 offset = encoding - SYS_ID_PFR0_EL1;

	if (encoding < SYS_ID_PFR0_EL1 || offset % PVM_ID_REG_STEP ||
	    offset / PVM_ID_REG_STEP >= PVM_ID_REG_NUM)
		return -1;

	return offset / PVM_ID_REG_STEP;
}

/**
 * pvm_id_reg_encoding() - The reverse of pvm_id_reg_index()
 * @index:	0 to PVM_ID_REG_NUM - 1
 *
 * Return: the encoding, as SYS_* has it.
 */
static inline u32 pvm_id_reg_encoding(int index)
{
	return SYS_ID_PFR0_EL1 + index * PVM_ID_REG_STEP;
}

/* The bits of a register that are the field's. */
static __always_inline u64 pvm_field_mask(const struct pvm_id_field *f)
{
	return ((1ULL << f->width) - 1) << PVM_KEY_SHIFT(f->key);
}

/* The field's bits in a value of its register, at bit 0. */
static __always_inline u64 pvm_field_extract(const struct pvm_id_field *f, u64 reg)
{
	return (reg & pvm_field_mask(f)) >> PVM_KEY_SHIFT(f->key);
}

/**
 * pvm_field_number() - The number that the bits of a field stand for
 * @f:		the field's row
 * @bits:	from pvm_field_extract()
 *
 * Return: @bits, or less than 0 if the field is signed and its top bit set.
 */
static inline int pvm_field_number(const struct pvm_id_field *f, u64 bits)
{
	int number = bits;

	if (f->is_signed && number >> (f->width - 1))
		number -= 1 << f->width;

	return number;
}

/* The smallest physical address size that holds @ipa_bits, as PARANGE has it. */
static inline u8 pvm_parange(u8 ipa_bits)
{
	if (ipa_bits <= 32)
		return ID_AA64MMFR0_EL1_PARANGE_32;
	if (ipa_bits <= 36)
		return ID_AA64MMFR0_EL1_PARANGE_36;
	if (ipa_bits <= 40)
		return ID_AA64MMFR0_EL1_PARANGE_40;
	if (ipa_bits <= 42)
		return ID_AA64MMFR0_EL1_PARANGE_42;
	if (ipa_bits <= 44)
		return ID_AA64MMFR0_EL1_PARANGE_44;
	if (ipa_bits <= 48)
		return ID_AA64MMFR0_EL1_PARANGE_48;
	if (ipa_bits <= 52)
		return ID_AA64MMFR0_EL1_PARANGE_52;

	return ID_AA64MMFR0_EL1_PARANGE_56;
}

static inline u64 pvm_field_limit(const struct pvm_id_field *f,
				  const struct pvm_vm_view *view)
{
	u8 parange = pvm_parange(view->ipa_bits);

	return f->ipa_limited && parange < f->value ? parange : f->value;
}

/**
 * pvm_field_value() - Apply a row: what a VM reads in one field
 * @f:		the row
 * @host:	the field's bits in the host's view, at bit 0
 * @view:	what the VM has, from pvm_vm_view()
 *
 * Return: the field's bits, at bit 0.
 */
static inline u64 pvm_field_value(const struct pvm_id_field *f, u64 host,
				  const struct pvm_vm_view *view)
{
	u64 limit;

	if (f->when != PVM_ALWAYS && !(view->met & BIT(f->when)))
		return f->ni;

	switch (f->policy) {
	case PVM_POLICY_ALLOW:
		return host;
	case PVM_POLICY_RESTRICT:
		limit = pvm_field_limit(f, view);
		if (pvm_field_number(f, host) < pvm_field_number(f, limit))
			return host;
		return limit;
	default:
		return f->value;
	}
}

/**
 * pvm_reg_value() - Apply the rows of a register
 * @reg:	the register
 * @host:	its value in the host's view
 * @view:	what the VM has, from pvm_vm_view()
 *
 * What no row names is reserved, and reads as zero.
 *
 * Return: the register, as the VM reads it.
 */
static inline u64 pvm_reg_value(const struct pvm_id_reg *reg, u64 host,
				const struct pvm_vm_view *view)
{
	u64 val = 0;
	unsigned int i;

	for (i = 0; i < reg->nr_fields; i++) {
		const struct pvm_id_field *f = &reg->fields[i];

		val |= pvm_field_value(f, pvm_field_extract(f, host), view)
			<< PVM_KEY_SHIFT(f->key);
	}

	return val;
}

/**
 * pvm_id_reg_value() - What a VM reads in an ID register
 * @index:	from pvm_id_reg_index(), and not -1
 * @host:	the register's value in the host's view
 * @view:	what the VM has, from pvm_vm_view()
 *
 * Return: the value; zero for a register that has no rows.
 */
static inline u64 pvm_id_reg_value(int index, u64 host, const struct pvm_vm_view *view)
{
	return pvm_reg_value(&pvm_id_regs[index], host, view);
}

/**
 * pvm_pac_algorithm() - Find the algorithm that the host signs pointers with
 * @host:	all ID registers, in the host's view
 *
 * A host that has several algorithms, or one of them for addresses and another
 * or none for generic data, has none that can be given to a VM.
 *
 * Return: the condition PVM_WITH_PAC_* of the only algorithm, or PVM_ALWAYS.
 */
static inline u8 pvm_pac_algorithm(const u64 host[PVM_ID_REG_NUM])
{
	u8 present = 0, incomplete = 0;
	unsigned int r, i;
	u8 when;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++) {
			const struct pvm_id_field *f = &pvm_id_regs[r].fields[i];

			if (f->when < PVM_WITH_PAC_QARMA5)
				continue;
			if (pvm_field_extract(f, host[r]) != f->ni)
				present |= BIT(f->when);
			else
				incomplete |= BIT(f->when);
		}
	}

	for (when = PVM_WITH_PAC_QARMA5; when < PVM_WHEN_NUM; when++)
		if (present == BIT(when) && !(incomplete & BIT(when)))
			return when;

	return PVM_ALWAYS;
}

/**
 * pvm_vm_view() - What a VM has, once it is known what the host can deliver
 * @host:	all ID registers, in the host's view
 * @features:	what was asked for
 *
 * Return: the view that the other functions take.
 */
static inline struct pvm_vm_view pvm_vm_view(const u64 host[PVM_ID_REG_NUM],
					     const struct pvm_vm_features *features)
{
	struct pvm_vm_view view = {
		.met = BIT(PVM_ALWAYS),
		.ipa_bits = features->ipa_bits,
	};

	if (features->vgic_v3)
		view.met |= BIT(PVM_WITH_VGIC_V3);
	if (features->ptrauth)
		view.met |= BIT(pvm_pac_algorithm(host));

	return view;
}

/* Whether the VM has pointer authentication: asked for, and deliverable. */
static inline bool pvm_view_has_ptrauth(const struct pvm_vm_view *view)
{
	return view->met & (BIT(PVM_WITH_PAC_QARMA5) | BIT(PVM_WITH_PAC_QARMA3) |
			    BIT(PVM_WITH_PAC_IMPDEF));
}

/**
 * pvm_id_regs_compute() - Compute all ID registers of a VM
 * @vm:		where to put them; may be the same array as @host
 * @host:	all ID registers, in the host's view
 * @features:	what was asked for
 */
static inline void pvm_id_regs_compute(u64 vm[PVM_ID_REG_NUM],
				       const u64 host[PVM_ID_REG_NUM],
				       const struct pvm_vm_features *features)
{
	struct pvm_vm_view view = pvm_vm_view(host, features);
	int r;

	for (r = 0; r < PVM_ID_REG_NUM; r++)
		vm[r] = pvm_id_reg_value(r, host[r], &view);
}

/**
 * pvm_field_find() - Find the row of a field
 * @regs:	the rows to look in: pvm_id_regs, but for tests
 * @key:	PVM_FIELD_KEY(), or anything else
 *
 * Return: the row, or NULL if no row has this key.
 */
static inline const struct pvm_id_field *
pvm_field_find(const struct pvm_id_reg regs[PVM_ID_REG_NUM], u16 key)
{
	const struct pvm_id_reg *reg;
	unsigned int i;

	if (PVM_KEY_INDEX(key) >= PVM_ID_REG_NUM)
		return NULL;

	reg = &regs[PVM_KEY_INDEX(key)];
	for (i = 0; i < reg->nr_fields; i++)
		if (reg->fields[i].key == key)
			return &reg->fields[i];

	return NULL;
}

/**
 * pvm_field_get() - Get the number that a field has in a VM
 * @id_regs:	all ID registers of the VM
 * @key:	PVM_FIELD_KEY() of the field
 *
 * Return: the number, in the order of the field's signedness, to be compared
 * with a named value; -1 for a key that no row has.
 */
static inline int pvm_field_get(const u64 id_regs[PVM_ID_REG_NUM], u16 key)
{
	const struct pvm_id_field *f = pvm_field_find(pvm_id_regs, key);

	if (!f)
		return -1;

	return pvm_field_number(f, pvm_field_extract(f, id_regs[PVM_KEY_INDEX(key)]));
}

/*
 * Masks over the rows of a register. The loop is written out, so that compilers
 * reduce it to a constant: for the masks themselves and for checks in the build.
 */
#define PVM_ID_FIELDS_MAX	24

struct pvm_id_mask {
	u64 any;		/* bits that some row has */
	u64 twice;		/* bits that several rows have */
};

static __always_inline struct pvm_id_mask
pvm_id_mask_1(struct pvm_id_mask m, const struct pvm_id_reg *reg, unsigned int i, u8 policy)
{
	u64 mask;

	if (i >= reg->nr_fields)
		return m;
	if (policy != PVM_POLICY_NUM && policy != reg->fields[i].policy)
		return m;

	mask = pvm_field_mask(&reg->fields[i]);
	m.twice |= m.any & mask;
	m.any |= mask;

	return m;
}

static __always_inline struct pvm_id_mask
pvm_id_mask_4(struct pvm_id_mask m, const struct pvm_id_reg *reg, unsigned int i, u8 policy)
{
	m = pvm_id_mask_1(m, reg, i, policy);
	m = pvm_id_mask_1(m, reg, i + 1, policy);
	m = pvm_id_mask_1(m, reg, i + 2, policy);

	return pvm_id_mask_1(m, reg, i + 3, policy);
}

static __always_inline struct pvm_id_mask
pvm_id_mask_all(const struct pvm_id_reg *reg, u8 policy)
{
	struct pvm_id_mask m = {};

	m = pvm_id_mask_4(m, reg, 0, policy);
	m = pvm_id_mask_4(m, reg, 4, policy);
	m = pvm_id_mask_4(m, reg, 8, policy);
	m = pvm_id_mask_4(m, reg, 12, policy);
	m = pvm_id_mask_4(m, reg, 16, policy);

	return pvm_id_mask_4(m, reg, 20, policy);
}

/**
 * pvm_id_mask() - The fields of a register that have a policy
 * @encoding:	a constant, one of the registers that has rows
 * @policy:	enum pvm_policy, or PVM_POLICY_NUM for any
 *
 * Return: their bits; a constant, once compiled.
 */
static __always_inline u64 pvm_id_mask(u32 encoding, u8 policy)
{
	return pvm_id_mask_all(&pvm_id_regs[PVM_ID_REG_INDEX(encoding)], policy).any;
}

/* The bits that more than one row of a register has. */
static __always_inline u64 pvm_id_mask_twice(u32 encoding)
{
	return pvm_id_mask_all(&pvm_id_regs[PVM_ID_REG_INDEX(encoding)], PVM_POLICY_NUM).twice;
}

#endif /* __ARM64_KVM_ID_REGS_H__ */
