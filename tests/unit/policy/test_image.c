/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_image.c - an image is opened or refused; a forged one is harmless
 */
#include "policy/image.h"

#include <stdio.h>

#include "../base/bench.h"
#include "../t.h"
#include "draw.h"
#include "policy/index.h"

/* A policy that fills every section. */
static struct draw *rich(void)
{
	static const char *const lines[] = { "GET /a/*", "-* /a/b", NULL };
	struct draw *d = draw_new();

	d->slow.flags = WEIR_IMAGE_REBIND | WEIR_IMAGE_DROP;
	d->slow.intercept[0] = (struct weir_rule_range){ 443, 443 };
	d->slow.intercept[1] = (struct weir_rule_range){ 8000, 8999 };
	d->slow.n_intercept = 2;
	CHECK(draw_pattern(".bank.example", &d->slow.bypass[0]));
	CHECK(draw_pattern("*.key.example", &d->slow.guarded[0]));
	CHECK(draw_pattern(".corp.example", &d->slow.private_name[0]));
	d->slow.n_bypass = d->slow.n_guarded = d->slow.n_private = 1;
	CHECK(draw_http(d, "api.test", lines));
	CHECK(draw_rule(d, false, "allow tcp *.a.test:443 b.test:22"));
	CHECK(draw_rule(d, false, "deny 10.0.0.0/8 [2606:4700::/32]:80"));
	CHECK(draw_rule(d, false, "allow in tcp private:22"));
	CHECK(draw_rule(d, false, "allow public"));
	CHECK(draw_rule(d, true, "deny host linklocal"));
	CHECK(draw_image(d));
	return d;
}

static void every_question(const struct weir_image *p)
{
	static const uint16_t ports[] = { 0, 22, 80, 443, 853, 65535 };
	struct weir_class_facts f = draw_facts();
	struct weir_dns_name n[4] = { draw_name("x.y.a.test"),
				      draw_name("b.test"),
				      draw_name("api.test"),
				      draw_name("k.key.example") };
	const struct weir_dns_name *pin[2] = { &n[0], &n[1] };
	struct weir_addr a[3] = { draw_addr("10.0.0.5"),
				  draw_addr("2606:4700::1"),
				  draw_addr("64:ff9b::808:808") };
	size_t len;

	for (unsigned i = 0; i < 4; i++) {
		(void)weir_judge_name(p, &n[i]);
		(void)weir_judge_answer(p, &f, &n[i], &a[i % 3]);
		(void)weir_judge_http(p, &n[i], "GET", 3, "/a/b", 4);
		(void)weir_image_is_bypassed(p, &n[i]);
		(void)weir_image_is_insecure(p, &n[i]);
		(void)weir_image_is_guarded(p, &n[i]);
	}
	for (unsigned i = 0; i < 54; i++) {
		struct weir_judge_flow q = {
			.protocol = (uint8_t)(1u << i % 3),
			.to = a[i / 3 % 3],
			.port = ports[i % 6],
			.pin = pin,
			.n_pins = i % 3,
			.shown = WEIR_JUDGE_SHOWN_NOTHING_YET + i / 18,
			.name = &n[i % 4],
		};

		(void)weir_judge_flow(p, &f, &q);
		(void)weir_judge_in(p, &f, q.protocol, &q.to, q.port);
		(void)weir_image_is_intercepted(p, q.port);
		(void)weir_image_text(p, i & 1, i / 2, &len);
	}
}

static void what_was_compiled_is_there(void **state)
{
	struct draw *d = rich();
	struct weir_dns_name bank = draw_name("bank.example");
	struct weir_dns_name key = draw_name("key.example");
	struct weir_dns_name keys = draw_name("a.key.example");
	struct weir_dns_name api = draw_name("api.test");

	(void)state;
	CHECK_EQ(d->image.n_rules, 4);
	CHECK_EQ(d->image.n_bounds, 1);
	CHECK_EQ(d->image.flags, WEIR_IMAGE_REBIND | WEIR_IMAGE_DROP |
					 WEIR_IMAGE_NAMES | WEIR_IMAGE_HTTP |
					 WEIR_IMAGE_GUARDED);
	CHECK(weir_image_is_intercepted(&d->image, 443));
	CHECK(!weir_image_is_intercepted(&d->image, 444));
	CHECK(!weir_image_is_intercepted(&d->image, 7999));
	CHECK(weir_image_is_intercepted(&d->image, 8000));
	CHECK(weir_image_is_intercepted(&d->image, 8999));
	CHECK(!weir_image_is_intercepted(&d->image, 9000));
	CHECK(weir_image_is_bypassed(&d->image, &bank));
	CHECK(!weir_image_is_bypassed(&d->image, &key));
	CHECK(weir_image_is_guarded(&d->image, &keys));
	CHECK(!weir_image_is_guarded(&d->image, &key));
	CHECK(weir_image_is_guarded(&d->image, &api));
	draw_free(d);
}

static void texts_are_as_they_were_given(void **state)
{
	struct draw *d = rich();
	size_t len = 77;

	(void)state;
	CHECK(memcmp(weir_image_text(&d->image, false, 4, &len), "rule 4", 6) ==
	      0);
	CHECK_EQ(len, 6);
	CHECK(memcmp(weir_image_text(&d->image, true, 1, &len), "rule 1", 6) ==
	      0);
	len = 77;
	CHECK(!weir_image_text(&d->image, false, 0, &len));
	CHECK(!weir_image_text(&d->image, false, 5, &len));
	CHECK(!weir_image_text(&d->image, true, 2, &len));
	CHECK(!weir_image_text(&d->image, false, UINT32_MAX, &len));
	CHECK_EQ(len, 77);
	draw_free(d);
}

static void an_image_may_lie_anywhere(void **state)
{
	struct draw *d = rich();
	struct weir_image moved;
	uint8_t *copy = malloc(d->len + 8);

	(void)state;
	memcpy(copy + 8, d->bytes, d->len);
	memset(d->bytes, 0xff, d->len);
	CHECK(weir_image_open(copy + 8, d->len, &moved));
	CHECK_EQ(moved.n_rules, 4);
	CHECK(weir_image_is_intercepted(&moved, 443));
	CHECK(!weir_image_open(copy + 4, d->len, &moved));
	CHECK(!weir_image_open(d->bytes, d->len, &moved));
	free(copy);
	draw_free(d);
}

static void a_part_of_an_image_is_none(void **state)
{
	struct draw *d = rich();
	struct weir_image p = { .n_rules = 99 };

	(void)state;
	for (size_t len = 0; len < d->len; len++) {
		uint8_t *part = malloc(len ? len : 1);

		memcpy(part, d->bytes, len);
		CHECK(!weir_image_open(part, len, &p));
		free(part);
	}
	CHECK_EQ(p.n_rules, 99); /* nothing was written */
	draw_free(d);
}

/* Any word of the image may be anything: only the answer may be wrong. */
static void a_forged_word_is_harmless(void **state)
{
	static const uint32_t lies[] = { 0,          1,          7,
					 0x10000,    0x7fffffff, 0x80000000,
					 0xfffffff8, UINT32_MAX };
	struct draw *d = rich();
	unsigned opened = 0, refused = 0;

	(void)state;
	for (size_t at = 0; at + 4 <= d->len; at += 4) {
		for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			uint8_t *word = (uint8_t *)d->bytes + at, was[4];
			struct weir_image p;

			memcpy(was, word, 4);
			memcpy(word, &lies[i], 4);
			if (weir_image_open(d->bytes, d->len, &p)) {
				opened++;
				every_question(&p);
			} else {
				refused++;
			}
			memcpy(word, was, 4);
		}
	}
	CHECK(opened > 1000);
	CHECK(refused > 100);
	draw_free(d);
}

static void forged_bytes_everywhere_are_harmless(void **state)
{
	struct draw *d = rich();
	uint8_t *forged = malloc(d->len);
	uint64_t seed = 7;
	unsigned opened = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct weir_image p;

		memcpy(forged, d->bytes, d->len);
		/* behind the head, the table and the rules */
		for (unsigned k = 1 + below(&seed, 64); k-- > 0;)
			forged[WEIR_INDEX_HEAD_BYTES +
			       below(&seed, (uint32_t)d->len -
						    WEIR_INDEX_HEAD_BYTES)] =
				(uint8_t)roll(&seed);
		if (!weir_image_open(forged, d->len, &p))
			continue;
		opened++;
		every_question(&p);
	}
	CHECK(opened > 300);
	free(forged);
	draw_free(d);
}

/* A table without an empty slot: the search ends all the same. */
static void a_table_without_an_end_is_left(void **state)
{
	struct draw *d = rich();
	uint8_t *names, *nets;

	(void)state;
	names = (uint8_t *)d->bytes +
		(d->image.at[WEIR_INDEX_NAMES] - d->image.bytes);
	nets = (uint8_t *)d->bytes +
	       (d->image.at[WEIR_INDEX_NETS] - d->image.bytes);
	memset(names, 1, d->image.size[WEIR_INDEX_NAMES]);
	memset(nets, 1, d->image.size[WEIR_INDEX_NETS]);
	CHECK(weir_image_open(d->bytes, d->len, &d->image));
	every_question(&d->image);
	draw_free(d);
}

static void policies_have_their_hash(void **state)
{
	struct draw *a = rich(), *b = rich();

	(void)state;
	CHECK(weir_image_hash(&a->image) == weir_image_hash(&b->image));
	CHECK(draw_rule(b, false, "deny any"));
	CHECK(draw_image(b));
	CHECK(weir_image_hash(&a->image) != weir_image_hash(&b->image));
	draw_free(a);
	draw_free(b);
}

T_MAIN(T(what_was_compiled_is_there), T(texts_are_as_they_were_given),
       T(an_image_may_lie_anywhere), T(a_part_of_an_image_is_none),
       T(a_forged_word_is_harmless), T(forged_bytes_everywhere_are_harmless),
       T(a_table_without_an_end_is_left), T(policies_have_their_hash))
