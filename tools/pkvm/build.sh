#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build what runs in QEMU: the host kernel, the kvm selftests, the runner.
#
# usage: build.sh config FLAVOUR SRC OUT   configure a kernel in OUT
#        build.sh kernel FLAVOUR           build the series' kernel and test modules
#        build.sh base_kernel              build the unpatched base (release)
#        build.sh deb CONFIG               build a Debian package of the series' kernel
#        build.sh selftests                build the kvm selftests, static
#        build.sh native                   build the tests that run on this machine
#        build.sh init                     build the runner
#
# FLAVOUR is release, debug, 16k, bare, guest or, with LLVM=1 (clang instead of gcc), lto.

. "$(dirname "$0")/lib.sh"

export ARCH=arm64

config() {
	local flavour=$1 src=$2 out=$3 fragment fragments stamp missing

	fragments=("$src/tools/testing/selftests/kvm/config"
		   "$tools/config/host.config" "$tools/config/$flavour.config")
	# A guest is no host.
	[ "$flavour" != guest ] || fragments=(/dev/null "$tools/config/guest.config")
	for fragment in "${fragments[@]}"; do
		[ -r "$fragment" ] || die "there is no config fragment $fragment."
	done
	stamp=$({ printf '%s\n' "${kmake[*]}" "$src"; cat "${fragments[@]}"; } | sha256sum)
	if [ -f "$out/.config" ] && [ "$(cat "$out/.fragments" 2>/dev/null)" = "$stamp" ]; then
		return 0
	fi

	mkdir -p "$out"
	"${kmake[@]}" -s -C "$src" O="$out" allnoconfig
	(cd "$out" && "$src/scripts/kconfig/merge_config.sh" -m -O "$out" \
		"$out/.config" "${fragments[@]}")
	"${kmake[@]}" -s -C "$src" O="$out" olddefconfig

	# An option that kconfig dropped without a word is a test that does
	# not test. CONFIG_KVM_INTEL and its like are of other architectures.
	# What a later fragment says holds.
	missing=$(awk -F '[= ]' 'NR == FNR { if (/^CONFIG_/) is[$1] = $0; next }
			/^CONFIG_.*=[^n]/ { want[$1] = $0 }
			/^# CONFIG_.* is not set/ { want[$2] = "" }
			END { for (i in want) if (is[i] != want[i]) print i }' \
		"$out/.config" "${fragments[@]:1}")
	[ -z "$missing" ] ||
		die "this kernel did not take these options of the fragments in" \
		    "tools/pkvm/config, so they would not be tested: $missing"
	printf '%s\n' "$stamp" >"$out/.fragments"
}

image() {
	local flavour=$1 src=$2 out=$3

	need_space 3000 "$build" "building a kernel"
	config "$flavour" "$src" "$out"
	"${kmake[@]}" -s -C "$src" O="$out" -j"$jobs" Image
}

kernel() {
	local out=$build/kernel/$1$suffix modules

	image "$1" "$linux" "$out"
	# The directory of the selftests' modules, as their Makefile names it.
	modules=$(sed -n "s/^TEST_GEN_MODS_DIR_arm64 *[:+]*= *//p" \
		"$linux"/tools/testing/selftests/kvm/Makefile* | head -n 1)
	if [ -n "$modules" ] && grep -q ^CONFIG_MODULES=y "$out/.config"; then
		# A kernel without modules of its own still has to say what it exports.
		"${kmake[@]}" -s -C "$linux" O="$out" -j"$jobs" modules
		mkdir -p "$out/test-modules"
		"${kmake[@]}" -s -C "$linux" O="$out" -j"$jobs" MO="$out/test-modules" \
			M="$linux/tools/testing/selftests/kvm/$modules" modules
	fi
}

base_kernel() {
	image release "$build/base" "$build/kernel/base$suffix"
}

# The kernel's own package. CONFIG is host, or the name of a configuration of Debian's:
# that one as it is, but for a key that only Debian has and debug information.
deb() {
	local config=$1 out=$build/deb/$1

	mkdir -p "$out"
	if [ "$config" = host ]; then
		config release "$linux" "$out"
	else
		need_space 20000 "$build" "building Debian's configuration"
		xz -dc "$build"/config/usr/src/linux-config-*/"config.arm64_none_$config.xz" >"$out/.config"
		"$linux/scripts/config" --file "$out/.config" -e DEBUG_INFO_NONE \
			-d DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT -d MODULE_SIG_ALL \
			--set-str MODULE_SIG_KEY "" --set-str SYSTEM_TRUSTED_KEYS ""
		"${kmake[@]}" -C "$linux" O="$out" olddefconfig
	fi
	DEB_BUILD_PROFILES=pkg.linux-upstream.nokernelheaders "${kmake[@]}" -C "$linux" O="$out" \
		-j"$jobs" LOCALVERSION="-pkvm-$config" DPKG_FLAGS=-d bindeb-pkg
}

selftests() {
	local out=$build/selftests

	make_selftests "$linux" "$out/headers" "$out/kvm"
	# What the series dropped or renamed must not be run any more.
	find "$out/kvm" -maxdepth 2 -type f -perm -1 | while read -r program; do
		[ -e "$linux/tools/testing/selftests/kvm/${program#"$out/kvm/"}.c" ] ||
			rm -f "$program"
	done
}

# Each NAME_test.c of tools/testing/pkvm is a program that its Makefile builds.
native() {
	local dir=$linux/tools/testing/pkvm program

	rm -rf "$build/native"
	mkdir -p "$build/native"
	for program in "$dir"/*_test.c; do
		[ -e "$program" ] || continue
		program=$build/native/$(basename "$program" .c)
		env -u ARCH make -s -C "$dir" OUTPUT="$build/native/" "$program"
	done
}

init() {
	mkdir -p "$build/host"
	if [ "$tools/init.c" -nt "$build/host/init" ]; then
		aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static \
			-o "$build/host/init" "$tools/init.c"
	fi
	if [ "$linux/usr/gen_init_cpio.c" -nt "$build/host/gen_init_cpio" ]; then
		gcc -O2 -o "$build/host/gen_init_cpio" "$linux/usr/gen_init_cpio.c"
	fi
}

"${1:?what to do is said above}" "${@:2}"
