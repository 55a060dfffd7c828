// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test that goes wrong in the way its argument says: what runner-test.sh
 * puts into a plan to see that the runner tells of it.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	if (!strcmp(how, "lie")) {
		printf("ok 1 not a result, since TAP was never announced\n");
		return 1;
	} else if (!strcmp(how, "crash")) {
		printf("TAP version 13\n1..2\nok 1 the first\n");
		raise(SIGSEGV);
	} else if (!strcmp(how, "hang")) {
		/* A child that holds the pipe open must not hold up the run. */
		if (!fork())
			setpgid(0, 0);
		pause();
	} else if (!strcmp(how, "long")) {
		for (int i = 0; i < 10000; i++)
			putchar('x');
		return 0;
	}
	return 1;
}
