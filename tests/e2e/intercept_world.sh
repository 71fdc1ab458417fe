# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The world of interception: sourced in place of world.sh.
#
#	weir run ── engine ══ proxy ── 93.184.216.34 (lo): $PEER
#
# The world's host owns that address, hence rules that name it.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"
weir=${WEIR:-$top/build/dev/weir}
mb=${WEIR_E2E_MB:-20}
far=93.184.216.34
export HOME=$W/home XDG_DATA_HOME=$W/home LC_ALL=C.UTF-8
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}
unset http_proxy https_proxy
mkdir -p "$W/home" "$W/pki"
chmod 755 "$W"
mount -t tmpfs -o mode=0755 tmpfs /run || exit 1
[ "$WEIR_WORLD" = root ] && { mkdir -p "$W/lib"; mount -t tmpfs tmpfs /var/lib; }
ip link set lo up
ip addr add $far/32 dev lo
command -v openssl >/dev/null || { skip "interception" "openssl is missing"; finish; }

# --- the world's CA and certificates

cd "$W/pki" || exit 1
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }
sign() { # sign FILE NAME OPTION...: by the world's CA
	local f=$1 name=$2; shift 2
	key "$f"
	openssl req -new -key "$f.key" -subj "/CN=$name" -out "$f.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s,IP:%s\n' "$name" $far >"$f.ext"
	openssl x509 -req -in "$f.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
		-extfile "$f.ext" -out "$f.pem" "$@" 2>/dev/null
}
key ca
openssl req -x509 -new -key ca.key -subj "/CN=the world" -days 30 -out ca.pem 2>/dev/null
sign good good.test -days 30
sign other elsewhere.test -days 30
sign expired good.test -days -1 2>/dev/null || sign expired good.test -not_after 20200101000000Z
key middle
openssl req -new -key middle.key -subj "/CN=the middle" -out middle.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\n' >middle.ext
openssl x509 -req -in middle.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
	-extfile middle.ext -out middle.pem 2>/dev/null
key leaf
openssl req -new -key leaf.key -subj "/CN=good.test" -out leaf.csr 2>/dev/null
printf 'subjectAltName=DNS:good.test\n' >leaf.ext
openssl x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 30 \
	-extfile leaf.ext -out leaf.pem 2>/dev/null
key self
openssl req -x509 -new -key self.key -subj "/CN=good.test" -days 30 -addext \
	subjectAltName=DNS:good.test -out self.pem 2>/dev/null
head -c "${mb}000000" /dev/urandom >big
hash=$(sha256sum <big | cut -d' ' -f1)
PEER=${PEER:-intercept_peer.py}
case $PEER in *.js) by=node ;; *) by=python3 ;; esac
$by "$here/$PEER" "$W/pki" $far "$W/ready" 2>"$W/peer.err" & peer=$!
wait_file "$W/ready" || not_ok "the servers" "$(cat "$W/peer.err")"
cd "$W" || exit 1

# is NAME WANTED CMD...: all of the output is WANTED (a pattern)
is() {
	local name=$1 want=$2 out; shift 2
	wanted "$name" || return 0
	out=$("$@" 2>&1)
	# shellcheck disable=SC2053
	if [[ $out == $want ]]; then ok "$name"
	else not_ok "$name" "'$(head -c 300 <<<"$out")'"; fi
}
