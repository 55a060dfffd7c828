#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The series' selftests, with a runner, for a board that runs a kernel with the
# series: unpack, and as root: ./run [PATTERN]

. "$(dirname "$0")/lib.sh"

dir=$build/pkvm-selftests
mkdir -p "$dir"
own_tests '*' >"$dir/tests"
sed "s,^,$build/selftests/kvm/arm64/," "$dir/tests" | xargs cp -t "$dir"
# It goes only with the kernel that it was built with.
cp "$build/kernel/release/test-modules"/*.ko "$dir"
cat >"$dir/run" <<'END'
#!/bin/sh
cd "$(dirname "$0")" && dmesg | grep 'kvm.*mode initialized'
for test in ${1:-$(cat tests)}; do
	[ -x "$test" ] || continue
	timeout 300 "./$test" >"$test.log" 2>&1
	case $? in 0) echo "ok $test" ;; 4) echo "ok $test # SKIP" ;; *) echo "not ok $test" ;; esac
done
END
chmod +x "$dir/run"
tar -C "$build" -czf "$dir.tar.gz" pkvm-selftests && say "    $dir.tar.gz"
