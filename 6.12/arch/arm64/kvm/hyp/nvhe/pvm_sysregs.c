// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trapped system registers and instructions that a protected VM may access.
 *
 * Each group is headed by the controls whose traps lead here, and ends with the
 * registers that the same controls trap and that stay UNDEFINED. Registers that
 * do not trap have no row. Those of the ID space, (3, 0, 0, 1..7, 0..7), have
 * none either: pvm_sysreg_make_index() enters them all.
 *
 * A direction that a register lacks by the architecture is UNDEFINED, too.
 */

#include <linux/cpufeature.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/kvm_host.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/sysreg.h>

#include <nvhe/pkvm.h>
#include <nvhe/sys_regs.h>

/* Bits of MDSCR_EL1 that a guest without debug registers has a use for. */
#define PVM_MDSCR_EL1	(MDSCR_EL1_SS | MDSCR_EL1_KDE | MDSCR_EL1_TDCC)

#define vm_has_feat(hyp_vcpu, reg, field, min)				\
	kvm_has_feat(&pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu)->kvm, reg, field, min)

/* Reads of the ID space are distinguished from UNDEFINED by FEAT_IDST. */
static enum pvm_sysreg_result
undef_id(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	struct kvm *kvm = &pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu)->kvm;

	if (kvm_has_feat_enum(kvm, ID_AA64MMFR2_EL1, IDS, 0x18))
		return PVM_SYSREG_UNDEF_ID;

	return PVM_SYSREG_UNDEF;
}

static enum pvm_sysreg_result
host(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	return PVM_SYSREG_HOST;
}

/*
 * Software step works with the bits kept here, and breakpoint instructions
 * without any. MDE stays 0, thus there are no hardware breakpoints.
 */
static enum pvm_sysreg_result
mdscr_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	if (!is_write) {
		*val = hyp_vcpu->mdscr_el1;
		return PVM_SYSREG_DONE;
	}

	hyp_vcpu->mdscr_el1 = *val & PVM_MDSCR_EL1;
	write_sysreg(hyp_vcpu->mdscr_el1, mdscr_el1);

	return PVM_SYSREG_DONE;
}

static enum pvm_sysreg_result
oslsr_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	*val = OSLSR_EL1_OSLM_IMPLEMENTED;
	return PVM_SYSREG_DONE;
}

/* There are no error records. */
static enum pvm_sysreg_result
ras(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	if (!vm_has_feat(hyp_vcpu, ID_AA64PFR0_EL1, RAS, IMP))
		return PVM_SYSREG_UNDEF;

	*val = 0;
	return PVM_SYSREG_DONE;
}

static enum pvm_sysreg_result
icc_sgi(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	if (!vm_has_feat(hyp_vcpu, ID_AA64PFR0_EL1, GIC, IMP))
		return PVM_SYSREG_UNDEF;

	return PVM_SYSREG_HOST;
}

/* System registers are the only interface to the GIC, and stay it. */
static enum pvm_sysreg_result
icc_sre_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	if (!vm_has_feat(hyp_vcpu, ID_AA64PFR0_EL1, GIC, IMP))
		return PVM_SYSREG_UNDEF;

	*val = ICC_SRE_EL1_DIB | ICC_SRE_EL1_DFB | ICC_SRE_EL1_SRE;
	return PVM_SYSREG_DONE;
}

/*
 * With FEAT_S2FWB the guest's memory is coherent whatever the guest does. Else
 * the host has to clean it, being the one who knows where it is.
 */
static enum pvm_sysreg_result
dc_set_way(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	if (cpus_have_final_cap(ARM64_HAS_STAGE2_FWB))
		return PVM_SYSREG_DONE;

	return PVM_SYSREG_HOST;
}

static enum pvm_sysreg_result
clidr_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	*val = pvm_clidr_el1;
	return PVM_SYSREG_DONE;
}

static enum pvm_sysreg_result
csselr_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	u64 *csselr = &ctxt_sys_reg(&hyp_vcpu->vcpu.arch.ctxt, CSSELR_EL1);

	if (is_write)
		*csselr = *val & (CSSELR_EL1_Level | CSSELR_EL1_InD);
	else
		*val = *csselr & (CSSELR_EL1_Level | CSSELR_EL1_InD);

	return PVM_SYSREG_DONE;
}

static enum pvm_sysreg_result
ccsidr_el1(struct pkvm_hyp_vcpu *hyp_vcpu, bool is_write, u64 *val)
{
	u64 ctr = pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu)->kvm.arch.ctr_el0;

	*val = pvm_ccsidr_el1(ctr, ctxt_sys_reg(&hyp_vcpu->vcpu.arch.ctxt, CSSELR_EL1));
	return PVM_SYSREG_DONE;
}

#define ROW(reg, _dirs, _fn)						\
	{ .encoding = SYS_##reg, .dirs = PVM_SYSREG_##_dirs, .fn = _fn }

/* Reads as what the VM has there, ignores writes. */
#define VALUE(reg, _dirs, member)					\
	{ .encoding = SYS_##reg, .dirs = PVM_SYSREG_##_dirs,		\
	  .offset = offsetof(struct pkvm_hyp_vm, member) }

#define RAZ(reg, _dirs)							\
	{ .encoding = SYS_##reg, .dirs = PVM_SYSREG_##_dirs,		\
	  .offset = offsetof(struct pkvm_hyp_vm, raz) }

/* In ascending order of (Op0, Op1, CRn, CRm, Op2). */
const struct pvm_sysreg pvm_sysregs[] = {
	/* Default: what no other row names. */
	{ .encoding = 0, .dirs = 0 },

	/*
	 * HCR_EL2.TSW
	 * Unhandled: operations on allocation tags, DC *GSW and DC *GDSW.
	 */
	ROW(DC_ISW, WRITE, dc_set_way),
	ROW(DC_CSW, WRITE, dc_set_way),
	ROW(DC_CISW, WRITE, dc_set_way),

	/*
	 * MDCR_EL2.{TDA, TDOSA, TDCC}. One breakpoint and one watchpoint are the
	 * least the architecture lets an ID register say. A guest that boots
	 * clears both, and the locks.
	 * Unhandled: further breakpoints and watchpoints, MDCCINT_EL1,
	 * OSDTR*_EL1, OSECCR_EL1, MDRAR_EL1 (MDCR_EL2.TDRA), DBGPRCR_EL1,
	 * DBGCLAIM*_EL1, DBGAUTHSTATUS_EL1; trace, MDCR_EL2.TTRF and
	 * CPTR_EL2.TTA.
	 */
	RAZ(DBGBVRn_EL1(0), RW),
	RAZ(DBGBCRn_EL1(0), RW),
	RAZ(DBGWVRn_EL1(0), RW),
	RAZ(DBGWCRn_EL1(0), RW),
	ROW(MDSCR_EL1, RW, mdscr_el1),
	RAZ(OSLAR_EL1, WRITE),
	ROW(OSLSR_EL1, READ, oslsr_el1),
	RAZ(OSDLR_EL1, RW),
	RAZ(MDCCSR_EL0, READ),
	RAZ(DBGDTR_EL0, RW),
	RAZ(DBGDTRTX_EL0, RW),

	/* HCR_EL2.TID1 */
	RAZ(REVIDR_EL1, READ),

	/*
	 * HCR_EL2.TACR
	 * Unhandled: implementation defined registers, HCR_EL2.TIDCP.
	 */
	RAZ(ACTLR_EL1, RW),

	/*
	 * HCR_EL2.TERR
	 * Unhandled: what later versions of RAS add, ERXPFG*_EL1,
	 * ERXMISC2_EL1, ERXMISC3_EL1, ERXGSR_EL1.
	 */
	ROW(ERRIDR_EL1, READ, ras),
	ROW(ERRSELR_EL1, RW, ras),
	ROW(ERXFR_EL1, READ, ras),
	ROW(ERXCTLR_EL1, RW, ras),
	ROW(ERXSTATUS_EL1, RW, ras),
	ROW(ERXADDR_EL1, RW, ras),
	ROW(ERXMISC0_EL1, RW, ras),
	ROW(ERXMISC1_EL1, RW, ras),

	/*
	 * HCR_EL2.{IMO, FMO}, ICC_SRE_EL2.Enable
	 * Unhandled: the others of ICC_*_EL1, which trap if the VM has no vGIC
	 * (ICH_HCR_EL2). On CPUs with errata these trap for every VM, and are
	 * not for this table: see handle_pvm_erratum_sysreg().
	 */
	ROW(ICC_SGI1R_EL1, WRITE, icc_sgi),
	ROW(ICC_ASGI1R_EL1, WRITE, icc_sgi),
	ROW(ICC_SGI0R_EL1, WRITE, icc_sgi),
	ROW(ICC_SRE_EL1, RW, icc_sre_el1),

	/* HCR_EL2.{TID1, TID2 or TID4, TID5} */
	ROW(CCSIDR_EL1, READ, ccsidr_el1),
	ROW(CLIDR_EL1, READ, clidr_el1),
	ROW(CCSIDR2_EL1, READ, undef_id),
	ROW(GMID_EL1, READ, undef_id),
	ROW(SMIDR_EL1, READ, undef_id),
	RAZ(AIDR_EL1, READ),
	ROW(CSSELR_EL1, RW, csselr_el1),

	/* HCR_EL2.TID2 */
	VALUE(CTR_EL0, READ, kvm.arch.ctr_el0),

	/*
	 * CNTHCTL_EL2.{EL1PCEN, EL1PTEN}: KVM emulates the physical timer.
	 * Unhandled: performance monitors, MDCR_EL2.{TPM, TPMCR}; activity
	 * monitors, CPTR_EL2.TAM; EL0 accesses to these likewise.
	 */
	ROW(CNTP_TVAL_EL0, RW, host),
	ROW(CNTP_CTL_EL0, RW, host),
	ROW(CNTP_CVAL_EL0, RW, host),
};

const unsigned int pvm_nr_sysregs = ARRAY_SIZE(pvm_sysregs);
