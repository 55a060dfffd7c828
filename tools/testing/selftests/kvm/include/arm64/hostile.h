/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Be a hostile host, by test_modules/pkvm_hostile.ko: read and write the host's
 * own data of VMs, make hypercalls, and make VMs that only EL2 knows.
 */
#ifndef SELFTEST_KVM_ARM64_HOSTILE_H
#define SELFTEST_KVM_ARM64_HOSTILE_H

#include <linux/sizes.h>

#include "arm64/pkvm_hostile.h"
#include "kvm_util.h"

/* Open the device, or skip the test. The module is loaded if it lies beside the program. */
void hostile_open(void);

/* Look up a datum by its name, or by its number. The latter fails after the last datum. */
struct hostile_datum hostile_datum(const char *name);
bool hostile_nth_datum(unsigned int nr, struct hostile_datum *datum);

/* Return the address of struct kvm or, if @vcpu_idx is not negative, of struct kvm_vcpu. */
u64 hostile_object(struct kvm_vm *vm, int vcpu_idx);

/* Take the steps in order on the CPU of the caller, once and @repeat times more. */
int hostile_repeat_steps(struct hostile_step *steps, unsigned int nr, u64 repeat);
int hostile_run_steps(struct hostile_step *steps, unsigned int nr);

struct hostile_step hostile_hvc_step(const char *func, u64 a, u64 b, u64 c);
struct hostile_step hostile_write_step(u64 at, u64 value, u32 size);

/* Return what the hypercall returns, or -EOPNOTSUPP if there is no such call. */
s64 hostile_hvc(const char *func, u64 a, u64 b, u64 c);

u64 hostile_read(u64 at, u32 size);
void hostile_write(u64 at, u64 value, u32 size);
u64 hostile_peek(u64 object, const char *name);
void hostile_poke(u64 object, const char *name, u64 value);

/* Allocate pages, which calls can donate to EL2, or pages that are shared with EL2. */
struct hostile_pages hostile_get_pages(u64 size);
void hostile_put_pages(struct hostile_pages *pages);
struct hostile_pages hostile_share_pages(u64 size);
void hostile_unshare_pages(struct hostile_pages *pages);
s64 hostile_share_page(u64 pa);
s64 hostile_unshare_page(u64 pa);

/*
 * A VM that only EL2 knows. Its struct kvm and its struct kvm_vcpu are shared pages
 * in which the test has set what EL2 looks at; all else is zero. The guest has no
 * memory, so that it exits with a fault at its first instruction.
 */
#define BARE_VM_SIZE	SZ_64K	/* more than EL2 needs for a VM, or for a vCPU */

struct bare_vm {
	struct hostile_pages kvm, vcpu, hyp_vm, pgd, hyp_vcpu;
	s64 handle;
};

void bare_vm_reserve(struct bare_vm *vm, bool protected);
/* Set what EL2 looks at, as bare_vm_reserve() does. */
void bare_vm_describe(struct bare_vm *vm, bool protected);
s64 bare_vm_init(struct bare_vm *vm);
/* Return whether EL2 has torn the VM down, and so has given everything back. */
bool bare_vm_free(struct bare_vm *vm);
/* Fill in the steps that load, run and put a vCPU. The run is steps[1]. */
#define BARE_VM_RUN_STEPS	3
void bare_vm_run_steps(s64 handle, u64 vcpu, struct hostile_step *steps);
/* Return why the guest exited, or -EINVAL if EL2 refuses to run the vCPU. */
s64 bare_vm_exit(const struct hostile_step *run);
s64 bare_vm_run(struct bare_vm *vm);

/* Make a hypercall while the vCPU of @vm is loaded. */
s64 bare_vm_hvc(struct bare_vm *vm, const char *func, u64 a, u64 b, u64 c, u64 d);
/* Offer EL2 @pages for the tables of the VM's stage 2. */
void bare_vm_fill_memcache(struct bare_vm *vm, const struct hostile_pages *pages);

/* Return the next random number. *@state is the seed, and must not be 0. */
u64 hostile_random(u64 *state);

#endif /* SELFTEST_KVM_ARM64_HOSTILE_H */
