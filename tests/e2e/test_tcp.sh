#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TCP end to end with this kernel's stack as the guest, and the addresses that
# are refused whatever the policy.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
world_host || not_ok "the world" "no servers on the host"
world_far || not_ok "the world" "no far server: $(cat "$W/servers.err")"

# nothing may reach the servers of the host but in the last part
untouched() { ! grep -q . "$W/accepts.host" "$W/accepts.loop"; }
no_metadata() { ! grep -q '^169\.254' "$W/accepts.srv"; }

cases "as root" guest -- $py "$here/guest_tcp.py"
cases "MTU 1500, ordinary user" guest_user --mtu 1500 -- $py "$here/guest_tcp.py"
# other packet sizes, with the cases that move data
if [ -z "${WEIR_E2E_ONLY-}" ]; then
	WEIR_E2E_ONLY='(bulk|size|half-close|40 streams|smallest|found no|sent twice).*(v4)' \
		cases "MTU 576" guest --mtu 576 -- $py "$here/guest_tcp.py"
	WEIR_E2E_ONLY='bulk|size|half-close|40 streams|smallest|found no|sent twice' \
		cases "MTU 9000" guest --mtu 9000 -- $py "$here/guest_tcp.py"
fi

cases "as root" guest -- $py "$here/guest_deny.py"
cases "ordinary user" guest_user -- $py "$here/guest_deny.py"
check "no denied connection reached a server on the host" untouched
check "no connection reached the metadata server" no_metadata

# a listener on 127.0.0.1 alone: the IPv6 gateway address finds it too
$py -c '
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
while True:
    c, _ = s.accept()
    c.sendall(b"four")
    c.close()' "$W/ready/four" &
until_true 5 test -s "$W/ready/four"
cases "as root" guest --net all -- $py "$here/guest_deny.py" --part all \
	--port "$(cat "$W/ready/four")"
finish
