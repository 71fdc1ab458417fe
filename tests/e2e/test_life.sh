#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of `weir run`: exit codes, what CMD inherits, signals, the terminal,
# the death of each process, and that nothing is left.  Needs no network.
# $who and $opt are read by the functions below wherever they are called from;
# lists are split into words on purpose.
# shellcheck disable=SC2009,SC2015,SC2034,SC2086,SC2317
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/cell.sh
. "$(dirname "$0")/cell.sh"

cell_make
who=root
inside() { as "$who" "$weir" run "$@"; }

# ---- codes and sentences ------------------------------------------------------

codes() {
	gives "$who: CMD's status is Weir's" 7 inside sh -c 'exit 7'
	gives "$who: success is success" 0 inside true
	gives "$who: a signal is 128 and its number" 137 inside sh -c 'kill -9 $$'
	gives "$who: not found is 127" 127 inside /nonexistent/program
	gives "$who: not found on the PATH is 127" 127 inside no-such-program-anywhere
	says "$who: and one sentence" 'weir: no-such-program-anywhere: not found' \
		inside no-such-program-anywhere
	gives "$who: not executable is 126" 126 inside /etc/passwd
	gives "$who: a directory is 126" 126 inside /etc
	printf '#!/no/such/interpreter\n' >"$W/tmp/script"
	chmod 755 "$W/tmp/script"
	gives "$who: a missing interpreter is 126" 126 inside "$W/tmp/script"
	says "$who: an escape sequence in a name stays text" \
		'weir: \\x1b\[31m: not found' inside $'\e[31m'
}
for who in $(starters); do codes; done
who=root
gives "an unknown option is 2" 2 "$weir" run --vebrose true
says "and what was meant is said" '*did you mean --verbose?' "$weir" run --vebrose true
says "an option of a later version says so" '*not there yet*' "$weir" run --metrics 127.0.0.1:9 true
gives "no command is 2" 2 "$weir" run
gives "a value where none belongs is 2" 2 "$weir" run --root=1 true
gives "a number out of range is 2" 2 "$weir" run --mtu 575 true
gives "a gateway elsewhere is 2" 2 "$weir" run --gateway 10.9.9.9 --ipv4 10.1.1.1/24 true
gives "a descriptor that is not open is 2" 2 "$weir" run --keep-fd 250 true
gives "--help is 0" 0 "$weir" run --help
gives "--version is 0" 0 "$weir" --version
says "options end where CMD begins" '-v --root' inside echo -v --root
says "and at --" '--mtu' inside -- echo --mtu

# ---- what CMD inherits ----------------------------------------------------------

for who in $(starters); do
	says "$who: the working directory" "$W/tmp" env --chdir="$W/tmp" \
		bash -c "$(declare -f as); as $who '$weir' run pwd"
	says "$who: the environment, whole" "$(env -i A=1 B='x y' env | md5sum)" \
		bash -c "$(declare -f as); as $who env -i A=1 B='x y' '$weir' run env | md5sum"
	says "$who: the uid" "$(uid_of "$who")" inside id -u
	says "$who: uid 0 with --root" 0 inside --root id -u
done
who=root
says "standard input" "through" bash -c "echo through | '$weir' run cat"
says "closed standard descriptors do no harm" 0 bash -c "'$weir' run true <&- >&- 2>&-; echo \$?"
says "signals are as before" 'SigBlk:?0000000000000000' inside grep SigBlk /proc/self/status
ignored='grep SigIgn /proc/self/status'
says "ignored signals stay ignored" same bash -c "trap '' HUP PIPE USR1
	[ \"\$($ignored)\" = \"\$('$weir' run $ignored)\" ] && echo same"
says "the size of eth0's packets" 1400 inside --mtu 1400 cat /sys/class/net/eth0/mtu
says "addresses as given" '*192.168.77.9/25*' inside --ipv4 192.168.77.9/25 ip -4 -br addr show eth0
says "the gateway as given" '*via 192.168.77.100*' \
	inside --ipv4 192.168.77.9/25 --gateway 192.168.77.100 ip route show default
says "IPv6 as given" '*2001:db8::5/64*' inside --ipv6 2001:db8::5/64 ip -6 -br addr show eth0
says "no IPv6 when it is off" 'lo *::1/128*' inside --ipv6 off ip -6 -br addr
says "no IPv6 when the host has none" 'lo *::1/128*' inside ip -6 -br addr
says "an IPv6 address is ready at once" "" inside --ipv6 2001:db8::5/64 ip -6 addr show tentative
ip tuntap add mode tap name h0 && ip addr add 10.0.2.77/16 dev h0 && ip link set h0 up
says "another range when the host has this one" '10.113.200.15/24' \
	inside bash -c "ip -4 -br addr show eth0 | awk '{print \$3}'"
ip addr add 2001:db8:1::1/64 dev h0
says "IPv6 when the host has it" 'fd77:6972::15/64' \
	inside bash -c "ip -6 -br addr show eth0 | awk '{print \$3}'"
ip link del h0
says "search domains of the options" 'search a.test b.test' \
	inside --search a.test --search b.test grep search /etc/resolv.conf

# ---- the death of each process --------------------------------------------------

# begin OPTIONS CMD...: in the background; $run is control, $all the tree
begin() {
	rm -f "$W/tmp/up"
	local drop=
	[ "$who" = user ] && drop="setpriv --reuid=65534 --regid=65534 --clear-groups --"
	$drop "$weir" run "$@" >"$W/log" 2>&1 </dev/null &
	run=$!
	wait_file "$W/tmp/up" 10 || not_ok "begin $*" "CMD did not start: $(cat "$W/log")"
	all=$(tree_of "$run")
}
# over NAME CODE SECONDS: everything of it is gone in time, with that status
over() {
	local name=$1 code=$2 status
	if ! wait_gone "$3" $all; then
		not_ok "$name" "not gone: $(ps -o pid=,args= -p "$(echo $all | tr ' ' ,)" | tr '\n' ';')"
		kill -9 $all 2>/dev/null
		wait "$run"
		return
	fi
	wait "$run" 2>/dev/null
	status=$?
	if [ "$status" = "$code" ]; then ok "$name"
	else not_ok "$name" "status $status instead of $code: $(tail -n 1 "$W/log")"; fi
}
up="touch $W/tmp/up"
init_of() { for p in $all; do [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "weir: init" ] && echo "$p"; done; }

lives() {
	begin sh -c "$up; exec sleep 100"
	kill -TERM "$run"; over "$who: SIGTERM is forwarded" 143 1
	begin sh -c "trap 'exit 9' TERM; $up; while :; do sleep 0.02; done"
	kill -TERM "$run"; over "$who: CMD may end as it likes" 9 1
	begin sh -c "$up; exec sleep 100"
	kill -HUP "$run"; over "$who: SIGHUP is forwarded" 129 1
	begin sh -c "trap '' TERM; $up; sleep 100; sleep 100"
	kill -TERM "$run"; over "$who: 900 ms later SIGKILL" 137 2
	begin bash -c "trap '' TERM INT HUP; $up; sleep 100 & disown; sleep 100; sleep 100"
	kill -INT "$run"; over "$who: SIGINT from a process ends it too" 137 2
	begin sh -c "setsid sleep 100 & $up; exec sleep 0.2"
	over "$who: what CMD left in the background ends with it" 0 2
	begin sh -c "$up; exec sleep 100"
	kill -9 "$run"; over "$who: control killed: all gone" 137 1
	begin sh -c "$up; exec sleep 100"
	kill -9 "$(find_role "$run" engine)"; over "$who: engine killed: all gone" 125 1
	grep -q 'the engine was ended by signal 9' "$W/log" && ok "$who: and said" ||
		not_ok "$who: and said" "$(cat "$W/log")"
	begin sh -c "$up; exec sleep 100"
	kill -TERM "$(find_role "$run" engine)"; over "$who: engine terminated: all gone" 125 1
	begin sh -c "$up; exec sleep 100"
	kill -INT "$(find_role "$run" engine)"; over "$who: engine interrupted: all gone" 125 1
	begin sh -c "$up; exec sleep 100"
	kill -9 "$(init_of)"; over "$who: init killed: all gone" 125 1
	grep -q "the sandbox's init was ended by signal 9" "$W/log" && ok "$who: and said" ||
		not_ok "$who: and said" "$(cat "$W/log")"
	begin sh -c "$up; exec sleep 100"
	kill -TERM "$(init_of)"; over "$who: init terminated: all gone" 143 1
	begin sh -c "$up; exec sleep 100"
	kill -STOP "$(init_of)"; kill -TERM "$run"; over "$who: a stopped init does not hold it up" 137 2
}
links=$(ip -br link) mounts=$(cat /proc/self/mounts) files=$(ls -A /run /dev/shm)
for who in $(starters); do lives; done
who=root
check "no interface is left" [ "$(ip -br link)" = "$links" ]
check "no mount is left" [ "$(cat /proc/self/mounts)" = "$mounts" ]
check "no file is left" [ "$(ls -A /run /dev/shm)" = "$files" ]
check "no process is left" [ -z "$(ps -eo comm= | grep '^weir')" ]

# ---- machines that do not allow it -----------------------------------------------

# Something mounted in /proc makes the kernel refuse a fresh one: the sandbox has
# no PID namespace then, and init must find what CMD started.
no_proc() {
	local lost p
	mount -t tmpfs none /proc/fs || return
	lost() { ps -eo pid=,args= | grep '[s]leep 9[0-9]\.5'; }
	says "no fresh /proc: it works" works inside echo works
	says "no fresh /proc: and says so" '*no PID namespace*' \
		bash -c "'$weir' run -v true 2>&1 | head -n 1"
	inside sh -c 'setsid sleep 91.5 & (setsid sh -c "sleep 92.5 & sleep 93.5" &); sleep 0.1'
	check "no fresh /proc: what CMD left ends with it" [ -z "$(lost)" ]
	for role in control engine init; do
		begin sh -c "setsid sleep 94.5 & $up; exec sleep 95.5"
		case $role in
		control) p=$run ;;
		init) p=$(init_of) ;;
		*) p=$(find_role "$run" engine) ;;
		esac
		kill -9 "$p"
		wait "$run" 2>/dev/null
		lost_none() { [ -z "$(lost)" ]; }
		check "no fresh /proc: $role killed: all gone" until_true 1 lost_none
	done
	umount /proc/fs
}
no_proc 2>/dev/null
if [ "$WEIR_WORLD" = root ]; then
	mknod -m 600 "$W/tun" c 10 200
	who=user
	says "/dev/net/tun closed: one sentence" '*chmod 0666 /dev/net/tun*' \
		unshare --mount bash -c "mount --bind '$W/tun' /dev/net/tun
			setpriv --reuid=65534 --regid=65534 --clear-groups '$weir' run true"
	gives "and 125" 125 \
		unshare --mount bash -c "mount --bind '$W/tun' /dev/net/tun
			setpriv --reuid=65534 --regid=65534 --clear-groups '$weir' run true"
	who=root
fi
says "no user namespaces: one sentence" '*user.max_user_namespaces*' \
	unshare --user --map-root-user --mount bash -c \
	"echo 0 >/proc/sys/user/max_user_namespaces; '$weir' run true"
gives "and 125" 125 unshare --user --map-root-user --mount bash -c \
	"echo 0 >/proc/sys/user/max_user_namespaces; '$weir' run true"

# ---- the processes themselves ------------------------------------------------------

processes() {
	local engine init
	begin sh -c "$up; exec sleep 100"
	engine=$(find_role "$run" engine) init=$(init_of)
	check "$who: the engine has no environment" [ ! -s "/proc/$engine/environ" ]
	check "$who: the engine has an empty root and nothing else" \
		[ "$(awk '{ print $4, $5, $(NF - 2) }' "/proc/$engine/mountinfo")" = "/ / tmpfs" ]
	for p in "$engine" "$init" "$run"; do
		local name
		name=$(cat "/proc/$p/comm")
		check "$who: $name has no capabilities" [ "$(status_of "$p" CapEff)$(status_of "$p" CapPrm)" = 00000000000000000000000000000000 ]
		check "$who: $name gets no privileges" [ "$(status_of "$p" NoNewPrivs)" = 1 ]
	done
	check "$who: the engine is filtered" [ "$(status_of "$engine" Seccomp)" = 2 ]
	check "$who: the engine cannot dump core" grep -q 'core file size *0 *0' "/proc/$engine/limits"
	check "$who: control and engine in 6 MB" [ $(($(pss_kib "$run") + $(pss_kib "$engine"))) -le 6144 ]
	kill -TERM "$run"
	wait "$run"
}
case " ${WEIR_E2E_OPTIONS-} " in
*" --unconfined "*) ;;
*) for who in $(starters); do processes; done ;;
esac

who=root
cases "as $who" timeout 120 $py "$here/terminal.py" "$weir"
finish
