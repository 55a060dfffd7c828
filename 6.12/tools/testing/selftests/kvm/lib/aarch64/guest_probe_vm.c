// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make a guest that serves calls over MMIO exits, call it, notice when it is
 * lost, and replace it. See guest_probe.h.
 */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "guest_probe.h"
#include "kselftest.h"
#include "vgic.h"

#define PROBE_MS	3000
#define PROBE_RINGS	10	/* of the alarm, until a guest is lost */
#define PTE_AP_EL0	BIT(6)
#define PTE_GP		BIT(50)

/* The guest itself forbids EL0 nothing: FPEN, ZEN, SMEN. */
#define CPACR_OPEN	(GENMASK(21, 20) | GENMASK(17, 16) | GENMASK(25, 24))

static void probe_map_pages(struct kvm_vm *vm)
{
	vm_vaddr_t gva = vm_vaddr_unused_gap(vm, vm->page_size, KVM_UTIL_MIN_VADDR);

	virt_map(vm, gva, PROBE_MMIO_GPA, 1);
	write_guest_global(vm, probe_mmio, (u64)gva);

	*virt_get_pte_hva(vm, probe_gva(PROBE_PAGE_EL0)) |= PTE_AP_EL0;
	*virt_get_pte_hva(vm, probe_gva(PROBE_PAGE_DATA)) |= PTE_AP_EL0;
	*virt_get_pte_hva(vm, probe_gva(PROBE_PAGE_GUARDED)) |= PTE_GP;
}

void probe_get_init(struct probe *p, struct kvm_vcpu_init *init)
{
	vm_ioctl(p->vm, KVM_ARM_PREFERRED_TARGET, init);
	init->features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	if (p->cfg.pauth)
		init->features[0] |= BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
				     BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC);
	if (p->cfg.sve_vq)
		init->features[0] |= BIT(KVM_ARM_VCPU_SVE);
}

/* Vectors as long as the CPU has and the configuration allows. */
static void probe_finalize_sve(struct probe *p, struct kvm_vcpu *vcpu)
{
	u64 vls[KVM_ARM64_SVE_VLS_WORDS] = {};
	struct kvm_one_reg reg = { .id = KVM_REG_ARM64_SVE_VLS, .addr = (u64)vls };
	int feature = KVM_ARM_VCPU_SVE;

	TEST_ASSERT(p->cfg.sve_vq <= 16, "a vector of %u bits", p->cfg.sve_vq * 128);
	vcpu_ioctl(vcpu, KVM_GET_ONE_REG, &reg);
	vls[0] &= GENMASK(p->cfg.sve_vq - 1, 0);
	vcpu_ioctl(vcpu, KVM_SET_ONE_REG, &reg);
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_FINALIZE, &feature);
}

void probe_init_vcpu(struct probe *p, int cpu)
{
	struct kvm_vcpu *vcpu = p->vcpu[cpu];
	size_t size = DEFAULT_STACK_PGS * p->vm->page_size;
	struct kvm_vcpu_init init;
	vm_vaddr_t stack;

	probe_get_init(p, &init);
	aarch64_vcpu_setup(vcpu, &init);
	if (p->cfg.sve_vq)
		probe_finalize_sve(p, vcpu);
	stack = __vm_vaddr_alloc(p->vm, size, KVM_UTIL_MIN_VADDR, MEM_REGION_DATA);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(sp_el1), stack + size);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), (u64)probe_guest_main);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1), CPACR_OPEN);
}

static void probe_build(struct probe *p)
{
	int i, cpu, nr = p->cfg.nr_vcpus ?: 1;
	struct vm_shape shape = p->cfg.unprotected ?
		VM_SHAPE(p->cfg.mode ?: VM_MODE_DEFAULT) :
		VM_SHAPE_PROTECTED(p->cfg.mode ?: VM_MODE_DEFAULT);

	p->vm = __vm_create(shape, nr, 64);
	for (i = 0; i < nr; i++)
		p->vcpu[i] = __vm_vcpu_add(p->vm, i);
	for (i = 0; i < nr - p->cfg.nr_late; i++) {
		cpu = p->cfg.init_order ? p->cfg.init_order[i] : i;
		probe_init_vcpu(p, cpu);
		if (!i)
			vcpu_get_reg(p->vcpu[cpu], KVM_ARM64_SYS_REG(SYS_SCTLR_EL1),
				     &p->sctlr);
	}
	p->gic_fd = p->cfg.vgic ? vgic_v3_setup(p->vm, nr, 64) : -1;
	probe_map_pages(p->vm);
	memset(&p->sent, 0, sizeof(p->sent));
	p->lost = false;
}

static void probe_demolish(struct probe *p)
{
	if (p->gic_fd >= 0)
		close(p->gic_fd);
	kvm_vm_free(p->vm);
}

static unsigned int rings;

static void on_alarm(int sig)
{
	WRITE_ONCE(rings, rings + 1);
}

static bool time_is_up(void)
{
	return READ_ONCE(rings) >= PROBE_RINGS;
}

/*
 * Ring for each part of the time, and afterwards, as one signal may come between two
 * runs. A machine that stands still, for however long, makes one ring of it.
 */
static void set_alarm(unsigned int ms)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct timeval part = {
		.tv_sec = ms / PROBE_RINGS / 1000,
		.tv_usec = ms * 1000 / PROBE_RINGS % 1000000,
	};
	struct itimerval it = { .it_value = part, .it_interval = part };

	WRITE_ONCE(rings, 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

static int __printf(3, 4) probe_fail(struct probe *p, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	return err;
}

static int probe_timeout(struct probe *p, struct kvm_vcpu *vcpu)
{
	u64 pc = 0, pstate = 0;

	__vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.pc), &pc);
	__vcpu_get_reg(vcpu, ARM64_CORE_REG(regs.pstate), &pstate);
	return probe_fail(p, -ETIME, "guest is lost: PC 0x%lx PSTATE 0x%lx",
			  pc, pstate);
}

static u64 probe_next_word(const struct probe_call *call, unsigned int nr)
{
	if (!nr)
		return (u64)call->fn;
	if (nr <= PROBE_MAX_ARGS)
		return call->args[nr - 1];
	nr -= PROBE_MAX_ARGS + 1;
	return nr < call->tx_nr ? call->tx[nr] : 0;
}

static int __probe_call(struct probe *p, struct probe_call *call)
{
	struct kvm_vcpu *vcpu = p->vcpu[call->cpu];
	struct kvm_run *run = vcpu->run;
	u64 died[3] = {}, word, off;
	unsigned int nr = 0;

	for (;;) {
		if (p->run ? p->run(vcpu) : __vcpu_run(vcpu)) {
			if (errno == EINTR && !time_is_up())
				continue;
			if (errno == EINTR)
				return probe_timeout(p, vcpu);
			return probe_fail(p, -errno, "KVM_RUN: %s, exit reason %u",
					  strerror(errno), run->exit_reason);
		}
		if (time_is_up())
			return probe_timeout(p, vcpu);

		off = run->mmio.phys_addr - PROBE_MMIO_GPA;
		if (run->exit_reason != KVM_EXIT_MMIO || off >= PROBE_PAGE_SIZE)
			return probe_fail(p, -EPROTO, "exit reason %u",
					  run->exit_reason);

		if (!run->mmio.is_write) {
			word = probe_next_word(call, nr++);
			memcpy(run->mmio.data, &word, sizeof(word));
			continue;
		}

		memcpy(&word, run->mmio.data, sizeof(word));
		switch (off) {
		case PROBE_MMIO_PUT:
			if (call->rx_nr < call->rx_max)
				call->rx[call->rx_nr] = word;
			died[0] = died[1];
			died[1] = died[2];
			died[2] = word;
			call->rx_nr++;
			break;
		case PROBE_MMIO_RET:
			call->ret = word;
			return 0;
		case PROBE_MMIO_DIED:
			return probe_fail(p, -EFAULT,
				"guest died: vector %lu ESR 0x%lx ELR 0x%lx FAR 0x%lx",
				died[0], word, died[1], died[2]);
		default:
			return probe_fail(p, -EPROTO, "MMIO write to 0x%lx", off);
		}
	}
}

/* A lost guest stays lost: the next one starts from nothing. */
void probe_revive(struct probe *p)
{
	if (!p->lost)
		return;
	probe_demolish(p);
	probe_build(p);
}

int probe_call(struct probe *p, struct probe_call *call)
{
	int ret;

	probe_revive(p);
	call->rx_nr = 0;
	set_alarm(call->seconds * 1000 ?: p->limit_ms ?: PROBE_MS);
	ret = __probe_call(p, call);
	set_alarm(0);
	p->lost = ret;
	return ret;
}

void probe_require_protected(void)
{
	int kvm = open("/dev/kvm", O_RDWR), vm;

	if (kvm < 0)
		ksft_exit_skip("no /dev/kvm\n");
	vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);
	if (vm < 0)
		ksft_exit_skip("this host has no protected VMs: KVM_CREATE_VM: %s\n",
			       strerror(errno));
	close(vm);
	close(kvm);
}

struct probe *probe_create(const struct probe_cfg *cfg)
{
	struct probe *p = calloc(1, sizeof(*p));

	TEST_ASSERT(p, "no memory");
	TEST_ASSERT(cfg->nr_vcpus <= ARRAY_SIZE(p->vcpu), "too many vCPUs");
	p->cfg = *cfg;
	probe_build(p);
	return p;
}

void probe_free(struct probe *p)
{
	probe_demolish(p);
	free(p);
}
