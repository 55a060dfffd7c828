#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test cases of base.sh, series.sh and refresh.sh on a base of a few files, and of
# the errors of deps.sh. Prints KTAP.
#
# usage: selftest.sh [CASE...]
#
# shellcheck disable=SC2317 # cases are called by name

. "$(dirname "$0")/lib.sh"

# The scripts under test get an environment of their own: nothing of the caller's
# choices, git configuration or build directory.
# shellcheck disable=SC2086 # a list of names
unset KERNEL FORCE PKVM_LOCKED NO_COLOR NODEPS ${!GIT_@}
work=$(mktemp -d "$build/.selftest.XXXXXX")
trap 'rm -rf "$work"' EXIT
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
mkdir -p "$HOME" "$work/bin"

kvm=arch/arm64/kvm
first_posting=1-fixes

base_tree() {
	mkdir -p "$1/$kvm/hyp/nvhe" "$1/Documentation"
	seq -f 'makefile %g' 20 >"$1/$kvm/Makefile"
	seq -f 'pkvm %g' 40 >"$1/$kvm/pkvm.c"
	seq -f 'sys_regs %g' 20 >"$1/$kvm/hyp/nvhe/sys_regs.c"
	seq -f 'maintainer %g' 20 >"$1/MAINTAINERS"
	# As Debian's: the last line ignores all that is not tracked.
	printf '%s\n' '*.o' '/*' >"$1/.gitignore"
}

# commit SUBJECT: all that is in the work tree, as a patch.
commit() {
	git -C "$linux" add -A -f
	git -C "$linux" commit -q -m "$1" -m "Because."
}

# A repository with three patches in two postings, and what 'make series' makes of it.
project() {
	export PKVM_TOP=$work/case/top BUILD=$work/case/build KERNEL=$work/case/kernel
	linux=$BUILD/linux
	printf '[user]\n\tname = A Tester\n\temail = tester@example.org\n' >"$HOME/.gitconfig"
	mkdir -p "$PKVM_TOP/patches/$first_posting" "$PKVM_TOP/patches/2-rest"
	base_tree "$KERNEL"
	git init -q "$work/case/t"
	git --git-dir="$work/case/t/.git" --work-tree="$KERNEL" add -A -f
	printf '%s: %s\n' package linux-source-7.3 suite none version 1 sha256 0 tree \
		"$(git --git-dir="$work/case/t/.git" write-tree)" >"$PKVM_TOP/patches/base"
	"$tools/series.sh"
	sed -i '3s/$/ changed/' "$linux/$kvm/Makefile"
	echo new >"$linux/$kvm/new.c"
	commit "KVM: arm64: Add new"
	git -C "$linux" branch -f "$first_posting"
	sed -i '5s/$/ changed/' "$linux/$kvm/pkvm.c"
	seq -f 'ours %g' 9 >"$linux/$kvm/hyp/nvhe/sys_regs.c"
	commit "KVM: arm64: Replace sys_regs"
	sed -i '10a ours' "$linux/MAINTAINERS"
	commit "MAINTAINERS: Add ours"
	"$tools/refresh.sh"
	cp -a "$PKVM_TOP/patches" "$work/case/patches"
	rm -rf "$BUILD"
	"$tools/series.sh"
}

# refused PATTERN COMMAND...: it must fail, in words that match PATTERN.
refused() {
	local pattern=$1

	shift
	if "$@" >"$work/output" 2>&1; then
		echo "did not fail: $*"
		return 1
	fi
	# die() wraps its lines.
	tr -s '\n ' ' ' <"$work/output" | grep -E "$pattern" >/dev/null || {
		echo "no '$pattern' in the output of $*:"
		cat "$work/output"
		return 1
	}
}

tree_of() {
	git -C "$1" rev-parse 'HEAD^{tree}'
}

# The cases. Each runs in a subshell under -e, on a project of its own.

case_mails_apply_to_the_base() {
	cp -a "$KERNEL" "$work/plain"
	git -C "$work/plain" init -q
	git -C "$work/plain" add -A -f
	git -C "$work/plain" commit -q -m base
	git -C "$work/plain" am -q -3 "$PKVM_TOP"/patches/*/*.patch
	[ "$(tree_of "$work/plain")" = "$(tree_of "$linux")" ]
}

case_files_to_read() {
	[ "$(cat "$PKVM_TOP/$kvm/new.c")" = new ]
	cmp "$PKVM_TOP/$kvm/hyp/nvhe/sys_regs.c" "$linux/$kvm/hyp/nvhe/sys_regs.c"
	[ "$(cat "$PKVM_TOP/MAINTAINERS")" = ours ]
	[ ! -e "$PKVM_TOP/$kvm/pkvm.c" ]
	"$tools/refresh.sh" check
	echo edited >>"$PKVM_TOP/$kvm/new.c"
	touch "$PKVM_TOP/$kvm/stale.c"
	refused "deleting .*stale.c .*do not agree" "$tools/refresh.sh" check
	"$tools/refresh.sh"
	[ ! -e "$PKVM_TOP/$kvm/stale.c" ] && [ "$(cat "$PKVM_TOP/$kvm/new.c")" = new ]
}

case_series_is_reproducible() {
	local id

	rm "$linux/.git/pkvm-mails"
	"$tools/series.sh"
	id=$(git -C "$linux" rev-parse series)
	rm -rf "$BUILD"
	git config --global commit.gpgsign true
	git config --global diff.noprefix true
	GIT_COMMITTER_DATE='1 Jan 2001' "$tools/series.sh"
	[ "$(git -C "$linux" rev-parse series)" = "$id" ]
	"$tools/refresh.sh"
	diff -r "$PKVM_TOP/patches" "$work/case/patches"
}

case_postings_follow_a_rebase() {
	echo fixed >"$linux/$kvm/new.c"
	git -C "$linux" commit -q -a --fixup="$first_posting"
	refused "fixup commits" "$tools/refresh.sh"
	GIT_SEQUENCE_EDITOR=true git -C "$linux" rebase -q -i --autosquash refs/pkvm/base
	"$tools/refresh.sh"
	grep -q '^+fixed' "$PKVM_TOP/patches/$first_posting/0001-KVM-arm64-Add-new.patch"
	[ "$(find "$PKVM_TOP/patches" -name '*.patch' | wc -l)" = 3 ]
}

case_a_lost_branch_is_named() {
	git -C "$linux" -c rebase.updateRefs=false commit -q --amend --no-edit
	git -C "$linux" -c rebase.updateRefs=false rebase -q --force-rebase refs/pkvm/base
	refused "branch $first_posting .*rebased without.*branch -f $first_posting [0-9a-f]+" \
		"$tools/refresh.sh"
}

case_edits_are_not_lost() {
	echo edited >>"$linux/$kvm/pkvm.c"
	refused "belong to no patch" "$tools/refresh.sh"
	sed -i 's/Because/Since/' "$PKVM_TOP/patches/2-rest/0002-"*
	refused "would destroy" "$tools/series.sh"
	grep -q edited "$linux/$kvm/pkvm.c"
	FORCE=1 "$tools/series.sh"
	git -C "$linux" show "refs/pkvm/discarded:$kvm/pkvm.c" | grep -q edited
	git -C "$linux" log -1 --format=%b | grep -q Since
}

case_another_base_with_help() {
	cp -a "$KERNEL" "$work/other"
	# Nothing that git has: no 3-way merge. A line next to ours is new, in two mails.
	sed -i '7s/$/ theirs/' "$work/other/$kvm/pkvm.c"
	sed -i '12s/$/ theirs/' "$work/other/MAINTAINERS"
	KERNEL=$work/other "$tools/series.sh" >"$work/output"
	grep -E 'made against' "$work/output"
	grep -E '2-rest/0001-.* applies .*(-C1|-F2)|merged by 3 ways' "$work/output"
	grep -E '2-rest/0002-.* applies .*(-C1|-F2)|merged by 3 ways' "$work/output"
	grep -q 'pkvm 7 theirs' "$linux/$kvm/pkvm.c"
	grep -q 'pkvm 5 changed' "$linux/$kvm/pkvm.c"
	KERNEL=$work/other refused "stands on another base" "$tools/refresh.sh"
}

case_a_conflict_is_named() {
	cp -a "$KERNEL" "$work/other"
	sed -i '3,9s/^/theirs /' "$work/other/$kvm/pkvm.c"
	KERNEL=$work/other refused "2-rest/0001-.* does not apply .*pkvm.c conflicts .*KERNEL=" \
		"$tools/series.sh"
}

case_base_from_a_git_tree() {
	cp -a "$KERNEL" "$work/git"
	git -C "$work/git" init -q
	git -C "$work/git" add -A -f
	git -C "$work/git" commit -q -m base
	echo uncommitted >>"$work/git/$kvm/pkvm.c"
	KERNEL=$work/git "$tools/series.sh" >"$work/output"
	grep -q 'uncommitted changes' "$work/output"
	[ "$(git -C "$linux" rev-parse 'refs/pkvm/base^{tree}')" = "$(tree_of "$work/git")" ]
}

case_not_a_kernel() {
	mkdir "$work/empty"
	KERNEL=$work/empty refused "not a Linux kernel tree" "$tools/base.sh"
	touch "$KERNEL/.config"
	rm -rf "$BUILD"
	refused "has been built in" "$tools/base.sh"
}

case_no_root_no_sudo() {
	printf '%s\n' '#!/bin/sh' 'exit 1' >"$work/bin/dpkg-query"
	printf '%s\n' '#!/bin/sh' 'echo 1000' >"$work/bin/id"
	printf '%s\n' '#!/bin/sh' 'exit 1' >"$work/bin/sudo"
	chmod +x "$work/bin/"*
	PATH=$work/bin:$PATH refused "Have root run .*apt-get install" "$tools/deps.sh" build </dev/null
}

# Not in a condition, where bash's -e has no effect.
set +e
cases=("$@")
[ ${#cases[@]} -gt 0 ] || mapfile -t cases < <(compgen -A function case_ | sed 's/^case_//')
echo "TAP version 13"
echo "1..${#cases[@]}"
for name in "${cases[@]}"; do
	rm -rf "$work/case" "$work/plain" "$work/other" "$work/git" "$work/empty"
	(set -e; project; "case_$name") >"$work/log" 2>&1
	ret=$?
	tap "$name" "$work/log" [ "$ret" -eq 0 ]
done
exit "$failed"
