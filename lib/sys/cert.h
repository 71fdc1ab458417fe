/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h - what certificates are made of: keys, serials, times, extensions
 *
 * What control, which makes the CA, and the proxy, which makes its leaves,
 * have in common.  Nothing here opens a file, and OpenSSL's queue of errors is
 * left as it was.
 */
#ifndef WEIR_SYS_CERT_H
#define WEIR_SYS_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_CERT_SERIAL_BYTES 20u /* RFC 5280 4.1.2.2: no more */
#define WEIR_CERT_DAY_S        86400

/*
 * The clock of a guest may be behind ours: a snapshot that was resumed, a
 * virtual machine whose clock counts local time.  What we make is valid from
 * a week ago; nobody is harmed by that, as the key did not exist then.
 */
#define WEIR_CERT_BACK_S (7 * WEIR_CERT_DAY_S)

/** weir_cert_make_key() - a new P-256 key; Return: it, or NULL */
EVP_PKEY *weir_cert_make_key(void);

/**
 * weir_cert_digest() - what a CA with this key signs with
 *
 * On a curve the hash of its size, as TLS 1.3 ties one to the other (RFC 8446
 * 4.2.3).
 *
 * Return: NULL if it is no key whose signatures all clients verify: they do
 * those of P-256, P-384, P-521 and of RSA with 2,048 to 8,192 bits.
 */
const EVP_MD *weir_cert_digest(const EVP_PKEY *key);

/**
 * weir_cert_parse_chain() - certificates, in PEM (one or more) or DER (one)
 *
 * Text between those in PEM is passed over.
 *
 * Memory: the caller frees *@ret with weir_cert_free_chain().
 * Return: false if there is none, or a broken one among them.
 */
bool weir_cert_parse_chain(const uint8_t *bytes, size_t len,
			   STACK_OF(X509) * *ret);

/** weir_cert_free_chain() - and what is in it; NULL is fine */
void weir_cert_free_chain(STACK_OF(X509) * chain);

/** enum weir_cert_key - what the bytes of a key are */
enum weir_cert_key {
	WEIR_CERT_KEY_OK,
	WEIR_CERT_KEY_NONE,      /* no private key, or a broken one */
	WEIR_CERT_KEY_ENCRYPTED, /* with a pass phrase */
};

/**
 * weir_cert_parse_key() - a private key, in PEM or DER
 * @ret: written if OK; EVP_PKEY_free() wipes it
 *
 * What is not a private key in PEM is passed over; copies that are made on the
 * way are wiped.
 */
enum weir_cert_key weir_cert_parse_key(const uint8_t *bytes, size_t len,
				       EVP_PKEY **ret);

/**
 * weir_cert_set_serial() - positive, of 20 bytes, 158 bits of it random
 *
 * Return: false without memory or random bytes.
 */
bool weir_cert_set_serial(X509 *x);

/** weir_cert_set_life() - valid in these seconds of 1970, both included */
bool weir_cert_set_life(X509 *x, int64_t from_s, int64_t until_s);

/** weir_cert_life() - the same, read; Return: false if a time is no time */
bool weir_cert_life(const X509 *x, int64_t *ret_from_s, int64_t *ret_until_s);

/** weir_cert_set_cn() - "Weir" as organisation if @weir, and the common name */
bool weir_cert_set_cn(X509 *x, bool weir, const char *cn);

/**
 * weir_cert_make_ext() - an extension, from the text of x509v3_config(5)
 * @issuer, @subject: whose keys "keyid" and "hash" are about
 *
 * Return: it, or NULL.
 */
X509_EXTENSION *weir_cert_make_ext(X509 *issuer, X509 *subject, int nid,
				   const char *text);

/** weir_cert_add_ext() - make one and add it to @subject */
bool weir_cert_add_ext(X509 *issuer, X509 *subject, int nid, const char *text);

#endif /* WEIR_SYS_CERT_H */
