/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run instructions in a guest and see exactly what comes of them.
 *
 * The guest is a server: whenever the test calls, it runs a function of the
 * test program and goes back to wait by a ucall. Arguments and results are in
 * memory that both sides may use, so that this works for protected VMs, too.
 *
 * On top of that, probe_run() executes a few instructions with all general
 * registers, PSTATE, SCTLR_EL1 and VBAR_EL1 as asked for, and returns the
 * complete state in which the exception that ended them was taken.
 *
 * A guest that does not come back in time, or that exits in an unexpected way,
 * is an error return and not a failed assertion: the caller reports one failed
 * case, and the next call gets a new guest.
 */
#ifndef SELFTEST_KVM_PROBE_H
#define SELFTEST_KVM_PROBE_H

/* Offsets into struct probe_ctx for probe_asm.S */
#define PROBE_IN_PSTATE		248
#define PROBE_IN_PC		256
#define PROBE_IN_SCTLR		264
#define PROBE_IN_VBAR		272
#define PROBE_IN_MDSCR		280
#define PROBE_IN_SP_EL0		288
#define PROBE_IN_HAVE		296
#define PROBE_OUT		304
#define PROBE_OUT_VECTOR	552
#define PROBE_OUT_ESR		560
#define PROBE_OUT_FAR		568
#define PROBE_OUT_ELR		576
#define PROBE_OUT_SPSR		584
#define PROBE_OUT_PSTATE	592
#define PROBE_OUT_SP_EL0	600
#define PROBE_SAVED		608

/* Bits of struct probe_in.have: which fields of PSTATE has the CPU? */
#define PROBE_HAVE_ALLINT	0
#define PROBE_HAVE_SSBS		1
#define PROBE_HAVE_PAN		2
#define PROBE_HAVE_UAO		3
#define PROBE_HAVE_DIT		4
#define PROBE_HAVE_TCO		5

#ifndef __ASSEMBLER__

#include <asm/ptrace.h>

#include "kvm_util.h"
#include "processor.h"

#define PROBE_DAIF		(PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)

struct probe_in {
	u64 x[31];
	u64 pstate;
	u64 pc;		/* filled in by the library */
	u64 sctlr;	/* 0: the guest's own */
	u64 vbar;	/* 0: probe_vectors_a */
	u64 mdscr;	/* 0: the guest's own */
	u64 sp_el0;
	u64 have;	/* filled in by the library */
};

struct probe_out {
	u64 x[31];
	u64 vector;	/* table << 4 | number of the vector */
	u64 esr;
	u64 far;
	u64 elr;
	u64 spsr;
	u64 pstate;	/* in the handler: every field that MRS can read */
	u64 sp_el0;
};

struct probe_ctx {
	struct probe_in in;
	struct probe_out out;
	u64 saved[16];
};

/* The pages of the guest that a probe works with. */
enum probe_page {
	PROBE_PAGE_EL1,		/* code for EL1 */
	PROBE_PAGE_EL0,		/* code for EL0 */
	PROBE_PAGE_DATA,	/* data for both */
	PROBE_NR_PAGES,
};

#define PROBE_PAGE_SIZE		4096
#define PROBE_MAX_INSNS		256
#define PROBE_MAX_ARGS		4
#define PROBE_MAX_DATA		1024

extern u8 probe_pages[PROBE_NR_PAGES][PROBE_PAGE_SIZE];
extern char probe_vectors_a[], probe_vectors_b[];

struct probe_shared;
typedef u64 (probe_fn)(struct probe_shared *s, const u64 *args);

/* What test and guest share, one for each vCPU. */
struct probe_shared {
	probe_fn *fn;
	u64 args[PROBE_MAX_ARGS];
	u64 ret;
	struct probe_ctx ctx;
	u32 insns[PROBE_MAX_INSNS];
	u64 data[PROBE_MAX_DATA];
};

/* MRS and MSR of X@rt, and a register by its SYS_ name of asm/sysreg.h. */
#define PROBE_MRS(reg, rt)	(0xd5200000U | (reg) | (rt))
#define PROBE_MSR(reg, rt)	(0xd5000000U | (reg) | (rt))

/* An SVC follows the instructions of a probe, and ends it if none of them faults. */
#define PROBE_END_IMM		0x7ab
#define PROBE_END_INSN		(0xd4000001 | PROBE_END_IMM << 5)	/* svc */
#define PROBE_END_ESR		((u64)ESR_ELx_EC_SVC64 << ESR_ELx_EC_SHIFT | \
				 ESR_ELx_IL | PROBE_END_IMM)

/* An UNDEF as hardware reports it: EC 0, IL set, ISS 0. */
#define PROBE_UNDEF_ESR		((u64)ESR_ELx_IL)
/* What stands for the ESR if the guest was lost. */
#define PROBE_LOST		(~0UL)

#define PTE_AP_EL0		BIT(6)
#define SPSR_SS			BIT(21)
#define MDSCR_STEP		(MDSCR_EL1_SS | MDSCR_EL1_KDE)
#define INSN_NOP		0xd503201fU
/* A guest's own CPACR_EL1 that traps neither FP nor SVE nor SME. */
#define CPACR_OPEN		(CPACR_EL1_FPEN | CPACR_EL1_ZEN | CPACR_EL1_SMEN)
#define SCTLR_PAUTH		(SCTLR_EL1_EnIA | SCTLR_EL1_EnIB | SCTLR_EL1_EnDA | SCTLR_EL1_EnDB)

/* The ESR of a system instruction that traps with EC 0x18. */
u64 probe_trap_esr(u32 insn);

struct probe_cfg {
	bool ordinary;			/* not protected, for comparison */
	bool vgic;
	bool pauth;
	unsigned int nr_vcpus;		/* 0: one */
	const u8 *init_order;		/* of KVM_ARM_VCPU_INIT; NULL: as created */
	unsigned int nr_late;		/* how many are left to probe_init_vcpu() */
	enum vm_guest_mode mode;	/* 0: the default */
	unsigned int seconds;		/* until a guest is lost; 0: eight */
};

struct probe {
	struct probe_cfg cfg;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[8];
	struct probe_shared *shared;
	gva_t shared_gva, stacks;
	bool started[8];
	int boot;		/* the vCPU that ran first, or -1 */
	u64 initialized, on_at_boot;	/* bitmaps of vCPUs */
	int cpu;		/* which vCPU probe_run() uses */
	bool lost;		/* the next call gets a new guest */
	u64 sctlr;		/* as the vCPUs start with */
	u64 have;
	bool have_known;
	char error[160];	/* after an error: what happened */
};

/* A probe whose guest is lost makes another VM. probe_free() ends the last VM, too. */
struct probe *probe_create(const struct probe_cfg *cfg);
void probe_free(struct probe *p);

/*
 * Get the features with which the VM's vCPUs are initialised. Initialise a vCPU that
 * was left out.
 */
void probe_get_init(struct probe *p, struct kvm_vcpu_init *init);
void probe_init_vcpu(struct probe *p, unsigned int cpu);

/*
 * Have vCPU @cpu call @fn with the arguments in p->shared[cpu]. Return
 * 0 with fn()'s value in ->ret, or a negative error and p->error. A lost guest
 * is replaced by probe_revive(), which has to come before arguments are set.
 */
void probe_revive(struct probe *p);
int probe_call(struct probe *p, unsigned int cpu, probe_fn *fn);

/*
 * Execute @nr instructions and a terminator as @in says, at EL0 or EL1, on vCPU
 * p->cpu. Return 0 and @out, or a negative error and p->error.
 */
int probe_run(struct probe *p, const u32 *insns, unsigned int nr,
	      struct probe_in *in, struct probe_out *out);

/* Did the instructions run to their end? Did the first one raise @esr? */
bool probe_completed(const struct probe_in *in, const struct probe_out *out,
		     unsigned int nr);
bool probe_refused(const struct probe_in *in, const struct probe_out *out, u64 esr);

/*
 * Execute @insn and a NOP in @mode, with @mdscr in MDSCR_EL1. Return whether software
 * step ends that after @insn or, if @want is false, does not end it.
 */
bool probe_steps(struct probe *p, u64 mode, u32 insn, u64 mdscr, bool want);

/* The vector for a synchronous exception from @pstate. */
u64 probe_vector(u64 pstate);

/*
 * Default registers for an instruction in @mode: X0, X2 and X30 are addresses
 * in the data page; X1, X3, X4: a length, a byte and a length; X6 is 1. EL0 may
 * use cache maintenance, CTR_EL0 and DC ZVA.
 */
void probe_init_in(const struct probe *p, u64 mode, struct probe_in *in);

/* Text for a report; the buffer is static and used again by the next call. */
const char *probe_describe(const struct probe_in *in, const struct probe_out *out);

/* A register as the guest reads it. The ESR is 0 if the access did not fault. */
struct probe_word {
	u64 value;
	u64 esr;
};

/* Read @nr system registers in @mode of vCPU @cpu. Write one at EL1. */
void probe_read_regs(struct probe *p, unsigned int cpu, u64 mode, const u32 *regs,
		     unsigned int nr, struct probe_word *words);
u64 probe_write_reg(struct probe *p, u32 reg, u64 value);

/* Return whether the guest still runs, and say so if it does not. */
bool probe_runs(struct probe *p);

/*
 * What a guest can tell of its CPU: all ID registers, registers and instructions
 * of hidden features and of shown ones, each with its value or with the way in
 * which it is refused. Of the counters, only the highest bits count: an offset changes
 * them, and time does not.
 */
#define PROBE_VIEW_WORDS	160

struct probe_view {
	unsigned int nr;
	u64 word[PROBE_VIEW_WORDS];
};

/* Return 0, or a negative error and p->error. */
int probe_take_view(struct probe *p, struct probe_view *view);

/* Which word differs first? NULL if the views are the same. */
const char *probe_view_diff(const struct probe_view *a, const struct probe_view *b);

/* Return whether the guest still has the view that it had, and say so if not. */
bool probe_same_view(struct probe *p, const struct probe_view *before);

/* For guests: run @ctx, or make @size bytes of code at @start executable. */
void probe_enter(struct probe_ctx *ctx);
void probe_sync_code(void *start, size_t size);

/* The 56 encodings of ID registers: S3_0_C0_C<1..7>_<0..7>. */
#define PROBE_NR_ID_REGS	56

static inline u32 probe_id_reg(unsigned int i)
{
	return sys_reg(3, 0, 0, 1 + i / 8, i % 8);
}

#endif /* !__ASSEMBLER__ */
#endif /* SELFTEST_KVM_PROBE_H */
