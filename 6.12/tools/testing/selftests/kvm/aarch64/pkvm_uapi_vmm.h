/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM as a VMM has it: descriptors, requests with the answer that is wanted, and
 * a guest that boots, resets and switches itself off.
 */
#ifndef SELFTEST_KVM_PKVM_UAPI_VMM_H
#define SELFTEST_KVM_PKVM_UAPI_VMM_H

#include <linux/psci.h>
#include <sys/eventfd.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"

#define NR_VCPUS	2
#define MAX_REGS	512
#define RAM_GPA		0x80000000UL
#define RAM_SIZE	0x200000UL
#define FLASH_GPA	0x0UL
#define FLASH_SIZE	0x10000UL
#define GICD_GPA	0x3fff0000UL
#define GICR_GPA	0x3fef0000UL
#define ITS_GPA		0x3fed0000UL
#define DOORBELL_GPA	0x10000000UL
#define PORT_GPA	0x09000000UL
#define NR_IRQS		64

/* What a guest is told at its entry: there is no device tree, and it looks for none. */
#define FIRST_BOOT	0x100
#define SECOND_BOOT	0x101
#define CONTEXT		0x77

/*
 * The guest, without an MMU: change what is its own, report x0, start the other
 * CPU, report what came of that, ring the doorbell, then reset the system, or at
 * its second boot switch it off. The other CPU reports its x0.
 */
extern char vmm_guest[], vmm_guest_other[], vmm_guest_end[];
asm(".pushsection .rodata\n"
	".balign 8\n"
	"vmm_guest:\n"
	"	mov	x19, x0\n"
	"	mov	x20, #0x1000\n"
	"	msr	mdscr_el1, x20\n"
	"	mov	x20, #2\n"
	"	msr	csselr_el1, x20\n"
	"	mov	x20, #0x09000000\n"
	"	str	x19, [x20]\n"
	"	mov	w0, #0x0003\n"
	"	movk	w0, #0xc400, lsl #16\n"
	"	mov	x1, #1\n"
	"	adr	x2, vmm_guest_other\n"
	"	mov	x3, #0x77\n"
	"	hvc	#0\n"
	"	str	x0, [x20, #8]\n"
	"	mov	x21, #0x10000000\n"
	"	str	w0, [x21]\n"
	"	mov	w0, #0x0009\n"
	"	movk	w0, #0x8400, lsl #16\n"
	"	mov	w1, #0x0008\n"
	"	movk	w1, #0x8400, lsl #16\n"
	"	tst	x19, #1\n"
	"	csel	w0, w0, w1, eq\n"
	"	hvc	#0\n"
	"	b	.\n"
	"vmm_guest_other:\n"
	"	mov	x20, #0x09000000\n"
	"	str	x0, [x20, #16]\n"
	"	b	.\n"
	"vmm_guest_end:\n"
	".popsection\n"
);

struct vmm {
	bool protected, pauth, failed;
	int kvm, to_ask, vm, gic, its, doorbell;
	int vcpu[NR_VCPUS];
	struct kvm_run *run[NR_VCPUS];
	size_t run_size;
	struct kvm_vcpu_init init;
	u64 mpidr[NR_VCPUS];
	/* Of each vCPU, what was there before it ran. */
	u64 ids[MAX_REGS + 1];
	__uint128_t vals[NR_VCPUS][MAX_REGS];
	struct kvm_vcpu_events events[NR_VCPUS];
};

/* Make the request and say what went wrong, unless it ends as it should. */
static inline bool ask(struct vmm *m, int fd, unsigned long cmd, void *arg, int want,
		       const char *what)
{
	int ret = ioctl(fd, cmd, arg), err = ret < 0 ? errno : 0;

	if (err == want)
		return true;
	ksft_print_msg("%s: %s\n", what, err ? strerror(err) : "success");
	m->failed = true;
	return false;
}

#define VM_ASK(m, cmd, arg)		ask(m, (m)->vm, cmd, arg, 0, #cmd)
#define VCPU_ASK(m, i, cmd, arg)	ask(m, (m)->vcpu[i], cmd, arg, 0, #cmd)

static inline bool expect(struct vmm *m, bool ok, const char *what)
{
	if (!ok) {
		ksft_print_msg("%s\n", what);
		m->failed = true;
	}
	return ok;
}

/*
 * Return what /dev/kvm says, or rather what it would if it spoke of protected VMs:
 * what one says that is there to be asked.
 */
static inline int host_has(struct vmm *m, long cap)
{
	if (!m->pauth && (cap == KVM_CAP_ARM_PTRAUTH_ADDRESS ||
			  cap == KVM_CAP_ARM_PTRAUTH_GENERIC))
		return 0;
	return ioctl(m->protected ? m->to_ask : m->kvm, KVM_CHECK_EXTENSION, cap);
}

static inline int attr(int fd, unsigned long cmd, u32 group, u64 nr, void *val)
{
	struct kvm_device_attr attr = { .group = group, .attr = nr, .addr = (u64)val };

	return ioctl(fd, cmd, &attr) < 0 ? errno : 0;
}

/* An attribute of a device that the VMM asks for and then sets. */
static inline bool has_and_set(struct vmm *m, int fd, u32 group, u64 nr, void *val)
{
	return expect(m, !attr(fd, KVM_HAS_DEVICE_ATTR, group, nr, NULL) &&
			 !attr(fd, KVM_SET_DEVICE_ATTR, group, nr, val),
		      "an attribute of the device");
}

static inline bool set_reg(struct vmm *m, int i, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	if (!ioctl(m->vcpu[i], KVM_SET_ONE_REG, &reg))
		return true;
	ksft_print_msg("vCPU %d: writing 0x%lx: %s\n", i, id, strerror(errno));
	m->failed = true;
	return false;
}

static inline bool get_reg(struct vmm *m, int i, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	if (!ioctl(m->vcpu[i], KVM_GET_ONE_REG, &reg))
		return true;
	ksft_print_msg("vCPU %d: reading 0x%lx: %s\n", i, id, strerror(errno));
	m->failed = true;
	return false;
}

/* Run until the guest writes this to its port, and complete that. */
static inline void port_write(struct vmm *m, int i, u64 offset, u64 want)
{
	struct kvm_run *run = m->run[i];

	if (!VCPU_ASK(m, i, KVM_RUN, NULL))
		return;
	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write ||
	    run->mmio.phys_addr != PORT_GPA + offset || *(u64 *)run->mmio.data != want) {
		ksft_print_msg("vCPU %d: exit %u, 0x%lx at 0x%llx\n", i, run->exit_reason,
			       *(u64 *)run->mmio.data, run->mmio.phys_addr);
		m->failed = true;
	}
	/* The instruction is complete after the next request to run only. */
	run->immediate_exit = 1;
	ask(m, m->vcpu[i], KVM_RUN, NULL, EINTR, "KVM_RUN, to complete");
	run->immediate_exit = 0;
}

static inline void mp_state_is(struct vmm *m, int i, u32 want)
{
	struct kvm_mp_state state = { .mp_state = ~0U };

	VCPU_ASK(m, i, KVM_GET_MP_STATE, &state);
	expect(m, state.mp_state == want, "the MP state");
}

/* One boot of the guest, up to what it asks for at its end. */
static inline void boot(struct vmm *m, u64 x0, u32 event)
{
	struct kvm_run *run = m->run[0];
	u64 rung;

	mp_state_is(m, 1, KVM_MP_STATE_STOPPED);
	port_write(m, 0, 0, x0);
	port_write(m, 0, 8, PSCI_RET_SUCCESS);
	mp_state_is(m, 1, KVM_MP_STATE_RUNNABLE);
	port_write(m, 1, 16, CONTEXT);

	VCPU_ASK(m, 0, KVM_RUN, NULL);
	expect(m, read(m->doorbell, &rung, sizeof(rung)) == sizeof(rung), "the doorbell");
	expect(m, run->exit_reason == KVM_EXIT_SYSTEM_EVENT && run->system_event.type == event,
	       "the system event");
}

static inline void free_vmm(struct vmm *m)
{
	const int fds[] = { m->gic, m->its, m->doorbell, m->vcpu[0], m->vcpu[1], m->vm,
			    m->to_ask, m->kvm };
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		if (m->run[i])
			munmap(m->run[i], m->run_size);
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] > 0)
			close(fds[i]);
}

#endif /* SELFTEST_KVM_PKVM_UAPI_VMM_H */
