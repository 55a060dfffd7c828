#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash source-path=SCRIPTDIR
#
# The first process of a real guest: a distribution's own kernel, unmodified, in a
# virtual machine. Look at the CPU from inside, power off.
#
# The checks are of what a process finds on the CPU: which features are there, and
# what becomes of an instruction that is not. And whether what a kernel and its
# processes do on a CPU works: IPIs, CPUs that come and go, FP registers in the kernel.
# What only a program can see is in cpu.c. Memory, timers and the FP registers of VMs
# side by side are for the selftests.

/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
# shellcheck source=report.sh
. /bin/report.sh

features=" $(sed -n 's/^Features[^:]*: *//p' /proc/cpuinfo | head -n 1) "
last=$((${pvm_cpus:-1} - 1))

# on CPU PROGRAM...: run it there.
on() {
	local mask

	mask=$(printf %x $((1 << $1)))
	shift
	taskset "$mask" "$@"
}

# each COMMAND...: run it with the number of each CPU as its last argument.
each() {
	local cpu

	for cpu in $(seq 0 $last); do
		"$@" "$cpu" || { set -- $?; echo "(CPU $cpu)"; return "$1"; }
	done
}

# sees CHECK CPU: what cpu.c looks at.
sees() {
	on "$2" cpu "$1"
}

runs() {
	[ "$(on "$1" cut -d ' ' -f 39 /proc/self/stat)" = "$1" ]
}

up() {
	[ "$(grep -c ^processor /proc/cpuinfo)" = $((last + 1)) ] || { echo "there are others"; return 1; }
	runs "$1" || { echo "it runs no process"; return 1; }
}

hidden() {
	local name

	[ "${pvm_protected:-1}" = 1 ] || { echo "this guest is not protected"; return 4; }
	for name in sve sve2 mte sme poe; do
		case $features in *" $name "*) echo "the kernel found $name"; return 1 ;; esac
	done
	case $features in *" fp asimd "*) ;; *) echo "no FP and AdvSIMD"; return 1 ;; esac
}

# Sum up what /proc/interrupts says of IPIs on a CPU.
ipis_on() {
	awk -v cpu="$1" '/^ *IPI/ { n += $(cpu + 2) } END { print n }' /proc/interrupts
}

# A process that moves to another CPU wakes that, for which there is an IPI.
ipis() {
	local other=$((($1 + 1) % (last + 1))) before mask

	[ $last -gt 0 ] || { echo "this guest has one CPU"; return 4; }
	before=$(ipis_on $other)
	mask=$(printf %x $((1 << other)))
	for _ in $(seq 15); do
		on "$1" taskset "$mask" true || return
	done
	[ "$(ipis_on $other)" -ge $((before + 10)) ] ||
		{ echo "a process moved to CPU $other without an IPI"; return 1; }
}

# The kernel tests each of its ciphers when it is registered. Those for the instructions
# of this CPU use FP registers in the kernel. A CPU may have no use for a module.
ciphers() {
	local module

	[ -e /modules ] || { echo "no modules came with this kernel"; return 4; }
	while read -r module; do
		insmod "$module" 2>&1 </dev/null
	done </modules | grep -v -e 'No such device' -e 'File exists' && return 1
	awk '	/^driver/ { driver = $3 }
		/^selftest/ && $3 != "passed" { print driver ": " $3; bad = 1 }
		/^selftest/ && driver ~ /-ce|neon/ { on_fp++ }
		END { if (!on_fp) print "no cipher that uses FP registers"; exit bad || !on_fp }' /proc/crypto
}

hotplug() {
	local online=/sys/devices/system/cpu/cpu$1/online tries=0

	[ $last -gt 0 ] || { echo "this guest has one CPU"; return 4; }
	[ "$1" -gt 0 ] || return 0
	echo 0 >"$online" || return
	! on "$1" true 2>/dev/null || { echo "it is off and runs processes"; return 1; }
	# PSCI calls a CPU on until its last instruction is behind it, which may take a while.
	until echo 1 2>/dev/null >"$online"; do
		[ $((tries += 1)) -lt 50 ] || { echo "it does not come back"; return 1; }
		usleep 100000
	done
	runs "$1" || { echo "it came back and runs no process"; return 1; }
}

check_all() {
	check "every CPU is up" each up
	check "hidden features are not found" hidden
	check "PAuth is there as the VM has it" cpu pauth
	check "no PMU" cpu pmu
	check "SIGILL, and the guest lives" each sees undef
	check "SIGTRAP for BRK" cpu brk
	check "a debugger steps a process" each sees step
	check "a watchpoint, as the VM has it" cpu watchpoint
	check "CPUs wake each other" each ipis
	check "the kernel's ciphers" ciphers
	check "CPUs go off and come back" each hotplug
}

say boot
if [ -n "${pvm_look:-}" ]; then
	mkfifo /pattern
	cpu pattern >/pattern &
	read -r pattern </pattern
	say "$pattern"
elif [ -z "${pvm_reset:-}" ]; then
	say "value Features${features% }"
	cpu show | while read -r value; do
		say "value $value"
	done
	check_all
fi
say "end?"
read -r _
[ -z "${pvm_reset:-}" ] || reboot -f
poweroff -f
