// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first and only process of a real guest: a distribution's own kernel,
 * unmodified, in a virtual machine. Look at the CPU from inside, power off.
 * guest.h says how it reports.
 *
 * The checks are of what a process finds on the CPU: which features are there, and
 * what becomes of an instruction that is not. And whether what a kernel and its
 * processes do on a CPU works: timers, IPIs, CPUs that come and go, FP registers,
 * memory.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "guest.h"

/*
 * Standard output is the kernel's log. A record of that comes out in one piece; what a
 * process writes to the console may be torn apart by one. A warning is seen where a
 * quiet console is asked for, too.
 */
#define say(fmt, ...)	printf("<4>" GUEST_PREFIX fmt "\n", ##__VA_ARGS__)

/* What guest-run says of this guest. */
static int cpus;
static bool protected;
static bool pauth;

enum outcome { PASS, FAIL, SKIP };

/* Why the outcome of a check is not PASS. */
static char why[160];

#define fail(...)	({ snprintf(why, sizeof(why), __VA_ARGS__); FAIL; })
#define skip(...)	({ snprintf(why, sizeof(why), __VA_ARGS__); SKIP; })

static int online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Let the caller run on @cpu only; return 0, or -1 and errno. */
static int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static enum outcome check_hidden(void)
{
	/* By the numbers that the architecture has for them. */
	static const struct {
		const char *name;
		unsigned long type;
		int bit;
	} hidden[] = {
		{ "SVE", AT_HWCAP, 22 },
		{ "SVE2", AT_HWCAP2, 1 },
		{ "MTE", AT_HWCAP2, 18 },
		{ "SME", AT_HWCAP2, 23 },
		{ "POE", AT_HWCAP2, 63 },
	};

	if (!protected)
		return skip("this guest is not protected");
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (getauxval(hidden[i].type) & BIT(hidden[i].bit))
			return fail("the kernel found %s", hidden[i].name);
	}
	if (!(getauxval(AT_HWCAP) & HWCAP_FP) || !(getauxval(AT_HWCAP) & HWCAP_ASIMD))
		return fail("the kernel found no FP and AdvSIMD");
	return PASS;
}

static enum outcome check_pauth(void)
{
	unsigned long caps = getauxval(AT_HWCAP);
	uintptr_t pointer = (uintptr_t)&caps, signed_pointer;
	bool is_signed = false;
	int i;

	if (!!(caps & HWCAP_PACA) != pauth || !!(caps & HWCAP_PACG) != pauth)
		return fail("PAuth: the kernel has %s, the VM %s",
			    caps & HWCAP_PACA ? "it" : "none", pauth ? "it" : "none");
	if (!pauth)
		return PASS;

	/*
	 * PACIZA and AUTIZA, without asking the assembler for PAuth. A pointer has
	 * room for few bits of a PAC, which by chance are what was there: not for
	 * every one of eight.
	 */
	for (i = 0; i < 8; i++) {
		signed_pointer = pointer + 16 * i;
		asm volatile("	mov	x0, %0\n"
			     "	.inst	0xdac123e0\n"
			     "	mov	%0, x0\n"
			     : "+r" (signed_pointer) : : "x0");
		is_signed |= signed_pointer != pointer + 16 * i;
		asm volatile("	mov	x0, %0\n"
			     "	.inst	0xdac133e0\n"
			     "	mov	%0, x0\n"
			     : "+r" (signed_pointer) : : "x0");
		if (signed_pointer != pointer + 16 * i)
			return fail("AUTIZA does not undo PACIZA");
	}
	return is_signed ? PASS : fail("PACIZA adds nothing to a pointer");
}

/* Return 0 if perf counts an event, or an errno. */
static int perf_counts(uint32_t type, uint64_t event)
{
	struct perf_event_attr attr = { .type = type, .size = sizeof(attr), .config = event };
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static enum outcome check_pmu(void)
{
	int err = perf_counts(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);

	if (perf_counts(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK))
		return fail("perf has no clock");
	if (!protected)
		return skip("this guest is not protected");
	if (!err)
		return fail("the kernel counts cycles");
	if (err != ENOENT && err != EOPNOTSUPP)
		return fail("perf_event_open: %s", strerror(err));
	return PASS;
}

/* Run @body in a process; return the signal that ended it, 0 for none. */
static int signal_of(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void run_udf(void) { asm volatile(".inst 0x00000000"); }
static void run_rdvl(void) { asm volatile(".inst 0x04bf5020" : : : "x0"); }
static void run_smstart(void) { asm volatile(".inst 0xd503477f"); }
/* Not PMCCNTR_EL0: QEMU looks at no trap of EL2 when EL0 reads that. */
static void read_pmcr(void) { asm volatile("mrs x0, s3_3_c9_c12_0" : : : "x0"); }
static void read_por(void) { asm volatile("mrs x0, s3_3_c10_c2_4" : : : "x0"); }
static void read_tpidr2(void) { asm volatile("mrs x0, s3_3_c13_c0_5" : : : "x0"); }
static void read_amcr(void) { asm volatile("mrs x0, s3_3_c13_c2_0" : : : "x0"); }
static void run_brk(void) { asm volatile("brk #0"); }

static enum outcome check_undef(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
		bool hidden;
	} undefs[] = {
		{ "udf #0", run_udf, false },
		{ "rdvl (SVE)", run_rdvl, true },
		{ "smstart (SME)", run_smstart, true },
		{ "mrs PMCR_EL0", read_pmcr, true },
		{ "mrs POR_EL0", read_por, true },
		{ "mrs TPIDR2_EL0", read_tpidr2, true },
		{ "mrs AMCR_EL0", read_amcr, true },
	};

	for (int cpu = 0; cpu < online_cpus(); cpu++) {
		move_to(cpu);
		for (size_t i = 0; i < ARRAY_SIZE(undefs); i++) {
			int signal;

			if (undefs[i].hidden && !protected)
				continue;
			signal = signal_of(undefs[i].run);
			if (signal != SIGILL)
				return fail("%s on CPU %d: signal %d", undefs[i].name, cpu, signal);
		}
	}
	return PASS;
}

static enum outcome check_brk(void)
{
	int signal = signal_of(run_brk);

	return signal == SIGTRAP ? PASS : fail("signal %d", signal);
}

#define NR_NOPS	16

/* A process that a debugger steps through. */
static void run_nops(void)
{
	asm volatile("	.global	first_nop\n"
		     "first_nop:\n"
		     "	.rept	16\n"
		     "	nop\n"
		     "	.endr\n");
}

extern char first_nop[];

static uintptr_t step(pid_t pid)
{
	uint64_t regs[34];
	struct iovec iov = { regs, sizeof(regs) };
	int status;

	if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP ||
	    ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov))
		return 0;
	return regs[32];
}

/* Return a process that waits for its debugger before it runs @body. */
static pid_t fork_stopped(void (*body)(void))
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

static enum outcome step_on(int cpu)
{
	uintptr_t pc = 0;
	int i;
	pid_t pid;

	move_to(cpu);
	pid = fork_stopped(run_nops);
	for (i = 0; i < 20000 && pc != (uintptr_t)first_nop; i++) {
		pc = step(pid);
		if (!pc)
			break;
	}
	for (i = 0; i < NR_NOPS && pc == (uintptr_t)first_nop + 4 * i; i++)
		pc = step(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (i != NR_NOPS || pc != (uintptr_t)first_nop + 4 * NR_NOPS)
		return fail("step %d on CPU %d went to %#lx, first is %#lx", i, cpu,
			    pc, (uintptr_t)first_nop);
	return PASS;
}

static enum outcome check_step(void)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		if (step_on(cpu) != PASS)
			return FAIL;
	}
	return PASS;
}

static uint64_t watched;

static void write_watched(void)
{
	asm volatile("str %1, %0" : "=m" (watched) : "r" (1UL));
}

/* A protected VM is told of one watchpoint, which never hits. */
static enum outcome check_watchpoint(void)
{
	/* DBGWCR_EL1: enabled, EL0, stores, eight bytes */
	struct {
		uint32_t nr, pad;
		uint64_t addr, ctrl;
	} watch = { .addr = (uintptr_t)&watched, .ctrl = 1 | 2 << 1 | 2 << 3 | 0xff << 5 }, is;
	struct iovec iov = { &watch, sizeof(watch) }, was = { &is, sizeof(is) };
	pid_t pid = fork_stopped(write_watched);
	bool set, hit;
	int status;

	set = !ptrace(PTRACE_GETREGSET, pid, (void *)NT_ARM_HW_WATCH, &was) &&
	      !ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_HW_WATCH, &iov) &&
	      !ptrace(PTRACE_CONT, pid, 0, 0) && waitpid(pid, &status, 0) == pid;
	hit = set && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!set)
		return fail("the kernel sets no watchpoint");
	if (hit == protected || (protected && (is.nr & 0xff) != 1))
		return fail("the kernel has %d, which %s", is.nr & 0xff, hit ? "hit" : "never hit");
	return PASS;
}

static enum outcome check_cpus(void)
{
	int cpu;

	if (online_cpus() != cpus)
		return fail("%d of %d CPUs are online", online_cpus(), cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		if (move_to(cpu) || sched_getcpu() != cpu)
			return fail("CPU %d runs no process", cpu);
	}
	return PASS;
}

static enum outcome check_timers(void)
{
	static const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };

	for (int cpu = 0; cpu < cpus; cpu++) {
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

static enum outcome check_ipis(void)
{
	int there[2], back[2], cpu, i;
	char byte = 0;

	if (cpus < 2)
		return skip("this guest has one CPU");
	for (cpu = 1; cpu < cpus; cpu++) {
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

static enum outcome check_hotplug(void)
{
	if (cpus < 2)
		return skip("this guest has one CPU");
	move_to(0);
	for (int cpu = 1; cpu < cpus; cpu++) {
		if (write_online(cpu, "0") || online_cpus() != cpus - 1)
			return fail("CPU %d does not go", cpu);
		if (!move_to(cpu))
			return fail("CPU %d is off and runs processes", cpu);
		if (bring_back(cpu) || online_cpus() != cpus)
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
static enum outcome check_fp(void)
{
	int status, bad = 0, nr = 2 * cpus;

	for (int i = 0; i < nr; i++) {
		if (fork())
			continue;
		move_to(i % cpus);
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
static enum outcome check_crypto(void)
{
	char line[256], driver[128] = "";
	FILE *file = fopen("/proc/crypto", "re");
	unsigned int on_fp = 0;

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

static enum outcome check_memory(void)
{
	const size_t size = 64 << 20;
	unsigned char *block = malloc(size);

	for (size_t i = 0; block && i < size; i += 4096)
		block[i] = i >> 12;
	for (size_t i = 0; block && i < size; i += 4096) {
		if (block[i] != (unsigned char)(i >> 12))
			return fail("page %#zx changed", i);
	}
	free(block);
	return block ? PASS : fail("no memory");
}

/* In this order. */
static const struct {
	const char *name;
	enum outcome (*run)(void);
} checks[] = {
	{ "every CPU is up",			check_cpus },
	{ "hidden features are not found",	check_hidden },
	{ "PAuth is there as the VM has it",	check_pauth },
	{ "no PMU",				check_pmu },
	{ "SIGILL, and the guest lives",	check_undef },
	{ "SIGTRAP for BRK",			check_brk },
	{ "a debugger steps a process",		check_step },
	{ "a watchpoint, as the VM has it",	check_watchpoint },
	{ "timers",				check_timers },
	{ "CPUs wake each other",		check_ipis },
	{ "FP registers",			check_fp },
	{ "the kernel's ciphers",		check_crypto },
	{ "memory",				check_memory },
	{ "CPUs go off and come back",		check_hotplug },
};

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
	char line[800], features[800];

	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		if (sscanf(line, "Features : %799[^\n]", features) == 1) {
			say("value Features %s", features);
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

static void run_checks(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		switch (checks[i].run()) {
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
	int answer;

	mount_all();
	quiet_console();
	if (freopen("/dev/kmsg", "we", stdout))
		setlinebuf(stdout);
	cpus = option("pvm_cpus", 1);
	protected = option("pvm_protected", 1);
	pauth = option("pvm_pauth", 0);

	say("boot");
	if (option("pvm_look", 0)) {
		keep_pattern();
	} else if (!option("pvm_reset", 0)) {
		show_cpuinfo();
		show_id_registers();
		insert_modules("/modules");
		run_checks();
	}
	say("end?");
	do {
		answer = getchar();
	} while (answer != '\n' && answer != EOF);
	reboot(option("pvm_reset", 0) ? RB_AUTOBOOT : RB_POWER_OFF);
	/* The kernel panics if init returns, which the reader will notice. */
	return 1;
}
