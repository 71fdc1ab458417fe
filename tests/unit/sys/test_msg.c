/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"

static uint8_t room[WEIR_MSG_PACKET_BYTES];

static void pair(int s[2])
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
}

static void part(int s[2])
{
	close(s[0]);
	close(s[1]);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void a_message_arrives_as_it_was_sent(void **state)
{
	static const char text[] = "one sentence";
	struct weir_msg m;
	int s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_NOTE, text, sizeof(text), NULL,
			       0),
		 0);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), 1);
	CHECK_EQ(m.kind, WEIR_MSG_NOTE);
	CHECK_EQ(m.body.left, sizeof(text));
	CHECK(memcmp(m.body.at, text, sizeof(text)) == 0);
	CHECK_EQ(m.n_fds, 0);
	part(s);
}

static void the_largest_and_the_empty_body_pass(void **state)
{
	static uint8_t body[WEIR_MSG_MAX_BYTES + 1];
	struct weir_msg m;
	int s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_STOP, NULL, 0, NULL, 0), 0);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), 1);
	CHECK_EQ(m.body.left, 0);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_CHARTER, body, sizeof(body) - 1,
			       NULL, 0),
		 0);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), 1);
	CHECK_EQ(m.body.left, WEIR_MSG_MAX_BYTES);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_CHARTER, body, sizeof(body), NULL,
			       0),
		 -EMSGSIZE);
	part(s);
}

static void descriptors_arrive_close_on_exec(void **state)
{
	int s[2], p[2], before;
	struct weir_msg m;
	char c = 'x';

	(void)state;
	pair(s);
	CHECK_EQ(pipe(p), 0);
	before = open_descriptors();
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_LINK, NULL, 0, p, 2), 0);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), 1);
	CHECK_EQ(m.n_fds, 2);
	CHECK(fcntl(m.fd[0], F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(write(m.fd[1], &c, 1), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	weir_msg_close_fds(&m);
	CHECK_EQ(open_descriptors(), before);
	close(p[0]);
	close(p[1]);
	part(s);
}

static void too_many_descriptors_are_refused_and_closed(void **state)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * (WEIR_MSG_FDS_MAX + 1))];
	} u = { .room = { 0 } };
	uint8_t head[8] = { WEIR_MSG_VERSION, WEIR_MSG_LINK };
	struct iovec v = { .iov_base = head, .iov_len = sizeof(head) };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = u.room,
			    .msg_controllen = sizeof(u.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	struct weir_msg m;
	int s[2], before, fd[WEIR_MSG_FDS_MAX + 1] = { 0 };

	(void)state;
	pair(s);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), fd, sizeof(fd));
	before = open_descriptors();
	CHECK_EQ(sendmsg(s[0], &h, 0), (int)sizeof(head));
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), -EPROTO);
	CHECK_EQ(open_descriptors(), before);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_LINK, NULL, 0, fd,
			       WEIR_MSG_FDS_MAX + 1),
		 -EMSGSIZE);
	part(s);
}

/* To a thread of this process: by number, and a duplicate. */
static void a_descriptor_is_handed_over(void **state)
{
	uint8_t buf[WEIR_MSG_PACKET_BYTES],
		much[WEIR_MSG_HAND_BYTES + 1] = { 0 };
	struct rlimit was, none;
	struct weir_msg m;
	int s[2], fd;

	(void)state;
	pair(s);
	CHECK_EQ(weir_msg_hand(s[0], WEIR_MSG_DOOR, "body", 4, s[0]), 0);
	CHECK_EQ(weir_msg_receive(s[1], buf, sizeof(buf), &m), 1);
	CHECK_EQ(m.n_fds, 0);
	weir_msg_adopt(&m);
	CHECK_EQ(m.n_fds, 1);
	CHECK(m.fd[0] != s[0] && m.fd[0] != s[1]);
	CHECK_EQ(fcntl(m.fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(m.body.left, 4);
	CHECK(memcmp(weir_rd_take(&m.body, 4), "body", 4) == 0);
	fd = m.fd[0];
	weir_msg_close_fds(&m);
	/* nothing is left of one that was not sent */
	CHECK_EQ(weir_msg_hand(s[0], WEIR_MSG_DOOR, much, sizeof(much), s[0]),
		 -EMSGSIZE);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = (rlim_t)fd;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_EQ(weir_msg_hand(s[0], WEIR_MSG_POLICY, NULL, 0, s[0]), -EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
	CHECK(!weir_msg_is_waiting(s[1]));
	/* a message without the number has no descriptor */
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_POLICY, "x", 1, NULL, 0), 0);
	CHECK_EQ(weir_msg_receive(s[1], buf, sizeof(buf), &m), 1);
	weir_msg_adopt(&m);
	CHECK_EQ(m.n_fds, 0);
	close(s[1]);
	CHECK_EQ(weir_msg_hand(s[0], WEIR_MSG_POLICY, NULL, 0, s[0]), -EPIPE);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
	close(s[0]);
}

static void every_malformed_packet_is_refused(void **state)
{
	static const struct {
		uint8_t b[12];
		size_t n;
	} row[] = {
		{ { 2, 1, 0, 0, 0, 0, 0, 0 }, 8 },              /* version */
		{ { 1, 0, 0, 0, 0, 0, 0, 0 }, 8 },              /* no kind */
		{ { 1, WEIR_MSG_KINDS, 0, 0, 0, 0, 0, 0 }, 8 }, /* unknown */
		{ { 1, 255, 0, 0, 0, 0, 0, 0 }, 8 },
		{ { 1, 1, 1, 0, 0, 0, 0, 0 }, 8 }, /* not zero */
		{ { 1, 1, 0, 0, 0, 0, 0, 1 }, 8 }, /* longer than it is */
		{ { 1, 1, 0, 0, 0, 0, 0, 1, 0, 0 }, 10 }, /* bytes left over */
		{ { 1, 1, 0, 0, 255, 255, 255, 255 }, 8 },
		{ { 1, 1, 0, 0, 0, 0, 0 }, 7 }, /* cut header */
		{ { 1 }, 1 },
	};
	struct weir_msg m = { .kind = WEIR_MSG_TALLY };
	int s[2], before;

	(void)state;
	pair(s);
	before = open_descriptors();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_EQ(send(s[0], row[i].b, row[i].n, 0), (int)row[i].n);
		CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m),
			 -EPROTO);
		CHECK_EQ(m.kind, WEIR_MSG_TALLY); /* untouched */
	}
	CHECK_EQ(open_descriptors(), before);
	part(s);
}

static void a_packet_larger_than_the_room_is_refused(void **state)
{
	uint8_t small[8];
	struct weir_msg m;
	int s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_NOTE, "x", 1, NULL, 0), 0);
	CHECK_EQ(weir_msg_receive(s[1], small, sizeof(small), &m), -EPROTO);
	part(s);
}

static void an_end_and_an_empty_socket_have_their_own_answers(void **state)
{
	struct weir_msg m;
	int s[2];

	(void)state;
	pair(s);
	CHECK_EQ(fcntl(s[1], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), -EAGAIN);
	close(s[0]);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), 0);
	CHECK_EQ(weir_msg_send(s[1], WEIR_MSG_STOP, NULL, 0, NULL, 0), -EPIPE);
	close(s[1]);
	CHECK_EQ(weir_msg_receive(s[1], room, sizeof(room), &m), -EBADF);
}

/* Who ends without having heard all has still said what he said. */
static void the_last_words_come_after_a_reset_too(void **state)
{
	struct weir_msg m;
	int s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_msg_send(s[0], WEIR_MSG_STOP, NULL, 0, NULL, 0), 0);
	CHECK_EQ(weir_msg_send(s[1], WEIR_MSG_EVENTS, NULL, 0, NULL, 0), 0);
	CHECK_EQ(weir_msg_send(s[1], WEIR_MSG_BYE, NULL, 0, NULL, 0), 0);
	close(s[1]); /* STOP was not read */
	CHECK_EQ(weir_msg_receive(s[0], room, sizeof(room), &m), 1);
	CHECK_EQ(m.kind, WEIR_MSG_EVENTS);
	CHECK_EQ(weir_msg_receive(s[0], room, sizeof(room), &m), 1);
	CHECK_EQ(m.kind, WEIR_MSG_BYE);
	CHECK_EQ(weir_msg_receive(s[0], room, sizeof(room), &m), 0);
	close(s[0]);
}

T_MAIN(T(a_message_arrives_as_it_was_sent),
       T(the_largest_and_the_empty_body_pass),
       T(descriptors_arrive_close_on_exec),
       T(too_many_descriptors_are_refused_and_closed),
       T(a_descriptor_is_handed_over), T(every_malformed_packet_is_refused),
       T(a_packet_larger_than_the_room_is_refused),
       T(the_last_words_come_after_a_reset_too),
       T(an_end_and_an_empty_socket_have_their_own_answers))
