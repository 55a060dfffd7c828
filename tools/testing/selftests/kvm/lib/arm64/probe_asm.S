/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's way into a probe and out of it, see probe.h.
 *
 * The vector tables A and B differ only in what they report, so that a test
 * can tell which of them was used. In a probe, TPIDR_EL1 holds the context,
 * and a vector keeps X0 in TPIDRRO_EL0. No instruction between a vector and
 * the last MRS of a PSTATE field may change PSTATE.
 */
#include "probe.h"

	.text

/* void probe_enter(struct probe_ctx *ctx) */
	.balign 4
	.global probe_enter
probe_enter:
	add	x1, x0, #PROBE_SAVED
	stp	x19, x20, [x1]
	stp	x21, x22, [x1, #16]
	stp	x23, x24, [x1, #32]
	stp	x25, x26, [x1, #48]
	stp	x27, x28, [x1, #64]
	stp	x29, x30, [x1, #80]
	mov	x2, sp
	mrs	x3, sctlr_el1
	stp	x2, x3, [x1, #96]
	mrs	x2, vbar_el1
	str	x2, [x1, #112]

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

	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr	x\n, [x0, #8 * \n]
	.endr
	ldr	x0, [x0]
	eret

	.macro	read_field have, reg
	tbz	x3, #\have, 1f
	mrs	x2, \reg
	orr	x1, x1, x2
1:
	.endm

/* X1 says which vector, X0 is the context, TPIDRRO_EL0 holds the guest's X0. */
probe_leave:
	str	x1, [x0, #PROBE_OUT_VECTOR]
	add	x1, x0, #PROBE_OUT
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str	x\n, [x1, #8 * \n]
	.endr
	mrs	x2, tpidrro_el0
	str	x2, [x1]

	mrs	x1, nzcv
	mrs	x2, daif
	orr	x1, x1, x2
	mrs	x2, currentel
	orr	x1, x1, x2
	mrs	x2, spsel
	orr	x1, x1, x2
	ldr	x3, [x0, #PROBE_IN_HAVE]
	read_field	PROBE_HAVE_ALLINT, S3_0_C4_C3_0
	read_field	PROBE_HAVE_SSBS, S3_3_C4_C2_6
	read_field	PROBE_HAVE_PAN, S3_0_C4_C2_3
	read_field	PROBE_HAVE_UAO, S3_0_C4_C2_4
	read_field	PROBE_HAVE_DIT, S3_3_C4_C2_5
	read_field	PROBE_HAVE_TCO, S3_3_C4_C2_7
	str	x1, [x0, #PROBE_OUT_PSTATE]

	mrs	x1, esr_el1
	str	x1, [x0, #PROBE_OUT_ESR]
	mrs	x1, far_el1
	str	x1, [x0, #PROBE_OUT_FAR]
	mrs	x1, elr_el1
	str	x1, [x0, #PROBE_OUT_ELR]
	mrs	x1, spsr_el1
	str	x1, [x0, #PROBE_OUT_SPSR]
	mrs	x1, sp_el0
	str	x1, [x0, #PROBE_OUT_SP_EL0]

	ldr	x1, [x0, #PROBE_IN_MDSCR]
	cbz	x1, 2f
	msr	mdscr_el1, xzr
2:	add	x0, x0, #PROBE_SAVED
	ldp	x1, x2, [x0, #96]
	mov	sp, x1
	msr	sctlr_el1, x2
	ldr	x3, [x0, #112]
	msr	vbar_el1, x3
	isb
	ldp	x19, x20, [x0]
	ldp	x21, x22, [x0, #16]
	ldp	x23, x24, [x0, #32]
	ldp	x25, x26, [x0, #48]
	ldp	x27, x28, [x0, #64]
	ldp	x29, x30, [x0, #80]

	/* Back to the caller, with the PSTATE that a vCPU starts with. */
	mov	x1, #0x3c5
	msr	spsr_el1, x1
	msr	elr_el1, x30
	eret

	.macro	probe_table name, nr
	.balign	0x800
	.global	\name
\name:
	.set	vector, 0
	.rept	16
	.balign	0x80
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el1
	str	x1, [x0, #(PROBE_OUT + 8)]
	mov	x1, #(\nr << 4 | vector)
	b	probe_leave
	.set	vector, vector + 1
	.endr
	.endm

	probe_table probe_vectors_a, 0
	probe_table probe_vectors_b, 1

	.section .note.GNU-stack, "", %progbits
