// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the contract, from kvm_fixed_config.h itself.
 *
 * usage: contract rst            the tables of the documentation, see contract-page.py
 *        contract view [-c]      the table of one host: reads from stdin lines
 *                                that hold "NAME 0xGUEST 0xHOST", as the test
 *                                pkvm_vm_run -v prints them; -c for colours
 */

#define PVM_FIELD_NAMES
#define PVM_FIELD_REASONS

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/kvm_id_print.h>

static void print_heading(const char *text)
{
	printf("\n%s\n", text);
	for (; *text; text++)
		putchar('=');
	printf("\n");
}

static void print_table(const char *title, const char *widths)
{
	printf("\n.. list-table::%s%s\n   :header-rows: 1\n   :widths: %s\n\n",
	       *title ? " " : "", title, widths);
}

/* A remark on a field, after another if there is one. */
static void print_remark(const char **gap, const char *what, const char *text)
{
	printf("%s %s%s", *gap, what, text);
	*gap = ";";
}

static void print_field(const struct pvm_id_field *field)
{
	unsigned int lsb = PVM_KEY_SHIFT(field->key);
	char text[PVM_POLICY_SIZE];
	const char *gap = "";

	printf("   * - %s\n     - %u:%u\n     - %s\n     -", field->name,
	       lsb + field->width - 1, lsb, pvm_print_policy(text, field));
	if (field->trapped)
		print_remark(&gap, "trapped", "");
	if (field->part_of) {
		print_remark(&gap, "hidden by ",
			     pvm_id_regs[PVM_KEY_INDEX(field->part_of)].name);
		printf(".%s", pvm_field_find(pvm_id_regs, field->part_of)->name);
	}
	if (field->untrappable)
		print_remark(&gap, "cannot be trapped: ", field->untrappable);
	if (field->inert)
		print_remark(&gap, "nothing to trap: ", field->inert);
	if (field->why)
		print_remark(&gap, "", field->why);
	printf("\n");
}

static void print_fields(void)
{
	unsigned int index, i;

	print_heading("What the guest reads");
	for (index = 0; index < PVM_ID_REG_NUM; index++) {
		const struct pvm_id_reg *reg = &pvm_id_regs[index];

		if (!reg->nr_fields)
			continue;
		print_table(reg->name, "14 8 26 52");
		printf("   * - Field\n     - Bits\n     - Policy\n"
		       "     - What keeps the rest out, and why\n");
		for (i = 0; i < reg->nr_fields; i++)
			print_field(&reg->fields[i]);
	}
}

static void print_untrappable(void)
{
	unsigned int index, i;

	printf("\n.. _pvm_untrappable:\n");
	print_heading("What cannot be trapped");
	printf("\nOn a CPU that has more than the field says, the guest can use this:\n");
	print_table("", "40 60");
	printf("   * - Field\n     - What remains\n");
	for (index = 0; index < PVM_ID_REG_NUM; index++) {
		const struct pvm_id_reg *reg = &pvm_id_regs[index];

		for (i = 0; i < reg->nr_fields; i++)
			if (reg->fields[i].untrappable)
				printf("   * - %s.%s\n     - %s\n", reg->name,
				       reg->fields[i].name, reg->fields[i].untrappable);
	}
}

static bool print_view_of(const char *name, u64 guest, u64 host, bool colours)
{
	unsigned int index, i;

	for (index = 0; index < PVM_ID_REG_NUM; index++) {
		if (pvm_id_regs[index].nr_fields && !strcmp(pvm_id_regs[index].name, name))
			break;
	}
	if (index == PVM_ID_REG_NUM)
		return false;

	for (i = 0; i < pvm_id_regs[index].nr_fields; i++) {
		const struct pvm_id_field *field = &pvm_id_regs[index].fields[i];
		u64 has = pvm_field_extract(field, host), sees = pvm_field_extract(field, guest);
		char from[PVM_BINARY_SIZE], to[PVM_BINARY_SIZE], text[PVM_POLICY_SIZE];
		bool differs = has != sees;

		printf("%s%c %-16s %-13s %-8s %-36s %s%s\n",
		       colours && differs ? "\033[33m" : "", differs ? '*' : ' ',
		       i ? "" : name, field->name, pvm_print_binary(from, has, field->width),
		       pvm_print_policy(text, field), pvm_print_binary(to, sees, field->width),
		       colours && differs ? "\033[0m" : "");
	}
	return true;
}

static int print_view(bool colours)
{
	char line[512], name[64];
	unsigned long guest, host;
	unsigned int found = 0;

	printf("  %-16s %-13s %-8s %-36s %s\n", "register", "field", "host", "policy", "guest");
	while (fgets(line, sizeof(line), stdin)) {
		const char *start = strstr(line, "ID_");

		if (start && sscanf(start, "%63s 0x%lx 0x%lx", name, &guest, &host) == 3)
			found += print_view_of(name, guest, host, colours);
	}
	if (!found)
		fprintf(stderr, "contract: no register in what the test printed\n");
	return !found;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "rst")) {
		print_fields();
		print_untrappable();
		return 0;
	} else if (!strcmp(what, "view")) {
		return print_view(argc > 2 && !strcmp(argv[2], "-c"));
	}
	fprintf(stderr, "usage: contract rst | contract view [-c]\n");
	return 2;
}
