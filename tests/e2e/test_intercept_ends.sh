#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How intercepted connections end: cut, refused, stalled, gone, and many at once.
# shellcheck source=tests/e2e/intercept_world.sh
. "$(dirname "$0")/intercept_world.sh"

cat >"$W/i.yaml" <<END
rules: [allow tcp good.test:443-452]
dns: {hosts: {good.test: $far}}
tls: {intercept: [443-452], upstream_ca: ["$W/pki/ca.pem"]}
END
cat >"$W/o.yaml" <<END
rules: [allow tcp open.test:80, allow tcp plain.test:80]
dns: {hosts: {open.test: $far, plain.test: $far}}
http: [{host: plain.test, allow: ["GET /a", "GET /cut"]}]
END
sed 's/^rules: .*/rules: ["allow tcp '$far':80"]/' "$W/o.yaml" >"$W/p.yaml"
guest() { # guest CONFIG WHAT [GATE]
	timeout 60 "$weir" run -q -c "$W/$1.yaml" -- python3 "$here/guest_intercept.py" "${@:2}" </dev/null
}
mkfifo "$W/gate"

# --- how an answer ends

is "a body that its host broke off is a reset, each of 60" "{'ConnectionResetError': 60}" guest o cut
is "a host that resets the handshake is 502" '*502*' \
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- curl -sSi https://good.test:449/

is "a chain of 10 MB is 502" '*502*' \
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- curl -sSi https://good.test:450/
is "one in the wrong order is fine" 'GET /x' \
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- curl -sS https://good.test:451/x
is "one without its middle is 502" '*502*upstream_cert*local issuer*' \
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- curl -sSi https://good.test:452/

# --- TLS that is not right

while read -r line; do
	case $line in
	"ok - "*) ok "${line#ok - }" ;;
	*) not_ok "${line#not ok - }" "" ;;
	esac
done < <(timeout 120 "$weir" run -q -c "$W/i.yaml" -- /usr/bin/python3 "$here/guest_tls_odd.py" </dev/null 2>&1)

# --- a guarded host beside an open one

for c in o p; do
	is "a request for it on the other's connection is 403 ($c)" '*GET /1*403 Forbidden*shown_mismatch*' guest $c two
	is "and nothing of it came ($c)" '!(*secret*)' guest $c two
	is "its own requests are judged ($c)" '*403 Forbidden*' \
		timeout 60 "$weir" run -q -c "$W/$c.yaml" -- curl -sSi http://plain.test/b
done

# --- what it costs to wait

descriptors() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
has_few() { [ "$(descriptors "$1")" -lt 20 ]; }
# is_quiet PID: hardly any CPU time while another run comes and goes
is_quiet() {
	local before after
	before=$(cpu_ticks "$1")
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- true </dev/null
	until_true 1 false
	after=$(cpu_ticks "$1")
	[ $((after - before)) -lt 5 ]
}
# while_ready WHAT NAME CMD...: is CMD PID-OF-PROXY true while WHAT waits?
while_ready() {
	local what=$1 name=$2 run proxy; shift 2
	wanted "$name" || return 0
	guest i "$what" "$W/gate" >"$W/$what.out" 2>&1 & run=$!
	if ! until_true 30 grep -q ready "$W/$what.out"; then not_ok "$name" "$(tail -n 3 "$W/$what.out")"
	else
		proxy=$(find_role $run proxy)
		if until_true 20 "$@" "$proxy"; then ok "$name"
		else not_ok "$name" "$(descriptors "$proxy") descriptors, $(cpu_ticks "$proxy") ticks"; fi
	fi
	timeout 1 bash -c "echo >$W/gate"
	wait $run
}
while_ready half "a WebSocket whose host says no more costs nothing" is_quiet
while_ready slow "nor do clients that do not read" is_quiet
while_ready gone "guests that were reset leave nothing behind" has_few

# --- many

is "600 hellos at once are answered, each" "{'data': 600}" guest i burst
is "curl: 300 requests, 50 at a time" '300' timeout 60 "$weir" run -q -c "$W/i.yaml" -- bash -c \
	"curl -sS -Z --parallel-immediate --parallel-max 50 'https://good.test/[1-300]' 2>/dev/null | grep -c '^GET /'"
{ kill "$peer" && wait "$peer"; } 2>/dev/null
finish
