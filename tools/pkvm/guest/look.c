// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look for a pattern in the memory of a guest, with what root has in the host:
 * the kernel's access to the memory of processes, and hypercalls to EL2, by the
 * module that the selftests attack EL2 with.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arm64/pkvm_hostile.h"

#include "look.h"

#define PAGE_SIZE	4096

const char *look_by_kernel(pid_t pid, uintptr_t address, uint64_t pattern)
{
	uint64_t page[PAGE_SIZE / 8], other = 0;
	static char error[64];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = pread(fd, page, PAGE_SIZE, address);
	if (n != PAGE_SIZE) {
		snprintf(error, sizeof(error), "%s", n < 0 ? strerror(errno) : "cut short");
		close(fd);
		return error;
	}
	close(fd);
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

static uint64_t pfn_of(pid_t pid, uintptr_t address)
{
	uint64_t entry = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &entry, 8, address / PAGE_SIZE * 8) != 8)
		entry = 0;
	close(fd);
	return entry & ((1UL << 55) - 1);
}

const char *look_by_el2(pid_t pid, uintptr_t address)
{
	struct hostile_pages own = { .size = PAGE_SIZE };
	int fd = open_device();
	uint64_t pfn = pfn_of(pid, address);
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
