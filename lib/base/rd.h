/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rd.h - read bytes that somebody else wrote
 *
 * DOC: how it works
 *
 * A reader is a window on borrowed bytes that only ever shrinks from the
 * front.  Every read asks for a width; if fewer bytes are left the reader
 * turns bad, hands out zeroes, and stays bad.  So a parser is written as a
 * straight line of reads with one check at the end, and no read, however
 * wrong the length fields on the wire are, can leave the window.
 *
 * A length taken from the wire becomes a window of its own with weir_rd_sub(),
 * and the inner parser gets only that window: it cannot read its neighbour.
 *
 * Limits: one contiguous run of bytes; nothing is copied unless asked for.
 */
#ifndef WEIR_BASE_RD_H
#define WEIR_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct weir_rd - a shrinking window on borrowed bytes
 * @at:   next byte to be read
 * @left: bytes from @at to the end of the window
 * @bad:  a read asked for more than was left; sticky
 */
struct weir_rd {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/**
 * weir_rd_over() - open a window on @len bytes at @bytes
 * @bytes: borrowed; must outlive the window
 * @len:   how many
 */
static inline struct weir_rd weir_rd_over(const void *bytes, size_t len)
{
	return (struct weir_rd){ .at = bytes, .left = len, .bad = false };
}

/**
 * weir_rd_ok() - true if no read so far went past the end
 */
static inline bool weir_rd_ok(const struct weir_rd *r)
{
	return !r->bad;
}

/**
 * weir_rd_take() - step over @n bytes
 *
 * Return: the first of them, borrowed, or NULL if fewer were left, after which
 * the window is bad and empty.
 */
static inline const uint8_t *weir_rd_take(struct weir_rd *r, size_t n)
{
	const uint8_t *at = r->at;

	if (r->bad || n > r->left) {
		r->bad = true;
		r->left = 0;
		return NULL;
	}
	if (n) /* an empty window may lie nowhere */
		r->at += n;
	r->left -= n;
	return at;
}

/**
 * weir_rd_sub() - cut the next @n bytes off as a window of their own
 *
 * Return: that window; a bad empty one if fewer were left.
 */
static inline struct weir_rd weir_rd_sub(struct weir_rd *r, size_t n)
{
	const uint8_t *at = weir_rd_take(r, n);

	return (struct weir_rd){ .at = at,
				 .left = at ? n : 0,
				 .bad = at == NULL };
}

/**
 * weir_rd_copy() - read @n bytes into @to; zeroes if fewer were left
 */
static inline void weir_rd_copy(struct weir_rd *r, void *to, size_t n)
{
	const uint8_t *at = weir_rd_take(r, n);

	if (at)
		memcpy(to, at, n);
	else
		memset(to, 0, n);
}

static inline uint8_t weir_rd_u8(struct weir_rd *r)
{
	const uint8_t *b = weir_rd_take(r, 1);

	return b ? b[0] : 0;
}

static inline uint16_t weir_rd_be16(struct weir_rd *r)
{
	const uint8_t *b = weir_rd_take(r, 2);

	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t weir_rd_be32(struct weir_rd *r)
{
	const uint8_t *b = weir_rd_take(r, 4);

	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			       (uint32_t)b[2] << 8 | b[3]
		 : 0;
}

static inline uint64_t weir_rd_be64(struct weir_rd *r)
{
	uint64_t high = weir_rd_be32(r);

	return high << 32 | weir_rd_be32(r);
}

#endif /* WEIR_BASE_RD_H */
