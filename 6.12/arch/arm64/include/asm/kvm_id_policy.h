/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words in which the CPU of a protected VM is described: what a row of
 * kvm_fixed_config.h is made of, and the macros that write one.
 *
 * A row belongs to one field of one ID register. It names the field once;
 * position, width, signedness and values come from the names that
 * arch/arm64/tools/sysreg generates, so that a row cannot disagree with the
 * architecture, and a field or value that does not exist does not build.
 *
 * Traps for the unwary:
 *
 * - "Absent" is a value of its own. For most fields it is 0, for some it is
 *   0b1111, and for the stage-2 granule fields it is 0b0001. PVM_NI() takes
 *   the name NI of the field. Only where the architecture has no such name
 *   does PVM_ABSENT_AS() take another, and PVM_ZERO() the number.
 *
 * - A limit means a minimum, and a minimum needs to know whether the field is
 *   signed. PVM_MAX() and PVM_CAP() use the generated _SIGNED, which exists
 *   for SignedEnum and UnsignedEnum fields only. For any other field it does
 *   not build: use PVM_UMAX(), which demands the reason why unsigned is right.
 *
 * - PVM_MAX() promises that no named value lies above the limit. Where one
 *   does, PVM_CAP() is needed, and with it a word on what keeps the guest from
 *   using what it is not told of. A test holds this against the sysreg file.
 *
 * - At EL2 the rows hold neither strings nor pointers. Names exist only with
 *   PVM_FIELD_NAMES, reasons only with PVM_FIELD_REASONS. Both have to be
 *   defined before the first include.
 */

#ifndef __ARM64_KVM_ID_POLICY_H__
#define __ARM64_KVM_ID_POLICY_H__

#include <linux/types.h>
#include <linux/bits.h>
#include <asm/sysreg.h>

/*
 * The ID registers: Op0 = 3, Op1 = 0, CRn = 0, CRm = 1..7, Op2 = 0..7. Their
 * encodings are evenly spaced, from ID_PFR0_EL1 on.
 */
#define PVM_ID_REG_NUM		56
#define PVM_ID_REG_STEP		(SYS_ID_PFR1_EL1 - SYS_ID_PFR0_EL1)
#define PVM_ID_REG_INDEX(enc)	(((enc) - SYS_ID_PFR0_EL1) / PVM_ID_REG_STEP)

/* The name of a field as a number: the register's index and the lowest bit. */
#define PVM_FIELD_KEY(reg, field)	\
	(PVM_ID_REG_INDEX(SYS_##reg) << 8 | reg##_##field##_SHIFT)
#define PVM_KEY_INDEX(key)		((key) >> 8)
#define PVM_KEY_SHIFT(key)		((key) & 0xff)

/* What the guest reads in a field. */
enum pvm_policy {
	PVM_POLICY_NI,		/* the value of "not implemented" */
	PVM_POLICY_SET,		/* a value that does not depend on the host */
	PVM_POLICY_RESTRICT,	/* the host's value, up to a limit */
	PVM_POLICY_ALLOW,	/* the host's value */
	PVM_POLICY_NUM,
};

/* What a VM has to have, for a field not to read as absent. */
enum pvm_when {
	PVM_ALWAYS,
	PVM_WITH_VGIC_V3,
	PVM_WITH_PAC_QARMA5,	/* pointer authentication, and this is */
	PVM_WITH_PAC_QARMA3,	/* the only algorithm of the host */
	PVM_WITH_PAC_IMPDEF,
	PVM_WHEN_NUM,
};

#ifdef PVM_FIELD_NAMES
#define PVM_NAME(text)		text
#define PVM_NAME_TYPE		const char *
#else
#define PVM_NAME(text)		(sizeof(text) > 1)
#define PVM_NAME_TYPE		bool
#endif

#ifdef PVM_FIELD_REASONS
#define PVM_REASON(text)	text
#define PVM_REASON_TYPE		const char *
#else
#define PVM_REASON(text)	(sizeof(text) > 1)
#define PVM_REASON_TYPE		bool
#endif

struct pvm_id_field {
	u16 key;
	u16 part_of;			/* see PVM_PART_OF() */
	u8 width;
	u8 policy;			/* enum pvm_policy */
	u8 value;			/* the limit, or the value itself */
	u8 ni;				/* the value where .when is not met */
	u8 when;			/* enum pvm_when */
	bool is_signed;
	bool ipa_limited;		/* the limit follows the VM's IPA size */
	bool capped;			/* a named value lies above the limit */
	bool trapped;			/* see PVM_TRAPPED */
	PVM_REASON_TYPE untrappable;	/* see PVM_UNTRAPPABLE() */
	PVM_REASON_TYPE inert;		/* see PVM_INERT() */
	PVM_REASON_TYPE why;
	PVM_NAME_TYPE name;
};

struct pvm_id_reg {
	u32 encoding;
	u64 reserved;			/* bits that are no field's */
	const struct pvm_id_field *fields;
	unsigned int nr_fields;
	PVM_NAME_TYPE name;
};

/*
 * What keeps the guest from using what the field does not tell it of. A field
 * that can read lower than what the CPU has needs at least one of these.
 */

/* EL2's trap table has a row with this field's key. */
#define PVM_TRAPPED			.trapped = true

/* What hides that other field hides this one: it has no interface of its own. */
#define PVM_PART_OF(reg, field)		.part_of = PVM_FIELD_KEY(reg, field)

/* Something remains usable: no trap of the architecture covers it. */
#define PVM_UNTRAPPABLE(text)		.untrappable = PVM_REASON(text)

/* The field describes nothing that EL1 or EL0 could use. */
#define PVM_INERT(text)			.inert = PVM_REASON(text)

/* The reason of a decision that another choice would have been possible in. */
#define PVM_WHY(text)			.why = PVM_REASON(text)

#define PVM_ROW(reg, field, pol, ...)			\
	{						\
		.key = PVM_FIELD_KEY(reg, field),	\
		.width = reg##_##field##_WIDTH,		\
		.policy = PVM_POLICY_##pol,		\
		.name = PVM_NAME(#field),		\
		__VA_ARGS__				\
	}

/* Absent. */
#define PVM_NI(reg, field, ...)	\
	PVM_ROW(reg, field, NI, .value = reg##_##field##_NI, __VA_ARGS__)

/* Absent, where the architecture calls that value @val. */
#define PVM_ABSENT_AS(reg, field, val, ...)	\
	PVM_ROW(reg, field, NI, .value = reg##_##field##_##val, __VA_ARGS__)

/* Absent, where the architecture has no names for the values. */
#define PVM_ZERO(reg, field, ...)	\
	PVM_ROW(reg, field, NI, .value = 0, __VA_ARGS__)

/* Always the named value @val. */
#define PVM_SET(reg, field, val, ...)	\
	PVM_ROW(reg, field, SET, .value = reg##_##field##_##val, __VA_ARGS__)

/* Always the number @num: the field counts something. */
#define PVM_SET_NUM(reg, field, num, ...)	\
	PVM_ROW(reg, field, SET, .value = (num), __VA_ARGS__)

/* As the host, up to @max, the highest value that has a name. */
#define PVM_MAX(reg, field, max, ...)				\
	PVM_ROW(reg, field, RESTRICT,				\
		.value = reg##_##field##_##max,			\
		.is_signed = reg##_##field##_SIGNED, __VA_ARGS__)

/* As the host, up to @max, although values above it have names. */
#define PVM_CAP(reg, field, max, ...)	\
	PVM_MAX(reg, field, max, .capped = true, __VA_ARGS__)

/* As PVM_MAX() for a field without a generated sign: unsigned, for a reason. */
#define PVM_UMAX(reg, field, max, reason, ...)			\
	PVM_ROW(reg, field, RESTRICT,				\
		.value = reg##_##field##_##max,			\
		PVM_WHY(reason), __VA_ARGS__)

/* As PVM_MAX() and PVM_CAP() in a VM that fulfils PVM_WITH_@cond, else absent. */
#define PVM_MAX_IF(cond, reg, field, max, ...)			\
	PVM_MAX(reg, field, max, .when = PVM_WITH_##cond,	\
		.ni = reg##_##field##_NI, __VA_ARGS__)
#define PVM_CAP_IF(cond, reg, field, max, ...)			\
	PVM_CAP(reg, field, max, .when = PVM_WITH_##cond,	\
		.ni = reg##_##field##_NI, __VA_ARGS__)

/* As PVM_UMAX(), and not above what the VM's IPA size needs. */
#define PVM_UMAX_IPA(reg, field, max, reason, ...)		\
	PVM_UMAX(reg, field, max, reason, .ipa_limited = true,	\
		 .capped = true, __VA_ARGS__)

/* As the host, whatever that is. */
#define PVM_ALLOW(reg, field, reason, ...)	\
	PVM_ROW(reg, field, ALLOW, PVM_WHY(reason), __VA_ARGS__)

/* A register with the rows in @rows, in the slot that its encoding has. */
#define PVM_ID_REG(reg, rows)					\
	[PVM_ID_REG_INDEX(SYS_##reg)] = {			\
		.encoding = SYS_##reg,				\
		.reserved = reg##_RES0 | reg##_RES1 | reg##_UNKN,	\
		.fields = rows,					\
		.nr_fields = sizeof(rows) / sizeof((rows)[0]),	\
		.name = PVM_NAME(#reg),				\
	}

/* A register that has no field at all. */
#define PVM_ID_REG_EMPTY(reg)					\
	[PVM_ID_REG_INDEX(SYS_##reg)] = {			\
		.encoding = SYS_##reg,				\
		.reserved = reg##_RES0 | reg##_RES1 | reg##_UNKN,	\
		.name = PVM_NAME(#reg),				\
	}

#endif /* __ARM64_KVM_ID_POLICY_H__ */
