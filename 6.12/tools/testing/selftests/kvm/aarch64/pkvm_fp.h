/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * V16 to V31, for the guests and the processes of tests. The procedure call standard
 * lets compilers and libraries use them, so what is in between has to be looked at.
 */
#ifndef SELFTEST_KVM_PKVM_FP_H
#define SELFTEST_KVM_PKVM_FP_H

#define FP_NR_VREGS	16

static inline void fp_load_vregs(const void *v)
{
	asm volatile("ldp q16, q17, [%0, #0]\n"
		     "ldp q18, q19, [%0, #32]\n"
		     "ldp q20, q21, [%0, #64]\n"
		     "ldp q22, q23, [%0, #96]\n"
		     "ldp q24, q25, [%0, #128]\n"
		     "ldp q26, q27, [%0, #160]\n"
		     "ldp q28, q29, [%0, #192]\n"
		     "ldp q30, q31, [%0, #224]\n"
		     :: "r" (v) : "memory",
		     "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
		     "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

static inline void fp_store_vregs(void *v)
{
	asm volatile("stp q16, q17, [%0, #0]\n"
		     "stp q18, q19, [%0, #32]\n"
		     "stp q20, q21, [%0, #64]\n"
		     "stp q22, q23, [%0, #96]\n"
		     "stp q24, q25, [%0, #128]\n"
		     "stp q26, q27, [%0, #160]\n"
		     "stp q28, q29, [%0, #192]\n"
		     "stp q30, q31, [%0, #224]\n"
		     :: "r" (v) : "memory");
}

#endif /* SELFTEST_KVM_PKVM_FP_H */
