// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_injection - an exception that the hypervisor injects is one that hardware
 * took.
 *
 * Each case executes `udf #0` and then, at the same address and in the same
 * state, an instruction that the hypervisor traps and refuses. What the guest's
 * handler finds must be equal: every general register, SP_EL0, ESR_EL1, ELR_EL1,
 * SPSR_EL1, the vector, and every field of the new PSTATE that MRS can read.
 * The expectation is thus what this very CPU does, hidden features included.
 *
 *  MODE INSN		one trapped instruction in EL0t, EL1t or EL1h
 *  MODE STATE		all of them with a state of PSTATE, SCTLR_EL1 and MDSCR_EL1;
 *			VBAR_EL1 has just been changed each time
 *  host: MODE STATE	the exception that the host asks for, an instruction abort of
 *			a fetch from where there is no memory, leaves SPSR_EL1 and
 *			PSTATE as the native UNDEF does
 *
 * A case about a field of PSTATE that this CPU does not have is skipped. An
 * instruction whose feature the CPU lacks is UNDEF by itself.
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "ucall_common.h"

#define PSR_NZCV	(PSR_N_BIT | PSR_Z_BIT | PSR_C_BIT | PSR_V_BIT)
#define PSR_ALLINT_BIT	BIT(13)
#define SCTLR_SPINTMASK	BIT(62)

#define INSN_UDF	0x00000000
#define INSN_RET_X5	0xd65f00a0
#define RT		5

static const struct state {
	const char *name;
	u64 pstate;		/* set in the interrupted PSTATE */
	u64 needs;		/* must be seen in SPSR of the native UNDEF */
	u64 sctlr_set, sctlr_clear;
	u64 have;		/* the field of the new PSTATE that it is about */
	u64 mdscr;
} states[] = {
	{ "plain" },
	{ "nzcv", PSR_NZCV },
	{ "nzcv-0110", PSR_Z_BIT | PSR_C_BIT },
	{ "daif-d", PSR_D_BIT },
	{ "daif-ai", PSR_A_BIT | PSR_I_BIT },
	{ "daif-all", PROBE_DAIF },
	{ "pan-clear-span-clear", 0, 0, 0, SCTLR_EL1_SPAN, BIT(PROBE_HAVE_PAN) },
	{ "pan-clear-span-set", 0, 0, SCTLR_EL1_SPAN, 0, BIT(PROBE_HAVE_PAN) },
	{ "pan-set-span-clear", PSR_PAN_BIT, PSR_PAN_BIT, 0, SCTLR_EL1_SPAN,
	  BIT(PROBE_HAVE_PAN) },
	{ "pan-set-span-set", PSR_PAN_BIT, PSR_PAN_BIT, SCTLR_EL1_SPAN, 0,
	  BIT(PROBE_HAVE_PAN) },
	{ "uao", PSR_UAO_BIT, PSR_UAO_BIT, 0, 0, BIT(PROBE_HAVE_UAO) },
	{ "ssbs-set-dssbs-clear", PSR_SSBS_BIT, PSR_SSBS_BIT, 0, SCTLR_EL1_DSSBS,
	  BIT(PROBE_HAVE_SSBS) },
	{ "ssbs-set-dssbs-set", PSR_SSBS_BIT, PSR_SSBS_BIT, SCTLR_EL1_DSSBS, 0,
	  BIT(PROBE_HAVE_SSBS) },
	{ "ssbs-clear-dssbs-set", 0, 0, SCTLR_EL1_DSSBS, 0, BIT(PROBE_HAVE_SSBS) },
	{ "dit", PSR_DIT_BIT, PSR_DIT_BIT, 0, 0, BIT(PROBE_HAVE_DIT) },
	{ "tco-clear", 0, 0, 0, 0, BIT(PROBE_HAVE_TCO) },
	{ "tco-set", PSR_TCO_BIT, PSR_TCO_BIT, 0, 0, BIT(PROBE_HAVE_TCO) },
	{ "allint-clear-spintmask-clear", 0, 0, 0, SCTLR_SPINTMASK,
	  BIT(PROBE_HAVE_ALLINT) },
	{ "allint-clear-spintmask-set", 0, 0, SCTLR_SPINTMASK, 0,
	  BIT(PROBE_HAVE_ALLINT) },
	{ "allint-set-spintmask-set", PSR_ALLINT_BIT, PSR_ALLINT_BIT, SCTLR_SPINTMASK, 0,
	  BIT(PROBE_HAVE_ALLINT) },
	{ "btype-1", PSR_BTYPE_JC, PSR_BTYPE_JC },
	{ "btype-2", PSR_BTYPE_C, PSR_BTYPE_C },
	{ "btype-3", PSR_BTYPE_J, PSR_BTYPE_J },
	{ "step", SPSR_SS, SPSR_SS, .mdscr = MDSCR_EL1_SS | MDSCR_EL1_KDE },
	/* All of it at once, so that no field hides another. */
	{ "all-a", PSR_NZCV | PSR_PAN_BIT | PSR_UAO_BIT | PSR_SSBS_BIT | PSR_DIT_BIT |
	  PSR_BTYPE_C, 0, SCTLR_EL1_SPAN | SCTLR_SPINTMASK, SCTLR_EL1_DSSBS },
	{ "all-b", PSR_N_BIT | PSR_TCO_BIT | PSR_DIT_BIT | PSR_ALLINT_BIT | PSR_BTYPE_JC |
	  PSR_D_BIT, 0, SCTLR_EL1_DSSBS, SCTLR_EL1_SPAN },
};

/* One of each way into EL2: a trap bit that is always there, FGT, CPTR, ... */
static const struct trapped {
	const char *name;
	u32 insn;
	bool el0, el1;
	bool native;	/* UNDEF by itself on some CPU */
} trapped[] = {
	{ "mrs S3_0_C15_C2_0 (HCR_EL2.TIDCP)", PROBE_MRS(sys_reg(3, 0, 15, 2, 0), RT),
	  false, true },
	{ "smc #0 (HCR_EL2.TSC)", 0xd4000003, false, true },
	{ "mrs PMCR_EL0 (MDCR_EL2.TPM)", PROBE_MRS(SYS_PMCR_EL0, RT), true, true, true },
	{ "mrs ZCR_EL1 (CPTR_EL2.TZ)", PROBE_MRS(SYS_ZCR_EL1, RT), false, true, true },
	{ "rdvl x5, #1 (CPTR_EL2.TZ)", 0x04bf5020 | RT, true, true, true },
	{ "mrs SVCR (CPTR_EL2.TSM)", PROBE_MRS(SYS_SVCR, RT), true, true, true },
	{ "mrs TPIDR2_EL0 (HFGRTR_EL2.nTPIDR2_EL0)", PROBE_MRS(SYS_TPIDR2_EL0, RT),
	  true, true, true },
	{ "mrs PIR_EL1 (HFGRTR_EL2.nPIR_EL1)", PROBE_MRS(SYS_PIR_EL1, RT),
	  false, true, true },
	{ "msr TCR2_EL1 (HCRX_EL2.TCR2En)", PROBE_MSR(SYS_TCR2_EL1, RT),
	  false, true, true },
};

static const struct {
	const char *name;
	u64 mode;
} modes[] = {
	{ "EL0t", PSR_MODE_EL0t },
	{ "EL1t", PSR_MODE_EL1t },
	{ "EL1h", PSR_MODE_EL1h },
};

enum outcome { PASS, FAIL, SKIP };

static enum outcome fail(const char *what, const char *why)
{
	ksft_print_msg("%s: %s\n", what, why);
	return FAIL;
}

static void set_state(const struct probe *p, const struct state *state, u64 mode,
		      struct probe_in *in)
{
	unsigned int i;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < 31; i++)
		in->x[i] = 0xa5a5000000000000 | i << 8 | i;
	in->sp_el0 = 0x5a5a0000 | mode << 4;
	in->pstate = mode | state->pstate;
	in->sctlr = (p->sctlr | SCTLR_EL1_EnTP2 | state->sctlr_set) & ~state->sctlr_clear;
	in->mdscr = state->mdscr;
	in->vbar = (u64)probe_vectors_a;
}

/*
 * Run `udf #0` for reference. An exception from AArch64 changes neither NZCV nor
 * DIT. Emulators are known that clear them, so these two are taken from the
 * architecture; @emulated is PSTATE as this CPU has it.
 */
static enum outcome run_native(struct probe *p, const struct state *state,
			       struct probe_in *in, struct probe_out *native, u64 *emulated)
{
	const u32 udf = INSN_UDF;
	u64 keeps = PSR_NZCV;

	if (probe_run(p, &udf, 1, in, native))
		return fail("native udf", p->error);
	if ((state->have & ~p->have) || (native->spsr & state->needs) != state->needs)
		return SKIP;
	if (!probe_refused(in, native, PROBE_UNDEF_ESR))
		return fail("native udf", probe_describe(in, native));

	if (p->have & BIT(PROBE_HAVE_DIT))
		keeps |= PSR_DIT_BIT;
	*emulated = native->pstate;
	native->pstate = (native->pstate & ~keeps) | (in->pstate & keeps);

	return PASS;
}

static enum outcome run_pair(struct probe *p, const struct state *state, u64 mode,
			     const struct trapped *t)
{
	struct probe_out native, injected;
	struct probe_in in;
	enum outcome ret;
	u64 emulated;

	set_state(p, state, mode, &in);
	ret = run_native(p, state, &in, &native, &emulated);
	if (ret != PASS)
		return ret;

	/* With a stale VBAR_EL1, the exception would be taken to the vectors of run_native(). */
	in.vbar = (u64)probe_vectors_b;
	if (probe_run(p, &t->insn, 1, &in, &injected))
		return fail(t->name, p->error);
	native.vector |= 1 << 4;
	/* An UNDEF does not write FAR_EL1. */
	native.far = injected.far;
	if (t->native && injected.pstate == emulated)
		native.pstate = emulated;
	if (!memcmp(&native, &injected, sizeof(native)))
		return PASS;

	ksft_print_msg("native: %s\n", probe_describe(&in, &native));
	return fail(t->name, probe_describe(&in, &injected));
}

static enum outcome run_state(struct probe *p, const struct state *state, u64 mode)
{
	enum outcome ret = PASS;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trapped) && ret == PASS; i++)
		if (mode == PSR_MODE_EL0t ? trapped[i].el0 : trapped[i].el1)
			ret = run_pair(p, state, mode, &trapped[i]);

	return ret;
}

static enum outcome run_host(struct probe *p, const struct state *state, u64 mode,
			     gva_t no_memory)
{
	const u64 esr = (u64)ESR_ELx_EC_IABT_CUR << ESR_ELx_EC_SHIFT | ESR_ELx_IL;
	const u32 insn = INSN_RET_X5;
	struct probe_out native, host;
	struct probe_in in;
	enum outcome ret;
	u64 emulated;

	set_state(p, state, mode, &in);
	in.x[RT] = no_memory;
	ret = run_native(p, state, &in, &native, &emulated);
	if (ret != PASS)
		return ret;

	in.vbar = (u64)probe_vectors_b;
	if (probe_run(p, &insn, 1, &in, &host))
		return fail("host", p->error);
	if ((host.esr & (ESR_ELx_EC_MASK | ESR_ELx_IL)) == esr && host.elr == no_memory &&
	    host.vector == (1 << 4 | probe_vector(mode)) && host.spsr == native.spsr &&
	    host.pstate == native.pstate)
		return PASS;

	ksft_print_msg("native: %s\n", probe_describe(&in, &native));
	return fail("host", probe_describe(&in, &host));
}

/* The states in which the host can make an exception: RET clears BTYPE and SS. */
static bool host_can(const struct state *state, u64 mode)
{
	return mode != PSR_MODE_EL0t && !(state->pstate & PSR_BTYPE_MASK) && !state->mdscr;
}

static void result(enum outcome ret, const char *kind, const char *mode, const char *name)
{
	if (ret == SKIP)
		ksft_test_result_skip("%s%s %s: this CPU has no such state\n", kind, mode, name);
	else
		ksft_test_result(ret == PASS, "%s%s %s\n", kind, mode, name);
}

int main(void)
{
	const struct probe_cfg cfg = {};
	unsigned int i, m, plan = 0;
	gva_t no_memory;
	struct probe *p;
	u64 mode;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		for (i = 0; i < ARRAY_SIZE(states); i++)
			plan += 1 + host_can(&states[i], modes[m].mode);
		for (i = 0; i < ARRAY_SIZE(trapped); i++)
			plan += modes[m].mode == PSR_MODE_EL0t ? trapped[i].el0 : trapped[i].el1;
	}
	ksft_set_plan(plan);

	p = probe_create(&cfg);
	no_memory = *(gva_t *)addr_gva2hva(p->vm, (gva_t)&ucall_exit_mmio_addr);
	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		mode = modes[m].mode;
		for (i = 0; i < ARRAY_SIZE(trapped); i++)
			if (mode == PSR_MODE_EL0t ? trapped[i].el0 : trapped[i].el1)
				result(run_pair(p, &states[0], mode, &trapped[i]), "",
				       modes[m].name, trapped[i].name);
		for (i = 0; i < ARRAY_SIZE(states); i++)
			result(run_state(p, &states[i], mode), "", modes[m].name,
			       states[i].name);
		for (i = 0; i < ARRAY_SIZE(states); i++)
			if (host_can(&states[i], mode))
				result(run_host(p, &states[i], mode, no_memory), "host: ",
				       modes[m].name, states[i].name);
	}
	probe_free(p);

	ksft_finished();
}
