// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi - what userspace hears of a protected VM is what the VM is.
 *
 *  capability NAME	a protected VM has it, with the value that /dev/kvm gives
 *			or one that is the VM's own
 *  others		a protected VM has no other capability
 *  enable		a protected VM lets no capability be enabled: EINVAL
 *  masks		a protected VM has no writable ID register
 *  write back		each listed register takes the value that it has, before
 *			and after the run
 *  firmware		the services of the firmware and the version of PSCI are
 *			as told here, and another value is refused: EINVAL; the
 *			guest finds neither stolen time nor PTP
 *  refuse NAME		a request that is valid for another VM but not for a
 *			protected one: EINVAL, or EPERM if it is to debug the guest
 *  attributes		a protected VM does not have those of PMU, stolen time
 *			and SMCCC filter, and has those of the timers
 *  runs		after all that has been refused, the guest still runs
 *  ordinary		the capabilities of another VM are those of /dev/kvm
 */
#include <linux/arm-smccc.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_CAPS		320

/* Capabilities of protected VMs, and what they have to be. */
enum cap_value { CAP_SET, CAP_AS_HOST, CAP_OF_VM };

static const struct {
	const char *name;
	long cap;
	enum cap_value value;
} caps[] = {
#define CAP(name, value)	{ #name, KVM_CAP_##name, value }
	CAP(ARM_INJECT_EXT_DABT, CAP_SET),
	CAP(ARM_IRQ_LINE_LAYOUT_2, CAP_SET),
	CAP(ARM_PSCI, CAP_SET),
	CAP(ARM_PSCI_0_2, CAP_SET),
	CAP(ARM_PTRAUTH_ADDRESS, CAP_AS_HOST),
	CAP(ARM_PTRAUTH_GENERIC, CAP_AS_HOST),
	CAP(ARM_SET_DEVICE_ADDR, CAP_SET),
	CAP(ARM_SUPPORTED_REG_MASK_RANGES, CAP_SET),
	CAP(ARM_VM_IPA_SIZE, CAP_SET),
	CAP(BINARY_STATS_FD, CAP_SET),
	CAP(CHECK_EXTENSION_VM, CAP_SET),
	CAP(DESTROY_MEMORY_REGION_WORKS, CAP_SET),
	CAP(DEVICE_CTRL, CAP_SET),
	CAP(IMMEDIATE_EXIT, CAP_SET),
	CAP(INTERNAL_ERROR_DATA, CAP_SET),
	CAP(IOEVENTFD, CAP_SET),
	CAP(IOEVENTFD_ANY_LENGTH, CAP_SET),
	CAP(IRQCHIP, CAP_SET),
	CAP(IRQFD, CAP_SET),
	CAP(IRQFD_RESAMPLE, CAP_SET),
	CAP(IRQ_ROUTING, CAP_SET),
	CAP(JOIN_MEMORY_REGIONS_WORKS, CAP_SET),
	CAP(MAX_VCPUS, CAP_SET),
	CAP(MAX_VCPU_ID, CAP_SET),
	CAP(MP_STATE, CAP_SET),
	CAP(MSI_DEVID, CAP_OF_VM),
	CAP(NR_MEMSLOTS, CAP_SET),
	CAP(NR_VCPUS, CAP_SET),
	CAP(ONE_REG, CAP_SET),
	CAP(SIGNAL_MSI, CAP_SET),
	CAP(SYSTEM_EVENT_DATA, CAP_SET),
	CAP(USER_MEMORY, CAP_SET),
	CAP(USER_MEMORY2, CAP_SET),
	CAP(VCPU_ATTRIBUTES, CAP_SET),
	CAP(VCPU_EVENTS, CAP_SET),
};

static int kvm_fd;

static int vm_cap(struct probe *p, long cap)
{
	return __vm_ioctl(p->vm, KVM_CHECK_EXTENSION, (void *)cap);
}

static int dev_cap(long cap)
{
	return ioctl(kvm_fd, KVM_CHECK_EXTENSION, cap);
}

static bool is_listed(long cap)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (caps[i].cap == cap)
			return true;
	return false;
}

static bool cap_is_right(struct probe *p, unsigned int i)
{
	int dev = dev_cap(caps[i].cap), vm = vm_cap(p, caps[i].cap);
	bool ok = caps[i].value == CAP_OF_VM ? vm >= 0 : vm == dev;

	if (caps[i].value == CAP_SET)
		ok = ok && vm > 0;
	if (!ok)
		ksft_print_msg("%s: VM %d, /dev/kvm %d\n", caps[i].name, vm, dev);
	return ok;
}

static bool other_caps(struct probe *p)
{
	int vm, want;
	bool ok = true;
	long cap;

	for (cap = 0; cap < NR_CAPS; cap++) {
		/* Only a VM can be asked for some capabilities: /dev/kvm returns an error. */
		want = p->cfg.ordinary ? dev_cap(cap) : 0;
		if (want < 0 || (!p->cfg.ordinary && is_listed(cap)))
			continue;
		vm = vm_cap(p, cap);
		if (vm == want)
			continue;
		ksft_print_msg("capability %ld is %d, not %d\n", cap, vm, want);
		ok = false;
	}

	return ok;
}

static bool enables_none(struct probe *p)
{
	bool ok = true;
	int cap, arg;

	for (cap = 0; cap < NR_CAPS; cap++) {
		for (arg = 0; arg < 2; arg++) {
			if (__vm_enable_cap(p->vm, cap, arg) && errno == EINVAL)
				continue;
			ksft_print_msg("capability %d is enabled with %d\n", cap, arg);
			ok = false;
		}
	}

	return ok;
}

static bool masks_are_zero(struct probe *p)
{
	static u64 masks[KVM_ARM_FEATURE_ID_RANGE_SIZE];
	struct reg_mask_range range = { .addr = (u64)masks };
	unsigned int i;

	memset(masks, 0xff, sizeof(masks));
	if (__vm_ioctl(p->vm, KVM_ARM_GET_REG_WRITABLE_MASKS, &range)) {
		ksft_print_msg("KVM_ARM_GET_REG_WRITABLE_MASKS: %s\n", strerror(errno));
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		if (!masks[i])
			continue;
		ksft_print_msg("mask %u is 0x%lx\n", i, masks[i]);
		return false;
	}

	return true;
}

/* Requests that are not valid for a protected VM, or that would debug its guest. */
static const struct {
	const char *name;
	enum { GUEST_DEBUG, VCPU_ATTR, VM_ATTR } kind;
	u32 arg;	/* control bits, or the group of the attribute */
	u64 attr;
} refused[] = {
	{ "guest debug", GUEST_DEBUG, KVM_GUESTDBG_ENABLE },
	{ "single step", GUEST_DEBUG, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP },
	{ "software breakpoints", GUEST_DEBUG, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP },
	{ "hardware breakpoints", GUEST_DEBUG, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW },
	{ "PMU interrupt", VCPU_ATTR, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ },
	{ "PMU init", VCPU_ATTR, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT },
	{ "PMU filter", VCPU_ATTR, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_FILTER },
	{ "stolen time", VCPU_ATTR, KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA },
	{ "SMCCC filter", VM_ATTR, KVM_ARM_VM_SMCCC_CTRL, KVM_ARM_VM_SMCCC_FILTER },
};

static bool is_refused(struct probe *p, unsigned int i)
{
	struct kvm_guest_debug debug = { .control = refused[i].arg };
	int ret, err = refused[i].kind == GUEST_DEBUG ? EPERM : EINVAL;
	u8 arg[64] = {};

	switch (refused[i].kind) {
	case GUEST_DEBUG:
		ret = __vcpu_ioctl(p->vcpu[0], KVM_SET_GUEST_DEBUG, &debug);
		break;
	case VCPU_ATTR:
		ret = __vcpu_device_attr_set(p->vcpu[0], refused[i].arg, refused[i].attr, arg);
		break;
	default:
		ret = __kvm_device_attr_set(p->vm->fd, refused[i].arg, refused[i].attr, arg);
		break;
	}
	if (ret && errno == err)
		return true;
	ksft_print_msg("%s: %s\n", refused[i].name, ret ? strerror(errno) : "accepted");
	return false;
}

static bool has_right_attrs(struct probe *p)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		int fd = refused[i].kind == VM_ATTR ? p->vm->fd : p->vcpu[0]->fd;

		if (refused[i].kind == GUEST_DEBUG ||
		    (__kvm_has_device_attr(fd, refused[i].arg, refused[i].attr) &&
		     errno == ENXIO))
			continue;
		ksft_print_msg("there is an attribute for %s\n", refused[i].name);
		ok = false;
	}
	if (__vcpu_has_device_attr(p->vcpu[0], KVM_ARM_VCPU_TIMER_CTRL,
				   KVM_ARM_VCPU_TIMER_IRQ_VTIMER)) {
		ksft_print_msg("no attribute for the timer\n");
		ok = false;
	}

	return ok;
}

/* Does the host still have the value of this register after the first run? */
static bool is_hosts_reg(u64 id)
{
	u64 coproc = id & KVM_REG_ARM_COPROC_MASK;
	u32 reg = id & 0xffff;

	if (coproc != KVM_REG_ARM64_SYSREG)
		return coproc != KVM_REG_ARM_CORE;

	/* By a historical mistake, the IDs of TIMER_CVAL and TIMER_CNT are swapped. */
	if (id == KVM_REG_ARM_TIMER_CTL || id == KVM_REG_ARM_TIMER_CVAL ||
	    id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CTL ||
	    id == KVM_REG_ARM_PTIMER_CVAL || id == KVM_REG_ARM_PTIMER_CNT)
		return true;

	/* The ID space, with MIDR_EL1 and MPIDR_EL1; CLIDR_EL1, AIDR_EL1; CTR_EL0 */
	return reg >> 7 == 0xc000 >> 7 || id == KVM_ARM64_SYS_REG(SYS_CLIDR_EL1) ||
	       id == KVM_ARM64_SYS_REG(SYS_AIDR_EL1) || id == KVM_ARM64_SYS_REG(SYS_CTR_EL0);
}

/* The guest's own registers can be neither read nor written once it has run. */
static bool write_back_works(struct probe *p, bool has_run)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(p->vcpu[0]);
	bool ok = list->n > 0;
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		u8 value[256] = {};
		struct kvm_one_reg reg = { .id = list->reg[i], .addr = (u64)value };

		if (has_run && !is_hosts_reg(list->reg[i])) {
			if (__vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg) && errno == EPERM &&
			    __vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg) && errno == EPERM)
				continue;
			ksft_print_msg("register 0x%llx is the guest's\n", list->reg[i]);
			ok = false;
			continue;
		}
		if (!__vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg) &&
		    !__vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg))
			continue;
		ksft_print_msg("register 0x%llx: %s\n", list->reg[i], strerror(errno));
		ok = false;
	}
	free(list);

	return ok;
}

/* VMMs write events and MP_STATE whenever they reset a VM. */
static bool events_are_empty(struct probe *p)
{
	struct kvm_vcpu_events events = {}, dabt = { .exception.ext_dabt_pending = 1 };
	struct kvm_vcpu_events esr = {
		.exception = { .serror_pending = 1, .serror_has_esr = 1, .serror_esr = 1 },
	};
	struct kvm_mp_state state = {};
	struct kvm_vcpu *vcpu = p->vcpu[0];

	vcpu_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events);
	if (events.exception.serror_pending || events.exception.serror_has_esr ||
	    events.exception.serror_esr || events.exception.ext_dabt_pending)
		return false;

	memset(&events, 0, sizeof(events));
	vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events);
	vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state);
	vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &state);

	/*
	 * An abort needs an access of the guest that KVM has not completed, and a
	 * syndrome needs KVM_CAP_ARM_INJECT_SERROR_ESR.
	 */
	return __vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &dabt) && errno == EINVAL &&
	       __vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &esr) && errno == EINVAL;
}

/* Does the guest get another answer than NOT_SUPPORTED? */
static bool guest_has_service(struct probe *p, u32 func, u64 arg)
{
	static const u32 hvc = 0xd4000002;
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.x[0] = func;
	in.x[1] = arg;
	if (probe_run(p, &hvc, 1, &in, &out)) {
		ksft_print_msg("function 0x%x: %s\n", func, p->error);
		return true;
	}
	return out.x[0] != (u64)SMCCC_RET_NOT_SUPPORTED;
}

static bool firmware_is_fixed(struct probe *p)
{
	static const struct {
		u64 id, value;
	} regs[] = {
		{ KVM_REG_ARM_STD_BMAP, BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0) },
		{ KVM_REG_ARM_STD_HYP_BMAP, 0 },
		{ KVM_REG_ARM_VENDOR_HYP_BMAP, BIT(KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT) },
		{ KVM_REG_ARM_VENDOR_HYP_BMAP_2, 0 },
		{ KVM_REG_ARM_PSCI_VERSION, 1 << 16 | 3 },
	};
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		u64 value = vcpu_get_reg(p->vcpu[0], regs[i].id);

		if (value != regs[i].value) {
			ksft_print_msg("0x%lx is 0x%lx\n", regs[i].id, value);
			ok = false;
		}
		if (!__vcpu_set_reg(p->vcpu[0], regs[i].id, value ^ 1) || errno != EINVAL) {
			ksft_print_msg("0x%lx becomes 0x%lx\n", regs[i].id, value ^ 1);
			ok = false;
			__vcpu_set_reg(p->vcpu[0], regs[i].id, value);
		}
	}
	if (guest_has_service(p, ARM_SMCCC_HV_PV_TIME_FEATURES, ARM_SMCCC_HV_PV_TIME_ST) ||
	    guest_has_service(p, ARM_SMCCC_HV_PV_TIME_ST, 0) ||
	    guest_has_service(p, ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID, 0)) {
		ksft_print_msg("the guest has stolen time or PTP\n");
		ok = false;
	}

	return ok;
}

static void test_protected(void)
{
	const struct probe_cfg cfg = { .vgic = true };
	struct probe *p = probe_create(&cfg);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		ksft_test_result(cap_is_right(p, i), "capability %s\n", caps[i].name);
	ksft_test_result(other_caps(p), "others\n");
	ksft_test_result(enables_none(p), "enable\n");
	ksft_test_result(masks_are_zero(p), "masks\n");
	ksft_test_result(write_back_works(p, false), "write back\n");
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		ksft_test_result(is_refused(p, i), "refuse %s\n", refused[i].name);
	ksft_test_result(has_right_attrs(p), "attributes\n");
	ksft_test_result(probe_runs(p), "runs\n");
	ksft_test_result(write_back_works(p, true), "write back after the run\n");
	ksft_test_result(events_are_empty(p), "events after the run\n");
	ksft_test_result(firmware_is_fixed(p), "firmware\n");
	ksft_test_result(enables_none(p) && other_caps(p) && probe_runs(p),
			 "enable after the run\n");
	probe_free(p);
}

static void test_ordinary(void)
{
	const struct probe_cfg cfg = { .vgic = true, .ordinary = true };
	struct probe *p = probe_create(&cfg);

	ksft_test_result(other_caps(p), "ordinary\n");
	ksft_test_result(probe_runs(p), "ordinary runs\n");
	probe_free(p);
}

int main(void)
{
	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(caps) + ARRAY_SIZE(refused) + 12);
	kvm_fd = open_kvm_dev_path_or_exit();

	test_ordinary();
	test_protected();

	ksft_finished();
}
