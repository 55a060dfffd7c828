// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_uapi_random - requests with random arguments to protected VMs.
 *
 * usage: pkvm_uapi_random [-s SEED] [-n REQUESTS]
 *
 * Audit map: case -> rule
 *
 *  round N, seed S	REQUESTS requests to a VM, its vCPUs and its vGIC, with
 *			arguments that are random within reason: every one returns,
 *			and not with what only a fault of KVM leads to (EFBIG, any
 *			errno above 133, EIO unless the first run could not map the
 *			vGIC). `-s S` does the same again, as the first round.
 *  fresh VM		a protected VM created afterwards runs
 *  host		the host's own registers are what they were
 *
 * Whether the host complained is for the reader of its console to see.
 *
 * Not random: the order of things between threads. There is one.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "host_state.h"
#include "pkvm_uapi.h"

#define NR_ROUNDS	12
#define NR_VCPUS	2
#define ROUND_SECONDS	60
#define MAX_REGS	512

static u64 random_state;

/* xorshift64* */
static u64 random_u64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
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

static u8 buffer[65536] __aligned(65536);
static u64 words[64];
static u64 reg_ids[MAX_REGS + 1];

static void fill(void *p, size_t size)
{
	size_t i;

	memset(p, 0, size);
	for (i = 0; i + sizeof(u64) <= size; i += sizeof(u64))
		*(u64 *)(p + i) = random_value();
}

static u64 random_addr(void)
{
	return one_in(10) ? random_value() : (u64)buffer;
}

/* A register that the vCPU has, mostly, with a bit wrong at times. */
static u64 random_reg(void)
{
	u64 id = one_in(8) ? random_u64() : reg_ids[1 + below(reg_ids[0])];

	if (one_in(8))
		id = KVM_ARM64_SYS_REG(below(BIT(14)) << 5);
	return one_in(8) ? id ^ BIT(below(64)) : id;
}

/* The targets of requests. Only what the round made itself is closed. */
struct target {
	int vm, vcpu[NR_VCPUS], device, event;
	struct kvm_run *run[NR_VCPUS];
};

static void close_new(int fd)
{
	if (fd > 2)
		close(fd);
}

/* A vCPU was run, for however long. */
static bool has_run;

static int req_run(struct target *t)
{
	unsigned int i = below(NR_VCPUS);
	int ret;

	t->run[i]->immediate_exit = one_in(3);
	if (one_in(4))
		t->run[i]->exit_reason = below(40);
	ret = ioctl(t->vcpu[i], KVM_RUN, one_in(16) ? random_value() : 0);
	has_run |= !ret || errno == EINTR;
	return ret;
}

static int req_one_reg(struct target *t)
{
	struct kvm_one_reg reg = { .id = random_reg(), .addr = random_addr() };

	fill(buffer, 64);
	return ioctl(t->vcpu[below(NR_VCPUS)],
		     one_in(2) ? KVM_GET_ONE_REG : KVM_SET_ONE_REG, &reg);
}

static int req_reg_list(struct target *t)
{
	struct kvm_reg_list *list = (void *)buffer;

	list->n = one_in(2) ? MAX_REGS : random_value();
	return ioctl(t->vcpu[below(NR_VCPUS)], KVM_GET_REG_LIST, list);
}

static int req_init(struct target *t)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

	if (one_in(4))
		init.target = random_value();
	init.features[0] = one_in(2) ? BIT(KVM_ARM_VCPU_PSCI_0_2) : random_value();
	if (one_in(4))
		init.features[below(7)] = random_value();
	return ioctl(t->vcpu[below(NR_VCPUS)], KVM_ARM_VCPU_INIT, &init);
}

static int req_attr(struct target *t)
{
	static const unsigned long cmds[] = {
		KVM_HAS_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR,
	};
	const int fds[] = { t->vm, t->vcpu[0], t->vcpu[1], t->device };
	struct kvm_device_attr attr = {
		.group = one_in(8) ? random_value() : below(10),
		.attr = one_in(2) ? below(8) : random_value(),
		.flags = one_in(8) ? random_value() : 0,
		.addr = random_addr(),
	};

	fill(buffer, 64);
	return ioctl(fds[below(ARRAY_SIZE(fds))], cmds[below(ARRAY_SIZE(cmds))], &attr);
}

static int req_device(struct target *t)
{
	struct kvm_create_device cd = {
		.type = one_in(4) ? random_value() : below(14),
		.flags = one_in(2) ? KVM_CREATE_DEVICE_TEST : random_value(),
	};
	int ret;

	if (!(cd.flags & KVM_CREATE_DEVICE_TEST) && !one_in(4))
		cd.flags |= KVM_CREATE_DEVICE_TEST;
	ret = ioctl(t->vm, KVM_CREATE_DEVICE, &cd);
	if (!ret && !(cd.flags & KVM_CREATE_DEVICE_TEST)) {
		close_new(t->device);
		t->device = cd.fd;
	}
	return ret;
}

static int req_memory(struct target *t)
{
	struct kvm_userspace_memory_region region = {
		.slot = one_in(4) ? random_value() : 8 + below(4),
		.flags = one_in(2) ? below(8) : random_value(),
		.guest_phys_addr = one_in(2) ? below(64) << 16 : random_value(),
		.memory_size = one_in(4) ? random_value() : sizeof(buffer),
		.userspace_addr = random_addr(),
	};

	return ioctl(t->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Requests that return a descriptor, or take a number. */
static int req_number(struct target *t)
{
	int fd, ret;

	switch (below(5)) {
	case 0:
		fd = ioctl(t->vm, KVM_GET_STATS_FD, 0);
		close_new(fd);
		return fd;
	case 1:
		fd = ioctl(t->vcpu[below(NR_VCPUS)], KVM_GET_STATS_FD, 0);
		close_new(fd);
		return fd;
	case 2:
		return ioctl(t->vm, KVM_CHECK_EXTENSION, random_value());
	case 3:
		ret = ioctl(t->vm, KVM_CREATE_VCPU, one_in(2) ? below(6) : random_value());
		close_new(ret);
		return ret;
	default:
		return ioctl(t->vm, KVM_CREATE_IRQCHIP, 0);
	}
}

static int req_event(struct target *t)
{
	struct kvm_irqfd irqfd = {
		.fd = one_in(2) ? t->event : -1, .gsi = random_value(),
		.flags = one_in(2) ? below(4) : random_value(), .resamplefd = t->event,
	};
	struct kvm_ioeventfd io = {
		.datamatch = random_value(), .addr = random_value(), .len = below(10),
		.fd = one_in(2) ? t->event : -1, .flags = one_in(2) ? below(16) : random_value(),
	};

	return one_in(2) ? ioctl(t->vm, KVM_IRQFD, &irqfd) : ioctl(t->vm, KVM_IOEVENTFD, &io);
}

/* Requests whose argument is a structure without pointers to anything. */
static int req_plain(struct target *t)
{
	static const unsigned long vm_cmds[] = {
		KVM_ENABLE_CAP, KVM_ARM_PREFERRED_TARGET, KVM_ARM_SET_DEVICE_ADDR,
		KVM_ARM_SET_COUNTER_OFFSET, KVM_IRQ_LINE, KVM_SIGNAL_MSI,
		KVM_SET_GSI_ROUTING, KVM_RESET_DIRTY_RINGS, KVM_REGISTER_COALESCED_MMIO,
		KVM_UNREGISTER_COALESCED_MMIO, KVM_SET_USER_MEMORY_REGION2,
	}, vcpu_cmds[] = {
		KVM_SET_GUEST_DEBUG, KVM_SET_VCPU_EVENTS, KVM_GET_VCPU_EVENTS,
		KVM_SET_MP_STATE, KVM_GET_MP_STATE, KVM_ARM_VCPU_FINALIZE, KVM_GET_REGS,
		KVM_SET_REGS, KVM_GET_FPU, KVM_SET_FPU, KVM_GET_SREGS, KVM_TRANSLATE,
		KVM_INTERRUPT, KVM_NMI, KVM_ENABLE_CAP,
	};
	void *arg = one_in(20) ? (void *)random_value() : words;

	fill(words, sizeof(words));
	if (one_in(3))
		*(u32 *)words = below(8);
	if (one_in(2))
		return ioctl(t->vm, vm_cmds[below(ARRAY_SIZE(vm_cmds))], arg);
	return ioctl(t->vcpu[below(NR_VCPUS)], vcpu_cmds[below(ARRAY_SIZE(vcpu_cmds))], arg);
}

/* Requests whose structure leads to memory of this program. */
static int req_pointer(struct target *t)
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
	case 0:	return ioctl(t->vm, KVM_ARM_MTE_COPY_TAGS, &tags);
	case 1:	return ioctl(t->vm, KVM_GET_DIRTY_LOG, &log);
	case 2:	return ioctl(t->vm, KVM_CLEAR_DIRTY_LOG, &clear);
	default: return ioctl(t->vm, KVM_ARM_GET_REG_WRITABLE_MASKS, &range);
	}
}

static int (*const requests[])(struct target *t) = {
	req_run, req_run, req_run, req_one_reg, req_one_reg, req_one_reg, req_reg_list,
	req_init, req_attr, req_attr, req_device, req_memory, req_number, req_event,
	req_plain, req_plain, req_plain, req_pointer,
};

static void on_alarm(int sig)
{
}

/* A run does not take longer than this: the next alarm ends it. */
static void start_alarm(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_interval.tv_usec = 20000, .it_value.tv_usec = 20000 };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

static void start(struct uapi_vm *v, struct target *t)
{
	struct kvm_vcpu_init init;
	struct kvm_vcpu *late;

	*v = uapi_create(UAPI_PROTECTED, false);
	uapi_get_init(v->vm, &init);
	late = vcpu_add_reporting(v->vm, 1, &init, uapi_guest);
	if (one_in(2))
		v->gic_fd = vgic_v3_setup(v->vm, NR_VCPUS, 64);

	*t = (struct target) {
		.vm = v->vm->fd, .vcpu = { v->vcpu->fd, late->fd },
		.run = { v->vcpu->run, late->run },
		.device = dup(v->gic_fd), .event = eventfd(0, 0),
	};
	reg_ids[0] = MAX_REGS;
	vcpu_ioctl(v->vcpu, KVM_GET_REG_LIST, (struct kvm_reg_list *)reg_ids);
}

/* What no request may fail with. */
static bool is_fault(int err)
{
	return err == EIO || err == EFBIG || err > 133;
}

/*
 * If the first run cannot map the vGIC, KVM declares the VM dead, protected or not:
 * from then on each request for it gives EIO.
 */
static bool died_without_vgic(const struct target *t)
{
	return !has_run && ioctl(t->vm, KVM_CHECK_EXTENSION, 0) < 0 && errno == EIO;
}

static void __noreturn play(unsigned int nr)
{
	unsigned int i, kind, ok = 0;
	struct target t;
	struct uapi_vm v;
	int ret;

	start(&v, &t);
	start_alarm();
	for (i = 0; i < nr; i++) {
		kind = below(ARRAY_SIZE(requests));
		errno = 0;
		ret = requests[kind](&t);
		ok += ret >= 0;
		if (ret >= 0 || !is_fault(errno))
			continue;
		if (errno == EIO && died_without_vgic(&t)) {
			printf("# request %u: the vGIC was not mapped, the VM is dead\n", i);
			exit(KSFT_PASS);
		}
		printf("# request %u of kind %u: %s\n", i, kind, strerror(errno));
		exit(KSFT_FAIL);
	}
	printf("# %u of %u requests succeeded\n", ok, nr);
	exit(ok && ok < nr ? KSFT_PASS : KSFT_FAIL);
}

static bool round_passes(u64 seed, unsigned int nr)
{
	int status, seconds = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		random_state = seed;
		play(nr);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		usleep(10000);
		if (++seconds < ROUND_SECONDS * 100)
			continue;
		ksft_print_msg("a request does not return\n");
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return false;
	}
	if (!WIFEXITED(status))
		ksft_print_msg("ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == KSFT_PASS;
}

int main(int argc, char *argv[])
{
	unsigned int nr = 1000, i;
	struct uapi_vm fresh;
	struct timespec now;
	u64 seed;
	int opt;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = now.tv_sec ^ now.tv_nsec << 20;
	while ((opt = getopt(argc, argv, "s:n:")) != -1) {
		switch (opt) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			nr = atoi_positive("requests", optarg);
			break;
		default:
			printf("usage: %s [-s SEED] [-n REQUESTS]\n", argv[0]);
			exit(KSFT_FAIL);
		}
	}

	ksft_print_header();
	if (!kvm_has_protected_vms())
		ksft_exit_skip("KVM is not in protected mode\n");
	ksft_set_plan(NR_ROUNDS + 1 + HOST_STATE_TESTS);
	host_state_save();

	for (i = 0; i < NR_ROUNDS; i++) {
		/* Zero is no seed. */
		seed = seed ?: 1;
		ksft_test_result(round_passes(seed, nr), "round %u, seed 0x%lx\n", i, seed);
		seed = seed * 6364136223846793005 + 1442695040888963407;
	}

	fresh = uapi_create(UAPI_PROTECTED, true);
	ksft_test_result(uapi_runs(&fresh), "fresh VM\n");
	uapi_free(&fresh);

	host_state_report();
	ksft_finished();
}
