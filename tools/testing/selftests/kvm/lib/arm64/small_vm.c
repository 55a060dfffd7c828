// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs of a vCPU and some pages, see small_vm.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "arm64/small_vm.h"
#include "kvm_util.h"
#include "processor.h"

#define MMIO_GPA	0x20000000UL

/* X0 and X1 are start and end of what to fill, X2 is the pattern, X3 is MMIO_GPA. */
static const u32 guest_code[] = {
	0xf8008402,	/* 0:	str	x2, [x0], #8 */
	0xeb01001f,	/*	cmp	x0, x1 */
	0x54ffffc3,	/*	b.lo	0b */
	0xf9400064,	/* 1:	ldr	x4, [x3] */
	0xb4000004,	/*	cbz	x4, . */
	0xf9400086,	/*	ldr	x6, [x4] */
	0xf9000066,	/*	str	x6, [x3] */
	0x17fffffc,	/*	b	1b */
};

void small_vm_write_code(void *mem)
{
	memcpy(mem, guest_code, sizeof(guest_code));
}

void *small_vm_alloc(unsigned int nr_pages)
{
	void *mem = mmap(NULL, nr_pages * getpagesize(), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(mem != MAP_FAILED, "no memory");
	small_vm_write_code(mem);
	return mem;
}

static int set_reg(int vcpu, u64 id, u64 value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)&value };

	return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

int small_vm_add_vcpu(int vm_fd, int id, unsigned int nr_pages)
{
	const u64 args[] = {
		SMALL_VM_GPA + getpagesize(), SMALL_VM_GPA + nr_pages * getpagesize(),
		SMALL_VM_PATTERN, MMIO_GPA,
	};
	struct kvm_vcpu_init init;
	int vcpu = ioctl(vm_fd, KVM_CREATE_VCPU, id), ret;
	unsigned int i;

	if (vcpu < 0)
		return -errno;
	ret = ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init) ?:
	      ioctl(vcpu, KVM_ARM_VCPU_INIT, &init) ?:
	      set_reg(vcpu, ARM64_CORE_REG(regs.pc), SMALL_VM_GPA);
	for (i = 0; !ret && i < ARRAY_SIZE(args); i++)
		ret = set_reg(vcpu, ARM64_CORE_REG(regs.regs[0]) +
			      i * (sizeof(u64) / sizeof(u32)), args[i]);
	if (!ret)
		return vcpu;
	ret = -errno;
	close(vcpu);
	return ret;
}

static int add_gic(int vm)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	u64 dist = 0x8000000, redist = 0x80a0000;
	struct kvm_device_attr attr[] = {
		{ .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = KVM_VGIC_V3_ADDR_TYPE_DIST,
		  .addr = (u64)&dist },
		{ .group = KVM_DEV_ARM_VGIC_GRP_ADDR, .attr = KVM_VGIC_V3_ADDR_TYPE_REDIST,
		  .addr = (u64)&redist },
		{ .group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_VGIC_CTRL_INIT },
	};
	unsigned int i;
	int ret;

	if (ioctl(vm, KVM_CREATE_DEVICE, &gic))
		return -errno;
	for (i = 0; i < ARRAY_SIZE(attr); i++) {
		if (!ioctl(gic.fd, KVM_SET_DEVICE_ATTR, &attr[i]))
			continue;
		ret = -errno;
		close(gic.fd);
		return ret;
	}
	return gic.fd;
}

static int add_memory(int vm, void *mem, unsigned int nr_pages)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = SMALL_VM_GPA,
		.memory_size = nr_pages * getpagesize(),
		.userspace_addr = (u64)mem,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int small_vm_make(struct small_vm *vm, unsigned long type, void *mem,
		  unsigned int nr_pages, bool gic)
{
	int kvm_fd, ret;

	*vm = (struct small_vm) { -1, -1, -1 };
	kvm_fd = open(KVM_DEV_PATH, O_RDWR);
	if (kvm_fd < 0)
		return -errno;
	vm->run_size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	vm->fd = ioctl(kvm_fd, KVM_CREATE_VM, type);
	ret = vm->fd < 0 ? -errno : 0;
	close(kvm_fd);
	if (ret)
		return ret;
	ret = add_memory(vm->fd, mem, nr_pages);
	if (ret)
		return ret;
	vm->vcpu = small_vm_add_vcpu(vm->fd, 0, nr_pages);
	if (vm->vcpu < 0)
		return vm->vcpu;
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED) {
		vm->run = NULL;
		return -errno;
	}
	if (gic)
		vm->gic = add_gic(vm->fd);
	return gic && vm->gic < 0 ? vm->gic : 0;
}

void small_vm_close(struct small_vm *vm)
{
	if (vm->run)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->gic >= 0)
		close(vm->gic);
	if (vm->fd >= 0)
		close(vm->fd);
	*vm = (struct small_vm) { -1, -1, -1 };
}

static int run_until_mmio(struct small_vm *vm, bool write)
{
	if (ioctl(vm->vcpu, KVM_RUN, 0))
		return -errno;
	return vm->run->exit_reason == KVM_EXIT_MMIO && vm->run->mmio.phys_addr == MMIO_GPA &&
	       vm->run->mmio.is_write == write ? 0 : -EPROTO;
}

int small_vm_start(struct small_vm *vm)
{
	return run_until_mmio(vm, false);
}

int small_vm_peek(struct small_vm *vm, u64 gpa, u64 *value)
{
	int ret;

	memcpy(vm->run->mmio.data, &gpa, sizeof(gpa));
	ret = run_until_mmio(vm, true);
	if (ret)
		return ret;
	memcpy(value, vm->run->mmio.data, sizeof(*value));
	return run_until_mmio(vm, false);
}
