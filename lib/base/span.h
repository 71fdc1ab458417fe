/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span.h - bytes that lie in several places, read as one run
 *
 * A span is borrowed bytes in one place; a list of them is what a scatter or
 * gather call takes.  The pure floors may not know `struct iovec`, so the
 * wings translate, a handful of words per call.
 */
#ifndef WEIR_BASE_SPAN_H
#define WEIR_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct weir_span {
	uint8_t *at;
	size_t len;
};

/** struct weir_spans - @n borrowed spans, @len bytes in all */
struct weir_spans {
	const struct weir_span *v;
	unsigned n;
	size_t len;
};

/**
 * weir_spans_copy() - copy @n bytes that begin @skip bytes into the run
 *
 * Bounds: never reads past the run.
 * Return: bytes copied, less than @n where the run ends before.
 */
static inline size_t weir_spans_copy(const struct weir_spans *s, size_t skip,
				     uint8_t *to, size_t n)
{
	size_t done = 0;

	for (unsigned i = 0; i < s->n && done < n; i++) {
		size_t have = s->v[i].len, part;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		part = have - skip < n - done ? have - skip : n - done;
		memcpy(to + done, s->v[i].at + skip, part);
		done += part;
		skip = 0;
	}
	return done;
}

/**
 * weir_spans_cut() - the spans of bytes [@skip, @skip + @n) of a run
 * @ret: filled with at most @max spans
 *
 * Return: how many spans were written; the bytes they stand for may be fewer
 * than @n if the run or @max ends before.
 */
static inline unsigned weir_spans_cut(const struct weir_spans *s, size_t skip,
				      size_t n, struct weir_span *ret,
				      unsigned max)
{
	unsigned out = 0;

	for (unsigned i = 0; i < s->n && n && out < max; i++) {
		size_t have = s->v[i].len, part;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		part = have - skip < n ? have - skip : n;
		ret[out].at = s->v[i].at + skip;
		ret[out++].len = part;
		n -= part;
		skip = 0;
	}
	return out;
}

#endif /* WEIR_BASE_SPAN_H */
