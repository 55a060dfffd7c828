#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Get the base that the series applies to, as the git repository build/linux.
#
# usage: base.sh          get the base, if it is not there
#        base.sh record   write patches/base from the base that is there
#
# KERNEL=DIRECTORY takes the commit that is checked out in a git repository, or
# a plain unpacked tree; without it, or with an empty one, the base is the
# newest linux-source-6.12 that apt offers. Where KERNEL is not even set, a base
# that is there is left alone. STRICT=1 fails if the base has changed a file
# that the series replaces.

. "$(dirname "$0")/lib.sh"
. "$tools/series-lib.sh"

package="linux-source-6.12"
new=$build/linux.new
AGAIN="make base"

# replaced: the base's files that a file of the series replaces or deletes,
# "ID PATH".
replaced() {
	local paths

	mapfile -t paths < <(scan "$patches" |
		awk -F'\t' '$1 == "overlay" || $1 == "delete" { print $3 }' | sort -u)
	[ ${#paths[@]} -eq 0 ] ||
		g ls-tree -r --format='%(objectname) %(path)' pkvm/base -- "${paths[@]}"
}

record() {
	local recorded source

	[ -d "$linux" ] || die "there is no base yet: 'make base' gets it."
	source=$(base_field package)
	recorded=$patches/base
	scratch
	if [ -n "$source" ]; then
		printf '%s: %s\n' package "$source" version "$(base_field version)" \
			sha256 "$(base_field sha256)" tree "$(base_tree)"
	elif [ -f "$recorded" ] && [ "$(field tree "$recorded")" = "$(base_tree)" ]; then
		grep -v '^blob: ' "$recorded"
	else
		die "the base in $linux came from $(base_field kernel), but patches/base" \
		    "names a Debian package. Move $linux away and run 'make base' without" \
		    "KERNEL= first."
	fi >"$tmp/base"
	replaced | sed 's/^/blob: /' >>"$tmp/base"
	mkdir -p "$patches"
	cmp -s "$tmp/base" "$recorded" || cp "$tmp/base" "$recorded"
}

# report: say what differs from the base that the series was made against.
report() {
	local recorded=$patches/base tree now id path changed=0

	[ -f "$recorded" ] || return 0
	tree=$(base_tree)
	[ "$tree" != "$(field tree "$recorded")" ] || return 0
	say "base: this is $(base_name), the series was made against" \
	    "$(field package "$recorded") $(field version "$recorded"); trying it"
	while read -r id path; do
		now=$(g rev-parse -q --verify "pkvm/base:$path") || now=nothing
		[ "$now" != "$id" ] || continue
		changed=$((changed + 1))
		cat >&2 <<-EOF
			${c_red}base: $path has changed${c_off}, and a file of the series replaces or
			      deletes it: what changed must be carried over by hand.
			      was $id, is $now
		EOF
	done < <(field blob "$recorded")
	[ "$changed" -eq 0 ] || [ -z "${STRICT:-}" ] ||
		die "$changed replaced files differ in this base, and STRICT=1 is set. Carry" \
		    "over what changed, then run 'tools/pkvm/base.sh record'."
}

base_name() {
	if [ -n "$(base_field package)" ]; then
		say "$(base_field package) $(base_field version)"
	else
		say "$(base_field kernel) $(base_field commit)"
	fi
}

is_git() {
	[ "$(user_git -C "$1" rev-parse --show-toplevel 2>/dev/null)" = "$1" ]
}

# wanted: is the base in build/linux the one that is asked for?
wanted() {
	[ -n "${KERNEL+set}" ] || return 0
	[ "$(base_field kernel)" = "$kernel" ] || return 1
	[ -z "$kernel" ] || ! is_git "$kernel" ||
		[ "$(base_field commit)" = "$(user_git -C "$kernel" rev-parse HEAD)" ]
}

# The functions below run as stages, whose status bash's -e does not see: hence
# the chains of &&.

download() {
	rm -f "$dl"/*.deb "$dl"/*.part &&
	(cd "$dl" && apt-get -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 \
		download "$package=$version") &&
	dpkg-deb --fsys-tarfile "$dl"/*.deb |
		tar -xO "./usr/src/$package.tar.xz" >"$tarball.part" &&
	mv "$tarball.part" "$tarball"
}

unpack() {
	mkdir -p "$new" && tar -xJf "$tarball" --strip-components=1 -C "$new"
}

copy() {
	mkdir -p "$new" && cp -a "$kernel/." "$new/"
}

init() {
	git init -q --template= -b series "$1" &&
	git -C "$1" config core.autocrlf false &&
	git -C "$1" config gc.auto 0
}

# As one pack (what bigFileThreshold does to git add), not as 90000 loose files.
import() {
	init "$new" &&
	git -C "$new" -c core.bigFileThreshold=1 -c core.compression=1 add -A -f
}

# Shallow, and through a URL: so the source may itself be shallow, or a work
# tree of another repository.
fetch() {
	user_git -C "$1" fetch -q --no-tags --depth=1 "file://$kernel" HEAD
}

# base_commit DIRECTORY TREE KEY VALUE...: the commit of a base, which says where
# it came from. The same base has the same id everywhere.
base_commit() {
	local linux=$1

	commit_as base "<>" '@1000000000 +0000' "$2" -m base \
		-m "$(printf '%s: %s\n' "${@:3}")"
}

# failed TEXT...: take away what is half done, then explain.
failed() {
	rm -rf "$new"
	die "$@"
}

from_package() {
	local sum wanted_sum

	version=$(apt-cache madison "$package" | awk 'NR == 1 { print $3 }') || version=
	[ -n "$version" ] ||
		die "apt knows no package $package. Run 'apt-get update' as root and try" \
		    "again. If it still is unknown: Debian 12 has it in bookworm-security" \
		    "and bookworm-backports, Debian 13 in trixie; add one of them to the" \
		    "apt sources. Or give a tree of your own: make KERNEL=/path/to/linux."
	tarball=$dl/${package}_$version.tar.xz
	if [ ! -f "$tarball" ]; then
		stage base-fetch "fetch $package $version (150 MB)" -- download || {
			rm -f "$dl"/*.deb "$dl"/*.part
			failed "$package $version could not be fetched, or arrived damaged. Check" \
			       "the network, run 'apt-get update' as root if the log says 404," \
			       "and try again: nothing of the broken download is kept."
		}
		rm -f "$dl"/*.deb
	fi
	sum=$(sha256sum <"$tarball" | awk '{ print $1 }')
	if [ -f "$patches/base" ] && [ "$(field version "$patches/base")" = "$version" ]; then
		wanted_sum=$(field sha256 "$patches/base")
		if [ "$sum" != "$wanted_sum" ]; then
			rm -f "$tarball"
			failed "the tarball of $package $version is corrupted: its sha256 is $sum," \
			       "and patches/base says $wanted_sum. It has been removed; try again" \
			       "to fetch it anew."
		fi
	fi
	stage base-unpack "unpack it" -- unpack || {
		rm -f "$tarball"
		failed "the tarball of $package $version could not be unpacked: it is damaged," \
		       "or the disk is full (the log above says which). It has been removed;" \
		       "try again to fetch it anew."
	}
	stage base-import "make it a git repository" -- import ||
		failed "git could not import $package $version: the log above says why."
	id=$(base_commit "$new" "$(git -C "$new" write-tree)" \
		package "$package" version "$version" sha256 "$sum")
}

from_tree() {
	if [ -e "$kernel/.config" ] || [ -d "$kernel/include/config" ]; then
		die "$kernel has been built in. Run 'make mrproper' there, or give a git" \
		    "checkout, of which only what is committed is taken."
	fi
	stage base-copy "copy $kernel" -- copy ||
		failed "$kernel could not be copied: the log above says why."
	rm -rf "$new/.git"
	stage base-import "make it a git repository" -- import ||
		failed "git could not import $kernel: the log above says why."
	id=$(base_commit "$new" "$(git -C "$new" write-tree)" kernel "$kernel")
}

# from_git DIRECTORY: into a new repository, or the one that is there.
from_git() {
	[ -z "$(user_git -C "$kernel" status --porcelain -uno)" ] ||
		say "base: $kernel has uncommitted changes; they are not taken, only its HEAD"
	stage base-fetch "fetch the HEAD of $kernel" -- fetch "$1" ||
		failed "git could not fetch from $kernel: the log above says why."
	id=$(base_commit "$1" "$(git -C "$1" rev-parse 'FETCH_HEAD^{tree}')" \
		kernel "$kernel" commit "$(git -C "$1" rev-parse FETCH_HEAD)")
}

case ${1:-} in
'')	;;
record)	record; exit ;;
*)	die "usage: base.sh [record]" ;;
esac

locked linux
kernel=
if [ -n "${KERNEL:-}" ]; then
	kernel=$(realpath -m "$KERNEL")
	[ -d "$kernel/arch/arm64/kvm" ] ||
		die "KERNEL=$KERNEL is not a Linux kernel tree: it has no arch/arm64/kvm."
	[ "$kernel" != "$(realpath -m "$linux")" ] ||
		die "KERNEL=$KERNEL is where the base is made. Give another tree."
fi

if [ -e "$linux" ]; then
	g rev-parse -q --verify refs/pkvm/series >/dev/null 2>&1 ||
		die "$linux exists and was not made by this script. Move it away."
	if wanted; then
		report
		exit 0
	fi
	guard_edits "taking another base"
fi

need_space 4096 "$build" "the base"
dl=$build/dl
rm -rf "$new"
mkdir -p "$dl"

# Where the repository is there already, change the base in place if that can be
# done without unpacking: the next kernel build compiles only what differs.
if [ -e "$linux" ] && [ -z "$kernel" ] && id=$(g rev-parse -q --verify refs/pkvm/package); then
	new=
elif [ -e "$linux" ] && [ -n "$kernel" ] && is_git "$kernel"; then
	from_git "$linux"
	new=
elif [ -z "$kernel" ]; then
	from_package
elif is_git "$kernel"; then
	init "$new"
	from_git "$new"
	git -C "$new" read-tree "$id"
	git -C "$new" checkout-index -qafu
else
	from_tree
fi

if [ -n "$new" ]; then
	rm -rf "$linux"
	git -C "$new" update-ref refs/heads/series "$id"
	git -C "$new" update-ref refs/pkvm/series "$id"
	git -C "$new" update-ref refs/pkvm/base "$id"
	mv "$new" "$linux"
else
	move_to "$id"
	g update-ref refs/pkvm/base "$id"
fi
[ -n "$kernel" ] || g update-ref refs/pkvm/package "$id"
say "base: $(base_name) in $linux"
report
