#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TLS opened by our own CA, HTTP/1 understood, rules for each request.
# shellcheck source=tests/e2e/intercept_world.sh
. "$(dirname "$0")/intercept_world.sh"

cat >"$W/i.yaml" <<END
rules: [allow tcp good.test:443-447, allow tcp plain.test:80, "allow tcp $far:80"]
dns: {hosts: {good.test: $far, plain.test: $far, www.good.test: $far}}
tls: {intercept: [443-447], upstream_ca: ["$W/pki/ca.pem"]}
log: {file: $W/i.json}
END
run() { timeout 60 "$weir" run -q -c "$W/i.yaml" "$@" </dev/null; }

# --- clients

is "curl: a page, with our CA trusted" 'GET /a' run -- curl -sS https://good.test/a
is "curl: its certificate is by our CA, for that name" '*CN=good.test*Weir CA*' \
	run -- curl -sSv -o /dev/null https://good.test/
is "curl: several requests on one connection" $'GET /a\nGET /b\nGET /c' \
	run -- curl -sS https://good.test/a https://good.test/b https://good.test/c
is "curl: $mb MB come as they are" "$hash*" run -- bash -c 'curl -sS https://good.test/big | sha256sum'
is "curl: $mb MB go as they are" "$hash" run -- curl -sS -T "$W/pki/big" https://good.test/put
is "curl: and in chunks" "$hash" run -- bash -c "curl -sS -T - https://good.test/put <$W/pki/big"
is "curl: Expect: 100-continue" "$hash" run -- curl -sS -H 'Expect: 100-continue' -T "$W/pki/big" https://good.test/put
is "curl: chunks with a trailer" "*abcdeabcde*100*" run -- curl -sSi https://good.test/slow
is "curl: HTTP/1.0" 'GET /a' run -- curl -sS -0 https://good.test/a
is "curl: HEAD" '*200 OK*' run -- curl -sSI https://good.test/a
is "curl: TLS 1.2" 'GET /a' run -- curl -sS --tls-max 1.2 https://good.test/a
is "wget" 'GET /w' run -- wget -qO- https://good.test/w
is "python: urllib" 'GET /p*' run -- python3 -c \
	'import urllib.request as u; print(u.urlopen("https://good.test/p").read().decode())'
is "node: https" 'GET /n*' run -- node -e \
	'require("https").get("https://good.test/n",r=>{let b="";r.on("data",d=>b+=d);r.on("end",()=>console.log(b))})'
/usr/bin/python3 -c 'import requests' 2>/dev/null &&
	is "python: requests" '200 GET /r*' run -- /usr/bin/python3 -c \
		'import requests; r = requests.get("https://good.test/r"); print(r.status_code, r.text)'
is "node: fetch" '200 GET /f*' run -- node -e \
	'fetch("https://good.test/f").then(async r => console.log(r.status, await r.text()))'
# a JRE has no compiler: keytool asks any URL for a CRL, and says what is wrong with what it got
if command -v keytool >/dev/null; then
	is "Java believes the CA" '*CRLException*' run -- keytool -printcrl -file https://good.test/crl
else skip "Java" "it is not installed"; fi
is "early data is not taken" '*Early data was not sent*' run -- bash -c \
	'echo "GET /early HTTP/1.1" >"$0/early"
	for how in "-sess_out $0/s" "-sess_in $0/s -early_data $0/early"; do
		echo -en "GET / HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n" |
			openssl s_client -connect good.test:443 -servername good.test $how -ign_eof 2>&1
	done' "$W/pki"
git init -q --bare -b main "$W/pki/git/of.git"
cat >"$W/push.sh" <<'SH'
set -e
cd "$(mktemp -d)"
git init -q -b main .
git config user.email a@b.example; git config user.name guest
head -c 3000000 /dev/urandom >big # more than a post buffer: it goes in chunks
git add big; git commit -qm one
git push -q https://good.test/git/of.git main
git clone -q https://good.test/git/of.git copy
cmp big copy/big && echo "the same"
SH
is "git: push over HTTPS, and clone" 'the same' run -- env GIT_CONFIG_NOSYSTEM=1 HOME=/tmp bash "$W/push.sh"
is "a session is resumed, and the host verified anew" $'New\nReused' run -- bash -c \
	'for how in out in; do
		echo -en "GET / HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n" |
			openssl s_client -connect good.test:443 -servername good.test -sess_$how $0/session -ign_eof 2>/dev/null |
			grep -oE "^(New|Reused)," | tr -d ,
	done' "$W/pki"
is "openssl s_client believes the bundle" '*Verify return code: 0 (ok)*' run -- bash -c \
	'openssl s_client -connect good.test:443 -servername good.test -verify_hostname good.test </dev/null'
while read -r line; do
	case $line in
	"ok - "*) ok "${line#ok - }" ;;
	*) not_ok "${line#not ok - }" "" ;;
	esac
done < <(run -- /usr/bin/python3 "$here/guest_websocket.py" 2>&1)

# --- what is not to pass

is "another host on the connection is 421" '*421 Misdirected*shown_mismatch*' \
	run -- curl -sSi -H 'Host: www.good.test' https://good.test/
is "an expired certificate is 502" '*502 Bad Gateway*upstream_cert*expired*' run -- curl -sSi https://good.test:444/
is "one for another name is 502" '*502*upstream_cert*hostname mismatch*' run -- curl -sSi https://good.test:445/
is "a self-signed one is 502" '*502*upstream_cert*self-signed*' run -- curl -sSi https://good.test:446/
is "a self-signed one of a name in --insecure" 'GET /a' run --insecure good.test -- curl -sS https://good.test:446/a
is "and of another name it is 502" '*502*self-signed*' run --insecure www.good.test -- curl -sSi https://good.test:446/
is "a host that wants a certificate of the client is 502" '*502*client_cert*tls.bypass*' \
	run -- curl -sSi https://good.test:447/
grep '"event":"deny"' "$W/i.json" | grep '"reason":"shown_mismatch"' | grep -q '"method":"GET"' &&
	ok "a refused request is told" || not_ok "a refused request is told" "$(grep deny "$W/i.json" | tail -2)"
check "the log is valid" python3 "$here/events.py" "$W/i.json"
cat >"$W/tricks.py" <<'PY'
import socket, ssl
c = ssl.create_default_context()
bad = {
    "both framings": b"POST / HTTP/1.1\r\nHost: good.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: good.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : good.test\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: good.test\r\nHost: evil.test\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: good.test\r\nA: b\r\n c\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: good.test\n\n",
    "an odd name": b"GET / HTTP/1.1\r\nHost: good.test\r\nA(b): c\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\nHost: good.test\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: good.test\r\nA: b\0c\r\n\r\n",
    "a head without end": b"GET / HTTP/1.1\r\nHost: good.test\r\n" + b"A: b\r\n" * 20000,
}
for name, text in bad.items():
    s = c.wrap_socket(socket.create_connection(("good.test", 443)), server_hostname="good.test")
    try:
        s.sendall(text)
        got = s.recv(4096)
    except OSError:
        got = b""
    print(("ok - " if not got or got.split()[1][:1] == b"4" else "not ok - ") + name + ": " + got[:40].decode(errors="replace").split("\r")[0])
    s.close()
PY
cases "tricks" run -- python3 "$W/tricks.py"

# --- rules for requests

cat >"$W/h.yaml" <<END
rules: [allow tcp good.test:443, allow tcp plain.test:80]
dns: {hosts: {good.test: $far, plain.test: $far}}
tls: {upstream_ca: ["$W/pki/ca.pem"]}
http:
  - {host: good.test, allow: ["GET /a", "GET /r/*"], deny: ["* /r/keys"]}
  - {host: plain.test, allow: ["GET /a"]}
END
ruled() { timeout 60 "$weir" run -q -c "$W/h.yaml" "$@" </dev/null; }
is "a listed request passes, the next is 403, the connection stays" $'GET /a\nerror: denied*http_rule*GET /r/x' \
	ruled -- curl -sS https://good.test/a https://good.test/b https://good.test/r/x
is "a denied one of a listed kind" '*403 Forbidden*http_rule*' ruled -- curl -sSi https://good.test/r/keys
is "in JSON if the client prefers it" '*application/json*{*"reason":"http_rule"*}*' \
	ruled -- curl -sSi -H 'Accept: application/json' https://good.test/zzz
is "another method" '*403 Forbidden*' ruled -- curl -sSi -X POST -d x https://good.test/a
is "plain HTTP too" $'GET /a\nerror: denied*http_rule*' ruled -- curl -sS http://plain.test/a http://plain.test/b

# --- what stays as it was

cat >"$W/b.yaml" <<END
rules: [allow tcp good.test:443]
dns: {hosts: {good.test: $far}}
tls: {intercept: [443], bypass: [good.test], upstream_ca: ["$W/pki/ca.pem"]}
END
is "a bypassed name keeps its own certificate" '*issuer: CN=the world*' \
	timeout 60 "$weir" run -q -c "$W/b.yaml" -- curl -sSv --cacert "$W/pki/ca.pem" -o /dev/null https://good.test/
is "without interception nothing is opened" '*issuer: CN=the world*' \
	timeout 60 "$weir" run -q --net none --allow good.test:443 --host good.test=$far -- \
	curl -sSv --cacert "$W/pki/ca.pem" -o /dev/null https://good.test/
is "CMD does not see the CA's folder" '' run -- bash -c \
	"find $W/home /var/lib/weir -name '*.pem' 2>/dev/null | grep -v pki"
before=$(sha256sum /etc/ssl/certs/ca-certificates.crt)
is "CMD's bundle has ours, the host's has not" 'more' run -- bash -c \
	"[ \"\$(sha256sum </etc/ssl/certs/ca-certificates.crt)\" != \"${before%% *}  -\" ] && echo more"
[ "$(sha256sum /etc/ssl/certs/ca-certificates.crt)" = "$before" ] &&
	ok "the host's store is untouched" || not_ok "the host's store is untouched" "it is another one"
is "a variable that the user set is kept" '/mine' env CURL_CA_BUNDLE=/mine \
	timeout 60 "$weir" run -q -c "$W/i.yaml" -- sh -c 'echo $CURL_CA_BUNDLE'

# --- the proxy dies

mkfifo "$W/gate"
timeout 60 "$weir" run -v -c "$W/i.yaml" -- bash -c "curl -sS https://good.test/1; read -r <$W/gate; curl -sS https://good.test/2" \
	>"$W/die.out" 2>"$W/die.err" & run=$!
until_true 10 grep -q 'GET /1' "$W/die.out"
proxy=$(find_role $run proxy)
[ "$(status_of "$proxy" Seccomp)" = 2 ] && ok "the proxy is held to its system calls" ||
	not_ok "the proxy is held to its system calls" "$(status_of "$proxy" Seccomp)"
{ kill -9 "$proxy"; } 2>/dev/null
until_true 10 grep -q 'the proxy has ended' "$W/die.err"
until_true 10 has_role $run proxy
echo >"$W/gate"
wait $run
grep -q 'GET /2' "$W/die.out" && ok "another proxy serves on" || not_ok "another proxy serves on" "$(cat "$W/die.out" "$W/die.err")"
{ kill "$peer" && wait "$peer"; } 2>/dev/null
finish
