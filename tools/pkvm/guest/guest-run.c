// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a real guest in the host: a distribution's VMM, its kernel, and init.c
 * as the guest's first process. Talk to that on the guest's console, and
 * report what it found, as TAP, with all that the console said.
 *
 * usage: guest-run [-c CPUS] [-t SECONDS] [-P] [-N] [-E] [-U] [-V]
 *	-P	the VM has no PAuth, although the host has it
 *	-N	an ordinary VM, not a protected one
 *	-E	the firmware EDK2 starts the kernel, not the VMM
 *	-U	the initramfs is not ours: only look at how the guest ends
 *	-V	all that the kernel says; otherwise its warnings and our report, since
 *		each character on the console is an exit to the VMM
 *
 * A guest must boot, reset itself once, boot again and power off.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define ROOT		"/vmm"
#define MAX_CASES	128

static struct {
	int cpus;
	int seconds;
	bool pauth;
	bool protected;
	bool firmware;
	bool unchecked;
	bool verbose;
} options = { .cpus = 1, .seconds = 540, .pauth = true, .protected = true };

/* What is known of the guest so far. */
static struct {
	char cases[MAX_CASES][256];
	int nr_cases;
	int boots;
	int vms;
	bool resets;
	bool ends;
} guest;

static void add_case(const char *result, const char *text)
{
	if (guest.nr_cases < MAX_CASES)
		snprintf(guest.cases[guest.nr_cases++], 256, "%s\t%s", result, text);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "guest-run: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The VMM and what it loads come on a disk of their own. */
static void mount_root(void)
{
	if (!access(ROOT "/dev/kvm", F_OK))
		return;
	mkdir(ROOT, 0755);
	if (mount("/dev/vda", ROOT, "ext2", MS_RDONLY, NULL) ||
	    mount("/dev", ROOT "/dev", NULL, MS_BIND, NULL) ||
	    mount("proc", ROOT "/proc", "proc", 0, NULL) ||
	    mount("tmpfs", ROOT "/tmp", "tmpfs", 0, NULL))
		die("mount " ROOT);
	if (access(ROOT "/dev/kvm", F_OK))
		die("/dev/kvm");
}

static void exec_vmm(int in, int out, int err)
{
	char smp[16], append[512];
	const char *argv[] = {
		"qemu-system-aarch64", "-M", "virt,gic-version=3", "-accel", "kvm",
		"-cpu", options.pauth ? "host" : "host,pauth=off",
		"-smp", smp, "-m", "512M",
		"-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", "/boot/guest-kernel", "-initrd", "/boot/guest-initrd",
		"-append", append,
		options.firmware ? "-bios" : NULL, "/boot/guest-firmware", NULL
	};
	bool pauth = options.pauth && getauxval(AT_HWCAP) & HWCAP_PACA;

	/* Without PAuth in the host there is none to turn off. */
	if (!(getauxval(AT_HWCAP) & HWCAP_PACA))
		argv[6] = "host";
	snprintf(smp, sizeof(smp), "%d", options.cpus);
	/* An emulated host that has to share its machine stalls for seconds. */
	snprintf(append, sizeof(append),
		 "console=ttyAMA0 earlycon=pl011,0x9000000 loglevel=%d printk.devkmsg=on "
		 "panic=-1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 "
		 "pvm.cpus=%d pvm.protected=%d pvm.pauth=%d",
		 options.verbose ? 7 : 5, options.cpus, options.protected, pauth);

	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (chroot(ROOT) || chdir("/"))
		die(ROOT);
	if (options.protected)
		setenv("LD_PRELOAD", "/usr/lib/preload.so", 1);
	execv("/usr/bin/qemu-system-aarch64", (char **)argv);
	die("/usr/bin/qemu-system-aarch64");
}

/* Print what KVM counted for the VM that has run most. */
static void print_stats(void)
{
	static const char kvm[] = "/sys/kernel/debug/kvm";
	char path[600], dir[300] = "", best[300] = "";
	unsigned long value, most = 0;
	struct dirent *entry;
	FILE *file;
	DIR *vms;

	vms = opendir(kvm);
	while (vms && (entry = readdir(vms))) {
		if (!strchr(entry->d_name, '-'))
			continue;
		snprintf(dir, sizeof(dir), "%s/%s", kvm, entry->d_name);
		snprintf(path, sizeof(path), "%s/exits", dir);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%lu", &value) == 1 && value > most) {
			most = value;
			strcpy(best, dir);
		}
		fclose(file);
	}
	if (vms)
		closedir(vms);

	vms = most ? opendir(best) : NULL;
	while (vms && (entry = readdir(vms))) {
		snprintf(path, sizeof(path), "%s/%s", best, entry->d_name);
		file = entry->d_type == DT_REG ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fscanf(file, "%lu", &value) == 1 && value)
			printf("# stat: %s %lu\n", entry->d_name, value);
		fclose(file);
	}
	if (vms)
		closedir(vms);
}

static void answer(int to_guest, const char *line)
{
	if (write(to_guest, line, strlen(line)) < 0)
		perror("guest-run: console");
}

/* The guest's first process said @line. */
static void told(const char *line, int to_guest)
{
	char number[16];

	if (!strcmp(line, "boot?")) {
		guest.boots++;
		if (guest.boots > 1 && !guest.resets)
			add_case("not ok", "the guest reset itself: nobody had asked it to");
		guest.resets = false;
		snprintf(number, sizeof(number), "%d\n", guest.boots);
		answer(to_guest, number);
	} else if (!strcmp(line, "reboot")) {
		guest.resets = true;
	} else if (!strcmp(line, "end?")) {
		guest.ends = true;
		print_stats();
		answer(to_guest, "go\n");
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

/* Firmware moves the cursor, which says nothing in a log. */
static void strip(char *line)
{
	char *to = line;

	while (*line) {
		if (*line == '\033' && line[1] == '[') {
			line += 2;
			line += strcspn(line, "ABCDHJKfhlmnsu=");
			line += *line != '\0';
			continue;
		}
		if (*line >= ' ')
			*to++ = *line;
		line++;
	}
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
	}
	stream->used -= start - stream->line;
	memmove(stream->line, start, stream->used);
	if (stream->used == sizeof(stream->line) - 1)
		stream->used = 0;
	fflush(stdout);
	return true;
}

/* Pass on what guest and VMM say until the VMM ends; return how it ended. */
static const char *relay(pid_t pid, int to_guest, struct stream streams[2])
{
	static char how[64];
	double deadline = now() + options.seconds;
	struct pollfd pfds[2] = {
		{ .fd = streams[0].fd, .events = POLLIN },
		{ .fd = streams[1].fd, .events = POLLIN },
	};
	int status, i;

	while (pfds[0].fd >= 0 || pfds[1].fd >= 0) {
		double left = deadline - now();

		if (left <= 0 || poll(pfds, 2, left * 1000 + 1) == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			snprintf(how, sizeof(how), "no end within %d s", options.seconds);
			return how;
		}
		for (i = 0; i < 2; i++) {
			if (pfds[i].revents && !read_stream(&streams[i], i ? -1 : to_guest))
				pfds[i].fd = -1;
		}
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	snprintf(how, sizeof(how), "the VMM: %s %d",
		 WIFEXITED(status) ? "exit status" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return how;
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

	if (options.protected)
		add_case(guest.vms ? "ok" : "not ok", "the VM is a protected one");
	if (!options.unchecked) {
		snprintf(text, sizeof(text), "boot, reset, boot%s%s",
			 guest.boots == 2 ? "" : ": ",
			 guest.boots == 2 ? "" : guest.boots ? "it booted, and did not reset" :
							       "it never came up");
		add_case(guest.boots == 2 && guest.ends ? "ok" : "not ok", text);
	}
	snprintf(text, sizeof(text), "the guest powers off%s%s", how ? ": " : "", how ?: "");
	add_case(how ? "not ok" : "ok", text);
}

static void parse_options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "c:t:PNEUV")) != -1) {
		switch (opt) {
		case 'c':
			options.cpus = atoi(optarg);
			break;
		case 't':
			options.seconds = atoi(optarg);
			break;
		case 'P':
			options.pauth = false;
			break;
		case 'N':
			options.protected = false;
			break;
		case 'E':
			options.firmware = true;
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
	struct stream streams[2] = { { .name = "console" }, { .name = "vmm" } };
	int in[2], out[2], err[2];
	pid_t pid;

	parse_options(argc, argv);
	mount_root();
	printf("TAP version 13\n");
	fflush(stdout);

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		exec_vmm(in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	streams[0].fd = out[0];
	streams[1].fd = err[0];

	judge(relay(pid, in[1], streams));
	return print_cases();
}
