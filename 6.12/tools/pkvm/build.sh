#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build what runs in QEMU: the host kernel, the kvm selftests, the runner.
#
# usage: build.sh config FLAVOUR SRC OUT   configure a kernel in OUT
#        build.sh kernel FLAVOUR           build the series' kernel
#        build.sh base-kernel              build the unpatched base (release)
#        build.sh selftests [base]         build the kvm selftests, static
#        build.sh selftests PROGRAM        build one of them
#        build.sh init                     build the runner
#        build.sh contract                 build the printer of the contract
#        build.sh mutants                  build what makes errors on purpose
#        build.sh bench                    build the benchmark
#        build.sh sizes OUT                what EL2 takes in a kernel built in OUT
#        build.sh lines                    build EL2 of the hostile kernel with line numbers
#        build.sh bench-kernel             build the base it compares with (release)
#
# FLAVOUR is release, debug or hostile, LLVM=1 takes clang instead of gcc. ccache is
# used where it is installed.

. "$(dirname "$0")/lib.sh"

export ARCH=arm64
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$build} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
if [ -n "${LLVM:-}" ]; then
	kmake=(make LLVM=1)
else
	kmake=(make "CROSS_COMPILE=aarch64-linux-gnu-")
	! command -v ccache >/dev/null || kmake+=("CC=ccache aarch64-linux-gnu-gcc")
fi

configure() {
	local flavour=$1 src=$2 out=$3 fragment fragments stamp missing

	fragments=("$src/tools/testing/selftests/kvm/config"
		   "$tools/config/host.config" "$tools/config/$flavour.config")
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
	missing=$(cat "${fragments[@]:1}" | sed -n 's/^\(CONFIG_[A-Z0-9_]*=[^n].*\)/\1/p' |
		  grep -vxFf "$out/.config") || true
	[ -z "$missing" ] ||
		die "this kernel did not take these options of the fragments in" \
		    "tools/pkvm/config, so they would not be tested: $missing"
	printf '%s\n' "$stamp" >"$out/.fragments"
}

kernel() {
	local flavour=$1 src=$2 out=$3

	need_space 3000 "$build" "building a kernel"
	configure "$flavour" "$src" "$out"
	"${kmake[@]}" -s -C "$src" O="$out" -j"$jobs" Image
}

selftests() {
	local src=$1 out=$2 targets=("${@:3}")

	mkdir -p "$out/kvm/tools"
	"${kmake[@]}" -s -C "$src" O="$out/headers" headers
	"${kmake[@]}" -s -C "$src/tools/testing/selftests/kvm" -j"$jobs" \
		OUTPUT="$out/kvm" abs_objdir="$out/kvm" \
		KHDR_INCLUDES="-isystem $out/headers/usr/include" \
		LINUX_HDR_PATH="$out/headers/usr/include" USERLDFLAGS=-static \
		"${targets[@]/#/$out/kvm/}"
}

# The series' own headers, compiled for this machine.
with_headers() {
	local generated=$build/host/generated/asm

	mkdir -p "$generated"
	awk -f "$linux/arch/arm64/tools/gen-sysreg.awk" "$linux/arch/arm64/tools/sysreg" \
		>"$generated/sysreg-defs.h"
	gcc -O1 -Wall -Wextra -Werror -std=gnu11 -I"$build/host/generated" \
		-I"$linux/tools/arch/arm64/include" -I"$linux/tools/include" \
		-I"$linux/tools/include/uapi" -idirafter "$linux/arch/arm64/include" \
		-o "$build/host/$1" "$tools/$1.c"
}

# What EL2 takes in a kernel that was built in OUT, as lines of NAME BYTES.
sizes() {
	local out=$1 dir=arch/arm64/kvm/hyp/nvhe command

	aarch64-linux-gnu-size -A "$out/$dir/kvm_nvhe.o" | awk '
		$1 ~ /^\.hyp\.text|^\.hyp\.rodata|^\.hyp\.bss|^\.hyp\.data/ {
			sub(/^\.hyp\./, "", $1); print $1, $2
		}'
	# The command that compiled a file of EL2, for another one.
	command=$(sed -n 's/^savedcmd_[^ ]* := \(.*\) -o [^ ]* [^ ]*\.c .*/\1/p; t
		s/^savedcmd_[^ ]* := \(.*\) -o [^ ]* [^ ]*\.c$/\1/p' \
		"$out/$dir/.pkvm.nvhe.o.cmd" | head -n 1)
	(cd "$out" && eval "$command -fno-common -o $build/host/bench-sizes.o $tools/bench-sizes.c")
	aarch64-linux-gnu-nm -S "$build/host/bench-sizes.o" |
		sed -n 's/^[^ ]* \([^ ]*\) . size_of_/\1 /p' |
		while read -r size name; do
			echo "$name $((16#$size))"
		done
}

case ${1:-} in
config)
	configure "$2" "$3" "$4"
	;;
kernel)
	kernel "$2" "$linux" "$build/kernel/$2$suffix"
	;;
base-kernel)
	kernel release "$build/base" "$build/kernel/base$suffix"
	;;
lines)
	out=$build/kernel/lines
	configure hostile "$linux" "$out"
	# The code is the same, but a whole kernel takes far longer with this.
	"$linux/scripts/config" --file "$out/.config" -e DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT \
		-d DEBUG_INFO_NONE
	"${kmake[@]}" -s -C "$linux" O="$out" olddefconfig
	grep -qx CONFIG_DEBUG_INFO=y "$out/.config" || die "$out has no line numbers."
	"${kmake[@]}" -s -C "$linux" O="$out" -j"$jobs" prepare arch/arm64/kvm/hyp/nvhe/
	;;
bench-kernel)
	kernel release "$build/bench-base" "$build/kernel/bench-base$suffix"
	;;
selftests)
	if [ "${2:-}" = base ]; then
		selftests "$build/base" "$build/selftests-base"
	else
		selftests "$linux" "$build/selftests" "${@:2}"
	fi
	;;
init)
	mkdir -p "$build/host"
	if [ "$tools/init.c" -nt "$build/host/init" ]; then
		aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static \
			-o "$build/host/init" "$tools/init.c"
	fi
	if [ "$linux/usr/gen_init_cpio.c" -nt "$build/host/gen_init_cpio" ]; then
		gcc -O2 -o "$build/host/gen_init_cpio" "$linux/usr/gen_init_cpio.c"
	fi
	;;
bench)
	aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static \
		-o "$build/host/bench" "$tools/bench.c" "$tools/bench-guest.S"
	;;
sizes)
	sizes "$2"
	;;
contract)
	with_headers contract
	;;
mutants)
	with_headers mutants
	aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static \
		-o "$build/host/mutant-run" "$tools/mutant-run.c"
	;;
*)
	die "usage: build.sh config|kernel|base-kernel|bench-kernel|selftests|init|..."
	;;
esac
