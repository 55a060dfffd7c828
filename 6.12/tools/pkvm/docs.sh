#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of the documentation that is made from the contract's own files.
#
# usage: docs.sh write    bring that of the repository up to date
#        docs.sh check    fail if that of the series is not

. "$(dirname "$0")/lib.sh"

page=Documentation/virt/kvm/arm/protected-vm-contract.rst

print() {
	"$tools/build.sh" contract && "$build/host/contract" rst |
		"$tools/contract-page.py" "$linux"
}

case ${1:-} in
write)
	print >"$build/contract.rst"
	if cmp -s "$build/contract.rst" "$top/$page"; then
		say "docs: $page is current"
	else
		cp "$build/contract.rst" "$top/$page"
		say "docs: $page is new"
	fi
	;;
check)
	print >"$build/contract.rst" || exit 1
	if ! diff -u "$linux/$page" "$build/contract.rst"; then
		die "$page is not what the contract says now. Repair it: make docs"
	fi
	;;
*)
	die "usage: docs.sh write | check"
	;;
esac
