/* SPDX-License-Identifier: Apache-2.0 */
/* cert.c - what certificates are made of: keys, serials, times, extensions */
#include "sys/cert.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "sys/entropy.h"

#define DER_SEQUENCE 0x30 /* what all DER of ours begins with, and no PEM */

EVP_PKEY *weir_cert_make_key(void)
{
	EVP_PKEY *key;

	ERR_set_mark();
	key = EVP_EC_gen("P-256");
	ERR_pop_to_mark();
	return key;
}

const EVP_MD *weir_cert_digest(const EVP_PKEY *key)
{
	static const struct {
		const char *group;
		const EVP_MD *(*digest)(void);
	} curve[] = {
		{ SN_X9_62_prime256v1, EVP_sha256 },
		{ SN_secp384r1, EVP_sha384 },
		{ SN_secp521r1, EVP_sha512 },
	};
	char group[64] = "";
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= 2048 && bits <= 8192 ? EVP_sha256() : NULL;
	if (!EVP_PKEY_is_a(key, "EC") ||
	    !EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
					    group, sizeof(group), NULL))
		return NULL;
	for (size_t i = 0; i < sizeof(curve) / sizeof(curve[0]); i++)
		if (strcmp(group, curve[i].group) == 0)
			return curve[i].digest();
	return NULL;
}

static bool is_der(const uint8_t *bytes, size_t len)
{
	return len && bytes[0] == DER_SEQUENCE;
}

/* all of them; the end of the file is an error of PEM, and the right one */
static bool read_pem(BIO *in, STACK_OF(X509) * chain)
{
	X509 *x;
	unsigned long e;

	while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)))
		if (!sk_X509_push(chain, x)) {
			X509_free(x);
			return false;
		}
	e = ERR_peek_last_error();
	return ERR_GET_LIB(e) == ERR_LIB_PEM &&
	       ERR_GET_REASON(e) == PEM_R_NO_START_LINE &&
	       sk_X509_num(chain) > 0;
}

static bool read_der(const uint8_t *bytes, size_t len, STACK_OF(X509) * chain)
{
	const uint8_t *at = bytes;
	X509 *x = d2i_X509(NULL, &at, (long)len);

	if (x && at == bytes + len && sk_X509_push(chain, x))
		return true;
	X509_free(x);
	return false;
}

bool weir_cert_parse_chain(const uint8_t *bytes, size_t len,
			   STACK_OF(X509) * *ret)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *in = NULL;
	bool ok;

	if (!chain || len > INT_MAX) {
		sk_X509_free(chain);
		return false;
	}
	ERR_set_mark();
	if (is_der(bytes, len)) {
		ok = read_der(bytes, len, chain);
	} else {
		in = BIO_new_mem_buf(bytes, (int)len);
		ok = in && read_pem(in, chain);
		BIO_free(in);
	}
	ERR_pop_to_mark();
	if (ok)
		*ret = chain;
	else
		weir_cert_free_chain(chain);
	return ok;
}

void weir_cert_free_chain(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

static enum weir_cert_key load_der(const uint8_t *der, long len, EVP_PKEY **ret)
{
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, len);

	if (!key)
		return WEIR_CERT_KEY_NONE;
	*ret = key;
	return WEIR_CERT_KEY_OK;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/*
 * Block after block, as a key may stand behind parameters and certificates.
 * Not PEM_read_bio_PrivateKey(): it asks the terminal for a pass phrase, and
 * leaves copies behind.
 */
static enum weir_cert_key load_pem(BIO *in, EVP_PKEY **ret)
{
	enum weir_cert_key is = WEIR_CERT_KEY_NONE;
	unsigned flags = PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE;
	unsigned char *der;
	char *name, *head;
	bool found = false;
	long len;

	while (!found && PEM_read_bio_ex(in, &name, &head, &der, &len, flags)) {
		found = ends_with(name, "PRIVATE KEY");
		if (found && (strcmp(name, "ENCRYPTED PRIVATE KEY") == 0 ||
			      strstr(head, "ENCRYPTED")))
			is = WEIR_CERT_KEY_ENCRYPTED;
		else if (found)
			is = load_der(der, len, ret);
		OPENSSL_secure_free(name);
		OPENSSL_secure_free(head);
		OPENSSL_secure_clear_free(der, (size_t)len);
	}
	return is;
}

enum weir_cert_key weir_cert_parse_key(const uint8_t *bytes, size_t len,
				       EVP_PKEY **ret)
{
	enum weir_cert_key is = WEIR_CERT_KEY_NONE;
	BIO *in;

	if (len > INT_MAX)
		return is;
	ERR_set_mark();
	if (is_der(bytes, len)) {
		is = load_der(bytes, (long)len, ret);
	} else {
		in = BIO_new_mem_buf(bytes, (int)len);
		if (in)
			is = load_pem(in, ret);
		BIO_free(in);
	}
	ERR_pop_to_mark();
	return is;
}

bool weir_cert_set_serial(X509 *x)
{
	uint8_t b[WEIR_CERT_SERIAL_BYTES];

	if (weir_entropy_fill(b, sizeof(b)))
		return false;
	/* not negative, and never shorter: some readers count bytes */
	b[0] = (uint8_t)((b[0] & 0x3f) | 0x40);
	return ASN1_STRING_set(X509_get_serialNumber(x), b, sizeof(b));
}

static bool set_time(ASN1_TIME *t, int64_t s)
{
	return ASN1_TIME_adj(t, (time_t)s, 0, 0) != NULL;
}

bool weir_cert_set_life(X509 *x, int64_t from_s, int64_t until_s)
{
	return set_time(X509_getm_notBefore(x), from_s) &&
	       set_time(X509_getm_notAfter(x), until_s);
}

static bool get_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm))
		return false;
	*ret = (int64_t)timegm(&tm);
	return true;
}

bool weir_cert_life(const X509 *x, int64_t *ret_from_s, int64_t *ret_until_s)
{
	int64_t from_s;

	if (!get_time(X509_get0_notBefore(x), &from_s) ||
	    !get_time(X509_get0_notAfter(x), ret_until_s))
		return false;
	*ret_from_s = from_s;
	return true;
}

static bool add_name(X509_NAME *n, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(n, nid, MBSTRING_UTF8,
					  (const unsigned char *)text, -1, -1,
					  0);
}

bool weir_cert_set_cn(X509 *x, bool weir, const char *cn)
{
	X509_NAME *n = X509_get_subject_name(x);

	return (!weir || add_name(n, NID_organizationName, "Weir")) &&
	       add_name(n, NID_commonName, cn);
}

X509_EXTENSION *weir_cert_make_ext(X509 *issuer, X509 *subject, int nid,
				   const char *text)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	ERR_set_mark();
	X509V3_set_ctx(&ctx, issuer, subject, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	ERR_pop_to_mark();
	return e;
}

bool weir_cert_add_ext(X509 *issuer, X509 *subject, int nid, const char *text)
{
	X509_EXTENSION *e = weir_cert_make_ext(issuer, subject, nid, text);
	bool ok = e && X509_add_ext(subject, e, -1);

	X509_EXTENSION_free(e);
	return ok;
}
