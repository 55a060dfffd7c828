/* SPDX-License-Identifier: GPL-2.0-only */
/* What arch/arm64/kvm/fixed_config.c needs of the kernel's header of this name. */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

__printf(1, 2) void kvm_err(const char *fmt, ...);
bool kvm_is_field_trapped(u32 reg, u8 shift);
bool kvm_is_id_reg(u32 reg);
