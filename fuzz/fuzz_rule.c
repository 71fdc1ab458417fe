/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rule.c - any bytes as a rule, as a host alone and as a shown name
 *
 * Input: one byte of how (1: broad for the host alone; 2: there is no world;
 * 4: two rules, parted by the first zero byte), then the text.
 */
#include "policy/rule.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

/* A world that answers by the bytes: some of each answer. */
static bool to_ascii(void *ctx, const char *text, size_t len,
		     char ret[WEIR_PATTERN_TEXT_BYTES])
{
	size_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < len && n + 1 < WEIR_PATTERN_TEXT_BYTES; i++)
		ret[n++] = (char)(text[i] & 0x7f);
	ret[n] = '\0';
	return len % 5 != 0;
}

static bool is_suffix(void *ctx, const char *name)
{
	(void)ctx;
	must_be(strlen(name) < WEIR_PATTERN_TEXT_BYTES);
	return name[0] == 'c';
}

static bool is_group(void *ctx, const char *word, size_t len)
{
	(void)ctx;
	must_be(len > 0 && len <= 63);
	return word[0] == 'g';
}

static const char *const groups[] = { "green", "gold-1", "" };

static const struct weir_rule_world world = { .to_ascii = to_ascii,
					      .is_suffix = is_suffix,
					      .is_group = is_group,
					      .group = groups,
					      .n_groups = 3 };

static void check_error(const struct weir_rule_error *e, size_t len)
{
	size_t why = strnlen(e->why, sizeof(e->why));

	must_be(e->at <= len);
	must_be(why > 0 && why < sizeof(e->why) - 1); /* not cut off */
	for (size_t i = 0; i < why; i++)
		must_be(e->why[i] >= ' ' && e->why[i] < 0x7f);
}

static void check_prefix(const struct weir_prefix *p)
{
	struct weir_addr cut = weir_prefix_cut(&p->addr, p->bits);

	must_be(p->bits <= 128);
	must_be(weir_addr_is_equal(&cut, &p->addr));
	must_be(p->v4 == (p->bits >= 96 && weir_addr_is4(&p->addr)));
	must_be(weir_prefix_has(p, &p->addr) ||
		(!p->v4 && weir_addr_is4(&p->addr)));
}

static void check_name(const struct weir_pattern *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned at = 0;

	must_be(p->what >= 1 && p->what <= 3);
	must_be(p->base.len > 1);
	while (at < p->base.len && p->base.b[at]) {
		must_be(p->base.b[at] <= WEIR_DNS_LABEL_MAX_BYTES);
		for (unsigned i = 1; i <= p->base.b[at]; i++)
			must_be(memchr(letters, p->base.b[at + i],
				       sizeof(letters) - 1));
		at += p->base.b[at] + 1u;
	}
	must_be(at + 1 == p->base.len);
	must_be(weir_pattern_covers(p, p));
	must_be(weir_pattern_has(p, &p->base) ==
		((p->what & WEIR_PATTERN_SELF) != 0));
}

static void check_target(const struct weir_rule_target *t, const char *text,
			 size_t len)
{
	must_be(t->at < len);
	must_be(t->n_ports <= WEIR_RULE_PORTS_MAX);
	for (size_t i = 0; i < t->n_ports; i++) {
		must_be(t->port[i].low >= 1);
		must_be(t->port[i].low <= t->port[i].high);
		must_be(!i || t->port[i - 1].high + 1 < t->port[i].low);
	}
	switch (t->host) {
	case WEIR_RULE_HOST_ANY:
		break;
	case WEIR_RULE_HOST_DNS:
		must_be(!t->n_ports);
		break;
	case WEIR_RULE_HOST_CLASS:
		must_be(t->class != WEIR_CLASS_NEVER &&
			t->class != WEIR_CLASS_RESERVED);
		break;
	case WEIR_RULE_HOST_GROUP:
		must_be(t->text[0] == 'g');
		must_be(t->text == text + t->at && t->text_len <= len - t->at);
		break;
	case WEIR_RULE_HOST_FILE:
		must_be(t->text == text + t->at + 5 && t->text_len > 0);
		must_be(t->text_len <= len - t->at - 5);
		break;
	case WEIR_RULE_HOST_PREFIX:
		check_prefix(&t->prefix);
		break;
	case WEIR_RULE_HOST_NAME:
		check_name(&t->name);
		break;
	}
}

static void check_rule(const struct weir_rule *r, const char *text, size_t len)
{
	must_be(len <= WEIR_RULE_TEXT_BYTES);
	must_be(r->n_targets >= 1 && r->n_targets <= WEIR_RULE_TARGETS_MAX);
	must_be(r->protocols >= 1 && r->protocols <= WEIR_RULE_ANY);
	must_be(r->has_protocols || r->protocols == WEIR_RULE_ANY);
	for (size_t i = 0; i < r->n_targets; i++) {
		const struct weir_rule_target *t = &r->target[i];

		check_target(t, text, len);
		must_be(!i || t->at > r->target[i - 1].at);
		must_be(!r->in || (t->host != WEIR_RULE_HOST_NAME &&
				   t->host != WEIR_RULE_HOST_DNS));
		must_be(!t->n_ports || !r->has_protocols ||
			!(r->protocols & WEIR_RULE_ICMP));
		must_be(!r->allow || t->host != WEIR_RULE_HOST_CLASS ||
			t->class != WEIR_CLASS_MULTICAST);
	}
	must_be(weir_rule_covers(r, r));
}

/* Printed as in a rule and read again, a host is the same. */
static void check_again(const struct weir_rule_target *t)
{
	char b[2 * WEIR_PATTERN_TEXT_BYTES];
	struct weir_text to = weir_text_over(b, sizeof(b));
	struct weir_rule_target u;
	struct weir_rule_error e;

	if (t->host == WEIR_RULE_HOST_PREFIX)
		weir_prefix_print(&to, &t->prefix);
	else
		weir_pattern_print(&to, &t->name);
	must_be(weir_text_ok(&to));
	must_be(weir_rule_parse_host(b, to.len, true, NULL, &u, &e));
	must_be(u.host == t->host);
	if (t->host == WEIR_RULE_HOST_PREFIX)
		must_be(weir_prefix_covers(&u.prefix, &t->prefix) &&
			weir_prefix_covers(&t->prefix, &u.prefix));
	else
		must_be(u.name.what == t->name.what &&
			weir_dns_is_exact_name(&u.name.base, &t->name.base));
}

static void try_host(const char *text, size_t len, bool broad,
		     const struct weir_rule_world *w)
{
	struct weir_rule_target t;
	struct weir_rule_error e;
	struct weir_dns_name n;

	if (weir_rule_parse_host(text, len, broad, w, &t, &e)) {
		must_be(t.host == WEIR_RULE_HOST_PREFIX ||
			t.host == WEIR_RULE_HOST_NAME);
		must_be(!t.n_ports);
		check_target(&t, text, len);
		check_again(&t);
	} else {
		check_error(&e, len);
	}
	if (weir_pattern_name(text, len, &n)) {
		struct weir_pattern p = { .what = WEIR_PATTERN_SELF,
					  .base = n };

		check_name(&p);
	}
	if (weir_rule_can_name(text, len))
		must_be(len >= 1 && len <= 63);
}

static bool try_rule(const char *text, size_t len,
		     const struct weir_rule_world *w, struct weir_rule *r)
{
	struct weir_rule_error e;

	if (weir_rule_parse(text, len, w, r, &e)) {
		check_rule(r, text, len);
		return true;
	}
	check_error(&e, len);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct weir_rule_world *w;
	struct weir_rule *r = malloc(2 * sizeof(*r));
	const char *text = (const char *)data + 1;
	const char *end;
	size_t len, first;

	must_be(r);
	if (size < 2) {
		free(r);
		return 0;
	}
	w = data[0] & 2 ? NULL : &world;
	len = size - 1;
	first = len;
	end = data[0] & 4 ? memchr(text, 0, len) : NULL;
	if (end)
		first = (size_t)(end - text);
	try_host(text, first, data[0] & 1, w);
	if (try_rule(text, first, w, r) && end &&
	    try_rule(end + 1, len - first - 1, w, r + 1))
		weir_rule_covers(r, r + 1);
	free(r);
	return 0;
}
