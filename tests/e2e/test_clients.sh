#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real clients: curl, wget, git, ssh, node, python, iperf3.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
world_dns
limit=40
www=www.weirworld.net
big=5000000

# ---- servers ----------------------------------------------------------------

certificates() { # a CA and one leaf for *.weirworld.net
	cd "$W/tls" || return
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=weir world CA" \
		-addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem &&
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$www" -keyout leaf.key -out leaf.csr &&
	openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:*.weirworld.net") -out leaf.pem
}

web() {
	mkdir -p "$W/tls" "$W/www"
	(certificates) >>"$W/servers.err" 2>&1 || return
	$py -c "
import sys
sys.path.insert(0, '$here')
import pattern
sys.stdout.buffer.write(b''.join(bytes(pattern.piece(i, min(65536, $big - i)))
                                 for i in range(0, $big, 65536)))" >"$W/www/big"
	sum=$(sha256sum <"$W/www/big")
	in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/http" \
		$main_v4 80 $main_v6 80 $main_v4 8088 2>>"$W/servers.err" &
	in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/https" \
		--tls "$W/tls/leaf.pem" "$W/tls/leaf.key" $main_v4 8443 $main_v6 8443 2>>"$W/servers.err" &
	in_srv nghttpd -d "$W/www" 443 "$W/tls/leaf.key" "$W/tls/leaf.pem" >>"$W/servers.err" 2>&1 &
	wait_file "$W/ready/http" && wait_file "$W/ready/https" && wait_port "$srv" tcp 443
}

repository() {
	local g="git -c user.name=t -c user.email=t@weirworld.net -c init.defaultBranch=main"
	mkdir -p "$W/git" && $g init -q "$W/work" && cd "$W/work" &&
	cp "$W/www/big" . && seq 1000 | split -l 10 - part. &&
	$g add . && $g commit -qm "one" && seq 2000 >longer && $g add . && $g commit -qm "two" &&
	$g clone -q --bare "$W/work" "$W/git/repo.git" &&
	git -C "$W/git/repo.git" config http.receivepack true
}

shell_server() {
	ssh-keygen -qt ed25519 -N '' -f "$W/tls/host" && ssh-keygen -qt ed25519 -N '' -f "$W/tls/user" &&
	cat >"$W/tls/sshd" <<-END
		HostKey $W/tls/host
		AuthorizedKeysFile $W/tls/user.pub
		ListenAddress $main_v4
		ListenAddress $main_v6
		PidFile none
		UsePAM no
		StrictModes no
		PasswordAuthentication no
		PermitRootLogin yes
	END
	cp "$W/tls/user" "$W/tls/nobody" && chmod 0600 "$W/tls/nobody" &&
		chown 65534 "$W/tls/nobody" 2>/dev/null
	in_srv /usr/sbin/sshd -D -e -f "$W/tls/sshd" 2>>"$W/servers.err" &
	wait_port "$srv" tcp 22
}

# ---- what is asked of each client -------------------------------------------

# inside CMD...: in the sandbox that is tried now
inside() { "$how" "${with[@]}" -- "$@"; }
script() { inside bash -c "set -eo pipefail; $1"; }
curl_get() { script "curl -sS $1 | sha256sum" | grep -qx "$sum"; }
is_http2() { [ "$(inside curl -sS --cacert "$W/tls/ca.pem" -o /dev/null -w '%{http_version}' "$1")" = 2 ]; }

try_curl() {
	check "$1: curl over HTTP/1.1" curl_get "http://$www/bytes/$big"
	check "$1: curl, chunked, over IPv6" curl_get "-6 http://$www/chunked/$big"
	check "$1: curl over TLS" curl_get "--cacert $W/tls/ca.pem https://$www:8443/bytes/$big"
	check "$1: curl with HTTP/2 over TLS" curl_get "--http2 --cacert $W/tls/ca.pem https://$www/big"
	check "$1: it is HTTP/2" is_http2 "https://$www/big"
	check "$1: curl, 30 at a time" script "
		curl -sS -Z --parallel-max 30 'http://$www/bytes/30[000-029]' -o '$W/tmp/$1#1' &&
		cat '$W/tmp/$1'* | wc -c | grep -qx 900435"
	check "$1: curl uploads" script "
		curl -sS --data-binary @$W/www/big http://$www/hash | grep -qx '$big ${sum%% *}'"
	check "$1: curl, an upload that waits for 100 Continue" script "
		curl -sS -T $W/www/big -H 'Expect: 100-continue' http://$www/hash | grep -qx '$big ${sum%% *}'"
	check "$1: curl says a refused port is refused" script "
		code=0; curl -sS -m 5 http://$www:4444/ || code=\$?; [ \$code = 7 ]"
	check "$1: a name with a refusing IPv6 falls back at once" script "
		curl -sS -m 1 --resolve x.test:8088:[$main_v6],$main_v4 http://x.test:8088/hello | grep -qx hello"
	check "$1: a name with a dead IPv6 falls back soon" script "
		curl -sS -m 3 --resolve x.test:80:[2606:4700:99::66],$main_v4 http://x.test/hello | grep -qx hello"
	check "$1: the same by DNS" script "
		curl -sS -m 3 http://refuse6.weirworld.net:8088/hello | grep -qx hello &&
		curl -sS -m 3 http://dead6.weirworld.net/hello | grep -qx hello"
	check "$1: wget" script "wget -qO- http://$www/bytes/$big | sha256sum | grep -qx '$sum'"
}

try_git() {
	local at=$W/tmp/clone.$1 id="-c user.name=t -c user.email=t@weirworld.net"
	at=${at// /-}
	check "$1: git clones over http" script "
		git clone -q http://$www/git/repo.git '$at' &&
		cd '$at' && git fsck --strict 2>&1 && sha256sum <big | grep -qx '$sum'"
	check "$1: git pushes over http" script "
		cd '$at' && head -c 3000000 /dev/urandom >noise && git add noise &&
		git $id commit -qm '$1' && git $id push -q origin HEAD:refs/heads/'${at##*.}' &&
		git ls-remote origin '${at##*.}' | grep -q \$(git rev-parse HEAD)"
}

try_ssh() {
	local key=$W/tls/user
	[ "$how" = guest ] || bare || key=$W/tls/nobody
	if [ ! -e "$W/ready/ssh" ]; then skip "$1: ssh" "sshd needs root here"; return; fi
	local ssh="ssh -n -F none -o BatchMode=yes -o StrictHostKeyChecking=no
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i $key root@"
	ssh=$(tr -d '\t' <<<"$ssh" | tr '\n' ' ') ssh=${ssh% }
	check "$1: ssh runs a command" script "
		for to in $www $main_v6; do
			code=0; said=\$($ssh\$to 'echo from there; exit 3') || code=\$?
			[ \"\$code \$said\" = '3 from there' ]
		done"
	check "$1: 10 MB through ssh and back" script "
		cat $W/www/big $W/www/big | ${ssh/ -n/}$www cat | sha256sum >$W/tmp/a
		cat $W/www/big $W/www/big | sha256sum | cmp - $W/tmp/a; rm -f $W/tmp/a"
}

try_iperf() {
	local run port=5200 args
	for args in "-n 30M" "-n 30M -R" "-n 30M -P 4" "-n 30M -P 4 -R" "-n 30M -6" \
		"-n 30M -6 -R" "-t 1 -u -b 200M -l 1200"; do
		port=$((port + 1))
		local to=$main_v4
		case $args in *-6*) to=$main_v6 ;; esac
		in_srv iperf3 -s -1 -B $to -p $port >/dev/null 2>&1 &
		run=$!
		wait_port "$srv" tcp $port
		check "$1: iperf3 $args" iperf_moves "-c $to -p $port $args"
		kill $run 2>/dev/null
	done
}
iperf_moves() { # 30 MB; what -n counts at the receiver depends on when it is told to stop
	# shellcheck disable=SC2086
	inside timeout 15 iperf3 -J $1 >"$W/tmp/iperf.json" || { tail -n 5 "$W/tmp/iperf.json"; return 1; }
	$py -c '
import json, sys
run = json.load(open(sys.argv[1]))
end = run["end"]
got = (end.get("sum_sent") or end.get("sum") or {"bytes": 0})["bytes"]
sys.exit(f"{got} bytes only {run.get('"'error'"', '"''"')}" if got < 20000000 else 0)' "$W/tmp/iperf.json"
}

try_all() {
	try_curl "$1"
	try_git "$1"
	try_ssh "$1"
	check "$1: node: HTTP, HTTPS, HTTP/2, a server that speaks first" \
		inside node "$here/guest_node.js" $www "$W/tls/ca.pem"
	check "$1: python: 200 requests at once, urllib" \
		inside $py "$here/guest_asyncio.py" $www 80
	try_iperf "$1"
}

web || not_ok "the world" "no web servers: $(tail -n 3 "$W/servers.err")"
(repository) >>"$W/servers.err" 2>&1 || not_ok "the world" "no repository: $(tail -n 3 "$W/servers.err")"
chmod -R a+rwX "$W/tmp"
if [ "$WEIR_WORLD" = root ] && shell_server; then touch "$W/ready/ssh"; fi

how=guest with=()
try_all "as root"
how=guest_user with=(--mtu 1500)
try_all "ordinary user, MTU 1500"
finish
