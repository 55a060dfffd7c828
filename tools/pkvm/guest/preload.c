// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a VMM that does not know protected VMs: every VM that it
 * creates becomes one. A VMM that does know them needs nothing of this.
 *
 *   - The type: KVM_CREATE_VM with KVM_VM_TYPE_ARM_PROTECTED.
 *   - Capabilities: such a VMM asks /dev/kvm what a VM can do, and hands the
 *     answer to KVM_ARM_VCPU_INIT and others. /dev/kvm speaks of the host. So let
 *     a protected VM answer, one that is there to be asked. It says that it has no
 *     read-only memory, so QEMU goes without a slot for its flash.
 *   - Registers: QEMU reads those of a vCPU and writes them back whenever it needs one,
 *     for a virtio device the byte order. If that fails, QEMU prints the registers, for
 *     which it reads them, until its stack is full. So what is the guest's reads as zero.
 *   - A reset: the VMM would fill the guest's memory anew, which is donated and no
 *     longer the VMM's, and die of SIGSEGV. A guest that resets shuts down instead.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

static int create_vm(int fd, unsigned long type)
{
	int vm = syscall(SYS_ioctl, fd, KVM_CREATE_VM, type | KVM_VM_TYPE_ARM_PROTECTED);

	fprintf(stderr, "preload: KVM_CREATE_VM %#lx: %s\n", type | KVM_VM_TYPE_ARM_PROTECTED,
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
		vm = syscall(SYS_ioctl, dev_kvm, KVM_CREATE_VM,
			     KVM_VM_TYPE_ARM_PROTECTED | ipa_bits);
	}
	return vm < 0 ? dev_kvm : vm;
}

static int one_reg(int fd, unsigned long request, const struct kvm_one_reg *reg)
{
	int ret = syscall(SYS_ioctl, fd, request, reg);

	if (ret < 0 && errno == EPERM) {
		ret = 0;
		if (request == KVM_GET_ONE_REG)
			memset((void *)reg->addr, 0, KVM_REG_SIZE(reg->id));
	}
	return ret;
}

/* VMMs have a thread for each vCPU, which looks at the exit after this. */
static int run_vcpu(int fd, unsigned long arg)
{
	static __thread struct kvm_run *run;
	static __thread int run_fd = -1;
	int ret = syscall(SYS_ioctl, fd, KVM_RUN, arg);

	if (run_fd != fd) {
		run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		run_fd = fd;
	}
	if (!ret && run != MAP_FAILED && run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
	    run->system_event.type == KVM_SYSTEM_EVENT_RESET) {
		fprintf(stderr, "preload: the guest resets, which shuts it down\n");
		run->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
	}
	return ret;
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	switch (request) {
	case KVM_CREATE_VM:
		return create_vm(fd, arg);
	case KVM_CHECK_EXTENSION:
		if (is_dev_kvm(fd))
			fd = vm_to_ask(fd);
		break;
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return one_reg(fd, request, (const struct kvm_one_reg *)arg);
	case KVM_RUN:
		return run_vcpu(fd, arg);
	}
	return syscall(SYS_ioctl, fd, request, arg);
}
