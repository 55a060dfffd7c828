// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_private - the registers of a protected VM are private from the host.
 *
 * The guest has a secret in its general, FP and system registers while it exits
 * in every way that it can. On another CPU, the hostile module looks for the
 * secret in all of the host's struct kvm_vcpu, and later writes lies there. Then the
 * test itself is the host, and runs the vCPU by hypercalls, without KVM.
 *
 *  no secret: EXIT	neither struct kvm_vcpu nor struct kvm_run have had it
 *  right: EXIT		and the guest gets what it should, in the right register
 *  lies: EXIT		no matter what the host writes into its copy
 *  every word: EXIT	nor with a lie in any word of struct kvm_vcpu, of which EL2
 *			changes none but those that tell of the exit
 *  hypercall: EXIT	the host's registers are what they were, but for X0 and X1
 *  debugger: EXIT	the same while the host says that it debugs the vCPU, and its own
 *			registers have a breakpoint and the lock of exception returns
 *  ends: WFIT		by itself, and no sooner than the guest says
 *  memory that was ...	taken back from the guest by force is no device
 *  flags		an instruction that the host is not told of is not stepped
 *			over, nor does it fail
 *  boot vCPU		starts in the reset state, but for PC, X0-X3 and PSTATE
 *  MP_STATE		does not turn on a vCPU
 *  CPU_ON ...		does, where the guest says; not if the host has refused
 *  PSCI 0.1		is NOT_SUPPORTED, whatever KVM_ARM_VCPU_INIT asked for
 *  CPU_OFF		turns it off, although the host denies that the VM has PSCI 0.2;
 *			only then can the host say that the vCPU is off
 *
 * Needs test_modules/pkvm_hostile.ko beside the program, or loaded before.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>
#include <linux/sizes.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

/* The search is for the upper half. The lower half tells the registers apart. */
#define SECRET		0x5ec3e75eUL
#define SECRET_X(i)	(SECRET << 32 | 0x5000 | (i))

#define MMIO_GPA	0x0a000000UL
#define MMIO_DATUM	0xfedcba9876543210UL
#define NR_ROUNDS	20

/* Memory that the guest has not touched yet. */
#define FRESH_GPA	0x40000000UL
#define FRESH_SLOT	20
#define NR_FRESH	256

#define HVC		0xd4000002
#define DABT(fsc)	((u64)ESR_ELx_EC_DABT_CUR << ESR_ELx_EC_SHIFT | ESR_ELx_IL | (fsc))
#define MEM_SHARE	ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID

static gva_t mmio_gva;
static gpa_t fresh_gpa;	/* the guest's virtual address is the same */

/* The hostile host */

/* Return at which offset struct kvm_vcpu or struct kvm_run has the secret, or -1. */
static int find_secret(struct kvm_vcpu *vcpu)
{
	u64 va = hostile_object(vcpu->vm, vcpu->id), at;
	u64 size = hostile_datum("sizeof(vcpu)").value;
	struct hostile_step steps[HOSTILE_MAX_STEPS];
	unsigned int i, j, nr = 0;

	for (at = 0; at < size; at += sizeof(steps[0].x))
		steps[nr++] = (struct hostile_step) {
			.op = HOSTILE_READ, .at = va + at,
			.size = min_t(u64, size - at, sizeof(steps[0].x)),
		};
	TEST_ASSERT(!hostile_run_steps(steps, nr), "no steps");
	for (i = 0; i < nr; i++)
		for (j = 0; j < ARRAY_SIZE(steps[0].x); j++)
			if (steps[i].x[j] >> 32 == SECRET)
				return i * sizeof(steps[0].x) + 8 * j;
	for (i = 0; i < getpagesize() / 8; i++)
		if (((u64 *)vcpu->run)[i] >> 32 == SECRET)
			return i * 8;

	return -1;
}

static const char * const lies[] = {
	"vcpu.arch.ctxt.regs.pc", "vcpu.arch.ctxt.regs.regs[4]",
	"vcpu.arch.ctxt.regs.regs[30]", "vcpu.arch.ctxt.regs.sp",
	"vcpu.arch.ctxt.fp_regs.vregs[8]", "reg.SCTLR_EL1",
	"reg.TTBR0_EL1", "reg.VBAR_EL1",
	"reg.ELR_EL1", "reg.SPSR_EL1",
	"reg.SP_EL1", "reg.TPIDR_EL1",
	"reg.APIAKEYLO_EL1",
};

static void tell_lies(struct kvm_vcpu *vcpu)
{
	struct hostile_step steps[ARRAY_SIZE(lies)];
	u64 va = hostile_object(vcpu->vm, vcpu->id);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++)
		steps[i] = (struct hostile_step) {
			.op = HOSTILE_WRITE, .size = 8, .at = va + hostile_datum(lies[i]).value,
			/* In SCTLR_EL1, this is little-endian: KVM swaps no data of MMIO. */
			.x = { 0x1e5 },
		};
	TEST_ASSERT(!hostile_run_steps(steps, ARRAY_SIZE(steps)), "no steps");
}

/* Flags by which KVM has the guest take an exception, or step over an instruction. */
#define PENDING_EXCEPTION	BIT(0)
#define INCREMENT_PC		BIT(1)

static u64 false_iflags;

static void set_iflags(struct kvm_vcpu *vcpu, u64 iflags)
{
	hostile_poke(hostile_object(vcpu->vm, vcpu->id), "vcpu.arch.iflags", iflags);
}

static void vcpu_clear_x0(struct kvm_vcpu *vcpu)
{
	hostile_write(hostile_object(vcpu->vm, vcpu->id) +
		      hostile_datum("vcpu.arch.ctxt.regs").value, 0, 8);
}

enum { LOOK, LIE };

static struct kvm_vcpu *watched;
static int watch_how, found_at;
static bool stop_watching;
static unsigned int nr_watched;

static void *watch(void *unused)
{
	sigset_t alarm;
	int at;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	pin_self_to_cpu(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (; !READ_ONCE(stop_watching); nr_watched++) {
		if (watch_how == LIE) {
			tell_lies(watched);
			continue;
		}
		at = find_secret(watched);
		if (at >= 0)
			WRITE_ONCE(found_at, at);
	}
	return NULL;
}

/* The guest */

/* Write a secret if @fill is true. Return whether the register differs from the secret. */
#define KEEP(fill, reg, nr)						\
({									\
	if (fill)							\
		write_sysreg_s(SECRET_X(nr), SYS_##reg);		\
	read_sysreg_s(SYS_##reg) != SECRET_X(nr);			\
})

static u64 keep_sysregs(bool fill, bool pauth)
{
	u64 bad = KEEP(fill, TPIDR_EL0, 0x100);

	if (!pauth)
		return bad;
	return bad + KEEP(fill, APIAKEYLO_EL1, 0x110) + KEEP(fill, APIAKEYHI_EL1, 0x111) +
	       KEEP(fill, APIBKEYLO_EL1, 0x112) + KEEP(fill, APIBKEYHI_EL1, 0x113) +
	       KEEP(fill, APDAKEYLO_EL1, 0x114) + KEEP(fill, APDAKEYHI_EL1, 0x115) +
	       KEEP(fill, APDBKEYLO_EL1, 0x116) + KEEP(fill, APDBKEYHI_EL1, 0x117) +
	       KEEP(fill, APGAKEYLO_EL1, 0x118) + KEEP(fill, APGAKEYHI_EL1, 0x119);
}

#define ALL_FP(insn)							\
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "	\
	"19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n" insn "\n.endr\n"
#define FP_CLOBBERED							\
	"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",	\
	"v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",	\
	"v25", "v26", "v27", "v28", "v29", "v30", "v31"

/* As probe_run(), but the secret is in FP and system registers, too. */
static u64 guest_run(struct probe_shared *s, const u64 *args)
{
	u32 *code = (u32 *)s->ctx.in.pc;
	u64 nr = args[0], pauth = args[1], i, bad, fp[64], *end = fp;

	for (i = 0; i < nr; i++)
		code[i] = s->insns[i];
	code[nr] = PROBE_END_INSN;
	probe_sync_code(code, (nr + 1) * sizeof(*code));

	write_sysreg(SECRET_X(0x102), far_el1);
	keep_sysregs(true, pauth);
	asm volatile(ALL_FP("dup v\\n\\().2d, %0") :: "r" (SECRET_X(0x200)) : FP_CLOBBERED);
	probe_enter(&s->ctx);
	asm volatile(ALL_FP("str q\\n, [%0], #16") : "+r" (end) :: "memory");
	bad = keep_sysregs(false, pauth);
	for (i = 0; i < ARRAY_SIZE(fp); i++)
		bad += fp[i] != SECRET_X(0x200);

	return bad;
}

/* The exits */

struct exit_case {
	const char *name;
	u32 insns[12];
	u64 x0;
	u64 x5;		/* afterwards; 0: as before; -1: anything but the secret */
	u64 esr;	/* 0: the instructions complete */
	bool may_complete;	/* in spite of .esr */
	bool is_fresh;	/* X1 is a page that the guest has not touched */
	bool is_smccc;	/* X0 to X3 are the results */
	bool is_be_el0;
	bool is_wfxt;	/* waits until X9, in X0 ticks, and reads the time to X10 */
	u8 scratch;	/* how many registers from X8 on the instructions change */
	u8 len;		/* of the access to the device */
	u64 stored;	/* what the device or the emulated register gets */
};

#define LDR_X5_X2	0xf9400045
#define SEA		DABT(ESR_ELx_FSC_EXTABT)
#define WFXT(insn)	{ PROBE_MRS(SYS_CNTVCT_EL0, 9), 0x8b000129 /* add x9, x9, x0 */, \
			  insn, PROBE_MRS(SYS_CNTVCT_EL0, 10) }, \
			.x0 = BIT(20), .scratch = 3, .is_wfxt = true

#define WFIT		0

/* X1 is an address in memory, X2 that of the device. */
static const struct exit_case cases[] = {
	[WFIT] = { "WFIT", WFXT(0xd5031029 /* wfit x9 */) },
	{ "WFET", WFXT(0xd5031009 /* wfet x9 */) },
	{ "interrupts", { 0xd2a00209 /* mov x9, #0x100000 */, 0xf1000529 /* subs x9, x9, #1 */,
			  0x54ffffe1 /* b.ne */ }, .scratch = 2 },
	{ "PSCI_VERSION", { HVC }, .x0 = PSCI_0_2_FN_PSCI_VERSION, .is_smccc = true },
	{ "unknown call", { HVC }, .x0 = SECRET << 32 | 0xc600ffff,
	  .is_smccc = true },
	{ "MEM_SHARE of a new page", { HVC }, .x0 = MEM_SHARE, .is_smccc = true,
	  .is_fresh = true },
	{ "load of a new page", { 0xf9400025 /* ldr x5, [x1] */ }, .x5 = -1UL,
	  .is_fresh = true },
	{ "WFI", { 0xd503207f } },
	{ "SGI", { PROBE_MSR(SYS_ICC_SGI1R_EL1, 31) } },
	{ "CNTP_CTL_EL0", { PROBE_MRS(SYS_CNTP_CTL_EL0, 5) }, .x5 = -1UL },
	{ "ldr x", { LDR_X5_X2 }, .x5 = MMIO_DATUM, .len = 8 },
	{ "ldr w", { 0xb9400045 }, .x5 = 0x76543210, .len = 4 },
	{ "ldrh", { 0x79400045 }, .x5 = 0x3210, .len = 2 },
	{ "ldrb", { 0x39400045 }, .x5 = 0x10, .len = 1 },
	{ "ldrsb x", { 0x39802045 /* [x2, #8] */ }, .x5 = -16UL, .len = 1 },
	{ "ldrsb w", { 0x39c02045 /* [x2, #8] */ }, .x5 = 0xfffffff0, .len = 1 },
	{ "ldrsh x", { 0x79802045 /* [x2, #16] */ }, .x5 = 0xfffffffffffffedc, .len = 2 },
	{ "ldrsh w", { 0x79c02045 /* [x2, #16] */ }, .x5 = 0xfffffedc, .len = 2 },
	{ "ldrsw", { 0xb9802045 /* [x2, #32] */ }, .x5 = 0xfffffffffedcba98, .len = 4 },
	{ "ldar x", { 0xc8dffc45 }, .x5 = MMIO_DATUM, .len = 8 },
	{ "ldarb", { 0x08dffc45 }, .x5 = 0x10, .len = 1 },
	{ "big-endian ldr x", { LDR_X5_X2 }, .x5 = 0x1032547698badcfe, .len = 8,
	  .is_be_el0 = true },
	{ "big-endian ldr w", { 0xb9400045 }, .x5 = 0x10325476, .len = 4, .is_be_el0 = true },
	{ "big-endian ldrh", { 0x79400045 }, .x5 = 0x1032, .len = 2, .is_be_el0 = true },
	{ "big-endian ldrsh x", { 0x79802045 }, .x5 = 0xffffffffffffdcfe, .len = 2,
	  .is_be_el0 = true },
	{ "big-endian ldrsh w", { 0x79c02045 }, .x5 = 0xffffdcfe, .len = 2,
	  .is_be_el0 = true },
	{ "big-endian ldrsw", { 0xb9802045 }, .x5 = 0xffffffff98badcfe, .len = 4,
	  .is_be_el0 = true },
	{ "big-endian str x0", { 0xf9000040 }, .x0 = MMIO_DATUM,
	  .stored = 0x1032547698badcfe, .len = 8, .is_be_el0 = true },
	{ "big-endian str w4", { 0xb9000044 }, .stored = 0x04500000, .len = 4,
	  .is_be_el0 = true },
	{ "big-endian strh w4", { 0x79000044 }, .stored = 0x0450, .len = 2,
	  .is_be_el0 = true },
	{ "str wzr", { 0xb900005f }, .len = 4 },
	{ "str x0", { 0xf9000040 }, .x0 = MMIO_DATUM, .stored = MMIO_DATUM, .len = 8 },
	{ "str w4", { 0xb9000044 }, .stored = 0x5004, .len = 4 },
	{ "strh w4", { 0x79000044 }, .stored = 0x5004, .len = 2 },
	{ "strb w4", { 0x39000044 }, .stored = 0x04, .len = 1 },
	{ "stlr w4", { 0x889ffc44 }, .stored = 0x5004, .len = 4 },
	/* The syndrome of these names no register, so nobody can complete the access. */
	{ "ldp", { 0xa9401845 /* ldp x5, x6, [x2] */ }, .esr = SEA },
	{ "stp", { 0xa9001444 /* stp x4, x5, [x2] */ }, .esr = SEA },
	{ "ldr with writeback", { 0xf8408445 /* ldr x5, [x2], #8 */ }, .esr = SEA },
	{ "str q8", { 0x3d800048 }, .esr = SEA },
	{ "ldxr x", { 0xc85f7c45 }, .esr = SEA },
	{ "ldaxrh", { 0x485ffc45 }, .esr = SEA },
	/* The store fails without a reservation. It is the CPU's choice whether it aborts, too. */
	{ "stxr", { 0xd5033f5f /* clrex */, 0xc8087c44 /* stxr w8, x4, [x2] */ },
	  .scratch = 1, .esr = SEA, .may_complete = true },
	{ "dc civac", { 0xd50b7e22 } },
};

static u64 mmio_load(u64 gpa)
{
	switch (gpa - MMIO_GPA) {
	case 8:
		return 0xf0;
	case 16:
		return 0xfedc;
	case 32:
		return 0xfedcba98;
	default:
		return MMIO_DATUM;
	}
}

static u64 stored;	/* what the device, or an emulated register, got */
static u64 deadline;	/* of WFIT or WFET, as the host is told, or 0 */
static bool with_host_registers, with_signals;

/* Fill what is beyond the datum of a load, which the guest must not get. */
static u64 with_rubbish(u64 val, unsigned int len)
{
	return len < 8 ? (val & GENMASK(len * 8 - 1, 0)) | 0xa5a5a5a5a5a5a5a5 << (len * 8) : val;
}

static bool right_len(const struct exit_case *c, unsigned int len)
{
	if (len != c->len)
		ksft_print_msg("an access of %u bytes\n", len);
	return len == c->len;
}

typedef bool (run_fn)(struct probe *p, struct kvm_vcpu *vcpu, const struct exit_case *c);

/* Run until the guest waits for calls, and be its device meanwhile. */
static bool run(struct probe *p, struct kvm_vcpu *vcpu, const struct exit_case *c)
{
	struct kvm_run *r = vcpu->run;
	struct ucall uc;

	for (;;) {
		struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE };
		u64 val;

		if (__vcpu_run(vcpu)) {
			if (errno == EINTR && with_signals)
				continue;
			ksft_print_msg("KVM_RUN: %s\n", strerror(errno));
			return false;
		}
		if (r->exit_reason == KVM_EXIT_SYSTEM_EVENT) {
			vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &on);
			set_iflags(vcpu, false_iflags);
			continue;
		}
		if (r->exit_reason != KVM_EXIT_MMIO || (r->mmio.phys_addr & ~4095UL) != MMIO_GPA)
			break;
		if (!right_len(c, r->mmio.len))
			return false;
		val = with_rubbish(mmio_load(r->mmio.phys_addr), r->mmio.len);
		if (r->mmio.is_write)
			memcpy(&stored, r->mmio.data, r->mmio.len);
		else
			memcpy(r->mmio.data, &val, sizeof(val));
	}
	if (get_ucall(vcpu, &uc) == UCALL_SYNC)
		return true;
	ksft_print_msg("exit %s, ucall %lu\n", exit_reason_str(r->exit_reason), uc.cmd);
	return false;
}

static bool ends_right(const struct exit_case *c, const struct probe_in *in,
		       const struct probe_out *out, unsigned int nr)
{
	if (c->esr && out->esr == c->esr)
		return out->far == in->x[2] && out->elr == in->pc + 4 * (nr - 1);

	return (!c->esr || c->may_complete) && probe_completed(in, out, nr);
}

static bool is_right(const struct exit_case *c, const struct probe_in *in,
		     const struct probe_out *out, unsigned int nr)
{
	unsigned int i;
	bool ok = true;

	if (!ends_right(c, in, out, nr)) {
		ksft_print_msg("%s, FAR 0x%lx\n", probe_describe(in, out), out->far);
		ok = false;
	}
	for (i = 0; i < 31; i++) {
		u64 x = in->x[i];

		if ((c->is_smccc && i < 4) || (i >= 8 && i < 8 + c->scratch))
			continue;
		if (i == 5 && c->x5 == -1UL && out->x[i] >> 32 != SECRET)
			continue;
		if (i == 5 && c->x5)
			x = c->x5;
		if (out->x[i] != x) {
			ksft_print_msg("X%u is 0x%lx, not 0x%lx\n", i, out->x[i], x);
			ok = false;
		}
	}
	if (c->is_smccc && out->x[0] >> 32 == SECRET)
		ok = false;
	if (stored != c->stored) {
		ksft_print_msg("the device gets 0x%lx\n", stored);
		ok = false;
	}
	if (deadline && deadline != out->x[9]) {
		ksft_print_msg("the host gets the time 0x%lx, not 0x%lx\n", deadline, out->x[9]);
		ok = false;
	}
	return ok;
}

static bool has_wfxt;

static bool can_take(const struct exit_case *c)
{
	return has_wfxt || !c->is_wfxt;
}

static bool take_exit(struct probe *p, const struct exit_case *c, run_fn *run_it)
{
	struct kvm_vcpu *vcpu = p->vcpu[0];
	struct probe_shared *s = &p->shared[0];
	struct probe_in *in = &s->ctx.in;
	unsigned int i, nr;

	if (!can_take(c))
		return true;
	for (nr = 0; nr < ARRAY_SIZE(c->insns) && c->insns[nr]; nr++)
		;
	probe_init_in(p, c->is_be_el0 ? PSR_MODE_EL0t : PSR_MODE_EL1h, in);
	if (c->is_be_el0)
		in->sctlr |= SCTLR_EL1_E0E;
	for (i = 0; i < 31; i++)
		in->x[i] = SECRET_X(i);
	in->x[0] = c->x0 ?: SECRET_X(0);
	in->x[2] = mmio_gva;
	if (c->x0 == MEM_SHARE) {
		in->x[2] = 0;
		in->x[3] = 0;
	}
	/* run_bare() ends the wait. The deadline must not come before the guest exits. */
	if (c->is_wfxt && run_it != run)
		in->x[0] <<= 24;
	if (with_host_registers)
		in->pstate &= ~PSR_D_BIT;
	in->sp_el0 = SECRET_X(0x102);
	in->pc = (u64)probe_pages[c->is_be_el0 ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1];
	in->vbar = (u64)probe_vectors_a;
	memcpy(s->insns, c->insns, nr * sizeof(c->insns[0]));
	s->args[0] = nr;
	s->args[1] = p->cfg.pauth;
	s->fn = guest_run;
	stored = 0;
	deadline = 0;

	/* The page is new only once. */
	if (c->is_fresh)
		fresh_gpa += getpagesize();
	TEST_ASSERT(fresh_gpa < FRESH_GPA + NR_FRESH * getpagesize(), "no more new pages");
	in->x[1] = fresh_gpa;

	if (!run_it(p, vcpu, c))
		return false;
	if (s->ret)
		ksft_print_msg("%lu wrong FP and system registers\n", s->ret);
	return !s->ret && is_right(c, in, &s->ctx.out, nr);
}

/* Take exits while the other CPU looks, or lies, until it has done so at least once. */
static bool take_watched_exits(struct probe *p, const struct exit_case *c, int how)
{
	pthread_t thread;
	unsigned int i;
	bool ok = true;

	watched = p->vcpu[0];
	watch_how = how;
	found_at = -1;
	nr_watched = 0;
	WRITE_ONCE(stop_watching, false);
	pthread_create(&thread, NULL, watch, NULL);
	for (i = 0; ok && (i < NR_ROUNDS || !READ_ONCE(nr_watched)); i++)
		ok = take_exit(p, c, run);
	WRITE_ONCE(stop_watching, true);
	pthread_join(thread, NULL);
	return ok;
}

static u64 guest_nop(struct probe_shared *s, const u64 *args)
{
	return 0;
}

static void on_alarm(int sig)
{
}

/* Nothing but a signal ends the guest's WFI. */
static void start_signals(void)
{
	const struct itimerval often = {
		.it_value.tv_usec = 10000, .it_interval.tv_usec = 10000,
	};
	const struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	with_signals = true;
}

static void end_signals(void)
{
	const struct itimerval never = {};

	setitimer(ITIMER_REAL, &never, NULL);
	with_signals = false;
}

static struct probe *create(bool pauth)
{
	const struct probe_cfg cfg = { .vgic = true, .pauth = pauth };
	struct probe *p = probe_create(&cfg);
	u64 size = NR_FRESH * getpagesize();

	mmio_gva = vm_unused_gva_gap(p->vm, p->vm->page_size, KVM_UTIL_MIN_VADDR);
	virt_map(p->vm, mmio_gva, MMIO_GPA, 1);
	*virt_get_pte_hva(p->vm, mmio_gva) |= PTE_AP_EL0;
	vm_userspace_mem_region_add(p->vm, VM_MEM_SRC_ANONYMOUS, FRESH_GPA, FRESH_SLOT,
				    vm_calc_num_guest_pages(p->vm->mode, size), 0);
	virt_map(p->vm, FRESH_GPA, FRESH_GPA, size / p->vm->page_size);
	fresh_gpa = FRESH_GPA;
	TEST_ASSERT(!probe_call(p, 0, guest_nop), "%s", p->error);

	return p;
}

/* The test is the host, and runs the vCPU without KVM */

#define MAX_WORDS	2048
#define MAX_TOLD	120
#define MAX_TRIES	100000	/* an interrupt of the host ends a run, too */
#define HCR_TWX		GENMASK(14, 13)
#define HCR_VSE		BIT(8)
#define EXIT_IRQ	0
#define EXIT_TRAP	2
#define NR_FAULT	3	/* ESR_EL2, FAR_EL2 and HPFAR_EL2 */

#define DEBUG_HOST_OWNED 1	/* VCPU_DEBUG_HOST_OWNED */
#define DEBUG_BCR	0x1e7	/* any instruction at EL1 and EL0 */
#define DEBUG_MDSCR	(MDSCR_EL1_SS | MDSCR_EL1_KDE | MDSCR_EL1_MDE)
#define MDCR_TDE	BIT(8)
#define MDCR_TDA	BIT(9)
#define VMCR_VENG	GENMASK(1, 0)

/* The bits in @mask are left as they are, or are always set if they are in @set, too. */
static const struct {
	const char *name;
	u64 mask, set;
} spared[] = {
	/* The host may say whether the instruction is stepped over: see test_flags(). */
	{ "vcpu.arch.iflags", 0xff },
	/* The host may say whether an SError is pending. WFI and WFE have to trap. */
	{ "vcpu.arch.hcr_el2", HCR_VSE | HCR_TWX, HCR_TWX },
	/*
	 * These bits lead to maintenance interrupts, which end each run at once. KVM has
	 * asked for one when the guest enables or disables a group of interrupts.
	 */
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_hcr", GENMASK(7, 1) },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_lr", BIT(41) },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_vmcr", VMCR_VENG },
	/* The host may choose the kind of an external abort. */
	{ "reg.ESR_EL1", ESR_ELx_FSC },
};

/* What EL2 writes. All else in struct kvm_vcpu stays what it was. */
static const struct {
	const char *name;
	unsigned int bytes;	/* 0: all of it */
} written[] = {
	{ "vcpu.arch.ctxt.regs", 8 /* X0 */ }, { "vcpu.arch.fault" },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_vmcr" }, { "vcpu.arch.vgic_cpu.vgic_v3.vgic_lr" },
	{ "vcpu.stat.pvm_emulated" }, { "vcpu.stat.pvm_denied" },
};

/* Bits of struct kvm_vcpu, and what they are while the vCPU runs. */
struct lie {
	u64 at, mask, value;
	unsigned int size;
};

static struct lie told[MAX_TOLD];
static unsigned int nr_told;
static bool host_changes;

/* What the host answers to the last exit. */
struct answer {
	u64 x[4];
	unsigned int nr;
	u8 iflags;
};

struct bare_exit {
	s64 code;
	u64 x0, esr, ipa;
};

static bool is_written(u64 at)
{
	struct hostile_datum d;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(written); i++) {
		d = hostile_datum(written[i].name);
		if (at >= d.value && at < d.value + (written[i].bytes ?: d.size))
			return true;
	}
	return false;
}

static struct hostile_step poke_step(u64 vcpu, const char *name, unsigned int nr, u64 value)
{
	struct hostile_datum d = hostile_datum(name);

	return hostile_write_step(vcpu + d.value + 8 * nr, value, d.size < 8 ? d.size : 8);
}

static struct hostile_step read_step(u64 vcpu, const char *name, unsigned int size)
{
	return (struct hostile_step) {
		.op = HOSTILE_READ, .size = size, .at = vcpu + hostile_datum(name).value,
	};
}

static struct hostile_step msr_step(u64 reg, u64 value)
{
	return (struct hostile_step) { .op = HOSTILE_MSR, .at = reg, .x = { value } };
}

/*
 * Set a breakpoint on the guest's code in the debug registers of the host, and the lock
 * of exception returns if the CPU has FEAT_GCS, or undo that.
 */
static unsigned int host_register_steps(struct hostile_step *step, bool on)
{
	static struct hostile_step old[] = {
		{ .op = HOSTILE_MRS, .at = HOSTILE_MDSCR_EL1 },
		{ .op = HOSTILE_MRS, .at = HOSTILE_GCSCR_EL1 },
	};
	unsigned int nr = 0;

	if (!with_host_registers)
		return 0;
	if (on)
		TEST_ASSERT(!hostile_run_steps(old, 2) && !old[0].err, "no MDSCR_EL1");
	step[nr++] = msr_step(HOSTILE_DBGBVR0_EL1, (u64)probe_pages[PROBE_PAGE_EL1]);
	step[nr++] = msr_step(HOSTILE_DBGBCR0_EL1, on ? DEBUG_BCR : 0);
	step[nr++] = msr_step(HOSTILE_MDSCR_EL1,
			      old[0].x[0] | (on ? MDSCR_EL1_MDE | MDSCR_EL1_KDE : 0));
	if (!old[1].err)
		step[nr++] = msr_step(HOSTILE_GCSCR_EL1,
				      old[1].x[0] | (on ? GCSCR_ELx_EXLOCKEN : 0));
	return nr;
}

/* Run the vCPU by hypercalls. Return false if EL2 writes to what is not in written[]. */
static bool bare_enter(struct kvm_vcpu *vcpu, const struct answer *answer,
		       struct bare_exit *exit)
{
	static struct hostile_step steps[HOSTILE_MAX_STEPS];
	u64 va = hostile_object(vcpu->vm, vcpu->id);
	struct hostile_datum regs = hostile_datum("vcpu.arch.ctxt.regs");
	struct hostile_step *at = steps, *run, *undo, *look;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < nr_told; i++)
		*at++ = (struct hostile_step) {
			.op = HOSTILE_LIE, .size = told[i].size, .at = va + told[i].at,
			.x = { told[i].value, told[i].mask },
		};
	for (i = 0; i < answer->nr; i++)
		*at++ = poke_step(va, "vcpu.arch.ctxt.regs", i, answer->x[i]);
	*at++ = poke_step(va, "vcpu.arch.iflags", 0, answer->iflags);
	at += host_register_steps(at, true);
	run = at + 1;
	bare_vm_run_steps(hostile_peek(hostile_object(vcpu->vm, -1), "kvm.arch.pkvm.handle"),
			  va, at);
	for (i = 4; i < ARRAY_SIZE(run->x); i++)
		run->x[i] = 0x1e5000 + i;
	at += BARE_VM_RUN_STEPS;
	at += host_register_steps(at, false);
	undo = at;
	for (i = 0; i < nr_told; i++, at++)
		*at = (struct hostile_step) {
			.op = HOSTILE_UNDO, .at = at - steps - (nr_told - 1 - i),
		};
	look = at;
	*at++ = read_step(va, "vcpu.arch.ctxt.regs", 8);
	*at++ = read_step(va, "vcpu.arch.fault", 8 * NR_FAULT);
	TEST_ASSERT(!hostile_run_steps(steps, at - steps), "no run");

	*exit = (struct bare_exit) {
		.code = run->x[1], .x0 = look[0].x[0], .esr = look[1].x[0],
		.ipa = (look[1].x[2] & GENMASK(43, 4)) << 8 | (look[1].x[1] & 4095),
	};
	for (i = 2; i < ARRAY_SIZE(run->x); i++) {
		if (run->x[i] == (i < 4 ? 0 : 0x1e5000 + i))
			continue;
		ksft_print_msg("the host's X%u is 0x%llx\n", i, run->x[i]);
		host_changes = true;
	}
	for (i = 0; i < nr_told; i++) {
		const struct lie *lie = &told[nr_told - 1 - i];

		/* The answer has overwritten a lie about the same register. */
		if (!undo[i].err || is_written(lie->at) ||
		    (lie->at - regs.value) / 8 < answer->nr)
			continue;
		ksft_print_msg("EL2 writes to 0x%lx\n", lie->at);
		ok = false;
	}
	return ok;
}

enum who { TEST, KVM, NOBODY };

/* Answer an exit, or leave that to KVM. NOBODY: the host should not see this exit. */
static enum who answer_exit(const struct exit_case *c, const struct bare_exit *e,
			    struct answer *a)
{
	unsigned int len = 1 << ((e->esr & ESR_ELx_SAS) >> ESR_ELx_SAS_SHIFT);

	*a = (struct answer) { .iflags = INCREMENT_PC };
	switch (ESR_ELx_EC(e->esr)) {
	case ESR_ELx_EC_HVC64:
		a->nr = 4;
		return e->x0 >> 32 ? NOBODY : TEST;
	case ESR_ELx_EC_WFx:
		if (c->is_wfxt)
			deadline = e->x0;
		return TEST;
	case ESR_ELx_EC_SYS64:
		a->nr = e->esr & ESR_ELx_SYS64_ISS_DIR_READ;
		if (!a->nr)
			stored = e->x0;
		return TEST;
	case ESR_ELx_EC_DABT_LOW:
		if ((e->ipa & ~4095UL) != MMIO_GPA)
			return KVM;
		if (!(e->esr & (ESR_ELx_ISV | ESR_ELx_CM)))
			a->iflags = PENDING_EXCEPTION;
		if (!(e->esr & ESR_ELx_ISV))
			return TEST;
		if (!right_len(c, len))
			return NOBODY;
		if (e->esr & ESR_ELx_WNR) {
			stored = e->x0;
			return TEST;
		}
		a->x[a->nr++] = with_rubbish(mmio_load(e->ipa), len);
		return TEST;
	case ESR_ELx_EC_IABT_LOW:
		return KVM;
	default:
		return NOBODY;
	}
}

/* As run(): the guest leaves the ucall in which it waits for a call, and makes the next. */
static bool run_bare(struct probe *p, struct kvm_vcpu *vcpu, const struct exit_case *c)
{
	struct answer answer = { .iflags = INCREMENT_PC };
	struct bare_exit exit;
	unsigned int tries;
	enum who who = TEST;

	vcpu_run_complete_io(vcpu);
	for (tries = 0; who == TEST; tries++) {
		TEST_ASSERT(tries < MAX_TRIES, "%s: the guest does not go on", c->name);
		if (!bare_enter(vcpu, &answer, &exit))
			return false;
		/* EL2 expects no answer after an interrupt, and has to ignore any. */
		answer = (struct answer) { .iflags = tries % 3 };
		if (exit.code == EXIT_IRQ)
			continue;
		if (exit.code == EXIT_TRAP && exit.ipa == vcpu->vm->ucall_mmio_addr &&
		    ESR_ELx_EC(exit.esr) == ESR_ELx_EC_DABT_LOW)
			break;
		who = exit.code == EXIT_TRAP ? answer_exit(c, &exit, &answer) : NOBODY;
	}
	if (who == NOBODY) {
		ksft_print_msg("exit %ld, ESR 0x%lx, X0 0x%lx\n", exit.code, exit.esr, exit.x0);
		return false;
	}
	/* The guest makes its last access once more, and KVM sees the exit. */
	set_iflags(vcpu, 0);
	return run(p, vcpu, c);
}

/* Split struct kvm_vcpu into words, but a word with a small member in spared[] into bytes. */
static unsigned int find_words(struct lie *words)
{
	u64 end = hostile_datum("sizeof(vcpu)").value, shift;
	struct lie word = { .at = 0 };
	unsigned int i, nr = 0;
	struct hostile_datum d;

	for (; word.at < end; word.at += word.size) {
		word = (struct lie) { .at = word.at, .mask = ~0UL, .size = 8 };

		TEST_ASSERT(nr < MAX_WORDS, "struct kvm_vcpu is too long");
		for (i = 0; i < ARRAY_SIZE(spared); i++) {
			d = hostile_datum(spared[i].name);
			if (d.size < 8 && word.at / 8 == d.value / 8)
				word.size = 1;
			if (word.at < d.value || word.at >= d.value + d.size)
				continue;
			shift = 8 * ((word.at - d.value) % 8);
			word.mask = ~((spared[i].mask & ~spared[i].set) >> shift);
			word.value = spared[i].set >> shift;
		}
		word.mask &= GENMASK(8 * word.size - 1, 0);
		if (word.mask)
			words[nr++] = word;
	}
	return nr;
}

static bool lie_by_words(struct probe *p, const struct exit_case *c)
{
	static struct lie words[MAX_WORDS];
	static unsigned int nr_words;
	static u64 seed = 1;
	bool ok = true, timed = !can_take(c) || !c->is_wfxt;
	unsigned int at, i, all;

	if (!nr_words)
		nr_words = find_words(words);
	for (all = 0; all < 2; all++) {
		for (at = 0; ok && at < nr_words; at += MAX_TOLD) {
			nr_told = min_t(unsigned int, nr_words - at, MAX_TOLD);
			memcpy(told, words + at, nr_told * sizeof(told[0]));
			for (i = 0; i < nr_told; i++)
				told[i].value |= all ? ~0UL : hostile_random(&seed);
			ok = take_exit(p, c, run_bare);
			if (!ok)
				ksft_print_msg("lies from 0x%lx on\n", told[0].at);
			timed |= deadline;
		}
	}
	nr_told = 0;
	return ok && timed;
}

/* What a host writes to step a vCPU and to set breakpoints in it. */
static const struct {
	const char *name;
	unsigned int offset;
	u64 value;
} debugger[] = {
	{ "vcpu.guest_debug", 0, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP |
	  KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_USE_HW },
	{ "vcpu.arch.debug_owner", 0, DEBUG_HOST_OWNED },
	{ "vcpu.arch.mdcr_el2", 0, MDCR_TDE | MDCR_TDA },
	{ "vcpu.arch.ctxt.regs.pstate", 0, PSR_MODE_EL1h | SPSR_SS },
	{ "vcpu.arch.external_mdscr_el1", 0, DEBUG_MDSCR },
	{ "reg.MDSCR_EL1", 0, DEBUG_MDSCR },
	{ "vcpu.arch.external_debug_state",
	  offsetof(struct kvm_guest_debug_arch, dbg_bcr), DEBUG_BCR },
	{ "vcpu.arch.external_debug_state",
	  offsetof(struct kvm_guest_debug_arch, dbg_bvr), (u64)probe_pages },
	{ "vcpu.arch.vcpu_debug_state",
	  offsetof(struct kvm_guest_debug_arch, dbg_bcr), DEBUG_BCR },
	{ "vcpu.arch.vcpu_debug_state",
	  offsetof(struct kvm_guest_debug_arch, dbg_bvr), (u64)probe_pages },
};

static bool debug_by_host(struct probe *p, const struct exit_case *c)
{
	unsigned int i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(debugger); i++) {
		struct hostile_datum d = hostile_datum(debugger[i].name);
		unsigned int size = d.size < 8 ? d.size : 8;

		told[i] = (struct lie) {
			.at = d.value + debugger[i].offset, .size = size,
			.mask = GENMASK(8 * size - 1, 0), .value = debugger[i].value,
		};
	}
	nr_told = ARRAY_SIZE(debugger);
	with_host_registers = true;
	ok = take_exit(p, c, run_bare);
	with_host_registers = false;
	nr_told = 0;
	return ok;
}

static void result(bool ok, const char *what, const struct exit_case *c)
{
	if (can_take(c))
		ksft_test_result(ok, "%s: %s\n", what, c->name);
	else
		ksft_test_result_skip("%s: %s: no FEAT_WFxT\n", what, c->name);
}

#define NR_RESULTS	6

static void test_watched(struct probe *p, const struct exit_case *c)
{
	bool ok = take_watched_exits(p, c, LOOK);

	if (found_at < 0)
		found_at = find_secret(p->vcpu[0]);
	if (found_at >= 0)
		ksft_print_msg("the secret is at 0x%x\n", found_at);
	result(found_at < 0, "no secret", c);
	result(ok, "right", c);
	result(take_watched_exits(p, c, LIE), "lies", c);
}

static void test_bare(struct probe *p, const struct exit_case *c)
{
	host_changes = false;
	result(lie_by_words(p, c), "every word", c);
	result(!host_changes, "hypercall", c);
	result(debug_by_host(p, c), "debugger", c);
}

static void test_exits(bool pauth)
{
	struct probe *p = create(pauth);
	const u64 *x = p->shared[0].ctx.out.x;
	unsigned int i;

	has_wfxt = SYS_FIELD_GET(ID_AA64ISAR2_EL1, WFxT,
				 vcpu_get_reg(p->vcpu[0],
					      KVM_ARM64_SYS_REG(SYS_ID_AA64ISAR2_EL1)));
	start_signals();
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		test_watched(p, &cases[i]);
	end_signals();
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		test_bare(p, &cases[i]);
	/* Signals no longer end the wait, but this one if the guest would wait for ever. */
	alarm(10);
	result(take_exit(p, &cases[WFIT], run) && x[10] >= x[9], "ends", &cases[WFIT]);
	alarm(0);
	probe_free(p);
}

/* After a call, EL2 steps over no instruction and injects no abort, whatever the host says. */
static void test_flags(void)
{
	static const struct exit_case off = {
		.insns = { HVC, 0xd2800025 /* mov x5, #1 */ },
		.x0 = PSCI_0_2_FN_SYSTEM_OFF, .x5 = 1, .is_smccc = true,
	};
	static const u64 flags[] = { 0, PENDING_EXCEPTION, INCREMENT_PC };
	struct probe *p = create(false);
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < ARRAY_SIZE(flags); i++) {
		false_iflags = flags[i];
		ok = take_exit(p, &off, run) &&
		     p->shared[0].ctx.out.x[0] == (u64)PSCI_RET_INTERNAL_FAILURE;
	}
	ksft_test_result(ok, "flags\n");
	probe_free(p);
}

/* vCPUs without the library's code. They store the registers with which they start. */
#define CODE_GPA	0x40000000UL

static const u32 store_regs[] = {
	0xd2a1400a,	/* mov x10, #MMIO_GPA */
	0xf9000140,	/* str x0, [x10] */
	0xf9000143,	/* str x3, [x10] */
	0xf9000144,	/* str x4, [x10] */
	0xd53bd049,	/* mrs x9, tpidr_el0 */
	0xf9000149,	/* str x9, [x10] */
	0xd5381009,	/* mrs x9, sctlr_el1 */
	0xf9000149,	/* str x9, [x10] */
	0xd2974c00,	/* mov x0, #KVM_PSCI_FN_CPU_ON */
	0xf2b2b820,
	0xd4000002,	/* hvc #0 */
	0xf9000140,	/* str x0, [x10] */
	0xd2800080,	/* mov x0, #PSCI_0_2_FN64_AFFINITY_INFO */
	0xf2b88000,
	0xd2800021,	/* mov x1, #1 */
	0xd2800002,	/* mov x2, #0 */
	0xd4000002,	/* hvc #0 */
	0xf9000140,	/* str x0, [x10] */
	0xd2800060,	/* mov x0, #PSCI_0_2_FN64_CPU_ON */
	0xf2b88000,
	0xd2800021,	/* mov x1, #1 */
	0xd2a80002,	/* mov x2, #CODE_GPA */
	0x91400442,	/* add x2, x2, #4096 */
	0xd29bd5a3,	/* mov x3, #0xdead */
	0xd4000002,	/* hvc #0 */
	0xf9000140,	/* str x0, [x10] */
	0x17fffff2,	/* b to the AFFINITY_INFO */
};

static const u32 second_code[] = {
	0xd2a1400a,	/* mov x10, #MMIO_GPA */
	0xf9000140,	/* str x0, [x10] */
	0xd53bd049,	/* mrs x9, tpidr_el0 */
	0xf9000149,	/* str x9, [x10] */
	0xd5381009,	/* mrs x9, sctlr_el1 */
	0xf9000149,	/* str x9, [x10] */
	0x52800040,	/* mov w0, #PSCI_0_2_FN_CPU_OFF */
	0x72b08000,
	0xd4000002,	/* hvc #0 */
	0xf9000140,	/* str x0, [x10] */
	0x14000000,	/* b . */
};

static u64 next_store(struct kvm_vcpu *vcpu)
{
	if (__vcpu_run(vcpu) || vcpu->run->exit_reason != KVM_EXIT_MMIO) {
		ksft_print_msg("KVM_RUN: %s, exit reason %u\n", strerror(errno),
			       vcpu->run->exit_reason);
		return -1UL;
	}
	return *(u64 *)vcpu->run->mmio.data;
}

static bool run_fails(struct kvm_vcpu *vcpu)
{
	return __vcpu_run(vcpu) && errno == EINVAL &&
	       vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY;
}

static void set_mp_state(struct kvm_vcpu *vcpu, u32 state)
{
	struct kvm_mp_state mp_state = { .mp_state = state };

	vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &mp_state);
}

/* The boot vCPU asks whether the other vCPU is on, and turns it on. */
static bool answers(struct kvm_vcpu *vcpu, u64 affinity_info, u64 cpu_on)
{
	return next_store(vcpu) == affinity_info && next_store(vcpu) == cpu_on;
}

static void test_power(void)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu[2];
	struct kvm_vm *vm;
	u64 sctlr, kvm, features;
	bool ok;
	int i;

	vm = vm_create_barebones_type(KVM_VM_TYPE_ARM_PROTECTED);
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, CODE_GPA, 0,
				    vm_calc_num_guest_pages(vm->mode, SZ_64K), 0);
	memcpy(addr_gpa2hva(vm, CODE_GPA), store_regs, sizeof(store_regs));
	memcpy(addr_gpa2hva(vm, CODE_GPA + 4096), second_code, sizeof(second_code));
	/* This asks for no PSCI 0.2. */
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	for (i = 0; i < 2; i++) {
		vcpu[i] = __vm_vcpu_add(vm, i);
		vcpu_ioctl(vcpu[i], KVM_ARM_VCPU_INIT, &init);
		vcpu_set_reg(vcpu[i], ARM64_CORE_REG(regs.pc), CODE_GPA);
		vcpu_set_reg(vcpu[i], ARM64_CORE_REG(regs.regs[0]), 0x1110);
		vcpu_set_reg(vcpu[i], ARM64_CORE_REG(regs.regs[3]), 0x1113);
		vcpu_set_reg(vcpu[i], ARM64_CORE_REG(regs.regs[4]), 0x1114);
		vcpu_set_reg(vcpu[i], KVM_ARM64_SYS_REG(SYS_TPIDR_EL0), 0x1115);
	}
	sctlr = vcpu_get_reg(vcpu[0], KVM_ARM64_SYS_REG(SYS_SCTLR_EL1));
	vcpu_set_reg(vcpu[0], KVM_ARM64_SYS_REG(SYS_SCTLR_EL1), sctlr | SCTLR_ELx_EE);

	/* EL2 makes the VM while the host denies that it has PSCI 0.2. */
	kvm = hostile_object(vm, -1);
	features = hostile_peek(kvm, "kvm.arch.vcpu_features");
	hostile_poke(kvm, "kvm.arch.vcpu_features", 0);
	ok = next_store(vcpu[0]) == 0x1110 && next_store(vcpu[0]) == 0x1113 &&
	     next_store(vcpu[0]) == 0 && next_store(vcpu[0]) == 0 &&
	     next_store(vcpu[0]) == sctlr;
	hostile_poke(kvm, "kvm.arch.vcpu_features", features);
	ksft_test_result(ok, "boot vCPU\n");

	/* The VM has PSCI 0.2 although nobody has asked for it. */
	ok = next_store(vcpu[0]) == (u64)PSCI_RET_NOT_SUPPORTED;
	ksft_test_result(ok, "PSCI 0.1\n");

	/* KVM says that the vCPU is RUNNABLE, but EL2 knows that it is off. */
	ksft_test_result(run_fails(vcpu[1]), "MP_STATE\n");

	/* KVM takes the vCPU to be on, and refuses to turn it on. */
	ok = answers(vcpu[0], PSCI_0_2_AFFINITY_LEVEL_ON, PSCI_RET_ALREADY_ON);
	ksft_test_result(ok && run_fails(vcpu[1]), "CPU_ON that is refused\n");

	set_mp_state(vcpu[1], KVM_MP_STATE_STOPPED);
	__vcpu_set_reg(vcpu[1], ARM64_CORE_REG(regs.pc), CODE_GPA);
	ok = answers(vcpu[0], PSCI_0_2_AFFINITY_LEVEL_OFF, PSCI_RET_SUCCESS);
	__vcpu_set_reg(vcpu[1], ARM64_CORE_REG(regs.pc), CODE_GPA);
	ok = ok && next_store(vcpu[1]) == 0xdead &&
	     next_store(vcpu[1]) == 0 && next_store(vcpu[1]) == sctlr;
	ksft_test_result(ok, "CPU_ON that starts it\n");

	/* KVM takes the vCPU to be off. */
	set_mp_state(vcpu[1], KVM_MP_STATE_STOPPED);
	ok = answers(vcpu[0], PSCI_0_2_AFFINITY_LEVEL_ON, PSCI_RET_ALREADY_ON);
	set_mp_state(vcpu[1], KVM_MP_STATE_RUNNABLE);
	ksft_test_result(ok, "CPU_ON of one that is on\n");

	/* The host refuses the call, and runs the vCPU on. */
	hostile_poke(kvm, "kvm.arch.vcpu_features", 0);
	ok = run_fails(vcpu[1]);
	hostile_poke(kvm, "kvm.arch.vcpu_features", features);
	set_mp_state(vcpu[1], KVM_MP_STATE_STOPPED);
	ok = ok && answers(vcpu[0], PSCI_0_2_AFFINITY_LEVEL_OFF, PSCI_RET_SUCCESS) &&
	     next_store(vcpu[1]) == 0xdead;
	ksft_test_result(ok, "CPU_OFF\n");
	kvm_vm_free(vm);
}

/*
 * The host's kernel reads a page of the guest, and so takes the page from the guest.
 * The page is memory and no device, so the host must neither see a store to it nor
 * complete the store.
 */
static void test_taken_back(void)
{
	static const struct exit_case store = { "store", { 0xf9000024 /* str x4, [x1] */ } };
	struct probe *p = create(false);
	struct kvm_vcpu *vcpu = p->vcpu[0];
	u64 *hva = addr_gpa2hva(p->vm, fresh_gpa), val = -1UL;
	int fd = open("/proc/self/mem", O_RDONLY);
	bool ok;

	ok = take_exit(p, &store, run);
	vcpu_clear_x0(vcpu);
	ok &= pread(fd, &val, sizeof(val), (off_t)hva) == sizeof(val) && !val;
	ok &= !take_exit(p, &store, run) && find_secret(vcpu) < 0;
	set_iflags(vcpu, INCREMENT_PC);
	ok &= !run(p, vcpu, &store);
	ksft_test_result(ok, "memory that was taken back\n");

	close(fd);
	probe_free(p);
}

int main(void)
{
	bool pauth;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	hostile_open();
	ksft_set_plan(NR_RESULTS * ARRAY_SIZE(cases) + 10);
	pin_self_to_cpu(0);
	pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);

	test_power();
	test_exits(pauth);
	test_flags();
	test_taken_back();

	ksft_finished();
}
