// SPDX-License-Identifier: GPL-2.0-only
/*
 * What crosses between a protected vCPU and the host, and where vCPUs start.
 *
 * The registers of a protected vCPU are EL2's. When the vCPU exits, the host
 * gets what the exit is about. When the host runs the vCPU again, EL2 takes what
 * that exit asks for. Values are in X0 to X3 of the host's copy, whichever
 * registers the guest uses. The flags of the host's copy say whether the guest
 * steps over the instruction or takes an external abort, whose kind is in
 * ESR_EL1. No other register in the host's copy has an effect once the vCPU has
 * run.
 *
 * The first vCPU that the host runs is the boot vCPU. Every other one, and one
 * that has turned itself off, starts only after a PSCI CPU_ON of the guest.
 */

#include <kvm/arm_hypercalls.h>
#include <kvm/arm_psci.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>

#include <nvhe/mem_protect.h>
#include <nvhe/pkvm.h>

/*
 * The bits of PSTATE that may be set for a protected vCPU. Some of them, such
 * as TCO, belong to features that cannot be hidden from the guest. All bits that
 * are missing here are reserved, or belong to hidden features.
 */
#define PVM_PSTATE	(PSR_N_BIT | PSR_Z_BIT | PSR_C_BIT | PSR_V_BIT | PSR_TCO_BIT |	\
			 PSR_DIT_BIT | PSR_UAO_BIT | PSR_PAN_BIT | DBG_SPSR_SS |	\
			 PSR_IL_BIT | ALLINT_ALLINT | PSR_SSBS_BIT | PSR_BTYPE_MASK |	\
			 PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT |		\
			 PSR_MODE32_BIT | PSR_MODE_MASK)

static struct pkvm_hyp_vcpu *to_hyp_vcpu(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct pkvm_hyp_vcpu, vcpu);
}

static void pvm_reset_vcpu(struct kvm_vcpu *vcpu, const struct vcpu_reset_state *reset)
{
	u64 mpidr = __vcpu_sys_reg(vcpu, MPIDR_EL1);

	memset(&vcpu->arch.ctxt, 0, sizeof(vcpu->arch.ctxt));
	__vcpu_assign_sys_reg(vcpu, MPIDR_EL1, mpidr);
	__vcpu_assign_sys_reg(vcpu, SCTLR_EL1,
			      KVM_RESET_SCTLR_EL1 | (reset->be ? SCTLR_ELx_EE : 0));
	vcpu->arch.external_mdscr_el1 = 0;
	vcpu->arch.fault.esr_el2 = 0;

	*vcpu_cpsr(vcpu) = INIT_PSTATE_EL1;
	*vcpu_pc(vcpu) = reset->pc;
	vcpu_set_reg(vcpu, 0, reset->r0);
}

/*
 * The boot vCPU starts in the reset state, apart from PC, X0 to X3 and PSTATE,
 * which the VMM has chosen. Return false if a protected vCPU cannot have that
 * PSTATE, or if the VM already has a boot vCPU.
 */
static bool pvm_start_vcpu(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	const struct user_pt_regs *from = vcpu_gp_regs(hyp_vcpu->host_vcpu);
	struct vcpu_reset_state reset = { .pc = READ_ONCE(from->pc) };
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;
	u64 pstate = READ_ONCE(from->pstate) & PVM_PSTATE;
	unsigned int i;

	switch (pstate & (PSR_MODE_MASK | PSR_MODE32_BIT | PSR_IL_BIT)) {
	case PSR_MODE_EL0t:
	case PSR_MODE_EL1t:
	case PSR_MODE_EL1h:
		break;
	default:
		return false;
	}

	if (test_and_set_bit(KVM_ARCH_FLAG_HAS_RAN_ONCE, &vcpu->kvm->arch.flags))
		return false;

	pvm_reset_vcpu(vcpu, &reset);
	*vcpu_cpsr(vcpu) = pstate;
	for (i = 0; i < 4; i++)
		vcpu_set_reg(vcpu, i, READ_ONCE(from->regs[i]));

	return true;
}

/**
 * pvm_vcpu_power_on() - Turn on a vCPU that boots, or that the guest has turned on
 * @hyp_vcpu:	the vCPU, which is off and loaded on this CPU
 *
 * Context: takes psci_lock of the VM.
 * Return: true if the vCPU is on and EL2 may enter it.
 */
bool pvm_vcpu_power_on(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	struct pkvm_hyp_vm *hyp_vm = pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu);
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;
	bool on = true;

	hyp_spin_lock(&hyp_vm->psci_lock);
	if (vcpu->arch.reset_state.reset)
		pvm_reset_vcpu(vcpu, &vcpu->arch.reset_state);
	else
		on = pvm_start_vcpu(hyp_vcpu);

	if (on) {
		vcpu->arch.reset_state.reset = false;
		vcpu->arch.mp_state.mp_state = KVM_MP_STATE_RUNNABLE;
	}
	hyp_spin_unlock(&hyp_vm->psci_lock);

	return on;
}

/* An argument of the guest's call. A call of SMC32 has 32 bits of each. */
static u64 hvc_arg(struct kvm_vcpu *vcpu, unsigned int i)
{
	u64 arg = vcpu_get_reg(vcpu, i);

	return ARM_SMCCC_IS_64(smccc_get_function(vcpu)) ? arg : lower_32_bits(arg);
}

/*
 * Record a CPU_ON before the host hears of it, so that the host can wake the
 * other vCPU at once. Return PSCI_RET_SUCCESS if the host has to decide. Any other
 * value is the result of the call.
 */
static u64 pvm_cpu_on(struct kvm_vcpu *vcpu)
{
	struct pkvm_hyp_vcpu *hyp_vcpu = to_hyp_vcpu(vcpu), *target;
	struct pkvm_hyp_vm *hyp_vm = pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu);
	struct kvm_vcpu *on;
	u64 ret = PSCI_RET_SUCCESS;

	hyp_spin_lock(&hyp_vm->psci_lock);
	target = pvm_find_vcpu(hyp_vm, hvc_arg(vcpu, 1));
	if (!target) {
		ret = PSCI_RET_INVALID_PARAMS;
		goto unlock;
	}

	on = &target->vcpu;
	if (on->arch.mp_state.mp_state != KVM_MP_STATE_STOPPED || on->arch.reset_state.reset) {
		ret = PSCI_RET_ALREADY_ON;
		goto unlock;
	}

	on->arch.reset_state = (struct vcpu_reset_state) {
		.pc	= hvc_arg(vcpu, 2),
		.r0	= hvc_arg(vcpu, 3),
		/* The registers of the caller are still in the CPU. */
		.be	= read_sysreg_el1(SYS_SCTLR) & SCTLR_ELx_EE,
		.reset	= true,
	};
	hyp_vcpu->cpu_on_target = target;
	target->cpu_on_caller = hyp_vcpu;
unlock:
	hyp_spin_unlock(&hyp_vm->psci_lock);

	return ret;
}

/*
 * Is this an AFFINITY_INFO about a vCPU that is on? EL2 hears of a CPU_OFF before the
 * host does, so only the host can say that a vCPU is off. But the host cannot say so
 * of a vCPU that EL2 would still run.
 */
static bool pvm_affinity_is_on(struct kvm_vcpu *vcpu)
{
	struct pkvm_hyp_vm *hyp_vm = pkvm_hyp_vcpu_to_hyp_vm(to_hyp_vcpu(vcpu));
	u64 mask = kvm_psci_affinity_mask(hvc_arg(vcpu, 2));
	u64 affinity = hvc_arg(vcpu, 1) & mask;
	u32 func = smccc_get_function(vcpu);
	bool is_on = false;

	if (func != PSCI_0_2_FN_AFFINITY_INFO && func != PSCI_0_2_FN64_AFFINITY_INFO)
		return false;

	hyp_spin_lock(&hyp_vm->psci_lock);
	for (int i = 0; !is_on && i < ARRAY_SIZE(hyp_vm->vcpus); i++) {
		struct pkvm_hyp_vcpu *hyp_vcpu = hyp_vm->vcpus[i];
		struct kvm_vcpu *other;

		if (!hyp_vcpu)
			continue;

		/* As for CPU_ON, a vCPU that is being turned on is on. */
		other = &hyp_vcpu->vcpu;
		is_on = (kvm_vcpu_get_mpidr_aff(other) & mask) == affinity &&
			(other->arch.mp_state.mp_state != KVM_MP_STATE_STOPPED ||
			 other->arch.reset_state.reset);
	}
	hyp_spin_unlock(&hyp_vm->psci_lock);

	return is_on;
}

/**
 * pvm_psci_call() - Note what a call of the guest means for EL2
 * @vcpu:	the vCPU that makes the call
 * @ret:	the result, if EL2 completes the call
 *
 * Context: takes psci_lock of the VM.
 * Return: true if the call is complete, or false if it goes on to the host.
 */
bool pvm_psci_call(struct kvm_vcpu *vcpu, u64 *ret)
{
	struct pkvm_hyp_vm *hyp_vm = pkvm_hyp_vcpu_to_hyp_vm(to_hyp_vcpu(vcpu));

	switch (smccc_get_function(vcpu)) {
	case PSCI_0_2_FN_CPU_ON:
	case PSCI_0_2_FN64_CPU_ON:
		*ret = pvm_cpu_on(vcpu);
		return *ret != PSCI_RET_SUCCESS;
	case PSCI_0_2_FN_CPU_OFF:
		hyp_spin_lock(&hyp_vm->psci_lock);
		vcpu->arch.mp_state.mp_state = KVM_MP_STATE_STOPPED;
		hyp_spin_unlock(&hyp_vm->psci_lock);
		return false;
	default:
		return false;
	}
}

/*
 * Take the host's answer to a CPU_ON from X0. If the host refuses, the target stays
 * off. If the target has already started, the call has succeeded, whatever the host's
 * answer is.
 */
static void pvm_psci_answer(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	struct pkvm_hyp_vm *hyp_vm = pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu);
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu;
	struct vcpu_reset_state *reset;

	if (!hyp_vcpu->cpu_on_target)
		return;

	hyp_spin_lock(&hyp_vm->psci_lock);
	reset = &hyp_vcpu->cpu_on_target->vcpu.arch.reset_state;
	if (!reset->reset || hyp_vcpu->cpu_on_target->cpu_on_caller != hyp_vcpu)
		vcpu_set_reg(vcpu, 0, PSCI_RET_SUCCESS);
	else if (lower_32_bits(vcpu_get_reg(vcpu, 0)) != PSCI_RET_SUCCESS)
		reset->reset = false;
	hyp_spin_unlock(&hyp_vm->psci_lock);

	hyp_vcpu->cpu_on_target = NULL;
}

/* How many arguments of a call does the host need, beside the function ID? */
static unsigned int hvc_nr_args(u32 func)
{
	switch (func) {
	case PSCI_0_2_FN_CPU_ON:
	case PSCI_0_2_FN64_CPU_ON:
		return 3;
	case PSCI_0_2_FN_AFFINITY_INFO:
	case PSCI_0_2_FN64_AFFINITY_INFO:
	case PSCI_1_3_FN_SYSTEM_OFF2:
	case PSCI_1_3_FN64_SYSTEM_OFF2:
		return 2;
	case PSCI_1_0_FN_PSCI_FEATURES:
	case PSCI_1_1_FN_SYSTEM_RESET2:
	case PSCI_1_1_FN64_SYSTEM_RESET2:
	case ARM_SMCCC_ARCH_FEATURES_FUNC_ID:
	case ARM_SMCCC_TRNG_FEATURES:
	case ARM_SMCCC_TRNG_RND32:
	case ARM_SMCCC_TRNG_RND64:
		return 1;
	default:
		return 0;
	}
}

static void sync_hvc(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	u32 func = smccc_get_function(vcpu);
	unsigned int i;

	vcpu_set_reg(host_vcpu, 0, func);
	for (i = 1; i <= hvc_nr_args(func); i++)
		vcpu_set_reg(host_vcpu, i, hvc_arg(vcpu, i));
}

/*
 * Is this access, of which the syndrome is valid, a store that the host may have to
 * emulate? Only the host knows what is memory, so it gets the datum of a store that
 * finds no page, but no other one.
 */
static bool is_mmio_store(struct kvm_vcpu *vcpu)
{
	return kvm_vcpu_trap_get_class(vcpu) == ESR_ELx_EC_DABT_LOW &&
	       kvm_vcpu_dabt_iswrite(vcpu) && kvm_vcpu_trap_is_translation_fault(vcpu);
}

/* Return what the host needs to know of the syndrome of an abort. */
static u64 sync_abort(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	struct kvm_vcpu_fault_info *fault = &vcpu->arch.fault;
	u64 mask = ESR_ELx_EC_MASK | ESR_ELx_IL | ESR_ELx_FSC | ESR_ELx_WNR |
		   ESR_ELx_S1PTW | ESR_ELx_CM | ESR_ELx_EA | ESR_ELx_ISV;

	host_vcpu->arch.fault.hpfar_el2 = fault->hpfar_el2;
	host_vcpu->arch.fault.far_el2 = 0;
	if (!kvm_vcpu_dabt_isvalid(vcpu))
		return fault->esr_el2 & mask;

	/* Only the emulation of an access needs the offset in the page. */
	host_vcpu->arch.fault.far_el2 = FAR_TO_FIPA_OFFSET(fault->far_el2);
	if (is_mmio_store(vcpu))
		vcpu_set_reg(host_vcpu, 0,
			     vcpu_data_guest_to_host(vcpu,
						     vcpu_get_reg(vcpu, kvm_vcpu_dabt_get_rd(vcpu)),
						     kvm_vcpu_dabt_get_as(vcpu)));

	/* The host sees an unsigned access of X0. flush_mmio_load() extends the sign. */
	return (fault->esr_el2 & (mask | ESR_ELx_SAS)) | ESR_ELx_SF;
}

/*
 * Is this an access to memory that the host took back by force? That memory is no
 * device, so the host must not emulate the access, nor let the guest step over cache
 * maintenance of the page. Poisoned entries exist only at the last level.
 */
static bool is_poisoned(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	u64 esr = hyp_vcpu->vcpu.arch.fault.esr_el2;

	return ESR_ELx_EC(esr) == ESR_ELx_EC_DABT_LOW &&
	       (esr & (ESR_ELx_ISV | ESR_ELx_CM)) &&
	       (esr & ESR_ELx_FSC_LEVEL) == KVM_PGTABLE_LAST_LEVEL &&
	       __pkvm_vcpu_in_poison_fault(hyp_vcpu) > 0;
}

/**
 * pvm_sync_exit() - Tell the host why a protected vCPU has exited
 * @hyp_vcpu:	the vCPU
 * @exit_code:	what the host gets from __kvm_vcpu_run()
 *
 * EL2 keeps the syndrome in fault.esr_el2, and pvm_flush_answer() takes only what
 * that syndrome allows. If it is 0, pvm_flush_answer() takes nothing.
 */
void pvm_sync_exit(struct pkvm_hyp_vcpu *hyp_vcpu, u64 exit_code)
{
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu, *host_vcpu = hyp_vcpu->host_vcpu;
	u64 esr = vcpu->arch.fault.esr_el2, mask = ESR_ELx_EC_MASK | ESR_ELx_IL;
	bool needs_rt = false;

	/* The host handles physical SErrors, so it gets their syndrome. */
	host_vcpu->arch.fault.disr_el1 = vcpu->arch.fault.disr_el1;
	if (exit_code == ARM_EXCEPTION_EL1_SERROR && ESR_ELx_EC(esr) == ESR_ELx_EC_SERROR)
		host_vcpu->arch.fault.esr_el2 = esr;

	vcpu->arch.fault.esr_el2 = 0;
	if (exit_code != ARM_EXCEPTION_TRAP)
		return;

	vcpu->arch.fault.esr_el2 = esr;
	if (is_poisoned(hyp_vcpu))
		vcpu->arch.fault.esr_el2 &= ~(ESR_ELx_ISV | ESR_ELx_CM);

	switch (ESR_ELx_EC(esr)) {
	case ESR_ELx_EC_WFx:
		mask |= ESR_ELx_WFx_ISS_RV | ESR_ELx_WFx_ISS_TI;
		needs_rt = (esr & ESR_ELx_WFx_ISS_WFxT) && (esr & ESR_ELx_WFx_ISS_RV);
		break;
	case ESR_ELx_EC_HVC64:
		sync_hvc(vcpu, host_vcpu);
		break;
	case ESR_ELx_EC_SYS64:
		mask |= ESR_ELx_SYS64_ISS_SYS_OP_MASK;
		needs_rt = !(esr & ESR_ELx_SYS64_ISS_DIR_READ);
		break;
	case ESR_ELx_EC_IABT_LOW:
	case ESR_ELx_EC_DABT_LOW:
		host_vcpu->arch.fault.esr_el2 = sync_abort(vcpu, host_vcpu);
		return;
	}

	if (needs_rt)
		vcpu_set_reg(host_vcpu, 0, vcpu_get_reg(vcpu, kvm_vcpu_sys_get_rt(vcpu)));
	host_vcpu->arch.fault.esr_el2 = esr & mask;
}

/* Complete a load that the host has emulated, with the datum in the host's X0. */
static void flush_mmio_load(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	unsigned int len = kvm_vcpu_dabt_get_as(vcpu);
	u64 data = vcpu_data_host_to_guest(vcpu, READ_ONCE(vcpu_gp_regs(host_vcpu)->regs[0]),
					   len);

	if (kvm_vcpu_dabt_issext(vcpu))
		data = sign_extend64(data, len * 8 - 1);
	if (!kvm_vcpu_dabt_issf(vcpu))
		data = lower_32_bits(data);

	vcpu_set_reg(vcpu, kvm_vcpu_dabt_get_rd(vcpu), data);
}

/*
 * The guest gets an external abort for an access that the host has just been
 * told of. The host chooses one of three fault status codes, and nothing else.
 */
static void flush_abort(struct kvm_vcpu *vcpu, struct kvm_vcpu *host_vcpu)
{
	bool is_el0 = (*vcpu_cpsr(vcpu) & PSR_MODE_MASK) == PSR_MODE_EL0t;
	u64 fsc = READ_ONCE(host_vcpu->arch.ctxt.sys_regs[ESR_EL1]) & ESR_ELx_FSC;
	u64 ec;

	if (kvm_vcpu_trap_is_iabt(vcpu))
		ec = is_el0 ? ESR_ELx_EC_IABT_LOW : ESR_ELx_EC_IABT_CUR;
	else
		ec = is_el0 ? ESR_ELx_EC_DABT_LOW : ESR_ELx_EC_DABT_CUR;

	/* Neither EL2 nor the host knows at which level a walk has failed. */
	if (kvm_vcpu_abt_iss1tw(vcpu))
		fsc = ESR_ELx_FSC_SEA_TTW(0);
	else if (fsc != ESR_ELx_FSC_ADDRSZ_L(0) && fsc != ESR_ELx_FSC_EXCL_ATOMIC)
		fsc = ESR_ELx_FSC_EXTABT;

	__vcpu_assign_sys_reg(vcpu, ESR_EL1, ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | fsc);
	__vcpu_assign_sys_reg(vcpu, FAR_EL1, kvm_vcpu_get_hfar(vcpu));
	kvm_pend_exception(vcpu, EXCEPT_AA64_EL1_SYNC);
}

/**
 * pvm_flush_answer() - Take the host's answer to the last exit
 * @hyp_vcpu:	the vCPU, which the host wants to run again
 *
 * The flags of the host's copy say what is to become of the instruction that
 * has exited. EL2 ignores a flag that the last exit does not allow.
 */
void pvm_flush_answer(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	struct kvm_vcpu *vcpu = &hyp_vcpu->vcpu, *host_vcpu = hyp_vcpu->host_vcpu;
	u8 iflags = READ_ONCE(host_vcpu->arch.iflags);
	bool abort = iflags & unpack_vcpu_flag(PENDING_EXCEPTION);
	bool skip = !abort && iflags & unpack_vcpu_flag(INCREMENT_PC);
	const struct user_pt_regs *from = vcpu_gp_regs(host_vcpu);
	u64 esr = vcpu->arch.fault.esr_el2;
	unsigned int i;
	bool is_on;

	vcpu->arch.iflags = 0;

	switch (ESR_ELx_EC(esr)) {
	case ESR_ELx_EC_HVC64:
		is_on = pvm_affinity_is_on(vcpu);
		for (i = 0; i < 4; i++)
			vcpu_set_reg(vcpu, i, READ_ONCE(from->regs[i]));
		/* The result has 32 bits, whatever the host puts above them. */
		if (is_on && lower_32_bits(vcpu_get_reg(vcpu, 0)) == PSCI_0_2_AFFINITY_LEVEL_OFF)
			vcpu_set_reg(vcpu, 0, PSCI_0_2_AFFINITY_LEVEL_ON);
		pvm_psci_answer(hyp_vcpu);
		skip = false;
		break;
	case ESR_ELx_EC_WFx:
		break;
	case ESR_ELx_EC_SYS64:
		if (skip && esr & ESR_ELx_SYS64_ISS_DIR_READ)
			vcpu_set_reg(vcpu, kvm_vcpu_sys_get_rt(vcpu),
				     READ_ONCE(from->regs[0]));
		break;
	case ESR_ELx_EC_DABT_LOW:
		/* Emulated, or cache maintenance of an address without memory. */
		skip = skip && kvm_vcpu_trap_is_translation_fault(vcpu) &&
		       !kvm_vcpu_abt_iss1tw(vcpu) &&
		       (kvm_vcpu_dabt_isvalid(vcpu) || kvm_vcpu_dabt_is_cm(vcpu));
		if (skip && !kvm_vcpu_dabt_iswrite(vcpu))
			flush_mmio_load(vcpu, host_vcpu);
		if (abort)
			flush_abort(vcpu, host_vcpu);
		break;
	case ESR_ELx_EC_IABT_LOW:
		if (abort)
			flush_abort(vcpu, host_vcpu);
		fallthrough;
	default:
		skip = false;
		break;
	}

	if (skip)
		kvm_incr_pc(vcpu);

	vcpu->arch.fault.esr_el2 = 0;
	host_vcpu->arch.iflags = 0;
}
