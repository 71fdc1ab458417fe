/* SPDX-License-Identifier: Apache-2.0 */
/* forbid.h - the answer to an HTTP/1 request that the policy denies */
#ifndef WEIR_FLOW_FORBID_H
#define WEIR_FLOW_FORBID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/dns.h"
#include "policy/judge.h"

#define WEIR_FORBID_BYTES 1024u /* every answer fits */

/**
 * struct weir_forbid - what it says
 * @host: the name that was shown, or NULL
 * @verdict: a denial
 * @json: the client prefers JSON to text
 * @head: the method was HEAD: no body
 */
struct weir_forbid {
	const struct weir_dns_name *host;
	struct weir_judge_verdict verdict;
	bool json, head;
};

/**
 * weir_forbid_build() - 403 with the fields error, host, rule and reason
 * @to: WEIR_FORBID_BYTES
 *
 * The connection ends with it.
 * Return: its length.
 */
size_t weir_forbid_build(const struct weir_forbid *f, char *to);

#endif /* WEIR_FLOW_FORBID_H */
