/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stream.c - frames over a socket pair, whose other end is the guest's
 *
 * The guest's side writes and reads bytes; an oracle that knows nothing but
 * the framing says what must have come.  Weir's side is driven as the engine
 * drives it: asked only when poll() says that its descriptor is ready.
 */
#include "link/stream.h"

#include "../t.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wr.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/tcp.h"
#include "packet/view.h"
#include "socket.h"

#define OPS    (&weir_stream_ops)
#define FRAMES 400

static struct weir_stream link_;
static int guest;
static uint8_t room[WEIR_LINK_ROOM_BYTES], frame[WEIR_FRAME_MAX_BYTES];
static uint8_t bytes[4 << 20];
static size_t frame_len[FRAMES];

static void open_link(uint32_t mtu, bool jumbo)
{
	static uint8_t mem[512 << 10];
	struct weir_arena arena;
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	memset(mem, 0, sizeof(mem));
	weir_arena_init(&arena, mem, sizeof(mem));
	CHECK_EQ(weir_stream_open(&link_, s[0], mtu, jumbo, &arena), 0);
	CHECK(sizeof(mem) - arena.left <= weir_stream_bytes());
	CHECK(sizeof(mem) - arena.left >=
	      WEIR_STREAM_BACKLOG_BYTES + WEIR_FRAME_MAX_BYTES);
	guest = s[1];
}

static void close_link(void)
{
	if (guest >= 0)
		close(guest);
	guest = -1;
	OPS->close(&link_);
	OPS->close(&link_); /* once more is nothing */
}

static void set_buffer(int fd, int len)
{
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len)), 0);
}

static short ready(void)
{
	return socket_ready(OPS, &link_);
}

/* How long a frame may be: often short, sometimes all there is. */
static size_t some_len(uint32_t *seed)
{
	switch (socket_dice(seed) % 8) {
	case 0:
		return 1 + socket_dice(seed) % WEIR_FRAME_MAX_BYTES;
	case 1:
		return 1 + socket_dice(seed) % 20;
	default:
		return 14 + socket_dice(seed) % 1500;
	}
}

/* @n frames as the guest writes them, into @bytes. */
static size_t write_down(unsigned n, uint32_t *seed)
{
	struct weir_wr w = weir_wr_over(bytes, sizeof(bytes));

	for (unsigned i = 0; i < n; i++) {
		size_t len = some_len(seed);

		frame_len[i] = len;
		weir_wr_be32(&w, (uint32_t)len);
		socket_frame(frame, len, i);
		weir_wr_copy(&w, frame, len);
	}
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static void check_received(int n, unsigned number)
{
	static const uint8_t head[WEIR_VNET_BYTES] = { [10] = 1 };

	CHECK_EQ(n, WEIR_VNET_BYTES + frame_len[number]);
	CHECK(memcmp(room, head, sizeof(head)) == 0);
	socket_frame(frame, frame_len[number], number);
	CHECK(memcmp(room + sizeof(head), frame, frame_len[number]) == 0);
}

/* A turn of the engine: at most @most frames, if poll() says so. */
static unsigned turn(unsigned number, unsigned most)
{
	unsigned got = 0;

	if (!(ready() & POLLIN))
		return 0;
	CHECK_EQ(OPS->event(&link_, true, false), 0);
	while (got < most) {
		int n;

		memset(room, 0xaa, WEIR_VNET_BYTES);
		n = OPS->receive(&link_, room);
		if (n == -EAGAIN)
			break;
		check_received(n, number + got);
		got++;
	}
	return got;
}

static void
however_the_stream_is_cut_and_turns_end_every_frame_is_one(void **state)
{
	uint32_t seed = 5;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		unsigned n = 1 + socket_dice(&seed) % 40, got = 0;
		size_t len = write_down(n, &seed), at = 0;
		size_t cut = 64u << socket_dice(&seed) % 12;

		open_link(1500, false);
		while (at < len || ready() & POLLIN) {
			size_t part = 1 + socket_dice(&seed) % cut;
			ssize_t done;

			if (part > len - at)
				part = len - at;
			done = part ? send(guest, bytes + at, part,
					   MSG_DONTWAIT)
				    : 0;
			CHECK(done >= 0 || errno == EAGAIN);
			at += done > 0 ? (size_t)done : 0;
			got += turn(got, 1 + socket_dice(&seed) % 3);
		}
		CHECK_EQ(got, n);
		close_link();
	}
}

static void a_peer_that_writes_one_byte_at_a_time_is_understood(void **state)
{
	uint32_t seed = 9;
	unsigned got = 0;
	size_t len;

	(void)state;
	open_link(1500, false);
	do
		len = write_down(12, &seed);
	while (len > 40000);
	for (size_t i = 0; i < len; i++) {
		CHECK_EQ(send(guest, bytes + i, 1, 0), 1);
		got += turn(got, 64);
	}
	CHECK_EQ(got, 12);
	CHECK_EQ(ready(), 0);
	close_link();
}

static void with_no_frame_there_is_nothing_to_wait_for(void **state)
{
	(void)state;
	open_link(1500, false);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(send(guest, "\0\0\0\2a", 5, 0), 5);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(ready(), 0);
	close_link();
}

static void the_end_of_what_there_was_is_known_without_asking(void **state)
{
	(void)state;
	open_link(1500, false);
	CHECK_EQ(send(guest, "\0\0\0\1a", 5, 0), 5);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
	CHECK_EQ(send(guest, "\0\0\0\1b", 5, 0), 5);
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(ready(), POLLIN);
	CHECK_EQ(OPS->event(&link_, true, false), 0);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
	close_link();
}

/* A segment of the largest size, its checksum as an offloading guest has it. */
static size_t make_unfinished(uint8_t *to, bool v6, uint16_t add)
{
	const struct weir_addr from = { .b = { 0xfd, [15] = 1 } },
			       far = { .b = { 0xfd, [15] = 2 } };
	const struct weir_addr from4 = weir_addr_from4(0x0a00020f),
			       far4 = weir_addr_from4(0x5db8d822);
	const size_t len = v6 ? 65000 : 65515;
	struct weir_wr w = weir_wr_over(to, WEIR_FRAME_MAX_BYTES);
	size_t l4;

	weir_eth_build(&(struct weir_eth){ .type = v6 ? WEIR_ETH_IPV6
						      : WEIR_ETH_IPV4 },
		       &w);
	if (v6)
		weir_ipv6_build(&(struct weir_ipv6){ .hops = 64,
						     .proto = WEIR_PROTO_TCP,
						     .payload_len =
							     (uint16_t)len,
						     .from = from,
						     .to = far },
				&w);
	else
		weir_ipv4_build(
			&(struct weir_ipv4){ .ttl = 64,
					     .proto = WEIR_PROTO_TCP,
					     .total_len = (uint16_t)(20 + len),
					     .from = from4,
					     .to = far4 },
			&w);
	l4 = weir_wr_len(&w);
	weir_tcp_build(&(struct weir_tcp){ .sport = 1, .wscale = -1 }, &w);
	socket_frame(to + weir_wr_len(&w), l4 + len - weir_wr_len(&w), 3);
	(void)weir_wr_skip(&w, l4 + len - weir_wr_len(&w));
	weir_wr_put16(&w, l4 + WEIR_TCP_CSUM_AT,
		      (uint16_t)(add +
				 weir_csum_fold(weir_csum_pseudo(
					 v6 ? &from : &from4, v6 ? &far : &far4,
					 WEIR_PROTO_TCP, (uint32_t)len))));
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static void unfinished_checksums_are_what_the_wire_allows(void **state)
{
	(void)state;
	open_link(1500, false);
	set_buffer(guest, 1 << 20);
	for (unsigned i = 0; i < 4; i++) {
		bool wrong = i & 1;
		size_t len = make_unfinished(bytes + 4, i & 2, wrong);
		struct weir_wr w = weir_wr_over(bytes, 4);
		struct weir_rd in = weir_rd_over(room, WEIR_VNET_BYTES);
		const struct weir_span span = { room + WEIR_VNET_BYTES, len };
		const struct weir_spans s = { &span, 1, len };
		struct weir_vnethdr h;
		struct weir_view v;

		weir_wr_be32(&w, (uint32_t)len);
		CHECK_EQ(send(guest, bytes, 4 + len, 0), 4 + len);
		CHECK_EQ(OPS->event(&link_, true, false), 0);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + len);
		CHECK_EQ(weir_vnethdr_parse(&in, &h), WEIR_REASON_NONE);
		CHECK_EQ(weir_view_parse(&h, &s, &v), WEIR_REASON_NONE);
		CHECK_EQ(weir_view_l4_csum(&v, &s, &h),
			 wrong ? WEIR_REASON_CSUM : WEIR_REASON_NONE);
	}
	close_link();
}

static void a_length_that_is_none_ends_the_link(void **state)
{
	static const uint32_t bad[] = { 0,         65551,      65552,
					1u << 24,  0x7fffffff, 0x80000000,
					0xffffffff };
	static const uint32_t good[] = { 1, 65549, 65550 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t head[4];
		struct weir_wr w = weir_wr_over(head, sizeof(head));

		weir_wr_be32(&w, bad[i]);
		open_link(1500, false);
		CHECK_EQ(send(guest, "\0\0\0\1a", 5, 0), 5);
		CHECK_EQ(send(guest, head, 4, 0), 4);
		CHECK_EQ(send(guest, "\0\0\0\1a", 5, 0), 5);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
		CHECK_EQ(OPS->receive(&link_, room), -EPROTO);
		CHECK_EQ(OPS->receive(&link_, room), -EPROTO);
		CHECK_EQ(OPS->event(&link_, true, false), -EPROTO);
		close_link();
	}
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct weir_wr w = weir_wr_over(bytes, sizeof(bytes));

		weir_wr_be32(&w, good[i]);
		socket_frame(bytes + 4, good[i], 0);
		frame_len[0] = good[i];
		open_link(1500, false);
		set_buffer(guest, 1 << 20);
		CHECK_EQ(send(guest, bytes, 4 + good[i], 0), 4 + good[i]);
		check_received(OPS->receive(&link_, room), 0);
		close_link();
	}
}

static void wherever_the_stream_ends_it_is_said_how(void **state)
{
	static const uint8_t two[] = { 0, 0, 0, 3, 'a', 'b', 'c',
				       0, 0, 0, 2, 'd', 'e' };

	(void)state;
	for (size_t k = 0; k <= sizeof(two); k++) {
		bool whole = k == 0 || k == 7 || k == sizeof(two);
		int want = whole ? -EPIPE : -ECONNRESET, n;
		unsigned got = 0;

		open_link(1500, false);
		CHECK_EQ(send(guest, two, k, 0), k);
		close(guest);
		guest = -1;
		do {
			CHECK(ready() & POLLIN); /* as long as it is not over */
			CHECK_EQ(OPS->event(&link_, true, false), 0);
			n = OPS->receive(&link_, room);
			got += n > 0;
		} while (n > 0 || n == -EAGAIN);
		CHECK_EQ(n, want);
		CHECK_EQ(got, k == sizeof(two) ? 2 : k >= 7 ? 1 : 0);
		CHECK_EQ(OPS->receive(&link_, room), want);
		close_link();
	}
}

/* --- towards the guest --- */

/* Frame @number from spans cut by dice, the header in front. */
static int send_cut(size_t len, unsigned number, uint32_t *seed)
{
	static uint8_t all[WEIR_LINK_ROOM_BYTES];
	struct weir_span part[WEIR_LINK_SPANS_MAX];
	unsigned n = 0;
	size_t at = 0, end = WEIR_VNET_BYTES + len;

	memset(all, 0xee, WEIR_VNET_BYTES);
	socket_frame(all + WEIR_VNET_BYTES, len, number);
	while (at < end) {
		size_t k = n == WEIR_LINK_SPANS_MAX - 1
				   ? end - at
				   : socket_dice(seed) % (end - at + 1);

		part[n++] = (struct weir_span){ all + at, k };
		at += k;
	}
	return OPS->send(&link_, part, n);
}

/* What the guest has heard, gathered in @bytes; as far as there is any. */
static size_t hear(size_t have, size_t most)
{
	ssize_t n = recv(guest, bytes + have, most, MSG_DONTWAIT);

	CHECK(n > 0 || (n < 0 && errno == EAGAIN));
	return have + (n > 0 ? (size_t)n : 0);
}

static void check_heard(size_t have, unsigned n)
{
	struct weir_rd in = weir_rd_over(bytes, have);

	for (unsigned i = 0; i < n; i++) {
		uint32_t len = weir_rd_be32(&in);
		const uint8_t *at = weir_rd_take(&in, len);

		CHECK_EQ(len, frame_len[i]);
		CHECK(at != NULL);
		socket_frame(frame, len, i);
		CHECK(memcmp(at, frame, len) == 0);
	}
	CHECK_EQ(in.left, 0);
}

/* As the loop would: told of room, it writes. */
static void await_room(void)
{
	if (ready() & POLLOUT)
		CHECK_EQ(OPS->event(&link_, false, true), 0);
}

static void
whatever_the_socket_takes_at_a_time_frames_come_whole_and_in_order(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		unsigned taken = 0, refused = 0;
		size_t have = 0, cut = 1u << socket_dice(&seed) % 19;

		open_link(1500, true);
		set_buffer(link_.fd,
			   (int)(1u << (10 + socket_dice(&seed) % 9)));
		for (unsigned i = 0; i < 200 && have < sizeof(bytes) / 2; i++) {
			size_t len = some_len(&seed);
			int r = send_cut(len, taken, &seed);

			CHECK(r == 0 || r == -EAGAIN);
			if (r == 0)
				frame_len[taken++] = len;
			else
				refused++;
			CHECK(link_.out.len <= WEIR_STREAM_BACKLOG_BYTES);
			if (socket_dice(&seed) % 4 == 0)
				CHECK_EQ(OPS->flush(&link_),
					 OPS->wants_out(&link_));
			if (socket_dice(&seed) % 4 == 0)
				have = hear(have, 1 + socket_dice(&seed) % cut);
			if (socket_dice(&seed) % 4 == 0)
				await_room();
		}
		while (OPS->flush(&link_)) {
			have = hear(have, 1 << 20);
			await_room();
		}
		have = hear(have, sizeof(bytes) - have);
		check_heard(have, taken);
		CHECK(refused < 200);
		close_link();
	}
}

static void what_is_sent_in_a_turn_goes_at_its_end_together(void **state)
{
	uint32_t seed = 7;
	size_t have = 0;

	(void)state;
	open_link(1500, false);
	for (unsigned i = 0; i < 40; i++) {
		frame_len[i] = 1514;
		CHECK_EQ(send_cut(1514, i, &seed), 0);
	}
	have = hear(have, sizeof(bytes));
	CHECK_EQ(have, 0);
	CHECK(!OPS->flush(&link_));
	have = hear(have, sizeof(bytes));
	check_heard(have, 40);
	for (unsigned i = 0; i < 50; i++)
		CHECK_EQ(send_cut(1514, 0, &seed), 0);
	CHECK(hear(0, sizeof(bytes)) >= WEIR_STREAM_GATHER_BYTES);
	close_link();
}

/* ...and is told when it reads again; what was taken is bounded, and kept. */
static void a_peer_that_stops_reading_is_waited_for(void **state)
{
	uint32_t seed = 11;
	size_t have = 0;
	unsigned n = 0;

	(void)state;
	open_link(1500, false);
	set_buffer(link_.fd, 1 << 14);
	while (send_cut(1000, n, &seed) == 0) {
		CHECK(n < FRAMES);
		frame_len[n++] = 1000;
	}
	CHECK(OPS->flush(&link_));
	CHECK(OPS->wants_out(&link_));
	CHECK_EQ(ready(), 0); /* no spin */
	CHECK_EQ(send_cut(1000, n, &seed), -EAGAIN);
	CHECK(link_.out.len <= WEIR_STREAM_BACKLOG_BYTES);
	while (OPS->flush(&link_)) {
		have = hear(have, sizeof(bytes) - have);
		await_room();
	}
	have = hear(have, sizeof(bytes) - have);
	check_heard(have, n);
	CHECK_EQ(send_cut(60, 0, &seed), 0);
	CHECK(!OPS->flush(&link_));
	close_link();
}

static void no_frame_is_larger_than_the_guest_asked_for(void **state)
{
	static const struct {
		uint32_t mtu;
		bool jumbo;
		size_t most;
	} row[] = {
		{ 1500, false, 1518 },   { 576, false, 594 },
		{ 1500, true, 65550 },   { 65520, false, 65538 },
		{ 65535, false, 65550 },
	};
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		open_link(row[i].mtu, row[i].jumbo);
		CHECK_EQ(send_cut(row[i].most, 0, &seed), 0);
		if (row[i].most < WEIR_FRAME_MAX_BYTES)
			CHECK_EQ(send_cut(row[i].most + 1, 0, &seed),
				 -EMSGSIZE);
		frame_len[0] = row[i].most;
		CHECK(!OPS->flush(&link_));
		check_heard(hear(0, sizeof(bytes)), 1);
		close_link();
	}
}

/* --- ends --- */

static void what_a_peer_sent_before_it_went_is_received_first(void **state)
{
	uint32_t seed = 1;
	int r;

	(void)state;
	open_link(1500, false);
	CHECK_EQ(send(guest, "\0\0\0\1a\0\0\0\1b", 10, 0), 10);
	close(guest);
	guest = -1;
	CHECK_EQ(send_cut(1000, 0, &seed), 0);
	CHECK(OPS->flush(&link_)); /* it cannot go: no signal, no end yet */
	CHECK_EQ(send_cut(1000, 0, &seed), -EAGAIN);
	CHECK(ready() & POLLIN);
	CHECK_EQ(OPS->event(&link_, true, true), 0);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
	r = OPS->receive(&link_, room);
	CHECK(r == -EPIPE || r == -ECONNRESET);
	close_link();
}

static void a_peer_that_will_never_read_again_is_gone(void **state)
{
	uint32_t seed = 1;

	(void)state;
	open_link(1500, true);
	CHECK_EQ(shutdown(guest, SHUT_RD), 0);
	CHECK_EQ(send_cut(60000, 0, &seed), -EAGAIN);
	CHECK(OPS->flush(&link_));
	CHECK(ready() & POLLOUT);
	CHECK_EQ(OPS->event(&link_, false, true), -EPIPE);
	CHECK_EQ(OPS->receive(&link_, room), -EPIPE);
	close_link();
	open_link(1500, true);
	CHECK_EQ(send(guest, "\0\0\0\1a", 5, 0), 5);
	CHECK_EQ(shutdown(guest, SHUT_RD), 0);
	CHECK_EQ(send_cut(60000, 0, &seed), -EAGAIN);
	CHECK_EQ(OPS->event(&link_, true, true), 0);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 1);
	CHECK_EQ(OPS->receive(&link_, room), -EPIPE);
	close_link();
}

static void descriptors_that_a_peer_passes_are_not_kept(void **state)
{
	uint32_t seed = 21;
	unsigned before, got = 0;
	size_t len;

	(void)state;
	open_link(1500, false);
	before = socket_descriptors();
	do
		len = write_down(4, &seed);
	while (len > 6000);
	for (size_t at = 0; at < len; at++) {
		socket_pass(guest, bytes + at, 1);
		got += turn(got, 64);
	}
	CHECK_EQ(got, 4);
	CHECK_EQ(socket_descriptors(), before);
	close_link();
}

static void every_descriptor_is_closed_at_the_end(void **state)
{
	unsigned before = socket_descriptors();

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		open_link(1500, false);
		close_link();
		CHECK(OPS->receive(&link_, room) < 0);
		CHECK_EQ(OPS->fd(&link_), -1);
	}
	CHECK_EQ(socket_descriptors(), before);
}

static void too_little_memory_is_said_and_nothing_is_taken(void **state)
{
	static uint8_t mem[512 << 10];
	struct weir_arena arena;
	struct weir_stream s;

	(void)state;
	weir_arena_init(&arena, mem, weir_stream_bytes() - 300);
	CHECK_EQ(weir_stream_open(&s, -1, 1500, false, &arena), -ENOMEM);
	CHECK_EQ(arena.left, weir_stream_bytes() - 300);
	weir_arena_init(&arena, mem, weir_stream_bytes());
	CHECK_EQ(weir_stream_open(&s, -1, 1500, false, &arena), 0);
}

T_MAIN(T(however_the_stream_is_cut_and_turns_end_every_frame_is_one),
       T(a_peer_that_writes_one_byte_at_a_time_is_understood),
       T(with_no_frame_there_is_nothing_to_wait_for),
       T(the_end_of_what_there_was_is_known_without_asking),
       T(unfinished_checksums_are_what_the_wire_allows),
       T(a_length_that_is_none_ends_the_link),
       T(wherever_the_stream_ends_it_is_said_how),
       T(whatever_the_socket_takes_at_a_time_frames_come_whole_and_in_order),
       T(what_is_sent_in_a_turn_goes_at_its_end_together),
       T(a_peer_that_stops_reading_is_waited_for),
       T(no_frame_is_larger_than_the_guest_asked_for),
       T(what_a_peer_sent_before_it_went_is_received_first),
       T(a_peer_that_will_never_read_again_is_gone),
       T(descriptors_that_a_peer_passes_are_not_kept),
       T(every_descriptor_is_closed_at_the_end),
       T(too_little_memory_is_said_and_nothing_is_taken))
