/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_FIXED_CONFIG_CHECK_H__
#define __ARM64_KVM_FIXED_CONFIG_CHECK_H__

#include <asm/kvm_pvm_id_regs.h>

struct pvm_id_field;

/**
 * struct pvm_fixed_config - What pvm_check_fixed_config() checks
 * @fields:	the rows
 * @nr_fields:	the number of rows
 * @is_trapped:	tells whether a trap bit depends on the field of an ID register
 * @is_id_reg:	tells whether an encoding is that of a register that KVM knows
 */
struct pvm_fixed_config {
	const struct pvm_id_field *fields;
	int nr_fields;
	bool (*is_trapped)(u32 reg, u8 shift);
	bool (*is_id_reg)(u32 reg);
};

bool pvm_check_fixed_config(const struct pvm_fixed_config *cfg,
			    struct pvm_id_reg regs[PVM_NR_ID_REGS]);

#endif /* __ARM64_KVM_FIXED_CONFIG_CHECK_H__ */
