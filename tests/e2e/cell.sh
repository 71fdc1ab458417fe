# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A small world for tests of the sandbox itself: namespaces of its own and a
# /run, an /etc/resolv.conf and servers on the sockets that lead out, but no
# network.  Sourced after world.sh, instead of its world_make.

# $here is world.sh's; door and weir are for the tests
# shellcheck disable=SC2154,SC2034

cell_end() {
	trap - EXIT
	cd /
	if [ -n "${WEIR_E2E_KEEP-}" ]; then echo "# kept: $W"
	else rm -rf "$W"; fi
}

cell_make() {
	W=$(mktemp -d "${TMPDIR:-/tmp}/weir-cell.XXXXXX") || exit 1
	trap cell_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 0755 "$W"
	mkfifo "$W/never"
	export W LC_ALL=C.UTF-8 HOME=$W
	unset XDG_RUNTIME_DIR SSH_AUTH_SOCK DOCKER_HOST TMUX \
		DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY CONTAINER_HOST
	mount -t tmpfs -o mode=0755 tmpfs /run || exit 1
	ip link set lo up
	echo nameserver 192.0.2.53 >"$W/resolv.conf"
	mount --bind "$W/resolv.conf" /etc/resolv.conf || exit 1
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -o "$W/door" "$here/door.c" || exit 1
	door=$W/door
	# a place the ordinary user can start it from
	cp "${WEIR:-$top/build/dev/weir}" "$W/weir" || exit 1
	weir=$W/weir
	mkdir -m 1777 "$W/tmp"
}

# start by whom: `as root CMD...`, `as user CMD...`
as() {
	local who=$1
	shift
	if [ "$who" = user ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else "$@"; fi
}

# an ordinary user who started the test has one uid only
starters() {
	if [ "$WEIR_WORLD" = root ]; then echo root user; else echo root; fi
}
uid_of() { if [ "$1" = user ]; then echo 65534; else id -u; fi; }

# says NAME WANTED CMD...: the last line of the output is WANTED (a pattern)
says() {
	local name=$1 wanted=$2 out
	shift 2
	wanted "$name" || return 0
	out=$("$@" 2>&1 </dev/null | tail -n 1)
	# shellcheck disable=SC2053
	if [[ $out == $wanted ]]; then ok "$name"
	else not_ok "$name" "'$out' instead of '$wanted'"; fi
}

# gives NAME CODE CMD...: the exit status
gives() {
	local name=$1 code=$2 status
	shift 2
	wanted "$name" || return 0
	"$@" >"$W/out" 2>&1 </dev/null
	status=$?
	if [ "$status" = "$code" ]; then ok "$name"
	else not_ok "$name" "exit $status instead of $code: $(tail -n 2 "$W/out" | tr '\n' ' ')"; fi
}
