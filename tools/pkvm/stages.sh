#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build what a job needs, stage by stage, and only what changed.
#
# usage: stages.sh choices | qemu | efi | kernel=FLAVOUR | kernels | base_kernel | selftests |
#                  native | busybox | guests | deb=CONFIG ...

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

"$tools/deps.sh" build ${LLVM:+llvm}

# Two runs in one build directory would spoil it for both.
locked build

# once NAME TEXT COMMAND...: run a stage unless it has been run on the same commit of
# build/linux with the same tools. An edited tree has no such name, so there the stage
# runs and its make decides.
once() {
	local name=$1 stamp=$build/.stamp-$1 now=''

	if [ -z "$(git -C "$linux" status --porcelain --untracked-files=no)" ]; then
		now=$(git -C "$linux" rev-parse 'HEAD^{tree}'
		      cat "$tools"/{lib,build,guest}.sh "$tools"/{config,guest}/* | sha256sum)
	fi
	if [ -n "$now" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
		return 0
	fi
	rm -f "$stamp"
	stage "$name" "$2" -- "${@:3}" || exit 1
	[ -z "$now" ] || printf '%s\n' "$now" >"$stamp"
}

kernel() {
	case $1 in
	release | debug | 16k | bare | guest) ;;
	lto)	[ -n "${LLVM:-}" ] || die "FLAVOUR=lto is for clang: LLVM=1." ;;
	*)	die "FLAVOUR='$1': there are release, debug, 16k, bare and, with LLVM=1, lto." ;;
	esac
	AGAIN="make kernel FLAVOUR=$1${LLVM:+ LLVM=1}" \
	once "kernel-$1$suffix" "build the kernel, $1${LLVM:+, clang}" "$tools/build.sh" kernel "$1"
}

# Those that the rows of CPU=, or else of the matrix, are for.
kernels() {
	local names=${CPU:-$(names_of "${matrix[@]}")} name flavour

	select_configurations "${CPU%-unprotected}" >/dev/null
	for flavour in $(for name in $names; do flavour_of "$name"; done | sort -u); do
		kernel "$flavour"
	done
}

selftests() {
	AGAIN="make check" once selftests "build the kvm selftests" "$tools/build.sh" selftests
	stage init "build the runner" -- "$tools/build.sh" init || exit 1
}

# Real guests. What a person brings along is taken as it is each time.
guests() {
	"$tools/guest.sh" fetch || exit 1
	[ -z "${GUEST_KERNEL:-}${VMM:-}${ROOT:-}" ] || rm -f "$build/.stamp-guest"
	once guest "make the disk of the real guests" "$tools/guest.sh" build
	[ -z "${GUEST_KERNEL:-}${VMM:-}${ROOT:-}" ] || rm -f "$build/.stamp-guest"
}

busybox() {
	"$tools/guest.sh" busybox || exit 1
}

# Debian's own configuration of this version.
fetch_config() {
	local package version

	version=$(make -s -C "$linux" kernelversion)
	package=linux-config-$(cut -d . -f 1,2 <<<"$version")
	[ -d "$build/config" ] || stage config "fetch Debian's $package" -- env ALONE=1 \
		"$tools/apt-fetch.sh" trixie-backports arm64 "$build/config" "$package" || exit 1
}

deb() {
	"$tools/deps.sh" deb
	[ "$1" = host ] || fetch_config
	AGAIN="make deb CONFIG=$1" stage "deb-$1" "build a package of the kernel, $1" -- \
		"$tools/build.sh" deb "$1" || exit 1
	say "    $(ls "$build/deb"/linux-image-*"-pkvm-$1"_*.deb)"
}

# What is wrong with what a person asks for is said before anything is built for it.
choices() {
	"$tools/guest.sh" choices || exit 1
	select_configurations "${CPU:-}" >/dev/null
}

# Fetch QEMU if this machine has none that will do.
qemu() {
	case ${CPU:-} in *-efi-*) efi ;; esac
	! find_qemu || return 0
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "the QEMU of this machine is older than $qemu_wanted, and a newer" \
		    "one is fetched for amd64 only. Install qemu-system-arm" \
		    "$qemu_wanted or newer and run this again."
	need_space 400 "$build" "unpacking QEMU"
	stage qemu "fetch QEMU of Debian 13's backports" -- \
		"$tools/apt-fetch.sh" trixie-backports amd64 "$build/qemu" qemu-system-arm ||
		exit 1
	find_qemu ||
		die "QEMU was fetched to $build/qemu and does not start. Remove" \
		    "that directory and run this again."
}

# The firmware of the rows with EFI=1: EDK2, which starts the kernel by its EFI stub.
efi() {
	[ -d "$build/efi" ] || stage efi "fetch EDK2 of Debian 13" -- \
		env ALONE=1 "$tools/apt-fetch.sh" trixie amd64 "$build/efi" qemu-efi-aarch64 || exit 1
}

base_kernel() {
	"$tools/baseline.sh" kernel || exit 1
}

native() {
	once native "build the tests that run on this machine" "$tools/build.sh" native
}

for job in "$@"; do
	"${job%%=*}" "${job#*=}"
done
