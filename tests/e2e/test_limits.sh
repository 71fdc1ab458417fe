#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Weir costs and where it ends: memory, wake-ups, CPU, descriptors.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
hold=$here/guest_hold.py
say() { echo "# $*" >&3; }
exec 3>&1

# begin [options] -- WHAT [N]: starts a guest; sets run, engine, control, key
begin() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	key=$RANDOM.$1
	"$WEIR" run "${run_options[@]}" "${opts[@]}" -- $py "$hold" --key "$key" "$@" 2>"$W/said.$key" &
	run=$!
	until_true 5 has_role $run engine || { echo "no engine: $(cat "$W/said.$key")"; return 1; }
	engine=$(find_role $run engine)
	control=$(find_role $run control) || control=$run
}
at() { # at STEP: wait until the guest is there
	until_true "${2:-30}" eval "[ -e $W/ready/$key.$1 ] || is_gone $run"
	[ -e "$W/ready/$key.$1" ] || { echo "the guest did not get to '$1': $(tail -n 3 "$W/said.$key")"; end; return 1; }
}
go() { touch "$W/gates/$key.$1"; }
end() { # the guest must end well
	for step in warm open stuck full close gone; do go $step; done
	until_true 20 is_gone $run || { kill -9 $run; echo "the guest does not end"; return 1; }
	wait $run || { echo "exit $?: $(tail -n 3 "$W/said.$key")"; return 1; }
}
both_pss() { echo $(($(pss_kib "$engine") + $(pss_kib "$control"))); }
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
at_most() { [ "$("${@:2}")" -le "$1" ]; }
# window SECONDS CMD...: how much the number CMD prints grows meanwhile
window() {
	local before
	before=$("${@:2}")
	read -rt "$1" <>"$W/never"
	echo $(($("${@:2}") - before))
}
switches() { echo $(($(status_of "$engine" voluntary_ctxt_switches) + $(status_of "$control" voluntary_ctxt_switches))); }

# a sanitized build is another program: its memory says nothing
sanitized() { grep -q '__asan_init\|__tsan_init' "$WEIR"; }

at_start() {
	begin -- idle 0 && at warm || return 1
	local pss
	pss=$(both_pss)
	say "at start: $pss KiB in both processes"
	end || return 1
	sanitized || [ "$pss" -le 6144 ] || { echo "$pss KiB"; return 1; }
}

idle() {
	local before after files each quiet=no
	begin -- idle 2000 && at warm || return 1
	before=$(both_pss) files=$(descriptors "$engine")
	go warm
	at open 60 || return 1
	after=$(both_pss)
	each=$(((after - before) * 1024 / 2000))
	say "2,000 idle connections: $each bytes each"
	for _ in 1 2 3; do
		woken=$(window 2 switches)
		[ "$woken" = 0 ] && quiet=yes && break
	done
	go open
	at gone 30 || return 1
	until_true 3 at_most $((files - 100 + 5)) descriptors "$engine" ||
		{ echo "$(descriptors "$engine") descriptors after all is closed, $((files - 100)) before"; end; return 1; }
	end || return 1
	sanitized || [ "$each" -lt 1024 ] || { echo "$each bytes for each connection"; return 1; }
	[ $quiet = yes ] || { echo "$woken wake-ups in 2 s with 2,100 idle connections"; return 1; }
}

unread() {
	local a b
	begin -- unread && at stuck || return 1
	a=$(window 1 cpu_ticks "$engine")
	go stuck
	at full || return 1
	b=$(window 1 cpu_ticks "$engine")
	go full
	end || return 1
	[ "$a" -le 2 ] || { echo "${a}0 ms of CPU in a second with a guest that does not read"; return 1; }
	[ "$b" -le 2 ] || { echo "${b}0 ms of CPU in a second with a server that does not read"; return 1; }
}

udp_errors() {
	local a
	begin -- lost && at open || return 1
	a=$(window 1 cpu_ticks "$engine")
	end || return 1
	[ "$a" -le 2 ] || { echo "${a}0 ms of CPU in a second after refused datagrams"; return 1; }
}

payload() {
	local full
	begin -- flood 200 && at open 60 || return 1
	full=$(pss_kib "$engine")
	say "200 connections nobody reads: $full KiB"
	go open
	at gone || return 1
	until_true 5 at_most 40000 pss_kib "$engine" ||
		{ echo "$(pss_kib "$engine") KiB after they are gone"; end; return 1; }
	end || return 1
	sanitized || [ "$full" -lt 320000 ] || { echo "$full KiB"; return 1; }
}

few_descriptors() {
	key=$RANDOM.fds
	timeout -k 2 60 prlimit --nofile=64:64 "$WEIR" run "${run_options[@]}" -v -- $py "$hold" --key "$key" fds 2>"$W/said.$key" ||
		{ echo "exit $?: $(tail -n 5 "$W/said.$key")"; return 1; }
	grep -q no_fds "$W/said.$key" || { echo "-v does not count no_fds"; return 1; }
}

half_open() { # half_open N
	local files pss
	begin -v -- syn "$1" && at open 60 || return 1
	files=$(descriptors "$engine") pss=$(both_pss)
	say "$1 opens to a hole: $files descriptors, $pss KiB"
	end || return 1
	sanitized || [ "$pss" -lt 40000 ] || { echo "$pss KiB"; return 1; }
	[ "$1" -lt 4096 ] || grep -q limit_half_open "$W/said.$key" ||
		{ echo "-v does not count limit_half_open"; return 1; }
}

many_ports() {
	begin -- ports 25000 && at open 60 || return 1
	say "25,000 datagram ports: $(descriptors "$engine") descriptors, $(both_pss) KiB"
	end
}

max_flows() {
	begin -v --max-flows 50 -- flows 50 && end || return 1
	grep -q limit_flows "$W/said.$key" || { echo "-v does not count limit_flows"; return 1; }
}

side_by_side() { # eight guests with the same addresses
	local i runs=() bad=0
	for i in 1 2 3 4 5 6 7 8; do
		"$WEIR" run "${run_options[@]}" -- $py "$hold" --key side alone &
		runs+=($!)
	done
	for i in "${runs[@]}"; do wait "$i" || bad=$((bad + 1)); done
	[ $bad = 0 ] || { echo "$bad of 8 failed"; return 1; }
}

if bare; then
	for what in "idle 50" unread "flood 20" "syn 300"; do
		touch "$W"/gates/bare.{warm,open,stuck,full,gone}
		check "the guest's part: $what" guest -- $py "$hold" --key bare $what
	done
	skip "the rest" "needs Weir"
	finish
fi
check "at start both processes share 6 MiB" at_start
check "2,000 idle connections: below 1 KiB each, no wake-ups, all given back" idle
check "a reader that stops costs no CPU, on either side" unread
check "datagrams that were refused cost no CPU" udp_errors
check "200 connections nobody reads: memory is bounded and comes back" payload
check "64 descriptors: new flows refused, old ones live, then again" few_descriptors
check "3,000 opens to a hole: old and new connections work" half_open 3000
check "6,000 opens to a hole: the limit is counted, old connections live" half_open 6000
check "25,000 datagram ports: new ports and connections still work" many_ports
check "--max-flows: new flows refused and counted, old ones live" max_flows
check "eight guests side by side" side_by_side
finish
