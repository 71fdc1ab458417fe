# shellcheck shell=bash disable=SC2154,SC2034 # run sets dir, tool, run, line; tools.sh reads rates
# SPDX-License-Identifier: Apache-2.0
#
# intercept.sh - the rows of what it costs to open TLS.
#
#	tlsload ── engine ══ proxy ── tlsserve :443      opened
#	tlsload ── engine ─────────── tlsserve :444      shut
#	tlsload ── engine ── mitmdump ── tlsserve :443   mitm
#
# The same client, server, name and policy for all: only the port differs, so
# figures of one turn may be compared.  HTTP/1.1 (h1) and HTTP/2 (h2); TLS 1.3 with
# AES-128-GCM on both sides (tls.h).  The CPU is the engine's and the proxy's, or
# mitmdump's in its place, each from the kernel's own clock of it (cpu_ns).
#
#   bulk      bodies of 16 MB, one after the other on one connection
#   request   1 KB there and back on one connection, one at a time: as it comes,
#             and with all on one core (core); and on 16 connections (requests)
#   connect   connections without resumption, of which each asks for one byte: to
#             one name, and each to a name that has no leaf yet
#   idle      memory of the proxy for each of 1,000 connections that asked once
#   other     bulk that is not intercepted, with such a policy and without any
#
# mitmproxy is sampled where it is installed, and once.

MITM_PORT=8080

# --- the world ------------------------------------------------------------------

# A folder for the CA of this bench alone: root's lies in /var/lib, and who is
# root in here is not so outside.  What dpkg knows is asked for at the end.
private_ca() {
	local before
	exec {before}</var/lib
	mount -t tmpfs bench /var/lib
	ln -s "/proc/$$/fd/$before/dpkg" /var/lib/dpkg
}

# The certificate of the host, for NAME and all names below it.
certificates() (
	cd "$dir" || return 1
	openssl ecparam -name prime256v1 -genkey -noout -out world.key
	openssl req -x509 -new -key world.key -subj "/CN=the world" -days 9 \
		-out world.pem
	openssl ecparam -name prime256v1 -genkey -noout -out host.key
	openssl req -new -key host.key -subj "/CN=$NAME" -out host.csr
	echo "subjectAltName=DNS:$NAME,DNS:*.$NAME" >host.ext
	openssl x509 -req -in host.csr -CA world.pem -CAkey world.key \
		-CAcreateserial -extfile host.ext -days 9 -out host.pem
) >&2 2>&1 </dev/null

# Once; false if something is missing.
intercepting() {
	[ ! -e "$dir/intercept.yaml" ] || return 0
	command -v openssl >/dev/null || {
		echo "bench: no figures of interception: openssl is missing" >&"$SHOW"
		return 1
	}
	private_ca && certificates || return 1
	cat >"$dir/intercept.yaml" <<-END
	tls: {intercept: [443], upstream_ca: ["$dir/world.pem"]}
	END
	"$TOOLS/tlsserve" "$NAMED" "$dir/host.pem" "$dir/host.key" >&"$SAID" </dev/null &
	KEEP+=" $! "
	hear
}

# of_weir ROLE - the process of Weir that calls itself so
of_weir() {
	local id
	for id in $(running "$WEIR"); do
		[ "$(cat "/proc/$id/comm")" != "weir: $1" ] || echo "$id"
	done
}

# way KIND - how to go it: its client's options in $how, its port in $port
way() {
	how=(-i Weir) port=443
	case $1 in
	*_shut) how=(-i "the world") port=444 ;;
	*_mitm) how=(-i mitmproxy) port=$MITM_PORT ;;
	esac
	[[ $1 != h2* ]] || how+=(-2)
}

# mitm - mitmdump, waited for, in $opener.  It streams bodies as Weir does, keeps
# no flow, and believes all: else it would want to be given the CA.
mitm() {
	HOME=$dir mitmdump --quiet --mode "reverse:https://$NAME:443" \
		--listen-host "$NAMED" --listen-port $MITM_PORT \
		--set confdir="$dir/mitm" --set stream_large_bodies=1m \
		--set block_global=false --set connection_strategy=lazy \
		--set flow_detail=0 --ssl-insecure >&2 </dev/null &
	opener=$!
	for ((tries = 1000; tries > 0; tries--)); do
		! ss -Hltn "sport = $MITM_PORT" | grep -q . || return 0
		kill -0 $opener 2>/dev/null || return 1
		sleep 0.01
	done
	return 1
}

# open_way KIND MODE ARG… - the client on that way, ready to go, and who opens its
# connections in $opener
open_way() {
	local how port
	way "$1"
	opener=
	[[ $1 != *_mitm ]] || mitm || return 1
	in_guest 1500 "$TOOLS/tlsload" -g "${how[@]}" "$2" "$NAME" "$port" \
		"${@:3}"
	hear || return 1
	engine=$(of_weir engine)
	[[ $1 = *_* ]] || opener=$(of_weir proxy)
	[ -n "$engine" ]
}

# go_opened - go, and leave the nanoseconds they took in $engine_ns and $opener_ns
go_opened() {
	local e o=0
	e=$(cpu_ns "$engine")
	[ -z "$opener" ] || o=$(cpu_ns "$opener")
	go || return 1
	engine_ns=$(($(cpu_ns "$engine") - e))
	opener_ns=0
	[ -z "$opener" ] || opener_ns=$(($(cpu_ns "$opener") - o))
}

# note FIGURE VALUE - record a sample, and remember it for what is paired
note() {
	record "intercept_$1" "$2"
	got[$1]=$2
}

# paired FIGURE A OPERATOR B - of two samples just taken: medians of all of them
# vary more than what is to be seen, as those of policies do
paired() {
	[ -z "${got[$2]-}" ] || [ -z "${got[$4]-}" ] ||
		record "intercept_$1" "$(calc "${got[$2]} $3 ${got[$4]}")"
}

# costs FIGURE KIND DIVISOR - the processor's time of both, and of each
costs() {
	note "$1_cpu_$2" "$(calc "($engine_ns + $opener_ns) / ($3)")"
	[ -n "$opener" ] || return 0
	note "$1_engine_$2" "$(calc "$engine_ns / ($3)")"
	note "$1_proxy_$2" "$(calc "$opener_ns / ($3)")"
}

# kinds KIND… - those, and mitmproxy in the first run
kinds() {
	echo "$@"
	if [ "$run" = 1 ] && command -v mitmdump >/dev/null; then
		echo h1_mitm h2_mitm
	elif [ "$run" = 1 ]; then
		echo "bench: mitmproxy is not here: no figures for it" >&"$SHOW"
	fi
}

# each_way FUNCTION ARG KIND… - a sample of each kind, in turn
each_way() {
	local what=$1 arg=$2 k
	shift 2
	turn=$((turn + 1))
	# shellcheck disable=SC2046 # words
	for k in $(turns "$@"); do
		samples=$((samples + 1))
		calm
		$what "$arg" "$k" || {
			echo "bench: $arg $k: no figure" >&"$SHOW"
			failed=1
		}
		sweep
	done
}

# --- the rows -------------------------------------------------------------------

# opened_row FUNCTION - for Weir, in the world of interception
opened_row() {
	[ "$tool" = weir ] && intercepting || return 0
	local rates=(-c "$dir/intercept.yaml") failed=0
	local engine opener engine_ns opener_ns
	declare -A got=()
	"$@"
	return $failed
}

one_bulk() {
	open_way "$2" "$1" "$SECONDS_SHORT" && go_opened || return 1
	read -r bytes seconds <<<"$line"
	note "$1_$2" "$(calc "$bytes * 8 / $seconds / 1e9")"
	costs "$1" "$2" "$bytes"
}

all_bulk() {
	local direction
	for direction in down up; do
		# shellcheck disable=SC2046 # words
		each_way one_bulk $direction $(kinds h1 h2 h1_shut)
		paired "${direction}_added" "${direction}_cpu_h1" - \
			"${direction}_cpu_h1_shut"
	done
}
row_intercept_bulk() { opened_row all_bulk; }

# on_cores LIST PID… - these processes run there and nowhere else
on_cores() {
	local id
	for id in "${@:2}"; do
		taskset -a -c -p "$1" "$id" >&2 || return 1
	done
}

# on_one_core CMD… - CMD while all who take part are on one core.  The server is
# there for others too, and may go anywhere afterwards.
on_one_core() {
	local cores status=0
	cores=$(awk '$1 == "Cpus_allowed_list:" { print $2 }' /proc/self/status)
	# shellcheck disable=SC2046,SC2086 # words are process ids
	on_cores "${cores%%[-,]*}" $engine $opener \
		$(running "$TOOLS/tlsload" "$TOOLS/tlsserve") && "$@" || status=1
	# shellcheck disable=SC2046
	on_cores "$cores" $(running "$TOOLS/tlsserve") || status=1
	return $status
}

# FIGURE is request, or core.  Who sleeps on an idle processor is woken there by
# an interrupt, which costs as much as all the work of a request: so there are two
# sorts of samples, by where the scheduler put whom.  On one core there is one.
one_request() {
	local there=()
	[ "$1" != core ] || there=(on_one_core)
	open_way "$2" request "$SECONDS_SHORT" && "${there[@]}" go_opened ||
		return 1
	read -r count p50 p99 <<<"$line"
	note "$1_p50_$2" "$p50"
	costs "$1" "$2" "$count * 1e3"
}

# Sixteen at a time: who is busy is not woken for each.
one_requests() {
	open_way "$2" "$1" "$SECONDS_SHORT" && go_opened || return 1
	read -r count seconds <<<"$line"
	note "$1_$2" "$(calc "$count / $seconds")"
	costs "$1" "$2" "$count * 1e3"
}

all_request() {
	local figure kind
	for figure in request request request core; do
		each_way one_request $figure h1 h2 h1_shut h2_shut
		for kind in h1 h2; do
			paired "${figure}_added_$kind" "${figure}_p50_$kind" - \
				"${figure}_p50_${kind}_shut"
		done
	done
	# shellcheck disable=SC2046 # words
	each_way one_request request $(kinds)
	each_way one_requests requests h1 h2 h1_shut
}
row_intercept_request() { opened_row all_request; }

# To names of which each has its leaf (connect), or none has one yet (renew).
one_connect() {
	open_way "$2" "$1" "$SECONDS_SHORT" && go_opened || return 1
	read -r count p50 p99 <<<"$line"
	note "$1_p50_$2" "$(calc "$p50 / 1e3")"
	costs "$1" "$2" "$count * 1e6"
}

all_connect() {
	each_way one_connect connect h1 h1_shut
	each_way one_connect renew h1
	paired leaf renew_proxy_h1 - connect_proxy_h1
}
row_intercept_connect() { opened_row all_connect; }

one_idle() {
	local before
	open_way "$2" hold "$1" || return 1
	before=$(pss_kb "$opener")
	go || return 1
	note "idle_$2" "$(calc "($(pss_kb "$opener") - $before) / $line")"
}

all_idle() { each_way one_idle 1000 h1 h2; }
row_intercept_idle() { ! few || opened_row all_idle; }

# bulk as the other rows have it, nothing of which is to be intercepted
one_other() {
	[ "$2" = with ] || local rates=()
	begin 1500 "$1" "$ADDRESS" 1 "$SECONDS_SHORT"
	hear && go_metered || return 1
	read -r bytes seconds <<<"$line"
	note "other_$1_$2" "$(calc "$bytes * 8 / $seconds / 1e9")"
	note "other_cpu_$1_$2" "$(calc "$spent / $bytes")"
}

all_other() {
	local direction figure
	for _ in 1 2 3 4; do
		for direction in down up; do
			each_way one_other $direction without with
			for figure in other_ other_cpu_; do
				paired "ratio_$figure$direction" \
					"$figure${direction}_with" / \
					"$figure${direction}_without"
			done
		done
	done
}
row_intercept_other() { opened_row all_other; }
