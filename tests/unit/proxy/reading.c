/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c - a stream of messages read in pieces */
#include "reading.h"

#include "proxy/basin.h"

static unsigned chance(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

static void note(struct reading *r, char c)
{
	if (r->n_story < sizeof(r->story) - 1)
		r->story[r->n_story++] = c;
}

static void keep(struct reading *r, struct weir_rd bytes)
{
	CHECK(r->len + bytes.left <= READING_BYTES);
	if (bytes.left)
		memcpy(r->body + r->len, bytes.at, bytes.left);
	r->len += bytes.left;
}

static char letter(enum weir_message_fault f)
{
	return "?FLMC"[f];
}

/* everything that can be told now; false: it is BAD */
static bool look(struct reading *r, struct weir_message *m,
		 struct weir_basin *in, size_t max, bool last)
{
	for (;;) {
		struct weir_rd b = weir_basin_bytes(in);
		struct weir_message_piece p;
		enum weir_message_is is;

		if (b.left == 0 && !weir_message_is_begun(m))
			return true;
		is = weir_message_look(m, b.at, b.left, max, last, &p);
		CHECK(p.eat <= b.left);
		CHECK(p.data.left <= max);
		switch (is) {
		case WEIR_MESSAGE_MORE:
			weir_basin_drop(in, p.eat);
			if (p.eat == 0)
				return true;
			continue;
		case WEIR_MESSAGE_HEAD:
			note(r, 'H');
			break;
		case WEIR_MESSAGE_DATA:
			CHECK(p.data.left > 0);
			keep(r, p.data);
			break;
		case WEIR_MESSAGE_END:
			note(r, 'E');
			keep(r, p.fields);
			break;
		case WEIR_MESSAGE_BAD:
			r->fault = m->fault;
			note(r, letter(m->fault));
			CHECK_EQ(weir_message_look(m, b.at, b.left, max, last,
						   &p),
				 WEIR_MESSAGE_BAD);
			return false;
		}
		weir_basin_drop(in, p.eat);
	}
}

void reading_of(struct reading *r, const char *bytes, size_t len, size_t step,
		size_t max, bool answers, bool to_head, unsigned seed)
{
	static uint8_t mem[WEIR_MESSAGE_HEAD_BYTES];
	struct weir_basin in = { .mem = mem, .cap = sizeof(mem) };
	struct weir_message m;
	bool more = true;

	memset(r, 0, sizeof(*r));
	weir_message_init(&m, answers);
	weir_message_expect(&m, to_head);
	while (more && len) {
		size_t n = step ? step : 1 + chance(&seed) % 50;
		struct weir_wr room = weir_basin_room(&in);

		n = n < len ? n : len;
		n = n < room.left ? n : room.left;
		CHECK(n > 0);
		memcpy(room.at, bytes, n);
		weir_basin_add(&in, n);
		bytes += n;
		len -= n;
		more = look(r, &m, &in, max, false);
	}
	if (more)
		(void)look(r, &m, &in, max, true);
}

bool reading_is_same(const struct reading *a, const struct reading *b)
{
	return strcmp(a->story, b->story) == 0 && a->len == b->len &&
	       memcmp(a->body, b->body, a->len) == 0;
}
