# shellcheck shell=bash disable=SC2154 # run sets dir, tool, run and line
# SPDX-License-Identifier: Apache-2.0
#
# rows.sh - one function per row: row_NAME takes one sample of $tool and records
# one or more figures.  Targets and units of the figures are in report.awk.

# shellcheck disable=SC2034 # used by run
ROWS=(tcp_up_1500 tcp_down_1500 tcp_up_65520 tcp_down_65520
	tcp4_up_1500 tcp4_down_1500
	latency connect1 connect64 request1 request64 dns memory start
	udp_up udp_down udp_rtt udp_many publish rate ping_load policy ring
	links testpmd intercept_bulk intercept_request intercept_connect
	intercept_idle intercept_other)
# on request: tcp4_up_65520 tcp4_down_65520 syscalls iperf3

# Rows that take long take this many samples at most.
FEW=3

# Whether such a row is still to be sampled.
few() {
	[ "$run" -le $FEW ]
}

# The same for rows that say nothing of loopback.
few_guests() {
	few && [ "$tool" != loop ]
}

# --- counters of other processes, summed over the given process ids -----------

# Nanoseconds on a processor, user and system, as /proc/PID/stat but finer.
cpu_ns() {
	for id in "$@"; do
		cat "/proc/$id"/task/*/schedstat
	done | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# Kilobytes, shared pages divided among those who share them.
pss_kb() {
	for id in "$@"; do
		cat "/proc/$id/smaps_rollup"
	done | awk '$1 == "Pss:" { sum += $2 } END { printf "%.0f", sum }'
}

# How often they went to sleep, which is how often they were woken.
wakes() {
	for id in "$@"; do
		cat "/proc/$id"/task/*/status
	done | awk '$1 == "voluntary_ctxt_switches:" { sum += $2 }
		END { printf "%.0f", sum }'
}

# go_metered - go, and leave the nanoseconds the tool's processes took in $spent
# (0 for veth and loop: there the kernel's work is charged to client and server)
go_metered() {
	# shellcheck disable=SC2046 # words are process ids
	set -- $(processes_of "$tool")
	before=$(cpu_ns "$@" </dev/null)
	go || return 1
	spent=$(($(cpu_ns "$@" </dev/null) - before))
}

has_processes() {
	[ "$tool" != veth ] && [ "$tool" != loop ]
}

# --- bulk -----------------------------------------------------------------------

# bulk DIRECTION STREAMS MTU - Gbit/s, and seconds of processor per GB
bulk() {
	name=$1$([ "$2" = 1 ] || echo "$2")_$3
	[ "$tool" != loop ] || [ "$3" != 1500 ] || return 0 # lo has one MTU
	begin "$3" "$1" "$ADDRESS" "$2" "$SECONDS_BULK"
	hear && go_metered || return 1
	read -r bytes seconds <<<"$line"
	record "$name" "$(calc "$bytes * 8 / $seconds / 1e9")"
	! has_processes || record "cpu_$name" "$(calc "$spent / $bytes")"
}

row_tcp_up_1500() { bulk up 1 1500; }
row_tcp_down_1500() { bulk down 1 1500; }
row_tcp_up_65520() { bulk up 1 65520; }
row_tcp_down_65520() { bulk down 1 65520; }
row_tcp4_up_1500() { ! few || bulk up 4 1500; }
row_tcp4_down_1500() { ! few || bulk down 4 1500; }
row_tcp4_up_65520() { bulk up 4 65520; }
row_tcp4_down_65520() { bulk down 4 65520; }

# --- small things ---------------------------------------------------------------

row_latency() {
	for size in 1 1024; do
		begin 1500 pingpong "$ADDRESS" $size "$SECONDS_SHORT"
		hear && go || return 1
		read -r _ p50 p99 <<<"$line"
		record "rtt${size}_p50" "$p50"
		record "rtt${size}_p99" "$p99"
		sweep
	done
}

# storm MODE K
storm() {
	begin 1500 "$1" "$ADDRESS" "$2" "$SECONDS_SHORT"
	hear && go || return 1
	read -r completed errors seconds <<<"$line"
	record "$1$2" "$(calc "$completed / $seconds")"
	[ "$errors" = 0 ] || record "$1$2_errors" "$errors"
}

row_connect1() { ! few || storm connect 1; }
row_connect64() { ! few || storm connect 64; }
row_request1() { storm request 1; }
row_request64() { storm request 64; }

# Questions a second, and microseconds of the tool's processor per question.
row_dns() {
	begin 1500 dns "$(dns_of "$tool")" "$SECONDS_SHORT"
	hear && go_metered || return 1
	read -r answers seconds <<<"$line"
	record dns_rate "$(calc "$answers / $seconds")"
	! has_processes || record dns_cpu "$(calc "$spent / $answers / 1e3")"
}

# Memory at start and per idle connection; wake-ups a second with most open.
# Peers are asked to hold 10,000 in the first run only: it takes long.
row_memory() {
	has_processes || return 0
	for count in 0 1000 10000; do
		[ $count != 10000 ] || [ "$tool" = weir ] || [ "$run" = 1 ] ||
			continue
		begin 1500 hold "$ADDRESS" "$count"
		hear || return 1
		held=$line
		# shellcheck disable=SC2046 # words are process ids
		set -- $(processes_of "$tool")
		now=$(pss_kb "$@")
		if [ $count = 0 ]; then
			base=$now
			record mem_start "$(calc "$now / 1024")"
		elif [ "$held" -gt 0 ]; then
			record mem_$count "$(calc "($now - $base) * 1024 / $held")"
		fi
		[ $count = 0 ] || [ "$held" = $count ] ||
			record mem_${count}_held "$held"
		if [ $count = 10000 ]; then
			sleep 1 # what opening them left to do is done
			before=$(wakes "$@")
			sleep "$SECONDS_BULK"
			record wakes "$(calc \
				"($(wakes "$@") - $before) / $SECONDS_BULK")"
		fi
		sweep
	done
}

# Milliseconds from calling the tool to the first echoed byte; three a run.
row_start() {
	for _ in 1 2 3; do
		began=$EPOCHREALTIME
		begin 1500 first "$ADDRESS"
		hear || return 1
		record start "$(calc "($line - $began) * 1000")"
		sweep
	done
}

# --- datagrams ------------------------------------------------------------------

# The highest rate with less than a thousandth lost, and processor per packet
# at that rate.
udp() {
	few_guests || return 0
	begin_dgram "$1" "$ADDRESS" $((SECONDS_SHORT * 500)) \
		$((SECONDS_BULK * 1000))
	hear && go_metered || return 1
	read -r rate packets lost <<<"$line"
	record "udp_$1" "$(calc "$rate / 1e3")"
	! has_processes || record "cpu_udp_$1" "$(calc "$spent / $packets / 1e3")"
	# no rate was found: this much was lost at the lowest tried
	[ "$(calc "$lost < 0.1")" = 1.0000 ] || record "udp_$1_lost" "$lost"
}

row_udp_up() { udp up; }
row_udp_down() { udp down; }

row_udp_rtt() {
	few_guests || return 0
	begin_dgram pingpong "$ADDRESS" $((SECONDS_SHORT * 1000))
	hear && go || return 1
	read -r _ p50 p99 lost <<<"$line"
	record udp_rtt_p50 "$p50"
	record udp_rtt_p99 "$p99"
	[ "$lost" = 0 ] || record udp_rtt_lost "$lost"
}

row_udp_many() {
	few_guests || return 0
	begin_dgram many "$ADDRESS" 5000
	hear && go || return 1
	record udp_many "$line"
	sweep
	begin_dgram burst "$ADDRESS" 200
	hear && go || return 1
	record udp_burst_up "${line% *}"
	record udp_burst_down "${line#* }"
}

# --- the guest serves -------------------------------------------------------------

# publish_sample MODE ARG… - a server in the guest, its ports published, a client
# outside that does not come from loopback
publish_sample() {
	local doors=(7001 7002 7010 7011 7012 7013 7014 7015 7016 7017)
	in_guest 1500 "$TOOLS/serve" 0.0.0.0 tcp
	hear || return 1
	read -r at ports <<<"$(door_of "$tool")"
	begin_here -p "$ports" "$1" "$at" "${@:2}"
	hear && go_metered || return 1
}

# publish_bulk DIRECTION MODE - up is out of the guest: what clients read.  Who
# stalls (pasta of 2023-03 does, up) is not waited for in every run.
stalled=
publish_bulk() {
	[[ $stalled != *" $tool $1 "* ]] || return 0
	publish_sample "$2" 1 "$SECONDS_BULK" || {
		stalled+=" $tool $1 "
		return 1
	}
	read -r bytes seconds <<<"$line"
	record "publish_$1" "$(calc "$bytes * 8 / $seconds / 1e9")"
	! has_processes || record "cpu_publish_$1" "$(calc "$spent / $bytes")"
}

# publish_storm K
publish_storm() {
	publish_sample request "$1" "$SECONDS_SHORT" || return 1
	read -r completed errors seconds <<<"$line"
	record "publish_request$1" "$(calc "$completed / $seconds")"
	[ "$errors" = 0 ] || record "publish_request$1_errors" "$errors"
}

# Each for itself: not every tool can do all of it.
row_publish() {
	few_guests || return 0
	failed=0
	publish_bulk up down || failed=1
	sweep
	publish_bulk down up || failed=1
	sweep
	publish_storm 1 || failed=1
	sweep
	publish_storm 64 || failed=1
	return $failed
}

# --- limits and fairness ------------------------------------------------------------

# Percent off a limit of 100mbit, in Ethernet bytes where the data arrives.  Once:
# it takes long and hardly differs.
row_rate() {
	[ "$run" = 1 ] && [ "$tool" = weir ] || return 0
	for direction in up down; do
		local rates=("--limit-$direction" 100mbit)
		for streams in 1 50; do
			begin_dgram rate$direction "$ADDRESS" $streams 5000
			hear && go || return 1
			read -r bytes seconds mss <<<"$line"
			record rate_$direction$streams "$(calc \
				"($bytes * 1514 / $mss * 8 / $seconds / 1e8 - 1) * 100")"
			sweep
		done
	done
}

# p99 of pings to the gateway and to the server while the guest downloads at full
# speed.  Who answers none (pasta within a namespace) is not asked again.
unanswered=
row_ping_load() {
	few_guests && [[ $unanswered != *" $tool "* ]] || return 0
	# shellcheck disable=SC2016 # the new shell expands them
	in_guest 1500 sh -c '"$1" down "$2" 1 $(($4 + 3)) >/dev/null & sleep 1
		for to in "$2" "$3"; do
			ping -n -i 0.01 -c $(($4 * 100)) -w $(($4 + 1)) $to |
			sed -n "s/.* time=\([0-9.]*\) ms.*/\1/p" | sort -n |
			awk "{ v[NR] = \$1 }
			END { print NR, v[int((NR + 1) * 0.99)], \"$to\" }" &
		done
		wait' ping_load "$TOOLS/load" "$ADDRESS" "$(gateway_of "$tool")" \
		"$SECONDS_BULK"
	for _ in 1 2; do
		hear || return 1
		read -r answers p99 which <<<"$line"
		if [ "$answers" = 0 ]; then
			unanswered+=" $tool "
			continue
		fi
		name=ping_$([ "$which" = "$ADDRESS" ] && echo server || echo gateway)
		record "$name" "$p99"
		[ "$answers" = $((SECONDS_BULK * 100)) ] || record "${name}_lost" \
			$((SECONDS_BULK * 100 - answers))
	done
}

# --- on request -----------------------------------------------------------------

# Wait, two seconds at most, until every process of the tool is traced.
traced() {
	for ((tries = 200; tries > 0; tries--)); do
		untraced=
		for id in $(processes_of "$tool"); do
			! grep -q '^TracerPid:.0$' "/proc/$id/status" ||
				untraced=$id
		done
		[ -n "$untraced" ] || return 0
		sleep 0.01
	done
	return 1
}

# System calls of the tool per GB, and which: tracing slows it down, so that
# batches are other than at full speed.
row_syscalls() {
	has_processes && command -v strace >/dev/null || return 0
	for direction in up down; do
		begin 1500 $direction "$ADDRESS" 1 "$SECONDS_BULK"
		hear || return 1
		# shellcheck disable=SC2046 # words are process ids
		strace -f -c -o "$dir/strace" \
			$(processes_of "$tool" | sed 's/^/-p /') >/dev/null &
		tracer=$!
		traced || return 1
		go || return 1
		kill -INT $tracer
		wait $tracer || :
		bytes=${line% *}
		record calls_$direction "$(awk -v gb="$bytes" \
			'$NF == "total" { printf "%.0f", $4 / gb * 1e9 }' "$dir/strace")"
		{
			echo "$tool $direction, $bytes bytes"
			cat "$dir/strace"
		} >>"$OUT/syscalls"
		sweep
	done
}

# The same as tcp_*_1500 by iperf3, to see that our client tells the truth.
row_iperf3() {
	command -v iperf3 >/dev/null || return 0
	for direction in up down; do
		iperf3 --server --one-off --bind "$ADDRESS" >/dev/null &
		for ((tries = 200; tries > 0; tries--)); do
			! ss -Hltn "sport = 5201" | grep -q . || break
			sleep 0.01
		done
		reverse=$([ $direction = up ] || echo --reverse)
		# shellcheck disable=SC2086 # may be no word at all
		rate=$("in_$tool" 1500 iperf3 --client "$ADDRESS" --format g \
			--time "$SECONDS_BULK" $reverse </dev/null |
			awk '$NF == "receiver" { print $(NF - 2) }')
		[ -n "$rate" ] || return 1
		record iperf3_$direction "$rate"
		sweep
	done
}
