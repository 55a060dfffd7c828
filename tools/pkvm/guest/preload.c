// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a VMM that does not know protected VMs: every VM that it
 * creates becomes one.
 *
 * Today's VMMs ask /dev/kvm what a VM can do, and hand the answer to
 * KVM_ARM_VCPU_INIT and others. /dev/kvm speaks of the host. So let a protected
 * VM answer, one that is there to be asked.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "util.h"

#define VM_TYPE_PROTECTED	BIT(31)

static int create_vm(int fd, unsigned long type)
{
	int vm = syscall(SYS_ioctl, fd, KVM_CREATE_VM, type | VM_TYPE_PROTECTED);

	fprintf(stderr, "preload: KVM_CREATE_VM %#lx: %s\n", type | VM_TYPE_PROTECTED,
		vm < 0 ? "refused" : "a protected VM");
	return vm;
}

/* A VM has no such request. */
static bool is_dev_kvm(int fd)
{
	return syscall(SYS_ioctl, fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
}

/* Return a protected VM that never runs, or /dev/kvm if there can be none. */
static int vm_to_ask(int dev_kvm)
{
	static int vm = -1;
	unsigned long ipa_bits;

	if (vm < 0) {
		ipa_bits = syscall(SYS_ioctl, dev_kvm, KVM_CHECK_EXTENSION,
				   KVM_CAP_ARM_VM_IPA_SIZE);
		vm = syscall(SYS_ioctl, dev_kvm, KVM_CREATE_VM, VM_TYPE_PROTECTED | ipa_bits);
	}
	return vm < 0 ? dev_kvm : vm;
}

/* Is this something that a VMM hands on to KVM_ARM_VCPU_INIT, or sets up? */
static bool is_of_the_vm(unsigned long cap)
{
	switch (cap) {
	case KVM_CAP_ARM_PMU_V3:
	case KVM_CAP_ARM_SVE:
	case KVM_CAP_ARM_EL1_32BIT:
	case KVM_CAP_ARM_EL2:
	case KVM_CAP_ARM_MTE:
	case KVM_CAP_ARM_PTRAUTH_ADDRESS:
	case KVM_CAP_ARM_PTRAUTH_GENERIC:
	case KVM_CAP_STEAL_TIME:
	case KVM_CAP_ARM_INJECT_SERROR_ESR:
		return true;
	default:
		return false;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	if (request == KVM_CREATE_VM)
		return create_vm(fd, arg);
	if (request == KVM_CHECK_EXTENSION) {
		/* The guest's memory is donated: a VMM does without flash. */
		if (arg == KVM_CAP_READONLY_MEM)
			return 0;
		if (is_of_the_vm(arg) && is_dev_kvm(fd))
			fd = vm_to_ask(fd);
	}
	return syscall(SYS_ioctl, fd, request, arg);
}
