#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does every patch build by itself? git rebase --exec in a tree of its own
# (build/bisect): after each patch KVM with EL2, the kvm selftests where the patch can
# have broken them, and the whole kernel after the last. Warnings are errors.
#
# usage: bisect.sh          FROM=NUMBER begins at that patch
#        bisect.sh step     build what is checked out there (what --exec runs)
#
# FLAVOUR=debug and LLVM=1 as everywhere.

. "$(dirname "$0")/lib.sh"
. "$tools/git.sh"

tree=$build/bisect
out=$build/kernel/bisect$suffix
flavour=${FLAVOUR:-release}

export ARCH=arm64
kmake+=(KCFLAGS=-Werror)

# Steps run as stages, not under bash's -e: hence the chains of &&.

kernel() {
	"$tools/build.sh" config "$flavour" "$tree" "$out" &&
	"${kmake[@]}" -s -j"$jobs" -C "$tree" O="$out" "$@"
}

# What EL2 takes from the host's image is listed in image-vars.h. No link of the
# whole kernel is needed to see that something is not.
el2_symbols() {
	local symbol missing=()

	while read -r symbol; do
		grep -qw "${symbol#__kvm_nvhe_}" "$tree/arch/arm64/kernel/image-vars.h" ||
			missing+=("${symbol#__kvm_nvhe_}")
	done < <(aarch64-linux-gnu-nm -u "$out/arch/arm64/kvm/hyp/nvhe/kvm_nvhe.o" | awk '{ print $2 }')
	[ ${#missing[@]} -eq 0 ] || { echo "undefined at EL2: ${missing[*]}"; return 1; }
}

build_patch() {
	local changed objects

	changed=$(git -C "$tree" diff-tree -r --name-only HEAD^ HEAD)
	if grep -qvE '^(tools|Documentation)/|^[A-Z]+$' <<<"$changed"; then
		# virt/kvm/ is built by arch/arm64/kvm/.
		mapfile -t objects < <(sed -n 's:^\(arch/arm64/kernel/.*\)\.c$:\1.o:p' <<<"$changed")
		kernel arch/arm64/kvm/ "${objects[@]}" && el2_symbols || return
	fi
	if [ "$(git -C "$tree" rev-parse HEAD)" = "$(g rev-parse series)" ]; then
		kernel Image || return
	fi
	! grep -qE '^(tools/(testing/selftests|include|arch)|include/uapi|arch/arm64/(include/uapi|tools))/' \
		<<<"$changed" || make_selftests "$tree" "$out" "$out/selftests"
}

if [ "${1:-}" = step ]; then
	number=$(g rev-list --count "refs/pkvm/base..$(git -C "$tree" rev-parse HEAD)")
	subject=$(git -C "$tree" log -1 --format=%s)
	AGAIN="make bisect FROM=$number" \
		stage "bisect-$(printf %04d "$number")" "${subject:0:46}" -- build_patch
	exit
fi

locked bisect
count=$(g rev-list --count refs/pkvm/base..series)
first=${FROM:-1}
if [ "$first" -lt 1 ] || [ "$first" -gt "$count" ]; then
	die "there is no patch $first: the series has 1 to $count."
fi
need_space 4096 "$build" "building every patch"
worktree "$tree" series
rm -rf "$(git -C "$tree" rev-parse --git-path rebase-merge)"
# --exec needs no new commits: every pick is a fast-forward.
git -C "$tree" -c rebase.updateRefs=false rebase -q --exec "'$tools/bisect.sh' step" \
	"series~$((count - first + 1))" ||
	die "a patch does not build by itself: the line above says which."
say "bisect: patches $first to $count build by themselves"
