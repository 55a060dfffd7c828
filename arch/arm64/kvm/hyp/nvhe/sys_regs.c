// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (C) 2021 Google LLC
 * Author: Fuad Tabba <tabba@google.com>
 */

#include <linux/irqchip/arm-gic-v3.h>

#include <asm/kvm_asm.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_hypevents.h>

#include <hyp/adjust_pc.h>

#include <nvhe/pkvm.h>
#include <nvhe/trap_handler.h>

#include "../../sys_regs.h"

/*
 * Copies of the host's CPU features registers holding sanitized values at hyp.
 */
u64 id_aa64pfr0_el1_sys_val;
u64 id_aa64pfr1_el1_sys_val;
u64 id_aa64mmfr0_el1_sys_val;
u64 id_aa64mmfr1_el1_sys_val;
u64 id_aa64smfr0_el1_sys_val;

/* The fixed config, which the host hands over before it loses its privileges. */
struct pvm_id_reg pvm_id_regs[PVM_NR_ID_REGS];

static bool vm_has_ptrauth(const struct kvm *kvm)
{
	return system_has_full_ptr_auth() &&
	       kvm_vcpu_has_feature(kvm, KVM_ARM_VCPU_PTRAUTH_ADDRESS) &&
	       kvm_vcpu_has_feature(kvm, KVM_ARM_VCPU_PTRAUTH_GENERIC);
}

/*
 * Take a synchronous exception to EL1 on behalf of whatever has just left it, a
 * guest or the host. Its registers are in the CPU, and copies in memory are stale.
 */
void inject_sync64(u64 esr)
{
	u64 vbar = read_sysreg_el1(SYS_VBAR);
	u64 sctlr = read_sysreg_el1(SYS_SCTLR);
	u64 pstate = read_sysreg_el2(SYS_SPSR);

	write_sysreg_el1(esr, SYS_ESR);
	write_sysreg_el1(read_sysreg_el2(SYS_ELR), SYS_ELR);
	write_sysreg_el1(pstate, SYS_SPSR);

	vbar += exception_vector64(pstate, PSR_MODE_EL1h, except_type_sync);
	write_sysreg_el2(vbar, SYS_ELR);
	write_sysreg_el2(exception_pstate64(pstate, sctlr, PSR_MODE_EL1h), SYS_SPSR);
}

/*
 * Inject an unknown/undefined exception to an AArch64 guest or the host while
 * most of its sysregs are live.
 */
void inject_undef64(void)
{
	inject_sync64((ESR_ELx_EC_UNKNOWN << ESR_ELx_EC_SHIFT) | ESR_ELx_IL);
}

/* With FEAT_IDST, a read of a missing ID register keeps the syndrome of a trap. */
static void inject_undef_sysreg(struct kvm_vcpu *vcpu, u64 esr)
{
	struct sys_reg_params p = esr_sys64_to_params(esr);

	if (!p.is_write && in_feat_id_space(&p) &&
	    kvm_has_feat(vcpu->kvm, ID_AA64MMFR2_EL1, IDS, IMP))
		inject_sync64(esr);
	else
		inject_undef64();
}

/* Tell the host of an access that it does not see. */
static __always_inline void count_pvm_access(struct kvm_vcpu *vcpu, bool denied)
{
	if (denied)
		vcpu->stat.pvm_denied++;
	else
		vcpu->stat.pvm_emulated++;

	trace_pvm_access(vcpu, denied);
}

/* What becomes of a trapped access. */
enum pvm_access {
	PVM_ACCESS_DONE,	/* It is complete: step over the instruction */
	PVM_ACCESS_UNDEF,	/* The VM does not have the register */
	PVM_ACCESS_HOST,	/* The host emulates it */
};

struct pvm_sysreg {
	u32 encoding;
	u8 dirs;
	/* Takes *@val if @is_write, else provides it. */
	enum pvm_access (*access)(struct kvm_vcpu *vcpu, bool is_write, u64 *val);
};

/* The directions of an access, by the bit in its syndrome. */
#define PVM_WO	BIT(0)
#define PVM_RO	BIT(ESR_ELx_SYS64_ISS_DIR_READ)
#define PVM_RW	(PVM_RO | PVM_WO)

static enum pvm_access raz_wi(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	*val = 0;
	return PVM_ACCESS_DONE;
}

static enum pvm_access to_host(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	return PVM_ACCESS_HOST;
}

/*
 * The bits of MDSCR_EL1 that software step and breakpoint instructions need. MDE
 * stays 0, thus there are no hardware breakpoints.
 */
#define PVM_MDSCR_EL1	(MDSCR_EL1_SS | MDSCR_EL1_KDE | MDSCR_EL1_TDCC)

/*
 * Give the CPU the guest's MDSCR_EL1, which the world switch then saves and
 * restores. The CPU must not step while the guest's OS lock is set.
 */
static void load_mdscr(struct kvm_vcpu *vcpu)
{
	u64 mdscr = vcpu->arch.external_mdscr_el1;

	if (__vcpu_sys_reg(vcpu, OSLSR_EL1) & OSLSR_EL1_OSLK)
		mdscr &= ~MDSCR_EL1_SS;

	write_sysreg(mdscr, mdscr_el1);
}

/* No one else debugs a protected VM: external_mdscr_el1 holds the guest's own. */
static enum pvm_access access_mdscr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	if (is_write) {
		vcpu->arch.external_mdscr_el1 = *val & PVM_MDSCR_EL1;
		load_mdscr(vcpu);
	} else {
		*val = vcpu->arch.external_mdscr_el1;
	}

	return PVM_ACCESS_DONE;
}

static enum pvm_access access_oslar(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	__vcpu_assign_sys_reg(vcpu, OSLSR_EL1, *val & OSLAR_EL1_OSLK ? OSLSR_EL1_OSLK : 0);
	load_mdscr(vcpu);

	return PVM_ACCESS_DONE;
}

static enum pvm_access access_oslsr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	*val = OSLSR_EL1_OSLM_IMPLEMENTED | __vcpu_sys_reg(vcpu, OSLSR_EL1);
	return PVM_ACCESS_DONE;
}

/* There are no error records. */
static enum pvm_access access_ras(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	if (!kvm_has_feat(vcpu->kvm, ID_AA64PFR0_EL1, RAS, IMP))
		return PVM_ACCESS_UNDEF;

	return raz_wi(vcpu, is_write, val);
}

static enum pvm_access gic_to_host(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	return vgic_is_v3(vcpu->kvm) ? PVM_ACCESS_HOST : PVM_ACCESS_UNDEF;
}

/* The guest cannot give up the system registers, the only interface to its GIC. */
static enum pvm_access access_gic_sre(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	if (!vgic_is_v3(vcpu->kvm))
		return PVM_ACCESS_UNDEF;

	*val = ICC_SRE_EL1_DIB | ICC_SRE_EL1_DFB | ICC_SRE_EL1_SRE;
	return PVM_ACCESS_DONE;
}

static enum pvm_access access_ctr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	*val = vcpu->kvm->arch.ctr_el0;
	return PVM_ACCESS_DONE;
}

static enum pvm_access access_clidr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	*val = pvm_clidr_el1;
	return PVM_ACCESS_DONE;
}

static enum pvm_access access_csselr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	if (is_write)
		__vcpu_assign_sys_reg(vcpu, CSSELR_EL1,
				      *val & (CSSELR_EL1_Level | CSSELR_EL1_InD));
	else
		*val = __vcpu_sys_reg(vcpu, CSSELR_EL1);

	return PVM_ACCESS_DONE;
}

static enum pvm_access access_ccsidr(struct kvm_vcpu *vcpu, bool is_write, u64 *val)
{
	*val = pvm_ccsidr_el1[__vcpu_sys_reg(vcpu, CSSELR_EL1) & CSSELR_EL1_InD];
	return PVM_ACCESS_DONE;
}

#define PVM_SYSREG(_reg, _dirs, _access)				\
	{ .encoding = SYS_##_reg, .dirs = PVM_##_dirs, .access = _access }

/*
 * The trapped system registers and instructions of a protected VM, in ascending
 * order of (Op0, Op1, CRn, CRm, Op2). Anything not listed here is UNDEFINED.
 *
 * Each group is headed by the control that traps it, and by what else that
 * control traps. The registers of the ID space, (3, 0, 0, 1..7, 0..7), have no
 * rows: see kvm_handle_pvm_id_reg().
 */
static const struct pvm_sysreg pvm_sysregs[] = {
	{ /* No directions: what has no other row is UNDEFINED */ },

	/*
	 * HCR_EL2.TSW. An operation by set and way affects only the caches of one
	 * CPU, and the vCPU may migrate between two of them. All memory of the VM is
	 * mapped cacheable and the CPUs are coherent, so do nothing: a guest that
	 * needs memory clean for accesses that bypass the caches has to clean it by
	 * address.
	 * Unhandled: operations on allocation tags, DC *GSW and DC *GDSW.
	 */
	PVM_SYSREG(DC_ISW, WO, raz_wi),
	PVM_SYSREG(DC_CSW, WO, raz_wi),
	PVM_SYSREG(DC_CISW, WO, raz_wi),

	/*
	 * MDCR_EL2.{TDA, TDCC, TDOSA, TDRA}. One breakpoint and one watchpoint
	 * are the least that an ID register can tell. They never match.
	 * Unhandled: further breakpoints and watchpoints, OSDTR*_EL1,
	 * DBGVCR32_EL2; trace, MDCR_EL2.TTRF and CPTR_EL2.TTA; statistical
	 * profiling, MDCR_EL2.TPMS.
	 */
	PVM_SYSREG(DBGBVRn_EL1(0), RW, raz_wi),
	PVM_SYSREG(DBGBCRn_EL1(0), RW, raz_wi),
	PVM_SYSREG(DBGWVRn_EL1(0), RW, raz_wi),
	PVM_SYSREG(DBGWCRn_EL1(0), RW, raz_wi),
	PVM_SYSREG(MDCCINT_EL1, RW, raz_wi),
	PVM_SYSREG(MDSCR_EL1, RW, access_mdscr),
	PVM_SYSREG(OSECCR_EL1, RW, raz_wi),
	PVM_SYSREG(MDRAR_EL1, RO, raz_wi),
	PVM_SYSREG(OSLAR_EL1, WO, access_oslar),
	PVM_SYSREG(OSLSR_EL1, RO, access_oslsr),
	PVM_SYSREG(OSDLR_EL1, RW, raz_wi),
	PVM_SYSREG(DBGPRCR_EL1, RW, raz_wi),
	PVM_SYSREG(DBGCLAIMSET_EL1, RW, raz_wi),
	PVM_SYSREG(DBGCLAIMCLR_EL1, RW, raz_wi),
	PVM_SYSREG(DBGAUTHSTATUS_EL1, RO, raz_wi),
	PVM_SYSREG(MDCCSR_EL0, RO, raz_wi),
	PVM_SYSREG(DBGDTR_EL0, RW, raz_wi),
	PVM_SYSREG(DBGDTRTX_EL0, RW, raz_wi),

	/* HCR_EL2.TID1 */
	PVM_SYSREG(REVIDR_EL1, RO, raz_wi),

	/*
	 * HCR_EL2.TACR
	 * Unhandled: implementation defined registers, HCR_EL2.TIDCP.
	 */
	PVM_SYSREG(ACTLR_EL1, RW, raz_wi),

	/*
	 * HCR_EL2.TERR
	 * Unhandled: what RASv1p1 adds, ERXPFG*_EL1, ERXMISC2_EL1, ERXMISC3_EL1.
	 */
	PVM_SYSREG(ERRIDR_EL1, RO, access_ras),
	PVM_SYSREG(ERRSELR_EL1, RW, access_ras),
	PVM_SYSREG(ERXFR_EL1, RO, access_ras),
	PVM_SYSREG(ERXCTLR_EL1, RW, access_ras),
	PVM_SYSREG(ERXSTATUS_EL1, RW, access_ras),
	PVM_SYSREG(ERXADDR_EL1, RW, access_ras),
	PVM_SYSREG(ERXMISC0_EL1, RW, access_ras),
	PVM_SYSREG(ERXMISC1_EL1, RW, access_ras),

	/*
	 * HCR_EL2.{IMO, FMO}, ICH_HCR_EL2.TDIR, ICC_SRE_EL2.Enable
	 * Unhandled: the other ICC_*_EL1, which trap if the VM has no vGIC. On
	 * CPUs whose interface is broken they trap for every VM, and
	 * kvm_hyp_handle_sysreg() emulates them before.
	 */
	PVM_SYSREG(ICC_DIR_EL1, WO, gic_to_host),
	PVM_SYSREG(ICC_SGI1R_EL1, WO, gic_to_host),
	PVM_SYSREG(ICC_ASGI1R_EL1, WO, gic_to_host),
	PVM_SYSREG(ICC_SGI0R_EL1, WO, gic_to_host),
	PVM_SYSREG(ICC_SRE_EL1, RW, access_gic_sre),

	/*
	 * HCR_EL2.{TID1, TID2, TID4}
	 * Unhandled: CCSIDR2_EL1, SMIDR_EL1; GMID_EL1, HCR_EL2.TID5.
	 */
	PVM_SYSREG(CCSIDR_EL1, RO, access_ccsidr),
	PVM_SYSREG(CLIDR_EL1, RO, access_clidr),
	PVM_SYSREG(AIDR_EL1, RO, raz_wi),
	PVM_SYSREG(CSSELR_EL1, RW, access_csselr),
	PVM_SYSREG(CTR_EL0, RO, access_ctr),

	/*
	 * CNTHCTL_EL2.EL1PCEN or EL1PTEN: the host emulates the physical timer.
	 * Unhandled: performance monitors, MDCR_EL2.{TPM, TPMCR}; activity
	 * monitors, CPTR_EL2.TAM; all that the fine-grained traps hide.
	 */
	PVM_SYSREG(CNTP_TVAL_EL0, RW, to_host),
	PVM_SYSREG(CNTP_CTL_EL0, RW, to_host),
	PVM_SYSREG(CNTP_CVAL_EL0, RW, to_host),
};

/*
 * Where the rows are: (Op0, Op1, CRn) selects a group, and (CRm, Op2) the row in
 * that group. An encoding that has no row has row 0.
 */
#define PVM_SYSREG_GROUPS	16

static u8 pvm_sysreg_group[BIT(9)];
static u8 pvm_sysreg_row[PVM_SYSREG_GROUPS][BIT(7)];

static const struct pvm_sysreg *find_pvm_sysreg(u64 esr)
{
	u32 op0_op1_crn = FIELD_GET(ESR_ELx_SYS64_ISS_OP0_MASK, esr) << 7 |
			  FIELD_GET(ESR_ELx_SYS64_ISS_OP1_MASK | ESR_ELx_SYS64_ISS_CRN_MASK, esr);
	u32 crm_op2 = FIELD_GET(ESR_ELx_SYS64_ISS_CRM_MASK, esr) << 3 |
		      FIELD_GET(ESR_ELx_SYS64_ISS_OP2_MASK, esr);

	return &pvm_sysregs[pvm_sysreg_row[pvm_sysreg_group[op0_op1_crn]][crm_op2]];
}

/*
 * Initializes feature registers for protected vms.
 */
void kvm_init_pvm_id_regs(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_arch *ka = &kvm->arch;
	struct pvm_vm vm = {
		.ptrauth	= vm_has_ptrauth(kvm),
		.vgic_v3	= ka->vgic.vgic_model == KVM_DEV_TYPE_ARM_VGIC_V3,
		.ipa_bits	= kvm_phys_shift(&ka->mmu),
	};

	hyp_assert_lock_held(&vm_table_lock);

	if (test_bit(KVM_ARCH_FLAG_ID_REGS_INITIALIZED, &kvm->arch.flags))
		return;

	/* No AArch32 for protected VMs: CRm = 1..3 stays zero. */
	for (int i = 0; i < PVM_NR_ID_REGS; i++)
		ka->id_regs[IDREG_IDX(PVM_ID_REG_ENC(i))] = pvm_id_reg_value(pvm_id_regs, i, &vm);

	set_bit(KVM_ARCH_FLAG_ID_REGS_INITIALIZED, &kvm->arch.flags);
}

/*
 * Indexes the sysreg table, and checks that it is unique and in-order, and that
 * each row has its directions and its handler.
 *
 * Returns 0 if the table is consistent, or 1 otherwise.
 */
int kvm_init_pvm_sysreg_table(void)
{
	unsigned int i, nr_groups = 1;

	BUILD_BUG_ON(ARRAY_SIZE(pvm_sysregs) > U8_MAX + 1);

	for (i = 1; i < ARRAY_SIZE(pvm_sysregs); i++) {
		const struct pvm_sysreg *r = &pvm_sysregs[i];
		u8 *group = &pvm_sysreg_group[r->encoding >> CRn_shift];

		if (r->encoding <= r[-1].encoding || !r->dirs || !r->access)
			return 1;

		if (!*group) {
			if (nr_groups == PVM_SYSREG_GROUPS)
				return 1;
			*group = nr_groups++;
		}
		pvm_sysreg_row[*group][(r->encoding >> Op2_shift) & 0x7f] = i;
	}

	return 0;
}

/*
 * Handler for protected VM reads of the ID registers, HCR_EL2.TID3. All 56
 * encodings are ID registers, and zero if nothing else was decided.
 *
 * Returns true if the access was a read of an ID register.
 */
bool kvm_handle_pvm_id_reg(struct kvm_vcpu *vcpu, u64 esr)
{
	u32 crm = FIELD_GET(ESR_ELx_SYS64_ISS_CRM_MASK, esr);
	u32 op2 = FIELD_GET(ESR_ELx_SYS64_ISS_OP2_MASK, esr);

	if ((esr & ESR_ELx_SYS64_ISS_SYS_MRS_OP_MASK) != ESR_ELx_SYS64_ISS_SYS_MRS_OP_VAL ||
	    !crm || crm > 7)
		return false;

	vcpu_set_reg(vcpu, ESR_ELx_SYS64_ISS_RT(esr),
		     vcpu->kvm->arch.id_regs[IDREG_IDX(sys_reg(3, 0, 0, crm, op2))]);
	__kvm_skip_instr(vcpu);
	count_pvm_access(vcpu, false);

	return true;
}

static noinline bool access_pvm_sysreg(struct kvm_vcpu *vcpu, const struct pvm_sysreg *r,
				       u64 esr)
{
	bool is_write = !(esr & ESR_ELx_SYS64_ISS_DIR_READ);
	int rt = ESR_ELx_SYS64_ISS_RT(esr);
	u64 val = 0;

	if (is_write)
		val = vcpu_get_reg(vcpu, rt);

	switch (r->access(vcpu, is_write, &val)) {
	case PVM_ACCESS_DONE:
		if (!is_write)
			vcpu_set_reg(vcpu, rt, val);
		__kvm_skip_instr(vcpu);
		count_pvm_access(vcpu, false);
		return true;
	case PVM_ACCESS_HOST:
		return false;
	default:
		inject_undef_sysreg(vcpu, esr);
		count_pvm_access(vcpu, true);
		return true;
	}
}

/*
 * Handler for protected VM MSR, MRS or System instruction execution.
 *
 * Returns true if the hypervisor has handled the exit, and control should go
 * back to the guest, or false if it hasn't, to be handled by the host.
 */
bool kvm_handle_pvm_sysreg(struct kvm_vcpu *vcpu, u64 esr)
{
	const struct pvm_sysreg *r = find_pvm_sysreg(esr);

	if (r->dirs & BIT(esr & ESR_ELx_SYS64_ISS_DIR_MASK))
		return access_pvm_sysreg(vcpu, r, esr);

	inject_undef_sysreg(vcpu, esr);
	count_pvm_access(vcpu, true);
	return true;
}

/*
 * Handler for protected VM restricted exceptions.
 *
 * Inject an undefined exception into the guest and return true to indicate that
 * the hypervisor has handled the exit, and control should go back to the guest.
 */
bool kvm_handle_pvm_restricted(struct kvm_vcpu *vcpu, u64 *exit_code)
{
	inject_undef64();
	count_pvm_access(vcpu, true);
	return true;
}

/*
 * Handler for protected VM WFI and WFE, which the host completes.
 *
 * If the VM does not have FEAT_WFxT, the host takes WFET and WFIT for WFE and WFI.
 */
bool kvm_handle_pvm_wfx(struct kvm_vcpu *vcpu, u64 *exit_code)
{
	if (!kvm_has_feat(vcpu->kvm, ID_AA64ISAR2_EL1, WFxT, IMP))
		vcpu->arch.fault.esr_el2 &= ~ESR_ELx_WFx_ISS_WFxT;

	return false;
}

/*
 * Handler for protected VM instructions that have an exception class in common.
 *
 * PSB CSYNC and TSB CSYNC are hints and do nothing without the feature. The
 * others are those of FEAT_LS64.
 */
bool kvm_handle_pvm_other(struct kvm_vcpu *vcpu, u64 *exit_code)
{
	switch (ESR_ELx_ISS(kvm_vcpu_get_esr(vcpu))) {
	case ESR_ELx_ISS_OTHER_PSBCSYNC:
	case ESR_ELx_ISS_OTHER_TSBCSYNC:
		__kvm_skip_instr(vcpu);
		return true;
	default:
		return kvm_handle_pvm_restricted(vcpu, exit_code);
	}
}
