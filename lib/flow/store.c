/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - payload that waits: runs of bytes in chunks of one shared pool
 *
 * Chunks are linked by index.  A store grows and is dropped in order, so its
 * reader moves forward too: @cur remembers the chunk that was looked at last,
 * and a walk begins there unless the offset lies before it.  A run of 4 MiB
 * in flight is therefore not walked through again for every frame.
 *
 * Free chunks are taken last in, first out, so that a busy network touches few
 * pages and keeps them warm; chunks never used cost address space only.
 *
 * Invariants:
 *  1. chunks == 0 exactly if first == last == cur == NONE, and then
 *     skip == len == 0.
 *  2. skip < WEIR_CHUNK_BYTES; skip + len <= chunks * WEIR_CHUNK_BYTES.
 *  3. cur is chunk number cur_no (from 0) of the list.
 */
#include "flow/store.h"

#include "base/must.h"

bool weir_store_pool_init(struct weir_store_pool *p, struct weir_arena *arena,
			  uint64_t bytes)
{
	uint64_t n = bytes / WEIR_CHUNK_BYTES;

	*p = (struct weir_store_pool){ .free = WEIR_STORE_NONE };
	if (n == 0 || n >= WEIR_STORE_NONE)
		return false;
	p->n = (uint32_t)n;
	p->next = weir_arena_take(arena, p->n, sizeof(*p->next),
				  sizeof(*p->next));
	p->data = weir_arena_take(arena, p->n, WEIR_CHUNK_BYTES, 4096);
	return p->next && p->data;
}

static uint32_t chunk_take(struct weir_store_pool *p)
{
	uint32_t i = p->free;

	if (i != WEIR_STORE_NONE)
		p->free = p->next[i];
	else if (p->fresh < p->n)
		i = p->fresh++;
	else
		return WEIR_STORE_NONE;
	p->next[i] = WEIR_STORE_NONE;
	p->used++;
	return i;
}

static void chunk_give(struct weir_store_pool *p, uint32_t i)
{
	p->next[i] = p->free;
	p->free = i;
	p->used--;
}

static uint8_t *chunk_bytes(const struct weir_store_pool *p, uint32_t i)
{
	return p->data + (size_t)i * WEIR_CHUNK_BYTES;
}

void weir_store_init(struct weir_store *s)
{
	*s = (struct weir_store){ .first = WEIR_STORE_NONE,
				  .last = WEIR_STORE_NONE,
				  .cur = WEIR_STORE_NONE };
}

void weir_store_clear(struct weir_store_pool *p, struct weir_store *s)
{
	uint32_t i = s->first;

	while (i != WEIR_STORE_NONE) {
		uint32_t next = p->next[i];

		chunk_give(p, i);
		i = next;
	}
	weir_store_init(s);
}

uint32_t weir_store_reach(struct weir_store_pool *p, struct weir_store *s,
			  uint32_t end)
{
	while (s->chunks * WEIR_CHUNK_BYTES - s->skip < end) {
		uint32_t i = chunk_take(p);

		if (i == WEIR_STORE_NONE)
			return s->chunks * WEIR_CHUNK_BYTES - s->skip;
		if (s->last == WEIR_STORE_NONE) {
			s->first = i;
			s->cur = i;
			s->cur_no = 0;
		} else {
			p->next[s->last] = i;
		}
		s->last = i;
		s->chunks++;
	}
	return end;
}

/* Move the cursor to chunk number @no, which exists. */
static void cursor_to(struct weir_store_pool *p, struct weir_store *s,
		      uint32_t no)
{
	if (no < s->cur_no) {
		s->cur = s->first;
		s->cur_no = 0;
	}
	while (s->cur_no < no) {
		s->cur = p->next[s->cur];
		s->cur_no++;
	}
}

unsigned weir_store_at(struct weir_store_pool *p, struct weir_store *s,
		       uint32_t off, uint32_t n, struct weir_span *ret,
		       unsigned max)
{
	uint32_t at = off + s->skip, reach = s->chunks * WEIR_CHUNK_BYTES;
	unsigned out = 0;

	if (at >= reach)
		return 0;
	if (n > reach - at)
		n = reach - at;
	while (n && out < max) {
		uint32_t inside = at % WEIR_CHUNK_BYTES, part;

		cursor_to(p, s, at / WEIR_CHUNK_BYTES);
		part = WEIR_CHUNK_BYTES - inside;
		if (part > n)
			part = n;
		ret[out].at = chunk_bytes(p, s->cur) + inside;
		ret[out++].len = part;
		at += part;
		n -= part;
	}
	return out;
}

uint32_t weir_store_write(struct weir_store_pool *p, struct weir_store *s,
			  uint32_t off, const struct weir_spans *from,
			  uint32_t skip, uint32_t n)
{
	uint32_t reach = weir_store_reach(p, s, off + n), done = 0;

	if (reach <= off)
		return 0;
	if (n > reach - off)
		n = reach - off;
	while (done < n) {
		struct weir_span to;
		size_t got;

		weir_must(weir_store_at(p, s, off + done, n - done, &to, 1));
		got = weir_spans_copy(from, skip + done, to.at, to.len);
		done += (uint32_t)got;
		if (got < to.len)
			break;
	}
	return done;
}

void weir_store_grow(struct weir_store *s, uint32_t n)
{
	weir_must(s->skip + s->len + n <= s->chunks * WEIR_CHUNK_BYTES);
	s->len += n;
}

void weir_store_drop(struct weir_store_pool *p, struct weir_store *s,
		     uint32_t n)
{
	weir_must(n <= s->len);
	s->len -= n;
	s->skip += n;
	while (s->skip >= WEIR_CHUNK_BYTES) {
		uint32_t i = s->first;

		s->first = p->next[i];
		s->chunks--;
		s->skip -= WEIR_CHUNK_BYTES;
		if (s->cur_no > 0) {
			s->cur_no--;
		} else {
			s->cur = s->first;
		}
		if (s->first == WEIR_STORE_NONE)
			s->last = WEIR_STORE_NONE;
		chunk_give(p, i);
	}
	if (s->chunks == 0)
		s->skip = 0;
}

void weir_store_trim(struct weir_store_pool *p, struct weir_store *s)
{
	uint32_t keep =
		(s->skip + s->len + WEIR_CHUNK_BYTES - 1) / WEIR_CHUNK_BYTES;
	uint32_t i;

	if (s->len == 0) {
		weir_store_clear(p, s);
		return;
	}
	if (keep == s->chunks)
		return;
	cursor_to(p, s, keep - 1);
	i = p->next[s->cur];
	p->next[s->cur] = WEIR_STORE_NONE;
	s->last = s->cur;
	s->chunks = keep;
	while (i != WEIR_STORE_NONE) {
		uint32_t next = p->next[i];

		chunk_give(p, i);
		i = next;
	}
}
