/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook.c - from settings to one compiled policy
 *
 * The texts of the settings are read one after the other and handed to the
 * compiler; the members of groups and the lines of lists follow the rule that
 * names them.  Nothing is kept of what was read, so a list of a million names
 * costs what it takes in the image and the compiler's own memory, which is
 * address space until it is touched and is given back before this returns.
 *
 * Every failure is one sentence: where the text comes from, which rule or
 * setting it is, the text, the column, what is wrong and what to write.
 */
#include "control/rulebook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "control/excerpt.h"
#include "control/lists.h"
#include "control/rulebook_order.h"
#include "control/rulebook_world.h"
#include "policy/compile.h"
#include "sys/shared.h"

#define TEXT_SHOWN  90u
#define WHERE_SHOWN 120u
#define ALL_SEALS   (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/**
 * struct maker - a policy being made
 * @place: of the text in hand, for sentences: "rule 3", "tls.bypass"
 * @entry: that text, and where it stands
 */
struct maker {
	struct weir_rulebook_world w;
	const struct weir_settings *s;
	struct weir_compile *c;
	char place[80];
	struct weir_rulebook_line entry;
	char *why;
};

/* --- sentences --- */

static bool refuse(char *why, const char *sentence)
{
	snprintf(why, WEIR_RULEBOOK_WHY_BYTES, "%s", sentence);
	return false;
}

static struct weir_rulebook_line line_of(const struct weir_settings_text *t)
{
	return (struct weir_rulebook_line){ t->text, t->where };
}

/* WHERE: PLACE 'TEXT', column N: WHY */
static bool refuse_text(const struct maker *m, size_t column, const char *why)
{
	struct weir_text t = weir_text_over(m->why, WEIR_RULEBOOK_WHY_BYTES);

	weir_excerpt_tail(&t, m->entry.where, strlen(m->entry.where),
			  WHERE_SHOWN);
	weir_text_add(&t, ": ");
	weir_text_add(&t, m->place);
	weir_text_add(&t, " '");
	weir_excerpt_head(&t, m->entry.text, strlen(m->entry.text), TEXT_SHOWN);
	weir_text_add(&t, "'");
	if (column) {
		weir_text_add(&t, ", column ");
		weir_text_add_u64(&t, column);
	}
	weir_text_add(&t, ": ");
	weir_text_add(&t, why);
	return false;
}

/* WHERE: PLACE: WHY, for what has a place of its own in it */
static bool refuse_place(const struct maker *m, const char *where,
			 const char *why)
{
	struct weir_text t = weir_text_over(m->why, WEIR_RULEBOOK_WHY_BYTES);

	weir_excerpt_tail(&t, where, strlen(where), WHERE_SHOWN);
	weir_text_add(&t, ": ");
	weir_text_add(&t, m->place);
	weir_text_add(&t, ": ");
	weir_text_add(&t, why);
	return false;
}

static bool refuse_room(const struct maker *m)
{
	return refuse_text(m, 0,
			   "there is no room for it: a policy has 65536 rules "
			   "and 256 MiB at most; lists hold many hosts in one "
			   "rule");
}

static void set_place(struct maker *m, struct weir_rulebook_line entry,
		      const char *what, uint32_t number)
{
	struct weir_text t = weir_text_over(m->place, sizeof(m->place));

	m->entry = entry;
	weir_excerpt_head(&t, what, strlen(what), 60);
	if (number) {
		weir_text_add(&t, " ");
		weir_text_add_u64(&t, number);
	}
}

static bool parse_rule(struct maker *m, struct weir_rule *ret)
{
	struct weir_rule_error e;
	const char *text = m->entry.text;

	if (weir_rule_parse(text, strlen(text), &m->w.rule, ret, &e))
		return true;
	return refuse_text(m, e.at + 1, e.why);
}

/* --- groups and lists --- */

static bool check_group_name(struct maker *m,
			     const struct weir_settings_group *g)
{
	if (!weir_rule_can_name(g->name, strlen(g->name)))
		return refuse_place(m, g->where,
				    "a group's name is made of a-z, digits, - "
				    "and _, one a letter, and is no word that "
				    "rules know: choose another");
	if (weir_rulebook_world_group(m->s, g->name, strlen(g->name)) != g)
		return refuse_place(m, g->where,
				    "there is another group of this name: "
				    "join the two");
	return true;
}

static bool parse_member(struct maker *m, bool broad,
			 struct weir_rule_target *ret)
{
	const char *text = m->entry.text;
	size_t len = strlen(text);
	struct weir_rule_error e;

	if (weir_rulebook_world_group(m->s, text, len))
		return refuse_text(m, 1,
				   "a group holds addresses and names, no "
				   "other group: name both groups in the rule");
	if (weir_rule_parse_host(text, len, broad, &m->w.rule, ret, &e))
		return true;
	return refuse_text(m, e.at + 1, e.why);
}

/* Unused groups too: what is wrong is said now, not when a rule names one. */
static bool check_groups(struct maker *m)
{
	struct weir_rule_target t;

	for (size_t i = 0; i < m->s->n_groups; i++) {
		const struct weir_settings_group *g = &m->s->group[i];
		char what[80];

		snprintf(what, sizeof(what), "group %.60s", g->name);
		set_place(m, (struct weir_rulebook_line){ g->name, g->where },
			  what, 0);
		if (!check_group_name(m, g))
			return false;
		for (size_t k = 0; k < g->members.n; k++) {
			set_place(m, line_of(&g->members.at[k]), what, 0);
			if (!parse_member(m, true, &t))
				return false;
		}
	}
	return true;
}

static bool add_group(struct maker *m, const struct weir_rule *r,
		      const struct weir_rule_target *of)
{
	const struct weir_settings_group *g =
		weir_rulebook_world_group(m->s, of->text, of->text_len);
	struct weir_rulebook_line rule = m->entry;
	char place[sizeof(m->place)], what[140];
	struct weir_rule_target t;

	if (!g)
		return refuse_text(m, of->at + 1, "there is no such group");
	memcpy(place, m->place, sizeof(place));
	for (size_t k = 0; k < g->members.n; k++) {
		snprintf(what, sizeof(what), "%.40s, group %.60s", place,
			 g->name);
		set_place(m, line_of(&g->members.at[k]), what, 0);
		if (!parse_member(m, r->broad, &t))
			return false;
		if (!weir_compile_host(m->c, of, &t))
			return refuse_room(m);
	}
	memcpy(m->place, place, sizeof(place));
	m->entry = rule;
	return true;
}

/** struct listing - a list on its way into a rule */
struct listing {
	struct maker *m;
	const struct weir_rule *r;
	const struct weir_rule_target *of;
	struct weir_rule_target t;
};

static bool take_host(void *ctx, const char *text, size_t len, size_t column,
		      char why[WEIR_LISTS_WHY_BYTES])
{
	struct listing *l = ctx;
	struct weir_rule_error e;

	if (!weir_rule_parse_host(text, len, l->r->broad, &l->m->w.rule, &l->t,
				  &e)) {
		snprintf(why, WEIR_LISTS_WHY_BYTES, "column %zu: %s",
			 column + e.at, e.why);
		return false;
	}
	if (weir_compile_host(l->m->c, l->of, &l->t))
		return true;
	snprintf(why, WEIR_LISTS_WHY_BYTES,
		 "there is no room for it: a policy has 256 MiB at most, make "
		 "the list shorter");
	return false;
}

static bool add_list(struct maker *m, const struct weir_rule *r,
		     const struct weir_rule_target *of)
{
	char why[WEIR_LISTS_WHY_BYTES];
	struct listing l = { .m = m, .r = r, .of = of };
	struct weir_lists_take take = { .host = take_host, .ctx = &l };
	uint32_t n;

	if (weir_lists_read(m->s->dir, of->text, of->text_len, &take, &n, why))
		return true;
	return refuse_place(m, m->entry.where, why);
}

/* --- into the compiler --- */

static bool add_rule(struct maker *m, enum weir_compile_list list)
{
	const char *text = m->entry.text;
	struct weir_rule r;

	if (!parse_rule(m, &r))
		return false;
	if (!weir_compile_rule(m->c, list, &r, text, strlen(text)))
		return refuse_room(m);
	for (uint16_t i = 0; i < r.n_targets; i++) {
		const struct weir_rule_target *t = &r.target[i];

		if (t->host == WEIR_RULE_HOST_GROUP && !add_group(m, &r, t))
			return false;
		if (t->host == WEIR_RULE_HOST_FILE && !add_list(m, &r, t))
			return false;
	}
	return true;
}

static bool add_rules(struct maker *m)
{
	struct weir_rulebook_order o;
	uint32_t flags = 0;
	bool ok = true;

	switch (weir_rulebook_order_make(&m->w, &o)) {
	case 0:
		break;
	case -E2BIG:
		return refuse(m->why, "there are more than 65536 rules: a "
				      "group or a list holds many hosts in "
				      "one rule");
	default:
		return refuse(m->why, "out of memory");
	}
	flags |= o.allow_out ? WEIR_IMAGE_ALLOW_OUT : 0;
	flags |= m->s->quic_pin ? WEIR_IMAGE_QUIC_PIN : 0;
	flags |= m->s->drop ? WEIR_IMAGE_DROP : 0;
	if (!m->s->no_rebind || m->s->multi_tenant)
		flags |= WEIR_IMAGE_REBIND;
	weir_compile_settings(m->c, flags);
	for (uint32_t i = 0; ok && i < o.n_bounds; i++) {
		set_place(m, o.bound[i], "bounds", i + 1);
		ok = add_rule(m, WEIR_COMPILE_BOUNDS);
	}
	for (uint32_t i = 0; ok && i < o.n_rules; i++) {
		set_place(m, o.rule[i], "rule", i + 1);
		ok = add_rule(m, WEIR_COMPILE_RULES);
	}
	weir_rulebook_order_free(&o);
	return ok;
}

/* the text in hand as a name pattern; column 0 of an address */
static bool parse_name(struct maker *m, bool broad, struct weir_rule_target *t)
{
	const char *text = m->entry.text;
	struct weir_rule_error e;

	if (!weir_rule_parse_host(text, strlen(text), broad, &m->w.rule, t, &e))
		return refuse_text(m, e.at + 1, e.why);
	if (t->host != WEIR_RULE_HOST_NAME)
		return refuse_text(m, 1,
				   "that is an address: a name is wanted here, "
				   "as example.com, *.example.com or "
				   ".example.com");
	return true;
}

static bool add_name(struct maker *m, enum weir_compile_names list, bool broad)
{
	struct weir_rule_target t;

	if (!parse_name(m, broad, &t))
		return false;
	return weir_compile_name(m->c, list, &t.name) || refuse_room(m);
}

static bool add_names(struct maker *m, const struct weir_settings_list *l,
		      enum weir_compile_names list, bool broad,
		      const char *what)
{
	for (size_t i = 0; i < l->n; i++) {
		set_place(m, line_of(&l->at[i]), what, 0);
		if (!add_name(m, list, broad))
			return false;
	}
	return true;
}

/* one of `443`, `8000-8999`; Return: false: none */
static bool parse_range(const char *s, size_t len, struct weir_rule_range *ret)
{
	const char *dash = memchr(s, '-', len);
	size_t n = dash ? (size_t)(dash - s) : len;
	uint64_t low, high;

	if (!weir_text_parse_u64(s, n, 65535, &low))
		return false;
	high = low;
	if (dash && !weir_text_parse_u64(dash + 1, len - n - 1, 65535, &high))
		return false;
	if (low == 0 || high < low)
		return false;
	*ret = (struct weir_rule_range){ (uint16_t)low, (uint16_t)high };
	return true;
}

static bool add_intercept(struct maker *m)
{
	const char *text = m->entry.text, *at = text;
	struct weir_rule_range r;

	for (;;) {
		size_t n = strcspn(at, ",");

		if (!parse_range(at, n, &r))
			return refuse_text(m, (size_t)(at - text) + 1,
					   "a port from 1 to 65535 is wanted, "
					   "or a range: 443 or 8000-8999, "
					   "joined by commas");
		if (!weir_compile_intercept(m->c, r))
			return refuse_room(m);
		if (at[n] == '\0')
			return true;
		at += n + 1;
	}
}

static bool add_http_lines(struct maker *m, const struct weir_settings_list *l,
			   bool deny, struct weir_httprule_entry *e,
			   struct weir_httprule_line *line)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *text = l->at[i].text, *why = "";

		set_place(m, line_of(&l->at[i]),
			  deny ? "http deny" : "http allow", 0);
		if (!weir_httprule_parse(text, strlen(text), deny,
					 &line[e->n_lines], &why))
			return refuse_text(m, 0, why);
		e->n_lines++;
	}
	return true;
}

static bool add_http_entry(struct maker *m, const struct weir_settings_http *h)
{
	struct weir_rulebook_line host = { h->host, h->where };
	struct weir_httprule_entry e = { .n_lines = 0 };
	struct weir_httprule_line *line;
	struct weir_rule_target t;
	bool ok;

	set_place(m, host, "http host", 0);
	if (!parse_name(m, true, &t))
		return false;
	line = calloc(h->allow.n + h->deny.n + 1, sizeof(*line));
	if (!line)
		return refuse(m->why, "out of memory");
	e.host = t.name;
	e.line = line;
	ok = add_http_lines(m, &h->deny, true, &e, line) &&
	     add_http_lines(m, &h->allow, false, &e, line);
	set_place(m, host, "http host", 0);
	if (ok)
		ok = (weir_compile_http(m->c, &e) &&
		      weir_compile_name(m->c, WEIR_COMPILE_GUARDED, &t.name)) ||
		     refuse_room(m);
	free(line);
	return ok;
}

/* Its certificate is the only proof that the secret goes to the right one. */
static bool check_insecure(struct maker *m, const struct weir_pattern *host)
{
	const struct weir_settings_list *l = &m->s->insecure;
	struct weir_rulebook_line secret = m->entry;
	struct weir_rule_target t;

	for (size_t i = 0; i < l->n; i++) {
		set_place(m, line_of(&l->at[i]), "tls.insecure", 0);
		if (!parse_name(m, false, &t))
			return false;
		if (weir_pattern_covers(host, &t.name) ||
		    weir_pattern_covers(&t.name, host))
			return refuse_text(m, 0,
					   "a secret goes to this host, whose "
					   "certificate must be verified: "
					   "take one of the two away");
	}
	set_place(m, secret, "secret host", 0);
	return true;
}

static bool add_secrets(struct maker *m)
{
	for (size_t i = 0; i < m->s->n_secrets; i++) {
		const struct weir_settings_list *l = &m->s->secret[i].hosts;
		struct weir_rule_target t;

		for (size_t k = 0; k < l->n; k++) {
			set_place(m, line_of(&l->at[k]), "secret host", 0);
			if (!parse_name(m, false, &t) ||
			    !check_insecure(m, &t.name))
				return false;
			if (!weir_compile_name(m->c, WEIR_COMPILE_GUARDED,
					       &t.name))
				return refuse_room(m);
		}
	}
	return true;
}

static bool add_all(struct maker *m)
{
	const struct weir_settings *s = m->s;

	if (!check_groups(m) || !add_rules(m) ||
	    !add_names(m, &s->private_names, WEIR_COMPILE_PRIVATE, true,
		       "dns.private_names") ||
	    !add_names(m, &s->bypass, WEIR_COMPILE_BYPASS, false,
		       "tls.bypass") ||
	    !add_names(m, &s->insecure, WEIR_COMPILE_INSECURE, false,
		       "tls.insecure"))
		return false;
	for (size_t i = 0; i < s->intercept.n; i++) {
		set_place(m, line_of(&s->intercept.at[i]), "tls.intercept", 0);
		if (!add_intercept(m))
			return false;
	}
	for (size_t i = 0; i < s->n_http; i++)
		if (!add_http_entry(m, &s->http[i]))
			return false;
	return add_secrets(m);
}

/* --- the image --- */

/* straight into the memfd: a large image is in memory once */
static bool write_image(struct maker *m, int fd, size_t *ret_len)
{
	size_t room = weir_compile_size(m->c), len;
	void *to;

	if (room == 0 || room > WEIR_IMAGE_BYTES)
		return refuse(m->why, "the policy is larger than 256 MiB: "
				      "make its lists shorter");
	if (ftruncate(fd, (off_t)room))
		return refuse(m->why, "no memory for the policy");
	to = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		return refuse(m->why, "no memory for the policy");
	len = weir_compile_write(m->c, to, room);
	munmap(to, room);
	if (len == 0 || ftruncate(fd, (off_t)len) ||
	    fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		return refuse(m->why, "the policy could not be written to "
				      "memory");
	*ret_len = len;
	return true;
}

static bool open_image(struct maker *m, struct weir_rulebook *ret)
{
	struct weir_rulebook b = { .fd = -1 };
	const void *map;

	b.fd = memfd_create("weir policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b.fd < 0)
		return refuse(m->why, "no memory for the policy");
	if (!write_image(m, b.fd, &b.len)) {
		close(b.fd);
		return false;
	}
	if (weir_shared_map(b.fd, &map, &b.len)) {
		close(b.fd);
		return refuse(m->why, "no memory for the policy");
	}
	b.map = (void *)(uintptr_t)map;
	if (!weir_image_open(b.map, b.len, &b.image)) {
		weir_rulebook_close(&b);
		return refuse(m->why, "the policy could not be compiled");
	}
	*ret = b;
	return true;
}

bool weir_rulebook_make(const struct weir_settings *s,
			struct weir_rulebook *ret,
			char why[WEIR_RULEBOOK_WHY_BYTES])
{
	struct maker m = { .s = s, .why = why };
	size_t len = weir_compile_bytes();
	bool ok = false;
	void *mem;
	int was;

	errno = 0;
	if (!weir_rulebook_world_init(&m.w, s))
		return refuse(why, "out of memory");
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		weir_rulebook_world_fini(&m.w);
		return refuse(why, "no memory to compile the policy");
	}
	m.c = weir_compile_init(mem, len);
	if (m.c)
		ok = add_all(&m) && open_image(&m, ret);
	else
		refuse(why, "no memory to compile the policy");
	was = errno;
	munmap(mem, len);
	weir_rulebook_world_fini(&m.w);
	errno = was;
	return ok;
}

void weir_rulebook_close(struct weir_rulebook *b)
{
	weir_shared_unmap(b->map, b->len);
	if (b->fd >= 0)
		close(b->fd);
	*b = (struct weir_rulebook){ .fd = -1 };
}
