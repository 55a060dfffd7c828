// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that a guest can tell of its CPU: what it reads in ID registers, which
 * instructions complete, and how the others are refused. See hostile_host.h.
 *
 * Not in it: operations by set/way. Without FWB the host serves them, and can as
 * well have them refused.
 */
#include "hostile_host.h"
#include "kselftest.h"

#include "../../aarch64/pkvm_insn_list.h"
#include "../../aarch64/pkvm_trap_list.h"

#define SCTLR_UCI	BIT(26)
#define SCTLR_ENTP2	BIT(60)
#define MAX_INSNS	8

/* Of a counter, see what no time that passes changes. */
#define COUNTER_MASK	GENMASK(63, 50)

/* Registers whose value is the VM's: after the 56 ID registers. */
static const u32 identity[] = {
	sys_reg(3, 3, 14, 0, 2), sys_reg(3, 3, 14, 0, 1), /* CNTVCT, CNTPCT */
	SYS_MIDR_EL1, SYS_MPIDR_EL1, SYS_REVIDR_EL1, SYS_CTR_EL0, SYS_CLIDR_EL1,
	SYS_AIDR_EL1, sys_reg(3, 3, 0, 0, 7),	/* DCZID_EL0 */
	SYS_CNTFRQ_EL0, sys_reg(2, 0, 1, 1, 4),	/* OSLSR_EL1 */
};

static struct probe_ctx ctx;

/* For each instruction or group that the host sends: what came of it. */
static u64 guest_try(u64 nr, u64 sctlr, u64 a2, u64 a3, u64 a4)
{
	u32 *code = (u32 *)probe_pages[PROBE_PAGE_EL1];
	u64 data = (u64)probe_pages[PROBE_PAGE_DATA];
	u64 i, len;

	ctx.in.sctlr = sctlr;
	ctx.in.vbar = (u64)probe_vectors_a;
	ctx.in.pstate = PROBE_DAIF | PROBE_EL1H;
	ctx.in.pc = (u64)code;
	while (nr--) {
		len = probe_get();
		for (i = 0; i < len; i++)
			code[i] = probe_get();
		code[len] = PROBE_END_INSN;
		probe_sync_code(code, (len + 1) * 4);

		memset(ctx.in.x, 0, sizeof(ctx.in.x));
		ctx.in.x[0] = data;
		ctx.in.x[1] = 64;
		ctx.in.x[2] = data;
		ctx.in.x[3] = 0x5a;
		ctx.in.x[4] = 64;
		ctx.in.x[6] = 1;
		ctx.in.x[30] = data;
		probe_enter(&ctx);
		probe_put(ctx.out.esr ^ (ctx.out.elr - ctx.in.pc) << 40 ^
			  ctx.out.vector << 56);
	}
	return 0;
}

/* From here on: the host's side. */

struct insn_batch {
	u64 tx[2048];
	unsigned int tx_nr, nr;
};

static void add_insns(struct insn_batch *b, const u32 *insns, unsigned int nr)
{
	unsigned int i;

	TEST_ASSERT(b->tx_nr + nr + 1 <= ARRAY_SIZE(b->tx), "too many instructions");
	b->tx[b->tx_nr++] = nr;
	for (i = 0; i < nr; i++)
		b->tx[b->tx_nr++] = insns[i];
	b->nr++;
}

static const struct insn_batch *view_batch(void)
{
	static struct insn_batch b;
	static const u32 more[] = {
		0xd5380405,		/* mrs x5, ID_AA64PFR0_EL1 */
		0xd5300245,		/* mrs x5, MDSCR_EL1 */
		0xd538cca5,		/* mrs x5, ICC_SRE_EL1 */
		0xd5384605,		/* mrs x5, ICC_PMR_EL1 */
		0xd53be045,		/* mrs x5, CNTVCT_EL0 */
		0xd53be025,		/* mrs x5, CNTPCT_EL0 */
		0xd53be325,		/* mrs x5, CNTV_CTL_EL0 */
		0xd53be225,		/* mrs x5, CNTP_CTL_EL0 */
		0xd5382105,		/* mrs x5, APIAKeyLo_EL1 */
		0xd51c1105,		/* msr HCR_EL2, x5 */
		0xd4202460,		/* brk */
	};
	unsigned int i;
	u32 insn;

	if (b.nr)
		return &b;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		add_insns(&b, &more[i], 1);
	for (i = 0; i < ARRAY_SIZE(hidden_insns); i++)
		add_insns(&b, &hidden_insns[i].insn, 1);
	for (i = 0; i < ARRAY_SIZE(hidden_regs); i++) {
		insn = PROBE_MRS(hidden_regs[i].reg, 5);
		add_insns(&b, &insn, 1);
	}
	for (i = 0; i < ARRAY_SIZE(pauth_insns); i++)
		if (strncmp(pauth_insns[i].name, "ret", 3) &&
		    strncmp(pauth_insns[i].name, "blr", 3))
			add_insns(&b, &pauth_insns[i].insn, 1);
	for (i = 0; i < ARRAY_SIZE(shown_insns); i++)
		add_insns(&b, shown_insns[i].insns, shown_insns[i].nr);
	return &b;
}

static int view_insns(struct probe *p, struct guest_view *view)
{
	const struct insn_batch *b = view_batch();
	struct probe_call call = {
		.cpu = p->cpu, .fn = guest_try, .tx = b->tx, .tx_nr = b->tx_nr,
		.args = { b->nr, p->sctlr | SCTLR_UCI | SCTLR_ENTP2 },
		.rx = view->word + view->nr, .rx_max = VIEW_MAX - view->nr,
		.seconds = 20,
	};
	int ret = probe_call(p, &call);

	view->nr += b->nr;
	TEST_ASSERT(view->nr <= VIEW_MAX, "the view is too small");
	if (!ret && call.rx_nr != b->nr)
		return -EPROTO;
	return ret;
}

static int view_id_regs(struct probe *p, struct guest_view *view)
{
	struct probe_word words[PROBE_NR_ID_REGS + ARRAY_SIZE(identity)];
	unsigned int i;

	probe_read_id_regs(p, p->cpu, words);
	if (p->lost)
		return -EIO;
	probe_read_regs(p, p->cpu, PROBE_EL1H, identity, ARRAY_SIZE(identity),
			words + PROBE_NR_ID_REGS);
	if (p->lost)
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (i == PROBE_NR_ID_REGS || i == PROBE_NR_ID_REGS + 1)
			words[i].value &= COUNTER_MASK;
		view->word[view->nr++] = words[i].esr ? ~words[i].esr : words[i].value;
	}
	return 0;
}

int guest_view_take(struct probe *p, struct guest_view *view)
{
	memset(view, 0, sizeof(*view));
	return view_insns(p, view) ?: view_id_regs(p, view);
}

int guest_view_glance(struct probe *p, struct guest_view *view)
{
	memset(view, 0, sizeof(*view));
	view->first = view_batch()->nr;
	view->nr = view->first;
	return view_id_regs(p, view);
}

bool guest_view_same(const struct guest_view *a, const struct guest_view *b)
{
	unsigned int i, insns = view_batch()->nr, told = 0;

	for (i = max(a->first, b->first); i < a->nr; i++) {
		if (a->word[i] == b->word[i])
			continue;
		if (told++ < 4)
			ksft_print_msg("%s %u: 0x%lx, was 0x%lx\n",
				       i < insns ? "instruction" : "ID register",
				       i < insns ? i : i - insns, b->word[i], a->word[i]);
	}
	return !told;
}
