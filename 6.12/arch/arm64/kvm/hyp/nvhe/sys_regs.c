// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ID registers of protected VMs, and the way of a trapped system register
 * access through EL2.
 *
 * ID registers are computed once, when EL2 creates the VM, from the limits that
 * the host recorded while it was still trusted. Reading one is then a load, as it
 * is for other registers that have a value: see pvm_sysreg_trap.S. What is here is
 * for those that take more.
 *
 * For all that traps but ID registers there is a table, pvm_sysregs[]. A register
 * that the table does not name does not exist: the access is UNDEFINED, for the
 * guest exactly as it would be on hardware that lacks the register. Nothing goes
 * to the host unless a row says so.
 */

#include <linux/bitops.h>
#include <linux/kvm_host.h>

#include <asm/debug-monitors.h>
#include <asm/esr.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <asm/kvm_id_regs.h>

#include <nvhe/pkvm.h>
#include <nvhe/pvm_mutate.h>
#include <nvhe/sys_regs.h>

/*
 * ID registers of the system that EL2 itself depends on, to set up CPUs and the
 * host's stage-2. The host sets these before EL2 is initialised.
 */
u64 id_aa64pfr0_el1_sys_val;
u64 id_aa64pfr1_el1_sys_val;
u64 id_aa64smfr0_el1_sys_val;
u64 id_aa64mmfr0_el1_sys_val;
u64 id_aa64mmfr1_el1_sys_val;

/*
 * The most that KVM would let any VM see of the ID registers, and the cache
 * type and geometry it reports. The host sets these before it hands its
 * privileges over, and cannot reach EL2's data afterwards.
 */
u64 pvm_id_reg_limit[KVM_ARM_ID_REG_NUM];
u64 pvm_ctr_el0;
u64 pvm_clidr_el1;

/**
 * pkvm_vm_init_id_regs() - Decide what a protected VM reads from its ID registers
 * @hyp_vm:	EL2's object of the VM, not in use yet
 *
 * All that the values depend on has to be final: features, vGIC model and IPA
 * size. The rows are those of kvm_fixed_config.h.
 *
 * Return: 0, or -EINVAL if the host never recorded the limits.
 */
int pkvm_vm_init_id_regs(struct pkvm_hyp_vm *hyp_vm)
{
	struct kvm_arch *arch = &hyp_vm->kvm.arch;
	struct pvm_vm_features features = {
		.ptrauth = test_bit(KVM_ARM_VCPU_PTRAUTH_ADDRESS, arch->vcpu_features) &&
			   test_bit(KVM_ARM_VCPU_PTRAUTH_GENERIC, arch->vcpu_features),
		.vgic_v3 = arch->vgic.vgic_model == KVM_DEV_TYPE_ARM_VGIC_V3,
		.ipa_bits = VTCR_EL2_IPA(arch->mmu.vtcr),
	};
	unsigned int i;

	BUILD_BUG_ON(PVM_ID_REG_NUM != KVM_ARM_ID_REG_NUM);

	/* No CPU has a CTR_EL0 of 0: bit 31 is RES1. */
	if (!pvm_ctr_el0)
		return -EINVAL;

	pvm_mutant_take(hyp_vm->host_kvm);
	if (IS_ENABLED(CONFIG_PKVM_TABLE_MUTATION))
		pvm_sysreg_make_index();

	pvm_id_regs_compute(arch->id_regs, pvm_id_reg_limit, &features);
	for (i = 0; i < PVM_ID_REG_NUM; i++)
		arch->id_regs[i] = pvm_mutate(PVM_MUTANT_ID_REG, i, arch->id_regs[i]);

	arch->ctr_el0 = pvm_ctr_el0;
	__set_bit(KVM_ARCH_FLAG_ID_REGS_INITIALIZED, &arch->flags);

	return 0;
}

/**
 * pkvm_vm_check_host_view() - Compare what a VM reads with what the host expects
 * @hyp_vm:	EL2's object of the VM, with its ID registers
 * @host_kvm:	the host's, pinned
 *
 * The host tells userspace what the guest is going to read. A VM for which this
 * is wrong does not get to run. Nothing else depends on the host's values.
 *
 * Return: 0, or -EINVAL if they differ.
 */
int pkvm_vm_check_host_view(const struct pkvm_hyp_vm *hyp_vm, const struct kvm *host_kvm)
{
	const struct kvm_arch *arch = &hyp_vm->kvm.arch;
	int i;

	/* An error that a test asked for is for the tests to notice. */
	for (i = 0; i < KVM_ARM_ID_REG_NUM; i++)
		if (pvm_mutate(PVM_MUTANT_ID_REG, i,
			       READ_ONCE(host_kvm->arch.id_regs[i])) != arch->id_regs[i])
			return -EINVAL;

	return READ_ONCE(host_kvm->arch.ctr_el0) == arch->ctr_el0 ? 0 : -EINVAL;
}

static const struct pvm_sysreg *find_sysreg(u64 esr)
{
	unsigned int group = pvm_sysreg_index.group[esr_sysreg_page(esr)];

	return &pvm_sysregs[pvm_sysreg_index.row[group][esr_sysreg_slot(esr)]];
}

/*
 * Step over an instruction that is done. BTYPE and SS become 0, as by one that
 * retires. PC and PSTATE are in the CPU.
 */
static void pvm_retire_instr(void)
{
	u64 pstate = read_sysreg_el2(SYS_SPSR) & ~(u64)(PSR_BTYPE_MASK | DBG_SPSR_SS);

	write_sysreg_el2(pstate, SYS_SPSR);
	write_sysreg_el2(read_sysreg_el2(SYS_ELR) + 4, SYS_ELR);
}

/* Not inlined: an access without a row needs no stack frame. */
static noinline enum pvm_sysreg_result
call_sysreg_fn(struct kvm_vcpu *vcpu, u64 esr, const struct pvm_sysreg *r)
{
	bool is_write = esr_sysreg_is_write(esr);
	enum pvm_sysreg_result result;
	u64 val = 0;

	if (is_write)
		val = vcpu_get_reg(vcpu, esr_sysreg_rt(esr));

	result = r->fn(container_of(vcpu, struct pkvm_hyp_vcpu, vcpu), is_write, &val);
	if (result != PVM_SYSREG_DONE)
		return result;

	if (!is_write)
		vcpu_set_reg(vcpu, esr_sysreg_rt(esr), val);
	pvm_retire_instr();

	return PVM_SYSREG_DONE;
}

/**
 * pvm_access_sysreg() - Emulate a trapped access by the function of its row
 * @vcpu:	EL2's vCPU of a protected VM, with the guest's general registers
 * @esr:	the syndrome of the trap, of class SYS64
 *
 * The access is none that pvm_sysreg_trap() answers. Unless the result is
 * PVM_SYSREG_DONE, the guest has not moved on.
 *
 * Return: what became of the access, or what is to become of it.
 */
enum pvm_sysreg_result pvm_access_sysreg(struct kvm_vcpu *vcpu, u64 esr)
{
	const struct pvm_sysreg *r = find_sysreg(esr);

	if (!(r->dirs & BIT(esr & ESR_ELx_SYS64_ISS_DIR_MASK)))
		return PVM_SYSREG_UNDEF;

	return call_sysreg_fn(vcpu, esr, r);
}
