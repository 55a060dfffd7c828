// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_teardown - memory of a protected VM under attack, until the VM is gone.
 *
 *  vmm ACCESS		an access of the VMM's to a page that the guest has is a
 *			SIGSEGV, whatever it maps there the guest keeps its page, and
 *			another VM does not get it
 *  kernel ACCESS	an access of the host's kernel finds zeros, or fails; by the
 *			first, the guest loses its page, and dies with EFAULT
 *  page: OPERATION	no hypercall of the host's gets a page of a guest
 *  zeroed		all pages of a VM come back, and with zeros, however it ends
 *  two owners		of two CPUs that give one page to two VMs, one succeeds
 *  twice at once	of two CPUs that tear down one VM, one succeeds
 *  two of one kvm	two VMs that share a struct kvm go at once on two CPUs
 *  during a run	a VM of which a vCPU runs on another CPU stays. Once it is
 *			gone, the vCPU does not run any more
 *  before a run	nor does it if the VM goes between two runs
 *  entering		teardown against an endless row of hypercalls that load, run
 *			and put: each has its turn
 *  stale owner		a page that is left behind with a VM is nobody else's, when
 *			another VM has the same handle
 *  other VM		a protected VM beside all this has the view that it had
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sizes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "arm64/hostile.h"
#include "arm64/small_vm.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_PAGES	32
#define NR_ROUNDS	60
#define GFN		1
#define PROT_RWX	15	/* KVM_PGTABLE_PROT_RWX */

static u64 page_size;

static bool is(const char *what, s64 got, s64 want)
{
	if (got != want)
		ksft_print_msg("%s: %ld, not %ld\n", what, got, want);
	return got == want;
}

/* The host gets an error for what EL2 does not give away. */
static bool is_refused(const char *what, s64 got)
{
	if (got >= 0)
		ksft_print_msg("%s: %ld is no error\n", what, got);
	return got < 0;
}

/* What the VMM does to page 1 of a guest, which has to keep page 2 as well */

static u64 gpa_of(unsigned int page)
{
	return SMALL_VM_GPA + page * page_size;
}

static bool guest_has_page(struct small_vm *vm, unsigned int page)
{
	u64 value = 0;
	int ret = small_vm_peek(vm, gpa_of(page), &value);

	return is("peek", ret, 0) && is("the guest's page", value, SMALL_VM_PATTERN);
}

static bool vmm_read(struct small_vm *vm, void *mem)
{
	return access_raises_segv(mem + page_size, false);
}

static bool vmm_write(struct small_vm *vm, void *mem)
{
	return access_raises_segv(mem + page_size, true);
}

static bool vmm_discard(struct small_vm *vm, void *mem)
{
	madvise(mem + page_size, page_size, MADV_DONTNEED);
	madvise(mem + page_size, page_size, MADV_REMOVE);
	return true;
}

static bool vmm_remap(struct small_vm *vm, void *mem)
{
	void *at = mmap(mem + page_size, page_size, PROT_READ | PROT_WRITE,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(u64 *)at = ~0UL;
	return at == mem + page_size;
}

static bool vmm_unmap(struct small_vm *vm, void *mem)
{
	return !munmap(mem + page_size, page_size);
}

static bool to_other_vm(void *mem, unsigned long type)
{
	struct small_vm other;
	bool ok;

	/* The new VM's first instruction is in a page that the other VM has. */
	ok = !small_vm_make(&other, type, mem, NR_PAGES, false) &&
	     is_refused("another VM", small_vm_start(&other));
	small_vm_close(&other);
	return ok;
}

static bool vmm_second_protected_vm(struct small_vm *vm, void *mem)
{
	return to_other_vm(mem, KVM_VM_TYPE_ARM_PROTECTED);
}

static bool vmm_second_ordinary_vm(struct small_vm *vm, void *mem)
{
	return to_other_vm(mem, 0);
}

static const struct {
	const char *name;
	bool (*access)(struct small_vm *vm, void *mem);
} vmm_accesses[] = {
	{ "read", vmm_read },
	{ "write", vmm_write },
	{ "discard", vmm_discard },
	{ "remap", vmm_remap },
	{ "unmap", vmm_unmap },
	{ "second protected VM", vmm_second_protected_vm },
	{ "second ordinary VM", vmm_second_ordinary_vm },
};

static bool vmm_access(unsigned int nr)
{
	void *mem = small_vm_alloc(NR_PAGES);
	struct small_vm vm;
	bool ok;

	ok = !small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, false) &&
	     !small_vm_start(&vm) && vmm_accesses[nr].access(&vm, mem) &&
	     guest_has_page(&vm, 1) && guest_has_page(&vm, 2);
	small_vm_close(&vm);
	munmap(mem, NR_PAGES * page_size);
	return ok;
}

/* The host's kernel gets zeros or an error, but not what the guest wrote. */
static bool kernel_access(bool write)
{
	void *mem = small_vm_alloc(NR_PAGES);
	int fd = open("/proc/self/mem", O_RDWR);
	u64 value = 0, at = (u64)mem + page_size;
	struct small_vm vm;
	ssize_t size;
	bool ok;

	ok = !small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, false) &&
	     !small_vm_start(&vm);
	size = write ? pwrite(fd, &value, sizeof(value), at) :
		       pread(fd, &value, sizeof(value), at);
	ksft_print_msg("%s: %zd bytes, 0x%lx\n", write ? "pwrite" : "pread", size, value);
	ok &= !value && guest_has_page(&vm, 2);
	if (size > 0)
		ok &= is("the guest", small_vm_peek(&vm, gpa_of(1), &value), -EFAULT);
	close(fd);
	small_vm_close(&vm);
	munmap(mem, NR_PAGES * page_size);
	return ok;
}

/* End a process that has a VM: it closes all, exits, or runs the guest until it is killed. */
static void end_vm(struct small_vm *vm, unsigned int how)
{
	u64 value;

	if (!how)
		small_vm_close(vm);
	if (how == 2)
		small_vm_peek(vm, SMALL_VM_LOOP, &value);
	_exit(0);
}

static bool zeroed(unsigned int how)
{
	u64 *mem = small_vm_alloc(NR_PAGES), i;
	int status, ready[2];
	bool ok = true;
	char c = 0;
	pid_t pid;

	TEST_ASSERT(!pipe(ready), "no pipe");
	pid = fork();
	if (!pid) {
		struct small_vm vm;

		if (small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, how & 1) ||
		    small_vm_start(&vm) || write(ready[1], "x", 1) != 1)
			_exit(1);
		end_vm(&vm, how);
	}
	close(ready[1]);
	ok = read(ready[0], &c, 1) == 1;
	close(ready[0]);
	if (how == 2)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (i = 0; ok && i < NR_PAGES * page_size / sizeof(*mem); i++)
		if (mem[i])
			ok = is("page", i * sizeof(*mem) / page_size, -1);
	munmap(mem, NR_PAGES * page_size);
	return ok;
}

/* A VM that only EL2 knows, with pages for the tables of its stage 2. */
struct owner {
	struct bare_vm vm;
	struct hostile_pages tables;
};

static void owner_make(struct owner *o, bool protected)
{
	bare_vm_reserve(&o->vm, protected);
	TEST_ASSERT(!bare_vm_init(&o->vm), "no VM");
	o->tables = hostile_get_pages(8 * page_size);
	bare_vm_fill_memcache(&o->vm, &o->tables);
}

static bool owner_free(struct owner *o)
{
	bool ok = bare_vm_free(&o->vm);

	hostile_put_pages(&o->tables);
	return ok;
}

static s64 donate(struct owner *o, const struct hostile_pages *page, u64 gfn)
{
	return bare_vm_hvc(&o->vm, "__pkvm_host_donate_guest", page->pa / page_size, gfn, 0, 0);
}

static s64 reclaim(struct owner *o, u64 gfn)
{
	return hostile_hvc("__pkvm_reclaim_dying_guest_page", o->vm.handle, gfn, 0);
}

static struct hostile_pages pattern_page(void)
{
	struct hostile_pages page = hostile_get_pages(page_size);
	u64 at;

	for (at = 0; at < page_size; at += SZ_256)
		hostile_write(page.va + at, SMALL_VM_PATTERN, 8);
	return page;
}

static bool cannot_access(const struct hostile_pages *page)
{
	struct hostile_step steps[] = {
		{ .op = HOSTILE_READ, .at = page->va, .size = 8 },
		hostile_write_step(page->va, 0, 8),
	};

	TEST_ASSERT(!hostile_run_steps(steps, 2), "no steps");
	return is("read", steps[0].err, -EFAULT) && is("write", steps[1].err, -EFAULT);
}

static bool is_zeroed(const struct hostile_pages *page)
{
	bool ok = true;
	u64 at;

	for (at = 0; ok && at < page->size; at += SZ_256)
		ok = is("reclaimed", hostile_read(page->va + at, 8), 0);
	return ok;
}

/* Offer EL2 a page that a guest has for the tables of another VM. */
static s64 as_table(struct owner *o, const struct hostile_pages *page)
{
	struct hostile_pages mine = pattern_page();
	struct hostile_datum mc = hostile_datum("vcpu.arch.pkvm_memcache");
	s64 ret;

	hostile_write(o->vm.vcpu.va + mc.value, page->pa, 8);
	hostile_write(o->vm.vcpu.va + mc.value + 8, 64, 8);
	ret = donate(o, &mine, 2);
	hostile_put_pages(&mine);
	return ret;
}

static void test_page(void)
{
	struct hostile_pages page = pattern_page();
	u64 pfn = page.pa / page_size;
	struct owner o, other, np;
	struct bare_vm none;
	bool ok;

	owner_make(&o, true);
	owner_make(&other, true);
	owner_make(&np, false);
	bare_vm_reserve(&none, true);
	ok = is("donate", donate(&o, &page, GFN), 0);
	ksft_test_result(ok && cannot_access(&page), "page: donate\n");
	ksft_test_result(is_refused("share", hostile_share_page(page.pa)) &&
			 is_refused("unshare", hostile_unshare_page(page.pa)),
			 "page: share with EL2\n");
	ok = is_refused("vm", hostile_hvc("__pkvm_init_vm", none.kvm.va, page.va, none.pgd.va)) &&
	     is_refused("pgd", hostile_hvc("__pkvm_init_vm", none.kvm.va, none.hyp_vm.va,
					   page.va)) &&
	     is_refused("kvm", hostile_hvc("__pkvm_init_vm", page.va, none.hyp_vm.va,
					   none.pgd.va)) &&
	     is_refused("vcpu", hostile_hvc("__pkvm_init_vcpu", other.vm.handle,
					    none.vcpu.va, page.va));
	ksft_test_result(ok, "page: donate to EL2\n");
	ok = is_refused("same VM", donate(&o, &page, GFN + 1)) &&
	     is_refused("same page", donate(&o, &page, GFN)) &&
	     is_refused("other VM", donate(&other, &page, GFN)) &&
	     is_refused("ordinary VM", bare_vm_hvc(&np.vm, "__pkvm_host_share_guest", pfn, GFN,
						   1, PROT_RWX)) &&
	     is_refused("its own", bare_vm_hvc(&o.vm, "__pkvm_host_share_guest", pfn, GFN, 1,
					       PROT_RWX));
	ksft_test_result(ok, "page: another guest\n");
	ok = is_refused("unshare", hostile_hvc("__pkvm_host_unshare_guest", o.vm.handle, GFN, 1)) &&
	     is_refused("wrprotect", hostile_hvc("__pkvm_host_wrprotect_guest", o.vm.handle, GFN,
						 1)) &&
	     is_refused("young", hostile_hvc("__pkvm_host_test_clear_young_guest", o.vm.handle,
					     GFN, 1)) &&
	     is_refused("relax", bare_vm_hvc(&o.vm, "__pkvm_host_relax_perms_guest", GFN,
					     PROT_RWX, 0, 0)) &&
	     is_refused("mkyoung", bare_vm_hvc(&o.vm, "__pkvm_host_mkyoung_guest", GFN, 0, 0, 0));
	ksft_test_result(ok, "page: calls for ordinary VMs\n");
	ksft_test_result(is_refused("table", as_table(&other, &page)), "page: table\n");
	ok = is_refused("living", reclaim(&o, GFN)) &&
	     is_refused("other", reclaim(&other, GFN)) && cannot_access(&page);
	ksft_test_result(ok, "page: reclaim from the living\n");

	ok = is("teardown", hostile_hvc("__pkvm_start_teardown_vm", o.vm.handle, 0, 0), 0) &&
	     is_refused("dying", donate(&o, &page, GFN + 1)) && cannot_access(&page) &&
	     is("reclaim", reclaim(&o, GFN), 0) && is_refused("again", reclaim(&o, GFN)) &&
	     is_zeroed(&page);
	ksft_test_result(ok, "page: reclaim from the dying\n");
	/* The teardown has been started already. */
	ok = is("end", hostile_hvc("__pkvm_finalize_teardown_vm", o.vm.handle, 0, 0), 0);
	owner_free(&o);
	ok &= owner_free(&other);
	ok &= owner_free(&np);
	bare_vm_free(&none);
	ksft_test_result(ok, "page: the VMs go\n");
	hostile_put_pages(&page);
}

/* A thread on a CPU of its own. The alarms of the probe are for the main thread. */
struct attacker {
	pthread_t thread;
	void (*attack)(struct attacker *a);
	struct owner *owner;
	struct small_vm *small;
	struct hostile_step steps[3];
	unsigned int nr_steps, cpu;
	s64 handle, last;
	bool stop;
	unsigned int refused, done;
};

static pthread_barrier_t barrier;

static void *attacker_main(void *arg)
{
	struct attacker *a = arg;
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pin_self_to_cpu(a->cpu);
	a->attack(a);
	return NULL;
}

static void start(struct attacker *a)
{
	TEST_ASSERT(!pthread_create(&a->thread, NULL, attacker_main, a), "no thread");
}

static void at_once(struct attacker *a)
{
	pthread_barrier_wait(&barrier);
	TEST_ASSERT(!hostile_run_steps(a->steps, a->nr_steps), "no steps");
}

static void both_at_once(struct attacker *a)
{
	for (unsigned int i = 0; i < 2; i++) {
		a[i].attack = at_once;
		a[i].cpu = i;
		start(&a[i]);
	}
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(a[i].thread, NULL);
}

static bool two_owners(void)
{
	struct hostile_pages page = pattern_page();
	struct owner o[2];
	unsigned int i, n, winner;
	bool ok = true;

	for (n = 0; ok && n < NR_ROUNDS; n++) {
		struct attacker a[2] = {};

		for (i = 0; i < 2; i++) {
			owner_make(&o[i], true);
			a[i].nr_steps = 3;
			a[i].steps[0] = hostile_hvc_step("__pkvm_vcpu_load", o[i].vm.handle, 0, 0);
			a[i].steps[1] = hostile_hvc_step("__pkvm_host_donate_guest",
							 page.pa / page_size, GFN, 0);
			a[i].steps[2] = hostile_hvc_step("__pkvm_vcpu_put", 0, 0, 0);
		}
		both_at_once(a);
		winner = !!a[0].steps[1].x[1];
		ok &= !a[winner].steps[1].x[1] &&
		      is_refused("second owner", a[!winner].steps[1].x[1]);
		ok &= !hostile_hvc("__pkvm_start_teardown_vm", o[winner].vm.handle, 0, 0) &&
		      !reclaim(&o[winner], GFN) &&
		      !hostile_hvc("__pkvm_finalize_teardown_vm", o[winner].vm.handle, 0, 0);
		owner_free(&o[winner]);
		ok &= owner_free(&o[!winner]);
	}
	hostile_put_pages(&page);
	return ok;
}

static bool twice_at_once(const char *first, const char *second)
{
	unsigned int i, n;
	bool ok = true;

	for (n = 0; ok && n < NR_ROUNDS; n++) {
		struct attacker a[2] = {};
		struct bare_vm vm;

		bare_vm_reserve(&vm, true);
		ok &= !bare_vm_init(&vm);
		for (i = 0; i < 2; i++) {
			a[i].nr_steps = 2;
			a[i].steps[0] = hostile_hvc_step(first, vm.handle, 0, 0);
			a[i].steps[1] = hostile_hvc_step(second, vm.handle, 0, 0);
		}
		both_at_once(a);
		for (i = 0; i < 2; i++)
			ok &= is("succeeded", !a[0].steps[i].x[1] + !a[1].steps[i].x[1], 1);
		bare_vm_free(&vm);
	}
	return ok;
}

static bool two_of_one_kvm(void)
{
	unsigned int i, n;
	bool ok = true;

	for (n = 0; ok && n < NR_ROUNDS; n++) {
		struct attacker a[2] = {};
		struct bare_vm vm[2];
		struct hostile_pages kvm;

		for (i = 0; i < 2; i++)
			bare_vm_reserve(&vm[i], true);
		kvm = vm[1].kvm;
		vm[1].kvm = vm[0].kvm;
		for (i = 0; i < 2; i++) {
			hostile_poke(vm[i].kvm.va, "kvm.arch.pkvm.handle", vm[i].handle);
			ok &= !bare_vm_init(&vm[i]);
			a[i].nr_steps = 2;
			a[i].steps[0] = hostile_hvc_step("__pkvm_start_teardown_vm",
							 vm[i].handle, 0, 0);
			a[i].steps[1] = hostile_hvc_step("__pkvm_finalize_teardown_vm",
							 vm[i].handle, 0, 0);
		}
		both_at_once(a);
		for (i = 0; i < 2; i++)
			ok &= is("start", a[i].steps[0].x[1], 0) &&
			      is("end", a[i].steps[1].x[1], 0);
		vm[1].kvm = kvm;
		bare_vm_free(&vm[0]);
		bare_vm_free(&vm[1]);
	}
	return ok;
}

static void nothing(int sig)
{
}

static void run_guest(struct attacker *a)
{
	u64 value;

	a->last = small_vm_peek(a->small, SMALL_VM_LOOP, &value);
}

/* Return whether the attacker met the vCPU, or the case failed. */
static bool during_one_run(bool *ok)
{
	void *mem = small_vm_alloc(NR_PAGES);
	struct kvm_vm shell = {};
	struct small_vm vm;
	struct attacker a = { .attack = run_guest, .cpu = 1, .small = &vm };
	u64 kvm, handle;
	bool gone = false;
	unsigned int i;

	*ok = !small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, true) &&
	      !small_vm_start(&vm);
	shell.fd = vm.fd;
	kvm = hostile_object(&shell, -1);
	handle = hostile_peek(kvm, "kvm.arch.pkvm.handle");
	start(&a);
	usleep(100000);
	for (i = 0; i < 1000 && !gone; i++) {
		gone = !hostile_hvc("__pkvm_start_teardown_vm", handle, 0, 0);
		a.refused += !gone;
	}
	/* KVM would start the teardown once more, and warn. */
	if (gone)
		hostile_poke(kvm, "kvm.arch.pkvm.is_dying", true);
	pthread_kill(a.thread, SIGUSR1);
	pthread_join(a.thread, NULL);
	ksft_print_msg("%u times refused, %s; the run: %ld\n", a.refused,
		       gone ? "then gone" : "never gone", a.last);
	*ok &= a.last == -EINTR || (gone && a.last == -EINVAL);
	if (gone)
		*ok &= is_refused("another run", small_vm_start(&vm));
	small_vm_close(&vm);
	munmap(mem, NR_PAGES * page_size);
	return a.refused || !*ok;
}

/* If the vCPU does not happen to run, the VM goes at once: try again. */
static bool during_run(void)
{
	bool ok, met = false;
	unsigned int i;

	for (i = 0, ok = true; ok && !met && i < 5; i++)
		met = during_one_run(&ok);
	return ok && met;
}

/* If the VM is gone between two runs, KVM cannot run the vCPU any more. */
static bool before_run(void)
{
	void *mem = small_vm_alloc(NR_PAGES);
	struct kvm_vm shell = {};
	struct small_vm vm;
	u64 kvm, value;
	bool ok;

	ok = !small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, true) &&
	     !small_vm_start(&vm);
	shell.fd = vm.fd;
	kvm = hostile_object(&shell, -1);
	ok &= is("teardown", hostile_hvc("__pkvm_start_teardown_vm",
					 hostile_peek(kvm, "kvm.arch.pkvm.handle"), 0, 0), 0);
	hostile_poke(kvm, "kvm.arch.pkvm.is_dying", true);
	ok &= is("run", small_vm_peek(&vm, gpa_of(1), &value), -EINVAL);
	small_vm_close(&vm);
	munmap(mem, NR_PAGES * page_size);
	return ok;
}

static void run_until_stopped(struct attacker *a)
{
	struct bare_vm *vm = &a->owner->vm;
	struct hostile_step steps[BARE_VM_RUN_STEPS];

	while (!READ_ONCE(a->stop)) {
		bare_vm_run_steps(READ_ONCE(a->handle), vm->vcpu.va, steps);
		TEST_ASSERT(!hostile_run_steps(steps, ARRAY_SIZE(steps)), "no run");
		a->last = bare_vm_exit(&steps[1]);
		if (a->last >= 0)
			WRITE_ONCE(a->done, a->done + 1);
		else
			a->refused++;
	}
}

static bool entering(void)
{
	struct owner o;
	struct attacker runner = { .attack = run_until_stopped, .cpu = 1, .owner = &o };
	unsigned int n, busy = 0, done;
	bool ok = true;

	/* One VM after the other gets this vCPU, which the runner runs all the time. */
	bare_vm_reserve(&o.vm, true);
	start(&runner);
	for (n = 0; ok && n < NR_ROUNDS; n++) {
		done = READ_ONCE(runner.done);
		ok = !bare_vm_init(&o.vm);
		WRITE_ONCE(runner.handle, o.vm.handle);
		while (ok && READ_ONCE(runner.done) == done)
			sched_yield();
		while (ok && hostile_hvc("__pkvm_start_teardown_vm", o.vm.handle, 0, 0))
			busy++;
		ok &= is("end", hostile_hvc("__pkvm_finalize_teardown_vm", o.vm.handle, 0, 0), 0);
		o.vm.handle = hostile_hvc("__pkvm_reserve_vm", 0, 0, 0);
		hostile_poke(o.vm.kvm.va, "kvm.arch.pkvm.handle", o.vm.handle);
	}
	WRITE_ONCE(runner.stop, true);
	pthread_join(runner.thread, NULL);
	ksft_print_msg("teardown: %u times busy; runs: %u, refused: %u\n", busy, runner.done,
		       runner.refused);
	bare_vm_free(&o.vm);
	return ok;
}

/* The host loses the first page for good, since it did not take it back from the VM. */
static bool stale_owner(void)
{
	struct hostile_pages old = pattern_page(), page = pattern_page();
	struct owner o, next;
	bool ok;

	owner_make(&o, true);
	ok = is("donate", donate(&o, &old, GFN), 0);
	ok &= owner_free(&o);
	owner_make(&next, true);
	ok &= is("handle", next.vm.handle, o.vm.handle) &&
	      is("donate", donate(&next, &page, GFN), 0);
	ok &= is_refused("force", hostile_hvc("__pkvm_force_reclaim_guest_page", old.pa, 0, 0)) &&
	      cannot_access(&old) && cannot_access(&page);
	ok &= is("force", hostile_hvc("__pkvm_force_reclaim_guest_page", page.pa, 0, 0), 0) &&
	      is_zeroed(&page);
	ok &= owner_free(&next);
	hostile_put_pages(&page);
	return ok;
}

int main(void)
{
	struct probe_cfg cfg = { .vgic = true };
	struct probe_view before;
	struct probe *bystander;
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(sysconf(_SC_NPROCESSORS_ONLN) > 1);
	ksft_print_header();
	hostile_open();
	ksft_set_plan(ARRAY_SIZE(vmm_accesses) + 2 + 3 + 9 + 7 + 1);
	page_size = getpagesize();
	signal(SIGUSR1, nothing);
	pthread_barrier_init(&barrier, NULL, 2);
	pin_self_to_cpu(0);
	/* Fork before there is a bystander: fork() would take the pages from its guest. */
	for (i = 0; i < 3; i++)
		ksft_test_result(zeroed(i), "zeroed: %s\n",
				 i == 0 ? "closed" : i == 1 ? "exit" : "killed in a run");
	bystander = probe_create(&cfg);
	TEST_ASSERT(!probe_take_view(bystander, &before), "no view: %s", bystander->error);

	for (i = 0; i < ARRAY_SIZE(vmm_accesses); i++)
		ksft_test_result(vmm_access(i), "vmm %s\n", vmm_accesses[i].name);
	for (i = 0; i < 2; i++)
		ksft_test_result(kernel_access(i), "kernel %s\n", i ? "write" : "read");
	test_page();
	ksft_test_result(two_owners(), "two owners\n");
	ksft_test_result(twice_at_once("__pkvm_start_teardown_vm", "__pkvm_finalize_teardown_vm"),
			 "twice at once\n");
	ksft_test_result(two_of_one_kvm(), "two of one kvm\n");
	ksft_test_result(during_run(), "during a run\n");
	ksft_test_result(before_run(), "before a run\n");
	ksft_test_result(entering(), "entering\n");
	ksft_test_result(stale_owner(), "stale owner\n");
	ksft_test_result(probe_same_view(bystander, &before), "other VM\n");
	probe_free(bystander);

	ksft_finished();
}
