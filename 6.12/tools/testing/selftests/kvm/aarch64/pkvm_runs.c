// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_runs - what a protected VM is told that it has, works.
 *
 * Audit map: case -> rule
 *
 *  runs: FEAT		instructions of each feature that the VM's ID registers
 *			advertise complete; where absent, and there is a trap,
 *			they are UNDEF
 *  mops-exception	a SETM in the format of another CPU is restarted
 *  pauth-round-trip	keys can be written and read; AUT undoes PAC
 *  bti			a guarded page refuses a wrong BTYPE, EC 0x0d
 *  timers		counters count; CTL, CVAL and TVAL of both timers work
 *  gic-sysregs		the GIC's registers work, ICC_SRE_EL1 says GICv3 only
 *  isr			no interrupt or SError is pending that nobody sent
 *  brk			EC 0x3c with the immediate: the guest's own
 *  mdscr		SS, KDE, TDCC are kept, all else is RAZ/WI, MDE included
 *  step-el0, step-el1	the guest's own software step, EC 0x32 and 0x33, also
 *			over an instruction that EL2 completes
 *  btype-cleared	an access that EL2 completes clears SPSR.BTYPE
 *  rt-value, -function	a read that EL2 completes writes Rt, whichever that is, XZR
 *			included, and nothing else
 *  rt-ignored		a write that EL2 ignores changes nothing
 *  set/way, hvc	DC xSW complete; PSCI answers
 *  host		the host's own registers are what they were
 *
 * Rules: Arm ARM; contract, sections 3 and 5; section 1, B3, B4, B7.
 */
#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "pkvm_check.h"
#include "pkvm_insn_list.h"

static struct vm_id id;
static bool host_has_pauth;

static bool is_advertised(const struct shown_insn *s)
{
	u64 value = id_field(&id, s->reg, s->lsb);

	/* FP and AdvSIMD are the two signed ones here. */
	if (s->reg == 0x40 && (s->lsb == 16 || s->lsb == 20) && value == 15)
		return false;
	return value >= s->min;
}

static void test_shown_insns(struct probe *p)
{
	const struct shown_insn *s;
	struct probe_out out;
	struct probe_in in;
	bool ok;

	for (s = shown_insns; s < shown_insns + ARRAY_SIZE(shown_insns); s++) {
		if (!is_advertised(s)) {
			if (s->absent_undef)
				ksft_test_result(refused(p, PROBE_EL1H, s->insns[s->nr - 1], 0,
							 PROBE_UNDEF_ESR, s->feature),
						 "absent: %s\n", s->feature);
			else
				ksft_test_result_skip("runs: %s: this CPU has none\n",
						      s->feature);
			continue;
		}
		init_in(p, PROBE_EL1H, &in);
		ok = completes(p, PROBE_EL1H, s->insns, s->nr, &in, &out);
		if (s->el0) {
			init_in(p, PROBE_EL0T, &in);
			ok &= completes(p, PROBE_EL0T, s->insns, s->nr, &in, &out);
		}
		ksft_test_result(ok, "runs: %s\n", s->feature);
	}
}

/* SETM whose registers are in the other of the two formats: start over. */
static bool mops_exception(struct probe *p)
{
	/* b 2f; setp; 2: setm; sete; ldr x5, [x2, #56] */
	static const u32 insns[] = {
		0x14000002, 0x19c30420, 0x19c34420, 0x19c38420, 0xf9401c45,
	};
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	/* C says which format; this is not the one that the CPU uses. */
	in.pstate |= BIT(29);
	if (!completes(p, PROBE_EL1H, insns, ARRAY_SIZE(insns), &in, &out))
		return false;
	return value_is("memory", out.x[5], 0x5a5a5a5a5a5a5a5a) &
	       value_is("X1", out.x[1], 0);
}

static void test_mops_exception(struct probe *p)
{
	if (id_field(&id, 0x62, 16))
		ksft_test_result(mops_exception(p), "mops-exception\n");
	else
		ksft_test_result_skip("mops-exception: this CPU has no MOPS\n");
}

static bool pauth_round_trip(struct probe *p)
{
	/* msr APIAKeyLo_EL1, x6; mrs x7, APIAKeyLo_EL1 */
	static const u32 key[] = { 0xd5182106, 0xd5382107 };
	/* mrs x7, of APIBKeyLo_EL1, APDAKeyLo_EL1, APDBKeyLo_EL1, APGAKeyLo_EL1 */
	static const u32 others[] = { 0xd5382147, 0xd5382207, 0xd5382247, 0xd5382307 };
	/* pacia x5, x6; mov x8, x5; autia x5, x6; pacga x7, x5, x6 */
	static const u32 sign[] = { 0xdac100c5, 0xaa0503e8, 0xdac110c5, 0x9ac630a7 };
	struct probe_out out;
	struct probe_in in;
	bool ok;

	init_in(p, PROBE_EL1H, &in);
	in.x[6] = 0x123456789abcdef1;
	ok = completes(p, PROBE_EL1H, key, ARRAY_SIZE(key), &in, &out) &&
	     value_is("the key", out.x[7], in.x[6]);
	ok = ok && completes(p, PROBE_EL1H, others, ARRAY_SIZE(others), &in, &out);

	in.x[5] = probe_gva(PROBE_PAGE_DATA);
	in.sctlr |= SCTLR_PAUTH;
	ok = ok && completes(p, PROBE_EL1H, sign, ARRAY_SIZE(sign), &in, &out) &&
	     value_is("the authenticated pointer", out.x[5], in.x[5]);
	if (ok && (out.x[8] == in.x[5] || !out.x[7])) {
		ksft_print_msg("no PAC: 0x%lx, PACGA 0x%lx\n", out.x[8], out.x[7]);
		ok = false;
	}
	return ok;
}

static bool bti_works(struct probe *p)
{
	const u32 nop = 0xd503201f, bti_jc = 0xd50324df;
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.pstate |= 3 << 10;
	if (probe_run(p, PROBE_PAGE_GUARDED, &nop, 1, &in, &out) ||
	    out.esr != (0x0dUL << 26 | BIT(25) | 3) || out.elr != in.pc) {
		ksft_print_msg("nop: %s\n", probe_describe(&in, &out));
		return false;
	}
	if (probe_run(p, PROBE_PAGE_GUARDED, &bti_jc, 1, &in, &out) ||
	    !probe_completed(&in, &out, 1)) {
		ksft_print_msg("bti jc: %s\n", probe_describe(&in, &out));
		return false;
	}
	return true;
}

static bool timers_work(struct probe *p)
{
	/*
	 * Counters that count, then for both timers: CVAL in the past, enable
	 * with IMASK, read CTL back with ISTATUS, disable.
	 */
	static const u32 insns[] = {
		0xd53be045, 0xd5033fdf, 0xd53be047,	/* CNTVCT: x5, x7 */
		0xd53be028, 0xd5033fdf, 0xd53be029,	/* CNTPCT: x8, x9 */
		0xd51be346, 0xd51be323, 0xd5033fdf, 0xd53be32a, 0xd51be33f,
		0xd51be246, 0xd51be223, 0xd5033fdf, 0xd53be22b, 0xd51be23f,
		0xd53be30c, 0xd53be20d,			/* TVAL: x12, x13 */
	};
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.x[3] = 3;	/* ENABLE | IMASK */
	in.x[6] = 1;
	if (!completes(p, PROBE_EL1H, insns, ARRAY_SIZE(insns), &in, &out))
		return false;
	return value_is("CNTVCT_EL0 goes back", out.x[7] < out.x[5], 0) &
	       value_is("CNTPCT_EL0 goes back", out.x[9] < out.x[8], 0) &
	       value_is("CNTV_CTL_EL0", out.x[10], 7) &
	       value_is("CNTP_CTL_EL0", out.x[11], 7);
}

static bool gic_works(struct probe *p)
{
	/* SRE: x5; IGRPEN1 = 1: x7; PMR = 0xf0: x8; IAR1: x9; HPPIR1: x10; CTLR: x11 */
	static const u32 insns[] = {
		0xd538cca5, 0xd518cce6, 0xd538cce7, 0xd5184603, 0xd5384608,
		0xd538cc09, 0xd538cc4a, 0xd538cc8b, 0xd538cb6c,
		0xd518cbbf,	/* SGI1R = 0: SGI 0 to nobody */
		0xd518cc3f | 9,	/* EOIR1 = x9 */
	};
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.x[3] = 0xf0;
	in.x[6] = 1;
	if (!completes(p, PROBE_EL1H, insns, ARRAY_SIZE(insns) - 1, &in, &out))
		return false;
	return value_is("ICC_SRE_EL1", out.x[5], 7) &
	       value_is("ICC_IGRPEN1_EL1", out.x[7], 1) &
	       value_is("ICC_PMR_EL1 & 0xf0", out.x[8] & 0xf0, 0xf0) &
	       value_is("ICC_IAR1_EL1", out.x[9], 1023) &
	       value_is("ICC_HPPIR1_EL1", out.x[10], 1023);
}

static bool nothing_pends(struct probe *p)
{
	const u32 mrs = 0xd538c105;	/* mrs x5, ISR_EL1 */
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	return completes(p, PROBE_EL1H, &mrs, 1, &in, &out) &&
	       value_is("ISR_EL1", out.x[RT], 0);
}

static bool brk_works(struct probe *p, u64 m)
{
	const u32 brk = 0xd4202460;	/* #0x123 */
	struct probe_out out;
	struct probe_in in;

	init_in(p, m, &in);
	if (!probe_run(p, page_of(m), &brk, 1, &in, &out) &&
	    out.esr == (0x3cUL << 26 | BIT(25) | 0x123) && out.elr == in.pc &&
	    (out.vector & 15) == probe_vector_sync(m))
		return true;
	ksft_print_msg("%s %s\n", p->lost ? p->error : "", probe_describe(&in, &out));
	return false;
}

static bool mdscr_works(struct probe *p)
{
	/* msr mdscr_el1, x5; mrs x7, mdscr_el1; msr mdscr_el1, xzr; mrs x8, mdscr_el1 */
	static const u32 insns[] = { 0xd5100245, 0xd5300247, 0xd510025f, 0xd5300248 };
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.x[5] = GENMASK(63, 0);
	return completes(p, PROBE_EL1H, insns, ARRAY_SIZE(insns), &in, &out) &&
	       value_is("MDSCR_EL1 after ones", out.x[7], BIT(0) | BIT(12) | BIT(13)) &&
	       value_is("MDSCR_EL1 after zero", out.x[8], 0);
}

/* One instruction, then a step exception from @m. */
static bool step_works(struct probe *p, u64 m)
{
	/* The first one leaves the guest and comes back in the middle of the step. */
	static const u32 insns[][2] = {
		{ 0xd503201f, 0xd503201f },	/* nop */
		{ 0xd5380405, 0xd503201f },	/* mrs x5, ID_AA64PFR0_EL1 */
	};
	u64 ec = m == PROBE_EL0T ? 0x32 : 0x33;
	struct probe_out out;
	struct probe_in in;
	unsigned int i;

	for (i = 0; i < (m == PROBE_EL0T ? 1 : 2); i++) {
		init_in(p, m, &in);
		in.pstate = m | BIT(21);		/* SS; D is clear */
		in.mdscr = BIT(0) | BIT(13);		/* SS, KDE */
		if (probe_run(p, page_of(m), insns[i], 2, &in, &out)) {
			ksft_print_msg("%s\n", p->error);
			return false;
		}
		if (out.esr >> 26 != ec || out.elr != in.pc + 4 ||
		    (out.esr & 0x3f) != 0x22) {
			ksft_print_msg("%u: %s\n", i, probe_describe(&in, &out));
			return false;
		}
	}
	return true;
}

static bool set_way_works(struct probe *p)
{
	static const u32 insns[] = { 0xd508765f, 0xd5087a5f, 0xd5087e5f };
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	return completes(p, PROBE_EL1H, insns, ARRAY_SIZE(insns), &in, &out);
}

static bool hvc_works(struct probe *p)
{
	const u32 hvc = 0xd4000002;
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.x[0] = 0x84000000;	/* PSCI_VERSION */
	return completes(p, PROBE_EL1H, &hvc, 1, &in, &out) &&
	       value_is("PSCI major version", out.x[0] >> 16, 1);
}

/* The instruction after one that EL2 completed starts with BTYPE 0. */
static bool btype_is_cleared(struct probe *p)
{
	/* mrs x5, ID_AA64PFR0_EL1; udf #0 */
	static const u32 insns[] = { 0xd5380405, 0x00000000 };
	struct probe_out out;
	struct probe_in in;

	init_in(p, PROBE_EL1H, &in);
	in.pstate |= 3 << 10;
	if (probe_run(p, PROBE_PAGE_EL1, insns, ARRAY_SIZE(insns), &in, &out)) {
		ksft_print_msg("%s\n", p->error);
		return false;
	}
	return probe_undef_at(&in, &out, 1) &&
	       value_is("SPSR_EL1.BTYPE", out.spsr & 3 << 10, 0);
}

/* An access that EL2 completes, with each register as Rt. */
static bool rt_works(struct probe *p, u32 insn, bool is_read)
{
	struct probe_out out;
	struct probe_in in;
	u64 value, want;
	unsigned int rt, i;
	bool ok = true;
	u32 with_rt;

	init_in(p, PROBE_EL1T, &in);
	in.pstate |= 0xfUL << 28;	/* N, Z, C, V */
	in.sp_el0 = 0x5a5a00ff00ff0000;
	for (i = 0; i < ARRAY_SIZE(in.x); i++)
		in.x[i] = 0x0101010101010101 * (i + 1);

	with_rt = insn | RT;
	if (!completes(p, PROBE_EL1T, &with_rt, 1, &in, &out))
		return false;
	value = out.x[RT];

	for (rt = 0; rt < 32; rt++) {
		with_rt = insn | rt;
		if (!completes(p, PROBE_EL1T, &with_rt, 1, &in, &out))
			return false;
		for (i = 0; i < ARRAY_SIZE(in.x); i++) {
			want = is_read && i == rt ? value : in.x[i];
			if (out.x[i] == want)
				continue;
			ksft_print_msg("Rt X%u: X%u is 0x%lx, not 0x%lx\n", rt, i, out.x[i], want);
			ok = false;
		}
		ok &= value_is("SP_EL0", out.sp_el0, in.sp_el0) &
		      value_is("SPSR_EL1", out.spsr, in.pstate);
	}
	return ok;
}

int main(void)
{
	struct probe_cfg cfg = { .vgic = true };
	struct probe *p;

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(shown_insns) + 16 + HOST_STATE_TESTS);

	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	cfg.pauth = host_has_pauth;
	host_state_save();
	p = probe_create(&cfg);
	probe_read_id_regs(p, 0, id.reg);

	test_shown_insns(p);
	test_mops_exception(p);
	if (host_has_pauth)
		ksft_test_result(pauth_round_trip(p), "pauth-round-trip\n");
	else
		ksft_test_result_skip("pauth-round-trip: this CPU has no PAuth\n");
	if (id_field(&id, 0x41, 0)) {
		ksft_test_result(bti_works(p), "bti\n");
		ksft_test_result(btype_is_cleared(p), "btype-cleared\n");
	} else {
		ksft_test_result_skip("bti: this CPU has no BTI\n");
		ksft_test_result_skip("btype-cleared: this CPU has no BTI\n");
	}
	ksft_test_result(timers_work(p), "timers\n");
	ksft_test_result(gic_works(p), "gic-sysregs\n");
	ksft_test_result(nothing_pends(p), "isr\n");
	ksft_test_result(brk_works(p, PROBE_EL0T) & brk_works(p, PROBE_EL1H), "brk\n");
	ksft_test_result(mdscr_works(p), "mdscr\n");
	ksft_test_result(step_works(p, PROBE_EL0T), "step-el0\n");
	ksft_test_result(step_works(p, PROBE_EL1H), "step-el1\n");
	ksft_test_result(rt_works(p, 0xd5380400, true), "rt-value: ID_AA64PFR0_EL1\n");
	ksft_test_result(rt_works(p, 0xd5390020, true), "rt-function: CLIDR_EL1\n");
	ksft_test_result(rt_works(p, 0xd5181020, false), "rt-ignored: ACTLR_EL1\n");
	ksft_test_result(set_way_works(p), "set/way\n");
	ksft_test_result(hvc_works(p), "hvc\n");
	probe_free(p);

	host_state_report();
	ksft_finished();
}
