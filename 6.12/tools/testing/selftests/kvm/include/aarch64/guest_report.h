/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel between guest and test made of the data of MMIO exits.
 *
 * A ucall hands the test a pointer into guest memory. The host may have no
 * access to the memory of a protected VM, so here every value crosses in a
 * register: the guest stores the values, one after the other, to a page that
 * no memslot backs, and a last store says that the report is complete. The
 * other way, the test answers a load from that page.
 *
 * The page is per VM, a report per vCPU: vCPUs may report at the same time.
 */
#ifndef SELFTEST_KVM_GUEST_REPORT_H
#define SELFTEST_KVM_GUEST_REPORT_H

#include <linux/compiler.h>

#include "kvm_util.h"

#define GUEST_REPORT_MAX_ARGS	8
#define GUEST_REPORT_MAX_ASK	256

enum guest_report_kind {
	REPORT_VALUES,		/* GUEST_REPORT() */
	REPORT_ASK,		/* guest_ask(), waits for vcpu_answer() */
	REPORT_DONE,		/* guest_report_done() */

	/* From here on, the guest is lost and what[] says why. */
	REPORT_ASSERT,		/* GUEST_REPORT_ASSERT() and friends */
	REPORT_EXCEPTION,	/* An exception without a handler */
	REPORT_EXIT,		/* KVM_RUN failed, or an unexpected exit */
};

struct guest_report {
	enum guest_report_kind kind;
	uint32_t nr;
	unsigned int nr_args;
	uint64_t args[GUEST_REPORT_MAX_ARGS];
	char what[256];
};

/* Guest side: usable at EL1, with the library's page tables. */

void guest_report_args(enum guest_report_kind kind, uint32_t nr,
		       const uint64_t *args, unsigned int nr_args);
void __noreturn guest_report_assert(const char *exp, const char *file,
				    unsigned int line, uint64_t a, uint64_t b);
void __noreturn guest_report_exception(int vector);
void __noreturn guest_report_done(void);
bool guest_can_report(void);

/* Return what the test answers to question @nr. */
uint64_t guest_ask(uint32_t nr);

/* Report up to GUEST_REPORT_MAX_ARGS values. The test gives @nr its meaning. */
#define GUEST_REPORT(nr, args...)					\
do {									\
	const uint64_t __args[] = { args };				\
									\
	kvm_static_assert(ARRAY_SIZE(__args) <= GUEST_REPORT_MAX_ARGS);	\
	guest_report_args(REPORT_VALUES, nr, __args, ARRAY_SIZE(__args)); \
} while (0)

#define __GUEST_REPORT_ASSERT(cond, exp, a, b)				\
do {									\
	if (!(cond))							\
		guest_report_assert(exp, __FILE__, __LINE__, a, b);	\
} while (0)

#define GUEST_REPORT_ASSERT(cond)					\
	__GUEST_REPORT_ASSERT(cond, #cond, 0, 0)

#define GUEST_REPORT_ASSERT_EQ(a, b)					\
do {									\
	uint64_t __a = (a), __b = (b);					\
									\
	__GUEST_REPORT_ASSERT(__a == __b, #a " == " #b, __a, __b);	\
} while (0)

/* Test side. */

/*
 * Create a VM with a channel and with exception vectors that report what they
 * have no handler for. Add its vCPUs with vcpu_add_reporting(); without @init,
 * they have the default features.
 */
struct kvm_vm *vm_create_reporting(struct vm_shape shape, uint32_t nr_vcpus);
struct kvm_vcpu *vcpu_add_reporting(struct kvm_vm *vm, uint32_t vcpu_id,
				    struct kvm_vcpu_init *init,
				    void *guest_code);

/* The above for the common case of one vCPU. */
struct kvm_vm *vm_create_reporting_with_one_vcpu(struct vm_shape shape,
						 struct kvm_vcpu **vcpu,
						 void *guest_code);

/* Give a channel to a VM that was created in another way. */
void vm_init_guest_report(struct kvm_vm *vm);

/*
 * Run @vcpu until it reports.
 *
 * __vcpu_next_report() returns whatever happens, a signal included, so that a
 * test with many cases can fail the one at hand and go on with another VM.
 * vcpu_next_report() ends the test if the guest is lost.
 */
void __vcpu_next_report(struct kvm_vcpu *vcpu, struct guest_report *report);
void vcpu_next_report(struct kvm_vcpu *vcpu, struct guest_report *report);

static inline bool guest_is_lost(const struct guest_report *report)
{
	return report->kind >= REPORT_ASSERT;
}

/* Answer a REPORT_ASK. The guest gets @value at its next run. */
void vcpu_answer(struct kvm_vcpu *vcpu, uint64_t value);

#endif /* SELFTEST_KVM_GUEST_REPORT_H */
