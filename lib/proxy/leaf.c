/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf.c - certificates for the names that guests ask for
 *
 * What all leaves share is made once: the key, its identifier, the extensions
 * that say nothing of the name.  The rest is a serial, two times, a name and
 * one signature: 45 us, of which the signature is 28.
 *
 * The public key alone would cost 240 us a leaf.  X509_set_pubkey() of OpenSSL
 * 3.0 writes a key that lives in a provider to DER and reads that again; a key
 * of the older kind (EC_KEY) it copies.  So the same public key is also held in
 * that form, which OpenSSL calls deprecated and keeps; where it is left out,
 * leaves are slower and nothing else changes (plain_half()).
 *
 * The leaves lie in slots, found by a keyed hash, in the order of their last
 * use (a ring through slot WEIR_LEAVES_MAX, whose newer is the oldest):
 *
 *	find ── there, and good ──► moves to the front
 *	  │ └── there, half over ─► made again in its slot
 *	  └──── not there ────────► made in a free slot, or in the oldest one
 *
 * Invariants:
 *   1. a slot has a certificate exactly if it is in the table and the ring.
 *   2. a leaf that cannot be made leaves everything as it was.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* plain_half() */
#include "proxy/leaf.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "base/table.h"
#include "base/text.h"
#include "policy/pattern.h"

#define CN_MAX 64u /* RFC 5280: ub-common-name */
#define SHARED 5u

/** struct who - a name, or with an empty one an address */
struct who {
	struct weir_dns_name name;
	struct weir_addr addr;
};

struct slot {
	X509 *cert; /* NULL: free */
	int64_t from_s, renew_s;
	uint32_t newer, older;
	struct who who;
};

struct weir_leaf_mint {
	STACK_OF(X509) * chain;
	X509 *signer;
	EVP_PKEY *signer_key;
	const EVP_MD *digest;
	int64_t signer_until_s;
	EVP_PKEY *key, *plain;
	X509_EXTENSION *shared[SHARED];
	unsigned n_shared;
	uint64_t hash_key[2], made;
	uint32_t used; /* slots that were ever used */
	struct weir_table table;
	void *table_mem;
	struct slot slot[WEIR_LEAVES_MAX + 1];
};

/* --- the ring ---------------------------------------------------------------*/

#define END WEIR_LEAVES_MAX

static void unlink_slot(struct weir_leaf_mint *m, uint32_t i)
{
	struct slot *s = &m->slot[i];

	m->slot[s->newer].older = s->older;
	m->slot[s->older].newer = s->newer;
}

static void link_front(struct weir_leaf_mint *m, uint32_t i)
{
	uint32_t first = m->slot[END].older;

	m->slot[i].newer = END;
	m->slot[i].older = first;
	m->slot[first].newer = i;
	m->slot[END].older = i;
}

static uint32_t hash_of(const struct weir_leaf_mint *m, const struct who *w)
{
	if (w->name.len)
		return (uint32_t)weir_siphash(m->hash_key, w->name.b,
					      w->name.len);
	return (uint32_t)weir_siphash(m->hash_key, w->addr.b,
				      sizeof(w->addr.b));
}

static bool is_same(const struct who *a, const struct who *b)
{
	if (a->name.len != b->name.len)
		return false;
	if (a->name.len)
		return memcmp(a->name.b, b->name.b, a->name.len) == 0;
	return weir_addr_is_equal(&a->addr, &b->addr);
}

static uint32_t find(const struct weir_leaf_mint *m, const struct who *w)
{
	const struct weir_table *t = &m->table;
	uint32_t i;

	for (i = weir_table_first(t, hash_of(m, w)); i != WEIR_TABLE_NONE;
	     i = weir_table_next(t, i))
		if (is_same(&m->slot[i].who, w))
			return i;
	return WEIR_TABLE_NONE;
}

/* a slot that is in no list: a new one, or that of the leaf
 * used longest ago */
static uint32_t make_room(struct weir_leaf_mint *m)
{
	uint32_t i;

	if (m->used < WEIR_LEAVES_MAX)
		return m->used++;
	i = m->slot[END].newer;
	unlink_slot(m, i);
	weir_table_remove(&m->table, i);
	X509_free(m->slot[i].cert);
	m->slot[i].cert = NULL;
	return i;
}

/* --- one leaf ---------------------------------------------------------------*/

/* lower case, letters, digits, hyphens, underscores, and no address */
static bool name_text(const struct weir_dns_name *name, char *ret, size_t room)
{
	size_t n = weir_dns_name_to_text(name, ret, room);
	struct weir_dns_name again;

	return n && weir_pattern_name(ret, n, &again) &&
	       again.len == name->len &&
	       memcmp(again.b, name->b, name->len) == 0;
}

static bool set_san(GENERAL_NAME *g, const struct who *w, const char *text)
{
	ASN1_STRING *s;
	bool ok;

	if (w->name.len) {
		s = ASN1_IA5STRING_new();
		ok = s && ASN1_STRING_set(s, text, -1);
	} else {
		int skip = weir_addr_is4(&w->addr) ? 12 : 0;

		s = ASN1_OCTET_STRING_new();
		ok = s && ASN1_STRING_set(s, w->addr.b + skip, 16 - skip);
	}
	if (!ok) {
		ASN1_STRING_free(s);
		return false;
	}
	GENERAL_NAME_set0_value(g, w->name.len ? GEN_DNS : GEN_IPADD, s);
	return true;
}

static bool add_san(X509 *x, const struct who *w, const char *text,
		    bool critical)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *g = GENERAL_NAME_new();
	bool ok = names && g && set_san(g, w, text);

	if (ok && sk_GENERAL_NAME_push(names, g)) {
		g = NULL;
		ok = X509_add1_ext_i2d(x, NID_subject_alt_name, names, critical,
				       X509V3_ADD_DEFAULT) == 1;
	} else {
		ok = false;
	}
	GENERAL_NAME_free(g);
	GENERAL_NAMES_free(names);
	return ok;
}

/* all of it but what it is signed with */
static bool fill(const struct weir_leaf_mint *m, X509 *x, const struct who *w,
		 int64_t from_s, int64_t until_s)
{
	char text[WEIR_PATTERN_TEXT_BYTES];
	struct weir_text t = weir_text_over(text, sizeof(text));
	bool cn;

	if (w->name.len)
		weir_dns_name_to_text(&w->name, text, sizeof(text));
	else
		weir_text_add_addr(&t, &w->addr);
	cn = strlen(text) <= CN_MAX;
	if (!X509_set_version(x, X509_VERSION_3) || !weir_cert_set_serial(x) ||
	    !weir_cert_set_life(x, from_s, until_s) ||
	    !X509_set_issuer_name(x, X509_get_subject_name(m->signer)) ||
	    (cn && !weir_cert_set_cn(x, false, text)) ||
	    !X509_set_pubkey(x, m->plain) || !add_san(x, w, text, !cn))
		return false;
	for (unsigned i = 0; i < m->n_shared; i++)
		if (!X509_add_ext(x, m->shared[i], -1))
			return false;
	return true;
}

static int make(struct weir_leaf_mint *m, const struct who *w, int64_t now_s,
		struct slot *ret)
{
	int64_t until_s = now_s + WEIR_LEAF_AHEAD_S;
	X509 *x;

	if (now_s >= m->signer_until_s)
		return -EKEYEXPIRED;
	if (until_s > m->signer_until_s)
		until_s = m->signer_until_s;
	x = X509_new();
	if (!x || !fill(m, x, w, now_s - WEIR_CERT_BACK_S, until_s) ||
	    X509_sign(x, m->signer_key, m->digest) <= 0) {
		X509_free(x);
		return -ENOMEM;
	}
	m->made++;
	ret->cert = x;
	ret->from_s = now_s - WEIR_CERT_BACK_S;
	ret->renew_s = now_s + (until_s - now_s + 1) / 2;
	ret->who = *w;
	return 0;
}

/* --- asked ------------------------------------------------------------------*/

static int find_or_make(struct weir_leaf_mint *m, const struct who *w,
			int64_t now_s, struct weir_leaf *ret)
{
	uint32_t i = find(m, w);
	bool there = i != WEIR_TABLE_NONE;
	struct slot fresh;

	/* the clock may have been set back, behind even a week */
	if (!there || now_s >= m->slot[i].renew_s ||
	    now_s < m->slot[i].from_s) {
		int err = make(m, w, now_s, &fresh);

		if (err)
			return err;
		if (there) {
			unlink_slot(m, i);
			X509_free(m->slot[i].cert);
		} else {
			i = make_room(m);
			weir_table_put(&m->table, i, hash_of(m, w));
		}
		m->slot[i] = fresh;
	} else {
		unlink_slot(m, i);
	}
	link_front(m, i);
	*ret = (struct weir_leaf){ .cert = m->slot[i].cert,
				   .key = m->key,
				   .chain = m->chain };
	return 0;
}

static int find_marked(struct weir_leaf_mint *m, const struct who *w,
		       int64_t now_s, struct weir_leaf *ret)
{
	int err;

	/* TLS looks at the queue after each of its calls */
	ERR_set_mark();
	err = find_or_make(m, w, now_s, ret);
	ERR_pop_to_mark();
	return err;
}

int weir_leaf_find_name(struct weir_leaf_mint *m,
			const struct weir_dns_name *name, int64_t now_s,
			struct weir_leaf *ret)
{
	char text[WEIR_PATTERN_TEXT_BYTES];
	struct who w = { .name = *name };

	if (!name_text(name, text, sizeof(text)))
		return -EINVAL;
	return find_marked(m, &w, now_s, ret);
}

int weir_leaf_find_addr(struct weir_leaf_mint *m, const struct weir_addr *addr,
			int64_t now_s, struct weir_leaf *ret)
{
	struct who w = { .name = { .len = 0 }, .addr = *addr };

	return find_marked(m, &w, now_s, ret);
}

uint64_t weir_leaf_made(const struct weir_leaf_mint *m)
{
	return m->made;
}

/* --- the mint ---------------------------------------------------------------*/

/* the public half of @key in the form that X509_set_pubkey() copies */
static EVP_PKEY *plain_half(EVP_PKEY *key)
{
#ifndef OPENSSL_NO_DEPRECATED_3_0
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *plain = EVP_PKEY_new();
	const unsigned char *at;
	unsigned char point[128];
	size_t n;

	at = point;
	if (ec && plain &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
					    sizeof(point), &n) &&
	    o2i_ECPublicKey(&ec, &at, (long)n) &&
	    EVP_PKEY_assign_EC_KEY(plain, ec))
		return plain;
	EVP_PKEY_free(plain);
	EC_KEY_free(ec);
	return NULL;
#else
	return EVP_PKEY_up_ref(key) ? key : NULL;
#endif
}

/* A CA without an identifier has none to point at, as one may be given. */
static bool make_shared(struct weir_leaf_mint *m)
{
	static const struct {
		int nid;
		const char *text;
	} row[SHARED] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid" },
	};
	bool has_id = X509_get0_subject_key_id(m->signer) != NULL;
	X509 *x = X509_new();
	bool ok = x && X509_set_pubkey(x, m->key);

	for (unsigned i = 0; ok && i < SHARED; i++) {
		X509_EXTENSION *e;

		if (row[i].nid == NID_authority_key_identifier && !has_id)
			continue;
		e = weir_cert_make_ext(m->signer, x, row[i].nid, row[i].text);
		ok = e != NULL;
		if (e)
			m->shared[m->n_shared++] = e;
	}
	X509_free(x);
	return ok;
}

static int read_ca(struct weir_leaf_mint *m, const struct weir_leaf_ca *ca)
{
	STACK_OF(X509) * chain;
	int64_t from_s;
	int i = 0;

	if (!weir_cert_parse_chain(ca->cert, ca->cert_len, &chain))
		return -EINVAL;
	m->chain = chain;
	m->signer = sk_X509_value(chain, 0);
	if (!X509_up_ref(m->signer)) {
		m->signer = NULL;
		return -ENOMEM;
	}
	if (weir_cert_parse_key(ca->key, ca->key_len, &m->signer_key) !=
		    WEIR_CERT_KEY_OK ||
	    !X509_check_private_key(m->signer, m->signer_key) ||
	    !weir_cert_life(m->signer, &from_s, &m->signer_until_s))
		return -EINVAL;
	m->digest = weir_cert_digest(m->signer_key);
	while (i < sk_X509_num(chain))
		if (X509_self_signed(sk_X509_value(chain, i), 0) == 1)
			X509_free(sk_X509_delete(chain, i));
		else
			i++;
	return m->digest ? 0 : -EINVAL;
}

static int init(struct weir_leaf_mint *m, const struct weir_leaf_ca *ca)
{
	size_t n = weir_table_bytes(WEIR_LEAVES_MAX);
	struct weir_arena a;
	int err = read_ca(m, ca);

	if (err)
		return err;
	if (weir_entropy_fill(m->hash_key, sizeof(m->hash_key)))
		return -ENOSYS;
	m->slot[END].newer = m->slot[END].older = END;
	m->table_mem = calloc(1, n);
	if (!m->table_mem)
		return -ENOMEM;
	weir_arena_init(&a, m->table_mem, n);
	m->key = weir_cert_make_key();
	m->plain = m->key ? plain_half(m->key) : NULL;
	if (!weir_table_init(&m->table, &a, WEIR_LEAVES_MAX) || !m->plain ||
	    !make_shared(m))
		return -ENOMEM;
	return 0;
}

int weir_leaf_new(const struct weir_leaf_ca *ca, struct weir_leaf_mint **ret)
{
	struct weir_leaf_mint *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	ERR_set_mark();
	err = init(m, ca);
	ERR_pop_to_mark();
	if (err)
		weir_leaf_free(m);
	else
		*ret = m;
	return err;
}

void weir_leaf_free(struct weir_leaf_mint *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->used; i++)
		X509_free(m->slot[i].cert);
	for (unsigned i = 0; i < m->n_shared; i++)
		X509_EXTENSION_free(m->shared[i]);
	EVP_PKEY_free(m->plain);
	EVP_PKEY_free(m->key);
	EVP_PKEY_free(m->signer_key);
	X509_free(m->signer);
	weir_cert_free_chain(m->chain);
	free(m->table_mem);
	free(m);
}
