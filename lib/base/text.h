/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - numbers and addresses to text and back, inside bounds
 *
 * A builder is the twin of wr.h for text: what does not fit is not written,
 * nor is anything after it, and one check at the end tells.  The text is
 * always terminated.
 *
 * The parsers take a string by pointer and length (no terminator needed), want
 * all of it to be the thing they parse, and write their result only then.
 */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* room for the longest, with its terminator */
#define WEIR_TEXT_ADDR_BYTES     40u /* eight groups of four digits */
#define WEIR_TEXT_ENDPOINT_BYTES 48u /* [ADDR]:65535 */
#define WEIR_TEXT_MAC_BYTES      18u

/**
 * struct weir_text - text being built
 * @start: the text, terminated
 * @len:   its length so far
 * @left:  room for more, without the terminator
 * @bad:   something did not fit; sticky
 */
struct weir_text {
	char *start;
	size_t len;
	size_t left;
	bool bad;
};

/**
 * weir_text_over() - begin an empty text in @room bytes at @mem, borrowed
 * @room: with the terminator; at least 1
 */
struct weir_text weir_text_over(char *mem, size_t room);

/** weir_text_ok() - did everything fit so far? */
static inline bool weir_text_ok(const struct weir_text *t)
{
	return !t->bad;
}

/** weir_text_add() - add a terminated string */
void weir_text_add(struct weir_text *t, const char *s);

/** weir_text_add_bytes() - add @len bytes as they are */
void weir_text_add_bytes(struct weir_text *t, const void *s, size_t len);

/** weir_text_add_char() - add one character as it is */
void weir_text_add_char(struct weir_text *t, char c);

/** weir_text_add_u64() - add a decimal number */
void weir_text_add_u64(struct weir_text *t, uint64_t v);

/**
 * weir_text_add_hex() - add a number in lower-case hexadecimal, without 0x
 * @digits: at least so many, padded with zeroes; at most 16
 */
void weir_text_add_hex(struct weir_text *t, uint64_t v, unsigned digits);

/**
 * weir_text_add_addr() - add an address
 *
 * IPv4 as a dotted quad, IPv6 as RFC 5952 (no embedded dotted quads).
 */
void weir_text_add_addr(struct weir_text *t, const struct weir_addr *a);

/** weir_text_add_endpoint() - add 192.0.2.1:80 or [2001:db8::1]:80 */
void weir_text_add_endpoint(struct weir_text *t, const struct weir_addr *a,
			    uint16_t port);

/** weir_text_add_mac() - add 02:00:5e:00:53:01 */
void weir_text_add_mac(struct weir_text *t, const struct weir_mac *m);

/**
 * weir_text_add_escaped() - add bytes that somebody else chose
 *
 * Printable ASCII as it is, the backslash doubled, all else as \xNN: one line
 * stays one line and a terminal is told nothing.  Added whole or not at all.
 */
void weir_text_add_escaped(struct weir_text *t, const void *s, size_t len);

/**
 * weir_text_parse_u64() - decimal digits
 * @max: the largest number accepted
 *
 * Return: false if empty, above @max, with a sign, a leading zero (but "0"),
 * or anything else in it.
 */
bool weir_text_parse_u64(const char *s, size_t len, uint64_t max,
			 uint64_t *ret);

/** weir_text_parse_ip4() - a dotted quad: no octal, no short forms */
bool weir_text_parse_ip4(const char *s, size_t len, struct weir_addr *ret);

/**
 * weir_text_parse_ip6() - RFC 4291 2.2, all three forms; no zone
 *
 * A mapped address (::ffff:192.0.2.1) gives the IPv4 address it wraps.
 */
bool weir_text_parse_ip6(const char *s, size_t len, struct weir_addr *ret);

/** weir_text_parse_addr() - either family, no brackets */
bool weir_text_parse_addr(const char *s, size_t len, struct weir_addr *ret);

/** weir_text_parse_mac() - six pairs of hexadecimal digits, by : or by - */
bool weir_text_parse_mac(const char *s, size_t len, struct weir_mac *ret);

/**
 * weir_text_parse_cidr() - ADDR/LEN
 * @ret_addr: the address as written: bits after the prefix may be set
 * @ret_bits: the prefix in the 128 bits of struct weir_addr, so that one
 *            comparison serves both families: 96 + LEN for a dotted quad
 *
 * Return: false without a LEN, or if it is above 32 or 128.
 */
bool weir_text_parse_cidr(const char *s, size_t len, struct weir_addr *ret_addr,
			  uint8_t *ret_bits);

#endif /* WEIR_BASE_TEXT_H */
