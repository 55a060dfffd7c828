// SPDX-License-Identifier: GPL-2.0-only
/*
 * What EL2 keeps of a VM, a vCPU and a CPU, as sizes of symbols. Compiled as
 * one more file of EL2, and only looked at.
 */
#include <linux/kvm_host.h>

#include <asm/kvm_host.h>

#include <nvhe/pkvm.h>

char size_of_vm[sizeof(struct pkvm_hyp_vm)];
char size_of_vcpu[sizeof(struct pkvm_hyp_vcpu)];
char size_of_host_data[sizeof(struct kvm_host_data)];
