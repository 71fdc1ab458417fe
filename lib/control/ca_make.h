/* SPDX-License-Identifier: Apache-2.0 */
/* ca_make.h - a new CA: a key and the certificate it signs itself */
#ifndef WEIR_CONTROL_CA_MAKE_H
#define WEIR_CONTROL_CA_MAKE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "sys/vault.h"

#define WEIR_CA_MAKE_ID_BYTES   17u
#define WEIR_CA_MAKE_CERT_BYTES 2048u

/**
 * struct weir_ca_make - both, in PEM
 * @id: of the key; part of the subject, and of the name of its file
 */
struct weir_ca_make {
	char id[WEIR_CA_MAKE_ID_BYTES];
	char cert[WEIR_CA_MAKE_CERT_BYTES];
	size_t cert_len;
	struct weir_vault key;
};

/**
 * weir_ca_make_new() - P-256, valid from a week ago, for WEIR_CA_YEARS
 *
 * Return: false if OpenSSL, the memory or the random bytes fail; otherwise
 * weir_ca_make_free() wipes the key.
 */
bool weir_ca_make_new(int64_t now_s, struct weir_ca_make *ret);

/** weir_ca_make_free() - wipe the key; twice is fine */
void weir_ca_make_free(struct weir_ca_make *m);

/** weir_ca_make_id() - the id of the key that a certificate is about */
bool weir_ca_make_id(const X509 *x, char ret[WEIR_CA_MAKE_ID_BYTES]);

#endif /* WEIR_CONTROL_CA_MAKE_H */
