/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csum.c - the Internet checksum
 *
 * The ones' complement sum does not care in which byte order words are read,
 * as long as it is put right once at the end (RFC 1071 2 B), nor how wide
 * they are (2 C).  So bytes are read as 32-bit words of this machine into a
 * 64-bit sum that cannot overflow, 8 words a round, which compilers turn into
 * vectors; and only the folded 16 bits are turned to big-endian reading.
 *
 * A part that begins at an odd place counts with its bytes swapped (2 B).
 */
#include "packet/csum.h"

#include <string.h>

#include "base/must.h"

static uint16_t swap(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

/* The sum of some bytes, 16 bits, host order. */
static uint16_t sum_of(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	uint32_t w;

	weir_must(n <= UINT32_MAX);
	for (; n >= 32; n -= 32, p += 32) {
		for (size_t i = 0; i < 32; i += 4) {
			memcpy(&w, p + i, 4);
			sum += w;
		}
	}
	for (; n >= 4; n -= 4, p += 4) {
		memcpy(&w, p, 4);
		sum += w;
	}
	if (n) {
		w = 0;
		memcpy(&w, p, n);
		sum += w;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return swap((uint16_t)sum);
#else
	return (uint16_t)sum;
#endif
}

/* Add with the carry brought round, so that no number of parts overflows. */
static uint32_t plus(uint32_t sum, uint32_t v)
{
	sum += v;
	return sum + (sum < v);
}

uint32_t weir_csum_add(uint32_t sum, const void *p, size_t n)
{
	return plus(sum, sum_of(p, n));
}

uint32_t weir_csum_spans(uint32_t sum, const struct weir_spans *s, size_t skip,
			 size_t n)
{
	bool odd = false;

	for (unsigned i = 0; i < s->n && n; i++) {
		size_t have = s->v[i].len, part;
		uint16_t one;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		part = have - skip < n ? have - skip : n;
		one = sum_of(s->v[i].at + skip, part);
		sum = plus(sum, odd ? swap(one) : one);
		odd ^= part & 1;
		n -= part;
		skip = 0;
	}
	return sum;
}

uint32_t weir_csum_pseudo(const struct weir_addr *src,
			  const struct weir_addr *dst, uint8_t proto,
			  uint32_t len)
{
	size_t skip = weir_addr_is4(src) && weir_addr_is4(dst) ? 12 : 0;
	uint32_t sum = plus(len, proto);

	sum = weir_csum_add(sum, src->b + skip, sizeof(src->b) - skip);
	return weir_csum_add(sum, dst->b + skip, sizeof(dst->b) - skip);
}
