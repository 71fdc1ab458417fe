/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_bundle.h - what a guest is to trust: the host's CAs, and ours
 *
 * As bytes, for private files that are shown to the guest where its programs
 * look.  Only public things are in them.
 */
#ifndef WEIR_CONTROL_CA_BUNDLE_H
#define WEIR_CONTROL_CA_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/ca.h"

#define WEIR_CA_BUNDLE_STORE_BYTES (8u << 20) /* of the host's */

/** struct weir_ca_bundle - @len bytes; all zeroes: none */
struct weir_ca_bundle {
	uint8_t *at;
	size_t len;
};

/**
 * weir_ca_bundle_find() - the host's store: the first of those that
 *                         distributions have
 *
 * Return: its path, a constant, or NULL.
 */
const char *weir_ca_bundle_find(void);

/**
 * weir_ca_bundle_pem() - the store as it is, and the CA behind it
 * @store: a path; NULL: the CA alone
 *
 * Memory: weir_ca_bundle_free() gives it back.
 * Return: false with @why: the store cannot be read, or there is no memory.
 */
bool weir_ca_bundle_pem(const struct weir_ca *ca, const char *store,
			struct weir_ca_bundle *ret,
			char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_ca_bundle_java() - the same certificates as a trust store of Java
 * @pem: from weir_ca_bundle_pem(); what cannot be read in it is left out
 *
 * PKCS #12 without a password, as Java's own since 18: neither encrypted nor
 * with a MAC.  Java from 8u60 reads it in place of a JKS, with a password
 * (changeit) or without one.
 *
 * Return: false if there is no memory.
 */
bool weir_ca_bundle_java(const struct weir_ca_bundle *pem,
			 struct weir_ca_bundle *ret);

/** weir_ca_bundle_free() - all zeroes then */
void weir_ca_bundle_free(struct weir_ca_bundle *b);

#endif /* WEIR_CONTROL_CA_BUNDLE_H */
