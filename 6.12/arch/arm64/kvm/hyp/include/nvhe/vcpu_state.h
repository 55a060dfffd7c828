/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_VCPU_STATE_H__
#define __ARM64_KVM_NVHE_VCPU_STATE_H__

#include <linux/kvm_host.h>

#include <asm/kvm_hyp.h>

#include <nvhe/pkvm.h>

int pkvm_flush_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu);
void pkvm_sync_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu, bool fp_used);

/**
 * pkvm_load_vgic() - Take what the vGIC has in this CPU's registers between entries
 * @hyp_vcpu:	EL2's vCPU, loaded
 *
 * VMCR, if the host's vGIC has it there, and active priorities. They are the host's,
 * each is read once, and EL2 has no use for them.
 */
static inline void pkvm_load_vgic(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	if (irqchip_in_kernel(hyp_vcpu->vcpu.kvm))
		__vgic_v3_restore_vmcr_aprs(&hyp_vcpu->host_vcpu->arch.vgic_cpu.vgic_v3);
}

/**
 * pkvm_put_vgic() - Give back what pkvm_load_vgic() takes
 * @hyp_vcpu:	EL2's vCPU, loaded
 */
static inline void pkvm_put_vgic(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	if (irqchip_in_kernel(hyp_vcpu->vcpu.kvm))
		__vgic_v3_save_vmcr_aprs(&hyp_vcpu->host_vcpu->arch.vgic_cpu.vgic_v3);
}

#endif /* __ARM64_KVM_NVHE_VCPU_STATE_H__ */
