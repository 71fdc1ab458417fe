#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No side doors: what CMD can reach beside its network, started by root and by
# an ordinary user, with and without --root.  Needs no working network.
# $who and $opt are read by the functions below wherever they are called from;
# lists are split into words on purpose.
# shellcheck disable=SC2030,SC2031,SC2086,SC2317,SC2015
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/cell.sh
. "$(dirname "$0")/cell.sh"

cell_make

# servers on the sockets that lead out of a sandbox (at nscd's own place one
# that does not answer would keep libc waiting in every command)
sockets="/run/dbus/system_bus_socket /run/nscd/other /run/systemd/private
	/run/avahi-daemon/socket /run/docker.sock /run/podman/podman.sock
	/run/containerd/containerd.sock"
agent=$W/tmp/agent.sock
mkdir -p /run/systemd/resolve
echo nameserver 127.0.0.53 >/run/systemd/resolve/stub-resolv.conf
for who in $(starters); do
	uid=$(uid_of "$who")
	mkdir -p "/run/user/$uid"
	chown "$uid" "/run/user/$uid" 2>/dev/null
	chmod 700 "/run/user/$uid"
done
exec 9<>"$W/never" # the servers' input: they end with this script
n=0
for path in $sockets "$agent" @outside \
	$(for who in $(starters); do echo "/run/user/$(uid_of "$who")/bus"; done); do
	case $path in /*) mkdir -p "$(dirname "$path")" ;; esac
	n=$((n + 1))
	"$door" listen "$path" <"$W/never" 9>&- >"$W/ready.$n" &
	until_true 5 grep -qs ready "$W/ready.$n" || not_ok "a server at $path" "not ready"
	case $path in /*) chmod 666 "$path" ;; esac
done
export SSH_AUTH_SOCK=$agent

inside() { as "$who" "$weir" run $opt "$@"; }

doors() {
	local at="$who${opt:+ $opt}" path word
	says "$at: covers cannot be unmounted" EPERM inside "$door" umount /run/dbus
	says "$at: nor from namespaces of its own" EINVAL inside "$door" freshumount /run/dbus
	says "$at: nor resolv.conf" EPERM inside "$door" umount /etc/resolv.conf
	says "$at: nor resolv.conf from below" EINVAL inside "$door" freshumount /etc/resolv.conf
	says "$at: eth0 cannot be set down" EPERM inside "$door" linkdown
	says "$at: eth0 cannot be given an address" EPERM inside "$door" addr
	says "$at: eth0 cannot be attached to" EBUSY inside "$door" tun
	says "$at: the host name cannot be set" EPERM inside "$door" hostname
	says "$at: init cannot be traced" EPERM inside "$door" ptrace 1
	says "$at: init's namespaces cannot be entered" EACCES inside "$door" setns 1
	for word in 40:1 17:3 17:2 38:5 31:3 16:99; do # vsock packet alg bluetooth
		case $word in
		16:*) says "$at: netlink is there" open inside "$door" socket 16 3 ;;
		*) says "$at: no socket of family ${word%:*}" EAFNOSUPPORT \
			inside "$door" socket "${word%:*}" "${word#*:}" ;;
		esac
	done
	says "$at: the kernel's settings are not CMD's to write" refused \
		inside sh -c 'test -w /proc/sys/kernel/core_pattern ||
			test -w /proc/sys/vm/swappiness ||
			test -w /proc/sysrq-trigger && echo open || echo refused'
	says "$at: no raw socket" EPERM inside "$door" socket 2 3 255
	says "$at: no family behind high bits" EAFNOSUPPORT inside "$door" high
	says "$at: no pair of another family" EAFNOSUPPORT inside "$door" socketpair 30
	says "$at: a pair of unix sockets" open inside "$door" socketpair 1
	says "$at: no io_uring" ENOSYS inside "$door" uring
	says "$at: no TIOCSTI" EPERM inside "$door" ioctl 0x5412
	says "$at: no TIOCSTI with high bits" EPERM inside "$door" ioctl 0x7700005412
	says "$at: no TIOCLINUX" EPERM inside "$door" ioctl 0x541c
	says "$at: FIONREAD is there" open inside "$door" ioctl 0x541b
	if [ "$(uname -m)" = x86_64 ]; then
		says "$at: no x32" ENOSYS inside "$door" x32
		says "$at: no vsock by the 32-bit way" 'E@(AFNOSUPPORT|NOSYS)' inside "$door" i386socket
		says "$at: no socketcall" 'E@(AFNOSUPPORT|NOSYS)' inside "$door" socketcall
	fi
	for path in $sockets "$agent" "/run/user/$(uid_of "$who")/bus"; do
		[ "$(as "$who" "$door" connect "$path")" = open ] ||
			not_ok "$at: $path" "does not answer outside, the test means nothing"
		says "$at: $path does not answer" 'E@(CONNREFUSED|NOENT|ACCES)' \
			inside "$door" connect "$path"
	done
	says "$at: abstract sockets of the host do not answer" ECONNREFUSED \
		inside "$door" connect @outside
	says "$at: no descriptor is inherited" 0 inside "$door" fds 5</dev/null 77</dev/null
	says "$at: but the kept ones" 2 inside --keep-fd 5 --keep-fd 77 -- \
		"$door" fds 5</dev/null 77</dev/null 78</dev/null
	says "$at: only its own processes are seen" '1 2*' inside sh -c 'cd /proc; echo [0-9]*'
	says "$at: the runtime directory is empty and its own" "" \
		inside sh -c "cd /run/user/$(uid_of "$who") && : >mine && rm mine && ls -A"
	says "$at: a covered working directory is left" "" \
		env --chdir=/run/dbus "${as_prefix[@]}" "$weir" run $opt ls -A .
}

shares() {
	local at="$who --share"
	says "$at: a socket named by a variable" open inside --share "$agent" "$door" connect "$agent"
	says "$at: a directory" open inside --share /run/dbus "$door" connect /run/dbus/system_bus_socket
	says "$at: a socket in a covered directory" open \
		inside --share /run/systemd/private "$door" connect /run/systemd/private
	says "$at: and what is beside it stays covered" private \
		inside --share /run/systemd/private ls /run/systemd
	gives "$at: a path that does not exist is an error" 2 inside --share /nonexistent/x true
}

for who in $(starters); do
	as_prefix=()
	[ "$who" = user ] && as_prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	for opt in "" --root; do doors; done
	opt='' shares
done

# ---- /etc/resolv.conf, however the host keeps it -----------------------------

ours='nameserver 10.0.2.3'
mkdir "$W/etc"
cp -a /etc/. "$W/etc" 2>/dev/null
umount /etc/resolv.conf
mount --bind "$W/etc" /etc
names() { # names WHAT: three ways to look, as user and root
	local who opt=''
	for who in $(starters); do
		says "resolv.conf $1: $who finds the sandbox's" "$ours" inside cat /etc/resolv.conf
		says "resolv.conf $1: $who finds hosts: files dns" "hosts: files dns" \
			inside grep ^hosts: /etc/nsswitch.conf
		says "resolv.conf $1: $who finds its own hosts" "*10.0.2.15*" inside tail -n 1 /etc/hosts
	done
	[ "$(ls -A /run)" = "$before" ] || not_ok "resolv.conf $1" "left something in /run"
}
before=$(ls -A /run)
rm -f /etc/resolv.conf
echo nameserver 192.0.2.53 >/etc/resolv.conf && names "a file"
ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf && names "a link into a covered place"
ln -sf /run/systemd/nowhere/resolv.conf /etc/resolv.conf && names "a link to nothing in a covered place"
ln -sf /run/nowhere/at/all/resolv.conf /etc/resolv.conf && names "a link to nothing"
ln -sf first /etc/resolv.conf && ln -sf second /etc/first && names "links to nothing beside it"
rm -f /etc/resolv.conf /etc/first && names "absent"
opt='' who=root
says "the mirrored directory still has the rest" yes \
	inside sh -c 'test -s /etc/passwd && test -d /etc/ssl && grep -q root /etc/passwd && echo yes'
[ ! -e /etc/resolv.conf ] && ok "nothing is made on the host" || not_ok "nothing is made on the host" "/etc/resolv.conf"

# what Weir itself reads and writes is no business of CMD's
mkdir "$W/tmp/own"
echo 'rules: ["allow tcp file:list.txt:443"]' >"$W/tmp/own/weir.yaml"
echo secret.example >"$W/tmp/own/list.txt"
chmod 644 "$W/tmp/own/"*
for who in $(starters); do
	log=$W/tmp/own/log.$who
	install -o "$(uid_of "$who")" -m 644 /dev/null "$log"
	own="-c $W/tmp/own/weir.yaml --log $log"
	says "$who: configuration, list and log are covered" "0" \
		inside $own sh -c "cat $W/tmp/own/weir.yaml $W/tmp/own/list.txt $log | wc -c"
	says "$who: CMD cannot write the log" "*" \
		inside $own sh -c "echo forged >>$log; true"
	[ -s "$log" ] && ! grep -q forged "$log" &&
		ok "$who: the log has events, none of them forged" ||
		not_ok "$who: the log has events, none of them forged" "$(cat "$log")"
	says "$who: --share uncovers one" secret.example \
		inside $own --share "$W/tmp/own/list.txt" cat "$W/tmp/own/list.txt"
done

exec 9>&-
finish
