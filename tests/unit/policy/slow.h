/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slow.h - a second judge: obvious, linear, without an image
 *
 * It walks the parsed rules one by one and does at each what the words of the
 * policy say.  Where they say "only if the rest of the list could still allow"
 * it tries what could be shown.  It shares with the judge the class of an
 * address, and what a network, a name pattern and an HTTP line hold.
 */
#ifndef TEST_POLICY_SLOW_H
#define TEST_POLICY_SLOW_H

#include "policy/httprule.h"
#include "policy/judge.h"

/** struct slow_rule - a rule, and the hosts of its groups and lists
 * @of: which target brought host[i] into the rule */
struct slow_rule {
	struct weir_rule r;
	uint16_t *of;
	struct weir_rule_target *host;
	unsigned n_hosts;
};

/** struct slow_policy - everything that is given to the compiler */
struct slow_policy {
	uint32_t flags;
	struct slow_rule *rules, *bounds;
	unsigned n_rules, n_bounds;
	struct weir_rule_range intercept[4];
	unsigned n_intercept;
	struct weir_pattern private_name[4], guarded[4], bypass[4];
	unsigned n_private, n_guarded, n_bypass;
	struct weir_httprule_entry http[4];
	unsigned n_http;
};

struct weir_judge_verdict slow_flow(const struct slow_policy *p,
				    const struct weir_class_facts *f,
				    const struct weir_judge_flow *q);
struct weir_judge_verdict
slow_in(const struct slow_policy *p, const struct weir_class_facts *f,
	uint8_t protocol, const struct weir_addr *peer, uint16_t guest_port);
struct weir_judge_verdict slow_name(const struct slow_policy *p,
				    const struct weir_dns_name *name);
struct weir_judge_verdict slow_answer(const struct slow_policy *p,
				      const struct weir_class_facts *f,
				      const struct weir_dns_name *name,
				      const struct weir_addr *a);
struct weir_judge_verdict slow_http(const struct slow_policy *p,
				    const struct weir_dns_name *host,
				    const char *method, size_t method_len,
				    const char *path, size_t path_len);

#endif /* TEST_POLICY_SLOW_H */
