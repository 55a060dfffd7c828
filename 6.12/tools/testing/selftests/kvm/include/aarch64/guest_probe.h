/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run instructions in a guest and see exactly what comes of them.
 *
 * The guest is a server: it fetches the address of a function and its
 * arguments from the host, calls it, and hands back what it returns. All words
 * in both directions are the data of MMIO exits, so that the channel works for
 * guests whose memory the host cannot see.
 *
 * On top of that, probe_run() executes a few instructions with all general
 * registers, PSTATE, SCTLR_EL1 and VBAR_EL1 as asked for, and returns the
 * complete state in which the exception that ended them was taken.
 *
 * A guest that does not answer in time, or that exits in an unexpected way, is
 * an error return and not a failed assertion: the caller reports one failed
 * case, and the next one gets a new guest.
 */
#ifndef SELFTEST_KVM_GUEST_PROBE_H
#define SELFTEST_KVM_GUEST_PROBE_H

/*
 * Offsets into struct probe_ctx, for guest_probe_asm.S, counted from its middle
 * so that the immediates of LDP and STP reach both ends.
 */
#define PROBE_MIDDLE		304
#define PROBE_IN_X		(0 - PROBE_MIDDLE)
#define PROBE_IN_PSTATE		(248 - PROBE_MIDDLE)
#define PROBE_IN_PC		(256 - PROBE_MIDDLE)
#define PROBE_IN_SCTLR		(264 - PROBE_MIDDLE)
#define PROBE_IN_VBAR		(272 - PROBE_MIDDLE)
#define PROBE_IN_MDSCR		(280 - PROBE_MIDDLE)
#define PROBE_IN_SP_EL0		(288 - PROBE_MIDDLE)
#define PROBE_IN_HAVE		(296 - PROBE_MIDDLE)
#define PROBE_OUT_VECTOR	(304 - PROBE_MIDDLE)
#define PROBE_OUT_ESR		(312 - PROBE_MIDDLE)
#define PROBE_OUT_ELR		(328 - PROBE_MIDDLE)
#define PROBE_OUT_PSTATE	(344 - PROBE_MIDDLE)
#define PROBE_OUT_SP_EL0	(352 - PROBE_MIDDLE)
#define PROBE_OUT_X		(360 - PROBE_MIDDLE)
#define PROBE_SAVED		(608 - PROBE_MIDDLE)

/* Bits of struct probe_ctx.in.have. */
#define PROBE_HAVE_ALLINT	0
#define PROBE_HAVE_SSBS		1
#define PROBE_HAVE_PAN		2
#define PROBE_HAVE_UAO		3
#define PROBE_HAVE_DIT		4
#define PROBE_HAVE_TCO		5

/* The registers of the MMIO page that connects guest and host. */
#define PROBE_MMIO_GPA		0x0a000000UL
#define PROBE_MMIO_GET		0x00	/* read: the next word from the host */
#define PROBE_MMIO_PUT		0x08	/* write: a word for the host */
#define PROBE_MMIO_RET		0x10	/* write: the called function returned */
#define PROBE_MMIO_DIED		0x18	/* write: an exception outside a probe */

#ifndef __ASSEMBLER__

#include "kvm_util.h"
#include "processor.h"

/* The fields of PSTATE that MRS can read, as bits of the SPSR. */
#define PROBE_PSTATE_ALLINT	BIT(13)
#define PROBE_PSTATE_SSBS	BIT(12)
#define PROBE_PSTATE_PAN	BIT(22)
#define PROBE_PSTATE_UAO	BIT(23)
#define PROBE_PSTATE_DIT	BIT(24)
#define PROBE_PSTATE_TCO	BIT(25)

/* PSTATE.M of the modes that a guest can be in. */
#define PROBE_EL0T		0x0
#define PROBE_EL1T		0x4
#define PROBE_EL1H		0x5
#define PROBE_DAIF		0x3c0

struct probe_in {
	u64 x[31];
	u64 pstate;
	u64 pc;
	u64 sctlr;	/* 0: as it is */
	u64 vbar;	/* 0: the first of the two tables */
	u64 mdscr;	/* 0: do not touch */
	u64 sp_el0;
	u64 have;	/* filled in by the library */
};

struct probe_out {
	u64 vector;	/* table << 4 | number of the vector */
	u64 esr;
	u64 far;
	u64 elr;
	u64 spsr;
	u64 pstate;	/* in the handler: every field that MRS can read */
	u64 sp_el0;
	u64 x[31];
};

struct probe_ctx {
	struct probe_in in;
	struct probe_out out;
	u64 saved[16];
};

#define PROBE_CHECK_OFFSET(name, field)					\
	kvm_static_assert((name) + PROBE_MIDDLE == offsetof(struct probe_ctx, field))

PROBE_CHECK_OFFSET(PROBE_IN_X, in.x);
PROBE_CHECK_OFFSET(PROBE_IN_PSTATE, in.pstate);
PROBE_CHECK_OFFSET(PROBE_IN_SP_EL0, in.sp_el0);
PROBE_CHECK_OFFSET(PROBE_IN_HAVE, in.have);
PROBE_CHECK_OFFSET(PROBE_OUT_VECTOR, out.vector);
PROBE_CHECK_OFFSET(PROBE_OUT_PSTATE, out.pstate);
PROBE_CHECK_OFFSET(PROBE_OUT_X, out.x);
PROBE_CHECK_OFFSET(PROBE_SAVED, saved);

/* The pages of the guest that a probe works with. */
enum probe_page {
	PROBE_PAGE_EL1,		/* code for EL1 */
	PROBE_PAGE_EL0,		/* code for EL0 */
	PROBE_PAGE_GUARDED,	/* code for EL1, guarded: BTI is checked */
	PROBE_PAGE_DATA,	/* data for both */
	PROBE_NR_PAGES,
};

#define PROBE_PAGE_SIZE		4096
#define PROBE_MAX_INSNS		256

extern u8 probe_pages[PROBE_NR_PAGES][PROBE_PAGE_SIZE];
extern char probe_vectors_a[], probe_vectors_b[], probe_vectors_fatal[];
extern u64 probe_mmio;

/* What ends the instructions of a probe that fault nowhere. */
#define PROBE_END_IMM		0x7ab
#define PROBE_END_INSN		(0xd4000001 | PROBE_END_IMM << 5)	/* svc */
#define PROBE_END_ESR		(0x15UL << 26 | BIT(25) | PROBE_END_IMM)

/* An UNDEF as hardware reports it: EC 0, IL set, ISS 0. */
#define PROBE_UNDEF_ESR		BIT(25)

/* The ESR of a system instruction that traps with EC 0x18. */
static inline u64 probe_trap_esr(u32 insn)
{
	u64 op0 = insn >> 19 & 3, op1 = insn >> 16 & 7, crn = insn >> 12 & 15;
	u64 crm = insn >> 8 & 15, op2 = insn >> 5 & 7, read = insn >> 21 & 1;

	return 0x18UL << 26 | BIT(25) | op0 << 20 | op2 << 17 | op1 << 14 |
	       crn << 10 | (insn & 31) << 5 | crm << 1 | read;
}

/* The number of the vector for a synchronous exception from mode @m. */
static inline u64 probe_vector_sync(u64 m)
{
	return m == PROBE_EL0T ? 8 : m == PROBE_EL1T ? 0 : 4;
}

struct probe_cfg {
	bool unprotected;	/* an ordinary VM, for comparison */
	bool vgic;
	bool pauth;
	unsigned int sve_vq;	/* the longest vector, in 128 bits; 0: no SVE */
	int nr_vcpus;		/* 0: one */
	const u8 *init_order;	/* of KVM_ARM_VCPU_INIT; NULL: as created */
	int nr_late;		/* so many are left to probe_init_vcpu() */
	enum vm_guest_mode mode;/* 0: the default */
};

struct probe {
	struct probe_cfg cfg;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[8];
	struct probe_in sent;
	int gic_fd;
	int cpu;		/* which vCPU probe_run() uses */
	bool lost;		/* the next call gets a new guest */
	unsigned int limit_ms;	/* of a call; 0: the default */
	u64 sctlr;		/* as the vCPUs start with */
	u64 have;
	bool have_known;
	/* Instead of __vcpu_run(), to have nothing else between it and what is there. */
	int (*run)(struct kvm_vcpu *vcpu);
	/* After an error: what happened, for the report. */
	char error[160];
};

/* Skip the whole test, visibly, where the host cannot run protected VMs. */
void probe_require_protected(void);
struct probe *probe_create(const struct probe_cfg *cfg);
void probe_free(struct probe *p);
/* What the VM's vCPUs are initialised with; initialise one that was left out. */
void probe_get_init(struct probe *p, struct kvm_vcpu_init *init);
void probe_init_vcpu(struct probe *p, int cpu);
u64 probe_gva(enum probe_page page);

#define PROBE_MAX_ARGS		5

/*
 * Have vCPU @cpu call @fn. @rx receives up to @rx_max words that the function
 * puts, *@rx_nr says how many there were. Return 0, or a negative error.
 */
struct probe_call {
	int cpu;
	u64 (*fn)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
	u64 args[PROBE_MAX_ARGS];
	const u64 *tx;
	unsigned int tx_nr;
	u64 *rx;
	unsigned int rx_max;
	unsigned int rx_nr;
	u64 ret;
	int seconds;		/* 0: the default time limit */
};

int probe_call(struct probe *p, struct probe_call *call);

/*
 * Write @nr instructions and the terminator to @page, then execute them as
 * @in says: in->pc is taken from @page, the rest from @in.
 */
int probe_run(struct probe *p, enum probe_page page, const u32 *insns,
	      unsigned int nr, struct probe_in *in, struct probe_out *out);

/* For those who share the VM's state: the library's own. */
void probe_revive(struct probe *p);

/* Did the instructions run to their end? Did the nth one UNDEF? */
bool probe_completed(const struct probe_in *in, const struct probe_out *out,
		     unsigned int nr);
bool probe_undef_at(const struct probe_in *in, const struct probe_out *out,
		    unsigned int n);

/*
 * A register as the guest reads it: esr is 0 if the access did not fault, and
 * PROBE_LOST if it was the end of the guest.
 */
#define PROBE_LOST		(~0UL)
#define PROBE_MAX_REGS		128

struct probe_word {
	u64 value;
	u64 esr;
};

/* Read @nr system registers in mode @m of vCPU @cpu. Write one at EL1. */
void probe_read_regs(struct probe *p, int cpu, u64 m, const u32 *regs,
		     unsigned int nr, struct probe_word *words);
int probe_write_reg(struct probe *p, u32 reg, u64 value, u64 *esr);

/* Text for a report; the buffer is static and used again by the next call. */
const char *probe_describe(const struct probe_in *in,
			   const struct probe_out *out);

/* The guest's side. */
void probe_guest_main(void);
u64 probe_get(void);
void probe_put(u64 word);
void probe_enter(struct probe_ctx *ctx);
void probe_sync_code(void *start, size_t size);

/* The 56 encodings of ID registers: S3_0_C0_C<1..7>_<0..7>. */
#define PROBE_NR_ID_REGS	56

static inline u32 probe_id_reg(unsigned int i)
{
	return sys_reg(3, 0, 0, 1 + i / 8, i % 8);
}

/* Those that vCPU @cpu reads. */
void probe_read_id_regs(struct probe *p, int cpu, struct probe_word *words);

/* A register access as an instruction: op0:op1:CRn:CRm:op2 as in asm/sysreg.h */
#define PROBE_MRS(sysreg, rt)	(0xd5200000U | (sysreg) | (rt))
#define PROBE_MSR(sysreg, rt)	(0xd5000000U | (sysreg) | (rt))

#endif /* !__ASSEMBLER__ */
#endif /* SELFTEST_KVM_GUEST_PROBE_H */
