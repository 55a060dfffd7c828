/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __PKVM_CONTRACT_TEST_H
#define __PKVM_CONTRACT_TEST_H

#define PVM_FIELD_NAMES
#define PVM_FIELD_REASONS

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/kvm_id_check.h>

#define NR_NIBBLES	16

#define say(fmt, ...)	printf("# " fmt "\n", ##__VA_ARGS__)

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* What a VM is, in the words of the expectation rather than the code's. */
struct vm_kind {
	bool pauth;
	bool vgic;
	int ipa;
};

/* contract_expected.c: the policy, typed anew. */
u64 expected_reg(int index, u64 host, const struct vm_kind *kind, const char *pac);
const char *expected_pac(u64 isar1, u64 isar2);
bool expected_signed(int index, int nibble);
int expected_check(void);

/* contract_props.c */
bool test_idempotent(void);
bool test_monotone(void);
bool test_bounded(void);

/* contract_sysreg.c: the rows against arch/arm64/tools/sysreg. */
int sysreg_check(unsigned int *fields);

/* contract_mutants.c: each row changed, one at a time. */
int mutants_check(unsigned int *mutants, unsigned int *survivors);

/* contract_broken.c: tables broken on purpose. */
struct broken_case {
	const char *name;
	bool (*run)(void);
};

extern const struct broken_case broken_cases[];
extern const unsigned int nr_broken_cases;
const char *finding_name(const struct pvm_check_finding *finding);

static inline struct pvm_vm_features features_of(const struct vm_kind *kind)
{
	return (struct pvm_vm_features) {
		.ptrauth = kind->pauth,
		.vgic_v3 = kind->vgic,
		.ipa_bits = kind->ipa,
	};
}

/* Indices of registers that a test has to know. */
#define ISAR1		41
#define ISAR2		42
#define MMFR0		48

#define NR_KINDS	28

/* All kinds of VMs: features, and each size that PARANGE can express. */
static inline struct vm_kind kind_of(unsigned int k)
{
	static const int ipa_sizes[] = { 32, 36, 40, 42, 44, 48, 52 };

	return (struct vm_kind) {
		.pauth = k & 1,
		.vgic = k & 2,
		.ipa = ipa_sizes[k / 4],
	};
}

/* Noise that is the same in every run. */
static inline u64 random_u64(void)
{
	static u64 x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

#endif /* __PKVM_CONTRACT_TEST_H */
