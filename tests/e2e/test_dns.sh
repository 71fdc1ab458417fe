#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The DNS forwarder end to end, with two upstreams and a trap.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
world_dns
dns=$here/guest_dns.py

cases "as root" guest -- $py "$dns"
cases "ordinary user, MTU 1500" guest_user --mtu 1500 -- $py "$dns"
cases "--ipv6 off" guest --ipv6 off -- $py "$dns" --part no6
cases "--host, --search" guest --host db.example=10.77.0.2 \
	--search weirworld.net -- $py "$dns" --part names
cases "--dns over IPv6" guest --dns "[$dns_v6]:53" -- $py "$dns" \
	--part dns --expect first
cases "--dns with a port" guest --dns $dns2_v4:53 -- $py "$dns" \
	--part dns --expect second
cases "the first refuses" guest --dns 93.184.216.35 --dns $dns2_v4 -- $py "$dns" \
	--part dns --expect second
cases "the first is a hole" guest --dns 1.2.3.66 --dns $dns2_v4 -- $py "$dns" \
	--part dns --expect second

# change CMD...: runs CMD when the guest says so
change() {
	rm -f "$W/gates/change"
	{ until_true 20 have_file "$W/gates/change" && "$@"; } &
}
echo "nameserver $dns2_v4" >"$W/new"
change cp "$W/new" "$W/resolv.conf"     # as the file of a container changes
cases "a mounted file" guest -- $py "$dns" --part change

umount /etc/resolv.conf                 # and now an ordinary /etc
cp -a /etc "$W/etc" 2>/dev/null
chmod -R u+rwX "$W/etc"
rm -f "$W/etc/resolv.conf"
echo "nameserver $dns_v4" >"$W/etc/resolv.conf"
mount --bind "$W/etc" /etc
change mv "$W/new" "$W/etc/resolv.conf"
cases "a new file" guest -- $py "$dns" --part change
finish
