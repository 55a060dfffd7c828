/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ID register space: Op0 = 3, Op1 = 0, CRn = 0, CRm = 1..7, Op2 = 0..7.
 *
 * The registers are numbered from 0, in the order of their encodings.
 */
#ifndef SELFTEST_KVM_ID_REGS_H
#define SELFTEST_KVM_ID_REGS_H

#include "processor.h"

#define NR_ID_REGS		56

static inline uint32_t id_reg_encoding(unsigned int nr)
{
	return sys_reg(3, 0, 0, 1 + nr / 8, nr % 8);
}

/* The architecture's name, or that of the encoding where none is allocated. */
const char *id_reg_name(unsigned int nr);

/* Guest side: read a register that is known at run time only. */
uint64_t guest_read_id_reg(unsigned int nr);

#endif /* SELFTEST_KVM_ID_REGS_H */
