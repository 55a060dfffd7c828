// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_regs - the registers that userspace sees of a protected vCPU.
 *
 * In VMs with and without PAuth, and with and without a vGIC, before the first
 * run and after:
 *
 *  list		KVM_GET_REG_LIST has the 56 ID registers and the others that
 *			the guest has, and none of a feature that it does not have
 *  guest		what is fixed reads as the guest reads it (after the run)
 *  fixed		another value is refused, EINVAL, and the register is what it
 *			was; what it reads as is accepted
 *  absent		neither read nor written: ENOENT
 *  invalid		ids and addresses that make no sense
 *  PSTATE		no mode but those of EL1 and EL0 (before the run). Whether
 *			a vCPU with AArch32 at EL0 runs is in pkvm_aarch32
 *  state		what userspace writes, it reads, and the guest starts in the
 *			reset state nevertheless (before the run)
 *  uninitialised	ENOEXEC before KVM_ARM_VCPU_INIT
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)
#define CCSIDR(n)	(KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | (n))
#define NR_CCSIDR	14

/*
 * Registers apart from the ID registers and the core registers. A fixed one has the
 * encoding by which the guest reads it, or 0 if the guest cannot.
 */
enum reg_class { FIXED, STATE, PAUTH, ABSENT };

static const struct {
	u64 id;
	enum reg_class class;
	u32 guest;
} regs[] = {
#define FIXED_REG(name)	{ REG(name), FIXED, SYS_##name }
	FIXED_REG(MPIDR_EL1), FIXED_REG(REVIDR_EL1), FIXED_REG(AIDR_EL1),
	FIXED_REG(MIDR_EL1), FIXED_REG(CTR_EL0), FIXED_REG(CLIDR_EL1),
	{ KVM_REG_ARM_PSCI_VERSION, FIXED }, { KVM_REG_ARM_STD_BMAP, FIXED },
	{ KVM_REG_ARM_STD_HYP_BMAP, FIXED }, { KVM_REG_ARM_VENDOR_HYP_BMAP, FIXED },
	{ KVM_REG_ARM_VENDOR_HYP_BMAP_2, FIXED }, { CCSIDR(0), FIXED },
	{ REG(SCTLR_EL1), STATE }, { REG(TTBR0_EL1), STATE }, { REG(TCR_EL1), STATE },
	{ REG(VBAR_EL1), STATE }, { REG(MAIR_EL1), STATE }, { REG(ESR_EL1), STATE },
	{ REG(CNTKCTL_EL1), STATE }, { REG(TPIDR_EL1), STATE },
	{ KVM_REG_ARM_TIMER_CTL, STATE }, { KVM_REG_ARM_TIMER_CNT, STATE },
	{ KVM_REG_ARM_TIMER_CVAL, STATE }, { KVM_REG_ARM_PTIMER_CTL, STATE },
	{ KVM_REG_ARM_PTIMER_CNT, STATE }, { KVM_REG_ARM_PTIMER_CVAL, STATE },
	{ REG(APIAKEYLO_EL1), PAUTH }, { REG(APIBKEYHI_EL1), PAUTH },
	{ REG(APDAKEYLO_EL1), PAUTH }, { REG(APGAKEYHI_EL1), PAUTH },
	/* Registers that some VM has, and no protected one. */
	{ REG(TCR2_EL1), ABSENT }, { REG(PIR_EL1), ABSENT }, { REG(PIRE0_EL1), ABSENT },
	{ REG(POR_EL1), ABSENT }, { REG(POR_EL0), ABSENT }, { REG(SCTLR2_EL1), ABSENT },
	{ REG(ZCR_EL1), ABSENT }, { REG(SVCR), ABSENT }, { REG(FPMR), ABSENT },
	{ REG(PMCR_EL0), ABSENT }, { REG(PMCCNTR_EL0), ABSENT },
	{ REG(PMUSERENR_EL0), ABSENT }, { REG(HCR_EL2), ABSENT },
	{ REG(VBAR_EL2), ABSENT }, { REG(TPIDR2_EL0), ABSENT },
	{ REG(SMCR_EL1), ABSENT }, { REG(GCR_EL1), ABSENT }, { REG(RGSR_EL1), ABSENT },
	{ KVM_REG_ARM64_SVE_VLS, ABSENT }, { KVM_REG_ARM64_SVE_ZREG(0, 0), ABSENT },
	{ KVM_REG_ARM_FW_REG(9), ABSENT }, { KVM_REG_ARM_FW_FEAT_BMAP_REG(9), ABSENT },
	{ CCSIDR(NR_CCSIDR), ABSENT },
};

static int get(struct probe *p, u64 id, u64 *val)
{
	u8 buffer[256] = {};
	struct kvm_one_reg reg = { .id = id, .addr = (u64)buffer };
	int err = __vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg) ? errno : 0;

	memcpy(val, buffer, sizeof(*val));
	return err;
}

static int set(struct probe *p, u64 id, u64 val)
{
	u64 buffer[256 / 8] = { val };
	struct kvm_one_reg reg = { .id = id, .addr = (u64)buffer };

	return __vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg) ? errno : 0;
}

static bool is_absent(struct probe *p, unsigned int i)
{
	return regs[i].class == ABSENT || (regs[i].class == PAUTH && !p->cfg.pauth);
}

static bool is_listed(const struct kvm_reg_list *list, u64 id)
{
	u64 i;

	for (i = 0; i < list->n; i++)
		if (list->reg[i] == id)
			return true;
	return false;
}

static bool check_list(struct probe *p)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(p->vcpu[0]);
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		if (is_listed(list, regs[i].id) == !is_absent(p, i))
			continue;
		ksft_print_msg("0x%lx is %slisted\n", regs[i].id, is_absent(p, i) ? "" : "not ");
		ok = false;
	}
	for (i = 0; i < PROBE_NR_ID_REGS; i++) {
		if (is_listed(list, KVM_ARM64_SYS_REG(probe_id_reg(i))))
			continue;
		ksft_print_msg("ID register %u is not listed\n", i);
		ok = false;
	}
	free(list);
	return ok;
}

/* Does userspace read what the guest reads? */
static bool check_guest(struct probe *p)
{
	u32 encs[PROBE_NR_ID_REGS + ARRAY_SIZE(regs)];
	struct probe_word words[ARRAY_SIZE(encs)];
	unsigned int i, nr = 0;
	bool ok = true;
	u64 val;

	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		encs[nr++] = probe_id_reg(i);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].guest)
			encs[nr++] = regs[i].guest;
	probe_read_regs(p, 0, PSR_MODE_EL1h, encs, nr, words);
	for (i = 0; i < nr; i++) {
		if (!get(p, KVM_ARM64_SYS_REG(encs[i]), &val) && !words[i].esr &&
		    val == words[i].value)
			continue;
		ksft_print_msg("0x%x is 0x%lx, the guest reads 0x%lx (ESR 0x%lx)\n", encs[i],
			       val, words[i].value, words[i].esr);
		ok = false;
	}
	return ok;
}

/* Does the register refuse every change? The first eight bits and the last one are tried. */
static bool is_fixed(struct probe *p, u64 id)
{
	unsigned int i, last = KVM_REG_SIZE(id) * 8 - 1, bit;
	u64 val, now;
	int err;

	if (get(p, id, &val) || set(p, id, val)) {
		ksft_print_msg("0x%lx does not take what it reads as\n", id);
		return false;
	}
	for (i = 0; i < 9; i++) {
		bit = i < 8 ? i : last;
		err = set(p, id, val ^ BIT(bit));
		if (err == EINVAL && !get(p, id, &now) && now == val)
			continue;
		ksft_print_msg("0x%lx, bit %u: %s\n", id, bit, err ? strerror(err) : "success");
		return false;
	}
	return true;
}

static bool check_fixed(struct probe *p)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		ok &= is_fixed(p, KVM_ARM64_SYS_REG(probe_id_reg(i)));
	for (i = 1; i < NR_CCSIDR; i++)
		ok &= is_fixed(p, CCSIDR(i));
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].class == FIXED)
			ok &= is_fixed(p, regs[i].id);
	return ok;
}

static bool check_absent(struct probe *p)
{
	unsigned int i;
	bool ok = true;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		if (!is_absent(p, i) || (get(p, regs[i].id, &val) == ENOENT &&
					 set(p, regs[i].id, 0) == ENOENT))
			continue;
		ksft_print_msg("0x%lx: not ENOENT\n", regs[i].id);
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
		{ (REG(CTR_EL0) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U32, (u64)&val, ENOENT },
		{ REG(ID_AA64PFR0_EL1) | BIT(24), (u64)&val, ENOENT },
		{ REG(ID_AA64PFR0_EL1), 8, EFAULT },
		{ KVM_REG_ARM_PSCI_VERSION, 8, EFAULT },
		{ CCSIDR(0), 8, EFAULT },
	};
	unsigned int i;
	bool ok = true;

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
	static const u64 good = BIT(PSR_MODE_EL0t) | BIT(PSR_MODE_EL1t) | BIT(PSR_MODE_EL1h);
	u64 id = ARM64_CORE_REG(regs.pstate), val, mode;
	bool ok = true;
	int err;

	if (get(p, id, &val))
		return false;
	for (mode = 0; mode <= (PSR_MODE_MASK | PSR_MODE32_BIT); mode++) {
		if (mode == PSR_MODE32_BIT)
			continue;
		err = set(p, id, (val & ~(u64)(PSR_MODE_MASK | PSR_MODE32_BIT)) | mode);
		if (err == (good & BIT(mode) ? 0 : EINVAL))
			continue;
		ksft_print_msg("mode 0x%lx: %s\n", mode, err ? strerror(err) : "success");
		ok = false;
	}
	return !set(p, id, val) && ok;
}

/* The library's start code does not load these registers, so what is set has no effect. */
static bool check_state(struct probe *p)
{
	static const u32 state[] = { SYS_FAR_EL1, SYS_CONTEXTIDR_EL1 };
	const u64 pattern = 0x12345670;
	struct probe_word words[ARRAY_SIZE(state)];
	unsigned int i;
	bool ok = true;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(state); i++) {
		u64 id = KVM_ARM64_SYS_REG(state[i]);

		ok &= !set(p, id, pattern + i) && !get(p, id, &val) && val == pattern + i;
	}
	probe_read_regs(p, 0, PSR_MODE_EL1h, state, ARRAY_SIZE(state), words);
	for (i = 0; i < ARRAY_SIZE(state); i++) {
		if (!words[i].value)
			continue;
		ksft_print_msg("the guest reads 0x%lx in 0x%x\n", words[i].value, state[i]);
		ok = false;
	}
	return ok;
}

static bool check_uninitialised(void)
{
	struct kvm_vm *vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 1, 0);
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, 0);
	struct kvm_reg_list list = {};
	u64 val = 0;
	bool ok;

	ok = __vcpu_get_reg(vcpu, REG(MIDR_EL1), &val) && errno == ENOEXEC &&
	     __vcpu_set_reg(vcpu, REG(ID_AA64PFR0_EL1), 0) && errno == ENOEXEC &&
	     __vcpu_ioctl(vcpu, KVM_GET_REG_LIST, &list) && errno == ENOEXEC;
	kvm_vm_free(vm);
	return ok;
}

static const struct {
	const char *name;
	bool (*fn)(struct probe *p);
	bool before, after;
} checks[] = {
	{ "list", check_list, true, true },
	{ "fixed", check_fixed, true, true },
	{ "absent", check_absent, true, true },
	{ "invalid", check_invalid, true, true },
	{ "PSTATE", check_pstate, true, false },
	{ "state", check_state, true, false },
	{ "guest", check_guest, false, true },
};

#define NR_CHECKS	11

static void test_vm(bool pauth, bool vgic)
{
	const struct probe_cfg cfg = { .pauth = pauth, .vgic = vgic };
	const char *name = pauth ? vgic ? "PAuth, vGIC" : "PAuth" : vgic ? "vGIC" : "plain";
	struct probe *p = probe_create(&cfg);
	unsigned int i, after;

	for (after = 0; after < 2; after++)
		for (i = 0; i < ARRAY_SIZE(checks); i++)
			if (after ? checks[i].after : checks[i].before)
				ksft_test_result(checks[i].fn(p), "%s: %s %s the run\n", name,
						 checks[i].name, after ? "after" : "before");
	probe_free(p);
}

int main(void)
{
	bool pauth;
	int vgic;

	TEST_REQUIRE(kvm_has_protected_vms());

	pauth = kvm_has_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	ksft_print_header();
	ksft_set_plan((pauth ? 4 : 2) * NR_CHECKS + 1);
	for (vgic = 0; vgic < 2; vgic++) {
		test_vm(false, vgic);
		if (pauth)
			test_vm(true, vgic);
	}
	ksft_test_result(check_uninitialised(), "uninitialised\n");
	ksft_finished();
}
