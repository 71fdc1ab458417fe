#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# DNS over TLS: from the guest, and to resolvers.
# shellcheck source=tests/e2e/intercept_world.sh
PEER=dot_peer.py
. "$(dirname "$0")/intercept_world.sh"
command -v kdig >/dev/null || { skip "DNS over TLS" "kdig is missing"; finish; }

cat >"$W/d.yaml" <<END
net: none
rules: [allow tcp good.test:857, allow tcp .open.test:443]
tls: {intercept: [853], upstream_ca: ["$W/pki/ca.pem"]}
dns: {hosts: {good.test: $far}, timeout_ms: 1000}
log: {file: $W/d.json}
END
run() { timeout 60 "$weir" run -q -c "$W/d.yaml" "$@" </dev/null; }
# $W/count says how many connections a port had, and questions in them
counted() { sleep_until "$W/count" "^$1 "; grep -c "^$1 " "$W/count"; }
sleep_until() { for _ in $(seq 100); do grep -q "$2" "$1" 2>/dev/null && return; sleep 0.05; done; }
by() { # by SERVER [OPTION...] CMD...: with that resolver
	local server=$1; shift
	: >"$W/count"
	timeout 60 "$weir" run -q -c "$W/d.yaml" --dns "$server" "$@" </dev/null
}
ask='+short +retry=0 +time=5'

# --- from the guest

is "kdig +tls: any address answers" "$far" run -- kdig $ask +tls @1.1.1.1 good.test
is "kdig +tls-ca: for the name that is shown" "$far" run -- \
	kdig $ask +tls-ca +tls-host=dns.example @1.1.1.1 good.test
is "GnuTLS and OpenSSL believe it for an address" '*Verify return code: 0 (ok)*' run -- bash -c \
	'openssl s_client -connect 1.1.1.1:853 -verify_ip 1.1.1.1 </dev/null'
is "names are judged" '*status: NXDOMAIN*' run -- kdig +retry=0 +tls @1.1.1.1 evil.test
is "a denial is told" '*"event":"deny"*evil.test*' grep -m1 evil.test "$W/d.json"
is "an answer is a pin, without which there is no way" $'no\nyes' run -- bash -c \
	"try() { if (exec 3<>/dev/tcp/$far/857) 2>/dev/null; then echo yes; else echo no; fi; }
	try; kdig $ask +tls @1.1.1.1 good.test >/dev/null; try"
is "many questions on one connection" '40' run -- bash -c "kdig $ask +tls +keepopen @1.1.1.1 $(printf 'good.test %.0s' {1..40}) | wc -l"
cat >"$W/pipe.py" <<'PY'
import socket, ssl, struct, sys
def q(i, name):
    m = struct.pack(">HHHHHH", i, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p for p in name.split(b".")) + b"\0\0\1\0\1"
    return struct.pack(">H", len(m)) + m
s = ssl.create_default_context().wrap_socket(socket.create_connection(("9.9.9.9", 853)), server_hostname="dns.test")
n = int(sys.argv[1])
for k in range(0, n, 50):  # cut anywhere
    b = b"".join(q(i, b"good.test") for i in range(k, min(n, k + 50)))
    while b:
        s.sendall(b[:37]); b = b[37:]
f = s.makefile("rb")
got = set()
for _ in range(n):
    m = f.read(struct.unpack(">H", f.read(2))[0])
    got.add(struct.unpack(">H", m[:2])[0])
print(len(got))
s.sendall(b"\0\0")
try:
    print("ended" if f.read() == b"" else "more")
except OSError:
    print("ended")
PY
is "a thousand pipelined, in pieces; a length of zero ends it" $'1000\nended' run -- python3 "$W/pipe.py" 1000
cat >"$W/crowd.py" <<'PY'
import socket, ssl
c, held = ssl.create_default_context(), []
try:
    for _ in range(140):
        held.append(c.wrap_socket(socket.create_connection(("9.9.9.9", 853), 5), server_hostname="dns.test"))
except OSError:
    pass
print(len(held))
PY
is "128 connections at once, and no more" '128' run -- python3 "$W/crowd.py"
is "without interception 853 is refused" '*refused*' timeout 60 "$weir" run -q --net all -- bash -c \
	'exec 3<>/dev/tcp/1.1.1.1/853' </dev/null

# --- to resolvers

good=tls://good.test@$far
is "a resolver by TLS" 1.2.3.4 by $good kdig $ask @10.0.2.3 www.open.test
is "what is not there" '*NXDOMAIN*' by $good kdig +retry=0 @10.0.2.3 nx.open.test
is "3,000 bytes, by TCP" '*xxxxxx*' by $good kdig +tcp +retry=0 @10.0.2.3 big.open.test TXT
is "names are judged before they are asked" '*NXDOMAIN*' by $good kdig +retry=0 @10.0.2.3 evil.test
is "fifty questions" '50' by $good bash -c "kdig $ask @10.0.2.3 \$(printf 'a%s.open.test ' {1..50}) | wc -l"
is "go by one connection" '1 50' echo "$(counted 853) $(sed -n 's/^853 //p' "$W/count")"
is "all at once" '60' by $good bash -c "for i in {1..60}; do kdig $ask @10.0.2.3 b\$i.open.test & done | wc -l; wait"
is "one that closes after each answer" '20' by $good:854 bash -c "kdig $ask @10.0.2.3 \$(printf 'c%s.open.test ' {1..20}) | wc -l"
is "answers in another order" '2' by $good:857 bash -c "for i in 1 2; do kdig $ask @10.0.2.3 d\$i.open.test & done | wc -l; wait"
is "one with another's certificate is not believed" '*SERVFAIL*' by $good:855 kdig +retry=0 @10.0.2.3 e.open.test
is "and that is said" "*the resolver good.test cannot be asked by TLS*mismatch*" timeout 60 "$weir" run -v -c "$W/d.yaml" --dns $good:855 -- kdig +retry=0 @10.0.2.3 e.open.test </dev/null
is "unless tls.insecure says so" 1.2.3.4 by $good:855 --insecure good.test kdig $ask @10.0.2.3 e.open.test
is "one that is silent" '*SERVFAIL*' by $good:856 kdig +retry=0 +time=8 @10.0.2.3 f.open.test
is "one that is not there" '*SERVFAIL*' by $good:852 kdig +retry=0 @10.0.2.3 g.open.test
is "and the next in the list is asked" 1.2.3.4 by $good:855 --dns $good kdig $ask @10.0.2.3 h.open.test
is "DNS over TLS from end to end" 1.2.3.4 by $good kdig $ask +tls @1.1.1.1 i.open.test

check "the log is valid" python3 "$here/events.py" "$W/d.json"
kill -0 $peer 2>/dev/null || not_ok "the host lives" "$(cat "$W/peer.err")"
finish
