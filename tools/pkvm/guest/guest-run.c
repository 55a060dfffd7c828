// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a real guest in the host: a distribution's VMM, its kernel, and init.c
 * as the guest's first process. Talk to that on the guest's console, and
 * report what it found, as TAP, with all that the console said.
 *
 * usage: guest-run [-c CPUS] [-t SECONDS] [-N] [-D | -L | -R] [-U] [-V]
 *	-N	an ordinary VM, not a protected one
 *	-D	our own kernel, and Debian's root file system on virtio
 *	-L	look for what the guest keeps in its memory, and give the guest up
 *	-R	the guest only resets
 *	-U	the initramfs is not ours: only look at how the guest ends
 *	-V	all that the kernel says; otherwise its warnings and our report, since
 *		each character on the console is an exit to the VMM
 *
 * A guest must boot, check itself and power off.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "look.h"
#include "util.h"
#include "vmm.h"

/* An emulated host that has to share its machine stalls for seconds. */
#define PATIENCE	" watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"

#define MAX_CASES	128

static struct vmm vmm = { .cpus = 1, .protected = true };

static struct {
	int seconds;
	bool look;
	bool reset;
	bool unchecked;
	bool verbose;
} options = { .seconds = 540 };

/* What is known of the guest so far. */
static struct {
	char cases[MAX_CASES][256];
	int nr_cases;
	int boots;
	int vms;
	bool ends;
	unsigned long pages[2], pattern;
	int looks;
} guest;

static void add_case(const char *result, const char *text)
{
	if (guest.nr_cases < MAX_CASES)
		snprintf(guest.cases[guest.nr_cases++], 256, "%s\t%s", result, text);
}

/*
 * Print the VMM's CPU time, that of the guest and of KVM included, and what KVM
 * counted for the VMM's VMs, of which only one has run.
 */
static void print_stats(void)
{
	unsigned long value;
	struct timespec cpu;
	clockid_t clock;
	char pattern[64];
	glob_t files;
	FILE *file;

	if (!clock_getcpuclockid(vmm.pid, &clock) && !clock_gettime(clock, &cpu))
		printf("# stat: cpu_ns %ld\n", cpu.tv_sec * 1000000000 + cpu.tv_nsec);

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/kvm/%d-*/*", vmm.pid);
	if (glob(pattern, 0, NULL, &files))
		return;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		file = fopen(files.gl_pathv[i], "re");
		if (!file)
			continue;
		if (fscanf(file, "%lu", &value) == 1 && value)
			printf("# stat: %s %lu\n", strrchr(files.gl_pathv[i], '/') + 1, value);
		fclose(file);
	}
	globfree(&files);
}

static void answer(int to_guest, const char *line)
{
	if (write(to_guest, line, strlen(line)) < 0)
		perror("guest-run: console");
}

/* What a look at the guest's memory found, and whether it had to. */
static void found(const char *how, const char *what, bool good)
{
	char text[200];

	printf("# look: %s: %s\n", how, what);
	snprintf(text, sizeof(text), "%s: %s", how, what);
	add_case(good ? "ok" : "not ok", text);
	guest.looks++;
}

/*
 * Ask the VMM where the guest's pages are, look for the pattern in one of them,
 * and let the VMM read the other.
 */
static void start_to_look(int to_guest)
{
	char line[64];

	snprintf(line, sizeof(line), MONITOR "gpa2hva %#lx\n", guest.pages[0]);
	answer(to_guest, line);
}

static void look(const char *line, int to_guest)
{
	static const char place[] = "Host virtual address for ";
	char text[64], *at = strstr(line, place);
	unsigned long gpa, hva, word;
	const char *what;

	if (at && sscanf(at + strlen(place), "%lx (%*[^)]) is %lx", &gpa, &hva) == 2) {
		if (vmm.protected) {
			what = look_by_el2(vmm.pid, hva);
			found("EL2, asked for its page", what, !strcmp(what, "refused"));
		}
		what = look_by_kernel(vmm.pid, hva, guest.pattern);
		found("/proc/PID/mem", what, vmm.protected ? strncmp(what, "the ", 4) &&
		      strcmp(what, "something else") : !strcmp(what, "the pattern"));
		snprintf(text, sizeof(text), "xp /1xg %#lx\n", guest.pages[1]);
		answer(to_guest, text);
	} else if (guest.pattern && sscanf(line, "%lx: %lx", &gpa, &word) == 2 &&
		   gpa == guest.pages[1]) {
		found("the VMM's mapping", word == guest.pattern ? "the pattern" : "something else",
		      !vmm.protected && word == guest.pattern);
		kill(vmm.pid, SIGKILL);
	}
}

/* The guest's first process said @line. */
static void told(const char *line, int to_guest)
{
	if (!strcmp(line, "boot")) {
		guest.boots++;
	} else if (!strcmp(line, "end?")) {
		guest.ends = true;
		print_stats();
		if (options.look)
			start_to_look(to_guest);
		else
			answer(to_guest, "go\n");
	} else if (sscanf(line, "pattern %lx %lx %lx", &guest.pages[0], &guest.pages[1],
			  &guest.pattern) == 3) {
		return;
	} else if (!strncmp(line, "ok ", 3)) {
		add_case("ok", line + 3);
	} else if (!strncmp(line, "not ok ", 7)) {
		add_case("not ok", line + 7);
	} else if (!strncmp(line, "skip ", 5)) {
		add_case("skip", line + 5);
	} else if (!strncmp(line, "value ", 6)) {
		printf("# value: %s\n", line + 6);
	}
}

/* What moves the cursor says nothing in a log. */
static void strip(char *line)
{
	char *to = line;

	for (; *line; line++)
		if (*line >= ' ')
			*to++ = *line;
	*to = '\0';
}

struct stream {
	const char *name;
	int fd;
	char line[1024];
	size_t used;
};

/* Return false at the end of @stream. */
static bool read_stream(struct stream *stream, int to_guest)
{
	size_t room = sizeof(stream->line) - 1 - stream->used;
	char *start, *end, *text;
	ssize_t n;

	n = read(stream->fd, stream->line + stream->used, room);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	stream->used += n;
	stream->line[stream->used] = '\0';

	for (start = stream->line; (end = strchr(start, '\n')); start = end + 1) {
		*end = '\0';
		strip(start);
		printf("# %s: %s\n", stream->name, start);
		if (strstr(start, ": a protected VM"))
			guest.vms++;
		text = strstr(start, GUEST_PREFIX);
		if (text && to_guest >= 0)
			told(text + strlen(GUEST_PREFIX), to_guest);
		else if (options.look && to_guest >= 0)
			look(start, to_guest);
	}
	stream->used -= start - stream->line;
	memmove(stream->line, start, stream->used);
	if (stream->used == sizeof(stream->line) - 1)
		stream->used = 0;
	fflush(stdout);
	return true;
}

/* Pass on what guest and VMM say until the VMM ends; return how it ended. */
static const char *relay(void)
{
	struct stream streams[2] = {
		{ .name = "console", .fd = vmm.from_guest }, { .name = "vmm", .fd = vmm.errors },
	};
	struct pollfd pfds[2] = {
		{ .fd = vmm.from_guest, .events = POLLIN }, { .fd = vmm.errors, .events = POLLIN },
	};
	double deadline = now() + options.seconds;
	static char how[64];
	int i;

	while (pfds[0].fd >= 0 || pfds[1].fd >= 0) {
		double left = deadline - now();

		if (left <= 0 || poll(pfds, 2, left * 1000 + 1) == 0) {
			kill(vmm.pid, SIGKILL);
			vmm_wait(&vmm);
			snprintf(how, sizeof(how), "no end within %d s", options.seconds);
			return how;
		}
		for (i = 0; i < 2; i++) {
			if (pfds[i].revents && !read_stream(&streams[i], i ? -1 : vmm.to_guest))
				pfds[i].fd = -1;
		}
	}
	return vmm_wait(&vmm);
}

static int print_cases(void)
{
	int i, bad = 0;

	printf("1..%d\n", guest.nr_cases);
	for (i = 0; i < guest.nr_cases; i++) {
		char *text = strchr(guest.cases[i], '\t');

		*text++ = '\0';
		bad += !strcmp(guest.cases[i], "not ok");
		if (!strcmp(guest.cases[i], "skip"))
			printf("ok %d %s # SKIP\n", i + 1, text);
		else
			printf("%s %d %s\n", guest.cases[i], i + 1, text);
	}
	return bad != 0;
}

static void judge(const char *how)
{
	char text[128];

	if (vmm.protected)
		add_case(guest.vms ? "ok" : "not ok", "the VM is a protected one");
	if (options.look) {
		/* The VMM that told what it read was killed; any other died of the access. */
		if (guest.looks && how && strstr(how, "signal 11"))
			found("the VMM's mapping", "SIGSEGV", vmm.protected);
		if (guest.looks != (vmm.protected ? 3 : 2))
			add_case("not ok", how ?: "the VMM does not look");
		return;
	}
	if (!options.unchecked)
		add_case(guest.boots == 1 && guest.ends ? "ok" : "not ok",
			 "the guest's first process runs to its end");
	snprintf(text, sizeof(text), "the guest %s, and the VMM ends%s%s",
		 options.reset ? "resets" : "powers off", how ? ": " : "", how ?: "");
	add_case(how ? "not ok" : "ok", text);
}

static void parse_options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "c:t:DNLRUV")) != -1) {
		switch (opt) {
		case 'c':
			vmm.cpus = atoi(optarg);
			break;
		case 't':
			options.seconds = atoi(optarg);
			break;
		case 'D':
			vmm.root = true;
			break;
		case 'N':
			vmm.protected = false;
			break;
		case 'L':
			vmm.monitor = true;
			options.look = true;
			break;
		case 'R':
			options.reset = true;
			break;
		case 'U':
			options.unchecked = true;
			break;
		case 'V':
			options.verbose = true;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	char cmdline[1024];

	parse_options(argc, argv);
	vmm_mount();
	printf("TAP version 13\n");
	fflush(stdout);

	snprintf(cmdline, sizeof(cmdline), GUEST_CMDLINE PATIENCE
		 " loglevel=%d pvm.cpus=%d pvm.protected=%d pvm.pauth=%d pvm.look=%d pvm.reset=%d%s",
		 options.verbose ? 7 : 5, vmm.cpus, vmm.protected, vmm_pauth(),
		 options.look, options.reset, vmm.root ? ROOT_CMDLINE : "");
	vmm.cmdline = cmdline;
	vmm_start(&vmm);
	judge(relay());
	return print_cases();
}
