#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test the runner: boot a host with tests that go wrong in every way there is
# and see each told by name (TAP). The host must survive all of them.
#
# usage: runner-test.sh CONFIGURATION KERNEL-DIR

. "$(dirname "$0")/lib.sh"

dir=$build/results/runner
program=$build/host/runner-test
aarch64-linux-gnu-gcc -O2 -Wall -Werror -static -o "$program" "$tools/runner-test.c"

for mode in lie crash hang long; do
	limit=20
	[ "$mode" != hang ] || limit=2
	echo "$limit test-$mode $program $mode"
done >"$build/plan-runner"
echo "5 test-absent /nowhere/absent" >>"$build/plan-runner"

"$tools/boot.sh" run runner "$1" "$2" - "$build/plan-runner"
"$tools/report.py" "$dir" >"$dir/out" || true

expect() {
	tap "$2" "$dir/out" grep -qE "$1" "$dir/out"
}

echo "TAP version 13"
echo "1..6"
expect "^PASS +host $1" "the host survives and powers off"
expect '^FAIL +test-lie +exit status 1' "what looks like a result is not believed"
expect '^FAIL +test-crash' "a test that crashes fails"
expect '^FAIL +test-hang +no end within 2 s' "a test that hangs is ended"
expect '^PASS +test-long' "a line without end is no harm"
expect '^FAIL +test-absent +exit status 127' "a program that is not there fails"
exit "$failed"
