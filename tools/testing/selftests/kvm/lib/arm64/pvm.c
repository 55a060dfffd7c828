// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protected VMs, see pvm.h.
 */
#include <linux/arm-smccc.h>
#include <linux/psci.h>
#include <linux/sizes.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define PVM_MAX_SHARED	8

/*
 * What the guest has to share, in pages of the host. The test writes the copies in
 * the memory of its VMs, and not the one in its own.
 */
static struct {
	gpa_t gpa;
	u64 size;
} pvm_shared[PVM_MAX_SHARED];
static u64 pvm_page_size;

bool kvm_has_protected_vms(void)
{
	int kvm_fd = open_kvm_dev_path_or_exit();
	int vm_fd = __kvm_ioctl(kvm_fd, KVM_CREATE_VM,
				(void *)KVM_VM_TYPE_ARM_PROTECTED);

	if (vm_fd >= 0)
		close(vm_fd);
	close(kvm_fd);

	return vm_fd >= 0;
}

void kvm_arch_vm_share(struct kvm_vm *vm, gva_t gva, size_t sz)
{
	u64 page_size = getpagesize(), size;
	int i = vm->arch.nr_shared++;
	gpa_t gpa;

	TEST_ASSERT(i < PVM_MAX_SHARED, "Too many shared allocations");
	gpa = addr_gva2gpa(vm, gva);
	size = align_up(gpa + sz, page_size) - align_down(gpa, page_size);
	write_guest_global(vm, pvm_shared[i].gpa, align_down(gpa, page_size));
	write_guest_global(vm, pvm_shared[i].size, size);
	write_guest_global(vm, pvm_page_size, page_size);
}

/*
 * Ignore errors, as another vCPU may have shared the page already. If a page is not
 * shared after all, an access by the test raises SIGSEGV.
 */
static void pvm_guest_share(void)
{
	struct arm_smccc_res res;
	u64 i, offset;

	for (i = 0; i < PVM_MAX_SHARED; i++)
		for (offset = 0; offset < pvm_shared[i].size; offset += pvm_page_size)
			smccc_hvc(ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID,
				  pvm_shared[i].gpa + offset, 0, 0, 0, 0, 0, 0,
				  &res);
}

typedef void (guest_fn)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6,
			u64 a7);

/*
 * A vCPU starts with the MMU off, whether the VMM runs it first or PSCI turns it
 * on. So its first code is in a page that has the same virtual and physical address.
 * X0 points to its struct cpu_on_context.
 */
#define CPU_ON_MAX_VCPUS	8

struct cpu_on_context {
	u64 mair, tcr;
	u64 ttbr0, cpacr;
	u64 vbar, id;
	u64 sctlr, sp;
	u64 fn, guest_code;
	u64 args[8];
};

static struct {
	gpa_t page;
	u64 sp[CPU_ON_MAX_VCPUS];
	u64 at_boot;	/* The vCPUs that the boot vCPU turns on, by ID. */
} cpu_on;

asm(".pushsection .text\n"
"pvm_cpu_on_entry:\n"
"	ldp	x1, x2, [x0]\n"
"	msr	mair_el1, x1\n"
"	msr	tcr_el1, x2\n"
"	ldp	x1, x2, [x0, #16]\n"
"	msr	ttbr0_el1, x1\n"
"	msr	cpacr_el1, x2\n"
"	ldp	x1, x2, [x0, #32]\n"
"	msr	vbar_el1, x1\n"
"	msr	tpidr_el1, x2\n"
"	ldp	x8, x2, [x0, #48]\n"
"	mov	sp, x2\n"
"	ldp	x9, x2, [x0, #64]\n"
"	msr	tpidr_el0, x2\n"
"	ldp	x2, x3, [x0, #96]\n"
"	ldp	x4, x5, [x0, #112]\n"
"	ldp	x6, x7, [x0, #128]\n"
"	ldp	x0, x1, [x0, #80]\n"
"	isb\n"
"	tlbi	vmalle1\n"
"	dsb	nsh\n"
"	msr	sctlr_el1, x8\n"
"	isb\n"
"	br	x9\n"
"pvm_cpu_on_entry_end:\n"
"	.popsection\n");

void pvm_init_cpu_on(struct kvm_vm *vm)
{
	size_t size = pvm_cpu_on_entry_end - pvm_cpu_on_entry;
	gpa_t page = vm_phy_page_alloc(vm, KVM_GUEST_PAGE_TABLE_MIN_PADDR,
				       vm->memslots[MEM_REGION_CODE]);

	virt_map(vm, page, page, 1);
	memcpy(addr_gpa2hva(vm, page), pvm_cpu_on_entry, size);
	write_guest_global(vm, cpu_on.page, page);
	vm->arch.cpu_on_page = page;
}

void pvm_vcpu_set_stack(struct kvm_vcpu *vcpu, gva_t sp)
{
	if (vcpu->id < CPU_ON_MAX_VCPUS)
		write_guest_global(vcpu->vm, cpu_on.sp[vcpu->id], sp);
}

static gpa_t cpu_on_context_gpa(gpa_t page, u32 vcpu_id)
{
	return page + SZ_2K + vcpu_id * sizeof(struct cpu_on_context);
}

static u64 __pvm_guest_cpu_on(u32 vcpu_id)
{
	struct arm_smccc_res res;

	smccc_hvc(PSCI_0_2_FN64_CPU_ON, vcpu_id, cpu_on.page,
		  cpu_on_context_gpa(cpu_on.page, vcpu_id), 0, 0, 0, 0, &res);

	return res.a0;
}

u64 pvm_guest_cpu_on(u32 vcpu_id, void (*fn)(u64 arg), u64 arg)
{
	struct cpu_on_context *ctx = (void *)cpu_on_context_gpa(cpu_on.page, vcpu_id);

	*ctx = (struct cpu_on_context) {
		.mair = read_sysreg(mair_el1),
		.tcr = read_sysreg(tcr_el1),
		.ttbr0 = read_sysreg(ttbr0_el1),
		.cpacr = read_sysreg(cpacr_el1),
		.vbar = read_sysreg(vbar_el1),
		.id = vcpu_id,
		.sctlr = read_sysreg(sctlr_el1),
		.sp = cpu_on.sp[vcpu_id],
		.fn = (u64)fn,
		.args = { arg },
	};
	/* With its MMU off, the other vCPU reads past the caches. */
	asm volatile("dc civac, %0\n"
		     "dc civac, %1\n"
		     "dc civac, %2\n"
		     "dsb sy"
		     :: "r" (ctx), "r" ((u64)ctx + sizeof(*ctx) / 2), "r" ((u64)(ctx + 1) - 1)
		     : "memory");

	return __pvm_guest_cpu_on(vcpu_id);
}

/* TPIDR_EL0 holds the entry point of the test, which gets the arguments as they are. */
static void pvm_guest_entry(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5,
			    u64 a6, u64 a7)
{
	guest_fn *guest_code = (guest_fn *)read_sysreg(tpidr_el0);
	u32 i;

	pvm_guest_share();
	for (i = 0; i < CPU_ON_MAX_VCPUS; i++)
		if (cpu_on.at_boot & BIT(i))
			GUEST_ASSERT_EQ(__pvm_guest_cpu_on(i), PSCI_RET_SUCCESS);

	guest_code(a0, a1, a2, a3, a4, a5, a6, a7);
}

void pvm_vcpu_set_entry_point(struct kvm_vcpu *vcpu, void *guest_code)
{
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), (u64)guest_code);
	TEST_ASSERT(vcpu->id < CPU_ON_MAX_VCPUS, "Too many vCPUs");
	vcpu->vm->arch.has_entry |= BIT(vcpu->id);
}

/* Have @vcpu start with the registers that the test has set by KVM_SET_ONE_REG. */
static void write_cpu_on_context(struct kvm_vcpu *vcpu, bool is_boot)
{
	struct kvm_vm *vm = vcpu->vm;
	struct cpu_on_context *ctx =
		addr_gpa2hva(vm, cpu_on_context_gpa(vm->arch.cpu_on_page, vcpu->id));
	u64 pc = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.pc));
	int i;

	*ctx = (struct cpu_on_context) {
		.mair = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_MAIR_EL1)),
		.tcr = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TCR_EL1)),
		.ttbr0 = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TTBR0_EL1)),
		.cpacr = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1)),
		.vbar = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_VBAR_EL1)),
		.id = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TPIDR_EL1)),
		.sctlr = vcpu_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_SCTLR_EL1)),
		.sp = vcpu_get_reg(vcpu, ARM64_CORE_REG(sp_el1)),
		.fn = is_boot ? (u64)pvm_guest_entry : pc,
		.guest_code = pc,
	};
	for (i = 0; i < ARRAY_SIZE(ctx->args); i++)
		ctx->args[i] = vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.regs[i]));
}

static bool is_off(struct kvm_vcpu *vcpu)
{
	struct kvm_mp_state state;

	vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state);
	return state.mp_state == KVM_MP_STATE_STOPPED;
}

/*
 * The first vCPU that runs is the boot vCPU. It turns on those that the test means
 * to run as well, since nobody else can.
 */
static void prepare_boot(struct kvm_vcpu *boot)
{
	struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
	struct kvm_vm *vm = boot->vm;
	struct kvm_vcpu *vcpu;
	u64 at_boot = 0;

	list_for_each_entry(vcpu, &vm->vcpus, list) {
		if (!(vm->arch.has_entry & BIT(vcpu->id)))
			continue;
		if (vcpu == boot) {
			write_cpu_on_context(vcpu, true);
			continue;
		}
		if (is_off(vcpu))
			continue;
		write_cpu_on_context(vcpu, false);
		vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &off);
		at_boot |= BIT(vcpu->id);
	}
	write_guest_global(vm, cpu_on.at_boot, at_boot);

	vcpu_set_reg(boot, ARM64_CORE_REG(regs.pc), vm->arch.cpu_on_page);
	vcpu_set_reg(boot, ARM64_CORE_REG(regs.regs[0]),
		     cpu_on_context_gpa(vm->arch.cpu_on_page, boot->id));
}

void kvm_arch_vcpu_pre_run(struct kvm_vcpu *vcpu)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct kvm_vm *vm = vcpu->vm;

	if (!vm->arch.has_entry || READ_ONCE(vm->arch.has_booted))
		return;

	pthread_mutex_lock(&lock);
	if (!vm->arch.has_booted && vm->arch.has_entry & BIT(vcpu->id) && !is_off(vcpu)) {
		prepare_boot(vcpu);
		WRITE_ONCE(vm->arch.has_booted, true);
	}
	pthread_mutex_unlock(&lock);
}

static sigjmp_buf segv;

static void on_segv(int sig)
{
	siglongjmp(segv, 1);
}

bool access_raises_segv(u64 *p, bool write)
{
	const struct sigaction sa = { .sa_handler = on_segv };
	struct sigaction old;
	bool raised = false;

	sigaction(SIGSEGV, &sa, &old);
	if (sigsetjmp(segv, 1))
		raised = true;
	else if (write)
		WRITE_ONCE(*p, 0);
	else
		READ_ONCE(*p);
	sigaction(SIGSEGV, &old, NULL);

	return raised;
}

bool write_file(const char *path, const char *text)
{
	ssize_t size = strlen(text);
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, size) == size;

	if (fd >= 0)
		close(fd);

	return ok;
}
