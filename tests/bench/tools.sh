# shellcheck shell=bash disable=SC2154 # run sets dir
# SPDX-License-Identifier: Apache-2.0
#
# tools.sh - one function per tool: in_TOOL MTU CMD… runs CMD in a fresh guest
# whose only network is that tool, with that MTU, and ends with it.
# A row may ask for more, in
#   doors   ports of the guest published at $ADDRESS, each the same plus SHIFT
#   rates   options of Weir alone
#   net     what Weir lets the guest reach, of what no rule decides
doors=()
rates=()
net=all
SHIFT=1000

# A fresh network namespace: tells its process id, and becomes CMD once told to.
guest() {
	# shellcheck disable=SC2016 # the new shell expands them
	unshare --net sh -c 'echo $$ >"$1/pid"; read -r _ <"$1/ready"; shift
		exec "$@"' guest "$dir" "$@"
}

in_weir() {
	mtu=$1
	shift
	options=("${rates[@]}")
	for door in "${doors[@]}"; do
		options+=(--publish "$ADDRESS:$((door + SHIFT)):$door")
	done
	exec "$WEIR" run --net "$net" --mtu "$mtu" -q "${options[@]}" -- "$@"
}

in_slirp4netns() {
	mtu=$1
	shift
	guest "$@" <&0 &
	cmd=$!
	read -r -t 10 pid <&"$PID"
	rm -f "$dir/api"
	options=()
	[ ${#doors[@]} = 0 ] || options=(--api-socket="$dir/api")
	slirp4netns --configure --mtu="$mtu" --ready-fd="$PID" \
		"${options[@]}" "$pid" tap0 >&2 </dev/null &
	read -r -t 10 -N 1 _ <&"$PID"
	for door in "${doors[@]}"; do
		printf '{"execute":"add_hostfwd","arguments":{"proto":"tcp",
			"host_addr":"%s","host_port":%d,"guest_port":%d}}' \
			"$ADDRESS" $((door + SHIFT)) "$door" |
			nc -N -U "$dir/api" >&2
	done
	echo >&"$READY"
	wait $cmd
	kill $!
}

# The addresses are given because pasta's default is the host's own ones, which
# would make the server's address the guest's.  No port scanning.
in_pasta() {
	mtu=$1
	shift
	published=none
	[ ${#doors[@]} = 0 ] || published=$ADDRESS/$(for door in "${doors[@]}"; do
		echo "$((door + SHIFT)):$door"
	done | paste -sd,)
	exec pasta --config-net --ipv4-only --mtu "$mtu" \
		--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 \
		--dns-forward 10.0.2.3 -t "$published" -u none -T none -U none \
		--quiet -- "$@"
}

in_veth() {
	mtu=$1
	shift
	guest "$@" <&0 &
	cmd=$!
	read -r -t 10 pid <&"$PID"
	ip link add veth0 mtu "$mtu" type veth \
		peer name eth0 mtu "$mtu" netns "$pid"
	ip addr add 10.77.2.1/24 dev veth0
	ip link set veth0 up
	nsenter --target "$pid" --net ip -batch - <<-END
	addr add 10.77.2.2/24 dev eth0
	link set eth0 up
	route add default via 10.77.2.1
	END
	echo >&"$READY"
	wait $cmd
}

in_loop() {
	shift
	exec "$@"
}

# The address and the shift of a port of $doors, as its users know it.
door_of() {
	case $1 in
	veth) echo 10.77.2.2 0 ;;
	*) echo "$ADDRESS" $SHIFT ;;
	esac
}

# The address of the gateway.
gateway_of() {
	case $1 in
	veth) echo 10.77.2.1 ;;
	*) echo 10.0.2.2 ;;
	esac
}

# The address that answers names in that guest.
dns_of() {
	case $1 in
	veth | loop) echo "$ADDRESS" ;;
	*) echo 10.0.2.3 ;;
	esac
}

version_of() {
	case $1 in
	weir) echo "$("$WEIR" --version 2>/dev/null | head -n 1) ;" ;;
	slirp4netns | pasta)
		# shellcheck disable=SC2016 # dpkg's own variable
		package=${1/pasta/passt}
		echo "$1 $(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) ;"
		;;
	*) echo "$1 ;" ;;
	esac
}

# running PROGRAM… - the processes, in our own process-id namespace, that run one
# of these.
running() {
	for proc in /proc/[0-9]*; do
		for program in "$@"; do
			[ ! "$proc/exe" -ef "$program" ] || echo "${proc#/proc/}"
		done
	done
}

# The processes of a tool.
processes_of() {
	case $1 in
	weir) running "$WEIR" ;;
	slirp4netns) running "$(command -v slirp4netns)" ;;
	pasta) running "$(command -v passt)" "$(command -v passt.avx2)" ;;
	esac
}
