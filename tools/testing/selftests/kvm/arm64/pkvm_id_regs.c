// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_id_regs - a protected VM reads the ID registers of the fixed config.
 *
 * What a guest may read is restated here, from the Arm architecture and not
 * from the hypervisor's own table: a field passes up to a limit, has always one
 * value, or reads as not implemented. It is compared, field by field, in VMs
 * with and without PAuth, with and without a vGICv3, with three IPA sizes, and
 * on two vCPUs. The host's values are those of an ordinary VM that has all that
 * a VM can ask for.
 *
 *  S3_0_C0_Cm_op2	each of the 56 encodings reads as told by id_fields[]
 *			and zero otherwise; AArch32 ID registers read as zero
 *  writes		are UNDEF: EC 0 with IL
 *  one-reg		KVM_GET_ONE_REG says what the guest reads, already before the
 *			guest runs, but for the GIC of a VM that will have none
 *  MIDR_EL1, MPIDR_EL1	are the vCPU's; REVIDR_EL1 and AIDR_EL1 are zero
 *  CTR_EL0, CLIDR_EL1	are the host's sanitised values
 *  CSSELR, CCSIDR	the caches can be selected; their line sizes are those of
 *			CTR_EL0, and all else is zero
 *  DCZID_EL0, CNTFRQ_EL0  are those of the physical CPU
 */
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_ID_REGS	PROBE_NR_ID_REGS
#define NR_AARCH32	24
#define NR_VCPUS	2

enum id_kind {
	ID_MIN,		/* the smaller of host and limit, unsigned */
	ID_SMIN,	/* the same, signed: 0b1111 is less than 0 */
	ID_SET,		/* always the limit */
	ID_GIC,		/* ID_MIN with a vGICv3, else 0 */
	ID_PAUTH,	/* ID_MIN with PAuth, else 0 */
	ID_IPA,		/* ID_MIN with host, limit and the VM's IPA size */
};

#define F(reg, field, kind, limit)					\
	{ SYS_ID_AA64##reg##_EL1, ID_AA64##reg##_EL1_##field##_SHIFT,	\
	  ID_AA64##reg##_EL1_##field##_##limit, kind, #field }

static const struct id_field {
	u32 reg;
	u8 shift, limit;
	enum id_kind kind;
	const char *name;
} id_fields[] = {
	/* AArch64 only; a guest has neither EL2 nor EL3. */
	F(PFR0, EL0, ID_MIN, IMP),
	F(PFR0, EL1, ID_MIN, IMP),
	F(PFR0, EL2, ID_SET, NI),
	F(PFR0, EL3, ID_SET, NI),
	F(PFR0, FP, ID_SMIN, FP16),
	F(PFR0, AdvSIMD, ID_SMIN, FP16),
	F(PFR0, GIC, ID_GIC, IMP),
	F(PFR0, RAS, ID_MIN, IMP),
	F(PFR0, DIT, ID_MIN, IMP),
	F(PFR0, CSV2, ID_MIN, IMP),
	F(PFR0, CSV3, ID_MIN, IMP),

	F(PFR1, BT, ID_MIN, IMP),
	F(PFR1, SSBS, ID_MIN, SSBS2),
	F(PFR1, MTE_frac, ID_SET, NI),

	/* Armv8.0 debug; its one breakpoint and one watchpoint are RAZ/WI. */
	F(DFR0, DebugVer, ID_MIN, IMP),
	F(DFR0, DoubleLock, ID_SET, NI),
	F(DFR0, MTPMU, ID_SET, NI),

	F(ISAR0, AES, ID_MIN, PMULL),
	F(ISAR0, SHA1, ID_MIN, IMP),
	F(ISAR0, SHA2, ID_MIN, SHA512),
	F(ISAR0, CRC32, ID_MIN, IMP),
	F(ISAR0, ATOMIC, ID_MIN, IMP),
	F(ISAR0, RDM, ID_MIN, IMP),
	F(ISAR0, SHA3, ID_MIN, IMP),
	F(ISAR0, SM3, ID_MIN, IMP),
	F(ISAR0, SM4, ID_MIN, IMP),
	F(ISAR0, DP, ID_MIN, IMP),
	F(ISAR0, FHM, ID_MIN, IMP),
	F(ISAR0, TS, ID_MIN, FLAGM2),
	F(ISAR0, TLB, ID_MIN, RANGE),
	F(ISAR0, RNDR, ID_MIN, IMP),

	F(ISAR1, DPB, ID_MIN, DPB2),
	F(ISAR1, APA, ID_PAUTH, FPACCOMBINE),
	F(ISAR1, API, ID_PAUTH, FPACCOMBINE),
	F(ISAR1, JSCVT, ID_MIN, IMP),
	F(ISAR1, FCMA, ID_MIN, IMP),
	F(ISAR1, LRCPC, ID_MIN, LRCPC3),
	F(ISAR1, GPA, ID_PAUTH, IMP),
	F(ISAR1, GPI, ID_PAUTH, IMP),
	F(ISAR1, FRINTTS, ID_MIN, IMP),
	F(ISAR1, SB, ID_MIN, IMP),
	F(ISAR1, SPECRES, ID_MIN, IMP),
	F(ISAR1, BF16, ID_MIN, EBF16),
	F(ISAR1, DGH, ID_MIN, IMP),
	F(ISAR1, I8MM, ID_MIN, IMP),
	F(ISAR1, XS, ID_MIN, IMP),

	F(ISAR2, WFxT, ID_MIN, IMP),
	F(ISAR2, RPRES, ID_MIN, IMP),
	F(ISAR2, GPA3, ID_PAUTH, IMP),
	F(ISAR2, APA3, ID_PAUTH, FPACCOMBINE),
	F(ISAR2, MOPS, ID_MIN, IMP),
	F(ISAR2, BC, ID_MIN, IMP),
	F(ISAR2, CLRBHB, ID_MIN, IMP),
	F(ISAR2, PCDPHINT, ID_MIN, IMP),
	F(ISAR2, RPRFM, ID_MIN, IMP),
	F(ISAR2, CSSC, ID_MIN, IMP),
	F(ISAR2, LUT, ID_MIN, IMP),
	F(ISAR2, ATS1A, ID_MIN, IMP),

	F(ISAR3, FAMINMAX, ID_MIN, IMP),
	F(ISAR3, LSFE, ID_MIN, IMP),
	F(ISAR3, OCCMO, ID_MIN, IMP),
	F(ISAR3, LSUI, ID_MIN, IMP),
	F(ISAR3, FPRCVT, ID_MIN, IMP),

	F(MMFR0, PARANGE, ID_IPA, 48),
	F(MMFR0, ASIDBITS, ID_MIN, 16),
	F(MMFR0, BIGEND, ID_MIN, IMP),
	F(MMFR0, SNSMEM, ID_MIN, IMP),
	F(MMFR0, BIGENDEL0, ID_MIN, IMP),
	F(MMFR0, TGRAN16, ID_MIN, IMP),
	F(MMFR0, TGRAN64, ID_SMIN, IMP),
	F(MMFR0, TGRAN4, ID_SMIN, IMP),
	F(MMFR0, TGRAN16_2, ID_SET, NI),
	F(MMFR0, TGRAN64_2, ID_SET, NI),
	F(MMFR0, TGRAN4_2, ID_SET, NI),
	F(MMFR0, EXS, ID_MIN, IMP),
	F(MMFR0, ECV, ID_MIN, IMP),

	F(MMFR1, HAFDBS, ID_MIN, DBM),
	F(MMFR1, VMIDBits, ID_MIN, 16),
	F(MMFR1, HPDS, ID_MIN, HPDS2),
	F(MMFR1, PAN, ID_MIN, PAN3),
	F(MMFR1, SpecSEI, ID_MIN, IMP),
	F(MMFR1, TWED, ID_MIN, IMP),
	F(MMFR1, ETS, ID_MIN, ETS3),
	F(MMFR1, AFP, ID_MIN, IMP),
	F(MMFR1, TIDCP1, ID_MIN, IMP),
	F(MMFR1, CMOW, ID_MIN, IMP),
	F(MMFR1, ECBHB, ID_MIN, IMP),

	F(MMFR2, CnP, ID_MIN, IMP),
	F(MMFR2, UAO, ID_MIN, IMP),
	F(MMFR2, LSM, ID_MIN, IMP),
	F(MMFR2, IESB, ID_MIN, IMP),
	F(MMFR2, AT, ID_MIN, IMP),
	F(MMFR2, IDS, ID_MIN, IMP),
	F(MMFR2, TTL, ID_MIN, IMP),
	F(MMFR2, BBM, ID_MIN, 2),
	F(MMFR2, E0PD, ID_MIN, IMP),

	F(MMFR4, E2H0, ID_SET, NI),
};

static const struct vm_kind {
	const char *name;
	struct probe_cfg cfg;
	u8 ipa_bits;
} vms[] = {
	{ "pauth vgic ipa40", { .pauth = 1, .vgic = 1, .mode = VM_MODE_P40V48_4K }, 40 },
	{ "pauth vgic ipa36", { .pauth = 1, .vgic = 1, .mode = VM_MODE_P36V48_4K }, 36 },
	{ "pauth vgic ipa48", { .pauth = 1, .vgic = 1, .mode = VM_MODE_P48V48_4K }, 48 },
	{ "vgic ipa40", { .vgic = 1, .mode = VM_MODE_P40V48_4K }, 40 },
	{ "pauth ipa40", { .pauth = 1, .mode = VM_MODE_P40V48_4K }, 40 },
	{ "ipa40", { .mode = VM_MODE_P40V48_4K }, 40 },
};

enum {
	OTHER_MIDR, OTHER_MPIDR, OTHER_REVIDR, OTHER_AIDR, OTHER_CTR, OTHER_CLIDR,
	OTHER_DCZID, OTHER_CNTFRQ, NR_OTHER,
};

static const struct {
	const char *name;
	u32 reg;
	bool at_el0;
} others[NR_OTHER] = {
	[OTHER_MIDR]	= { "MIDR_EL1", SYS_MIDR_EL1 },
	[OTHER_MPIDR]	= { "MPIDR_EL1", SYS_MPIDR_EL1 },
	[OTHER_REVIDR]	= { "REVIDR_EL1", SYS_REVIDR_EL1 },
	[OTHER_AIDR]	= { "AIDR_EL1", SYS_AIDR_EL1 },
	[OTHER_CTR]	= { "CTR_EL0", SYS_CTR_EL0, true },
	[OTHER_CLIDR]	= { "CLIDR_EL1", SYS_CLIDR_EL1 },
	[OTHER_DCZID]	= { "DCZID_EL0", SYS_DCZID_EL0, true },
	[OTHER_CNTFRQ]	= { "CNTFRQ_EL0", SYS_CNTFRQ_EL0 },
};

#define NR_REGS		(NR_ID_REGS + NR_OTHER)

static u64 host[NR_ID_REGS], host_other[NR_OTHER];
static bool host_has_pauth;

/* The results of all VMs. */
static bool id_ok[NR_ID_REGS], one_reg_ok[NR_ID_REGS], other_ok[NR_OTHER];
static bool writes_ok = true, ccsidr_ok = true;

static void read_host(void)
{
	const struct probe_cfg cfg = {
		.ordinary = true, .vgic = true, .pauth = host_has_pauth,
	};
	struct probe *p = probe_create(&cfg);
	unsigned int i;

	for (i = 0; i < NR_ID_REGS; i++) {
		host[i] = vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(probe_id_reg(i)));
		/* Ordinary VMs have RAS even if the kernel has no support for it. */
		if (probe_id_reg(i) == SYS_ID_AA64PFR0_EL1 &&
		    !kvm_check_cap(KVM_CAP_ARM_INJECT_SERROR_ESR))
			host[i] &= ~ID_AA64PFR0_EL1_RAS;
	}
	for (i = 0; i < NR_OTHER; i++)
		__vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(others[i].reg),
			       &host_other[i]);
	probe_free(p);

	host_other[OTHER_MPIDR] = BIT(31);
	host_other[OTHER_REVIDR] = 0;
	host_other[OTHER_AIDR] = 0;
	host_other[OTHER_DCZID] = read_sysreg(dczid_el0);
	host_other[OTHER_CNTFRQ] = read_sysreg(cntfrq_el0);
}

static int sign(int value)
{
	return value & 8 ? value - 16 : value;
}

/* The smallest PARANGE that covers the VM's IPA space. */
static int parange_of(u8 ipa_bits)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned int i;

	for (i = 0; bits[i] < ipa_bits; i++)
		;
	return i;
}

static int expect_field(const struct id_field *f, int value, const struct vm_kind *vm)
{
	switch (f->kind) {
	case ID_SMIN:
		return min(sign(value), sign(f->limit)) & 15;
	case ID_SET:
		return f->limit;
	case ID_GIC:
		return vm->cfg.vgic ? min_t(int, value, f->limit) : 0;
	case ID_PAUTH:
		return vm->cfg.pauth ? min_t(int, value, f->limit) : 0;
	case ID_IPA:
		return min(min_t(int, value, f->limit), parange_of(vm->ipa_bits));
	default:
		return min_t(int, value, f->limit);
	}
}

static const struct id_field *find_field(u32 reg, unsigned int shift)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(id_fields); i++)
		if (id_fields[i].reg == reg && id_fields[i].shift == shift)
			return &id_fields[i];
	return NULL;
}

/* Check one of the 56. Name each wrong field, but only in the first VM that has it wrong. */
static bool check_id_reg(unsigned int reg, const struct vm_kind *vm,
			 const struct probe_word *word)
{
	const struct id_field *f;
	unsigned int shift;
	int want, got, value;
	bool ok = !word->esr;

	if (!ok)
		ksft_print_msg("[%s] faults, ESR 0x%lx\n", vm->name, word->esr);

	for (shift = 0; !word->esr && shift < 64; shift += 4) {
		f = find_field(probe_id_reg(reg), shift);
		value = host[reg] >> shift & 15;
		want = f ? expect_field(f, value, vm) : 0;
		got = word->value >> shift & 15;
		if (got == want)
			continue;
		ok = false;
		if (!id_ok[reg])
			continue;
		ksft_print_msg("S3_0_C0_C%u_%u [%s]: %s (bit %u) is %d, not %d; host %d\n",
			       1 + reg / 8, reg % 8, vm->name,
			       f ? f->name : "absent field", shift, got, want, value);
	}

	return ok;
}

static bool check_word(const struct probe_word *w, u64 want, const char *name,
		       const struct vm_kind *vm)
{
	if (!w->esr && w->value == want)
		return true;
	ksft_print_msg("%s [%s]: 0x%lx (ESR 0x%lx), not 0x%lx\n", name, vm->name,
		       w->value, w->esr, want);
	return false;
}

static bool check_one_reg(struct kvm_vcpu *vcpu, unsigned int reg,
			  const struct vm_kind *vm, u64 want)
{
	u64 value = ~want;

	__vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(probe_id_reg(reg)), &value);
	if (value != want && one_reg_ok[reg])
		ksft_print_msg("S3_0_C0_C%u_%u [%s]: ONE_REG 0x%lx, guest 0x%lx\n",
			       1 + reg / 8, reg % 8, vm->name, value, want);

	return value == want;
}

static void check_reads(struct probe *p, const struct vm_kind *vm)
{
	struct probe_word words[NR_REGS], el0[NR_OTHER];
	unsigned int i, cpu;
	u32 regs[NR_REGS];

	for (i = 0; i < NR_REGS; i++)
		regs[i] = i < NR_ID_REGS ? probe_id_reg(i) : others[i - NR_ID_REGS].reg;

	for (cpu = 0; cpu < NR_VCPUS; cpu++) {
		probe_read_regs(p, cpu, PSR_MODE_EL1h, regs, NR_REGS, words);
		for (i = 0; i < NR_ID_REGS; i++) {
			id_ok[i] &= check_id_reg(i, vm, &words[i]);
			one_reg_ok[i] &= check_one_reg(p->vcpu[cpu], i, vm, words[i].value);
		}
		for (i = 0; i < NR_OTHER; i++)
			other_ok[i] &= check_word(&words[NR_ID_REGS + i], host_other[i] +
						  (i == OTHER_MPIDR ? cpu : 0),
						  others[i].name, vm);
	}

	probe_read_regs(p, 0, PSR_MODE_EL0t, regs + NR_ID_REGS, NR_OTHER, el0);
	for (i = 0; i < NR_OTHER; i++)
		if (others[i].at_el0)
			other_ok[i] &= check_word(&el0[i], host_other[i],
						  others[i].name, vm);
}

static void check_ccsidr(struct probe *p, const struct vm_kind *vm)
{
	const u32 regs[] = { SYS_CSSELR_EL1, SYS_CCSIDR_EL1 };
	u64 ctr = host_other[OTHER_CTR], lines[] = {
		SYS_FIELD_GET(CTR_EL0, DminLine, ctr), SYS_FIELD_GET(CTR_EL0, IminLine, ctr),
	};
	struct probe_word words[2];
	unsigned int i;

	/* The fields of CTR_EL0 are log2 of words, CCSIDR_EL1.LineSize is that minus 2. */
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		ccsidr_ok &= !probe_write_reg(p, SYS_CSSELR_EL1, i ? ~0UL : 0);
		probe_read_regs(p, 0, PSR_MODE_EL1h, regs, 2, words);
		ccsidr_ok &= check_word(&words[0], i ? 0xf : 0, "CSSELR_EL1", vm);
		ccsidr_ok &= check_word(&words[1], lines[i] - 2, "CCSIDR_EL1", vm);
	}
}

static void check_writes(struct probe *p, const struct vm_kind *vm)
{
	unsigned int i;
	u64 esr;

	for (i = 0; i < NR_ID_REGS; i++) {
		esr = probe_write_reg(p, probe_id_reg(i), 0);
		if (esr == PROBE_UNDEF_ESR)
			continue;
		ksft_print_msg("write to S3_0_C0_C%u_%u [%s]: ESR 0x%lx\n", 1 + i / 8,
			       i % 8, vm->name, esr);
		writes_ok = false;
	}
}

static void check_vm(const struct vm_kind *vm)
{
	struct probe_cfg cfg = vm->cfg;
	u64 before[NR_ID_REGS];
	struct probe *p;
	unsigned int i;

	if (vm->ipa_bits > kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE)) {
		ksft_print_msg("[%s]: this CPU has fewer bits of IPA\n", vm->name);
		return;
	}

	cfg.pauth &= host_has_pauth;
	cfg.nr_vcpus = NR_VCPUS;
	p = probe_create(&cfg);
	for (i = 0; i < NR_ID_REGS; i++)
		before[i] = vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(probe_id_reg(i)));
	check_reads(p, vm);
	for (i = 0; i < NR_ID_REGS; i++) {
		if (!cfg.vgic && probe_id_reg(i) == SYS_ID_AA64PFR0_EL1) {
			one_reg_ok[i] &= SYS_FIELD_GET(ID_AA64PFR0_EL1, GIC, before[i]) ==
					 ID_AA64PFR0_EL1_GIC_IMP;
			before[i] &= ~ID_AA64PFR0_EL1_GIC;
		}
		one_reg_ok[i] &= check_one_reg(p->vcpu[0], i, vm, before[i]);
	}
	check_ccsidr(p, vm);
	check_writes(p, vm);
	probe_free(p);
}

int main(void)
{
	bool aarch32_ok = true, all_one_reg_ok = true;
	unsigned int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	ksft_print_header();
	ksft_set_plan(NR_ID_REGS - NR_AARCH32 + 1 + NR_OTHER + 3);

	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	memset(id_ok, true, sizeof(id_ok));
	memset(one_reg_ok, true, sizeof(one_reg_ok));
	memset(other_ok, true, sizeof(other_ok));
	read_host();
	for (i = 0; i < ARRAY_SIZE(vms); i++)
		check_vm(&vms[i]);

	for (i = 0; i < NR_ID_REGS; i++) {
		all_one_reg_ok &= one_reg_ok[i];
		if (i < NR_AARCH32)
			aarch32_ok &= id_ok[i];
		else
			ksft_test_result(id_ok[i], "S3_0_C0_C%u_%u\n", 1 + i / 8, i % 8);
	}
	ksft_test_result(aarch32_ok, "AArch32 ID registers read as zero\n");
	for (i = 0; i < NR_OTHER; i++)
		ksft_test_result(other_ok[i], "%s\n", others[i].name);
	ksft_test_result(writes_ok, "writes are UNDEF\n");
	ksft_test_result(all_one_reg_ok, "ONE_REG reads as the guest\n");
	ksft_test_result(ccsidr_ok, "CSSELR_EL1, CCSIDR_EL1\n");

	ksft_finished();
}
