// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_kexec - a host in protected mode loads no other kernel.
 *
 * EL2 outlives the host, and keeps memory that another kernel would take for its own.
 * Needs CONFIG_KEXEC, and crashkernel= on the kernel's command line.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "pvm.h"

/* Where is the memory that is reserved for a crash kernel? 0: nowhere. */
static unsigned long crash_memory(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	unsigned long start = 0;
	char line[128];

	while (iomem && !start && fgets(line, sizeof(line), iomem)) {
		if (strstr(line, ": Crash kernel"))
			sscanf(line, "%lx", &start);
	}
	if (iomem)
		fclose(iomem);
	return start;
}

static int unload(unsigned long flags)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, flags);
}

/* A kernel of one page. It is never started. */
static void test_load(const char *name, unsigned long at, unsigned long flags)
{
	size_t size = getpagesize();
	struct kexec_segment segment = { .mem = (void *)at, .memsz = size };
	long ret = syscall(SYS_kexec_load, at, 1, &segment, flags);
	int err = ret ? errno : 0;

	if (!ret)
		unload(flags);
	if (err != EBUSY)
		ksft_print_msg("%s: %s\n", name, ret ? strerror(err) : "is loaded");
	ksft_test_result(err == EBUSY, "%s\n", name);
}

int main(void)
{
	unsigned long at = crash_memory();

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(at);
	/* The kernel may have no such call, or not allow it. */
	TEST_REQUIRE(!unload(0));
	ksft_print_header();
	ksft_set_plan(2);
	test_load("kernel", at, 0);
	test_load("crash kernel", at, KEXEC_ON_CRASH);
	ksft_finished();
}
