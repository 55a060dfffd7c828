#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real guests: fetch Debian's own VMM and kernel for arm64, and make of them
# the disk that a host in QEMU runs them from. See guest/guest-run.sh.
#
# usage: guest.sh choices  see that what a person brings along is of use
#        guest.sh busybox  Debian's busybox, below build/arm64
#        guest.sh fetch    all that comes from Debian, there
#        guest.sh build    our programs, the guest's initramfs, the disk
#
# From the environment, each instead of what comes from Debian:
#	GUEST_KERNEL=FILE	an arm64 Image (modules of its own are not loaded)
#	ROOT=debian		another guest, with Debian's root file system on virtio
#	VMM=FILE|DIRECTORY	qemu-system-aarch64 for arm64, or a root that has
#				it in usr/bin; or a suite of Debian to take it from

. "$(dirname "$0")/lib.sh"

# The VMM's Debian is the newest that the build machine's libc suits; the
# kernel is of a release before it, so that the guest is not the host's twin.
vmm_suite=trixie
kernel_suite=bookworm
case ${VMM:-} in bookworm | trixie | trixie-backports | sid) vmm_suite=$VMM VMM='' ;; esac

fetched=$build/arm64
out=$build/guest

# The root file system of ROOT=debian. No script of a package is run for it, and
# root-check.sh is its first process.
root_packages=(base-files bash coreutils iproute2 iputils-ping mount util-linux)

# What the guest's kernel is asked to load: ciphers that use FP registers, each
# tested by the kernel when it is loaded.
modules=(sha2-ce sha1-ce aes-ce-blk aes-ce-ccm ghash-ce chacha-neon poly1305-neon)

# get NAME TEXT SUITE PACKAGE...: fetch what is not there yet.
get() {
	[ ! -d "$fetched/$1" ] || return 0
	need_space 600 "$build" "unpacking $4"
	stage "$1" "$2" -- "$tools/apt-fetch.sh" "$3" arm64 "$fetched/$1" "${@:4}" || exit 1
}

busybox() {
	ALONE=1 get busybox "fetch Debian's busybox for arm64" trixie busybox-static
}

fetch() {
	busybox
	[ -n "${VMM:-}" ] && [ -d "$VMM" ] ||
		get "vmm-$vmm_suite" "fetch Debian's VMM for arm64" "$vmm_suite" qemu-system-arm
	[ -n "${GUEST_KERNEL:-}" ] ||
		ONLY='linux-image-6[^ ]*' get guest-kernel "fetch Debian's kernel for arm64" \
			"$kernel_suite" linux-image-cloud-arm64
	[ -z "${ROOT:-}" ] ||
		get root "fetch Debian's root file system" "$vmm_suite" "${root_packages[@]}"
}

# compile TARGET ARGUMENT...: for arm64.
compile() {
	aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror "${@:2}" -o "$out/$1"
}

make_initrd() {
	{
		cat <<-END
			dir /dev 755 0 0
			nod /dev/console 600 0 0 c 5 1
			nod /dev/kmsg 600 0 0 c 1 11
			dir /proc 755 0 0
			dir /sys 755 0 0
			dir /bin 755 0 0
			file /bin/busybox $fetched/busybox/usr/bin/busybox 755 0 0
			file /bin/cpu $out/cpu 755 0 0
			file /bin/report.sh $tools/guest/report.sh 644 0 0
			file /init $tools/guest/init.sh 755 0 0
		END
		if [ -z "${GUEST_KERNEL:-}" ]; then
			unpack_modules "$fetched/guest-kernel" "$out" "${modules[@]}" || return
			module_lines "$out"
		fi
	} >"$out/initrd.spec"
	"$build/host/gen_init_cpio" "$out/initrd.spec" >"$out/initrd"
}

# The disk: the VMM with its libraries, and what it loads.
make_disk() {
	local root=$out/root kernel vmm

	kernel=${GUEST_KERNEL:-$(ls "$fetched"/guest-kernel/boot/vmlinuz-*)}
	rm -rf "$root"
	mkdir -p "$root"/{boot,dev,proc,tmp,usr/bin,usr/share}
	if [ -n "${VMM:-}" ] && [ -d "$VMM" ]; then
		cp -a "$VMM/." "$root/"
	else
		vmm=$fetched/vmm-$vmm_suite
		cp -al "$vmm/usr/lib" "$root/usr/lib"
		cp -al "$vmm/usr/share/qemu" "$root/usr/share/qemu"
		cp "${VMM:-$vmm/usr/bin/qemu-system-aarch64}" "$root/usr/bin/qemu-system-aarch64"
	fi
	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
	cp "$out/preload.so" "$root/usr/lib/"
	cp "$out/look" "$root/"
	cp "$kernel" "$root/boot/guest-kernel"
	cp "$out/initrd" "$root/boot/guest-initrd"
	[ -z "${ROOT:-}" ] ||
		cp "$build/kernel/guest$suffix/arch/arm64/boot/Image" "$root/boot/root-kernel"

	rm -f "$out/disk.new"
	mke2fs -q -t ext2 -b 4096 -m 0 -d "$root" "$out/disk.new" \
		$(($(du -sm --apparent-size "$root" | cut -f 1) * 5 / 4 + 32))M
	mv "$out/disk.new" "$out/disk"
	rm -rf "$root"
}

make_root() {
	cp "$tools/guest/report.sh" "$fetched/root/sbin/"
	cp "$tools/guest/root-check.sh" "$fetched/root/sbin/root-check"
	rm -f "$out/root-disk"
	mke2fs -q -t ext2 -d "$fetched/root" "$out/root-disk" 300M
}

# An Image, such a one compressed, or one that unpacks itself.
is_kernel() {
	head -c 64 "$1" | grep -qaP '^\x1f\x8b|^....zimg|ARMd'
}

# What a person brings along, before anything is built with it.
choices() {
	local program

	if [ -n "${GUEST_KERNEL:-}" ]; then
		[ -r "$GUEST_KERNEL" ] || die "GUEST_KERNEL=$GUEST_KERNEL: there is no such file."
		is_kernel "$GUEST_KERNEL" ||
			die "GUEST_KERNEL=$GUEST_KERNEL is no kernel for arm64: give an Image," \
			    "or a vmlinuz of Debian's or Fedora's. A vmlinux will not do."
	fi
	[ -z "${ROOT:-}" ] || [ "$ROOT" = debian ] || die "ROOT='$ROOT': there is only debian."
	[[ ${GUEST_CPUS:-2} == [1-8] ]] || die "GUEST_CPUS='$GUEST_CPUS': a guest has 1 to 8 vCPUs."
	if [ -n "${VMM:-}" ]; then
		program=$VMM
		[ ! -d "$VMM" ] || program=$VMM/usr/bin/qemu-system-aarch64
		[ -r "$program" ] || die "VMM=$program: there is no such file."
		readelf -h "$program" 2>/dev/null | grep -q AArch64 ||
			die "VMM=$VMM: $program is no program for arm64, so a host for arm64" \
			    "cannot run it. Debian's is in the package qemu-system-arm of arm64."
	fi
}

build() {
	choices
	need_space 600 "$build" "the guest's disk"
	mkdir -p "$out"
	local sources=$tools/guest

	cp "$sources/guest-run.sh" "$out/guest-run"
	compile cpu -static "$sources/cpu.c"
	compile look -static -I "$linux/tools/testing/selftests/kvm/include" "$sources/look.c"
	compile preload.so -shared -fPIC -isystem "$build/selftests/headers/usr/include" \
		"$sources/preload.c"
	make_initrd
	make_disk
	[ -z "${ROOT:-}" ] || make_root
}

"${1:?what to do is said above}" "${@:2}"
