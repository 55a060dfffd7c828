#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Take what was edited in build/linux back into the repository: the messages and
# hunks into patches/, whole files of the series to their place in the overlay.
#
# usage: refresh.sh
#
# Each commit on top of the base becomes one patch. An edit that is not committed
# is folded into the patch that its file belongs to, if that is exactly one. The
# files that a patch adds are overlay files; OVERLAY="PATH..." names further ones,
# existing kernel files that the series shall replace whole from now on.
# FORCE=1 lets build/linux win where the repository was edited, too.

. "$(dirname "$0")/lib.sh"
. "$tools/series-lib.sh"

[ $# -eq 0 ] || die "usage: refresh.sh"

# find_base: the commit that the patches start from. The history may be that of
# another repository: then it is the commit whose tree is the base's.
find_base() {
	local tree found

	if g merge-base --is-ancestor pkvm/base HEAD; then
		g rev-parse pkvm/base
		return
	fi
	tree=$(base_tree)
	found=$(g log --first-parent --format='%T %H' HEAD | sed -n "s/^$tree //p")
	if [ -n "$found" ]; then
		head -n 1 <<<"$found"
		return
	fi
	die "no commit below the HEAD of $linux has the tree of the base ($tree)," \
	    "so what is on top of the base cannot be told. 'git -C $linux checkout -B" \
	    "series pkvm/series' goes back to the series."
}

# read_history: fill the arrays chain (commits), owners (path -> indices into
# chain) and status (path -> the letters of git's --name-status).
read_history() {
	local first path fixups i=-1

	[ -z "$(g rev-list --merges "$base..HEAD")" ] ||
		die "there are merges in $linux, and a series is a line. Rebase it:" \
		    "git -C $linux rebase $base"
	# Not grep -q: it would leave git with a broken pipe.
	fixups=$(g log --format=%s "$base..HEAD" | grep -c '^\(fixup\|squash\|amend\)! ') ||
		[ "$fixups" = 0 ]
	[ "$fixups" = 0 ] ||
		die "there are fixup commits in $linux. Fold them:" \
		    "GIT_SEQUENCE_EDITOR=true git -C $linux rebase -i --autostash --autosquash $base"
	mapfile -t chain < <(g rev-list --reverse "$base..HEAD")
	g log --reverse --no-renames --name-status --format=tformat:commit "$base..HEAD" >"$tmp/history"
	owners=() status=()
	while IFS=$'\t' read -r first path; do
		case $first in
		commit)	i=$((i + 1)) ;;
		?*)	owners[$path]+=" $i" status[$path]+=$first ;;
		esac
	done <"$tmp/history"
}

name_of() {
	printf '%04d %s' $(($1 + 1)) "$(g log -1 --format=%s "${chain[$1]}")"
}

# check_edits: may every edit that is not committed be folded?
check_edits() {
	local path i list unclear=0

	for path in "${edits[@]}"; do
		read -ra list <<<"${owners[$path]:-}"
		[ ${#list[@]} -ne 1 ] || continue
		unclear=$((unclear + 1))
		{
			printf '%s is in %s patches:\n' "$path" "${#list[@]}"
			printf '    git -C %s add -f %s\n' "$linux" "$path"
			for i in "${list[@]}"; do
				printf '    git -C %s commit --fixup=%.12s   # %s\n' \
					"$linux" "${chain[i]}" "$(name_of "$i")"
			done
			[ ${#list[@]} -gt 0 ] ||
				printf '    git -C %s commit   # as a new patch\n' "$linux"
		} >&2
	done
	[ "$unclear" -eq 0 ] || {
		printf '    GIT_SEQUENCE_EDITOR=true git -C %s rebase -i --autostash --autosquash %.12s\n' \
			"$linux" "$base" >&2
		die "$unclear edited files in $linux belong to several patches or to none, so" \
		    "say which: commit each edit as a fixup of its patch, or as a new one," \
		    "and fold it with the last line above. Then make refresh again. Nothing" \
		    "has been changed."
	}
}

# fold_edits: rebuild the chain with the edits in the patches they belong to. From
# there on the file is as in the work tree, since no other patch touches it.
fold_edits() {
	local i path tip=$base since

	export GIT_INDEX_FILE=$tmp/index
	for ((i = 0; i < ${#chain[@]}; i++)); do
		g read-tree "${chain[i]}"
		for path in "${edits[@]}"; do
			since=${owners[$path]# }
			[ "$since" -gt "$i" ] ||
				awk -F'\t' -v path="$path" '$2 == path' "$tmp/edits"
			[ "$since" -ne "$i" ] || say "folded $path into $(name_of "$i")" >&2
		done | g update-index --index-info
		# The same commit, but for its tree and parent.
		tip=$(g cat-file commit "${chain[i]}" |
		      awk -v tree="$(g write-tree)" -v parent="$tip" '
			/^$/ { body = 1 }
			!body && $1 == "tree" { $2 = tree }
			!body && $1 == "parent" { $2 = parent }
			{ print }' |
		      g hash-object -t commit -w --stdin)
	done
	unset GIT_INDEX_FILE
	[ "$(g rev-parse "$tip^{tree}")" = "$edited_tree" ] ||
		die "folding the edits did not give the work tree. Commit them by hand."
	add_all
	g reset -q --soft "$tip"
}

# check_overlay_owners: an overlay file enters the series whole, so only one
# patch may touch it.
check_overlay_owners() {
	local path i shared=0

	for path in "${!owners[@]}"; do
		case ${owners[$path]# } in *\ *) ;; *) continue ;; esac
		case ${status[$path]}${was_overlay[$path]:+A} in *[AD]*) ;; *) continue ;; esac
		shared=$((shared + 1))
		{
			printf '%s is a file of the series, and more than one patch touches it:\n' "$path"
			for i in ${owners[$path]}; do
				printf '    %.12s  %s\n' "${chain[i]}" "$(name_of "$i")"
			done
		} >&2
	done
	[ "$shared" -eq 0 ] ||
		die "a file of the series must come whole in one patch. Move the changes of" \
		    "the files above into one: git -C $linux rebase -i ${base:0:12}"
}

# write_patch INDEX FILE: the stored form of a commit.
write_patch() {
	local commit=${chain[$1]} file=$2 notes=$3 letter path hunks=()

	g diff-tree -r --no-renames --name-status "$commit^" "$commit" >"$tmp/changes"
	{
		g log -1 --format=email --no-encode-email-headers "$commit" | sed 1d
		echo ---
		while IFS=$'\t' read -r letter path; do
			case $letter${was_overlay[$path]:+A} in
			D*)	printf 'Delete: %s\n' "$path" ;;
			*A)	printf 'Overlay: %s\n' "$path"
				overlay[$path]=1 ;;
			*)	hunks+=("$path") ;;
			esac
		done <"$tmp/changes"
		[ -z "$notes" ] || printf '\n%s\n' "$notes"
		[ ${#hunks[@]} -eq 0 ] || {
			echo
			g diff-tree -r -p --no-renames --full-index "$commit^" "$commit" -- "${hunks[@]}"
		}
	} >"$file"

	git mailinfo -b "$tmp/body" /dev/null <"$file" >"$tmp/info"
	[ "$({ field Subject "$tmp/info"; echo; cat "$tmp/body"; } | git stripspace)" = \
	  "$(g log -1 --format=%B "$commit" | git stripspace)" ] ||
		die "the message of $(name_of "$1") would not survive a mail: its first" \
		    "paragraph is more than one line, or a line starts with --- or diff." \
		    "Reword it in $linux."
}

write_patches() {
	local i file subject slug
	local -A old_slug=() old_notes=()

	while IFS= read -r file; do
		subject=$(git mailinfo -b /dev/null /dev/null <"$file" | sed -n 's/^Subject: //p')
		slug=${file##*/}
		old_slug[$subject]=${slug#*-}
		old_notes[$subject]=$(notes_of "$file")
	done < <(patch_list "$patches")

	mkdir "$tmp/patches"
	for ((i = 0; i < ${#chain[@]}; i++)); do
		subject=$(g log -1 --format=%s "${chain[i]}")
		slug=$(g log -1 --format=%f "${chain[i]}")
		slug=${old_slug[$subject]:-${slug:0:52}.patch}
		write_patch "$i" "$tmp/patches/$(printf %04d $((i + 1)))-$slug" \
			"${old_notes[$subject]:-}"
	done
}

# plan_overlay: which overlay files to copy and to remove. A file that was edited
# here wins over one that was not edited in the repository, and the other way.
plan_overlay() {
	local path here there before

	copy=() remove=()
	while IFS= read -r path; do
		here=none before=none there=none
		[ -z "${overlay[$path]:-}" ] || here=$(state HEAD "$path")
		[ -z "${stored[$path]:-}" ] || before=$(state pkvm/series "$path")
		if [ -f "$top/$path" ]; then
			there="100644 $(git hash-object --no-filters "$top/$path")"
			[ ! -x "$top/$path" ] || there="100755 ${there#* }"
		fi
		case $here in
		"$there"|"$before")
			continue ;;
		esac
		if [ "$there" != none ] && [ "$there" != "$before" ]; then
			conflicts+=("$path")
		fi
		if [ "$here" = none ]; then
			remove+=("$path")
		else
			copy+=("$path")
		fi
	done < <(printf '%s\n' "${!overlay[@]}" "${!was_overlay[@]}" | sort -u | grep .)
}

state() {
	g ls-tree --format='%(objectmode) %(objectname)' "$1" -- "$2"
}

install_all() {
	local file name path

	while IFS= read -r file; do
		name=${file##*/}
		[ -f "$tmp/patches/$name" ] || { rm "$file"; say "D  patches/$name"; }
	done < <(patch_list "$patches")
	mkdir -p "$patches"
	while IFS= read -r file; do
		name=${file##*/}
		if ! cmp -s "$file" "$patches/$name"; then
			cp "$file" "$patches/$name"
			say "M  patches/$name"
		fi
	done < <(patch_list "$tmp/patches")
	for path in "${remove[@]}"; do
		rm "$top/$path"
		say "D  $path"
	done
	for path in "${copy[@]}"; do
		mkdir -p "$top/$(dirname "$path")"
		cp "$tmp/overlay/$path" "$top/$path"
		say "M  $path"
	done
}

locked linux
[ -d "$linux" ] || die "there is no $linux: 'make series' makes it."
no_rebase
scratch

declare -A owners status overlay=() was_overlay=() stored=()
while IFS= read -r path; do
	stored[$path]=1 was_overlay[$path]=1
done < <(scan "$patches" | awk -F'\t' '$1 == "overlay" { print $3 }')
for path in ${OVERLAY:-}; do
	was_overlay[$path]=1
done

if ! edited && [ -z "${FORCE:-}${OVERLAY:-}" ]; then
	say "refresh: nothing was edited in $linux"
	exit 0
fi
base=$(find_base)
read_history

edited_tree=$(worktree_tree)
g diff-tree -r --no-renames HEAD "$edited_tree" |
	awk -F'\t' '{ split($1, f, " "); print f[2] " " f[4] "\t" $2 }' >"$tmp/edits"
mapfile -t edits < <(cut -f 2 "$tmp/edits")
if [ ${#edits[@]} -gt 0 ]; then
	check_edits
	fold_edits
	read_history
fi
check_overlay_owners
write_patches

# The repository must give back what is here, before anything in it is changed.
mkdir "$tmp/overlay"
GIT_INDEX_FILE=$tmp/index g read-tree HEAD
for path in "${!overlay[@]}"; do
	printf '%s\n' "$path"
done | GIT_INDEX_FILE=$tmp/index g checkout-index -q --prefix="$tmp/overlay/" --stdin
make_commits "$tmp/patches" "$tmp/overlay"
[ "$(g rev-parse "$tip^{tree}")" = "$(g rev-parse 'HEAD^{tree}')" ] ||
	die "the patches made from $linux do not give the same tree again. Nothing has" \
	    "been changed in the repository."

conflicts=()
if [ -n "$(patch_list "$patches")" ] &&
   [ "$(patches_id)" != "$(cat "$linux/.git/pkvm-patches" 2>/dev/null)" ] &&
   ! diff -rq "$tmp/patches" "$patches" -x 'base' -x '0000-*' >/dev/null; then
	conflicts+=("patches/")
fi
plan_overlay
[ ${#conflicts[@]} -eq 0 ] || [ -n "${FORCE:-}" ] ||
	die "these were edited in the repository and in $linux since the series was" \
	    "made last: ${conflicts[*]}. FORCE=1 makes $linux win; commit what is in the" \
	    "repository first, so that git can show what that takes away."

install_all
g update-ref refs/pkvm/series HEAD
patches_id >"$linux/.git/pkvm-patches"
rm -f "$build/series/.input"
if [ ! -f "$patches/base" ] || [ "$(field tree "$patches/base")" = "$(base_tree)" ]; then
	"$tools/base.sh" record
fi
"$tools/check-series.sh"
