// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_neighbours - guests and processes on one CPU see nothing of each other.
 *
 * A protected VM and an ordinary VM take turns on one CPU. Each writes its
 * registers with values of its own, and finds them after the other one wrote
 * different values. VMs without a GIC run in between, since they trap the
 * registers of the GIC. A VM that is made afterwards finds nobody's values, and
 * the process that runs them all keeps what belongs to the host.
 *
 * Not here: FP, SVE and SME (pkvm_fpsimd), counters (pkvm_timer, pkvm_host_pmu).
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <asm/hwcap.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "probe.h"
#include "processor.h"
#include "pvm.h"

#define NR_ROUNDS	3

#define ROW(_name, _mask)	\
	{ .name = #_name, .reg = SYS_##_name, .mask = _mask }
#define OPTIONAL_ROW(_name, _mask)	\
	{ .name = #_name, .reg = SYS_##_name, .mask = _mask, .optional = true }
#define ORDINARY_ROW(_name, _mask)	\
	{ .name = #_name, .reg = SYS_##_name, .mask = _mask, .optional = true, \
	  .only_ordinary = true }

static const struct row {
	const char *name;
	u32 reg;
	u64 mask;		/* bits that keep what is written */
	u64 fixed;		/* bits that have to be set */
	bool optional;		/* not every CPU has it */
	bool only_ordinary;	/* a protected VM does not have it */
} rows[] = {
	ROW(TPIDR_EL0, ~0UL),
	ROW(CONTEXTIDR_EL1, GENMASK(31, 0)),
	ROW(FAR_EL1, ~0UL),
	ROW(PAR_EL1, GENMASK(47, 12) | 1),
	ROW(CNTKCTL_EL1, GENMASK(9, 4) | GENMASK(1, 0)),
	ROW(CNTV_CVAL_EL0, ~0UL),
	ROW(CNTV_CTL_EL0, BIT(1)),
	ROW(CNTP_CVAL_EL0, ~0UL),
	ROW(CSSELR_EL1, BIT(0)),
	ROW(ICC_PMR_EL1, GENMASK(7, 4)),
	ROW(ICC_IGRPEN1_EL1, BIT(0)),
	{ .name = "ICC_BPR1_EL1", .reg = SYS_ICC_BPR1_EL1, .mask = BIT(2), .fixed = 3 },
	ROW(MDSCR_EL1, BIT(12)),
	OPTIONAL_ROW(APIAKEYLO_EL1, ~0UL),
	OPTIONAL_ROW(APIAKEYHI_EL1, ~0UL),
	OPTIONAL_ROW(APIBKEYLO_EL1, ~0UL),
	OPTIONAL_ROW(APIBKEYHI_EL1, ~0UL),
	OPTIONAL_ROW(APDAKEYLO_EL1, ~0UL),
	OPTIONAL_ROW(APDAKEYHI_EL1, ~0UL),
	OPTIONAL_ROW(APDBKEYLO_EL1, ~0UL),
	OPTIONAL_ROW(APDBKEYHI_EL1, ~0UL),
	OPTIONAL_ROW(APGAKEYLO_EL1, ~0UL),
	OPTIONAL_ROW(APGAKEYHI_EL1, ~0UL),
	{ "DBGBVR0_EL1", sys_reg(2, 0, 0, 0, 4), GENMASK(47, 2), 0, false, true },
	{ "DBGWVR0_EL1", sys_reg(2, 0, 0, 0, 6), GENMASK(47, 2), 0, false, true },
	ORDINARY_ROW(PIR_EL1, ~0UL),
	ORDINARY_ROW(PIRE0_EL1, ~0UL),
	ORDINARY_ROW(POR_EL1, ~0UL),
	ORDINARY_ROW(POR_EL0, ~0UL),
};

#define NR_ROWS		ARRAY_SIZE(rows)

static struct guest {
	const char *name;
	struct probe *p;
	u64 value[NR_ROWS];
	bool absent[NR_ROWS];
	bool lost[NR_ROWS];
} guests[] = {
	{ .name = "protected" },
	{ .name = "ordinary" },
};

static u64 next_random(void)
{
	static u64 state;

	state = state * 6364136223846793005 + 1442695040888963407;

	return state ^ state >> 29;
}

static struct probe *create(bool ordinary, bool vgic)
{
	struct probe_cfg cfg = {
		.ordinary = ordinary,
		.vgic = vgic,
		.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};

	return probe_create(&cfg);
}

static void read_all(struct probe *p, struct probe_word words[])
{
	u32 regs[NR_ROWS];
	int i;

	for (i = 0; i < NR_ROWS; i++)
		regs[i] = rows[i].reg;
	probe_read_regs(p, 0, PSR_MODE_EL1h, regs, NR_ROWS, words);
}

static void write_all(struct guest *g)
{
	u64 esr;
	int i;

	for (i = 0; i < NR_ROWS; i++) {
		if (g->absent[i])
			continue;
		g->value[i] = (next_random() & rows[i].mask) | rows[i].fixed;
		esr = probe_write_reg(g->p, rows[i].reg, g->value[i]);
		if (!esr)
			continue;
		ksft_print_msg("%s: write of %s: ESR 0x%lx\n", g->name, rows[i].name,
			       esr);
		g->lost[i] = true;
	}
}

/* Find what the guest does not have, before any other VM runs. */
static void find_absent(struct guest *g)
{
	struct probe_word words[NR_ROWS];
	int i;

	read_all(g->p, words);
	for (i = 0; i < NR_ROWS; i++)
		g->absent[i] = (rows[i].optional && words[i].esr) ||
			       (rows[i].only_ordinary && !g->p->cfg.ordinary);
}

static void check_all(struct guest *g)
{
	struct probe_word words[NR_ROWS];
	u64 mask;
	int i;

	read_all(g->p, words);
	for (i = 0; i < NR_ROWS; i++) {
		mask = rows[i].mask | rows[i].fixed;
		if (g->absent[i] || (!words[i].esr &&
				     (words[i].value & mask) == g->value[i]))
			continue;
		ksft_print_msg("%s: %s is 0x%lx (ESR 0x%lx), not 0x%lx\n", g->name,
			       rows[i].name, words[i].value, words[i].esr,
			       g->value[i]);
		g->lost[i] = true;
	}
}

static void report(struct guest *g)
{
	int i;

	for (i = 0; i < NR_ROWS; i++) {
		if (g->absent[i])
			ksft_test_result_skip("%s: no %s\n", g->name, rows[i].name);
		else
			ksft_test_result(!g->lost[i], "%s: %s\n", g->name, rows[i].name);
	}
}

static bool gic_is_absent(struct probe *p)
{
	const u32 reg = SYS_ICC_PMR_EL1;
	struct probe_word word;

	probe_read_regs(p, 0, PSR_MODE_EL1h, &reg, 1, &word);
	if (word.esr != PROBE_UNDEF_ESR)
		ksft_print_msg("%s VM without a GIC: ICC_PMR_EL1: ESR 0x%lx\n",
			       p->cfg.ordinary ? "ordinary" : "protected", word.esr);

	return word.esr == PROBE_UNDEF_ESR;
}

static bool new_vm_is_clean(bool ordinary)
{
	struct probe *p = create(ordinary, true);
	struct probe_word words[NR_ROWS];
	bool ok = true;
	int i, j;

	read_all(p, words);
	for (i = 0; i < NR_ROWS; i++) {
		for (j = 0; j < ARRAY_SIZE(guests); j++) {
			/* Two fields of a few bits can be the same by chance. */
			if (words[i].esr || guests[j].absent[i] ||
			    rows[i].mask < BIT(16) ||
			    words[i].value != guests[j].value[i])
				continue;
			ksft_print_msg("%s: 0x%lx of the %s VM\n", rows[i].name,
				       words[i].value, guests[j].name);
			ok = false;
		}
	}
	probe_free(p);

	return ok;
}

/* Nothing traps DISR_EL1 of a CPU with RAS, and not every kernel switches it. */
static void test_disr(const struct guest *writer, const struct guest *reader)
{
	const u64 mine = writer->p->cfg.ordinary ? 0x11 : 0x22;
	const u32 reg = SYS_DISR_EL1;
	struct probe_word word;
	u64 esr = probe_write_reg(writer->p, reg, mine);

	if (esr == PROBE_UNDEF_ESR) {
		ksft_test_result_skip("%s: no DISR_EL1\n", writer->name);
		return;
	}
	probe_read_regs(reader->p, 0, PSR_MODE_EL1h, &reg, 1, &word);
	ksft_test_result(!esr && !word.esr && word.value != mine, "%s: DISR_EL1\n",
			 writer->name);
}

/* What the host's process can do would change if traps or permissions of a guest stayed. */

static sigjmp_buf refused;

static void on_signal(int sig)
{
	siglongjmp(refused, 1);
}

static const u32 host_insns[] = {
	PROBE_MRS(SYS_CTR_EL0, 0),
	PROBE_MRS(SYS_DCZID_EL0, 0),
	PROBE_MRS(SYS_CNTFRQ_EL0, 0),
	PROBE_MRS(SYS_CNTVCT_EL0, 0),
	PROBE_MRS(SYS_CNTPCT_EL0, 0),
	PROBE_MRS(SYS_ID_AA64PFR0_EL1, 0),
	PROBE_MRS(SYS_MIDR_EL1, 0),
	PROBE_MRS(SYS_TPIDR2_EL0, 0),
	PROBE_MRS(SYS_SCXTNUM_EL0, 0),
	PROBE_MRS(SYS_PMCR_EL0, 0),
	PROBE_MRS(SYS_AMCR_EL0, 0),
	PROBE_MRS(SYS_POR_EL0, 0),
	PROBE_MRS(SYS_GCSPR_EL0, 0),
	PROBE_MRS(SYS_FPMR, 0),
	PROBE_MRS(SYS_RNDR_EL0, 0),
	0xd53b42e0,		/* mrs x0, TCO */
	0x04bf5020,		/* rdvl x0, #1 */
	0x04bf5820,		/* rdsvl x0, #1 */
	0x9ac23020,		/* pacga x0, x1, x2 */
	0xd5031001,		/* wfet x1 */
	0x1e604000,		/* fmov d0, d0 */
	0x19c20420,		/* setp [x0]!, x1!, x2 */
};

static bool can_execute(u32 *page, u32 insn)
{
	u64 x[8];

	page[0] = insn;
	page[1] = 0xd65f03c0;	/* ret */
	__builtin___clear_cache((char *)page, (char *)(page + 2));
	if (sigsetjmp(refused, 1))
		return false;
	((void (*)(u64 *x, u64 y, u64 z))page)(x, 0, 0);

	return true;
}

static bool can_read(u32 *page)
{
	if (sigsetjmp(refused, 1))
		return false;
	READ_ONCE(*page);

	return true;
}

static bool can_write(u32 *page)
{
	if (sigsetjmp(refused, 1))
		return false;
	WRITE_ONCE(*page, 0);

	return true;
}

static u64 host_abilities(void)
{
	const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_EXEC,
	};
	const struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };
	struct sigaction old[2];
	u64 can = 0;
	u32 *page;
	int i;

	page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(page != MAP_FAILED, "No memory");
	sigaction(SIGILL, &sa, &old[0]);
	sigaction(SIGSEGV, &sa, &old[1]);

	for (i = 0; i < ARRAY_SIZE(host_insns); i++)
		can |= (u64)can_execute(page, host_insns[i]) << i;
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		mprotect(page, getpagesize(), prots[i]);
		can |= (u64)can_read(page) << (32 + 2 * i);
		can |= (u64)can_write(page) << (33 + 2 * i);
	}

	sigaction(SIGSEGV, &old[1], NULL);
	sigaction(SIGILL, &old[0], NULL);
	munmap(page, getpagesize());

	return can;
}

/* Run the guest's last call once more, without libc around the system call. */
static __always_inline void run_again(struct probe *p)
{
	long ret = vcpu_run_svc(p->vcpu[0]->fd);

	TEST_ASSERT(!ret, "KVM_RUN: %ld", ret);
}

static bool reg_is(const char *name, u64 value, u64 expected)
{
	if (value != expected)
		ksft_print_msg("%s of the host is 0x%lx, not 0x%lx\n", name, value,
			       expected);

	return value == expected;
}

static u64 abilities;

static bool abilities_survive(struct probe *p)
{
	run_again(p);

	return reg_is("what EL0 can do", host_abilities(), abilities);
}

/* Registers that belong to the process; key 0 of POR_EL0 has to permit all. */
#define HOST_POR	0x0123456701234567UL
#define HOST_TPIDR2	0x1234567890abcdefUL

static bool por_survives(struct probe *p)
{
	u64 old = read_sysreg_s(SYS_POR_EL0), now;

	write_sysreg_s(HOST_POR, SYS_POR_EL0);
	run_again(p);
	now = read_sysreg_s(SYS_POR_EL0);
	write_sysreg_s(old, SYS_POR_EL0);

	return reg_is("POR_EL0", now, HOST_POR);
}

/* The C library and signals take TPIDR2_EL0 for a pointer unless it is zero. */
static bool tpidr2_survives(struct probe *p)
{
	u64 now;

	write_sysreg_s(HOST_TPIDR2, SYS_TPIDR2_EL0);
	run_again(p);
	now = read_sysreg_s(SYS_TPIDR2_EL0);
	write_sysreg_s(0, SYS_TPIDR2_EL0);

	return reg_is("TPIDR2_EL0", now, HOST_TPIDR2);
}

static __always_inline long set_shadow_stack(unsigned long on)
{
	register long x8 asm("x8") = __NR_prctl;
	register long x0 asm("x0") = PR_SET_SHADOW_STACK_STATUS;
	register long x1 asm("x1") = on;
	register long x2 asm("x2") = 0;
	register long x3 asm("x3") = 0;
	register long x4 asm("x4") = 0;

	asm volatile("svc #0" : "+r" (x0)
		     : "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x8) : "memory");

	return x0;
}

static noinline u64 call_and_return(u64 x)
{
	asm volatile("" : "+r" (x));

	return x + 1;
}

/*
 * The function that enables the GCS may not return before the GCS is off again,
 * and a thread can enable it only once.
 */
static void *use_gcs(void *probe)
{
	u64 before, after, called, feat;
	struct probe *p = probe;
	long ret;

	ret = set_shadow_stack(PR_SHADOW_STACK_ENABLE);
	if (ret) {
		ksft_print_msg("no GCS: %ld\n", ret);
		return NULL;
	}
	before = read_sysreg_s(SYS_GCSPR_EL0);
	run_again(p);
	after = read_sysreg_s(SYS_GCSPR_EL0);
	called = call_and_return(1);
	/* CHKFEAT clears bit 0 of X16 if the GCS is on. */
	asm volatile("mov x16, #1\n"
		     "hint #40\n"
		     "mov %0, x16\n" : "=r" (feat) :: "x16");
	set_shadow_stack(0);

	return reg_is("GCSPR_EL0", after, before) && called == 2 &&
	       reg_is("CHKFEAT", feat, 0) ? p : NULL;
}

static bool gcs_survives(struct probe *p)
{
	pthread_t thread;
	void *ok;

	pthread_create(&thread, NULL, use_gcs, p);
	pthread_join(thread, &ok);

	return ok;
}

/* What the process signs depends on its keys. PACGA uses GA, and PACDB uses DB. */
static __always_inline u64 signature(void)
{
	register u64 x2 asm("x2") = 0x1000;
	register u64 x3 asm("x3");

	asm volatile(".inst 0x9ac23043\n"	/* pacga x3, x2, x2 */
		     ".inst 0xdac10c42\n"	/* pacdb x2, x2 */
		     : "+r" (x2), "=r" (x3));

	return x2 ^ x3;
}

static bool keys_survive(struct probe *p)
{
	u64 before;

	/* The kernel loads the keys when it switches to the process. */
	usleep(1000);
	before = signature();
	run_again(p);

	return reg_is("a signature", signature(), before);
}

/* A watchpoint counts each access. */

static u64 watched;
static int watch_fd;

static void watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (u64)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	watch_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	__TEST_REQUIRE(watch_fd >= 0, "This host has no watchpoints");
}

static bool watchpoint_survives(struct probe *p)
{
	static u64 writes;
	u64 hits = 0;

	run_again(p);
	WRITE_ONCE(watched, ++writes);
	TEST_ASSERT(read(watch_fd, &hits, sizeof(hits)) == sizeof(hits),
		    "Cannot read the watchpoint's count");

	return reg_is("hits of a watchpoint", hits, writes);
}

static struct host_case {
	const char *name;
	bool (*survives)(struct probe *p);
	u64 hwcap, hwcap2;
	bool lost;
} host_cases[] = {
	{ "instructions and memory", abilities_survive },
	{ "watchpoint", watchpoint_survives },
	{ "POR_EL0", por_survives, .hwcap2 = HWCAP2_POE },
	{ "TPIDR2_EL0", tpidr2_survives, .hwcap2 = HWCAP2_SME },
	{ "GCS", gcs_survives, .hwcap = HWCAP_GCS },
	{ "pointer authentication", keys_survive, .hwcap = HWCAP_PACA | HWCAP_PACG },
};

static bool host_has(const struct host_case *c)
{
	return !(c->hwcap & ~getauxval(AT_HWCAP)) && !(c->hwcap2 & ~getauxval(AT_HWCAP2));
}

static void check_host(struct probe *p)
{
	struct host_case *c;

	for (c = host_cases; c < host_cases + ARRAY_SIZE(host_cases); c++) {
		if (host_has(c) && !c->survives(p))
			c->lost = true;
	}
}

static void report_host(void)
{
	struct host_case *c;

	for (c = host_cases; c < host_cases + ARRAY_SIZE(host_cases); c++) {
		if (host_has(c))
			ksft_test_result(!c->lost, "host: %s\n", c->name);
		else
			ksft_test_result_skip("host: no %s\n", c->name);
	}
}

int main(void)
{
	bool absent_ok[] = { true, true };
	struct probe *without_gic[2];
	int round, i;

	TEST_REQUIRE(kvm_has_protected_vms());
	pin_self_to_any_cpu();
	watch();
	abilities = host_abilities();

	ksft_print_header();
	ksft_set_plan(2 * NR_ROWS + 6 + ARRAY_SIZE(host_cases));

	for (i = 0; i < 2; i++) {
		guests[i].p = create(i, true);
		find_absent(&guests[i]);
		without_gic[i] = create(i, false);
	}

	for (round = 0; round < NR_ROUNDS; round++) {
		write_all(&guests[round & 1]);
		write_all(&guests[~round & 1]);
		for (i = 0; i < 4; i++) {
			if (!gic_is_absent(without_gic[i & 1]))
				absent_ok[i & 1] = false;
			check_all(&guests[i / 2]);
			check_host(guests[i / 2].p);
		}
	}

	for (i = 0; i < 2; i++) {
		report(&guests[i]);
		ksft_test_result(absent_ok[i], "%s: no GIC\n", guests[i].name);
		test_disr(&guests[i], &guests[!i]);
		ksft_test_result(new_vm_is_clean(i), "%s: new VM\n", guests[i].name);
	}
	report_host();
	for (i = 0; i < 2; i++) {
		probe_free(guests[i].p);
		probe_free(without_gic[i]);
	}
	ksft_finished();
}
