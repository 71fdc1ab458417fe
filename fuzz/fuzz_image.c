/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image.c - whatever an image says, questions get an answer
 *
 * Input: an image, then 32 bytes that choose the questions.  It is opened as it
 * is, and again with the words set that would keep most inputs out.
 */
#include "policy/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "policy/index.h"
#include "policy/judge.h"

#define DICE 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
	if (!cond)
		abort();
}

static void check(struct weir_judge_verdict v, const struct weir_image *p)
{
	must(v.said >= WEIR_JUDGE_ALLOW && v.said <= WEIR_JUDGE_DEFER);
	must(v.by >= WEIR_JUDGE_BY_NOTHING && v.by <= WEIR_JUDGE_BY_BOUNDS);
	must((v.said == WEIR_JUDGE_DENY) == (v.reason != WEIR_REASON_NONE));
	(void)weir_reason_name(v.reason);
	if (v.by == WEIR_JUDGE_BY_RULE || v.by == WEIR_JUDGE_BY_BOUNDS) {
		size_t len = 0;
		const char *text =
			weir_image_text(p, v.by == WEIR_JUDGE_BY_BOUNDS, v.rule,
					&len);

		must(!text || (text >= (const char *)p->bytes &&
			       text + len <= (const char *)p->bytes + p->len));
	}
}

static struct weir_dns_name read_name(struct weir_rd *dice)
{
	static const char *const names[] = {
		"a.test",
		"x.y.a.test",
		"b.test",
		"api.test",
		"k.key.example",
		"build",
		"",
		"metadata.google.internal",
	};
	const char *text = names[weir_rd_u8(dice) % 8];
	struct weir_dns_name n = { .len = 0 };

	must(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

static struct weir_addr read_addr(struct weir_rd *dice)
{
	uint8_t kind = weir_rd_u8(dice);
	uint32_t ip = weir_rd_be32(dice);
	struct weir_addr a = weir_addr_from4(ip);

	if (kind & 1)
		a.b[10] = kind; /* no longer IPv4 */
	if (kind & 2)
		memcpy(a.b, "\x20\x02\x0a\x00\x00\x05", 6);
	return a;
}

static void ask(const struct weir_image *p, const uint8_t *data, size_t size)
{
	static const struct weir_class_facts f = { .len4 = 24 };
	struct weir_rd dice = weir_rd_over(data, size);
	struct weir_dns_name n[3] = { read_name(&dice), read_name(&dice),
				      read_name(&dice) };
	const struct weir_dns_name *pin[2] = { &n[0], &n[1] };
	struct weir_judge_flow q = {
		.to = read_addr(&dice),
		.port = weir_rd_be16(&dice),
		.pin = pin,
		.n_pins = weir_rd_u8(&dice) % 3,
		.name = &n[2],
	};
	size_t len;

	for (uint8_t i = 0; i < 9; i++) {
		q.protocol = (uint8_t)(1u << i % 3);
		q.shown = WEIR_JUDGE_SHOWN_NOTHING_YET + i / 3;
		check(weir_judge_flow(p, &f, &q), p);
	}
	check(weir_judge_in(p, &f, WEIR_RULE_TCP, &q.to, q.port), p);
	check(weir_judge_name(p, &n[0]), p);
	check(weir_judge_answer(p, &f, &n[0], &q.to), p);
	check(weir_judge_http(p, &n[1], "GET", 3, "/a/b?c", 6), p);
	(void)weir_image_is_intercepted(p, q.port);
	(void)weir_image_is_bypassed(p, &n[2]);
	(void)weir_image_is_guarded(p, &n[2]);
	(void)weir_image_text(p, q.port & 1, q.port >> 8, &len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size > DICE ? size - DICE : 0;
	uint8_t *copy = malloc(len ? len : 1);
	struct weir_image p;

	must(copy != NULL);
	memcpy(copy, data, len);
	if (weir_image_open(copy, len, &p))
		ask(&p, data + len, size - len);
	if (len >= WEIR_INDEX_HEAD_BYTES) {
		uint32_t word[] = { WEIR_INDEX_MAGIC, WEIR_INDEX_VERSION,
				    (uint32_t)len };

		memcpy(copy, word, sizeof(word));
		if (weir_image_open(copy, len, &p))
			ask(&p, data + len, size - len);
	}
	free(copy);
	return 0;
}
