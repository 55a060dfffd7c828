#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does every patch build by itself? Builds all of KVM after each patch, EL2 with
# it, whose undefined symbols it checks as the link of the whole kernel would; the
# kvm selftests and the native tests after each patch that they can notice; and the
# whole kernel after the last. Warnings are errors.
#
# What is not KVM is built in that last step only. It could break halfway by nothing
# but a header that one patch breaks and a later one mends.
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

kmake=(make -s -j"$jobs" ARCH=arm64 KCFLAGS=-Werror)
if [ -n "${LLVM:-}" ]; then
	kmake+=(LLVM=1)
	out+=-llvm
	nm=(llvm-nm)
else
	kmake+=(CROSS_COMPILE=aarch64-linux-gnu-)
	nm=(aarch64-linux-gnu-nm)
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

# What EL2 takes from the host's image is listed in image-vars.h. No link of the
# whole kernel is needed to see that something is not.
el2_symbols() {
	local symbol missing=()

	while read -r symbol; do
		grep -qw "${symbol#__kvm_nvhe_}" "$tree/arch/arm64/kernel/image-vars.h" ||
			missing+=("${symbol#__kvm_nvhe_}")
	done < <("${nm[@]}" -u "$out/arch/arm64/kvm/hyp/nvhe/kvm_nvhe.o" | awk '{ print $2 }')
	[ ${#missing[@]} -eq 0 ] || { echo "undefined at EL2: ${missing[*]}"; return 1; }
}

native() {
	mkdir -p "$out/native" &&
	make -s -j"$jobs" -C "$tree/tools/testing/pkvm" OUTPUT="$out/native/" all
}

# build_patch COMMIT LAST: what this patch can have broken.
build_patch() {
	local changed

	git -C "$tree" checkout -q --detach "$1" || return
	changed=$(g diff-tree -r --name-only "$1^" "$1")
	if grep -qvE '^(tools|Documentation)/|^[A-Z]+$' <<<"$changed"; then
		kernel arch/arm64/kvm/ && el2_symbols || return
	fi
	if [ -n "$2" ]; then
		kernel Image || return
	fi
	if grep -qE '^(tools/(testing/selftests|include|arch)|include/uapi|arch/arm64/(include/uapi|tools))/' <<<"$changed"; then
		selftests || return
	fi
	if [ -d "$tree/tools/testing/pkvm" ] &&
	   grep -qE '^(tools/testing/pkvm|arch/arm64/(include|kvm/hyp))/' <<<"$changed"; then
		native || return
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
is_worktree "$tree" || new_worktree "$tree" pkvm/base

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
