# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The world of the policy tests: that of world.sh, with web servers on 80 and
# 443, git, sshd, a Postgres server, and a log of each.  Sourced after world.sh.

# variables of world.sh, and those for the tests
# shellcheck disable=SC2154,SC2034

www=www.weirworld.net
key='' user_key=''		# of ssh; empty: there is no sshd here

certificates() { # a CA and one leaf for *.weirworld.net and two levels below
	cd "$W/tls" || return
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=weir world CA" \
		-addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem &&
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$www" -keyout leaf.key -out leaf.csr &&
	openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:*.weirworld.net") -out leaf.pem
}

repository() {
	local g="git -c user.name=t -c user.email=t@weirworld.net -c init.defaultBranch=main"
	mkdir -p "$W/git" && $g init -q "$W/work" && cd "$W/work" &&
	seq 1000 | split -l 10 - part. && $g add . && $g commit -qm "one" &&
	$g clone -q --bare "$W/work" "$W/git/repo.git" && chmod -R a+rX "$W/git"
}

shell_server() {
	ssh-keygen -qt ed25519 -N '' -f "$W/tls/host" && ssh-keygen -qt ed25519 -N '' -f "$W/tls/user" &&
	cat >"$W/tls/sshd" <<-END
		HostKey $W/tls/host
		AuthorizedKeysFile $W/tls/user.pub
		ListenAddress $main_v4
		PidFile none
		UsePAM no
		StrictModes no
		PasswordAuthentication no
		PermitRootLogin yes
	END
	cp "$W/tls/user" "$W/tls/nobody" && chmod 0600 "$W/tls/nobody" &&
		chown 65534 "$W/tls/nobody" || return
	in_srv /usr/sbin/sshd -D -e -f "$W/tls/sshd" 2>>"$W/servers.err" &
	wait_port "$srv" tcp 22 && key=$W/tls/user user_key=$W/tls/nobody
}

policy_world() {
	# what this machine tells its own clients is nothing to those of the world
	unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE GIT_SSL_CAINFO \
		NODE_EXTRA_CA_CERTS "${!PIP_@}" \
		"${!npm_config_@}" "${!NPM_CONFIG_@}" "${!PG@}"
	world_make
	world_dns
	mkdir -p "$W/tls" "$W/www"
	touch "$W/http.log" "$W/peer.log"
	(certificates) >>"$W/servers.err" 2>&1 && (repository) >>"$W/servers.err" 2>&1 ||
		{ not_ok "the world" "$(tail -n 3 "$W/servers.err")"; finish; }
	local a web=() secure=()
	for a in $main_v4 $main_v6 93.184.216.35 10.77.0.2 169.254.169.254; do
		web+=("$a" 80) secure+=("$a" 443 "$a" 8443)
	done
	in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/http" --log "$W/http.log" \
		"${web[@]}" 2>>"$W/servers.err" &
	in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/https" --log "$W/http.log" \
		--tls "$W/tls/leaf.pem" "$W/tls/leaf.key" "${secure[@]}" 2>>"$W/servers.err" &
	in_srv $py "$here/policy_peer.py" --dir "$W" --ready "$W/ready/peer" \
		--tls "$W/tls/leaf.pem" "$W/tls/leaf.key" $main_v4 $main_v6 93.184.216.35 10.77.0.2 \
		2>>"$W/servers.err" &
	if [ "$WEIR_WORLD" = root ]; then shell_server; fi
	wait_file "$W/ready/http" && wait_file "$W/ready/https" && wait_file "$W/ready/peer" ||
		{ not_ok "the world" "$(tail -n 3 "$W/servers.err")"; finish; }
	limit=150
}

# judged NAME guest OPTIONS -- CMD...: cases in a sandbox that sees its event log,
# and then each line of that log is held against its schema
judged() {
	local name=$1 how=$2 log
	shift 2
	log=$W/tmp/log.$((++judged_logs))
	: >"$log" && chmod 666 "$log"
	export WEIR_E2E_LOG=$log
	cases "$name" "$how" --log "$log" --share "$log" "$@"
	check "$name: every line of the log is as its schema says" $py "$here/events.py" "$log"
}
judged_logs=0
