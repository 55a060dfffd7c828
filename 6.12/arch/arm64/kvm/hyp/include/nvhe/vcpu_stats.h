/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What EL2 did for a protected vCPU, in numbers, for the host to show.
 *
 * EL2 counts in its own object of the vCPU, and at the exit to the host adds
 * what was counted to the host's. Nothing comes back: a host that resets or
 * overwrites its counters changes what it shows, and nothing else.
 *
 * Reads of ID registers are frequent. Counting one is one increment, by
 * pvm_sysreg_trap() where the vectors are.
 */

#ifndef __ARM64_KVM_NVHE_VCPU_STATS_H__
#define __ARM64_KVM_NVHE_VCPU_STATS_H__

#include <linux/kvm_host.h>

#include <asm/esr.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_hyp.h>

/**
 * pvm_count_sysreg() - Count an access to a system register that EL2 completed
 * @vcpu:	EL2's vCPU, running on this CPU
 */
static inline void pvm_count_sysreg(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pvm_regs.done++;
}

/**
 * pvm_count_undef() - Count an UNDEF, and keep what it is for and where
 * @vcpu:	EL2's vCPU, running on this CPU
 *
 * To be called before the exception is injected, while ELR_EL2 holds the
 * address of the instruction and fault.esr_el2 the syndrome of its trap.
 */
static inline void pvm_count_undef(struct kvm_vcpu *vcpu)
{
	u64 esr = vcpu->arch.fault.esr_el2;

	if (ESR_ELx_EC(esr) == ESR_ELx_EC_SYS64)
		vcpu->stat.pvm_sysreg_undef++;
	else
		vcpu->stat.pvm_other_undef++;

	vcpu->arch.pvm_undef.esr = esr;
	vcpu->arch.pvm_undef.pc = read_sysreg_el2(SYS_ELR);
}

/* Most exits have nothing to move. */
static inline void pvm_move_count(u64 *from, u64 *to)
{
	if (!*from)
		return;

	WRITE_ONCE(*to, READ_ONCE(*to) + *from);
	*from = 0;
}

/**
 * pvm_sync_stats() - Hand what was counted since the last exit to the host
 * @vcpu:	EL2's vCPU, which has just exited
 * @host_vcpu:	the host's, pinned
 * @exit_code:	what __kvm_vcpu_run() returned
 */
static inline void pvm_sync_stats(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu,
				  int exit_code)
{
	struct kvm_vcpu_stat *from = &vcpu->stat, *to = &host_vcpu->stat;

	if (ARM_EXCEPTION_CODE(exit_code) == ARM_EXCEPTION_TRAP)
		WRITE_ONCE(to->pvm_host_exits, READ_ONCE(to->pvm_host_exits) + 1);

	pvm_move_count(&vcpu->arch.pvm_regs.done, &to->pvm_sysreg_done);
	if (likely(!(from->pvm_sysreg_undef | from->pvm_other_undef)))
		return;

	pvm_move_count(&from->pvm_sysreg_undef, &to->pvm_sysreg_undef);
	pvm_move_count(&from->pvm_other_undef, &to->pvm_other_undef);
	host_vcpu->arch.pvm_undef = vcpu->arch.pvm_undef;
}

#endif /* __ARM64_KVM_NVHE_VCPU_STATS_H__ */
