/* SPDX-License-Identifier: Apache-2.0 */
/* test_errqueue.c - what the network says about datagrams, over loopback */
#include "host/errqueue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "../t.h"
#include "host/post.h"
#include "host/volley.h"
#include "ownnet.h"

static uint8_t body[2000] = "nobody hears this";

/* A port of the loopback that nobody has: one that was bound and closed. */
static uint16_t closed_port(bool v4)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = v4 ? sizeof(in) : sizeof(in6);
	struct sockaddr *at =
		v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	int fd = weir_post_open(v4);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 && !v4)
		skip(); /* a machine without IPv6 */
	CHECK_EQ(bind(fd, at, len), 0);
	CHECK_EQ(getsockname(fd, at, &len), 0);
	weir_post_close(fd);
	return ntohs(v4 ? in.sin_port : in6.sin6_port);
}

static struct weir_addr loop_of(bool v4)
{
	return v4 ? weir_addr_from4(0x7f000001)
		  : (struct weir_addr){ .b = { [15] = 1 } };
}

static int send_to(int fd, const struct weir_addr *to, uint16_t port, size_t n)
{
	struct weir_span part = { body, n };
	struct weir_volley_out out = { .to = *to,
				       .port = port,
				       .payload = { &part, 1, n } };

	return weir_volley_send(fd, &out, 1);
}

static void wait_error(int fd)
{
	struct pollfd p = { .fd = fd, .events = 0 };

	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK(p.revents & POLLERR);
}

static void a_refusal_names_everything(bool v4)
{
	uint16_t port = closed_port(v4);
	struct weir_addr loop = loop_of(v4);
	struct weir_errqueue_error e;
	uint8_t got[100];
	int fd = weir_post_open(v4);

	CHECK_EQ(weir_errqueue_take(fd, got, sizeof(got), &e), 0);
	CHECK_EQ(send_to(fd, &loop, port, 18), 1);
	wait_error(fd);
	CHECK_EQ(weir_errqueue_take(fd, got, sizeof(got), &e), 1);
	CHECK(e.known && !e.local);
	CHECK_EQ(e.why, WEIR_ICMP_WHY_PORT);
	CHECK(weir_addr_is_equal(&e.from, &loop));
	CHECK(weir_addr_is_equal(&e.to, &loop));
	CHECK_EQ(e.port, port);
	CHECK_EQ(e.len, 18);
	CHECK(memcmp(got, body, 18) == 0);
	CHECK_EQ(weir_errqueue_take(fd, got, sizeof(got), &e), 0);
	weir_post_close(fd);
}

static void a_refused_port_over_ipv4(void **state)
{
	(void)state;
	a_refusal_names_everything(true);
}

static void a_refused_port_over_ipv6(void **state)
{
	(void)state;
	a_refusal_names_everything(false);
}

static void a_waiting_error_fails_the_next_send_until_it_is_taken(void **state)
{
	uint16_t port = closed_port(true);
	struct weir_addr loop = loop_of(true);
	struct weir_errqueue_error e;
	uint8_t got[8];
	int fd = weir_post_open(true);

	(void)state;
	CHECK_EQ(send_to(fd, &loop, port, 18), 1);
	wait_error(fd);
	CHECK_EQ(send_to(fd, &loop, 9, 1), -ECONNREFUSED);
	CHECK_EQ(weir_errqueue_take(fd, got, sizeof(got), &e), 1);
	CHECK_EQ(e.len, sizeof(got)); /* no more than there is room for */
	CHECK_EQ(send_to(fd, &loop, 9, 1), 1);
	weir_post_close(fd);
}

static const char *send_too_big(bool v4, uint32_t headers)
{
	struct weir_addr loop = loop_of(v4);
	struct weir_errqueue_error e;
	uint8_t got[8];
	int fd;

	if (!ownnet_loop_mtu(1500))
		return "the MTU cannot be set";
	fd = weir_post_open(v4);
	if (send_to(fd, &loop, 9, 1500 - headers) != 1)
		return "what fits does not go";
	while (weir_errqueue_take(fd, got, sizeof(got), &e))
		; /* nobody is at that port */
	if (send_to(fd, &loop, 9, 1501 - headers) != -EMSGSIZE)
		return "what does not fit goes";
	if (!weir_errqueue_take(fd, got, sizeof(got), &e))
		return "no error";
	if (!e.known || !e.local || e.why != WEIR_ICMP_WHY_TOO_BIG)
		return "another error";
	if (e.mtu != 1500)
		return "another MTU";
	if (!weir_addr_is_zero(&e.from))
		return "somebody said it";
	weir_volley_keep_whole(fd, v4, false);
	if (send_to(fd, &loop, 9, 1501 - headers) != 1)
		return "it does not go in parts";
	weir_post_close(fd);
	return NULL;
}

static const char *too_big(void)
{
	const char *bad = send_too_big(true, 28);

	return bad ? bad : send_too_big(false, 48);
}

static void too_big_for_the_way_is_local_and_names_the_mtu(void **state)
{
	(void)state;
	ownnet_run(too_big);
}

T_MAIN(T(a_refused_port_over_ipv4), T(a_refused_port_over_ipv6),
       T(a_waiting_error_fails_the_next_send_until_it_is_taken),
       T(too_big_for_the_way_is_local_and_names_the_mtu))
