/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vring.c - the device's side of a split virtqueue (virtio 1.2, 2.7)
 *
 * How it works: `next` walks behind the driver's index, of which we keep a
 * copy (`seen`); it is read again only when the copy is used up.  A chain is
 * walked with a budget, each descriptor copied once (16 bytes of ours from
 * then on), and its bytes are copied piece by piece as the memory table gives
 * them.  A frame down is planned first (chains and pieces noted, nothing
 * written, nothing taken) and written only when all of it fits.
 *
 *	driver's index ─► seen      next ─► take, put ─► used_idx ─► shown
 *	     (theirs)     (copies, ours)                  (ours)    (in memory)
 *
 * Notifications.  With EVENT_IDX each side writes the index at which it wants
 * to hear; ours stays behind while we are at work, so the driver is silent,
 * and arm() sets it.  Without, a flag says no.  After either store comes a full
 * fence and one more look: what was added in between is seen by us or kicked
 * by the driver.  The same fence stands between showing used entries and
 * reading whether the driver wants an interrupt.
 *
 * Invariants
 *  1. 0 <= seen - next <= num, modulo 2^16; a driver's index that breaks this
 *     breaks the ring.
 *  2. Nothing but the sixteen-bit indices is read twice from guest memory,
 *     and every decision is made on the copy.
 *  3. All tables are touched inside [table, table + bytes of num) only: an
 *     entry's number is masked, a head's is compared with num.
 *  4. A call walks at most WEIR_VRING_CHAIN_MAX descriptors (take), or that
 *     many in all its chains (put): loops end there.
 *
 * Not here: packed rings, which are not offered.
 */
#include "link/vring.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/must.h"
#include "base/rd.h"
#include "sys/guarded.h"

#define DESC_BYTES 16u
#define NEXT       1u
#define WRITE      2u
#define INDIRECT   4u

#define AVAIL_IDX    2u
#define AVAIL_RING   4u
#define USED_IDX     2u
#define USED_RING    4u
#define USED_BYTES   8u
/* flags, in the first word of either ring */
#define NO_INTERRUPT 1u
#define NO_NOTIFY    1u

#define HEADER_BYTES 12u

/** struct desc - our copy of one descriptor */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/**
 * struct walk - a chain on its way
 * @table: gpa of an indirect table, if @inside
 * @entries: of the table it is in
 * @at:    the next descriptor
 * @budget: how many more there may be
 */
struct walk {
	const struct weir_vring *v;
	struct weir_guestmem *mem;
	uint64_t table;
	uint32_t entries, at;
	unsigned budget;
	bool inside, more;
};

static int broken(struct weir_vring *v)
{
	v->broken = true;
	return -EPROTO;
}

/* Our indices are words of the guest: little-endian, as all of virtio 1. */
static bool get16(const uint8_t *at, uint16_t *ret)
{
	uint16_t raw;

	if (!weir_guarded_load16(at, &raw))
		return false;
	*ret = le16toh(raw);
	return true;
}

static bool put16(uint8_t *at, uint16_t v)
{
	return weir_guarded_store16(at, htole16(v));
}

static uint8_t *used_event(const struct weir_vring *v)
{
	return v->avail + AVAIL_RING + 2 * (size_t)v->num;
}

static uint8_t *avail_event(const struct weir_vring *v)
{
	return v->used + USED_RING + USED_BYTES * (size_t)v->num;
}

int weir_vring_start(struct weir_vring *v)
{
	uint16_t used;

	weir_must(v->desc && v->avail && v->used && v->num &&
		  v->num <= WEIR_VRING_SIZE_MAX && !(v->num & (v->num - 1)));
	v->broken = false;
	if (!get16(v->used + USED_IDX, &used) || !put16(v->used, 0))
		return broken(v);
	v->next = v->seen = used;
	v->used_idx = v->shown = v->told = used;
	v->told_is = false;
	v->armed = true;
	return 0;
}

/* Look at the driver's index. */
static int look(struct weir_vring *v)
{
	uint16_t idx;

	if (!get16(v->avail + AVAIL_IDX, &idx) ||
	    (uint16_t)(idx - v->next) > v->num)
		return broken(v);
	v->seen = idx;
	return 0;
}

/* The head of available entry @at, which is not before next. */
static int head_at(struct weir_vring *v, uint16_t at, uint16_t *ret)
{
	size_t slot = at & (v->num - 1);

	if (at == v->seen) {
		int r = look(v);

		if (r)
			return r;
		/* the driver may have gone back behind what we have seen */
		if ((uint16_t)(v->seen - v->next) <= (uint16_t)(at - v->next))
			return -EAGAIN;
	}
	if (!get16(v->avail + AVAIL_RING + 2 * slot, ret) || *ret >= v->num)
		return broken(v);
	return 0;
}

static void walk_begin(struct walk *w, const struct weir_vring *v,
		       struct weir_guestmem *mem, uint16_t head)
{
	*w = (struct walk){ .v = v,
			    .mem = mem,
			    .entries = v->num,
			    .at = head,
			    .budget = WEIR_VRING_CHAIN_MAX,
			    .more = true };
}

static bool read_desc(const struct walk *w, struct desc *ret)
{
	uint8_t b[DESC_BYTES];
	struct weir_rd r = weir_rd_over(b, sizeof(b));
	size_t off = DESC_BYTES * (size_t)w->at;

	if (w->inside
		    ? !weir_guestmem_read(w->mem, w->table + off, b, sizeof(b))
		    : !weir_guarded_copy(b, w->v->desc + off, sizeof(b)))
		return false;
	weir_rd_copy(&r, &ret->addr, 8);
	weir_rd_copy(&r, &ret->len, 4);
	weir_rd_copy(&r, &ret->flags, 2);
	weir_rd_copy(&r, &ret->next, 2);
	ret->addr = le64toh(ret->addr);
	ret->len = le32toh(ret->len);
	ret->flags = le16toh(ret->flags);
	ret->next = le16toh(ret->next);
	return true;
}

/* An indirect descriptor is the last of its chain and the table all of it. */
static bool go_inside(struct walk *w, const struct desc *d)
{
	uint32_t entries = d->len / DESC_BYTES;

	if (w->inside || !w->v->indirect || (d->flags & (NEXT | WRITE)) ||
	    d->len % DESC_BYTES || entries == 0 ||
	    entries > WEIR_VRING_CHAIN_MAX || d->addr > UINT64_MAX - d->len)
		return false;
	w->table = d->addr;
	w->entries = entries;
	w->at = 0;
	w->inside = true;
	return true;
}

/* Return: 1 a descriptor; 0 the chain has ended; -EINVAL it is no chain. */
static int walk_next(struct walk *w, struct desc *ret)
{
	do {
		if (!w->more)
			return 0;
		if (w->at >= w->entries || w->budget == 0 || !read_desc(w, ret))
			return -EINVAL;
		w->budget--;
		if (!(ret->flags & INDIRECT)) {
			w->more = ret->flags & NEXT;
			w->at = ret->next;
			return 1;
		}
	} while (go_inside(w, ret));
	return -EINVAL;
}

/* One entry for the used ring; the driver sees it with the next publish. */
static int give_back(struct weir_vring *v, uint16_t id, uint32_t len)
{
	size_t slot = v->used_idx & (v->num - 1);
	const uint32_t e[2] = { htole32(id), htole32(len) };

	if (!weir_guarded_copy(v->used + USED_RING + USED_BYTES * slot, e,
			       sizeof(e)))
		return broken(v);
	v->used_idx++;
	return 0;
}

/* While we are at work nobody needs to tell us. */
static bool disarm(struct weir_vring *v)
{
	if (!v->armed)
		return true;
	v->armed = false;
	return v->event_idx || put16(v->used, NO_NOTIFY);
}

/* Copy what a chain up holds.  Return: bytes; -EINVAL; -EMSGSIZE. */
static int gather(struct walk *w, uint8_t *buf, size_t room)
{
	size_t len = 0;
	struct desc d;
	int r;

	while ((r = walk_next(w, &d)) == 1) {
		if (d.flags & WRITE)
			return -EINVAL;
		if (d.len > room - len)
			return -EMSGSIZE;
		if (!weir_guestmem_read(w->mem, d.addr, buf + len, d.len))
			return -EINVAL;
		len += d.len;
	}
	return r ? r : (int)len;
}

int weir_vring_take(struct weir_vring *v, struct weir_guestmem *mem,
		    uint8_t *buf, size_t room)
{
	struct walk w;
	uint16_t head;
	int r, len;

	weir_must(room <= INT32_MAX);
	if (v->broken)
		return -EPROTO;
	r = head_at(v, v->next, &head);
	if (r)
		return r;
	walk_begin(&w, v, mem, head);
	len = gather(&w, buf, room);
	if (give_back(v, head, 0) || !disarm(v))
		return broken(v);
	v->next++;
	return len;
}

/* Note a chain's pieces, at most @want bytes of them. */
static int plan_chain(struct walk *w, struct weir_vring_plan *p, uint64_t want)
{
	uint64_t got = 0;
	struct desc d;
	int r;

	while ((r = walk_next(w, &d)) == 1) {
		uint64_t left = d.len < want - got ? d.len : want - got;
		uint64_t gpa = d.addr, have;

		if (!(d.flags & WRITE))
			return -EINVAL;
		for (; left; left -= have, gpa += have, got += have) {
			uint8_t *at =
				weir_guestmem_at(w->mem, gpa, left, &have);

			if (!at)
				return -EINVAL;
			if (p->pieces == WEIR_VRING_CHAIN_MAX)
				return -EAGAIN;
			p->piece[p->pieces++] =
				(struct weir_vring_piece){ at, (size_t)have };
		}
		if (got == want)
			break;
	}
	if (r < 0)
		return r;
	p->head[p->heads - 1].len = (uint32_t)got;
	p->have += got;
	return 0;
}

/* Find room for @want bytes.  Nothing is taken from the ring yet. */
static int plan(struct weir_vring *v, struct weir_guestmem *mem, uint64_t want,
		bool merge, struct weir_vring_plan *p)
{
	unsigned most = merge ? WEIR_VRING_HEADS_MAX : 1;
	unsigned budget = WEIR_VRING_CHAIN_MAX;

	p->pieces = p->heads = 0;
	p->have = 0;
	while (p->have < want) {
		struct walk w;
		uint16_t head;
		int r;

		if (p->heads == most)
			return -EAGAIN;
		r = head_at(v, (uint16_t)(v->next + p->heads), &head);
		if (r)
			return r;
		walk_begin(&w, v, mem, head);
		w.budget = budget;
		p->head[p->heads++] = (struct weir_vring_head){ head, 0 };
		r = plan_chain(&w, p, want - p->have);
		if (r == -EINVAL && (w.budget || p->heads == 1))
			return broken(v);
		if (r)
			return -EAGAIN;
		budget = w.budget;
	}
	return 0;
}

/** struct pour - where the next bytes of a frame come from */
struct pour {
	struct weir_span span[WEIR_VRING_SPANS_MAX + 1];
	unsigned i;
	size_t skip;
};

static bool pour(struct pour *s, const struct weir_vring_piece *to)
{
	size_t done = 0;

	while (done < to->len) {
		const struct weir_span *from = &s->span[s->i];
		size_t have = from->len - s->skip;
		size_t n = have < to->len - done ? have : to->len - done;

		if (n &&
		    !weir_guarded_copy(to->at + done, from->at + s->skip, n))
			return false;
		done += n;
		s->skip += n;
		if (s->skip == from->len) {
			s->i++;
			s->skip = 0;
		}
	}
	return true;
}

/* What was planned is written; the pieces are as long as the frame. */
static int write_frame(struct weir_vring *v, const struct weir_vring_frame *f,
		       const struct weir_vring_plan *p)
{
	uint8_t head[HEADER_BYTES];
	struct pour s = { .i = 0 };

	memcpy(head, f->head, f->head_len);
	if (f->head_len == HEADER_BYTES) {
		head[10] = (uint8_t)p->heads;
		head[11] = (uint8_t)(p->heads >> 8);
	}
	s.span[0] = (struct weir_span){ head, f->head_len };
	for (unsigned i = 0; i < f->n; i++)
		s.span[1 + i] = f->part[i];
	for (unsigned i = 0; i < p->pieces; i++)
		if (!pour(&s, &p->piece[i]))
			return broken(v);
	for (unsigned i = 0; i < p->heads; i++)
		if (give_back(v, p->head[i].id, p->head[i].len))
			return -EPROTO;
	v->next = (uint16_t)(v->next + p->heads);
	return disarm(v) ? 0 : broken(v);
}

int weir_vring_put(struct weir_vring *v, struct weir_guestmem *mem,
		   const struct weir_vring_frame *f,
		   struct weir_vring_plan *plan_room)
{
	uint64_t want = f->head_len;
	int r;

	weir_must(f->n <= WEIR_VRING_SPANS_MAX && f->head_len <= HEADER_BYTES);
	if (v->broken)
		return -EPROTO;
	for (unsigned i = 0; i < f->n; i++)
		want += f->part[i].len;
	r = plan(v, mem, want, f->merge, plan_room);
	if (r == -EAGAIN) {
		r = weir_vring_arm(v);
		if (r == 1)
			r = plan(v, mem, want, f->merge, plan_room);
		else if (r == 0)
			r = -EAGAIN;
	}
	return r ? r : write_frame(v, f, plan_room);
}

/* Is @event among the indices in [@old, @now)?  (virtio 1.2, 2.7.7) */
static bool wants(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

int weir_vring_publish(struct weir_vring *v)
{
	uint16_t old = v->told, word;
	bool first = !v->told_is;

	if (v->broken)
		return -EPROTO;
	if (v->used_idx == v->shown)
		return 0;
	if (!put16(v->used + USED_IDX, v->used_idx))
		return broken(v);
	v->shown = v->told = v->used_idx;
	v->told_is = true;
	atomic_thread_fence(memory_order_seq_cst);
	if (!get16(v->event_idx ? used_event(v) : v->avail, &word))
		return broken(v);
	if (!v->event_idx)
		return word & NO_INTERRUPT ? 0 : 1;
	return first || wants(word, v->shown, old) ? 1 : 0;
}

int weir_vring_arm(struct weir_vring *v)
{
	uint16_t before = v->seen;

	if (v->broken)
		return -EPROTO;
	if (v->event_idx ? !put16(avail_event(v), v->seen)
			 : !v->armed && !put16(v->used, 0))
		return broken(v);
	v->armed = true;
	atomic_thread_fence(memory_order_seq_cst);
	if (look(v))
		return -EPROTO;
	return v->seen != before ? 1 : 0;
}
