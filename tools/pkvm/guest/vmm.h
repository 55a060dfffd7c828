/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A distribution's VMM, in the host, and a VM in it.
 */
#ifndef PKVM_GUEST_VMM_H
#define PKVM_GUEST_VMM_H

#include <stdbool.h>
#include <sys/types.h>

/* What the VM is to be, and after vmm_start() how to get at it. */
struct vmm {
	int cpus;
	bool protected;
	bool root;		/* a Debian root on virtio instead of an initramfs */
	bool monitor;		/* the console leads to the VMM's monitor, by MONITOR */
	const char *cmdline;	/* the kernel's command line */

	pid_t pid;
	int to_guest;		/* its console */
	int from_guest;
	int errors;		/* what the VMM itself says */
};

/* What is typed on the console to get from guest to monitor. */
#define MONITOR	"\001c"

/* Make the root that the VMM runs in; no harm the second time. */
void vmm_mount(void);

/* Return whether a VM has PAuth on this host. */
bool vmm_pauth(void);

/* Start the VMM. Whatever fails ends the program. */
void vmm_start(struct vmm *vmm);

/*
 * Wait for the VMM, whose pipes are closed then. Return NULL for success, or
 * how else it ended, in words.
 */
const char *vmm_wait(struct vmm *vmm);

#endif
