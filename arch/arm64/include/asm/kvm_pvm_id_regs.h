/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a protected VM reads in its AArch64 ID registers: the arithmetic on the
 * masks that are made from the rows of kvm_fixed_config.h.
 *
 * The host makes and checks the masks before it loses its privileges. EL2 uses
 * them. The functions depend on nothing but their arguments.
 */

#ifndef __ARM64_KVM_PVM_ID_REGS_H__
#define __ARM64_KVM_PVM_ID_REGS_H__

#include <linux/types.h>
#include <asm/sysreg.h>

/*
 * The AArch64 ID registers: Op0 = 3, Op1 = 0, CRn = 0, CRm = 4..7. Protected VMs
 * have no AArch32 state, so CRm = 1..3 reads as zero.
 */
#define PVM_NR_ID_REGS		32
#define PVM_ID_REG_IDX(enc)	((sys_reg_CRm(enc) - 4) << 3 | sys_reg_Op2(enc))
#define PVM_ID_REG_ENC(idx)	sys_reg(3, 0, 0, 4 + (idx) / 8, (idx) % 8)

/**
 * struct pvm_id_reg - What protected VMs can read in one ID register
 * @limit:	the most that KVM could give to any VM of this host
 * @allow:	mask of the fields that read as @limit
 * @max:	the highest values of the fields that read as @limit up to them
 * @is_signed:	mask of those fields of @max whose values are signed
 * @set:	the values of all other fields
 */
struct pvm_id_reg {
	u64 limit;
	u64 allow;
	u64 max;
	u64 is_signed;
	u64 set;
};

/**
 * struct pvm_vm - What the ID registers depend on besides the host
 * @ptrauth:	the VM has both address and generic authentication
 * @vgic_v3:	the VM has a GICv3
 * @ipa_bits:	the size of the VM's IPA space
 */
struct pvm_vm {
	bool ptrauth;
	bool vgic_v3;
	u8 ipa_bits;
};

/*
 * The minimum of each four bits. Flipping the sign bit of signed fields gives
 * their values the order of unsigned ones.
 */
static inline u64 pvm_id_min(u64 a, u64 b, u64 is_signed)
{
	u64 flip = is_signed & 0x8888888888888888ULL;
	u64 res = 0;
	int i;

	a ^= flip;
	b ^= flip;
	for (i = 0; i < 64; i += 4) {
		u64 mask = 0xfULL << i;

		res |= (a & mask) < (b & mask) ? a & mask : b & mask;
	}

	return res ^ flip;
}

/* The smallest physical address size that holds the IPA space. */
static inline u64 pvm_parange(u8 ipa_bits)
{
	/* The index is the value of the field. Beyond the last entry it is 56 bits. */
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 parange = 0;

	while (parange < sizeof(bits) && bits[parange] < ipa_bits)
		parange++;

	return parange;
}

/* For each algorithm of pointer authentication, the fields that belong to it. */
#define PVM_PAC_ISAR1_QARMA5	(ID_AA64ISAR1_EL1_APA_MASK | ID_AA64ISAR1_EL1_GPA_MASK)
#define PVM_PAC_ISAR1_IMPDEF	(ID_AA64ISAR1_EL1_API_MASK | ID_AA64ISAR1_EL1_GPI_MASK)
#define PVM_PAC_ISAR2_QARMA3	(ID_AA64ISAR2_EL1_APA3_MASK | ID_AA64ISAR2_EL1_GPA3_MASK)

/*
 * Whether the host has exactly one algorithm, and has it both for addresses and
 * for generic data. No other combination can be given to a VM.
 */
static inline bool pvm_host_has_one_pac(const struct pvm_id_reg regs[PVM_NR_ID_REGS])
{
	u64 isar1 = regs[PVM_ID_REG_IDX(SYS_ID_AA64ISAR1_EL1)].limit;
	u64 isar2 = regs[PVM_ID_REG_IDX(SYS_ID_AA64ISAR2_EL1)].limit;
	int address = !!(isar1 & ID_AA64ISAR1_EL1_APA_MASK) << 0 |
		      !!(isar1 & ID_AA64ISAR1_EL1_API_MASK) << 1 |
		      !!(isar2 & ID_AA64ISAR2_EL1_APA3_MASK) << 2;
	int generic = !!(isar1 & ID_AA64ISAR1_EL1_GPA_MASK) << 0 |
		      !!(isar1 & ID_AA64ISAR1_EL1_GPI_MASK) << 1 |
		      !!(isar2 & ID_AA64ISAR2_EL1_GPA3_MASK) << 2;

	return address == generic && address && !(address & (address - 1));
}

/* The limit of a register, lowered to what the VM is. NI is 0 in these fields. */
static inline u64 pvm_id_reg_limit(const struct pvm_id_reg regs[PVM_NR_ID_REGS], int idx,
				   const struct pvm_vm *vm)
{
	bool has_pac = vm->ptrauth && pvm_host_has_one_pac(regs);
	u64 limit = regs[idx].limit;

	switch (PVM_ID_REG_ENC(idx)) {
	case SYS_ID_AA64PFR0_EL1:
		return vm->vgic_v3 ? limit : limit & ~ID_AA64PFR0_EL1_GIC_MASK;
	case SYS_ID_AA64ISAR1_EL1:
		return has_pac ? limit : limit & ~(PVM_PAC_ISAR1_QARMA5 | PVM_PAC_ISAR1_IMPDEF);
	case SYS_ID_AA64ISAR2_EL1:
		return has_pac ? limit : limit & ~PVM_PAC_ISAR2_QARMA3;
	case SYS_ID_AA64MMFR0_EL1:
		return pvm_id_min(limit, pvm_parange(vm->ipa_bits) |
				  (u64)~ID_AA64MMFR0_EL1_PARANGE_MASK, 0);
	default:
		return limit;
	}
}

/**
 * pvm_id_reg_value() - Compute what a protected VM reads in an ID register
 * @regs:	the masks and limits of all ID registers
 * @idx:	PVM_ID_REG_IDX() of the register
 * @vm:		what the VM is
 *
 * Return: the value.
 */
static inline u64 pvm_id_reg_value(const struct pvm_id_reg regs[PVM_NR_ID_REGS], int idx,
				   const struct pvm_vm *vm)
{
	const struct pvm_id_reg *r = &regs[idx];
	u64 limit = pvm_id_reg_limit(regs, idx, vm);

	return (limit & r->allow) | pvm_id_min(limit, r->max, r->is_signed) | r->set;
}

#endif /* __ARM64_KVM_PVM_ID_REGS_H__ */
