#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# UDP and echo end to end.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
cases "as root" guest -- $py "$here/guest_udp.py"
cases "MTU 1500, ordinary user" guest_user --mtu 1500 -- $py "$here/guest_udp.py"
cases "MTU 1280" guest --mtu 1280 -- $py "$here/guest_udp.py"
finish
