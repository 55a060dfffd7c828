# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # for the scripts that source this
#
# Common ground of the harness's scripts: where things are, how a stage is
# announced and logged, how a failure is explained. Sourced, never executed.

set -euo pipefail
export LC_ALL=C TZ=UTC
# A user who is not root has depmod, modprobe and mke2fs there.
export PATH=$PATH:/usr/sbin:/sbin

# The test cases of these scripts point them at a repository made for the test.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${PKVM_TOP:-$(cd "$tools/../.." && pwd)}
patches=$top/patches
build=${BUILD:-$top/build}
logs=$build/logs
linux=$build/linux
jobs=${JOBS:-$(nproc)}
# LLVM=1 builds beside what gcc built.
suffix=${LLVM:+-llvm}
# The version of clang that Debian 12 and 13 both have.
export clang_version=19

# How kernel and selftests are made. ccache is used where it is installed.
if [ -n "${LLVM:-}" ]; then
	kmake=(make "LLVM=-$clang_version")
else
	kmake=(make "CROSS_COMPILE=aarch64-linux-gnu-")
	! command -v ccache >/dev/null || kmake+=("CC=ccache aarch64-linux-gnu-gcc")
fi
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$build} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

mkdir -p "$logs"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	c_bold=$'\e[1m' c_red=$'\e[31m' c_off=$'\e[0m'
else
	c_bold='' c_red='' c_off=''
fi
# Counted by tap().
nr=0 failed=0

# say TEXT...: progress, for a person.
say() {
	printf '%s\n' "$*"
}

# die TEXT...: one paragraph that says what went wrong and what to do.
die() {
	printf '\n%serror:%s %s\n' "$c_red" "$c_off" "$*" | fold -s -w 79 >&2
	exit 1
}

# stage NAME TEXT -- COMMAND...: run a long step with its output in a log,
# print one line with the elapsed time, and explain a failure.
#
# AGAIN, if set, is the command that runs just this step again.
stage() {
	local name=$1 text=$2 log=$logs/$1.log start=$SECONDS pid ret=0

	shift 3
	[ -f "$log" ] && mv -f "$log" "$log.old"
	printf '%s==%s %-12s %-46s ' "$c_bold" "$c_off" "$name" "$text"
	if [ -t 1 ]; then
		("$@") >"$log" 2>&1 </dev/null &
		pid=$!
		trap 'kill $pid 2>/dev/null || true; exit 130' INT TERM
		while kill -0 "$pid" 2>/dev/null; do
			printf '%5ds\b\b\b\b\b\b' $((SECONDS - start))
			sleep 1
		done
		trap - INT TERM
		wait "$pid" || ret=$?
	else
		("$@") >"$log" 2>&1 </dev/null || ret=$?
	fi
	if [ "$ret" -eq 0 ]; then
		printf '%5ds\n' $((SECONDS - start))
		return 0
	fi
	printf '%sFAILED%s after %ds\n' "$c_red" "$c_off" $((SECONDS - start))
	{
		tail -n 12 "$log" | sed 's/^/    | /'
		printf '    log:   %s\n    again: %s\n' "${log#"$top"/}" "${AGAIN:-make $name}"
	} >&2
	return "$ret"
}

# need_space MIB DIRECTORY WHAT: refuse to start what cannot end.
need_space() {
	local have

	have=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$1" ] ||
		die "$3 needs $1 MiB of disk below $2 and there are $have MiB." \
		    "Free some space, or set BUILD= to a directory that has it."
}

# locked NAME: hold a lock until the script ends, so that two runs in one
# tree wait for each other instead of mixing their output. A script that this
# one starts runs under the lock that is held already.
locked() {
	local fd

	case " ${PKVM_LOCKED:-} " in *" $build/$1 "*) return ;; esac
	exec {fd}>"$build/.$1.lock"
	if ! flock -n "$fd"; then
		say "waiting for another run to finish with $build ($1)"
		flock "$fd"
	fi
	export PKVM_LOCKED="${PKVM_LOCKED:-} $build/$1"
}

# tap WHAT LOG COMMAND...: a case of a test that speaks TAP, with LOG if COMMAND fails.
tap() {
	nr=$((nr + 1))
	if "${@:3}"; then
		echo "ok $nr $1"
	else
		sed 's/^/# /' "$2"
		echo "not ok $nr $1"
		failed=1
	fi
}

# own_tests PATTERN: the names of the series' selftests that match. pkvm_hypercalls is
# the first, since one of its cases needs a CPU that has run no guest.
own_tests() {
	find "$build/selftests/kvm/arm64" -maxdepth 1 -name 'pkvm_*' -name "$1" -type f -perm -1 \
		-printf '%P\n' | awk '{ print $1 != "pkvm_hypercalls", $1 }' | sort | cut -d ' ' -f 2
}

# make_selftests TREE HEADERS OUT ARG...: build the kvm selftests of TREE into OUT, with
# the kernel's headers in HEADERS. The modules are built with the kernels that they are
# for.
make_selftests() {
	local headers=$2/usr/include

	"${kmake[@]}" -s -C "$1" O="$2" headers &&
	mkdir -p "$3/tools" &&
	"${kmake[@]}" -s -C "$1/tools/testing/selftests/kvm" -j"$jobs" TEST_GEN_MODS_DIR= \
		OUTPUT="$3" abs_objdir="$3" KHDR_INCLUDES="-isystem $headers" \
		LINUX_HDR_PATH="$headers" USERLDFLAGS=-static "${@:4}"
}

# upstream_plan PATTERN CONFIGURATION: lines of a plan, for the base's own selftests
# that match and that the list of expectations lets run there.
upstream_plan() {
	find "$build/selftests/kvm" -maxdepth 2 -name "$1" ! -name 'pkvm_*' -type f -perm -1 \
		-printf '300 %f %P\n' | sort -k 3 |
	awk -v where="$2" '
		NR == FNR { if ($2 == "*" || $2 == where) outcome[$1, $3]; next }
		!(($2, "norun") in outcome)' "$tools/expectations" -
}

# unpack_modules PACKAGE DIR NAME...: put modules of the kernel that is unpacked at
# PACKAGE, and what they need, into DIR/ko, and a list into DIR/modules, in the order in
# which they can be inserted.
unpack_modules() {
	local dir=$2 modules release name path

	modules=$(find "$1" -path '*/lib/modules/*' -prune -print | head -n 1)
	release=${modules##*/}
	shift 2
	rm -rf "$dir/ko" "$dir/module-root"
	mkdir -p "$dir/ko" "$dir/module-root/lib/modules"
	ln -s "$modules" "$dir/module-root/lib/modules/$release"
	depmod -b "$dir/module-root" "$release" || return
	: >"$dir/modules"
	while read -r path; do
		name=$(basename "$path" .xz)
		case $path in
		*.xz)	xz -dc "$path" >"$dir/ko/$name" ;;
		*)	cp "$path" "$dir/ko/$name" ;;
		esac
		echo "/ko/$name" >>"$dir/modules"
	done < <(for name in "$@"; do
			modprobe -d "$dir/module-root" -S "$release" --show-depends "$name"
		 done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
	[ -s "$dir/modules" ]
}

# module_lines DIR: the lines of an initramfs that bring what unpack_modules() left.
module_lines() {
	echo "dir /ko 755 0 0"
	echo "file /modules $1/modules 644 0 0"
	find "$1/ko" -name '*.ko' -printf 'file /ko/%f %p 644 0 0\n'
}

# decode RESULTS KERNEL-DIR: print the function, file and line of every address in an EL2
# panic. EL2 prints its addresses as the host's symbols, __kvm_nvhe_NAME+OFFSET/SIZE,
# which the kernel's own scripts/faddr2line resolves. Says nothing where nothing panicked.
decode() {
	local console=$1/console.log vmlinux=$2/vmlinux where

	grep -qsa 'hyp panic' "$console" || return 0
	say "      EL2 panicked:"
	grep -a 'hyp panic' "$console" | sed 's/^\[[ 0-9.]*\] */      | /; s/\r$//'
	mapfile -t where < <(grep -ao '__kvm_nvhe_[A-Za-z0-9_.$]*+0x[0-9a-f]*/0x[0-9a-f]*' "$console" |
		awk '!seen[$0]++')
	[ ${#where[@]} -gt 0 ] || return 0
	if [[ $(readelf -S "$vmlinux" 2>/dev/null) != *.debug_line* ]]; then
		printf '      | %s\n' "${where[@]}"
		say "      | (this kernel has no line numbers: FLAVOUR=debug has)"
		return 0
	fi
	CROSS_COMPILE=aarch64-linux-gnu- "$linux/scripts/faddr2line" "$vmlinux" "${where[@]}" |
		sed "s,$linux/,,; s/^/      | /"
}

# worktree DIR COMMIT: check COMMIT out in a work tree of build/linux. One that was made
# of another build/linux, which may be no more, is of no use.
worktree() {
	local repository

	repository=$(git -C "$1" rev-parse --path-format=absolute --git-common-dir \
		2>/dev/null) || true
	if [ "$repository" = "$(realpath "$linux")/.git" ]; then
		git -C "$1" checkout -q -f --detach "$2"
		return
	fi
	rm -rf "$1"
	git -C "$linux" worktree prune
	git -C "$linux" worktree add --quiet --force --detach "$1" "$2"
}
