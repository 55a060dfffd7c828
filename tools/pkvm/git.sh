# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with lib.sh and the scripts
#
# Common ground of base.sh, series.sh, refresh.sh and lint.sh: build/linux, an
# ordinary git tree. Sourced after lib.sh.
#
#   series            the branch that is checked out: one commit a patch
#   1-fixes ...       a branch for each posting but the last, at its last commit;
#                     rebase.updateRefs moves them along with what is rebased
#   refs/pkvm/base    the base, one commit without a parent
#   refs/pkvm/package the base that came from the Debian package, if any did
#   refs/pkvm/series  what `make series` made or `make refresh` took last
#   refs/pkvm/discarded  what FORCE=1 threw away last

# Mails and commits must not depend on who makes them, or on how their git is
# configured. What the user configured counts only for a tree of the user's own.
# shellcheck disable=SC2086 # a list of names
unset ${!GIT_@} EMAIL
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

maker=(GIT_COMMITTER_NAME=series "GIT_COMMITTER_EMAIL=<>" GIT_AUTHOR_NAME=series "GIT_AUTHOR_EMAIL=<>")

# g ARGUMENT...: git on build/linux.
g() {
	git -C "$linux" "$@"
}

user_git() {
	env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_NOSYSTEM git -c safe.directory='*' "$@"
}

# field KEY FILE: the value of "KEY: value".
field() {
	sed -n "s/^$1: //p" "$2"
}

# base_field KEY: the same of the base in build/linux, whose commit message says
# where it came from.
base_field() {
	g log -1 --format=%b refs/pkvm/base | sed -n "s/^$1: //p"
}

base_tree() {
	g rev-parse 'refs/pkvm/base^{tree}'
}

# The postings, in their order: the folders of patches/.
postings() {
	find "$patches" -mindepth 1 -maxdepth 1 -type d -name '[0-9]-*' -printf '%f\n' | sort
}

# mails_of POSTING: its mails, in their order.
mails_of() {
	find "$patches/$1" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.patch' | sort
}

# posting_range POSTING: its commits, as git takes a range.
posting_range() {
	local name before=refs/pkvm/base last

	last=$(postings | tail -n 1)
	while read -r name; do
		[ "$name" != "$1" ] || break
		before=refs/heads/$name
	done < <(postings)
	if [ "$1" = "$last" ]; then
		echo "$before..refs/heads/series"
	else
		echo "$before..refs/heads/$1"
	fi
}

# mails_id: changes when a mail does.
mails_id() {
	(cd "$patches" && find [0-9]-* -name '[0-9][0-9][0-9][0-9]-*.patch' | sort |
		xargs -r sha256sum | sha256sum | cut -d ' ' -f 1)
}

no_rebase() {
	if [ -d "$linux/.git/rebase-merge" ] || [ -d "$linux/.git/rebase-apply" ]; then
		die "a rebase or git am is under way in $linux. Finish it there with" \
		    "--continue, or leave it with --abort, and try again."
	fi
}

# Files that were written but never given to git add. Debian's .gitignore ignores
# all that is not tracked, so git status does not name them.
forgotten() {
	g ls-files --others -- arch include virt drivers Documentation tools |
		grep -E '(\.([chS]|rst|sh)|/(Makefile|Kconfig|config|\.gitignore))$' |
		grep -v -e '^Documentation/networking/netlink_spec/' -e '\.mod\.c$' || true
}

uncommitted() {
	g status --porcelain --untracked-files=no
}

# guard_edits WHAT: end with a message if WHAT would destroy edits.
guard_edits() {
	local discarded

	no_rebase
	if [ "$(g rev-parse HEAD)" = "$(g rev-parse refs/pkvm/series)" ] && [ -z "$(uncommitted)" ]; then
		return 0
	fi
	[ -n "${FORCE:-}" ] ||
		die "$linux holds edits that are not in patches/, and $1 would destroy" \
		    "them. Commit them there and run 'make refresh', which takes them into" \
		    "patches/; FORCE=1 throws them away."
	discarded=$(env "${maker[@]}" git -C "$linux" stash create)
	g update-ref refs/pkvm/discarded "${discarded:-HEAD}"
	say "edits in $linux are thrown away (FORCE=1); git -C $linux log refs/pkvm/discarded"
	g reset -q --hard
}
