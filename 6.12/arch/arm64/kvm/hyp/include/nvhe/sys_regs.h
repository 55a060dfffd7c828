/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM reads from its ID registers, and what EL2 does with the
 * system register accesses that trap.
 */

#ifndef __ARM64_KVM_NVHE_SYS_REGS_H__
#define __ARM64_KVM_NVHE_SYS_REGS_H__

#include <linux/bits.h>

#include <asm/esr.h>

/* The direction in a syndrome is the number of the bit. */
#define PVM_SYSREG_READ		BIT(ESR_ELx_SYS64_ISS_DIR_READ)
#define PVM_SYSREG_WRITE	BIT(ESR_ELx_SYS64_ISS_DIR_WRITE)
#define PVM_SYSREG_RW		(PVM_SYSREG_READ | PVM_SYSREG_WRITE)

/*
 * Registers are found by the syndrome of the trap, without a search. The syndrome
 * has Op0, Op2, Op1 and CRn side by side: these name a page of registers, of which
 * few have any that a VM may access. CRm names the register within the page.
 */
#define PVM_SYSREG_PAGE_SHIFT	ESR_ELx_SYS64_ISS_CRN_SHIFT
#define PVM_SYSREG_PAGE_BITS	12
#define PVM_SYSREG_NR_PAGES	BIT(PVM_SYSREG_PAGE_BITS)
#define PVM_SYSREG_SLOT_SHIFT	ESR_ELx_SYS64_ISS_CRM_SHIFT
#define PVM_SYSREG_SLOT_BITS	4
#define PVM_SYSREG_NR_SLOTS	BIT(PVM_SYSREG_SLOT_BITS)

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/kvm_host.h>
#include <linux/types.h>

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

/*
 * A register that a protected VM may access, and the directions it may. It has a
 * function, or else a value, which is at an offset into struct pkvm_hyp_vm: then
 * reads get the value, and writes are ignored.
 */
struct pvm_sysreg {
	u32 encoding;
	u16 dirs;
	u16 offset;
	/* @val is the value to write, or where to put the value read. */
	enum pvm_sysreg_result (*fn)(struct pkvm_hyp_vcpu *hyp_vcpu,
				     bool is_write, u64 *val);
};

static inline unsigned int esr_sysreg_page(u64 esr)
{
	return (esr >> PVM_SYSREG_PAGE_SHIFT) & (PVM_SYSREG_NR_PAGES - 1);
}

static inline unsigned int esr_sysreg_slot(u64 esr)
{
	return (esr >> PVM_SYSREG_SLOT_SHIFT) & (PVM_SYSREG_NR_SLOTS - 1);
}

/* The most pages that registers may fall into. */
#define PVM_SYSREG_MAX_GROUPS	40

/*
 * A page in use has a group, a group has an entry for each slot. Group 0 is that
 * of pages without a register. A register with a value has the offset of it and the
 * directions in one, since offsets are multiples of eight; one with a function has
 * its row. 0 is that of registers without: row 0 does not allow anything.
 */
struct pvm_sysreg_index {
	u8 group[PVM_SYSREG_NR_PAGES];
	u16 value[PVM_SYSREG_MAX_GROUPS][PVM_SYSREG_NR_SLOTS];
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

extern u64 pvm_id_reg_limit[KVM_ARM_ID_REG_NUM];
extern u64 pvm_ctr_el0;
extern u64 pvm_clidr_el1;

int pvm_sysreg_table_init(void);
void pvm_sysreg_make_index(void);

int pkvm_vm_init_id_regs(struct pkvm_hyp_vm *hyp_vm);
int pkvm_vm_check_host_view(const struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm);

enum pvm_sysreg_result pvm_access_sysreg(struct kvm_vcpu *vcpu, u64 esr);
int pvm_handle_sysreg(struct kvm_vcpu *vcpu, u64 esr);

/**
 * pkvm_vcpu_init_sysregs() - Let a vCPU access registers that have a value
 * @hyp_vcpu:	EL2's vCPU of a protected VM, not in use yet, with its VM set
 *
 * See pvm_sysreg_trap.S. Other vCPUs do not have the pointer, nor do those of the
 * host's that run where there is no protection.
 */
static inline void pkvm_vcpu_init_sysregs(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	hyp_vcpu->vcpu.arch.pvm_regs.vm = pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu);
}

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

#endif /* __ASSEMBLY__ */

#endif /* __ARM64_KVM_NVHE_SYS_REGS_H__ */
