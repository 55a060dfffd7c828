#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot a host in QEMU.
#
# usage: boot.sh run NAME CONFIGURATION KERNEL-DIR SELFTESTS-DIR PLAN
#        boot.sh shell CONFIGURATION KERNEL-DIR SELFTESTS-DIR
#
# "run" runs the plan in the host and leaves below build/results/NAME what came
# out: results.ktap, console.log, and qemu.sh, which starts the same again; and for
# report.py the configuration and what it promises.
# A line of the plan is what init.c says, with the program's path relative to
# SELFTESTS-DIR/kvm. PLAN.files, if there is one, has lines for gen_init_cpio.
# From the environment: LIMIT=, how many seconds of a clock on the wall the host
# may take, if it is not to be the sum of the plan's; ONLY_PREPARE=1 leaves the
# start of QEMU to the caller.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

# make_initrd DIR KERNEL-DIR SELFTESTS PLAN: write DIR/initrd.
make_initrd() {
	local dir=$1 kernel=$2 selftests=$3 plan=$4 seconds name program args

	: >"$dir/plan"
	{
		cat <<-END
			dir /dev 755 0 0
			nod /dev/console 600 0 0 c 5 1
			dir /proc 755 0 0
			dir /sys 755 0 0
			dir /tmp 1777 0 0
			dir /tests 755 0 0
			file /init $build/host/init 755 0 0
			file /plan $dir/plan 644 0 0
		END
		# For guest-run, which is a script, and for a person.
		! grep -q -e " $build/guest/" -e ^shell "$plan" || cat <<-END
			dir /bin 755 0 0
			file /bin/busybox $build/arm64/busybox/usr/bin/busybox 755 0 0
		END
		[ ! -f "$plan.files" ] || cat "$plan.files"
		while read -r seconds name program args; do
			# A line "shell" or "remote" is for the runner.
			[ -n "$name" ] || { echo "$seconds" >>"$dir/plan"; continue; }
			echo "$seconds $name /tests/$(basename "$program") $args" >>"$dir/plan"
			[ "${program#/}" != "$program" ] || program=$selftests/kvm/$program
			[ -x "$program" ] || continue
			echo "file /tests/$(basename "$program") $program 755 0 0"
		done <"$plan" | sort -u
		# The tests insert modules by themselves. A boot that is counted has none to unpack.
		[ -n "${ICOUNT:-}" ] || [ ! -d "$kernel/test-modules" ] ||
			find "$kernel/test-modules" -name '*.ko' -printf 'file /tests/%f %p 644 0 0\n'
		# What the runner's own channel needs, in a kernel that has it as modules.
		[ ! -e "$kernel/modules" ] || module_lines "$kernel"
	} >"$dir/initrd.spec"
	"$build/host/gen_init_cpio" "$dir/initrd.spec" >"$dir/initrd"
}

run() {
	local name=$1 configuration=$2 kernel=$3 selftests=$4 plan=$5
	local dir=$build/results/$name limit disk image ret=0

	rm -rf "$dir"
	mkdir -p "$dir"
	echo "$configuration" >"$dir/configuration"
	configuration_mode "$configuration" >"$dir/promise"
	make_initrd "$dir" "$kernel" "$selftests" "$plan"
	image=$kernel/arch/arm64/boot/Image
	[ -e "$image" ] || image=$kernel/vmlinuz
	host_command "$configuration" "$image" "$dir/initrd"
	qemu+=(-monitor none -serial "file:$dir/console.log"
		-device virtio-serial-device
		-chardev "file,id=results,path=$dir/results.ktap"
		-device "virtconsole,chardev=results")
	# Real guests have their VMM and all else on a disk, vda: the last one here.
	if grep -q " $build/guest/" "$plan"; then
		for disk in "root-disk,snapshot=on" "disk,readonly=on"; do
			[ "${disk%%,*}" = disk ] || grep -q ' pvm_root=1' "$plan" || continue
			qemu+=(-drive "file=$build/guest/$disk,format=raw,if=none,id=${disk%%,*}"
				-device "virtio-blk-device,drive=${disk%%,*}")
		done
	fi
	printf '#!/bin/sh\nexec' >"$dir/qemu.sh"
	printf ' %q' "${qemu[@]}" >>"$dir/qemu.sh"
	echo >>"$dir/qemu.sh"
	[ -z "${ONLY_PREPARE:-}" ] || return 0

	# Every test has its own limit. This one is for a host that hangs.
	limit=${LIMIT:-$(awk '{ sum += $1 } END { print sum + 120 }' "$dir/plan")}
	timeout --foreground "$limit" "${qemu[@]}" </dev/null >"$dir/qemu.log" 2>&1 || ret=$?
	case $ret in
	0) ;;
	124) echo "no end within $limit s" >"$dir/qemu.failed" ;;
	*) echo "QEMU ended with status $ret: $(tail -n 1 "$dir/qemu.log")" >"$dir/qemu.failed" ;;
	esac
}

# A host for a person: the tests and Debian's static busybox.
shell() {
	local configuration=$1 kernel=$2 selftests=$3
	local dir=$build/results/shell

	mkdir -p "$dir"
	find "$selftests/kvm" -maxdepth 2 -type f -perm -1 -printf '60 %f %P\n' >"$dir/plan.in"
	echo shell >>"$dir/plan.in"
	cat >"$dir/plan.in.files" <<-END
		slink /bin/sh busybox 777 0 0
		file /shell $dir/shell 644 0 0
	END
	cat >"$dir/shell" <<-'END'
		export PATH=/bin:/tests HOME=/ TERM=linux PS1='pkvm-host:\w# '
		busybox --install -s /bin
		echo
		echo "A pKVM host. The tests are in /tests; 'poweroff -f' or C-a x ends it."
		dmesg | grep 'mode initialized'
		setsid cttyhack sh
		poweroff -f
	END
	make_initrd "$dir" "$kernel" "$selftests" "$dir/plan.in"
	host_command "$configuration" "$kernel/arch/arm64/boot/Image" "$dir/initrd"
	exec "${qemu[@]}" -serial mon:stdio
}

"${1:?what to do is said above}" "${@:2}"
