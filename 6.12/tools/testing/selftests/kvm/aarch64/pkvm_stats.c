// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_stats - What the host is told about the guest of a protected VM
 *
 * Case			Rule
 * start_at_zero	the counters exist, and are 0 before a vCPU runs
 * id_reads		each read of an ID register is one pvm_sysreg_done
 * emulated		each access that EL2 emulates is one pvm_sysreg_done
 * denied_reads		each UNDEF for a register is one pvm_sysreg_undef,
 * denied_writes	reads and writes alike
 * denied_others	any other UNDEF is one pvm_other_undef
 * hypercalls		what EL2 leaves to the host is one pvm_host_exits: HVC,
 * host_registers	and registers that the host emulates
 * not_trapped		what does not trap is not counted
 * other_vcpu		counters are per vCPU
 * sum_of_vm		the VM's directory in debugfs has their sum
 * reset_by_host	a host that resets them resets what it shows
 * last_register	undefs names vCPU, register, direction and PC of the last UNDEF
 * last_other		or its exception class
 * other_vm		a VM that is not protected counts nothing
 */
#include <unistd.h>

#include "guest_report.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

#define DEBUGFS		"/sys/kernel/debug/kvm"
#define TIMES		57

enum op {
	OP_ID_READ,
	OP_EMULATED,
	OP_DENIED_READ,
	OP_DENIED_WRITE,
	OP_DENIED_OTHER,
	OP_HYPERCALL,
	OP_HOST_REGISTER,
	OP_NOT_TRAPPED,
	NR_OPS,
};

/* Where the guest was when it took the last UNDEF, and how often it did. */
static uint64_t undef_pc, undefs_taken;

static void guest_undef(struct ex_regs *regs)
{
	undef_pc = regs->pc;
	undefs_taken++;
	regs->pc += 4;
}

static void guest_do(enum op op)
{
	struct arm_smccc_res res;

	switch (op) {
	case OP_ID_READ:
		asm volatile("mrs x0, s3_0_c0_c4_0" ::: "x0");
		break;
	case OP_EMULATED:
		/* OSLAR_EL1 */
		asm volatile("msr s2_0_c1_c0_4, xzr");
		break;
	case OP_DENIED_READ:
		/* MDCCINT_EL1, which every CPU has and traps */
		asm volatile("mrs x0, s2_0_c0_c2_0" ::: "x0");
		break;
	case OP_DENIED_WRITE:
		asm volatile("msr s2_0_c0_c2_0, xzr");
		break;
	case OP_DENIED_OTHER:
		asm volatile("smc #0");
		break;
	case OP_HYPERCALL:
		smccc_hvc(0x84000000 /* PSCI_VERSION */, 0, 0, 0, 0, 0, 0, 0, &res);
		break;
	case OP_HOST_REGISTER:
		/* CNTP_CVAL_EL0 */
		asm volatile("mrs x0, s3_3_c14_c2_2" ::: "x0");
		break;
	default:
		asm volatile("mrs x0, tpidr_el1" ::: "x0");
	}
}

static void guest_code(void)
{
	uint64_t order, i;

	for (;;) {
		order = guest_ask(0);
		for (i = 0; i < order >> 32; i++)
			guest_do((uint32_t)order);
		GUEST_REPORT(0, undef_pc, undefs_taken);
	}
}

/* The counters of a vCPU, those of the host that they are compared with last. */
enum counter { DONE, SYSREG_UNDEF, OTHER_UNDEF, HOST_EXITS, MMIO, HVC, NR_COUNTERS };

static const char * const counter_names[NR_COUNTERS] = {
	"pvm_sysreg_done", "pvm_sysreg_undef", "pvm_other_undef", "pvm_host_exits",
	"mmio_exit_user", "hvc_exit_stat",
};

static bool read_counters(struct kvm_vcpu *vcpu, uint64_t *counters)
{
	int fd = vcpu_get_stats_fd(vcpu), i, found = 0;
	struct kvm_stats_header header;
	struct kvm_stats_desc *stats;
	unsigned int s;

	read_stats_header(fd, &header);
	stats = read_stats_descriptors(fd, &header);
	for (s = 0; s < header.num_desc; s++) {
		struct kvm_stats_desc *desc = get_stats_descriptor(stats, s, &header);

		for (i = 0; i < NR_COUNTERS; i++) {
			if (strcmp(desc->name, counter_names[i]))
				continue;
			read_stat_data(fd, &header, desc, &counters[i], 1);
			found++;
		}
	}
	free(stats);
	close(fd);

	if (found != NR_COUNTERS)
		ksft_print_msg("%d of %d counters\n", found, NR_COUNTERS);
	return found == NR_COUNTERS;
}

/* Have the guest do @op so many times: it was, and will be, at its question. */
static bool guest_does(struct kvm_vcpu *vcpu, enum op op, uint64_t times,
		       struct guest_report *done)
{
	struct guest_report report;

	vcpu_answer(vcpu, times << 32 | op);
	__vcpu_next_report(vcpu, done);
	__vcpu_next_report(vcpu, &report);
	if (done->kind == REPORT_VALUES && report.kind == REPORT_ASK)
		return true;

	ksft_print_msg("%s\n", guest_is_lost(done) ? done->what : report.what);
	return false;
}

static bool counts_are(const uint64_t *before, const uint64_t *after, const uint64_t *want)
{
	bool ok = true;
	int i;

	for (i = 0; i < MMIO; i++) {
		uint64_t got = after[i] - before[i];

		if (got == want[i])
			continue;
		ksft_print_msg("%s rose by %lu, not by %lu\n", counter_names[i], got, want[i]);
		ok = false;
	}

	return ok;
}

/*
 * Whether @op is counted as @counter and nothing else. The guest's channel is
 * made of MMIO exits, which the host has counted for itself.
 */
static bool counted(struct kvm_vcpu *vcpu, enum op op, enum counter counter)
{
	uint64_t before[NR_COUNTERS], after[NR_COUNTERS], want[NR_COUNTERS] = {};
	bool undef = counter == SYSREG_UNDEF || counter == OTHER_UNDEF;
	struct guest_report first, last;

	if (!read_counters(vcpu, before) || !guest_does(vcpu, OP_NOT_TRAPPED, 0, &first) ||
	    !guest_does(vcpu, op, TIMES, &last) || !read_counters(vcpu, after))
		return false;

	if (last.args[1] - first.args[1] != (undef ? TIMES : 0)) {
		ksft_print_msg("%lu UNDEFs taken\n", last.args[1] - first.args[1]);
		return false;
	}
	if (after[HVC] - before[HVC] != (op == OP_HYPERCALL ? TIMES : 0)) {
		ksft_print_msg("%lu hypercalls\n", after[HVC] - before[HVC]);
		return false;
	}

	if (counter < NR_COUNTERS)
		want[counter] = TIMES;
	want[HOST_EXITS] += after[MMIO] - before[MMIO];

	return counts_are(before, after, want);
}

static FILE *vm_file(struct kvm_vm *vm, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "/%d-%d/%s", getpid(), vm->fd, name);
	return fopen(path, mode);
}

static bool other_vcpu(struct kvm_vcpu *vcpu, struct kvm_vcpu *other)
{
	uint64_t before[NR_COUNTERS], after[NR_COUNTERS];
	static const uint64_t none[NR_COUNTERS];
	struct guest_report report;

	return read_counters(other, before) &&
	       guest_does(vcpu, OP_ID_READ, TIMES, &report) &&
	       guest_does(vcpu, OP_DENIED_READ, TIMES, &report) &&
	       read_counters(other, after) && counts_are(before, after, none);
}

static bool sum_of_vm(struct kvm_vm *vm, struct kvm_vcpu **vcpus)
{
	uint64_t counters[2][NR_COUNTERS], sum;
	int i, nr;
	FILE *file;

	if (!read_counters(vcpus[0], counters[0]) || !read_counters(vcpus[1], counters[1]))
		return false;

	for (i = 0; i < MMIO; i++) {
		file = vm_file(vm, counter_names[i], "r");
		nr = file ? fscanf(file, "%lu", &sum) : 0;
		if (file)
			fclose(file);
		if (nr != 1 || sum != counters[0][i] + counters[1][i]) {
			ksft_print_msg("the VM's %s is not the sum\n", counter_names[i]);
			return false;
		}
	}

	return true;
}

static bool reset_by_host(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	uint64_t counters[NR_COUNTERS];
	struct guest_report report;
	FILE *file;
	bool ok;

	file = vm_file(vm, "pvm_sysreg_done", "w");
	if (!file || fputs("0\n", file) < 0 || fclose(file)) {
		ksft_print_msg("cannot reset pvm_sysreg_done\n");
		return false;
	}

	ok = read_counters(vcpu, counters) && !counters[DONE] &&
	     guest_does(vcpu, OP_ID_READ, TIMES, &report) && read_counters(vcpu, counters);
	if (ok && counters[DONE] != TIMES)
		ksft_print_msg("%lu since the reset\n", counters[DONE]);
	return ok && counters[DONE] == TIMES;
}

/* The line of @vcpu in the VM's undefs has @what, and the PC of the guest. */
static bool last_undef(struct kvm_vm *vm, struct kvm_vcpu *vcpu, enum op op, const char *what)
{
	char line[256] = "", want[128], cpu[16];
	struct guest_report report;
	bool found = false;
	FILE *file;

	if (!guest_does(vcpu, op, 1, &report))
		return false;

	snprintf(cpu, sizeof(cpu), "%u ", vcpu->id);
	snprintf(want, sizeof(want), " %s at PC 0x%lx ", what, report.args[0]);
	file = vm_file(vm, "undefs", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, cpu, strlen(cpu)))
			continue;
		found = strstr(line, want);
		break;
	}
	if (file)
		fclose(file);
	if (!found)
		ksft_print_msg("no '%s' in '%s'\n", want, line);
	return found;
}

static bool other_vm(void)
{
	static const uint64_t none[NR_COUNTERS];
	uint64_t counters[NR_COUNTERS];
	struct guest_report report;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool ok;

	vm = vm_create_reporting_with_one_vcpu(VM_SHAPE(VM_MODE_DEFAULT), &vcpu, guest_code);
	__vcpu_next_report(vcpu, &report);
	ok = report.kind == REPORT_ASK && guest_does(vcpu, OP_ID_READ, TIMES, &report) &&
	     read_counters(vcpu, counters) && counts_are(none, counters, none);

	kvm_vm_free(vm);
	return ok;
}

/* Whether counters exist and are zero; then, bring the guests to their question. */
static bool start(struct kvm_vcpu **vcpus)
{
	static const uint64_t none[NR_COUNTERS];
	uint64_t counters[NR_COUNTERS];
	struct guest_report report;
	bool ok = true;
	int i, op;

	for (i = 0; i < 2; i++) {
		ok = ok && read_counters(vcpus[i], counters) && counts_are(none, counters, none);
		vcpu_next_report(vcpus[i], &report);
		TEST_ASSERT(report.kind == REPORT_ASK, "The guest does not ask");
		/* Whatever has to fault once does it now. */
		for (op = 0; op < NR_OPS; op++)
			ok = ok && guest_does(vcpus[i], op, 1, &report);
	}

	return ok;
}

static void test_counters(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;
	int i;

	vm = vm_create_reporting(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), 2);
	for (i = 0; i < 2; i++)
		vcpus[i] = vcpu_add_reporting(vm, i, NULL, guest_code);
	vm_install_sync_handler(vm, VECTOR_SYNC_CURRENT, ESR_EC_UNKNOWN, guest_undef);

	ksft_test_result(start(vcpus), "start_at_zero\n");
	ksft_test_result(counted(vcpus[0], OP_ID_READ, DONE), "id_reads\n");
	ksft_test_result(counted(vcpus[0], OP_EMULATED, DONE), "emulated\n");
	ksft_test_result(counted(vcpus[0], OP_DENIED_READ, SYSREG_UNDEF), "denied_reads\n");
	ksft_test_result(counted(vcpus[0], OP_DENIED_WRITE, SYSREG_UNDEF), "denied_writes\n");
	ksft_test_result(counted(vcpus[0], OP_DENIED_OTHER, OTHER_UNDEF), "denied_others\n");
	ksft_test_result(counted(vcpus[0], OP_HYPERCALL, HOST_EXITS), "hypercalls\n");
	ksft_test_result(counted(vcpus[0], OP_HOST_REGISTER, HOST_EXITS), "host_registers\n");
	ksft_test_result(counted(vcpus[0], OP_NOT_TRAPPED, NR_COUNTERS), "not_trapped\n");
	ksft_test_result(other_vcpu(vcpus[0], vcpus[1]), "other_vcpu\n");
	ksft_test_result(sum_of_vm(vm, vcpus), "sum_of_vm\n");
	ksft_test_result(reset_by_host(vm, vcpus[0]), "reset_by_host\n");

	ksft_test_result(last_undef(vm, vcpus[1], OP_DENIED_READ, "read of S2_0_C0_C2_0") &&
			 last_undef(vm, vcpus[0], OP_DENIED_WRITE, "write of S2_0_C0_C2_0"),
			 "last_register\n");
	ksft_test_result(last_undef(vm, vcpus[0], OP_DENIED_OTHER, "SMC (AArch64)"),
			 "last_other\n");

	kvm_vm_free(vm);
}

int main(void)
{
	ksft_print_header();
	if (!kvm_has_protected_vms())
		ksft_exit_skip("KVM is not in protected mode\n");
	if (access(DEBUGFS, R_OK))
		ksft_exit_skip(DEBUGFS " is not there: debugfs, CONFIG_DEBUG_FS\n");

	ksft_set_plan(15);
	test_counters();
	ksft_test_result(other_vm(), "other_vm\n");
	ksft_finished();
}
