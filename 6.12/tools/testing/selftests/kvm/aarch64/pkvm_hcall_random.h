/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random hypercalls of pkvm_hypercalls, from two CPUs at once.
 */
#ifndef SELFTEST_KVM_PKVM_HCALL_RANDOM_H
#define SELFTEST_KVM_PKVM_HCALL_RANDOM_H

#include <pthread.h>

#include "pkvm_hcall_victims.h"

/* Handles that have been given out, by all threads; stale ones stay. */
static u64 known_handles[16], last_handle;

/* What a thread loaded last on its CPU. It may have been put since. */
static __thread u64 loaded_handle, loaded_index;

static u64 random_arg(struct hostile_random *r, enum kind kind)
{
	u64 x = hostile_random(r), y = hostile_random(r), bad[MAX_BAD];
	const struct victim *v = &victims[y % NR_VICTIMS];

	if (kind != ZERO && x % 32 == 0) {
		y >>= hostile_random(r) % 64;
		/* Not what is memory of the host's, and none of the test's. */
		return kind == DONATED || kind == PGD ? y | 1 : kind == PFN ? y | BIT(30) : y;
	}

	switch (kind) {
	case HANDLE:
		if (x % 16 == 1)
			return bystander_handle;
		/* Of a VM that is likely to be there, or hardly any call gets far. */
		if (x % 4)
			return READ_ONCE(last_handle);
		return READ_ONCE(known_handles[y % ARRAY_SIZE(known_handles)]);
	case INDEX:
		return y % (NR_VCPUS + 1);
	case LOADED_HANDLE:
		return x % 8 ? loaded_handle : random_arg(r, HANDLE);
	case LOADED_INDEX:
		return x % 8 ? loaded_index : random_arg(r, INDEX);
	case IPA:
		return y % BIT(40);
	case LEVEL:
		return y % 8 - 3;
	case COUNT:
		return x & 16 ? y : y % 64;
	case PFN:
		/* Seldom what VMs are made of: unshared, it makes none, and shared, neither. */
		switch (x >> 32 & 31) {
		case 0: return DEVICE_PFN;
		case 1: return place_pfn(PKVM_TEST_AT_EL2_POOL);
		case 2: return place_pfn(PKVM_TEST_AT_END);
		case 3: return v->kvm_at.pa >> 12;
		case 4: return v->vcpu_at[y >> 8 & 1].pa >> 12;
		case 5: return page_pfn(y % NR_USED);
		default: return page_pfn(NR_FIRST + y % (NR_USED - NR_FIRST));
		}
	case KVM:
		switch (x >> 32 & 15) {
		case 0: return v->kvm_at.va + 8 * (y >> 16 & 7);
		case 1: return v->kvm_at.va + (y >> 16 & 4095);
		case 2: return page_va(y % NR_USED);
		case 3: return v->vcpu_at[0].va;
		default: return v->kvm_at.va;
		}
	case VCPU:
		/* Shifted ones might pass, and get written where the host would mind. */
		switch (x >> 32 & 15) {
		case 0: return page_va(y % NR_USED);
		case 3: return v->kvm_at.va;
		default: return v->vcpu_at[y >> 8 & 1].va;
		}
	case PGD:
		if (x >> 36 & 7)
			y &= ~1UL;
		fallthrough;
	case DONATED:
		if ((x >> 32 & 15) == 0)
			return bad[y % bad_memory(bad)];
		return page_va(y % NR_FIRST);
	case ZERO:
		return 0;
	default:
		return y;
	}
}

struct attack {
	pthread_t thread;
	struct hostile_random random;
	int cpu;
	unsigned int nr;
	unsigned int succeeded[ARRAY_SIZE(calls)];
};

/* The bystander is there to the end, and KVM runs it with what KVM has for it. */
static bool changes_vm(const char *name)
{
	return !strcmp(name, "__pkvm_teardown_vm") || !strcmp(name, "__pkvm_init_vcpu") ||
	       !strcmp(name, "__pkvm_adjust_pc");
}

static void one_random_call(struct attack *a)
{
	struct hostile_random *r = &a->random;
	unsigned int which = hostile_random(r) % ARRAY_SIZE(calls), i;
	const struct call_row *row = &calls[which];
	struct pkvm_test_call call = { .id = ids[which], .irqs_off = row->runs };
	s64 ret;

	for (i = 0; i < ARRAY_SIZE(row->args); i++)
		call.args[i] = random_arg(r, row->args[i]);
	if (changes_vm(row->name) && (u32)call.args[0] == bystander_handle)
		return;
	/* Have VMs live for a while. */
	if (!strcmp(row->name, "__pkvm_teardown_vm") && hostile_random(r) % 4)
		return;
	ret = (int)hostile_call(&call);
	a->succeeded[which] += !row->void_call && ret >= 0;
	if (!strcmp(row->name, "__pkvm_vcpu_load") && !ret) {
		loaded_handle = call.args[0];
		loaded_index = call.args[1];
	}
	if (!strcmp(row->name, "__pkvm_init_vm") && ret >= HANDLE_FIRST) {
		WRITE_ONCE(known_handles[hostile_random(r) % ARRAY_SIZE(known_handles)], ret);
		WRITE_ONCE(last_handle, ret);
	}
}

static void *attack_thread(void *arg)
{
	struct attack *a = arg;
	unsigned int i;

	kvm_pin_this_task_to_pcpu(a->cpu);
	for (i = 0; i < a->nr; i++)
		one_random_call(a);
	/* What stays loaded cannot be taken back. */
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	return NULL;
}

/* How often each call succeeded, with all seeds so far. */
static unsigned int all_succeeded[ARRAY_SIZE(calls)];

static bool random_calls(u64 seed, unsigned int nr)
{
	struct attack attacks[2] = {};
	unsigned int i, j;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(known_handles); i++)
		known_handles[i] = HANDLE_FIRST + i;
	last_handle = HANDLE_FIRST;
	for (i = 0; i < 2; i++) {
		attacks[i].cpu = i;
		attacks[i].nr = nr;
		attacks[i].random.state = (seed * 2 + i + 1) * 0x9e3779b97f4a7c15;
		TEST_ASSERT(!pthread_create(&attacks[i].thread, NULL, attack_thread,
					    &attacks[i]), "no thread");
	}
	for (i = 0; i < 2; i++)
		pthread_join(attacks[i].thread, NULL);
	ok = gives("pages lost", clean_up(), 0);
	for (j = 0; j < ARRAY_SIZE(calls); j++)
		all_succeeded[j] += attacks[0].succeeded[j] + attacks[1].succeeded[j];
	return ok && canaries_live();
}

/* Random calls that all fail at their first check try nothing behind it. */
static bool random_calls_succeed(void)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].void_call)
			continue;
		ksft_print_msg("%s: %u succeeded\n", calls[i].name, all_succeeded[i]);
		/* Once, at boot. */
		if (!strcmp(calls[i].name, "__pkvm_prot_finalize"))
			continue;
		ok &= gives("succeeded", !!all_succeeded[i], true);
	}
	return ok;
}

#endif /* SELFTEST_KVM_PKVM_HCALL_RANDOM_H */
