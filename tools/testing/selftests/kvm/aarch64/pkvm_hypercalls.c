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
 *  canaries		no page that was never named has changed
 *  other VM		a protected VM beside all this has the view that it had
 *  every call		each hypercall that EL2 has is in the table below
 *  host		the host's own registers are what they were
 *
 * "pkvm_hypercalls SECONDS [SEED]" goes on with random calls for that long.
 *
 * Rules: contract, principle 6; section 4, "TLB hypercalls name the VM by
 * handle"; section 5, last item.
 */
#include <linux/errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"
#include "vgic.h"

#define NOT_SUPPORTED	(~0UL)
#define HANDLE_FIRST	0x1000
#define MAX_VMS		255
#define NR_VICTIMS	2
#define NR_VCPUS	2
/* Pages that hypercalls may get, from the first on; the rest must never change. */
#define NR_USED		128
#define NR_FIRST	(NR_USED - 16)
#define DEVICE_PFN	(0x09000000 >> 12)	/* the UART of QEMU's machine */

enum kind {
	NONE, HANDLE, INDEX, IPA, LEVEL, COUNT, PFN, KVM, VCPU, DONATED, PGD, ZERO,
};

/* Hypercalls that stay, and what their arguments are. */
static const struct call_row {
	const char *name;
	enum kind args[5];
	bool void_call;		/* returns nothing that could be looked at */
	bool runs;
} calls[] = {
	{ "__pkvm_prot_finalize", {} },
	{ "__pkvm_host_share_hyp", { PFN } },
	{ "__pkvm_host_unshare_hyp", { PFN } },
	{ "__kvm_flush_vm_context", {}, true },
	/* Any other value is the end of the host's own time, and of the test. */
	{ "__kvm_timer_set_cntvoff", { ZERO }, true },
	{ "__pkvm_adjust_pc", { HANDLE, INDEX } },
	{ "__pkvm_vcpu_run", { HANDLE, INDEX }, false, true },
	{ "__pkvm_tlb_flush_vmid_ipa", { HANDLE, IPA, LEVEL }, true },
	{ "__pkvm_tlb_flush_vmid_ipa_nsh", { HANDLE, IPA, LEVEL }, true },
	{ "__pkvm_tlb_flush_vmid", { HANDLE }, true },
	{ "__pkvm_tlb_flush_vmid_range", { HANDLE, IPA, COUNT }, true },
	{ "__pkvm_flush_cpu_context", { HANDLE }, true },
	{ "__pkvm_vgic_v3_save_vmcr_aprs", { HANDLE, INDEX }, true },
	{ "__pkvm_vgic_v3_restore_vmcr_aprs", { HANDLE, INDEX }, true },
	{ "__pkvm_init_vm", { KVM, DONATED, PGD } },
	{ "__pkvm_init_vcpu", { HANDLE, VCPU, DONATED } },
	{ "__pkvm_teardown_vm", { HANDLE } },
};

static u64 ids[ARRAY_SIZE(calls)];

/* VMs that KVM does not run: the test has them at EL2 itself. */
static struct victim {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[NR_VCPUS];
	int gic_fd;
	struct pkvm_test_addr kvm_at, vcpu_at[NR_VCPUS];
} victims[NR_VICTIMS];

static struct probe *bystander;
static u64 bystander_handle;
static struct guest_view before;

static u64 page_va(u32 index)
{
	struct pkvm_test_addr addr;

	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_PAGE, NULL, index, &addr), "no page");
	return addr.va;
}

static u64 page_pfn(u32 index)
{
	struct pkvm_test_addr addr;

	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_PAGE, NULL, index, &addr), "no page");
	return addr.pa >> 12;
}

static u64 place_va(enum pkvm_test_place place)
{
	struct pkvm_test_addr addr;

	TEST_ASSERT(!hostile_addr(place, NULL, 1, &addr), "no place");
	return addr.va;
}

static u64 place_pfn(enum pkvm_test_place place)
{
	struct pkvm_test_addr addr;

	TEST_ASSERT(!hostile_addr(place, NULL, 1, &addr), "no place");
	return addr.pa >> 12;
}

static u64 id_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return ids[i];
	TEST_FAIL("%s is not in the table", name);
}

static s64 hcall(const char *name, u64 a0, u64 a1, u64 a2)
{
	struct pkvm_test_call call = {
		.id = id_of(name), .args = { a0, a1, a2 }, .irqs_off = 1,
	};

	/* EL2 returns int, and not all of the register has to be it. */
	return (int)hostile_call(&call);
}

static bool gives(const char *what, s64 got, s64 want)
{
	if (got != want)
		ksft_print_msg("%s: %ld, not %ld\n", what, got, want);
	return got == want;
}

static bool gives_error(const char *what, s64 got)
{
	if (got >= 0 || got < -4095)
		ksft_print_msg("%s: %ld is no error\n", what, got);
	return got < 0 && got >= -4095;
}

static void poke(struct victim *v, const char *name, u64 value)
{
	struct pkvm_test_field_info info;

	TEST_ASSERT(hostile_find(name, &info), "no %s", name);
	TEST_ASSERT(!hostile_poke(&info, v->vm, 0, 0, value, ~0UL, NULL), "not written");
}

static u64 peek(struct kvm_vm *vm, const char *name)
{
	struct pkvm_test_field_info info;
	u64 old;

	TEST_ASSERT(hostile_find(name, &info), "no %s", name);
	TEST_ASSERT(!hostile_poke(&info, vm, 0, 0, 0, 0, &old), "not read");
	return old;
}

/* EL2 refuses a VM whose guest would read other ID registers than the host says. */
static void agree_on_id_regs(struct victim *v)
{
	struct pkvm_test_field_info info;
	u64 val;
	int i;

	TEST_ASSERT(hostile_find("id_regs", &info), "no id_regs");
	for (i = 0; i < 56; i++) {
		vcpu_get_reg(v->vcpu[0], ARM64_SYS_REG(3, 0, 0, 1 + i / 8, i % 8), &val);
		TEST_ASSERT(!hostile_poke(&info, v->vm, 0, i, val, ~0UL, NULL), "not written");
	}
}

static void make_victim(struct victim *v, bool protected)
{
	struct kvm_vcpu_init init;
	int i;

	/* 40 bits of IPA make for a PGD of two pages. */
	v->vm = __vm_create(protected ? VM_SHAPE_PROTECTED(VM_MODE_P40V48_4K) :
			    VM_SHAPE(VM_MODE_P40V48_4K), NR_VCPUS, 0);
	for (i = 0; i < NR_VCPUS; i++) {
		v->vcpu[i] = __vm_vcpu_add(v->vm, i);
		vm_ioctl(v->vm, KVM_ARM_PREFERRED_TARGET, &init);
		vcpu_ioctl(v->vcpu[i], KVM_ARM_VCPU_INIT, &init);
	}
	v->gic_fd = vgic_v3_setup(v->vm, NR_VCPUS, 64);
	/* KVM would choose one before the first run. */
	poke(v, "mmu.vmid", 0x31 + protected);
	/* And it would compute the traps of its own VMs. */
	if (!protected)
		poke(v, "flags", peek(v->vm, "flags") | BIT(7) | BIT(8));
	else
		agree_on_id_regs(v);

	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_VM, v->vm, 0, &v->kvm_at), "no VM");
	for (i = 0; i < NR_VCPUS; i++)
		TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_VCPU, v->vm, i, &v->vcpu_at[i]),
			    "no vCPU");
}

/* What the host shared with EL2 when it made the VM has to stay shared. */
static void share_again(const struct pkvm_test_addr *at)
{
	u64 pfn;

	for (pfn = at->pa >> 12; pfn <= (at->pa + at->size - 1) >> 12; pfn++)
		hcall("__pkvm_host_share_hyp", pfn, 0, 0);
}

/* Take everything back from EL2. Return how many pages are lost. */
static unsigned int clean_up(void)
{
	unsigned int i, j, lost = 0;
	u64 handle;
	s64 ret;

	for (handle = HANDLE_FIRST; handle < HANDLE_FIRST + MAX_VMS; handle++) {
		if (handle == bystander_handle)
			continue;
		ret = hcall("__pkvm_teardown_vm", handle, 0, 0);
		if (ret && ret != -ENOENT)
			ksft_print_msg("handle 0x%lx: %ld\n", handle, ret);
	}
	for (i = 0; i < NR_VICTIMS; i++) {
		hostile_take_back(victims[i].vm);
		share_again(&victims[i].kvm_at);
		for (j = 0; j < NR_VCPUS; j++)
			share_again(&victims[i].vcpu_at[j]);
	}
	for (i = 0; i < NR_USED; i++) {
		hcall("__pkvm_host_unshare_hyp", page_pfn(i), 0, 0);
		if (hostile_check_page(i) < 0) {
			if (!lost++)
				ksft_print_msg("page %u is lost\n", i);
		}
	}
	return lost;
}

static bool canaries_live(void)
{
	unsigned int i;
	int changed;

	for (i = NR_USED; i < PKVM_TEST_NR_PAGES; i++) {
		changed = hostile_check_page(i);
		if (changed) {
			ksft_print_msg("page %u: %d bytes changed\n", i, changed);
			return false;
		}
	}
	return true;
}

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

/*
 * Addresses that are not the host's, or no page. Return how many there are.
 *
 * EL2 does not look at the upper bits of an address: what is behind the end of
 * memory, and most garbage, is a page of the host's after all.
 */
static unsigned int bad_memory(u64 *va)
{
	unsigned int n = 0;

	va[n++] = place_va(PKVM_TEST_AT_EL2_POOL);
	va[n++] = place_va(PKVM_TEST_AT_EL2_BSS);
	va[n++] = place_va(PKVM_TEST_AT_EL2_TEXT);
	va[n++] = place_va(PKVM_TEST_AT_END) - 4096 + 8;
	va[n++] = 1;
	va[n++] = ~0UL;
	return n;
}

/* Such a page is nothing to donate, but it is not shared, either. */
static unsigned int bad_pointers(u64 *va)
{
	unsigned int n = bad_memory(va);

	va[n++] = place_va(PKVM_TEST_AT_END);
	va[n++] = 0;
	va[n++] = ~0xfffUL;
	va[n++] = 0x7ffffffff000;
	va[n++] = 0xffff000000000000;
	va[n++] = 0x5555555555555550;
	return n;
}

#define MAX_BAD		16

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
	return ok;
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
	ok &= gives("run without vCPU", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
	ok &= gives("adjust_pc without", hcall("__pkvm_adjust_pc", handle, 0, 0), -EINVAL);
	hcall("__pkvm_vgic_v3_restore_vmcr_aprs", handle, 0, 0);
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
	ok &= gives_error("vCPU 1", hcall("__pkvm_vcpu_run", handle, 1, 0));
	ok &= gives_error("vCPU 511", hcall("__pkvm_vcpu_run", handle, 511, 0));
	ok &= gives_error("vCPU 512", hcall("__pkvm_vcpu_run", handle, 512, 0));
	ok &= gives_error("vCPU -1", hcall("__pkvm_vcpu_run", handle, ~0UL, 0));
	hcall("__pkvm_vcpu_run", handle, 0, 0);
	ok &= gives("teardown", hcall("__pkvm_teardown_vm", handle, 0, 0), 0);
	ok &= gives("teardown again", hcall("__pkvm_teardown_vm", handle, 0, 0), -ENOENT);
	ok &= gives("run after", hcall("__pkvm_vcpu_run", handle, 0, 0), -EINVAL);
	ok &= gives("init_vcpu after", hcall("__pkvm_init_vcpu", handle, vcpu, page_va(32)),
		    -ENOENT);
	hcall("__pkvm_vgic_v3_save_vmcr_aprs", handle, 0, 0);
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
	struct timespec from, to;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		hcall("__pkvm_tlb_flush_vmid_range", bystander_handle, 0x1000, counts[i]);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return to.tv_sec - from.tv_sec < 2;
}

/* The host and its processes get an abort, and both go on. */
static bool abort_of_kernel(void)
{
	s64 handle = hcall("__pkvm_init_vm", victims[0].kvm_at.va, page_va(0), page_va(16));
	bool ok = handle >= HANDLE_FIRST;

	ok &= gives("access", hostile_check_page(0), -EFAULT);
	ok &= gives("access", hostile_check_page(16), -EFAULT);
	ok &= gives("pages lost", clean_up(), 0);
	return ok & (hostile_check_page(0) >= 0);
}

static int signal_of_access(int fd, bool write)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		volatile u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
					 fd, 0);

		if (page == MAP_FAILED)
			_exit(1);
		if (write)
			*page = 1;
		else
			(void)*page;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static bool abort_of_process(void)
{
	int fd = hostile_fd();
	bool ok = gives("read before", signal_of_access(fd, false), 0);
	s64 handle = hcall("__pkvm_init_vm", victims[0].kvm_at.va, page_va(0), page_va(16));

	ok &= handle >= HANDLE_FIRST;
	ok &= gives("read", signal_of_access(fd, false), SIGBUS);
	ok &= gives("write", signal_of_access(fd, true), SIGBUS);
	ok &= gives("pages lost", clean_up(), 0);
	return ok & gives("read after", signal_of_access(fd, false), 0);
}

#define CPACR_SMEN	(3UL << 24)
#define HWCAP2_SME_BIT	BIT(23)

/*
 * SME is there or it is not, but the host goes on. The test is bound to a CPU, and so
 * is the child. A host that uses SME keeps it.
 */
static bool trap_of_features(void)
{
	bool used = getauxval(AT_HWCAP2) & HWCAP2_SME_BIT;
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		hostile_cpacr(CPACR_SMEN, 0);
		asm volatile(".inst 0xd53b4240" ::: "x0");	/* mrs x0, SVCR */
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!used)
		hostile_cpacr(0, CPACR_SMEN);
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGILL : !WEXITSTATUS(status);
}

/* The firmware calls that EL2 looks at, but for those that end the test. */
static bool firmware_calls(struct hostile_random *r, unsigned int nr)
{
	/* Not CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, *_SUSPEND, CPU_FREEZE. */
	static const u32 psci[] = {
		0x84000000, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004, 0x84000005,
		0xc4000005, 0x84000006, 0x84000007, 0xc4000007, 0x8400000a, 0x8400000f,
		0x84000010, 0xc4000010, 0x84000011, 0x84000013, 0x8400001f,
	};
	struct pkvm_test_call call;
	unsigned int i;

	while (nr--) {
		call = (struct pkvm_test_call) { .smc = 1 };
		if (hostile_random(r) & 1)
			call.id = psci[hostile_random(r) % ARRAY_SIZE(psci)];
		else
			call.id = (hostile_random(r) & 1 ? 0x84000060 : 0xc4000060) +
				  hostile_random(r) % 0x80;
		for (i = 0; i < ARRAY_SIZE(call.args); i++)
			call.args[i] = hostile_random(r) >> (hostile_random(r) % 64);
		/* CPU_ON: only CPUs that are on, or that there are none of. */
		if ((call.id & 0xffff) == 3 && (u32)call.args[0] < 8)
			call.args[0] &= 1;
		hostile_call(&call);
	}
	return true;
}

/* FF-A calls have results in four registers, whether firmware knows them or not. */
static bool firmware_results(void)
{
	static const struct {
		u32 id;
		u64 arg;
	} calls[] = {
		{ 0x84000063, 0x20000 },	/* FFA_VERSION: none that there is */
		{ 0x84000063, 0x10000 },
		{ 0x84000063, 0x10001 },
		{ 0x84000064, 0x84000061 },	/* FFA_FEATURES */
		{ 0x84000067 },			/* FFA_RXTX_UNMAP */
		{ 0xc4000073 },			/* FFA_MEM_SHARE */
	};
	struct pkvm_test_call call;
	unsigned int i, j;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		/* Something that leaves more on EL2's stack. */
		hcall("__pkvm_host_share_hyp", page_pfn(0), 0, 0);
		hcall("__pkvm_host_unshare_hyp", page_pfn(0), 0, 0);
		call = (struct pkvm_test_call) {
			.smc = 1, .id = calls[i].id, .args = { calls[i].arg, ~0UL, ~0UL, ~0UL },
		};
		hostile_call(&call);
		/* An error code is in X2 of FFA_ERROR. */
		for (j = 1; j < 4; j++) {
			if (!call.ret[j] || (j == 2 && call.ret[0] == 0x84000060))
				continue;
			ksft_print_msg("0x%x: X%u is 0x%lx\n", calls[i].id, j, (u64)call.ret[j]);
			ok = false;
		}
	}
	return ok;
}

/* Handles that have been given out, by all threads; stale ones stay. */
static u64 known_handles[16];

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
		return READ_ONCE(known_handles[y % ARRAY_SIZE(known_handles)]);
	case INDEX:
		return y % (NR_VCPUS + 1);
	case IPA:
		return y % BIT(40);
	case LEVEL:
		return y % 8 - 3;
	case COUNT:
		return x & 16 ? y : y % 64;
	case PFN:
		switch (x >> 32 & 7) {
		case 0: return DEVICE_PFN;
		case 1: return place_pfn(PKVM_TEST_AT_EL2_POOL);
		case 2: return place_pfn(PKVM_TEST_AT_END);
		case 3: return v->kvm_at.pa >> 12;
		case 4: return v->vcpu_at[y >> 8 & 1].pa >> 12;
		default: return page_pfn(y % NR_USED);
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
	ret = (int)hostile_call(&call);
	a->succeeded[which] += !row->void_call && ret >= 0;
	if (!strcmp(row->name, "__pkvm_init_vm") && ret >= HANDLE_FIRST)
		WRITE_ONCE(known_handles[hostile_random(r) % ARRAY_SIZE(known_handles)], ret);
}

static void *attack_thread(void *arg)
{
	struct attack *a = arg;
	cpu_set_t cpus;
	unsigned int i;

	CPU_ZERO(&cpus);
	CPU_SET(a->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (i = 0; i < a->nr; i++)
		one_random_call(a);
	return NULL;
}

static bool random_calls(u64 seed, unsigned int nr, bool tell)
{
	struct attack attacks[2] = {};
	unsigned int i, j;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(known_handles); i++)
		known_handles[i] = HANDLE_FIRST + i;
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
	for (j = 0; tell && j < ARRAY_SIZE(calls); j++)
		if (!calls[j].void_call)
			ksft_print_msg("%s: %u succeeded\n", calls[j].name,
				       attacks[0].succeeded[j] + attacks[1].succeeded[j]);
	return ok && canaries_live();
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
	ksft_set_plan(early + ARRAY_SIZE(cases) + NR_VICTIMS + NR_SEEDS + 6 +
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
		ksft_test_result(random_calls(i, NR_CALLS, i == NR_SEEDS - 1),
				 "random %u\n", i);
	if (argc > 1) {
		seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
		end = time(NULL) + atoi(argv[1]);
		for (ok = true; ok && time(NULL) < end; seed++) {
			ok = random_calls(seed, 10 * NR_CALLS, false) && same_view();
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
