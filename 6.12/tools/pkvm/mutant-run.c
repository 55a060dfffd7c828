// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run tests in a host whose EL2 makes errors on purpose, one error at a time.
 *
 * usage: mutant-run LIST
 *
 * A line of the list is
 *
 *	KIND,INDEX,BITS[,KIND,INDEX,BITS...] NAME TEST...
 *
 * For each, the error is switched on and its tests are run until a case fails: in
 * that order, but for the one that noticed the error before. Neighbours in the
 * list are mostly noticed by the same test.
 * What comes out are lines that begin with one of
 *
 *	begin NAME
 *	test TEST
 *	killed by TEST: CASE
 *	done
 *
 * Where NAME begins with '+', all cases of its tests are run, and there is a line
 * for each that fails. The host may not survive the error: then the output ends,
 * and the line above is "test TEST".
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARAMETER	"/sys/module/kvm/parameters/mutant"
#define TEST_SECONDS	120
#define MAX_TESTS	16

static pid_t running;

/* A test that hangs is one that fails. */
static void on_alarm(int sig)
{
	(void)sig;
	kill(-running, SIGKILL);
}

static void set_mutant(const char *mutant)
{
	FILE *file = fopen(PARAMETER, "we");

	if (!file || fputs(mutant, file) < 0 || fclose(file)) {
		fprintf(stderr, "%s: %s\n", PARAMETER, strerror(errno));
		exit(1);
	}
}

static FILE *start_test(const char *test)
{
	char path[256];
	int out[2];

	snprintf(path, sizeof(path), "/tests/%s", test);
	if (pipe2(out, O_CLOEXEC)) {
		perror("pipe");
		exit(1);
	}
	running = fork();
	if (!running) {
		setpgid(0, 0);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execl(path, path, NULL);
		_exit(127);
	}
	setpgid(running, running);
	alarm(TEST_SECONDS);
	close(out[1]);
	return fdopen(out[0], "r");
}

/* Run one test, to its end or until a case fails. Return true, and say so, if one does. */
static bool kills(const char *test, bool to_the_end)
{
	char *line = NULL, *name;
	bool failed = false;
	size_t size = 0;
	FILE *out;
	int status;

	printf("test %s\n", test);
	out = start_test(test);
	while ((!failed || to_the_end) && getline(&line, &size, out) > 0) {
		if (strncmp(line, "not ok ", 7))
			continue;
		name = line + 7 + strcspn(line + 7, "\n ");
		name += strspn(name, " ");
		printf("killed by %s: %s", test, name);
		if (!to_the_end)
			kill(-running, SIGKILL);
		failed = true;
	}
	waitpid(running, &status, 0);
	kill(-running, SIGKILL);
	alarm(0);
	fclose(out);
	free(line);
	if (!failed && status) {
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			printf("killed by %s: no end in %d s\n", test, TEST_SECONDS);
		else
			printf("killed by %s: its end, wait status %#x\n", test, status);
		failed = true;
	}
	return failed;
}

static void run_mutant(char *line)
{
	char *save, *mutant, *name, *test[MAX_TESTS];
	static char last_killer[64];
	int i, nr = 0, first = 0;

	mutant = strtok_r(line, "\n ", &save);
	name = strtok_r(NULL, "\n ", &save);
	if (!name)
		return;
	while (nr < MAX_TESTS && (test[nr] = strtok_r(NULL, "\n ", &save))) {
		if (!strcmp(test[nr], last_killer))
			first = nr;
		nr++;
	}

	printf("begin %s\n", name);
	set_mutant(mutant);
	for (i = 0; i < nr; i++) {
		/* The first one, then those before it, then those behind it. */
		char *next = test[!i ? first : i <= first ? i - 1 : i];

		if (kills(next, *name == '+')) {
			/* The last test is last for a reason: it takes the longest. */
			if (next != test[nr - 1])
				snprintf(last_killer, sizeof(last_killer), "%s", next);
			break;
		}
	}
	printf("done\n");
}

int main(int argc, char **argv)
{
	FILE *list = argc == 2 ? fopen(argv[1], "re") : NULL;
	char *line = NULL;
	size_t size = 0;

	if (!list) {
		fprintf(stderr, "usage: %s LIST\n", argv[0]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, on_alarm);
	while (getline(&line, &size, list) > 0)
		run_mutant(line);
	free(line);
	return 0;
}
