/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words in which the traps of a protected VM are described: what a row of
 * kvm_fixed_traps.h is made of, and the macros that write one.
 *
 * A row names bits of one trap register, their sense, and when the guest may
 * have what they guard:
 *
 * - a TRAP bit traps when set, an ENABLE bit (En*, n*) when clear. A row never
 *   has to know the reset value, or what other rows do to the register.
 *
 * - Where several rows name one bit, one that denies is enough to trap.
 *
 * - The default is to trap. In the registers that consist of fine-grained
 *   traps, a TRAP bit without a row is set. An ENABLE bit without a row is
 *   clear everywhere.
 *
 * The read and the write version of a fine-grained trap register have their
 * bits in the same places, and no policy tells reads from writes. They are one
 * register here.
 */

#ifndef __ARM64_KVM_TRAP_POLICY_H__
#define __ARM64_KVM_TRAP_POLICY_H__

#include <asm/kvm_arm.h>
#include <asm/kvm_id_policy.h>

enum pvm_trap_reg {
	PVM_HCR,
	PVM_HCRX,
	PVM_MDCR,
	PVM_CPTR_NVHE,		/* HCR_EL2.E2H clear */
	PVM_CPTR_HVHE,		/* HCR_EL2.E2H set: the layout of CPACR_EL1 */
	PVM_CNTHCTL_NVHE,
	PVM_CNTHCTL_HVHE,
	PVM_ICH_HCR,
	PVM_MPAM2,
	PVM_MPAMHCR,
	PVM_HFGxTR,		/* HFGRTR_EL2 and HFGWTR_EL2 */
	PVM_HFGITR,
	PVM_HDFGxTR,
	PVM_HAFGRTR,
	PVM_HFGxTR2,
	PVM_HFGITR2,
	PVM_HDFGxTR2,
	PVM_NR_TRAP_REGS,
};

/* Bits that have no name elsewhere. */
#define PVM_HCR_MIOCNCE		BIT(38)
#define PVM_HCR_TME		BIT(39)
#define PVM_HCR_TWEDEN		BIT(59)
#define PVM_HCR_TWEDEL		GENMASK(63, 60)
#define PVM_MDCR_ENSPM		BIT(15)
#define PVM_MDCR_E2PB		(MDCR_EL2_E2PB_MASK << MDCR_EL2_E2PB_SHIFT)
#define PVM_MDCR_E2TB		(MDCR_EL2_E2TB_MASK << MDCR_EL2_E2TB_SHIFT)
#define PVM_CPTR_NVHE_TSM	BIT(12)
#define PVM_CPTR_NVHE_RES1	(GENMASK(7, 0) | BIT(9) | BIT(13))
#define PVM_CNTHCTL_EL1PCTEN	BIT(0)
#define PVM_CNTHCTL_EL1PCEN	BIT(1)
#define PVM_MPAM2_TRAP1		BIT(48)		/* MPAM1_EL1 */
#define PVM_MPAM2_TRAP0		BIT(49)		/* MPAM0_EL1 */
#define PVM_MPAM2_ENMPAMSM	BIT(50)
#define PVM_MPAM2_TIDR		BIT(58)		/* MPAMIDR_EL1, one way */
#define PVM_MPAMHCR_TIDR	BIT(31)		/* MPAMIDR_EL1, the other */

/* What of HCR_EL2 the host decides, at every entry. */
#define PVM_HCR_FROM_HOST	(HCR_TWI | HCR_TWE | HCR_VSE)

/* When the guest may have what a row guards. */
enum pvm_trap_cond {
	PVM_IF_NEVER,
	PVM_IF_ALWAYS,
	PVM_IF_FIELD,		/* the field of the VM is at least .min */
	PVM_IF_PAUTH,		/* the VM has an algorithm for PAuth */
};

/* What is the same for all VMs, and no feature of the guest. */
#define PVM_ENV_HVHE	BIT(0)	/* EL2 runs with HCR_EL2.E2H set */
#define PVM_ENV_FWB	BIT(1)	/* stage-2 attributes are encoded for FEAT_S2FWB */
#define PVM_ENV_RAS	BIT(2)	/* the CPUs have FEAT_RAS */
#define PVM_ENV_FGT	BIT(3)	/* the CPUs have FEAT_FGT */

struct pvm_trap_row {
	u16 key;		/* PVM_FIELD_KEY(), 0 without a field */
	u8 reg;			/* enum pvm_trap_reg */
	u8 cond;		/* enum pvm_trap_cond */
	u8 env;			/* PVM_ENV_*: the row does not exist without */
	s8 min;
	bool is_signed;
	bool enable;		/* ENABLE bits, else TRAP bits */
	u64 bits;
};

enum pvm_cpu_cond {
	PVM_CPU_CTR_DIFFERS,	/* CTR_EL0 is not the VM's, or cannot be left out */
	PVM_CPU_CTR_SAME,	/* it is, and the CPU can leave it out (FEAT_EVT) */
	PVM_CPU_CAVIUM_TX2_219,	/* ARM64_WORKAROUND_CAVIUM_TX2_219_TVM */
	PVM_CPU_AMPERE_AC03_38,	/* ARM64_WORKAROUND_AMPERE_AC03_CPU_38 */
	PVM_NR_CPU_CONDS,
};

struct pvm_cpu_trap_row {
	enum pvm_cpu_cond cond;
	enum pvm_trap_reg reg;
	bool write_only;
	u64 bits;
};

#define PVM_TRAP_ROW(treg, b, ...)	\
	{				\
		.reg = PVM_##treg,	\
		.bits = (b),		\
		__VA_ARGS__		\
	}

/* Trap, or leave disabled, unless the VM's @field reads as @val or higher. */
#define PVM_FIELD_COND(r, field, val)		\
	.key = PVM_FIELD_KEY(r, field),		\
	.is_signed = r##_##field##_SIGNED,	\
	.min = r##_##field##_##val,		\
	.cond = PVM_IF_FIELD
#define PVM_TRAP_BELOW(treg, b, r, field, val)	\
	PVM_TRAP_ROW(treg, b, PVM_FIELD_COND(r, field, val))
#define PVM_ENABLE_FROM(treg, b, r, field, val)	\
	PVM_TRAP_ROW(treg, b, PVM_FIELD_COND(r, field, val), .enable = true)

/* Trap, or leave disabled, whatever @field reads as: EL2 emulates what it has. */
#define PVM_TRAP_ALL_OF(treg, b, r, field)	\
	PVM_TRAP_ROW(treg, b, .key = PVM_FIELD_KEY(r, field), .cond = PVM_IF_NEVER)
#define PVM_ENABLE_NONE_OF(treg, b, r, field)	\
	PVM_TRAP_ROW(treg, b, .key = PVM_FIELD_KEY(r, field), .cond = PVM_IF_NEVER, .enable = true)

/* For a VM with pointer authentication, whichever field has the algorithm. */
#define PVM_PAUTH_COND	\
	.key = PVM_FIELD_KEY(ID_AA64ISAR1_EL1, APA), .cond = PVM_IF_PAUTH
#define PVM_TRAP_NO_PAUTH(treg, b)	PVM_TRAP_ROW(treg, b, PVM_PAUTH_COND)
#define PVM_ENABLE_PAUTH(treg, b)	PVM_TRAP_ROW(treg, b, PVM_PAUTH_COND, .enable = true)

/* The same for every VM. */
#define PVM_BIT_SET(treg, b)		PVM_TRAP_ROW(treg, b, .cond = PVM_IF_ALWAYS, .enable = true)
#define PVM_BIT_SET_IF(e, treg, b)	\
	PVM_TRAP_ROW(treg, b, .cond = PVM_IF_ALWAYS, .enable = true, .env = PVM_ENV_##e)
#define PVM_BIT_CLEAR(treg, b)		PVM_TRAP_ROW(treg, b, .cond = PVM_IF_NEVER, .enable = true)
#define PVM_TRAP(treg, b)		PVM_TRAP_ROW(treg, b, .cond = PVM_IF_NEVER)
#define PVM_TRAP_IF(e, treg, b)		\
	PVM_TRAP_ROW(treg, b, .cond = PVM_IF_NEVER, .env = PVM_ENV_##e)
#define PVM_PASS(treg, b)		PVM_TRAP_ROW(treg, b, .cond = PVM_IF_ALWAYS)

#endif /* __ARM64_KVM_TRAP_POLICY_H__ */
