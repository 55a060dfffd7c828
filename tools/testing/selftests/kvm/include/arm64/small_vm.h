/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs of a vCPU and some pages, made by nothing but ioctls: every error is a return
 * value, and memory stays the caller's.
 *
 * The guest fills its memory with a pattern, and then tells what is at the addresses
 * that it is asked for, or loops until the end.
 */
#ifndef SELFTEST_KVM_ARM64_SMALL_VM_H
#define SELFTEST_KVM_ARM64_SMALL_VM_H

#include "kvm_util.h"

#define SMALL_VM_GPA		0x40000000UL
#define SMALL_VM_LOOP		0
#define SMALL_VM_PATTERN	0x5a5ac0dec0de5a5aUL

struct small_vm {
	int fd, vcpu, gic;
	struct kvm_run *run;
};

/* Pages for a VM, the first of which has the guest's code; children share them. */
void *small_vm_alloc(unsigned int nr_pages);
/* Write the code again: EL2 zeroes what was a protected VM's. */
void small_vm_write_code(void *mem);

/*
 * Make a VM with @nr_pages at @mem, and a vCPU. Return
 * 0, or -errno; what there is of the VM, small_vm_close() takes away.
 */
int small_vm_make(struct small_vm *vm, unsigned long type, void *mem,
		  unsigned int nr_pages, bool gic);
void small_vm_close(struct small_vm *vm);

/* Make a vCPU that starts with the guest's code. Return its fd, or -errno. */
int small_vm_add_vcpu(int vm_fd, int id, unsigned int nr_pages);

/* Run the guest until it has filled its memory. Return 0 or -errno. */
int small_vm_start(struct small_vm *vm);

/* Have the guest read. Return 0 or -errno; SMALL_VM_LOOP returns for signals only. */
int small_vm_peek(struct small_vm *vm, u64 gpa, u64 *value);

#endif /* SELFTEST_KVM_ARM64_SMALL_VM_H */
