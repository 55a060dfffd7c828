// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_sysregs - what EL2 makes of the registers that trap in a protected VM.
 *
 * Each group runs in a VM of its own, and ends at the first line that is wrong.
 * The expectations are typed anew here, not taken from the kernel. Registers that
 * the architecture has and emulators are known to lack are left out.
 */
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define ESR_UNDEF	0x02000000UL
#define ESR_SYS64	0x62000000UL
#define MDSCR_KEPT	(BIT(0) | BIT(12) | BIT(13))	/* SS, TDCC, KDE */
#define SPSR_SS		BIT(21)
#define SPSR_D		BIT(9)

static u64 undef_esr;
static int steps;

static void sync_handler(struct ex_regs *regs)
{
	u64 esr = read_sysreg(esr_el1);

	switch (esr >> 26) {
	case 0x15:			/* SVC: step the next instruction */
		regs->pstate = (regs->pstate | SPSR_SS) & ~SPSR_D;
		return;
	case 0x33:			/* and this is the step */
		WRITE_ONCE(steps, READ_ONCE(steps) + 1);
		regs->pstate = (regs->pstate & ~SPSR_SS) | SPSR_D;
		return;
	default:
		WRITE_ONCE(undef_esr, esr);
		regs->pc += 4;
	}
}

#define READ(reg)							\
({									\
	WRITE_ONCE(undef_esr, 0);					\
	read_sysreg_s(reg);						\
})

#define WRITE(reg, val)							\
do {									\
	WRITE_ONCE(undef_esr, 0);					\
	write_sysreg_s(val, reg);					\
} while (0)

#define INSN(insn)							\
do {									\
	WRITE_ONCE(undef_esr, 0);					\
	asm volatile(insn ::: "memory");				\
} while (0)

#define READS(reg, val)							\
do {									\
	u64 __val = READ(reg);						\
									\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);					\
	GUEST_ASSERT_EQ(__val, val);					\
} while (0)

#define IGNORES(reg)							\
do {									\
	WRITE(reg, ~0UL);						\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);					\
	READS(reg, 0);							\
} while (0)

#define NO_READ(reg)							\
do {									\
	READ(reg);							\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), ESR_UNDEF);				\
} while (0)

#define NO_WRITE(reg)							\
do {									\
	WRITE(reg, 0);							\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), ESR_UNDEF);				\
} while (0)

/* An ID register that is missing. */
#define NO_ID(reg)							\
do {									\
	bool idst = (read_sysreg_s(SYS_ID_AA64MMFR2_EL1) >> 36) & 0xf;	\
									\
	READ(reg);							\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr) >> 26, idst ? ESR_SYS64 >> 26 : 0);	\
} while (0)

#define ID(crm, op2)							\
do {									\
	READ(sys_reg(3, 0, 0, crm, op2));				\
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);			\
	NO_WRITE(sys_reg(3, 0, 0, crm, op2));				\
} while (0)

#define IDS(crm)							\
do {									\
	ID(crm, 0);							\
	ID(crm, 1);							\
	ID(crm, 2);							\
	ID(crm, 3);							\
	ID(crm, 4);							\
	ID(crm, 5);							\
	ID(crm, 6);							\
	ID(crm, 7);							\
} while (0)

static void guest_id(void)
{
	IDS(1);
	IDS(2);
	IDS(3);
	IDS(4);
	IDS(5);
	IDS(6);
	IDS(7);
	READS(SYS_REVIDR_EL1, 0);
	READS(SYS_AIDR_EL1, 0);
	NO_ID(SYS_CCSIDR2_EL1);
	GUEST_DONE();
}

static void guest_debug(void)
{
	IGNORES(SYS_DBGBVRn_EL1(0));
	IGNORES(SYS_DBGBCRn_EL1(0));
	IGNORES(SYS_DBGWVRn_EL1(0));
	IGNORES(SYS_DBGWCRn_EL1(0));
	NO_READ(SYS_DBGBVRn_EL1(1));
	NO_READ(SYS_DBGWCRn_EL1(15));
	IGNORES(SYS_MDCCINT_EL1);
	IGNORES(SYS_OSECCR_EL1);
	READS(SYS_MDRAR_EL1, 0);
	IGNORES(SYS_OSDLR_EL1);
	IGNORES(SYS_DBGCLAIMSET_EL1);
	IGNORES(SYS_DBGCLAIMCLR_EL1);
	READS(SYS_MDCCSR_EL0, 0);
	IGNORES(SYS_DBGDTR_EL0);
	IGNORES(SYS_DBGDTRTX_EL0);
	GUEST_DONE();
}

static int step(void)
{
	WRITE_ONCE(steps, 0);
	asm volatile("svc #0\n\tnop\n\tnop" ::: "memory");
	return READ_ONCE(steps);
}

static void guest_step(void)
{
	READS(SYS_OSLSR_EL1, 0x8);
	WRITE(SYS_MDSCR_EL1, ~0UL);
	READS(SYS_MDSCR_EL1, MDSCR_KEPT);
	GUEST_ASSERT_EQ(step(), 1);

	WRITE(SYS_OSLAR_EL1, 1);
	READS(SYS_OSLSR_EL1, 0xa);
	READS(SYS_MDSCR_EL1, MDSCR_KEPT);
	GUEST_ASSERT_EQ(step(), 0);

	/* A visit to the host changes nothing. */
	GUEST_SYNC(0);
	READS(SYS_OSLSR_EL1, 0xa);
	GUEST_ASSERT_EQ(step(), 0);
	WRITE(SYS_OSLAR_EL1, 0);
	READS(SYS_OSLSR_EL1, 0x8);
	GUEST_SYNC(0);
	GUEST_ASSERT_EQ(step(), 1);

	WRITE(SYS_MDSCR_EL1, 0);
	READS(SYS_MDSCR_EL1, 0);
	GUEST_ASSERT_EQ(step(), 0);
	GUEST_DONE();
}

static void guest_caches(void)
{
	u64 ctr = READ(SYS_CTR_EL0), clidr;

	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	GUEST_ASSERT(ctr & BIT(31));
	clidr = READ(SYS_CLIDR_EL1);
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	GUEST_ASSERT((clidr >> 24) & 7);

	WRITE(SYS_CSSELR_EL1, ~0UL);
	READS(SYS_CSSELR_EL1, 0xf);
	READS(SYS_CCSIDR_EL1, (ctr & 0xf) - 2);
	WRITE(SYS_CSSELR_EL1, 0UL);
	READS(SYS_CCSIDR_EL1, ((ctr >> 16) & 0xf) - 2);

	INSN("dc csw, xzr");
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	INSN("dc cisw, xzr");
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	INSN("dc isw, xzr");
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	GUEST_DONE();
}

static void guest_others(void)
{
	bool ras = (READ(SYS_ID_AA64PFR0_EL1) >> 28) & 0xf;

	IGNORES(SYS_ACTLR_EL1);
	READS(SYS_ICC_SRE_EL1, 7);
	/* Without records, a CPU may have no other registers of them. */
	if (ras)
		READS(SYS_ERRIDR_EL1, 0);
	else
		NO_READ(SYS_ERRIDR_EL1);
	GUEST_DONE();
}

/* ICC_SRE_EL1 is missing here: where the CPU has no GICv2, nothing traps it. */
static void guest_no_gic(void)
{
	NO_WRITE(SYS_ICC_SGI1R_EL1);
	NO_WRITE(SYS_ICC_DIR_EL1);
	NO_READ(SYS_ICC_PMR_EL1);
	NO_READ(SYS_ICC_IAR1_EL1);
	GUEST_DONE();
}

static void guest_classes(void)
{
	INSN("smc #0");
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), ESR_UNDEF);
	INSN("smc #1");
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), ESR_UNDEF);
	INSN("hint #17");		/* PSB CSYNC */
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	INSN("hint #18");		/* TSB CSYNC */
	GUEST_ASSERT_EQ(READ_ONCE(undef_esr), 0);
	GUEST_DONE();
}

static const struct {
	const char *name;
	void (*guest)(void);
} groups[] = {
	{ "ID registers", guest_id },
	{ "debug registers", guest_debug },
	{ "software step and OS lock", guest_step },
	{ "caches", guest_caches },
	{ "ACTLR, RAS, GIC", guest_others },
	{ "no GIC", guest_no_gic },
	{ "exception classes", guest_classes },
};

static bool run(void (*guest)(void))
{
	/* UNDEF, SVC, system register, software step */
	static const int classes[] = { 0, 0x15, 0x18, 0x33 };
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	struct ucall uc;
	bool ok = false;
	unsigned int i;

	if (guest == guest_no_gic)
		test_disable_default_vgic();

	vm = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT),
					   &vcpu, guest);
	vm_init_descriptor_tables(vm);
	vcpu_init_descriptor_tables(vcpu);
	for (i = 0; i < ARRAY_SIZE(classes); i++)
		vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, classes[i], sync_handler);

	for (;;) {
		vcpu_run(vcpu);
		switch (get_ucall(vcpu, &uc)) {
		case UCALL_SYNC:
			continue;
		case UCALL_DONE:
			ok = true;
			break;
		case UCALL_ABORT:
			ksft_print_msg("%s:%ld: %s", (char *)uc.args[GUEST_FILE],
				       (long)uc.args[GUEST_LINE], uc.buffer);
			break;
		default:
			ksft_print_msg("Unexpected exit %u\n", vcpu->run->exit_reason);
		}
		break;
	}
	kvm_vm_free(vm);

	return ok;
}

/* An IPA size is honoured or refused. */
static bool test_ipa_size(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int limit = __kvm_ioctl(kvm_fd, KVM_CHECK_EXTENSION,
				(void *)KVM_CAP_ARM_VM_IPA_SIZE);
	static const int sizes[] = { 31, 32, 36, 200 };
	bool created, ok = true;
	int i, fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kvm_userspace_memory_region slot = {
			.guest_phys_addr = BIT_ULL(sizes[i] % 63),
			.memory_size = getpagesize(),
		};

		fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM,
				 (void *)(KVM_VM_TYPE_ARM_PROTECTED | (unsigned long)sizes[i]));
		created = fd >= 0;
		if (created != (sizes[i] >= 32 && sizes[i] <= limit)) {
			ksft_print_msg("%d bits: %d\n", sizes[i], fd);
			ok = false;
		}
		if (fd < 0)
			continue;

		slot.userspace_addr = (unsigned long)mmap(NULL, getpagesize(),
							  PROT_READ | PROT_WRITE,
							  MAP_PRIVATE | MAP_ANONYMOUS,
							  -1, 0);
		if (!ioctl(fd, KVM_SET_USER_MEMORY_REGION, &slot)) {
			ksft_print_msg("%d bits: memory beyond\n", sizes[i]);
			ok = false;
		}
		close(fd);
	}
	close(kvm_fd);

	return ok;
}

int main(void)
{
	unsigned int i;

	ksft_print_header();
	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_set_plan(ARRAY_SIZE(groups) + 1);

	ksft_test_result(test_ipa_size(), "IPA sizes\n");
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		ksft_test_result(run(groups[i].guest), "%s\n", groups[i].name);

	ksft_finished();
}
