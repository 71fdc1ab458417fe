#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --limit-up and --limit-down: TCP is slowed by its windows and not by loss,
# flows share, UDP beyond the rate is dropped and counted, and who is not limited
# feels nothing.
#
# More than the rate can never pass, however busy the machine, so that bound is
# tight.  Less can, so that one is wide and asked three times; how exact the
# rate is kept on a quiet machine is a question for the benchmark.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
bare && { skip "rates" "needs Weir"; finish; }

# is EXPRESSION: of what the guest said, and `weir`, what Weir counted
is() {
	$py - "$1" "$W/rates" "$W/rates.err" <<-'PY'
		import json, re, sys
		said = open(sys.argv[3]).read()
		weir = dict((k, int(n)) for k, n in re.findall(r"\b([a-z_]+) (\d+)[,\n]", said))
		got = json.loads(open(sys.argv[2]).read())
		sys.exit(not eval(sys.argv[1], {"weir": lambda k: weir.get(k, 0)}, got))
	PY
}
# rates [options] -- WHAT...: runs it; what the guest and Weir said is kept
rates() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	guest -v "${opts[@]}" -- $py "$here/guest_rates.py" "$@" >"$W/rates" 2>"$W/rates.err" ||
		{ tail -n 3 "$W/rates.err"; return 1; }
}
say() { echo "# $*: $(cut -c 1-150 "$W/rates")" >&3; }
exec 3>&1

# SENT AGAIN by the server, in segments; its SYNs to a backlog that is full and
# stays so (servers.py) are none of them
srv_segments() {
	in_srv cat /proc/net/snmp /proc/net/netstat | awk '
		!($1 in name) { name[$1] = $0; next }
		{ n = split(name[$1], key); for (i = 2; i <= n; i++) got[key[i]] = $i; delete name[$1] }
		END { print got["OutSegs"], got["RetransSegs"] - got["TCPSynRetrans"] }'
}
# few SENT AGAIN SENT AGAIN, before and after: at most one in 50
few() { [ $((($4 - $2) * 50)) -le $(($3 - $1 + 1000)) ] || { echo "the server sent $(($4 - $2)) of $(($3 - $1)) segments again"; return 1; }; }

# slowed WAY FLOWS RATE MTU: 3 s; at most the rate with its burst, about the
# rate, fairly, and hardly anything sent twice
slowed() {
	local before
	for _ in 1 2 3; do
		before=$(srv_segments)
		rates "--limit-$1" "$3mbit" --mtu "$4" -- tcp "$1" "$2" 3 || return 1
		say "$1, $2 flows, $3 Mbit/s, MTU $4"
		is "mbit < 1.06 * $3" || { echo "faster than the rate: $(<"$W/rates")"; return 1; }
		is "again <= 20 + segments / 50 and lost <= 20 + segments / 50" ||
			{ echo "slowed by loss: $(<"$W/rates")"; return 1; }
		# shellcheck disable=SC2046,SC2086
		few $before $(srv_segments) || return 1
		is "mbit > 0.8 * $3 and least * $2 > all / 4" && return
	done
	echo "$(<"$W/rates")"
	return 1
}
for way in up down; do
	for mtu in 65520 1500; do
		check "$way: one flow is slowed to 50 Mbit/s, MTU $mtu" slowed $way 1 50 $mtu
	done
	check "$way: 50 flows together, and each has its part" slowed $way 50 50 1500
	check "$way: two flows share evenly" slowed $way 2 20 65520
done

# ---- what has no window -------------------------------------------------------

# dropped OPTION RATE COUNT SIZE PASS: of COUNT datagrams about PASS and what
# the rate gives meanwhile come back
dropped() {
	rates "$1" "$2" -- udp "$3" "$4" || return 1
	say "$3 datagrams of $4 bytes, $1 $2"
	is "got >= $5 * 0.8" || { echo "too few: $(<"$W/rates")"; return 1; }
	is "got <= ($5 + $6 * (seconds + 0.1)) * 1.06 + 5" || { echo "too many: $(<"$W/rates")"; return 1; }
	is "weir('limit_rate') >= 0.95 * (sent - got)" || { echo "not counted: $(tail -n 3 "$W/rates.err")"; return 1; }
	is "weir('limit_rate') <= sent - got" || { echo "counted twice: $(tail -n 3 "$W/rates.err")"; return 1; }
}
# a burst of 64 KiB are 45 of them, 10 Mbit/s are 866 a second
check "up: datagrams beyond the rate are dropped and counted" dropped --limit-up 10mbit 2000 1400 45 866
check "down: datagrams beyond the rate are dropped and counted" dropped --limit-down 10mbit 2000 1400 45 866
check "up: packets beyond the rate are dropped and counted" dropped --limit-up 100pps 1000 10 64 100
check "down: packets beyond the rate are dropped and counted" dropped --limit-down 100pps 1000 10 64 100

# answered HOST OPTION...: 20 of 20, three quarters below 50 ms
answered() {
	for _ in 1 2 3; do
		rates "${@:2}" -- meanwhile "$1" || return 1
		is "answered == 20 and ms[14] < 50" && return
	done
	echo "$(<"$W/rates")"
	return 1
}
for option in --limit-down --limit-up; do
	check "the gateway answers ping while a download runs at its limit ($option)" answered 10.0.2.2 $option 20mbit
done
check "the world answers ping while a download runs at its limit" answered $main_v4 --limit-down 20mbit

# ---- and who is not limited ---------------------------------------------------

# free WAY [options]: several times what a limit of 50 gives
free() {
	local way=$1
	shift
	for _ in 1 2 3; do
		rates "$@" -- tcp "$way" 4 1 || return 1
		say "$way, 4 flows, ${*:-no limit}"
		is "mbit > 200 and weir('limit_rate') == 0" && return
	done
	echo "$(<"$W/rates")"
	return 1
}
for way in up down; do check "$way: no limit, no slowness" free $way; done
check "a limit of what goes up does not slow what comes down" free down --limit-up 20mbit
check "a limit of what comes down does not slow what goes up" free up --limit-down 20mbit
all_arrive() { rates -- udp 1000 1400 && is "got >= 0.99 * sent and weir('limit_rate') == 0" || { cat "$W/rates"; return 1; }; }
check "no limit, no datagram lost" all_arrive
finish
