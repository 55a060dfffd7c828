/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_VCPU_STATE_H__
#define __ARM64_KVM_NVHE_VCPU_STATE_H__

struct pkvm_hyp_vcpu;

int pkvm_flush_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu);
void pkvm_sync_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu, bool fp_used);
void pkvm_load_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu);
void pkvm_put_vcpu_state(struct pkvm_hyp_vcpu *hyp_vcpu);

#endif /* __ARM64_KVM_NVHE_VCPU_STATE_H__ */
