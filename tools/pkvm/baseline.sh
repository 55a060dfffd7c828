#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The selftests of the series' tree on the kernel without the series: Debian's own
# kernel of the version that patches/base names, or, if Debian has that no longer or
# OURS=1 is set, the base built as the release flavour.
#
# usage: baseline.sh kernel    get that kernel
#        baseline.sh           run; T= and CPU= narrow it
#
# What the base's own selftests do is compared with tools/pkvm/expectations: a
# difference fails, and is the line that would have to change. The series' own are
# expected to fail here, where they show a fault: that is printed, and fails nothing.

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"
. "$tools/git.sh"

debian=$build/arm64/base-kernel
version=$(field version "$patches/base")

# Debian's host: its kernel, and the modules that the runner's channel needs.
fetch_debian() {
	local name

	name=$("$tools/apt-fetch.sh" list "$(field suite "$patches/base")" arm64 \
			'^linux-binary-.*cloud-arm64$' |
		awk -v version="$version" '$2 == version && !/unsigned/ { print $1; exit }')
	[ -n "$name" ] || return 1
	ALONE=1 "$tools/apt-fetch.sh" "$(field suite "$patches/base")" arm64 "$debian" \
		"$name=$version" "${name/binary/modules}=$version"
}

unpack_debian() {
	unpack_modules "$debian" "$debian" virtio_mmio virtio_console &&
	find "$debian/usr" -name vmlinuz -exec ln -sf {} "$debian/vmlinuz" ';' &&
	[ -e "$debian/vmlinuz" ]
}

kernel() {
	if [ -z "${OURS:-}" ]; then
		[ ! -s "$debian/modules" ] || return 0
		if stage base-kernel "fetch Debian's kernel $version" -- fetch_debian &&
		   stage base-modules "unpack it" -- unpack_debian; then
			return 0
		fi
		rm -rf "$debian"
		say "baseline: Debian has no kernel $version any more; the base is built"
	fi
	worktree "$build/base" refs/pkvm/base
	stage kernel-base "build the unpatched kernel" -- "$tools/build.sh" base_kernel
}

# boot NAME CONFIGURATION: run build/plan-NAME on the base, and report.
boot() {
	BASE=1 stage "$1" "selftests on the base" -- "$tools/boot.sh" run "$1" "$2" \
		"$kernel" "$build/selftests" "$build/plan-$1" || exit 1
	"$tools/report.py" --baseline --expect "$tools/expectations" "$build/results/$1"
}

run() {
	local selected configuration name ret=0 boots ran

	kernel=$build/kernel/base$suffix
	[ -n "${OURS:-}" ] || [ ! -e "$debian/vmlinuz" ] || kernel=$debian
	selected=$(select_configurations "${CPU:-}")
	for configuration in $selected; do
		name=baseline-$configuration
		[[ " $upstream_configurations " != *" $configuration "* ]] ||
			upstream_plan "${T:-*}" "$configuration" >"$build/plan-$name"
		[ ! -s "$build/plan-$name" ] || boot "$name" "$configuration" || ret=1

		# Of the series' own one may be the end of the base: go on behind it.
		own_tests "${T:-*}" | sed 's,.*,300 & arm64/&,' >"$build/plan-todo"
		for ((boots = 1; boots < 20; boots++)); do
			name=baseline-own$boots-$configuration
			[ -s "$build/plan-todo" ] || break
			cp "$build/plan-todo" "$build/plan-$name"
			boot "$name" "$configuration" || true
			ran=$(grep -cE '^(not )?ok ' "$build/results/$name/results.ktap") || true
			sed -i "1,$((ran + 1))d" "$build/plan-todo"
		done
	done
	return $ret
}

"${1:-run}"
