# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# How the first process of a real guest speaks to guest-run.sh, which see. Sourced.

# A record of the kernel's log comes out in one piece; what a process writes to the
# console may be torn apart by one. A warning is seen where a quiet console is asked
# for, too.
say() {
	echo "<4>pvm: $*" >/dev/kmsg
}

# check NAME COMMAND...: the status of the command is that of a selftest of the kernel.
check() {
	local name=$1 why status=0

	shift
	why=$("$@" 2>&1) || status=$?
	why=$(echo "${why#cpu: }" | paste -sd " ")
	case $status in
	0)	say "ok $name" ;;
	4)	say "ok $name # SKIP $why" ;;
	*)	say "not ok $name: $why" ;;
	esac
}
