/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What EL2 tells the host about errors in EL2's tables, see nvhe/table_check.h.
 */

#ifndef __ARM64_KVM_PVM_TABLE_H__
#define __ARM64_KVM_PVM_TABLE_H__

#include <linux/types.h>

#define PVM_TABLE_MAX_ERRORS	32

enum pvm_table {
	/* Trapped system registers. The argument is the encoding. */
	PVM_TABLE_SYSREG,
	/* Trap controls. The argument is the key of the ID register field. */
	PVM_TABLE_TRAP,
	/* Traps that are the same for every VM. */
	PVM_TABLE_FIXED_TRAP,
	/* Trap registers, by their number. The argument has the bits. */
	PVM_TABLE_TRAP_REG,
};

enum pvm_table_fault {
	PVM_FAULT_MALFORMED,
	PVM_FAULT_DUPLICATE,
	PVM_FAULT_ORDER,
	PVM_FAULT_UNREACHABLE,
	PVM_FAULT_NO_SPACE,
	/* A feature is hidden and no row traps it. */
	PVM_FAULT_MISSING,
	/* A row traps what is no feature, or what cannot be hidden. */
	PVM_FAULT_SURPLUS,
};

struct pvm_table_error {
	u8 table;
	u8 fault;
	u16 row;
	u64 arg;
};

struct pvm_table_errors {
	unsigned int nr;
	struct pvm_table_error error[PVM_TABLE_MAX_ERRORS];
};

#endif /* __ARM64_KVM_PVM_TABLE_H__ */
