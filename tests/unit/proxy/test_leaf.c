/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_leaf.c - certificates for the names that guests ask for
 *
 * Each leaf is given to OpenSSL's own verifier, strictly, at a time of ours.
 */
#include "proxy/leaf.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"
#include "base/limits.h"
#include "base/text.h"
#include "policy/pattern.h"
#include "sys/confine.h"

#define NOW 1800000000
#define DAY WEIR_CERT_DAY_S

/* --- CAs --------------------------------------------------------------------*/

/** struct ca - a certificate with those above it, and its key, as text */
struct ca {
	X509 *x;
	EVP_PKEY *key;
	char cert[8192], pem[8192];
	size_t cert_len, pem_len;
};

static size_t drain(BIO *b, char *to, size_t room)
{
	int n = BIO_read(b, to, (int)room);

	BIO_free(b);
	CHECK(n > 0 && (size_t)n < room);
	return (size_t)n;
}

/* @above: who signs it; NULL: itself */
static void make_ca(struct ca *ca, EVP_PKEY *key, const struct ca *above,
		    bool with_id, int64_t until_s)
{
	X509 *x = X509_new(), *up = above ? above->x : x;
	BIO *b = BIO_new(BIO_s_mem());

	*ca = (struct ca){ .x = x, .key = key };
	CHECK(key && X509_set_version(x, 2) && weir_cert_set_serial(x));
	CHECK(weir_cert_set_life(x, NOW - 30 * DAY, until_s));
	CHECK(weir_cert_set_cn(x, true, above ? "below" : "root"));
	CHECK(X509_set_issuer_name(x, X509_get_subject_name(up)));
	CHECK(X509_set_pubkey(x, key));
	CHECK(weir_cert_add_ext(up, x, NID_basic_constraints,
				"critical,CA:TRUE"));
	CHECK(weir_cert_add_ext(up, x, NID_key_usage, "critical,keyCertSign"));
	if (with_id)
		CHECK(weir_cert_add_ext(up, x, NID_subject_key_identifier,
					"hash"));
	if (above)
		CHECK(weir_cert_add_ext(up, x, NID_authority_key_identifier,
					"keyid"));
	CHECK(X509_sign(x, above ? above->key : key,
			weir_cert_digest(above ? above->key : key)));
	CHECK(PEM_write_bio_X509(b, x));
	if (above)
		CHECK(PEM_write_bio_X509(b, above->x));
	ca->cert_len = drain(b, ca->cert, sizeof(ca->cert));
	b = BIO_new(BIO_s_mem());
	CHECK(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL));
	ca->pem_len = drain(b, ca->pem, sizeof(ca->pem));
}

static void free_ca(struct ca *ca)
{
	X509_free(ca->x);
	EVP_PKEY_free(ca->key);
}

static struct weir_leaf_ca bytes_of(const struct ca *ca)
{
	return (struct weir_leaf_ca){ .cert = (const uint8_t *)ca->cert,
				      .cert_len = ca->cert_len,
				      .key = (const uint8_t *)ca->pem,
				      .key_len = ca->pem_len };
}

static struct weir_leaf_mint *mint_of(const struct ca *ca)
{
	struct weir_leaf_ca bytes = bytes_of(ca);
	struct weir_leaf_mint *m = NULL;

	CHECK_EQ(weir_leaf_new(&bytes, &m), 0);
	return m;
}

/* one for most tests */
static struct ca root;
static struct weir_leaf_mint *mint;

static int setup(void **state)
{
	(void)state;
	make_ca(&root, weir_cert_make_key(), NULL, true, NOW + 3650 * DAY);
	mint = mint_of(&root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	weir_leaf_free(mint);
	free_ca(&root);
	CHECK_EQ(ERR_peek_error(), 0); /* the queue stays as it was */
	return 0;
}

/* --- looks ------------------------------------------------------------------*/

static int by_name(struct weir_leaf_mint *m, const char *text, int64_t now_s,
		   struct weir_leaf *ret)
{
	struct weir_dns_name n;

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return weir_leaf_find_name(m, &n, now_s, ret);
}

static int by_addr(struct weir_leaf_mint *m, const char *text, int64_t now_s,
		   struct weir_leaf *ret)
{
	struct weir_addr a;

	CHECK(weir_text_parse_addr(text, strlen(text), &a));
	return weir_leaf_find_addr(m, &a, now_s, ret);
}

/* what a strict client says at @at_s: 0, or OpenSSL's number */
static int verify_at(const struct weir_leaf *leaf, X509 *trusted,
		     const char *name, const char *addr, int64_t at_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;
	int r;

	X509_STORE_add_cert(store, trusted);
	CHECK(X509_STORE_CTX_init(c, store, leaf->cert, leaf->chain));
	p = X509_STORE_CTX_get0_param(c);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT |
					       X509_V_FLAG_POLICY_CHECK);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	X509_VERIFY_PARAM_set_time(p, (time_t)at_s);
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (name)
		CHECK(X509_VERIFY_PARAM_set1_host(p, name, 0));
	if (addr)
		CHECK(X509_VERIFY_PARAM_set1_ip_asc(p, addr));
	r = X509_verify_cert(c) == 1 ? 0 : X509_STORE_CTX_get_error(c);
	X509_STORE_CTX_free(c);
	X509_STORE_free(store);
	ERR_clear_error();
	return r;
}

static void names_and_addresses_are_believed(void **state)
{
	static const char *const name[] = {
		"example.com", "api.example.com",       "build",
		"_dmarc.a.b",  "xn--bcher-kva.example", "a-.b-",
	};
	static const char *const addr[] = { "192.0.2.1", "2001:db8::1", "::1",
					    "10.0.2.2" };
	struct weir_leaf leaf;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		CHECK_EQ(by_name(mint, name[i], NOW, &leaf), 0);
		CHECK_EQ(verify_at(&leaf, root.x, name[i], NULL, NOW), 0);
		CHECK_EQ(verify_at(&leaf, root.x, "other.example", NULL, NOW),
			 X509_V_ERR_HOSTNAME_MISMATCH);
	}
	for (size_t i = 0; i < sizeof(addr) / sizeof(addr[0]); i++) {
		CHECK_EQ(by_addr(mint, addr[i], NOW, &leaf), 0);
		CHECK_EQ(verify_at(&leaf, root.x, NULL, addr[i], NOW), 0);
		CHECK_EQ(verify_at(&leaf, root.x, NULL, "192.0.2.77", NOW),
			 X509_V_ERR_IP_ADDRESS_MISMATCH);
	}
}

/* an extension's text, or "" */
static void print_ext(X509 *x, int nid, char *ret, size_t room)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	BIO *b = BIO_new(BIO_s_mem());
	X509_EXTENSION *e = at < 0 ? NULL : X509_get_ext(x, at);
	int n = 0;

	if (e) {
		BIO_puts(b, X509_EXTENSION_get_critical(e) ? "critical " : "");
		X509V3_EXT_print(b, e, 0, 0);
		n = BIO_read(b, ret, (int)room - 1);
	}
	ret[n > 0 ? n : 0] = 0;
	BIO_free(b);
}

static void a_leaf_says_what_it_is_for_and_no_more(void **state)
{
	static const struct {
		int nid;
		const char *text;
	} row[] = {
		{ NID_basic_constraints, "critical CA:FALSE" },
		{ NID_key_usage, "critical Digital Signature" },
		{ NID_ext_key_usage, "TLS Web Server Authentication" },
		{ NID_subject_alt_name, "DNS:api.example.com" },
	};
	struct weir_leaf leaf;
	char text[256];

	(void)state;
	CHECK_EQ(by_name(mint, "api.example.com", NOW, &leaf), 0);
	CHECK_EQ(X509_get_version(leaf.cert), 2);
	CHECK_EQ(X509_get_ext_count(leaf.cert), 6);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		print_ext(leaf.cert, row[i].nid, text, sizeof(text));
		assert_string_equal(text, row[i].text);
	}
	X509_NAME_oneline(X509_get_subject_name(leaf.cert), text, sizeof(text));
	assert_string_equal(text, "/CN=api.example.com");
	CHECK_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf.cert),
				       X509_get0_subject_key_id(root.x)),
		 0);
	CHECK(X509_get0_subject_key_id(leaf.cert) != NULL);
	CHECK_EQ(EVP_PKEY_eq(X509_get0_pubkey(leaf.cert), leaf.key), 1);
	CHECK_EQ(X509_get_signature_nid(leaf.cert), NID_ecdsa_with_SHA256);
	CHECK_EQ(sk_X509_num(leaf.chain), 0); /* the root clients have */
}

static void an_address_is_no_name(void **state)
{
	struct weir_leaf leaf;
	char text[256];

	(void)state;
	CHECK_EQ(by_addr(mint, "192.0.2.1", NOW, &leaf), 0);
	print_ext(leaf.cert, NID_subject_alt_name, text, sizeof(text));
	assert_string_equal(text, "IP Address:192.0.2.1");
	CHECK_EQ(by_addr(mint, "2001:db8::1", NOW, &leaf), 0);
	print_ext(leaf.cert, NID_subject_alt_name, text, sizeof(text));
	assert_string_equal(text, "IP Address:2001:DB8:0:0:0:0:0:1");
}

/* 64 characters are a CN; one more is none, and the SAN critical */
static void a_long_name_leaves_the_subject_empty(void **state)
{
	char name[300], text[512];
	struct weir_leaf leaf;

	(void)state;
	for (size_t n = 63; n <= 253; n++) {
		for (size_t i = 0; i < n; i++)
			name[i] = i % 50 == 49 && i + 1 < n ? '.' : 'a';
		name[n] = 0;
		CHECK_EQ(by_name(mint, name, NOW, &leaf), 0);
		CHECK_EQ(X509_NAME_entry_count(
				 X509_get_subject_name(leaf.cert)),
			 n <= 64 ? 1 : 0);
		print_ext(leaf.cert, NID_subject_alt_name, text, sizeof(text));
		CHECK_EQ(strncmp(text, "critical ", 9) == 0, n > 64);
		CHECK_EQ(verify_at(&leaf, root.x, name, NULL, NOW), 0);
	}
}

static void what_is_no_name_has_no_leaf(void **state)
{
	static const char *const text[] = {
		"",
		".",
		"*.example.com",
		"*",
		"192.0.2.1",
		"Example.com",
		"a b.example",
		"a\x01.example",
		"0x7f.1",
		"1",
		"b\xc3\xbc.example",
		"a@b.example",
		"a/b",
		"127.1",
	};
	struct weir_leaf leaf = { .cert = NULL };
	struct weir_dns_name odd = { .len = 6,
				     .b = { 4, 'a', '.', 'b', 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		CHECK_EQ(by_name(mint, text[i], NOW, &leaf), -EINVAL);
	/* a dot, or a zero, inside a label */
	CHECK_EQ(weir_leaf_find_name(mint, &odd, NOW, &leaf), -EINVAL);
	CHECK(!leaf.cert);
	CHECK_EQ(weir_leaf_made(mint), 0);
}

static void serials_are_positive_long_and_never_the_same(void **state)
{
	uint8_t seen[300][WEIR_CERT_SERIAL_BYTES];
	struct weir_leaf leaf;
	char name[32];
	int ones = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		const ASN1_INTEGER *n;

		snprintf(name, sizeof(name), "n%d.example", i);
		CHECK_EQ(by_name(mint, name, NOW, &leaf), 0);
		n = X509_get0_serialNumber(leaf.cert);
		CHECK_EQ(ASN1_STRING_length(n), WEIR_CERT_SERIAL_BYTES);
		CHECK_EQ(ASN1_STRING_type(n), V_ASN1_INTEGER);
		memcpy(seen[i], ASN1_STRING_get0_data(n), sizeof(seen[i]));
		CHECK_EQ(seen[i][0] & 0xc0, 0x40);
		for (int j = 0; j < i; j++)
			CHECK(memcmp(seen[i], seen[j], sizeof(seen[i])) != 0);
		for (size_t b = 0; b < sizeof(seen[i]); b++)
			ones += __builtin_popcount(seen[i][b]);
	}
	/* 300 * 158 fair coins, give or take six deviations, and 300 ones */
	CHECK(ones > 300 + 23700 - 654 && ones < 300 + 23700 + 654);
}

static void one_leaf_serves_until_half_its_time_is_over(void **state)
{
	struct weir_leaf a, b;
	int64_t half_s = WEIR_LEAF_AHEAD_S / 2;

	(void)state;
	CHECK_EQ(by_name(mint, "a.example", NOW, &a), 0);
	CHECK_EQ(by_name(mint, "a.example", NOW + half_s - 1, &b), 0);
	assert_ptr_equal(a.cert, b.cert);
	CHECK_EQ(by_addr(mint, "192.0.2.1", NOW, &b), 0);
	CHECK_EQ(weir_leaf_made(mint), 2);
	CHECK_EQ(by_name(mint, "a.example", NOW + half_s, &b), 0);
	CHECK_EQ(weir_leaf_made(mint), 3);
	CHECK_EQ(by_name(mint, "a.example", NOW + half_s, &a), 0);
	CHECK_EQ(weir_leaf_made(mint), 3);
	/* a clock that was set back, a little and a lot */
	CHECK_EQ(by_name(mint, "a.example", NOW, &a), 0);
	CHECK_EQ(weir_leaf_made(mint), 3);
	CHECK_EQ(by_name(mint, "a.example", NOW - 20 * DAY, &a), 0);
	CHECK_EQ(weir_leaf_made(mint), 4);
	CHECK_EQ(verify_at(&a, root.x, "a.example", NULL, NOW - 20 * DAY), 0);
}

static void guests_clocks_may_be_wrong_by_days(void **state)
{
	struct weir_leaf leaf;
	int64_t from_s, until_s, served_s = NOW + WEIR_LEAF_AHEAD_S / 2 - 1;

	(void)state;
	CHECK_EQ(by_name(mint, "a.example", NOW, &leaf), 0);
	CHECK(weir_cert_life(leaf.cert, &from_s, &until_s));
	CHECK_EQ(from_s, NOW - 7 * DAY);
	CHECK_EQ(until_s, NOW + 7 * DAY);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL, NOW - 7 * DAY), 0);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL,
			   served_s + 3 * DAY),
		 0);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL, NOW - 8 * DAY),
		 X509_V_ERR_CERT_NOT_YET_VALID);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL, NOW + 8 * DAY),
		 X509_V_ERR_CERT_HAS_EXPIRED);
}

static void no_leaf_outlives_its_ca(void **state)
{
	struct weir_leaf leaf;
	int64_t from_s, until_s;
	struct weir_leaf_mint *m;
	struct ca ca;

	(void)state;
	make_ca(&ca, weir_cert_make_key(), NULL, true, NOW + DAY);
	m = mint_of(&ca);
	CHECK_EQ(by_name(m, "a.example", NOW, &leaf), 0);
	CHECK(weir_cert_life(leaf.cert, &from_s, &until_s));
	CHECK_EQ(until_s, NOW + DAY);
	CHECK_EQ(by_name(m, "a.example", NOW + DAY - 1, &leaf), 0);
	CHECK_EQ(verify_at(&leaf, ca.x, "a.example", NULL, NOW + DAY - 1), 0);
	CHECK_EQ(by_name(m, "a.example", NOW + DAY, &leaf), -EKEYEXPIRED);
	CHECK_EQ(by_name(m, "b.example", NOW + DAY, &leaf), -EKEYEXPIRED);
	weir_leaf_free(m);
	free_ca(&ca);
}

static void times_behind_2050_are_written_as_such(void **state)
{
	struct weir_leaf_mint *m;
	struct weir_leaf leaf;
	int64_t now_s = 2524607999; /* the last second of 2049 */
	struct ca ca;

	(void)state;
	make_ca(&ca, weir_cert_make_key(), NULL, true, now_s + 99 * DAY);
	m = mint_of(&ca);
	CHECK_EQ(by_name(m, "a.example", now_s, &leaf), 0);
	CHECK_EQ(ASN1_STRING_type(X509_get0_notBefore(leaf.cert)),
		 V_ASN1_UTCTIME);
	CHECK_EQ(ASN1_STRING_type(X509_get0_notAfter(leaf.cert)),
		 V_ASN1_GENERALIZEDTIME);
	CHECK_EQ(verify_at(&leaf, ca.x, "a.example", NULL, now_s), 0);
	weir_leaf_free(m);
	free_ca(&ca);
}

static void the_one_used_longest_ago_goes(void **state)
{
	struct weir_leaf kept, leaf;
	char name[32];

	(void)state;
	CHECK_EQ(by_name(mint, "kept.example", NOW, &kept), 0);
	X509_up_ref(kept.cert); /* as a connection that is open does */
	for (unsigned i = 0; i < 3 * WEIR_LEAVES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		CHECK_EQ(by_name(mint, name, NOW, &leaf), 0);
		if (i % 100 == 0)
			CHECK_EQ(by_name(mint, "kept.example", NOW, &leaf), 0);
	}
	CHECK_EQ(weir_leaf_made(mint), 3 * WEIR_LEAVES_MAX + 1);
	CHECK_EQ(by_name(mint, "kept.example", NOW, &leaf), 0);
	assert_ptr_equal(leaf.cert, kept.cert);
	/* the last ones are there, in whatever order they are asked for */
	for (unsigned i = 3 * WEIR_LEAVES_MAX - 1; i > 2 * WEIR_LEAVES_MAX + 50;
	     i--) {
		snprintf(name, sizeof(name), "n%u.example", i);
		CHECK_EQ(by_name(mint, name, NOW, &leaf), 0);
	}
	CHECK_EQ(weir_leaf_made(mint), 3 * WEIR_LEAVES_MAX + 1);
	CHECK_EQ(by_name(mint, "n0.example", NOW, &leaf), 0);
	CHECK_EQ(weir_leaf_made(mint), 3 * WEIR_LEAVES_MAX + 2);
	X509_free(kept.cert);
}

/* a slow list of the same, and 20,000 questions for 1,500 names at odd times */
static void it_keeps_what_a_plain_list_would_keep(void **state)
{
	enum { NAMES = 1500 };
	static int64_t used[NAMES], made_at[NAMES];
	uint32_t dice = 7;
	uint64_t made = 0;
	int64_t now_s = NOW;
	int kept = 0;

	(void)state;
	memset(used, 0, sizeof(used));
	for (int64_t t = 1; t <= 20000; t++) {
		struct weir_leaf leaf;
		int n, oldest = -1;
		char name[32];

		dice = dice * 1664525u + 1013904223u;
		n = (int)((dice >> 8) % NAMES);
		now_s += 30;
		if (!used[n] || now_s - made_at[n] >= WEIR_LEAF_AHEAD_S / 2) {
			for (int i = 0;
			     !used[n] && kept == WEIR_LEAVES_MAX && i < NAMES;
			     i++)
				if (used[i] &&
				    (oldest < 0 || used[i] < used[oldest]))
					oldest = i;
			if (oldest >= 0)
				used[oldest] = 0;
			else if (!used[n])
				kept++;
			made_at[n] = now_s;
			made++;
		}
		used[n] = t;
		snprintf(name, sizeof(name), "n%d.example", n);
		CHECK_EQ(by_name(mint, name, now_s, &leaf), 0);
		CHECK_EQ(weir_leaf_made(mint), made);
	}
}

static void a_given_ca_may_have_others_above_it(void **state)
{
	struct weir_leaf_mint *m;
	struct weir_leaf leaf;
	struct ca below;

	(void)state;
	make_ca(&below, weir_cert_make_key(), &root, true, NOW + 99 * DAY);
	m = mint_of(&below);
	CHECK_EQ(by_name(m, "a.example", NOW, &leaf), 0);
	CHECK_EQ(sk_X509_num(leaf.chain), 1);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL, NOW), 0);
	weir_leaf_free(m);
	free_ca(&below);
}

static void keys_of_other_kinds_sign_too(void **state)
{
	static const struct {
		const char *curve;
		int nid;
	} row[] = {
		{ NULL, NID_sha256WithRSAEncryption },
		{ "P-384", NID_ecdsa_with_SHA384 },
		{ "P-521", NID_ecdsa_with_SHA512 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_leaf_mint *m;
		struct weir_leaf leaf;
		struct ca ca;

		make_ca(&ca,
			row[i].curve ? EVP_EC_gen(row[i].curve)
				     : EVP_RSA_gen(2048),
			NULL, true, NOW + 99 * DAY);
		m = mint_of(&ca);
		CHECK_EQ(by_name(m, "a.example", NOW, &leaf), 0);
		CHECK_EQ(X509_get_signature_nid(leaf.cert), row[i].nid);
		CHECK_EQ(verify_at(&leaf, ca.x, "a.example", NULL, NOW), 0);
		weir_leaf_free(m);
		free_ca(&ca);
	}
}

/* then a leaf has none that points at it, and is as good */
static void a_ca_may_lack_an_identifier(void **state)
{
	struct weir_leaf_mint *m;
	struct weir_leaf leaf;
	struct ca ca;

	(void)state;
	make_ca(&ca, weir_cert_make_key(), NULL, false, NOW + 99 * DAY);
	m = mint_of(&ca);
	CHECK_EQ(by_name(m, "a.example", NOW, &leaf), 0);
	CHECK(!X509_get0_authority_key_id(leaf.cert));
	CHECK_EQ(X509_verify(leaf.cert, ca.key), 1);
	weir_leaf_free(m);
	free_ca(&ca);
}

static void a_ca_in_der_is_one_too(void **state)
{
	unsigned char *cert = NULL, *key = NULL;
	struct weir_leaf_ca bytes;
	struct weir_leaf_mint *m;
	struct weir_leaf leaf;
	int n = i2d_X509(root.x, &cert), k = i2d_PrivateKey(root.key, &key);

	(void)state;
	CHECK(n > 0 && k > 0);
	bytes = (struct weir_leaf_ca){ .cert = cert,
				       .cert_len = (size_t)n,
				       .key = key,
				       .key_len = (size_t)k };
	CHECK_EQ(weir_leaf_new(&bytes, &m), 0);
	CHECK_EQ(by_name(m, "a.example", NOW, &leaf), 0);
	CHECK_EQ(verify_at(&leaf, root.x, "a.example", NULL, NOW), 0);
	weir_leaf_free(m);
	for (bytes.cert_len = 0; bytes.cert_len < (size_t)n; bytes.cert_len++)
		CHECK_EQ(weir_leaf_new(&bytes, &m), -EINVAL);
	bytes.cert_len = (size_t)n;
	for (bytes.key_len = 0; bytes.key_len < (size_t)k; bytes.key_len++)
		CHECK_EQ(weir_leaf_new(&bytes, &m), -EINVAL);
	OPENSSL_free(cert);
	OPENSSL_clear_free(key, (size_t)k);
}

static void what_is_no_ca_is_refused(void **state)
{
	struct weir_leaf_ca good = bytes_of(&root), bad;
	struct weir_leaf_mint *m = NULL;
	struct ca other;

	(void)state;
	bad = good;
	bad.key = good.cert;
	bad.key_len = good.cert_len;
	CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	bad = good;
	bad.cert = good.key;
	bad.cert_len = good.key_len;
	CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	for (size_t n = 0; n < good.cert_len - 1; n += 7) {
		bad = good;
		bad.cert_len = n;
		CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	}
	for (size_t n = 0; n < good.key_len - 1; n += 7) {
		bad = good;
		bad.key_len = n;
		CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	}
	make_ca(&other, weir_cert_make_key(), NULL, true, NOW + DAY);
	bad = good;
	bad.key = (const uint8_t *)other.pem;
	bad.key_len = other.pem_len;
	CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	free_ca(&other);
	make_ca(&other, EVP_RSA_gen(1024), NULL, true, NOW + DAY);
	bad = bytes_of(&other);
	CHECK_EQ(weir_leaf_new(&bad, &m), -EINVAL);
	free_ca(&other);
	CHECK(!m);
	weir_leaf_free(NULL);
}

/* --- TLS --------------------------------------------------------------------*/

static int show(SSL *ssl, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct weir_leaf leaf;

	(void)arg;
	if (!name || by_name(mint, name, NOW, &leaf))
		return 0;
	return SSL_use_cert_and_key(ssl, leaf.cert, leaf.key, leaf.chain, 1);
}

/* both ends in memory, until both are done */
static bool shake(SSL_CTX *server, SSL_CTX *client, const char *name)
{
	SSL *s = SSL_new(server), *c = SSL_new(client);
	BIO *a, *b;
	int done = 0;

	CHECK(BIO_new_bio_pair(&a, 0, &b, 0));
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	/* SSL_set_tlsext_host_name() casts const away */
	SSL_ctrl(c, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
		 (void *)(uintptr_t)name);
	SSL_set1_host(c, name);
	for (int i = 0; i < 20 && done < 2; i++)
		done = (SSL_do_handshake(c) == 1) + (SSL_do_handshake(s) == 1);
	done = done == 2 && SSL_get_verify_result(c) == X509_V_OK;
	SSL_free(s);
	SSL_free(c);
	ERR_clear_error();
	return done;
}

static void both_versions_of_tls_take_leaves(void **state)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(client);

	(void)state;
	SSL_CTX_set_cert_cb(server, show, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(client), root.x);
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_time(p, NOW);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		SSL_CTX_set_min_proto_version(client, v);
		SSL_CTX_set_max_proto_version(client, v);
		CHECK(shake(server, client, "a.example"));
		CHECK(shake(server, client, "b.example"));
		CHECK(shake(server, client, "a.example"));
	}
	CHECK_EQ(weir_leaf_made(mint), 2);
	CHECK(!shake(server, client, "192.0.2.1"));
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

static bool shake_once(void)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	bool ok;

	SSL_CTX_set_cert_cb(server, show, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(client), root.x);
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(client), NOW);
	ok = shake(server, client, "a.example");
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return ok;
}

/* in a child that has used nothing of OpenSSL yet: so this test comes first */
static void it_opens_no_file(void **state)
{
#define NR(name) SCMP_SYS(name),
	static const int calls[] = { WEIR_CONFINE_CALLS(NR)
					     WEIR_LEAF_CALLS(NR) };
	int status = -1;
	pid_t pid;

	if (!weir_confine_is_possible())
		skip();
	pid = fork();
	if (pid == 0) {
		OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
		tzset();
		CRYPTO_secure_malloc_init(65536, 16);
		weir_confine_capabilities();
		if (weir_confine_calls(calls, sizeof(calls) / sizeof(calls[0])))
			_exit(2);
		setup(state);
		_exit(shake_once() && CRYPTO_secure_used() ? 0 : 1);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* 45 us on the machine it was written on; far more is another way of making */
static void a_leaf_costs_little(void **state)
{
	struct weir_leaf leaf;
	double from, best = 1e9;
	char name[48];

	(void)state;
	for (int round = 0; round < 5; round++) {
		from = cpu_us();
		for (int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "n%d.r%d.example", i,
				 round);
			CHECK_EQ(by_name(mint, name, NOW, &leaf), 0);
		}
		from = (cpu_us() - from) / 100;
		best = from < best ? from : best;
	}
	print_message("# a leaf is made in %.0f us", best);
	from = cpu_us();
	for (int i = 0; i < 10000; i++)
		CHECK_EQ(by_name(mint, "n7.r0.example", NOW, &leaf), 0);
	print_message(", found in %.2f us\n", (cpu_us() - from) / 10000);
	CHECK(best < 5000); /* under any sanitizer */
}

#define WITH_CA(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
T_MAIN(T(it_opens_no_file), WITH_CA(names_and_addresses_are_believed),
       WITH_CA(a_leaf_says_what_it_is_for_and_no_more),
       WITH_CA(an_address_is_no_name),
       WITH_CA(a_long_name_leaves_the_subject_empty),
       WITH_CA(what_is_no_name_has_no_leaf),
       WITH_CA(serials_are_positive_long_and_never_the_same),
       WITH_CA(one_leaf_serves_until_half_its_time_is_over),
       WITH_CA(guests_clocks_may_be_wrong_by_days),
       WITH_CA(no_leaf_outlives_its_ca),
       WITH_CA(times_behind_2050_are_written_as_such),
       WITH_CA(the_one_used_longest_ago_goes),
       WITH_CA(it_keeps_what_a_plain_list_would_keep),
       WITH_CA(a_given_ca_may_have_others_above_it),
       WITH_CA(keys_of_other_kinds_sign_too),
       WITH_CA(a_ca_may_lack_an_identifier), WITH_CA(a_ca_in_der_is_one_too),
       WITH_CA(what_is_no_ca_is_refused),
       WITH_CA(both_versions_of_tls_take_leaves), WITH_CA(a_leaf_costs_little))
