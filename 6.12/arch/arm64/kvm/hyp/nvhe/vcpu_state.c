// SPDX-License-Identifier: GPL-2.0-only
/*
 * What crosses between the host and EL2 at the entry to a guest and the exit
 *
 * EL2 has a vCPU of its own, and runs that one. The host's stays mapped at EL2,
 * and can change at any time: what is taken is read once, checked, and what
 * was read is what is used. The host's configuration of the vCPU does not
 * cross at all, see vm_config.c.
 *
 * Of a protected vCPU these cross: the general, FP and system registers named
 * here, PSTATE, a pending exception or the step over an instruction, the trap
 * bits of HCR_EL2 that tell when the guest waits, a virtual SError, the state
 * of the vGIC and the VMID. Into the other direction go the same registers,
 * the description of a fault, and what is left pending. Nothing else.
 *
 * A vCPU that is not protected belongs to the host. Its whole register file
 * crosses, but for that of the PMU, and the host may debug it. Yet the host does
 * not get to decide how EL2 switches: not on pointers, nor on the bits that keep
 * the guest below EL2.
 */

#include <linux/irqchip/arm-gic-v3.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_ptrauth.h>

#include <nvhe/pkvm.h>
#include <nvhe/sys_regs.h>
#include <nvhe/traps.h>
#include <nvhe/vcpu_state.h>

#define IFLAGS_PENDING		unpack_vcpu_flag(PENDING_EXCEPTION)
#define IFLAGS_INCREMENT_PC	unpack_vcpu_flag(INCREMENT_PC)
#define IFLAGS_EXCEPT		(IFLAGS_PENDING | __EXCEPT_MASK_VAL)

/* The first exception that is not taken to EL1. */
#define EXCEPT_FIRST_EL2	unpack_vcpu_flag(EXCEPT_AA64_EL2_SYNC)

/* HCR_EL2 of a vCPU that is not protected: what follows from its features. */
#define HOST_VCPU_HCR_OWNED	(HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO | HCR_RW | \
				 HCR_E2H | HCR_TGE | HCR_API | HCR_APK | HCR_AT | \
				 HCR_NV | HCR_NV1 | HCR_NV2 | HCR_RES0)

/* MDCR_EL2 of a vCPU that is not protected: the host may be its debugger. */
#define HOST_VCPU_MDCR_TRAPS	(MDCR_EL2_TPM | MDCR_EL2_TPMS | MDCR_EL2_TTRF | \
				 MDCR_EL2_TPMCR | MDCR_EL2_TDRA | MDCR_EL2_TDOSA)

/* Interrupts that tell the host about the state of the list registers. */
#define ICH_HCR_LRENPIE		BIT(2)
#define ICH_HCR_VGRP_IE		GENMASK(7, 4)
#define ICH_HCR_FROM_HOST	(ICH_HCR_UIE | ICH_HCR_LRENPIE | \
				 ICH_HCR_NPIE | ICH_HCR_VGRP_IE)
#define ICH_HCR_TRAPS		(ICH_HCR_TC | ICH_HCR_TALL0 | \
				 ICH_HCR_TALL1 | ICH_HCR_TDIR)

/*
 * The system registers that a protected guest has for itself.
 *
 * Missing: MPIDR_EL1, which EL2 fixes when the vCPU is created, and MDSCR_EL1
 * and the cache geometry, which EL2 emulates.
 */
static const u16 pvm_sysregs_crossing[] = {
	SCTLR_EL1, CPACR_EL1, TTBR0_EL1, TTBR1_EL1, TCR_EL1, MAIR_EL1, AMAIR_EL1,
	ESR_EL1, AFSR0_EL1, AFSR1_EL1, FAR_EL1, PAR_EL1, VBAR_EL1, DISR_EL1,
	CONTEXTIDR_EL1, CNTKCTL_EL1, SP_EL1, ELR_EL1, SPSR_EL1,
	TPIDR_EL0, TPIDRRO_EL0, TPIDR_EL1,
	APIAKEYLO_EL1, APIAKEYHI_EL1, APIBKEYLO_EL1, APIBKEYHI_EL1,
	APDAKEYLO_EL1, APDAKEYHI_EL1, APDBKEYLO_EL1, APDBKEYHI_EL1,
	APGAKEYLO_EL1, APGAKEYHI_EL1,
};

/* AArch64 at EL0 or EL1: a protected guest is nowhere else. */
static bool pstate_is_aarch64(u64 pstate)
{
	switch (pstate & (PSR_MODE_MASK | PSR_MODE32_BIT)) {
	case PSR_MODE_EL0t:
	case PSR_MODE_EL1t:
	case PSR_MODE_EL1h:
		return true;
	default:
		return false;
	}
}

/* One exception for EL1, or one instruction to step over, but not both. */
static bool pvm_iflags_valid(u8 iflags)
{
	if (iflags & IFLAGS_PENDING)
		return (iflags & __EXCEPT_MASK_VAL) < EXCEPT_FIRST_EL2;

	return true;
}

static u8 pvm_iflags(u8 iflags)
{
	return iflags & (iflags & IFLAGS_PENDING ? IFLAGS_EXCEPT : IFLAGS_INCREMENT_PC);
}

static void copy_pvm_sysregs(struct kvm_cpu_context *to, const struct kvm_cpu_context *from)
{
	int i;

	/* Without the loop, the table is gone, too: a load and a store each. */
#pragma GCC unroll 64
	for (i = 0; i < ARRAY_SIZE(pvm_sysregs_crossing); i++) {
		u16 reg = pvm_sysregs_crossing[i];

		to->sys_regs[reg] = from->sys_regs[reg];
	}
}

static int flush_pvm_context(struct kvm_vcpu *vcpu, const struct kvm_vcpu *host_vcpu)
{
	const struct kvm_cpu_context *from = &host_vcpu->arch.ctxt;
	struct kvm_cpu_context *to = &vcpu->arch.ctxt;
	u8 iflags = READ_ONCE(host_vcpu->arch.iflags);
	u64 pstate = READ_ONCE(from->regs.pstate);

	if (!pstate_is_aarch64(pstate) || !pvm_iflags_valid(iflags))
		return -EINVAL;

	to->regs = from->regs;
	to->regs.pstate = lower_32_bits(pstate);
	to->fp_regs = from->fp_regs;
	copy_pvm_sysregs(to, from);
	pkvm_sysreg_flush(container_of(vcpu, struct pkvm_hyp_vcpu, vcpu));
	vcpu->arch.iflags = pvm_iflags(iflags);

	vcpu->arch.hcr_el2 = pvm_hcr(vcpu, READ_ONCE(host_vcpu->arch.hcr_el2));
	vcpu->arch.vsesr_el2 = READ_ONCE(host_vcpu->arch.vsesr_el2) & ESR_ELx_ISS_MASK;
	return 0;
}

static void sync_pvm_context(const struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	const struct kvm_cpu_context *from = &vcpu->arch.ctxt;
	struct kvm_cpu_context *to = &host_vcpu->arch.ctxt;
	u8 iflags = READ_ONCE(host_vcpu->arch.iflags);

	to->regs = from->regs;
	copy_pvm_sysregs(to, from);
	/* For whoever asks. They do not come back. */
	to->sys_regs[MDSCR_EL1] = from->sys_regs[MDSCR_EL1];
	to->sys_regs[CSSELR_EL1] = from->sys_regs[CSSELR_EL1];

	iflags &= ~IFLAGS_EXCEPT;
	host_vcpu->arch.iflags = iflags | vcpu->arch.iflags;
}

/* The registers that the host debugs a guest with are in one of two places. */
static void flush_debug_ptr(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	void *debug_ptr = kern_hyp_va(READ_ONCE(host_vcpu->arch.debug_ptr));

	if (debug_ptr == &host_vcpu->arch.external_debug_state)
		vcpu->arch.debug_ptr = &host_vcpu->arch.external_debug_state;
	else
		vcpu->arch.debug_ptr = &host_vcpu->arch.vcpu_debug_state;
}

static u64 host_vcpu_hcr(struct kvm_vcpu *vcpu, u64 host_hcr)
{
	u64 hcr = host_hcr & ~HOST_VCPU_HCR_OWNED;

	hcr |= HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO;
	if (has_hvhe())
		hcr |= HCR_E2H;
	if (!vcpu_has_feature(vcpu, KVM_ARM_VCPU_EL1_32BIT))
		hcr |= HCR_RW;
	if (vcpu_has_ptrauth(vcpu))
		hcr |= HCR_API | HCR_APK;

	return hcr;
}

static u64 host_vcpu_mdcr(u64 host_mdcr)
{
	return HOST_VCPU_MDCR_TRAPS | pvm_this_cpu()->hpmn |
	       (host_mdcr & (MDCR_EL2_TDE | MDCR_EL2_TDA));
}

/*
 * All but the FP registers, and those of the PMU: the host emulates a PMU, EL2
 * neither loads its registers nor saves them. The pointers stay NULL at EL2.
 */
static void copy_host_vcpu_context(struct kvm_cpu_context *to,
				   const struct kvm_cpu_context *from)
{
	const int behind_pmu = PMUSERENR_EL0 + 1;

	to->regs = from->regs;
	to->spsr_abt = from->spsr_abt;
	to->spsr_und = from->spsr_und;
	to->spsr_irq = from->spsr_irq;
	to->spsr_fiq = from->spsr_fiq;

	BUILD_BUG_ON(PMSELR_EL0 != PMCR_EL0 + 1 || APIAKEYLO_EL1 != behind_pmu);
	memcpy(to->sys_regs, from->sys_regs, PMCR_EL0 * sizeof(u64));
	memcpy(&to->sys_regs[behind_pmu], &from->sys_regs[behind_pmu],
	       (NR_SYS_REGS - behind_pmu) * sizeof(u64));
}

static bool this_cpu_has_32bit_el0(void)
{
	return SYS_FIELD_GET(ID_AA64PFR0_EL1, EL0, read_sysreg(id_aa64pfr0_el1)) >=
	       ID_AA64PFR0_EL1_EL0_AARCH32;
}

/*
 * An exception return to any other mode is illegal, and does not leave EL2. An
 * interrupt that PSTATE does not mask is then taken from EL2, before the illegal
 * state that EL2 can recover from: a panic.
 */
static bool host_vcpu_pstate_valid(const struct kvm_vcpu *vcpu, u64 pstate)
{
	bool el1_32bit = vcpu_has_feature(vcpu, KVM_ARM_VCPU_EL1_32BIT);

	if (pstate_is_aarch64(pstate))
		return !el1_32bit;

	switch (pstate & PSR_AA32_MODE_MASK) {
	case PSR_AA32_MODE_USR:
		return el1_32bit || this_cpu_has_32bit_el0();
	case PSR_AA32_MODE_FIQ:
	case PSR_AA32_MODE_IRQ:
	case PSR_AA32_MODE_SVC:
	case PSR_AA32_MODE_ABT:
	case PSR_AA32_MODE_UND:
	case PSR_AA32_MODE_SYS:
		return el1_32bit;
	default:
		return false;
	}
}

static int flush_host_vcpu_context(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	copy_host_vcpu_context(&vcpu->arch.ctxt, &host_vcpu->arch.ctxt);
	vcpu->arch.ctxt.fp_regs = host_vcpu->arch.ctxt.fp_regs;

	if (!host_vcpu_pstate_valid(vcpu, vcpu->arch.ctxt.regs.pstate))
		return -EINVAL;

	vcpu->arch.hcr_el2 = host_vcpu_hcr(vcpu, READ_ONCE(host_vcpu->arch.hcr_el2));
	vcpu->arch.mdcr_el2 = host_vcpu_mdcr(READ_ONCE(host_vcpu->arch.mdcr_el2));
	vcpu->arch.vsesr_el2 = READ_ONCE(host_vcpu->arch.vsesr_el2);
	vcpu->arch.iflags = READ_ONCE(host_vcpu->arch.iflags);

	flush_debug_ptr(vcpu, host_vcpu);
	return 0;
}

static void sync_host_vcpu_context(const struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	copy_host_vcpu_context(&host_vcpu->arch.ctxt, &vcpu->arch.ctxt);
	host_vcpu->arch.iflags = vcpu->arch.iflags;
}

/*
 * The exit path leaves with the keys of the hyp context. Unless the host's
 * kernel keys were swapped for those on the way to EL2, the live keys are the
 * host's, and the hyp context needs to have them.
 */
static void save_host_keys(struct kvm_vcpu *vcpu)
{
	if (!IS_ENABLED(CONFIG_ARM64_PTR_AUTH_KERNEL) &&
	    vcpu->arch.hcr_el2 & (HCR_API | HCR_APK))
		ptrauth_save_keys(this_cpu_ptr(&kvm_hyp_ctxt));
}

static u32 vgic_hcr(struct kvm_vcpu *vcpu, u32 host_hcr)
{
	struct pkvm_hyp_vm *hyp_vm = container_of(vcpu->kvm, struct pkvm_hyp_vm, kvm);
	u32 from_host = ICH_HCR_FROM_HOST;

	if (!vcpu_is_protected(vcpu))
		return host_hcr;

	/* Some CPUs need the host's help with their GIC CPU interface. */
	if (static_branch_unlikely(&vgic_v3_cpuif_trap))
		from_host |= ICH_HCR_TRAPS;

	return hyp_vm->traps.val[PVM_ICH_HCR] | (host_hcr & from_host);
}

static void flush_vgic(struct kvm_vcpu *vcpu, const struct kvm_vcpu *host_vcpu)
{
	const struct vgic_v3_cpu_if *from = &host_vcpu->arch.vgic_cpu.vgic_v3;
	struct vgic_v3_cpu_if *to = &vcpu->arch.vgic_cpu.vgic_v3;
	unsigned int i;

	to->vgic_hcr = vgic_hcr(vcpu, READ_ONCE(from->vgic_hcr));
	to->used_lrs = 0;
	if (!irqchip_in_kernel(vcpu->kvm))
		return;

	/* Bound used_lrs by the number of implemented list registers. */
	to->used_lrs = min(READ_ONCE(from->used_lrs), hyp_gicv3_nr_lr);
	for (i = 0; i < to->used_lrs; i++)
		to->vgic_lr[i] = READ_ONCE(from->vgic_lr[i]);

	/* Only whether there is one matters to EL2: LPIs come without LRs. */
	to->its_vpe.its_vm = READ_ONCE(from->its_vpe.its_vm);
}

static void sync_vgic(const struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	const struct vgic_v3_cpu_if *from = &vcpu->arch.vgic_cpu.vgic_v3;
	struct vgic_v3_cpu_if *to = &host_vcpu->arch.vgic_cpu.vgic_v3;
	unsigned int i;

	for (i = 0; i < from->used_lrs; i++)
		to->vgic_lr[i] = from->vgic_lr[i];
}

/**
 * pkvm_flush_vcpu_state() - Take what the host has for a vCPU before it runs
 * @hyp_vcpu:	EL2's vCPU, loaded
 *
 * Return: 0, or -EINVAL if the vCPU cannot run with that. Then, nothing has
 * changed that needs to be given back.
 */
int pkvm_flush_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	struct kvm_vcpu *host_vcpu = hyp_vcpu->host_vcpu;
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;
	int ret;

	if (hyp_vcpu->dead)
		return -EINVAL;

	ret = pkvm_hyp_vm_update_vmid(pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu));
	if (ret)
		return ret;

	if (pkvm_hyp_vcpu_is_protected(hyp_vcpu))
		ret = flush_pvm_context(vcpu, host_vcpu);
	else
		ret = flush_host_vcpu_context(vcpu, host_vcpu);
	if (ret)
		return ret;

	save_host_keys(vcpu);
	flush_vgic(vcpu, host_vcpu);
	return 0;
}

/**
 * pkvm_sync_vcpu_state() - Give the host what a vCPU has after it ran
 * @hyp_vcpu:	EL2's vCPU, loaded
 * @fp_used:	whether it has used the FP registers: otherwise the host has them
 */
void pkvm_sync_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu, bool fp_used)
{
	struct kvm_vcpu *host_vcpu = hyp_vcpu->host_vcpu;
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;

	if (pkvm_hyp_vcpu_is_protected(hyp_vcpu))
		sync_pvm_context(vcpu, host_vcpu);
	else
		sync_host_vcpu_context(vcpu, host_vcpu);
	if (fp_used)
		host_vcpu->arch.ctxt.fp_regs = vcpu->arch.ctxt.fp_regs;

	/* The guest takes the SError, the host sees that it is gone. */
	host_vcpu->arch.hcr_el2 &= ~HCR_VSE;
	host_vcpu->arch.hcr_el2 |= vcpu->arch.hcr_el2 & HCR_VSE;
	host_vcpu->arch.fault = vcpu->arch.fault;

	sync_vgic(vcpu, host_vcpu);
}
