/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - question to verdict: the one place where anything is decided
 *
 * The engine, DNS and `weir check` ask here.  A question is judged by an image
 * (the compiled rules), the facts of the network (classes) and the facts in
 * the question (pins, the name that was shown); nothing else, and nothing is
 * kept, so that the same question always gets the same verdict.
 */
#ifndef WEIR_POLICY_JUDGE_H
#define WEIR_POLICY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/reason.h"
#include "packet/dns.h"
#include "policy/class.h"
#include "policy/image.h"
#include "policy/rule.h"

/*
 * DOC: order
 *
 * A conversation out: class `never`, multicast, the denials of the bounds,
 * QUIC, DNS over TLS, then bounds and rules together (either may wait for a
 * name), the default.  Whatever the bounds deny has reason `bounds`.
 *
 * With several reasons that a name rule did not hold it is that of the last
 * name rule with this protocol and port; within a rule a pin that fits goes
 * before one that does not.
 */

/** enum weir_judge_said - the verdict */
enum weir_judge_said {
	WEIR_JUDGE_ALLOW = 1,
	WEIR_JUDGE_DENY,
	WEIR_JUDGE_DEFER, /* the name that will be shown decides */
};

/** enum weir_judge_by - what made it */
enum weir_judge_by {
	WEIR_JUDGE_BY_NOTHING = 1, /* no rule: `null` */
	WEIR_JUDGE_BY_RULE,
	WEIR_JUDGE_BY_DEFAULT,
	WEIR_JUDGE_BY_BOUNDS,
};

/**
 * struct weir_judge_verdict - what was said, by what, why
 * @rule:   number from 1, if @by is RULE or BOUNDS
 * @reason: NONE for allow and defer
 * @named:  allow: a name decided, or could have: it holds for this name only
 */
struct weir_judge_verdict {
	enum weir_judge_said said;
	enum weir_judge_by by;
	uint32_t rule;
	enum weir_reason reason;
	bool named;
};

/** enum weir_judge_shown - did the client show a name? */
enum weir_judge_shown {
	WEIR_JUDGE_SHOWN_NOTHING_YET = 1,
	WEIR_JUDGE_SHOWN_NONE, /* it will not */
	WEIR_JUDGE_SHOWN_NAME,
};

/**
 * struct weir_judge_flow - a conversation the guest opens
 * @protocol: one WEIR_RULE_* bit
 * @to, @port: where to; @port 0 for ICMP
 * @pin:   @n_pins names pinned to @to, in lower case
 * @shown, @name: what the client showed, in lower case
 */
struct weir_judge_flow {
	uint8_t protocol;
	struct weir_addr to;
	uint16_t port;
	const struct weir_dns_name *const *pin;
	uint32_t n_pins;
	enum weir_judge_shown shown;
	const struct weir_dns_name *name;
};

/** weir_judge_flow() - may the guest open it? */
struct weir_judge_verdict weir_judge_flow(const struct weir_image *p,
					  const struct weir_class_facts *f,
					  const struct weir_judge_flow *q);

/**
 * weir_judge_in() - may a client come in at a published port?
 * @protocol: WEIR_RULE_TCP or _UDP
 * @peer:     its address; loopback is of class host here
 * @guest_port: where it arrives in the guest
 */
struct weir_judge_verdict weir_judge_in(const struct weir_image *p,
					const struct weir_class_facts *f,
					uint8_t protocol,
					const struct weir_addr *peer,
					uint16_t guest_port);

/**
 * weir_judge_name() - may the guest know of this name?  @name in lower case
 *
 * metadata.google.internal is denied by nothing unless an allow rule names it
 * or `metadata`; then the first of these decides, or a deny of names before it.
 */
struct weir_judge_verdict weir_judge_name(const struct weir_image *p,
					  const struct weir_dns_name *name);

/**
 * weir_judge_answer() - may this address stand in an answer about @name?
 *
 * Rebinding protection (RFC 1918 and kin); @name in lower case.  Where it is
 * off everything may.  A deny counts if it holds for every protocol and port;
 * a private name needs no rule, but the bounds must not deny.
 */
struct weir_judge_verdict weir_judge_answer(const struct weir_image *p,
					    const struct weir_class_facts *f,
					    const struct weir_dns_name *name,
					    const struct weir_addr *a);

/**
 * weir_judge_http() - may this request be made of @host?
 * @host: in lower case
 * @method, @path: as in the request line; a query is not looked at
 *
 * All entries that hold @host are one: a deny line in any of them denies, else
 * an allow line in any of them allows, else it is denied.  Without an entry it
 * is allowed.  A path that could mean another is denied where there is an
 * entry.
 */
struct weir_judge_verdict weir_judge_http(const struct weir_image *p,
					  const struct weir_dns_name *host,
					  const char *method, size_t method_len,
					  const char *path, size_t path_len);

#endif /* WEIR_POLICY_JUDGE_H */
