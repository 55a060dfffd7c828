// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_stats - what the host is told of the CPU of a protected VM.
 *
 *  count NAME		an access by the guest is counted as emulated, as denied, or
 *			as neither
 *  zero		the counters are 0 before the vCPU runs
 *  reset		a host that resets a counter resets what it shows
 *  ordinary		another VM counts nothing and has no file "fixed_config"
 *  no vCPU		a VM without one has no fields to show
 *  early		the file says that it is not final before a vCPU has run
 *  fields NAME		the fields of the file are what the guest reads in all ID
 *			registers, in a VM without and with PAuth and a vGIC
 *  guard		a field that is hidden says what keeps the guest from it
 *  event		EL2's event has the register, the direction and the verdict of
 *			an access, and the event that is off has none
 */
#include <sys/mount.h>

#include "kselftest.h"
#include "probe.h"
#include "pvm.h"
#include "vgic.h"

#define DEBUGFS		"/sys/kernel/debug/kvm"
#define TRACEFS		"/sys/kernel/tracing"
#define REMOTE		TRACEFS "/remotes/hypervisor/"
#define EVENT		REMOTE "events/hypervisor/pvm_access/enable"
#define TIMES		57

#define SMC		0xd4000003

enum counter { EMULATED, DENIED, NR_COUNTERS };

static const struct {
	const char *name;
	u32 insn;
	int counter;		/* NR_COUNTERS: none */
	const char *event;	/* what the event says of it */
} accesses[] = {
	{ "ID register", PROBE_MRS(SYS_ID_AA64PFR0_EL1, 1), EMULATED,
	  "ec=0x18 S3_0_C0_C4_0 read emulated" },
	{ "emulated read", PROBE_MRS(SYS_OSLSR_EL1, 1), EMULATED,
	  "ec=0x18 S2_0_C1_C1_4 read emulated" },
	{ "emulated write", PROBE_MSR(SYS_DBGBCRn_EL1(0), 31), EMULATED,
	  "ec=0x18 S2_0_C0_C0_5 write emulated" },
	{ "denied read", PROBE_MRS(SYS_PMCCNTR_EL0, 1), DENIED,
	  "ec=0x18 S3_3_C9_C13_0 read denied" },
	{ "denied write", PROBE_MSR(SYS_PMCCNTR_EL0, 31), DENIED,
	  "ec=0x18 S3_3_C9_C13_0 write denied" },
	{ "SMC", SMC, DENIED, "ec=0x17 S0_0_C0_C0_0 read denied" },
	{ "access by the host", PROBE_MRS(SYS_CNTP_CVAL_EL0, 1), NR_COUNTERS },
	{ "access without a trap", PROBE_MRS(SYS_TPIDR_EL1, 1), NR_COUNTERS },
};

static void get_counters(struct probe *p, u64 *counters)
{
	counters[EMULATED] = vcpu_get_stat(p->vcpu[0], pvm_emulated);
	counters[DENIED] = vcpu_get_stat(p->vcpu[0], pvm_denied);
}

/* Have the guest execute an instruction once. */
static void run_once(struct probe *p, u32 insn)
{
	struct probe_out out;
	struct probe_in in;

	probe_init_in(p, PSR_MODE_EL1h, &in);
	TEST_ASSERT(!probe_run(p, &insn, 1, &in, &out), "%s", p->error);
}

/* The same number of NOPs tells what the guest's other instructions add to the counters. */
static bool counted(struct probe *p, unsigned int i)
{
	u64 at[3][NR_COUNTERS], got, want;
	bool ok = true;
	int n, c;

	run_once(p, accesses[i].insn);
	get_counters(p, at[0]);
	for (n = 0; n < TIMES; n++)
		run_once(p, INSN_NOP);
	get_counters(p, at[1]);
	for (n = 0; n < TIMES; n++)
		run_once(p, accesses[i].insn);
	get_counters(p, at[2]);
	for (c = 0; c < NR_COUNTERS; c++) {
		got = (at[2][c] - at[1][c]) - (at[1][c] - at[0][c]);
		want = accesses[i].counter == c ? TIMES : 0;
		if (got == want)
			continue;
		ksft_print_msg("%s: %ld, not %ld\n", c == DENIED ? "denied" : "emulated",
			       got, want);
		ok = false;
	}
	return ok;
}

static FILE *vm_file(struct kvm_vm *vm, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "/%d-%d/%s", getpid(), vm->fd, name);
	return fopen(path, mode);
}

static bool is_reset(struct probe *p)
{
	FILE *file = vm_file(p->vm, "pvm_denied", "w");
	u64 counters[NR_COUNTERS];

	if (!file || fputs("0\n", file) < 0 || fclose(file)) {
		ksft_print_msg("cannot reset pvm_denied\n");
		return false;
	}
	run_once(p, SMC);
	get_counters(p, counters);
	return counters[DENIED] == 1 && counters[EMULATED];
}

static void test_counters(void)
{
	const struct probe_cfg cfg = { .vgic = true };
	struct probe *p = probe_create(&cfg);
	u64 counters[NR_COUNTERS];
	unsigned int i;

	get_counters(p, counters);
	ksft_test_result(!counters[EMULATED] && !counters[DENIED], "zero\n");
	for (i = 0; i < ARRAY_SIZE(accesses); i++)
		ksft_test_result(counted(p, i), "count %s\n", accesses[i].name);
	ksft_test_result(is_reset(p), "reset\n");
	probe_free(p);
}

static void test_ordinary(void)
{
	const struct probe_cfg cfg = { .ordinary = true };
	struct probe *p = probe_create(&cfg);
	FILE *file = vm_file(p->vm, "fixed_config", "r");
	u64 counters[NR_COUNTERS];

	run_once(p, PROBE_MRS(SYS_ID_AA64PFR0_EL1, 1));
	run_once(p, SMC);
	get_counters(p, counters);
	ksft_test_result(!file && !counters[EMULATED] && !counters[DENIED], "ordinary\n");
	if (file)
		fclose(file);
	probe_free(p);
}

static const struct {
	const char *name;
	u32 reg;
} reg_names[] = {
#define NAME(reg)	{ #reg, SYS_##reg }
	NAME(ID_AA64PFR0_EL1), NAME(ID_AA64PFR1_EL1), NAME(ID_AA64PFR2_EL1),
	NAME(ID_AA64ZFR0_EL1), NAME(ID_AA64SMFR0_EL1), NAME(ID_AA64FPFR0_EL1),
	NAME(ID_AA64DFR0_EL1), NAME(ID_AA64DFR1_EL1), NAME(ID_AA64DFR2_EL1),
	NAME(ID_AA64AFR0_EL1), NAME(ID_AA64AFR1_EL1), NAME(ID_AA64ISAR0_EL1),
	NAME(ID_AA64ISAR1_EL1), NAME(ID_AA64ISAR2_EL1), NAME(ID_AA64ISAR3_EL1),
	NAME(ID_AA64MMFR0_EL1), NAME(ID_AA64MMFR1_EL1), NAME(ID_AA64MMFR2_EL1),
	NAME(ID_AA64MMFR3_EL1), NAME(ID_AA64MMFR4_EL1),
};

static u64 *value_of(u64 *values, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reg_names); i++)
		if (!strcmp(reg_names[i].name, name))
			return &values[(sys_reg_CRm(reg_names[i].reg) - 1) * 8 +
				       sys_reg_Op2(reg_names[i].reg)];
	return NULL;
}

/* Return the number of rows, or -1. *guards: each hidden field has a reason. */
static int read_fields(struct probe *p, u64 *values, bool *final, bool *guards)
{
	FILE *file = vm_file(p->vm, "fixed_config", "r");
	char line[256], name[32], word[8];
	unsigned int msb, lsb;
	int nr = 0;
	u64 guest;

	memset(values, 0, PROBE_NR_ID_REGS * sizeof(*values));
	*final = true;
	*guards = true;
	while (file && nr >= 0 && fgets(line, sizeof(line), file)) {
		if (line[0] == '#') {
			*final = false;
			continue;
		}
		if (!strncmp(line, "register ", 9))
			continue;
		if (sscanf(line, "%31s %*s %u:%u %*s %7s", name, &msb, &lsb, word) != 4 ||
		    sscanf(line, strcmp(word, "any") ? "%*s %*s %*s %*s %*s %*s %lx" :
			   "%*s %*s %*s %*s %*s %lx", &guest) != 1 ||
		    !value_of(values, name)) {
			ksft_print_msg("not understood: %s", line);
			nr = -1;
			break;
		}
		*value_of(values, name) |= guest << lsb;
		*guards &= strcmp(word, "set") || strchr(line, '(');
		nr++;
	}
	if (file)
		fclose(file);
	else
		ksft_print_msg("there is no file\n");
	return nr;
}

static bool has_no_fields(void)
{
	struct kvm_vm *vm = vm_create_barebones_type(KVM_VM_TYPE_ARM_PROTECTED);
	FILE *file = vm_file(vm, "fixed_config", "r");
	char line[256];
	int nr = 0;
	bool ok;

	ok = file && fgets(line, sizeof(line), file) && line[0] == '#';
	while (file && fgets(line, sizeof(line), file))
		nr++;
	if (file)
		fclose(file);
	kvm_vm_free(vm);

	return ok && !nr;
}

static bool fields_are_right(const struct probe_cfg *cfg, bool *early, bool *guards)
{
	struct probe_word words[PROBE_NR_ID_REGS];
	struct probe *p = probe_create(cfg);
	u64 values[PROBE_NR_ID_REGS];
	u32 regs[PROBE_NR_ID_REGS];
	bool final, ok = true;
	int i, nr;

	*early = read_fields(p, values, &final, guards) > 0 && !final;
	for (i = 0; i < PROBE_NR_ID_REGS; i++)
		regs[i] = probe_id_reg(i);
	probe_read_regs(p, 0, PSR_MODE_EL1h, regs, PROBE_NR_ID_REGS, words);
	nr = read_fields(p, values, &final, guards);
	for (i = 0; i < PROBE_NR_ID_REGS; i++) {
		if (!words[i].esr && words[i].value == values[i])
			continue;
		ksft_print_msg("register %d: the guest reads 0x%lx, the file says 0x%lx\n", i,
			       words[i].value, values[i]);
		ok = false;
	}
	if (nr < 150 || !final)
		ksft_print_msg("%d rows, %sfinal\n", nr, final ? "" : "not ");
	probe_free(p);

	return ok && nr >= 150 && final;
}

static void test_fields(void)
{
	const struct probe_cfg plain = {}, full = {
		.vgic = kvm_supports_vgic_v3(),
		.pauth = kvm_has_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	};
	bool early, guards;

	ksft_test_result(has_no_fields(), "no vCPU\n");
	ksft_test_result(fields_are_right(&plain, &early, &guards), "fields plain\n");
	ksft_test_result(early, "early\n");
	ksft_test_result(guards, "guard\n");
	ksft_test_result(fields_are_right(&full, &early, &guards), "fields with all features\n");
}

static bool put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool ok = file && fputs(text, file) >= 0;

	if (file)
		ok = !fclose(file) && ok;
	if (!ok)
		ksft_print_msg("%s: %s\n", path, strerror(errno));
	return ok;
}

/* How many lines of the trace have the event pvm_access and @text? */
static int lines_with(const char *text)
{
	FILE *file = fopen(REMOTE "trace", "r");
	char line[256];
	int nr = 0;

	while (file && fgets(line, sizeof(line), file))
		nr += strstr(line, "pvm_access") && strstr(line, text);
	if (file)
		fclose(file);
	return nr;
}

static bool traced(struct probe *p)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		put(REMOTE "trace", "\n");
		run_once(p, accesses[i].insn);
		if (accesses[i].event ? lines_with(accesses[i].event) == 1 : !lines_with(""))
			continue;
		ksft_print_msg("%s: %d of %d lines\n", accesses[i].name,
			       accesses[i].event ? lines_with(accesses[i].event) : 0,
			       lines_with(""));
		ok = false;
	}
	return ok;
}

static void test_event(void)
{
	const struct probe_cfg cfg = { .vgic = true };
	struct probe *p;
	bool ok;

	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (access(EVENT, W_OK)) {
		ksft_test_result_skip("event: the kernel has no tracing at EL2\n");
		return;
	}
	p = probe_create(&cfg);
	run_once(p, SMC);
	ok = put(REMOTE "tracing_on", "1\n") && put(EVENT, "1\n") && traced(p);
	ok = put(EVENT, "0\n") && put(REMOTE "trace", "\n") && ok;
	run_once(p, SMC);
	ok = !lines_with("") && ok;
	put(REMOTE "tracing_on", "0\n");
	ksft_test_result(ok, "event\n");
	probe_free(p);
}

int main(void)
{
	TEST_REQUIRE(kvm_has_protected_vms());
	__TEST_REQUIRE(!access(DEBUGFS, R_OK), DEBUGFS " is not there: CONFIG_DEBUG_FS\n");

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(accesses) + 9);
	test_counters();
	test_ordinary();
	test_fields();
	test_event();
	ksft_finished();
}
