// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_injection - an exception that EL2 injects is one that hardware took.
 *
 * Each case executes `udf #0` and then, at the same address and in the same
 * state, an instruction that EL2 traps and refuses. What the guest's handler
 * finds must be equal: every general register, SP_EL0, ESR_EL1, ELR_EL1,
 * SPSR_EL1, the vector, and every field of the new PSTATE that MRS can read.
 * The expectation is thus what this very CPU does, hidden features included.
 *
 * Audit map: case -> rule
 *
 *  plain		ESR_EL1 is EC 0 with IL (0x02000000), ELR_EL1 is the PC,
 *			the vector is that of EL0t, EL1t or EL1h
 *  vbar-just-changed	the vector is taken from the live VBAR_EL1
 *  nzcv, daif		SPSR_EL1 holds the interrupted PSTATE; the new one keeps
 *			NZCV and masks DAIF
 *  pan-*		PAN is set unless SCTLR_EL1.SPAN, the live one, says not
 *  uao			UAO is saved, and clear in the new PSTATE
 *  ssbs-*		SSBS becomes SCTLR_EL1.DSSBS, the live one
 *  dit			DIT is saved and stays
 *  tco-*		TCO is saved; the new one is 1 where the CPU has MTE
 *  allint-*		ALLINT is saved and becomes !SCTLR_EL1.SPINTMASK
 *  btype-*		BTYPE is saved, and clear in the new PSTATE
 *  step		the active software step of the guest: SPSR_EL1.SS
 *  all-*		all of it at once, so that no field hides another
 *  (every case)	Rt, as every other register, is not written
 *  host: *		the exceptions that the host asks for, and EL2 enters before
 *			the guest runs, leave SPSR_EL1 and PSTATE the same way: here
 *			that for instructions where there is no memory
 *
 * Rules: Arm ARM, AArch64.TakeException(); contract, section 6.
 *
 * A case about a field of PSTATE that this CPU does not have is skipped, and so
 * is an instruction whose feature it lacks: that UNDEF is the CPU's own. The
 * host's user space cannot see SME where the host does not use it: those cases
 * run everywhere.
 */
#include <sys/auxv.h>

#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"

#define SCTLR_SPAN	BIT(23)
#define SCTLR_DSSBS	BIT(44)
#define SCTLR_ENTP2	BIT(60)	/* EL0 may use TPIDR2_EL0 */
#define SCTLR_SPINTMASK	BIT(62)
#define MDSCR_SS	BIT(0)
#define MDSCR_KDE	BIT(13)

#define SPSR_BTYPE(n)	((u64)(n) << 10)
#define SPSR_BTYPE_MASK	SPSR_BTYPE(3)
#define SPSR_SS		BIT(21)
#define SPSR_D		BIT(9)
#define SPSR_NZCV	GENMASK(31, 28)

#define INSN_UDF	0x00000000
#define INSN_RT		5

static const struct state {
	const char *name;
	const char *feature;	/* what the CPU needs for it */
	u64 pstate;		/* set in the interrupted PSTATE */
	u64 needs;		/* must be seen in SPSR of the native UNDEF */
	u64 sctlr_set, sctlr_clear;
	u64 mdscr;
	u64 have;		/* the field of the new PSTATE that it is about */
} states[] = {
	{ "plain" },
	{ "vbar-just-changed" },
	{ "nzcv", .pstate = SPSR_NZCV },
	{ "nzcv-0110", .pstate = BIT(30) | BIT(29) },
	{ "daif-clear", .pstate = 0 },
	{ "daif-d", .pstate = SPSR_D },
	{ "daif-ai", .pstate = BIT(8) | BIT(7) },
	{ "daif-all", .pstate = PROBE_DAIF },
	{ "pan-clear-span-clear", "PAN", .sctlr_clear = SCTLR_SPAN,
	  .have = BIT(PROBE_HAVE_PAN) },
	{ "pan-clear-span-set", "PAN", .sctlr_set = SCTLR_SPAN,
	  .have = BIT(PROBE_HAVE_PAN) },
	{ "pan-set-span-clear", "PAN", PROBE_PSTATE_PAN, PROBE_PSTATE_PAN,
	  .sctlr_clear = SCTLR_SPAN, .have = BIT(PROBE_HAVE_PAN) },
	{ "pan-set-span-set", "PAN", PROBE_PSTATE_PAN, PROBE_PSTATE_PAN,
	  .sctlr_set = SCTLR_SPAN, .have = BIT(PROBE_HAVE_PAN) },
	{ "uao", "UAO", PROBE_PSTATE_UAO, PROBE_PSTATE_UAO,
	  .have = BIT(PROBE_HAVE_UAO) },
	{ "ssbs-set-dssbs-clear", "SSBS", PROBE_PSTATE_SSBS, PROBE_PSTATE_SSBS,
	  .sctlr_clear = SCTLR_DSSBS, .have = BIT(PROBE_HAVE_SSBS) },
	{ "ssbs-set-dssbs-set", "SSBS", PROBE_PSTATE_SSBS, PROBE_PSTATE_SSBS,
	  .sctlr_set = SCTLR_DSSBS, .have = BIT(PROBE_HAVE_SSBS) },
	{ "ssbs-clear-dssbs-set", "SSBS", .sctlr_set = SCTLR_DSSBS,
	  .have = BIT(PROBE_HAVE_SSBS) },
	{ "dit", "DIT", PROBE_PSTATE_DIT, PROBE_PSTATE_DIT,
	  .have = BIT(PROBE_HAVE_DIT) },
	{ "tco-clear", "MTE", .have = BIT(PROBE_HAVE_TCO) },
	{ "tco-set", "MTE", PROBE_PSTATE_TCO, PROBE_PSTATE_TCO,
	  .have = BIT(PROBE_HAVE_TCO) },
	{ "allint-clear-spintmask-clear", "NMI", .sctlr_clear = SCTLR_SPINTMASK,
	  .have = BIT(PROBE_HAVE_ALLINT) },
	{ "allint-clear-spintmask-set", "NMI", .sctlr_set = SCTLR_SPINTMASK,
	  .have = BIT(PROBE_HAVE_ALLINT) },
	{ "allint-set-spintmask-set", "NMI", PROBE_PSTATE_ALLINT,
	  PROBE_PSTATE_ALLINT, .sctlr_set = SCTLR_SPINTMASK,
	  .have = BIT(PROBE_HAVE_ALLINT) },
	{ "btype-1", "BTI", SPSR_BTYPE(1), SPSR_BTYPE(1) },
	{ "btype-2", "BTI", SPSR_BTYPE(2), SPSR_BTYPE(2) },
	{ "btype-3", "BTI", SPSR_BTYPE(3), SPSR_BTYPE(3) },
	{ "step", .pstate = SPSR_SS, .needs = SPSR_SS,
	  .mdscr = MDSCR_SS | MDSCR_KDE },
	{ "all-a", .pstate = SPSR_NZCV | PROBE_PSTATE_PAN | PROBE_PSTATE_UAO |
	  PROBE_PSTATE_SSBS | PROBE_PSTATE_DIT | SPSR_BTYPE(2),
	  .sctlr_clear = SCTLR_DSSBS, .sctlr_set = SCTLR_SPAN | SCTLR_SPINTMASK },
	{ "all-b", .pstate = BIT(31) | PROBE_PSTATE_TCO | PROBE_PSTATE_DIT |
	  PROBE_PSTATE_ALLINT | SPSR_BTYPE(1) | SPSR_D,
	  .sctlr_clear = SCTLR_SPAN, .sctlr_set = SCTLR_DSSBS },
};

enum needs { NOTHING, PMU, SVE, S1PIE };

#define M_EL0	1
#define M_EL1	2

/* One of each way into EL2: a trap bit that is always there, FGT, CPTR, ... */
static const struct trapped {
	const char *name;
	u32 insn;
	u8 modes;
	enum needs needs;
	bool maybe_native;	/* UNDEF by itself on some CPU, who knows which */
} trapped[] = {
	{ "mrs PMCCNTR_EL0 (MDCR_EL2.TPM)",
	  PROBE_MRS(sys_reg(3, 3, 9, 13, 0), INSN_RT), M_EL0 | M_EL1, PMU },
	{ "msr PMCR_EL0 (MDCR_EL2.TPMCR)",
	  PROBE_MSR(sys_reg(3, 3, 9, 12, 0), INSN_RT), M_EL1, PMU },
	{ "mrs S3_0_C15_C2_0 (HCR_EL2.TIDCP)",
	  PROBE_MRS(sys_reg(3, 0, 15, 2, 0), INSN_RT), M_EL1, NOTHING },
	{ "smc #0 (HCR_EL2.TSC)", 0xd4000003, M_EL1, NOTHING },
	{ "mrs ZCR_EL1 (CPTR_EL2.TZ)",
	  PROBE_MRS(sys_reg(3, 0, 1, 2, 0), INSN_RT), M_EL1, SVE },
	{ "rdvl x5, #1 (CPTR_EL2.TZ)", 0x04bf5020 | INSN_RT,
	  M_EL0 | M_EL1, SVE },
	{ "mrs SVCR (CPTR_EL2.TSM)",
	  PROBE_MRS(sys_reg(3, 3, 4, 2, 2), INSN_RT), M_EL0 | M_EL1, NOTHING, true },
	{ "mrs TPIDR2_EL0 (HFGRTR_EL2.nTPIDR2_EL0)",
	  PROBE_MRS(sys_reg(3, 3, 13, 0, 5), INSN_RT), M_EL0 | M_EL1, NOTHING, true },
	{ "mrs PIR_EL1 (HFGRTR_EL2.nPIR_EL1)",
	  PROBE_MRS(sys_reg(3, 0, 10, 2, 3), INSN_RT), M_EL1, S1PIE },
	{ "msr PIR_EL1 (HFGWTR_EL2.nPIR_EL1)",
	  PROBE_MSR(sys_reg(3, 0, 10, 2, 3), INSN_RT), M_EL1, S1PIE },
};

static const struct {
	const char *name;
	u64 m;
	u8 modes;
} modes[] = {
	{ "EL0t", PROBE_EL0T, M_EL0 },
	{ "EL1t", PROBE_EL1T, M_EL1 },
	{ "EL1h", PROBE_EL1H, M_EL1 },
};

static bool cpu_has(enum needs needs)
{
	static u64 mmfr3;
	static bool known;

	if (!known) {
		struct kvm_vcpu *vcpu;
		struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);

		vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64MMFR3_EL1), &mmfr3);
		kvm_vm_free(vm);
		known = true;
	}

	switch (needs) {
	case PMU:
		return kvm_check_cap(KVM_CAP_ARM_PMU_V3);
	case SVE:
		return getauxval(AT_HWCAP) & BIT(22);
	case S1PIE:
		return (mmfr3 >> 8) & 0xf;
	default:
		return true;
	}
}

static void set_state(const struct probe *p, const struct state *state, u64 m,
		      struct probe_in *in)
{
	unsigned int i;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < 31; i++)
		in->x[i] = 0xa5a5000000000000 | i << 8 | i;
	in->sp_el0 = 0x5a5a0000 | m << 4;
	/* No interrupt can come, but keep the debug exceptions of a step away. */
	in->pstate = m | state->pstate;
	in->sctlr = (p->sctlr | SCTLR_ENTP2 | state->sctlr_set) &
		    ~state->sctlr_clear;
	in->mdscr = state->mdscr;
	in->vbar = (u64)probe_vectors_a;
}

/* What differs? NULL: nothing. */
static const char *differs(const struct probe_out *a, const struct probe_out *b)
{
	static const char * const names[] = {
		"vector", "ESR_EL1", "ELR_EL1", "SPSR_EL1", "PSTATE", "SP_EL0",
	};
	const u64 va[] = { a->vector, a->esr, a->elr, a->spsr, a->pstate, a->sp_el0 };
	const u64 vb[] = { b->vector, b->esr, b->elr, b->spsr, b->pstate, b->sp_el0 };
	static char text[200];
	unsigned int i;

	for (i = 0; i < 31; i++) {
		if (a->x[i] != b->x[i]) {
			snprintf(text, sizeof(text), "X%u is 0x%lx, was 0x%lx",
				 i, b->x[i], a->x[i]);
			return text;
		}
	}

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (va[i] == vb[i])
			continue;
		snprintf(text, sizeof(text), "%s is 0x%lx, native 0x%lx", names[i],
			 vb[i], va[i]);
		return text;
	}
	return NULL;
}

/* Return NULL if equal, or the difference. *lacks: the CPU has no such state. */
static const char *run_pair(struct probe *p, const struct state *state, u64 m,
			    const struct trapped *t, bool *lacks)
{
	static char text[240];
	enum probe_page page = m == PROBE_EL0T ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1;
	struct probe_out native, injected;
	const u32 udf = INSN_UDF;
	struct probe_in in;
	const char *diff;
	u64 keeps, emulated;

	set_state(p, state, m, &in);
	if (probe_run(p, page, &udf, 1, &in, &native)) {
		snprintf(text, sizeof(text), "native udf: %s", p->error);
		return text;
	}
	*lacks = (state->have & ~p->have) ||
		 (native.spsr & state->needs) != state->needs;
	if (*lacks)
		return NULL;
	if (!probe_undef_at(&in, &native, 0)) {
		snprintf(text, sizeof(text), "native udf: %s",
			 probe_describe(&in, &native));
		return text;
	}

	/*
	 * An exception from AArch64 changes neither NZCV nor DIT. Emulators are
	 * known that clear them, so take these two from the architecture, but
	 * not for what such an emulator may refuse by itself.
	 */
	keeps = SPSR_NZCV;
	if (p->have & BIT(PROBE_HAVE_DIT))
		keeps |= PROBE_PSTATE_DIT;
	emulated = native.pstate;
	native.pstate &= ~keeps;
	native.pstate |= in.pstate & keeps;

	/* A stale VBAR_EL1 is that of the native UNDEF. */
	in.vbar = (u64)probe_vectors_b;
	if (probe_run(p, page, &t->insn, 1, &in, &injected))
		return p->error;
	native.vector |= 1 << 4;
	if (t->maybe_native && injected.pstate == emulated)
		native.pstate = emulated;

	diff = differs(&native, &injected);
	if (!diff)
		return NULL;
	snprintf(text, sizeof(text), "%s (%s)", diff,
		 probe_describe(&in, &injected));
	return text;
}

/*
 * The host makes an instruction abort of a fetch from where there is no memory.
 * RET, which goes there, leaves PSTATE alone, so that what exception entry makes
 * of it has to be what the native UNDEF made of it.
 */
static const char *run_host(struct probe *p, const struct state *state, u64 m, bool *lacks)
{
	static char text[240];
	const u64 esr = 0x21UL << 26 | BIT(25);
	const u32 udf = INSN_UDF, ret_x5 = 0xd65f00a0;
	struct probe_out native, host;
	struct probe_in in;

	set_state(p, state, m, &in);
	if (probe_run(p, PROBE_PAGE_EL1, &udf, 1, &in, &native))
		return p->error;
	*lacks = (state->have & ~p->have) ||
		 (native.spsr & state->needs) != state->needs;
	if (*lacks)
		return NULL;

	/* As above: these two the architecture leaves alone, an emulator may not. */
	native.pstate &= ~(SPSR_NZCV | PROBE_PSTATE_DIT);
	native.pstate |= in.pstate & SPSR_NZCV;
	if (p->have & BIT(PROBE_HAVE_DIT))
		native.pstate |= in.pstate & PROBE_PSTATE_DIT;

	in.x[INSN_RT] = *(u64 *)addr_gva2hva(p->vm, (vm_vaddr_t)&probe_mmio);
	in.vbar = (u64)probe_vectors_b;
	if (probe_run(p, PROBE_PAGE_EL1, &ret_x5, 1, &in, &host))
		return p->error;
	if ((host.esr & GENMASK(31, 25)) == esr && host.elr == in.x[INSN_RT] &&
	    host.vector == (1 << 4 | probe_vector_sync(m)) &&
	    host.spsr == native.spsr && host.pstate == native.pstate)
		return NULL;
	snprintf(text, sizeof(text), "native: PSTATE 0x%lx SPSR_EL1 0x%lx; the host's: %s",
		 native.pstate, native.spsr, probe_describe(&in, &host));
	return text;
}

static void test_host(struct probe *p, const struct state *state, unsigned int mode)
{
	bool lacks = false;
	const char *diff = run_host(p, state, modes[mode].m, &lacks);

	if (diff)
		ksft_print_msg("%s\n", diff);
	if (lacks)
		ksft_test_result_skip("host: %s %s: this CPU has no %s\n",
				      modes[mode].name, state->name,
				      state->feature ?: "such state");
	else
		ksft_test_result(!diff, "host: %s %s\n", modes[mode].name, state->name);
}

/* The states in which the host can make an exception: not those of a step. */
static bool host_can(const struct state *state, unsigned int mode)
{
	return modes[mode].modes == M_EL1 && !(state->pstate & SPSR_BTYPE_MASK) &&
	       !state->mdscr;
}

/* One state and mode, with every instruction that this CPU has. */
static void test_state(struct probe *p, const struct state *state,
		       unsigned int mode)
{
	const char *diff = NULL;
	unsigned int i, ran = 0;
	bool lacks = false;

	for (i = 0; i < ARRAY_SIZE(trapped) && !diff && !lacks; i++) {
		if (!(trapped[i].modes & modes[mode].modes) ||
		    !cpu_has(trapped[i].needs))
			continue;
		diff = run_pair(p, state, modes[mode].m, &trapped[i], &lacks);
		ran++;
		if (diff)
			ksft_print_msg("%s: %s\n", trapped[i].name, diff);
	}

	if (lacks)
		ksft_test_result_skip("%s %s: this CPU has no %s\n",
				      modes[mode].name, state->name,
				      state->feature ?: "such state");
	else if (!ran)
		ksft_test_result_skip("%s %s: nothing traps: this CPU has no PMU\n",
				      modes[mode].name, state->name);
	else
		ksft_test_result(!diff, "%s %s\n", modes[mode].name, state->name);
}

/* One instruction and mode, alone, so that its name shows. */
static void test_insn(struct probe *p, const struct trapped *t, unsigned int mode)
{
	const char *diff;
	bool lacks;

	if (!cpu_has(t->needs)) {
		ksft_test_result_skip("%s %s: this CPU lacks the feature\n",
				      modes[mode].name, t->name);
		return;
	}
	diff = run_pair(p, &states[0], modes[mode].m, t, &lacks);
	if (diff)
		ksft_print_msg("%s\n", diff);
	ksft_test_result(!diff, "%s %s\n", modes[mode].name, t->name);
}

int main(int argc, char **argv)
{
	/* -n: an ordinary VM, whose UNDEFs the host injects. */
	const struct probe_cfg cfg = {
		.unprotected = argc > 1 && !strcmp(argv[1], "-n"),
	};
	unsigned int i, mode, plan = 0;
	struct probe *p;

	ksft_print_header();
	if (!cfg.unprotected)
		probe_require_protected();

	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		plan += ARRAY_SIZE(states);
		for (i = 0; i < ARRAY_SIZE(states); i++)
			plan += host_can(&states[i], mode);
		for (i = 0; i < ARRAY_SIZE(trapped); i++)
			plan += !!(trapped[i].modes & modes[mode].modes);
	}
	ksft_set_plan(plan + HOST_STATE_TESTS);
	host_state_save();

	p = probe_create(&cfg);
	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		for (i = 0; i < ARRAY_SIZE(trapped); i++)
			if (trapped[i].modes & modes[mode].modes)
				test_insn(p, &trapped[i], mode);
		for (i = 0; i < ARRAY_SIZE(states); i++)
			test_state(p, &states[i], mode);
		for (i = 0; i < ARRAY_SIZE(states); i++)
			if (host_can(&states[i], mode))
				test_host(p, &states[i], mode);
	}
	probe_free(p);

	host_state_report();
	ksft_finished();
}
