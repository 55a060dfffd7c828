// SPDX-License-Identifier: GPL-2.0-only
/*
 * What EL2 knows about a VM and its vCPUs
 *
 * The host configures a VM in structures of its own, which it can change at
 * any time. Whatever decides what a guest may do, or how EL2 switches to it,
 * is copied here when the host creates the VM or the vCPU, with one READ_ONCE()
 * per datum, and checked. Nothing reads the host's version afterwards.
 *
 * The features, ID registers and traps of a protected VM are EL2's decision,
 * and a configuration that does not make sense is refused. A VM that is not
 * protected belongs to the host: it is what the host says it is, as long as
 * the switching code and the traps follow the same view of it. Otherwise the
 * guest reaches registers that hold the host's values.
 */

#include <linux/irqchip/arm-gic-v3.h>
#include <linux/kvm_host.h>

#include <asm/cputype.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_mmu.h>

#include <nvhe/mem_protect.h>
#include <nvhe/pkvm.h>
#include <nvhe/vm_config.h>

/* Flags of the VM that code at EL2 looks at, and those that are no secret. */
#define PVM_ARCH_FLAGS		(BIT(KVM_ARCH_FLAG_VCPU_FEATURES_CONFIGURED) | \
				 BIT(KVM_ARCH_FLAG_ID_REGS_INITIALIZED))
#define HOST_VM_ARCH_FLAGS	(PVM_ARCH_FLAGS				| \
				 BIT(KVM_ARCH_FLAG_FGU_INITIALIZED)	| \
				 BIT(KVM_ARCH_FLAG_MTE_ENABLED))

static unsigned long supported_vcpu_features(bool protected)
{
	unsigned long features = KVM_VCPU_VALID_FEATURES;

	if (protected)
		features = PKVM_VCPU_FEATURES;

	if (!cpus_have_final_cap(ARM64_HAS_32BIT_EL1))
		features &= ~BIT(KVM_ARM_VCPU_EL1_32BIT);
	if (!system_supports_sve())
		features &= ~BIT(KVM_ARM_VCPU_SVE);
	if (!cpus_have_final_cap(ARM64_HAS_ADDRESS_AUTH))
		features &= ~(BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
			      BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC));

	/* EL2 does not switch the state of a guest hypervisor. */
	return features & ~BIT(KVM_ARM_VCPU_HAS_EL2);
}

static int copy_vcpu_features(struct pkvm_hyp_vm *hyp_vm,
			      const struct kvm *host_kvm, unsigned long flags)
{
	bool protected = hyp_vm->kvm.arch.pkvm.enabled;
	unsigned long features;

	BUILD_BUG_ON(KVM_VCPU_MAX_FEATURES > BITS_PER_LONG);

	/* The features are those of the VM, fixed by the first vCPU's. */
	if (!(flags & BIT(KVM_ARCH_FLAG_VCPU_FEATURES_CONFIGURED)))
		return -EINVAL;

	features = READ_ONCE(host_kvm->arch.vcpu_features[0]);
	if (features & ~supported_vcpu_features(protected))
		return -EINVAL;

	/* KVM has no guests with one half of pointer authentication. */
	if (!(features & BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS)) !=
	    !(features & BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC)))
		return -EINVAL;

	hyp_vm->kvm.arch.vcpu_features[0] = features;
	return 0;
}

static int copy_vgic_model(struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm)
{
	struct vgic_dist *vgic = &hyp_vm->kvm.arch.vgic;

	if (!READ_ONCE(host_kvm->arch.vgic.in_kernel))
		return 0;

	/* Only GICv3 hardware has state that EL2 switches. */
	if (!static_branch_unlikely(&kvm_vgic_global_state.gicv3_cpuif))
		return hyp_vm->kvm.arch.pkvm.enabled ? -EINVAL : 0;

	if (READ_ONCE(host_kvm->arch.vgic.vgic_model) != KVM_DEV_TYPE_ARM_VGIC_V3)
		return -EINVAL;

	vgic->in_kernel = true;
	vgic->vgic_model = KVM_DEV_TYPE_ARM_VGIC_V3;
	return 0;
}

/* The switching code wants the feature on all CPUs, and in the VM's view. */
static bool vm_switches_tcr2(struct kvm *kvm)
{
	return cpus_have_final_cap(ARM64_HAS_TCR2) &&
	       kvm_has_feat(kvm, ID_AA64MMFR3_EL1, TCRX, IMP);
}

/*
 * Trap what the switching code does not switch, whatever the host computed
 * its traps from: the ID registers may have been written in the meantime.
 */
static void trap_what_is_not_switched(struct kvm *kvm)
{
	bool tcrx = vm_switches_tcr2(kvm);

	kvm->arch.fgu[HFGxTR_GROUP] |= HFGxTR_EL2_nAMAIR2_EL1		|
				       HFGxTR_EL2_nMAIR2_EL1		|
				       HFGxTR_EL2_nS2POR_EL1		|
				       HFGxTR_EL2_nACCDATA_EL1		|
				       HFGxTR_EL2_nSMPRI_EL1_MASK	|
				       HFGxTR_EL2_nTPIDR2_EL0_MASK;

	if (!tcrx || !cpus_have_final_cap(ARM64_HAS_S1PIE) ||
	    !kvm_has_feat(kvm, ID_AA64MMFR3_EL1, S1PIE, IMP))
		kvm->arch.fgu[HFGxTR_GROUP] |= HFGxTR_EL2_nPIRE0_EL1 |
					       HFGxTR_EL2_nPIR_EL1;

	if (!tcrx || !system_supports_poe() ||
	    !kvm_has_feat(kvm, ID_AA64MMFR3_EL1, S1POE, IMP))
		kvm->arch.fgu[HFGxTR_GROUP] |= HFGxTR_EL2_nPOR_EL1 |
					       HFGxTR_EL2_nPOR_EL0;
}

/* The view of a VM that is not protected is the host's, as it is now. */
static int copy_host_view(struct pkvm_hyp_vm *hyp_vm,
			  const struct kvm *host_kvm, unsigned long flags)
{
	struct kvm_arch *arch = &hyp_vm->kvm.arch;
	int i;

	if (!(flags & BIT(KVM_ARCH_FLAG_ID_REGS_INITIALIZED)) ||
	    !(flags & BIT(KVM_ARCH_FLAG_FGU_INITIALIZED)))
		return -EINVAL;

	for (i = 0; i < KVM_ARM_ID_REG_NUM; i++)
		arch->id_regs[i] = READ_ONCE(host_kvm->arch.id_regs[i]);
	arch->ctr_el0 = READ_ONCE(host_kvm->arch.ctr_el0);

	for (i = 0; i < __NR_FGT_GROUP_IDS__; i++)
		arch->fgu[i] = READ_ONCE(host_kvm->arch.fgu[i]);

	trap_what_is_not_switched(&hyp_vm->kvm);
	return 0;
}

/**
 * pkvm_vm_init_config() - Take over the configuration of a VM
 * @hyp_vm:	EL2's object of the VM, zeroed, with its VTCR set
 * @host_kvm:	the host's, pinned
 *
 * Return: 0, or -EINVAL if such a VM must not exist.
 */
int pkvm_vm_init_config(struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm)
{
	struct kvm_arch *arch = &hyp_vm->kvm.arch;
	unsigned long flags;
	int ret;

	arch->pkvm.enabled = READ_ONCE(host_kvm->arch.pkvm.enabled);

	flags = READ_ONCE(host_kvm->arch.flags);
	flags &= arch->pkvm.enabled ? PVM_ARCH_FLAGS : HOST_VM_ARCH_FLAGS;
	if (!system_supports_mte())
		flags &= ~BIT(KVM_ARCH_FLAG_MTE_ENABLED);

	ret = copy_vcpu_features(hyp_vm, host_kvm, flags);
	if (ret)
		return ret;

	ret = copy_vgic_model(hyp_vm, host_kvm);
	if (ret)
		return ret;

	arch->flags = flags;

	if (arch->pkvm.enabled)
		return 0;

	return copy_host_view(hyp_vm, host_kvm, flags);
}

/*
 * The memory for a vCPU's SVE state is the host's. Keep it shared with EL2 for
 * as long as the vCPU exists.
 */
static int pin_sve_state(struct kvm_vcpu *vcpu, const struct kvm_vcpu *host_vcpu)
{
	unsigned int vl = READ_ONCE(host_vcpu->arch.sve_max_vl);
	void *sve_state = READ_ONCE(host_vcpu->arch.sve_state);
	size_t size;
	int ret;

	/* Limit guest vector length to the maximum supported by the host. */
	vl = min(vl, kvm_host_sve_max_vl);
	if (!sve_state || !sve_vl_valid(vl))
		return -EINVAL;

	size = SVE_SIG_REGS_SIZE(sve_vq_from_vl(vl));
	sve_state = kern_hyp_va(sve_state);
	ret = hyp_pin_shared_mem(sve_state, sve_state + size);
	if (ret)
		return ret;

	vcpu->arch.sve_state = sve_state;
	vcpu->arch.sve_max_vl = vl;
	vcpu_set_flag(vcpu, GUEST_HAS_SVE);
	vcpu_set_flag(vcpu, VCPU_SVE_FINALIZED);
	return 0;
}

static void unpin_sve_state(struct kvm_vcpu *vcpu)
{
	void *sve_state = vcpu->arch.sve_state;

	if (sve_state)
		hyp_unpin_shared_mem(sve_state,
				     sve_state + vcpu_sve_state_size(vcpu));
}

static void init_hcrx(struct kvm_vcpu *vcpu, const struct kvm_vcpu *host_vcpu)
{
	u64 hcrx = READ_ONCE(host_vcpu->arch.hcrx_el2);

	/* Same rule as for the traps: no register that is not switched. */
	if (!vm_switches_tcr2(vcpu->kvm))
		hcrx &= ~HCRX_EL2_TCR2En;
	if (!kvm_has_fpmr(vcpu->kvm))
		hcrx &= ~HCRX_EL2_EnFPM;

	vcpu->arch.hcrx_el2 = hcrx & (HCRX_EL2_SMPME | HCRX_EL2_MSCEn |
				      HCRX_EL2_MCE2 | HCRX_EL2_TCR2En |
				      HCRX_EL2_EnFPM);
}

/* Registers that only EL2 writes from now on. MDSCR_EL1 is zero. */
static void init_pvm_context(struct kvm_vcpu *vcpu, const struct kvm_vcpu *host_vcpu)
{
	u64 mpidr = READ_ONCE(host_vcpu->arch.ctxt.sys_regs[MPIDR_EL1]);

	__vcpu_sys_reg(vcpu, MPIDR_EL1) = (mpidr & MPIDR_HWID_BITMASK) | BIT(31);
}

/**
 * pkvm_vcpu_init_config() - Take over the configuration of a vCPU
 * @hyp_vcpu:	EL2's object of the vCPU, with its VM set
 * @host_vcpu:	the host's, pinned
 *
 * The features come from the VM, so all its vCPUs have the same ones.
 *
 * Return: 0 or a negative error code. What was taken is given back by
 * pkvm_vcpu_release_config(), unless this fails.
 */
int pkvm_vcpu_init_config(struct pkvm_hyp_vcpu *hyp_vcpu,
			  const struct kvm_vcpu *host_vcpu)
{
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;
	int ret;

	if (!(READ_ONCE(host_vcpu->arch.cflags) & unpack_vcpu_flag(VCPU_INITIALIZED)))
		return -EINVAL;

	if (vcpu_has_feature(vcpu, KVM_ARM_VCPU_SVE)) {
		ret = pin_sve_state(vcpu, host_vcpu);
		if (ret)
			return ret;
	}

	if (vcpu_has_feature(vcpu, KVM_ARM_VCPU_PTRAUTH_ADDRESS))
		vcpu_set_flag(vcpu, GUEST_HAS_PTRAUTH);
	vcpu_set_flag(vcpu, VCPU_INITIALIZED);

	if (vcpu_is_protected(vcpu))
		init_pvm_context(vcpu, host_vcpu);
	else
		init_hcrx(vcpu, host_vcpu);

	if (irqchip_in_kernel(vcpu->kvm))
		vcpu->arch.vgic_cpu.vgic_v3.vgic_sre = ICC_SRE_EL1_DIB |
						       ICC_SRE_EL1_DFB |
						       ICC_SRE_EL1_SRE;

	return 0;
}

/**
 * pkvm_vcpu_release_config() - Give back what pkvm_vcpu_init_config() took
 * @hyp_vcpu:	EL2's object of the vCPU, which will not run again
 */
void pkvm_vcpu_release_config(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	unpin_sve_state(&hyp_vcpu->vcpu);
}
