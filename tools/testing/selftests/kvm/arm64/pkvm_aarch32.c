// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_aarch32 - a protected VM's vCPU that was seen in AArch32 is dead for good.
 *
 *  eret-el0		a guest that ERETs to AArch32 EL0: KVM_RUN fails with
 *			EINVAL, the exit reason is KVM_EXIT_FAIL_ENTRY
 *  run-again		so does every later KVM_RUN,
 *  pstate-repaired	after userspace wrote an AArch64 PSTATE and PC,
 *  vcpu-init		after KVM_ARM_VCPU_INIT, which itself succeeds,
 *  cpu-on		and after PSCI CPU_ON by a sibling, which is refused
 *  sibling		the other vCPU of the VM lives
 *  one-reg-MODE	a 32-bit PSTATE from userspace is refused, by
 *			KVM_SET_ONE_REG or before entry; the guest executes nothing
 *  next-vm		the next VM lives
 *
 * The ID registers promise AArch64 only, and nothing traps an ERET. A CPU without
 * AArch32 at EL0 takes an Illegal Execution State exception instead: there all
 * but the one-reg cases are skipped.
 */
#include <linux/psci.h>
#include <signal.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_RUNS		100
#define A32_LOOP	0xeafffffe	/* b . */

static bool cpu_has_aarch32(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);
	u64 pfr0 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1));

	kvm_vm_free(vm);
	return SYS_FIELD_GET(ID_AA64PFR0_EL1, EL0, pfr0) == ID_AA64PFR0_EL1_EL0_AARCH32;
}

static u64 guest_nop(struct probe_shared *s, const u64 *args)
{
	return 0x900d;
}

static u64 guest_cpu_on(struct probe_shared *s, const u64 *args)
{
	struct arm_smccc_res res;

	/* The entry point is 0, as the other vCPU never starts there. */
	smccc_hvc(PSCI_0_2_FN64_CPU_ON, args[0], 0, 0, 0, 0, 0, 0, &res);
	return res.a0;
}

static bool lives(struct probe *p, int cpu)
{
	int ret = probe_call(p, cpu, guest_nop);

	if (ret)
		ksft_print_msg("vCPU %d: %s\n", cpu, p->error);
	return !ret && p->shared[cpu].ret == 0x900d;
}

/* KVM_RUN must fail every time, and say how. */
static bool runs_fail(struct kvm_vcpu *vcpu)
{
	int i, ret, err;

	for (i = 0; i < NR_RUNS; i++) {
		vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
		alarm(5);
		ret = __vcpu_run(vcpu);
		err = errno;
		alarm(0);
		if (ret < 0 && err == EINVAL &&
		    vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY)
			continue;
		ksft_print_msg("KVM_RUN %d: %d (%s), exit reason %s\n", i, ret,
			       ret ? strerror(err) : "success",
			       exit_reason_str(vcpu->run->exit_reason));
		return false;
	}

	return true;
}

static void repair(struct kvm_vcpu *vcpu, u64 pc)
{
	__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pstate), PROBE_DAIF | PSR_MODE_EL1h);
	__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), pc);
}

static bool cpu_on_fails(struct probe *p)
{
	p->shared[1].args[0] = 0;
	if (probe_call(p, 1, guest_cpu_on) || p->shared[1].ret != (u64)PSCI_RET_ALREADY_ON) {
		ksft_print_msg("CPU_ON: %s, 0x%lx\n", p->error, p->shared[1].ret);
		return false;
	}

	return runs_fail(p->vcpu[0]);
}

static void test_dead(void)
{
	static const char * const names[] = {
		"eret-el0", "run-again", "pstate-repaired", "vcpu-init", "cpu-on",
		"sibling",
	};
	const struct probe_cfg cfg = { .nr_vcpus = 2 };
	struct probe_in in = { .pstate = PROBE_DAIF | PSR_MODE32_BIT };
	const u32 loop = A32_LOOP;
	struct kvm_vcpu_init init;
	struct probe_out out;
	struct kvm_vcpu *vcpu;
	struct probe *p;
	unsigned int i;
	u64 entry;
	int ret;

	if (!cpu_has_aarch32()) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			ksft_test_result_skip("%s: this CPU has no AArch32 at EL0\n",
					      names[i]);
		return;
	}

	p = probe_create(&cfg);
	vcpu = p->vcpu[0];
	entry = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.pc));
	lives(p, 1);

	ret = probe_run(p, &loop, 1, &in, &out);
	if (ret != -EINVAL)
		ksft_print_msg("%s\n", ret ? p->error : probe_describe(&in, &out));
	ksft_test_result(ret == -EINVAL && vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY,
			 "%s\n", names[0]);

	ksft_test_result(runs_fail(vcpu), "%s\n", names[1]);

	repair(vcpu, entry);
	ksft_test_result(runs_fail(vcpu), "%s\n", names[2]);

	probe_get_init(p, &init);
	ret = __vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	if (ret)
		ksft_print_msg("KVM_ARM_VCPU_INIT: %s\n", strerror(errno));
	repair(vcpu, entry);
	ksft_test_result(!ret && runs_fail(vcpu), "%s\n", names[3]);

	ksft_test_result(cpu_on_fails(p), "%s\n", names[4]);
	ksft_test_result(lives(p, 1), "%s\n", names[5]);
	probe_free(p);
}

/* Userspace hands in a 32-bit PSTATE, before the first run or after it. */
static void test_one_reg(u64 mode, const char *name, bool after_run)
{
	const struct probe_cfg cfg = {};
	struct probe *p = probe_create(&cfg);
	struct kvm_vcpu *vcpu = p->vcpu[0];
	bool ok = true;

	if (after_run)
		ok = lives(p, 0);
	if (!__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pstate), mode))
		ok = runs_fail(vcpu) && ok;
	ksft_test_result(ok, "one-reg-%s%s\n", name, after_run ? "-after-run" : "");
	probe_free(p);
}

static void on_alarm(int sig)
{
}

int main(void)
{
	static const struct {
		const char *name;
		u64 mode;
	} modes[] = {
		{ "usr", 0x10 }, { "fiq", 0x11 }, { "svc", 0x13 }, { "sys", 0x1f },
		{ "usr-thumb", 0x30 },
	};
	const struct sigaction sa = { .sa_handler = on_alarm };
	const struct probe_cfg cfg = {};
	struct probe *p;
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(6 + 2 * ARRAY_SIZE(modes) + 1);
	sigaction(SIGALRM, &sa, NULL);

	test_dead();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		test_one_reg(modes[i].mode, modes[i].name, false);
		test_one_reg(modes[i].mode, modes[i].name, true);
	}

	p = probe_create(&cfg);
	ksft_test_result(lives(p, 0), "next-vm\n");
	probe_free(p);

	ksft_finished();
}
