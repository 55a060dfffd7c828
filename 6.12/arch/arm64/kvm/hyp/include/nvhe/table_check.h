/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors that EL2 finds in its own tables when it is initialised.
 *
 * EL2 cannot print. It notes what is wrong, all of it, and fails to initialise.
 * The host, which at that time can still read EL2's data, prints the notes.
 */

#ifndef __ARM64_KVM_NVHE_TABLE_CHECK_H__
#define __ARM64_KVM_NVHE_TABLE_CHECK_H__

#include <asm/kvm_pvm_table.h>

extern struct pvm_table_errors pvm_table_errors;

void pvm_table_error(enum pvm_table table, enum pvm_table_fault fault,
		     unsigned int row, u64 arg);

/* The number of errors noted so far, those that did not fit in included. */
unsigned int pvm_table_nr_errors(void);

#endif /* __ARM64_KVM_NVHE_TABLE_CHECK_H__ */
