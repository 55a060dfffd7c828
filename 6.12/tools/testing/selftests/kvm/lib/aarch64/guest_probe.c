// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run instructions in a guest and see exactly what comes of them: the guest's
 * side of the channel, and what the host asks for. See guest_probe.h; how such
 * a guest is made, and called, is in guest_probe_vm.c.
 */
#include "guest_probe.h"

u8 probe_pages[PROBE_NR_PAGES][PROBE_PAGE_SIZE] __aligned(PROBE_PAGE_SIZE);

/* Values of each guest; the host must not use its own copies. */
u64 probe_mmio;
static struct probe_ctx probe_ctx;

u64 probe_get(void)
{
	return __raw_readq((void *)(probe_mmio + PROBE_MMIO_GET));
}

void probe_put(u64 word)
{
	__raw_writeq(word, (void *)(probe_mmio + PROBE_MMIO_PUT));
}

void probe_guest_main(void)
{
	u64 (*fn)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
	u64 a[PROBE_MAX_ARGS];
	int i;

	write_sysreg((u64)probe_vectors_fatal, vbar_el1);
	isb();

	for (;;) {
		fn = (void *)probe_get();
		for (i = 0; i < PROBE_MAX_ARGS; i++)
			a[i] = probe_get();
		__raw_writeq(fn(a[0], a[1], a[2], a[3], a[4]),
			     (void *)(probe_mmio + PROBE_MMIO_RET));
	}
}

void probe_sync_code(void *start, size_t size)
{
	u64 addr;

	/* The smallest line that the architecture has: CTR_EL0 is under test. */
	for (addr = (u64)start; addr < (u64)start + size; addr += 16)
		asm volatile("dc cvau, %0" :: "r" (addr) : "memory");
	dsb(ish);
	for (addr = (u64)start; addr < (u64)start + size; addr += 16)
		asm volatile("ic ivau, %0" :: "r" (addr) : "memory");
	dsb(ish);
	isb();
}

/* Receive what differs from the last probe, run, return what changed. */
static u64 probe_guest_run(u64 page, u64 nr_insns, u64 nr_delta, u64 a3, u64 a4)
{
	u32 *code = (u32 *)probe_pages[page];
	u64 *in = (u64 *)&probe_ctx.in, *out = (u64 *)&probe_ctx.out;
	u64 i, changed = 0;

	for (i = 0; i < nr_insns; i++)
		code[i] = probe_get();
	if (nr_insns) {
		code[nr_insns] = PROBE_END_INSN;
		probe_sync_code(code, (nr_insns + 1) * sizeof(*code));
	}
	while (nr_delta--) {
		i = probe_get();
		in[i] = probe_get();
	}

	probe_enter(&probe_ctx);

	for (i = 0; i < offsetof(struct probe_out, x) / 8; i++)
		probe_put(out[i]);
	for (i = 0; i < 31; i++) {
		if (probe_ctx.out.x[i] != probe_ctx.in.x[i]) {
			changed |= BIT(i);
			probe_put(probe_ctx.out.x[i]);
		}
	}
	return changed;
}

/*
 * For each word from the host: MRS in mode @m; put the value, or where it
 * faulted the ESR, then bitmaps of which words are ESRs.
 */
static u64 probe_guest_read(u64 m, u64 nr, u64 sctlr, u64 a3, u64 a4)
{
	u64 page = m == PROBE_EL0T ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1;
	u32 *code = (u32 *)probe_pages[page];
	struct probe_ctx *ctx = &probe_ctx;
	u64 faulted[PROBE_MAX_REGS / 64] = {}, i;

	ctx->in.pstate = PROBE_DAIF | m;
	ctx->in.pc = (u64)code;
	ctx->in.vbar = (u64)probe_vectors_a;
	ctx->in.sctlr = sctlr;
	for (i = 0; i < nr; i++) {
		code[0] = PROBE_MRS(probe_get(), 0);
		code[1] = PROBE_END_INSN;
		probe_sync_code(code, 8);
		probe_enter(ctx);
		if (ctx->out.esr == PROBE_END_ESR) {
			probe_put(ctx->out.x[0]);
		} else {
			probe_put(ctx->out.esr);
			faulted[i / 64] |= BIT(i % 64);
		}
	}
	probe_put(faulted[0]);
	probe_put(faulted[1]);
	return 0;
}

/* From here on: the host's side. */

u64 probe_gva(enum probe_page page)
{
	return (u64)probe_pages[page];
}

static int probe_run_have(struct probe *p, enum probe_page page,
			  const u32 *insns, unsigned int nr,
			  struct probe_in *in, struct probe_out *out)
{
	u64 tx[PROBE_MAX_INSNS + 2 * sizeof(*in) / 8], rx[38];
	struct probe_call call = {
		.cpu = p->cpu, .fn = probe_guest_run, .args = { page, nr },
		.tx = tx, .rx = rx, .rx_max = ARRAY_SIZE(rx),
	};
	u64 *now = (u64 *)in, *sent = (u64 *)&p->sent;
	unsigned int i, n;
	int ret;

	TEST_ASSERT(nr < PROBE_MAX_INSNS, "too many instructions: %u", nr);
	probe_revive(p);

	in->pc = probe_gva(page);
	in->have = p->have;
	if (!in->vbar)
		in->vbar = (u64)probe_vectors_a;

	for (n = 0; n < nr; n++)
		tx[n] = insns[n];
	for (i = 0; i < sizeof(*in) / 8; i++) {
		if (now[i] == sent[i])
			continue;
		tx[n++] = i;
		tx[n++] = now[i];
		call.args[2]++;
	}
	call.tx_nr = n;
	p->sent = *in;

	ret = probe_call(p, &call);
	if (ret)
		return ret;

	n = offsetof(struct probe_out, x) / 8;
	memcpy(out, rx, n * 8);
	for (i = 0; i < 31; i++)
		out->x[i] = call.ret & BIT(i) ? rx[n++] : in->x[i];
	return 0;
}

/* Which fields of PSTATE can MRS read on this CPU? Nothing traps them. */
static int probe_find_have(struct probe *p)
{
	static const u32 mrs[] = {
		[PROBE_HAVE_ALLINT] = PROBE_MRS(sys_reg(3, 0, 4, 3, 0), 0),
		[PROBE_HAVE_SSBS]   = PROBE_MRS(sys_reg(3, 3, 4, 2, 6), 0),
		[PROBE_HAVE_PAN]    = PROBE_MRS(sys_reg(3, 0, 4, 2, 3), 0),
		[PROBE_HAVE_UAO]    = PROBE_MRS(sys_reg(3, 0, 4, 2, 4), 0),
		[PROBE_HAVE_DIT]    = PROBE_MRS(sys_reg(3, 3, 4, 2, 5), 0),
		[PROBE_HAVE_TCO]    = PROBE_MRS(sys_reg(3, 3, 4, 2, 7), 0),
	};
	unsigned int i;
	u64 have = 0;
	int ret;

	for (i = 0; i < ARRAY_SIZE(mrs); i++) {
		struct probe_in in = { .pstate = PROBE_DAIF | PROBE_EL1H };
		struct probe_out out;

		ret = probe_run_have(p, PROBE_PAGE_EL1, &mrs[i], 1, &in, &out);
		if (ret)
			return ret;
		if (probe_completed(&in, &out, 1))
			have |= BIT(i);
	}
	p->have = have;
	p->have_known = true;
	return 0;
}

int probe_run(struct probe *p, enum probe_page page, const u32 *insns,
	      unsigned int nr, struct probe_in *in, struct probe_out *out)
{
	int ret;

	memset(out, 0, sizeof(*out));
	if (!p->have_known) {
		ret = probe_find_have(p);
		if (ret)
			return ret;
	}
	return probe_run_have(p, page, insns, nr, in, out);
}

static int probe_read_batch(struct probe *p, int cpu, u64 m, const u32 *regs,
			    unsigned int nr, struct probe_word *words)
{
	u64 tx[PROBE_MAX_REGS], rx[PROBE_MAX_REGS + 2];
	struct probe_call call = {
		.cpu = cpu, .fn = probe_guest_read, .tx = tx, .tx_nr = nr,
		.rx = rx, .rx_max = ARRAY_SIZE(rx),
		/* EL0 may read CTR_EL0 and use DC ZVA: UCT, DZE. */
		.args = { m, nr, p->sctlr | BIT(15) | BIT(14) },
	};
	unsigned int i;
	bool faulted;
	int ret;

	for (i = 0; i < nr; i++)
		tx[i] = regs[i];
	ret = probe_call(p, &call);
	/* The guest's probe is not what the host sent last. */
	memset(&p->sent, 0xff, sizeof(p->sent));
	if (ret)
		return ret;
	for (i = 0; i < nr; i++) {
		faulted = rx[nr + i / 64] & BIT(i % 64);
		words[i].esr = faulted ? rx[i] ?: PROBE_LOST : 0;
		words[i].value = faulted ? 0 : rx[i];
	}
	return 0;
}

void probe_read_regs(struct probe *p, int cpu, u64 m, const u32 *regs,
		     unsigned int nr, struct probe_word *words)
{
	unsigned int i;

	TEST_ASSERT(nr <= PROBE_MAX_REGS, "too many registers: %u", nr);
	if (!probe_read_batch(p, cpu, m, regs, nr, words))
		return;

	/* Which of them did it? */
	for (i = 0; i < nr; i++)
		if (probe_read_batch(p, cpu, m, &regs[i], 1, &words[i]))
			words[i].esr = PROBE_LOST;
}

void probe_read_id_regs(struct probe *p, int cpu, struct probe_word *words)
{
	u32 regs[PROBE_NR_ID_REGS];
	unsigned int i;

	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		regs[i] = probe_id_reg(i);
	probe_read_regs(p, cpu, PROBE_EL1H, regs, PROBE_NR_ID_REGS, words);
}

int probe_write_reg(struct probe *p, u32 reg, u64 value, u64 *esr)
{
	struct probe_in in = {
		.pstate = PROBE_DAIF | PROBE_EL1H, .x = { value },
	};
	const u32 msr = PROBE_MSR(reg, 0);
	struct probe_out out;
	int ret;

	ret = probe_run(p, PROBE_PAGE_EL1, &msr, 1, &in, &out);
	if (!ret)
		*esr = probe_completed(&in, &out, 1) ? 0 : out.esr;
	return ret;
}

bool probe_completed(const struct probe_in *in, const struct probe_out *out,
		     unsigned int nr)
{
	return out->esr == PROBE_END_ESR && out->elr == in->pc + 4 * (nr + 1);
}

bool probe_undef_at(const struct probe_in *in, const struct probe_out *out,
		    unsigned int n)
{
	return out->esr == PROBE_UNDEF_ESR && out->elr == in->pc + 4 * n &&
	       (out->vector & 15) == probe_vector_sync(in->pstate & 0xf);
}

const char *probe_describe(const struct probe_in *in,
			   const struct probe_out *out)
{
	static char text[160];

	snprintf(text, sizeof(text),
		 "vector %c%lu ESR 0x%lx ELR +0x%lx SPSR 0x%lx PSTATE 0x%lx",
		 (int)('A' + (out->vector >> 4)), out->vector & 15, out->esr,
		 out->elr - in->pc, out->spsr, out->pstate);
	return text;
}
