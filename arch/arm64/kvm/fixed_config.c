// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the fixed config of protected VMs, and the masks that EL2 uses.
 *
 * This runs once, before the host loses its privileges. An error in the rows is
 * an error that lets a guest read or reach what nobody decided about. All errors
 * are reported, and one is enough for there to be no protected VM.
 */

#include <linux/init.h>
#include <linux/kvm_host.h>

#include <asm/kvm_fixed_config.h>

static u64 __init row_mask(const struct pvm_id_field *f)
{
	return GENMASK_ULL(f->shift + f->width - 1, f->shift);
}

static bool __init has_guard(const struct pvm_id_field *f)
{
	return f->trapped || f->trapped_by || f->part_of || f->untrappable || f->inert;
}

/* Whether the host has more than what the row lets through. */
static bool __init exceeds_max(const struct pvm_id_field *f, u64 limit)
{
	u64 mask = row_mask(f), max = (u64)f->value << f->shift;

	limit &= mask;
	return pvm_id_min(limit, max, f->is_signed ? mask : 0) != limit;
}

static bool __init part_of_trapped(const struct pvm_id_field *fields, int nr, u32 part_of)
{
	for (int i = 0; i < nr; i++) {
		const struct pvm_id_field *f = &fields[i];

		if (PVM_ID_KEY(f->reg, f->shift) == part_of)
			return f->trapped || f->trapped_by;
	}

	return false;
}

static const char * __init field_error(const struct pvm_id_field *fields, int nr, int i,
				       u64 seen, u64 limit)
{
	const struct pvm_id_field *f = &fields[i];
	u64 mask = row_mask(f);

	if (mask & ~f->reg_fields)
		return "a row for reserved bits";
	if (mask & seen)
		return "a second row for the same bits";
	if (((u64)f->value << f->shift) & ~mask)
		return "a value that does not fit";
	if (f->word == PVM_ID_RESTRICT && (f->width != 4 || f->shift % 4))
		return "a limit for a field that does not have four bits";
	if (f->word == PVM_ID_SET && !has_guard(f))
		return "hidden without a guard";
	if (f->word == PVM_ID_RESTRICT && !has_guard(f) && exceeds_max(f, limit))
		return "a value of the host above the limit, without a guard";
	if (f->part_of && !part_of_trapped(fields, nr, f->part_of))
		return "part of a field that is not trapped";
	if (f->trapped && !kvm_is_field_trapped(f->reg, f->shift))
		return "no trap bit depends on the field";

	return NULL;
}

/**
 * pvm_check_fixed_config() - Check the rows, and make the masks for EL2 of them
 * @fields:	the rows
 * @nr:		the number of rows
 * @regs:	all PVM_NR_ID_REGS registers with their limits; the masks are filled in
 *
 * Return: true if there is no error.
 */
bool __init pvm_check_fixed_config(const struct pvm_id_field *fields, int nr,
				   struct pvm_id_reg *regs)
{
	u64 seen[PVM_NR_ID_REGS] = {};
	bool valid = true;

	for (int i = 0; i < nr; i++) {
		const struct pvm_id_field *f = &fields[i];
		int idx = PVM_ID_REG_IDX(f->reg);
		struct pvm_id_reg *reg = &regs[idx];
		u64 mask = row_mask(f), value = (u64)f->value << f->shift;
		const char *error = field_error(fields, nr, i, seen[idx], reg->limit);

		if (error) {
			kvm_err("fixed config: %s.%s: %s\n", f->reg_name, f->name, error);
			valid = false;
		}

		seen[idx] |= mask;
		switch (f->word) {
		case PVM_ID_ALLOW:
			reg->allow |= mask;
			break;
		case PVM_ID_RESTRICT:
			reg->max |= value;
			reg->is_signed |= f->is_signed ? mask : 0;
			break;
		case PVM_ID_SET:
			reg->set |= value;
			break;
		}
	}

	for (int i = 0; i < nr; i++) {
		const struct pvm_id_field *f = &fields[i];
		u64 missing = f->reg_fields & ~seen[PVM_ID_REG_IDX(f->reg)];

		if (missing) {
			kvm_err("fixed config: %s: no row for bits %016llx\n",
				f->reg_name, missing);
			seen[PVM_ID_REG_IDX(f->reg)] |= missing;
			valid = false;
		}
	}

	for (int i = 0; i < PVM_NR_ID_REGS; i++) {
		u32 reg = PVM_ID_REG_ENC(i);

		if (!seen[i] && kvm_is_id_reg(reg)) {
			kvm_err("fixed config: no row for the ID register S3_0_C0_C%d_%d\n",
				sys_reg_CRm(reg), sys_reg_Op2(reg));
			valid = false;
		}
	}

	return valid;
}
