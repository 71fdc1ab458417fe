/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first.c - the first bytes of a client: which name does it show?
 *
 * Three parsers are asked in turn: the eight bytes with which a Postgres
 * client asks for encryption before it shows anything, a ClientHello, an
 * HTTP/1 head.  No beginning belongs to two of them (0x00; 0x14 to 0x18; CR,
 * LF, upper-case letters, '-', '_'), so the first that does not say NO is
 * right.
 *
 * HTTP/2 with prior knowledge (RFC 9113 3.3) would show its names in HPACK, a
 * new one with each stream: as a protocol without a name it would have every
 * name.  It is BAD.
 *
 * PostgreSQL, Message Formats: SSLRequest, GSSENCRequest.
 */
#include "flow/first.h"

#include "base/limits.h"
#include "base/rd.h"

#define PASSED_MAX 2u

/* records of TLS */
#define RECORD_BYTES       5u
#define CHANGE_CIPHER_SPEC 20u
#define HANDSHAKE          22u
#define APPLICATION_DATA   23u

static const uint8_t postgres[2][8] = {
	{ 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f }, /* SSLRequest */
	{ 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30 }, /* GSSENCRequest */
};

/* PASS, MORE, or OTHER */
static enum weir_first_is look_postgres(struct weir_rd in)
{
	size_t n =
		in.left < sizeof(postgres[0]) ? in.left : sizeof(postgres[0]);

	for (size_t i = 0; i < 2; i++) {
		if (memcmp(in.at, postgres[i], n) == 0)
			return n == sizeof(postgres[0]) ? WEIR_FIRST_PASS
							: WEIR_FIRST_MORE;
	}
	return WEIR_FIRST_OTHER;
}

static enum weir_first_is look_hello(const uint8_t *b, size_t len,
				     struct weir_first *ret)
{
	struct weir_hello hello = { .has_name = false };

	switch (weir_hello_parse(b, len, &hello)) {
	case WEIR_HELLO_MORE:
		return WEIR_FIRST_MORE;
	case WEIR_HELLO_NO:
		return WEIR_FIRST_OTHER;
	case WEIR_HELLO_BAD:
		return WEIR_FIRST_BAD;
	case WEIR_HELLO_WHOLE:
		break;
	}
	ret->pass = (uint32_t)hello.len;
	ret->has_name = hello.has_name;
	if (hello.has_name)
		ret->name = hello.name;
	return WEIR_FIRST_TLS;
}

static enum weir_first_is look_head(const uint8_t *b, size_t len,
				    struct weir_first *ret)
{
	static const char preface[] = "PRI * HTTP/2";

	switch (weir_head_parse(b, len, &ret->head)) {
	case WEIR_HEAD_MORE:
		return WEIR_FIRST_MORE;
	case WEIR_HEAD_NO:
		if (len >= sizeof(preface) - 1 &&
		    memcmp(b, preface, sizeof(preface) - 1) == 0)
			return WEIR_FIRST_BAD;
		return WEIR_FIRST_OTHER;
	case WEIR_HEAD_BAD:
		return WEIR_FIRST_BAD;
	case WEIR_HEAD_WHOLE:
		break;
	}
	ret->pass = 0;
	ret->has_name = ret->head.has_host;
	if (ret->has_name)
		ret->name = ret->head.host;
	return WEIR_FIRST_HTTP;
}

/* One record, by its header. */
static enum weir_first_is look_record(const uint8_t *b, size_t len,
				      uint32_t *ret_pass)
{
	struct weir_rd in = weir_rd_over(b, len);
	uint8_t type = weir_rd_u8(&in);

	if (!weir_rd_ok(&in))
		return WEIR_FIRST_MORE;
	if (type == HANDSHAKE)
		return WEIR_FIRST_TLS;
	if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA)
		return WEIR_FIRST_OTHER;
	(void)weir_rd_be16(&in); /* its version */
	*ret_pass = RECORD_BYTES + weir_rd_be16(&in);
	return weir_rd_ok(&in) ? WEIR_FIRST_PASS : WEIR_FIRST_MORE;
}

enum weir_first_is weir_first_records(const struct weir_spans *s,
				      uint32_t *ret_pass)
{
	enum weir_first_is is = WEIR_FIRST_PASS;
	uint8_t head[RECORD_BYTES];
	uint32_t at = 0, pass;

	while (is == WEIR_FIRST_PASS) {
		size_t n = weir_spans_copy(s, at, head, sizeof(head));

		is = look_record(head, n, &pass);
		if (is == WEIR_FIRST_PASS)
			at += pass;
	}
	if (at == 0)
		return is;
	*ret_pass = at;
	return WEIR_FIRST_PASS;
}

enum weir_first_is weir_first_look_again(const uint8_t *b, size_t len,
					 bool last, struct weir_first *ret)
{
	enum weir_first_is is = look_record(b, len, &ret->pass);

	if (is == WEIR_FIRST_TLS)
		is = look_hello(b, len, ret);
	if (is == WEIR_FIRST_OTHER ||
	    (is == WEIR_FIRST_MORE && (last || len >= WEIR_FIRST_BYTES)))
		return WEIR_FIRST_BAD;
	return is;
}

enum weir_first_is weir_first_look(const uint8_t *b, size_t len,
				   unsigned passed, bool last,
				   struct weir_first *ret)
{
	enum weir_first_is is;

	if (len == 0)
		return last ? WEIR_FIRST_OTHER : WEIR_FIRST_MORE;
	is = look_postgres(weir_rd_over(b, len));
	if (is == WEIR_FIRST_PASS && passed >= PASSED_MAX)
		return WEIR_FIRST_BAD;
	if (is == WEIR_FIRST_PASS)
		ret->pass = sizeof(postgres[0]);
	if (is == WEIR_FIRST_OTHER)
		is = look_hello(b, len, ret);
	if (is == WEIR_FIRST_OTHER)
		is = look_head(b, len, ret);
	if (is == WEIR_FIRST_MORE && (last || len >= WEIR_FIRST_BYTES))
		return WEIR_FIRST_BAD;
	return is;
}
