// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trap registers of protected VMs
 *
 * The values come from the VM's ID registers by way of the rows in
 * asm/kvm_fixed_traps.h. They are computed when the VM is created, and do not
 * change. Three things are added at every entry: what depends on the physical
 * CPU, which interrupts and waits the host wants to see, and who owns the FP
 * registers. The host has no other say.
 *
 * EL2 looks at the hardware to know what a CPU has: static keys and flags of
 * the host say what the host uses.
 */

#include <linux/cpufeature.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_trap_check.h>
#include <asm/perf_event.h>

#include <nvhe/pkvm.h>
#include <nvhe/pvm_mutate.h>
#include <nvhe/table_check.h>
#include <nvhe/traps.h>

#define SYS_MPAMIDR_EL1		sys_reg(3, 0, 10, 4, 4)
#define MPAMIDR_EL1_HAS_HCR	BIT(17)

DEFINE_PER_CPU(struct pvm_cpu, pvm_cpu);

/**
 * pvm_probe_cpu() - Look at the hardware of the CPU that EL2 is on
 * @cpu:	the CPU's object
 */
void pvm_probe_cpu(struct pvm_cpu *cpu)
{
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1);
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1);
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);
	u64 mmfr2 = read_sysreg(id_aa64mmfr2_el1);
	u64 ver;

	ver = SYS_FIELD_GET(ID_AA64DFR0_EL1, PMUVer, dfr0);
	cpu->has_pmu = ver && ver != ID_AA64DFR0_EL1_PMUVer_IMP_DEF;
	if (cpu->has_pmu)
		cpu->hpmn = FIELD_GET(ARMV8_PMU_PMCR_N, read_sysreg(pmcr_el0));

	cpu->has_spe = SYS_FIELD_GET(ID_AA64DFR0_EL1, PMSVer, dfr0) &&
		       !(read_sysreg_s(SYS_PMBIDR_EL1) & PMBIDR_EL1_P);
	cpu->has_trbe = SYS_FIELD_GET(ID_AA64DFR0_EL1, TraceBuffer, dfr0) &&
			!(read_sysreg_s(SYS_TRBIDR_EL1) & TRBIDR_EL1_P);

	cpu->has_amu = SYS_FIELD_GET(ID_AA64PFR0_EL1, AMU, pfr0);
	cpu->has_fgt2 = SYS_FIELD_GET(ID_AA64MMFR0_EL1, FGT, mmfr0) >=
			ID_AA64MMFR0_EL1_FGT_FGT2;
	cpu->has_evt = SYS_FIELD_GET(ID_AA64MMFR2_EL1, EVT, mmfr2);

	cpu->has_mpam = SYS_FIELD_GET(ID_AA64PFR0_EL1, MPAM, pfr0) ||
			SYS_FIELD_GET(ID_AA64PFR1_EL1, MPAM_frac,
				      read_sysreg(id_aa64pfr1_el1));
	cpu->has_mpamhcr = cpu->has_mpam &&
			   read_sysreg_s(SYS_MPAMIDR_EL1) & MPAMIDR_EL1_HAS_HCR;

	cpu->ctr_el0 = read_sysreg(ctr_el0);
	cpu->probed = true;
}

/* The trap registers of the VM that a protected vCPU belongs to. */
const struct pvm_traps *pvm_traps_of(struct kvm_vcpu *vcpu)
{
	return &container_of(vcpu->kvm, struct pkvm_hyp_vm, kvm)->traps;
}

static u8 pvm_trap_env(void)
{
	u8 env = 0;

	if (has_hvhe())
		env |= PVM_ENV_HVHE;
	if (cpus_have_final_cap(ARM64_HAS_STAGE2_FWB))
		env |= PVM_ENV_FWB;
	if (cpus_have_final_cap(ARM64_HAS_RAS_EXTN))
		env |= PVM_ENV_RAS;
	if (cpus_have_final_cap(ARM64_HAS_FGT))
		env |= PVM_ENV_FGT;

	return env;
}

static void note_trap_error(enum pvm_trap_table table, unsigned int index,
			    enum pvm_trap_error error, u64 bits)
{
	static const u8 tables[] = {
		[PVM_FEATURE_TRAPS]	= PVM_TABLE_TRAP,
		[PVM_FIXED_TRAPS]	= PVM_TABLE_FIXED_TRAP,
		[PVM_TRAP_REGS]		= PVM_TABLE_TRAP_REG,
		[PVM_TRAP_FIELDS]	= PVM_TABLE_TRAP,
	};
	static const u8 faults[] = {
		[PVM_TRAP_NO_REG]	= PVM_FAULT_MALFORMED,
		[PVM_TRAP_NO_BITS]	= PVM_FAULT_MALFORMED,
		[PVM_TRAP_SENSE]	= PVM_FAULT_MALFORMED,
		[PVM_TRAP_NO_FIELD]	= PVM_FAULT_SURPLUS,
		[PVM_TRAP_UNNAMED]	= PVM_FAULT_MISSING,
		[PVM_TRAP_NO_ROW]	= PVM_FAULT_MISSING,
	};

	if (table == PVM_TRAP_FIELDS)
		pvm_table_error(tables[table], faults[error], 0, index);
	else
		pvm_table_error(tables[table], faults[error], index, bits);
}

/* Look for errors in the rows. They are noted for the host to print. */
void pvm_traps_check(void)
{
	struct pvm_trap_tables tables = pvm_trap_tables;

	tables.nr_feature = pvm_mutate(PVM_MUTANT_TRAP_CHECK, 0, tables.nr_feature);
	tables.nr_fixed = pvm_mutate(PVM_MUTANT_FIXED_TRAP_CHECK, 0, tables.nr_fixed);

	pvm_trap_check(&tables, note_trap_error);
}

/**
 * pkvm_vm_init_traps() - Compute the trap registers of a protected VM
 * @hyp_vm:	EL2's object of the VM, not in use yet, with final ID registers
 *
 * The rows are those of kvm_fixed_traps.h. The values stay for the VM's lifetime.
 */
void pkvm_vm_init_traps(struct pkvm_hyp_vm *hyp_vm)
{
	u8 env = pvm_trap_env();
	unsigned int reg;
	u64 val;

	BUILD_BUG_ON(PVM_ID_REG_NUM != KVM_ARM_ID_REG_NUM);

	for (reg = 0; reg < PVM_NR_TRAP_REGS; reg++) {
		val = pvm_trap_value(&pvm_trap_tables, reg, hyp_vm->kvm.arch.id_regs, env);
		hyp_vm->traps.val[reg] = pvm_mutate(PVM_MUTANT_TRAP, reg, val);
	}
}

static bool pvm_cpu_cond_holds(enum pvm_cpu_cond cond, const struct pvm_cpu *cpu,
			       const struct kvm_arch *arch)
{
	bool ctr_same = cpu->has_evt && cpu->ctr_el0 == arch->ctr_el0;

	switch (cond) {
	case PVM_CPU_CTR_DIFFERS:
		return !ctr_same;
	case PVM_CPU_CTR_SAME:
		return ctr_same;
	case PVM_CPU_CAVIUM_TX2_219:
		return cpus_have_final_cap(ARM64_WORKAROUND_CAVIUM_TX2_219_TVM);
	case PVM_CPU_AMPERE_AC03_38:
		return cpus_have_final_cap(ARM64_WORKAROUND_AMPERE_AC03_CPU_38);
	default:
		return true;
	}
}

/**
 * pvm_cpu_trap_bits() - What this CPU adds to a trap register
 * @vcpu:	EL2's vCPU of a protected VM, about to run on this CPU
 * @reg:	the register
 * @write:	whether it is the register for writes, of a pair
 *
 * Return: the bits to set.
 */
u64 pvm_cpu_trap_bits(struct kvm_vcpu *vcpu, enum pvm_trap_reg reg, bool write)
{
	const struct pvm_cpu *cpu = pvm_this_cpu();
	unsigned int i;
	u64 bits = 0;

	for (i = 0; i < ARRAY_SIZE(pvm_cpu_traps); i++) {
		const struct pvm_cpu_trap_row *row = &pvm_cpu_traps[i];

		if (row->reg == reg && (write || !row->write_only) &&
		    pvm_cpu_cond_holds(row->cond, cpu, &vcpu->kvm->arch))
			bits |= row->bits;
	}

	return bits;
}

/**
 * pvm_hcr() - HCR_EL2 of a protected vCPU on this CPU
 * @vcpu:	EL2's vCPU, about to run on this CPU
 * @host_hcr:	what the host wants, of which PVM_HCR_FROM_HOST counts
 *
 * Return: the value.
 */
u64 pvm_hcr(struct kvm_vcpu *vcpu, u64 host_hcr)
{
	u64 hcr = pvm_traps_of(vcpu)->val[PVM_HCR] |
		  pvm_cpu_trap_bits(vcpu, PVM_HCR, false) |
		  (host_hcr & PVM_HCR_FROM_HOST);

	return pvm_mutate(PVM_MUTANT_HCR, 0, hcr);
}

/**
 * pvm_cptr() - CPTR_EL2 of a protected vCPU, in its current layout
 * @vcpu:	EL2's vCPU, running on this CPU or about to
 *
 * The FP registers trap until the guest owns them.
 *
 * Return: the value.
 */
u64 pvm_cptr(struct kvm_vcpu *vcpu)
{
	const struct pvm_traps *traps = pvm_traps_of(vcpu);
	bool owns_fp = guest_owns_fp_regs();

	if (has_hvhe())
		return traps->val[PVM_CPTR_HVHE] | (owns_fp ? CPACR_ELx_FPEN : 0);

	return traps->val[PVM_CPTR_NVHE] | (owns_fp ? 0 : CPTR_EL2_TFP);
}
