/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/handover.h"

#include "../t.h"

static uint8_t room[16384];
static struct weir_handover got;

static struct weir_handover good(void)
{
	struct weir_handover x = { .flow = 0x123456789abcdef0,
				   .kind = WEIR_HANDOVER_TLS,
				   .to = weir_addr_from4(0x5db8d822),
				   .port = 443,
				   .rule = 7,
				   .by = 2,
				   .shown = "api.example.com",
				   .n_pins = 2 };

	snprintf(x.pin[0], sizeof(x.pin[0]), "api.example.com");
	memset(x.pin[1], 'a', WEIR_HANDOVER_NAME_BYTES - 1);
	return x;
}

static size_t build(const struct weir_handover *x)
{
	struct weir_wr w = weir_wr_over(room, sizeof(room));

	weir_handover_build(x, &w);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static bool parse(size_t len)
{
	struct weir_rd in = weir_rd_over(room, len);

	return weir_handover_parse(&in, &got);
}

static void a_connection_survives_the_journey(void **state)
{
	struct weir_handover x = good();

	(void)state;
	CHECK(parse(build(&x)));
	CHECK_EQ(got.flow, x.flow);
	CHECK_EQ(got.port, 443);
	CHECK_EQ(got.rule, 7);
	CHECK(weir_addr_is_equal(&got.to, &x.to));
	CHECK(strcmp(got.shown, x.shown) == 0);
	CHECK_EQ(got.n_pins, 2);
	CHECK(strcmp(got.pin[1], x.pin[1]) == 0);
	x.shown[0] = 0;
	x.n_pins = 0;
	x.kind = WEIR_HANDOVER_HTTP;
	CHECK(parse(build(&x)));
	CHECK_EQ(got.shown[0], 0);
	x.n_pins = WEIR_HANDOVER_PINS_MAX;
	for (uint32_t i = 0; i < x.n_pins; i++)
		memcpy(x.pin[i], good().pin[1], sizeof(x.pin[i]));
	CHECK(parse(build(&x)));
}

static void what_is_not_whole_is_refused(void **state)
{
	struct weir_handover x = good();
	size_t len = build(&x);

	(void)state;
	for (size_t i = 0; i < len; i++)
		CHECK(!parse(i));
	CHECK(!parse(len + 1));
	x.kind = (enum weir_handover_kind)(WEIR_HANDOVER_RESOLVER + 1);
	CHECK(!parse(build(&x)));
	x.kind = (enum weir_handover_kind)0;
	CHECK(!parse(build(&x)));
	x = good();
	x.port = 0;
	CHECK(!parse(build(&x)));
	x = good();
	x.shown[0] = 'A';
	CHECK(!parse(build(&x)));
	x.shown[0] = ' ';
	CHECK(!parse(build(&x)));
	x = good();
	x.pin[0][0] = 0;
	CHECK(!parse(build(&x)));
	x = good();
	x.n_pins = WEIR_HANDOVER_PINS_MAX;
	len = build(&x);
	room[8 + 1 + 16 + 2 + 4 + 1 + 1 + strlen(x.shown)]++;
	CHECK(!parse(len));
}

static void how_it_ended_is_told(void **state)
{
	const struct weir_handover_end e = { 5, 1ull << 40, 6,
					     WEIR_HANDOVER_RESET,
					     WEIR_REASON_UPSTREAM_CERT };
	struct weir_handover_end back = { .flow = 0 };
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_rd in;

	(void)state;
	weir_handover_build_end(&e, &w);
	for (size_t i = 0; i <= weir_wr_len(&w) + 1; i++) {
		in = weir_rd_over(room, i);
		CHECK_EQ(weir_handover_parse_end(&in, &back),
			 i == weir_wr_len(&w));
	}
	CHECK(back.flow == 5 && back.up == 1ull << 40 && back.down == 6);
	CHECK_EQ(back.how, WEIR_HANDOVER_RESET);
	CHECK_EQ(back.why, WEIR_REASON_UPSTREAM_CERT);
	for (unsigned at = 24; at < 26; at++) {
		uint8_t was = room[at];

		room[at] = 0xff;
		in = weir_rd_over(room, weir_wr_len(&w));
		CHECK(!weir_handover_parse_end(&in, &back));
		room[at] = was;
	}
}

static void a_refused_request_is_told_and_cut(void **state)
{
	static char path[2000];
	struct weir_handover_denied d = {
		.flow = 9, .rule = 3, .by = 2, .why = WEIR_REASON_HTTP_RULE
	};
	struct weir_handover_denied back;
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_rd in;

	(void)state;
	memset(path, 'p', sizeof(path));
	d.method = weir_rd_over("GET", 3);
	d.path = weir_rd_over(path, sizeof(path));
	weir_handover_build_denied(&d, &w);
	CHECK(weir_wr_ok(&w));
	in = weir_rd_over(room, weir_wr_len(&w));
	CHECK(weir_handover_parse_denied(&in, &back));
	CHECK(back.flow == 9 && back.rule == 3 && back.by == 2);
	CHECK(back.method.left == 3 && memcmp(back.method.at, "GET", 3) == 0);
	CHECK_EQ(back.path.left, WEIR_HANDOVER_PATH_BYTES);
	for (size_t i = 0; i < weir_wr_len(&w); i++) {
		in = weir_rd_over(room, i);
		CHECK(!weir_handover_parse_denied(&in, &back));
	}
	d.why = WEIR_REASON_NONE;
	w = weir_wr_over(room, sizeof(room));
	weir_handover_build_denied(&d, &w);
	in = weir_rd_over(room, weir_wr_len(&w));
	CHECK(!weir_handover_parse_denied(&in, &back));
}

T_MAIN(T(a_connection_survives_the_journey), T(what_is_not_whole_is_refused),
       T(how_it_ended_is_told), T(a_refused_request_is_told_and_cut))
