#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ICMP: echo to hosts outside, errors from the way, traceroute and its kin.
#
#   guest == weir run -- w0 .. s0 [server] s1 --- d0 [deep]
#                                 forwards        1.2.4.2  2606:4700:aa::2
#                                 93.184.216.254  MTU 1400
#
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
deep_v4=1.2.4.2 deep_v6=2606:4700:aa::2

in_deep() { nsenter -t "$deep" -n "$@"; }
make_deep() {
	deep=$(new_netns)
	until_true 5 other_netns "$deep" || return 1
	in_deep bash -ec "$(quiet_kernel)" || return 1
	in_srv ip link add name s1 mtu 1400 type veth peer name d0 netns "$deep" || return 1
	in_srv ip -batch - <<-END || return 1
		addr add 1.2.4.1/24 dev s1
		addr add 2606:4700:aa::1/64 dev s1 nodad
		link set s1 up
	END
	in_deep ip -batch - <<-END || return 1
		link set d0 mtu 1400 up
		addr add $deep_v4/24 dev d0
		addr add $deep_v6/64 dev d0 nodad
		route add default via 1.2.4.1
		route add default via 2606:4700:aa::1
	END
	serve "$deep" deep $deep_v4 $deep_v6
	wait_file "$W/ready/deep"
}
make_deep || { echo "not ok - the world: nothing is behind the server"; exit 1; }
world_host || { echo "not ok - the world: no servers on the host"; exit 1; }

# A command in the sandbox may have no raw sockets; one that enters its network
# from outside may.  begin_raw [options]: a sandbox that sleeps; sets run, inner
begin_raw() {
	"$WEIR" run "${run_options[@]}" "$@" -- sleep 200 &
	run=$!
	until_true 10 find_sleep && until_true 5 has_link
}
find_sleep() {
	local p
	for p in $(tree_of $run); do
		[ "$(role_of "$p")" = "sleep 200" ] && inner=$p && other_netns "$p" && return 0
	done
	return 1
}
has_link() { nsenter -t "$inner" -n ip -o route get 1.1.1.1 >/dev/null 2>&1; }
in_raw() { timeout -k 2 "$limit" nsenter -t "$inner" -n -- "$@"; }
end_raw() { kill $run; wait $run; }

cases "as root" guest --net all -- $py "$here/guest_icmp.py"
cases "MTU 1500, ordinary user" guest_user --net all --mtu 1500 -- $py "$here/guest_icmp.py"
cases "MTU 1280" guest --net all --mtu 1280 -- $py "$here/guest_icmp.py"
if ! bare; then
	for mtu in 65520 1500; do
		begin_raw --net all --mtu $mtu || { echo "not ok - a sandbox that sleeps does not start"; exit 1; }
		WEIR_E2E_ONLY='ident|checksum|mtr|make.up' cases "raw, MTU $mtu" in_raw $py "$here/guest_icmp.py"
		end_raw
	done
fi

# ---- what decides -----------------------------------------------------------

refused_class() {
	local out
	out=$(guest --net public -- ping -n -c 2 -i 0.2 -W 1 10.77.0.2 2>&1) && { echo "$out"; return 1; }
	grep -q 'From 10.0.2.2.*Packet filtered' <<<"$out" || { echo "$out"; return 1; }
	out=$(guest --net public -- ping -n -c 1 -W 2 $main_v4 2>&1) || { echo "$out"; return 1; }
}

group_range=/proc/sys/net/ipv4/ping_group_range
forbidden() {
	local before out status=0
	before=$(cat $group_range)
	echo "1 0" >$group_range
	out=$(guest -v -- sh -c "ping -n -c 2 -i 0.2 -W 1 $main_v4; ping -n -c 1 -W 2 10.0.2.2; ping -6 -n -c 1 -W 1 $main_v6" 2>&1)
	echo "$before" >$group_range
	[ "$(grep -c 'sysctl -w net.ipv4.ping_group_range="0 2147483647"' <<<"$out")" = 1 ] || status=1
	grep -q 'From 10.0.2.2.*Packet filtered' <<<"$out" || status=1
	grep -q '64 bytes from 10.0.2.2' <<<"$out" || status=1
	grep -q 'Administratively prohibited' <<<"$out" || status=1
	[ $status = 0 ] || echo "$out"
	return $status
}

# thousands of idents: bounded, and the next ping is served
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
many_idents() {
	local engine most status
	begin_raw || return 1
	engine=$(find_role $run engine)
	in_raw $py "$here/guest_icmp.py" --idents 3000 >"$W/idents" 2>&1 &
	local guest=$!
	wait_file "$W/ready/idents" 30 || { cat "$W/idents"; return 1; }
	most=$(descriptors "$engine")
	touch "$W/gates/idents"
	wait $guest; status=$?
	end_raw
	cat "$W/idents"
	echo "$most descriptors"
	[ $status = 0 ] && [ "$most" -gt 250 ] && [ "$most" -lt 300 ]
}

if bare; then skip "verdicts" "needs Weir"
else
	check "an echo that the network does not allow is answered with prohibited" refused_class
	check "no ping sockets: said once, with the remedy, and prohibited" forbidden
	check "3,000 idents use 256 sockets, and the last one is answered" many_idents
fi
finish
