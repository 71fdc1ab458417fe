/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ping.c - ping sockets, in a network of their own
 *
 * Whether they are allowed is a setting of the network namespace, so each test
 * makes one.
 */
#include "host/ping.h"

#include <errno.h>
#include <poll.h>

#include "../t.h"
#include "base/wr.h"
#include "host/volley.h"
#include "ownnet.h"
#include "packet/icmp.h"

#define RANGE "/proc/sys/net/ipv4/ping_group_range"

static const char *try_forbidden(void)
{
	if (!ownnet_set(RANGE, "1 0"))
		return "the range cannot be set";
	if (weir_ping_open(true) != -EACCES)
		return "IPv4 is not forbidden";
	if (weir_ping_open(false) != -EACCES)
		return "IPv6 is not forbidden";
	return NULL;
}

static const char *exchange(bool v4)
{
	const struct weir_icmp ask = { .type = v4 ? WEIR_ICMP4_ECHO
						  : WEIR_ICMP6_ECHO,
				       .id = 0xabcd,
				       .seq = 0x1234 };
	uint8_t bytes[12] = { [8] = 'a', 'b', 'c', 'd' };
	struct weir_wr w = weir_wr_over(bytes, 8);
	struct weir_span part = { bytes, sizeof(bytes) };
	struct weir_volley_out out = { .payload = { &part, 1, sizeof(bytes) } };
	uint8_t *room = malloc(weir_volley_room_bytes());
	int fd = weir_ping_open(v4);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct weir_volley_in in;
	struct weir_icmp m = { .seq = 0 };
	struct weir_rd got;

	if (fd < 0 || !room)
		return "no socket";
	out.to = v4 ? weir_addr_from4(0x7f000001)
		    : (struct weir_addr){ .b = { [15] = 1 } };
	weir_icmp_build(&ask, &w);
	if (weir_volley_send(fd, &out, 1) != 1)
		return "cannot send";
	if (poll(&p, 1, 5000) != 1 ||
	    weir_volley_receive(fd, room, &in, 1) != 1)
		return "no answer";
	got = weir_rd_over(in.part[0].at, in.part[0].len);
	if (weir_icmp_parse(&got, &m) != WEIR_REASON_NONE ||
	    m.type != (v4 ? WEIR_ICMP4_ECHO_REPLY : WEIR_ICMP6_ECHO_REPLY) ||
	    m.seq != 0x1234 || got.left != 4 || memcmp(got.at, "abcd", 4) != 0)
		return "another answer";
	if (!weir_addr_is_equal(&in.from, &out.to))
		return "from somewhere else";
	weir_ping_close(fd);
	free(room);
	return NULL;
}

static const char *try_both(void)
{
	const char *bad;

	if (!ownnet_set(RANGE, "0 2147483647") && !ownnet_set(RANGE, "0 0"))
		return "the range cannot be set";
	bad = exchange(true);
	return bad ? bad : exchange(false);
}

static void where_they_are_forbidden_that_is_what_it_says(void **state)
{
	(void)state;
	ownnet_run(try_forbidden);
}

static void an_echo_comes_back_with_its_sequence_and_bytes(void **state)
{
	(void)state;
	ownnet_run(try_both);
}

T_MAIN(T(where_they_are_forbidden_that_is_what_it_says),
       T(an_echo_comes_back_with_its_sequence_and_bytes))
