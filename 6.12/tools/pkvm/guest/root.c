// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest finds on its devices of virtio: a root file system, in which
 * programs of a distribution run, and a network that ends at its VMM.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"

#define ROOT		"/root"
#define OUTPUT_MAX	65536

/* The network that QEMU makes for a guest, unless it is told otherwise. */
#define GUEST_ADDRESS	"10.0.2.15"
#define VMM_ADDRESS	"10.0.2.2"

enum outcome check_root(const struct expected *expected, char *why)
{
	static const char * const types[] = { "ext4", "ext2", "btrfs", "xfs" };
	bool mounted = false;

	(void)expected;
	mkdir(ROOT, 0755);
	/* Drivers look for their devices in the background. */
	for (int i = 0; i < 100 && access("/dev/vda", F_OK); i++)
		usleep(100000);
	for (size_t i = 0; i < ARRAY_SIZE(types) && !mounted; i++)
		mounted = !mount("/dev/vda", ROOT, types[i], 0, NULL);
	if (!mounted)
		return fail("mount /dev/vda: %s", strerror(errno));
	if (mount("/dev", ROOT "/dev", NULL, MS_BIND, NULL) ||
	    mount("proc", ROOT "/proc", "proc", 0, NULL) ||
	    mount("tmpfs", ROOT "/tmp", "tmpfs", 0, NULL))
		return fail("mount in the root: %s", strerror(errno));
	return PASS;
}

/* Give the first network interface an address. */
static int set_address(int fd)
{
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr.ifr_addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = inet_addr(GUEST_ADDRESS);
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		return -1;
	in->sin_addr.s_addr = htonl(0xffffff00);
	if (ioctl(fd, SIOCSIFNETMASK, &ifr))
		return -1;
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &ifr);
}

struct ping {
	struct icmphdr header;
	unsigned char data[1000];
};

static unsigned short checksum(const void *data, size_t size)
{
	const unsigned short *word = data;
	unsigned int sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += word[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

/* Send @nr to the VMM; does it come back as it went? */
static bool echo(int fd, int nr)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(VMM_ADDRESS),
	};
	struct ping ping = { .header = { .type = ICMP_ECHO, .un.echo.sequence = htons(nr) } };
	unsigned char reply[sizeof(struct iphdr) + sizeof(ping)];
	ssize_t n;

	memset(ping.data, nr, sizeof(ping.data));
	ping.header.checksum = checksum(&ping, sizeof(ping));
	if (sendto(fd, &ping, sizeof(ping), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return false;
	n = recv(fd, reply, sizeof(reply), 0);
	return n == sizeof(reply) &&
	       reply[sizeof(struct iphdr)] == ICMP_ECHOREPLY &&
	       !memcmp(reply + sizeof(struct iphdr) + sizeof(ping.header), ping.data,
		       sizeof(ping.data));
}

enum outcome check_net(const struct expected *expected, char *why)
{
	struct timeval patience = { .tv_sec = 30 };
	enum outcome outcome = PASS;
	int fd, i;

	(void)expected;
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return fail("socket: %s", strerror(errno));
	for (i = 0; i < 100 && set_address(fd); i++)
		usleep(100000);
	for (i = 1; i <= 20 && outcome == PASS; i++) {
		if (!echo(fd, i))
			outcome = fail("echo %d: %s", i, strerror(errno));
	}
	close(fd);
	return outcome;
}

/* Run @command in the root, put what it prints into @output; return its status. */
static int run_in_root(const char *command, char *output, size_t size)
{
	size_t used = 0;
	int out[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(out))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		if (chroot(ROOT) || chdir("/"))
			_exit(126);
		execle("/bin/sh", "sh", "-c", command, NULL,
		       (char *[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL });
		_exit(126);
	}
	close(out[1]);
	while (used < size - 1 && (n = read(out[0], output + used, size - 1 - used)) > 0)
		used += n;
	output[used] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Show the last line of what @command prints, which has to have @word in it. */
static enum outcome run_command(char *why, const char *name, const char *command,
				const char *word)
{
	static char output[OUTPUT_MAX];
	char *line, *last = "", *save;
	bool found;
	int status;

	status = run_in_root(command, output, sizeof(output));
	if (status == 127)
		return skip("it is not in this root file system");
	found = strstr(output, word);
	for (line = strtok_r(output, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		last = line;
	if (status || !found)
		return fail("status %d: %.100s", status, last);
	say("value %s: %s", name, last);
	return PASS;
}

enum outcome check_apt(const struct expected *expected, char *why)
{
	(void)expected;
	return run_command(why, "apt", "apt list 2>/dev/null", "[installed");
}

enum outcome check_python(const struct expected *expected, char *why)
{
	(void)expected;
	return run_command(why, "python3",
			   "python3 -c 'import sys; print(6 * 7, sys.version)'", "42 3.");
}

enum outcome check_openssl(const struct expected *expected, char *why)
{
	(void)expected;
	return run_command(why, "openssl",
			   "openssl speed -seconds 1 -bytes 1024 -evp aes-128-gcm 2>&1",
			   "AES-128-GCM  ");
}
