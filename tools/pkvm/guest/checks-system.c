// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether what a kernel and its processes do on a CPU works in a guest: timers,
 * IPIs, CPUs that come and go, FP registers, memory.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"

enum outcome check_cpus(const struct expected *expected, char *why)
{
	int cpu;

	if (online_cpus() != expected->cpus)
		return fail("%d of %d CPUs are online", online_cpus(), expected->cpus);
	for (cpu = 0; cpu < expected->cpus; cpu++) {
		if (move_to(cpu) || sched_getcpu() != cpu)
			return fail("CPU %d runs no process", cpu);
	}
	return PASS;
}

enum outcome check_timers(const struct expected *expected, char *why)
{
	static const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };

	for (int cpu = 0; cpu < expected->cpus; cpu++) {
		double start = now(), slept;

		move_to(cpu);
		nanosleep(&nap, NULL);
		slept = now() - start;
		if (slept < 0.02 || slept > 10)
			return fail("20 ms on CPU %d took %.3f s", cpu, slept);
	}
	return PASS;
}

/* Sum up what /proc/interrupts says of IPIs on @cpu. */
static unsigned long ipis_on(int cpu)
{
	FILE *file = fopen("/proc/interrupts", "re");
	unsigned long sum = 0;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		char *word = strtok(line, " ");

		if (!word || strncmp(word, "IPI", 3))
			continue;
		for (int i = 0; i <= cpu && word; i++)
			word = strtok(NULL, " ");
		sum += word ? strtoul(word, NULL, 10) : 0;
	}
	if (file)
		fclose(file);
	return sum;
}

enum outcome check_ipis(const struct expected *expected, char *why)
{
	int there[2], back[2], cpu, i;
	char byte = 0;

	if (expected->cpus < 2)
		return skip("this guest has one CPU");
	for (cpu = 1; cpu < expected->cpus; cpu++) {
		unsigned long before = ipis_on(0) + ipis_on(cpu);
		pid_t pid;

		if (pipe(there) || pipe(back))
			return fail("pipe: %s", strerror(errno));
		move_to(0);
		pid = fork();
		if (!pid) {
			move_to(cpu);
			while (read(there[0], &byte, 1) == 1 && byte)
				if (write(back[1], &byte, 1) != 1)
					break;
			_exit(0);
		}
		for (i = 50; i >= 0; i--) {
			byte = i;
			if (write(there[1], &byte, 1) != 1 || (i && read(back[0], &byte, 1) != 1))
				break;
		}
		waitpid(pid, NULL, 0);
		close(there[0]);
		close(there[1]);
		close(back[0]);
		close(back[1]);
		if (ipis_on(0) + ipis_on(cpu) < before + 10)
			return fail("CPU 0 and %d woke each other without IPIs", cpu);
	}
	return PASS;
}

static int write_online(int cpu, const char *value)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = write(fd, value, 1) == 1 ? 0 : -1;
	close(fd);
	return ret;
}

/* PSCI calls a CPU on until its last instruction is behind it, which may take a while. */
static int bring_back(int cpu)
{
	struct timespec nap = { .tv_nsec = 100000000 };

	for (int i = 0; i < 50; i++) {
		if (!write_online(cpu, "1"))
			return 0;
		nanosleep(&nap, NULL);
	}
	return -1;
}

enum outcome check_hotplug(const struct expected *expected, char *why)
{
	if (expected->cpus < 2)
		return skip("this guest has one CPU");
	move_to(0);
	for (int cpu = 1; cpu < expected->cpus; cpu++) {
		if (write_online(cpu, "0") || online_cpus() != expected->cpus - 1)
			return fail("CPU %d does not go", cpu);
		if (!move_to(cpu))
			return fail("CPU %d is off and runs processes", cpu);
		if (bring_back(cpu) || online_cpus() != expected->cpus)
			return fail("CPU %d does not come back", cpu);
		if (move_to(cpu) || sched_getcpu() != cpu)
			return fail("CPU %d came back and runs no process", cpu);
		move_to(0);
	}
	return PASS;
}

#define EVERY_Q_REGISTER(insn)						\
	"	.irp	nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "	\
			"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"	\
	"	" insn "	q\\nr, [x9], #16\n"			\
	"	.endr\n"

/* Keep a value in every FP register while others run on this CPU. */
static bool fp_survives(uint64_t seed)
{
	uint64_t before[64], after[64];

	for (int i = 0; i < 64; i++)
		before[i] = seed * 0x9e3779b97f4a7c15 + i;
	asm volatile("	mov	x9, %0\n"
		     EVERY_Q_REGISTER("ldr")
		     "	mov	x8, %2\n"
		     "	svc	#0\n"
		     "	mov	x9, %1\n"
		     EVERY_Q_REGISTER("str")
		     : : "r" (before), "r" (after), "i" (SYS_sched_yield)
		     : "x0", "x8", "x9", "memory",
		       "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9",
		       "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
		       "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
		       "v28", "v29", "v30", "v31");
	return !memcmp(before, after, sizeof(before));
}

/* More processes than CPUs, all with other values in the same registers. */
enum outcome check_fp(const struct expected *expected, char *why)
{
	int status, bad = 0, nr = 2 * expected->cpus;

	for (int i = 0; i < nr; i++) {
		if (fork())
			continue;
		move_to(i % expected->cpus);
		for (int round = 0; round < 2000; round++) {
			if (!fp_survives(i * 1000003UL + round + 1))
				_exit(1);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	return bad ? fail("%d of %d processes lost their registers", bad, nr) : PASS;
}

/*
 * The kernel tests each of its ciphers when it is registered. Those for the
 * instructions of this CPU use FP registers in the kernel.
 */
enum outcome check_crypto(const struct expected *expected, char *why)
{
	char line[256], driver[128] = "";
	FILE *file = fopen("/proc/crypto", "re");
	unsigned int on_fp = 0;

	(void)expected;
	if (access("/modules", F_OK))
		return skip("no modules came with this kernel");
	while (file && fgets(line, sizeof(line), file)) {
		char result[32];

		if (sscanf(line, "driver : %127s", driver) == 1 ||
		    sscanf(line, "selftest : %31s", result) != 1)
			continue;
		if (strcmp(result, "passed")) {
			fclose(file);
			return fail("%s: %s", driver, result);
		}
		on_fp += strstr(driver, "-ce") || strstr(driver, "neon");
	}
	if (file)
		fclose(file);
	return on_fp ? PASS : fail("no cipher that uses FP registers");
}

enum outcome check_memory(const struct expected *expected, char *why)
{
	const size_t size = 64 << 20;
	unsigned char *block = malloc(size);

	(void)expected;
	for (size_t i = 0; block && i < size; i += 4096)
		block[i] = i >> 12;
	for (size_t i = 0; block && i < size; i += 4096) {
		if (block[i] != (unsigned char)(i >> 12))
			return fail("page %#zx changed", i);
	}
	free(block);
	return block ? PASS : fail("no memory");
}
