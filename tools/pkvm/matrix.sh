#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The series' own tests on what `make check` does not boot: the rows of `matrix` in
# machine.sh, and a host with pages of 16K. One table at the end.
#
# usage: matrix.sh      T= and CPU= narrow it

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

ret=0
log=$build/results/matrix.log
export T=${T:-pkvm_*}
mkdir -p "$build/results"
rows=${CPU:-$(names_of "${matrix[@]}" | paste -sd ' ') max-16k}
{
	[ "$rows" = max-16k ] ||
		CPU=${rows% max-16k} FLAVOUR=release "$tools/check.sh" || ret=1
	case $rows in *max-16k) CPU=max FLAVOUR=16k "$tools/check.sh" || ret=1 ;; esac
} > >(tee "$log") 2>&1
wait

awk '/ kernel, / { name = $3 ($1 == "release" ? "" : "-" $1); names[++nr] = name }
     name && /^(PASS|FAIL|SKIP) / { n[name, $1]++ }
     /^FAIL / { what[name] = what[name] " " $2 }
     END {
	printf "\n%-16s %6s %6s %7s  what failed\n", "", "passed", "failed", "skipped"
	for (i = 1; i <= nr; i++)
		printf "%-16s %6d %6d %7d %s\n", names[i], n[names[i], "PASS"],
			n[names[i], "FAIL"], n[names[i], "SKIP"], what[names[i]]
     }' "$log"
exit $ret
