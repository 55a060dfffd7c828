// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switching to and from the trap registers of a protected VM
 *
 * All of them are written on every entry, and get the host's value back on
 * every exit. HCR_EL2 and CPTR_EL2 depend on more than the VM, and are written
 * by the world switch itself.
 */

#include <linux/cpufeature.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/kvm_mmu.h>
#include <asm/perf_event.h>

#include <nvhe/pkvm.h>
#include <nvhe/traps.h>

static void save_host_fgt(struct pvm_cpu *cpu)
{
	struct kvm_cpu_context *hctxt = host_data_ptr(host_ctxt);

	ctxt_sys_reg(hctxt, HFGRTR_EL2) = read_sysreg_s(SYS_HFGRTR_EL2);
	ctxt_sys_reg(hctxt, HFGWTR_EL2) = read_sysreg_s(SYS_HFGWTR_EL2);
	ctxt_sys_reg(hctxt, HFGITR_EL2) = read_sysreg_s(SYS_HFGITR_EL2);
	ctxt_sys_reg(hctxt, HDFGRTR_EL2) = read_sysreg_s(SYS_HDFGRTR_EL2);
	ctxt_sys_reg(hctxt, HDFGWTR_EL2) = read_sysreg_s(SYS_HDFGWTR_EL2);

	if (cpu->has_amu)
		ctxt_sys_reg(hctxt, HAFGRTR_EL2) = read_sysreg_s(SYS_HAFGRTR_EL2);

	if (!cpu->has_fgt2)
		return;

	cpu->host.hfgrtr2 = read_sysreg_s(SYS_HFGRTR2_EL2);
	cpu->host.hfgwtr2 = read_sysreg_s(SYS_HFGWTR2_EL2);
	cpu->host.hfgitr2 = read_sysreg_s(SYS_HFGITR2_EL2);
	cpu->host.hdfgrtr2 = read_sysreg_s(SYS_HDFGRTR2_EL2);
	cpu->host.hdfgwtr2 = read_sysreg_s(SYS_HDFGWTR2_EL2);
}

static void restore_host_fgt(struct pvm_cpu *cpu)
{
	struct kvm_cpu_context *hctxt = host_data_ptr(host_ctxt);

	write_sysreg_s(ctxt_sys_reg(hctxt, HFGRTR_EL2), SYS_HFGRTR_EL2);
	write_sysreg_s(ctxt_sys_reg(hctxt, HFGWTR_EL2), SYS_HFGWTR_EL2);
	write_sysreg_s(ctxt_sys_reg(hctxt, HFGITR_EL2), SYS_HFGITR_EL2);
	write_sysreg_s(ctxt_sys_reg(hctxt, HDFGRTR_EL2), SYS_HDFGRTR_EL2);
	write_sysreg_s(ctxt_sys_reg(hctxt, HDFGWTR_EL2), SYS_HDFGWTR_EL2);

	if (cpu->has_amu)
		write_sysreg_s(ctxt_sys_reg(hctxt, HAFGRTR_EL2), SYS_HAFGRTR_EL2);

	if (!cpu->has_fgt2)
		return;

	write_sysreg_s(cpu->host.hfgrtr2, SYS_HFGRTR2_EL2);
	write_sysreg_s(cpu->host.hfgwtr2, SYS_HFGWTR2_EL2);
	write_sysreg_s(cpu->host.hfgitr2, SYS_HFGITR2_EL2);
	write_sysreg_s(cpu->host.hdfgrtr2, SYS_HDFGRTR2_EL2);
	write_sysreg_s(cpu->host.hdfgwtr2, SYS_HDFGWTR2_EL2);
}

/* A value for the read and the write register goes to each without the other's bits. */
static void write_guest_fgt(struct kvm_vcpu *vcpu, struct pvm_cpu *cpu)
{
	const u64 *val = pvm_traps_of(vcpu)->val;
	u64 wr = val[PVM_HFGxTR] | pvm_cpu_trap_bits(vcpu, PVM_HFGxTR, true);

	write_sysreg_s(val[PVM_HFGxTR] & ~__HFGRTR_EL2_RES0, SYS_HFGRTR_EL2);
	write_sysreg_s(wr & ~__HFGWTR_EL2_RES0, SYS_HFGWTR_EL2);
	write_sysreg_s(val[PVM_HFGITR] & ~__HFGITR_EL2_RES0, SYS_HFGITR_EL2);
	write_sysreg_s(val[PVM_HDFGxTR] & ~__HDFGRTR_EL2_RES0, SYS_HDFGRTR_EL2);
	write_sysreg_s(val[PVM_HDFGxTR] & ~__HDFGWTR_EL2_RES0, SYS_HDFGWTR_EL2);

	if (cpu->has_amu)
		write_sysreg_s(val[PVM_HAFGRTR], SYS_HAFGRTR_EL2);

	if (!cpu->has_fgt2)
		return;

	write_sysreg_s(val[PVM_HFGxTR2] & ~HFGRTR2_EL2_RES0, SYS_HFGRTR2_EL2);
	write_sysreg_s(val[PVM_HFGxTR2] & ~HFGWTR2_EL2_RES0, SYS_HFGWTR2_EL2);
	write_sysreg_s(val[PVM_HFGITR2], SYS_HFGITR2_EL2);
	write_sysreg_s(val[PVM_HDFGxTR2] & ~HDFGRTR2_EL2_RES0, SYS_HDFGRTR2_EL2);
	write_sysreg_s(val[PVM_HDFGxTR2] & ~HDFGWTR2_EL2_RES0, SYS_HDFGWTR2_EL2);
}

/* EL2 runs in the host's partition. Which one the guest is in is the host's choice. */
static void write_guest_mpam(struct kvm_vcpu *vcpu, struct pvm_cpu *cpu)
{
	const u64 *val = pvm_traps_of(vcpu)->val;

	cpu->host.mpam2 = read_sysreg_s(SYS_MPAM2_EL2);
	write_sysreg_s((cpu->host.mpam2 & ~PVM_MPAM2_ENMPAMSM) | val[PVM_MPAM2],
		       SYS_MPAM2_EL2);

	if (cpu->has_mpamhcr) {
		cpu->host.mpamhcr = read_sysreg_s(SYS_MPAMHCR_EL2);
		write_sysreg_s(val[PVM_MPAMHCR], SYS_MPAMHCR_EL2);
	}
}

static void restore_host_mpam(struct pvm_cpu *cpu)
{
	write_sysreg_s(cpu->host.mpam2, SYS_MPAM2_EL2);
	if (cpu->has_mpamhcr)
		write_sysreg_s(cpu->host.mpamhcr, SYS_MPAMHCR_EL2);
}

/**
 * pvm_activate_traps() - Load a protected VM's trap registers
 * @vcpu:	EL2's vCPU, about to run on this CPU
 *
 * All but HCR_EL2, CPTR_EL2 and CNTHCTL_EL2. What the host has is kept.
 */
void pvm_activate_traps(struct kvm_vcpu *vcpu)
{
	const u64 *val = pvm_traps_of(vcpu)->val;
	struct pvm_cpu *cpu = pvm_this_cpu();

	/* AArch32 accesses to cp15 c15. The guest has no AArch32. */
	write_sysreg(1 << 15, hstr_el2);

	/*
	 * From EL0, a PMU access has to trap to EL2 rather than to EL1. EN on
	 * its own opens all registers to EL0. The other bits open some each,
	 * and add nothing.
	 */
	if (cpu->has_pmu) {
		struct kvm_cpu_context *hctxt = host_data_ptr(host_ctxt);

		write_sysreg(0, pmselr_el0);
		ctxt_sys_reg(hctxt, PMUSERENR_EL0) = read_sysreg(pmuserenr_el0);
		write_sysreg(ARMV8_PMU_USERENR_EN, pmuserenr_el0);
	}

	*host_data_ptr(host_debug_state.mdcr_el2) = read_sysreg(mdcr_el2);
	write_sysreg(val[PVM_MDCR] | cpu->hpmn, mdcr_el2);

	if (cpus_have_final_cap(ARM64_HAS_HCX))
		write_sysreg_s(val[PVM_HCRX], SYS_HCRX_EL2);

	if (cpus_have_final_cap(ARM64_HAS_FGT)) {
		save_host_fgt(cpu);
		write_guest_fgt(vcpu, cpu);
	}

	if (cpu->has_mpam)
		write_guest_mpam(vcpu, cpu);
}

/**
 * pvm_deactivate_traps() - The reverse of pvm_activate_traps()
 * @vcpu:	EL2's vCPU, which has just run on this CPU
 */
void pvm_deactivate_traps(struct kvm_vcpu *vcpu)
{
	struct pvm_cpu *cpu = pvm_this_cpu();

	write_sysreg(*host_data_ptr(host_debug_state.mdcr_el2), mdcr_el2);

	write_sysreg(0, hstr_el2);
	if (cpu->has_pmu) {
		struct kvm_cpu_context *hctxt = host_data_ptr(host_ctxt);

		write_sysreg(ctxt_sys_reg(hctxt, PMUSERENR_EL0), pmuserenr_el0);
	}

	if (cpus_have_final_cap(ARM64_HAS_HCX))
		write_sysreg_s(HCRX_HOST_FLAGS, SYS_HCRX_EL2);

	if (cpus_have_final_cap(ARM64_HAS_FGT))
		restore_host_fgt(cpu);
	if (cpu->has_mpam)
		restore_host_mpam(cpu);
}

/**
 * pvm_stop_counters() - Stop the host's counters before a protected guest runs
 *
 * They would tell what it does. Neither HPMN nor HPME stops them.
 */
void pvm_stop_counters(void)
{
	struct pvm_cpu *cpu = pvm_this_cpu();

	if (!cpu->has_pmu)
		return;

	cpu->host.pmcntenset = read_sysreg(pmcntenset_el0);
	write_sysreg(cpu->host.pmcntenset, pmcntenclr_el0);
}

/* Start those counters again that pvm_stop_counters() stopped. */
void pvm_start_counters(void)
{
	struct pvm_cpu *cpu = pvm_this_cpu();

	if (cpu->has_pmu)
		write_sysreg(cpu->host.pmcntenset, pmcntenset_el0);
}

/**
 * pvm_enable_timer() - Load a protected VM's control of the timers, and its offset
 * @vcpu:	EL2's vCPU, about to run on this CPU
 */
void pvm_enable_timer(struct kvm_vcpu *vcpu)
{
	struct pkvm_hyp_vm *hyp_vm = container_of(vcpu->kvm, struct pkvm_hyp_vm, kvm);
	const u64 *val = hyp_vm->traps.val;

	pvm_this_cpu()->host.cnthctl = read_sysreg(cnthctl_el2);
	write_sysreg(val[has_hvhe() ? PVM_CNTHCTL_HVHE : PVM_CNTHCTL_NVHE], cnthctl_el2);

	/* The host keeps the timer loaded, with what it took to be the offset. */
	write_sysreg(hyp_vm->cntvoff, cntvoff_el2);
}

/* Give the host its control of the timers back. The offset stays. */
void pvm_disable_timer(void)
{
	write_sysreg(pvm_this_cpu()->host.cnthctl, cnthctl_el2);
}
