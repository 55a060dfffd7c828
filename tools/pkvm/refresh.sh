#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Take the commits of build/linux into the repository: as mails into patches/, and
# the files that they add to the top of this tree, to read and to review.
#
# usage: refresh.sh          write what differs
#        refresh.sh check    only say what would be written; fails if anything is
#
# A posting is the commits up to the branch of its name (git.sh). FORCE=1 takes a
# series that stands on another base than patches/base names, and names that base.

. "$(dirname "$0")/lib.sh"
. "$tools/git.sh"

check=
case ${1:-} in
'')	;;
check)	check=1 ;;
*)	die "usage: refresh.sh [check]" ;;
esac

[ -e "$linux/.git/pkvm-made" ] || die "there is no series in $linux: 'make series' makes it."
locked linux
no_rebase

if [ -n "$(uncommitted)" ]; then
	g status --short --untracked-files=no
	die "$linux has edits that belong to no patch. Commit them, or fold them into the" \
	    "patch that they belong to: git -C $linux commit -a --fixup=COMMIT, then" \
	    "GIT_SEQUENCE_EDITOR=true git -C $linux rebase -i --autosquash refs/pkvm/base"
fi
new_files=$(forgotten)
[ -z "$new_files" ] ||
	say "refresh: these files of $linux are in no commit, 'git add -f' adds one:" "${new_files//$'\n'/ }"
[ -z "$(g log --format=%s refs/pkvm/base..series | sed -n '/^\(fixup\|squash\|amend\)! /p')" ] ||
	die "there are fixup commits in $linux. Fold them:" \
	    "GIT_SEQUENCE_EDITOR=true git -C $linux rebase -i --autosquash refs/pkvm/base"
[ -z "$(g rev-list --merges refs/pkvm/base..series)" ] ||
	die "there are merges in $linux, and a series is a line: rebase it."
g merge-base --is-ancestor refs/pkvm/base series ||
	die "the branch series in $linux does not stand on the base any more:" \
	    "git -C $linux rebase --onto refs/pkvm/base OLD-BASE series"
if [ "$(base_tree)" != "$(field tree "$patches/base")" ]; then
	[ -n "${FORCE:-}" ] ||
		die "the series in $linux stands on another base than patches/base names." \
		    "FORCE=1 takes it, and has patches/base name the new one."
	[ -n "$check" ] || "$tools/base.sh" record
fi

# Is the branch of each posting in the line, and in order?
before=refs/pkvm/base
while read -r posting; do
	g rev-parse -q --verify "refs/heads/$posting" >/dev/null ||
		die "$linux has no branch $posting, which ends that posting:" \
		    "git -C $linux branch $posting COMMIT"
	if ! g merge-base --is-ancestor "$before" "$posting" ||
	   ! g merge-base --is-ancestor "$posting" series; then
		subject=$(g log -1 --format=%s "$posting")
		now=$(g log --format='%h %s' "$before..series" | grep -F " $subject" | head -n 1) || now=
		die "the branch $posting of $linux, which ends that posting at '$subject', is" \
		    "not in the line of series: it was rebased without --update-refs. Put it" \
		    "where it belongs: git -C $linux branch -f $posting ${now%% *}"
	fi
	before=$posting
done < <(postings | sed '$d')

work=$(mktemp -d "$build/.refresh.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The mails. What depends on the moment or on git's version is left out.
mkdir "$work/patches"
for posting in $(postings); do
	g format-patch -q -o "$work/patches/$posting" -N --full-index --zero-commit \
		--no-signature --no-thread --diff-algorithm=myers --find-renames \
		"$(posting_range "$posting")"
	mkdir -p "$work/patches/$posting"
done

# The files to read: those that the series adds, and those of which more than half is
# new. Of MAINTAINERS only what is new.
mkdir "$work/files"
{
	g diff --no-renames --diff-filter=A --name-only refs/pkvm/base series
	g diff --no-renames --diff-filter=M --numstat refs/pkvm/base series |
	while IFS=$'\t' read -r new _ path; do
		[ "$new" != - ] || continue
		[ $((2 * new)) -le "$(g cat-file blob "series:$path" | wc -l)" ] || echo "$path"
	done
} | sort >"$work/list"
while read -r path; do
	case $path in
	arch/* | Documentation/* | include/* | virt/* | drivers/* | tools/testing/* | tools/arch/* | tools/include/*) ;;
	*) die "the series adds $path, and refresh.sh knows no place for that here." ;;
	esac
	mkdir -p "$work/files/${path%/*}"
	g show "series:$path" >"$work/files/$path"
	[ "$(g ls-tree --format='%(objectmode)' series "$path")" = 100644 ] || chmod +x "$work/files/$path"
done <"$work/list"
g diff -U0 --no-color refs/pkvm/base series -- MAINTAINERS | sed -n '/^+++/d; s/^+//p' >"$work/files/MAINTAINERS"
[ -s "$work/files/MAINTAINERS" ] || rm "$work/files/MAINTAINERS"

# take FROM TO: make the files of TO those of FROM; print what differs.
differ=
take() {
	local from=$1 to=$2 name

	while read -r name; do
		if [ ! -e "$from/$name" ]; then
			differ+="stale: ${to#"$top"/}/$name"$'\n'
			[ -n "$check" ] || rm "$to/$name"
		elif ! cmp -s "$from/$name" "$to/$name" || { [ -x "$from/$name" ] && [ ! -x "$to/$name" ]; }; then
			differ+="differs: ${to#"$top"/}/$name"$'\n'
			[ -n "$check" ] || { mkdir -p "$(dirname "$to/$name")" && cp "$from/$name" "$to/$name"; }
		fi
	done
}

for posting in $(postings); do
	take "$work/patches/$posting" "$patches/$posting" < <(
		cd "$work/patches/$posting" && find . -name '*.patch' -printf '%f\n'
		cd "$patches/$posting" && find . -name '*.patch' -printf '%f\n')
done < /dev/null
take "$work/files" "$top" < <({
	cd "$work/files" && find . -type f -printf '%P\n'
	cd "$top"
	[ ! -e MAINTAINERS ] || echo MAINTAINERS
	find arch Documentation include virt drivers tools/testing tools/arch tools/include -type f 2>/dev/null
} | sort -u)

if [ -n "$check" ]; then
	[ -n "$differ" ] || exit 0
	printf '%s' "$differ"
	die "the mails, the files to read and $linux do not agree. Files at the top are not" \
	    "edited alone: edit in $linux and run 'make refresh', or throw those edits away."
fi
(cd "$top" && find arch Documentation include virt drivers tools/testing tools/arch tools/include \
	-depth -type d -empty -delete 2>/dev/null) || true
printf '%s' "$differ"
mails_id >"$linux/.git/pkvm-mails"
g update-ref refs/pkvm/series series
say "refresh: $(find "$patches" -name '*.patch' | wc -l) mails, $(wc -l <"$work/list") files to read;" \
	"$(printf '%s' "$differ" | wc -l) changed"
