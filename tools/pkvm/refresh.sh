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

check=${1:-}
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
	[ -n "$(base_field package)" ] ||
		die "the base in $linux came from $(base_field kernel), but patches/base names" \
		    "a Debian package. Run 'make series' without KERNEL= first."
	# The message of the base's commit says the rest.
	[ -n "$check" ] || { g log -1 --format=%b refs/pkvm/base | grep .
			     echo "tree: $(base_tree)"; } >"$patches/base"
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
for posting in $(postings); do
	mkdir -p "$work/patches/$posting"
	g format-patch -q -o "$work/patches/$posting" -N --full-index --zero-commit \
		--no-signature --no-thread --diff-algorithm=myers --find-renames \
		"$(posting_range "$posting")"
done

# The files to read: those that the series adds, and those of which more than half is
# new. Of MAINTAINERS only what is new.
places=(arch Documentation include virt drivers tools/testing tools/arch tools/include)
{
	g diff --no-renames --diff-filter=A --name-only refs/pkvm/base series
	g diff --no-renames --diff-filter=M --numstat refs/pkvm/base series |
	while IFS=$'\t' read -r new _ path; do
		[ "$new" != - ] || continue
		[ $((2 * new)) -le "$(g cat-file blob "series:$path" | wc -l)" ] || echo "$path"
	done
} | sort >"$work/list"
while read -r path; do
	[[ $path =~ ^($(IFS='|'; echo "${places[*]}"))/ ]] ||
		die "the series adds $path, and refresh.sh knows no place for that here."
	mkdir -p "$work/${path%/*}"
	g show "series:$path" >"$work/$path"
	[ "$(g ls-tree --format='%(objectmode)' series "$path")" = 100644 ] || chmod +x "$work/$path"
done <"$work/list"
g diff -U0 --no-color refs/pkvm/base series -- MAINTAINERS | sed -n '/^+++/d; s/^+//p' >"$work/MAINTAINERS"
[ -s "$work/MAINTAINERS" ] || rm "$work/MAINTAINERS"

# What is there of mails and files to read becomes this; nothing else is looked at.
mkdir -p "$work/tools" "$top/tools"
mapfile -t filters < <(printf -- '--include=/%s/***\n' "${places[@]}")
filters+=(--include={/patches/,'/patches/[0-9]-*/','/patches/[0-9]-*/*.patch',/tools/,/MAINTAINERS}
	  --exclude='*')
differ=$(rsync -rciE ${check:+-n} --delete "${filters[@]}" "$work/" "$top/")
[ -z "$differ" ] || printf '%s\n' "$differ"

if [ -n "$check" ]; then
	[ -n "$differ" ] || exit 0
	die "the mails, the files to read and $linux do not agree. Files at the top are not" \
	    "edited alone: edit in $linux and run 'make refresh', or throw those edits away."
fi
mails_id >"$linux/.git/pkvm-mails"
g update-ref refs/pkvm/series series
say "refresh: $(find "$patches" -name '*.patch' | wc -l) mails, $(wc -l <"$work/list") files to read;" \
	"$(grep -c '[^/]$' <<<"$differ") changed"
