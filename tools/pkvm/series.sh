#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the series: git am of the mails in patches/ onto the base, as the branch
# "series" of build/linux, one commit a mail and a branch at the end of each posting.
#
# Does nothing if the mails are those of last time. FORCE=1 throws away edits in
# build/linux that 'make refresh' has not taken. The ids of the commits depend on
# base and mails alone.
#
# On another base than the one that patches/base names a mail may need help: git's
# 3-way merge, then less context, then patch's fuzz; a line says so each time.

. "$(dirname "$0")/lib.sh"
. "$tools/git.sh"

# A tree with just the files that mails touch, which a 3-way merge wants to be there.
# Only what differs in the end is written to build/linux, and the next kernel build
# compiles only that.
am=$build/am
log=$logs/series.log

a() {
	env "${maker[@]}" git -C "$am" "$@"
}

make_am() {
	rm -rf "$am"
	g worktree prune
	g worktree add -q --no-checkout --force --detach "$am" refs/pkvm/base
	g config extensions.worktreeConfig true
	find "$patches" -name '*.patch' -exec sed -n 's|^diff --git .* b/|/|p' {} + |
		git -C "$am" sparse-checkout set --no-cone --stdin 2>/dev/null
	git -C "$am" read-tree HEAD
	git -C "$am" sparse-checkout reapply
	git -C "$am" checkout -q -f
}

# Put the mail's hunks into the stopped git am by other means, or say why not.
help_mail() {
	local name=${1#"$patches"/} diff=$build/am.diff how files

	a am --show-current-patch=diff >"$diff"
	a reset -q --hard
	a clean -fdq
	if a apply -C1 --index --whitespace=nowarn "$diff" 2>>"$log"; then
		how="with one line of context (-C1)"
	else
		mapfile -t files < <(git -C "$am" apply --numstat "$diff" | cut -f 3)
		git -C "$am" checkout-index -fq -- "${files[@]}" 2>/dev/null || true
		if patch -d "$am" -p1 -F2 --no-backup-if-mismatch --batch <"$diff" >"$build/am.fuzz" 2>&1; then
			how="with fuzz (patch -F2)"
			a add -f --sparse -- "${files[@]}"
		else
			cat "$build/am.fuzz" >>"$log"
			die "$name does not apply to this base: $(sed -n \
				's/^.*saving rejects to file \(.*\)\.rej$/\1/p
				 s/^can.t find file to patch.*/a file that is not there/p' \
				"$build/am.fuzz" | sort -u | paste -sd ' ') conflicts" \
			    "(${log#"$top"/} has the hunks). Give a tree that is nearer to" \
			    "$(field package "$patches/base") $(field version "$patches/base")" \
			    "with KERNEL=/path/to/linux, or carry the patch over there by hand."
		fi
	fi
	say "series: $name applies to this base only $how"
	# That stops again where a later mail needs help, too.
	a am --continue >>"$out" 2>&1 || true
}

apply_posting() {
	local mails number helped=0 out

	mapfile -t mails < <(mails_of "$1")
	[ ${#mails[@]} -gt 0 ] || return 0
	out=$build/am.out
	if ! a am -3 --committer-date-is-author-date --whitespace=nowarn "${mails[@]}" >"$out" 2>&1; then
		while [ -d "$(git -C "$am" rev-parse --git-path rebase-apply)" ]; do
			number=$(cat "$(git -C "$am" rev-parse --git-path rebase-apply)/next")
			[ "$number" -gt "$helped" ] ||
				die "git am could not go on: see ${log#"$top"/}."
			helped=$number
			help_mail "${mails[number - 1]}"
		done
	fi
	grep -h 'Falling back' "$out" >/dev/null &&
		say "series: in $1 git merged by 3 ways, since this base differs (${log#"$top"/})"
	cat "$out" >>"$log"
}

"$tools/base.sh"
locked linux

id=$(mails_id)
if [ "$(cat "$linux/.git/pkvm-mails" 2>/dev/null)" = "$id" ]; then
	[ -z "$(uncommitted)" ] && [ "$(g rev-parse HEAD)" = "$(g rev-parse refs/pkvm/series)" ] ||
		say "series: the mails are unchanged, and $linux holds edits; 'make refresh' takes them"
	exit 0
fi
guard_edits "making the series"
: >"$log"
say "series: git am, log in ${log#"$top"/}"
make_am
marks=()
for posting in $(postings); do
	apply_posting "$posting"
	marks+=("$(git -C "$am" rev-parse HEAD)")
done
tip=$(git -C "$am" rev-parse HEAD)
g worktree remove --force "$am"
g checkout -q -f -B series "$tip"
i=0
for posting in $(postings | sed '$d'); do
	g branch -q -f "$posting" "${marks[i++]}"
done
g update-ref refs/pkvm/series "$tip"
printf '%s\n' "$id" >"$linux/.git/pkvm-mails"
for posting in $(postings); do
	printf '%4d  %s\n' "$(g rev-list --count "$(posting_range "$posting")")" "$posting"
done
say "series: $(g rev-list --count refs/pkvm/base..series) patches in $linux"
