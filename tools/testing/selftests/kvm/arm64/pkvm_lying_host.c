// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_lying_host - nothing that the host says of a VM does harm.
 *
 *  told NAME		with the host's datum NAME changed before the VM is made,
 *			between runs, and by another CPU during runs, the guest of
 *			a protected VM sees the CPU that it is to see, or the VM is
 *			refused with an errno
 *  KIND NAME		with any value of NAME at the creation of a VM of that kind
 *			and between its runs, each hypercall returns, and EL2 gives
 *			all memory back. Only EL2 sees the lie, as the host's own
 *			code would trip over it
 *  KIND words of ...	the same for each word of the structures
 *  PSTATE MODE		of the host's copy is not the guest's
 *  OS lock of the host	a protected guest steps although the host's CPU is locked
 *  SVE NAME = VALUE	EL2 refuses to pin what is not shared, or has no valid
 *			length
 *  HCR_EL2 of an ordinary VM  has the traps that EL2 sets although the host asks for
 *			none of them: the view is the same, and no SMC reaches the
 *			firmware
 *  other VM		a VM beside all this has the view that it had
 *
 * "pkvm_lying_host NAME" tells only the lies about that datum. The names are those
 * of test_modules/pkvm_hostile.c.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <linux/arm-smccc.h>

#include <asm/ptrace.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define MAX_WORDS	80
#define MAX_ERRNO	4095
#define HCR_VSE		BIT(8)
/* The host decides about these traps, of registers that an ordinary VM may read. */
#define HCR_HOST	(HCR_EL2_TID2 | HCR_EL2_TID4 | HCR_EL2_TID5)
#define SCTLR_EE	GENMASK(25, 24)	/* with these, KVM swaps the data of MMIO */
#define FEATURES	GENMASK(4, 0)	/* not PAuth, which the host may choose */

/* Data that KVM itself does not trip over, so that the lie can last while the guest runs. */
static const struct lie {
	const char *name;
	u64 mask;
	bool late;	/* not told before EL2 makes the VM */
} lies[] = {
	{ "kvm.arch.pkvm.handle", ~0UL },
	{ "kvm.arch.fgu", ~0UL },
	{ "kvm.arch.id_regs", ~0UL, .late = true },
	{ "kvm.arch.vcpu_features", FEATURES },
	{ "kvm.arch.ctr_el0", ~0UL },
	{ "kvm.arch.midr_el1", ~0UL },
	{ "kvm.arch.revidr_el1", ~0UL },
	{ "kvm.arch.aidr_el1", ~0UL },
	{ "kvm.arch.timer_data.voffset", BIT(55) },
	{ "kvm.arch.timer_data.poffset", BIT(55) },
	{ "kvm.arch.mmu.vmid", ~0UL },
	{ "kvm.arch.mmu.pgd_phys", ~0UL },
	{ "kvm.arch.mmu.tlb_vttbr", ~0UL },
	{ "kvm.arch.mmu.tlb_vtcr", ~0UL },
	{ "vcpu.arch.hcr_el2", ~HCR_VSE },
	{ "vcpu.arch.hcrx_el2", ~0UL },
	{ "vcpu.arch.mdcr_el2", ~0UL },
	{ "vcpu.arch.fgt", ~0UL },
	{ "vcpu.arch.vsesr_el2", ~0UL },
	{ "vcpu.arch.cflags", BIT(0), .late = true },
	{ "vcpu.arch.sve_max_vl", ~0UL },
	{ "vcpu.arch.debug_owner", ~0UL },
	{ "vcpu.arch.external_mdscr_el1", ~0UL },
	{ "vcpu.arch.external_debug_state", ~0UL },
	{ "vcpu.arch.vcpu_debug_state", ~0UL },
	{ "vcpu.arch.pmu.events", ~0UL },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_hcr", ~0UL },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_sre", ~0UL },
	{ "vcpu.arch.vgic_cpu.vgic_v3.vgic_ap0r", ~0UL },
};

/* EL2 takes none of these from the host, whether the VM has the register or not. */
static const struct lie register_lies[] = {
	{ "reg.MDSCR_EL1", ~0UL }, { "reg.MDCCINT_EL1", ~0UL }, { "reg.OSLSR_EL1", ~0UL },
	{ "reg.ACTLR_EL1", ~0UL }, { "reg.CSSELR_EL1", ~0UL }, { "reg.SCTLR2_EL1", ~0UL },
	{ "reg.TCR2_EL1", ~0UL }, { "reg.PIR_EL1", ~0UL }, { "reg.PIRE0_EL1", ~0UL },
	{ "reg.POR_EL1", ~0UL }, { "reg.POR_EL0", ~0UL }, { "reg.ZCR_EL1", ~0UL },
	{ "reg.FPMR", ~0UL }, { "reg.RGSR_EL1", ~0UL }, { "reg.GCR_EL1", ~0UL },
	{ "reg.TFSR_EL1", ~0UL }, { "reg.PMCR_EL0", ~0UL }, { "reg.PMUSERENR_EL0", ~0UL },
	{ "reg.CNTVOFF_EL2", ~0UL }, { "reg.CNTHCTL_EL2", ~0UL }, { "reg.HCR_EL2", ~0UL },
	{ "reg.DBGVCR32_EL2", ~0UL },
	/* The library sets these before the first run, or the vCPU starts with them. */
	{ "reg.MPIDR_EL1", ~0UL, .late = true }, { "reg.SCTLR_EL1", ~SCTLR_EE, .late = true },
	{ "reg.CPACR_EL1", ~0UL, .late = true }, { "reg.TTBR0_EL1", ~0UL, .late = true },
	{ "reg.VBAR_EL1", ~0UL, .late = true }, { "reg.SPSR_EL1", ~0UL, .late = true },
	{ "reg.PAR_EL1", ~0UL, .late = true }, { "reg.APIAKEYLO_EL1", ~0UL, .late = true },
	{ "vcpu.arch.ctxt.regs.pc", ~0UL, .late = true },
	{ "vcpu.arch.ctxt.regs.sp", ~0UL, .late = true },
	{ "vcpu.arch.ctxt.fp_regs", ~0UL, .late = true },
};

/* Values of PSTATE.M that a protected vCPU cannot have. */
static const struct {
	const char *name;
	u64 mode;
} modes[] = {
	{ "EL2t", 0x8 }, { "EL2h", 0x9 }, { "EL3t", 0xc }, { "EL3h", 0xd },
	{ "reserved 1", 0x1 }, { "reserved 7", 0x7 }, { "usr", 0x10 }, { "svc", 0x13 },
	{ "mon", 0x16 }, { "hyp", 0x1a }, { "sys", 0x1f },
};

/* What EL2 pins when a vCPU with SVE is made. Only ordinary VMs have SVE. */
static const struct {
	const char *name;
	u64 value;
	bool runs;
} sve_lies[] = {
	{ "vcpu.arch.sve_state", 0 },
	{ "vcpu.arch.sve_state", ~0UL },
	{ "vcpu.arch.sve_state", 0x5555555555555555 },
	{ "vcpu.arch.sve_max_vl", 0 },
	{ "vcpu.arch.sve_max_vl", 24 },
	{ "vcpu.arch.sve_max_vl", 16, true },
	{ "vcpu.arch.sve_max_vl", 8192, true },	/* no more than the host has */
};

static struct probe_cfg cfg = { .vgic = true };
static struct probe_view before;
static u64 seed;

/* The values of a lie: the least, the most, two patterns, and a random number. */
#define NR_VALUES	5

static u64 lie_value(unsigned int nr)
{
	static const u64 values[] = { 0, ~0UL, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa };

	return nr < ARRAY_SIZE(values) ? values[nr] : hostile_random(&seed);
}

/* The steps that tell a lie about a datum and take it back, one for each word. */
struct target {
	unsigned int nr, size;
	struct hostile_step tell[MAX_WORDS], undo[MAX_WORDS];
};

static void aim(struct target *t, u64 object, const struct hostile_datum *d, u64 mask,
		unsigned int value)
{
	u64 at, old;

	t->size = d->size < 8 ? d->size : 8;
	t->nr = d->size / t->size;
	TEST_ASSERT(t->nr <= MAX_WORDS, "%s is too long", d->name);
	for (unsigned int i = 0; i < t->nr; i++) {
		at = object + d->value + i * t->size;
		old = hostile_read(at, t->size);
		t->undo[i] = hostile_write_step(at, old, t->size);
		t->tell[i] = hostile_write_step(at, (old & ~mask) | (lie_value(value) & mask),
						t->size);
	}
}

static void take(struct hostile_step *steps, unsigned int nr)
{
	TEST_ASSERT(!hostile_run_steps(steps, nr), "no steps");
	while (nr--)
		TEST_ASSERT(!steps[nr].err, "cannot write 0x%llx", steps[nr].at);
}

static bool is_kvm(const struct hostile_datum *d)
{
	return !strncmp(d->name, "kvm.", 4);
}

static bool is_datum(const struct hostile_datum *d)
{
	return is_kvm(d) || !strncmp(d->name, "vcpu.", 5) || !strncmp(d->name, "reg.", 4);
}

/* Lies that KVM itself sees, too */

/* Does the guest have the view that it had? If KVM or EL2 refuses to run it, that is fine. */
static bool same_or_refused(struct probe *p, const char *when)
{
	struct probe_view now;
	const char *diff;

	if (!probe_take_view(p, &now)) {
		diff = probe_view_diff(&before, &now);
		if (diff)
			ksft_print_msg("%s: %s\n", when, diff);
		return !diff;
	}
	if (!strncmp(p->error, "KVM_RUN: ", 9) || !strncmp(p->error, "exit ", 5))
		return true;
	ksft_print_msg("%s: %s\n", when, p->error);
	return false;
}

static struct probe *new_guest(void)
{
	struct probe *p = probe_create(&cfg);

	if (!same_or_refused(p, "a new guest") || p->lost)
		ksft_exit_fail_msg("there is no guest: %s\n", p->error);
	return p;
}

struct flipper {
	struct hostile_step steps[2 * MAX_WORDS];
	unsigned int nr, rounds;
	bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	sigset_t all;

	/* The alarm is for the thread that runs the guest. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pin_self_to_cpu(1);
	while (!READ_ONCE(f->stop)) {
		TEST_ASSERT(!hostile_repeat_steps(f->steps, f->nr, 100), "no steps");
		WRITE_ONCE(f->rounds, f->rounds + 1);
	}
	return NULL;
}

static bool same_while_it_flips(struct probe *p, const struct target *t)
{
	struct flipper f = { .nr = 2 * t->nr };
	unsigned int rounds;
	pthread_t thread;
	bool ok;

	memcpy(f.steps, t->tell, t->nr * sizeof(*f.steps));
	memcpy(f.steps + t->nr, t->undo, t->nr * sizeof(*f.steps));
	TEST_ASSERT(!pthread_create(&thread, NULL, flip, &f), "no thread");
	while (!READ_ONCE(f.rounds))
		sched_yield();
	/* The other CPU has to tell the lie at least once while the guest is looked at. */
	do {
		rounds = READ_ONCE(f.rounds);
		ok = same_or_refused(p, "during runs");
	} while (ok && !p->lost && READ_ONCE(f.rounds) == rounds);
	WRITE_ONCE(f.stop, true);
	pthread_join(thread, NULL);
	return ok;
}

static bool told(struct probe **p, const struct lie *lie)
{
	struct hostile_datum d = hostile_datum(lie->name);
	int vcpu_idx = is_kvm(&d) ? -1 : 0;
	struct target t;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && !lie->late && i < NR_VALUES; i += 2) {
		struct probe *fresh = probe_create(&cfg);

		aim(&t, hostile_object(fresh->vm, vcpu_idx), &d, lie->mask, i ? i - 1 : 0);
		take(t.tell, t.nr);
		ok = same_or_refused(fresh, "before creation");
		take(t.undo, t.nr);
		probe_free(fresh);
	}
	for (i = 0; ok && i < NR_VALUES; i++) {
		aim(&t, hostile_object((*p)->vm, vcpu_idx), &d, lie->mask, i);
		take(t.tell, t.nr);
		ok = same_or_refused(*p, "between runs");
		take(t.undo, t.nr);
		if (ok && !(*p)->lost && i == 1)
			ok = same_while_it_flips(*p, &t);
		if ((*p)->lost || !ok) {
			probe_free(*p);
			*p = new_guest();
		}
	}
	return ok;
}

/* Lies that only EL2 sees */

static bool is_result(const char *what, s64 ret)
{
	if (ret >= -MAX_ERRNO)
		return true;
	ksft_print_msg("%s: 0x%lx is no errno\n", what, ret);
	return false;
}

/* Lie, then load, run and put the vCPU, and take the lie back. Return the guest's exit. */
static s64 run_with_lie(s64 handle, u64 vcpu, const struct target *t)
{
	struct hostile_step steps[2 * MAX_WORDS + BARE_VM_RUN_STEPS], *at = steps;

	memcpy(at, t->tell, t->nr * sizeof(*steps));
	at += t->nr;
	bare_vm_run_steps(handle, vcpu, at);
	memcpy(at + BARE_VM_RUN_STEPS, t->undo, t->nr * sizeof(*steps));
	TEST_ASSERT(!hostile_run_steps(steps, 2 * t->nr + BARE_VM_RUN_STEPS), "no run");
	return bare_vm_exit(&at[1]);
}

static u64 object_of(const struct bare_vm *vm, const struct hostile_datum *d)
{
	return is_kvm(d) ? vm->kvm.va : vm->vcpu.va;
}

/* bare_vm_free() has to succeed if EL2 made the VM, and to fail if EL2 refused it. */
static bool lie_at_creation(const struct hostile_datum *d, bool protected, unsigned int value)
{
	struct bare_vm vm;
	struct target t;
	bool ok, made;
	s64 ret;

	bare_vm_reserve(&vm, protected);
	aim(&t, object_of(&vm, d), d, ~0UL, value);
	take(t.tell, t.nr);
	ret = hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.pgd.va);
	made = !ret;
	ok = is_result("init_vm", ret);
	if (made) {
		ret = hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va, vm.hyp_vcpu.va);
		ok &= is_result("init_vcpu", ret) && is_result("run", bare_vm_run(&vm));
	}
	return bare_vm_free(&vm) == made && ok;
}

static bool lie_between_runs(const struct hostile_datum *d, bool protected)
{
	struct bare_vm vm;
	struct target t;
	unsigned int i;
	bool ok;

	bare_vm_reserve(&vm, protected);
	ok = !bare_vm_init(&vm) && bare_vm_run(&vm) >= 0;
	for (i = 0; ok && i < NR_VALUES; i++) {
		aim(&t, object_of(&vm, d), d, ~0UL, i);
		ok &= is_result("run", run_with_lie(vm.handle, vm.vcpu.va, &t));
	}
	return bare_vm_free(&vm) && ok;
}

static bool only_el2(const struct hostile_datum *d, bool protected)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < NR_VALUES; i++)
		ok = lie_at_creation(d, protected, i);
	return ok && lie_between_runs(d, protected);
}

/* Lie about every word of a structure, so that members without a name here are included. */
static bool words_of(struct hostile_datum d, const char *size, bool protected)
{
	u64 end = hostile_datum(size).value;
	struct bare_vm vm;
	struct target t;
	bool ok;

	bare_vm_reserve(&vm, protected);
	ok = !bare_vm_init(&vm) && bare_vm_run(&vm) >= 0;
	for (d.value = 0; ok && d.value < end; d.value += d.size) {
		aim(&t, object_of(&vm, &d), &d, ~0UL, NR_VALUES - 1);
		ok = is_result("run", run_with_lie(vm.handle, vm.vcpu.va, &t));
		if (!ok)
			ksft_print_msg("%s at 0x%llx\n", size, d.value);
	}
	return bare_vm_free(&vm) && ok;
}

/* EL2 has a PSTATE of its own, and runs the vCPU with it whatever the host's copy says. */
static bool unmoved_by(struct probe *p, u64 mode)
{
	struct hostile_datum d = hostile_datum("vcpu.arch.ctxt.regs.pstate");
	u64 vcpu = hostile_object(p->vm, 0);
	struct probe_view now;
	struct target t;
	s64 ret;

	aim(&t, vcpu, &d, 0, 0);
	t.tell[0].x[0] = (t.undo[0].x[0] & ~0x1fUL) | mode;
	ret = run_with_lie(hostile_peek(hostile_object(p->vm, -1), "kvm.arch.pkvm.handle"),
			   vcpu, &t);
	if (ret < 0)
		ksft_print_msg("the run returns %ld\n", ret);
	/* The first view is stale if the guest makes its last ucall once more. */
	if (probe_take_view(p, &now)) {
		ksft_print_msg("afterwards: %s\n", p->error);
		return false;
	}
	return probe_same_view(p, &before) && ret >= 0;
}

/* The OS lock of the host's own CPU must not keep the guest from stepping. */
static bool steps_in_spite_of_os_lock(struct probe *p)
{
	struct hostile_step lock[] = {
		{ .op = HOSTILE_MSR, .at = HOSTILE_OSLAR_EL1, .x = { 1 } },
		{ .op = HOSTILE_MSR, .at = HOSTILE_OSLAR_EL1 },
	};
	bool ok;

	TEST_ASSERT(!hostile_run_steps(&lock[0], 1), "no OS lock");
	ok = probe_steps(p, PSR_MODE_EL1h, INSN_NOP, MDSCR_STEP, true);
	TEST_ASSERT(!hostile_run_steps(&lock[1], 1), "no OS lock");
	return ok;
}

/* Ask by SMC for what only KVM answers. */
static bool smc_reaches_kvm(struct probe *p)
{
	static const u32 smc = 0xd4000003;
	struct probe_out out = {};
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	in.x[0] = ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID;
	if (probe_run(p, &smc, 1, &in, &out)) {
		ksft_print_msg("smc: %s\n", p->error);
		return false;
	}
	if (!probe_completed(&in, &out, 1)) {
		ksft_print_msg("smc: %s\n", probe_describe(&in, &out));
		return false;
	}
	if (out.x[0] != ARM_SMCCC_VENDOR_HYP_UID_KVM_REG_0)
		ksft_print_msg("smc: 0x%lx\n", out.x[0]);
	return out.x[0] == ARM_SMCCC_VENDOR_HYP_UID_KVM_REG_0;
}

static bool ordinary_vm_keeps_traps(void)
{
	struct hostile_datum d = hostile_datum("vcpu.arch.hcr_el2");
	struct probe *p = probe_create(&(struct probe_cfg) { .ordinary = true, .vgic = true });
	struct probe_view view;
	struct target t;
	bool ok;

	if (probe_take_view(p, &view))
		ksft_exit_fail_msg("no view: %s\n", p->error);
	ok = smc_reaches_kvm(p);
	aim(&t, hostile_object(p->vm, 0), &d, ~HCR_HOST, 0);
	take(t.tell, t.nr);
	ok = smc_reaches_kvm(p) && probe_same_view(p, &view) && ok;
	probe_free(p);
	return ok;
}

static bool sve_lie(unsigned int nr)
{
	struct hostile_pages state = hostile_share_pages(BARE_VM_SIZE);
	struct bare_vm vm;
	s64 ret;
	bool ok;

	bare_vm_reserve(&vm, false);
	hostile_poke(vm.kvm.va, "kvm.arch.vcpu_features", BIT(KVM_ARM_VCPU_SVE));
	hostile_poke(vm.vcpu.va, "vcpu.arch.cflags",
		     hostile_datum("VCPU_INITIALIZED").value |
		     hostile_datum("VCPU_SVE_FINALIZED").value);
	hostile_poke(vm.vcpu.va, "vcpu.arch.sve_state", state.va);
	hostile_poke(vm.vcpu.va, "vcpu.arch.sve_max_vl", 16);
	hostile_poke(vm.vcpu.va, sve_lies[nr].name, sve_lies[nr].value);
	ret = bare_vm_init(&vm);
	ok = is_result("init_vcpu", ret) && !ret == sve_lies[nr].runs;
	if (!ret)
		ok &= bare_vm_run(&vm) >= 0;
	ok &= bare_vm_free(&vm);
	hostile_unshare_pages(&state);
	return ok;
}

static bool asked(const char *only, const char *name)
{
	return !only || !strcmp(only, name);
}

static void test_lies(struct probe **p, const struct lie *l, unsigned int nr, const char *only)
{
	for (; nr--; l++)
		if (asked(only, l->name))
			ksft_test_result(told(p, l), "told %s\n", l->name);
}

static void test_bare(bool protected, const char *only)
{
	static const struct hostile_datum kvm = { .name = "kvm.", .size = 8 };
	static const struct hostile_datum vcpu = { .name = "vcpu.", .size = 8 };
	const char *kind = protected ? "protected" : "ordinary";
	struct hostile_datum d;
	unsigned int i;

	for (i = 0; hostile_nth_datum(i, &d); i++)
		if (is_datum(&d) && asked(only, d.name))
			ksft_test_result(only_el2(&d, protected), "%s %s\n", kind, d.name);
	if (only)
		return;
	ksft_test_result(words_of(kvm, "sizeof(kvm)", protected), "%s words of kvm\n", kind);
	ksft_test_result(words_of(vcpu, "sizeof(vcpu)", protected), "%s words of vcpu\n", kind);
}

static void test_modes(struct probe *p)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		ksft_test_result(unmoved_by(p, modes[i].mode), "PSTATE %s\n", modes[i].name);
}

static void test_sve(void)
{
	bool has_sve = kvm_check_cap(KVM_CAP_ARM_SVE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sve_lies); i++) {
		if (has_sve)
			ksft_test_result(sve_lie(i), "SVE %s = 0x%lx\n", sve_lies[i].name,
					 sve_lies[i].value);
		else
			ksft_test_result_skip("SVE %s = 0x%lx: no SVE\n", sve_lies[i].name,
					      sve_lies[i].value);
	}
}

static unsigned int count_cases(const char *only)
{
	unsigned int i, nr = 0;
	struct hostile_datum d;

	for (i = 0; i < ARRAY_SIZE(lies); i++)
		nr += asked(only, lies[i].name);
	for (i = 0; i < ARRAY_SIZE(register_lies); i++)
		nr += asked(only, register_lies[i].name);
	for (i = 0; hostile_nth_datum(i, &d); i++)
		nr += is_datum(&d) && asked(only, d.name) ? 2 : 0;
	return only ? nr : nr + 4 + ARRAY_SIZE(modes) + ARRAY_SIZE(sve_lies) + 3;
}

int main(int argc, char *argv[])
{
	const char *only = argc > 1 ? argv[1] : NULL;
	struct probe *p, *other;

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(sysconf(_SC_NPROCESSORS_ONLN) > 1);
	ksft_print_header();
	hostile_open();
	ksft_set_plan(count_cases(only));
	pin_self_to_cpu(0);
	seed = 1;

	cfg.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	other = probe_create(&cfg);
	if (probe_take_view(other, &before))
		ksft_exit_fail_msg("no view: %s\n", other->error);
	p = new_guest();
	test_lies(&p, lies, ARRAY_SIZE(lies), only);
	test_lies(&p, register_lies, ARRAY_SIZE(register_lies), only);
	if (!only) {
		test_modes(p);
		ksft_test_result(steps_in_spite_of_os_lock(p), "OS lock of the host\n");
	}
	test_bare(true, only);
	test_bare(false, only);
	if (!only) {
		test_sve();
		ksft_test_result(ordinary_vm_keeps_traps(), "HCR_EL2 of an ordinary VM\n");
		ksft_test_result(same_or_refused(other, "at the end") && !other->lost,
				 "other VM\n");
	}
	probe_free(p);
	probe_free(other);

	ksft_finished();
}
