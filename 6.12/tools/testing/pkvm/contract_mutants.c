// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test of the test: each row of the contract is changed, one change at a time,
 * and either the check of the tables or the restated policy has to object. A
 * change that nobody notices is a row that is not tested.
 */

#include "contract_test.h"

static const struct vm_kind kinds[] = {
	{ .pauth = true, .vgic = true, .ipa = 32 },
	{ .pauth = true, .vgic = true, .ipa = 52 },
	{ .pauth = false, .vgic = false, .ipa = 48 },
};

/* Hosts that offer one algorithm each, by the letter of expected_pac(). */
static const struct {
	const char *pac;
	u8 met;
} algorithms[] = {
	{ "5", PVM_WITH_PAC_QARMA5 }, { "3", PVM_WITH_PAC_QARMA3 }, { "I", PVM_WITH_PAC_IMPDEF },
};

static void quiet(const struct pvm_check_finding *finding)
{
}

static bool values_differ(const struct pvm_id_reg *reg, int r)
{
	unsigned int k, a, n;
	u64 digit;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (a = 0; a < ARRAY_SIZE(algorithms); a++) {
			struct pvm_vm_view view = { .ipa_bits = kinds[k].ipa, .met = 1 };

			if (kinds[k].vgic)
				view.met |= BIT(PVM_WITH_VGIC_V3);
			if (kinds[k].pauth)
				view.met |= BIT(algorithms[a].met);

			for (n = 0; n < NR_NIBBLES; n++)
				for (digit = 0; digit < 16; digit++)
					if (pvm_reg_value(reg, digit << (4 * n), &view) !=
					    expected_reg(r, digit << (4 * n), &kinds[k],
							 algorithms[a].pac))
						return true;
		}
	}

	return false;
}

static bool noticed(int r, const struct pvm_id_field *fields, unsigned int nr)
{
	struct pvm_id_reg regs[PVM_ID_REG_NUM];

	memcpy(regs, pvm_id_regs, sizeof(regs));
	regs[r].fields = fields;
	regs[r].nr_fields = nr;

	return values_differ(&regs[r], r) || pvm_contract_check(regs, quiet, NULL);
}

enum mutation {
	DROP, TWICE, LOWER, RAISE, TO_NI, TO_SET, TO_ALLOW, TO_RESTRICT, FLIP_SIGN,
	UNCONDITIONAL, NO_IPA, UNGUARDED, NR_MUTATIONS,
};

static const char * const mutation_names[] = {
	"dropped", "doubled", "value lowered", "value raised", "made NI", "made SET",
	"made ALLOW", "made RESTRICT", "sign flipped", "made unconditional",
	"made independent of the IPA size", "stripped of its trap or reason",
};

/* Up to an unsigned 0 is 0, whether it is called a limit or a value. */
static bool always_zero(const struct pvm_id_field *f)
{
	return f->policy != PVM_POLICY_ALLOW && !f->is_signed && !f->value;
}

/*
 * Whether a mutation of a row is a change at all. The policies NI and SET differ
 * in what they say and not in what they do, and only a limit has a sign.
 */
static bool mutate(struct pvm_id_field *f, enum mutation m)
{
	struct pvm_id_field old = *f;

	switch (m) {
	case LOWER:
		f->value--;
		return f->policy != PVM_POLICY_ALLOW;
	case RAISE:
		f->value++;
		return f->policy != PVM_POLICY_ALLOW;
	case TO_NI:
		f->policy = PVM_POLICY_NI;
		return !always_zero(&old) && old.policy != PVM_POLICY_SET &&
		       old.policy != PVM_POLICY_NI;
	case TO_SET:
		f->policy = PVM_POLICY_SET;
		return !always_zero(&old) && old.policy != PVM_POLICY_SET &&
		       old.policy != PVM_POLICY_NI;
	case TO_ALLOW:
		f->policy = PVM_POLICY_ALLOW;
		return old.policy != PVM_POLICY_ALLOW;
	case TO_RESTRICT:
		f->policy = PVM_POLICY_RESTRICT;
		return !always_zero(&old) && old.policy != PVM_POLICY_RESTRICT;
	case FLIP_SIGN:
		f->is_signed = !f->is_signed;
		return f->policy == PVM_POLICY_RESTRICT;
	case UNCONDITIONAL:
		f->when = PVM_ALWAYS;
		return old.when != PVM_ALWAYS;
	case NO_IPA:
		f->ipa_limited = false;
		return old.ipa_limited;
	case UNGUARDED:
		f->trapped = false;
		f->part_of = 0;
		f->untrappable = NULL;
		f->inert = NULL;
		return old.policy == PVM_POLICY_NI || old.policy == PVM_POLICY_SET ||
		       old.when != PVM_ALWAYS || old.capped;
	default:
		return true;
	}
}

/* Returns whether all went well; counts mutants and those nobody noticed. */
int mutants_check(unsigned int *mutants, unsigned int *survivors)
{
	struct pvm_id_field fields[PVM_ID_FIELDS_MAX + 1];
	unsigned int i, nr;
	enum mutation m;
	int r;

	*mutants = *survivors = 0;
	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++) {
			for (m = 0; m < NR_MUTATIONS; m++) {
				nr = pvm_id_regs[r].nr_fields;
				memcpy(fields, pvm_id_regs[r].fields, nr * sizeof(fields[0]));
				if (m == TWICE)
					fields[nr++] = fields[i];
				else if (m == DROP)
					fields[i] = fields[--nr];
				else if (!mutate(&fields[i], m))
					continue;

				++*mutants;
				if (noticed(r, fields, nr))
					continue;
				++*survivors;
				say("survived: %s.%s %s", pvm_id_regs[r].name,
				    pvm_id_regs[r].fields[i].name, mutation_names[m]);
			}
		}
	}

	return *mutants && !*survivors;
}
