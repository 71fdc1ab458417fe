/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_judge.c - any rules at all: both judges say the same
 *
 * Input: a byte of settings, a byte that moves the dice, then lines: what the
 * line is (one character) and its text.
 *
 *	r RULE   b BOUND   0 HOST .. 3 HOST: member of a group
 *	p k y NAME: private, guarded, bypassed   i: 443 and 853 intercepted
 *
 * The questions are about what the rules are about.
 */
#include "tests/unit/policy/draw.c"
#include "tests/unit/policy/slow.c"

#include "policy/image.h"

#define NAMES_MAX 24u
#define ADDRS_MAX 24u
#define PORTS_MAX 24u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct things {
	struct weir_dns_name name[NAMES_MAX];
	struct weir_addr addr[ADDRS_MAX];
	uint16_t port[PORTS_MAX];
	unsigned n_names, n_addrs, n_ports;
	uint64_t dice;
};

static uint32_t throw(struct things * t, uint32_t n)
{
	t->dice = t->dice * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(t->dice >> 33) % n;
}

static void note_name(struct things *t, const struct weir_dns_name *n)
{
	struct weir_dns_name *below = &t->name[t->n_names + 1];

	if (t->n_names + 2 > NAMES_MAX || n->len > 250)
		return;
	t->name[t->n_names] = *n;
	below->len = (uint8_t)(n->len + 2);
	below->b[0] = 1;
	below->b[1] = 'q';
	memcpy(below->b + 2, n->b, n->len);
	t->n_names += 2;
}

static void note_target(struct things *t, const struct weir_rule_target *x)
{
	if (x->host == WEIR_RULE_HOST_NAME)
		note_name(t, &x->name.base);
	if (x->host == WEIR_RULE_HOST_PREFIX && t->n_addrs + 2 <= ADDRS_MAX) {
		t->addr[t->n_addrs++] = x->prefix.addr;
		t->addr[t->n_addrs] = x->prefix.addr;
		t->addr[t->n_addrs++].b[15] ^= 5;
	}
	for (unsigned i = 0; i < x->n_ports && t->n_ports + 2 <= PORTS_MAX;
	     i++) {
		t->port[t->n_ports++] = x->port[i].low;
		t->port[t->n_ports++] = (uint16_t)(x->port[i].high + 1);
	}
}

static void note_policy(struct things *t, const struct draw *d)
{
	static const char *const addrs[] = { "8.8.8.8",      "10.0.0.5",
					     "2606:4700::1", "64:ff9b::808:808",
					     "224.0.0.251",  "10.0.2.2" };
	static const uint16_t ports[] = { 443, 80, 853, 22 };

	for (unsigned i = 0; i < 6; i++)
		t->addr[t->n_addrs++] = draw_addr(addrs[i]);
	for (unsigned i = 0; i < 4; i++)
		t->port[t->n_ports++] = ports[i];
	t->name[t->n_names++] = draw_name("metadata.google.internal");
	t->name[t->n_names++] = draw_name("other.test");
	for (unsigned b = 0; b < 2; b++)
		for (unsigned i = 0;
		     i < (b ? d->slow.n_bounds : d->slow.n_rules); i++)
			for (unsigned k = 0; k < d->rule[b][i].r.n_targets; k++)
				note_target(t, &d->rule[b][i].r.target[k]);
	for (unsigned i = 0; i < d->n_hosts; i++)
		note_target(t, &d->host[i]);
}

static void read_line(struct draw *d, char what, const char *text)
{
	struct slow_policy *p = &d->slow;

	if (what == 'r' || what == 'b')
		(void)draw_rule(d, what == 'b', text);
	else if (what >= '0' && what <= '3')
		(void)draw_member(d, (unsigned)(what - '0'), text);
	else if (what == 'p' && p->n_private < 4)
		p->n_private +=
			draw_pattern(text, &p->private_name[p->n_private]);
	else if (what == 'k' && p->n_guarded < 4)
		p->n_guarded += draw_pattern(text, &p->guarded[p->n_guarded]);
	else if (what == 'y' && p->n_bypass < 4)
		p->n_bypass += draw_pattern(text, &p->bypass[p->n_bypass]);
	else if (what == 'i' && p->n_intercept == 0) {
		p->intercept[p->n_intercept++] =
			(struct weir_rule_range){ 443, 443 };
		p->intercept[p->n_intercept++] =
			(struct weir_rule_range){ 853, 853 };
	}
}

static void agree(struct weir_judge_verdict a, struct weir_judge_verdict b)
{
	must(a.said == b.said && a.by == b.by && a.rule == b.rule &&
	     a.reason == b.reason && a.named == b.named);
}

static void ask(struct things *t, const struct draw *d,
		const struct weir_class_facts *f)
{
	const struct weir_dns_name *pin[3];
	struct weir_judge_flow q = {
		.protocol = (uint8_t)(1u << throw(t, 3)),
		.to = t->addr[throw(t, t->n_addrs)],
		.port = t->port[throw(t, t->n_ports)],
		.pin = pin,
		.n_pins = throw(t, 4),
		.shown = WEIR_JUDGE_SHOWN_NOTHING_YET + throw(t, 3),
		.name = &t->name[throw(t, t->n_names)],
	};

	for (unsigned i = 0; i < q.n_pins; i++)
		pin[i] = &t->name[throw(t, t->n_names)];
	if (q.n_pins && throw(t, 2))
		q.name = pin[0];
	if (q.protocol == WEIR_RULE_ICMP)
		q.port = 0;
	agree(weir_judge_flow(&d->image, f, &q), slow_flow(&d->slow, f, &q));
	agree(weir_judge_name(&d->image, q.name), slow_name(&d->slow, q.name));
	agree(weir_judge_answer(&d->image, f, q.name, &q.to),
	      slow_answer(&d->slow, f, q.name, &q.to));
	if (q.protocol != WEIR_RULE_ICMP)
		agree(weir_judge_in(&d->image, f, q.protocol, &q.to, q.port),
		      slow_in(&d->slow, f, q.protocol, &q.to, q.port));
}

static struct draw *work;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_class_facts f = draw_facts();
	struct things t = { .dice = 1 };
	size_t at = 2;

	if (size < 2)
		return 0;
	if (!work)
		work = draw_new();
	draw_clear(work);
	work->slow.flags = data[0] & 0xfu;
	t.dice += data[1];
	while (at < size) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;
		char text[256] = { 0 };

		if (len > 2 && len < sizeof(text) && data[at + 1] == ' ') {
			memcpy(text, data + at + 2, len - 2);
			read_line(work, (char)data[at], text);
		}
		at += len + 1;
	}
	must(draw_image(work));
	note_policy(&t, work);
	for (unsigned i = 0; i < 40; i++)
		ask(&t, work, &f);
	return 0;
}
