// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/pkvm_hostile: what a hostile host can do to EL2, for selftests
 *
 * Under protected KVM, EL2 must not rely on anything that the host can write.
 * This module lets a test be such a host: it reads and writes the host's own
 * data of VMs and makes any hypercall with any argument, at any time.
 * Whoever can open the device owns the host.
 *
 * The module uses no symbol of KVM, and takes the layout of KVM's structures
 * from the headers of the kernel that it is built for.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include <asm/kvm_asm.h>
#include <asm/sysreg.h>

#include "../include/arm64/pkvm_hostile.h"

#define MEMBER(name, type, member)					\
	{ name, offsetof(type, member), sizeof_field(type, member) }
#define VM(member)	MEMBER("kvm." #member, struct kvm, member)
#define VCPU(member)	MEMBER("vcpu." #member, struct kvm_vcpu, member)
#define REG(reg)	MEMBER("reg." #reg, struct kvm_vcpu, arch.ctxt.sys_regs[reg])
#define HCALL(func)	{ #func, KVM_HOST_SMCCC_ID(__KVM_HOST_SMCCC_FUNC_##func) }

/* What the tests look up. pkvm_lying_host lies about all that is a member. */
static const struct hostile_datum data[] = {
	{ "sizeof(kvm)", sizeof(struct kvm) },
	{ "sizeof(vcpu)", sizeof(struct kvm_vcpu) },
	{ "NVHE_EL2_DEBUG", IS_ENABLED(CONFIG_NVHE_EL2_DEBUG) },
	{ "KASAN_GENERIC", IS_ENABLED(CONFIG_KASAN_GENERIC) },
	{ "ID_AA64PFR0_EL1", offsetof(struct kvm, arch.id_regs[IDREG_IDX(SYS_ID_AA64PFR0_EL1)]),
	  sizeof(u64) },
	{ "ID_REGS_INITIALIZED", BIT(KVM_ARCH_FLAG_ID_REGS_INITIALIZED) },
	{ "VCPU_INITIALIZED", unpack_vcpu_flag(VCPU_INITIALIZED) },
	{ "VCPU_SVE_FINALIZED", unpack_vcpu_flag(VCPU_SVE_FINALIZED) },
	{ "PKVM_HOST_STATE_DIRTY", unpack_vcpu_flag(PKVM_HOST_STATE_DIRTY) },

	VM(created_vcpus),
	VM(arch.mmu.vmid),
	VM(arch.mmu.pgd_phys),
	VM(arch.mmu.pgt),
	VM(arch.mmu.vtcr),
	VM(arch.mmu.arch),
	VM(arch.mmu.tlb_vttbr),
	VM(arch.mmu.tlb_vtcr),
	VM(arch.fgu),
	VM(arch.vgic.in_kernel),
	VM(arch.vgic.vgic_model),
	VM(arch.timer_data.voffset),
	VM(arch.timer_data.poffset),
	VM(arch.flags),
	VM(arch.vcpu_features),
	VM(arch.nr_pmu_counters),
	VM(arch.id_regs),
	VM(arch.midr_el1),
	VM(arch.revidr_el1),
	VM(arch.aidr_el1),
	VM(arch.ctr_el0),
	VM(arch.sysreg_masks),
	VM(arch.pkvm.handle),
	VM(arch.pkvm.teardown_mc),
	VM(arch.pkvm.stage2_teardown_mc),
	VM(arch.pkvm.is_protected),
	VM(arch.pkvm.is_created),
	VM(arch.pkvm.is_dying),

	VCPU(kvm),
	VCPU(vcpu_id),
	VCPU(vcpu_idx),
	VCPU(guest_debug),
	VCPU(stat.pvm_emulated),
	VCPU(stat.pvm_denied),
	VCPU(arch.ctxt.regs),
	VCPU(arch.ctxt.regs.regs[4]),
	VCPU(arch.ctxt.regs.regs[30]),
	VCPU(arch.ctxt.regs.sp),
	VCPU(arch.ctxt.regs.pc),
	VCPU(arch.ctxt.regs.pstate),
	VCPU(arch.ctxt.spsr_abt),
	VCPU(arch.ctxt.fp_regs),
	VCPU(arch.ctxt.fp_regs.vregs[8]),
	VCPU(arch.ctxt.__hyp_running_vcpu),
	VCPU(arch.ctxt.vncr_array),
	VCPU(arch.sve_state),
	VCPU(arch.fp_type),
	VCPU(arch.sve_max_vl),
	VCPU(arch.hw_mmu),
	VCPU(arch.hcr_el2),
	VCPU(arch.hcrx_el2),
	VCPU(arch.mdcr_el2),
	VCPU(arch.fgt),
	VCPU(arch.fault),
	VCPU(arch.cflags),
	VCPU(arch.iflags),
	VCPU(arch.sflags),
	VCPU(arch.pause),
	VCPU(arch.vcpu_debug_state),
	VCPU(arch.external_debug_state),
	VCPU(arch.external_mdscr_el1),
	VCPU(arch.debug_owner),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_hcr),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_vmcr),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_sre),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_ap0r),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_ap1r),
	VCPU(arch.vgic_cpu.vgic_v3.vgic_lr),
	VCPU(arch.vgic_cpu.vgic_v3.its_vpe.its_vm),
	VCPU(arch.vgic_cpu.vgic_v3.used_lrs),
	VCPU(arch.timer_cpu.timers[TIMER_VTIMER].offset),
	VCPU(arch.timer_cpu.timers[TIMER_PTIMER].offset),
	VCPU(arch.pmu.events),
	VCPU(arch.mp_state),
	VCPU(arch.pkvm_memcache),
	VCPU(arch.vsesr_el2),
	VCPU(arch.reset_state),
	VCPU(arch.ccsidr),
	VCPU(arch.vncr_tlb),
	VCPU(arch.pid),

	REG(MPIDR_EL1),
	REG(CSSELR_EL1),
	REG(ACTLR_EL1),
	REG(SCTLR_EL1),
	REG(CPACR_EL1),
	REG(TTBR0_EL1),
	REG(VBAR_EL1),
	REG(TPIDR_EL1),
	REG(ESR_EL1),
	REG(ELR_EL1),
	REG(SP_EL1),
	REG(SPSR_EL1),
	REG(DISR_EL1),
	REG(PAR_EL1),
	REG(APIAKEYLO_EL1),
	REG(MDCCINT_EL1),
	REG(MDSCR_EL1),
	REG(OSLSR_EL1),
	REG(SCTLR2_EL1),
	REG(TCR2_EL1),
	REG(PIR_EL1),
	REG(PIRE0_EL1),
	REG(POR_EL1),
	REG(POR_EL0),
	REG(ZCR_EL1),
	REG(FPMR),
	REG(RGSR_EL1),
	REG(GCR_EL1),
	REG(TFSR_EL1),
	REG(PMCR_EL0),
	REG(PMUSERENR_EL0),
	REG(CNTVOFF_EL2),
	REG(CNTHCTL_EL2),
	REG(HCR_EL2),
	REG(DBGVCR32_EL2),

	HCALL(__pkvm_init),
	HCALL(__pkvm_create_private_mapping),
	HCALL(__pkvm_cpu_set_vector),
	HCALL(__kvm_enable_ssbs),
	HCALL(__vgic_v3_init_lrs),
	HCALL(__vgic_v3_get_gic_config),
	HCALL(__vgic_v5_save_apr),
	HCALL(__vgic_v5_restore_vmcr_apr),
	HCALL(__kvm_tlb_flush_vmid_ipa),
	HCALL(__kvm_tlb_flush_vmid_ipa_nsh),
	HCALL(__kvm_tlb_flush_vmid),
	HCALL(__kvm_tlb_flush_vmid_range),
	HCALL(__kvm_flush_cpu_context),
	HCALL(__pkvm_prot_finalize),
	HCALL(__kvm_adjust_pc),
	HCALL(__kvm_vcpu_run),
	HCALL(__kvm_flush_vm_context),
	HCALL(__kvm_timer_set_cntvoff),
	HCALL(__tracing_load),
	HCALL(__tracing_unload),
	HCALL(__tracing_enable),
	HCALL(__tracing_swap_reader),
	HCALL(__tracing_update_clock),
	HCALL(__tracing_reset),
	HCALL(__tracing_enable_event),
	HCALL(__tracing_write_event),
	HCALL(__vgic_v3_save_aprs),
	HCALL(__vgic_v3_restore_vmcr_aprs),
	HCALL(__pkvm_host_share_hyp),
	HCALL(__pkvm_host_unshare_hyp),
	HCALL(__pkvm_host_donate_guest),
	HCALL(__pkvm_host_share_guest),
	HCALL(__pkvm_host_unshare_guest),
	HCALL(__pkvm_host_relax_perms_guest),
	HCALL(__pkvm_host_wrprotect_guest),
	HCALL(__pkvm_host_test_clear_young_guest),
	HCALL(__pkvm_host_mkyoung_guest),
	HCALL(__pkvm_reserve_vm),
	HCALL(__pkvm_unreserve_vm),
	HCALL(__pkvm_init_vm),
	HCALL(__pkvm_init_vcpu),
	HCALL(__pkvm_vcpu_in_poison_fault),
	HCALL(__pkvm_force_reclaim_guest_page),
	HCALL(__pkvm_reclaim_dying_guest_page),
	HCALL(__pkvm_start_teardown_vm),
	HCALL(__pkvm_finalize_teardown_vm),
	HCALL(__pkvm_vcpu_load),
	HCALL(__pkvm_vcpu_put),
	HCALL(__pkvm_vcpu_sync_state),
	HCALL(__pkvm_tlb_flush_vmid),
};

static long find_datum(struct hostile_datum *datum)
{
	unsigned int i;

	if (!datum->name[0] && datum->value < ARRAY_SIZE(data)) {
		*datum = data[datum->value];
		return 0;
	}

	datum->name[sizeof(datum->name) - 1] = 0;
	for (i = 0; i < ARRAY_SIZE(data); i++) {
		if (!strcmp(datum->name, data[i].name)) {
			*datum = data[i];
			return 0;
		}
	}
	return -ENOENT;
}

static long find_object(struct hostile_object *object)
{
	struct file *file = fget(object->vm_fd);
	struct kvm *kvm;
	void *at;

	if (!file)
		return -EBADF;

	kvm = file->private_data;
	at = kvm;
	if (object->vcpu_idx >= 0)
		at = xa_load(&kvm->vcpu_array, object->vcpu_idx);
	fput(file);

	object->va = (u64)at;
	return at ? 0 : -ENOENT;
}

#define FOR_X0_TO_X29(insn)						\
	"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,"\
	"	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29\n"\
	insn "	x\\n, [x30, #8 * \\n]\n	.endr\n"

/*
 * Make a call with X0 to X30 from @x, and store them to @x afterwards. The compiler
 * cannot be told that X18, X29 and X30 change, so the stack keeps their old values.
 */
#define CALL(conduit, x)						\
({									\
	register u64 *__x asm("x0") = (x);				\
									\
	asm volatile("	stp	x29, x30, [sp, #-48]!\n"		\
		     "	stp	x18, x0, [sp, #16]\n"			\
		     "	mov	x30, x0\n"				\
		     FOR_X0_TO_X29("ldr")				\
		     "	ldr	x30, [x30, #240]\n"			\
		     conduit "	#0\n"					\
		     "	str	x30, [sp, #32]\n"			\
		     "	ldr	x30, [sp, #24]\n"			\
		     FOR_X0_TO_X29("str")				\
		     "	ldr	x0, [sp, #32]\n"			\
		     "	str	x0, [x30, #240]\n"			\
		     "	ldr	x18, [sp, #16]\n"			\
		     "	ldp	x29, x30, [sp], #48\n"			\
		     : "+r" (__x) :					\
		     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",	\
		       "x9", "x10", "x11", "x12", "x13", "x14", "x15",	\
		       "x16", "x17", "x19", "x20", "x21", "x22", "x23",	\
		       "x24", "x25", "x26", "x27", "x28", "memory");	\
})

static void call(u64 *x, bool smc)
{
	if (smc)
		CALL("smc", x);
	else
		CALL("hvc", x);
}

static bool has_gcs(void)
{
	return SYS_FIELD_GET(ID_AA64PFR1_EL1, GCS, read_sysreg_s(SYS_ID_AA64PFR1_EL1));
}

static int mrs(u64 reg, u64 *val)
{
	switch (reg) {
	case HOSTILE_ID_AA64MMFR0_EL1:
		*val = read_sysreg(id_aa64mmfr0_el1);
		return 0;
	case HOSTILE_ID_AA64PFR1_EL1:
		*val = read_sysreg(id_aa64pfr1_el1);
		return 0;
	case HOSTILE_CPACR_EL1:
		*val = read_sysreg(cpacr_el1);
		return 0;
	case HOSTILE_MDSCR_EL1:
		*val = read_sysreg(mdscr_el1);
		return 0;
	case HOSTILE_ICC_SRE_EL1:
		*val = read_sysreg_s(SYS_ICC_SRE_EL1);
		return 0;
	case HOSTILE_GCSCR_EL1:
		if (!has_gcs())
			break;
		*val = read_sysreg_s(SYS_GCSCR_EL1);
		return 0;
	}
	return -EINVAL;
}

static int msr(u64 reg, u64 val)
{
	switch (reg) {
	case HOSTILE_CPACR_EL1:
		write_sysreg(val, cpacr_el1);
		break;
	case HOSTILE_MDSCR_EL1:
		write_sysreg(val, mdscr_el1);
		break;
	case HOSTILE_OSLAR_EL1:
		write_sysreg(val, oslar_el1);
		break;
	case HOSTILE_ICC_SRE_EL1:
		write_sysreg_s(val, SYS_ICC_SRE_EL1);
		break;
	case HOSTILE_GCSCR_EL1:
		if (!has_gcs())
			return -EINVAL;
		write_sysreg_s(val, SYS_GCSCR_EL1);
		break;
	case HOSTILE_DBGBVR0_EL1:
		write_sysreg(val, dbgbvr0_el1);
		break;
	case HOSTILE_DBGBCR0_EL1:
		write_sysreg(val, dbgbcr0_el1);
		break;
	default:
		return -EINVAL;
	}
	isb();
	return 0;
}

static int write_mem(void *at, u64 *val, u32 size)
{
	switch (size) {
	case 1:
		__put_kernel_nofault(at, val, u8, fault);
		return 0;
	case 2:
		__put_kernel_nofault(at, val, u16, fault);
		return 0;
	case 4:
		__put_kernel_nofault(at, val, u32, fault);
		return 0;
	case 8:
		__put_kernel_nofault(at, val, u64, fault);
		return 0;
	}
	return -EINVAL;
fault:
	return -EFAULT;
}

static int lie(struct hostile_step *step)
{
	void *at = (void *)step->at;
	u64 *x = step->x;
	int ret;

	if (step->size > sizeof(x[2]))
		return -EINVAL;

	x[2] = 0;
	ret = copy_from_kernel_nofault(&x[2], at, step->size);
	x[3] = (x[2] & ~x[1]) | (x[0] & x[1]);
	return ret ?: write_mem(at, &x[3], step->size);
}

static int undo(struct hostile_step *lie)
{
	void *at = (void *)lie->at;
	u64 now = 0;
	int ret = copy_from_kernel_nofault(&now, at, lie->size);

	if (!ret && now != lie->x[3])
		return -ESTALE;
	return ret ?: write_mem(at, &lie->x[2], lie->size);
}

/*
 * Read at a physical address of up to 52 bits. Where there is no LPA2, only tables
 * of 64K pages can map it. So map one block of 512M in a table of level 2, and use
 * that table in TTBR0_EL1 for the access.
 */
static int read_far(u64 *table, u64 pa, u64 *val)
{
	u64 tcr = read_sysreg(tcr_el1), ttbr0 = read_sysreg(ttbr0_el1);
	u64 in_block = pa & (SZ_512M - 1);
	int ret = 0;

	table[1] = (pa & GENMASK(47, 29)) | (pa >> 48 & 0xf) << 12 |
		   PMD_TYPE_SECT | PMD_SECT_AF | PMD_SECT_S |
		   PMD_SECT_PXN | PMD_SECT_UXN | PTE_WRITE;
	dsb(ishst);
	write_sysreg(__pa(table), ttbr0_el1);
	write_sysreg((tcr & ~(TCR_EL1_T0SZ_MASK | TCR_EL1_TG0_MASK | TCR_EL1_IPS_MASK)) |
		     SYS_FIELD_PREP(TCR_EL1, T0SZ, 64 - 42) |
		     SYS_FIELD_PREP_ENUM(TCR_EL1, TG0, 64K) |
		     SYS_FIELD_PREP(TCR_EL1, IPS, ID_AA64MMFR0_EL1_PARANGE_52), tcr_el1);
	isb();
	local_flush_tlb_all();

	pagefault_disable();
	__get_kernel_nofault(val, (void *)(SZ_512M + in_block), u64, fault);
	goto out;
fault:
	ret = -EFAULT;
out:
	pagefault_enable();
	write_sysreg(tcr, tcr_el1);
	write_sysreg(ttbr0, ttbr0_el1);
	isb();
	local_flush_tlb_all();
	return ret;
}

/* An access to memory that the host does not have fails, and is not fatal. */
static int take_step(struct hostile_step *step)
{
	void *at = (void *)step->at;

	switch (step->op) {
	case HOSTILE_HVC:
		call(step->x, false);
		return 0;
	case HOSTILE_SMC:
		call(step->x, true);
		return 0;
	case HOSTILE_READ:
		if (step->size > sizeof(step->x))
			return -EINVAL;
		step->x[0] = 0;
		return copy_from_kernel_nofault(step->x, at, step->size);
	case HOSTILE_WRITE:
		return write_mem(at, step->x, step->size);
	case HOSTILE_LIE:
		return lie(step);
	case HOSTILE_UNDO:
		return undo(step - step->at);
	case HOSTILE_MRS:
		return mrs(step->at, step->x);
	case HOSTILE_MSR:
		return msr(step->at, step->x[0]);
	case HOSTILE_FAR:
		return read_far(at, step->x[0], step->x);
	}
	return -EINVAL;
}

static void run_script(void *arg)
{
	struct hostile_script *script = arg;
	struct hostile_step *steps = (void *)script->steps;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < script->nr_steps; i++)
		steps[i].err = take_step(&steps[i]);
	local_irq_restore(flags);
}

/* The caller gets the results of the last time. */
static long repeat_script(struct hostile_script *script)
{
	void __user *user = u64_to_user_ptr(script->steps);
	size_t size = script->nr_steps * sizeof(struct hostile_step);
	struct hostile_step *asked, *taken;
	long ret = 0;

	if (script->nr_steps > HOSTILE_MAX_STEPS)
		return -EINVAL;

	asked = vmemdup_user(user, size);
	if (IS_ERR(asked))
		return PTR_ERR(asked);
	taken = kvmalloc(size, GFP_KERNEL);
	if (!taken)
		ret = -ENOMEM;

	script->steps = (u64)taken;
	do {
		if (ret || fatal_signal_pending(current))
			break;
		memcpy(taken, asked, size);
		ret = smp_call_function_single(script->cpu, run_script, script, true);
		cond_resched();
	} while (script->repeat--);

	if (!ret && copy_to_user(user, taken, size))
		ret = -EFAULT;
	kvfree(taken);
	kvfree(asked);
	return ret;
}

/*
 * The device never frees pages by itself: only the caller can know that EL2 has
 * given them back.
 */
static long alloc_pages_for(struct hostile_pages *pages)
{
	void *va = alloc_pages_exact(pages->size, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	pages->va = (u64)va;
	pages->pa = va ? __pa(va) : 0;
	return va ? 0 : -ENOMEM;
}

static long hostile_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	union {
		struct hostile_script script;
		struct hostile_object object;
		struct hostile_datum datum;
		struct hostile_pages pages;
	} u;
	long ret;

	if (_IOC_SIZE(cmd) > sizeof(u))
		return -ENOTTY;
	if (copy_from_user(&u, user, _IOC_SIZE(cmd)))
		return -EFAULT;

	switch (cmd) {
	case HOSTILE_SCRIPT:
		return repeat_script(&u.script);
	case HOSTILE_OBJECT:
		ret = find_object(&u.object);
		break;
	case HOSTILE_DATUM:
		ret = find_datum(&u.datum);
		break;
	case HOSTILE_ALLOC:
		ret = alloc_pages_for(&u.pages);
		break;
	case HOSTILE_FREE:
		free_pages_exact((void *)u.pages.va, u.pages.size);
		return 0;
	default:
		return -ENOTTY;
	}

	if (!ret && copy_to_user(user, &u, _IOC_SIZE(cmd)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations hostile_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= hostile_ioctl,
};

static struct miscdevice hostile_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= HOSTILE_DEVICE,
	.mode	= 0600,
	.fops	= &hostile_fops,
};

static int __init hostile_init(void)
{
	/* Only then does EL2 take an HVC of the host. */
	return is_protected_kvm_enabled() ? misc_register(&hostile_device) : -ENODEV;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	misc_deregister(&hostile_device);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("Attack EL2 of protected KVM, for selftests");
MODULE_LICENSE("GPL");
