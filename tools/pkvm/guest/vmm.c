// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start a distribution's VMM in the host, in a root of its own.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"
#include "vmm.h"

#define ROOT		"/vmm"
#define PROGRAM		"/usr/bin/qemu-system-aarch64"

static void die(const char *what)
{
	fprintf(stderr, "vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The VMM and what it loads come on a disk of their own. */
void vmm_mount(void)
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

bool vmm_pauth(void)
{
	return getauxval(AT_HWCAP) & HWCAP_PACA;
}

static void exec_vmm(const struct vmm *vmm)
{
	static const char * const initramfs[] = {
		"-kernel", "/boot/guest-kernel", "-initrd", "/boot/guest-initrd",
	};
	/* The host's second disk. These devices see shared memory only. */
	static const char * const root[] = {
		"-kernel", "/boot/root-kernel",
		"-drive", "file=/dev/vdb,format=raw,if=none,id=root", "-netdev", "user,id=net",
		"-device", "virtio-blk-pci,drive=root,iommu_platform=on,disable-legacy=on",
		"-device", "virtio-net-pci,netdev=net,romfile=,iommu_platform=on,disable-legacy=on",
	};
	char smp[16];
	const char *argv[48] = {
		PROGRAM, "-M", "virt,gic-version=3", "-accel", "kvm", "-cpu", "host",
		"-smp", smp, "-m", "512M", "-nodefaults", "-display", "none",
		"-serial", vmm->monitor ? "mon:stdio" : "stdio",
		"-append", vmm->cmdline,
	};
	int argc = 0;

	while (argv[argc])
		argc++;
	memcpy(argv + argc, vmm->root ? root : initramfs,
	       vmm->root ? sizeof(root) : sizeof(initramfs));
	argc += vmm->root ? ARRAY_SIZE(root) : ARRAY_SIZE(initramfs);
	/* A reset of a protected VM is for the preload to deal with. */
	if (!vmm->protected)
		argv[argc++] = "-no-reboot";

	snprintf(smp, sizeof(smp), "%d", vmm->cpus);
	if (chroot(ROOT) || chdir("/"))
		die(ROOT);
	if (vmm->protected)
		setenv("LD_PRELOAD", "/usr/lib/preload.so", 1);
	execv(PROGRAM, (char **)argv);
	die(PROGRAM);
}

void vmm_start(struct vmm *vmm)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	vmm->pid = fork();
	if (vmm->pid < 0)
		die("fork");
	if (!vmm->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		exec_vmm(vmm);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	vmm->to_guest = in[1];
	vmm->from_guest = out[0];
	vmm->errors = err[0];
}

const char *vmm_wait(struct vmm *vmm)
{
	static char how[64];
	int status;

	close(vmm->to_guest);
	close(vmm->from_guest);
	close(vmm->errors);
	waitpid(vmm->pid, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	snprintf(how, sizeof(how), "the VMM: %s %d",
		 WIFEXITED(status) ? "exit status" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return how;
}
