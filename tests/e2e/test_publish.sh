#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Published ports: what may be asked for, what is said, and clients of the host
# who come to the guest.  Needs no network but loopback.
# $who is read by the functions below wherever they are called from.
# shellcheck disable=SC2015,SC2034,SC2086,SC2317
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/cell.sh
. "$(dirname "$0")/cell.sh"

cell_make
who=root
cp "$here"/publish_*.py "$W/"
inside() { as "$who" "$weir" run "$@"; }
peer() { timeout 20 $py "$W/publish_peer.py" "$@"; }

# ---- what may be asked for ----------------------------------------------------

for spec in 80/sctp 1-2:3 ::1:80:80 '[::1]:80' 0 70000 300.1.1.1:1:2 1:2:3:4 x 80/ \
	5-3:1-3 0-2:3-5 224.0.0.1:1:1 ''; do
	rm -f "$W/tmp/ran"
	gives "--publish '$spec' is 2" 2 inside -p "$spec" touch "$W/tmp/ran"
	check "and CMD does not run" [ ! -e "$W/tmp/ran" ]
done
says "sctp is named" '*sctp is not carried*' inside -p 80:80/sctp true
says "ranges of different length" '*not equally long' inside -p 8000-8002:80-81 true
says "IPv6 without brackets" '*in brackets*' inside -p ::1:8080:80 true
says "a chosen port is said" 'weir: published 127.0.0.1:+([0-9]) -> 80/tcp' inside -p 80 true
says "also when 0 is asked for" 'weir: published 127.0.0.1:+([0-9]) -> 80/tcp' inside -p 0:80 true
says "also with an address alone" 'weir: published 127.0.0.1:+([0-9]) -> 80/udp' inside -p 127.0.0.1::80/udp true
says "also with the letter and the number together" 'weir: published*' inside -p80 true
says "not with -q" '' inside -q -p 80 true
says "a port that was named is not said" '' inside -p 18080:80 true
says "but with -v" 'weir: published 127.0.0.1:18080 -> 80/tcp' \
	bash -c "'$weir' run -v -p 18080:80 true 2>&1 | grep published"
says "each port of a range" '3' \
	bash -c "'$weir' run -p 80-82 true 2>&1 | grep -c published"

# ---- what cannot be bound -----------------------------------------------------

$py -c 'import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 18081)); s.listen(); open(sys.argv[1], "w"); sys.stdin.read()' \
	"$W/taken" <"$W/never" &
exec 9>"$W/never"
wait_file "$W/taken"
for who in $(starters); do
	rm -f "$W/tmp/ran"
	gives "$who: a port that is taken is 125" 125 inside -p 18081:80 touch "$W/tmp/ran"
	check "$who: and CMD does not run" [ ! -e "$W/tmp/ran" ]
	says "$who: and one sentence" 'weir: 127.0.0.1:18081/tcp cannot be published: something else has it;*' \
		inside -p 18081:80 true
	gives "$who: nor as part of a range" 125 inside -p 18079-18083:79-83 true
	gives "$who: the same for udp is free" 0 inside -p 18081:80/udp true
	gives "$who: an address that is not ours is 125" 125 inside -p 192.0.2.1:8080:80 true
	says "$who: and is said" '*does not have that address*' inside -p 192.0.2.1:8080:80 true
	gives "$who: a port asked for twice is 125" 125 inside -p 18085:80 -p 18085:81 true
done
if [ "$WEIR_WORLD" = root ]; then
	who=user
	says "user: a port below 1024 is refused" '*may not have it*ip_unprivileged_port_start=81' inside -p 81:80 true
fi
who=root
gives "root: a port below 1024 is there" 0 inside -p 81:80 true

# ---- who comes ------------------------------------------------------------------

# guest OPTIONS: the guest's servers, until guest_ends
guest_begins() {
	local drop=
	[ "$who" = user ] && drop="setpriv --reuid=65534 --regid=65534 --clear-groups --"
	rm -f "$W/tmp/up" "$W/tmp/up.notes"
	$drop "$weir" run "$@" -- $py "$W/publish_guest.py" "$W/tmp/up" 80 81 82 \
		>"$W/log" 2>&1 </dev/null &
	run=$!
	wait_file "$W/tmp/up" 10 || not_ok "the guest" "$(cat "$W/log")"
}
guest_ends() {
	kill -TERM "$run" 2>/dev/null
	wait "$run" 2>/dev/null
}

comes() {
	guest_begins --ipv6 fd77:6972::15/64 -p 18080:80 -p 18080:80/udp -p '[::1]:18080:80' \
		-p '[::1]:18080:80/udp' -p 18181-18182:81-82 -p 18190:9 -p 18190:9/udp
	says "$who: tcp, both ends close in order" '6 10.0.2.2 80' peer tcp 127.0.0.1 18080
	says "$who: a range, its first" '6 10.0.2.2 81' peer tcp 127.0.0.1 18181
	says "$who: a range, its last" '6 10.0.2.2 82' peer tcp 127.0.0.1 18182
	says "$who: 3 MB" '3000000 10.0.2.2 80' peer long 127.0.0.1 18080
	says "$who: IPv6" '6 fd77:6972::2 80' peer tcp ::1 18080
	says "$who: udp" '80 10.0.2.2 sesame' peer udp 127.0.0.1 18080
	says "$who: udp over IPv6" '80 fd77:6972::2 sesame' peer udp ::1 18080
	says "$who: a guest that resets" ConnectionResetError peer reset 127.0.0.1 18080
	says "$who: a guest that refuses" 'Connection@(Reset|Refused)Error' peer refused 127.0.0.1 18190
	says "$who: the end comes after the last byte" 500000 peer later 127.0.0.1 18080
	says "$who: a hundred at once" 100 peer many 127.0.0.1 18080
	says "$who: other ports are closed" ConnectionRefusedError peer tcp 127.0.0.1 18083
	guest_ends
	says "$who: afterwards the port is free" ConnectionRefusedError peer tcp 127.0.0.1 18080
}
for who in $(starters); do comes; done
who=root
guest_begins -p 80
port=$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 80.*/\1/p' "$W/log")
says "the port that was chosen and said is the one" '6 10.0.2.2 80' peer tcp 127.0.0.1 "$port"
guest_ends
guest_begins -p 0.0.0.0:18080:80
says "on all addresses" '6 10.0.2.2 80' peer tcp 127.0.0.77 18080
guest_ends

# ---- many -----------------------------------------------------------------------

says "1024 ports, more than the soft limit of descriptors" works \
	bash -c "ulimit -Sn 512; '$weir' run -p 20000-21023:20000-21023 echo works"
says "which CMD keeps" 512 \
	bash -c "ulimit -Sn 512; '$weir' run -p 20000-21023:20000-21023 sh -c 'ulimit -Sn'"
gives "1025 are too many" 2 inside -p 20000-21024:20000-21024 true
says "all of them open" '6 10.0.2.2 80' timeout 30 bash -c "
	ulimit -Sn 512
	'$weir' run -p 20000-21022:20000-21022 -p 18080:80 -- $py '$W/publish_guest.py' '$W/tmp/many' 80 &
	until [ -e '$W/tmp/many' ]; do read -rt 0.01 <>'$W/never'; done
	timeout 20 $py '$W/publish_peer.py' tcp 127.0.0.1 18080
	kill %1; wait"
finish
