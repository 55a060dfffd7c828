/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions for pkvm_traps and pkvm_runs: those of hidden features, which are UNDEF, and
 * those of the features that a protected VM may have. Numbers instead of an
 * assembler's names, because no released assembler knows all of them.
 *
 * Registers that a case finds: X0, X2: addresses in the data page; X1, X3, X4:
 * a length and a byte for the memory instructions; X6: a small number.
 */
#ifndef SELFTEST_KVM_PKVM_INSN_LIST_H
#define SELFTEST_KVM_PKVM_INSN_LIST_H

struct hidden_insn {
	const char *feature, *name;
	u32 insn;
	bool el0;
};

static const struct hidden_insn hidden_insns[] = {
	{ "SVE", "rdvl x5, #1", 0x04bf5025, true },
	{ "SVE", "ptrue p0.b", 0x2518e3e0, true },
	{ "SME", "smstart sm", 0xd503437f, true },
	{ "SME", "rdsvl x5, #1", 0x04bf5825, true },
	{ "SME", "zero {za}", 0xc00800ff, true },
	{ "NMI", "msr allint, #1", 0xd501431f },
	{ "NMI", "msr allint, x5", 0xd5184305 },
	{ "TME", "tstart x5", 0xd5233065, true },
	{ "TME", "tcommit", 0xd503307f, true },
	{ "LS64", "ld64b x8, [x2]", 0xf83fd048, true },
	{ "LS64", "st64b x8, [x2]", 0xf83f9048, true },
	{ "SPECRES2", "cosp rctx, x5", 0xd50b73c5, true },
	{ "BRBE", "brb iall", 0xd508729f | 1 << 16 },
	{ "GCS", "gcspushm x5", 0xd50b7705 },
	{ "MTE", "dc igsw, x5", 0xd5087685 },
	{ "MTE", "dc igdsw, x5", 0xd50876c5 },
	{ "MTE", "dc cgsw, x5", 0xd5087a85 },
	{ "MTE", "dc cgdsw, x5", 0xd5087ac5 },
	{ "MTE", "dc cigsw, x5", 0xd5087e85 },
	{ "MTE", "dc cigdsw, x5", 0xd5087ec5 },
	{ "EL3", "smc #0", 0xd4000003, true },
	{ "EL3", "smc #0xffff", 0xd41fffe3 },
	{ "EL2", "at s12e1r, x2", 0xd50c7882 },
	{ "EL2", "tlbi alle2", 0xd50c871f },
	{ "halting debug", "hlt #0", 0xd4400000, true },
	{ "halting debug", "dcps1", 0xd4a00001 },
	{ "halting debug", "drps", 0xd6bf03e0 },
	{ "IMPDEF", "sys #0, c11, c0, #0", 0xd508b01f },
	{ "IMPDEF", "sys #3, c15, c2, #7", 0xd50bf2ff },
	{ "IMPDEF", "sysl x5, #0, c15, c0, #0", 0xd528f005 },
};

static const struct hidden_insn pauth_insns[] = {
	{ "PAuth", "pacga x7, x5, x6", 0x9ac630a7, true },
	{ "PAuth", "pacia x5, x6", 0xdac100c5, true },
	{ "PAuth", "autia x5, x6", 0xdac110c5, true },
	{ "PAuth", "pacdb x5, x6", 0xdac10cc5, true },
	{ "PAuth", "autdb x5, x6", 0xdac11cc5, true },
	{ "PAuth", "retaa", 0xd65f0bff, true },
	{ "PAuth", "blraa x5, x6", 0xd73f08a6, true },
	{ "PAuth", "ldraa x5, [x2]", 0xf8200445, true },
};

/* Advertised by the VM's own ID registers: runs. Not advertised: see @absent. */
struct shown_insn {
	const char *feature;
	u8 reg;		/* CRm << 4 | op2 */
	u8 lsb, min;
	bool absent_undef;	/* what is absent is UNDEF, by a trap if need be */
	bool el0;
	u8 nr;
	u32 insns[8];
};

#define PFR0		0x40
#define PFR1		0x41
#define ISAR0		0x60
#define ISAR1		0x61
#define ISAR2		0x62
#define MMFR0		0x70
#define MMFR1		0x71
#define MMFR2		0x72

static const struct shown_insn shown_insns[] = {
	{ "EL1: ic ialluis, iallu, ivau", PFR0, 4, 1, false, false, 3,
	  { 0xd508711f, 0xd508751f, 0xd50b7522 } },
	{ "EL1: dc ivac, cvau, cvac, civac, zva", PFR0, 4, 1, false, false, 5,
	  { 0xd5087622, 0xd50b7b22, 0xd50b7a22, 0xd50b7e22, 0xd50b7422 } },
	{ "EL1: at s1e1r, s1e1w, s1e0r, s1e0w", PFR0, 4, 1, false, false, 4,
	  { 0xd5087802, 0xd5087822, 0xd5087842, 0xd5087862 } },
	{ "EL1: mrs AFSR0, AFSR1, AMAIR, CONTEXTIDR, ...", PFR0, 4, 1, false, false, 8,
	  { 0xd5385107, 0xd5385127, 0xd538a307, 0xd538d027, 0xd5381047, 0xd5385207,
	    0xd5386007, 0xd538c107 } },
	{ "EL1: mrs MAIR, PAR, SCTLR, TCR, ...", PFR0, 4, 1, false, false, 8,
	  { 0xd538a207, 0xd5387407, 0xd5381007, 0xd5382047, 0xd538d087, 0xd53bd067,
	    0xd53bd047, 0xd5382007 } },
	{ "EL1: mrs TTBR1, VBAR, MIDR, MPIDR, ...", PFR0, 4, 1, false, false, 6,
	  { 0xd5382027, 0xd538c007, 0xd5380007, 0xd53800a7, 0xd53b00e7, 0xd53b0027 } },
	{ "EL1: tlbi vmalle1, vae1, aside1, ...", PFR0, 4, 1, false, false, 6,
	  { 0xd508871f, 0xd5088725, 0xd5088745, 0xd5088765, 0xd50887a5, 0xd50887e5 } },
	{ "EL1: tlbi vmalle1is, vae1is, aside1is, ...", PFR0, 4, 1, false, false, 6,
	  { 0xd508831f, 0xd5088325, 0xd5088345, 0xd5088365, 0xd50883a5, 0xd50883e5 } },
	{ "FP", PFR0, 16, 0, false, true, 1, { 0x1e6e1000 } },
	{ "FP16", PFR0, 16, 1, false, true, 1, { 0x1ee22820 } },
	{ "AdvSIMD", PFR0, 20, 0, false, true, 1, { 0x4e23d441 } },
	{ "RAS: esb", PFR0, 28, 1, false, true, 1, { 0xd503221f } },
	{ "DIT: msr dit, #1", PFR0, 48, 1, false, true, 1, { 0xd503415f } },
	{ "SSBS2: msr ssbs, #1", PFR1, 4, 2, false, true, 1, { 0xd503413f } },
	{ "BTI: bti c", PFR1, 0, 1, false, true, 1, { 0xd503245f } },

	{ "AES", ISAR0, 4, 1, false, true, 1, { 0x4e284820 } },
	{ "PMULL", ISAR0, 4, 2, false, true, 1, { 0x0ee2e020 } },
	{ "SHA1", ISAR0, 8, 1, false, true, 1, { 0x5e280820 } },
	{ "SHA256", ISAR0, 12, 1, false, true, 1, { 0x5e024020 } },
	{ "SHA512", ISAR0, 12, 2, false, true, 1, { 0xce628020 } },
	{ "CRC32", ISAR0, 16, 1, false, true, 1, { 0x1ac748c5 } },
	{ "LSE: ldadd, cas, casp, swp", ISAR0, 20, 2, false, true, 4,
	  { 0xf8250046, 0xc8a57c46, 0x48287c4a, 0xf8258046 } },
	{ "RDM", ISAR0, 28, 1, false, true, 1, { 0x6e828420 } },
	{ "SHA3", ISAR0, 32, 1, false, true, 1, { 0xce020c20 } },
	{ "SM3", ISAR0, 36, 1, false, true, 1, { 0xce62c020 } },
	{ "SM4", ISAR0, 40, 1, false, true, 1, { 0xcec08420 } },
	{ "DotProd", ISAR0, 44, 1, false, true, 1, { 0x4e829420 } },
	{ "FHM", ISAR0, 48, 1, false, true, 1, { 0x4e22ec20 } },
	{ "FlagM: cfinv", ISAR0, 52, 1, false, true, 1, { 0xd500401f } },
	{ "FlagM2: axflag", ISAR0, 52, 2, false, true, 1, { 0xd500405f } },
	{ "TLBIOS: tlbi vmalle1os, vae1os, aside1os, ...", ISAR0, 56, 1, true, false, 6,
	  { 0xd508811f, 0xd5088125, 0xd5088145, 0xd5088165, 0xd50881a5, 0xd50881e5 } },
	{ "TLBIRANGE: tlbi rvae1, rvaae1, ...", ISAR0, 56, 2, true, false, 4,
	  { 0xd5088625, 0xd5088665, 0xd50886a5, 0xd50886e5 } },
	{ "TLBIRANGE: tlbi rvae1is, rvaae1is, ...", ISAR0, 56, 2, true, false, 4,
	  { 0xd5088225, 0xd5088265, 0xd50882a5, 0xd50882e5 } },
	{ "TLBIRANGE: tlbi rvae1os, rvaae1os, ...", ISAR0, 56, 2, true, false, 4,
	  { 0xd5088525, 0xd5088565, 0xd50885a5, 0xd50885e5 } },
	{ "RNG: mrs RNDR", ISAR0, 60, 1, false, true, 1, { 0xd53b2405 } },

	{ "DPB: dc cvap", ISAR1, 0, 1, true, false, 1, { 0xd50b7c22 } },
	{ "DPB2: dc cvadp", ISAR1, 0, 2, true, false, 1, { 0xd50b7d22 } },
	{ "JSCVT", ISAR1, 12, 1, false, true, 1, { 0x1e7e0005 } },
	{ "FCMA", ISAR1, 16, 1, false, true, 1, { 0x6e82c420 } },
	{ "LRCPC: ldapr", ISAR1, 20, 1, false, true, 1, { 0xf8bfc045 } },
	{ "LRCPC2: ldapur", ISAR1, 20, 2, false, true, 1, { 0xd9408045 } },
	{ "FRINTTS", ISAR1, 32, 1, false, true, 1, { 0x1e684020 } },
	{ "SB", ISAR1, 36, 1, false, true, 1, { 0xd50330ff } },
	{ "SPECRES: cfp, dvp, cpp rctx", ISAR1, 40, 1, true, false, 3,
	  { 0xd50b7385, 0xd50b73a5, 0xd50b73e5 } },
	{ "BF16", ISAR1, 44, 1, false, true, 1, { 0x6e42fc20 } },
	{ "DGH", ISAR1, 48, 1, false, true, 1, { 0xd50320df } },
	{ "I8MM", ISAR1, 52, 1, false, true, 1, { 0x4e829c20 } },
	{ "XS: dsb nXS", ISAR1, 56, 1, false, true, 1, { 0xd5033e3f } },

	/* X6 is a time long past. */
	{ "WFxT: wfet, wfit", ISAR2, 0, 2, false, false, 2,
	  { 0xd5031006, 0xd5031026 } },
	{ "MOPS: set", ISAR2, 16, 1, true, false, 3,
	  { 0x19c30420, 0x19c34420, 0x19c38420 } },
	/* mov x0, x2; add x1, x2, #64 */
	{ "MOPS: cpyf", ISAR2, 16, 1, true, false, 5,
	  { 0xaa0203e0, 0x91010041, 0x19010480, 0x19410480, 0x19810480 } },
	{ "BC", ISAR2, 20, 1, false, true, 1, { 0x54000030 } },
	{ "CSSC: ctz", ISAR2, 52, 1, false, true, 1, { 0xdac018a6 } },
	{ "ATS1A: at s1e1a", ISAR2, 60, 1, true, false, 1, { 0xd5087942 } },

	{ "ECV: CNTVCTSS_EL0, CNTPCTSS_EL0", MMFR0, 60, 1, false, false, 2,
	  { 0xd53be0c5, 0xd53be0a5 } },
	{ "PAN: msr pan, #0", MMFR1, 20, 1, false, false, 1, { 0xd500409f } },
	{ "PAN2: at s1e1rp, s1e1wp", MMFR1, 20, 2, true, false, 2, { 0xd5087902, 0xd5087922 } },
	{ "UAO: msr uao, #0", MMFR2, 4, 1, false, false, 1, { 0xd500407f } },
};

#undef PFR0
#undef PFR1
#undef ISAR0
#undef ISAR1
#undef ISAR2
#undef MMFR0
#undef MMFR1
#undef MMFR2

#endif /* SELFTEST_KVM_PKVM_INSN_LIST_H */
