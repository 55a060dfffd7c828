#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every test that decides whether a change is good.
#
# usage: check.sh        with, from the environment (make passes them on)
#	T=NAME		only this test (a shell pattern)
#	CPU=NAME	only this configuration, or these
#	FLAVOUR=debug	the debug kernel instead of the release one
#	TALLY=FILE	leave the counts "passed failed skipped" there, for a caller
#			that adds them up, instead of printing the last line
#
#        check.sh boot NAME  one of the boots, and a report of it
#
# The plan of the boots: on the release kernel the series' own tests, in every
# configuration, and in some the kvm selftests of the base that can finish under
# TCG; and, on a release kernel that is not in protected mode, the one that has to do
# with that. The debug kernel, which is much slower, to build and to run, runs
# the series' own tests on cortex-a57 and max, or wherever CPU= asks for it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

flavour=${FLAVOUR:-release}
pattern=${T:-*}
at_once=$(((jobs + 1) / 2 + 1))
started=$SECONDS

tally=$build/results/tally
mkdir -p "$build/results" "$build/plans"

# The programs of the series that match T=.
own_plan() {
	# For a test that hangs. One that works may share the machine with many others.
	local seconds=900

	[ "$1" != debug ] || seconds=1800
	own_tests "$pattern" | sed "s,.*,$seconds & arm64/&,"
}

# Queue a boot, if T= leaves it anything to do.
queue=()
queue_boot() {
	[ ! -s "$build/plans/$1" ] || queue+=("$1")
}

plan_boot() {
	local flavour=$1 configuration=$2 plan=$build/plans/$1-$2

	own_plan "$flavour" >"$plan"
	case "$flavour $upstream_configurations " in
	release*" $configuration "*)	upstream_plan "$pattern" "$configuration" >>"$plan" ;;
	esac
	queue_boot "$1-$2"
}

# Without protected mode, protected VMs are refused and others are what they were.
plan_unprotected() {
	[ -z "${CPU:-}" ] || [ "$CPU" = "$unprotected" ] || return 0
	own_plan release | awk '$2 == "pkvm_vm_create" { print $0, "-n" }' \
		>"$build/plans/release-$unprotected"
	queue_boot "release-$unprotected"
}

# Boots go side by side; each is reported when it ends.
boot() {
	local name=$1 flavour=${1%%-*} configuration=${1#*-} dir=$build/results/$1 ret=0

	# A host that hangs must not take the time of the others.
	[ "$flavour" = debug ] || export LIMIT=${LIMIT:-1500}
	"$tools/boot.sh" run "$name" "$configuration" "$build/kernel/$flavour$suffix" \
		"$build/selftests" "$build/plans/$name" >"$logs/boot-$name.log" 2>&1 || true
	echo "CPU=$configuration FLAVOUR=$flavour${LLVM:+ LLVM=1}" >"$dir/choices"
	exec {lock}>>"$tally"
	flock "$lock"
	printf '\n%s%s%s\n' "$c_bold" "${name/-/ kernel, }" "$c_off"
	"$tools/report.py" --expect "$tools/expectations" --tally "$tally" "$dir" || ret=$?
	decode "$dir" "$build/kernel/$flavour$suffix"
	return $ret
}

# Tests that run on this machine, without a host in QEMU.
native_heading=
run_native() {
	local name=$1 ret=0 start=$SECONDS dir=$build/results/native-$1

	shift
	# shellcheck disable=SC2053
	[[ $name = $pattern ]] || return 0
	[ -n "$native_heading" ] || printf '\n%stests on this machine%s\n' "$c_bold" "$c_off"
	native_heading=printed
	rm -rf "$dir"
	mkdir -p "$dir"
	"$@" >"$dir/stdout" 2>"$dir/stderr" || ret=$?
	{
		echo "KTAP version 1"
		echo "1..1"
		sed -e "s/^K\?TAP version .*/&\n# Subtest: $name/" "$dir/stdout" | sed 's/^/    /'
		echo "    # outcome: exit status $ret"
		echo "    # seconds: $((SECONDS - start))"
		[ "$ret" -eq 0 ] && echo "ok 1 $name" || echo "not ok 1 $name"
		echo "# complete"
	} >"$dir/results.ktap"
	"$tools/report.py" --native --expect "$tools/expectations" --tally "$tally" "$dir" ||
		{ sed 's/^/      | /' "$dir/stderr"; return 1; }
}

if [ "${1:-}" = boot ]; then
	boot "$2"
	exit
fi

: >"$tally"
failed=0
selected=
[ "${CPU:-}" = "$unprotected" ] || selected=$(select_configurations "${CPU:-}")
run_native tree-tools "$tools/selftest.sh" || failed=1
run_native report "$tools/report-test.sh" || failed=1
# The programs of the series that run on this machine, see build.sh.
for program in "$build"/native/*_test; do
	[ ! -x "$program" ] || run_native "${program##*/}" "$program" || failed=1
done
if [ "$flavour" = release ]; then
	run_native runner "$tools/runner-test.sh" max "$build/kernel/release$suffix" || failed=1
	[ -n "${LLVM:-}" ] || run_native bench "$tools/bench.py" check || failed=1
fi

for configuration in $selected; do
	case "$flavour${CPU:+, asked for} $configuration" in
	"debug neoverse-v1" | "debug max-nvhe") ;;
	*)	plan_boot "$(flavour_of "$configuration")" "$configuration" ;;
	esac
done
[ "$flavour" != release ] || plan_unprotected

if [ ${#queue[@]} -gt 0 ]; then
	printf '%s\n' "${queue[@]}" | xargs -P "$at_once" -I '{}' "$0" boot '{}' || failed=1
fi

read -r passed failures skipped < <(awk '{ p += $1; f += $2; s += $3 }
	END { print p + 0, f + 0, s + 0 }' "$tally")
[ $((passed + failures + skipped)) -gt 0 ] ||
	die "T='$pattern' names no test. The series' own are $(own_tests '*' | paste -sd ' ')."
printf '\nresults: %s   %d:%02d min\n' "${build#"$top"/}/results" \
	$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
if [ -n "${TALLY:-}" ]; then
	echo "$passed $failures $skipped" >"$TALLY"
else
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failures" "$skipped"
fi
[ "$failed" -eq 0 ] && [ "$failures" -eq 0 ] && [ "$passed" -gt 0 ]
