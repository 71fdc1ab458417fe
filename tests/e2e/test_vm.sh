#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real virtual machines at each link of `weir serve`: QEMU without KVM, Debian's
# cloud kernel, busybox as the whole user space (vm/init says what it does).
#
#	eth0 virtio-net ── QEMU ── PATH ── weir serve ── the world's servers
#
# On one and the same serve: a machine that tries everything, one that is killed
# while much is under way, and one more for each way to set the card up.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

none() { skip "$1" "$2 (scripts/deps vm)"; finish; }
command -v qemu-system-x86_64 >/dev/null || none "virtual machines" "no qemu-system-x86_64"
busybox=$(command -v busybox) || none "virtual machines" "no busybox"
ldd "$busybox" >/dev/null 2>&1 && none "virtual machines" "busybox is not static"
kernel=$("$here/vm/kernel") || none "virtual machines" "no Debian cloud kernel"
read -r image modules <<<"$kernel"
case $image in *-amd64) ;; *) none "virtual machines" "no kernel for amd64" ;; esac

ZONE=weirworld.net
MB=${WEIR_E2E_MB:-20}
ram=$((152 + 2 * MB))	# half of it is for files
world_make
world_dns
in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/http" $main_v4 80 2>>"$W/servers.err" &
in_srv $py "$here/vm/tftpd.py" "$W" "$W/ready/tftp" $main_v4 2>>"$W/servers.err" &
{ wait_file "$W/ready/http" && wait_file "$W/ready/tftp"; } ||
	{ echo "not ok - the world: $(tail -n 3 "$W/servers.err")"; exit 1; }
digest() { PYTHONPATH=$here $py -c "import pattern; print(pattern.digest($1))"; }
sum=$(digest $((MB << 20))) small=$(digest 300000) two=$(digest 2000000)

# ---- the machine ------------------------------------------------------------

queues=${TOOLS:-$top/build/dev/tests/e2e}/queues
initramfs() {
	local root=$W/root name file
	mkdir -p "$root"/{bin,dev,etc,modules,proc,sys,tmp}
	cp "$busybox" "$root/bin/busybox"
	cp "$here/vm/init" "$here/vm/dhcp" "$root/"
	cp "$queues" "$root/bin/" || return 1
	ldd "$queues" | grep -o '/[^ ]*' | xargs -r cp -L --parents -t "$root" || return 1
	chmod 755 "$root/init" "$root/dhcp"
	# in the order in which they need each other; one that is not there is
	# built in
	for name in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev \
			virtio_pci failover net_failover virtio_net; do
		file=$(find "$modules/" -name "$name.ko*" | head -n 1)
		case $file in
		'') continue ;;
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -dqc "$file" ;;
		*) cat "$file" ;;
		esac >"$root/modules/$name.ko" || return 1
		echo "$name" >>"$root/modules/order"
	done
	(cd "$root" && find . | "$busybox" cpio -H newc -o) >"$W/initramfs" 2>/dev/null
}
initramfs || { echo "not ok - the world: no initramfs"; exit 1; }

by=()	# what QEMU is started by
# start NAME PLAN BYTES QEMU-ARGUMENT...: sets $vm and $said, its console
start() {
	local words="console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable"
	words+=" PLAN=$2 BYTES=$3 NOTE=${1// /.} FAR=$main_v4 FAR6=$main_v6 ZONE=$ZONE"
	name=$1 said="$W/console.${1// /.}"
	shift 3
	timeout -k 2 $((60 + MB)) "${by[@]}" qemu-system-x86_64 -accel tcg -m $ram -nodefaults \
		-M q35,memory-backend=ram -display none -no-reboot \
		-object memory-backend-memfd,id=ram,size=${ram}M,share=on \
		-kernel "$image" -initrd "$W/initramfs" -append "$words" \
		-serial file:"$said" "$@" 2>"$said.err" </dev/null & vm=$!
	begun=$(now_ms)
}
# ended: the machine went through its plan
ended() {
	wait $vm
	if grep -q '^vm over' "$said"; then ok "$name: boots, and comes to its end"
	else
		not_ok "$name: boots, and comes to its end" "exit $?"
		tail -n 5 "$said.err" "$said" | sed 's/^/# /'
	fi
	echo "# $name: $(($(now_ms) - begun)) ms"
}
answer() { tr -d '\r' <"$said" | sed -n "s/^vm $1: //p"; }
# says SENTENCE QUESTION WANTED: what the guest said is like the pattern WANTED
says() {
	local got
	got=$(answer "$2")
	# shellcheck disable=SC2053
	if [[ $got == $3 ]]; then ok "$name: $1"
	else not_ok "$name: $1" "'$got' instead of '$3'"; fi
}

joined() {
	says "has its lease" dhcp "*lease of 10.0.2.15 obtained from 10.0.2.2*"
	says "has its address" address 10.0.2.15/24
	says "has its MTU" mtu 1500
	says "reaches the gateway" ping "[1-9] packets received"
}
moved() { # moved BYTES HASH
	says "gets $1 bytes as they are" down "$2  -"
	says "sends $1 bytes as they are" up "$1 $2 eof"
}
everything() {
	joined
	moved $((MB << 20)) "$sum"
	says "resolves the gateway's Ethernet address" arp 1
	says "reaches a host far away" ping-far "1 packets received"
	says "sends and gets fragments" ping-large "1 packets received"
	says "has a route from the router's advertisement" six-route "default via fe80::*"
	says "reaches the gateway over IPv6" six-ping "1 packets received"
	says "gets 300000 bytes over IPv6" six-down "$small  -"
	says "is told a name's address" dns $main_v4
	says "is told that a name is not there" dns-unknown "*NXDOMAIN*"
	says "sees a reset as one" reset "*reset*"
	says "gets 300000 bytes over UDP" udp-down "$small  -"
	says "sends 300000 bytes over UDP" udp-up sent
	if [ "$(cat "$W/notes/${name// /.}" 2>&1)" = "300000 $small" ]; then
		ok "$name: and they arrive as they are"
	else not_ok "$name: and they arrive as they are" "$(cat "$W/notes/${name// /.}" 2>&1)"; fi
	says "is refused what the policy denies" denied "*Connection refused*"
	says "is refused what the server refuses" refused "*Connection refused*"
	says "makes 50 connections, one after another" many 50
}

# ---- the door ---------------------------------------------------------------

served() { # served WHAT OPTION...
	what=$1; shift
	mkfifo "$W/$what.ready"
	"$WEIR" serve "$@" --log "$W/$what.json" -v --grace 1 --ready-fd 4 \
		4>"$W/$what.ready" 2>"$W/$what.err" & weir=$!
	read -r -t 10 <"$W/$what.ready" || not_ok "$what: ready" "$(cat "$W/$what.err")"
	rm -f "$W/$what.ready"
	engine=$(find_role $weir engine)
	downs=0
}
descriptors() { find "/proc/$engine/fd" -mindepth 1 | wc -l; }
count() { grep -c "\"event\":\"$1\"" "$W/$what.json"; }
has_count() { [ "$(count "$1")" -ge "$2" ]; }
gone() { # Weir has noticed
	downs=$((downs + 1))
	until_true 5 has_count link_down $downs && ok "$name: that it went is told" ||
		not_ok "$name: that it went is told" "$(count link_down) instead of $downs"
}
idle() { [ "$(descriptors)" -le "$before" ]; }
denied_event() {
	grep '"event":"deny"' "$W/$what.json" | grep '"dst":"10.77.0.2' | grep -c '"rule"\|"reason"'
}
closed() { # closed: the end of the serve
	until_true 5 idle && ok "$what: no descriptor is left" ||
		not_ok "$what: no descriptor is left" "$(descriptors), $before before"
	kill $weir
	wait $weir && ok "$what: stops in order" || not_ok "$what: stops in order" "$(tail -n 3 "$W/$what.err")"
	[ ! -e "$W/$what.sock" ] && ok "$what: its socket is gone" ||
		not_ok "$what: its socket is gone" "$W/$what.sock"
	[ "$(denied_event)" -ge 1 ] && ok "$what: the denial is an event" ||
		not_ok "$what: the denial is an event" "$(grep -c . "$W/$what.json") events"
	check "$what: the log is valid" $py "$here/events.py" "$W/$what.json"
}

# killed NAME ARGUMENT...: while bytes go both ways
killed() {
	start "$1" flood 0 "${@:2}"
	if until_true 40 grep -qs '^vm flowing' "$said"; then ok "$name: much is under way"
	else not_ok "$name: much is under way" "$(tail -n 2 "$said.err" "$said")"; fi
	kill -9 "$(tr -d " " <"/proc/$vm/task/$vm/children")"
	wait $vm 2>/dev/null
}
short() { go short "$@"; }
go() { # go PLAN NAME ARGUMENT...: what `short` has, and more
	start "$2" "$1" 2000000 "${@:3}"
	ended
	joined
	moved 2000000 "$two"
	gone
}

card() { echo "virtio-net-pci,netdev=n,mac=52:54:00:12:34:56,romfile=,vectors=0${1:+,$1}"; }

stream() {
	local net=(-netdev "stream,id=n,addr.type=unix,addr.path=$W/stream.sock")
	served stream --stream "$W/stream.sock"
	before=$(descriptors)
	start "stream" all $((MB << 20)) "${net[@]}" -device "$(card)"
	ended
	everything
	gone
	killed "stream, killed" "${net[@]}" -device "$(card)"
	gone
	short "stream, the next" "${net[@]}" -device "$(card)"
	closed
}

dgram() {
	local net=(-netdev "dgram,id=n,local.type=unix,local.path=$W/own.sock,remote.type=unix,remote.path=$W/dgram.sock")
	served dgram --dgram "$W/dgram.sock"
	before=$(descriptors)
	start "dgram" all $((MB << 20)) "${net[@]}" -device "$(card)"
	ended
	everything
	gone
	killed "dgram, killed" "${net[@]}" -device "$(card)"
	gone
	short "dgram, the next" "${net[@]}" -device "$(card)"
	closed
}

vhost() {
	local net=(-chardev "socket,id=c,path=$W/vhost-user.sock" -netdev "vhost-user,id=n,chardev=c")
	served vhost-user --vhost-user "$W/vhost-user.sock"
	before=$(descriptors)
	start "vhost-user" all $((MB << 20)) "${net[@]}" -device "$(card)"
	ended
	everything
	gone
	killed "vhost-user, killed" "${net[@]}" -device "$(card)"
	gone
	short "vhost-user, the next" "${net[@]}" -device "$(card)"
	short "vhost-user, one buffer a frame" "${net[@]}" -device "$(card mrg_rxbuf=off,event_idx=off)"
	short "vhost-user, nothing offered" "${net[@]}" -device \
		"$(card csum=off,guest_csum=off,gso=off,indirect_desc=off,mrg_rxbuf=off)"
	net[3]+=,queues=2
	go pairs "vhost-user, two queue pairs" "${net[@]}" -smp 2 -device "$(card mq=on)"
	says "has two queue pairs" queues 2
	for cpu in 0 1; do
		says "processor $cpu gets 300000 bytes" down-$cpu "$small  -"
		# packets of both queues before and after
		read -r -a n < <(answer queues-$cpu)
		mine=$((n[2 + cpu] - n[cpu])) others=$((n[3 - cpu] - n[1 - cpu]))
		if [ $mine -gt $((3 * others)) ]; then ok "$name: $cpu has them in its own pair"
		else not_ok "$name: $cpu has them in its own pair" "$mine, and $others in the other"; fi
	done
	closed
}

# both ends of a pair, inherited
inherited() {
	what=fd name=fd
	cat >"$W/pair.py" <<-'END'
		import os, socket, subprocess, sys
		weir, log, err, *qemu = sys.argv[1:]
		a, b = socket.socketpair()
		p = subprocess.Popen([weir, "serve", "--fd", str(b.fileno()), "--log", log, "-q"],
		                     pass_fds=[b.fileno()], stderr=open(err, "w"))
		b.close()
		q = subprocess.run([w.replace("@FD", str(a.fileno())) for w in qemu], pass_fds=[a.fileno()])
		a.close()
		sys.exit(q.returncode or p.wait(10))
	END
	by=("$py" "$W/pair.py" "$WEIR" "$W/fd.json" "$W/fd.err")
	start "fd" short 2000000 -netdev "stream,id=n,addr.type=fd,addr.str=@FD" -device "$(card)"
	by=()
	wait $vm && ok "$name: both end in order" || not_ok "$name: both end in order" "$(tail -n 2 "$W/fd.err" "$said.err")"
	ended
	joined
	moved 2000000 "$two"
	check "$what: the log is valid" $py "$here/events.py" "$W/$what.json"
}

for link in ${WEIR_E2E_LINKS:-stream dgram vhost inherited}; do $link; done
finish
