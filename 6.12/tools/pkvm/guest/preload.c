// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a VMM that does not know protected VMs: every VM that it
 * creates becomes one, unless PRELOAD_ORDINARY is in the environment. With
 * PRELOAD_TIMED there, it says when the VM starts to run.
 *
 * Today's VMMs ask /dev/kvm what a VM can do, and hand the answer to
 * KVM_ARM_VCPU_INIT and others. /dev/kvm speaks of the host. So let a protected
 * VM answer, one that is there to be asked.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "clock.h"
#include "util.h"

#define VM_TYPE_PROTECTED	BIT(31)

static bool ordinary, timed;

static void __attribute__((constructor)) look_at_environment(void)
{
	ordinary = getenv("PRELOAD_ORDINARY");
	timed = getenv("PRELOAD_TIMED");
}

/* The first KVM_RUN of any vCPU: what a VMM does before that is its own affair. */
static void tell_start(void)
{
	unsigned long long idle_ns;
	static bool told;

	if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	idle_ns = clock_idle_ns();
	fprintf(stderr, CLOCK_START "\n", clock_ticks(), idle_ns);
}

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

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	if (timed && request == KVM_RUN)
		tell_start();
	if (ordinary)
		return syscall(SYS_ioctl, fd, request, arg);
	if (request == KVM_CREATE_VM)
		return create_vm(fd, arg);
	if (request == KVM_CHECK_EXTENSION && is_dev_kvm(fd))
		fd = vm_to_ask(fd);
	return syscall(SYS_ioctl, fd, request, arg);
}
