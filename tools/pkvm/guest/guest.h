/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first process of a real guest: what its two halves share.
 *
 * The guest speaks to guest-run on its console, a line at a time, each with
 * the prefix below:
 *
 *	boot			the first process runs
 *	ok NAME			a check that passed
 *	not ok NAME: WHY	one that did not
 *	skip NAME: WHY		one that this CPU or machine has no use for
 *	value NAME VALUE	something that a person wants to see
 *	pattern GPA GPA WORD	two pages are full of a word that only the guest knew
 *	end?			waits for a line, then powers off
 */
#ifndef PKVM_GUEST_H
#define PKVM_GUEST_H

#include <stdbool.h>

#define GUEST_PREFIX	"pvm: "

/* What every guest's kernel is told. */
#define GUEST_CMDLINE	"console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 printk.devkmsg=on"

/*
 * And one with a root on virtio: a pool for what devices see, since the default one
 * shrinks to 1 MB a GB, and probes that say how many pages are shared and taken back.
 */
#define ROOT_CMDLINE	" root=/dev/vda rw init=/sbin/root-check swiotlb=8192"	\
			" kprobe_event=p:share,pkvm_set_memory_decrypted,n=%x1:u32"	\
			";p:unshare,pkvm_set_memory_encrypted,n=%x1:u32"

enum outcome { PASS, FAIL, SKIP };

/* What the launcher says of this guest on the kernel's command line. */
struct expected {
	int cpus;		/* pvm.cpus= */
	bool protected;		/* pvm.protected= */
	bool pauth;		/* pvm.pauth= */
	bool look;		/* pvm.look=: only keep a pattern in memory, for the host */
	bool reset;		/* pvm.reset=: only reset */
};

#define WHY_MAX	160

#endif
