#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test the report: what must fail a run does, and what must not does not (TAP).

. "$(dirname "$0")/lib.sh"

dir=$(mktemp -d "$build/.report-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# A run in which all is well; each case below changes one thing.
good_run() {
	rm -rf "$dir/run"
	mkdir "$dir/run"
	echo max >"$dir/run/configuration"
	echo "Protected hVHE mode initialized" >"$dir/run/promise"
	printf '%s\n' "60 first /tests/first" "60 second /tests/second" >"$dir/run/plan"
	cat >"$dir/run/console.log" <<-'END'
		[    0.1] kasan: KernelAddressSanitizer initialized (generic)
		[    0.4] kvm [1]: Protected hVHE mode initialized successfully
		[    9.0] reboot: Power down
	END
	cat >"$dir/run/results.ktap" <<-'END'
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
	printf '%s\n' "third * fail known" "skipper * skip no hardware" \
		"mended * fixed the base does it wrong" >"$dir/expect"
}

# expect STATUS PATTERN WHAT: the report's exit status and one of its lines.
expect() {
	local want=$1 pattern=$2 what=$3 ret=0

	"$tools/report.py" --expect "$dir/expect" "$dir/run" >"$dir/out" 2>&1 || ret=$?
	grep -qE "$pattern" "$dir/out" || ret=unlike
	tap "$what" "$dir/out" [ "$ret" = "$want" ]
	good_run
}

run=$dir/run
splats=("Kernel panic - not syncing: Asynchronous SError Interrupt"
	"kvm [251]: nVHE hyp panic at: [<ffff8000800c2d2c>] __kvm_nvhe_x+0x4/0x8!"
	"WARNING: CPU: 1 PID: 90 at arch/arm64/kvm/arm.c:1 x+0x1/0x2"
	"WARNING: possible circular locking dependency detected"
	"BUG: KASAN: slab-out-of-bounds in kvm_arch_init_vm+0x1/0x2"
	"UBSAN: shift-out-of-bounds in arch/arm64/kvm/sys_regs.c:1:2"
	"rcu: INFO: rcu_preempt self-detected stall on CPU"
	"Unable to handle kernel paging request at virtual address 0"
	"BUG: sleeping function called from invalid context at mm/x.c:1"
	"INFO: task init:1 blocked for more than 120 seconds.")

echo "TAP version 13"
echo "1..$((20 + ${#splats[@]}))"
good_run
expect 0 '^PASS +host max' "a good run passes"
expect 0 '^PASS +first +1/1, 1 skipped' "its cases are counted"

for splat in "${splats[@]}"; do
	sed -i "2i [    1.0] $splat" "$run/console.log"
	expect 1 '^FAIL +host max' "fails: ${splat:0:40}"
done

sed -i '/mode initialized/d' "$run/console.log"
expect 1 'never said' "fails: the host is not protected"
sed -i '/Power down/d' "$run/console.log"
expect 1 'did not power off' "fails: the host did not power off"
: >"$run/console.log"
expect 1 'nothing on the console' "fails: the console is empty"
sed -i '/^ok 2/,$d' "$run/results.ktap"
expect 1 '^FAIL +second' "fails: the report is cut between tests"
sed -i '/^    ok 2/,$d' "$run/results.ktap"
expect 1 '^FAIL' "fails: the report is cut within a test"
: >"$run/results.ktap"
expect 1 '^FAIL' "fails: there is no report"
sed -i 's/^    ok 1/    not ok 1/; s/^ok 1/not ok 1/' "$run/results.ktap"
expect 1 '^FAIL +first .*a case' "fails, and names the case that failed"
sed -i 's/^    ok 1/    not ok 1/' "$run/results.ktap"
expect 1 '^FAIL +first' "fails: a case failed, but the program said 0"
sed -i 's/^    ok 1 a case/& # SKIP nothing to do/' "$run/results.ktap"
expect 1 '^FAIL +first' "fails: every case was skipped"
sed -i '/^    ok 2/d' "$run/results.ktap"
expect 1 '^FAIL +first' "fails: fewer cases than planned"
sed -i 's/^ok 2 second/& # SKIP/' "$run/results.ktap"
expect 1 '^FAIL +second .*nothing here expects' "fails: a skip that nobody expects"
sed -i 's/second/skipper/' "$run/results.ktap" "$run/plan"
sed -i 's/^ok 2 skipper/& # SKIP/' "$run/results.ktap"
expect 0 '^SKIP +skipper .*no hardware' "passes: a skip with a reason"
sed -i 's/second/mended/; s/^ok 2/not ok 2/' "$run/results.ktap" "$run/plan"
expect 1 '^FAIL +mended' "fails: what the base fails and the series has to pass"
sed -i 's/first/skipper/' "$run/results.ktap" "$run/plan"
sed -i 's/^    ok 1 a case/& # SKIP nothing to do/' "$run/results.ktap"
expect 0 '^SKIP +skipper .*no hardware' "passes: every case was skipped, with a reason"
sed -i 's/second/third/; s/^ok 2/not ok 2/' "$run/results.ktap" "$run/plan"
expect 0 '^SKIP +third .*base fails too' "passes: a failure that the base has"
sed -i 's/^    1\.\.2/    # console: [    1.0] Kernel panic - not syncing: x\n&/' "$run/results.ktap"
expect 1 '^FAIL +first .*in the guest: Kernel panic' "fails: a guest panics"
sed -i 's/^    # plain output/    # console: [    1.0] BUG: x/' "$run/results.ktap"
expect 1 '^FAIL +second .*in the guest: BUG' "fails: a guest without cases has a bug"
echo "no end within 9 s" >"$run/qemu.failed"
expect 1 'no end within 9 s' "fails: QEMU did not end"
exit "$failed"
