#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Put an error into each row and bit of what EL2 decides, one at a time, and see
# that a test notices.
#
# usage: mutate.sh	with, from the environment (make passes them on)
#	T=PATTERN	only errors of that name: 'HCR_EL2.*', 'sysreg.*'
#	CPU=NAME	in this configuration or CPU model
#	MODE=hvhe|nvhe	in configurations of this mode
#
# Without CPU= and MODE= that is max with hVHE, the one that has the most.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

[ -n "${CPU:-}${MODE:-}" ] || CPU=max MODE=hvhe
failed=0
while read -r configuration; do
	printf '\n%smutants, %s%s\n' "$c_bold" "$configuration" "$c_off"
	report=$build/results/mutants-$configuration
	start=$SECONDS
	ret=0
	mkdir -p "$build/results"
	"$tools/mutate.py" --configuration "$configuration" --match "${T:-*}" \
		>"$report" </dev/null || ret=$?
	grep '^not ok' "$report" || [ $ret -eq 0 ] || tail -n 3 "$report"
	awk -v seconds=$((SECONDS - start)) '
		/^ok / && / survives: / { explained++; next }
		/^ok / { noticed++ }
		/^not ok / { bad++ }
		END { printf "%d noticed, %d survive for a reason, %d failed   %d:%02d min\n",
		      noticed, explained, bad, seconds / 60, seconds % 60 }' "$report"
	say "    ${report#"$top"/}"
	[ $ret -eq 0 ] || failed=1
done < <(select_configurations "${CPU:-}" "${MODE:-}")
exit $failed
