#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every test that decides whether a change is good.
#
# usage: check.sh        with, from the environment (make passes them on)
#	T=NAME		only this test (a shell pattern)
#	CPU=NAME	only this configuration or CPU model
#	MODE=hvhe|nvhe	only configurations of this mode
#	FLAVOUR=NAME	only this kernel flavour
#
# The plan of the boots: on the release kernel the series' own tests, in every
# configuration, and in some the kvm selftests of the base that can finish under
# TCG; on the debug kernel, which is ten times slower, the series' own on
# cortex-a57 and max, or wherever FLAVOUR=debug asks for it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

expect=$tools/expectations
pattern=${T:-*}
at_once=${AT_ONCE:-$(((jobs + 1) / 2 + 1))}
started=$SECONDS

tally=$build/results/tally
mkdir -p "$build/results"
: >"$tally"

# The programs of the series, and those of the base, that match T=.
own_plan() {
	local dir=$build/selftests/kvm name

	find "$dir/aarch64" -maxdepth 1 -name 'pkvm_*' -type f -perm -1 -printf '%P\n' | sort |
	while read -r name; do
		# shellcheck disable=SC2053 # T= is a pattern
		[[ $name = $pattern ]] || continue
		echo "900 $name aarch64/$name"
	done
}

upstream_plan() {
	local configuration=$1 dir=$build/selftests/kvm program name

	find "$dir" -maxdepth 2 -type f -perm -1 ! -name 'pkvm_*' -printf '%P\n' | sort |
	while read -r program; do
		name=${program##*/}
		# shellcheck disable=SC2053
		[[ $name = $pattern ]] || continue
		awk -v test="$name" -v where="$configuration" \
			'$1 == test && ($2 == "*" || $2 == where) && $3 == "norun" { found = 1 }
			 END { exit !found }' "$expect" && continue
		echo "300 $name $program"
	done
}

# Queue a boot, if T= leaves it anything to do.
queue=()
plan_boot() {
	local flavour=$1 configuration=$2 dir=$build/plans name=$1-$2

	mkdir -p "$dir"
	own_plan >"$dir/$name"
	case "$flavour $(upstream_configurations | paste -sd ' ') " in
	release*" $configuration "*)	upstream_plan "$configuration" >>"$dir/$name" ;;
	esac
	[ -s "$dir/$name" ] || return 0
	queue+=("$name")
}

boot_one() {
	local name=$1 flavour=${1%%-*} configuration=${1#*-} dir=$build/results/$1

	"$tools/boot.sh" run "$name" "$configuration" "$build/kernel/$flavour" \
		"$build/selftests" "$build/plans/$name"
	echo "$configuration" >"$dir/configuration"
	configuration_mode "$configuration" >"$dir/promise"
}

report() {
	local name=$1 ret=0

	printf '\n%s%s%s\n' "$c_bold" "${name/-/ kernel, }" "$c_off"
	"$tools/report.py" --kunit "$linux/tools/testing/kunit" --expect "$expect" \
		--tally "$tally" "$build/results/$name" || ret=$?
	"$tools/decode.sh" "$build/results/$name" "$build/kernel/${name%%-*}"
	return $ret
}

# Boots go side by side; each is reported when it ends.
run_queue() {
	local name pid done_pid failed=0
	declare -A running=()

	for name in "${queue[@]}" ''; do
		while [ ${#running[@]} -ge "$at_once" ] ||
		      { [ -z "$name" ] && [ ${#running[@]} -gt 0 ]; }; do
			wait -n -p done_pid "${!running[@]}" || true
			report "${running[$done_pid]}" || failed=1
			unset "running[$done_pid]"
		done
		[ -n "$name" ] || break
		boot_one "$name" >"$logs/boot-$name.log" 2>&1 &
		pid=$!
		running[$pid]=$name
	done
	return $failed
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
	"$tools/report.py" --kunit "$linux/tools/testing/kunit" --native \
		--tally "$tally" "$dir" || { sed 's/^/      | /' "$dir/stderr"; return 1; }
}

if [ "${1:-}" = list ]; then
	say "configurations: $(configuration_names | paste -sd ' ')"
	{ printf '0 %s\n' series-tools report bench-report runner bench contract traps contract-build
	  own_plan; upstream_plan max; } | cut -d ' ' -f 2
	exit 0
fi

failed=0
run_native series-tools "$tools/selftest.sh" || failed=1
run_native report "$tools/report-test.sh" || failed=1
run_native bench-report "$tools/bench-test.sh" || failed=1
if [ "${FLAVOUR:-release}" = release ]; then
	run_native runner "$tools/runner-test.sh" max "$build/kernel/release" || failed=1
	run_native bench "$tools/bench.sh" check || failed=1
fi
if [ -d "$linux/tools/testing/pkvm" ]; then
	mkdir -p "$build/native"
	native=(make -s -C "$linux/tools/testing/pkvm" "OUTPUT=$build/native/")
	"${native[@]}" all
	run_native contract "$build/native/contract_test" || failed=1
	run_native traps "$build/native/traps_test" || failed=1
	run_native contract-build "${native[@]}" run-build || failed=1
fi

while read -r configuration; do
	[ "${FLAVOUR:-release}" != release ] || plan_boot release "$configuration"
	case "${FLAVOUR:-$configuration}" in
	debug | cortex-a57 | max)	plan_boot debug "$configuration" ;;
	esac
done < <(select_configurations "${CPU:-}" "${MODE:-}")

if [ ${#queue[@]} -gt 0 ]; then
	run_queue || failed=1
fi

read -r passed failures skipped < <(awk '{ p += $1; f += $2; s += $3 }
	END { print p + 0, f + 0, s + 0 }' "$tally")
[ $((passed + failures + skipped)) -gt 0 ] ||
	die "T='$pattern' names no test. 'make list' prints the names."
printf '\nresults: %s   %d:%02d min\n' "${build#"$top"/}/results" \
	$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failures" "$skipped"
[ "$failed" -eq 0 ] && [ "$failures" -eq 0 ] && [ "$passed" -gt 0 ]
