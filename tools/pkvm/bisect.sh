#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does every patch build by itself? Builds, patch by patch, the directories of the
# kernel that the series changes, the kvm selftests after each patch to them, and
# the whole kernel after the last. Warnings are errors.
#
# usage: bisect.sh [FIRST]   begin at patch number FIRST
#
# Works in a tree of its own (build/bisect), so build/linux stays as it is.
# FLAVOUR=debug and LLVM=1 as everywhere, W=1 for the kernel's further warnings.

. "$(dirname "$0")/lib.sh"
. "$tools/series-lib.sh"

first=${1:-${FROM:-1}}
tree=$build/bisect
out=$build/kernel/bisect
flavour=${FLAVOUR:-release}
directories=(arch/arm64/kvm/ arch/arm64/kernel/ virt/kvm/)

kmake=(make -s -j"$jobs" ARCH=arm64 KCFLAGS=-Werror)
if [ -n "${LLVM:-}" ]; then
	kmake+=(LLVM=1)
	out+=-llvm
else
	kmake+=(CROSS_COMPILE=aarch64-linux-gnu-)
fi
[ -z "${W:-}" ] || kmake+=("W=$W")

# Stages do not run under bash's -e: hence the chains of &&.

kernel() {
	"$tools/build.sh" config "$flavour" "$tree" "$out" &&
	"${kmake[@]}" -C "$tree" O="$out" "$@"
}

selftests() {
	"${kmake[@]}" -C "$tree" O="$out" headers &&
	mkdir -p "$out/selftests/tools" &&
	"${kmake[@]}" -C "$tree/tools/testing/selftests/kvm" \
		OUTPUT="$out/selftests" abs_objdir="$out/selftests" \
		KHDR_INCLUDES="-isystem $out/usr/include" \
		LINUX_HDR_PATH="$out/usr/include" USERLDFLAGS=-static
}

# build_patch COMMIT LAST: what this patch can have broken.
build_patch() {
	local changed what=()

	git -C "$tree" checkout -q --detach "$1" || return
	changed=$(g diff-tree -r --name-only "$1^" "$1")
	if grep -qvE '^(tools|Documentation)/|^[A-Z]+$' <<<"$changed"; then
		what=("${directories[@]}")
	fi
	[ -z "$2" ] || what=(Image)
	if [ ${#what[@]} -gt 0 ]; then
		kernel "${what[@]}" || return
	fi
	if grep -qE '^(tools/testing/selftests/kvm|tools/include|tools/arch|include/uapi|arch/arm64/include)/' <<<"$changed"; then
		selftests || return
	fi
}

"$tools/series.sh"
locked bisect
mapfile -t chain < <(g rev-list --reverse pkvm/base..series)
[ ${#chain[@]} -gt 0 ] || die "there are no patches to build."
if [ "$first" -lt 1 ] || [ "$first" -gt ${#chain[@]} ]; then
	die "there is no patch $first: the series has ${#chain[@]}."
fi

need_space 4096 "$build" "building every patch"
# A work tree of a build/linux that is no more is of no use.
if [ "$(git -C "$tree" rev-parse -q --verify pkvm/base 2>/dev/null)" != "$(g rev-parse pkvm/base)" ]; then
	rm -rf "$tree"
	g worktree prune
	g worktree add -q --detach "$tree" pkvm/base
fi

failed=0
for ((i = first - 1; i < ${#chain[@]}; i++)); do
	number=$(printf %04d $((i + 1)))
	last=
	[ "$i" -lt $((${#chain[@]} - 1)) ] || last=yes
	subject=$(g log -1 --format=%s "${chain[i]}")
	AGAIN="make bisect FROM=$((i + 1))" \
		stage "bisect-$number" "${subject:0:46}" -- build_patch "${chain[i]}" "$last" ||
		failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || die "$failed of ${#chain[@]} patches do not build by themselves."
say "bisect: all ${#chain[@]} patches build by themselves"
