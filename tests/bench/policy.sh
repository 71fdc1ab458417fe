# shellcheck shell=bash disable=SC2154,SC2034 # run sets dir, tool, run, line; tools.sh reads rates and net
# SPDX-License-Identifier: Apache-2.0
#
# policy.sh - the row of what a policy costs: Weir beside itself.
#
#   none    no policy but --net all
#   rules   10,000 rules of every sort and a list of 100,000 names, none of which
#           decides: every verdict looks at all of them
#   named   the same, and a rule that allows the server's name, which the client
#           asks for and shows in a ClientHello: its first bytes are looked at
#   hello   what named sends, without a policy
#   wary    as rules, and a name denied on every port: so each client's first bytes
#           are looked at, but show none
#
# Kinds take turns, every second time the other way about.

KINDS="none rules hello named"
NAME=bench.weirworld.net

# rules_of COUNT - so many rules of every sort, as lines of YAML
rules_of() {
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = int(i / 256) % 256 "." i % 256
			form = "deny tcp 198.18." a ":1000-2000"
			if (i % 10 == 1) form = "allow tcp h" i ".svc" i % 97 ".example.org:443"
			if (i % 10 == 2) form = "deny udp 172." 16 + i % 16 "." i % 251 ".0/24"
			if (i % 10 == 3) form = "allow tcp *.p" i ".example.net:8443"
			if (i % 10 == 4) form = "deny tcp .ad" i ".example.com:443"
			if (i % 10 == 5) form = sprintf("allow tcp [2600:%x::/32]:22,443", i)
			if (i % 10 == 6) form = "deny icmp 100.64." a "/32"
			if (i % 10 == 7) form = "deny tcp 11." a ".0/24:25,465,587"
			if (i % 10 == 8) form = "allow udp 9.9." a ":53"
			if (i % 10 == 9) form = "deny in tcp 12." a ".0/24"
			print "  - \"" form "\""
		}
	}'
}

# names_of COUNT - a list of so many names, three labels each
names_of() {
	seq -f 'w%.0f' "$1" | awk '{ print $1 ".shop" NR % 9973 "." \
		(NR % 3 ? "example.com" : "example.co.uk") }'
}

# What all of it is made of, once; and the options of each kind.
policies() {
	[ ! -e "$dir/named.yaml" ] || return 0
	names_of 100000 >"$dir/names"
	names_of 1000000 >"$dir/million"
	{
		echo "rules:"
		rules_of 9999
		echo "  - allow tcp file:names:443"
	} >"$dir/rules.yaml"
	echo 'rules: ["allow tcp file:million:443"]' >"$dir/million.yaml"
	sed '$a\  - deny tcp .tracker.example' "$dir/rules.yaml" >"$dir/wary.yaml"
	sed "\$a\\  - allow tcp $NAME" "$dir/rules.yaml" >"$dir/named.yaml"
}

# kind KIND - the options of it in $rates, whom the client is to ask in $to
kind() {
	rates=() to=$ADDRESS
	case $1 in
	rules | wary | million) rates=(-c "$dir/$1.yaml") ;;
	named) rates=(-c "$dir/named.yaml") to=$NAME ;;
	hello) to=$NAME ;;
	esac
}

# turns KIND… - the same, in the order of this turn
turns() {
	if [ $((turn % 2)) = 0 ]; then
		echo "$@"
	else
		printf '%s\n' "$@" | tac | xargs
	fi
}

policy_bulk() {
	begin 1500 "$1" "$to" 1 "$SECONDS_SHORT"
	hear && go_metered || return 1
	read -r bytes seconds <<<"$line"
	keep "$1_$2" "$(calc "$bytes * 8 / $seconds / 1e9")"
	keep "cpu_$1_$2" "$(calc "$spent / $bytes")"
}
policy_up() { policy_bulk up "$1"; }
policy_down() { policy_bulk down "$1"; }

policy_connection() {
	begin 1500 request "$to" 64 "$SECONDS_SHORT"
	hear && go_metered || return 1
	read -r completed errors seconds <<<"$line"
	keep "connection_$1" "$(calc "$spent / $completed / 1e3")"
	[ "$errors" = 0 ] || record "policy_errors_$1" "$errors"
}

# CPU of a question that is denied; with a log the line of JSON it makes too.
policy_denied() {
	local net=none
	kind rules
	[ "$1" = unlogged ] || rates+=(--log "$dir/events")
	begin 1500 denied "$(dns_of "$tool")" "$SECONDS_SHORT"
	hear && go_metered || return 1
	read -r answers seconds <<<"$line"
	record "policy_denied_$1" "$(calc "$spent / $answers / 1e3")"
	rm -f "$dir/events"
}

# images_kb PID… - the policies they have mapped, each once and whole: pages that
# nobody touched yet are in no process's PSS.
images_kb() {
	declare -A size=()
	while read -r range _ _ _ inode path; do
		case $path in
		/memfd:*) size[$inode]=$((16#${range#*-} - 16#${range%-*})) ;;
		esac
	done < <(for id in "$@"; do cat "/proc/$id/maps"; done)
	sum=0
	for id in "${!size[@]}"; do
		sum=$((sum + size[$id]))
	done
	echo $((sum / 1024))
}

# Kilobytes the processes had at most, each for itself.
peak_kb() {
	for id in "$@"; do
		cat "/proc/$id/status"
	done | awk '$1 == "VmHWM:" { sum += $2 } END { printf "%.0f", sum }'
}

# Milliseconds to the first echo, and the memory of all processes then and while
# the policy was compiled.
policy_start() {
	began=$EPOCHREALTIME
	begin 1500 first "$ADDRESS"
	hear || return 1
	record "policy_start_$1" "$(calc "($line - $began) * 1000")"
	# shellcheck disable=SC2046 # words are process ids
	set -- "$1" $(processes_of "$tool")
	record "policy_mem_$1" \
		"$(calc "($(pss_kb "${@:2}") + $(images_kb "${@:2}")) / 1024")"
	record "policy_peak_$1" "$(calc "$(peak_kb "${@:2}") / 1024")"
}

# keep FIGURE VALUE - record a sample, and remember it for its ratio
keep() {
	record "policy_$1" "$2"
	got[$1]=$2
}

# ratio FIGURE KIND KIND - of the two samples just taken of it.  The medians of
# all samples vary more than what is to be seen: the machine has fast and slow
# minutes, and neighbours share them.
ratio() {
	[ -z "${got[$1_$2]-}" ] || [ -z "${got[$1_$3]-}" ] ||
		record "policy_ratio_$1_$2" "$(calc "${got[$1_$2]} / ${got[$1_$3]}")"
}

# each FUNCTION KIND… - a sample of each kind, in turn
each() {
	sample=$1
	shift
	got=()
	turn=$((turn + 1))
	for k in $(turns "$@"); do
		samples=$((samples + 1))
		calm
		kind "$k"
		$sample "$k" || failed=1
		sweep
	done
}

turn=0
row_policy() {
	[ "$tool" = weir ] || return 0
	local rates=() to failed=0 sample k figure
	declare -A got=()
	policies
	for _ in 1 2 3 4; do
		for sample in policy_up policy_down policy_connection; do
			# shellcheck disable=SC2086 # words
			each $sample $KINDS
			for figure in ${sample#policy_} cpu_${sample#policy_}; do
				ratio "$figure" rules none
				ratio "$figure" named hello
			done
		done
	done
	each policy_connection none wary
	ratio connection wary none
	each policy_denied unlogged logged
	each policy_start none rules million
	return $failed
}
