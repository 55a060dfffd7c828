#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the kvm selftests of the base on the unpatched base, in the configurations
# in which `make check` runs them, and compare with what tools/pkvm/expectations
# says. Prints the lines that would have to change; fails if there are any.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

ret=0
while read -r configuration; do
	name=baseline-$configuration
	find "$build/selftests-base/kvm" -maxdepth 2 -type f -perm -1 -printf '%P\n' | sort |
	while read -r program; do
		awk -v test="${program##*/}" '$1 == test && $3 == "norun" { found = 1 }
			END { exit found }' "$tools/expectations" &&
			echo "900 ${program##*/} $program"
	done >"$build/plan-$name"
	stage "$name" "the base's selftests on the base" -- "$tools/boot.sh" run "$name" \
		"$configuration" "$build/kernel/base" "$build/selftests-base" "$build/plan-$name"
	echo "$configuration" >"$build/results/$name/configuration"
	configuration_mode "$configuration" >"$build/results/$name/promise"
	"$tools/report.py" --kunit "$linux/tools/testing/kunit" --baseline \
		--expect "$tools/expectations" "$build/results/$name" || ret=1
done < <(upstream_configurations)
exit $ret
