// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel between guest and test made of the data of MMIO exits.
 */
#include <linux/bitfield.h>

#include "guest_report.h"
#include "kvm_util.h"
#include "processor.h"

/* The registers of the page, all of them 64 bits wide. */
#define REPORT_ARG(n)		((n) * sizeof(uint64_t))
#define REPORT_COMMIT		REPORT_ARG(GUEST_REPORT_MAX_ARGS)
#define REPORT_QUESTION(n)	(0x800 + (n) * sizeof(uint64_t))

/* The data of the store to REPORT_COMMIT */
#define COMMIT_NR		GENMASK_ULL(31, 0)
#define COMMIT_NR_ARGS		GENMASK_ULL(39, 32)
#define COMMIT_KIND		GENMASK_ULL(47, 40)

/*
 * Where the guest finds the page. Written once, before the guest runs; it
 * holds a per-VM value and must not be accessed from host code.
 */
static vm_vaddr_t report_page;

/* Guest side */

bool guest_can_report(void)
{
	return report_page;
}

void guest_report_args(enum guest_report_kind kind, uint32_t nr,
		       const uint64_t *args, unsigned int nr_args)
{
	uint64_t daif = read_sysreg(daif);
	unsigned int i;

	/* An interrupt handler may report, too. */
	asm volatile("msr daifset, #0xf" : : : "memory");

	for (i = 0; i < nr_args; i++)
		writeq_relaxed(args[i], (void *)(report_page + REPORT_ARG(i)));

	writeq_relaxed(FIELD_PREP(COMMIT_KIND, kind) |
		       FIELD_PREP(COMMIT_NR_ARGS, nr_args) |
		       FIELD_PREP(COMMIT_NR, nr),
		       (void *)(report_page + REPORT_COMMIT));

	write_sysreg(daif, daif);
}

uint64_t guest_ask(uint32_t nr)
{
	return readq_relaxed((void *)(report_page + REPORT_QUESTION(nr)));
}

void guest_report_done(void)
{
	for (;;)
		guest_report_args(REPORT_DONE, 0, NULL, 0);
}

/*
 * The strings cross as addresses. They are constants of the test program, so
 * the test finds in its own copy of the program what the guest means.
 */
void guest_report_assert(const char *exp, const char *file, unsigned int line,
			 uint64_t a, uint64_t b)
{
	const uint64_t args[] = { (uint64_t)exp, (uint64_t)file, line, a, b };

	for (;;)
		guest_report_args(REPORT_ASSERT, 0, args, ARRAY_SIZE(args));
}

void guest_report_exception(int vector)
{
	const uint64_t args[] = {
		vector,
		read_sysreg(esr_el1),
		read_sysreg(elr_el1),
		read_sysreg(far_el1),
		read_sysreg(spsr_el1),
	};

	for (;;)
		guest_report_args(REPORT_EXCEPTION, 0, args, ARRAY_SIZE(args));
}

/* Test side */

void vm_init_guest_report(struct kvm_vm *vm)
{
	vm_vaddr_t gva = vm_vaddr_unused_gap(vm, vm->page_size, KVM_UTIL_MIN_VADDR);

	/* The library keeps the page of ucalls free, and so the one after it. */
	vm->arch.report_gpa = vm->ucall_mmio_addr + vm->page_size;
	virt_map(vm, gva, vm->arch.report_gpa, 1);

	write_guest_global(vm, report_page, gva);
}

struct kvm_vm *vm_create_reporting(struct vm_shape shape, uint32_t nr_vcpus)
{
	struct kvm_vm *vm = __vm_create(shape, nr_vcpus, 0);

	vm_init_guest_report(vm);
	vm_init_descriptor_tables(vm);

	return vm;
}

struct kvm_vcpu *vcpu_add_reporting(struct kvm_vm *vm, uint32_t vcpu_id,
				    struct kvm_vcpu_init *init,
				    void *guest_code)
{
	struct kvm_vcpu *vcpu = aarch64_vcpu_add(vm, vcpu_id, init, guest_code);

	vcpu_init_descriptor_tables(vcpu);

	return vcpu;
}

struct kvm_vm *vm_create_reporting_with_one_vcpu(struct vm_shape shape,
						 struct kvm_vcpu **vcpu,
						 void *guest_code)
{
	struct kvm_vm *vm = vm_create_reporting(shape, 1);

	*vcpu = vcpu_add_reporting(vm, 0, NULL, guest_code);

	return vm;
}

static void __printf(3, 4) report_lost(struct guest_report *report,
				       enum guest_report_kind kind,
				       const char *fmt, ...)
{
	va_list ap;

	report->kind = kind;

	va_start(ap, fmt);
	vsnprintf(report->what, sizeof(report->what), fmt, ap);
	va_end(ap);
}

static void describe_unexpected_exit(const struct kvm_run *run,
				     struct guest_report *report)
{
	uint64_t data = 0;

	if (run->exit_reason != KVM_EXIT_MMIO) {
		report_lost(report, REPORT_EXIT, "unexpected exit %u (%s)",
			    run->exit_reason, exit_reason_str(run->exit_reason));
		return;
	}

	memcpy(&data, run->mmio.data, sizeof(data));
	report_lost(report, REPORT_EXIT,
		    "unexpected MMIO %s of %u bytes at 0x%llx, data 0x%lx",
		    run->mmio.is_write ? "write" : "read", run->mmio.len,
		    run->mmio.phys_addr, data);
}

static void complete_report(struct guest_report *report, uint64_t commit)
{
	const uint64_t *args = report->args;

	report->kind = FIELD_GET(COMMIT_KIND, commit);
	report->nr = FIELD_GET(COMMIT_NR, commit);
	report->nr_args = FIELD_GET(COMMIT_NR_ARGS, commit);

	switch (report->kind) {
	case REPORT_VALUES:
	case REPORT_DONE:
		break;
	case REPORT_ASSERT:
		report_lost(report, REPORT_ASSERT,
			    "guest assertion failed at %s:%lu: %s (0x%lx, 0x%lx)",
			    (const char *)args[1], args[2],
			    (const char *)args[0], args[3], args[4]);
		break;
	case REPORT_EXCEPTION:
		report_lost(report, REPORT_EXCEPTION,
			    "unexpected exception, vector %lu ESR 0x%lx ELR 0x%lx FAR 0x%lx SPSR 0x%lx",
			    args[0], args[1], args[2], args[3], args[4]);
		break;
	default:
		report_lost(report, REPORT_EXIT, "garbled report 0x%lx", commit);
	}
}

/* Return true if @report is complete, false if the guest has to go on. */
static bool take_mmio(const struct kvm_run *run, vm_paddr_t base,
		      struct guest_report *report)
{
	uint64_t offset = run->mmio.phys_addr - base;
	uint64_t data;

	if (run->mmio.len != sizeof(data) || offset % sizeof(data))
		goto unexpected;

	if (!run->mmio.is_write) {
		if (offset < REPORT_QUESTION(0) ||
		    offset >= REPORT_QUESTION(GUEST_REPORT_MAX_ASK))
			goto unexpected;

		report->kind = REPORT_ASK;
		report->nr = (offset - REPORT_QUESTION(0)) / sizeof(data);
		return true;
	}

	memcpy(&data, run->mmio.data, sizeof(data));

	if (offset < REPORT_COMMIT) {
		report->args[offset / sizeof(data)] = data;
		return false;
	}

	if (offset == REPORT_COMMIT) {
		complete_report(report, data);
		return true;
	}

unexpected:
	describe_unexpected_exit(run, report);
	return true;
}

void __vcpu_next_report(struct kvm_vcpu *vcpu, struct guest_report *report)
{
	struct kvm_run *run = vcpu->run;
	vm_paddr_t base = vcpu->vm->arch.report_gpa;

	TEST_ASSERT(base, "The VM has no report channel");

	memset(report, 0, sizeof(*report));

	do {
		if (__vcpu_run(vcpu)) {
			report_lost(report, REPORT_EXIT, "KVM_RUN failed: %s",
				    strerror(errno));
			return;
		}

		if (run->exit_reason != KVM_EXIT_MMIO) {
			describe_unexpected_exit(run, report);
			return;
		}
	} while (!take_mmio(run, base, report));
}

void vcpu_next_report(struct kvm_vcpu *vcpu, struct guest_report *report)
{
	__vcpu_next_report(vcpu, report);

	/* An assertion turns into a skip if it finds an EACCES. */
	errno = 0;
	TEST_ASSERT(!guest_is_lost(report), "vCPU %u: %s", vcpu->id, report->what);
}

void vcpu_answer(struct kvm_vcpu *vcpu, uint64_t value)
{
	struct kvm_run *run = vcpu->run;

	TEST_ASSERT(run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write &&
		    run->mmio.len == sizeof(value),
		    "vCPU %u has not asked", vcpu->id);

	memcpy(run->mmio.data, &value, sizeof(value));
}
