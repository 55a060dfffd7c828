/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where protected VMs trap when they access a system register, or execute a system
 * instruction, with the guest's state in the CPU. Most of what they get there depends
 * on nothing but the VM, and little else needs more than general registers.
 */

#include <linux/linkage.h>

#include <asm/alternative.h>
#include <asm/asm-offsets.h>
#include <asm/assembler.h>
#include <asm/cpufeature.h>
#include <asm/debug-monitors.h>
#include <asm/esr.h>
#include <asm/kvm_asm.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>

#include <nvhe/sys_regs.h>

	.text

// Store the guest's x0-x29 and lr, of which x0-x3 are on the stack. Uses x4 and x5.
.macro store_guest_regs ctxt
	stp	x4, x5, [\ctxt, #CPU_XREG_OFFSET(4)]
	stp	x6, x7, [\ctxt, #CPU_XREG_OFFSET(6)]
	stp	x8, x9, [\ctxt, #CPU_XREG_OFFSET(8)]
	stp	x10, x11, [\ctxt, #CPU_XREG_OFFSET(10)]
	stp	x12, x13, [\ctxt, #CPU_XREG_OFFSET(12)]
	stp	x14, x15, [\ctxt, #CPU_XREG_OFFSET(14)]
	stp	x16, x17, [\ctxt, #CPU_XREG_OFFSET(16)]
	save_callee_saved_regs \ctxt
	ldp	x4, x5, [sp], #16
	stp	x4, x5, [\ctxt, #CPU_XREG_OFFSET(2)]
	ldp	x4, x5, [sp], #16
	stp	x4, x5, [\ctxt, #CPU_XREG_OFFSET(0)]
.endm

/*
 * The guest trapped with a syndrome of class SYS64. If pvm_sysreg_index has a value
 * for that, the guest is entered again at once. Else pvm_handle_sysreg() decides
 * whether the guest exits.
 *
 * x0, x1: free, the guest's are on the stack
 * x2-x29, lr: the guest's
 *
 * Nothing is switched, so nothing may run here that needs it. An SError that the ESB
 * of the vector deferred waits in DISR_EL1 for the next exit, as it does for the
 * hypercalls that the vectors answer. Nothing reads PAR_EL1, so the guest is entered
 * without the barrier of ARM64_WORKAROUND_1508412.
 */
SYM_CODE_START(pvm_sysreg_trap)
	get_vcpu_ptr	x1, x0
	ldr	x0, [x1, #VCPU_PVM_REGS_VM]
	cbz	x0, .Lnot_protected
	stp	x2, x3, [sp, #-16]!
	mrs	x2, esr_el2

	// x0 = pvm_sysreg_index.value[group of the page][slot]
	adr_l	x3, pvm_sysreg_index
	ubfx	x0, x2, #PVM_SYSREG_PAGE_SHIFT, #PVM_SYSREG_PAGE_BITS
	ldrb	w0, [x3, x0]
	lsl	w0, w0, #PVM_SYSREG_SLOT_BITS
	bfxil	x0, x2, #PVM_SYSREG_SLOT_SHIFT, #PVM_SYSREG_SLOT_BITS
	add	x3, x3, #PVM_SYSREG_NR_PAGES
	ldrh	w0, [x3, x0, lsl #1]

	// Does it have the bit of the direction?
	and	x3, x2, #ESR_ELx_SYS64_ISS_DIR_MASK
	lsr	x3, x0, x3
	tbz	x3, #0, .Lno_value

	// Count it, and step over the instruction as pvm_retire_instr() does
	ldr	x3, [x1, #VCPU_PVM_REGS_DONE]
	add	x3, x3, #1
	str	x3, [x1, #VCPU_PVM_REGS_DONE]
	mrs	x3, elr_el2
	add	x3, x3, #4
	msr	elr_el2, x3
	mrs	x3, spsr_el2
	bic	x3, x3, #PSR_BTYPE_MASK
	bic	x3, x3, #DBG_SPSR_SS
	msr	spsr_el2, x3
	tbz	x2, #0, .Lignore_write

	// x0 = the value
	ldr	x3, [x1, #VCPU_PVM_REGS_VM]
	and	x0, x0, #~PVM_SYSREG_RW
	ldr	x0, [x3, x0]

	// Rt is a number: store the guest's registers, change that one, load them.
	// XZR has the place of SP_EL0, which is stored at the exit.
	ubfx	x2, x2, #ESR_ELx_SYS64_ISS_RT_SHIFT, #5
	add	x1, x1, #VCPU_CONTEXT
	store_guest_regs x1
	add	x2, x1, x2, lsl #3
	str	x0, [x2, #CPU_XREG_OFFSET(0)]
	mov	x29, x1
	b	__guest_enter_regs

.Lignore_write:
	ldp	x2, x3, [sp], #16
	ldp	x0, x1, [sp], #16
	eret
	sb

.Lno_value:
	mov	x0, x1
	add	x1, x1, #VCPU_CONTEXT
	store_guest_regs x1
	mov	x29, x1
	mov	x1, x2
	ALTERNATIVE(nop, SET_PSTATE_PAN(1), ARM64_HAS_PAN, CONFIG_ARM64_PAN)
	bl	pvm_handle_sysreg		// (vCPU, syndrome)
	cbnz	w0, __guest_enter_regs

	mov	x1, x29
	mov	x0, #ARM_EXCEPTION_TRAP
	b	__guest_exit_regs

.Lnot_protected:
	mov	x0, #ARM_EXCEPTION_TRAP
	b	__guest_exit
SYM_CODE_END(pvm_sysreg_trap)
