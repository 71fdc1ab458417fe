/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/view.h"

#include "base/limits.h"
#include "packet/arp.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/tcp.h"
#include "packet/udp.h"

#include "../t.h"

static const struct weir_addr near6 = { .b = { 0xfd, 0x77, [15] = 15 } };
static const struct weir_addr far6 = { .b = { 0x20, 0x01, 0x0d,
					      0xb8, [15] = 1 } };

/* @b: one frame; @v: where its bytes lie */
struct frame {
	uint8_t b[70000];
	struct weir_span v[40];
	struct weir_spans s;
	size_t l4_at, l4_len;
};

static void one_span(struct frame *f, size_t len)
{
	f->v[0] = (struct weir_span){ .at = f->b, .len = len };
	f->s = (struct weir_spans){ .v = f->v, .n = 1, .len = len };
}

/* a frame with @n bytes behind the upper layer's header, checksum finished */
static void make(struct frame *f, bool v6, uint8_t proto, size_t n)
{
	struct weir_wr w = weir_wr_over(f->b, sizeof(f->b));
	struct weir_addr from = v6 ? near6 : weir_addr_from4(0x0a00020f);
	struct weir_addr to = v6 ? far6 : weir_addr_from4(0x01010101);
	size_t header = proto == WEIR_PROTO_TCP ? 20 : 8, at = 2;
	uint32_t sum;

	f->l4_len = header + n;
	weir_eth_build(&(struct weir_eth){ .dst = { { 2, 2 } },
					   .src = { { 2, 1 } },
					   .type = v6 ? WEIR_ETH_IPV6
						      : WEIR_ETH_IPV4 },
		       &w);
	if (v6)
		weir_ipv6_build(
			&(struct weir_ipv6){ .traffic_class = 0x20,
					     .hops = 61,
					     .proto = proto,
					     .flow_label = 0x12345,
					     .payload_len = (uint16_t)f->l4_len,
					     .from = from,
					     .to = to },
			&w);
	else
		weir_ipv4_build(
			&(struct weir_ipv4){ .tos = 0x20,
					     .ttl = 61,
					     .proto = proto,
					     .df = true,
					     .id = 99,
					     .total_len =
						     (uint16_t)(20 + f->l4_len),
					     .from = from,
					     .to = to },
			&w);
	f->l4_at = weir_wr_len(&w);
	if (proto == WEIR_PROTO_TCP) {
		at = WEIR_TCP_CSUM_AT;
		weir_tcp_build(&(struct weir_tcp){ .sport = 1000,
						   .dport = 80,
						   .wscale = -1 },
			       &w);
	} else if (proto == WEIR_PROTO_UDP) {
		at = WEIR_UDP_CSUM_AT;
		weir_udp_build(&(struct weir_udp){ .sport = 1000,
						   .dport = 80,
						   .len = (uint16_t)f->l4_len },
			       &w);
	} else {
		weir_icmp_build(&(struct weir_icmp){ .type = v6 ? 128 : 8,
						     .id = 5,
						     .seq = 6 },
				&w);
	}
	for (size_t i = 0; i < n; i++)
		weir_wr_u8(&w, (uint8_t)(i * 7 + 1));
	assert_true(weir_wr_ok(&w));
	sum = proto == WEIR_PROTO_ICMP ? 0
				       : weir_csum_pseudo(&from, &to, proto,
							  (uint32_t)f->l4_len);
	sum = weir_csum_add(sum, f->b + f->l4_at, f->l4_len);
	weir_wr_put16(&w, f->l4_at + at, weir_csum_finish_udp(sum));
	one_span(f, weir_wr_len(&w));
}

static void the_layers_are_found(void **state)
{
	static struct frame f;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct weir_view v;
		struct weir_tcp tcp;
		struct weir_rd in;

		make(&f, v6, WEIR_PROTO_TCP, 100);
		one_span(&f, f.s.len + 9); /* Ethernet padding */
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		CHECK_EQ(v.dst.b[1], 2);
		CHECK_EQ(v.src.b[1], 1);
		CHECK_EQ(v.ethertype, v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4);
		CHECK(v.is_ip && v.is_v6 == v6 && !v.fragment);
		CHECK_EQ(v.proto, WEIR_PROTO_TCP);
		CHECK_EQ(v.ttl, 61);
		CHECK_EQ(v.tos, 0x20);
		CHECK_EQ(v.df, !v6);
		CHECK_EQ(v.flow_label, v6 ? 0x12345 : 0);
		CHECK_EQ(weir_addr_is4(&v.from), !v6);
		CHECK_EQ(v.l3_at, 14);
		CHECK_EQ(v.l3_len, (v6 ? 40 : 20) + 120);
		CHECK_EQ(v.l4_at, f.l4_at);
		CHECK_EQ(v.l4_len, 120);
		CHECK_EQ(v.l3.left, v.l3_len);
		CHECK_EQ(v.l4.left, 120);
		CHECK(v.l4.at == f.b + f.l4_at);
		in = v.l4;
		CHECK_EQ(weir_tcp_parse(&in, &tcp), WEIR_REASON_NONE);
		CHECK_EQ(tcp.dport, 80);
		CHECK_EQ(in.left, 100);
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
	}
}

static void arp_is_no_ip(void **state)
{
	static struct frame f;
	struct weir_vnethdr h = { .flags = 0 };
	struct weir_wr w = weir_wr_over(f.b, sizeof(f.b));
	struct weir_view v;

	(void)state;
	weir_eth_build(&(struct weir_eth){ .type = WEIR_ETH_ARP }, &w);
	weir_wr_fill(&w, 0, 46);
	one_span(&f, 60);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK(!v.is_ip && !v.is_v6);
	CHECK_EQ(v.l3.left, 46);
	CHECK_EQ(v.l4.left, 0);
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_NONE);
	h.flags = WEIR_VNET_NEEDS_CSUM;
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_VNET_HEADER);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
}

static void every_truncation_is_refused(void **state)
{
	static struct frame f;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		size_t len, headers = v6 ? 54 : 34;

		make(&f, v6, WEIR_PROTO_UDP, 30);
		len = f.s.len;
		for (size_t n = 0; n < len; n++) {
			struct weir_view v = { .l4_at = 7 };

			one_span(&f, n);
			CHECK_EQ(weir_view_parse(NULL, &f.s, &v),
				 n < headers ? WEIR_REASON_SHORT
					     : WEIR_REASON_IP_HEADER);
			CHECK_EQ(v.l4_at, 7);
		}
		f.s.n = 0;
		f.s.len = 0;
		CHECK_EQ(weir_view_parse(NULL, &f.s, &(struct weir_view){ 0 }),
			 WEIR_REASON_SHORT);
	}
}

static void a_frame_has_a_largest_size(void **state)
{
	static struct frame f;
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_TCP, 65535 - 40);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
	one_span(&f, WEIR_FRAME_MAX_BYTES);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	one_span(&f, WEIR_FRAME_MAX_BYTES + 1);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_OVERSIZE);
}

static void each_bad_frame_has_its_reason(void **state)
{
	static const struct {
		bool v6;
		size_t at;
		uint8_t to;
		enum weir_reason want;
	} row[] = {
		{ false, 12, 0x81, WEIR_REASON_ETHERTYPE },
		{ false, 13, 0x01, WEIR_REASON_ETHERTYPE },
		{ false, 14, 0x65, WEIR_REASON_IP_HEADER },
		{ false, 14, 0x44, WEIR_REASON_IP_HEADER },
		{ false, 16, 0xff, WEIR_REASON_IP_HEADER },
		{ false, 24, 0x55, WEIR_REASON_CSUM },
		{ true, 14, 0x45, WEIR_REASON_IP_HEADER },
		{ true, 18, 0xff, WEIR_REASON_IP_HEADER },
		{ true, 20, 0x2b, WEIR_REASON_IP_HEADER },
	};
	static struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_view v;

		make(&f, row[i].v6, WEIR_PROTO_UDP, 30);
		f.b[row[i].at] = row[i].to;
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), row[i].want);
	}
}

/* the same frame, cut at @first and then every @step bytes */
static void scatter(struct frame *f, size_t len, size_t first, size_t step)
{
	size_t at = 0;
	unsigned n = 0;

	while (at < len) {
		size_t part = n ? step : first;

		if (part > len - at || n + 1 == 40)
			part = len - at;
		f->v[n++] = (struct weir_span){ .at = f->b + at, .len = part };
		at += part;
	}
	f->s = (struct weir_spans){ .v = f->v, .n = n, .len = len };
}

static void scattered_payload_is_seen_and_summed(void **state)
{
	static const uint8_t protos[] = { WEIR_PROTO_TCP, WEIR_PROTO_UDP,
					  WEIR_PROTO_ICMPV6 };
	static struct frame f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t header = protos[i] == WEIR_PROTO_TCP ? 20 : 8, len;

		make(&f, true, protos[i], 301);
		len = f.s.len;
		for (size_t first = f.l4_at + header; first < len; first += 3) {
			struct weir_span out[40];
			uint8_t got[301];
			struct weir_view v;
			size_t sum = 0;
			unsigned n;

			scatter(&f, len, first, 31);
			CHECK_EQ(weir_view_parse(NULL, &f.s, &v),
				 WEIR_REASON_NONE);
			CHECK_EQ(v.l4_len, header + 301);
			CHECK_EQ(v.l4.left, first - f.l4_at);
			CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL),
				 WEIR_REASON_NONE);
			n = weir_view_payload(&v, &f.s, header, out, 40);
			for (unsigned k = 0; k < n; k++) {
				memcpy(got + sum, out[k].at, out[k].len);
				sum += out[k].len;
			}
			CHECK_EQ(sum, 301);
			CHECK_EQ(memcmp(got, f.b + f.l4_at + header, 301), 0);
			f.b[len - 1] ^= 1;
			CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL),
				 WEIR_REASON_CSUM);
			f.b[len - 1] ^= 1;
		}
	}
}

static void headers_that_leave_the_first_span_are_short(void **state)
{
	static struct frame f;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct weir_view v;
		size_t len;

		make(&f, v6, WEIR_PROTO_TCP, 50);
		len = f.s.len;
		for (size_t first = 1; first < f.l4_at; first++) {
			scatter(&f, len, first, len);
			CHECK_EQ(weir_view_parse(NULL, &f.s, &v),
				 WEIR_REASON_SHORT);
		}
		for (size_t first = f.l4_at; first < f.l4_at + 18; first++) {
			scatter(&f, len, first, len);
			CHECK_EQ(weir_view_parse(NULL, &f.s, &v),
				 WEIR_REASON_NONE);
			CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL),
				 WEIR_REASON_SHORT);
		}
	}
}

static void every_bit_of_the_upper_layer_is_summed(void **state)
{
	static const struct {
		bool v6;
		uint8_t proto;
	} row[] = { { false, WEIR_PROTO_TCP },  { true, WEIR_PROTO_TCP },
		    { false, WEIR_PROTO_UDP },  { true, WEIR_PROTO_UDP },
		    { false, WEIR_PROTO_ICMP }, { true, WEIR_PROTO_ICMPV6 } };
	static struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_view v;

		make(&f, row[i].v6, row[i].proto, 21);
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
		for (size_t bit = 0; bit < v.l4_len * 8; bit++) {
			uint8_t *at = f.b + v.l4_at + bit / 8;

			*at ^= (uint8_t)(1u << bit % 8);
			CHECK(weir_view_l4_csum(&v, &f.s, NULL) !=
			      WEIR_REASON_NONE);
			*at ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void an_unfinished_sum_is_good_and_one_beside_it_is_not(void **state)
{
	static const uint8_t protos[] = { WEIR_PROTO_TCP, WEIR_PROTO_UDP };
	static struct frame f;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t proto = protos[i / 2];
		size_t at = proto == WEIR_PROTO_TCP ? 16 : 6;
		struct weir_view v;
		uint16_t fold;

		make(&f, i % 2, proto, 1000);
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		fold = weir_csum_fold(weir_csum_pseudo(&v.from, &v.to, proto,
						       (uint32_t)v.l4_len));
		f.b[v.l4_at + at] = (uint8_t)(fold >> 8);
		f.b[v.l4_at + at + 1] = (uint8_t)fold;
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
		f.b[v.l4_at + at + 1]++;
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_CSUM);
	}
}

static void no_udp_sum_is_good_over_ipv4_only(void **state)
{
	static struct frame f;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct weir_view v;

		make(&f, v6, WEIR_PROTO_UDP, 10);
		f.b[f.l4_at + 6] = f.b[f.l4_at + 7] = 0;
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL),
			 v6 ? WEIR_REASON_CSUM : WEIR_REASON_NONE);
	}
}

static void udp_lengths_are_checked_and_say_what_is_summed(void **state)
{
	static struct frame f;
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_UDP, 10);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	f.b[f.l4_at + 5] = 19;
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_UDP_LENGTH);
	f.b[f.l4_at + 5] = 7;
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_UDP_LENGTH);
	/* four bytes of datagram less than of packet */
	make(&f, false, WEIR_PROTO_UDP, 6);
	f.b[17] = (uint8_t)(f.b[17] + 4);
	f.b[25] = (uint8_t)(f.b[25] - 4);
	memset(f.b + f.s.len, 0xee, 4);
	one_span(&f, f.s.len + 4);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK_EQ(v.l4_len, 18);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
}

static void a_virtio_header_is_believed_for_its_own_field(void **state)
{
	static struct frame f;
	struct weir_vnethdr h = { .flags = WEIR_VNET_NEEDS_CSUM };
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_TCP, 10);
	f.b[f.l4_at + 16] ^= 0x55;
	h.csum_start = (uint16_t)f.l4_at;
	h.csum_offset = 16;
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, &h), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_CSUM);
	/* a claim that a guest cannot make */
	h = (struct weir_vnethdr){ .flags = WEIR_VNET_DATA_VALID };
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, &h), WEIR_REASON_CSUM);
	/* another field is none of its business */
	h = (struct weir_vnethdr){ .flags = WEIR_VNET_NEEDS_CSUM,
				   .csum_start = 14,
				   .csum_offset = 10 };
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_VNET_HEADER);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, &h), WEIR_REASON_CSUM);
}

static void a_virtio_header_must_fit_the_frame(void **state)
{
	static struct frame f;
	struct weir_vnethdr h = { .flags = WEIR_VNET_NEEDS_CSUM,
				  .gso_type = WEIR_VNET_GSO_TCPV4,
				  .gso_size = 1460,
				  .csum_start = 34,
				  .csum_offset = 16 };
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_TCP, 9000);
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_NONE);
	h.gso_type = WEIR_VNET_GSO_TCPV6;
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_VNET_HEADER);
	h.gso_type = WEIR_VNET_GSO_UDP_L4;
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_VNET_HEADER);
}

static void fragments_are_not_looked_into(void **state)
{
	static struct frame f;
	struct weir_vnethdr h = { .flags = WEIR_VNET_NEEDS_CSUM,
				  .csum_offset = 6 };
	struct weir_wr w;
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_UDP, 100);
	w = weir_wr_over(f.b + 14, 20);
	weir_ipv4_build(&(struct weir_ipv4){ .ttl = 9,
					     .proto = WEIR_PROTO_UDP,
					     .total_len = 28 + 96,
					     .id = 77,
					     .more = true,
					     .offset = 1480,
					     .from = weir_addr_from4(1),
					     .to = weir_addr_from4(2) },
			&w);
	f.b[f.l4_at + 4] = 0xff; /* no UDP length */
	h.csum_start = (uint16_t)f.l4_at;
	CHECK_EQ(weir_view_parse(&h, &f.s, &v), WEIR_REASON_VNET_HEADER);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK(v.fragment && v.frag_more);
	CHECK_EQ(v.frag_id, 77);
	CHECK_EQ(v.frag_offset, 1480);
	CHECK_EQ(v.l4_len, 104);
	CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);

	make(&f, true, 44, 24);
	memcpy(f.b + 54, (uint8_t[]){ 17, 0, 0, 9, 0, 0, 1, 0 }, 8);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK(v.fragment && v.frag_more);
	CHECK_EQ(v.frag_id, 256);
	CHECK_EQ(v.frag_offset, 8);
	CHECK_EQ(v.l4_at, 62);
	CHECK_EQ(v.l4_len, 24);
}

static void first_and_last_fragments_are_fragments(void **state)
{
	static struct frame f;
	static const struct {
		uint16_t offset;
		bool more, want;
	} row[] = { { 0, false, false },
		    { 0, true, true },
		    { 8, false, true },
		    { 8, true, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_ipv4 ip = { .total_len = 36,
					.more = row[i].more,
					.offset = row[i].offset,
					.from = weir_addr_from4(1),
					.to = weir_addr_from4(2) };
		struct weir_view v;
		struct weir_wr w;

		make(&f, false, WEIR_PROTO_UDP, 8);
		w = weir_wr_over(f.b + 14, 20);
		weir_ipv4_build(&ip, &w);
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		CHECK_EQ(v.fragment, row[i].want);
		CHECK_EQ(v.frag_more, row[i].more);
	}
}

static void protocols_without_a_known_sum_are_good(void **state)
{
	static struct frame f;
	static const struct {
		bool v6;
		uint8_t proto;
	} row[] = { { false, 2 },
		    { false, 47 },
		    { false, 132 },
		    { false, 255 },
		    { true, 47 },
		    { true, 59 },
		    { true, 132 },
		    { true, 255 },
		    /* ICMP of the other family is no ICMP */
		    { false, WEIR_PROTO_ICMPV6 },
		    { true, WEIR_PROTO_ICMP } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_view v;

		make(&f, row[i].v6, row[i].proto, 8);
		f.b[f.l4_at] ^= 0x55;
		CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
		CHECK_EQ(weir_view_l4_csum(&v, &f.s, NULL), WEIR_REASON_NONE);
	}
}

static void payload_ends_where_the_packet_does(void **state)
{
	static struct frame f;
	struct weir_span out[2];
	struct weir_view v;

	(void)state;
	make(&f, false, WEIR_PROTO_TCP, 10);
	one_span(&f, f.s.len + 6);
	CHECK_EQ(weir_view_parse(NULL, &f.s, &v), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_payload(&v, &f.s, 20, out, 2), 1);
	CHECK_EQ(out[0].len, 10);
	CHECK_EQ(weir_view_payload(&v, &f.s, 30, out, 2), 0);
	CHECK_EQ(weir_view_payload(&v, &f.s, 31, out, 2), 0);
}

T_MAIN(T(the_layers_are_found), T(arp_is_no_ip), T(every_truncation_is_refused),
       T(a_frame_has_a_largest_size), T(each_bad_frame_has_its_reason),
       T(scattered_payload_is_seen_and_summed),
       T(headers_that_leave_the_first_span_are_short),
       T(every_bit_of_the_upper_layer_is_summed),
       T(an_unfinished_sum_is_good_and_one_beside_it_is_not),
       T(no_udp_sum_is_good_over_ipv4_only),
       T(udp_lengths_are_checked_and_say_what_is_summed),
       T(a_virtio_header_is_believed_for_its_own_field),
       T(a_virtio_header_must_fit_the_frame), T(fragments_are_not_looked_into),
       T(first_and_last_fragments_are_fragments),
       T(protocols_without_a_known_sum_are_good),
       T(payload_ends_where_the_packet_does))
