// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_id_regs - a protected VM reads the ID registers of the contract.
 *
 * Expectations are computed from the host's values, as an ordinary VM with
 * PAuth and a vGICv3 has them, and from the rows in pkvm_id_fields.h. Each
 * register is checked in every VM of the list vms[]: with and without PAuth,
 * with and without a vGICv3, with three IPA sizes, on two vCPUs.
 *
 * Audit map: case -> rule
 *
 *  VM: KIND		which VMs the cases below are about
 *  ID_AA64*_EL1	section 3 of the contract, field by field: allowed up to
 *			a limit, always one value, or absent; absent is the
 *			value that the architecture calls not implemented
 *  S3_0_C0_Cm_op2	every other encoding of the 56: reads as zero
 *  AArch32 ID registers  read as zero
 *  writes		every write to one of the 56 is UNDEF: EC 0, IL set
 *  one-reg		ONE_REG says what the guest reads
 *  MIDR_EL1		the vCPU's
 *  MPIDR_EL1		the vCPU's: bit 31, and its own affinity
 *  REVIDR_EL1, AIDR_EL1  zero
 *  CTR_EL0		the host's sanitised value, at EL1 and EL0
 *  CLIDR_EL1		that of an ordinary VM
 *  CSSELR, CCSIDR	selectable; the line size is that of CTR_EL0
 *  DCZID_EL0, CNTFRQ_EL0  those of the physical CPU
 *
 * Rules: Arm ARM, D23 (ID registers); contract, section 3.
 */
#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "pkvm_id_fields.h"

#define NR_ID_REGS		PROBE_NR_ID_REGS
#define ID_INDEX(crm, op2)	(((crm) - 1) * 8 + (op2))
#define NR_VCPUS		2
#define CSSELR_EL1		sys_reg(3, 2, 0, 0, 0)
#define CCSIDR_EL1		sys_reg(3, 1, 0, 0, 0)

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
	{ "ipa36", { .mode = VM_MODE_P36V48_4K }, 36 },
	{ "ipa48", { .mode = VM_MODE_P48V48_4K }, 48 },
};

enum {
	EXTRA_MIDR, EXTRA_MPIDR, EXTRA_REVIDR, EXTRA_AIDR, EXTRA_CTR, EXTRA_CLIDR,
	EXTRA_DCZID, EXTRA_CNTFRQ, NR_EXTRA,
};

static const struct {
	const char *name;
	u32 reg;
	bool at_el0;
} extra[NR_EXTRA] = {
	[EXTRA_MIDR]	= { "MIDR_EL1", sys_reg(3, 0, 0, 0, 0) },
	[EXTRA_MPIDR]	= { "MPIDR_EL1", sys_reg(3, 0, 0, 0, 5) },
	[EXTRA_REVIDR]	= { "REVIDR_EL1", sys_reg(3, 0, 0, 0, 6) },
	[EXTRA_AIDR]	= { "AIDR_EL1", sys_reg(3, 1, 0, 0, 7) },
	[EXTRA_CTR]	= { "CTR_EL0", sys_reg(3, 3, 0, 0, 1), true },
	[EXTRA_CLIDR]	= { "CLIDR_EL1", sys_reg(3, 1, 0, 0, 1) },
	[EXTRA_DCZID]	= { "DCZID_EL0", sys_reg(3, 3, 0, 0, 7), true },
	[EXTRA_CNTFRQ]	= { "CNTFRQ_EL0", sys_reg(3, 3, 14, 0, 0) },
};

#define NR_REGS		(NR_ID_REGS + NR_EXTRA)

struct seen {
	struct probe_word guest[NR_VCPUS][NR_REGS];
	struct probe_word el0[NR_EXTRA];
	u64 written[NR_ID_REGS];	/* ESR of a write */
	u64 one_reg[NR_ID_REGS];
	struct probe_word csselr, ccsidr;
	bool valid;
};

static const char * const id_names[NR_ID_REGS] = {
	[ID_INDEX(4, 0)] = "ID_AA64PFR0_EL1", [ID_INDEX(4, 1)] = "ID_AA64PFR1_EL1",
	[ID_INDEX(4, 2)] = "ID_AA64PFR2_EL1", [ID_INDEX(4, 4)] = "ID_AA64ZFR0_EL1",
	[ID_INDEX(4, 5)] = "ID_AA64SMFR0_EL1", [ID_INDEX(4, 7)] = "ID_AA64FPFR0_EL1",
	[ID_INDEX(5, 0)] = "ID_AA64DFR0_EL1", [ID_INDEX(5, 1)] = "ID_AA64DFR1_EL1",
	[ID_INDEX(5, 2)] = "ID_AA64DFR2_EL1", [ID_INDEX(5, 4)] = "ID_AA64AFR0_EL1",
	[ID_INDEX(5, 5)] = "ID_AA64AFR1_EL1", [ID_INDEX(6, 0)] = "ID_AA64ISAR0_EL1",
	[ID_INDEX(6, 1)] = "ID_AA64ISAR1_EL1", [ID_INDEX(6, 2)] = "ID_AA64ISAR2_EL1",
	[ID_INDEX(6, 3)] = "ID_AA64ISAR3_EL1", [ID_INDEX(7, 0)] = "ID_AA64MMFR0_EL1",
	[ID_INDEX(7, 1)] = "ID_AA64MMFR1_EL1", [ID_INDEX(7, 2)] = "ID_AA64MMFR2_EL1",
	[ID_INDEX(7, 3)] = "ID_AA64MMFR3_EL1", [ID_INDEX(7, 4)] = "ID_AA64MMFR4_EL1",
};

static u64 host[NR_ID_REGS], host_extra[NR_EXTRA];
static bool host_has_pauth;
static struct seen seen[ARRAY_SIZE(vms)];

static u32 reg_of(unsigned int i)
{
	return i < NR_ID_REGS ? probe_id_reg(i) : extra[i - NR_ID_REGS].reg;
}

/* The host's values: an ordinary VM that has all that a VM can ask for. */
static void read_host(void)
{
	const struct probe_cfg cfg = {
		.unprotected = true, .vgic = true, .pauth = host_has_pauth,
	};
	struct probe *p = probe_create(&cfg);
	unsigned int i;

	for (i = 0; i < NR_ID_REGS; i++)
		vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(probe_id_reg(i)), &host[i]);
	for (i = 0; i < NR_EXTRA; i++)
		__vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(extra[i].reg),
			       &host_extra[i]);
	probe_free(p);

	host_extra[EXTRA_MPIDR] = BIT(31);
	host_extra[EXTRA_REVIDR] = 0;
	host_extra[EXTRA_AIDR] = 0;
	asm("mrs %0, dczid_el0" : "=r" (host_extra[EXTRA_DCZID]));
	asm("mrs %0, cntfrq_el0" : "=r" (host_extra[EXTRA_CNTFRQ]));
}

static bool vm_is_possible(const struct vm_kind *kind)
{
	return kind->ipa_bits <= kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
}

static void read_guest(const struct vm_kind *kind, struct seen *s)
{
	struct probe_cfg cfg = kind->cfg;
	const u32 csselr = CSSELR_EL1, ccsidr = CCSIDR_EL1;
	u32 regs[NR_REGS];
	struct probe *p;
	unsigned int i, cpu;

	cfg.pauth &= host_has_pauth;
	cfg.nr_vcpus = NR_VCPUS;
	p = probe_create(&cfg);

	for (i = 0; i < NR_REGS; i++)
		regs[i] = reg_of(i);
	for (cpu = 0; cpu < NR_VCPUS; cpu++)
		probe_read_regs(p, cpu, PROBE_EL1H, regs, NR_REGS, s->guest[cpu]);

	for (i = 0; i < NR_ID_REGS; i++)
		if (__vcpu_get_reg(p->vcpu[0], KVM_ARM64_SYS_REG(regs[i]),
				   &s->one_reg[i]))
			s->one_reg[i] = ~s->guest[0][i].value;

	if (probe_write_reg(p, CSSELR_EL1, 0, &s->csselr.esr))
		s->csselr.esr = PROBE_LOST;
	else
		probe_read_regs(p, 0, PROBE_EL1H, &csselr, 1, &s->csselr);
	probe_read_regs(p, 0, PROBE_EL1H, &ccsidr, 1, &s->ccsidr);
	probe_read_regs(p, 0, PROBE_EL0T, regs + NR_ID_REGS, NR_EXTRA, s->el0);

	/* Where one write is the end of the guest, all are. */
	for (i = 0; i < NR_ID_REGS; i++)
		if (probe_write_reg(p, regs[i], 0, &s->written[i])) {
			ksft_print_msg("[%s]: write: %s\n", kind->name, p->error);
			break;
		}
	probe_free(p);
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

static int expect_field(const struct id_field *f, int host_value,
			const struct vm_kind *kind)
{
	switch (f->kind) {
	case ID_SMIN:
		return min(sign(host_value), sign(f->limit)) & 15;
	case ID_SET:
		return f->limit;
	case ID_GIC:
		return kind->cfg.vgic ? min_t(int, host_value, f->limit) : 0;
	case ID_PAUTH:
		return kind->cfg.pauth ? min_t(int, host_value, f->limit) : 0;
	case ID_IPA:
		host_value = min(host_value, parange_of(kind->ipa_bits));
		fallthrough;
	case ID_MIN:
		return min_t(int, host_value, f->limit);
	}
	return -1;
}

static const struct id_field *find_field(unsigned int reg, unsigned int lsb)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(id_fields); i++)
		if (ID_INDEX(id_fields[i].reg >> 4, id_fields[i].reg & 15) == reg &&
		    id_fields[i].lsb == lsb)
			return &id_fields[i];
	return NULL;
}

/* Check one of the 56 in one VM on one vCPU; name each wrong field. */
static bool check_fields(unsigned int reg, const struct vm_kind *kind,
			 u64 value, const char *where)
{
	const struct id_field *f;
	unsigned int lsb;
	bool ok = true;
	int want, got;

	for (lsb = 0; lsb < 64; lsb += 4) {
		f = find_field(reg, lsb);
		want = f ? expect_field(f, host[reg] >> lsb & 15, kind) : 0;
		got = value >> lsb & 15;
		if (got == want)
			continue;
		ksft_print_msg("%s [%s]: %s (bit %u) is %d, not %d; host %lu\n",
			       where, kind->name, f ? f->name : "absent field",
			       lsb, got, want, host[reg] >> lsb & 15);
		ok = false;
	}
	return ok;
}

static bool check_word(const struct probe_word *w, u64 want, const char *name,
		       unsigned int v)
{
	if (!w->esr && w->value == want)
		return true;
	ksft_print_msg("%s [%s]: 0x%lx (ESR 0x%lx), not 0x%lx\n", name,
		       vms[v].name, w->value, w->esr, want);
	return false;
}

static bool check_id_reg(unsigned int reg)
{
	unsigned int v, cpu;
	bool ok = true;

	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		if (!seen[v].valid)
			continue;
		for (cpu = 0; cpu < NR_VCPUS; cpu++) {
			struct probe_word *w = &seen[v].guest[cpu][reg];

			if (w->esr) {
				ksft_print_msg("[%s]: faults, ESR 0x%lx\n",
					       vms[v].name, w->esr);
				ok = false;
			} else {
				ok &= check_fields(reg, &vms[v], w->value, "guest");
			}
		}
	}
	return ok;
}

/* The registers outside the 56: every VM, every vCPU, EL0 where it may. */
static bool check_extra(unsigned int x)
{
	unsigned int v, cpu;
	bool ok = true;

	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		if (!seen[v].valid)
			continue;
		for (cpu = 0; cpu < NR_VCPUS; cpu++)
			ok &= check_word(&seen[v].guest[cpu][NR_ID_REGS + x],
					 host_extra[x] + (x == EXTRA_MPIDR ? cpu : 0),
					 "EL1", v);
		if (extra[x].at_el0)
			ok &= check_word(&seen[v].el0[x], host_extra[x], "EL0", v);
	}
	return ok;
}

static bool check_writes(void)
{
	unsigned int v, i;
	bool ok = true;

	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		if (!seen[v].valid)
			continue;
		for (i = 0; i < NR_ID_REGS; i++) {
			if (seen[v].written[i] == PROBE_UNDEF_ESR)
				continue;
			ksft_print_msg("S3_0_C0_C%u_%u [%s]: ESR 0x%lx\n", 1 + i / 8,
				       i % 8, vms[v].name, seen[v].written[i]);
			ok = false;
		}
	}
	return ok;
}

static bool check_one_reg(void)
{
	unsigned int v, i;
	bool ok = true;

	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		if (!seen[v].valid)
			continue;
		for (i = 0; i < NR_ID_REGS; i++) {
			if (seen[v].one_reg[i] == seen[v].guest[0][i].value)
				continue;
			ksft_print_msg("S3_0_C0_C%u_%u [%s]: ONE_REG 0x%lx, guest 0x%lx\n",
				       1 + i / 8, i % 8, vms[v].name,
				       seen[v].one_reg[i],
				       seen[v].guest[0][i].value);
			ok = false;
		}
	}
	return ok;
}

static bool check_ccsidr(void)
{
	/* CTR_EL0.DminLine is log2 of words, CCSIDR_EL1.LineSize that minus 2. */
	u64 line = (host_extra[EXTRA_CTR] >> 16 & 15) - 2;
	unsigned int v;
	bool ok = true;

	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		if (!seen[v].valid)
			continue;
		ok &= check_word(&seen[v].csselr, 0, "CSSELR_EL1", v);
		if (seen[v].ccsidr.esr || (seen[v].ccsidr.value & 7) != line) {
			ksft_print_msg("CCSIDR_EL1 [%s]: 0x%lx (ESR 0x%lx)\n",
				       vms[v].name, seen[v].ccsidr.value,
				       seen[v].ccsidr.esr);
			ok = false;
		}
	}
	return ok;
}

int main(void)
{
	bool aarch32_ok = true;
	unsigned int i, v;

	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(vms) + NR_ID_REGS - 24 + 1 + NR_EXTRA + 3 +
		      HOST_STATE_TESTS);
	host_state_save();

	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	if (!host_has_pauth)
		ksft_print_msg("this CPU has no PAuth: VMs with it are as those without\n");
	read_host();
	for (v = 0; v < ARRAY_SIZE(vms); v++) {
		seen[v].valid = vm_is_possible(&vms[v]);
		if (!seen[v].valid) {
			ksft_test_result_skip("VM: %s: this CPU has fewer bits of IPA\n",
					      vms[v].name);
			continue;
		}
		read_guest(&vms[v], &seen[v]);
		ksft_test_result_pass("VM: %s\n", vms[v].name);
	}

	for (i = 0; i < NR_ID_REGS; i++) {
		bool ok = check_id_reg(i);

		if (i < 24)
			aarch32_ok &= ok;
		else
			ksft_test_result(ok, "S3_0_C0_C%u_%u%s%s\n", 1 + i / 8,
					 i % 8, id_names[i] ? " " : "",
					 id_names[i] ?: "");
	}
	ksft_test_result(aarch32_ok, "AArch32 ID registers read as zero\n");
	for (i = 0; i < NR_EXTRA; i++)
		ksft_test_result(check_extra(i), "%s\n", extra[i].name);
	ksft_test_result(check_writes(), "writes are UNDEF\n");
	ksft_test_result(check_one_reg(), "ONE_REG reads as the guest\n");
	ksft_test_result(check_ccsidr(), "CSSELR_EL1, CCSIDR_EL1\n");

	host_state_report();
	ksft_finished();
}
