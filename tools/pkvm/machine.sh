# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# The machine: which QEMU, which CPU models, how a host is started on them.
# Sourced after lib.sh.

# The configurations that are tested. Bugs differ between all four:
#
#	name, QEMU's -cpu, -machine; what it is for
configurations=(
	"cortex-a57 cortex-a57"		# nVHE; no FWB, no PAuth; r1p0
	"max max mte=on"		# hVHE; every feature that QEMU has
	"max-nvhe max mte=on"		# nVHE; the same features
	"neoverse-v1 neoverse-v1"	# hVHE; a server core that exists
)

# More of them, for `make matrix` and where CPU= names one:
#
#	name, QEMU's -cpu, -machine, what else differs
matrix=(
	"cortex-a35 cortex-a35"
	"cortex-a53 cortex-a53"
	"cortex-a55 cortex-a55"
	"cortex-a72 cortex-a72"
	"cortex-a76 cortex-a76"
	"cortex-a710 cortex-a710"
	"neoverse-n1 neoverse-n1"
	"neoverse-n2 neoverse-n2"
	"a64fx a64fx"
	"max-lpa2-off max,lpa2=off mte=on"
	"max-1537M max mte=on MEMORY=1537M"
	"max-9G max mte=on MEMORY=9G"
	"max-8-cpus max mte=on VCPUS=8"
	"max-gicv2 max gic-version=2"
	"max-efi-acpi max mte=on EFI=1"
	"max-efi-dt max mte=on,acpi=off EFI=1"
	"max-16k max mte=on FLAVOUR=16k"
	"max-bare max mte=on FLAVOUR=bare"
	"neoverse-n1-bare neoverse-n1 gic-version=3 FLAVOUR=bare"
	"max-pseudo-nmi max mte=on FLAVOUR=bare ROW_APPEND=irqchip.gicv3_pseudo_nmi=1"
)

# The host on which protected VMs have to be refused: its KVM is not in
# protected mode. Not one of the configurations.
unprotected=cortex-a57-unprotected

# Those in which the kvm selftests of the base are run, too.
upstream_configurations="cortex-a57 max"

# names_of ROW...
names_of() {
	printf '%s\n' "${@%% *}"
}

# The CPU model of configuration $1, what its machine has more than others, and
# variables of host_command().
configuration_row() {
	local name=${1%-unprotected}

	select_configurations "$name" >/dev/null
	printf '%s\n' "${configurations[@]}" "${matrix[@]}" | sed -n "s/^$name //p"
}

# The kernel for configuration $1: $FLAVOUR, if the row does not name one.
flavour_of() {
	local named

	named=$(configuration_row "$1" | sed -n 's/.* FLAVOUR=\([^ ]*\).*/\1/p')
	echo "${named:-${FLAVOUR:-release}}"
}

# The unpatched base does not boot on the revision of Cortex-A57 that QEMU has.
base_midr() {
	[ "${1%-unprotected}" != cortex-a57 ] || echo ,midr=0x411fd073
}

# What the host must say when it has become what configuration $1 promises.
configuration_mode() {
	case $1 in
	*-gicv2)	echo "GICv2 not supported in protected mode" ;;
	*-unprotected)	echo "Hyp nVHE mode initialized successfully" ;;
	cortex-a35 | cortex-a53 | cortex-a57 | cortex-a72 | *-nvhe)
			echo "Protected nVHE mode initialized successfully" ;;
	*)		echo "Protected hVHE mode initialized successfully" ;;
	esac
}

# CPU= as a person types it, as names of configurations.
select_configurations() {
	local name names

	names=$(names_of "${configurations[@]}")
	if [ -n "${1:-}" ]; then
		names=$(names_of "${configurations[@]}" "${matrix[@]}")
		for name in $1; do
			grep -qxF "$name" <<<"$names" ||
				die "CPU='$1': there is no configuration '$name'. There are:" \
				    "$(paste -sd ' ' <<<"$names")."
		done
		names=${1// /$'\n'}
	fi
	echo "$names"
}

# S1PIE, S1POE, TCR2, SCTLR2, GCS, FPMR and LSE128 came with QEMU 11, so an older
# one tests less of the contract. That of Debian 13's backports is unpacked below
# build/ then, and started with the loader and the libraries it came with.
qemu_wanted=11

qemu_version() {
	"$@" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9]*\)\..*/\1/p'
}

# Leave the command that starts QEMU in the array qemu.
find_qemu() {
	local root=$build/qemu have

	have=$(qemu_version qemu-system-aarch64)
	if [ "${have:-0}" -ge "$qemu_wanted" ]; then
		qemu=(qemu-system-aarch64)
		return 0
	fi

	qemu=("$root/usr/lib64/ld-linux-x86-64.so.2"
		--library-path "$root/usr/lib/x86_64-linux-gnu"
		"$root/usr/bin/qemu-system-aarch64" -L "$root/usr/share/qemu")
	[ "$(qemu_version "${qemu[@]}")" ]
}

# host_command CONFIGURATION KERNEL INITRD: leave in the array qemu the command
# that starts a host; the caller adds its character devices. APPEND adds to the
# kernel's command line, BASE=1 is for a kernel without the series. The kernel's
# watchdogs are patient: this machine may have other work. TRACE names a directory for
# QEMU's log of the instructions that it translates. With ICOUNT=1 the counter of the
# machine counts instructions, it has one CPU, and each start is like the last.
host_command() {
	local cpu extra more mode=protected

	# A CPU with VHE runs the hypervisor as hVHE, unless both are taken from it.
	case $1 in
	*-unprotected)	mode=nvhe ;;
	*-nvhe)		mode+=" arm64_sw.hvhe=0 id_aa64mmfr1.vh=0" ;;
	esac
	read -r cpu extra more < <(configuration_row "$1")
	[ -z "${BASE:-}" ] || cpu+=$(base_midr "$1")
	# shellcheck disable=SC2086
	[ -z "$more" ] || local $more
	[[ $more != *FLAVOUR=* || $2 = */kernel/$FLAVOUR$suffix/* ]] ||
		die "CPU=$1 is for 'make check' and 'make matrix', which know its kernel."
	find_qemu || die "there is no QEMU yet: run 'make check' or 'make demo'."
	if [ -n "${ICOUNT:-}" ]; then
		extra+=${extra:+,}dtb-randomness=off
		qemu+=(-icount "shift=0,sleep=off" -seed 1 -global virtio-mmio.ioeventfd=off)
	fi
	[ -z "${TRACE:-}" ] || qemu+=(-d in_asm -D "$TRACE/$1")
	[ -z "${EFI:-}" ] || qemu+=(-bios "$build/efi/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
	qemu+=(-M "virt,virtualization=on,gic-version=3${extra:+,$extra}" -cpu "$cpu"
		-smp "${ICOUNT:-${VCPUS:-2}}" -m "${MEMORY:-2G}" -nic none -display none -no-reboot
		-kernel "$2" -initrd "$3"
		-append "console=ttyAMA0 panic=-1 kvm-arm.mode=$mode watchdog_thresh=60 $(
			)rcupdate.rcu_cpu_stall_timeout=120 crashkernel=16M${ROW_APPEND:+ $ROW_APPEND}${APPEND:+ $APPEND}")
}
