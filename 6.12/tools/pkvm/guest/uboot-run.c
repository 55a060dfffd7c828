// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run Debian's U-Boot in the host, as a protected VM, and type commands at its
 * prompt. Report, as TAP, what it answered, with all that its console said.
 *
 * usage: uboot-run [-N]
 *	-N	an ordinary VM, not a protected one
 *
 * Audit map: case -> rule
 *
 *  comes up		a program that runs with the MMU off, relocates itself, and
 *			finds its devices in a device tree, works
 *  version, bdinfo	what is typed arrives; the memory is the VM's
 *  memory		what is written is read
 *  set/way		DC CISW, which boot loaders use and no CPU UNDEFs, is none
 *  UNDEF		a register that is hidden (PMCR_EL0) is UNDEFINED at EL1, the
 *			guest's own handler gets it, and can go on
 *  comes up again	PSCI SYSTEM_RESET, which that handler calls; power-off
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"
#include "vmm.h"

#define PROMPT	"=> "
#define SECONDS	240	/* for a step */

/* Type @send, wait until the console says @expect and then all of @then. */
static const struct step {
	const char *name;
	const char *send;
	const char *expect;
	const char *then;
} steps[] = {
	{ "comes up",		"",			"U-Boot 20",	"Hit any key" },
	{ "prompt",		" ",			PROMPT,		"" },
	{ "version",		"version\n",		"U-Boot 20",	PROMPT },
	{ "bdinfo",		"bdinfo\n",		"0x0000000020000000", PROMPT },
	{ "memory is written",	"mw.l 48000000 5eed5eed 1000\n", PROMPT, "" },
	{ "memory is read",	"md.l 48003ff0 4\n",	"5eed5eed 5eed5eed 5eed5eed 5eed5eed",
	  PROMPT },
	/* DC CISW, XZR; RET */
	{ "code",		"mw.l 48000000 d5087e5f; mw.l 48000004 d65f03c0\n", PROMPT, "" },
	{ "set/way",		"go 48000000\n",	"terminated, rc = 0x", PROMPT },
	/* MRS X0, PMCR_EL0 */
	{ "more code",		"mw.l 48001000 d53b9c00\n", PROMPT,	"" },
	{ "UNDEF",		"go 48001000\n",	"esr 0x02000000",
	  "Resetting CPU" },
	{ "comes up again",	"",			"U-Boot 20",	"Hit any key" },
	{ "prompt again",	" ",			PROMPT,		"" },
	{ "power-off",		"poweroff\n",		"poweroff ...",	"" },
};

static struct vmm vmm = { .cpus = 1, .protected = true, .pauth = true,
			  .firmware = "/boot/u-boot" };

/* All that the console has said, and up to where steps have seen it. */
static char console[1 << 17];
static size_t used, seen;

/* Return false when the console, or the time, has come to its end. */
static bool read_console(double deadline)
{
	struct pollfd pfd = { .fd = vmm.from_guest, .events = POLLIN };
	double left = deadline - now();
	ssize_t n;

	if (left <= 0 || used == sizeof(console) - 1 || poll(&pfd, 1, left * 1000 + 1) <= 0)
		return false;
	n = read(vmm.from_guest, console + used, sizeof(console) - 1 - used);
	if (n <= 0)
		return false;
	used += n;
	return true;
}

/* Wait until the console says @text, behind what was seen of it so far. */
static bool wait_for(const char *text)
{
	double deadline = now() + SECONDS;
	char *at;

	while (!(at = strstr(console + seen, text))) {
		if (!read_console(deadline))
			return false;
	}
	seen = at + strlen(text) - console;
	return true;
}

static bool run_step(const struct step *step)
{
	size_t length = strlen(step->send);

	return write(vmm.to_guest, step->send, length) == (ssize_t)length &&
	       wait_for(step->expect) && wait_for(step->then);
}

static void print_console(void)
{
	char *line, *save;

	for (line = strtok_r(console, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
		printf("# console: %s\n", line);
}

static int print_errors(void)
{
	char text[4096];
	size_t length = 0;
	ssize_t n;
	char *line, *save;
	int vms;

	while (length < sizeof(text) - 1 &&
	       (n = read(vmm.errors, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	text[length] = '\0';
	vms = !!strstr(text, ": a protected VM");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		printf("# vmm: %s\n", line);
	return vms;
}

int main(int argc, char **argv)
{
	unsigned int i, bad = 0, nr = 0;
	const char *how;
	double end;
	int vms;

	vmm.protected = argc < 2 || strcmp(argv[1], "-N");
	signal(SIGPIPE, SIG_IGN);
	vmm_mount();
	vmm_start(&vmm);
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(steps) + 2);

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		/* After one that fails there is nobody to ask. */
		double start = now();
		bool ok = !bad && run_step(&steps[i]);

		printf("# step: %s, %.1f s\n", steps[i].name, now() - start);
		printf("%s %u %s\n", ok ? "ok" : "not ok", ++nr, steps[i].name);
		fflush(stdout);
		bad += !ok;
	}
	end = now() + SECONDS;
	while (!bad && read_console(end))
		;
	if (bad || now() >= end)
		kill(vmm.pid, SIGKILL);
	vms = print_errors();
	how = vmm_wait(&vmm);
	print_console();
	printf("%s %u the VM is a protected one\n",
	       vms == vmm.protected ? "ok" : "not ok", ++nr);
	printf("%s %u the VM ends%s%s\n", how ? "not ok" : "ok", ++nr, how ? ": " : "", how ?: "");
	return bad || how || vms != vmm.protected;
}
