#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What traps cost, in instructions: base and series side by side.
#
# usage: bench.sh          every configuration; from the environment
#	CPU=, MODE=	only these configurations
#	IMAGE=FILE	a further kernel to compare with
#	UPDATE=1	write the committed reference anew
#        bench.sh check    the series on two configurations, against the
#			   reference: KTAP, for check.sh
#
# Writes build/bench/bench.json, and prints the table that bench.py makes of it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

reference=$tools/bench-reference.json
out=$build/bench
export ICOUNT=1

# measure KERNEL DIRECTORY CONFIGURATION: run the benchmark in one host, whose
# results are in build/results/bench-KERNEL-CONFIGURATION then.
measure() {
	# The address of the kernel must not differ from one boot to the next.
	APPEND="nokaslr${APPEND:+ $APPEND}" "$tools/boot.sh" run "bench-$1-$3" "$3" "$2" \
		"$build/selftests" "$out/plan"
}

# How often a real guest is booted, protected and not, after once for what the
# host then has read.
guest_boots=3

# The boot of a real guest, whose results are in build/results/bench-guest-
# CONFIGURATION then. The plan's seconds are the machine's, which jump forward
# while the host waits for its disk.
measure_guest() {
	local i

	{
		echo "9000 guest_warm $build/guest/guest-run -t 8000 -B -N"
		for ((i = 1; i <= guest_boots; i++)); do
			echo "9000 guest_protected_$i $build/guest/guest-run -t 8000 -B"
			echo "9000 guest_other_$i $build/guest/guest-run -t 8000 -B -N"
		done
	} >"$out/plan.guest"
	LIMIT=1800 APPEND="nokaslr${APPEND:+ $APPEND}" "$tools/boot.sh" run "bench-guest-$1" "$1" \
		"$build/kernel/release" "$build/selftests" "$out/plan.guest"
}

# The figures depend on these. The reference names those it was made with.
conditions() {
	printf 'kernel=%s\n' "$(make -s -C "$linux" kernelversion)"
	printf 'compiler=%s\n' "$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\(.*\)"/\1/p' \
		"$build/kernel/release/.config")"
	find_qemu || die "there is no QEMU yet: run 'make bench' or 'make check'."
	printf 'qemu=%s\n' "$(qemu_version "${qemu[@]}")"
}

prepare() {
	mkdir -p "$out"
	echo "900 bench $build/host/bench" >"$out/plan"
	conditions >"$out/conditions"
}

check() {
	local configuration results=() failed=

	prepare
	while read -r configuration; do
		measure series "$build/kernel/release" "$configuration"
		results+=("$build/results/bench-series-$configuration")
	done < <(upstream_configurations)
	"$tools/bench.py" check "$out" "$reference" "${results[@]}" || failed=1
	[ -z "$failed" ]
}

everything() {
	local kernel configuration results=() missed=
	declare -A kernels=(
		[base]=$build/kernel/bench-base
		[series]=$build/kernel/release
	)

	prepare
	rm -f "$out"/sizes-*
	if [ -n "${IMAGE:-}" ]; then
		[ -r "$IMAGE" ] || die "IMAGE='$IMAGE' is no file that can be read."
		mkdir -p "$out/image/arch/arm64/boot"
		ln -sfn "$(realpath "$IMAGE")" "$out/image/arch/arm64/boot/Image"
		kernels[image]=$out/image
	fi

	while read -r configuration; do
		for kernel in base series ${IMAGE:+image}; do
			AGAIN="make bench CPU=$configuration" \
			stage "bench-$kernel" "measure on $configuration" -- \
				measure "$kernel" "${kernels[$kernel]}" "$configuration" || exit 1
			results+=("$build/results/bench-$kernel-$configuration")
		done
		AGAIN="make bench CPU=$configuration" \
		stage bench-guest "boot a guest on $configuration" -- \
			measure_guest "$configuration" || exit 1
		results+=("$build/results/bench-guest-$configuration")
	done < <(select_configurations "${CPU:-}" "${MODE:-}")
	for kernel in base series; do
		"$tools/build.sh" sizes "${kernels[$kernel]}" >"$out/sizes-$kernel"
	done
	"$tools/bench.py" table "$out" "${results[@]}" || missed=1
	if [ -n "${UPDATE:-}" ]; then
		[ -z "${CPU:-}${MODE:-}" ] ||
			die "UPDATE=1 writes the reference of all configurations; it does" \
			    "not go with CPU= or MODE=."
		"$tools/bench.py" update "$out" "$reference"
		say "wrote ${reference#"$top"/}"
	fi
	[ -z "$missed" ]
}

case ${1:-} in
check)
	check
	;;
'')
	everything
	;;
*)
	die "usage: bench.sh [check]"
	;;
esac
