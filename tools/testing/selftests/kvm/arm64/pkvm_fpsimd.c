// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_fpsimd - FP, SVE and SME registers beside protected VMs.
 *
 * A protected VM, which has no SVE, ordinary VMs without SVE, with all lengths of
 * vectors and with the shortest one take turns on one CPU with the process that
 * runs them. Each has its registers full of values of its own and finds them as
 * they were. A new VM finds zeros. What a guest does not have is UNDEF, whoever
 * used it before.
 */
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <asm/hwcap.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define NR_ROUNDS	3
#define NR_ZREGS	32
#define NR_PREGS	16
#define VQ_MAX		16
#define VL_MAX		(16 * VQ_MAX)
#define FPSIMD_VL	16	/* without SVE, only the low 128 bits are there */
#define ZCR_LEN		0xf

#define FPCR_BITS	GENMASK(25, 22)			/* AHP, DN, FZ, RMode */
#define FPSR_BITS	(BIT(27) | GENMASK(4, 0))	/* QC and exceptions */

/* Registers lie one after the other, each as long as the vectors make it. */
struct regs {
	u8 z[NR_ZREGS * VL_MAX];
	u8 p[NR_PREGS * VL_MAX / 8];
	u8 ffr[VL_MAX / 8];
	u64 fpcr, fpsr;
};

/* Memory that guest and test share. */
struct shared {
	struct regs first, want, got;
	u64 vl, zcr, nr_undef;
};

#define NR_0_15		"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15"
#define NR_16_31	"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"

/* Between load() and store() there may be nothing that uses FP registers. */
static __always_inline void load(const struct regs *r, bool sve)
{
	write_sysreg(r->fpcr, fpcr);
	write_sysreg(r->fpsr, fpsr);
	if (sve)
		asm volatile(".arch_extension sve\n"
			     "ldr p0, [%2]\n"
			     "wrffr p0.b\n"
			     ".irp nr, " NR_0_15 "\n"
			     "ldr p\\nr, [%1, #\\nr, mul vl]\n"
			     ".endr\n"
			     ".irp nr, " NR_0_15 ", " NR_16_31 "\n"
			     "ldr z\\nr, [%0, #\\nr, mul vl]\n"
			     ".endr\n"
			     :: "r" (r->z), "r" (r->p), "r" (r->ffr) : "memory",
			     "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
			     "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
			     "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
			     "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
	else
		asm volatile(".irp nr, " NR_0_15 ", " NR_16_31 "\n"
			     "ldr q\\nr, [%0, #(16 * \\nr)]\n"
			     ".endr\n" :: "r" (r->z) : "memory",
			     "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
			     "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
			     "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
			     "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

static __always_inline void store(struct regs *r, bool sve)
{
	if (sve)
		asm volatile(".arch_extension sve\n"
			     ".irp nr, " NR_0_15 ", " NR_16_31 "\n"
			     "str z\\nr, [%0, #\\nr, mul vl]\n"
			     ".endr\n"
			     ".irp nr, " NR_0_15 "\n"
			     "str p\\nr, [%1, #\\nr, mul vl]\n"
			     ".endr\n"
			     "rdffr p0.b\n"
			     "str p0, [%2]\n"
			     :: "r" (r->z), "r" (r->p), "r" (r->ffr) : "memory");
	else
		asm volatile(".irp nr, " NR_0_15 ", " NR_16_31 "\n"
			     "str q\\nr, [%0, #(16 * \\nr)]\n"
			     ".endr\n" :: "r" (r->z) : "memory");
	r->fpcr = read_sysreg(fpcr);
	r->fpsr = read_sysreg(fpsr);
	write_sysreg(0, fpcr);
}

static u64 vector_length(void)
{
	u64 vl;

	asm volatile(".arch_extension sve\n"
		     "rdvl %0, #1\n" : "=r" (vl));

	return vl;
}

/* The guest's side */

static u64 nr_undef;

static void handle_undef(struct ex_regs *regs)
{
	nr_undef++;
	regs->pc += 4;
}

static void guest_code(struct shared *s, u64 sve)
{
	if (sve) {
		write_sysreg_s(ZCR_LEN, SYS_ZCR_EL1);
		isb();
	}
	store(&s->first, sve);

	for (;;) {
		load(&s->want, sve);
		GUEST_UCALL_NONE();
		store(&s->got, sve);

		asm volatile(".inst 0x04bf5820" ::: "x0");	/* rdsvl x0, #1 */
		if (sve) {
			s->zcr = read_sysreg_s(SYS_ZCR_EL1);
			s->vl = vector_length();
		} else {
			asm volatile(".inst 0x04bf5020" ::: "x0");	/* rdvl x0, #1 */
		}
		s->nr_undef = nr_undef;
	}
}

/* The test's side */

static struct guest {
	const char *name;
	unsigned int vq;	/* of the longest vectors; 0: no SVE */
	bool protected;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	struct shared *shared;
	u64 vl;
	struct regs want;
	u64 nr_runs;
	bool lost;
} guests[] = {
	{ .name = "protected", .protected = true },
	{ .name = "ordinary" },
	{ .name = "SVE", .vq = VQ_MAX },
	{ .name = "SVE of 128 bits", .vq = 1 },
};

static bool host_has_sve;
static u64 host_vl = FPSIMD_VL;

static u64 next_random(void)
{
	static u64 state;

	state = state * 6364136223846793005 + 1442695040888963407;

	return state >> 32;
}

static void fill(struct regs *r, u64 vl, bool sve)
{
	u64 i, n;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < NR_ZREGS * vl; i++)
		r->z[i] = next_random();
	for (i = 0; sve && i < NR_PREGS * vl / 8; i++)
		r->p[i] = next_random();
	/* FFR has to be a row of ones and then zeros. Other values are UNPREDICTABLE. */
	n = sve ? 1 + next_random() % vl : 0;
	for (i = 0; i < n; i++)
		r->ffr[i / 8] |= BIT(i % 8);
	r->fpcr = next_random() & FPCR_BITS;
	r->fpsr = next_random() & FPSR_BITS;
}

static bool same(const char *who, const struct regs *a, const struct regs *b)
{
	size_t i;

	for (i = 0; i < sizeof(*a); i++) {
		if (((u8 *)a)[i] == ((u8 *)b)[i])
			continue;
		ksft_print_msg("%s: byte %zu of the registers is 0x%x, not 0x%x\n", who,
			       i, ((u8 *)b)[i], ((u8 *)a)[i]);
		return false;
	}

	return true;
}

/* Give @g the lengths of vectors that the CPU has, up to its own limit. */
static void finalize_sve(struct guest *g)
{
	u64 vls[KVM_ARM64_SVE_VLS_WORDS];
	struct kvm_one_reg reg = { .id = KVM_REG_ARM64_SVE_VLS, .addr = (u64)vls };
	int feature = KVM_ARM_VCPU_SVE;

	vcpu_ioctl(g->vcpu, KVM_GET_ONE_REG, &reg);
	vls[0] &= GENMASK(g->vq - 1, 0);
	vcpu_ioctl(g->vcpu, KVM_SET_ONE_REG, &reg);
	g->vl = 16 * fls64(vls[0]);
	vcpu_ioctl(g->vcpu, KVM_ARM_VCPU_FINALIZE, &feature);
}

static void create(struct guest *g)
{
	struct kvm_vcpu_init init;
	gva_t gva;

	g->vm = __vm_create(g->protected ? VM_SHAPE_PROTECTED(VM_MODE_DEFAULT) :
					   VM_SHAPE_DEFAULT, 1, 0);
	kvm_get_default_vcpu_target(g->vm, &init);
	if (g->vq)
		init.features[0] |= BIT(KVM_ARM_VCPU_SVE);
	g->vcpu = aarch64_vcpu_add(g->vm, 0, &init, guest_code);
	g->vl = FPSIMD_VL;
	if (g->vq)
		finalize_sve(g);
	kvm_arch_vm_finalize_vcpus(g->vm);

	vm_init_descriptor_tables(g->vm);
	vcpu_init_descriptor_tables(g->vcpu);
	vm_install_sync_handler(g->vm, VECTOR_SYNC_CURRENT, ESR_ELx_EC_UNKNOWN,
				handle_undef);
	gva = vm_alloc_shared(g->vm, sizeof(*g->shared), KVM_UTIL_MIN_VADDR,
			      MEM_REGION_DATA);
	g->shared = addr_gva2hva(g->vm, gva);
	vcpu_args_set(g->vcpu, 2, gva, (u64)!!g->vq);
	/* The guest's own CPACR_EL1 traps nothing. */
	vcpu_set_reg(g->vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1),
		     CPACR_EL1_FPEN | CPACR_EL1_ZEN | CPACR_EL1_SMEN);
	/* vcpu_run_svc() does not do this. */
	kvm_arch_vcpu_pre_run(g->vcpu);
}

static bool host_lost;

/*
 * A system call discards what SVE adds to V0-V31: the process may find zeros
 * there, and otherwise only what it left.
 */
static void check_host(const struct regs *mine, const struct regs *now)
{
	const u8 *a = (const u8 *)mine, *b = (const u8 *)now;
	bool ok = mine->fpcr == now->fpcr && mine->fpsr == now->fpsr;
	int i;

	for (i = 0; i < offsetof(struct regs, fpcr); i++)
		ok = ok && (!b[i] || a[i] == b[i]);
	for (i = 0; i < NR_ZREGS; i++)
		ok = ok && !memcmp(mine->z + i * host_vl, now->z + i * host_vl, 16);

	if (!ok)
		host_lost = true;
}

/* Run @g while the process has registers of its own, and check these. */
static void run(struct guest *g)
{
	static struct regs mine, now;
	bool sve = host_has_sve;
	struct ucall uc;
	long ret;
	int fd = g->vcpu->fd;

	fill(&mine, host_vl, sve);
	memset(&now, 0, sizeof(now));
	load(&mine, sve);
	ret = vcpu_run_svc(fd);
	store(&now, sve);

	TEST_ASSERT(!ret, "%s: KVM_RUN: %ld", g->name, ret);
	TEST_ASSERT_EQ(get_ucall(g->vcpu, &uc), UCALL_NONE);
	check_host(&mine, &now);
}

static void get_one_reg(struct guest *g, u64 id, void *value, size_t size)
{
	u8 data[VL_MAX] = {};
	struct kvm_one_reg reg = { .id = id, .addr = (u64)data };

	vcpu_ioctl(g->vcpu, KVM_GET_ONE_REG, &reg);
	memcpy(value, data, size);
}

static bool vmm_reads(struct guest *g)
{
	const u64 core32 = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE;
	static struct regs r;
	int i;

	memset(&r, 0, sizeof(r));
	for (i = 0; i < NR_ZREGS; i++)
		get_one_reg(g, KVM_REG_ARM64_SVE_ZREG(i, 0), r.z + i * g->vl, g->vl);
	for (i = 0; i < NR_PREGS; i++)
		get_one_reg(g, KVM_REG_ARM64_SVE_PREG(i, 0), r.p + i * g->vl / 8,
			    g->vl / 8);
	get_one_reg(g, KVM_REG_ARM64_SVE_FFR(0), r.ffr, g->vl / 8);
	get_one_reg(g, core32 | KVM_REG_ARM_CORE_REG(fp_regs.fpcr), &r.fpcr, 4);
	get_one_reg(g, core32 | KVM_REG_ARM_CORE_REG(fp_regs.fpsr), &r.fpsr, 4);

	return same("KVM_GET_ONE_REG", &g->want, &r);
}

/* Have @g store the registers that it has, and load others. */
static void check(struct guest *g)
{
	struct shared *s = g->shared;

	if (g->vq && !vmm_reads(g))
		g->lost = true;

	fill(&s->want, g->vl, g->vq);
	memset(&s->got, 0, sizeof(s->got));
	run(g);
	if (!same(g->name, &g->want, &s->got))
		g->lost = true;
	if (g->vq && (s->zcr != ZCR_LEN || s->vl != g->vl)) {
		ksft_print_msg("%s: ZCR_EL1 is 0x%lx, the vectors have %lu bytes\n",
			       g->name, s->zcr, s->vl);
		g->lost = true;
	}
	if (s->nr_undef != ++g->nr_runs * (g->vq ? 1 : 2)) {
		ksft_print_msg("%s: RDVL or RDSVL is not UNDEF\n", g->name);
		g->lost = true;
	}
	g->want = s->want;
}

static void start(struct guest *g)
{
	static const struct regs zero;

	create(g);
	fill(&g->shared->want, g->vl, g->vq);
	run(g);
	if (!same(g->name, &zero, &g->shared->first))
		g->lost = true;
	g->want = g->shared->want;
}

/* The process's SME state: ZA and ZT0 survive a system call, streaming mode ends. */

static u8 za[VL_MAX * VL_MAX], za_now[VL_MAX * VL_MAX], zt[64], zt_now[64];

static __always_inline void load_za(u64 svl, bool zt0)
{
	u64 i;

	asm volatile(".arch_extension sme\n smstart za\n");
	for (i = 0; i < svl; i++)
		asm volatile(".arch_extension sme\n"
			     "mov w12, %w0\n"
			     "ldr za[w12, 0], [%1]\n"
			     :: "r" (i), "r" (za + i * svl) : "x12", "memory");
	if (zt0)
		asm volatile("mov x0, %0\n"
			     ".inst 0xe11f8000\n"	/* ldr zt0, [x0] */
			     :: "r" (zt) : "x0", "memory");
}

static __always_inline void store_za(u64 svl, bool zt0)
{
	u64 i;

	for (i = 0; i < svl; i++)
		asm volatile(".arch_extension sme\n"
			     "mov w12, %w0\n"
			     "str za[w12, 0], [%1]\n"
			     :: "r" (i), "r" (za_now + i * svl) : "x12", "memory");
	if (zt0)
		asm volatile("mov x0, %0\n"
			     ".inst 0xe13f8000\n"	/* str zt0, [x0] */
			     :: "r" (zt_now) : "x0", "memory");
	asm volatile(".arch_extension sme\n smstop za\n");
}

static bool za_survives(struct guest *g, bool streaming)
{
	bool zt0 = getauxval(AT_HWCAP2) & HWCAP2_SME2;
	int fd = g->vcpu->fd, i;
	u64 svl, svcr;
	long ret;

	asm volatile(".arch_extension sme\n rdsvl %0, #1\n" : "=r" (svl));
	for (i = 0; i < svl * svl; i++)
		za[i] = next_random();
	for (i = 0; i < sizeof(zt); i++)
		zt[i] = next_random();

	load_za(svl, zt0);
	if (streaming)
		asm volatile(".arch_extension sme\n smstart sm\n"
			     ::: "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15");
	ret = vcpu_run_svc(fd);
	svcr = read_sysreg_s(SYS_SVCR);
	store_za(svl, zt0);

	TEST_ASSERT(!ret, "%s: KVM_RUN: %ld", g->name, ret);
	if (svcr == SVCR_ZA_MASK && !memcmp(za, za_now, svl * svl) &&
	    (!zt0 || !memcmp(zt, zt_now, sizeof(zt))))
		return true;
	ksft_print_msg("%s: the process's SME state is lost, SVCR 0x%lx\n", g->name, svcr);

	return false;
}

static bool fpmr_survives(struct guest *g)
{
	const u64 value = FIELD_PREP(FPMR_LSCALE_MASK, 5);
	int fd = g->vcpu->fd;
	long ret;
	u64 now;

	write_sysreg_s(value, SYS_FPMR);
	ret = vcpu_run_svc(fd);
	now = read_sysreg_s(SYS_FPMR);
	write_sysreg_s(0, SYS_FPMR);

	return !ret && now == value;
}

int main(void)
{
	bool has_sme = getauxval(AT_HWCAP2) & HWCAP2_SME;
	bool has_fpmr = getauxval(AT_HWCAP2) & HWCAP2_FPMR;
	bool za_ok = true, sm_ok = true, fpmr_ok = true;
	int round, i, nr_guests;

	TEST_REQUIRE(kvm_has_protected_vms());
	pin_self_to_any_cpu();

	host_has_sve = getauxval(AT_HWCAP) & HWCAP_SVE;
	nr_guests = kvm_has_cap(KVM_CAP_ARM_SVE) ? ARRAY_SIZE(guests) : 2;
	if (host_has_sve) {
		prctl(PR_SVE_SET_VL, VL_MAX);
		host_vl = vector_length();
	}

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(guests) + 5);

	for (i = nr_guests - 1; i >= 0; i--)
		start(&guests[i]);
	for (round = 0; round < NR_ROUNDS; round++) {
		for (i = 0; i < nr_guests; i++)
			check(&guests[(round + i) % nr_guests]);
	}
	for (i = 0; i < ARRAY_SIZE(guests); i++) {
		if (i < nr_guests)
			ksft_test_result(!guests[i].lost, "%s\n", guests[i].name);
		else
			ksft_test_result_skip("%s: no SVE\n", guests[i].name);
	}
	ksft_test_result(!host_lost, "process: FP registers\n");
	ksft_test_result(!host_has_sve || vector_length() == host_vl,
			 "process: length of vectors\n");

	for (i = 0; i < nr_guests; i++) {
		if (has_sme) {
			za_ok = za_survives(&guests[i], false) && za_ok;
			sm_ok = za_survives(&guests[i], true) && sm_ok;
		}
		if (has_fpmr)
			fpmr_ok = fpmr_survives(&guests[i]) && fpmr_ok;
		kvm_vm_free(guests[i].vm);
	}
	if (has_sme) {
		ksft_test_result(za_ok, "process: ZA and ZT0\n");
		ksft_test_result(sm_ok, "process: streaming mode\n");
	} else {
		ksft_test_result_skip("process: no ZA\n");
		ksft_test_result_skip("process: no streaming mode\n");
	}
	if (has_fpmr)
		ksft_test_result(fpmr_ok, "process: FPMR\n");
	else
		ksft_test_result_skip("process: no FPMR\n");
	ksft_finished();
}
