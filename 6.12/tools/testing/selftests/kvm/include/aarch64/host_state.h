/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the host's own CPU that a guest could harm, as far as user space
 * can see it: a watchpoint counts, a step steps, permissions of mappings hold
 * (PIR_EL1, where the host uses it), POR_EL0 where there are protection keys,
 * TPIDR2_EL0 where EL0 may use it.
 *
 * Not visible: SMPRI_EL1, TCR2_EL1, and the value of MDSCR_EL1 and PIR_EL1
 * themselves. Run the test on one CPU: host_state_save() pins the thread.
 */
#ifndef SELFTEST_KVM_HOST_STATE_H
#define SELFTEST_KVM_HOST_STATE_H

#include "kselftest.h"

#define HOST_STATE_TESTS	5

void host_state_save(void);
/* Return KSFT_PASS, KSFT_FAIL or KSFT_SKIP; @text says of what. */
int host_state_check(unsigned int nr, const char **text);

/* Inline, because the counters of kselftest.h belong to one file. */
static inline void host_state_report(void)
{
	const char *text;
	unsigned int i;
	int result;

	for (i = 0; i < HOST_STATE_TESTS; i++) {
		result = host_state_check(i, &text);
		if (result == KSFT_SKIP)
			ksft_test_result_skip("host: %s\n", text);
		else
			ksft_test_result(result == KSFT_PASS, "host: %s\n", text);
	}
}

#endif /* SELFTEST_KVM_HOST_STATE_H */
