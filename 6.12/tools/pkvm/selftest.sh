#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Test cases of base.sh, series.sh, refresh.sh and check-series.sh, on a base of
# five files, and of the errors of deps.sh and machine.sh. Prints KTAP.
#
# usage: selftest.sh [CASE...]

. "$(dirname "$0")/lib.sh"

# The scripts under test get an environment of their own: nothing of the
# caller's choices, git configuration or build directory.
# shellcheck disable=SC2086 # a list of names
unset KERNEL FORCE SIGNOFF STRICT OVERLAY PATCHES PKVM_LOCKED NO_COLOR ${!GIT_@}
work=$(mktemp -d "$build/.selftest.XXXXXX")
trap 'rm -rf "$work"' EXIT
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
mkdir -p "$HOME" "$work/bin"
git config --global user.name "A Tester"
git config --global user.email tester@example.org
real_path=$PATH

kvm=arch/arm64/kvm
sys_regs=$kvm/hyp/nvhe/sys_regs.c

# base_tree DIRECTORY: a kernel, as far as these tests need one.
base_tree() {
	mkdir -p "$1/$kvm/hyp/nvhe" "$1/Documentation"
	seq -f 'makefile %g' 20 >"$1/$kvm/Makefile"
	seq -f 'pkvm %g' 20 >"$1/$kvm/pkvm.c"
	seq -f 'sys_regs %g' 20 >"$1/$sys_regs"
	seq -f 'maintainer %g' 20 >"$1/MAINTAINERS"
	echo old >"$1/Documentation/old.rst"
	# As Debian's: the last line ignores all that is not tracked.
	printf '%s\n' '*.o' '/*' >"$1/.gitignore"
}

# commit SUBJECT [BODY]: all that is in the work tree, as a patch.
commit() {
	git -C "$linux" add -A -f
	git -C "$linux" commit -q -m "$1" ${2:+-m "$2"}
}

# project DIRECTORY: a repository with three patches and the series made.
project() {
	export PKVM_TOP=$1/top BUILD=$1/build
	linux=$BUILD/linux mails=$BUILD/series
	mkdir -p "$PKVM_TOP"
	git init -q "$PKVM_TOP"
	base_tree "$1/kernel"
	KERNEL=$1/kernel "$tools/base.sh"
	"$tools/series.sh"

	sed -i '3s/$/ changed/' "$linux/$kvm/Makefile"
	echo new >"$linux/$kvm/hyp/nvhe/new.c"
	commit "KVM: arm64: Add new" "Because it is new."
	sed -i '5s/$/ changed/' "$linux/$kvm/pkvm.c"
	seq -f 'ours %g' 9 >"$linux/$sys_regs"
	rm "$linux/Documentation/old.rst"
	commit "KVM: arm64: Replace sys_regs"
	sed -i '18s/$/ changed/' "$linux/$kvm/Makefile"
	sed -i '10a ours' "$linux/MAINTAINERS"
	commit "MAINTAINERS: Add ours" "With a body."

	mkdir "$PKVM_TOP/patches"
	printf '%s: %s\n' package fake version 1 sha256 0 \
		tree "$(git -C "$linux" rev-parse 'pkvm/base^{tree}')" >"$PKVM_TOP/patches/base"
	printf 'A cover letter\n\nWith a text.\n' >"$PKVM_TOP/patches/0000-cover-letter"
	echo ours >"$PKVM_TOP/MAINTAINERS"
	OVERLAY=$sys_regs "$tools/refresh.sh"
	"$tools/series.sh"
	git -C "$PKVM_TOP" add -A
	git -C "$PKVM_TOP" commit -q -m project
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

# not COMMAND...: unlike !, it ends the case under -e.
not() {
	! "$@"
}

same() {
	diff -r -x .input -x .git "$1" "$2"
}

# unchanged: the repository is as it was committed.
unchanged() {
	[ -z "$(git -C "$PKVM_TOP" status --porcelain)" ] ||
		{ git -C "$PKVM_TOP" diff; git -C "$PKVM_TOP" status; return 1; }
}

tree_of() {
	git -C "$1" rev-parse 'HEAD^{tree}'
}

# The cases. Each runs in a subshell under -e, on its own copy of the project.

case_mails_apply_to_the_base() {
	cp -a "$work/case/kernel" "$work/plain"
	git -C "$work/plain" init -q
	git -C "$work/plain" add -A -f
	git -C "$work/plain" commit -q -m base
	git -C "$work/plain" am -q --empty=drop "$mails"/0*.patch
	[ "$(tree_of "$work/plain")" = "$(tree_of "$linux")" ]
	grep -q '^Subject: \[PATCH 0/3\] A cover letter' "$mails/0000-cover-letter.patch"
	grep -q '^With a text' "$mails/0000-cover-letter.patch"
	grep -q '3 patches' <(rm "$mails/.input"; "$tools/series.sh")
}

case_mails_are_deterministic() {
	cp -a "$mails" "$work/first"
	rm -rf "$BUILD"
	KERNEL=$work/case/kernel "$tools/base.sh"
	"$tools/series.sh"
	same "$work/first" "$mails"
}

case_git_configuration_is_ignored() {
	local setting

	cp -a "$mails" "$work/first"
	rm -rf "$BUILD"
	for setting in diff.noprefix=true diff.mnemonicPrefix=true diff.context=1 \
		diff.external=false diff.renames=false diff.algorithm=patience diff.orderFile=x \
		format.signature=evil format.signOff=true format.attach=true format.numbered=false \
		format.subjectPrefix=EVIL format.thread=deep format.useAutoBase=true \
		format.coverLetter=false format.headers='X-Evil: 1' format.suffix=.evil \
		format.outputDirectory=evil format.from=true commit.gpgsign=true \
		gpg.program=false core.autocrlf=true core.abbrev=5 core.fileMode=false \
		core.excludesFile="$work/excludes" core.hooksPath="$work/hooks" apply.whitespace=error \
		i18n.commitEncoding=latin1 i18n.logOutputEncoding=latin1 log.showSignature=true \
		user.name=Somebody color.ui=always notes.displayRef='*' init.defaultBranch=evil; do
		git config --global "${setting%%=*}" "${setting#*=}"
	done
	echo '*.c' >"$work/excludes"
	export GIT_AUTHOR_NAME=Evil GIT_COMMITTER_DATE='1 Jan 2001' GIT_DIFF_OPTS=-u0 \
		GIT_EXTERNAL_DIFF=false COLUMNS=40 LC_ALL=C.UTF-8 TZ=Asia/Tokyo EMAIL=evil@example.org
	umask 077
	KERNEL=$work/case/kernel "$tools/base.sh"
	"$tools/series.sh"
	same "$work/first" "$mails"
	FORCE=1 "$tools/refresh.sh"
	rm "$HOME/.gitconfig"
	unset GIT_EXTERNAL_DIFF
	unchanged
}

case_file_in_two_patches() {
	sed -i "s|^---\$|&\\nOverlay: $sys_regs|" "$PKVM_TOP"/patches/0001-*
	refused "$sys_regs is in more than one patch: 0001.* 0002.*repair: sed .*0002-" \
		"$tools/check-series.sh"
	refused "not consistent: 1 finding" "$tools/series.sh"
	repair
}

# repair: run the first repair that was printed, and check that it is one.
repair() {
	(cd "$PKVM_TOP" && eval "$(sed -n 's/^ *repair: //p' "$work/output" | sed -n 1p)")
	"$tools/check-series.sh" form
}

case_file_in_no_patch() {
	echo stray >"$PKVM_TOP/$kvm/stray.c"
	refused "$kvm/stray.c is in no patch" "$tools/check-series.sh"
	refused "Overlay: $kvm/stray.c" "$tools/series.sh"
	sed -i 's/NNNN-\*/0002-*/; s/ *(the one.*//' "$work/output"
	repair
	"$tools/series.sh"
	git -C "$linux" show --stat pkvm/series~1 | grep stray.c
}

case_missing_overlay_file() {
	rm "$PKVM_TOP/$sys_regs"
	refused "0002-.* names $sys_regs, and there is no such file" "$tools/series.sh"
	repair
	unchanged
}

case_stale_blob() {
	sed -i "/^blob: .* ${sys_regs//\//\\/}\$/s/: ..../: 0000/" "$PKVM_TOP/patches/base"
	refused "base's $sys_regs, .* repair: tools/pkvm/base.sh record" "$tools/check-series.sh"
	"$tools/base.sh" record
	"$tools/check-series.sh"
	unchanged
	sed -i '/^blob: .*old.rst/d' "$PKVM_TOP/patches/base"
	refused "base's Documentation/old.rst, .* says nothing" "$tools/check-series.sh"
	echo "blob: 1234 $kvm/pkvm.c" >>"$PKVM_TOP/patches/base"
	refused "pkvm.c, which no patch replaces" "$tools/check-series.sh"
}

case_all_findings_at_once() {
	(cd "$PKVM_TOP/patches" && mv 0003-* 0004-moved.patch)
	sed -i 's/^With a body/Signed-off-by: A <a@example.org>\n&/' "$PKVM_TOP"/patches/0004-*
	echo theirs >>"$PKVM_TOP/MAINTAINERS"
	rm "$PKVM_TOP/$kvm/hyp/nvhe/new.c"
	refused "is patch 3 of the series.*no such file.*Signed-off-by.*MAINTAINERS is not.*: 4 findings" \
		"$tools/check-series.sh"
}

case_hunk_does_not_apply() {
	sed -i 's/^ pkvm 4$/ pkvm four/' "$PKVM_TOP"/patches/0002-*
	refused "patches/0002-.* does not apply to this base: .*$kvm/pkvm.c" "$tools/series.sh"
	# Nothing has moved, and the next run is fine.
	[ -z "$(git -C "$linux" status --porcelain)" ]
	git -C "$PKVM_TOP" checkout -q -- patches
	"$tools/series.sh"
	"$tools/refresh.sh"
	unchanged
}

case_round_trip() {
	"$tools/refresh.sh"
	unchanged
	FORCE=1 "$tools/refresh.sh"
	unchanged
	cp -a "$mails" "$work/first"
	"$tools/series.sh"
	same "$work/first" "$mails"
}

case_series_touches_only_what_differs() {
	echo changed >>"$PKVM_TOP/$sys_regs"
	touch "$work/now"
	"$tools/series.sh"
	[ "$(find "$linux" -path "$linux/.git" -prune -o -type f -newer "$work/now" -print)" = \
	  "$linux/$sys_regs" ]
}

case_edited_overlay_file() {
	echo edited >>"$linux/$sys_regs"
	"$tools/refresh.sh" >"$work/output"
	grep -q 'M  .*sys_regs.c' "$work/output"
	grep -q edited "$PKVM_TOP/$sys_regs"
	[ "$(git -C "$PKVM_TOP" status --porcelain | wc -l)" -eq 1 ]
	"$tools/series.sh"
	grep -q '^+edited' "$mails"/0002-*
	[ -z "$(git -C "$linux" status --porcelain)" ]
}

case_edited_hunk() {
	sed -i '15s/$/ edited/' "$linux/$kvm/pkvm.c"
	"$tools/refresh.sh"
	grep -q '^+pkvm 15 edited' "$PKVM_TOP"/patches/0002-*
	[ "$(git -C "$PKVM_TOP" status --porcelain | wc -l)" -eq 1 ]
	"$tools/series.sh"
	grep -q '^pkvm 15 edited' "$linux/$kvm/pkvm.c"
}

case_edit_of_a_file_in_two_patches() {
	local before

	before=$(git -C "$linux" rev-parse HEAD)
	sed -i '10s/$/ edited/' "$linux/$kvm/Makefile"
	echo edited >>"$linux/$sys_regs"
	refused "$kvm/Makefile is in 2 patches.*--fixup=.*0001 KVM.*--fixup.*0003 MAINT.*autosquash" \
		"$tools/refresh.sh"
	unchanged
	[ "$(git -C "$linux" rev-parse HEAD)" = "$before" ]
	# The commands that were printed do it.
	grep -oE 'git -C [^ ]+ add .*' "$work/output" | bash
	grep -oE 'git -C [^ ]+ commit --fixup.*0001' "$work/output" | bash
	git -C "$linux" commit -q --fixup=HEAD~2 "$sys_regs"
	refused "fixup commits" "$tools/refresh.sh"
	grep -oE 'GIT_SEQUENCE_EDITOR=.*' "$work/output" >/dev/null
	GIT_SEQUENCE_EDITOR=true git -C "$linux" rebase -q -i --autosquash pkvm/base
	"$tools/refresh.sh"
	grep -q '^+makefile 10 edited' "$PKVM_TOP"/patches/0001-*
}

case_edit_of_a_file_in_no_patch() {
	echo new >"$linux/$kvm/other.c"
	refused "$kvm/other.c is in 0 patches" "$tools/refresh.sh"
	unchanged
	commit "KVM: arm64: Add other"
	"$tools/refresh.sh"
	[ -f "$PKVM_TOP/$kvm/other.c" ]
}

case_what_a_build_leaves_is_no_edit() {
	echo '*.rst' >"$linux/Documentation/.gitignore"
	commit "Documentation: Ignore what is generated"
	"$tools/refresh.sh"
	touch "$linux/Documentation/generated.rst" "$linux/$kvm/x.o" "$linux/.checkpatch-x"
	"$tools/series.sh" >"$work/output"
	"$tools/series.sh" >>"$work/output"
	not grep edits "$work/output"
}

case_new_commit_in_the_middle() {
	git -C "$linux" checkout -q pkvm/series~2
	echo new >"$linux/$kvm/middle.c"
	GIT_AUTHOR_NAME="Other Person" GIT_AUTHOR_DATE='2020-02-02T02:02:02+0200' \
		commit "KVM: arm64: Add middle" "Text."
	git -C "$linux" cherry-pick pkvm/series~2..pkvm/series >/dev/null
	"$tools/refresh.sh"
	cd "$PKVM_TOP/patches"
	grep -q '^Subject: .*Add middle' 0002-KVM-arm64-Add-middle.patch
	grep -q '^From: Other Person <' 0002-*
	grep -q '^Date: Sun, 2 Feb 2020 02:02:02 +0200' 0002-*
	grep -qx "Overlay: $kvm/middle.c" 0002-*
	[ -f 0003-KVM-arm64-Replace-sys_regs.patch ] && [ -f 0004-MAINTAINERS-Add-ours.patch ]
	[ "$(find . -name '*.patch' | wc -l)" -eq 4 ]
	"$tools/series.sh"
}

case_removed_commit() {
	git -C "$linux" rebase -q --onto pkvm/series~2 pkvm/series~1
	"$tools/refresh.sh"
	[ ! -e "$PKVM_TOP/$sys_regs" ]
	[ -f "$PKVM_TOP/patches/0002-MAINTAINERS-Add-ours.patch" ]
	not grep '^blob' "$PKVM_TOP/patches/base"
}

case_overlay_file_touched_by_two_commits() {
	echo more >>"$linux/$kvm/hyp/nvhe/new.c"
	commit "KVM: arm64: More of new"
	refused "$kvm/hyp/nvhe/new.c is a file of the series.*0001 .*0004 .*one patch" "$tools/refresh.sh"
	unchanged
}

case_notes_survive() {
	local patch

	patch=$(echo "$PKVM_TOP"/patches/0002-*)
	sed -i "s|^Overlay: .*|&\\n\\nv2: say why\\n\\nv3: say it better|" "$patch"
	"$tools/series.sh"
	sed -n '/^---$/,$p' "$mails"/0002-* | grep 'v3: say it better'
	sed -i '15s/$/ edited/' "$linux/$kvm/pkvm.c"
	"$tools/refresh.sh"
	grep -A2 -x 'v2: say why' "$patch" | grep -x 'v3: say it better'
	git -C "$linux" commit -q --amend -m 'KVM: arm64: Another subject' --allow-empty
	"$tools/refresh.sh"
	[ -f "$PKVM_TOP/patches/0003-KVM-arm64-Another-subject.patch" ]
}

case_edits_are_not_destroyed() {
	echo edited >>"$linux/$sys_regs"
	echo edited >"$linux/untracked"
	echo changed >>"$PKVM_TOP/$kvm/hyp/nvhe/new.c"
	refused "would destroy them.*make refresh.*FORCE=1" "$tools/series.sh"
	grep -q edited "$linux/$sys_regs"
	FORCE=1 "$tools/series.sh"
	[ -z "$(git -C "$linux" status --porcelain)" ]
	not grep -q edited "$linux/$sys_regs"
	git -C "$linux" show pkvm/discarded:untracked
	git -C "$linux" show "pkvm/discarded:$sys_regs" | grep edited

	echo committed >"$linux/x"
	commit "something"
	echo again >>"$PKVM_TOP/$kvm/hyp/nvhe/new.c"
	refused "would destroy them" "$tools/series.sh"
}

case_both_sides_edited() {
	# Different files: both edits stay.
	echo edited >>"$linux/$sys_regs"
	echo changed >>"$PKVM_TOP/$kvm/hyp/nvhe/new.c"
	"$tools/refresh.sh"
	"$tools/series.sh"
	grep -q edited "$PKVM_TOP/$sys_regs"
	grep -q changed "$linux/$kvm/hyp/nvhe/new.c"
	# The same file: a person must say.
	echo here >>"$linux/$sys_regs"
	echo there >>"$PKVM_TOP/$sys_regs"
	refused "edited in the repository and in .*$sys_regs" "$tools/refresh.sh"
	grep -q there "$PKVM_TOP/$sys_regs"
	FORCE=1 "$tools/refresh.sh"
	grep -q here "$PKVM_TOP/$sys_regs"
}

case_patch_edited_in_both() {
	sed -i 's/^Because.*/Because of something./' "$PKVM_TOP"/patches/0001-*
	sed -i '15s/$/ edited/' "$linux/$kvm/pkvm.c"
	refused "since the series was made last: patches/" "$tools/refresh.sh"
}

case_history_of_another_repository() {
	git clone -q "$linux" "$work/other"
	git -C "$work/other" checkout -q --orphan other pkvm/base 2>/dev/null ||
		git -C "$work/other" checkout -q --orphan other HEAD~3
	git -C "$work/other" commit -q -m "their base"
	echo 'theirs' >>"$work/other/$kvm/pkvm.c"
	git -C "$work/other" commit -q -a -m "Theirs"
	git -C "$linux" fetch -q "$work/other" other
	git -C "$linux" reset -q --hard FETCH_HEAD
	rm "$PKVM_TOP/MAINTAINERS"
	"$tools/refresh.sh"
	[ "$(cd "$PKVM_TOP/patches" && echo ./*.patch)" = ./0001-Theirs.patch ]
	"$tools/series.sh"
	git -C "$linux" merge-base --is-ancestor pkvm/base HEAD
}

case_message_that_no_mail_carries() {
	git -C "$linux" commit -q --amend -m 'Subject' -m $'text\n---\nmore text'
	refused "would not survive a mail" "$tools/refresh.sh"
	unchanged
}

case_sign_off() {
	not grep -r '^Signed-off-by' "$mails"
	SIGNOFF=1 "$tools/series.sh"
	[ "$(grep -rl '^Signed-off-by: A Tester <tester@example.org>' "$mails" | wc -l)" -eq 3 ]
	unchanged
	rm "$HOME/.gitconfig"
	refused "user.name and user.email" env SIGNOFF=1 "$tools/series.sh"
}

case_interrupted_move() {
	echo changed >>"$PKVM_TOP/$sys_regs"
	touch "$linux/.git/pkvm-moving" "$linux/.git/index.lock"
	echo half >>"$linux/$sys_regs"
	"$tools/series.sh"
	cmp "$PKVM_TOP/$sys_regs" "$linux/$sys_regs"
	[ -z "$(git -C "$linux" status --porcelain)" ]
}

case_rebase_under_way() {
	not git -C "$linux" rebase -q -x false HEAD~1
	refused "rebase or git am is under way" "$tools/refresh.sh"
	echo changed >>"$PKVM_TOP/$sys_regs"
	refused "rebase or git am is under way" "$tools/series.sh"
}

# fake_apt VERSION: an archive that has one version of the package.
fake_apt() {
	local deb=$work/archive/pool.deb root=$work/archive/root

	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/usr/src"
	tar -C "$work/case/kernel" --transform 's|^\.|linux-source-6.12|' --sort=name --mtime=@0 \
		-cJf "$root/usr/src/linux-source-6.12.tar.xz" .
	printf '%s\n' 'Package: linux-source-6.12' "Version: $1" 'Architecture: all' \
		'Maintainer: x <x@example.org>' 'Description: x' >"$root/DEBIAN/control"
	dpkg-deb -b "$root" "$deb" >/dev/null
	echo "echo 'linux-source-6.12 | $1 | http://example.org'" >"$work/bin/apt-cache"
	# shellcheck disable=SC2016 # for the fake itself to expand
	printf '%s\n' '#!/bin/sh' "cp $deb ./linux-source-6.12_all.deb && echo got >>$work/downloads" \
		>"$work/bin/apt-get"
	chmod +x "$work"/bin/*
	export PATH=$work/bin:$real_path
	rm -rf "$BUILD"
}

downloads() {
	wc -l <"$work/downloads"
}

case_base_from_the_package() {
	fake_apt 2
	"$tools/base.sh" >"$work/output"
	not grep 'made against' "$work/output"
	"$tools/base.sh" record
	grep -qx 'version: 2' "$PKVM_TOP/patches/base"
	[ "$(git -C "$linux" rev-parse 'HEAD^{tree}')" = "$(field_tree)" ]
	"$tools/base.sh"
	[ "$(downloads)" -eq 1 ]
	cp "$PKVM_TOP/patches/base" "$work/recorded"
	rm -rf "$linux"
	"$tools/base.sh"
	"$tools/base.sh" record
	[ "$(downloads)" -eq 1 ]
	cmp "$PKVM_TOP/patches/base" "$work/recorded"
}

field_tree() {
	sed -n 's/^tree: //p' "$PKVM_TOP/patches/base"
}

case_truncated_package() {
	fake_apt 2
	truncate -s -100 "$work/archive/pool.deb"
	refused "could not be fetched, or arrived damaged" "$tools/base.sh"
	[ ! -e "$linux" ] && [ -z "$(ls "$BUILD/dl")" ]
	fake_apt 2
	"$tools/base.sh"
}

case_corrupted_tarball() {
	local tarball=$BUILD/dl/linux-source-6.12_2.tar.xz

	fake_apt 2
	"$tools/base.sh"
	"$tools/base.sh" record
	rm -rf "$linux"
	printf x | dd of="$tarball" bs=1 seek=100 conv=notrunc 2>/dev/null
	refused "tarball .* is corrupted: its sha256" "$tools/base.sh"
	[ ! -e "$tarball" ]
	"$tools/base.sh"
	[ "$(downloads)" -eq 2 ]
	# A version whose sum nobody has recorded.
	sed -i 's/^version: 2/version: 1/' "$PKVM_TOP/patches/base"
	rm -rf "$linux"
	truncate -s 200 "$tarball"
	refused "could not be unpacked" "$tools/base.sh"
	[ ! -e "$tarball" ] && [ ! -e "$linux.new" ]
	"$tools/base.sh"
}

case_no_package() {
	fake_apt 2
	: >"$work/bin/apt-cache"
	refused "apt knows no package linux-source-6.12.*apt-get update.*backports.*KERNEL=" "$tools/base.sh"
}

case_no_network() {
	fake_apt 2
	printf '%s\n' '#!/bin/sh' 'echo "E: no route" >&2; exit 100' >"$work/bin/apt-get"
	refused "E: no route.*Check the network" "$tools/base.sh"
	[ ! -e "$linux" ]
}

case_no_disk() {
	fake_apt 2
	printf '%s\n' '#!/bin/sh' 'printf "x\nx 9 9 100 9 /\n"' >"$work/bin/df"
	chmod +x "$work/bin/df"
	refused "needs 4096 MiB of disk .* there are 100 MiB" "$tools/base.sh"
}

case_interrupted_import() {
	fake_apt 2
	mkdir -p "$linux.new/.git" "$BUILD/dl"
	touch "$linux.new/.git/index.lock" "$BUILD/dl/x.deb" "$BUILD/dl/x.part"
	"$tools/base.sh"
	[ ! -e "$linux.new" ] && [ -z "$(git -C "$linux" status --porcelain)" ]
}

case_another_version() {
	sed -i 's/^sys_regs 7$/a fix/' "$work/case/kernel/$sys_regs"
	fake_apt 3
	"$tools/series.sh" >"$work/output" 2>&1
	grep -q 'base: this is linux-source-6.12 3, the series was made against fake 1' "$work/output"
	grep -q "base: $sys_regs has changed" "$work/output"
	refused "STRICT=1 is set" env STRICT=1 "$tools/base.sh"
	refused "in the base that patches/base names.*carry over by hand" "$tools/check-series.sh"
	# An edit here does not make patches/base claim that this was dealt with.
	echo edited >>"$linux/$kvm/hyp/nvhe/new.c"
	refused "carry over by hand" "$tools/refresh.sh"
	git -C "$PKVM_TOP" diff --exit-code patches/base
	"$tools/base.sh" record
	"$tools/check-series.sh"
}

case_base_from_a_git_tree() {
	cp -a "$work/case/kernel" "$work/user"
	git -C "$work/user" init -q
	git -C "$work/user" add -A -f
	git -C "$work/user" commit -q -m one
	git -C "$work/user" commit -q -m two --allow-empty
	git clone -q --depth=1 "file://$work/user" "$work/shallow"
	git -C "$work/shallow" worktree add -q "$work/tree"
	echo dirt >>"$work/tree/$kvm/Makefile"
	rm -rf "$BUILD"
	KERNEL=$work/tree "$tools/series.sh" >"$work/output"
	grep -q 'uncommitted changes; they are not taken' "$work/output"
	not grep dirt "$linux/$kvm/Makefile"
	git -C "$linux" log --format=%s | grep 'Replace sys_regs'
	# Its next commit is taken in place, and left alone without KERNEL.
	git -C "$work/tree" commit -q -a -m three
	touch "$work/now"
	KERNEL=$work/tree "$tools/series.sh"
	grep dirt "$linux/$kvm/Makefile"
	[ ! "$linux/.gitignore" -nt "$work/now" ]
	"$tools/base.sh"
	grep dirt "$linux/$kvm/Makefile"
	# An edit protects the tree from another base.
	echo edited >>"$linux/$sys_regs"
	git -C "$work/tree" commit -q --allow-empty -m four
	refused "taking another base would destroy" env KERNEL="$work/tree" "$tools/base.sh"
}

case_not_a_kernel_tree() {
	refused "not a Linux kernel tree" env KERNEL=/usr "$tools/base.sh"
	touch "$work/case/kernel/.config"
	rm -rf "$BUILD"
	refused "make mrproper" env KERNEL="$work/case/kernel" "$tools/base.sh"
}

case_base_changes_back() {
	fake_apt 2
	KERNEL='' "$tools/series.sh"
	mkdir "$work/other"
	base_tree "$work/other"
	echo other >>"$work/other/$kvm/pkvm.c"
	git -C "$work/other" init -q
	git -C "$work/other" add -A -f
	git -C "$work/other" commit -q -m other
	KERNEL=$work/other "$tools/series.sh"
	grep -q other "$linux/$kvm/pkvm.c"
	KERNEL='' "$tools/series.sh"
	not grep -q other "$linux/$kvm/pkvm.c"
	git -C "$linux" diff --exit-code pkvm/package pkvm/base
	[ "$(downloads)" -eq 1 ]
}

# fake NAME LINE...: a program of that name, first on the PATH.
fake() {
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
	export PATH=$work/bin:$real_path
}

case_user_without_sudo() {
	fake dpkg-query 'echo not-installed'
	fake id 'echo 1000'
	fake sudo 'exit 1'
	refused "Have root run the following.* apt-get install .* gcc-aarch64-linux-gnu" \
		"$tools/deps.sh" build </dev/null
	NODEPS=1 "$tools/deps.sh" build
	# Nothing is asked of a user who has it all.
	fake dpkg-query 'echo installed'
	"$tools/deps.sh" build
}

case_missing_package() {
	# shellcheck disable=SC2016 # for the fakes to expand
	fake dpkg-query '[ "$4" = shellcheck ] || echo installed'
	fake id 'echo 0'
	# shellcheck disable=SC2016
	fake apt-get 'echo "$@" >>'"$work/asked" 'echo "E: Unable to locate"; exit 100'
	refused "installing Debian packages: shellcheck .*E: Unable.*apt could not install" \
		"$tools/deps.sh" lint
	grep -qx 'install --no-install-recommends -y shellcheck' "$work/asked"
	fake apt-get 'exit 0'
	"$tools/deps.sh" lint
}

case_index_is_read_only_for_the_base() {
	fake dpkg-query 'echo installed'
	fake apt-cache 'exit 0'
	fake id 'echo 0'
	fake apt-get "echo asked >>$work/asked"
	"$tools/deps.sh" series
	[ ! -e "$work/asked" ]
	rm -rf "$linux"
	KERNEL=$work/case/kernel "$tools/deps.sh" series
	[ ! -e "$work/asked" ]
	"$tools/deps.sh" series
	[ "$(wc -l <"$work/asked")" -eq 1 ]
}

case_qemu_without_el2() {
	# shellcheck disable=SC2016
	fake qemu-system-aarch64 'case $* in' \
		'*version) echo "QEMU emulator version 10.0.0" ;;' \
		'*) echo "Property virt.virtualization not found" >&2; exit 1 ;;' 'esac'
	refused "cannot emulate a CPU with EL2.*says: Property virt.*Install" \
		"$tools/stages.sh" qemu
}

case_questions_without_a_terminal() {
	refused "needs a terminal" make -C "$tools/../.." menuconfig </dev/null
}

if ! (set -e; project "$work/project") >"$work/log" 2>&1; then
	cat "$work/log" >&2
	die "the repository for the tests could not be made."
fi
cp -a "$HOME/.gitconfig" "$work/gitconfig"

cases=("$@")
[ ${#cases[@]} -gt 0 ] || mapfile -t cases < <(compgen -A function case_ | sed 's/^case_//')
echo "KTAP version 1"
echo "1..${#cases[@]}"
number=0 failed=0
for name in "${cases[@]}"; do
	number=$((number + 1))
	find "$work" -mindepth 1 -maxdepth 1 ! -name project ! -name gitconfig ! -name home ! -name bin \
		-exec rm -rf {} +
	rm -f "$work"/bin/*
	cp -a "$work/gitconfig" "$HOME/.gitconfig"
	cp -a "$work/project" "$work/case"
	result=0
	set +e
	(
		set -e
		export PKVM_TOP=$work/case/top BUILD=$work/case/build
		linux=$BUILD/linux mails=$BUILD/series
		"case_$name"
	) >"$work/log" 2>&1
	result=$?
	set -e
	if [ "$result" -eq 0 ]; then
		echo "ok $number $name"
	else
		sed 's/^/# /' "$work/log"
		echo "not ok $number $name"
		failed=$((failed + 1))
	fi
done
echo "# Totals: pass:$((number - failed)) fail:$failed xfail:0 xpass:0 skip:0 error:0"
[ "$failed" -eq 0 ]
