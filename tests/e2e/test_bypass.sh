#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A guest that makes its own frames tries to get around the rules: segments that
# overlap, ClientHellos and heads that can be read in two ways, hidden
# questions, fragments.  What reached the server is compared byte for byte.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

if bare; then skip "bypass" "needs Weir"; finish; fi
world_make
world_dns
in_srv $py "$here/bypass_peer.py" --dir "$W" --ready "$W/ready/bypass" \
	$main_v4 93.184.216.35 10.77.0.2 169.254.169.254 2>>"$W/servers.err" &
wait_file "$W/ready/bypass" || { cat "$W/servers.err"; exit 1; }

guest=$(new_netns)
until_true 5 other_netns "$guest"
# played PART OPTIONS: one Weir with these rules, and the guest's part
played() {
	local part=$1 serve
	shift
	rm -f "$W/tmp/pid"
	"$WEIR" serve --netns "$guest" --no-config --mtu 1500 --ipv6 off --pid "$W/tmp/pid" \
		--log "$W/tmp/log.$part" "$@" </dev/null 2>"$W/tmp/said" &
	serve=$!
	is_up() { [ -s "$W/tmp/pid" ] || is_gone "$serve"; }
	until_true 10 is_up
	if is_gone "$serve"; then not_ok "$part" "$(tail -n 2 "$W/tmp/said")"; return; fi
	# the card is there and has no address: the kernel's stack stays out of it
	nsenter -t "$guest" -n bash -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
		ip link set eth0 up'
	cases "$part" nsenter -t "$guest" -n $py "$here/guest_bypass.py" --part "$part"
	kill "$serve"
	check "$part: Weir ends" wait_gone 8 "$serve"
	check "$part: as it should" wait "$serve"
	check "$part: every line of the log is as its schema says" \
		$py "$here/events.py" "$W/tmp/log.$part"
}

played allow --allow 'tcp v4.weirworld.net:80,443' --allow 'udp 93.184.216.35:5000'
played deny --deny zz.weirworld.net --net public
finish
