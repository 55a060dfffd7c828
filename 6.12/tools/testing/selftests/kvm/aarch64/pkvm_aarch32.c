// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_aarch32 - a protected VM's vCPU that was seen in AArch32 is dead for good.
 *
 * Audit map: case -> rule
 *
 *  eret-el0		a guest that ERETs to AArch32 EL0: KVM_RUN fails with
 *			EINVAL, the exit reason is KVM_EXIT_FAIL_ENTRY
 *  run-again		so does every later KVM_RUN
 *  pstate-repaired	also after userspace wrote an AArch64 PSTATE and PC
 *  vcpu-init		also after KVM_ARM_VCPU_INIT, which itself succeeds
 *  cpu-on		also after PSCI CPU_ON by a sibling
 *  sibling		the other vCPU of the VM lives
 *  one-reg-MODE	a 32-bit PSTATE from userspace is refused, by ONE_REG or
 *			before entry; the guest executes nothing
 *  next-vm		the next VM lives
 *  host		the host's own registers are what they were
 *
 * Rules: contract, section 5 (AArch32), section 8 (VCPU_INIT); the ID registers
 * promise AArch64 only, and nothing traps an ERET.
 *
 * A CPU without AArch32 at EL0 takes an Illegal Execution State exception
 * instead: there all but the one-reg cases are skipped.
 */
#include <signal.h>

#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"

#define MODE32_USR	0x10
#define A32_LOOP	0xeafffffe	/* b . */
#define PSCI_CPU_ON	0xc4000003

static bool cpu_has_aarch32_el0(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);
	u64 pfr0;

	vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64PFR0_EL1), &pfr0);
	kvm_vm_free(vm);
	return (pfr0 & 15) == 2;
}

static u64 guest_nop(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	return 0x900d;
}

static u64 guest_cpu_on(u64 mpidr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct arm_smccc_res res;

	smccc_hvc(PSCI_CPU_ON, mpidr, (u64)probe_guest_main, 0, 0, 0, 0, 0, &res);
	return res.a0;
}

static bool lives(struct probe *p, int cpu)
{
	struct probe_call call = { .cpu = cpu, .fn = guest_nop };
	int ret;

	/* Not a new guest: this very one. */
	p->lost = false;
	ret = probe_call(p, &call);
	if (ret)
		ksft_print_msg("vCPU %d: %s\n", cpu, p->error);
	return !ret && call.ret == 0x900d;
}

/* Whatever the guest has to say, KVM_RUN must fail, and say how. */
static bool run_fails(struct kvm_vcpu *vcpu)
{
	int ret, err;

	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	alarm(3);
	ret = __vcpu_run(vcpu);
	err = errno;
	alarm(0);
	if (ret < 0 && err == EINVAL && vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		return true;
	ksft_print_msg("KVM_RUN: %d (%s), exit reason %u\n", ret,
		       ret ? strerror(err) : "success", vcpu->run->exit_reason);
	return false;
}

static int init_again(struct probe *p, struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_init init;

	vm_ioctl(p->vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	return __vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
}

static void repair(struct kvm_vcpu *vcpu)
{
	__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pstate), PROBE_DAIF | PROBE_EL1H);
	__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), (u64)probe_guest_main);
}

static void test_dead(bool has_aarch32)
{
	static const char * const names[] = {
		"eret-el0", "run-again", "pstate-repaired", "vcpu-init", "cpu-on",
		"sibling",
	};
	const struct probe_cfg cfg = { .nr_vcpus = 2 };
	struct probe_in in = { .pstate = MODE32_USR | PROBE_DAIF };
	struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
	struct probe_call cpu_on = { .cpu = 1, .fn = guest_cpu_on };
	const u32 loop = A32_LOOP;
	struct probe_out out;
	struct probe *p;
	unsigned int i;
	bool ok;
	int ret;

	if (!has_aarch32) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			ksft_test_result_skip("%s: this CPU has no AArch32 at EL0\n",
					      names[i]);
		return;
	}

	p = probe_create(&cfg);
	lives(p, 1);
	ret = probe_run(p, PROBE_PAGE_EL0, &loop, 1, &in, &out);
	ok = ret == -EINVAL && p->vcpu[0]->run->exit_reason == KVM_EXIT_FAIL_ENTRY;
	if (!ok)
		ksft_print_msg("%s\n", ret ? p->error : probe_describe(&in, &out));
	ksft_test_result(ok, "%s\n", names[0]);

	ok = run_fails(p->vcpu[0]);
	ksft_test_result(ok & run_fails(p->vcpu[0]), "%s\n", names[1]);

	repair(p->vcpu[0]);
	ksft_test_result(run_fails(p->vcpu[0]), "%s\n", names[2]);

	ret = init_again(p, p->vcpu[0]);
	if (ret)
		ksft_print_msg("KVM_ARM_VCPU_INIT: %s\n", strerror(errno));
	repair(p->vcpu[0]);
	ksft_test_result(!ret & run_fails(p->vcpu[0]), "%s\n", names[3]);

	ret = __vcpu_ioctl(p->vcpu[0], KVM_SET_MP_STATE, &off);
	p->lost = false;
	if (ret || probe_call(p, &cpu_on) || cpu_on.ret) {
		ksft_print_msg("CPU_ON: MP_STATE %d, %s, returned 0x%lx\n", ret,
			       p->error, cpu_on.ret);
		ksft_test_result_fail("%s\n", names[4]);
	} else {
		ksft_test_result(run_fails(p->vcpu[0]), "%s\n", names[4]);
	}
	ksft_test_result(lives(p, 1), "%s\n", names[5]);
	probe_free(p);
}

/* Userspace hands in a 32-bit PSTATE, before the first run and after it. */
static void test_one_reg(u64 mode, const char *name, bool after_run)
{
	const struct probe_cfg cfg = {};
	struct probe *p = probe_create(&cfg);
	u64 before = 0, after = 0;
	bool ok = true;

	if (after_run)
		ok = lives(p, 0);
	if (!__vcpu_set_reg(p->vcpu[0], ARM64_CORE_REG(regs.pstate), mode)) {
		vcpu_get_reg(p->vcpu[0], ARM64_CORE_REG(regs.pc), &before);
		ok &= run_fails(p->vcpu[0]);
		vcpu_get_reg(p->vcpu[0], ARM64_CORE_REG(regs.pc), &after);
		if (before != after)
			ksft_print_msg("PC went from 0x%lx to 0x%lx\n", before, after);
		ok &= before == after;
	}
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

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(6 + 2 * ARRAY_SIZE(modes) + 1 + HOST_STATE_TESTS);
	host_state_save();
	sigaction(SIGALRM, &sa, NULL);

	test_dead(cpu_has_aarch32_el0());
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		test_one_reg(modes[i].mode, modes[i].name, false);
		test_one_reg(modes[i].mode, modes[i].name, true);
	}

	p = probe_create(&cfg);
	ksft_test_result(lives(p, 0), "next-vm\n");
	probe_free(p);

	host_state_report();
	ksft_finished();
}
