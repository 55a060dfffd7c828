// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hypercalls - a hostile host cannot stop EL2
 *
 * Each case does what only the kernel of a malicious host would do. EL2 has to
 * refuse it with an error, or to give the host an exception, and to go on. EL2
 * that does not makes an end of the machine, so "pkvm_hypercalls CASE" runs
 * only one case.
 *
 * Needs test_modules/pkvm_hostile.ko beside the program, or loaded before.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "arm64/pkvm_hostile.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

#define MAX_PAGES	16

static int hostile_fd;

static void hostile_open(void)
{
	char path[PATH_MAX] = {}, module[PATH_MAX + 64];
	static const char * const places[] = { "", "../", "../test_modules/" };
	unsigned int i;
	int fd;

	TEST_ASSERT(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0, "readlink");
	for (i = 0; i < ARRAY_SIZE(places) && access("/dev/" HOSTILE_DEVICE, F_OK); i++) {
		char copy[PATH_MAX];

		strcpy(copy, path);
		snprintf(module, sizeof(module), "%s/%s%s.ko", dirname(copy), places[i],
			 HOSTILE_DEVICE);
		fd = open(module, O_RDONLY);
		if (fd < 0)
			continue;
		if (syscall(SYS_finit_module, fd, "", 0))
			ksft_print_msg("%s: %s\n", module, strerror(errno));
		close(fd);
	}
	hostile_fd = open("/dev/" HOSTILE_DEVICE, O_RDWR);
	__TEST_REQUIRE(hostile_fd >= 0, "needs protected KVM, and " HOSTILE_DEVICE ".ko");
}

static struct hostile_datum datum(const char *name)
{
	struct hostile_datum d = {};

	strncpy(d.name, name, sizeof(d.name) - 1);
	TEST_ASSERT(!ioctl(hostile_fd, HOSTILE_DATUM, &d), "unknown: %s", name);
	return d;
}

static int run_steps(struct hostile_step *steps, unsigned int nr)
{
	struct hostile_script script = {
		.cpu = sched_getcpu(),
		.nr_steps = nr,
		.steps = (u64)steps,
	};

	return ioctl(hostile_fd, HOSTILE_SCRIPT, &script) ? -errno : 0;
}

static struct hostile_step hvc_step(const char *func, u64 a, u64 b, u64 c)
{
	return (struct hostile_step) {
		.op = HOSTILE_HVC,
		.x = { datum(func).value, a, b, c },
	};
}

/* Return what the hypercall returns, or -EOPNOTSUPP if there is no such call. */
static s64 hvc(const char *func, u64 a, u64 b, u64 c)
{
	struct hostile_step step = hvc_step(func, a, b, c);

	TEST_ASSERT(!run_steps(&step, 1), "no hypercall");
	return step.x[0] ? -EOPNOTSUPP : (s64)step.x[1];
}

static void poke(u64 object, const char *name, u64 value)
{
	struct hostile_datum d = datum(name);
	struct hostile_step step = {
		.op = HOSTILE_WRITE,
		.at = object + d.value,
		.size = d.size,
		.x = { value },
	};

	TEST_ASSERT(!run_steps(&step, 1) && !step.err, "cannot write %s", name);
}

static struct hostile_pages get_pages(u64 size)
{
	u64 page = getpagesize();
	struct hostile_pages pages = { .size = (size + page - 1) & -page };

	TEST_ASSERT(!ioctl(hostile_fd, HOSTILE_ALLOC, &pages), "no %lu bytes", size);
	return pages;
}

static void put_pages(struct hostile_pages *pages)
{
	ioctl(hostile_fd, HOSTILE_FREE, pages);
}

/* The pages of an object of the host that EL2 is to read. */
static struct hostile_pages share_pages(u64 size)
{
	struct hostile_pages pages = get_pages(size);
	u64 at;

	for (at = 0; at < pages.size; at += getpagesize())
		TEST_ASSERT_EQ(hvc("__pkvm_host_share_hyp", (pages.pa + at) / getpagesize(),
				   0, 0), 0);
	return pages;
}

static void unshare_pages(struct hostile_pages *pages)
{
	u64 at;

	for (at = 0; at < pages->size; at += getpagesize())
		TEST_ASSERT_EQ(hvc("__pkvm_host_unshare_hyp", (pages->pa + at) / getpagesize(),
				   0, 0), 0);
	put_pages(pages);
}

/*
 * A VM that only EL2 knows. What the host keeps of it is a few zeroed pages that
 * are no VM of KVM's; its guest has no memory, and takes a fault at its first
 * instruction.
 */
struct bare_vm {
	struct hostile_pages kvm, vcpu, hyp_vm, pgd, hyp_vcpu;
	s64 handle;
};

static void bare_vm_reserve(struct bare_vm *vm)
{
	vm->kvm = share_pages(datum("sizeof(kvm)").value);
	vm->vcpu = share_pages(datum("sizeof(vcpu)").value);
	vm->hyp_vm = get_pages(MAX_PAGES * getpagesize());
	vm->hyp_vcpu = get_pages(MAX_PAGES * getpagesize());
	/* Aligned to the size of any PGD, and one page beyond. */
	vm->pgd = get_pages(2 * MAX_PAGES * getpagesize());
	vm->handle = hvc("__pkvm_reserve_vm", 0, 0, 0);
	TEST_ASSERT(vm->handle > 0, "no handle: %ld", vm->handle);
	poke(vm->kvm.va, "kvm.created_vcpus", 1);
	/* T0SZ, of which EL2 takes the IPA size */
	poke(vm->kvm.va, "kvm.arch.mmu.vtcr", 64 - kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE));
	poke(vm->kvm.va, "kvm.arch.pkvm.handle", vm->handle);
	poke(vm->kvm.va, "kvm.arch.pkvm.is_protected", 1);
	poke(vm->kvm.va, "kvm.arch.flags", datum("ID_REGS_INITIALIZED").value);
}

static s64 bare_vm_init(struct bare_vm *vm)
{
	s64 ret = hvc("__pkvm_init_vm", vm->kvm.va, vm->hyp_vm.va, vm->pgd.va);

	return ret ?: hvc("__pkvm_init_vcpu", vm->handle, vm->vcpu.va, vm->hyp_vcpu.va);
}

/* Whether EL2 has given everything back. */
static bool bare_vm_free(struct bare_vm *vm)
{
	s64 ret = hvc("__pkvm_start_teardown_vm", vm->handle, 0, 0);

	if (!ret)
		ret = hvc("__pkvm_finalize_teardown_vm", vm->handle, 0, 0);
	if (ret)
		hvc("__pkvm_unreserve_vm", vm->handle, 0, 0);
	unshare_pages(&vm->kvm);
	unshare_pages(&vm->vcpu);
	put_pages(&vm->hyp_vm);
	put_pages(&vm->pgd);
	put_pages(&vm->hyp_vcpu);
	return !ret;
}

/* Return what __kvm_vcpu_run() returns: 0 or more is an exit of the guest. */
static s64 bare_vm_run(struct bare_vm *vm)
{
	struct hostile_step steps[] = {
		hvc_step("__pkvm_vcpu_load", vm->handle, 0, 0),
		hvc_step("__kvm_vcpu_run", vm->vcpu.va, 0, 0),
		hvc_step("__pkvm_vcpu_put", 0, 0, 0),
		/* The run has left the guest's. */
		hvc_step("__kvm_timer_set_cntvoff", 0, 0, 0),
	};

	TEST_ASSERT(!run_steps(steps, ARRAY_SIZE(steps)), "no run");
	return steps[1].x[1];
}

/* The guest gets as far as its first instruction, or an interrupt comes first. */
static bool bare_vm_runs(struct bare_vm *vm)
{
	s64 ret = bare_vm_run(vm);

	if (ret < 0)
		ksft_print_msg("the run fails: %ld\n", ret);
	return ret >= 0;
}

static bool all_refused(const char * const *funcs, unsigned int nr)
{
	/* 0 and a wrong pointer; EL2 has no memory there. */
	static const u64 args[] = { 0, 0x1000, ~0UL };
	unsigned int i, j;
	bool ok = true;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < ARRAY_SIZE(args); j++) {
			if (hvc(funcs[i], args[j], args[j], 0) == -EOPNOTSUPP)
				continue;
			ksft_print_msg("%s(0x%lx) is there\n", funcs[i], args[j]);
			ok = false;
		}
	}
	return ok;
}

static bool test_early(void)
{
	static const char * const funcs[] = {
		"__pkvm_init", "__pkvm_create_private_mapping", "__pkvm_cpu_set_vector",
		"__kvm_enable_ssbs", "__vgic_v3_init_lrs", "__vgic_v3_get_gic_config",
	};

	return all_refused(funcs, ARRAY_SIZE(funcs));
}

static bool test_tlb_flush(void)
{
	static const char * const funcs[] = {
		"__kvm_tlb_flush_vmid_ipa", "__kvm_tlb_flush_vmid_ipa_nsh",
		"__kvm_tlb_flush_vmid", "__kvm_tlb_flush_vmid_range",
		"__kvm_flush_cpu_context",
	};

	return all_refused(funcs, ARRAY_SIZE(funcs));
}

static bool test_vgic_v5(void)
{
	static const char * const funcs[] = {
		"__vgic_v5_save_apr", "__vgic_v5_restore_vmcr_apr",
	};

	return all_refused(funcs, ARRAY_SIZE(funcs));
}

static bool test_debug_owner(void)
{
	static const u64 owners[] = { 0, 1, 2, 3, 4, 0x80000000, 0xffffffff };
	struct bare_vm vm;
	unsigned int i;
	bool ok;

	bare_vm_reserve(&vm);
	ok = !bare_vm_init(&vm);
	for (i = 0; ok && i < ARRAY_SIZE(owners); i++) {
		poke(vm.vcpu.va, "vcpu.arch.debug_owner", owners[i]);
		ok &= bare_vm_runs(&vm);
	}
	return bare_vm_free(&vm) && ok;
}

static bool test_vgic_model(void)
{
	static const u64 models[] = {
		0, KVM_DEV_TYPE_ARM_VGIC_V2, KVM_DEV_TYPE_ARM_VGIC_V3,
		KVM_DEV_TYPE_ARM_VGIC_V5, 0xffffffff,
	};
	struct bare_vm vm;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		bare_vm_reserve(&vm);
		poke(vm.kvm.va, "kvm.arch.vgic.vgic_model", models[i]);
		ok &= !bare_vm_init(&vm) && bare_vm_runs(&vm);
		ok &= bare_vm_free(&vm);
	}
	return ok;
}

static bool test_pgd(void)
{
	int ipa_bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
	/* With 4K pages, these are the sizes that need more than one page. */
	bool many = getpagesize() == 4096 &&
		    ((ipa_bits >= 40 && ipa_bits <= 43) || ipa_bits > 48);
	struct bare_vm vm;
	s64 ret;

	ksft_print_msg("%d bits, the PGD has %s\n", ipa_bits, many ? "pages" : "one page");
	bare_vm_reserve(&vm);
	vm.pgd.va += getpagesize();
	ret = hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.pgd.va);
	vm.pgd.va -= getpagesize();
	if (!ret)
		return bare_vm_free(&vm) && !many;

	/* EL2 has taken nothing, and the VM can still be made. */
	return many && ret == -EINVAL && !bare_vm_init(&vm) && bare_vm_free(&vm);
}

static bool test_alignment(void)
{
	struct bare_vm vm;
	bool ok;

	bare_vm_reserve(&vm);
	ok = hvc("__pkvm_init_vm", vm.kvm.va + 1, vm.hyp_vm.va, vm.pgd.va) == -EINVAL;
	ok &= !hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.pgd.va);
	ok &= hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va + 1, vm.hyp_vcpu.va) == -EINVAL;
	return bare_vm_free(&vm) && ok;
}

static bool test_vcpus(void)
{
	struct bare_vm vm;
	bool ok;

	bare_vm_reserve(&vm);
	/* EL2 takes as much memory for a VM as it takes for any, and no more. */
	poke(vm.kvm.va, "kvm.created_vcpus", INT_MAX);
	ok = !bare_vm_init(&vm) && bare_vm_runs(&vm);
	return bare_vm_free(&vm) && ok;
}

#define PIN_VMS		130
#define PIN_VCPUS	512
#define PIN_CHUNK	128

/* As many hyp vCPUs of one vCPU as EL2 lets the host have. */
static bool test_pin(void)
{
	static struct hostile_pages chunks[PIN_VMS][PIN_VCPUS / PIN_CHUNK];
	static struct bare_vm vms[PIN_VMS];
	u64 hyp_vcpu_size = MAX_PAGES / 4 * getpagesize();
	unsigned int nr_vms, i, j, nr = 0;
	struct hostile_step steps[2];
	struct hostile_pages vcpu;
	bool ok = true;

	vcpu = share_pages(datum("sizeof(vcpu)").value);
	steps[0] = (struct hostile_step) {
		.op = HOSTILE_WRITE,
		.at = vcpu.va + datum("vcpu.vcpu_idx").value,
		.size = datum("vcpu.vcpu_idx").size,
	};
	steps[1].x[1] = 0;

	for (nr_vms = 0; !steps[1].x[1] && nr_vms < PIN_VMS; nr_vms++) {
		struct bare_vm *vm = &vms[nr_vms];

		bare_vm_reserve(vm);
		poke(vm->kvm.va, "kvm.created_vcpus", PIN_VCPUS);
		ok &= !hvc("__pkvm_init_vm", vm->kvm.va, vm->hyp_vm.va, vm->pgd.va);
		for (i = 0; i < PIN_VCPUS; i++, nr++) {
			struct hostile_pages *chunk = &chunks[nr_vms][i / PIN_CHUNK];

			if (!chunk->va)
				*chunk = get_pages(PIN_CHUNK * hyp_vcpu_size);
			steps[0].x[0] = i;
			steps[1] = hvc_step("__pkvm_init_vcpu", vm->handle, vcpu.va,
					    chunk->va + i % PIN_CHUNK * hyp_vcpu_size);
			TEST_ASSERT(!run_steps(steps, 2), "no hypercall");
			if (steps[1].x[1])
				break;
		}
	}
	ksft_print_msg("%u hyp vCPUs, then %ld\n", nr, (s64)steps[1].x[1]);
	ok &= (s64)steps[1].x[1] == -EBUSY;

	for (i = 0; i < nr_vms; i++) {
		ok &= bare_vm_free(&vms[i]);
		for (j = 0; j < ARRAY_SIZE(chunks[i]) && chunks[i][j].va; j++)
			put_pages(&chunks[i][j]);
	}
	unshare_pages(&vcpu);
	return ok;
}

/* The stage 2 of the host has 48 bits, while the CPU has 52. */
static bool test_far(void)
{
	struct hostile_pages table = get_pages(65536);
	struct hostile_step steps[] = {
		{ .op = HOSTILE_FAR, .at = table.va, .x = { BIT(48) } },
		{ .op = HOSTILE_FAR, .at = table.va, .x = { BIT(51) + 4096 } },
	};
	bool ok = !run_steps(steps, ARRAY_SIZE(steps));

	put_pages(&table);
	return ok && steps[0].err == -EFAULT && steps[1].err == -EFAULT;
}

static bool has_far(void)
{
	struct hostile_step step = { .op = HOSTILE_MRS, .at = HOSTILE_ID_AA64MMFR0_EL1 };

	return kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE) == 48 && !run_steps(&step, 1) &&
	       SYS_FIELD_GET(ID_AA64MMFR0_EL1, PARANGE, step.x[0]) ==
	       ID_AA64MMFR0_EL1_PARANGE_52;
}

static sigjmp_buf undef;

static void on_sigill(int sig)
{
	siglongjmp(undef, 1);
}

static void read_svcr(void) { asm volatile("mrs x0, s3_3_c4_c2_2" ::: "x0"); }
static void read_vl(void) { asm volatile(".inst 0x04bf5020" ::: "x0"); }
static void read_svl(void) { asm volatile(".inst 0x04bf5820" ::: "x0"); }
static void read_por(void) { asm volatile("mrs x0, s3_3_c10_c2_4" ::: "x0"); }
static void read_fpmr(void) { asm volatile("mrs x0, s3_3_c4_c4_2" ::: "x0"); }

static u64 set_sysreg(enum hostile_sysreg reg, u64 val)
{
	struct hostile_step steps[] = {
		{ .op = HOSTILE_MRS, .at = reg },
		{ .op = HOSTILE_MSR, .at = reg, .x = { val } },
	};

	TEST_ASSERT(!run_steps(steps, 2) && !steps[1].err, "no system register");
	return steps[0].x[0];
}

/* Whether a process can use a feature when EL1 lets it. */
static bool accessible(void (*access)(void))
{
	static u64 cpacr;
	static bool ok;

	cpacr = set_sysreg(HOSTILE_CPACR_EL1, ~0UL);
	ok = true;
	signal(SIGILL, on_sigill);
	if (sigsetjmp(undef, 1))
		ok = false;
	else
		access();
	signal(SIGILL, SIG_DFL);
	set_sysreg(HOSTILE_CPACR_EL1, cpacr);
	return ok;
}

static bool test_trap(void)
{
	static const struct {
		const char *name;
		void (*access)(void);
	} accesses[] = {
		{ "SVCR", read_svcr }, { "RDVL", read_vl }, { "RDSVL", read_svl },
		{ "POR_EL0", read_por }, { "FPMR", read_fpmr },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accesses); i++)
		ksft_print_msg("%s: %s\n", accesses[i].name,
			       accessible(accesses[i].access) ? "is there" : "SIGILL");
	return true;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		bool (*run)(void);
		bool (*possible)(void);
	} cases[] = {
		{ "early", test_early },
		{ "tlb_flush", test_tlb_flush },
		{ "vgic_v5", test_vgic_v5 },
		{ "debug_owner", test_debug_owner },
		{ "vgic_model", test_vgic_model },
		{ "pgd", test_pgd },
		{ "alignment", test_alignment },
		{ "vcpus", test_vcpus },
		{ "pin", test_pin },
		{ "trap", test_trap },
		{ "far", test_far, has_far },
	};
	unsigned int i;

	ksft_print_header();
	pin_self_to_cpu(0);
	hostile_open();
	ksft_set_plan(argc > 1 ? argc - 1 : ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int arg = argc > 1 ? 1 : argc;

		while (arg < argc && strcmp(argv[arg], cases[i].name))
			arg++;
		if (argc > 1 && arg == argc)
			continue;
		if (cases[i].possible && !cases[i].possible())
			ksft_test_result_skip("%s\n", cases[i].name);
		else
			ksft_test_result(cases[i].run(), "%s\n", cases[i].name);
	}
	ksft_finished();
}
