// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hostile_guest - a protected guest executes whatever it likes
 *
 *  random EL1, EL0	words that are instructions, or not
 *  sysreg		MRS, MSR, SYS and SYSL of random encodings
 *  call		HVC and SMC with known function IDs and any arguments
 *  every call		HVC of each function ID of PSCI, TRNG and KVM's own services
 *  memory		MEM_SHARE and MEM_UNSHARE of pages that are there or are not
 *  eret		to every PSTATE: AArch32, EL2, reserved modes, IL; to any PC
 *  wait		WFE, WFI and their forms with a timeout, SEV, YIELD
 *  vectors		an exception whose vectors are unaligned, unmapped or no code
 *  mmu			translation tables, and their registers, at random
 *  nothing		accesses of any size where nothing is
 *
 * A guest that does not come back is lost, and the next one starts from nothing. What
 * counts is that EL2 and the host go on, and that after each storm a protected VM beside
 * it sees the CPU that it saw before.
 *
 * "pkvm_hostile_guest COUNT [SEED]" runs COUNT programs of each storm.
 */
#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include <asm/ptrace.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

/* The function ID after that of MEM_SHARE */
#define MEM_UNSHARE	(ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID + 1)
#define NR_INSNS	48
#define NR_PROGRAMS	40
#define ISB		0xd5033fdf
#define NOWHERE		0x3000000000UL	/* no memory of the guest's */

static struct probe_cfg cfg = { .vgic = true };
static struct probe *attacker, *other;
static struct probe_view before;
static u64 seed;

static u64 rnd(void)
{
	return hostile_random(&seed);
}

/* Addresses, small numbers, and numbers that have no meaning. */
static u64 random_value(void)
{
	switch (rnd() % 7) {
	case 0:
		return rnd() % 64;
	case 1:
		return BIT(rnd() % 64);
	case 2:
		return (u64)probe_pages[rnd() % PROBE_NR_PAGES] + rnd() % PROBE_PAGE_SIZE;
	case 3:
		return NOWHERE + rnd() % PROBE_PAGE_SIZE;
	case 4:
		return -(rnd() % 4096);
	case 5:
		return rnd() % 1024 * 4096;
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

/* WFE, WFI: nothing wakes the guest, and it would not come back in time. */
static bool is_wait(u32 insn)
{
	return (insn & ~0x20U) == 0xd503205f || (insn & 0xffffffc0) == 0xd5031000;
}

/* CRn of EL1's registers that lose the guest at once: SCTLR, TTBR, SPSR, MAIR, VBAR. */
static bool is_vital(u32 insn)
{
	u32 crn = insn >> 12 & 15;

	return (insn & 0xffff0000) == 0xd5180000 &&
	       (crn == 1 || crn == 2 || crn == 4 || crn == 10 || crn == 12);
}

static unsigned int fill_random(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	for (i = 0; i < NR_INSNS; i++) {
		insns[i] = rnd();
		if (is_branch(insns[i]) || is_wait(insns[i]) || is_vital(insns[i]))
			insns[i] = INSN_NOP;
	}
	return NR_INSNS;
}

static unsigned int fill_sysreg(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	/* One UNDEF ends the program, so let it be a short one. */
	for (i = 0; i < 3; i++) {
		insns[i] = 0xd5000000 | (rnd() & 0x3fffff);
		if (is_vital(insns[i]))
			insns[i] |= BIT(21);
		if (is_wait(insns[i]))
			insns[i] = INSN_NOP;
	}
	return 3;
}

static const u32 calls[] = {
	PSCI_0_2_FN_PSCI_VERSION, PSCI_0_2_FN64_CPU_ON, PSCI_0_2_FN64_AFFINITY_INFO,
	PSCI_0_2_FN_MIGRATE_INFO_TYPE, PSCI_1_0_FN_PSCI_FEATURES, PSCI_1_1_FN64_SYSTEM_RESET2,
	PSCI_1_0_FN64_SYSTEM_SUSPEND, ARM_SMCCC_VERSION_FUNC_ID, ARM_SMCCC_ARCH_FEATURES_FUNC_ID,
	ARM_SMCCC_ARCH_WORKAROUND_1, ARM_SMCCC_TRNG_VERSION, ARM_SMCCC_TRNG_RND64,
	ARM_SMCCC_VENDOR_HYP_KVM_FEATURES_FUNC_ID, ARM_SMCCC_VENDOR_HYP_KVM_PTP_FUNC_ID,
	ARM_SMCCC_HV_PV_TIME_ST,
	ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID, MEM_UNSHARE,
};

/* Calls that always lose the guest, such as CPU_OFF, are left to "every call". */
static unsigned int fill_call(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	in->x[0] = rnd() % 4 ? calls[rnd() % ARRAY_SIZE(calls)] : rnd();
	for (i = 1; i < 18; i++)
		in->x[i] = random_value();
	for (i = 0; i < 2; i++)
		insns[i] = (rnd() & 3 ? 0xd4000002 : 0xd4000003) |
			   (rnd() & 1 ? 0 : (rnd() & 0xffff) << 5);
	return 2;
}

/* Take each of the ranges in turn, and 64 function IDs of each. */
static unsigned int fill_every_call(struct probe_in *in, u32 *insns)
{
	static const u32 ranges[] = {
		0x80000000, 0x84000000, 0xc4000000, 0x84000040, 0x86000000, 0xc6000000,
		0xc6000040, 0xc5000000, 0x8600ff00, 0xc600ff00,
	};
	static unsigned int nr;
	u32 id;

	id = ranges[nr / 64 % ARRAY_SIZE(ranges)] + nr % 64;
	nr++;
	in->x[0] = id;
	insns[0] = 0xd4000002;
	return 1;
}

static unsigned int fill_memory(struct probe_in *in, u32 *insns)
{
	unsigned int i;

	for (i = 0; i < 4; i += 2) {
		insns[i] = 0xaa0003e0 | (5 + i) << 16;		/* mov x0, x(5 + i) */
		insns[i + 1] = 0xd4000002;
		in->x[5 + i] = rnd() & 1 ? ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID :
					   MEM_UNSHARE;
	}
	in->x[1] = rnd() & 1 ? rnd() % 1024 * 4096 : random_value();
	in->x[2] = rnd() % 4 ? 0 : random_value();
	in->x[3] = rnd() % 4 ? 0 : random_value();
	return 4;
}

static unsigned int fill_eret(struct probe_in *in, u32 *insns)
{
	/* msr SPSR_EL1, x5; msr ELR_EL1, x6; eret */
	static const u32 eret[] = { 0xd5184005, 0xd5184026, 0xd69f03e0 };
	static unsigned int nr;

	/* Take each mode in turn, the first time without any other bit. */
	in->x[5] = (nr < 32 ? 0 : rnd() << 5) | nr % 32;
	if (nr++ / 32 & 1)
		in->x[5] |= PROBE_DAIF;
	in->x[6] = rnd() % 4 ? (u64)probe_pages[PROBE_PAGE_DATA] | rnd() % 16 : random_value();
	memcpy(insns, eret, sizeof(eret));
	return ARRAY_SIZE(eret);
}

static unsigned int fill_wait(struct probe_in *in, u32 *insns)
{
	/* sevl; wfe; sev; yield; wfet x5; wfit x5, both with a time that is past; nop */
	static const u32 waits[] = {
		0xd50320bf, 0xd503205f, 0xd503209f, 0xd503203f, 0xd5031005, 0xd5031025, INSN_NOP,
	};
	unsigned int i;

	in->x[5] = rnd() & 1;
	for (i = 0; i < 8; i++) {
		insns[2 * i] = 0xd50320bf;
		insns[2 * i + 1] = waits[rnd() % ARRAY_SIZE(waits)];
	}
	return 16;
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
	insns[0] = PROBE_MSR(SYS_VBAR_EL1, 5);
	insns[1] = ISB;
	insns[2] = ends[rnd() % ARRAY_SIZE(ends)];
	return 3;
}

static unsigned int fill_mmu(struct probe_in *in, u32 *insns)
{
	static const u32 writes[] = {
		PROBE_MSR(SYS_SCTLR_EL1, 5), PROBE_MSR(SYS_TTBR0_EL1, 5),
		PROBE_MSR(SYS_TTBR1_EL1, 5), PROBE_MSR(SYS_TCR_EL1, 5),
		PROBE_MSR(SYS_MAIR_EL1, 5), PROBE_MSR(SYS_AMAIR_EL1, 5),
		PROBE_MSR(SYS_CPACR_EL1, 5), PROBE_MSR(SYS_CONTEXTIDR_EL1, 5),
		0xd5087805, 0xd5087825, 0xd508871f, 0xd5088325,	/* AT, TLBI */
	};
	unsigned int i;

	in->x[5] = random_value();
	for (i = 0; i < 4; i++)
		insns[i] = writes[rnd() % ARRAY_SIZE(writes)];
	insns[i++] = ISB;
	insns[i++] = 0xf94000c7;	/* ldr x7, [x6] */
	return i;
}

/* With the MMU off, every address is one of stage 2's. */
static unsigned int fill_nothing(struct probe_in *in, u32 *insns)
{
	static const u32 accesses[] = {
		0xf94000a7, 0xf90000a7,	/* ldr, str x7, [x5] */
		0xa94000a7, 0xa90000a7,	/* ldp, stp x7, x0, [x5] */
		0x3dc000a7, 0x3d8000a7,	/* ldr, str q7, [x5] */
		0xc85f7ca7, 0xd50b7425,	/* ldxr; dc zva, x5 */
		0xd50b7a25, 0xd5087625,	/* dc cvac; dc ivac */
		0xd61f00a0,		/* br x5 */
	};

	in->x[5] = rnd() & 1 ? NOWHERE + rnd() : rnd();
	in->sctlr = attacker->sctlr;
	insns[0] = accesses[rnd() % ARRAY_SIZE(accesses)];
	return 1;
}

static const struct storm {
	const char *name;
	u64 mode;
	unsigned int nr;
	unsigned int (*fill)(struct probe_in *in, u32 *insns);
} storms[] = {
	{ "random EL1", PSR_MODE_EL1h, NR_PROGRAMS, fill_random },
	{ "random EL0", PSR_MODE_EL0t, NR_PROGRAMS, fill_random },
	{ "sysreg", PSR_MODE_EL1h, 6 * NR_PROGRAMS, fill_sysreg },
	{ "call", PSR_MODE_EL1h, NR_PROGRAMS, fill_call },
	{ "every call", PSR_MODE_EL1h, 640, fill_every_call },
	{ "memory", PSR_MODE_EL1h, 2 * NR_PROGRAMS, fill_memory },
	{ "eret", PSR_MODE_EL1h, 96, fill_eret },
	{ "wait", PSR_MODE_EL1h, NR_PROGRAMS, fill_wait },
	{ "vectors", PSR_MODE_EL1h, NR_PROGRAMS / 4, fill_vectors },
	{ "mmu", PSR_MODE_EL1h, NR_PROGRAMS / 4, fill_mmu },
	{ "nothing", PSR_MODE_EL1h, NR_PROGRAMS / 2, fill_nothing },
};

/* Run one program. Return 1 if it was the end of the guest. */
static unsigned int run_program(const struct storm *s)
{
	u32 insns[NR_INSNS];
	struct probe_out out;
	struct probe_in in;
	unsigned int i, nr;

	probe_init_in(attacker, s->mode, &in);
	for (i = 0; i < ARRAY_SIZE(in.x); i++)
		in.x[i] = random_value();
	nr = s->fill(&in, insns);
	return probe_run(attacker, insns, nr, &in, &out) ? 1 : 0;
}

int main(int argc, char *argv[])
{
	unsigned int i, j, lost, nr;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(storms));
	pin_self_to_cpu(0);
	cfg.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	other = probe_create(&cfg);
	TEST_ASSERT(!probe_take_view(other, &before), "no view: %s", other->error);
	cfg.seconds = 1;
	attacker = probe_create(&cfg);

	for (i = 0; i < ARRAY_SIZE(storms); i++) {
		nr = argc > 1 ? strtoul(argv[1], NULL, 0) : storms[i].nr;
		seed = argc > 2 ? strtoul(argv[2], NULL, 0) : i + 1;
		for (j = 0, lost = 0; j < nr; j++)
			lost += run_program(&storms[i]);
		ksft_print_msg("%s: %u programs, %u guests lost\n", storms[i].name, nr, lost);
		ksft_test_result(probe_same_view(other, &before), "%s\n", storms[i].name);
	}
	probe_free(attacker);
	probe_free(other);

	ksft_finished();
}
