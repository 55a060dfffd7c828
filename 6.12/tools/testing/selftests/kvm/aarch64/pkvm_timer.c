// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_timer - The counters of protected VMs
 *
 * Case			Rule
 * offset_before	TIMER_CNT written before the first run is what the guest sees
 * offset_after		written later it succeeds, and changes nothing
 * offset_new_vcpu	nor does another vCPU, created later
 * physical		PTIMER_CNT succeeds, and changes nothing at any time
 * other		a VM that is not protected has the offset of the last write
 * host			the host's own virtual counter has no offset afterwards
 */
#include "guest_report.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

/* A counter value that no machine has, and the most that a test may take. */
#define FAR_AWAY	BIT_ULL(52)
#define A_WHILE		BIT_ULL(44)

static void guest_counters(void)
{
	while (guest_ask(0)) {
		isb();
		GUEST_REPORT(1, read_sysreg(cntvct_el0), read_sysreg(cntpct_el0));
	}

	guest_report_done();
}

static bool near(uint64_t val, uint64_t expect)
{
	return val - expect < A_WHILE;
}

static uint64_t host_cntvct(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

/* The guest's virtual and physical counter. */
static bool counters(struct kvm_vcpu *vcpu, uint64_t *virt, uint64_t *phys)
{
	struct guest_report report;

	vcpu_next_report(vcpu, &report);
	if (report.kind != REPORT_ASK)
		return false;
	vcpu_answer(vcpu, 1);

	vcpu_next_report(vcpu, &report);
	*virt = report.args[0];
	*phys = report.args[1];
	return report.kind == REPORT_VALUES && report.nr_args == 2;
}

static struct kvm_vm *create(struct kvm_vcpu **vcpu)
{
	return vm_create_reporting_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
						 vcpu, guest_counters);
}

static bool offset_before(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu);
	uint64_t virt, phys;
	bool ok;

	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);
	ok = counters(vcpu, &virt, &phys) && near(virt, FAR_AWAY);

	kvm_vm_free(vm);
	return ok;
}

static bool offset_after(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu);
	uint64_t first, virt, phys, seen;
	bool ok;

	ok = counters(vcpu, &first, &phys) && near(first, 0);
	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);
	ok = ok && counters(vcpu, &virt, &phys) && near(virt, first);

	/* The host has to keep the same offset for the timer. */
	vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CNT, &seen);
	ok = ok && near(seen, virt);

	kvm_vm_free(vm);
	return ok;
}

static bool offset_new_vcpu(void)
{
	struct kvm_vcpu *vcpu, *late;
	uint64_t virt, phys, again;
	struct kvm_vm *vm;
	bool ok;

	vm = vm_create_reporting(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2);
	vcpu = vcpu_add_reporting(vm, 0, NULL, guest_counters);
	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);
	ok = counters(vcpu, &virt, &phys);

	late = vcpu_add_reporting(vm, 1, NULL, guest_counters);
	ok = ok && counters(late, &again, &phys) && near(again, virt);
	ok = ok && counters(vcpu, &again, &phys) && near(again, virt);

	kvm_vm_free(vm);
	return ok;
}

static bool physical(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu);
	uint64_t virt, phys, now = host_cntvct();
	bool ok;

	vcpu_set_reg(vcpu, KVM_REG_ARM_PTIMER_CNT, FAR_AWAY);
	ok = counters(vcpu, &virt, &phys) && near(phys, now);
	vcpu_set_reg(vcpu, KVM_REG_ARM_PTIMER_CNT, FAR_AWAY);
	ok = ok && counters(vcpu, &virt, &phys) && near(phys, now);

	kvm_vm_free(vm);
	return ok;
}

static bool other(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_reporting_with_one_vcpu(VM_SHAPE_DEFAULT, &vcpu,
							      guest_counters);
	uint64_t virt, phys, now = host_cntvct();
	bool ok;

	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);
	ok = counters(vcpu, &virt, &phys) && near(virt, FAR_AWAY) && near(host_cntvct(), now);
	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, 2 * FAR_AWAY);
	ok = ok && counters(vcpu, &virt, &phys) && near(virt, 2 * FAR_AWAY) &&
	     near(host_cntvct(), now);

	kvm_vm_free(vm);
	return ok;
}

static bool host(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu);
	uint64_t virt, phys, now = host_cntvct();
	bool ok;

	vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CNT, FAR_AWAY);
	ok = counters(vcpu, &virt, &phys) && near(host_cntvct(), now);

	kvm_vm_free(vm);
	return ok && near(host_cntvct(), now);
}

int main(void)
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} cases[] = {
		{ "offset_before", offset_before },
		{ "offset_after", offset_after },
		{ "offset_new_vcpu", offset_new_vcpu },
		{ "physical", physical },
		{ "other", other },
		{ "host", host },
	};
	unsigned int i;
	int fd;

	fd = open_kvm_dev_path_or_exit();
	if (ioctl(fd, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED) < 0)
		ksft_exit_skip("protected mode is not enabled\n");

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ksft_test_result(cases[i].run(), "%s\n", cases[i].name);
	ksft_finished();
}
