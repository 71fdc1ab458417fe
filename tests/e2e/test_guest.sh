#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Guest set-up over the wire: a namespace served with --no-config, whose own
# clients find out what they need to know; and frames that no client sends.
# Each client gets a namespace and a Weir of its own.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
bare && { skip "guest set-up" "needs Weir"; finish; }
world_dns
has() { command -v "$1" >/dev/null; }

# ---- a guest that nobody configured -----------------------------------------

in_guest() { nsenter -t "$guest" -n -- "$@"; }
guest_begin() { # guest_begin [options of serve]: $guest, $serve
	guest=$(new_netns)
	until_true 5 other_netns "$guest" || { echo "no namespace"; return 1; }
	rm -f "$W/serve.pid"
	"$WEIR" serve "${run_options[@]}" -v --netns "$guest" --no-config --pid "$W/serve.pid" \
		--ipv6 fd77:6972::15/64 --search corp.example --search lab.example \
		"$@" >"$W/serve.log" 2>&1 </dev/null &
	serve=$!
	until_true 10 eval "[ -s $W/serve.pid ] || is_gone $serve"
	[ -s "$W/serve.pid" ] || { echo "serve: $(tail -n 2 "$W/serve.log")"; return 1; }
	in_guest ip link set lo up
}
# guest_end: status 1 if Weir did not end well
guest_end() {
	local status
	kill -TERM "$serve"
	if ! wait_gone 10 "$serve"; then kill -9 "$serve"; fi
	wait "$serve" 2>/dev/null
	status=$?
	{ kill -9 "$guest" && wait "$guest"; } 2>/dev/null
	[ $status = 0 ] || { echo "serve ended with $status: $(tail -n 2 "$W/serve.log")"; return 1; }
}

# ---- what a guest that is set up can do ---------------------------------------

works() { # works DNS-SERVER SERVER FAMILY-OF-QUESTION
	in_guest timeout 15 $py - "$@" <<-'PY'
		import socket, sys
		dns, server, kind = sys.argv[1:]
		with socket.create_connection((server, 7), 5) as s:
		    s.sendall(b"sesame")
		    assert s.recv(6) == b"sesame"
		family = socket.AF_INET6 if ":" in dns else socket.AF_INET
		with socket.socket(family, socket.SOCK_DGRAM) as s:
		    s.settimeout(5)
		    s.sendto(b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4host\4weir\10internal\0\0"
		             + bytes([int(kind)]) + b"\0\1", (dns, 53))
		    got = s.recv(512)
		    assert got[:2] == b"\x12\x34" and got[3] & 15 == 0 and got[7] > 0, got.hex()
	PY
}
works4() { works "$1" $main_v4 1; }
works6() { works "$1" $main_v6 28; }
address_is() { # address_is -4|-6 PATTERN
	in_guest ip "$1" -o addr show dev eth0 | grep -q "$2" || { in_guest ip "$1" addr show dev eth0; return 1; }
}
route_is() { in_guest ip "$1" route show default | grep -q "$2" || { in_guest ip "$1" route; return 1; }; }

# given KEY VALUE: what the client wrote down
given() { grep -qx "$1=$2" "$W/client/given" || { echo "no $1=$2 in: $(tr '\n' ' ' <"$W/client/given")"; return 1; }; }
client_begin() { # an empty place for the client's files
	rm -rf "$W/client"
	mkdir "$W/client"
	cp "$here/guest_lease.sh" "$W/client/script"
	chmod 755 "$W/client" "$W/client/script"
	: >"$W/client/given"
}
client=
client_end() { # its processes only
	local tree
	[ -n "$client" ] || return 0
	tree=$(tree_of "$client")
	# shellcheck disable=SC2086
	kill $tree 2>/dev/null
	# shellcheck disable=SC2086
	wait_gone 5 $tree || kill -9 $tree 2>/dev/null
	wait "$client" 2>/dev/null
	client=
}
is_given() { grep -q "^$1=" "$W/client/given"; }
got4() { # all that DHCP says, and that it holds
	# dhcpcd tells its script and sets the route, in an order of its own
	until_true 5 route_is -4 'via 10.0.2.2 dev eth0' >/dev/null && address_is -4 'inet 10.0.2.15/24' &&
		given address '10.0.2.15/255.255.255.0' && given router 10.0.2.2 && given dns 10.0.2.3 &&
		given mtu "$1" && given lease 86400 &&
		given search 'corp.example.\? lab.example.\?' && works4 10.0.2.3
}
got6() {
	until_true 5 address_is -6 'inet6 fd77:6972::15/' >/dev/null && given address6 fd77:6972::15 && given dns6 fd77:6972::3 &&
		until_true 5 route_is -6 'via fe80::.* dev eth0' >/dev/null && works6 fd77:6972::3
}

by_udhcpc() {
	client_begin
	guest_begin --mtu "$1" || return 1
	in_guest ip link set eth0 up
	in_guest timeout 20 udhcpc -q -f -n -t 5 -T 2 -O mtu -O search -i eth0 -s "$W/client/script" >"$W/client/log" 2>&1 ||
		{ tail -n 2 "$W/client/log"; guest_end; return 1; }
	sed -i 's,^address=10.0.2.15/24$,address=10.0.2.15/255.255.255.0,' "$W/client/given"
	got4 "$1" || { guest_end; return 1; }
	guest_end
}

# dhclient: -1 tries once; it stays, and says it leaves with -r
by_dhclient() {
	local status=1
	client_begin
	cat >"$W/client/conf" <<-'END'
		request subnet-mask, routers, domain-name-servers, domain-name, domain-search,
			interface-mtu, host-name, dhcp6.name-servers, dhcp6.domain-search;
	END
	guest_begin || return 1
	[ "$1" = -4 ] || in_guest sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set eth0 up'
	in_guest timeout 30 dhclient "$1" -1 -d -v -cf "$W/client/conf" -lf "$W/client/leases" -pf "$W/client/pid" \
		-sf "$W/client/script" eth0 >"$W/client/log" 2>&1 &
	client=$!
	case $1 in
	-4) until_true 20 is_given set4 && got4 65520 && status=0 ;;
	-6) until_true 20 is_given set6 && got6 && status=0 ;;
	esac
	[ $status = 0 ] || { cat "$W/client/given"; tail -n 3 "$W/client/log"; }
	client_end
	guest_end && return $status
}

by_dhcpcd() {
	local status=0
	client_begin
	cat >"$W/client/conf" <<-END
		duid
		persistent
		noarp
		option domain_name_servers, domain_name, domain_search, host_name, interface_mtu, dhcp_lease_time
		option rapid_commit
		require dhcp_server_identifier
		ia_na 1
		option dhcp6_name_servers, dhcp6_domain_search
		noipv4ll
	END
	guest_begin || return 1
	in_guest dhcpcd -B -f "$W/client/conf" -c "$W/client/script" eth0 >"$W/client/log" 2>&1 &
	client=$!
	until_true 20 is_given set4 && until_true 20 is_given set6 && got4 65520 && got6 || status=1
	[ $status = 0 ] || { cat "$W/client/given"; tail -n 3 "$W/client/log"; }
	client_end
	guest_end && return $status
}

# networkd without systemd: /sys read-only, as in a container, so that it does
# not wait for udev
networkd=/lib/systemd/systemd-networkd
networkd_lease() { cat /run/systemd/netif/leases/* /run/systemd/netif/links/* 2>/dev/null; }
networkd_has() { networkd_lease | grep -q "$1"; }
by_networkd() {
	local status=0
	client_begin
	mkdir -p /run/systemd/network /run/systemd/netif
	printf '[Match]\nName=eth0\n[Network]\nDHCP=yes\nIPv6AcceptRA=yes\n[DHCPv4]\nUseMTU=yes\nUseDomains=yes\nRapidCommit=yes\n' \
		>/run/systemd/network/eth0.network
	chown -R systemd-network /run/systemd/netif 2>/dev/null
	guest_begin || return 1
	in_guest unshare --mount sh -c "mount -t sysfs -o ro sysfs /sys && exec $networkd" >"$W/client/log" 2>&1 &
	client=$!
	until_true 20 address_is -4 'inet 10.0.2.15/24' >/dev/null &&
		until_true 5 route_is -4 'via 10.0.2.2 dev eth0' >/dev/null && works4 10.0.2.3 &&
		until_true 10 address_is -6 'inet6 fd77:6972::15/' >/dev/null &&
		until_true 5 route_is -6 'via fe80::.* dev eth0' >/dev/null && works6 fd77:6972::3 &&
		until_true 5 networkd_has 'DNS=.*10.0.2.3' && networkd_has '^MTU=65520' || status=1
	[ $status = 0 ] || { networkd_lease | tail -n 30; tail -n 4 "$W/client/log"; }
	client_end
	guest_end && return $status
}

# the kernel alone: its privacy address is what others see, and is answered
by_kernel() {
	local status=0
	guest_begin --mtu "$1" || return 1
	in_guest sh -c 'cd /proc/sys/net/ipv6/conf/eth0 && echo 1 >accept_ra && echo 2 >use_tempaddr &&
		echo 0 >/proc/sys/net/ipv6/conf/all/forwarding; ip link set eth0 up'
	temporary() { in_guest ip -6 -o addr show dev eth0 scope global temporary -tentative | grep -q fd77:6972:; }
	until_true 20 temporary && address_is -6 'inet6 fd77:6972:.*mngtmpaddr' &&
		route_is -6 'via fe80::.* dev eth0 proto ra' &&
		[ "$(in_guest cat /proc/sys/net/ipv6/conf/eth0/mtu)" = "$1" ] &&
		works6 fd77:6972::3 && in_guest timeout 10 $py - $main_v6 <<-'PY' || status=1
			import socket, subprocess, sys
			s = socket.create_connection((sys.argv[1], 7), 5)
			mine = socket.inet_pton(socket.AF_INET6, s.getsockname()[0])
			out = subprocess.run("ip -6 -o addr show dev eth0 temporary".split(), capture_output=True, text=True).stdout
			there = [socket.inet_pton(socket.AF_INET6, w.split("/")[0]) for w in out.split() if "/" in w]
			assert mine in there, (s.getsockname(), out)
		PY
	[ $status = 0 ] || in_guest ip -6 addr show dev eth0
	guest_end && return $status
}

for m in 65520 1400; do
	if has udhcpc; then check "udhcpc sets it up, MTU $m" by_udhcpc $m; else skip "udhcpc" "it is not installed"; fi
	check "the kernel alone sets it up by IPv6, with a privacy address, MTU $m" by_kernel $m
done
if has dhclient; then
	check "dhclient -4 sets it up" by_dhclient -4
	check "dhclient -6 sets it up" by_dhclient -6
else skip "dhclient" "it is not installed"; fi
if ! has dhcpcd; then skip "dhcpcd" "it is not installed"
elif [ "$WEIR_WORLD" != root ]; then skip "dhcpcd" "it wants a user of its own, so it wants root"
else
	# what it keeps is this world's own
	for d in /var/lib/dhcpcd /var/lib/dhcp; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done
	check "dhcpcd sets it up, by DHCP, DHCPv6 and discovery" by_dhcpcd
fi
if [ ! -x $networkd ]; then skip "systemd-networkd" "it is not installed"
elif [ "$WEIR_WORLD" != root ]; then skip "systemd-networkd" "it wants a user of its own, so it wants root"
else check "systemd-networkd sets it up, by DHCP, DHCPv6 and discovery" by_networkd; fi

# ---- frames by hand -----------------------------------------------------------

counted() { # counted REASON AT-LEAST, as serve -v says at its end
	local n
	n=$(grep -o "\b$1 [0-9]*" "$W/serve.log" | tail -n 1)
	[ "${n##* }" -ge "$2" ] 2>/dev/null || { echo "${n:-none} of at least $2: $(tail -n 4 "$W/serve.log")"; return 1; }
}
for m in 65520 1500; do
	if guest_begin --mtu $m >"$W/out" 2>&1; then
		export WEIR_GUEST_MTU=$m
		rm -f "$W/expected"
		cases "MTU $m" in_guest $py "$here/guest_lease.py"
		# not in a subshell, which could not wait for it
		if guest_end >"$W/out" 2>&1; then ok "MTU $m: Weir ends well after it"
		else not_ok "MTU $m: Weir ends well after it" "$(<"$W/out")"; fi
		while read -r reason n; do
			check "MTU $m: $reason was counted" counted "$reason" "$n"
		done <"$W/expected"
	else not_ok "MTU $m: a guest" "$(<"$W/out")"; fi
done
finish
