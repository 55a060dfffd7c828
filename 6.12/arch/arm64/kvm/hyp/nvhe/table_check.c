// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes on errors in EL2's own tables. See nvhe/table_check.h.
 */

#include <nvhe/table_check.h>

struct pvm_table_errors pvm_table_errors;

/**
 * pvm_table_error() - Note an error for the host to print
 * @table:	where it is
 * @fault:	what it is
 * @row:	which row it is in
 * @arg:	what the table's rows are known by, see enum pvm_table
 *
 * Only while EL2 is initialised, which one CPU does.
 */
void pvm_table_error(enum pvm_table table, enum pvm_table_fault fault,
		     unsigned int row, u64 arg)
{
	unsigned int n = pvm_table_errors.nr++;

	if (n >= PVM_TABLE_MAX_ERRORS)
		return;

	pvm_table_errors.error[n] = (struct pvm_table_error) {
		.table	= table,
		.fault	= fault,
		.row	= row,
		.arg	= arg,
	};
}

unsigned int pvm_table_nr_errors(void)
{
	return pvm_table_errors.nr;
}
