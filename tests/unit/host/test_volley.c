/* SPDX-License-Identifier: Apache-2.0 */
/* test_volley.c - many datagrams of one socket in one call, over loopback */
#include "host/volley.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"
#include "host/errqueue.h"
#include "host/post.h"

#define BODY_BYTES 65536u

struct world {
	bool v4;
	int a, b;
	struct weir_addr loop;
	uint16_t a_port, b_port;
	uint8_t *room, *body;
};

static uint16_t bind_to_loop(int fd, bool v4)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = v4 ? sizeof(in) : sizeof(in6);
	struct sockaddr *at =
		v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(fd, at, len), 0);
	CHECK_EQ(getsockname(fd, at, &len), 0);
	return ntohs(v4 ? in.sin_port : in6.sin6_port);
}

static void begin(struct world *w, bool v4)
{
	*w = (struct world){ .v4 = v4, .loop = { .b = { [15] = 1 } } };
	if (v4)
		w->loop = weir_addr_from4(0x7f000001);
	w->a = weir_post_open(v4);
	w->b = weir_post_open(v4);
	if (w->a < 0 && !v4)
		skip(); /* a machine without IPv6 */
	CHECK(w->a >= 0 && w->b >= 0);
	w->a_port = bind_to_loop(w->a, v4);
	w->b_port = bind_to_loop(w->b, v4);
	w->room = malloc(weir_volley_room_bytes());
	w->body = malloc(BODY_BYTES);
	CHECK(w->room && w->body);
	for (size_t i = 0; i < BODY_BYTES; i++)
		w->body[i] = (uint8_t)(i * 31 + i / 251);
}

static void end(struct world *w)
{
	weir_post_close(w->a);
	weir_post_close(w->b);
	free(w->room);
	free(w->body);
}

static void wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 5000), 1);
}

/* A message of @n bytes of the body from @at on, in the span @s. */
static struct weir_volley_out shot(struct world *w, struct weir_span *s,
				   size_t at, size_t n)
{
	*s = (struct weir_span){ w->body + at, n };
	return (struct weir_volley_out){ .to = w->loop,
					 .port = w->b_port,
					 .payload = { s, 1, n } };
}

static bool holds(const struct weir_volley_in *in, const uint8_t *want,
		  size_t n)
{
	const struct weir_spans all = { in->part, in->n, in->len };
	uint8_t *copy = malloc(n + 1);
	bool same;

	CHECK(copy != NULL);
	same = in->len == n && weir_spans_copy(&all, 0, copy, n) == n &&
	       memcmp(copy, want, n) == 0;
	free(copy);
	return same;
}

static void many_sizes_go_in_one_call_and_come_in_order(bool v4)
{
	static const size_t size[] = { 0,    1,    2,    100,  2047,  2048,
				       2049, 4000, 9000, 1472, 65000, 7 };
	enum { N = sizeof(size) / sizeof(size[0]) };
	struct weir_volley_out out[N];
	struct weir_volley_in in[WEIR_VOLLEY_IN_MAX];
	struct weir_span part[N];
	unsigned got = 0;
	struct world w;

	begin(&w, v4);
	for (unsigned i = 0; i < N; i++)
		out[i] = shot(&w, &part[i], i, size[i]);
	CHECK_EQ(weir_volley_send(w.a, out, N), N);
	while (got < N) {
		int n;

		wait_for(w.b);
		n = weir_volley_receive(w.b, w.room, in, WEIR_VOLLEY_IN_MAX);
		CHECK(n > 0);
		for (int i = 0; i < n; i++, got++) {
			CHECK(holds(&in[i], w.body + got, size[got]));
			CHECK_EQ(in[i].port, w.a_port);
			CHECK_EQ(in[i].segment, 0);
			CHECK(weir_addr_is_equal(&in[i].from, &w.loop));
		}
	}
	CHECK_EQ(weir_volley_receive(w.b, w.room, in, 1), -EAGAIN);
	end(&w);
}

static void a_volley_arrives_in_order_over_ipv4(void **state)
{
	(void)state;
	many_sizes_go_in_one_call_and_come_in_order(true);
}

static void a_volley_arrives_in_order_over_ipv6(void **state)
{
	(void)state;
	many_sizes_go_in_one_call_and_come_in_order(false);
}

static void a_message_of_segments_arrives_as_its_datagrams(void **state)
{
	struct weir_volley_in in[WEIR_VOLLEY_IN_MAX];
	struct weir_volley_out out;
	struct weir_span part;
	size_t at = 0;
	struct world w;

	(void)state;
	begin(&w, true);
	out = shot(&w, &part, 0, 40 * 1200 + 77);
	out.segment = 1200;
	CHECK_EQ(weir_volley_send(w.a, &out, 1), 1);
	while (at < part.len) { /* together, or one at a time */
		int n;

		wait_for(w.b);
		n = weir_volley_receive(w.b, w.room, in, WEIR_VOLLEY_IN_MAX);
		CHECK(n > 0);
		for (int i = 0; i < n; i++) {
			CHECK(in[i].segment == 1200 || in[i].len == 1200 ||
			      in[i].len == 77);
			CHECK(holds(&in[i], w.body + at, in[i].len));
			at += in[i].len;
		}
	}
	CHECK_EQ(at, part.len);
	end(&w);
}

static void spans_are_gathered_and_hops_are_told(void **state)
{
	const int on = 1;
	struct weir_span part[3];
	struct weir_volley_out out;
	uint8_t control[128], got[16];
	struct iovec v = { got, sizeof(got) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int ttl[2] = { 0, 0 };
	struct world w;

	(void)state;
	begin(&w, true);
	CHECK_EQ(setsockopt(w.b, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
	out = shot(&w, &part[0], 0, 3);
	part[1] = (struct weir_span){ w.body + 3, 4 };
	part[2] = (struct weir_span){ w.body + 7, 1 };
	out.payload = (struct weir_spans){ part, 3, 8 };
	for (int i = 0; i < 2; i++) {
		out.ttl = i ? 5 : 0;
		CHECK_EQ(weir_volley_send(w.a, &out, 1), 1);
		wait_for(w.b);
		m.msg_controllen = sizeof(control);
		CHECK_EQ(recvmsg(w.b, &m, 0), 8);
		CHECK(memcmp(got, w.body, 8) == 0);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c;
		     c = CMSG_NXTHDR(&m, c))
			if (c->cmsg_type == IP_TTL)
				memcpy(&ttl[i], CMSG_DATA(c), sizeof(int));
	}
	CHECK_EQ(ttl[0], WEIR_VOLLEY_HOPS);
	CHECK_EQ(ttl[1], 5);
	end(&w);
}

static void what_went_before_a_failure_is_counted(void **state)
{
	struct weir_volley_out out[3];
	struct weir_span part[3];
	struct world w;

	(void)state;
	begin(&w, true);
	for (unsigned i = 0; i < 3; i++)
		out[i] = shot(&w, &part[i], i, 10);
	out[1].payload.len = part[1].len =
		BODY_BYTES; /* no packet is so long */
	CHECK_EQ(weir_volley_send(w.a, out, 3), 1);
	CHECK_EQ(weir_volley_send(w.a, out + 1, 2), -EMSGSIZE);
	CHECK_EQ(weir_volley_send(w.a, out + 2, 1), 1);
	end(&w);
}

static void whole_or_not_can_be_changed(void **state)
{
	int how = -1;
	socklen_t len = sizeof(how);
	struct world w;

	(void)state;
	begin(&w, true);
	CHECK_EQ(getsockopt(w.a, IPPROTO_IP, IP_MTU_DISCOVER, &how, &len), 0);
	CHECK_EQ(how, IP_PMTUDISC_DO);
	weir_volley_keep_whole(w.a, true, false);
	CHECK_EQ(getsockopt(w.a, IPPROTO_IP, IP_MTU_DISCOVER, &how, &len), 0);
	CHECK_EQ(how, IP_PMTUDISC_DONT);
	weir_volley_keep_whole(w.a, true, true);
	CHECK_EQ(getsockopt(w.a, IPPROTO_IP, IP_MTU_DISCOVER, &how, &len), 0);
	CHECK_EQ(how, IP_PMTUDISC_DO);
	end(&w);
}

T_MAIN(T(a_volley_arrives_in_order_over_ipv4),
       T(a_volley_arrives_in_order_over_ipv6),
       T(a_message_of_segments_arrives_as_its_datagrams),
       T(spans_are_gathered_and_hops_are_told),
       T(what_went_before_a_failure_is_counted), T(whole_or_not_can_be_changed))
