// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_irq - A protected VM gets its interrupts, and only when it wants them
 *
 * Audit map: case -> rule
 *
 *  sgi-self		an SGI that a vCPU sends to itself is taken, once
 *  sgi-other		one from vCPU to vCPU, while that one runs
 *  sgi-wakes-other	and while it waits in WFI
 *  vtimer, ptimer	the PPIs of both timers come, and not before time
 *  wfi			WFI ends when the timer fires, also with PSTATE.I set
 *  spi-edge		KVM_IRQ_LINE raises an SPI: one edge, one interrupt
 *  spi-level		which, if level-sensitive, comes as long as the line is up
 *  masked		with PSTATE.I set it pends (ISR_EL1.I), and is not taken
 *  priority-mask	ICC_PMR_EL1 holds back what is not urgent enough
 *  group-disabled	ICC_IGRPEN1_EL1 holds back all of group 1
 *  priority-order	of two that pend, the more urgent one comes first
 *  eoi			what is active is not taken again before ICC_EOIR1_EL1
 *  dir			nor, with ICC_CTLR_EL1.EOImode set, before ICC_DIR_EL1
 *  fiq			group 0 comes as FIQ, and is not seen as IRQ
 *  serror		a pending SError is taken once PSTATE.A is clear, once
 *
 * Rules: GICv3 architecture; contract, section 3 (PFR0.GIC) and section 4: IMO,
 * FMO, AMO and ICH_HCR_EL2.En are set, the GIC's registers are not trapped.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "guest_report.h"
#include "kselftest.h"
#include "pkvm_irq_guest.h"
#include "vgic.h"

/* How long a case may take. */
#define CASE_SECONDS	40

static bool time_is_up;

static void on_alarm(int sig)
{
	WRITE_ONCE(time_is_up, true);
}

static void set_alarm(unsigned int seconds)
{
	/* Ring again and again: one signal may come between two runs. */
	struct itimerval it = {
		.it_value.tv_sec = seconds,
		.it_interval.tv_usec = seconds ? 100000 : 0,
	};
	struct sigaction sa = { .sa_handler = on_alarm };

	WRITE_ONCE(time_is_up, false);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

static void do_what_is_asked(struct kvm_vcpu *vcpu, enum ask what)
{
	struct kvm_vcpu_events events = { .exception.serror_pending = 1 };

	switch (what) {
	case ASK_SLEEP:
		usleep(100000);
		break;
	case ASK_LINE_UP:
		kvm_arm_irq_line(vcpu->vm, SPI, 1);
		break;
	case ASK_LINE_DOWN:
		kvm_arm_irq_line(vcpu->vm, SPI, 0);
		break;
	case ASK_SERROR:
		vcpu_events_set(vcpu, &events);
		break;
	default:
		break;
	}
	vcpu_answer(vcpu, 0);
}

/* Returns NULL if the guest came to its end. */
static void *run_vcpu(void *arg)
{
	static char what[2][300];
	struct kvm_vcpu *vcpu = arg;
	struct guest_report report;

	for (;;) {
		__vcpu_next_report(vcpu, &report);
		if (report.kind == REPORT_DONE)
			return NULL;
		if (report.kind != REPORT_ASK)
			break;
		do_what_is_asked(vcpu, report.nr);
	}
	snprintf(what[vcpu->id], sizeof(what[0]), "vCPU %u: %s", vcpu->id,
		 READ_ONCE(time_is_up) ? "no end in time" : report.what);
	return what[vcpu->id];
}

/* The alarm is for the thread that is given, when it is too late. */
static void *join_vcpu(pthread_t thread)
{
	struct timespec until;
	void *failed;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CASE_SECONDS;
	while (pthread_timedjoin_np(thread, &failed, &until)) {
		WRITE_ONCE(time_is_up, true);
		pthread_kill(thread, SIGALRM);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
	}
	return failed;
}

struct irq_case {
	const char *name;
	void (*guest)(void);
	unsigned int nr_vcpus;
};

static void run_case(const struct irq_case *c)
{
	void *failed, *other_failed = NULL;
	struct kvm_vcpu *vcpu[2];
	struct kvm_vm *vm;
	pthread_t thread;
	unsigned int i;
	int gic_fd;

	vm = vm_create_reporting(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), c->nr_vcpus);
	for (i = 0; i < c->nr_vcpus; i++)
		vcpu[i] = vcpu_add_reporting(vm, i, NULL, c->guest);
	gic_fd = vgic_v3_setup(vm, c->nr_vcpus, 64);
	TEST_ASSERT(gic_fd >= 0, "no vGICv3");
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, handle_irq);
	vm_install_exception_handler(vm, VECTOR_FIQ_CURRENT, handle_fiq);
	vm_install_exception_handler(vm, VECTOR_ERROR_CURRENT, handle_serror);

	if (c->nr_vcpus > 1)
		pthread_create(&thread, NULL, run_vcpu, vcpu[1]);
	set_alarm(CASE_SECONDS);
	failed = run_vcpu(vcpu[0]);
	set_alarm(0);
	if (c->nr_vcpus > 1)
		other_failed = join_vcpu(thread);

	if (failed)
		ksft_print_msg("%s\n", (char *)failed);
	if (other_failed)
		ksft_print_msg("%s\n", (char *)other_failed);
	ksft_test_result(!failed && !other_failed, "%s\n", c->name);

	close(gic_fd);
	kvm_vm_free(vm);
}

static bool host_has_gicv3(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	int ret = __kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	kvm_vm_free(vm);
	return !ret;
}

int main(void)
{
	static const struct irq_case cases[] = {
		{ "sgi-self", guest_sgi_self, 1 },
		{ "sgi-other", guest_sgi_other, 2 },
		{ "sgi-wakes-other", guest_sgi_wakes_other, 2 },
		{ "vtimer", guest_vtimer, 1 },
		{ "ptimer", guest_ptimer, 1 },
		{ "wfi", guest_wfi, 1 },
		{ "spi-edge", guest_spi_edge, 1 },
		{ "spi-level", guest_spi_level, 1 },
		{ "masked", guest_masked, 1 },
		{ "priority-mask", guest_priority_mask, 1 },
		{ "group-disabled", guest_group_disabled, 1 },
		{ "priority-order", guest_priority_order, 1 },
		{ "eoi", guest_eoi, 1 },
		{ "dir", guest_dir, 1 },
		{ "fiq", guest_fiq, 1 },
		{ "serror", guest_serror, 1 },
	};
	unsigned int i;

	ksft_print_header();
	if (!kvm_has_protected_vms())
		ksft_exit_skip("protected mode is not enabled\n");
	if (!host_has_gicv3())
		ksft_exit_skip("the host has no GICv3\n");

	ksft_set_plan(ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i]);
	ksft_finished();
}
