// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_vm_create - which machine types KVM_CREATE_VM accepts in protected mode.
 *
 * A VM of each IPA size has that size and starts; no guest runs. With -n, the
 * host is not in protected mode and has to refuse protected VMs.
 */
#include <getopt.h>
#include <linux/sizes.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"

#define PROTECTED		KVM_VM_TYPE_ARM_PROTECTED
#define MIN_IPA_BITS		32
#define DEFAULT_IPA_BITS	40

static int kvm_fd;
static unsigned int max_ipa_bits;

/* Say so if KVM_CREATE_VM of @type does not end with @expected. */
static bool creates(unsigned long type, int expected)
{
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)type);
	int err = vm_fd < 0 ? errno : 0;

	if (!err)
		close(vm_fd);
	if (err != expected)
		ksft_print_msg("type 0x%lx: got \"%s\", expected \"%s\"\n", type,
			       err ? strerror(err) : "accepted",
			       expected ? strerror(expected) : "accepted");

	return err == expected;
}

/* Every bit that is neither part of the IPA size nor the protected one. */
static bool unknown_bits_refused(unsigned long type)
{
	bool ok = true;
	int bit;

	for (bit = 8; bit < 64; bit++) {
		if (BIT(bit) != PROTECTED)
			ok = ok && creates(type | BIT(bit), EINVAL);
	}

	return ok;
}

static bool ipa_size_is_possible(unsigned int bits)
{
	return bits >= MIN_IPA_BITS && bits <= max_ipa_bits;
}

static bool ipa_sizes_checked(void)
{
	unsigned int bits;
	bool ok = true;

	for (bits = 1; ok && bits <= KVM_VM_TYPE_ARM_IPA_SIZE_MASK; bits++)
		ok = creates(PROTECTED | bits,
			     ipa_size_is_possible(bits) ? 0 : EINVAL);

	return ok;
}

static int set_memslot(int vm_fd, u32 slot, void *mem, u64 gpa)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = SZ_64K,
		.userspace_addr = (u64)mem,
	};

	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* A memslot fits right below the end of the IPA space and not above it. */
static bool ipa_space_is(unsigned long type, unsigned int bits, void *mem)
{
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM, (void *)type);
	bool ok = false;

	if (vm_fd >= 0) {
		ok = !set_memslot(vm_fd, 0, mem, BIT(bits) - SZ_64K) &&
		     set_memslot(vm_fd, 1, mem, BIT(bits));
		close(vm_fd);
	}
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

	for (bits = MIN_IPA_BITS; bits <= max_ipa_bits; bits++)
		ok = ok && ipa_space_is(PROTECTED | bits, bits, mem);
	if (ipa_size_is_possible(DEFAULT_IPA_BITS))
		ok = ok && ipa_space_is(PROTECTED, DEFAULT_IPA_BITS, mem);

	free(mem);
	return ok;
}

/*
 * Start a VM without any memory. The hypervisor makes its own copy of the VM
 * at the first run, before that run is found to have to end at once.
 */
static bool starts(unsigned long type)
{
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
		ksft_print_msg("type 0x%lx does not start: %s\n", type,
			       strerror(errno));
	close(vcpu_fd);
	close(vm_fd);

	return ok;
}

static bool ipa_sizes_start(void)
{
	unsigned int bits;
	bool ok = true;

	for (bits = MIN_IPA_BITS; bits <= max_ipa_bits; bits++)
		ok = ok && starts(PROTECTED | bits);

	return ok;
}

int main(int argc, char *argv[])
{
	bool other_mode = getopt(argc, argv, "n") == 'n';

	kvm_fd = open_kvm_dev_path_or_exit();
	max_ipa_bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
	TEST_REQUIRE(other_mode || kvm_has_protected_vms());

	ksft_print_header();
	ksft_set_plan(other_mode ? 4 : 7);

	ksft_test_result(unknown_bits_refused(0), "unknown bits refused\n");
	ksft_test_result(creates(0, 0) && starts(0), "ordinary VM starts\n");
	if (other_mode) {
		ksft_test_result(creates(PROTECTED, EINVAL), "protected VM refused\n");
		ksft_test_result(creates(PROTECTED | DEFAULT_IPA_BITS, EINVAL),
				 "protected VM of an IPA size refused\n");
		ksft_finished();
	}

	ksft_test_result(creates(PROTECTED, 0) && starts(PROTECTED),
			 "protected VM starts\n");
	ksft_test_result(unknown_bits_refused(PROTECTED),
			 "unknown bits refused of a protected VM\n");
	ksft_test_result(ipa_sizes_checked(), "impossible IPA sizes refused\n");
	ksft_test_result(ipa_sizes_honoured(), "IPA sizes honoured\n");
	ksft_test_result(ipa_sizes_start(), "IPA sizes start\n");

	ksft_finished();
}
