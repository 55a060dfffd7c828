// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds the rows against arch/arm64/tools/sysreg itself, not against what is
 * generated from it: each field of each AArch64 ID register has a row of its
 * name at its place, a limit is the highest value that has a name or the row
 * says that it is not, and "not implemented" is what the architecture calls so.
 * A base that brings a register, field or value that nobody decided about fails
 * here.
 */

#include "contract_test.h"

struct parser {
	int index;			/* of the register, -1 outside of one */
	char reg[40], kind[16], name[40];
	const struct pvm_id_field *row;
	int top;			/* highest named number of the field */
	int ni;				/* bits of the value named NI, or -1 */
	bool described[PVM_ID_REG_NUM];
	unsigned int rows_seen, errors;
};

static void wrong(struct parser *p, const char *what)
{
	say("%s.%s: %s", p->reg, p->name, what);
	p->errors++;
}

static void start_register(struct parser *p, const char *line)
{
	int op0, op1, crn, crm, op2;

	p->index = -1;
	p->name[0] = '\0';
	if (sscanf(line, "Sysreg %39s %d %d %d %d %d", p->reg, &op0, &op1, &crn, &crm, &op2) != 6)
		return;
	/* CRm 1 to 3: the AArch32 registers, of which the guest has none. */
	if (op0 != 3 || op1 || crn || crm < 4 || crm > 7)
		return;

	p->index = (crm - 1) * 8 + op2;
	p->described[p->index] = true;
	if (pvm_id_regs[p->index].encoding != (u32)sys_reg(3, 0, 0, crm, op2) ||
	    strcmp(pvm_id_regs[p->index].name, p->reg))
		wrong(p, "register is not described");
}

static void end_field(struct parser *p)
{
	const struct pvm_id_field *row = p->row;
	bool named = strcmp(p->kind, "Field");

	p->row = NULL;
	if (!row)
		return;

	if (row->policy == PVM_POLICY_RESTRICT && named) {
		int limit = pvm_field_number(row, row->value);

		if (!row->capped && limit != p->top)
			wrong(p, "limit is not the highest named value: use PVM_CAP()");
		if (row->capped && limit >= p->top)
			wrong(p, "limit is the highest named value: use PVM_MAX()");
	}
	if (row->policy == PVM_POLICY_NI && row->value != (p->ni < 0 ? 0 : p->ni))
		wrong(p, "absent, but not the value of NI");
	if (row->when != PVM_ALWAYS && row->ni != p->ni)
		wrong(p, "without its condition not the value of NI");
}

static void start_field(struct parser *p, const char *line)
{
	unsigned int i, msb, lsb;

	if (sscanf(line, "%15s %u:%u %39s", p->kind, &msb, &lsb, p->name) != 4) {
		if (sscanf(line, "%15s %u %39s", p->kind, &msb, p->name) != 3)
			return wrong(p, "cannot read the sysreg file");
		lsb = msb;
	}

	p->top = -1000;
	p->ni = -1;
	for (i = 0; i < pvm_id_regs[p->index].nr_fields; i++) {
		const struct pvm_id_field *f = &pvm_id_regs[p->index].fields[i];

		if (!strcmp(f->name, p->name))
			p->row = f;
	}
	if (!p->row)
		return wrong(p, "no row");

	p->rows_seen++;
	if (PVM_KEY_SHIFT(p->row->key) != lsb || p->row->width != msb - lsb + 1)
		wrong(p, "row is elsewhere");
	if (p->row->is_signed != !strcmp(p->kind, "SignedEnum") &&
	    p->row->policy == PVM_POLICY_RESTRICT)
		wrong(p, "row disagrees about the sign");
}

static void value(struct parser *p, const char *line)
{
	char digits[16], name[40];
	int bits, number;

	if (!p->row || sscanf(line, " 0b%15s %39s", digits, name) != 2)
		return;

	bits = strtol(digits, NULL, 2);
	number = pvm_field_number(p->row, bits);
	if (number > p->top)
		p->top = number;
	if (!strcmp(name, "NI"))
		p->ni = bits;
}

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

/* Returns the number of errors, or -1 if there was nothing to check. */
int sysreg_check(unsigned int *fields)
{
	struct parser p = { .index = -1 };
	FILE *file = fopen(SYSREG_FILE, "r");
	unsigned int r, rows = 0;
	char line[256];

	if (!file)
		return -1;

	while (fgets(line, sizeof(line), file)) {
		if (starts(line, "Sysreg")) {
			start_register(&p, line);
		} else if (p.index < 0) {
			continue;
		} else if (starts(line, "EndSysreg") || starts(line, "EndEnum")) {
			end_field(&p);
		} else if (starts(line, "Enum") || starts(line, "UnsignedEnum") ||
			   starts(line, "SignedEnum")) {
			start_field(&p, line);
		} else if (starts(line, "Field")) {
			start_field(&p, line);
			end_field(&p);
		} else {
			value(&p, line);
		}
	}
	fclose(file);

	for (r = 0; r < PVM_ID_REG_NUM; r++) {
		rows += pvm_id_regs[r].nr_fields;
		if (pvm_id_regs[r].encoding && !p.described[r]) {
			say("%s: not in the sysreg file", pvm_id_regs[r].name);
			p.errors++;
		}
	}
	if (rows != p.rows_seen) {
		say("%u rows, but %u fields", rows, p.rows_seen);
		p.errors++;
	}

	*fields = p.rows_seen;
	return rows ? (int)p.errors : -1;
}
