#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be said about the series and the tools without running them.
#
# Zero findings, or a waiver below with its reason. T= is the one check to run.

. "$(dirname "$0")/lib.sh"

export ARCH=arm64
out=$build/kernel/lint
failed=0 checks=0

# The Python modules that Debian packages are for Debian's Python.
debian=(env "PATH=/usr/bin:$PATH")

# Files of the repository that go into the kernel's tree.
overlay() {
	sed -n 's/^Overlay: //p' "$top"/patches/[0-9]*.patch
}

check() {
	# shellcheck disable=SC2053 # T= is a pattern
	[[ $1 = ${T:-*} ]] || return 0
	checks=$((checks + 1))
	AGAIN="make lint T=$1" stage "lint-$1" "$2" -- "${@:3}" || failed=1
}

# Checks run as stages, which bash's -e does not reach into: each step that may
# fail says what follows.

# Waived: Signed-off-by is added by whoever sends the series (SIGNOFF=1), and
# MAINTAINERS gets its entry in a patch of its own, which maintainers_cover()
# checks to cover every file; CamelCase is how the architecture spells fields;
# rows of tables are macros that use an argument twice; BUG_ON() at EL2 is for
# errors of its own, and the one that is found was only indented; volatile is for
# accesses of tests that are made for their effect; asm-offsets.c indents by two
# spaces; programs of the harness have no compiler_attributes.h.
checkpatch() {
	local mail ret=0

	for mail in "$build"/series/*.patch; do
		case $mail in *0000-cover-letter.patch) continue ;; esac
		(cd "$linux" && "${debian[@]}" scripts/checkpatch.pl --strict --no-signoff -q \
			--ignore FILE_PATH_CHANGES,CAMELCASE,MACRO_ARG_REUSE,AVOID_BUG,VOLATILE,LEADING_SPACE \
			"$mail") || ret=1
	done
	for file in "$tools"/*.c "$tools"/guest/*.[ch]; do
		(cd "$linux" && "${debian[@]}" scripts/checkpatch.pl --strict -q --no-tree \
			--ignore PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE -f "$file") || ret=1
	done
	return $ret
}

# PATH:LINE of each line that the series changes or adds.
changed_lines() {
	git -C "$linux" diff -U0 --no-ext-diff --no-color --no-prefix pkvm/base -- '*.[chS]' | awk '
		/^\+\+\+ / { path = $2 }
		/^@@ / {
			split($3, at, ",")
			count = at[2] == "" ? 1 : at[2]
			for (i = 0; i < count; i++)
				print path ":" at[1] + i
		}'
}

# findings LOG [DIR]: what a compiler says of files that the series adds, and of lines
# that it changes in others. Paths in LOG are seen from DIR, from the top of the tree,
# or absolute, and not always the shortest.
findings() {
	awk -F: -v dir="${2:-}" '
		NR == FNR { ours[$0]; next }
		/^In file included from |^ +from |: note: in included file/ { next }
		{
			path = $1 ~ /^\// ? $1 : dir $1
			while (sub(/[^\/.]+\/\.\.\//, "", path))
				;
			do {
				if (path in ours || (path ":" $2) in ours) {
					print
					found = 1
					break
				}
			} while (sub(/^[^\/]*\//, "", path))
		}
		END { exit found }' <(overlay; changed_lines) "$1"
}

# compile OUT LOG ARG...: make KVM and EL2 anew, of the flavour that has all files.
compile() {
	local out=$1 log=$2 file ret=0

	"$tools/build.sh" config hostile "$linux" "$out" || return
	make -s -C "$linux" O="$out" "${@:3}" prepare || return
	mkdir -p "$out/arch/arm64/kvm"
	find "$out/arch/arm64/kvm" -name '*.o' -delete || return
	make -s -C "$linux" O="$out" "${@:3}" -j"$jobs" W=1 arch/arm64/kvm/ >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	# What is not compiled has no findings, either.
	while read -r file; do
		[ -e "$out/${file%.c}.o" ] || [ -e "$out/${file%.c}.nvhe.o" ] ||
			{ echo "$file was not compiled"; ret=1; }
	done < <(overlay | grep '^arch/.*\.c$')
	return $ret
}

# gcc's findings come with those of sparse.
sparse() {
	local log=$build/logs/sparse.out

	compile "$out" "$log" CROSS_COMPILE=aarch64-linux-gnu- C=2 CF="-D__CHECK_ENDIAN__" &&
		findings "$log"
}

clang() {
	local log=$build/logs/clang.out

	LLVM=1 compile "$out-llvm" "$log" LLVM=1 && findings "$log"
}

# What W=1 adds to -Wall, as in scripts/Makefile.extrawarn. It leaves out of -Wextra
# what is switched off here first. Waived besides: comparisons that are always true,
# which macros make of the constants that they get; tables in headers that not every
# test uses, which are const and static there; fields set twice, where a row of a table
# differs from what its macro sets; & between bools, where both sides are to be run.
program_warnings="-Wextra -Wundef -Wmissing-declarations -Wmissing-prototypes -Wvla
	-Wmissing-format-attribute -Wmissing-include-dirs -Wenum-conversion
	-Wno-missing-field-initializers -Wno-sign-compare -Wno-unused-parameter
	-Wno-shift-negative-value
	-Wno-type-limits -Wno-unused-const-variable -Wno-override-init"

programs_with() {
	local compiler=$1 extra=$2 native=$3 log=$build/logs/programs-$1.out objects
	local to=$build/kernel/lint-programs/$compiler warnings=${program_warnings//[$'\n\t']/ }

	mapfile -t objects < <(overlay |
		sed -n "s,^tools/testing/selftests/kvm/\(.*\)\.c\$,$to/\1.o,p")
	[ ${#objects[@]} -gt 0 ] || { echo "there are no programs to check"; return 1; }
	rm -rf "$to"
	mkdir -p "$to/tools" "$to/native"
	EXTRA_CFLAGS="$warnings $extra" \
		make -s -C "$linux/tools/testing/selftests/kvm" -j"$jobs" "${@:4}" \
		OUTPUT="$to" abs_objdir="$to" KHDR_INCLUDES="-isystem $out/usr/include" \
		LINUX_HDR_PATH="$out/usr/include" "${objects[@]}" >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	findings "$log" tools/testing/selftests/kvm/ || return
	# Built for this machine, and with -Werror.
	CFLAGS="-O2 $warnings $native" make -s -C "$linux/tools/testing/pkvm" -j"$jobs" \
		OUTPUT="$to/native/" CC="$compiler"
}

# The selftests, and the tests on this machine. Programs of the harness are built with
# -Wextra -Werror: see build.sh.
programs() {
	local ret=0

	make -s -C "$linux" O="$out" CROSS_COMPILE=aarch64-linux-gnu- headers || return
	# panic() of tools/include has no format, which only gcc minds.
	programs_with gcc "" -Wno-error=suggest-attribute=format \
		CROSS_COMPILE=aarch64-linux-gnu- || ret=1
	programs_with clang -Wno-bitwise-instead-of-logical "" LLVM=1 || ret=1
	return $ret
}

# Waived: check_bq27xxx_data.cocci is about the tables of one driver; that and
# badzero.cocci (0 for NULL, of which sparse warns) need an OCaml compiler.
cocci_waived="api/check_bq27xxx_data.cocci null/badzero.cocci"
# What is not of the kernel's own functions and iterators is for programs, too: less
# minmax.cocci, since min() and max() are the kernel's.
cocci_of_programs="misc null tests"
cocci_not_of_programs="misc/minmax.cocci"

# The kernel's coccinelle checks: all on the series' kernel code, and those of C
# itself on the selftests and the programs of the harness, too.
cocci() {
	local script kind options kernel programs files ret=0 log=$build/logs/cocci.out

	mapfile -t kernel < <(overlay | grep '^arch/.*\.c$')
	mapfile -t programs < <(overlay | grep '^tools/.*\.[ch]$'
		printf '%s\n' "$tools"/*.[ch] "$tools"/guest/*.[ch])
	[ ${#kernel[@]} -gt 0 ] || { echo "there are no files to check"; return 1; }
	cd "$linux" || return
	while read -r script; do
		kind=${script#scripts/coccinelle/}
		[[ " $cocci_waived " != *" $kind "* ]] || continue
		# As scripts/coccicheck finds them.
		grep -q 'virtual report' "$script" || continue
		options=$(sed -n 's,^// *Options: *,,p' "$script" | head -n 1)
		files=("${kernel[@]}")
		[[ " $cocci_of_programs " != *" ${kind%%/*} "* ||
		   " $cocci_not_of_programs " = *" $kind "* ]] || files+=("${programs[@]}")
		# shellcheck disable=SC2086 # options are words
		timeout 300 spatch -D report --very-quiet --cocci-file "$script" \
			${options:---no-includes} "${files[@]}" >"$log" 2>"$log.err" ||
			{ echo "$script failed:"; cat "$log.err"; ret=1; }
		[ ! -s "$log" ] || { echo "$script:"; cat "$log"; ret=1; }
	done < <(find scripts/coccinelle -name '*.cocci' | sort)
	return $ret
}

# EL2 has one page of stack for each CPU, 4096 bytes, with a guard page below. No
# function may take more than this; most take less than 100 bytes. Entries for
# exceptions are not functions: what is added up there are the vectors of a table.
stack_limit=512
stack_waived="__kvm_hyp_vector|__bp_harden_hyp_vecs|__kvm_hyp_host_vector"

# The longest chain of calls, with an exception on top. The longest is not in use, but
# where EL2 gives the host its memory at boot: two walks of page tables, and a third.
chain_limit=3840

stack() {
	local dir=arch/arm64/kvm/hyp/nvhe object found symbols=$build/logs/stack.symbols

	object=$out/$dir/kvm_nvhe.o
	"$tools/build.sh" config hostile "$linux" "$out" || return
	make -s -C "$linux" O="$out" CROSS_COMPILE=aarch64-linux-gnu- -j"$jobs" prepare "$dir/" ||
		return
	# Bytes come last: name [object]:bytes
	found=$(aarch64-linux-gnu-objdump -d "$object" | perl "$linux/scripts/checkstack.pl" arm64 0 |
		grep -Ev "__kvm_nvhe_($stack_waived) ") || return
	echo "$found" | head -n 5
	# A table without entries would pass, too.
	[ "$(wc -l <<<"$found")" -gt 50 ] || { echo "few functions have a stack"; return 1; }
	! awk -F '[:\t]+' -v limit="$stack_limit" '$NF > limit { print; bad = 1 } END { exit !bad }' \
		<<<"$found" || return
	aarch64-linux-gnu-objdump -rt "$object" >"$symbols" || return
	aarch64-linux-gnu-objdump -dr "$object" | python3 "$tools/stack.py" "$chain_limit" "$symbols"
}

shell() {
	cd "$top" && shellcheck tools/pkvm/*.sh
}

python() {
	cd "$top" && PYTHONPYCACHEPREFIX=$build/pycache python3 -m py_compile tools/pkvm/*.py
}

# get_maintainer.pl must find our entry for every file of ours.
maintainers_cover() {
	local file found ret=0

	while read -r file; do
		found=$(cd "$linux" && scripts/get_maintainer.pl --no-git --no-git-fallback \
			--sections -f "$file")
		[[ $found = *"FIXED CPU OF PROTECTED VMS"* ]] ||
			{ echo "no entry of MAINTAINERS covers $file"; ret=1; }
	done < <(overlay)
	return $ret
}

# The base has a malformed table in api.rst. A table of the base is as long as
# this; what is said of a line with nothing of ours so near is the base's affair.
near=120
of_the_base() {
	local file=$1 line=$2

	git -C "$linux" blame -L "$((line > near ? line - near : 1)),+$near" \
		pkvm/base..series -- "$file" | awk '!/^\^/ { ours = 1 } END { exit ours }'
}

# New warnings in the pages of ours, or of those that a patch touches.
docs() {
	local log=$build/logs/htmldocs.out pages file line text ret=0

	pages=$(git -C "$linux" diff --name-only pkvm/base series -- Documentation |
		sed 's,^Documentation/,,' | paste -sd '|')
	[ -n "$pages" ] || return 0
	"${debian[@]}" make -s -C "$linux" O="$build/docs" SPHINXDIRS=virt/kvm htmldocs >"$log" 2>&1 ||
		{ cat "$log"; return 1; }
	# Made in the source tree, whatever O= says, and no edit to refresh.
	rm -f "$linux"/Documentation/networking/netlink_spec/*.rst
	while IFS=: read -r file line text; do
		file=Documentation/${file#*/Documentation/}
		[[ $line =~ ^[0-9]+$ ]] && of_the_base "$file" "$line" && continue
		echo "$file:$line:$text"
		ret=1
	done < <(grep -E "($pages).*(WARNING|ERROR)" "$log")
	return $ret
}

# Comments of functions, where they have the form that tools read.
kernel_doc() {
	local log=$build/logs/kernel-doc.out

	(cd "$linux" && overlay | grep '^arch/.*\.[ch]$' |
		xargs scripts/kernel-doc -none -Wall) 2>&1 |
		grep -v 'no structured comments found$' >"$log"
	if [ -s "$log" ]; then
		cat "$log"
		return 1
	fi
}

check series "the series is consistent" "$tools/check-series.sh"
check checkpatch "checkpatch --strict" checkpatch
check sparse "sparse and gcc W=1 over EL2 and KVM" sparse
check clang "clang W=1 over EL2 and KVM" clang
check programs "gcc and clang W=1 over the tests" programs
check cocci "the kernel's coccinelle checks" cocci
check stack "stack of EL2, functions and chains of calls" stack
check shell "shellcheck" shell
check python "the report compiles" python
check maintainers "MAINTAINERS covers every file" maintainers_cover
check kernel-doc "kernel-doc comments are complete" kernel_doc
check contract "the page of the contract is current" "$tools/docs.sh" check
check docs "documentation builds without warnings" docs

[ "$checks" -gt 0 ] || die "T='$T' names no check of make lint."
[ "$failed" -eq 0 ] || exit 1
say "lint: nothing found"
