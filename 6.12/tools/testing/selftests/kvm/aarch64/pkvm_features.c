// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_features - every vCPU of a protected VM has the features of the VM.
 *
 * Audit map: case -> rule
 *
 *  pauth|plain init ABC run XYZ
 *			three vCPUs, initialised in the order ABC and first run in
 *			the order XYZ: each one has PAuth if the VM was asked for
 *			it (keys, PACIA/AUTIA, PACGA) and UNDEFs it if not; all
 *			read the same ID registers, and their own MPIDR_EL1
 *  pauth|plain late-init	the same for a vCPU that is initialised after the
 *			first one ran
 *  refuse FEATURE	KVM_ARM_VCPU_INIT with a feature that no protected VM
 *			has, or with half of PAuth: EINVAL
 *  refuse other	EINVAL for a vCPU with other features than the first
 *  init-again		an identical KVM_ARM_VCPU_INIT after the first run
 *			succeeds, and changes no feature
 *  restore		ID_AA64PFR0_EL1, saved before the vGIC was created, can be
 *			restored after it, as QEMU does; another value: EINVAL
 *  host		the host's own registers are what they were
 *
 * Rules: contract, principle 6 (decided once), section 1 (B8, and vCPUs whose
 * features were captured before they had any), section 3 (PAuth), section 8.
 */
#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "vgic.h"

#define NR_VCPUS	3
#define NR_ID_REGS	PROBE_NR_ID_REGS
#define SCTLR_PAUTH	(BIT(31) | BIT(30) | BIT(27) | BIT(13))

static const u8 orders[][NR_VCPUS] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

static bool host_has_pauth;

/* The fields of the VM's ID registers that speak of PAuth. */
static u64 pauth_fields(const struct probe_word *id)
{
	/* ISAR1: APA, API, GPA, GPI; ISAR2: GPA3, APA3 */
	return (id[5 * 8 + 1].value & 0xff000ff0) | (id[5 * 8 + 2].value & 0xff00) << 32;
}

/* Use PAuth on the current vCPU: does it run, or is it UNDEF, as it should? */
static bool check_pauth(struct probe *p, bool want)
{
	/* mrs x7, APIAKeyLo_EL1; pacga x7, x5, x6 */
	static const u32 single[] = { 0xd5382107, 0x9ac630a7 };
	/* msr APIAKeyLo_EL1, x6; pacia x5, x6; mov x8, x5; autia x5, x6 */
	static const u32 trip[] = { 0xd5182106, 0xdac100c5, 0xaa0503e8, 0xdac110c5 };
	struct probe_in in = {
		.pstate = PROBE_DAIF | PROBE_EL1H, .sctlr = p->sctlr | SCTLR_PAUTH,
		.x[5] = probe_gva(PROBE_PAGE_DATA), .x[6] = 0xfedcba9876543211,
	};
	struct probe_out out;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(single); i++) {
		if (probe_run(p, PROBE_PAGE_EL1, &single[i], 1, &in, &out)) {
			ksft_print_msg("vCPU %d: %s\n", p->cpu, p->error);
			return false;
		}
		if (want ? !probe_completed(&in, &out, 1) : !probe_undef_at(&in, &out, 0)) {
			ksft_print_msg("vCPU %d: PAuth insn %u: %s\n", p->cpu, i,
				       probe_describe(&in, &out));
			return false;
		}
	}
	if (!want)
		return true;
	if (!probe_run(p, PROBE_PAGE_EL1, trip, ARRAY_SIZE(trip), &in, &out) &&
	    probe_completed(&in, &out, ARRAY_SIZE(trip)) &&
	    out.x[5] == in.x[5] && out.x[8] != in.x[5])
		return true;
	ksft_print_msg("vCPU %d: PAC 0x%lx, AUT 0x%lx, %s\n", p->cpu, out.x[8],
		       out.x[5], probe_describe(&in, &out));
	return false;
}

/* All that one vCPU must have, compared with the first that ran. */
static bool check_vcpu(struct probe *p, int cpu, struct probe_word *first, bool is_first)
{
	const u32 mpidr = sys_reg(3, 0, 0, 0, 5);
	struct probe_word id[NR_ID_REGS], own;
	unsigned int i;
	bool ok = true;

	probe_read_id_regs(p, cpu, id);
	probe_read_regs(p, cpu, PROBE_EL1H, &mpidr, 1, &own);
	if (is_first)
		memcpy(first, id, sizeof(id));

	for (i = 0; i < NR_ID_REGS; i++) {
		if (!id[i].esr && id[i].value == first[i].value)
			continue;
		ksft_print_msg("vCPU %d: S3_0_C0_C%u_%u: 0x%lx (ESR 0x%lx), first 0x%lx\n",
			       cpu, 1 + i / 8, i % 8, id[i].value, id[i].esr,
			       first[i].value);
		ok = false;
	}
	if (own.esr || own.value != (BIT(31) | cpu)) {
		ksft_print_msg("vCPU %d: MPIDR_EL1 0x%lx\n", cpu, own.value);
		ok = false;
	}
	if (!!pauth_fields(id) != p->cfg.pauth) {
		ksft_print_msg("vCPU %d: PAuth fields 0x%lx\n", cpu, pauth_fields(id));
		ok = false;
	}
	p->cpu = cpu;
	return check_pauth(p, p->cfg.pauth) && ok;
}

static void test_orders(bool pauth, const u8 *init, const u8 *run)
{
	const struct probe_cfg cfg = {
		.nr_vcpus = NR_VCPUS, .pauth = pauth, .init_order = init,
	};
	struct probe_word first[NR_ID_REGS];
	struct probe *p;
	bool ok = true;
	int i;

	if (pauth && !host_has_pauth) {
		ksft_test_result_skip("pauth init %u%u%u run %u%u%u: this CPU has no PAuth\n",
				      init[0], init[1], init[2], run[0], run[1], run[2]);
		return;
	}
	p = probe_create(&cfg);
	for (i = 0; i < NR_VCPUS; i++)
		ok &= check_vcpu(p, run[i], first, !i);
	/* And again, now that all of them ran. */
	for (p->cpu = 0; p->cpu < NR_VCPUS; p->cpu++)
		ok &= check_pauth(p, pauth);
	probe_free(p);
	ksft_test_result(ok, "%s init %u%u%u run %u%u%u\n", pauth ? "pauth" : "plain",
			 init[0], init[1], init[2], run[0], run[1], run[2]);
}

static void test_late_init(bool pauth)
{
	const struct probe_cfg cfg = {
		.nr_vcpus = NR_VCPUS, .pauth = pauth, .nr_late = NR_VCPUS - 1,
	};
	const char *name = pauth ? "pauth late-init" : "plain late-init";
	struct probe_word first[NR_ID_REGS];
	struct probe *p;
	bool ok;
	int i;

	if (pauth && !host_has_pauth) {
		ksft_test_result_skip("%s: this CPU has no PAuth\n", name);
		return;
	}
	p = probe_create(&cfg);
	ok = check_vcpu(p, 0, first, true);
	for (i = NR_VCPUS - 1; ok && i; i--) {
		probe_init_vcpu(p, i);
		ok &= check_vcpu(p, i, first, false);
	}
	probe_free(p);
	ksft_test_result(ok, "%s\n", name);
}

static void test_init_again(void)
{
	const struct probe_cfg cfg = { .pauth = host_has_pauth };
	struct probe *p = probe_create(&cfg);
	struct probe_word first[NR_ID_REGS];
	struct kvm_vcpu_init init;
	bool ok;

	ok = check_vcpu(p, 0, first, true);
	probe_get_init(p, &init);
	if (ok && __vcpu_ioctl(p->vcpu[0], KVM_ARM_VCPU_INIT, &init)) {
		ksft_print_msg("KVM_ARM_VCPU_INIT: %s\n", strerror(errno));
		ok = false;
	}
	if (ok) {
		probe_init_vcpu(p, 0);
		ok = check_vcpu(p, 0, first, false);
	}
	probe_free(p);
	ksft_test_result(ok, "init-again\n");
}

/* KVM_ARM_VCPU_INIT of vCPU @cpu, after vCPU 0 where @cpu is not 0. */
static void test_refused(const char *name, int cpu, u32 features)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu[2];
	struct kvm_vm *vm;
	bool refused;
	int i, ret = 0;

	vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2, 0);
	for (i = 0; i <= cpu; i++) {
		vcpu[i] = __vm_vcpu_add(vm, i);
		vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
		if (i == cpu)
			init.features[0] |= features;
		ret = __vcpu_ioctl(vcpu[i], KVM_ARM_VCPU_INIT, &init);
	}
	refused = ret && errno == EINVAL;
	if (!refused)
		ksft_print_msg("%s: %d %s\n", name, ret, ret ? strerror(errno) : "");
	ksft_test_result(refused, "refuse %s\n", name);
	kvm_vm_free(vm);
}

static void test_restore(void)
{
	const u64 pfr0 = KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1);
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 saved, other;
	int gic_fd;
	bool ok;

	vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 1, 64);
	vcpu = __vm_vcpu_add(vm, 0);
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	vcpu_get_reg(vcpu, pfr0, &saved);
	gic_fd = vgic_v3_setup(vm, 1, 64);

	ok = !__vcpu_set_reg(vcpu, pfr0, saved);
	if (!ok)
		ksft_print_msg("0x%lx: %s\n", saved, strerror(errno));
	/* With EL3, which no protected VM has. */
	other = saved | 1 << 12;
	if (!__vcpu_set_reg(vcpu, pfr0, other) || errno != EINVAL) {
		ksft_print_msg("0x%lx is accepted\n", other);
		ok = false;
	}
	if (gic_fd >= 0)
		close(gic_fd);
	kvm_vm_free(vm);
	ksft_test_result(ok, "restore\n");
}

int main(void)
{
	static const struct {
		const char *name;
		int cpu;
		u32 features;
	} refused[] = {
		{ "PMU_V3", 0, BIT(KVM_ARM_VCPU_PMU_V3) },
		{ "SVE", 0, BIT(KVM_ARM_VCPU_SVE) },
		{ "EL1_32BIT", 0, BIT(KVM_ARM_VCPU_EL1_32BIT) },
		{ "HAS_EL2", 0, BIT(KVM_ARM_VCPU_HAS_EL2) },
		{ "PTRAUTH_ADDRESS alone", 0, BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) },
		{ "PTRAUTH_GENERIC alone", 0, BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC) },
		{ "other features than vCPU 0", 1, BIT(KVM_ARM_VCPU_PSCI_0_2) },
	};
	unsigned int i, pauth;

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(2 * (2 * ARRAY_SIZE(orders) + 1) + ARRAY_SIZE(refused) + 2 +
		      HOST_STATE_TESTS);
	host_state_save();
	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);

	for (pauth = 0; pauth < 2; pauth++) {
		for (i = 0; i < ARRAY_SIZE(orders); i++)
			test_orders(pauth, orders[0], orders[i]);
		for (i = 0; i < ARRAY_SIZE(orders); i++)
			test_orders(pauth, orders[i], orders[ARRAY_SIZE(orders) - 1 - i]);
		test_late_init(pauth);
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		test_refused(refused[i].name, refused[i].cpu, refused[i].features);
	test_init_again();
	test_restore();

	host_state_report();
	ksft_finished();
}
