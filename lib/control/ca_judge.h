/* SPDX-License-Identifier: Apache-2.0 */
/* ca_judge.h - is this a CA that clients will believe leaves of? */
#ifndef WEIR_CONTROL_CA_JUDGE_H
#define WEIR_CONTROL_CA_JUDGE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/ca.h"

/**
 * weir_ca_judge_say() - a sentence, cut after WEIR_CA_WHY_BYTES
 *
 * Return: false, for who refuses.
 */
bool weir_ca_judge_say(char *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * weir_ca_judge_cert() - the certificate, and those above it
 * @ca:  with @given, @cert_path, @cert and @cert_len; what is said of it is
 *       filled
 * @ret: the certificates, for the caller to free
 *
 * Return: false with @why.
 */
bool weir_ca_judge_cert(struct weir_ca *ca, int64_t now_s,
			STACK_OF(X509) * *ret, char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_ca_judge_key() - the key, with @ca->key_path and @ca->key
 *
 * Return: false with @why.
 */
bool weir_ca_judge_key(const struct weir_ca *ca, const STACK_OF(X509) * chain,
		       char why[WEIR_CA_WHY_BYTES]);

#endif /* WEIR_CONTROL_CA_JUDGE_H */
