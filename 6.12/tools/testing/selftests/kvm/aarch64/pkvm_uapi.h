/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pkvm_uapi tests share: VMs to send requests to, and tables of them.
 */
#ifndef SELFTEST_KVM_PKVM_UAPI_H
#define SELFTEST_KVM_PKVM_UAPI_H

#include "guest_report.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "vgic.h"

enum uapi_kind { UAPI_PROTECTED, UAPI_ORDINARY, UAPI_NR_KINDS };
enum uapi_when { UAPI_BEFORE, UAPI_AFTER, UAPI_NR_WHEN };

static const char * const uapi_kind_names[] = { "protected", "ordinary" };
static const char * const uapi_when_names[] = { "before", "after" };

struct uapi_vm {
	enum uapi_kind kind;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	int gic_fd;
};

/* What a request leads to depends on the CPU, or on how KVM was built. */
#define UAPI_ANY	(-1)

struct uapi_case {
	const char *name;
	/* Return 0, or the errno of the request. */
	int (*fn)(struct uapi_vm *v, const u64 *arg);
	u64 arg[3];
	/* Before the first run and after. */
	int want[UAPI_NR_KINDS][UAPI_NR_WHEN];
	bool gic;	/* in a VM with a vGICv3 */
	bool deadly;	/* the guest may not go on */
};

/* Rows: what a protected VM answers, what an ordinary one does. */
#define ALWAYS(err)		{ [UAPI_BEFORE ... UAPI_AFTER] = (err) }
#define ARGS(args...)		{ args }
#define CASE(text, func, args, of_protected, of_ordinary...)		\
	{ .name = text, .fn = func, .arg = args, .want = { of_protected, of_ordinary } }
#define GIC_CASE(text, func, args, of_protected, of_ordinary...)	\
	{ .name = text, .fn = func, .arg = args,			\
	  .want = { of_protected, of_ordinary }, .gic = true }

static inline int uapi_errno(int ret)
{
	return ret < 0 ? errno : 0;
}

static void uapi_guest(void)
{
	while (guest_ask(0))
		;
	guest_report_done();
}

static inline void uapi_get_init(struct kvm_vm *vm, struct kvm_vcpu_init *init)
{
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, init);
	init->features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
}

static inline struct uapi_vm uapi_create_guest(enum uapi_kind kind, bool gic, void *guest)
{
	struct uapi_vm v = { .kind = kind, .gic_fd = -1 };
	struct kvm_vcpu_init init;

	v.vm = vm_create_reporting(kind == UAPI_PROTECTED ?
				   VM_SHAPE_PROTECTED(VM_MODE_DEFAULT) :
				   VM_SHAPE(VM_MODE_DEFAULT), 2);
	uapi_get_init(v.vm, &init);
	v.vcpu = vcpu_add_reporting(v.vm, 0, &init, guest);
	if (gic)
		v.gic_fd = vgic_v3_setup(v.vm, 1, 64);

	return v;
}

static inline struct uapi_vm uapi_create(enum uapi_kind kind, bool gic)
{
	return uapi_create_guest(kind, gic, uapi_guest);
}

static inline void uapi_free(struct uapi_vm *v)
{
	if (v->gic_fd >= 0)
		close(v->gic_fd);
	kvm_vm_free(v->vm);
}

/* Let the guest run until it asks for the next round. */
static inline bool uapi_runs(struct uapi_vm *v)
{
	struct guest_report report;

	__vcpu_next_report(v->vcpu, &report);
	if (report.kind == REPORT_ASK) {
		vcpu_answer(v->vcpu, 1);
		return true;
	}
	ksft_print_msg("the guest does not run: %s\n", report.what);
	return false;
}

static inline const char *uapi_describe(int err)
{
	return err ? strerror(err) : "success";
}

/* One case in a VM of its own, which has to run afterwards. */
static inline bool uapi_run_case(const struct uapi_case *c, enum uapi_kind kind,
				 enum uapi_when when)
{
	struct uapi_vm v = uapi_create(kind, c->gic);
	bool ok = true;
	int err;

	if (when == UAPI_AFTER)
		ok = uapi_runs(&v);
	err = c->fn(&v, c->arg);
	if (err != c->want[kind][when]) {
		ksft_print_msg("%s: got \"%s\"", c->name, uapi_describe(err));
		printf(", expected \"%s\"\n", uapi_describe(c->want[kind][when]));
		ok = false;
	}
	if (!c->deadly)
		ok = uapi_runs(&v) && ok;
	uapi_free(&v);

	return ok;
}

/*
 * A whole test: all cases of a table, in VMs of all kinds that the host has, before
 * and after the first run.
 */
static inline void uapi_run_table(const struct uapi_case *cases, unsigned int nr)
{
	bool have_protected = kvm_has_protected_vms();
	enum uapi_kind kind;
	enum uapi_when when;
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(nr * UAPI_NR_KINDS * UAPI_NR_WHEN);
	for (kind = 0; kind < UAPI_NR_KINDS; kind++) {
		for (i = 0; i < nr * UAPI_NR_WHEN; i++) {
			const struct uapi_case *c = &cases[i / UAPI_NR_WHEN];
			const char *why = NULL;

			when = i % UAPI_NR_WHEN;
			if (kind == UAPI_PROTECTED && !have_protected)
				why = "KVM is not in protected mode";
			else if (c->want[kind][when] == UAPI_ANY)
				why = "depends on the host";

			if (why)
				ksft_test_result_skip("%s %s: %s: %s\n", uapi_kind_names[kind],
						      uapi_when_names[when], c->name, why);
			else
				ksft_test_result(uapi_run_case(c, kind, when), "%s %s: %s\n",
						 uapi_kind_names[kind],
						 uapi_when_names[when], c->name);
		}
	}
	ksft_finished();
}

#endif /* SELFTEST_KVM_PKVM_UAPI_H */
