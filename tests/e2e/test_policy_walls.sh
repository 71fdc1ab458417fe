#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bounds, silence, classes and addresses, IPv6: what clients see of them.
# shellcheck source=tests/e2e/world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=tests/e2e/policy_world.sh
. "$(dirname "$0")/policy_world.sh"

if bare; then skip "walls" "needs Weir"; finish; fi
policy_world
world_host || not_ok "the world" "no servers on the host"
walls=("$py" "$here/guest_policy_walls.py" --part)

judged "--multi-tenant" guest --multi-tenant --net all --allow private --allow host \
	--allow 10.0.0.0/8 --allow metadata --host db.example=10.77.0.2 -- "${walls[@]}" tenant
mkdir "$W/conf"
cat >"$W/conf/weir.yaml" <<-'END'
	on_deny: drop
	rules: ["allow tcp api.weirworld.net:80,443", "allow 93.184.216.34:4444"]
END
judged "on_deny: drop" guest -c "$W/conf/weir.yaml" -- "${walls[@]}" drop
judged "classes" guest --deny 10.77.0.2:8443 --allow private --allow host:7,7000 \
	--allow api.weirworld.net:80 --rule 'deny udp 93.184.216.34/31:7' \
	--allow 93.184.216.0/24:7 --allow metadata.google.internal:81 -- "${walls[@]}" open
judged "both families" guest_user --rule 'allow tcp www.weirworld.net:80,443' \
	--rule 'allow udp www.weirworld.net:7' --allow other.weirworld.net:9 -- "${walls[@]}" six
cat >"$W/conf/weir.yaml" <<-'END'
	groups: {corp: [10.77.0.0/16, .corp.weirworld.net]}
	quic: pin
	dns: {private_names: [inside.weirworld.net]}
	rules:
	  - allow udp api.weirworld.net:443
	  - allow tcp corp:80
	  - allow tcp inside.weirworld.net:443
END
judged "a configuration" guest -c "$W/conf/weir.yaml" -- "${walls[@]}" conf
judged "deny dns" guest --deny dns --net public -- "${walls[@]}" nodns
finish
