// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_vmm - the requests that VMMs make, in the order in which they do.
 *
 * Audit map: case -> rule
 *
 *  VMM KIND: STEP	each request of the step has the answer that the VMM can go
 *			on with. The steps of a VMM are one life of one VM: if one
 *			fails, so do those after it
 *
 * VMM is kvmtool or QEMU; KIND is protected or ordinary, with as much of pointer
 * authentication as the CPU has, or "no PAuth". Neither VMM knows protected VMs:
 * both ask /dev/kvm what there is, and use it. So here, as in a VMM into which a
 * library is loaded that sets the type bit, a protected VM answers for /dev/kvm
 * (host_has()).
 *
 * Rules: contract, section 8; issue: an optional capability that a VMM asks for and
 * can do without is absent, which is no error that stops it.
 *
 * Not tested here: the VMMs. QEMU boots real guests elsewhere. kvmtool is not to be
 * had as a package, so that this is all that is known of it: requests by what they
 * are for, written from how it is known to behave, and not run against it.
 */
#include "pkvm_uapi_vmm.h"

/* /dev/kvm: the version, and what neither VMM does without. */
static void step_system(struct vmm *m)
{
	static const u16 needed[] = {
		KVM_CAP_IRQCHIP, KVM_CAP_ONE_REG, KVM_CAP_ARM_PSCI, KVM_CAP_ARM_PSCI_0_2,
		KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
		KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_IOEVENTFD, KVM_CAP_IRQFD,
		KVM_CAP_IOEVENTFD_ANY_LENGTH, KVM_CAP_INTERNAL_ERROR_DATA,
		KVM_CAP_DEVICE_CTRL, KVM_CAP_NR_VCPUS, KVM_CAP_MAX_VCPUS,
		KVM_CAP_NR_MEMSLOTS, KVM_CAP_READONLY_MEM, KVM_CAP_IRQ_ROUTING,
		KVM_CAP_SIGNAL_MSI,
	};
	unsigned int i;
	int size;

	m->kvm = open_kvm_dev_path_or_exit();
	if (m->protected)
		m->to_ask = ioctl(m->kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);
	expect(m, ioctl(m->kvm, KVM_GET_API_VERSION, 0) == KVM_API_VERSION, "the API version");
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		expect(m, host_has(m, needed[i]) > 0, "a capability of /dev/kvm");
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	expect(m, size > 0, "KVM_GET_VCPU_MMAP_SIZE");
	m->run_size = size;
}

/* With the IPA size that the memory map needs. */
static void step_create_vm(struct vmm *m)
{
	unsigned long type = m->protected ? KVM_VM_TYPE_ARM_PROTECTED : 0;

	if (expect(m, host_has(m, KVM_CAP_ARM_VM_IPA_SIZE) >= 36, "the IPA size"))
		type |= KVM_VM_TYPE_ARM_IPA_SIZE(36);
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, type);
	expect(m, m->vm >= 0, "KVM_CREATE_VM");
}

static void make_slot(struct vmm *m, u32 slot, u32 flags, u64 gpa, u64 size, void *mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (u64)mem,
	};

	VM_ASK(m, KVM_SET_USER_MEMORY_REGION, &region);
}

static u8 ram[RAM_SIZE] __aligned(RAM_SIZE);
static u8 flash[FLASH_SIZE] __aligned(FLASH_SIZE);

static void step_memory(struct vmm *m)
{
	memcpy(ram, vmm_guest, vmm_guest_end - vmm_guest);
	make_slot(m, 0, 0, RAM_GPA, sizeof(ram), ram);
	make_slot(m, 1, KVM_MEM_READONLY, FLASH_GPA, sizeof(flash), flash);
}

static void make_vcpu(struct vmm *m, int i)
{
	m->vcpu[i] = ioctl(m->vm, KVM_CREATE_VCPU, i);
	if (!expect(m, m->vcpu[i] >= 0, "KVM_CREATE_VCPU"))
		return;
	m->run[i] = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu[i], 0);
	expect(m, m->run[i] != MAP_FAILED, "the mapping of a vCPU");
}

/* All but the first are off until the guest starts them. */
static void init_vcpu(struct vmm *m, int i)
{
	struct kvm_vcpu_init init = m->init;

	if (i)
		init.features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	VCPU_ASK(m, i, KVM_ARM_VCPU_INIT, &init);
}

/* As many features as /dev/kvm is said to have; in ordinary VMs, of the simple ones. */
static void choose_features(struct vmm *m, int vm)
{
	static const struct {
		u16 cap, feature;
		bool has_attrs;
	} features[] = {
		{ KVM_CAP_ARM_PSCI_0_2, KVM_ARM_VCPU_PSCI_0_2 },
		{ KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_ADDRESS },
		{ KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_ARM_VCPU_PTRAUTH_GENERIC },
		{ KVM_CAP_ARM_SVE, KVM_ARM_VCPU_SVE, true },
		{ KVM_CAP_ARM_PMU_V3, KVM_ARM_VCPU_PMU_V3, true },
	};
	unsigned int i;

	ask(m, vm, KVM_ARM_PREFERRED_TARGET, &m->init, 0, "KVM_ARM_PREFERRED_TARGET");
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if ((m->protected || !features[i].has_attrs) && host_has(m, features[i].cap) > 0)
			m->init.features[0] |= BIT(features[i].feature);
}

static void step_vcpus(struct vmm *m)
{
	int i;

	choose_features(m, m->vm);
	for (i = 0; i < NR_VCPUS; i++) {
		make_vcpu(m, i);
		init_vcpu(m, i);
	}
}

/* Optional: the answer is that it is not there, and the VMM does without. */
static void step_options(struct vmm *m)
{
	int i, want = m->protected ? ENXIO : -1;

	for (i = 0; i < NR_VCPUS; i++) {
		int pvtime = attr(m->vcpu[i], KVM_HAS_DEVICE_ATTR, KVM_ARM_VCPU_PVTIME_CTRL,
				  KVM_ARM_VCPU_PVTIME_IPA, NULL);
		int pmu = attr(m->vcpu[i], KVM_HAS_DEVICE_ATTR, KVM_ARM_VCPU_PMU_V3_CTRL,
			       KVM_ARM_VCPU_PMU_V3_INIT, NULL);

		expect(m, want < 0 || pvtime == want, "stolen time");
		expect(m, want < 0 || pmu == want, "a PMU");
		expect(m, !attr(m->vcpu[i], KVM_HAS_DEVICE_ATTR, KVM_ARM_VCPU_TIMER_CTRL,
				KVM_ARM_VCPU_TIMER_IRQ_VTIMER, NULL), "the timer");
	}
	expect(m, !m->protected || attr(m->vm, KVM_HAS_DEVICE_ATTR, KVM_ARM_VM_SMCCC_CTRL,
					KVM_ARM_VM_SMCCC_FILTER, NULL) == ENXIO, "a filter");
}

static int make_device(struct vmm *m, u32 type)
{
	struct kvm_create_device cd = { .type = type, .flags = KVM_CREATE_DEVICE_TEST };

	/* Is there one? */
	VM_ASK(m, KVM_CREATE_DEVICE, &cd);
	cd.flags = 0;
	VM_ASK(m, KVM_CREATE_DEVICE, &cd);
	return cd.fd;
}

static void step_gic(struct vmm *m)
{
	u64 dist = GICD_GPA, redist = GICR_GPA, its = ITS_GPA;

	m->gic = make_device(m, KVM_DEV_TYPE_ARM_VGIC_V3);
	has_and_set(m, m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redist);
	has_and_set(m, m->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	m->its = make_device(m, KVM_DEV_TYPE_ARM_VGIC_ITS);
	has_and_set(m, m->its, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &its);
}

/* Once there are all vCPUs. */
static void step_gic_init(struct vmm *m)
{
	u32 nr_irqs = NR_IRQS;

	has_and_set(m, m->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs);
	has_and_set(m, m->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	has_and_set(m, m->its, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
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
	int event = eventfd(0, 0);
	struct kvm_irqfd irqfd = { .fd = event, .gsi = 2 };
	struct kvm_ioeventfd io = { .addr = DOORBELL_GPA, .len = 4 };
	struct kvm_msi msi = {
		.address_lo = ITS_GPA + 0x10040, .devid = 8, .flags = KVM_MSI_VALID_DEVID,
	};
	struct kvm_irq_level level = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 33,
	};

	expect(m, ioctl(m->vm, KVM_CHECK_EXTENSION, KVM_CAP_MSI_DEVID) == 1, "MSI_DEVID");
	VM_ASK(m, KVM_SET_GSI_ROUTING, &routes);
	VM_ASK(m, KVM_IRQFD, &irqfd);
	irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
	VM_ASK(m, KVM_IRQFD, &irqfd);
	close(event);
	m->doorbell = eventfd(0, EFD_NONBLOCK);
	io.fd = m->doorbell;
	VM_ASK(m, KVM_IOEVENTFD, &io);
	VM_ASK(m, KVM_IRQ_LINE, &level);
	/* The guest has not enabled the ITS. */
	ask(m, m->vm, KVM_SIGNAL_MSI, &msi, EBUSY, "KVM_SIGNAL_MSI");
}

/* Where the guest starts, and with what. The kernel's boot protocol wants this. */
static void boot_regs(struct vmm *m, u64 x0)
{
	u64 pstate = PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT | PSR_MODE_EL1h;
	u64 pc = RAM_GPA, zero = 0;
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		set_reg(m, i, ARM64_CORE_REG(regs.pstate), &pstate);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[1]), &zero);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[2]), &zero);
		set_reg(m, i, ARM64_CORE_REG(regs.regs[3]), &zero);
		get_reg(m, i, KVM_ARM64_SYS_REG(SYS_MPIDR_EL1), &m->mpidr[i]);
	}
	set_reg(m, 0, ARM64_CORE_REG(regs.regs[0]), &x0);
	set_reg(m, 0, ARM64_CORE_REG(regs.pc), &pc);
	expect(m, m->mpidr[0] != m->mpidr[1], "MPIDR_EL1");
}

static void step_boot_regs(struct vmm *m)
{
	boot_regs(m, FIRST_BOOT);
}

static void step_run(struct vmm *m)
{
	boot(m, FIRST_BOOT, KVM_SYSTEM_EVENT_RESET);
}

/* QEMU finds out with a VM of its own what a vCPU is like, and throws it away. */
static void step_scratch(struct vmm *m)
{
	struct vmm scratch = {
		.kvm = m->kvm, .to_ask = m->to_ask,
		.protected = m->protected, .pauth = m->pauth,
	};
	u64 val;

	step_create_vm(&scratch);
	scratch.vcpu[0] = ioctl(scratch.vm, KVM_CREATE_VCPU, 0);
	expect(&scratch, scratch.vcpu[0] >= 0, "KVM_CREATE_VCPU");
	choose_features(&scratch, scratch.vm);
	init_vcpu(&scratch, 0);
	get_reg(&scratch, 0, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1), &val);
	get_reg(&scratch, 0, KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR1_EL1), &val);
	get_reg(&scratch, 0, KVM_ARM64_SYS_REG(SYS_ID_DFR0_EL1), &val);
	close(scratch.vcpu[0]);
	close(scratch.vm);
	m->failed |= scratch.failed;
}

static bool is_id_reg(u64 id)
{
	return id >= KVM_ARM64_SYS_REG(SYS_ID_PFR0_EL1) &&
	       id < KVM_ARM64_SYS_REG(SYS_ID_PFR0_EL1) + 56;
}

/* All that there is of a vCPU. */
static void save(struct vmm *m, int i, bool with_id_regs)
{
	u64 n;

	for (n = 0; n < m->ids[0]; n++)
		if (with_id_regs || !is_id_reg(m->ids[1 + n]))
			get_reg(m, i, m->ids[1 + n], &m->vals[i][n]);
	VCPU_ASK(m, i, KVM_GET_VCPU_EVENTS, &m->events[i]);
}

/* Before there is a vGIC. */
static void step_save(struct vmm *m)
{
	int i;

	m->ids[0] = MAX_REGS;
	VCPU_ASK(m, 0, KVM_GET_REG_LIST, m->ids);
	for (i = 0; i < NR_VCPUS; i++)
		save(m, i, true);
}

/* The registers as KVM has reset them, but the ID registers as they were saved. */
static void step_reset(struct vmm *m)
{
	struct kvm_mp_state state;
	u64 n;
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		init_vcpu(m, i);
		save(m, i, false);
		for (n = 0; n < m->ids[0]; n++)
			set_reg(m, i, m->ids[1 + n], &m->vals[i][n]);
		VCPU_ASK(m, i, KVM_SET_VCPU_EVENTS, &m->events[i]);
		state.mp_state = i ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
		VCPU_ASK(m, i, KVM_SET_MP_STATE, &state);
	}
}

static void step_run_again(struct vmm *m)
{
	boot_regs(m, SECOND_BOOT);
	boot(m, SECOND_BOOT, KVM_SYSTEM_EVENT_SHUTDOWN);
}

struct step {
	const char *name;
	void (*fn)(struct vmm *m);
};

/* The vGIC comes before the vCPUs. A reset is the end of the VM. */
static const struct step kvmtool[] = {
	{ "system", step_system }, { "create the VM", step_create_vm },
	{ "memory", step_memory }, { "vGIC and ITS", step_gic },
	{ "vCPUs", step_vcpus }, { "what is optional", step_options },
	{ "initialise the vGIC", step_gic_init }, { "interrupts", step_interrupts },
	{ "registers for the boot", step_boot_regs }, { "run until reset", step_run },
};

static const struct step qemu[] = {
	{ "system", step_system }, { "a VM to try", step_scratch },
	{ "create the VM", step_create_vm }, { "vCPUs", step_vcpus },
	{ "save registers", step_save }, { "memory", step_memory },
	{ "vGIC and ITS", step_gic }, { "initialise the vGIC", step_gic_init },
	{ "what is optional", step_options }, { "interrupts", step_interrupts },
	{ "reset", step_reset }, { "registers for the boot", step_boot_regs },
	{ "run until reset", step_run }, { "reset again", step_reset },
	{ "run until switched off", step_run_again },
};

#define VARIANTS	3
#define NR_CASES	(VARIANTS * (ARRAY_SIZE(kvmtool) + ARRAY_SIZE(qemu)))

static void live(const char *name, const struct step *steps, unsigned int nr, bool protected,
		 bool pauth, const char *skip)
{
	const char *kind = protected ? (pauth ? "protected" : "protected, no PAuth") : "ordinary";
	struct vmm m = { .protected = protected, .pauth = pauth };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (skip) {
			ksft_test_result_skip("%s %s: %s: %s\n", name, kind, steps[i].name, skip);
			continue;
		}
		if (!m.failed)
			steps[i].fn(&m);
		ksft_test_result(!m.failed, "%s %s: %s\n", name, kind, steps[i].name);
	}
	free_vmm(&m);
}

int main(void)
{
	const char *no_mode = kvm_has_protected_vms() ? NULL : "KVM is not in protected mode";
	const char *no_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS) ? NULL :
			       "this CPU has no PAuth";
	const struct {
		const char *name;
		const struct step *steps;
		unsigned int nr;
	} vmms[] = {
		{ "kvmtool", kvmtool, ARRAY_SIZE(kvmtool) }, { "QEMU", qemu, ARRAY_SIZE(qemu) },
	};
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(NR_CASES);
	for (i = 0; i < ARRAY_SIZE(vmms); i++) {
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, true, true, no_mode ?: no_pauth);
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, true, false, no_mode);
		live(vmms[i].name, vmms[i].steps, vmms[i].nr, false, true, NULL);
	}
	ksft_finished();
}
