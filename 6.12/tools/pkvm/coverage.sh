#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which lines of EL2 no test reaches.
#
# usage: coverage.sh     with, from the environment (make passes them on)
#	T=NAME		only these tests (a shell pattern)
#	CPU=NAME MODE=	only these configurations
#
# Runs the series' own tests on the hostile kernel, one configuration after the
# other, in a QEMU that logs which code it translates: once for each block, so that
# it costs little. What was translated at EL2 was executed, or is less than one
# basic block behind something that was. coverage.py turns that into lines.
#
# Not seen: make mutate, real guests, and what the boot did before this kernel had
# its tables (that code runs elsewhere).

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

kernel=$build/kernel/hostile
el2=arch/arm64/kvm/hyp/nvhe/kvm_nvhe.o
out=$build/coverage
mkdir -p "$out"

own_tests "${T:-*}" | awk '{ print 900, $1, "aarch64/" $1 }' >"$out/plan"
[ -s "$out/plan" ] || die "T='${T:-*}' names no test of the series."

stage coverage-lines "build EL2 with line numbers" -- "$tools/build.sh" lines || exit 1
traces=()
while read -r configuration; do
	trace=$out/$configuration.asm
	TRACE=$trace stage "coverage-$configuration" "run $(wc -l <"$out/plan") tests" -- \
		"$tools/boot.sh" run "coverage-$configuration" "$configuration" "$kernel" \
		"$build/selftests" "$out/plan" || exit 1
	results=$build/results/coverage-$configuration/results.ktap
	# Tests that fail here say so in make check, but have to end.
	grep -qax '# complete' "$results" ||
		die "the host $configuration did not end: see ${results%/*}/console.log"
	sed -n 's/^not ok [0-9]* \(pkvm_[a-z0-9_]*\).*/    failed: \1/p' "$results"
	traces+=("$trace")
done < <(select_configurations "${CPU:-}" "${MODE:-}")

"$tools/coverage.py" --vmlinux "$kernel/vmlinux" --el2 "$build/kernel/lines/$el2" \
	--source "$linux" --out "$out/unreached" \
	--own <(sed -n 's/^Overlay: //p' "$patches"/[0-9]*.patch) "${traces[@]}"
rm -f "${traces[@]}"
say "every line that was not reached: ${out#"$top"/}/unreached"
