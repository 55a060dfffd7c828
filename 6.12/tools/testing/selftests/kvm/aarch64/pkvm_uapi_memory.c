// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_memory - memslots of protected VMs and of others, as the guest finds them.
 *
 * Audit map: case -> rule. Each is run in a protected VM and in an ordinary one,
 * with accesses of the guest before and after what userspace does.
 *
 *  log			KVM_GET_DIRTY_LOG has the pages that the guest has written
 *			since the last time, and no others
 *  log from now on	KVM_MEM_LOG_DIRTY_PAGES for memory that the guest could write
 *			already
 *  log no more		without the flag, there is no log, and the guest writes on
 *  read-only		KVM_MEM_READONLY: a read has the memory, a write is an exit
 *			and changes nothing
 *  read-only instead	memory that the guest could write comes back read-only
 *  deleted		a slot that is deleted is gone for the guest at once
 *  moved		at its new address the slot has what it had, at the old one
 *			there is nothing
 *  discarded		the guest does not keep a page that the process gave up
 *
 * Whether the flags are accepted is in pkvm_uapi.
 *
 * Not tested: that EL2 invalidates what the TLB has of stage 2. QEMU's TLB forgets
 * that at each exit, so that the cases pass without.
 *
 * Without protected mode there are ordinary VMs only.
 *
 * Rules: contract, section 8; protected-vm-uapi.rst.
 */
#include "pkvm_uapi.h"

#define SLOT		20
#define NR_PAGES	16
#define GPA		0x40000000UL
#define MOVED_GPA	0x48000000UL
#define WRITE		BIT(0)

static u8 *memory;
static size_t page;

/* Told an address to read, say what is there. Told one to write, write it there. */
static void guest(void)
{
	for (;;) {
		u64 what = guest_ask(0);
		u64 *addr = (u64 *)(what & ~WRITE);

		if (what & WRITE)
			WRITE_ONCE(*addr, what);
		else
			GUEST_REPORT(0, READ_ONCE(*addr));
	}
}

static int slot_at(struct uapi_vm *v, u64 gpa, size_t size, u32 flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (u64)memory,
	};

	return uapi_errno(__vm_ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &region));
}

static int slot(struct uapi_vm *v, u32 flags)
{
	return slot_at(v, GPA, NR_PAGES * page, flags);
}

static u64 at(u64 gpa, unsigned int nr)
{
	return gpa + nr * page;
}

/* What the memory of the slot has there. */
static u64 *backing(unsigned int nr)
{
	return (u64 *)(memory + nr * page);
}

static bool failed(const struct guest_report *report, u64 what)
{
	ksft_print_msg("guest at 0x%lx: %s\n", what, report->what);
	return false;
}

static bool asks(struct uapi_vm *v, u64 what)
{
	struct guest_report report;

	__vcpu_next_report(v->vcpu, &report);
	return report.kind == REPORT_ASK || failed(&report, what);
}

static bool store(struct uapi_vm *v, u64 addr)
{
	vcpu_answer(v->vcpu, addr | WRITE);
	return asks(v, addr);
}

static bool load(struct uapi_vm *v, u64 addr, u64 want)
{
	struct guest_report report;

	vcpu_answer(v->vcpu, addr);
	__vcpu_next_report(v->vcpu, &report);
	if (report.kind != REPORT_VALUES)
		return failed(&report, addr);
	if (report.args[0] == want)
		return asks(v, addr);
	ksft_print_msg("0x%lx at 0x%lx, not 0x%lx\n", report.args[0], addr, want);
	return false;
}

/* The access is an exit for the VMM, which completes it. */
static bool exits(struct uapi_vm *v, u64 what)
{
	struct kvm_run *run = v->vcpu->run;
	const u64 data = 0x0123456789abcdef;
	struct guest_report report;
	bool write = what & WRITE;

	vcpu_answer(v->vcpu, what);
	__vcpu_next_report(v->vcpu, &report);
	if (report.kind != REPORT_EXIT || run->exit_reason != KVM_EXIT_MMIO ||
	    run->mmio.is_write != write || run->mmio.phys_addr != (what & ~WRITE)) {
		ksft_print_msg("no exit at 0x%lx: %s\n", what, report.what);
		return false;
	}
	if (write)
		return *(u64 *)run->mmio.data == what && asks(v, what);

	memcpy(run->mmio.data, &data, sizeof(data));
	__vcpu_next_report(v->vcpu, &report);
	return report.kind == REPORT_VALUES && report.args[0] == data && asks(v, what);
}

static bool log_is(struct uapi_vm *v, u64 want)
{
	u64 bitmap[2] = {};
	struct kvm_dirty_log log = { .slot = SLOT, .dirty_bitmap = bitmap };
	int err = uapi_errno(__vm_ioctl(v->vm, KVM_GET_DIRTY_LOG, &log));

	if (!err && bitmap[0] == want)
		return true;
	ksft_print_msg("the log: %s, 0x%lx, not 0x%lx\n", uapi_describe(err), bitmap[0], want);
	return false;
}

static bool test_log(struct uapi_vm *v)
{
	return !slot(v, KVM_MEM_LOG_DIRTY_PAGES) && log_is(v, 0) &&
	       store(v, at(GPA, 3)) && log_is(v, BIT(3)) && log_is(v, 0) &&
	       load(v, at(GPA, 5), 0) && log_is(v, 0) &&
	       store(v, at(GPA, 3)) && store(v, at(GPA, 15)) && log_is(v, BIT(3) | BIT(15));
}

static bool test_log_from_now_on(struct uapi_vm *v)
{
	unsigned int i;

	if (slot(v, 0))
		return false;
	for (i = 0; i < NR_PAGES; i++)
		if (!store(v, at(GPA, i)))
			return false;
	return !slot(v, KVM_MEM_LOG_DIRTY_PAGES) && store(v, at(GPA, 2)) && log_is(v, BIT(2));
}

static bool test_log_no_more(struct uapi_vm *v)
{
	u64 bitmap[2] = {};
	struct kvm_dirty_log log = { .slot = SLOT, .dirty_bitmap = bitmap };

	return !slot(v, KVM_MEM_LOG_DIRTY_PAGES) && store(v, at(GPA, 1)) && !slot(v, 0) &&
	       store(v, at(GPA, 1)) && store(v, at(GPA, 2)) &&
	       uapi_errno(__vm_ioctl(v->vm, KVM_GET_DIRTY_LOG, &log)) == ENOENT;
}

static bool test_readonly(struct uapi_vm *v)
{
	*backing(4) = 0x600d;
	return !slot(v, KVM_MEM_READONLY) && load(v, at(GPA, 4), 0x600d) &&
	       exits(v, at(GPA, 4) | WRITE) && load(v, at(GPA, 4), 0x600d) &&
	       *backing(4) == 0x600d;
}

/* The flag cannot change while there is the slot. */
static bool test_readonly_instead(struct uapi_vm *v)
{
	return !slot(v, 0) && store(v, at(GPA, 4)) &&
	       slot(v, KVM_MEM_READONLY) == EINVAL &&
	       !slot_at(v, GPA, 0, 0) && !slot(v, KVM_MEM_READONLY) &&
	       exits(v, at(GPA, 4) | WRITE) && load(v, at(GPA, 4), at(GPA, 4) | WRITE);
}

static bool test_deleted(struct uapi_vm *v)
{
	return !slot(v, 0) && store(v, at(GPA, 6)) && !slot_at(v, GPA, 0, 0) &&
	       exits(v, at(GPA, 6)) && exits(v, at(GPA, 6) | WRITE) &&
	       *backing(6) == (at(GPA, 6) | WRITE);
}

static bool test_moved(struct uapi_vm *v)
{
	return !slot(v, 0) && store(v, at(GPA, 7)) &&
	       !slot_at(v, MOVED_GPA, NR_PAGES * page, 0) &&
	       exits(v, at(GPA, 7)) && load(v, at(MOVED_GPA, 7), at(GPA, 7) | WRITE);
}

static bool test_discarded(struct uapi_vm *v)
{
	return !slot(v, 0) && store(v, at(GPA, 8)) &&
	       !madvise(memory, NR_PAGES * page, MADV_DONTNEED) &&
	       load(v, at(GPA, 8), 0) && store(v, at(GPA, 8)) &&
	       *backing(8) == (at(GPA, 8) | WRITE);
}

static const struct {
	const char *name;
	bool (*fn)(struct uapi_vm *v);
} cases[] = {
	{ "log", test_log }, { "log from now on", test_log_from_now_on },
	{ "log no more", test_log_no_more }, { "read-only", test_readonly },
	{ "read-only instead", test_readonly_instead }, { "deleted", test_deleted },
	{ "moved", test_moved }, { "discarded", test_discarded },
};

static bool run_case(unsigned int i, enum uapi_kind kind)
{
	struct uapi_vm v = uapi_create_guest(kind, false, guest);
	size_t size = NR_PAGES * page;
	bool ok;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(memory != MAP_FAILED, "no memory");
	virt_map(v.vm, GPA, GPA, size / v.vm->page_size);
	virt_map(v.vm, MOVED_GPA, MOVED_GPA, size / v.vm->page_size);

	ok = asks(&v, 0) && cases[i].fn(&v);
	uapi_free(&v);
	munmap(memory, size);
	return ok;
}

int main(void)
{
	bool have_protected = kvm_has_protected_vms();
	enum uapi_kind kind;
	unsigned int i;

	page = getpagesize();
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases) * UAPI_NR_KINDS);
	for (kind = 0; kind < UAPI_NR_KINDS; kind++) {
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			if (kind == UAPI_PROTECTED && !have_protected)
				ksft_test_result_skip("%s: %s: KVM is not in protected mode\n",
						      uapi_kind_names[kind], cases[i].name);
			else
				ksft_test_result(run_case(i, kind), "%s: %s\n",
						 uapi_kind_names[kind], cases[i].name);
		}
	}
	ksft_finished();
}
