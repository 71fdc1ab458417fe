# shellcheck shell=bash disable=SC2154 # run sets dir, tool, run, line and TOOLS
# SPDX-License-Identifier: Apache-2.0
#
# ring.sh - the row of libweir's rings: a frame from one thread to another.
#
# Beside a lock-free queue of allocated frames with an eventfd written for each
# (ring.c says more).  Both are in one program and take turns there, so this row
# is sampled with weir's turn only.  Figures: millions of frames a second, wakes
# of a thousand frames, ns from a write until a taker that slept has it.
#
#   ring_1500, ring_64, the same with _queue; _x: the one by the other
#   ring_wakes_1500, ring_wakes_64             of the ring
#   ring_wake50_ring, _queue, _x, ring_wake99_…   the latency, median and p99

# ring_median NAME KIND - of the samples that ring printed
ring_median() {
	awk -F '\t' -v name="$1" -v tool="$2" \
		'$1 == name && $2 == tool { print $3 }' | sort -g |
		awk '{ v[NR] = $1 } END { if (!NR) exit 1; print v[int((NR + 1) / 2)] }'
}

# Three turns of each kind, of SECONDS_RING seconds.
row_ring() {
	[ "$tool" = weir ] || return 0
	local bytes ring queue p
	for bytes in 1500 64; do
		"$TOOLS/ring" rate "$bytes" "${SECONDS_RING:-0.5}" 3 >"$dir/ring" ||
			return 1
		ring=$(ring_median rate ring <"$dir/ring")
		queue=$(ring_median rate queue <"$dir/ring")
		record "ring_$bytes" "$(ring_mega "$ring")"
		record "ring_${bytes}_queue" "$(ring_mega "$queue")"
		record "ring_${bytes}_x" "$(awk "BEGIN { print $ring / $queue }")"
		record "ring_wakes_$bytes" "$(ring_median wakes ring <"$dir/ring")"
	done
	"$TOOLS/ring" wake 1000 3 >"$dir/ring" || return 1
	for p in 50 99; do
		ring=$(ring_median "wake$p" ring <"$dir/ring")
		queue=$(ring_median "wake$p" queue <"$dir/ring")
		record "ring_wake${p}_ring" "$ring"
		record "ring_wake${p}_queue" "$queue"
		record "ring_wake${p}_x" "$(awk "BEGIN { print $ring / $queue }")"
	done
}

ring_mega() {
	awk -v n="$1" 'BEGIN { printf "%.3f", n / 1e6 }'
}
