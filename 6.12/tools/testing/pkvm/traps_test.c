// SPDX-License-Identifier: GPL-2.0-only
/*
 * What traps in a protected VM, tested on the build machine.
 *
 * Case			Rule
 * rows			rows, registers and the contract agree
 * values		each trap register of each kind of VM, against its restatement
 * mutants		no bit of a row can be dropped without a check or a value that
 *			shows it, but for bits that say what is the default anyway
 * broken		a row that is wrong in any one way is found
 */

#include "traps_test.h"
#include <kselftest.h>

#define say(fmt, ...)	printf("# " fmt "\n", ##__VA_ARGS__)

#define MAX_ROWS	128
#define NR_CASES	BIT(12)

static bool quiet;
static unsigned int last_error;

static const char * const reg_names[PVM_NR_TRAP_REGS] = {
	"HCR", "HCRX", "MDCR", "CPTR", "CPTR (E2H)", "CNTHCTL", "CNTHCTL (E2H)",
	"ICH_HCR", "MPAM2", "MPAMHCR", "HFGxTR", "HFGITR", "HDFGxTR", "HAFGRTR",
	"HFGxTR2", "HFGITR2", "HDFGxTR2",
};

static const char *field_name(u16 key)
{
	const struct pvm_id_field *field = pvm_field_find(pvm_id_regs, key);

	return field ? field->name : "no field";
}

static void say_row(const char *what, const struct pvm_trap_row *row)
{
	say("%s: %s, bits %#llx, %s", what,
	    row->reg < PVM_NR_TRAP_REGS ? reg_names[row->reg] : "no register",
	    (unsigned long long)row->bits, field_name(row->key));
}

static void report(enum pvm_trap_table table, unsigned int index,
		   enum pvm_trap_error error, u64 bits)
{
	static const char * const errors[] = {
		"no such register", "bits that are none", "no such field",
		"wrong sense", "bits without a row", "no row",
	};

	last_error = error;
	if (quiet)
		return;

	if (table == PVM_TRAP_REGS)
		say("%s: %s, %#llx", reg_names[index], errors[error],
		    (unsigned long long)bits);
	else if (table == PVM_TRAP_FIELDS)
		say("%s: %s", field_name(index), errors[error]);
	else
		say_row(errors[error], table == PVM_FEATURE_TRAPS ?
			&pvm_feature_traps[index] : &pvm_fixed_traps[index]);
}

/* Every combination of what the expectation depends on. */
static struct vm_case case_of(unsigned int n)
{
	return (struct vm_case) {
		.hvhe = n & 1, .fwb = n & 2, .ras = n & 4, .fgt = n & 8,
		.pauth = n & 16, .vgic = n & 32, .mops = n & 64, .ats1a = n & 128,
		.specres = n & 256, .tlb = (n >> 9 & 3) % 3, .pan = (n >> 10 & 3),
		.dpb = (n >> 11 & 1) * 2 - (n >> 9 & 1 && n >> 11 & 1),
	};
}

static void set_field(u64 *regs, u16 key, u64 val)
{
	regs[PVM_KEY_INDEX(key)] &= ~(0xfULL << PVM_KEY_SHIFT(key));
	regs[PVM_KEY_INDEX(key)] |= val << PVM_KEY_SHIFT(key);
}

/* ID registers as the contract makes them, by way of a host that has as much. */
static void regs_of(u64 vm_regs[PVM_ID_REG_NUM], const struct vm_case *vm)
{
	struct pvm_vm_features features = {
		.ptrauth = vm->pauth, .vgic_v3 = vm->vgic, .ipa_bits = 40,
	};
	u64 host[PVM_ID_REG_NUM];
	int r;

	/* As much of everything else as there can be. */
	for (r = 0; r < PVM_ID_REG_NUM; r++)
		host[r] = 0x7777777777777777ULL;

	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, APA), 0);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, GPA), 0);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, API), 5);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, GPI), 1);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR2_EL1, APA3), 0);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR2_EL1, GPA3), 0);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR2_EL1, MOPS), vm->mops);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR2_EL1, ATS1A), vm->ats1a);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, SPECRES), vm->specres);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR1_EL1, DPB), vm->dpb);
	set_field(host, PVM_FIELD_KEY(ID_AA64ISAR0_EL1, TLB), vm->tlb);
	set_field(host, PVM_FIELD_KEY(ID_AA64MMFR1_EL1, PAN), vm->pan);

	pvm_id_regs_compute(vm_regs, host, &features);
}

static u8 env_of(const struct vm_case *vm)
{
	return (vm->hvhe ? PVM_ENV_HVHE : 0) | (vm->fwb ? PVM_ENV_FWB : 0) |
	       (vm->ras ? PVM_ENV_RAS : 0) | (vm->fgt ? PVM_ENV_FGT : 0);
}

/* Whether the tables give the expected values. @reg: that one only, or all. */
static bool matches(const struct pvm_trap_tables *t, int reg)
{
	u64 regs[PVM_ID_REG_NUM];
	unsigned int n;
	bool ok = true;
	int r;

	for (n = 0; n < NR_CASES; n++) {
		struct vm_case vm = case_of(n);

		regs_of(regs, &vm);
		for (r = 0; r < PVM_NR_TRAP_REGS; r++) {
			u64 val, expect = expected_trap(r, &vm);

			if (reg >= 0 && r != reg)
				continue;
			val = pvm_trap_value(t, r, regs, env_of(&vm));
			if (val == expect)
				continue;
			if (quiet)
				return false;
			say("%s, VM %#x: %016llx, not %016llx", reg_names[r], n,
			    (unsigned long long)val, (unsigned long long)expect);
			ok = false;
		}
		if (!ok)
			break;
	}

	return ok;
}

static struct pvm_trap_row feature[MAX_ROWS], fixed[MAX_ROWS];

static struct pvm_trap_tables copy_tables(void)
{
	struct pvm_trap_tables t = pvm_trap_tables;

	memcpy(feature, pvm_feature_traps, sizeof(pvm_feature_traps));
	memcpy(fixed, pvm_fixed_traps, sizeof(pvm_fixed_traps));
	t.feature = feature;
	t.fixed = fixed;
	return t;
}

static bool noticed(const struct pvm_trap_tables *t, int reg)
{
	return pvm_trap_check(t, report) || !matches(t, reg);
}

static unsigned int mutants;

static unsigned int try_mutant(const struct pvm_trap_tables *t, const char *what,
			       const struct pvm_trap_row *row)
{
	mutants++;
	if (noticed(t, row->reg))
		return 0;

	say_row(what, row);
	return 1;
}

/* Drop every bit of every row, and let every row say the opposite. */
static unsigned int mutate(const struct pvm_trap_tables *t, struct pvm_trap_row *rows,
			   unsigned int nr)
{
	unsigned int i, bit, survivors = 0;

	for (i = 0; i < nr; i++) {
		struct pvm_trap_row row = rows[i];

		for (bit = 0; bit < 64; bit++) {
			if (!(row.bits & 1ULL << bit))
				continue;
			rows[i].bits = row.bits & ~(1ULL << bit);
			survivors += try_mutant(t, "a bit less survives", &rows[i]);
		}

		rows[i] = row;
		rows[i].cond = row.cond == PVM_IF_ALWAYS ? PVM_IF_NEVER : PVM_IF_ALWAYS;
		survivors += try_mutant(t, "the opposite survives", &rows[i]);
		rows[i] = row;
	}

	return survivors;
}

static bool test_rows(void)
{
	return !pvm_trap_check(&pvm_trap_tables, report);
}

static bool test_values(void)
{
	return matches(&pvm_trap_tables, -1);
}

/*
 * Equivalent mutants. ZEN and SMEN, two bits each, are clear by default, and no
 * check names the bits of CPTR_EL2. TDOSA has two rows, each of which is enough.
 */
#define EQUIVALENT	6

static bool test_mutants(void)
{
	struct pvm_trap_tables t = copy_tables();
	unsigned int survivors;

	quiet = true;
	survivors = mutate(&t, feature, t.nr_feature);
	survivors += mutate(&t, fixed, t.nr_fixed);
	quiet = false;
	say("%u mutants, %u survive", mutants, survivors);

	return survivors == EQUIVALENT;
}

static bool finds(struct pvm_trap_row row, bool is_feature, enum pvm_trap_error error)
{
	struct pvm_trap_tables t = copy_tables();
	bool found;

	if (is_feature)
		feature[t.nr_feature++] = row;
	else
		fixed[t.nr_fixed++] = row;

	quiet = true;
	found = pvm_trap_check(&t, report) == 1 && last_error == error;
	quiet = false;
	return found;
}

static bool test_broken(void)
{
	const struct pvm_trap_row good = PVM_TRAP_BELOW(HFGxTR, HFGxTR_EL2_LORC_EL1_MASK,
							ID_AA64MMFR1_EL1, LO, IMP);
	struct pvm_trap_row row;
	bool ok = true;

	row = good;
	row.reg = PVM_NR_TRAP_REGS;
	ok &= finds(row, true, PVM_TRAP_NO_REG);
	row = good;
	row.bits = 0;
	ok &= finds(row, true, PVM_TRAP_NO_BITS);
	row = good;
	row.enable = true;
	ok &= finds(row, true, PVM_TRAP_SENSE);
	row = good;
	row.key = 0x3f00;
	ok &= finds(row, true, PVM_TRAP_NO_FIELD);
	row = good;
	ok &= finds(row, false, PVM_TRAP_NO_FIELD);
	row = good;
	row.key = PVM_FIELD_KEY(ID_AA64MMFR4_EL1, E2H0);
	ok &= finds(row, true, PVM_TRAP_NO_FIELD);

	return ok;
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(4);
	ksft_test_result(test_rows(), "rows\n");
	ksft_test_result(test_values(), "values\n");
	ksft_test_result(test_mutants(), "mutants\n");
	ksft_test_result(test_broken(), "broken\n");
	ksft_finished();
}
