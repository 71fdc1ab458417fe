/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.h - the name in a TLS ClientHello
 *
 * RFC 8446 4.1.2, 5.1 (records), 6066 3 (server_name), 8701 (GREASE), 9849
 * (ECH: the outer name is what is shown).  TLS 1.0 to 1.3; the message may lie
 * in several records.
 */
#ifndef WEIR_PACKET_HELLO_H
#define WEIR_PACKET_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/dns.h"

/** enum weir_hello_is - what the bytes are */
enum weir_hello_is {
	WEIR_HELLO_MORE = 1, /* a ClientHello so far, not complete */
	WEIR_HELLO_NO,       /* no TLS: the first bytes are something else */
	WEIR_HELLO_BAD,   /* TLS, but malformed, or its name is no host name */
	WEIR_HELLO_WHOLE, /* complete */
};

/**
 * struct weir_hello - a complete ClientHello
 * @len: its bytes, records and all
 * @has_name: it shows a host name: @name, in lower case.  An address literal
 *            in its place counts as none shown
 * @ech:      it has an encrypted_client_hello extension: @name is the outer one
 */
struct weir_hello {
	size_t len;
	bool has_name, ech;
	struct weir_dns_name name;
};

/**
 * weir_hello_parse() - look at the first bytes of a stream
 * @b:   @len bytes
 * @ret: written if WHOLE
 *
 * What is said once is said of every longer piece of the same stream, MORE
 * apart.  Records after that of its end are not looked at.  An SSLv2 hello, which
 * has no place for a name, is NO.
 *
 * BAD besides what breaks the grammar: a record without bytes, or one in which
 * something follows the hello; TLS that begins
 * with another message or record (servers step over some alerts); a second
 * server_name extension or a second host_name in it; a message that cannot fit
 * into WEIR_FIRST_BYTES.
 */
enum weir_hello_is weir_hello_parse(const uint8_t *b, size_t len,
				    struct weir_hello *ret);

/** enum weir_hello_answer - what a server says to a ClientHello */
enum weir_hello_answer {
	WEIR_HELLO_ANSWER_MORE = 1, /* cannot be told yet */
	WEIR_HELLO_ANSWER_RETRY,    /* HelloRetryRequest: another hello comes */
	WEIR_HELLO_ANSWER_OTHER,
};

/**
 * struct weir_hello_heard - how far a server's answer is heard; zeroes at first
 * @head: bytes of the header of a record
 * @type, @left: of that record: what it is, and bytes still to come
 * @same: bytes of the message that are those of a HelloRetryRequest
 */
struct weir_hello_heard {
	uint8_t head, type, same;
	uint16_t left;
};

/**
 * weir_hello_answer() - look at the first bytes of a server (RFC 8446 4.1.3)
 * @heard: not to be asked again after RETRY, OTHER
 * @b:     @len bytes that come next
 *
 * What clients step over in front of the answer is stepped over here too, or
 * behind it they would be asked for another hello unseen: change_cipher_spec,
 * which they must drop (5), and alerts, which many take for warnings until
 * they know the version.  The answer may lie in several records (5.1).
 */
enum weir_hello_answer weir_hello_answer(struct weir_hello_heard *heard,
					 const uint8_t *b, size_t len);

/** enum weir_hello_host - what the text of a host is */
enum weir_hello_host {
	WEIR_HELLO_HOST_NAME = 1,
	WEIR_HELLO_HOST_LITERAL, /* an IPv4 or IPv6 address */
	WEIR_HELLO_HOST_BAD,
};

/**
 * weir_hello_host_parse() - the text of a host, as server_name and Host show it
 * @text: @len bytes, not terminated; IPv6 without brackets
 * @ret:  written for NAME, in lower case
 *
 * Letters, digits, hyphens, underscores and dots, within the lengths of RFC
 * 1035; one final dot is cut off.
 */
enum weir_hello_host weir_hello_host_parse(const char *text, size_t len,
					   struct weir_dns_name *ret);

#endif /* WEIR_PACKET_HELLO_H */
