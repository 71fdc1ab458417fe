/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vhost_user.c - the link, against a front-end in this process
 *
 *	struct driver ── memfd ── weir_link_ops
 *	struct front  ── socket, eventfds ──┘
 *
 * Every test ends with the descriptors it began with.
 */
#include "link/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"
#include "front.h"
#include "socket.h"
#include "sys/charter.h"
#include "sys/guarded.h"

#define ALL   WEIR_VHOST_FEATURES
#define PLAIN (WEIR_VHOST_F_VERSION_1 | WEIR_VHOST_F_PROTOCOL)

static struct front f;
static uint8_t room[WEIR_LINK_ROOM_BYTES];
static unsigned before;

static void begin(void)
{
	before = socket_descriptors();
	CHECK_EQ(weir_guarded_install(), 0);
	front_open(&f, false);
}

static void begin_with(uint64_t features, unsigned pairs)
{
	begin();
	front_start(&f, features, pairs);
}

static void end(void)
{
	front_close(&f);
	CHECK_EQ(socket_descriptors(), before);
}

static uint64_t data(size_t off)
{
	return DRIVER_GPA + FRONT_DATA + off;
}

static int receive(void)
{
	return f.link.ops->receive(f.link.self, room);
}

static void flush(void)
{
	CHECK(!f.link.ops->flush(f.link.self));
}

/* The guest sends @len bytes, header included, that begin @off in its data. */
static void guest_sends(unsigned ring, unsigned slot, size_t off, uint32_t len)
{
	driver_write(&f.ring[ring], slot, data(off), len, 0, 0);
	driver_offer(&f.ring[ring], slot);
}

static void guest_waits(unsigned ring, unsigned slot, size_t off, uint32_t len)
{
	driver_write(&f.ring[ring], slot, data(off), len, DRIVER_WRITE, 0);
	driver_offer(&f.ring[ring], slot);
}

static int send_with(uint8_t flags, uint8_t gso, size_t len)
{
	static uint8_t frame[WEIR_LINK_ROOM_BYTES];
	struct weir_span part[2] = { { frame, 54 }, { frame + 54, len - 54 } };

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(frame, 0, 12);
	frame[0] = flags;
	frame[1] = gso;
	return f.link.ops->send(f.link.self, part, 2);
}

static int send_frame(size_t len)
{
	return send_with(0, 0, len);
}

static void fill(size_t off, size_t len)
{
	for (size_t i = 0; i < len; i++)
		f.mem[FRONT_DATA + off + i] = (uint8_t)(i * 11 + (i >> 7));
}

/* ---------------------------------------------------------------- frames */

static void a_frame_up_arrives_with_its_header(void **state)
{
	uint32_t id, len;

	(void)state;
	begin_with(ALL, 1);
	CHECK_EQ(receive(), -EAGAIN);
	fill(0, 100);
	guest_sends(1, 5, 0, 100);
	front_kick(&f, 1);
	CHECK(front_is_readable(&f));
	CHECK_EQ(f.link.ops->event(f.link.self, true, false), 0);
	CHECK_EQ(receive(), 100);
	CHECK(memcmp(room, f.mem + FRONT_DATA, 10) == 0);
	CHECK(room[10] == 0 && room[11] == 0);
	CHECK(memcmp(room + 12, f.mem + FRONT_DATA + 12, 88) == 0);
	CHECK_EQ(receive(), -EAGAIN);
	flush();
	CHECK(driver_used_next(&f.ring[1], &id, &len));
	CHECK(id == 5 && len == 0);
	CHECK_EQ(front_called(&f, 1), 1);
	end();
}

static void a_header_of_ten_bytes_becomes_one_of_twelve(void **state)
{
	(void)state;
	begin_with(WEIR_VHOST_F_PROTOCOL, 1);
	fill(0, 100);
	guest_sends(1, 0, 0, 100);
	guest_waits(0, 0, 0x1000, 100);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), 102);
	CHECK(memcmp(room, f.mem + FRONT_DATA, 10) == 0);
	CHECK(room[10] == 0 && room[11] == 0);
	CHECK(memcmp(room + 12, f.mem + FRONT_DATA + 10, 90) == 0);
	CHECK_EQ(send_frame(102), 0);
	CHECK_EQ(f.mem[FRONT_DATA + 0x1000 + 10], (uint8_t)(12 * 7));
	CHECK_EQ(f.mem[FRONT_DATA + 0x1000 + 99], (uint8_t)(101 * 7));
	CHECK_EQ(send_frame(103), -EAGAIN); /* no buffer any more */
	end();
}

static void frames_too_short_or_too_long_are_passed_over(void **state)
{
	(void)state;
	begin_with(ALL, 1);
	guest_sends(1, 0, 0, 25);
	guest_sends(1, 1, 0, 0);
	guest_sends(1, 2, 0, WEIR_LINK_ROOM_BYTES + 1);
	driver_write(&f.ring[1], 3, 5, 100, 0, 0);
	driver_offer(&f.ring[1], 3);
	guest_sends(1, 4, 0, WEIR_LINK_ROOM_BYTES);
	guest_sends(1, 5, 0, 26);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), -EMSGSIZE);
	CHECK_EQ(receive(), -EMSGSIZE);
	CHECK_EQ(receive(), -EMSGSIZE);
	CHECK_EQ(receive(), -EINVAL);
	CHECK_EQ(receive(), WEIR_LINK_ROOM_BYTES);
	CHECK_EQ(receive(), 26);
	CHECK_EQ(receive(), -EAGAIN);
	CHECK_EQ(weir_vhost_user_counts(f.link.self).bad, 4);
	end();
}

static void frames_down_are_one_interrupt_a_turn(void **state)
{
	uint32_t id, len;

	(void)state;
	begin_with(ALL, 1);
	for (unsigned i = 0; i < 50; i++)
		guest_waits(0, i, i * 2048, 2048);
	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(send_frame(1512), 0);
	CHECK_EQ(front_called(&f, 0), 0);
	flush();
	CHECK_EQ(front_called(&f, 0), 1);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(driver_used_next(&f.ring[0], &id, &len));
		CHECK(id == i && len == 1512);
	}
	/* 65,550 bytes and a header in 33 buffers of 2048: there are 30 */
	CHECK_EQ(send_frame(WEIR_LINK_ROOM_BYTES), -EAGAIN);
	CHECK_EQ(send_frame(30 * 2048), 0);
	CHECK_EQ(f.mem[FRONT_DATA + 20 * 2048 + 10], 30);
	flush();
	CHECK_EQ(weir_vhost_user_counts(f.link.self).full, 1);
	end();
}

static void room_that_comes_back_makes_the_descriptor_readable(void **state)
{
	(void)state;
	begin_with(ALL, 1);
	CHECK_EQ(send_frame(100), -EAGAIN);
	flush();
	CHECK(!front_is_readable(&f));
	CHECK_EQ(driver_avail_event(&f.ring[0]), f.ring[0].idx);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(f.link.ops->wants_out(f.link.self));
		guest_waits(0, 2 * i, 0, 2048);
		guest_waits(0, 2 * i + 1, 0, 2048);
		front_kick(&f, 0);
		CHECK(front_is_readable(&f));
		CHECK_EQ(front_turn(&f), 0);
		CHECK(!front_is_readable(&f));
		CHECK(!f.link.ops->wants_out(f.link.self));
		CHECK_EQ(send_frame(100), 0);
		CHECK(!f.link.ops->wants_out(f.link.self));
		/* the last place: it is full before anything is lost */
		CHECK_EQ(send_frame(100), 0);
		flush();
	}
	end();
}

static void what_a_guest_cannot_finish_is_not_sent(void **state)
{
	static const struct {
		uint64_t features;
		uint32_t offload;
	} row[] = {
		{ 0, 0 },
		{ WEIR_VHOST_F_GUEST_CSUM, WEIR_OFFLOAD_CSUM },
		{ WEIR_VHOST_F_GUEST_CSUM | WEIR_VHOST_F_GUEST_TSO4,
		  WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 },
		{ WEIR_VHOST_F_GUEST_CSUM | WEIR_VHOST_F_GUEST_TSO6,
		  WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO6 },
		{ WEIR_VHOST_F_GUEST_TSO4, 0 }, /* not without the sum */
	};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		uint32_t has = row[i].offload;

		begin_with(PLAIN | row[i].features, 1);
		for (unsigned k = 0; k < 10; k++)
			guest_waits(0, k, k * 2048, 2048);
		CHECK_EQ(weir_vhost_user_offload(f.link.self), has);
		CHECK_EQ(send_with(0, 0, 100), 0);
		CHECK_EQ(send_with(1, 0, 100),
			 has & WEIR_OFFLOAD_CSUM ? 0 : -EAGAIN);
		CHECK_EQ(send_with(1, WEIR_VNET_GSO_TCPV4, 100),
			 has & WEIR_OFFLOAD_TSO4 ? 0 : -EAGAIN);
		CHECK_EQ(send_with(1, WEIR_VNET_GSO_TCPV6, 100),
			 has & WEIR_OFFLOAD_TSO6 ? 0 : -EAGAIN);
		CHECK_EQ(send_with(1, WEIR_VNET_GSO_UDP_L4, 100), -EAGAIN);
		end();
	}
}

/* ----------------------------------------------------------------- turns */

static void an_idle_link_is_silent_and_a_busy_one_is_not(void **state)
{
	(void)state;
	begin_with(ALL, 1);
	flush();
	CHECK(!front_is_readable(&f));
	for (unsigned i = 0; i < 100; i++)
		guest_sends(1, i, 0, 60);
	front_kick(&f, 1);
	for (unsigned i = 0; i < 100; i++) {
		CHECK(front_is_readable(&f));
		CHECK_EQ(f.link.ops->event(f.link.self, true, false), 0);
		CHECK_EQ(receive(), 60); /* one a turn */
		flush();
	}
	CHECK(!front_is_readable(&f));
	/* one that came while we looked away, without a kick, is seen */
	guest_sends(1, 0, 0, 60);
	front_kick(&f, 1);
	CHECK_EQ(f.link.ops->event(f.link.self, true, false), 0);
	CHECK_EQ(receive(), 60);
	guest_sends(1, 0, 0, 60);
	flush();
	CHECK(front_is_readable(&f));
	end();
}

static void several_pairs_take_turns(void **state)
{
	unsigned got[8] = { 0 };

	(void)state;
	begin_with(ALL, 8);
	for (unsigned p = 0; p < 8; p++) {
		for (unsigned i = 0; i < 10; i++) {
			f.mem[FRONT_DATA + p * 2048 + 20] = (uint8_t)p;
			guest_sends(2 * p + 1, i, p * 2048, 60);
		}
		front_kick(&f, 2 * p + 1);
	}
	CHECK_EQ(front_turn(&f), 0);
	for (unsigned i = 0; i < 80; i++) {
		CHECK_EQ(receive(), 60);
		got[room[20]]++;
		if (i % 8 == 7)
			for (unsigned p = 0; p < 8; p++)
				CHECK_EQ(got[p], i / 8 + 1);
	}
	CHECK_EQ(receive(), -EAGAIN);
	flush();
	for (unsigned p = 0; p < 8; p++)
		CHECK_EQ(front_called(&f, 2 * p + 1), 1);
	end();
}

/* An UDP datagram behind a header, in the guest's data. */
static void put_datagram(uint8_t *at, unsigned from, unsigned to)
{
	memset(at, 0, 72);
	at[12 + 12] = 8;
	at[12 + 14] = 0x45;
	at[12 + 23] = 17;
	at[12 + 34] = (uint8_t)(from >> 8);
	at[12 + 35] = (uint8_t)from;
	at[12 + 36] = (uint8_t)(to >> 8);
	at[12 + 37] = (uint8_t)to;
}

static void a_conversation_is_answered_where_it_came_from(void **state)
{
	uint8_t back[72];
	const struct weir_span part = { back, sizeof(back) };

	(void)state;
	begin_with(ALL, 4);
	for (unsigned p = 0; p < 4; p++)
		for (unsigned i = 0; i < 60; i++)
			guest_waits(2 * p, i, 0x10000 + i * 2048, 2048);
	for (unsigned i = 0; i < 50; i++) {
		unsigned p = i % 4;
		uint32_t id, len;

		put_datagram(f.mem + FRONT_DATA, 1000 + i, 53);
		guest_sends(2 * p + 1, i, 0, 72);
		front_kick(&f, 2 * p + 1);
		CHECK_EQ(front_turn(&f), 0);
		CHECK_EQ(receive(), 72);
		put_datagram(back, 53, 1000 + i);
		CHECK_EQ(f.link.ops->send(f.link.self, &part, 1), 0);
		flush();
		CHECK(driver_used_next(&f.ring[2 * p], &id, &len));
	}
	/* its ring is taken away: another one does */
	front_enable(&f, 2, false);
	put_datagram(f.mem + FRONT_DATA, 77, 53);
	guest_sends(3, 0, 0, 72);
	front_kick(&f, 3);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), 72);
	put_datagram(back, 53, 77);
	CHECK_EQ(f.link.ops->send(f.link.self, &part, 1), 0);
	end();
}

static unsigned used(unsigned ring)
{
	uint32_t id, len;
	unsigned n = 0;

	while (driver_used_next(&f.ring[ring], &id, &len))
		n++;
	return n;
}

/* 64 conversations, half from each: some share a hash, most do not. */
static void both_of_two_pairs_get_the_frames_of_their_flows(void **state)
{
	const unsigned flows = 64;
	uint8_t back[72];
	const struct weir_span part = { back, sizeof(back) };
	unsigned right = 0, got[2] = { 0 };

	(void)state;
	begin_with(ALL, 2);
	for (unsigned i = 0; i < flows; i++) {
		unsigned p = i % 2;

		guest_waits(0, i, 0x10000 + i * 2048, 2048);
		guest_waits(2, i, 0x80000 + i * 2048, 2048);
		put_datagram(f.mem + FRONT_DATA, 40000 + i, 443);
		guest_sends(2 * p + 1, i, 0, 72);
		front_kick(&f, 2 * p + 1);
		CHECK_EQ(front_turn(&f), 0);
		CHECK_EQ(receive(), 72);
	}
	for (unsigned i = 0; i < flows; i++) {
		unsigned now[2];

		put_datagram(back, 443, 40000 + i);
		CHECK_EQ(f.link.ops->send(f.link.self, &part, 1), 0);
		flush();
		for (unsigned p = 0; p < 2; p++) {
			now[p] = used(2 * p);
			got[p] += now[p];
		}
		CHECK_EQ(now[0] + now[1], 1);
		right += now[i % 2];
	}
	CHECK(right >= flows * 3 / 4);
	CHECK(got[0] >= flows / 3 && got[1] >= flows / 3);
	end();
}

static void a_ring_that_is_not_enabled_carries_nothing(void **state)
{
	uint32_t id, len;

	(void)state;
	begin();
	front_negotiate(&f, ALL, WEIR_VHOST_PROTOCOL);
	front_table(&f);
	front_ring(&f, 0);
	front_ring(&f, 1);
	CHECK(!weir_vhost_user_is_up(f.link.self));
	guest_sends(1, 0, 0, 60);
	guest_waits(0, 0, 0x1000, 2048);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), -EAGAIN);
	CHECK_EQ(send_frame(100), -EAGAIN);
	flush();
	CHECK(!front_is_readable(&f)); /* waits to be enabled, does not spin */
	front_enable(&f, 0, true);
	front_enable(&f, 1, true);
	CHECK(weir_vhost_user_is_up(f.link.self));
	CHECK_EQ(receive(), 60); /* and nothing was lost */
	CHECK_EQ(send_frame(100), 0);
	flush();
	CHECK(driver_used_next(&f.ring[1], &id, &len));
	/* once it was disabled what is sent there goes nowhere */
	front_enable(&f, 1, false);
	for (unsigned i = 0; i < 100; i++)
		guest_sends(1, i, 0, 60);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	while (front_is_readable(&f)) {
		CHECK_EQ(front_turn(&f), 0);
		CHECK_EQ(receive(), -EAGAIN);
		flush();
	}
	for (unsigned i = 0; i < 100; i++)
		CHECK(driver_used_next(&f.ring[1], &id, &len));
	CHECK_EQ(weir_vhost_user_counts(f.link.self).discarded, 100);
	end();
}

/* ------------------------------------------------------------ life of it */

static void rings_enabled_before_features_are_fine(void **state)
{
	(void)state;
	begin();
	front_tell_state(&f, WEIR_VHOST_SET_VRING_ENABLE, 0, 1);
	front_tell_state(&f, WEIR_VHOST_SET_VRING_ENABLE, 1, 1);
	front_negotiate(&f, ALL, WEIR_VHOST_PROTOCOL);
	front_table(&f);
	front_ring(&f, 0);
	front_ring(&f, 1);
	guest_sends(1, 0, 0, 60);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), 60);
	end();
}

static void a_ring_stopped_and_started_goes_on(void **state)
{
	uint32_t id, len;

	(void)state;
	begin_with(ALL, 1);
	for (unsigned i = 0; i < 7; i++)
		guest_sends(1, i, 0, 60 + i);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(receive(), 60 + i);
	CHECK_EQ(front_stop_ring(&f, 1), 5);
	for (unsigned i = 0; i < 5; i++) /* all that was read is shown */
		CHECK(driver_used_next(&f.ring[1], &id, &len) && id == i);
	CHECK(!driver_used_next(&f.ring[1], &id, &len));
	CHECK_EQ(receive(), -EAGAIN);
	front_kick(&f, 1); /* nobody listens */
	CHECK(!front_is_readable(&f));
	front_ring(&f, 1);
	CHECK_EQ(receive(), 65);
	CHECK_EQ(receive(), 66);
	CHECK_EQ(receive(), -EAGAIN);
	end();
}

static void a_front_end_that_comes_back_finds_its_rings(void **state)
{
	uint32_t id, len;

	(void)state;
	begin_with(ALL, 2);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 10; i++)
			guest_sends(1, i, 0, 60 + i);
		front_kick(&f, 1);
		CHECK_EQ(front_turn(&f), 0);
		for (unsigned i = 0; i < 10; i++)
			CHECK_EQ(receive(), 60 + i);
		flush();
		for (unsigned i = 0; i < 10; i++)
			CHECK(driver_used_next(&f.ring[1], &id, &len));
		guest_sends(1, 3, 0, 99); /* waits for the next one */
		front_restart(&f);
		front_start(&f, ALL, 2);
		CHECK_EQ(receive(), 99);
		flush();
		CHECK(driver_used_next(&f.ring[1], &id, &len));
	}
	end();
}

static void memory_added_later_is_used_and_can_be_taken_away(void **state)
{
	struct {
		uint64_t zero;
		struct front_region r;
	} b = { 0, { 0x40000000, 0x10000, FRONT_UVA + 0x10000000, 0x1000 } };
	int more = memfd_create("more", MFD_CLOEXEC);

	(void)state;
	CHECK_EQ(ftruncate(more, 0x20000), 0);
	begin_with(ALL, 1);
	CHECK_EQ(pwrite(more, "hello", 5, 0x1000 + 40), 5);
	driver_write(&f.ring[1], 0, 0x40000000, 60, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		driver_offer(&f.ring[1], 0);
		if (i == 1)
			front_tell(&f, WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b),
				   more);
		if (i == 2)
			front_tell(&f, WEIR_VHOST_REM_MEM_REG, &b, sizeof(b),
				   -1);
		front_kick(&f, 1);
		CHECK_EQ(front_turn(&f), 0);
		CHECK_EQ(receive(), i == 1 ? 60 : -EINVAL);
		if (i == 1)
			CHECK(memcmp(room + 40, "hello", 5) == 0);
	}
	end();
	close(more);
}

/* -------------------------------------------------------------- messages */

static void messages_arrive_in_any_pieces(void **state)
{
	const uint32_t two[6] = { WEIR_VHOST_GET_FEATURES,          1, 0,
				  WEIR_VHOST_GET_PROTOCOL_FEATURES, 1, 0 };
	struct {
		uint32_t head[3];
		uint64_t v;
	} __attribute__((packed))
	m = { { WEIR_VHOST_SET_FEATURES, 1, 8 }, ALL };
	uint64_t v;

	(void)state;
	begin();
	/* a byte at a time */
	for (size_t i = 0; i < sizeof(m); i++) {
		CHECK_EQ(send(f.sock, (const uint8_t *)&m + i, 1, 0), 1);
		CHECK_EQ(front_turn(&f), 0);
	}
	CHECK_EQ(weir_vhost_user_offload(f.link.self),
		 WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 | WEIR_OFFLOAD_TSO6);
	/* two in one */
	CHECK_EQ(send(f.sock, two, sizeof(two), 0), (int)sizeof(two));
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(front_hear(&f, WEIR_VHOST_GET_FEATURES, &v, 8), 8);
	CHECK_EQ(v, ALL);
	CHECK_EQ(front_hear(&f, WEIR_VHOST_GET_PROTOCOL_FEATURES, &v, 8), 8);
	/* more than one turn takes */
	for (unsigned i = 0; i < 100; i++)
		front_send(&f, WEIR_VHOST_SET_OWNER, 0, NULL, 0, NULL, 0);
	for (unsigned i = 0; i < 4; i++) {
		CHECK(front_is_readable(&f));
		CHECK_EQ(front_turn(&f), 0);
	}
	CHECK(!front_is_readable(&f));
	end();
}

static void descriptors_too_many_end_the_link_and_are_closed(void **state)
{
	int fd[32];

	(void)state;
	for (unsigned n = 0; n <= 32; n++) {
		uint64_t v = 0;

		begin();
		for (unsigned i = 0; i < 32; i++)
			fd[i] = f.kick[i % FRONT_RINGS];
		front_send(&f, WEIR_VHOST_SET_VRING_CALL, 0, &v, 8, fd, n);
		CHECK_EQ(front_turn(&f), n == 1 ? 0 : -EPROTO);
		if (n != 1)
			CHECK(weir_vhost_user_why(f.link.self) != NULL);
		end();
	}
	/* across the pieces of one message */
	begin();
	for (unsigned i = 0; i < 9; i++) {
		struct {
			uint32_t head[3];
		} m = { { WEIR_VHOST_SET_MEM_TABLE, 1, 100 } };
		union {
			struct cmsghdr align;
			char room[CMSG_SPACE(sizeof(int))];
		} u = { .room = { 0 } };
		struct iovec v = { (uint8_t *)&m + i, 1 };
		struct msghdr h = { .msg_iov = &v,
				    .msg_iovlen = 1,
				    .msg_control = u.room,
				    .msg_controllen = sizeof(u.room) };

		u.align.cmsg_level = SOL_SOCKET;
		u.align.cmsg_type = SCM_RIGHTS;
		u.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&u.align), &f.mem_fd, sizeof(int));
		CHECK_EQ(sendmsg(f.sock, &h, 0), 1);
		CHECK_EQ(front_turn(&f), i < 8 ? 0 : -EPROTO);
	}
	end();
}

static void a_message_cut_by_the_end_leaks_nothing(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < 20; cut++) {
		const uint32_t m[5] = { WEIR_VHOST_SET_VRING_KICK, 1, 8 };

		begin();
		CHECK_EQ(send(f.sock, m, cut, 0), (int)cut);
		CHECK_EQ(shutdown(f.sock, SHUT_WR), 0);
		/* a turn may read what there is and see the end in the next */
		CHECK(front_is_readable(&f));
		if (front_turn(&f) == 0)
			CHECK_EQ(front_turn(&f), -EPIPE);
		CHECK_EQ(front_turn(&f), -EPIPE);
		end();
	}
}

static void a_front_end_that_does_not_read_is_left(void **state)
{
	int r = 0;

	(void)state;
	begin();
	for (unsigned i = 0; r == 0 && i < 100000; i++) {
		const uint32_t m[3] = { WEIR_VHOST_GET_FEATURES, 1, 0 };

		CHECK_EQ(send(f.sock, m, sizeof(m), MSG_DONTWAIT), 12);
		r = front_turn(&f);
	}
	CHECK_EQ(r, -ETIMEDOUT);
	end();
}

static void what_is_not_vhost_user_ends_the_link(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(send(f.sock, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	CHECK_EQ(front_turn(&f), -EPROTO);
	CHECK_EQ(weir_vhost_user_counts(f.link.self).refused, 1);
	CHECK(weir_vhost_user_why(f.link.self) != NULL);
	end();
}

/* The link says that message was refused. */
static void expect_refusal(uint32_t request, const void *body, size_t len,
			   int fd)
{
	uint64_t ack = 0, was = weir_vhost_user_counts(f.link.self).refused;

	front_send(&f, request, 8, body, len, &fd, fd >= 0);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(front_hear(&f, request, &ack, 8), 8);
	CHECK_EQ(ack, 1);
	CHECK_EQ(weir_vhost_user_counts(f.link.self).refused, was + 1);
}

static void descriptors_that_are_no_eventfds_are_refused(void **state)
{
	uint64_t ring = 1;
	int bad[4], p[2], s[2];

	(void)state;
	CHECK_EQ(pipe2(p, O_CLOEXEC), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	begin_with(ALL, 1);
	bad[0] = p[1];
	bad[1] = s[0];
	bad[2] = f.mem_fd;
	bad[3] = 2;
	for (unsigned i = 0; i < 4; i++) {
		expect_refusal(WEIR_VHOST_SET_VRING_CALL, &ring, 8, bad[i]);
		expect_refusal(WEIR_VHOST_SET_VRING_KICK, &ring, 8, bad[i]);
		expect_refusal(WEIR_VHOST_SET_VRING_ERR, &ring, 8, bad[i]);
	}
	guest_sends(1, 0, 0, 60); /* what was there before is there still */
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), 60);
	flush();
	CHECK_EQ(front_called(&f, 1), 1);
	end();
	for (unsigned i = 0; i < 2; i++) {
		close(p[i]);
		close(s[i]);
	}
}

/* ---------------------------------------------------------------- memory */

static void memory_files_that_are_too_short_are_refused(void **state)
{
	static const struct {
		uint64_t size, offset;
		bool good;
	} row[] = {
		{ FRONT_BYTES, 0, true },
		{ FRONT_BYTES + 1, 0, false },
		{ FRONT_BYTES, 1, false },
		{ FRONT_BYTES - 0x1000, 0x1000, true },
		{ FRONT_BYTES - 0x1001, 0x1001, true },
		{ 1, FRONT_BYTES, false },
		{ 1, FRONT_BYTES - 1, true },
		{ UINT64_MAX / 2, 0, false },
		{ 0x1000, UINT64_C(1) << 62, false },
		{ 0x1000, UINT64_MAX - 0x2000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct {
			uint64_t zero;
			struct front_region r;
		} b = { 0, { 0x1000, row[i].size, 0x1000, row[i].offset } };

		begin();
		front_negotiate(&f, ALL, WEIR_VHOST_PROTOCOL);
		if (row[i].good)
			front_tell(&f, WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b),
				   f.mem_fd);
		else
			expect_refusal(WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b),
				       f.mem_fd);
		expect_refusal(WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b), f.sock);
		end();
	}
}

static void memory_that_can_be_cut_is_refused_where_that_is_asked(void **state)
{
	struct {
		uint64_t zero;
		struct front_region r;
	} b = { 0, { 0x1000, 0x1000, 0x1000, 0 } };

	(void)state;
	before = socket_descriptors();
	front_open(&f, true);
	front_negotiate(&f, ALL, WEIR_VHOST_PROTOCOL);
	expect_refusal(WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b), f.mem_fd);
	CHECK_EQ(fcntl(f.mem_fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	front_tell(&f, WEIR_VHOST_ADD_MEM_REG, &b, sizeof(b), f.mem_fd);
	end();
}

static void memory_cut_under_the_rings_ends_them_and_not_us(void **state)
{
	struct weir_vhost_user_counts c;
	uint64_t n = 0;

	(void)state;
	if (!weir_guarded_is_possible())
		skip();
	begin_with(ALL, 2);
	guest_waits(0, 0, 0, 2048);
	guest_sends(1, 0, 0, 60);
	CHECK_EQ(ftruncate(f.mem_fd, 0), 0);
	for (unsigned i = 0; i < 4; i++)
		front_kick(&f, i);
	CHECK_EQ(front_turn(&f), 0);
	for (unsigned i = 0; i < 10; i++) {
		int r = receive();

		CHECK(r == -EAGAIN || r == -EINVAL);
	}
	CHECK_EQ(send_frame(100), -EAGAIN);
	flush();
	CHECK(!front_is_readable(&f));
	c = weir_vhost_user_counts(f.link.self);
	CHECK(c.broken >= 3);
	CHECK_EQ(read(f.err[1], &n, sizeof(n)), 8);
	CHECK_EQ(ftruncate(f.mem_fd, FRONT_BYTES), 0);
	/* what has come back can be used again */
	for (unsigned i = 0; i < 2; i++) {
		(void)front_stop_ring(&f, i);
		driver_init(&f.ring[i], f.mem, i * DRIVER_RING_BYTES,
			    FRONT_NUM);
		front_ring(&f, i);
	}
	guest_sends(1, 0, 0, 60);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK_EQ(receive(), 60);
	end();
}

static void a_ring_that_breaks_is_told_and_left(void **state)
{
	uint64_t n = 0;

	(void)state;
	begin_with(ALL, 2);
	driver_put16(&f.ring[1], driver_avail(&f.ring[1]) + 2, 5000);
	guest_sends(3, 0, 0, 61);
	front_kick(&f, 1);
	front_kick(&f, 3);
	CHECK_EQ(f.link.ops->event(f.link.self, true, false), 0);
	CHECK_EQ(receive(), -EINVAL);
	CHECK_EQ(receive(), 61); /* the other one lives */
	CHECK_EQ(receive(), -EAGAIN);
	flush();
	CHECK_EQ(read(f.err[1], &n, sizeof(n)), 8);
	front_kick(&f, 1);
	CHECK_EQ(front_turn(&f), 0);
	CHECK(!front_is_readable(&f));
	CHECK_EQ(receive(), -EAGAIN);
	CHECK_EQ(weir_vhost_user_counts(f.link.self).broken, 1);
	end();
}

/* ------------------------------------------------------------------ wakes */

#define MANY 60000u

/*
 * A guest that kicks only when it is asked to, in a thread of its own, and a
 * link that sleeps when it has nothing: a lost kick or a lost interrupt is a
 * sleep without end.
 */
static void *guest(void *arg)
{
	struct driver *d = &f.ring[1];
	uint8_t *avail = f.mem + driver_avail(d),
		*used = f.mem + driver_used(d);
	uint32_t id, len;

	(void)arg;
	for (unsigned i = 0; i < MANY; i++) {
		uint16_t event;

		while ((uint16_t)(d->idx - d->seen) == FRONT_NUM) {
			struct pollfd p = { .fd = f.call[1], .events = POLLIN };
			uint64_t n;

			if (driver_used_next(d, &id, &len))
				continue;
			driver_set_used_event(d, d->seen);
			atomic_thread_fence(memory_order_seq_cst);
			if (driver_used_next(d, &id, &len))
				continue;
			if (poll(&p, 1, 20000) != 1)
				return (void *)(uintptr_t)1;
			if (read(f.call[1], &n, sizeof(n)) != 8)
				return (void *)(uintptr_t)2;
		}
		driver_put16(d, driver_avail(d) + 4 + 2 * (d->idx % FRONT_NUM),
			     0);
		d->idx++;
		__atomic_store_n((uint16_t *)(void *)(avail + 2), d->idx,
				 __ATOMIC_RELEASE);
		atomic_thread_fence(memory_order_seq_cst);
		event = __atomic_load_n((uint16_t *)(void *)(used + 4 +
							     8 * FRONT_NUM),
					__ATOMIC_RELAXED);
		if (event == (uint16_t)(d->idx - 1))
			front_kick(&f, 1);
	}
	return NULL;
}

static void no_kick_and_no_interrupt_is_lost(void **state)
{
	struct pollfd p = { .events = POLLIN };
	unsigned got = 0, sleeps = 0;
	void *said = NULL;
	pthread_t t;

	(void)state;
	begin_with(ALL, 1);
	fill(0, 100);
	driver_write(&f.ring[1], 0, data(0), 100, 0, 0);
	CHECK_EQ(front_turn(&f), 0);
	p.fd = f.link.ops->fd(f.link.self);
	CHECK_EQ(pthread_create(&t, NULL, guest, NULL), 0);
	while (got < MANY) {
		CHECK_EQ(poll(&p, 1, 20000), 1);
		sleeps++;
		CHECK_EQ(f.link.ops->event(f.link.self, true, false), 0);
		for (unsigned i = 0; i < WEIR_TURN_FRAMES_UP; i++) {
			int n = receive();

			if (n == -EAGAIN)
				break;
			CHECK_EQ(n, 100);
			got++;
		}
		flush();
	}
	CHECK_EQ(pthread_join(t, &said), 0);
	CHECK(said == NULL);
	CHECK(sleeps >= MANY / WEIR_TURN_FRAMES_UP);
	end();
}

T_MAIN(T(a_frame_up_arrives_with_its_header),
       T(a_header_of_ten_bytes_becomes_one_of_twelve),
       T(frames_too_short_or_too_long_are_passed_over),
       T(frames_down_are_one_interrupt_a_turn),
       T(room_that_comes_back_makes_the_descriptor_readable),
       T(what_a_guest_cannot_finish_is_not_sent),
       T(an_idle_link_is_silent_and_a_busy_one_is_not),
       T(several_pairs_take_turns),
       T(a_conversation_is_answered_where_it_came_from),
       T(both_of_two_pairs_get_the_frames_of_their_flows),
       T(a_ring_that_is_not_enabled_carries_nothing),
       T(rings_enabled_before_features_are_fine),
       T(a_ring_stopped_and_started_goes_on),
       T(a_front_end_that_comes_back_finds_its_rings),
       T(memory_added_later_is_used_and_can_be_taken_away),
       T(messages_arrive_in_any_pieces),
       T(descriptors_too_many_end_the_link_and_are_closed),
       T(a_message_cut_by_the_end_leaks_nothing),
       T(a_front_end_that_does_not_read_is_left),
       T(what_is_not_vhost_user_ends_the_link),
       T(descriptors_that_are_no_eventfds_are_refused),
       T(memory_files_that_are_too_short_are_refused),
       T(memory_that_can_be_cut_is_refused_where_that_is_asked),
       T(memory_cut_under_the_rings_ends_them_and_not_us),
       T(a_ring_that_breaks_is_told_and_left),
       T(no_kick_and_no_interrupt_is_lost))
