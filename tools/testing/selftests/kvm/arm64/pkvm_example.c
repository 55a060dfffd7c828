// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole VMM for a protected VM: memory, a vGIC, one vCPU, MMIO and power off.
 * Documentation/virt/kvm/arm/pkvm.rst quotes it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#include "kselftest.h"

#define RAM_ADDR	0x80000000UL
#define RAM_SIZE	0x200000UL
#define GICD_ADDR	0x08000000UL
#define GICR_ADDR	0x080a0000UL
#define PORT_ADDR	0x09000000UL

#define CORE_REG(name)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 KVM_REG_ARM_CORE_REG(name))

/* The guest says what it has for a CPU, and powers off. */
static const uint32_t guest[] = {
	0xd2a12001,	/* mov	x1, #PORT_ADDR */
	0xd5380402,	/* mrs	x2, id_aa64pfr0_el1 */
	0xf9000022,	/* str	x2, [x1] */
	0x52800100,	/* mov	w0, #0x0008 */
	0x72b08000,	/* movk	w0, #0x8400, lsl #16: PSCI SYSTEM_OFF */
	0xd4000002,	/* hvc	#0 */
	0x14000000,	/* b	. */
};

static int ask(int fd, unsigned long request, void *arg, const char *what)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		err(KSFT_FAIL, "%s", what);
	return ret;
}

#define ASK(fd, request, arg)	ask(fd, request, (void *)(arg), #request)

static void set_attr(int fd, uint32_t group, uint64_t nr, void *value)
{
	struct kvm_device_attr attr = { .group = group, .attr = nr, .addr = (uintptr_t)value };

	ASK(fd, KVM_SET_DEVICE_ATTR, &attr);
}

int main(void)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t gicd = GICD_ADDR, gicr = GICR_ADDR, pc = RAM_ADDR;
	struct kvm_one_reg reg = { .id = CORE_REG(regs.pc), .addr = (uintptr_t)&pc };
	struct kvm_userspace_memory_region ram = {
		.guest_phys_addr = RAM_ADDR, .memory_size = RAM_SIZE,
	};
	struct kvm_vcpu_init init;
	int kvm, vm, vcpu, size;
	struct kvm_run *run;
	void *mem;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		err(KSFT_SKIP, "/dev/kvm");

	/* Refused if the host was not booted with kvm-arm.mode=protected. */
	vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED | KVM_VM_TYPE_ARM_IPA_SIZE(36));
	if (vm < 0)
		err(KSFT_SKIP, "no protected VM");

	/*
	 * What the guest starts with goes into its memory before the first run. Then
	 * the memory is the guest's: an access here would be a SIGSEGV.
	 */
	mem = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		err(KSFT_FAIL, "mmap");
	memcpy(mem, guest, sizeof(guest));
	ram.userspace_addr = (uintptr_t)mem;
	ASK(vm, KVM_SET_USER_MEMORY_REGION, &ram);

	/* Ask the VM and not /dev/kvm, which describes the host. */
	vcpu = ASK(vm, KVM_CREATE_VCPU, 0);
	ASK(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	if (ASK(vm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0)
		init.features[0] |= 1 << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
				    1 << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	ASK(vcpu, KVM_ARM_VCPU_INIT, &init);

	ASK(vm, KVM_CREATE_DEVICE, &gic);
	set_attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &gicd);
	set_attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &gicr);
	set_attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);

	/* The first run makes all of this final. */
	ASK(vcpu, KVM_SET_ONE_REG, &reg);
	size = ASK(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(KSFT_FAIL, "mmap of the vCPU");

	for (;;) {
		ASK(vcpu, KVM_RUN, NULL);

		switch (run->exit_reason) {
		case KVM_EXIT_MMIO:
			if (!run->mmio.is_write || run->mmio.phys_addr != PORT_ADDR)
				errx(KSFT_FAIL, "MMIO at 0x%llx", run->mmio.phys_addr);
			printf("# ID_AA64PFR0_EL1 is 0x%llx\n",
			       *(unsigned long long *)run->mmio.data);
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			if (run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN)
				errx(KSFT_FAIL, "system event %u", run->system_event.type);
			printf("TAP version 13\n1..1\nok 1 the guest has powered off\n");
			return KSFT_PASS;
		default:
			errx(KSFT_FAIL, "exit %u", run->exit_reason);
		}
	}
}
