/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_make.c - a new CA: a key and the certificate it signs itself
 *
 * Every CA has a subject of its own.  Two with one name and different keys, as
 * a rotation would leave in somebody's trust store, confuse those who look for
 * issuers by name.  The subject says nothing of the host: guests read it.
 */
#include "control/ca_make.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "control/ca.h"
#include "sys/cert.h"

#define KEY_ROOM 4096u

bool weir_ca_make_id(const X509 *x, char ret[WEIR_CA_MAKE_ID_BYTES])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	if (!X509_pubkey_digest(x, EVP_sha256(), sum, &n))
		return false;
	for (unsigned i = 0; i < (WEIR_CA_MAKE_ID_BYTES - 1) / 2; i++)
		snprintf(ret + 2 * (size_t)i, 3, "%02x", sum[i]);
	return true;
}

/* all but the subject, which needs the key to be in its place */
static bool fill(X509 *x, EVP_PKEY *key, int64_t now_s)
{
	static const struct {
		int nid;
		const char *text;
	} ext[] = {
		/* it signs leaves, and no other CA */
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
	};
	int64_t years_s = (int64_t)WEIR_CA_YEARS * 365 * WEIR_CERT_DAY_S;

	if (!X509_set_version(x, X509_VERSION_3) || !weir_cert_set_serial(x) ||
	    !weir_cert_set_life(x, now_s - WEIR_CERT_BACK_S, now_s + years_s) ||
	    !X509_set_pubkey(x, key))
		return false;
	for (size_t i = 0; i < sizeof(ext) / sizeof(ext[0]); i++)
		if (!weir_cert_add_ext(x, x, ext[i].nid, ext[i].text))
			return false;
	return true;
}

static bool sign(X509 *x, EVP_PKEY *key, const char *id)
{
	char cn[32];

	snprintf(cn, sizeof(cn), "Weir CA %s", id);
	return weir_cert_set_cn(x, true, cn) &&
	       X509_set_issuer_name(x, X509_get_subject_name(x)) &&
	       X509_sign(x, key, weir_cert_digest(key)) > 0;
}

static bool write_cert(X509 *x, struct weir_ca_make *m)
{
	BIO *out = BIO_new(BIO_s_mem());
	bool ok = out && PEM_write_bio_X509(out, x);
	char *at;
	long n = ok ? BIO_get_mem_data(out, &at) : 0;

	ok = n > 0 && (size_t)n <= sizeof(m->cert);
	if (ok) {
		memcpy(m->cert, at, (size_t)n);
		m->cert_len = (size_t)n;
	}
	BIO_free(out);
	return ok;
}

static bool write_key(EVP_PKEY *key, struct weir_ca_make *m)
{
	BIO *out = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
	bool ok = out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0,
						       NULL, NULL);
	char *at;
	long n = ok ? BIO_get_mem_data(out, &at) : 0;

	ok = n > 0 && weir_vault_put(&m->key, at, (size_t)n);
	BIO_free(out);
	return ok;
}

bool weir_ca_make_new(int64_t now_s, struct weir_ca_make *ret)
{
	EVP_PKEY *key = weir_cert_make_key();
	X509 *x = X509_new();
	bool ok;

	*ret = (struct weir_ca_make){ .cert_len = 0 };
	ERR_set_mark();
	ok = key && x && weir_vault_open(&ret->key, KEY_ROOM) &&
	     fill(x, key, now_s) && weir_ca_make_id(x, ret->id) &&
	     sign(x, key, ret->id) && write_cert(x, ret) && write_key(key, ret);
	ERR_pop_to_mark();
	X509_free(x);
	EVP_PKEY_free(key);
	if (!ok)
		weir_ca_make_free(ret);
	return ok;
}

void weir_ca_make_free(struct weir_ca_make *m)
{
	weir_vault_close(&m->key);
}
