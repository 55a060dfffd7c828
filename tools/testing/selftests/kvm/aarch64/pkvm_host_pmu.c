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
 * How long a guest or the host spins is what CNTVCT_EL0 says. QEMU counts cycles
 * by the time, and no other events. Neither guest has a PMU in protected mode, so
 * there are no counters of theirs to look at; see pkvm_traps for their registers.
 *
 * Rules: contract, section 4, "Host counters do not count inside a protected guest".
 */
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "guest_probe.h"
#include "kselftest.h"

static int counter_fd = -1;

/* Spin for so many ticks of the counter. */
static u64 spin(u64 ticks, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 start = read_sysreg(cntvct_el0);

	while (read_sysreg(cntvct_el0) - start < ticks)
		isb();
	return 0;
}

static u64 cycles(void)
{
	u64 count = 0;

	TEST_ASSERT(read(counter_fd, &count, sizeof(count)) == sizeof(count),
		    "the counter cannot be read: %s", strerror(errno));
	return count;
}

static u64 cycles_of_host(u64 ticks)
{
	u64 before = cycles();

	spin(ticks, 0, 0, 0, 0);
	return cycles() - before;
}

static u64 cycles_of_guest(bool unprotected, u64 ticks)
{
	struct probe_cfg cfg = { .unprotected = unprotected };
	struct probe *p = probe_create(&cfg);
	struct probe_call call = { .fn = spin };
	u64 before;

	/* The first run makes the VM at EL2, which takes its time. */
	TEST_ASSERT(!probe_call(p, &call), "no guest: %s", p->error);
	call.args[0] = ticks;
	before = cycles();
	TEST_ASSERT(!probe_call(p, &call), "no guest: %s", p->error);
	before = cycles() - before;
	probe_free(p);
	return before;
}

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.pinned = 1,
	};
	u64 ticks, host, guest[2], later;

	ksft_print_header();
	probe_require_protected();
	kvm_pin_this_task_to_pcpu(sched_getcpu());
	counter_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (counter_fd < 0)
		ksft_exit_skip("this CPU has no PMU: %s\n", strerror(errno));

	ksft_set_plan(3);
	ticks = read_sysreg(cntfrq_el0) / 4;
	host = cycles_of_host(ticks);
	guest[0] = cycles_of_guest(false, ticks);
	guest[1] = cycles_of_guest(true, ticks);
	later = cycles_of_host(ticks);
	ksft_print_msg("cycles: host %lu, protected %lu, unprotected %lu, host %lu\n", host,
		       guest[0], guest[1], later);
	ksft_test_result(host && guest[0] < host / 2, "protected\n");
	ksft_test_result(guest[1] > host / 2, "unprotected\n");
	ksft_test_result(later > host / 2, "afterwards\n");
	ksft_finished();
}
