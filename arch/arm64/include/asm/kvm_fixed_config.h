/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixed config: what a protected VM reads in every field of every AArch64 ID
 * register. This is the only place that holds the policy of a field. To change
 * the policy, change the row of the field.
 *
 * A row starts with one of four words:
 *
 * ALLOW	The field reads as the host has it. This is for fields of which
 *		every value has been thought of.
 * RESTRICT	The field reads as the host has it, up to a named value.
 * SET		The field always reads as a named value, or, by SET_NUMBER, as a number.
 * HIDE		The feature is absent: the field reads as NI, whatever number that
 *		is. HIDE_REG does the same to a register whose NI are all zero.
 *
 * A field that can read as less than what the CPU has needs a guard, which says
 * what keeps the guest from using the rest:
 *
 * TRAPPED	A trap bit in config.c depends on this field.
 * TRAPPED_BY	A control that config.c does not relate to this field traps it.
 * PART_OF	The feature has no interface apart from that of another field,
 *		which is trapped.
 * UNTRAPPABLE	The architecture has no trap. The reason says what stays usable.
 * INERT	EL1 and EL0 find nothing that they could use.
 *
 * How the rows were decided:
 *
 * - A feature is let through if EL2 has nothing to do for it: no state to switch
 *   and no control to program. An instruction that cannot be trapped and that
 *   needs nothing is told rather than hidden, since a guest can use it anyway.
 * - A feature is let through up to the highest value that was looked at.
 * - Everything else is hidden.
 * - The guest has EL1 and EL0 in AArch64 state. Fields that describe EL2, EL3 or
 *   AArch32 read accordingly.
 *
 * Traps for the unwary: NI is not always 0, which is why HIDE takes its value
 * from the generated name. A limit of a signed field is a signed minimum, which
 * is why RESTRICT takes the generated _SIGNED. For a field that has no generated
 * sign RESTRICT does not build. RESTRICT_UNSIGNED is for those, with the reason
 * why unsigned is right.
 *
 * At boot the host checks the rows. If they do not match the registers one to
 * one, or if a guard is missing, no protected VM can be created.
 */

#ifndef __ARM64_KVM_FIXED_CONFIG_H__
#define __ARM64_KVM_FIXED_CONFIG_H__

#include <linux/init.h>
#include <linux/types.h>
#include <asm/kvm_pvm_id_regs.h>
#include <asm/sysreg.h>

enum pvm_id_word { PVM_ID_ALLOW, PVM_ID_RESTRICT, PVM_ID_SET };

struct pvm_id_field {
	const char *reg_name;
	const char *name;
	u64 reg_fields;			/* all bits of the register that are fields */
	u32 reg;
	u32 part_of;			/* see PART_OF() */
	enum pvm_id_word word;
	u8 shift;
	u8 width;
	u8 value;
	bool is_signed;
	bool trapped;			/* see TRAPPED */
	const char *trapped_by;
	const char *untrappable;
	const char *inert;
	const char *why;
};

/* Identifies a field: the encoding of its register above the six bits of its shift. */
#define PVM_ID_KEY(enc, shift)	((enc) << 6 | (shift))

#define TRAPPED			.trapped = true
#define TRAPPED_BY(control)	.trapped_by = control
#define PART_OF(r, field)	.part_of = PVM_ID_KEY(SYS_##r, r##_##field##_SHIFT)
#define UNTRAPPABLE(text)	.untrappable = text
#define INERT(text)		.inert = text
#define WHY(text)		.why = text

#define PVM_ID_FIELD(r, field, w, ...)					\
	{								\
		.reg_name = #r,						\
		.name = #field,						\
		.reg_fields = ~(r##_RES0 | r##_RES1 | r##_UNKN),	\
		.reg = SYS_##r,						\
		.word = PVM_ID_##w,					\
		.shift = r##_##field##_SHIFT,				\
		.width = r##_##field##_WIDTH,				\
		__VA_ARGS__						\
	}

#define ALLOW(r, field, text)						\
	PVM_ID_FIELD(r, field, ALLOW, WHY(text))
#define RESTRICT(r, field, max, ...)					\
	PVM_ID_FIELD(r, field, RESTRICT, .value = r##_##field##_##max,	\
		     .is_signed = r##_##field##_SIGNED, __VA_ARGS__)
#define RESTRICT_UNSIGNED(r, field, max, text, ...)			\
	PVM_ID_FIELD(r, field, RESTRICT, .value = r##_##field##_##max,	\
		     WHY(text), __VA_ARGS__)
#define SET(r, field, val, ...)						\
	PVM_ID_FIELD(r, field, SET, .value = r##_##field##_##val, __VA_ARGS__)
#define SET_NUMBER(r, field, number, ...)				\
	PVM_ID_FIELD(r, field, SET, .value = (number), __VA_ARGS__)
#define HIDE(r, field, ...)		SET(r, field, NI, __VA_ARGS__)
#define HIDE_REG(r, ...)						\
	{								\
		.reg_name = #r,						\
		.name = "*",						\
		.reg_fields = ~0ULL,					\
		.reg = SYS_##r,						\
		.word = PVM_ID_SET,					\
		.width = 64,						\
		__VA_ARGS__						\
	}

static const struct pvm_id_field pvm_id_fields[] __maybe_unused = {
	RESTRICT(ID_AA64PFR0_EL1, EL0, IMP,
		 UNTRAPPABLE("ERET to AArch32; the vCPU does not run again after its next exit")),
	RESTRICT(ID_AA64PFR0_EL1, EL1, IMP, TRAPPED_BY("HCR_EL2.RW")),
	HIDE(ID_AA64PFR0_EL1, EL2, UNTRAPPABLE("HVC is the conduit of PSCI and SMCCC")),
	HIDE(ID_AA64PFR0_EL1, EL3, TRAPPED_BY("HCR_EL2.TSC")),
	RESTRICT(ID_AA64PFR0_EL1, FP, FP16),
	RESTRICT(ID_AA64PFR0_EL1, AdvSIMD, FP16),
	RESTRICT(ID_AA64PFR0_EL1, GIC, IMP, TRAPPED_BY("ICH_HCR_EL2, for a VM without a vGIC"),
		 WHY("what GICv4 adds belongs to the hypervisor")),
	RESTRICT(ID_AA64PFR0_EL1, RAS, IMP,
		 TRAPPED, UNTRAPPABLE("DISR_EL1, which is VDISR_EL2 for a guest"),
		 WHY("the fault injection of RASv1p1 reaches the host's error records")),
	HIDE(ID_AA64PFR0_EL1, SVE, TRAPPED_BY("CPTR_EL2.TZ or ZEN")),
	HIDE(ID_AA64PFR0_EL1, SEL2, INERT("EL2 of the Secure state")),
	SET(ID_AA64PFR0_EL1, MPAM, 0, TRAPPED_BY("MPAM2_EL2")),
	HIDE(ID_AA64PFR0_EL1, AMU, TRAPPED),
	RESTRICT(ID_AA64PFR0_EL1, DIT, IMP),
	HIDE(ID_AA64PFR0_EL1, RME, INERT("granule protection belongs to EL3")),
	RESTRICT(ID_AA64PFR0_EL1, CSV2, IMP, TRAPPED_BY("HFGxTR_EL2.SCXTNUM_ELx, HCR_EL2.EnSCXT"),
		 WHY("CSV2_2 adds SCXTNUM_ELx, which EL2 does not switch")),
	RESTRICT(ID_AA64PFR0_EL1, CSV3, IMP),

	RESTRICT(ID_AA64PFR1_EL1, BT, IMP),
	RESTRICT(ID_AA64PFR1_EL1, SSBS, SSBS2),
	HIDE(ID_AA64PFR1_EL1, MTE, TRAPPED,
	     UNTRAPPABLE("MSR TCO, and tag instructions, which find no tags with ATA = 0")),
	HIDE(ID_AA64PFR1_EL1, RAS_frac, PART_OF(ID_AA64PFR0_EL1, RAS)),
	SET(ID_AA64PFR1_EL1, MPAM_frac, MINOR_0, PART_OF(ID_AA64PFR0_EL1, MPAM)),
	HIDE(ID_AA64PFR1_EL1, SME, TRAPPED),
	HIDE(ID_AA64PFR1_EL1, RNDR_trap, INERT("a control of EL3")),
	HIDE(ID_AA64PFR1_EL1, CSV2_frac, PART_OF(ID_AA64PFR0_EL1, CSV2)),
	HIDE(ID_AA64PFR1_EL1, NMI, TRAPPED, UNTRAPPABLE("MRS ALLINT; the trap is for writes")),
	HIDE(ID_AA64PFR1_EL1, MTE_frac, PART_OF(ID_AA64PFR1_EL1, MTE)),
	HIDE(ID_AA64PFR1_EL1, GCS, TRAPPED,
	     UNTRAPPABLE("GCSSTR; GCSPOPX, GCSSS1, GCSSS2 and GCSPOPM with GCS disabled")),
	HIDE(ID_AA64PFR1_EL1, THE, TRAPPED,
	     UNTRAPPABLE("the RCW instructions, whose masks are trapped")),
	SET(ID_AA64PFR1_EL1, MTEX, MTE, PART_OF(ID_AA64PFR1_EL1, MTE),
	    UNTRAPPABLE("TCR_EL1.MTXn, in a register that is the guest's own")),
	HIDE(ID_AA64PFR1_EL1, DF2, PART_OF(ID_AA64MMFR3_EL1, SCTLRX)),
	HIDE(ID_AA64PFR1_EL1, PFAR, TRAPPED),

	HIDE(ID_AA64PFR2_EL1, MTEPERM, INERT("a stage-2 attribute")),
	HIDE(ID_AA64PFR2_EL1, MTESTOREONLY, PART_OF(ID_AA64PFR1_EL1, MTE)),
	HIDE(ID_AA64PFR2_EL1, MTEFAR, PART_OF(ID_AA64PFR1_EL1, MTE)),
	HIDE(ID_AA64PFR2_EL1, GCIE, TRAPPED),
	HIDE(ID_AA64PFR2_EL1, UINJ,
	     UNTRAPPABLE("SPSR_EL1.UINJ, by which the guest undefines its own instruction")),
	HIDE(ID_AA64PFR2_EL1, FPMR, TRAPPED),

	HIDE_REG(ID_AA64ZFR0_EL1, PART_OF(ID_AA64PFR0_EL1, SVE)),
	HIDE_REG(ID_AA64SMFR0_EL1, PART_OF(ID_AA64PFR1_EL1, SME)),
	HIDE_REG(ID_AA64FPFR0_EL1, PART_OF(ID_AA64PFR2_EL1, FPMR)),

	/*
	 * The debug of Armv8.0 with one breakpoint and one watchpoint is the least
	 * that these fields can say. BRK and software step work. The comparators
	 * are RAZ/WI and never match.
	 */
	RESTRICT(ID_AA64DFR0_EL1, DebugVer, IMP, TRAPPED_BY("MDCR_EL2.TDA and TDRA"),
		 WHY("the field has no value for less than the debug of Armv8.0")),
	HIDE(ID_AA64DFR0_EL1, TraceVer, TRAPPED),
	HIDE(ID_AA64DFR0_EL1, PMUVer, TRAPPED),
	SET_NUMBER(ID_AA64DFR0_EL1, BRPs, 0, PART_OF(ID_AA64DFR0_EL1, DebugVer),
		   WHY("0 means one breakpoint")),
	HIDE(ID_AA64DFR0_EL1, PMSS, TRAPPED),
	SET_NUMBER(ID_AA64DFR0_EL1, WRPs, 0, PART_OF(ID_AA64DFR0_EL1, DebugVer),
		   WHY("0 means one watchpoint")),
	HIDE(ID_AA64DFR0_EL1, SEBEP, TRAPPED),
	SET_NUMBER(ID_AA64DFR0_EL1, CTX_CMPs, 0, PART_OF(ID_AA64DFR0_EL1, DebugVer),
		   WHY("0 means one, which is that breakpoint")),
	HIDE(ID_AA64DFR0_EL1, PMSVer, TRAPPED,
	     UNTRAPPABLE("MRS PMBIDR_EL1 on a CPU without FEAT_FGT")),
	HIDE(ID_AA64DFR0_EL1, DoubleLock, TRAPPED),
	HIDE(ID_AA64DFR0_EL1, TraceFilt, TRAPPED),
	HIDE(ID_AA64DFR0_EL1, TraceBuffer, TRAPPED,
	     UNTRAPPABLE("MRS TRBIDR_EL1 on a CPU without FEAT_FGT")),
	HIDE(ID_AA64DFR0_EL1, MTPMU, PART_OF(ID_AA64DFR0_EL1, PMUVer)),
	HIDE(ID_AA64DFR0_EL1, BRBE, TRAPPED),
	HIDE(ID_AA64DFR0_EL1, ExtTrcBuff, PART_OF(ID_AA64DFR0_EL1, TraceBuffer)),
	SET(ID_AA64DFR0_EL1, HPMN0, UNPREDICTABLE, INERT("a value of MDCR_EL2")),

	HIDE_REG(ID_AA64DFR1_EL1, TRAPPED_BY("MDCR_EL2.TDA and TPM, HDFGxTR2_EL2"),
		 UNTRAPPABLE("PSTATE.PM, which masks an exception that never comes")),
	HIDE_REG(ID_AA64DFR2_EL1,
		 TRAPPED_BY("MDCR_EL2.TDA and EnSTEPOP, the traps of SPE and TRBE")),
	HIDE_REG(ID_AA64AFR0_EL1, INERT("the fields are for the implementation alone")),
	HIDE_REG(ID_AA64AFR1_EL1, INERT("the register has no field")),

	RESTRICT(ID_AA64ISAR0_EL1, AES, PMULL),
	RESTRICT(ID_AA64ISAR0_EL1, SHA1, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, SHA2, SHA512),
	RESTRICT(ID_AA64ISAR0_EL1, CRC32, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, ATOMIC, IMP, UNTRAPPABLE("the instructions of LSE128"),
		 WHY("LSE128 has not been looked at")),
	RESTRICT(ID_AA64ISAR0_EL1, RDM, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, SHA3, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, SM3, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, SM4, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, DP, IMP),
	RESTRICT(ID_AA64ISAR0_EL1, FHM, IMP, UNTRAPPABLE("arithmetic on vector registers"),
		 WHY("F16F32DOT and F16F32MM have not been looked at")),
	RESTRICT(ID_AA64ISAR0_EL1, TS, FLAGM2),
	RESTRICT(ID_AA64ISAR0_EL1, TLB, RANGE),
	RESTRICT(ID_AA64ISAR0_EL1, RNDR, IMP, WHY("only EL3 could trap RNDR and RNDRRS")),

	RESTRICT(ID_AA64ISAR1_EL1, DPB, DPB2),
	RESTRICT(ID_AA64ISAR1_EL1, APA, FPACCOMBINE, TRAPPED_BY("HCR_EL2.API and APK"),
		 UNTRAPPABLE("XPACI, XPACD, XPACLRI; for a VM that has PAuth, what PAuth_LR adds")),
	RESTRICT(ID_AA64ISAR1_EL1, API, FPACCOMBINE, PART_OF(ID_AA64ISAR1_EL1, APA),
		 UNTRAPPABLE("what PAuth_LR adds, for a VM that has PAuth")),
	RESTRICT(ID_AA64ISAR1_EL1, JSCVT, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, FCMA, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, LRCPC, LRCPC3),
	RESTRICT(ID_AA64ISAR1_EL1, GPA, IMP, PART_OF(ID_AA64ISAR1_EL1, APA)),
	RESTRICT(ID_AA64ISAR1_EL1, GPI, IMP, PART_OF(ID_AA64ISAR1_EL1, APA)),
	RESTRICT(ID_AA64ISAR1_EL1, FRINTTS, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, SB, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, SPECRES, IMP, TRAPPED,
		 WHY("COSP RCTX has no user, and every CPU that has it has its trap")),
	RESTRICT(ID_AA64ISAR1_EL1, BF16, EBF16),
	RESTRICT(ID_AA64ISAR1_EL1, DGH, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, I8MM, IMP),
	RESTRICT(ID_AA64ISAR1_EL1, XS, IMP),
	HIDE(ID_AA64ISAR1_EL1, LS64, TRAPPED),

	RESTRICT(ID_AA64ISAR2_EL1, WFxT, IMP, WHY("WFET and WFIT trap as WFE and WFI do")),
	RESTRICT(ID_AA64ISAR2_EL1, RPRES, IMP),
	RESTRICT(ID_AA64ISAR2_EL1, GPA3, IMP, PART_OF(ID_AA64ISAR1_EL1, APA)),
	RESTRICT(ID_AA64ISAR2_EL1, APA3, FPACCOMBINE, PART_OF(ID_AA64ISAR1_EL1, APA),
		 UNTRAPPABLE("what PAuth_LR adds, for a VM that has PAuth")),
	RESTRICT(ID_AA64ISAR2_EL1, MOPS, IMP,
		 WHY("EL2 sets HCRX_EL2.MSCEn and MCE2, and handles the MOPS exception")),
	RESTRICT(ID_AA64ISAR2_EL1, BC, IMP),
	HIDE(ID_AA64ISAR2_EL1, PAC_frac, INERT("the layout of PACs")),
	RESTRICT(ID_AA64ISAR2_EL1, CLRBHB, IMP, WHY("a hint that is cheaper than a loop")),
	HIDE(ID_AA64ISAR2_EL1, SYSREG_128, TRAPPED),
	HIDE(ID_AA64ISAR2_EL1, SYSINSTR_128,
	     UNTRAPPABLE("TLBIP, by which the guest invalidates its own translations")),
	HIDE(ID_AA64ISAR2_EL1, PRFMSLC,
	     UNTRAPPABLE("a prefetch hint that the host does not sanitise")),
	RESTRICT(ID_AA64ISAR2_EL1, PCDPHINT, IMP, WHY("hints for stores and prefetches")),
	RESTRICT(ID_AA64ISAR2_EL1, RPRFM, IMP),
	RESTRICT(ID_AA64ISAR2_EL1, CSSC, IMP, UNTRAPPABLE("compare-and-branch instructions"),
		 WHY("CMPBR has not been looked at")),
	RESTRICT(ID_AA64ISAR2_EL1, LUT, IMP, UNTRAPPABLE("arithmetic on vector registers"),
		 WHY("LUT6 has not been looked at")),
	RESTRICT(ID_AA64ISAR2_EL1, ATS1A, IMP),

	HIDE(ID_AA64ISAR3_EL1, CPA, PART_OF(ID_AA64MMFR3_EL1, SCTLRX),
	     UNTRAPPABLE("ADDPT and its kin, whose checks are enabled in SCTLR2_EL1")),
	RESTRICT(ID_AA64ISAR3_EL1, FAMINMAX, IMP, WHY("arithmetic on vector registers")),
	HIDE(ID_AA64ISAR3_EL1, TLBIW, INERT("an invalidation for EL2")),
	HIDE(ID_AA64ISAR3_EL1, PACM, PART_OF(ID_AA64MMFR3_EL1, SCTLRX)),
	RESTRICT(ID_AA64ISAR3_EL1, LSFE, IMP, WHY("atomics on vector registers")),
	RESTRICT(ID_AA64ISAR3_EL1, OCCMO, IMP, WHY("cache maintenance by address")),
	RESTRICT(ID_AA64ISAR3_EL1, LSUI, IMP, WHY("atomics of EL1 with the permissions of EL0")),
	RESTRICT(ID_AA64ISAR3_EL1, FPRCVT, IMP, WHY("arithmetic on vector registers")),

	RESTRICT_UNSIGNED(ID_AA64MMFR0_EL1, PARANGE, 48, "sizes in rising order",
			  INERT("stage 2 bounds the addresses that the guest can use")),
	RESTRICT_UNSIGNED(ID_AA64MMFR0_EL1, ASIDBITS, 16, "sizes in rising order"),
	RESTRICT(ID_AA64MMFR0_EL1, BIGEND, IMP),
	RESTRICT(ID_AA64MMFR0_EL1, SNSMEM, IMP),
	RESTRICT(ID_AA64MMFR0_EL1, BIGENDEL0, IMP),
	RESTRICT(ID_AA64MMFR0_EL1, TGRAN16, IMP, UNTRAPPABLE("TCR_EL1.DS, the guest's own")),
	RESTRICT(ID_AA64MMFR0_EL1, TGRAN64, IMP),
	RESTRICT(ID_AA64MMFR0_EL1, TGRAN4, IMP, UNTRAPPABLE("TCR_EL1.DS, the guest's own")),
	HIDE(ID_AA64MMFR0_EL1, TGRAN16_2, INERT("stage 2 belongs to EL2")),
	HIDE(ID_AA64MMFR0_EL1, TGRAN64_2, INERT("stage 2 belongs to EL2")),
	HIDE(ID_AA64MMFR0_EL1, TGRAN4_2, INERT("stage 2 belongs to EL2")),
	RESTRICT(ID_AA64MMFR0_EL1, EXS, IMP),
	HIDE(ID_AA64MMFR0_EL1, FGT, INERT("controls of EL2")),
	RESTRICT(ID_AA64MMFR0_EL1, ECV, IMP, INERT("CNTPOFF_EL2 is a control of EL2"),
		 WHY("the self-synchronised counters trap only with the plain ones")),

	RESTRICT(ID_AA64MMFR1_EL1, HAFDBS, DBM, PART_OF(ID_AA64MMFR3_EL1, TCRX)),
	RESTRICT_UNSIGNED(ID_AA64MMFR1_EL1, VMIDBits, 16, "sizes in rising order"),
	HIDE(ID_AA64MMFR1_EL1, VH, INERT("a mode of EL2")),
	RESTRICT(ID_AA64MMFR1_EL1, HPDS, HPDS2),
	HIDE(ID_AA64MMFR1_EL1, LO, TRAPPED, WHY("LORegions are physical, and not switched")),
	RESTRICT(ID_AA64MMFR1_EL1, PAN, PAN3),
	ALLOW(ID_AA64MMFR1_EL1, SpecSEI, "a hazard: to hide it would promise safety"),
	HIDE(ID_AA64MMFR1_EL1, XNX, INERT("a stage-2 attribute")),
	RESTRICT(ID_AA64MMFR1_EL1, TWED, IMP,
		 WHY("SCTLR_EL1.TWEDEn delays the trap of WFE that the guest sets up for itself")),
	RESTRICT(ID_AA64MMFR1_EL1, ETS, ETS3, WHY("a promise of the CPU to any software")),
	HIDE(ID_AA64MMFR1_EL1, HCX, INERT("controls of EL2")),
	RESTRICT(ID_AA64MMFR1_EL1, AFP, IMP),
	HIDE(ID_AA64MMFR1_EL1, nTLBPA, INERT("a promise that the host does not sanitise")),
	RESTRICT(ID_AA64MMFR1_EL1, TIDCP1, IMP,
		 WHY("SCTLR_EL1.TIDCP chooses which of the guest's levels takes an UNDEF")),
	RESTRICT(ID_AA64MMFR1_EL1, CMOW, IMP),
	RESTRICT(ID_AA64MMFR1_EL1, ECBHB, IMP,
		 WHY("hidden, it makes the guest clear a branch history that is harmless")),

	RESTRICT(ID_AA64MMFR2_EL1, CnP, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, UAO, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, LSM, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, IESB, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, VARange, 48, UNTRAPPABLE("TCR_EL1.TnSZ with 64K granules"),
		 WHY("52 bits have not been looked at, and nothing needs them")),
	SET(ID_AA64MMFR2_EL1, CCIDX, 32, TRAPPED_BY("HCR_EL2.TID2 or TID4")),
	HIDE(ID_AA64MMFR2_EL1, NV, INERT("a mode of EL2")),
	SET(ID_AA64MMFR2_EL1, ST, 39, UNTRAPPABLE("TCR_EL1.TnSZ up to 48")),
	RESTRICT(ID_AA64MMFR2_EL1, AT, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, IDS, IMP, INERT("value 2 is about traps to EL3")),
	HIDE(ID_AA64MMFR2_EL1, FWB, INERT("a control of EL2")),
	RESTRICT(ID_AA64MMFR2_EL1, TTL, IMP),
	RESTRICT(ID_AA64MMFR2_EL1, BBM, 2, INERT("level 3 is a further promise of the CPU")),
	HIDE(ID_AA64MMFR2_EL1, EVT, INERT("controls of EL2")),
	RESTRICT(ID_AA64MMFR2_EL1, E0PD, IMP),

	HIDE(ID_AA64MMFR3_EL1, TCRX, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, SCTLRX, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, S1PIE, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, S2PIE, INERT("stage 2 belongs to EL2")),
	HIDE(ID_AA64MMFR3_EL1, S1POE, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, S2POE, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, AIE, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, MEC, INERT("contexts belong to EL2 and EL3")),
	HIDE(ID_AA64MMFR3_EL1, D128, TRAPPED),
	HIDE(ID_AA64MMFR3_EL1, D128_2, INERT("stage 2 belongs to EL2")),
	HIDE(ID_AA64MMFR3_EL1, SNERR, INERT("how errors of Normal memory are reported")),
	HIDE(ID_AA64MMFR3_EL1, ANERR, INERT("how errors of Normal memory are reported")),
	HIDE(ID_AA64MMFR3_EL1, SDERR, INERT("how errors of Device memory are reported")),
	HIDE(ID_AA64MMFR3_EL1, ADERR, INERT("how errors of Device memory are reported")),
	HIDE(ID_AA64MMFR3_EL1, Spec_FPACC, INERT("how far PAuth speculates")),

	HIDE(ID_AA64MMFR4_EL1, PoPS, TRAPPED),
	HIDE(ID_AA64MMFR4_EL1, EIESB, INERT("error synchronisation at EL2 and EL3")),
	HIDE(ID_AA64MMFR4_EL1, ASID2, PART_OF(ID_AA64MMFR3_EL1, TCRX)),
	HIDE(ID_AA64MMFR4_EL1, HACDBS, INERT("a list that EL2 owns")),
	HIDE(ID_AA64MMFR4_EL1, FGWTE3, INERT("a control of EL3")),
	SET(ID_AA64MMFR4_EL1, NV_frac, NV_NV2, INERT("a mode of EL2")),
	HIDE(ID_AA64MMFR4_EL1, E2H0, INERT("a mode of EL2")),
	HIDE(ID_AA64MMFR4_EL1, RMEGDI, INERT("granule protection belongs to EL3")),
	HIDE(ID_AA64MMFR4_EL1, EAESR, UNTRAPPABLE("how the guest's own ESR_EL1 describes errors")),
	HIDE(ID_AA64MMFR4_EL1, E3DSE, INERT("a control of EL3")),
	HIDE(ID_AA64MMFR4_EL1, TLBID, UNTRAPPABLE("KVM knows no trap for it")),
	HIDE(ID_AA64MMFR4_EL1, SRMASK, TRAPPED),
	SET(ID_AA64MMFR4_EL1, TPS, VAL_0000, UNTRAPPABLE("KVM knows no trap for it")),
	HIDE(ID_AA64MMFR4_EL1, TEV, UNTRAPPABLE("KVM knows no trap for it")),
	HIDE(ID_AA64MMFR4_EL1, SCRX, INERT("a control of EL3")),
	HIDE(ID_AA64MMFR4_EL1, MTEFGT, PART_OF(ID_AA64PFR1_EL1, MTE)),
};

bool pvm_check_fixed_config(const struct pvm_id_field *fields, int nr,
			    struct pvm_id_reg *regs);

#endif /* __ARM64_KVM_FIXED_CONFIG_H__ */
