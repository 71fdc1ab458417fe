/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - one rule, text to meaning
 *
 *	rule      := action [direction] [protocols] [word...] target...
 *	action    := allow | deny
 *	direction := out | in
 *	protocols := any | tcp | udp | icmp, joined by commas
 *	word      := broad | unnamed
 *	target    := host[:ports]
 *	host      := any | dns | GROUP | 192.0.2.1 | 10.0.0.0/8 | [2001:db8::1]
 *		   | [2001:db8::/32] | name | *.name | .name | name=label
 *		   | file:PATH
 *
 * The parser explains: an error has the place in the text and a sentence with
 * the remedy.  What needs tables of the world (U-labels, public suffixes, the
 * names of user groups) it asks its owner for.
 *
 * Words are separated by spaces and tabs.  What the grammar leaves open:
 *
 * - `any` behind action and direction is the protocols if anything follows it:
 *   `allow any 9.9.9.9` has one target, `allow any` is a target.
 * - `file:PATH:443`: what follows the last colon is ports if it is made of
 *   digits, commas and hyphens.  A path with a blank cannot be written.
 * - [::ffff:192.0.2.1] and [::ffff:10.0.0.0/104] are the IPv4 they wrap.
 * - `name=` takes any one name, a name with dots too.
 * - A final dot does not make a name of a word: `build.` needs `name=`.
 * - `in` rules take lists and user groups, whose names match no peer.
 */
#ifndef WEIR_POLICY_RULE_H
#define WEIR_POLICY_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "policy/class.h"
#include "policy/pattern.h"
#include "policy/prefix.h"

/* protocols, bits */
#define WEIR_RULE_TCP  1u
#define WEIR_RULE_UDP  2u
#define WEIR_RULE_ICMP 4u
#define WEIR_RULE_ANY  7u

#define WEIR_RULE_WHY_BYTES 240u

/** enum weir_rule_host - what a target is */
enum weir_rule_host {
	WEIR_RULE_HOST_ANY = 1,
	WEIR_RULE_HOST_DNS,    /* decides names only, matches no flow */
	WEIR_RULE_HOST_CLASS,  /* a built-in group */
	WEIR_RULE_HOST_GROUP,  /* a user's group: @text is its name */
	WEIR_RULE_HOST_PREFIX, /* an address, or a network */
	WEIR_RULE_HOST_NAME,
	WEIR_RULE_HOST_FILE, /* @text is the path */
};

/** struct weir_rule_range - ports, both ends included, in host order */
struct weir_rule_range {
	uint16_t low, high;
};

/**
 * struct weir_rule_target - one host with its ports
 * @class:  of a CLASS
 * @prefix: of a PREFIX
 * @name:   of a NAME
 * @text, @text_len: of a GROUP or FILE; borrowed from the rule's text
 * @port:   @n_ports ranges, sorted, neither overlapping nor touching; none:
 *          every port
 * @at:     where it stands in the rule's text
 */
struct weir_rule_target {
	enum weir_rule_host host;
	enum weir_class class;
	struct weir_prefix prefix;
	struct weir_pattern name;
	const char *text;
	size_t text_len;
	size_t at;
	uint16_t n_ports;
	struct weir_rule_range port[WEIR_RULE_PORTS_MAX];
};

/**
 * struct weir_rule - what a rule says
 * @in:        about published ports; else about what the guest opens
 * @protocols: WEIR_RULE_* bits as written; ANY if left out.  A target with
 *             ports never matches ICMP, whatever they are
 * @has_protocols: some were written (a deny with them decides no name); `any`
 *             is as if they were left out
 * @broad:     patterns may stand on public suffixes, those of its lists too
 * @unnamed:   ports 80 and 443 need not show a name
 *
 * Large, about 30 KB: one at a time is enough.
 */
struct weir_rule {
	bool allow, in, broad, unnamed, has_protocols;
	uint8_t protocols;
	uint16_t n_targets;
	struct weir_rule_target target[WEIR_RULE_TARGETS_MAX];
};

/**
 * struct weir_rule_world - what the parser asks its owner
 * @to_ascii:  a name with letters beyond ASCII as A-labels (UTS-46,
 *             non-transitional), terminated; false if it is no name.  NULL: no
 *             such name is accepted
 * @is_suffix: is the lower-case name a public suffix?  NULL: only single
 *             labels are
 * @is_group:  is there a user's group of this name?  NULL: there is none
 * @group:     the names of the @n_groups groups, for "did you mean"; may be
 *             NULL
 */
struct weir_rule_world {
	void *ctx;
	bool (*to_ascii)(void *ctx, const char *text, size_t len,
			 char ret[WEIR_PATTERN_TEXT_BYTES]);
	bool (*is_suffix)(void *ctx, const char *name);
	bool (*is_group)(void *ctx, const char *word, size_t len);
	const char *const *group;
	size_t n_groups;
};

/**
 * struct weir_rule_error - why a text is no rule
 * @at:  byte of the text where it goes wrong
 * @why: a sentence with the remedy, terminated; printable whatever the text
 */
struct weir_rule_error {
	size_t at;
	char why[WEIR_RULE_WHY_BYTES];
};

/**
 * weir_rule_parse() - read one rule
 * @text: @len bytes, not terminated; UTF-8 if @w->to_ascii takes it
 * @ret:  borrows @text; on failure its content is undefined (it is too large
 *        to be made elsewhere first), and of its targets only the first
 *        @n_targets are written
 * @ret_error: written on failure
 *
 * Return: false if it is no rule.
 */
bool weir_rule_parse(const char *text, size_t len,
		     const struct weir_rule_world *w, struct weir_rule *ret,
		     struct weir_rule_error *ret_error);

/**
 * weir_rule_parse_host() - one host alone: a line of a list, a member of a
 *                          group, a name pattern of another setting
 * @text:  blanks around it do not count; comments are the caller's to cut
 * @broad: a pattern on a public suffix is accepted
 * @ret:   written on success: PREFIX or NAME, nothing else; no ports
 * @ret_error: written on failure
 *
 * Return: false if it is none; any, dns, groups, files and ports are not.
 */
bool weir_rule_parse_host(const char *text, size_t len, bool broad,
			  const struct weir_rule_world *w,
			  struct weir_rule_target *ret,
			  struct weir_rule_error *ret_error);

/**
 * weir_rule_can_name() - may a user's group be called so?
 *
 * Return: false unless it is 1 to 63 of a-z, 0-9, hyphen and underscore, one
 * of them a letter, and no word of the language (built-in groups are).
 */
bool weir_rule_can_name(const char *word, size_t len);

/**
 * weir_rule_covers() - does @earlier leave nothing for @later to decide?
 *
 * For each target of @later one target of @earlier holds all of its hosts,
 * ports and protocols, in the same direction.  `any` holds every host, a
 * pattern the names in it, a network the networks in it; classes, groups and
 * lists only themselves.  Not covered are, although no flow is left to them:
 *
 * - a deny that decides names behind one that does not (it has protocols);
 * - `unnamed` behind a name rule without it;
 * - an allow without ports behind `allow any`, if it opens answers that are
 *   not public: only such a rule lifts rebinding protection.
 *
 * A name that the guest shows is taken to be true: `deny a.example` behind
 * `allow a.example` is covered, although it also meets a lying SNI.
 */
bool weir_rule_covers(const struct weir_rule *earlier,
		      const struct weir_rule *later);

#endif /* WEIR_POLICY_RULE_H */
