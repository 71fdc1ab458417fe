/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sift.h - what of a server's message answers the question
 *
 * A server's message is checked against the question that was sent, and what
 * belongs to the answer is written anew: the CNAME chain that begins at the
 * question, the records of the asked type at its end, the SOA of a negative
 * answer, and the signatures if they were wanted.  All else (other names,
 * additional addresses, the server's EDNS) does not reach the guest.  SVCB and
 * HTTPS records are taken apart: addresses in them (hints) are listed like
 * others, and left out as they are; the record stays without them.
 */
#ifndef WEIR_FLOW_SIFT_H
#define WEIR_FLOW_SIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "flow/answers.h"
#include "packet/dns.h"

#define WEIR_SIFT_ADDRESSES_MAX 64u   /* in one answer; the rest is removed */
#define WEIR_SIFT_CHAIN_MAX     16u   /* names of one chain */
#define WEIR_SIFT_SVCB_BYTES    4096u /* a longer SVCB record is removed */

/** enum weir_sift_is - what a message is */
enum weir_sift_is {
	WEIR_SIFT_FOREIGN = 1, /* no answer to this question: not believed */
	WEIR_SIFT_CASE,        /* it is, but the letters' case was lost */
	WEIR_SIFT_CUT,         /* truncated: ask by TCP */
	WEIR_SIFT_PLAIN,       /* the server does not know EDNS */
	WEIR_SIFT_FAILED,      /* malformed, or a code that says: ask another */
	WEIR_SIFT_ANSWER,      /* NOERROR or NXDOMAIN, well formed */
};

/**
 * struct weir_sift_sent - the question as it was sent
 * @q:    with its mix of cases
 * @tcp:  by TCP, where case and truncation do not matter any more
 * @edns: with an OPT record
 * @dnssec_ok: signatures were wanted
 */
struct weir_sift_sent {
	struct weir_dns_question q;
	uint16_t id;
	bool tcp, edns, dnssec_ok;
};

/**
 * struct weir_sift_address - an address at the end of the name's chain
 * @ttl:  of its record
 * @hint: it is one inside an SVCB or HTTPS record
 * @drop: set by the owner: it must not reach the guest
 */
struct weir_sift_address {
	struct weir_addr addr;
	uint32_t ttl;
	bool hint;
	bool drop;
};

/** struct weir_sift - a message that is an answer; the room's own */
struct weir_sift {
	const struct weir_sift_sent *sent;
	struct weir_dns_walk start; /* behind the question */
	unsigned n_chain;
	struct weir_dns_name chain[WEIR_SIFT_CHAIN_MAX];
};

/**
 * weir_sift_open() - what is this message to that question?
 * @bytes: @len bytes, borrowed by @ret
 * @ret:   written if ANSWER; borrows @sent
 */
enum weir_sift_is weir_sift_open(const uint8_t *bytes, size_t len,
				 const struct weir_sift_sent *sent,
				 struct weir_sift *ret);

/**
 * weir_sift_list() - the addresses of an answer
 * @ret: the first WEIR_SIFT_ADDRESSES_MAX of them, none to be dropped
 *
 * Return: how many; 0 for an answer of another type than A, AAAA, SVCB or
 * HTTPS, and for NXDOMAIN.
 */
unsigned weir_sift_list(const struct weir_sift *s,
			struct weir_sift_address ret[WEIR_SIFT_ADDRESSES_MAX]);

/**
 * weir_sift_build() - write what belongs to the answer
 * @list: @n as listed, some marked; addresses beyond them are dropped too
 * @strip_ech: leave ech out of SVCB and HTTPS records (RFC 9460 14.3.2)
 * @b:    open, with the question; may have room for TTLs
 * @ret:  result code and AD, counts, life; its length is not written
 *
 * TTLs are clamped to what WEIR_ANSWERS_TTL_* allow.  A malformed record of
 * those that are taken apart is left out.
 * Return: may it be kept?  Not a negative answer without SOA (RFC 2308 5).
 */
bool weir_sift_build(const struct weir_sift *s,
		     const struct weir_sift_address *list, unsigned n,
		     bool strip_ech, struct weir_dns_build *b,
		     struct weir_answers_what *ret);

#endif /* WEIR_FLOW_SIFT_H */
