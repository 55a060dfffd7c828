/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What pkvm_hypercalls makes its calls with: the table of hypercalls, VMs and pages
 * to name in them, wrong addresses, and how to take all back from EL2.
 */
#ifndef SELFTEST_KVM_PKVM_HCALL_VICTIMS_H
#define SELFTEST_KVM_PKVM_HCALL_VICTIMS_H

#include <linux/errno.h>

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
	NONE, HANDLE, INDEX, LOADED_HANDLE, LOADED_INDEX, IPA, LEVEL, COUNT, PFN, KVM,
	VCPU, DONATED, PGD, ZERO,
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
	{ "__pkvm_vcpu_load", { HANDLE, INDEX, ZERO } },
	{ "__pkvm_vcpu_put", {}, true },
	{ "__pkvm_vgic_load", {}, true },
	{ "__pkvm_vgic_put", {}, true },
	{ "__pkvm_vcpu_run", { LOADED_HANDLE, LOADED_INDEX }, false, true },
	{ "__pkvm_adjust_pc", { LOADED_HANDLE, LOADED_INDEX } },
	{ "__pkvm_tlb_flush_vmid_ipa", { HANDLE, IPA, LEVEL }, true },
	{ "__pkvm_tlb_flush_vmid_ipa_nsh", { HANDLE, IPA, LEVEL }, true },
	{ "__pkvm_tlb_flush_vmid", { HANDLE }, true },
	{ "__pkvm_tlb_flush_vmid_range", { HANDLE, IPA, COUNT }, true },
	{ "__pkvm_flush_cpu_context", { HANDLE }, true },
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

/* Write what @mask selects, and return what there was. */
static u64 poke_vcpu(struct kvm_vm *vm, u32 vcpu, const char *name, u64 value, u64 mask)
{
	struct pkvm_test_field_info info;
	u64 old;

	TEST_ASSERT(hostile_find(name, &info), "no %s", name);
	TEST_ASSERT(!hostile_poke(&info, vm, vcpu, 0, value, mask, &old), "not written");
	return old;
}

static void poke(struct victim *v, const char *name, u64 value)
{
	poke_vcpu(v->vm, 0, name, value, ~0UL);
}

static u64 peek(struct kvm_vm *vm, const char *name)
{
	return poke_vcpu(vm, 0, name, 0, 0);
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

#define MAX_BAD		16

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

#endif /* SELFTEST_KVM_PKVM_HCALL_VICTIMS_H */
