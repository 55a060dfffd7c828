/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of test_modules/pkvm_hostile.ko, which lends a test the powers of a
 * hostile host: to write the host's own data of VMs at any time, and to make
 * hypercalls of its own.
 */
#ifndef SELFTEST_KVM_ARM64_PKVM_HOSTILE_H
#define SELFTEST_KVM_ARM64_PKVM_HOSTILE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HOSTILE_DEVICE		"pkvm_hostile"
#define HOSTILE_MAX_STEPS	256

enum hostile_op {
	HOSTILE_HVC,	/* x[] are X0 to X30, before and after */
	HOSTILE_SMC,
	HOSTILE_READ,	/* x[] = @size bytes at kernel address @at */
	HOSTILE_WRITE,	/* 1, 2, 4 or 8 bytes there = x[0] */
	HOSTILE_LIE,	/* write, but only the bits that are set in x[1] */
	HOSTILE_UNDO,	/* undo the lie that was told @at steps before */
	HOSTILE_MRS,	/* x[0] = system register @at, an enum hostile_sysreg */
	HOSTILE_MSR,
	HOSTILE_FAR,	/* x[0] = the word at physical address x[0], by a table at @at */
};

enum hostile_sysreg {
	HOSTILE_ID_AA64MMFR0_EL1,
	HOSTILE_ID_AA64PFR1_EL1,
	HOSTILE_CPACR_EL1,
	HOSTILE_MDSCR_EL1,
	HOSTILE_OSLAR_EL1,
	HOSTILE_ICC_SRE_EL1,
	HOSTILE_GCSCR_EL1,	/* of a CPU with FEAT_GCS */
	HOSTILE_DBGBVR0_EL1,	/* to write only */
	HOSTILE_DBGBCR0_EL1,
};

struct hostile_step {
	__u32 op;
	__u32 size;
	__u64 at;
	__u64 x[31];
	__s64 err;	/* -EFAULT: no access; -ESTALE: somebody has overwritten the lie */
};

/* Take the steps, in order, on one CPU and with its interrupts masked. */
struct hostile_script {
	__u32 cpu;
	__u32 nr_steps;
	__u64 steps;	/* struct hostile_step * */
	__u64 repeat;	/* how often to take the steps after the first time */
};

/* The address of struct kvm or, if @vcpu_idx is not negative, of struct kvm_vcpu. */
struct hostile_object {
	__s32 vm_fd;
	__s32 vcpu_idx;
	__u64 va;
};

/*
 * The offset and size of a member of struct kvm or struct kvm_vcpu, or a constant
 * such as the function ID of a hypercall. A datum is found by its name. If the name
 * is empty, @value is the number of the datum, from 0 on.
 */
struct hostile_datum {
	char name[64];
	__u64 value;
	__u64 size;
};

/* Contiguous pages, aligned to their size, which stay allocated until HOSTILE_FREE. */
struct hostile_pages {
	__u64 size;
	__u64 va;
	__u64 pa;
};

#define HOSTILE_SCRIPT	_IOWR('H', 0, struct hostile_script)
#define HOSTILE_OBJECT	_IOWR('H', 1, struct hostile_object)
#define HOSTILE_DATUM	_IOWR('H', 2, struct hostile_datum)
#define HOSTILE_ALLOC	_IOWR('H', 3, struct hostile_pages)
#define HOSTILE_FREE	_IOW('H', 4, struct hostile_pages)

#endif /* SELFTEST_KVM_ARM64_PKVM_HOSTILE_H */
