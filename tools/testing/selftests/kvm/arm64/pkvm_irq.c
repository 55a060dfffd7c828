// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_irq - interrupts of protected VMs.
 *
 * Each case is a guest function. If the VM has two vCPUs, the first one turns the
 * second one on, and both run the function. A guest waits for nothing but what the
 * case is about: what pends is delivered by the next entry at the latest, so
 * expect_taken() exits a few times and looks.
 */
#include <linux/psci.h>
#include <linux/sizes.h>
#include <pthread.h>

#include "arch_timer.h"
#include "gic.h"
#include "gic_v3.h"
#include "gic_v3_its.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"
#include "vgic.h"

#define SGI		3
#define SGI_URGENT	5
#define PPI_VTIMER	27
#define PPI_PTIMER	30
#define SPI		40
#define LPI		8192

#define PRIORITY	0xa0
#define PRIORITY_URGENT	0x60
#define PRIORITY_IDLE	0xff

#define ISR_A		BIT(8)
#define ISR_I		BIT(7)
#define ISR_F		BIT(6)

/* What a guest asks for by GUEST_SYNC(). */
enum ask {
	ASK_NOTHING,
	ASK_LINE_UP,
	ASK_LINE_DOWN,
	ASK_SERROR,
	ASK_MSI,
};

/*
 * Tables of 64K each, which the guest shares with the host. The ITS is given their guest
 * physical addresses.
 */
enum its_table { DEVICES, COLLECTIONS, COMMANDS, EVENTS, LPI_CONFIG, LPI_PENDING, NR_TABLES };

static struct {
	gva_t va;
	gpa_t pa;
} its_tables;

#define NR_VCPUS	2
#define MAX_TAKEN	4

/* What each vCPU has taken. */
static struct taken {
	u32 nr;
	u32 intid[MAX_TAKEN];
	u32 nr_fiq;
	u32 nr_serror;
} taken[NR_VCPUS];

static bool is_ready, is_sent;	/* between two vCPUs */
static bool only_ack;		/* the case itself writes ICC_EOIR1_EL1 */

static struct taken *mine(void)
{
	return &taken[guest_get_vcpuid()];
}

static void handle_irq(struct ex_regs *regs)
{
	unsigned int intid = gic_get_and_ack_irq();
	struct taken *t = mine();

	GUEST_ASSERT(t->nr < MAX_TAKEN);
	t->intid[t->nr] = intid;

	/* The line of a timer stays up until the timer is masked. */
	if (intid == PPI_VTIMER)
		timer_set_ctl(VIRTUAL, CTL_ENABLE | CTL_IMASK);
	if (intid == PPI_PTIMER)
		timer_set_ctl(PHYSICAL, CTL_ENABLE | CTL_IMASK);
	/* The line of the SPI goes down with the second interrupt. */
	if (intid == SPI && t->nr == 1)
		GUEST_SYNC(ASK_LINE_DOWN);

	WRITE_ONCE(t->nr, t->nr + 1);
	if (!only_ack)
		gic_set_eoi(intid);
}

static void handle_fiq(struct ex_regs *regs)
{
	u64 intid = read_sysreg_s(SYS_ICC_IAR0_EL1);

	GUEST_ASSERT_EQ(intid, SGI);
	mine()->nr_fiq++;
	write_sysreg_s(intid, SYS_ICC_EOIR0_EL1);
	isb();
}

static void handle_serror(struct ex_regs *regs)
{
	GUEST_ASSERT_EQ(ESR_ELx_EC(read_sysreg(esr_el1)), ESR_ELx_EC_SERROR);
	mine()->nr_serror++;
}

static u64 pending(void)
{
	isb();
	return read_sysreg(isr_el1) & (ISR_A | ISR_I | ISR_F);
}

static void send_sgi(unsigned int intid, unsigned int vcpu)
{
	dsb(ishst);
	write_sysreg_s((u64)intid << 24 | BIT(vcpu), SYS_ICC_SGI1R_EL1);
	isb();
}

/* The guest has taken @nr interrupts so far, the last of which is @intid. */
static void expect_taken(u32 nr, u32 intid)
{
	int i;

	for (i = 0; i < 3; i++)
		GUEST_SYNC(ASK_NOTHING);
	GUEST_ASSERT_EQ(READ_ONCE(mine()->nr), nr);
	if (nr)
		GUEST_ASSERT_EQ(mine()->intid[nr - 1], intid);
}

static void init_guest(unsigned int nr_vcpus)
{
	gic_init(GIC_V3, nr_vcpus);
	/* DIB, DFB, SRE: the system registers are the only interface to the GIC. */
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_SRE_EL1), 7);
	gic_irq_enable(SGI);
	gic_irq_enable(SGI_URGENT);
	gic_set_priority(SGI_URGENT, PRIORITY_URGENT);
}

static void guest_sgi_self(void)
{
	init_guest(1);
	local_irq_enable();
	send_sgi(SGI, 0);
	expect_taken(1, SGI);
	GUEST_ASSERT_EQ(pending(), 0);
}

static void send_when_ready(void)
{
	while (!READ_ONCE(is_ready))
		cpu_relax();
	send_sgi(SGI, 1);
	WRITE_ONCE(is_sent, true);
	expect_taken(0, 0);
}

static void guest_sgi_other(void)
{
	init_guest(NR_VCPUS);
	local_irq_enable();
	if (!guest_get_vcpuid()) {
		send_when_ready();
		return;
	}

	WRITE_ONCE(is_ready, true);
	while (!READ_ONCE(is_sent))
		cpu_relax();
	expect_taken(1, SGI);
}

static void guest_sgi_wakes_other(void)
{
	init_guest(NR_VCPUS);
	if (!guest_get_vcpuid()) {
		send_when_ready();
		return;
	}

	WRITE_ONCE(is_ready, true);
	while (!(pending() & ISR_I))
		wfi();
	GUEST_ASSERT_EQ(mine()->nr, 0);
	local_irq_enable();
	expect_taken(1, SGI);
}

static void expect_timer(enum arch_timer timer, u32 intid)
{
	init_guest(1);
	gic_irq_enable(intid);
	local_irq_enable();

	timer_set_cval(timer, ~0UL);
	timer_set_ctl(timer, CTL_ENABLE);
	expect_taken(0, 0);

	timer_set_next_cval_ms(timer, 10);
	while (!(timer_get_ctl(timer) & CTL_ISTATUS))
		cpu_relax();
	GUEST_ASSERT(timer_get_cntct(timer) >= timer_get_cval(timer));
	expect_taken(1, intid);
}

static void guest_vtimer(void)
{
	expect_timer(VIRTUAL, PPI_VTIMER);
}

static void guest_ptimer(void)
{
	expect_timer(PHYSICAL, PPI_PTIMER);
}

/* WFI may end early. It has to end with a timer that fires while PSTATE.I is set. */
static void guest_wfi(void)
{
	init_guest(1);
	gic_irq_enable(PPI_VTIMER);
	timer_set_next_cval_ms(VIRTUAL, 50);
	timer_set_ctl(VIRTUAL, CTL_ENABLE);

	while (!(pending() & ISR_I))
		wfi();
	GUEST_ASSERT(timer_get_cntct(VIRTUAL) >= timer_get_cval(VIRTUAL));
	GUEST_ASSERT_EQ(mine()->nr, 0);
	local_irq_enable();
	expect_taken(1, PPI_VTIMER);
}

static void guest_spi_edge(void)
{
	init_guest(1);
	gic_irq_set_config(SPI, true);
	gic_irq_enable(SPI);
	local_irq_enable();
	expect_taken(0, 0);
	GUEST_SYNC(ASK_LINE_UP);
	expect_taken(1, SPI);
	GUEST_SYNC(ASK_LINE_DOWN);
	expect_taken(1, SPI);
}

static void guest_spi_level(void)
{
	init_guest(1);
	gic_irq_set_config(SPI, false);
	gic_irq_enable(SPI);
	local_irq_enable();
	GUEST_SYNC(ASK_LINE_UP);
	expect_taken(2, SPI);
}

static void guest_masked(void)
{
	init_guest(1);
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(pending(), ISR_I);
	local_irq_enable();
	expect_taken(1, SGI);
}

static void guest_priority_mask(void)
{
	init_guest(1);
	local_irq_enable();
	gic_set_priority_mask(PRIORITY - 0x20);
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(pending(), 0);
	send_sgi(SGI_URGENT, 0);
	expect_taken(1, SGI_URGENT);
	gic_set_priority_mask(PRIORITY + 0x20);
	expect_taken(2, SGI);
}

static void guest_group_disabled(void)
{
	init_guest(1);
	local_irq_enable();
	write_sysreg_s(0, SYS_ICC_IGRPEN1_EL1);
	isb();
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(pending(), 0);
	write_sysreg_s(1, SYS_ICC_IGRPEN1_EL1);
	isb();
	expect_taken(1, SGI);
}

static void guest_priority_order(void)
{
	init_guest(1);
	send_sgi(SGI, 0);
	send_sgi(SGI_URGENT, 0);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_HPPIR1_EL1), SGI_URGENT);
	local_irq_enable();
	expect_taken(2, SGI);
	GUEST_ASSERT_EQ(mine()->intid[0], SGI_URGENT);
}

/* Take the interrupt, leave it active, and have it pend again: it is not taken. */
static void take_and_keep(u32 intid)
{
	only_ack = true;
	local_irq_enable();
	gic_irq_set_pending(intid);
	expect_taken(1, intid);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), PRIORITY);
	gic_irq_set_pending(intid);
	expect_taken(1, intid);
}

static void guest_eoi(void)
{
	init_guest(1);
	take_and_keep(SGI);
	gic_set_eoi(SGI);
	expect_taken(2, SGI);
	gic_set_eoi(SGI);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), PRIORITY_IDLE);
	GUEST_ASSERT(!gic_irq_get_active(SGI));
}

static void active_until_dir(u32 intid)
{
	gic_set_eoi_split(true);
	take_and_keep(intid);
	gic_set_eoi(intid);
	GUEST_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), PRIORITY_IDLE);
	GUEST_ASSERT(gic_irq_get_active(intid));
	expect_taken(1, intid);
	gic_set_dir(intid);
	expect_taken(2, intid);
}

static void guest_dir(void)
{
	init_guest(1);
	active_until_dir(SGI);
}

/* While an SPI is active, the host has ICC_DIR_EL1 trapped by ICH_HCR_EL2.TDIR. */
static void guest_dir_traps(void)
{
	init_guest(1);
	gic_irq_set_config(SPI, true);
	gic_irq_enable(SPI);
	active_until_dir(SPI);
}

static void guest_fiq(void)
{
	init_guest(1);
	gic_irq_set_group(SGI, false);
	writel(GICD_CTLR_ENABLE_SS_G1 | GICD_CTLR_ENABLE_SS_G0,
	       GICD_BASE_GVA + GICD_CTLR);
	write_sysreg_s(1, SYS_ICC_IGRPEN0_EL1);
	gic_irq_set_pending(SGI);
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(pending(), ISR_F);
	local_irq_enable();
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(mine()->nr_fiq, 1);
}

static void guest_serror(void)
{
	init_guest(1);
	local_serror_disable();
	GUEST_SYNC(ASK_SERROR);
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(pending(), ISR_A);
	GUEST_ASSERT_EQ(mine()->nr_serror, 0);
	local_serror_enable();
	expect_taken(0, 0);
	GUEST_ASSERT_EQ(mine()->nr_serror, 1);
	GUEST_ASSERT_EQ(pending(), 0);
}

static gpa_t its_table(enum its_table table)
{
	return its_tables.pa + table * SZ_64K;
}

/* The ITS turns an MSI of device 0 into an LPI. */
static void guest_msi(void)
{
	void *commands = (void *)(its_tables.va + COMMANDS * SZ_64K);

	init_guest(1);
	*(u8 *)(its_tables.va + LPI_CONFIG * SZ_64K) =
		PRIORITY | LPI_PROP_GROUP1 | LPI_PROP_ENABLED;
	gic_rdist_enable_lpis(its_table(LPI_CONFIG), SZ_64K, its_table(LPI_PENDING));
	its_init(its_table(COLLECTIONS), SZ_64K, its_table(DEVICES), SZ_64K,
		 its_table(COMMANDS), SZ_64K);
	its_send_mapc_cmd(commands, 0, 0, true);
	its_send_mapd_cmd(commands, 0, its_table(EVENTS), SZ_64K, true);
	its_send_mapti_cmd(commands, 0, 0, 0, LPI);
	its_send_invall_cmd(commands, 0);
	its_send_sync_cmd(commands, 0);
	local_irq_enable();
	expect_taken(0, 0);
	GUEST_SYNC(ASK_MSI);
	expect_taken(1, LPI);
}

static void guest_start(u64 guest)
{
	local_irq_disable();
	((void (*)(void))guest)();
	GUEST_DONE();
}

static void guest_main(u64 guest, u64 nr_vcpus)
{
	if (nr_vcpus > 1)
		GUEST_ASSERT_EQ(pvm_guest_cpu_on(1, guest_start, guest),
				PSCI_RET_SUCCESS);
	guest_start(guest);
}

static void do_what_is_asked(struct kvm_vcpu *vcpu, enum ask what)
{
	struct kvm_vcpu_events events = { .exception.serror_pending = 1 };
	struct kvm_msi msi = {
		.address_lo = GITS_BASE_GPA + GITS_TRANSLATER, .flags = KVM_MSI_VALID_DEVID,
	};

	switch (what) {
	case ASK_LINE_UP:
	case ASK_LINE_DOWN:
		kvm_arm_irq_line(vcpu->vm, SPI, what == ASK_LINE_UP);
		break;
	case ASK_SERROR:
		vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events);
		break;
	case ASK_MSI:
		TEST_ASSERT(__vm_ioctl(vcpu->vm, KVM_SIGNAL_MSI, &msi) == 1, "no MSI");
		break;
	default:
		break;
	}
}

/* Return NULL if the guest came to the end of its function. */
static void *run_vcpu(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	for (;;) {
		vcpu_run(vcpu);
		switch (get_ucall(vcpu, &uc)) {
		case UCALL_SYNC:
			do_what_is_asked(vcpu, uc.args[1]);
			continue;
		case UCALL_DONE:
			return NULL;
		case UCALL_ABORT:
			ksft_print_msg("vCPU %u: line %lu: %s: %s\n", vcpu->id,
				       uc.args[GUEST_LINE],
				       (char *)uc.args[GUEST_ERROR_STRING], uc.buffer);
			return vcpu;
		default:
			ksft_print_msg("vCPU %u: unexpected exit %s\n", vcpu->id,
				       exit_reason_str(vcpu->run->exit_reason));
			return vcpu;
		}
	}
}

/* An ITS, and memory for it that starts at a multiple of 64K. Return the ITS. */
static int make_its(struct kvm_vm *vm)
{
	its_tables.va = vm_alloc_shared(vm, (NR_TABLES + 1) * SZ_64K, KVM_UTIL_MIN_VADDR,
					MEM_REGION_DATA);
	its_tables.pa = addr_gva2gpa(vm, its_tables.va);
	its_tables.va += -its_tables.pa % SZ_64K;
	its_tables.pa += -its_tables.pa % SZ_64K;
	sync_global_to_guest(vm, its_tables);
	return vgic_its_setup(vm);
}

static bool runs(void (*guest)(void), int nr_vcpus)
{
	struct kvm_vcpu *vcpus[NR_VCPUS];
	void *failed, *other_failed = NULL;
	struct kvm_vcpu_init init;
	struct kvm_vm *vm;
	pthread_t thread;
	int i, its;

	vm = __vm_create(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), nr_vcpus,
			 vm_calc_num_guest_pages(VM_MODE_DEFAULT, (NR_TABLES + 1) * SZ_64K));
	kvm_get_default_vcpu_target(vm, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	for (i = 0; i < nr_vcpus; i++) {
		vcpus[i] = aarch64_vcpu_add(vm, i, &init, guest_main);
		init.features[0] |= BIT(KVM_ARM_VCPU_POWER_OFF);
	}
	kvm_arch_vm_finalize_vcpus(vm);
	its = make_its(vm);
	vm_init_descriptor_tables(vm);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, handle_irq);
	vm_install_exception_handler(vm, VECTOR_FIQ_CURRENT, handle_fiq);
	vm_install_exception_handler(vm, VECTOR_ERROR_CURRENT, handle_serror);
	vcpu_init_descriptor_tables(vcpus[0]);
	vcpu_args_set(vcpus[0], 2, guest, (u64)nr_vcpus);

	/* This asks KVM about each vCPU, and KVM_RUN of one that is off has it wait. */
	kvm_arch_vcpu_pre_run(vcpus[0]);
	if (nr_vcpus > 1)
		pthread_create(&thread, NULL, run_vcpu, vcpus[1]);
	failed = run_vcpu(vcpus[0]);
	if (nr_vcpus > 1) {
		/* The other vCPU may wait for this one for ever, so do not join its thread. */
		if (failed)
			ksft_exit_fail_msg("vCPU 0 is at its end\n");
		pthread_join(thread, &other_failed);
	}
	close(its);
	kvm_vm_free(vm);

	return !failed && !other_failed;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*guest)(void);
		int nr_vcpus;
	} cases[] = {
		{ "SGI to itself", guest_sgi_self, 1 },
		{ "SGI to a running vCPU", guest_sgi_other, 2 },
		{ "SGI to a vCPU in WFI", guest_sgi_wakes_other, 2 },
		{ "virtual timer", guest_vtimer, 1 },
		{ "physical timer", guest_ptimer, 1 },
		{ "WFI ends with a timer", guest_wfi, 1 },
		{ "edge of an SPI", guest_spi_edge, 1 },
		{ "level of an SPI", guest_spi_level, 1 },
		{ "PSTATE.I masks", guest_masked, 1 },
		{ "ICC_PMR_EL1 masks", guest_priority_mask, 1 },
		{ "ICC_IGRPEN1_EL1 masks", guest_group_disabled, 1 },
		{ "the more urgent one first", guest_priority_order, 1 },
		{ "active until ICC_EOIR1_EL1", guest_eoi, 1 },
		{ "active until ICC_DIR_EL1", guest_dir, 1 },
		{ "ICC_DIR_EL1 traps for an SPI", guest_dir_traps, 1 },
		{ "group 0 is a FIQ", guest_fiq, 1 },
		{ "MSI by the ITS", guest_msi, 1 },
		{ "SError", guest_serror, 1 },
	};
	int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(kvm_supports_vgic_v3());

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ksft_test_result(runs(cases[i].guest, cases[i].nr_vcpus), "%s\n",
				 cases[i].name);
	ksft_finished();
}
