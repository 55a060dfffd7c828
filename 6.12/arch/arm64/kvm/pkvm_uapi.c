// SPDX-License-Identifier: GPL-2.0-only
/*
 * What userspace hears of a protected VM, and what it may change
 *
 * EL2 decides what the CPU of a protected VM is. Whatever KVM tells userspace
 * about such a VM has to be what its guest sees, and no request may succeed that
 * the guest never gets to see. Each interface that answers for a protected VM in
 * a way of its own asks here, and what is not in one of these tables, a
 * protected VM does not have.
 *
 * Errors follow one rule:
 *
 *  - What a protected VM does not have answers like what no VM has: a capability
 *    is 0, KVM_CREATE_DEVICE gives -ENODEV, KVM_HAS_DEVICE_ATTR -ENXIO,
 *    KVM_GET_ONE_REG and KVM_SET_ONE_REG give -ENOENT, another ioctl -EINVAL.
 *  - -EINVAL: the request is not valid for a protected VM.
 *  - -EPERM: it is about something that belongs to the guest.
 *
 * The registers are in pkvm_uapi_regs.c.
 *
 * Functions that take a VM or a vCPU answer for any; one that is not protected
 * has all that KVM has. None of them sleeps or needs a lock, unless it says so.
 */

#include <linux/kvm_host.h>

#include <asm/kvm_pkvm.h>

static const u16 pvm_caps[] = {
	KVM_CAP_ARM_INJECT_EXT_DABT,
	KVM_CAP_ARM_IRQ_LINE_LAYOUT_2,
	KVM_CAP_ARM_PSCI,
	KVM_CAP_ARM_PSCI_0_2,
	KVM_CAP_ARM_PTRAUTH_ADDRESS,
	KVM_CAP_ARM_PTRAUTH_GENERIC,
	KVM_CAP_ARM_SET_DEVICE_ADDR,
	KVM_CAP_ARM_VM_IPA_SIZE,
	KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
	KVM_CAP_DEVICE_CTRL,
	KVM_CAP_IMMEDIATE_EXIT,
	KVM_CAP_IOEVENTFD,
	KVM_CAP_IRQCHIP,
	KVM_CAP_IRQFD,
	KVM_CAP_MAX_VCPUS,
	KVM_CAP_MAX_VCPU_ID,
	KVM_CAP_MP_STATE,
	KVM_CAP_MSI_DEVID,
	KVM_CAP_NR_MEMSLOTS,
	KVM_CAP_NR_VCPUS,
	KVM_CAP_ONE_REG,
	KVM_CAP_READONLY_MEM,
	KVM_CAP_SYNC_MMU,
	KVM_CAP_USER_MEMORY,
	KVM_CAP_VCPU_ATTRIBUTES,
	KVM_CAP_VCPU_EVENTS,

	/* How a VMM gets to ask a VM rather than /dev/kvm. */
	KVM_CAP_CHECK_EXTENSION_VM,

	/* Properties of KVM without which QEMU does not start. */
	KVM_CAP_INTERNAL_ERROR_DATA,
	KVM_CAP_IOEVENTFD_ANY_LENGTH,
	KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,

	/* Another form of KVM_CAP_USER_MEMORY. No VM on arm64 has its new flags. */
	KVM_CAP_USER_MEMORY2,

	/* Tells that no ID register is writable. */
	KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES,

	/* MSIs of emulated devices, from userspace and by irqfd. */
	KVM_CAP_IRQ_ROUTING,
	KVM_CAP_SIGNAL_MSI,

	/* How an exit tells what kind of reset the guest wants. */
	KVM_CAP_SYSTEM_EVENT_DATA,

	/* Counters of KVM itself, to find out what a guest died of. */
	KVM_CAP_BINARY_STATS_FD,
};

/**
 * pkvm_vm_has_cap() - Whether a VM has a capability
 * @kvm: the VM
 * @cap: number of the capability
 *
 * None of those of a protected VM is one to be enabled.
 *
 * Return: whether it has.
 */
bool pkvm_vm_has_cap(const struct kvm *kvm, long cap)
{
	int i;

	if (!kvm_vm_is_protected(kvm))
		return true;

	for (i = 0; i < ARRAY_SIZE(pvm_caps); i++)
		if (pvm_caps[i] == cap)
			return true;

	return false;
}

/* Of the VM's file descriptor. Each goes with a capability above, or needs none. */
static const u32 pvm_vm_ioctls[] = {
	KVM_ARM_GET_REG_WRITABLE_MASKS,
	KVM_ARM_PREFERRED_TARGET,
	KVM_ARM_SET_DEVICE_ADDR,
	KVM_CHECK_EXTENSION,
	KVM_CREATE_DEVICE,
	KVM_CREATE_IRQCHIP,
	KVM_CREATE_VCPU,
	KVM_ENABLE_CAP,
	KVM_GET_DIRTY_LOG,
	KVM_GET_STATS_FD,
	KVM_HAS_DEVICE_ATTR,
	KVM_IOEVENTFD,
	KVM_IRQFD,
	KVM_IRQ_LINE,
	KVM_SET_DEVICE_ATTR,
	KVM_SET_GSI_ROUTING,
	KVM_SET_USER_MEMORY_REGION,
	KVM_SET_USER_MEMORY_REGION2,
	KVM_SIGNAL_MSI,
};

/**
 * pkvm_vm_has_ioctl() - Whether a VM has an ioctl
 * @kvm: the VM
 * @cmd: number of the ioctl, of the VM's file descriptor
 *
 * That it has does not mean that it succeeds: it may be there to say no.
 *
 * Return: whether it has.
 */
bool pkvm_vm_has_ioctl(const struct kvm *kvm, unsigned int cmd)
{
	int i;

	if (!kvm_vm_is_protected(kvm))
		return true;

	for (i = 0; i < ARRAY_SIZE(pvm_vm_ioctls); i++)
		if (pvm_vm_ioctls[i] == cmd)
			return true;

	return false;
}

static const u32 pvm_devices[] = {
	KVM_DEV_TYPE_ARM_VGIC_V3,
	KVM_DEV_TYPE_ARM_VGIC_ITS,
};

/**
 * pkvm_vm_has_device() - Whether a VM can have a device
 * @kvm: the VM
 * @type: one of enum kvm_device_type
 *
 * Return: whether it can.
 */
bool pkvm_vm_has_device(const struct kvm *kvm, u32 type)
{
	int i;

	if (!kvm_vm_is_protected(kvm))
		return true;

	for (i = 0; i < ARRAY_SIZE(pvm_devices); i++)
		if (pvm_devices[i] == type)
			return true;

	return false;
}

static const struct {
	u32 group;
	u64 attr;
} pvm_vcpu_attrs[] = {
	{ KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER },
	{ KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_PTIMER },
};

/**
 * pkvm_vcpu_has_attr() - Whether a vCPU has an attribute
 * @vcpu: the vCPU
 * @attr: group and number of the attribute
 *
 * The VM itself, when it is protected, has no attributes.
 *
 * Return: whether it has.
 */
bool pkvm_vcpu_has_attr(const struct kvm_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	int i;

	if (!vcpu_is_protected(vcpu))
		return true;

	for (i = 0; i < ARRAY_SIZE(pvm_vcpu_attrs); i++)
		if (pvm_vcpu_attrs[i].group == attr->group &&
		    pvm_vcpu_attrs[i].attr == attr->attr)
			return true;

	return false;
}

/**
 * pkvm_init_fw_features() - Choose the firmware services of a protected VM
 * @feat: bitmaps of the services, set to what KVM has
 *
 * Stolen time needs the host to write to guest memory, and PTP has the guest
 * trust the host's clock.
 */
void pkvm_init_fw_features(struct kvm_smccc_features *feat)
{
	feat->std_bmap &= BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0);
	feat->std_hyp_bmap = 0;
	feat->vendor_hyp_bmap &= BIT(KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT);
}
