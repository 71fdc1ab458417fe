/* SPDX-License-Identifier: Apache-2.0 */
#include "control/resolvers.h"

#include "../t.h"

static struct weir_resolvers parse(const char *text)
{
	struct weir_resolvers r = { .n_servers = 0 };

	weir_resolvers_parse(text, strlen(text), &r);
	return r;
}

static void servers_are_kept_in_their_order(void **state)
{
	struct weir_resolvers r = parse("# a comment\n"
					"nameserver 192.0.2.1\n"
					"  nameserver\t2001:db8::1 # more\n"
					"nameserver 192.0.2.1\n"
					"nameserver 10.0.0.1");

	(void)state;
	CHECK_EQ(r.n_servers, 3); /* the one named twice counts once */
	CHECK_EQ(weir_addr_to4(&r.server[0].addr), 0xc0000201);
	CHECK(!weir_addr_is4(&r.server[1].addr));
	CHECK_EQ(weir_addr_to4(&r.server[2].addr), 0x0a000001);
	CHECK_EQ(r.server[0].port, 53);
}

static void what_is_not_understood_is_passed_over(void **state)
{
	struct weir_resolvers r = parse("nameserver\n"
					"nameserver fe80::1%eth0\n"
					"nameserver ::\n"
					"nameserver one.two\n"
					"nameservers 192.0.2.9\n"
					";nameserver 192.0.2.8\n"
					"\n\n   \n"
					"nonsense\r\n"
					"nameserver 192.0.2.7\r\n");

	(void)state;
	CHECK_EQ(r.n_servers, 1);
	CHECK_EQ(weir_addr_to4(&r.server[0].addr), 0xc0000207);
}

static void the_last_search_or_domain_line_counts(void **state)
{
	struct weir_resolvers r = parse("domain old.test\n"
					"search a.test\tb.test . c.test\n");

	(void)state;
	CHECK_EQ(r.n_search, 3);
	CHECK_EQ(strcmp(r.search[0], "a.test"), 0);
	CHECK_EQ(strcmp(r.search[2], "c.test"), 0);
	r = parse("search a.test b.test\ndomain new.test");
	CHECK_EQ(r.n_search, 1);
	CHECK_EQ(strcmp(r.search[0], "new.test"), 0);
}

static void ndots_is_read_and_nothing_else_of_options(void **state)
{
	(void)state;
	CHECK_EQ(parse("options edns0 ndots:5 trust-ad").ndots, 5);
	CHECK_EQ(parse("options ndots:99").ndots, 0);
	CHECK_EQ(parse("options ndots:").ndots, 0);
	CHECK_EQ(parse("options ndots:x").ndots, 0);
}

static void there_is_a_limit_to_everything(void **state)
{
	char text[8192] = "";
	struct weir_resolvers r;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "nameserver 192.0.2.%d\n", i);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "search");
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " d%d.test",
				      i);
	r = parse(text);
	CHECK_EQ(r.n_servers, WEIR_DNS_UPSTREAMS_MAX);
	CHECK_EQ(r.n_search, WEIR_RESOLVERS_SEARCH_MAX);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "search ", 7);
	text[sizeof(text) - 1] = 0;
	CHECK_EQ(parse(text).n_search, 0); /* a word too long for a name */
}

static void every_truncation_stays_inside_the_text(void **state)
{
	static const char text[] = "nameserver 192.0.2.1\nsearch a b\n"
				   "options ndots:3\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = malloc(n ? n : 1);
		struct weir_resolvers r = { .n_servers = 0 };

		memcpy(exact, text, n);
		weir_resolvers_parse(exact, n, &r);
		CHECK(r.n_servers <= 1 && r.n_search <= 2);
		free(exact);
	}
}

static void the_host_has_at_least_one(void **state)
{
	struct weir_resolvers r, again;

	(void)state;
	weir_resolvers_read(&r);
	weir_resolvers_read(&again);
	CHECK(r.n_servers >= 1);
	CHECK(weir_resolvers_is_equal(&r, &again));
	again.server[0].port++;
	CHECK(!weir_resolvers_is_equal(&r, &again));
}

T_MAIN(T(servers_are_kept_in_their_order),
       T(what_is_not_understood_is_passed_over),
       T(the_last_search_or_domain_line_counts),
       T(ndots_is_read_and_nothing_else_of_options),
       T(there_is_a_limit_to_everything),
       T(every_truncation_stays_inside_the_text), T(the_host_has_at_least_one))
