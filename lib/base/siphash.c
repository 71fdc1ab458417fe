/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siphash.c - a keyed hash a guest cannot steer: SipHash-2-4
 *
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.  Words are
 * read little-endian; the last holds the bytes left over and, at its top, the
 * length modulo 256.
 */
#include "base/siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void round_once(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline struct state begin(const uint64_t key[2])
{
	return (struct state){ .v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
			       .v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
			       .v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
			       .v3 = key[1] ^ UINT64_C(0x7465646279746573) };
}

static inline void mix(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	round_once(s);
	round_once(s);
	s->v0 ^= word;
}

static inline uint64_t finish(struct state *s)
{
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_once(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

uint64_t weir_siphash(const uint64_t key[2], const void *bytes, size_t len)
{
	struct state s = begin(key);
	const uint8_t *p = bytes;
	size_t at = 0;

	for (; len - at >= 8; at += 8)
		mix(&s, load(p + at, 8));
	mix(&s, (uint64_t)len << 56 | (at < len ? load(p + at, len - at) : 0));
	return finish(&s);
}

uint64_t weir_siphash_words(const uint64_t key[2], const uint64_t *words,
			    size_t n)
{
	struct state s = begin(key);

	for (size_t i = 0; i < n; i++)
		mix(&s, words[i]);
	mix(&s, (uint64_t)n << 59);
	return finish(&s);
}
