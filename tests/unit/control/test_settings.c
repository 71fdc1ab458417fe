/* SPDX-License-Identifier: Apache-2.0 */
#include "control/settings.h"

#include "../t.h"

static void texts_are_copied_in_their_order(void **state)
{
	struct weir_settings s;
	char text[16], where[16];

	(void)state;
	weir_settings_init(&s);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "t%d", i);
		snprintf(where, sizeof(where), "f:%d", i);
		CHECK(weir_settings_add(&s.rules, text, where));
	}
	CHECK_EQ(s.rules.n, 100);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "t%d", i);
		snprintf(where, sizeof(where), "f:%d", i);
		CHECK(strcmp(s.rules.at[i].text, text) == 0);
		CHECK(strcmp(s.rules.at[i].where, where) == 0);
	}
	weir_settings_fini(&s);
	CHECK_EQ(s.rules.n, 0);
	CHECK(!s.rules.at);
}

static void a_text_does_not_move_when_its_list_grows(void **state)
{
	struct weir_settings s;
	const char *first;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_add(&s.search, "lab", "f:1"));
	first = s.search.at[0].text;
	for (int i = 0; i < 100; i++)
		CHECK(weir_settings_add(&s.search, "more", "f:2"));
	CHECK(s.search.at[0].text == first);
	weir_settings_fini(&s);
}

static void entries_are_added_one_after_the_other(void **state)
{
	struct weir_settings s;
	char name[16];

	(void)state;
	weir_settings_init(&s);
	for (int i = 0; i < 70; i++) {
		struct weir_settings_group *g;
		struct weir_settings_http *h;
		struct weir_settings_secret *e;

		snprintf(name, sizeof(name), "n%d", i);
		g = weir_settings_add_group(&s, name, "f:1");
		h = weir_settings_add_http(&s, name, "f:2");
		e = weir_settings_add_secret(&s, name, "f:3");
		CHECK(g && h && e);
		CHECK(weir_settings_add(&g->members, name, "f:4"));
		CHECK(weir_settings_add(&h->deny, name, "f:5"));
		CHECK(weir_settings_add(&e->in, name, "f:6"));
		CHECK(weir_settings_set(&e->on_leak, name));
	}
	for (size_t i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		CHECK(strcmp(s.group[i].name, name) == 0);
		CHECK(strcmp(s.group[i].members.at[0].text, name) == 0);
		CHECK(strcmp(s.http[i].deny.at[0].text, name) == 0);
		CHECK(strcmp(s.secret[i].on_leak, name) == 0);
		CHECK(!s.secret[i].from && !s.secret[i].has_ttl);
		CHECK_EQ(s.secret[i].hosts.n, 0);
	}
	CHECK(s.n_groups == 70 && s.n_http == 70 && s.n_secrets == 70);
	weir_settings_fini(&s);
	CHECK(s.n_groups == 0 && !s.group && !s.http && !s.secret);
}

static void a_text_that_stands_alone_is_replaced(void **state)
{
	struct weir_settings s;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.log, "a"));
	CHECK(weir_settings_set(&s.log, "b"));
	CHECK(strcmp(s.log, "b") == 0);
	weir_settings_fini(&s);
	CHECK(!s.log);
}

static void only_what_is_to_come_is_noted(void **state)
{
	struct weir_settings s;
	char why[200] = "";

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_note(&s, "rules", "f:1"));
	CHECK(weir_settings_note(&s, "net", "f:1"));
	CHECK(weir_settings_is_ready(&s, why, sizeof(why)));
	CHECK_EQ(why[0], 0);
	CHECK(weir_settings_note(&s, "tls.intercept", "--intercept"));
	CHECK(weir_settings_note(&s, "tls.reflection", "f:3"));
	CHECK(weir_settings_note(&s, "secrets", "f:2"));
	CHECK_EQ(s.n_later, 2);
	CHECK(!weir_settings_is_ready(&s, why, sizeof(why)));
	CHECK(strcmp(why, "f:3: the search for reflected secrets is not there "
			  "yet in this version; weir check knows it") == 0);
	CHECK(!weir_settings_is_ready(&s, why, 10));
	CHECK_EQ(strlen(why), 9);
	weir_settings_fini(&s);
	CHECK(weir_settings_is_ready(&s, why, sizeof(why)));
}

static void fini_of_nothing_is_nothing(void **state)
{
	struct weir_settings s;

	(void)state;
	weir_settings_init(&s);
	weir_settings_fini(&s);
	weir_settings_fini(&s);
	CHECK(!s.has_net && !s.dir);
}

T_MAIN(T(texts_are_copied_in_their_order),
       T(a_text_does_not_move_when_its_list_grows),
       T(entries_are_added_one_after_the_other),
       T(a_text_that_stands_alone_is_replaced),
       T(only_what_is_to_come_is_noted), T(fini_of_nothing_is_nothing))
