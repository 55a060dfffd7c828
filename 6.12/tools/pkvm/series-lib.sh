# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with lib.sh and the scripts
#
# Common ground of the scripts that make the series: git without the user's
# configuration, the stored patches, the commits made from them. Sourced after
# lib.sh.
#
# build/linux is a git repository with these refs:
#
#   pkvm/base       the base, one commit without a parent
#   pkvm/package    the base that came from the Debian package, if any did
#   pkvm/series     what series.sh generated or refresh.sh saved last: nothing
#                   is lost when the work tree moves away from it
#   pkvm/discarded  what FORCE=1 threw away last
#   series          the branch that is checked out

# Mails and commits must not depend on who makes them. Remember what the user
# has configured for the two questions that are about the user: whose sign-off,
# and which directories git may read.
sign_off=$(git -c user.useConfigOnly=true var GIT_COMMITTER_IDENT 2>/dev/null) || sign_off=
user_git_env=()
for name in GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM; do
	[ -z "${!name+set}" ] || user_git_env+=("$name=${!name}")
done
# shellcheck disable=SC2086 # a list of names
unset ${!GIT_@} EMAIL
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# g ARGUMENT...: git on build/linux.
g() {
	git -C "$linux" "$@"
}

# user_git ARGUMENT...: git as the user has configured it.
user_git() {
	env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_NOSYSTEM -u GIT_INDEX_FILE \
		"${user_git_env[@]}" git "$@"
}

scratch() {
	[ -z "${tmp:-}" ] || return 0
	tmp=$(mktemp -d "$build/.tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
}

# field KEY FILE: the value of "KEY: value".
field() {
	sed -n "s/^$1: //p" "$2"
}

# base_field KEY: the same of the base in build/linux, whose commit message says
# where it came from.
base_field() {
	g log -1 --format=%b pkvm/base | sed -n "s/^$1: //p"
}

base_tree() {
	g rev-parse 'pkvm/base^{tree}'
}

# commit_as NAME EMAIL DATE TREE ARGUMENT...: a commit that depends on nothing
# but what is given.
commit_as() {
	GIT_AUTHOR_NAME=$1 GIT_AUTHOR_EMAIL=$2 GIT_AUTHOR_DATE=$3 \
	GIT_COMMITTER_NAME=$1 GIT_COMMITTER_EMAIL=$2 GIT_COMMITTER_DATE=$3 \
		g commit-tree "${@:4}"
}

# patch_list DIRECTORY: the stored patches in their order.
patch_list() {
	[ -d "$1" ] || return 0
	find "$1" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.patch' | sort
}

# scan DIRECTORY: what the stored patches say, "KIND PATCH PATH" separated by
# tabs. KIND is patch, overlay, delete, hunk, adds (a hunk makes a new file),
# removes, or sob.
scan() {
	local files

	mapfile -t files < <(patch_list "$1")
	[ ${#files[@]} -gt 0 ] || return 0
	awk -v OFS='\t' '
		FNR == 1 { part = "message"; n = split(FILENAME, dirs, "/")
			   patch = dirs[n]; print "patch", patch, "" }
		/^diff -/ { part = "diff" }
		part == "message" && /^---[ \t]*$/ { part = "notes" }
		part == "message" && /^Signed-off-by:/ { print "sob", patch, $0 }
		part == "notes" && sub(/^Overlay:[ \t]*/, "") { print "overlay", patch, $0 }
		part == "notes" && sub(/^Delete:[ \t]*/, "") { print "delete", patch, $0 }
		part != "diff" { next }
		/^diff --git / { path = $0; sub(/^.* b\//, "", path)
				 print "hunk", patch, path }
		/^(new file mode|copy to|rename to) / { print "adds", patch, path }
		/^deleted file mode / { print "removes", patch, path }
	' "${files[@]}"
}

# notes_of PATCH: the free text below its "---".
notes_of() {
	awk '/^diff -/ { exit }
	     notes && !/^(Overlay|Delete):/
	     /^---[ \t]*$/ { notes = 1 }' "$1" | git stripspace
}

# patches_id: changes when a stored patch does.
patches_id() {
	local list

	mapfile -t list < <(patch_list "$patches")
	{
		printf '%s\n' "${list[@]##*/}"
		[ ${#list[@]} -eq 0 ] || git hash-object --no-filters -- "${list[@]}"
	} | git hash-object --stdin
}

# make_commits PATCHES OVERLAY: one commit for each patch, on pkvm/base, without
# touching the work tree. Leaves them in the array commits, the last one (or the
# base) in tip.
#
# The patches are applied to an index of only the files that they touch: with the
# whole tree in it, each step would read and write 9 MB. git fast-import puts the
# changes of each step onto the whole tree.
make_commits() {
	local dir=$1 overlay=$2 file name what last

	scratch
	scan "$dir" >"$tmp/scan"
	mapfile -t touched < <(awk -F'\t' '$3 && $1 != "sob" { print $3 }' "$tmp/scan" | sort -u)
	tip=$(g rev-parse pkvm/base)
	commits=()
	g update-ref refs/pkvm/partial "$tip"
	export GIT_INDEX_FILE=$tmp/index
	g read-tree --empty
	[ ${#touched[@]} -eq 0 ] ||
		g ls-tree -r pkvm/base -- "${touched[@]}" | g update-index --index-info
	last=$(g write-tree)
	while IFS= read -r file; do
		name=${file##*/} what=patches/${file##*/}
		read_mail
		apply_hunks
		apply_files
		add_commit
	done < <(patch_list "$dir")
	unset GIT_INDEX_FILE
}

# The steps of make_commits share its variables.

read_mail() {
	local author email date subject

	git mailinfo -b "$tmp/body" "$tmp/diff" <"$file" >"$tmp/info" ||
		die "$what is not a mail that git can read."
	author=$(field Author "$tmp/info") email=$(field Email "$tmp/info")
	date=$(field Date "$tmp/info") subject=$(field Subject "$tmp/info")
	[ -n "$author" ] && [ -n "$email" ] && [ -n "$date" ] && [ -n "$subject" ] ||
		die "$what lacks one of the lines From:, Date:, Subject: at its top."
	{ printf '%s\n\n' "$subject"; cat "$tmp/body"; } | git stripspace >"$tmp/message"
	ident=$(GIT_AUTHOR_NAME=$author GIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE=$date \
		git var GIT_AUTHOR_IDENT) || die "git does not take the From: or Date: of $what."
}

apply_hunks() {
	grep -q '^diff --git ' "$tmp/diff" || return 0
	g apply --cached --whitespace=nowarn "$tmp/diff" 2>"$tmp/errors" ||
		die "$what does not apply to this base: $(paste -sd ' ' "$tmp/errors")." \
		    "Correct the hunk in that file by hand; 'git -C $linux show" \
		    "pkvm/partial:FILE' shows FILE as the patches before it leave it."
}

# apply_files: what the Overlay: and Delete: lines ask for.
apply_files() {
	local path id mode

	listed overlay >"$tmp/paths"
	while IFS= read -r path; do
		[ -f "$overlay/$path" ] && [ ! -L "$overlay/$path" ] ||
			die "$what names the overlay file $path, and there is no such file." \
			    "Run tools/pkvm/check-series.sh for what repairs it."
	done <"$tmp/paths"
	sed "s|^|$overlay/|" "$tmp/paths" | g hash-object -w --no-filters --stdin-paths >"$tmp/ids"
	paste "$tmp/ids" "$tmp/paths" | while read -r id path; do
		[ -x "$overlay/$path" ] && mode=100755 || mode=100644
		printf '%s %s\t%s\n' "$mode" "$id" "$path"
	done >"$tmp/entries"

	listed delete >"$tmp/paths"
	while IFS= read -r path; do
		[ -n "$(g ls-files "$path")" ] ||
			die "$what deletes $path, which this base does not have."
		printf '0 %040d\t%s\n' 0 "$path"
	done <"$tmp/paths" >>"$tmp/entries"
	g update-index --index-info <"$tmp/entries"
}

listed() {
	awk -F'\t' -v kind="$1" -v name="$name" '$1 == kind && $2 == name { print $3 }' "$tmp/scan"
}

add_commit() {
	local tree

	tree=$(g write-tree)
	[ "$tree" != "$last" ] || die "$what changes nothing in this base. Remove it."
	g diff-tree -r --no-renames "$last" "$tree" >"$tmp/changes"
	{
		printf '%s\n' "commit refs/pkvm/partial" "author $ident" "committer $ident" \
			"data $(wc -c <"$tmp/message")"
		cat "$tmp/message"
		printf 'from %s\n' "$tip"
		awk -F'\t' '{ split($1, f, " ")
			print (f[5] == "D" ? "D " : "M " f[2] " " f[4] " ") $2 }' "$tmp/changes"
	} | g -c core.fsync=none fast-import --quiet
	tip=$(g rev-parse pkvm/partial)
	commits+=("$tip")
	last=$tree
}

# add_all: put every edit into the index, new files included. What the kernel's
# .gitignore ignores stays out. Debian's copy of it ends in a line that ignores
# whatever is not tracked yet, and that would lose new files without a word.
add_all() {
	g add -A
	g ls-files -z --others --exclude-per-directory=.gitignore \
		--exclude='!/*' --exclude='/.*' | g update-index -z --add --stdin
}

# worktree_tree: the tree that the work tree of build/linux is, new files
# included, ignored ones not.
worktree_tree() {
	scratch
	# With its time: git takes it to tell which entries it must look at again.
	cp -p "$linux/.git/index" "$tmp/worktree-index"
	GIT_INDEX_FILE=$tmp/worktree-index add_all
	GIT_INDEX_FILE=$tmp/worktree-index g write-tree
}

no_rebase() {
	if [ -d "$linux/.git/rebase-merge" ] || [ -d "$linux/.git/rebase-apply" ]; then
		die "a rebase or git am is under way in $linux. Finish it there with" \
		    "--continue, or leave it with --abort, and try again."
	fi
}

# edited: does build/linux hold anything that the repository does not?
edited() {
	[ "$(g rev-parse HEAD)" != "$(g rev-parse pkvm/series)" ] ||
		[ "$(worktree_tree)" != "$(g rev-parse 'HEAD^{tree}')" ]
}

# guard_edits WHAT: end with a message if WHAT would destroy edits.
guard_edits() {
	no_rebase
	# A move that was interrupted began with nothing to lose.
	[ ! -f "$linux/.git/pkvm-moving" ] || return 0
	edited || return 0
	[ -n "${FORCE:-}" ] ||
		die "$linux holds edits that are not in patches/ and the overlay," \
		    "and $1 would destroy them. 'make refresh' takes them into the" \
		    "repository; FORCE=1 throws them away."
	g update-ref refs/pkvm/discarded "$(commit_as "make series" "<>" '@0 +0000' \
		"$(worktree_tree)" -p HEAD -m discarded)"
	say "edits in $linux are thrown away (FORCE=1); git -C $linux show pkvm/discarded"
	touch "$linux/.git/pkvm-moving"
}

# move_to COMMIT: bring the work tree there, after guard_edits. Only files that
# differ are written, so that a kernel build stays incremental.
move_to() {
	if [ -f "$linux/.git/pkvm-moving" ]; then
		rm -f "$linux/.git/index.lock"
		g reset -q --hard
		g clean -fdq
	fi
	touch "$linux/.git/pkvm-moving"
	g checkout -q -B series "$1"
	g update-ref refs/pkvm/series "$1"
	rm "$linux/.git/pkvm-moving"
}
