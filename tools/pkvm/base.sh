#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Get the base that the series applies to, as the git repository build/linux.
#
# usage: base.sh    get the base that is asked for, if it is not there
#
# KERNEL=DIRECTORY takes the commit that is checked out in a git repository, or a
# plain unpacked tree. Without it the base is the package that patches/base names,
# or, if Debian has that no longer: the nearest version of the same package, then
# the newest kernel of the same major version, each of suites below.

. "$(dirname "$0")/lib.sh"
. "$tools/git.sh"

suites=(trixie-backports sid experimental)
pinned=$patches/base
pinned_package=$(field package "$pinned")
pinned_version=$(field version "$pinned")
dl=$build/dl
work=$build/unpack
AGAIN="make series"

base_name() {
	if [ -n "$(base_field package)" ]; then
		say "$(base_field package) $(base_field version)"
	else
		say "$(base_field kernel) $(base_field commit)"
	fi
}

report() {
	[ "$(base_tree)" = "$(field tree "$pinned")" ] ||
		say "base: this is $(base_name), the series was made against" \
		    "$pinned_package $pinned_version; trying it"
}

# offered SUITE...: "SUITE PACKAGE VERSION" of each linux-source-MAJOR.* that they have,
# the newest of a suite first.
offered() {
	local name major=${pinned_package%.*}

	for name in "$@"; do
		"$tools/apt-fetch.sh" list "$name" amd64 "^${major//./[.]}[.][0-9]+$" \
			2>>"$logs/base-list.log" | sed "s/^/$name /" | sort -rV || true
	done
}

# Leave in suite, package and version what is to be fetched: the pinned package; the same
# package in the version whose stable number comes first after ours, or else before it;
# the newest kernel.
choose() {
	local found

	: >"$logs/base-list.log"
	found=$(offered "$suite" | grep -xF "$suite $package $version") ||
	found=$(offered "${suites[@]}" | awk -v same="$package" -v want="${version%%-*}" '
		function number(v,  part) { split(v, part, /[.~-]/); return part[3] + 0 }
		function far(v,  d) { d = number(v) - number(want); return d < 0 ? 0.5 - d : d }
		{ this = $2 == same ? far($3) : 1e6 }
		!n++ || this < best { best = this; line = $0 }
		END { print line }')
	[ -n "$found" ] ||
		die "Debian has no package ${pinned_package%.*}.* in any of ${suites[*]}, or its mirror" \
		    "cannot be reached (${logs#"$top"/}/base-list.log says what apt saw). Give a" \
		    "tree of your own: make KERNEL=/path/to/linux."
	read -r suite package version <<<"$found"
}

# The functions below run as stages, whose status bash's -e does not see: hence
# the chains of &&.

download() {
	ALONE=1 "$tools/apt-fetch.sh" "$suite" amd64 "$dl/deb" "$package=$version" &&
	mv "$dl/deb/usr/src/$package.tar.xz" "$tarball" &&
	rm -rf "$dl/deb"
}

unpack() {
	rm -rf "$work" &&
	mkdir -p "$work" &&
	tar -xJf "$tarball" --strip-components=1 -C "$work"
}

# import DIRECTORY: put all of it into the object store of build/linux, as one pack
# (what bigFileThreshold does to git add) and not as 90000 loose files.
import() {
	rm -f "$build/import-index" &&
	GIT_INDEX_FILE=$build/import-index git --git-dir="$linux/.git" --work-tree="$1" \
		-C "$1" -c core.bigFileThreshold=1 -c core.compression=1 add -A -f . &&
	GIT_INDEX_FILE=$build/import-index g write-tree >"$build/import-tree"
}

# Shallow, and through a URL: so the source may itself be shallow, or a work tree of
# another repository.
fetch() {
	user_git -C "$linux" fetch -q --no-tags --depth=1 "file://$kernel" HEAD
}

# base_commit TREE KEY VALUE...: the same base has the same id everywhere.
base_commit() {
	env "${maker[@]}" GIT_COMMITTER_DATE='@1000000000 +0000' GIT_AUTHOR_NAME=base \
		GIT_AUTHOR_EMAIL='<>' GIT_AUTHOR_DATE='@1000000000 +0000' \
		git -C "$linux" commit-tree "$1" -m base -m "$(printf '%s: %s\n' "${@:2}")"
}

from_package() {
	local sum

	package=$pinned_package version=$pinned_version suite=$(field suite "$pinned")
	[ -f "$dl/${package}_$version.tar.xz" ] || choose
	tarball=$dl/${package}_$version.tar.xz
	if [ ! -f "$tarball" ]; then
		stage base-fetch "fetch $package $version (170 MB)" -- download ||
			die "$package $version could not be fetched, or arrived damaged: the log" \
			    "above says which. Check the network and try again; nothing of the" \
			    "broken download is kept."
	fi
	sum=$(sha256sum <"$tarball" | cut -d ' ' -f 1)
	if [ "$package $version" = "$pinned_package $pinned_version" ] &&
	   [ "$sum" != "$(field sha256 "$pinned")" ]; then
		rm -f "$tarball"
		die "the tarball of $package $version is corrupted: its sha256 is $sum, and" \
		    "patches/base says $(field sha256 "$pinned"). It has been removed; try" \
		    "again to fetch it anew."
	fi
	stage base-unpack "unpack $package $version" -- unpack || {
		rm -rf "$work" "$tarball"
		die "the tarball of $package $version could not be unpacked: it is damaged, or" \
		    "the disk is full (the log above says which). It has been removed; try" \
		    "again to fetch it anew."
	}
	stage base-import "make it a git tree" -- import "$work" ||
		die "git could not import $package $version: the log above says why."
	rm -rf "$work"
	id=$(base_commit "$(cat "$build/import-tree")" package "$package" suite "$suite" \
		version "$version" sha256 "$sum")
	g update-ref refs/pkvm/package "$id"
}

is_git() {
	[ "$(user_git -C "$1" rev-parse --show-toplevel 2>/dev/null)" = "$1" ]
}

from_git() {
	[ -z "$(user_git -C "$kernel" status --porcelain -uno)" ] ||
		say "base: $kernel has uncommitted changes; they are not taken, only its HEAD"
	stage base-fetch "fetch the HEAD of $kernel" -- fetch ||
		die "git could not fetch from $kernel: the log above says why."
	id=$(base_commit "$(g rev-parse 'FETCH_HEAD^{tree}')" kernel "$kernel" \
		commit "$(g rev-parse FETCH_HEAD)")
}

from_tree() {
	if [ -e "$kernel/.config" ] || [ -d "$kernel/include/config" ]; then
		die "$kernel has been built in. Run 'make mrproper' there, or give a git" \
		    "checkout, of which only what is committed is taken."
	fi
	stage base-import "import $kernel" -- import "$kernel" ||
		die "git could not import $kernel: the log above says why."
	id=$(base_commit "$(cat "$build/import-tree")" kernel "$kernel")
}

# wanted: is the base in build/linux the one that is asked for?
wanted() {
	g rev-parse -q --verify refs/pkvm/base >/dev/null || return 1
	[ "$(base_field kernel)" = "$kernel" ] || return 1
	[ -n "$kernel" ] || return 0
	# What an unpacked tree has become is not looked at again.
	! is_git "$kernel" ||
		[ "$(base_field commit)" = "$(user_git -C "$kernel" rev-parse HEAD)" ]
}

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
	[ -e "$linux/.git/pkvm-made" ] ||
		die "$linux exists and was not made by this script. Move it away."
	if wanted; then
		report
		exit 0
	fi
	[ -z "$(g rev-parse -q --verify refs/pkvm/series)" ] || guard_edits "taking another base"
fi

need_space 5000 "$build" "the base"
mkdir -p "$dl"
if [ ! -e "$linux" ]; then
	git init -q --template= -b series "$linux"
	g config core.autocrlf false
	g config gc.auto 0
	g config rebase.updateRefs true
	touch "$linux/.git/pkvm-made"
fi
if [ -z "$kernel" ]; then
	id=$(g rev-parse -q --verify refs/pkvm/package) || from_package
elif is_git "$kernel"; then
	from_git
else
	from_tree
fi
# Only files that differ are written: the next kernel build compiles only those.
stage base-checkout "check it out" -- git -C "$linux" checkout -q -f -B series "$id" ||
	die "git could not check out the base: the log above says why."
rm -f "$build/import-index" "$build/import-tree" "$linux/.git/pkvm-mails"
g update-ref refs/pkvm/series "$id"
g update-ref refs/pkvm/base "$id"
say "base: $(base_name) in $linux"
report
