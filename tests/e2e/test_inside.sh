#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The network inside a program (include/weir.h): examples/tap carries frames
# between a namespace's card and a port, as a VMM does.
#
#	eth0 TAP ── tap: port ══ rings ══ engine's thread ── 93.184.216.34 (lo)
#	namespace "guest"          namespace "host", a web server
#
# The host's namespace owns that address, hence net all.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
tap=${EXAMPLES:-${TOOLS:-$top/build/dev/tests/e2e}/../../examples}/tap
far=93.184.216.34
mb=${WEIR_E2E_MB:-20}
mkdir "$W/www"
head -c "${mb}000000" /dev/urandom >"$W/www/big"
chmod -R a+rX "$W/www"

unshare -n sleep 600 & host=$!
until_true 5 other_netns "$host"
there() { nsenter -t "$host" -n "$@"; }
there ip link set lo up
there ip addr add $far/32 dev lo
nsenter -t "$host" -n python3 - "$W/www" "$far" >"$W/web.log" 2>&1 <<'PY' & web=$!
"""A web server that takes what is PUT and says its hash."""
import hashlib, http.server, os, sys
os.chdir(sys.argv[1])
class Web(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        left, sha = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            part = self.rfile.read(min(left, 1 << 16))
            left -= len(part)
            sha.update(part)
        body = sha.hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer((sys.argv[2], 80), Web).serve_forever()
PY
until_true 10 there bash -c "exec 3<>/dev/tcp/$far/80" 2>/dev/null || not_ok "the web server" "not there"
hash=$(sha256sum <"$W/www/big" | cut -d' ' -f1)

begin() { # begin NAME OPTION...
	local name=$1; shift
	unshare -n sleep 600 & guest=$!
	until_true 5 other_netns "$guest"
	nsenter -t "$host" -n "$tap" -e "$@" "$guest" >"$W/$name.out" 2>"$W/$name.err" & run=$!
	until_true 10 grep -q ^ready "$W/$name.out" ||
		not_ok "$name: is ready" "$(cat "$W/$name.err")"
	inside ip link set lo up
	inside ip addr add 10.0.2.15/24 dev eth0
	inside ip link set eth0 up
	inside ip route add default via 10.0.2.2
}
inside() { nsenter -t "$guest" -n "$@"; }
end() { # end NAME: in order, and it says what passed
	kill "$run"
	wait "$run" && ok "$1: stops in order" || not_ok "$1: stops in order" "$(cat "$W/$1.err")"
	{ kill "$guest" && wait "$guest"; } 2>/dev/null
	grep '^{' "$W/$1.out" >"$W/$1.json"
	python3 "$here/events.py" "$W/$1.json" >/dev/null &&
		ok "$1: its events are valid" || not_ok "$1: its events are valid" "$(head -3 "$W/$1.json")"
	grep -q '"event":"start"' "$W/$1.json" && grep -q '"event":"stop"' "$W/$1.json" &&
		ok "$1: start and stop are told" || not_ok "$1: start and stop are told" "$(tail -3 "$W/$1.out")"
}
both_ways() { # both_ways NAME
	local got
	got=$(inside curl -sS -m 120 "http://$far/big" | sha256sum | cut -d' ' -f1)
	[ "$got" = "$hash" ] && ok "$1: $mb MB come as they are" || not_ok "$1: $mb MB come as they are" "$got"
	got=$(inside curl -sS -m 120 -T "$W/www/big" "http://$far/put")
	[ "$got" = "$hash" ] && ok "$1: $mb MB go as they are" || not_ok "$1: $mb MB go as they are" "$got"
}

begin plain -n all -r 'deny tcp any:81' -p 127.0.0.1:8080:8080
both_ways plain
check "plain: the gateway answers a ping" inside ping -c 1 -W 5 10.0.2.2
inside curl -sS -m 5 "http://$far:81/" >"$W/denied" 2>&1
[ $? = 7 ] && ok "plain: a denied port is refused" || not_ok "plain: a denied port is refused" "$(cat "$W/denied")"
until_true 5 grep -q '"event":"deny".*"dport":81' "$W/plain.out" &&
	ok "plain: and the program is told" || not_ok "plain: and the program is told" "$(tail -3 "$W/plain.out")"
nsenter -t "$guest" -n python3 -m http.server 8080 --directory "$W/www" >/dev/null 2>&1 & web2=$!
until_true 10 inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null
got=$(there curl -sS -m 60 http://127.0.0.1:8080/big | sha256sum | cut -d' ' -f1)
[ "$got" = "$hash" ] && ok "plain: a client comes in at a published port" || not_ok "plain: a client comes in at a published port" "$got"
{ kill "$web2" && wait "$web2"; } 2>/dev/null
end plain

begin bare -n all -o
both_ways bare
end bare
begin slow -n all -s -m 65520
both_ways slow
end slow
begin tiny -n all -q 2 -b 65600
both_ways tiny
end tiny

# the guest goes while it is served: nothing waits for it
begin gone -n all
nsenter -t "$guest" -n curl -sS -m 60 --limit-rate 1M -o /dev/null "http://$far/big" 2>/dev/null & load=$!
until_true 10 grep -q '"event":"flow_open"' "$W/gone.out"
{ kill -9 "$load" "$guest" && wait "$load" "$guest"; } 2>/dev/null
end gone

kill "$web" "$host"
finish
