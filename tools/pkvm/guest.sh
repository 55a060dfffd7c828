#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real guests: fetch Debian's own VMM and kernel for arm64, and make of them
# the disk that a host in QEMU runs them from. See guest/guest-run.c.
#
# usage: guest.sh fetch    what comes from Debian, all below build/arm64
#        guest.sh build    our programs, the guest's initramfs, the disk
#
# From the environment, each instead of what comes from Debian:
#	GUEST_KERNEL=FILE	an arm64 Image (modules of its own are not loaded)
#	GUEST_INITRD=FILE	an initramfs; the guest's checks are those of ours
#	VMM=FILE|DIRECTORY	qemu-system-aarch64 for arm64, or a root that has
#				it in usr/bin

. "$(dirname "$0")/lib.sh"

# The VMM's Debian is the newest that the build machine's libc suits; the
# kernel is of a release before it, so that the guest is not the host's twin.
vmm_suite=trixie
kernel_suite=bookworm

fetched=$build/arm64
out=$build/guest

# What the guest's kernel is asked to load: ciphers that use FP registers, each
# tested by the kernel when it is loaded.
modules=(sha2-ce sha1-ce aes-ce-blk aes-ce-ccm ghash-ce chacha-neon poly1305-neon)

# get NAME TEXT SUITE PACKAGE: fetch what is not there yet.
get() {
	[ ! -d "$fetched/$1" ] || return 0
	need_space 600 "$build" "unpacking $4"
	stage "$1" "$2" -- "$tools/apt-fetch.sh" "$3" arm64 "$fetched/$1" "$4" || exit 1
}

fetch() {
	mkdir -p "$fetched"
	[ -n "${VMM:-}" ] && [ -d "$VMM" ] ||
		get vmm "fetch Debian's VMM for arm64" "$vmm_suite" qemu-system-arm
	[ -n "${GUEST_KERNEL:-}" ] ||
		ONLY='linux-image-6*' get guest-kernel "fetch Debian's kernel for arm64" \
			"$kernel_suite" linux-image-cloud-arm64
	NODEPS=1 get guest-firmware "fetch EDK2 for arm64" "$vmm_suite" qemu-efi-aarch64
}

readable() {
	[ -r "$2" ] || die "$1=$2: there is no such file."
}

# Compile for arm64, if a source is newer than what was made of it.
compile() {
	local target=$out/$1 source

	shift
	for source in "$tools"/guest/*.[ch]; do
		[ "$source" -nt "$target" ] || continue
		aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror "$@" -o "$target"
		return
	done
}

# Print the lines of the initramfs that bring the modules, and list them.
guest_modules() {
	local root=$out/modules version name path file

	[ -z "${GUEST_KERNEL:-}" ] || return 0
	version=$(ls "$fetched/guest-kernel/lib/modules" 2>/dev/null ||
		  ls "$fetched/guest-kernel/usr/lib/modules")
	rm -rf "$root"
	mkdir -p "$root/lib/modules" "$out/ko"
	cp -al "$fetched"/guest-kernel/{usr/,}lib/modules/"$version" "$root/lib/modules" 2>/dev/null ||
		[ -d "$root/lib/modules/$version" ]
	depmod -b "$root" "$version" 2>/dev/null
	for name in "${modules[@]}"; do
		modprobe -d "$root" -S "$version" --show-depends "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$out/module-paths"
	: >"$out/module-list"
	echo "dir /ko 755 0 0"
	while read -r path; do
		file=${path##*/}
		file=${file%.xz}
		case $path in
		*.xz)	xz -dc "$path" >"$out/ko/$file" ;;
		*)	cp "$path" "$out/ko/$file" ;;
		esac
		echo "/ko/$file" >>"$out/module-list"
		echo "file /ko/$file $out/ko/$file 644 0 0"
	done <"$out/module-paths"
	echo "file /modules $out/module-list 644 0 0"
	rm -rf "$root"
}

make_initrd() {
	{
		cat <<-END
			dir /dev 755 0 0
			nod /dev/console 600 0 0 c 5 1
			nod /dev/kmsg 600 0 0 c 1 11
			dir /proc 755 0 0
			dir /sys 755 0 0
			file /init $out/init 755 0 0
		END
		guest_modules
	} >"$out/initrd.spec"
	"$build/host/gen_init_cpio" "$out/initrd.spec" >"$out/initrd"
}

# The disk: the VMM with its libraries, and what it loads.
make_disk() {
	local root=$out/root kernel initrd

	kernel=${GUEST_KERNEL:-$(ls "$fetched"/guest-kernel/boot/vmlinuz-*)}
	initrd=${GUEST_INITRD:-$out/initrd}
	readable GUEST_KERNEL "$kernel"
	readable GUEST_INITRD "$initrd"

	rm -rf "$root"
	mkdir -p "$root"/{boot,dev,proc,tmp,usr/bin,usr/share}
	if [ -n "${VMM:-}" ] && [ -d "$VMM" ]; then
		cp -a "$VMM/." "$root/"
	else
		cp -al "$fetched/vmm/usr/lib" "$root/usr/lib"
		cp -al "$fetched/vmm/usr/share/qemu" "$root/usr/share/qemu"
		cp "${VMM:-$fetched/vmm/usr/bin/qemu-system-aarch64}" "$root/usr/bin/"
	fi
	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
	cp "$out/preload.so" "$root/usr/lib/"
	cp "$kernel" "$root/boot/guest-kernel"
	cp "$initrd" "$root/boot/guest-initrd"
	cp "$fetched/guest-firmware/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" \
		"$root/boot/guest-firmware"

	rm -f "$out/disk.new"
	mke2fs -q -t ext2 -b 4096 -m 0 -d "$root" "$out/disk.new" \
		$(($(du -sm --apparent-size "$root" | cut -f 1) * 5 / 4 + 32))M
	mv "$out/disk.new" "$out/disk"
	rm -rf "$root"
}

build() {
	need_space 600 "$build" "the guest's disk"
	mkdir -p "$out"
	compile init -static "$tools/guest/init.c" "$tools/guest/checks.c"
	compile guest-run -static "$tools/guest/guest-run.c"
	compile preload.so -shared -fPIC -isystem "$build/selftests/headers/usr/include" \
		"$tools/guest/preload.c"
	make_initrd
	make_disk
}

case ${1:-} in
fetch | build)
	"$1"
	;;
*)
	die "usage: guest.sh fetch | build"
	;;
esac
