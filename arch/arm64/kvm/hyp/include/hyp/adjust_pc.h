// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest PC manipulation helpers
 *
 * Copyright (C) 2012,2013 - ARM Ltd
 * Copyright (C) 2020 - Google LLC
 * Author: Marc Zyngier <maz@kernel.org>
 */

#ifndef __ARM64_KVM_HYP_ADJUST_PC_H__
#define __ARM64_KVM_HYP_ADJUST_PC_H__

#include <asm/cputype.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_host.h>

/**
 * exception_vector64() - Offset of a vector from the VBAR_ELx
 * @old:	PSTATE before the exception
 * @target_mode:	PSR_MODE_EL1h or PSR_MODE_EL2h
 * @type:	what kind of exception is taken
 *
 * Return: the offset in bytes.
 */
static inline u64 exception_vector64(u64 old, unsigned long target_mode,
				     enum exception_type type)
{
	unsigned long mode = old & (PSR_MODE_MASK | PSR_MODE32_BIT);

	if (mode == target_mode)
		return CURRENT_EL_SP_ELx_VECTOR + type;
	if ((mode | PSR_MODE_THREAD_BIT) == target_mode)
		return CURRENT_EL_SP_EL0_VECTOR + type;
	if (!(mode & PSR_MODE32_BIT))
		return LOWER_EL_AArch64_VECTOR + type;

	return LOWER_EL_AArch32_VECTOR + type;
}

/**
 * exception_pstate64() - PSTATE after an exception that is taken to AArch64
 * @old:	PSTATE before the exception
 * @sctlr:	SCTLR_ELx of the EL that takes the exception
 * @target_mode:	PSR_MODE_EL1h or PSR_MODE_EL2h
 *
 * When an exception is taken, most PSTATE fields are left unchanged in the
 * handler. However, some are explicitly overridden (e.g. M[4:0]). Luckily all
 * of the inherited bits have the same position in the AArch64/AArch32 SPSR_ELx
 * layouts, so we don't need to shuffle these for exceptions from AArch32 EL0.
 *
 * Some fields are set only if a feature is implemented. Ask the CPU rather than
 * the VM: the CPU itself does not know what is hidden from the guest, and a
 * guest must not be able to tell this exception from one of the CPU.
 *
 * For the SPSR_ELx layout for AArch64, see ARM DDI 0487E.a page C5-429.
 * For the SPSR_ELx layout for AArch32, see ARM DDI 0487E.a page C5-426.
 *
 * Here we manipulate the fields in order of the AArch64 SPSR_ELx layout, from
 * MSB to LSB.
 *
 * Return: the new PSTATE.
 */
static inline u64 exception_pstate64(u64 old, u64 sctlr, unsigned long target_mode)
{
	u64 pfr1 = read_cpuid(ID_AA64PFR1_EL1);
	u64 new = 0;

	// PSTATE.EXLOCK is set to GCSCR_ELx.EXLOCKEN, which is zero: no guest has GCS.

	// PSTATE.PM is set to one upon any exception to AArch64
	if (SYS_FIELD_GET(ID_AA64DFR1_EL1, EBEP, read_cpuid(ID_AA64DFR1_EL1)))
		new |= PSR_PM_BIT;

	new |= (old & PSR_N_BIT);
	new |= (old & PSR_Z_BIT);
	new |= (old & PSR_C_BIT);
	new |= (old & PSR_V_BIT);

	// PSTATE.TCO is set to one upon any exception to AArch64
	if (SYS_FIELD_GET(ID_AA64PFR1_EL1, MTE, pfr1) >= ID_AA64PFR1_EL1_MTE_MTE2)
		new |= PSR_TCO_BIT;

	new |= (old & PSR_DIT_BIT);

	// PSTATE.UAO is set to zero upon any exception to AArch64
	// See ARM DDI 0487E.a, page D5-2579.

	// PSTATE.PAN is unchanged unless SCTLR_ELx.SPAN == 0b0
	// SCTLR_ELx.SPAN is RES1 when ARMv8.1-PAN is not implemented
	// See ARM DDI 0487E.a, page D5-2578.
	new |= (old & PSR_PAN_BIT);
	if (!(sctlr & SCTLR_EL1_SPAN) &&
	    SYS_FIELD_GET(ID_AA64MMFR1_EL1, PAN, read_cpuid(ID_AA64MMFR1_EL1)))
		new |= PSR_PAN_BIT;

	// PSTATE.SS is set to zero upon any exception to AArch64
	// See ARM DDI 0487E.a, page D2-2452.

	// PSTATE.IL is set to zero upon any exception to AArch64
	// See ARM DDI 0487E.a, page D1-2306.

	// PSTATE.ALLINT is set to the inverse of SCTLR_ELx.SPINTMASK
	if (!(sctlr & SCTLR_EL1_SPINTMASK) &&
	    SYS_FIELD_GET(ID_AA64PFR1_EL1, NMI, pfr1))
		new |= ALLINT_ALLINT;

	// PSTATE.SSBS is set to SCTLR_ELx.DSSBS upon any exception to AArch64
	// See ARM DDI 0487E.a, page D13-3258
	if ((sctlr & SCTLR_ELx_DSSBS) &&
	    SYS_FIELD_GET(ID_AA64PFR1_EL1, SSBS, pfr1))
		new |= PSR_SSBS_BIT;

	// PSTATE.BTYPE is set to zero upon any exception to AArch64
	// See ARM DDI 0487E.a, pages D1-2293 to D1-2294.

	new |= PSR_D_BIT;
	new |= PSR_A_BIT;
	new |= PSR_I_BIT;
	new |= PSR_F_BIT;

	return new | target_mode;
}

static inline void kvm_skip_instr(struct kvm_vcpu *vcpu)
{
	if (vcpu_mode_is_32bit(vcpu)) {
		kvm_skip_instr32(vcpu);
	} else {
		*vcpu_pc(vcpu) += 4;
		*vcpu_cpsr(vcpu) &= ~PSR_BTYPE_MASK;
	}

	/* advance the singlestep state machine */
	*vcpu_cpsr(vcpu) &= ~DBG_SPSR_SS;
}

/*
 * Skip an instruction which has been emulated at hyp while most guest sysregs
 * are live.
 */
static inline void __kvm_skip_instr(struct kvm_vcpu *vcpu)
{
	*vcpu_pc(vcpu) = read_sysreg_el2(SYS_ELR);
	vcpu_gp_regs(vcpu)->pstate = read_sysreg_el2(SYS_SPSR);

	kvm_skip_instr(vcpu);

	write_sysreg_el2(vcpu_gp_regs(vcpu)->pstate, SYS_SPSR);
	write_sysreg_el2(*vcpu_pc(vcpu), SYS_ELR);
}

/*
 * Skip an instruction while host sysregs are live.
 * Assumes host is always 64-bit.
 */
static inline void kvm_skip_host_instr(void)
{
	write_sysreg_el2(read_sysreg_el2(SYS_ELR) + 4, SYS_ELR);
}

#endif
