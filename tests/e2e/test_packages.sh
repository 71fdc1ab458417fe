#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Package clients by a list of names: pip, npm and git from registries of this
# world, with the list as their only rule.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"

world_make
limit=40
P=$W/policy	# configuration and list, which no command is started in
mkdir -p "$P" "$W/tls" "$W/git"
# nothing of the machine's own settings; what they say of CAs wins over options
for v in $(compgen -e | grep -i -e '^pip_' -e '^npm_' -e '^git_' -e '_CA_' -e '^ssl_'); do unset "$v"; done
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=0 PIP_RETRIES=0 \
	npm_config_globalconfig=$P/none npm_config_userconfig=$P/nor \
	npm_config_fetch_retries=0 GIT_CONFIG_NOSYSTEM=1

# ---- the world's registries ---------------------------------------------------

hosts="pypi.example npm.example files.example other.example git.example"
certificates() { # a CA and one leaf that is all of them
	cd "$W/tls" || return
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=weir world CA" \
		-addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem &&
	openssl req -newkey rsa:2048 -nodes -subj "/CN=registries" -keyout leaf.key -out leaf.csr &&
	openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:${hosts// /,DNS:}") -out leaf.pem
}
repository() { # one.git; two.git has a submodule at a name that no list has
	local g="git -c user.name=t -c user.email=t@other.example -c init.defaultBranch=main
		-c protocol.file.allow=always" at
	for at in one two; do
		$g init -q "$W/$at" && seq 20000 >"$W/$at/numbers" && $g -C "$W/$at" add . || return
		[ $at = one ] || {
			$g -C "$W/$at" submodule --quiet add "$W/git/one.git" sub &&
			sed -i 's|url = .*|url = https://other.example/git/one.git|' "$W/$at/.gitmodules" &&
			$g -C "$W/$at" add .
		} || return
		$g -C "$W/$at" commit -qm $at && $g clone -q --bare "$W/$at" "$W/git/$at.git" || return
	done
}
registries() {
	(certificates) >>"$W/servers.err" 2>&1 && (repository) >>"$W/servers.err" 2>&1 || return
	: >"$W/web.log" && : >"$W/dns.log" || return
	in_srv $py "$here/packages_index.py" --dir "$W" --ready "$W/ready/packages" \
		--tls "$W/tls/leaf.pem" "$W/tls/leaf.key" 2>>"$W/servers.err" &
	in_srv $py "$here/httpd.py" --dir "$W" --ready "$W/ready/git" \
		--tls "$W/tls/leaf.pem" "$W/tls/leaf.key" 1.2.3.4 443 2>>"$W/servers.err" &
	wait_file "$W/ready/packages" && wait_file "$W/ready/git"
}

# ---- what is allowed: one rule, one list ----------------------------------------

policies() {
	cat >"$P/allow.txt" <<-'END'
		# what an installation needs
		pypi.example
		npm.example     # and its files:
		files.example
		GIT.example.
	END
	echo 'rules: ["allow tcp file:allow.txt:443"]' >"$P/weir.yaml"
	echo 'rules: ["allow tcp file:allow.txt:80,443"]' >"$P/clear.yaml"
}

# ---- asking ---------------------------------------------------------------------

log=$W/notes/events
# inside CMD...: in the sandbox that is tried now, with its events in $log
inside() {
	local with=()
	rm -f "$log" && : >"$W/web.log" && : >"$W/dns.log" || return
	[ "$how" != directly ] || { "$@"; return; }
	bare || with=(-c "$P/$policy.yaml" --log "$log")
	"$how" "${with[@]}" -- "$@"
}
fresh() { rm -rf "$W/tmp/got" "$W/tmp/cache"; mkdir -m 1777 "$W/tmp/got" "$W/tmp/cache"; }

# unasked: no name but the list's was asked for upstream, none but those was used
unasked() {
	local words=$hosts
	[ "$how" = directly ] || words=${hosts/other.example /}
	awk -v words="$words" '
		BEGIN { n = split(words, w); for (i = 1; i <= n; i++) listed[w[i]] = 1 }
		!($1 in listed) { print FILENAME ": " $0; bad = 1 }
		END { exit bad }' "$W/dns.log" "$W/web.log"
}
# denied KEY=VALUE...: there is a denial with all of these, and only such ones
denied() {
	bare && return
	$py - "$log" "$@" <<-'END'
		import json, sys
		want = dict(w.split("=", 1) for w in sys.argv[2:])
		events = [json.loads(line) for line in open(sys.argv[1], encoding="ascii")]
		denials = [e for e in events if e["event"] == "deny"]
		wrong = [e for e in denials if any(str(e.get(k)) != v for k, v in want.items())]
		if not denials:
		    sys.exit(f"no denial of {want}")
		if wrong:
		    sys.exit(f"instead of {want}: {wrong}")
	END
}
allowed() { # no denial, and connections by rule 1 alone, for names of the list
	bare && return
	$py - "$log" "$@" <<-'END'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1], encoding="ascii")]
		opened = [e for e in events if e["event"] == "flow_open"]
		bad = [e for e in events if e["event"] == "deny"]
		bad += [e for e in opened if e.get("rule") != 1]
		if bad or not opened:
		    sys.exit(f"{len(opened)} connections, of these wrong: {bad}")
		shown = {e.get("shown") for e in events if "shown" in e}
		for name in sys.argv[1 + 1:]:
		    if name not in shown:
		        sys.exit(f"{name} was not shown, but {shown}")
	END
}
said() { grep -q "$1" "$W/tmp/out" || { tail -n 5 "$W/tmp/out"; return 1; }; }

# ---- pip ------------------------------------------------------------------------

pip() { # pip SCHEME PACKAGE: into tmp/got
	local trust=(--cert "$W/tls/ca.pem")
	[ "$1" = https ] || trust=(--trusted-host pypi.example --trusted-host files.example)
	fresh
	inside $py -m pip install --index-url "$1://pypi.example/simple" "${trust[@]}" \
		--no-input --cache-dir "$W/tmp/cache" --target "$W/tmp/got" \
		"$2" >"$W/tmp/out" 2>&1
}
pip_installs() {
	pip "$1" weir-demo || { tail -n 5 "$W/tmp/out"; return 1; }
	PYTHONPATH=$W/tmp/got $py -c "import weir_demo
assert weir_demo.lib.NAME == 'weir-demo-lib'" && unasked
}
pip_does_not() { # pip_does_not PACKAGE: what it needs comes from elsewhere
	! pip https "$1" && said other.example && [ -z "$(ls "$W/tmp/got")" ] &&
		denied name=other.example verdict=deny rule=default reason=default && unasked
}
pip_in_the_clear() {
	! pip http weir-demo && [ ! -s "$W/web.log" ] && denied dport=80 verdict=deny && unasked
}
try_pip() {
	if ! $py -m pip --version >/dev/null 2>&1; then
		skip "$1: pip" "it is not installed: python3-pip"
		return
	fi
	policy=weir
	check "$1: pip installs a package and what it needs" pip_installs https
	check "$1: pip, and by no other way" allowed pypi.example files.example
	bare && return
	check "$1: pip fails where a file is at a name that is not listed" pip_does_not weir-far
	check "$1: pip fails where it is sent on to such a name" pip_does_not weir-moved
	check "$1: pip fails in the clear, where 443 is allowed" pip_in_the_clear
	policy=clear
	check "$1: pip installs in the clear, where 80 is allowed" pip_installs http
	check "$1: pip in the clear, and by no other way" allowed pypi.example files.example
}

# ---- npm ------------------------------------------------------------------------

npm_gets() {
	fresh
	inside sh -c 'cd "$1" && exec npm install --registry https://npm.example/ --cafile "$2" \
		--cache "$3" "$4"' npm "$W/tmp/got" "$W/tls/ca.pem" "$W/tmp/cache" "$1" >"$W/tmp/out" 2>&1
}
npm_installs() {
	npm_gets weir-demo || { tail -n 5 "$W/tmp/out"; return 1; }
	(cd "$W/tmp/got" && node -e 'process.exit(require("weir-demo").lib.NAME === "weir-demo-lib" ? 0 : 1)') && unasked
}
npm_does_not() {
	! npm_gets "$1" && said other.example && [ ! -e "$W/tmp/got/node_modules/$1" ] &&
		denied name=other.example verdict=deny rule=default reason=default && unasked
}
try_npm() {
	if ! npm --version >/dev/null 2>&1; then
		skip "$1: npm" "it is not installed"
		return
	fi
	policy=weir
	check "$1: npm installs a package and what it needs" npm_installs
	check "$1: npm, and by no other way" allowed npm.example files.example
	bare && return
	check "$1: npm fails where a file is at a name that is not listed" npm_does_not weir-far
}

# ---- git ------------------------------------------------------------------------

git_clones() { # git_clones REPOSITORY [OPTION...]
	local from=$1
	shift
	fresh
	inside git -c http.sslCAInfo="$W/tls/ca.pem" clone -q "$@" \
		"https://git.example/git/$from.git" "$W/tmp/got/$from" >"$W/tmp/out" 2>&1
}
git_works() {
	git_clones one || { tail -n 5 "$W/tmp/out"; return 1; }
	cmp "$W/one/numbers" "$W/tmp/got/one/numbers" && unasked
}
git_does_not() {
	! git_clones two --recurse-submodules && said other.example &&
		cmp "$W/two/numbers" "$W/tmp/got/two/numbers" && [ -z "$(ls "$W/tmp/got/two/sub")" ] &&
		denied name=other.example verdict=deny rule=default reason=default && unasked
}
try_git() {
	policy=weir
	check "$1: git clones" git_works
	check "$1: git, and by no other way" allowed git.example
	bare && return
	check "$1: git leaves out a submodule at a name that is not listed" git_does_not
}

# ---- nothing else ---------------------------------------------------------------

# The name that is not listed, at the address of one that is.
other_name_there() {
	fresh
	# shellcheck disable=SC2016
	! inside sh -c 'curl -sS --cacert "$1" -o /dev/null https://files.example/weir-demo-1.0.0.tgz &&
		exec curl -sS --cacert "$1" --connect-to other.example:443:files.example:443 \
			https://other.example/weir-demo-1.0.0.tgz' sh "$W/tls/ca.pem" >"$W/tmp/out" 2>&1 &&
		grep -q files.example "$W/web.log" && denied shown=other.example reason=shown_mismatch && unasked
}
by_address() {
	fresh
	! inside curl -sS --cacert "$W/tls/ca.pem" --resolve pypi.example:443:$main_v4 \
		https://pypi.example/simple/weir-demo/ >"$W/tmp/out" 2>&1 &&
		[ ! -s "$W/web.log" ] && denied dst=$main_v4 reason=no_pin && unasked
}
# Without Weir each of those installs, so that it is Weir that did it.
installs_outside() {
	how=directly policy=weir
	pip https "$1" || { tail -n 5 "$W/tmp/out"; return 1; }
	grep -q '^other.example 443 ' "$W/web.log" && grep -q '^other.example ' "$W/dns.log"
}

registries || not_ok "the world" "no registries: $(tail -n 3 "$W/servers.err")"
policies
if $py -m pip --version >/dev/null 2>&1; then
	check "outside: the file at the other name is there" installs_outside weir-far
	check "outside: pip is sent on to it" installs_outside weir-moved
fi
for how in guest guest_user; do
	case $how in guest) as="as root" ;; *) as="ordinary user" ;; esac
	try_pip "$as"
	try_npm "$as"
	try_git "$as"
	bare && continue
	policy=weir
	check "$as: another name at the address of a listed one is denied" other_name_there
	check "$as: a listed name's address without its question is denied" by_address
done
finish
