/* SPDX-License-Identifier: Apache-2.0 */
/* forbid.h - the answer to an HTTP request that does not go on: denied by the
 * policy, or one that cannot be served */
#ifndef WEIR_POLICY_FORBID_H
#define WEIR_POLICY_FORBID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/dns.h"
#include "policy/judge.h"

#define WEIR_FORBID_BYTES      1536u /* every answer fits */
#define WEIR_FORBID_BODY_BYTES 1100u /* every body fits */

/** enum weir_forbid_status - how it begins; zero is 403, a denial */
enum weir_forbid_status {
	WEIR_FORBID_DENIED,
	WEIR_FORBID_BAD,         /* 400: nobody can be sure what it means */
	WEIR_FORBID_MISDIRECTED, /* 421: of another host than the connection */
	WEIR_FORBID_TOO_LARGE,   /* 431: the head */
	WEIR_FORBID_UNKNOWN,     /* 501: the method, or CONNECT */
	WEIR_FORBID_UPSTREAM,    /* 502: no answer, or one that is none */
};

/**
 * struct weir_forbid - what it says
 * @status:  and with it the word in the field `error`
 * @host:    the name that was shown, or NULL
 * @verdict: a denial; of others its rule and reason
 * @json: the client prefers JSON to text
 * @head: the method was HEAD: no body
 * @stay: the connection goes on
 * @detail:  a sentence more, a constant in ASCII without quotes, at most
 *        WEIR_FORBID_DETAIL bytes; or NULL
 */
struct weir_forbid {
	enum weir_forbid_status status;
	const struct weir_dns_name *host;
	struct weir_judge_verdict verdict;
	bool json, head, stay;
	const char *detail;
};

#define WEIR_FORBID_DETAIL 200u

/** weir_forbid_code() - 403 for WEIR_FORBID_DENIED, and so on */
uint16_t weir_forbid_code(enum weir_forbid_status status);

/** weir_forbid_type() - Content-Type of its body */
const char *weir_forbid_type(const struct weir_forbid *f);

/**
 * weir_forbid_build_body() - the fields error, host, rule, reason
 * @to: WEIR_FORBID_BODY_BYTES
 *
 * Return: its length.
 */
size_t weir_forbid_build_body(const struct weir_forbid *f, char *to);

/**
 * weir_forbid_build() - the whole of it in HTTP/1.1
 * @to: WEIR_FORBID_BYTES
 *
 * Unless @stay the connection ends with it.
 * Return: its length.
 */
size_t weir_forbid_build(const struct weir_forbid *f, char *to);

#endif /* WEIR_POLICY_FORBID_H */
