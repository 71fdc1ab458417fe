/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_view.c - any bytes as a frame, in one place and in several
 *
 * Input: one byte (bit 0: a virtio header of 12 bytes follows; bit 1: checksums
 * are made right first; the rest: where the frame is cut), then the frame.
 */
#include "packet/kind.h"
#include "packet/view.h"

#include "base/limits.h"
#include "packet/csum.h"
#include "packet/ipv4.h"
#include "packet/tcp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void check_view(const struct weir_view *v, const uint8_t *frame,
		       size_t first, size_t len)
{
	must_be(v->l3_at == 14 && v->l4_at >= v->l3_at);
	must_be(v->l3_at + v->l3_len <= len);
	must_be(v->l3.left <= v->l3_len && v->l4.left <= v->l4_len);
	must_be(v->l3.at == frame + v->l3_at);
	must_be(v->l3_at + v->l3.left <= first);
	if (!v->is_ip)
		return;
	must_be(v->l4_at + v->l4_len == v->l3_at + v->l3_len);
	must_be(v->l4.at == frame + v->l4_at);
	must_be(v->l4_at + v->l4.left <= first);
	must_be(weir_addr_is4(&v->from) == !v->is_v6);
	must_be(weir_addr_is4(&v->to) == !v->is_v6);
}

static void check_payload(const struct weir_view *v,
			  const struct weir_spans *frame)
{
	struct weir_span out[4];
	struct weir_rd in = v->l4;
	struct weir_tcp tcp;
	size_t sum = 0;
	unsigned n;

	if (v->proto != WEIR_PROTO_TCP || v->fragment ||
	    weir_tcp_parse(&in, &tcp) != WEIR_REASON_NONE)
		return;
	n = weir_view_payload(v, frame, tcp.header_len, out, 4);
	for (unsigned i = 0; i < n; i++)
		sum += out[i].len;
	must_be(sum == v->l4_len - tcp.header_len);
}

static void check_kind(const struct weir_view *v)
{
	struct weir_kind_facts f = { .gateway = v->dst,
				     .guest = v->src,
				     .guest4 = v->from,
				     .len4 = 24,
				     .has6 = true,
				     .guest6 = v->from,
				     .len6 = 64 };
	struct weir_kind k;

	if (!v->is_v6) {
		f.guest6 = (struct weir_addr){ .b = { 0xfd, [15] = 15 } };
	} else {
		f.guest4 = weir_addr_from4(0x0a00020f);
		f.guest6.b[15] ^= v->ttl & 1;
	}
	f.gateway4 = f.dns4 = weir_addr_from4(0x0a000202);
	f.gateway6 = f.dns6 = f.router6 =
		(struct weir_addr){ .b = { 0xfd, [15] = 2 } };
	if (weir_kind_find(v, &f, &k) != WEIR_REASON_NONE)
		return;
	must_be(k.room <= WEIR_KIND_OTHER);
	must_be(v->is_ip == (k.room != WEIR_KIND_ARP));
	must_be(v->fragment == (k.room == WEIR_KIND_FRAGMENT));
}

/* make the sum of the IPv4 header right, so that more is seen */
static void mend(uint8_t *b, size_t n)
{
	size_t header = n > 34 ? (b[14] & 15u) * 4u : 0;
	uint16_t c;

	if (header < 20 || n < 14 + header || b[12] != 8)
		return;
	b[24] = b[25] = 0;
	c = weir_csum_finish(weir_csum_add(0, b + 14, header));
	b[24] = (uint8_t)(c >> 8);
	b[25] = (uint8_t)c;
}

static void fuzz_frame(const struct weir_vnethdr *h, uint8_t *b, size_t n,
		       size_t first)
{
	struct weir_span one = { .at = b, .len = n };
	struct weir_span two[2] = { { .at = b, .len = first },
				    { .at = b + first, .len = n - first } };
	struct weir_spans whole = { .v = &one, .n = 1, .len = n };
	struct weir_spans cut = { .v = two, .n = 2, .len = n };
	struct weir_view v, w;
	enum weir_reason a, c;

	a = weir_view_parse(h, &whole, &v);
	c = weir_view_parse(h, &cut, &w);
	must_be(a == c || c == WEIR_REASON_SHORT);
	if (a != WEIR_REASON_NONE)
		return;
	check_view(&v, b, n, n);
	check_payload(&v, &whole);
	check_kind(&v);
	a = weir_view_l4_csum(&v, &whole, h);
	if (c != WEIR_REASON_NONE)
		return;
	check_view(&w, b, first, n);
	check_payload(&w, &cut);
	c = weir_view_l4_csum(&w, &cut, h);
	must_be(a == c || c == WEIR_REASON_SHORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	uint8_t how = weir_rd_u8(&in), *b;
	struct weir_vnethdr header, *h = NULL;
	size_t n, first;

	if (how & 1) {
		if (weir_vnethdr_parse(&in, &header) != WEIR_REASON_NONE)
			return 0;
		h = &header;
	}
	n = in.left;
	if (!n || n > WEIR_FRAME_MAX_BYTES + 100)
		return 0;
	b = malloc(n);
	must_be(b);
	weir_rd_copy(&in, b, n);
	if (how & 2)
		mend(b, n);
	first = how >> 2 ? (size_t)(how >> 2) * 2 : n;
	fuzz_frame(h, b, n, first < n ? first : n);
	free(b);
	return 0;
}
