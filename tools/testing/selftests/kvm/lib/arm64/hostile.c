// SPDX-License-Identifier: GPL-2.0-only
/*
 * Be a hostile host, see hostile.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arm64/hostile.h"
#include "arm64/small_vm.h"
#include "kselftest.h"
#include "processor.h"

#define EXCEPTION_IL	3	/* ARM_EXCEPTION_IL */

static int hostile_fd;

void hostile_open(void)
{
	char path[PATH_MAX] = {}, module[PATH_MAX + 64];
	static const char * const places[] = { "", "../", "../test_modules/" };
	unsigned int i;
	int fd;

	TEST_ASSERT(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0, "readlink");
	for (i = 0; i < ARRAY_SIZE(places) && access("/dev/" HOSTILE_DEVICE, F_OK); i++) {
		char copy[PATH_MAX];

		strcpy(copy, path);
		snprintf(module, sizeof(module), "%s/%s%s.ko", dirname(copy), places[i],
			 HOSTILE_DEVICE);
		fd = open(module, O_RDONLY);
		if (fd < 0)
			continue;
		if (syscall(SYS_finit_module, fd, "", 0))
			pr_info("# %s: %s\n", module, strerror(errno));
		close(fd);
	}
	hostile_fd = open("/dev/" HOSTILE_DEVICE, O_RDWR);
	__TEST_REQUIRE(hostile_fd >= 0, "needs protected KVM, and " HOSTILE_DEVICE ".ko");
}

struct hostile_datum hostile_datum(const char *name)
{
	struct hostile_datum d = {};

	strncpy(d.name, name, sizeof(d.name) - 1);
	TEST_ASSERT(!ioctl(hostile_fd, HOSTILE_DATUM, &d), "unknown: %s", name);
	return d;
}

bool hostile_nth_datum(unsigned int nr, struct hostile_datum *datum)
{
	*datum = (struct hostile_datum) { .value = nr };
	return !ioctl(hostile_fd, HOSTILE_DATUM, datum);
}

u64 hostile_object(struct kvm_vm *vm, int vcpu_idx)
{
	struct hostile_object object = { .vm_fd = vm->fd, .vcpu_idx = vcpu_idx };

	TEST_ASSERT(!ioctl(hostile_fd, HOSTILE_OBJECT, &object), "no vCPU %d", vcpu_idx);
	return object.va;
}

int hostile_repeat_steps(struct hostile_step *steps, unsigned int nr, u64 repeat)
{
	struct hostile_script script = {
		.cpu = sched_getcpu(),
		.nr_steps = nr,
		.steps = (u64)steps,
		.repeat = repeat,
	};

	return ioctl(hostile_fd, HOSTILE_SCRIPT, &script) ? -errno : 0;
}

int hostile_run_steps(struct hostile_step *steps, unsigned int nr)
{
	return hostile_repeat_steps(steps, nr, 0);
}

struct hostile_step hostile_hvc_step(const char *func, u64 a, u64 b, u64 c)
{
	return (struct hostile_step) {
		.op = HOSTILE_HVC,
		.x = { hostile_datum(func).value, a, b, c },
	};
}

struct hostile_step hostile_write_step(u64 at, u64 value, u32 size)
{
	return (struct hostile_step) {
		.op = HOSTILE_WRITE, .at = at, .size = size, .x = { value },
	};
}

s64 hostile_hvc(const char *func, u64 a, u64 b, u64 c)
{
	struct hostile_step step = hostile_hvc_step(func, a, b, c);

	TEST_ASSERT(!hostile_run_steps(&step, 1), "no hypercall");
	return step.x[0] ? -EOPNOTSUPP : (s64)step.x[1];
}

u64 hostile_read(u64 at, u32 size)
{
	struct hostile_step step = { .op = HOSTILE_READ, .at = at, .size = size };

	TEST_ASSERT(!hostile_run_steps(&step, 1) && !step.err, "cannot read 0x%lx", at);
	return step.x[0];
}

void hostile_write(u64 at, u64 value, u32 size)
{
	struct hostile_step step = hostile_write_step(at, value, size);

	TEST_ASSERT(!hostile_run_steps(&step, 1) && !step.err, "cannot write 0x%lx", at);
}

u64 hostile_peek(u64 object, const char *name)
{
	struct hostile_datum d = hostile_datum(name);

	return hostile_read(object + d.value, d.size);
}

void hostile_poke(u64 object, const char *name, u64 value)
{
	struct hostile_datum d = hostile_datum(name);

	hostile_write(object + d.value, value, d.size);
}

struct hostile_pages hostile_get_pages(u64 size)
{
	u64 page = getpagesize();
	struct hostile_pages pages = { .size = (size + page - 1) & -page };

	TEST_ASSERT(!ioctl(hostile_fd, HOSTILE_ALLOC, &pages), "no %lu bytes", size);
	return pages;
}

void hostile_put_pages(struct hostile_pages *pages)
{
	ioctl(hostile_fd, HOSTILE_FREE, pages);
}

s64 hostile_share_page(u64 pa)
{
	return hostile_hvc("__pkvm_host_share_hyp", pa / getpagesize(), 0, 0);
}

s64 hostile_unshare_page(u64 pa)
{
	return hostile_hvc("__pkvm_host_unshare_hyp", pa / getpagesize(), 0, 0);
}

struct hostile_pages hostile_share_pages(u64 size)
{
	struct hostile_pages pages = hostile_get_pages(size);
	u64 at;

	for (at = 0; at < pages.size; at += getpagesize())
		TEST_ASSERT_EQ(hostile_share_page(pages.pa + at), 0);
	return pages;
}

void hostile_unshare_pages(struct hostile_pages *pages)
{
	u64 at;

	for (at = 0; at < pages->size; at += getpagesize())
		TEST_ASSERT_EQ(hostile_unshare_page(pages->pa + at), 0);
	hostile_put_pages(pages);
}

/*
 * EL2 makes no vCPU of a protected VM unless the host has the same ID registers. Take
 * those of a VM of KVM's, which are final when its vCPU is about to run.
 */
static void set_id_regs(struct bare_vm *vm)
{
	struct hostile_datum d = hostile_datum("kvm.arch.id_regs");
	static struct hostile_step steps[HOSTILE_MAX_STEPS];
	static unsigned int nr;
	struct small_vm small;
	unsigned int i;
	void *mem;
	u64 kvm;

	if (!nr) {
		nr = d.size / sizeof(u64);
		mem = small_vm_alloc(1);
		TEST_ASSERT(!small_vm_make(&small, KVM_VM_TYPE_ARM_PROTECTED |
					   kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE),
					   mem, 1, true), "no VM");
		small.run->immediate_exit = 1;
		TEST_ASSERT_EQ(small_vm_start(&small), -EINTR);
		kvm = hostile_object(&(struct kvm_vm) { .fd = small.fd }, -1) + d.value;
		for (i = 0; i < nr; i++)
			steps[i] = hostile_write_step(0, hostile_read(kvm + i * 8, 8), 8);
		small_vm_close(&small);
		munmap(mem, getpagesize());
	}
	for (i = 0; i < nr; i++)
		steps[i].at = vm->kvm.va + d.value + i * 8;
	TEST_ASSERT(!hostile_run_steps(steps, nr), "no ID registers");
}

void bare_vm_describe(struct bare_vm *vm, bool protected)
{
	hostile_poke(vm->kvm.va, "kvm.created_vcpus", 1);
	/* EL2 takes the IPA size from VTCR_EL2.T0SZ. */
	hostile_poke(vm->kvm.va, "kvm.arch.mmu.vtcr",
		     64 - kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE));
	hostile_poke(vm->kvm.va, "kvm.arch.pkvm.handle", vm->handle);
	hostile_poke(vm->kvm.va, "kvm.arch.pkvm.is_protected", protected);
	hostile_poke(vm->kvm.va, "kvm.arch.vgic.vgic_model", KVM_DEV_TYPE_ARM_VGIC_V3);
	hostile_poke(vm->kvm.va, "kvm.arch.flags",
		     hostile_datum("ID_REGS_INITIALIZED").value);
	/* EL2 takes those of an ordinary VM from the host, where they are zero. */
	if (protected)
		set_id_regs(vm);
	hostile_poke(vm->vcpu.va, "vcpu.arch.cflags",
		     hostile_datum("VCPU_INITIALIZED").value);
	/* Without the flag, EL2 ignores what the host sets in registers of an ordinary VM. */
	hostile_poke(vm->vcpu.va, "vcpu.arch.iflags",
		     hostile_datum("PKVM_HOST_STATE_DIRTY").value);
	hostile_poke(vm->vcpu.va, "vcpu.arch.ctxt.regs.pstate", PSR_MODE_EL1h | PSR_D_BIT |
		     PSR_A_BIT | PSR_I_BIT | PSR_F_BIT);
}

void bare_vm_reserve(struct bare_vm *vm, bool protected)
{
	vm->kvm = hostile_share_pages(hostile_datum("sizeof(kvm)").value);
	vm->vcpu = hostile_share_pages(hostile_datum("sizeof(vcpu)").value);
	vm->hyp_vm = hostile_get_pages(BARE_VM_SIZE);
	vm->hyp_vcpu = hostile_get_pages(BARE_VM_SIZE);
	/* Room for the largest PGD, which is 16 pages, at its start or one page further on. */
	vm->pgd = hostile_get_pages(2 * 16 * getpagesize());
	vm->handle = hostile_hvc("__pkvm_reserve_vm", 0, 0, 0);
	TEST_ASSERT(vm->handle > 0, "no handle: %ld", vm->handle);
	bare_vm_describe(vm, protected);
}

s64 bare_vm_init(struct bare_vm *vm)
{
	s64 ret = hostile_hvc("__pkvm_init_vm", vm->kvm.va, vm->hyp_vm.va, vm->pgd.va);

	return ret ?: hostile_hvc("__pkvm_init_vcpu", vm->handle, vm->vcpu.va,
				  vm->hyp_vcpu.va);
}

bool bare_vm_free(struct bare_vm *vm)
{
	s64 ret = hostile_hvc("__pkvm_start_teardown_vm", vm->handle, 0, 0);

	if (!ret)
		ret = hostile_hvc("__pkvm_finalize_teardown_vm", vm->handle, 0, 0);
	if (ret)
		hostile_hvc("__pkvm_unreserve_vm", vm->handle, 0, 0);
	hostile_unshare_pages(&vm->kvm);
	hostile_unshare_pages(&vm->vcpu);
	hostile_put_pages(&vm->hyp_vm);
	hostile_put_pages(&vm->pgd);
	hostile_put_pages(&vm->hyp_vcpu);
	return !ret;
}

void bare_vm_run_steps(s64 handle, u64 vcpu, struct hostile_step *steps)
{
	steps[0] = hostile_hvc_step("__pkvm_vcpu_load", handle, 0, 0);
	steps[1] = hostile_hvc_step("__kvm_vcpu_run", vcpu, 0, 0);
	steps[2] = hostile_hvc_step("__pkvm_vcpu_put", 0, 0, 0);
}

s64 bare_vm_exit(const struct hostile_step *run)
{
	return run->x[1] == EXCEPTION_IL ? -EINVAL : (s64)run->x[1];
}

s64 bare_vm_run(struct bare_vm *vm)
{
	struct hostile_step steps[BARE_VM_RUN_STEPS];

	bare_vm_run_steps(vm->handle, vm->vcpu.va, steps);
	TEST_ASSERT(!hostile_run_steps(steps, ARRAY_SIZE(steps)), "no run");
	return bare_vm_exit(&steps[1]);
}

s64 bare_vm_hvc(struct bare_vm *vm, const char *func, u64 a, u64 b, u64 c, u64 d)
{
	struct hostile_step steps[] = {
		hostile_hvc_step("__pkvm_vcpu_load", vm->handle, 0, 0),
		hostile_hvc_step(func, a, b, c),
		hostile_hvc_step("__pkvm_vcpu_put", 0, 0, 0),
	};

	steps[1].x[4] = d;
	TEST_ASSERT(!hostile_run_steps(steps, ARRAY_SIZE(steps)), "no hypercall");
	return steps[1].x[0] ? -EOPNOTSUPP : (s64)steps[1].x[1];
}

void bare_vm_fill_memcache(struct bare_vm *vm, const struct hostile_pages *pages)
{
	struct hostile_datum mc = hostile_datum("vcpu.arch.pkvm_memcache");
	u64 at, page = getpagesize();

	/* A memcache is a list: each page holds the physical address of the next one. */
	for (at = 0; at + page < pages->size; at += page)
		hostile_write(pages->va + at, pages->pa + at + page, 8);
	hostile_write(vm->vcpu.va + mc.value, pages->pa, 8);
	hostile_write(vm->vcpu.va + mc.value + 8, pages->size / page, 8);
}

/* xorshift64* */
u64 hostile_random(u64 *state)
{
	u64 x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 2685821657736338717UL;
}
