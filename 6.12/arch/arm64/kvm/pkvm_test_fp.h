/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The FP registers of the host, around a run of a vCPU
 *
 * EL2 gives the guest's FP registers to the CPU when the guest uses them, and the
 * host's when it comes back. A process cannot tell, since the kernel loads its
 * registers in any case before it goes on. The kernel can.
 */
#ifndef __ARM64_KVM_PKVM_TEST_FP_H__
#define __ARM64_KVM_PKVM_TEST_FP_H__

#include <linux/cpufeature.h>
#include <linux/types.h>

/* In bytes: the architecture's largest vector. */
#define TEST_FP_VL_MAX		256

/* As long as the vectors are now, one after the other; the rest is not written. */
struct test_fp_regs {
	u8 v[32 * TEST_FP_VL_MAX];
	u8 p[16 * TEST_FP_VL_MAX / 8];
} __aligned(16);

#define TEST_FP_NR16	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define TEST_FP_NR32	TEST_FP_NR16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

#define TEST_FP_ALL(op, regs)							\
do {										\
	if (system_supports_sve())						\
		asm volatile(".arch_extension sve\n"				\
			     ".irp nr, " TEST_FP_NR32 "\n"			\
			     op " z\\nr, [%0, #\\nr, mul vl]\n"			\
			     ".endr\n"						\
			     ".irp nr, " TEST_FP_NR16 "\n"			\
			     op " p\\nr, [%1, #\\nr, mul vl]\n"			\
			     ".endr\n"						\
			     :: "r" ((regs)->v), "r" ((regs)->p) : "memory");	\
	else									\
		asm volatile(".arch_extension fp\n"				\
			     ".irp nr, " TEST_FP_NR32 "\n"			\
			     op " q\\nr, [%0, #16 * \\nr]\n"			\
			     ".endr\n"						\
			     :: "r" ((regs)->v) : "memory");			\
} while (0)

static inline void test_fp_load(const struct test_fp_regs *regs)
{
	TEST_FP_ALL("ldr", regs);
}

static inline void test_fp_store(struct test_fp_regs *regs)
{
	TEST_FP_ALL("str", regs);
}

#endif /* __ARM64_KVM_PKVM_TEST_FP_H__ */
