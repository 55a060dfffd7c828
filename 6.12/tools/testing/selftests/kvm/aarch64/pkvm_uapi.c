// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi - what protected VMs and others answer.
 *
 * Audit map: case -> rule
 *
 *  KIND WHEN: REQUEST	what the VM answers to a request before its vCPU runs for
 *			the first time, and after; whatever the answer is, the
 *			guest runs afterwards
 *
 * KIND is protected or ordinary. Without protected mode there are ordinary VMs
 * only, and the same is expected of these. KVM_CREATE_VM has a test of its own,
 * pkvm_vm_create; so have capabilities, vCPUs, and interrupts with the vGIC.
 *
 * Rules: contract, section 8; the errors as in protected-vm-uapi.rst.
 *
 * Not tested: that KVM_DEV_TYPE_ARM_VGIC_V2 is refused on a host whose GICv3 can
 * emulate it. QEMU's cannot.
 */
#include "pkvm_uapi.h"

#define SLOT		20
#define SLOT_GPA	0x40000000UL

static int ioctl_errno(struct uapi_vm *v, unsigned long cmd, void *arg)
{
	return uapi_errno(ioctl(v->vm->fd, cmd, arg));
}

static int enable(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_enable_cap enable = {
		.cap = arg[0], .args = { arg[1] }, .flags = arg[2],
	};

	return ioctl_errno(v, KVM_ENABLE_CAP, &enable);
}

/* The device stays until the end of the case. */
static int device(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_create_device cd = { .type = arg[0], .flags = arg[1] };
	int err = ioctl_errno(v, KVM_CREATE_DEVICE, &cd);

	if (!err && !(cd.flags & KVM_CREATE_DEVICE_TEST))
		v->gic_fd = cd.fd;
	return err;
}

static int irqchip(struct uapi_vm *v, const u64 *arg)
{
	return ioctl_errno(v, KVM_CREATE_IRQCHIP, NULL);
}

static int device_addr(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_arm_device_addr addr = {
		.id = (u64)KVM_ARM_DEVICE_VGIC_V2 << KVM_ARM_DEVICE_ID_SHIFT |
		      KVM_VGIC_V2_ADDR_TYPE_DIST,
		.addr = SLOT_GPA,
	};

	return ioctl_errno(v, KVM_ARM_SET_DEVICE_ADDR, &addr);
}

static int mte_tags(struct uapi_vm *v, const u64 *arg)
{
	static u8 buffer[4096 / 16];
	struct kvm_arm_copy_mte_tags tags = { .length = 4096, .addr = buffer };

	return ioctl_errno(v, KVM_ARM_MTE_COPY_TAGS, &tags);
}

static int counter_offset(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_arm_counter_offset offset = { .counter_offset = 0 };

	return ioctl_errno(v, KVM_ARM_SET_COUNTER_OFFSET, &offset);
}

static int has_attr(struct uapi_vm *v, const u64 *arg)
{
	return uapi_errno(__kvm_has_device_attr(v->vm->fd, arg[0], arg[1]));
}

static int set_attr(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_smccc_filter filter = {
		.base = 0xc4000000, .nr_functions = 1, .action = KVM_SMCCC_FILTER_DENY,
	};

	return uapi_errno(__kvm_device_attr_set(v->vm->fd, arg[0], arg[1], &filter));
}

/* EDOM: some register is said to be writable. */
static int writable_masks(struct uapi_vm *v, const u64 *arg)
{
	static u64 masks[KVM_ARM_FEATURE_ID_RANGE_SIZE];
	struct reg_mask_range range = { .addr = (u64)masks, .reserved = { arg[0] } };
	unsigned int i;
	int err = ioctl_errno(v, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);

	for (i = 0; !err && i < ARRAY_SIZE(masks); i++)
		if (masks[i])
			err = EDOM;
	return err;
}

static u8 memory[65536] __aligned(65536);

static int memslot(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT, .flags = arg[0], .guest_phys_addr = SLOT_GPA,
		.memory_size = sizeof(memory), .userspace_addr = (u64)memory,
	};

	return ioctl_errno(v, KVM_SET_USER_MEMORY_REGION, &region);
}

static int memslot2(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = SLOT, .flags = arg[0], .guest_phys_addr = SLOT_GPA,
		.memory_size = sizeof(memory), .userspace_addr = (u64)memory,
	};

	return ioctl_errno(v, KVM_SET_USER_MEMORY_REGION2, &region);
}

static int dirty_log(struct uapi_vm *v, const u64 *arg)
{
	u64 bitmap[16] = {};
	struct kvm_dirty_log log = { .slot = SLOT, .dirty_bitmap = bitmap };
	int err = arg[0] ? memslot(v, arg) : 0;

	return err ?: ioctl_errno(v, KVM_GET_DIRTY_LOG, &log);
}

static int clear_dirty_log(struct uapi_vm *v, const u64 *arg)
{
	u64 bitmap[16] = {};
	struct kvm_clear_dirty_log clear = {
		.slot = SLOT, .num_pages = sizeof(memory) / getpagesize(),
		.dirty_bitmap = bitmap,
	};

	return memslot(v, arg) ?: ioctl_errno(v, KVM_CLEAR_DIRTY_LOG, &clear);
}

static int coalesced(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = SLOT_GPA, .size = 8 };

	return ioctl_errno(v, arg[0], &zone);
}

/*
 * Requests of the descriptor of a VM, or of something else, that no protected VM
 * has. None of them gets as far as to look for its structure. EDOM: one does.
 */
static int other_ioctls(struct uapi_vm *v, const u64 *arg)
{
	static const unsigned long cmds[] = {
		KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_GET_VCPU_MMAP_SIZE, KVM_RUN,
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_TRANSLATE,
		KVM_INTERRUPT, KVM_NMI, KVM_GET_FPU, KVM_SET_FPU, KVM_GET_MP_STATE,
		KVM_SET_MP_STATE, KVM_SET_SIGNAL_MASK, KVM_SET_GUEST_DEBUG,
		KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_SET_ONE_REG,
		KVM_GET_REG_LIST, KVM_ARM_VCPU_INIT, KVM_ARM_VCPU_FINALIZE,
		KVM_GET_DEVICE_ATTR, KVM_CLEAR_DIRTY_LOG, KVM_RESET_DIRTY_RINGS,
		KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO,
		KVM_IRQ_LINE_STATUS, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP,
		KVM_ARM_SET_COUNTER_OFFSET, KVM_ARM_MTE_COPY_TAGS,
		KVM_SET_MEMORY_ATTRIBUTES, KVM_CREATE_GUEST_MEMFD, KVM_PRE_FAULT_MEMORY,
		KVM_SET_TSS_ADDR, KVM_SET_BOOT_CPU_ID, KVM_SET_TSC_KHZ, KVM_GET_TSC_KHZ,
		KVM_KVMCLOCK_CTRL, KVM_SMI, KVM_MEMORY_ENCRYPT_OP,
		_IO(KVMIO, 0xff), 0, ~0U,
	};
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int err = ioctl_errno(v, cmds[i], NULL);

		if (err == EINVAL)
			continue;
		if (v->kind == UAPI_PROTECTED)
			ksft_print_msg("ioctl 0x%lx: %s\n", cmds[i], uapi_describe(err));
		bad++;
	}
	return bad ? EDOM : 0;
}

/* A request that returns a descriptor. */
static int get_fd(struct uapi_vm *v, const u64 *arg)
{
	int fd = ioctl(v->vm->fd, arg[0], arg[1]);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* EDOM: another target, or features that nobody asked for. */
static int preferred_target(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_init init, want = { .target = KVM_ARM_TARGET_GENERIC_V8 };
	int err;

	memset(&init, 0xff, sizeof(init));
	err = ioctl_errno(v, KVM_ARM_PREFERRED_TARGET, &init);
	return err ?: memcmp(&init, &want, sizeof(init)) ? EDOM : 0;
}

#define NONE		{ 0 }
#define ONE(a)		{ a }
#define CAP(name, args...) { KVM_CAP_##name, args }
#define DEVICE(type)	{ KVM_DEV_TYPE_##type }
#define PROBE(type)	{ KVM_DEV_TYPE_##type, KVM_CREATE_DEVICE_TEST }
#define FILTER		{ KVM_ARM_VM_SMCCC_CTRL, KVM_ARM_VM_SMCCC_FILTER }
#define DEPENDS		ALWAYS(UAPI_ANY)

static const struct uapi_case cases[] = {
	CASE("ENABLE_CAP NISV_TO_USER", enable, CAP(ARM_NISV_TO_USER), ALWAYS(EINVAL), ALWAYS(0)),
	CASE("ENABLE_CAP SYSTEM_SUSPEND", enable, CAP(ARM_SYSTEM_SUSPEND),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("ENABLE_CAP DIRTY_LOG2", enable, CAP(MANUAL_DIRTY_LOG_PROTECT2, 1),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("ENABLE_CAP HALT_POLL", enable, CAP(HALT_POLL, 1000), ALWAYS(EINVAL), ALWAYS(0)),
	CASE("ENABLE_CAP with flags", enable, CAP(ARM_NISV_TO_USER, 0, 1),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),

	CASE("CREATE_DEVICE VGIC_V2", device, DEVICE(ARM_VGIC_V2), ALWAYS(ENODEV), DEPENDS),
	CASE("CREATE_DEVICE VGIC_V3, test", device, PROBE(ARM_VGIC_V3), ALWAYS(0), ALWAYS(0)),
	CASE("CREATE_DEVICE VGIC_ITS, test", device, PROBE(ARM_VGIC_ITS), ALWAYS(0), ALWAYS(0)),
	CASE("CREATE_DEVICE VFIO, test", device, PROBE(VFIO), ALWAYS(ENODEV), DEPENDS),
	CASE("CREATE_DEVICE VFIO", device, DEVICE(VFIO), ALWAYS(ENODEV), DEPENDS),
	CASE("CREATE_DEVICE unknown", device, ONE(~0), ALWAYS(ENODEV), ALWAYS(ENODEV)),
	/* One that is created, and not initialised, keeps the guest from running. */
	{ "CREATE_DEVICE VGIC_V3", device, DEVICE(ARM_VGIC_V3),
	  { { 0, EBUSY }, { 0, EBUSY } }, .deadly = true },
	GIC_CASE("CREATE_DEVICE VGIC_V3 again", device, DEVICE(ARM_VGIC_V3),
		 ALWAYS(EEXIST), ALWAYS(EEXIST)),
	CASE("CREATE_IRQCHIP", irqchip, NONE, ALWAYS(ENODEV), DEPENDS),
	CASE("ARM_SET_DEVICE_ADDR VGIC_V2", device_addr, NONE, ALWAYS(ENODEV), ALWAYS(ENODEV)),

	CASE("ARM_MTE_COPY_TAGS", mte_tags, NONE, ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("ARM_SET_COUNTER_OFFSET", counter_offset, NONE, ALWAYS(EINVAL), ALWAYS(0)),
	CASE("HAS_DEVICE_ATTR SMCCC_FILTER", has_attr, FILTER, ALWAYS(ENXIO), ALWAYS(0)),
	CASE("SET_DEVICE_ATTR SMCCC_FILTER", set_attr, FILTER, ALWAYS(EINVAL), { 0, EBUSY }),
	CASE("HAS_DEVICE_ATTR unknown", has_attr, ONE(77), ALWAYS(ENXIO), ALWAYS(ENXIO)),
	CASE("SET_DEVICE_ATTR unknown", set_attr, ONE(77), ALWAYS(EINVAL), ALWAYS(ENXIO)),
	CASE("ARM_GET_REG_WRITABLE_MASKS", writable_masks, NONE, ALWAYS(0), ALWAYS(EDOM)),
	CASE("ARM_GET_REG_WRITABLE_MASKS reserved", writable_masks, ONE(1),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),

	CASE("memslot READONLY", memslot, ONE(KVM_MEM_READONLY), ALWAYS(0), ALWAYS(0)),
	CASE("memslot GUEST_MEMFD", memslot, ONE(KVM_MEM_GUEST_MEMFD),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("memslot with an unknown flag", memslot, ONE(BIT(20)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("memslot LOG_DIRTY_PAGES, GET_DIRTY_LOG", dirty_log, ONE(KVM_MEM_LOG_DIRTY_PAGES),
	     ALWAYS(0), ALWAYS(0)),
	CASE("memslot by SET_USER_MEMORY_REGION2", memslot2, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("memslot by SET_USER_MEMORY_REGION2, GUEST_MEMFD", memslot2, ONE(KVM_MEM_GUEST_MEMFD),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("CLEAR_DIRTY_LOG", clear_dirty_log, ONE(KVM_MEM_LOG_DIRTY_PAGES),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("GET_DIRTY_LOG of no slot", dirty_log, NONE, ALWAYS(ENOENT), ALWAYS(ENOENT)),

	CASE("GET_STATS_FD", get_fd, ONE(KVM_GET_STATS_FD), ALWAYS(0), ALWAYS(0)),
	CASE("CREATE_VCPU", get_fd, ARGS(KVM_CREATE_VCPU, 1), ALWAYS(0), ALWAYS(0)),
	CASE("CREATE_VCPU again", get_fd, ARGS(KVM_CREATE_VCPU, 0),
	     ALWAYS(EEXIST), ALWAYS(EEXIST)),
	CASE("CREATE_VCPU too many", get_fd, ARGS(KVM_CREATE_VCPU, 10000),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("ARM_PREFERRED_TARGET", preferred_target, NONE, ALWAYS(0), ALWAYS(0)),

	/* Whose capabilities a protected VM does not have. */
	CASE("REGISTER_COALESCED_MMIO", coalesced, ONE(KVM_REGISTER_COALESCED_MMIO),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("UNREGISTER_COALESCED_MMIO", coalesced, ONE(KVM_UNREGISTER_COALESCED_MMIO),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("other ioctls", other_ioctls, NONE, ALWAYS(0), ALWAYS(EDOM)),
};

int main(void)
{
	uapi_run_table(cases, ARRAY_SIZE(cases));
}
