/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - what tlsload and tlsserve share: the ports, TLS 1.3, and HTTP/2's bytes
 *
 * Both speak TLS_AES_128_GCM_SHA256 and no other suite, so that whoever stands
 * between them does the same work on both sides; BENCH_SUITE names another.
 * A request is METHOD /N: the answer's body has N bytes.  Bodies say how long
 * they are, in either protocol.
 */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include "load.h"

#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum {
	TLS_PORT_OPENED = 443, /* what Weir is told to intercept */
	TLS_PORT_SHUT = 444,   /* the same server, not intercepted */
	TLS_CHUNK = 64 * 1024, /* one write or read */
	TLS_HEAD_MAX = 4096,   /* of an HTTP/1 message */
	TLS_WINDOW = 16 << 20, /* of HTTP/2, as large as browsers have it */
};

static inline _Noreturn void tls_die(const char *what)
{
	fprintf(stderr, "tls: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static inline SSL_CTX *tls_context(const SSL_METHOD *method)
{
	const char *suite = getenv("BENCH_SUITE");
	SSL_CTX *c = SSL_CTX_new(method);

	if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(c,
				      suite ? suite : "TLS_AES_128_GCM_SHA256"))
		tls_die("context");
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	return c;
}

static inline bool tls_write_all(SSL *ssl, const void *from, size_t len)
{
	size_t put;

	return len == 0 || SSL_write_ex(ssl, from, len, &put) == 1;
}

/* Bytes, 0 at the end of whatever sort. */
static inline size_t tls_read(SSL *ssl, void *to, size_t room)
{
	size_t got;

	return SSL_read_ex(ssl, to, room, &got) == 1 ? got : 0;
}

/**
 * struct tls_head - an HTTP/1 head, and what came behind it
 * @text:  as it came, ended by a 0 behind the empty line
 * @len:   of it
 * @extra: bytes of the body that came along, at @text + @len + 1
 */
struct tls_head {
	char text[TLS_HEAD_MAX];
	size_t len, extra;
};

/* False at the end, or if it is longer than there is room. */
static inline bool tls_read_head(SSL *ssl, struct tls_head *h)
{
	size_t have = 0, n;
	char *end;

	do {
		n = tls_read(ssl, h->text + have, TLS_HEAD_MAX - 2 - have);
		if (n == 0)
			return false;
		have += n;
		h->text[have] = 0;
		end = strstr(h->text, "\r\n\r\n");
	} while (!end);
	h->len = (size_t)(end + 4 - h->text);
	h->extra = have - h->len;
	h->text[h->len] = 0; /* of the body nobody looks at a byte */
	return true;
}

static inline uint64_t tls_length_of(const struct tls_head *h)
{
	const char *field = strcasestr(h->text, "\r\ncontent-length:");

	return field ? strtoull(field + 17, NULL, 10) : 0;
}

/* Read a body of @len bytes away. */
static inline bool tls_swallow(SSL *ssl, uint64_t len)
{
	uint8_t bytes[TLS_CHUNK];

	while (len) {
		size_t n = tls_read(ssl, bytes,
				    len < TLS_CHUNK ? (size_t)len : TLS_CHUNK);

		if (n == 0)
			return false;
		len -= n;
	}
	return true;
}

/* --- HTTP/2 --- */

static inline void tls_settings(nghttp2_session *h2)
{
	const nghttp2_settings_entry s[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, TLS_WINDOW },
	};

	if (nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, s, 1) ||
	    nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0,
						  TLS_WINDOW))
		tls_die("settings");
}

#define TLS_FIELD(name, value)                                                 \
	{                                                                      \
		(uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value),   \
			strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE      \
	}

/* nghttp2's, for a body of as many bytes as @source says: those in the buffer. */
static inline ssize_t tls_body(nghttp2_session *h2, int32_t id, uint8_t *to,
			       size_t room, uint32_t *flags,
			       nghttp2_data_source *source, void *user)
{
	uint64_t *left = source->ptr;
	size_t n = *left < room ? (size_t)*left : room;

	(void)h2;
	(void)id;
	(void)to;
	(void)user;
	*left -= n;
	if (*left == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* All that the session has to say, in records as full as can be. */
static inline bool tls_flush(SSL *ssl, nghttp2_session *h2)
{
	uint8_t out[TLS_CHUNK];
	size_t have = 0;
	const uint8_t *at;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(h2, &at)) > 0) {
		size_t left = (size_t)n;

		while (left) {
			size_t fits = sizeof(out) - have;
			size_t part = left < fits ? left : fits;

			memcpy(out + have, at, part);
			have += part;
			at += part;
			left -= part;
			if (have < sizeof(out))
				continue;
			if (!tls_write_all(ssl, out, have))
				return false;
			have = 0;
		}
	}
	return n == 0 && tls_write_all(ssl, out, have);
}

/* One read into the session; false at the end. */
static inline bool tls_feed(SSL *ssl, nghttp2_session *h2)
{
	uint8_t in[TLS_CHUNK];
	size_t n = tls_read(ssl, in, sizeof(in));

	return n && nghttp2_session_mem_recv(h2, in, n) == (ssize_t)n;
}

#endif
