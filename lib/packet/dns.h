/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - DNS messages, bytes to names and records and back
 *
 * RFC 1035 (messages, compression), 6891 (EDNS), 8914 (extended errors), 3597
 * (types whose data may hold compressed names).  Names are held as they are on
 * the wire, uncompressed: length-prefixed labels up to and with the root, in
 * the case they came in.  So two names are compared with memcmp() and nothing
 * has to be escaped.
 */
#ifndef WEIR_PACKET_DNS_H
#define WEIR_PACKET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

#define WEIR_DNS_HEADER_BYTES    12u
#define WEIR_DNS_NAME_MAX_BYTES  255u
#define WEIR_DNS_LABEL_MAX_BYTES 63u
#define WEIR_DNS_CASE_BYTES      32u    /* a bit for each byte of a name */
#define WEIR_DNS_OPT_BYTES       11u    /* an OPT record without options */
#define WEIR_DNS_EDE_BYTES       6u     /* an extended error without text */
#define WEIR_DNS_WORK_MAX        65536u /* comparisons spent on one message */
#define WEIR_DNS_SUFFIXES_MAX    128u   /* names a builder can point back to */

/* types, RFC 1035 3.2.2 and later */
enum weir_dns_type {
	WEIR_DNS_A = 1,
	WEIR_DNS_NS = 2,
	WEIR_DNS_CNAME = 5,
	WEIR_DNS_SOA = 6,
	WEIR_DNS_PTR = 12,
	WEIR_DNS_HINFO = 13,
	WEIR_DNS_MX = 15,
	WEIR_DNS_TXT = 16,
	WEIR_DNS_AAAA = 28,
	WEIR_DNS_SRV = 33,
	WEIR_DNS_DNAME = 39,
	WEIR_DNS_OPT = 41,
	WEIR_DNS_RRSIG = 46,
	WEIR_DNS_NSEC = 47,
	WEIR_DNS_NSEC3 = 50,
	WEIR_DNS_HTTPS = 65,
	WEIR_DNS_IXFR = 251,
	WEIR_DNS_AXFR = 252,
	WEIR_DNS_ANY = 255,
};

#define WEIR_DNS_CLASS_IN 1u

/* result codes, RFC 1035 4.1.1, 6891 9 */
enum weir_dns_rcode {
	WEIR_DNS_NOERROR = 0,
	WEIR_DNS_FORMERR = 1,
	WEIR_DNS_SERVFAIL = 2,
	WEIR_DNS_NXDOMAIN = 3,
	WEIR_DNS_NOTIMP = 4,
	WEIR_DNS_REFUSED = 5,
	WEIR_DNS_BADVERS = 16,
};

/* extended errors, RFC 8914 4 */
enum weir_dns_ede {
	WEIR_DNS_EDE_NONE = 0xffff, /* not on the wire: no option */
	WEIR_DNS_EDE_BLOCKED = 15,
	WEIR_DNS_EDE_FILTERED = 17,
	WEIR_DNS_EDE_NOT_SUPPORTED = 21,
	WEIR_DNS_EDE_NO_REACHABLE = 22,
};

/* bits of weir_dns_header.flags, RFC 1035 4.1.1, 4035 3.2 */
#define WEIR_DNS_QR          0x8000u
#define WEIR_DNS_OPCODE_MASK 0x7800u
#define WEIR_DNS_AA          0x0400u
#define WEIR_DNS_TC          0x0200u
#define WEIR_DNS_RD          0x0100u
#define WEIR_DNS_RA          0x0080u
#define WEIR_DNS_AD          0x0020u
#define WEIR_DNS_CD          0x0010u
#define WEIR_DNS_RCODE_MASK  0x000fu

/** struct weir_dns_name - @len wire bytes with the root's; 1 is the root */
struct weir_dns_name {
	uint8_t len;
	uint8_t b[WEIR_DNS_NAME_MAX_BYTES];
};

/** struct weir_dns_header - id, flags, and how many of each section follow */
struct weir_dns_header {
	uint16_t id, flags;
	uint16_t n[4]; /* questions, answers, authority, additional */
};

/** enum weir_dns_section - index into weir_dns_header.n */
enum weir_dns_section {
	WEIR_DNS_QUESTION,
	WEIR_DNS_ANSWER,
	WEIR_DNS_AUTHORITY,
	WEIR_DNS_ADDITIONAL,
};

/**
 * struct weir_dns_walk - a message being read from its start to its end
 * @msg, @len: all of it, borrowed; compression points into it
 * @in:        what has not been read
 * @header:    its header
 * @section, @left: where the walk is; how many of that section remain
 */
struct weir_dns_walk {
	const uint8_t *msg;
	size_t len;
	struct weir_rd in;
	struct weir_dns_header header;
	enum weir_dns_section section;
	uint16_t left;
};

struct weir_dns_question {
	struct weir_dns_name name;
	uint16_t type, class;
};

/**
 * struct weir_dns_record - one record
 * @data: its data, borrowed; names in it may point back into the message
 */
struct weir_dns_record {
	enum weir_dns_section section;
	struct weir_dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	struct weir_rd data;
};

/** struct weir_dns_edns - what an OPT record says; @ede may be EDE_NONE */
struct weir_dns_edns {
	uint16_t size;
	uint8_t version;
	uint8_t rcode_high; /* upper 8 of the 12 bits of the result code */
	bool dnssec_ok;
	uint16_t ede;
};

/** enum weir_dns_step - what a walk met */
enum weir_dns_step {
	WEIR_DNS_RECORD, /* a record was read */
	WEIR_DNS_END,    /* all of the message was read, no byte is left */
	WEIR_DNS_BAD,    /* it is malformed, or bytes follow its end */
};

/**
 * weir_dns_walk_open() - begin to read a message
 * @msg: @len bytes, borrowed by the walk and its records
 *
 * Return: false if there is no whole header; *@ret untouched then.
 */
bool weir_dns_walk_open(const uint8_t *msg, size_t len,
			struct weir_dns_walk *ret);

/**
 * weir_dns_parse_question() - the next question; before any record
 *
 * Return: false if there is none or it is malformed; *@ret untouched then.
 */
bool weir_dns_parse_question(struct weir_dns_walk *w,
			     struct weir_dns_question *ret);

/**
 * weir_dns_parse_record() - the next record of any section
 *
 * Questions not yet read are stepped over.
 * Return: WEIR_DNS_RECORD and *@ret, or END or BAD and *@ret undefined.
 */
enum weir_dns_step weir_dns_parse_record(struct weir_dns_walk *w,
					 struct weir_dns_record *ret);

/**
 * weir_dns_parse_name() - a name at @in, which is a window inside @w's message
 *
 * Every pointer must point before the labels it continues, so no message can
 * send the reader in a circle; the name may be 255 bytes long at most.
 * Return: false if it is malformed; *@ret untouched then.
 */
bool weir_dns_parse_name(const struct weir_dns_walk *w, struct weir_rd *in,
			 struct weir_dns_name *ret);

/**
 * weir_dns_parse_opt() - an OPT record's fields; options are stepped over
 *
 * Return: false if an option overruns the record or its owner is not the
 * root; *@ret untouched then.
 */
bool weir_dns_parse_opt(const struct weir_dns_record *r,
			struct weir_dns_edns *ret);

/**
 * weir_dns_parse_address() - the address in an A or AAAA record
 *
 * Return: false if it is of another type or its data has the wrong length.
 */
bool weir_dns_parse_address(const struct weir_dns_record *r,
			    struct weir_addr *ret);

/** weir_dns_is_same_name() - without regard to case (RFC 4343) */
bool weir_dns_is_same_name(const struct weir_dns_name *a,
			   const struct weir_dns_name *b);

/** weir_dns_is_exact_name() - byte for byte, case too */
bool weir_dns_is_exact_name(const struct weir_dns_name *a,
			    const struct weir_dns_name *b);

/** weir_dns_is_below() - is @n @base or below it?  Without regard to case */
bool weir_dns_is_below(const struct weir_dns_name *n,
		       const struct weir_dns_name *base);

/**
 * weir_dns_lower() - make a name lower case
 * @ret_case: NULL, or filled with a bit for each byte that was upper case
 */
void weir_dns_lower(struct weir_dns_name *n,
		    uint8_t ret_case[WEIR_DNS_CASE_BYTES]);

/**
 * weir_dns_raise() - make the letters upper case whose bit is set in @bits
 *
 * The inverse of weir_dns_lower() on a lower-case name; with random bits it is
 * the 0x20 mix of a question.
 */
void weir_dns_raise(struct weir_dns_name *n,
		    const uint8_t bits[WEIR_DNS_CASE_BYTES]);

/**
 * weir_dns_name_from_text() - a name from "a.b.c" or "a.b.c.", @len bytes
 *
 * No escapes.  The empty text and "." are the root.
 * Return: false if a label is empty or too long, or the name is; *@ret
 * untouched then.
 */
bool weir_dns_name_from_text(const char *text, size_t len,
			     struct weir_dns_name *ret);

/**
 * weir_dns_name_to_text() - a name as text, without the final dot
 * @to: room for @room bytes, NUL included
 *
 * Bytes that are not printable, dots inside a label and backslashes become
 * `\DDD` (RFC 1035 5.1), so the text is safe to log.  The root is ".".
 * Return: length without the NUL; 0 and an empty text if there was no room.
 */
size_t weir_dns_name_to_text(const struct weir_dns_name *n, char *to,
			     size_t room);

/** weir_dns_name_of_address() - the name that a PTR question for it asks */
void weir_dns_name_of_address(const struct weir_addr *a,
			      struct weir_dns_name *ret);

/** struct weir_dns_suffix - a name in the message being written */
struct weir_dns_suffix {
	uint32_t hash;
	uint16_t at;
};

/**
 * struct weir_dns_build - a message being written
 * @w:      the room
 * @n:      records so far, by section
 * @suffix: offsets and hashes of names a later one may point to
 * @work:   comparisons left; without them names are written in full
 * @ttls:   NULL, or where the offsets of TTLs go; @n_ttls of @max_ttls
 *
 * The fields are the room's own but for @ttls and @max_ttls, which the caller
 * may set after weir_dns_build_open().
 */
struct weir_dns_build {
	struct weir_wr w;
	uint16_t n[4];
	struct weir_dns_suffix suffix[WEIR_DNS_SUFFIXES_MAX];
	unsigned n_suffixes, work;
	uint16_t *ttls;
	unsigned n_ttls, max_ttls;
};

/**
 * weir_dns_build_open() - begin a message of at most @room bytes
 * @id, @flags: header; the low four bits of the result code are in @flags
 * @q:          the question, or NULL for none
 */
void weir_dns_build_open(struct weir_dns_build *b, uint8_t *to, size_t room,
			 uint16_t id, uint16_t flags,
			 const struct weir_dns_question *q);

/**
 * weir_dns_build_record() - append a record of data without names
 *
 * Sections must come in their order.
 */
void weir_dns_build_record(struct weir_dns_build *b,
			   const struct weir_dns_record *r);

/** weir_dns_build_address() - append an A or AAAA answer */
void weir_dns_build_address(struct weir_dns_build *b,
			    const struct weir_dns_name *owner,
			    const struct weir_addr *a, uint32_t ttl);

/**
 * weir_dns_build_name() - append an answer whose data is a name (CNAME, PTR)
 */
void weir_dns_build_name(struct weir_dns_build *b,
			 const struct weir_dns_name *owner, uint16_t type,
			 const struct weir_dns_name *data, uint32_t ttl);

/**
 * weir_dns_build_again() - append a record read from another message
 * @from: the walk that read @r
 *
 * The data of well-known types is taken apart, its names decompressed, and
 * written anew; other data is copied (RFC 3597 4).  So nothing of the other
 * message's layout survives.
 * Return: false if the data is malformed; nothing was written then.
 */
bool weir_dns_build_again(struct weir_dns_build *b,
			  const struct weir_dns_walk *from,
			  const struct weir_dns_record *r);

/**
 * weir_dns_build_opt() - append an OPT record
 * @e: its fields; an extended error unless @e->ede is WEIR_DNS_EDE_NONE
 */
void weir_dns_build_opt(struct weir_dns_build *b,
			const struct weir_dns_edns *e);

/**
 * weir_dns_build_close() - write the counts
 *
 * Return: the length of the message, 0 if it did not fit.
 */
size_t weir_dns_build_close(struct weir_dns_build *b);

#endif /* WEIR_PACKET_DNS_H */
