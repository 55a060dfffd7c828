#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build what a job needs, stage by stage, and only what changed.
#
# usage: stages.sh check | mutate | baseline | bench | selftests | qemu |
#                   demo FLAVOUR | shell FLAVOUR | kernel FLAVOUR

. "$(dirname "$0")/lib.sh"
# shellcheck source=machine.sh
. "$tools/machine.sh"

# Two runs in one build directory would spoil it for both.
locked build

# once NAME TREE INPUT... -- TEXT COMMAND...: run a stage unless it has been
# run on the same commit of TREE with the same INPUT files. An edited tree has
# no such name, so there the stage runs and its make decides.
once() {
	local name=$1 tree=$2 stamp=$build/.stamp-$1 inputs=() now text

	shift 2
	while [ "$1" != -- ]; do
		inputs+=("$1")
		shift
	done
	text=$2
	shift 2
	now=
	if [ -z "$(git -C "$tree" status --porcelain --untracked-files=no)" ]; then
		now=$(git -C "$tree" rev-parse 'HEAD^{tree}';
		      cat "$tools/build.sh" "${inputs[@]}" | sha256sum)
	fi
	if [ -n "$now" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
		return 0
	fi
	rm -f "$stamp"
	stage "$name" "$text" -- "$@" || exit 1
	[ -z "$now" ] || printf '%s\n' "$now" >"$stamp"
}

kernel() {
	AGAIN="make kernel FLAVOUR=$1${LLVM:+ LLVM=1}" \
	once "kernel-$1$suffix" "$linux" "$tools/config/host.config" "$tools/config/$1.config" -- \
		"build the host kernel, $1${LLVM:+, clang}" "$tools/build.sh" kernel "$1"
}

# worktree DIR COMMIT: a tree of its own for a commit of build/linux.
worktree() {
	if is_worktree "$1" && [ "$(git -C "$1" rev-parse -q --verify HEAD)" = "$2" ]; then
		return 0
	fi
	new_worktree "$1" "$2"
}

# The base, and no more of the series than what makes userspace able to create
# a protected VM: what the base's own code costs.
bench_base() {
	local commit

	commit=$(git -C "$linux" log --format=%H --fixed-strings \
		--grep="Let userspace create protected VMs" pkvm/base..series | tail -n 1)
	[ -n "$commit" ] || die "no patch of the series lets userspace create protected VMs."
	worktree "$build/bench-base" "$commit"
	once kernel-bench-base "$build/bench-base" "$tools/config/host.config" \
		"$tools/config/release.config" -- \
		"build the base, with protected VMs" "$tools/build.sh" bench-kernel
}

# asked NAME...: does T= leave one of these to be run?
asked() {
	local name

	for name in "$@"; do
		# shellcheck disable=SC2053 # T= is a pattern
		[[ $name != ${T:-*} ]] || return 0
	done
	return 1
}

# Where T= is the name of one program of the series, that one suffices.
selftests() {
	local one=aarch64/${T:-}

	if [[ ${T:-} = pkvm_* ]] && [ -f "$linux/tools/testing/selftests/kvm/$one.c" ]; then
		AGAIN="make check T=$T" once "selftest-$T" "$linux" -- \
			"build $T" "$tools/build.sh" selftests "$one"
	else
		AGAIN="make check" once selftests "$linux" -- \
			"build the kvm selftests" "$tools/build.sh" selftests
	fi
	stage init "build the runner" -- "$tools/build.sh" init || exit 1
}

# Real guests. What a person brings along is taken as it is each time.
guests() {
	"$tools/guest.sh" fetch || exit 1
	[ -z "${GUEST_KERNEL:-}${GUEST_INITRD:-}${VMM:-}${ROOT:-}" ] || rm -f "$build/.stamp-guest"
	once guest "$linux" "$tools/guest.sh" "$tools"/guest/* -- \
		"make the disk of the real guests" "$tools/guest.sh" build
	[ -z "${GUEST_KERNEL:-}${GUEST_INITRD:-}${VMM:-}${ROOT:-}" ] || rm -f "$build/.stamp-guest"
}

mutate() {
	kernel hostile
	once mutants "$linux" "$tools/mutants.c" "$tools/mutant-run.c" -- \
		"build what makes errors on purpose" "$tools/build.sh" mutants
}

case ${1:-} in
kernel)
	kernel "$2"
	say "    $build/kernel/$2$suffix/arch/arm64/boot/Image"
	;;
selftests)
	selftests
	;;
qemu)
	get_qemu
	;;
shell)
	get_qemu
	kernel "$2"
	selftests
	;;
demo)
	"$tools/guest.sh" choices || exit 1
	get_qemu
	kernel "$2"
	selftests
	guests
	once contract "$linux" "$tools/contract.c" -- \
		"build the printer of the contract" "$tools/build.sh" contract
	;;
check)
	get_qemu
	case ${FLAVOUR:-both} in
	release | debug | hostile)
		kernel "$FLAVOUR"
		;;
	both)
		kernel release
		kernel debug
		kernel hostile
		;;
	*)
		die "FLAVOUR='$FLAVOUR': there are release, debug and hostile."
		;;
	esac
	selftests
	mapfile -t names < <(sed -n 's/^\([a-z][^[:space:]]*\).*/\1/p' "$tools/guests")
	! asked "${names[@]}" || guests
	! asked bench ||
		stage bench-program "build the benchmark" -- "$tools/build.sh" bench || exit 1
	if [ "${FLAVOUR:-release}" = release ] && asked mutants; then
		mutate
	fi
	;;
mutate)
	get_qemu
	mutate
	selftests
	;;
baseline)
	get_qemu
	worktree "$build/base" "$(git -C "$linux" rev-parse pkvm/base)"
	once kernel-base "$build/base" "$tools/config/host.config" "$tools/config/release.config" -- \
		"build the unpatched kernel" "$tools/build.sh" base-kernel
	once selftests-base "$build/base" -- \
		"build its kvm selftests" "$tools/build.sh" selftests base
	stage init "build the runner" -- "$tools/build.sh" init || exit 1
	;;
bench)
	get_qemu
	kernel release
	bench_base
	selftests
	guests
	stage bench-program "build the benchmark" -- "$tools/build.sh" bench || exit 1
	;;
*)
	die "usage: stages.sh check|mutate|baseline|bench|selftests|qemu, or" \
	    "demo|shell|kernel FLAVOUR"
	;;
esac
