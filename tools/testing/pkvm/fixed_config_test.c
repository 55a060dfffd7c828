// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a protected VM reads in its ID registers, tested on the build machine.
 *
 * Case		Rule
 * minimum	all pairs of four bits, signed and unsigned
 * sysreg	each field of arch/arm64/tools/sysreg has one row, at its place
 * rows		the check finds no error, on a host that has all named values
 * fields	all 16 values of each four bits, for each kind of VM
 * pauth	one algorithm, for addresses and generic data together, or none
 * parange	the smallest size that holds the IPA space, below 52 bits
 * mutants	no row can change without a test that notices
 * broken: ...	the check names the register and the field at fault
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixed_config.c"
#include "fixed_config_expected.h"
#include <kselftest.h>

#define NR_FIELDS	((int)ARRAY_SIZE(pvm_id_fields))
#define say(fmt, ...)	printf("# " fmt "\n", ##__VA_ARGS__)

#define ISAR1		PVM_ID_REG_IDX(SYS_ID_AA64ISAR1_EL1)
#define ISAR2		PVM_ID_REG_IDX(SYS_ID_AA64ISAR2_EL1)
#define MMFR0		PVM_ID_REG_IDX(SYS_ID_AA64MMFR0_EL1)

/* The rows, to be changed. There is room for one more. */
static struct pvm_id_field rows[ARRAY_SIZE(pvm_id_fields) + 1];
static struct pvm_id_reg regs[PVM_NR_ID_REGS];

/* For each register, a host that has the highest value that each field names. */
static u64 top[PVM_NR_ID_REGS];

static char errors[4096];

void kvm_err(const char *fmt, ...)
{
	size_t len = strlen(errors);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(errors + len, sizeof(errors) - len, fmt, ap);
	va_end(ap);
}

bool kvm_is_field_trapped(u32 reg, u8 shift)
{
	return true;
}

bool kvm_is_id_reg(u32 reg)
{
	for (int i = 0; i < ARRAY_SIZE(pvm_id_fields); i++)
		if (pvm_id_fields[i].reg == reg)
			return true;

	return false;
}

static bool check(int nr, const u64 *limits)
{
	memset(regs, 0, sizeof(regs));
	for (int i = 0; i < PVM_NR_ID_REGS; i++)
		regs[i].limit = limits[i];
	errors[0] = '\0';

	return pvm_check_fixed_config(rows, nr, regs);
}

static void restore_rows(void)
{
	memcpy(rows, pvm_id_fields, sizeof(pvm_id_fields));
}

/* Tell the algorithm of PAuth: '5' for APA and GPA, 'I' for API and GPI, '3' for APA3 and GPA3. */
static char expected_pac(u64 isar1, u64 isar2)
{
	bool apa = (isar1 >> 4) & 0xf, gpa = (isar1 >> 24) & 0xf;
	bool api = (isar1 >> 8) & 0xf, gpi = (isar1 >> 28) & 0xf;
	bool apa3 = (isar2 >> 12) & 0xf, gpa3 = (isar2 >> 8) & 0xf;

	if (apa && gpa && !api && !gpi && !apa3 && !gpa3)
		return '5';
	if (!apa && !gpa && api && gpi && !apa3 && !gpa3)
		return 'I';
	if (!apa && !gpa && !api && !gpi && apa3 && gpa3)
		return '3';

	return '?';
}

static const char *expected_reads(int idx, int lsb, const struct pvm_vm *vm, char pac)
{
	static const char *reads[PVM_NR_ID_REGS][16];
	static char only[PVM_NR_ID_REGS][16];
	static bool filled;

	for (int i = 0; !filled && i < (int)ARRAY_SIZE(expected); i++) {
		int r = (expected[i].crm - 4) * 8 + expected[i].op2;

		reads[r][expected[i].lsb / 4] = expected[i].reads;
		only[r][expected[i].lsb / 4] = expected[i].only;
	}
	filled = true;

	if (idx == (7 - 4) * 8 && !lsb)
		for (int i = 0; ; i++)
			if (vm->ipa_bits <= expected_parange[i].ipa)
				return expected_parange[i].reads;

	switch (only[idx][lsb / 4]) {
	case '\0':
		break;
	case 'G':
		if (!vm->vgic_v3)
			return ALL_0;
		break;
	default:
		if (!vm->ptrauth || only[idx][lsb / 4] != pac)
			return ALL_0;
	}

	return reads[idx][lsb / 4] ?: ALL_0;
}

/* Compare one register with the expectation. */
static bool reads_as_expected(int idx, const struct pvm_vm *vm, bool verbose)
{
	char pac = expected_pac(regs[ISAR1].limit, regs[ISAR2].limit);
	u64 host = regs[idx].limit, val = pvm_id_reg_value(regs, idx, vm);

	for (int lsb = 0; lsb < 64; lsb += 4) {
		char c = expected_reads(idx, lsb, vm, pac)[(host >> lsb) & 0xf];
		u64 digit = c <= '9' ? c - '0' : c - 'a' + 10;

		if (((val >> lsb) & 0xf) == digit)
			continue;
		if (verbose)
			say("CRm=%d Op2=%d [%d:%d] host %016llx: %016llx (pauth %d vgic %d ipa %d)",
			    idx / 8 + 4, idx % 8, lsb + 3, lsb, (unsigned long long)host,
			    (unsigned long long)val, vm->ptrauth, vm->vgic_v3, vm->ipa_bits);
		return false;
	}

	return true;
}

/* Hosts: with nothing, everything, noise, and one algorithm of PAuth each. */
static const struct { u64 all, isar1, isar2; } hosts[] = {
	{ 0, 0, 0 }, { ~0ULL, ~0ULL, ~0ULL }, { 0x5a3c96e17842bd0f, 0x5a3c96e17842bd0f, 1 },
	{ 0, 0x01000050, 0 }, { 0, 0x10000500, 0 }, { 0, 0, 0x5100 },
};

static const struct pvm_vm vms[] = {
	{ true, true, 32 }, { true, true, 52 }, { false, false, 48 }, { true, false, 40 },
	{ false, true, 36 },
};

/* All values of each four bits of a register on each host, in each VM. */
static bool all_values(int idx, bool verbose)
{
	bool ok = true;

	for (int h = 0; h < (int)ARRAY_SIZE(hosts); h++) {
		for (int n = 0; n < 16 * 16; n++) {
			int lsb = n / 16 * 4;

			for (int i = 0; i < PVM_NR_ID_REGS; i++)
				regs[i].limit = hosts[h].all;
			regs[ISAR1].limit = hosts[h].isar1;
			regs[ISAR2].limit = hosts[h].isar2;
			regs[idx].limit &= ~(0xfULL << lsb);
			regs[idx].limit |= (n % 16ULL) << lsb;

			for (int v = 0; v < (int)ARRAY_SIZE(vms); v++) {
				ok &= reads_as_expected(idx, &vms[v], verbose);
				if (!ok)
					return false;
			}
		}
	}

	return ok;
}

static bool test_minimum(void)
{
	bool ok = true;

	for (int lsb = 0; lsb < 64; lsb += 4) {
		u64 mask = 0xfULL << lsb;

		for (int a = 0; a < 16; a++) {
			for (int b = 0; b < 16; b++) {
				int sa = a < 8 ? a : a - 16, sb = b < 8 ? b : b - 16;
				u64 x = (u64)a << lsb, y = (u64)b << lsb;

				ok &= pvm_id_min(x, y, 0) == (a < b ? x : y);
				ok &= pvm_id_min(x, y, mask) == (sa < sb ? x : y);
				/* The bits beside the field must not matter. */
				ok &= (pvm_id_min(x | ~mask, y, mask) & mask) == (sa < sb ? x : y);
			}
		}
	}

	return ok;
}

static const struct pvm_id_field *find_row(const char *reg, const char *name)
{
	for (int i = 0; i < NR_FIELDS; i++)
		if (!strcmp(pvm_id_fields[i].reg_name, reg) &&
		    (!strcmp(pvm_id_fields[i].name, name) || pvm_id_fields[i].width == 64))
			return &pvm_id_fields[i];

	return NULL;
}

static bool row_is_at(const struct pvm_id_field *row, int idx, int msb, int lsb)
{
	if (PVM_ID_REG_IDX(row->reg) != idx)
		return false;

	return row->width == 64 || (row->shift == lsb && row->width == msb - lsb + 1);
}

/*
 * The rows against the sysreg file itself: every field of every register has its
 * row, which is where the file says, has its sign, and hides it as NI.
 */
static bool test_sysreg(void)
{
	char line[256], reg[40] = "", kind[16] = "", name[40] = "", digits[16];
	int op0, op1, crn, crm, op2, msb, lsb, idx = -1, fields = 0, highest = -9;
	const struct pvm_id_field *row = NULL;
	FILE *file = fopen(SYSREG_FILE, "r");
	bool ok = file;

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "Sysreg", 6)) {
			idx = -1;
			row = NULL;
			if (sscanf(line, "Sysreg%*[ \t]%39s %d %d %d %d %d", reg, &op0, &op1,
				   &crn, &crm, &op2) != 6)
				continue;
			if (op0 != 3 || op1 || crn || crm < 4 || crm > 7)
				continue;
			idx = (crm - 4) * 8 + op2;
			if (!kvm_is_id_reg(PVM_ID_REG_ENC(idx))) {
				say("%s: no row", reg);
				ok = false;
			}
			continue;
		}
		if (idx < 0)
			continue;
		if (sscanf(line, " 0b%15s %39s", digits, name) == 2 && row) {
			int bits = strtol(digits, NULL, 2);
			int number = !strcmp(kind, "SignedEnum") && bits >= 8 ? bits - 16 : bits;

			if (number > highest && number >= 0) {
				highest = number;
				top[idx] &= ~(0xfULL << lsb);
				top[idx] |= (u64)number << lsb;
			}
			if (!strcmp(name, "NI") && row->word == PVM_ID_SET && row->value != bits) {
				say("%s.%s: hidden, but not as NI", reg, row->name);
				ok = false;
			}
			continue;
		}
		if (sscanf(line, "%15s %d:%d %39s", kind, &msb, &lsb, name) != 4) {
			if (sscanf(line, "%15s %d %39s", kind, &msb, name) != 3)
				continue;
			lsb = msb;
		}
		if (!strstr(kind, "Enum") && strcmp(kind, "Field"))
			continue;

		fields++;
		highest = -9;
		row = find_row(reg, name);
		if (!row || !row_is_at(row, idx, msb, lsb)) {
			say("%s.%s: no row, or a row elsewhere", reg, name);
			ok = false;
		} else if (row->word == PVM_ID_RESTRICT &&
			   row->is_signed != !strcmp(kind, "SignedEnum")) {
			say("%s.%s: wrong sign", reg, name);
			ok = false;
		}
	}

	say("%d fields in the sysreg file", fields);
	return ok && fields;
}

static bool test_rows(void)
{
	restore_rows();
	if (check(NR_FIELDS, top))
		return true;

	say("%s", errors);
	return false;
}

static bool test_fields(void)
{
	bool ok = true;

	restore_rows();
	check(NR_FIELDS, top);
	for (int idx = 0; idx < PVM_NR_ID_REGS; idx++)
		ok &= all_values(idx, true);

	return ok;
}

/* Each of the six fields absent, small, or above its limit: all combinations. */
static bool test_pauth(void)
{
	static const u64 address[] = { 0, 1, 5, 6 }, generic[] = { 0, 1, 2 };
	bool ok = true;

	for (unsigned int i = 0; i < 4 * 4 * 4 * 3 * 3 * 3 * 2; i++) {
		struct pvm_vm vm = { .ptrauth = i % 2, .ipa_bits = 40 };
		unsigned int n = i / 2;

		regs[ISAR1].limit = address[n % 4] << 4 | address[n / 4 % 4] << 8;
		regs[ISAR2].limit = address[n / 16 % 4] << 12;
		n /= 64;
		regs[ISAR1].limit |= generic[n % 3] << 24 | generic[n / 3 % 3] << 28;
		regs[ISAR2].limit |= generic[n / 9] << 8;

		ok &= reads_as_expected(ISAR1, &vm, true) && reads_as_expected(ISAR2, &vm, true);
	}

	return ok;
}

static bool test_parange(void)
{
	static const int bits[] = { 32, 36, 40, 42, 44, 48 };
	bool ok = true;

	for (int ipa = 1; ipa <= 64; ipa++) {
		struct pvm_vm vm = { .ipa_bits = ipa };
		u64 got;

		regs[MMFR0].limit = 0xf;
		got = pvm_id_reg_value(regs, MMFR0, &vm) & 0xf;
		ok &= got <= 5 && (bits[got] >= ipa || got == 5);
		ok &= !got || bits[got - 1] < ipa;
		for (u64 host = 0; host < 16; host++) {
			regs[MMFR0].limit = host;
			ok &= reads_as_expected(MMFR0, &vm, true);
		}
	}

	return ok;
}

enum mutation {
	DROP, TWICE, LOWER, RAISE, TO_SET, TO_ALLOW, TO_RESTRICT, FLIP_SIGN, UNGUARDED,
	NR_MUTATIONS,
};

static const char * const mutation_names[] = {
	"dropped", "doubled", "value lowered", "value raised", "made SET", "made ALLOW",
	"made RESTRICT", "sign flipped", "stripped of its guard",
};

static void strip_guard(struct pvm_id_field *f)
{
	f->trapped = false;
	f->part_of = 0;
	f->trapped_by = NULL;
	f->untrappable = NULL;
	f->inert = NULL;
}

/* Returns whether the mutation of a row changes what the row says. */
static bool mutate(struct pvm_id_field *f, enum mutation m)
{
	struct pvm_id_field old = *f;
	/* A field that reads as the host has it up to an unsigned 0 always reads as 0. */
	bool zero = old.word != PVM_ID_ALLOW && !old.is_signed && !old.value && old.width <= 4;
	u64 named = (top[PVM_ID_REG_IDX(f->reg)] >> f->shift) & 0xf;

	switch (m) {
	case LOWER:
		f->value--;
		return f->word != PVM_ID_ALLOW;
	case RAISE:
		f->value++;
		return f->word != PVM_ID_ALLOW;
	case TO_SET:
		f->word = PVM_ID_SET;
		return !zero && old.word != PVM_ID_SET;
	case TO_ALLOW:
		f->word = PVM_ID_ALLOW;
		return old.word != PVM_ID_ALLOW;
	case TO_RESTRICT:
		f->word = PVM_ID_RESTRICT;
		return !zero && old.word != PVM_ID_RESTRICT;
	case FLIP_SIGN:
		f->is_signed = !f->is_signed;
		/* The top bit of PARANGE is never set, as the IPA size has bounded it already. */
		return f->word == PVM_ID_RESTRICT && strcmp(f->name, "PARANGE");
	case UNGUARDED:
		strip_guard(f);
		return old.word == PVM_ID_SET || (old.word == PVM_ID_RESTRICT && named > old.value);
	default:
		return true;
	}
}

static bool test_mutants(void)
{
	int mutants = 0, survivors = 0;

	for (int i = 0; i < NR_FIELDS; i++) {
		for (enum mutation m = 0; m < NR_MUTATIONS; m++) {
			int nr = NR_FIELDS, idx = PVM_ID_REG_IDX(pvm_id_fields[i].reg);

			restore_rows();
			if (m == TWICE)
				rows[nr++] = rows[i];
			else if (m == DROP)
				rows[i] = rows[--nr];
			else if (!mutate(&rows[i], m))
				continue;

			mutants++;
			if (!check(nr, top) || !all_values(idx, false))
				continue;
			survivors++;
			say("survived: %s.%s %s", pvm_id_fields[i].reg_name, pvm_id_fields[i].name,
			    mutation_names[m]);
		}
	}

	say("%d mutants, %d survived", mutants, survivors);
	return mutants && !survivors;
}

static struct pvm_id_field *row_of(const char *reg, const char *name)
{
	const struct pvm_id_field *f = find_row(reg, name);

	if (!f)
		abort();
	return &rows[f - pvm_id_fields];
}

static int break_gap(void)
{
	*row_of("ID_AA64MMFR2_EL1", "CnP") = rows[NR_FIELDS - 1];
	return NR_FIELDS - 1;
}

static int break_overlap(void)
{
	rows[NR_FIELDS] = *row_of("ID_AA64PFR1_EL1", "BT");
	return NR_FIELDS + 1;
}

static int break_reserved(void)
{
	row_of("ID_AA64PFR2_EL1", "FPMR")->width = 8;
	return NR_FIELDS;
}

static int break_value(void)
{
	row_of("ID_AA64PFR0_EL1", "EL2")->value = 0x10;
	return NR_FIELDS;
}

static int break_guard(void)
{
	strip_guard(row_of("ID_AA64PFR0_EL1", "AMU"));
	return NR_FIELDS;
}

static int break_limit(void)
{
	strip_guard(row_of("ID_AA64ISAR0_EL1", "ATOMIC"));
	return NR_FIELDS;
}

static int break_width(void)
{
	row_of("ID_AA64ISAR0_EL1", "DP")->width = 3;
	return NR_FIELDS;
}

static int break_part_of(void)
{
	row_of("ID_AA64PFR1_EL1", "CSV2_frac")->part_of =
		PVM_ID_KEY(SYS_ID_AA64PFR0_EL1, ID_AA64PFR0_EL1_DIT_SHIFT);
	return NR_FIELDS;
}

static int break_two(void)
{
	strip_guard(row_of("ID_AA64PFR0_EL1", "AMU"));
	return break_gap();
}

#define FIXED_CONFIG	"fixed config: "

static const struct {
	const char *name;
	int (*run)(void);
	const char *says;
} broken[] = {
	{ "a row is missing", break_gap,
	  FIXED_CONFIG "ID_AA64MMFR2_EL1: no row for bits 000000000000000f\n" },
	{ "a row is there twice", break_overlap,
	  FIXED_CONFIG "ID_AA64PFR1_EL1.BT: a second row for the same bits\n" },
	{ "a row has reserved bits", break_reserved,
	  FIXED_CONFIG "ID_AA64PFR2_EL1.FPMR: a row for reserved bits\n" },
	{ "a value does not fit", break_value,
	  FIXED_CONFIG "ID_AA64PFR0_EL1.EL2: a value that does not fit\n" },
	{ "a hidden field has no guard", break_guard,
	  FIXED_CONFIG "ID_AA64PFR0_EL1.AMU: hidden without a guard\n" },
	{ "the host has more than the limit", break_limit,
	  FIXED_CONFIG
	  "ID_AA64ISAR0_EL1.ATOMIC: a value of the host above the limit, without a guard\n" },
	{ "a limit of three bits", break_width,
	  FIXED_CONFIG "ID_AA64ISAR0_EL1.DP: a limit for a field that does not have four bits\n"
	  FIXED_CONFIG "ID_AA64ISAR0_EL1: no row for bits 0000800000000000\n" },
	{ "part of what is not trapped", break_part_of,
	  FIXED_CONFIG "ID_AA64PFR1_EL1.CSV2_frac: part of a field that is not trapped\n" },
	{ "two errors are both named", break_two,
	  FIXED_CONFIG "ID_AA64PFR0_EL1.AMU: hidden without a guard\n"
	  FIXED_CONFIG "ID_AA64MMFR2_EL1: no row for bits 000000000000000f\n" },
};

static bool test_broken(int i)
{
	restore_rows();
	if (!check(broken[i].run(), top) && !strcmp(errors, broken[i].says))
		return true;

	say("found: %s", errors);
	return false;
}

int main(void)
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} cases[] = {
		{ "minimum", test_minimum },
		{ "sysreg", test_sysreg },
		{ "rows", test_rows },
		{ "fields", test_fields },
		{ "pauth", test_pauth },
		{ "parange", test_parange },
		{ "mutants", test_mutants },
	};

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases) + ARRAY_SIZE(broken));

	for (int i = 0; i < (int)ARRAY_SIZE(cases); i++)
		ksft_test_result(cases[i].run(), "%s\n", cases[i].name);
	for (int i = 0; i < (int)ARRAY_SIZE(broken); i++)
		ksft_test_result(test_broken(i), "broken: %s\n", broken[i].name);

	ksft_finished();
}
