// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_cpu_hotplug - CPUs of the host go off and come back while VMs run.
 *
 * A protected and an ordinary VM count, each in a thread that may run on any CPU.
 * Meanwhile every CPU of the host but the first one goes off and comes back, over
 * and over, each time when both VMs have gone on. Then the host sleeps until its clock
 * wakes it (suspend to idle). Both VMs have to count to the end, and to start on a CPU
 * that has been off.
 */
#include <pthread.h>
#include <sys/sysinfo.h>

#include "kselftest.h"
#include "kvm_util.h"
#include "processor.h"
#include "pvm.h"
#include "ucall_common.h"

#define NR_ROUNDS	100
#define NR_SLEEPS	3
#define WAKEALARM	"/sys/class/rtc/rtc0/wakealarm"
#define WAKEUP_COUNT	"/sys/power/wakeup_count"

struct vm {
	struct kvm_vcpu *vcpu;
	pthread_t thread;
	u64 count;		/* what the guest has counted to */
	const char *error;
};

static bool stop;

static void guest_count(void)
{
	u64 midr = read_sysreg(midr_el1), i;

	for (i = 1; ; i++) {
		GUEST_ASSERT_EQ(read_sysreg(midr_el1), midr);
		GUEST_SYNC(i);
	}
}

static void *run_vm(void *arg)
{
	struct vm *vm = arg;
	struct ucall uc;

	while (!READ_ONCE(stop) && !vm->error) {
		/* A host that goes to sleep interrupts KVM_RUN, which _vcpu_run() repeats. */
		if (_vcpu_run(vm->vcpu))
			vm->error = "KVM_RUN fails";
		else if (get_ucall(vm->vcpu, &uc) != UCALL_SYNC)
			vm->error = "the guest ends";
		else if (uc.args[1] != vm->count + 1)
			vm->error = "the guest has counted wrongly";
		else
			WRITE_ONCE(vm->count, vm->count + 1);
	}

	return NULL;
}

static bool set_online(unsigned int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);

	return write_file(path, online ? "1" : "0");
}

/*
 * Go to sleep, and let the clock end that after some seconds. If it rings before all
 * sleep, the count of wakeups has changed and the host refuses to sleep.
 */
static bool sleep_for(unsigned int seconds)
{
	FILE *file = fopen(WAKEUP_COUNT, "r");
	char count[32] = {}, alarm[32];

	if (!file)
		return false;
	if (fscanf(file, "%31s", count) != 1)
		count[0] = 0;
	fclose(file);
	snprintf(alarm, sizeof(alarm), "+%u", seconds);

	return write_file(WAKEUP_COUNT, count) && write_file(WAKEALARM, alarm) &&
	       write_file("/sys/power/state", "freeze");
}

static bool sleeps(void)
{
	unsigned int seconds;

	for (seconds = 2; seconds < 64; seconds *= 2) {
		if (sleep_for(seconds))
			return true;
		write_file(WAKEALARM, "0");
	}

	return false;
}

/* Wait until @vm has gone on by some exits, or failed. */
static bool goes_on(struct vm *vm)
{
	u64 start = READ_ONCE(vm->count);

	while (!READ_ONCE(vm->error) && READ_ONCE(vm->count) < start + 4)
		usleep(100);

	return !vm->error;
}

static void start_vm(struct vm *vm, struct vm_shape shape)
{
	*vm = (struct vm) {};
	vm_create_shape_with_one_vcpu(shape, &vm->vcpu, guest_count);
	pthread_create(&vm->thread, NULL, run_vm, vm);
}

static void *start_on(void *arg)
{
	struct kvm_vcpu *vcpu;
	struct ucall uc;
	struct kvm_vm *vm;
	bool ok;

	pin_self_to_cpu((unsigned long)arg);
	vm = vm_create_shape_with_one_vcpu(VM_SHAPE_PROTECTED(VM_MODE_DEFAULT), &vcpu,
					   guest_count);
	ok = !__vcpu_run(vcpu) && get_ucall(vcpu, &uc) == UCALL_SYNC;
	kvm_vm_free(vm);

	return (void *)(unsigned long)ok;
}

int main(void)
{
	unsigned int nr_cpus = get_nprocs_conf(), nr_off = 0, round, cpu;
	struct vm vms[2];
	bool ok = true;
	pthread_t thread;
	void *started;
	int i;

	TEST_REQUIRE(kvm_has_protected_vms());
	TEST_REQUIRE(nr_cpus > 1 && set_online(1, true));

	ksft_print_header();
	ksft_set_plan(4 + nr_cpus - 1);

	start_vm(&vms[0], VM_SHAPE_PROTECTED(VM_MODE_DEFAULT));
	start_vm(&vms[1], VM_SHAPE_DEFAULT);

	for (round = 0; ok && round < NR_ROUNDS; round++) {
		cpu = 1 + round % (nr_cpus - 1);
		ok = goes_on(&vms[0]) && goes_on(&vms[1]) && set_online(cpu, false) &&
		     goes_on(&vms[0]) && goes_on(&vms[1]) && set_online(cpu, true);
		nr_off += ok;
	}
	ksft_test_result(nr_off == NR_ROUNDS, "CPUs go off and come back %u times\n",
			 NR_ROUNDS);

	if (access(WAKEALARM, W_OK) || access(WAKEUP_COUNT, W_OK)) {
		ksft_test_result_skip("the host sleeps: no clock wakes it\n");
	} else {
		for (round = 0; ok && round < NR_SLEEPS; round++)
			ok = sleeps() && goes_on(&vms[0]) && goes_on(&vms[1]);
		ksft_test_result(ok, "the host sleeps %u times\n", NR_SLEEPS);
	}

	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		pthread_join(vms[i].thread, NULL);
		if (vms[i].error)
			ksft_print_msg("after %lu: %s\n", vms[i].count, vms[i].error);
		ksft_test_result(!vms[i].error, "%s VM counts\n", i ? "ordinary" : "protected");
		kvm_vm_free(vms[i].vcpu->vm);
	}

	for (cpu = 1; cpu < nr_cpus; cpu++) {
		pthread_create(&thread, NULL, start_on, (void *)(unsigned long)cpu);
		pthread_join(thread, &started);
		ksft_test_result(!!started, "a VM starts on CPU %u\n", cpu);
	}

	ksft_finished();
}
