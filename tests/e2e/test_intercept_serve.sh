#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir serve` that opens TLS: a guest that was given the CA, another policy by
# SIGHUP, a proxy that dies under Landlock, resolvers by TLS.
# shellcheck source=tests/e2e/intercept_world.sh
. "$(dirname "$0")/intercept_world.sh"

mkdir "$W/conf"
policy() { # policy HTTP-RULES [INSECURE]
	cat >"$W/conf/new" <<-END
		rules: [allow tcp good.test:443-446]
		dns: {hosts: {good.test: $far}}
		tls: {intercept: [443-446], upstream_ca: ["$W/pki/ca.pem"], insecure: [${2-}]}
		http: [{host: good.test, allow: [$1]}]
		log: {file: $W/s.json}
	END
	mv "$W/conf/new" "$W/conf/weir.yaml"
}
policy '"GET /a"'
guest=$(new_netns)
until_true 5 other_netns "$guest"
"$weir" serve -v --netns "$guest" -c "$W/conf/weir.yaml" --pid "$W/pid" >"$W/serve.log" 2>&1 </dev/null & serve=$!
wait_file "$W/pid" || not_ok "weir serve" "$(cat "$W/serve.log")"
"$weir" ca export "$W/weir.crt"
inside() { nsenter -t "$guest" -n -- timeout 20 curl -sS --cacert "$W/weir.crt" --resolve "good.test:${port:-443}:$far" "$@" </dev/null; }
# asked by name, so that there is a pin
named() {
	nsenter -t "$guest" -n -- dig +short +time=5 @10.0.2.3 good.test >/dev/null
	inside "$@"
}
status() { named -o "$W/body" -w '%{http_code}' "https://good.test:${port:-443}$1"; }
is_status() { [ "$(status "$1" 2>/dev/null)" = "$2" ]; }

is "a guest that has the CA: a page" 'GET /a' named https://good.test/a
is "what has no rule is 403" 403 status /b
policy '"GET /b"'
kill -HUP "$serve"
check "SIGHUP: other HTTP rules" until_true 10 is_status /b 200
is "and the old ones are gone" 403 status /a
port=446
is "a self-signed host is 502" 502 status /b
policy '"GET /b"' good.test
kill -HUP "$serve"
check "SIGHUP: it is in tls.insecure now" until_true 10 is_status /b 200
unset port
proxy=$(find_role "$serve" proxy)
kill -9 "$proxy"
is_another() { local p; p=$(find_role "$serve" proxy) && [ -n "$p" ] && [ "$p" != "$proxy" ]; }
check "the proxy dies: another is started" until_true 10 is_another
check "with the policy that was in force" until_true 10 is_status /b 200
is "and no older one" 403 status /a
kill -TERM "$serve"
wait_gone 10 "$serve" && wait "$serve"
is "it ends in order" 0 echo $?
check "the log is valid" python3 "$here/events.py" "$W/s.json"
grep -q '"reason":"http_rule"' "$W/s.json" && ok "a denial is told" || not_ok "a denial is told" "$(tail -2 "$W/s.json")"
finish
