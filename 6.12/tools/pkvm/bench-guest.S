/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of the benchmark: a server that runs loops and counts.
 *
 * Position independent, MMU and caches off, all interrupts masked. It asks the
 * VMM, by loads from a page that no memory backs, which loop to run and how
 * often, and stores what it took: ticks of the counter, and exceptions.
 *
 * A register that does not exist for the guest ends in the handler below, which
 * steps over it. It sets SPSR_EL1 itself: a hypervisor under test may not.
 */

#include "bench.h"

	.arch	armv8-a

/* A loop around one operation: X20 is how often, X2 to X5 are for it. */
.macro	loop name, op:vararg
	.balign	64
	.globl	bench_\name
bench_\name:
1:	\op
	subs	x20, x20, #1
	b.ne	1b
	ret
.endm

/* The same for a call by SMCCC; W27 is the function. */
.macro	loop_hvc name
	.balign	64
	.globl	bench_\name
bench_\name:
1:	mov	w0, w27
	hvc	#0
	subs	x20, x20, #1
	b.ne	1b
	ret
.endm

	.section .rodata
	.balign	4096
	.globl	bench_guest_start
bench_guest_start:
	mrs	x28, cntpct_el0
	adr	x0, vectors
	msr	vbar_el1, x0
	mov	x19, #MMIO_GPA
	mov	x18, #GICD_GPA
	mov	x17, #DATA_GPA
	mov	x16, #0
	str	x28, [x19, #MMIO_PUT]

next:
	ldr	x21, [x19, #MMIO_GET]
	ldr	x27, [x19, #MMIO_GET]
	ldr	x20, [x19, #MMIO_GET]
	adr	x0, bench_guest_start
	add	x21, x21, x0
	mov	x25, #0
	isb
	mrs	x23, cntvct_el0
	blr	x21
	isb
	mrs	x24, cntvct_el0
	sub	x24, x24, x23
	str	x24, [x19, #MMIO_PUT]
	str	x25, [x19, #MMIO_PUT]
	b	next

	loop	empty
	loop_hvc hvc

/* The ID registers, in the order of their encoding; each loop is 64 bytes. */
	.balign	64
	.globl	bench_id
bench_id:
.irp	crm, 1, 2, 3, 4, 5, 6, 7
.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	.balign	ID_SIZE
1:	mrs	x2, S3_0_C0_C\crm\()_\op2
	subs	x20, x20, #1
	b.ne	1b
	ret
.endr
.endr

	loop	read_pmcr, mrs x2, S3_3_C9_C12_0
	loop	read_dbgbvr0, mrs x2, S2_0_C0_C0_4
	loop	write_dbgbvr0, msr S2_0_C0_C0_4, xzr
	loop	write_mdscr, msr S2_0_C0_C2_2, xzr
	loop	read_clidr, mrs x2, S3_1_C0_C0_1
	loop	read_cntp_ctl, mrs x2, S3_3_C14_C2_1
	/* X16 is 0: interrupt 0, for no CPU. */
	loop	write_sgi1r, msr S3_0_C12_C11_5, x16
	loop	read_gicd, ldr w2, [x18, #8]
	loop	read_user, ldr w2, [x19, #MMIO_READ]
	loop	wfi, wfi

/* Have the host take a page away, then touch it. */
	.balign	64
	.globl	bench_unmap
bench_unmap:
1:	str	xzr, [x19, #MMIO_UNMAP]
	ldr	x2, [x17]
	subs	x20, x20, #1
	b.ne	1b
	ret

	/* For loops of which all but the interrupt group is enabled. */
	.balign	64
	.globl	bench_unmask
bench_unmask:
	mov	x2, #0xff
	msr	S3_0_C4_C6_0, x2
	ret

.macro	vector_died
	.balign	128
	mrs	x2, esr_el1
	str	x2, [x19, #MMIO_DIED]
	b	.
.endm

	.balign	2048
vectors:
.rept	4
	vector_died
.endr
	.balign	128
	mrs	x26, elr_el1
	add	x26, x26, #4
	msr	elr_el1, x26
	mov	x26, #0x3c5
	msr	spsr_el1, x26
	add	x25, x25, #1
	eret
.rept	11
	vector_died
.endr
	.balign	4096
	.globl	bench_guest_end
bench_guest_end:

	.section .note.GNU-stack, "", %progbits
