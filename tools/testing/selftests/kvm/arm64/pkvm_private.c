// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_private - the registers of a protected VM are private from the host.
 *
 * The guest has a secret in its general, FP and system registers while it exits
 * in every way that it can. On another CPU, the hostile module looks for the
 * secret in all of the host's struct kvm_vcpu, and later writes lies there.
 *
 *  no secret: EXIT	neither struct kvm_vcpu nor struct kvm_run have had it
 *  right: EXIT		and the guest gets what it should, in the right register
 *  lies: EXIT		no matter what the host writes into its copy
 *  memory that was ...	taken back from the guest by force is no device
 *  flags		an instruction that the host is not told of is not stepped
 *			over, nor does it fail
 *  boot vCPU		starts in the reset state, but for PC, X0-X3 and PSTATE
 *  MP_STATE		does not turn on a vCPU
 *  CPU_ON ...		does, where the guest says; not if the host has refused
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

/* What is looked for are the upper halves of these. */
#define SECRET		0x5ec3e75eUL
#define SECRET_X(i)	(SECRET << 32 | 0x5000 | (i))

#define MMIO_GPA	0x0a000000UL
#define MMIO_DATUM	0xfedcba9876543210UL
#define NR_ROUNDS	20

#define HVC		0xd4000002
#define DABT(fsc)	((u64)ESR_ELx_EC_DABT_CUR << ESR_ELx_EC_SHIFT | ESR_ELx_IL | (fsc))
#define MEM_SHARE	ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID

static gva_t mmio_gva, fresh_gva;
static gpa_t fresh_gpa;

/* The hostile host */

/* Return where the host has the secret, or -1. */
static int find_secret(struct kvm_vcpu *vcpu)
{
	u64 va = hostile_object(vcpu->vm, vcpu->id), at;
	u64 size = hostile_datum("sizeof(vcpu)").value;
	struct hostile_step steps[HOSTILE_MAX_STEPS];
	int i;

	for (at = 0; at < size; at += sizeof(steps[0].x[0]) * ARRAY_SIZE(steps)) {
		for (i = 0; i < ARRAY_SIZE(steps); i++)
			steps[i] = (struct hostile_step) {
				.op = HOSTILE_READ, .size = 8, .at = va + at + 8 * i,
			};
		hostile_run_steps(steps, ARRAY_SIZE(steps));
		for (i = 0; i < ARRAY_SIZE(steps); i++)
			if (!steps[i].err && steps[i].x[0] >> 32 == SECRET)
				return at + 8 * i;
	}
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
			/* To the host, the guest is a little-endian one. */
			.x = { 0x1e5 },
		};
	hostile_run_steps(steps, ARRAY_SIZE(steps));
}

/* What KVM has for instructions to be stepped over, and for exceptions. */
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

static void *watch(void *unused)
{
	sigset_t alarm;
	int at;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	pin_self_to_cpu(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	while (!READ_ONCE(stop_watching)) {
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

static u64 guest_fill(struct probe_shared *s, const u64 *args)
{
	write_sysreg(SECRET_X(0x103), far_el1);
	if (args[0]) {
		write_sysreg_s(SECRET_X(0x105), SYS_APIAKEYLO_EL1);
		write_sysreg_s(SECRET_X(0x106), SYS_APGAKEYHI_EL1);
	}
	isb();
	return 0;
}

/* As probe_run(), but the secret is in the upper FP registers, too. */
static u64 guest_run(struct probe_shared *s, const u64 *args)
{
	u32 *code = (u32 *)s->ctx.in.pc;
	u64 nr = args[0], i, fp, bad = 0;

	for (i = 0; i < nr; i++)
		code[i] = s->insns[i];
	code[nr] = PROBE_END_INSN;
	probe_sync_code(code, (nr + 1) * sizeof(*code));

	write_sysreg(SECRET_X(0x100), tpidr_el0);
	fp = SECRET_X(0x200);
	asm volatile("dup v8.2d, %0\n dup v16.2d, %0\n dup v24.2d, %0\n dup v31.2d, %0"
		     :: "r" (fp) : "v8", "v16", "v24", "v31");
	probe_enter(&s->ctx);
	for (i = 0; i < 2; i++) {
		if (i)
			asm volatile("umov %0, v31.d[1]" : "=r" (fp));
		else
			asm volatile("umov %0, v16.d[0]" : "=r" (fp));
		bad += fp != SECRET_X(0x200);
	}
	bad += read_sysreg(tpidr_el0) != SECRET_X(0x100);

	return bad;
}

/* The exits */

struct exit_case {
	const char *name;
	u32 insns[12];
	u64 x0, x1, x2;
	/* What X5 has to be afterwards; 0: as before. */
	u64 x5;
	u64 esr;	/* 0: the instructions complete */
	bool is_smccc;	/* X0 to X3 are the results */
	bool is_be_el0;
	u16 stored;	/* what the device gets */
	u8 scratch;	/* so many registers from X8 on are the instructions' */
};

#define LDR_X5_X2	0xf9400045
#define PTE_AP_EL0	BIT(6)

/* X2 is the device, X1 memory that the guest has not touched. */
static const struct exit_case cases[] = {
	{ "interrupts", { 0xd2a00209 /* mov x9, #0x100000 */, 0xf1000529 /* subs x9, x9, #1 */,
			  0x54ffffe1 /* b.ne */ }, .scratch = 2 },
	{ "PSCI_VERSION", { HVC }, .x0 = PSCI_0_2_FN_PSCI_VERSION, .is_smccc = true },
	{ "unknown call", { HVC }, .x0 = SECRET << 32 | 0xc600ffff,
	  .is_smccc = true },
	{ "MEM_SHARE of a new page", { HVC }, .x0 = MEM_SHARE, .is_smccc = true },
	{ "load of a new page", { 0xf9400025 /* ldr x5, [x1] */ }, .x5 = -1UL },
	{ "WFI", { 0xd503207f } },
	{ "SGI", { PROBE_MSR(SYS_ICC_SGI1R_EL1, 31) } },
	{ "CNTP_CTL_EL0", { PROBE_MRS(SYS_CNTP_CTL_EL0, 5) }, .x5 = -1UL },
	{ "ldr x", { LDR_X5_X2 }, .x5 = MMIO_DATUM },
	{ "ldr w", { 0xb9400045 }, .x5 = 0x76543210 },
	{ "ldrh", { 0x79400045 }, .x5 = 0x3210 },
	{ "ldrsb x", { 0x39802045 /* [x2, #8] */ }, .x5 = -16UL },
	{ "ldrsh w", { 0x79c02045 /* [x2, #16] */ }, .x5 = 0xfffffedc },
	{ "ldrsw", { 0xb9802045 /* [x2, #32] */ }, .x5 = 0xfffffffffedcba98 },
	{ "big-endian ldr w", { 0xb9400045 }, .x5 = 0x10325476, .is_be_el0 = true },
	{ "big-endian strh w4", { 0x79000044 }, .is_be_el0 = true, .stored = 0x0450 },
	{ "str wzr", { 0xb900005f } },
	{ "strb w4", { 0x39000044 }, .stored = 0x04 },
	{ "strh w4", { 0x79000044 }, .stored = 0x5004 },
	{ "ldp", { 0xa9401845 /* ldp x5, x6, [x2] */ }, .esr = DABT(ESR_ELx_FSC_EXTABT) },
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

static u16 stored;

/* Run until the guest waits for calls, and be its device meanwhile. */
static bool run(struct probe *p, struct kvm_vcpu *vcpu)
{
	struct kvm_run *r = vcpu->run;
	struct ucall uc;

	for (;;) {
		struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE };
		u64 val;

		if (__vcpu_run(vcpu)) {
			if (errno == EINTR)
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
		val = mmio_load(r->mmio.phys_addr);
		if (r->mmio.is_write)
			memcpy(&stored, r->mmio.data, min_t(u32, r->mmio.len, sizeof(stored)));
		else
			memcpy(r->mmio.data, &val, r->mmio.len);
	}
	if (get_ucall(vcpu, &uc) == UCALL_SYNC)
		return true;
	ksft_print_msg("exit %s, ucall %lu\n", exit_reason_str(r->exit_reason), uc.cmd);
	return false;
}

static bool is_right(const struct exit_case *c, const struct probe_in *in,
		     const struct probe_out *out, unsigned int nr)
{
	unsigned int i;
	bool ok = true;

	if (c->esr ? out->esr != c->esr || out->far != in->x[2] || out->elr != in->pc :
		     !probe_completed(in, out, nr)) {
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
		ksft_print_msg("the device gets 0x%x\n", stored);
		ok = false;
	}
	return ok;
}

static bool take_exit(struct probe *p, const struct exit_case *c)
{
	struct kvm_vcpu *vcpu = p->vcpu[0];
	struct probe_shared *s = &p->shared[0];
	struct probe_in *in = &s->ctx.in;
	unsigned int i, nr;

	for (nr = 0; nr < ARRAY_SIZE(c->insns) && c->insns[nr]; nr++)
		;
	probe_init_in(p, c->is_be_el0 ? PSR_MODE_EL0t : PSR_MODE_EL1h, in);
	if (c->is_be_el0)
		in->sctlr |= SCTLR_EL1_E0E;
	for (i = 0; i < 31; i++)
		in->x[i] = SECRET_X(i);
	in->x[0] = c->x0 ?: SECRET_X(0);
	in->x[1] = fresh_gva;
	in->x[2] = mmio_gva;
	if (c->x0 == MEM_SHARE) {
		in->x[1] = fresh_gpa + p->vm->page_size;
		in->x[2] = 0;
		in->x[3] = 0;
	}
	in->sp_el0 = SECRET_X(0x102);
	in->pc = (u64)probe_pages[c->is_be_el0 ? PROBE_PAGE_EL0 : PROBE_PAGE_EL1];
	in->vbar = (u64)probe_vectors_a;
	memcpy(s->insns, c->insns, nr * sizeof(c->insns[0]));
	s->args[0] = nr;
	s->fn = guest_run;
	stored = 0;

	if (!run(p, vcpu))
		return false;
	if (s->ret)
		ksft_print_msg("%lu wrong FP and system registers\n", s->ret);
	return !s->ret && is_right(c, in, &s->ctx.out, nr);
}

static void start_watching(struct kvm_vcpu *vcpu, int how, pthread_t *thread)
{
	watched = vcpu;
	watch_how = how;
	found_at = -1;
	WRITE_ONCE(stop_watching, false);
	pthread_create(thread, NULL, watch, NULL);
}

static void end_watching(pthread_t thread)
{
	WRITE_ONCE(stop_watching, true);
	pthread_join(thread, NULL);
}

static u64 guest_nop(struct probe_shared *s, const u64 *args)
{
	return 0;
}

static void on_alarm(int sig)
{
}

/* WFI ends when a signal comes, as it may. */
static void start_signals(void)
{
	const struct itimerval often = {
		.it_value.tv_usec = 10000, .it_interval.tv_usec = 10000,
	};
	const struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void end_signals(void)
{
	const struct itimerval never = {};

	setitimer(ITIMER_REAL, &never, NULL);
}

static struct probe *create(bool pauth)
{
	const struct probe_cfg cfg = { .vgic = true, .pauth = pauth };
	struct probe *p = probe_create(&cfg);

	mmio_gva = vm_unused_gva_gap(p->vm, p->vm->page_size, KVM_UTIL_MIN_VADDR);
	virt_map(p->vm, mmio_gva, MMIO_GPA, 1);
	*virt_get_pte_hva(p->vm, mmio_gva) |= PTE_AP_EL0;
	fresh_gva = vm_alloc_pages(p->vm, 2);
	fresh_gpa = addr_gva2gpa(p->vm, fresh_gva);
	TEST_ASSERT(!probe_call(p, 0, guest_nop), "%s", p->error);
	p->shared[0].args[0] = pauth;
	TEST_ASSERT(!probe_call(p, 0, guest_fill), "%s", p->error);

	return p;
}

static void test_exits(bool pauth)
{
	struct probe *p = create(pauth);
	pthread_t thread;
	unsigned int i, j;
	bool ok;

	start_signals();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start_watching(p->vcpu[0], LOOK, &thread);
		for (j = 0, ok = true; ok && j < NR_ROUNDS; j++)
			ok = take_exit(p, &cases[i]);
		end_watching(thread);
		if (found_at < 0)
			found_at = find_secret(p->vcpu[0]);
		if (found_at >= 0)
			ksft_print_msg("the secret is at 0x%x\n", found_at);
		ksft_test_result(found_at < 0, "no secret: %s\n", cases[i].name);
		ksft_test_result(ok, "right: %s\n", cases[i].name);
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start_watching(p->vcpu[0], LIE, &thread);
		for (j = 0, ok = true; ok && j < NR_ROUNDS; j++)
			ok = take_exit(p, &cases[i]);
		end_watching(thread);
		ksft_test_result(ok, "lies: %s\n", cases[i].name);
	}
	end_signals();
	probe_free(p);
}

/* Nothing is to be stepped over after a call, and no call fails by an abort. */
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
		ok = take_exit(p, &off) &&
		     p->shared[0].ctx.out.x[0] == (u64)PSCI_RET_INTERNAL_FAILURE;
	}
	ksft_test_result(ok, "flags\n");
	probe_free(p);
}

/* A vCPU of nobody's library: it stores what it has. */
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
	0xd2800060,	/* mov x0, #PSCI_0_2_FN64_CPU_ON */
	0xf2b88000,
	0xd2800021,	/* mov x1, #1 */
	0xd2a80002,	/* mov x2, #CODE_GPA */
	0x91400442,	/* add x2, x2, #4096 */
	0xd29bd5a3,	/* mov x3, #0xdead */
	0xd4000002,	/* hvc #0 */
	0xf9000140,	/* str x0, [x10] */
	0x17fffff8,	/* b to the CPU_ON */
};

static const u32 second_code[] = {
	0xd2a1400a,	/* mov x10, #MMIO_GPA */
	0xf9000140,	/* str x0, [x10] */
	0xd53bd049,	/* mrs x9, tpidr_el0 */
	0xf9000149,	/* str x9, [x10] */
	0xd5381009,	/* mrs x9, sctlr_el1 */
	0xf9000149,	/* str x9, [x10] */
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

static void test_power(void)
{
	struct kvm_vm *vm = vm_create_barebones_type(KVM_VM_TYPE_ARM_PROTECTED);
	struct kvm_vcpu_init init;
	struct kvm_vcpu *vcpu[2];
	bool ok;
	u64 sctlr, ret;
	int i;

	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, CODE_GPA, 0,
				    vm_calc_num_guest_pages(vm->mode, SZ_64K), 0);
	memcpy(addr_gpa2hva(vm, CODE_GPA), store_regs, sizeof(store_regs));
	memcpy(addr_gpa2hva(vm, CODE_GPA + 4096), second_code, sizeof(second_code));
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
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

	ok = next_store(vcpu[0]) == 0x1110 && next_store(vcpu[0]) == 0x1113 &&
	     next_store(vcpu[0]) == 0 && next_store(vcpu[0]) == 0 &&
	     next_store(vcpu[0]) == sctlr;
	ksft_test_result(ok, "boot vCPU\n");

	/* It is RUNNABLE, but off. */
	ksft_test_result(run_fails(vcpu[1]), "MP_STATE\n");

	/* As the host takes it to be on, it refuses. */
	ret = next_store(vcpu[0]);
	ksft_test_result(ret == (u64)PSCI_RET_ALREADY_ON && run_fails(vcpu[1]),
			 "CPU_ON that is refused\n");

	set_mp_state(vcpu[1], KVM_MP_STATE_STOPPED);
	__vcpu_set_reg(vcpu[1], ARM64_CORE_REG(regs.pc), CODE_GPA);
	ret = next_store(vcpu[0]);
	__vcpu_set_reg(vcpu[1], ARM64_CORE_REG(regs.pc), CODE_GPA);
	ok = ret == PSCI_RET_SUCCESS && next_store(vcpu[1]) == 0xdead &&
	     next_store(vcpu[1]) == 0 && next_store(vcpu[1]) == sctlr;
	ksft_test_result(ok, "CPU_ON that starts it\n");

	ok = next_store(vcpu[0]) == (u64)PSCI_RET_ALREADY_ON;
	ksft_test_result(ok, "CPU_ON of one that is on\n");
	kvm_vm_free(vm);
}

/*
 * The kernel of the host reads a page of the guest, which takes the page back. It
 * is memory still, so neither is a store there the host's to see, nor is it the
 * host's to complete.
 */
static void test_taken_back(void)
{
	static const struct exit_case store = { "store", { 0xf9000024 /* str x4, [x1] */ } };
	struct probe *p = create(false);
	struct kvm_vcpu *vcpu = p->vcpu[0];
	u64 *hva = addr_gpa2hva(p->vm, fresh_gpa), val = -1UL;
	int fd = open("/proc/self/mem", O_RDONLY);
	bool ok;

	ok = take_exit(p, &store);
	vcpu_clear_x0(vcpu);
	ok &= pread(fd, &val, sizeof(val), (off_t)hva) == sizeof(val) && !val;
	ok &= !take_exit(p, &store) && find_secret(vcpu) < 0;
	set_iflags(vcpu, INCREMENT_PC);
	ok &= !run(p, vcpu);
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
	ksft_set_plan(3 * ARRAY_SIZE(cases) + 7);
	pin_self_to_cpu(0);
	pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);

	test_power();
	test_exits(pauth);
	test_flags();
	test_taken_back();

	ksft_finished();
}
