// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_regs - the registers that userspace sees of a protected vCPU.
 *
 * Audit map: case -> rule. Each is run in VMs with and without PAuth and with
 * and without a vGICv3, those marked * before the first run and after.
 *
 *  list *		KVM_GET_REG_LIST has what the guest has: see reg_classes[]
 *  write-back *	every listed register can be read, and accepts what was read
 *  fixed *		ID registers, and others that do not change: EINVAL for any
 *			other value, and the register is what it was
 *  guest's own *	MDSCR_EL1, CSSELR_EL1: EPERM likewise
 *  absent *		registers of features that no protected VM has, or not this
 *			one: ENOENT
 *  invalid *		ids and addresses that make no sense
 *  pstate *		AArch32, EL2 and EL3 are refused
 *  uninitialised	ENOEXEC before KVM_ARM_VCPU_INIT
 *  unchanged		fixed registers have the same value before and after
 *
 * That the values are what the guest sees is in pkvm_uapi_guest.
 *
 * Rules: contract, section 8; the errors as in protected-vm-uapi.rst.
 */
#include "host_state.h"
#include "pkvm_uapi_regs.h"

static bool must_be_listed(const struct kvm_reg_list *list, u64 id)
{
	if (!is_listed(list, id))
		ksft_print_msg("0x%lx is not listed\n", id);
	return is_listed(list, id);
}

static bool check_list(struct probe *p)
{
	const struct kvm_reg_list *list = get_list(p);
	unsigned int i;
	bool ok = true;

	for (i = 0; i < list->n; i++) {
		if (class_of(p, list->reg[i]) != CLASS_ABSENT)
			continue;
		ksft_print_msg("0x%llx is listed\n", list->reg[i]);
		ok = false;
	}
	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		ok &= must_be_listed(list, KVM_ARM64_SYS_REG(probe_id_reg(i)));
	for (i = 0; i < NR_CCSIDR; i++)
		ok &= must_be_listed(list, CCSIDR(i));
	for (i = 0; i < ARRAY_SIZE(reg_classes); i++)
		if (class_of(p, reg_classes[i].id) != CLASS_ABSENT)
			ok &= must_be_listed(list, reg_classes[i].id);
	ok &= must_be_listed(list, ARM64_CORE_REG(regs.pc));

	return ok;
}

/* No bit of the register changes; the first eight and the last are enough. */
static bool refuses(struct probe *p, u64 id, int want)
{
	unsigned int i, last = KVM_REG_SIZE(id) * 8 - 1;
	__uint128_t val, new, now;
	bool ok = true;
	int err;

	if (get(p, id, &val))
		return false;
	for (i = 0; i < 9; i++) {
		new = val ^ BIT(i < 8 ? i : last);
		err = set(p, id, &new);
		if (err == want && !get(p, id, &now) && now == val)
			continue;
		ksft_print_msg("0x%lx, bit %u: %s\n", id, i < 8 ? i : last,
			       err ? strerror(err) : "success");
		ok = false;
	}
	return ok;
}

static bool check_fixed(struct probe *p)
{
	const struct kvm_reg_list *list = get_list(p);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		switch (class_of(p, list->reg[i])) {
		case CLASS_ID:
		case CLASS_CCSIDR:
		case CLASS_FIXED:
			ok &= refuses(p, list->reg[i], EINVAL);
		default:
			break;
		}
	}
	return ok;
}

static bool check_guest_own(struct probe *p)
{
	return refuses(p, REG(MDSCR_EL1), EPERM) && refuses(p, REG(CSSELR_EL1), EPERM);
}

static bool check_absent(struct probe *p)
{
	static u8 sve[256];
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reg_classes); i++) {
		struct kvm_one_reg reg = { .id = reg_classes[i].id, .addr = (u64)sve };
		int in, out;

		if (class_of(p, reg.id) != CLASS_ABSENT)
			continue;
		in = __vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg) ? errno : 0;
		out = __vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg) ? errno : 0;
		if (in == ENOENT && out == ENOENT)
			continue;
		ksft_print_msg("0x%llx: read %s, written %s\n", reg.id,
			       in ? strerror(in) : "success", out ? strerror(out) : "success");
		ok = false;
	}
	return ok;
}

static bool check_invalid(struct probe *p)
{
	u64 val = 0;
	const struct {
		u64 id, addr;
		int want;
	} bad[] = {
		{ 0, (u64)&val, EINVAL },
		{ KVM_REG_X86 | KVM_REG_SIZE_U64, (u64)&val, EINVAL },
		{ REG(MIDR_EL1) | BIT(40), (u64)&val, EINVAL },
		{ (REG(CTR_EL0) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U32, (u64)&val, ENOENT },
		{ REG(ID_AA64PFR0_EL1) | BIT(24), (u64)&val, ENOENT },
		{ REG(ID_AA64PFR0_EL1), 8, EFAULT },
		{ REG(MDSCR_EL1), 8, EFAULT },
		{ REG(SCTLR_EL1), 8, EFAULT },
		{ ARM64_CORE_REG(regs.pc), 8, EFAULT },
		{ CCSIDR(0), 8, EFAULT },
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kvm_one_reg reg = { .id = bad[i].id, .addr = bad[i].addr };
		int in = __vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg) ? errno : 0;
		int out = __vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg) ? errno : 0;

		if (in == bad[i].want && out == bad[i].want)
			continue;
		ksft_print_msg("0x%lx at 0x%lx: read %d, written %d, not %d\n", bad[i].id,
			       bad[i].addr, in, out, bad[i].want);
		ok = false;
	}
	return ok;
}

static bool check_pstate(struct probe *p)
{
	static const struct {
		u64 mode;
		int want;
	} modes[] = {
		{ 0x10, EINVAL }, { 0x13, EINVAL }, { 0x1f, EINVAL }, { 0x8, EINVAL },
		{ 0x9, EINVAL }, { 0xc, EINVAL }, { 0xd, EINVAL }, { 0x1, EINVAL },
		{ PROBE_EL0T, 0 }, { PROBE_EL1T, 0 }, { PROBE_EL1H, 0 },
	};
	u64 id = ARM64_CORE_REG(regs.pstate);
	__uint128_t val, new;
	bool ok = true;
	unsigned int i;

	if (get(p, id, &val))
		return false;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int err;

		new = (val & ~0x1fUL) | modes[i].mode;
		err = set(p, id, &new);
		if (err == modes[i].want)
			continue;
		ksft_print_msg("mode 0x%lx: %d, not %d\n", modes[i].mode, err, modes[i].want);
		ok = false;
	}
	return !set(p, id, &val) && ok;
}

static bool check_uninitialised(void)
{
	struct kvm_vm *vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 1, 0);
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, 0);
	struct kvm_reg_list list = {};
	u64 val = 0;
	bool ok;

	ok = __vcpu_get_reg(vcpu, REG(MIDR_EL1), &val) && errno == ENOEXEC;
	ok = ok && __vcpu_set_reg(vcpu, REG(ID_AA64PFR0_EL1), 0) && errno == ENOEXEC;
	ok = ok && __vcpu_ioctl(vcpu, KVM_GET_REG_LIST, &list) && errno == ENOEXEC;
	kvm_vm_free(vm);
	return ok;
}

/* Fixed registers, one after the other; return how many. */
static unsigned int snapshot(struct probe *p, u64 *vals)
{
	const struct kvm_reg_list *list = get_list(p);
	unsigned int i, n = 0;

	for (i = 0; i < list->n; i++) {
		switch (class_of(p, list->reg[i])) {
		case CLASS_ID:
		case CLASS_CCSIDR:
		case CLASS_FIXED:
			vals[n++] = one_reg(p, list->reg[i]);
		default:
			break;
		}
	}
	return n;
}

static const struct {
	const char *name;
	bool (*fn)(struct probe *p);
} twice[] = {
	{ "list", check_list }, { "write-back", check_write_back },
	{ "fixed", check_fixed }, { "guest's own", check_guest_own },
	{ "absent", check_absent }, { "invalid", check_invalid },
	{ "pstate", check_pstate },
};

#define NR_PER_VM	(2 * ARRAY_SIZE(twice) + 1)

static void test_vm(const struct probe_cfg *cfg, const char *name, bool skip)
{
	static u64 before[MAX_REGS], after[MAX_REGS];
	unsigned int i, n;
	struct probe *p;

	if (skip) {
		for (i = 0; i < NR_PER_VM; i++)
			ksft_test_result_skip("%s: case %u: this CPU has no PAuth\n", name, i);
		return;
	}

	p = probe_create(cfg);
	for (i = 0; i < ARRAY_SIZE(twice); i++)
		ksft_test_result(twice[i].fn(p), "%s: before: %s\n", name, twice[i].name);
	n = snapshot(p, before);
	ksft_test_result(runs(p) && snapshot(p, after) == n &&
			 !memcmp(before, after, n * sizeof(*after)), "%s: unchanged\n", name);
	for (i = 0; i < ARRAY_SIZE(twice); i++)
		ksft_test_result(twice[i].fn(p) && runs(p), "%s: after: %s\n", name,
				 twice[i].name);
	probe_free(p);
}

int main(void)
{
	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(reg_vms) * NR_PER_VM + 1 + HOST_STATE_TESTS);
	host_state_save();
	test_reg_vms(test_vm);
	ksft_test_result(check_uninitialised(), "uninitialised\n");

	host_state_report();
	ksft_finished();
}
