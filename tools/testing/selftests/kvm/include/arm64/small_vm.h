/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs of a vCPU and some pages. They are made by plain ioctls, so that every error is
 * a return value. The memory belongs to the caller.
 *
 * The guest fills its memory with a pattern. Then it reads at each address that it is
 * asked for and tells what is there, or loops for ever.
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
	int run_size;
};

/* Allocate pages with the guest's code in the first. A child process shares them. */
void *small_vm_alloc(unsigned int nr_pages);
/* Write the code again: EL2 zeroes what was a protected VM's. */
void small_vm_write_code(void *mem);

/*
 * Make a VM with @nr_pages at @mem, and a vCPU. Return 0 or -errno. In either case
 * small_vm_close() closes what has been opened.
 */
int small_vm_make(struct small_vm *vm, unsigned long type, void *mem,
		  unsigned int nr_pages, bool gic);
void small_vm_close(struct small_vm *vm);

/* Make a vCPU that starts with the guest's code. Return its fd, or -errno. */
int small_vm_add_vcpu(int vm_fd, int id, unsigned int nr_pages);

/* Run the guest until it has filled its memory. Return 0 or -errno. */
int small_vm_start(struct small_vm *vm);

/* Have the guest read at @gpa. Return 0 or -errno. Only a signal ends SMALL_VM_LOOP. */
int small_vm_peek(struct small_vm *vm, u64 gpa, u64 *value);

#endif /* SELFTEST_KVM_ARM64_SMALL_VM_H */
