#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hostile guests and sudden deaths: odd packets, and SIGKILL of each of Weir's
# processes while traffic runs.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make

cases "as root" guest -- $py "$here/guest_odd.py"
cases "MTU 1500, ordinary user" guest_user --mtu 1500 -- $py "$here/guest_odd.py"

# ---- sudden death -----------------------------------------------------------

# /run, the home and TMPDIR are the world's own
left_files() { find /run "$W/tmp" "$W/home" /dev/shm -name '*weir*' 2>/dev/null | sort; }
links() { ip -o link | cut -d: -f2; }
established() { ss -Htn state established "dport = :7" | grep -q .; }
not() { ! "$@"; }

# victim_of RUN ROLE
victim_of() {
	case $2 in
	run) echo "$1" ;;
	engine) find_role "$1" engine ;;
	command) tree_of "$1" | while read -r p; do
			case "$(role_of "$p")" in
			"$py $here/guest_hold.py"*) echo "$p"; break ;;
			esac
		done ;;
	init) ps -o ppid= -p "$(victim_of "$1" command)" | tr -d ' ' ;;
	esac
}

# died USER ROLE: kills that process while traffic runs, and looks around
died() {
	local key=$RANDOM.$2 run tree victim began took status
	local mounts links files
	mounts=$(cut -d' ' -f5- /proc/self/mountinfo) links=$(links) files=$(left_files)
	if [ "$1" = root ]; then
		"$WEIR" run "${run_options[@]}" -- $py "$here/guest_hold.py" --key "$key" traffic 2>"$W/said.$key" &
	else
		"${as_user[@]}" "$WEIR" run "${run_options[@]}" -- $py "$here/guest_hold.py" --key "$key" traffic 2>"$W/said.$key" &
	fi
	run=$!
	wait_file "$W/ready/$key.runs" || { echo "no traffic: $(cat "$W/said.$key")"; kill -9 $run; return 1; }
	tree=$(tree_of $run)
	victim=$(victim_of $run "$2")
	[ -n "$victim" ] || { echo "no process $2 among: $(for p in $tree; do role_of "$p"; echo -n '; '; done)"; kill -9 $run; return 1; }
	kill -9 "$victim"
	began=$(now_ms)
	# shellcheck disable=SC2086
	if ! wait_gone 1 $tree; then
		echo "after 1 s there is still: $(for p in $tree; do is_gone "$p" || role_of "$p"; done)"
		# shellcheck disable=SC2086
		kill -9 $tree 2>/dev/null
		return 1
	fi
	took=$(($(now_ms) - began))
	wait $run; status=$?
	echo "# $2 killed: gone after $took ms, exit $status, said: $(tail -n 1 "$W/said.$key")" >&3
	until_true 1 not established || { echo "connections are still open"; return 1; }
	[ "$(cut -d' ' -f5- /proc/self/mountinfo)" = "$mounts" ] || { echo "a mount is left"; return 1; }
	[ "$(links)" = "$links" ] || { echo "an interface is left"; return 1; }
	[ "$(left_files)" = "$files" ] || { echo "a file is left: $(left_files | tr '\n' ' ')"; return 1; }
	case $2 in
	run) [ $status = 137 ] ;;
	command) [ $status = 137 ] || { echo "exit $status, not 137"; return 1; } ;;
	engine) [ $status = 125 ] || { echo "exit $status, not 125"; return 1; }
		grep -qi engine "$W/said.$key" || { echo "no sentence that names the engine"; return 1; } ;;
	init) [ $status != 0 ] || { echo "exit 0"; return 1; } ;;
	esac
}

exec 3>&1
if bare; then skip "SIGKILL of each process" "needs Weir"
else
	for who in root user; do
		for role in run engine init command; do
			check "SIGKILL of $role, started by $who: all is gone within 1 s" died $who $role
		done
	done
fi
finish
