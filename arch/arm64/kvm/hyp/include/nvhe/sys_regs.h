/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM reads from its ID registers, and what EL2 does with the
 * system register accesses that trap.
 */

#ifndef __ARM64_KVM_NVHE_SYS_REGS_H__
#define __ARM64_KVM_NVHE_SYS_REGS_H__

#include <linux/build_bug.h>
#include <linux/kvm_host.h>
#include <linux/types.h>

#include <asm/debug-monitors.h>
#include <asm/esr.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/sysreg.h>

#include <nvhe/pkvm.h>

/* What becomes of a trapped access. */
enum pvm_sysreg_result {
	/* Emulated: a read has its value, the instruction retires. */
	PVM_SYSREG_DONE,
	/* The instruction is UNDEFINED, as if the register did not exist. */
	PVM_SYSREG_UNDEF,
	/* Like above, for a register of the ID space that FEAT_IDST covers. */
	PVM_SYSREG_UNDEF_ID,
	/* KVM emulates the register in the host. */
	PVM_SYSREG_HOST,
};

/* The direction in a syndrome is the number of the bit. */
#define PVM_SYSREG_READ		BIT(ESR_ELx_SYS64_ISS_DIR_READ)
#define PVM_SYSREG_WRITE	BIT(ESR_ELx_SYS64_ISS_DIR_WRITE)
#define PVM_SYSREG_RW		(PVM_SYSREG_READ | PVM_SYSREG_WRITE)

/*
 * A register that a protected VM may access, and the directions it may. Without
 * a function, the register reads as a constant and ignores writes.
 */
struct pvm_sysreg {
	u32 encoding;
	u16 dirs;
	u16 constant;
	/* @val is the value to write, or where to put the value read. */
	enum pvm_sysreg_result (*fn)(struct pkvm_hyp_vcpu *hyp_vcpu,
				     bool is_write, u64 *val);
};

/*
 * Rows are found by the syndrome of the trap, without a search. The syndrome has
 * Op0, Op2, Op1 and CRn side by side: these name a page of registers, of which
 * few have any that a VM may access. CRm names the register within the page.
 */
#define PVM_SYSREG_NR_PAGES	BIT(12)
#define PVM_SYSREG_NR_SLOTS	BIT(4)

static inline unsigned int esr_sysreg_page(u64 esr)
{
	return (esr >> ESR_ELx_SYS64_ISS_CRN_SHIFT) & (PVM_SYSREG_NR_PAGES - 1);
}

static inline unsigned int esr_sysreg_slot(u64 esr)
{
	return (esr >> ESR_ELx_SYS64_ISS_CRM_SHIFT) & (PVM_SYSREG_NR_SLOTS - 1);
}

/* The most pages that the rows of pvm_sysregs[] may fall into. */
#define PVM_SYSREG_MAX_GROUPS	32

/*
 * A page in use has a group, a group has a row for each slot. Group 0 is that of
 * pages without a row, row 0 that of registers without one.
 */
struct pvm_sysreg_index {
	u8 group[PVM_SYSREG_NR_PAGES];
	u8 row[PVM_SYSREG_MAX_GROUPS][PVM_SYSREG_NR_SLOTS];
};

extern const struct pvm_sysreg pvm_sysregs[];
extern const unsigned int pvm_nr_sysregs;
extern struct pvm_sysreg_index pvm_sysreg_index;

static inline bool esr_sysreg_is_write(u64 esr)
{
	return (esr & ESR_ELx_SYS64_ISS_DIR_MASK) == ESR_ELx_SYS64_ISS_DIR_WRITE;
}

static inline unsigned int esr_sysreg_rt(u64 esr)
{
	return (esr & ESR_ELx_SYS64_ISS_RT_MASK) >> ESR_ELx_SYS64_ISS_RT_SHIFT;
}

/**
 * pvm_retire_instr() - Step over a trapped instruction that is done
 * @vcpu:	EL2's vCPU, running on this CPU
 *
 * PC and PSTATE are live in the CPU, and the copy of PSTATE was taken when the
 * guest exited. BTYPE and SS are cleared, as by an instruction that retires.
 * Inlined, so that the most frequent accesses need no stack frame.
 */
static __always_inline void pvm_retire_instr(struct kvm_vcpu *vcpu)
{
	write_sysreg_el2(*vcpu_cpsr(vcpu) & ~(PSR_BTYPE_MASK | DBG_SPSR_SS), SYS_SPSR);
	write_sysreg_el2(read_sysreg_el2(SYS_ELR) + 4, SYS_ELR);
}

/**
 * pvm_emulate_id_read() - Emulate the read of an ID register
 * @vcpu:	EL2's vCPU of a protected VM, running on this CPU
 * @esr:	the syndrome of the trap, of class SYS64
 *
 * The most frequent of trapped accesses. ID registers are at
 * (3, 0, 0, 1..7, 0..7), and kvm_arch::id_regs is in this order.
 *
 * Return: whether it was one; if not, nothing has changed.
 */
static inline bool pvm_emulate_id_read(struct kvm_vcpu *vcpu, u64 esr)
{
	unsigned int crm = (esr >> ESR_ELx_SYS64_ISS_CRM_SHIFT) & 0xf;
	unsigned int op2 = (esr >> ESR_ELx_SYS64_ISS_OP2_SHIFT) & 0x7;

	if ((esr & (ESR_ELx_SYS64_ISS_OP0_MASK | ESR_ELx_SYS64_ISS_OP1_MASK |
		    ESR_ELx_SYS64_ISS_CRN_MASK | ESR_ELx_SYS64_ISS_DIR_MASK)) !=
	    (3 << ESR_ELx_SYS64_ISS_OP0_SHIFT | ESR_ELx_SYS64_ISS_DIR_READ))
		return false;

	if (crm < 1 || crm > 7)
		return false;

	vcpu_set_reg(vcpu, esr_sysreg_rt(esr),
		     vcpu->kvm->arch.id_regs[(crm - 1) << 3 | op2]);
	pvm_retire_instr(vcpu);
	return true;
}

extern u64 pvm_id_reg_limit[KVM_ARM_ID_REG_NUM];
extern u64 pvm_ctr_el0;
extern u64 pvm_clidr_el1;

int pvm_sysreg_table_init(void);

int pkvm_vm_init_id_regs(struct pkvm_hyp_vm *hyp_vm);
int pkvm_vm_check_host_view(const struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm);

enum pvm_sysreg_result pvm_access_sysreg(struct kvm_vcpu *vcpu, u64 esr);

/**
 * pkvm_sysreg_flush() - Put EL2's registers in the place of the host's
 * @hyp_vcpu:	EL2's vCPU, loaded, with the registers taken from the host
 *
 * MDSCR_EL1 never crosses from the host: put EL2's copy where the restore of
 * the guest's registers finds it.
 */
static inline void pkvm_sysreg_flush(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	ctxt_sys_reg(&hyp_vcpu->vcpu.arch.ctxt, MDSCR_EL1) = hyp_vcpu->mdscr_el1;
}

#endif /* __ARM64_KVM_NVHE_SYS_REGS_H__ */
