// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_features - every vCPU of a protected VM has the features of the VM.
 *
 *  pauth|plain init ABC run XYZ
 *			three vCPUs, initialised in the order ABC and first run in
 *			the order XYZ: each one has PAuth if the VM was asked for
 *			it (keys, PACIA/AUTIA, PACGA) and UNDEFs it if not; all
 *			read the same ID registers, and their own MPIDR_EL1
 *  pauth|plain late init	the same for a vCPU that is initialised after the
 *			first one ran
 *  refuse FEATURE	KVM_ARM_VCPU_INIT with a feature that no protected VM
 *			has, with half of PAuth, or with other features than the
 *			first vCPU: EINVAL
 *  init again		an identical KVM_ARM_VCPU_INIT after the first run
 *			succeeds, and changes no feature; another one: EINVAL
 *  restore		ID_AA64PFR0_EL1, saved before the vGIC was created, can be
 *			restored after it, as QEMU does; another value: EINVAL
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "vgic.h"

#define NR_VCPUS	3
#define NR_ID_REGS	PROBE_NR_ID_REGS

static const u8 orders[][NR_VCPUS] = {
	{ 0, 1, 2 }, { 1, 2, 0 }, { 2, 1, 0 },
};

static bool host_has_pauth;

/* The fields of the VM's ID registers that speak of PAuth. */
static u64 pauth_fields(u32 reg)
{
	switch (reg) {
	case SYS_ID_AA64ISAR1_EL1:
		return ID_AA64ISAR1_EL1_APA | ID_AA64ISAR1_EL1_API |
		       ID_AA64ISAR1_EL1_GPA | ID_AA64ISAR1_EL1_GPI;
	case SYS_ID_AA64ISAR2_EL1:
		return ID_AA64ISAR2_EL1_APA3 | ID_AA64ISAR2_EL1_GPA3;
	default:
		return 0;
	}
}

/* Use PAuth on vCPU p->cpu: does it run, or is it UNDEF, as it should? */
static bool check_pauth(struct probe *p)
{
	/* mrs x7, APIAKeyLo_EL1; pacga x7, x5, x6 */
	static const u32 single[] = { 0xd5382107, 0x9ac630a7 };
	/* msr APIAKeyLo_EL1, x6; pacia x5, x6; mov x8, x5; autia x5, x6 */
	static const u32 trip[] = { 0xd5182106, 0xdac100c5, 0xaa0503e8, 0xdac110c5 };
	struct probe_out out;
	struct probe_in in;
	unsigned int i;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.sctlr |= SCTLR_PAUTH;
	in.x[5] = in.x[0];
	in.x[6] = 0xfedcba9876543211;

	for (i = 0; i < ARRAY_SIZE(single); i++) {
		if (probe_run(p, &single[i], 1, &in, &out)) {
			ksft_print_msg("vCPU %d: %s\n", p->cpu, p->error);
			return false;
		}
		if (p->cfg.pauth ? probe_completed(&in, &out, 1) :
				   probe_refused(&in, &out, PROBE_UNDEF_ESR))
			continue;
		ksft_print_msg("vCPU %d: PAuth insn %u: %s\n", p->cpu, i,
			       probe_describe(&in, &out));
		return false;
	}
	if (!p->cfg.pauth)
		return true;
	if (!probe_run(p, trip, ARRAY_SIZE(trip), &in, &out) &&
	    probe_completed(&in, &out, ARRAY_SIZE(trip)) &&
	    out.x[5] == in.x[5] && out.x[8] != in.x[5])
		return true;
	ksft_print_msg("vCPU %d: PAC 0x%lx, AUT 0x%lx, %s\n", p->cpu, out.x[8],
		       out.x[5], probe_describe(&in, &out));
	return false;
}

/* Check what a vCPU must have, and compare its ID registers with those of the first. */
static bool check_vcpu(struct probe *p, int cpu, struct probe_word *first, bool is_first)
{
	struct probe_word words[NR_ID_REGS + 1];
	u32 regs[NR_ID_REGS + 1];
	u64 pauth = 0;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < NR_ID_REGS; i++)
		regs[i] = probe_id_reg(i);
	regs[i] = SYS_MPIDR_EL1;
	probe_read_regs(p, cpu, PSR_MODE_EL1h, regs, ARRAY_SIZE(regs), words);
	if (is_first)
		memcpy(first, words, NR_ID_REGS * sizeof(*first));

	for (i = 0; i < NR_ID_REGS; i++) {
		pauth |= words[i].value & pauth_fields(regs[i]);
		if (!words[i].esr && words[i].value == first[i].value)
			continue;
		ksft_print_msg("vCPU %d: S3_0_C0_C%u_%u: 0x%lx (ESR 0x%lx), first 0x%lx\n",
			       cpu, 1 + i / 8, i % 8, words[i].value, words[i].esr,
			       first[i].value);
		ok = false;
	}
	if (words[i].esr || words[i].value != (BIT(31) | cpu)) {
		ksft_print_msg("vCPU %d: MPIDR_EL1 0x%lx\n", cpu, words[i].value);
		ok = false;
	}
	if (!!pauth != p->cfg.pauth) {
		ksft_print_msg("vCPU %d: PAuth fields 0x%lx\n", cpu, pauth);
		ok = false;
	}
	p->cpu = cpu;
	return check_pauth(p) && ok;
}

static bool orders_work(const struct probe_cfg *cfg, const u8 *run)
{
	struct probe_word first[NR_ID_REGS];
	struct probe *p = probe_create(cfg);
	bool ok = true;
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		ok &= check_vcpu(p, run[i], first, !i);
	/* And again, now that all of them ran. */
	for (p->cpu = 0; p->cpu < NR_VCPUS; p->cpu++)
		ok &= check_pauth(p);
	probe_free(p);

	return ok;
}

static bool late_init_works(bool pauth)
{
	const struct probe_cfg cfg = {
		.nr_vcpus = NR_VCPUS, .pauth = pauth, .nr_late = NR_VCPUS - 1,
	};
	struct probe_word first[NR_ID_REGS];
	struct probe *p = probe_create(&cfg);
	bool ok;
	int i;

	ok = check_vcpu(p, 0, first, true);
	for (i = NR_VCPUS - 1; ok && i; i--) {
		probe_init_vcpu(p, i);
		ok = check_vcpu(p, i, first, false);
	}
	probe_free(p);

	return ok;
}

static void test_vcpus(bool pauth)
{
	const char *kind = pauth ? "pauth" : "plain";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders) * 2; i++) {
		const u8 *run = orders[i % ARRAY_SIZE(orders)];
		const u8 *init = i < ARRAY_SIZE(orders) ? orders[0] :
				 orders[(i + 1) % ARRAY_SIZE(orders)];
		const struct probe_cfg cfg = {
			.nr_vcpus = NR_VCPUS, .pauth = pauth, .init_order = init,
		};

		if (pauth && !host_has_pauth)
			ksft_test_result_skip("%s: this CPU has no PAuth\n", kind);
		else
			ksft_test_result(orders_work(&cfg, run),
					 "%s init %u%u%u run %u%u%u\n", kind, init[0],
					 init[1], init[2], run[0], run[1], run[2]);
	}

	if (pauth && !host_has_pauth)
		ksft_test_result_skip("%s: this CPU has no PAuth\n", kind);
	else
		ksft_test_result(late_init_works(pauth), "%s late init\n", kind);
}

static bool init_again_works(void)
{
	const struct probe_cfg cfg = { .pauth = host_has_pauth };
	struct probe *p = probe_create(&cfg);
	struct probe_word first[NR_ID_REGS];
	struct kvm_vcpu_init init;
	bool ok;

	ok = check_vcpu(p, 0, first, true);
	probe_get_init(p, &init);
	init.features[0] ^= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) | BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
	if (ok && (!__vcpu_ioctl(p->vcpu[0], KVM_ARM_VCPU_INIT, &init) || errno != EINVAL)) {
		ksft_print_msg("another KVM_ARM_VCPU_INIT is accepted\n");
		ok = false;
	}
	/* The same again succeeds, and the guest goes on where it was. */
	probe_get_init(p, &init);
	vcpu_ioctl(p->vcpu[0], KVM_ARM_VCPU_INIT, &init);
	ok = ok && check_vcpu(p, 0, first, false);
	probe_free(p);

	return ok;
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

static bool restore_works(void)
{
	const u64 pfr0 = KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1);
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 saved, other;
	int gic_fd;
	bool ok;

	test_set_default_vgic(false);
	vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 1, 64);
	vcpu = __vm_vcpu_add(vm, 0);
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	saved = vcpu_get_reg(vcpu, pfr0);
	gic_fd = vgic_v3_setup(vm, 1, 64);

	ok = !__vcpu_set_reg(vcpu, pfr0, saved);
	if (!ok)
		ksft_print_msg("0x%lx: %s\n", saved, strerror(errno));
	other = saved | SYS_FIELD_PREP_ENUM(ID_AA64PFR0_EL1, EL3, IMP);
	if (!__vcpu_set_reg(vcpu, pfr0, other) || errno != EINVAL) {
		ksft_print_msg("0x%lx is accepted\n", other);
		ok = false;
	}
	close(gic_fd);
	kvm_vm_free(vm);

	return ok;
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
		{ "other features than vCPU 0", 1, BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
						   BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC) },
	};
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(2 * (2 * ARRAY_SIZE(orders) + 1) + ARRAY_SIZE(refused) + 2);
	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);

	test_vcpus(false);
	test_vcpus(true);
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		test_refused(refused[i].name, refused[i].cpu, refused[i].features);
	ksft_test_result(init_again_works(), "init again\n");
	ksft_test_result(restore_works(), "restore\n");

	ksft_finished();
}
