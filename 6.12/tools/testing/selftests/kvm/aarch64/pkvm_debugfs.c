// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_debugfs - What the host shows of a protected VM's CPU
 *
 * Case			Rule
 * early		the file contract says that it is not final before a vCPU has run
 * plain		and then each row is what the guest reads, in a VM without
 * features		and in one with vGIC and PAuth
 * host			the host's value is what a VM sees that is not protected
 * read_only		neither contract nor undefs can be written
 * other_vm		a VM that is not protected has none of them
 */
#include <unistd.h>

#include "guest_probe.h"
#include "id_regs.h"
#include "kselftest.h"
#include "kvm_util.h"

#define DEBUGFS		"/sys/kernel/debug/kvm"

static FILE *vm_file(struct kvm_vm *vm, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "/%d-%d/%s", getpid(), vm->fd, name);
	return fopen(path, mode);
}

/* A register as the rows of a VM's file contract put it together. */
struct rows {
	uint64_t host, guest, mask;
};

static bool take_row(const char *line, struct rows *rows)
{
	char reg[32], field[32], host[16];
	const char *guest = strrchr(line, ' ');
	unsigned int msb, lsb, i;

	if (sscanf(line + 1, "%31s %31s %u:%u %15s", reg, field, &msb, &lsb, host) != 5 ||
	    !guest || strncmp(host, "0b", 2) || strncmp(guest, " 0b", 3) || msb > 63)
		return false;

	for (i = 0; i < NR_ID_REGS; i++) {
		if (!strcmp(reg, id_reg_name(i)))
			break;
	}
	if (i == NR_ID_REGS || rows[i].mask & GENMASK(msb, lsb))
		return false;

	rows[i].mask |= GENMASK(msb, lsb);
	rows[i].host |= strtoul(host + 2, NULL, 2) << lsb;
	rows[i].guest |= strtoul(guest + 3, NULL, 2) << lsb;
	return true;
}

/* Return the number of rows, or -1; *final says whether the file says so. */
static int read_contract(struct kvm_vm *vm, struct rows *rows, bool *final)
{
	FILE *file = vm_file(vm, "contract", "r");
	char line[256];
	int nr = 0;

	memset(rows, 0, NR_ID_REGS * sizeof(*rows));
	*final = true;
	while (file && nr >= 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			*final = false;
		else if (!strstr(line, "register "))
			nr = take_row(line, rows) ? nr + 1 : -1;
	}
	if (nr < 0)
		ksft_print_msg("not understood: %s\n", line);
	if (!file)
		ksft_print_msg("there is no file contract\n");
	else
		fclose(file);
	return nr;
}

/* Every register has the value that the rows say, and is zero without any. */
static bool contract_is_true(const struct probe_cfg *cfg, bool *early)
{
	struct probe_word words[PROBE_NR_ID_REGS];
	struct probe *p = probe_create(cfg);
	struct rows rows[NR_ID_REGS];
	bool final, ok = true;
	int i, nr;

	*early = read_contract(p->vm, rows, &final) > 0 && !final;
	probe_read_id_regs(p, 0, words);
	nr = read_contract(p->vm, rows, &final);
	for (i = 0; i < NR_ID_REGS; i++) {
		if (!words[i].esr && words[i].value == rows[i].guest)
			continue;
		ksft_print_msg("%s: the guest reads 0x%lx, the file says 0x%lx\n",
			       id_reg_name(i), words[i].value, rows[i].guest);
		ok = false;
	}
	if (nr < 200 || !final)
		ksft_print_msg("%d rows, %sfinal\n", nr, final ? "" : "not ");

	probe_free(p);
	return ok && nr >= 200 && final;
}

/* Compare registers in which a VM that is not protected sees no choice of its own. */
static bool contract_host(void)
{
	static const u8 regs[] = { 40, 49, 50 };	/* ISAR0, MMFR1, MMFR2 */
	struct probe_cfg cfg = { .unprotected = true };
	struct probe_word words[PROBE_NR_ID_REGS];
	struct rows rows[NR_ID_REGS];
	struct probe *p;
	bool final, ok;
	int i;

	p = probe_create(&cfg);
	probe_read_id_regs(p, 0, words);
	probe_free(p);

	cfg.unprotected = false;
	p = probe_create(&cfg);
	ok = read_contract(p->vm, rows, &final) > 0;
	probe_free(p);

	for (i = 0; ok && i < ARRAY_SIZE(regs); i++) {
		ok = (words[regs[i]].value & rows[regs[i]].mask) == rows[regs[i]].host;
		if (!ok)
			ksft_print_msg("%s is 0x%lx, not 0x%lx\n", id_reg_name(regs[i]),
				       words[regs[i]].value, rows[regs[i]].host);
	}
	return ok;
}

static bool not_writable(struct kvm_vm *vm, const char *name)
{
	FILE *file = vm_file(vm, name, "w");
	bool written;

	if (!file)
		return true;
	written = fputs("1\n", file) >= 0 && !fflush(file);
	fclose(file);
	if (written)
		ksft_print_msg("%s was written\n", name);
	return !written;
}

static bool read_only(void)
{
	struct probe_cfg cfg = {};
	struct probe *p = probe_create(&cfg);
	bool ok = not_writable(p->vm, "contract") && not_writable(p->vm, "undefs");

	probe_free(p);
	return ok;
}

static bool other_vm(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, NULL);
	FILE *file = vm_file(vm, "idregs", "r"), *contract = vm_file(vm, "contract", "r"),
	     *undefs = vm_file(vm, "undefs", "r");
	bool ok = file && !contract && !undefs;

	if (!ok)
		ksft_print_msg("idregs %d contract %d undefs %d\n", !!file, !!contract, !!undefs);
	if (file)
		fclose(file);
	kvm_vm_free(vm);
	return ok;
}

int main(void)
{
	struct probe_cfg plain = {}, full = {
		.vgic = true,
		.pauth = kvm_has_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS) &&
			 kvm_has_cap(KVM_CAP_ARM_PTRAUTH_GENERIC),
	};
	bool early, late;

	ksft_print_header();
	probe_require_protected();
	if (access(DEBUGFS, R_OK))
		ksft_exit_skip(DEBUGFS " is not there: debugfs, CONFIG_DEBUG_FS\n");

	ksft_set_plan(6);
	late = contract_is_true(&plain, &early);
	ksft_test_result(early, "early\n");
	ksft_test_result(late, "plain\n");
	ksft_test_result(contract_is_true(&full, &early), "features\n");
	ksft_test_result(contract_host(), "host\n");
	ksft_test_result(read_only(), "read_only\n");
	ksft_test_result(other_vm(), "other_vm\n");
	ksft_finished();
}
