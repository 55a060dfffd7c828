// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user's side of /dev/pkvm_test. See hostile_host.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "hostile_host.h"
#include "kselftest.h"

static int device = -1;

int hostile_fd(void)
{
	return device;
}

void hostile_open(void)
{
	device = open(PKVM_TEST_DEVICE, O_RDWR);
	if (device < 0)
		ksft_exit_skip("this kernel has no %s (CONFIG_KVM_ARM_PKVM_TEST)\n",
			       PKVM_TEST_DEVICE);
}

bool hostile_datum(unsigned int nr, struct pkvm_test_field_info *info)
{
	info->nr = nr;
	return !ioctl(device, PKVM_TEST_FIELD, info);
}

bool hostile_find(const char *name, struct pkvm_test_field_info *info)
{
	unsigned int nr;

	for (nr = 0; hostile_datum(nr, info); nr++)
		if (!strcmp(info->name, name))
			return true;

	return false;
}

int hostile_flip(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		 u32 vcpu, u32 index, u64 set, u64 mask, u32 flips)
{
	struct pkvm_test_poke poke = {
		.nr = info->nr, .index = index, .vm_fd = vm ? vm->fd : -1, .vcpu = vcpu,
		.set = set, .mask = mask, .flips = flips,
	};

	return ioctl(device, PKVM_TEST_POKE, &poke) ? -errno : 0;
}

int hostile_poke(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		 u32 vcpu, u32 index, u64 set, u64 mask, u64 *old)
{
	struct pkvm_test_poke poke = {
		.nr = info->nr, .index = index, .vm_fd = vm ? vm->fd : -1, .vcpu = vcpu,
		.set = set, .mask = mask,
	};

	if (ioctl(device, PKVM_TEST_POKE, &poke))
		return -errno;
	if (old)
		*old = poke.old;
	return 0;
}

int hostile_run(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		u32 vcpu, u32 index, u64 set, u64 mask, u32 times)
{
	struct pkvm_test_run run = {
		.poke = { .nr = info->nr, .index = index, .vm_fd = vm->fd,
			  .vcpu = vcpu, .set = set, .mask = mask },
		.times = times,
	};

	if (ioctl(device, PKVM_TEST_RUN, &run))
		return -errno;
	if (!run.fp_lost)
		return run.refused;

	ksft_print_msg("%u of %u runs changed the host's FP registers\n", run.fp_lost, times);
	return -EBADMSG;
}

bool hostile_hcall(unsigned int nr, struct pkvm_test_hcall_info *info)
{
	info->nr = nr;
	return !ioctl(device, PKVM_TEST_HCALL, info);
}

u64 hostile_hcall_id(const char *name)
{
	struct pkvm_test_hcall_info info;
	unsigned int nr;

	for (nr = 0; hostile_hcall(nr, &info); nr++)
		if (!strcmp(info.name, name))
			return info.id;

	TEST_FAIL("there is no hypercall %s", name);
}

s64 hostile_call(struct pkvm_test_call *call)
{
	TEST_ASSERT(!ioctl(device, PKVM_TEST_CALL, call), "the call was not made: %s",
		    strerror(errno));
	return call->ret[1];
}

int hostile_addr(enum pkvm_test_place place, struct kvm_vm *vm, u32 index,
		 struct pkvm_test_addr *addr)
{
	addr->place = place;
	addr->index = index;
	addr->vm_fd = vm ? vm->fd : -1;
	return ioctl(device, PKVM_TEST_ADDR, addr) ? -errno : 0;
}

void hostile_fill_pages(void)
{
	TEST_ASSERT(!ioctl(device, PKVM_TEST_PAGES), "no pages: %s",
		    strerror(errno));
}

int hostile_check_page(u32 index)
{
	struct pkvm_test_page page = { .index = index };

	if (ioctl(device, PKVM_TEST_PAGE, &page))
		return -errno;
	return page.changed;
}

void hostile_cpacr(u64 set, u64 clear)
{
	struct pkvm_test_cpacr cpacr = { .set = set, .clear = clear };

	TEST_ASSERT(!ioctl(device, PKVM_TEST_CPACR, &cpacr), "CPACR_EL1: %s", strerror(errno));
}

u64 hostile_take_back(struct kvm_vm *vm)
{
	struct pkvm_test_count count = { .vm_fd = vm->fd };

	TEST_ASSERT(!ioctl(device, PKVM_TEST_TAKE_BACK, &count), "cannot take back: %s",
		    strerror(errno));
	return count.teardown_pages;
}

/* A 64-bit xorshift with a multiplication at the end. */
u64 hostile_random(struct hostile_random *r)
{
	u64 x = r->state ?: 88172645463325252UL;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	r->state = x;
	return x * 2685821657736338717UL;
}
