#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The series' own tests on what `make check` does not boot: the rows of `matrix` in
# machine.sh. One table at the end.
#
# usage: matrix.sh      T= and CPU= narrow it; FLAVOUR= is for rows that name none

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

ret=0
log=$build/results/matrix.log
export T=${T:-pkvm_*} CPU=${CPU:-$(names_of "${matrix[@]}" | paste -sd ' ')}
mkdir -p "$build/results"
"$tools/check.sh" 2>&1 | tee "$log" || ret=1

awk '/ kernel, / { names[++nr] = name = $3 }
     name && /^(PASS|FAIL|SKIP) / { n[name, $1]++ }
     /^FAIL / { what[name] = what[name] " " $2 }
     END {
	printf "\n%-16s %6s %6s %7s  what failed\n", "", "passed", "failed", "skipped"
	for (i = 1; i <= nr; i++)
		printf "%-16s %6d %6d %7d %s\n", names[i], n[names[i], "PASS"],
			n[names[i], "FAIL"], n[names[i], "SKIP"], what[names[i]]
     }' "$log"
exit $ret
