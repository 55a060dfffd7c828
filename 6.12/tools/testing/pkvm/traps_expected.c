// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trap registers of protected VMs, typed anew from the architecture: bit
 * numbers, not names, and no table of rows.
 */

#include "traps_test.h"

#define B(n)		(1ULL << (n))
#define BITS(hi, lo)	((~0ULL >> (63 - (hi))) & (~0ULL << (lo)))

/*
 * What no protected VM has traps, whatever its ID registers are made of: they
 * never say that it is there.
 */
static u64 expected_hcr(const struct vm_case *vm)
{
	/* VM SWIO PTW FMO IMO AMO; FB BSU_IS; TID1 TID3 TSC TIDCP TACR TSW */
	u64 val = BITS(5, 0) | B(9) | B(10) | B(16) | B(18) | BITS(22, 19);

	val |= B(31) | B(35) | B(58);			/* RW, TLOR, TID5 */
	val |= vm->hvhe ? B(34) : 0;			/* E2H */
	val |= vm->ras ? B(36) | B(37) : 0;		/* TERR, TEA */
	val |= vm->fwb ? B(46) : 0;
	val |= vm->pauth ? B(40) | B(41) : 0;		/* APK, API */
	val |= vm->tlb < 1 ? B(55) : 0;			/* TTLBOS */

	return val;
}

static u64 expected_mdcr(const struct vm_case *vm)
{
	/* TPMCR TPM; TDA TDOSA TDRA; TPMS; TTRF */
	return B(5) | B(6) | B(9) | B(10) | B(11) | B(14) | B(19) |
	       (vm->fgt ? B(27) : 0);			/* TDCC */
}

static u64 expected_hfgxtr(const struct vm_case *vm)
{
	/* ERX*; SCXTNUM_EL0, _EL1; REVIDR; LOR*; CSSELR; CLIDR CCSIDR; AIDR */
	u64 val = BITS(49, 40) | B(31) | B(30) | B(28) | BITS(23, 19) | B(13) |
		  B(10) | B(9) | B(2);

	val |= vm->vgic ? 0 : B(39);			/* ICC_IGRPENn_EL1 */
	val |= vm->pauth ? 0 : BITS(8, 4);		/* the keys */

	/* Bits 63 to 50 trap when clear, and none of what they guard is there. */
	return val;
}

static u64 expected_hfgitr(const struct vm_case *vm)
{
	u64 val = B(60) | BITS(6, 4);			/* COSP RCTX, DC by set/way */

	val |= vm->ats1a ? 0 : B(62);
	val |= vm->specres ? 0 : BITS(50, 48);		/* CPP, DVP, CFP */
	val |= vm->tlb < 1 ? BITS(23, 18) : 0;		/* OS */
	val |= vm->tlb < 2 ? BITS(41, 38) | BITS(37, 34) | BITS(27, 24) : 0;
	val |= vm->pan < 2 ? B(17) | B(16) : 0;		/* AT S1E1WP, S1E1RP */
	val |= vm->dpb < 2 ? B(9) : 0;
	val |= vm->dpb < 1 ? B(8) : 0;

	return val;
}

u64 expected_trap(enum pvm_trap_reg reg, const struct vm_case *vm)
{
	switch (reg) {
	case PVM_HCR:
		return expected_hcr(vm);
	case PVM_HCRX:
		/* TALLINT; MCE2, MSCEn */
		return B(6) | (vm->mops ? B(10) | B(11) : 0);
	case PVM_MDCR:
		return expected_mdcr(vm);
	case PVM_CPTR_NVHE:
		/* RES1, with TSM and TZ; TTA, TAM */
		return 0x33ff | B(20) | B(30);
	case PVM_CPTR_HVHE:
		return B(28) | B(30);
	case PVM_CNTHCTL_NVHE:
		return B(0);
	case PVM_CNTHCTL_HVHE:
		return B(10);
	case PVM_ICH_HCR:
		/* En, or TC TALL0 TALL1 */
		return vm->vgic ? B(0) : BITS(12, 10);
	case PVM_MPAM2:
		return B(48) | B(49) | B(58);
	case PVM_MPAMHCR:
		return B(31);
	case PVM_HFGxTR:
		return expected_hfgxtr(vm);
	case PVM_HFGITR:
		return expected_hfgitr(vm);
	case PVM_HDFGxTR:
		/* All that trap when set, in the read or the write register. */
		return B(63) | BITS(58, 40) | BITS(37, 9) | BITS(8, 0);
	case PVM_HAFGRTR:
		return BITS(49, 17) | BITS(4, 0);
	default:
		/* FEAT_FGT2: all of them trap when clear. TSB CSYNC is a hint. */
		return 0;
	}
}
