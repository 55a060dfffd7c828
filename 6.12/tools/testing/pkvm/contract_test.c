// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a protected VM reads in its ID registers, tested on the build machine.
 *
 * Each four bits of each of the 56 registers are run through all 16 values that
 * the host can have, for every kind of VM, against a restatement of the policy.
 * Fields being independent, that is all there is to know about them; whole
 * registers, and the properties that the arithmetic promises, come on top.
 *
 * Case			Rule
 * index		each of the 56 encodings has its slot, nothing else has one
 * sysreg		each field of the base has one row; limits have names
 * rows			rows and fields agree; what can be hidden says how
 * reasons		an exception comes with a reason
 * fields		a value passes up to its limit; absent is NI, not 0
 * hosts		whole registers of real hosts
 * pauth		one algorithm, addresses and generic data together, or none
 * parange		the smallest size that holds the IPA space, below 52 bits
 * random		whole registers, all at once
 * idempotent,		what the arithmetic promises
 *  monotone, bounded
 * masks		ALLOW, RESTRICT and SET masks are what the rows say
 * mutants		no row can change without a test that notices
 * broken: ...		the checks of the tables find what they are for
 */

#include "contract_test.h"
#include <kselftest.h>

/* Compute all registers of one VM, and compare them with the expectation. */
static bool matches(const u64 *host, const struct vm_kind *kind)
{
	struct pvm_vm_features features = features_of(kind);
	const char *pac = expected_pac(host[ISAR1], host[ISAR2]);
	u64 vm[PVM_ID_REG_NUM];
	bool ok = true;
	int r;

	pvm_id_regs_compute(vm, host, &features);
	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		u64 expect = expected_reg(r, host[r], kind, pac);

		if (vm[r] == expect)
			continue;
		say("CRm=%d Op2=%d host %016llx: %016llx, not %016llx (pauth %d vgic %d ipa %d)",
		    r / 8 + 1, r % 8, (unsigned long long)host[r], (unsigned long long)vm[r],
		    (unsigned long long)expect, kind->pauth, kind->vgic, kind->ipa);
		ok = false;
	}

	return ok;
}

static bool test_index(void)
{
	bool ok = true;
	int n, ids = 0;

	/* Op0, Op1, CRn, CRm, Op2: all 16 bits of an encoding. */
	for (n = 0; n < 1 << 16; n++) {
		int op0 = n >> 14, op1 = n >> 11 & 7, crn = n >> 7 & 15;
		int crm = n >> 3 & 15, op2 = n & 7;
		bool id = op0 == 3 && !op1 && !crn && crm >= 1 && crm <= 7;
		u32 enc = sys_reg(op0, op1, crn, crm, op2);
		int r = pvm_id_reg_index(enc);

		ok &= r == (id ? (crm - 1) * 8 + op2 : -1);
		ok &= !id || pvm_id_reg_encoding(r) == enc;
		ids += id;
	}

	return ok && ids == 56;
}

static bool test_sysreg(void)
{
	unsigned int fields = 0;
	int errors = sysreg_check(&fields);

	say("%u fields in the sysreg file", fields);
	return !errors && fields;
}

static void print_finding(const struct pvm_check_finding *finding)
{
	say("%s", finding_name(finding));
}

static bool test_rows(void)
{
	pvm_contract_build_check();
	return !pvm_contract_check(pvm_id_regs, print_finding, NULL);
}

static bool test_reasons(void)
{
	unsigned int r, i;
	bool ok = true;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++) {
			const struct pvm_id_field *f = &pvm_id_regs[r].fields[i];
			bool bad = (f->why && !*f->why) || (f->inert && !*f->inert) ||
				   (f->untrappable && !*f->untrappable);

			bad |= f->policy == PVM_POLICY_ALLOW && !f->why;
			if (bad)
				say("%s.%s: no reason given", pvm_id_regs[r].name, f->name);
			ok &= !bad;
		}
	}

	return ok;
}

/* All values of each four bits of all registers, the rest as in @background. */
static unsigned int try_fields(u64 background, const struct vm_kind *kind,
			       const struct pvm_vm_view *view, const char *pac)
{
	unsigned int errors = 0;
	int r, n, digit;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (n = 0; n < NR_NIBBLES * 16; n++) {
			int shift = n / 16 * 4;
			u64 host, vm;

			digit = n % 16;
			host = (background & ~(0xfULL << shift)) | (u64)digit << shift;
			vm = pvm_id_reg_value(r, host, view);
			if (vm == expected_reg(r, host, kind, pac))
				continue;
			if (errors++ < 20)
				say("CRm=%d Op2=%d [%d:%d]: host %016llx, VM %016llx", r / 8 + 1,
				    r % 8, shift + 3, shift, (unsigned long long)host,
				    (unsigned long long)vm);
		}
	}

	return errors;
}

/*
 * The rest of a register being zero, ones, or noise. The algorithm of PAuth is
 * taken as given here; test_pauth() is for how it is chosen.
 */
static bool test_fields(void)
{
	static const struct { const char *pac; u8 met; } pacs[] = {
		{ "", PVM_ALWAYS }, { "5", PVM_WITH_PAC_QARMA5 },
		{ "3", PVM_WITH_PAC_QARMA3 }, { "I", PVM_WITH_PAC_IMPDEF },
	};
	unsigned int k, p, errors = 0;

	for (k = 0; k < NR_KINDS; k++) {
		for (p = 0; p < ARRAY_SIZE(pacs); p++) {
			struct vm_kind kind = kind_of(k);
			struct pvm_vm_view view = { .met = 1, .ipa_bits = kind.ipa };

			view.met |= kind.vgic ? BIT(PVM_WITH_VGIC_V3) : 0;
			view.met |= kind.pauth ? BIT(pacs[p].met) : 0;

			errors += try_fields(0, &kind, &view, pacs[p].pac);
			errors += try_fields(~0ULL, &kind, &view, pacs[p].pac);
			errors += try_fields(random_u64(), &kind, &view, pacs[p].pac);
		}
	}

	return !errors;
}

/* Registers of hosts as QEMU models them, and what a VM reads, digit by digit. */
static bool test_hosts(void)
{
	static const struct {
		int crm, op2;
		u64 host, vm;
	} regs[] = {
		/* cortex-a57 */
		{ 4, 0, 0x0000000001002222, 0x0000000001000011 },
		{ 5, 0, 0x0000000010305106, 0x000f00f000000006 },
		{ 6, 0, 0x0000000000011120, 0x0000000000011120 },
		{ 7, 0, 0x0000000000001124, 0x0000011100001122 },
		/* neoverse-v1 */
		{ 4, 0, 0x1101110120111112, 0x1101000010110011 },
		{ 4, 1, 0x0000000000000020, 0x00000f0000000020 },
		{ 6, 1, 0x0011000001011011, 0x0011000001011011 },
		{ 7, 0, 0x0000000000101125, 0x0000011100101122 },
		{ 7, 1, 0x0000000010212122, 0x0000000000202022 },
		/* everything there could be */
		{ 4, 0, ~0ULL, 0x1101000011ff0011 },
		{ 5, 0, ~0ULL, 0x000f00f000000006 },
		{ 7, 3, ~0ULL, 0 },
		{ 7, 4, ~0ULL, 0x000000000f000000 },
		{ 1, 0, ~0ULL, 0 },
		{ 4, 3, ~0ULL, 0 },
	};
	struct pvm_vm_features features = { .ptrauth = false, .vgic_v3 = true, .ipa_bits = 40 };
	u64 host[PVM_ID_REG_NUM] = {}, vm[PVM_ID_REG_NUM];
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		int r = (regs[i].crm - 1) * 8 + regs[i].op2;

		host[r] = regs[i].host;
		features.ptrauth = r == ISAR1;
		pvm_id_regs_compute(vm, host, &features);
		if (vm[r] == regs[i].vm)
			continue;
		say("CRm=%d Op2=%d host %016llx: %016llx, not %016llx", regs[i].crm, regs[i].op2,
		    (unsigned long long)host[r], (unsigned long long)vm[r],
		    (unsigned long long)regs[i].vm);
		ok = false;
	}

	return ok;
}

/* Each of the six fields absent, small, or above its limit: all combinations. */
static bool test_pauth(void)
{
	static const u64 address[] = { 0, 1, 5, 6 }, generic[] = { 0, 1, 2 };
	struct vm_kind kind = { .vgic = true, .ipa = 40 };
	unsigned int i;
	bool ok = true;

	for (i = 0; i < 4 * 4 * 4 * 3 * 3 * 3 * 2; i++) {
		u64 host[PVM_ID_REG_NUM] = {};
		unsigned int n = i;

		kind.pauth = n % 2;
		n /= 2;
		host[ISAR1] = address[n % 4] << 4 | address[n / 4 % 4] << 8;
		host[ISAR2] = address[n / 16 % 4] << 12;
		n /= 64;
		host[ISAR1] |= generic[n % 3] << 24 | generic[n / 3 % 3] << 28;
		host[ISAR2] |= generic[n / 9] << 8;

		ok &= matches(host, &kind);
	}

	return ok;
}

/* PARANGE names the smallest size that is large enough, and never 52 bits. */
static bool test_parange(void)
{
	static const int bits[] = { 32, 36, 40, 42, 44, 48 };
	bool ok = true;
	u64 host;
	int ipa;

	for (ipa = 1; ipa <= 64; ipa++) {
		struct pvm_vm_view view = { .met = 1, .ipa_bits = ipa };
		struct vm_kind kind = { .ipa = ipa };
		u64 got = pvm_id_reg_value(MMFR0, 0xf, &view) & 0xf;

		ok &= got <= 5;
		ok &= bits[got] >= ipa || (ipa > 48 && got == 5);
		ok &= !got || bits[got - 1] < ipa;
		for (host = 0; host < 16; host++)
			ok &= pvm_id_reg_value(MMFR0, host, &view) ==
			      expected_reg(MMFR0, host, &kind, "");
	}

	return ok;
}

static bool test_random(void)
{
	u64 host[PVM_ID_REG_NUM];
	unsigned int i;
	bool ok = true;
	int r;

	for (i = 0; i < 5000 && ok; i++) {
		struct vm_kind kind = kind_of(i % NR_KINDS);

		for (r = 0; r < PVM_ID_REG_NUM; r++) {
			host[r] = random_u64();
			host[r] &= random_u64();
		}
		/* Pointer authentication is rarely there by chance. */
		host[ISAR1] &= ~0xff000ff0ULL;
		host[ISAR2] &= ~0x0000ff00ULL;
		if (i % 2)
			host[ISAR1] |= 0x01000010 << (i & 4);
		else
			host[ISAR2] |= 0x5100;
		ok &= matches(host, &kind);
	}

	return ok;
}

static bool test_masks(void)
{
	bool ok = true;
	unsigned int r;

	ok &= PVM_ID_AA64PFR0_ALLOW == 0;
	ok &= PVM_ID_AA64PFR0_RESTRICT == 0xff0f0000ffff00ffULL;
	ok &= PVM_ID_AA64PFR0_SET == 0x000000000000ff00ULL;
	ok &= PVM_ID_AA64DFR0_RESTRICT == 0xf;
	ok &= PVM_ID_AA64DFR0_SET == 0x00000000f0f0f000ULL;
	ok &= PVM_ID_AA64MMFR1_ALLOW == 0x000000000f000000ULL;
	ok &= PVM_ID_AA64MMFR3_RESTRICT == 0;
	ok &= PVM_ID_AA64AFR1_ALLOW == 0;
	ok &= PVM_ID_AA64ISAR0_RESTRICT == 0xfffffffff0fffff0ULL;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		u32 enc = pvm_id_reg_encoding(r);
		u64 all = pvm_id_mask(enc, PVM_POLICY_NUM), sum = 0;
		int policy;

		for (policy = 0; policy < PVM_POLICY_NUM; policy++)
			sum += pvm_id_mask(enc, policy);
		ok &= sum == all && !pvm_id_mask_twice(enc);
	}

	return ok;
}

static bool test_mutants(void)
{
	unsigned int mutants, survivors;
	bool ok = mutants_check(&mutants, &survivors);

	say("%u mutants, %u survived", mutants, survivors);
	return ok;
}

static bool test_expectation(void)
{
	return !expected_check();
}

int main(void)
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} cases[] = {
		{ "expectation", test_expectation },
		{ "index", test_index },
		{ "sysreg", test_sysreg },
		{ "rows", test_rows },
		{ "reasons", test_reasons },
		{ "fields", test_fields },
		{ "hosts", test_hosts },
		{ "pauth", test_pauth },
		{ "parange", test_parange },
		{ "random", test_random },
		{ "idempotent", test_idempotent },
		{ "monotone", test_monotone },
		{ "bounded", test_bounded },
		{ "masks", test_masks },
		{ "mutants", test_mutants },
	};
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases) + nr_broken_cases);

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ksft_test_result(cases[i].run(), "%s\n", cases[i].name);
	for (i = 0; i < nr_broken_cases; i++)
		ksft_test_result(broken_cases[i].run(), "broken: %s\n", broken_cases[i].name);

	ksft_finished();
}
