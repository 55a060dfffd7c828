// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_perf_test - what traps and exits of a guest cost.
 *
 * A guest runs a loop around one operation, and the counter of the machine tells
 * how long it took. The shortest of some batches counts, less what the empty loop
 * takes: no timer interrupt hit that one. Where an operation is UNDEFINED in the
 * guest, the guest's own part is taken off as well; it is what UDF takes.
 *
 * Every line is "cost KIND NAME NS", with KIND being protected or ordinary. In an
 * emulator whose clock counts instructions, a nanosecond is one of them. What the end
 * of a VM takes for a page is in instructions always. All is printed at the end, as
 * printing wakes the one who reads.
 */
#include <linux/arm-smccc.h>
#include <linux/perf_event.h>
#include <linux/psci.h>
#include <linux/sizes.h>
#include <sys/syscall.h>

#include "kvm_util.h"
#include "gic.h"
#include "gic_v3.h"
#include "probe.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"
#include "vgic.h"

#define NR_BATCHES	8
#define NR_LIVES	4
#define PER_BATCH	512
/* Pages for faults: the guest touches so many of them in a batch. */
#define NR_PAGES	1024
#define PER_FAULT	(NR_PAGES / 16)

#define PAGES_GPA	(2UL * SZ_1G)
#define MMIO_GPA	(3UL * SZ_1G)
#define PAGES_SLOT	10
#define SGI		1

/* Step over each UNDEFINED instruction, and count these in X16. */
asm(".pushsection .text\n"
"	.balign	2048\n"
"undef_vectors:\n"
"	.skip	0x200\n"
"	mrs	x17, elr_el1\n"
"	add	x17, x17, #4\n"
"	msr	elr_el1, x17\n"
"	add	x16, x16, #1\n"
"	eret\n"
"	.popsection\n");

/* X4 is an address for the operation, X5 a value. */
#define DEFINE_LOOP(name, op)							\
static u64 loop_##name(struct probe_shared *s, const u64 *args)			\
{										\
	u64 vbar = read_sysreg(vbar_el1), start, end;				\
	register u64 nr asm("x6") = args[0];					\
	register u64 addr asm("x4") = args[1];					\
	register u64 val asm("x5") = args[2];					\
										\
	asm volatile("adr	x16, undef_vectors\n"				\
		     "msr	vbar_el1, x16\n"				\
		     "mov	x16, #0\n"					\
		     "isb\n"							\
		     "mrs	%[start], cntvct_el0\n"				\
		     "1:	" op "\n"					\
		     "subs	%[nr], %[nr], #1\n"				\
		     "b.ne	1b\n"						\
		     "isb\n"							\
		     "mrs	%[end], cntvct_el0\n"				\
		     "mov	%[val], x16\n"					\
		     : [start] "=&r" (start), [end] "=&r" (end),		\
		       [nr] "+r" (nr), [addr] "+r" (addr), [val] "+r" (val)	\
		     : : "x0", "x1", "x2", "x3", "x16", "x17", "cc", "memory");	\
	write_sysreg(vbar, vbar_el1);						\
	isb();									\
	s->data[0] = val;							\
										\
	return end - start;							\
}

DEFINE_LOOP(empty, "")
DEFINE_LOOP(udf, "udf #0")
DEFINE_LOOP(hvc, "mov w0, w5\nhvc #0")
DEFINE_LOOP(id_first, "mrs x0, S3_0_C0_C1_0")
DEFINE_LOOP(id_middle, "mrs x0, S3_0_C0_C4_0")
DEFINE_LOOP(id_last, "mrs x0, S3_0_C0_C7_7")
DEFINE_LOOP(read_pmcr, "mrs x0, S3_3_C9_C12_0")
DEFINE_LOOP(write_dbgbvr0, "msr S2_0_C0_C0_4, xzr")
DEFINE_LOOP(read_clidr, "mrs x0, S3_1_C0_C0_1")
DEFINE_LOOP(read_ctr, "mrs x0, S3_3_C0_C0_1")
DEFINE_LOOP(read_cntp_ctl, "mrs x0, S3_3_C14_C2_1")
DEFINE_LOOP(write_sgi1r, "msr S3_0_C12_C11_5, xzr")
DEFINE_LOOP(read, "ldr w0, [x4]")
DEFINE_LOOP(touch, "ldr x0, [x4]\nadd x4, x4, x5")
DEFINE_LOOP(wfi, "wfi")

/*
 * Have an interrupt pending whose group the guest has disabled. The CPU does not signal
 * it, so that WFI traps. The host sees it, and so does not wait.
 */
static u64 guest_mask_irq(struct probe_shared *s, const u64 *args)
{
	writel(GICD_CTLR_ENABLE_SS_G1, GICD_BASE_GVA + GICD_CTLR);
	writel(BIT(SGI), GICR_BASE_GVA + SZ_64K + GICR_ISENABLER0);
	writel(BIT(SGI), GICR_BASE_GVA + SZ_64K + GICR_ISPENDR0);
	write_sysreg_s(0, SYS_ICC_IGRPEN1_EL1);
	write_sysreg_s(0xff, SYS_ICC_PMR_EL1);
	isb();

	return 0;
}

static const struct op {
	const char *name;
	probe_fn *loop;
	u64 addr, val;
	probe_fn *prepare;
} ops[] = {
	{ "floor",		loop_hvc, .val = ARM_SMCCC_ARCH_WORKAROUND_1 },
	{ "id_first",		loop_id_first },
	{ "id_middle",		loop_id_middle },
	{ "id_last",		loop_id_last },
	{ "hidden_undef",	loop_read_pmcr },
	{ "write_ignored",	loop_write_dbgbvr0 },
	{ "clidr",		loop_read_clidr },
	{ "ctr",		loop_read_ctr },
	{ "cntp_ctl",		loop_read_cntp_ctl },
	{ "sgi",		loop_write_sgi1r },
	{ "psci_version",	loop_hvc, .val = PSCI_0_2_FN_PSCI_VERSION },
	{ "mmio_kvm",		loop_read, .addr = GICD_BASE_GPA + GICD_TYPER },
	{ "mmio_vmm",		loop_read, .addr = MMIO_GPA },
	{ "wfi",		loop_wfi, .prepare = guest_mask_irq },
};

static struct {
	const char *kind, *name;
	double cost;
} costs[64];
static unsigned int nr_costs;

static double ns(double ticks)
{
	return ticks * 1e9 / read_sysreg(cntfrq_el0);
}

static u64 now(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

static void add_cost(const char *kind, const char *name, double cost)
{
	TEST_ASSERT(nr_costs < ARRAY_SIZE(costs), "Too many costs");
	costs[nr_costs].kind = kind;
	costs[nr_costs].name = name;
	costs[nr_costs++].cost = cost;
}

/*
 * Count the instructions of this task, in the kernel and at EL2, too. The end of a VM
 * waits for RCU, so that a clock would count the waiting.
 */
static int count_instructions(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	TEST_ASSERT(fd >= 0, "perf_event_open: %s", strerror(errno));

	return fd;
}

static u64 call(struct probe *p, probe_fn *fn, u64 per, u64 addr, u64 val)
{
	struct kvm_run *run = p->vcpu[0]->run;
	struct probe_shared *s = p->shared;

	s->fn = fn;
	s->args[0] = per;
	s->args[1] = addr;
	s->args[2] = val;
	do {
		if (ioctl(p->vcpu[0]->fd, KVM_RUN, NULL))
			TEST_FAIL("KVM_RUN: %s", strerror(errno));
	} while (run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == MMIO_GPA);
	TEST_ASSERT_EQ(get_ucall(p->vcpu[0], NULL), UCALL_SYNC);

	return s->ret;
}

/* Return how many ticks an operation takes, with the loop around it. */
static double measure(struct probe *p, const struct op *op, u64 *nr_faults)
{
	u64 best = ~0UL;
	int i;

	if (op->prepare)
		call(p, op->prepare, 0, 0, 0);
	for (i = 0; i < NR_BATCHES; i++)
		best = min(best, call(p, op->loop, PER_BATCH, op->addr, op->val));
	*nr_faults = p->shared->data[0];

	return (double)best / PER_BATCH;
}

static struct probe *create(const char *kind)
{
	const struct probe_cfg cfg = { .ordinary = !strcmp(kind, "ordinary"), .vgic = true };
	struct probe *p = probe_create(&cfg);

	vm_userspace_mem_region_add(p->vm, VM_MEM_SRC_ANONYMOUS, PAGES_GPA, PAGES_SLOT,
				    NR_PAGES, 0);
	memset(addr_gpa2hva(p->vm, PAGES_GPA), 1, NR_PAGES * p->vm->page_size);
	virt_map(p->vm, PAGES_GPA, PAGES_GPA, NR_PAGES);
	virt_map(p->vm, MMIO_GPA, MMIO_GPA, 1);
	vcpu_run(p->vcpu[0]);

	return p;
}

/* Have the guest touch every page, if @best is not NULL. Return what the end takes. */
static u64 live(const char *kind, u64 *best)
{
	struct probe *p = create(kind);
	u64 i, nr, size = p->vm->page_size;
	int fd;

	for (i = 0; best && i < NR_PAGES; i += PER_FAULT)
		*best = min(*best, call(p, loop_touch, PER_FAULT, PAGES_GPA + i * size,
					size));
	fd = count_instructions();
	probe_free(p);
	TEST_ASSERT_EQ(read(fd, &nr, sizeof(nr)), sizeof(nr));
	close(fd);

	return nr;
}

static void measure_pages(const char *kind)
{
	u64 fault = ~0UL, used = ~0UL, unused = ~0UL;
	int i;

	for (i = 0; i < NR_LIVES; i++) {
		used = min(used, live(kind, &fault));
		unused = min(unused, live(kind, NULL));
	}
	add_cost(kind, "page_fault", ns((double)fault / PER_FAULT));
	add_cost(kind, "page_end", ((double)used - unused) / NR_PAGES);
}

/* KVM_RUN that is told to end at once loads the vCPU and puts it. */
static void measure_load_put(struct probe *p, const char *kind)
{
	u64 best = ~0UL, start;
	int i, j;

	p->vcpu[0]->run->immediate_exit = 1;
	for (i = 0; i < NR_BATCHES; i++) {
		start = now();
		for (j = 0; j < PER_BATCH; j++)
			ioctl(p->vcpu[0]->fd, KVM_RUN, NULL);
		best = min(best, now() - start);
	}
	p->vcpu[0]->run->immediate_exit = 0;
	add_cost(kind, "load_put", ns((double)best / PER_BATCH));
}

static const u32 first_insns[] = {
	0xd53be020,	/* mrs x0, cntpct_el0 */
	0xf9000020,	/* str x0, [x1] */
};

/* From KVM_CREATE_VM to what the guest's first instruction reads. */
static u64 measure_start(bool ordinary)
{
	size_t size = getpagesize(), run_size;
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = PAGES_GPA, .memory_size = size,
	};
	u64 pc = PAGES_GPA, x1 = MMIO_GPA, start, first;
	struct kvm_one_reg regs[] = {
		{ ARM64_CORE_REG(regs.pc), (u64)&pc },
		{ ARM64_CORE_REG(regs.regs[1]), (u64)&x1 },
	};
	int vm, vcpu, kvm = open_kvm_dev_path_or_exit();
	struct kvm_vcpu_init init;
	struct kvm_run *run;
	void *page;

	page = kvm_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memcpy(page, first_insns, sizeof(first_insns));
	region.userspace_addr = (u64)page;

	run_size = __kvm_ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);

	start = now();
	vm = __kvm_ioctl(kvm, KVM_CREATE_VM,
			 (void *)(ordinary ? 0 : KVM_VM_TYPE_ARM_PROTECTED));
	kvm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
	vcpu = __kvm_ioctl(vm, KVM_CREATE_VCPU, (void *)0);
	kvm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	kvm_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	kvm_ioctl(vcpu, KVM_SET_ONE_REG, &regs[0]);
	kvm_ioctl(vcpu, KVM_SET_ONE_REG, &regs[1]);
	kvm_ioctl(vcpu, KVM_RUN, NULL);

	run = kvm_mmap(run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_MMIO);
	first = *(u64 *)run->mmio.data;
	kvm_munmap(run, run_size);
	close(vcpu);
	close(vm);
	close(kvm);
	kvm_munmap(page, size);

	return first - start;
}

static void measure_kind(const char *kind)
{
	const struct op empty = { "empty", loop_empty };
	const struct op udf = { "udf", loop_udf };
	double ticks, empty_ticks, udf_ticks;
	u64 start = ~0UL, nr_faults;
	struct probe *p;
	int i;

	for (i = 0; i < NR_LIVES; i++)
		start = min(start, measure_start(!strcmp(kind, "ordinary")));
	add_cost(kind, "start", ns(start));
	measure_pages(kind);

	p = create(kind);
	empty_ticks = measure(p, &empty, &nr_faults);
	udf_ticks = measure(p, &udf, &nr_faults) - empty_ticks;
	add_cost(kind, "guest_udf", ns(udf_ticks));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ticks = measure(p, &ops[i], &nr_faults) - empty_ticks;
		if (nr_faults)
			ticks -= udf_ticks;
		add_cost(kind, ops[i].name, ns(ticks));
	}
	measure_load_put(p, kind);
	probe_free(p);
}

int main(int argc, char *argv[])
{
	int i;

	TEST_REQUIRE(kvm_supports_vgic_v3());
	if (kvm_has_protected_vms())
		measure_kind("protected");
	measure_kind("ordinary");

	for (i = 0; i < nr_costs; i++)
		printf("cost %s %s %.1f\n", costs[i].kind, costs[i].name, costs[i].cost);

	return 0;
}
