/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM must not find, for pkvm_traps: per feature that the
 * contract hides, its system registers. Restated from the Arm architecture and
 * the contract; an entry more needs no edit elsewhere.
 *
 * Not here, because nothing traps it: the instructions of MTE and MSR TCO,
 * MRS ALLINT, MSR ALLINT, #0, ICC_NMIAR1_EL1 (it traps with all of group 1),
 * CSSC, LUT, FAMINMAX, CPA, RPRES, LSE128, LRCPC3, RNDR, what PAuth2 and FPAC change,
 * TCR_EL1.DS (LPA2, LVA), XPACI and its kin, and instructions of PAuth that
 * SCTLR_EL1.En* = 0 makes a NOP.
 */
#ifndef SELFTEST_KVM_PKVM_TRAP_LIST_H
#define SELFTEST_KVM_PKVM_TRAP_LIST_H

/* How the access is refused: EC 0, or EC 0x18 where ID_AA64MMFR2.IDS says so. */
#define T_IDS	BIT(0)
/* EL0 may access it where the feature is, so EL0 is checked too. */
#define T_EL0	BIT(1)

/* Traps only where ICC_SRE_EL2.Enable is not RAO/WI. */
#define T_SRE	BIT(2)

struct hidden_reg {
	const char *feature, *name;
	u32 reg;
	u32 flags;
};

#define R(feat, reg, op0, op1, crn, crm, op2)				\
	{ feat, #reg, sys_reg(op0, op1, crn, crm, op2), 0 }
#define R_EL0(feat, reg, op0, op1, crn, crm, op2)			\
	{ feat, #reg, sys_reg(op0, op1, crn, crm, op2), T_EL0 }
#define R_IDS(feat, reg, op0, op1, crn, crm, op2)			\
	{ feat, #reg, sys_reg(op0, op1, crn, crm, op2), T_IDS }

static const struct hidden_reg hidden_regs[] = {
	R("SVE", ZCR_EL1, 3, 0, 1, 2, 0),

	R("SME", SMCR_EL1, 3, 0, 1, 2, 6),
	R("SME", SMPRI_EL1, 3, 0, 1, 2, 4),
	R_EL0("SME", SVCR, 3, 3, 4, 2, 2),
	R_EL0("SME", TPIDR2_EL0, 3, 3, 13, 0, 5),
	R_IDS("SME", SMIDR_EL1, 3, 1, 0, 0, 6),

	R("MPAM", MPAMIDR_EL1, 3, 0, 10, 4, 4),
	R("MPAM", MPAM1_EL1, 3, 0, 10, 5, 0),
	R("MPAM", MPAM0_EL1, 3, 0, 10, 5, 1),
	R("MPAM", MPAMSM_EL1, 3, 0, 10, 5, 3),

	R_EL0("AMU", AMCR_EL0, 3, 3, 13, 2, 0),
	R_EL0("AMU", AMCFGR_EL0, 3, 3, 13, 2, 1),
	R_EL0("AMU", AMCGCR_EL0, 3, 3, 13, 2, 2),
	R_EL0("AMU", AMUSERENR_EL0, 3, 3, 13, 2, 3),
	R_EL0("AMU", AMCNTENCLR0_EL0, 3, 3, 13, 2, 4),
	R_EL0("AMU", AMCNTENSET0_EL0, 3, 3, 13, 2, 5),
	R_EL0("AMU", AMEVCNTR00_EL0, 3, 3, 13, 4, 0),
	R_EL0("AMU", AMEVTYPER00_EL0, 3, 3, 13, 6, 0),
	R_EL0("AMU", AMEVCNTR10_EL0, 3, 3, 13, 12, 0),

	R("CSV2_2", SCXTNUM_EL1, 3, 0, 13, 0, 7),
	R_EL0("CSV2_2", SCXTNUM_EL0, 3, 3, 13, 0, 7),

	R("MTE", RGSR_EL1, 3, 0, 1, 0, 5),
	R("MTE", GCR_EL1, 3, 0, 1, 0, 6),
	R("MTE", TFSR_EL1, 3, 0, 5, 6, 0),
	R("MTE", TFSRE0_EL1, 3, 0, 5, 6, 1),
	R_IDS("MTE", GMID_EL1, 3, 1, 0, 0, 4),

	R("GCS", GCSCR_EL1, 3, 0, 2, 5, 0),
	R("GCS", GCSPR_EL1, 3, 0, 2, 5, 1),
	R("GCS", GCSCRE0_EL1, 3, 0, 2, 5, 2),
	R_EL0("GCS", GCSPR_EL0, 3, 3, 2, 5, 1),

	R("THE", RCWSMASK_EL1, 3, 0, 13, 0, 3),
	R("THE", RCWMASK_EL1, 3, 0, 13, 0, 6),
	R("PFAR", PFAR_EL1, 3, 0, 6, 0, 5),
	R_EL0("FPMR", FPMR, 3, 3, 4, 4, 2),

	R("TCRX", TCR2_EL1, 3, 0, 2, 0, 3),
	R("SCTLRX", SCTLR2_EL1, 3, 0, 1, 0, 3),
	R("S1PIE", PIRE0_EL1, 3, 0, 10, 2, 2),
	R("S1PIE", PIR_EL1, 3, 0, 10, 2, 3),
	R("S1POE", POR_EL1, 3, 0, 10, 2, 4),
	R_EL0("S1POE", POR_EL0, 3, 3, 10, 2, 4),
	R("S2POE", S2POR_EL1, 3, 0, 10, 2, 5),
	R("AIE", MAIR2_EL1, 3, 0, 10, 2, 1),
	R("AIE", AMAIR2_EL1, 3, 0, 10, 3, 1),
	R("LS64", ACCDATA_EL1, 3, 0, 13, 0, 5),
	R_IDS("CCIDX", CCSIDR2_EL1, 3, 1, 0, 0, 2),

	R("LO", LORSA_EL1, 3, 0, 10, 4, 0),
	R("LO", LOREA_EL1, 3, 0, 10, 4, 1),
	R("LO", LORN_EL1, 3, 0, 10, 4, 2),
	R("LO", LORC_EL1, 3, 0, 10, 4, 3),
	R("LO", LORID_EL1, 3, 0, 10, 4, 7),

	R_EL0("PMU", PMCR_EL0, 3, 3, 9, 12, 0),
	R_EL0("PMU", PMCNTENSET_EL0, 3, 3, 9, 12, 1),
	R_EL0("PMU", PMCNTENCLR_EL0, 3, 3, 9, 12, 2),
	R_EL0("PMU", PMOVSCLR_EL0, 3, 3, 9, 12, 3),
	R_EL0("PMU", PMSWINC_EL0, 3, 3, 9, 12, 4),
	R_EL0("PMU", PMSELR_EL0, 3, 3, 9, 12, 5),
	R_EL0("PMU", PMCEID0_EL0, 3, 3, 9, 12, 6),
	R_EL0("PMU", PMCEID1_EL0, 3, 3, 9, 12, 7),
	R_EL0("PMU", PMCCNTR_EL0, 3, 3, 9, 13, 0),
	R_EL0("PMU", PMXEVTYPER_EL0, 3, 3, 9, 13, 1),
	R_EL0("PMU", PMXEVCNTR_EL0, 3, 3, 9, 13, 2),
	R_EL0("PMU", PMUSERENR_EL0, 3, 3, 9, 14, 0),
	R("PMU", PMINTENSET_EL1, 3, 0, 9, 14, 1),
	R("PMU", PMINTENCLR_EL1, 3, 0, 9, 14, 2),
	R_EL0("PMU", PMOVSSET_EL0, 3, 3, 9, 14, 3),
	R("PMU", PMMIR_EL1, 3, 0, 9, 14, 6),
	R_EL0("PMU", PMEVCNTR0_EL0, 3, 3, 14, 8, 0),
	R_EL0("PMU", PMEVCNTR5_EL0, 3, 3, 14, 8, 5),
	R_EL0("PMU", PMEVTYPER0_EL0, 3, 3, 14, 12, 0),
	R_EL0("PMU", PMEVTYPER5_EL0, 3, 3, 14, 12, 5),
	R_EL0("PMU", PMCCFILTR_EL0, 3, 3, 14, 15, 7),
	R("SPMU", SPMSELR_EL0, 2, 3, 9, 12, 5),
	R("PMU", PMICNTR_EL0, 3, 3, 9, 4, 0),

	R("SPE", PMSCR_EL1, 3, 0, 9, 9, 0),
	R("SPE", PMSICR_EL1, 3, 0, 9, 9, 2),
	R("SPE", PMSIRR_EL1, 3, 0, 9, 9, 3),
	R("SPE", PMSFCR_EL1, 3, 0, 9, 9, 4),
	R("SPE", PMSEVFR_EL1, 3, 0, 9, 9, 5),
	R("SPE", PMSLATFR_EL1, 3, 0, 9, 9, 6),
	R("SPE", PMSIDR_EL1, 3, 0, 9, 9, 7),
	R("SPE", PMBLIMITR_EL1, 3, 0, 9, 10, 0),
	R("SPE", PMBPTR_EL1, 3, 0, 9, 10, 1),
	R("SPE", PMBSR_EL1, 3, 0, 9, 10, 3),
	R("SPE", PMBIDR_EL1, 3, 0, 9, 10, 7),

	R("trace", TRCPRGCTLR, 2, 1, 0, 1, 0),
	R("trace", TRCIDR0, 2, 1, 0, 8, 7),
	R("trace", TRCDEVARCH, 2, 1, 7, 15, 6),
	R("trace", TRFCR_EL1, 3, 0, 1, 2, 1),
	R("TRBE", TRBLIMITR_EL1, 3, 0, 9, 11, 0),
	R("TRBE", TRBPTR_EL1, 3, 0, 9, 11, 1),
	R("TRBE", TRBSR_EL1, 3, 0, 9, 11, 3),
	R("TRBE", TRBIDR_EL1, 3, 0, 9, 11, 7),
	R("BRBE", BRBCR_EL1, 2, 1, 9, 0, 0),
	R("BRBE", BRBFCR_EL1, 2, 1, 9, 0, 1),
	R("BRBE", BRBIDR0_EL1, 2, 1, 9, 2, 0),
	R("BRBE", BRBINF0_EL1, 2, 1, 8, 0, 0),
	R("ITE", TRCITEEDCR, 2, 1, 0, 2, 1),
	R("ITE", TRCITECR_EL1, 3, 0, 1, 2, 3),

	R("debug", DBGBVR1_EL1, 2, 0, 0, 1, 4),
	R("debug", DBGBCR1_EL1, 2, 0, 0, 1, 5),
	R("debug", DBGWVR1_EL1, 2, 0, 0, 1, 6),
	R("debug", DBGWCR1_EL1, 2, 0, 0, 1, 7),
	R("debug", DBGBVR5_EL1, 2, 0, 0, 5, 4),
	R("debug", MDSELR_EL1, 2, 0, 0, 4, 2),
	R("debug", MDSTEPOP_EL1, 2, 0, 0, 5, 2),
	R("debug", MDRAR_EL1, 2, 0, 1, 0, 0),
	R("debug", MDCCINT_EL1, 2, 0, 0, 2, 0),
	R("debug", OSDTRRX_EL1, 2, 0, 0, 0, 2),
	R("debug", OSDTRTX_EL1, 2, 0, 0, 3, 2),
	R("debug", OSECCR_EL1, 2, 0, 0, 6, 2),
	R("debug", DBGPRCR_EL1, 2, 0, 1, 4, 4),
	R("debug", DBGCLAIMSET_EL1, 2, 0, 7, 8, 6),
	R("debug", DBGCLAIMCLR_EL1, 2, 0, 7, 9, 6),
	R("debug", DBGAUTHSTATUS_EL1, 2, 0, 7, 14, 6),
	R("debug", DBGVCR32_EL2, 2, 4, 0, 7, 0),

	R("RASv1p1", ERXPFGF_EL1, 3, 0, 5, 4, 4),
	R("RASv1p1", ERXPFGCTL_EL1, 3, 0, 5, 4, 5),
	R("RASv1p1", ERXPFGCDN_EL1, 3, 0, 5, 4, 6),
	R("RASv1p1", ERXMISC2_EL1, 3, 0, 5, 5, 2),
	R("RASv1p1", ERXMISC3_EL1, 3, 0, 5, 5, 3),
	R("RASv2", ERXGSR_EL1, 3, 0, 5, 3, 2),

	R("EL2", HCR_EL2, 3, 4, 1, 1, 0),
	R("EL2", VBAR_EL2, 3, 4, 12, 0, 0),
	R("EL2", SP_EL1, 3, 4, 4, 1, 0),
	R("EL2", DACR32_EL2, 3, 4, 3, 0, 0),
	R("EL2", SCTLR_EL12, 3, 5, 1, 0, 0),
	R("EL2", CNTV_CTL_EL02, 3, 5, 14, 3, 1),
	R("EL3", SCR_EL3, 3, 6, 1, 1, 0),

	R("IMPDEF", S3_0_C11_C0_0, 3, 0, 11, 0, 0),
	R("IMPDEF", S3_1_C11_C5_3, 3, 1, 11, 5, 3),
	R("IMPDEF", S3_0_C15_C0_0, 3, 0, 15, 0, 0),
	R("IMPDEF", S3_1_C15_C2_0, 3, 1, 15, 2, 0),
	R("IMPDEF", S3_7_C15_C15_7, 3, 7, 15, 15, 7),
};

/* The keys of PAuth, where the VM has none. */
static const struct hidden_reg pauth_regs[] = {
	R("PAuth", APIAKEYLO_EL1, 3, 0, 2, 1, 0),
	R("PAuth", APIAKEYHI_EL1, 3, 0, 2, 1, 1),
	R("PAuth", APIBKEYLO_EL1, 3, 0, 2, 1, 2),
	R("PAuth", APIBKEYHI_EL1, 3, 0, 2, 1, 3),
	R("PAuth", APDAKEYLO_EL1, 3, 0, 2, 2, 0),
	R("PAuth", APDAKEYHI_EL1, 3, 0, 2, 2, 1),
	R("PAuth", APDBKEYLO_EL1, 3, 0, 2, 2, 2),
	R("PAuth", APDBKEYHI_EL1, 3, 0, 2, 2, 3),
	R("PAuth", APGAKEYLO_EL1, 3, 0, 2, 3, 0),
	R("PAuth", APGAKEYHI_EL1, 3, 0, 2, 3, 1),
};

/* The GIC's system registers, where the VM has no vGICv3. */
static const struct hidden_reg gic_regs[] = {
	R("GIC", ICC_PMR_EL1, 3, 0, 4, 6, 0),
	R("GIC", ICC_IAR0_EL1, 3, 0, 12, 8, 0),
	R("GIC", ICC_EOIR0_EL1, 3, 0, 12, 8, 1),
	R("GIC", ICC_HPPIR0_EL1, 3, 0, 12, 8, 2),
	R("GIC", ICC_BPR0_EL1, 3, 0, 12, 8, 3),
	R("GIC", ICC_AP0R0_EL1, 3, 0, 12, 8, 4),
	R("GIC", ICC_AP1R0_EL1, 3, 0, 12, 9, 0),
	R("GIC", ICC_DIR_EL1, 3, 0, 12, 11, 1),
	R("GIC", ICC_RPR_EL1, 3, 0, 12, 11, 3),
	R("GIC", ICC_SGI1R_EL1, 3, 0, 12, 11, 5),
	R("GIC", ICC_ASGI1R_EL1, 3, 0, 12, 11, 6),
	R("GIC", ICC_SGI0R_EL1, 3, 0, 12, 11, 7),
	R("GIC", ICC_IAR1_EL1, 3, 0, 12, 12, 0),
	R("GIC", ICC_EOIR1_EL1, 3, 0, 12, 12, 1),
	R("GIC", ICC_HPPIR1_EL1, 3, 0, 12, 12, 2),
	R("GIC", ICC_BPR1_EL1, 3, 0, 12, 12, 3),
	R("GIC", ICC_CTLR_EL1, 3, 0, 12, 12, 4),
	{ "GIC", "ICC_SRE_EL1", sys_reg(3, 0, 12, 12, 5), T_SRE },
	R("GIC", ICC_IGRPEN0_EL1, 3, 0, 12, 12, 6),
	R("GIC", ICC_IGRPEN1_EL1, 3, 0, 12, 12, 7),
};

/*
 * Registers of RAS v1: RAZ/WI with ID_AA64PFR0.RAS, UNDEF without. And those
 * that are always RAZ/WI, because an unmodified guest touches them.
 */
struct raz_reg {
	const char *name;
	u32 reg;
	u64 value;		/* what it reads as, whatever was written */
	bool read, write, ras, el0;
};

#define RAZ(reg, op0, op1, crn, crm, op2, ...)				\
	{ #reg, sys_reg(op0, op1, crn, crm, op2), .read = true, .write = true, __VA_ARGS__ }

static const struct raz_reg raz_regs[] = {
	RAZ(DBGBVR0_EL1, 2, 0, 0, 0, 4),
	RAZ(DBGBCR0_EL1, 2, 0, 0, 0, 5),
	RAZ(DBGWVR0_EL1, 2, 0, 0, 0, 6),
	RAZ(DBGWCR0_EL1, 2, 0, 0, 0, 7),
	RAZ(OSDLR_EL1, 2, 0, 1, 3, 4),
	RAZ(OSLAR_EL1, 2, 0, 1, 0, 4, .read = false),
	RAZ(OSLSR_EL1, 2, 0, 1, 1, 4, .value = 8, .write = false),
	RAZ(MDCCSR_EL0, 2, 3, 0, 1, 0, .write = false, .el0 = true),
	RAZ(DBGDTR_EL0, 2, 3, 0, 4, 0, .el0 = true),
	RAZ(DBGDTRTRX_EL0, 2, 3, 0, 5, 0, .el0 = true),
	RAZ(ACTLR_EL1, 3, 0, 1, 0, 1),

	RAZ(ERRIDR_EL1, 3, 0, 5, 3, 0, .ras = true, .write = false),
	RAZ(ERRSELR_EL1, 3, 0, 5, 3, 1, .ras = true),
	RAZ(ERXFR_EL1, 3, 0, 5, 4, 0, .ras = true, .write = false),
	RAZ(ERXCTLR_EL1, 3, 0, 5, 4, 1, .ras = true),
	RAZ(ERXSTATUS_EL1, 3, 0, 5, 4, 2, .ras = true),
	RAZ(ERXADDR_EL1, 3, 0, 5, 4, 3, .ras = true),
	RAZ(ERXMISC0_EL1, 3, 0, 5, 5, 0, .ras = true),
	RAZ(ERXMISC1_EL1, 3, 0, 5, 5, 1, .ras = true),
};

#undef R
#undef R_EL0
#undef R_IDS
#undef RAZ

#endif /* SELFTEST_KVM_PKVM_TRAP_LIST_H */
