// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_host_pmu - the host's counters do not tell what a protected guest does
 *
 * Audit map: case -> rule
 *
 *  protected		the host's cycle counter stands while the guest runs
 *  unprotected		and does not for a VM that is the host's own: the counter
 *			is one that could tell
 *  afterwards		in the host it goes on as before
 *
 * All is counted against the time that perf says the counter was on, for the
 * host's own work for a guest is counted, however long that takes. A guest spins
 * until it has itself run for so many ticks of CNTVCT_EL0: what a step of its loop
 * takes, but not the steps in which it was away. QEMU counts cycles by the time, and
 * no other events. Neither guest has a PMU in protected mode, so there are no counters
 * of theirs to look at; see pkvm_traps for their registers.
 *
 * Rules: contract, section 4, "Host counters do not count inside a protected guest".
 */
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "guest_probe.h"
#include "kselftest.h"

/* How long is spun, and the longest step of the loop: parts of a second. */
#define SPIN_HZ		4
#define LONGEST_STEP_HZ	100000

static int counter_fd = -1;

struct reading {
	u64 cycles;
	u64 ns;
};

/*
 * Spin until this has run for so many ticks of the counter. A step that took longer
 * than so many is one in which others ran.
 */
static u64 spin(u64 ticks, u64 longest_step, u64 a2, u64 a3, u64 a4)
{
	u64 last = read_sysreg(cntvct_el0), now, step, ran = 0;

	while (ran < ticks) {
		isb();
		now = read_sysreg(cntvct_el0);
		step = now - last;
		last = now;
		if (step <= longest_step)
			ran += step;
	}
	return 0;
}

static struct reading take_reading(void)
{
	struct reading r;

	TEST_ASSERT(read(counter_fd, &r, sizeof(r)) == sizeof(r),
		    "the counter cannot be read: %s", strerror(errno));
	return r;
}

static struct reading since(struct reading before)
{
	struct reading r = take_reading();

	return (struct reading){ r.cycles - before.cycles, r.ns - before.ns };
}

static struct reading run_host(u64 ticks)
{
	struct reading before = take_reading();

	spin(ticks, ticks, 0, 0, 0);
	return since(before);
}

static struct reading run_guest(bool unprotected, u64 ticks)
{
	struct probe_cfg cfg = { .unprotected = unprotected };
	struct probe *p = probe_create(&cfg);
	struct probe_call call = { .fn = spin, .seconds = 30 };
	struct reading r;

	/* The first run makes the VM at EL2, which takes its time. */
	TEST_ASSERT(!probe_call(p, &call), "no guest: %s", p->error);
	call.args[0] = ticks;
	call.args[1] = read_sysreg(cntfrq_el0) / LONGEST_STEP_HZ;
	r = take_reading();
	TEST_ASSERT(!probe_call(p, &call), "no guest: %s", p->error);
	r = since(r);
	probe_free(p);
	return r;
}

/* Nanoseconds in which the counter was on and did not count, as it does in the host. */
static s64 uncounted(struct reading host, struct reading r)
{
	return r.ns - (double)r.cycles / host.cycles * host.ns;
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
	struct reading host, guest[2], later;
	s64 missed[3], half;
	u64 ticks;

	ksft_print_header();
	probe_require_protected();
	kvm_pin_this_task_to_pcpu(sched_getcpu());
	counter_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (counter_fd < 0)
		ksft_exit_skip("this CPU has no PMU: %s\n", strerror(errno));

	ksft_set_plan(3);
	ticks = read_sysreg(cntfrq_el0) / SPIN_HZ;
	half = NSEC_PER_SEC / SPIN_HZ / 2;
	host = run_host(ticks);
	guest[0] = run_guest(false, ticks);
	guest[1] = run_guest(true, ticks);
	later = run_host(ticks);
	TEST_ASSERT(host.cycles, "the counter does not count in the host");
	missed[0] = uncounted(host, guest[0]);
	missed[1] = uncounted(host, guest[1]);
	missed[2] = uncounted(host, later);
	ksft_print_msg("not counted of %d ms: protected %ld us, unprotected %ld us, host %ld us\n",
		       1000 / SPIN_HZ, missed[0] / 1000, missed[1] / 1000, missed[2] / 1000);
	ksft_test_result(missed[0] > half, "protected\n");
	ksft_test_result(missed[1] < half, "unprotected\n");
	ksft_test_result(missed[2] < half, "afterwards\n");
	ksft_finished();
}
