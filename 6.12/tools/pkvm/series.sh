#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the series from the stored patches and the overlay files: one commit per
# patch on the branch "series" of build/linux, and the mails in build/series.
#
# usage: series.sh
#
# SIGNOFF=1 adds the Signed-off-by of whoever runs it. FORCE=1 throws away edits
# in build/linux that 'make refresh' has not taken.
#
# The mails depend on the input alone (and the version of git): not on who makes
# them, when, where, or with which configuration of git.

. "$(dirname "$0")/lib.sh"
. "$tools/series-lib.sh"

[ $# -eq 0 ] || die "usage: series.sh"

mails=$build/series
cover=$patches/0000-cover-letter

# input_id: changes when anything does that the commits or mails depend on.
input_id() {
	local path

	{
		printf '%s\n' "$(git --version)" "$(g rev-parse pkvm/base)" "$identity" \
			"$(patches_id)"
		awk -F'\t' -v top="$top" '$1 == "overlay" { print top "/" $3 }' "$tmp/scan" >"$tmp/paths"
		git hash-object --no-filters --stdin-paths <"$tmp/paths"
		while IFS= read -r path; do
			[ ! -x "$path" ] || printf '%s\n' "${path#"$top"}"
		done <"$tmp/paths"
		if [ -f "$cover" ]; then cat "$cover"; fi
		cat "$tools/series.sh" "$tools/series-lib.sh"
	} | git hash-object --stdin
}

# attach_notes: the version notes go below the --- of the mails.
attach_notes() {
	local file notes i=0
	local -x GIT_AUTHOR_NAME=series GIT_AUTHOR_EMAIL='<>' GIT_COMMITTER_NAME=series \
		GIT_COMMITTER_EMAIL='<>'

	g update-ref -d refs/notes/pkvm
	while IFS= read -r file; do
		notes=$(notes_of "$file")
		[ -z "$notes" ] || g notes --ref=pkvm add -m "$notes" "${commits[i]}"
		i=$((i + 1))
	done < <(patch_list "$patches")
}

format_mails() {
	local args=(--no-cover-letter) date who mail

	rm -rf "$mails.new"
	mkdir "$mails.new"
	if [ ${#commits[@]} -eq 0 ]; then
		return 0
	fi
	if [ -f "$cover" ]; then
		args=(--cover-letter --cover-from-description=subject)
		GIT_CONFIG_VALUE_0=$(cat "$cover")
		export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=branch.series.description GIT_CONFIG_VALUE_0
	fi
	if g rev-parse -q --verify refs/notes/pkvm >/dev/null; then
		args+=(--notes=pkvm)
	fi
	if [ -n "${SIGNOFF:-}" ]; then
		args+=(--signoff)
		who=$identity
	else
		who=$(g log -1 --format='%an <%ae>' series)
	fi
	# The cover letter is from and of the committer.
	date=$(g log -1 --format=%aD series)
	mail=${who##*<}
	GIT_COMMITTER_NAME=${who% <*} GIT_COMMITTER_EMAIL=${mail%>} GIT_COMMITTER_DATE=$date \
		g format-patch -q -o "$mails.new" --numbered --zero-commit --no-signature \
			--full-index --find-renames "${args[@]}" pkvm/base..series
}

"$tools/base.sh"
locked linux
scratch

identity=
if [ -n "${SIGNOFF:-}" ]; then
	[ -n "$sign_off" ] ||
		die "SIGNOFF=1 needs to know who you are: set git's user.name and user.email."
	identity=${sign_off% * *}
fi

"$tools/check-series.sh" form
scan "$patches" >"$tmp/scan"
id=$(input_id)
if [ "$(cat "$mails/.input" 2>/dev/null)" = "$id" ] && [ ! -f "$linux/.git/pkvm-moving" ]; then
	if edited; then
		say "series: unchanged, and $linux holds edits; 'make refresh' takes them"
	fi
	exit 0
fi

guard_edits "making the series"
make_commits "$patches" "$top"
move_to "$tip"
patches_id >"$linux/.git/pkvm-patches"
attach_notes
format_mails
printf '%s\n' "$id" >"$mails.new/.input"
rm -rf "$mails"
mv "$mails.new" "$mails"

g log --reverse --format='%s' pkvm/base..series | awk '{ printf "%04d  %s\n", NR, $0 }'
say "series: ${#commits[@]} patches in $linux, their mails in $mails"
