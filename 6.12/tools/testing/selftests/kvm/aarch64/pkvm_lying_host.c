// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_lying_host - nothing that the host writes later changes a protected VM.
 *
 * Audit map: case -> rule
 *
 *  NAME = VALUE	with the host's datum NAME set to VALUE after the guest
 *			first ran, the guest's view is what it was, or the run
 *			is refused with an errno
 *  NAME = VALUE flips	the same while another CPU writes it all the time
 *  NAME = VALUE EL2	only EL2 sees the lie, because the host's own code would
 *			trip over it: each run returns, and the guest's view
 *			afterwards is what it was; alone, and with flips
 *  PSTATE MODE		a mode that a protected guest cannot be in is refused
 *  unprotected PSTATE	one that EL2 cannot return to is, for any other VM
 *  NAME at EL2		the host cannot write EL2's own variable: EFAULT
 *  unprotected NAME	a VM that is the host's own, with the same lies: it may
 *			be lost, EL2 and the host are not
 *  SVE NAME = VALUE	the same before the first run, of a VM with SVE: EL2 refuses
 *			to pin what is not shared, or has no valid length
 *  host FP, WHO	EL2 gives the host's FP and SVE registers back after each run
 *			that uses them, as after each run that is told a lie
 *  every datum		each one that the device knows is tried here
 *  other VM		a VM beside all this has the view that it had
 *  host		the host's own registers are what they were
 *
 * "pkvm_lying_host NAME" tells only the lies about that datum.
 *
 * A view is: all ID registers, the instructions and registers of hidden features
 * with the way in which they are refused, and of shown ones that run.
 *
 * Rules: contract, principle 6; section 4, "What crosses"; section 7.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"

#define ONES		(~0UL)
#define HCR_VSE		BIT(8)
#define PSTATE_MODE	0x1f
#define MODE_USR	0x10
#define NOT_HAS_EL2	(~BIT(7))

enum how {
	VIA_KVM,	/* KVM runs the vCPU, and may see the lie, too */
	EL2_ONLY,
};

struct lie {
	const char *name;
	enum how how;
	u64 set;
	u64 mask;
	bool all;	/* the elements, not just the first */
};

static const struct lie lies[] = {
	{ "pkvm.enabled", VIA_KVM, 0, 1 },
	{ "pkvm.handle", VIA_KVM, 0xdead, 0xffffffff },
	{ "pkvm.handle", EL2_ONLY, 0, 0xffffffff },
	{ "flags", EL2_ONLY, 0, ONES },
	{ "flags", EL2_ONLY, ONES, ONES },
	{ "flags", VIA_KVM, ONES, BIT(1) },
	{ "vcpu_features", EL2_ONLY, ONES, ONES },
	{ "vcpu_features", VIA_KVM, 0, NOT_HAS_EL2 },
	{ "fgu", VIA_KVM, 0, ONES, true },
	{ "fgu", VIA_KVM, ONES, ONES, true },
	{ "id_regs", VIA_KVM, 0, ONES, true },
	{ "id_regs", VIA_KVM, ONES, ONES, true },
	{ "ctr_el0", VIA_KVM, ONES, ONES },
	{ "max_vcpus", VIA_KVM, 512, 0xffffffff },
	{ "max_vcpus", EL2_ONLY, ONES, 0xffffffff },
	{ "vgic.in_kernel", EL2_ONLY, 0, 1 },
	{ "vgic.vgic_model", EL2_ONLY, 5, 0xffffffff },
	{ "timer.voffset", VIA_KVM, BIT(55), BIT(55) },
	{ "mmu.vmid", EL2_ONLY, 0, ONES },
	{ "mmu.vmid", EL2_ONLY, 0x7f, 0xff },
	{ "mmu.pgd_phys", EL2_ONLY, 0, ONES },
	{ "mmu.pgd_phys", EL2_ONLY, ONES, ONES },
	{ "mmu.vtcr", EL2_ONLY, 0, ONES },
	{ "mmu.vtcr", EL2_ONLY, ONES, ONES },
	{ "mmu.arch", EL2_ONLY, 0, ONES },

	{ "kvm", EL2_ONLY, 0, ONES },
	{ "vcpu_id", EL2_ONLY, ONES, 0xffffffff },
	{ "vcpu_idx", EL2_ONLY, 7, 0xffffffff },
	{ "hcr_el2", VIA_KVM, 0, ~HCR_VSE },
	{ "hcr_el2", VIA_KVM, ONES, ~HCR_VSE },
	{ "hcrx_el2", VIA_KVM, 0, ONES },
	{ "hcrx_el2", VIA_KVM, ONES, ONES },
	{ "mdcr_el2", VIA_KVM, 0, ONES },
	{ "mdcr_el2", VIA_KVM, ONES, ONES },
	{ "vsesr_el2", VIA_KVM, ONES, ONES },
	{ "esr_el2", EL2_ONLY, ONES, ONES },
	{ "hpfar_el2", EL2_ONLY, ONES, ONES },
	{ "cflags", EL2_ONLY, 0, 0xff },
	{ "cflags", EL2_ONLY, 0xff, 0xff },
	{ "iflags", EL2_ONLY, 0x09, 0x0f },	/* an exception for EL2 */
	{ "iflags", EL2_ONLY, 0x0f, 0x0f },
	{ "iflags", EL2_ONLY, 0xf0, 0xf0 },
	{ "sflags", EL2_ONLY, 0xff, 0xff },
	{ "hw_mmu", EL2_ONLY, 0, ONES },
	{ "debug_ptr", EL2_ONLY, 0, ONES },
	{ "debug_ptr", EL2_ONLY, ONES, ONES },
	{ "sve_state", EL2_ONLY, ONES, ONES },
	{ "sve_max_vl", EL2_ONLY, 256, 0xffffffff },
	{ "fp_type", EL2_ONLY, 1, 0xffffffff },
	{ "pmu.events", VIA_KVM, ONES, ONES },
	{ "pvm_regs.vm", EL2_ONLY, ONES, ONES },
	{ "pvm_regs.done", EL2_ONLY, ONES, ONES },
	{ "vgic_hcr", VIA_KVM, 0, 0xffffffff },
	{ "vgic_hcr", VIA_KVM, 0x7fffffff, 0xffffffff },
	{ "vgic_vmcr", EL2_ONLY, ONES, 0xffffffff },
	{ "vgic_sre", VIA_KVM, 0, 0xffffffff },
	{ "used_lrs", VIA_KVM, 0x10, 0xffffffff },
	{ "used_lrs", EL2_ONLY, ONES, 0xffffffff },
	{ "vgic_lr", EL2_ONLY, ONES, ONES },
	{ "vgic_ap0r", EL2_ONLY, ONES, 0xffffffff },
	{ "vgic_ap1r", EL2_ONLY, ONES, 0xffffffff },
	{ "its_vm", EL2_ONLY, ONES, ONES },
	{ "vncr_array", EL2_ONLY, ONES, ONES },
	{ "running_vcpu", EL2_ONLY, ONES, ONES },
	{ "MPIDR_EL1", EL2_ONLY, 0x80ff00ff, ONES },
	{ "MDSCR_EL1", VIA_KVM, ONES, ONES },
	{ "ACTLR_EL1", VIA_KVM, ONES, ONES },
	{ "CSSELR_EL1", VIA_KVM, ONES, ONES },
	{ "TCR2_EL1", VIA_KVM, ONES, ONES },
	{ "PIR_EL1", VIA_KVM, ONES, ONES },
	{ "PIRE0_EL1", VIA_KVM, ONES, ONES },
	{ "POR_EL0", VIA_KVM, ONES, ONES },
	{ "ZCR_EL1", VIA_KVM, ONES, ONES },
	{ "FPMR", VIA_KVM, ONES, ONES },
	{ "PMCR_EL0", VIA_KVM, ONES, ONES },
	{ "PMUSERENR_EL0", VIA_KVM, ONES, ONES },
	{ "CNTVOFF_EL2", VIA_KVM, ONES, ONES },
	{ "HCR_EL2", VIA_KVM, ONES, ONES },

	{ "arm64_ftr_reg_ctrel0.sys_val", VIA_KVM, 0x8444c004, ONES },
};

/* PSTATE.M, that is. */
static const struct {
	const char *name;
	u64 mode;
} modes[] = {
	{ "EL2t", 0x8 }, { "EL2h", 0x9 }, { "EL3t", 0xc }, { "EL3h", 0xd },
	{ "reserved 1", 0x1 }, { "reserved 7", 0x7 }, { "usr", MODE_USR },
	{ "svc", 0x13 }, { "mon", 0x16 }, { "hyp", 0x1a }, { "sys", 0x1f },
};

static struct probe_cfg cfg = { .vgic = true };
static struct guest_view before;
static bool *tried;

/* Runs with a datum that flips, until it did so: so often, and no more. */
#define MAX_TRIES	1000

/* Another CPU writes a datum all the time. */
struct flipper {
	const struct pkvm_test_field_info *info;
	const struct lie *lie;
	struct kvm_vm *vm;
	pthread_t thread;
	bool stop;
	unsigned long rounds;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	u32 i, nr = f->lie->all ? f->info->count : 1;
	sigset_t all;

	/* The alarm is for the thread that runs the guest. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	kvm_pin_this_task_to_pcpu(1);
	while (!READ_ONCE(f->stop))
		for (i = 0; i < nr && !READ_ONCE(f->stop); i++, f->rounds++)
			hostile_flip(f->info, f->vm, 0, i, f->lie->set, f->lie->mask,
				     nr > 1 ? 10 : 300);
	return NULL;
}

/* Return how many rounds there have been. */
static unsigned long flipper_start(struct flipper *f)
{
	unsigned long rounds;

	TEST_ASSERT(!pthread_create(&f->thread, NULL, flip, f), "no thread");
	/* It takes its time to start, and the runs do not. */
	while (!(rounds = READ_ONCE(f->rounds)))
		sched_yield();
	return rounds;
}

/* Of three rounds that end after @from, two were not begun before it. */
static bool flipper_ran(struct flipper *f, unsigned long from)
{
	return READ_ONCE(f->rounds) - from >= 3;
}

static void flipper_stop(struct flipper *f)
{
	WRITE_ONCE(f->stop, true);
	pthread_join(f->thread, NULL);
}

/* Tell the lie about all elements that it is about, or take it back. */
static int tell(const struct pkvm_test_field_info *info, const struct lie *lie,
		struct kvm_vm *vm, u64 *old, bool back)
{
	u32 i, nr = lie->all ? info->count : 1;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = hostile_poke(info, vm, 0, i, back ? old[i] : lie->set,
				   lie->mask, back ? NULL : &old[i]);
	return ret;
}

/* Is the guest what it was, or does it not run at all, which is fine, too? */
static bool same_or_refused(struct probe *p, bool *refused)
{
	struct guest_view now;

	if (!guest_view_take(p, &now))
		return guest_view_same(&before, &now);

	*refused = strstr(p->error, "KVM_RUN: ") || strstr(p->error, "exit reason");
	if (!*refused)
		ksft_print_msg("%s\n", p->error);
	return *refused;
}

static bool same(struct probe *p, const char *when, bool glance)
{
	struct guest_view now;

	if (glance ? guest_view_glance(p, &now) : guest_view_take(p, &now))
		ksft_print_msg("%s: %s\n", when, p->error);
	else if (guest_view_same(&before, &now))
		return true;
	ksft_print_msg("%s, another view\n", when);
	return false;
}

static bool lie_via_kvm(struct probe *p, const struct pkvm_test_field_info *info,
			const struct lie *lie, bool *refused)
{
	u64 old[128];
	bool ok;
	int ret;

	ret = tell(info, lie, p->vm, old, false);
	if (ret) {
		ksft_print_msg("cannot write: %s\n", strerror(-ret));
		return false;
	}
	ok = same_or_refused(p, refused);
	tell(info, lie, p->vm, old, true);
	return ok;
}

static bool flips_via_kvm(struct probe *p, const struct pkvm_test_field_info *info,
			  const struct lie *lie, bool *refused)
{
	struct flipper f = { .info = info, .lie = lie, .vm = p->vm };
	unsigned long from = flipper_start(&f);
	bool ok, ran;
	int i = 0;

	/* The other CPU may have had something else to do. */
	do {
		ok = same_or_refused(p, refused);
		ran = flipper_ran(&f, from);
	} while (ok && !*refused && !ran && ++i < MAX_TRIES);
	flipper_stop(&f);
	if (ok && !*refused && !ran)
		ksft_print_msg("nothing flipped\n");
	return ok && (*refused || ran);
}

#define EL2_RUNS	16

static bool lie_el2(struct probe *p, const struct pkvm_test_field_info *info,
		    const struct lie *lie)
{
	struct flipper f = { .info = info, .lie = lie, .vm = p->vm };
	u32 i, nr = lie->all ? info->count : 1;
	bool ok = true, ran = false;
	unsigned long from;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = hostile_run(info, p->vm, 0, i, lie->set, lie->mask, EL2_RUNS);
		if (ret < 0) {
			ksft_print_msg("no run: %s\n", strerror(-ret));
			ok = false;
		}
	}
	from = flipper_start(&f);
	for (i = 0, ret = 0; ret >= 0 && !ran && i < MAX_TRIES; i++) {
		ret = hostile_run(info, p->vm, 0, 0, lie->set, 0, 16 * EL2_RUNS);
		ran = flipper_ran(&f, from);
	}
	flipper_stop(&f);
	if (ret >= 0 && !ran)
		ksft_print_msg("nothing flipped\n");
	return ret >= 0 && ran && ok;
}

static struct probe *fresh(struct probe *p)
{
	bool refused = false;

	if (p)
		probe_free(p);
	p = probe_create(&cfg);
	/* The first run, after which nothing changes any more. */
	if (!same_or_refused(p, &refused) || refused)
		ksft_exit_fail_msg("a new guest has another view: %s\n", p->error);
	return p;
}

static struct probe *test_lie(struct probe *p, const struct lie *lie)
{
	struct pkvm_test_field_info info;
	bool refused[2] = {}, ok;

	if (!hostile_find(lie->name, &info)) {
		ksft_test_result_fail("%s: no such datum\n", lie->name);
		return p;
	}
	tried[info.nr] = true;

	if (lie->how == EL2_ONLY) {
		ok = lie_el2(p, &info, lie) && same(p, "afterwards", true);
		ksft_test_result(ok, "%s = 0x%lx EL2\n", lie->name, lie->set);
		return p->lost || !ok ? fresh(p) : p;
	}

	ok = lie_via_kvm(p, &info, lie, &refused[0]);
	ksft_test_result(ok, "%s = 0x%lx%s\n", lie->name, lie->set,
			 refused[0] ? ": refused" : "");
	if (p->lost || !ok)
		p = fresh(p);
	ok = flips_via_kvm(p, &info, lie, &refused[1]);
	ksft_test_result(ok, "%s = 0x%lx flips%s\n", lie->name, lie->set,
			 refused[1] ? ": refused" : "");
	return p->lost || !ok ? fresh(p) : p;
}

static bool refused_in(struct probe *p, u64 mode)
{
	struct pkvm_test_field_info info;
	int refused;

	TEST_ASSERT(hostile_find("pstate", &info), "no pstate");
	tried[info.nr] = true;
	refused = hostile_run(&info, p->vm, 0, 0, mode, PSTATE_MODE, EL2_RUNS);
	if (refused != EL2_RUNS)
		ksft_print_msg("%d of %d refused\n", refused, EL2_RUNS);
	return refused == EL2_RUNS;
}

/* EL2 refuses each run; afterwards, the guest goes on as if nothing had been. */
static void test_modes(struct probe *p)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		ksft_test_result(refused_in(p, modes[i].mode) && same(p, "afterwards", true),
				 "PSTATE %s\n", modes[i].name);
}

/* EL2 took the host's values of these once, and took the memory, too. */
static void test_el2_variables(void)
{
	struct pkvm_test_field_info info;
	unsigned int nr;
	int ret;

	for (nr = 0; hostile_datum(nr, &info); nr++) {
		if (info.object != PKVM_TEST_EL2)
			continue;
		tried[nr] = true;
		ret = hostile_poke(&info, NULL, 0, 0, ONES, ONES, NULL);
		if (ret != -EFAULT)
			ksft_print_msg("%s: %d\n", info.name, ret);
		ksft_test_result(ret == -EFAULT, "%s at EL2\n", info.name);
	}
}

/*
 * A VM that is not protected is what the host says. All that counts is that
 * each run comes back, and that KVM can still run others.
 */
static void test_unprotected(const struct pkvm_test_field_info *info)
{
	static const u64 values[] = { 0, ONES, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa };
	struct probe_cfg other = cfg;
	struct guest_view view;
	struct probe *p;
	unsigned int i;
	bool ok = true;
	u32 element;

	other.unprotected = true;
	p = probe_create(&other);
	if (guest_view_glance(p, &view)) {
		ksft_print_msg("%s\n", p->error);
		ok = false;
	}
	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (element = 0; element < info->count; element++)
			ok &= hostile_run(info, p->vm, 0, element, values[i], ONES, 2) >= 0;
	probe_free(p);
	ksft_test_result(ok, "unprotected %s\n", info->name);
}

/* What EL2 pins when a vCPU with SVE, which only other VMs have, first runs. */
static const struct {
	const char *name;
	u64 set;
	bool runs;
} sve_lies[] = {
	{ "sve_state", 0 },
	{ "sve_state", ONES },
	{ "sve_state", 0x5555555555555555 },
	{ "sve_max_vl", 0 },
	{ "sve_max_vl", 24 },
	{ "sve_max_vl", 8192, true },	/* no more than the host has */
};

/* Without end, and never the same in V16 again. */
static u64 guest_counts_in_fp(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	asm volatile("movi	v17.16b, #1\n"
		     "1:\n"
		     "add	v16.2d, v16.2d, v17.2d\n"
		     "b		1b\n");
	return 0;
}

static u64 v16_of(struct probe *p)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE |
		      KVM_REG_ARM_CORE_REG(fp_regs.vregs[16]),
	};
	u64 val[2];

	reg.addr = (u64)val;
	TEST_ASSERT(!__vcpu_ioctl(p->vcpu[0], KVM_GET_ONE_REG, &reg), "no V16");
	return val[0];
}

static u64 guest_nothing(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	return 0;
}

static void test_host_fp(bool unprotected)
{
	struct probe_call call = { .fn = guest_counts_in_fp }, first = { .fn = guest_nothing };
	struct probe_cfg who = { .vgic = true, .unprotected = unprotected };
	struct probe *p = probe_create(&who);
	struct pkvm_test_field_info info;
	u64 from;
	int ret;

	/* The first run takes its time. */
	TEST_ASSERT(!probe_call(p, &first), "no guest: %s", p->error);
	p->limit_ms = 200;
	TEST_ASSERT(probe_call(p, &call) == -ETIME, "the guest ended");
	TEST_ASSERT(hostile_find("hcr_el2", &info), "no hcr_el2");
	from = v16_of(p);
	ret = hostile_run(&info, p->vm, 0, 0, 0, 0, EL2_RUNS);
	if (ret)
		ksft_print_msg("runs: %d\n", ret);
	ksft_test_result(!ret && v16_of(p) != from, "host FP, %s\n",
			 unprotected ? "unprotected" : "protected");
	probe_free(p);
}

static bool sve_lie(unsigned int nr)
{
	struct probe_call call = { .fn = guest_nothing };
	struct probe_cfg other = cfg;
	struct pkvm_test_field_info info;
	struct probe *p;
	bool runs, ok;
	u64 old;

	other.unprotected = true;
	other.sve_vq = 16;
	p = probe_create(&other);
	ok = hostile_find(sve_lies[nr].name, &info) &&
	     !hostile_poke(&info, p->vm, 0, 0, sve_lies[nr].set, ONES, &old);
	/* One call, since the next one would get another VM. */
	runs = ok && !probe_call(p, &call);
	if (ok && !runs) {
		ksft_print_msg("%s\n", p->error);
		ok = strstr(p->error, "KVM_RUN: ");
	}
	/* The host frees it. */
	ok = ok && !hostile_poke(&info, p->vm, 0, 0, old, ONES, NULL);
	TEST_ASSERT(ok, "sve_state is lost");
	probe_free(p);
	return runs == sve_lies[nr].runs;
}

static void test_sve_lies(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sve_lies); i++) {
		if (!kvm_check_cap(KVM_CAP_ARM_SVE))
			ksft_test_result_skip("SVE %s = 0x%lx: this CPU has no SVE\n",
					      sve_lies[i].name, sve_lies[i].set);
		else
			ksft_test_result(sve_lie(i), "SVE %s = 0x%lx\n", sve_lies[i].name,
					 sve_lies[i].set);
	}
}

/* All that fits into it: modes, and exceptions and steps that are pending. */
static bool test_unprotected_all_of(const char *name)
{
	struct pkvm_test_field_info info;
	struct probe_cfg other = cfg;
	struct guest_view view;
	struct probe *p;
	u64 value;
	bool ok;

	other.unprotected = true;
	p = probe_create(&other);
	ok = hostile_find(name, &info) && !guest_view_glance(p, &view);
	for (value = 0; value < 256 && ok; value++)
		ok = hostile_run(&info, p->vm, 0, 0, value, 0xff, 2) >= 0;
	probe_free(p);
	return ok;
}

/* Where no exception return of EL2 leads. AArch32 at EL0 goes by the CPU. */
static void test_unprotected_modes(void)
{
	struct probe_cfg other = cfg;
	struct guest_view view;
	struct probe *p;
	unsigned int i;

	other.unprotected = true;
	p = probe_create(&other);
	TEST_ASSERT(!guest_view_glance(p, &view), "%s", p->error);
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].mode != MODE_USR)
			ksft_test_result(refused_in(p, modes[i].mode) &&
					 !guest_view_glance(p, &view),
					 "unprotected PSTATE %s\n", modes[i].name);
	probe_free(p);
}

static unsigned int count_cases(const char *only)
{
	struct pkvm_test_field_info info;
	unsigned int nr, total = 0;

	for (nr = 0; nr < ARRAY_SIZE(lies); nr++)
		if (!only || !strcmp(only, lies[nr].name))
			total += lies[nr].how == VIA_KVM ? 2 : 1;
	if (only) {
		tried = calloc(BIT(10), sizeof(*tried));
		return total + (strcmp(only, "pstate") ? 0 : 2 * ARRAY_SIZE(modes) - 1);
	}
	for (nr = 0; hostile_datum(nr, &info); nr++)
		total += info.object != PKVM_TEST_HOST;
	tried = calloc(nr, sizeof(*tried));
	return total + 2 * ARRAY_SIZE(modes) - 1 + 6 + ARRAY_SIZE(sve_lies) +
	       HOST_STATE_TESTS;
}

static bool all_tried(void)
{
	struct pkvm_test_field_info info;
	bool ok = true;
	unsigned int nr;

	for (nr = 0; hostile_datum(nr, &info); nr++) {
		if (!tried[nr])
			ksft_print_msg("%s: no lie about it\n", info.name);
		ok &= tried[nr];
	}
	return ok && nr;
}

int main(int argc, char *argv[])
{
	struct pkvm_test_field_info info;
	struct probe *p, *other;
	unsigned int i;

	ksft_print_header();
	probe_require_protected();
	hostile_open();
	ksft_set_plan(count_cases(argc > 1 ? argv[1] : NULL));
	TEST_ASSERT(sysconf(_SC_NPROCESSORS_ONLN) > 1, "a second CPU is needed");

	kvm_pin_this_task_to_pcpu(0);
	host_state_save();
	cfg.pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	other = probe_create(&cfg);
	if (guest_view_take(other, &before))
		ksft_exit_fail_msg("no view: %s\n", other->error);

	p = fresh(NULL);
	for (i = 0; i < ARRAY_SIZE(lies); i++)
		if (argc < 2 || !strcmp(argv[1], lies[i].name))
			p = test_lie(p, &lies[i]);
	if (argc < 2 || !strcmp(argv[1], "pstate")) {
		test_modes(p);
		test_unprotected_modes();
	}
	if (argc > 1)
		ksft_finished();
	test_el2_variables();
	ksft_test_result(all_tried(), "every datum\n");

	for (i = 0; hostile_datum(i, &info); i++)
		if (info.object == PKVM_TEST_VM || info.object == PKVM_TEST_VCPU)
			test_unprotected(&info);
	ksft_test_result(test_unprotected_all_of("pstate"), "unprotected PSTATE modes\n");
	ksft_test_result(test_unprotected_all_of("iflags"), "unprotected iflags values\n");

	test_host_fp(false);
	test_host_fp(true);
	test_sve_lies();
	ksft_test_result(same(p, "at the end", false) && same(other, "other", false), "other VM\n");
	probe_free(p);
	probe_free(other);

	host_state_report();
	ksft_finished();
}
