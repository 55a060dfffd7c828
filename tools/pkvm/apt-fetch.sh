#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fetch packages of any Debian suite and architecture, without touching the
# system: apt runs with a state directory of its own below build/, on the
# mirror and with the keyring that the machine's own configuration names, and
# checks signatures and sums as always.
#
# usage: apt-fetch.sh SUITE ARCH DESTDIR PACKAGE...
#        apt-fetch.sh list SUITE ARCH REGEX
#
# "list" prints name and version of the packages whose names match REGEX.
#
# Unpacks the packages and all they depend on below DESTDIR. ALONE=1 leaves
# the dependencies out; ONLY=REGEX takes of all these packages just those
# whose names match all of it.

. "$(dirname "$0")/lib.sh"

[ $# -ge 4 ] || die "usage: apt-fetch.sh SUITE ARCH DESTDIR PACKAGE..."
list=
if [ "$1" = list ]; then
	suite=$2 arch=$3 list=$4 dest=
else
	suite=$1 arch=$2 dest=$3
	shift 3
fi

# The mirror that this machine takes its own Debian packages from.
mirror=$(apt-get indextargets --format '$(SITE) $(ORIGIN) $(LABEL)' \
		'Created-By: Packages' |
	 awk '$2 == "Debian" && $3 == "Debian" && !found++ { print $1 }')
[ -n "$mirror" ] ||
	die "apt knows no Debian mirror, or has not fetched its index yet." \
	    "Run 'apt-get update' (as root) and try again; if that does not" \
	    "help, /etc/apt/sources.list names no Debian archive."

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] ||
	die "$keyring is missing: install the package debian-archive-keyring."

state=$build/apt/$suite-$arch
mkdir -p "$state"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d}
[ -f "$state/status" ] || : >"$state/status"
# What a backport depends on is in the suite that it is for.
for name in "${suite%-backports}" "$suite"; do
	printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$name"
done | sort -u >"$state/etc/sources.list"

options=(
	-o Dir::State="$state" -o Dir::State::lists="$state/lists"
	-o Dir::State::status="$state/status"
	-o Dir::Cache="$state/cache" -o Dir::Etc="$state/etc"
	-o Dir::Etc::sourcelist="$state/etc/sources.list"
	-o Dir::Etc::sourceparts=/dev/null
	-o APT::Architecture="$arch" -o APT::Architectures="$arch"
	-o APT::Sandbox::User=root -o Debug::NoLocking=1
	-o Acquire::Retries=3 -o Acquire::Languages=none)
apt=(apt-get -t "$suite" "${options[@]}")

# An index of today is new enough.
if [ -z "$(find "$state/lists" -name '*_Packages*' -mmin -720 -print -quit)" ]; then
	"${apt[@]}" update >&2 ||
		die "apt could not read the index of Debian $suite ($arch) from" \
		    "the mirror of this machine. Check the network and 'apt-get" \
		    "update', then try again."
fi

if [ -n "$list" ]; then
	apt-cache "${options[@]}" dumpavail | awk -v want="$list" '
		/^Package: / { name = $2 }
		/^Version: / && name ~ want { print name, $2 }'
	exit
fi

if [ -n "${ONLY:-}" ]; then
	mapfile -t only < <("${apt[@]}" install --simulate --no-install-recommends "$@" |
		sed -nE "s/^Inst ($ONLY) .*/\1/p")
	[ ${#only[@]} -gt 0 ] ||
		die "of Debian $suite ($arch), $* brings no package named $ONLY." \
		    "If the mirror is in the middle of an update, remove" \
		    "$state/lists and try again."
	set -- "${only[@]}"
fi

if [ -n "${ALONE:-}${ONLY:-}" ]; then
	(cd "$state/cache/archives" && "${apt[@]}" download "$@")
else
	"${apt[@]}" install -y --download-only --no-install-recommends "$@"
fi || die "apt could not fetch $* of Debian $suite ($arch). The messages" \
	  "above say why; a mirror in the middle of an update is cured by" \
	  "removing $state/lists and trying again."

rm -rf "$dest.new"
mkdir -p "$dest.new/var/lib/dpkg"
for deb in "$state"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$dest.new"
	# What of this is a root file system has an apt that asks what is there.
	dpkg-deb -f "$deb" | sed '/^Package:/a Status: install ok installed'
	echo
done >"$dest.new/var/lib/dpkg/status"
rm -rf "$dest" "$state"/cache/archives/*.deb
mv "$dest.new" "$dest"
