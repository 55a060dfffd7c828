// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables broken on purpose: each kind of error is found, named with register and
 * field, and does not keep the ones after it from being found.
 */

#include "contract_test.h"

static char found[4096];

static const char * const error_names[PVM_CHECK_NUM] = {
	[PVM_CHECK_SLOT]	= "slot",
	[PVM_CHECK_UNCOVERED]	= "uncovered",
	[PVM_CHECK_SURPLUS]	= "surplus",
	[PVM_CHECK_OVERLAP]	= "overlap",
	[PVM_CHECK_FOREIGN]	= "foreign",
	[PVM_CHECK_VALUE]	= "value",
	[PVM_CHECK_POLICY]	= "policy",
	[PVM_CHECK_OPEN]	= "open",
	[PVM_CHECK_INERT]	= "inert",
	[PVM_CHECK_PART_OF]	= "part-of",
	[PVM_CHECK_NO_TRAP]	= "no-trap",
	[PVM_CHECK_STRAY_TRAP]	= "stray-trap",
};

/* "error:register.field:bits", or "error:register:bits" for a whole register. */
const char *finding_name(const struct pvm_check_finding *finding)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s:%s%s%s:%llx", error_names[finding->error],
		 finding->reg && finding->reg->name ? finding->reg->name : "?",
		 finding->field ? "." : "", finding->field ? finding->field->name : "",
		 (unsigned long long)finding->bits);

	return name;
}

static void collect(const struct pvm_check_finding *finding)
{
	if (found[0])
		strncat(found, " ", sizeof(found) - strlen(found) - 1);
	strncat(found, finding_name(finding), sizeof(found) - strlen(found) - 1);
}

/* A copy of the contract to break: one register, whose rows can be changed. */
static struct pvm_id_reg regs[PVM_ID_REG_NUM];
static struct pvm_id_field rows[PVM_ID_FIELDS_MAX + 1];

static struct pvm_id_reg *copy(u32 encoding)
{
	struct pvm_id_reg *reg;

	memcpy(regs, pvm_id_regs, sizeof(regs));
	reg = &regs[PVM_ID_REG_INDEX(encoding)];
	memcpy(rows, reg->fields, reg->nr_fields * sizeof(rows[0]));
	reg->fields = rows;

	return reg;
}

static struct pvm_id_field *find_row(struct pvm_id_reg *reg, const char *name)
{
	unsigned int i;

	for (i = 0; i < reg->nr_fields; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];

	say("no row %s", name);
	abort();
}

static void drop(struct pvm_id_reg *reg, const char *name)
{
	struct pvm_id_field *f = find_row(reg, name);

	*f = rows[--reg->nr_fields];
}

/* The check finds exactly @expect. */
static bool finds(const char *expect)
{
	unsigned int n;

	found[0] = '\0';
	n = pvm_contract_check(regs, collect, NULL);
	if (!strcmp(found, expect) && !n == !found[0])
		return true;

	say("expected: %s", expect);
	say("found:    %s", found);
	return false;
}

static bool intact(void)
{
	copy(SYS_ID_AA64PFR0_EL1);
	return finds("");
}

static bool row_missing(void)
{
	drop(copy(SYS_ID_AA64MMFR2_EL1), "CnP");
	return finds("uncovered:ID_AA64MMFR2_EL1:f");
}

static bool narrow_row_missing(void)
{
	drop(copy(SYS_ID_AA64SMFR0_EL1), "FA64");
	return finds("uncovered:ID_AA64SMFR0_EL1:8000000000000000");
}

static bool register_missing(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64ZFR0_EL1);

	reg->nr_fields = 0;
	return finds("uncovered:ID_AA64ZFR0_EL1:ff0ff0f0fff00ff");
}

static bool row_twice(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR1_EL1);

	rows[reg->nr_fields++] = *find_row(reg, "BT");
	return finds("overlap:ID_AA64PFR1_EL1.BT:f");
}

static bool row_too_wide(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR2_EL1);

	find_row(reg, "FPMR")->width = 8;
	return finds("surplus:ID_AA64PFR2_EL1.FPMR:f000000000");
}

static bool row_too_narrow(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64ISAR0_EL1);

	find_row(reg, "TLB")->width = 3;
	return finds("uncovered:ID_AA64ISAR0_EL1:800000000000000");
}

static bool row_of_other_register(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64ISAR0_EL1);

	find_row(reg, "RNDR")->key = PVM_FIELD_KEY(ID_AA64PFR0_EL1, CSV3);
	return finds("foreign:ID_AA64ISAR0_EL1.RNDR:183c");
}

static bool register_in_wrong_slot(void)
{
	copy(SYS_ID_AA64PFR0_EL1)->encoding = SYS_ID_AA64PFR1_EL1;
	return finds("slot:ID_AA64PFR0_EL1:180420");
}

static bool value_too_large(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64SMFR0_EL1);

	find_row(reg, "LUTv2")->value = 2;
	return finds("value:ID_AA64SMFR0_EL1.LUTv2:2");
}

static bool no_such_policy(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR0_EL1);

	find_row(reg, "DIT")->policy = PVM_POLICY_NUM;
	return finds("policy:ID_AA64PFR0_EL1.DIT:4");
}

static bool hidden_and_open(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR0_EL1);

	find_row(reg, "AMU")->trapped = false;
	return finds("open:ID_AA64PFR0_EL1.AMU:f00000000000");
}

static bool capped_and_open(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64ISAR0_EL1);

	find_row(reg, "ATOMIC")->untrappable = NULL;
	return finds("open:ID_AA64ISAR0_EL1.ATOMIC:f00000");
}

static bool conditional_and_open(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64ISAR1_EL1);

	find_row(reg, "GPA")->part_of = 0;
	return finds("open:ID_AA64ISAR1_EL1.GPA:f000000");
}

static bool inert_and_trapped(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64MMFR1_EL1);

	find_row(reg, "VH")->trapped = true;
	return finds("inert:ID_AA64MMFR1_EL1.VH:f00");
}

static bool part_of_untrapped(void)
{
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR1_EL1);

	find_row(reg, "SME")->part_of = PVM_FIELD_KEY(ID_AA64PFR0_EL1, DIT);
	return finds("part-of:ID_AA64PFR1_EL1.SME:1830");
}

static bool all_errors_at_once(void)
{
	static const char * const expect[] = {
		"value:ID_AA64PFR0_EL1.EL1:12",
		"open:ID_AA64PFR0_EL1.AMU:f00000000000",
		"uncovered:ID_AA64PFR0_EL1:f0000",
		"uncovered:ID_AA64MMFR4_EL1:f00ffffff0",
	};
	struct pvm_id_reg *reg = copy(SYS_ID_AA64PFR0_EL1);
	char all[256] = "";
	unsigned int i;

	find_row(reg, "AMU")->trapped = false;
	find_row(reg, "EL1")->value = 0x12;
	drop(reg, "FP");
	regs[PVM_ID_REG_INDEX(SYS_ID_AA64MMFR4_EL1)].nr_fields = 0;

	for (i = 0; i < ARRAY_SIZE(expect); i++) {
		strcat(all, i ? " " : "");
		strcat(all, expect[i]);
	}

	return finds(all);
}

/* A trap table as EL2's might be: its keys are not at the start of a row. */
static struct {
	u64 bits;
	u16 key;
} traps[PVM_ID_REG_NUM * PVM_ID_FIELDS_MAX];
static unsigned int nr_traps;

static void all_traps(void)
{
	unsigned int r, i;

	nr_traps = 1;		/* the first row is for no field */
	for (r = 0; r < PVM_ID_REG_NUM; r++)
		for (i = 0; i < pvm_id_regs[r].nr_fields; i++)
			if (pvm_id_regs[r].fields[i].trapped)
				traps[nr_traps++].key = pvm_id_regs[r].fields[i].key;
}

static bool traps_find(const char *expect)
{
	found[0] = '\0';
	pvm_contract_check_traps(pvm_id_regs, &traps[0].key, nr_traps, sizeof(traps[0]),
				 collect, NULL);
	if (!strcmp(found, expect))
		return true;

	say("expected: %s", expect);
	say("found:    %s", found);
	return false;
}

static bool traps_intact(void)
{
	all_traps();
	return nr_traps > 1 && traps_find("");
}

static bool trap_of_one_field_missing(void)
{
	unsigned int i;

	all_traps();
	for (i = 0; i < nr_traps; i++)
		if (traps[i].key == PVM_FIELD_KEY(ID_AA64PFR0_EL1, SVE))
			traps[i] = traps[--nr_traps];

	return traps_find("no-trap:ID_AA64PFR0_EL1.SVE:1820");
}

/* Whichever row is missing, that row is named, and nothing else. */
static bool trap_of_each_field_missing(void)
{
	char expect[128];
	unsigned int i, n;

	all_traps();
	for (i = 1, n = nr_traps; i < n; i++) {
		u16 key;

		all_traps();
		key = traps[i].key;
		traps[i].key = 0;
		snprintf(expect, sizeof(expect), "no-trap:%s.%s:%x",
			 pvm_id_regs[PVM_KEY_INDEX(key)].name,
			 pvm_field_find(pvm_id_regs, key)->name, key);
		if (!traps_find(expect))
			return false;
	}

	return true;
}

static bool trap_for_no_field(void)
{
	all_traps();
	traps[nr_traps++].key = PVM_FIELD_KEY(ID_AA64PFR0_EL1, SVE) + 1;
	traps[nr_traps++].key = 0xffff;
	return traps_find("stray-trap:?:1821 stray-trap:?:ffff");
}

static bool trap_for_inert_field(void)
{
	all_traps();
	traps[nr_traps++].key = PVM_FIELD_KEY(ID_AA64MMFR1_EL1, VH);
	return traps_find("stray-trap:ID_AA64MMFR1_EL1.VH:3108");
}

const struct broken_case broken_cases[] = {
	{ "tables as they are", intact },
	{ "row missing", row_missing },
	{ "row of one bit missing", narrow_row_missing },
	{ "all rows of a register missing", register_missing },
	{ "row twice", row_twice },
	{ "row too wide", row_too_wide },
	{ "row too narrow", row_too_narrow },
	{ "row of another register", row_of_other_register },
	{ "register in the wrong slot", register_in_wrong_slot },
	{ "value too large for the field", value_too_large },
	{ "no such policy", no_such_policy },
	{ "absent field with nothing said of traps", hidden_and_open },
	{ "capped field with nothing said of traps", capped_and_open },
	{ "conditional field with nothing said of traps", conditional_and_open },
	{ "inert field with a trap", inert_and_trapped },
	{ "part of a field that is not trapped", part_of_untrapped },
	{ "several errors are all named", all_errors_at_once },
	{ "traps as the rows ask for", traps_intact },
	{ "a trap missing", trap_of_one_field_missing },
	{ "each trap missing in turn", trap_of_each_field_missing },
	{ "trap for no field", trap_for_no_field },
	{ "trap for an inert field", trap_for_inert_field },
};

const unsigned int nr_broken_cases = ARRAY_SIZE(broken_cases);
