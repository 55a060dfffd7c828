// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ID register space
 */
#include "id_regs.h"

static const char * const id_reg_names[NR_ID_REGS] = {
	/* CRm = 1 */
	"ID_PFR0_EL1", "ID_PFR1_EL1", "ID_DFR0_EL1", "ID_AFR0_EL1",
	"ID_MMFR0_EL1", "ID_MMFR1_EL1", "ID_MMFR2_EL1", "ID_MMFR3_EL1",
	/* CRm = 2 */
	"ID_ISAR0_EL1", "ID_ISAR1_EL1", "ID_ISAR2_EL1", "ID_ISAR3_EL1",
	"ID_ISAR4_EL1", "ID_ISAR5_EL1", "ID_MMFR4_EL1", "ID_ISAR6_EL1",
	/* CRm = 3 */
	"MVFR0_EL1", "MVFR1_EL1", "MVFR2_EL1", "S3_0_C0_C3_3", "ID_PFR2_EL1",
	"ID_DFR1_EL1", "ID_MMFR5_EL1", "S3_0_C0_C3_7",
	/* CRm = 4 */
	"ID_AA64PFR0_EL1", "ID_AA64PFR1_EL1", "ID_AA64PFR2_EL1", "S3_0_C0_C4_3",
	"ID_AA64ZFR0_EL1", "ID_AA64SMFR0_EL1", "S3_0_C0_C4_6",
	"ID_AA64FPFR0_EL1",
	/* CRm = 5 */
	"ID_AA64DFR0_EL1", "ID_AA64DFR1_EL1", "ID_AA64DFR2_EL1", "S3_0_C0_C5_3",
	"ID_AA64AFR0_EL1", "ID_AA64AFR1_EL1", "S3_0_C0_C5_6", "S3_0_C0_C5_7",
	/* CRm = 6 */
	"ID_AA64ISAR0_EL1", "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1",
	"ID_AA64ISAR3_EL1", "S3_0_C0_C6_4", "S3_0_C0_C6_5", "S3_0_C0_C6_6",
	"S3_0_C0_C6_7",
	/* CRm = 7 */
	"ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1",
	"ID_AA64MMFR3_EL1", "ID_AA64MMFR4_EL1", "S3_0_C0_C7_5", "S3_0_C0_C7_6",
	"S3_0_C0_C7_7",
};

const char *id_reg_name(unsigned int nr)
{
	return id_reg_names[nr];
}

/* The encoding is part of the instruction: have one function per register. */
extern const uint32_t id_reg_readers[NR_ID_REGS][2];

asm(".pushsection .text\n"
	".balign 4\n"
	"id_reg_readers:\n"
	".irp crm, 1, 2, 3, 4, 5, 6, 7\n"
	".irp op2, 0, 1, 2, 3, 4, 5, 6, 7\n"
	"mrs x0, s3_0_c0_c\\crm\\()_\\op2\n"
	"ret\n"
	".endr\n"
	".endr\n"
	".popsection\n");

uint64_t guest_read_id_reg(unsigned int nr)
{
	uint64_t (*read_id_reg)(void) = (void *)id_reg_readers[nr];

	return read_id_reg();
}
