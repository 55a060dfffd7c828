#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job: boot a pKVM host, run a protected guest in it, and print what
# CPU that guest sees, field by field.
#
# usage: demo.sh CONFIGURATION FLAVOUR

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

names=$(select_configurations "$1" "${MODE:-}")
configuration=${names%%$'\n'*}
kernel=$build/kernel/$2$suffix
dir=$build/results/demo
mkdir -p "$build/plans"
echo "60 pkvm_vm_run aarch64/pkvm_vm_run -v" >"$build/plans/demo"

AGAIN="make demo CPU=$configuration" stage demo "boot $configuration, run a protected guest" -- \
	"$tools/boot.sh" run demo "$configuration" "$kernel" "$build/selftests" "$build/plans/demo" ||
	exit 1
echo "$configuration" >"$dir/configuration"
configuration_mode "$configuration" >"$dir/promise"

printf '\n'
grep -ahE 'Booting Linux|kvm \[' "$dir/console.log" | sed 's/\r$//; s/^/  | /'
printf '\n%sWhat CPU a protected guest sees on this host%s\n\n' "$c_bold" "$c_off"
options=()
[ -z "$c_off" ] || options=(-c)
"$build/host/contract" view "${options[@]}" <"$dir/results.ktap"
printf '\n  host: what KVM shows to a VM that is not protected. * marks what differs.\n\n'

"$tools/report.py" --kunit "$linux/tools/testing/kunit" "$dir" || {
	"$tools/decode.sh" "$dir" "$kernel"
	die "the demo did not go well: the lines above say what, and" \
	    "${dir#"$top"/} holds the console and what was run (qemu.sh runs it again)."
}
