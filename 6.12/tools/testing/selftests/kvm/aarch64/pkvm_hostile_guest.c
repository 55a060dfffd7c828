// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hostile_guest - a protected guest executes whatever it likes
 *
 * Audit map: case -> rule
 *
 *  random-el1, random-el0	words that are instructions, or not
 *  sysreg			MRS, MSR, SYS and SYSL of all encodings
 *  call			HVC and SMC with random arguments
 *  eret			to every PSTATE: AArch32, EL2, reserved modes, IL
 *  vectors			an exception whose vectors are unaligned, unmapped
 *				or no code: exceptions in exceptions
 *  mmu				translation tables, and their registers, at random
 *  other VM			a protected VM beside all this has the view that it had
 *  host			the host's own registers are what they were
 *
 * A guest that does not come back is lost, and the next one starts from nothing:
 * each case says how many were, and more than a quarter may be only in the last two.
 * What counts is that EL2 and the host go on, and that none of it reaches another VM.
 *
 * "pkvm_hostile_guest SECONDS [SEED]" goes on for that long.
 *
 * Rules: contract, principle 7; section 5; design, a check of what a guest can
 * reach at EL2.
 */
#include <time.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"

#define NR_INSNS	48
#define NR_PROGRAMS	60
#define MIN_LIMIT_MS	500U

static struct probe_cfg cfg = { .vgic = true };
static struct hostile_random random_state;
static struct probe *attacker, *other;
static struct guest_view before;

static u64 rnd(void)
{
	return hostile_random(&random_state);
}

static u64 one_of(const u64 *values, unsigned int nr)
{
	return values[rnd() % nr];
}

/* Addresses, small numbers, and numbers that have no meaning. */
static u64 random_value(void)
{
	switch (rnd() % 6) {
	case 0:
		return rnd() % 64;
	case 1:
		return BIT(rnd() % 64);
	case 2:
		return probe_gva(rnd() % PROBE_NR_PAGES) + rnd() % PROBE_PAGE_SIZE;
	case 3:
		return PROBE_MMIO_GPA + rnd() % PROBE_PAGE_SIZE;
	case 4:
		return -(rnd() % 4096);
	default:
		return rnd();
	}
}

/* B, BL, B.cond, CBZ, TBZ, BR, BLR, RET: most ways into an endless loop. */
static bool is_branch(u32 insn)
{
	return (insn & 0x7c000000) == 0x14000000 || (insn & 0xfe000000) == 0x54000000 ||
	       (insn & 0x7c000000) == 0x34000000 || (insn & 0xfe000000) == 0xd6000000;
}

static u32 random_insn(void)
{
	u32 insn = rnd();

	if (is_branch(insn) && rnd() % 32)
		return 0xd503201f;
	return insn;
}

/* CRn of EL1's registers that lose the guest at once: SCTLR, TTBR, SPSR, MAIR, VBAR. */
static bool is_vital(u32 insn)
{
	u32 crn = insn >> 12 & 15;

	return (insn & 0xffff0000) == 0xd5180000 &&
	       (crn == 1 || crn == 2 || crn == 4 || crn == 10 || crn == 12);
}

static u32 sysreg_insn(void)
{
	u32 insn = 0xd5000000 | (rnd() & 0x3fffff);

	/* Read it instead, mostly. */
	if (is_vital(insn) && rnd() % 64)
		insn |= BIT(21);
	return insn;
}

static unsigned int fill_random(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	for (i = 0; i < NR_INSNS; i++)
		insns[i] = random_insn();
	return NR_INSNS;
}

static unsigned int fill_sysreg(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	/* One UNDEF ends the program, so let it be a short one. */
	for (i = 0; i < 3; i++)
		insns[i] = sysreg_insn();
	return 3;
}

static unsigned int fill_call(struct probe_in *in, u32 *insns)
{
	static const u64 ids[] = {
		0x80000000, 0x80000001, 0x84000000, 0x84000001, 0xc4000001, 0x84000003,
		0xc4000003, 0xc4000004, 0x84000006, 0x84000008, 0x8400000a, 0xc400000e,
		0x84000012, 0xc4000012, 0x84000050, 0xc4000053, 0x84000060, 0xc4000066,
		0x86000000, 0x86000001, 0xc6000000, 0xc6000005, 0xc6000018, 0xc6000020,
		0xc6000030, 0xc5000020, 0xc5000021, 0xc5000022,
	};
	unsigned int i;

	in->x[0] = rnd() % 4 ? one_of(ids, ARRAY_SIZE(ids)) : random_value();
	for (i = 1; i < 18; i++)
		in->x[i] = random_value();
	for (i = 0; i < 2; i++)
		insns[i] = (rnd() & 1 ? 0xd4000002 : 0xd4000003) |
			   (rnd() & 1 ? 0 : (rnd() & 0xffff) << 5);
	return 2;
}

static unsigned int fill_eret(struct probe_in *in, u32 *insns)
{
	/* msr SPSR_EL1, x5; msr ELR_EL1, x6; eret */
	static const u32 eret[] = { 0xd5184005, 0xd5184026, 0xd69f03e0 };

	in->x[5] = rnd() & 1 ? rnd() : rnd() % 32;
	if (rnd() & 1)
		in->x[5] |= 0x3c0;
	in->x[6] = probe_gva(PROBE_PAGE_DATA) | (rnd() & 1 ? 0 : rnd() % 16);
	memcpy(insns, eret, sizeof(eret));
	return ARRAY_SIZE(eret);
}

static unsigned int fill_vectors(struct probe_in *in, u32 *insns)
{
	/* msr VBAR_EL1, x5; isb; then one that traps, is UNDEF, faults, or calls */
	static const u32 ends[] = {
		0x00000000, 0xd4000001, 0xd4000003, 0xd4000002, 0xd4200000, 0xf94000c7,
		0xd5387ec5, 0xd5180405, 0xd5381225, 0xd53b4427, 0xd53cc247,
	};

	in->x[5] = random_value();
	in->x[6] = random_value();
	insns[0] = 0xd518c005;
	insns[1] = 0xd5033fdf;
	insns[2] = ends[rnd() % ARRAY_SIZE(ends)];
	return 3;
}

static unsigned int fill_mmu(struct probe_in *in, u32 *insns)
{
	/* MSR of SCTLR, TTBR0, TTBR1, TCR, MAIR, AMAIR, CPACR, CONTEXTIDR; AT; TLBI */
	static const u32 writes[] = {
		0xd5181005, 0xd5182005, 0xd5182025, 0xd5182045, 0xd518a205, 0xd518a305,
		0xd5181045, 0xd518d025, 0xd5087805, 0xd5087825, 0xd508871f, 0xd5088325,
	};
	unsigned int i;

	in->x[5] = random_value();
	for (i = 0; i < 4; i++)
		insns[i] = writes[rnd() % ARRAY_SIZE(writes)];
	insns[i++] = 0xd5033fdf;
	insns[i++] = 0xf94000c7;	/* ldr x7, [x6] */
	return i;
}

static const struct storm {
	const char *name;
	u64 mode;
	unsigned int nr;
	unsigned int (*fill)(struct probe_in *in, u32 *insns);
	bool deadly;
} storms[] = {
	{ "random-el1", PROBE_EL1H, NR_PROGRAMS, fill_random },
	{ "random-el0", PROBE_EL0T, NR_PROGRAMS, fill_random },
	{ "sysreg", PROBE_EL1H, 6 * NR_PROGRAMS, fill_sysreg },
	{ "call", PROBE_EL1H, NR_PROGRAMS, fill_call },
	{ "eret", PROBE_EL1H, NR_PROGRAMS, fill_eret },
	/* These mostly lose the guest, which takes time. */
	{ "vectors", PROBE_EL1H, NR_PROGRAMS / 6, fill_vectors, true },
	{ "mmu", PROBE_EL1H, NR_PROGRAMS / 6, fill_mmu, true },
};

/* Run one program. Return 1 if it was the end of the guest. */
static unsigned int run_program(const struct storm *s)
{
	u32 insns[NR_INSNS];
	struct probe_in in = {};
	struct probe_out out;
	unsigned int i, nr;

	for (i = 0; i < ARRAY_SIZE(in.x); i++)
		in.x[i] = random_value();
	in.pstate = s->mode | PROBE_DAIF;
	nr = s->fill(&in, insns);
	/* All of its pages are the guest's to spoil: a fault may be the library's. */
	return probe_run(attacker, s->mode == PROBE_EL0T ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1,
			 insns, nr, &in, &out) ? 1 : 0;
}

static unsigned int run_storm(const struct storm *s, u64 seed)
{
	unsigned int i, lost = 0;

	random_state.state = (seed + 1) * 0x9e3779b97f4a7c15;
	for (i = 0; i < s->nr; i++)
		lost += run_program(s);
	return lost;
}

/*
 * How long may a program take? Ten times of what one takes that does come back,
 * on this machine: a lost guest should not cost much more than another one. But not
 * less than a machine may need that has other work.
 */
static void set_limit(void)
{
	static const u32 nops[NR_INSNS] = { [0 ... NR_INSNS - 1] = 0xd503201f };
	struct timespec from, to;
	struct probe_in in = { .pstate = PROBE_DAIF | PROBE_EL1H };
	struct probe_out out;
	unsigned int i, ms;

	/* The first time, the guest's memory is mapped. */
	for (i = 0; i < 5; i++) {
		in.x[0] = i;
		clock_gettime(CLOCK_MONOTONIC, &from);
		TEST_ASSERT(!probe_run(attacker, PROBE_PAGE_EL1, nops, NR_INSNS, &in, &out),
			    "a guest is lost for no reason: %s", attacker->error);
		clock_gettime(CLOCK_MONOTONIC, &to);
	}
	ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	attacker->limit_ms = max(10 * ms, MIN_LIMIT_MS);
	ksft_print_msg("a guest is lost after %u ms\n", attacker->limit_ms);
}

static bool other_is_same(void)
{
	struct guest_view now;

	if (guest_view_take(other, &now)) {
		ksft_print_msg("%s\n", other->error);
		return false;
	}
	return guest_view_same(&before, &now);
}

int main(int argc, char *argv[])
{
	unsigned int i, lost;
	u64 seed, end;

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(storms) + 1 + HOST_STATE_TESTS);
	host_state_save();
	cfg.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	other = probe_create(&cfg);
	TEST_ASSERT(!guest_view_take(other, &before), "no view: %s", other->error);
	attacker = probe_create(&cfg);
	set_limit();

	for (i = 0; i < ARRAY_SIZE(storms); i++) {
		lost = run_storm(&storms[i], i);
		ksft_print_msg("%s: %u programs, %u guests lost\n", storms[i].name,
			       storms[i].nr, lost);
		/* A program that ends with its guest did not get to its end. */
		ksft_test_result(other_is_same() &&
				 (storms[i].deadly || lost <= storms[i].nr / 4),
				 "%s\n", storms[i].name);
	}
	if (argc > 1) {
		seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
		for (end = time(NULL) + atoi(argv[1]); time(NULL) < end; seed++)
			run_storm(&storms[seed % ARRAY_SIZE(storms)], seed);
		ksft_print_msg("the last seed was %lu\n", seed - 1);
	}
	ksft_test_result(other_is_same(), "other VM\n");
	probe_free(attacker);
	probe_free(other);

	host_state_report();
	ksft_finished();
}
