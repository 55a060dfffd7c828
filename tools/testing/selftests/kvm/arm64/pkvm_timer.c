// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_timer - the counters of a protected VM are those of the host.
 *
 * Nobody can give a protected VM an offset: KVM_SET_ONE_REG of the counters
 * succeeds and changes nothing, and KVM_GET_ONE_REG returns what the guest sees.
 * Each value that a guest reads is compared with what the host's process reads
 * before and after it.
 */
#include <pthread.h>

#include "arch_timer.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

/* A counter value that no machine has. */
#define FAR_AWAY	BIT(52)
#define NR_RACES	8
#define NR_ROUNDS	20
#define TAINT_WARN	BIT(9)

static void guest_code(void)
{
	for (;;) {
		isb();
		GUEST_SYNC2(read_sysreg(cntvct_el0), read_sysreg(cntpct_el0));
	}
}

static u64 host_counter(void)
{
	return timer_get_cntct(VIRTUAL);
}

static void read_counters(struct kvm_vcpu *vcpu, u64 *virt, u64 *phys)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	*virt = uc.args[0];
	*phys = uc.args[1];
}

static bool is_between(const char *what, u64 start, u64 value, u64 end)
{
	if (value >= start && value <= end)
		return true;
	ksft_print_msg("%s is 0x%lx, not between 0x%lx and 0x%lx\n", what, value,
		       start, end);
	return false;
}

static bool counters_are_the_hosts(struct kvm_vcpu *vcpu)
{
	u64 start = host_counter(), virt, phys, end;

	read_counters(vcpu, &virt, &phys);
	end = host_counter();

	return is_between("CNTVCT_EL0", start, virt, end) &&
	       is_between("CNTPCT_EL0", start, phys, end);
}

static bool get_is_true(struct kvm_vcpu *vcpu, u64 reg)
{
	u64 start = host_counter(), value = vcpu_get_reg(vcpu, reg);

	return is_between("KVM_GET_ONE_REG", start, value, host_counter());
}

static struct kvm_vm *create(int nr_vcpus, struct kvm_vcpu *vcpus[])
{
	return __vm_create_with_vcpus(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
				      nr_vcpus, 0, guest_code, vcpus);
}

static bool set_changes_nothing(u64 reg)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(1, &vcpu);
	bool ok;

	/* Before the first run, and after it. */
	ok = !__vcpu_set_reg(vcpu, reg, FAR_AWAY) && get_is_true(vcpu, reg) &&
	     counters_are_the_hosts(vcpu) &&
	     !__vcpu_set_reg(vcpu, reg, 2 * FAR_AWAY) && get_is_true(vcpu, reg) &&
	     counters_are_the_hosts(vcpu);
	kvm_vm_free(vm);

	return ok;
}

static bool stop;

static void *set_and_set_again(void *vcpu)
{
	while (!READ_ONCE(stop))
		__vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);

	return NULL;
}

static bool set_races_with_first_run(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	pthread_t thread;
	bool ok = true;
	int i;

	for (i = 0; ok && i < NR_RACES; i++) {
		vm = create(2, vcpus);
		WRITE_ONCE(stop, false);
		pthread_create(&thread, NULL, set_and_set_again, vcpus[1]);
		ok = counters_are_the_hosts(vcpus[0]);
		WRITE_ONCE(stop, true);
		pthread_join(thread, NULL);
		ok = ok && counters_are_the_hosts(vcpus[0]) &&
		     get_is_true(vcpus[0], KVM_REG_ARM_TIMER_CNT);
		kvm_vm_free(vm);
	}

	return ok;
}

static bool set_offset_refused(void)
{
	struct kvm_arm_counter_offset offset = { .counter_offset = FAR_AWAY };
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(1, &vcpu);
	bool ok;

	ok = __vm_ioctl(vm, KVM_ARM_SET_COUNTER_OFFSET, &offset) &&
	     errno == EINVAL && counters_are_the_hosts(vcpu);
	kvm_vm_free(vm);

	return ok;
}

/* On one CPU, so that each finds the offset of the other if it was left there. */
static void test_beside_ordinary_vm(void)
{
	struct kvm_vcpu *vcpu, *other;
	u64 start, set, virt, phys;
	struct kvm_vm *vm, *vm_other;
	bool ok = true, other_ok = true;
	int i;

	pin_self_to_any_cpu();
	vm = create(1, &vcpu);
	vm_other = vm_create_with_one_vcpu(&other, guest_code);

	for (i = 1; i <= NR_ROUNDS; i++) {
		start = host_counter();
		set = i * FAR_AWAY;
		vcpu_set_reg(other, KVM_REG_ARM_TIMER_CNT, set);
		read_counters(other, &virt, &phys);
		other_ok = other_ok &&
			   is_between("ordinary VM: CNTVCT_EL0", set, virt,
				      set + host_counter() - start);
		ok = ok && counters_are_the_hosts(vcpu);
	}
	kvm_vm_free(vm_other);
	kvm_vm_free(vm);

	ksft_test_result(ok, "protected VM beside an ordinary one\n");
	ksft_test_result(other_ok, "ordinary VM beside a protected one\n");
}

static unsigned long kernel_warned(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long taint;

	TEST_ASSERT(file && fscanf(file, "%lu", &taint) == 1,
		    "Cannot read /proc/sys/kernel/tainted");
	fclose(file);

	return taint & TAINT_WARN;
}

int main(void)
{
	unsigned long warned = kernel_warned();

	TEST_REQUIRE(kvm_has_protected_vms());

	ksft_print_header();
	ksft_set_plan(7);

	ksft_test_result(set_changes_nothing(KVM_REG_ARM_TIMER_CNT), "TIMER_CNT\n");
	ksft_test_result(set_changes_nothing(KVM_REG_ARM_PTIMER_CNT), "PTIMER_CNT\n");
	ksft_test_result(set_races_with_first_run(), "TIMER_CNT at the first run\n");
	ksft_test_result(set_offset_refused(), "KVM_ARM_SET_COUNTER_OFFSET\n");
	test_beside_ordinary_vm();
	if (warned)
		ksft_test_result_skip("no warning: the kernel had warned before\n");
	else
		ksft_test_result(!kernel_warned(), "no warning\n");

	ksft_finished();
}
