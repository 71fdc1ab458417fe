/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - the compiled policy: opening it, and what is simply read from it
 *
 * Checked here: the head, the table of sections, and the record of each rule.
 * Everything else is checked by index.c when it is followed.
 */
#include "policy/image.h"

#include "policy/index.h"

#define KNOWN_FLAGS                                                            \
	(WEIR_IMAGE_ALLOW_OUT | WEIR_IMAGE_QUIC_PIN | WEIR_IMAGE_DROP |        \
	 WEIR_IMAGE_REBIND | WEIR_IMAGE_NAMES | WEIR_IMAGE_HTTP |              \
	 WEIR_IMAGE_GUARDED)

/* The sections lie behind the head, aligned, whole, and inside. */
static bool open_sections(struct weir_image *p)
{
	const uint8_t *table = p->bytes + 4 * WEIR_IMAGE_WORDS;

	for (uint32_t s = 0; s < WEIR_IMAGE_SECTIONS; s++) {
		uint32_t at = weir_index_load(table + 8 * s);
		uint32_t size = weir_index_load(table + 8 * s + 4);

		if (at % 8 || at < WEIR_INDEX_HEAD_BYTES || at > p->len ||
		    size > p->len - at)
			return false;
		p->at[s] = p->bytes + at;
		p->size[s] = size;
	}
	return true;
}

static bool open_rules(const struct weir_image *p, enum weir_index_section s,
		       uint32_t n)
{
	uint32_t texts = p->size[WEIR_INDEX_TEXTS];

	if (n > WEIR_RULES_MAX || p->size[s] != 4 * WEIR_INDEX_RULE_WORDS * n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t w = WEIR_INDEX_RULE_WORDS * i;
		uint32_t text = weir_index_word(p, s, w);
		uint32_t len = weir_index_word(p, s, w + 1);

		if (len > WEIR_RULE_TEXT_BYTES || len > texts ||
		    text > texts - len ||
		    weir_index_word(p, s, w + 2) > WEIR_INDEX_ALLOW)
			return false;
	}
	return true;
}

bool weir_image_open(const void *bytes, size_t len, struct weir_image *ret)
{
	struct weir_image p = { .bytes = bytes, .len = len };

	if (len < WEIR_INDEX_HEAD_BYTES || len > WEIR_IMAGE_BYTES ||
	    (uintptr_t)bytes % 8)
		return false;
	memcpy(p.word, bytes, sizeof(p.word));
	p.flags = p.word[WEIR_INDEX_W_FLAGS];
	p.n_rules = p.word[WEIR_INDEX_W_RULES];
	p.n_bounds = p.word[WEIR_INDEX_W_BOUNDS];
	if (p.word[WEIR_INDEX_W_MAGIC] != WEIR_INDEX_MAGIC ||
	    p.word[WEIR_INDEX_W_VERSION] != WEIR_INDEX_VERSION ||
	    p.word[WEIR_INDEX_W_BYTES] != len || p.flags & ~KNOWN_FLAGS ||
	    !open_sections(&p) ||
	    !open_rules(&p, WEIR_INDEX_RULES, p.n_rules) ||
	    !open_rules(&p, WEIR_INDEX_BOUNDS, p.n_bounds))
		return false;
	*ret = p;
	return true;
}

const char *weir_image_text(const struct weir_image *p, bool bounds,
			    uint32_t number, size_t *ret_len)
{
	enum weir_index_section s =
		bounds ? WEIR_INDEX_BOUNDS : WEIR_INDEX_RULES;
	uint32_t w = WEIR_INDEX_RULE_WORDS * (number - 1);

	if (number == 0 || number > (bounds ? p->n_bounds : p->n_rules))
		return NULL;
	*ret_len = weir_index_word(p, s, w + 1);
	return (const char *)p->at[WEIR_INDEX_TEXTS] + weir_index_word(p, s, w);
}

uint64_t weir_image_hash(const struct weir_image *p)
{
	return (uint64_t)p->word[WEIR_INDEX_W_HASH + 1] << 32 |
	       p->word[WEIR_INDEX_W_HASH];
}

bool weir_image_is_intercepted(const struct weir_image *p, uint16_t port)
{
	return weir_index_value(p, p->word[WEIR_INDEX_W_PORTS],
				weir_index_x(0, port)) != 0;
}

bool weir_image_is_bypassed(const struct weir_image *p,
			    const struct weir_dns_name *name)
{
	return weir_index_is_member(p, WEIR_INDEX_BYPASS, name);
}

bool weir_image_is_insecure(const struct weir_image *p,
			    const struct weir_dns_name *name)
{
	return weir_index_is_member(p, WEIR_INDEX_INSECURE, name);
}

bool weir_image_is_guarded(const struct weir_image *p,
			   const struct weir_dns_name *name)
{
	return weir_index_is_member(p, WEIR_INDEX_GUARDED, name);
}
