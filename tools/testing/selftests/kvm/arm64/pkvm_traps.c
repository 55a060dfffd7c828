// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_traps - what a protected VM's CPU does not have is out of reach.
 *
 * Beyond pkvm_sysreg_sweep, which tries every system register and instruction
 * at EL1:
 *
 *  EL0 REG		reads and writes of the registers of hidden features at
 *			EL0, as far as hardware with the feature allows them,
 *			are UNDEF: EC 0 with IL; not what the CPU does not trap in
 *			an ordinary VM, either
 *  closed REG		the same with the control of EL1 that comes before a trap
 *			to EL2 at its reset value: EC 0x18, if the CPU has the
 *			feature
 *  hidden INSN		other instructions of hidden features are UNDEF; SMC is
 *			one of them, as the VM has no EL3
 *  no PAuth: INSN	the same in a VM that was created without PAuth
 *  value REG		debug and RAS registers that an unmodified guest touches
 *			read as told here, whatever was written; Rt of a write
 *			stays
 *  step		software step works, and not while the OS lock is set
 *
 * Not here, because nothing traps it: the instructions of MTE with ATA = 0, CSSC,
 * LUT, FAMINMAX, CPA, RPRES, LSE128, LRCPC3, RNDR, what PAuth2 and FPAC change,
 * XPACI and its kin, and instructions of PAuth that SCTLR_EL1.En* = 0 makes a NOP.
 * Nor is GCSSTR, which on a CPU with GCS is a GCS exception to EL1 (EC 0x2d) before
 * EL2 could trap it: GCSCR_EL1.STREn is clear, and the guest cannot set it.
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define RT		5

/* An ordinary VM on the same CPU, to see what the CPU does by itself. */
static struct probe *ordinary;

/* Run one instruction. Return its ESR, 0 if it completes, or PROBE_LOST. */
static u64 esr_of(struct probe *p, u64 mode, u32 insn, u64 sctlr,
		  struct probe_in *in, struct probe_out *out)
{
	probe_init_in(p, mode, in);
	in->sctlr |= sctlr;
	in->x[RT] = ~0UL;
	if (probe_run(p, &insn, 1, in, out)) {
		ksft_print_msg("%s\n", p->error);
		return PROBE_LOST;
	}
	return probe_completed(in, out, 1) ? 0 : out->esr;
}

/* Does the instruction take an exception with @esr, and change no register? */
static bool refused(struct probe *p, u64 mode, u32 insn, u64 sctlr, u64 esr,
		    const char *what)
{
	struct probe_out out;
	struct probe_in in;
	u64 got = esr_of(p, mode, insn, sctlr, &in, &out);

	if (got == esr && probe_refused(&in, &out, esr))
		return true;
	if (got != PROBE_LOST)
		ksft_print_msg("%s at EL%d: %s, X5 0x%lx\n", what, mode != PSR_MODE_EL0t,
			       probe_describe(&in, &out), out.x[RT]);
	return false;
}

#define REG(_feature, _reg, ...)					\
	{ .feature = _feature, .name = #_reg, .reg = SYS_##_reg, __VA_ARGS__ }

static const struct el0_reg {
	const char *feature, *name;
	u32 reg;
	u64 sctlr, cpacr;	/* the control of EL1 that opens it to EL0 */
	bool untrapped;		/* in QEMU, PMUSERENR_EL0 may let EL0 pass */
} el0_regs[] = {
	REG("SME", SVCR),
	REG("SME", TPIDR2_EL0, .sctlr = SCTLR_EL1_EnTP2),
	REG("S1POE", POR_EL0, .cpacr = CPACR_EL1_E0POE),
	REG("FPMR", FPMR, .sctlr = SCTLR_EL1_EnFPM),
	REG("GCS", GCSPR_EL0),
	REG("CSV2_2", SCXTNUM_EL0),
	REG("AMU", AMCR_EL0),
	REG("AMU", AMCFGR_EL0),
	REG("AMU", AMUSERENR_EL0),
	REG("AMU", AMCNTENSET0_EL0),
	REG("AMU", AMEVCNTR0_EL0(0)),
	REG("AMU", AMEVCNTR1_EL0(0)),
	REG("PMU", PMCR_EL0),
	REG("PMU", PMCNTENSET_EL0),
	REG("PMU", PMOVSCLR_EL0),
	REG("PMU", PMSWINC_EL0, .untrapped = true),
	REG("PMU", PMSELR_EL0, .untrapped = true),
	REG("PMU", PMCEID0_EL0),
	REG("PMU", PMCCNTR_EL0, .untrapped = true),
	REG("PMU", PMXEVTYPER_EL0),
	REG("PMU", PMXEVCNTR_EL0, .untrapped = true),
	REG("PMU", PMUSERENR_EL0),
	REG("PMU", PMEVCNTRn_EL0(0), .untrapped = true),
	REG("PMU", PMEVTYPERn_EL0(0)),
	REG("PMU", PMCCFILTR_EL0),
	REG("PMU", PMICNTR_EL0),
	REG("SPMU", SPMSELR_EL0),
};

static bool has_control(const struct el0_reg *r)
{
	return r->sctlr || r->cpacr;
}

static void test_el0_reg(struct probe *p, const struct el0_reg *r)
{
	const u32 insns[] = { PROBE_MRS(r->reg, RT), PROBE_MSR(r->reg, RT) };
	struct probe_out out;
	struct probe_in in;
	unsigned int i;
	bool ok = true;
	u64 esr;

	probe_write_reg(p, SYS_CPACR_EL1, CPACR_OPEN | r->cpacr);
	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		if (r->untrapped && !esr_of(ordinary, PSR_MODE_EL0t, insns[i], r->sctlr, &in,
					    &out))
			continue;
		ok &= refused(p, PSR_MODE_EL0t, insns[i], r->sctlr, PROBE_UNDEF_ESR,
			      i ? "write" : "read");
	}
	ksft_test_result(ok, "EL0 %s: %s\n", r->feature, r->name);

	if (!has_control(r))
		return;
	probe_write_reg(p, SYS_CPACR_EL1, CPACR_OPEN);
	for (ok = true, i = 0; i < ARRAY_SIZE(insns); i++) {
		esr = esr_of(ordinary, PSR_MODE_EL0t, insns[i], 0, &in, &out);
		if (esr != probe_trap_esr(insns[i]))
			esr = PROBE_UNDEF_ESR;
		ok &= refused(p, PSR_MODE_EL0t, insns[i], 0, esr, i ? "write" : "read");
	}
	ksft_test_result(ok, "closed %s: %s\n", r->feature, r->name);
}

/* Numbers, because no released assembler knows all of them. */
static const struct hidden_insn {
	const char *name;
	u32 insn;
	bool el0;
	u64 sctlr;	/* what opens it to EL0 */
} hidden_insns[] = {
	{ "SVE: rdvl x5, #1", 0x04bf5025, true },
	{ "SVE: ptrue p0.b", 0x2518e3e0, true },
	{ "SME: smstart sm", 0xd503437f, true },
	{ "SME: rdsvl x5, #1", 0x04bf5825, true },
	{ "SME: zero {za}", 0xc00800ff, true },
	{ "SME2: zero {zt0}", 0xc0480001, true },
	{ "LS64: ld64b x8, [x2]", 0xf83fd048, true, SCTLR_EL1_EnALS },
	{ "LS64: st64b x8, [x2]", 0xf83f9048, true, SCTLR_EL1_EnALS },
	{ "LS64_V: st64bv x5, x8, [x2]", 0xf825b048, true, SCTLR_EL1_EnASR },
	{ "LS64_ACCDATA: st64bv0 x5, x8, [x2]", 0xf825a048, true, SCTLR_EL1_EnAS0 },
	{ "EL3: smc #0", 0xd4000003, true },
	{ "EL3: smc #0xffff", 0xd41fffe3 },
	{ "halting debug: hlt #0", 0xd4400000, true },
	{ "halting debug: dcps1", 0xd4a00001 },
	{ "halting debug: drps", 0xd6bf03e0 },
}, pauth_insns[] = {
	{ "pacga x7, x5, x6", 0x9ac630a7, true },
	{ "pacia x5, x6", 0xdac100c5, true },
	{ "autia x5, x6", 0xdac110c5, true },
	{ "pacdb x5, x6", 0xdac10cc5, true },
	{ "autdb x5, x6", 0xdac11cc5, true },
	{ "retaa", 0xd65f0bff, true },
	{ "blraa x5, x6", 0xd73f08a6, true },
	{ "ldraa x5, [x2]", 0xf8200445, true },
};

static void test_hidden_insns(struct probe *p, const struct hidden_insn *h,
			      unsigned int nr, u64 sctlr, const char *vm)
{
	bool ok;

	for (; nr--; h++) {
		ok = refused(p, PSR_MODE_EL1h, h->insn, sctlr, PROBE_UNDEF_ESR, h->name);
		if (h->el0)
			ok &= refused(p, PSR_MODE_EL0t, h->insn, sctlr | h->sctlr,
				      PROBE_UNDEF_ESR, h->name);
		ksft_test_result(ok, "%s: %s\n", vm, h->name);
	}
}

#define VALUE(_reg, ...)	{ .name = #_reg, .reg = SYS_##_reg, __VA_ARGS__ }

/* What a register reads as after all ones were written to it. */
static const struct value_reg {
	const char *name;
	u32 reg;
	u64 value;
	bool read_only, el0, ras, maybe_absent;
} value_regs[] = {
	VALUE(ACTLR_EL1),
	VALUE(DBGBVRn_EL1(0)),
	VALUE(DBGBCRn_EL1(0)),
	VALUE(DBGWVRn_EL1(0)),
	VALUE(DBGWCRn_EL1(0)),
	VALUE(OSDLR_EL1),
	VALUE(OSECCR_EL1),
	VALUE(MDCCINT_EL1),
	VALUE(DBGPRCR_EL1, .maybe_absent = true),
	VALUE(DBGCLAIMSET_EL1),
	VALUE(DBGCLAIMCLR_EL1),
	VALUE(MDRAR_EL1, .read_only = true),
	VALUE(MDCCSR_EL0, .read_only = true, .el0 = true),
	VALUE(DBGDTR_EL0, .el0 = true),
	VALUE(DBGDTRTX_EL0, .el0 = true),
	VALUE(MDSCR_EL1, .value = MDSCR_EL1_SS | MDSCR_EL1_KDE | MDSCR_EL1_TDCC),
	VALUE(ERRIDR_EL1, .ras = true, .read_only = true),
	VALUE(ERRSELR_EL1, .ras = true),
	VALUE(ERXFR_EL1, .ras = true, .read_only = true),
	VALUE(ERXCTLR_EL1, .ras = true),
	VALUE(ERXSTATUS_EL1, .ras = true),
	VALUE(ERXADDR_EL1, .ras = true),
	VALUE(ERXMISC0_EL1, .ras = true),
	VALUE(ERXMISC1_EL1, .ras = true),
};

static bool value_is(struct probe *p, const struct value_reg *r, u64 mode)
{
	const u32 insns[] = {
		r->read_only ? INSN_NOP : PROBE_MSR(r->reg, 6),
		PROBE_MRS(r->reg, RT),
		r->read_only ? INSN_NOP : PROBE_MSR(r->reg, 31),
	};
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, mode, &in);
	in.x[6] = ~0UL;
	if (probe_run(p, insns, ARRAY_SIZE(insns), &in, &out)) {
		ksft_print_msg("%s\n", p->error);
		return false;
	}
	if (probe_completed(&in, &out, ARRAY_SIZE(insns)) && out.x[RT] == r->value &&
	    out.x[6] == in.x[6])
		return true;
	ksft_print_msg("EL%d: %s, value 0x%lx, X6 0x%lx\n", mode != PSR_MODE_EL0t,
		       probe_describe(&in, &out), out.x[RT], out.x[6]);
	return false;
}

static bool vm_has_ras(struct probe *p)
{
	const u32 reg = SYS_ID_AA64PFR0_EL1;
	struct probe_word pfr0;

	probe_read_regs(p, 0, PSR_MODE_EL1h, &reg, 1, &pfr0);
	return SYS_FIELD_GET(ID_AA64PFR0_EL1, RAS, pfr0.value);
}

static void test_values(struct probe *p)
{
	const struct value_reg *r;
	struct probe_out out;
	struct probe_in in;
	bool ok;

	for (r = value_regs; r < value_regs + ARRAY_SIZE(value_regs); r++) {
		if (r->ras && !vm_has_ras(p)) {
			ok = refused(p, PSR_MODE_EL1h, PROBE_MRS(r->reg, RT), 0,
				     PROBE_UNDEF_ESR, "read");
		} else if ((r->ras || r->maybe_absent) &&
			   esr_of(ordinary, PSR_MODE_EL1h, PROBE_MRS(r->reg, RT), 0,
				  &in, &out)) {
			ksft_test_result_skip("value %s: this CPU has none\n", r->name);
			continue;
		} else {
			ok = value_is(p, r, PSR_MODE_EL1h);
			if (r->el0)
				ok &= value_is(p, r, PSR_MODE_EL0t);
		}
		ksft_test_result(ok, "value %s\n", r->name);
	}
}

static bool steps(struct probe *p, u64 mdscr, bool want)
{
	return probe_steps(p, PSR_MODE_EL1h, INSN_NOP, mdscr, want);
}

static void test_step(struct probe *p)
{
	const u32 regs[] = { SYS_OSLSR_EL1, SYS_MDSCR_EL1 };
	struct probe_word words[2];
	bool ok;

	ksft_test_result(steps(p, MDSCR_STEP, true) && steps(p, 0, false), "step\n");

	ok = !probe_write_reg(p, SYS_OSLAR_EL1, 1) &&
	     !probe_write_reg(p, SYS_MDSCR_EL1, MDSCR_EL1_TDCC);
	probe_read_regs(p, 0, PSR_MODE_EL1h, regs, 2, words);
	ok = ok && words[0].value == (OSLSR_EL1_OSLM_IMPLEMENTED | OSLSR_EL1_OSLK) &&
	     words[1].value == MDSCR_EL1_TDCC && steps(p, MDSCR_STEP, false) &&
	     !probe_write_reg(p, SYS_OSLAR_EL1, 0);
	probe_read_regs(p, 0, PSR_MODE_EL1h, regs, 1, words);
	ok = ok && !words[0].esr && words[0].value == OSLSR_EL1_OSLM_IMPLEMENTED &&
	     steps(p, MDSCR_STEP, true);
	ksft_test_result(ok, "step: not while the OS lock is set\n");
}

int main(void)
{
	const struct probe_cfg full = {
		.vgic = true, .pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};
	const struct probe_cfg bare = {}, other = { .ordinary = true };
	unsigned int i, plan = 0;
	struct probe *p;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	for (i = 0; i < ARRAY_SIZE(el0_regs); i++)
		plan += 1 + has_control(&el0_regs[i]);
	ksft_set_plan(plan + ARRAY_SIZE(hidden_insns) + ARRAY_SIZE(pauth_insns) +
		      ARRAY_SIZE(value_regs) + 2);

	ordinary = probe_create(&other);
	p = probe_create(&full);
	for (i = 0; i < ARRAY_SIZE(el0_regs); i++)
		test_el0_reg(p, &el0_regs[i]);
	test_hidden_insns(p, hidden_insns, ARRAY_SIZE(hidden_insns), 0, "hidden");
	test_values(p);
	test_step(p);
	probe_free(p);

	p = probe_create(&bare);
	test_hidden_insns(p, pauth_insns, ARRAY_SIZE(pauth_insns), SCTLR_PAUTH, "no PAuth");
	probe_free(p);
	probe_free(ordinary);

	ksft_finished();
}
