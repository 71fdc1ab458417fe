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

static void add(struct weir_compile *c, const char *text)
{
	static struct weir_rule rule;
	struct weir_rule_world world = { .ctx = NULL };
	enum weir_compile_list list = WEIR_COMPILE_RULES;
	struct weir_rule_error e;

	if (strncmp(text, BOUNDS, strlen(BOUNDS)) == 0) {
		list = WEIR_COMPILE_BOUNDS;
		text += strlen(BOUNDS);
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
