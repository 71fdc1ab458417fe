# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The world of an end-to-end test: sourced first by every test_*.sh.
#
#   guest                     host (this script)            server
#  ┌──────────────────┐      ┌──────────────────────┐      ┌──────────────────────────┐
#  │ CMD              │ TAP  │ weir run             │ veth │ 93.184.216.34 .35  main  │
#  │ 10.0.2.15        ├══════┤                   w0 ├──────┤ 93.184.216.53      DNS   │
#  │ fd77:6972::15    │      │ 93.184.216.1         │      │ 1.2.3.4  1.2.3.53  DNS 2 │
#  │                  │      │ 10.77.0.1            │      │ 8.8.8.8        trap DNS  │
#  │ gateway 10.0.2.2 │      │ 2606:4700:77::1      │      │ 10.77.0.2     private    │
#  │    fd77:6972::2  │      │ fd00:10:77::1        │      │ 169.254.169.254          │
#  │ DNS     10.0.2.3 │      │ 127.0.0.1 ::1        │      │ 2606:4700:77::34 ::35    │
#  │    fd77:6972::3  │      │                      │      │      ::53   fd00:10:77::2│
#  └──────────────────┘      └──────────────────────┘      └───────────┬──────────────┘
#                                                                 TUN  │ line.py: each
#   behind the server:                                                 │ packet waits
#     1.2.3.66  2606:4700:99::66   swallowed, no answer        ┌───────┴──────────────┐
#     1.2.3.67  2606:4700:99::67   ICMP unreachable, by far    │ far                  │
#     1.2.3.68  2606:4700:99::68   the host itself has no way  │ 1.2.3.200            │
#                                                              │ 2606:4700:99::200    │
#                                                              └──────────────────────┘
#
# Everything lives in one PID, mount, IPC and network namespace made for the
# test (in a user namespace too when an ordinary user starts it), so nothing
# leaves the world, several worlds live side by side, and when this script ends,
# however it ends, the kernel clears the rest away.  The host's resolv.conf and /run are the
# world's own.
#
#   WEIR=PATH         the program under test      (build/dev/weir)
#   WEIR_E2E_OPTIONS  more options of weir run    (--unconfined to find faults)
#   WEIR_E2E_BARE=1   the guest is a plain namespace on a veth: tests the tests
#   WEIR_E2E_ONLY=RE  run the cases whose name matches
#   WEIR_E2E_LATER=1  run also the cases that wait for something to be built
#   WEIR_E2E_MB=N     size of the large transfers (20)
#   WEIR_E2E_KEEP=1   keep the work folder and say where it is

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
py=/usr/bin/python3

# ---- into the world: once, before anything else -----------------------------

world_tun() {
	[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
	[ "$(stat -c %a /dev/net/tun)" = 666 ] && return
	if [ "$(id -u)" = 0 ]; then chmod 0666 /dev/net/tun
	else sudo -n chmod 0666 /dev/net/tun; fi 2>/dev/null &&
		echo "# /dev/net/tun is open to every user now (mode 0666)" && return
	[ -w /dev/net/tun ] || echo "# /dev/net/tun is closed to this user: sudo chmod 0666 /dev/net/tun"
}

if [ -z "${WEIR_WORLD-}" ]; then
	world_tun
	export WEIR_WORLD=root
	user=
	[ "$(id -u)" = 0 ] || { WEIR_WORLD=user user=--map-root-user; }
	W=$(mktemp -d "${TMPDIR:-/tmp}/weir-e2e.XXXXXX") || exit 1
	export W
	# shellcheck disable=SC2086
	setpriv --pdeathsig KILL -- unshare $user --net --mount --pid --ipc --fork --kill-child \
		--mount-proc -- bash "$0" "$@" &
	world=$!
	world_over() {
		local inside
		inside=$(cat "/proc/$world/task/$world/children" 2>/dev/null)
		{ kill -9 $world && wait $world; } 2>/dev/null
		for _ in {1..200}; do	# until its last process is gone
			grep -qs '^State:.[^Z]' "/proc/${inside%% *}/status" || break
			read -rt 0.01 <> <(:) || :
		done
		if [ -n "${WEIR_E2E_KEEP-}" ]; then echo "# kept: $W"
		else rm -rf "$W"; fi
	}
	trap world_over EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	wait $world
	exit
fi

# ---- what came out ----------------------------------------------------------

failed=0 passed=0 skipped=0
ok() { echo "ok - $1"; passed=$((passed + 1)); }
not_ok() { echo "not ok - $1: $2"; failed=$((failed + 1)); }
skip() { echo "skip - $1: $2"; skipped=$((skipped + 1)); }
wanted() { [[ $1 =~ ${WEIR_E2E_ONLY-} ]]; }
bare() { [ -n "${WEIR_E2E_BARE-}" ]; }

# check NAME CMD...: ok if CMD succeeds; its output is the detail if not
check() {
	local name=$1 out
	shift
	wanted "$name" || return 0
	if out=$("$@" 2>&1); then ok "$name"
	else not_ok "$name" "exit $?: $(tail -n 3 <<<"$out" | tr '\n' ' ')"; fi
}

# cases NAME CMD...: CMD prints its own ok, not ok and skip lines
cases() {
	local name=$1 out status
	shift
	out=$W/cases.$((++world_cases))
	"$@" 2>"$out.err" </dev/null |
		sed -u "s/^\(ok\|not ok\|skip\) - /&$name: /" | tee "$out"
	status=${PIPESTATUS[0]}
	passed=$((passed + $(grep -c '^ok - ' "$out")))
	failed=$((failed + $(grep -c '^not ok - ' "$out")))
	skipped=$((skipped + $(grep -c '^skip - ' "$out")))
	if ! grep -q '^not ok - ' "$out"; then
		[ "$status" = 0 ] || not_ok "$name" "exit $status: $(tail -n 3 "$out.err" | tr '\n' ' ')"
	fi
	[ "$status" = 0 ] || sed 's/^/# /' "$out.err" | tail -n 20
}
world_cases=0

finish() {
	echo "# ${0##*/}: $passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
}

# ---- waiting, always with a deadline ----------------------------------------

# until_true SECONDS CMD...: asks again every 10 ms
until_true() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		read -rt 0.01 <>"$W/never" || :
	done
}
have_file() { [ -e "$1" ]; }
# is_gone PID: ended (a zombie its parent has not looked at counts as ended)
is_gone() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}
are_gone() { local p; for p in "$@"; do is_gone "$p" || return 1; done; }
wait_file() { until_true "${2:-10}" have_file "$1"; }
wait_gone() { local s=$1; shift; until_true "$s" are_gone "$@"; }
port_open() { # port_open NS-PID tcp|udp PORT
	nsenter -t "$1" -n ss -Hln"${2:0:1}" "sport = :$3" 2>/dev/null | grep -q .
}
wait_port() { until_true "${4:-10}" port_open "$1" "$2" "$3"; }
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# ---- processes --------------------------------------------------------------

# children_of PID: the process and all below it, one a line
tree_of() {
	local p=$1 t c
	[ -d "/proc/$p" ] || return 0
	echo "$p"
	for t in "/proc/$p/task/"*; do
		for c in $(cat "$t/children" 2>/dev/null); do tree_of "$c"; done
	done
}
# role_of PID: control, engine or the command's name
role_of() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | sed 's/ *$//'; }
# find_role PID ROLE: the process below PID that calls itself "weir: ROLE"
find_role() {
	local p
	for p in $(tree_of "$1"); do
		case "$(cat "/proc/$p/comm" 2>/dev/null) $(role_of "$p")" in
		*"weir: $2"*) echo "$p"; return 0 ;;
		esac
	done
	return 1
}
has_role() { find_role "$@" >/dev/null; }
status_of() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/status"; }
pss_kib() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
# cpu_ticks PID: user and system time, in 1/100 s
cpu_ticks() {
	local s
	s=$(cat "/proc/$1/stat"); s=${s##*) }
	# shellcheck disable=SC2086
	set -- $s
	echo $((${12} + ${13}))
}

# ---- building it ------------------------------------------------------------

# a new network namespace that lives as long as the world; prints its PID
new_netns() {
	unshare --net -- sleep infinity >/dev/null 2>&1 &
	echo $!
}
other_netns() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
in_srv() { nsenter -t "$srv" -n "$@"; }
in_far() { nsenter -t "$far" -n "$@"; }

quiet_kernel() { # for the namespace this shell command runs in
	cat <<-'END'
		for i in all default; do
			echo 0 >/proc/sys/net/ipv6/conf/$i/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/$i/accept_ra
			echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter
		done
		echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
		echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
		echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range 2>/dev/null ||
			echo 0 0 >/proc/sys/net/ipv4/ping_group_range
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		ip link set lo up
	END
}

host_v4=93.184.216.1 host_v6=2606:4700:77::1
main_v4=93.184.216.34 main_v6=2606:4700:77::34
dns_v4=93.184.216.53 dns_v6=2606:4700:77::53 dns2_v4=1.2.3.53
srv_addresses="$main_v4 93.184.216.35 $main_v6 2606:4700:77::35
	1.2.3.4 10.77.0.2 fd00:10:77::2 169.254.169.254"
far_addresses="1.2.3.200 2606:4700:99::200"

world_links() {
	srv=$(new_netns) far=$(new_netns)
	until_true 5 other_netns "$srv" && until_true 5 other_netns "$far" || return 1
	bash -ec "$(quiet_kernel)" && in_srv bash -ec "$(quiet_kernel)" &&
		in_far bash -ec "$(quiet_kernel)" || return 1

	ip link add name w0 type veth peer name s0 netns "$srv" || return 1
	ip -batch - <<-END || return 1
		addr add $host_v4/24 dev w0
		addr add 10.77.0.1/16 dev w0
		addr add $host_v6/64 dev w0 nodad
		addr add fd00:10:77::1/64 dev w0 nodad
		link set w0 up
		route add unreachable 1.2.3.68
		route add unreachable 2606:4700:99::68
		route add default via 93.184.216.254 dev w0
		route add default via 2606:4700:77::fe dev w0
	END
	in_srv ip -batch - <<-END || return 1
		addr add 93.184.216.254/24 dev s0
		addr add $main_v4/24 dev s0
		addr add 93.184.216.35/24 dev s0
		addr add $dns_v4/24 dev s0
		addr add 10.77.0.2/16 dev s0
		addr add 1.2.3.4/32 dev s0
		addr add $dns2_v4/32 dev s0
		addr add 8.8.8.8/32 dev s0
		addr add 169.254.169.254/32 dev s0
		addr add 2606:4700:77::fe/64 dev s0 nodad
		addr add $main_v6/64 dev s0 nodad
		addr add 2606:4700:77::35/64 dev s0 nodad
		addr add $dns_v6/64 dev s0 nodad
		addr add fd00:10:77::2/64 dev s0 nodad
		link set s0 up
		route add 10.0.2.0/24 via $host_v4
		route add fd77:6972::/64 via $host_v6
		route add blackhole 1.2.3.66
		route add blackhole 2606:4700:99::66
		route add unreachable default
		route add unreachable ::/0
	END
}

# the far namespace, behind a line on which each packet takes 100 ms
world_line() {
	in_srv ip tuntap add mode tun name line &&
	in_srv ip -batch - <<-END &&
		link set line up
		route add 1.2.3.200 dev line
		route add 1.2.3.67 dev line
		route add 2606:4700:99::200 dev line
		route add 2606:4700:99::67 dev line
	END
	in_far ip tuntap add mode tun name line &&
	in_far ip -batch - <<-END || return 1
		addr add 1.2.3.200/32 dev line
		addr add 2606:4700:99::200/128 dev line nodad
		link set line up
		route add default dev line
		route add ::/0 dev line
		route add unreachable 1.2.3.67
		route add unreachable 2606:4700:99::67
	END
	in_srv $py "$here/line.py" --ns "/proc/$far/ns/net" --delay-ms 100 \
		--ready "$W/ready/line" 2>>"$W/servers.err" &
}

serve() { # serve NS-PID NAME ADDRESS...: the scripted server of servers.py
	local ns=$1 name=$2
	shift 2
	nsenter -t "$ns" -n $py "$here/servers.py" --name "$name" --dir "$W" "$@" \
		2>>"$W/servers.err" &
}

answers_ping() { ping -nqc 1 -W 0.2 "$1" >/dev/null 2>&1; }

world_make() {
	chmod 0755 "$W"
	mkfifo "$W/never"
	mkdir -m 1777 "$W/ready" "$W/home" "$W/notes" "$W/gates" "$W/tmp"
	export HOME=$W/home TMPDIR=$W/tmp WEIR_E2E_DIR=$W LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
	export XDG_CONFIG_HOME=$W/home XDG_DATA_HOME=$W/home/data
	# the leak checker of a sanitized build wants to trace, which Weir forbids
	export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}
	unset XDG_RUNTIME_DIR SSH_AUTH_SOCK http_proxy https_proxy all_proxy no_proxy \
		HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
	ulimit -Sn "$(ulimit -Hn)"

	mount -t tmpfs -o mode=0755 tmpfs /run && mkdir -p /run/sshd || exit 1
	printf 'nameserver %s\nnameserver %s\n' "$dns_v4" "$dns2_v4" >"$W/resolv.conf"
	mount --bind "$W/resolv.conf" /etc/resolv.conf || exit 1

	world_links || { echo "not ok - the world: its links cannot be made"; exit 1; }
	until_true 5 answers_ping $main_v4 && until_true 5 answers_ping $main_v6 ||
		{ echo "not ok - the world: the server does not answer"; exit 1; }
	serve "$srv" srv $srv_addresses
	wait_file "$W/ready/srv" || { cat "$W/servers.err"; exit 1; }
	if bare; then bare_guest || exit 1; fi
	WEIR=${WEIR:-$top/build/dev/weir}
	read -ra run_options <<<"${WEIR_E2E_OPTIONS-}"
	bare || [ -x "$WEIR" ] || { echo "not ok - the world: $WEIR is not there (make)"; exit 1; }
}

world_dns() { # the two upstream servers and the trap at 8.8.8.8
	in_srv $py "$here/dnsd.py" --dir "$W" --ready "$W/ready/dns" \
		first=$dns_v4 first=$dns_v6 second=$dns2_v4 trap=8.8.8.8 \
		2>>"$W/servers.err" &
	wait_file "$W/ready/dns" || { cat "$W/servers.err"; exit 1; }
}

world_far() {
	world_line && serve "$far" far $far_addresses &&
		wait_file "$W/ready/line" && wait_file "$W/ready/far"
}

# servers on the host itself: its own addresses, and its loopback
world_host() {
	local also=
	bare && also="10.0.2.2 fd77:6972::2"
	serve $$ host $host_v4 $host_v6 10.77.0.1
	# shellcheck disable=SC2086
	serve $$ loop 127.0.0.1 ::1 $also
	wait_file "$W/ready/host" && wait_file "$W/ready/loop"
}

# ---- the guest --------------------------------------------------------------

bare_guest() {
	bare=$(new_netns)
	until_true 5 other_netns "$bare" || return 1
	nsenter -t "$bare" -n bash -ec "$(quiet_kernel)"
	ip link add name g0 type veth peer name eth0 netns "$bare" || return 1
	ip -batch - <<-END || return 1
		addr add 10.0.2.2/24 dev g0
		addr add fd77:6972::2/64 dev g0 nodad
		link set g0 up
	END
	nsenter -t "$bare" -n ip -batch - <<-END
		addr add 10.0.2.15/24 dev eth0
		addr add fd77:6972::15/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.0.2.2
		route add default via fd77:6972::2
	END
}

# "${as_user[@]}" CMD...: as somebody ordinary
if [ "$WEIR_WORLD" = root ]; then
	as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --)
else
	as_user=(unshare --user --map-user=65534 --map-group=65534 --)
fi

# guest [weir options] -- CMD...: CMD inside the sandbox, for ${limit} seconds
limit=90
guest() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	if bare; then timeout -k 2 "$limit" nsenter -t "$bare" -n -- "$@"
	else timeout -k 2 "$limit" "$WEIR" run "${run_options[@]}" "${opts[@]}" -- "$@"; fi
}
# guest_user: the same, started by somebody ordinary
guest_user() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	if bare; then timeout -k 2 "$limit" nsenter -t "$bare" -n -- "$@"
	else "${as_user[@]}" timeout -k 2 "$limit" "$WEIR" run "${run_options[@]}" "${opts[@]}" -- "$@"; fi
}
