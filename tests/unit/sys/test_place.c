/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/place.h"

#include <arpa/inet.h>

#include "../t.h"

static const char *const addrs[] = { "0.0.0.0", "10.0.2.15", "255.255.255.255",
				     "127.0.0.1" };
static const char *const addrs6[] = { "::", "::1", "fd77:6972::2",
				      "2606:4700:4700::1111", "fe80::1" };

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		union weir_place p;
		struct weir_addr a, got;
		struct in_addr v4;
		uint16_t port = 0;

		CHECK_EQ(inet_pton(AF_INET, addrs[i], &v4), 1);
		a = weir_addr_from4(ntohl(v4.s_addr));
		CHECK_EQ(weir_place_fill(&p, &a, 4711), sizeof(p.in));
		CHECK_EQ(p.in.sin_family, AF_INET);
		CHECK_EQ(p.in.sin_addr.s_addr, v4.s_addr);
		weir_place_read(&p, &got, &port);
		CHECK(weir_addr_is_equal(&a, &got));
		CHECK_EQ(port, 4711);
	}
	for (size_t i = 0; i < 5; i++) {
		union weir_place p;
		struct weir_addr a, got;
		uint16_t port = 0;

		CHECK_EQ(inet_pton(AF_INET6, addrs6[i], a.b), 1);
		CHECK_EQ(weir_place_fill(&p, &a, 65535), sizeof(p.in6));
		CHECK_EQ(p.in6.sin6_family, AF_INET6);
		CHECK_EQ(p.in6.sin6_scope_id, 0);
		weir_place_read(&p, &got, &port);
		CHECK(weir_addr_is_equal(&a, &got));
		CHECK_EQ(port, 65535);
	}
}

static void another_family_writes_nothing(void **state)
{
	union weir_place p = { .any = { .sa_family = AF_UNIX } };
	struct weir_addr got = weir_addr_from4(7);
	uint16_t port = 7;

	(void)state;
	weir_place_read(&p, &got, &port);
	CHECK_EQ(weir_addr_to4(&got), 7);
	CHECK_EQ(port, 7);
}

T_MAIN(T(what_is_written_is_read_back), T(another_family_writes_nothing))
