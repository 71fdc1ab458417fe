#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another TCP/IP stack at the rings (examples/lwip.c): Debian's liblwip.
#
#	the network    eth0 ── TAP ── port │ device ── lwIP 10.0.2.2
#	               namespace "guest"
#
#	the guest      lwIP 10.0.2.15 ── port │ struct weir_net ── the server
#
#	and without    lwIP 10.0.2.15 ── port │ device ── TAP ── this kernel, which
#	Weir           forwards to the server: tests the jobs themselves
#
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

lwip=${LWIP:-$(dirname "${WEIR:-$top/build/dev/weir}")/examples/lwip}
if [ ! -x "$lwip" ]; then
	skip "lwip" "examples/lwip is not built: liblwip-dev is missing (make deps)"
	finish
fi
world_make
N=${WEIR_E2E_MB:-20}000000
dropped=4445
data=$W/data
$py -c "import sys; sys.path.insert(0, '$here'); import pattern
sys.stdout.buffer.write(pattern._BLOCK[:pattern._LENGTH])" >"$data"
digest() { $py -c "import sys; sys.path.insert(0, '$here'); import pattern
print(pattern.digest($1))"; }
# said FILE PATTERN: a whole line of it is that
said() { grep -qx -- "$2" "$1"; }

# ---- lwIP as the network ------------------------------------------------------

network() { # network NAME OPTION...
	local name=$1; shift
	out=$W/${name// /-}.out
	: >"$out"
	guest=$(new_netns)
	until_true 5 other_netns "$guest"
	nsenter -t "$guest" -n bash -ec "$(quiet_kernel)"
	nsenter -t "$guest" -n "$lwip" network --tap eth0 --data "$data" \
		--drop-port $dropped "$@" >"$out" 2>&1 & net=$!
	until_true 10 said "$out" ready || not_ok "$name" "$(cat "$out")"
	nsenter -t "$guest" -n ip addr add 10.0.2.15/24 dev eth0
	nsenter -t "$guest" -n ip addr add fd77:6972::15/64 dev eth0 nodad
}
network_over() { # network_over NAME
	kill -TERM $net
	wait_gone 5 $net || not_ok "$1: it ends at SIGTERM" "it does not"
	wait $net
	local status=$?
	[ $status = 0 ] && ok "$1: it ends at SIGTERM" ||
		not_ok "$1: it ends at SIGTERM" "status $status: $(tail -n 3 "$out")"
	kill "$guest"
}

network network
cases "network" nsenter -t "$guest" -n $py "$here/guest_lwip.py" --drop $dropped
check "network: each SYN was seen" said "$out" \
	'syn 10.0.2.15 port [0-9]* > 10.0.2.2 port 7000'
check "network: over IPv6 too" said "$out" \
	'syn fd77:6972::15 port [0-9]* > fd77:6972::2 port 7'
check "network: the dropped one was seen" said "$out" \
	"dropped syn 10.0.2.15 port [0-9]* > 10.0.2.2 port $dropped"
check "network: the name was seen in the question" said "$out" \
	'question 10.0.2.15 port [0-9]* > 10.0.2.2 port 53: who.asks.test. type 1'
check "network: a datagram of 41 fragments took the place of the last" \
	said "$out" 'replaced a fragment by its datagram of 60008 bytes'
network_over network
check "network: every step went as it should" test "$(grep -c '^not ok' "$out")" = 0
sed -n 's/^\(up\|syns\) /# &/p' "$out"

# rings that are full all the time: what finds no room waits, and goes on
network "rings of two frames" --capacity 2
WEIR_E2E_ONLY='bulk|read nothing|at once' WEIR_E2E_MB=5 cases "rings of two frames" \
	nsenter -t "$guest" -n $py "$here/guest_lwip.py" --drop $dropped
network_over "rings of two frames"
check "rings of two frames: room was waited for" \
	grep -q '^refused [1-9]' "$out"

# ---- lwIP as the guest ----------------------------------------------------------

# jobs NAME V6 DNS OPTION...: the same for each network that it may have
jobs() {
	local name=$1 six=$2 dns=$3 k=${1// /-} s=$main_v4 digest
	shift 3
	out=$W/$k.out
	: >"$out"
	{ until_true 60 grep -q ': stuck$' "$out" && : >"$W/gates/$k"; } & local gate=$!
	cases "$name" bash -c '"$@" | tee '"$out"'; exit ${PIPESTATUS[0]}' - \
		"$lwip" guest --data "$data" "$@" \
		"bulk both ways at once: tcp $s 7000 say echo | send $N | recv $N | shutw | eof" \
		"bulk both ways at once, IPv6: tcp $six 7000 say echo | send $N | recv $N | shutw | eof" \
		"bulk up: tcp $s 7000 say sink;report | send $N | shutw | line | eof" \
		"bulk up, IPv6: tcp $six 7000 say sink;report | send $N | shutw | line | eof" \
		"bulk down: tcp $s 7000 say send $N | recv $N | eof" \
		"bulk down, IPv6: tcp $six 7000 say send $N | recv $N | eof" \
		"we end first: tcp $s 7000 say sink;send $N | send 1000000 | shutw | recv $N | eof" \
		"they end first: tcp $s 7000 say send 1000;shutw;sink;note half.$k | recv 1000 | eof | send $N" \
		"they end at once: tcp $s 7003 eof" \
		"their RST: tcp $s 7000 say send 1000;recv 1;reset | recv 1000 | say x | aborted" \
		"their RST while we send: tcp $s 7000 say recv 100000;reset | send 100000000 | aborted" \
		"our RST: tcp $s 7000 say recv 6;say got;sink;note reset.$k | say hello | line | reset" \
		"our window is closed for a while: tcp $s 7000 say send $N | full | pause 1500 | recv $N | eof" \
		"their window is closed for a while: tcp $s 7000 say wait $k;recv $N;say all | send $N | stuck | pause 1000 | line | eof" \
		"a refused port: tcp $s 4444 refused" \
		"a banner: tcp $s 7001 line" \
		"1 MiB and the end: tcp $s 7004 recv 1048576 | eof | send 1000" \
		"a datagram: udp $s 7 10" \
		"a full datagram: udp $s 7 1472" \
		"a datagram in fragments: udp $s 7 8000" \
		"a datagram, IPv6: udp $six 7 1000" \
		"a name: name $dns a1.weirworld.net 93.184.216.34" \
		"a name that is not there: name $dns nx.weirworld.net none"
	kill $gate 2>/dev/null
	digest=$(digest $N)
	check "$name: what went up arrived as it was" \
		said "$out" "# bulk up: $N $digest eof"
	check "$name: over IPv6 too" said "$out" "# bulk up, IPv6: $N $digest eof"
	check "$name: and behind their end" \
		grep -q "\"hash\": \"$digest\", \"end\": \"eof\"" "$W/notes/half.$k"
	until_true 5 test -e "$W/notes/reset.$k"
	check "$name: our RST arrived as one" \
		grep -q '"end": "reset"' "$W/notes/reset.$k"

	local many=()
	for i in {1..40}; do
		many+=("connection $i: tcp $s 7000 say echo | send 200000 | recv 200000 | shutw | eof")
	done
	check "$name: 40 connections at once" "$lwip" guest --data "$data" \
		"$@" --together "${many[@]}"
}

world_dns
jobs "guest of Weir" $main_v6 dns
out=$W/two.out
cases "guest of Weir, rings of two frames" bash -c '"$@" | tee '"$out"'; exit ${PIPESTATUS[0]}' - \
	"$lwip" guest --data "$data" --capacity 2 \
	"bulk both ways at once: tcp $main_v4 7000 say echo | send $N | recv $N | shutw | eof" \
	"bulk up: tcp $main_v6 7000 say sink | send $N | shutw | eof" \
	"bulk down: tcp $main_v4 7000 say send $N | recv $N | eof"
check "guest of Weir, rings of two frames: room was waited for" \
	grep -q '^refused [1-9]' "$out"
out=$W/denied.out
cases "guest of Weir" bash -c '"$@" | tee '"$out"'; exit ${PIPESTATUS[0]}' - \
	"$lwip" guest --data "$data" --rule "deny tcp $main_v4:7001" \
	"a denied port is refused: tcp $main_v4 7001 refused" \
	"another is not: tcp $main_v4 7003 eof"
check "guest of Weir: what was denied is counted" grep -q 'denied 1,' "$out"

# it is told to end while a connection is open
"$lwip" guest --data "$data" "open: tcp $main_v4 7000 say say here;sink | line | eof" \
	>"$W/term.out" 2>&1 & one=$!
until_true 10 said "$W/term.out" "# open: here" ||
	not_ok "guest of Weir: open" "$(cat "$W/term.out")"
kill -TERM $one
check "guest of Weir: it ends at SIGTERM" wait_gone 4 $one
check "guest of Weir: and its network in order" said "$W/term.out" 'flows 1, .*'

# as it would be without Weir: these addresses are the kernel's own
ip tuntap add mode tap name tap0
ip -batch - <<-END
	addr add 10.0.2.2/24 dev tap0
	addr add fd77:6972::2/64 dev tap0 nodad
	link set tap0 up
END
serve $$ tap fd77:6972::2
wait_file "$W/ready/tap" || not_ok "guest of this kernel" "$(cat "$W/servers.err")"
jobs "guest of this kernel" fd77:6972::2 $dns_v4 --tap tap0
finish
