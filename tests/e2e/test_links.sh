#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Guests at unix sockets: a Linux stack behind a bridge that frames as libkrun
# does (krun_peer), over stream and datagram sockets.
#
#	eth0 TAP ── krun_peer ── PATH ── weir serve ── 93.184.216.34 (lo)
#	namespace "guest"                 namespace "host", a web server
#
# The host's namespace owns that address, hence --net all.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"




weir=${WEIR:-$top/build/dev/weir}
peer=${TOOLS:-$top/build/dev/tests/e2e}/krun_peer
far=93.184.216.34
big=$W/www/big
mkdir "$W/www"
head -c 20000000 /dev/urandom >"$big"
chmod -R a+rX "$W/www"

unshare -n sleep 300 & host=$!
until_true 5 test "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)"
there() { nsenter -t "$host" -n "$@"; }
there ip link set lo up
there ip addr add $far/32 dev lo
nsenter -t "$host" -n python3 -m http.server 80 --bind $far --directory "$W/www" \
	>"$W/web.log" 2>&1 & web=$!
until_true 10 there bash -c "exec 3<>/dev/tcp/$far/80" 2>/dev/null || not_ok "the web server" "not there"

# says NAME WANTED CMD...: the last line of the output is WANTED (a pattern)
says() {
	local name=$1 wanted=$2 out
	shift 2
	out=$("$@" 2>&1 </dev/null | tail -n 1)
	# shellcheck disable=SC2053
	if [[ $out == $wanted ]]; then ok "$name"
	else not_ok "$name" "'$out' instead of '$wanted'"; fi
}

serve() { # serve NAME OPTION...
	local name=$1; shift
	mkfifo "$W/$name.ready"
	nsenter -t "$host" -n "$weir" serve "$@" --net all --log "$W/$name.json" -v --ready-fd 4 \
		4>"$W/$name.ready" 2>"$W/$name.err" & served=$!
	read -r -t 10 <"$W/$name.ready" || not_ok "$name: ready" "$(cat "$W/$name.err")"
}

# a namespace with eth0, whose other end is at the socket
join() { # join NAME ARGUMENT...
	local name=$1; shift
	unshare -n sleep 300 & guest=$!
	until_true 5 test "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/self/ns/net)"
	nsenter -t "$guest" -n "$peer" "$@" --tap eth0 >"$W/$name.peer" 2>&1 & bridge=$!
	until_true 5 nsenter -t "$guest" -n ip link show eth0 >/dev/null 2>&1
	inside ip addr add 10.0.2.15/24 dev eth0
	inside ip link set eth0 up mtu 1500
	inside ip route add default via 10.0.2.2
}
inside() { nsenter -t "$guest" -n "$@"; }
leave() { kill "$bridge" "$guest"; wait "$bridge" "$guest" 2>/dev/null; }

fetch() { # fetch SENTENCE [BYTES/s]
	rm -f "$W/got"
	inside curl -s -m 60 -o "$W/got" "http://$far/big"
	cmp -s "$W/got" "$big" && ok "$1" || not_ok "$1" "$(ls -l "$W/got" 2>&1)"
}

stop() { # stop NAME PATH
	kill "$served"
	wait "$served" && ok "$1: stops in order" || not_ok "$1: stops in order" "$(cat "$W/$1.err")"
	[ ! -e "$2" ] && ok "$1: its socket is gone" || not_ok "$1: its socket is gone" "$2"
	python3 "$(dirname "$0")/events.py" "$W/$1.json" >/dev/null &&
		ok "$1: the log is valid" || not_ok "$1: the log is valid" "$(head -3 "$W/$1.json")"
}

serve stream --stream "$W/stream.sock"
for round in first second; do
	join stream --stream "$W/stream.sock"
	fetch "stream: the $round guest gets 20 MB as they are"
	check "stream: the $round guest is answered by the gateway" \
		inside ping -c 1 -W 5 10.0.2.2
	leave
	n=1; [ $round = second ] && n=2
	until_true 5 test "$(grep -c '"event":"link_down"' "$W/stream.json")" -ge $n
	says "stream: that the $round guest went is told" $n \
		grep -c '"event":"link_down"' "$W/stream.json"
done
join stream --stream "$W/stream.sock" --offload
fetch "stream: with large frames and unfinished checksums too"
leave
join stream --stream "$W/stream.sock" --one-byte
check "stream: a peer that writes one byte at a time is served" \
	inside ping -c 1 -W 5 10.0.2.2
leave
says "stream: a second server at the same place is refused" "*in use or no socket*" \
	there "$weir" serve --stream "$W/stream.sock"
stop stream "$W/stream.sock"

serve jumbo --stream "$W/jumbo.sock" --jumbo
join jumbo --stream "$W/jumbo.sock" --offload --jumbo
fetch "jumbo: the guest gets 20 MB as they are"
says "jumbo: in frames that are larger than its MTU" large inside sh -c \
	"ip -s link show eth0 | awk '/RX:/ { getline; print (\$1 > 3000 * \$2 ? \"large\" : \$0) }'"
leave
stop jumbo "$W/jumbo.sock"

serve dgram --dgram "$W/dgram.sock"
join dgram --dgram "$W/dgram.sock" --own "$W/own.sock" --vfkit
fetch "dgram: the guest gets 20 MB as they are"
leave
stop dgram "$W/dgram.sock"

# the other end of an inherited descriptor
cat >"$W/pair.py" <<'PY'
import os, socket, subprocess, sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
p = subprocess.Popen([sys.argv[1], "serve", "--fd", str(b.fileno()), "-q"],
                     pass_fds=[b.fileno()])
b.close()
a.sendall(bytes.fromhex("0000002a") + b"\xff" * 6 + b"\x52\x54\0\x12\x34\x56"
          + bytes.fromhex("080600010800060400015254001234560a00020f0000000000000a000202"))
a.settimeout(10)
want = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02"
got = b""
while want not in got:
    got += a.recv(4096)
a.close()
print("answered", p.wait(10))
PY
says "fd: ARP is answered over an inherited socket, and it ends with its peer" "answered 0" \
	there python3 "$W/pair.py" "$weir"

kill "$web" "$host"
finish
