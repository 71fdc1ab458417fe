/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head.h - the head of an HTTP/1 request
 *
 * RFC 9112.  Stricter than servers are: what two parsers could read in two
 * ways is BAD (a bare CR or LF, white space before a colon, folded lines, two
 * Hosts, a Host that differs from the authority of an absolute target, both or
 * several framings, a length that is no number).
 *
 * When is it HTTP?  While the bytes can still be a method, that is up to 32
 * upper-case letters, hyphens and underscores, and then while the first line
 * that begins with a method and white space is not complete, it is MORE.  The
 * complete line decides: with "HTTP/" after white space it is HTTP, right or
 * BAD; so is GET of a path without a version (HTTP/0.9).  Any other is NO.
 * Methods in lower case, which some servers take, are not recognised.
 */
#ifndef WEIR_PACKET_HEAD_H
#define WEIR_PACKET_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/dns.h"

/** enum weir_head_is - what the bytes are */
enum weir_head_is {
	WEIR_HEAD_MORE = 1, /* a request's head so far, not complete */
	WEIR_HEAD_NO,       /* no HTTP: the first bytes are something else */
	WEIR_HEAD_BAD,      /* HTTP, but malformed or ambiguous */
	WEIR_HEAD_WHOLE,    /* complete */
};

/** enum weir_head_body - how the body is framed */
enum weir_head_body {
	WEIR_HEAD_BODY_NONE = 1,
	WEIR_HEAD_BODY_LENGTH, /* @length bytes */
	WEIR_HEAD_BODY_CHUNKED,
};

/**
 * struct weir_head - a complete head
 * @len:      its bytes, up to and with the empty line
 * @method, @target, @path: windows on the bytes; @path: the target without
 *            scheme and authority, with its query; "/" if nothing is left,
 *            empty for CONNECT.  Empty windows are not NULL
 * @has_host: a host name is shown: @host, in lower case, without its port.
 *            An address literal, or none, counts as none shown
 * @host_text: as it was written, with its port; empty if there is none.  Of
 *            the target, if there is no Host
 * @minor:    HTTP/1.@minor
 * @upgrade:  Upgrade is asked for, or the method is CONNECT: what follows may
 *            be another protocol
 * @hides:    Upgrade asks for h2c, another HTTP or TLS, where requests for
 *            other hosts could follow unseen
 * @has_length: Content-Length is there, if only to say 0
 * @prefers_json: Accept prefers application/json to text
 */
struct weir_head {
	size_t len;
	const char *method, *target, *path, *host_text;
	size_t method_len, target_len, path_len, host_text_len;
	bool has_host, upgrade, hides, connect, has_length, prefers_json;
	struct weir_dns_name host;
	uint8_t minor;
	enum weir_head_body body;
	uint64_t length;
};

/**
 * weir_head_parse() - look at the first bytes of a stream
 * @b:   @len bytes, borrowed by @ret
 * @ret: written if WHOLE
 *
 * What is said once is said of every longer piece of the same stream, MORE
 * apart.  Empty lines before the request line are not accepted.  HTTP/2's
 * preface is NO.  A head that does not end within WEIR_FIRST_BYTES is BAD.
 */
enum weir_head_is weir_head_parse(const uint8_t *b, size_t len,
				  struct weir_head *ret);

/**
 * weir_head_parse_trailer() - the fields after the last chunk
 * @b:       @len bytes, from after the last chunk's line
 * @ret_len: written if WHOLE: its bytes, with the empty line
 *
 * As strict as a head, in the same bounds.  A field that says to whom the
 * request goes or how it is framed is BAD (RFC 9110 6.5.1).
 * Return: MORE, BAD or WHOLE.
 */
enum weir_head_is weir_head_parse_trailer(const uint8_t *b, size_t len,
					  size_t *ret_len);

#endif /* WEIR_PACKET_HEAD_H */
