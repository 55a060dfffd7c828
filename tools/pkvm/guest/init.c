// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first and only process of a real guest: a distribution's own kernel,
 * unmodified, in a virtual machine. Look at the CPU from inside, power off.
 * guest.h says how it reports.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "checks.h"

/* In this order. */
static const struct {
	const char *name;
	enum outcome (*run)(const struct expected *expected, char *why);
} checks[] = {
	{ "every CPU is up",			check_cpus },
	{ "hidden features are not found",	check_hidden },
	{ "PAuth is there as the VM has it",	check_pauth },
	{ "no PMU",				check_pmu },
	{ "SIGILL, and the guest lives",	check_undef },
	{ "SIGTRAP for BRK",			check_brk },
	{ "a debugger steps a process",		check_step },
	{ "timers",				check_timers },
	{ "CPUs wake each other",		check_ipis },
	{ "FP registers",			check_fp },
	{ "the kernel's ciphers",		check_crypto },
	{ "memory",				check_memory },
	{ "CPUs go off and come back",		check_hotplug },
};

int online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/*
 * The kernel prints a record of its log in one piece; what a process writes
 * to the console may be torn apart by one.
 */
static void __attribute__((__format__(printf, 1, 2)))
say(const char *fmt, ...)
{
	static int log = -1;
	/* A warning, so that it is seen where a quiet console is asked for. */
	char line[900] = "<4>" GUEST_PREFIX;
	size_t start = strlen(line);
	va_list ap;

	if (log < 0)
		log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	va_start(ap, fmt);
	vsnprintf(line + start, sizeof(line) - start - 1, fmt, ap);
	va_end(ap);
	/* A record without an end is held back for what might continue it. */
	strcat(line, "\n");
	if (write(log, line, strlen(line)) < 0)
		perror("/dev/kmsg");
}

/* Wait for a line on the console. */
static void answer(char *line, int size)
{
	if (!fgets(line, size, stdin))
		line[0] = '\0';
}

static void quiet_console(void)
{
	struct termios tio;

	if (!tcgetattr(STDIN_FILENO, &tio)) {
		tio.c_lflag &= ~ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &tio);
	}
}

static void mount_all(void)
{
	static const char * const types[][2] = {
		{ "devtmpfs", "/dev" }, { "proc", "/proc" }, { "sysfs", "/sys" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		mkdir(types[i][1], 0755);
		mount(types[i][0], types[i][1], types[i][0], 0, NULL);
	}
}

/* Insert the modules that @name lists; a CPU may have no use for one. */
static void insert_modules(const char *name)
{
	FILE *list = fopen(name, "re");
	char path[256];

	while (list && fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) && errno != ENODEV && errno != EEXIST)
			say("not ok module %s: %s", path, strerror(errno));
		close(fd);
	}
	if (list)
		fclose(list);
}

static void show_cpuinfo(void)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
	char line[800];

	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		if (!strncmp(line, "Features", 8)) {
			line[strcspn(line, "\n")] = '\0';
			say("value Features %s", strchr(line, ':') + 2);
			break;
		}
	}
	if (cpuinfo)
		fclose(cpuinfo);
}

/* The kernel lets processes read these, without what it hides from them. */
static void show_id_registers(void)
{
#define SHOW(reg, encoding) do {						\
		unsigned long value;						\
		asm volatile("mrs %0, " encoding : "=r" (value));		\
		say("value %s 0x%016lx", reg, value);				\
	} while (0)

	SHOW("ID_AA64PFR0_EL1", "s3_0_c0_c4_0");
	SHOW("ID_AA64PFR1_EL1", "s3_0_c0_c4_1");
	SHOW("ID_AA64ISAR0_EL1", "s3_0_c0_c6_0");
	SHOW("ID_AA64ISAR1_EL1", "s3_0_c0_c6_1");
	SHOW("ID_AA64ISAR2_EL1", "s3_0_c0_c6_2");
	SHOW("ID_AA64MMFR0_EL1", "s3_0_c0_c7_0");
	SHOW("ID_AA64MMFR1_EL1", "s3_0_c0_c7_1");
	SHOW("ID_AA64MMFR2_EL1", "s3_0_c0_c7_2");
	SHOW("CTR_EL0", "s3_3_c0_c0_1");
	SHOW("DCZID_EL0", "s3_3_c0_c0_7");
	SHOW("CNTFRQ_EL0", "s3_3_c14_c0_0");
#undef SHOW
}

/* Keep in two pages a pattern that the host cannot know, and say where they are. */
static void keep_pattern(void)
{
	uint64_t *pages, word, entry[2] = {};
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (pages == MAP_FAILED || getrandom(&word, sizeof(word), 0) != sizeof(word))
		say("not ok a pattern in memory: %s", strerror(errno));
	for (int i = 0; i < 1024; i++)
		pages[i] = word;
	if (pread(pagemap, entry, sizeof(entry), (uintptr_t)pages / 4096 * 8) != sizeof(entry))
		say("not ok a pattern in memory: no pagemap");
	for (int i = 0; i < 2; i++)
		entry[i] = (entry[i] & (BIT(55) - 1)) * 4096;
	say("pattern %#lx %#lx %#lx", entry[0], entry[1], word);
}

static void __attribute__((__noreturn__)) end(bool reset)
{
	char line[16];

	say("end?");
	answer(line, sizeof(line));
	reboot(reset ? RB_AUTOBOOT : RB_POWER_OFF);
	/* The kernel panics if init returns, which the reader will notice. */
	_exit(1);
}

static int number(const char *cmdline, const char *key, int absent)
{
	const char *found = strstr(cmdline, key);

	return found ? atoi(found + strlen(key)) : absent;
}

static void read_expected(struct expected *expected)
{
	char cmdline[2048] = "";
	FILE *file = fopen("/proc/cmdline", "re");

	if (file && !fgets(cmdline, sizeof(cmdline), file))
		cmdline[0] = '\0';
	if (file)
		fclose(file);
	expected->cpus = number(cmdline, "pvm.cpus=", 1);
	expected->protected = number(cmdline, "pvm.protected=", 1);
	expected->pauth = number(cmdline, "pvm.pauth=", 0);
	expected->look = number(cmdline, "pvm.look=", 0);
	expected->reset = number(cmdline, "pvm.reset=", 0);
}

static void run_checks(const struct expected *expected)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		char why[WHY_MAX] = "";

		switch (checks[i].run(expected, why)) {
		case PASS:
			say("ok %s", checks[i].name);
			break;
		case FAIL:
			say("not ok %s: %s", checks[i].name, why);
			break;
		case SKIP:
			say("skip %s: %s", checks[i].name, why);
			break;
		}
	}
}

int main(void)
{
	struct expected expected;

	mount_all();
	quiet_console();
	read_expected(&expected);

	say("boot");
	if (expected.look) {
		keep_pattern();
	} else if (!expected.reset) {
		show_cpuinfo();
		show_id_registers();
		insert_modules("/modules");
		run_checks(&expected);
	}
	end(expected.reset);
}
