/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which registers userspace sees of a protected vCPU, and access to them.
 */
#ifndef SELFTEST_KVM_PKVM_UAPI_REGS_H
#define SELFTEST_KVM_PKVM_UAPI_REGS_H

#include "guest_probe.h"
#include "kselftest.h"

#define MAX_REGS	512
#define REG(name)	KVM_ARM64_SYS_REG(SYS_##name)
#define CCSIDR(n)	(KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | (n))
#define NR_CCSIDR	14

enum reg_class {
	CLASS_ID, CLASS_CORE, CLASS_CCSIDR, CLASS_FIXED, CLASS_GUEST, CLASS_STATE,
	CLASS_PAUTH, CLASS_ABSENT,
};

/* Everything but the ranges: the 56 ID registers, core registers and CCSIDR_EL1. */
static const struct {
	u64 id;
	enum reg_class class;
} reg_classes[] = {
	{ REG(MIDR_EL1), CLASS_FIXED }, { REG(MPIDR_EL1), CLASS_FIXED },
	{ REG(REVIDR_EL1), CLASS_FIXED }, { REG(AIDR_EL1), CLASS_FIXED },
	{ REG(CTR_EL0), CLASS_FIXED }, { REG(CLIDR_EL1), CLASS_FIXED },
	{ REG(OSLSR_EL1), CLASS_FIXED }, { REG(ACTLR_EL1), CLASS_FIXED },
	{ REG(DBGBVRn_EL1(0)), CLASS_FIXED }, { REG(DBGBCRn_EL1(0)), CLASS_FIXED },
	{ REG(DBGWVRn_EL1(0)), CLASS_FIXED }, { REG(DBGWCRn_EL1(0)), CLASS_FIXED },
	{ KVM_REG_ARM_PSCI_VERSION, CLASS_FIXED },
	{ KVM_REG_ARM_STD_BMAP, CLASS_FIXED },
	{ KVM_REG_ARM_STD_HYP_BMAP, CLASS_FIXED },
	{ KVM_REG_ARM_VENDOR_HYP_BMAP, CLASS_FIXED },
	{ REG(MDSCR_EL1), CLASS_GUEST }, { REG(CSSELR_EL1), CLASS_GUEST },
	{ REG(SCTLR_EL1), CLASS_STATE }, { REG(CPACR_EL1), CLASS_STATE },
	{ REG(TTBR0_EL1), CLASS_STATE }, { REG(TTBR1_EL1), CLASS_STATE },
	{ REG(TCR_EL1), CLASS_STATE }, { REG(ESR_EL1), CLASS_STATE },
	{ REG(AFSR0_EL1), CLASS_STATE }, { REG(AFSR1_EL1), CLASS_STATE },
	{ REG(FAR_EL1), CLASS_STATE }, { REG(PAR_EL1), CLASS_STATE },
	{ REG(MAIR_EL1), CLASS_STATE }, { REG(AMAIR_EL1), CLASS_STATE },
	{ REG(VBAR_EL1), CLASS_STATE }, { REG(DISR_EL1), CLASS_STATE },
	{ REG(CONTEXTIDR_EL1), CLASS_STATE }, { REG(TPIDR_EL1), CLASS_STATE },
	{ REG(CNTKCTL_EL1), CLASS_STATE }, { REG(TPIDR_EL0), CLASS_STATE },
	{ REG(TPIDRRO_EL0), CLASS_STATE },
	{ KVM_REG_ARM_TIMER_CTL, CLASS_STATE }, { KVM_REG_ARM_TIMER_CNT, CLASS_STATE },
	{ KVM_REG_ARM_TIMER_CVAL, CLASS_STATE }, { KVM_REG_ARM_PTIMER_CTL, CLASS_STATE },
	{ KVM_REG_ARM_PTIMER_CNT, CLASS_STATE }, { KVM_REG_ARM_PTIMER_CVAL, CLASS_STATE },
	{ KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, CLASS_STATE },
	{ KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2, CLASS_STATE },
	{ KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3, CLASS_STATE },
	{ REG(APIAKEYLO_EL1), CLASS_PAUTH }, { REG(APIAKEYHI_EL1), CLASS_PAUTH },
	{ REG(APIBKEYLO_EL1), CLASS_PAUTH }, { REG(APIBKEYHI_EL1), CLASS_PAUTH },
	{ REG(APDAKEYLO_EL1), CLASS_PAUTH }, { REG(APDAKEYHI_EL1), CLASS_PAUTH },
	{ REG(APDBKEYLO_EL1), CLASS_PAUTH }, { REG(APDBKEYHI_EL1), CLASS_PAUTH },
	{ REG(APGAKEYLO_EL1), CLASS_PAUTH }, { REG(APGAKEYHI_EL1), CLASS_PAUTH },
	/* Registers that some VM has, and no protected one. */
	{ REG(DBGBVRn_EL1(1)), CLASS_ABSENT }, { REG(DBGBCRn_EL1(15)), CLASS_ABSENT },
	{ REG(DBGWVRn_EL1(1)), CLASS_ABSENT }, { REG(DBGWCRn_EL1(15)), CLASS_ABSENT },
	{ REG(MDCCINT_EL1), CLASS_ABSENT }, { REG(DBGVCR32_EL2), CLASS_ABSENT },
	{ REG(DACR32_EL2), CLASS_ABSENT }, { REG(IFSR32_EL2), CLASS_ABSENT },
	{ REG(FPEXC32_EL2), CLASS_ABSENT }, { REG(TCR2_EL1), CLASS_ABSENT },
	{ REG(PIR_EL1), CLASS_ABSENT }, { REG(PIRE0_EL1), CLASS_ABSENT },
	{ REG(POR_EL1), CLASS_ABSENT }, { REG(POR_EL0), CLASS_ABSENT },
	{ REG(ZCR_EL1), CLASS_ABSENT }, { REG(SVCR), CLASS_ABSENT },
	{ REG(FPMR), CLASS_ABSENT }, { REG(PMCR_EL0), CLASS_ABSENT },
	{ REG(PMCCNTR_EL0), CLASS_ABSENT }, { REG(PMEVCNTRn_EL0(0)), CLASS_ABSENT },
	{ REG(PMUSERENR_EL0), CLASS_ABSENT }, { REG(HCR_EL2), CLASS_ABSENT },
	{ REG(VBAR_EL2), CLASS_ABSENT }, { REG(TPIDR2_EL0), CLASS_ABSENT },
	{ REG(SMCR_EL1), CLASS_ABSENT }, { REG(ICC_PMR_EL1), CLASS_ABSENT },
	{ REG(GCR_EL1), CLASS_ABSENT }, { REG(RGSR_EL1), CLASS_ABSENT },
	{ KVM_REG_ARM64_SVE_VLS, CLASS_ABSENT }, { KVM_REG_ARM64_SVE_ZREG(0, 0), CLASS_ABSENT },
	{ KVM_REG_ARM_FW_REG(9), CLASS_ABSENT }, { KVM_REG_ARM_FW_FEAT_BMAP_REG(9), CLASS_ABSENT },
	{ CCSIDR(NR_CCSIDR), CLASS_ABSENT },
};

static inline struct kvm_reg_list *get_list(struct probe *p)
{
	static u8 buffer[sizeof(struct kvm_reg_list) + MAX_REGS * sizeof(u64)]
		__aligned(8);
	struct kvm_reg_list *list = (void *)buffer;

	list->n = MAX_REGS;
	vcpu_ioctl(p->vcpu[0], KVM_GET_REG_LIST, list);
	return list;
}

static inline bool is_listed(const struct kvm_reg_list *list, u64 id)
{
	u64 i;

	for (i = 0; i < list->n; i++)
		if (list->reg[i] == id)
			return true;
	return false;
}

static inline enum reg_class class_of(struct probe *p, u64 id)
{
	unsigned int i;

	if ((id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_CORE)
		return CLASS_CORE;
	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		if (id == KVM_ARM64_SYS_REG(probe_id_reg(i)))
			return CLASS_ID;
	for (i = 0; i < NR_CCSIDR; i++)
		if (id == CCSIDR(i))
			return CLASS_CCSIDR;
	for (i = 0; i < ARRAY_SIZE(reg_classes); i++) {
		if (reg_classes[i].id != id)
			continue;
		if (reg_classes[i].class == CLASS_PAUTH && !p->cfg.pauth)
			break;
		return reg_classes[i].class;
	}
	return CLASS_ABSENT;
}

static inline int get(struct probe *p, u64 id, __uint128_t *val)
{
	*val = 0;
	return __vcpu_get_reg(p->vcpu[0], id, val) ? errno : 0;
}

static inline int set(struct probe *p, u64 id, __uint128_t *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	return __vcpu_ioctl(p->vcpu[0], KVM_SET_ONE_REG, &reg) ? errno : 0;
}

/* Write every listed register what it reads as. */
static inline bool check_write_back(struct probe *p)
{
	const struct kvm_reg_list *list = get_list(p);
	__uint128_t val;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		int ret = get(p, list->reg[i], &val), err = ret ?: set(p, list->reg[i], &val);

		if (!err)
			continue;
		ksft_print_msg("%s 0x%llx: %s\n", ret ? "read" : "write", list->reg[i],
			       strerror(err));
		ok = false;
	}
	return ok;
}

static inline u64 one_reg(struct probe *p, u64 id)
{
	__uint128_t val;

	return get(p, id, &val) ? ~0UL : (u64)val;
}

/* Run the guest for as long as it takes to read a register. */
static inline bool runs(struct probe *p)
{
	const u32 reg = SYS_TPIDR_EL0;
	struct probe_word word;

	probe_read_regs(p, 0, PROBE_EL1H, &reg, 1, &word);
	if (word.esr)
		ksft_print_msg("the guest does not run: 0x%lx %s\n", word.esr, p->error);
	return !word.esr;
}

/* What the registers of a protected VM depend on. */
static const struct {
	const char *name;
	struct probe_cfg cfg;
} reg_vms[] = {
	{ "plain", {} }, { "vgic", { .vgic = true } }, { "pauth", { .pauth = true } },
	{ "pauth vgic", { .pauth = true, .vgic = true } },
};

/* Test each of these VMs; skip those that this CPU cannot have. */
static inline void test_reg_vms(void (*test)(const struct probe_cfg *cfg, const char *name,
					     bool skip))
{
	bool has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reg_vms); i++)
		test(&reg_vms[i].cfg, reg_vms[i].name, reg_vms[i].cfg.pauth && !has_pauth);
}

#endif /* SELFTEST_KVM_PKVM_UAPI_REGS_H */
