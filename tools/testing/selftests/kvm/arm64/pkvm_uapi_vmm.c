// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_vmm - the requests that VMMs make, in the order in which they do.
 *
 *  VMM KIND: STEP	each request of the step has the answer with which the VMM
 *			goes on. The steps are one life of one VM: if one fails,
 *			so do those after it
 *
 * "kvmtool" has the vGIC before the vCPUs, "crosvm" after they were created and
 * before they are initialised, "QEMU" after all that. The requests are written
 * down from how these VMMs are known to behave; none of them is run. KIND is a
 * protected VM, with and without PAuth, and an ordinary one.
 *
 * The guest runs without an MMU. It starts its second CPU, rings a doorbell, which
 * is an ioeventfd, and powers off. It reports by the data of MMIO writes.
 */
#include <linux/psci.h>
#include <linux/sizes.h>
#include <sys/eventfd.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "vgic.h"

#define NR_VCPUS	2
#define MAX_REGS	512
#define RAM_GPA		0x80000000UL
#define RAM_SIZE	SZ_2M
#define GICD_GPA	0x3fff0000UL
#define GICR_GPA	0x3fef0000UL
#define ITS_GPA		0x3fed0000UL
#define DOORBELL_GPA	0x10000000UL
#define PORT_GPA	0x09000000UL
#define NR_IRQS		64
#define BOOT_X0		0x100
#define CONTEXT		0x77

static const u32 vmm_guest[] = {
	0xd2a12014,	/* mov x20, #PORT_GPA */
	0xf9000280,	/* str x0, [x20] */
	0x52800060,	/* mov w0, #0x3 */
	0x72b88000,	/* movk w0, #0xc400, lsl #16: PSCI CPU_ON */
	0xd2800021,	/* mov x1, #1 */
	0x10000142,	/* adr x2, the other CPU's code */
	0xd2800ee3,	/* mov x3, #CONTEXT */
	0xd4000002,	/* hvc #0 */
	0xf9000680,	/* str x0, [x20, #8] */
	0xd2a20015,	/* mov x21, #DOORBELL_GPA */
	0xb90002a0,	/* str w0, [x21] */
	0x52800100,	/* mov w0, #0x8 */
	0x72b08000,	/* movk w0, #0x8400, lsl #16: PSCI SYSTEM_OFF */
	0xd4000002,	/* hvc #0 */
	0x14000000,	/* b . */
	/* The other CPU */
	0xd2a12014,	/* mov x20, #PORT_GPA */
	0xf9000a80,	/* str x0, [x20, #16] */
	0x14000000,	/* b . */
};

struct vmm {
	bool protected, pauth, failed;
	int kvm, vm, gic, its, doorbell;
	int vcpu[NR_VCPUS];
	struct kvm_run *run[NR_VCPUS];
	void *ram;
	struct kvm_vcpu_init init;
	u64 ids[MAX_REGS + 1];
	u8 vals[NR_VCPUS][MAX_REGS][16];
	struct kvm_vcpu_events events[NR_VCPUS];
};

static bool expect(struct vmm *m, bool ok, const char *what)
{
	if (!ok && !m->failed)
		ksft_print_msg("%s: %s\n", what, strerror(errno));
	m->failed |= !ok;
	return ok;
}

#define ASK(m, fd, cmd, arg)	expect(m, ioctl(fd, cmd, arg) >= 0, #cmd)

static int has(struct vmm *m, long cap)
{
	return ioctl(m->vm, KVM_CHECK_EXTENSION, cap);
}

/* An attribute that the VMM asks for and then sets. */
static void set_attr(struct vmm *m, int fd, u32 group, u64 nr, void *val)
{
	struct kvm_device_attr attr = { .group = group, .attr = nr, .addr = (u64)val };

	ASK(m, fd, KVM_HAS_DEVICE_ATTR, &attr);
	ASK(m, fd, KVM_SET_DEVICE_ATTR, &attr);
}

static bool has_attr(int fd, u32 group, u64 nr)
{
	struct kvm_device_attr attr = { .group = group, .attr = nr };

	return !ioctl(fd, KVM_HAS_DEVICE_ATTR, &attr);
}

static void set_reg(struct vmm *m, int i, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	ASK(m, m->vcpu[i], KVM_SET_ONE_REG, &reg);
}

static void get_reg(struct vmm *m, int i, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	ASK(m, m->vcpu[i], KVM_GET_ONE_REG, &reg);
}

/* Create a VM with the IPA size that its memory map needs. */
static void step_create_vm(struct vmm *m)
{
	static const long needed[] = {
		KVM_CAP_IRQCHIP, KVM_CAP_ONE_REG, KVM_CAP_ARM_PSCI, KVM_CAP_ARM_PSCI_0_2,
		KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
		KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_IOEVENTFD, KVM_CAP_IRQFD,
		KVM_CAP_IRQFD_RESAMPLE, KVM_CAP_IOEVENTFD_ANY_LENGTH,
		KVM_CAP_INTERNAL_ERROR_DATA, KVM_CAP_DEVICE_CTRL, KVM_CAP_NR_VCPUS,
		KVM_CAP_MAX_VCPUS, KVM_CAP_NR_MEMSLOTS, KVM_CAP_IRQ_ROUTING,
		KVM_CAP_SIGNAL_MSI, KVM_CAP_MP_STATE, KVM_CAP_VCPU_ATTRIBUTES,
	};
	unsigned long type = KVM_VM_TYPE_ARM_IPA_SIZE(36);
	unsigned int i;

	if (m->protected)
		type |= KVM_VM_TYPE_ARM_PROTECTED;
	m->kvm = open_kvm_dev_path_or_exit();
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, type);
	expect(m, m->vm >= 0, "KVM_CREATE_VM");
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		expect(m, has(m, needed[i]) > 0, "a capability");
}

static void step_memory(struct vmm *m)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_GPA, .memory_size = RAM_SIZE,
	};

	m->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(m->ram != MAP_FAILED, "No memory");
	memcpy(m->ram, vmm_guest, sizeof(vmm_guest));
	region.userspace_addr = (u64)m->ram;
	ASK(m, m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void step_create_vcpus(struct vmm *m)
{
	int i, size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	for (i = 0; i < NR_VCPUS; i++) {
		m->vcpu[i] = ioctl(m->vm, KVM_CREATE_VCPU, i);
		if (!expect(m, m->vcpu[i] >= 0, "KVM_CREATE_VCPU"))
			return;
		m->run[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu[i], 0);
		TEST_ASSERT(m->run[i] != MAP_FAILED, "mmap of a vCPU");
	}
}

/* All but the first are off until the guest starts them. */
static void init_vcpu(struct vmm *m, int i)
{
	struct kvm_vcpu_init init = m->init;

	if (i)
		init.features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	ASK(m, m->vcpu[i], KVM_ARM_VCPU_INIT, &init);
}

/* A protected VM gets every feature that it says it has. */
static void step_init_vcpus(struct vmm *m)
{
	static const struct {
		long cap;
		int feature;
	} features[] = {
		{ KVM_CAP_ARM_PSCI_0_2, KVM_ARM_VCPU_PSCI_0_2 },
		{ KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_ADDRESS },
		{ KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_ARM_VCPU_PTRAUTH_GENERIC },
		{ KVM_CAP_ARM_SVE, KVM_ARM_VCPU_SVE },
		{ KVM_CAP_ARM_PMU_V3, KVM_ARM_VCPU_PMU_V3 },
		{ KVM_CAP_ARM_EL2, KVM_ARM_VCPU_HAS_EL2 },
	};
	unsigned int i, nr = m->protected ? ARRAY_SIZE(features) : 3;

	ASK(m, m->vm, KVM_ARM_PREFERRED_TARGET, &m->init);
	for (i = 0; i < nr; i++)
		if (has(m, features[i].cap) > 0 && (m->pauth || !i || i > 2))
			m->init.features[0] |= BIT(features[i].feature);
	for (i = 0; i < NR_VCPUS; i++)
		init_vcpu(m, i);
}

/* Ask for what is optional, and go on without what is missing. */
static void step_options(struct vmm *m)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		expect(m, !m->protected || !has_attr(m->vcpu[i], KVM_ARM_VCPU_PVTIME_CTRL,
						     KVM_ARM_VCPU_PVTIME_IPA), "no stolen time");
		expect(m, !m->protected || !has_attr(m->vcpu[i], KVM_ARM_VCPU_PMU_V3_CTRL,
						     KVM_ARM_VCPU_PMU_V3_INIT), "no PMU");
		expect(m, has_attr(m->vcpu[i], KVM_ARM_VCPU_TIMER_CTRL,
				   KVM_ARM_VCPU_TIMER_IRQ_VTIMER), "a timer");
	}
	expect(m, !m->protected || !has_attr(m->vm, KVM_ARM_VM_SMCCC_CTRL,
					     KVM_ARM_VM_SMCCC_FILTER), "no filter");
	expect(m, !m->protected || !has(m, KVM_CAP_READONLY_MEM), "no flash");
	expect(m, !m->protected || !has(m, KVM_CAP_COALESCED_MMIO), "no coalesced MMIO");
}

static int make_device(struct vmm *m, u32 type)
{
	struct kvm_create_device cd = { .type = type, .flags = KVM_CREATE_DEVICE_TEST };

	ASK(m, m->vm, KVM_CREATE_DEVICE, &cd);
	cd.flags = 0;
	ASK(m, m->vm, KVM_CREATE_DEVICE, &cd);
	return cd.fd;
}

static void step_gic(struct vmm *m)
{
	u64 dist = GICD_GPA, redist = GICR_GPA, its = ITS_GPA;

	m->gic = make_device(m, KVM_DEV_TYPE_ARM_VGIC_V3);
	set_attr(m, m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redist);
	set_attr(m, m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	m->its = make_device(m, KVM_DEV_TYPE_ARM_VGIC_ITS);
	set_attr(m, m->its, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &its);
}

/* This has to wait until there are all vCPUs. */
static void step_init_gic(struct vmm *m)
{
	u32 nr_irqs = NR_IRQS;

	set_attr(m, m->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs);
	set_attr(m, m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	set_attr(m, m->its, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

/* How devices of the VMM raise interrupts, and hear of their doorbells. */
static void step_interrupts(struct vmm *m)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[2];
	} routes = {
		.head.nr = 2,
		.entry = {
			{ .gsi = 1, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip.pin = 1 },
			{ .gsi = 2, .type = KVM_IRQ_ROUTING_MSI, .flags = KVM_MSI_VALID_DEVID,
			  .u.msi.address_lo = ITS_GPA + 0x10040, .u.msi.devid = 8 },
		},
	};
	int event = eventfd(0, 0), resample = eventfd(0, 0);
	struct kvm_irqfd msi = { .fd = event, .gsi = 2 };
	struct kvm_irqfd intx = {
		.fd = event, .gsi = 1, .flags = KVM_IRQFD_FLAG_RESAMPLE, .resamplefd = resample,
	};
	struct kvm_ioeventfd io = { .addr = DOORBELL_GPA, .len = 4 };
	struct kvm_msi signal = {
		.address_lo = ITS_GPA + 0x10040, .devid = 8, .flags = KVM_MSI_VALID_DEVID,
	};
	struct kvm_irq_level level = { .irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 34 };

	expect(m, has(m, KVM_CAP_MSI_DEVID) == 1, "MSI_DEVID");
	ASK(m, m->vm, KVM_SET_GSI_ROUTING, &routes);
	ASK(m, m->vm, KVM_IRQFD, &msi);
	msi.flags = KVM_IRQFD_FLAG_DEASSIGN;
	ASK(m, m->vm, KVM_IRQFD, &msi);
	ASK(m, m->vm, KVM_IRQFD, &intx);
	intx.flags = KVM_IRQFD_FLAG_DEASSIGN;
	ASK(m, m->vm, KVM_IRQFD, &intx);
	close(event);
	close(resample);
	m->doorbell = eventfd(0, EFD_NONBLOCK);
	io.fd = m->doorbell;
	ASK(m, m->vm, KVM_IOEVENTFD, &io);
	ASK(m, m->vm, KVM_IRQ_LINE, &level);
	/* The guest has not enabled the ITS. */
	expect(m, ioctl(m->vm, KVM_SIGNAL_MSI, &signal) < 0 && errno == EBUSY, "KVM_SIGNAL_MSI");
}

/* Read all registers and the events of each vCPU. */
static void step_save(struct vmm *m)
{
	u64 n;
	int i;

	m->ids[0] = MAX_REGS;
	ASK(m, m->vcpu[0], KVM_GET_REG_LIST, m->ids);
	for (i = 0; i < NR_VCPUS && !m->failed; i++) {
		for (n = 0; n < m->ids[0]; n++)
			get_reg(m, i, m->ids[1 + n], m->vals[i][n]);
		ASK(m, m->vcpu[i], KVM_GET_VCPU_EVENTS, &m->events[i]);
	}
}

/* What was saved before there was a vGIC is written back now that there is one. */
static void step_reset(struct vmm *m)
{
	struct kvm_mp_state state;
	u64 n;
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		init_vcpu(m, i);
		for (n = 0; n < m->ids[0]; n++)
			set_reg(m, i, m->ids[1 + n], m->vals[i][n]);
		ASK(m, m->vcpu[i], KVM_SET_VCPU_EVENTS, &m->events[i]);
		state.mp_state = i ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
		ASK(m, m->vcpu[i], KVM_SET_MP_STATE, &state);
	}
}

/* Set the registers with which the guest starts, as the kernel's boot protocol wants them. */
static void step_boot_regs(struct vmm *m)
{
	u64 pstate = PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT | PSR_MODE_EL1h;
	u64 pc = RAM_GPA, zero = 0, x0 = BOOT_X0, mpidr[NR_VCPUS];
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		set_reg(m, i, ARM64_CORE_REG(regs.pstate), &pstate);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[1]), &zero);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[2]), &zero);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[3]), &zero);
		get_reg(m, i, KVM_ARM64_SYS_REG(SYS_MPIDR_EL1), &mpidr[i]);
	}
	set_reg(m, 0, ARM64_CORE_REG(regs.regs[0]), &x0);
	set_reg(m, 0, ARM64_CORE_REG(regs.pc), &pc);
	expect(m, mpidr[0] != mpidr[1], "MPIDR_EL1");
}

/* Run until the guest writes to its port, which has to be @want at @offset. */
static void port_write(struct vmm *m, int i, u64 offset, u64 want)
{
	struct kvm_run *run = m->run[i];

	ASK(m, m->vcpu[i], KVM_RUN, NULL);
	if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	    run->mmio.phys_addr == PORT_GPA + offset && *(u64 *)run->mmio.data == want)
		return;
	ksft_print_msg("vCPU %d: exit %u, 0x%lx at 0x%llx\n", i, run->exit_reason,
		       *(u64 *)run->mmio.data, run->mmio.phys_addr);
	m->failed = true;
}

static void step_run(struct vmm *m)
{
	struct kvm_run *run = m->run[0];
	u64 rung;

	port_write(m, 0, 0, BOOT_X0);
	port_write(m, 0, 8, PSCI_RET_SUCCESS);
	port_write(m, 1, 16, CONTEXT);
	ASK(m, m->vcpu[0], KVM_RUN, NULL);
	expect(m, read(m->doorbell, &rung, sizeof(rung)) == sizeof(rung), "the doorbell");
	expect(m, run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
	       run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN, "the system event");
}

struct step {
	const char *name;
	void (*fn)(struct vmm *m);
};

static const struct step kvmtool[] = {
	{ "create the VM", step_create_vm }, { "memory", step_memory },
	{ "vGIC and ITS", step_gic }, { "create vCPUs", step_create_vcpus },
	{ "initialise vCPUs", step_init_vcpus }, { "what is optional", step_options },
	{ "initialise the vGIC", step_init_gic }, { "interrupts", step_interrupts },
	{ "registers for the boot", step_boot_regs }, { "run", step_run },
};

static const struct step crosvm[] = {
	{ "create the VM", step_create_vm }, { "memory", step_memory },
	{ "create vCPUs", step_create_vcpus }, { "vGIC and ITS", step_gic },
	{ "initialise vCPUs", step_init_vcpus }, { "what is optional", step_options },
	{ "initialise the vGIC", step_init_gic }, { "interrupts", step_interrupts },
	{ "registers for the boot", step_boot_regs }, { "run", step_run },
};

static const struct step qemu[] = {
	{ "create the VM", step_create_vm }, { "create vCPUs", step_create_vcpus },
	{ "initialise vCPUs", step_init_vcpus }, { "save", step_save },
	{ "memory", step_memory }, { "vGIC and ITS", step_gic },
	{ "initialise the vGIC", step_init_gic }, { "what is optional", step_options },
	{ "interrupts", step_interrupts }, { "reset", step_reset },
	{ "registers for the boot", step_boot_regs }, { "run", step_run },
};

static void live(const char *name, const struct step *steps, unsigned int nr,
		 bool protected, bool pauth)
{
	const char *kind = protected ? pauth ? "protected" : "protected, no PAuth" : "ordinary";
	struct vmm m = { .protected = protected, .pauth = pauth };
	unsigned int i;

	if (protected && pauth && !kvm_has_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS)) {
		for (i = 0; i < nr; i++)
			ksft_test_result_skip("%s %s: %s: the CPU has no PAuth\n", name, kind,
					      steps[i].name);
		return;
	}
	for (i = 0; i < nr; i++) {
		if (!m.failed)
			steps[i].fn(&m);
		ksft_test_result(!m.failed, "%s %s: %s\n", name, kind, steps[i].name);
	}
	for (i = 0; i < NR_VCPUS; i++) {
		if (m.run[i])
			munmap(m.run[i], ioctl(m.kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
		close(m.vcpu[i]);
	}
	close(m.doorbell);
	close(m.its);
	close(m.gic);
	close(m.vm);
	close(m.kvm);
	if (m.ram)
		munmap(m.ram, RAM_SIZE);
}

int main(void)
{
	static const struct {
		const char *name;
		const struct step *steps;
		unsigned int nr;
	} vmms[] = {
		{ "kvmtool", kvmtool, ARRAY_SIZE(kvmtool) },
		{ "crosvm", crosvm, ARRAY_SIZE(crosvm) },
		{ "QEMU", qemu, ARRAY_SIZE(qemu) },
	};
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(kvm_supports_vgic_v3());

	ksft_print_header();
	ksft_set_plan(3 * (ARRAY_SIZE(kvmtool) + ARRAY_SIZE(crosvm) + ARRAY_SIZE(qemu)));
	for (i = 0; i < ARRAY_SIZE(vmms); i++) {
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, true, true);
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, true, false);
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, false, true);
	}
	ksft_finished();
}
