/* SPDX-License-Identifier: Apache-2.0 */
/* test_vnethdr.c - what a guest says before a frame is not believed blindly */
#include "../t.h"

#include "../base/bench.h"
#include "packet/vnethdr.h"

#define L4_V4 34u /* behind Ethernet and IPv4 */
#define L4_V6 54u

static const uint8_t wire[WEIR_VNET_BYTES] = { 0x01, 0x81, 0x42, 0x00,
					       0xb4, 0x05, 0x22, 0x01,
					       0x10, 0x00, 0x03, 0x02 };
static const struct weir_vnethdr fields = { .flags = WEIR_VNET_NEEDS_CSUM,
					    .gso_type = WEIR_VNET_GSO_TCPV4 |
							WEIR_VNET_GSO_ECN,
					    .hdr_len = 0x42,
					    .gso_size = 1460,
					    .csum_start = 0x122,
					    .csum_offset = 16,
					    .num_buffers = 0x203 };

static void check_fields(const struct weir_vnethdr *h)
{
	CHECK_EQ(h->flags, fields.flags);
	CHECK_EQ(h->gso_type, fields.gso_type);
	CHECK_EQ(h->hdr_len, fields.hdr_len);
	CHECK_EQ(h->gso_size, fields.gso_size);
	CHECK_EQ(h->csum_start, fields.csum_start);
	CHECK_EQ(h->csum_offset, fields.csum_offset);
	CHECK_EQ(h->num_buffers, fields.num_buffers);
}

static void fields_are_little_endian_and_twelve_bytes(void **state)
{
	uint8_t more[WEIR_VNET_BYTES + 1] = { 0 }, out[WEIR_VNET_BYTES];
	struct weir_rd in = weir_rd_over(more, sizeof(more));
	struct weir_wr w = weir_wr_over(out, sizeof(out));
	struct weir_vnethdr h;

	(void)state;
	memcpy(more, wire, sizeof(wire));
	CHECK_EQ(weir_vnethdr_parse(&in, &h), WEIR_REASON_NONE);
	CHECK_EQ(in.left, 1);
	check_fields(&h);
	weir_vnethdr_build(&h, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), WEIR_VNET_BYTES);
	CHECK(memcmp(out, wire, sizeof(wire)) == 0);
}

static void every_truncation_is_short_and_leaves_the_result_alone(void **state)
{
	(void)state;
	for (size_t n = 0; n < WEIR_VNET_BYTES; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		struct weir_rd in = weir_rd_over(exact, n);
		struct weir_vnethdr h = fields;

		CHECK(exact != NULL);
		memset(exact, 0x55, n);
		CHECK_EQ(weir_vnethdr_parse(&in, &h), WEIR_REASON_SHORT);
		check_fields(&h);
		free(exact);
	}
}

static void no_part_of_a_header_is_built_without_room(void **state)
{
	(void)state;
	for (size_t n = 0; n < WEIR_VNET_BYTES; n++) {
		uint8_t *exact = calloc(1, n ? n : 1);
		struct weir_wr w = weir_wr_over(exact, n);

		CHECK(exact != NULL);
		weir_vnethdr_build(&fields, &w);
		CHECK(!weir_wr_ok(&w));
		CHECK_EQ(weir_wr_len(&w), 0);
		for (size_t i = 0; i < n; i++)
			CHECK_EQ(exact[i], 0);
		free(exact);
	}
}

struct row {
	struct weir_vnethdr h;
	size_t frame_len;
	bool ipv4;
	uint8_t proto;
	size_t l4_offset;
	bool good;
};

static void check_rows(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum weir_reason got =
			weir_vnethdr_check(&row[i].h, row[i].frame_len,
					   row[i].ipv4, row[i].proto,
					   row[i].l4_offset);

		if (got !=
		    (row[i].good ? WEIR_REASON_NONE : WEIR_REASON_VNET_HEADER))
			fail_msg("row %zu: %s", i, weir_reason_name(got));
	}
}

static void checksum_requests_are_held_to_the_packet(void **state)
{
	static const struct row row[] = {
		/* flags, type, hdr_len, gso_size, csum_start, csum_offset */
		{ { 0, 0, 0, 0, 0, 0, 0 }, 60, false, 0, 0, true },
		{ { 0, 0, 9, 9, 9, 9, 9 }, 60, true, 6, L4_V4, true },
		{ { 2, 0, 0, 0, 0, 0, 0 }, 60, true, 6, L4_V4, true },
		{ { 1, 0, 0, 0, L4_V4, 16, 0 }, 54, true, 6, L4_V4, true },
		{ { 3, 0, 0, 0, L4_V4, 16, 0 }, 54, true, 6, L4_V4, true },
		{ { 1, 0, 0, 0, L4_V4, 6, 0 }, 42, true, 17, L4_V4, true },
		{ { 1, 0, 0, 0, L4_V6, 16, 0 }, 74, false, 6, L4_V6, true },
		{ { 1, 0, 0, 0, L4_V6, 6, 0 }, 62, false, 17, L4_V6, true },
		/* unknown flags: RSC_INFO and beyond */
		{ { 4, 0, 0, 0, 0, 0, 0 }, 60, true, 6, L4_V4, false },
		{ { 5, 0, 0, 0, L4_V4, 16, 0 }, 54, true, 6, L4_V4, false },
		{ { 0x80, 0, 0, 0, 0, 0, 0 }, 60, true, 6, L4_V4, false },
		/* the field must be inside the frame */
		{ { 1, 0, 0, 0, L4_V4, 16, 0 }, 52, true, 6, L4_V4, true },
		{ { 1, 0, 0, 0, L4_V4, 16, 0 }, 51, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, L4_V4, 16, 0 }, 0, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, L4_V4, 6, 0 }, 41, true, 17, L4_V4, false },
		/* another place than the packet's own checksum */
		{ { 1, 0, 0, 0, 0, 16, 0 }, 54, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, 33, 16, 0 }, 54, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, 35, 16, 0 }, 60, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, L4_V4, 6, 0 }, 54, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, L4_V4, 16, 0 }, 54, true, 17, L4_V4, false },
		{ { 1, 0, 0, 0, L4_V4, 65535, 0 }, 54, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, 65535, 16, 0 }, 54, true, 6, L4_V4, false },
		{ { 1, 0, 0, 0, 65535, 16, 0 }, 54, true, 6, 65535, false },
		/* a frame that has no such field */
		{ { 1, 0, 0, 0, L4_V4, 2, 0 }, 54, true, 1, L4_V4, false },
		{ { 1, 0, 0, 0, 0, 0, 0 }, 54, false, 0, 0, false },
	};

	(void)state;
	check_rows(row, sizeof(row) / sizeof(*row));
}

static void segmentation_is_held_to_the_packet(void **state)
{
	static const struct row row[] = {
		{ { 1, 1, 0, 1460, 34, 16, 0 }, 65000, true, 6, 34, true },
		{ { 1, 0x81, 0, 1, 34, 16, 0 }, 65000, true, 6, 34, true },
		{ { 1, 4, 0, 1440, 54, 16, 0 }, 65000, false, 6, 54, true },
		{ { 1, 0x84, 0, 1440, 54, 16, 0 }, 65000, false, 6, 54, true },
		{ { 1, 5, 0, 1000, 34, 6, 0 }, 9000, true, 17, 34, true },
		{ { 1, 5, 0, 1000, 54, 6, 0 }, 9000, false, 17, 54, true },
		/* no segment size, no checksum request */
		{ { 1, 1, 0, 0, 34, 16, 0 }, 65000, true, 6, 34, false },
		{ { 1, 5, 0, 0, 34, 6, 0 }, 42, true, 17, 34, false },
		{ { 0, 1, 0, 1460, 34, 16, 0 }, 65000, true, 6, 34, false },
		{ { 2, 1, 0, 1460, 34, 16, 0 }, 65000, true, 6, 34, false },
		{ { 0, 5, 0, 1000, 34, 6, 0 }, 9000, true, 17, 34, false },
		/* the wrong family or protocol */
		{ { 1, 1, 0, 1440, 54, 16, 0 }, 65000, false, 6, 54, false },
		{ { 1, 4, 0, 1460, 34, 16, 0 }, 65000, true, 6, 34, false },
		{ { 1, 1, 0, 1460, 34, 6, 0 }, 9000, true, 17, 34, false },
		{ { 1, 5, 0, 1460, 34, 16, 0 }, 9000, true, 6, 34, false },
		/* UFO, unknown types, ECN without TCP */
		{ { 1, 3, 0, 1460, 34, 6, 0 }, 9000, true, 17, 34, false },
		{ { 1, 2, 0, 1460, 34, 16, 0 }, 9000, true, 6, 34, false },
		{ { 1, 0x80, 0, 1460, 34, 16, 0 }, 9000, true, 6, 34, false },
		{ { 1, 0x85, 0, 1000, 34, 6, 0 }, 9000, true, 17, 34, false },
		/* as many datagrams as Linux makes of one, and one more */
		{ { 1, 5, 0, 1, 34, 6, 0 }, 42 + 128, true, 17, 34, true },
		{ { 1, 5, 0, 1, 34, 6, 0 }, 42 + 129, true, 17, 34, false },
		{ { 1, 5, 0, 1, 34, 6, 0 }, 42, true, 17, 34, true },
		{ { 1, 5, 0, 1, 34, 6, 0 }, 41, true, 17, 34, false },
	};

	(void)state;
	check_rows(row, sizeof(row) / sizeof(*row));
}

/* The rules again, as questions that each must be answered yes. */
static bool slow_check(const struct row *r)
{
	const struct weir_vnethdr *h = &r->h;
	bool needs = h->flags & 1, tcp = r->proto == 6, udp = r->proto == 17;
	unsigned type = h->gso_type & 0x7f;

	if (h->flags > 3)
		return false;
	if (needs) {
		if (!tcp && !udp)
			return false;
		if (h->csum_start != r->l4_offset)
			return false;
		if (h->csum_offset != (tcp ? 16 : 6))
			return false;
		if (h->csum_start + h->csum_offset + 2u > r->frame_len)
			return false;
	}
	if (h->gso_type == 0)
		return true;
	if (h->gso_size == 0 || !needs)
		return false;
	if (type == 1 || type == 4)
		return tcp && r->ipv4 == (type == 1);
	return h->gso_type == 5 && udp &&
	       r->frame_len <= r->l4_offset + 8 + h->gso_size * 128u;
}

static void all_flags_and_types_agree_with_the_rules(void **state)
{
	static const uint8_t protos[] = { 0, 1, 6, 17, 58, 132 };
	uint64_t seed = 6;
	unsigned good = 0;

	(void)state;
	for (unsigned k = 0; k < 65536 * 12; k++) {
		struct row r = { .h.flags = k & 0xff,
				 .h.gso_type = k >> 8 & 0xff };

		r.proto = protos[k / 65536 % 6];
		r.ipv4 = k / 65536 / 6;
		r.l4_offset = r.ipv4 ? 34 : 54;
		r.frame_len = r.l4_offset + below(&seed, 40);
		r.h.gso_size = (uint16_t)below(&seed, 3);
		r.h.csum_start = (uint16_t)r.l4_offset;
		if (below(&seed, 8) == 0)
			r.h.csum_start = (uint16_t)roll(&seed);
		r.h.csum_offset = r.proto == 6 ? 16 : 6;
		if (below(&seed, 8) == 0)
			r.h.csum_offset = (uint16_t)below(&seed, 20);
		r.good = slow_check(&r);
		good += r.good && r.h.gso_type;
		check_rows(&r, 1);
	}
	CHECK(good > 5);
}

T_MAIN(T(fields_are_little_endian_and_twelve_bytes),
       T(every_truncation_is_short_and_leaves_the_result_alone),
       T(no_part_of_a_header_is_built_without_room),
       T(checksum_requests_are_held_to_the_packet),
       T(segmentation_is_held_to_the_packet),
       T(all_flags_and_types_agree_with_the_rules))
