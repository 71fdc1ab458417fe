/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.h - rules into an image
 *
 * Rules are added one after the other in the order of evaluation, then the
 * image is written.  The members of groups and lists are added as hosts of the
 * rule that names them: so a list of a million names is one rule.
 *
 * Memory: the caller's, see weir_compile_bytes(); what is touched is about 80
 * bytes a name, and nothing that is not needed.
 */
#ifndef WEIR_POLICY_COMPILE_H
#define WEIR_POLICY_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/httprule.h"
#include "policy/image.h"
#include "policy/rule.h"

/** enum weir_compile_list - where a rule belongs */
enum weir_compile_list {
	WEIR_COMPILE_RULES = 1,
	WEIR_COMPILE_BOUNDS,
};

/** enum weir_compile_names - lists of name patterns that are not rules */
enum weir_compile_names {
	WEIR_COMPILE_PRIVATE = 1, /* dns.private_names */
	WEIR_COMPILE_BYPASS,      /* tls.bypass */
	WEIR_COMPILE_INSECURE,    /* tls.insecure */
	WEIR_COMPILE_GUARDED,     /* hosts with secrets or http entries: QUIC to
				     them is refused always */
};

/** struct weir_compile - an image being made; fields are the room's own */
struct weir_compile;

/** weir_compile_bytes() - memory for weir_compile_init(); address space, of
 * which only what is used is touched */
size_t weir_compile_bytes(void);

/** weir_compile_init() - begin; @mem: zeroed, 16-byte aligned; borrowed.
 * Return: NULL if @len is too small */
struct weir_compile *weir_compile_init(void *mem, size_t len);

/** weir_compile_settings() - WEIR_IMAGE_ALLOW_OUT, QUIC_PIN, DROP, REBIND;
 * the other flags are found out */
void weir_compile_settings(struct weir_compile *c, uint32_t flags);

/** weir_compile_intercept() - TLS to these ports is intercepted */
bool weir_compile_intercept(struct weir_compile *c, struct weir_rule_range r);

/** weir_compile_name() - one more pattern of a list that is no rule */
bool weir_compile_name(struct weir_compile *c, enum weir_compile_names list,
		       const struct weir_pattern *name);

/**
 * weir_compile_rule() - the next rule of a list
 * @r:    its targets but GROUP and FILE are added; those follow by
 *        weir_compile_host()
 * @text: @len bytes, as the operator wrote it; copied
 *
 * Return: false if there is no room: WEIR_RULES_MAX, or the memory.
 */
bool weir_compile_rule(struct weir_compile *c, enum weir_compile_list list,
		       const struct weir_rule *r, const char *text, size_t len);

/**
 * weir_compile_host() - one more host of the last rule
 * @of:   the GROUP or FILE target of that rule: its ports are used
 * @host: PREFIX or NAME, from weir_rule_parse_host()
 */
bool weir_compile_host(struct weir_compile *c,
		       const struct weir_rule_target *of,
		       const struct weir_rule_target *host);

/**
 * weir_compile_http() - one HTTP entry; copied
 *
 * Its hosts count as WEIR_COMPILE_GUARDED too.  Entries that hold the same
 * host are one: see weir_judge_http().
 */
bool weir_compile_http(struct weir_compile *c,
		       const struct weir_httprule_entry *e);

/**
 * weir_compile_size() - what weir_compile_write() needs
 *
 * Here the rules are worked out; nothing can be added afterwards.
 * Return: 0 if something did not fit before, or the image would be larger than
 * WEIR_IMAGE_BYTES.
 */
size_t weir_compile_size(struct weir_compile *c);

/**
 * weir_compile_write() - the image
 * @to: @room bytes, 8-byte aligned; all of the image is written, also what
 *      is zero
 *
 * The same rules make the same image, byte for byte.
 * Return: its length, weir_compile_size(); 0 if it does not fit.
 */
size_t weir_compile_write(struct weir_compile *c, void *to, size_t room);

#endif /* WEIR_POLICY_COMPILE_H */
