/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of /dev/pkvm_test, shared with the selftests. See pkvm_test.c.
 */
#ifndef __ARM64_KVM_PKVM_TEST_H__
#define __ARM64_KVM_PKVM_TEST_H__

#include <linux/ioctl.h>
#include <linux/types.h>

#define PKVM_TEST_DEVICE	"/dev/pkvm_test"
#define PKVM_TEST_NAME_LEN	40

/* What a datum belongs to. */
enum pkvm_test_object {
	PKVM_TEST_VM,		/* struct kvm */
	PKVM_TEST_VCPU,		/* struct kvm_vcpu */
	PKVM_TEST_HOST,		/* a variable of the host's kernel */
	PKVM_TEST_EL2,		/* a variable of EL2, which the host gave its value */
};

/* The @nr-th datum that can be written; -ENOENT after the last one. */
struct pkvm_test_field_info {
	__u32 nr;
	__u32 object;
	__u32 size;		/* of an element */
	__u32 count;		/* of elements */
	char name[PKVM_TEST_NAME_LEN];
};

/*
 * Write a datum: the bits in @mask become those of @set. With @flips, do so
 * and undo it that many times. Return what was there before, and -EFAULT where
 * the memory is not the host's.
 */
struct pkvm_test_poke {
	__u32 nr;		/* of the datum */
	__u32 index;		/* of the element */
	__s32 vm_fd;
	__u32 vcpu;		/* the index of the vCPU */
	__u64 set;
	__u64 mask;
	__u64 old;
	__u32 flips;
	__u32 pad;
};

/*
 * Write a datum of the VM or of its vCPU, let EL2 run the vCPU without KVM,
 * undo it; do all that @times times, each with interrupts off. No code of the
 * host's sees the lie.
 */
struct pkvm_test_run {
	struct pkvm_test_poke poke;
	__s64 ret;		/* of the last run */
	__u32 times;
	__u32 refused;		/* so many runs returned a negative error */
	__u32 fp_lost;		/* and so many left other FP registers in the host */
	__u32 reserved;
};

/* The @nr-th hypercall; -ENOENT after the last one. */
struct pkvm_test_hcall_info {
	__u32 nr;
	__u32 early;		/* is there until protected mode is initialised */
	__u64 id;		/* the function identifier */
	char name[PKVM_TEST_NAME_LEN];
};

/* Make a hypercall, or with @smc a call to firmware, which EL2 intercepts. */
struct pkvm_test_call {
	__u64 id;
	__u64 args[6];
	__u64 ret[4];
	__u32 smc;
	__u32 irqs_off;		/* for a call that may run a guest */
};

/* Where something is, as the arguments of a hypercall have it. */
enum pkvm_test_place {
	PKVM_TEST_AT_VM,	/* the struct kvm of @vm_fd */
	PKVM_TEST_AT_VCPU,	/* its vCPU @index */
	PKVM_TEST_AT_PAGE,	/* page @index of those that this file has */
	PKVM_TEST_AT_EL2_POOL,	/* memory that EL2 took at boot, page @index */
	PKVM_TEST_AT_EL2_BSS,
	PKVM_TEST_AT_EL2_TEXT,
	PKVM_TEST_AT_TEXT,	/* the host's */
	PKVM_TEST_AT_END,	/* behind the last byte of memory */
};

struct pkvm_test_addr {
	__u32 place;
	__u32 index;
	__s32 vm_fd;
	__u32 size;		/* of a struct kvm or kvm_vcpu */
	__u64 va;
	__u64 pa;
};

/*
 * What became of page @index: 0 and how many bytes differ from its canary;
 * -EFAULT if the host may not access it.
 */
struct pkvm_test_page {
	__u32 index;
	__u32 changed;
};

/* What EL2 keeps of the host's memory. */
struct pkvm_test_count {
	__u64 teardown_pages;	/* of the VM, waiting for the host to take them */
	__s32 vm_fd;
	__u32 handle;
};

/*
 * Open and close features that EL1 controls, in CPACR_EL1 of this CPU. The caller is
 * bound to it.
 */
struct pkvm_test_cpacr {
	__u64 set;
	__u64 clear;
};

#define PKVM_TEST_NR_PAGES	256

#define PKVM_TEST_FIELD		_IOWR('P', 0, struct pkvm_test_field_info)
#define PKVM_TEST_POKE		_IOWR('P', 1, struct pkvm_test_poke)
#define PKVM_TEST_HCALL		_IOWR('P', 2, struct pkvm_test_hcall_info)
#define PKVM_TEST_CALL		_IOWR('P', 3, struct pkvm_test_call)
#define PKVM_TEST_ADDR		_IOWR('P', 4, struct pkvm_test_addr)
/* Give the file its pages, filled with canaries, or fill them again. */
#define PKVM_TEST_PAGES		_IO('P', 5)
#define PKVM_TEST_PAGE		_IOWR('P', 6, struct pkvm_test_page)
/* Forget the pages that EL2 gave back to a VM: they belong to the file. */
#define PKVM_TEST_TAKE_BACK	_IOWR('P', 7, struct pkvm_test_count)
#define PKVM_TEST_RUN		_IOWR('P', 8, struct pkvm_test_run)
/* How many pages of the machine's memory are EL2's? */
#define PKVM_TEST_EL2_PAGES	_IOR('P', 9, __u64)
#define PKVM_TEST_CPACR		_IOWR('P', 10, struct pkvm_test_cpacr)

#endif /* __ARM64_KVM_PKVM_TEST_H__ */
