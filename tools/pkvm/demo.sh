#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job: boot a pKVM host, run Debian's own kernel in it as a protected
# guest, and print what that guest said, what CPU it has, and how often it left it;
# then look for what a guest keeps in its memory, in a protected and an ordinary one.
#
# usage: demo.sh CONFIGURATION FLAVOUR
#	ROOT=debian	run a guest with Debian's root file system on virtio, too
#	GUEST_CPUS=4	how many vCPUs the guests have, 2 by default
#	VERBOSE=1	all that the guest's kernel says, which takes twice as long

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

names=$(select_configurations "$1")
configuration=${names%%$'\n'*}
kernel=$build/kernel/$2$suffix
dir=$build/results/demo
guest_run="$build/guest/guest-run pvm_seconds=800 pvm_cpus=${GUEST_CPUS:-2} ${VERBOSE:+pvm_verbose=1}"
mkdir -p "$build/plans"
{
	echo "600 pkvm_vm_run arm64/pkvm_vm_run"
	echo "900 guest_debian $guest_run"
	[ -z "${ROOT:-}" ] || echo "900 guest_root $guest_run pvm_root=1"
	echo "900 guest_resets $guest_run pvm_reset=1"
	echo "900 look_at_protected $guest_run pvm_look=1"
	echo "900 look_at_ordinary $guest_run pvm_look=1 pvm_protected=0"
} >"$build/plans/demo"

# said TEST KEY: what a test said in lines "# KEY: ...".
said() {
	awk -v test="$1" -v key="# $2: " '
		/# Subtest: /		{ inside = $NF == test }
		inside && (at = index($0, key)) { print substr($0, at + length(key)) }
	' "$dir/results.ktap"
}

heading() {
	printf '\n%s%s%s\n\n' "$c_bold" "$1" "$c_off"
}

AGAIN="make demo CPU=$configuration" stage demo "boot $configuration, run a protected guest" -- \
	"$tools/boot.sh" run demo "$configuration" "$kernel" "$build/selftests" "$build/plans/demo" ||
	exit 1

heading "The host"
grep -ahE 'Booting Linux|kvm \[' "$dir/console.log" | sed 's/\r$//; s/^/  | /'
heading "The protected guest's console"
said guest_debian console | sed 's/^/  | /'

if [ -n "${ROOT:-}" ]; then
	heading "The console of the guest with Debian's root on virtio, and what it shares"
	said guest_root console | sed 's/^/  | /'
	said guest_root value | sed 's/^/  /'
fi

heading "What the host finds of a pattern that a guest keeps in its memory"
for kind in protected ordinary; do
	printf '  %-10s %s\n' "$kind" "$(said "look_at_$kind" look | paste -sd ';' | sed 's/;/; /g')"
done

heading "What a process in that guest sees of its CPU"
said guest_debian value | awk '{ printf "  %-22s %s\n", $1, substr($0, length($1) + 2) }' | fold -s -w 79

heading "Its exits to the host, on all vCPUs"
said guest_debian stat | awk '$1 ~ /exit/ { printf "  %-28s %12s\n", $1, $2 }' | sort

printf '\n'
"$tools/report.py" "$dir" || {
	decode "$dir" "$kernel"
	die "the demo did not go well: the lines above say what, and" \
	    "${dir#"$top"/} holds the console and what was run (qemu.sh runs it again)."
}
printf '\n%sprotected guest up, shut down cleanly%s\n' "$c_bold" "$c_off"
