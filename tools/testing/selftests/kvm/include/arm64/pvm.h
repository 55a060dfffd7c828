/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protected VMs, whose memory the host cannot read.
 *
 * A page becomes the guest's own when the guest first touches it. From then on
 * an access by the test ends the test with SIGSEGV. So the test prepares memory
 * and page tables before the first run, and afterwards the two sides talk by
 * ucalls and by what vm_alloc_shared() returned before the first run.
 */
#ifndef SELFTEST_KVM_PVM_H
#define SELFTEST_KVM_PVM_H

#include "kvm_util.h"

#define VM_SHAPE_PROTECTED(__mode)			\
({							\
	struct vm_shape __shape = VM_SHAPE(__mode);	\
							\
	__shape.type = KVM_VM_TYPE_ARM_PROTECTED;	\
	__shape;					\
})

/* Can this host create protected VMs? For TEST_REQUIRE(). */
bool kvm_has_protected_vms(void);

/*
 * Have @vcpu start with @guest_code, and with the registers that are set before
 * the first run: X0 to X7, SP_EL1, CPACR_EL1, MAIR_EL1, SCTLR_EL1, TCR_EL1,
 * TPIDR_EL1, TTBR0_EL1 and VBAR_EL1.
 *
 * The vCPU that runs first is the boot vCPU, which is all that a VMM can start.
 * It shares all memory that vm_alloc_shared() has returned, which includes the
 * pool of ucalls, and turns on all other vCPUs that have an entry point and are
 * not off.
 */
void pvm_vcpu_set_entry_point(struct kvm_vcpu *vcpu, void *guest_code);

extern char pvm_cpu_on_entry[], pvm_cpu_on_entry_end[];

/* For the library: prepare @vm for PSCI CPU_ON, and @vcpu, whose stack ends at @sp. */
void pvm_init_cpu_on(struct kvm_vm *vm);
void pvm_vcpu_set_stack(struct kvm_vcpu *vcpu, gva_t sp);

/*
 * For guests: turn a vCPU on by PSCI CPU_ON, with the caller's page tables and
 * vectors, and the stack that the library gave it. Return PSCI's error.
 */
u64 pvm_guest_cpu_on(u32 vcpu_id, void (*fn)(u64 arg), u64 arg);

/* Does an access by the test end in SIGSEGV, as to a page that the guest has? */
bool access_raises_segv(u64 *p, bool write);

/* Does the file at @path, for example one of sysfs, take @text in one write? */
bool write_file(const char *path, const char *text);

#endif /* SELFTEST_KVM_PVM_H */
