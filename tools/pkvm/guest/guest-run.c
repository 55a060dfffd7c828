// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a real guest in the host: a distribution's VMM, its kernel, and init.c
 * as the guest's first process. Talk to that on the guest's console, and
 * report what it found, as TAP, with all that the console said.
 *
 * usage: guest-run [OPTION=NUMBER]...
 *	pvm_seconds=540	how long it may take
 *	pvm_cpus=1	how many vCPUs the guest has
 *	pvm_protected=0	an ordinary VM, not a protected one
 *	pvm_root=1	our own kernel, and Debian's root file system on virtio
 *	pvm_look=1	look for what the guest keeps in its memory, and give the guest up
 *	pvm_reset=1	the guest only resets
 *	pvm_unchecked=1	the initramfs is not ours: only look at how the guest ends
 *	pvm_verbose=1	all that the kernel says; otherwise its warnings and our report,
 *			since each character on the console is an exit to the VMM
 *
 * The guest gets them, too. It must boot, check itself and power off.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arm64/pkvm_hostile.h"

#include "guest.h"

/* The distribution's VMM runs in a root of its own. */
#define ROOT		"/vmm"
#define PROGRAM		"/usr/bin/qemu-system-aarch64"

#define MACHINE		"-M virt,gic-version=3 -accel kvm -cpu host -m 512M"		\
			" -nodefaults -display none"
#define INITRAMFS	"-kernel /boot/guest-kernel -initrd /boot/guest-initrd"

/* The host's second disk. These devices see shared memory only. */
#define SHARED		"iommu_platform=on,disable-legacy=on"
#define ROOT_DISK	"-kernel /boot/root-kernel"					\
			" -drive file=/dev/vdb,format=raw,if=none,id=root"		\
			" -device virtio-blk-pci,drive=root," SHARED			\
			" -netdev user,id=net"						\
			" -device virtio-net-pci,netdev=net,romfile=," SHARED

/* An emulated host that has to share its machine stalls for seconds. */
#define CMDLINE		"console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 printk.devkmsg=on"	\
			" watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"

/*
 * With a root on virtio: a pool for what devices see, since the default one shrinks to
 * 1 MB a GB, and probes that say how many pages are shared and taken back.
 */
#define ROOT_CMDLINE	" root=/dev/vda rw init=/sbin/root-check swiotlb=8192"	\
			" kprobe_event=p:share,pkvm_set_memory_decrypted,n=%x1:u32"	\
			";p:unshare,pkvm_set_memory_encrypted,n=%x1:u32"

/* What is typed on the console to get from the guest to the VMM's monitor. */
#define MONITOR		"\001c"

#define MAX_CASES	128
#define PAGE_SIZE	4096

static bool protected;
static bool looks;
static char cmdline[1024];

/* The VMM, and the console of its guest. */
static pid_t vmm;
static int to_guest;

/* What is known of the guest so far. */
static struct {
	struct {
		const char *result;
		char text[256];
	} cases[MAX_CASES];
	int nr_cases;
	int boots;
	int vms;
	bool ends;
	unsigned long pages[2], pattern;
	int looks;
} guest;

static void add_case(const char *result, const char *text)
{
	if (guest.nr_cases == MAX_CASES)
		return;
	guest.cases[guest.nr_cases].result = result;
	snprintf(guest.cases[guest.nr_cases++].text, 256, "%s", text);
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

static void exec_vmm(void)
{
	char line[1024], *argv[64];
	int argc = 0;

	/* A reset of a protected VM is for the preload to deal with. */
	snprintf(line, sizeof(line), PROGRAM " " MACHINE " -smp %d -serial %s %s %s",
		 option("pvm_cpus", 1), looks ? "mon:stdio" : "stdio",
		 option("pvm_root", 0) ? ROOT_DISK : INITRAMFS, protected ? "" : "-no-reboot");
	argv[argc] = strtok(line, " ");
	while (argv[argc])
		argv[++argc] = strtok(NULL, " ");
	argv[argc++] = "-append";
	argv[argc++] = cmdline;
	argv[argc] = NULL;

	if (chroot(ROOT) || chdir("/"))
		die(ROOT);
	if (protected)
		setenv("LD_PRELOAD", "/usr/lib/preload.so", 1);
	execv(PROGRAM, argv);
	die(PROGRAM);
}

/* Start the VMM; what it says of itself comes from @errors. */
static void start_vmm(int *from_guest, int *errors)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	vmm = fork();
	if (vmm < 0)
		die("fork");
	if (!vmm) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		exec_vmm();
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	to_guest = in[1];
	*from_guest = out[0];
	*errors = err[0];
}

/* Wait for the VMM. Return NULL for success, or how else it ended, in words. */
static const char *wait_for_vmm(void)
{
	static char how[64];
	int status;

	close(to_guest);
	waitpid(vmm, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	snprintf(how, sizeof(how), "the VMM: %s %d",
		 WIFEXITED(status) ? "exit status" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return how;
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

	if (!clock_getcpuclockid(vmm, &clock) && !clock_gettime(clock, &cpu))
		printf("# stat: cpu_ns %ld\n", cpu.tv_sec * 1000000000 + cpu.tv_nsec);

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/kvm/%d-*/*", vmm);
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

static void answer(const char *line)
{
	if (write(to_guest, line, strlen(line)) < 0)
		perror("guest-run: console");
}

/* Return in words what the kernel reads at @address of the VMM. */
static const char *look_by_kernel(uintptr_t address)
{
	uint64_t page[PAGE_SIZE / 8], other = 0;
	static char error[64];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", vmm);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = pread(fd, page, PAGE_SIZE, address);
	if (n != PAGE_SIZE) {
		snprintf(error, sizeof(error), "%s", n < 0 ? strerror(errno) : "cut short");
		close(fd);
		return error;
	}
	close(fd);
	for (size_t i = 0; i < PAGE_SIZE / 8; i++) {
		if (page[i] == guest.pattern)
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

static uint64_t pfn_of(uintptr_t address)
{
	uint64_t entry = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", vmm);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &entry, 8, address / PAGE_SIZE * 8) != 8)
		entry = 0;
	close(fd);
	return entry & ((1UL << 55) - 1);
}

/*
 * Ask EL2 for the page at @address of the VMM, and for a page that is the host's own.
 * Return in words what it gives.
 */
static const char *look_by_el2(uintptr_t address)
{
	struct hostile_pages own = { .size = PAGE_SIZE };
	int fd = open_device();
	uint64_t pfn = pfn_of(address);
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
static void start_to_look(void)
{
	char line[64];

	snprintf(line, sizeof(line), MONITOR "gpa2hva %#lx\n", guest.pages[0]);
	answer(line);
}

static void look(const char *line)
{
	static const char place[] = "Host virtual address for ";
	char text[64], *at = strstr(line, place);
	unsigned long gpa, hva, word;
	const char *what;

	if (at && sscanf(at + strlen(place), "%lx (%*[^)]) is %lx", &gpa, &hva) == 2) {
		if (protected) {
			what = look_by_el2(hva);
			found("EL2, asked for its page", what, !strcmp(what, "refused"));
		}
		what = look_by_kernel(hva);
		found("/proc/PID/mem", what, protected ? strncmp(what, "the ", 4) &&
		      strcmp(what, "something else") : !strcmp(what, "the pattern"));
		snprintf(text, sizeof(text), "xp /1xg %#lx\n", guest.pages[1]);
		answer(text);
	} else if (guest.pattern && sscanf(line, "%lx: %lx", &gpa, &word) == 2 &&
		   gpa == guest.pages[1]) {
		found("the VMM's mapping", word == guest.pattern ? "the pattern" : "something else",
		      !protected && word == guest.pattern);
		kill(vmm, SIGKILL);
	}
}

/* The guest's first process said @line. */
static void told(const char *line)
{
	if (!strcmp(line, "boot")) {
		guest.boots++;
	} else if (!strcmp(line, "end?")) {
		guest.ends = true;
		print_stats();
		if (looks)
			start_to_look();
		else
			answer("go\n");
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

static struct stream {
	const char *name;
	char line[1024];
	size_t used;
} streams[] = { { .name = "console" }, { .name = "vmm" } };

/* Return false at the end of @stream. */
static bool read_stream(struct stream *stream, int fd)
{
	size_t room = sizeof(stream->line) - 1 - stream->used;
	char *start, *end, *text;
	ssize_t n;

	n = read(fd, stream->line + stream->used, room);
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
		if (text && stream == &streams[0])
			told(text + strlen(GUEST_PREFIX));
		else if (looks && stream == &streams[0])
			look(start);
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
	struct pollfd pfds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int i, seconds = option("pvm_seconds", 540);
	double deadline = now() + seconds;
	static char how[64];

	start_vmm(&pfds[0].fd, &pfds[1].fd);
	while (pfds[0].fd >= 0 || pfds[1].fd >= 0) {
		double left = deadline - now();

		if (left <= 0 || poll(pfds, 2, left * 1000 + 1) == 0) {
			kill(vmm, SIGKILL);
			wait_for_vmm();
			snprintf(how, sizeof(how), "no end within %d s", seconds);
			return how;
		}
		for (i = 0; i < 2; i++) {
			if (pfds[i].revents && !read_stream(&streams[i], pfds[i].fd))
				pfds[i].fd = -1;
		}
	}
	return wait_for_vmm();
}

static int print_cases(void)
{
	int i, bad = 0;

	printf("1..%d\n", guest.nr_cases);
	for (i = 0; i < guest.nr_cases; i++) {
		const char *result = guest.cases[i].result, *text = guest.cases[i].text;

		bad += !strcmp(result, "not ok");
		if (!strcmp(result, "skip"))
			printf("ok %d %s # SKIP\n", i + 1, text);
		else
			printf("%s %d %s\n", result, i + 1, text);
	}
	return bad != 0;
}

static void judge(const char *how)
{
	char text[128];

	if (protected)
		add_case(guest.vms ? "ok" : "not ok", "the VM is a protected one");
	if (looks) {
		/* The VMM that told what it read was killed; any other died of the access. */
		if (guest.looks && how && strstr(how, "signal 11"))
			found("the VMM's mapping", "SIGSEGV", protected);
		if (guest.looks != (protected ? 3 : 2))
			add_case("not ok", how ?: "the VMM does not look");
		return;
	}
	if (!option("pvm_unchecked", 0))
		add_case(guest.boots == 1 && guest.ends ? "ok" : "not ok",
			 "the guest's first process runs to its end");
	snprintf(text, sizeof(text), "the guest %s, and the VMM ends%s%s",
		 option("pvm_reset", 0) ? "resets" : "powers off", how ? ": " : "", how ?: "");
	add_case(how ? "not ok" : "ok", text);
}

int main(int argc, char **argv)
{
	int i, used;

	for (i = 1; i < argc; i++) {
		if (strncmp(argv[i], "pvm_", 4) || !strchr(argv[i], '=') || putenv(argv[i])) {
			fprintf(stderr, "guest-run: this is no option: %s\n", argv[i]);
			return 2;
		}
	}
	protected = option("pvm_protected", 1);
	looks = option("pvm_look", 0);
	mount_root();
	printf("TAP version 13\n");
	fflush(stdout);

	used = snprintf(cmdline, sizeof(cmdline), CMDLINE "%s loglevel=%d pvm_pauth=%d",
			option("pvm_root", 0) ? ROOT_CMDLINE : "",
			option("pvm_verbose", 0) ? 7 : 5, !!(getauxval(AT_HWCAP) & HWCAP_PACA));
	for (i = 1; i < argc; i++)
		used += snprintf(cmdline + used, sizeof(cmdline) - used, " %s", argv[i]);
	judge(relay());
	return print_cases();
}
