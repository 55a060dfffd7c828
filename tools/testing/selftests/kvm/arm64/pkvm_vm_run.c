// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_vm_run - protected VMs run, and talk to their VMM by ucalls.
 *
 *  ucalls		GUEST_SYNC(), GUEST_PRINTF() and GUEST_ASSERT() work as in
 *			any VM
 *  two vCPUs		of one VM run in turn, each with arguments and a stack
 *			of its own
 *  CPU_ON		a vCPU that is off starts where its sibling says
 *  shared memory	what vm_alloc_shared() returned is seen by both sides
 *  private memory	the VMM's own access to the guest's memory is a SIGSEGV
 *  beside ...		a protected VM runs beside another VM
 *  IPA size N		the guest reaches the last page of its IPA space
 */
#include <linux/psci.h>

#include "guest_modes.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define NR_ROUNDS	8

/* Run @vcpu until its next ucall, and compare that with what is expected. */
static bool next_is(struct kvm_vcpu *vcpu, u64 cmd, u64 value, struct ucall *uc)
{
	u64 got;

	if (__vcpu_run(vcpu)) {
		ksft_print_msg("vCPU %u: KVM_RUN: %s\n", vcpu->id, strerror(errno));
		return false;
	}

	got = get_ucall(vcpu, uc);
	if (got == cmd && (cmd != UCALL_SYNC || uc->args[1] == value))
		return true;
	ksft_print_msg("vCPU %u: exit %s, ucall %lu (0x%lx), not %lu (0x%lx)\n",
		       vcpu->id, exit_reason_str(vcpu->run->exit_reason), got,
		       uc->args[1], cmd, value);
	return false;
}

static void guest_talk(u64 a0, u64 a1)
{
	GUEST_SYNC(a0 + a1);
	GUEST_PRINTF("guest says %lu", a1);
	GUEST_ASSERT_EQ(a0, a1);
}

static bool ucalls_work(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	bool ok;

	vm = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
					   &vcpu, guest_talk);
	vcpu_args_set(vcpu, 2, 3UL, 4UL);
	ok = next_is(vcpu, UCALL_SYNC, 7, &uc) &&
	     next_is(vcpu, UCALL_PRINTF, 0, &uc) &&
	     !strcmp(uc.buffer, "guest says 4") &&
	     next_is(vcpu, UCALL_ABORT, 0, &uc) &&
	     !strcmp((char *)uc.args[GUEST_FILE], __FILE__);
	kvm_vm_free(vm);

	return ok;
}

static void guest_count(u64 start, u64 end)
{
	while (start < end)
		GUEST_SYNC(start++);
	GUEST_DONE();
}

static bool count_in_turn(struct kvm_vcpu *a, struct kvm_vcpu *b)
{
	struct ucall uc;
	bool ok = true;
	u64 i;

	vcpu_args_set(a, 2, 0x1000UL, 0x1000UL + NR_ROUNDS);
	vcpu_args_set(b, 2, 0x2000UL, 0x2000UL + NR_ROUNDS);
	for (i = 0; ok && i < NR_ROUNDS; i++)
		ok = next_is(a, UCALL_SYNC, 0x1000 + i, &uc) &&
		     next_is(b, UCALL_SYNC, 0x2000 + i, &uc);

	return ok && next_is(a, UCALL_DONE, 0, &uc) && next_is(b, UCALL_DONE, 0, &uc);
}

static bool two_vcpus_run(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	bool ok;

	vm = __vm_create_with_vcpus(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2, 0,
				    guest_count, vcpus);
	ok = count_in_turn(vcpus[0], vcpus[1]);
	kvm_vm_free(vm);

	return ok;
}

static void guest_second(u64 arg)
{
	GUEST_ASSERT_EQ(guest_get_vcpuid(), 1);
	GUEST_SYNC(arg);
	GUEST_DONE();
}

static void guest_first(void)
{
	GUEST_SYNC(pvm_guest_cpu_on(1, guest_second, 0x1234));
	GUEST_DONE();
}

static bool cpu_on_works(void)
{
	struct kvm_vcpu *first, *second;
	struct kvm_vcpu_init init;
	struct kvm_vm *vm;
	struct ucall uc;
	bool ok;

	vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2, 0);
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	first = aarch64_vcpu_add(vm, 0, &init, guest_first);
	init.features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	second = aarch64_vcpu_add(vm, 1, &init, NULL);
	kvm_arch_vm_finalize_vcpus(vm);

	ok = next_is(first, UCALL_SYNC, PSCI_RET_SUCCESS, &uc) &&
	     next_is(second, UCALL_SYNC, 0x1234, &uc) &&
	     next_is(first, UCALL_DONE, 0, &uc) && next_is(second, UCALL_DONE, 0, &uc);
	kvm_vm_free(vm);

	return ok;
}

static bool runs_beside(struct vm_shape shape)
{
	struct kvm_vcpu *a, *b;
	struct kvm_vm *vm_a, *vm_b;
	bool ok;

	vm_a = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
					     &a, guest_count);
	vm_b = vm_create_shape_with_one_vcpu(shape, &b, guest_count);
	ok = count_in_turn(a, b);
	kvm_vm_free(vm_a);
	kvm_vm_free(vm_b);

	return ok;
}

static void guest_use_memory(u64 *shared, u64 *private)
{
	GUEST_SYNC(READ_ONCE(*shared));
	WRITE_ONCE(*shared, 0x900d);
	GUEST_SYNC(READ_ONCE(*private));
	GUEST_SYNC(READ_ONCE(*shared));
	GUEST_DONE();
}

static void test_memory(void)
{
	bool shared_ok, private_ok;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 *shared, *private;
	gva_t s, p;
	struct ucall uc;

	vm = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
					   &vcpu, guest_use_memory);
	s = vm_alloc_shared(vm, vm->page_size, KVM_UTIL_MIN_VADDR, MEM_REGION_DATA);
	p = vm_alloc_page(vm);
	shared = addr_gva2hva(vm, s);
	private = addr_gva2hva(vm, p);
	vcpu_args_set(vcpu, 2, s, p);
	*shared = 0x1234;
	*private = 0x5678;

	shared_ok = next_is(vcpu, UCALL_SYNC, 0x1234, &uc);
	private_ok = shared_ok && next_is(vcpu, UCALL_SYNC, 0x5678, &uc) &&
		     access_raises_segv(private, false);
	shared_ok = private_ok && READ_ONCE(*shared) == 0x900d;
	WRITE_ONCE(*shared, 0xabcd);
	shared_ok = shared_ok && next_is(vcpu, UCALL_SYNC, 0xabcd, &uc);
	kvm_vm_free(vm);

	ksft_test_result(shared_ok, "shared memory\n");
	ksft_test_result(private_ok, "private memory\n");
}

static void guest_store(u64 *p)
{
	WRITE_ONCE(*p, 0x5a5a);
	GUEST_DONE();
}

/* No memslot covers the page, so that the store comes out as an MMIO exit. */
static bool reaches_end_of_ipa_space(enum vm_guest_mode mode)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	gva_t gva;
	gpa_t gpa;
	bool ok;

	vm = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(mode), &vcpu,
					   guest_store);
	gpa = BIT(vm->pa_bits) - vm->page_size;
	gva = vm_unused_gva_gap(vm, vm->page_size, KVM_UTIL_MIN_VADDR);
	virt_map(vm, gva, gpa, 1);
	vcpu_args_set(vcpu, 1, gva);

	ok = !__vcpu_run(vcpu) && vcpu->run->exit_reason == KVM_EXIT_MMIO &&
	     vcpu->run->mmio.phys_addr == gpa &&
	     next_is(vcpu, UCALL_DONE, 0, &uc);
	kvm_vm_free(vm);

	return ok;
}

static void test_ipa_size(enum vm_guest_mode mode, int bits)
{
	if (guest_modes[mode].supported)
		ksft_test_result(reaches_end_of_ipa_space(mode), "IPA size %d\n", bits);
	else
		ksft_test_result_skip("IPA size %d: the host has %d bits\n", bits,
				      kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE));
}

int main(void)
{
	TEST_REQUIRE(kvm_has_protected_vms());

	ksft_print_header();
	ksft_set_plan(10);

	ksft_test_result(ucalls_work(), "ucalls\n");
	ksft_test_result(two_vcpus_run(), "two vCPUs\n");
	ksft_test_result(cpu_on_works(), "CPU_ON\n");
	test_memory();
	ksft_test_result(runs_beside(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT)),
			 "beside a protected VM\n");
	ksft_test_result(runs_beside(VM_SHAPE_DEFAULT), "beside an ordinary VM\n");
	test_ipa_size(VM_MODE_P36V48_4K, 36);
	test_ipa_size(VM_MODE_P40V48_4K, 40);
	test_ipa_size(VM_MODE_P48V48_4K, 48);

	ksft_finished();
}
