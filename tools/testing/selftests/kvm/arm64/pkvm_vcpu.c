// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_vcpu - the vCPUs of protected VMs, and what userspace can do to them.
 *
 *  guest-debug: ...	KVM_SET_GUEST_DEBUG before the first run, or after, does not
 *			step a guest, nor stop it at a breakpoint, nor take its BRK
 *  debug-registers	MDSCR_EL1 by KVM_SET_ONE_REG does not open the CPU's
 *			debug registers to the guest
 *  late-vcpu		a vCPU that was made after the first run can run
 *  event-counters	the host's event counters count while a guest runs
 *  guest-counters	the counters of an ordinary guest count
 *  illegal-return	an interrupt that is pending when EL2 enters a guest with
 *			a PSTATE that its CPU does not have
 *
 * The guests run without MMU and report by the data of MMIO writes.
 */
#include <pthread.h>
#include <time.h>

#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <linux/psci.h>
#include <linux/sizes.h>
#include <sys/syscall.h>

#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "test_util.h"
#include "kselftest.h"

#define CODE_GPA	0x40000000UL
/* In a page of its own, whatever the size of pages is. */
#define VCPU_CODE_GPA(id)	(CODE_GPA + ((id) + 1) * SZ_64K)
#define MMIO_GPA	0x0a000000UL

#define VECTOR_SYNC	0x200
#define AA32_MODE_SVC	0x13

/* A protected vCPU starts in the reset state, so it sets VBAR_EL1 and X10 by itself. */
static const u32 start[] = {
	0xd2a80009,	/* mov x9, #CODE_GPA */
	0xd518c009,	/* msr vbar_el1, x9 */
	0xd2a1400a,	/* mov x10, #MMIO_GPA */
	0xd5033fdf,	/* isb */
};

/* Each program that follows ends with this: it reports X0 over and over. */
static const u32 report[] = {
	0xf9000140,	/* str x0, [x10] */
	0x17ffffff,	/* b to that */
};

static const u32 guest_report[] = { 0 };

static const u32 guest_vector[] = {
	0xd5385200,	/* mrs x0, esr_el1 */
	0
};

/* Report X0, and then execute a BRK, whose syndrome the vector reports. */
static const u32 guest_brk[] = {
	0xf9000140,	/* str x0, [x10] */
	0xd50348ff,	/* msr daifclr, #8 */
	0xd503201f,	/* nop */
	0xd42000e0,	/* brk #7 */
	0
};

static const u32 guest_dbgbvr[] = {
	0xd5100080,	/* msr dbgbvr0_el1, x0 */
	0xd5033fdf,	/* isb */
	0xd5300080,	/* mrs x0, dbgbvr0_el1 */
	0
};

/* Report X0, and then what PSCI CPU_ON of vCPU 1 returns. */
static const u32 guest_cpu_on[] = {
	0xf9000140,	/* str x0, [x10] */
	0xd2800060,	/* mov x0, #PSCI_0_2_FN64_CPU_ON */
	0xf2b88000,
	0xd2800021,	/* mov x1, #1 */
	0xd2a80042,	/* mov x2, #VCPU_CODE_GPA(1) */
	0xd2800043,	/* mov x3, #2 */
	0xd4000002,	/* hvc #0 */
	0
};

/* Go round a loop X0 times. */
static const u32 guest_spin[] = {
	0xf1000400,	/* subs x0, x0, #1 */
	0x54ffffe1,	/* b.ne to that */
	0
};

/* Report how many cycles it takes to go round a loop X0 times. */
static const u32 guest_pmu[] = {
	0xd53b9c01,	/* mrs x1, pmcr_el0 */
	0xb2400021,	/* orr x1, x1, #1 */
	0xd51b9c01,	/* msr pmcr_el0, x1 */
	0xd2b00001,	/* mov x1, #1 << 31 */
	0xd51befff,	/* msr pmccfiltr_el0, xzr */
	0xd51b9c21,	/* msr pmcntenset_el0, x1 */
	0xd5033fdf,	/* isb */
	0xd53b9d01,	/* mrs x1, pmccntr_el0 */
	0xf1000400,	/* subs x0, x0, #1 */
	0x54ffffe1,	/* b.ne to that */
	0xd53b9d00,	/* mrs x0, pmccntr_el0 */
	0xcb010000,	/* sub x0, x0, x1 */
	0
};

static void put_code(struct kvm_vm *vm, u64 gpa, const u32 *code)
{
	u32 *insn = addr_gpa2hva(vm, gpa);

	while (*code)
		*insn++ = *code++;
	memcpy(insn, report, sizeof(report));
}

static struct kvm_vcpu *add_vcpu(struct kvm_vm *vm, unsigned int id, u64 features,
				 const u32 *code, u64 x0)
{
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, id);
	u64 pc = VCPU_CODE_GPA(id);
	struct kvm_vcpu_init init;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= features;
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	memcpy(addr_gpa2hva(vm, pc), start, sizeof(start));
	put_code(vm, pc + sizeof(start), code);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), pc);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.regs[0]), x0);
	return vcpu;
}

static struct kvm_vm *create_vm(unsigned long type)
{
	struct kvm_vm *vm = vm_create_barebones_type(type);

	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, CODE_GPA, 0,
				    vm_calc_num_guest_pages(vm->mode, SZ_256K), 0);
	put_code(vm, CODE_GPA + VECTOR_SYNC, guest_vector);
	return vm;
}

static struct kvm_vm *create_pvm(const u32 *code, u64 x0, struct kvm_vcpu **vcpu)
{
	struct kvm_vm *vm = create_vm(KVM_VM_TYPE_ARM_PROTECTED);

	*vcpu = add_vcpu(vm, 0, 0, code, x0);
	return vm;
}

/* Run until the guest reports; false if something else happens. */
static bool run(struct kvm_vcpu *vcpu, u64 *val)
{
	int ret;

	/* Without a vGIC, userspace hears of the interrupt lines of the PMU. */
	do {
		ret = __vcpu_run(vcpu);
	} while (ret && errno == EINTR && vcpu->run->exit_reason == KVM_EXIT_INTR);

	if (!ret && vcpu->run->exit_reason == KVM_EXIT_MMIO) {
		*val = *(u64 *)vcpu->run->mmio.data;
		return true;
	}
	ksft_print_msg("KVM_RUN: %d, errno %d, exit reason %u\n", ret, ret ? errno : 0,
		       vcpu->run->exit_reason);
	return false;
}

static bool run_fails(struct kvm_vcpu *vcpu)
{
	int ret;

	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	ret = __vcpu_run(vcpu);
	if (ret && errno == EINVAL && vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		return true;
	ksft_print_msg("KVM_RUN: %d, errno %d, exit reason %u\n", ret, ret ? errno : 0,
		       vcpu->run->exit_reason);
	return false;
}

static const struct {
	const char *name;
	u32 control;
} debuggers[] = {
	{ "step", KVM_GUESTDBG_SINGLESTEP },
	{ "BRK", KVM_GUESTDBG_USE_SW_BP },
	{ "breakpoint", KVM_GUESTDBG_USE_HW },
};

#define DBGBCR_EL1	0x1e3	/* an instruction at EL1 */

static void test_guest_debug(unsigned int nr, bool after)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | debuggers[nr].control,
		.arch.dbg_bcr[0] = DBGBCR_EL1,
		.arch.dbg_bvr[0] = VCPU_CODE_GPA(0) + sizeof(start) + 8,
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create_pvm(guest_brk, 5, &vcpu);
	u64 val, esr = 0;
	bool ok;

	if (!after)
		__vcpu_ioctl(vcpu, KVM_SET_GUEST_DEBUG, &debug);
	ok = run(vcpu, &val) && val == 5;
	if (after)
		__vcpu_ioctl(vcpu, KVM_SET_GUEST_DEBUG, &debug);
	ok = ok && run(vcpu, &esr) && ESR_ELx_EC(esr) == ESR_ELx_EC_BRK64;
	ksft_test_result(ok, "guest-debug: %s, %s\n", debuggers[nr].name,
			 after ? "after" : "before");
	kvm_vm_free(vm);
}

static void test_debug_registers(void)
{
	const u64 addr = 0x12345670;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create_pvm(guest_dbgbvr, addr, &vcpu);
	u64 val = addr;

	__vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_MDSCR_EL1), MDSCR_EL1_MDE);
	ksft_test_result(run(vcpu, &val) && val != addr, "debug-registers\n");
	kvm_vm_free(vm);
}

/* The guest turns on a vCPU that was made after the first run, and chooses its X0. */
static void test_late_vcpu(void)
{
	const u64 features = BIT(KVM_ARM_VCPU_PSCI_0_2);
	struct kvm_vm *vm = create_vm(KVM_VM_TYPE_ARM_PROTECTED);
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, features, guest_cpu_on, 1), *late;
	u64 val[3];
	bool ok;

	ok = run(vcpu, &val[0]);
	late = add_vcpu(vm, 1, features | BIT(KVM_ARM_VCPU_POWER_OFF), guest_report, 3);
	ok = ok && run(vcpu, &val[1]) && run(late, &val[2]) &&
	     val[0] == 1 && val[1] == PSCI_RET_SUCCESS && val[2] == 2;
	ksft_test_result(ok, "late-vcpu\n");
	kvm_vm_free(vm);
}

static int open_cycles(int group)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_RAW,
		.config = 0x11,		/* CPU_CYCLES */
		.size = sizeof(attr),
	};

	return syscall(__NR_perf_event_open, &attr, 0, -1, group, 0);
}

/*
 * Of two events that count cycles, at most one has the cycle counter, so the other is
 * in an event counter. Both have to go on while a guest runs.
 */
static void test_event_counters(void)
{
	struct kvm_vm *vm = create_vm(0);
	struct kvm_vcpu *vcpu = add_vcpu(vm, 0, 0, guest_spin, 20000000);
	u64 before[2], after[2], val;
	int fd[2], i;
	bool ok;

	fd[0] = open_cycles(-1);
	fd[1] = open_cycles(fd[0]);
	if (fd[0] < 0 || fd[1] < 0) {
		ksft_test_result_skip("event-counters: not two of them\n");
		return;
	}
	for (i = 0; i < 2; i++)
		TEST_ASSERT_EQ(read(fd[i], &before[i], 8), 8);
	ok = run(vcpu, &val);
	for (i = 0; i < 2; i++)
		TEST_ASSERT_EQ(read(fd[i], &after[i], 8), 8);
	after[0] -= before[0];
	after[1] -= before[1];
	ksft_print_msg("%lu and %lu cycles\n", after[0], after[1]);
	ok &= after[0] && after[0] / 2 < after[1] && after[1] / 2 < after[0];
	ksft_test_result(ok, "event-counters\n");
	close(fd[0]);
	close(fd[1]);
	kvm_vm_free(vm);
}

static void test_guest_counters(void)
{
	struct kvm_device_attr init = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL,
		.attr = KVM_ARM_VCPU_PMU_V3_INIT,
	};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	u64 cycles;

	if (!kvm_has_cap(KVM_CAP_ARM_PMU_V3)) {
		ksft_test_result_skip("guest-counters: no PMU\n");
		return;
	}

	vm = create_vm(0);
	vcpu = add_vcpu(vm, 0, BIT(KVM_ARM_VCPU_PMU_V3), guest_pmu, 1000000);
	vcpu_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &init);
	ksft_test_result(run(vcpu, &cycles) && cycles, "guest-counters\n");
	kvm_vm_free(vm);
}

/* Interrupt the CPU of the other thread as often as possible. */
static void *interrupt(void *unused)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	for (;;)
		syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	return NULL;
}

static bool pvm_can_be_32bit(void)
{
	struct kvm_vm *vm = create_vm(KVM_VM_TYPE_ARM_PROTECTED);
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, 0);
	struct kvm_vcpu_init init;
	bool ret;

	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_EL1_32BIT);
	ret = !__vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);
	kvm_vm_free(vm);

	return ret;
}

/*
 * EL2 gives no protected VM a 32-bit EL1. A KVM that lets userspace ask for one enters
 * it by an illegal exception return, here with interrupts unmasked. A KVM that refuses
 * the feature has no such vCPU, and the case is skipped.
 */
static void test_illegal_return(void)
{
	struct kvm_vcpu *vcpu;
	pthread_t thread;
	struct kvm_vm *vm;
	time_t end;
	bool ok = true;

	if (!kvm_has_cap(KVM_CAP_ARM_EL1_32BIT) || !pvm_can_be_32bit()) {
		ksft_test_result_skip("illegal-return: no such vCPU\n");
		return;
	}

	vm = create_vm(KVM_VM_TYPE_ARM_PROTECTED);
	vcpu = add_vcpu(vm, 0, BIT(KVM_ARM_VCPU_EL1_32BIT), guest_report, 0);
	pthread_create(&thread, NULL, interrupt, NULL);
	for (end = time(NULL) + 3; ok && time(NULL) < end; ) {
		__vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pstate), AA32_MODE_SVC);
		ok = run_fails(vcpu);
	}
	ksft_test_result(ok, "illegal-return\n");
	kvm_vm_free(vm);
}

int main(void)
{
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());

	ksft_print_header();
	ksft_set_plan(5 + 2 * ARRAY_SIZE(debuggers));
	for (i = 0; i < 2 * ARRAY_SIZE(debuggers); i++)
		test_guest_debug(i / 2, i % 2);
	test_debug_registers();
	test_late_vcpu();
	test_event_counters();
	test_guest_counters();
	test_illegal_return();
	ksft_finished();
}
