#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot one pKVM host, boot real guests in it and kill each at a random time, and
# see that neither the host nor EL2 has lost anything. Then a fresh protected guest
# has to boot to its end. See guest/soak.c.
#
# usage: soak.sh CONFIGURATION FLAVOUR
#	SOAK=100	so many guests
#	SEED=NUMBER	those that this number makes, instead of new ones

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

kills=${SOAK:-100}
seed=${SEED:-$(date +%s)}
[[ $kills =~ ^[1-9][0-9]{0,5}$ ]] ||
	die "SOAK='$kills' is how many guests are killed: a number, 1 or more."
[[ $seed =~ ^[0-9]+$ ]] ||
	die "SEED='$seed' is the number that an earlier run printed as its seed."

names=$(select_configurations "$1" "${MODE:-}")
configuration=${names%%$'\n'*}
dir=$build/results/soak
again="make soak CPU=$configuration FLAVOUR=$2 SOAK=$kills SEED=$seed"
mkdir -p "$build/plans"
cat >"$build/plans/soak" <<END
$((600 + 60 * kills)) guest_soak $build/guest/guest-soak -n $kills -s $seed
900 guest_after_soak $build/guest/guest-run -t 800 -c 2
END

say "seed: $seed"
AGAIN=$again stage soak "boot $configuration, kill $kills guests" -- \
	"$tools/boot.sh" run soak "$configuration" "$build/kernel/$2$suffix" "$build/selftests" \
	"$build/plans/soak" || exit 1
echo "$configuration" >"$dir/configuration"
configuration_mode "$configuration" >"$dir/promise"

sed -n 's/^ *# stage: /    guests killed: /p; s/^ *# has: /    /p' "$dir/results.ktap"
"$tools/report.py" --kunit "$linux/tools/testing/kunit" "$dir" || {
	"$tools/decode.sh" "$dir" "$build/kernel/$2$suffix"
	die "the host or EL2 has lost something, or a guest failed: the lines above say" \
	    "what, ${dir#"$top"/} has all that was said. The same guests again: $again"
}
