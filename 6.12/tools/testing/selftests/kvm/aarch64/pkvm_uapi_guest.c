// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_guest - userspace and the guest agree on the registers.
 *
 * Audit map: case -> rule. Each is run in VMs with and without PAuth and with
 * and without a vGICv3.
 *
 *  agrees		ID registers, and others that EL2 emulates, read as the guest
 *			reads them; MDSCR_EL1 and CSSELR_EL1 as it wrote them
 *  state in, out	what userspace writes, the guest reads; what the guest writes,
 *			userspace reads
 *  firmware		no PTP, no stolen time
 *  no syndrome		an access to no memory by an instruction of which hardware
 *			does not say what it does is an external abort for the guest
 *  reset		KVM_ARM_VCPU_INIT, then all that can be read written back, as
 *			VMMs do: the guest runs again, and keeps what is its own
 *
 * Rules: contract, section 8; protected-vm-uapi.rst.
 *
 * Not tested: SCTLR_EL1, TTBR*, TCR_EL1, MAIR_EL1, VBAR_EL1, CPACR_EL1, ESR_EL1 and
 * TPIDR_EL1, which the guest of the test lives on: that it runs is the test.
 * AMAIR_EL1 and AFSR* have no bits on the CPUs that QEMU has.
 */
#include "host_state.h"
#include "pkvm_uapi_regs.h"

#define MDSCR_TDCC	BIT(12)
#define NOTHING_GPA	0x0b000000UL

static bool agrees(struct probe *p, u32 reg, u64 id)
{
	struct probe_word word;
	u64 val;

	probe_read_regs(p, 0, PROBE_EL1H, &reg, 1, &word);
	val = one_reg(p, id);
	if (!word.esr && word.value == val)
		return true;
	ksft_print_msg("0x%lx is 0x%lx, the guest reads 0x%lx (ESR 0x%lx)\n", id, val,
		       word.value, word.esr);
	return false;
}

static bool check_guest(struct probe *p)
{
	static const u32 regs[] = {
		SYS_MIDR_EL1, SYS_MPIDR_EL1, SYS_REVIDR_EL1, SYS_AIDR_EL1, SYS_CTR_EL0,
		SYS_CLIDR_EL1, SYS_OSLSR_EL1, SYS_ACTLR_EL1, SYS_DBGBVRn_EL1(0),
		SYS_DBGBCRn_EL1(0), SYS_DBGWVRn_EL1(0), SYS_DBGWCRn_EL1(0),
		SYS_MDSCR_EL1, SYS_CSSELR_EL1,
	};
	unsigned int i;
	bool ok = true;
	u64 esr;

	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		ok &= agrees(p, probe_id_reg(i), KVM_ARM64_SYS_REG(probe_id_reg(i)));
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		ok &= agrees(p, regs[i], KVM_ARM64_SYS_REG(regs[i]));
	for (i = 0; i < NR_CCSIDR; i++) {
		ok &= !probe_write_reg(p, SYS_CSSELR_EL1, i, &esr) && !esr;
		ok &= agrees(p, SYS_CCSIDR_EL1, CCSIDR(i));
		ok &= agrees(p, SYS_CSSELR_EL1, REG(CSSELR_EL1));
		ok &= one_reg(p, REG(CSSELR_EL1)) == i;
	}
	ok &= !probe_write_reg(p, SYS_MDSCR_EL1, MDSCR_TDCC, &esr) && !esr;
	ok &= agrees(p, SYS_MDSCR_EL1, REG(MDSCR_EL1));
	ok &= one_reg(p, REG(MDSCR_EL1)) == MDSCR_TDCC;

	return ok;
}

/* Registers that a guest at EL1 can do without, and bits that all CPUs keep. */
static const struct {
	u32 reg;
	u64 mask;
	bool pauth;
} state[] = {
	{ SYS_FAR_EL1, GENMASK(47, 0) },
	{ SYS_CONTEXTIDR_EL1, GENMASK(31, 0) }, { SYS_TPIDR_EL0, ~0UL },
	{ SYS_TPIDRRO_EL0, ~0UL }, { SYS_CNTKCTL_EL1, 0x3 },
	{ SYS_APIAKEYLO_EL1, ~0UL, true }, { SYS_APGAKEYHI_EL1, ~0UL, true },
};

static bool check_state(struct probe *p)
{
	const u64 pattern = 0x5a5a123456789a5a;
	struct probe_word word;
	unsigned int i;
	bool ok = true;
	u64 esr;

	for (i = 0; i < ARRAY_SIZE(state); i++) {
		u64 id = KVM_ARM64_SYS_REG(state[i].reg), mask = state[i].mask;
		__uint128_t val = pattern & mask;

		if (state[i].pauth && !p->cfg.pauth)
			continue;
		ok &= !set(p, id, &val);
		probe_read_regs(p, 0, PROBE_EL1H, &state[i].reg, 1, &word);
		if (word.esr || (word.value & mask) != (pattern & mask)) {
			ksft_print_msg("0x%lx in: 0x%lx (ESR 0x%lx)\n", id, word.value, word.esr);
			ok = false;
		}
		ok &= !probe_write_reg(p, state[i].reg, ~pattern & mask, &esr) && !esr;
		if ((one_reg(p, id) & mask) != (~pattern & mask)) {
			ksft_print_msg("0x%lx out: 0x%lx\n", id, one_reg(p, id));
			ok = false;
		}
	}
	return ok;
}

static bool check_firmware(struct probe *p)
{
	u64 std = one_reg(p, KVM_REG_ARM_STD_BMAP), hyp = one_reg(p, KVM_REG_ARM_STD_HYP_BMAP);
	u64 vendor = one_reg(p, KVM_REG_ARM_VENDOR_HYP_BMAP);

	if (std == BIT(KVM_REG_ARM_STD_BIT_TRNG_V1_0) && !hyp &&
	    vendor == BIT(KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT))
		return true;
	ksft_print_msg("0x%lx, 0x%lx, 0x%lx\n", std, hyp, vendor);
	return false;
}

/* Two registers at once: LDP X5, X6, [X7]. */
static bool check_no_syndrome(struct probe *p)
{
	struct probe_in in = { .pstate = PROBE_DAIF | PROBE_EL1H, .x[7] = NOTHING_GPA };
	const u32 ldp = 0xa94018e5;
	struct probe_out out;

	if (probe_run(p, PROBE_PAGE_EL1, &ldp, 1, &in, &out)) {
		ksft_print_msg("%s\n", p->error);
		return false;
	}
	if (out.esr >> 26 == 0x25 && (out.esr & 0x3f) == 0x10 && out.far == NOTHING_GPA)
		return true;
	ksft_print_msg("%s, FAR 0x%lx\n", probe_describe(&in, &out), out.far);
	return false;
}

/* After a reset, userspace sees what the guest sees, and the guest runs. */
static bool check_reset(struct probe *p)
{
	struct kvm_vcpu_init init;
	u64 esr;
	bool ok;

	ok = !probe_write_reg(p, SYS_CSSELR_EL1, 3, &esr) && !esr;
	ok &= !probe_write_reg(p, SYS_MDSCR_EL1, MDSCR_TDCC, &esr) && !esr;
	probe_get_init(p, &init);
	ok &= !__vcpu_ioctl(p->vcpu[0], KVM_ARM_VCPU_INIT, &init);
	ok &= check_write_back(p);
	probe_init_vcpu(p, 0);
	ok &= agrees(p, SYS_CSSELR_EL1, REG(CSSELR_EL1));
	ok &= agrees(p, SYS_MDSCR_EL1, REG(MDSCR_EL1));

	return ok;
}

static const struct {
	const char *name;
	bool (*fn)(struct probe *p);
} cases[] = {
	{ "agrees", check_guest }, { "state in, out", check_state },
	{ "firmware", check_firmware }, { "no syndrome", check_no_syndrome },
	{ "reset", check_reset },
};

static void test_vm(const struct probe_cfg *cfg, const char *name, bool skip)
{
	struct probe *p;
	unsigned int i;

	p = skip ? NULL : probe_create(cfg);
	if (p)
		virt_map(p->vm, NOTHING_GPA, NOTHING_GPA, 1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (skip)
			ksft_test_result_skip("%s: %s: this CPU has no PAuth\n", name,
					      cases[i].name);
		else
			ksft_test_result(cases[i].fn(p) && runs(p), "%s: %s\n", name,
					 cases[i].name);
	}
	if (p)
		probe_free(p);
}

int main(void)
{
	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(reg_vms) * ARRAY_SIZE(cases) + HOST_STATE_TESTS);
	host_state_save();
	test_reg_vms(test_vm);

	host_state_report();
	ksft_finished();
}
