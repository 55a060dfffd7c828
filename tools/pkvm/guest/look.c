// SPDX-License-Identifier: GPL-2.0-only
/*
 * What takes a program to be found of a process that runs a guest.
 *
 * usage: look cpu PID	nanoseconds that the process has run
 *	  look el2 PFN	does EL2 give one of its pages to the host? In words.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arm64/pkvm_hostile.h"

#define PAGE_SIZE	4096

/* Return what the host's hypercall @name says, or a number that none says. */
static long hypercall(int fd, const char *name, uint64_t argument)
{
	struct hostile_datum function = {};
	struct hostile_step step = { .op = HOSTILE_HVC };
	struct hostile_script script = {
		.cpu = sched_getcpu(), .nr_steps = 1, .steps = (uintptr_t)&step,
	};

	snprintf(function.name, sizeof(function.name), "%s", name);
	if (ioctl(fd, HOSTILE_DATUM, &function))
		return -EOPNOTSUPP;
	step.x[0] = function.value;
	step.x[1] = argument;
	if (ioctl(fd, HOSTILE_SCRIPT, &script) || step.x[0])
		return -EOPNOTSUPP;
	return step.x[1];
}

static int open_device(void)
{
	int module = open("/tests/" HOSTILE_DEVICE ".ko", O_RDONLY | O_CLOEXEC);

	syscall(SYS_finit_module, module, "", 0);
	close(module);
	return open("/dev/" HOSTILE_DEVICE, O_RDWR | O_CLOEXEC);
}

/*
 * Ask EL2 for a page of the process, and for a page that is the host's own.
 * Return in words what it gives.
 */
static const char *look_by_el2(uint64_t pfn)
{
	struct hostile_pages own = { .size = PAGE_SIZE };
	int fd = open_device();
	long theirs;

	if (!pfn || fd < 0 || ioctl(fd, HOSTILE_ALLOC, &own))
		return "cannot be asked";
	if (hypercall(fd, "__pkvm_host_share_hyp", own.pa / PAGE_SIZE) ||
	    hypercall(fd, "__pkvm_host_unshare_hyp", own.pa / PAGE_SIZE))
		return "refuses every page";
	ioctl(fd, HOSTILE_FREE, &own);
	theirs = hypercall(fd, "__pkvm_host_share_hyp", pfn);
	close(fd);
	return theirs == -EPERM ? "refused" : theirs ? "an error" : "given";
}

int main(int argc, char **argv)
{
	struct timespec cpu;
	clockid_t clock;

	if (argc != 3)
		return 1;
	if (!strcmp(argv[1], "el2"))
		puts(look_by_el2(strtoul(argv[2], NULL, 0)));
	else if (!clock_getcpuclockid(atoi(argv[2]), &clock) && !clock_gettime(clock, &cpu))
		printf("%ld\n", cpu.tv_sec * 1000000000 + cpu.tv_nsec);
	return 0;
}
