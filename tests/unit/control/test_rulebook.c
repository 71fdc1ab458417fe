/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rulebook.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "control/rulebook_order.h"
#include "policy/judge.h"

#include "../t.h"

static char dir[] = "/tmp/weir-rulebook.XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/list", dir);
	unlink(path);
	return rmdir(dir);
}

static void write_list(const char *text)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/list", dir);
	f = fopen(path, "w");
	CHECK(f);
	fputs(text, f);
	CHECK_EQ(fclose(f), 0);
}

/* the list of the settings that a word stands for */
static struct weir_settings_list *list_of(struct weir_settings *s,
					  const char *word)
{
	if (strcmp(word, "line") == 0)
		return &s->line_rules;
	if (strcmp(word, "rules") == 0)
		return &s->rules;
	if (strcmp(word, "bounds") == 0)
		return &s->bounds;
	if (strcmp(word, "private") == 0)
		return &s->private_names;
	if (strcmp(word, "intercept") == 0)
		return &s->intercept;
	if (strcmp(word, "bypass") == 0)
		return &s->bypass;
	if (strcmp(word, "insecure") == 0)
		return &s->insecure;
	fail_msg("no list %s", word);
	return NULL;
}

static void say(struct weir_settings *s, const char *list, const char *text)
{
	CHECK(weir_settings_add(list_of(s, list), text,
				strcmp(list, "line") == 0 ? "--rule"
							  : "weir.yaml:7"));
}

static struct weir_settings_group *group(struct weir_settings *s,
					 const char *name, const char *member)
{
	struct weir_settings_group *g =
		weir_settings_add_group(s, name, "weir.yaml:3");

	CHECK(g);
	if (member)
		CHECK(weir_settings_add(&g->members, member, "weir.yaml:4"));
	return g;
}

static void make(const struct weir_settings *s, struct weir_rulebook *b)
{
	char why[WEIR_RULEBOOK_WHY_BYTES] = "";

	if (!weir_rulebook_make(s, b, why))
		fail_msg("%s", why);
}

static const struct weir_class_facts *facts(void)
{
	static const struct weir_class_facts f = {
		.gateway4 = { { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		.dns4 = { { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
		.guest4 = { { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
		.len4 = 24,
	};

	return &f;
}

static struct weir_judge_verdict ask_out(const struct weir_rulebook *b,
					 uint32_t ip, uint16_t port)
{
	struct weir_judge_flow q = { .protocol = WEIR_RULE_TCP,
				     .to = weir_addr_from4(ip),
				     .port = port,
				     .shown = WEIR_JUDGE_SHOWN_NONE };

	return weir_judge_flow(&b->image, facts(), &q);
}

static struct weir_judge_verdict ask_name(const struct weir_rulebook *b,
					  const char *text)
{
	struct weir_dns_name name;

	CHECK(weir_pattern_name(text, strlen(text), &name));
	return weir_judge_name(&b->image, &name);
}

static void check_by(struct weir_judge_verdict v, enum weir_judge_said said,
		     enum weir_judge_by by, uint32_t rule)
{
	CHECK_EQ(v.said, said);
	CHECK_EQ(v.by, by);
	if (rule)
		CHECK_EQ(v.rule, rule);
}

#define ALLOWS(v, n) check_by(v, WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE, n)
#define DENIES(v, n) check_by(v, WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, n)

/* --- the order --- */

static void the_base_is_public_until_somebody_says_more(void **state)
{
	static const struct {
		const char *rule; /* NULL: none */
		bool has_net;
		uint32_t net;
		const char *want; /* the whole list */
		bool allow_out;
	} row[] = {
		{ NULL, false, 0, "allow public;", false },
		{ "deny tcp any:25", false, 0, "deny tcp any:25;allow public;",
		  false },
		{ "allow in any", false, 0, "allow in any;allow public;",
		  false },
		{ "allow dns", false, 0, "allow dns;", false },
		{ "allow tcp a.example:443", false, 0,
		  "allow tcp a.example:443;", false },
		{ "allow host", true, WEIR_SETTINGS_PUBLIC,
		  "allow host;allow public;", false },
		{ NULL, true, 0, "", false },
		{ NULL, true,
		  WEIR_SETTINGS_HOST | WEIR_SETTINGS_PRIVATE |
			  WEIR_SETTINGS_PUBLIC,
		  "allow public;allow private;allow host;", false },
		{ "deny host", true, WEIR_SETTINGS_ALL, "deny host;", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_rulebook_order o;
		struct weir_rulebook_world w;
		struct weir_settings s;
		char all[300] = "";

		weir_settings_init(&s);
		s.has_net = row[i].has_net;
		s.net = row[i].net;
		if (row[i].rule)
			say(&s, "rules", row[i].rule);
		CHECK(weir_rulebook_world_init(&w, &s));
		CHECK_EQ(weir_rulebook_order_make(&w, &o), 0);
		for (uint32_t n = 0; n < o.n_rules; n++) {
			strcat(all, o.rule[n].text);
			strcat(all, ";");
		}
		if (strcmp(all, row[i].want) != 0)
			fail_msg("row %zu: %s", i, all);
		CHECK_EQ(o.allow_out, row[i].allow_out);
		CHECK_EQ(o.n_bounds, 0);
		weir_rulebook_order_free(&o);
		weir_rulebook_world_fini(&w);
		weir_settings_fini(&s);
	}
}

static void the_command_line_comes_before_the_file(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	say(&s, "rules", "deny 93.184.216.34");
	say(&s, "line", "allow tcp 93.184.216.34:443");
	make(&s, &b);
	ALLOWS(ask_out(&b, 0x5db8d822, 443), 1);
	DENIES(ask_out(&b, 0x5db8d822, 80), 2);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void
no_bound_of_the_file_lets_through_what_a_tenant_may_not(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	s.multi_tenant = s.no_rebind = true;
	s.has_net = true;
	s.net = WEIR_SETTINGS_ALL;
	say(&s, "bounds", "allow any");
	make(&s, &b);
	check_by(ask_out(&b, 0x0a4d1f09, 443), WEIR_JUDGE_DENY,
		 WEIR_JUDGE_BY_BOUNDS, 2);
	check_by(ask_out(&b, 0x0a000202, 22), WEIR_JUDGE_DENY,
		 WEIR_JUDGE_BY_BOUNDS, 1);
	CHECK_EQ(b.image.n_bounds, 6);
	/* and rebinding protection is on, whatever is said */
	CHECK(b.image.flags & WEIR_IMAGE_REBIND);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void settings_are_in_the_image(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	make(&s, &b);
	CHECK_EQ(b.image.flags, WEIR_IMAGE_REBIND);
	CHECK(!weir_image_is_intercepted(&b.image, 443));
	weir_rulebook_close(&b);
	s.no_rebind = s.drop = s.quic_pin = s.has_net = true;
	s.net = WEIR_SETTINGS_ALL;
	say(&s, "intercept", "443,8000-8999");
	say(&s, "intercept", "1-1");
	make(&s, &b);
	CHECK_EQ(b.image.flags, WEIR_IMAGE_ALLOW_OUT | WEIR_IMAGE_DROP |
					WEIR_IMAGE_QUIC_PIN | WEIR_IMAGE_NAMES);
	CHECK(weir_image_is_intercepted(&b.image, 443));
	CHECK(weir_image_is_intercepted(&b.image, 8999));
	CHECK(weir_image_is_intercepted(&b.image, 1));
	CHECK(!weir_image_is_intercepted(&b.image, 9000));
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

/* --- groups and lists --- */

static void a_group_counts_as_its_members(void **state)
{
	struct weir_settings s;
	struct weir_settings_group *g;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	g = group(&s, "corp", "10.1.0.0/16");
	CHECK(weir_settings_add(&g->members, ".corp.example", "weir.yaml:4"));
	say(&s, "rules", "deny 10.1.2.0/24");
	say(&s, "rules", "allow tcp corp:443 192.0.2.1:80");
	make(&s, &b);
	ALLOWS(ask_out(&b, 0x0a010101, 443), 2);
	DENIES(ask_out(&b, 0x0a010203, 443), 1);
	check_by(ask_out(&b, 0x0a010101, 80), WEIR_JUDGE_DENY,
		 WEIR_JUDGE_BY_DEFAULT, 0);
	ALLOWS(ask_out(&b, 0xc0000201, 80), 2);
	ALLOWS(ask_name(&b, "git.corp.example"), 2);
	check_by(ask_name(&b, "git.example"), WEIR_JUDGE_DENY,
		 WEIR_JUDGE_BY_DEFAULT, 0);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void a_list_is_found_beside_the_configuration(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, dir));
	write_list("# what is blocked\ntracker.example\r\n.ads.example # all\n"
		   "192.0.2.0/24\nbücher.example\n");
	say(&s, "rules", "deny file:list file:list:80");
	say(&s, "rules", "allow public");
	make(&s, &b);
	DENIES(ask_name(&b, "tracker.example"), 1);
	DENIES(ask_name(&b, "x.y.ads.example"), 1);
	DENIES(ask_name(&b, "xn--bcher-kva.example"), 1);
	ALLOWS(ask_name(&b, "x.tracker.example"), 2);
	DENIES(ask_out(&b, 0xc0000263, 1), 1);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void broad_is_said_for_a_list_in_the_rule(void **state)
{
	char why[WEIR_RULEBOOK_WHY_BYTES] = "";
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, dir));
	write_list("a.example\n*.co.uk\n");
	say(&s, "rules", "deny file:list");
	CHECK(!weir_rulebook_make(&s, &b, why));
	CHECK(strstr(why, "/list:2: column 1: "));
	weir_settings_fini(&s);
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, dir));
	say(&s, "rules", "deny broad file:list");
	make(&s, &b);
	DENIES(ask_name(&b, "www.x.co.uk"), 1);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static long long rss_kib(void)
{
	long long kib = 0;
	char line[200];
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = atoll(line + 6);
	fclose(f);
	return kib;
}

static void a_million_names_are_compiled(void **state)
{
	struct timespec from, to;
	struct weir_settings s;
	struct weir_rulebook b;
	char path[80];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/list", dir);
	f = fopen(path, "w");
	CHECK(f);
	for (unsigned i = 0; i < 1000000; i++)
		fprintf(f, "%s%x.host%u.example%u.org\n", i % 4 ? "" : "*.",
			i * 2654435761u, i, i % 977);
	CHECK_EQ(fclose(f), 0);
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, dir));
	say(&s, "rules", "deny file:list");
	say(&s, "rules", "allow public");
	clock_gettime(CLOCK_MONOTONIC, &from);
	make(&s, &b);
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("a million names: %lld ms, an image of %zu KiB, %lld KiB "
		      "at most\n",
		      (long long)(to.tv_sec - from.tv_sec) * 1000 +
			      (to.tv_nsec - from.tv_nsec) / 1000000,
		      b.len >> 10, rss_kib());
	DENIES(ask_name(&b, "x.0.host0.example0.org"), 1);
	DENIES(ask_name(&b, "9e3779b1.host1.example1.org"), 1);
	ALLOWS(ask_name(&b, "x.9e3779b1.host1.example1.org"), 2);
	ALLOWS(ask_name(&b, "host1.example1.org"), 2);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

/* --- the rest of the policy --- */

static void http_entries_private_names_and_guarded_hosts(void **state)
{
	static const char *const allow[] = { "GET /repos/*", "POST /graphql" };
	struct weir_settings s;
	struct weir_settings_http *h;
	struct weir_settings_secret *c;
	struct weir_dns_name host, nas;
	struct weir_addr a = weir_addr_from4(0x0a4d1f09);
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	h = weir_settings_add_http(&s, "api.github.com", "weir.yaml:9");
	CHECK(h);
	for (unsigned i = 0; i < 2; i++)
		CHECK(weir_settings_add(&h->allow, allow[i], "weir.yaml:10"));
	CHECK(weir_settings_add(&h->deny, "* /repos/*/keys", "weir.yaml:11"));
	c = weir_settings_add_secret(&s, "TOKEN", "weir.yaml:12");
	CHECK(c);
	CHECK(weir_settings_add(&c->hosts, "*.example.com", "weir.yaml:12"));
	say(&s, "private", ".lan");
	say(&s, "bypass", "pinned.example.com");
	say(&s, "rules", "allow any");
	make(&s, &b);
	CHECK(b.image.flags & WEIR_IMAGE_HTTP);
	CHECK(weir_pattern_name("api.github.com", 14, &host));
	CHECK(weir_pattern_name("nas.lan", 7, &nas));
	CHECK_EQ(weir_judge_http(&b.image, &host, "GET", 3, "/repos/x", 8).said,
		 WEIR_JUDGE_ALLOW);
	CHECK_EQ(weir_judge_http(&b.image, &host, "PUT", 3, "/repos/x", 8).said,
		 WEIR_JUDGE_DENY);
	CHECK_EQ(weir_judge_answer(&b.image, facts(), &nas, &a).said,
		 WEIR_JUDGE_ALLOW);
	CHECK_EQ(weir_judge_answer(&b.image, facts(), &host, &a).said,
		 WEIR_JUDGE_DENY);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void nobody_can_change_the_image_once_it_is_made(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	make(&s, &b);
	CHECK(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(write(b.fd, "x", 1), -1);
	CHECK_EQ(ftruncate(b.fd, 1), -1);
	CHECK_EQ(ftruncate(b.fd, (off_t)b.len * 2), -1);
	CHECK_EQ(fcntl(b.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	CHECK_EQ(errno, EPERM);
	CHECK(mmap(NULL, b.len, PROT_READ | PROT_WRITE, MAP_SHARED, b.fd, 0) ==
	      MAP_FAILED);
	weir_rulebook_close(&b);
	CHECK_EQ(b.fd, -1);
	weir_rulebook_close(&b); /* nothing left to give back is fine */
	weir_settings_fini(&s);
}

/* --- sentences --- */

static void check_why(const struct weir_settings *s, const char *want,
		      const char *what)
{
	char why[WEIR_RULEBOOK_WHY_BYTES] = "";
	struct weir_rulebook b = { .fd = 4711 };

	if (weir_rulebook_make(s, &b, why))
		fail_msg("%s is accepted", what);
	CHECK_EQ(b.fd, 4711);
	if (!strstr(why, want))
		fail_msg("%s: %s", what, why);
}

static void an_error_says_where_which_text_and_which_column(void **state)
{
	static const struct {
		const char *list, *text, *want;
	} row[] = {
		{ "rules", "allow tpc public:443",
		  "weir.yaml:7: rule 1 'allow tpc public:443', column 7: " },
		{ "line", "permit any",
		  "--rule: rule 1 'permit any', column 1" },
		{ "bounds", "allow", "weir.yaml:7: bounds 1 'allow', column " },
		{ "rules", "", "weir.yaml:7: rule 1 '', column 1: " },
		{ "rules", "allow *.com:443",
		  "rule 1 'allow *.com:443', column" },
		{ "rules", "allow *.co.uk", "broad" },
		{ "rules", "allow b\xff.example",
		  "rule 1 'allow b\\xff.example', column 7: " },
		{ "rules", "deny file:absent",
		  "weir.yaml:7: rule 1: absent: the list cannot be read: No "
		  "such file" },
		{ "private", "10.0.0.1",
		  "weir.yaml:7: dns.private_names '10.0.0.1', column 1: that "
		  "is an address: a name is wanted" },
		{ "private", "a b", "dns.private_names 'a b', column" },
		{ "bypass", "*.com", "tls.bypass '*.com', column" },
		{ "insecure", "x..example",
		  "tls.insecure 'x..example', column" },
		{ "intercept", "https",
		  "tls.intercept 'https', column 1: a port from 1 to 65535" },
		{ "intercept", "443,", "tls.intercept '443,', column 5" },
		{ "intercept", "0", "tls.intercept '0', column 1" },
		{ "intercept", "80-79", "tls.intercept '80-79', column 1" },
		{ "intercept", "443-", "tls.intercept '443-', column 1" },
		{ "intercept", "1,65536", "tls.intercept '1,65536', column 3" },
		{ "intercept", "", "tls.intercept '', column 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_settings s;

		weir_settings_init(&s);
		say(&s, row[i].list, row[i].text);
		check_why(&s, row[i].want, row[i].text);
		weir_settings_fini(&s);
	}
}

static void an_error_in_a_group_names_the_group(void **state)
{
	static const struct {
		const char *name, *member, *want;
	} row[] = {
		{ "public", "10.0.0.0/8",
		  "weir.yaml:3: group public: a group's name is made of" },
		{ "tcp", "10.0.0.0/8", "group tcp: a group's name" },
		{ "a.b", "10.0.0.0/8", "group a.b: a group's name" },
		{ "", "10.0.0.0/8", "a group's name" },
		{ "corp", "10.1",
		  "weir.yaml:4: group corp '10.1', column 1: " },
		{ "corp", "a.example:443",
		  "group corp 'a.example:443', column" },
		{ "corp", "any", "group corp 'any', column 1: " },
		{ "corp", "private", "group corp 'private', column 1: " },
		{ "corp", "other",
		  "group corp 'other', column 1: a group holds addresses and "
		  "names, no other group" },
		{ "corp", "corp", "no other group" },
		{ "corp", "file:list", "group corp 'file:list', column 1: " },
		{ "other", "10.0.0.0/8",
		  "group other: there is another group of this name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_settings s;

		weir_settings_init(&s);
		group(&s, "other", "192.0.2.1");
		group(&s, row[i].name, row[i].member);
		check_why(&s, row[i].want, row[i].member);
		weir_settings_fini(&s);
	}
}

static void a_member_may_be_broad_only_where_the_rule_says_so(void **state)
{
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	weir_settings_init(&s);
	group(&s, "tops", "*.com");
	say(&s, "rules", "deny tops");
	check_why(&s, "weir.yaml:4: rule 1, group tops '*.com', column ",
		  "a broad member");
	weir_settings_fini(&s);
	weir_settings_init(&s);
	group(&s, "tops", "*.com");
	say(&s, "rules", "deny broad tops");
	make(&s, &b);
	DENIES(ask_name(&b, "example.com"), 1);
	weir_rulebook_close(&b);
	weir_settings_fini(&s);
}

static void an_error_in_a_list_has_its_line_and_column(void **state)
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "a.example\n\n  10.1\n", "/list:3: column 3: " },
		{ "a.example:443\n", "/list:1: column " },
		{ "public\n", "/list:1: column 1: " },
		{ "corp\n", "/list:1: column 1: " },
		{ "file:other\n", "/list:1: column 1: " },
		{ "http://a.example/\n", "/list:1: column " },
		{ "127.0.0.1 a.example\n", "more than one word" },
		{ "\x01\n", "control characters" },
	};
	struct weir_settings s;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, dir));
	group(&s, "corp", "192.0.2.1");
	say(&s, "rules", "deny file:list:443");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		write_list(row[i].text);
		check_why(&s, row[i].want, row[i].text);
		check_why(&s, "weir.yaml:7: rule 1: /tmp/", row[i].text);
	}
	weir_settings_fini(&s);
}

static void an_error_in_http_entries_and_secrets_says_which(void **state)
{
	struct weir_settings s;
	struct weir_settings_http *h;
	struct weir_settings_secret *c;

	(void)state;
	weir_settings_init(&s);
	h = weir_settings_add_http(&s, "10.0.0.1", "weir.yaml:9");
	CHECK(h);
	check_why(&s, "weir.yaml:9: http host '10.0.0.1', column 1: ", "host");
	weir_settings_fini(&s);

	weir_settings_init(&s);
	h = weir_settings_add_http(&s, "a.example", "weir.yaml:9");
	CHECK(h && weir_settings_add(&h->allow, "GET", "weir.yaml:10"));
	check_why(&s, "weir.yaml:10: http allow 'GET': ", "line");
	weir_settings_fini(&s);

	weir_settings_init(&s);
	c = weir_settings_add_secret(&s, "TOKEN", "--secret");
	CHECK(c && weir_settings_add(&c->hosts, "*.com", "--secret"));
	check_why(&s, "--secret: secret host '*.com', column ", "broad");
	weir_settings_fini(&s);

	weir_settings_init(&s);
	c = weir_settings_add_secret(&s, "TOKEN", "--secret");
	CHECK(c && weir_settings_add(&c->hosts, ".example.com", "--secret"));
	say(&s, "insecure", "api.example.com");
	check_why(&s, "tls.insecure 'api.example.com': a secret goes to this",
		  "insecure");
	weir_settings_fini(&s);
}

static void rules_have_a_number_at_which_they_end(void **state)
{
	struct weir_settings s;

	(void)state;
	weir_settings_init(&s);
	for (unsigned i = 0; i <= WEIR_RULES_MAX; i++)
		CHECK(weir_settings_add(&s.rules, "deny 192.0.2.1", "x"));
	check_why(&s, "more than 65536 rules", "too many");
	weir_settings_fini(&s);
}

/* the longest of everything still gives a whole sentence */
static void long_texts_are_cut_not_the_sentence(void **state)
{
	char text[4000], where[4000], why[WEIR_RULEBOOK_WHY_BYTES] = "";
	struct weir_settings s;
	struct weir_rulebook b;

	(void)state;
	memset(text, '\x01', sizeof(text));
	memcpy(text, "allow ", 6);
	text[sizeof(text) - 1] = '\0';
	memset(where, '\x02', sizeof(where));
	strcpy(where + sizeof(where) - 14, "/weir.yaml:12");
	weir_settings_init(&s);
	CHECK(weir_settings_add(&s.rules, text, where));
	CHECK(!weir_rulebook_make(&s, &b, why));
	CHECK(strstr(why, "/weir.yaml:12: rule 1 'allow "));
	CHECK(strstr(why, ", column 7: "));
	CHECK(strlen(strstr(why, ", column 7: ")) > 30);
	for (size_t i = 0; why[i]; i++)
		CHECK(why[i] >= ' ' && why[i] < 0x7f);
	weir_settings_fini(&s);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(the_base_is_public_until_somebody_says_more),
		T(the_command_line_comes_before_the_file),
		T(no_bound_of_the_file_lets_through_what_a_tenant_may_not),
		T(settings_are_in_the_image),
		T(a_group_counts_as_its_members),
		T(a_list_is_found_beside_the_configuration),
		T(broad_is_said_for_a_list_in_the_rule),
		T(a_million_names_are_compiled),
		T(http_entries_private_names_and_guarded_hosts),
		T(nobody_can_change_the_image_once_it_is_made),
		T(an_error_says_where_which_text_and_which_column),
		T(an_error_in_a_group_names_the_group),
		T(a_member_may_be_broad_only_where_the_rule_says_so),
		T(an_error_in_a_list_has_its_line_and_column),
		T(an_error_in_http_entries_and_secrets_says_which),
		T(rules_have_a_number_at_which_they_end),
		T(long_texts_are_cut_not_the_sentence),
	};

	return cmocka_run_group_tests(cases, begin, end);
}
