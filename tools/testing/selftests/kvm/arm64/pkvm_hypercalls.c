// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hypercalls - a hostile host cannot stop EL2
 *
 * Each case does what only the kernel of a malicious host would do. EL2 has to
 * refuse it with an error, or to give the host an exception, and to go on. If EL2
 * panics instead, the machine is gone, so "pkvm_hypercalls CASE..." runs only the
 * cases that are named. "streaming" and "trap" can fail in no other way.
 *
 * Needs test_modules/pkvm_hostile.ko beside the program, or loaded before.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>

#include <asm/hwcap.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

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
	/* None of these is a pointer to memory that EL2 has mapped. */
	static const u64 args[] = { 0, 0x1000, ~0UL };
	unsigned int i, j;
	bool ok = true;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < ARRAY_SIZE(args); j++) {
			if (hostile_hvc(funcs[i], args[j], args[j], 0) == -EOPNOTSUPP)
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
		"__vgic_v3_save_aprs", "__vgic_v3_restore_vmcr_aprs",
		"__kvm_timer_set_cntvoff",
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

	bare_vm_reserve(&vm, true);
	ok = !bare_vm_init(&vm);
	for (i = 0; ok && i < ARRAY_SIZE(owners); i++) {
		hostile_poke(vm.vcpu.va, "vcpu.arch.debug_owner", owners[i]);
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
	u64 pfr0;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		bare_vm_reserve(&vm, true);
		hostile_poke(vm.kvm.va, "kvm.arch.vgic.vgic_model", models[i]);
		/* With any other model, the VM has no GIC. */
		pfr0 = hostile_peek(vm.kvm.va, "ID_AA64PFR0_EL1");
		if (models[i] != KVM_DEV_TYPE_ARM_VGIC_V3)
			pfr0 &= ~ID_AA64PFR0_EL1_GIC;
		hostile_poke(vm.kvm.va, "ID_AA64PFR0_EL1", pfr0);
		ok &= !bare_vm_init(&vm) && bare_vm_runs(&vm);
		ok &= bare_vm_free(&vm);
	}
	return ok;
}

static bool test_pgd(void)
{
	int ipa_bits = kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE);
	/* With 4K pages, the PGD has more than one page for these IPA sizes. */
	bool many = getpagesize() == 4096 &&
		    ((ipa_bits >= 40 && ipa_bits <= 43) || ipa_bits > 48);
	struct bare_vm vm;
	s64 ret;

	ksft_print_msg("%d bits, the PGD has %s\n", ipa_bits, many ? "pages" : "one page");
	bare_vm_reserve(&vm, true);
	vm.pgd.va += getpagesize();
	ret = hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.pgd.va);
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

	bare_vm_reserve(&vm, true);
	ok = hostile_hvc("__pkvm_init_vm", vm.kvm.va + 1, vm.hyp_vm.va, vm.pgd.va) == -EINVAL;
	ok &= !hostile_hvc("__pkvm_init_vm", vm.kvm.va, vm.hyp_vm.va, vm.pgd.va);
	ok &= hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va + 1, vm.hyp_vcpu.va) == -EINVAL;
	/* This has no result: EL2 only has to go on. */
	hostile_hvc("__kvm_adjust_pc", vm.vcpu.va + 1, 0, 0);
	return bare_vm_free(&vm) && ok;
}

/* A second vCPU of the same vcpu_id would have the same MPIDR_EL1. */
static bool test_vcpu_id(void)
{
	struct hostile_pages other = hostile_get_pages(BARE_VM_SIZE);
	struct bare_vm vm;
	bool ok;

	bare_vm_reserve(&vm, true);
	ok = !bare_vm_init(&vm);
	hostile_poke(vm.vcpu.va, "vcpu.vcpu_idx", 1);
	ok &= hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va, other.va) == -EINVAL;
	hostile_poke(vm.vcpu.va, "vcpu.vcpu_id", 1);
	ok &= !hostile_hvc("__pkvm_init_vcpu", vm.handle, vm.vcpu.va, other.va);
	ok &= bare_vm_free(&vm);
	hostile_put_pages(&other);
	return ok;
}

/* The host has told userspace of another CPU than EL2 gives the guest. */
static bool test_id_regs(void)
{
	struct bare_vm vm;
	bool ok;

	bare_vm_reserve(&vm, true);
	hostile_poke(vm.kvm.va, "ID_AA64PFR0_EL1", 0);
	ok = bare_vm_init(&vm) == -EINVAL;
	return bare_vm_free(&vm) && ok;
}

static bool test_vcpus(void)
{
	struct bare_vm vm;
	bool ok;

	bare_vm_reserve(&vm, true);
	/* The memory that EL2 takes for a VM does not depend on the number of vCPUs. */
	hostile_poke(vm.kvm.va, "kvm.created_vcpus", INT_MAX);
	ok = !bare_vm_init(&vm) && bare_vm_runs(&vm);
	return bare_vm_free(&vm) && ok;
}

#define PIN_VMS		130
#define PIN_VCPUS	512
#define PIN_CHUNK	128

/* Make hyp vCPUs of one host vCPU until EL2 refuses to pin it once more. */
static bool test_pin(void)
{
	static struct hostile_pages chunks[PIN_VMS][PIN_VCPUS / PIN_CHUNK];
	static struct bare_vm vms[PIN_VMS];
	u64 hyp_vcpu_size = align_up(BARE_VM_SIZE / 4, getpagesize());
	unsigned int nr_vms, i, j, nr = 0;
	struct hostile_step steps[3];
	struct hostile_pages vcpu;
	bool ok = true;

	vcpu = hostile_share_pages(hostile_datum("sizeof(vcpu)").value);
	steps[0] = (struct hostile_step) {
		.op = HOSTILE_WRITE,
		.at = vcpu.va + hostile_datum("vcpu.vcpu_idx").value,
		.size = hostile_datum("vcpu.vcpu_idx").size,
	};
	steps[1] = steps[0];
	steps[1].at = vcpu.va + hostile_datum("vcpu.vcpu_id").value;
	steps[2].x[1] = 0;

	for (nr_vms = 0; !steps[2].x[1] && nr_vms < PIN_VMS; nr_vms++) {
		struct bare_vm *vm = &vms[nr_vms];

		bare_vm_reserve(vm, true);
		hostile_poke(vm->kvm.va, "kvm.created_vcpus", PIN_VCPUS);
		ok &= !hostile_hvc("__pkvm_init_vm", vm->kvm.va, vm->hyp_vm.va, vm->pgd.va);
		for (i = 0; i < PIN_VCPUS; i++, nr++) {
			struct hostile_pages *chunk = &chunks[nr_vms][i / PIN_CHUNK];

			if (!chunk->va)
				*chunk = hostile_get_pages(PIN_CHUNK * hyp_vcpu_size);
			steps[0].x[0] = i;
			steps[1].x[0] = i;
			steps[2] = hostile_hvc_step("__pkvm_init_vcpu", vm->handle, vcpu.va,
						    chunk->va + i % PIN_CHUNK * hyp_vcpu_size);
			TEST_ASSERT(!hostile_run_steps(steps, 3), "no hypercall");
			if (steps[2].x[1])
				break;
		}
	}
	ksft_print_msg("%u hyp vCPUs, then %ld\n", nr, (s64)steps[2].x[1]);
	ok &= (s64)steps[2].x[1] == -EBUSY;

	for (i = 0; i < nr_vms; i++) {
		ok &= bare_vm_free(&vms[i]);
		for (j = 0; j < ARRAY_SIZE(chunks[i]) && chunks[i][j].va; j++)
			hostile_put_pages(&chunks[i][j]);
	}
	hostile_unshare_pages(&vcpu);
	return ok;
}

/* The stage 2 of the host has 48 bits, while the CPU has 52. */
static bool test_far(void)
{
	struct hostile_pages table = hostile_get_pages(65536);
	struct hostile_step steps[] = {
		{ .op = HOSTILE_FAR, .at = table.va, .x = { BIT(48) } },
		{ .op = HOSTILE_FAR, .at = table.va, .x = { BIT(51) + 4096 } },
	};
	bool ok = !hostile_run_steps(steps, ARRAY_SIZE(steps));

	hostile_put_pages(&table);
	return ok && steps[0].err == -EFAULT && steps[1].err == -EFAULT;
}

static bool has_far(void)
{
	struct hostile_step step = { .op = HOSTILE_MRS, .at = HOSTILE_ID_AA64MMFR0_EL1 };

	return kvm_check_cap(KVM_CAP_ARM_VM_IPA_SIZE) == 48 && !hostile_run_steps(&step, 1) &&
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

	TEST_ASSERT(!hostile_run_steps(steps, 2) && !steps[1].err, "no system register");
	return steps[0].x[0];
}

/* Can this process use the feature? */
static bool usable(void (*access)(void))
{
	static bool ok;

	ok = true;
	signal(SIGILL, on_sigill);
	if (sigsetjmp(undef, 1))
		ok = false;
	else
		access();
	signal(SIGILL, SIG_DFL);
	return ok;
}

/* Could it, if only EL1 let it? */
static bool accessible(void (*access)(void))
{
	u64 cpacr = set_sysreg(HOSTILE_CPACR_EL1, ~0UL);
	bool ok = usable(access);

	set_sysreg(HOSTILE_CPACR_EL1, cpacr);
	return ok;
}

static void fp_guest_code(void)
{
	asm volatile("fmov d0, #1.0" ::: "v0");
	GUEST_DONE();
}

static void start_and_stop_streaming(void)
{
	asm volatile(".arch_extension sme\n smstart sm\n smstop sm\n" ::: "memory");
}

static bool has_streaming(void)
{
	struct hostile_step step = { .op = HOSTILE_MRS, .at = HOSTILE_ID_AA64PFR1_EL1 };

	return !hostile_run_steps(&step, 1) && SYS_FIELD_GET(ID_AA64PFR1_EL1, SME, step.x[0]);
}

/*
 * Enter a guest, which uses FP registers, in streaming mode. A kernel that knows SME
 * has to give this process the memory for its state first, and leaves the mode. Under
 * one that does not know SME, EL2 lets nobody use it. This is the first case, since no
 * other guest may have run on this CPU.
 */
static bool test_streaming(void)
{
	static struct kvm_vcpu *vcpu;
	static struct kvm_vm *vm;
	static u64 cpacr;
	static long ret;
	static int fd;

	if (!usable(start_and_stop_streaming) && !accessible(start_and_stop_streaming))
		return !(getauxval(AT_HWCAP2) & HWCAP2_SME);
	vm = vm_create_with_one_vcpu(&vcpu, fp_guest_code);
	fd = vcpu->fd;
	cpacr = set_sysreg(HOSTILE_CPACR_EL1, ~0UL);
	asm volatile(".arch_extension sme\n smstart sm\n" ::: "memory");
	ret = vcpu_run_svc(fd);
	asm volatile(".arch_extension sme\n smstop sm\n" ::: "memory");
	set_sysreg(HOSTILE_CPACR_EL1, cpacr);
	ksft_print_msg("KVM_RUN: %ld\n", ret);
	kvm_vm_free(vm);
	return true;
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

/*
 * On a CPU with GICv2 compatibility the host can clear SRE, which takes the GIC from a
 * guest that has a GICv3. It must not take more than that.
 */
static bool test_icc_sre(void)
{
	struct bare_vm vm;
	bool ok;
	u64 sre;

	bare_vm_reserve(&vm, true);
	ok = !bare_vm_init(&vm);
	sre = set_sysreg(HOSTILE_ICC_SRE_EL1, 0);
	ok &= bare_vm_runs(&vm);
	set_sysreg(HOSTILE_ICC_SRE_EL1, sre);
	return bare_vm_free(&vm) && ok;
}

/* EL2's text, which the host may read, is a part of the kernel's. */
static bool test_reclaim(void)
{
	u64 pa, start = 0, end = 0;
	FILE *iomem = fopen("/proc/iomem", "r");
	char line[128];
	bool ok = true;

	while (iomem && !end && fgets(line, sizeof(line), iomem)) {
		if (strstr(line, ": Kernel code"))
			sscanf(line, "%lx-%lx", &start, &end);
	}
	TEST_ASSERT(end, "no kernel in /proc/iomem");
	fclose(iomem);

	for (pa = start; pa < end; pa += getpagesize()) {
		if (hostile_hvc("__pkvm_force_reclaim_guest_page", pa, 0, 0) < 0)
			continue;
		ksft_print_msg("0x%lx is reclaimed\n", pa);
		ok = false;
	}
	return ok;
}

static bool has_icc_sre(void)
{
	u64 sre = set_sysreg(HOSTILE_ICC_SRE_EL1, 0);

	return !(set_sysreg(HOSTILE_ICC_SRE_EL1, sre) & BIT(0));
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		bool (*run)(void);
		bool (*possible)(void);
	} cases[] = {
		{ "streaming", test_streaming, has_streaming },
		{ "early", test_early },
		{ "tlb_flush", test_tlb_flush },
		{ "vgic_v5", test_vgic_v5 },
		{ "debug_owner", test_debug_owner },
		{ "vgic_model", test_vgic_model },
		{ "pgd", test_pgd },
		{ "alignment", test_alignment },
		{ "id_regs", test_id_regs },
		{ "vcpus", test_vcpus },
		{ "vcpu_id", test_vcpu_id },
		{ "pin", test_pin },
		{ "trap", test_trap },
		{ "far", test_far, has_far },
		{ "icc_sre", test_icc_sre, has_icc_sre },
		{ "reclaim", test_reclaim },
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
