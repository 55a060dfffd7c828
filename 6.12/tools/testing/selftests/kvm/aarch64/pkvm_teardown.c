// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_teardown - a hostile host takes VMs from EL2 while they are in use
 *
 * Audit map: case -> rule
 *
 *  during a run	a VM of which a vCPU runs on another CPU stays: EBUSY. Once
 *			it is gone, the vCPU does not run any more
 *  two of one kvm	two VMs of EL2 that share the host's struct kvm go at once on
 *			two CPUs. EL2 has nothing in it that it relies on
 *  entering		teardown against an endless row of hypercalls that load, run
 *			and put: each has its turn, and neither harms the other
 *  pages		all that was donated is the host's again
 *  other VM		a protected VM beside all this has the view that it had
 *  host		the host's own registers are what they were
 *
 * Rules: contract, principle 6; EL2 keeps a VM for as long as it is in use.
 */
#include <linux/errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "host_state.h"
#include "hostile_host.h"
#include "kselftest.h"

#define HANDLE_FIRST	0x1000
#define NR_PAGES	64
#define NR_PAIRS	60
#define SPIN_MS		1000
#define NR_ENTRIES	60

static u64 page_va(u32 index)
{
	struct pkvm_test_addr addr;

	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_PAGE, NULL, index, &addr), "no page");
	return addr.va;
}

static struct pkvm_test_call look_up(const char *name, u64 a0, u64 a1, u64 a2)
{
	return (struct pkvm_test_call) {
		.id = hostile_hcall_id(name), .args = { a0, a1, a2 }, .irqs_off = 1,
	};
}

static s64 hcall(const char *name, u64 a0, u64 a1, u64 a2)
{
	struct pkvm_test_call call = look_up(name, a0, a1, a2);

	return (int)hostile_call(&call);
}

static u64 handle_of(struct kvm_vm *vm)
{
	struct pkvm_test_field_info info;
	u64 handle;

	TEST_ASSERT(hostile_find("pkvm.handle", &info), "no handle");
	TEST_ASSERT(!hostile_poke(&info, vm, 0, 0, 0, 0, &handle), "not read");
	return handle;
}

/* A thread on a CPU of its own, to which no alarm goes. */
struct attacker {
	pthread_t thread;
	void (*attack)(struct attacker *a);
	u64 handle;
	int cpu;
	bool stop;
	unsigned int busy, done, other;
	s64 last;
};

static void *attacker_main(void *arg)
{
	struct attacker *a = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	kvm_pin_this_task_to_pcpu(a->cpu);
	a->attack(a);
	return NULL;
}

/* The test's own is the one that host_state_save() found it on. */
static int other_cpu(void)
{
	return !sched_getcpu();
}

static void start(struct attacker *a)
{
	TEST_ASSERT(!pthread_create(&a->thread, NULL, attacker_main, a), "no thread");
}

static void count(struct attacker *a, s64 ret)
{
	if (ret == -EBUSY)
		a->busy++;
	else if (!ret)
		a->done++;
	else
		a->other++;
	a->last = ret;
}

static void teardown_until_gone(struct attacker *a)
{
	/* The guest is on its way. It takes longer than this. */
	usleep(SPIN_MS * 1000 / 4);
	while (!READ_ONCE(a->stop) && !a->done && !a->other)
		count(a, hcall("__pkvm_teardown_vm", a->handle, 0, 0));
}

static u64 guest_spin(u64 ticks, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 from = read_sysreg(cntvct_el0);

	while (read_sysreg(cntvct_el0) - from < ticks)
		isb();
	return 0;
}

/*
 * KVM notices that the VM has gone when EL2 refuses to run it. It must not
 * give a handle back that is somebody else's next time.
 */
static void forget_handle(struct kvm_vm *vm)
{
	struct pkvm_test_field_info info;

	TEST_ASSERT(hostile_find("pkvm.handle", &info), "no handle");
	TEST_ASSERT(!hostile_poke(&info, vm, 0, 0, 0, ~0UL, NULL), "not written");
}

/* Return whether the attacker met the vCPU, or the case failed. */
static bool during_one_run(bool *ok)
{
	struct probe_cfg cfg = { .vgic = true };
	struct probe *p = probe_create(&cfg);
	struct probe_call call = { .fn = guest_spin, .seconds = 30 };
	struct attacker a = { .attack = teardown_until_gone, .cpu = other_cpu() };
	int ret;

	TEST_ASSERT(!probe_call(p, &call), "no guest: %s", p->error);
	a.handle = handle_of(p->vm);
	call.args[0] = read_sysreg(cntfrq_el0) / 1000 * SPIN_MS;
	start(&a);
	ret = probe_call(p, &call);
	WRITE_ONCE(a.stop, true);
	pthread_join(a.thread, NULL);
	/* The VM may go behind the last exit of the call. Then, the next one fails. */
	if (a.done && !ret) {
		call.args[0] = 0;
		ret = probe_call(p, &call);
	}
	ksft_print_msg("%u times busy, %u times gone, then %ld; the guest: %s\n", a.busy,
		       a.done, a.last, ret ? p->error : "ended");
	if (a.done)
		forget_handle(p->vm);
	probe_free(p);
	/* What was torn down does not end a call. */
	*ok = !a.other && (a.done ? ret : !ret);
	return a.busy || !*ok;
}

/* If the host had something else to do on that CPU just then, the VM goes at once. */
static bool during_run(void)
{
	unsigned int i;
	bool ok;

	for (i = 0; i < 5; i++)
		if (during_one_run(&ok))
			return ok;

	return false;
}

/* A VM that KVM has run once: what EL2 asks of a struct kvm is there. */
static struct probe *template;
static struct pkvm_test_addr kvm_at, vcpu_at;

static s64 make_vm(unsigned int page)
{
	s64 handle = hcall("__pkvm_init_vm", kvm_at.va, page_va(page), page_va(page + 16));
	s64 ret;

	if (handle < HANDLE_FIRST) {
		ksft_print_msg("init_vm: %ld\n", handle);
		return 0;
	}
	ret = hcall("__pkvm_init_vcpu", handle, vcpu_at.va, page_va(page + 24));
	if (ret)
		ksft_print_msg("init_vcpu: %ld\n", ret);
	return ret ? 0 : handle;
}

static unsigned int nr_ready;

/* To look up the call, or to sleep, would take longer than the call does. */
static void teardown_at_once(struct attacker *a)
{
	struct pkvm_test_call call = look_up("__pkvm_teardown_vm", a->handle, 0, 0);

	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < 2)
		;
	count(a, (int)hostile_call(&call));
}

static bool two_of_one_kvm(void)
{
	struct attacker a[2];
	unsigned int i, n;
	bool ok = true;

	for (n = 0; ok && n < NR_PAIRS; n++) {
		for (i = 0; i < 2; i++) {
			a[i] = (struct attacker) { .attack = teardown_at_once, .cpu = i };
			a[i].handle = make_vm(32 * i);
			ok &= !!a[i].handle;
		}
		nr_ready = 0;
		for (i = 0; i < 2; i++)
			start(&a[i]);
		for (i = 0; i < 2; i++) {
			pthread_join(a[i].thread, NULL);
			ok &= a[i].done == 1;
		}
		hostile_take_back(template->vm);
	}
	return ok;
}

static void run_until_stopped(struct attacker *a)
{
	while (!READ_ONCE(a->stop)) {
		u64 handle = READ_ONCE(a->handle);

		a->last = hcall("__pkvm_vcpu_load", handle, 0, 0);
		if (!a->last)
			a->last = hcall("__pkvm_vcpu_run", handle, 0, 0);
		hcall("__pkvm_vcpu_put", 0, 0, 0);
		if (a->last == -EINVAL)
			a->busy++;
		else if (a->last >= 0)
			a->done++;
		else
			a->other++;
	}
}

static bool entering(void)
{
	struct attacker runner = { .attack = run_until_stopped, .cpu = other_cpu() };
	unsigned int n, busy = 0;
	bool ok = true;
	s64 ret;

	start(&runner);
	for (n = 0; ok && n < NR_ENTRIES; n++) {
		u64 handle = make_vm(0);

		ok &= !!handle;
		WRITE_ONCE(runner.handle, handle);
		usleep(500);
		while ((ret = hcall("__pkvm_teardown_vm", handle, 0, 0)) == -EBUSY)
			busy++;
		ok &= !ret;
		hostile_take_back(template->vm);
	}
	WRITE_ONCE(runner.stop, true);
	pthread_join(runner.thread, NULL);
	ksft_print_msg("teardown: %u times busy; runs: %u, refused: %u, else: %u (%ld)\n", busy,
		       runner.done, runner.busy, runner.other, runner.last);
	return ok && runner.done && runner.busy && !runner.other;
}

static bool pages_are_back(void)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		if (hostile_check_page(i) < 0) {
			ksft_print_msg("page %u is lost\n", i);
			return false;
		}
	}
	return true;
}

int main(void)
{
	struct probe_cfg cfg = { .vgic = true };
	struct guest_view before, now;
	struct probe *bystander;
	bool ok;

	ksft_print_header();
	probe_require_protected();
	hostile_open();
	ksft_set_plan(5 + HOST_STATE_TESTS);
	host_state_save();
	hostile_fill_pages();
	bystander = probe_create(&cfg);
	TEST_ASSERT(!guest_view_take(bystander, &before), "no view: %s", bystander->error);

	ksft_test_result(during_run(), "during a run\n");

	template = probe_create(&cfg);
	TEST_ASSERT(!guest_view_glance(template, &now), "no view: %s", template->error);
	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_VM, template->vm, 0, &kvm_at), "no VM");
	TEST_ASSERT(!hostile_addr(PKVM_TEST_AT_VCPU, template->vm, 0, &vcpu_at), "no vCPU");
	ksft_test_result(two_of_one_kvm(), "two of one kvm\n");
	ksft_test_result(entering(), "entering\n");
	ksft_test_result(pages_are_back(), "pages\n");

	ok = !guest_view_take(bystander, &now) && guest_view_same(&before, &now);
	ksft_test_result(ok, "other VM\n");
	probe_free(template);
	probe_free(bystander);
	host_state_report();
	ksft_finished();
}
