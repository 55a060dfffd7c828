/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of kvm_fixed_config.h as text: for the host's debugfs file, and for
 * the tables that are printed on the build machine.
 */

#ifndef __ARM64_KVM_ID_PRINT_H__
#define __ARM64_KVM_ID_PRINT_H__

#ifdef __KERNEL__
#include <linux/sprintf.h>
#else
#include <stdio.h>
#endif

#include <asm/kvm_id_regs.h>

/* Room for "0b" and the eight digits of the widest field. */
#define PVM_BINARY_SIZE		11

/* Room for every policy, with its condition. */
#define PVM_POLICY_SIZE		48

/**
 * pvm_print_binary() - Print the value of a field, as the architecture does
 * @to:		PVM_BINARY_SIZE bytes
 * @value:	the value; bits above @width are left out
 * @width:	the width of the field, at most 8
 *
 * Return: @to
 */
static inline const char *pvm_print_binary(char *to, unsigned int value,
					   unsigned int width)
{
	char *end = to;

	*end++ = '0';
	*end++ = 'b';
	while (width--)
		*end++ = '0' + (value >> width & 1);
	*end = '\0';

	return to;
}

static inline const char *pvm_condition_text(const struct pvm_id_field *f)
{
	if (f->ipa_limited)
		return ", as the IPA size needs";

	switch (f->when) {
	case PVM_WITH_VGIC_V3:
		return ", with a vGICv3";
	case PVM_WITH_PAC_QARMA5:
	case PVM_WITH_PAC_QARMA3:
	case PVM_WITH_PAC_IMPDEF:
		return ", with PAuth";
	default:
		return "";
	}
}

/**
 * pvm_print_policy() - Print what a row lets the guest read
 * @to:		PVM_POLICY_SIZE bytes
 * @f:		the row
 *
 * Return: @to
 */
static inline const char *pvm_print_policy(char *to, const struct pvm_id_field *f)
{
	const char *condition = pvm_condition_text(f);
	char value[PVM_BINARY_SIZE];

	pvm_print_binary(value, f->value, f->width);
	switch (f->policy) {
	case PVM_POLICY_NI:
		snprintf(to, PVM_POLICY_SIZE, "absent (%s)", value);
		break;
	case PVM_POLICY_SET:
		snprintf(to, PVM_POLICY_SIZE, "always %s", value);
		break;
	case PVM_POLICY_RESTRICT:
		snprintf(to, PVM_POLICY_SIZE, "up to %s%s", value, condition);
		break;
	default:
		snprintf(to, PVM_POLICY_SIZE, "as the host%s", condition);
	}

	return to;
}

#endif /* __ARM64_KVM_ID_PRINT_H__ */
