// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/pkvm_test: what a hostile host can do to EL2, for selftests
 *
 * EL2 must not rely on anything that the host can write. A host's kernel that
 * an attacker controls writes it all, so this device, which is part of the
 * host's kernel and not of EL2, gives the same to a test: it writes the data of
 * VMs and vCPUs by name, also while they run, and makes any hypercall with any
 * argument. Needless to say that whoever can open it owns the host.
 *
 * The memory for hypercalls that donate or share is the file's own: a chunk of
 * pages filled with canaries. Pages that a test does not get back from EL2 are
 * lost, and are never freed.
 */

#include <linux/arm-smccc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/memblock.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include <asm/kvm_asm.h>
#include <asm/kvm_hyp.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/neon.h>
#include <asm/sections.h>

#include "pkvm_test.h"
#include "pkvm_test_fp.h"

#define CANARY			0xca
#define CHUNK_SIZE		(PKVM_TEST_NR_PAGES * PAGE_SIZE)

DECLARE_KVM_NVHE_SYM(pvm_id_reg_limit);
DECLARE_KVM_NVHE_SYM(pvm_ctr_el0);
DECLARE_KVM_NVHE_SYM(pvm_clidr_el1);

/* The pages of one open file. */
struct pkvm_test_file {
	struct mutex lock;	/* protects the allocation of the pages */
	void *pages;
};

struct field {
	const char *name;
	enum pkvm_test_object object;
	u32 size;
	u32 count;
	u32 offset;
	void *variable;
};

#define FIELD(obj, type, str, member, nr)				\
{									\
	.name = str, .object = obj, .count = nr,			\
	.size = sizeof_field(type, member) / (nr),			\
	.offset = offsetof(type, member),				\
}

#define VM(str, member)		FIELD(PKVM_TEST_VM, struct kvm, str, member, 1)
#define VM_N(str, member, nr)	FIELD(PKVM_TEST_VM, struct kvm, str, member, nr)
#define VCPU(str, member)	FIELD(PKVM_TEST_VCPU, struct kvm_vcpu, str, member, 1)
#define VCPU_N(str, member, nr)	FIELD(PKVM_TEST_VCPU, struct kvm_vcpu, str, member, nr)
#define VCPU_REG(reg)		VCPU(#reg, arch.ctxt.sys_regs[reg])

#define VARIABLE(obj, var, nr)						\
{									\
	.name = #var, .object = obj, .count = nr, .size = sizeof(u64),	\
	.variable = (void *)&(var),					\
}

/* One row for each datum that EL2 could be tempted to read. */
static const struct field fields[] = {
	VM("pkvm.enabled", arch.pkvm.enabled),
	VM("pkvm.handle", arch.pkvm.handle),
	VM("flags", arch.flags),
	VM("vcpu_features", arch.vcpu_features[0]),
	VM_N("fgu", arch.fgu, __NR_FGT_GROUP_IDS__),
	VM_N("id_regs", arch.id_regs, KVM_ARM_ID_REG_NUM),
	VM("ctr_el0", arch.ctr_el0),
	VM("max_vcpus", max_vcpus),
	VM("vgic.in_kernel", arch.vgic.in_kernel),
	VM("vgic.vgic_model", arch.vgic.vgic_model),
	VM("timer.voffset", arch.timer_data.voffset),
	VM("mmu.vmid", arch.mmu.vmid.id),
	VM("mmu.pgd_phys", arch.mmu.pgd_phys),
	VM("mmu.vtcr", arch.mmu.vtcr),
	VM("mmu.arch", arch.mmu.arch),

	VCPU("kvm", kvm),
	VCPU("vcpu_id", vcpu_id),
	VCPU("vcpu_idx", vcpu_idx),
	VCPU("hcr_el2", arch.hcr_el2),
	VCPU("hcrx_el2", arch.hcrx_el2),
	VCPU("mdcr_el2", arch.mdcr_el2),
	VCPU("vsesr_el2", arch.vsesr_el2),
	VCPU("esr_el2", arch.fault.esr_el2),
	VCPU("hpfar_el2", arch.fault.hpfar_el2),
	VCPU("cflags", arch.cflags),
	VCPU("iflags", arch.iflags),
	VCPU("sflags", arch.sflags),
	VCPU("hw_mmu", arch.hw_mmu),
	VCPU("debug_ptr", arch.debug_ptr),
	VCPU("sve_state", arch.sve_state),
	VCPU("sve_max_vl", arch.sve_max_vl),
	VCPU("fp_type", arch.fp_type),
	VCPU("pmu.events", arch.pmu.events),
	VCPU("pvm_regs.vm", arch.pvm_regs.vm),
	VCPU("pvm_regs.done", arch.pvm_regs.done),
	VCPU("vgic_hcr", arch.vgic_cpu.vgic_v3.vgic_hcr),
	VCPU("vgic_vmcr", arch.vgic_cpu.vgic_v3.vgic_vmcr),
	VCPU("vgic_sre", arch.vgic_cpu.vgic_v3.vgic_sre),
	VCPU("used_lrs", arch.vgic_cpu.vgic_v3.used_lrs),
	VCPU_N("vgic_lr", arch.vgic_cpu.vgic_v3.vgic_lr, VGIC_V3_MAX_LRS),
	VCPU_N("vgic_ap0r", arch.vgic_cpu.vgic_v3.vgic_ap0r, 4),
	VCPU_N("vgic_ap1r", arch.vgic_cpu.vgic_v3.vgic_ap1r, 4),
	VCPU("its_vm", arch.vgic_cpu.vgic_v3.its_vpe.its_vm),
	VCPU("pstate", arch.ctxt.regs.pstate),
	VCPU("vncr_array", arch.ctxt.vncr_array),
	VCPU("running_vcpu", arch.ctxt.__hyp_running_vcpu),
	VCPU_REG(MPIDR_EL1),
	VCPU_REG(MDSCR_EL1),
	VCPU_REG(ACTLR_EL1),
	VCPU_REG(CSSELR_EL1),
	VCPU_REG(TCR2_EL1),
	VCPU_REG(PIR_EL1),
	VCPU_REG(PIRE0_EL1),
	VCPU_REG(POR_EL0),
	VCPU_REG(ZCR_EL1),
	VCPU_REG(FPMR),
	VCPU_REG(PMCR_EL0),
	VCPU_REG(PMUSERENR_EL0),
	VCPU_REG(CNTVOFF_EL2),
	VCPU_REG(HCR_EL2),

	VARIABLE(PKVM_TEST_HOST, arm64_ftr_reg_ctrel0.sys_val, 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(id_aa64pfr0_el1_sys_val), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(id_aa64pfr1_el1_sys_val), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(id_aa64mmfr0_el1_sys_val), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(id_aa64mmfr1_el1_sys_val), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(id_aa64smfr0_el1_sys_val), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(pvm_id_reg_limit), KVM_ARM_ID_REG_NUM),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(pvm_ctr_el0), 1),
	VARIABLE(PKVM_TEST_EL2, kvm_nvhe_sym(pvm_clidr_el1), 1),
};

/* Not KVM_HOST_SMCCC_FUNC(): some of the names are macros, too. */
#define EARLY(func)							\
	{ .name = #func, .early = true,					\
	  .id = KVM_HOST_SMCCC_ID(__KVM_HOST_SMCCC_FUNC_##func) }
#define LATE(func)							\
	{ .name = #func, .id = KVM_HOST_SMCCC_ID(__KVM_HOST_SMCCC_FUNC_##func) }

static const struct {
	const char *name;
	u32 id;
	bool early;
} hcalls[] = {
	EARLY(__kvm_hyp_init),
	EARLY(__kvm_get_mdcr_el2),
	EARLY(__pkvm_init),
	EARLY(__pkvm_create_private_mapping),
	EARLY(__pkvm_cpu_set_vector),
	EARLY(__kvm_enable_ssbs),
	EARLY(__vgic_v3_init_lrs),
	EARLY(__vgic_v3_get_gic_config),
	EARLY(__kvm_adjust_pc),
	EARLY(__kvm_vcpu_run),
	EARLY(__kvm_tlb_flush_vmid_ipa),
	EARLY(__kvm_tlb_flush_vmid_ipa_nsh),
	EARLY(__kvm_tlb_flush_vmid),
	EARLY(__kvm_tlb_flush_vmid_range),
	EARLY(__kvm_flush_cpu_context),
	EARLY(__vgic_v3_save_vmcr_aprs),
	EARLY(__vgic_v3_restore_vmcr_aprs),
	LATE(__pkvm_prot_finalize),
	LATE(__pkvm_host_share_hyp),
	LATE(__pkvm_host_unshare_hyp),
	LATE(__kvm_flush_vm_context),
	LATE(__kvm_timer_set_cntvoff),
	LATE(__pkvm_vcpu_load),
	LATE(__pkvm_vcpu_put),
	LATE(__pkvm_vgic_load),
	LATE(__pkvm_vgic_put),
	LATE(__pkvm_vcpu_run),
	LATE(__pkvm_adjust_pc),
	LATE(__pkvm_tlb_flush_vmid_ipa),
	LATE(__pkvm_tlb_flush_vmid_ipa_nsh),
	LATE(__pkvm_tlb_flush_vmid),
	LATE(__pkvm_tlb_flush_vmid_range),
	LATE(__pkvm_flush_cpu_context),
	LATE(__pkvm_init_vm),
	LATE(__pkvm_init_vcpu),
	LATE(__pkvm_teardown_vm),
};

/* The rows above are all there is: 0 is __kvm_hyp_init, and there is no gap. */
static_assert(ARRAY_SIZE(hcalls) == __KVM_HOST_SMCCC_FUNC___pkvm_teardown_vm + 1);

/* Take a reference to the VM of a file descriptor. */
static struct kvm *get_vm(int fd)
{
	struct kvm *kvm = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);

	if (file_is_kvm(file)) {
		kvm = file->private_data;
		kvm_get_kvm(kvm);
	}
	fput(file);
	return kvm;
}

static struct kvm_vcpu *get_vcpu(struct kvm *kvm, u32 index)
{
	if (index >= atomic_read(&kvm->online_vcpus))
		return NULL;

	return kvm_get_vcpu(kvm, index);
}

static long field_info(struct pkvm_test_field_info *info)
{
	const struct field *f;

	if (info->nr >= ARRAY_SIZE(fields))
		return -ENOENT;

	f = &fields[info->nr];
	info->object = f->object;
	info->size = f->size;
	info->count = f->count;
	strscpy_pad(info->name, f->name, sizeof(info->name));
	return 0;
}

/* Neither copy faults where the memory is not the host's. */
static int write_datum(void *to, u64 value, u32 size)
{
	return copy_to_kernel_nofault(to, &value, size) ? -EFAULT : 0;
}

static int read_datum(void *from, u64 *value, u32 size)
{
	*value = 0;
	return copy_from_kernel_nofault(value, from, size) ? -EFAULT : 0;
}

static long poke_at(void *at, u32 size, struct pkvm_test_poke *poke)
{
	u32 flips = poke->flips;
	u64 now;
	int ret;

	ret = read_datum(at, &poke->old, size);
	if (ret) {
		/* Unreadable does not mean that it cannot be written. */
		return write_datum(at, poke->set, size);
	}

	do {
		ret = read_datum(at, &now, size);
		if (!ret)
			ret = write_datum(at, (now & ~poke->mask) |
					      (poke->set & poke->mask), size);
		if (ret || !poke->flips)
			return ret;

		ret = read_datum(at, &now, size);
		if (!ret)
			ret = write_datum(at, (now & ~poke->mask) |
					      (poke->old & poke->mask), size);
		cond_resched();
	} while (!ret && --flips);

	return ret;
}

static void *datum_at(const struct field *f, struct kvm *kvm, struct kvm_vcpu *vcpu,
		      u32 index)
{
	void *base = f->object == PKVM_TEST_VM ? (void *)kvm : (void *)vcpu;

	return base ? base + f->offset + index * f->size : NULL;
}

static long poke(struct pkvm_test_poke *poke)
{
	const struct field *f;
	struct kvm *kvm;
	long ret = -ENOENT;
	void *at;

	if (poke->nr >= ARRAY_SIZE(fields))
		return -ENOENT;

	f = &fields[poke->nr];
	if (poke->index >= f->count)
		return -EINVAL;

	if (f->variable)
		return poke_at(f->variable + poke->index * f->size, f->size, poke);

	kvm = get_vm(poke->vm_fd);
	if (IS_ERR(kvm))
		return PTR_ERR(kvm);

	at = datum_at(f, kvm, get_vcpu(kvm, poke->vcpu), poke->index);
	if (at)
		ret = poke_at(at, f->size, poke);

	kvm_put_kvm(kvm);
	return ret;
}

/*
 * EL2 leaves the counter's offset as the guest has it, for KVM's timer. Without
 * that, it would be the end of the host's clock.
 */
static void undo_cntvoff(void)
{
	kvm_call_hyp_nvhe(__kvm_timer_set_cntvoff, 0);
}

static void set_bits_of(void *at, u32 size, u64 val, u64 mask)
{
	u64 now;

	read_datum(at, &now, size);
	write_datum(at, (now & ~mask) | (val & mask), size);
}

/* What the host has in its FP registers, and what it finds there after a run. */
struct host_fp {
	struct test_fp_regs before, after;
};

static int run_once(void *at, u32 size, const struct pkvm_test_poke *poke,
		    pkvm_handle_t handle, int vcpu_idx, struct host_fp *fp)
{
	unsigned long flags;
	int ret;

	/* Until then, they are those of the process. */
	kernel_neon_begin();
	local_irq_save(flags);
	test_fp_load(&fp->before);
	/* Without a mask, the datum belongs to another CPU that flips it. */
	if (poke->mask)
		set_bits_of(at, size, poke->set, poke->mask);
	kvm_call_hyp_nvhe(__pkvm_vcpu_load, handle, vcpu_idx, 0);
	ret = kvm_call_hyp_nvhe(__pkvm_vcpu_run, handle, vcpu_idx);
	kvm_call_hyp_nvhe(__pkvm_vcpu_put);
	test_fp_store(&fp->after);
	undo_cntvoff();
	/* EL2 may have changed the other bits. */
	if (poke->mask)
		set_bits_of(at, size, poke->old, poke->mask);
	local_irq_restore(flags);
	kernel_neon_end();

	return ret;
}

static struct host_fp *random_fp(void)
{
	struct host_fp *fp = kzalloc(sizeof(*fp), GFP_KERNEL);

	if (fp) {
		get_random_bytes(&fp->before, sizeof(fp->before));
		/* Where nothing is stored, nothing is lost. */
		fp->after = fp->before;
	}
	return fp;
}

static long run(struct pkvm_test_run *run)
{
	struct pkvm_test_poke *poke = &run->poke;
	const struct field *f = fields + poke->nr;
	pkvm_handle_t handle;
	struct kvm_vcpu *vcpu;
	struct host_fp *fp;
	struct kvm *kvm;
	long ret = -EINVAL;
	void *at;
	u32 i;

	if (poke->nr >= ARRAY_SIZE(fields) || f->variable || poke->index >= f->count)
		return -EINVAL;

	kvm = get_vm(poke->vm_fd);
	if (IS_ERR(kvm))
		return PTR_ERR(kvm);

	fp = random_fp();
	vcpu = get_vcpu(kvm, poke->vcpu);
	if (!fp || !vcpu || mutex_lock_killable(&vcpu->mutex))
		goto out;

	handle = kvm->arch.pkvm.handle;
	at = datum_at(f, kvm, vcpu, poke->index);
	ret = read_datum(at, &poke->old, f->size);
	run->refused = 0;
	run->fp_lost = 0;
	for (i = 0; !ret && i < run->times; i++) {
		run->ret = run_once(at, f->size, poke, handle, poke->vcpu, fp);
		run->refused += IS_ERR_VALUE((long)run->ret);
		run->fp_lost += !!memcmp(&fp->before, &fp->after, sizeof(fp->before));
		cond_resched();
	}
	mutex_unlock(&vcpu->mutex);
out:
	kvm_put_kvm(kvm);
	kfree(fp);
	return ret;
}

static long hcall_info(struct pkvm_test_hcall_info *info)
{
	if (info->nr >= ARRAY_SIZE(hcalls))
		return -ENOENT;

	info->id = hcalls[info->nr].id;
	info->early = hcalls[info->nr].early;
	strscpy_pad(info->name, hcalls[info->nr].name, sizeof(info->name));
	return 0;
}

static long make_call(struct pkvm_test_call *call)
{
	const u64 *a = call->args;
	struct arm_smccc_res res;
	unsigned long flags = 0;

	preempt_disable();
	if (call->irqs_off)
		local_irq_save(flags);

	if (call->smc)
		arm_smccc_1_1_smc(call->id, a[0], a[1], a[2], a[3], a[4], a[5], &res);
	else
		arm_smccc_1_1_hvc(call->id, a[0], a[1], a[2], a[3], a[4], a[5], &res);

	undo_cntvoff();
	if (call->irqs_off)
		local_irq_restore(flags);
	preempt_enable();

	call->ret[0] = res.a0;
	call->ret[1] = res.a1;
	call->ret[2] = res.a2;
	call->ret[3] = res.a3;
	return 0;
}

static long vm_addr(struct pkvm_test_addr *addr)
{
	struct kvm *kvm = get_vm(addr->vm_fd);
	struct kvm_vcpu *vcpu;
	long ret = 0;

	if (IS_ERR(kvm))
		return PTR_ERR(kvm);

	vcpu = get_vcpu(kvm, addr->index);
	if (addr->place == PKVM_TEST_AT_VM) {
		addr->va = (u64)kvm;
		addr->size = sizeof(*kvm);
	} else if (vcpu) {
		addr->va = (u64)vcpu;
		addr->size = sizeof(*vcpu);
	} else {
		ret = -ENOENT;
	}

	kvm_put_kvm(kvm);
	return ret;
}

static long find_addr(struct pkvm_test_file *file, struct pkvm_test_addr *addr)
{
	u64 offset = (u64)addr->index << PAGE_SHIFT;
	long ret = 0;

	switch (addr->place) {
	case PKVM_TEST_AT_VM:
	case PKVM_TEST_AT_VCPU:
		ret = vm_addr(addr);
		if (ret)
			return ret;
		break;
	case PKVM_TEST_AT_PAGE:
		if (addr->index >= PKVM_TEST_NR_PAGES || !file->pages)
			return -EINVAL;
		addr->va = (u64)file->pages + offset;
		break;
	case PKVM_TEST_AT_EL2_POOL:
		addr->va = (u64)__va(hyp_mem_base) + offset % hyp_mem_size;
		break;
	case PKVM_TEST_AT_EL2_BSS:
		addr->va = (u64)lm_alias(__hyp_bss_start);
		break;
	case PKVM_TEST_AT_EL2_TEXT:
		addr->va = (u64)lm_alias(__hyp_text_start);
		break;
	case PKVM_TEST_AT_TEXT:
		addr->va = (u64)lm_alias(_text);
		break;
	case PKVM_TEST_AT_END:
		addr->va = (u64)__va(memblock_end_of_DRAM());
		break;
	default:
		return -EINVAL;
	}

	addr->pa = __pa(addr->va);
	return 0;
}

static long fill_pages(struct pkvm_test_file *file)
{
	unsigned int i;
	void *page;

	if (!file->pages)
		file->pages = alloc_pages_exact(CHUNK_SIZE, GFP_KERNEL);
	if (!file->pages)
		return -ENOMEM;

	for (i = 0; i < PKVM_TEST_NR_PAGES; i++) {
		page = file->pages + i * PAGE_SIZE;
		/* A page of EL2's keeps what it has. */
		if (!write_datum(page, CANARY, 1))
			memset(page, CANARY, PAGE_SIZE);
	}
	return 0;
}

static long check_page(struct pkvm_test_file *file, struct pkvm_test_page *page)
{
	unsigned int i;
	u64 value;
	u8 *at;

	if (page->index >= PKVM_TEST_NR_PAGES || !file->pages)
		return -EINVAL;

	at = file->pages + page->index * PAGE_SIZE;
	if (read_datum(at, &value, 1) || write_datum(at, value, 1))
		return -EFAULT;

	page->changed = 0;
	for (i = 0; i < PAGE_SIZE; i++)
		page->changed += at[i] != CANARY;
	return 0;
}

static long take_back(struct pkvm_test_count *count)
{
	struct kvm *kvm = get_vm(count->vm_fd);

	if (IS_ERR(kvm))
		return PTR_ERR(kvm);

	count->handle = kvm->arch.pkvm.handle;
	count->teardown_pages = kvm->arch.pkvm.teardown_mc.nr_pages;
	kvm->arch.pkvm.teardown_mc = (struct kvm_hyp_memcache) {};
	kvm_put_kvm(kvm);
	return 0;
}

/* Count the pages of memory that the host cannot read, which are EL2's. */
static long count_el2_pages(u64 *pages)
{
	phys_addr_t start, end, at;
	u64 i, value;

	*pages = 0;
	for_each_mem_range(i, &start, &end) {
		for (at = PAGE_ALIGN(start); at + PAGE_SIZE <= end; at += PAGE_SIZE) {
			*pages += !!read_datum(__va(at), &value, 1);
			if (IS_ALIGNED(at, SZ_2M))
				cond_resched();
		}
	}
	return 0;
}

static long set_cpacr(struct pkvm_test_cpacr *cpacr)
{
	sysreg_clear_set(cpacr_el1, cpacr->clear, cpacr->set);
	isb();
	return 0;
}

union ioctl_arg {
	u64 pages;
	struct pkvm_test_field_info field;
	struct pkvm_test_poke poke;
	struct pkvm_test_hcall_info hcall;
	struct pkvm_test_call call;
	struct pkvm_test_addr addr;
	struct pkvm_test_page page;
	struct pkvm_test_count count;
	struct pkvm_test_run run;
	struct pkvm_test_cpacr cpacr;
};

static long dispatch(struct pkvm_test_file *file, unsigned int cmd, union ioctl_arg *arg)
{
	switch (cmd) {
	case PKVM_TEST_FIELD:
		return field_info(&arg->field);
	case PKVM_TEST_POKE:
		return poke(&arg->poke);
	case PKVM_TEST_HCALL:
		return hcall_info(&arg->hcall);
	case PKVM_TEST_CALL:
		return make_call(&arg->call);
	case PKVM_TEST_ADDR:
		return find_addr(file, &arg->addr);
	case PKVM_TEST_PAGE:
		return check_page(file, &arg->page);
	case PKVM_TEST_TAKE_BACK:
		return take_back(&arg->count);
	case PKVM_TEST_RUN:
		return run(&arg->run);
	case PKVM_TEST_EL2_PAGES:
		return count_el2_pages(&arg->pages);
	case PKVM_TEST_CPACR:
		return set_cpacr(&arg->cpacr);
	default:
		return -ENOTTY;
	}
}

static long pkvm_test_ioctl(struct file *filp, unsigned int cmd, unsigned long user)
{
	struct pkvm_test_file *file = filp->private_data;
	void __user *to = (void __user *)user;
	size_t size = _IOC_SIZE(cmd);
	union ioctl_arg arg = {};
	long ret;

	if (cmd == PKVM_TEST_PAGES) {
		mutex_lock(&file->lock);
		ret = fill_pages(file);
		mutex_unlock(&file->lock);
		return ret;
	}

	if (size > sizeof(arg))
		return -ENOTTY;
	if (copy_from_user(&arg, to, size))
		return -EFAULT;

	ret = dispatch(file, cmd, &arg);
	if (ret)
		return ret;

	return copy_to_user(to, &arg, size) ? -EFAULT : 0;
}

static int pkvm_test_open(struct inode *inode, struct file *filp)
{
	struct pkvm_test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;

	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

/* Let a process at the pages, too. */
static int pkvm_test_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct pkvm_test_file *file = filp->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!file->pages || vma->vm_pgoff || size > CHUNK_SIZE)
		return -EINVAL;

	return remap_pfn_range(vma, vma->vm_start, __phys_to_pfn(__pa(file->pages)), size,
			       vma->vm_page_prot);
}

/* Free what is the host's alone. A shared page would be no page for KVM. */
static int pkvm_test_release(struct inode *inode, struct file *filp)
{
	struct pkvm_test_file *file = filp->private_data;
	unsigned int i, lost = 0;
	u64 value;
	void *page;

	for (i = 0; file->pages && i < PKVM_TEST_NR_PAGES; i++) {
		page = file->pages + i * PAGE_SIZE;
		if (kvm_call_hyp_nvhe(__pkvm_host_share_hyp, __phys_to_pfn(__pa(page))) ||
		    kvm_call_hyp_nvhe(__pkvm_host_unshare_hyp, __phys_to_pfn(__pa(page))) ||
		    read_datum(page, &value, 1))
			lost++;
		else
			free_page((unsigned long)page);
	}
	if (lost)
		pr_info("pkvm_test: %u pages are not the host's any more\n", lost);

	kfree(file);
	return 0;
}

static const struct file_operations pkvm_test_fops = {
	.owner		= THIS_MODULE,
	.open		= pkvm_test_open,
	.release	= pkvm_test_release,
	.unlocked_ioctl	= pkvm_test_ioctl,
	.mmap		= pkvm_test_mmap,
};

static struct miscdevice pkvm_test_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pkvm_test",
	.mode	= 0600,
	.fops	= &pkvm_test_fops,
};

static int __init pkvm_test_init(void)
{
	if (!is_protected_kvm_enabled())
		return 0;

	pr_warn("pkvm_test: this kernel lets its users attack EL2\n");
	return misc_register(&pkvm_test_device);
}
late_initcall(pkvm_test_init);
