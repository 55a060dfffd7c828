/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_NVHE_INJECT_H__
#define __ARM64_KVM_NVHE_INJECT_H__

#include <linux/types.h>

#include <asm/esr.h>

u64 pvm_entry_pstate(u64 old, u64 sctlr);
void pvm_inject_sync64(u64 esr);
void pvm_inject_host_abort(u64 esr);

/* Take an UNDEF to EL1, with the syndrome that the CPU gives its own. */
static inline void pvm_inject_undef(void)
{
	pvm_inject_sync64((ESR_ELx_EC_UNKNOWN << ESR_ELx_EC_SHIFT) | ESR_ELx_IL);
}

#endif /* __ARM64_KVM_NVHE_INJECT_H__ */
