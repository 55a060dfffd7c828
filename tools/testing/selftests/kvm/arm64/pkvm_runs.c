// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_runs - what a protected VM is told that it has, works.
 *
 *  runs FEATURE	instructions of each feature that the VM's ID registers
 *			tell complete at EL1 and EL0; system instructions are left
 *			to pkvm_sysreg_sweep. MOPS is UNDEF if it is not told
 *  mops exception	a SETM in the format of another CPU is restarted
 *  brk			EC 0x3c with the immediate: the guest's own
 *  rt ...		an access that the hypervisor completes writes or reads Rt,
 *			whichever that is, XZR included, and nothing else
 *  btype		such an access clears SPSR_EL1.BTYPE
 *  hvc			PSCI answers
 *  pauth		keys are kept, AUT undoes PAC, PACGA makes a code
 *  bti			a guarded page refuses a wrong BTYPE, EC 0x0d
 *  step ...		an instruction is one step at EL0 and EL1, also if the
 *			hypervisor completes it
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define RT		5
#define MAX_INSNS	4
#define PTE_GP		BIT(50)

#define ESR(_ec, _iss)	((u64)ESR_ELx_EC_##_ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | (_iss))

#define I(_name, _reg, _field, _min, ...)					\
	{ .name = _name, .reg = SYS_ID_AA64##_reg##_EL1,			\
	  .shift = ID_AA64##_reg##_EL1_##_field##_SHIFT,			\
	  .ni = ID_AA64##_reg##_EL1_##_field##_NI,				\
	  .min = ID_AA64##_reg##_EL1_##_field##_##_min, .insns = { __VA_ARGS__ } }

/* Numbers, because no released assembler knows all of them. */
static const struct told_insn {
	const char *name;
	u32 reg;
	u8 shift, ni, min;
	u32 insns[MAX_INSNS];
} told_insns[] = {
	I("FP", PFR0, FP, IMP, 0x1e6e1000),
	I("FP16", PFR0, FP, FP16, 0x1ee22820),
	I("AdvSIMD", PFR0, AdvSIMD, IMP, 0x4e23d441),
	I("AES", ISAR0, AES, AES, 0x4e284820),
	I("PMULL", ISAR0, AES, PMULL, 0x0ee2e020),
	I("SHA1", ISAR0, SHA1, IMP, 0x5e280820),
	I("SHA256", ISAR0, SHA2, SHA256, 0x5e024020),
	I("SHA512", ISAR0, SHA2, SHA512, 0xce628020),
	I("CRC32", ISAR0, CRC32, IMP, 0x1ac748c5),
	I("LSE: ldadd, cas, casp, swp", ISAR0, ATOMIC, IMP, 0xf8250046, 0xc8a57c46, 0x48287c4a,
	  0xf8258046),
	I("RDM", ISAR0, RDM, IMP, 0x6e828420),
	I("SHA3", ISAR0, SHA3, IMP, 0xce020c20),
	I("SM3", ISAR0, SM3, IMP, 0xce62c020),
	I("SM4", ISAR0, SM4, IMP, 0xcec08420),
	I("DotProd", ISAR0, DP, IMP, 0x4e829420),
	I("FHM", ISAR0, FHM, IMP, 0x4e22ec20),
	I("RNG: mrs RNDR", ISAR0, RNDR, IMP, 0xd53b2405),
	I("JSCVT", ISAR1, JSCVT, IMP, 0x1e7e0005),
	I("FCMA", ISAR1, FCMA, IMP, 0x6e82c420),
	I("LRCPC: ldapr", ISAR1, LRCPC, IMP, 0xf8bfc045),
	I("LRCPC2: ldapur", ISAR1, LRCPC, LRCPC2, 0xd9408045),
	I("FRINTTS", ISAR1, FRINTTS, IMP, 0x1e684020),
	I("BF16", ISAR1, BF16, IMP, 0x6e42fc20),
	I("I8MM", ISAR1, I8MM, IMP, 0x4e829c20),
	I("MOPS: set", ISAR2, MOPS, IMP, 0x19c30420, 0x19c34420, 0x19c38420),
	I("BC", ISAR2, BC, IMP, 0x54000030),
	I("CSSC: ctz", ISAR2, CSSC, IMP, 0xdac018a6),
};

static bool completes(struct probe *p, const u32 *insns, unsigned int nr,
		      struct probe_in *in, struct probe_out *out)
{
	if (probe_run(p, insns, nr, in, out)) {
		ksft_print_msg("%s\n", p->error);
		return false;
	}
	if (!probe_completed(in, out, nr)) {
		ksft_print_msg("%s\n", probe_describe(in, out));
		return false;
	}
	return true;
}

static bool is_told(struct probe *p, const struct told_insn *t)
{
	struct probe_word word;
	u64 value;

	probe_read_regs(p, 0, PSR_MODE_EL1h, &t->reg, 1, &word);
	value = word.value >> t->shift & 15;
	return value != t->ni && value >= t->min;
}

/* Of these features, only MOPS can be trapped, and only MOPS has a control of EL1. */
static bool is_mops(const struct told_insn *t)
{
	return t->reg == SYS_ID_AA64ISAR2_EL1 && t->shift == ID_AA64ISAR2_EL1_MOPS_SHIFT;
}

static void test_told_insn(struct probe *p, const struct told_insn *t)
{
	static const u64 modes[] = { PSR_MODE_EL1h, PSR_MODE_EL0t };
	struct probe_out out;
	struct probe_in in;
	unsigned int i, nr;
	bool ok = true;

	if (!is_told(p, t)) {
		probe_init_in(p, PSR_MODE_EL1h, &in);
		if (is_mops(t))
			ksft_test_result(!probe_run(p, t->insns, 1, &in, &out) &&
					 probe_refused(&in, &out, PROBE_UNDEF_ESR),
					 "absent %s\n", t->name);
		else
			ksft_test_result_skip("runs %s: the VM has none\n", t->name);
		return;
	}

	for (nr = 0; nr < MAX_INSNS && t->insns[nr]; nr++)
		;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		probe_init_in(p, modes[i], &in);
		if (is_mops(t))
			in.sctlr |= SCTLR_EL1_MSCEn;
		ok &= completes(p, t->insns, nr, &in, &out);
	}
	ksft_test_result(ok, "runs %s\n", t->name);
}

/* If SETM finds its registers in the other of the two formats, it has to start over. */
static bool mops_exception_works(struct probe *p)
{
	/* b 2f; setp; 2: setm; sete; ldr x5, [x2, #56] */
	static const u32 insns[] = {
		0x14000002, 0x19c30420, 0x19c34420, 0x19c38420, 0xf9401c45,
	};
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	/* PSTATE.C tells the format. A CPU that uses this one, unlike QEMU, restarts nothing. */
	in.pstate |= PSR_C_BIT;
	return completes(p, insns, ARRAY_SIZE(insns), &in, &out) &&
	       out.x[RT] == 0x5a5a5a5a5a5a5a5a && !out.x[1];
}

static bool brk_works(struct probe *p, u64 mode)
{
	const u64 esr = (u64)ESR_ELx_EC_BRK64 << ESR_ELx_EC_SHIFT | ESR_ELx_IL | 0x123;
	const u32 brk = 0xd4202460;	/* #0x123 */
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, mode, &in);
	if (!probe_run(p, &brk, 1, &in, &out) && probe_refused(&in, &out, esr))
		return true;
	ksft_print_msg("%s\n", p->lost ? p->error : probe_describe(&in, &out));
	return false;
}

/* An access that the hypervisor completes, with each register as Rt. */
static bool rt_works(struct probe *p, u32 insn, bool is_read)
{
	struct probe_out out;
	struct probe_in in;
	unsigned int rt, i;
	u64 value = 0;
	u32 with_rt;

	memset(&in, 0, sizeof(in));
	in.pstate = PSR_MODE_EL1t | PROBE_DAIF | PSR_N_BIT | PSR_V_BIT;
	in.sp_el0 = 0x5a5a00ff00ff0000;
	for (i = 0; i < ARRAY_SIZE(in.x); i++)
		in.x[i] = 0x0101010101010101 * (i + 1);

	for (rt = 0; rt < 32; rt++) {
		with_rt = insn | rt;
		if (!completes(p, &with_rt, 1, &in, &out))
			return false;
		if (is_read && rt < 31) {
			value = rt ? value : out.x[0];
			if (out.x[rt] != value)
				break;
			out.x[rt] = in.x[rt];
		}
		if (memcmp(out.x, in.x, sizeof(in.x)) || out.sp_el0 != in.sp_el0 ||
		    out.spsr != in.pstate)
			break;
	}
	if (rt < 32)
		ksft_print_msg("wrong with Rt X%u: %s\n", rt, probe_describe(&in, &out));
	return rt == 32;
}

static bool clears_btype(struct probe *p)
{
	const u32 insns[] = { PROBE_MRS(SYS_ID_AA64PFR0_EL1, RT), 0 };
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.pstate |= PSR_BTYPE_J;
	if (!probe_run(p, insns, ARRAY_SIZE(insns), &in, &out) &&
	    out.esr == PROBE_UNDEF_ESR && out.elr == in.pc + 4 &&
	    !(out.spsr & PSR_BTYPE_MASK))
		return true;
	ksft_print_msg("%s\n", p->lost ? p->error : probe_describe(&in, &out));
	return false;
}

static bool hvc_works(struct probe *p)
{
	const u32 hvc = 0xd4000002;
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.x[0] = 0x84000000;	/* PSCI_VERSION */
	return completes(p, &hvc, 1, &in, &out) && out.x[0] >> 16 == 1;
}

static bool pauth_works(struct probe *p)
{
	const u32 keys[] = {
		SYS_APIAKEYLO_EL1, SYS_APIBKEYLO_EL1, SYS_APDAKEYLO_EL1,
		SYS_APDBKEYLO_EL1, SYS_APGAKEYLO_EL1,
	};
	/* pacia x5, x6; mov x8, x5; autia x5, x6; pacga x7, x5, x6 */
	const u32 sign[] = { 0xdac100c5, 0xaa0503e8, 0xdac110c5, 0x9ac630a7 };
	struct probe_word words[ARRAY_SIZE(keys)];
	struct probe_out out;
	struct probe_in in;
	bool ok = true;
	int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		ok = ok && !probe_write_reg(p, keys[i], 0x1234567 + i);
	probe_read_regs(p, 0, PSR_MODE_EL1h, keys, ARRAY_SIZE(keys), words);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		ok = ok && words[i].value == 0x1234567 + i;
	if (!ok)
		ksft_print_msg("a key is lost\n");

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.x[RT] = in.x[0];
	in.sctlr |= SCTLR_PAUTH;
	if (!completes(p, sign, ARRAY_SIZE(sign), &in, &out))
		return false;
	if (out.x[RT] == in.x[RT] && out.x[8] != in.x[RT] && out.x[7])
		return ok;
	ksft_print_msg("PAC 0x%lx, AUT 0x%lx, PACGA 0x%lx\n", out.x[8], out.x[RT],
		       out.x[7]);
	return false;
}

/* Use a probe of its own, whose code lies in a guarded page. */
static bool bti_works(const struct probe_cfg *cfg)
{
	const u32 nop = INSN_NOP, bti_jc = 0xd50324df;
	struct probe *p = probe_create(cfg);
	struct probe_out out;
	struct probe_in in;
	bool ok;

	*virt_get_pte_hva(p->vm, (gva_t)probe_pages[PROBE_PAGE_EL1]) |= PTE_GP;
	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.pstate |= PSR_BTYPE_MASK;
	ok = !probe_run(p, &nop, 1, &in, &out) && probe_refused(&in, &out, ESR(BTI, 3));
	if (!ok)
		ksft_print_msg("%s\n", p->lost ? p->error : probe_describe(&in, &out));
	ok = ok && completes(p, &bti_jc, 1, &in, &out);
	probe_free(p);
	return ok;
}

int main(void)
{
	const struct probe_cfg cfg = {
		.vgic = true, .pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};
	const struct told_insn mops = I("MOPS", ISAR2, MOPS, IMP);
	const struct told_insn bti = I("BTI", PFR1, BT, IMP);
	struct probe *p;
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(told_insns) + 12);

	p = probe_create(&cfg);
	for (i = 0; i < ARRAY_SIZE(told_insns); i++)
		test_told_insn(p, &told_insns[i]);
	if (is_told(p, &mops))
		ksft_test_result(mops_exception_works(p), "mops exception\n");
	else
		ksft_test_result_skip("mops exception: the VM has no MOPS\n");
	ksft_test_result(brk_works(p, PSR_MODE_EL1h) && brk_works(p, PSR_MODE_EL0t), "brk\n");
	ksft_test_result(rt_works(p, PROBE_MRS(SYS_ID_AA64PFR0_EL1, 0), true),
			 "rt of an ID register\n");
	ksft_test_result(rt_works(p, PROBE_MRS(SYS_CLIDR_EL1, 0), true),
			 "rt of CLIDR_EL1\n");
	ksft_test_result(rt_works(p, PROBE_MSR(SYS_OSDLR_EL1, 0), false),
			 "rt of a write that is ignored\n");
	ksft_test_result(clears_btype(p), "btype\n");
	ksft_test_result(hvc_works(p), "hvc\n");
	if (cfg.pauth)
		ksft_test_result(pauth_works(p), "pauth\n");
	else
		ksft_test_result_skip("pauth: the VM has no PAuth\n");
	if (is_told(p, &bti))
		ksft_test_result(bti_works(&cfg), "bti\n");
	else
		ksft_test_result_skip("bti: the VM has no BTI\n");
	ksft_test_result(probe_steps(p, PSR_MODE_EL0t, INSN_NOP, MDSCR_STEP, true),
			 "step at EL0\n");
	ksft_test_result(probe_steps(p, PSR_MODE_EL1h, INSN_NOP, MDSCR_STEP, true),
			 "step at EL1\n");
	ksft_test_result(probe_steps(p, PSR_MODE_EL1h, PROBE_MRS(SYS_ID_AA64PFR0_EL1, RT),
				     MDSCR_STEP, true), "step over a read of an ID register\n");
	probe_free(p);

	ksft_finished();
}
