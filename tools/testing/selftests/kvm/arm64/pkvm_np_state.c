// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_np_state - the registers of an ordinary VM on a host in protected mode.
 *
 * EL2 has a vCPU of its own there, and copies registers between it and the
 * host's. For each system register that KVM_GET_REG_LIST names:
 *
 *  - what the guest reads is what KVM_GET_ONE_REG says
 *  - what the guest writes is what KVM_GET_ONE_REG says after the next exit
 *  - what KVM_SET_ONE_REG writes is what the guest reads next
 *
 * and the same for general and floating point registers. The test needs nothing
 * of protected mode; it holds on any host.
 *
 * The guest runs without MMU and tells values by the data of MMIO writes. Its
 * code is made here: a slot of instructions for each register.
 */
#include <linux/sizes.h>

#include <asm/ptrace.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"
#include "kselftest.h"

#define CODE_GPA	0x40000000UL
#define CODE_PAGES	16
#define SLOT_SIZE	32
#define VECTOR_SIZE	0x80
#define VECTORS_SIZE	0x800

#define MMIO_VALUE	0x0a000000UL	/* X10 */
#define MMIO_UNDEF	0x0a000008UL	/* X11 */

#define INSN_MRS(sysreg, rt)	(0xd5200000 | (sysreg) | (rt))
#define INSN_MSR(sysreg, rt)	(0xd5000000 | (sysreg) | (rt))
#define INSN_ISB		0xd5033fdf
#define INSN_STR_X0_X10		0xf9000140
#define INSN_STR_XZR_X11	0xf900017f
#define INSN_B_SELF		0x14000000
#define INSN_FMOV_X0_D(n)	(0x9e660000 | (n) << 5)
#define INSN_FMOV_D_X1(n)	(0x9e670020 | (n))
#define INSN_MOV_X0_X(n)	(0xaa0003e0 | (n) << 16)
#define INSN_MOV_X_X1(n)	(0xaa0103e0 | (n))

/*
 * The guest writes what it has read with some bits changed. By default these are two
 * bits that most registers have. A register is named here if it does not have them,
 * or if the guest must not change them.
 */
static const struct {
	u32 sysreg;
	u64 toggle;
} toggles[] = {
	{ SYS_SCTLR_EL1, SCTLR_EL1_UCI | SCTLR_EL1_UCT },
	{ SYS_CPACR_EL1, CPACR_EL1_TTA | CPACR_EL1_ZEN_EL1EN },
	{ SYS_CNTKCTL_EL1, BIT(8) | BIT(9) },
	{ SYS_MDSCR_EL1, MDSCR_EL1_TDCC },
	{ SYS_DBGBCRn_EL1(0), BIT(1) | BIT(2) },	/* PMC */
	{ SYS_SPSR_EL1, PSR_N_BIT | PSR_Z_BIT },
	{ SYS_VBAR_EL1, BIT(12) },
	{ SYS_SCTLR2_EL1, 0 },
	{ SYS_ZCR_EL1, 1 },
};

#define SYSREG_FIELD(id, f)						\
	(((id) & KVM_REG_ARM64_SYSREG_##f##_MASK) >> KVM_REG_ARM64_SYSREG_##f##_SHIFT)

/*
 * Leave out registers that the guest may not write or that change by themselves: the
 * OS lock, timers and counters, ID registers and those that describe the caches. Of
 * the breakpoints and watchpoints, test the first. A kernel without support for RAS
 * does not switch DISR_EL1.
 */
static bool is_left_out(u64 id)
{
	u64 op0 = SYSREG_FIELD(id, OP0), op1 = SYSREG_FIELD(id, OP1);
	u64 crn = SYSREG_FIELD(id, CRN), crm = SYSREG_FIELD(id, CRM);

	return id == KVM_ARM64_SYS_REG(SYS_OSLSR_EL1) ||
	       (id == KVM_ARM64_SYS_REG(SYS_DISR_EL1) &&
		!kvm_check_cap(KVM_CAP_ARM_INJECT_SERROR_ESR)) ||
	       (op1 == 3 && crn == 14) || (op0 == 3 && crn == 0) ||
	       (op0 == 2 && crm > 0 && SYSREG_FIELD(id, OP2) >= 4);
}

static u64 toggle_of(u32 sysreg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(toggles); i++)
		if (toggles[i].sysreg == sysreg)
			return toggles[i].toggle;
	return BIT(4) | BIT(5);
}

#define CORE_REG(size, name)						\
	(KVM_REG_ARM64 | KVM_REG_SIZE_##size | KVM_REG_ARM_CORE |	\
	 KVM_REG_ARM_CORE_REG(name))

struct slot {
	char name[32];
	u64 id, toggle;
	u32 read, write;
};

static struct slot slots[CODE_PAGES * SZ_4K / SLOT_SIZE - 1];
static unsigned int nr_slots;
static struct kvm_vcpu *vcpu;

static void __printf(5, 6) add_slot(u64 id, u64 toggle, u32 read, u32 write,
				    const char *fmt, ...)
{
	struct slot *slot = &slots[nr_slots++];
	va_list ap;

	TEST_ASSERT(nr_slots <= ARRAY_SIZE(slots), "Too many registers");
	*slot = (struct slot){ .id = id, .toggle = toggle, .read = read, .write = write };
	va_start(ap, fmt);
	vsnprintf(slot->name, sizeof(slot->name), fmt, ap);
	va_end(ap);
}

/* The encodings of a system register in instructions and in IDs differ by a shift. */
static void add_sysreg(u64 id, u32 sysreg)
{
	u64 encoding = sysreg >> 5;

	add_slot(id, toggle_of(sysreg), INSN_MRS(sysreg, 0), INSN_MSR(sysreg, 1),
		 "s%lu_%lu_c%lu_c%lu_%lu", SYSREG_FIELD(encoding, OP0),
		 SYSREG_FIELD(encoding, OP1), SYSREG_FIELD(encoding, CRN),
		 SYSREG_FIELD(encoding, CRM), SYSREG_FIELD(encoding, OP2));
}

static void add_registers(void)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	u32 sysreg;
	u64 i;

	for (i = 0; i < list->n; i++) {
		sysreg = (list->reg[i] & 0xffff) << 5;
		if ((list->reg[i] & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG &&
		    !is_left_out(list->reg[i]))
			add_sysreg(list->reg[i], sysreg);
	}
	free(list);

	add_sysreg(CORE_REG(U64, regs.sp), sys_reg(3, 0, 4, 1, 0));
	add_sysreg(CORE_REG(U64, elr_el1), SYS_ELR_EL1);
	add_sysreg(CORE_REG(U64, spsr[KVM_SPSR_EL1]), SYS_SPSR_EL1);
	add_sysreg(CORE_REG(U32, fp_regs.fpsr), SYS_FPSR);
	add_sysreg(CORE_REG(U32, fp_regs.fpcr), SYS_FPCR);

	/* X0 and X1 are in use, X10 and X11 the addresses of MMIO. */
	for (i = 2; i < 31; i++)
		if (i != 10 && i != 11)
			add_slot(CORE_REG(U64, regs.regs[i]), ~0UL, INSN_MOV_X0_X(i),
				 INSN_MOV_X_X1(i), "x%lu", i);
	for (i = 0; i < 32; i++)
		add_slot(CORE_REG(U128, fp_regs.vregs[i]), ~0UL, INSN_FMOV_X0_D(i),
			 INSN_FMOV_D_X1(i), "d%lu", i);
}

/* The low 64 bits of a register of any size. */
static u64 get_reg(u64 id)
{
	u64 val[2] = {};
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	vcpu_ioctl(vcpu, KVM_GET_ONE_REG, &reg);
	return val[0];
}

static int set_reg(u64 id, u64 low)
{
	u64 val[2] = { low };
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	return __vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

static bool run_until_value(u64 *val)
{
	struct kvm_run *run = vcpu->run;

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_MMIO);
	*val = *(u64 *)run->mmio.data;
	/* Without this, KVM would still advance the PC, which the test sets next. */
	vcpu_run_complete_io(vcpu);
	return run->mmio.phys_addr == MMIO_VALUE;
}

static void check_slot(struct slot *slot, u64 gpa)
{
	const char *failure = NULL;
	u64 before, after, user;

	set_reg(CORE_REG(U64, regs.pc), gpa);
	user = get_reg(slot->id);
	if (!run_until_value(&before)) {
		ksft_test_result_skip("%s: the guest does not have it\n", slot->name);
		return;
	}
	if (before != user || get_reg(slot->id) != user)
		failure = "the guest reads another value than userspace";

	set_reg(CORE_REG(U64, regs.regs[1]), before ^ slot->toggle);
	if (!run_until_value(&after))
		failure = "the guest can read, but not write";
	else if (get_reg(slot->id) != after)
		failure = "userspace reads another value than the guest wrote";
	if (after == before)
		ksft_print_msg("%s: the guest cannot change 0x%lx\n", slot->name, before);

	/* EL2 has the guest's value now, and must notice that it is outdated. */
	set_reg(CORE_REG(U64, regs.pc), gpa);
	if (!set_reg(slot->id, before)) {
		user = get_reg(slot->id);
		if (!run_until_value(&after) || after != user)
			failure = "the guest does not read what userspace wrote";
	}

	ksft_test_result(!failure, "%s%s%s\n", slot->name, failure ? ": " : "",
			 failure ?: "");
}

static u64 emit_code(u32 *code)
{
	static const u32 died[] = { INSN_STR_XZR_X11, INSN_B_SELF };
	u64 vectors = CODE_GPA + CODE_PAGES * SZ_4K;
	unsigned int i;

	for (i = 0; i < nr_slots; i++) {
		const u32 slot[] = {
			slots[i].read, INSN_STR_X0_X10, slots[i].write, INSN_ISB,
			slots[i].read, INSN_STR_X0_X10, INSN_B_SELF,
		};

		memcpy(code + i * SLOT_SIZE / sizeof(u32), slot, sizeof(slot));
	}
	for (i = 0; i < VECTORS_SIZE; i += VECTOR_SIZE)
		memcpy((void *)code + CODE_PAGES * SZ_4K + i, died, sizeof(died));
	return vectors;
}

int main(void)
{
	struct kvm_vcpu_init init;
	struct kvm_vm *vm;
	unsigned int i;
	u64 vectors;
	void *code;

	ksft_print_header();
	vm = vm_create_barebones();
	if (vm_check_cap(vm, KVM_CAP_ARM_MTE))
		vm_enable_cap(vm, KVM_CAP_ARM_MTE, 0);
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, CODE_GPA, 0,
				    vm_calc_num_guest_pages(vm->mode, (CODE_PAGES + 1) * SZ_4K),
				    0);
	code = addr_gpa2hva(vm, CODE_GPA);

	kvm_get_default_vcpu_target(vm, &init);
	if (vm_check_cap(vm, KVM_CAP_ARM_PTRAUTH_ADDRESS))
		init.features[0] |= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
				    BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
	vcpu = __vm_vcpu_add(vm, 0);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init);

	add_registers();
	vectors = emit_code(code);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_VBAR_EL1), vectors);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1), CPACR_EL1_FPEN);
	set_reg(CORE_REG(U64, regs.regs[10]), MMIO_VALUE);
	set_reg(CORE_REG(U64, regs.regs[11]), MMIO_UNDEF);

	ksft_set_plan(nr_slots);
	for (i = 0; i < nr_slots; i++)
		check_slot(&slots[i], CODE_GPA + i * SLOT_SIZE);

	kvm_vm_free(vm);
	ksft_finished();
}
