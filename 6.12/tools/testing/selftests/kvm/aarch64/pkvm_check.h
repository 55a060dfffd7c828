/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What pkvm_traps and pkvm_runs share: an instruction completes, or is refused.
 */
#ifndef SELFTEST_KVM_PKVM_CHECK_H
#define SELFTEST_KVM_PKVM_CHECK_H

#include "guest_probe.h"
#include "kselftest.h"

#define SCTLR_UCI	BIT(26)
#define SCTLR_ENTP2	BIT(60)
/* SCTLR_EL1.EnIA, EnIB, EnDA, EnDB: what makes the instructions of PAuth act. */
#define SCTLR_PAUTH	(BIT(31) | BIT(30) | BIT(27) | BIT(13))
#define RT		5

/* The ID registers of a VM; a field is named by CRm << 4 | op2 and its bit. */
struct vm_id {
	struct probe_word reg[PROBE_NR_ID_REGS];
};

static inline u64 id_field(const struct vm_id *id, u8 reg, u8 lsb)
{
	return id->reg[((reg >> 4) - 1) * 8 + (reg & 15)].value >> lsb & 15;
}

static inline void init_in(const struct probe *p, u64 m, struct probe_in *in)
{
	u64 data = probe_gva(PROBE_PAGE_DATA);

	memset(in, 0, sizeof(*in));
	in->x[0] = data;
	in->x[1] = 64;
	in->x[2] = data;
	in->x[3] = 0x5a;
	in->x[4] = 64;
	in->x[6] = 1;
	in->x[30] = data;
	in->pstate = PROBE_DAIF | m;
	in->sctlr = p->sctlr | SCTLR_UCI | SCTLR_ENTP2;
}

static inline enum probe_page page_of(u64 m)
{
	return m == PROBE_EL0T ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1;
}

/* Run one instruction; true if it was refused with @esr and did nothing else. */
static inline bool refused(struct probe *p, u64 m, u32 insn, u64 sctlr, u64 esr,
			   const char *what)
{
	struct probe_out out;
	struct probe_in in;

	init_in(p, m, &in);
	in.sctlr |= sctlr;
	if (probe_run(p, page_of(m), &insn, 1, &in, &out)) {
		ksft_print_msg("%s: %s\n", what, p->error);
		return false;
	}
	if (out.esr == esr && out.elr == in.pc &&
	    (out.vector & 15) == probe_vector_sync(m) &&
	    !memcmp(out.x, in.x, sizeof(in.x)))
		return true;
	ksft_print_msg("%s at EL%d: %s, X5 0x%lx\n", what, m != PROBE_EL0T,
		       probe_describe(&in, &out), out.x[RT]);
	return false;
}

/* Run instructions to their end in mode @m; complain if they do not get there. */
static inline bool completes(struct probe *p, u64 m, const u32 *insns, unsigned int nr,
			     struct probe_in *in, struct probe_out *out)
{
	if (probe_run(p, page_of(m), insns, nr, in, out)) {
		ksft_print_msg("%s\n", p->error);
		return false;
	}
	if (probe_completed(in, out, nr))
		return true;
	ksft_print_msg("EL%d: %s\n", m != PROBE_EL0T, probe_describe(in, out));
	return false;
}

static inline bool value_is(const char *what, u64 got, u64 want)
{
	if (got != want)
		ksft_print_msg("%s is 0x%lx, not 0x%lx\n", what, got, want);
	return got == want;
}

#endif /* SELFTEST_KVM_PKVM_CHECK_H */
