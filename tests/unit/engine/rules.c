/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - a policy for the twin, from the texts of its rules */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "policy/compile.h"
#include "policy/rule.h"
#include "sys/shared.h"

#define BOUNDS "bounds "

static void wrong(const char *text, const char *why)
{
	fprintf(stderr, "rules: %s: %s\n", text, why);
	abort();
}

/* What follows @word in @text, or NULL. */
static const char *after(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 ? text + n : NULL;
}

static bool add_name(struct weir_compile *c, enum weir_compile_names list,
		     const char *text)
{
	static struct weir_rule_target t;
	struct weir_rule_world world = { .ctx = NULL };
	struct weir_rule_error e;

	return weir_rule_parse_host(text, strlen(text), true, &world, &t, &e) &&
	       t.host == WEIR_RULE_HOST_NAME &&
	       weir_compile_name(c, list, &t.name);
}

/* What is no rule.  False: it is one. */
static bool add_other(struct weir_compile *c, const char *text)
{
	struct weir_rule_range r = { 0, 0 };
	const char *what;
	bool ok;

	if ((what = after(text, "intercept "))) {
		r.low = r.high = (uint16_t)strtoul(what, NULL, 10);
		ok = weir_compile_intercept(c, r);
	} else if ((what = after(text, "bypass "))) {
		ok = add_name(c, WEIR_COMPILE_BYPASS, what);
	} else if ((what = after(text, "guarded "))) {
		ok = add_name(c, WEIR_COMPILE_GUARDED, what);
	} else {
		return false;
	}
	if (!ok)
		wrong(text, "it cannot be added");
	return true;
}

static void add(struct weir_compile *c, const char *text)
{
	static struct weir_rule rule;
	struct weir_rule_world world = { .ctx = NULL };
	enum weir_compile_list list = WEIR_COMPILE_RULES;
	struct weir_rule_error e;

	if (add_other(c, text))
		return;
	if (after(text, BOUNDS)) {
		list = WEIR_COMPILE_BOUNDS;
		text = after(text, BOUNDS);
	}
	if (!weir_rule_parse(text, strlen(text), &world, &rule, &e))
		wrong(text, e.why);
	if (!weir_compile_rule(c, list, &rule, text, strlen(text)))
		wrong(text, "it does not fit");
}

int rules_make(const char *const *rule, unsigned n, uint32_t flags)
{
	size_t len = weir_compile_bytes(), size;
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct weir_compile *c = NULL;
	void *image;
	int fd;

	if (mem == MAP_FAILED || !(c = weir_compile_init(mem, len)))
		wrong("init", "no memory");
	weir_compile_settings(c, flags);
	for (unsigned i = 0; i < n; i++)
		add(c, rule[i]);
	size = weir_compile_size(c);
	image = aligned_alloc(16, (size + 15) / 16 * 16);
	size = image ? weir_compile_write(c, image, size) : 0;
	fd = size ? weir_shared_make("policy", image, size) : -1;
	free(image);
	munmap(mem, len);
	if (fd < 0)
		wrong("image", "it cannot be written");
	return fd;
}
