/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - a block of HTTP/2 fields: a head, or trailers */
#include "proxy/fields.h"

#include <string.h>

#include "packet/field.h"

#define AUTHORITY  ":authority"
#define LINE_BYTES 4u /* ": " and a line end, in HTTP/1 */

void weir_fields_begin(struct weir_fields *f)
{
	f->n = f->pseudo = f->len = f->over = 0;
	f->large = false;
}

static uint8_t *keep(struct weir_fields *f, struct weir_rd w)
{
	uint8_t *at = f->text + f->len;

	if (w.left)
		memcpy(at, w.at, w.left);
	f->len += w.left;
	return at;
}

bool weir_fields_add(struct weir_fields *f, struct weir_rd name,
		     struct weir_rd value, uint8_t flags)
{
	size_t bytes = name.left + value.left + LINE_BYTES;
	bool pseudo = name.left && name.at[0] == ':';

	if (f->large || f->n - f->pseudo == WEIR_MESSAGE_FIELDS_MAX ||
	    (pseudo && f->pseudo == WEIR_FIELDS_PSEUDO_MAX) ||
	    bytes > sizeof(f->text) - f->len) {
		f->large = true;
		f->over += bytes;
		return f->over <= WEIR_FIELDS_BOMB_BYTES;
	}
	f->nv[f->n++] = (nghttp2_nv){
		.name = keep(f, name),
		.value = keep(f, value),
		.namelen = name.left,
		.valuelen = value.left,
		.flags = flags & NGHTTP2_NV_FLAG_NO_INDEX,
	};
	f->len += LINE_BYTES;
	f->pseudo += pseudo;
	return true;
}

nghttp2_nv weir_fields_literal(const char *name, const char *value)
{
	union {
		const char *text;
		uint8_t *bytes; /* nghttp2 copies, and has no const */
	} n = { .text = name }, v = { .text = value };

	return (nghttp2_nv){ .name = n.bytes,
			     .value = v.bytes,
			     .namelen = strlen(name),
			     .valuelen = strlen(value),
			     .flags = NGHTTP2_NV_FLAG_NONE };
}

static bool is_named(const nghttp2_nv *nv, const char *name)
{
	size_t len = strlen(name);

	return nv->namelen == len && memcmp(nv->name, name, len) == 0;
}

/* its place; @n if there is none */
static size_t find(const struct weir_fields *f, const char *name)
{
	size_t i = 0;

	while (i < f->n && !is_named(&f->nv[i], name))
		i++;
	return i;
}

struct weir_rd weir_fields_find(const struct weir_fields *f, const char *name)
{
	size_t i = find(f, name);

	return i < f->n ? weir_rd_over(f->nv[i].value, f->nv[i].valuelen)
			: weir_rd_over(NULL, 0);
}

static bool is_alike(const nghttp2_nv *a, const nghttp2_nv *b)
{
	if (a->valuelen != b->valuelen)
		return false;
	for (size_t i = 0; i < a->valuelen; i++) {
		uint8_t x = a->value[i], y = b->value[i];

		x |= x >= 'A' && x <= 'Z' ? 0x20 : 0;
		y |= y >= 'A' && y <= 'Z' ? 0x20 : 0;
		if (x != y)
			return false;
	}
	return true;
}

/* Hosts beyond the first stay, and are then one too many. */
bool weir_fields_settle(struct weir_fields *f)
{
	size_t host = find(f, "host"), authority = find(f, AUTHORITY);
	nghttp2_nv nv;

	if (host == f->n)
		return authority < f->n;
	nv = f->nv[host];
	if (authority < f->n) {
		f->n--;
		memmove(f->nv + host, f->nv + host + 1,
			(f->n - host) * sizeof(nv));
		return is_alike(&nv, &f->nv[authority]);
	}
	nv.name = weir_fields_literal(AUTHORITY, "").name;
	nv.namelen = sizeof(AUTHORITY) - 1;
	memmove(f->nv + 1, f->nv, host * sizeof(nv));
	f->nv[0] = nv;
	f->pseudo++;
	return true;
}

static void put(struct weir_wr *to, struct weir_rd w)
{
	weir_wr_copy(to, w.at, w.left);
}

static void put_text(struct weir_wr *to, const char *text)
{
	weir_wr_copy(to, text, strlen(text));
}

static void put_line(struct weir_wr *to, struct weir_rd name,
		     struct weir_rd value)
{
	put(to, name);
	put_text(to, ": ");
	put(to, value);
	put_text(to, "\r\n");
}

void weir_fields_to_trailer(const struct weir_fields *f, struct weir_wr *to)
{
	for (size_t i = f->pseudo; i < f->n; i++)
		put_line(to, weir_rd_over(f->nv[i].name, f->nv[i].namelen),
			 weir_rd_over(f->nv[i].value, f->nv[i].valuelen));
	put_text(to, "\r\n");
}

void weir_fields_to_head(const struct weir_fields *f, struct weir_wr *to)
{
	put(to, weir_fields_find(f, ":method"));
	put_text(to, " ");
	put(to, weir_fields_find(f, ":path"));
	put_text(to, " HTTP/1.1\r\n");
	put_line(to, weir_rd_over("host", 4), weir_fields_find(f, AUTHORITY));
	weir_fields_to_trailer(f, to);
}
