#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weir check: the table of cases, what lint says, JSON, sentences and exits.
#
# Needs no world: nothing is started and nothing leaves the machine.
# lint/NAME.in is a configuration, lint/NAME.ok what is said about it: warnings
# as on stderr, then the policy as on stdout.
#
#   WEIR=PATH        the program under test   (build/dev/weir)
#   WEIR_E2E_ONLY=RE run the cases whose name matches
#   WEIR_E2E_WRITE=1 write lint/NAME.ok instead of comparing
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
py=/usr/bin/python3
weir=${WEIR:-$top/build/dev/weir}
weir=$(cd "$(dirname "$weir")" && pwd)/$(basename "$weir")
export LC_ALL=C.UTF-8

W=$(mktemp -d "${TMPDIR:-/tmp}/weir-check.XXXXXX") || exit 1
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
bad=0

wanted() { [[ $1 =~ ${WEIR_E2E_ONLY-} ]]; }
check() { # check NAME CMD...: CMD says why if it fails
	local name=$1 why
	shift
	wanted "$name" || return 0
	if why=$("$@" 2>&1); then echo "ok - $name"
	else echo "not ok - $name: ${why//$'\n'/ }"; bad=1; fi
}
# gives CODE WORD... : exit status of weir check, whose words are in out and err
gives() {
	local code=$1 status
	shift
	(cd "$W" && "$weir" check "$@" >"$W/out" 2>"$W/err" </dev/null)
	status=$?
	[ "$status" = "$code" ] || { echo "exit $status instead of $code: $(cat "$W/out" "$W/err")"; return 1; }
}
has() { grep -qF -e "$2" "$W/$1" || { echo "no '$2' in: $(cat "$W/$1")"; return 1; }; }

# --- the table ---------------------------------------------------------------

$py "$here/check_cases.py" "$weir" "$top/tests/cases" "${WEIR_E2E_ONLY-}" >"$W/cases" 2>"$W/cases.err" || bad=1
[ -n "${WEIR_E2E_ONLY-}" ] && grep -v 'no row was asked' "$W/cases"
[ -n "${WEIR_E2E_ONLY-}" ] || cat "$W/cases"
[ -n "${WEIR_E2E_ONLY-}" ] && [ "$(cat "$W/cases")" = "not ok - no row was asked" ] && bad=0
cat "$W/cases.err"

# --- lint --------------------------------------------------------------------

lint() { # lint NAME
	cp "$here/lint/$1.in" "$W/weir.yaml"
	local args=()
	# the first line may name options: # options: --multi-tenant
	read -ra args < <(sed -n '1s/^# options: //p' "$W/weir.yaml")
	gives 0 -c weir.yaml --host-address 198.51.100.1 "${args[@]}" || return 1
	cat "$W/err" "$W/out" >"$W/said"
	if [ -n "${WEIR_E2E_WRITE-}" ]; then cp "$W/said" "$here/lint/$1.ok"; fi
	diff "$here/lint/$1.ok" "$W/said" || return 1
	local strict=0
	[ ! -s "$W/err" ] || strict=1
	gives $strict -c weir.yaml --host-address 198.51.100.1 --strict "${args[@]}" || return 1
	# for programs: the same warnings, and nothing on stderr
	gives $strict -c weir.yaml --host-address 198.51.100.1 --strict --json "${args[@]}" || return 1
	[ ! -s "$W/err" ] || { echo "words on stderr: $(cat "$W/err")"; return 1; }
	$py - "$W/said" "$W/out" <<-'END'
		import json, sys
		said = [l[15:-1] for l in open(sys.argv[1]) if l.startswith("weir: warning: ")]
		j = json.load(open(sys.argv[2]))
		assert j["warnings"] == said, (j["warnings"], said)
		types = {"bounds": list, "rules": list, "net": list, "default_out": str,
		         "default_in": str, "on_deny": str, "quic": str, "groups": dict,
		         "dns": dict, "tls": dict, "http": list, "secrets": list,
		         "network": dict, "warnings": list}
		assert list(j) == list(types), list(j)
		for k, t in types.items():
		    assert isinstance(j[k], t), k
		for kind in "bounds", "rules":
		    for n, r in enumerate(j[kind], 1):
		        assert list(r) == ["n", "text", "where"] and r["n"] == n, r
		assert j["default_out"] in ("allow", "deny") and j["default_in"] == "allow"
		assert j["on_deny"] in ("refuse", "drop") and j["quic"] in ("refuse", "pin")
		assert list(j["dns"]) == ["servers", "search", "hosts", "rebind_protection", "private_names"]
		assert isinstance(j["dns"]["rebind_protection"], bool)
		assert list(j["tls"]) == ["intercept", "bypass", "insecure"]
		for s in j["secrets"]:
		    assert list(s) == ["name", "hosts"], s
	END
}
for f in "$here"/lint/*.in; do
	name=$(basename "$f" .in)
	check "lint: $name" lint "$name"
done

# --- sentences and exits -----------------------------------------------------

quiet() {
	gives 1 -q --strict --net all || return 1
	[ ! -s "$W/err" ] || { cat "$W/err"; return 1; }
}
lines() {
	gives 0 --allow api.github.com:443 name api.github.com &&
		has out "allow  rule 1: allow api.github.com:443" || return 1
	gives 1 --allow api.github.com:443 out tcp 192.0.2.9:443 &&
		has out "deny   default (no_pin)" || return 1
	gives 3 --allow api.github.com:443 --pin api.github.com=192.0.2.9 out tcp 192.0.2.9:443 &&
		has out "defer  rule 1: allow api.github.com:443" || return 1
	gives 1 out tcp 127.0.0.1:1 && has out "deny   no rule (martian)" || return 1
	gives 1 --deny dns name a.example && has out "deny   rule 1: deny dns (dns_off)" || return 1
	gives 1 --multi-tenant out tcp 10.1.1.1:1 && has out "deny   bounds 2: deny private" || return 1
	[ "$(wc -l <"$W/out")" = 1 ]
}
# whatever this machine has, the default network is asked about
network() {
	gives 1 --net all out tcp 10.0.2.15:80 && has out martian &&
		gives 0 --net all out tcp 10.0.2.2:80 &&
		gives 1 --net all out tcp '[fd77:6972::15]:80' && has out martian &&
		gives 0 --net host out tcp '[fd77:6972::2]:80' &&
		gives 0 --net private --ipv6 off out tcp '[fd77:6972::15]:80' &&
		gives 1 --net all --ipv4 192.168.7.9/24 out tcp 192.168.7.1:80 && has out martian &&
		gives 0 --net private --ipv4 192.168.7.9/24 out tcp 10.0.2.15:80
}
# the addresses of this host, unless some are given
own() {
	local a
	a=$(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
	[ -n "$a" ] || a=$(hostname -I | awk '{ print $1 }')
	[ -n "$a" ] || return 0
	gives 0 --net host out tcp "$a:80" && has out "allow host" &&
		gives 1 --net host --host-address 198.51.100.1 out tcp "$a:80" &&
		gives 0 --net host --host-address '[2001:db8::7]' --host-address 198.51.100.1 out tcp '[2001:db8::7]:80' &&
		gives 2 --host-address x out tcp "$a:80" && has err "--host-address x: an address is wanted"
}
aliases() {
	gives 0 --deny dns --host db.internal=10.9.9.9 name db.internal --json &&
		has out '{"verdict":"allow","rule":null,"text":null,"reason":null}'
}
order() { # options may stand behind the question
	gives 0 name a.example --json --allow a.example &&
		has out '"rule":1' &&
		gives 1 --net none name a.example --deny a.example && has out "rule 1"
}
list_dir() { # file: is relative to the configuration
	mkdir -p "$W/sub"
	echo a.example >"$W/sub/names"
	echo '{rules: ["allow tcp file:names:443"]}' >"$W/sub/weir.yaml"
	gives 0 -c sub/weir.yaml name a.example || return 1
	printf 'a.example\nb.example\nc d\n' >"$W/sub/names"
	gives 2 -c sub/weir.yaml name a.example && has err "sub/names:3: there is more than one word"
}
binary_list() {
	head -c 100000 "$weir" >"$W/names"
	gives 2 --deny "file:$W/names" name a.example && has err "names:1: there are control characters" &&
		gives 2 --deny file:/dev/null name a.example && has err "no regular file" &&
		gives 2 --deny "file:$W" name a.example && has err "that is a directory"
}
wrong() { # one sentence each, with the right form
	local words
	while IFS='|' read -r words want; do
		eval "gives 2 $words" && has err "$want" || return 1
		[ "$(wc -l <"$W/err")" = 1 ] || { cat "$W/err"; return 1; }
		[ ! -s "$W/out" ] || { cat "$W/out"; return 1; }
	done <<-'END'
		foo|there is no such question; they are out tcp ADDR:PORT
		out tcp 2001:db8::1:443|stands in brackets
		in tcp 192.0.2.1:80|in tcp PEER:PORT GUESTPORT
		name a.example --pin a|--pin takes NAME=ADDR
		name a.example --shown a --shown-none|--shown is there too
		--allow tpc:443 name a.example|--allow: rule 1 'allow tpc:443', column 7
		--rule 'permit any'|rule 1 'permit any', column 1
		--nosuch|there is no option
		-c absent.yaml|absent.yaml
	END
}
help() {
	gives 0 --help && has out "usage: weir check" && has out "--host-address" &&
		"$weir" help check | grep -q "usage: weir check" &&
		"$weir" --help | grep -q "weir check"
}
full() { # an answer that cannot be written is no answer
	"$weir" check name a.example >/dev/full 2>"$W/err"
	[ $? = 2 ] && has err "cannot be written" || return 1
	"$weir" check >/dev/full 2>"$W/err"
	[ $? = 2 ] && has err "cannot be written"
}
million() {
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "%x.host%d.example%d.org\n", i * 7919, i, i % 977 }' >"$W/names"
	echo '{rules: ["deny file:names", "allow public"]}' >"$W/weir.yaml"
	local from=${EPOCHREALTIME/./}
	gives 1 -c weir.yaml name 0.host0.example0.org || return 1
	echo "# a million names: asked in $(((${EPOCHREALTIME/./} - from) / 1000)) ms" >&3
	gives 0 -c weir.yaml name host0.example0.org
}
exec 3>&1
check "-q says no warnings, --strict counts them" quiet
check "the answers for people" lines
check "the default network, or the one given" network
check "the host's own addresses, or those given" own
check "names answered here" aliases
check "options behind the question" order
check "a list is relative to the configuration" list_dir
check "a list that is no text" binary_list
check "a wrong question is told the right form" wrong
check "help" help
check "an answer that cannot be written" full
check "a million names" million
exit $bad
