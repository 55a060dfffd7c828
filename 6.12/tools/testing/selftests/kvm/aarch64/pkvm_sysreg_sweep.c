// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_sysreg_sweep - every encoding of the system instruction space, at EL1.
 *
 * Execute all 16384 encodings op1:CRn:CRm:op2 of each of
 *
 *	MRS, MSR	op0 = 2 and 3; a write writes back what was just read,
 *			or zero where the register cannot be read
 *	SYS, SYSL	op0 = 1; Xt is the address of a page of data, and where
 *			that is UNDEF, XZR
 *	the rest	op0 = 0, both values of L: MSR immediate, hints, barriers;
 *			Rt is 31, as all of these have it
 *
 * and compare what completes, and what is UNDEF, with pkvm_sysreg_expect.h.
 * An encoding without a row there is UNDEF: EC 0 with IL; or, for reads of the
 * ID space where the VM has IDS, EC 0x18 with the right ISS.
 *
 * Not executed: WFE and WFI, which would wait for ever. Nothing else needs to
 * be left out: registers that the guest lives by (SCTLR, TTBR, TCR, VBAR, ...)
 * get their own value back, and PSTATE is set anew for each instruction.
 *
 * Audit map: case -> rule
 *
 *  VM: SPACE op1=N	principle 7 of the contract, default is deny; the rows
 *			cite section 3 (the VM's ID registers decide) and 5
 *  host		the host's own registers are what they were
 */
#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "pkvm_sysreg_expect.h"

#define NR_ENC		16384
#define CHUNK		128		/* op1:CRn */
#define MAX_ODD		8
#define MAX_LINES	12
#define MAX_LOST	4

/* What an encoding did, two bits each. */
enum { DID_UNDEF, DID_COMPLETE, DID_TRAP18, DID_ODD };

struct result {
	u8 did[2][NR_ENC];		/* [L] */
	bool skipped[NR_ENC];
};

static struct probe_ctx ctx;
static struct probe_word id_regs[PROBE_NR_ID_REGS];
static u8 expect[4][NR_ENC];
static struct result results[4];	/* by op0 */

/* ---- the guest's side ---- */

static u32 insn_of(u64 op0, bool l, u64 enc, u32 rt)
{
	return 0xd5000000 | l << 21 | op0 << 19 | enc << 5 | rt;
}

/*
 * The code of a chunk, written at once: each instruction and its end. Three
 * for each encoding: L = 0, L = 1, and L = 0 with XZR.
 */
static u32 *guest_slot(u64 i, int which)
{
	return (u32 *)probe_pages[PROBE_PAGE_EL1] + (i * 3 + which) * 2;
}

static void guest_write_code(u64 op0, u64 first, u64 nr)
{
	u32 rt = op0 ? 0 : 31;
	u64 i;
	int w;

	kvm_static_assert(CHUNK * 3 * 2 * 4 <= PROBE_PAGE_SIZE);
	for (i = 0; i < nr; i++) {
		guest_slot(i, 0)[0] = insn_of(op0, 0, first + i, rt);
		guest_slot(i, 1)[0] = insn_of(op0, 1, first + i, rt);
		guest_slot(i, 2)[0] = insn_of(op0, 0, first + i, 31);
		for (w = 0; w < 3; w++)
			guest_slot(i, w)[1] = PROBE_END_INSN;
	}
	probe_sync_code(guest_slot(0, 0), (u64)guest_slot(nr, 0) - (u64)guest_slot(0, 0));
}

static u64 guest_try(u32 *code, u64 x0)
{
	ctx.in.x[0] = x0;
	ctx.in.pstate = PROBE_DAIF | PROBE_EL1H;
	ctx.in.pc = (u64)code;
	ctx.in.vbar = (u64)probe_vectors_a;
	probe_enter(&ctx);

	if (ctx.out.esr == PROBE_END_ESR)
		return DID_COMPLETE;
	if (ctx.out.elr != (u64)code)
		return DID_ODD;
	if (ctx.out.esr == PROBE_UNDEF_ESR)
		return DID_UNDEF;
	return ctx.out.esr == probe_trap_esr(code[0]) ? DID_TRAP18 : DID_ODD;
}

static u64 guest_sweep(u64 op0, u64 first, u64 nr, u64 skip_lo, u64 skip_hi)
{
	u64 words[2][CHUNK / 32] = {}, odd[2 * MAX_ODD], nr_odd = 0;
	u64 data = (u64)probe_pages[PROBE_PAGE_DATA];
	u64 i, did, x0;
	int l;

	guest_write_code(op0, first, nr);
	for (i = 0; i < nr; i++) {
		if ((i < 64 ? skip_lo >> i : skip_hi >> (i - 64)) & 1)
			continue;
		x0 = op0 == 1 ? data : 0;
		for (l = 1; l >= 0; l--) {
			did = guest_try(guest_slot(i, l), x0);
			if (op0 == 1 && !l && did == DID_UNDEF)
				did = guest_try(guest_slot(i, 2), x0);
			words[l][i / 32] |= did << i % 32 * 2;
			if (did == DID_COMPLETE && op0 >= 2)
				x0 = ctx.out.x[0];
			if (did == DID_ODD && nr_odd < MAX_ODD) {
				odd[2 * nr_odd] = (first + i) << 1 | l;
				odd[2 * nr_odd++ + 1] = ctx.out.esr;
			}
		}
	}

	for (l = 0; l < 2; l++)
		for (i = 0; i < CHUNK / 32; i++)
			probe_put(words[l][i]);
	for (i = 0; i < 2 * nr_odd; i++)
		probe_put(odd[i]);
	return nr_odd;
}

/* ---- the host's side ---- */

static const char *enc_name(unsigned int op0, unsigned int l, unsigned int enc)
{
	static const char * const what[4][2] = {
		{ "", "L=1 " }, { "SYS ", "SYSL " }, { "MSR ", "MRS " },
		{ "MSR ", "MRS " },
	};
	static char text[40];

	snprintf(text, sizeof(text), "%sS%u_%u_C%u_C%u_%u", what[op0][l], op0,
		 enc >> 11, enc >> 7 & 15, enc >> 3 & 15, enc & 7);
	return text;
}

static int sweep_range(struct probe *p, unsigned int op0, unsigned int first,
		       unsigned int nr)
{
	u64 rx[2 * CHUNK / 32 + 2 * MAX_ODD];
	struct probe_call call = {
		.fn = guest_sweep, .args = { op0, first, nr },
		.rx = rx, .rx_max = ARRAY_SIZE(rx),
	};
	struct result *r = &results[op0];
	unsigned int i, l;
	int ret;

	for (i = 0; i < nr; i++) {
		r->skipped[first + i] = expect[op0][first + i] & X_SKIP;
		if (r->skipped[first + i])
			call.args[3 + i / 64] |= BIT(i % 64);
	}
	ret = probe_call(p, &call);
	if (ret)
		return ret;
	for (l = 0; l < 2; l++)
		for (i = 0; i < nr; i++)
			r->did[l][first + i] = rx[l * CHUNK / 32 + i / 32] >> i % 32 * 2 & 3;
	for (i = 0; i < call.ret; i++)
		ksft_print_msg("%s: ESR 0x%lx\n",
			       enc_name(op0, rx[8 + 2 * i] & 1, rx[8 + 2 * i] >> 1),
			       rx[9 + 2 * i]);
	return 0;
}

/* A chunk that loses the guest is tried one by one, to know which it was. */
static void sweep_chunk(struct probe *p, unsigned int op0, unsigned int first)
{
	static unsigned int lost_chunks;
	unsigned int i, lost = 0;

	if (lost_chunks < MAX_LOST && !sweep_range(p, op0, first, CHUNK))
		return;
	/* Each of them costs seconds; some are enough to fail, and to look at. */
	if (lost_chunks++ >= MAX_LOST)
		lost = 2;
	for (i = first; i < first + CHUNK; i++) {
		if (lost < 2 && !sweep_range(p, op0, i, 1))
			continue;
		results[op0].did[0][i] = DID_ODD;
		results[op0].did[1][i] = DID_ODD;
		if (lost++ < 2)
			ksft_print_msg("%s: %s\n", enc_name(op0, 0, i), p->error);
	}
}

static bool when_holds(const struct when *when, bool pauth)
{
	unsigned int i = ((when->reg >> 4) - 1) * 8 + (when->reg & 15);

	if (!when->reg)
		return !when->min || pauth;
	return (id_regs[i].value >> when->lsb & 15) >= when->min;
}

static void build_expectation(bool pauth)
{
	const struct expect_row *row;
	unsigned int crm, op2;

	memset(expect, 0, sizeof(expect));
	for (row = expect_rows; row < expect_rows + ARRAY_SIZE(expect_rows); row++) {
		if (!when_holds(&row->when, pauth))
			continue;
		for (crm = row->crm_first; crm <= row->crm_last; crm++)
			for (op2 = 0; op2 < 8; op2++)
				if (row->op2_mask & BIT(op2))
					expect[row->op0][row->op1 << 11 | row->crn << 7 |
							 crm << 3 | op2] |= row->access;
	}
}

static bool in_id_space(unsigned int op0, unsigned int enc)
{
	unsigned int op1 = enc >> 11;

	return op0 == 3 && (enc >> 7 & 15) == 0 && (enc >> 3 & 15) < 8 &&
	       (op1 == 0 || op1 == 1 || op1 == 3);
}

/* Is what it did what it should? */
static bool as_expected(unsigned int op0, unsigned int l, unsigned int enc)
{
	bool ids = id_regs[6 * 8 + 2].value >> 36 & 15;
	u8 want = expect[op0][enc] >> (l ? 0 : 1);
	u8 did = results[op0].did[l][enc];
	u8 refused = l && ids && in_id_space(op0, enc) ? DID_TRAP18 : DID_UNDEF;

	if (results[op0].skipped[enc])
		return true;
	if (want & X_R)
		return did == DID_COMPLETE;
	if (did == refused)
		return true;
	return (want & X_MAY_R) && did == DID_COMPLETE;
}

static void report(const char *vm, unsigned int op0, unsigned int l, unsigned int op1)
{
	static const char * const did[] = {
		"is UNDEF", "completes", "traps with EC 0x18", "does something else",
	};
	unsigned int enc, wrong = 0, complete = 0;

	for (enc = op1 << 11; enc < (op1 + 1) << 11; enc++) {
		complete += results[op0].did[l][enc] == DID_COMPLETE;
		if (as_expected(op0, l, enc))
			continue;
		if (wrong++ < MAX_LINES)
			ksft_print_msg("%s %s\n", enc_name(op0, l, enc),
				       did[results[op0].did[l][enc]]);
	}
	if (wrong > MAX_LINES)
		ksft_print_msg("and %u more\n", wrong - MAX_LINES);
	ksft_test_result(!wrong, "%s: op0=%u L=%u op1=%u: %u of 2048 complete\n", vm,
			 op0, l, op1, complete);
}

static void sweep_vm(const char *name, const struct probe_cfg *cfg)
{
	struct probe *p = probe_create(cfg);
	unsigned int op0, l, op1, first;

	probe_read_id_regs(p, 0, id_regs);
	build_expectation(cfg->pauth);
	for (op0 = 0; op0 < 4; op0++)
		for (first = 0; first < NR_ENC; first += CHUNK)
			sweep_chunk(p, op0, first);
	probe_free(p);

	for (op0 = 0; op0 < 4; op0++)
		for (l = 0; l < 2; l++)
			for (op1 = 0; op1 < 8; op1++)
				report(name, op0, l, op1);
}

int main(void)
{
	const struct probe_cfg full = {
		.vgic = true, .pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};
	const struct probe_cfg bare = {};

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(2 * 4 * 2 * 8 + HOST_STATE_TESTS);
	host_state_save();

	sweep_vm("full", &full);
	sweep_vm("bare", &bare);

	host_state_report();
	ksft_finished();
}
