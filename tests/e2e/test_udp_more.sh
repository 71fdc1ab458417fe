#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# UDP with real clients, and UDP in numbers.  The server answers for all of
# 1.3.0.0/16, each datagram from the address it went to.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
world_dns
in_srv ip route add local 1.3.0.0/16 dev lo
ip route add 1.3.0.0/16 via 93.184.216.254
in_srv $py "$here/anyecho.py" "$W/ready/any" 2>>"$W/servers.err" &
wait_file "$W/ready/any" || { cat "$W/servers.err"; exit 1; }

has() { command -v "$1" >/dev/null; }

dig_works() {
	local out
	out=$(guest -- dig +time=3 +tries=2 @$dns_v4 one.example A 2>&1) || { echo "$out"; return 1; }
	grep -q 'status: ' <<<"$out" || { echo "$out"; return 1; }
}

# a conversation of nc: each line goes there and comes back
nc_talks() { # nc_talks OPTION ADDRESS
	local out
	# shellcheck disable=SC2016
	out=$(guest -- bash -c '
		coproc nc -u '"$1 $2"' 7
		for i in 1 2 3 four; do
			echo "line $i" >&${COPROC[1]}
			read -r -t 3 back <&${COPROC[0]}
			[ "$back" = "line $i" ] || { echo "line $i: $back"; exit 1; }
		done
		kill $COPROC_PID' 2>&1) || { echo "$out"; return 1; }
}

# what is lost of 20 Mbit/s for two seconds; a loaded machine is asked again
iperf() { # iperf ADDRESS [options of iperf3]
	local to=$1 out lost
	shift
	for _ in 1 2 3; do
		out=$(guest -- iperf3 -u -c "$to" -t 2 -b 20M -J "$@" 2>&1) || { echo "$out" | grep error; return 1; }
		lost=$($py -c 'import json, sys; print(json.load(sys.stdin)["end"]["sum"]["lost_percent"])' <<<"$out")
		echo "$lost % lost"
		$py -c "import sys; sys.exit(not $lost < 1)" && return 0
	done
	return 1
}

if has dig; then check "dig asks and is answered" dig_works; else skip dig "not here"; fi
if nc -h 2>&1 | grep -q OpenBSD; then
	check "nc -u over IPv4" nc_talks -4 $main_v4
	check "nc -u over IPv6" nc_talks -6 $main_v6
else skip "nc -u" "needs netcat-openbsd"; fi
if has iperf3; then
	for a in $main_v4 $main_v6; do
		in_srv iperf3 -s -D -B $a >/dev/null
		until_true 5 in_srv bash -c "</dev/tcp/$a/5201" 2>/dev/null
		check "iperf3 -u up to $a" iperf $a -l 1400
		check "iperf3 -u down from $a" iperf $a -l 1400 -R
		check "iperf3 -u with datagrams as large as they get, up to $a" iperf $a
	done
else skip iperf3 "not here"; fi

cases "as root" guest -- $py "$here/guest_udp_more.py"
cases "MTU 1500" guest --mtu 1500 -- $py "$here/guest_udp_more.py"

# ---- bounded ----------------------------------------------------------------

# a storm of destinations while one old conversation goes on
storm() {
	local engine before after run
	"$WEIR" run "${run_options[@]}" -- $py "$here/guest_udp_more.py" --storm >"$W/storm" 2>&1 &
	run=$!
	until_true 5 has_role $run engine || return 1
	engine=$(find_role $run engine)
	wait_file "$W/ready/storm.begins" 20 || { cat "$W/storm"; return 1; }
	before=$(pss_kib "$engine")
	touch "$W/gates/storm.begin"
	wait_file "$W/ready/storm.over" 120 || { cat "$W/storm"; return 1; }
	after=$(pss_kib "$engine")
	touch "$W/gates/storm.end"
	wait $run || { cat "$W/storm"; return 1; }
	echo "$before KiB before, $after KiB after"
	grep -q '__asan_init' "$WEIR" || [ $((after - before)) -lt 16384 ]
}

if bare; then skip "a storm of destinations" "needs Weir"
else
	limit=200
	check "200,000 destinations: bounded, and an old conversation lives" storm
fi
finish
