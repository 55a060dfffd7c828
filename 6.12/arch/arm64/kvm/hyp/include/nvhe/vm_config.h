/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_VM_CONFIG_H__
#define __ARM64_KVM_NVHE_VM_CONFIG_H__

struct kvm;
struct kvm_vcpu;
struct pkvm_hyp_vcpu;
struct pkvm_hyp_vm;

int pkvm_vm_init_config(struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm);
int pkvm_vcpu_init_config(struct pkvm_hyp_vcpu *hyp_vcpu,
			  const struct kvm_vcpu *host_vcpu);
void pkvm_vcpu_release_config(struct pkvm_hyp_vcpu *hyp_vcpu);

#endif /* __ARM64_KVM_NVHE_VM_CONFIG_H__ */
