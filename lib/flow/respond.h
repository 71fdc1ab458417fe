/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond.h - one answer to one question of the guest
 *
 * An answer repeats the question as it was asked (id, letters' case, RD and
 * CD), has an OPT record only if the question had one, and is cut to its head
 * with TC if it is longer than the way it goes allows.
 *
 *	weir_respond_read()
 *	weir_respond_init(), weir_respond_open(), records into @b,
 *	weir_respond_close()
 */
#ifndef WEIR_FLOW_RESPOND_H
#define WEIR_FLOW_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "packet/dns.h"

#define WEIR_RESPOND_UDP_MIN_BYTES 512u  /* RFC 1035 4.2.1 */
#define WEIR_RESPOND_UDP_MAX_BYTES 4096u /* most a guest may say it takes */
#define WEIR_RESPOND_TCP_MAX_BYTES 65535u
#define WEIR_RESPOND_EXTRA_MAX     4u    /* additional records of a question */
#define WEIR_RESPOND_EDNS_BYTES    1232u /* what we say we take by UDP */
#define WEIR_RESPOND_LOCAL_TTL_S   60u   /* of answers made here */
#define WEIR_RESPOND_ANY_TTL_S     3600u
#define WEIR_RESPOND_HEAD_BYTES    288u /* an answer without records fits */

/**
 * struct weir_respond_style - how an answer must look
 * @upper: the question's letters that are upper case
 * @id, @flags: as in the question
 * @limit: most bytes of the answer, at least WEIR_RESPOND_HEAD_BYTES
 * @edns, @dnssec_ok: the question had an OPT record; its DO
 */
struct weir_respond_style {
	uint8_t upper[WEIR_DNS_CASE_BYTES];
	uint16_t id, flags, limit;
	bool edns, dnssec_ok;
};

/**
 * struct weir_respond_way - how the answer goes to the guest
 * @max_udp: most payload of a datagram to it without fragments
 */
struct weir_respond_way {
	bool tcp;
	uint16_t max_udp;
};

/**
 * struct weir_respond - an answer being written
 * @b:       where records go between open and close
 * @rcode:   all 12 bits of the result code
 * @answers: once closed: records in the answer section
 */
struct weir_respond {
	struct weir_dns_build b;
	const struct weir_respond_style *style;
	const struct weir_dns_question *q;
	uint8_t *to;
	size_t room;
	uint16_t rcode, answers;
};

/**
 * weir_respond_read() - the question of a message, and how to answer it
 * @w:           the message, opened and nothing read
 * @ret:         the question, its name in lower case
 * @ret_style:   how to answer
 * @ret_version: of EDNS; 0 if there is none
 *
 * Return: false if it has not exactly one question and at most one OPT, or is
 * malformed; the results are undefined then.
 */
bool weir_respond_read(struct weir_dns_walk *w,
		       const struct weir_respond_way *way,
		       struct weir_dns_question *ret,
		       struct weir_respond_style *ret_style,
		       uint8_t *ret_version);

/**
 * weir_respond_init() - an answer to be written
 * @q:  the question, its name in lower case; borrowed, as is @style
 * @to: @room bytes, at least WEIR_RESPOND_HEAD_BYTES
 */
void weir_respond_init(struct weir_respond *r,
		       const struct weir_respond_style *style,
		       const struct weir_dns_question *q, uint8_t *to,
		       size_t room);

/** weir_respond_open() - write the head, with result code @rcode */
void weir_respond_open(struct weir_respond *r, uint16_t rcode);

/**
 * weir_respond_verified() - the records of this answer were verified (AD)
 *
 * Only those who ask are told (RFC 6840 5.7).
 */
void weir_respond_verified(struct weir_respond *r);

/**
 * weir_respond_close() - add what is due, or cut the answer to its head
 * @ede: an extended error, or WEIR_DNS_EDE_NONE
 *
 * Return: its length.
 */
size_t weir_respond_close(struct weir_respond *r, uint16_t ede);

/** weir_respond_empty() - a whole answer without records; its length */
size_t weir_respond_empty(struct weir_respond *r, uint16_t rcode, uint16_t ede);

/** weir_respond_any() - a whole answer to ANY: HINFO (RFC 8482 4.2) */
size_t weir_respond_any(struct weir_respond *r);

/**
 * weir_respond_bare() - a whole answer that repeats no question
 * @h:  the header of what came; it may hold none
 * @to: room for WEIR_DNS_HEADER_BYTES
 *
 * Return: its length.
 */
size_t weir_respond_bare(const struct weir_dns_header *h, uint16_t rcode,
			 uint8_t *to, size_t room);

#endif /* WEIR_FLOW_RESPOND_H */
