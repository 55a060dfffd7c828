// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_host_pmu - the host's counters do not tell what a protected guest does.
 *
 * A process counts its cycles with perf, in the host alone and while it runs
 * guests. Each spins until it has itself run for a number of ticks of
 * CNTVCT_EL0: a step of the loop during which others ran is left out. The
 * cycles are compared with the time that perf says the counter was on, since
 * KVM's own work for a guest is counted, however long that takes.
 */
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "arch_timer.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define SPIN_MS		250
#define LONGEST_STEP_US	10

struct reading {
	u64 cycles;
	u64 ns;
};

static int counter_fd;

static void spin(u64 ticks, u64 longest_step)
{
	u64 last = timer_get_cntct(VIRTUAL), now, ran = 0;

	while (ran < ticks) {
		now = timer_get_cntct(VIRTUAL);
		if (now - last <= longest_step)
			ran += now - last;
		last = now;
	}
}

static void guest_code(void)
{
	/* The first run takes time at EL2, which makes the VM. */
	GUEST_SYNC(0);
	spin(msec_to_cycles(SPIN_MS), usec_to_cycles(LONGEST_STEP_US));
	GUEST_DONE();
}

static struct reading read_counter(struct reading since)
{
	struct reading r;

	TEST_ASSERT(read(counter_fd, &r, sizeof(r)) == sizeof(r),
		    "Cannot read the counter");

	return (struct reading){ r.cycles - since.cycles, r.ns - since.ns };
}

static struct reading run_host(void)
{
	struct reading start = read_counter((struct reading){});

	spin(msec_to_cycles(SPIN_MS), ~0UL);

	return read_counter(start);
}

static struct reading run_guest(struct vm_shape shape)
{
	struct kvm_vcpu *vcpu;
	struct reading r;
	struct kvm_vm *vm;
	struct ucall uc;

	vm = vm_create_shape_with_one_vcpu(shape, &vcpu, guest_code);
	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_SYNC);
	r = read_counter((struct reading){});
	vcpu_run(vcpu);
	r = read_counter(r);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_DONE);
	kvm_vm_free(vm);

	return r;
}

/* Milliseconds of @r in which the counter was on and did not count. */
static int uncounted_ms(const char *what, struct reading host, struct reading r)
{
	s64 ns = r.ns - (double)r.cycles / host.cycles * host.ns;

	ksft_print_msg("%s: not counted: %ld us of %lu us\n", what, ns / 1000,
		       r.ns / 1000);

	return ns / 1000000;
}

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.pinned = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	struct reading host, protected, ordinary, later;

	TEST_REQUIRE(kvm_has_protected_vms());
	pin_self_to_any_cpu();
	counter_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	__TEST_REQUIRE(counter_fd >= 0, "This CPU has no PMU");

	ksft_print_header();
	ksft_set_plan(3);

	host = run_host();
	TEST_ASSERT(host.cycles, "The counter does not count in the host");
	protected = run_guest(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT));
	ordinary = run_guest(VM_SHAPE_DEFAULT);
	later = run_host();

	ksft_test_result(uncounted_ms("protected", host, protected) > SPIN_MS / 2,
			 "stands in a protected guest\n");
	ksft_test_result(uncounted_ms("ordinary", host, ordinary) < SPIN_MS / 2,
			 "counts in an ordinary guest\n");
	ksft_test_result(uncounted_ms("host", host, later) < SPIN_MS / 2,
			 "counts in the host afterwards\n");
	ksft_finished();
}
