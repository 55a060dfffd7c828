// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the contract, from kvm_fixed_config.h itself.
 *
 * usage: contract rst            the table of the documentation
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

#include <asm/kvm_id_regs.h>

static unsigned int field_bits(const struct pvm_id_field *field, u64 reg)
{
	return reg >> PVM_KEY_SHIFT(field->key) & ((1u << field->width) - 1);
}

static const struct pvm_id_field *find_field(unsigned int key)
{
	const struct pvm_id_reg *reg = &pvm_id_regs[PVM_KEY_INDEX(key)];
	unsigned int i;

	for (i = 0; i < reg->nr_fields; i++) {
		if (reg->fields[i].key == key)
			return &reg->fields[i];
	}
	return NULL;
}

static const char *binary(char *to, unsigned int value, unsigned int width)
{
	char *end = to;

	end += sprintf(end, "0b");
	while (width--)
		*end++ = '0' + (value >> width & 1);
	*end = '\0';
	return to;
}

static const char *condition(const struct pvm_id_field *field)
{
	if (field->ipa_limited)
		return ", as the IPA size needs";

	switch (field->when) {
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

static void policy(char *to, size_t size, const struct pvm_id_field *field)
{
	char value[20];

	binary(value, field->value & ((1u << field->width) - 1), field->width);
	switch (field->policy) {
	case PVM_POLICY_NI:
		snprintf(to, size, "absent (%s)", value);
		break;
	case PVM_POLICY_SET:
		snprintf(to, size, "always %s", value);
		break;
	case PVM_POLICY_RESTRICT:
		snprintf(to, size, "up to %s%s", value, condition(field));
		break;
	default:
		snprintf(to, size, "as the host%s", condition(field));
	}
}

/* Print each register's table through these. */
static void print_rst(void)
{
	unsigned int index, i;

	for (index = 0; index < PVM_ID_REG_NUM; index++) {
		const struct pvm_id_reg *reg = &pvm_id_regs[index];

		if (!reg->nr_fields)
			continue;
		printf("\n.. list-table:: %s\n   :header-rows: 1\n   :widths: 14 26 60\n\n"
		       "   * - Field\n     - Policy\n     - What keeps the rest out, and why\n",
		       reg->name);
		for (i = 0; i < reg->nr_fields; i++) {
			const struct pvm_id_field *field = &reg->fields[i];
			const char *gap = "";
			char text[80];

			policy(text, sizeof(text), field);
			printf("   * - %s\n     - %s\n     -", field->name, text);
			if (field->trapped) {
				printf(" trapped");
				gap = ";";
			}
			if (field->part_of) {
				printf("%s hidden by %s.%s", gap,
				       pvm_id_regs[PVM_KEY_INDEX(field->part_of)].name,
				       find_field(field->part_of)->name);
				gap = ";";
			}
			if (field->untrappable) {
				printf("%s cannot be trapped: %s", gap, field->untrappable);
				gap = ";";
			}
			if (field->inert) {
				printf("%s nothing to trap: %s", gap, field->inert);
				gap = ";";
			}
			if (field->why)
				printf("%s %s", gap, field->why);
			printf("\n");
		}
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
		unsigned int has = field_bits(field, host);
		unsigned int sees = field_bits(field, guest);
		bool differs = has != sees;
		char from[20], to[20], text[80];

		policy(text, sizeof(text), field);
		printf("%s%c %-16s %-13s %-8s %-36s %s%s\n",
		       colours && differs ? "\033[33m" : "", differs ? '*' : ' ',
		       i ? "" : name, field->name, binary(from, has, field->width),
		       text, binary(to, sees, field->width),
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
		print_rst();
		return 0;
	} else if (!strcmp(what, "view")) {
		return print_view(argc > 2 && !strcmp(argv[2], "-c"));
	}
	fprintf(stderr, "usage: contract rst | contract view [-c]\n");
	return 2;
}
