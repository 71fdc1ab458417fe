/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secure.h - TLS on both sides of an intercepted connection (OpenSSL)
 *
 * To the guest we are the server, with a leaf of our CA; to the host we are a
 * client like any, which believes nobody but the stores it was given.  The
 * host is asked first: what it says decides what the guest is told.
 *
 *	guest     ClientHello ──► weir_secure_hello()
 *	                              │ name, protocols
 *	host      weir_secure_dial() ─┘ ... weir_secure_shake() ... trusted?
 *	guest     weir_secure_answer(leaf, protocol) ... weir_secure_shake()
 *	both      weir_secure_read(), weir_secure_write(), weir_secure_end()
 *
 * Nothing here blocks, waits, opens a file or knows HTTP.
 *
 * Thread: one.
 */
#ifndef WEIR_PROXY_SECURE_H
#define WEIR_PROXY_SECURE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "packet/dns.h"
#include "proxy/leaf.h"

#define WEIR_SECURE_WHY_BYTES 200u

/* protocols over TLS (ALPN, RFC 7301), bits */
#define WEIR_SECURE_HTTP1 1u /* http/1.1 */
#define WEIR_SECURE_HTTP2 2u /* h2 */
#define WEIR_SECURE_OTHER 4u /* something else was offered */

struct weir_secure;

/**
 * struct weir_secure_store - CAs to believe
 * @name: for this host only, or NULL: for all
 * @pem:  @len bytes, any number of certificates
 */
struct weir_secure_store {
	const struct weir_dns_name *name;
	const uint8_t *pem;
	size_t len;
};

/**
 * weir_secure_new() - what all connections share
 * @mint: makes leaves; borrowed
 * @ret: written on success; give it to weir_secure_free()
 *
 * Return: 0; -ENOMEM.
 */
int weir_secure_new(struct weir_leaf_mint *mint, struct weir_secure **ret);

/** weir_secure_free() - no connection may be left; NULL is fine */
void weir_secure_free(struct weir_secure *s);

/**
 * weir_secure_trust() - believe these CAs too
 *
 * Return: how many certificates were taken; -EINVAL there is none in it that
 * can be read; -ENOMEM.
 */
int weir_secure_trust(struct weir_secure *s,
		      const struct weir_secure_store *store);

/** weir_secure_set_time() - certificates are judged as of then, not of now;
 * seconds since 1970, for tests */
void weir_secure_set_time(struct weir_secure *s, int64_t now_s);

/**
 * struct weir_secure_side - one side of a connection
 * @ssl: NULL: none
 * @wants_write: it goes on when its descriptor is writable
 * @ended: its close_notify came
 */
struct weir_secure_side {
	SSL *ssl;
	bool wants_write, ended;
};

/**
 * struct weir_secure_hello - what a guest said first
 * @has_name, @name: SNI; in lower case
 * @protocols: WEIR_SECURE_*; 0: no ALPN
 */
struct weir_secure_hello {
	bool has_name;
	struct weir_dns_name name;
	uint8_t protocols;
};

/**
 * weir_secure_accept() - a guest's connection begins
 * @fd: non-blocking; stays the caller's
 *
 * Return: 0; -ENOMEM.
 */
int weir_secure_accept(struct weir_secure *s, int fd,
		       struct weir_secure_side *ret);

/**
 * weir_secure_hello() - read the ClientHello
 *
 * Return: 1 it is there, nothing was answered yet; -EAGAIN more must come;
 * -EPROTO it is none that we understand, or the guest has gone.
 */
int weir_secure_hello(struct weir_secure_side *guest,
		      struct weir_secure_hello *ret);

/**
 * weir_secure_answer() - what the ClientHello is to be answered with
 * @name:     whose leaf; NULL: @addr's
 * @protocol: one WEIR_SECURE_* that was offered, or 0
 *
 * Then weir_secure_shake().  Return: 0; a negative errno of weir_leaf_find_*().
 */
int weir_secure_answer(struct weir_secure *s, struct weir_secure_side *guest,
		       const struct weir_dns_name *name,
		       const struct weir_addr *addr, uint8_t protocol,
		       int64_t now_s);

/**
 * struct weir_secure_target - whom to expect at the other end
 * @name: what is shown and must be in the certificate; NULL: @addr must be
 * @protocols: what is offered, WEIR_SECURE_*; 0: no ALPN
 * @insecure: believe whatever is shown
 */
struct weir_secure_target {
	const struct weir_dns_name *name;
	const struct weir_addr *addr;
	uint8_t protocols;
	bool insecure;
};

/**
 * weir_secure_dial() - TLS begins on a connected socket
 *
 * Return: 0; -ENOMEM.
 */
int weir_secure_dial(struct weir_secure *s, int fd,
		     const struct weir_secure_target *t,
		     struct weir_secure_side *ret);

/**
 * weir_secure_shake() - go on with a handshake
 *
 * Return: 1 it is done; -EAGAIN wait (for @wants_write, else to read);
 * -EPROTO it failed: weir_secure_why().
 */
int weir_secure_shake(struct weir_secure_side *side);

/** weir_secure_protocol() - what a host chose, one WEIR_SECURE_*; 0: nothing */
uint8_t weir_secure_protocol(const struct weir_secure_side *host);

/**
 * weir_secure_why() - why a host's handshake failed
 * @text: one sentence, printable
 *
 * Return: WEIR_REASON_UPSTREAM_CERT, WEIR_REASON_CLIENT_CERT, or
 * WEIR_REASON_HOST_RESET: it is no fault of a certificate.
 */
enum weir_reason weir_secure_why(const struct weir_secure_side *host,
				 char text[WEIR_SECURE_WHY_BYTES]);

/**
 * weir_secure_read() - take plain bytes
 *
 * Return: how many; 0 the other side has ended in order; -EAGAIN none now;
 * -ECONNRESET it ended without saying so, or something was wrong.
 */
long weir_secure_read(struct weir_secure_side *side, void *to, size_t room);

/** weir_secure_has() - bytes that are read already and wait? */
bool weir_secure_has(const struct weir_secure_side *side);

/** weir_secure_write() - give plain bytes; Return: how many, or -EAGAIN,
 * -ECONNRESET */
long weir_secure_write(struct weir_secure_side *side, const void *from,
		       size_t len);

/** weir_secure_end() - close_notify: no more will be written; Return: 1,
 * -EAGAIN again, -ECONNRESET */
int weir_secure_end(struct weir_secure_side *side);

/** weir_secure_close() - give it back; the descriptor stays open */
void weir_secure_close(struct weir_secure_side *side);

#endif /* WEIR_PROXY_SECURE_H */
