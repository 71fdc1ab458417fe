/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf.h - certificates for the names that guests ask for
 *
 * A mint holds a CA, one P-256 key for all leaves of this run, and the leaves
 * it made, the WEIR_LEAVES_MAX used last.  It is given bytes, never a path.
 *
 *	struct weir_leaf leaf;
 *
 *	if (weir_leaf_find_name(mint, &hello.name, now_s, &leaf) == 0)
 *		SSL_use_cert_and_key(ssl, leaf.cert, leaf.key, leaf.chain, 1);
 *
 * A leaf is for one name or one address (RFC 5280, 6125, the baseline
 * requirements): version 3; a serial of 158 random bits; SAN dNSName or
 * iPAddress; the name as CN too if it has at most 64 characters, else no
 * subject and a critical SAN; CA:FALSE; digitalSignature; serverAuth; the
 * identifiers of both keys.  Valid from a week ago (sys/cert.h says why) until
 * WEIR_LEAF_AHEAD_S ahead, but no longer than the CA, and made anew when half
 * of that is over: a guest whose clock is three days ahead still takes it, and
 * no client's limit (398 days, 825 days) is near.
 *
 * A process that will open no file says so to the libraries before anything
 * else of OpenSSL, and before it is confined:
 *
 *	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);    openssl.cnf
 *	tzset();                     gmtime_r() reads /etc/localtime once
 *	CRYPTO_secure_malloc_init(65536, 16);   locked, for private keys
 *
 * Thread: one at a time.
 */
#ifndef WEIR_PROXY_LEAF_H
#define WEIR_PROXY_LEAF_H

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "packet/dns.h"
#include "sys/cert.h"
#include "sys/entropy.h"

/* the system calls of this room: OpenSSL looks whether it was forked */
#define WEIR_LEAF_CALLS(X) X(getpid) WEIR_ENTROPY_CALLS(X)

#define WEIR_LEAF_AHEAD_S (7 * WEIR_CERT_DAY_S)

/**
 * struct weir_leaf_ca - the CA, as control read it
 * @cert: PEM or DER; the first certificate signs, others are those above it
 * @key:  its private key, PEM or DER
 */
struct weir_leaf_ca {
	const uint8_t *cert, *key;
	size_t cert_len, key_len;
};

/**
 * struct weir_leaf - what a server shows
 * @cert:  the leaf; @key: of all leaves
 * @chain: what is shown behind it: the signer and those above it, without one
 *         that signed itself, which clients have; may be empty
 *
 * Memory: all three are the mint's and hold until it is asked again; TLS takes
 * references of its own.
 */
struct weir_leaf {
	X509 *cert;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

struct weir_leaf_mint;

/**
 * weir_leaf_new() - a mint for a CA
 * @ca: copied; the caller may wipe it then
 * @ret: written on success; give it to weir_leaf_free()
 *
 * That it is a good CA was control's to find out.
 *
 * Return: 0; -EINVAL: no certificate, no key, they do not fit each other, or
 * not a key to sign with; -ENOMEM; -ENOSYS: no random bytes.
 */
int weir_leaf_new(const struct weir_leaf_ca *ca, struct weir_leaf_mint **ret);

/** weir_leaf_free() - wipe the keys and give all back; NULL is fine */
void weir_leaf_free(struct weir_leaf_mint *m);

/**
 * weir_leaf_find_name() - the leaf for a name, made if there is none
 * @name: in lower case; letters, digits, hyphens, underscores
 * @now_s: seconds since 1970
 *
 * Return: 0; -EINVAL: no such name (the root, a wildcard, an address); -EKEYEXPIRED: the CA has expired; -ENOMEM: no memory, or no random
 * bytes.
 */
int weir_leaf_find_name(struct weir_leaf_mint *m,
			const struct weir_dns_name *name, int64_t now_s,
			struct weir_leaf *ret);

/** weir_leaf_find_addr() - the same for an address, of either family */
int weir_leaf_find_addr(struct weir_leaf_mint *m, const struct weir_addr *addr,
			int64_t now_s, struct weir_leaf *ret);

/** weir_leaf_made() - how many leaves were made so far */
uint64_t weir_leaf_made(const struct weir_leaf_mint *m);

#endif /* WEIR_PROXY_LEAF_H */
