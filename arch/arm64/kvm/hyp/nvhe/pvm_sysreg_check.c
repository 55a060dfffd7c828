// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the table of trapped system registers, and the making of its
 * index.
 */

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/limits.h>

#include <asm/esr.h>
#include <asm/sysreg.h>

#include <nvhe/pvm_mutate.h>
#include <nvhe/sys_regs.h>
#include <nvhe/table_check.h>

struct pvm_sysreg_index pvm_sysreg_index;

static void sysreg_error(enum pvm_table_fault fault, unsigned int row)
{
	pvm_table_error(PVM_TABLE_SYSREG, fault, row, pvm_sysregs[row].encoding);
}

/* The syndrome of a trapped access to a register. */
static u64 sysreg_esr(u32 encoding)
{
	return (u64)sys_reg_Op0(encoding) << ESR_ELx_SYS64_ISS_OP0_SHIFT |
	       (u64)sys_reg_Op1(encoding) << ESR_ELx_SYS64_ISS_OP1_SHIFT |
	       (u64)sys_reg_CRn(encoding) << ESR_ELx_SYS64_ISS_CRN_SHIFT |
	       (u64)sys_reg_CRm(encoding) << ESR_ELx_SYS64_ISS_CRM_SHIFT |
	       (u64)sys_reg_Op2(encoding) << ESR_ELx_SYS64_ISS_OP2_SHIFT;
}

static void check_sysreg_row(unsigned int row)
{
	const struct pvm_sysreg *r = &pvm_sysregs[row];
	u32 id = pvm_mutate(PVM_MUTANT_SYSREG_CHECK, row, r->encoding);

	if (!r->dirs || r->dirs & ~PVM_SYSREG_RW ||
	    id != sys_reg(sys_reg_Op0(id), sys_reg_Op1(id), sys_reg_CRn(id),
			  sys_reg_CRm(id), sys_reg_Op2(id)))
		sysreg_error(PVM_FAULT_MALFORMED, row);

	if (id == pvm_sysregs[row - 1].encoding)
		sysreg_error(PVM_FAULT_DUPLICATE, row);
	else if (id < pvm_sysregs[row - 1].encoding)
		sysreg_error(PVM_FAULT_ORDER, row);

	/* Nobody looks for such a row: the value is in kvm_arch::id_regs. */
	if (id >= sys_reg(3, 0, 0, 1, 0) && id <= sys_reg(3, 0, 0, 7, 7))
		sysreg_error(PVM_FAULT_UNREACHABLE, row);
}

/* Enter a row into the index. Every page in use has a group of its own. */
static void index_sysreg_row(unsigned int row, unsigned int *nr_groups)
{
	struct pvm_sysreg_index *index = &pvm_sysreg_index;
	u64 esr = sysreg_esr(pvm_sysregs[row].encoding);
	u8 *group = &index->group[esr_sysreg_page(esr)];

	if (!*group) {
		if (*nr_groups == PVM_SYSREG_MAX_GROUPS) {
			sysreg_error(PVM_FAULT_NO_SPACE, row);
			return;
		}
		*group = (*nr_groups)++;
	}

	index->row[*group][esr_sysreg_slot(esr)] = row;
}

/**
 * pvm_sysreg_table_init() - Check the table of trapped registers, make its index
 *
 * Row 0 is the default. It is not in the index, which is zero where no other
 * row is. To be called once, when EL2 is initialised, on one CPU.
 *
 * Return: 0, or -EINVAL with every error noted for the host.
 */
int pvm_sysreg_table_init(void)
{
	unsigned int row, nr_groups = 1;

	/* Fields of the syndrome that a page is made of are side by side. */
	BUILD_BUG_ON(ESR_ELx_SYS64_ISS_OP1_SHIFT != ESR_ELx_SYS64_ISS_CRN_SHIFT + 4);
	BUILD_BUG_ON(ESR_ELx_SYS64_ISS_OP2_SHIFT != ESR_ELx_SYS64_ISS_OP1_SHIFT + 3);
	BUILD_BUG_ON(ESR_ELx_SYS64_ISS_OP0_SHIFT != ESR_ELx_SYS64_ISS_OP2_SHIFT + 3);

	if (pvm_nr_sysregs > U8_MAX + 1)
		pvm_table_error(PVM_TABLE_SYSREG, PVM_FAULT_NO_SPACE,
				pvm_nr_sysregs, 0);

	/* Whatever finds no row gets this one, which must not allow anything. */
	if (pvm_sysregs[0].dirs)
		sysreg_error(PVM_FAULT_MALFORMED, 0);

	for (row = 1; row < pvm_nr_sysregs; row++) {
		check_sysreg_row(row);
		index_sysreg_row(row, &nr_groups);
	}

	return pvm_table_nr_errors() ? -EINVAL : 0;
}
