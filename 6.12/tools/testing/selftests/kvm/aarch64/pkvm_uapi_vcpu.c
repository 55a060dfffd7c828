// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_vcpu - what the vCPUs of protected VMs and of others answer.
 *
 * Audit map: case -> rule
 *
 *  KIND WHEN: REQUEST	what a vCPU answers to a request before it runs for the
 *			first time, and after; whatever the answer is, the guest
 *			runs afterwards, unless the request is to harm it
 *
 * KIND is protected or ordinary. Without protected mode there are ordinary VMs
 * only, and the same is expected of these. The registers have tests of their
 * own, pkvm_uapi_regs and pkvm_uapi_guest; what is refused when the first vCPU is
 * initialised is in pkvm_features, and the vCPU that is dead for good in
 * pkvm_aarch32.
 *
 * Rules: contract, section 8; the errors as in protected-vm-uapi.rst.
 */
#include "pkvm_uapi.h"

static int ioctl_errno(struct uapi_vm *v, unsigned long cmd, void *arg)
{
	return uapi_errno(ioctl(v->vcpu->fd, cmd, arg));
}

/* With these features added, and this as the second word of them. */
static int init(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_init init;

	uapi_get_init(v->vm, &init);
	init.features[0] |= arg[0];
	init.features[1] = arg[1];
	if (arg[2])
		init.target = arg[2];
	return ioctl_errno(v, KVM_ARM_VCPU_INIT, &init);
}

/* Like a reset: the vCPU starts again at its entry. */
static int init_again(struct uapi_vm *v, const u64 *arg)
{
	const u64 none[3] = {};
	struct kvm_vcpu_init in;
	u64 sp;
	int err;

	if (__vcpu_get_reg(v->vcpu, ARM64_CORE_REG(sp_el1), &sp))
		return errno;
	err = init(v, none);
	if (err)
		return err;

	uapi_get_init(v->vm, &in);
	aarch64_vcpu_setup(v->vcpu, &in);
	vcpu_set_reg(v->vcpu, ARM64_CORE_REG(sp_el1), sp);
	vcpu_arch_set_entry_point(v->vcpu, uapi_guest);
	vcpu_init_descriptor_tables(v->vcpu);
	/* Nobody waits for the answer to the last question any more. */
	v->vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	return 0;
}

static int init_other(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_init init;

	vm_ioctl(v->vm, KVM_ARM_PREFERRED_TARGET, &init);
	return ioctl_errno(v, KVM_ARM_VCPU_INIT, &init);
}

/* Switched off, and then on. EDOM: it is not off. */
static int init_off(struct uapi_vm *v, const u64 *arg)
{
	const u64 off[3] = { BIT(KVM_ARM_VCPU_POWER_OFF) };
	struct kvm_mp_state state = { .mp_state = ~0U };
	int err = init(v, off);

	if (err || __vcpu_ioctl(v->vcpu, KVM_GET_MP_STATE, &state))
		return err ?: errno;
	return state.mp_state == KVM_MP_STATE_STOPPED ? init_again(v, arg) : EDOM;
}

static int init_fault(struct uapi_vm *v, const u64 *arg)
{
	return ioctl_errno(v, KVM_ARM_VCPU_INIT, NULL);
}

static int finalize(struct uapi_vm *v, const u64 *arg)
{
	int what = arg[0];

	return ioctl_errno(v, KVM_ARM_VCPU_FINALIZE, &what);
}

static int reg_list_short(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_reg_list list = { .n = 0 };

	return ioctl_errno(v, KVM_GET_REG_LIST, &list);
}

/* Switch it off again. EDOM: that fails. */
static int debug(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_guest_debug debug = { .control = arg[0] };
	int err = ioctl_errno(v, KVM_SET_GUEST_DEBUG, &debug);

	debug.control = 0;
	if (__vcpu_ioctl(v->vcpu, KVM_SET_GUEST_DEBUG, &debug))
		err = EDOM;
	return err;
}

static int has_attr(struct uapi_vm *v, const u64 *arg)
{
	return uapi_errno(__kvm_has_device_attr(v->vcpu->fd, arg[0], arg[1]));
}

static int get_attr(struct uapi_vm *v, const u64 *arg)
{
	u64 val = 0;

	return uapi_errno(__kvm_device_attr_get(v->vcpu->fd, arg[0], arg[1], &val));
}

static int set_attr(struct uapi_vm *v, const u64 *arg)
{
	u64 val = arg[2];

	return uapi_errno(__kvm_device_attr_set(v->vcpu->fd, arg[0], arg[1], &val));
}

/* EDOM: an ESR that cannot be set is said to exist. */
static int events_get(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_events events;

	memset(&events, 0xff, sizeof(events));
	if (__vcpu_ioctl(v->vcpu, KVM_GET_VCPU_EVENTS, &events))
		return errno;
	return events.exception.serror_has_esr ? EDOM : 0;
}

static int events_same(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_events events;

	if (__vcpu_ioctl(v->vcpu, KVM_GET_VCPU_EVENTS, &events))
		return errno;
	return ioctl_errno(v, KVM_SET_VCPU_EVENTS, &events);
}

/* Set the bytes of the structure, from its beginning. */
static int events(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_events events = {};

	memcpy(&events, arg, sizeof(u64));
	events.reserved[0] = arg[1];
	return ioctl_errno(v, KVM_SET_VCPU_EVENTS, &events);
}

#define SERROR		BIT(0)
#define SERROR_ESR	BIT(8)
#define EXT_DABT	BIT(16)
#define PADDING		BIT(24)

/* The guest has SErrors masked. EDOM: none is pending afterwards. */
static int events_serror(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_vcpu_events got;
	int err = events(v, arg);

	if (err || __vcpu_ioctl(v->vcpu, KVM_GET_VCPU_EVENTS, &got))
		return err ?: errno;
	return got.exception.serror_pending ? 0 : EDOM;
}

/* Let it run again. EDOM: that fails. */
static int mp_state(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_mp_state state = { .mp_state = arg[0] };
	int err = ioctl_errno(v, KVM_SET_MP_STATE, &state);

	state.mp_state = KVM_MP_STATE_RUNNABLE;
	if (__vcpu_ioctl(v->vcpu, KVM_SET_MP_STATE, &state))
		err = EDOM;
	return err;
}

static int mp_get(struct uapi_vm *v, const u64 *arg)
{
	struct kvm_mp_state state;

	return ioctl_errno(v, KVM_GET_MP_STATE, &state);
}

/* Requests that no vCPU of arm64 has, or none at all. EDOM: one is not EINVAL. */
static int other_ioctls(struct uapi_vm *v, const u64 *arg)
{
	static const unsigned long cmds[] = {
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_TRANSLATE,
		KVM_INTERRUPT, KVM_NMI, KVM_SMI, KVM_GET_FPU, KVM_SET_FPU, KVM_ENABLE_CAP,
		KVM_PRE_FAULT_MEMORY, KVM_KVMCLOCK_CTRL, KVM_GET_TSC_KHZ, KVM_SET_TSC_KHZ,
		KVM_CREATE_VCPU, KVM_CHECK_EXTENSION, KVM_CREATE_DEVICE, KVM_IRQ_LINE,
		KVM_ARM_PREFERRED_TARGET, KVM_GET_API_VERSION, _IO(KVMIO, 0xff), 0, ~0U,
	};
	static u64 words[64];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int err = ioctl_errno(v, cmds[i], words);

		if (err == EINVAL)
			continue;
		ksft_print_msg("ioctl 0x%lx: %s\n", cmds[i], uapi_describe(err));
		ret = EDOM;
	}
	return ret;
}

/* Block no signal while it runs. */
static int signal_mask(struct uapi_vm *v, const u64 *arg)
{
	struct {
		struct kvm_signal_mask head;
		u64 set;
	} mask = { .head.len = arg[0] };

	return ioctl_errno(v, KVM_SET_SIGNAL_MASK, &mask);
}

static int stats_fd(struct uapi_vm *v, const u64 *arg)
{
	int fd = ioctl(v->vcpu->fd, KVM_GET_STATS_FD, NULL);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

#define NONE		{ 0 }
#define ONE(a)		{ a }
#define PMU(attr)	{ KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_##attr, 23 }
#define PVTIME		{ KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA }
#define TIMER(name, irq) { KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_##name, irq }
#define UNKNOWN		{ 77 }
#define BOTH_PTRAUTH	(BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) | BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC))
#define ONCE		{ 0, EBUSY }
#define DEPENDS		ALWAYS(UAPI_ANY)

static const struct uapi_case cases[] = {
	CASE("VCPU_INIT, identical", init_again, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("VCPU_INIT, other PSCI", init_other, NONE, ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, PMU_V3", init, ONE(BIT(KVM_ARM_VCPU_PMU_V3)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, SVE", init, ONE(BIT(KVM_ARM_VCPU_SVE)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, EL1_32BIT", init, ONE(BIT(KVM_ARM_VCPU_EL1_32BIT)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, PTRAUTH_ADDRESS alone", init, ONE(BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, PTRAUTH_GENERIC alone", init, ONE(BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, other PTRAUTH", init, ONE(BOTH_PTRAUTH), ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, POWER_OFF", init_off, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("VCPU_INIT, HAS_EL2", init, ONE(BIT(KVM_ARM_VCPU_HAS_EL2)),
	     ALWAYS(EINVAL), DEPENDS),
	CASE("VCPU_INIT, unknown feature", init, ONE(BIT(20)), ALWAYS(EINVAL), ALWAYS(ENOENT)),
	CASE("VCPU_INIT, unknown word", init, ARGS(0, 1), ALWAYS(ENOENT), ALWAYS(ENOENT)),
	CASE("VCPU_INIT, unknown target", init, ARGS(0, 0, 1000),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_INIT, bad address", init_fault, NONE, ALWAYS(EFAULT), ALWAYS(EFAULT)),
	CASE("VCPU_FINALIZE SVE", finalize, ONE(KVM_ARM_VCPU_SVE),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("VCPU_FINALIZE PTRAUTH_ADDRESS", finalize, ONE(KVM_ARM_VCPU_PTRAUTH_ADDRESS),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("GET_REG_LIST, too short", reg_list_short, NONE, ALWAYS(E2BIG), ALWAYS(E2BIG)),

	CASE("SET_GUEST_DEBUG, nothing", debug, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("SET_GUEST_DEBUG ENABLE", debug, ONE(KVM_GUESTDBG_ENABLE), ALWAYS(EPERM), ALWAYS(0)),
	CASE("SET_GUEST_DEBUG SINGLESTEP", debug,
	     ONE(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP), ALWAYS(EPERM), ALWAYS(0)),
	CASE("SET_GUEST_DEBUG USE_HW", debug,
	     ONE(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW), ALWAYS(EPERM), ALWAYS(0)),
	CASE("SET_GUEST_DEBUG unknown", debug, ONE(KVM_GUESTDBG_ENABLE | BIT(30)),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),

	CASE("HAS_DEVICE_ATTR PMU_V3_IRQ", has_attr, PMU(IRQ), ALWAYS(ENXIO), DEPENDS),
	CASE("GET_DEVICE_ATTR PMU_V3_IRQ", get_attr, PMU(IRQ), ALWAYS(EINVAL), DEPENDS),
	CASE("SET_DEVICE_ATTR PMU_V3_IRQ", set_attr, PMU(IRQ), ALWAYS(EINVAL), DEPENDS),
	CASE("SET_DEVICE_ATTR PMU_V3_INIT", set_attr, PMU(INIT), ALWAYS(EINVAL), DEPENDS),
	CASE("HAS_DEVICE_ATTR PVTIME_IPA", has_attr, PVTIME, ALWAYS(ENXIO), DEPENDS),
	CASE("GET_DEVICE_ATTR PVTIME_IPA", get_attr, PVTIME, ALWAYS(EINVAL), DEPENDS),
	CASE("SET_DEVICE_ATTR PVTIME_IPA", set_attr, PVTIME, ALWAYS(EINVAL), DEPENDS),
	CASE("HAS_DEVICE_ATTR TIMER_IRQ_VTIMER", has_attr, TIMER(VTIMER, 0), ALWAYS(0), ALWAYS(0)),
	CASE("GET_DEVICE_ATTR TIMER_IRQ_VTIMER", get_attr, TIMER(VTIMER, 0), ALWAYS(0), ALWAYS(0)),
	CASE("SET_DEVICE_ATTR TIMER_IRQ_VTIMER, no vGIC", set_attr, TIMER(VTIMER, 27),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	GIC_CASE("SET_DEVICE_ATTR TIMER_IRQ_VTIMER", set_attr, TIMER(VTIMER, 27), ONCE, ONCE),
	GIC_CASE("SET_DEVICE_ATTR TIMER_IRQ_PTIMER", set_attr, TIMER(PTIMER, 30), ONCE, ONCE),
	GIC_CASE("SET_DEVICE_ATTR TIMER_IRQ_PTIMER, SPI", set_attr, TIMER(PTIMER, 40),
		 ALWAYS(EINVAL), ALWAYS(EINVAL)),
	/* The timers of an EL2, which ordinary VMs have the attributes of. */
	CASE("HAS_DEVICE_ATTR TIMER_IRQ_HVTIMER", has_attr, TIMER(HVTIMER, 0),
	     ALWAYS(ENXIO), ALWAYS(0)),
	CASE("GET_DEVICE_ATTR TIMER_IRQ_HVTIMER", get_attr, TIMER(HVTIMER, 0),
	     ALWAYS(EINVAL), ALWAYS(0)),
	GIC_CASE("SET_DEVICE_ATTR TIMER_IRQ_HPTIMER", set_attr, TIMER(HPTIMER, 26),
		 ALWAYS(EINVAL), ONCE),
	CASE("HAS_DEVICE_ATTR unknown", has_attr, UNKNOWN, ALWAYS(ENXIO), ALWAYS(ENXIO)),
	CASE("GET_DEVICE_ATTR unknown", get_attr, UNKNOWN, ALWAYS(EINVAL), ALWAYS(ENXIO)),
	CASE("SET_DEVICE_ATTR unknown", set_attr, UNKNOWN, ALWAYS(EINVAL), ALWAYS(ENXIO)),

	CASE("GET_VCPU_EVENTS", events_get, NONE, ALWAYS(0), DEPENDS),
	CASE("SET_VCPU_EVENTS, all zero", events, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("SET_VCPU_EVENTS, what GET says", events_same, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("SET_VCPU_EVENTS, SError", events_serror, ONE(SERROR), ALWAYS(0), ALWAYS(0)),
	CASE("SET_VCPU_EVENTS, SError with ESR", events, ONE(SERROR | SERROR_ESR),
	     ALWAYS(EINVAL), DEPENDS),
	{ "SET_VCPU_EVENTS, external abort", events, ONE(EXT_DABT),
	  { ALWAYS(0), ALWAYS(0) }, .deadly = true },
	CASE("SET_VCPU_EVENTS, padding", events, ONE(PADDING), ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("SET_VCPU_EVENTS, reserved", events, ARGS(0, 1), ALWAYS(EINVAL), ALWAYS(EINVAL)),

	CASE("GET_MP_STATE", mp_get, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("SET_MP_STATE RUNNABLE", mp_state, ONE(KVM_MP_STATE_RUNNABLE), ALWAYS(0), ALWAYS(0)),
	CASE("SET_MP_STATE STOPPED", mp_state, ONE(KVM_MP_STATE_STOPPED), ALWAYS(0), ALWAYS(0)),
	CASE("SET_MP_STATE SUSPENDED", mp_state, ONE(KVM_MP_STATE_SUSPENDED),
	     ALWAYS(EINVAL), ALWAYS(0)),
	CASE("SET_MP_STATE HALTED", mp_state, ONE(KVM_MP_STATE_HALTED),
	     ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("SET_SIGNAL_MASK", signal_mask, ONE(8), ALWAYS(0), ALWAYS(0)),
	CASE("SET_SIGNAL_MASK, bad length", signal_mask, ONE(7), ALWAYS(EINVAL), ALWAYS(EINVAL)),
	CASE("GET_STATS_FD", stats_fd, NONE, ALWAYS(0), ALWAYS(0)),
	CASE("other ioctls", other_ioctls, NONE, ALWAYS(0), ALWAYS(0)),
};

int main(void)
{
	uapi_run_table(cases, ARRAY_SIZE(cases));
}
