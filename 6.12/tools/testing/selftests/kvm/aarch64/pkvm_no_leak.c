// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_no_leak - what goes wrong with a VM costs neither the host nor EL2 anything
 *
 * Audit map: case -> rule
 *
 *  limit		as many protected VMs as EL2 has handles for run; one more
 *			is refused; all can be made again afterwards
 *  max vCPUs		a VM with as many vCPUs as there may be, each of which runs
 *  allocation		the n-th allocation of memory fails, for each n on the way
 *			to a vCPU that ran: the VM is refused with ENOMEM or works,
 *			and can go. A refused one works later, unless KVM gave
 *			it up: then EIO. That is for a vGIC that is half there
 *  shared pages	nor is a page that was shared with EL2 still shared, when the
 *			VM or vCPU that it was for could not be made
 *  signals		a process dies while it makes VMs
 *  close during run	all file descriptors go while a vCPU runs
 *  limit again		EL2 still has all of its handles
 *  memory		the host has the memory that it had
 *  EL2's memory	and so has EL2, to the page
 *
 * "allocation" and "shared pages" need CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC,
 * the latter also CONFIG_KVM_ARM_PKVM_TEST, to look.
 *
 * Rules: contract, sections 2 and 8; a VM is EL2's only as long as it lives.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "hostile_host.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "../../../../../arch/arm64/kvm/pkvm_test.h"

#define EL2_HANDLES	255
#define CODE_GPA	0x10000
#define MMIO_GPA	0x20000
#define MAX_VCPUS	512
#define MAX_LOST_KB	4096	/* caches of the host's */

static int kvm_fd, run_size;
static void *code;

/* A VM of raw ioctls: every error counts here, and is no assertion. */
struct small_vm {
	int fd, vcpu, gic;
	struct kvm_run *run;
};

static void close_vm(struct small_vm *vm)
{
	if (vm->run)
		munmap(vm->run, run_size);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->gic >= 0)
		close(vm->gic);
	if (vm->fd >= 0)
		close(vm->fd);
	*vm = (struct small_vm) { -1, -1, -1 };
}

static int set_reg(int vcpu, u64 id, u64 value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)&value };

	return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

static int add_vcpu(int vm, int id)
{
	struct kvm_vcpu_init init;
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, id);

	if (vcpu < 0)
		return -1;
	if (ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(vcpu, KVM_ARM_VCPU_INIT, &init) ||
	    set_reg(vcpu, ARM64_CORE_REG(regs.pc), CODE_GPA) ||
	    set_reg(vcpu, ARM64_CORE_REG(regs.regs[1]), MMIO_GPA)) {
		close(vcpu);
		return -1;
	}
	return vcpu;
}

static int add_gic(int vm)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	u64 dist = 0x8000000, redist = 0x80a0000;
	struct kvm_device_attr attr[] = {
		{ .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = KVM_VGIC_V3_ADDR_TYPE_DIST,
		  .addr = (u64)&dist },
		{ .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = KVM_VGIC_V3_ADDR_TYPE_REDIST,
		  .addr = (u64)&redist },
		{ .group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT },
	};
	unsigned int i;

	if (ioctl(vm, KVM_CREATE_DEVICE, &gic))
		return -1;
	for (i = 0; i < ARRAY_SIZE(attr); i++) {
		if (ioctl(gic.fd, KVM_SET_DEVICE_ATTR, &attr[i])) {
			close(gic.fd);
			return -1;
		}
	}
	return gic.fd;
}

static int add_memory(int vm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = CODE_GPA, .memory_size = getpagesize(),
		.userspace_addr = (u64)code,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Does it run up to its only store? */
static int run_vcpu(int vcpu, struct kvm_run *run)
{
	if (ioctl(vcpu, KVM_RUN, 0))
		return -1;
	if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == MMIO_GPA)
		return 0;
	errno = EPROTO;
	return -1;
}

/* Return 0 or -1 and errno; what there is of the VM, close_vm() takes away. */
static int make_vm(struct small_vm *vm, bool protected, bool gic)
{
	*vm = (struct small_vm) { -1, -1, -1 };
	vm->fd = ioctl(kvm_fd, KVM_CREATE_VM, protected ? KVM_VM_TYPE_ARM_PROTECTED : 0);
	if (vm->fd < 0 || add_memory(vm->fd))
		return -1;
	vm->vcpu = add_vcpu(vm->fd, 0);
	if (vm->vcpu < 0)
		return -1;
	vm->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED) {
		vm->run = NULL;
		return -1;
	}
	if (gic) {
		vm->gic = add_gic(vm->fd);
		if (vm->gic < 0)
			return -1;
	}
	return run_vcpu(vm->vcpu, vm->run);
}

static bool limit(void)
{
	static struct small_vm vms[EL2_HANDLES + 1];
	unsigned int i, nr;

	for (nr = 0; nr < ARRAY_SIZE(vms); nr++) {
		errno = 0;
		if (make_vm(&vms[nr], nr % 2, false))
			break;
	}
	if (nr != EL2_HANDLES)
		ksft_print_msg("%u VMs: %s\n", nr, strerror(errno));
	for (i = 0; i <= nr && i < ARRAY_SIZE(vms); i++)
		close_vm(&vms[i]);
	return nr == EL2_HANDLES;
}

static bool max_vcpus(void)
{
	int max = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	int vm = ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);
	static int vcpus[MAX_VCPUS];
	struct kvm_run *run;
	int i, nr, ran = 0;

	if (vm < 0 || max > MAX_VCPUS || add_memory(vm))
		return false;
	for (nr = 0; nr < max; nr++) {
		vcpus[nr] = add_vcpu(vm, nr);
		if (vcpus[nr] < 0)
			break;
	}
	for (i = 0; i < nr; i++) {
		run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpus[i], 0);
		if (run == MAP_FAILED)
			break;
		/* The others are off until PSCI says otherwise. */
		ran += !run_vcpu(vcpus[i], run);
		munmap(run, run_size);
	}
	if (nr != max || ran != max)
		ksft_print_msg("%d vCPUs of %d, %d ran: %s\n", nr, max, ran, strerror(errno));
	for (i = 0; i < nr; i++)
		close(vcpus[i]);
	close(vm);
	return nr == max && ran == max;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
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
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", syscall(SYS_gettid));
	fail_nth_fd = open(path, O_RDWR);
	return fail_nth_fd >= 0 &&
	       write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") &&
	       write_file("/sys/kernel/debug/failslab/verbose", "0") &&
	       write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N") &&
	       write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0") &&
	       write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
}

static bool allocation(bool protected)
{
	unsigned int n, refused = 0, unexpected = 0, given_up = 0;
	struct small_vm vm;
	bool failed = true;
	int ret, error;

	for (n = 1; failed && n < 2000; n++) {
		fail_nth(n);
		ret = make_vm(&vm, protected, true);
		error = errno;
		failed = nth_has_failed();
		fail_nth(0);
		refused += !!ret;
		if (ret && error != ENOMEM && !unexpected++)
			ksft_print_msg("failure %u: %s\n", n, strerror(error));
		/* Not having had the memory once does not spoil the VM. */
		if (ret && vm.run && vm.gic >= 0 && run_vcpu(vm.vcpu, vm.run)) {
			given_up++;
			if (errno != EIO && !unexpected++)
				ksft_print_msg("failure %u: and not later: %s\n", n,
					       strerror(errno));
		}
		close_vm(&vm);
	}
	ksft_print_msg("%u allocations, %u times refused, %u VMs given up\n", n - 2, refused,
		       given_up);
	return !failed && refused > 10 && !unexpected;
}

static int device = -1;

/* Remember where the VM and its vCPU are. Return how many pages that are. */
static unsigned int add_pages(int vm, u32 place, u64 *pfn, unsigned int max)
{
	struct pkvm_test_addr addr = { .place = place, .vm_fd = vm };
	unsigned int nr = 0;
	u64 at;

	TEST_ASSERT(!ioctl(device, PKVM_TEST_ADDR, &addr), "no address: %s", strerror(errno));
	for (at = addr.pa >> 12; at <= (addr.pa + addr.size - 1) >> 12 && nr < max; at++)
		pfn[nr++] = at;
	return nr;
}

static s64 hcall(u64 id, u64 arg)
{
	struct pkvm_test_call call = { .id = id, .args = { arg } };

	TEST_ASSERT(!ioctl(device, PKVM_TEST_CALL, &call), "no call: %s", strerror(errno));
	return (int)call.ret[1];
}

static u64 hcall_id(const char *name)
{
	struct pkvm_test_hcall_info info = {};

	while (!ioctl(device, PKVM_TEST_HCALL, &info)) {
		if (!strcmp(info.name, name))
			return info.id;
		info.nr++;
	}
	TEST_FAIL("there is no hypercall %s", name);
}

/*
 * The host's allocator gives the memory of what could not be made to what is made
 * next. That is how the pages are known, of which none may be shared when it is gone.
 */
static bool shared_pages(void)
{
	u64 share = hcall_id("__pkvm_host_share_hyp");
	u64 unshare = hcall_id("__pkvm_host_unshare_hyp");
	unsigned int n, i, nr, shared = 0, refused = 0;
	u64 pfn[64];
	bool failed = true;
	int vm, vcpu;

	for (n = 1; failed && n < 500; n++) {
		fail_nth(n);
		vm = ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);
		vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
		failed = nth_has_failed();
		fail_nth(0);
		refused += vcpu < 0;
		if (vm < 0)
			vm = ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);
		if (vcpu < 0)
			vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
		TEST_ASSERT(vm >= 0 && vcpu >= 0, "no VM: %s", strerror(errno));
		nr = add_pages(vm, PKVM_TEST_AT_VM, pfn, 32);
		nr += add_pages(vm, PKVM_TEST_AT_VCPU, pfn + nr, 32);
		close(vcpu);
		close(vm);
		for (i = 0; i < nr; i++) {
			if (!hcall(share, pfn[i]))
				hcall(unshare, pfn[i]);
			else if (!shared++)
				ksft_print_msg("failure %u: a page stays shared\n", n);
		}
	}
	ksft_print_msg("%u times refused, %u pages stay shared\n", refused, shared);
	return refused > 5 && !shared;
}

/* Return false if it dies of something else. */
static bool die_while_making_vms(unsigned int us, unsigned int *made)
{
	struct timespec delay = { .tv_nsec = us * 1000 };
	struct small_vm vm;
	pid_t pid = fork();
	int status;

	if (!pid) {
		while (!make_vm(&vm, true, true)) {
			close_vm(&vm);
			WRITE_ONCE(*made, *made + 1);
		}
		_exit(1);
	}
	nanosleep(&delay, NULL);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

static bool signals(void)
{
	unsigned int i, *made;
	bool ok = true;

	made = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	TEST_ASSERT(made != MAP_FAILED, "no memory: %s", strerror(errno));
	/* Whoever is slow dies of a later signal. */
	for (i = 0; i < 50 || (!*made && i < 500); i++)
		ok &= die_while_making_vms(1000 + i * 1700, made);
	ksft_print_msg("%u VMs made by those who died\n", *made);
	ok = ok && *made;
	munmap(made, getpagesize());
	return ok;
}

static bool runs;

static void *run_until_killed(void *arg)
{
	struct small_vm *vm = arg;

	WRITE_ONCE(runs, true);
	/* The code loops: the store completes, and comes again. */
	for (;;)
		ioctl(vm->vcpu, KVM_RUN, 0);
	return NULL;
}

static bool close_during_run(void)
{
	struct timespec delay = { .tv_nsec = 3000000 };
	pthread_t thread;
	bool ok = true;
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < 30; i++) {
		pid = fork();
		if (!pid) {
			struct small_vm vm;

			if (make_vm(&vm, true, i & 1) ||
			    pthread_create(&thread, NULL, run_until_killed, &vm))
				_exit(1);
			while (!READ_ONCE(runs))
				sched_yield();
			nanosleep(&delay, NULL);
			if (i & 2)
				_exit(0);
			close_vm(&vm);
			_exit(0);
		}
		ok &= waitpid(pid, &status, 0) == pid && !status;
	}
	return ok;
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
	char line[128];
	long kb = 0;
	FILE *f;

	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
	/* VMs end in work queues and after grace periods. */
	usleep(500000);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb + waiting_pages() * (getpagesize() / 1024);
}

/* What is freed late is not gone: ask again. */
static long lost_kb(long before)
{
	unsigned int i;
	long lost;

	for (i = 0; i < 20; i++) {
		lost = before - free_kb();
		if (lost <= MAX_LOST_KB)
			break;
	}
	return lost;
}

static u64 el2_pages(void)
{
	int fd = open(PKVM_TEST_DEVICE, O_RDWR);
	u64 pages = 0;

	TEST_ASSERT(fd >= 0 && !ioctl(fd, PKVM_TEST_EL2_PAGES, &pages),
		    PKVM_TEST_DEVICE ": %s", strerror(errno));
	close(fd);
	return pages;
}

int main(void)
{
	/* 1: str x0, [x1]; b 1b */
	static const u32 insns[] = { 0xf9000020, 0x17ffffff };
	struct rlimit files = { 4096, 4096 };
	u64 el2_before, el2_now;
	long before, lost;

	ksft_print_header();
	kvm_fd = open_kvm_dev_path_or_exit();
	if (ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED) < 0)
		ksft_exit_skip("this host has no protected VMs\n");
	ksft_set_plan(10);
	setrlimit(RLIMIT_NOFILE, &files);
	run_size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	code = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(code, insns, sizeof(insns));

	/*
	 * The first time, caches of the host's fill up, and those of debugfs take
	 * as many VMs as are going to be.
	 */
	ksft_test_result(limit(), "limit\n");
	if (injection_is_possible())
		allocation(true);
	before = free_kb();
	el2_before = el2_pages();
	ksft_test_result(max_vcpus(), "max vCPUs\n");
	if (injection_is_possible()) {
		ksft_test_result(allocation(true), "allocation, protected\n");
		ksft_test_result(allocation(false), "allocation, unprotected\n");
	} else {
		ksft_test_result_skip("allocation, protected: no fault injection\n");
		ksft_test_result_skip("allocation, unprotected: no fault injection\n");
	}
	device = open(PKVM_TEST_DEVICE, O_RDWR);
	if (device >= 0 && injection_is_possible())
		ksft_test_result(shared_pages(), "shared pages\n");
	else
		ksft_test_result_skip("shared pages: no %s\n", PKVM_TEST_DEVICE);
	ksft_test_result(signals(), "signals\n");
	ksft_test_result(close_during_run(), "close during run\n");
	ksft_test_result(limit(), "limit again\n");
	lost = lost_kb(before);
	ksft_print_msg("%ld KiB are gone\n", lost);
	ksft_test_result(lost <= MAX_LOST_KB, "memory\n");
	el2_now = el2_pages();
	if (el2_now != el2_before)
		ksft_print_msg("%lu pages, now %lu\n", el2_before, el2_now);
	ksft_test_result(el2_now == el2_before, "EL2's memory\n");
	ksft_finished();
}
