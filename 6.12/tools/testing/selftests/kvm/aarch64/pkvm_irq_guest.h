/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guests of pkvm_irq, one function for each case. They use the library's
 * driver of the GIC and end with guest_report_done(), or with an assertion.
 *
 * Both vCPUs of a VM run the same function. Interrupts are masked until the
 * function unmasks them.
 */
#ifndef SELFTEST_KVM_PKVM_IRQ_GUEST_H
#define SELFTEST_KVM_PKVM_IRQ_GUEST_H

#include <linux/sizes.h>

#include "arch_timer.h"
#include "gic.h"
#include "gic_v3.h"
#include "guest_report.h"

#define SGI		3
#define SGI_URGENT	5
#define PPI_VTIMER	27
#define PPI_PTIMER	30
#define SPI		40

#define PRIORITY	0xa0
#define PRIORITY_URGENT	0x60

#define ISR_A		BIT(8)
#define ISR_I		BIT(7)
#define ISR_F		BIT(6)

/* How long the guest waits for what has to come. */
#define GUEST_MS	10000

/* What the guest asks for. The exit makes whatever pends visible, too. */
enum ask {
	ASK_NOTHING,
	ASK_SLEEP,
	ASK_LINE_UP,
	ASK_LINE_DOWN,
	ASK_SERROR,
};

/* What a vCPU has taken. */
#define MAX_TAKEN	4

struct taken {
	u32 nr;
	u32 intid[MAX_TAKEN];
	u32 nr_fiq;
	u32 nr_serror;
};

static struct taken taken[2];
static bool other_is_ready;
static bool only_ack;		/* leave EOI to the case */

static struct taken *mine(void)
{
	return &taken[guest_get_vcpuid()];
}

static void handle_irq(struct ex_regs *regs)
{
	struct taken *t = mine();
	unsigned int intid = gic_get_and_ack_irq();

	GUEST_REPORT_ASSERT(t->nr < MAX_TAKEN);
	t->intid[t->nr] = intid;

	/* Timers are level-sensitive. */
	if (intid == PPI_VTIMER)
		timer_set_ctl(VIRTUAL, CTL_ENABLE | CTL_IMASK);
	if (intid == PPI_PTIMER)
		timer_set_ctl(PHYSICAL, CTL_ENABLE | CTL_IMASK);
	/* The line of the SPI goes down with the second interrupt. */
	if (intid == SPI && t->nr == 1)
		guest_ask(ASK_LINE_DOWN);

	WRITE_ONCE(t->nr, t->nr + 1);
	if (!only_ack)
		gic_set_eoi(intid);
}

static void handle_fiq(struct ex_regs *regs)
{
	u64 intid = read_sysreg_s(SYS_ICC_IAR0_EL1);

	GUEST_REPORT_ASSERT_EQ(intid, SGI);
	mine()->nr_fiq++;
	write_sysreg_s(intid, SYS_ICC_EOIR0_EL1);
	isb();
}

static void handle_serror(struct ex_regs *regs)
{
	GUEST_REPORT_ASSERT_EQ(read_sysreg(esr_el1) >> ESR_EC_SHIFT, 0x2f);
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

/* Exactly @nr interrupts so far, the last one of them @intid. */
static void expect_taken(u32 nr, u32 intid)
{
	u64 end = timer_get_cntct(VIRTUAL) + msec_to_cycles(GUEST_MS);

	while (READ_ONCE(mine()->nr) < nr)
		GUEST_REPORT_ASSERT(timer_get_cntct(VIRTUAL) < end);

	/* If another one pends, it comes with the next entry at the latest. */
	guest_ask(ASK_NOTHING);
	GUEST_REPORT_ASSERT_EQ(mine()->nr, nr);
	if (nr)
		GUEST_REPORT_ASSERT_EQ(mine()->intid[nr - 1], intid);
}

/* Interrupts are masked on return. */
static void init_guest(unsigned int nr_vcpus)
{
	local_irq_disable();
	gic_init(GIC_V3, nr_vcpus);
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
	GUEST_REPORT_ASSERT_EQ(pending(), 0);
	guest_report_done();
}

/* vCPU 0 sends, vCPU 1 receives. */
static void send_to_other(enum ask before)
{
	u64 end;

	init_guest(2);
	local_irq_enable();
	end = timer_get_cntct(VIRTUAL) + msec_to_cycles(GUEST_MS);
	while (!READ_ONCE(other_is_ready))
		GUEST_REPORT_ASSERT(timer_get_cntct(VIRTUAL) < end);
	guest_ask(before);
	send_sgi(SGI, 1);
	expect_taken(0, 0);
	guest_report_done();
}

static void guest_sgi_other(void)
{
	if (!guest_get_vcpuid())
		send_to_other(ASK_NOTHING);

	init_guest(2);
	local_irq_enable();
	WRITE_ONCE(other_is_ready, true);
	expect_taken(1, SGI);
	guest_report_done();
}

static void guest_sgi_wakes_other(void)
{
	if (!guest_get_vcpuid())
		send_to_other(ASK_SLEEP);

	init_guest(2);
	WRITE_ONCE(other_is_ready, true);
	while (!(pending() & ISR_I))
		wfi();
	GUEST_REPORT_ASSERT_EQ(mine()->nr, 0);
	local_irq_enable();
	expect_taken(1, SGI);
	guest_report_done();
}

static void expect_timer(enum arch_timer timer, u32 intid)
{
	init_guest(1);
	gic_irq_enable(intid);
	local_irq_enable();

	/* One that is far away, first. */
	timer_set_cval(timer, ~0UL);
	timer_set_ctl(timer, CTL_ENABLE);
	expect_taken(0, 0);

	timer_set_next_cval_ms(timer, 20);
	expect_taken(1, intid);
	GUEST_REPORT_ASSERT(timer_get_cntct(timer) >= timer_get_cval(timer));
	GUEST_REPORT_ASSERT(timer_get_ctl(timer) & CTL_ISTATUS);
	guest_report_done();
}

static void guest_vtimer(void)
{
	expect_timer(VIRTUAL, PPI_VTIMER);
}

static void guest_ptimer(void)
{
	expect_timer(PHYSICAL, PPI_PTIMER);
}

static void guest_wfi(void)
{
	init_guest(1);
	gic_irq_enable(PPI_VTIMER);
	timer_set_next_cval_ms(VIRTUAL, 50);
	timer_set_ctl(VIRTUAL, CTL_ENABLE);

	/* It may end early, and nothing else may end it for good. */
	while (!(pending() & ISR_I))
		wfi();
	GUEST_REPORT_ASSERT(timer_get_cntct(VIRTUAL) >= timer_get_cval(VIRTUAL));
	GUEST_REPORT_ASSERT_EQ(mine()->nr, 0);
	local_irq_enable();
	expect_taken(1, PPI_VTIMER);
	guest_report_done();
}

static void guest_spi_edge(void)
{
	init_guest(1);
	gic_irq_set_config(SPI, true);
	gic_irq_enable(SPI);
	local_irq_enable();
	expect_taken(0, 0);
	guest_ask(ASK_LINE_UP);
	expect_taken(1, SPI);
	guest_ask(ASK_LINE_DOWN);
	expect_taken(1, SPI);
	guest_report_done();
}

static void guest_spi_level(void)
{
	init_guest(1);
	gic_irq_set_config(SPI, false);
	gic_irq_enable(SPI);
	local_irq_enable();
	guest_ask(ASK_LINE_UP);
	expect_taken(2, SPI);
	guest_report_done();
}

static void guest_masked(void)
{
	init_guest(1);
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(pending(), ISR_I);
	local_irq_enable();
	expect_taken(1, SGI);
	guest_report_done();
}

static void guest_priority_mask(void)
{
	init_guest(1);
	local_irq_enable();
	gic_set_priority_mask(PRIORITY - 0x20);
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(pending(), 0);
	send_sgi(SGI_URGENT, 0);
	expect_taken(1, SGI_URGENT);
	gic_set_priority_mask(PRIORITY + 0x20);
	expect_taken(2, SGI);
	guest_report_done();
}

static void guest_group_disabled(void)
{
	init_guest(1);
	local_irq_enable();
	write_sysreg_s(0, SYS_ICC_IGRPEN1_EL1);
	isb();
	send_sgi(SGI, 0);
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(pending(), 0);
	write_sysreg_s(1, SYS_ICC_IGRPEN1_EL1);
	isb();
	expect_taken(1, SGI);
	guest_report_done();
}

static void guest_priority_order(void)
{
	init_guest(1);
	send_sgi(SGI, 0);
	send_sgi(SGI_URGENT, 0);
	GUEST_REPORT_ASSERT_EQ(read_sysreg_s(SYS_ICC_HPPIR1_EL1), SGI_URGENT);
	local_irq_enable();
	expect_taken(2, SGI);
	GUEST_REPORT_ASSERT_EQ(mine()->intid[0], SGI_URGENT);
	guest_report_done();
}

/* Take the SGI, leave it active, send it again. */
static void take_and_keep(void)
{
	init_guest(1);
	only_ack = true;
	local_irq_enable();
	send_sgi(SGI, 0);
	expect_taken(1, SGI);
	GUEST_REPORT_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), PRIORITY);
	send_sgi(SGI, 0);
	expect_taken(1, SGI);
}

static void guest_eoi(void)
{
	take_and_keep();
	gic_set_eoi(SGI);
	expect_taken(2, SGI);
	gic_set_eoi(SGI);
	GUEST_REPORT_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), 0xff);
	GUEST_REPORT_ASSERT(!gic_irq_get_active(SGI));
	guest_report_done();
}

static void guest_dir(void)
{
	gic_init(GIC_V3, 1);
	gic_set_eoi_split(true);
	take_and_keep();
	gic_set_eoi(SGI);
	GUEST_REPORT_ASSERT_EQ(read_sysreg_s(SYS_ICC_RPR_EL1), 0xff);
	GUEST_REPORT_ASSERT(gic_irq_get_active(SGI));
	expect_taken(1, SGI);
	gic_set_dir(SGI);
	expect_taken(2, SGI);
	guest_report_done();
}

static void guest_fiq(void)
{
	init_guest(1);
	writel(~BIT(SGI), GICR_BASE_GVA + SZ_64K + GICR_IGROUPR0);
	writel(GICD_CTLR_ENABLE_SS_G1 | GICD_CTLR_ENABLE_SS_G0,
	       GICD_BASE_GVA + GICD_CTLR);
	write_sysreg_s(1, SYS_ICC_IGRPEN0_EL1);
	gic_irq_set_pending(SGI);
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(pending(), ISR_F);
	local_irq_enable();
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(mine()->nr_fiq, 1);
	guest_report_done();
}

static void guest_serror(void)
{
	init_guest(1);
	asm volatile("msr daifset, #4" : : : "memory");
	guest_ask(ASK_SERROR);
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(pending(), ISR_A);
	GUEST_REPORT_ASSERT_EQ(mine()->nr_serror, 0);
	asm volatile("msr daifclr, #4" : : : "memory");
	expect_taken(0, 0);
	GUEST_REPORT_ASSERT_EQ(mine()->nr_serror, 1);
	GUEST_REPORT_ASSERT_EQ(pending(), 0);
	guest_report_done();
}

#endif /* SELFTEST_KVM_PKVM_IRQ_GUEST_H */
