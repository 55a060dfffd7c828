/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_TRAPS_H__
#define __ARM64_KVM_NVHE_TRAPS_H__

#include <linux/kvm_host.h>

#include <asm/kvm_trap_policy.h>

struct pkvm_hyp_vcpu;
struct pkvm_hyp_vm;

/* The trap registers of a protected VM: constant for its lifetime. */
struct pvm_traps {
	u64 val[PVM_NR_TRAP_REGS];
};

/*
 * What EL2 finds out about a physical CPU by looking at it, and what it keeps
 * of the host's while a guest runs.
 */
struct pvm_cpu {
	bool probed;
	bool has_pmu;
	bool has_spe;
	bool has_trbe;
	bool has_amu;
	bool has_fgt2;
	bool has_evt;
	bool has_mpam;
	bool has_mpamhcr;
	u8 hpmn;
	u64 ctr_el0;

	struct {
		u64 cnthctl;
		u64 pmcntenset;
		u64 mpam2;
		u64 mpamhcr;
		u64 hfgrtr2;
		u64 hfgwtr2;
		u64 hfgitr2;
		u64 hdfgrtr2;
		u64 hdfgwtr2;
	} host;
};

DECLARE_PER_CPU(struct pvm_cpu, pvm_cpu);

void pvm_probe_cpu(struct pvm_cpu *cpu);

/**
 * pvm_this_cpu() - What EL2 knows of the CPU that it is on
 *
 * Look at the hardware at the first call on each CPU.
 *
 * Return: the CPU's object, which no other CPU touches.
 */
static inline struct pvm_cpu *pvm_this_cpu(void)
{
	struct pvm_cpu *cpu = this_cpu_ptr(&pvm_cpu);

	if (unlikely(!cpu->probed))
		pvm_probe_cpu(cpu);

	return cpu;
}

const struct pvm_traps *pvm_traps_of(struct kvm_vcpu *vcpu);

void pvm_traps_check(void);
void pkvm_vm_init_traps(struct pkvm_hyp_vm *hyp_vm);
u64 pvm_hcr(struct kvm_vcpu *vcpu, u64 host_hcr);
u64 pvm_cptr(struct kvm_vcpu *vcpu);
u64 pvm_cpu_trap_bits(struct kvm_vcpu *vcpu, enum pvm_trap_reg reg, bool write);

/* The parts of the world switch that differ for a protected VM. */
void pvm_activate_traps(struct kvm_vcpu *vcpu);
void pvm_deactivate_traps(struct kvm_vcpu *vcpu);
void pvm_stop_counters(void);
void pvm_start_counters(void);
void pvm_enable_timer(struct kvm_vcpu *vcpu);
void pvm_disable_timer(void);

#endif /* __ARM64_KVM_NVHE_TRAPS_H__ */
