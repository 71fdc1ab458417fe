#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What CMD sent before it ended arrives, and does not hold up the end for long.
# Needs no network but loopback.
# $who is read by the functions below wherever they are called from.
# shellcheck disable=SC2015,SC2034,SC2086,SC2317
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/cell.sh
. "$(dirname "$0")/cell.sh"

cell_make
who=root
cp "$here/linger_peer.py" "$W/"
inside() { as "$who" "$weir" run --net all --ipv6 fd77:6972::15/64 "$@"; }

# server RATE: $port, what came will be in $W/came
server() {
	rm -f "$W/port" "$W/came"
	$py "$W/linger_peer.py" serve "$W/port" "$W/came" "$1" 2>"$W/server.err" &
	server=$!
	wait_file "$W/port" || not_ok "the server" "$(cat "$W/server.err")"
	port=$(cat "$W/port")
}
# took CMD...: its time in ms, and its status in $status
took() {
	local begin
	begin=$(now_ms)
	"$@" >"$W/out" 2>&1 </dev/null
	status=$?
	ms=$(($(now_ms) - begin))
}
within() { # within NAME MS: the last one was so fast, and ended well
	[ "$status" = 0 ] && [ "$ms" -le "$2" ] && ok "$1" ||
		not_ok "$1" "status $status after $ms ms: $(tail -n 1 "$W/out")"
}
arrives() { # arrives NAME BYTES
	wait_file "$W/came" 10
	[ "$(cat "$W/came" 2>/dev/null)" = "$2 right whole" ] && ok "$1" ||
		not_ok "$1" "came: $(cat "$W/came" 2>/dev/null || echo nothing)"
}

for who in $(starters); do
	server 8
	took inside $py "$W/linger_peer.py" send 10.0.2.2 "$port" 20
	within "$who: 20 MB, closed and ended at once, to a slow server" 7000
	arrives "$who: it arrives whole" 20000000
	server 8v6
	took inside $py "$W/linger_peer.py" send fd77:6972::2 "$port" 12
	within "$who: 12 MB the same way over IPv6" 7000
	arrives "$who: they arrive whole" 12000000
	server 100
	took inside bash -c "echo x >/dev/tcp/10.0.2.2/$port"
	within "$who: one line" 1500
	wait_file "$W/came" 10
	check "$who: it arrives" grep -q '^2 ' "$W/came"
	server 100
	took inside bash -c "yes | head -c 3000000 >/dev/tcp/10.0.2.2/$port; exec sleep 0"
	within "$who: 3 MB of a child" 2000
	wait_file "$W/came" 10
	check "$who: they arrive" grep -q '^3000000 ' "$W/came"
	server never
	took inside $py "$W/linger_peer.py" send 10.0.2.2 "$port" -
	within "$who: a server that never reads is not waited for for ever" 4800
	check "$who: but for three seconds" [ "$ms" -ge 3000 ]
	kill $server; wait $server 2>/dev/null
	server never
	rm -f "$W/tmp/sent"
	drop=
	[ "$who" = user ] && drop="setpriv --reuid=65534 --regid=65534 --clear-groups --"
	$drop "$weir" run --net all sh -c "$py $W/linger_peer.py send 10.0.2.2 $port -; touch $W/tmp/sent" \
		>"$W/out" 2>&1 </dev/null &
	run=$!
	wait_file "$W/tmp/sent"
	begin=$(now_ms)
	kill -TERM $run
	wait $run
	check "$who: a signal ends the wait" [ $(($(now_ms) - begin)) -le 1300 ]
	kill $server; wait $server 2>/dev/null
	server never
	took inside bash -c "exec 5<>/dev/tcp/10.0.2.2/$port; sleep 100 & exit 0"
	within "$who: a connection that is only open is not waited for" 1000
	kill $server; wait $server 2>/dev/null
done
who=root
took inside true
within "without connections the end is as it was" 500
finish
