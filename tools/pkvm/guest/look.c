// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host finds of a process that runs a guest. Prints it in words.
 *
 * usage: look cpu PID			nanoseconds that the process has run
 *	  look mem PID ADDRESS WORD	is the page at its ADDRESS full of WORD?
 *	  look el2 PID ADDRESS		does EL2 give that page to the host?
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

/* Read from a file of the process. */
static ssize_t read_at(const char *pid, const char *name, void *to, size_t size, off_t at)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = pread(fd, to, size, at);
	if (fd >= 0)
		close(fd);
	return n;
}

/* Return in words what the kernel reads at @address of the process. */
static const char *look_by_kernel(const char *pid, uintptr_t address, uint64_t pattern)
{
	uint64_t page[PAGE_SIZE / 8], other = 0;
	ssize_t n = read_at(pid, "mem", page, PAGE_SIZE, address);

	if (n != PAGE_SIZE)
		return n < 0 ? strerror(errno) : "cut short";
	for (size_t i = 0; i < PAGE_SIZE / 8; i++) {
		if (page[i] == pattern)
			return "the pattern";
		other |= page[i];
	}
	return other ? "something else" : "zeroes";
}

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
 * Ask EL2 for the page at @address of the process, and for a page that is the host's own.
 * Return in words what it gives.
 */
static const char *look_by_el2(const char *pid, uintptr_t address)
{
	struct hostile_pages own = { .size = PAGE_SIZE };
	int fd = open_device();
	uint64_t pfn = 0;
	long theirs;

	read_at(pid, "pagemap", &pfn, sizeof(pfn), address / PAGE_SIZE * sizeof(pfn));
	pfn &= (1UL << 55) - 1;
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
	const char *how = argc > 2 ? argv[1] : "", *pid = argv[2];
	uintptr_t address = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	struct timespec cpu;
	clockid_t clock;

	if (!strcmp(how, "cpu") && !clock_getcpuclockid(atoi(pid), &clock) &&
	    !clock_gettime(clock, &cpu))
		printf("%ld\n", cpu.tv_sec * 1000000000 + cpu.tv_nsec);
	else if (!strcmp(how, "mem") && argc == 5)
		puts(look_by_kernel(pid, address, strtoul(argv[4], NULL, 0)));
	else if (!strcmp(how, "el2") && argc == 4)
		puts(look_by_el2(pid, address));
	else
		return 1;
	return 0;
}
