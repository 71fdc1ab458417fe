#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weir ca: the interception CA, and what real clients think of its leaves.
#
# Needs no world: leafd.c serves TLS on this machine's loopback with leaves made
# for the name that a client shows, or the address it came to.  Every client is
# asked twice, with our CA trusted and without it: a client that believes
# everybody proves nothing.
#
#   WEIR=PATH        the program under test   (build/dev/weir)
#   TOOLS=DIR        where leafd is           (build/dev/tests/e2e)
#   WEIR_E2E_ONLY=RE run the cases whose name matches
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
py=/usr/bin/python3
weir=${WEIR:-$top/build/dev/weir}
leafd=${TOOLS:-$top/build/dev/tests/e2e}/leafd
export LC_ALL=C.UTF-8
unset XDG_DATA_HOME SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS JAVA_TOOL_OPTIONS

W=$(mktemp -d "${TMPDIR:-/tmp}/weir-ca.XXXXXX") || exit 1
servers=
end() {
	trap - EXIT
	exec 5>&- 6>&- 7>&- # the servers end with their input
	[ -z "$servers" ] || kill $servers 2>/dev/null
	rm -rf "$W"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 755 "$W"
cp "$weir" "$W/weir" && cp "$leafd" "$W/leafd" || exit 1
mkdir "$W/home" "$W/given"
bad=0

# an ordinary user's command, also where root runs the test
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 "$W/home" "$W/given"
	user() { setpriv --reuid=65534 --regid=65534 --clear-groups -- env HOME="$W/home" "$@"; }
	root() { unshare -m -- "$@"; }
else
	user() { env HOME="$W/home" "$@"; }
	root() { unshare -Urm -- "$@"; }
fi

wanted() { [[ $1 =~ ${WEIR_E2E_ONLY-} ]]; }
check() { # check NAME CMD...: CMD says why if it fails
	local name=$1 why
	shift
	wanted "$name" || return 0
	if why=$("$@" 2>&1); then echo "ok - $name"
	else echo "not ok - $name: ${why//$'\n'/ }"; bad=1; fi
}
# needs PROGRAM PACKAGE NAME CMD...: check, if there is such a program
needs() {
	local program=$1 package=$2 name=$3
	shift 3
	wanted "$name" || return 0
	if command -v "$program" >/dev/null; then check "$name" "$@"
	else echo "skip - $name: there is no $program (package $package)"; fi
}
has() { grep -qF -e "$2" "$W/$1" || { echo "no '$2' in: $(cat "$W/$1")"; return 1; }; }
# gives CODE WORD...: exit status of weir ca, whose words are in out and err
gives() {
	local code=$1 status
	shift
	(cd "$W/home" && user "$W/weir" ca "$@" >"$W/out" 2>"$W/err" </dev/null)
	status=$?
	[ "$status" = "$code" ] || { echo "ca $*: exit $status instead of $code: $(cat "$W/out" "$W/err")"; return 1; }
}

# --- the command --------------------------------------------------------------

dir=$W/home/.local/share/weir/ca

first() {
	gives 1 show && has err "there is no CA in $dir yet" || return 1
	[ ! -e "$W/home/.local" ] || { echo "show has made something"; return 1; }
	gives 1 rotate --yes && has err "nothing to rotate" || return 1
	gives 0 export && cp "$W/out" "$W/ca.pem" || return 1
	[ "$(stat -c %a "$dir" "$dir"/key-*.pem "$dir/cert.pem" | tr '\n' ' ')" = "700 600 644 " ] ||
		{ ls -la "$dir"; return 1; }
	cmp "$W/ca.pem" "$dir/cert.pem"
}
show() {
	gives 0 show && has out "certificate  $dir/cert.pem" && has out "key          $dir/key-" &&
		has out "subject      O = Weir, CN = Weir CA " || return 1
	has out "$(openssl x509 -in "$dir/cert.pem" -noout -fingerprint -sha256 | sed 's/.*=//')" || return 1
	user "$W/weir" ca show >/dev/full 2>"$W/err"
	[ $? = 1 ] && has err "cannot be written"
}
export_() {
	gives 0 export --der - && openssl x509 -inform der -in "$W/out" | cmp - "$dir/cert.pem" || return 1
	gives 0 export --pem ./ca.crt && cmp "$W/home/ca.crt" "$dir/cert.pem" || return 1
	gives 0 export --der ./ca.der && openssl x509 -inform der -in "$W/home/ca.der" -noout || return 1
	gives 1 export /nonexistent/ca && has err "/nonexistent/ca: the certificate cannot be written" || return 1
	user "$W/weir" ca export >/dev/full 2>"$W/err"
	[ $? = 1 ] && has err "cannot be written there"
}
rotate() {
	cp "$dir/cert.pem" "$W/old.pem"
	gives 2 rotate && has err "say --yes" && cmp "$W/old.pem" "$dir/cert.pem" || return 1
	gives 0 rotate --yes && has out "sha256" || return 1
	cmp "$W/old.pem" "$dir/previous.pem" || return 1
	! cmp -s "$W/old.pem" "$dir/cert.pem" || { echo "it is the old one"; return 1; }
	[ "$(ls "$dir" | wc -l)" = 3 ] || { ls "$dir"; return 1; }
	# a terminal is asked
	local answer changed
	for answer in y n; do
		cp "$dir/cert.pem" "$W/old.pem"
		echo $answer | user script -qec "$W/weir ca rotate" /dev/null >"$W/out" 2>&1
		has out "Make a new one?" || return 1
		changed=n
		cmp -s "$W/old.pem" "$dir/cert.pem" || changed=y
		[ $changed = $answer ] || { echo "$answer: $(cat "$W/out")"; return 1; }
	done
	gives 0 export && cp "$W/out" "$W/ca.pem"
}
refused() {
	chmod 644 "$dir"/key-*.pem && gives 0 show && chmod 600 "$dir"/key-*.pem || return 1
	chmod 777 "$dir"
	gives 1 show && has err "others may write to this directory" && gives 1 export || return 1
	chmod 700 "$dir"
}
given() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=their root" -addext keyUsage=critical,keyCertSign \
		-keyout "$W/given/root.key" -out "$W/given/root.pem" 2>/dev/null || return 1
	openssl req -newkey rsa:2048 -nodes -subj "/CN=their CA" -keyout "$W/given/ca.key" \
		-out "$W/given/ca.csr" 2>/dev/null || return 1
	printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >"$W/given/ext"
	openssl x509 -req -in "$W/given/ca.csr" -CA "$W/given/root.pem" -CAkey "$W/given/root.key" \
		-CAcreateserial -days 30 -extfile "$W/given/ext" -out "$W/given/own.pem" 2>/dev/null || return 1
	cat "$W/given/own.pem" "$W/given/root.pem" >"$W/given/ca.pem"
	echo '{tls: {ca: {cert: ca.pem, key: ca.key}}}' >"$W/given/weir.yaml"
	[ "$(id -u)" != 0 ] || chown 65534 "$W"/given/*
	gives 0 show -c "$W/given/weir.yaml" && has out "given by tls.ca" && has out "CN = their CA" || return 1
	gives 0 export --config="$W/given/weir.yaml" && cmp "$W/out" "$W/given/ca.pem" || return 1
	gives 1 rotate --yes -c "$W/given/weir.yaml" && has err "given with tls.ca" || return 1
	gives 2 show -c "$W/given/none.yaml"
}
as_root() {
	root sh -c "mount -t tmpfs tmpfs /var/lib && XDG_DATA_HOME=$W/x '$W/weir' ca export >'$W/root.pem' &&
		'$W/weir' ca show | grep -q '^certificate  /var/lib/weir/ca/cert.pem' &&
		cmp '$W/root.pem' /var/lib/weir/ca/cert.pem"
}
wrong() {
	local words want
	while IFS='|' read -r words want; do
		eval "gives 2 $words" && has err "$want" || return 1
		[ "$(wc -l <"$W/err")" = 1 ] && [ ! -s "$W/out" ] || { cat "$W/err" "$W/out"; return 1; }
	done <<-'END'
		|show, export or rotate?
		shw|did you mean weir ca show?
		list|there is no list
		show now|what is now?
		export a b|what is b?
		show --der|are for export
		export --yes|is for rotate
		export --pem --der|not both
		export --derr|did you mean --der?
		show -c|--config needs FILE
		show --json|there is no option --json
	END
	(cd "$W/home" && env -u HOME "$W/weir" ca show) >"$W/out" 2>"$W/err"
	[ "$(id -u)" = 0 ] || has err "XDG_DATA_HOME nor HOME"
}
help() {
	gives 0 --help && has out "usage: weir ca show" && gives 0 export --help && has out "--der" &&
		"$weir" help ca | grep -q "usage: weir ca" && "$weir" --help | grep -q "weir ca show|export|rotate"
}
check "the first export makes the CA, show does not" first
check "show says where and whose" show
check "export in both forms, to files and to stdout" export_
check "rotate keeps the old certificate and no old key" rotate
check "a directory that others can write to" refused
check "a given CA" given
check "root has it in /var/lib" as_root
check "wrong words are told the right ones" wrong
check "help" help

# --- a server with leaves of ours ------------------------------------------------

# serve DESCRIPTOR CERT KEY [SECONDS]: sets port
serve() {
	local fd=$1
	shift
	mkfifo "$W/in.$fd"
	user "$W/leafd" serve "$@" <"$W/in.$fd" >"$W/port.$fd" &
	servers="$servers $!"
	eval "exec $fd>'$W/in.$fd'"
	for _ in {1..100}; do
		port=$(cat "$W/port.$fd")
		[ -z "$port" ] || return 0
		sleep 0.05
	done
	echo "not ok - leafd does not serve"
	exit 1
}
gives 0 export && cp "$W/out" "$W/ca.pem" || exit 1
key=$(ls "$dir"/key-*.pem)
serve 5 "$dir/cert.pem" "$key"
ours=$port
serve 6 "$W/given/ca.pem" "$W/given/ca.key"
theirs=$port
user "$W/leafd" pem "$dir/cert.pem" "$key" >"$W/bundle.pem" || exit 1
user "$W/leafd" java "$dir/cert.pem" "$key" >"$W/bundle.p12" || exit 1
store=/etc/ssl/certs/ca-certificates.crt
[ -e $store ] || { store=$W/no.pem; openssl x509 -in "$W/given/root.pem" -out "$store"; }
long=$(printf 'a%.0s' {1..60}).$(printf 'b%.0s' {1..60}).example

# twice CMD TRUST PORT NAME: believed with TRUST, not with the store alone
twice() {
	local cmd=$1 trust=$2 port=$3 name=$4 said
	said=$($cmd "$trust" "$port" "$name" 2>&1) || { echo "$name is refused: $said"; return 1; }
	said=$($cmd "${5:-$store}" "$port" "$name" 2>&1) && { echo "$name is believed without our CA: $said"; return 1; }
	return 0
}
# four CMD: a name, one that is too long for a CN, and both kinds of addresses
four() {
	local name
	for name in api.example.com "$long" 127.0.0.1 ::1; do
		twice "$1" "$W/bundle.pem" "$ours" "$name" || return 1
	done
	twice "$1" "$W/given/root.pem" "$theirs" api.example.com
}

x509() { # the leaf itself, by the strictest rules there are
	local name how
	for name in api.example.com build _a.b_.example "$long" 192.0.2.1 2001:db8::1; do
		user "$W/leafd" mint "$dir/cert.pem" "$key" "$name" >"$W/leaf.pem" || return 1
		case $name in *:*|192*) how=-verify_ip ;; *) how=-verify_hostname ;; esac
		openssl verify -x509_strict -purpose sslserver -check_ss_sig -policy_check -auth_level 2 \
			$how "$name" -CAfile "$W/ca.pem" "$W/leaf.pem" || return 1
		! openssl verify -x509_strict $how 192.0.2.9 -CAfile "$W/ca.pem" "$W/leaf.pem" 2>/dev/null || return 1
	done
	! user "$W/leafd" mint "$dir/cert.pem" "$key" '*.example.com'
}
certtool_() {
	local name how
	for name in api.example.com "$long" 192.0.2.1 2001:db8::1; do
		user "$W/leafd" mint "$dir/cert.pem" "$key" "$name" >"$W/leaf.pem" || return 1
		how=--verify-hostname=$name
		certtool --verify --load-ca-certificate "$W/ca.pem" --verify-profile=medium \
			--verify-purpose=1.3.6.1.5.5.7.3.1 "$how" --infile "$W/leaf.pem" || return 1
	done
	user "$W/leafd" mint "$W/given/ca.pem" "$W/given/ca.key" a.example >"$W/leaf.pem"
	certtool --verify --load-ca-certificate "$W/given/root.pem" --verify-hostname=a.example --infile "$W/leaf.pem"
}
is_addr() { case $1 in *:*|127.*) true ;; *) false ;; esac; }
openssl_() {
	local args
	if is_addr "$3"; then args=(-noservername -verify_ip "$3"); else args=(-servername "$3" -verify_hostname "$3"); fi
	local to=127.0.0.1
	[ "$3" != ::1 ] || to='[::1]'
	printf 'GET / HTTP/1.1\r\n\r\n' | timeout 20 openssl s_client -connect "$to:$2" -CAfile "$1" -x509_strict \
		-verify_return_error -quiet "${args[@]}" 2>&1 | grep -F "shown $3"
}
gnutls_() {
	local to=127.0.0.1 args
	[ "$3" != ::1 ] || to=::1
	if is_addr "$3"; then args=(--disable-sni --verify-hostname="$3"); else args=(--sni-hostname="$3" --verify-hostname="$3"); fi
	# it ends with its input, answered or not
	(printf 'GET / HTTP/1.1\r\n\r\n'; sleep 0.7) | timeout 20 gnutls-cli --x509cafile "$1" -p "$2" "${args[@]}" $to | grep -F "shown $3"
}
url() { case $1 in *:*) echo "https://[$1]:$2/" ;; *) echo "https://$1:$2/" ;; esac; }
curl_() {
	local args=()
	is_addr "$3" || args=(--resolve "$3:$2:127.0.0.1")
	curl -sS --max-time 20 --noproxy '*' --cacert "$1" "${args[@]}" "$(url "$3" "$2")" | grep -F "shown $3"
}
python_() {
	SSL_CERT_FILE=$1 timeout 20 $py - "$2" "$3" <<-'END'
		import socket, ssl, sys
		port, name = int(sys.argv[1]), sys.argv[2]
		to = "::1" if name == "::1" else "127.0.0.1"
		c = ssl.create_default_context()
		c.verify_flags |= ssl.VERIFY_X509_STRICT # as Python 3.13 does
		s = c.wrap_socket(socket.create_connection((to, port), 10), server_hostname=name)
		s.sendall(b"GET / HTTP/1.1\r\n\r\n")
		got = b""
		while b"shown" not in got:
		    got += s.recv(1000)
		assert ("shown " + name).encode() in got, got
	END
}
node_() {
	NODE_EXTRA_CA_CERTS=$1 timeout 20 node - "$2" "$3" <<-'END'
		const [port, name] = process.argv.slice(2);
		const addr = name === "::1" || name.startsWith("127.");
		const options = { port, host: addr ? name : "127.0.0.1", servername: addr ? undefined : name };
		// Debian's 18.20.4 makes "" of an IPv6 address before it looks for it in a certificate
		if (name === "::1" && require("url").domainToASCII(name) === "")
			options.checkServerIdentity = (_, cert) => cert.subjectaltname === "IP Address:0:0:0:0:0:0:0:1"
				? undefined : new Error("it is for " + cert.subjectaltname);
		const s = require("tls").connect(options, () => s.write("GET / HTTP/1.1\r\n\r\n"));
		let got = "";
		s.on("error", (e) => { console.log(e.message); process.exit(1); });
		s.on("data", (d) => {
			got += d;
			if (!got.includes("shown")) return;
			process.exit(s.authorized && got.includes("shown " + name) ? 0 : 1);
		});
	END
}
# Go is compiled once
go_build() {
	cat >"$W/client.go" <<-'END'
		package main

		import (
			"context"
			"fmt"
			"io"
			"net"
			"net/http"
			"os"
			"strings"
		)

		func main() {
			url, name, port := os.Args[1], os.Args[2], os.Args[3]
			to := net.JoinHostPort("127.0.0.1", port)
			if name == "::1" {
				to = net.JoinHostPort(name, port)
			}
			t := &http.Transport{DialContext: func(c context.Context, n, a string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(c, n, to)
			}}
			r, err := (&http.Client{Transport: t}).Get(url)
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			b, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(b), "shown "+name) {
				fmt.Println(string(b))
				os.Exit(1)
			}
		}
	END
	HOME=$W GOCACHE=$W/go GOPATH=$W/gopath GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local \
		CGO_ENABLED=0 go build -o "$W/client" "$W/client.go"
}
go_() { SSL_CERT_FILE=$1 SSL_CERT_DIR=/nonexistent timeout 20 "$W/client" "$(url "$3" "$2")" "$3" "$2"; }
go_all() { go_build && four go_; }
# A JRE has no compiler; but keytool reads a CRL from any URL, as any program
# of Java would, and says what is wrong with what it got.  Where TLS fails it
# takes the URL for a file.
java_() {
	local said trust=()
	[ -z "$1" ] || trust=("-J-Djavax.net.ssl.trustStore=$1")
	printf '127.0.0.1 %s\n' "$3" >"$W/hosts"
	said=$(timeout 60 keytool "${trust[@]}" "-J-Djdk.net.hosts.file=$W/hosts" -printcrl -file "$(url "$3" "$2")" 2>&1)
	echo "$said"
	case $said in *"No such file"*) return 1 ;; *"Unable to parse"*|*CRLException*|*"Empty input"*) return 0 ;; esac
	return 1
}
java_all() {
	local name
	keytool -list -keystore "$W/bundle.p12" -storepass changeit >"$W/list" 2>&1 || { cat "$W/list"; return 1; }
	[ "$(grep -c trustedCertEntry "$W/list")" = "$(grep -c 'BEGIN CERT' "$W/bundle.pem")" ] ||
		{ head -5 "$W/list"; return 1; }
	for name in api.example.com 127.0.0.1; do
		twice java_ "$W/bundle.p12" "$ours" "$name" "" || return 1
	done
}
java_mounted() { # in the place of Java's own store, which is a JKS
	local store=/etc/ssl/certs/java/cacerts
	[ -e $store ] || return 0
	export -f java_ url
	export W
	root bash -c "mount --bind '$W/bundle.p12' $store && java_ '' $ours api.example.com"
}
needs openssl openssl "a leaf by the strict rules of OpenSSL" x509
needs certtool gnutls-bin "a leaf by the rules of GnuTLS" certtool_
needs openssl openssl "OpenSSL believes the leaves" four openssl_
needs gnutls-cli gnutls-bin "GnuTLS believes the leaves" four gnutls_
needs curl curl "curl believes the leaves" four curl_
needs $py python3 "Python believes the leaves" four python_
needs node nodejs "Node believes the leaves" four node_
needs go golang-go "Go believes the leaves" go_all
needs keytool default-jre-headless "Java believes the leaves" java_all
needs keytool default-jre-headless "Java believes a bundle in place of its own store" java_mounted

# --- clocks ------------------------------------------------------------------------

clocks() { # of guests that are three days ahead, or six behind
	local s
	for s in -259200 518400; do
		rm -f "$W/in.7" "$W/port.7"
		serve 7 "$dir/cert.pem" "$key" $s
		openssl_ "$W/ca.pem" "$port" a.example || { echo "a clock that is $s s off"; return 1; }
		exec 7>&-
	done
	rm -f "$W/in.7" "$W/port.7"
	serve 7 "$dir/cert.pem" "$key" -700000
	! openssl_ "$W/ca.pem" "$port" a.example
}
check "clocks that differ by days" clocks
exit $bad
