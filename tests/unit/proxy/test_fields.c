/* SPDX-License-Identifier: Apache-2.0 */
/* test_fields.c - blocks of HTTP/2 fields, and what they are in HTTP/1 */
#include "proxy/fields.h"

#include "base/limits.h"

#include "../t.h"

#define TEXT_BYTES (WEIR_MESSAGE_HEAD_BYTES)

static struct weir_fields f;
static char long_text[WEIR_FIELDS_BOMB_BYTES + 100];
static uint8_t out[WEIR_FIRST_BYTES + 1];

static bool add_bytes(const char *name, size_t n, const char *value, size_t len)
{
	return weir_fields_add(&f, weir_rd_over(name, n),
			       weir_rd_over(value, len), 0);
}

static bool add(const char *name, const char *value)
{
	return add_bytes(name, strlen(name), value, strlen(value));
}

/* pairs, up to NULL */
static void begin(const char *const *pairs)
{
	weir_fields_begin(&f);
	for (; *pairs; pairs += 2)
		CHECK(add(pairs[0], pairs[1]));
}

static void check_field(size_t i, const char *name, const char *value)
{
	CHECK(i < f.n);
	CHECK_EQ(f.nv[i].namelen, strlen(name));
	CHECK(memcmp(f.nv[i].name, name, strlen(name)) == 0);
	CHECK_EQ(f.nv[i].valuelen, strlen(value));
	CHECK(memcmp(f.nv[i].value, value, strlen(value)) == 0);
}

static void fields_are_copied_in_their_order(void **state)
{
	char name[] = ":path", value[] = "/a";

	(void)state;
	memset(&f, 0xa5, sizeof(f));
	weir_fields_begin(&f);
	CHECK(f.n == 0 && f.pseudo == 0 && f.len == 0 && !f.large);
	CHECK(add(":method", "GET"));
	CHECK(add(name, value));
	name[1] = value[1] = '!';
	CHECK(add("x", ""));
	CHECK(add("x", "b"));
	CHECK_EQ(f.n, 4);
	CHECK_EQ(f.pseudo, 2);
	CHECK(!f.large);
	check_field(0, ":method", "GET");
	check_field(1, ":path", "/a");
	check_field(2, "x", "");
	check_field(3, "x", "b");
}

static void only_the_flag_that_forbids_to_index_stays(void **state)
{
	(void)state;
	weir_fields_begin(&f);
	for (unsigned flags = 0; flags < 8; flags++) {
		CHECK(weir_fields_add(&f, weir_rd_over("a", 1),
				      weir_rd_over("b", 1), (uint8_t)flags));
		CHECK_EQ(f.nv[flags].flags, flags & NGHTTP2_NV_FLAG_NO_INDEX);
	}
}

static void an_empty_name_is_no_pseudo_field(void **state)
{
	(void)state;
	weir_fields_begin(&f);
	CHECK(add_bytes(NULL, 0, NULL, 0));
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.pseudo, 0);
	CHECK_EQ(weir_fields_find(&f, "").left, 0);
}

static void there_are_128_fields_and_five_pseudo_fields(void **state)
{
	(void)state;
	weir_fields_begin(&f);
	for (unsigned i = 0; i < WEIR_FIELDS_PSEUDO_MAX; i++)
		CHECK(add(":p", ""));
	for (unsigned i = 0; i < WEIR_MESSAGE_FIELDS_MAX; i++)
		CHECK(add("x", ""));
	CHECK(!f.large);
	CHECK_EQ(f.n, WEIR_FIELDS_MAX);
	CHECK_EQ(f.pseudo, WEIR_FIELDS_PSEUDO_MAX);
	CHECK(add("x", "y"));
	CHECK(f.large);
	CHECK_EQ(f.over, 6);
	CHECK_EQ(f.n, WEIR_FIELDS_MAX);
	/* none but the pseudo fields, and one more of them */
	weir_fields_begin(&f);
	for (unsigned i = 0; i < WEIR_FIELDS_PSEUDO_MAX; i++)
		CHECK(add(":p", ""));
	CHECK(!f.large);
	CHECK(add(":p", ""));
	CHECK(f.large);
	/* and without them there are not more others */
	weir_fields_begin(&f);
	for (unsigned i = 0; i < WEIR_MESSAGE_FIELDS_MAX; i++)
		CHECK(add("x", ""));
	CHECK(!f.large);
	CHECK(add("x", ""));
	CHECK(f.large);
}

/* a name of one byte, so a value of TEXT_BYTES - 5 is as HTTP/1 has it */
static void the_bytes_of_a_block_are_bounded(void **state)
{
	(void)state;
	memset(long_text, 'v', sizeof(long_text));
	for (size_t parts = 1; parts <= 4; parts++) {
		weir_fields_begin(&f);
		for (size_t i = 0; i < parts; i++)
			CHECK(add_bytes("n", 1, long_text,
					TEXT_BYTES / parts - 5));
		CHECK(!f.large);
		CHECK_EQ(f.len, TEXT_BYTES);
		CHECK(add("", ""));
		CHECK(f.large);
		CHECK_EQ(f.n, parts);
	}
	weir_fields_begin(&f);
	CHECK(add_bytes("n", 1, long_text, TEXT_BYTES - 4));
	CHECK(f.large);
	CHECK_EQ(f.n, 0);
	/* what fits does not help any more */
	CHECK(add("a", "b"));
	CHECK_EQ(f.n, 0);
	weir_fields_begin(&f);
	CHECK(!f.large && add("a", "b"));
	CHECK_EQ(f.n, 1);
}

static void a_bomb_is_given_up(void **state)
{
	size_t n = 0;

	(void)state;
	memset(long_text, 'v', sizeof(long_text));
	weir_fields_begin(&f);
	CHECK(add_bytes("n", 1, long_text, WEIR_FIELDS_BOMB_BYTES - 5));
	CHECK_EQ(f.over, WEIR_FIELDS_BOMB_BYTES);
	CHECK(!add("", ""));
	CHECK(!add("", ""));
	weir_fields_begin(&f);
	CHECK(!add_bytes("n", 1, long_text, WEIR_FIELDS_BOMB_BYTES - 4));
	/* a reference to a table costs a byte, and empty ones count too */
	weir_fields_begin(&f);
	while (add("", ""))
		n++;
	CHECK_EQ(n, WEIR_MESSAGE_FIELDS_MAX + WEIR_FIELDS_BOMB_BYTES / 4);
}

static void the_first_of_a_name_is_found(void **state)
{
	static const char *const pairs[] = { ":status", "200", "b", "1",
					     "bb",      "2",   "b", "3",
					     "e",       "",    NULL };
	struct weir_rd w;

	(void)state;
	begin(pairs);
	w = weir_fields_find(&f, "b");
	CHECK(w.left == 1 && w.at[0] == '1');
	w = weir_fields_find(&f, ":status");
	CHECK(w.left == 3 && memcmp(w.at, "200", 3) == 0);
	w = weir_fields_find(&f, "e");
	CHECK(w.left == 0 && w.at);
	w = weir_fields_find(&f, "B");
	CHECK(w.left == 0 && !w.at);
	w = weir_fields_find(&f, "bbb");
	CHECK(w.left == 0 && !w.at);
}

/* requests, and what they are in HTTP/1; NULL: not to be settled */
static const struct {
	const char *pairs[16];
	const char *head;
} requests[] = {
	{ { ":method", "GET", ":scheme", "https", ":authority", "a.b", ":path",
	    "/c?d", NULL },
	  "GET /c?d HTTP/1.1\r\nhost: a.b\r\n\r\n" },
	{ { ":method", "GET", ":path", "/", ":authority", "A.b:443", "x", "y",
	    "z", "", NULL },
	  "GET / HTTP/1.1\r\nhost: A.b:443\r\nx: y\r\nz: \r\n\r\n" },
	/* Host is the authority, where there is no other */
	{ { ":method", "GET", ":path", "/", "x", "1", "host", "a.b", "y", "2",
	    NULL },
	  "GET / HTTP/1.1\r\nhost: a.b\r\nx: 1\r\ny: 2\r\n\r\n" },
	{ { "host", "a.b", NULL }, "  HTTP/1.1\r\nhost: a.b\r\n\r\n" },
	/* it goes, where it is the same */
	{ { ":authority", "a.b", ":method", "PUT", ":path", "*", "x", "1",
	    "host", "A.B", "y", "2", NULL },
	  "PUT * HTTP/1.1\r\nhost: a.b\r\nx: 1\r\ny: 2\r\n\r\n" },
	/* a second one stays, and is one too many */
	{ { ":authority", "a.b", ":method", "GET", ":path", "/", "host", "a.b",
	    "host", "c.d", NULL },
	  "GET / HTTP/1.1\r\nhost: a.b\r\nhost: c.d\r\n\r\n" },
	{ { ":method", "GET", ":path", "/", "host", "a.b", "host", "a.b",
	    NULL },
	  "GET / HTTP/1.1\r\nhost: a.b\r\nhost: a.b\r\n\r\n" },
	{ { ":authority", "", ":method", "GET", ":path", "/", NULL },
	  "GET / HTTP/1.1\r\nhost: \r\n\r\n" },
	{ { ":method", "GET", ":path", "/", "x", "y", NULL }, NULL },
	{ { ":authority", "a.b", "host", "a.c", NULL }, NULL },
	{ { ":authority", "a.b", "host", "a.bc", NULL }, NULL },
	{ { ":authority", "a.b", "host", "a.b:443", NULL }, NULL },
	{ { ":authority", "a.b", "host", "", NULL }, NULL },
	/* alike without regard to case is not alike without regard to a bit */
	{ { ":authority", "a@b", "host", "a`b", NULL }, NULL },
	{ { ":authority", "a[b", "host", "a{b", NULL }, NULL },
};

static void a_request_is_settled_and_written_as_http1(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct weir_wr to = weir_wr_over(out, WEIR_FIRST_BYTES);
		const char *head = requests[i].head;

		begin(requests[i].pairs);
		CHECK_EQ(weir_fields_settle(&f), head != NULL);
		if (!head)
			continue;
		weir_fields_to_head(&f, &to);
		CHECK(weir_wr_ok(&to));
		out[weir_wr_len(&to)] = 0;
		assert_string_equal((const char *)out, head);
		/* settled once, it is settled */
		CHECK(weir_fields_settle(&f) ||
		      strstr(head, "\r\nhost: c.d\r\n"));
	}
}

static void host_as_the_authority_keeps_its_flag(void **state)
{
	(void)state;
	weir_fields_begin(&f);
	CHECK(add(":path", "/"));
	CHECK(weir_fields_add(&f, weir_rd_over("host", 4),
			      weir_rd_over("a.b", 3),
			      NGHTTP2_NV_FLAG_NO_INDEX));
	CHECK(weir_fields_settle(&f));
	CHECK_EQ(f.pseudo, 2);
	check_field(0, ":authority", "a.b");
	check_field(1, ":path", "/");
	CHECK_EQ(f.nv[0].flags, NGHTTP2_NV_FLAG_NO_INDEX);
}

static void trailers_are_lines_and_an_empty_one(void **state)
{
	static const char *const pairs[] = { "a", "b", "c", "", NULL };
	static const char *const none[] = { NULL };
	struct weir_wr to = weir_wr_over(out, sizeof(out));

	(void)state;
	begin(pairs);
	weir_fields_to_trailer(&f, &to);
	out[weir_wr_len(&to)] = 0;
	assert_string_equal((const char *)out, "a: b\r\nc: \r\n\r\n");
	begin(none);
	to = weir_wr_over(out, sizeof(out));
	weir_fields_to_trailer(&f, &to);
	CHECK_EQ(weir_wr_len(&to), 2);
	/* every room but enough */
	begin(pairs);
	for (size_t room = 0; room <= 14; room++) {
		to = weir_wr_over(out, room);
		weir_fields_to_trailer(&f, &to);
		CHECK_EQ(weir_wr_ok(&to), room >= 13);
	}
}

/* whatever was taken has room as a head */
static void the_largest_block_is_a_head_that_fits(void **state)
{
	(void)state;
	memset(long_text, 'v', sizeof(long_text));
	for (unsigned small = 0; small < 2; small++) {
		struct weir_wr to = weir_wr_over(out, WEIR_FIRST_BYTES);

		weir_fields_begin(&f);
		CHECK(add("host", "a.b"));
		CHECK(add(":path", "/"));
		CHECK(add(":method", "GET"));
		while (small && f.n < WEIR_MESSAGE_FIELDS_MAX)
			CHECK(add("", ""));
		CHECK(add_bytes("", 0, long_text, TEXT_BYTES - 4 - f.len));
		CHECK(!f.large);
		CHECK(weir_fields_settle(&f));
		weir_fields_to_head(&f, &to);
		CHECK(weir_wr_ok(&to));
	}
}

T_MAIN(T(fields_are_copied_in_their_order),
       T(only_the_flag_that_forbids_to_index_stays),
       T(an_empty_name_is_no_pseudo_field),
       T(there_are_128_fields_and_five_pseudo_fields),
       T(the_bytes_of_a_block_are_bounded), T(a_bomb_is_given_up),
       T(the_first_of_a_name_is_found),
       T(a_request_is_settled_and_written_as_http1),
       T(host_as_the_authority_keeps_its_flag),
       T(trailers_are_lines_and_an_empty_one),
       T(the_largest_block_is_a_head_that_fits))
