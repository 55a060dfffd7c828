#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be said about the series and the tools without running them.
#
# Nothing found that the base does not have, or a waiver below with its reason.
# T= is the one check to run.

. "$(dirname "$0")/lib.sh"
. "$tools/git.sh"

export ARCH=arm64
out=$build/kernel/lint
failed=0 checks=0

# The Python modules that Debian packages are for Debian's Python.
debian=(env "PATH=/usr/bin:$PATH")

# Files that the series adds or changes, that match a pattern of grep -E.
touched() {
	g diff --no-renames --name-only --diff-filter=AM refs/pkvm/base series | grep -E "$1"
}

check() {
	# shellcheck disable=SC2053 # T= is a pattern
	[[ $1 = ${T:-*} ]] || return 0
	checks=$((checks + 1))
	AGAIN="make lint T=$1" stage "lint-$1" "$2" -- "${@:3}" || failed=1
}

# Checks run as stages, which bash's -e does not reach into: each step that may
# fail says what follows.

# The mails apply to any git tree of the base, with plain git, and come out of it again.
mails() {
	local name ret=0

	rm "$linux/.git/pkvm-mails" && "$tools/series.sh" && "$tools/refresh.sh" check || ret=1
	for name in $(postings); do
		[ -s "$patches/$name/cover-letter.txt" ] ||
			{ echo "patches/$name has no cover-letter.txt"; ret=1; }
	done
	return $ret
}

# Waived: whoever sends the series adds Signed-off-by; maintainers() checks that
# MAINTAINERS covers every file; an error of ours is a BUG_ON() at EL2; a table
# with rows of macros uses an argument twice; the names of fields in CamelCase are
# those of arch/arm64/tools/sysreg; kvm_nvhe_sym() and a loop below unrolled_full look
# like functions to it; EL2's trace events have a form of their own.
checkpatch() {
	local name ret=0 log=$logs/checkpatch.out

	cd "$linux" || return
	for name in $(postings); do
		mails_of "$name"
	done | "${debian[@]}" xargs -r -P "$jobs" -n 4 scripts/checkpatch.pl --strict --no-signoff \
		-q --terse --no-summary --show-types \
		--ignore FILE_PATH_CHANGES,MACRO_ARG_REUSE,AVOID_BUG,CAMELCASE >"$log" 2>&1 || true
	# Whatever else is said is a finding, also by a checkpatch that does not run.
	awk -F: 'function text(  line, i) {
			for (i = 0; i < $2; i++)
				getline line <$1
			close($1)
			return line
		}
		/:(AVOID_EXTERNS|FUNCTION_ARGUMENTS|OPEN_BRACE): / &&
			text() ~ /kvm_nvhe_sym\(|unrolled_full$/ { next }
		/:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE): / &&
			text() ~ /HE_(PROTO|STRUCT|ASSIGN)\(/ { next }
		{ print; found = 1 }
		END { exit found }' "$log" || ret=1
	"${debian[@]}" scripts/checkpatch.pl --strict -q --no-tree \
		--ignore PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE -f \
		"$tools"/*.c "$tools"/guest/*.[ch] || ret=1
	return $ret
}

# changed_lines CONTEXT: FILE:LINE that the series adds or changes, with as many lines
# around it, and the whole files that it adds.
changed_lines() {
	g diff -U"$1" --no-ext-diff --no-color --no-prefix --no-renames refs/pkvm/base series -- \
			'*.[chS]' Documentation | awk '
		/^\+\+\+ / { path = $2 }
		/^@@ / {
			split($3, at, ",")
			count = at[2] == "" ? 1 : at[2]
			for (i = 0; i < count; i++)
				print path ":" at[1] + i
		}'
}

# findings LOG [DIR [CONTEXT]]: what a compiler says of lines that the series adds or
# changes. Paths in LOG are seen from DIR, from the top of the tree, or absolute, and
# not always the shortest.
findings() {
	awk -F: -v dir="${2:-}" '
		NR == FNR { ours[$0]; next }
		/^In file included from |^ +from |: note: in included file/ { next }
		# HYP_EVENT() defines what nothing declares, in the base too.
		/symbol .hyp_event_id_/ { next }
		{
			path = $1 ~ /^\// ? $1 : dir $1
			while (sub(/[^\/.]+\/\.\.\//, "", path))
				;
			do {
				if ((path ":" $2) in ours) {
					print
					found = 1
					break
				}
			} while (sub(/^[^\/]*\//, "", path))
		}
		END { exit found }' <(changed_lines "${3:-0}"; echo) "$1"
}

# compile OUT LOG ARG...: make EL2 anew, and of KVM the files that the series touches,
# or all of it if one of them is not below arch/arm64/kvm.
compile() {
	local out=$1 log=$2 file ret=0 targets=(arch/arm64/kvm/hyp/)

	while read -r file; do
		targets+=("${file%.c}.o")
	done < <(touched '^arch/arm64/kvm/[^/]*\.c$')
	[ -z "$(touched '^virt/.*\.c$')" ] || targets=(arch/arm64/kvm/)
	"$tools/build.sh" config debug "$linux" "$out" || return
	make -s -C "$linux" O="$out" "${@:3}" prepare || return
	mkdir -p "$out/arch/arm64/kvm"
	find "$out/arch/arm64/kvm" -name '*.o' -delete || return
	make -s -C "$linux" O="$out" "${@:3}" -j"$jobs" W=1 "${targets[@]}" >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	# What is not compiled has no findings, either.
	while read -r file; do
		[ -e "$out/${file%.c}.o" ] || [ -e "$out/${file%.c}.nvhe.o" ] ||
			{ echo "$file was not compiled"; ret=1; }
	done < <(touched '^arch/arm64/kvm/.*\.c$')
	return $ret
}

# gcc's findings come with those of sparse. The last release of sparse, 0.6.4, does
# not know __typeof_unqual__; a kernel that takes no sparse says so, and goes on without.
sparse() {
	local log=$logs/sparse.out

	compile "$out" "$log" CROSS_COMPILE=aarch64-linux-gnu- C=1 \
		CHECK="sparse -D__typeof_unqual__=__typeof__" || return
	! grep 'not available or not up to date' "$log" || return
	findings "$log"
}

clang() {
	local log=$logs/clang.out

	LLVM=1 compile "$out-llvm" "$log" "LLVM=-$clang_version" && findings "$log"
}

# The tests, with further warnings of gcc. Waived: comparisons that are always true,
# which macros make of the constants that they get.
programs() {
	local log=$logs/programs.out to=$build/kernel/lint-programs objects
	local kmake=(make CROSS_COMPILE=aarch64-linux-gnu-)

	mapfile -t objects < <(touched '^tools/testing/selftests/kvm/.*\.c$' |
		grep -v /test_modules/ | sed "s,^tools/testing/selftests/kvm/\(.*\)\.c\$,$to/\1.o,")
	[ ${#objects[@]} -gt 0 ] || return 0
	rm -rf "$to"
	# In one line, as it becomes a part of one in the Makefile.
	EXTRA_CFLAGS=$(echo -Wextra -Wundef -Wmissing-prototypes -Wvla \
			-Wno-missing-field-initializers -Wno-sign-compare \
			-Wno-unused-parameter -Wno-type-limits) \
		make_selftests "$linux" "$out" "$to" "${objects[@]}" >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	findings "$log" tools/testing/selftests/kvm/
}

# The kernel's coccinelle checks on the files that the series touches, less what they
# say of the base: only findings in lines that changed. Waived: check_bq27xxx_data
# is about the tables of one driver, badzero needs an OCaml compiler.
cocci_waived="api/check_bq27xxx_data.cocci null/badzero.cocci"

cocci_one() {
	local script=$1 options log

	shift
	log=$logs/cocci.$$.$(basename "$script").out
	# As scripts/coccicheck finds them.
	options=$(sed -n 's,^// *Options: *,,p' "$script" | head -n 1)
	# shellcheck disable=SC2086 # options are words
	timeout 300 spatch -D report --very-quiet --cocci-file "$script" \
		${options:---no-includes} "$@" >"$log" 2>"$log.err" ||
		{ echo "$script failed:"; cat "$log.err"; return 1; }
	findings "$log" || { echo "($script)"; return 1; }
	rm -f "$log" "$log.err"
}

cocci() {
	local files

	mapfile -t files < <(touched '^(arch/arm64|virt)/.*\.c$')
	[ ${#files[@]} -gt 0 ] || return 0
	cd "$linux" || return
	export linux logs
	export -f cocci_one findings changed_lines g
	grep -rl --include='*.cocci' 'virtual report' scripts/coccinelle |
		grep -vF "${cocci_waived// /$'\n'}" | sort |
		xargs -P "$jobs" -I '{}' bash -c 'cocci_one "$@"' cocci '{}' "${files[@]}"
}

shell() {
	cd "$tools/../.." && shellcheck tools/pkvm/*.sh tools/pkvm/guest/*.sh .ci/run
}

# get_maintainer.pl must find an entry for every file that the series adds.
maintainers() {
	local file ret=0

	while read -r file; do
		[ -n "$(cd "$linux" && scripts/get_maintainer.pl --no-git --no-git-fallback \
			--sections -f "$file" | sed '/^THE REST/,$d')" ] ||
			{ echo "no entry of MAINTAINERS covers $file"; ret=1; }
	done < <(g diff --no-renames --name-only --diff-filter=A refs/pkvm/base series)
	return $ret
}

# Comments of functions in the form that tools read. The base's own are its affair.
kernel_doc() {
	local log=$logs/kernel-doc.out files script=scripts/kernel-doc

	cd "$linux" || return
	[ -e "$script" ] || script=scripts/kernel-doc.py
	mapfile -t files < <(touched '^(arch|include|virt)/.*\.[ch]$')
	[ ${#files[@]} -gt 0 ] || return 0
	"${debian[@]}" "$script" -none -Wall "${files[@]}" 2>&1 |
		sed 's/^\(Warning\|Error\): \([^ :]*:[0-9]*\) /\2: /' >"$log" || { cat "$log"; return 1; }
	findings "$log"
}

# New warnings in the pages that the series adds or changes.
docs() {
	local log=$logs/htmldocs.out pages

	mapfile -t pages < <(touched '^Documentation/virt/.*\.rst$')
	[ ${#pages[@]} -gt 0 ] || return 0
	"${debian[@]}" make -s -C "$linux" O="$build/docs" SPHINXDIRS=virt/kvm htmldocs >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	# Made in the source tree, whatever O= says.
	rm -f "$linux"/Documentation/networking/netlink_spec/*.rst
	sed -n 's,^.*\(Documentation/virt/.*\),\1,p' "$log" >"$log.short"
	findings "$log.short" "" 3
}

# The tools take the mirror from the machine: the repository names none, nor any
# directory of the machine that it was written on.
names() {
	local hosts='https?://[a-z0-9.-]*(deb|ftp|snapshot|security|mirror|archive|pypi|registry|proxy)[a-z0-9.-]*\.[a-z]{2,}'

	! git -C "$top" grep -nIE "$hosts" -- . ':!arch' ':!Documentation' ':!patches' || return
	! git -C "$top" grep -nIE '(^|[ "=:(])/(work|root|home)/'
}

check mails "git am makes the series; files to read agree" mails
check checkpatch "checkpatch --strict" checkpatch
check sparse "sparse and gcc W=1 over EL2 and KVM" sparse
check clang "clang W=1 over EL2 and KVM" clang
check programs "gcc -Wextra over the tests" programs
check cocci "the kernel's coccinelle checks" cocci
check shell "shellcheck" shell
check maintainers "MAINTAINERS covers every file" maintainers
check kernel-doc "kernel-doc comments are complete" kernel_doc
check docs "documentation builds without new warnings" docs
check names "no mirror and no machine is named" names

[ "$checks" -gt 0 ] || die "T='$T' names no check of make lint."
[ "$failed" -eq 0 ] || exit 1
say "lint: nothing found"
