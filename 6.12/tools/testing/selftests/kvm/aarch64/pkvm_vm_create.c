// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_vm_create - Creation of protected VMs
 *
 * Test which machine types KVM_CREATE_VM accepts and refuses, and that a VM of
 * each IPA size has that size and starts. No guest runs.
 */
#include <getopt.h>
#include <linux/sizes.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

#define MIN_IPA_BITS		32
#define DEFAULT_IPA_BITS	40

#define PROTECTED		KVM_VM_TYPE_ARM_PROTECTED

/* Return 0 if KVM_CREATE_VM takes @type, otherwise what errno says. */
static int create_vm_errno(unsigned long type)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)type);
	int err = vm_fd < 0 ? errno : 0;

	if (!err)
		close(vm_fd);
	close(kvm_fd);

	return err;
}

/* Say so if @type does not lead to @expected. */
static bool creates(unsigned long type, int expected)
{
	int err = create_vm_errno(type);

	if (err != expected)
		ksft_print_msg("type 0x%lx: got \"%s\", expected \"%s\"\n", type,
			       err ? strerror(err) : "accepted",
			       expected ? strerror(expected) : "accepted");

	return err == expected;
}

static unsigned int max_ipa_bits(void)
{
	return kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
}

/* Every bit that is neither part of the IPA size nor the protected one. */
static bool unknown_bits_refused(unsigned long type)
{
	bool ok = true;
	int bit;

	for (bit = 8; bit < 64; bit++) {
		if (BIT(bit) != PROTECTED)
			ok &= creates(type | BIT(bit), EINVAL);
	}

	return ok;
}

static bool ipa_sizes_accepted(void)
{
	unsigned int bits;
	bool ok = true;

	for (bits = MIN_IPA_BITS; bits <= max_ipa_bits(); bits++)
		ok &= creates(PROTECTED | bits, 0);

	return ok;
}

static bool ipa_sizes_refused(void)
{
	unsigned int bits;
	bool ok = true;

	for (bits = 1; bits <= KVM_VM_TYPE_ARM_IPA_SIZE_MASK; bits++) {
		if (bits < MIN_IPA_BITS || bits > max_ipa_bits())
			ok &= creates(PROTECTED | bits, EINVAL);
	}

	return ok;
}

static int set_memslot(int vm_fd, unsigned int slot, void *mem, uint64_t gpa)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = SZ_64K,
		.userspace_addr = (uint64_t)mem,
	};

	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* A memslot fits right below the end of the IPA space and not above it. */
static bool ipa_space_is(unsigned long type, unsigned int bits, void *mem)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)type);
	bool ok = false;

	if (vm_fd >= 0) {
		ok = !set_memslot(vm_fd, 0, mem, BIT(bits) - SZ_64K) &&
		     set_memslot(vm_fd, 1, mem, BIT(bits));
		close(vm_fd);
	}
	close(kvm_fd);

	if (!ok)
		ksft_print_msg("type 0x%lx: IPA space is not %u bits\n", type, bits);

	return ok;
}

static bool ipa_sizes_honoured(void)
{
	void *mem = aligned_alloc(SZ_64K, SZ_64K);
	unsigned int bits;
	bool ok = true;

	TEST_ASSERT(mem, "No memory");

	for (bits = MIN_IPA_BITS; bits <= max_ipa_bits(); bits++)
		ok &= ipa_space_is(PROTECTED | bits, bits, mem);

	if (max_ipa_bits() >= DEFAULT_IPA_BITS)
		ok &= ipa_space_is(PROTECTED, DEFAULT_IPA_BITS, mem);

	free(mem);
	return ok;
}

/*
 * Start a VM without any memory. The hypervisor makes its own copy of the VM
 * at the first run, before that run is found to have to end at once.
 */
static bool starts(unsigned long type)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)type);
	size_t size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	int vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	struct kvm_vcpu_init init;
	struct kvm_run *run;
	bool ok = false;

	if (vcpu_fd < 0 || ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init))
		goto out;

	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	if (run == MAP_FAILED)
		goto out;

	run->immediate_exit = 1;
	ok = ioctl(vcpu_fd, KVM_RUN, NULL) && errno == EINTR;
	munmap(run, size);
out:
	if (!ok)
		ksft_print_msg("type 0x%lx: does not start: %s\n", type,
			       strerror(errno));
	close(vcpu_fd);
	close(vm_fd);
	close(kvm_fd);

	return ok;
}

static bool ipa_sizes_start(void)
{
	unsigned int bits;
	bool ok = true;

	for (bits = MIN_IPA_BITS; bits <= max_ipa_bits(); bits++)
		ok &= starts(PROTECTED | bits);

	return ok;
}

static void test_protected_mode(void)
{
	ksft_set_plan(7);

	ksft_test_result(creates(PROTECTED, 0), "protected_type_accepted\n");
	ksft_test_result(unknown_bits_refused(0), "unknown_type_bits_refused\n");
	ksft_test_result(unknown_bits_refused(PROTECTED),
			 "unknown_type_bits_of_protected_refused\n");
	ksft_test_result(ipa_sizes_accepted(), "ipa_sizes_accepted\n");
	ksft_test_result(ipa_sizes_refused(), "ipa_sizes_refused\n");
	ksft_test_result(ipa_sizes_honoured(), "ipa_sizes_honoured\n");
	ksft_test_result(ipa_sizes_start(), "ipa_sizes_start\n");
}

static void test_other_mode(void)
{
	ksft_set_plan(5);

	ksft_test_result(creates(PROTECTED, EINVAL), "protected_type_refused\n");
	ksft_test_result(creates(PROTECTED | DEFAULT_IPA_BITS, EINVAL),
			 "protected_type_with_ipa_size_refused\n");
	ksft_test_result(unknown_bits_refused(0), "unknown_type_bits_refused\n");
	ksft_test_result(creates(0, 0), "default_type_accepted\n");
	ksft_test_result(starts(0), "default_type_starts\n");
}

static void print_usage(const char *name)
{
	printf("usage: %s [-h] [-n]\n", name);
	printf(" -h: Show this help.\n");
	printf(" -n: The host is not in protected mode and must refuse protected VMs.\n");
}

int main(int argc, char *argv[])
{
	bool other_mode = false;
	int opt;

	while ((opt = getopt(argc, argv, "hn")) != -1) {
		switch (opt) {
		case 'n':
			other_mode = true;
			break;
		default:
			print_usage(argv[0]);
			exit(opt == 'h' ? KSFT_PASS : KSFT_FAIL);
		}
	}

	ksft_print_header();

	if (other_mode)
		test_other_mode();
	else if (!kvm_has_protected_vms())
		ksft_exit_skip("KVM is not in protected mode\n");
	else
		test_protected_mode();

	ksft_finished();
}
