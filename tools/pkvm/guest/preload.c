// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a VMM that does not know protected VMs: every VM that it
 * creates becomes one, unless PRELOAD_ORDINARY is in the environment. With
 * PRELOAD_TIMED there, it says when the VM starts to run.
 *
 * Today's VMMs ask /dev/kvm what a VM can do, and hand the answer to
 * KVM_ARM_VCPU_INIT and others. /dev/kvm speaks of the host. So say of what a
 * protected VM never has that it is not there.
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

static const unsigned long never[] = {
	KVM_CAP_ARM_PMU_V3, KVM_CAP_ARM_SVE, KVM_CAP_ARM_MTE, KVM_CAP_ARM_EL1_32BIT,
	KVM_CAP_ARM_NISV_TO_USER, KVM_CAP_ARM_SYSTEM_SUSPEND, KVM_CAP_ARM_INJECT_SERROR_ESR,
	KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, KVM_CAP_SET_GUEST_DEBUG, KVM_CAP_SET_GUEST_DEBUG2,
	KVM_CAP_GUEST_DEBUG_HW_BPS, KVM_CAP_GUEST_DEBUG_HW_WPS, KVM_CAP_STEAL_TIME,
	KVM_CAP_PTP_KVM, KVM_CAP_COUNTER_OFFSET,
};

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

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	unsigned int i;
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
	for (i = 0; request == KVM_CHECK_EXTENSION && i < ARRAY_SIZE(never); i++) {
		if (arg == never[i])
			return 0;
	}
	return syscall(SYS_ioctl, fd, request, arg);
}
