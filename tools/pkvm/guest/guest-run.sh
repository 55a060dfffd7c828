#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Run a real guest in the host: a distribution's VMM, its kernel, and init.sh as the
# guest's first process. Talk to that on the guest's console, and report what it found,
# as TAP, with all that the console said.
#
# usage: guest-run [OPTION=NUMBER]...
#	pvm_seconds=540	how long it may take
#	pvm_cpus=1	how many vCPUs the guest has
#	pvm_protected=0	an ordinary VM, not a protected one
#	pvm_root=1	our own kernel, and Debian's root file system on virtio
#	pvm_look=1	look for what the guest keeps in its memory, and give the guest up
#	pvm_reset=1	the guest only resets
#	pvm_verbose=1	all that the kernel says; otherwise its warnings and our report,
#			since each character on the console is an exit to the VMM
#
# The guest gets them, too. It must boot, check itself and power off. It says, a line at
# a time, each after "pvm: ":
#
#	boot			the first process runs
#	ok NAME			a check that passed
#	ok NAME # SKIP WHY	one that this CPU or machine has no use for
#	not ok NAME: WHY	one that did not pass
#	value NAME VALUE	something that a person wants to see
#	pattern GPA GPA WORD	two pages are full of a word that only the guest knew
#	end?			waits for a line, then powers off

[ -e /bin/sh ] || /bin/busybox --install -s /bin
export PATH=/bin

seconds=540 cpus=1 protected=1 root='' look='' reset='' verbose=''
for option; do
	case $option in
	pvm_*=*)	eval "${option#pvm_}" ;;
	*)		echo "guest-run: this is no option: $option"; exit 2 ;;
	esac
done
[ "$protected" = 1 ] || protected=

# The distribution's VMM runs in a root of its own, on a disk with what it loads.
if ! [ -e /vmm/dev/kvm ]; then
	mkdir -p /vmm
	mount -t ext2 -o ro /dev/vda /vmm && mount -o bind /dev /vmm/dev &&
		mount -t proc proc /vmm/proc && mount -t tmpfs tmp /vmm/tmp || exit 1
	[ -e /vmm/dev/kvm ] || { echo "guest-run: there is no /dev/kvm"; exit 1; }
fi

# An emulated host that has to share its machine stalls for seconds.
cmdline="console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 printk.devkmsg=on"
cmdline="$cmdline watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
case $(grep -m 1 ^Features /proc/cpuinfo) in *paca*) pauth=1 ;; *) pauth=0 ;; esac
cmdline="$cmdline loglevel=$((verbose ? 7 : 5)) pvm_pauth=$pauth $*"

set -- -M virt,gic-version=3 -accel kvm -cpu host -m 512M -nodefaults -display none \
	-smp "$cpus" -serial ${look:+mon:}stdio
# A reset of a protected VM is for the preload to deal with.
[ -n "$protected" ] || set -- "$@" -no-reboot
if [ -n "$root" ]; then
	# The host's second disk. These devices see shared memory only.
	shared=iommu_platform=on,disable-legacy=on
	set -- "$@" -kernel /boot/root-kernel -drive file=/dev/vdb,format=raw,if=none,id=root \
		-device "virtio-blk-pci,drive=root,$shared" -netdev user,id=net \
		-device "virtio-net-pci,netdev=net,romfile=,$shared"
	# A pool for what devices see, since the default one shrinks to 1 MB a GB, and probes
	# that say how many pages are shared and taken back.
	cmdline="$cmdline root=/dev/vda rw init=/sbin/root-check swiotlb=8192"
	cmdline="$cmdline kprobe_event=p:share,pkvm_set_memory_decrypted,n=%x1:u32"
	cmdline="$cmdline;p:unshare,pkvm_set_memory_encrypted,n=%x1:u32"
else
	set -- "$@" -kernel /boot/guest-kernel -initrd /boot/guest-initrd
fi

# What is known of the guest so far, and the cases of this test, printed at its end.
boots=0 ends='' looks=0 pages='' word=''
nr=0 cases='' failed=0

# add STATUS NAME
add() {
	local result=ok

	[ "$1" = 0 ] || result="not ok" failed=1
	nr=$((nr + 1)) cases="$cases$result $nr $2
"
}

# Print the VMM's CPU time, that of the guest and of KVM included, and what KVM counted
# for the VMM's VMs, of which only one has run.
print_stats() {
	local file value

	echo "# stat: cpu_ns $(/vmm/look cpu $vmm)"
	for file in /sys/kernel/debug/kvm/"$vmm"-*/*; do
		[ -f "$file" ] && read -r value <"$file" || continue
		case $value in '' | 0 | *[!0-9]*) ;; *) echo "# stat: ${file##*/} $value" ;; esac
	done
}

# found HOW WHAT GOOD: what a look at the guest's memory found, and whether it had to,
# which is a status.
found() {
	echo "# look: $1: $2"
	add "$3" "$1: $2"
	looks=$((looks + 1))
}

# words FILE SIZE NUMBER: the different words in a block of a file of the VMM.
words() {
	dd if="/proc/$vmm/$1" bs="$2" skip="$3" count=1 2>/tmp/dd.log |
		od -An -v -t x8 | grep -o '[0-9a-f]*' | sort -u
}

# Print what the kernel reads in a page of the VMM.
look_by_kernel() {
	local found

	found=$(words mem 4096 "$1")
	case $found in
	'')			sed -n '1s/.*: //p' /tmp/dd.log ;;
	*"${word#0x}"*)		echo "the pattern" ;;
	0000000000000000)	echo "zeroes" ;;
	*)			echo "something else" ;;
	esac
}

# The VMM has told where it has the first page.
look_at() {
	local what page=$(($1 / 4096))

	if [ -n "$protected" ]; then
		what=$(/vmm/look el2 $((0x$(words pagemap 8 $page) & ((1 << 55) - 1))))
		[ "$what" = refused ]
		found "EL2, asked for its page" "$what" $?
	fi
	what=$(look_by_kernel $page)
	case "$protected $what" in
	"1 the pattern" | "1 something else")	false ;;
	"1 "* | " the pattern")			true ;;
	*)					false ;;
	esac
	found /proc/PID/mem "$what" $?
}

# The guest's first process said it.
told() {
	case $1 in
	boot)		boots=$((boots + 1)) ;;
	"end?")
		ends=1
		print_stats
		# C-a c leads from the guest's console to the VMM's monitor.
		if [ -n "$look" ]; then
			printf '\001cgpa2hva %s\n' "${pages% *}" >&3
		else
			echo go >&3
		fi
		;;
	"pattern "*)	pages=${1#pattern } word=${pages##* } pages=${pages% *} ;;
	"ok "*)		add 0 "${1#ok }" ;;
	"not ok "*)	add 1 "${1#not ok }" ;;
	"value "*)	echo "# value: ${1#value }" ;;
	esac
}

# The VMM's monitor said it: where the first page is, or what is in the second.
monitor_said() {
	case $1 in
	*"Host virtual address for "*)
		look_at "${1##* is }"
		echo "xp /1xg ${pages#* }" >&3
		;;
	"$(printf %016x "${pages#* }"): "*)
		[ -z "$protected" ] && [ "${1##*: }" = "$word" ]
		found "the VMM's mapping" \
			"$([ "${1##*: }" = "$word" ] && echo the pattern || echo something else)" $?
		kill -KILL $vmm
		;;
	esac
}

echo "TAP version 13"
rm -f /tmp/to-guest /tmp/from-guest /tmp/late
mkfifo /tmp/to-guest /tmp/from-guest
exec 3<>/tmp/to-guest
(
	[ -z "$protected" ] || export LD_PRELOAD=/usr/lib/preload.so
	exec chroot /vmm /usr/bin/qemu-system-aarch64 "$@" -append "$cmdline"
) </tmp/to-guest >/tmp/from-guest 2>/tmp/vmm.log 3>&- &
vmm=$!
(
	sleep "$seconds"
	echo "no end within $seconds s" >/tmp/late
	kill -KILL $vmm
) >/dev/null 2>&1 &
watchdog=$!

cr=$(printf '\r')
while IFS= read -r line; do
	line=${line%"$cr"}
	echo "# console: $line"
	case $line in
	*"pvm: "*)	told "${line#*pvm: }" ;;
	*)		[ -z "$pages" ] || monitor_said "$line" ;;
	esac
done </tmp/from-guest

wait $vmm 2>/dev/null
status=$? how=
kill $watchdog 2>/dev/null
if [ -e /tmp/late ]; then
	how=": $(cat /tmp/late)"
elif [ $status -gt 128 ]; then
	how=": killed by signal $((status - 128))"
elif [ $status -gt 0 ]; then
	how=": exit status $status"
fi
sed 's/^/# vmm: /' /tmp/vmm.log

if [ -n "$protected" ]; then
	grep -q ': a protected VM' /tmp/vmm.log
	add $? "the VM is a protected one"
fi
if [ -n "$look" ]; then
	# The VMM that told what it read was killed; any other died of the access.
	if [ $looks -gt 0 ] && [ $status -eq $((128 + 11)) ]; then
		[ -n "$protected" ]
		found "the VMM's mapping" SIGSEGV $?
	fi
	[ $looks -eq $((protected ? 3 : 2)) ] || add 1 "the VMM does not look$how"
else
	[ $boots -eq 1 ] && [ -n "$ends" ]
	add $? "the guest's first process runs to its end"
	way="powers off"
	[ -z "$reset" ] || way=resets
	add "${#how}" "the guest $way, and the VMM ends$how"
fi
echo "1..$nr"
printf '%s' "$cases"
exit $failed
