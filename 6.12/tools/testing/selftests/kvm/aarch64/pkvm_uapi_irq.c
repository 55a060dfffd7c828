// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_irq - interrupts and the vGIC of protected VMs and of others.
 *
 * Audit map: case -> rule
 *
 *  KIND WHEN: REQUEST	what the VM, its vGIC or its ITS answers to a request before
 *			the vCPU runs for the first time, and after; whatever the
 *			answer is, the guest runs afterwards
 *
 * KIND is protected or ordinary. Without protected mode there are ordinary VMs
 * only, and the same is expected of these. A protected VM has the attributes of
 * both devices that any VM has: only the rows with two different answers show a
 * rule of its own.
 *
 * Rules: contract, section 8; the errors as in protected-vm-uapi.rst.
 */
#include <sys/eventfd.h>

#include "pkvm_uapi.h"
#include "gic.h"
#include "gic_v3.h"

#define FREE_GPA	0x40000000UL
#define ITS_GPA		0x50000000UL

static int ioctl_errno(struct uapi_vm *v, unsigned long cmd, void *arg)
{
	return uapi_errno(ioctl(v->vm->fd, cmd, arg));
}

static int has_attr(struct uapi_vm *v, const u64 *arg)
{
	return uapi_errno(__kvm_has_device_attr(v->gic_fd, arg[0], arg[1]));
}

static int set_attr(struct uapi_vm *v, const u64 *arg)
{
	u64 val = arg[2];

	return uapi_errno(__kvm_device_attr_set(v->gic_fd, arg[0], arg[1], &val));
}

/* At an address of nothing. */
static int set_attr_fault(struct uapi_vm *v, const u64 *arg)
{
	return uapi_errno(__kvm_device_attr_set(v->gic_fd, arg[0], arg[1], (void *)8));
}

/* Read it, and write back what was read. */
static int keep_attr(struct uapi_vm *v, const u64 *arg)
{
	u64 val = 0;

	return uapi_errno(__kvm_device_attr_get(v->gic_fd, arg[0], arg[1], &val)) ?:
	       uapi_errno(__kvm_device_attr_set(v->gic_fd, arg[0], arg[1], &val));
}

/* An ITS, with an address and initialised, that stays until the end of the VM. */
static int make_its(struct uapi_vm *v, int *fd)
{
	u64 addr = ITS_GPA;

	*fd = __kvm_create_device(v->vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
	if (*fd < 0)
		return errno;
	return uapi_errno(__kvm_device_attr_set(*fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
						KVM_VGIC_ITS_ADDR_TYPE, &addr)) ?:
	       uapi_errno(__kvm_device_attr_set(*fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
						KVM_DEV_ARM_VGIC_CTRL_INIT, NULL));
}

/* An attribute without a value. */
static int its_attr(struct uapi_vm *v, const u64 *arg)
{
	int fd, err = make_its(v, &fd);

	err = err ?: uapi_errno(__kvm_has_device_attr(fd, arg[0], arg[1]));
	if (!err && arg[2])
		err = uapi_errno(__kvm_device_attr_set(fd, arg[0], arg[1], NULL));
	if (fd >= 0)
		close(fd);
	return err;
}

static int irq_line(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_irq_level level = { .irq = arg[0], .level = 1 };
	int err = ioctl_errno(v, KVM_IRQ_LINE, &level);

	level.level = 0;
	__vm_ioctl(v->vm, KVM_IRQ_LINE, &level);
	return err;
}

static int irq_line_status(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_irq_level level = { .irq = arg[0] };

	return ioctl_errno(v, KVM_IRQ_LINE_STATUS, &level);
}

/* Assign an irqfd with these flags, use it, and take it away. */
static int irqfd(struct uapi_vm *v, const u64 *arg)
{
	int event = eventfd(0, 0), err;
	struct kvm_irqfd irqfd = {
		.fd = arg[1] ? -1 : event, .gsi = 8, .flags = arg[0], .resamplefd = event,
	};
	u64 one = 1;

	err = ioctl_errno(v, KVM_IRQFD, &irqfd);
	if (!err) {
		TEST_ASSERT(write(event, &one, sizeof(one)) == sizeof(one), "write");
		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
		err = ioctl_errno(v, KVM_IRQFD, &irqfd);
	}
	close(event);
	return err;
}

static int ioeventfd(struct uapi_vm *v, const u64 *arg)
{
	int event = eventfd(0, 0), err;
	struct kvm_ioeventfd io = {
		.addr = FREE_GPA, .len = arg[0], .fd = event, .flags = arg[1],
	};

	err = ioctl_errno(v, KVM_IOEVENTFD, &io);
	if (!err) {
		io.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
		err = ioctl_errno(v, KVM_IOEVENTFD, &io);
	}
	close(event);
	return err;
}

static int routing(struct uapi_vm *v, const u64 *arg)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} r = {
		.head = { .nr = 1, .flags = arg[2] },
		.entry = { .gsi = 9, .type = arg[0], .u.irqchip.pin = arg[1] },
	};

	return ioctl_errno(v, KVM_SET_GSI_ROUTING, &r);
}

/* By the ITS, if there is to be one. */
static int signal_msi(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_msi msi = {
		.address_lo = ITS_GPA + GITS_TRANSLATER, .flags = arg[0], .devid = 1,
	};
	int fd = -1, err = arg[1] ? make_its(v, &fd) : 0;

	err = err ?: ioctl_errno(v, KVM_SIGNAL_MSI, &msi);
	if (fd >= 0)
		close(fd);
	return err;
}

#define NONE		{ 0 }
#define ONE(a)		{ a }
#define IRQ(type, nr)	{ KVM_ARM_IRQ_TYPE_##type << KVM_ARM_IRQ_TYPE_SHIFT | (nr) }
#define IRQ_VCPU(nr)	((nr) << KVM_ARM_IRQ_VCPU_SHIFT)
#define IRQ_UNKNOWN	{ 9 << KVM_ARM_IRQ_TYPE_SHIFT }
#define GIC(group, attr...) { KVM_DEV_ARM_VGIC_GRP_##group, attr }
#define ICC(op2_crm...)	\
	GIC(CPU_SYSREGS, ARM64_SYS_REG(3, 0, op2_crm) & KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK)
#define LINE_LEVEL	(VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT)
#define OF_VCPU(nr)	((u64)(nr) << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT)
#define PIN(nr, args...) { KVM_IRQ_ROUTING_IRQCHIP, nr, args }

/* Any VM with a vGICv3 gives this answer. */
#define GIC_ANY(text, func, args, err)					\
	{ .name = text, .fn = func, .arg = args,			\
	  .want = { ALWAYS(err), ALWAYS(err) }, .gic = true }

static const struct uapi_case cases[] = {
	GIC_ANY("vGIC HAS ADDR DIST", has_attr, GIC(ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST), 0),
	GIC_ANY("vGIC HAS ADDR REDIST", has_attr, GIC(ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST), 0),
	GIC_ANY("vGIC HAS ADDR of a vGICv2", has_attr,
		GIC(ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST), ENXIO),
	GIC_ANY("vGIC HAS NR_IRQS", has_attr, GIC(NR_IRQS, 0), 0),
	GIC_ANY("vGIC HAS DIST_REGS", has_attr, GIC(DIST_REGS, GICD_CTLR), 0),
	GIC_ANY("vGIC HAS DIST_REGS unknown", has_attr, GIC(DIST_REGS, 0xfff0000), ENXIO),
	GIC_ANY("vGIC HAS REDIST_REGS", has_attr, GIC(REDIST_REGS, GICR_CTLR), 0),
	GIC_ANY("vGIC HAS CPU_SYSREGS ICC_PMR_EL1", has_attr, ICC(4, 6, 0), 0),
	GIC_ANY("vGIC HAS CPU_SYSREGS SCTLR_EL1", has_attr, ICC(1, 0, 0), ENXIO),
	GIC_ANY("vGIC HAS LEVEL_INFO", has_attr, GIC(LEVEL_INFO, LINE_LEVEL), 0),
	GIC_ANY("vGIC HAS CTRL_INIT", has_attr, GIC(CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT), 0),
	GIC_ANY("vGIC HAS SAVE_PENDING_TABLES", has_attr,
		GIC(CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES), 0),
	GIC_ANY("vGIC HAS CPU_REGS, a vGICv2's", has_attr, GIC(CPU_REGS, 0), ENXIO),
	GIC_ANY("vGIC HAS unknown", has_attr, ONE(77), ENXIO),

	GIC_ANY("vGIC SET ADDR DIST again", set_attr,
		GIC(ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, FREE_GPA), EEXIST),
	GIC_ANY("vGIC SET ADDR of a vGICv2", set_attr,
		GIC(ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, FREE_GPA), ENXIO),
	GIC_ANY("vGIC SET NR_IRQS again", set_attr, GIC(NR_IRQS, 0, 96), EBUSY),
	GIC_ANY("vGIC SET CTRL_INIT again", set_attr, GIC(CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT), 0),
	GIC_ANY("vGIC SET SAVE_PENDING_TABLES", set_attr,
		GIC(CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES), 0),
	GIC_ANY("vGIC SET unknown", set_attr, ONE(77), ENXIO),
	GIC_ANY("vGIC SET, bad address", set_attr_fault, GIC(DIST_REGS, GICD_CTLR), EFAULT),
	GIC_ANY("vGIC keep DIST_REGS GICD_CTLR", keep_attr, GIC(DIST_REGS, GICD_CTLR), 0),
	GIC_ANY("vGIC keep REDIST_REGS GICR_CTLR", keep_attr, GIC(REDIST_REGS, GICR_CTLR), 0),
	GIC_ANY("vGIC keep REDIST_REGS of no vCPU", keep_attr,
		GIC(REDIST_REGS, OF_VCPU(7) | GICR_CTLR), EINVAL),
	GIC_ANY("vGIC keep CPU_SYSREGS ICC_PMR_EL1", keep_attr, ICC(4, 6, 0), 0),
	GIC_ANY("vGIC keep CPU_SYSREGS ICC_CTLR_EL1", keep_attr, ICC(12, 12, 4), 0),
	GIC_ANY("vGIC keep CPU_SYSREGS ICC_SRE_EL1", keep_attr, ICC(12, 12, 5), 0),
	GIC_ANY("vGIC keep LEVEL_INFO", keep_attr, GIC(LEVEL_INFO, LINE_LEVEL | 32), 0),

	GIC_ANY("ITS HAS ADDR", its_attr, GIC(ADDR, KVM_VGIC_ITS_ADDR_TYPE), 0),
	GIC_ANY("ITS HAS unknown", its_attr, ONE(77), ENXIO),
	GIC_ANY("ITS SET CTRL_INIT again", its_attr, GIC(CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 1), 0),
	GIC_ANY("ITS SET SAVE_TABLES", its_attr, GIC(CTRL, KVM_DEV_ARM_ITS_SAVE_TABLES, 1), 0),
	GIC_ANY("ITS SET RESTORE_TABLES", its_attr,
		GIC(CTRL, KVM_DEV_ARM_ITS_RESTORE_TABLES, 1), 0),
	GIC_ANY("ITS SET CTRL_RESET", its_attr, GIC(CTRL, KVM_DEV_ARM_ITS_CTRL_RESET, 1), 0),

	CASE("IRQ_LINE CPU, no vGIC", irq_line, IRQ(CPU, 0), ALWAYS(EINVAL), ALWAYS(0)),
	CASE("IRQ_LINE PPI, no vGIC", irq_line, IRQ(PPI, 20), ALWAYS(ENXIO), ALWAYS(ENXIO)),
	CASE("IRQ_LINE SPI, no vGIC", irq_line, IRQ(SPI, 40), ALWAYS(ENXIO), ALWAYS(ENXIO)),
	GIC_ANY("IRQ_LINE CPU", irq_line, IRQ(CPU, 0), ENXIO),
	GIC_ANY("IRQ_LINE PPI", irq_line, IRQ(PPI, 20), 0),
	GIC_ANY("IRQ_LINE PPI that is an SGI", irq_line, IRQ(PPI, 3), EINVAL),
	GIC_ANY("IRQ_LINE PPI of no vCPU", irq_line, IRQ(PPI, IRQ_VCPU(7) | 20), EINVAL),
	GIC_ANY("IRQ_LINE SPI", irq_line, IRQ(SPI, 40), 0),
	GIC_ANY("IRQ_LINE SPI that is a PPI", irq_line, IRQ(SPI, 20), EINVAL),
	GIC_ANY("IRQ_LINE SPI that the vGIC lacks", irq_line, IRQ(SPI, 900), EINVAL),
	GIC_ANY("IRQ_LINE unknown", irq_line, IRQ_UNKNOWN, EINVAL),
	GIC_CASE("IRQ_LINE_STATUS", irq_line_status, IRQ(SPI, 40), ALWAYS(EINVAL), ALWAYS(0)),

	CASE("IRQFD, no vGIC", irqfd, NONE, ALWAYS(EAGAIN), ALWAYS(EAGAIN)),
	GIC_ANY("IRQFD", irqfd, NONE, 0),
	GIC_CASE("IRQFD RESAMPLE", irqfd, ONE(KVM_IRQFD_FLAG_RESAMPLE), ALWAYS(EINVAL), ALWAYS(0)),
	GIC_ANY("IRQFD, unknown flag", irqfd, ONE(BIT(7)), EINVAL),
	GIC_ANY("IRQFD, no eventfd", irqfd, ARGS(0, 1), EBADF),
	CASE("IOEVENTFD", ioeventfd, ONE(4), ALWAYS(0), ALWAYS(0)),
	CASE("IOEVENTFD, any length", ioeventfd, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("IOEVENTFD, bad length", ioeventfd, ONE(3), ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("IOEVENTFD, unknown flag", ioeventfd, ARGS(4, BIT(9)), ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("SET_GSI_ROUTING, no vGIC", routing, PIN(8), ALWAYS(0), ALWAYS(0)),
	GIC_ANY("SET_GSI_ROUTING irqchip", routing, PIN(8), 0),
	GIC_ANY("SET_GSI_ROUTING irqchip, bad pin", routing, PIN(100000), EINVAL),
	GIC_ANY("SET_GSI_ROUTING MSI", routing, ONE(KVM_IRQ_ROUTING_MSI), 0),
	GIC_ANY("SET_GSI_ROUTING unknown", routing, ONE(77), EINVAL),
	GIC_ANY("SET_GSI_ROUTING, flags", routing, PIN(8, 1), EINVAL),
	CASE("SIGNAL_MSI, no vGIC", signal_msi, ONE(KVM_MSI_VALID_DEVID),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	GIC_ANY("SIGNAL_MSI, no ITS", signal_msi, ONE(KVM_MSI_VALID_DEVID), ENODEV),
	GIC_ANY("SIGNAL_MSI, ITS not enabled by the guest", signal_msi,
		ARGS(KVM_MSI_VALID_DEVID, 1), EBUSY),
	GIC_ANY("SIGNAL_MSI without a device", signal_msi, ARGS(0, 1), EINVAL),
	GIC_ANY("SIGNAL_MSI, unknown flag", signal_msi, ARGS(BIT(5), 1), EINVAL),
};

int main(void)
{
	uapi_run_table(cases, ARRAY_SIZE(cases));
}
