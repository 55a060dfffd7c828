// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run instructions in a guest and see exactly what comes of them, see probe.h.
 */
#include <linux/sizes.h>
#include <signal.h>
#include <sys/time.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "ucall_common.h"

#define PROBE_SECONDS		8	/* until a guest is lost */
#define PROBE_STACK_SIZE	SZ_16K
#define FSC_DEBUG		0x22

kvm_static_assert(offsetof(struct probe_ctx, in.pstate) == PROBE_IN_PSTATE);
kvm_static_assert(offsetof(struct probe_ctx, in.have) == PROBE_IN_HAVE);
kvm_static_assert(offsetof(struct probe_ctx, out) == PROBE_OUT);
kvm_static_assert(offsetof(struct probe_ctx, out.vector) == PROBE_OUT_VECTOR);
kvm_static_assert(offsetof(struct probe_ctx, out.sp_el0) == PROBE_OUT_SP_EL0);
kvm_static_assert(offsetof(struct probe_ctx, saved) == PROBE_SAVED);

u8 probe_pages[PROBE_NR_PAGES][PROBE_PAGE_SIZE] __aligned(PROBE_PAGE_SIZE);

/* The guest's side */

static void probe_guest_main(struct probe_shared *s)
{
	for (;;) {
		GUEST_SYNC(0);
		s->ret = s->fn(s, s->args);
	}
}

void probe_sync_code(void *start, size_t size)
{
	u64 addr;

	/* No line is shorter than this. CTR_EL0 is under test, so do not rely on it. */
	for (addr = (u64)start; addr < (u64)start + size; addr += 16)
		asm volatile("dc cvau, %0" :: "r" (addr) : "memory");
	dsb(ish);
	for (addr = (u64)start; addr < (u64)start + size; addr += 16)
		asm volatile("ic ivau, %0" :: "r" (addr) : "memory");
	dsb(ish);
	isb();
}

static u32 *probe_code(u64 pstate)
{
	return (u32 *)probe_pages[(pstate & PSR_MODE_MASK) == PSR_MODE_EL0t ?
				  PROBE_PAGE_EL0 : PROBE_PAGE_EL1];
}

static u64 probe_guest_run(struct probe_shared *s, const u64 *args)
{
	u32 *code = probe_code(s->ctx.in.pstate);
	u64 nr = args[0], i;

	for (i = 0; i < nr; i++)
		code[i] = s->insns[i];
	code[nr] = PROBE_END_INSN;
	probe_sync_code(code, (nr + 1) * sizeof(*code));
	probe_enter(&s->ctx);

	return 0;
}

/* data[] holds args[0] encodings. Replace them by values, and add as many ESRs, or 0. */
static u64 probe_guest_read(struct probe_shared *s, const u64 *args)
{
	u32 *code = probe_code(s->ctx.in.pstate);
	u64 nr = args[0], i;

	for (i = 0; i < nr; i++) {
		code[0] = PROBE_MRS(s->data[i], 0);
		code[1] = PROBE_END_INSN;
		probe_sync_code(code, 2 * sizeof(*code));
		probe_enter(&s->ctx);
		s->data[nr + i] = s->ctx.out.esr == PROBE_END_ESR ? 0 : s->ctx.out.esr;
		s->data[i] = s->data[nr + i] ? 0 : s->ctx.out.x[0];
	}

	return 0;
}

/* Turn on vCPU args[0], which was not there when the boot vCPU started. */
static u64 probe_guest_cpu_on(struct probe_shared *s, const u64 *args)
{
	return pvm_guest_cpu_on(args[0], (void *)probe_guest_main, args[1]);
}

/* The test's side */

static int __printf(3, 4) probe_fail(struct probe *p, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	p->lost = true;

	return err;
}

static void on_alarm(int sig)
{
}

/* Run @vcpu until it waits for the next call, for a limited time. */
static int probe_wait(struct probe *p, struct kvm_vcpu *vcpu)
{
	/* A signal that comes before KVM_RUN begins does not end it, but a later one does. */
	const struct itimerval on = {
		.it_value.tv_sec = p->cfg.seconds ?: PROBE_SECONDS, .it_interval.tv_sec = 1,
	};
	const struct sigaction sa = { .sa_handler = on_alarm };
	const struct itimerval off = {};
	struct ucall uc = {};
	int ret, err;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &on, NULL);
	ret = __vcpu_run(vcpu);
	err = errno;
	setitimer(ITIMER_REAL, &off, NULL);

	if (ret)
		return probe_fail(p, -err, "KVM_RUN: %s, exit reason %s", strerror(err),
				  exit_reason_str(vcpu->run->exit_reason));

	switch (get_ucall(vcpu, &uc)) {
	case UCALL_SYNC:
		return 0;
	case UCALL_UNHANDLED:
		return probe_fail(p, -EFAULT, "the guest died: vector %lu, EC 0x%lx",
				  uc.args[0], uc.args[1]);
	case UCALL_ABORT:
		return probe_fail(p, -EFAULT, "the guest failed: %s", uc.buffer);
	default:
		return probe_fail(p, -EPROTO, "exit %s",
				  exit_reason_str(vcpu->run->exit_reason));
	}
}

void probe_get_init(struct probe *p, struct kvm_vcpu_init *init)
{
	vm_ioctl(p->vm, KVM_ARM_PREFERRED_TARGET, init);
	init->features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	if (p->cfg.pauth)
		init->features[0] |= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
				     BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
}

static gva_t shared_gva(struct probe *p, unsigned int cpu)
{
	return p->shared_gva + cpu * sizeof(*p->shared);
}

static gva_t stack_end(struct probe *p, unsigned int cpu)
{
	return p->stacks + (cpu + 1) * PROBE_STACK_SIZE;
}

void probe_init_vcpu(struct probe *p, unsigned int cpu)
{
	struct kvm_vcpu *vcpu = p->vcpu[cpu];
	struct kvm_vcpu_init init;

	probe_get_init(p, &init);
	aarch64_vcpu_setup(vcpu, &init);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(sp_el1), stack_end(p, cpu));
	vcpu_arch_set_entry_point(vcpu, probe_guest_main);
	vcpu_args_set(vcpu, 1, shared_gva(p, cpu));
	vcpu_init_descriptor_tables(vcpu);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1), CPACR_OPEN);
	p->started[cpu] = false;
	p->initialized |= BIT(cpu);
}

static void probe_build(struct probe *p)
{
	unsigned int i, cpu, nr = p->cfg.nr_vcpus ?: 1;
	enum vm_guest_mode mode = p->cfg.mode ?: VM_MODE_DEFAULT;

	test_set_default_vgic(p->cfg.vgic);
	p->vm = __vm_create(p->cfg.ordinary ? VM_SHAPE(mode) : VM_SHAPE_PROTECTED(mode),
			    nr, 64);
	vm_init_descriptor_tables(p->vm);
	*virt_get_pte_hva(p->vm, (gva_t)probe_pages[PROBE_PAGE_EL0]) |= PTE_AP_EL0;
	*virt_get_pte_hva(p->vm, (gva_t)probe_pages[PROBE_PAGE_DATA]) |= PTE_AP_EL0;
	p->shared_gva = vm_alloc_shared(p->vm, nr * sizeof(*p->shared),
					KVM_UTIL_MIN_VADDR, MEM_REGION_DATA);
	p->shared = addr_gva2hva(p->vm, p->shared_gva);
	p->stacks = __vm_alloc(p->vm, nr * PROBE_STACK_SIZE, KVM_UTIL_MIN_VADDR,
			       MEM_REGION_DATA);

	p->boot = -1;
	p->initialized = 0;
	for (i = 0; i < nr; i++) {
		p->vcpu[i] = __vm_vcpu_add(p->vm, i);
		if (!p->cfg.ordinary)
			pvm_vcpu_set_stack(p->vcpu[i], stack_end(p, i));
	}
	for (i = 0; i < nr - p->cfg.nr_late; i++) {
		cpu = p->cfg.init_order ? p->cfg.init_order[i] : i;
		probe_init_vcpu(p, cpu);
		p->sctlr = vcpu_get_reg(p->vcpu[cpu], KVM_ARM64_SYS_REG(SYS_SCTLR_EL1));
	}
	kvm_arch_vm_finalize_vcpus(p->vm);
	p->lost = false;
}

struct probe *probe_create(const struct probe_cfg *cfg)
{
	struct probe *p = calloc(1, sizeof(*p));

	TEST_ASSERT(p, "No memory");
	TEST_ASSERT(cfg->nr_vcpus <= ARRAY_SIZE(p->vcpu), "Too many vCPUs");
	p->cfg = *cfg;
	probe_build(p);

	return p;
}

void probe_free(struct probe *p)
{
	kvm_vm_free(p->vm);
	free(p);
}

/* A lost guest cannot be used any more, so make a new VM. */
void probe_revive(struct probe *p)
{
	if (!p->lost)
		return;
	kvm_vm_free(p->vm);
	probe_build(p);
}

/* The boot vCPU turns on the vCPUs that are initialised when it starts. Ask for later ones. */
static int probe_turn_on(struct probe *p, unsigned int cpu)
{
	struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
	int ret;

	if (p->boot < 0) {
		p->boot = cpu;
		p->on_at_boot = p->initialized;
	}
	if (p->cfg.ordinary || p->on_at_boot & BIT(cpu))
		return 0;

	vcpu_ioctl(p->vcpu[cpu], KVM_SET_MP_STATE, &off);
	p->shared[p->boot].args[0] = cpu;
	p->shared[p->boot].args[1] = shared_gva(p, cpu);
	ret = probe_call(p, p->boot, probe_guest_cpu_on);
	if (!ret && p->shared[p->boot].ret)
		ret = probe_fail(p, -EPROTO, "CPU_ON of vCPU %u: %ld", cpu,
				 (long)p->shared[p->boot].ret);

	return ret;
}

int probe_call(struct probe *p, unsigned int cpu, probe_fn *fn)
{
	int ret;

	/* The first run ends where the guest waits for calls. */
	if (!p->started[cpu]) {
		ret = probe_turn_on(p, cpu);
		if (ret)
			return ret;
		ret = probe_wait(p, p->vcpu[cpu]);
		if (ret)
			return ret;
		p->started[cpu] = true;
	}
	p->shared[cpu].fn = fn;

	return probe_wait(p, p->vcpu[cpu]);
}

static int __probe_run(struct probe *p, const u32 *insns, unsigned int nr,
		       struct probe_in *in, struct probe_out *out)
{
	struct probe_shared *s;
	int ret;

	TEST_ASSERT(nr < PROBE_MAX_INSNS, "Too many instructions: %u", nr);
	probe_revive(p);

	s = &p->shared[p->cpu];
	in->pc = (u64)probe_code(in->pstate);
	in->vbar = in->vbar ?: (u64)probe_vectors_a;
	in->have = p->have;
	s->ctx.in = *in;
	memcpy(s->insns, insns, nr * sizeof(*insns));
	s->args[0] = nr;

	ret = probe_call(p, p->cpu, probe_guest_run);
	if (!ret)
		*out = s->ctx.out;

	return ret;
}

/* Which fields of PSTATE can MRS read on this CPU? Nothing traps them. */
static int probe_find_have(struct probe *p)
{
	static const u32 regs[] = {
		[PROBE_HAVE_ALLINT]	= SYS_ALLINT,
		[PROBE_HAVE_SSBS]	= sys_reg(3, 3, 4, 2, 6),
		[PROBE_HAVE_PAN]	= sys_reg(3, 0, 4, 2, 3),
		[PROBE_HAVE_UAO]	= sys_reg(3, 0, 4, 2, 4),
		[PROBE_HAVE_DIT]	= sys_reg(3, 3, 4, 2, 5),
		[PROBE_HAVE_TCO]	= sys_reg(3, 3, 4, 2, 7),
	};
	struct probe_in in = { .pstate = PROBE_DAIF | PSR_MODE_EL1h };
	struct probe_out out;
	unsigned int i;
	u64 have = 0;
	u32 mrs;
	int ret;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		mrs = PROBE_MRS(regs[i], 0);
		ret = __probe_run(p, &mrs, 1, &in, &out);
		if (ret)
			return ret;
		if (probe_completed(&in, &out, 1))
			have |= BIT(i);
	}
	p->have = have;
	p->have_known = true;

	return 0;
}

int probe_run(struct probe *p, const u32 *insns, unsigned int nr,
	      struct probe_in *in, struct probe_out *out)
{
	int ret;

	if (!p->have_known) {
		ret = probe_find_have(p);
		if (ret)
			return ret;
	}

	return __probe_run(p, insns, nr, in, out);
}

bool probe_completed(const struct probe_in *in, const struct probe_out *out,
		     unsigned int nr)
{
	return out->esr == PROBE_END_ESR && out->elr == in->pc + 4 * (nr + 1);
}

u64 probe_vector(u64 pstate)
{
	switch (pstate & PSR_MODE_MASK) {
	case PSR_MODE_EL0t:
		return VECTOR_SYNC_LOWER_64;
	case PSR_MODE_EL1t:
		return VECTOR_SYNC_CURRENT_SP0;
	default:
		return VECTOR_SYNC_CURRENT;
	}
}

bool probe_refused(const struct probe_in *in, const struct probe_out *out, u64 esr)
{
	return out->esr == esr && out->elr == in->pc &&
	       (out->vector & 15) == probe_vector(in->pstate) &&
	       !memcmp(out->x, in->x, sizeof(in->x));
}

void probe_init_in(const struct probe *p, u64 mode, struct probe_in *in)
{
	u64 data = (u64)probe_pages[PROBE_PAGE_DATA];

	*in = (struct probe_in) {
		.x = { data, 64, data, 0x5a, 64, [6] = 1, [30] = data },
		.pstate = PROBE_DAIF | mode,
		.sctlr = p->sctlr | SCTLR_EL1_UCI | SCTLR_EL1_UCT | SCTLR_EL1_DZE,
	};
}

u64 probe_trap_esr(u32 insn)
{
	u64 op0 = insn >> 19 & 3, op1 = insn >> 16 & 7, crn = insn >> 12 & 15;
	u64 crm = insn >> 8 & 15, op2 = insn >> 5 & 7, read = insn >> 21 & 1;

	return (u64)ESR_ELx_EC_SYS64 << ESR_ELx_EC_SHIFT | ESR_ELx_IL | op0 << 20 |
	       op2 << 17 | op1 << 14 | crn << 10 | (insn & 31) << 5 | crm << 1 | read;
}

const char *probe_describe(const struct probe_in *in, const struct probe_out *out)
{
	static char text[160];

	snprintf(text, sizeof(text),
		 "vector %c%lu ESR 0x%lx ELR +0x%lx SPSR 0x%lx PSTATE 0x%lx",
		 (int)('A' + (out->vector >> 4)), out->vector & 15, out->esr,
		 out->elr - in->pc, out->spsr, out->pstate);

	return text;
}

bool probe_steps(struct probe *p, u64 mode, u32 insn, u64 mdscr, bool want)
{
	/* Leave out ISV and EX, which tell whether it was a load-exclusive. */
	const u64 mask = ESR_ELx_EC_MASK | ESR_ELx_IL | ESR_ELx_FSC;
	u64 ec = mode == PSR_MODE_EL0t ? ESR_ELx_EC_SOFTSTP_LOW : ESR_ELx_EC_SOFTSTP_CUR;
	const u32 insns[] = { insn, INSN_NOP };
	struct probe_out out;
	struct probe_in in;
	bool ok;
	int ret;

	probe_init_in(p, mode, &in);
	in.pstate = mode | SPSR_SS;
	in.mdscr = mdscr;
	ret = probe_run(p, insns, ARRAY_SIZE(insns), &in, &out);
	if (!ret && want)
		ok = (out.esr & mask) == (ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | FSC_DEBUG) &&
		     out.elr == in.pc + 4;
	else
		ok = !ret && probe_completed(&in, &out, ARRAY_SIZE(insns));
	if (!ok)
		ksft_print_msg("%s\n", ret ? p->error : probe_describe(&in, &out));
	return ok;
}

static int probe_read_batch(struct probe *p, unsigned int cpu, u64 mode,
			    const u32 *regs, unsigned int nr, struct probe_word *words)
{
	struct probe_shared *s;
	unsigned int i;
	int ret;

	probe_revive(p);
	s = &p->shared[cpu];
	probe_init_in(p, mode, &s->ctx.in);
	s->ctx.in.pc = (u64)probe_code(mode);
	s->ctx.in.vbar = (u64)probe_vectors_a;
	s->args[0] = nr;
	for (i = 0; i < nr; i++)
		s->data[i] = regs[i];

	ret = probe_call(p, cpu, probe_guest_read);
	for (i = 0; !ret && i < nr; i++) {
		words[i].value = s->data[i];
		words[i].esr = s->data[nr + i];
	}

	return ret;
}

void probe_read_regs(struct probe *p, unsigned int cpu, u64 mode, const u32 *regs,
		     unsigned int nr, struct probe_word *words)
{
	unsigned int i;

	TEST_ASSERT(nr <= PROBE_MAX_DATA / 2, "Too many registers: %u", nr);
	if (!probe_read_batch(p, cpu, mode, regs, nr, words))
		return;

	/* One of them loses the guest. To find out which takes long if all do. */
	ksft_print_msg("%s\n", p->error);
	for (i = 0; i < nr; i++)
		if (probe_read_batch(p, cpu, mode, &regs[i], 1, &words[i]))
			words[i].esr = PROBE_LOST;
}

u64 probe_write_reg(struct probe *p, u32 reg, u64 value)
{
	const u32 msr = PROBE_MSR(reg, 0);
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.x[0] = value;
	if (probe_run(p, &msr, 1, &in, &out))
		return PROBE_LOST;

	return probe_completed(&in, &out, 1) ? 0 : out.esr;
}

bool probe_runs(struct probe *p)
{
	const u32 reg = SYS_CTR_EL0;
	struct probe_word word;

	probe_read_regs(p, 0, PSR_MODE_EL1h, &reg, 1, &word);
	if (word.esr)
		ksft_print_msg("the guest does not run: ESR 0x%lx, %s\n", word.esr, p->error);
	return !word.esr;
}

/* These follow the ID registers in a view. Both counters have to be the first of them. */
static const struct {
	const char *name;
	u32 reg;
} view_regs[] = {
#define VIEW(reg)	{ #reg, SYS_##reg }
	VIEW(CNTVCT_EL0), VIEW(CNTPCT_EL0),
	VIEW(MIDR_EL1), VIEW(MPIDR_EL1), VIEW(REVIDR_EL1), VIEW(AIDR_EL1), VIEW(CTR_EL0),
	VIEW(CLIDR_EL1), VIEW(CSSELR_EL1), VIEW(CCSIDR_EL1), VIEW(GMID_EL1),
	VIEW(SMIDR_EL1), VIEW(DCZID_EL0), VIEW(CNTFRQ_EL0), VIEW(CNTV_CTL_EL0),
	VIEW(CNTP_CTL_EL0), VIEW(CNTV_CVAL_EL0), VIEW(ACTLR_EL1), VIEW(LORID_EL1),
	VIEW(APIAKEYLO_EL1), VIEW(MDSCR_EL1), VIEW(OSLSR_EL1), VIEW(MDCCINT_EL1),
	VIEW(DBGBCRn_EL1(0)), VIEW(DBGWVRn_EL1(0)), VIEW(DBGAUTHSTATUS_EL1),
	VIEW(ICC_SRE_EL1), VIEW(ICC_PMR_EL1), VIEW(ICC_CTLR_EL1), VIEW(ICC_IGRPEN1_EL1),
	VIEW(ERRIDR_EL1), VIEW(ERXSTATUS_EL1), VIEW(DISR_EL1), VIEW(ALLINT),
	VIEW(SCTLR2_EL1), VIEW(TCR2_EL1), VIEW(PIR_EL1), VIEW(PIRE0_EL1), VIEW(POR_EL1),
	VIEW(POR_EL0), VIEW(FPMR), VIEW(SVCR), VIEW(SMPRI_EL1), VIEW(TPIDR2_EL0),
	VIEW(ZCR_EL1), VIEW(SMCR_EL1), VIEW(GCSCR_EL1), VIEW(GCSPR_EL0), VIEW(RGSR_EL1),
	VIEW(GCR_EL1), VIEW(TFSR_EL1), VIEW(SCXTNUM_EL1), VIEW(SCXTNUM_EL0),
	VIEW(TRFCR_EL1), VIEW(PMSCR_EL1), VIEW(PMSIDR_EL1), VIEW(TRBLIMITR_EL1),
	VIEW(PMCR_EL0), VIEW(PMCNTENSET_EL0), VIEW(PMUSERENR_EL0), VIEW(PMCCFILTR_EL0),
	VIEW(AMCR_EL0), VIEW(AMUSERENR_EL0), VIEW(MPAM1_EL1), VIEW(HCR_EL2),
	VIEW(CNTVOFF_EL2), VIEW(CNTHCTL_EL2),
};

static const struct {
	const char *name;
	u32 insn;
} view_insns[] = {
	{ "smc", 0xd4000003 },
	{ "dc cisw", 0xd5087e45 },
	{ "tlbi vmalle1os", 0xd508811f },
	{ "tlbi rvae1os", 0xd5088525 },
	{ "at s1e1a", 0xd5087945 },
	{ "wfet", 0xd5031005 },
	{ "st64b", 0xf83f9000 },
	{ "pacga", 0x9ac23021 },
	{ "rdvl", 0x04bf5025 },
	{ "rdsvl", 0x04bf5825 },
	{ "smstart", 0xd503477f },
	{ "gcspushm", 0xd50b7705 },
	{ "psb csync", 0xd503223f },
	{ "brb iall", 0xd509729f },
	{ "trcit", 0xd50b72e5 },
	{ "cfp rctx", 0xd50b7385 },
	{ "setp", 0x19c10400 },
	{ "brk", 0xd4202460 },
	{ "nop", 0xd503201f },
};

#define NR_VIEW_REGS	(PROBE_NR_ID_REGS + ARRAY_SIZE(view_regs))

static u64 view_word(u64 value, u64 esr)
{
	return esr ? ~esr : value;
}

int probe_take_view(struct probe *p, struct probe_view *view)
{
	struct probe_word words[NR_VIEW_REGS];
	u32 regs[NR_VIEW_REGS];
	struct probe_out out;
	struct probe_in in;
	unsigned int i;
	int ret;

	kvm_static_assert(NR_VIEW_REGS + ARRAY_SIZE(view_insns) <= PROBE_VIEW_WORDS);
	for (i = 0; i < NR_VIEW_REGS; i++)
		regs[i] = i < PROBE_NR_ID_REGS ? probe_id_reg(i) :
			  view_regs[i - PROBE_NR_ID_REGS].reg;
	ret = probe_read_batch(p, p->cpu, PSR_MODE_EL1h, regs, NR_VIEW_REGS, words);
	if (ret)
		return ret;

	words[PROBE_NR_ID_REGS].value &= GENMASK(63, 50);
	words[PROBE_NR_ID_REGS + 1].value &= GENMASK(63, 50);
	for (i = 0; i < NR_VIEW_REGS; i++)
		view->word[i] = view_word(words[i].value, words[i].esr);

	for (i = 0; i < ARRAY_SIZE(view_insns); i++) {
		probe_init_in(p, PSR_MODE_EL1h, &in);
		ret = probe_run(p, &view_insns[i].insn, 1, &in, &out);
		if (ret)
			return ret;
		view->word[NR_VIEW_REGS + i] = out.esr ^ (out.elr - in.pc) << 40 ^
					       out.vector << 56;
	}
	view->nr = NR_VIEW_REGS + ARRAY_SIZE(view_insns);

	return 0;
}

const char *probe_view_diff(const struct probe_view *a, const struct probe_view *b)
{
	static char text[80];
	unsigned int i, j;

	for (i = 0; i < a->nr && a->word[i] == b->word[i]; i++)
		;
	if (i == a->nr)
		return NULL;
	j = i - PROBE_NR_ID_REGS;
	if (i < PROBE_NR_ID_REGS)
		snprintf(text, sizeof(text), "ID register C%u_%u: 0x%lx, was 0x%lx",
			 1 + i / 8, i % 8, b->word[i], a->word[i]);
	else
		snprintf(text, sizeof(text), "%s: 0x%lx, was 0x%lx",
			 j < ARRAY_SIZE(view_regs) ? view_regs[j].name :
			 view_insns[j - ARRAY_SIZE(view_regs)].name,
			 b->word[i], a->word[i]);

	return text;
}

bool probe_same_view(struct probe *p, const struct probe_view *before)
{
	struct probe_view now;
	const char *diff;

	diff = probe_take_view(p, &now) ? p->error : probe_view_diff(before, &now);
	if (diff)
		ksft_print_msg("the %s VM: %s\n", p->cfg.ordinary ? "ordinary" : "protected", diff);
	return !diff;
}
