#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# contract_build.sh DIR CONFIG COMPILER...
#
# The check in the build, tested: with rows taken away or doubled the contract
# does not compile, and the compiler names each register at fault. CONFIG is
# kvm_fixed_config.h, DIR a place for changed copies of it.

dir=$1
config=$2
shift 2
compiler=$*

mkdir -p "$dir/asm"
trap 'rm -r "$dir"' EXIT

cat >"$dir/user.c" <<-END
	#include <asm/kvm_id_check.h>
	void check(void);
	void check(void) { pvm_contract_build_check(); }
END

count=0
failed=0

# try NAME EDIT [REGISTER...]: with the edit, exactly these registers are named.
try() {
	name=$1 edit=$2
	shift 2

	count=$((count + 1))
	sed "$edit" "$config" >"$dir/asm/kvm_fixed_config.h"
	# shellcheck disable=SC2086 # a command with its options
	log=$(LC_ALL=C $compiler -I"$dir" -c -o "$dir/user.o" "$dir/user.c" 2>&1)
	status=$?
	named=$(echo "$log" | sed -n 's/.*error:.*the rows of \(ID_[A-Z0-9_]*\).*/\1/p' | sort -u)
	expect=$(for reg; do echo "$reg"; done | sort -u)

	if [ "$named" = "$expect" ] && [ $((status != 0)) -eq $(($# != 0)) ]; then
		echo "ok $count build: $name"
	else
		echo "$log" | sed 's/^/# /'
		echo "not ok $count build: $name"
		failed=1
	fi
}

echo "TAP version 13"
echo "1..5"
try "contract as it is" ""
try "row missing" "/ID_AA64MMFR2_EL1, CnP/d" ID_AA64MMFR2_EL1
try "row twice" "/ID_AA64PFR0_EL1, DIT/p" ID_AA64PFR0_EL1
try "errors in several registers" \
	"/ID_AA64MMFR2_EL1, CnP/d; /ID_AA64SMFR0_EL1, FA64/d; /ID_AA64PFR0_EL1, DIT/p" \
	ID_AA64MMFR2_EL1 ID_AA64SMFR0_EL1 ID_AA64PFR0_EL1
try "register without rows" "/PVM_ID_REG(ID_AA64ISAR3_EL1/d" ID_AA64ISAR3_EL1

exit $failed
