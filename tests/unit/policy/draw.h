/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw.h - a policy from rules as text, for both judges
 *
 *	draw_member(d, 0, "*.corp.example");  groups g0 to g3
 *	draw_rule(d, false, "allow tcp g0:443 public");
 *	draw_image(d);  and d->image and d->slow are the same policy
 */
#ifndef TEST_POLICY_DRAW_H
#define TEST_POLICY_DRAW_H

#include "policy/compile.h"

#include "slow.h"

#define DRAW_RULES_MAX 40u
#define DRAW_HOSTS_MAX 4096u
#define DRAW_GROUPS    4u
#define DRAW_GROUP_MAX 16u

struct draw {
	struct slow_policy slow;
	struct weir_image image;
	struct weir_rule_target group[DRAW_GROUPS][DRAW_GROUP_MAX];
	unsigned n_group[DRAW_GROUPS];
	struct slow_rule rule[2][DRAW_RULES_MAX];
	char text[2][DRAW_RULES_MAX][256];
	struct weir_rule_target host[DRAW_HOSTS_MAX];
	uint16_t of[DRAW_HOSTS_MAX];
	unsigned n_hosts;
	struct weir_httprule_line line[64];
	unsigned n_lines;
	void *bytes; /* of the image, exactly as long as it is */
	size_t len;
	void *work; /* of the compiler */
};

/** draw_new() - an empty policy; stops the test if there is no memory */
struct draw *draw_new(void);
void draw_free(struct draw *d);

/** draw_clear() - begin again */
void draw_clear(struct draw *d);

/** draw_member() - one more host of a group; before the rules that name it */
bool draw_member(struct draw *d, unsigned group, const char *host);

/** draw_rule() - the next rule.  Return: false if it is none, or no room */
bool draw_rule(struct draw *d, bool bounds, const char *text);

/** draw_pattern() - a name pattern as in a rule */
bool draw_pattern(const char *text, struct weir_pattern *ret);

/** draw_http() - an entry; lines end with NULL; "-" before a deny line */
bool draw_http(struct draw *d, const char *host, const char *const *lines);

/** draw_image() - compile and open; Return: false if that fails */
bool draw_image(struct draw *d);

/** draw_name(), draw_addr() - from text; stop the test if it is none */
struct weir_dns_name draw_name(const char *text);
struct weir_addr draw_addr(const char *text);

/** draw_facts() - a sandbox with the default addresses, whose host has
 * 93.184.216.7 and [2606:4700::7] */
struct weir_class_facts draw_facts(void);

#endif /* TEST_POLICY_DRAW_H */
