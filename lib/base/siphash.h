/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siphash.h - a keyed hash a guest cannot steer
 *
 * SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits out.  Keys are random
 * and secret, one per purpose.  It serves the hash tables (nobody can aim for
 * one bucket) and the values a guest sees, such as initial sequence numbers
 * (RFC 6528), which is why it is not the cheaper 1-3.
 */
#ifndef WEIR_BASE_SIPHASH_H
#define WEIR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/**
 * weir_siphash() - the hash of @len bytes
 * @key: k0 and k1; k0 is the little-endian reading of the key's first 8 bytes
 *
 * Return: 64 bits, the same on every machine.
 */
uint64_t weir_siphash(const uint64_t key[2], const void *bytes, size_t len);

/**
 * weir_siphash_words() - the hash of @n 64-bit words, by value
 *
 * The fast way for keys of fixed shape: no tail, no byte loads.  Equal to
 * weir_siphash() over the same words laid out little-endian.
 */
uint64_t weir_siphash_words(const uint64_t key[2], const uint64_t *words,
			    size_t n);

#endif /* WEIR_BASE_SIPHASH_H */
