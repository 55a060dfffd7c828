#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test the comparison of figures: what must fail does, and what must not does
# not (TAP).

. "$(dirname "$0")/lib.sh"

dir=$(mktemp -d "$build/.bench-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
nr=0 failed=0
run=$dir/bench-series-max

# A run like that of the reference, with ID registers that take $1 ticks.
good_run() {
	local crm op2 id=${1:-163}

	mkdir -p "$run"
	printf '%s\n' kernel=6.12 compiler=gcc qemu=10 >"$dir/conditions"
	{
		echo "    # bench host frequency 1000000000 1 0"
		echo "    # bench host boot 1000 1 0"
		echo "    # bench protected empty 2 1 0"
		echo "    # bench protected floor 19 1 0"
		echo "    # bench protected psci_version 1002 1 0"
		echo "    # bench other empty 2 1 0"
		echo "    # bench other psci_version 1002 1 0"
		for crm in 1 2 3 4 5 6 7; do
			for op2 in 0 1 2 3 4 5 6 7; do
				echo "    # bench protected id_${crm}_$op2 $id 1 0"
				echo "    # bench other id_${crm}_$op2 3000 1 0"
			done
		done
		echo "    # bench protected hidden_read 202 1 1"
		echo "    # bench protected razwi_read 182 1 0"
		echo "    # bench protected razwi_write 182 1 0"
		echo "    # bench protected vm_create 1000 1 0"
		echo "    # bench protected vm_setup 1000 1 0"
		echo "    # bench protected vm_first_run 1000 1 0"
		echo "    # bench: complete"
	} >"$run/results.ktap"
}

compare() {
	"$tools/bench.py" check "$dir" "$dir/reference.json" "$run"
}

# expect STATUS PATTERN WHAT: the status of the comparison and one of its lines.
expect() {
	local want=$1 pattern=$2 what=$3 ret=0

	nr=$((nr + 1))
	compare >"$dir/out" 2>&1 || ret=$?
	if [ "$ret" -eq "$want" ] && grep -qE "$pattern" "$dir/out"; then
		echo "ok $nr $what"
	else
		echo "not ok $nr $what"
		sed 's/^/# /' "$dir/out"
		failed=1
	fi
}

echo "TAP version 13"
echo "1..21"

good_run
"$tools/bench.py" table "$dir" "$run" >"$dir/table"
"$tools/bench.py" update "$dir" "$dir/reference.json"
expect 0 '^ok .* max: protected id_max takes 161' "the same figures pass"

good_run 166
expect 0 '^ok .* max: protected id_max takes 164' "two in a hundred more pass"

good_run 167
expect 1 '^not ok .* max: protected id_max takes 165' "three in a hundred more fail"

good_run 150
expect 1 '^not ok .* max: protected id_max takes 148' "less than in the reference fails"

good_run
sed -i 's/ id_5_3 163 / id_5_3 164 /' "$run/results.ktap"
expect 1 '^not ok .* every ID register takes the same' "a search for ID registers fails"

good_run 210
echo compiler=other >>"$dir/conditions"
expect 1 '^not ok .* id_max takes 208, at most 200' \
	"a goal that is missed fails with any compiler"

good_run
sed -i 's/ protected psci_version 1002 / protected psci_version 1003 /' "$run/results.ktap"
expect 1 '^not ok .* psci_version takes 1001, not more than for other VMs, 1000' \
	"an exit to the host that takes more of a protected VM fails"

good_run
sed -i '/ hidden_read /d' "$run/results.ktap"
expect 1 '^not ok .* no hidden_read of a protected VM' "a goal without its figure fails"

good_run
sed -i '/ vm_create /d' "$run/results.ktap"
expect 1 '^not ok .* vm_create, 1000 in the reference, is not there' \
	"a figure that is not there fails"

good_run
echo compiler=other >>"$dir/conditions"
expect 0 '^ok .*SKIP compiler is other and not gcc' \
	"with another compiler, figures are not compared"

good_run
sed -i '/complete/d' "$run/results.ktap"
expect 1 'did not end' "a benchmark that did not end fails"

# A real guest's boots: protected $1 and $2 ticks, of them $3 idle, any other 1000.
guest_run() {
	mkdir -p "$dir/bench-guest-max"
	{
		guest_boot warm 5000 0
		guest_boot protected_1 "$1" "$3"
		guest_boot other_1 1000 0
		guest_boot protected_2 "$2" "$3"
		guest_boot other_2 1000 0
	} >"$dir/bench-guest-max/results.ktap"
}

guest_boot() {
	printf '    %s\n' "# Subtest: guest_$1" "# boot: $2 ticks of 1000000000 Hz, $3 ns idle" \
		"# stat: exits 30" "# stat: hvc_exit_stat 10" "# stat: mmio_exit_user 15"
	echo "ok 1 guest_$1"
}

compare() {
	"$tools/bench.py" table "$dir" "$run" "$dir/bench-guest-max"
}

good_run
guest_run 1011 1010 0
expect 0 '^goals: 7 met, 0 missed$' "a guest's boot that takes one in a hundred more meets the goal"

guest_run 1011 1012 0
expect 1 "^goal missed: max: a guest's boot takes 1011, 1000 if" "one that takes more does not"

guest_run 1111 1112 101
expect 0 '^goals: 7 met, 0 missed$' "time that the CPU was idle does not count"

guest_run 1000 1100 0
expect 0 '^most above least, % +10\.00 +0\.00$' "how far boots differ is said"

expect 0 '^ +faults, interrupts, registers +5 +5 ' "exits that KVM does not count by class are the rest"

# The base takes $1 for an exit, and $2 for what may take 2 % more; the series 1000.
base_run() {
	mkdir -p "$dir/bench-base-max"
	{
		grep -v complete "$run/results.ktap"
		printf '    # bench other %s\n' "wfi $(($1 + 2)) 1 0" "unmap_page $2 1 0"
		echo "    # bench: complete"
	} >"$dir/bench-base-max/results.ktap"
	printf '    # bench other %s\n' "wfi 1002 1 0" "unmap_page 1000 1 0" >>"$run/results.ktap"
}

compare() {
	"$tools/bench.py" table "$dir" "$dir/bench-base-max" "$run"
}

good_run
base_run 1000 981
expect 0 '^goals: 15 met, 0 missed$' "what the base takes, and 2 % more for TLBs, meets the goals"

good_run
base_run 990 981
expect 1 '^goal missed: max: other wfi takes 1000, on the base 990' "an exit that takes more does not"

good_run
base_run 1000 979
expect 1 '^goal missed: max: other unmap_page takes' "3 % more for TLBs does not"

compare() {
	"$tools/bench.py" table "$dir" "$run" "$dir/bench-guest-max"
}

sed -i 's/^ok 1 guest_other_2/not &/' "$dir/bench-guest-max/results.ktap"
expect 1 'guest_other_2 did not boot' "a guest that fails is no figure"

sed -i '/other/d' "$dir/bench-guest-max/results.ktap"
expect 1 'not both kinds of guests' "guests of one kind are no comparison"
exit $failed
