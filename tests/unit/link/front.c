/* SPDX-License-Identifier: Apache-2.0 */
/* front.c - a vhost-user front-end and its guest, in this process */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../t.h"

#define NEED_REPLY 8u
#define FDS_MOST   64u

static void connect_link(struct front *f, bool sealed)
{
	const struct weir_vhost_user_options o = {
		.mac = { { 2, 0, 0, 0, 0, 1 } },
		.mtu = 1500,
		.sealed = sealed,
	};
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	f->sock = s[0];
	CHECK_EQ(weir_vhost_user_open(s[1], &o, &f->link), 0);
	f->ack = false;
}

static void open_signals(struct front *f)
{
	for (unsigned i = 0; i < FRONT_RINGS; i++) {
		f->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		f->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		f->err[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		CHECK(f->kick[i] >= 0 && f->call[i] >= 0 && f->err[i] >= 0);
	}
}

static void close_signals(struct front *f)
{
	for (unsigned i = 0; i < FRONT_RINGS; i++) {
		close(f->kick[i]);
		close(f->call[i]);
		close(f->err[i]);
	}
}

void front_open(struct front *f, bool sealed)
{
	memset(f, 0, sizeof(*f));
	connect_link(f, sealed);
	open_signals(f);
	f->mem_fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK(f->mem_fd >= 0);
	CHECK_EQ(ftruncate(f->mem_fd, FRONT_BYTES), 0);
	f->mem = mmap(NULL, FRONT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      f->mem_fd, 0);
	CHECK(f->mem != MAP_FAILED);
	for (unsigned i = 0; i < FRONT_RINGS; i++)
		driver_init(&f->ring[i], f->mem, i * DRIVER_RING_BYTES,
			    FRONT_NUM);
}

void front_close(struct front *f)
{
	f->link.ops->close(f->link.self);
	close(f->sock);
	close_signals(f);
	munmap(f->mem, FRONT_BYTES);
	close(f->mem_fd);
}

void front_restart(struct front *f)
{
	close(f->sock);
	close_signals(f);
	CHECK(front_turn(f) < 0);
	f->link.ops->close(f->link.self);
	connect_link(f, false);
	open_signals(f);
}

void front_send(const struct front *f, uint32_t request, uint32_t flags,
		const void *body, size_t len, const int *fd, unsigned n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * FDS_MOST)];
	} u = { .room = { 0 } };
	uint8_t bytes[12 + 1024];
	const uint32_t head[3] = { request, 1 | flags, (uint32_t)len };
	struct iovec v = { bytes, 12 + len };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };

	CHECK(len <= 1024 && n <= FDS_MOST);
	memcpy(bytes, head, 12);
	if (len)
		memcpy(bytes + 12, body, len);
	if (n) {
		struct cmsghdr *c = &u.align;

		h.msg_control = u.room;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fd, sizeof(int) * n);
	}
	CHECK_EQ(sendmsg(f->sock, &h, MSG_NOSIGNAL), 12 + len);
}

int front_turn(const struct front *f)
{
	int r = f->link.ops->event(f->link.self, true, false);

	f->link.ops->flush(f->link.self);
	return r;
}

size_t front_hear(const struct front *f, uint32_t request, void *body,
		  size_t cap)
{
	uint32_t head[3];

	CHECK_EQ(recv(f->sock, head, 12, MSG_DONTWAIT), 12);
	CHECK_EQ(head[0], request);
	CHECK_EQ(head[1], 5);
	CHECK(head[2] <= cap);
	if (head[2])
		CHECK_EQ(recv(f->sock, body, head[2], MSG_DONTWAIT), head[2]);
	return head[2];
}

void front_tell(const struct front *f, uint32_t request, const void *body,
		size_t len, int fd)
{
	uint64_t ack = 99;

	front_send(f, request, f->ack ? NEED_REPLY : 0, body, len, &fd,
		   fd >= 0);
	CHECK_EQ(front_turn(f), 0);
	if (!f->ack)
		return;
	CHECK_EQ(front_hear(f, request, &ack, 8), 8);
	CHECK_EQ(ack, 0);
}

void front_tell_u64(const struct front *f, uint32_t request, uint64_t v, int fd)
{
	front_tell(f, request, &v, sizeof(v), fd);
}

void front_tell_state(const struct front *f, uint32_t request, uint32_t index,
		      uint32_t num)
{
	const uint32_t b[2] = { index, num };

	front_tell(f, request, b, sizeof(b), -1);
}

void front_negotiate(struct front *f, uint64_t features, uint64_t protocol)
{
	front_tell_u64(f, WEIR_VHOST_SET_PROTOCOL_FEATURES, protocol, -1);
	f->ack = protocol & WEIR_VHOST_P_REPLY_ACK;
	front_tell_u64(f, WEIR_VHOST_SET_FEATURES, features, -1);
}

void front_table(const struct front *f)
{
	struct {
		uint32_t n, zero;
		struct front_region r;
	} b = { 1, 0, { DRIVER_GPA, FRONT_BYTES, FRONT_UVA, 0 } };

	front_tell(f, WEIR_VHOST_SET_MEM_TABLE, &b, sizeof(b), f->mem_fd);
}

void front_ring(struct front *f, unsigned i)
{
	const struct driver *d = &f->ring[i];
	struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} b = { i,
		0,
		FRONT_UVA + driver_desc(d),
		FRONT_UVA + driver_used(d),
		FRONT_UVA + driver_avail(d),
		0 };

	front_tell_state(f, WEIR_VHOST_SET_VRING_NUM, i, FRONT_NUM);
	front_tell_state(f, WEIR_VHOST_SET_VRING_BASE, i, d->seen);
	front_tell(f, WEIR_VHOST_SET_VRING_ADDR, &b, sizeof(b), -1);
	front_tell_u64(f, WEIR_VHOST_SET_VRING_CALL, i, f->call[i]);
	front_tell_u64(f, WEIR_VHOST_SET_VRING_ERR, i, f->err[i]);
	front_tell_u64(f, WEIR_VHOST_SET_VRING_KICK, i, f->kick[i]);
}

void front_enable(const struct front *f, unsigned i, bool on)
{
	front_tell_state(f, WEIR_VHOST_SET_VRING_ENABLE, i, on);
}

void front_start(struct front *f, uint64_t features, unsigned pairs)
{
	front_negotiate(f, features, WEIR_VHOST_PROTOCOL);
	front_table(f);
	for (unsigned i = 0; i < 2 * pairs; i++) {
		front_ring(f, i);
		front_enable(f, i, true);
	}
}

uint32_t front_stop_ring(struct front *f, unsigned i)
{
	uint32_t b[2] = { i, 0 };

	front_send(f, WEIR_VHOST_GET_VRING_BASE, 0, b, sizeof(b), NULL, 0);
	CHECK_EQ(front_turn(f), 0);
	CHECK_EQ(front_hear(f, WEIR_VHOST_GET_VRING_BASE, b, sizeof(b)), 8);
	CHECK_EQ(b[0], i);
	return b[1];
}

void front_kick(const struct front *f, unsigned i)
{
	const uint64_t one = 1;

	CHECK_EQ(write(f->kick[i], &one, sizeof(one)), 8);
}

uint64_t front_called(const struct front *f, unsigned i)
{
	uint64_t n = 0;

	if (read(f->call[i], &n, sizeof(n)) < 0)
		CHECK_EQ(errno, EAGAIN);
	return n;
}

bool front_is_readable(const struct front *f)
{
	struct pollfd p = { .fd = f->link.ops->fd(f->link.self),
			    .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}
