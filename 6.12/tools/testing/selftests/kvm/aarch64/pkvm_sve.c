// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_sve - SVE beside a protected VM: nothing is lost, and nothing shows
 *
 * Two VMs that are not protected have SVE, one with all vector lengths of the CPU
 * and one with the shortest only. They, a protected VM, which never has SVE, and a
 * process of the host write all of their registers with values of their own, in
 * turns on one CPU, and find them as they were. Meanwhile another process looks at
 * its SVE registers without making a system call, which would discard them.
 *
 * Audit map: case -> rule
 *
 *  WHO registers	Z16..Z31, P0..P15 and FFR as long as the vectors are, V16..V31
 *			without SVE, FPCR and FPSR: as written, after the others ran
 *  WHO ZCR		ZCR_EL1 and the length of vectors that it makes
 *  WHO read		the VMM reads by KVM_GET_ONE_REG what the guest wrote
 *  WHO written		the guest has what the VMM wrote by KVM_SET_ONE_REG
 *  protected RDVL	stays UNDEF after others used SVE
 *  new VM, WHO		all registers are zero in a VM that is made afterwards
 *  process Z		V16..V31 of the process, and in what a system call discards
 *			of SVE nothing of others
 *  process VL		the length of its vectors
 *  lengths of vectors	those that the guests were allowed
 *  busy process	its SVE registers, whoever ran meanwhile
 *  host		the host's own registers are what they were
 *
 * Not here: that EL2 gives the registers of the host back. The host's kernel loads
 * those of a process again before the process goes on, so no process can tell. That,
 * and what EL2 makes of a wrong sve_state or sve_max_vl, is in pkvm_lying_host.
 *
 * Rules: contract, section 1, B6; section 4, restored on exit.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "pkvm_sve_regs.h"

#define NR_ROUNDS	4
#define ZCR_ALL		0xf
/* Beside a busy process, a call takes longer. */
#define LIMIT_MS	30000

struct guest {
	const char *name;
	unsigned int vq;	/* what it is allowed to have; 0: no SVE */
	bool protected;
	struct probe *p;
	u64 seed;
	u64 vl;
	bool lost, zcr_lost, read_wrong, write_lost;
};

static struct guest guests[] = {
	{ .name = "SVE", .vq = VQ_MAX },
	{ .name = "protected", .protected = true },
	{ .name = "SVE 128", .vq = 1 },
};

static struct regs expected, found;

/* In the guest: the length of its vectors, with @sve. */
static u64 guest_put(u64 seed, u64 sve, u64 a2, u64 a3, u64 a4)
{
	u64 vl = 0;

	if (sve) {
		write_sysreg_s(ZCR_ALL, SYS_ZCR_EL1);
		isb();
		vl = vector_length();
	}
	fill(&expected, seed, vl);
	clear(&found);
	load(&expected, sve);
	return vl;
}

static u64 guest_get(u64 seed, u64 sve, u64 vl, u64 a3, u64 a4)
{
	store(&found, sve);
	if (sve) {
		probe_put(read_sysreg_s(SYS_ZCR_EL1));
		probe_put(vector_length());
	}
	fill(&expected, seed, vl);
	return differs(&expected, &found);
}

/* In a new guest, before anything else. ZCR_EL1 then tells how long vectors are. */
static u64 guest_first_look(u64 a0, u64 sve, u64 a2, u64 a3, u64 a4)
{
	if (sve) {
		write_sysreg_s(ZCR_ALL, SYS_ZCR_EL1);
		isb();
	}
	store(&found, sve);
	return differs(&expected, &found);
}

/* From here on: the host's side. */

static u64 call(struct guest *g, u64 (*fn)(u64, u64, u64, u64, u64), u64 seed, u64 *rx)
{
	struct probe_call call = {
		.fn = fn, .args = { seed, !!g->vq, g->vl }, .rx = rx, .rx_max = rx ? 2 : 0,
	};

	if (probe_call(g->p, &call))
		ksft_exit_fail_msg("%s: the guest is lost: %s\n", g->name, g->p->error);
	return call.ret;
}

static void create(struct guest *g)
{
	struct probe_cfg cfg = {
		.vgic = true, .unprotected = !g->protected, .sve_vq = g->vq,
	};

	g->p = probe_create(&cfg);
	g->p->limit_ms = LIMIT_MS;
}

static void put(struct guest *g)
{
	g->seed += 0x10001;
	g->vl = call(g, guest_put, g->seed, NULL);
}

static bool get(struct guest *g)
{
	u64 rx[2] = { ZCR_ALL, g->vl };
	u64 at = call(g, guest_get, g->seed, rx);

	if (at)
		ksft_print_msg("%s: byte %lu of its registers, vectors of %lu\n",
			       g->name, at - 1, g->vl);
	if (rx[0] != ZCR_ALL || rx[1] != g->vl) {
		ksft_print_msg("%s: ZCR_EL1 0x%lx, RDVL %lu\n", g->name, rx[0], rx[1]);
		g->zcr_lost = true;
	}
	return !at;
}

/* One register of @size bytes as the VMM has it: the last of its bytes are not used. */
static void one_reg(struct guest *g, u64 id, void *value, size_t size, bool write)
{
	u8 data[VL_MAX] = {};
	struct kvm_one_reg reg = { .id = id, .addr = (u64)data };

	memcpy(data, value, size);
	if (write)
		vcpu_ioctl(g->p->vcpu[0], KVM_SET_ONE_REG, &reg);
	else
		vcpu_ioctl(g->p->vcpu[0], KVM_GET_ONE_REG, &reg);
	memcpy(value, data, size);
}

static void one_regs(struct guest *g, struct regs *r, bool write)
{
	const u64 status = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE;
	u64 i, vl = g->vl;

	for (i = 0; i < FP_NR_VREGS; i++)
		one_reg(g, KVM_REG_ARM64_SVE_ZREG(16 + i, 0), r->z + i * vl, vl, write);
	for (i = 0; i < NR_PREGS; i++)
		one_reg(g, KVM_REG_ARM64_SVE_PREG(i, 0), r->p + i * vl / 8, vl / 8, write);
	one_reg(g, KVM_REG_ARM64_SVE_FFR(0), r->ffr, vl / 8, write);
	one_reg(g, status | KVM_REG_ARM_CORE_REG(fp_regs.fpcr), &r->fpcr, 4, write);
	one_reg(g, status | KVM_REG_ARM_CORE_REG(fp_regs.fpsr), &r->fpsr, 4, write);
}

static bool vmm_reads(struct guest *g)
{
	static struct regs want, now;

	fill(&want, g->seed, g->vl);
	clear(&now);
	one_regs(g, &now, false);
	if (differs(&want, &now))
		ksft_print_msg("%s: byte %lu is read otherwise\n", g->name,
			       differs(&want, &now) - 1);
	return !differs(&want, &now);
}

static bool vmm_writes(struct guest *g)
{
	static struct regs r;

	g->seed += 0x10001;
	fill(&r, g->seed, g->vl);
	one_regs(g, &r, true);
	return get(g);
}

/* A process that makes no system call has its registers whoever ran meanwhile. */
struct busy {
	pid_t pid;
	u64 rounds, lost, stop;
};

static void busy_process(struct busy *busy)
{
	static struct regs mine, now;
	u64 seed = 0xb, vl, n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SVE_SET_VL, VL_MAX);
	vl = vector_length();
	while (!READ_ONCE(busy->stop)) {
		fill(&mine, seed++, vl);
		clear(&now);
		load(&mine, true);
		/* Longer than a tick. */
		n = 5000000;
		asm volatile("1: subs %0, %0, #1\n b.ne 1b\n" : "+r" (n) :: "cc");
		store(&now, true);
		if (differs(&mine, &now) || vector_length() != vl)
			WRITE_ONCE(busy->lost, busy->lost + 1);
		WRITE_ONCE(busy->rounds, busy->rounds + 1);
	}
	_exit(0);
}

static struct busy *busy_start(void)
{
	struct busy *busy = mmap(NULL, sizeof(*busy), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(busy != MAP_FAILED, "no memory");
	busy->pid = fork();
	TEST_ASSERT(busy->pid >= 0, "no process");
	if (!busy->pid)
		busy_process(busy);
	return busy;
}

static bool busy_stop(struct busy *busy)
{
	/* As many rounds as there were for the guests. */
	while (READ_ONCE(busy->rounds) < NR_ROUNDS && !waitpid(busy->pid, NULL, WNOHANG))
		usleep(10000);
	WRITE_ONCE(busy->stop, true);
	waitpid(busy->pid, NULL, 0);
	ksft_print_msg("the busy process: %lu of %lu rounds lost\n", busy->lost, busy->rounds);
	return busy->rounds >= NR_ROUNDS && !busy->lost;
}

/*
 * A system call discards what is not V16..V31, as zeros. Nothing else may be
 * there but what was, in case it did not.
 */
static bool own_or_zero(const struct regs *mine, const struct regs *now, u64 vl)
{
	const u8 *a = (const u8 *)mine, *b = (const u8 *)now;
	bool ok = mine->fpcr == now->fpcr && mine->fpsr == now->fpsr;
	unsigned int i;

	for (i = 0; i < offsetof(struct regs, fpcr); i++)
		ok &= a[i] == b[i] || !b[i];
	for (i = 0; i < FP_NR_VREGS; i++)
		ok &= !memcmp(mine->z + i * vl, now->z + i * vl, 16);
	return ok;
}

static struct regs process_regs;
static u64 process_vl;
static unsigned int process_runs, process_lost;

/* Compilers and libraries use these registers, but not in a system call. */
static int run_beside_process(struct kvm_vcpu *vcpu)
{
	static struct regs now;
	int ret;

	clear(&now);
	load(&process_regs, true);
	ret = ioctl(vcpu->fd, KVM_RUN, NULL);
	store(&now, true);
	write_sysreg(0, fpcr);
	process_runs++;
	process_lost += !own_or_zero(&process_regs, &now, process_vl);
	return ret;
}

static bool get_beside_process(struct guest *g, u64 seed, u64 vl)
{
	bool ok;

	fill(&process_regs, seed, vl);
	process_vl = vl;
	g->p->run = run_beside_process;
	ok = get(g);
	g->p->run = NULL;
	return ok;
}

static bool rdvl_is_undef(struct guest *g)
{
	struct probe_in in = { .pstate = PROBE_DAIF | PROBE_EL1H };
	const u32 insn = 0x04bf5020;		/* rdvl x0, #1 */
	struct probe_out out;

	if (probe_run(g->p, PROBE_PAGE_EL1, &insn, 1, &in, &out))
		ksft_exit_fail_msg("%s: the guest is lost: %s\n", g->name, g->p->error);
	return probe_undef_at(&in, &out, 0);
}

/* The first thing that it does is to look at its registers. */
static bool new_vm_is_clean(const struct guest *like)
{
	struct guest g = { .name = "new", .vq = like->vq, .protected = like->protected };
	u64 at;

	create(&g);
	at = call(&g, guest_first_look, 0, NULL);
	if (at)
		ksft_print_msg("%s: byte %lu is not zero\n", like->name, at - 1);
	probe_free(g.p);
	return !at;
}

static void rounds(u64 vl)
{
	unsigned int round, i, nr = ARRAY_SIZE(guests);
	struct guest *g;

	for (round = 0; round < NR_ROUNDS; round++) {
		for (i = 0; i < nr; i++)
			put(&guests[(round + i) % nr]);
		for (i = 0; i < nr; i++) {
			g = &guests[i];
			g->lost |= !get_beside_process(g, round * nr + i, vl);
			if (g->vq) {
				g->read_wrong |= !vmm_reads(g);
				g->write_lost |= !vmm_writes(g);
			}
		}
	}
}

static void report(const struct guest *g)
{
	ksft_test_result(!g->lost, "%s registers\n", g->name);
	if (!g->vq)
		return;
	ksft_test_result(!g->zcr_lost, "%s ZCR\n", g->name);
	ksft_test_result(!g->read_wrong, "%s read\n", g->name);
	ksft_test_result(!g->write_lost, "%s written\n", g->name);
}

int main(void)
{
	struct busy *busy;
	unsigned int i;
	u64 vl;

	ksft_print_header();
	probe_require_protected();
	if (!kvm_check_cap(KVM_CAP_ARM_SVE))
		ksft_exit_skip("this CPU has no SVE\n");
	ksft_set_plan(2 * 4 + 2 + ARRAY_SIZE(guests) + 4 + HOST_STATE_TESTS);
	host_state_save();
	prctl(PR_SVE_SET_VL, VL_MAX);
	vl = vector_length();
	busy = busy_start();
	for (i = 0; i < ARRAY_SIZE(guests); i++)
		create(&guests[i]);

	rounds(vl);
	for (i = 0; i < ARRAY_SIZE(guests); i++)
		report(&guests[i]);
	ksft_print_msg("vectors of %lu, %lu and %lu bytes\n", vl, guests[0].vl, guests[2].vl);
	ksft_test_result(rdvl_is_undef(&guests[1]), "protected RDVL\n");
	for (i = 0; i < ARRAY_SIZE(guests); i++)
		ksft_test_result(new_vm_is_clean(&guests[i]), "new VM, %s\n", guests[i].name);
	ksft_print_msg("the process: %u of %u times lost\n", process_lost, process_runs);
	ksft_test_result(process_runs && !process_lost, "process Z\n");
	ksft_test_result(vector_length() == vl, "process VL\n");
	ksft_test_result(busy_stop(busy), "busy process\n");
	ksft_test_result(guests[2].vl == 16 && guests[0].vl >= 16 && guests[0].vl <= vl,
			 "lengths of vectors\n");
	for (i = 0; i < ARRAY_SIZE(guests); i++)
		probe_free(guests[i].p);

	host_state_report();
	ksft_finished();
}
