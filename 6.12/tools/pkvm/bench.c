// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trap costs: a VMM for one guest that does nothing but trap.
 *
 * Runs in the host, with QEMU's -icount on one CPU, so that the counter of the
 * machine counts instructions. A loop around one operation is run in batches,
 * and the batch that took least counts: no timer interrupt hit that one. Prints
 * lines for bench.py when everything is measured,
 *
 *	bench KIND NAME TICKS PER UNDEFS
 *
 * where TICKS of the counter went into PER operations, UNDEFS of which were
 * UNDEFINED in the guest. Printing in between would disturb: the C library copies
 * with SVE where there is SVE, and each system call then discards its registers
 * until the next task switch; printing wakes up whoever reads, and when the host
 * switches to it depends on more than what is measured.
 *
 * It needs nothing of the kernel under test but KVM: with any kernel that takes
 * bit 31 for a protected VM, the figures compare.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psci.h>

#include "bench.h"
#include "guest/clock.h"

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof(*(a)))

/* linux/arm-smccc.h */
#define SMCCC_WORKAROUND_1	0x80008000
/* A function of the vendor's hypervisor service that nobody has. */
#define SMCCC_UNKNOWN		0xc600ffff

#define TYPE_PROTECTED		0x80000000UL
#define CODE_GPA		0x40000000UL
#define CODE_SIZE		0x10000UL
#define PAGE_SIZE		4096UL
#define GICR_GPA		0x080a0000UL

#define GICD_CTLR		0x0000
#define GICD_CTLR_ENABLE_G1	0x2
#define GICR_ISENABLER0		0x10100
#define GICR_ISPENDR0		0x10200

#define BATCHES			8
#define LIFETIMES		6
#define FIGURES			256

/* How often a batch repeats what EL2 serves, the host, and the VMM. */
#define PER_EL2			256
#define PER_HOST		64
#define PER_USER		64

struct op {
	const char *name;
	const uint8_t *loop;
	unsigned int per;
	uint32_t function;
	bool masked_irq;	/* one is pending, see mask_irq() */
};

#define OP(_name, _loop, _per)	{ .name = #_name, .loop = bench_##_loop, .per = _per }
#define HVC(_name, _function, _per)					\
	{ .name = #_name, .loop = bench_hvc, .per = _per, .function = _function }

static const struct op ops[] = {
	OP(empty, empty, PER_EL2),
	HVC(floor, SMCCC_WORKAROUND_1, PER_EL2),
	OP(hidden_read, read_pmcr, PER_EL2),
	OP(razwi_read, read_dbgbvr0, PER_EL2),
	OP(razwi_write, write_dbgbvr0, PER_EL2),
	OP(mdscr_write, write_mdscr, PER_EL2),
	OP(clidr_read, read_clidr, PER_HOST),
	OP(cntp_ctl_read, read_cntp_ctl, PER_HOST),
	OP(sgi_write, write_sgi1r, PER_HOST),
	HVC(psci_version, PSCI_0_2_FN_PSCI_VERSION, PER_HOST),
	HVC(hvc_unknown, SMCCC_UNKNOWN, PER_HOST),
	OP(mmio_vgic, read_gicd, PER_HOST),
	OP(mmio_vmm, read_user, PER_USER),
	OP(page_fault, unmap, PER_USER),
	{ .name = "wfi", .loop = bench_wfi, .per = PER_HOST, .masked_irq = true },
};

struct vm {
	const char *kind;
	unsigned long type;
	int fd, vcpu, gic;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *code, *data;
	uint64_t unmap_ticks;
};

struct figure {
	const char *kind;
	char name[16];
	uint64_t ticks, undefs;
	unsigned int per;
};

static struct figure figures[FIGURES];
static unsigned int nr_figures;
static int kvm;

static void __attribute__((__noreturn__, __format__(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("bench: ");
	vprintf(fmt, ap);
	printf(": %s\n", strerror(errno));
	va_end(ap);
	exit(1);
}

static void add_figure(const char *kind, const char *name, uint64_t val, unsigned int per,
		       uint64_t undefs)
{
	struct figure *f = &figures[nr_figures++];

	errno = ENOSPC;
	if (nr_figures > FIGURES ||
	    snprintf(f->name, sizeof(f->name), "%s", name) >= (int)sizeof(f->name))
		die("no room for the figure %s", name);
	f->kind = kind;
	f->ticks = val;
	f->per = per;
	f->undefs = undefs;
}

static void print_figures(void)
{
	struct figure *f;

	for (f = figures; f < figures + nr_figures; f++)
		printf("bench %s %s %llu %u %llu\n", f->kind, f->name,
		       (unsigned long long)f->ticks, f->per,
		       (unsigned long long)f->undefs);
}

static int xioctl(int fd, unsigned long nr, const char *name, void *arg)
{
	int ret = ioctl(fd, nr, arg);

	if (ret < 0)
		die("%s", name);
	return ret;
}

#define IOCTL(fd, nr, arg)	xioctl(fd, nr, #nr, (void *)(arg))

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void add_memory(struct vm *vm, int slot, uint64_t gpa, void *mem, size_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	IOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static void gic_attr(struct vm *vm, uint32_t group, uint64_t attr, uint64_t val)
{
	struct kvm_device_attr dev_attr = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)&val,
	};

	IOCTL(vm->gic, KVM_SET_DEVICE_ATTR, &dev_attr);
}

static void add_gic(struct vm *vm)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	IOCTL(vm->fd, KVM_CREATE_DEVICE, &device);
	vm->gic = device.fd;
	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, GICD_GPA);
	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, GICR_GPA);
	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
}

/*
 * Let an interrupt be pending that the host sees and the CPU does not signal,
 * as the guest never enables the group it is in. WFI then traps, and the host
 * has a reason not to wait.
 */
static void mask_irq(struct vm *vm)
{
	uint32_t sgi = 1 << 1;

	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_CTLR, GICD_CTLR_ENABLE_G1);
	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_ISENABLER0, sgi);
	gic_attr(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GICR_ISPENDR0, sgi);
}

static void add_vcpu(struct vm *vm)
{
	struct kvm_vcpu_init init;
	uint64_t pc = CODE_GPA;
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      KVM_REG_ARM_CORE_REG(regs.pc),
		.addr = (uintptr_t)&pc,
	};

	IOCTL(vm->fd, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	vm->vcpu = IOCTL(vm->fd, KVM_CREATE_VCPU, 0);
	IOCTL(vm->vcpu, KVM_ARM_VCPU_INIT, &init);
	vm->run_size = IOCTL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		die("mmap of the vCPU");
	IOCTL(vm->vcpu, KVM_SET_ONE_REG, &reg);
}

/* Run until the guest accesses the page; return the offset it accesses. */
static unsigned int run(struct vm *vm)
{
	for (;;) {
		uint64_t start, offset;

		IOCTL(vm->vcpu, KVM_RUN, 0);
		if (vm->run->exit_reason != KVM_EXIT_MMIO) {
			errno = 0;
			die("exit %u of a %s VM", vm->run->exit_reason, vm->kind);
		}

		offset = vm->run->mmio.phys_addr - MMIO_GPA;
		switch (offset) {
		case MMIO_READ:
			break;
		case MMIO_UNMAP:
			start = clock_ticks();
			if (madvise(vm->data, PAGE_SIZE, MADV_DONTNEED))
				die("madvise");
			start = clock_ticks() - start;
			if (start < vm->unmap_ticks)
				vm->unmap_ticks = start;
			break;
		case MMIO_GET:
		case MMIO_PUT:
			return offset;
		default:
			errno = 0;
			die("a %s guest died, ESR 0x%llx", vm->kind,
			    *(unsigned long long *)vm->run->mmio.data);
		}
	}
}

static uint64_t take(struct vm *vm)
{
	uint64_t val;

	if (run(vm) != MMIO_PUT)
		die("the guest asks instead of telling");
	memcpy(&val, vm->run->mmio.data, sizeof(val));
	return val;
}

static void give(struct vm *vm, uint64_t val)
{
	if (run(vm) != MMIO_GET)
		die("the guest tells instead of asking");
	memcpy(vm->run->mmio.data, &val, sizeof(val));
}

static uint64_t run_loop(struct vm *vm, const uint8_t *loop, uint32_t function,
			 unsigned int per, uint64_t *undefs)
{
	uint64_t val;

	give(vm, loop - bench_guest_start);
	give(vm, function);
	give(vm, per);
	val = take(vm);
	*undefs = take(vm);
	return val;
}

/* The shortest of some batches, after one that nobody looks at. */
static void measure(struct vm *vm, const char *name, const struct op *op)
{
	uint64_t best = UINT64_MAX, val, undefs;
	unsigned int i;

	if (op->masked_irq) {
		run_loop(vm, bench_unmask, 0, 1, &undefs);
		mask_irq(vm);
	}

	run_loop(vm, op->loop, op->function, op->per, &undefs);
	for (i = 0; i < BATCHES; i++) {
		val = run_loop(vm, op->loop, op->function, op->per, &undefs);
		if (val < best)
			best = val;
	}
	add_figure(vm->kind, name, best, op->per, undefs);
}

static void measure_ids(struct vm *vm)
{
	struct op op = { .per = vm->type ? PER_EL2 : PER_HOST };
	char name[16];
	int i;

	for (i = 0; i < NR_IDS; i++) {
		op.loop = bench_id + i * ID_SIZE;
		snprintf(name, sizeof(name), "id_%d_%d", 1 + i / 8, i % 8);
		measure(vm, name, &op);
	}
}

/* KVM_RUN that is told to end at once loads the vCPU and puts it. */
static void measure_load_put(struct vm *vm)
{
	uint64_t best = UINT64_MAX, start, val;
	int i, j;

	vm->run->immediate_exit = 1;
	for (i = 0; i < BATCHES; i++) {
		start = clock_ticks();
		for (j = 0; j < PER_USER; j++)
			if (!ioctl(vm->vcpu, KVM_RUN, 0) || errno != EINTR)
				die("KVM_RUN that has to end at once");
		val = clock_ticks() - start;
		if (val < best)
			best = val;
	}
	vm->run->immediate_exit = 0;
	add_figure(vm->kind, "vcpu_load_put", best, PER_USER, 0);
}

/* From KVM_CREATE_VM on; *first is what the guest's first instruction reads. */
static bool create(struct vm *vm, uint64_t *created, uint64_t *ready, uint64_t *first)
{
	vm->fd = ioctl(kvm, KVM_CREATE_VM, vm->type);
	if (vm->fd < 0 && errno == EINVAL)
		return false;
	if (vm->fd < 0)
		die("KVM_CREATE_VM");
	*created = clock_ticks();
	add_memory(vm, 0, CODE_GPA, vm->code, CODE_SIZE);
	add_memory(vm, 1, DATA_GPA, vm->data, PAGE_SIZE);
	add_vcpu(vm);
	add_gic(vm);
	vm->unmap_ticks = UINT64_MAX;
	*ready = clock_ticks();
	*first = take(vm);
	return true;
}

static void destroy(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->vcpu);
	close(vm->gic);
	close(vm->fd);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool measure_lifetime(struct vm *vm)
{
	uint64_t setup = UINT64_MAX, enter = UINT64_MAX, end = UINT64_MAX, make = UINT64_MAX;
	uint64_t start, created, ready, first;
	int i;

	for (i = 0; i < LIFETIMES; i++) {
		start = clock_ticks();
		if (!create(vm, &created, &ready, &first))
			return false;
		make = least(make, created - start);
		setup = least(setup, ready - created);
		enter = least(enter, first - ready);
		start = clock_ticks();
		destroy(vm);
		end = least(end, clock_ticks() - start);
	}
	add_figure(vm->kind, "vm_create", make, 1, 0);
	add_figure(vm->kind, "vm_setup", setup, 1, 0);
	add_figure(vm->kind, "vm_first_run", enter, 1, 0);
	add_figure(vm->kind, "vm_destroy", end, 1, 0);
	return true;
}

static void measure_vm(const char *kind, unsigned long type)
{
	struct vm vm = { .kind = kind, .type = type };
	uint64_t created, ready, first;
	unsigned int i;

	vm.code = map(CODE_SIZE);
	vm.data = map(PAGE_SIZE);
	memcpy(vm.code, bench_guest_start, bench_guest_end - bench_guest_start);
	__builtin___clear_cache((char *)vm.code, (char *)vm.code + CODE_SIZE);

	if (!measure_lifetime(&vm)) {
		printf("bench: this kernel has no %s VMs\n", kind);
		return;
	}

	create(&vm, &created, &ready, &first);
	measure_ids(&vm);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		measure(&vm, ops[i].name, &ops[i]);
	add_figure(vm.kind, "unmap_page", vm.unmap_ticks, 1, 0);
	measure_load_put(&vm);
	destroy(&vm);
}

/* What the boot took until now, without the time that the CPU was idle. */
static void measure_boot(uint64_t now, uint64_t frequency)
{
	now -= clock_idle_ns() * frequency / 1000000000;
	add_figure("host", "boot", now, 1, 0);
}

int main(void)
{
	uint64_t now = clock_ticks(), frequency = clock_frequency();

	setvbuf(stdout, NULL, _IOLBF, 0);
	add_figure("host", "frequency", frequency, 1, 0);
	measure_boot(now, frequency);

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	measure_vm("protected", TYPE_PROTECTED);
	measure_vm("other", 0);
	print_figures();
	printf("bench: complete\n");
	return 0;
}
