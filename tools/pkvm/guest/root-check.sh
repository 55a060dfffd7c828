#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The first process of a protected guest that has Debian's root on virtio: use its
# devices, and count what it shares with the host for them. guest-run.sh says how it
# reports, and adds the probes that count pages.

# shellcheck source=report.sh
. /sbin/report.sh

disk() {
	local sum file=/var/tmp/data

	sum=$(head -c 4M /dev/urandom | tee $file | sha256sum)
	sync
	echo 3 >/proc/sys/vm/drop_caches
	[ "$(findmnt -no SOURCE /)" = /dev/vda ] && [ "$(sha256sum <$file)" = "$sum" ]
}

network() {
	ip link set eth0 up && ip address add 10.0.2.15/24 dev eth0 &&
		ping -q -c 5 -s 1400 10.0.2.2
}

# pages share|unshare: how many were, since the first driver came.
pages() {
	local line sum=0

	while read -r line; do
		case $line in *" $1: "*) sum=$((sum + ${line##*n=})) ;; esac
	done </sys/kernel/tracing/trace
	echo $sum
}

# A driver that goes takes back what it shared.
let_go() {
	local driver=/sys/bus/virtio/drivers/virtio_net device shared taken

	device=$(cd $driver && echo virtio*)
	echo "$device" >$driver/unbind
	shared=$(pages share) taken=$(pages unshare)
	echo "$device" >$driver/bind
	shared=$(($(pages share) - shared))
	echo "$device" >$driver/unbind
	taken=$(($(pages unshare) - taken))
	say "value virtio_net shares $shared pages, and takes back $taken"
	[ $shared -gt 0 ] && [ $shared -eq $taken ]
}

mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t debugfs debug /sys/kernel/debug
mount -t tracefs trace /sys/kernel/tracing
. /etc/os-release

say boot
check "$PRETTY_NAME, root on virtio-blk" disk
check "virtio-net" network
pool=/sys/kernel/debug/swiotlb
say "value bounce pool: $(($(<$pool/io_tlb_nslabs) / 2)) pages shared, of which" \
	"$((($(<$pool/io_tlb_used) + 1) / 2)) are in use"
say "value coherent buffers: $(($(pages share) - $(pages unshare))) pages shared"
check "coherent buffers are private again when a driver goes" let_go
say "end?"
read -r
sync
mount -o remount,ro /
echo o >/proc/sysrq-trigger
# Another command would have to be read from the disk.
read -r
