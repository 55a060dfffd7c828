/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers and instructions that a protected VM may use at EL1, for
 * pkvm_sysreg_sweep: from the Arm architecture and the contract. What has no row
 * is UNDEF. Add a row here and nowhere else.
 */
#ifndef SELFTEST_KVM_PKVM_SYSREG_EXPECT_H
#define SELFTEST_KVM_PKVM_SYSREG_EXPECT_H

#define X_R	BIT(0)	/* MRS, SYSL: completes */
#define X_W	BIT(1)	/* MSR, SYS, and everything of op0 = 0: completes */
#define X_RW	(X_R | X_W)
/*
 * May complete or be UNDEF: what nothing traps apart from what the VM needs, so
 * that the physical CPU decides; see the comment at each such row.
 */
#define X_MAY_R	BIT(2)
#define X_MAY_W	BIT(3)
#define X_MAY	(X_MAY_R | X_MAY_W)
/* Not executed; see the comment at each such row. */
#define X_SKIP	BIT(4)

/* Only with a field of the VM's ID registers: ID_AA64..., at least min. */
struct when {
	u8 reg;		/* CRm << 4 | op2 */
	u8 lsb, min;
};

struct expect_row {
	u8 op0, op1, crn, crm_first, crm_last, op2_mask, access;
	struct when when;
};

#define ALWAYS		{ 0 }
#define WHEN_GIC	{ 0x40, 24, 1 }
#define WHEN_RAS	{ 0x40, 28, 1 }
#define WHEN_DIT	{ 0x40, 48, 1 }
#define WHEN_SSBS2	{ 0x41, 4, 2 }
#define WHEN_FLAGM	{ 0x60, 52, 1 }
#define WHEN_FLAGM2	{ 0x60, 52, 2 }
#define WHEN_TLBIOS	{ 0x60, 56, 1 }
#define WHEN_TLBIRANGE	{ 0x60, 56, 2 }
#define WHEN_RNDR	{ 0x60, 60, 1 }
#define WHEN_DPB	{ 0x61, 0, 1 }
#define WHEN_DPB2	{ 0x61, 0, 2 }
#define WHEN_SB		{ 0x61, 36, 1 }
#define WHEN_SPECRES	{ 0x61, 40, 1 }
#define WHEN_XS		{ 0x61, 56, 1 }
#define WHEN_WFXT	{ 0x62, 0, 2 }
#define WHEN_ATS1A	{ 0x62, 60, 1 }
#define WHEN_ECV	{ 0x70, 60, 1 }
#define WHEN_PAN	{ 0x71, 20, 1 }
#define WHEN_PAN2	{ 0x71, 20, 2 }
#define WHEN_UAO	{ 0x72, 4, 1 }
/* Not a field: the VM was created with PAuth, and the CPU has it. */
#define WHEN_PAUTH	{ 0, 0, 1 }

#define ROW(op0, op1, crn, crm_first, crm_last, op2_mask, access, ...)	\
	{ op0, op1, crn, crm_first, crm_last, op2_mask, access, __VA_ARGS__ }

static const struct expect_row expect_rows[] = {
	/* MIDR, MPIDR, REVIDR; the 56 */
	ROW(3, 0, 0, 0, 0, BIT(0) | BIT(5) | BIT(6), X_R, ALWAYS),
	ROW(3, 0, 0, 1, 7, 0xff, X_R, ALWAYS),
	/* SCTLR, ACTLR, CPACR */
	ROW(3, 0, 1, 0, 0, 0x07, X_RW, ALWAYS),
	/* TTBR0, TTBR1, TCR; the keys of PAuth */
	ROW(3, 0, 2, 0, 0, 0x07, X_RW, ALWAYS),
	ROW(3, 0, 2, 1, 2, 0x0f, X_RW, WHEN_PAUTH),
	ROW(3, 0, 2, 3, 3, 0x03, X_RW, WHEN_PAUTH),
	/* SPSR, ELR, SP_EL0, SPSel, CurrentEL, PAN, UAO */
	ROW(3, 0, 4, 0, 0, BIT(0) | BIT(1), X_RW, ALWAYS),
	ROW(3, 0, 4, 1, 1, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 4, 2, 2, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 4, 2, 2, BIT(2), X_R, ALWAYS),
	ROW(3, 0, 4, 2, 2, BIT(3), X_RW, WHEN_PAN),
	ROW(3, 0, 4, 2, 2, BIT(4), X_RW, WHEN_UAO),
	/* ALLINT: only writes are trapped */
	ROW(3, 0, 4, 3, 3, BIT(0), X_MAY_R, ALWAYS),
	/* ICC_PMR */
	ROW(3, 0, 4, 6, 6, BIT(0), X_RW, WHEN_GIC),
	/* AFSR0, AFSR1, ESR, FAR, PAR */
	ROW(3, 0, 5, 1, 1, 0x03, X_RW, ALWAYS),
	ROW(3, 0, 5, 2, 2, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 6, 0, 0, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 7, 4, 4, BIT(0), X_RW, ALWAYS),
	/*
	 * ERRIDR; ERRSELR and ERX* of RAS v1, which a CPU without error records
	 * may refuse by itself
	 */
	ROW(3, 0, 5, 3, 3, BIT(0), X_R, WHEN_RAS),
	ROW(3, 0, 5, 3, 3, BIT(1), X_MAY, WHEN_RAS),
	ROW(3, 0, 5, 4, 4, BIT(0), X_MAY_R, WHEN_RAS),
	ROW(3, 0, 5, 4, 4, 0x0e, X_MAY, WHEN_RAS),
	ROW(3, 0, 5, 5, 5, 0x03, X_MAY, WHEN_RAS),
	/* MAIR, AMAIR */
	ROW(3, 0, 10, 2, 2, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 10, 3, 3, BIT(0), X_RW, ALWAYS),
	/* VBAR, ISR, DISR */
	ROW(3, 0, 12, 0, 0, BIT(0), X_RW, ALWAYS),
	ROW(3, 0, 12, 1, 1, BIT(0), X_R, ALWAYS),
	ROW(3, 0, 12, 1, 1, BIT(1), X_RW, WHEN_RAS),
	/* ICC_IAR0, EOIR0, HPPIR0, BPR0, AP0R0; AP0R1..3 as the GIC has them */
	ROW(3, 0, 12, 8, 8, BIT(0) | BIT(2), X_R, WHEN_GIC),
	ROW(3, 0, 12, 8, 8, BIT(1), X_W, WHEN_GIC),
	ROW(3, 0, 12, 8, 8, BIT(3) | BIT(4), X_RW, WHEN_GIC),
	ROW(3, 0, 12, 8, 8, 0xe0, X_MAY, WHEN_GIC),
	/* AP1R0; AP1R1..3; NMIAR1, which traps only with all of group 1 */
	ROW(3, 0, 12, 9, 9, BIT(0), X_RW, WHEN_GIC),
	ROW(3, 0, 12, 9, 9, 0x0e, X_MAY, WHEN_GIC),
	ROW(3, 0, 12, 9, 9, BIT(5), X_MAY_R, WHEN_GIC),
	/* ICC_DIR, RPR, SGI1R, ASGI1R, SGI0R */
	ROW(3, 0, 12, 11, 11, BIT(1) | 0xe0, X_W, WHEN_GIC),
	ROW(3, 0, 12, 11, 11, BIT(3), X_R, WHEN_GIC),
	/* ICC_IAR1, EOIR1, HPPIR1, BPR1, CTLR, SRE, IGRPEN0, IGRPEN1 */
	ROW(3, 0, 12, 12, 12, BIT(0) | BIT(2), X_R, WHEN_GIC),
	ROW(3, 0, 12, 12, 12, BIT(1), X_W, WHEN_GIC),
	ROW(3, 0, 12, 12, 12, 0xf8, X_RW, WHEN_GIC),
	/* ICC_SRE without a GIC: ICC_SRE_EL2.Enable may be RAO, then no trap */
	ROW(3, 0, 12, 12, 12, BIT(5), X_MAY, ALWAYS),
	/* CONTEXTIDR, TPIDR_EL1, CNTKCTL */
	ROW(3, 0, 13, 0, 0, BIT(1) | BIT(4), X_RW, ALWAYS),
	ROW(3, 0, 14, 1, 1, BIT(0), X_RW, ALWAYS),
	/* CCSIDR, CLIDR, AIDR, CSSELR */
	ROW(3, 1, 0, 0, 0, BIT(0) | BIT(1) | BIT(7), X_R, ALWAYS),
	ROW(3, 2, 0, 0, 0, BIT(0), X_RW, ALWAYS),
	/* CTR, DCZID, RNDR, RNDRRS */
	ROW(3, 3, 0, 0, 0, BIT(1) | BIT(7), X_R, ALWAYS),
	ROW(3, 3, 2, 4, 4, 0x03, X_R, WHEN_RNDR),
	/* NZCV, DAIF, DIT, SSBS; TCO: nothing traps it where the CPU has MTE */
	ROW(3, 3, 4, 2, 2, 0x03, X_RW, ALWAYS),
	ROW(3, 3, 4, 2, 2, BIT(5), X_RW, WHEN_DIT),
	ROW(3, 3, 4, 2, 2, BIT(6), X_RW, WHEN_SSBS2),
	ROW(3, 3, 4, 2, 2, BIT(7), X_MAY, ALWAYS),
	/* FPCR, FPSR, TPIDR_EL0, TPIDRRO */
	ROW(3, 3, 4, 4, 4, 0x03, X_RW, ALWAYS),
	ROW(3, 3, 13, 0, 0, BIT(2) | BIT(3), X_RW, ALWAYS),
	/* CNTFRQ, CNTPCT, CNTVCT, CNTPCTSS, CNTVCTSS; CNTP_*, CNTV_* */
	ROW(3, 3, 14, 0, 0, 0x07, X_R, ALWAYS),
	ROW(3, 3, 14, 0, 0, BIT(5) | BIT(6), X_R, WHEN_ECV),
	ROW(3, 3, 14, 2, 3, 0x07, X_RW, ALWAYS),

	/* DBGBVR0, DBGBCR0, DBGWVR0, DBGWCR0, MDSCR */
	ROW(2, 0, 0, 0, 0, 0xf0, X_RW, ALWAYS),
	ROW(2, 0, 0, 2, 2, BIT(2), X_RW, ALWAYS),
	/* OSLAR, OSLSR, OSDLR */
	ROW(2, 0, 1, 0, 0, BIT(4), X_W, ALWAYS),
	ROW(2, 0, 1, 1, 1, BIT(4), X_R, ALWAYS),
	ROW(2, 0, 1, 3, 3, BIT(4), X_RW, ALWAYS),
	/* MDCCSR, DBGDTR, DBGDTRRX and TX */
	ROW(2, 3, 0, 1, 1, BIT(0), X_R, ALWAYS),
	ROW(2, 3, 0, 4, 5, BIT(0), X_RW, ALWAYS),

	/* IC IALLUIS, IALLU, IVAU */
	ROW(1, 0, 7, 1, 1, BIT(0), X_W, ALWAYS),
	ROW(1, 0, 7, 5, 5, BIT(0), X_W, ALWAYS),
	ROW(1, 3, 7, 5, 5, BIT(1), X_W, ALWAYS),
	/* DC IVAC, ISW, CSW, CISW */
	ROW(1, 0, 7, 6, 6, BIT(1) | BIT(2), X_W, ALWAYS),
	ROW(1, 0, 7, 10, 10, BIT(2), X_W, ALWAYS),
	ROW(1, 0, 7, 14, 14, BIT(2), X_W, ALWAYS),
	/* DC ZVA, CVAC, CVAU, CVAP, CVADP, CIVAC */
	ROW(1, 3, 7, 4, 4, BIT(1), X_W, ALWAYS),
	ROW(1, 3, 7, 10, 11, BIT(1), X_W, ALWAYS),
	ROW(1, 3, 7, 12, 12, BIT(1), X_W, WHEN_DPB),
	ROW(1, 3, 7, 13, 13, BIT(1), X_W, WHEN_DPB2),
	ROW(1, 3, 7, 14, 14, BIT(1), X_W, ALWAYS),
	/* The same with tags, by address: they trap only with those without */
	ROW(1, 0, 7, 6, 6, BIT(3) | BIT(5), X_MAY_W, ALWAYS),
	ROW(1, 3, 7, 4, 4, BIT(3) | BIT(4), X_MAY_W, ALWAYS),
	ROW(1, 3, 7, 10, 10, BIT(3) | BIT(5), X_MAY_W, ALWAYS),
	ROW(1, 3, 7, 12, 14, BIT(3) | BIT(5), X_MAY_W, ALWAYS),
	/* AT S1E1R, S1E1W, S1E0R, S1E0W; S1E1RP, S1E1WP; S1E1A */
	ROW(1, 0, 7, 8, 8, 0x0f, X_W, ALWAYS),
	ROW(1, 0, 7, 9, 9, 0x03, X_W, WHEN_PAN2),
	ROW(1, 0, 7, 9, 9, BIT(2), X_W, WHEN_ATS1A),
	/* TLBI: OS, RIS, IS, ROS, R, and alone; then nXS */
	ROW(1, 0, 8, 1, 1, 0xaf, X_W, WHEN_TLBIOS),
	ROW(1, 0, 8, 2, 2, 0xaa, X_W, WHEN_TLBIRANGE),
	ROW(1, 0, 8, 3, 3, 0xaf, X_W, ALWAYS),
	ROW(1, 0, 8, 5, 6, 0xaa, X_W, WHEN_TLBIRANGE),
	ROW(1, 0, 8, 7, 7, 0xaf, X_W, ALWAYS),
	ROW(1, 0, 9, 1, 1, 0xaf, X_W, WHEN_XS),
	ROW(1, 0, 9, 2, 2, 0xaa, X_W, WHEN_XS),
	ROW(1, 0, 9, 3, 3, 0xaf, X_W, WHEN_XS),
	ROW(1, 0, 9, 5, 6, 0xaa, X_W, WHEN_XS),
	ROW(1, 0, 9, 7, 7, 0xaf, X_W, WHEN_XS),
	/* CFP, DVP, CPP RCTX */
	ROW(1, 3, 7, 3, 3, BIT(4) | BIT(5) | BIT(7), X_W, WHEN_SPECRES),

	/* WFET, WFIT, with XZR: a time long past */
	ROW(0, 3, 1, 0, 0, 0x03, X_W, WHEN_WFXT),
	/* Hints; not WFE and WFI, which wait for what never comes */
	ROW(0, 3, 2, 0, 15, 0xff, X_W, ALWAYS),
	ROW(0, 3, 2, 0, 0, BIT(2) | BIT(3), X_SKIP, ALWAYS),
	/* CLREX, DSB, DMB, ISB; SB; DSB nXS */
	ROW(0, 3, 3, 0, 15, BIT(2) | 0x70, X_W, ALWAYS),
	ROW(0, 3, 3, 0, 0, BIT(7), X_W, WHEN_SB),
	ROW(0, 3, 3, 2, 2, BIT(1), X_W, WHEN_XS),
	ROW(0, 3, 3, 6, 6, BIT(1), X_W, WHEN_XS),
	ROW(0, 3, 3, 10, 10, BIT(1), X_W, WHEN_XS),
	ROW(0, 3, 3, 14, 14, BIT(1), X_W, WHEN_XS),
	/* CFINV, XAFLAG, AXFLAG, whose other CRm are should-be-zero */
	ROW(0, 0, 4, 0, 0, BIT(0), X_W, WHEN_FLAGM),
	ROW(0, 0, 4, 0, 0, BIT(1) | BIT(2), X_W, WHEN_FLAGM2),
	ROW(0, 0, 4, 1, 15, BIT(0), X_MAY_W, WHEN_FLAGM),
	ROW(0, 0, 4, 1, 15, BIT(1) | BIT(2), X_MAY_W, WHEN_FLAGM2),
	/* MSR ALLINT, #0: only setting it can be trapped */
	ROW(0, 1, 4, 0, 0, BIT(0), X_MAY_W, ALWAYS),
	/* MSR immediate: UAO, PAN, SPSel, SSBS, DIT, TCO, DAIFSet, DAIFClr */
	ROW(0, 0, 4, 0, 15, BIT(3), X_W, WHEN_UAO),
	ROW(0, 0, 4, 0, 15, BIT(4), X_W, WHEN_PAN),
	ROW(0, 0, 4, 0, 15, BIT(5), X_W, ALWAYS),
	ROW(0, 3, 4, 0, 15, BIT(1), X_W, WHEN_SSBS2),
	ROW(0, 3, 4, 0, 15, BIT(2), X_W, WHEN_DIT),
	ROW(0, 3, 4, 0, 15, BIT(4), X_MAY_W, ALWAYS),
	ROW(0, 3, 4, 0, 15, BIT(6) | BIT(7), X_W, ALWAYS),
};

#undef ROW

#endif /* SELFTEST_KVM_PKVM_SYSREG_EXPECT_H */
