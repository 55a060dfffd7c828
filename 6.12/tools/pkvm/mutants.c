// SPDX-License-Identifier: GPL-2.0-only
/*
 * List what can be flipped in the CPU of a protected VM, from the tables of the
 * series themselves. A line is
 *
 *	KIND INDEX BITS NAME
 *
 * where the first three are what the kernel's parameter kvm.mutant takes. The
 * name of a field is REGISTER.FIELD, that of a trap bit REGISTER.NUMBER.
 */

#define PVM_FIELD_NAMES

/* asm/kvm_arm.h includes these for what is not needed here. */
#define __ASM_MEMORY_H
#define __ASM_ESR_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/kernel.h>
#include <linux/const.h>
#include <vdso/const.h>

#include <asm/kvm_id_regs.h>
#include <asm/kvm_pvm_mutate.h>
#include <asm/kvm_trap_values.h>

static const char * const reg_names[PVM_NR_TRAP_REGS] = {
	[PVM_HCR]		= "HCR_EL2",
	[PVM_HCRX]		= "HCRX_EL2",
	[PVM_MDCR]		= "MDCR_EL2",
	[PVM_CPTR_NVHE]		= "CPTR_EL2",
	[PVM_CPTR_HVHE]		= "CPTR_EL2(E2H)",
	[PVM_CNTHCTL_NVHE]	= "CNTHCTL_EL2",
	[PVM_CNTHCTL_HVHE]	= "CNTHCTL_EL2(E2H)",
	[PVM_ICH_HCR]		= "ICH_HCR_EL2",
	[PVM_MPAM2]		= "MPAM2_EL2",
	[PVM_MPAMHCR]		= "MPAMHCR_EL2",
	[PVM_HFGxTR]		= "HFGxTR_EL2",
	[PVM_HFGITR]		= "HFGITR_EL2",
	[PVM_HDFGxTR]		= "HDFGxTR_EL2",
	[PVM_HAFGRTR]		= "HAFGRTR_EL2",
	[PVM_HFGxTR2]		= "HFGxTR2_EL2",
	[PVM_HFGITR2]		= "HFGITR2_EL2",
	[PVM_HDFGxTR2]		= "HDFGxTR2_EL2",
};

static void print(unsigned int kind, unsigned int index, u64 bits)
{
	printf("%u %u %#llx ", kind, index, (unsigned long long)bits);
}

static void print_fields(void)
{
	unsigned int r, i;

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++) {
			const struct pvm_id_field *field = &pvm_id_regs[r].fields[i];

			print(PVM_MUTANT_ID_REG, r, BIT_ULL(PVM_KEY_SHIFT(field->key)));
			printf("%s.%s\n", pvm_id_regs[r].name, field->name);
		}
	}
}

static void add_rows(const struct pvm_trap_row *rows, unsigned int nr, u64 *bits)
{
	while (nr--)
		bits[rows[nr].reg] |= rows[nr].bits;
}

static void print_traps(void)
{
	u64 bits[PVM_NR_TRAP_REGS] = {};
	unsigned int reg, bit, kind;

	add_rows(pvm_feature_traps, ARRAY_SIZE(pvm_feature_traps), bits);
	add_rows(pvm_fixed_traps, ARRAY_SIZE(pvm_fixed_traps), bits);
	for (bit = 0; bit < ARRAY_SIZE(pvm_cpu_traps); bit++)
		bits[pvm_cpu_traps[bit].reg] |= pvm_cpu_traps[bit].bits;
	bits[PVM_HCR] |= PVM_HCR_FROM_HOST;

	for (reg = 0; reg < PVM_NR_TRAP_REGS; reg++) {
		kind = reg == PVM_HCR ? PVM_MUTANT_HCR : PVM_MUTANT_TRAP;
		for (bit = 0; bit < 64; bit++) {
			if (!(bits[reg] & BIT_ULL(bit)))
				continue;
			print(kind, reg, BIT_ULL(bit));
			printf("%s.%u\n", reg_names[reg], bit);
		}
	}
}

int main(void)
{
	print_fields();
	print_traps();

	/* At boot: tables without any row, and with one row less. */
	print(PVM_MUTANT_TRAP_CHECK, 0, ARRAY_SIZE(pvm_feature_traps));
	printf("check.features\n");
	print(PVM_MUTANT_TRAP_CHECK, 0, ARRAY_SIZE(pvm_feature_traps) ^
	      (ARRAY_SIZE(pvm_feature_traps) - 1));
	printf("check.last-feature\n");
	print(PVM_MUTANT_FIXED_TRAP_CHECK, 0, ARRAY_SIZE(pvm_fixed_traps));
	printf("check.fixed\n");
	return 0;
}
