// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_neighbours - guests on the same CPU see nothing of each other
 *
 * A protected VM and one that is not take turns on one CPU. Each writes all the
 * registers that it has with values of its own, and finds them as they were
 * after the other one did the same. A process of the host does so, too.
 *
 * Audit map: case -> rule
 *
 *  WHO REGISTER	keeps its value while the others write theirs
 *  WHO FP		the same for V16..V31, FPCR and FPSR
 *  WHO counter		counts on, with its own offset and not that of the other
 *  WHO timer		CVAL and CTL of the virtual timer
 *  new VM		a VM that is made afterwards finds no value of another's
 *  host FP		V16..V31, FPCR and FPSR of the process
 *  host counter	the process reads a virtual counter without an offset
 *  host features	what the process can execute at EL0 is what it could: no
 *			trap of a guest is left behind
 *  host		the host's own registers are what they were
 *
 * Not here: PMU counters, which neither guest has; see pkvm_host_pmu for the host's.
 * CNTPCT_EL0 of the unprotected guest: in protected mode, KVM does not offset it.
 * SVE, which the unprotected guest does not have here: pkvm_sve.
 *
 * Rules: contract, section 1, B6; section 4, restored on exit.
 */
#include <setjmp.h>
#include <signal.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"
#include "pkvm_fp.h"

#define NR_ROUNDS	3
#define FAR_AWAY	BIT(52)
#define A_WHILE		BIT(44)

struct row {
	const char *name;
	u32 reg;
	u64 mask;	/* the bits that are kept */
	u64 fixed;	/* and those that the guest needs */
	bool host_only;	/* a protected guest does not have it */
};

static const struct row rows[] = {
	{ "TPIDR_EL0", SYS_TPIDR_EL0, ~0UL },
	{ "CONTEXTIDR_EL1", SYS_CONTEXTIDR_EL1, 0xffffffff },
	{ "FAR_EL1", SYS_FAR_EL1, ~0UL },
	{ "PAR_EL1", SYS_PAR_EL1, 0x0000fffffffff001 },
	{ "CNTKCTL_EL1", SYS_CNTKCTL_EL1, 0x3f3 },
	{ "CNTV_CVAL_EL0", sys_reg(3, 3, 14, 3, 2), ~0UL },
	{ "CNTV_CTL_EL0", sys_reg(3, 3, 14, 3, 1), 2 },
	{ "CNTP_CVAL_EL0", sys_reg(3, 3, 14, 2, 2), ~0UL },
	{ "CSSELR_EL1", SYS_CSSELR_EL1, 1 },
	{ "ICC_PMR_EL1", SYS_ICC_PMR_EL1, 0xf0 },
	{ "ICC_IGRPEN1_EL1", SYS_ICC_IGRPEN1_EL1, 1 },
	{ "ICC_BPR1_EL1", SYS_ICC_BPR1_EL1, 4, 3 },
	{ "MDSCR_EL1", SYS_MDSCR_EL1, BIT(12) },
	{ "DBGBVR0_EL1", sys_reg(2, 0, 0, 0, 4), 0x0000fffffffffffc, 0, true },
	{ "DBGWVR0_EL1", sys_reg(2, 0, 0, 0, 6), 0x0000fffffffffffc, 0, true },
	{ "APIAKeyLo_EL1", sys_reg(3, 0, 2, 1, 0), ~0UL },
	{ "APIAKeyHi_EL1", sys_reg(3, 0, 2, 1, 1), ~0UL },
	{ "APIBKeyLo_EL1", sys_reg(3, 0, 2, 1, 2), ~0UL },
	{ "APIBKeyHi_EL1", sys_reg(3, 0, 2, 1, 3), ~0UL },
	{ "APDAKeyLo_EL1", sys_reg(3, 0, 2, 2, 0), ~0UL },
	{ "APDAKeyHi_EL1", sys_reg(3, 0, 2, 2, 1), ~0UL },
	{ "APDBKeyLo_EL1", sys_reg(3, 0, 2, 2, 2), ~0UL },
	{ "APDBKeyHi_EL1", sys_reg(3, 0, 2, 2, 3), ~0UL },
	{ "APGAKeyLo_EL1", sys_reg(3, 0, 2, 3, 0), ~0UL },
	{ "APGAKeyHi_EL1", sys_reg(3, 0, 2, 3, 1), ~0UL },
};

#define NR_ROWS		ARRAY_SIZE(rows)
#define FIRST_KEY	(NR_ROWS - 10)

struct fp_state {
	u64 v[FP_NR_VREGS][2];
	u64 fpcr, fpsr;
};

struct guest {
	const char *name;
	struct probe *p;
	struct hostile_random random;
	u64 value[NR_ROWS];
	bool skip[NR_ROWS];
	bool lost[NR_ROWS];
	struct fp_state fp;
	bool fp_lost, counter_lost;
	u64 counter;
};

static struct guest guests[2] = {
	{ .name = "protected", .random.state = 0x1234 },
	{ .name = "unprotected", .random.state = 0x5678 },
};

static void fp_load(const struct fp_state *fp)
{
	fp_load_vregs(fp->v);
	write_sysreg(fp->fpcr, fpcr);
	write_sysreg(fp->fpsr, fpsr);
}

static void fp_store(struct fp_state *fp)
{
	fp_store_vregs(fp->v);
	fp->fpcr = read_sysreg(fpcr);
	fp->fpsr = read_sysreg(fpsr);
}

static struct fp_state guest_fp;

static u64 guest_put_fp(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	unsigned int i;

	for (i = 0; i < sizeof(guest_fp) / 8; i++)
		WRITE_ONCE(((u64 *)&guest_fp)[i], probe_get());
	fp_load(&guest_fp);
	return 0;
}

static u64 guest_get_fp(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	unsigned int i;

	fp_store(&guest_fp);
	for (i = 0; i < sizeof(guest_fp) / 8; i++)
		probe_put(READ_ONCE(((u64 *)&guest_fp)[i]));
	return 0;
}

/* From here on: the host's side. */

static void random_fp(struct hostile_random *r, struct fp_state *fp)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		fp->v[i / 2][i % 2] = hostile_random(r);
	fp->fpcr = hostile_random(r) & GENMASK(25, 22);	/* AHP, DN, FZ, RMode */
	fp->fpsr = hostile_random(r) & (BIT(27) | GENMASK(4, 0));
}

static void give_up(struct guest *g)
{
	ksft_exit_fail_msg("%s: the guest is lost: %s\n", g->name, g->p->error);
}

static void put_fp(struct guest *g)
{
	struct probe_call call = {
		.fn = guest_put_fp, .tx = (u64 *)&g->fp, .tx_nr = sizeof(g->fp) / 8,
	};

	random_fp(&g->random, &g->fp);
	if (probe_call(g->p, &call))
		give_up(g);
}

static void get_fp(struct guest *g, struct fp_state *fp)
{
	struct probe_call call = {
		.fn = guest_get_fp, .rx = (u64 *)fp, .rx_max = sizeof(*fp) / 8,
	};

	if (probe_call(g->p, &call))
		give_up(g);
}

static void write_all(struct guest *g)
{
	unsigned int i;
	u64 esr;

	for (i = 0; i < NR_ROWS; i++) {
		/* What a protected guest has instead reads as zero. */
		g->skip[i] |= rows[i].host_only && g == &guests[0];
		if (g->skip[i])
			continue;
		g->value[i] = (hostile_random(&g->random) & rows[i].mask) | rows[i].fixed;
		if (probe_write_reg(g->p, rows[i].reg, g->value[i], &esr))
			give_up(g);
		/* What the CPU does not have. */
		if (esr)
			g->skip[i] = true;
	}
	put_fp(g);
}

static void check_all(struct guest *g)
{
	u32 regs[NR_ROWS + 1];
	struct probe_word words[NR_ROWS + 1];
	struct fp_state fp;
	unsigned int i;

	/* First of all: what is between here and there is what it uses itself. */
	get_fp(g, &fp);
	if (memcmp(&fp, &g->fp, sizeof(fp))) {
		ksft_print_msg("%s: V16, FPCR, FPSR: %lx:%lx %lx %lx, not %lx:%lx %lx %lx\n",
			       g->name, fp.v[0][1], fp.v[0][0], fp.fpcr, fp.fpsr,
			       g->fp.v[0][1], g->fp.v[0][0], g->fp.fpcr, g->fp.fpsr);
		g->fp_lost = true;
	}

	for (i = 0; i < NR_ROWS; i++)
		regs[i] = rows[i].reg;
	regs[NR_ROWS] = sys_reg(3, 3, 14, 0, 2);
	probe_read_regs(g->p, 0, PROBE_EL1H, regs, NR_ROWS + 1, words);
	for (i = 0; i < NR_ROWS; i++) {
		if (g->skip[i] ||
		    ((words[i].value ^ g->value[i]) & (rows[i].mask | rows[i].fixed)) == 0)
			continue;
		ksft_print_msg("%s: %s is 0x%lx, not 0x%lx\n", g->name, rows[i].name,
			       words[i].value, g->value[i]);
		g->lost[i] = true;
	}
	if (words[NR_ROWS].value < g->counter ||
	    words[NR_ROWS].value - g->counter > A_WHILE)
		g->counter_lost = true;
	g->counter = words[NR_ROWS].value;
}

/* Each of the three has a time of its own. */
static void set_offsets(void)
{
	struct kvm_arm_counter_offset offset = { .counter_offset = -FAR_AWAY };

	vcpu_set_reg(guests[0].p->vcpu[0], KVM_REG_ARM_TIMER_CNT, 2 * FAR_AWAY);
	guests[0].counter = 2 * FAR_AWAY;
	vm_ioctl(guests[1].p->vm, KVM_ARM_SET_COUNTER_OFFSET, &offset);
	guests[1].counter = FAR_AWAY;
}

/* What user space takes for the time: the offset of whoever ran last must go. */
static bool host_counter_goes_on(void)
{
	static u64 last;
	u64 now = read_sysreg(cntvct_el0);
	bool ok = now >= last && now < A_WHILE;

	if (!ok)
		ksft_print_msg("the host's counter was 0x%lx, is 0x%lx\n", last, now);
	last = now;
	return ok;
}

static sigjmp_buf on_sigill;

static void sigill(int sig)
{
	siglongjmp(on_sigill, 1);
}

#define TRY(bit, insn)								\
do {										\
	if (!sigsetjmp(on_sigill, 1)) {						\
		asm volatile(insn ::: "x0", "x1", "x2", "x9", "memory");	\
		features |= BIT(bit);						\
	}									\
} while (0)

/* What EL0 of the host can execute. Encodings, for old assemblers. */
static u64 host_features(void)
{
	struct sigaction sa = { .sa_handler = sigill, .sa_flags = SA_NODEFER }, old;
	static volatile u64 memory[32];
	volatile u64 features = 0;

	sigaction(SIGILL, &sa, &old);
	TRY(0, "mrs x0, ctr_el0");
	TRY(1, "mrs x0, dczid_el0");
	TRY(2, "mrs x0, cntvct_el0");
	TRY(3, "mrs x0, cntpct_el0");
	TRY(4, "mrs x0, cntfrq_el0");
	TRY(5, "mrs x0, id_aa64pfr0_el1");
	TRY(6, "mrs x0, midr_el1");
	TRY(7, ".inst 0x04bf5020");		/* rdvl x0, #1 */
	TRY(8, ".inst 0x04bf5820");		/* rdsvl x0, #1 */
	TRY(9, ".inst 0x9ac23020");		/* pacga x0, x1, x2 */
	TRY(10, ".inst 0xd53bd0a0");		/* mrs x0, TPIDR2_EL0 */
	TRY(11, ".inst 0xd53bd0e0");		/* mrs x0, SCXTNUM_EL0 */
	TRY(12, ".inst 0xd53b9c00");		/* mrs x0, PMCR_EL0 */
	TRY(13, ".inst 0xd53bd200");		/* mrs x0, AMCR_EL0 */
	TRY(14, ".inst 0xd53ba240");		/* mrs x0, POR_EL0 */
	TRY(15, ".inst 0xd53b42e0");		/* mrs x0, TCO */
	TRY(16, ".inst 0xd53b2400");		/* mrs x0, RNDR */
	TRY(17, ".inst 0xd5031000");		/* wfet x0 */
	TRY(18, ".inst 0xd53b4440");		/* mrs x0, FPMR */
	TRY(19, "fmov d0, d0");
	/* setp, setm, sete [x0]!, x1!, x2, on memory of 64 bytes */
	if (!sigsetjmp(on_sigill, 1)) {
		asm volatile("mov x0, %0\n mov x1, #64\n mov x2, #0\n"
			     ".inst 0x19c20420\n .inst 0x19c24420\n .inst 0x19c28420\n"
			     :: "r" (memory) : "x0", "x1", "x2", "cc", "memory");
		features |= BIT(20);
	}
	sigaction(SIGILL, &old, NULL);
	return features;
}

static void report(struct guest *g, bool pauth)
{
	unsigned int i;

	for (i = 0; i < NR_ROWS; i++) {
		if (i >= FIRST_KEY && !pauth)
			ksft_test_result_skip("%s %s: this CPU has no PAuth\n", g->name,
					      rows[i].name);
		else if (g->skip[i] && rows[i].host_only && g == &guests[0])
			ksft_test_result_pass("%s %s: not there\n", g->name, rows[i].name);
		else
			ksft_test_result(!g->skip[i] && !g->lost[i], "%s %s\n", g->name,
					 rows[i].name);
	}
	ksft_test_result(!g->fp_lost, "%s FP\n", g->name);
	ksft_test_result(!g->counter_lost, "%s counter\n", g->name);
}

/* A new VM has none of the values that were written last. */
static bool new_vm_is_clean(const struct probe_cfg *cfg)
{
	struct guest g = { .name = "new", .p = probe_create(cfg) };
	struct probe_word words[NR_ROWS];
	unsigned int i, j, k, other;
	u32 regs[NR_ROWS];
	struct fp_state fp;
	bool ok = true;

	get_fp(&g, &fp);
	for (other = 0; other < 2; other++)
		for (i = 0; i < 32; i++)
			for (j = 0; j < 32; j++)
				ok &= fp.v[i / 2][i % 2] != guests[other].fp.v[j / 2][j % 2];
	if (!ok)
		ksft_print_msg("FP registers of another VM\n");

	for (i = 0; i < NR_ROWS; i++)
		regs[i] = rows[i].reg;
	probe_read_regs(g.p, 0, PROBE_EL1H, regs, NR_ROWS, words);
	for (i = 0; i < NR_ROWS; i++) {
		/* Values that could be there by chance say nothing. */
		for (k = 0; k < 2 && rows[i].mask > 0xffff && !words[i].esr; k++) {
			if (guests[k].skip[i] || words[i].value != guests[k].value[i])
				continue;
			ksft_print_msg("%s of another VM: 0x%lx\n", rows[i].name,
				       words[i].value);
			ok = false;
		}
	}
	probe_free(g.p);
	return ok;
}

static struct fp_state host_fp;
static unsigned int fp_runs, fp_lost;

/* Compilers and libraries use these registers, but not in a system call. */
static int run_beside_fp(struct kvm_vcpu *vcpu)
{
	struct fp_state now;
	int ret;

	fp_load(&host_fp);
	ret = ioctl(vcpu->fd, KVM_RUN, NULL);
	fp_store(&now);
	write_sysreg(0, fpcr);
	fp_runs++;
	fp_lost += !!memcmp(&now, &host_fp, sizeof(now));
	return ret;
}

int main(void)
{
	struct probe_cfg cfg = { .vgic = true };
	struct hostile_random random = { .state = 0x9abc };
	bool host_counter_ok = true;
	u64 features;
	int round, i;

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(2 * (NR_ROWS + 2) + 5 + HOST_STATE_TESTS);
	host_state_save();
	cfg.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	for (i = 0; i < 2; i++) {
		cfg.unprotected = i;
		guests[i].p = probe_create(&cfg);
	}
	set_offsets();
	features = host_features();

	for (round = 0; round < NR_ROUNDS; round++) {
		write_all(&guests[round & 1]);
		write_all(&guests[~round & 1]);
		for (i = 0; i < 2; i++) {
			random_fp(&random, &host_fp);
			guests[i].p->run = run_beside_fp;
			check_all(&guests[i]);
			guests[i].p->run = NULL;
			host_counter_ok &= host_counter_goes_on();
		}
	}
	for (i = 0; i < 2; i++)
		report(&guests[i], cfg.pauth);
	ksft_print_msg("host FP: %u of %u times lost\n", fp_lost, fp_runs);
	ksft_test_result(fp_runs && !fp_lost, "host FP\n");
	ksft_test_result(host_counter_ok, "host counter\n");
	if (host_features() != features)
		ksft_print_msg("0x%lx, was 0x%lx\n", host_features(), features);
	ksft_test_result(host_features() == features, "host features\n");
	for (i = 0; i < 2; i++) {
		cfg.unprotected = i;
		ksft_test_result(new_vm_is_clean(&cfg), "new VM, %s\n",
				 i ? "unprotected" : "protected");
	}
	for (i = 0; i < 2; i++)
		probe_free(guests[i].p);

	host_state_report();
	ksft_finished();
}
