/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_compile.c - what becomes of rules, and what happens where room ends
 */
#include "policy/compile.h"

#include <stdio.h>

#include "../base/bench.h"
#include "../t.h"
#include "draw.h"
#include "policy/draft.h"

static struct weir_rule parsed;

static const struct weir_rule *parse(const char *text)
{
	static const struct weir_rule_world world;
	struct weir_rule_error error;

	if (!weir_rule_parse(text, strlen(text), &world, &parsed, &error))
		fail_msg("%s: %s", text, error.why);
	return &parsed;
}

static struct weir_compile *begin(void **ret_work)
{
	*ret_work = reserve(weir_compile_bytes());
	CHECK(*ret_work != NULL);
	return weir_compile_init(*ret_work, weir_compile_bytes());
}

static bool add(struct weir_compile *c, const char *text)
{
	return weir_compile_rule(c, WEIR_COMPILE_RULES, parse(text), text,
				 strlen(text));
}

/* The image of @c in memory of its own. */
static void *image_of(struct weir_compile *c, struct weir_image *ret)
{
	size_t len = weir_compile_size(c);
	void *bytes = malloc(len ? len : 1);

	CHECK(len > 0);
	memset(bytes, 0xa5, len); /* nothing is expected to be zero */
	CHECK_EQ(weir_compile_write(c, bytes, len), len);
	CHECK(weir_image_open(bytes, len, ret));
	return bytes;
}

static void too_little_memory_is_refused(void **state)
{
	void *work = reserve(weir_compile_bytes());

	(void)state;
	CHECK(!weir_compile_init(work, weir_compile_bytes() - (2u << 20)));
	CHECK(!weir_compile_init(work, 0));
	CHECK(!weir_compile_init(work, 4096));
	CHECK(weir_compile_init(work, weir_compile_bytes()) != NULL);
	CHECK(weir_compile_bytes() < (size_t)1 << 30);
	munmap(work, weir_compile_bytes());
}

static void a_small_policy_touches_little(void **state)
{
	void *work, *bytes;
	struct weir_compile *c = begin(&work);
	struct weir_image p;

	(void)state;
	CHECK(add(c, "allow tcp api.example.com:443"));
	bytes = image_of(c, &p);
	CHECK(p.len < 2048);
	CHECK(resident(work, weir_compile_bytes()) < 128);
	free(bytes);
	munmap(work, weir_compile_bytes());
}

static void an_empty_policy_is_one_too(void **state)
{
	void *work, *bytes;
	struct weir_compile *c = begin(&work);
	struct weir_class_facts f = draw_facts();
	struct weir_judge_flow q = { .protocol = WEIR_RULE_TCP,
				     .to = draw_addr("8.8.8.8"),
				     .port = 443,
				     .shown = WEIR_JUDGE_SHOWN_NONE };
	struct weir_image p;

	(void)state;
	weir_compile_settings(c, WEIR_IMAGE_ALLOW_OUT | WEIR_IMAGE_NAMES |
					 WEIR_IMAGE_HTTP);
	bytes = image_of(c, &p);
	CHECK_EQ(p.flags, WEIR_IMAGE_ALLOW_OUT); /* the rest is found out */
	CHECK_EQ(weir_judge_flow(&p, &f, &q).said, WEIR_JUDGE_ALLOW);
	free(bytes);
	munmap(work, weir_compile_bytes());
}

/* NAMES is set by what needs it, and by nothing else. */
static void names_are_noticed(void **state)
{
	struct weir_rule_range https = { 443, 443 };
	struct weir_pattern name;

	(void)state;
	CHECK(draw_pattern("a.test", &name));
	for (unsigned i = 0; i < 9; i++) {
		void *work, *bytes;
		struct weir_compile *c = begin(&work);
		struct weir_image p;

		CHECK(add(c, "allow public 10.0.0.0/8"));
		if (i == 1)
			CHECK(add(c, "allow a.test"));
		if (i == 2)
			CHECK(weir_compile_intercept(c, https));
		if (i == 3)
			CHECK(weir_compile_name(c, WEIR_COMPILE_GUARDED,
						&name));
		if (i == 4)
			CHECK(weir_compile_http(c,
						&(struct weir_httprule_entry){
							.host = name }));
		if (i == 5)
			CHECK(weir_compile_rule(c, WEIR_COMPILE_BOUNDS,
						parse("deny .b.test"), "", 0));
		if (i == 6)
			CHECK(weir_compile_name(c, WEIR_COMPILE_PRIVATE,
						&name));
		if (i == 7)
			CHECK(weir_compile_name(c, WEIR_COMPILE_BYPASS, &name));
		if (i == 8)
			CHECK(weir_compile_name(c, WEIR_COMPILE_INSECURE,
						&name));
		bytes = image_of(c, &p);
		CHECK_EQ((p.flags & WEIR_IMAGE_NAMES) != 0, i >= 1 && i <= 5);
		free(bytes);
		munmap(work, weir_compile_bytes());
	}
}

static void the_same_rules_make_the_same_image(void **state)
{
	void *work[2], *bytes[2];
	struct weir_image p[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct weir_compile *c = begin(&work[i]);
		char text[64];

		for (unsigned k = 0; k < 500; k++) {
			snprintf(text, sizeof(text),
				 "%s tcp n%u.example.org:%u 10.%u.0.0/16",
				 k % 2 ? "allow" : "deny", k * 7 % 100, 1 + k,
				 k % 256);
			CHECK(add(c, text));
		}
		bytes[i] = image_of(c, &p[i]);
	}
	CHECK_EQ(p[0].len, p[1].len);
	CHECK(memcmp(bytes[0], bytes[1], p[0].len) == 0);
	for (unsigned i = 0; i < 2; i++) {
		free(bytes[i]);
		munmap(work[i], weir_compile_bytes());
	}
}

static void names_said_twice_cost_nothing(void **state)
{
	struct weir_rule_target host = { .host = WEIR_RULE_HOST_NAME };
	size_t len[2];

	(void)state;
	CHECK(draw_pattern(".ads.example", &host.name));
	for (unsigned i = 0; i < 2; i++) {
		void *work;
		struct weir_compile *c = begin(&work);

		CHECK(add(c, "deny file:list"));
		for (unsigned k = 0; k < (i ? 100000 : 1); k++)
			CHECK(weir_compile_host(c, &parsed.target[0], &host));
		len[i] = weir_compile_size(c);
		munmap(work, weir_compile_bytes());
	}
	CHECK_EQ(len[0], len[1]);
}

/* The ports of a list are those of its target, not of the one before. */
static void hosts_have_the_ports_of_their_target(void **state)
{
	void *work, *bytes;
	struct weir_compile *c = begin(&work);
	struct weir_class_facts f = draw_facts();
	struct weir_rule_target host = { .host = WEIR_RULE_HOST_PREFIX };
	struct weir_judge_flow q = { .protocol = WEIR_RULE_TCP,
				     .shown = WEIR_JUDGE_SHOWN_NONE };
	struct weir_image p;

	(void)state;
	CHECK(add(c, "allow tcp 1.2.3.4:22 file:a:443 file:b:80,8000-8080"));
	host.prefix = (struct weir_prefix){ draw_addr("8.8.8.8"), 128, true };
	CHECK(weir_compile_host(c, &parsed.target[1], &host));
	host.prefix.addr = draw_addr("9.9.9.9");
	CHECK(weir_compile_host(c, &parsed.target[2], &host));
	host.prefix.addr = draw_addr("8.8.4.4");
	CHECK(weir_compile_host(c, &parsed.target[1], &host));
	bytes = image_of(c, &p);
	for (unsigned port = 1; port < 9000; port++) {
		bool a = port == 443;
		bool b = port == 80 || (port >= 8000 && port <= 8080);

		q.port = (uint16_t)port;
		q.to = draw_addr("8.8.8.8");
		CHECK_EQ(weir_judge_flow(&p, &f, &q).rule, a);
		q.to = draw_addr("8.8.4.4");
		CHECK_EQ(weir_judge_flow(&p, &f, &q).rule, a);
		q.to = draw_addr("9.9.9.9");
		CHECK_EQ(weir_judge_flow(&p, &f, &q).rule, b);
		q.to = draw_addr("1.2.3.4");
		CHECK_EQ(weir_judge_flow(&p, &f, &q).rule, port == 22);
	}
	free(bytes);
	munmap(work, weir_compile_bytes());
}

static void nothing_is_added_to_a_finished_one(void **state)
{
	void *work;
	struct weir_compile *c = begin(&work);
	struct weir_pattern name;
	char small[64];
	size_t len;

	(void)state;
	CHECK(draw_pattern("a.test", &name));
	CHECK(add(c, "allow public"));
	len = weir_compile_size(c);
	CHECK(!add(c, "deny public"));
	CHECK(!weir_compile_host(c, &parsed.target[0], &parsed.target[0]));
	CHECK(!weir_compile_name(c, WEIR_COMPILE_BYPASS, &name));
	CHECK(!weir_compile_intercept(c, (struct weir_rule_range){ 1, 1 }));
	CHECK(!weir_compile_http(c, &(struct weir_httprule_entry){
					    .host = name }));
	CHECK_EQ(weir_compile_size(c), len);
	CHECK_EQ(weir_compile_write(c, small, sizeof(small)), 0);
	munmap(work, weir_compile_bytes());
}

static void one_rule_too_many_ends_it(void **state)
{
	void *work;
	struct weir_compile *c = begin(&work);

	(void)state;
	(void)parse("deny public");
	for (unsigned i = 0; i < WEIR_RULES_MAX; i++)
		CHECK(weir_compile_rule(c, WEIR_COMPILE_RULES, &parsed, "", 0));
	CHECK(!weir_compile_rule(c, WEIR_COMPILE_RULES, &parsed, "", 0));
	CHECK(!weir_compile_rule(c, WEIR_COMPILE_BOUNDS, &parsed, "", 0));
	CHECK_EQ(weir_compile_size(c), 0);
	munmap(work, weir_compile_bytes());
}

static void all_rules_that_are_allowed_fit(void **state)
{
	void *work, *bytes;
	struct weir_compile *c = begin(&work);
	struct weir_image p;
	size_t len;
	char text[128];

	(void)state;
	for (unsigned i = 0; i < WEIR_RULES_MAX; i++) {
		snprintf(text, sizeof(text), "allow tcp any:%u", 1 + i % 65535);
		CHECK(add(c, text));
	}
	bytes = image_of(c, &p);
	CHECK_EQ(p.n_rules, WEIR_RULES_MAX);
	CHECK(weir_image_text(&p, false, WEIR_RULES_MAX, &len) != NULL);
	CHECK_EQ(len, 15);
	free(bytes);
	munmap(work, weir_compile_bytes());
}

static void more_different_names_than_there_is_room_for(void **state)
{
	void *work;
	struct weir_compile *c = begin(&work);
	struct weir_rule_target host = { .host = WEIR_RULE_HOST_NAME };
	unsigned n = 0;

	(void)state;
	host.name = (struct weir_pattern){ WEIR_PATTERN_SELF,
					   draw_name("00000000") };
	CHECK(add(c, "deny file:list"));
	for (bool ok = true; ok && n < 2 * WEIR_DRAFT_NAMES_MAX; n += ok) {
		for (unsigned i = 0; i < 8; i++)
			host.name.base.b[1 + i] =
				(uint8_t)('a' + (n >> 4 * i & 15));
		ok = weir_compile_host(c, &parsed.target[0], &host);
	}
	CHECK_EQ(n, WEIR_DRAFT_NAMES_MAX - 1);
	CHECK(!add(c, "deny public"));
	CHECK_EQ(weir_compile_size(c), 0);
	munmap(work, weir_compile_bytes());
}

T_MAIN(T(too_little_memory_is_refused), T(a_small_policy_touches_little),
       T(an_empty_policy_is_one_too), T(names_are_noticed),
       T(the_same_rules_make_the_same_image), T(names_said_twice_cost_nothing),
       T(hosts_have_the_ports_of_their_target),
       T(nothing_is_added_to_a_finished_one), T(one_rule_too_many_ends_it),
       T(all_rules_that_are_allowed_fit),
       T(more_different_names_than_there_is_room_for))
