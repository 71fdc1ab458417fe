/* SPDX-License-Identifier: Apache-2.0 */
/* test_websocket.c - the handshake, and frames that pass or do not */
#include "proxy/websocket.h"

#include "talk.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char ask[] =
	"GET /w HTTP/1.1\r\nHost: a.b\r\nConnection: "
	"keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
	"Sec-WebSocket-Version: 13\r\n"
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
static const char asked[] = "GET /w HTTP/1.1\r\nHost: a.b\r\n"
			    "Sec-WebSocket-Version: 13\r\n"
			    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			    "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
static const char yes[] =
	"HTTP/1.1 101 Switching Protocols\r\n"
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

static struct talk t;

static void shake(void)
{
	talk_begin(&t);
	talk_say(&t, GUEST, ask);
	talk_heard(&t, HOST, asked);
	talk_say(&t, HOST, yes);
	talk_heard(&t, GUEST, yes);
	CHECK(weir_exchange_is_frames(t.x));
}

struct frame {
	const char *bytes;
	size_t len;
};

#define F(s)                                                                   \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}

/* from the host: not masked */
static const struct frame good[] = {
	F("\x81\x05hello"),
	F("\x82\x00"),
	F("\x89\x02hi\x8a\x02hi"),
	F("\x01\x03hel\x89\x01x\x80\x02lo"),
	F("\x01\x00\x00\x00\x80\x00\x81\x01x"),
	F("\x88\x00"),
	F("\x88\x02\x03\xe8"),
	F("\x88\x05\x0b\xb8"
	  "bye"),
};

static const struct frame bad[] = {
	F("\xc1\x05"), /* reserved bits */
	F("\xa1\x05"),
	F("\x91\x05"),
	F("\x83"), /* unknown opcodes */
	F("\x87"),
	F("\x8b"),
	F("\x8f"),
	F("\x81\x85"),  /* a mask */
	F("\x80\x01x"), /* no message to continue */
	F("\x00\x01x"),
	F("\x01\x01x\x81\x01y"), /* a message inside another */
	F("\x01\x01x\x02\x01y"),
	F("\x09\x01x"), /* control in fragments, or too long */
	F("\x08\x00"),
	F("\x89\x7e\x00\x7e"),
	F("\x81\x7e\x00\x7d"), /* a length longer than it need be */
	F("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"),
	F("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
	F("\x88\x01x"), /* no code, codes that may not be sent */
	F("\x88\x02\x03\xe7"),
	F("\x88\x02\x03\xec"),
	F("\x88\x02\x03\xed"),
	F("\x88\x02\x03\xee"),
	F("\x88\x02\x03\xf7"),
	F("\x88\x02\x0b\xb7"),
	F("\x88\x02\x13\x88"),
};

static void good_frames_pass_wherever_they_are_cut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(good); i++) {
		for (size_t step = 0; step < 5; step++) {
			shake();
			t.step = step;
			talk_say_bytes(&t, HOST, good[i].bytes, good[i].len);
			CHECK_EQ(t.len[GUEST], good[i].len);
			CHECK(memcmp(t.got[GUEST], good[i].bytes,
				     good[i].len) == 0);
			CHECK_ENDS(&t, OPEN, OPEN);
			talk_end(&t);
		}
	}
}

static void bad_frames_end_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(bad); i++) {
		for (size_t step = 0; step < 3; step++) {
			shake();
			t.step = step;
			talk_say_bytes(&t, HOST, bad[i].bytes, bad[i].len);
			if (t.end[GUEST] != WEIR_EXCHANGE_RESET)
				fail_msg("row %u passed", i);
			CHECK_ENDS(&t, RESET, RESET);
			CHECK_EQ(t.reason, WEIR_REASON_BAD_FRAME);
			CHECK_EQ(t.status, 0);
			talk_end(&t);
		}
	}
}

static void a_guest_must_mask(void **state)
{
	static const char masked[] = "\x81\x85\x01\x02\x03\x04igohn";

	(void)state;
	shake();
	talk_say_bytes(&t, GUEST, masked, sizeof(masked) - 1);
	CHECK_EQ(t.len[HOST], sizeof(masked) - 1);
	CHECK(memcmp(t.got[HOST], masked, sizeof(masked) - 1) == 0);
	talk_say(&t, GUEST, "\x81\x05hello");
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
	/* a Close is looked at without its mask */
	shake();
	talk_say_bytes(&t, GUEST, "\x88\x82\x01\x02\x03\x04\x02\xea", 8);
	CHECK_EQ(t.len[HOST], 8);
	talk_end(&t);
	shake();
	talk_say_bytes(&t, GUEST, "\x88\x82\x01\x02\x03\x04\x03\xe8", 8);
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void long_frames_stream(void **state)
{
	static char much[70000 + 10];

	(void)state;
	memset(much, 'x', sizeof(much));
	memcpy(much, "\x82\x7f\0\0\0\0\0\x01\x11\x70", 10);
	shake();
	talk_say_bytes(&t, HOST, much, 100); /* no waiting for all of it */
	CHECK_EQ(t.len[GUEST], 100);
	talk_say_bytes(&t, HOST, much + 100, sizeof(much) - 100);
	CHECK_EQ(t.len[GUEST], sizeof(much));
	CHECK(memcmp(t.got[GUEST], much, sizeof(much)) == 0);
	talk_forget(&t);
	memcpy(much, "\x82\x7e\xff\xff", 4);
	talk_say_bytes(&t, HOST, much, 4 + 65535);
	CHECK(memcmp(t.got[GUEST], much, 4 + 65535) == 0);
	talk_end(&t);
}

static void behind_a_close_nothing_goes_on(void **state)
{
	(void)state;
	shake();
	talk_say_bytes(&t, HOST, "\x88\x00\x81\x01x", 5);
	CHECK_EQ(t.len[GUEST], 2);
	talk_say_bytes(&t, HOST, "\x81\x01y", 3);
	CHECK_EQ(t.len[GUEST], 2);
	/* the other way is still open, for the answer */
	talk_say_bytes(&t, GUEST, "\x88\x80\1\2\3\4", 6);
	CHECK_EQ(t.len[HOST], 6);
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, FIN, OPEN);
	talk_hang_up(&t, GUEST);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
}

static void ends_without_a_close_are_passed_on_as_they_are(void **state)
{
	(void)state;
	shake();
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, FIN, OPEN);
	talk_end(&t);
	shake(); /* in the middle of a frame it is a break */
	talk_say_bytes(&t, HOST, "\x81\x05hel", 5);
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
	shake();
	talk_say_bytes(&t, HOST, "\x81", 1);
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
	shake();
	talk_break(&t, HOST);
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void frames_may_come_right_behind_the_handshake(void **state)
{
	char both[sizeof(yes) + 10];

	(void)state;
	memcpy(both, yes, sizeof(yes) - 1);
	memcpy(both + sizeof(yes) - 1, "\x81\x05hello", 7);
	talk_begin(&t);
	talk_say(&t, GUEST, ask);
	talk_say_bytes(&t, GUEST, "\x81\x80\1\2\3\4", 6);
	talk_heard(&t, HOST, asked); /* not before the host agrees */
	talk_say_bytes(&t, HOST, both, sizeof(yes) - 1 + 7);
	CHECK_EQ(t.len[GUEST], sizeof(yes) - 1 + 7);
	CHECK_EQ(t.len[HOST], 6);
	talk_end(&t);
}

static void a_host_that_does_not_agree_goes_on_with_http(void **state)
{
	static const char no[] =
		"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";

	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, ask);
	talk_say(&t, HOST, no);
	talk_heard(&t, GUEST, no);
	talk_forget(&t);
	talk_say(&t, GUEST, ask);
	talk_heard(&t, HOST, asked);
	talk_end(&t);
}

static void
an_answer_with_an_extension_or_another_protocol_is_none(void **state)
{
	static const char *const no[] = {
		"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n"
		"Sec-WebSocket-Accept: x\r\nSec-WebSocket-Extensions: "
		"permessage-deflate\r\n\r\n",
		"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
		"Sec-WebSocket-Accept: x\r\n\r\n",
		"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket, "
		"x\r\nSec-WebSocket-Accept: x\r\n\r\n",
		"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Accept: x\r\n\r\n",
		"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < LEN(no); i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, ask);
		talk_say(&t, HOST, no[i]);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
		talk_end(&t);
	}
}

T_MAIN(T(good_frames_pass_wherever_they_are_cut), T(bad_frames_end_it),
       T(a_guest_must_mask), T(long_frames_stream),
       T(behind_a_close_nothing_goes_on),
       T(ends_without_a_close_are_passed_on_as_they_are),
       T(frames_may_come_right_behind_the_handshake),
       T(a_host_that_does_not_agree_goes_on_with_http),
       T(an_answer_with_an_extension_or_another_protocol_is_none))
