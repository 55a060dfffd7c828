#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A debugger on a booted host and on its EL2.
#
# usage: gdb.sh CONFIGURATION          interactive: the host's shell in this
#                                      terminal is replaced by gdb's prompt,
#                                      the console goes to a file
#        gdb.sh smoke CONFIGURATION    test: stop in EL2 code, panic there, and
#                                      find function, file and line again (TAP)
#
# EL2 runs the same image at other addresses: the linear map's, under EL2's own
# mask and tag. gdb.cmds computes the distance from the kernel's variables and
# loads the symbols a second time, so that EL2 has names and lines, too.
# Breakpoints in EL2 must be hardware breakpoints: a software one is written
# through the address space of whatever EL the CPU is in.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

kernel=$build/kernel/debug$suffix
dir=$build/results/gdb

start() {
	local configuration=$1 plan=$2

	mkdir -p "$dir"
	rm -f "$dir"/*.sock "$dir/console.log" "$dir/results.ktap"
	printf '%s\n' "$plan" >"$dir/plan.in"
	"$tools/boot.sh" prepare "$dir" "$kernel" "$build/selftests" "$dir/plan.in"
	# Without KASLR the host's symbols are where vmlinux says.
	APPEND="nokaslr ${APPEND:-}" \
		host_command "$configuration" "$kernel/arch/arm64/boot/Image" "$dir/initrd"
	qemu+=(-monitor none -serial "file:$dir/console.log"
		-device virtio-serial-device
		-chardev "file,id=results,path=$dir/results.ktap"
		-device "virtserialport,chardev=results,name=results"
		-S -chardev "socket,id=gdb,path=$dir/gdb.sock,server=on,wait=off"
		-gdb chardev:gdb)
	timeout "${LIMIT:-36000}" "${qemu[@]}" </dev/null >"$dir/qemu.log" 2>&1 &
	qemu_pid=$!
	trap 'kill $qemu_pid 2>/dev/null || true' EXIT
	while [ ! -S "$dir/gdb.sock" ]; do
		kill -0 $qemu_pid 2>/dev/null ||
			die "QEMU did not start: $(tail -n 1 "$dir/qemu.log")"
		sleep 0.1
	done
}

gdb=(gdb-multiarch -q -ex "set pagination off" -ex "set confirm off"
	-ex "file $kernel/vmlinux" -ex "target remote $dir/gdb.sock"
	-x "$tools/gdb.cmds")

case ${1:-} in
smoke)
	echo "TAP version 13"
	echo "1..3"
	LIMIT=600 start "$2" "300 pkvm_vm_run arm64/pkvm_vm_run"
	# Stop where EL2 enters a guest, show where that is, then make EL2
	# jump to an address that nothing is mapped at.
	timeout 540 "${gdb[@]}" -batch -ex "el2-break __kvm_vcpu_run" -ex continue \
		-ex "info symbol \$pc" -ex "info line *\$pc" -ex "backtrace 3" \
		-ex "delete" -ex "set \$pc = 0x1000" -ex continue \
		>"$dir/gdb.log" 2>&1 || true
	sed 's/^/# /' "$dir/gdb.log"

	verdict() {
		if [ "$2" -eq 0 ]; then echo "ok $1 $3"; else echo "not ok $1 $3"; exit=1; fi
	}
	exit=0
	ret=0; grep -q '^__kvm_nvhe___kvm_vcpu_run in section' "$dir/gdb.log" || ret=$?
	verdict 1 $ret "a breakpoint in EL2 code hits"
	ret=0; grep -q 'Line [0-9]* of ".*nvhe/switch.c"' "$dir/gdb.log" || ret=$?
	verdict 2 $ret "gdb knows its file and line"
	"$tools/decode.sh" "$dir" "$kernel" >"$dir/decoded"
	sed 's/^/# /' "$dir/decoded"
	ret=0; grep -q 'hyp-main.c:[0-9]' "$dir/decoded" || ret=$?
	verdict 3 $ret "the panic of EL2 is printed with function, file and line"
	exit $exit
	;;
'')
	die "usage: gdb.sh [smoke] CONFIGURATION"
	;;
*)
	start "$1" "$(find "$build/selftests/kvm/arm64" -name 'pkvm_*' -perm -1 \
			-printf '600 %f arm64/%f\n')"
	say "console: ${dir#"$top"/}/console.log   el2-break FUNCTION, then continue"
	"${gdb[@]}"
	;;
esac
