/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secure.c - TLS on both sides of an intercepted connection (OpenSSL)
 *
 * The guest's handshake stands still after the ClientHello: the callback says
 * SSL_CLIENT_HELLO_RETRY until weir_secure_answer() has set what to answer
 * with.  Both contexts speak TLS 1.2 and 1.3, without compression and without
 * renegotiation; early data is never accepted, since nobody could refuse what
 * it asks for.  A session of a guest can be resumed (tickets, keys of this
 * process alone): it says nothing about the host's side, which is asked anew.
 *
 * OpenSSL keeps one error queue a thread: it is emptied before each call whose
 * result is asked about.
 */
#include "proxy/secure.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CHAIN_BYTES 65536u /* of certificates, from a host */
#define DEPTH_MAX   10
#define ALPN_HTTP2  "\2h2"
#define ALPN_HTTP1  "\10http/1.1"
#define STORES_MAX  64u

/** struct special - a store of one host's own */
struct special {
	struct weir_dns_name name;
	X509_STORE *store;
};

struct weir_secure {
	struct weir_leaf_mint *mint;
	SSL_CTX *guest, *host;
	X509_STORE *store;
	struct special special[STORES_MAX];
	unsigned n_special;
};

/**
 * struct peer - what a callback knows of its connection
 * @hello: of a guest, once it is @heard
 * @answer: go on
 * @protocol: to be chosen
 * @asked: a host wanted a certificate of ours
 */
struct peer {
	struct weir_secure_hello hello;
	bool heard, answer, asked;
	uint8_t protocol;
};

static struct peer *peer_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* --- a guest's first words --- */

static uint8_t protocol_of(const uint8_t *name, size_t len)
{
	if (len == 2 && memcmp(name, "h2", 2) == 0)
		return WEIR_SECURE_HTTP2;
	if (len == 8 && memcmp(name, "http/1.1", 8) == 0)
		return WEIR_SECURE_HTTP1;
	return WEIR_SECURE_OTHER;
}

/* RFC 7301 3.1 */
static bool read_protocols(struct weir_rd in, uint8_t *ret)
{
	uint16_t len = weir_rd_be16(&in);
	struct weir_rd list = weir_rd_sub(&in, len);

	*ret = 0;
	while (weir_rd_ok(&list) && list.left) {
		uint8_t n = weir_rd_u8(&list);
		const uint8_t *name = weir_rd_take(&list, n);

		if (!name || !n)
			return false;
		*ret |= protocol_of(name, n);
	}
	return weir_rd_ok(&list) && weir_rd_ok(&in) && in.left == 0 && *ret;
}

/* RFC 6066 3: one name of type 0 */
static bool read_name(struct weir_rd in, struct weir_dns_name *ret)
{
	uint16_t len = weir_rd_be16(&in);
	struct weir_rd list = weir_rd_sub(&in, len);
	uint8_t type = weir_rd_u8(&list);
	uint16_t n = weir_rd_be16(&list);
	const uint8_t *name = weir_rd_take(&list, n);

	if (!name || type != 0 || in.left || list.left ||
	    !weir_dns_name_from_text((const char *)name, n, ret))
		return false;
	weir_dns_lower(ret, NULL);
	return true;
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	struct peer *p = peer_of(ssl);
	const unsigned char *at;
	size_t len;

	(void)arg;
	if (p->answer)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_DECODE_ERROR;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at,
				      &len)) {
		if (!read_name(weir_rd_over(at, len), &p->hello.name))
			return SSL_CLIENT_HELLO_ERROR;
		p->hello.has_name = true;
	}
	if (SSL_client_hello_get0_ext(
		    ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
		    &at, &len) &&
	    !read_protocols(weir_rd_over(at, len), &p->hello.protocols))
		return SSL_CLIENT_HELLO_ERROR;
	p->heard = true;
	return SSL_CLIENT_HELLO_RETRY;
}

static int on_protocols(SSL *ssl, const unsigned char **out,
			unsigned char *out_len, const unsigned char *in,
			unsigned in_len, void *arg)
{
	uint8_t want = peer_of(ssl)->protocol;
	unsigned at = 0;

	(void)arg;
	while (want && at < in_len) {
		if (protocol_of(in + at + 1, in[at]) == want) {
			*out = in + at + 1;
			*out_len = in[at];
			return SSL_TLSEXT_ERR_OK;
		}
		at += in[at] + 1u;
	}
	/* as a server that knows no ALPN (RFC 7301 3.2) */
	return SSL_TLSEXT_ERR_NOACK;
}

/* A host wants to know who we are: nobody.  It is remembered. */
static int on_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	(void)cert;
	(void)key;
	peer_of(ssl)->asked = true;
	return 0;
}

/* --- what all share --- */

static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *c = SSL_CTX_new(method);

	if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION)) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(c, 1); /* header and record in one call */
	return c;
}

static bool make_guest(struct weir_secure *s)
{
	static const unsigned char id[] = "weir";

	s->guest = make_context(TLS_server_method());
	if (!s->guest ||
	    !SSL_CTX_set_session_id_context(s->guest, id, sizeof(id) - 1))
		return false;
	SSL_CTX_set_client_hello_cb(s->guest, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(s->guest, on_protocols, NULL);
	SSL_CTX_set_session_cache_mode(s->guest, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(s->guest, 0);
	return true;
}

static bool make_host(struct weir_secure *s)
{
	s->host = make_context(TLS_client_method());
	s->store = X509_STORE_new();
	if (!s->host || !s->store)
		return false;
	SSL_CTX_set_max_cert_list(s->host, CHAIN_BYTES);
	SSL_CTX_set_verify_depth(s->host, DEPTH_MAX);
	SSL_CTX_set_client_cert_cb(s->host, on_asked);
	SSL_CTX_set1_cert_store(s->host, s->store);
	return true;
}

int weir_secure_new(struct weir_leaf_mint *mint, struct weir_secure **ret)
{
	struct weir_secure *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->mint = mint;
	if (!make_guest(s) || !make_host(s)) {
		weir_secure_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void weir_secure_free(struct weir_secure *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n_special; i++)
		X509_STORE_free(s->special[i].store);
	SSL_CTX_free(s->guest);
	SSL_CTX_free(s->host);
	X509_STORE_free(s->store);
	free(s);
}

/* --- whom to believe --- */

static struct special *find_special(struct weir_secure *s,
				    const struct weir_dns_name *name)
{
	for (unsigned i = 0; name && i < s->n_special; i++)
		if (weir_dns_is_exact_name(&s->special[i].name, name))
			return &s->special[i];
	return NULL;
}

static int add_all(X509_STORE *to, const uint8_t *pem, size_t len)
{
	BIO *in = BIO_new_mem_buf(pem, (int)len);
	X509 *x;
	int n = 0;

	if (!in)
		return -ENOMEM;
	while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(to, x) == 1;
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(in);
	return n ? n : -EINVAL;
}

int weir_secure_trust(struct weir_secure *s,
		      const struct weir_secure_store *store)
{
	struct special *own = find_special(s, store->name);

	if (!store->len || store->len > INT32_MAX)
		return -EINVAL;
	if (!store->name)
		return add_all(s->store, store->pem, store->len);
	if (!own) {
		if (s->n_special == STORES_MAX)
			return -ENOMEM;
		own = &s->special[s->n_special];
		own->name = *store->name;
		own->store = X509_STORE_new();
		if (!own->store)
			return -ENOMEM;
		s->n_special++;
	}
	return add_all(own->store, store->pem, store->len);
}

void weir_secure_set_time(struct weir_secure *s, int64_t now_s)
{
	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(s->host), now_s);
}

/* --- sides --- */

static int open_side(SSL_CTX *c, int fd, struct weir_secure_side *ret)
{
	struct peer *p = calloc(1, sizeof(*p));
	SSL *ssl = p ? SSL_new(c) : NULL;

	if (!ssl || !SSL_set_fd(ssl, fd)) {
		SSL_free(ssl);
		free(p);
		return -ENOMEM;
	}
	SSL_set_app_data(ssl, p);
	*ret = (struct weir_secure_side){ .ssl = ssl };
	return 0;
}

void weir_secure_close(struct weir_secure_side *side)
{
	if (!side->ssl)
		return;
	free(peer_of(side->ssl));
	SSL_free(side->ssl);
	*side = (struct weir_secure_side){ .ssl = NULL };
}

int weir_secure_accept(struct weir_secure *s, int fd,
		       struct weir_secure_side *ret)
{
	int r = open_side(s->guest, fd, ret);

	if (r == 0)
		SSL_set_accept_state(ret->ssl);
	return r;
}

/* What OpenSSL said of @n: -EAGAIN, or -ECONNRESET. */
static int error_of(struct weir_secure_side *side, int n)
{
	int e = SSL_get_error(side->ssl, n);

	side->wants_write = e == SSL_ERROR_WANT_WRITE;
	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ||
	    e == SSL_ERROR_WANT_CLIENT_HELLO_CB)
		return -EAGAIN;
	return -ECONNRESET;
}

int weir_secure_shake(struct weir_secure_side *side)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(side->ssl);
	if (n == 1) {
		side->wants_write = false;
		return 1;
	}
	return error_of(side, n) == -EAGAIN ? -EAGAIN : -EPROTO;
}

int weir_secure_hello(struct weir_secure_side *guest,
		      struct weir_secure_hello *ret)
{
	struct peer *p = peer_of(guest->ssl);
	int r = weir_secure_shake(guest);

	if (!p->heard)
		return r == -EAGAIN ? -EAGAIN : -EPROTO;
	*ret = p->hello;
	return 1;
}

int weir_secure_answer(struct weir_secure *s, struct weir_secure_side *guest,
		       const struct weir_dns_name *name,
		       const struct weir_addr *addr, uint8_t protocol,
		       int64_t now_s)
{
	struct peer *p = peer_of(guest->ssl);
	struct weir_leaf leaf;
	int r = name ? weir_leaf_find_name(s->mint, name, now_s, &leaf)
		     : weir_leaf_find_addr(s->mint, addr, now_s, &leaf);

	if (r)
		return r;
	if (!SSL_use_cert_and_key(guest->ssl, leaf.cert, leaf.key, leaf.chain,
				  1))
		return -ENOMEM;
	p->protocol = protocol;
	p->answer = true;
	return 0;
}

/* --- the host --- */

static bool offer(SSL *ssl, uint8_t protocols)
{
	static const unsigned char both[] = ALPN_HTTP2 ALPN_HTTP1;
	const unsigned char *list = both;
	unsigned len = (unsigned)sizeof(both) - 1;

	protocols &= WEIR_SECURE_HTTP1 | WEIR_SECURE_HTTP2;
	if (!protocols)
		return true;
	if (protocols == WEIR_SECURE_HTTP1) {
		list += sizeof(ALPN_HTTP2) - 1;
		len -= (unsigned)sizeof(ALPN_HTTP2) - 1;
	} else if (protocols == WEIR_SECURE_HTTP2) {
		len = (unsigned)sizeof(ALPN_HTTP2) - 1;
	}
	return SSL_set_alpn_protos(ssl, list, len) == 0;
}

/* Whom the certificate must be for. */
static bool expect(struct weir_secure *s, SSL *ssl,
		   const struct weir_secure_target *t)
{
	char text[4 * WEIR_DNS_NAME_MAX_BYTES + 1];
	X509_VERIFY_PARAM *v = SSL_get0_param(ssl);
	struct special *own = find_special(s, t->name);
	bool four;

	if (own && !SSL_set1_verify_cert_store(ssl, own->store))
		return false;
	X509_VERIFY_PARAM_set_hostflags(v,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (t->name) {
		(void)weir_dns_name_to_text(t->name, text, sizeof(text));
		return SSL_set_tlsext_host_name(ssl, text) &&
		       SSL_set1_host(ssl, text);
	}
	four = weir_addr_is4(t->addr);
	return X509_VERIFY_PARAM_set1_ip(v, t->addr->b + (four ? 12 : 0),
					 four ? 4 : 16);
}

int weir_secure_dial(struct weir_secure *s, int fd,
		     const struct weir_secure_target *t,
		     struct weir_secure_side *ret)
{
	int r = open_side(s->host, fd, ret);

	if (r)
		return r;
	SSL_set_connect_state(ret->ssl);
	SSL_set_verify(ret->ssl,
		       t->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (expect(s, ret->ssl, t) && offer(ret->ssl, t->protocols))
		return 0;
	weir_secure_close(ret);
	return -ENOMEM;
}

uint8_t weir_secure_protocol(const struct weir_secure_side *host)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(host->ssl, &name, &len);
	return len ? protocol_of(name, len) : 0;
}

enum weir_reason weir_secure_why(const struct weir_secure_side *host,
				 char text[WEIR_SECURE_WHY_BYTES])
{
	long v = SSL_get_verify_result(host->ssl);
	unsigned long e = ERR_peek_last_error();
	const char *said = ERR_reason_error_string(e);

	if (v != X509_V_OK) {
		snprintf(text, WEIR_SECURE_WHY_BYTES,
			 "the host's certificate is not to be believed: %s",
			 X509_verify_cert_error_string(v));
		return WEIR_REASON_UPSTREAM_CERT;
	}
	if (peer_of(host->ssl)->asked) {
		snprintf(text, WEIR_SECURE_WHY_BYTES,
			 "the host wants a certificate of its client, which "
			 "Weir has not: let its name pass unopened "
			 "(tls.bypass)");
		return WEIR_REASON_CLIENT_CERT;
	}
	snprintf(text, WEIR_SECURE_WHY_BYTES, "TLS with the host failed: %s",
		 said ? said : "it hung up");
	return WEIR_REASON_HOST_RESET;
}

/* --- bytes --- */

long weir_secure_read(struct weir_secure_side *side, void *to, size_t room)
{
	int n;

	ERR_clear_error();
	n = SSL_read(side->ssl, to, room > INT32_MAX ? INT32_MAX : (int)room);
	if (n > 0) {
		side->wants_write = false;
		return n;
	}
	if (SSL_get_error(side->ssl, n) == SSL_ERROR_ZERO_RETURN) {
		side->ended = true;
		return 0;
	}
	return error_of(side, n);
}

bool weir_secure_has(const struct weir_secure_side *side)
{
	return SSL_has_pending(side->ssl);
}

long weir_secure_write(struct weir_secure_side *side, const void *from,
		       size_t len)
{
	int n;

	if (len == 0)
		return 0;
	ERR_clear_error();
	n = SSL_write(side->ssl, from, len > INT32_MAX ? INT32_MAX : (int)len);
	if (n > 0) {
		side->wants_write = false;
		return n;
	}
	return error_of(side, n);
}

int weir_secure_end(struct weir_secure_side *side)
{
	int n;

	ERR_clear_error();
	n = SSL_shutdown(side->ssl);
	if (n >= 0)
		return 1; /* ours is sent; theirs is read as data is */
	return error_of(side, n);
}
