#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HTTP/2 on both sides of an intercepted connection.
# shellcheck source=tests/e2e/intercept_world.sh
PEER=http2_peer.js
. "$(dirname "$0")/intercept_world.sh"

cat >"$W/i.yaml" <<END
rules: [allow tcp good.test:443-449]
dns: {hosts: {good.test: $far, www.good.test: $far}}
tls: {intercept: [443-449], upstream_ca: ["$W/pki/ca.pem"]}
http: [{host: good.test, allow: ["* /**"], deny: ["* /no/**"]}]
log: {file: $W/i.json}
END
run() { timeout 60 "$weir" run -q -c "$W/i.yaml" "$@" </dev/null; }

guest() { run node "$here/guest_http2.js" "$@"; }

# --- curl

is "curl: a page" $'HTTP/2 200*GET /a' run -- curl -sSi https://good.test/a
is "curl: a page over HTTP/1.1, from the same host" 'HTTP/1.1 GET /a' run -- curl -sS --http1.1 https://good.test/a
is "curl: several requests on one connection" $'GET /a\n1 GET /b\n0 ' run -- \
	curl -sS -w '%{num_connects} ' https://good.test/a https://good.test/b
is "curl: $mb MB come" "$((mb << 20))" run -- bash -c "curl -sS https://good.test/bytes/$((mb << 20)) | wc -c"
is "curl: $mb MB go as they are" "${mb}000000 $hash" run -- curl -sS -T "$W/pki/big" https://good.test/sum
is "curl: of unknown length" "${mb}000000 $hash" run -- bash -c "curl -sS -T - https://good.test/sum <$W/pki/big"
is "curl: HEAD" 'HTTP/2 200*' run -- curl -sSI https://good.test/a
is "curl: 40 transfers at once on one connection" '40 40001180' run -- bash -c "curl -sS --no-progress-meter --parallel --parallel-max 40 \
	'https://good.test/bytes/1000[010-049]' -o '$W/part.#1' 2>/dev/null
	echo \$(ls $W/part.* | wc -l) \$(cat $W/part.* | wc -c)"

# --- node

while IFS='|' read -r name words want; do
	is "node: $name" "$want" env PORT=443 bash -c '"$@"' _ "$weir" run -q -c "$W/i.yaml" -- \
		node "$here/guest_http2.js" "$words" </dev/null
done <<'END'
a hundred streams at once|many|all of them
3 MB there and back|both_ways|the same
trailers|trailers|body 17 0
103, then 200|hints|1 200 late
what the host resets is reset, behind what it said|reset|200 half 2
what it refuses is refused|refuse|undefined 7
streams that are given up leave others alone|cancel|300000
one that is not read stops no other|unread|10000000 3145745
an early answer|early|200 early GET /after
403 by path, and the connection goes on|denied|403 true http_rule GET /yes
403 has no body for HEAD|denied_head|403 0
403 in the middle of 5 MB|denied_large|403 0 GET /yes
421 for another host, or port|authority|421 421 200 200
431 for a large head|large_head|431 200
501 for CONNECT|connect|501 200
fields arrive as they are|fields|a=1; b=2 AbC trailers good.test:443 https
a byte at a time|slow|xxxxxxxxxx
END
kill -0 $peer 2>/dev/null || not_ok "the host lives" "$(cat "$W/peer.err")"
finish
