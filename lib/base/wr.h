/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wr.h - write bytes that somebody else will read
 *
 * The twin of rd.h: a window on memory of ours that only shrinks from the
 * front.  A write that does not fit turns the writer bad, writes nothing, and
 * so do all writes after it; one check at the end tells.  What was written so
 * far is always [start, at).
 */
#ifndef WEIR_BASE_WR_H
#define WEIR_BASE_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct weir_wr - a shrinking window on memory to be filled
 * @start: first byte of the window, as it was opened
 * @at:    next byte to be written
 * @left:  room from @at on
 * @bad:   a write did not fit; sticky
 */
struct weir_wr {
	uint8_t *start;
	uint8_t *at;
	size_t left;
	bool bad;
};

/** weir_wr_over() - open a window on @len bytes of room at @bytes, borrowed */
static inline struct weir_wr weir_wr_over(void *bytes, size_t len)
{
	return (struct weir_wr){
		.start = bytes, .at = bytes, .left = len, .bad = false
	};
}

/** weir_wr_ok() - true if every write so far fitted */
static inline bool weir_wr_ok(const struct weir_wr *w)
{
	return !w->bad;
}

/** weir_wr_len() - bytes written so far */
static inline size_t weir_wr_len(const struct weir_wr *w)
{
	return (size_t)(w->at - w->start);
}

/**
 * weir_wr_skip() - reserve @n bytes to be filled by the caller
 *
 * Return: the first of them, or NULL if they do not fit (the window is bad).
 */
static inline uint8_t *weir_wr_skip(struct weir_wr *w, size_t n)
{
	uint8_t *at = w->at;

	if (w->bad || n > w->left) {
		w->bad = true;
		w->left = 0;
		return NULL;
	}
	if (n) /* an empty window may lie nowhere */
		w->at += n;
	w->left -= n;
	return at;
}

/** weir_wr_copy() - write @n bytes from @from */
static inline void weir_wr_copy(struct weir_wr *w, const void *from, size_t n)
{
	uint8_t *at = weir_wr_skip(w, n);

	if (at && n)
		memcpy(at, from, n);
}

/** weir_wr_fill() - write @n bytes of value @byte */
static inline void weir_wr_fill(struct weir_wr *w, uint8_t byte, size_t n)
{
	uint8_t *at = weir_wr_skip(w, n);

	if (at && n)
		memset(at, byte, n);
}

static inline void weir_wr_u8(struct weir_wr *w, uint8_t v)
{
	uint8_t *b = weir_wr_skip(w, 1);

	if (b)
		b[0] = v;
}

static inline void weir_wr_be16(struct weir_wr *w, uint16_t v)
{
	uint8_t *b = weir_wr_skip(w, 2);

	if (b) {
		b[0] = (uint8_t)(v >> 8);
		b[1] = (uint8_t)v;
	}
}

static inline void weir_wr_be32(struct weir_wr *w, uint32_t v)
{
	uint8_t *b = weir_wr_skip(w, 4);

	if (b) {
		b[0] = (uint8_t)(v >> 24);
		b[1] = (uint8_t)(v >> 16);
		b[2] = (uint8_t)(v >> 8);
		b[3] = (uint8_t)v;
	}
}

static inline void weir_wr_be64(struct weir_wr *w, uint64_t v)
{
	weir_wr_be32(w, (uint32_t)(v >> 32));
	weir_wr_be32(w, (uint32_t)v);
}

/** weir_wr_put16() - set two bytes already written, @at from the start */
static inline void weir_wr_put16(struct weir_wr *w, size_t at, uint16_t v)
{
	if (!w->bad && at + 2 <= weir_wr_len(w)) {
		w->start[at] = (uint8_t)(v >> 8);
		w->start[at + 1] = (uint8_t)v;
	}
}

#endif /* WEIR_BASE_WR_H */
