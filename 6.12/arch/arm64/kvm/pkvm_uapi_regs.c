// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a protected VM, as userspace sees them
 *
 * A register that a protected vCPU has is in a table here, and with it whose it
 * is. One that KVM or EL2 takes from userspace is as in any VM. Any other reads
 * as the guest reads it, and does not change; what it is may be written to it, as
 * VMMs write back what they have read. See pkvm_uapi.c for the rule of errors.
 */

#include <linux/kvm_host.h>
#include <linux/uaccess.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_pkvm.h>

#include <kvm/arm_psci.h>

/* Whose a register is. */
enum pvm_reg_owner {
	/* Nobody's: there is no such register. */
	PVM_REG_ABSENT,
	/* KVM reads and writes it as that of any VM. */
	PVM_REG_KVM,
	/* Reads as the guest reads it, and does not change: -EINVAL. */
	PVM_REG_FIXED,
	/* Likewise, but for the guest, who has it at EL2: -EPERM. */
	PVM_REG_GUEST,
};

struct pvm_user_reg {
	u64 id;
	enum pvm_reg_owner owner;
	u64 constant;
	u64 (*value)(struct kvm_vcpu *vcpu);
};

static u64 ctr_el0(struct kvm_vcpu *vcpu)
{
	return pkvm_ctr_el0;
}

static u64 clidr_el1(struct kvm_vcpu *vcpu)
{
	return pkvm_clidr_el1;
}

static u64 mpidr_el1(struct kvm_vcpu *vcpu)
{
	return __vcpu_sys_reg(vcpu, MPIDR_EL1);
}

/* EL2 says what it has each time that the guest exits. */
static u64 mdscr_el1(struct kvm_vcpu *vcpu)
{
	return __vcpu_sys_reg(vcpu, MDSCR_EL1);
}

static u64 csselr_el1(struct kvm_vcpu *vcpu)
{
	return __vcpu_sys_reg(vcpu, CSSELR_EL1);
}

static u64 psci_version(struct kvm_vcpu *vcpu)
{
	return kvm_psci_version(vcpu);
}

static u64 std_bmap(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.smccc_feat.std_bmap;
}

static u64 std_hyp_bmap(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.smccc_feat.std_hyp_bmap;
}

static u64 vendor_hyp_bmap(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.smccc_feat.vendor_hyp_bmap;
}

/* Fields are in the same order in the id of a register and in its encoding. */
#define ENCODING_ID(reg)						\
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | (reg) >> Op2_shift)
#define SYSREG_ID(reg)	ENCODING_ID(SYS_##reg)
static_assert(SYSREG_ID(APIBKEYHI_EL1) == ARM64_SYS_REG(3, 0, 2, 1, 3));
static_assert(SYSREG_ID(TPIDRRO_EL0) == ARM64_SYS_REG(3, 3, 13, 0, 3));

#define KVM_ROW(_id)							\
	{ .id = _id, .owner = PVM_REG_KVM }
#define STATE(reg)							\
	KVM_ROW(SYSREG_ID(reg))
#define FW_FIXED(name, fn)						\
	{ .id = KVM_REG_ARM_##name, .owner = PVM_REG_FIXED, .value = fn }
#define FIXED(reg, fn)							\
	{ .id = SYSREG_ID(reg), .owner = PVM_REG_FIXED, .value = fn }
#define CONSTANT(reg, val)						\
	{ .id = SYSREG_ID(reg), .owner = PVM_REG_FIXED, .constant = val }
#define GUEST(reg, fn)							\
	{ .id = SYSREG_ID(reg), .owner = PVM_REG_GUEST, .value = fn }

/*
 * All that a protected vCPU has but the core registers, the ID registers and
 * CCSIDR_EL1, which are ranges.
 */
static const struct pvm_user_reg pvm_user_regs[] = {
	/* What EL2 takes from the host at each entry: pvm_sysregs_crossing[]. */
	STATE(SCTLR_EL1),
	STATE(CPACR_EL1),
	STATE(TTBR0_EL1),
	STATE(TTBR1_EL1),
	STATE(TCR_EL1),
	STATE(APIAKEYLO_EL1),
	STATE(APIAKEYHI_EL1),
	STATE(APIBKEYLO_EL1),
	STATE(APIBKEYHI_EL1),
	STATE(APDAKEYLO_EL1),
	STATE(APDAKEYHI_EL1),
	STATE(APDBKEYLO_EL1),
	STATE(APDBKEYHI_EL1),
	STATE(APGAKEYLO_EL1),
	STATE(APGAKEYHI_EL1),
	STATE(AFSR0_EL1),
	STATE(AFSR1_EL1),
	STATE(ESR_EL1),
	STATE(FAR_EL1),
	STATE(PAR_EL1),
	STATE(MAIR_EL1),
	STATE(AMAIR_EL1),
	STATE(VBAR_EL1),
	STATE(DISR_EL1),
	STATE(CONTEXTIDR_EL1),
	STATE(TPIDR_EL1),
	STATE(CNTKCTL_EL1),
	STATE(TPIDR_EL0),
	STATE(TPIDRRO_EL0),

	/* What EL2 emulates for the guest: pvm_sysregs[]. */
	CONSTANT(DBGBVRn_EL1(0), 0),
	CONSTANT(DBGBCRn_EL1(0), 0),
	CONSTANT(DBGWVRn_EL1(0), 0),
	CONSTANT(DBGWCRn_EL1(0), 0),
	CONSTANT(OSLSR_EL1, OSLSR_EL1_OSLM_IMPLEMENTED),
	CONSTANT(REVIDR_EL1, 0),
	CONSTANT(AIDR_EL1, 0),
	CONSTANT(ACTLR_EL1, 0),
	FIXED(CTR_EL0, ctr_el0),
	FIXED(CLIDR_EL1, clidr_el1),
	GUEST(MDSCR_EL1, mdscr_el1),
	GUEST(CSSELR_EL1, csselr_el1),

	/* EL2 takes it when the vCPU first runs. */
	FIXED(MPIDR_EL1, mpidr_el1),

	/* KVM accepts what it is, and nothing else. */
	STATE(MIDR_EL1),

	/* KVM emulates the timers. See timer_offset_is_fixed() for the counts. */
	KVM_ROW(KVM_REG_ARM_TIMER_CTL),
	KVM_ROW(KVM_REG_ARM_TIMER_CNT),
	KVM_ROW(KVM_REG_ARM_TIMER_CVAL),
	KVM_ROW(KVM_REG_ARM_PTIMER_CTL),
	KVM_ROW(KVM_REG_ARM_PTIMER_CNT),
	KVM_ROW(KVM_REG_ARM_PTIMER_CVAL),

	/* Firmware. A write of a workaround's level checks it, and that is all. */
	KVM_ROW(KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1),
	KVM_ROW(KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2),
	KVM_ROW(KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3),
	FW_FIXED(PSCI_VERSION, psci_version),
	FW_FIXED(STD_BMAP, std_bmap),
	FW_FIXED(STD_HYP_BMAP, std_hyp_bmap),
	FW_FIXED(VENDOR_HYP_BMAP, vendor_hyp_bmap),
};

static const struct pvm_user_reg *find_user_reg(u64 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(pvm_user_regs); i++)
		if (pvm_user_regs[i].id == id)
			return &pvm_user_regs[i];

	return NULL;
}

/* The number of an ID register's row in the contract, or negative. */
static int id_reg_index(u64 id)
{
	u64 first = SYSREG_ID(ID_PFR0_EL1);

	return id - first < KVM_ARM_ID_REG_NUM ? id - first : -1;
}

static bool is_ccsidr(u64 id)
{
	u64 first = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX |
		    KVM_REG_ARM_DEMUX_ID_CCSIDR;

	return id - first < PVM_NR_CCSIDR;
}

/*
 * VMMs save the registers of a vCPU when they create it, create the vGIC after
 * that, and restore what they saved when they reset the VM.
 */
static bool was_before_vgic(struct kvm_vcpu *vcpu, u64 id, u64 val)
{
	int index = id_reg_index(id);

	return index >= 0 && val == pkvm_early_id_reg(vcpu->kvm, index);
}

/* Whose a register is; if it is neither KVM's nor absent, @val is its value. */
static enum pvm_reg_owner pvm_reg_owner(struct kvm_vcpu *vcpu, u64 id, u64 *val)
{
	const struct pvm_user_reg *r;
	int index;

	if ((id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_CORE)
		return PVM_REG_KVM;

	index = id_reg_index(id);
	if (index >= 0) {
		*val = pkvm_read_id_reg(vcpu->kvm, index);
		return PVM_REG_FIXED;
	}

	if (is_ccsidr(id)) {
		*val = pvm_ccsidr_el1(pkvm_ctr_el0, id & KVM_REG_ARM_DEMUX_VAL_MASK);
		return PVM_REG_FIXED;
	}

	r = find_user_reg(id);
	if (!r)
		return PVM_REG_ABSENT;

	*val = r->value ? r->value(vcpu) : r->constant;
	return r->owner;
}

/**
 * pkvm_vcpu_has_reg() - Whether a vCPU has a register that KVM knows
 * @vcpu: the vCPU, initialised
 * @id: of the register, as in KVM_GET_REG_LIST
 *
 * Return: whether it has.
 */
bool pkvm_vcpu_has_reg(struct kvm_vcpu *vcpu, u64 id)
{
	u64 val;

	return !vcpu_is_protected(vcpu) ||
	       pvm_reg_owner(vcpu, id, &val) != PVM_REG_ABSENT;
}

/**
 * pkvm_vcpu_keeps_sysreg() - Whether a reset leaves a system register alone
 * @vcpu: the vCPU
 * @encoding: of the register, as sys_reg() makes it
 *
 * What the guest has at EL2, EL2 keeps. Say what it is, after a reset as well.
 *
 * Return: whether it does.
 */
bool pkvm_vcpu_keeps_sysreg(const struct kvm_vcpu *vcpu, u32 encoding)
{
	const struct pvm_user_reg *r;

	if (!vcpu_is_protected(vcpu))
		return false;

	r = find_user_reg(ENCODING_ID(encoding));
	return r && r->owner == PVM_REG_GUEST;
}

/**
 * pkvm_get_reg() - Answer KVM_GET_ONE_REG
 * @vcpu: the vCPU, initialised
 * @reg: the register, and where userspace wants its value
 *
 * May sleep.
 *
 * Return: 0; -ENOENT if there is no such register; -EFAULT; or 1 if the register
 * is KVM's.
 */
int pkvm_get_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	u64 val;

	if (!vcpu_is_protected(vcpu))
		return 1;

	switch (pvm_reg_owner(vcpu, reg->id, &val)) {
	case PVM_REG_KVM:
		return 1;
	case PVM_REG_FIXED:
	case PVM_REG_GUEST:
		if (copy_to_user(u64_to_user_ptr(reg->addr), &val, KVM_REG_SIZE(reg->id)))
			return -EFAULT;
		return 0;
	default:
		return -ENOENT;
	}
}

/**
 * pkvm_set_reg() - Answer KVM_SET_ONE_REG
 * @vcpu: the vCPU, initialised
 * @reg: the register, and where userspace has its value
 *
 * What is there already may be written to each register, and to an ID register
 * what was there before the vGIC. May sleep.
 *
 * Return: 0; -ENOENT if there is no such register; -EINVAL or -EPERM if it does
 * not change; -EFAULT; or 1 if the register is KVM's.
 */
int pkvm_set_reg(struct kvm_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	enum pvm_reg_owner owner;
	u64 val, new = 0;

	if (!vcpu_is_protected(vcpu))
		return 1;

	owner = pvm_reg_owner(vcpu, reg->id, &val);
	if (owner == PVM_REG_KVM)
		return 1;
	if (owner == PVM_REG_ABSENT)
		return -ENOENT;

	if (copy_from_user(&new, u64_to_user_ptr(reg->addr), KVM_REG_SIZE(reg->id)))
		return -EFAULT;
	if (new == val || was_before_vgic(vcpu, reg->id, new))
		return 0;

	return owner == PVM_REG_GUEST ? -EPERM : -EINVAL;
}

/**
 * pkvm_finalize_id_regs() - Have KVM itself see what the guest is going to read
 * @kvm: a protected VM, with config_lock held
 *
 * Features and vGIC model are final. EL2 does not create the VM unless it comes
 * to the same values.
 */
void pkvm_finalize_id_regs(struct kvm *kvm)
{
	int i;

	lockdep_assert_held(&kvm->arch.config_lock);

	for (i = 0; i < KVM_ARM_ID_REG_NUM; i++)
		kvm->arch.id_regs[i] = pkvm_read_id_reg(kvm, i);
	kvm->arch.ctr_el0 = pkvm_ctr_el0;
}
