/* SPDX-License-Identifier: Apache-2.0 */
/* handover.c - a connection on its way from the engine to the proxy */
#include "sys/handover.h"

#include <string.h>

static void build_name(const char *name, struct weir_wr *to)
{
	size_t n = strlen(name);

	weir_wr_u8(to, (uint8_t)n);
	weir_wr_copy(to, name, n);
}

/* Letters are lower case; what is not printable would be escaped as text. */
static bool parse_name(struct weir_rd *in, char ret[WEIR_HANDOVER_NAME_BYTES])
{
	uint8_t n = weir_rd_u8(in);

	if (n >= WEIR_HANDOVER_NAME_BYTES)
		return false;
	weir_rd_copy(in, ret, n);
	ret[n] = 0;
	for (uint8_t i = 0; i < n; i++)
		if (ret[i] <= ' ' || ret[i] > '~' ||
		    (ret[i] >= 'A' && ret[i] <= 'Z'))
			return false;
	return weir_rd_ok(in);
}

void weir_handover_build(const struct weir_handover *x, struct weir_wr *to)
{
	weir_wr_be64(to, x->flow);
	weir_wr_u8(to, (uint8_t)x->kind);
	weir_wr_copy(to, x->to.b, sizeof(x->to.b));
	weir_wr_be16(to, x->port);
	weir_wr_be32(to, x->rule);
	weir_wr_u8(to, x->by);
	build_name(x->shown, to);
	weir_wr_u8(to, (uint8_t)x->n_pins);
	for (uint32_t i = 0; i < x->n_pins; i++)
		build_name(x->pin[i], to);
}

static bool is_kind(enum weir_handover_kind kind)
{
	return kind >= WEIR_HANDOVER_TLS && kind <= WEIR_HANDOVER_RESOLVER;
}

bool weir_handover_parse(struct weir_rd *in, struct weir_handover *ret)
{
	bool ok;

	ret->flow = weir_rd_be64(in);
	ret->kind = (enum weir_handover_kind)weir_rd_u8(in);
	weir_rd_copy(in, ret->to.b, sizeof(ret->to.b));
	ret->port = weir_rd_be16(in);
	ret->rule = weir_rd_be32(in);
	ret->by = weir_rd_u8(in);
	ok = parse_name(in, ret->shown);
	ret->n_pins = weir_rd_u8(in);
	if (!ok || ret->n_pins > WEIR_HANDOVER_PINS_MAX)
		return false;
	for (uint32_t i = 0; i < ret->n_pins; i++)
		if (!parse_name(in, ret->pin[i]) || !ret->pin[i][0])
			return false;
	return weir_rd_ok(in) && in->left == 0 && is_kind(ret->kind) &&
	       ret->port != 0;
}

void weir_handover_build_end(const struct weir_handover_end *e,
			     struct weir_wr *to)
{
	weir_wr_be64(to, e->flow);
	weir_wr_be64(to, e->up);
	weir_wr_be64(to, e->down);
	weir_wr_u8(to, (uint8_t)e->how);
	weir_wr_u8(to, (uint8_t)e->why);
}

bool weir_handover_parse_end(struct weir_rd *in, struct weir_handover_end *ret)
{
	struct weir_handover_end e;

	e.flow = weir_rd_be64(in);
	e.up = weir_rd_be64(in);
	e.down = weir_rd_be64(in);
	e.how = (enum weir_handover_how)weir_rd_u8(in);
	e.why = (enum weir_reason)weir_rd_u8(in);
	if (!weir_rd_ok(in) || in->left || e.why >= WEIR_REASON_COUNT ||
	    (e.how != WEIR_HANDOVER_CLOSED && e.how != WEIR_HANDOVER_RESET))
		return false;
	*ret = e;
	return true;
}

static void build_text(struct weir_rd text, size_t most, struct weir_wr *to)
{
	size_t n = text.left < most ? text.left : most;

	weir_wr_be16(to, (uint16_t)n);
	weir_wr_copy(to, text.at, n);
}

void weir_handover_build_denied(const struct weir_handover_denied *d,
				struct weir_wr *to)
{
	weir_wr_be64(to, d->flow);
	weir_wr_be32(to, d->rule);
	weir_wr_u8(to, d->by);
	weir_wr_u8(to, (uint8_t)d->why);
	build_text(d->method, WEIR_HANDOVER_METHOD_BYTES, to);
	build_text(d->path, WEIR_HANDOVER_PATH_BYTES, to);
}

bool weir_handover_parse_denied(struct weir_rd *in,
				struct weir_handover_denied *ret)
{
	struct weir_handover_denied d;
	uint16_t n;

	d.flow = weir_rd_be64(in);
	d.rule = weir_rd_be32(in);
	d.by = weir_rd_u8(in);
	d.why = (enum weir_reason)weir_rd_u8(in);
	n = weir_rd_be16(in);
	d.method = weir_rd_sub(in, n);
	n = weir_rd_be16(in);
	d.path = weir_rd_sub(in, n);
	if (!weir_rd_ok(in) || in->left || !weir_rd_ok(&d.method) ||
	    !weir_rd_ok(&d.path) || d.why == WEIR_REASON_NONE ||
	    d.why >= WEIR_REASON_COUNT ||
	    d.method.left > WEIR_HANDOVER_METHOD_BYTES ||
	    d.path.left > WEIR_HANDOVER_PATH_BYTES)
		return false;
	*ret = d;
	return true;
}
