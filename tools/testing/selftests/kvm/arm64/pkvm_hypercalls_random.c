// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_hypercalls_random - random hypercalls from two CPUs at once.
 *
 *  aimed ...		what random arguments hit seldom
 *  smc			what firmware and EL2 make of PSCI, FF-A and unknown calls
 *  random SEED		two CPUs make hypercalls with arguments that are likely to be
 *			right, or nearly so. Afterwards, EL2 gives all pages back
 *  succeeded		each hypercall did something at least once, or nothing behind
 *			its first check was tried
 *  other VM		a protected VM beside all this has the view that it had
 *
 * With CONFIG_NVHE_EL2_DEBUG, EL2 panics at a request for a page that it does not expect,
 * so the test is not for such kernels.
 *
 * Needs test_modules/pkvm_hostile.ko. "pkvm_hypercalls_random COUNT [SEED]" makes COUNT
 * calls on each CPU with each of as many seeds as are built in, from SEED on.
 */
#include <fcntl.h>
#include <linux/psci.h>
#include <pthread.h>

#include "arm64/hostile.h"
#include "kselftest.h"
#include "probe.h"
#include "pvm.h"

#define NR_SEEDS	6
#define NR_CALLS	1500
#define MAX_SEEDS	100
#define MAX_TRIES	100000
#define NR_VICTIMS	3
#define NR_PAGES	256	/* of the pool, the first of which are for PGDs */
#define FIRST_COPY	64	/* for EL2's structures */
#define FIRST_GUEST	160	/* for guests */
#define NR_GFNS		32
#define HANDLE_FIRST	0x1000
#define NR_HANDLES	255
#define DEVICE_PFN	(0x09000000 >> 12)	/* the UART of QEMU's machine */

enum kind {
	ZERO, HANDLE, INDEX, PFN, GFN, COUNT, PROT, PA, KVM, VCPU, COPY, PGD, ANY,
};

/* What EL2 takes from the host after boot. What stands here twice is called twice as often. */
static const struct call {
	const char *name;
	enum kind args[4];
	bool silent;	/* its result does not tell whether it succeeded */
	bool never;	/* cannot succeed */
} calls[] = {
	{ "__pkvm_prot_finalize", .never = true },
	{ "__kvm_adjust_pc", { VCPU }, .silent = true },
	{ "__kvm_vcpu_run", { VCPU } },
	{ "__kvm_vcpu_run", { VCPU } },
	{ "__kvm_flush_vm_context", .silent = true },
	{ "__tracing_load", { ANY, ANY }, .never = true },
	{ "__tracing_unload", .silent = true },
	{ "__tracing_enable", { INDEX }, .never = true },
	{ "__tracing_swap_reader", { ANY }, .never = true },
	{ "__tracing_update_clock", { ANY, ANY, ANY, ANY }, .silent = true },
	{ "__tracing_reset", { ANY }, .never = true },
	{ "__tracing_enable_event", { ANY, INDEX }, .never = true },
	{ "__tracing_write_event", { ANY }, .silent = true },
	{ "__pkvm_host_share_hyp", { PFN } },
	{ "__pkvm_host_unshare_hyp", { PFN } },
	{ "__pkvm_host_donate_guest", { PFN, GFN } },
	{ "__pkvm_host_share_guest", { PFN, GFN, COUNT, PROT } },
	{ "__pkvm_host_share_guest", { PFN, GFN, COUNT, PROT } },
	/* Few of these hit a page that is shared. */
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_unshare_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_relax_perms_guest", { GFN, PROT } },
	{ "__pkvm_host_relax_perms_guest", { GFN, PROT } },
	{ "__pkvm_host_relax_perms_guest", { GFN, PROT } },
	{ "__pkvm_host_wrprotect_guest", { HANDLE, GFN, COUNT } },
	{ "__pkvm_host_test_clear_young_guest", { HANDLE, GFN, COUNT, INDEX } },
	{ "__pkvm_host_mkyoung_guest", { GFN } },
	{ "__pkvm_reserve_vm" },
	{ "__pkvm_unreserve_vm", { HANDLE }, .silent = true },
	{ "__pkvm_init_vm", { KVM, COPY, PGD } },
	{ "__pkvm_init_vm", { KVM, COPY, PGD } },
	{ "__pkvm_init_vcpu", { HANDLE, VCPU, COPY } },
	{ "__pkvm_init_vcpu", { HANDLE, VCPU, COPY } },
	{ "__pkvm_vcpu_in_poison_fault" },
	/* This hits a guest's page too seldom. pkvm_teardown has the call succeed. */
	{ "__pkvm_force_reclaim_guest_page", { PA }, .silent = true },
	/* tear_down() has this succeed. */
	{ "__pkvm_reclaim_dying_guest_page", { HANDLE, GFN }, .silent = true },
	{ "__pkvm_vcpu_load", { HANDLE, INDEX }, .silent = true },
	{ "__pkvm_vcpu_load", { HANDLE, INDEX }, .silent = true },
	{ "__pkvm_vcpu_put", .silent = true },
	{ "__pkvm_vcpu_sync_state", .silent = true },
	{ "__pkvm_tlb_flush_vmid", { HANDLE }, .silent = true },
};

/* VMs whose structures the calls name. Only EL2 knows them. */
static struct bare_vm victims[NR_VICTIMS];
static struct hostile_pages pool;
static u64 known_handles[8], bystander_handle, mc_offset, page_size, el2_base;
static struct probe *bystander;
static struct probe_view before;
static unsigned int succeeded[ARRAY_SIZE(calls)];

static u64 page_va(unsigned int page)
{
	return pool.va + page * page_size;
}

static u64 random_arg(u64 *r, enum kind kind)
{
	u64 x = hostile_random(r), y = hostile_random(r);
	struct bare_vm *v = &victims[y % NR_VICTIMS];

	/* Any number, but none that is memory which the host or the test needs. */
	if (kind != ZERO && x % 32 == 0) {
		y >>= hostile_random(r) % 64;
		return kind == COPY || kind == PGD ? y | 1 : kind == PFN ? y | BIT(30) :
		       kind == GFN ? y | BIT(40) : y;
	}

	switch (kind) {
	case HANDLE:
		if (x % 16 == 1)
			return bystander_handle;
		return READ_ONCE(known_handles[y % ARRAY_SIZE(known_handles)]);
	case INDEX:
		return y % 8 ? 0 : y >> 8 & 3;
	case PFN:
		switch (x >> 32 & 31) {
		case 0:
			return DEVICE_PFN;
		case 1:
			return el2_base / page_size + y % 16;
		case 2:
			return (y & 1 ? v->kvm.pa : v->vcpu.pa) / page_size;
		case 3:
			return pool.pa / page_size + y % NR_PAGES;
		default:
			return pool.pa / page_size + FIRST_GUEST + y % (NR_PAGES - FIRST_GUEST);
		}
	case GFN:
		return x & 64 ? y % 4 : y % NR_GFNS;
	case COUNT:
		return x & 96 ? 1 : x & 128 ? 512 : y % 64;
	case PROT:
		return x & 96 ? 15 : y % 16;
	case PA:
		return x & 32 ? el2_base + y % 16 * page_size :
				pool.pa + (FIRST_GUEST + y % (NR_PAGES - FIRST_GUEST)) * page_size;
	case KVM:
		return x & 0x1e0 ? v->kvm.va : y & BIT(20) ? v->vcpu.va : v->kvm.va + y % page_size;
	case VCPU:
		return x & 0x1e0 ? v->vcpu.va : y & BIT(20) ? v->kvm.va : v->vcpu.va + y % 64;
	case PGD:
		return page_va(y % FIRST_COPY & (x & 96 ? ~15 : ~0));
	case COPY:
		return page_va(FIRST_COPY + (y % (FIRST_GUEST - FIRST_COPY) & (x & 96 ? ~7 : ~0)));
	case ANY:
		return y | 1;
	default:
		return 0;
	}
}

/*
 * KVM runs the bystander to the end, so the test cannot take back what the bystander
 * gets: a vCPU, or pages by calls that give them to the loaded vCPU.
 */
static bool changes_bystander(const struct call *call, const u64 *args)
{
	return (u16)args[0] == bystander_handle &&
	       (!strcmp(call->name, "__pkvm_init_vcpu") ||
		!strcmp(call->name, "__pkvm_vcpu_load"));
}

static void try_hvc(const char *func, u64 a, u64 b, u64 c)
{
	struct hostile_step step = hostile_hvc_step(func, a, b, c);

	TEST_ASSERT(!hostile_run_steps(&step, 1), "no hypercall");
}

/*
 * Take the pages of a VM back, and then end it. EL2 refuses that as long as the other
 * CPU makes a hypercall about the VM.
 */
static void tear_down(u64 handle)
{
	unsigned int gfn, tries = 0;

	if (handle == bystander_handle || hostile_hvc("__pkvm_start_teardown_vm", handle, 0, 0))
		return;
	for (gfn = 0; gfn < NR_GFNS; gfn++) {
		try_hvc("__pkvm_reclaim_dying_guest_page", handle, gfn, 0);
		try_hvc("__pkvm_host_unshare_guest", handle, gfn, 1);
	}
	while (hostile_hvc("__pkvm_finalize_teardown_vm", handle, 0, 0))
		TEST_ASSERT(++tries < MAX_TRIES, "VM 0x%lx does not go", handle);
}

/* A call may have given a victim's page to a guest, and then nothing is written. */
static void try_write(u64 at, u64 value, u32 size)
{
	struct hostile_step step = hostile_write_step(at, value, size);

	TEST_ASSERT(!hostile_run_steps(&step, 1), "no write");
}

static void try_poke(u64 object, const char *name, u64 value)
{
	struct hostile_datum d = hostile_datum(name);

	try_write(object + d.value, value, d.size);
}

/* Change something in the host's structures of a VM, which EL2 reads. */
static void change_victim(u64 *r)
{
	u64 x = hostile_random(r), y = hostile_random(r), first, i;
	struct bare_vm *v = &victims[y % NR_VICTIMS];

	switch (x % 4) {
	case 0:
		try_poke(v->kvm.va, "kvm.arch.pkvm.handle", random_arg(r, HANDLE));
		break;
	case 1:
		try_poke(v->vcpu.va, "vcpu.vcpu_idx", random_arg(r, INDEX));
		break;
	default:
		/* A memcache, of whose pages only some belong to the host. */
		first = FIRST_GUEST + y % (NR_PAGES - FIRST_GUEST - 8);
		for (i = first; i < first + 8; i++)
			try_write(page_va(i), pool.pa + (i + 1) * page_size, 8);
		try_write(v->vcpu.va + mc_offset, pool.pa + first * page_size, 8);
		try_write(v->vcpu.va + mc_offset + 8, x & 0xf0 ? 5 : y >> 40, 8);
	}
}

static void one_random_call(u64 *r)
{
	unsigned int which = hostile_random(r) % (ARRAY_SIZE(calls) + 4), i;
	const struct call *call = &calls[which];
	struct hostile_step step;
	u64 args[4];
	s64 ret;

	if (which >= ARRAY_SIZE(calls)) {
		if (hostile_random(r) % 8)
			change_victim(r);
		else
			tear_down(random_arg(r, HANDLE));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = random_arg(r, call->args[i]);
	if (changes_bystander(call, args))
		return;
	step = hostile_hvc_step(call->name, args[0], args[1], args[2]);
	step.x[4] = args[3];
	TEST_ASSERT(!hostile_run_steps(&step, 1), "no hypercall");
	ret = bare_vm_exit(&step);
	if (call->silent || ret < 0)
		return;
	__atomic_fetch_add(&succeeded[which], 1, __ATOMIC_RELAXED);
	if (!strcmp(call->name, "__pkvm_reserve_vm")) {
		WRITE_ONCE(known_handles[hostile_random(r) % ARRAY_SIZE(known_handles)], ret);
		try_poke(victims[hostile_random(r) % NR_VICTIMS].kvm.va,
			 "kvm.arch.pkvm.handle", ret);
	}
}

struct attack {
	pthread_t thread;
	u64 random;
	unsigned int cpu, nr;
};

static void *attack_thread(void *arg)
{
	struct attack *a = arg;
	unsigned int i;

	pin_self_to_cpu(a->cpu);
	for (i = 0; i < a->nr; i++)
		one_random_call(&a->random);
	/* A VM cannot be torn down while one of its vCPUs is loaded. */
	try_hvc("__pkvm_vcpu_put", 0, 0, 0);
	return NULL;
}

/* Take everything back from EL2. */
static bool all_given_back(void)
{
	struct hostile_step step;
	unsigned int i, lost = 0;
	u64 handle;

	for (handle = HANDLE_FIRST; handle < HANDLE_FIRST + NR_HANDLES; handle++) {
		tear_down(handle);
		if (handle != bystander_handle)
			try_hvc("__pkvm_unreserve_vm", handle, 0, 0);
	}
	for (i = 0; i < NR_PAGES; i++) {
		try_hvc("__pkvm_host_unshare_hyp", pool.pa / page_size + i, 0, 0);
		step = (struct hostile_step) { .op = HOSTILE_READ, .at = page_va(i), .size = 8 };
		hostile_run_steps(&step, 1);
		if (step.err && !lost++)
			ksft_print_msg("page %u is lost\n", i);
	}
	/* Calls may have unshared the victims' structures, and given them to a guest. */
	for (i = 0; i < NR_VICTIMS; i++) {
		for (u64 at = 0; at < victims[i].kvm.size; at += page_size)
			hostile_share_page(victims[i].kvm.pa + at);
		for (u64 at = 0; at < victims[i].vcpu.size; at += page_size)
			hostile_share_page(victims[i].vcpu.pa + at);
		bare_vm_describe(&victims[i], i & 1);
	}
	return !lost;
}

static bool random_calls(u64 seed, unsigned int nr)
{
	struct attack attacks[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known_handles); i++)
		known_handles[i] = HANDLE_FIRST + i;
	for (i = 0; i < 2; i++) {
		attacks[i] = (struct attack) {
			.cpu = i, .nr = nr, .random = (seed * 2 + i + 1) * 0x9e3779b97f4a7c15,
		};
		TEST_ASSERT(!pthread_create(&attacks[i].thread, NULL, attack_thread,
					    &attacks[i]), "no thread");
	}
	for (i = 0; i < 2; i++)
		pthread_join(attacks[i].thread, NULL);
	return all_given_back();
}

static bool all_succeeded(bool report)
{
	unsigned int i, j, nr;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		/* Add up the rows of one call. */
		for (j = 0, nr = 0; j < ARRAY_SIZE(calls); j++)
			if (!strcmp(calls[i].name, calls[j].name))
				nr += succeeded[j];
		if (calls[i].silent || nr || calls[i].never)
			continue;
		if (report)
			ksft_print_msg("%s never succeeded\n", calls[i].name);
		ok = false;
	}
	return ok;
}

/* Where EL2's memory begins; the host says so when it boots. */
static u64 find_el2(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char line[512], *at;
	ssize_t size;
	u64 base = 0;

	while (fd >= 0 && !base && (size = read(fd, line, sizeof(line) - 1)) > 0) {
		line[size] = 0;
		at = strstr(line, "MiB at 0x");
		if (at && strstr(line, "Reserved"))
			base = strtoul(at + 7, NULL, 16);
	}
	close(fd);
	return base;
}

/* No call takes EL2's own memory, or what is no memory, for a guest's or the host's. */
static bool aimed_addresses(void)
{
	const u64 addresses[] = {
		el2_base, el2_base + page_size, el2_base + BIT(21), DEVICE_PFN * page_size, 0,
		BIT(36), BIT(40), BIT(47), BIT(51), BIT(52), BIT(63), ~0UL, ~0UL << 12,
		pool.pa, victims[0].kvm.pa,
	};
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		s64 ret = hostile_hvc("__pkvm_force_reclaim_guest_page", addresses[i], 0, 0);

		if (ret >= 0) {
			ksft_print_msg("0x%lx is reclaimed\n", addresses[i]);
			ok = false;
		}
		/* The pool can be shared. The victim is shared, and so cannot be shared again. */
		if (addresses[i] == pool.pa)
			continue;
		ok &= hostile_share_page(addresses[i]) < 0;
		if (addresses[i] != victims[0].kvm.pa)
			ok &= hostile_unshare_page(addresses[i]) < 0;
	}
	return ok && el2_base;
}

/* Frame numbers beyond the IPA space of any guest, and numbers of pages that overflow. */
static bool aimed_frames(void)
{
	const u64 gfns[] = {
		BIT(52) / page_size, BIT(59) / page_size, BIT(63) / page_size,
		~0UL / page_size, ~0UL,
	};
	static const u64 counts[] = { 0, 2, 512, 513, BIT(40), BIT(52), BIT(52) | 1, ~0UL };
	struct hostile_pages tables = hostile_get_pages(8 * page_size);
	u64 pfn = page_va(FIRST_GUEST) + pool.pa - pool.va;
	struct bare_vm vm;
	unsigned int i, j;
	bool ok = true;

	pfn /= page_size;
	for (i = 0; i < 2; i++) {
		bare_vm_reserve(&vm, i);
		ok &= !bare_vm_init(&vm);
		bare_vm_fill_memcache(&vm, &tables);
		for (j = 0; j < ARRAY_SIZE(gfns); j++) {
			ok &= bare_vm_hvc(&vm, "__pkvm_host_donate_guest", pfn, gfns[j], 0, 0) < 0;
			ok &= bare_vm_hvc(&vm, "__pkvm_host_share_guest", pfn, gfns[j], 1, 7) < 0;
			ok &= hostile_hvc("__pkvm_host_unshare_guest", vm.handle, gfns[j], 1) < 0;
			ok &= hostile_hvc("__pkvm_host_wrprotect_guest", vm.handle, gfns[j],
					  1) < 0;
			ok &= hostile_hvc("__pkvm_host_test_clear_young_guest", vm.handle,
					  gfns[j], 1) < 0;
			bare_vm_hvc(&vm, "__pkvm_host_relax_perms_guest", gfns[j], 7, 0, 0);
			bare_vm_hvc(&vm, "__pkvm_host_mkyoung_guest", gfns[j], 0, 0, 0);
			try_hvc("__pkvm_reclaim_dying_guest_page", vm.handle, gfns[j], 0);
		}
		for (j = 0; j < ARRAY_SIZE(counts); j++) {
			ok &= bare_vm_hvc(&vm, "__pkvm_host_share_guest", pfn, 1, counts[j], 7) < 0;
			ok &= hostile_hvc("__pkvm_host_unshare_guest", vm.handle, 1, counts[j]) < 0;
			ok &= hostile_hvc("__pkvm_host_wrprotect_guest", vm.handle, 1,
					  counts[j]) < 0;
			ok &= hostile_hvc("__pkvm_host_test_clear_young_guest", vm.handle, 1,
					  counts[j]) < 0;
		}
		ok &= bare_vm_free(&vm);
	}
	hostile_put_pages(&tables);
	return ok;
}

/* Make firmware calls that EL2 looks at, except those that would end the test. */
static void firmware_calls(u64 seed)
{
	static const u32 psci[] = {
		PSCI_0_2_FN_PSCI_VERSION, PSCI_0_2_FN_CPU_ON, PSCI_0_2_FN64_CPU_ON,
		PSCI_0_2_FN_AFFINITY_INFO, PSCI_0_2_FN64_AFFINITY_INFO, PSCI_0_2_FN_MIGRATE,
		PSCI_0_2_FN64_MIGRATE, PSCI_0_2_FN_MIGRATE_INFO_TYPE, PSCI_1_0_FN_PSCI_FEATURES,
		PSCI_1_0_FN_SET_SUSPEND_MODE, PSCI_1_0_FN_STAT_RESIDENCY,
		PSCI_1_0_FN64_STAT_COUNT,
	};
	struct hostile_step step;
	unsigned int i, j;

	for (i = 0; i < 500; i++) {
		step = (struct hostile_step) { .op = HOSTILE_SMC };
		for (j = 1; j < ARRAY_SIZE(step.x); j++)
			step.x[j] = hostile_random(&seed) >> hostile_random(&seed) % 64;
		switch (hostile_random(&seed) % 4) {
		case 0:
			step.x[0] = hostile_random(&seed) | BIT(40);
			break;
		case 1:
			step.x[0] = psci[hostile_random(&seed) % ARRAY_SIZE(psci)];
			break;
		default:
			/* FF-A */
			step.x[0] = (hostile_random(&seed) & 1 ? 0x84000060 : 0xc4000060) +
				    hostile_random(&seed) % 0x80;
		}
		/* CPU_ON may name CPUs that are on already, or that do not exist. */
		if ((step.x[0] & 0xffff) == 3 && (u32)step.x[1] < 8)
			step.x[1] &= 1;
		TEST_ASSERT(!hostile_run_steps(&step, 1), "no call");
	}
}

/*
 * The host turns CPUs on by the call of SMC64. If EL2 forwarded that of SMC32, the
 * firmware would start the CPU at EL2, with code of the host's choice.
 */
static bool cpu_on_is_refused(void)
{
	struct hostile_step step = { .op = HOSTILE_SMC, .x = { PSCI_0_2_FN_CPU_ON } };

	TEST_ASSERT(!hostile_run_steps(&step, 1), "no call");
	if ((s32)step.x[0] != PSCI_RET_NOT_SUPPORTED)
		ksft_print_msg("CPU_ON returns %d\n", (s32)step.x[0]);
	return (s32)step.x[0] == PSCI_RET_NOT_SUPPORTED;
}

int main(int argc, char *argv[])
{
	unsigned int nr = argc > 1 ? strtoul(argv[1], NULL, 0) : NR_CALLS, i;
	u64 first = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	struct probe_cfg cfg = { .vgic = true };

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(sysconf(_SC_NPROCESSORS_ONLN) > 1);
	ksft_print_header();
	hostile_open();
	__TEST_REQUIRE(!hostile_datum("NVHE_EL2_DEBUG").value,
		       "EL2 asserts what the host asks for: CONFIG_NVHE_EL2_DEBUG");
	ksft_set_plan(3 + NR_SEEDS + 2);
	pin_self_to_cpu(0);
	page_size = getpagesize();
	el2_base = find_el2();
	mc_offset = hostile_datum("vcpu.arch.pkvm_memcache").value;
	bystander = probe_create(&cfg);
	TEST_ASSERT(!probe_take_view(bystander, &before), "no view: %s", bystander->error);
	bystander_handle = hostile_peek(hostile_object(bystander->vm, -1), "kvm.arch.pkvm.handle");
	pool = hostile_get_pages(NR_PAGES * page_size);
	for (i = 0; i < NR_VICTIMS; i++)
		bare_vm_reserve(&victims[i], i & 1);

	ksft_test_result(aimed_addresses(), "aimed addresses\n");
	ksft_test_result(aimed_frames(), "aimed frames\n");
	firmware_calls(1);
	ksft_test_result(cpu_on_is_refused() && probe_same_view(bystander, &before), "smc\n");
	for (i = 0; i < NR_SEEDS; i++)
		ksft_test_result(random_calls(first + i, nr), "random %lu\n", first + i);
	/* Two CPUs race, so a seed may do something else each time: try further seeds. */
	while (!all_succeeded(false) && i < MAX_SEEDS && random_calls(first + i, nr))
		i++;
	ksft_test_result(all_succeeded(true), "succeeded\n");
	ksft_test_result(probe_same_view(bystander, &before), "other VM\n");

	for (i = 0; i < NR_VICTIMS; i++)
		bare_vm_free(&victims[i]);
	hostile_put_pages(&pool);
	probe_free(bystander);
	ksft_finished();
}
