// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_vm - what protected VMs and ordinary ones answer to requests.
 *
 *  KIND WHEN: REQUEST	the answer before the vCPU runs for the first time, and
 *			after. Whatever the answer is, the guest then runs.
 *
 * Four VMs get all requests, in order: each kind with and without a vGIC. A
 * request that a protected VM refuses is not valid for it, EINVAL, or is about a
 * device that it does not have, ENODEV. Rows with one answer for both kinds show
 * that a protected VM has what any VM has. Capabilities and attributes are in
 * pkvm_uapi, KVM_CREATE_VM is in pkvm_vm_create, memslots in pkvm_uapi_memory.
 */
#include <sys/eventfd.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "gic.h"
#include "gic_v3.h"
#include "vgic.h"

#define FREE_GPA	0x40000000UL
#define ITS_GPA		0x50000000UL

/* What a request leads to depends on the CPU, or on how KVM was built. */
#define ANY		(-1)

struct request {
	const char *name;
	int (*fn)(struct probe *p, const u64 *arg);	/* returns 0 or an errno */
	u64 arg[3];
	int protected[2], ordinary[2];			/* before the first run, after */
	bool vgic;
};

static int answer(int ret)
{
	return ret < 0 ? errno : 0;
}

static int vm_ask(struct probe *p, unsigned long cmd, void *arg)
{
	return answer(ioctl(p->vm->fd, cmd, arg));
}

static int vcpu_ask(struct probe *p, unsigned long cmd, void *arg)
{
	return answer(ioctl(p->vcpu[0]->fd, cmd, arg));
}

/* A request with a buffer of zeroes for its structure, or with a number. */
static int zeroes(struct probe *p, const u64 *arg)
{
	u64 buffer[64] = {};

	return vm_ask(p, arg[0], buffer);
}

static int number(struct probe *p, const u64 *arg)
{
	int ret = ioctl(p->vm->fd, arg[0], arg[1]);

	if (ret > 2)
		close(ret);
	return answer(ret);
}

static int guest_memfd(struct probe *p, const u64 *arg)
{
	int fd = __vm_create_guest_memfd(p->vm, getpagesize(), 0);

	if (fd >= 0)
		close(fd);
	return answer(fd);
}

static int vcpu_zeroes(struct probe *p, const u64 *arg)
{
	u64 buffer[512] = {};

	return vcpu_ask(p, arg[0], buffer);
}

static int enable(struct probe *p, const u64 *arg)
{
	struct kvm_enable_cap cap = { .cap = arg[0], .args = { arg[1] } };

	return vm_ask(p, KVM_ENABLE_CAP, &cap);
}

static int device(struct probe *p, const u64 *arg)
{
	struct kvm_create_device cd = { .type = arg[0], .flags = arg[1] };
	int err = vm_ask(p, KVM_CREATE_DEVICE, &cd);

	if (!err && !(cd.flags & KVM_CREATE_DEVICE_TEST))
		close(cd.fd);
	return err;
}

static int set_attr(struct probe *p, const u64 *arg)
{
	u64 val = arg[2];

	return answer(__kvm_device_attr_set(p->vm->arch.gic_fd, arg[0], arg[1], &val));
}

/* Read an attribute, and write back what was read. */
static int keep_attr(struct probe *p, const u64 *arg)
{
	int fd = p->vm->arch.gic_fd;
	u64 val = 0;

	return answer(__kvm_device_attr_get(fd, arg[0], arg[1], &val)) ?:
	       answer(__kvm_device_attr_set(fd, arg[0], arg[1], &val));
}

/* The ITS stays until the end of the VM. */
static int its_fd = -1;

static int its_attr(struct probe *p, const u64 *arg)
{
	u64 addr = ITS_GPA;

	if (its_fd < 0) {
		its_fd = kvm_create_device(p->vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
		kvm_device_attr_set(its_fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
				    KVM_VGIC_ITS_ADDR_TYPE, &addr);
		kvm_device_attr_set(its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
				    KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	}
	return answer(__kvm_device_attr_set(its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, arg[0], NULL));
}

static int irq_line(struct probe *p, const u64 *arg)
{
	struct kvm_irq_level level = { .irq = arg[0], .level = 1 };
	int err = vm_ask(p, arg[1] ?: KVM_IRQ_LINE, &level);

	level.level = 0;
	__vm_ioctl(p->vm, KVM_IRQ_LINE, &level);
	return err;
}

/* Assign an irqfd with these flags, use it, and take it away. */
static int irqfd(struct probe *p, const u64 *arg)
{
	int event = eventfd(0, 0), err;
	struct kvm_irqfd irqfd = {
		.fd = event, .gsi = 8, .flags = arg[0], .resamplefd = event,
	};
	u64 one = 1;

	err = vm_ask(p, KVM_IRQFD, &irqfd);
	if (!err) {
		TEST_ASSERT_EQ(write(event, &one, sizeof(one)), sizeof(one));
		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
		err = vm_ask(p, KVM_IRQFD, &irqfd);
	}
	close(event);
	return err;
}

static int ioeventfd(struct probe *p, const u64 *arg)
{
	int event = eventfd(0, 0), err;
	struct kvm_ioeventfd io = { .addr = FREE_GPA, .len = arg[0], .fd = event };

	err = vm_ask(p, KVM_IOEVENTFD, &io);
	if (!err) {
		io.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
		err = vm_ask(p, KVM_IOEVENTFD, &io);
	}
	close(event);
	return err;
}

static int routing(struct probe *p, const u64 *arg)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} r = {
		.head.nr = 1,
		.entry = { .gsi = 9, .type = arg[0], .u.irqchip.pin = arg[1] },
	};

	return vm_ask(p, KVM_SET_GSI_ROUTING, &r);
}

static int signal_msi(struct probe *p, const u64 *arg)
{
	struct kvm_msi msi = {
		.address_lo = ITS_GPA + GITS_TRANSLATER, .flags = arg[0], .devid = 1,
	};

	return vm_ask(p, KVM_SIGNAL_MSI, &msi);
}

/* Set the state, and make the vCPU runnable again. Return EDOM if the latter fails. */
static int mp_state(struct probe *p, const u64 *arg)
{
	struct kvm_mp_state state = { .mp_state = arg[0] };
	int err = vcpu_ask(p, KVM_SET_MP_STATE, &state);

	state.mp_state = KVM_MP_STATE_RUNNABLE;
	return vcpu_ask(p, KVM_SET_MP_STATE, &state) ? EDOM : err;
}

/* Initialise the vCPU again, with further features or another target. */
static int init(struct probe *p, const u64 *arg)
{
	struct kvm_vcpu_init init;

	probe_get_init(p, &init);
	init.features[0] |= arg[0];
	init.features[1] = arg[1];
	init.target = arg[2] ?: init.target;
	return vcpu_ask(p, KVM_ARM_VCPU_INIT, &init);
}

static int finalize(struct probe *p, const u64 *arg)
{
	int what = arg[0];

	return vcpu_ask(p, KVM_ARM_VCPU_FINALIZE, &what);
}

static int timer_irq(struct probe *p, const u64 *arg)
{
	u32 irq = arg[1];

	return answer(__vcpu_device_attr_set(p->vcpu[0], KVM_ARM_VCPU_TIMER_CTRL, arg[0],
					     &irq));
}

#define BOTH(err)	{ err, err }
#define ARGS(...)	{ __VA_ARGS__ }

/* Both kinds of VM give the same answer. A row of VGIC() is for VMs with a vGIC. */
#define SAME(text, func, args, err)						\
	{ .name = text, .fn = func, .arg = args, .protected = BOTH(err),	\
	  .ordinary = BOTH(err) }
#define VGIC(text, func, args, err)						\
	{ .name = text, .fn = func, .arg = args, .protected = BOTH(err),	\
	  .ordinary = BOTH(err), .vgic = true }
/* A protected VM refuses the request, whatever an ordinary one answers. */
#define REFUSED(text, func, args, err, of_ordinary)				\
	{ .name = text, .fn = func, .arg = args, .protected = BOTH(err),	\
	  .ordinary = BOTH(of_ordinary) }

#define CAP(name, ...)		{ KVM_CAP_##name, ##__VA_ARGS__ }
#define DEVICE(type, ...)	{ KVM_DEV_TYPE_##type, ##__VA_ARGS__ }
#define IRQ(type, nr, ...)	{ KVM_ARM_IRQ_TYPE_##type << KVM_ARM_IRQ_TYPE_SHIFT | (nr), \
				  ##__VA_ARGS__ }
#define GIC(group, ...)		{ KVM_DEV_ARM_VGIC_GRP_##group, ##__VA_ARGS__ }
#define ICC(...)		GIC(CPU_SYSREGS, ARM64_SYS_REG(3, 0, __VA_ARGS__) &	\
				    KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK)
#define ITS(attr)		{ KVM_DEV_ARM_##attr }
#define STATE(name)		{ KVM_MP_STATE_##name }
#define FEATURE(name, ...)	{ BIT(KVM_ARM_VCPU_##name), ##__VA_ARGS__ }

static const struct request requests[] = {
	/* These belong to capabilities that a protected VM does not have. */
	REFUSED("GET_DIRTY_LOG", zeroes, ARGS(KVM_GET_DIRTY_LOG), EINVAL, ENOENT),
	REFUSED("CLEAR_DIRTY_LOG", zeroes, ARGS(KVM_CLEAR_DIRTY_LOG), EINVAL, ENOENT),
	REFUSED("REGISTER_COALESCED_MMIO", zeroes, ARGS(KVM_REGISTER_COALESCED_MMIO), EINVAL, 0),
	REFUSED("UNREGISTER_COALESCED_MMIO", zeroes, ARGS(KVM_UNREGISTER_COALESCED_MMIO),
		EINVAL, 0),
	REFUSED("CREATE_GUEST_MEMFD", guest_memfd, {}, EINVAL, 0),
	REFUSED("SET_MEMORY_ATTRIBUTES", zeroes, ARGS(KVM_SET_MEMORY_ATTRIBUTES), EINVAL, ANY),
	SAME("RESET_DIRTY_RINGS", zeroes, ARGS(KVM_RESET_DIRTY_RINGS), EINVAL),
	REFUSED("ARM_SET_COUNTER_OFFSET", zeroes, ARGS(KVM_ARM_SET_COUNTER_OFFSET), EINVAL, 0),
	SAME("ARM_MTE_COPY_TAGS", zeroes, ARGS(KVM_ARM_MTE_COPY_TAGS), EINVAL),
	REFUSED("ENABLE_CAP ARM_NISV_TO_USER", enable, CAP(ARM_NISV_TO_USER), EINVAL, 0),
	REFUSED("ENABLE_CAP HALT_POLL", enable, CAP(HALT_POLL, 1000), EINVAL, 0),
	REFUSED("ENABLE_CAP DIRTY_LOG_RING", enable, CAP(DIRTY_LOG_RING_ACQ_REL, 65536),
		EINVAL, ANY),
	REFUSED("IRQ_LINE CPU without a vGIC", irq_line, IRQ(CPU, KVM_ARM_IRQ_CPU_IRQ),
		EINVAL, 0),
	{ "IRQ_LINE_STATUS", irq_line, IRQ(SPI, 40, KVM_IRQ_LINE_STATUS),
	  BOTH(EINVAL), BOTH(0), .vgic = true },
	SAME("unknown ioctl", zeroes, ARGS(_IO(KVMIO, 0xff)), EINVAL),
	SAME("unknown ioctl of a vCPU", vcpu_zeroes, ARGS(_IO(KVMIO, 0xff)), EINVAL),
	SAME("GET_REGS", vcpu_zeroes, ARGS(KVM_GET_REGS), EINVAL),
	SAME("PRE_FAULT_MEMORY", vcpu_zeroes, ARGS(KVM_PRE_FAULT_MEMORY), EINVAL),

	REFUSED("CREATE_DEVICE VGIC_V2", device, DEVICE(ARM_VGIC_V2), ENODEV, ANY),
	REFUSED("CREATE_DEVICE VFIO", device, DEVICE(VFIO), ENODEV, 0),
	REFUSED("CREATE_DEVICE VFIO, test", device, DEVICE(VFIO, KVM_CREATE_DEVICE_TEST),
		ENODEV, 0),
	SAME("CREATE_DEVICE VGIC_V3, test", device, DEVICE(ARM_VGIC_V3, KVM_CREATE_DEVICE_TEST),
	     0),
	SAME("CREATE_DEVICE VGIC_ITS, test", device,
	     DEVICE(ARM_VGIC_ITS, KVM_CREATE_DEVICE_TEST), 0),
	VGIC("CREATE_DEVICE VGIC_V3 again", device, DEVICE(ARM_VGIC_V3), EEXIST),
	SAME("CREATE_DEVICE unknown", device, ARGS(~0U), ENODEV),

	/* What any VM has. */
	SAME("GET_STATS_FD", number, ARGS(KVM_GET_STATS_FD), 0),
	SAME("CREATE_VCPU again", number, ARGS(KVM_CREATE_VCPU, 0), EEXIST),
	SAME("CREATE_VCPU too many", number, ARGS(KVM_CREATE_VCPU, 10000), EINVAL),
	SAME("ARM_PREFERRED_TARGET", zeroes, ARGS(KVM_ARM_PREFERRED_TARGET), 0),
	SAME("IRQ_LINE PPI without a vGIC", irq_line, IRQ(PPI, 20), ANY),
	VGIC("IRQ_LINE PPI", irq_line, IRQ(PPI, 20), 0),
	VGIC("IRQ_LINE SPI", irq_line, IRQ(SPI, 40), 0),
	VGIC("IRQ_LINE SPI that the vGIC lacks", irq_line, IRQ(SPI, 900), EINVAL),
	VGIC("IRQFD", irqfd, {}, 0),
	VGIC("IRQFD RESAMPLE", irqfd, ARGS(KVM_IRQFD_FLAG_RESAMPLE), 0),
	VGIC("IRQFD, unknown flag", irqfd, ARGS(BIT(7)), EINVAL),
	SAME("IOEVENTFD", ioeventfd, ARGS(4), 0),
	SAME("IOEVENTFD, any length", ioeventfd, {}, 0),
	SAME("IOEVENTFD, bad length", ioeventfd, ARGS(3), EINVAL),
	VGIC("SET_GSI_ROUTING irqchip", routing, ARGS(KVM_IRQ_ROUTING_IRQCHIP, 8), 0),
	VGIC("SET_GSI_ROUTING MSI", routing, ARGS(KVM_IRQ_ROUTING_MSI), 0),
	VGIC("SET_GSI_ROUTING unknown", routing, ARGS(77), EINVAL),

	VGIC("vGIC: address again", set_attr,
	     GIC(ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, FREE_GPA), EEXIST),
	VGIC("vGIC: address of a vGICv2", set_attr,
	     GIC(ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, FREE_GPA), ENXIO),
	VGIC("vGIC: NR_IRQS again", set_attr, GIC(NR_IRQS, 0, 96), EBUSY),
	VGIC("vGIC: CTRL_INIT again", set_attr, GIC(CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT), 0),
	VGIC("vGIC: unknown", set_attr, ARGS(77), ENXIO),
	VGIC("vGIC: keep GICD_CTLR", keep_attr, GIC(DIST_REGS, GICD_CTLR), 0),
	VGIC("vGIC: keep GICR_CTLR", keep_attr, GIC(REDIST_REGS, GICR_CTLR), 0),
	VGIC("vGIC: keep ICC_PMR_EL1", keep_attr, ICC(4, 6, 0), 0),
	VGIC("vGIC: keep ICC_CTLR_EL1", keep_attr, ICC(12, 12, 4), 0),
	VGIC("vGIC: keep ICC_SRE_EL1", keep_attr, ICC(12, 12, 5), 0),
	VGIC("vGIC: SCTLR_EL1", keep_attr, ICC(1, 0, 0), ENOENT),

	VGIC("SIGNAL_MSI without an ITS", signal_msi, ARGS(KVM_MSI_VALID_DEVID), ANY),
	VGIC("ITS: CTRL_INIT again", its_attr, ITS(VGIC_CTRL_INIT), 0),
	VGIC("ITS: SAVE_TABLES", its_attr, ITS(ITS_SAVE_TABLES), 0),
	VGIC("ITS: CTRL_RESET", its_attr, ITS(ITS_CTRL_RESET), 0),
	VGIC("SIGNAL_MSI before the guest enables the ITS", signal_msi,
	     ARGS(KVM_MSI_VALID_DEVID), EBUSY),
	VGIC("SIGNAL_MSI without a device", signal_msi, {}, EINVAL),

	SAME("SET_MP_STATE RUNNABLE", mp_state, STATE(RUNNABLE), 0),
	SAME("SET_MP_STATE STOPPED", mp_state, STATE(STOPPED), 0),
	REFUSED("SET_MP_STATE SUSPENDED", mp_state, STATE(SUSPENDED), EINVAL, 0),
	SAME("SET_MP_STATE HALTED", mp_state, STATE(HALTED), EINVAL),
	SAME("SET_VCPU_EVENTS, all zero", vcpu_zeroes, ARGS(KVM_SET_VCPU_EVENTS), 0),
	/* No VM changes its features. pkvm_features tests what a protected VM cannot start with. */
	SAME("VCPU_INIT, PMU_V3", init, FEATURE(PMU_V3), EINVAL),
	SAME("VCPU_INIT, SVE", init, FEATURE(SVE), EINVAL),
	SAME("VCPU_INIT, HAS_EL2", init, FEATURE(HAS_EL2), EINVAL),
	SAME("VCPU_INIT, EL1_32BIT", init, FEATURE(EL1_32BIT), EINVAL),
	SAME("VCPU_INIT, half of PAuth", init, FEATURE(PTRAUTH_ADDRESS), EINVAL),
	SAME("VCPU_INIT, unknown feature", init, ARGS(BIT(20)), ENOENT),
	SAME("VCPU_INIT, unknown target", init, ARGS(0, 0, 1000), EINVAL),
	SAME("VCPU_FINALIZE SVE", finalize, ARGS(KVM_ARM_VCPU_SVE), EINVAL),
	{ "TIMER_IRQ_VTIMER", timer_irq, ARGS(KVM_ARM_VCPU_TIMER_IRQ_VTIMER, 27),
	  { 0, EBUSY }, { 0, EBUSY }, .vgic = true },
	VGIC("TIMER_IRQ_PTIMER that is an SPI", timer_irq,
	     ARGS(KVM_ARM_VCPU_TIMER_IRQ_PTIMER, 40), EINVAL),
};

static const char *text(int err)
{
	return err ? strerror(err) : "success";
}

static void test_vm(bool ordinary, bool vgic)
{
	const struct probe_cfg cfg = { .ordinary = ordinary, .vgic = vgic };
	struct probe *p = probe_create(&cfg);
	unsigned int i, after;

	for (after = 0; after < 2; after++) {
		const char *when = after ? "after" : "before";

		for (i = 0; i < ARRAY_SIZE(requests); i++) {
			const struct request *r = &requests[i];
			int want = (ordinary ? r->ordinary : r->protected)[after], err;
			bool ok;

			if (r->vgic != vgic)
				continue;
			err = r->fn(p, r->arg);
			ok = want == ANY || err == want;
			if (!ok)
				ksft_print_msg("got \"%s\", not \"%s\"\n", text(err), text(want));
			ok = (!after || probe_runs(p)) && ok;
			ksft_test_result(ok, "%s %s: %s\n", ordinary ? "ordinary" : "protected",
					 when, r->name);
		}
		ksft_test_result(probe_runs(p), "%s, %s vGIC: runs %s\n",
				 ordinary ? "ordinary" : "protected", vgic ? "with" : "no", when);
	}
	if (its_fd >= 0)
		close(its_fd);
	its_fd = -1;
	probe_free(p);
}

int main(void)
{
	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(kvm_supports_vgic_v3());

	ksft_print_header();
	ksft_set_plan(4 * ARRAY_SIZE(requests) + 8);
	test_vm(false, false);
	test_vm(false, true);
	test_vm(true, false);
	test_vm(true, true);
	ksft_finished();
}
