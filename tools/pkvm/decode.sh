#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Print the function, file and line of every address in an EL2 panic.
#
# usage: decode.sh RESULTS KERNEL-DIR
#
# EL2 prints its addresses as the host's symbols, __kvm_nvhe_NAME+OFFSET/SIZE,
# which the kernel's own scripts/faddr2line resolves. Says nothing where
# nothing panicked.

. "$(dirname "$0")/lib.sh"

console=$1/console.log
vmlinux=$2/vmlinux

[ -f "$console" ] || exit 0
grep -qa 'hyp panic' "$console" || exit 0

say "      EL2 panicked:"
grep -a 'hyp panic' "$console" | sed 's/^\[[ 0-9.]*\] */      | /; s/\r$//'
mapfile -t where < <(grep -ao '__kvm_nvhe_[A-Za-z0-9_.$]*+0x[0-9a-f]*/0x[0-9a-f]*' "$console" |
	awk '!seen[$0]++')
[ ${#where[@]} -gt 0 ] || exit 0
if [[ $(readelf -S "$vmlinux" 2>/dev/null) != *.debug_line* ]]; then
	printf '      | %s\n' "${where[@]}"
	say "      | (this kernel has no line numbers: FLAVOUR=debug has)"
	exit 0
fi
CROSS_COMPILE=aarch64-linux-gnu- "$linux/scripts/faddr2line" "$vmlinux" "${where[@]}" |
	sed "s,$linux/,,; s/^/      | /"
