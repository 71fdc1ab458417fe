/* SPDX-License-Identifier: Apache-2.0 */
#include "control/lint.h"

#include <time.h>
#include <unistd.h>

#include "control/lint_rules.h"

#include "../t.h"

#define RULES_MAX 6u

static struct weir_charter net(bool six)
{
	struct weir_charter c = {
		.guest4 = { { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
		.gateway4 = { { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		.dns4 = { { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
		.len4 = 24,
		.has6 = six,
		.guest6 = { { 0xfd, 0x77, [15] = 0x15 } },
		.gateway6 = { { 0xfd, 0x77, [15] = 2 } },
		.dns6 = { { 0xfd, 0x77, [15] = 3 } },
		.len6 = 64,
	};

	return c;
}

/* the warnings about some settings; the caller frees */
static struct weir_lint look(const struct weir_settings *s, bool six)
{
	char why[WEIR_RULEBOOK_WHY_BYTES] = "";
	struct weir_charter c = net(six);
	struct weir_lint l;
	struct weir_rulebook b;

	if (!weir_rulebook_make(s, &b, why))
		fail_msg("%s", why);
	CHECK(weir_lint_make(s, &b, &c, &l));
	weir_rulebook_close(&b);
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(l.at[i]);

		CHECK(n > 20 && n < WEIR_LINT_TEXT_BYTES - 1);
		for (size_t k = 0; k < n; k++)
			CHECK(l.at[i][k] >= ' ' && l.at[i][k] < 0x7f);
	}
	return l;
}

/* exactly one warning, which begins or has @want; NULL: none */
static void check_one(const struct weir_lint *l, const char *want,
		      const char *what)
{
	if (!want) {
		if (l->n)
			fail_msg("%s: %s", what, l->at[0]);
		return;
	}
	if (l->n == 0)
		fail_msg("%s: no warning", what);
	if (l->n > 1)
		fail_msg("%s: also %s; %s", what, l->at[0], l->at[1]);
	if (!strstr(l->at[0], want))
		fail_msg("%s: %s", what, l->at[0]);
}

static void each_oddity_has_its_warning(void **state)
{
	static const struct {
		const char *rule[RULES_MAX], *bound, *want;
		bool all, quic_pin, no_six;
	} row[] = {
		/* nothing odd */
		{ .rule = { "allow tcp api.example.com:443" } },
		{ .rule = { "deny private", "allow any:443" },
		  .bound = "deny metadata" },
		{ .rule = { "allow tcp a.example:443",
			    "allow tcp a.example:80" } },
		{ .rule = { "deny tcp 192.168.0.0/16:1-100",
			    "allow tcp 192.168.0.0/16" } },
		/* shadowed */
		{ .rule = { "allow tcp *.example.com:443",
			    "allow tcp api.example.com:443" },
		  .want = "rule 2 'allow tcp api.example.com:443' "
			  "(weir.yaml:2) is never asked: rule 1 'allow tcp "
			  "*.example.com:443' (weir.yaml:1) covers all" },
		{ .rule = { "deny 192.0.2.0/24", "deny tcp 192.0.2.7:80" },
		  .want = "rule 2 'deny tcp 192.0.2.7:80' (weir.yaml:2) is "
			  "never asked" },
		{ .rule = { "deny tcp b.example 0.0.0.0/0 [::/0]",
			    "deny tcp [2001:db8::/32]:53 9.9.9.9:53" },
		  .want = "is never asked: rule 1" },
		{ .rule = { "deny any", "allow public" },
		  .want = "rule 2 'allow public' (weir.yaml:2) is never "
			  "asked" },
		{ .rule = { "deny corp", "allow tcp 10.9.1.1:22" },
		  .want = "rule 2 'allow tcp 10.9.1.1:22' (weir.yaml:2) is "
			  "never asked: rule 1 'deny corp'" },
		{ .rule = { "deny 10.0.0.0/8 .corp.example", "allow corp" },
		  .want = "rule 2 'allow corp' (weir.yaml:2) is never asked" },
		/* nothing matches */
		{ .rule = { "allow tcp 127.0.0.1:80" },
		  .want = "nothing matches 127.0.0.1:80: such addresses are "
			  "refused before any rule" },
		{ .rule = { "deny [::1]" }, .want = "nothing matches [::1]: " },
		{ .rule = { "deny 10.0.2.128/25" },
		  .want = "nothing matches 10.0.2.128/25: that is the guest's "
			  "own subnet" },
		{ .rule = { "deny 10.0.2.2" } },
		{ .rule = { "deny 10.0.2.0/24" } },
		{ .rule = { "allow udp 239.1.2.3:5000" },
		  .want = "multicast is never relayed" },
		{ .rule = { "deny udp 239.1.2.3:5000" } },
		{ .rule = { "allow [ff02::/16]" },
		  .want = "multicast is never relayed" },
		{ .rule = { "allow [2620:fe::fe]" },
		  .no_six = true,
		  .want = "nothing matches [2620:fe::fe]: this network has no "
			  "IPv6" },
		{ .rule = { "deny private", "allow tcp 10.1.2.3:5432" },
		  .want = "nothing matches 10.1.2.3:5432: rule 1 decides it "
			  "before" },
		{ .rule = { "allow private", "deny host", "deny 10.0.0.0/8" },
		  .want = "nothing matches 10.0.0.0/8: rule 1 decides it "
			  "before" },
		{ .rule = { "deny tcp private:1-100",
			    "deny tcp private:60000-65535",
			    "deny tcp 10.1.2.3" } },
		{ .rule = { "deny private", "allow 100.64.0.0/10" } },
		{ .rule = { "allow udp media.example:443" },
		  .want = "UDP to ports 80 and 443 is not allowed by name" },
		{ .rule = { "allow udp media.example:443" }, .quic_pin = true },
		{ .rule = { "allow udp media.example:443,8443" } },
		{ .rule = { "allow media.example:443" } },
		{ .rule = { "deny dns", "allow tcp a.example:443" },
		  .want = "nothing matches a.example:443: rule 1 denies the "
			  "name" },
		{ .rule = { "deny dns", "allow tcp *.a.example:22" },
		  .want = "rule 1 denies the name" },
		{ .rule = { "allow tcp a.example:443" },
		  .bound = "deny dns",
		  .want = "bounds 1 denies the name" },
		{ .rule = { "allow tcp empty:443" },
		  .want = "nothing matches empty:443: there is no host in it" },
		/* behind bounds */
		{ .rule = { "allow private" },
		  .bound = "deny private",
		  .want = "rule 1 'allow private' (weir.yaml:1) allows "
			  "nothing: bounds 1 'deny private'" },
		{ .rule = { "allow tcp 10.1.2.3:80" },
		  .bound = "deny private",
		  .want = "nothing matches 10.1.2.3:80: bounds 1 decides" },
		/* public suffixes */
		{ .rule = { "allow tcp broad *.co.uk:443" },
		  .want = "*.co.uk allows every name below the public suffix "
			  "co.uk" },
		{ .rule = { "allow tcp broad .com:443" },
		  .want = ".com allows every name below the public suffix "
			  "com" },
		{ .rule = { "deny broad *.zip", "allow public" } },
		/* sweeping words */
		{ .rule = { "deny host" },
		  .all = true,
		  .want = "net: all also reaches the metadata service" },
		{ .rule = { "deny metadata" },
		  .all = true,
		  .want = "net: all also reaches this host: add deny host" },
		{ .rule = { "deny host", "deny metadata" }, .all = true },
		{ .rule = { "deny host", "allow any" },
		  .want = "rule 2 'allow any' (weir.yaml:2) also reaches the "
			  "metadata service" },
		{ .rule = { "allow host", "allow metadata" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_settings_group *g;
		struct weir_settings s;
		struct weir_lint l;
		char where[20];

		weir_settings_init(&s);
		s.quic_pin = row[i].quic_pin;
		s.has_net = true;
		s.net = row[i].all ? WEIR_SETTINGS_ALL : 0;
		for (unsigned k = 0; k < RULES_MAX && row[i].rule[k]; k++) {
			snprintf(where, sizeof(where), "weir.yaml:%u", k + 1);
			CHECK(weir_settings_add(&s.rules, row[i].rule[k],
						where));
			if (strstr(row[i].rule[k], "corp") && s.n_groups == 0) {
				g = weir_settings_add_group(&s, "corp", "x");
				CHECK(g);
				CHECK(weir_settings_add(&g->members,
							"10.9.0.0/16", "x"));
				CHECK(weir_settings_add(&g->members,
							".corp.example", "x"));
			}
			if (strstr(row[i].rule[k], "empty"))
				CHECK(weir_settings_add_group(&s, "empty",
							      "x"));
		}
		if (row[i].bound)
			CHECK(weir_settings_add(&s.bounds, row[i].bound, "x"));
		l = look(&s, !row[i].no_six);
		check_one(&l, row[i].want, row[i].rule[0]);
		weir_lint_free(&l);
		weir_settings_fini(&s);
	}
}

static void a_list_without_a_host_is_odd(void **state)
{
	char path[] = "/tmp/weir-lint.XXXXXX", rule[80];
	int fd = mkstemp(path);
	struct weir_settings s;
	struct weir_lint l;

	(void)state;
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "# nothing yet\n", 14), 14);
	snprintf(rule, sizeof(rule), "deny file:%s", path);
	weir_settings_init(&s);
	CHECK(weir_settings_add(&s.rules, rule, "x"));
	l = look(&s, true);
	check_one(&l, "there is no host in it", "empty");
	weir_lint_free(&l);
	CHECK_EQ(write(fd, "a.example\n", 10), 10);
	l = look(&s, true);
	check_one(&l, NULL, "not empty");
	weir_lint_free(&l);
	weir_settings_fini(&s);
	close(fd);
	unlink(path);
}

static void a_group_that_no_rule_names_is_odd(void **state)
{
	struct weir_settings s;
	struct weir_settings_group *g;
	struct weir_lint l;

	(void)state;
	weir_settings_init(&s);
	g = weir_settings_add_group(&s, "corp", "weir.yaml:3");
	CHECK(g && weir_settings_add(&g->members, "192.0.2.1", "x"));
	CHECK(weir_settings_add(&s.rules, "deny corporate.example", "x"));
	l = look(&s, true);
	check_one(&l, "weir.yaml:3: no rule names the group corp", "unused");
	weir_lint_free(&l);
	CHECK(weir_settings_add(&s.bounds, "deny in tcp corp:1", "x"));
	l = look(&s, true);
	check_one(&l, NULL, "used by a bound");
	weir_lint_free(&l);
	weir_settings_fini(&s);
}

static void secrets_and_http_rules_want_a_host_that_is_allowed(void **state)
{
	static const struct {
		const char *rule, *host, *bypass;
		bool odd;
	} row[] = {
		{ "allow tcp api.example.com:443", "api.example.com", NULL,
		  false },
		{ "allow tcp other.example:443", "api.example.com", NULL,
		  true },
		{ "allow tcp api.example.com:443", "*.example.com", NULL,
		  false },
		{ "allow tcp example.com:443", "*.example.com", NULL, true },
		{ "allow tcp example.com:443", ".example.com", NULL, false },
		{ "allow tcp *.example.com:443", "api.example.com", NULL,
		  false },
		{ "allow udp api.example.com:443,53", "api.example.com", NULL,
		  true },
		{ "allow in any", "api.example.com", NULL, true },
		{ "allow dns", "api.example.com", NULL, true },
		{ "allow public", "api.example.com", NULL, false },
		/* no name can be asked for */
		{ "allow 192.0.2.0/24", "api.example.com", NULL, true },
		{ "allow tcp file:LIST:443", "listed.example", NULL, false },
		{ "allow tcp file:LIST:443", "*.listed.example", NULL, false },
		{ "allow tcp file:LIST:443", "unlisted.example", NULL, true },
		{ "allow tcp api.example.com:443", "api.example.com",
		  ".example.com", true },
		{ "allow tcp api.example.com:443", "api.example.com",
		  "other.example.com", false },
	};
	char path[] = "/tmp/weir-lint.XXXXXX", rule[120];
	int fd = mkstemp(path);

	(void)state;
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "listed.example\n", 15), 15);
	close(fd);
	for (size_t i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
		size_t r = i / 2;
		struct weir_settings s;
		struct weir_lint l;

		weir_settings_init(&s);
		s.has_net = true;
		if (strstr(row[r].rule, "LIST"))
			snprintf(rule, sizeof(rule), "allow tcp file:%s:443",
				 path);
		else
			snprintf(rule, sizeof(rule), "%s", row[r].rule);
		CHECK(weir_settings_add(&s.rules, rule, "x"));
		if (row[r].bypass)
			CHECK(weir_settings_add(&s.bypass, row[r].bypass, "x"));
		if (i % 2) {
			struct weir_settings_secret *c =
				weir_settings_add_secret(&s, "TOKEN", "x");

			CHECK(c && weir_settings_add(&c->hosts, row[r].host,
						     "weir.yaml:8"));
		} else {
			CHECK(weir_settings_add_http(&s, row[r].host,
						     "weir.yaml:8"));
		}
		l = look(&s, true);
		check_one(&l,
			  !row[r].odd ? NULL
			  : i % 2     ? "weir.yaml:8: secret TOKEN: "
				      : "weir.yaml:8: http entry: ",
			  rule);
		if (l.n)
			CHECK(strstr(l.at[0], row[r].bypass
						      ? "because of tls.bypass"
						      : "no rule allows"));
		weir_lint_free(&l);
		weir_settings_fini(&s);
	}
	unlink(path);
}

static void a_tenant_has_rebinding_protection(void **state)
{
	struct weir_settings s;
	struct weir_lint l;

	(void)state;
	weir_settings_init(&s);
	s.multi_tenant = s.no_rebind = true;
	l = look(&s, true);
	check_one(&l, "--no-rebind-protection has no effect", "tenant");
	weir_lint_free(&l);
	weir_settings_fini(&s);
}

static void there_is_an_end_to_warnings(void **state)
{
	struct weir_settings s;
	struct weir_lint l;

	(void)state;
	weir_settings_init(&s);
	for (unsigned i = 0; i < WEIR_LINT_MAX + 10; i++)
		CHECK(weir_settings_add(&s.rules, "deny 192.0.2.1", "x"));
	l = look(&s, true);
	CHECK_EQ(l.n, WEIR_LINT_MAX);
	CHECK_EQ(l.left_out, 9);
	weir_lint_free(&l);
	weir_settings_fini(&s);
}

/* --- the index against the obvious loop --- */

static uint32_t dice(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*x >> 33);
}

static void throw_target(uint64_t *x, char *to, size_t room)
{
	static const char *const name[] = { "example", "a.example",
					    "b.a.example", "c.b.a.example",
					    "x.test" };
	static const char *const host[] = { "any", "private", "public", "dns" };
	static const char *const dot[] = { "", ".", "*." };
	uint32_t kind = dice(x) % 8;

	if (kind == 0)
		snprintf(to, room, "%s", host[dice(x) % 4]);
	else if (kind < 4)
		snprintf(to, room, "%s%s", dot[dice(x) % 3],
			 name[1 + dice(x) % 4]);
	else if (kind == 4)
		snprintf(to, room, "[2001:%x::/%u]", dice(x) % 2 << 8, 32);
	else if (kind == 5)
		snprintf(to, room, "10.%u.0.0/16", dice(x) % 4);
	else if (kind == 6)
		snprintf(to, room, "10.0.0.0/8");
	else
		snprintf(to, room, "10.%u.0.%u", dice(x) % 4, dice(x) % 4);
	if (dice(x) % 3 == 0 && strcmp(to, "dns") != 0) {
		size_t n = strlen(to);

		snprintf(to + n, room - n, ":%u", dice(x) % 2 ? 443 : 80);
	}
}

static void throw_rule(uint64_t *x, char *to, size_t room)
{
	static const char *const protocols[] = { "", "tcp ", "udp ",
						 "tcp,udp " };
	char a[80], b[80] = "";

	throw_target(x, a, sizeof(a));
	if (dice(x) % 3 == 0)
		throw_target(x, b, sizeof(b));
	snprintf(to, room, "%s %s%s%s%s", dice(x) % 2 ? "allow" : "deny",
		 protocols[dice(x) % 4], a, *b ? " " : "", b);
}

static void the_index_finds_what_the_obvious_loop_finds(void **state)
{
	enum { N = 1500 };
	static char text[N][200];
	static struct weir_rulebook_line line[N];
	struct weir_rulebook_world w;
	struct weir_lint_rules l;
	struct weir_settings s;
	uint64_t x = 20261120;
	uint32_t n = 0, found = 0;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_rulebook_world_init(&w, &s));
	while (n < N) {
		struct weir_rule_error e;
		struct weir_rule r;

		throw_rule(&x, text[n], sizeof(text[n]));
		if (weir_rule_parse(text[n], strlen(text[n]), &w.rule, &r,
				    &e)) {
			line[n] = (struct weir_rulebook_line){ text[n], "x" };
			n++;
		}
	}
	CHECK(weir_lint_rules_make(&w, line, n, &l));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t obvious[2] = { 0, 0 };

		for (uint32_t k = i; k-- > 0;)
			if (weir_rule_covers(l.at[k].rule, l.at[i].rule)) {
				obvious[0] = k + 1;
				if (!l.at[k].rule->allow)
					obvious[1] = k + 1;
			}
		for (unsigned deny = 0; deny < 2; deny++) {
			uint32_t by =
				weir_lint_rules_cover(&l, i, deny, &l.at[i]);

			if (by != obvious[deny])
				fail_msg("%s: %u, not %u", text[i], by,
					 obvious[deny]);
		}
		found += obvious[0] != 0;
	}
	CHECK(found > N / 4 && found < N);
	weir_lint_rules_free(&l);
	weir_rulebook_world_fini(&w);
	weir_settings_fini(&s);
}

static void many_rules_are_looked_at_at_once(void **state)
{
	struct timespec from, to;
	struct weir_settings s;
	struct weir_lint l;
	char rule[80];

	(void)state;
	weir_settings_init(&s);
	for (unsigned i = 0; i < 10000; i++) {
		if (i % 3)
			snprintf(rule, sizeof(rule),
				 "allow tcp api%u.host%u.example.com:443", i,
				 i % 50);
		else
			snprintf(rule, sizeof(rule),
				 "deny tcp 10.%u.%u.0/24:443", 1 + i % 200,
				 i / 200);
		CHECK(weir_settings_add(&s.rules, rule, "x"));
	}
	CHECK(weir_settings_add(&s.rules,
				"allow tcp api7.host7.example.com:443", "x"));
	clock_gettime(CLOCK_MONOTONIC, &from);
	l = look(&s, true);
	clock_gettime(CLOCK_MONOTONIC, &to);
	check_one(&l, "rule 10001 ", "many");
	print_message("10,000 rules: compiled and looked at in %lld ms\n",
		      (long long)(to.tv_sec - from.tv_sec) * 1000 +
			      (to.tv_nsec - from.tv_nsec) / 1000000);
	weir_lint_free(&l);
	weir_settings_fini(&s);
}

T_MAIN(T(each_oddity_has_its_warning), T(a_list_without_a_host_is_odd),
       T(a_group_that_no_rule_names_is_odd),
       T(secrets_and_http_rules_want_a_host_that_is_allowed),
       T(a_tenant_has_rebinding_protection), T(there_is_an_end_to_warnings),
       T(the_index_finds_what_the_obvious_loop_finds),
       T(many_rules_are_looked_at_at_once))
