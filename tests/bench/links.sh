# shellcheck shell=bash disable=SC2154 # run sets dir, tool, run, line, GO, SAID, PID, SHOW and TOOLS
# SPDX-License-Identifier: Apache-2.0
#
# links.sh - the rows of the doors that virtual machines come in by.
#
#   links     TCP through a unix socket, by the same guest (bridge.c) for all:
#     stream    frames no larger than the MTU, as QEMU's are
#     jumbo     a guest that sends 64 KB at once and leaves checksums unfinished,
#               as libkrun's may, and Weir with --jumbo
#     dgram     as stream, over a datagram socket; beside passt's stream
#             Weir and passt take turns, so it is sampled with weir's turn only;
#             passt is the same program as pasta, its figures are in pasta's column.
#             Guest, bridge, tool and server share the processors: a rate says as
#             much of the others, and is the bridge's where that is busy
#             (link_busy_*, per cent of a core).  CPU a GB is the figure to compare.
#   testpmd   frames of 64 bytes from dpdk-testpmd into a vhost-user back-end, all
#             dropped: by their Ethernet address (drop), or after the policy was
#             asked (deny).  Weir alone: no peer has this door.

# --- TCP ------------------------------------------------------------------------

# server KIND - $tool behind $dir/door, ready for its guest
server() {
	local options=()
	rm -f "$dir/door"
	case $tool-$1 in
	weir-jumbo) options=(--jumbo --stream "$dir/door") ;;
	weir-*) options=("--$1" "$dir/door") ;;
	esac
	case $tool in
	weir)
		"$WEIR" serve "${options[@]}" --mtu 1500 --net all -q \
			--ready-fd "$PID" >&2 </dev/null &
		read -r -t 10 _ <&"$PID"
		;;
	pasta)
		# options as those of in_pasta
		passt --foreground --socket "$dir/door" --ipv4-only --mtu 1500 \
			--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 \
			--dns-forward 10.0.2.3 --quiet >&2 </dev/null &
		for ((tries = 500; tries > 0; tries--)); do
			[ ! -S "$dir/door" ] || return 0
			sleep 0.01
		done
		return 1
		;;
	esac
}

# begin_at KIND MODE ARG… - the client in a guest at $dir/door, ready to go
begin_at() {
	local how=("$1")
	[ "$1" != jumbo ] || how=(stream offload)
	echo "--- $run $row $tool: $*" >&2
	# shellcheck disable=SC2016 # the new shell expands them
	unshare --net "$TOOLS/bridge" "${how[0]}" "$dir/door" "${how[@]:1}" sh -c '
		ip link set eth0 mtu 1500 txqueuelen 8192 up
		ip addr add 10.0.2.15/24 dev eth0
		ip route add default via 10.0.2.2
		exec "$@"' guest "$TOOLS/load" -g "${@:2}" <&"$GO" >&"$SAID" &
	job=$!
}

# link KIND DIRECTION - one sample of $tool
link() {
	local bridge busy
	server "$1" && begin_at "$1" "$2" "$ADDRESS" 1 "$SECONDS_BULK" && hear ||
		return 1
	bridge=$(running "$TOOLS/bridge")
	busy=$(cpu_ns "$bridge")
	go_metered || return 1
	busy=$(($(cpu_ns "$bridge") - busy))
	read -r bytes seconds <<<"$line"
	record "link_$1_$2" "$(calc "$bytes * 8 / $seconds / 1e9")"
	record "link_cpu_$1_$2" "$(calc "$spent / $bytes")"
	record "link_busy_$1_$2" "$(calc "$busy / $seconds / 1e7")"
}

# Who takes turns at a door of that KIND, every second time the other way about.
at_door() {
	if [ "$1" = dgram ] || [[ " $BENCH_TOOLS " != *" pasta "* ]]; then
		echo weir
	elif [ $((run % 2)) = 0 ]; then
		echo pasta weir
	else
		echo weir pasta
	fi
}

row_links() {
	[ "$tool" = weir ] || return 0
	local kind way tool failed=0
	for way in up down; do
		for kind in stream jumbo dgram; do
			for tool in $(at_door $kind); do
				samples=$((samples + 1))
				calm
				link $kind $way || failed=1
				sweep
			done
		done
	done
	return $failed
}

# --- frames from shared memory ------------------------------------------------------

# Two processors that we may run on, as dpdk wants them: 0,1
two_processors() {
	awk '$1 == "Cpus_allowed_list:" {
		n = split($2, part, ",")
		for (i = 1; i <= n; i++) {
			if (split(part[i], end, "-") == 1)
				end[2] = end[1]
			for (c = end[1]; c <= end[2] && found < 2; c++)
				list = list (found++ ? "," : "") c
		}
		if (found == 2)
			print list
	}' /proc/self/status
}

# Kilobytes, as pss_kb, without the guest's memory, which testpmd gives that name.
own_kb() {
	for id in "$@"; do
		cat "/proc/$id/smaps"
	done | awk '$1 ~ /^[0-9a-f]+-[0-9a-f]+$/ { own = $6 !~ /memfd:nohuge/ }
		$1 == "Pss:" && own { sum += $2 } END { printf "%.0f", sum }'
}

# said FILE PATTERN - wait until it is in there
said() {
	for ((tries = 1000; tries > 0; tries--)); do
		! grep -q -e "$2" "$1" || return 0
		sleep 0.01
	done
	return 1
}

# pmd OPTION… - testpmd at $dir/door, that takes commands from $dir/pmd.in.  The
# runtime directory is for users, whose root in here may not write to /run.
pmd() {
	echo "--- $run $row $tool: testpmd $*" >&2
	while read -r -t 0.01 _ <&"$PMD"; do :; done # of one that was ended
	: >"$dir/pmd"
	RUNTIME_DIRECTORY=$dir dpdk-testpmd --no-huge -m 64 --no-pci --no-telemetry \
		-l "$(two_processors)" \
		--vdev="net_virtio_user0,path=$dir/door,queues=1" -- \
		--interactive --forward-mode=txonly --total-num-mbufs=2048 "$@" \
		<&"$PMD" >"$dir/pmd" 2>&1 &
	job=$!
	said "$dir/pmd" '^testpmd> ' && return 0
	cat "$dir/pmd" >&2
	return 1
}

# frames NAME WORD OPTION… - what Weir took in that time, by its own count behind
# WORD, which it tells at its end.  testpmd sends as much as is taken, and no frame
# before `start` or behind `stop`.
frames() {
	local server processes before began seconds count
	rm -f "$dir/door"
	"$WEIR" serve --vhost-user "$dir/door" --net none -v --ready-fd "$PID" \
		2>"$dir/told" </dev/null &
	server=$!
	read -r -t 10 _ <&"$PID" && pmd "${@:3}" || return 1
	processes=$(processes_of weir)
	# shellcheck disable=SC2086 # words are process ids
	before=$(cpu_ns $processes)
	began=$EPOCHREALTIME
	echo start >&"$PMD"
	sleep "$SECONDS_BULK"
	echo stop >&"$PMD"
	seconds=$(calc "$EPOCHREALTIME - $began")
	# shellcheck disable=SC2086
	spent=$(($(cpu_ns $processes) - before))
	# shellcheck disable=SC2086
	record "testpmd_mem_$1" "$(calc "$(own_kb $processes) / 1024")"
	echo quit >&"$PMD"
	wait "$job" || return 1
	kill "$server"
	wait "$server" || return 1
	cat "$dir/pmd" "$dir/told" >&2
	count=$(sed -n "s/.*$2 \([0-9]*\).*/\1/p" "$dir/told")
	record "testpmd_$1" "$(calc "${count:-0} / $seconds / 1e6")"
	record "testpmd_cpu_$1" "$(calc "$spent / $seconds / 1e7")"
}

row_testpmd() {
	[ "$tool" = weir ] || return 0
	local failed=0 why=
	command -v dpdk-testpmd >/dev/null || why="there is no dpdk-testpmd"
	[ -n "$(two_processors)" ] || why="it wants two processors"
	if [ -n "$why" ]; then
		[ "$run" != 1 ] || echo "bench: no figures for testpmd: $why" >&"$SHOW"
		return 0
	fi
	[ -n "${PMD:-}" ] || {
		mkfifo "$dir/pmd.in"
		exec {PMD}<>"$dir/pmd.in"
	}
	frames drop "frames:" || failed=1
	sweep
	# from the guest, to the gateway's Ethernet address and an address of nobody
	frames deny default --eth-peer=0,02:77:65:69:72:02 \
		--tx-ip=10.0.2.15,203.0.113.9 || failed=1
	return $failed
}
