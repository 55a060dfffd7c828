// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_memory - memslots of protected VMs, and the memory behind them.
 *
 *  flags		neither a new memslot nor one that exists can be read-only,
 *			log writes or have a guest_memfd: EINVAL
 *  before the run	a memslot can be moved and deleted
 *  delete, move	after the run they are refused: EPERM
 *  add			a memslot that comes after the run works
 *  MADV_DONTNEED, mremap, MAP_FIXED, munmap
 *			of memory that the guest has written to: the guest keeps it,
 *			and what the VMM then finds there is not the guest's
 *  fork		takes the memory from the guest, and does not after
 *			MADV_DONTFORK. The child never sees what the guest wrote
 *  pending tables	in memory that the guest has written to: KVM does not save
 *			the LPIs, EFAULT
 *  ordinary ...	all that is refused here works for another VM
 *
 * After each case but that the guest finds in its memory what it wrote.
 */
#include <sys/wait.h>

#include <linux/sizes.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "gic.h"
#include "gic_v3.h"
#include "vgic.h"

#define SLOT		20
#define NR_PAGES	4
#define GPA		0x40000000UL
#define ADDED_GPA	0x44000000UL
#define MOVED_GPA	0x48000000UL

static size_t page;

struct vm {
	struct probe *p;
	void *memory;
};

static u64 guest_store(struct probe_shared *s, const u64 *args)
{
	u64 i;

	for (i = 0; i < NR_PAGES; i++)
		WRITE_ONCE(*(u64 *)(args[0] + i * args[1]), args[0] + i);
	return 0;
}

/* How many pages do not have what guest_store() wrote? */
static u64 guest_check(struct probe_shared *s, const u64 *args)
{
	u64 i, bad = 0;

	for (i = 0; i < NR_PAGES; i++)
		bad += READ_ONCE(*(u64 *)(args[0] + i * args[1])) != args[0] + i;
	return bad;
}

static bool guest_does(struct vm *v, probe_fn *fn, u64 gpa)
{
	struct probe_shared *s = v->p->shared;
	int ret;

	s->args[0] = gpa;
	s->args[1] = page;
	ret = probe_call(v->p, 0, fn);
	if (!ret && !s->ret)
		return true;
	ksft_print_msg("guest at 0x%lx: %s\n", gpa, ret ? v->p->error : "other contents");
	return false;
}

static int gmem_fd;	/* of another VM, since a protected VM cannot have one */

static int set_slot(struct vm *v, u32 slot, u64 gpa, u64 size, void *mem, u32 flags)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (u64)mem, .guest_memfd = gmem_fd,
	};

	return __vm_ioctl(v->p->vm, KVM_SET_USER_MEMORY_REGION2, &region) ? errno : 0;
}

static int slot(struct vm *v, u64 gpa, u32 flags)
{
	return set_slot(v, SLOT, gpa, NR_PAGES * page, v->memory, flags);
}

static bool is(int err, int want, const char *what)
{
	if (err != want)
		ksft_print_msg("%s: %s\n", what, err ? strerror(err) : "success");
	return err == want;
}

static bool test_flags(struct vm *v)
{
	struct kvm_vm *other = vm_create_barebones();
	bool ok;

	gmem_fd = vm_create_guest_memfd(other, NR_PAGES * page, GUEST_MEMFD_FLAG_MMAP);
	ok = is(slot(v, GPA, KVM_MEM_LOG_DIRTY_PAGES), EINVAL, "log of the slot") &&
	     is(set_slot(v, SLOT + 1, ADDED_GPA, NR_PAGES * page, v->memory,
			 KVM_MEM_LOG_DIRTY_PAGES), EINVAL, "log") &&
	     is(set_slot(v, SLOT + 1, ADDED_GPA, NR_PAGES * page, v->memory,
			 KVM_MEM_READONLY), EINVAL, "read-only") &&
	     is(set_slot(v, SLOT + 1, ADDED_GPA, NR_PAGES * page, v->memory,
			 KVM_MEM_GUEST_MEMFD), EINVAL, "guest_memfd");
	close(gmem_fd);
	kvm_vm_free(other);
	return ok;
}

static bool test_before(struct vm *v)
{
	return is(slot(v, MOVED_GPA, 0), 0, "move") &&
	       is(set_slot(v, SLOT, GPA, 0, v->memory, 0), 0, "delete") &&
	       is(slot(v, GPA, 0), 0, "create again");
}

static bool test_delete(struct vm *v)
{
	return is(set_slot(v, SLOT, GPA, 0, v->memory, 0), EPERM, "delete");
}

static bool test_move(struct vm *v)
{
	return is(slot(v, MOVED_GPA, 0), EPERM, "move");
}

static void *map(void *at)
{
	void *mem = mmap(at, NR_PAGES * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	TEST_ASSERT(mem != MAP_FAILED, "No memory");
	return mem;
}

static bool test_add(struct vm *v)
{
	return is(set_slot(v, SLOT + 1, ADDED_GPA, NR_PAGES * page, map(NULL), 0), 0, "add") &&
	       guest_does(v, guest_store, ADDED_GPA) && guest_does(v, guest_check, ADDED_GPA);
}

/* An access may end in SIGSEGV. It may not show what the guest wrote. */
static bool guest_data_at(void *mem)
{
	bool seen = false;
	int i;

	for (i = 0; i < NR_PAGES; i++)
		if (!access_raises_segv(mem + i * page, false))
			seen |= READ_ONCE(*(u64 *)(mem + i * page)) == GPA + i;
	if (seen)
		ksft_print_msg("the VMM sees what the guest wrote\n");
	return seen;
}

static bool test_dontneed(struct vm *v)
{
	madvise(v->memory, NR_PAGES * page, MADV_DONTNEED);
	return !guest_data_at(v->memory);
}

static bool test_mremap(struct vm *v)
{
	v->memory = mremap(v->memory, NR_PAGES * page, NR_PAGES * page,
			   MREMAP_MAYMOVE | MREMAP_FIXED, map(NULL));
	TEST_ASSERT(v->memory != MAP_FAILED, "mremap: %s", strerror(errno));
	return !guest_data_at(v->memory);
}

static bool test_map_fixed(struct vm *v)
{
	map(v->memory);
	return !guest_data_at(v->memory);
}

static bool test_munmap(struct vm *v)
{
	void *memory = v->memory;

	munmap(memory, NR_PAGES * page);
	v->memory = map(NULL);
	return !guest_data_at(memory) && !guest_data_at(v->memory);
}

static void advise(struct vm *v, int advice)
{
	struct userspace_mem_region *region;
	int i;

	hash_for_each(v->p->vm->regions.slot_hash, i, region, slot_node)
		TEST_ASSERT(!madvise(region->mmap_start, region->mmap_size, advice), "madvise");
	madvise(v->memory, NR_PAGES * page, advice);
}

static bool test_fork(struct vm *v)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(guest_data_at(v->memory));
	return waitpid(pid, &status, 0) == pid && !status;
}

static bool test_dontfork(struct vm *v)
{
	advise(v, MADV_DONTFORK);
	return test_fork(v);
}

/* An LPI of an ITS whose tables are in memory that the guest never touches. */
#define LPI		8192
#define DEVICE		1
#define EVENT		0
#define VALID		BIT(63)
#define ITS_CMDS	ADDED_GPA
#define ITS_TABLES(nr)	(ADDED_GPA + SZ_64K * (1 + (nr)))
#define ITS_SIZE	(5 * SZ_64K)

static void set_redist(struct vm *v, u64 reg, u64 val)
{
	kvm_device_attr_set(v->p->vm->arch.gic_fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, reg, &val);
}

static void set_its(int its, u64 reg, u64 val)
{
	kvm_device_attr_set(its, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, reg, &val);
}

static void pend_lpi(struct vm *v)
{
	const u64 cmds[][4] = {
		{ 0x08 | (u64)DEVICE << 32, 4, VALID | ITS_TABLES(2) },		/* MAPD */
		{ 0x09, 0, VALID },						/* MAPC */
		{ 0x0a | (u64)DEVICE << 32, EVENT | (u64)LPI << 32 },		/* MAPTI */
		{ 0x03 | (u64)DEVICE << 32, EVENT },				/* INT */
	};
	void *mem = mmap(NULL, ITS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	int its = vgic_its_setup(v->p->vm);

	TEST_ASSERT(mem != MAP_FAILED, "No memory");
	TEST_ASSERT(!set_slot(v, SLOT + 1, ADDED_GPA, ITS_SIZE, mem, 0), "slot");
	memcpy(mem, cmds, sizeof(cmds));
	*(u8 *)(mem + ITS_TABLES(3) - ADDED_GPA) = LPI_PROP_ENABLED;
	set_redist(v, GICR_PROPBASER, ITS_TABLES(3) | 15);
	set_redist(v, GICR_PENDBASER, GPA);
	set_redist(v, GICR_CTLR, GICR_CTLR_ENABLE_LPIS);
	set_its(its, GITS_BASER, VALID | ITS_TABLES(0));
	set_its(its, GITS_BASER + 8, VALID | ITS_TABLES(1));
	set_its(its, GITS_CBASER, VALID | ITS_CMDS);
	set_its(its, GITS_CTLR, 1);
	set_its(its, GITS_CWRITER, sizeof(cmds));
	close(its);
}

static int save_pending(struct vm *v)
{
	int gic = v->p->vm->arch.gic_fd;

	return __kvm_device_attr_set(gic, KVM_DEV_ARM_VGIC_GRP_CTRL,
				     KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL) ? errno : 0;
}

static bool test_pending_before(struct vm *v)
{
	return is(save_pending(v), 0, "save") && *((u8 *)v->memory + LPI / 8) == BIT(LPI % 8);
}

/* KVM must not take the page from the guest in order to write to it. */
static bool test_pending(struct vm *v)
{
	return is(save_pending(v), EFAULT, "save");
}

static bool test_ordinary_flags(struct vm *v)
{
	return is(slot(v, GPA, KVM_MEM_LOG_DIRTY_PAGES), 0, "log of the slot") &&
	       is(slot(v, GPA, 0), 0, "no log") &&
	       is(set_slot(v, SLOT + 1, ADDED_GPA, NR_PAGES * page, v->memory,
			   KVM_MEM_READONLY), 0, "read-only");
}

static bool test_ordinary_changes(struct vm *v)
{
	return is(slot(v, MOVED_GPA, 0), 0, "move") &&
	       is(set_slot(v, SLOT, MOVED_GPA, 0, v->memory, 0), 0, "delete") &&
	       is(slot(v, GPA, 0), 0, "create again");
}

static const struct {
	const char *name;
	bool (*fn)(struct vm *v);
	bool before, ordinary, vgic, lost;
} cases[] = {
	{ "flags before the run", test_flags, .before = true },
	{ "before the run", test_before, .before = true },
	{ "flags", test_flags },
	{ "delete", test_delete },
	{ "move", test_move },
	{ "add", test_add },
	{ "MADV_DONTNEED", test_dontneed },
	{ "mremap", test_mremap },
	{ "MAP_FIXED", test_map_fixed },
	{ "munmap", test_munmap },
	{ "fork", test_fork, .lost = true },
	{ "fork after MADV_DONTFORK", test_dontfork },
	{ "pending tables before the run", test_pending_before, .before = true, .vgic = true },
	{ "pending tables", test_pending, .vgic = true },
	{ "ordinary: flags", test_ordinary_flags, .ordinary = true },
	{ "ordinary: delete and move", test_ordinary_changes, .ordinary = true },
};

static bool run_case(unsigned int i)
{
	const struct probe_cfg cfg = { .ordinary = cases[i].ordinary, .vgic = cases[i].vgic };
	struct vm v = { .p = probe_create(&cfg), .memory = map(NULL) };
	struct kvm_vm *vm = v.p->vm;
	bool ok;

	virt_map(vm, GPA, GPA, NR_PAGES * page / vm->page_size);
	virt_map(vm, ADDED_GPA, ADDED_GPA, NR_PAGES * page / vm->page_size);
	ok = is(slot(&v, GPA, 0), 0, "create");
	if (cases[i].vgic)
		pend_lpi(&v);
	if (ok && cases[i].before)
		ok = cases[i].fn(&v) && guest_does(&v, guest_store, GPA);
	else if (ok)
		ok = guest_does(&v, guest_store, GPA) && cases[i].fn(&v);
	ok &= guest_does(&v, guest_check, GPA) != cases[i].lost;
	probe_free(v.p);

	return ok;
}

int main(void)
{
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());

	page = getpagesize();
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ksft_test_result(run_case(i), "%s\n", cases[i].name);
	ksft_finished();
}
