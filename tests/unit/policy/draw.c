/* SPDX-License-Identifier: Apache-2.0 */
/* draw.c - a policy from rules as text, for both judges */
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"

static void must(bool cond)
{
	if (!cond)
		abort();
}

static bool is_group(void *ctx, const char *word, size_t len)
{
	(void)ctx;
	return len == 2 && word[0] == 'g' && word[1] >= '0' && word[1] <= '3';
}

static const struct weir_rule_world world = { .is_group = is_group };

struct draw *draw_new(void)
{
	struct draw *d = calloc(1, sizeof(*d));

	must(d != NULL);
	d->work = mmap(NULL, weir_compile_bytes(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(d->work != MAP_FAILED);
	draw_clear(d);
	return d;
}

void draw_free(struct draw *d)
{
	munmap(d->work, weir_compile_bytes());
	free(d->bytes);
	free(d);
}

void draw_clear(struct draw *d)
{
	d->slow = (struct slow_policy){ .rules = d->rule[0],
					.bounds = d->rule[1] };
	memset(d->n_group, 0, sizeof(d->n_group));
	d->n_hosts = d->n_lines = 0;
	free(d->bytes);
	d->bytes = NULL;
}

bool draw_member(struct draw *d, unsigned group, const char *host)
{
	struct weir_rule_error error;

	return d->n_group[group] < DRAW_GROUP_MAX &&
	       weir_rule_parse_host(host, strlen(host), true, &world,
				    &d->group[group][d->n_group[group]],
				    &error) &&
	       d->n_group[group]++ < DRAW_GROUP_MAX;
}

static bool add_hosts(struct draw *d, struct slow_rule *r)
{
	r->host = d->host + d->n_hosts;
	r->of = d->of + d->n_hosts;
	r->n_hosts = 0;
	for (uint16_t i = 0; i < r->r.n_targets; i++) {
		const struct weir_rule_target *t = &r->r.target[i];
		unsigned g;

		if (t->host != WEIR_RULE_HOST_GROUP)
			continue;
		g = (unsigned)(t->text[1] - '0');
		for (unsigned k = 0; k < d->n_group[g]; k++) {
			if (d->n_hosts == DRAW_HOSTS_MAX)
				return false;
			r->host[r->n_hosts] = d->group[g][k];
			r->of[r->n_hosts++] = i;
			d->n_hosts++;
		}
	}
	return true;
}

bool draw_rule(struct draw *d, bool bounds, const char *text)
{
	unsigned *n = bounds ? &d->slow.n_bounds : &d->slow.n_rules;
	char *copy = d->text[bounds][*n];
	struct weir_rule_error error;

	if (*n == DRAW_RULES_MAX || strlen(text) >= sizeof(d->text[0][0]))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	if (!weir_rule_parse(copy, strlen(copy), &world, &d->rule[bounds][*n].r,
			     &error) ||
	    !add_hosts(d, &d->rule[bounds][*n]))
		return false;
	(*n)++;
	return true;
}

bool draw_pattern(const char *text, struct weir_pattern *ret)
{
	struct weir_rule_target t;
	struct weir_rule_error error;

	if (!weir_rule_parse_host(text, strlen(text), true, &world, &t,
				  &error) ||
	    t.host != WEIR_RULE_HOST_NAME)
		return false;
	*ret = t.name;
	return true;
}

bool draw_http(struct draw *d, const char *host, const char *const *lines)
{
	struct weir_httprule_entry *e = &d->slow.http[d->slow.n_http];
	const char *why;

	if (d->slow.n_http == 4 || !draw_pattern(host, &e->host))
		return false;
	e->line = d->line + d->n_lines;
	e->n_lines = 0;
	for (; *lines; lines++, e->n_lines++, d->n_lines++) {
		bool deny = (*lines)[0] == '-';
		const char *text = *lines + deny;

		if (d->n_lines == 64 ||
		    !weir_httprule_parse(text, strlen(text), deny,
					 &d->line[d->n_lines], &why))
			return false;
	}
	d->slow.n_http++;
	return true;
}

static bool add_rules(struct weir_compile *c, enum weir_compile_list list,
		      const struct slow_rule *r, unsigned n)
{
	bool ok = true;

	for (unsigned i = 0; i < n; i++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "rule %u", i + 1);

		ok &= weir_compile_rule(c, list, &r[i].r, text, (size_t)len);
		for (unsigned k = 0; k < r[i].n_hosts; k++)
			ok &= weir_compile_host(c, &r[i].r.target[r[i].of[k]],
						&r[i].host[k]);
	}
	return ok;
}

static bool add_all(struct weir_compile *c, const struct slow_policy *p)
{
	bool ok = true;

	weir_compile_settings(c, p->flags);
	for (unsigned i = 0; i < p->n_intercept; i++)
		ok &= weir_compile_intercept(c, p->intercept[i]);
	for (unsigned i = 0; i < p->n_private; i++)
		ok &= weir_compile_name(c, WEIR_COMPILE_PRIVATE,
					&p->private_name[i]);
	for (unsigned i = 0; i < p->n_bypass; i++)
		ok &= weir_compile_name(c, WEIR_COMPILE_BYPASS, &p->bypass[i]);
	for (unsigned i = 0; i < p->n_guarded; i++)
		ok &= weir_compile_name(c, WEIR_COMPILE_GUARDED,
					&p->guarded[i]);
	for (unsigned i = 0; i < p->n_http; i++)
		ok &= weir_compile_http(c, &p->http[i]);
	ok &= add_rules(c, WEIR_COMPILE_RULES, p->rules, p->n_rules);
	return ok & add_rules(c, WEIR_COMPILE_BOUNDS, p->bounds, p->n_bounds);
}

bool draw_image(struct draw *d)
{
	struct weir_compile *c;

	free(d->bytes);
	d->bytes = NULL;
	if (madvise(d->work, weir_compile_bytes(), MADV_DONTNEED) != 0)
		return false;
	c = weir_compile_init(d->work, weir_compile_bytes());
	if (!c || !add_all(c, &d->slow))
		return false;
	d->len = weir_compile_size(c);
	d->bytes = d->len ? malloc(d->len) : NULL;
	return d->bytes && weir_compile_write(c, d->bytes, d->len) == d->len &&
	       weir_image_open(d->bytes, d->len, &d->image);
}

struct weir_dns_name draw_name(const char *text)
{
	struct weir_dns_name n;

	must(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

struct weir_addr draw_addr(const char *text)
{
	struct weir_addr a;

	must(weir_text_parse_addr(text, strlen(text), &a));
	return a;
}

struct weir_class_facts draw_facts(void)
{
	static struct weir_addr own[2];

	own[0] = draw_addr("93.184.216.7");
	own[1] = draw_addr("2606:4700::7");
	return (struct weir_class_facts){
		.gateway4 = draw_addr("10.0.2.2"),
		.dns4 = draw_addr("10.0.2.3"),
		.guest4 = draw_addr("10.0.2.15"),
		.len4 = 24,
		.gateway6 = draw_addr("fd77:6972::2"),
		.dns6 = draw_addr("fd77:6972::3"),
		.guest6 = draw_addr("fd77:6972::15"),
		.len6 = 64,
		.own = own,
		.n_own = 2,
	};
}
