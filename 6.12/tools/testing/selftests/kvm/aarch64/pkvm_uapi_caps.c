// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_caps - the capabilities of protected VMs and of others.
 *
 * Audit map: case -> rule
 *
 *  capability NAME	a protected VM has it, with the value that /dev/kvm gives,
 *			or one that is the VM's own
 *  others		a protected VM has none else
 *  enable		a protected VM lets no capability be enabled: EINVAL, and
 *			the guest runs afterwards; so before the first run and after
 *  ordinary		the capabilities of other VMs are those of /dev/kvm
 *
 * Without protected mode, the last one is what there is.
 *
 * Rules: contract, section 8; protected-vm-uapi.rst.
 */
#include "pkvm_uapi.h"

#define NR_CAPS		300

/* Capabilities of protected VMs, by what they have to be. */
enum cap_value { CAP_SET, CAP_AS_HOST, CAP_OF_VM };

static const struct {
	const char *name;
	long cap;
	enum cap_value value;
} caps[] = {
#define CAP(name, value)	{ #name, KVM_CAP_##name, value }
	CAP(IRQCHIP, CAP_SET), CAP(ONE_REG, CAP_SET), CAP(USER_MEMORY, CAP_SET),
	CAP(SYNC_MMU, CAP_SET), CAP(DESTROY_MEMORY_REGION_WORKS, CAP_SET),
	CAP(DEVICE_CTRL, CAP_SET), CAP(ARM_PSCI, CAP_SET), CAP(ARM_PSCI_0_2, CAP_SET),
	CAP(MP_STATE, CAP_SET), CAP(VCPU_EVENTS, CAP_SET), CAP(VCPU_ATTRIBUTES, CAP_SET),
	CAP(IMMEDIATE_EXIT, CAP_SET), CAP(IOEVENTFD, CAP_SET), CAP(IRQFD, CAP_SET),
	CAP(MSI_DEVID, CAP_OF_VM), CAP(READONLY_MEM, CAP_SET), CAP(NR_VCPUS, CAP_SET),
	CAP(MAX_VCPUS, CAP_SET), CAP(MAX_VCPU_ID, CAP_SET), CAP(NR_MEMSLOTS, CAP_SET),
	CAP(ARM_VM_IPA_SIZE, CAP_SET), CAP(ARM_SET_DEVICE_ADDR, CAP_SET),
	CAP(ARM_IRQ_LINE_LAYOUT_2, CAP_SET), CAP(ARM_INJECT_EXT_DABT, CAP_SET),
	CAP(ARM_PTRAUTH_ADDRESS, CAP_AS_HOST), CAP(ARM_PTRAUTH_GENERIC, CAP_AS_HOST),
	/* Beyond the list of the contract. */
	CAP(CHECK_EXTENSION_VM, CAP_SET), CAP(INTERNAL_ERROR_DATA, CAP_SET),
	CAP(IOEVENTFD_ANY_LENGTH, CAP_SET), CAP(JOIN_MEMORY_REGIONS_WORKS, CAP_SET),
	CAP(IRQ_ROUTING, CAP_SET), CAP(SIGNAL_MSI, CAP_SET),
	CAP(SYSTEM_EVENT_DATA, CAP_SET), CAP(BINARY_STATS_FD, CAP_SET),
	CAP(USER_MEMORY2, CAP_SET), CAP(ARM_SUPPORTED_REG_MASK_RANGES, CAP_SET),
};

static int kvm_fd;

static int dev_cap(long cap)
{
	return ioctl(kvm_fd, KVM_CHECK_EXTENSION, cap);
}

static int vm_cap(struct uapi_vm *v, long cap)
{
	return __vm_ioctl(v->vm, KVM_CHECK_EXTENSION, (void *)cap);
}

static bool cap_is_listed(long cap)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (caps[i].cap == cap)
			return true;
	return false;
}

static bool cap_is_right(struct uapi_vm *v, unsigned int i)
{
	int dev = dev_cap(caps[i].cap), vm = vm_cap(v, caps[i].cap);
	bool ok = caps[i].value == CAP_OF_VM ? vm >= 0 : vm == dev;

	if (caps[i].value == CAP_SET)
		ok = ok && vm > 0;
	if (!ok)
		ksft_print_msg("%s: VM %d, /dev/kvm %d\n", caps[i].name, vm, dev);
	return ok;
}

static bool other_caps(struct uapi_vm *v)
{
	bool ok = true;
	int vm, want;
	long cap;

	for (cap = 0; cap < NR_CAPS; cap++) {
		if (cap == KVM_CAP_MSI_DEVID ||
		    (v->kind == UAPI_PROTECTED && cap_is_listed(cap)))
			continue;
		vm = vm_cap(v, cap);
		want = v->kind == UAPI_PROTECTED ? 0 : dev_cap(cap);
		if (vm == want)
			continue;
		ksft_print_msg("capability %ld is %d, not %d\n", cap, vm, want);
		ok = false;
	}
	return ok;
}

static bool enable_none(struct uapi_vm *v)
{
	bool ok = true;
	long cap;
	int arg;

	for (cap = 0; cap < NR_CAPS; cap++) {
		for (arg = 0; arg < 2; arg++) {
			int err = uapi_errno(__vm_enable_cap(v->vm, cap, arg));

			if (err == EINVAL)
				continue;
			ksft_print_msg("enabling %ld: %s\n", cap, uapi_describe(err));
			ok = false;
		}
	}
	return ok;
}

static void test_protected(void)
{
	struct uapi_vm v = uapi_create(UAPI_PROTECTED, false);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		ksft_test_result(cap_is_right(&v, i), "capability %s\n", caps[i].name);
	ksft_test_result(other_caps(&v), "others\n");
	ksft_test_result(enable_none(&v) && uapi_runs(&v), "enable before\n");
	ksft_test_result(enable_none(&v) && uapi_runs(&v), "enable after\n");
	uapi_free(&v);
}

int main(void)
{
	bool have_protected = kvm_has_protected_vms();
	struct uapi_vm v;

	ksft_print_header();
	ksft_set_plan(1 + (have_protected ? ARRAY_SIZE(caps) + 3 : 1));
	kvm_fd = open_kvm_dev_path_or_exit();

	v = uapi_create(UAPI_ORDINARY, false);
	ksft_test_result(other_caps(&v), "ordinary\n");
	uapi_free(&v);

	if (have_protected)
		test_protected();
	else
		ksft_test_result_skip("protected VMs: KVM is not in protected mode\n");

	ksft_finished();
}
