#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real clients under a policy of names: curl, git, ssh, psql, node, python,
# wget, dig; what is denied has its reason in the event log.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/policy_world.sh
. "$(dirname "$0")/policy_world.sh"

if bare; then skip "policy" "needs Weir"; finish; fi
policy_world

named=(
	--rule 'allow tcp git.weirworld.net:22,80'
	--rule 'allow tcp db.weirworld.net:5432'
	--rule 'allow tcp mail.weirworld.net:25'
	--rule 'allow tcp,udp raw.weirworld.net:7,4444,7004'
	--rule 'allow tcp other.weirworld.net:9'
	--rule 'allow tcp .wild.weirworld.net:80,443'
	--rule 'allow tcp second.weirworld.net:443'
	--rule "allow tcp turn1.weirworld.net:80 turn2.weirworld.net:80 inside.weirworld.net:80 toinside.weirworld.net:80 $(
		)half.weirworld.net:80 mapped.weirworld.net:80 cloud.weirworld.net:80 svcb.weirworld.net:443"
	--rule 'allow udp api.weirworld.net:443,5300'
	--rule 'allow tcp api.weirworld.net:80,443'
)
judged "root" guest "${named[@]}" -- $py "$here/guest_policy.py" --key "$key"
judged "ordinary user, MTU 1500" guest_user --mtu 1500 "${named[@]}" -- \
	$py "$here/guest_policy.py" --turn turn2 --key "$user_key"

judged "more" guest --rule 'allow tcp unnamed bare.weirworld.net:443' \
	--allow second.weirworld.net --allow mail.weirworld.net:80,443 \
	--rule "allow tcp $main_v4:853" -- $py "$here/guest_policy_more.py" --part more

mkdir "$W/conf"
cat >"$W/conf/bad.txt" <<-END
	# names that nobody here shall see

	ads.weirworld.net
	.tracker.weirworld.net	# and what is below it
	*.below.weirworld.net
END
cat >"$W/conf/weir.yaml" <<-END
	rules: ["deny file:bad.txt"]
	net: public
END
judged "a list" guest -c "$W/conf/weir.yaml" -- $py "$here/guest_policy_more.py" --part list
check "the guest sees neither configuration, nor list, nor log" guest -c "$W/conf/weir.yaml" \
	--log "$W/tmp/hidden" -- sh -c "! grep -q . '$W/conf/weir.yaml' '$W/conf/bad.txt' '$W/tmp/hidden'"
check "but the log is there" grep -q '"event":"start"' "$W/tmp/hidden"
finish
