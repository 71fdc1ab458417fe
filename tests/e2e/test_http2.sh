#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HTTP/2 on both sides of an intercepted connection.
# shellcheck source=tests/e2e/intercept_world.sh
PEER=http2_peer.js
. "$(dirname "$0")/intercept_world.sh"

cat >"$W/i.yaml" <<END
rules: [allow tcp good.test:443-449]
dns: {hosts: {good.test: $far}}
tls: {intercept: [443-449], upstream_ca: ["$W/pki/ca.pem"]}
http: [{host: good.test, allow: ["* /**"], deny: ["* /no/**", "* /weir.Denied/**"]}]
log: {file: $W/i.json}
END
run() { timeout 60 "$weir" run -q -c "$W/i.yaml" "$@" </dev/null; }


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
	is "node: $name" "$want" run -- node "$here/guest_http2.js" $words
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
forty at a host that takes four|four 444|40 of at most 4
there and back at one with small windows|both_ways 444|the same
GOAWAY is passed on|goaway 445|200 closed
END
# --- others

is "nghttp: a page, and its trailers" '*body*grpc-status: 0*' run -- nghttp -v https://good.test/trailers
is "nghttp: padding, and a tiny window" '300000' run -- bash -c 'nghttp -b 100 -w 10 -W 12 https://good.test/bytes/300000 | wc -c'
is "h2load: 2,000 requests, 50 streams at once" '*2000 succeeded, 0 failed, 0 errored*' run -- \
	h2load -n 2000 -c 4 -m 50 https://good.test/a
if command -v go >/dev/null; then
	cat >"$W/many.go" <<-'GO'
		package main

		import (
			"fmt"
			"io"
			"net/http"
			"strings"
			"sync"
		)

		func main() {
			var all sync.WaitGroup
			var one sync.Mutex
			good := map[string]int{}
			for i := 0; i < 50; i++ {
				all.Add(1)
				go func() {
					defer all.Done()
					r, err := http.Post("https://good.test/sum", "text/plain", strings.NewReader(strings.Repeat("g", 300000)))
					said := ""
					if err == nil {
						b, _ := io.ReadAll(r.Body)
						said = r.Proto + " " + strings.Fields(string(b))[0]
					} else {
						said = err.Error()
					}
					one.Lock()
					good[said]++
					one.Unlock()
				}()
			}
			all.Wait()
			fmt.Println(good)
		}
	GO
	HOME=$W GOCACHE=$W/go GOPATH=$W/gopath GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local CGO_ENABLED=0 \
		go build -o "$W/many" "$W/many.go" || not_ok "Go compiles"
	is "Go: fifty at once" 'map?HTTP/2.0 300000:50?' run -- "$W/many"
else skip "Go" "it is not installed"; fi
python=/usr/bin/python3
if $python -c 'import h2, httpx' 2>/dev/null; then
	cat >"$W/ask.py" <<-'PY'
		import httpx
		with httpx.Client(http2=True) as c:
		    r = c.post("https://good.test/sum", content=b"x" * 1000000)
		    print(r.http_version, r.text.split()[0], c.get("https://good.test/no/x").status_code)
	PY
	is "python: httpx" 'HTTP/2 1000000 403' run -- $python "$W/ask.py"
else skip "python: httpx" "it is not installed"; fi
if $python -c 'import hpack' 2>/dev/null; then
	while read -r line; do
		case $line in
		"ok - "*) ok "${line#ok - }" ;;
		*) not_ok "${line#not ok - }" "" ;;
		esac
	done < <(timeout 240 "$weir" run -q -c "$W/i.yaml" -- $python "$here/guest_http2_raw.py" </dev/null 2>&1)
	is "and the proxy lives" $'GET /a' run -- curl -sS https://good.test/a
else skip "HTTP/2 frame by frame" "python3-hpack is not installed"; fi
if $python -c 'import grpc' 2>/dev/null; then
	$python "$here/grpc_pair.py" serve "$W/pki" $far "$W/ready.grpc" & grpc=$!
	wait_file "$W/ready.grpc"
	is "gRPC: its four kinds of calls, a status, a denial" 'ok' run -- bash -c \
		'exec '"$python '$here/grpc_pair.py'"' call "$SSL_CERT_FILE" good.test 2>/dev/null'
	kill $grpc; wait $grpc 2>/dev/null
else skip "gRPC" "it is not installed"; fi

check "the log is valid" python3 "$here/events.py" "$W/i.json"
kill -0 $peer 2>/dev/null || not_ok "the host lives" "$(cat "$W/peer.err")"
finish
