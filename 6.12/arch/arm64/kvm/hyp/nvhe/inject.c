// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take a synchronous exception to EL1 on behalf of a guest that is in the
 * middle of running, or of the host.
 *
 * The guest's EL1 registers are live in the CPU, their copies in memory are
 * stale. What injects therefore reads and writes the CPU. This differs from
 * exception.c, which works on memory and serves the exceptions that the host
 * asks for before a guest is entered.
 *
 * A guest must not be able to tell the result from an exception that the CPU
 * takes by itself. What counts is the CPU, not the VM: where the CPU has a
 * feature that affects PSTATE on exception entry, it does so even if the VM's
 * ID registers hide that feature.
 */

#include <linux/kvm_host.h>

#include <asm/cputype.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>

#include <nvhe/inject.h>

#define PSR_ALLINT_BIT	BIT(13)
#define PSR_PM_BIT	BIT(32)

static bool cpu_has(u64 id_reg, unsigned int shift, unsigned int min)
{
	return cpuid_feature_extract_unsigned_field(id_reg, shift) >= min;
}

/* The PSTATE bits that exception entry sets only if the CPU has a feature. */
static u64 entry_pstate_of_features(u64 sctlr)
{
	u64 pfr1 = read_cpuid(ID_AA64PFR1_EL1);
	u64 mmfr1 = read_cpuid(ID_AA64MMFR1_EL1);
	u64 dfr1 = read_cpuid(ID_AA64DFR1_EL1);
	u64 pstate = 0;

	if (!(sctlr & SCTLR_EL1_SPAN) &&
	    cpu_has(mmfr1, ID_AA64MMFR1_EL1_PAN_SHIFT, ID_AA64MMFR1_EL1_PAN_IMP))
		pstate |= PSR_PAN_BIT;

	if ((sctlr & SCTLR_ELx_DSSBS) &&
	    cpu_has(pfr1, ID_AA64PFR1_EL1_SSBS_SHIFT, ID_AA64PFR1_EL1_SSBS_IMP))
		pstate |= PSR_SSBS_BIT;

	if (cpu_has(pfr1, ID_AA64PFR1_EL1_MTE_SHIFT, ID_AA64PFR1_EL1_MTE_MTE2))
		pstate |= PSR_TCO_BIT;

	if (!(sctlr & SCTLR_EL1_SPINTMASK) &&
	    cpu_has(pfr1, ID_AA64PFR1_EL1_NMI_SHIFT, ID_AA64PFR1_EL1_NMI_IMP))
		pstate |= PSR_ALLINT_BIT;

	if (cpu_has(dfr1, ID_AA64DFR1_EL1_EBEP_SHIFT, ID_AA64DFR1_EL1_EBEP_IMP))
		pstate |= PSR_PM_BIT;

	return pstate;
}

/**
 * pvm_entry_pstate() - PSTATE after an exception from AArch64 to EL1
 * @old:	PSTATE before
 * @sctlr:	SCTLR_EL1
 *
 * Condition flags, DIT and PAN survive exception entry. UAO, SS, IL and BTYPE
 * become 0.
 *
 * Return: what this CPU writes by itself.
 */
u64 pvm_entry_pstate(u64 old, u64 sctlr)
{
	u64 kept = old & (PSR_N_BIT | PSR_Z_BIT | PSR_C_BIT | PSR_V_BIT |
			  PSR_DIT_BIT | PSR_PAN_BIT);

	return kept | entry_pstate_of_features(sctlr) |
	       PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT | PSR_MODE_EL1h;
}

static u64 vector_offset(u64 old)
{
	/* Of the host: a guest in AArch32 does not get here. */
	if (old & PSR_MODE32_BIT)
		return LOWER_EL_AArch32_VECTOR;

	switch (old & PSR_MODE_MASK) {
	case PSR_MODE_EL1h:
		return CURRENT_EL_SP_ELx_VECTOR;
	case PSR_MODE_EL1t:
		return CURRENT_EL_SP_EL0_VECTOR;
	default:
		return LOWER_EL_AArch64_VECTOR;
	}
}

/**
 * pvm_inject_sync64() - Take a synchronous exception to EL1
 * @esr:	what the guest finds in ESR_EL1
 *
 * For the vCPU that is running on this CPU and has just exited from AArch64, at
 * any of EL0t, EL1t and EL1h: ELR_EL2 and SPSR_EL2 are the guest's, and when
 * this returns they are those of its exception vector. The rules are those of
 * AArch64.TakeException() in the Arm ARM.
 */
void pvm_inject_sync64(u64 esr)
{
	u64 sctlr = read_sysreg_el1(SYS_SCTLR);
	u64 vbar = read_sysreg_el1(SYS_VBAR);
	u64 old = read_sysreg_el2(SYS_SPSR);

	write_sysreg_el1(esr, SYS_ESR);
	write_sysreg_el1(read_sysreg_el2(SYS_ELR), SYS_ELR);
	write_sysreg_el1(old, SYS_SPSR);

	write_sysreg_el2(vbar + vector_offset(old) + except_type_sync, SYS_ELR);
	write_sysreg_el2(pvm_entry_pstate(old, sctlr), SYS_SPSR);
}

/**
 * pvm_inject_host_abort() - Refuse the host an access to memory
 * @esr:	the syndrome of the stage-2 abort, which is the current exception
 *
 * An abort is what hardware has for an access that must not be, and the host's
 * kernel can recover from it where it expects one. The kernel gets a permission
 * fault. A process gets an external abort, since its kernel would find that the
 * permissions are fine, and let it try again.
 */
void pvm_inject_host_abort(u64 esr)
{
	bool el0 = !(read_sysreg_el2(SYS_SPSR) & PSR_MODE_EL1t);
	u64 ec = ESR_ELx_EC(esr);
	u64 new = esr & (ESR_ELx_IL | ESR_ELx_WNR);

	if (!el0)
		ec = ec == ESR_ELx_EC_IABT_LOW ? ESR_ELx_EC_IABT_CUR : ESR_ELx_EC_DABT_CUR;
	if (ESR_ELx_EC(esr) == ESR_ELx_EC_IABT_LOW)
		new &= ~ESR_ELx_WNR;

	new |= ec << ESR_ELx_EC_SHIFT;
	new |= el0 ? ESR_ELx_FSC_EXTABT : ESR_ELx_FSC_PERM_L(3);

	write_sysreg_el1(read_sysreg_el2(SYS_FAR), SYS_FAR);
	pvm_inject_sync64(new);
}
