#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir serve --netns`: the network of namespaces that are there already, made
# by unshare, ip netns, bwrap and podman; ready and stop in every way there is.
# Needs no network but loopback.
# $who is read by the functions below wherever they are called from; lists are
# split into words on purpose.
# shellcheck disable=SC2015,SC2034,SC2086,SC2317
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/cell.sh
. "$(dirname "$0")/cell.sh"

cell_make
who=root
cp "$here"/serve_peer.py "$here"/publish_*.py "$W/"
peer() { timeout 20 $py "$W/serve_peer.py" "$@"; }
drop() { [ "$who" = user ] && echo "setpriv --reuid=65534 --regid=65534 --clear-groups --"; }

# ---- guests and their network ---------------------------------------------------

# a namespace of $who with a process in it: $guest
guest_make() {
	rm -f "$W/tmp/there"
	local user=--user
	[ "$who" = root ] && [ "$WEIR_WORLD" = root ] && user=
	$(drop) unshare $user ${user:+--map-root-user} --net sh -c \
		"touch '$W/tmp/there'; exec sleep 1000" >/dev/null 2>&1 &
	guest=$!
	wait_file "$W/tmp/there"
}
guest_end() { kill -9 "$guest" && wait "$guest"; } 2>/dev/null
# in its namespaces
in_guest() {
	if [ "$(readlink "/proc/$guest/ns/user")" = "$(readlink /proc/self/ns/user)" ]; then
		nsenter -t "$guest" -n -- "$@"
	else $(drop) nsenter -t "$guest" -U --preserve-credentials -n -- "$@"; fi
}
# serve OPTIONS: in the background, until it is ready; $serve
serve_begin() {
	rm -f "$W/tmp/pid"
	$(drop) "$weir" serve -v --pid "$W/tmp/pid" "$@" >"$W/log" 2>&1 </dev/null &
	serve=$!
	is_up() { [ -s "$W/tmp/pid" ] || is_gone "$serve"; }
	until_true 10 is_up && [ -s "$W/tmp/pid" ] && return
	not_ok "$who: serve $*" "$(tail -n 2 "$W/log")"
	return 1
}
# serve_over NAME CODE SECONDS
serve_over() {
	local status
	wait_gone "$3" "$serve" || { not_ok "$1" "still there: $(tail -n 1 "$W/log")"
		kill -9 "$serve"; wait "$serve"; return; } 2>/dev/null
	wait "$serve"
	status=$?
	[ "$status" = "$2" ] && ok "$1" || not_ok "$1" "status $status instead of $2: $(tail -n 1 "$W/log")"
}
engine_of() { find_role "$serve" engine; }
is_said() { grep -q "$1" "$W/log"; }

$py "$W/serve_peer.py" echo "$W/echo" 2>"$W/echo.err" &
wait_file "$W/echo"

# ---- what is made, and how it ends ------------------------------------------------

network() {
	guest_make
	serve_begin --netns "$guest" --net all --ipv6 fd77:6972::15/64 -p 18080:80 || return
	says "$who: eth0 has its address" '10.0.2.15/24' \
		in_guest sh -c "ip -4 -br addr show eth0 | awk '{print \$3}'"
	says "$who: and the IPv6 one, ready at once" '' in_guest ip -6 addr show tentative
	says "$who: and a route" '*via 10.0.2.2 dev eth0*' in_guest ip route show default
	says "$who: and 64 KiB packets" '*mtu 65520*' in_guest sh -c 'ip -o link show eth0'
	says "$who: lo is up" '*127.0.0.1/8*' in_guest ip -4 -br addr show lo
	says "$who: the host is reached" sesame in_guest $py "$W/serve_peer.py" ask 10.0.2.2 18099
	says "$who: and over IPv6" sesame \
		in_guest $py "$W/serve_peer.py" ask fd77:6972::2 18099
	says "$who: names are answered" '*10.0.2.2*' in_guest $py -c \
		'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
s.sendto(b"\1\2\1\0\0\1\0\0\0\0\0\0\4host\4weir\10internal\0\0\1\0\1", ("10.0.2.3", 53))
print(socket.inet_ntoa(s.recv(512)[-4:]))'
	rm -f "$W/tmp/up"
	in_guest $py "$W/publish_guest.py" "$W/tmp/up" 80 2>/dev/null &
	local servers=$!
	wait_file "$W/tmp/up"
	says "$who: a published port" '6 10.0.2.2 80' timeout 20 $py "$W/publish_peer.py" tcp 127.0.0.1 18080
	check "$who: the process number is in the file" [ "$(cat "$W/tmp/pid")" = "$serve" ]
	check "$who: nothing holds the namespace" [ -z "$(
		for p in $serve $(engine_of); do ls -l "/proc/$p/fd" | grep 'net:\['; done)" ]
	kill $(tree_of $servers)
	wait $servers 2>/dev/null
	guest_end
	serve_over "$who: ends with the namespace" 0 2
	check "$who: and says so" is_said 'the namespace of the guest is gone'
	check "$who: the file is gone" [ ! -e "$W/tmp/pid" ]

	guest_make
	serve_begin --netns "/proc/$guest/ns/net" --tap blue0 --mtu 1500 --ipv4 192.168.77.9/25 \
		--mac 02:00:00:00:00:99 --ipv6 off || return
	says "$who: a name, a MAC, an MTU and an address as given" '02:00:00:00:00:99 1500 192.168.77.9/25' \
		in_guest sh -c 'cd /sys; ip -o link show blue0 | sed "s/.*mtu \([0-9]*\).*ether \([^ ]*\).*/\2 \1/" | tr "\n" " "
			ip -4 -br addr show blue0 | awk "{print \$3}"'
	says "$who: no IPv6 when it is off" '' in_guest ip -6 addr show blue0
	kill "$serve"
	serve_over "$who: SIGTERM ends it" 0 1
	says "$who: and takes the card away" 'lo*' in_guest ip -br link
	in_guest ip tuntap add eth0 mode tap
	says "$who: a card that is there is not touched" '*already; name another with --tap' \
		$(drop) timeout 5 "$weir" serve --netns "$guest"
	gives "$who: which is 1" 1 $(drop) timeout 5 "$weir" serve --netns "$guest"
	serve_begin --netns "$guest" --tap eth1 && kill "$serve" && serve_over "$who: but another name is free" 0 1
	guest_end
}

unconfigured() {
	guest_make
	serve_begin --netns "$guest" --no-config --net all || return
	says "$who: --no-config: no address, and down" 'eth0 DOWN' \
		in_guest sh -c 'ip -br addr show eth0 | tr -s " " | sed "s/ $//"'
	says "$who: --no-config: lo is as it was" 'lo DOWN*' in_guest sh -c 'ip -br link show lo | tr -s " "'
	if command -v udhcpc >/dev/null; then
		cat >"$W/dhcp" <<-'END'
			#!/bin/sh
			[ "$1" = bound ] || exit 0
			ip addr add "$ip/$mask" dev "$interface"
			ip route add default via "$router"
		END
		chmod 755 "$W/dhcp"
		in_guest ip link set eth0 up
		in_guest timeout 10 udhcpc -q -f -n -t 5 -T 1 -i eth0 -s "$W/dhcp" >"$W/dhcp.log" 2>&1
		says "$who: --no-config: DHCP gives the address" '10.0.2.15/24' \
			in_guest sh -c "ip -4 -br addr show eth0 | awk '{print \$3}'"
		says "$who: --no-config: and it works" sesame in_guest $py "$W/serve_peer.py" ask 10.0.2.2 18099
	else skip "$who: --no-config: DHCP" "there is no udhcpc"; fi
	kill "$serve"
	serve_over "$who: --no-config: ends" 0 1
	guest_end
}

ready_and_stop() {
	guest_make
	local name
	for name in "$W/tmp/notify" @weir-notify-$$; do
		rm -f "$W/tmp/notify" "$W/tmp/states"
		$py "$W/serve_peer.py" notify "$name" "$W/tmp/states" &
		local manager=$!
		wait_file "$W/tmp/states"
		export NOTIFY_SOCKET=$name
		serve_begin --netns "$guest"
		unset NOTIFY_SOCKET
		until_true 5 grep -q READY "$W/tmp/states"
		kill "$serve"
		serve_over "$who: told ${name:0:1}: ends" 0 1
		until_true 5 grep -q STOPPING "$W/tmp/states"
		check "$who: ${name:0:1}: the service manager was told" \
			[ "$(tr '\n' ' ' <"$W/tmp/states")" = "READY=1 STOPPING=1 " ]
		kill $manager
		wait $manager
	done 2>/dev/null

	rm -f "$W/tmp/ready"
	$(drop) $py "$W/serve_peer.py" ready "$W/tmp/ready" "$weir" serve --netns "$guest" --ready-fd 7 \
		--pid "$W/tmp/pid7" >"$W/log" 2>&1 &
	serve=$!
	wait_file "$W/tmp/ready"
	check "$who: --ready-fd: one newline, then the end" [ "$(cat "$W/tmp/ready")" = "'\\n'" ]
	check "$who: --ready-fd: when the file is there" [ -s "$W/tmp/pid7" ]
	kill "$(cat "$W/tmp/pid7")"
	serve_over "$who: --ready-fd: ends" 0 2

	mkfifo -m 666 "$W/tmp/alive" 2>/dev/null
	exec 8<>"$W/tmp/alive"
	serve_begin --netns "$guest" --exit-fd 5 5<"$W/tmp/alive"
	check "$who: --exit-fd: lives while it is open" kill -0 "$serve"
	exec 8>&-
	serve_over "$who: --exit-fd: ends when it is closed" 0 1
	exec 8<>"$W/tmp/alive"
	serve_begin --netns "$guest" --exit-fd 5 5<"$W/tmp/alive"
	echo >&8
	serve_over "$who: --exit-fd: ends when it is readable" 0 1
	exec 8>&-

	serve_begin --netns "$guest"
	kill -INT "$serve"
	serve_over "$who: SIGINT ends it" 0 1
	serve_begin --netns "$guest"
	kill -HUP "$serve"
	check "$who: SIGHUP does not" kill -0 "$serve"
	kill -9 "$serve"
	wait "$serve" 2>/dev/null
	card_gone() { ! in_guest ip link show eth0 >/dev/null 2>&1; }
	check "$who: killed: the card is gone" until_true 2 card_gone
	serve_begin --netns "$guest"
	kill -9 "$(engine_of)"
	serve_over "$who: engine killed: 125" 125 1
	check "$who: and said" is_said 'the engine was ended by signal 9'
	serve_begin --netns "$guest"
	in_guest ip link del eth0
	serve_over "$who: the card deleted by the guest: it ends" 0 1
	guest_end
}

# open OPTIONS: serve with one connection that stays open
open_flow() {
	serve_begin --netns "$guest" --net all "$@"
	rm -f "$W/tmp/held"
	in_guest $py "$W/serve_peer.py" hold "$W/tmp/held" 10.0.2.2 18099 &
	holder=$!
	wait_file "$W/tmp/held"
}
grace() {
	local begin
	guest_make
	open_flow --grace 0 -p 18080:80
	kill "$serve"
	serve_over "$who: --grace 0: at once" 0 0.5
	wait $holder
	open_flow --grace 1 -p 18080:80
	begin=$(now_ms)
	kill "$serve"
	closed() { [ "$(timeout 5 $py "$W/publish_peer.py" tcp 127.0.0.1 18080)" = ConnectionRefusedError ]; }
	check "$who: --grace: nobody new comes in" until_true 0.5 closed
	check "$who: --grace: what is open stays" kill -0 "$holder"
	serve_over "$who: --grace 1: ends" 0 3
	check "$who: --grace 1: after a second" [ $(($(now_ms) - begin)) -ge 1000 ]
	wait $holder
	open_flow --grace 60
	kill "$serve"
	check "$who: --grace: waits" kill -0 "$serve"
	kill $(tree_of $holder)
	serve_over "$who: --grace: ends when the last connection does" 0 4
	wait $holder
	open_flow --grace 60
	kill "$serve"
	kill -INT "$serve"
	kill -TERM "$serve"
	serve_over "$who: --grace: a second signal ends it" 0 1
	wait $holder
	guest_end
} 2>/dev/null

for who in $(starters); do
	network
	unconfigured
	ready_and_stop
	grace
done
who=root

# ---- what is refused ----------------------------------------------------------------

gives "no link is 2" 2 "$weir" serve
says "and says what is missing" '*serve --netns 4711, or --stream PATH' "$weir" serve
for link in --stream --dgram --vhost-user --fd; do
	gives "$link without its value is 2" 2 "$weir" serve $link
done
gives "--fd with a word is 2" 2 "$weir" serve --fd x
guest_make
gives "two links are 2" 2 "$weir" serve --netns "$guest" --netns "$guest"
gives "a word too many is 2" 2 "$weir" serve --netns "$guest" true
gives "an option of run is 2" 2 "$weir" serve --netns "$guest" --root
gives "a descriptor that is not open is 2" 2 "$weir" serve --netns "$guest" --ready-fd 77
gives "a card called lo is 2" 2 "$weir" serve --netns "$guest" --tap lo
gives "Weir's own namespace is 1" 1 "$weir" serve --netns $$
says "its own by path" '*is the network namespace Weir itself is in*' "$weir" serve --netns /proc/self/ns/net
gives "no such process is 1" 1 "$weir" serve --netns 4194303
says "and says so" 'weir: there is no process 4194303' "$weir" serve --netns 4194303
says "a file that is no namespace" '*is no network namespace*' "$weir" serve --netns /etc/passwd
says "another kind of namespace" '*is no network namespace*' "$weir" serve --netns "/proc/$guest/ns/mnt"
says "a pid file in no directory" '*--pid /nonexistent/pid cannot be written*' \
	"$weir" serve --netns "$guest" --pid /nonexistent/pid
gives "which is 1" 1 "$weir" serve --netns "$guest" --pid /nonexistent/pid
serve_begin --netns "$guest" -p 18080:80
gives "a port that is taken is 1" 1 "$weir" serve --netns "$guest" --tap eth1 -p 18080:80
says "and says so" '*something else has it*' "$weir" serve --netns "$guest" --tap eth1 -p 18080:80
kill "$serve"
serve_over "the first lives on" 0 1
if [ "$WEIR_WORLD" = root ]; then
	who=user
	gives "user: somebody else's namespace is 1" 1 $(drop) "$weir" serve --netns "$guest"
	says "user: and says so" '*as root*' $(drop) "$weir" serve --netns "$guest"
	exec 6<"/proc/$guest/ns/net"
	says "user: also where it can be opened" '*start weir serve as root*' \
		$(drop) "$weir" serve --netns /dev/fd/6
	exec 6<&-
	who=root
fi
guest_end

# ---- the processes --------------------------------------------------------------------

processes() {
	guest_make
	serve_begin --netns "$guest"
	local p
	for p in "$serve" "$(engine_of)"; do
		check "$who: $(cat "/proc/$p/comm") has no capabilities" \
			[ "$(status_of "$p" CapEff)$(status_of "$p" CapPrm)" = 00000000000000000000000000000000 ]
		check "$who: $(cat "/proc/$p/comm") gets no privileges" [ "$(status_of "$p" NoNewPrivs)" = 1 ]
	done
	check "$who: the engine is filtered" [ "$(status_of "$(engine_of)" Seccomp)" = 2 ]
	check "$who: the helper is gone" [ "$(tree_of "$serve" | wc -l)" = 2 ]
	kill "$serve"
	wait "$serve"
	guest_end
}
case " ${WEIR_E2E_OPTIONS-} " in
*" --unconfined "*) ;;
*) for who in $(starters); do processes; done; who=root ;;
esac

# ---- namespaces made by others ----------------------------------------------------------

named() {
	mkdir -p /run/netns
	ip netns add blue || return
	serve_begin --netns /run/netns/blue --net all || return
	says "ip netns: works" sesame ip netns exec blue $py "$W/serve_peer.py" ask 10.0.2.2 18099
	ip netns del blue
	serve_over "ip netns: ends when it is deleted" 0 2
}
if [ "$WEIR_WORLD" = root ]; then named; fi

# the recipe of doc/guide.md
bubble() {
	local bwrap child
	rm -f "$W/tmp/info" "$W/tmp/go" "$W/tmp/out"
	$(drop) mkfifo "$W/tmp/go"
	$(drop) bwrap --bind / / --dev /dev --proc /proc --unshare-user --unshare-net --unshare-pid \
		--info-fd 3 --block-fd 4 $py "$W/serve_peer.py" ask 10.0.2.2 18099 \
		3>"$W/tmp/info" 4<>"$W/tmp/go" >"$W/tmp/out" 2>&1 &
	bwrap=$!
	until_true 5 grep -qs child-pid "$W/tmp/info" || { not_ok "$who: bwrap" "$(cat "$W/tmp/out")"; return; }
	child=$(sed -n 's/.*"child-pid": *\([0-9]*\).*/\1/p' "$W/tmp/info")
	serve_begin --netns "$child" --net all --ready-fd 5 5>"$W/tmp/go"
	wait $bwrap
	check "$who: bwrap: the host is reached" [ "$(cat "$W/tmp/out")" = sesame ]
	serve_over "$who: bwrap: ends with it" 0 2
}
if ! command -v bwrap >/dev/null; then skip "bwrap" "it is not installed"
elif ! bwrap --bind / / --dev /dev --proc /proc --unshare-net true 2>/dev/null; then skip "bwrap" "it does not work here"
else for who in $(starters); do bubble; done; who=root; fi

pod() { $(drop) env HOME="$P" XDG_RUNTIME_DIR="$P/run" timeout 60 podman --root "$P/store" \
	--runroot "$P/runroot" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"; }
container() {
	local pid
	P=$W/pod-$who
	mkdir -p "$P/run" "$P/rootfs/"{bin,etc,proc,dev,sys,tmp,run}
	cp "$(command -v busybox)" "$P/rootfs/bin/busybox"
	ln -sf busybox "$P/rootfs/bin/sh"
	[ "$who" = user ] && chown -R 65534:65534 "$P"
	if ! pod create --name blue --cgroups disabled --network none --rootfs "$P/rootfs" \
		/bin/busybox sleep 1000 >"$P/log" 2>&1 || ! pod init blue >>"$P/log" 2>&1; then
		skip "$who: podman" "it makes no container here: $(tail -n 1 "$P/log")"
		return
	fi
	pid=$(pod inspect -f '{{.State.Pid}}' blue 2>/dev/null)
	serve_begin --netns "$pid" --net all || return
	pod start blue >/dev/null 2>&1
	says "$who: podman: the host is reached" sesame pod exec blue \
		/bin/busybox sh -c 'echo sesame | busybox nc 10.0.2.2 18099'
	pod rm -f -t 0 blue >/dev/null 2>&1
	serve_over "$who: podman: ends with it" 0 3
}
if ! command -v podman >/dev/null || ! command -v busybox >/dev/null; then
	skip "podman" "it, or busybox, is not installed"
elif [ "$WEIR_WORLD" != root ]; then skip "podman" "it needs a world of root's"
else
	# crun does not know a hybrid hierarchy; in this world nobody needs one
	[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 none /sys/fs/cgroup
	for who in $(starters); do container; done
fi
finish
