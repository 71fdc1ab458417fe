/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first.h - the first bytes of a client: which name does it show?
 *
 * The engine holds what a client sends on a deferred connection and asks here
 * what it is.  On any port.
 *
 * OTHER means that the stream may go on without a name, so it is said only of
 * bytes that cannot become TLS or HTTP any more.  Where no more bytes come in
 * time and this is still open (a lone upper-case word, empty lines, a part of
 * an SSLRequest) it is BAD: else a client that waits long enough in the middle
 * of a word would have its way.
 */
#ifndef WEIR_FLOW_FIRST_H
#define WEIR_FLOW_FIRST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "packet/head.h"
#include "packet/hello.h"

/** enum weir_first_is - what the bytes are */
enum weir_first_is {
	WEIR_FIRST_MORE = 1, /* cannot be told yet; not if @last */
	WEIR_FIRST_PASS,     /* @pass bytes may go on; look at what follows */
	WEIR_FIRST_TLS,
	WEIR_FIRST_HTTP,  /* @head borrows the bytes */
	WEIR_FIRST_OTHER, /* a protocol that shows no name */
	WEIR_FIRST_BAD,   /* TLS or HTTP that is malformed, ambiguous or, with
			     @last, not complete; HTTP/2 in the clear, whose
			     names cannot be read here; a third PASS */
};

/**
 * struct weir_first - what was found
 * @pass: PASS: so many bytes (a Postgres SSLRequest or GSSENCRequest: 8); TLS:
 *        those of the ClientHello
 * @has_name, @name: TLS, HTTP: the name shown, in lower case
 * @head: HTTP
 */
struct weir_first {
	uint32_t pass;
	bool has_name;
	struct weir_dns_name name;
	struct weir_head head;
};

/**
 * weir_first_look() - look at what is held
 * @b:      @len bytes from the start of the stream, or since the last PASS;
 *          WEIR_FIRST_BYTES are enough to tell: so many count as @last
 * @passed: how often PASS was said before on this stream: it is said twice at
 *          most
 * @last:   no more will come in time: FIN, WEIR_FIRST_MS over, or
 *          WEIR_FIRST_BYTES are here
 * @ret:    written for PASS, TLS, HTTP
 *
 * No bytes at all and @last: OTHER.
 */
enum weir_first_is weir_first_look(const uint8_t *b, size_t len,
				   unsigned passed, bool last,
				   struct weir_first *ret);

/**
 * weir_first_records() - what follows a ClientHello: could it be another one?
 * @s: what waits; only headers of records are looked at, and all that are here
 *
 * Return: TLS, it is a handshake record; PASS, @ret_pass bytes are records of
 * other kinds (change_cipher_spec for the eyes of middleboxes, early data, an
 * alert), the end of the last may still be to come; OTHER, it is no record;
 * MORE.  RFC 8446 5.1.
 */
enum weir_first_is weir_first_records(const struct weir_spans *s,
				      uint32_t *ret_pass);

/**
 * weir_first_look_again() - weir_first_look() of a client that the server's
 * HelloRetryRequest asks for another ClientHello
 * @b:    @len bytes behind the first one, or since the last PASS
 * @last: as there
 * @ret:  written for PASS and TLS
 *
 * Return: MORE, PASS (a record of another kind; any number of them), TLS, BAD.
 */
enum weir_first_is weir_first_look_again(const uint8_t *b, size_t len,
					 bool last, struct weir_first *ret);

#endif /* WEIR_FLOW_FIRST_H */
