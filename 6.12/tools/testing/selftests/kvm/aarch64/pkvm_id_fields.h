/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM may read in its ID registers, for pkvm_id_regs: the
 * contract restated by number, from the Arm architecture and the text of the
 * contract, not from the header that the hypervisor works with.
 *
 * A field that has no row reads as zero: reserved, or a feature that no
 * protected VM has and whose absence is 0.
 */
#ifndef SELFTEST_KVM_PKVM_ID_FIELDS_H
#define SELFTEST_KVM_PKVM_ID_FIELDS_H

enum id_kind {
	ID_MIN,		/* the smaller of host and limit, unsigned */
	ID_SMIN,	/* the same, signed: 0b1111 is less than 0 */
	ID_SET,		/* always the limit */
	ID_GIC,		/* ID_MIN with a vGICv3, else 0 */
	ID_PAUTH,	/* ID_MIN with PAuth, else 0 */
	ID_IPA,		/* ID_MIN with host, limit and the VM's IPA size */
};

struct id_field {
	u8 reg;		/* CRm << 4 | op2 */
	u8 lsb, limit;
	enum id_kind kind;
	const char *name;
};

#define PFR0		0x40
#define PFR1		0x41
#define DFR0		0x50
#define ISAR0		0x60
#define ISAR1		0x61
#define ISAR2		0x62
#define MMFR0		0x70
#define MMFR1		0x71
#define MMFR2		0x72
#define MMFR4		0x74

static const struct id_field id_fields[] = {
	/* AArch64 only, no EL2, no EL3; half precision at most. */
	{ PFR0,  0, 1, ID_MIN, "EL0" },
	{ PFR0,  4, 1, ID_MIN, "EL1" },
	{ PFR0,  8, 0, ID_SET, "EL2" },
	{ PFR0, 12, 0, ID_SET, "EL3" },
	{ PFR0, 16, 1, ID_SMIN, "FP" },
	{ PFR0, 20, 1, ID_SMIN, "AdvSIMD" },
	{ PFR0, 24, 1, ID_GIC, "GIC" },
	{ PFR0, 28, 1, ID_MIN, "RAS" },
	{ PFR0, 48, 1, ID_MIN, "DIT" },
	{ PFR0, 56, 1, ID_MIN, "CSV2" },
	{ PFR0, 60, 1, ID_MIN, "CSV3" },

	{ PFR1,  0, 1, ID_MIN, "BT" },
	{ PFR1,  4, 2, ID_MIN, "SSBS" },
	{ PFR1, 40, 15, ID_SET, "MTE_frac" },

	/* Armv8.0 debug: one breakpoint and one watchpoint, which are RAZ/WI. */
	{ DFR0,  0, 6, ID_MIN, "DebugVer" },
	{ DFR0, 36, 15, ID_SET, "DoubleLock" },
	{ DFR0, 48, 15, ID_SET, "MTPMU" },

	{ ISAR0,  4, 2, ID_MIN, "AES" },
	{ ISAR0,  8, 1, ID_MIN, "SHA1" },
	{ ISAR0, 12, 2, ID_MIN, "SHA2" },
	{ ISAR0, 16, 1, ID_MIN, "CRC32" },
	{ ISAR0, 20, 2, ID_MIN, "ATOMIC" },		/* not LSE128 */
	{ ISAR0, 28, 1, ID_MIN, "RDM" },
	{ ISAR0, 32, 1, ID_MIN, "SHA3" },
	{ ISAR0, 36, 1, ID_MIN, "SM3" },
	{ ISAR0, 40, 1, ID_MIN, "SM4" },
	{ ISAR0, 44, 1, ID_MIN, "DP" },
	{ ISAR0, 48, 1, ID_MIN, "FHM" },
	{ ISAR0, 52, 2, ID_MIN, "TS" },
	{ ISAR0, 56, 2, ID_MIN, "TLB" },
	{ ISAR0, 60, 1, ID_MIN, "RNDR" },

	{ ISAR1,  0, 2, ID_MIN, "DPB" },
	{ ISAR1,  4, 5, ID_PAUTH, "APA" },
	{ ISAR1,  8, 5, ID_PAUTH, "API" },
	{ ISAR1, 12, 1, ID_MIN, "JSCVT" },
	{ ISAR1, 16, 1, ID_MIN, "FCMA" },
	{ ISAR1, 20, 3, ID_MIN, "LRCPC" },
	{ ISAR1, 24, 1, ID_PAUTH, "GPA" },
	{ ISAR1, 28, 1, ID_PAUTH, "GPI" },
	{ ISAR1, 32, 1, ID_MIN, "FRINTTS" },
	{ ISAR1, 36, 1, ID_MIN, "SB" },
	{ ISAR1, 40, 1, ID_MIN, "SPECRES" },		/* not COSP RCTX */
	{ ISAR1, 44, 2, ID_MIN, "BF16" },
	{ ISAR1, 48, 1, ID_MIN, "DGH" },
	{ ISAR1, 52, 1, ID_MIN, "I8MM" },
	{ ISAR1, 56, 1, ID_MIN, "XS" },

	{ ISAR2,  0, 2, ID_MIN, "WFxT" },
	{ ISAR2,  4, 1, ID_MIN, "RPRES" },
	{ ISAR2,  8, 1, ID_PAUTH, "GPA3" },
	{ ISAR2, 12, 5, ID_PAUTH, "APA3" },
	{ ISAR2, 16, 1, ID_MIN, "MOPS" },
	{ ISAR2, 20, 1, ID_MIN, "BC" },
	{ ISAR2, 28, 1, ID_MIN, "CLRBHB" },
	{ ISAR2, 48, 1, ID_MIN, "RPRFM" },
	{ ISAR2, 52, 1, ID_MIN, "CSSC" },
	{ ISAR2, 56, 1, ID_MIN, "LUT" },
	{ ISAR2, 60, 1, ID_MIN, "ATS1A" },

	{ MMFR0,  0, 5, ID_IPA, "PARANGE" },		/* 48 bits at most */
	{ MMFR0,  4, 2, ID_MIN, "ASIDBITS" },
	{ MMFR0,  8, 1, ID_MIN, "BIGEND" },
	{ MMFR0, 12, 1, ID_MIN, "SNSMEM" },
	{ MMFR0, 16, 1, ID_MIN, "BIGENDEL0" },
	{ MMFR0, 20, 1, ID_MIN, "TGRAN16" },		/* not LPA2 */
	{ MMFR0, 24, 0, ID_SMIN, "TGRAN64" },
	{ MMFR0, 28, 0, ID_SMIN, "TGRAN4" },		/* not LPA2 */
	{ MMFR0, 32, 1, ID_SET, "TGRAN16_2" },
	{ MMFR0, 36, 1, ID_SET, "TGRAN64_2" },
	{ MMFR0, 40, 1, ID_SET, "TGRAN4_2" },
	{ MMFR0, 44, 1, ID_MIN, "EXS" },
	{ MMFR0, 60, 1, ID_MIN, "ECV" },

	{ MMFR1,  0, 2, ID_MIN, "HAFDBS" },
	{ MMFR1,  4, 2, ID_MIN, "VMIDBITS" },
	{ MMFR1, 12, 2, ID_MIN, "HPDS" },
	{ MMFR1, 20, 3, ID_MIN, "PAN" },
	{ MMFR1, 24, 1, ID_MIN, "SpecSEI" },
	{ MMFR1, 32, 1, ID_MIN, "TWED" },
	{ MMFR1, 36, 1, ID_MIN, "ETS" },
	{ MMFR1, 44, 1, ID_MIN, "AFP" },
	{ MMFR1, 52, 1, ID_MIN, "TIDCP1" },
	{ MMFR1, 56, 1, ID_MIN, "CMOW" },
	{ MMFR1, 60, 1, ID_MIN, "ECBHB" },

	{ MMFR2,  0, 1, ID_MIN, "CnP" },
	{ MMFR2,  4, 1, ID_MIN, "UAO" },
	{ MMFR2,  8, 1, ID_MIN, "LSM" },
	{ MMFR2, 12, 1, ID_MIN, "IESB" },
	{ MMFR2, 32, 1, ID_MIN, "AT" },
	{ MMFR2, 36, 1, ID_MIN, "IDS" },
	{ MMFR2, 48, 1, ID_MIN, "TTL" },
	{ MMFR2, 52, 2, ID_MIN, "BBM" },
	{ MMFR2, 60, 1, ID_MIN, "E0PD" },

	{ MMFR4, 24, 15, ID_SET, "E2H0" },
};

#undef PFR0
#undef PFR1
#undef DFR0
#undef ISAR0
#undef ISAR1
#undef ISAR2
#undef MMFR0
#undef MMFR1
#undef MMFR2
#undef MMFR4

#endif /* SELFTEST_KVM_PKVM_ID_FIELDS_H */
