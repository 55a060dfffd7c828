// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hypercalls - a hostile host makes every hypercall there is, in every way
 *
 * Audit map: case -> rule
 *
 *  early NAME		what is there only until protected mode is initialised is
 *			refused afterwards, whatever its arguments
 *  no such call	nor is there anything between, before or behind the others
 *  NAME: WHAT		a wrong argument, or a call at a wrong time, gives an error
 *  abort: WHO		memory that EL2 has cannot be accessed by the host, and the
 *			attempt is the host's problem, not EL2's
 *  trap: features	what the host does not use, and EL2 traps, is UNDEF when the
 *			host opens it: SME
 *  smc			firmware calls that EL2 looks at: PSCI, FF-A
 *  smc: results	what such a call does not return is zero, and nothing of EL2's
 *  random SEED		random calls from two CPUs; afterwards EL2 gives all back
 *  random: succeed	each call that can succeed did so among them
 *  canaries		no page that was never named has changed
 *  other VM		a protected VM beside all this has the view that it had
 *  every call		each hypercall that EL2 has is in the table of them
 *  host		the host's own registers are what they were
 *
 * "pkvm_hypercalls SECONDS [SEED]" goes on with random calls for that long.
 *
 * Rules: contract, principle 6; section 4, "TLB hypercalls name the VM by
 * handle"; section 5, last item.
 */
#include <linux/errno.h>
#include <sched.h>
#include <time.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"
#include "pkvm_hcall_host.h"
#include "pkvm_hcall_random.h"
#include "pkvm_hcall_victims.h"

static void test_early(void)
{
	static const u64 garbage[] = { 0, 1, ~0UL, 0x8000000000000000 };
	struct pkvm_test_hcall_info info;
	struct pkvm_test_call call;
	unsigned int nr, i, j;
	bool ok;

	for (nr = 0; hostile_hcall(nr, &info); nr++) {
		if (!info.early)
			continue;
		for (i = 0, ok = true; i < ARRAY_SIZE(garbage) + 1; i++) {
			call = (struct pkvm_test_call) { .id = info.id };
			for (j = 0; j < ARRAY_SIZE(call.args); j++)
				call.args[j] = i < ARRAY_SIZE(garbage) ?
					garbage[i] : victims[0].vcpu_at[0].va;
			hostile_call(&call);
			ok &= call.ret[0] == NOT_SUPPORTED;
		}
		ksft_test_result(ok, "early %s\n", info.name);
	}
}

static void test_unknown(void)
{
	u64 last = ids[ARRAY_SIZE(calls) - 1], id;
	static const u64 others[] = {
		/* The stub's, with which a kernel takes EL2 at boot. */
		0, 1, 2, 3, 4, 0xfff, 0x80000000, 0x86000000, ~0UL, ~0UL >> 1,
	};
	struct pkvm_test_call call;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		call = (struct pkvm_test_call) { .id = others[i] };
		hostile_call(&call);
		ok &= (u32)call.ret[0] == (u32)NOT_SUPPORTED;
	}
	for (id = last + 1; id < last + 64; id++) {
		call = (struct pkvm_test_call) { .id = id };
		hostile_call(&call);
		ok &= (u32)call.ret[0] == (u32)NOT_SUPPORTED;
	}
	ksft_test_result(ok, "no such call\n");
}

static bool every_call(void)
{
	struct pkvm_test_hcall_info info;
	unsigned int nr, i, found = 0;

	for (nr = 0; hostile_hcall(nr, &info); nr++) {
		for (i = 0; i < ARRAY_SIZE(calls); i++) {
			if (!strcmp(calls[i].name, info.name)) {
				ids[i] = info.id;
				found++;
				break;
			}
		}
		if (i == ARRAY_SIZE(calls) && !info.early) {
			ksft_print_msg("%s is not in the table\n", info.name);
			return false;
		}
	}
	return found == ARRAY_SIZE(calls);
}

/* How many pages does the stage-2 PGD have? Of 4K each, as the host's are. */
static unsigned int pgd_pages(struct kvm_vm *vm)
{
	u64 vtcr = peek(vm, "mmu.vtcr");
	unsigned int ipa_bits = 64 - (vtcr & 63), levels = 2 + (vtcr >> 6 & 3);
	unsigned int page_bits = 12 + 9 * levels;

	return ipa_bits > page_bits ? BIT(ipa_bits - page_bits) : 1;
}

static bool init_vm_bad_pointers(void)
{
	u64 bad[MAX_BAD], vm = page_va(0), pgd = page_va(16), kvm = victims[0].kvm_at.va;
	unsigned int i, n;
	bool ok = true;

	for (i = 0, n = bad_pointers(bad); i < n; i++)
		ok &= gives_error("kvm", hcall("__pkvm_init_vm", bad[i], vm, pgd));
	for (i = 0, n = bad_memory(bad); i < n; i++) {
		if (!gives_error("vm", hcall("__pkvm_init_vm", kvm, bad[i], pgd)) ||
		    !gives_error("pgd", hcall("__pkvm_init_vm", kvm, vm, bad[i]))) {
			ksft_print_msg("address 0x%lx\n", bad[i]);
			ok = false;
		}
	}
	ok &= gives_error("not shared", hcall("__pkvm_init_vm", page_va(8), vm, pgd));
	/* Not for any other reason, which would come later. */
	ok &= gives("unaligned kvm", hcall("__pkvm_init_vm", page_va(8) + 1, vm, pgd), -EINVAL);
	ok &= gives_error("unaligned vm", hcall("__pkvm_init_vm", kvm, vm + 8, pgd));
	ok &= gives_error("unaligned pgd", hcall("__pkvm_init_vm", kvm, vm, pgd + 2048));
	if (pgd_pages(victims[0].vm) > 1)
		ok &= gives_error("odd pgd", hcall("__pkvm_init_vm", kvm, vm, pgd + 4096));
	else
		ksft_print_msg("the PGD has one page, and cannot be unaligned\n");
	ok &= gives_error("vm twice", hcall("__pkvm_init_vm", kvm, vm, vm));
	ok &= gives_error("vm is kvm", hcall("__pkvm_init_vm", kvm, kvm & ~0xfffUL, pgd));
	return ok;
}

static bool init_vm_bad_sizes(void)
{
	static const struct {
		const char *name;
		u64 value;
	} bad[] = {
		{ "max_vcpus", 0 }, { "max_vcpus", 513 }, { "max_vcpus", ~0UL },
		{ "mmu.vtcr", 0 }, { "mmu.vtcr", ~0UL }, { "mmu.vtcr", 63 },
		{ "mmu.pgd_phys", 0 }, { "mmu.pgd_phys", 8 }, { "mmu.pgd_phys", ~0UL },
		{ "mmu.pgd_phys", DEVICE_PFN << 12 }, { "vgic.vgic_model", 5 },
		{ "flags", 0 },
		{ "vcpu_features", ~0UL }, { "vcpu_features", BIT(5) },
		{ "vcpu_features", BIT(7) },
	};
	static const char * const view[] = { "id_regs", "ctr_el0" };
	struct victim *v = &victims[0];
	bool ok = true;
	unsigned int i;
	u64 old;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		old = peek(v->vm, bad[i].name);
		poke(v, bad[i].name, bad[i].value);
		ok &= gives_error(bad[i].name, hcall("__pkvm_init_vm", v->kvm_at.va,
						     page_va(0), page_va(16)));
		poke(v, bad[i].name, old);
	}
	old = peek(v->vm, "mmu.pgd_phys");
	poke(v, "mmu.pgd_phys", place_pfn(PKVM_TEST_AT_EL2_POOL) << 12);
	ok &= gives_error("pgd of EL2", hcall("__pkvm_init_vm", v->kvm_at.va,
					      page_va(0), page_va(16)));
	poke(v, "mmu.pgd_phys", old);

	/* Of a protected VM, the host has to say what the guest is going to read. */
	v = &victims[1];
	for (i = 0; i < ARRAY_SIZE(view); i++) {
		old = peek(v->vm, view[i]);
		poke(v, view[i], old ^ BIT(0));
		ok &= gives_error(view[i], hcall("__pkvm_init_vm", v->kvm_at.va, page_va(0),
						 page_va(16)));
		poke(v, view[i], old);
	}
	return ok;
}

struct elsewhere {
	u64 handle;
	int cpu;
	s64 ret;
};

static void *load_elsewhere(void *arg)
{
	struct elsewhere *e = arg;

	kvm_pin_this_task_to_pcpu(e->cpu);
	e->ret = hcall("__pkvm_vcpu_load", e->handle, 0, 0);
	return NULL;
}

/* vCPU 0 on this CPU, others nowhere, and none runs but by its own name. */
static bool load_and_run(u64 handle)
{
	static const u64 others[] = { 1, 511, 512, ~0UL };
	/* The test stays on the CPU that host_state_save() found it on. */
	struct elsewhere e = { .handle = handle, .cpu = !sched_getcpu() };
	pthread_t thread;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		ok &= gives("load another", hcall("__pkvm_vcpu_load", handle, others[i], 0),
			    -EINVAL);
	ok &= gives("load", hcall("__pkvm_vcpu_load", handle, 0, 0), 0);
	ok &= gives("load again", hcall("__pkvm_vcpu_load", handle, 0, 0), 0);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		ok &= gives("run another", hcall("__pkvm_vcpu_run", handle, others[i], 0),
			    -EINVAL);
	ok &= gives("another VM", hcall("__pkvm_vcpu_run", bystander_handle, 0, 0), -EINVAL);
	TEST_ASSERT(!pthread_create(&thread, NULL, load_elsewhere, &e), "no thread");
	pthread_join(thread, NULL);
	ok &= gives("load on two CPUs", e.ret, -EINVAL);
	ok &= gives("teardown if loaded", hcall("__pkvm_teardown_vm", handle, 0, 0), -EBUSY);
	/* It can be run, so that what is refused is for the reason that is meant. */
	ok &= gives("adjust_pc", hcall("__pkvm_adjust_pc", handle, 0, 0), 0);
	ok &= hcall("__pkvm_vcpu_run", handle, 0, 0) >= 0;
	/* The one before is put, and there is none now. */
	ok &= gives("load none", hcall("__pkvm_vcpu_load", handle, 1, 0), -EINVAL);
	ok &= gives("run none", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
	ok &= gives("load once more", hcall("__pkvm_vcpu_load", handle, 0, 0), 0);
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	return ok & gives("run what was put", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
}

/* A VM and a vCPU, as it should be, and each step twice. */
static bool wrong_order(struct victim *v)
{
	s64 handle = hcall("__pkvm_init_vm", v->kvm_at.va, page_va(0), page_va(16));
	u64 vcpu = v->vcpu_at[0].va;
	bool ok = true;

	if (handle < HANDLE_FIRST)
		return gives("init_vm", handle, HANDLE_FIRST);
	ok &= gives_error("init_vm again", hcall("__pkvm_init_vm", v->kvm_at.va,
						 page_va(0), page_va(16)));
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	ok &= gives("load without vCPU", hcall("__pkvm_vcpu_load", handle, 0, 0), -EINVAL);
	ok &= gives("init_vcpu", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(32)), 0);
	ok &= gives("init_vcpu again", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(48)),
		    -EEXIST);
	ok &= gives_error("same pages", hcall("__pkvm_init_vcpu", handle,
					      v->vcpu_at[1].va, page_va(32)));
	ok &= gives_error("share EL2's", hcall("__pkvm_host_share_hyp", page_pfn(0), 0, 0));
	ok &= gives_error("unshare EL2's", hcall("__pkvm_host_unshare_hyp",
						 page_pfn(32), 0, 0));
	ok &= gives_error("unshare a VM", hcall("__pkvm_host_unshare_hyp",
						v->kvm_at.pa >> 12, 0, 0));
	ok &= gives_error("unshare a vCPU", hcall("__pkvm_host_unshare_hyp",
						  v->vcpu_at[0].pa >> 12, 0, 0));
	ok &= gives("run before load", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
	ok &= gives("adjust_pc before", hcall("__pkvm_adjust_pc", handle, 0, 0), -EINVAL);
	ok &= load_and_run(handle);
	ok &= gives("teardown", hcall("__pkvm_teardown_vm", handle, 0, 0), 0);
	ok &= gives("teardown again", hcall("__pkvm_teardown_vm", handle, 0, 0), -ENOENT);
	ok &= gives("load after", hcall("__pkvm_vcpu_load", handle, 0, 0), -EINVAL);
	ok &= gives("run after", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
	ok &= gives("init_vcpu after", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(32)),
		    -ENOENT);
	hcall("__pkvm_tlb_flush_vmid", handle, 0, 0);
	return ok & gives("pages lost", clean_up(), 0);
}

static bool init_vcpu_bad_pointers(void)
{
	struct victim *v = &victims[0];
	s64 handle = hcall("__pkvm_init_vm", v->kvm_at.va, page_va(0), page_va(16));
	u64 bad[MAX_BAD], vcpu = v->vcpu_at[0].va, cflags;
	bool ok = handle >= HANDLE_FIRST;
	unsigned int i, n;

	for (i = 0, n = bad_pointers(bad); i < n; i++) {
		ok &= gives_error("vcpu", hcall("__pkvm_init_vcpu", handle, bad[i],
						page_va(32)));
		ok &= gives_error("handle", hcall("__pkvm_init_vcpu", bad[i], vcpu,
						  page_va(32)));
	}
	for (i = 0, n = bad_memory(bad); i < n; i++)
		ok &= gives_error("memory", hcall("__pkvm_init_vcpu", handle, vcpu, bad[i]));
	ok &= gives("unaligned", hcall("__pkvm_init_vcpu", handle, page_va(8) + 8, page_va(32)),
		    -EINVAL);
	poke(v, "vcpu_idx", 512);
	ok &= gives_error("index 512", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(32)));
	poke(v, "vcpu_idx", 0xffffffff);
	ok &= gives_error("index -1", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(32)));
	poke(v, "vcpu_idx", 0);
	cflags = peek(v->vm, "cflags");
	poke(v, "cflags", 0);
	ok &= gives_error("not initialised", hcall("__pkvm_init_vcpu", handle, vcpu,
						   page_va(32)));
	poke(v, "cflags", cflags);
	return ok & gives("pages lost", clean_up(), 0);
}

#define VMCR_MASK	(GENMASK(31, 27) | BIT(1) | BIT(0))	/* VPMR, VENG1 and VENG0 */

/* What EL2 takes of a vGIC with one vCPU comes back with it when it loads the other. */
static bool load_puts(void)
{
	static const struct {
		u64 vmcr, ap1r;
	} vgic[NR_VCPUS] = { { 0xa8000001, BIT(3) }, { 0x50000002, BIT(7) } };
	struct victim *v = &victims[1];
	s64 handle = hcall("__pkvm_init_vm", v->kvm_at.va, page_va(0), page_va(16));
	bool ok = handle >= HANDLE_FIRST;
	unsigned int i, j;

	for (i = 0; i < NR_VCPUS; i++) {
		ok &= gives("init_vcpu", hcall("__pkvm_init_vcpu", handle, v->vcpu_at[i].va,
					       page_va(32 + 16 * i)), 0);
		poke_vcpu(v->vm, i, "vgic_vmcr", vgic[i].vmcr, ~0UL);
		poke_vcpu(v->vm, i, "vgic_ap1r", vgic[i].ap1r, ~0UL);
	}
	for (j = 0; j < 2 * NR_VCPUS; j++) {
		i = j % NR_VCPUS;
		ok &= gives("load", hcall("__pkvm_vcpu_load", handle, i, 0), 0);
		poke_vcpu(v->vm, i, "vgic_vmcr", 0, ~0UL);
		poke_vcpu(v->vm, i, "vgic_ap1r", 0, ~0UL);
		/* The one before has its own again. */
		i = !i;
		ok &= gives("VMCR", poke_vcpu(v->vm, i, "vgic_vmcr", 0, 0) & VMCR_MASK,
			    vgic[i].vmcr);
		ok &= gives("AP1R", poke_vcpu(v->vm, i, "vgic_ap1r", 0, 0), vgic[i].ap1r);
	}
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	return ok & gives("pages lost", clean_up(), 0);
}

static bool vgic_is(struct victim *v, u64 vmcr, u64 ap1r)
{
	return gives("VMCR", poke_vcpu(v->vm, 0, "vgic_vmcr", 0, 0) & VMCR_MASK, vmcr) &
	       gives("AP1R", poke_vcpu(v->vm, 0, "vgic_ap1r", 0, 0), ap1r);
}

static void vgic_set(struct victim *v, u64 vmcr, u64 ap1r)
{
	poke_vcpu(v->vm, 0, "vgic_vmcr", vmcr, ~0UL);
	poke_vcpu(v->vm, 0, "vgic_ap1r", ap1r, ~0UL);
}

/* The host gets the vGIC's state of a vCPU that stays loaded, and gives it back. */
static bool vgic_put_and_load(void)
{
	struct victim *v = &victims[1];
	s64 handle = hcall("__pkvm_init_vm", v->kvm_at.va, page_va(0), page_va(16));
	bool ok = handle >= HANDLE_FIRST;

	ok &= gives("init_vcpu", hcall("__pkvm_init_vcpu", handle, v->vcpu_at[0].va,
				       page_va(32)), 0);
	vgic_set(v, 0xa8000001, BIT(3));
	ok &= gives("load", hcall("__pkvm_vcpu_load", handle, 0, 0), 0);
	vgic_set(v, 0, 0);
	hcall("__pkvm_vgic_put", 0, 0, 0);
	ok &= vgic_is(v, 0xa8000001, BIT(3));
	ok &= gives("teardown", hcall("__pkvm_teardown_vm", handle, 0, 0), -EBUSY);

	vgic_set(v, 0x50000002, BIT(7));
	hcall("__pkvm_vgic_load", 0, 0, 0);
	vgic_set(v, 0, 0);
	hcall("__pkvm_vcpu_put", 0, 0, 0);
	ok &= vgic_is(v, 0x50000002, BIT(7));

	/* No vCPU is loaded: there is nothing to put, and nowhere to. */
	vgic_set(v, 0, 0);
	hcall("__pkvm_vgic_load", 0, 0, 0);
	hcall("__pkvm_vgic_put", 0, 0, 0);
	ok &= vgic_is(v, 0, 0);
	return ok & gives("pages lost", clean_up(), 0);
}

static bool share_and_unshare(void)
{
	u64 pfn = page_pfn(0), bad[] = {
		DEVICE_PFN, place_pfn(PKVM_TEST_AT_EL2_POOL), place_pfn(PKVM_TEST_AT_EL2_BSS),
		place_pfn(PKVM_TEST_AT_EL2_TEXT), place_pfn(PKVM_TEST_AT_END), 0, ~0UL,
		~0UL >> 12, BIT(36), BIT(40), BIT(51), BIT(52) | pfn, BIT(63),
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* A page number whose upper bits are cut off is that page. */
		if (bad[i] << 12 == pfn << 12)
			continue;
		ok &= gives_error("share", hcall("__pkvm_host_share_hyp", bad[i], 0, 0));
		ok &= gives_error("unshare", hcall("__pkvm_host_unshare_hyp", bad[i], 0, 0));
	}
	ok &= gives_error("unshare first", hcall("__pkvm_host_unshare_hyp", pfn, 0, 0));
	ok &= gives("share", hcall("__pkvm_host_share_hyp", pfn, 0, 0), 0);
	ok &= gives_error("share again", hcall("__pkvm_host_share_hyp", pfn, 0, 0));
	ok &= gives_error("donate what is shared", hcall("__pkvm_init_vm",
				victims[0].kvm_at.va, page_va(0), page_va(16)));
	ok &= gives("unshare", hcall("__pkvm_host_unshare_hyp", pfn, 0, 0), 0);
	return ok & gives_error("unshare again", hcall("__pkvm_host_unshare_hyp", pfn, 0, 0));
}

/* It takes an instruction a page, or goes round for ever, if EL2 does as told. */
static bool tlb_range_ends(void)
{
	static const u64 counts[] = { 0, 1, BIT(21), BIT(22), BIT(31), BIT(40), ~0UL };
	struct timespec from;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		hcall("__pkvm_tlb_flush_vmid_range", bystander_handle, 0x1000, counts[i]);
	return timespec_to_ns(timespec_elapsed(from)) < 30 * NSEC_PER_SEC;
}

static bool same_view(void)
{
	struct guest_view now;

	if (guest_view_take(bystander, &now)) {
		ksft_print_msg("%s\n", bystander->error);
		return false;
	}
	return guest_view_same(&before, &now);
}

#define NR_SEEDS	8
#define NR_CALLS	1500

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} cases[] = {
		{ "init_vm: wrong pointers", init_vm_bad_pointers },
		{ "init_vm: wrong sizes and configurations", init_vm_bad_sizes },
		{ "init_vcpu: wrong pointers and indices", init_vcpu_bad_pointers },
		{ "vcpu_load: puts the one before", load_puts },
		{ "vgic_put, vgic_load: the vCPU stays loaded", vgic_put_and_load },
		{ "share, unshare: wrong pages, twice", share_and_unshare },
		{ "tlb_flush_vmid_range: ends", tlb_range_ends },
		{ "abort: kernel", abort_of_kernel },
		{ "abort: process", abort_of_process },
		{ "trap: features", trap_of_features },
		{ "smc: results", firmware_results },
	};
	struct probe_cfg cfg = { .vgic = true };
	struct hostile_random random = { .state = 1 };
	struct pkvm_test_hcall_info info;
	unsigned int i, early = 0;
	u64 seed, end;
	bool ok;

	ksft_print_header();
	probe_require_protected();
	hostile_open();
	for (i = 0; hostile_hcall(i, &info); i++)
		early += info.early;
	ksft_set_plan(early + ARRAY_SIZE(cases) + NR_VICTIMS + NR_SEEDS + 7 +
		      HOST_STATE_TESTS);
	ksft_test_result(every_call(), "every call\n");

	host_state_save();
	hostile_fill_pages();
	bystander = probe_create(&cfg);
	TEST_ASSERT(!guest_view_take(bystander, &before), "no view: %s", bystander->error);
	bystander_handle = peek(bystander->vm, "pkvm.handle");
	for (i = 0; i < NR_VICTIMS; i++)
		make_victim(&victims[i], i);

	test_early();
	test_unknown();
	ksft_test_result(gives("twice", hcall("__pkvm_prot_finalize", 0, 0, 0), -EPERM),
			 "prot_finalize: twice\n");
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ksft_test_result(cases[i].run(), "%s\n", cases[i].name);
	for (i = 0; i < NR_VICTIMS; i++)
		ksft_test_result(wrong_order(&victims[i]), "wrong order, %s VM\n",
				 i ? "protected" : "unprotected");
	ksft_test_result(firmware_calls(&random, 500) && same_view(), "smc\n");

	for (i = 0; i < NR_SEEDS; i++)
		ksft_test_result(random_calls(i, NR_CALLS), "random %u\n", i);
	ksft_test_result(random_calls_succeed(), "random: succeed\n");
	if (argc > 1) {
		seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
		end = time(NULL) + atoi(argv[1]);
		for (ok = true; ok && time(NULL) < end; seed++) {
			ok = random_calls(seed, 10 * NR_CALLS) && same_view();
			firmware_calls(&random, 100);
		}
		ksft_print_msg("the last seed was %lu%s\n", seed - 1, ok ? "" : ", and failed");
		if (!ok)
			ksft_exit_fail_msg("random %lu\n", seed - 1);
	}
	ksft_test_result(canaries_live(), "canaries\n");
	ksft_test_result(same_view(), "other VM\n");
	for (i = 0; i < NR_VICTIMS; i++) {
		close(victims[i].gic_fd);
		kvm_vm_free(victims[i].vm);
	}
	probe_free(bystander);

	host_state_report();
	ksft_finished();
}
