# shellcheck shell=bash disable=SC2154 # run sets dir, tool, run and line
# SPDX-License-Identifier: Apache-2.0
#
# rows.sh - one function per row: row_NAME takes one sample of $tool and records
# one or more figures.  Targets and units of the figures are in report.awk.

# shellcheck disable=SC2034 # used by run
ROWS=(tcp_up_1500 tcp_down_1500 tcp_up_65520 tcp_down_65520
	tcp4_up_1500 tcp4_down_1500
	latency connect1 connect64 request1 request64 dns memory start)
# on request: tcp4_up_65520 tcp4_down_65520 syscalls iperf3

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
row_tcp4_up_1500() { bulk up 4 1500; }
row_tcp4_down_1500() { bulk down 4 1500; }
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

row_connect1() { storm connect 1; }
row_connect64() { storm connect 64; }
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
