/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of SVE, for the guests and the processes of tests: how they are
 * loaded and stored, and values for them that both sides can make.
 */
#ifndef SELFTEST_KVM_PKVM_SVE_REGS_H
#define SELFTEST_KVM_PKVM_SVE_REGS_H

#include "pkvm_fp.h"
#include "processor.h"

#define VQ_MAX		16
#define VL_MAX		(16 * VQ_MAX)
#define NR_PREGS	16

/* Each array has its registers one after the other, as long as they are. */
struct regs {
	u8 z[FP_NR_VREGS * VL_MAX];
	u8 p[NR_PREGS * VL_MAX / 8];
	u8 ffr[VL_MAX / 8];
	u64 fpcr, fpsr;
};

static inline void load(const struct regs *r, bool sve)
{
	if (sve)
		asm volatile(".arch_extension sve\n"
			     "ldr p0, [%2]\n"
			     "wrffr p0.b\n"
			     ".irp nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			     "ldr p\\nr, [%1, #\\nr, mul vl]\n"
			     ".endr\n"
			     ".irp nr, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			     "ldr z\\nr, [%0, #(\\nr - 16), mul vl]\n"
			     ".endr\n"
			     :: "r" (r->z), "r" (r->p), "r" (r->ffr) : "memory",
			     "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
			     "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
	else
		fp_load_vregs(r->z);
	write_sysreg(r->fpcr, fpcr);
	write_sysreg(r->fpsr, fpsr);
}

static inline void store(struct regs *r, bool sve)
{
	if (sve)
		asm volatile(".arch_extension sve\n"
			     ".irp nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			     "str p\\nr, [%1, #\\nr, mul vl]\n"
			     ".endr\n"
			     ".irp nr, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			     "str z\\nr, [%0, #(\\nr - 16), mul vl]\n"
			     ".endr\n"
			     "rdffr p0.b\n"
			     "str p0, [%2]\n"
			     "ldr p0, [%1]\n"
			     :: "r" (r->z), "r" (r->p), "r" (r->ffr) : "memory");
	else
		fp_store_vregs(r->z);
	r->fpcr = read_sysreg(fpcr);
	r->fpsr = read_sysreg(fpsr);
}

static inline u64 vector_length(void)
{
	u64 vl;

	asm volatile(".arch_extension sve\n"
		     "rdvl %0, #1\n" : "=r" (vl));
	return vl;
}

/* The same numbers on both sides. */
static inline u64 next(u64 *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 32;
}

static inline void clear(struct regs *r)
{
	unsigned int i;

	for (i = 0; i < sizeof(*r) / 8; i++)
		WRITE_ONCE(((u64 *)r)[i], 0);
}

/* What belongs to @seed, for vectors of @vl bytes; @vl is 0 without SVE. */
static inline void fill(struct regs *r, u64 seed, u64 vl)
{
	u64 state = seed, i, n;

	clear(r);
	for (i = 0; i < FP_NR_VREGS * (vl ?: 16); i++)
		r->z[i] = next(&state);
	for (i = 0; i < NR_PREGS * vl / 8; i++)
		r->p[i] = next(&state);
	/* FFR has ones up to somewhere: other values are unpredictable. */
	n = vl ? 1 + next(&state) % vl : 0;
	for (i = 0; i < n; i++)
		r->ffr[i / 8] |= BIT(i % 8);
	r->fpcr = next(&state) & GENMASK(25, 22);	/* AHP, DN, FZ, RMode */
	r->fpsr = next(&state) & (BIT(27) | GENMASK(4, 0));
}

/* The offset of the first byte that differs, plus one; or 0. */
static inline u64 differs(const struct regs *a, const struct regs *b)
{
	u64 i;

	for (i = 0; i < sizeof(*a); i++)
		if (((const u8 *)a)[i] != ((const u8 *)b)[i])
			return i + 1;
	return 0;
}

#endif /* SELFTEST_KVM_PKVM_SVE_REGS_H */
