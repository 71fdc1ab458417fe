/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c - how things are found in an image
 *
 * Both tables are open addressing with linear probing; a slot without a
 * function or a pair is empty and ends the search, and so do WEIR_INDEX_PROBES
 * slots.  Hence the work for one question has a bound that no image can move:
 * labels (or lengths of networks) times probes, and 16 steps a function.
 */
#include "policy/index.h"

#include <assert.h>

#define MIX UINT64_C(0x9e3779b97f4a7c15)

static_assert(WEIR_INDEX_W_END <= WEIR_IMAGE_WORDS, "the head has room");
static_assert(WEIR_INDEX_SECTIONS == WEIR_IMAGE_SECTIONS, "all sections");

uint32_t weir_index_value(const struct weir_image *p, uint32_t f, uint32_t x)
{
	uint32_t words = p->size[WEIR_INDEX_STEPS] / 4, n, left;
	const uint8_t *first, *at;

	if (f == 0 || f >= words)
		return 0;
	first = p->at[WEIR_INDEX_STEPS] + 4 * (size_t)f;
	n = weir_index_load(first);
	first += 4;
	if (n == 0 || n > (words - f - 1) / 2)
		return 0;
	at = first;
	for (left = n; left > 1;) {
		uint32_t half = left / 2;
		const uint8_t *middle = at + 4 * (size_t)half;

		at = weir_index_load(middle) <= x ? middle : at;
		left -= half;
	}
	return weir_index_load(at) <= x ? weir_index_load(at + 4 * (size_t)n)
					: 0;
}

static inline uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * MIX;
	return h ^ h >> 32;
}

/* The bits that choose slot and tag depend on all others. */
static inline uint64_t finish(uint64_t h)
{
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 29;
}

uint64_t weir_index_hash_label(uint64_t behind, const uint8_t *label,
			       uint32_t len)
{
	uint64_t h = mix(behind, len), word;

	for (; len >= 8; len -= 8, label += 8) {
		memcpy(&word, label, 8);
		h = mix(h, word);
	}
	if (len) {
		word = 0;
		memcpy(&word, label, len);
		h = mix(h, word);
	}
	return h;
}

/* Where the labels of a name begin.  Return: how many; 0 for none or no name */
static uint32_t find_labels(const uint8_t *wire, uint32_t len,
			    uint8_t ret[WEIR_INDEX_NAMES_MAX])
{
	uint32_t n = 0, at = 0;

	if (len > WEIR_DNS_NAME_MAX_BYTES)
		return 0;
	while (at < len && wire[at]) {
		if (n == WEIR_INDEX_NAMES_MAX)
			return 0;
		ret[n++] = (uint8_t)at;
		at += 1u + wire[at];
	}
	return at + 1 == len ? n : 0;
}

uint64_t weir_index_hash_name(uint32_t seed, const uint8_t *wire, uint32_t len,
			      uint32_t *ret_labels)
{
	uint8_t label[WEIR_INDEX_NAMES_MAX];
	uint32_t n = find_labels(wire, len, label);
	uint64_t h = seed;

	if (n == 0)
		return 0;
	*ret_labels = n;
	while (n-- > 0)
		h = weir_index_hash_label(h, wire + label[n] + 1,
					  wire[label[n]]);
	h = finish(h);
	return h ? h : 1;
}

/* The pair of the @len wire bytes at @name; 0 if the image has none. */
static uint32_t find_pair(const struct weir_image *p, uint64_t h,
			  const uint8_t *name, uint32_t len)
{
	uint32_t n = p->size[WEIR_INDEX_NAMES] / WEIR_INDEX_SLOT_BYTES;
	uint32_t at = weir_index_home(h, n), tag = weir_index_tag(h);

	for (uint32_t i = 0; i < WEIR_INDEX_PROBES; i++) {
		const uint8_t *slot = p->at[WEIR_INDEX_NAMES] +
				      WEIR_INDEX_SLOT_BYTES * (size_t)at;
		uint32_t wire = weir_index_load(slot);
		uint32_t pair = weir_index_load(slot + 4);

		if ((pair & WEIR_INDEX_PAIR_MASK) == 0)
			return 0;
		if ((pair & ~WEIR_INDEX_PAIR_MASK) == tag &&
		    len <= p->size[WEIR_INDEX_WIRE] &&
		    wire <= p->size[WEIR_INDEX_WIRE] - len &&
		    memcmp(p->at[WEIR_INDEX_WIRE] + wire, name, len) == 0)
			return pair & WEIR_INDEX_PAIR_MASK;
		at = at + 1 == n ? 0 : at + 1;
	}
	return 0;
}

uint32_t weir_index_find_names(const struct weir_image *p,
			       const struct weir_dns_name *name,
			       uint32_t ret[WEIR_INDEX_NAMES_MAX])
{
	uint8_t label[WEIR_INDEX_NAMES_MAX];
	uint32_t labels, found = 0;
	uint64_t h = p->word[WEIR_INDEX_W_SEED];

	if (p->size[WEIR_INDEX_NAMES] < WEIR_INDEX_SLOT_BYTES)
		return 0;
	labels = find_labels(name->b, name->len, label);
	for (uint32_t i = 1; i <= labels && i <= p->word[WEIR_INDEX_W_LABELS];
	     i++) {
		uint32_t at = label[labels - i], pair;

		h = weir_index_hash_label(h, name->b + at + 1, name->b[at]);
		pair = find_pair(p, finish(h) ? finish(h) : 1, name->b + at,
				 name->len - at);
		if (pair)
			ret[found++] = weir_index_word(p, WEIR_INDEX_PAIRS,
						       2 * pair + (i < labels));
	}
	return found;
}

static uint64_t load_half(const uint8_t *at)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | at[i];
	return v;
}

static inline uint64_t hash_halves(uint32_t seed, uint64_t high, uint64_t low,
				   uint32_t meta)
{
	return finish(mix(mix(seed + MIX * meta, high), low));
}

uint64_t weir_index_hash_net(uint32_t seed, const struct weir_addr *a,
			     uint32_t meta)
{
	return hash_halves(seed, load_half(a->b), load_half(a->b + 8), meta);
}

static uint32_t find_net(const struct weir_image *p, uint64_t high,
			 uint64_t low, uint32_t meta)
{
	uint32_t n = p->size[WEIR_INDEX_NETS] / WEIR_INDEX_NET_BYTES;
	uint64_t h = hash_halves(p->word[WEIR_INDEX_W_SEED], high, low, meta);
	uint32_t at = weir_index_home(h, n), mark = weir_index_mark(h, meta);

	for (uint32_t i = 0; i < WEIR_INDEX_PROBES; i++) {
		const uint8_t *slot = p->at[WEIR_INDEX_NETS] +
				      WEIR_INDEX_NET_BYTES * (size_t)at;
		uint32_t f = weir_index_load(slot + 16);

		if (f == 0)
			return 0;
		if (weir_index_load(slot + 20) == mark &&
		    load_half(slot) == high && load_half(slot + 8) == low)
			return f;
		at = at + 1 == n ? 0 : at + 1;
	}
	return 0;
}

/* The first @bits of 64; @bits may be anything. */
static inline uint64_t cut(uint64_t v, uint32_t bits)
{
	if (bits >= 64)
		return v;
	return bits == 0 ? 0 : v & ~(UINT64_MAX >> bits);
}

uint32_t weir_index_find_nets(const struct weir_image *p,
			      const struct weir_addr *a,
			      uint32_t ret[WEIR_INDEX_NETS_MAX])
{
	bool v4 = weir_addr_is4(a);
	const uint32_t *lengths =
		p->word + (v4 ? WEIR_INDEX_W_LEN4 : WEIR_INDEX_W_LEN6);
	uint64_t high = load_half(a->b), low = load_half(a->b + 8);
	uint32_t found = 0;

	if (p->size[WEIR_INDEX_NETS] < WEIR_INDEX_NET_BYTES)
		return 0;
	for (uint32_t w = 0; w < (v4 ? 2u : 5u); w++) {
		for (uint32_t left = lengths[w]; left; left &= left - 1) {
			uint32_t len = 32 * w + (uint32_t)__builtin_ctz(left);
			uint32_t bits = v4 ? len + 96 : len, f;

			if (bits > 128)
				return found;
			f = find_net(p, cut(high, bits),
				     bits > 64 ? cut(low, bits - 64) : 0,
				     weir_index_meta(bits, v4));
			if (f)
				ret[found++] = f;
		}
	}
	return found;
}

bool weir_index_is_member(const struct weir_image *p, enum weir_index_name set,
			  const struct weir_dns_name *name)
{
	uint32_t f[WEIR_INDEX_NAMES_MAX];
	uint32_t n = weir_index_find_names(p, name, f);

	for (uint32_t i = 0; i < n; i++)
		if (weir_index_value(p, f[i], weir_index_x(set, 0)))
			return true;
	return false;
}
