/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do to EL2 what a host does whose kernel is hostile, by way of /dev/pkvm_test
 * (arch/arm64/kvm/pkvm_test.c), and look at a guest from outside: a view is
 * all that a guest can tell of its CPU.
 *
 * Kernels without CONFIG_KVM_ARM_PKVM_TEST have no such device.
 */
#ifndef SELFTEST_KVM_HOSTILE_HOST_H
#define SELFTEST_KVM_HOSTILE_HOST_H

#include "guest_probe.h"
#include "../../../../../../arch/arm64/kvm/pkvm_test.h"

/* Skip the whole test, visibly, where the kernel has no such device. */
void hostile_open(void);
/* The file; its first pages can be mapped. */
int hostile_fd(void);

/* The nr-th datum, or false; and one by name, or false. */
bool hostile_datum(unsigned int nr, struct pkvm_test_field_info *info);
bool hostile_find(const char *name, struct pkvm_test_field_info *info);
/* Return 0 or a negative error. @old may be NULL. */
int hostile_poke(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		 u32 vcpu, u32 index, u64 set, u64 mask, u64 *old);
int hostile_flip(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		 u32 vcpu, u32 index, u64 set, u64 mask, u32 flips);

/*
 * Lie to EL2 only, @times times, and run the vCPU. Return how many of the runs
 * EL2 refused, or a negative error.
 */
int hostile_run(const struct pkvm_test_field_info *info, struct kvm_vm *vm,
		u32 vcpu, u32 index, u64 set, u64 mask, u32 times);

/* The nr-th hypercall, or false. */
bool hostile_hcall(unsigned int nr, struct pkvm_test_hcall_info *info);
u64 hostile_hcall_id(const char *name);
/* Make a hypercall and return what it returns; call.ret[0] is SMCCC's status. */
s64 hostile_call(struct pkvm_test_call *call);

int hostile_addr(enum pkvm_test_place place, struct kvm_vm *vm, u32 index,
		 struct pkvm_test_addr *addr);
void hostile_fill_pages(void);
/* The number of bytes that changed, or a negative error. */
int hostile_check_page(u32 index);
/* Open and close features in CPACR_EL1 of this CPU. */
void hostile_cpacr(u64 set, u64 clear);
u64 hostile_take_back(struct kvm_vm *vm);

/* A kind of small generator that gives the same numbers on every machine. */
struct hostile_random {
	u64 state;
};

u64 hostile_random(struct hostile_random *r);

/* All that a guest can tell of its CPU, in words to be compared. */
#define VIEW_MAX		512

struct guest_view {
	unsigned int first, nr;
	u64 word[VIEW_MAX];
};

/*
 * Return 0, or a negative error if the guest is lost, with p->error set. A glance
 * leaves out the instructions, which take most of the time.
 */
int guest_view_take(struct probe *p, struct guest_view *view);
int guest_view_glance(struct probe *p, struct guest_view *view);
/* Compare what both have, and complain about what differs. */
bool guest_view_same(const struct guest_view *a, const struct guest_view *b);

#endif /* SELFTEST_KVM_HOSTILE_HOST_H */
