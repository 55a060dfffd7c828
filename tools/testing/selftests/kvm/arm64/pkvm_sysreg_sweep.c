// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_sysreg_sweep - every encoding of the system instruction space, at EL1.
 *
 * Execute all 16384 encodings op1:CRn:CRm:op2 of each of
 *
 *	MRS, MSR	op0 = 2 and 3; a write writes back what was just read,
 *			or zero where the register cannot be read
 *	SYS, SYSL	op0 = 1; Xt is the address of a page of data, and where
 *			that is UNDEF, XZR
 *	the rest	op0 = 0, both values of L: MSR immediate, hints, barriers;
 *			Rt is 31, as all of these have it
 *
 * in protected VMs with and without PAuth and a vGICv3. What completes has a
 * row in expect_rows[], which restates what the Arm architecture has and the
 * ID registers of the VM tell. All else is UNDEF: EC 0 with IL; or, for reads
 * of the ID space where the VM has IDS, EC 0x18 with the right ISS.
 *
 * Arguments narrow it to the encodings that share op0, op1 and CRn with one of them,
 * each as sys_reg() makes it.
 *
 * Registers that the guest lives by (SCTLR, TTBR, TCR, VBAR, ...) get their own
 * value back, and PSTATE is set anew for each instruction.
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_ENC		16384
#define CHUNK		128
#define MAX_LINES	12
#define MAX_LOST	4

#define X_R	BIT(0)	/* MRS, SYSL: completes */
#define X_W	BIT(1)	/* MSR, SYS, and everything of op0 = 0: completes */
#define X_RW	(X_R | X_W)
/*
 * May complete or be UNDEF, as the physical CPU decides: there is no trap, or only one
 * for something else that the VM needs. See the comment at each such row.
 */
#define X_MAY_R	BIT(2)
#define X_MAY_W	BIT(3)
#define X_MAY	(X_MAY_R | X_MAY_W)
/* Not executed; see the comment at each such row. */
#define X_SKIP	BIT(4)

/* A row holds if a field of the VM's ID registers has at least a certain value. */
enum cond {
	ALWAYS, PAUTH, GIC, RAS, DIT, SSBS, SSBS2, FLAGM, FLAGM2, TLBIOS, TLBIRANGE,
	RNDR, DPB, DPB2, SB, SPECRES, XS, WFXT, ATS1A, OCCMO, ECV, PAN, PAN2, UAO, NR_COND,
};

#define COND(_reg, _field, _min)					\
	{ SYS_ID_AA64##_reg##_EL1, ID_AA64##_reg##_EL1_##_field##_SHIFT,	\
	  ID_AA64##_reg##_EL1_##_field##_##_min }

static const struct {
	u32 reg;
	u8 shift, min;
} conds[NR_COND] = {
	[GIC]		= COND(PFR0, GIC, IMP),
	[RAS]		= COND(PFR0, RAS, IMP),
	[DIT]		= COND(PFR0, DIT, IMP),
	[SSBS]		= COND(PFR1, SSBS, IMP),
	[SSBS2]		= COND(PFR1, SSBS, SSBS2),
	[FLAGM]		= COND(ISAR0, TS, FLAGM),
	[FLAGM2]	= COND(ISAR0, TS, FLAGM2),
	[TLBIOS]	= COND(ISAR0, TLB, OS),
	[TLBIRANGE]	= COND(ISAR0, TLB, RANGE),
	[RNDR]		= COND(ISAR0, RNDR, IMP),
	[DPB]		= COND(ISAR1, DPB, IMP),
	[DPB2]		= COND(ISAR1, DPB, DPB2),
	[SB]		= COND(ISAR1, SB, IMP),
	[SPECRES]	= COND(ISAR1, SPECRES, IMP),
	[XS]		= COND(ISAR1, XS, IMP),
	[WFXT]		= COND(ISAR2, WFxT, IMP),
	[ATS1A]		= COND(ISAR2, ATS1A, IMP),
	[OCCMO]		= COND(ISAR3, OCCMO, IMP),
	[ECV]		= COND(MMFR0, ECV, IMP),
	[PAN]		= COND(MMFR1, PAN, IMP),
	[PAN2]		= COND(MMFR1, PAN, PAN2),
	[UAO]		= COND(MMFR2, UAO, IMP),
};

struct expect_row {
	u8 access;
	enum cond cond;
	const u32 *regs;	/* NULL: a range of CRm */
	u8 nr;
	u8 op0, op1, crn, crm_first, crm_last, op2_mask;
};

#define REGS(_access, _cond, ...)					\
	{ .access = _access, .cond = _cond, .regs = (const u32[]){ __VA_ARGS__ },	\
	  .nr = sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32) }
#define RANGE(_op0, _op1, _crn, _first, _last, _op2_mask, _access, _cond)	\
	{ .access = _access, .cond = _cond, .op0 = _op0, .op1 = _op1, .crn = _crn,	\
	  .crm_first = _first, .crm_last = _last, .op2_mask = _op2_mask }

static const struct expect_row expect_rows[] = {
	/* Identification: the 56, and what is around them */
	RANGE(3, 0, 0, 1, 7, 0xff, X_R, ALWAYS),
	REGS(X_R, ALWAYS, SYS_MIDR_EL1, SYS_MPIDR_EL1, SYS_REVIDR_EL1, SYS_CCSIDR_EL1,
	     SYS_CLIDR_EL1, SYS_AIDR_EL1, SYS_CTR_EL0, SYS_DCZID_EL0),
	REGS(X_RW, ALWAYS, SYS_CSSELR_EL1),

	/* Memory management and exceptions */
	REGS(X_RW, ALWAYS, SYS_SCTLR_EL1, SYS_ACTLR_EL1, SYS_CPACR_EL1, SYS_TTBR0_EL1,
	     SYS_TTBR1_EL1, SYS_TCR_EL1, SYS_SPSR_EL1, SYS_ELR_EL1, SYS_AFSR0_EL1,
	     SYS_AFSR1_EL1, SYS_ESR_EL1, SYS_FAR_EL1, SYS_PAR_EL1, SYS_MAIR_EL1,
	     SYS_AMAIR_EL1, SYS_VBAR_EL1, SYS_CONTEXTIDR_EL1, SYS_TPIDR_EL1,
	     SYS_TPIDR_EL0, SYS_TPIDRRO_EL0, SYS_FPCR, SYS_FPSR),
	REGS(X_R, ALWAYS, SYS_ISR_EL1),
	REGS(X_RW, PAUTH, SYS_APIAKEYLO_EL1, SYS_APIAKEYHI_EL1, SYS_APIBKEYLO_EL1,
	     SYS_APIBKEYHI_EL1, SYS_APDAKEYLO_EL1, SYS_APDAKEYHI_EL1, SYS_APDBKEYLO_EL1,
	     SYS_APDBKEYHI_EL1, SYS_APGAKEYLO_EL1, SYS_APGAKEYHI_EL1),
	REGS(X_R, RNDR, SYS_RNDR_EL0, SYS_RNDRRS_EL0),

	/* SP_EL0, SPSel, NZCV, DAIF; CurrentEL; PAN, UAO, DIT, SSBS */
	REGS(X_RW, ALWAYS, sys_reg(3, 0, 4, 1, 0), sys_reg(3, 0, 4, 2, 0),
	     sys_reg(3, 3, 4, 2, 0), sys_reg(3, 3, 4, 2, 1)),
	REGS(X_R, ALWAYS, sys_reg(3, 0, 4, 2, 2)),
	REGS(X_RW, PAN, sys_reg(3, 0, 4, 2, 3)),
	REGS(X_RW, UAO, sys_reg(3, 0, 4, 2, 4)),
	REGS(X_RW, DIT, sys_reg(3, 3, 4, 2, 5)),
	REGS(X_RW, SSBS2, sys_reg(3, 3, 4, 2, 6)),
	/* CPUs exist that have the register, although SSBS is 1. */
	REGS(X_MAY, SSBS, sys_reg(3, 3, 4, 2, 6)),
	/* TCO: nothing traps it where the CPU has MTE. */
	REGS(X_MAY, ALWAYS, sys_reg(3, 3, 4, 2, 7)),
	/* Only writes of ALLINT are trapped. */
	REGS(X_MAY_R, ALWAYS, SYS_ALLINT),
	/* Nothing traps PM, the mask of an exception that never comes. */
	REGS(X_MAY, ALWAYS, sys_reg(3, 0, 4, 3, 1)),

	REGS(X_RW, RAS, SYS_DISR_EL1),
	/* Nothing traps DISR_EL1 of a VM without RAS. It is VDISR_EL2 for a guest. */
	REGS(X_MAY, ALWAYS, SYS_DISR_EL1),
	/* A CPU without error records may refuse most of RAS v1 by itself. */
	REGS(X_R, RAS, SYS_ERRIDR_EL1),
	REGS(X_MAY_R, RAS, SYS_ERXFR_EL1),
	REGS(X_MAY, RAS, SYS_ERRSELR_EL1, SYS_ERXCTLR_EL1, SYS_ERXSTATUS_EL1,
	     SYS_ERXADDR_EL1, SYS_ERXMISC0_EL1, SYS_ERXMISC1_EL1),

	REGS(X_R, GIC, SYS_ICC_IAR0_EL1, SYS_ICC_HPPIR0_EL1, SYS_ICC_IAR1_EL1,
	     SYS_ICC_HPPIR1_EL1, SYS_ICC_RPR_EL1),
	REGS(X_W, GIC, SYS_ICC_EOIR0_EL1, SYS_ICC_EOIR1_EL1, SYS_ICC_DIR_EL1,
	     SYS_ICC_SGI0R_EL1, SYS_ICC_SGI1R_EL1, SYS_ICC_ASGI1R_EL1),
	REGS(X_RW, GIC, SYS_ICC_PMR_EL1, SYS_ICC_BPR0_EL1, SYS_ICC_BPR1_EL1,
	     SYS_ICC_AP0R0_EL1, SYS_ICC_AP1R0_EL1, SYS_ICC_CTLR_EL1, SYS_ICC_SRE_EL1,
	     SYS_ICC_IGRPEN0_EL1, SYS_ICC_IGRPEN1_EL1),
	/* The GIC has as many of these as it has priorities. */
	REGS(X_MAY, GIC, SYS_ICC_AP0R1_EL1, SYS_ICC_AP0R2_EL1, SYS_ICC_AP0R3_EL1,
	     SYS_ICC_AP1R1_EL1, SYS_ICC_AP1R2_EL1, SYS_ICC_AP1R3_EL1),
	/* This register traps only together with all of group 1. */
	REGS(X_MAY_R, GIC, SYS_ICC_NMIAR1_EL1),
	/* Without a GIC: ICC_SRE_EL2.Enable may be RAO, then nothing traps it. */
	REGS(X_MAY, ALWAYS, SYS_ICC_SRE_EL1),

	REGS(X_R, ALWAYS, SYS_CNTFRQ_EL0, SYS_CNTPCT_EL0, SYS_CNTVCT_EL0),
	REGS(X_R, ECV, SYS_CNTPCTSS_EL0, SYS_CNTVCTSS_EL0),
	/* The CPU may have these even if the VM is not told of ECV. */
	REGS(X_MAY_R, ALWAYS, SYS_CNTPCTSS_EL0, SYS_CNTVCTSS_EL0),
	REGS(X_RW, ALWAYS, SYS_CNTKCTL_EL1, SYS_CNTP_TVAL_EL0, SYS_CNTP_CTL_EL0,
	     SYS_CNTP_CVAL_EL0, SYS_CNTV_TVAL_EL0, SYS_CNTV_CTL_EL0, SYS_CNTV_CVAL_EL0),

	/* What every debug architecture has: MDSCR is emulated, the rest RAZ/WI. */
	REGS(X_RW, ALWAYS, SYS_MDSCR_EL1, SYS_MDCCINT_EL1, SYS_OSDLR_EL1,
	     SYS_OSECCR_EL1, SYS_DBGCLAIMSET_EL1, SYS_DBGCLAIMCLR_EL1,
	     SYS_DBGBVRn_EL1(0), SYS_DBGBCRn_EL1(0), SYS_DBGWVRn_EL1(0),
	     SYS_DBGWCRn_EL1(0), SYS_DBGDTR_EL0, SYS_DBGDTRTX_EL0),
	REGS(X_R, ALWAYS, SYS_OSLSR_EL1, SYS_MDRAR_EL1, SYS_MDCCSR_EL0),
	/* QEMU does not have these, whatever the VM. */
	REGS(X_MAY, ALWAYS, SYS_DBGPRCR_EL1),
	REGS(X_MAY_R, ALWAYS, SYS_DBGAUTHSTATUS_EL1),
	REGS(X_W, ALWAYS, SYS_OSLAR_EL1),

	REGS(X_W, ALWAYS, SYS_IC_IALLUIS, SYS_IC_IALLU, SYS_IC_IVAU, SYS_DC_IVAC,
	     SYS_DC_ISW, SYS_DC_CSW, SYS_DC_CISW, SYS_DC_ZVA, SYS_DC_CVAC,
	     SYS_DC_CVAU, SYS_DC_CIVAC),
	REGS(X_W, DPB, SYS_DC_CVAP),
	REGS(X_W, DPB2, SYS_DC_CVADP),
	/* DC CVAOC, CIVAOC */
	REGS(X_W, OCCMO, sys_insn(1, 3, 7, 11, 0), sys_insn(1, 3, 7, 15, 0)),
	/* The same for tags, by address. These trap only together with those for data. */
	REGS(X_MAY_W, ALWAYS, SYS_DC_IGVAC, SYS_DC_IGDVAC, SYS_DC_GVA, SYS_DC_GZVA,
	     SYS_DC_CGVAC, SYS_DC_CGDVAC, SYS_DC_CGVAP, SYS_DC_CGDVAP, SYS_DC_CGVADP,
	     SYS_DC_CGDVADP, SYS_DC_CIGVAC, SYS_DC_CIGDVAC),
	REGS(X_W, ALWAYS, OP_AT_S1E1R, OP_AT_S1E1W, OP_AT_S1E0R, OP_AT_S1E0W),
	REGS(X_W, PAN2, OP_AT_S1E1RP, OP_AT_S1E1WP),
	REGS(X_W, ATS1A, OP_AT_S1E1A),
	REGS(X_W, SPECRES, OP_CFP_RCTX, OP_DVP_RCTX, OP_CPP_RCTX),
	/* GCSPOPX, GCSSS1; GCSPOPM, GCSSS2: no trap bit is about them. */
	REGS(X_MAY_W, ALWAYS, sys_insn(1, 0, 7, 7, 6), sys_insn(1, 3, 7, 7, 2)),
	REGS(X_MAY_R, ALWAYS, sys_insn(1, 3, 7, 7, 1), sys_insn(1, 3, 7, 7, 3)),
	/* TLBI: OS, RIS, IS, ROS, R, and alone; then the same with nXS */
	RANGE(1, 0, 8, 1, 1, 0xaf, X_W, TLBIOS),
	RANGE(1, 0, 8, 2, 2, 0xaa, X_W, TLBIRANGE),
	RANGE(1, 0, 8, 3, 3, 0xaf, X_W, ALWAYS),
	RANGE(1, 0, 8, 5, 6, 0xaa, X_W, TLBIRANGE),
	RANGE(1, 0, 8, 7, 7, 0xaf, X_W, ALWAYS),
	RANGE(1, 0, 9, 1, 1, 0xaf, X_W, XS),
	RANGE(1, 0, 9, 2, 2, 0xaa, X_W, XS),
	RANGE(1, 0, 9, 3, 3, 0xaf, X_W, XS),
	RANGE(1, 0, 9, 5, 6, 0xaa, X_W, XS),
	RANGE(1, 0, 9, 7, 7, 0xaf, X_W, XS),

	/* WFET, WFIT, with XZR: a time long past */
	RANGE(0, 3, 1, 0, 0, 0x03, X_W, WFXT),
	/* Hints; not WFE and WFI, which wait for what never comes */
	RANGE(0, 3, 2, 0, 15, 0xff, X_W, ALWAYS),
	RANGE(0, 3, 2, 0, 0, BIT(2) | BIT(3), X_SKIP, ALWAYS),
	/* CLREX, DSB, DMB, ISB; SB; DSB nXS */
	RANGE(0, 3, 3, 0, 15, BIT(2) | 0x70, X_W, ALWAYS),
	RANGE(0, 3, 3, 0, 0, BIT(7), X_W, SB),
	RANGE(0, 3, 3, 2, 2, BIT(1), X_W, XS),
	RANGE(0, 3, 3, 6, 6, BIT(1), X_W, XS),
	RANGE(0, 3, 3, 10, 10, BIT(1), X_W, XS),
	RANGE(0, 3, 3, 14, 14, BIT(1), X_W, XS),
	/* CFINV, XAFLAG, AXFLAG, whose other CRm are should-be-zero */
	RANGE(0, 0, 4, 0, 0, BIT(0), X_W, FLAGM),
	RANGE(0, 0, 4, 0, 0, BIT(1) | BIT(2), X_W, FLAGM2),
	RANGE(0, 0, 4, 1, 15, BIT(0), X_MAY_W, FLAGM),
	RANGE(0, 0, 4, 1, 15, BIT(1) | BIT(2), X_MAY_W, FLAGM2),
	/* MSR ALLINT, #0: only setting it can be trapped. */
	RANGE(0, 1, 4, 0, 0, BIT(0), X_MAY_W, ALWAYS),
	/* MSR PM, #imm */
	RANGE(0, 1, 4, 2, 3, BIT(0), X_MAY_W, ALWAYS),
	/* MSR immediate: UAO, PAN, SPSel, SSBS, DIT, TCO, DAIFSet, DAIFClr */
	RANGE(0, 0, 4, 0, 15, BIT(3), X_W, UAO),
	RANGE(0, 0, 4, 0, 15, BIT(4), X_W, PAN),
	RANGE(0, 0, 4, 0, 15, BIT(5), X_W, ALWAYS),
	RANGE(0, 3, 4, 0, 15, BIT(1), X_W, SSBS2),
	RANGE(0, 3, 4, 0, 15, BIT(1), X_MAY_W, SSBS),
	RANGE(0, 3, 4, 0, 15, BIT(2), X_W, DIT),
	RANGE(0, 3, 4, 0, 15, BIT(4), X_MAY_W, ALWAYS),
	RANGE(0, 3, 4, 0, 15, BIT(6) | BIT(7), X_W, ALWAYS),
};

enum { DID_UNDEF, DID_COMPLETE, DID_TRAP18, DID_ODD };

static u8 expect[4][NR_ENC];		/* [op0] */
static u8 results[4][2][NR_ENC];	/* [op0][L] */
static bool vm_has_ids, vm_has_pauth;
static bool wanted[4][NR_ENC / CHUNK], all_wanted;

/* The guest's side */

struct chunk {
	u8 skip[CHUNK];
	u8 did[2][CHUNK];
	u64 esr[2][CHUNK];
};

kvm_static_assert(sizeof(struct chunk) <= PROBE_MAX_DATA * sizeof(u64));

/* Three instructions for each encoding: L = 0, L = 1, and L = 0 with XZR. */
static u32 *guest_slot(u64 i, int which)
{
	kvm_static_assert(CHUNK * 3 * 2 * sizeof(u32) <= PROBE_PAGE_SIZE);
	return (u32 *)probe_pages[PROBE_PAGE_EL1] + (i * 3 + which) * 2;
}

static void guest_write_code(u64 op0, u64 first, u64 nr)
{
	u64 i, which, l, rt;

	for (i = 0; i < nr; i++) {
		for (which = 0; which < 3; which++) {
			l = which == 1;
			rt = op0 && which != 2 ? 0 : 31;
			guest_slot(i, which)[0] = 0xd5000000 | l << 21 | op0 << 19 |
						  (first + i) << 5 | rt;
			guest_slot(i, which)[1] = PROBE_END_INSN;
		}
	}
	probe_sync_code(guest_slot(0, 0), (u64)guest_slot(nr, 0) - (u64)guest_slot(0, 0));
}

static u64 guest_try(struct probe_ctx *ctx, u32 *code, u64 x0)
{
	ctx->in.x[0] = x0;
	ctx->in.pstate = PROBE_DAIF | PSR_MODE_EL1h;
	ctx->in.pc = (u64)code;
	ctx->in.vbar = (u64)probe_vectors_a;
	probe_enter(ctx);

	if (ctx->out.esr == PROBE_END_ESR)
		return DID_COMPLETE;
	if (ctx->out.elr != (u64)code)
		return DID_ODD;
	if (ctx->out.esr == PROBE_UNDEF_ESR)
		return DID_UNDEF;
	return ctx->out.esr == probe_trap_esr(code[0]) ? DID_TRAP18 : DID_ODD;
}

static u64 guest_sweep(struct probe_shared *s, const u64 *args)
{
	u64 op0 = args[0], first = args[1], nr = args[2], i, did, x0;
	struct chunk *c = (struct chunk *)s->data;
	int l;

	guest_write_code(op0, first, nr);
	for (i = 0; i < nr; i++) {
		if (c->skip[i])
			continue;
		x0 = op0 == 1 ? (u64)probe_pages[PROBE_PAGE_DATA] : 0;
		for (l = 1; l >= 0; l--) {
			did = guest_try(&s->ctx, guest_slot(i, l), x0);
			if (op0 == 1 && !l && did == DID_UNDEF)
				did = guest_try(&s->ctx, guest_slot(i, 2), x0);
			c->did[l][i] = did;
			c->esr[l][i] = s->ctx.out.esr;
			if (did == DID_COMPLETE && op0 >= 2)
				x0 = s->ctx.out.x[0];
		}
	}

	return 0;
}

/* The test's side */

static const char *enc_name(unsigned int op0, unsigned int l, unsigned int enc)
{
	static const char * const what[4][2] = {
		{ "", "L=1 " }, { "SYS ", "SYSL " }, { "MSR ", "MRS " },
		{ "MSR ", "MRS " },
	};
	static char text[40];

	snprintf(text, sizeof(text), "%sS%u_%u_C%u_C%u_%u", what[op0][l], op0,
		 enc >> 11, enc >> 7 & 15, enc >> 3 & 15, enc & 7);
	return text;
}

static int sweep_range(struct probe *p, unsigned int op0, unsigned int first,
		       unsigned int nr)
{
	struct chunk *c;
	unsigned int i, l;
	int ret;

	probe_revive(p);
	c = (struct chunk *)p->shared[0].data;
	p->shared[0].args[0] = op0;
	p->shared[0].args[1] = first;
	p->shared[0].args[2] = nr;
	for (i = 0; i < nr; i++)
		c->skip[i] = !!(expect[op0][first + i] & X_SKIP);

	ret = probe_call(p, 0, guest_sweep);
	for (l = 0; !ret && l < 2; l++) {
		for (i = 0; i < nr; i++) {
			results[op0][l][first + i] = c->did[l][i];
			if (!c->skip[i] && c->did[l][i] == DID_ODD)
				ksft_print_msg("%s: ESR 0x%lx\n",
					       enc_name(op0, l, first + i), c->esr[l][i]);
		}
	}

	return ret;
}

static bool is_wanted(unsigned int op0, unsigned int enc)
{
	return all_wanted || wanted[op0][enc / CHUNK];
}

/* If a chunk loses the guest, try its encodings one by one to know which it was. */
static void sweep_chunk(struct probe *p, unsigned int op0, unsigned int first)
{
	static unsigned int lost;
	unsigned int i;

	if (lost < MAX_LOST && !sweep_range(p, op0, first, CHUNK))
		return;
	for (i = first; i < first + CHUNK; i++) {
		/* Each of them costs seconds; some are enough to fail. */
		if (lost < MAX_LOST && !sweep_range(p, op0, i, 1))
			continue;
		results[op0][0][i] = DID_ODD;
		results[op0][1][i] = DID_ODD;
		if (lost++ < MAX_LOST)
			ksft_print_msg("%s: %s\n", enc_name(op0, 0, i), p->error);
	}
}

static bool cond_holds(const struct probe_word *id_regs, enum cond cond)
{
	unsigned int i;

	if (cond == ALWAYS || cond == PAUTH)
		return cond == ALWAYS || vm_has_pauth;

	for (i = 0; probe_id_reg(i) != conds[cond].reg; i++)
		;
	return (id_regs[i].value >> conds[cond].shift & 15) >= conds[cond].min;
}

static void expect_enc(u32 reg, u8 access)
{
	expect[reg >> 19 & 3][reg >> 5 & (NR_ENC - 1)] |= access;
}

static void build_expectation(struct probe *p)
{
	struct probe_word id_regs[PROBE_NR_ID_REGS];
	u32 regs[PROBE_NR_ID_REGS];
	const struct expect_row *row;
	unsigned int i, crm, op2;

	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		regs[i] = probe_id_reg(i);
	probe_read_regs(p, 0, PSR_MODE_EL1h, regs, PROBE_NR_ID_REGS, id_regs);
	for (i = 0; probe_id_reg(i) != SYS_ID_AA64MMFR2_EL1; i++)
		;
	vm_has_ids = SYS_FIELD_GET(ID_AA64MMFR2_EL1, IDS, id_regs[i].value);

	memset(expect, 0, sizeof(expect));
	for (row = expect_rows; row < expect_rows + ARRAY_SIZE(expect_rows); row++) {
		if (!cond_holds(id_regs, row->cond))
			continue;
		for (i = 0; i < row->nr; i++)
			expect_enc(row->regs[i], row->access);
		for (crm = row->crm_first; !row->regs && crm <= row->crm_last; crm++)
			for (op2 = 0; op2 < 8; op2++)
				if (row->op2_mask & BIT(op2))
					expect_enc(sys_reg(row->op0, row->op1, row->crn,
							   crm, op2), row->access);
	}
}

static bool in_id_space(unsigned int op0, unsigned int enc)
{
	unsigned int op1 = enc >> 11;

	return op0 == 3 && (enc >> 7 & 15) == 0 && (enc >> 3 & 15) < 8 &&
	       (op1 == 0 || op1 == 1 || op1 == 3);
}

/* Did the encoding do what it should? */
static bool as_expected(unsigned int op0, unsigned int l, unsigned int enc)
{
	u8 want = expect[op0][enc] >> (l ? 0 : 1);
	u8 did = results[op0][l][enc];
	u8 refused = l && vm_has_ids && in_id_space(op0, enc) ? DID_TRAP18 : DID_UNDEF;

	if (expect[op0][enc] & X_SKIP || !is_wanted(op0, enc))
		return true;
	if (want & X_R)
		return did == DID_COMPLETE;
	return did == refused || ((want & X_MAY_R) && did == DID_COMPLETE);
}

static void report(const char *vm, unsigned int op0, unsigned int l, unsigned int op1)
{
	static const char * const did[] = {
		"is UNDEF", "completes", "traps with EC 0x18", "does something else",
	};
	unsigned int enc, wrong = 0, complete = 0;

	for (enc = op1 << 11; enc < (op1 + 1) << 11; enc++) {
		complete += results[op0][l][enc] == DID_COMPLETE;
		if (as_expected(op0, l, enc))
			continue;
		if (wrong++ < MAX_LINES)
			ksft_print_msg("%s %s\n", enc_name(op0, l, enc),
				       did[results[op0][l][enc]]);
	}
	if (wrong > MAX_LINES)
		ksft_print_msg("and %u more\n", wrong - MAX_LINES);
	ksft_test_result(!wrong, "%s: op0=%u L=%u op1=%u: %u of 2048 complete\n", vm,
			 op0, l, op1, complete);
}

static void sweep_vm(const char *name, const struct probe_cfg *cfg)
{
	struct probe *p = probe_create(cfg);
	unsigned int op0, l, op1, first;

	vm_has_pauth = cfg->pauth;
	build_expectation(p);
	for (op0 = 0; op0 < 4; op0++)
		for (first = 0; first < NR_ENC; first += CHUNK)
			if (is_wanted(op0, first))
				sweep_chunk(p, op0, first);
	probe_free(p);

	for (op0 = 0; op0 < 4; op0++)
		for (l = 0; l < 2; l++)
			for (op1 = 0; op1 < 8; op1++)
				report(name, op0, l, op1);
}

int main(int argc, char *argv[])
{
	const struct probe_cfg full = {
		.vgic = true, .pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};
	const struct probe_cfg bare = {};
	u64 enc;

	all_wanted = argc == 1;
	while (*++argv) {
		enc = strtoul(*argv, NULL, 0);
		wanted[enc >> 19 & 3][(enc >> 5 & (NR_ENC - 1)) / CHUNK] = true;
	}

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(2 * 4 * 2 * 8);

	sweep_vm("full", &full);
	sweep_vm("bare", &bare);

	ksft_finished();
}
