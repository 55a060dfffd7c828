#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Install the Debian packages that a job needs and this machine lacks.
#
# usage: deps.sh SET...
#
# Says which packages it installs. Works as root or through sudo; for anybody
# else it prints the apt-get line to hand to someone who may run it. NODEPS=1
# takes it that all is there.

. "$(dirname "$0")/lib.sh"

# One set per job. libc6-dev-arm64-cross is what links static arm64 programs.
declare -A sets=(
	[series]="git patch rsync xz-utils ca-certificates debian-archive-keyring python3"
	[build]="gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross libc6-dev make
		 flex bison bc perl libssl-dev libelf-dev kmod e2fsprogs"
	[lint]="sparse shellcheck coccinelle python3-ply python3-git python3-sphinx
	       python3-yaml libpython3-dev"
	[llvm]="clang-$clang_version lld-$clang_version llvm-$clang_version"
	[deb]="debhelper"
	[menuconfig]="libncurses-dev pkg-config"
)

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

[ -z "${NODEPS:-}" ] || exit 0
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
	die "this is not a Debian system: there is no apt-get. Install git, make," \
	    "gcc, an aarch64-linux-gnu cross gcc with a static libc, flex, bison," \
	    "bc, rsync, and the headers of OpenSSL and libelf by hand, put" \
	    "qemu-system-aarch64 11 or newer on the PATH, and run with NODEPS=1."

missing=()
for set in "$@"; do
	[ -n "${sets[$set]:-}" ] || die "deps.sh: there is no set named '$set'."
	for package in ${sets[$set]}; do
		installed "$package" || missing+=("$package")
	done
done

# The base comes through an apt state of our own (apt-fetch.sh), which takes the mirror
# from the machine's. A machine that never asked its mirrors knows none.
index=
[[ " $* " != *" series "* ]] || [ -n "${KERNEL:-}" ] || [ -e "$linux" ] ||
	[ -n "$(apt-get indextargets 'Created-By: Packages' 2>/dev/null)" ] || index=stale
[ ${#missing[@]} -gt 0 ] || [ -n "$index" ] || exit 0

line="${index:+apt-get update; }apt-get install --no-install-recommends -y ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
	as_root=()
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
	as_root=(sudo)
else
	die "this needs root, once. Have root run the following, then try again: $line"
fi

export DEBIAN_FRONTEND=noninteractive
install_missing() {
	local install=("${as_root[@]}" apt-get install --no-install-recommends -y "${missing[@]}")

	# The index may be missing or too old to name what the mirror has.
	[ -n "$index" ] || ! "${install[@]}" || return 0
	"${as_root[@]}" apt-get update && "${install[@]}"
}
say "installing Debian packages: ${missing[*]:-none, but the index of the mirrors}"
AGAIN="sudo $line" stage deps "install ${#missing[@]} packages" -- install_missing ||
	die "apt could not install what is missing. If the log speaks of the" \
	    "network or of a mirror, run 'apt-get update' and try again; if it" \
	    "speaks of a package that does not exist, this Debian is older than 12."
