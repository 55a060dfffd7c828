/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's way into a probe and out of it, see guest_probe.h.
 *
 * There are three vector tables: A and B end a probe and differ only in what
 * they report, so that a test can tell which of them was used; the third is
 * in force outside a probe, where an exception is the end of the guest.
 *
 * In a probe, TPIDR_EL1 holds the context, and a vector keeps X0 in
 * TPIDRRO_EL0. No instruction between a vector and the end of
 * probe_leave's MRS sequence may change PSTATE.
 */
#include "guest_probe.h"

#define S_ALLINT	S3_0_C4_C3_0
#define S_PAN		S3_0_C4_C2_3
#define S_UAO		S3_0_C4_C2_4
#define S_SSBS		S3_3_C4_C2_6
#define S_DIT		S3_3_C4_C2_5
#define S_TCO		S3_3_C4_C2_7

	.text

/* void probe_enter(struct probe_ctx *ctx) */
	.balign 4
	.global probe_enter
probe_enter:
	add	x0, x0, #PROBE_MIDDLE
	stp	x19, x20, [x0, #PROBE_SAVED]
	stp	x21, x22, [x0, #PROBE_SAVED + 16]
	stp	x23, x24, [x0, #PROBE_SAVED + 32]
	stp	x25, x26, [x0, #PROBE_SAVED + 48]
	stp	x27, x28, [x0, #PROBE_SAVED + 64]
	stp	x29, x30, [x0, #PROBE_SAVED + 80]
	mov	x1, sp
	mrs	x2, sctlr_el1
	stp	x1, x2, [x0, #PROBE_SAVED + 96]
	mrs	x3, vbar_el1
	str	x3, [x0, #PROBE_SAVED + 112]

	msr	tpidr_el1, x0
	ldr	x1, [x0, #PROBE_IN_SP_EL0]
	msr	sp_el0, x1
	ldr	x1, [x0, #PROBE_IN_MDSCR]
	cbz	x1, 1f
	msr	mdscr_el1, x1
1:	ldr	x1, [x0, #PROBE_IN_PSTATE]
	msr	spsr_el1, x1
	ldr	x1, [x0, #PROBE_IN_PC]
	msr	elr_el1, x1
	ldr	x1, [x0, #PROBE_IN_SCTLR]
	cbz	x1, 2f
	msr	sctlr_el1, x1
2:	ldr	x1, [x0, #PROBE_IN_VBAR]
	msr	vbar_el1, x1
	isb

	ldp	x1, x2, [x0, #PROBE_IN_X + 8]
	ldp	x3, x4, [x0, #PROBE_IN_X + 24]
	ldp	x5, x6, [x0, #PROBE_IN_X + 40]
	ldp	x7, x8, [x0, #PROBE_IN_X + 56]
	ldp	x9, x10, [x0, #PROBE_IN_X + 72]
	ldp	x11, x12, [x0, #PROBE_IN_X + 88]
	ldp	x13, x14, [x0, #PROBE_IN_X + 104]
	ldp	x15, x16, [x0, #PROBE_IN_X + 120]
	ldp	x17, x18, [x0, #PROBE_IN_X + 136]
	ldp	x19, x20, [x0, #PROBE_IN_X + 152]
	ldp	x21, x22, [x0, #PROBE_IN_X + 168]
	ldp	x23, x24, [x0, #PROBE_IN_X + 184]
	ldp	x25, x26, [x0, #PROBE_IN_X + 200]
	ldp	x27, x28, [x0, #PROBE_IN_X + 216]
	ldp	x29, x30, [x0, #PROBE_IN_X + 232]
	ldp	x0, xzr, [x0, #PROBE_IN_X]
	eret

/* X1 says which vector, X0 is the context, TPIDRRO_EL0 holds the guest's X0. */
probe_leave:
	str	x1, [x0, #PROBE_OUT_VECTOR]
	stp	x2, x3, [x0, #PROBE_OUT_X + 16]
	stp	x4, x5, [x0, #PROBE_OUT_X + 32]
	stp	x6, x7, [x0, #PROBE_OUT_X + 48]
	stp	x8, x9, [x0, #PROBE_OUT_X + 64]
	stp	x10, x11, [x0, #PROBE_OUT_X + 80]
	stp	x12, x13, [x0, #PROBE_OUT_X + 96]
	stp	x14, x15, [x0, #PROBE_OUT_X + 112]
	stp	x16, x17, [x0, #PROBE_OUT_X + 128]
	stp	x18, x19, [x0, #PROBE_OUT_X + 144]
	stp	x20, x21, [x0, #PROBE_OUT_X + 160]
	stp	x22, x23, [x0, #PROBE_OUT_X + 176]
	stp	x24, x25, [x0, #PROBE_OUT_X + 192]
	stp	x26, x27, [x0, #PROBE_OUT_X + 208]
	stp	x28, x29, [x0, #PROBE_OUT_X + 224]
	str	x30, [x0, #PROBE_OUT_X + 240]
	mrs	x1, tpidrro_el0
	str	x1, [x0, #PROBE_OUT_X]

	mrs	x1, nzcv
	mrs	x2, daif
	orr	x1, x1, x2
	mrs	x2, currentel
	orr	x1, x1, x2
	mrs	x2, spsel
	orr	x1, x1, x2
	ldr	x3, [x0, #PROBE_IN_HAVE]
	tbz	x3, #PROBE_HAVE_ALLINT, 1f
	mrs	x2, S_ALLINT
	orr	x1, x1, x2
1:	tbz	x3, #PROBE_HAVE_SSBS, 2f
	mrs	x2, S_SSBS
	orr	x1, x1, x2
2:	tbz	x3, #PROBE_HAVE_PAN, 3f
	mrs	x2, S_PAN
	orr	x1, x1, x2
3:	tbz	x3, #PROBE_HAVE_UAO, 4f
	mrs	x2, S_UAO
	orr	x1, x1, x2
4:	tbz	x3, #PROBE_HAVE_DIT, 5f
	mrs	x2, S_DIT
	orr	x1, x1, x2
5:	tbz	x3, #PROBE_HAVE_TCO, 6f
	mrs	x2, S_TCO
	orr	x1, x1, x2
6:	str	x1, [x0, #PROBE_OUT_PSTATE]

	mrs	x1, esr_el1
	mrs	x2, far_el1
	stp	x1, x2, [x0, #PROBE_OUT_ESR]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [x0, #PROBE_OUT_ELR]
	mrs	x1, sp_el0
	str	x1, [x0, #PROBE_OUT_SP_EL0]

	ldr	x1, [x0, #PROBE_IN_MDSCR]
	cbz	x1, 7f
	msr	mdscr_el1, xzr
7:	ldp	x1, x2, [x0, #PROBE_SAVED + 96]
	mov	sp, x1
	msr	sctlr_el1, x2
	ldr	x3, [x0, #PROBE_SAVED + 112]
	msr	vbar_el1, x3
	isb
	ldp	x19, x20, [x0, #PROBE_SAVED]
	ldp	x21, x22, [x0, #PROBE_SAVED + 16]
	ldp	x23, x24, [x0, #PROBE_SAVED + 32]
	ldp	x25, x26, [x0, #PROBE_SAVED + 48]
	ldp	x27, x28, [x0, #PROBE_SAVED + 64]
	ldp	x29, x30, [x0, #PROBE_SAVED + 80]

	/* Back to the caller, with the PSTATE that a vCPU starts with. */
	mov	x1, #0x3c5
	msr	spsr_el1, x1
	msr	elr_el1, x30
	eret

/* An exception outside a probe: report ESR, ELR, FAR; there is no way on. */
probe_died:
	adrp	x1, probe_mmio
	ldr	x1, [x1, #:lo12:probe_mmio]
	str	x0, [x1, #PROBE_MMIO_PUT]
	mrs	x0, elr_el1
	str	x0, [x1, #PROBE_MMIO_PUT]
	mrs	x0, far_el1
	str	x0, [x1, #PROBE_MMIO_PUT]
	mrs	x0, esr_el1
	str	x0, [x1, #PROBE_MMIO_DIED]
	b	.

	.macro	probe_table name, nr
	.balign	0x800
	.global	\name
\name:
	.set	vector, 0
	.rept	16
	.balign	0x80
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el1
	str	x1, [x0, #PROBE_OUT_X + 8]
	mov	x1, #(\nr << 4 | vector)
	b	probe_leave
	.set	vector, vector + 1
	.endr
	.endm

	probe_table probe_vectors_a, 0
	probe_table probe_vectors_b, 1

	.balign	0x800
	.global	probe_vectors_fatal
probe_vectors_fatal:
	.set	vector, 0
	.rept	16
	.balign	0x80
	mov	x0, #vector
	b	probe_died
	.set	vector, vector + 1
	.endr

	.section .note.GNU-stack, "", %progbits
