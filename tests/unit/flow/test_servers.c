/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/servers.h"

#include "../t.h"

#define SECOND UINT64_C(1000000)

static struct weir_servers of(unsigned n)
{
	struct weir_servers_entry e[WEIR_DNS_UPSTREAMS_MAX + 4];
	struct weir_servers s;

	for (unsigned i = 0; i < n; i++)
		e[i] = (struct weir_servers_entry){ .addr = weir_addr_from4(i),
						    .port = 53 };
	weir_servers_set(&s, e, n);
	return s;
}

static void they_are_asked_in_order_once_each(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= WEIR_DNS_UPSTREAMS_MAX + 4; n++) {
		struct weir_servers s = of(n);
		struct weir_servers_tried t = { .since_us = 7 };
		unsigned have =
			n < WEIR_DNS_UPSTREAMS_MAX ? n : WEIR_DNS_UPSTREAMS_MAX;
		unsigned tries = have == 1 ? WEIR_SERVERS_TRIES : have;

		CHECK_EQ(s.n, have);
		for (unsigned i = 0; i < tries; i++) {
			CHECK(weir_servers_choose(&s, &t, 7));
			CHECK_EQ(t.now, i % have);
		}
		CHECK(!weir_servers_choose(&s, &t, 7));
	}
}

static void one_that_refused_is_not_asked_again(void **state)
{
	struct weir_servers s = of(1);
	struct weir_servers_tried t = { 0 };

	(void)state;
	CHECK(weir_servers_choose(&s, &t, 0));
	weir_servers_refused(&t);
	CHECK(!weir_servers_choose(&s, &t, 0));
	s = of(2);
	t = (struct weir_servers_tried){ 0 };
	CHECK(weir_servers_choose(&s, &t, 0));
	weir_servers_refused(&t);
	CHECK(weir_servers_choose(&s, &t, 0));
	CHECK_EQ(t.now, 1);
	weir_servers_forget(&t); /* other servers: but no more tries */
	CHECK(!weir_servers_choose(&s, &t, 0));
}

static void time_runs_out(void **state)
{
	struct weir_servers s = of(8);
	struct weir_servers_tried t = { .since_us = SECOND };

	(void)state;
	CHECK(weir_servers_choose(&s, &t, SECOND + WEIR_SERVERS_BUDGET_US - 1));
	CHECK(!weir_servers_choose(&s, &t, SECOND + WEIR_SERVERS_BUDGET_US));
}

static unsigned first(const struct weir_servers *s, uint64_t now)
{
	struct weir_servers_tried t = { .since_us = now };

	CHECK(weir_servers_choose(s, &t, now));
	return t.now;
}

static void silence_moves_a_server_back_for_a_while(void **state)
{
	struct weir_servers s = of(2);
	struct weir_servers_tried zero = { .now = 0 }, one = { .now = 1 };

	(void)state;
	weir_servers_silent(&s, &zero, 0);
	weir_servers_silent(&s, &zero, 0);
	CHECK_EQ(first(&s, 1), 0);
	weir_servers_spoke(&s, &zero); /* not three in a row then */
	weir_servers_silent(&s, &zero, 0);
	CHECK_EQ(first(&s, 1), 0);
	weir_servers_silent(&s, &zero, 0);
	weir_servers_silent(&s, &zero, 0);
	CHECK_EQ(first(&s, 1), 1);
	CHECK_EQ(first(&s, WEIR_SERVERS_SHUN_US - 1), 1);
	CHECK_EQ(first(&s, WEIR_SERVERS_SHUN_US), 0);
	for (unsigned i = 0; i < WEIR_SERVERS_SILENCES; i++)
		weir_servers_silent(&s, &one, 0);
	CHECK_EQ(first(&s, 1), 0); /* all shunned: the order as given */
	weir_servers_spoke(&s, &one);
	CHECK_EQ(first(&s, 1), 1);
}

T_MAIN(T(they_are_asked_in_order_once_each),
       T(one_that_refused_is_not_asked_again), T(time_runs_out),
       T(silence_moves_a_server_back_for_a_while))
