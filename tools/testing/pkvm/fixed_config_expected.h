/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy for the ID registers of a protected VM, restated by hand: for each
 * four bits of a register, what the guest reads for each of the 16 values that
 * the host can have. Nothing here comes from kvm_fixed_config.h or from the
 * generated names, and there is no arithmetic that could share an error with
 * the code. What is not listed reads as zero.
 */

/* Host: . . . . . . . "0123456789abcdef" */
#define ALL_0		"0000000000000000"
#define ALL_1		"1111111111111111"
#define ALL_F		"ffffffffffffffff"
#define UP_TO_1		"0111111111111111"
#define UP_TO_2		"0122222222222222"
#define UP_TO_3		"0123333333333333"
#define UP_TO_4		"0123444444444444"
#define UP_TO_5		"0123455555555555"
#define UP_TO_6		"0123456666666666"
#define AS_HOST		"0123456789abcdef"
#define SIGNED_UP_TO_0	"0000000089abcdef"
#define SIGNED_UP_TO_1	"0111111189abcdef"

static const struct {
	int crm, op2, lsb;
	const char *reads;
	char only;		/* 'G': with a vGICv3, '5' '3' 'I': with that PAC */
} expected[] = {
	/* ID_AA64PFR0_EL1: AArch64 only; neither EL2 nor EL3 */
	{ 4, 0,  0, UP_TO_1 },			/* EL0 */
	{ 4, 0,  4, UP_TO_1 },			/* EL1 */
	{ 4, 0, 16, SIGNED_UP_TO_1 },		/* FP: half precision */
	{ 4, 0, 20, SIGNED_UP_TO_1 },		/* AdvSIMD */
	{ 4, 0, 24, UP_TO_1, 'G' },		/* GIC: system registers of v3 */
	{ 4, 0, 28, UP_TO_1 },			/* RAS v1 */
	{ 4, 0, 48, UP_TO_1 },			/* DIT */
	{ 4, 0, 56, UP_TO_1 },			/* CSV2: no SCXTNUM */
	{ 4, 0, 60, UP_TO_1 },			/* CSV3 */
	/* ID_AA64PFR1_EL1 */
	{ 4, 1,  0, UP_TO_1 },			/* BT */
	{ 4, 1,  4, UP_TO_2 },			/* SSBS with MRS and MSR */
	{ 4, 1, 40, ALL_F },			/* MTE_frac: not implemented */
	/* ID_AA64DFR0_EL1: Armv8.0 debug, one comparator of each kind */
	{ 5, 0,  0, UP_TO_6 },			/* DebugVer */
	{ 5, 0, 36, ALL_F },			/* DoubleLock: not implemented */
	{ 5, 0, 48, ALL_F },			/* MTPMU: not implemented */
	/* ID_AA64ISAR0_EL1 */
	{ 6, 0,  4, UP_TO_2 },			/* AES, PMULL */
	{ 6, 0,  8, UP_TO_1 },			/* SHA1 */
	{ 6, 0, 12, UP_TO_2 },			/* SHA256, SHA512 */
	{ 6, 0, 16, UP_TO_1 },			/* CRC32 */
	{ 6, 0, 20, UP_TO_2 },			/* atomics, not of 128 bits */
	{ 6, 0, 28, UP_TO_1 },			/* RDM */
	{ 6, 0, 32, UP_TO_1 },			/* SHA3 */
	{ 6, 0, 36, UP_TO_1 },			/* SM3 */
	{ 6, 0, 40, UP_TO_1 },			/* SM4 */
	{ 6, 0, 44, UP_TO_1 },			/* dot products */
	{ 6, 0, 48, UP_TO_1 },			/* FHM */
	{ 6, 0, 52, UP_TO_2 },			/* flag manipulation */
	{ 6, 0, 56, UP_TO_2 },			/* TLBI: outer, range */
	{ 6, 0, 60, UP_TO_1 },			/* RNDR */
	/* ID_AA64ISAR1_EL1 */
	{ 6, 1,  0, UP_TO_2 },			/* DPB: DC CVAP, CVADP */
	{ 6, 1,  4, UP_TO_5, '5' },		/* APA: to FPACCOMBINE */
	{ 6, 1,  8, UP_TO_5, 'I' },		/* API */
	{ 6, 1, 12, UP_TO_1 },			/* JSCVT */
	{ 6, 1, 16, UP_TO_1 },			/* FCMA */
	{ 6, 1, 20, UP_TO_3 },			/* LRCPC */
	{ 6, 1, 24, UP_TO_1, '5' },		/* GPA */
	{ 6, 1, 28, UP_TO_1, 'I' },		/* GPI */
	{ 6, 1, 32, UP_TO_1 },			/* FRINTTS */
	{ 6, 1, 36, UP_TO_1 },			/* SB */
	{ 6, 1, 40, UP_TO_1 },			/* SPECRES: no COSP RCTX */
	{ 6, 1, 44, UP_TO_2 },			/* BF16 */
	{ 6, 1, 48, UP_TO_1 },			/* DGH */
	{ 6, 1, 52, UP_TO_1 },			/* I8MM */
	{ 6, 1, 56, UP_TO_1 },			/* XS */
	/* ID_AA64ISAR2_EL1 */
	{ 6, 2,  0, UP_TO_2 },			/* WFxT: 2 is the one that exists */
	{ 6, 2,  4, UP_TO_1 },			/* RPRES */
	{ 6, 2,  8, UP_TO_1, '3' },		/* GPA3 */
	{ 6, 2, 12, UP_TO_5, '3' },		/* APA3 */
	{ 6, 2, 16, UP_TO_1 },			/* MOPS */
	{ 6, 2, 20, UP_TO_1 },			/* BC */
	{ 6, 2, 28, UP_TO_1 },			/* CLRBHB */
	{ 6, 2, 44, UP_TO_1 },			/* PCDPHINT */
	{ 6, 2, 48, UP_TO_1 },			/* RPRFM */
	{ 6, 2, 52, UP_TO_1 },			/* CSSC, without compare and branch */
	{ 6, 2, 56, UP_TO_1 },			/* LUT, not of 6 bits */
	{ 6, 2, 60, UP_TO_1 },			/* ATS1A */
	/* ID_AA64ISAR3_EL1 */
	{ 6, 3,  4, UP_TO_1 },			/* FAMINMAX */
	{ 6, 3, 16, UP_TO_1 },			/* LSFE */
	{ 6, 3, 20, UP_TO_1 },			/* OCCMO */
	{ 6, 3, 24, UP_TO_1 },			/* LSUI */
	{ 6, 3, 28, UP_TO_1 },			/* FPRCVT */
	/* ID_AA64MMFR0_EL1; PARANGE follows the VM, see expected_parange[] */
	{ 7, 0,  4, UP_TO_2 },			/* ASIDBITS: 16 */
	{ 7, 0,  8, UP_TO_1 },			/* BIGEND */
	{ 7, 0, 12, UP_TO_1 },			/* SNSMEM */
	{ 7, 0, 16, UP_TO_1 },			/* BIGENDEL0 */
	{ 7, 0, 20, UP_TO_1 },			/* TGRAN16, below LPA2 */
	{ 7, 0, 24, SIGNED_UP_TO_0 },		/* TGRAN64 */
	{ 7, 0, 28, SIGNED_UP_TO_0 },		/* TGRAN4, below LPA2 */
	{ 7, 0, 32, ALL_1 },			/* TGRAN16_2: not implemented */
	{ 7, 0, 36, ALL_1 },			/* TGRAN64_2 */
	{ 7, 0, 40, ALL_1 },			/* TGRAN4_2 */
	{ 7, 0, 44, UP_TO_1 },			/* EXS */
	{ 7, 0, 60, UP_TO_1 },			/* ECV, without CNTPOFF */
	/* ID_AA64MMFR1_EL1 */
	{ 7, 1,  0, UP_TO_2 },			/* HAFDBS */
	{ 7, 1,  4, UP_TO_2 },			/* VMIDBits: 16 */
	{ 7, 1, 12, UP_TO_2 },			/* HPDS */
	{ 7, 1, 20, UP_TO_3 },			/* PAN */
	{ 7, 1, 24, AS_HOST },			/* SpecSEI: a hazard */
	{ 7, 1, 32, UP_TO_1 },			/* TWED */
	{ 7, 1, 36, UP_TO_3 },			/* ETS */
	{ 7, 1, 44, UP_TO_1 },			/* AFP */
	{ 7, 1, 52, UP_TO_1 },			/* TIDCP1 */
	{ 7, 1, 56, UP_TO_1 },			/* CMOW */
	{ 7, 1, 60, UP_TO_1 },			/* ECBHB */
	/* ID_AA64MMFR2_EL1 */
	{ 7, 2,  0, UP_TO_1 },			/* CnP */
	{ 7, 2,  4, UP_TO_1 },			/* UAO */
	{ 7, 2,  8, UP_TO_1 },			/* LSM */
	{ 7, 2, 12, UP_TO_1 },			/* IESB */
	{ 7, 2, 32, UP_TO_1 },			/* AT */
	{ 7, 2, 36, UP_TO_1 },			/* IDS */
	{ 7, 2, 48, UP_TO_1 },			/* TTL */
	{ 7, 2, 52, UP_TO_2 },			/* BBM */
	{ 7, 2, 60, UP_TO_1 },			/* E0PD */
	/* ID_AA64MMFR4_EL1 */
	{ 7, 4, 24, ALL_F },			/* E2H0: not implemented */
};

/* ID_AA64MMFR0_EL1.PARANGE: the smallest size for the IPA, 48 bits at most. */
static const struct {
	int ipa;
	const char *reads;
} expected_parange[] = {
	{ 32, ALL_0 }, { 36, UP_TO_1 }, { 40, UP_TO_2 }, { 42, UP_TO_3 },
	{ 44, UP_TO_4 }, { 255, UP_TO_5 },
};
