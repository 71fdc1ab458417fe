/* SPDX-License-Identifier: Apache-2.0 */
#include "record/event.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"

#define KIND(k) ((enum weir_event_kind)(k))

static struct weir_event one, two;
static uint8_t room[WEIR_EVENT_BYTES], again[WEIR_EVENT_BYTES];
static char line[WEIR_EVENT_LINE_BYTES], other[WEIR_EVENT_LINE_BYTES];
static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

static uint64_t draw64(void)
{
	uint64_t v = (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);

	return draw(3) ? v >> draw(64) : draw(2) ? 0 : UINT64_MAX;
}

static const char *const nasty[] = {
	"",
	"api.github.com",
	"\",\"verdict\":\"allow\"}",
	"\\",
	"\\\"",
	"two\nlines\r\n",
	"\x1b[31mred\x1b]0;title\x07",
	"\x7f\x01\x1f\t\b\f",
	"\xff\xfe\xc0\x80\xed\xa0\x80",
	"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae",
	"\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xf4\x90\x80\x80",
	"\xef\xbb\xbf{}",
	"\\u0000%00</script>",
};

#define NASTY (sizeof(nasty) / sizeof(nasty[0]))

static void draw_text(char *to, size_t size)
{
	size_t n;

	if (draw(4)) {
		const char *s = nasty[draw(NASTY)];

		weir_event_copy(to, size, s, strlen(s));
		return;
	}
	n = draw(3) ? draw((uint32_t)size) : size - 1;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(1 + draw(255));
	to[n] = '\0';
}

static void draw_addr(struct weir_addr *a)
{
	*a = weir_addr_from4(draw(UINT32_MAX));
	if (draw(2))
		for (size_t i = 0; i < sizeof(a->b); i++)
			a->b[i] = draw(3) ? (uint8_t)draw(256) : 0;
}

/* an event that has @has of what there is, each value another one */
static void fill(struct weir_event *e, enum weir_event_kind kind, uint32_t has)
{
	static const uint8_t protocols[] = { 6, 17, 1, 58 };

	weir_event_init(e, kind, draw64() % (WEIR_EVENT_UNIX_US_MAX + 1));
	e->has = has;
	e->flow = draw64();
	e->protocol = protocols[draw(4)];
	draw_addr(&e->src);
	draw_addr(&e->dst);
	e->sport = (uint16_t)draw(65536);
	e->dport = (uint16_t)draw(65536);
	e->verdict = "adw"[draw(3)];
	e->by = (enum weir_event_by)draw(4);
	e->rule = 1 + draw(UINT32_MAX);
	e->reason = (enum weir_reason)(1 + draw(WEIR_REASON_COUNT - 1));
	e->up = draw64();
	e->down = draw64();
	e->up_packets = draw64();
	e->down_packets = draw64();
	e->ms = draw64();
	e->rtt_us = draw(UINT32_MAX);
	e->type = (uint16_t)draw(draw(2) ? 300 : 65536);
	e->rcode = (uint16_t)draw(draw(2) ? 12 : 65536);
	e->answers = (uint16_t)draw(65536);
	e->cached = draw(2);
	e->count = draw64();
	e->hash = draw64();
	e->uid = draw(UINT32_MAX);
	e->place = (enum weir_event_place)draw(WEIR_EVENT_IN);
	e->form = (enum weir_event_form)draw(WEIR_EVENT_AS);
	draw_text(e->shown, sizeof(e->shown));
	draw_text(e->name, sizeof(e->name));
	draw_text(e->text, sizeof(e->text));
	draw_text(e->method, sizeof(e->method));
	draw_text(e->path, sizeof(e->path));
	draw_text(e->secret, sizeof(e->secret));
	draw_text(e->host, sizeof(e->host));
	e->n_names = draw(3) ? draw(4) : WEIR_EVENT_NAMES_MAX;
	for (uint32_t i = 0; i < e->n_names; i++)
		draw_text(e->names[i], sizeof(e->names[i]));
}

static size_t build(const struct weir_event *e, uint8_t *to)
{
	struct weir_wr w = weir_wr_over(to, WEIR_EVENT_BYTES);

	weir_event_build(e, &w);
	return weir_wr_ok(&w) ? weir_wr_len(&w) : 0;
}

static bool parse(const uint8_t *b, size_t n, struct weir_event *ret)
{
	struct weir_rd in = weir_rd_over(b, n);

	return weir_event_parse(&in, ret);
}

static size_t print(const struct weir_event *e, char *to)
{
	struct weir_text t = weir_text_over(to, WEIR_EVENT_LINE_BYTES);

	weir_event_print(e, &t);
	return weir_text_ok(&t) ? t.len : 0;
}

/* is it one line that a terminal may see? */
static void check_line(const char *s, size_t n)
{
	CHECK(n > 2 && s[0] == '{' && s[n - 2] == '}' && s[n - 1] == '\n');
	for (size_t i = 0; i + 1 < n; i++)
		CHECK(s[i] >= 0x20 && s[i] < 0x7f);
}

static void every_kind_has_a_name_that_finds_it(void **state)
{
	(void)state;
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		const char *name = weir_event_name(KIND(k));

		CHECK_EQ(weir_event_find(name, strlen(name)), k);
		CHECK_EQ(weir_event_find(name, strlen(name) - 1),
			 WEIR_EVENT_NONE);
		CHECK(WEIR_EVENT_ALL & WEIR_EVENT_BIT(k));
	}
	CHECK_EQ(weir_event_find("unknown", 7), WEIR_EVENT_NONE);
	CHECK_EQ(weir_event_find("", 0), WEIR_EVENT_NONE);
	assert_string_equal(weir_event_name(WEIR_EVENT_NONE), "unknown");
	assert_string_equal(weir_event_name(WEIR_EVENT_KINDS), "unknown");
	CHECK(!(WEIR_EVENT_ALL & WEIR_EVENT_BIT(WEIR_EVENT_NONE)));
	CHECK(!(WEIR_EVENT_ALL >> WEIR_EVENT_KINDS));
}

static void random_events_survive_the_journey(void **state)
{
	unsigned whole = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		size_t n, m;

		fill(&one, KIND(1 + draw(WEIR_EVENT_KINDS - 1)),
		     draw(4) ? UINT32_MAX : draw(UINT32_MAX));
		n = build(&one, room);
		CHECK_EQ(n != 0, print(&one, line) != 0);
		if (!n)
			continue;
		whole++;
		memset(&two, 0x5a, sizeof(two));
		CHECK(parse(room, n, &two));
		CHECK_EQ(build(&two, again), n);
		CHECK(memcmp(room, again, n) == 0);
		m = print(&two, other);
		check_line(other, m);
		assert_string_equal(line, other);
	}
	CHECK(whole > 15000);
}

static void every_truncation_and_any_surplus_is_refused(void **state)
{
	(void)state;
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		size_t n;

		fill(&one, KIND(k), UINT32_MAX);
		one.n_names = 3;
		n = build(&one, room);
		CHECK(n > 0);
		CHECK(parse(room, n, &two));
		for (size_t i = 0; i < n; i++)
			CHECK(!parse(room, i, &two));
		room[n] = 0;
		CHECK(!parse(room, n + 1, &two));
	}
}

static void a_changed_byte_is_refused_or_another_event(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		size_t n;

		fill(&one, KIND(k), UINT32_MAX);
		one.n_names = 2;
		n = build(&one, room);
		for (size_t i = 0; i < n; i++) {
			uint8_t was = room[i];

			for (unsigned bit = 0; bit < 8; bit++) {
				room[i] = (uint8_t)(was ^ 1u << bit);
				if (!parse(room, n, &two)) {
					refused++;
					continue;
				}
				CHECK_EQ(build(&two, again), n);
				CHECK(memcmp(room, again, n) == 0);
				check_line(line, print(&two, line));
			}
			room[i] = was;
		}
	}
	CHECK(refused > 100);
}

/* what each kind must have, as the manual in the header says it */
static const uint32_t must[WEIR_EVENT_KINDS] = {
	[WEIR_EVENT_START] = WEIR_EVENT_HAS_VERSION,
	[WEIR_EVENT_FLOW_OPEN] = WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
				 WEIR_EVENT_HAS_VERDICT,
	[WEIR_EVENT_FLOW_CLOSE] = WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
				  WEIR_EVENT_HAS_REASON | WEIR_EVENT_HAS_BYTES,
	[WEIR_EVENT_DENY] = WEIR_EVENT_HAS_VERDICT | WEIR_EVENT_HAS_REASON,
	[WEIR_EVENT_DNS] = WEIR_EVENT_HAS_NAME,
	[WEIR_EVENT_SECRET_USE] = WEIR_EVENT_HAS_SECRET | WEIR_EVENT_HAS_PLACE,
	[WEIR_EVENT_SECRET_LEAK] = WEIR_EVENT_HAS_SECRET,
	[WEIR_EVENT_LIMIT] = WEIR_EVENT_HAS_REASON,
	[WEIR_EVENT_POLICY] = WEIR_EVENT_HAS_HASH,
	[WEIR_EVENT_PORTS] = WEIR_EVENT_HAS_TEXT,
	[WEIR_EVENT_SECRET] = WEIR_EVENT_HAS_SECRET,
	[WEIR_EVENT_CAPTURE] = WEIR_EVENT_HAS_TEXT,
	[WEIR_EVENT_LOST] = WEIR_EVENT_HAS_COUNT,
};

static void
an_event_that_is_not_whole_is_neither_built_nor_printed(void **state)
{
	(void)state;
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		fill(&one, KIND(k), must[k]);
		CHECK(build(&one, room) > 0);
		CHECK(print(&one, line) > 0);
		for (unsigned bit = 0; bit < 20; bit++) {
			if (!(must[k] & 1u << bit))
				continue;
			one.has = UINT32_MAX & ~(1u << bit);
			CHECK_EQ(build(&one, room), 0);
			CHECK_EQ(print(&one, line), 0);
		}
	}
	fill(&one, WEIR_EVENT_NONE, UINT32_MAX);
	CHECK_EQ(build(&one, room), 0);
	fill(&one, WEIR_EVENT_KINDS, UINT32_MAX);
	CHECK_EQ(build(&one, room), 0);
}

static void a_value_that_cannot_be_is_refused(void **state)
{
	(void)state;
#define REFUSED(change)                                                        \
	do {                                                                   \
		fill(&one, WEIR_EVENT_DENY, UINT32_MAX);                       \
		CHECK(build(&one, room) > 0);                                  \
		change;                                                        \
		CHECK_EQ(build(&one, room), 0);                                \
		CHECK_EQ(print(&one, line), 0);                                \
	} while (0)
	REFUSED(one.protocol = 47);
	REFUSED(one.protocol = 0);
	REFUSED(one.verdict = 'x');
	REFUSED(one.verdict = '\0');
	REFUSED(one.by = (enum weir_event_by)4);
	REFUSED((one.by = WEIR_EVENT_BY_RULE, one.rule = 0));
	REFUSED((one.by = WEIR_EVENT_BY_BOUNDS, one.rule = 0));
	REFUSED(one.reason = WEIR_REASON_NONE);
	REFUSED(one.reason = WEIR_REASON_COUNT);
	REFUSED(one.n_names = WEIR_EVENT_NAMES_MAX + 1);
	fill(&one, WEIR_EVENT_SECRET_USE, UINT32_MAX);
	one.place = WEIR_EVENT_IN;
	CHECK_EQ(build(&one, room), 0);
	fill(&one, WEIR_EVENT_SECRET_USE, UINT32_MAX);
	one.form = WEIR_EVENT_AS;
	CHECK_EQ(build(&one, room), 0);
}

static void icmp_for_ipv6_has_one_number(void **state)
{
	const size_t at = 1 + 4 + 8 + 1 + 8; /* after the flow */
	size_t n;

	(void)state;
	fill(&one, WEIR_EVENT_FLOW_OPEN, must[WEIR_EVENT_FLOW_OPEN]);
	one.protocol = 58;
	n = build(&one, room);
	CHECK(parse(room, n, &two));
	CHECK_EQ(two.protocol, 1);
	CHECK_EQ(room[at], 1);
	room[at] = 58;
	CHECK(!parse(room, n, &two));
}

static void what_a_kind_has_no_place_for_is_left_out(void **state)
{
	(void)state;
	fill(&one, WEIR_EVENT_LOST, UINT32_MAX);
	one.unix_us = 0;
	one.count = 7;
	CHECK(print(&one, line));
	assert_string_equal(line, "{\"ts\":\"1970-01-01T00:00:00.000000Z\","
				  "\"event\":\"lost\",\"count\":7}\n");
	CHECK_EQ(build(&one, room), 1 + 4 + 8 + 1 + 8);
	/* and refused from another process */
	room[4] |= WEIR_EVENT_HAS_FLOW;
	memset(room + 22, 0, 8);
	CHECK(!parse(room, 22 + 8, &two));
}

static void build_writes_only_what_there_is(void **state)
{
	size_t n;

	(void)state;
	fill(&one, WEIR_EVENT_FLOW_OPEN, must[WEIR_EVENT_FLOW_OPEN]);
	one.n_names = 1;
	strcpy(one.names[0], "example.com");
	memset(room, 0xa5, sizeof(room));
	n = build(&one, room);
	CHECK(n < 80);
	for (size_t i = n; i < sizeof(room); i++)
		CHECK_EQ(room[i], 0xa5);
}

static struct weir_event *plain(enum weir_event_kind kind, uint32_t has)
{
	weir_event_init(&one, kind, 1795183200000001);
	one.has = has;
	one.flow = 42;
	one.protocol = 6;
	one.src = weir_addr_from4(0x0a00020f);
	one.sport = 40000;
	CHECK(weir_text_parse_addr("2606:4700:77::34", 16, &one.dst));
	one.dport = 443;
	return &one;
}

static void check_print(const char *want)
{
	CHECK(print(&one, line));
	assert_string_equal(line, want);
}

#define TS "{\"ts\":\"2026-11-20T14:00:00.000001Z\",\"event\":"
#define ENDS                                                                   \
	"\"proto\":\"tcp\",\"src\":\"10.0.2.15\",\"sport\":40000,"             \
	"\"dst\":\"2606:4700:77::34\",\"dport\":443"

static void lines_of_conversations_are_as_the_contract_says(void **state)
{
	struct weir_event *e;

	(void)state;
	e = plain(WEIR_EVENT_FLOW_OPEN,
		  WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
			  WEIR_EVENT_HAS_PORTS | WEIR_EVENT_HAS_SHOWN |
			  WEIR_EVENT_HAS_VERDICT | WEIR_EVENT_HAS_TEXT |
			  WEIR_EVENT_HAS_RTT);
	e->n_names = 2;
	strcpy(e->names[0], "a.example");
	strcpy(e->names[1], "b.example");
	strcpy(e->shown, "a.example");
	e->verdict = 'a';
	e->by = WEIR_EVENT_BY_RULE;
	e->rule = 3;
	strcpy(e->text, "allow tcp a.example:443");
	e->rtt_us = 250;
	check_print(TS "\"flow_open\",\"flow\":42," ENDS
		       ",\"names\":[\"a.example\",\"b.example\"],"
		       "\"shown\":\"a.example\",\"verdict\":\"allow\","
		       "\"rule\":3,\"text\":\"allow tcp a.example:443\","
		       "\"rtt_us\":250}\n");

	e = plain(WEIR_EVENT_FLOW_CLOSE,
		  WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
			  WEIR_EVENT_HAS_PORTS | WEIR_EVENT_HAS_REASON |
			  WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_PACKETS);
	e->protocol = 58; /* has no ports */
	e->reason = WEIR_REASON_IDLE;
	e->up = 1;
	e->down = UINT64_MAX;
	e->up_packets = 2;
	e->down_packets = 3;
	e->ms = 4;
	check_print(TS "\"flow_close\",\"flow\":42,\"proto\":\"icmp\","
		       "\"src\":\"10.0.2.15\",\"dst\":\"2606:4700:77::34\","
		       "\"reason\":\"idle\",\"up\":1,"
		       "\"down\":18446744073709551615,\"up_packets\":2,"
		       "\"down_packets\":3,\"ms\":4}\n");
}

static void lines_of_verdicts_are_as_the_contract_says(void **state)
{
	struct weir_event *e;

	(void)state;
	e = plain(WEIR_EVENT_DENY, WEIR_EVENT_HAS_ENDS | WEIR_EVENT_HAS_PORTS |
					   WEIR_EVENT_HAS_VERDICT |
					   WEIR_EVENT_HAS_REASON);
	e->verdict = 'd';
	e->reason = WEIR_REASON_NO_PIN;
	e->by = WEIR_EVENT_BY_DEFAULT;
	check_print(TS "\"deny\"," ENDS ",\"verdict\":\"deny\","
		       "\"rule\":\"default\",\"reason\":\"no_pin\"}\n");
	e->by = WEIR_EVENT_BY_BOUNDS;
	e->rule = 2;
	check_print(TS "\"deny\"," ENDS ",\"verdict\":\"deny\","
		       "\"rule\":\"bounds 2\",\"reason\":\"no_pin\"}\n");
	e->by = WEIR_EVENT_BY_NOTHING;
	check_print(TS "\"deny\"," ENDS ",\"verdict\":\"deny\","
		       "\"rule\":null,\"reason\":\"no_pin\"}\n");

	e = plain(WEIR_EVENT_DENY,
		  WEIR_EVENT_HAS_REQUEST | WEIR_EVENT_HAS_SHOWN |
			  WEIR_EVENT_HAS_VERDICT | WEIR_EVENT_HAS_REASON);
	e->verdict = 'd';
	e->reason = WEIR_REASON_HTTP_RULE;
	strcpy(e->method, "GET");
	strcpy(e->path, "/a\"b");
	strcpy(e->shown, "c.example");
	check_print(TS "\"deny\",\"shown\":\"c.example\",\"method\":\"GET\","
		       "\"path\":\"/a\\\"b\",\"verdict\":\"deny\","
		       "\"rule\":null,\"reason\":\"http_rule\"}\n");

	e = plain(WEIR_EVENT_DNS, WEIR_EVENT_HAS_NAME | WEIR_EVENT_HAS_RCODE |
					  WEIR_EVENT_HAS_MS);
	strcpy(e->name, "c.example");
	e->type = 28;
	e->rcode = 3;
	e->ms = 12;
	check_print(TS "\"dns\",\"name\":\"c.example\",\"type\":\"AAAA\","
		       "\"rcode\":\"NXDOMAIN\",\"answers\":0,\"cached\":false,"
		       "\"ms\":12}\n");
	e->type = 65280;
	e->rcode = 23;
	e->answers = 2;
	e->cached = true;
	check_print(TS "\"dns\",\"name\":\"c.example\",\"type\":\"TYPE65280\","
		       "\"rcode\":\"RCODE23\",\"answers\":2,\"cached\":true,"
		       "\"ms\":12}\n");
}

static void lines_of_the_house_are_as_the_contract_says(void **state)
{
	struct weir_event *e;

	(void)state;
	e = plain(WEIR_EVENT_START, WEIR_EVENT_HAS_VERSION |
					    WEIR_EVENT_HAS_HASH |
					    WEIR_EVENT_HAS_TEXT);
	strcpy(e->text, "0.1.0");
	e->hash = 0xabc;
	check_print(TS "\"start\",\"version\":\"0.1.0\","
		       "\"hash\":\"0000000000000abc\"}\n");
	e = plain(WEIR_EVENT_PORTS, WEIR_EVENT_HAS_TEXT | WEIR_EVENT_HAS_UID);
	strcpy(e->text, "8080:80/tcp");
	e->uid = 1000;
	check_print(TS "\"ports\",\"text\":\"8080:80/tcp\",\"uid\":1000}\n");
	e = plain(WEIR_EVENT_SECRET_USE,
		  WEIR_EVENT_HAS_SECRET | WEIR_EVENT_HAS_PLACE);
	strcpy(e->secret, "TOKEN");
	strcpy(e->host, "api.example");
	e->place = WEIR_EVENT_IN_HEADER;
	e->form = WEIR_EVENT_AS_BASE64;
	check_print(TS "\"secret_use\",\"secret\":\"TOKEN\","
		       "\"host\":\"api.example\",\"place\":\"header\","
		       "\"form\":\"base64\"}\n");
}

static void times_are_those_of_the_c_library(void **state)
{
	static const uint64_t edge[] = { 0,
					 1,
					 951782399999999, /* 29 February 2000 */
					 951868800000000,
					 4107542399999999,
					 253402300799999999,
					 UINT64_MAX };
	char want[64];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t us = i < sizeof(edge) / sizeof(edge[0])
				      ? edge[i]
				      : draw64() % (WEIR_EVENT_UNIX_US_MAX + 1);
		time_t s;
		struct tm tm;
		size_t n;

		plain(WEIR_EVENT_LINK_UP, 0)->unix_us = us;
		if (us > WEIR_EVENT_UNIX_US_MAX)
			us = WEIR_EVENT_UNIX_US_MAX;
		s = (time_t)(us / 1000000);
		CHECK(gmtime_r(&s, &tm) != NULL);
		n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		CHECK_EQ(n, 19);
		snprintf(want + n, sizeof(want) - n, ".%06uZ",
			 (unsigned)(us % 1000000));
		CHECK(print(&one, line));
		CHECK(strncmp(line, "{\"ts\":\"", 7) == 0);
		line[7 + 27] = '\0';
		assert_string_equal(line + 7, want);
	}
}

/* all numbers and texts as long as they can be */
static void fill_up(struct weir_event *e, enum weir_event_kind kind, int byte)
{
	memset(e, 0xff, sizeof(*e));
	memset(e->shown, byte, sizeof(*e) - offsetof(struct weir_event, shown));
	e->kind = kind;
	e->unix_us = 0;
	e->protocol = 6;
	e->verdict = 'a';
	e->by = WEIR_EVENT_BY_BOUNDS;
	e->reason = WEIR_REASON_FRAGMENT_OVERLAP;
	e->cached = false;
	e->n_names = WEIR_EVENT_NAMES_MAX;
	e->place = WEIR_EVENT_IN_WEBSOCKET;
	e->form = WEIR_EVENT_AS_PERCENT;
}

static void the_longest_event_fits_even_without_terminators(void **state)
{
	static const int byte[] = { 'x', 1, 0x80, 0xff, '"' };

	(void)state;
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		for (size_t i = 0; i < sizeof(byte) / sizeof(byte[0]); i++) {
			fill_up(&one, KIND(k), byte[i]);
			CHECK(build(&one, room) > 0);
			check_line(line, print(&one, line));
		}
	}
}

static void what_does_not_fit_is_said(void **state)
{
	size_t n, m;

	(void)state;
	fill(&one, WEIR_EVENT_DENY, UINT32_MAX);
	n = build(&one, room);
	m = print(&one, line);
	for (size_t i = 0; i < n; i++) {
		struct weir_wr w = weir_wr_over(room, i);

		weir_event_build(&one, &w);
		CHECK(!weir_wr_ok(&w));
	}
	for (size_t i = 1; i <= m; i++) {
		struct weir_text t = weir_text_over(line, i);

		weir_event_print(&one, &t);
		CHECK(!weir_text_ok(&t));
	}
}

static void a_text_is_copied_cut_between_characters_and_marked(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out; /* in room for 8 */
	} row[] = {
		{ "", 0, "" },
		{ "1234567", 7, "1234567" },
		{ "12345678", 8, "1234\xe2\x80\xa6" },
		{ "123\xc3\xa9xyz", 8, "123\xe2\x80\xa6" },
		{ "12\xc3\xa9xyzz", 8, "12\xc3\xa9\xe2\x80\xa6" },
		{ "1\xf0\x9f\x98\x80xyz", 8, "1\xe2\x80\xa6" },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80", 8, "\x80\xe2\x80\xa6" },
		{ "a\0b", 3, "a\xff\x62" },
	};
	char to[8];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		memset(to, 'z', sizeof(to));
		weir_event_copy(to, sizeof(to), row[i].in, row[i].n);
		assert_string_equal(to, row[i].out);
	}
	weir_event_copy(to, sizeof(to), NULL, 0);
	assert_string_equal(to, "");
}

static void write_line(FILE *f)
{
	CHECK(print(&one, line));
	CHECK(fputs(line, f) >= 0);
}

static void write_all(FILE *f)
{
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++) {
		fill(&one, KIND(k), must[k]);
		one.n_names = 0;
		write_line(f);
		for (size_t i = 0; i < NASTY; i++) {
			fill(&one, KIND(k), UINT32_MAX);
			one.by = (enum weir_event_by)(i % 4);
			strcpy(one.shown, nasty[i]);
			strcpy(one.name, nasty[i]);
			strcpy(one.text, nasty[i]);
			write_line(f);
		}
		fill_up(&one, KIND(k), (int)(0x7f + k % 3));
		write_line(f);
		fill_up(&one, KIND(k), 'n'); /* names of 255 bytes */
		write_line(f);
	}
	for (unsigned r = 1; r < WEIR_REASON_COUNT; r++) {
		fill(&one, WEIR_EVENT_LIMIT, UINT32_MAX);
		one.reason = (enum weir_reason)r;
		write_line(f);
	}
	for (unsigned i = 0; i < 300; i++) {
		unsigned k = 1 + i % (WEIR_EVENT_KINDS - 1);

		fill(&one, KIND(k), must[k] | draw(UINT32_MAX));
		write_line(f);
	}
}

/* tests/e2e/events.py, from the top of the tree, with its own reader or both */
static int validate(const char *path, const char *option)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/usr/bin/python3", "python3", "tests/e2e/events.py",
		      "--all-kinds", "--spoil", option, path, (char *)NULL);
		_exit(127);
	}
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void every_line_is_as_the_schema_says(void **state)
{
	char path[] = "/tmp/weir-events.XXXXXX";
	int fd, own, both;
	FILE *f;

	(void)state;
	if (access("/usr/bin/python3", X_OK))
		skip();
	fd = mkstemp(path);
	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	CHECK(f != NULL);
	write_all(f);
	CHECK_EQ(fclose(f), 0);
	own = validate(path, "--own");
	both = validate(path, "--growing"); /* changes nothing here */
	unlink(path);
	CHECK_EQ(own, 0);
	CHECK_EQ(both, 0);
}

T_MAIN(T(every_kind_has_a_name_that_finds_it),
       T(random_events_survive_the_journey),
       T(every_truncation_and_any_surplus_is_refused),
       T(a_changed_byte_is_refused_or_another_event),
       T(an_event_that_is_not_whole_is_neither_built_nor_printed),
       T(a_value_that_cannot_be_is_refused), T(icmp_for_ipv6_has_one_number),
       T(what_a_kind_has_no_place_for_is_left_out),
       T(build_writes_only_what_there_is),
       T(lines_of_conversations_are_as_the_contract_says),
       T(lines_of_verdicts_are_as_the_contract_says),
       T(lines_of_the_house_are_as_the_contract_says),
       T(times_are_those_of_the_c_library),
       T(the_longest_event_fits_even_without_terminators),
       T(what_does_not_fit_is_said),
       T(a_text_is_copied_cut_between_characters_and_marked),
       T(every_line_is_as_the_schema_says))
