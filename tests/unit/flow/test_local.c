/* SPDX-License-Identifier: Apache-2.0 */
#include "askworld.h"

static struct world w;

/* what the guest hears when it asks for @text; NULL: nobody here knows */
static void says(bool has6, const char *text, uint16_t type, const char *want)
{
	const struct weir_local_host host[] = {
		{ name("db.corp"), addr("10.1.1.1") },
		{ name("db.corp"), addr("10.1.1.2") },
		{ name("db.corp"), addr("fd00::9") },
		{ name("host.docker.internal"), addr("10.9.9.9") },
		{ name("one"), addr("fd00::1") },
	};
	struct query q = { .name = text, .type = type, .flags = WEIR_DNS_RD };

	world_open(&w, 1, has6, host, LEN(host));
	w.verdict = WEIR_ASK_DENY; /* the policy is not asked */
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	if (want)
		told_is(&w, "NOERROR", want);
	else
		told_is(&w, "NXDOMAIN", "");
	CHECK_EQ(w.ask.stats.local, want ? 1 : 0);
	world_close(&w);
}

static void aliases_are_the_gateway(void **state)
{
	(void)state;
	says(true, "host.weir.internal", 1, "host.weir.internal 60 A 10.0.2.2");
	says(true, "HOST.Containers.internal", 1,
	     "host.containers.internal 60 A 10.0.2.2");
	says(true, "host.weir.internal", 28,
	     "host.weir.internal 60 AAAA fd77:6972::2");
	says(false, "host.weir.internal", 28, "");
	says(true, "host.weir.internal", 16, "");
	says(true, "x.host.weir.internal", 1, NULL);
	says(true, "weir.internal", 1, NULL);
}

static void the_gateways_addresses_have_a_name(void **state)
{
	const char *six = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			  "2.7.9.6.7.7.d.f.ip6.arpa";
	char want[256];

	(void)state;
	says(true, "2.2.0.10.in-addr.arpa", 12,
	     "2.2.0.10.in-addr.arpa 60 PTR host.weir.internal");
	snprintf(want, sizeof(want), "%s 60 PTR host.weir.internal", six);
	says(true, six, 12, want);
	says(false, six, 12, NULL);
	says(true, "2.2.0.10.in-addr.arpa", 1, "");
	says(true, "3.2.0.10.in-addr.arpa", 12, NULL);
}

static void the_operators_names_come_first(void **state)
{
	(void)state;
	says(true, "DB.corp", 1,
	     "db.corp 60 A 10.1.1.1; db.corp 60 A 10.1.1.2");
	says(true, "db.corp", 28, "db.corp 60 AAAA fd00::9");
	says(false, "db.corp", 28, "");
	says(true, "db.corp", 15, "");
	says(true, "one", 1, "");
	says(true, "x.db.corp", 1, NULL);
	says(true, "host.docker.internal", 1,
	     "host.docker.internal 60 A 10.9.9.9");
	says(true, "host.docker.internal", 28, "");
}

static void localhost_is_the_guest(void **state)
{
	(void)state;
	says(true, "localhost", 1, "localhost 60 A 127.0.0.1");
	says(true, "a.b.LOCALHOST", 1, "a.b.localhost 60 A 127.0.0.1");
	says(true, "localhost", 28, "localhost 60 AAAA ::1");
	says(false, "localhost", 28, "");
	says(true, "notlocalhost", 1, NULL);
	says(true, "localhost.example", 1, NULL);
}

static void any_is_small_here_too(void **state)
{
	static const char *const names[] = { "db.corp", "localhost",
					     "host.weir.internal" };
	static struct heard h;

	(void)state;
	for (size_t i = 0; i < LEN(names); i++) {
		const struct weir_local_host host = { name("db.corp"),
						      addr("10.1.1.1") };
		struct query q = { .name = names[i], .type = WEIR_DNS_ANY };

		world_open(&w, 1, true, &host, 1);
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
		hear(&w.told[0], &h);
		CHECK_EQ(h.n, 1);
		CHECK_EQ(h.record[0].type, WEIR_DNS_HINFO);
		world_close(&w);
	}
}

static void the_table_is_bounded(void **state)
{
	static struct weir_local_host host[WEIR_DNS_HOSTS_MAX + 1];
	struct query q = { .name = "all", .type = 1 };
	static struct heard h;

	(void)state;
	for (unsigned i = 0; i <= WEIR_DNS_HOSTS_MAX; i++)
		host[i] = (struct weir_local_host){ name("all"),
						    weir_addr_from4(i) };
	host[WEIR_DNS_HOSTS_MAX - 1].name = name("last");
	host[WEIR_DNS_HOSTS_MAX].name = name("beyond");
	world_open(&w, 1, true, host, WEIR_DNS_HOSTS_MAX + 1);
	CHECK_EQ(w.ask.local.n_hosts, WEIR_DNS_HOSTS_MAX);
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY); /* too many for UDP */
	hear(&w.told[0], &h);
	CHECK(h.h.flags & WEIR_DNS_TC);
	q.name = "last";
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	told_is(&w, "NOERROR", "last 60 A 0.0.0.255");
	q.name = "beyond";
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
	world_close(&w);
}

T_MAIN(T(aliases_are_the_gateway), T(the_gateways_addresses_have_a_name),
       T(the_operators_names_come_first), T(localhost_is_the_guest),
       T(any_is_small_here_too), T(the_table_is_bounded))
