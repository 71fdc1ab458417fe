#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What udhcpc, dhclient and dhcpcd run when something happened: configures the
# card, but for dhcpcd, which does so itself, and writes down what was given, in
# one form for all of them, beside itself; set4 and set6 when all is done.
out=$(dirname "$0")/given
say() { [ -z "$2" ] || printf '%s=%s\n' "$1" "$2" >>"$out"; }

case "${reason-}" in
'')	# udhcpc
	[ "$1" = bound ] || exit 0
	say address "$ip/$mask"
	say router "$router"
	say dns "$dns"
	say mtu "${mtu-}"
	say domain "${domain-}"
	say search "${search-}"
	say lease "$lease"
	ip addr add "$ip/$mask" dev "$interface"
	ip route add default via "$router" ;;
PREINIT | PREINIT6)
	ip link set "$interface" up ;;
BOUND6 | REBOOT6)
	say address6 "${new_ip6_address-$new_dhcp6_ia_na1_ia_addr1}"
	say dns6 "$new_dhcp6_name_servers"
	say domain6 "${new_dhcp6_domain_search-}"
	[ -n "${protocol-}" ] ||
		ip addr add "$new_ip6_address/$new_ip6_prefixlen" dev "$interface" nodad
	say set6 yes ;;
BOUND | REBOOT)
	say address "$new_ip_address/$new_subnet_mask"
	say router "$new_routers"
	say dns "$new_domain_name_servers"
	say mtu "$new_interface_mtu"
	say domain "${new_domain_name-}"
	say search "${new_domain_search-}"
	say lease "$new_dhcp_lease_time"
	[ -z "${protocol-}" ] || { say set4 yes; exit 0; }
	bits=$(echo "$new_subnet_mask" | awk -F. '{ for (i = 1; i < 5; i++)
		for (x = $i; x; x = int(x / 2)) n += x % 2; print n }')
	ip addr add "$new_ip_address/$bits" dev "$interface"
	ip route add default via "$new_routers"
	say set4 yes ;;
ROUTERADVERT)
	say radns "${nd1_rdnss1_servers-}" ;;
esac
exit 0
