/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dgram.c - frames over datagram sockets: pairs, named ones, with a path
 *
 *	link_ (bound, named by the kernel) ── guest (named, as vfkit's is)
 */
#include "link/dgram.h"

#include "../t.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "socket.h"

#define OPS (&weir_dgram_ops)

static struct weir_dgram link_;
static int guest = -1;
static uint8_t room[WEIR_LINK_ROOM_BYTES], frame[WEIR_FRAME_MAX_BYTES];
static uint8_t large[70000];
static struct sockaddr_un at;
static socklen_t at_len;

static void open_on(int fd, uint32_t mtu, bool jumbo)
{
	static uint8_t mem[512 << 10];
	struct weir_arena arena;

	weir_arena_init(&arena, mem, sizeof(mem));
	CHECK_EQ(weir_dgram_open(&link_, fd, mtu, jumbo, &arena), 0);
	CHECK(sizeof(mem) - arena.left <= weir_dgram_bytes());
}

static void open_pair(uint32_t mtu, bool jumbo)
{
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s), 0);
	guest = s[1];
	open_on(s[0], mtu, jumbo);
}

static int plain(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	return fd;
}

static int named(struct sockaddr_un *ret, socklen_t *len)
{
	const sa_family_t family = AF_UNIX;
	int fd = plain();

	CHECK_EQ(bind(fd, (const struct sockaddr *)&family, sizeof(family)), 0);
	*len = sizeof(*ret);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)ret, len), 0);
	return fd;
}

/* A socket that has a name, and knows where Weir is. */
static int new_guest(void)
{
	struct sockaddr_un own;
	socklen_t len;
	int fd = named(&own, &len);

	CHECK_EQ(connect(fd, (const struct sockaddr *)&at, at_len), 0);
	return fd;
}

static void open_bound(void)
{
	open_on(named(&at, &at_len), 1500, false);
	guest = new_guest();
}

static void close_link(void)
{
	if (guest >= 0)
		close(guest);
	guest = -1;
	OPS->close(&link_);
	OPS->close(&link_); /* once more is nothing */
}

static short ready(void)
{
	return socket_ready(OPS, &link_);
}

static int send_whole(size_t len, unsigned number)
{
	static uint8_t all[WEIR_LINK_ROOM_BYTES];
	const struct weir_span part[2] = { { all, WEIR_VNET_BYTES + len / 2 },
					   { all + WEIR_VNET_BYTES + len / 2,
					     len - len / 2 } };

	socket_frame(all + WEIR_VNET_BYTES, len, number);
	return OPS->send(&link_, part, 2);
}

static bool hears(size_t len, unsigned number)
{
	static uint8_t got[WEIR_FRAME_MAX_BYTES + 1];
	ssize_t n = recv(guest, got, sizeof(got), MSG_DONTWAIT);

	if (n < 0)
		return false;
	CHECK_EQ(n, len);
	socket_frame(frame, len, number);
	return memcmp(got, frame, len) == 0;
}

static void say(int fd, const void *what, size_t len)
{
	CHECK_EQ(send(fd, what, len, MSG_DONTWAIT), len);
}

static void a_datagram_is_a_frame_both_ways(void **state)
{
	static const size_t len[] = { 1, 13, 14, 60, 1514, 9000, 65550 };
	static const uint8_t head[WEIR_VNET_BYTES] = { [10] = 1 };

	(void)state;
	open_pair(1500, true);
	for (unsigned i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		socket_frame(frame, len[i], i);
		say(guest, frame, len[i]);
		CHECK_EQ(ready(), POLLIN);
		CHECK_EQ(OPS->event(&link_, true, false), 0);
		memset(room, 0xaa, sizeof(head));
		CHECK_EQ(OPS->receive(&link_, room), sizeof(head) + len[i]);
		CHECK(memcmp(room, head, sizeof(head)) == 0);
		CHECK(memcmp(room + sizeof(head), frame, len[i]) == 0);
		CHECK_EQ(send_whole(len[i], i), 0);
		CHECK(hears(len[i], i));
	}
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK(!OPS->flush(&link_));
	close_link();
}

static void no_bytes_and_too_many_are_passed_over(void **state)
{
	static const size_t len[] = { 0, 65551, 70000 };
	int buffer = 200000;

	(void)state;
	open_pair(1500, false);
	setsockopt(guest, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	for (unsigned i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		say(guest, large, len[i]);
		CHECK_EQ(OPS->receive(&link_, room), -EMSGSIZE);
		say(guest, "frame", 5);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	}
	close_link();
}

static void a_greeting_is_no_frame_but_only_at_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			open_bound();
		else
			open_pair(1500, false);
		say(guest, "VFKT", 4);
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
		say(guest, "VFKT", 4);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 4);
		close_link();
	}
	open_pair(1500, false);
	say(guest, "VFKX", 4);
	say(guest, "VFKT", 4);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 4);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 4);
	close_link();
	open_pair(1500, false);
	say(guest, "VFKT", 4);
	say(guest, "frame", 5);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	close_link();
}

static void until_somebody_writes_there_is_nobody_to_send_to(void **state)
{
	(void)state;
	open_bound();
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(send_whole(60, 1), -EAGAIN);
	CHECK(!OPS->flush(&link_));
	say(guest, "frame", 5); /* QEMU sends no greeting */
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	CHECK_EQ(send_whole(60, 1), 0);
	CHECK(hears(60, 1));
	close_link();
}

static void the_first_is_the_guest_and_others_are_not_heard(void **state)
{
	int other;

	(void)state;
	open_bound();
	other = new_guest();
	say(guest, "VFKT", 4);
	say(other, "stray", 5); /* before anybody was met */
	say(guest, "frame", 5);
	CHECK_EQ(OPS->receive(&link_, room), -EINVAL);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	CHECK(memcmp(room + WEIR_VNET_BYTES, "frame", 5) == 0);
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK(send(other, "stray", 5, 0) < 0 && errno == EPERM);
	say(guest, "again", 5);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	close(other);
	close_link();
}

static void who_has_no_name_is_passed_over(void **state)
{
	int nobody = plain();

	(void)state;
	open_bound();
	CHECK_EQ(connect(nobody, (const struct sockaddr *)&at, at_len), 0);
	say(nobody, "frame", 5);
	say(guest, "VFKT", 4);
	CHECK_EQ(OPS->receive(&link_, room), -EINVAL);
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(send_whole(60, 1), 0);
	CHECK(hears(60, 1));
	close(nobody);
	close_link();
}

/* ...in a new folder @dir, greets. */
static void guest_at_path(char *dir, struct sockaddr_un *own)
{
	CHECK(mkdtemp(dir) != NULL);
	own->sun_family = AF_UNIX;
	snprintf(own->sun_path, sizeof(own->sun_path), "%s/guest", dir);
	open_on(named(&at, &at_len), 1500, false);
	guest = plain();
	CHECK_EQ(bind(guest, (const struct sockaddr *)own, sizeof(*own)), 0);
	CHECK_EQ(sendto(guest, "VFKT", 4, 0, (const struct sockaddr *)&at,
			at_len),
		 4);
}

static void a_guest_with_a_path_is_met_too(void **state)
{
	char dir[] = "/tmp/weir-dgram-XXXXXX";
	struct sockaddr_un own;

	(void)state;
	guest_at_path(dir, &own);
	CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
	CHECK_EQ(send_whole(1000, 1), 0);
	CHECK(hears(1000, 1));
	CHECK_EQ(unlink(own.sun_path), 0);
	CHECK_EQ(rmdir(dir), 0);
	close_link();
}

/* QEMU sends to a path and is connected to nobody: 11 frames at a time. */
static void what_a_short_queue_does_not_take_waits_in_order(void **state)
{
	struct sockaddr_un own;
	socklen_t len;
	unsigned sent = 0, heard = 0;
	uint32_t seed = 5;

	(void)state;
	open_on(named(&at, &at_len), 1500, false);
	guest = named(&own, &len);
	CHECK_EQ(sendto(guest, "frame", 5, 0, (const struct sockaddr *)&at,
			at_len),
		 5);
	CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	while (send_whole(100 + sent % 1000, sent) == 0)
		CHECK(++sent < 10000);
	CHECK(sent > 200);
	CHECK(link_.out.len <= WEIR_DGRAM_BACKLOG_BYTES);
	CHECK(OPS->flush(&link_));
	CHECK_EQ(ready(), 0); /* no spin */
	for (; heard < 30; heard++) {
		CHECK(hears(100 + heard, heard));
		if (heard < 20)
			CHECK_EQ(OPS->event(&link_, false, true), 0);
	}
	CHECK_EQ(send_whole(100 + sent % 1000, sent), 0); /* not past them */
	sent++;
	while (heard < sent) {
		if (socket_dice(&seed) % 2 && ready() & POLLOUT)
			CHECK_EQ(OPS->event(&link_, false, true), 0);
		if (hears(100 + heard % 1000, heard))
			heard++;
		else
			CHECK_EQ(OPS->event(&link_, false, true), 0);
	}
	CHECK(!hears(0, 0));
	CHECK(!OPS->flush(&link_));
	close_link();
}

static void a_guest_that_is_gone_ends_the_link_with_the_next_frame(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_bound();
		say(guest, "frame", 5);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
		if (i) /* what waits finds out too */
			while (link_.out.len == 0)
				CHECK_EQ(send_whole(1500, 0), 0);
		close(guest);
		guest = -1;
		if (i)
			CHECK_EQ(OPS->event(&link_, false, true),
				 -ECONNREFUSED);
		CHECK_EQ(send_whole(60, 0), -ECONNREFUSED);
		CHECK_EQ(OPS->receive(&link_, room), -ECONNREFUSED);
		CHECK_EQ(OPS->event(&link_, true, false), -ECONNREFUSED);
		CHECK(OPS->flush(&link_));
		CHECK(ready() & POLLOUT); /* so it is told */
		close_link();
	}
}

/* ECONNREFUSED, whether its name is a path that is still there or not. */
static void a_guest_with_a_path_is_missed_too(void **state)
{
	(void)state;
	for (unsigned left = 0; left < 2; left++) {
		char dir[] = "/tmp/weir-dgram-XXXXXX";
		struct sockaddr_un own;

		guest_at_path(dir, &own);
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
		CHECK_EQ(send_whole(60, 1), 0);
		close(guest);
		guest = -1;
		if (!left)
			CHECK_EQ(unlink(own.sun_path), 0);
		CHECK_EQ(send_whole(60, 2), -ECONNREFUSED);
		if (left)
			CHECK_EQ(unlink(own.sun_path), 0);
		CHECK_EQ(rmdir(dir), 0);
		close_link();
	}
}

static void no_frame_is_larger_than_the_guest_asked_for(void **state)
{
	(void)state;
	open_pair(1500, false);
	CHECK_EQ(send_whole(1518, 1), 0);
	CHECK(hears(1518, 1));
	CHECK_EQ(send_whole(1519, 1), -EMSGSIZE);
	CHECK(!hears(0, 0));
	close_link();
}

static void a_frame_that_no_buffer_holds_is_not_taken(void **state)
{
	int len = 4096;

	(void)state;
	open_pair(1500, true);
	CHECK_EQ(setsockopt(link_.fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len)),
		 0);
	CHECK_EQ(send_whole(60000, 1), -EAGAIN);
	CHECK(!OPS->wants_out(&link_));
	CHECK_EQ(send_whole(60, 1), 0);
	CHECK(hears(60, 1));
	close_link();
}

static void descriptors_that_a_peer_passes_are_not_kept(void **state)
{
	unsigned before;

	(void)state;
	open_bound();
	before = socket_descriptors();
	for (unsigned i = 0; i < 30; i++) {
		socket_pass(guest, large, 5);
		CHECK_EQ(OPS->receive(&link_, room), WEIR_VNET_BYTES + 5);
	}
	CHECK_EQ(socket_descriptors(), before);
	close_link();
}

static void every_descriptor_is_closed_at_the_end(void **state)
{
	unsigned before = socket_descriptors();

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		open_bound();
		say(guest, "VFKT", 4);
		CHECK_EQ(OPS->receive(&link_, room), -EAGAIN);
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
	struct weir_dgram d;

	(void)state;
	weir_arena_init(&arena, mem, 1000);
	CHECK_EQ(weir_dgram_open(&d, -1, 1500, false, &arena), -ENOMEM);
	CHECK_EQ(arena.left, 1000);
	weir_arena_init(&arena, mem, weir_dgram_bytes());
	CHECK_EQ(weir_dgram_open(&d, -1, 1500, false, &arena), 0);
}

T_MAIN(T(a_datagram_is_a_frame_both_ways),
       T(no_bytes_and_too_many_are_passed_over),
       T(a_greeting_is_no_frame_but_only_at_first),
       T(until_somebody_writes_there_is_nobody_to_send_to),
       T(the_first_is_the_guest_and_others_are_not_heard),
       T(who_has_no_name_is_passed_over), T(a_guest_with_a_path_is_met_too),
       T(what_a_short_queue_does_not_take_waits_in_order),
       T(a_guest_that_is_gone_ends_the_link_with_the_next_frame),
       T(a_guest_with_a_path_is_missed_too),
       T(no_frame_is_larger_than_the_guest_asked_for),
       T(a_frame_that_no_buffer_holds_is_not_taken),
       T(descriptors_that_a_peer_passes_are_not_kept),
       T(every_descriptor_is_closed_at_the_end),
       T(too_little_memory_is_said_and_nothing_is_taken))
