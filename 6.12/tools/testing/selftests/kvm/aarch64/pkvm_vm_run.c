// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_vm_run - Guests of protected VMs
 *
 * Test that the guest of a protected VM runs, with any IPA size, with more
 * than one vCPU and next to other VMs, and that it can read all of its ID
 * registers.
 */
#include <getopt.h>

#include "guest_modes.h"
#include "guest_report.h"
#include "id_regs.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

static bool verbose;

/* Run @vcpu, which is expected to report @kind. */
static bool reports(struct kvm_vcpu *vcpu, enum guest_report_kind kind,
		    struct guest_report *report)
{
	__vcpu_next_report(vcpu, report);
	if (report->kind == kind)
		return true;

	ksft_print_msg("%s\n", guest_is_lost(report) ? report->what :
						       "unexpected report");
	return false;
}

static void guest_count(uint64_t start)
{
	uint64_t i;

	for (i = start; guest_ask(0); i++)
		GUEST_REPORT(1, i, ~i);

	guest_report_done();
}

/* Let a guest_count() count to @i, or finish. */
static bool counts(struct kvm_vcpu *vcpu, uint64_t i, bool more)
{
	struct guest_report report;

	if (!reports(vcpu, REPORT_ASK, &report))
		return false;
	vcpu_answer(vcpu, more);

	if (!reports(vcpu, more ? REPORT_VALUES : REPORT_DONE, &report))
		return false;

	return !more || (report.nr == 1 && report.nr_args == 2 &&
			 report.args[0] == i && report.args[1] == ~i);
}

static bool runs_alongside(struct vm_shape shape_a, struct vm_shape shape_b)
{
	struct kvm_vcpu *a, *b;
	struct kvm_vm *vm_a, *vm_b;
	bool ok = true;
	uint64_t i;

	vm_a = vm_create_reporting_with_one_vcpu(shape_a, &a, guest_count);
	vm_b = vm_create_reporting_with_one_vcpu(shape_b, &b, guest_count);
	vcpu_args_set(a, 1, 0x1000UL);
	vcpu_args_set(b, 1, 0x2000UL);

	for (i = 0; ok && i < 8; i++)
		ok = counts(a, 0x1000 + i, true) && counts(b, 0x2000 + i, true);

	ok = ok && counts(a, 0, false) && counts(b, 0, false);

	kvm_vm_free(vm_a);
	kvm_vm_free(vm_b);

	return ok;
}

static bool two_vcpus_run(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	bool ok = true;
	int i;

	vm = vm_create_reporting(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2);
	for (i = 0; i < 2; i++) {
		vcpus[i] = vcpu_add_reporting(vm, i, NULL, guest_count);
		vcpu_args_set(vcpus[i], 1, 0x1000UL * i);
	}

	for (i = 0; ok && i < 8; i++)
		ok = counts(vcpus[i % 2], 0x1000 * (i % 2) + i / 2, true);

	ok = ok && counts(vcpus[0], 0, false) && counts(vcpus[1], 0, false);

	kvm_vm_free(vm);
	return ok;
}

static void guest_store(uint64_t gva)
{
	writeq_relaxed(0x5a5a, (void *)gva);
	guest_report_done();
}

/* Let a guest store to the last page of its IPA space. */
static bool runs_in_mode(enum vm_guest_mode mode)
{
	struct guest_report report;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	vm_vaddr_t gva;
	uint64_t gpa;
	bool ok;

	vm = vm_create_reporting_with_one_vcpu(VM_SHAPE_PROTECTED(mode), &vcpu,
					       guest_store);
	gpa = BIT(vm->pa_bits) - vm->page_size;
	gva = vm_vaddr_unused_gap(vm, vm->page_size, KVM_UTIL_MIN_VADDR);
	virt_map(vm, gva, gpa, 1);
	vcpu_args_set(vcpu, 1, gva);

	/* The store is no report: it comes out as an unexpected exit. */
	__vcpu_next_report(vcpu, &report);
	ok = report.kind == REPORT_EXIT &&
	     vcpu->run->exit_reason == KVM_EXIT_MMIO &&
	     vcpu->run->mmio.phys_addr == gpa;
	if (!ok)
		ksft_print_msg("no store to 0x%lx: %s\n", gpa, report.what);

	ok = ok && reports(vcpu, REPORT_DONE, &report);

	kvm_vm_free(vm);
	return ok;
}

static void test_mode(enum vm_guest_mode mode, const char *name)
{
	if (guest_modes[mode].supported)
		ksft_test_result(runs_in_mode(mode), "%s\n", name);
	else
		ksft_test_result_skip("%s: the host has %d bits\n", name,
				      kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE));
}

static void guest_read_id_regs(void)
{
	int i;

	for (i = 0; i < NR_ID_REGS; i++)
		GUEST_REPORT(i, guest_read_id_reg(i));

	guest_report_done();
}

static bool read_id_regs(struct vm_shape shape, uint64_t values[NR_ID_REGS])
{
	struct guest_report report;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool ok = true;
	int i;

	vm = vm_create_reporting_with_one_vcpu(shape, &vcpu, guest_read_id_regs);

	for (i = 0; ok && i < NR_ID_REGS; i++) {
		ok = reports(vcpu, REPORT_VALUES, &report) &&
		     report.nr == i && report.nr_args == 1;
		if (!ok)
			ksft_print_msg("no report of %s\n", id_reg_name(i));
		values[i] = report.args[0];
	}

	ok = ok && reports(vcpu, REPORT_DONE, &report);

	kvm_vm_free(vm);
	return ok;
}

/*
 * EL2 hides AArch32 from a protected VM, and the host does not: a CPU that has
 * AArch32 shows which of them emulates the ID registers.
 */
static bool without_aarch32(const uint64_t values[NR_ID_REGS])
{
	const int pfr0 = 24;
	bool ok = true;
	int i;

	for (i = 0; i < pfr0; i++) {
		if (values[i]) {
			ksft_print_msg("%s is 0x%lx\n", id_reg_name(i), values[i]);
			ok = false;
		}
	}

	/* EL1 and EL0 are AArch64 only. */
	if ((values[pfr0] & 0xff) != 0x11) {
		ksft_print_msg("%s is 0x%lx\n", id_reg_name(pfr0), values[pfr0]);
		ok = false;
	}

	return ok;
}

static void print_id_regs(const uint64_t protected[NR_ID_REGS])
{
	uint64_t plain[NR_ID_REGS];
	int i;

	if (!read_id_regs(VM_SHAPE(VM_MODE_DEFAULT), plain))
		return;

	ksft_print_msg("%-16s %-18s %-18s\n", "ID register", "protected VM",
		       "other VM");
	for (i = 0; i < NR_ID_REGS; i++)
		ksft_print_msg("%-16s 0x%016lx 0x%016lx\n", id_reg_name(i),
			       protected[i], plain[i]);
}

static void test_id_regs(void)
{
	uint64_t values[NR_ID_REGS];
	bool ok;

	ok = read_id_regs(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), values);
	ksft_test_result(ok, "id_regs_readable\n");
	ksft_test_result(ok && without_aarch32(values), "id_regs_without_aarch32\n");

	if (ok && verbose)
		print_id_regs(values);
}

static void print_usage(const char *name)
{
	printf("usage: %s [-h] [-v]\n", name);
	printf(" -h: Show this help.\n");
	printf(" -v: Print the ID registers that a guest reads.\n");
}

int main(int argc, char *argv[])
{
	struct vm_shape protected = VM_SHAPE_PROTECTED(VM_MODE_DEFAULT);
	struct vm_shape plain = VM_SHAPE(VM_MODE_DEFAULT);
	int opt;

	while ((opt = getopt(argc, argv, "hv")) != -1) {
		switch (opt) {
		case 'v':
			verbose = true;
			break;
		default:
			print_usage(argv[0]);
			exit(opt == 'h' ? KSFT_PASS : KSFT_FAIL);
		}
	}

	ksft_print_header();

	if (!kvm_has_protected_vms())
		ksft_exit_skip("KVM is not in protected mode\n");

	ksft_set_plan(8);

	test_mode(VM_MODE_P36V48_4K, "runs_36_bits");
	test_mode(VM_MODE_P40V48_4K, "runs_40_bits");
	test_mode(VM_MODE_P48V48_4K, "runs_48_bits");

	ksft_test_result(two_vcpus_run(), "two_vcpus_run\n");
	ksft_test_result(runs_alongside(protected, protected),
			 "runs_alongside_protected_vm\n");
	ksft_test_result(runs_alongside(protected, plain),
			 "runs_alongside_other_vm\n");
	test_id_regs();

	ksft_finished();
}
