// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first and only process of the host under test.
 *
 * Read /plan, run what it says, report, power off. A line of the plan is
 *
 *	SECONDS NAME PROGRAM [ARGUMENT...]
 *
 * The report is KTAP and leaves through a virtio console, so that nothing the
 * kernel prints on the console can mix with it. What a test prints becomes part of
 * the report, indented: the cases of a test that speaks TAP become subtests,
 * everything else becomes diagnostics.
 *
 * A plan that has a line "shell" only runs the script /shell, for a person. One
 * that has a line "remote" goes on with lines that come in there, each
 * when the one before has been reported. What comes earlier ends a test.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define __noreturn	__attribute__((__noreturn__))

#define KSFT_SKIP	4
#define MAX_ARGS	128
#define MAX_LINE	4096

static FILE *results;
static bool remote;

static void __noreturn power_off(void)
{
	if (results) {
		fflush(results);
		tcdrain(fileno(results));
	}
	sync();
	reboot(RB_POWER_OFF);
	/* The kernel panics if init returns, which the reader will notice. */
	_exit(1);
}

static void __noreturn die(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	power_off();
}

/*
 * The host has one virtio console. A virtio-serial port would not outlive suspend. Text
 * goes out as it is, and comes in by lines.
 */
static FILE *open_results(void)
{
	FILE *console = fopen("/dev/hvc0", "r+e");
	struct termios lines;

	if (console) {
		setvbuf(console, NULL, _IOLBF, 0);
		if (tcgetattr(fileno(console), &lines))
			die("/dev/hvc0");
		cfmakeraw(&lines);
		lines.c_lflag |= ICANON;
		tcsetattr(fileno(console), TCSANOW, &lines);
	}
	return console;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static bool is_version(const char *line)
{
	return !strncmp(line, "TAP version ", 12) || !strncmp(line, "KTAP version ", 13);
}

static bool is_tap(const char *line)
{
	while (*line == ' ')
		line++;

	return !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7) ||
	       !strncmp(line, "1..", 3) || !strncmp(line, "# ", 2);
}

/* The test that runs, and whether it has said that it speaks TAP. */
static const char *test_name;
static bool speaks_tap;

/*
 * A test that has not said that it speaks TAP may still print what looks like
 * a result, and must not be believed.
 */
static void report_line(char *line)
{
	if (!speaks_tap && is_version(line)) {
		speaks_tap = true;
		fprintf(results, "    %s\n    # Subtest: %s\n", line, test_name);
	} else if (speaks_tap && is_tap(line)) {
		fprintf(results, "    %s\n", line);
	} else {
		fprintf(results, "    # %s\n", line);
	}
}

/* Report the lines that there are of what the test prints. Return false at its end. */
static bool read_lines(int fd)
{
	static char text[MAX_LINE];
	static size_t used;
	ssize_t n = read(fd, text + used, sizeof(text) - 1 - used);
	char *start, *end;

	if (n < 0 && errno == EINTR)
		return true;
	if (n > 0)
		used += n;
	text[used] = '\0';
	for (start = text; (end = strchr(start, '\n')); start = end + 1) {
		*end = '\0';
		report_line(start);
	}
	used -= start - text;
	memmove(text, start, used + 1);
	/* What comes without an end is a line, too. */
	if (used && (n <= 0 || used == sizeof(text) - 1)) {
		report_line(text);
		used = 0;
	}
	return n > 0;
}

/*
 * Pass on what the test prints until it ends or its time is over.
 *
 * Return false if the time is over.
 */
static bool relay_output(int fd, double deadline)
{
	struct pollfd pfds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = remote ? fileno(results) : -1, .events = POLLIN },
	};
	char stop[MAX_LINE];

	speaks_tap = false;
	for (;;) {
		double left = deadline - now();

		if (left <= 0 || poll(pfds, 2, left * 1000 + 1) == 0) {
			/*
			 * A test of two seconds was once ended because its time seemed
			 * to be over. Read the clock again before ending a test.
			 */
			if (now() >= deadline)
				break;
			fprintf(results, "    # the clock went back\n");
		} else if (pfds[1].revents & POLLIN) {
			if (read(pfds[1].fd, stop, sizeof(stop)) >= 0)
				break;
		} else if (!read_lines(fd)) {
			return true;
		}
	}
	/* Nothing more is read, and the line that has begun ends. */
	read_lines(-1);
	return false;
}

static void __noreturn exec_test(char **argv, int out)
{
	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (chdir("/tmp"))
		_exit(126);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void run_test(unsigned int nr, char *spec)
{
	char *argv[MAX_ARGS + 1], *save, *limit;
	double start, seconds;
	int out[2], status, argc = 0;
	bool in_time, passed, skipped;
	pid_t pid;

	limit = strtok_r(spec, "\n ", &save);
	test_name = strtok_r(NULL, "\n ", &save);
	while (argc < MAX_ARGS && (argv[argc] = strtok_r(NULL, "\n ", &save)))
		argc++;
	argv[argc] = NULL;
	if (!argc) {
		fprintf(results, "not ok %u %s # the plan names no program\n", nr,
			test_name ?: "unnamed");
		return;
	}

	if (pipe2(out, O_CLOEXEC))
		die("pipe");
	start = now();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		exec_test(argv, out[1]);
	close(out[1]);

	in_time = relay_output(out[0], start + atoi(limit));
	/* Whatever the test has left behind must not meet the next one. */
	kill(-pid, SIGKILL);
	if (!in_time)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	close(out[0]);
	seconds = now() - start;

	fprintf(results, "    # outcome: ");
	if (!in_time)
		fprintf(results, "no end within %s s\n", limit);
	else if (WIFSIGNALED(status))
		fprintf(results, "killed by signal %d\n", WTERMSIG(status));
	else
		fprintf(results, "exit status %d\n", WEXITSTATUS(status));
	fprintf(results, "    # seconds: %.2f\n", seconds);
	passed = in_time && WIFEXITED(status) && !WEXITSTATUS(status);
	skipped = in_time && WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP;

	fprintf(results, "%s %u %s%s\n", passed || skipped ? "ok" : "not ok", nr,
		test_name, skipped ? " # SKIP" : "");
}

static void mount_at(const char *where, const char *type)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		perror(where);
}

/* A kernel that has our channel as modules brings a list of them. */
static void load_modules(void)
{
	FILE *list = fopen("/modules", "re");
	char path[256];
	int fd;

	while (list && fgets(path, sizeof(path), list)) {
		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			perror(path);
		close(fd);
	}
	if (list)
		fclose(list);
}

static void setup(void)
{
	struct rlimit files = { 8192, 8192 };

	mount_at("/dev", "devtmpfs");
	mount_at("/proc", "proc");
	mount_at("/sys", "sysfs");
	mount_at("/tmp", "tmpfs");
	mount_at("/dev/shm", "tmpfs");
	mount_at("/sys/kernel/debug", "debugfs");
	load_modules();
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
}

int main(void)
{
	static char plan[256][MAX_LINE];
	unsigned int nr, count = 0;
	bool shell = false;
	FILE *file;
	ssize_t n;

	setup();

	file = fopen("/plan", "re");
	if (!file)
		die("/plan");
	while (count < 256 && fgets(plan[count], MAX_LINE, file)) {
		if (!strcmp(plan[count], "shell\n"))
			shell = true;
		else if (!strcmp(plan[count], "remote\n"))
			remote = true;
		else
			count++;
	}
	fclose(file);

	if (shell) {
		execl("/bin/busybox", "sh", "/shell", NULL);
		die("no shell");
	}

	/* The console comes some time after its driver. */
	for (nr = 0; nr < 100 && !(results = open_results()); nr++)
		usleep(100000);
	if (!results)
		die("no virtio console");

	fprintf(results, "KTAP version 1\n1..%u\n", count);
	for (nr = 0; nr < count; nr++)
		run_test(nr + 1, plan[nr]);
	while (remote && (n = read(fileno(results), plan[0], MAX_LINE - 1)) > 0) {
		plan[0][n] = '\0';
		run_test(++nr, plan[0]);
	}
	fprintf(results, "# complete\n");

	power_off();
}
