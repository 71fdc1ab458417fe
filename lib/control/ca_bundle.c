/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_bundle.c - what a guest is to trust: the host's CAs, and ours
 *
 * Java believes an entry of a PKCS #12 store only if an attribute says that it
 * may (Oracle's trustedKeyUsage, with anyExtendedKeyUsage); names of entries
 * (friendlyName) have to differ, so they are numbers.
 */
#include "control/ca_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/ca_judge.h"

#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

const char *weir_ca_bundle_find(void)
{
	static const char *const store[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
		"/etc/ssl/cert.pem",                  /* Alpine, BSD */
		"/etc/ssl/ca-bundle.pem",             /* SUSE */
	};

	for (size_t i = 0; i < sizeof(store) / sizeof(store[0]); i++)
		if (access(store[i], R_OK) == 0)
			return store[i];
	return NULL;
}

/* @st's file into @ret, with room for @more behind it; 0 or an errno */
static int read_store(int fd, const struct stat *st, size_t more,
		      struct weir_ca_bundle *ret)
{
	size_t size;

	if (!S_ISREG(st->st_mode))
		return EINVAL;
	if (st->st_size < 0 || st->st_size > WEIR_CA_BUNDLE_STORE_BYTES)
		return EFBIG;
	size = (size_t)st->st_size;
	ret->at = malloc(size + more);
	if (!ret->at)
		return ENOMEM;
	while (ret->len < size) {
		ssize_t n = read(fd, ret->at + ret->len, size - ret->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		ret->len += (size_t)n;
	}
	return 0;
}

static int load_store(const char *store, size_t more,
		      struct weir_ca_bundle *ret)
{
	struct stat st;
	int fd, err;

	if (!store) {
		ret->at = malloc(more);
		return ret->at ? 0 : ENOMEM;
	}
	fd = open(store, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno;
	err = fstat(fd, &st) ? errno : read_store(fd, &st, more, ret);
	close(fd);
	return err;
}

bool weir_ca_bundle_pem(const struct weir_ca *ca, const char *store,
			struct weir_ca_bundle *ret, char why[WEIR_CA_WHY_BYTES])
{
	uint8_t pem[2 * WEIR_CA_FILE_BYTES];
	size_t n = weir_ca_build_pem(ca, pem, sizeof(pem));
	int err;

	*ret = (struct weir_ca_bundle){ .at = NULL };
	err = n ? load_store(store, n + 1, ret) : ENOMEM;
	if (err) {
		weir_ca_bundle_free(ret);
		return weir_ca_judge_say(why,
					 "%s: the CAs of this host cannot be "
					 "read (%s)",
					 store ? store : "no store",
					 strerror(err));
	}
	if (ret->len && ret->at[ret->len - 1] != '\n')
		ret->at[ret->len++] = '\n';
	memcpy(ret->at + ret->len, pem, n);
	ret->len += n;
	return true;
}

/* one entry, trusted for all purposes */
static bool add_entry(STACK_OF(PKCS12_SAFEBAG) * bags, X509 *x, unsigned number,
		      const ASN1_OBJECT *any)
{
	PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_cert(x);
	char name[24];

	snprintf(name, sizeof(name), "ca-%u", number);
	/* of an OBJECT the value is the object itself, and its length -1 */
	if (bag && PKCS12_add_friendlyname_utf8(bag, name, -1) &&
	    PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT,
				    (const unsigned char *)any, -1) &&
	    sk_PKCS12_SAFEBAG_push(bags, bag))
		return true;
	PKCS12_SAFEBAG_free(bag);
	return false;
}

static bool is_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM &&
	       ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static bool add_entries(STACK_OF(PKCS12_SAFEBAG) * bags,
			const struct weir_ca_bundle *pem)
{
	const ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);
	BIO *in = BIO_new_mem_buf(pem->at, (int)pem->len);
	bool ok = in != NULL;
	unsigned number = 0;

	while (ok) {
		int left = BIO_pending(in);
		X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);

		if (x)
			ok = add_entry(bags, x, ++number, any);
		else if (is_end() || BIO_pending(in) == left)
			break;
		X509_free(x);
	}
	BIO_free(in);
	return ok;
}

static PKCS12 *make_store(STACK_OF(PKCS12_SAFEBAG) * bags)
{
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12 *store = NULL;

	/* -1: not encrypted */
	if (PKCS12_add_safe(&safes, bags, -1, 0, NULL))
		store = PKCS12_add_safes(safes, 0);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return store;
}

bool weir_ca_bundle_java(const struct weir_ca_bundle *pem,
			 struct weir_ca_bundle *ret)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	PKCS12 *store = NULL;
	unsigned char *der = NULL;
	int len = -1;

	ERR_set_mark();
	if (bags && add_entries(bags, pem))
		store = make_store(bags);
	if (store)
		len = i2d_PKCS12(store, &der);
	ERR_pop_to_mark();
	PKCS12_free(store);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	*ret = (struct weir_ca_bundle){ .at = NULL };
	if (der && len > 0)
		ret->at = malloc((size_t)len);
	if (der && ret->at) {
		memcpy(ret->at, der, (size_t)len);
		ret->len = (size_t)len;
	}
	OPENSSL_free(der);
	return ret->at != NULL;
}

void weir_ca_bundle_free(struct weir_ca_bundle *b)
{
	free(b->at);
	*b = (struct weir_ca_bundle){ .at = NULL };
}
