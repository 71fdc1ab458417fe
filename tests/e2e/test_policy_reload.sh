#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir serve` and SIGHUP: another policy for what is open and what comes.
# functions are called by others; the inner shell expands its own words
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/policy_world.sh
. "$(dirname "$0")/policy_world.sh"

if bare; then skip "reload" "needs Weir"; finish; fi
policy_world
export WEIR_E2E_LOG=$W/tmp/log
mkdir "$W/conf"
echo "net: none" >"$W/conf/weir.yaml"
echo 'bounds: ["deny 10.77.0.0/16"]' >>"$W/conf/weir.yaml"
echo "nameserver 10.0.2.3" >"$W/guest.conf"
guest=$(new_netns)
until_true 5 other_netns "$guest"
"$WEIR" serve -v --netns "$guest" -c "$W/conf/weir.yaml" --log "$WEIR_E2E_LOG" \
	--pid "$W/tmp/pid" </dev/null 2>"$W/tmp/said" &
serve=$!
is_up() { [ -s "$W/tmp/pid" ] || is_gone "$serve"; }
until_true 10 is_up
if is_gone "$serve"; then not_ok "serve" "$(tail -n 2 "$W/tmp/said")"; finish; fi

in_guest() { # with the resolv.conf of a guest
	nsenter -t "$guest" -n unshare --mount bash -c \
		'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' - "$W/guest.conf" "$@"
}
cases "reload" in_guest $py "$here/guest_policy_reload.py" --conf "$W/conf/weir.yaml" \
	--said "$W/tmp/said" --pid "$serve"
kill "$serve"
check "it ends" wait_gone 8 "$serve"
check "nobody died on the way" wait "$serve"
check "every line of the log is as its schema says" $py "$here/events.py" "$WEIR_E2E_LOG"
finish
