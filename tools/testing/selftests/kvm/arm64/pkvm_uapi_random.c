// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_random - requests with random arguments to protected VMs and others.
 *
 * usage: pkvm_uapi_random [-s SEED] [-n REQUESTS]
 *
 *  KIND, seed S	REQUESTS requests to a VM, its vCPU and its vGIC: each of
 *			them returns, and not with what only a fault of KVM leads to.
 *			`-s S` does the same again, as the first round
 *  KIND, refused, S	likewise, of requests that are all refused: after each
 *			refusal the VM is one that still runs
 *  fresh KIND		a VM that is created afterwards runs
 *
 * The seed is fixed, so that two runs do the same. Whether the host complained is
 * for the reader of its console to see. There is one thread.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_ROUNDS	4
#define MAX_REGS	512

static u64 random_state;

static u64 random_u64(void)
{
	return hostile_random(&random_state);
}

static u64 below(u64 limit)
{
	return (random_u64() >> 16) % limit;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/* Small numbers, single bits, limits and noise. */
static u64 random_value(void)
{
	switch (below(6)) {
	case 0:	return 0;
	case 1:	return below(40);
	case 2:	return BIT(below(64));
	case 3:	return ~0UL >> below(64);
	case 4:	return -below(70000);
	default: return random_u64();
	}
}

static u64 buffer[8192] __aligned(65536);
static u64 reg_ids[MAX_REGS + 1];
static int event_fd;

static void fill(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		buffer[i] = random_value();
}

static u64 random_addr(void)
{
	return one_in(10) ? random_value() : (u64)buffer;
}

static void close_new(int fd)
{
	if (fd > 2)
		close(fd);
}

static int req_run(struct probe *p)
{
	struct kvm_vcpu *vcpu = p->vcpu[0];

	vcpu->run->immediate_exit = one_in(3);
	if (one_in(4))
		vcpu->run->exit_reason = below(40);
	return ioctl(vcpu->fd, KVM_RUN, one_in(16) ? random_value() : 0);
}

/* Most requests name a register that the vCPU has, some with a wrong bit. */
static int req_one_reg(struct probe *p)
{
	u64 id = one_in(8) ? random_u64() : reg_ids[1 + below(reg_ids[0])];
	struct kvm_one_reg reg = { .addr = random_addr() };

	if (one_in(8))
		id = KVM_ARM64_SYS_REG(below(BIT(14)) << 5);
	reg.id = one_in(8) ? id ^ BIT(below(64)) : id;
	fill(8);
	return ioctl(p->vcpu[0]->fd, one_in(2) ? KVM_GET_ONE_REG : KVM_SET_ONE_REG, &reg);
}

static int req_init(struct probe *p)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

	if (one_in(4))
		init.target = random_value();
	init.features[0] = one_in(2) ? BIT(KVM_ARM_VCPU_PSCI_0_2) : random_value();
	if (one_in(4))
		init.features[below(7)] = random_value();
	return ioctl(p->vcpu[0]->fd, KVM_ARM_VCPU_INIT, &init);
}

static int req_attr(struct probe *p)
{
	static const unsigned long cmds[] = {
		KVM_HAS_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR,
	};
	const int fds[] = { p->vm->fd, p->vcpu[0]->fd, p->vm->arch.gic_fd };
	struct kvm_device_attr attr = {
		.group = one_in(8) ? random_value() : below(10),
		.attr = one_in(2) ? below(8) : random_value(),
		.flags = one_in(8) ? random_value() : 0,
		.addr = random_addr(),
	};

	fill(8);
	return ioctl(fds[below(ARRAY_SIZE(fds))], cmds[below(ARRAY_SIZE(cmds))], &attr);
}

static int req_device(struct probe *p)
{
	struct kvm_create_device cd = {
		.type = one_in(4) ? random_value() : below(16),
		.flags = one_in(4) ? random_value() : KVM_CREATE_DEVICE_TEST,
	};
	int ret = ioctl(p->vm->fd, KVM_CREATE_DEVICE, &cd);

	if (!ret && !(cd.flags & KVM_CREATE_DEVICE_TEST))
		close_new(cd.fd);
	return ret;
}

static int req_memory(struct probe *p)
{
	struct kvm_userspace_memory_region region = {
		.slot = one_in(4) ? random_value() : 8 + below(4),
		.flags = one_in(2) ? below(8) : random_value(),
		.guest_phys_addr = one_in(2) ? below(64) << 16 : random_value(),
		.memory_size = one_in(4) ? random_value() : sizeof(buffer),
		.userspace_addr = random_addr(),
	};

	return ioctl(p->vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Requests that return a descriptor, or take a number. */
static int req_number(struct probe *p)
{
	int ret;

	switch (below(4)) {
	case 0:
		ret = ioctl(one_in(2) ? p->vm->fd : p->vcpu[0]->fd, KVM_GET_STATS_FD, 0);
		break;
	case 1:
		return ioctl(p->vm->fd, KVM_CHECK_EXTENSION, random_value());
	case 2:
		ret = ioctl(p->vm->fd, KVM_CREATE_VCPU, one_in(2) ? below(6) : random_value());
		break;
	default:
		return ioctl(p->vm->fd, KVM_CREATE_IRQCHIP, 0);
	}
	close_new(ret);
	return ret;
}

static int req_event(struct probe *p)
{
	struct kvm_irqfd irqfd = {
		.fd = one_in(2) ? event_fd : -1, .gsi = random_value(),
		.flags = one_in(2) ? below(4) : random_value(), .resamplefd = event_fd,
	};
	struct kvm_ioeventfd io = {
		.datamatch = random_value(), .addr = random_value(), .len = below(10),
		.fd = one_in(2) ? event_fd : -1,
		.flags = one_in(2) ? below(16) : random_value(),
	};

	return one_in(2) ? ioctl(p->vm->fd, KVM_IRQFD, &irqfd) :
			   ioctl(p->vm->fd, KVM_IOEVENTFD, &io);
}

/* Requests whose argument is a structure of numbers. */
static int req_plain(struct probe *p)
{
	static const unsigned long vm_cmds[] = {
		KVM_ENABLE_CAP, KVM_ARM_PREFERRED_TARGET, KVM_ARM_SET_DEVICE_ADDR,
		KVM_ARM_SET_COUNTER_OFFSET, KVM_IRQ_LINE, KVM_IRQ_LINE_STATUS,
		KVM_SIGNAL_MSI, KVM_SET_GSI_ROUTING, KVM_RESET_DIRTY_RINGS,
		KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO,
		KVM_SET_USER_MEMORY_REGION2, KVM_SET_MEMORY_ATTRIBUTES,
	}, vcpu_cmds[] = {
		KVM_SET_GUEST_DEBUG, KVM_SET_VCPU_EVENTS, KVM_GET_VCPU_EVENTS,
		KVM_SET_MP_STATE, KVM_GET_MP_STATE, KVM_ARM_VCPU_FINALIZE, KVM_GET_REGS,
		KVM_SET_REGS, KVM_GET_FPU, KVM_SET_FPU, KVM_GET_SREGS, KVM_TRANSLATE,
		KVM_INTERRUPT, KVM_NMI, KVM_ENABLE_CAP, KVM_GET_REG_LIST,
		KVM_PRE_FAULT_MEMORY,
	};
	void *arg = (void *)random_addr();

	fill(64);
	if (one_in(3))
		*(u32 *)buffer = below(8);
	if (one_in(2))
		return ioctl(p->vm->fd, vm_cmds[below(ARRAY_SIZE(vm_cmds))], arg);
	return ioctl(p->vcpu[0]->fd, vcpu_cmds[below(ARRAY_SIZE(vcpu_cmds))], arg);
}

/* Requests whose structure leads to memory of this program. */
static int req_pointer(struct probe *p)
{
	struct kvm_arm_copy_mte_tags tags = {
		.guest_ipa = random_value(), .length = random_value(), .addr = buffer,
		.flags = below(3),
	};
	struct kvm_dirty_log log = { .slot = 8 + below(5), .dirty_bitmap = buffer };
	struct kvm_clear_dirty_log clear = {
		.slot = 8 + below(5), .num_pages = below(100) * 64,
		.first_page = one_in(2) ? 0 : random_value(), .dirty_bitmap = buffer,
	};
	struct reg_mask_range range = { .addr = random_addr(), .range = below(3) };

	switch (below(4)) {
	case 0:	return ioctl(p->vm->fd, KVM_ARM_MTE_COPY_TAGS, &tags);
	case 1:	return ioctl(p->vm->fd, KVM_GET_DIRTY_LOG, &log);
	case 2:	return ioctl(p->vm->fd, KVM_CLEAR_DIRTY_LOG, &clear);
	default: return ioctl(p->vm->fd, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);
	}
}

static int (*const requests[])(struct probe *p) = {
	req_run, req_run, req_run, req_one_reg, req_one_reg, req_one_reg,
	req_init, req_attr, req_attr, req_device, req_memory, req_number, req_event,
	req_plain, req_plain, req_plain, req_pointer,
};

/* A protected VM refuses each of these, whatever the argument. */
static const unsigned long refused[] = {
	KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG, KVM_RESET_DIRTY_RINGS, KVM_ENABLE_CAP,
	KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO, KVM_IRQ_LINE_STATUS,
	KVM_SET_MEMORY_ATTRIBUTES, KVM_CREATE_GUEST_MEMFD, KVM_ARM_SET_COUNTER_OFFSET,
	KVM_ARM_MTE_COPY_TAGS,
};

static void on_alarm(int sig)
{
}

/* An error of the kernel's own, or one that no request of KVM has. */
static bool is_fault(int err)
{
	return err == EFBIG || err > 133;
}

static struct probe *create(bool ordinary, bool vgic)
{
	const struct probe_cfg cfg = { .ordinary = ordinary, .vgic = vgic };

	return probe_create(&cfg);
}

static int play_refused(unsigned int nr)
{
	struct probe *p = create(false, one_in(2));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long cmd = refused[below(ARRAY_SIZE(refused))];

		fill(64);
		if (ioctl(p->vm->fd, cmd, random_addr()) >= 0 ||
		    (errno != EINVAL && errno != EFAULT)) {
			ksft_print_msg("request 0x%lx: %s\n", cmd, strerror(errno));
			return KSFT_FAIL;
		}
		if (!(i % 16) && !probe_runs(p))
			return KSFT_FAIL;
	}
	return probe_runs(p) ? KSFT_PASS : KSFT_FAIL;
}

static int play(bool ordinary, unsigned int nr)
{
	/* A run does not take longer than this: the next alarm ends it. */
	const struct itimerval it = {
		.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000,
	};
	const struct sigaction sa = { .sa_handler = on_alarm };
	struct probe *p = create(ordinary, one_in(2));
	unsigned int i, kind, ok = 0;
	int ret;

	event_fd = eventfd(0, 0);
	reg_ids[0] = MAX_REGS;
	vcpu_ioctl(p->vcpu[0], KVM_GET_REG_LIST, (struct kvm_reg_list *)reg_ids);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	for (i = 0; i < nr; i++) {
		kind = below(ARRAY_SIZE(requests));
		errno = 0;
		ret = requests[kind](p);
		ok += ret >= 0;
		if (ret >= 0 || !is_fault(errno))
			continue;
		ksft_print_msg("request %u of kind %u: %s\n", i, kind, strerror(errno));
		return KSFT_FAIL;
	}
	ksft_print_msg("%u of %u requests succeeded\n", ok, nr);
	return ok && ok < nr ? KSFT_PASS : KSFT_FAIL;
}

enum kind { PROTECTED, ORDINARY, REFUSED, NR_KINDS };

static const char * const kind_names[] = { "protected", "ordinary", "protected, refused" };

/* Use a child process, which a request that touches the guest's memory kills by SIGSEGV. */
static bool round_passes(enum kind kind, u64 seed, unsigned int nr)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		random_state = seed;
		status = kind == REFUSED ? play_refused(nr) : play(kind == ORDINARY, nr);
		fflush(stdout);
		_exit(status);
	}
	TEST_ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		ksft_print_msg("ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == KSFT_PASS;
}

static bool fresh_runs(bool ordinary)
{
	struct probe *p = create(ordinary, true);
	bool ok = probe_runs(p);

	probe_free(p);
	return ok;
}

int main(int argc, char *argv[])
{
	unsigned int nr = 1000, i, kind;
	u64 seed = 1;
	int opt;

	while ((opt = getopt(argc, argv, "s:n:")) != -1) {
		switch (opt) {
		case 's':
			seed = strtoull(optarg, NULL, 0) ?: 1;
			break;
		case 'n':
			nr = atoi_positive("requests", optarg);
			break;
		default:
			printf("usage: %s [-s SEED] [-n REQUESTS]\n", argv[0]);
			return KSFT_FAIL;
		}
	}
	TEST_REQUIRE(kvm_has_protected_vms());

	ksft_print_header();
	ksft_set_plan(NR_ROUNDS * NR_KINDS + 2);
	for (i = 0; i < NR_ROUNDS; i++) {
		for (kind = 0; kind < NR_KINDS; kind++)
			ksft_test_result(round_passes(kind, seed, nr), "%s, seed 0x%lx\n",
					 kind_names[kind], seed);
		seed = seed * 6364136223846793005 + 1442695040888963407;
	}
	ksft_test_result(fresh_runs(false), "fresh protected\n");
	ksft_test_result(fresh_runs(true), "fresh ordinary\n");
	ksft_finished();
}
