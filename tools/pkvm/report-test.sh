#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test the report: what must fail a run does, and what must not does not (TAP).

. "$(dirname "$0")/lib.sh"

dir=$(mktemp -d "$build/.report-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT

run=$dir/run

# A run in which all is well; each case below changes one thing.
good_run() {
	rm -rf "$run"
	mkdir "$run"
	echo max >"$run/configuration"
	echo "Protected hVHE mode initialized" >"$run/promise"
	printf '%s\n' "60 first /tests/first" "60 second /tests/second" >"$run/plan"
	cat >"$run/console.log" <<-'END'
		[    0.1] kasan: KernelAddressSanitizer initialized (generic)
		[    0.4] kvm [1]: Protected hVHE mode initialized successfully
		[    9.0] reboot: Power down
	END
	cat >"$run/results.ktap" <<-'END'
		KTAP version 1
		1..2
		    TAP version 13
		    # Subtest: first
		    1..2
		    ok 1 a case: smc #0
		    ok 2 # SKIP another: no such CPU
		    # outcome: exit status 0
		    # seconds: 0.10
		ok 1 first
		    # plain output
		    # outcome: exit status 0
		    # seconds: 0.20
		ok 2 second
		# complete
	END
	printf '%s\n' "skipper * skip no hardware" "checker debug skip its kernel asserts" \
		"mended * fixed the base does it wrong" >"$dir/expect"
}

# expect STATUS PATTERN WHAT [FILE SED-SCRIPT]...: edit the good run, and see the report's
# exit status and one of its lines.
expect() {
	local want=$1 pattern=$2 what=$3 ret=0

	shift 3
	while [ $# -gt 0 ]; do
		sed -i "$2" "$run/$1"
		shift 2
	done
	"$tools/report.py" --expect "$dir/expect" "$run" >"$dir/out" 2>&1 || ret=$?
	grep -qE "$pattern" "$dir/out" || ret=unlike
	tap "$what" "$dir/out" [ "$ret" = "$want" ]
	good_run
}

splats=("Kernel panic - not syncing: x" "kvm [251]: nVHE hyp panic at: [<x>] x+0x4/0x8!"
	"WARNING: CPU: 1 PID: 90 at x+0x1/0x2" "BUG: sleeping function called from invalid context"
	"UBSAN: shift-out-of-bounds in x.c:1:2" "rcu: INFO: rcu_preempt self-detected stall on CPU"
	"Unable to handle kernel paging request" "INFO: task init:1 blocked for more than 120 s")
checker=(results.ktap 's/second/checker/; s/^ok 2 checker/& # SKIP/' plan s/second/checker/)

echo "TAP version 13"
echo "1..$((21 + ${#splats[@]}))"
good_run
expect 0 '^PASS +host max' "a good run passes"
expect 0 '^PASS +first +1/1, 1 skipped' "its cases are counted"
for splat in "${splats[@]}"; do
	expect 1 '^FAIL +host max' "fails: ${splat:0:40}" console.log "2i [    1.0] $splat"
done
expect 1 'never said' "fails: the host is not protected" console.log '/mode initialized/d'
expect 1 'did not power off' "fails: the host did not power off" console.log '/Power down/d'
expect 1 'nothing on the console' "fails: the console is empty" console.log d
expect 1 '^FAIL +second' "fails: the report is cut between tests" results.ktap '/^ok 2/,$d'
expect 1 '^FAIL' "fails: the report is cut within a test" results.ktap '/^    ok 2/,$d'
expect 1 '^FAIL' "fails: there is no report" results.ktap d
expect 1 '^FAIL +first .*a case' "fails, and names the case that failed" \
	results.ktap 's/^    ok 1/    not ok 1/; s/^ok 1/not ok 1/'
expect 1 '^FAIL +first' "fails: a case failed, but the program said 0" \
	results.ktap 's/^    ok 1/    not ok 1/'
expect 1 '^FAIL +first' "fails: every case was skipped" \
	results.ktap 's/^    ok 1 a case/& # SKIP no/'
expect 1 '^FAIL +first' "fails: fewer cases than planned" results.ktap '/^    ok 2/d'
expect 1 '^FAIL +second .*nothing here expects' "fails: a skip that nobody expects" \
	results.ktap 's/^ok 2 second/& # SKIP/'
expect 0 '^SKIP +skipper .*no hardware' "passes: a skip with a reason" \
	results.ktap 's/second/skipper/; s/^ok 2 skipper/& # SKIP/' plan s/second/skipper/
expect 1 '^FAIL +mended' "fails: what the base fails and the series has to pass" \
	results.ktap 's/second/mended/; s/^ok 2/not ok 2/' plan s/second/mended/
expect 0 '^SKIP +skipper .*no hardware' "passes: every case was skipped, with a reason" \
	results.ktap 's/first/skipper/; s/^    ok 1 a case/& # SKIP no/' plan s/first/skipper/
echo "CPU=max FLAVOUR=debug" >"$run/choices"
expect 0 '^SKIP +checker .*asserts' "passes: a skip of this kernel's" "${checker[@]}"
echo "CPU=max FLAVOUR=release" >"$run/choices"
expect 1 '^FAIL +checker .*nothing here expects' "fails: a skip of another kernel's" "${checker[@]}"
expect 1 '^FAIL +first .*in the guest: Kernel panic' "fails: a guest panics" \
	results.ktap 's/^    1\.\.2/    # console: [    1.0] Kernel panic - not syncing: x\n&/'
expect 1 '^FAIL +second .*in the guest: BUG' "fails: a guest without cases has a bug" \
	results.ktap 's/^    # plain output/    # console: [    1.0] BUG: x/'
echo "no end within 9 s" >"$run/qemu.failed"
expect 1 'no end within 9 s' "fails: QEMU did not end"
exit "$failed"
