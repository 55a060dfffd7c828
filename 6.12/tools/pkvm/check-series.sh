#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Do the overlay files, the patches and patches/base agree? Lists everything that
# does not, each with what repairs it.
#
# usage: check-series.sh         check all
#        check-series.sh form    only what the series cannot be made without
#        check-series.sh maintainers   print what the series adds to MAINTAINERS

. "$(dirname "$0")/lib.sh"
. "$tools/series-lib.sh"

findings=0
bad() {
	printf '%s%s%s\n' "$c_red" "$1" "$c_off" >&2
	printf '    repair: %s\n' "${@:2}" >&2
	findings=$((findings + 1))
}

# overlay_files: what is in the directories that a kernel tree has, too. All
# else is the project's own and not part of the series.
overlay_files() (
	cd "$top"
	if [ "$(user_git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
		user_git ls-files -z -co --exclude-standard | tr '\0' '\n'
	else
		find . -path "./${build#"$top/"}" -prune -o -type f -printf '%P\n'
	fi | awk '/\// && !/^(\.[^\/]*|build|patches|tools\/pkvm)\//' | sort -u
)

# of KIND...: "PATH PATCH..." of all entries of these kinds in the scan.
of() {
	awk -F'\t' -v kinds=" $* " 'index(kinds, " " $1 " ") { at[$3] = at[$3] " " $2 }
		END { for (path in at) print path at[path] }' "$tmp/scan" | sort
}

check_numbers() {
	local name n=0

	while IFS= read -r name; do
		n=$((n + 1))
		[ "${name%%-*}" = "$(printf %04d $n)" ] ||
			bad "patches/$name is patch $n of the series, and numbered otherwise" \
			    "git mv patches/$name patches/$(printf %04d $n)-${name#*-}"
	done < <(awk -F'\t' '$1 == "patch" { print $2 }' "$tmp/scan")
}

check_overlay() {
	local path names name

	while read -r path names; do
		[ "$names" = "${names% *}" ] ||
			bad "$path is in more than one patch: $names" \
			    "sed -i '\\|^Overlay: $path\$|d; \\|^Delete: $path\$|d' patches/${names##* }"
	done < <(of overlay delete)

	while read -r path names; do
		[ -f "$top/$path" ] && [ ! -L "$top/$path" ] ||
			bad "patches/${names%% *} names $path, and there is no such file" \
			    "git checkout -- $path" \
			    "sed -i '\\|^Overlay: $path\$|d' patches/${names%% *}   (to drop it)"
	done < <(of overlay)

	while read -r path names; do
		bad "$path is changed by a hunk, and is an overlay file or deleted: $names" \
		    "take the hunk out of the patch, or the Overlay: or Delete: line"
	done < <(join <(of overlay delete) <(of hunk))

	while read -r path names; do
		name=patches/${names%% *}
		bad "$name adds or removes $path by a hunk; whole files are overlay files" \
		    "mv $name ${linux#"$top/"}.mail && git -C $linux am ../linux.mail && make refresh"
	done < <(of adds removes)

	overlay_files >"$tmp/overlay-files"
	of overlay | cut -d ' ' -f 1 >"$tmp/listed"
	while IFS= read -r path; do
		[ ! -e "$top/$path" ] ||
			bad "$path is in no patch" \
			    "sed -i '0,/^---\$/s|^---\$|&\\nOverlay: $path|' patches/NNNN-*.patch   (the one it belongs to)" \
			    "rm $path"
	done < <(comm -23 "$tmp/overlay-files" "$tmp/listed")
}

check_messages() {
	local name names text

	while IFS=$'\t' read -r _ name text; do
		bad "patches/$name holds '$text'; whoever sends the series signs it off (SIGNOFF=1)" \
		    "sed -i '1,/^---\$/{/^Signed-off-by:/d}' patches/$name"
	done < <(grep '^sob' "$tmp/scan")

	names=$(awk -F'\t' '$1 == "patch" { empty[$2] = 1 } $1 ~ /overlay|delete|hunk/ { delete empty[$2] }
		END { for (name in empty) print name }' "$tmp/scan")
	for name in $names; do
		bad "patches/$name changes nothing" "git rm patches/$name"
	done
}

maintainers() {
	local files

	mapfile -t files < <(patch_list "$patches")
	[ ${#files[@]} -eq 0 ] || awk '
		FNR == 1 { ours = 0 }
		/^diff --git / { ours = $0 ~ / b\/MAINTAINERS$/; next }
		ours && /^\+/ && !/^\+\+\+ / { print substr($0, 2) }' "${files[@]}"
}

check_maintainers() {
	[ -f "$top/MAINTAINERS" ] || [ -n "$(maintainers)" ] || return 0
	if [ -z "$(maintainers)" ]; then
		bad "no patch adds our MAINTAINERS to the kernel's file" \
		    "add it to $linux/MAINTAINERS, git -C $linux commit -a, make refresh"
	elif [ "$(maintainers | grep .)" != "$(grep . "$top/MAINTAINERS")" ]; then
		bad "MAINTAINERS is not what the series adds to the kernel's file" \
		    "tools/pkvm/check-series.sh maintainers >MAINTAINERS" \
		    "edit $linux/MAINTAINERS, then make refresh   (the other way)"
	fi
}

# Which files of the base the series replaces, and in which state it knew them.
check_base() {
	local recorded=$patches/base path known now what

	if [ ! -f "$recorded" ]; then
		bad "there is no patches/base" "tools/pkvm/base.sh record"
		return
	fi
	while read -r known path; do
		[ -n "$(awk -F'\t' -v path="$path" '$3 == path && $1 ~ /overlay|delete/' "$tmp/scan")" ] ||
			bad "patches/base has a blob line for $path, which no patch replaces or deletes" \
			    "tools/pkvm/base.sh record"
	done < <(field blob "$recorded")

	[ -d "$linux" ] || return 0
	while IFS= read -r path; do
		now=$(g rev-parse -q --verify "pkvm/base:$path") || now=nothing
		known=$(field blob "$recorded" | awk -v path="$path" '$2 == path { print $1 }')
		[ "$now" != "${known:-nothing}" ] || continue
		what="the base's $path, which the series replaces or deletes, is $now, and"
		if [ "$(field tree "$recorded")" = "$(base_tree)" ]; then
			bad "$what patches/base says ${known:-nothing}" "tools/pkvm/base.sh record"
		else
			bad "$what was ${known:-nothing} in the base that patches/base names" \
			    "carry over by hand what changed, then tools/pkvm/base.sh record"
		fi
	done < <(of overlay delete | cut -d ' ' -f 1)
}

scratch
scan "$patches" >"$tmp/scan"
case ${1:-} in
maintainers) maintainers; exit ;;
''|form) ;;
*)	die "usage: check-series.sh [form|maintainers]" ;;
esac

check_numbers
check_overlay
check_messages
if [ "${1:-}" != form ]; then
	check_maintainers
	check_base
fi

if [ "$findings" -gt 0 ]; then
	die "the series is not consistent: $findings findings, listed above with what" \
	    "repairs them."
fi
[ "${1:-}" = form ] ||
	say "series: $(of patch | wc -w) patches, $(of overlay | wc -l) overlay files," \
	    "$(of hunk | wc -l) files with hunks: consistent"
