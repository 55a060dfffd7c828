// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_no_leak - what goes wrong with a VM costs neither the host nor EL2 anything
 *
 *  limit		as many VMs as EL2 has handles for run; one more is refused; all
 *			can be made again afterwards
 *  vCPUs		a VM with many vCPUs, each of which EL2 knows, goes
 *  KIND allocation	the n-th allocation of memory fails, for each n on the way to
 *			a vCPU that ran: the VM is refused with ENOMEM, or works, and
 *			goes. Needs CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC
 *  KIND locked memory	a guest that may not have that many pages gets an error, and
 *			goes
 *  refused by EL2	VMs that EL2 refuses at any step of their creation
 *  signals		a process dies while it makes VMs
 *  close during run	all file descriptors go while a vCPU runs
 *  shared pages	no page that was a vCPU's is still shared with EL2
 *  limit again		EL2 still has all of its handles
 *  memory		the host has the memory that it had, and so EL2 has given all
 *			back that it got
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "arm64/hostile.h"
#include "arm64/small_vm.h"
#include "kselftest.h"
#include "pvm.h"

#define EL2_HANDLES	255
#define NR_PAGES	4
#define NR_VCPUS	64
#define NR_VMS		100
#define MAX_FAILURES	2000
#define MAX_LOST_KB	4096	/* caches of the host's */

static void *mem;

static int make(struct small_vm *vm, bool protected, bool gic)
{
	int ret;

	small_vm_write_code(mem);
	ret = small_vm_make(vm, protected ? KVM_VM_TYPE_ARM_PROTECTED : 0, mem, NR_PAGES, gic);
	return ret ?: small_vm_start(vm);
}

static bool limit(void)
{
	static struct small_vm vms[EL2_HANDLES + 1];
	void *pages[EL2_HANDLES + 1];
	unsigned int i, nr;
	int ret = 0;

	/* Each VM needs pages of its own. */
	for (nr = 0; !ret && nr < ARRAY_SIZE(vms); nr++) {
		pages[nr] = small_vm_alloc(2);
		ret = small_vm_make(&vms[nr], nr % 2 ? KVM_VM_TYPE_ARM_PROTECTED : 0, pages[nr],
				    2, false) ?: small_vm_start(&vms[nr]);
	}
	/* The last one was refused. */
	for (i = 0; i < nr; i++) {
		small_vm_close(&vms[i]);
		munmap(pages[i], 2 * getpagesize());
	}
	if (nr != ARRAY_SIZE(vms) || !ret)
		ksft_print_msg("%u VMs: %s\n", nr, strerror(-ret));
	return nr == ARRAY_SIZE(vms) && ret;
}

static bool many_vcpus(void)
{
	int vcpus[NR_VCPUS], i, ret, known = 0;
	struct small_vm vm;
	struct kvm_run *run;

	ret = make(&vm, true, false);
	for (i = 1; !ret && i < NR_VCPUS; i++) {
		vcpus[i] = small_vm_add_vcpu(vm.fd, i, NR_PAGES);
		if (vcpus[i] < 0)
			break;
		/* EL2 learns of the vCPU, and no instruction runs. */
		run = mmap(NULL, vm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   vcpus[i], 0);
		run->immediate_exit = 1;
		known += ioctl(vcpus[i], KVM_RUN, 0) == -1 && errno == EINTR;
		munmap(run, vm.run_size);
	}
	while (--i > 0)
		close(vcpus[i]);
	small_vm_close(&vm);
	if (known != NR_VCPUS - 1)
		ksft_print_msg("%d vCPUs ran: %s\n", known, strerror(errno));
	return known == NR_VCPUS - 1;
}

/* Let the nth allocation of this thread fail; say if there were that many. */
static int fail_nth_fd = -1;

static void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	TEST_ASSERT(pwrite(fail_nth_fd, text, len, 0) == len, "fail-nth: %s", strerror(errno));
}

static bool nth_has_failed(void)
{
	char text[16] = {};

	TEST_ASSERT(pread(fail_nth_fd, text, sizeof(text) - 1, 0) > 0, "fail-nth");
	return !atoi(text);
}

static bool injection_is_possible(void)
{
	static const struct {
		const char *path, *text;
	} settings[] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
	};
	char path[80];
	unsigned int i;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", syscall(SYS_gettid));
	fail_nth_fd = open(path, O_RDWR);
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i].path);
		if (!write_file(path, settings[i].text))
			return false;
	}
	return fail_nth_fd >= 0;
}

static bool allocation(bool protected)
{
	unsigned int n, refused = 0, unexpected = 0;
	struct small_vm vm;
	bool failed = true;
	int ret;

	for (n = 1; failed && n < MAX_FAILURES; n++) {
		fail_nth(n);
		ret = make(&vm, protected, true);
		failed = nth_has_failed();
		fail_nth(0);
		refused += !!ret;
		if (ret && ret != -ENOMEM && !unexpected++)
			ksft_print_msg("failure %u: %s\n", n, strerror(-ret));
		small_vm_close(&vm);
	}
	ksft_print_msg("%u allocations, %u times refused\n", n - 2, refused);
	return !failed && refused > 10 && !unexpected;
}

/* A protected guest's pages are locked, and a process may lock only so many. */
static bool locked_memory(bool protected)
{
	struct rlimit old, none = {};
	unsigned int i, failed = 0;
	struct small_vm vm;
	uid_t uid = 65534;
	int status;
	pid_t pid = fork();

	if (pid) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) && !WEXITSTATUS(status);
	}
	/* Root may lock as many as it likes, so be another user. */
	getrlimit(RLIMIT_MEMLOCK, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &none);
	chmod("/dev/kvm", 0666);
	if (setresuid(uid, uid, uid))
		_exit(1);
	for (i = 0; i < NR_VMS; i++) {
		failed += !!make(&vm, protected, false);
		small_vm_close(&vm);
	}
	_exit(failed != (protected ? NR_VMS : 0));
}

/* EL2 refuses each step in turn, and the host tries with the same pages again. */
static bool refused_by_el2(void)
{
	struct bare_vm vm;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < NR_VMS; i++) {
		bare_vm_reserve(&vm, true);
		ok &= hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.hyp_vm.va) < 0;
		ok &= hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.vcpu.va, vm.pgd.va) < 0;
		ok &= hostile_hvc("__pkvm_init_vm", vm.vcpu.va, vm.hyp_vm.va, vm.pgd.va) < 0;
		ok &= hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va, vm.hyp_vcpu.va) < 0;
		if (i % 2) {
			ok &= !bare_vm_init(&vm);
			ok &= hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va,
					  vm.pgd.va) < 0;
			ok &= hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va,
					  vm.hyp_vcpu.va) < 0;
			ok &= hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.hyp_vm.va,
					  vm.hyp_vcpu.va) < 0;
		}
		ok &= bare_vm_free(&vm) == i % 2;
	}
	return ok;
}

/* Kill a process after a while. Return false if it ends of anything else. */
static bool die_while_making_vms(unsigned int us, unsigned int *made)
{
	struct small_vm vm;
	pid_t pid = fork();
	int status, ret;

	if (!pid) {
		while (!(ret = make(&vm, true, true))) {
			small_vm_close(&vm);
			WRITE_ONCE(*made, *made + 1);
		}
		ksft_print_msg("a VM was refused: %s\n", strerror(-ret));
		_exit(1);
	}
	usleep(us);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

static bool signals(void)
{
	unsigned int i, *made = small_vm_alloc(1);
	bool ok = true;

	*made = 0;
	/* On a slow machine, go on until a process has made a VM before it is killed. */
	for (i = 0; ok && (i < 50 || (!READ_ONCE(*made) && i < 500)); i++)
		ok &= die_while_making_vms(1000 + i * 1700, made);
	ksft_print_msg("%u VMs made by those who died\n", *made);
	ok = ok && *made;
	munmap(made, getpagesize());
	return ok;
}

static void *run_until_killed(void *arg)
{
	struct small_vm *vm = arg;
	u64 value;

	small_vm_peek(vm, SMALL_VM_LOOP, &value);
	return NULL;
}

static bool close_during_run(void)
{
	pthread_t thread;
	bool ok = true;
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; ok && i < 30; i++) {
		pid = fork();
		if (!pid) {
			struct small_vm vm;

			if (make(&vm, true, i & 1) ||
			    pthread_create(&thread, NULL, run_until_killed, &vm))
				_exit(1);
			usleep(1000 * i);
			if (i & 2)
				_exit(0);
			close(vm.vcpu);
			close(vm.fd);
			_exit(0);
		}
		ok &= waitpid(pid, &status, 0) == pid && !status;
	}
	return ok;
}

/*
 * EL2 refuses to share a page that is shared already. Nothing else is in the pages of
 * a vCPU, so all of them have to be unshared once the VM is gone.
 */
static bool shared_pages(void)
{
	u64 size = getpagesize();
	unsigned int i, shared = 0;
	struct hostile_pages pages = hostile_get_pages(size);
	u64 to_pa = pages.pa - pages.va, va, at;
	struct kvm_vm shell = {};
	struct small_vm vm;
	bool ok = true;

	for (i = 0; ok && i < NR_VMS; i++) {
		small_vm_write_code(mem);
		ok = !small_vm_make(&vm, KVM_VM_TYPE_ARM_PROTECTED, mem, NR_PAGES, false);
		if (i % 2)
			ok &= !small_vm_start(&vm);
		shell.fd = vm.fd;
		va = hostile_object(&shell, 0);
		small_vm_close(&vm);
		for (at = va & -size; at < va + hostile_datum("sizeof(vcpu)").value; at += size) {
			if (hostile_share_page(at + to_pa))
				shared++;
			else
				hostile_unshare_page(at + to_pa);
		}
	}
	hostile_put_pages(&pages);
	ksft_print_msg("%u pages stay shared\n", shared);
	return ok && !shared;
}

/* Pages on each CPU's lists of free ones, which MemFree leaves out. */
static long waiting_pages(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long nr, pages = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &nr) == 1)
			pages += nr;
	if (f)
		fclose(f);
	return pages;
}

static long free_kb(void)
{
	/* KASAN keeps objects that were freed, so there all of the slabs count as free. */
	bool kasan = hostile_datum("KASAN_GENERIC").value;
	long kb = 0, value;
	char line[128];
	FILE *f;

	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
	/* VMs end in work queues and after grace periods. */
	usleep(500000);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &value) == 1 ||
		    (kasan && sscanf(line, "Slab: %ld", &value) == 1))
			kb += value;
	if (f)
		fclose(f);
	return kb + waiting_pages() * (getpagesize() / 1024);
}

/* Some memory is freed late, so ask again for a while. */
static bool nothing_lost(long before)
{
	unsigned int i;
	long lost = 0;

	for (i = 0; i < 20; i++) {
		lost = before - free_kb();
		if (lost <= MAX_LOST_KB)
			break;
	}
	ksft_print_msg("%ld KiB are gone\n", lost);
	return lost <= MAX_LOST_KB;
}

int main(void)
{
	struct rlimit files = { 4096, 4096 };
	unsigned int i;
	long before;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	hostile_open();
	ksft_set_plan(12);
	setrlimit(RLIMIT_NOFILE, &files);
	mem = small_vm_alloc(NR_PAGES);

	/* The first time, caches of the host fill up. What is free counts after that. */
	ksft_test_result(limit(), "limit\n");
	before = free_kb();
	ksft_test_result(many_vcpus(), "vCPUs\n");
	for (i = 0; i < 2; i++) {
		const char *kind = i ? "ordinary" : "protected";

		if (injection_is_possible())
			ksft_test_result(allocation(!i), "%s allocation\n", kind);
		else
			ksft_test_result_skip("%s allocation: no fault injection\n", kind);
		ksft_test_result(locked_memory(!i), "%s locked memory\n", kind);
	}
	ksft_test_result(refused_by_el2(), "refused by EL2\n");
	ksft_test_result(signals(), "signals\n");
	ksft_test_result(close_during_run(), "close during run\n");
	ksft_test_result(shared_pages(), "shared pages\n");
	ksft_test_result(limit(), "limit again\n");
	ksft_test_result(nothing_lost(before), "memory\n");

	ksft_finished();
}
