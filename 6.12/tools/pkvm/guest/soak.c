// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot real guests in the host and kill their VMM at random times, with a
 * signal that lets it clean up nothing. Report, as TAP, whether the host and
 * EL2 have what they had.
 *
 * usage: guest-soak [-n KILLS] [-s SEED]
 *
 * Audit map: case -> rule
 *
 *  kills		every VMM was alive when it was killed; what each had come to
 *			is printed
 *  VMs			KVM has no VM any more
 *  EL2's pages		EL2 has exactly as many pages of memory as before
 *			(/dev/pkvm_test, which only the flavour hostile has)
 *  memory		the host has as much free memory as before, but for
 *			LOST_KB(); caches are dropped, pages on lists of free
 *			pages of each CPU count as free
 *  slab		so are the allocations of the host's kernel
 *
 * The first guest lives until it has reset itself, which says how long that takes
 * on this machine; the others are killed within LIFE times that. The seed gives
 * their sizes, and their moments as parts of it. What comes before the first count
 * is not compared: it fills what the host keeps.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "pkvm_test.h"
#include "util.h"
#include "vmm.h"

#define WARM_UP		2
#define LIFE		1.1
#define FIRST_SECONDS	300
/* What is left of it by noise: a page for each kill would be too much. */
#define LOST_KB(kills)	(256 + 2 * (kills))

/* How far a guest had come when it was killed. */
static const char * const stages[] = {
	"before there was a VM", "before the guest's kernel spoke",
	"while its kernel booted", "while its processes ran", "after a reset",
};

/* The last that a guest says before it resets itself. */
#define RESET		"reboot: Restarting system"

static uint64_t rng;
/* How long a guest takes to get there, in seconds. */
static double life;

/* SplitMix64. */
static uint64_t random_u64(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/*
 * Add what @fd has to @text, of @size bytes, until that has @word or for @seconds.
 * Return false at the end of @fd.
 */
static bool collect(int fd, char *text, size_t size, const char *word, double seconds)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	double left, deadline = now() + seconds;

	while ((left = deadline - now()) > 0 && !(word && strstr(text, word))) {
		size_t used = strlen(text);
		char rest[256];
		ssize_t n;

		if (poll(&pfd, 1, left * 1000 + 1) <= 0)
			continue;
		if (used < size - 1)
			n = read(fd, text + used, size - 1 - used);
		else
			n = read(fd, rest, sizeof(rest));
		if (n <= 0)
			return false;
		if (used < size - 1)
			text[used + n] = '\0';
	}
	return true;
}

static unsigned int stage_of(const char *console, bool vm)
{
	if (strstr(console, RESET))
		return 4;
	if (strstr(console, GUEST_PREFIX))
		return 3;
	if (*console)
		return 2;
	return vm;
}

/* When to kill a guest: at any time, or rather in its first moments. */
static double random_delay(void)
{
	double part = random_u64() / 18446744073709551616.0;

	return LIFE * life * (random_u64() % 2 ? part : part * part);
}

/* Start a guest and kill it; return its stage, or -1 if it was dead already. */
static int kill_one(unsigned int nr)
{
	static char console[1 << 16], errors[4096];
	struct vmm vmm = { .cpus = 1 + random_u64() % 4, .pauth = random_u64() % 2,
			   .protected = random_u64() % 8 };
	double delay = random_delay(), start = now();
	bool alive, vm, first = !nr;
	char cmdline[512];
	int stage;

	snprintf(cmdline, sizeof(cmdline),
		 GUEST_CMDLINE " loglevel=5 pvm.cpus=%d pvm.protected=%d pvm.pauth=%d pvm.alone=1",
		 vmm.cpus, vmm.protected, vmm_pauth(&vmm));
	vmm.kernel = cmdline;
	console[0] = '\0';
	errors[0] = '\0';
	vmm_start(&vmm);
	alive = collect(vmm.from_guest, console, sizeof(console), first ? RESET : NULL,
			first ? FIRST_SECONDS : delay);
	if (first)
		life = now() - start;
	kill(vmm.pid, SIGKILL);
	collect(vmm.errors, errors, sizeof(errors), NULL, 5);
	vmm_wait(&vmm);

	/* An ordinary VM is made without a word. */
	vm = strstr(errors, ": a protected VM") || !vmm.protected;
	stage = stage_of(console, vm);
	printf("# kill %u: %d vCPUs%s%s, %.3f s, %s%s\n", nr, vmm.cpus,
	       vmm.protected ? "" : ", not protected", vmm.pauth ? "" : ", no PAuth",
	       first ? life : delay, stages[stage], alive ? "" : ": it was dead already");
	if (!alive || (first && stage != ARRAY_SIZE(stages) - 1))
		printf("# vmm: %s\n# console: %s\n", errors, console);
	fflush(stdout);
	return alive ? stage : -1;
}

static unsigned int count_vms(void)
{
	DIR *dir = opendir("/sys/kernel/debug/kvm");
	struct dirent *entry;
	unsigned int nr = 0;

	while (dir && (entry = readdir(dir)))
		nr += !!strchr(entry->d_name, '-');
	if (dir)
		closedir(dir);
	return nr;
}

/* A line "KEY: NUMBER kB" of /proc/meminfo. */
static long memory_kb(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			kb = atol(line + strlen(key) + 1);
	}
	if (file)
		fclose(file);
	return kb;
}

/* Pages that wait on lists of a CPU's to be used again; MemFree leaves them out. */
static long waiting_kb(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages = 0, nr;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " count: %ld", &nr) == 1)
			pages += nr;
	}
	if (file)
		fclose(file);
	return pages * (getpagesize() / 1024);
}

/* What is compared. */
struct count {
	unsigned int vms;
	long free_kb;
	long slab_kb;
	uint64_t el2_pages;
	bool el2_counts;
};

static struct count count(void)
{
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int el2 = open(PKVM_TEST_DEVICE, O_RDWR | O_CLOEXEC);
	struct count count = {};
	__u64 pages = 0;

	/* VMs end in work queues and after grace periods. */
	for (int i = 0; i < 3; i++) {
		usleep(500000);
		if (write(drop, "3", 1) != 1)
			perror("drop_caches");
	}
	close(drop);

	count.vms = count_vms();
	count.free_kb = memory_kb("MemFree") + waiting_kb();
	count.slab_kb = memory_kb("Slab");
	count.el2_counts = el2 >= 0 && !ioctl(el2, PKVM_TEST_EL2_PAGES, &pages);
	count.el2_pages = pages;
	close(el2);
	printf("# has: %u VMs, %ld KiB free, %ld KiB of slab, %lu pages of EL2's\n",
	       count.vms, count.free_kb, count.slab_kb, (unsigned long)count.el2_pages);
	return count;
}

static int nr_cases, bad;

static void result(bool ok, const char *name)
{
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++nr_cases, name);
	bad += !ok;
}

static void compare(const struct count *before, const struct count *after, long lost_kb)
{
	result(!after->vms, "VMs");
	if (before->el2_counts && after->el2_counts)
		result(before->el2_pages == after->el2_pages, "EL2's pages");
	else
		printf("ok %d EL2's pages: this kernel does not count them # SKIP\n", ++nr_cases);
	result(before->free_kb - after->free_kb <= lost_kb, "memory");
	result(after->slab_kb - before->slab_kb <= lost_kb, "slab");
}

int main(int argc, char **argv)
{
	unsigned int i, kills = 100, killed = 0, at[ARRAY_SIZE(stages)] = {};
	struct count before = {}, after;
	uint64_t seed = time(NULL);
	int opt, stage;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		if (opt == 'n')
			kills = atoi(optarg);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			return 2;
	}
	rng = seed;
	vmm_mount();
	printf("TAP version 13\n# seed: %lu\n1..5\n", (unsigned long)seed);

	for (i = 0; i < WARM_UP + kills; i++) {
		if (i == WARM_UP)
			before = count();
		stage = kill_one(i);
		killed += stage >= 0;
		if (stage >= 0)
			at[stage]++;
	}
	after = count();

	for (i = 0; i < ARRAY_SIZE(stages); i++)
		printf("# stage: %u %s\n", at[i], stages[i]);
	result(kills && killed == WARM_UP + kills, "kills");
	compare(&before, &after, LOST_KB(kills));
	return bad != 0;
}
