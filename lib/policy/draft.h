/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.h - a policy while it is being compiled
 *
 * DOC: keys and chains
 *
 * A key is what a rule can be about: any address, a class, a network, a name.
 * What was said about a key is a chain: links from the last rule back to the
 * first.  Links are shared: a link is made once for (link before, rule, ports),
 * so that all names of a list end in the same link, and two keys with the same
 * link have the same function (steps.h).
 *
 * Memory: one zeroed run, cut into areas that are large in address space and
 * cost what is touched.  Ids are indexes into them; 0 is none.  Tables double
 * by taking the next piece of their area, twice the last.
 */
#ifndef WEIR_POLICY_DRAFT_H
#define WEIR_POLICY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/index.h"
#include "policy/rule.h"

/* what a policy may consist of, all lists and groups together */
#define WEIR_DRAFT_NAMES_MAX     3000000u /* different names */
#define WEIR_DRAFT_NETS_MAX      3000000u /* different networks */
#define WEIR_DRAFT_LINKS_MAX     3000000u
#define WEIR_DRAFT_SHAPES_MAX    2000000u
#define WEIR_DRAFT_PORTS_MAX     4000000u /* ranges of ports */
#define WEIR_DRAFT_WIRE_BYTES    (96u << 20)
#define WEIR_DRAFT_TEXT_BYTES    (64u << 20)
#define WEIR_DRAFT_STEPS_MAX     (16u << 20) /* words of functions */
#define WEIR_DRAFT_PAIRS_MAX     1000000u
#define WEIR_DRAFT_HTTP_MAX      65535u
#define WEIR_DRAFT_LINES_MAX     1000000u
#define WEIR_DRAFT_REQUEST_BYTES (32u << 20)

/* what a link says of its key, bits; names of patterns first */
#define WEIR_DRAFT_SELF  WEIR_PATTERN_SELF
#define WEIR_DRAFT_BELOW WEIR_PATTERN_BELOW
#define WEIR_DRAFT_ANY   4u
#define WEIR_DRAFT_CLASS 8u
#define WEIR_DRAFT_NET   16u

/** enum weir_draft_of - whose link it is; two are enum weir_index_list */
enum weir_draft_of {
	WEIR_DRAFT_OF_RULES,
	WEIR_DRAFT_OF_BOUNDS,
	WEIR_DRAFT_OF_SETS,  /* rule: enum weir_index_name */
	WEIR_DRAFT_OF_HTTP,  /* rule: number of the entry, from 1 */
	WEIR_DRAFT_OF_PORTS, /* intercepted */
};

/** struct weir_draft_rule - a rule; @limited: it has protocols */
struct weir_draft_rule {
	uint32_t text;
	uint16_t text_len;
	uint8_t protocols;
	bool allow, in, unnamed, limited;
};

/** struct weir_draft_shape - protocols and ports of a target */
struct weir_draft_shape {
	uint32_t port; /* first of @n_ports in the area of ranges */
	uint16_t n_ports;
	uint8_t protocols; /* no ICMP if there are ports */
};

/** struct weir_draft_link - what one rule says of a key */
struct weir_draft_link {
	uint32_t before, rule, shape;
	uint8_t of, what;
};

struct weir_draft_name {
	uint32_t wire, link;
};

struct weir_draft_net {
	struct weir_addr addr;
	uint32_t meta, link;
};

/** struct weir_draft_table - hash to id; see DOC */
struct weir_draft_table {
	struct weir_draft_slot {
		uint32_t hash, id;
	} * slot;
	uint32_t mask, n, left; /* @left: slots of the area behind @slot */
};

struct weir_draft_line {
	uint32_t word[WEIR_INDEX_LINE_WORDS];
};

struct weir_draft_entry {
	uint32_t line, n_lines;
};

/**
 * struct weir_draft_work - to work out one function
 * @bit, @some: which ports begin a step, and which words of @bit have one
 * @cell: of a port that begins one, the number of the step
 * @port, @value, @next: of a step
 */
struct weir_draft_work {
	uint64_t bit[1025], some[17];
	uint32_t cell[65537], port[65538], value[65538], next[65538];
};

/**
 * struct weir_draft - all of it; ids and n_* count from 1
 * @pair_of, @steps_of: by link, once worked out
 * @order: links of one chain
 * @list, @first_shape: of the last rule
 * @n_steps: words; @n_text, @n_wire, @n_request: bytes
 * @any, @class, @every, @ports: links, functions when sealed
 * @first: first rules about names: all, dns, shut, meta
 * @full:   something did not fit: there will be no image
 * @sealed: functions are worked out: nothing can be added
 */
struct weir_draft {
	struct weir_draft_rule *rule[WEIR_INDEX_LISTS];
	char *text, *request;
	struct weir_draft_shape *shape;
	struct weir_rule_range *port;
	struct weir_draft_link *link;
	uint32_t *pair_of, *steps_of, *order, *steps;
	struct weir_draft_name *name;
	uint8_t *wire;
	struct weir_draft_net *net;
	uint32_t (*pair)[2];
	struct weir_draft_entry *entry;
	struct weir_draft_line *line;
	struct weir_draft_work *work;
	struct weir_draft_table names, nets, links, functions, pairs;
	uint32_t seed, flags, list, first_shape;
	uint32_t n_rules[WEIR_INDEX_LISTS];
	uint32_t n_text, n_shapes, n_ports, n_links, n_names, labels, n_wire;
	uint32_t n_nets, len4[2], len6[5];
	uint32_t n_steps, n_pairs, n_entries, n_lines, n_request;
	uint32_t any, class[9], every, ports;
	uint32_t first[WEIR_INDEX_LISTS][4];
	bool full, sealed;
};

/** weir_draft_bytes() - memory for weir_draft_init() */
size_t weir_draft_bytes(void);

/** weir_draft_init() - an empty one; @mem: zeroed, 16-byte aligned.
 * Return: NULL if @len is too small */
struct weir_draft *weir_draft_init(void *mem, size_t len);

/** weir_draft_slot() - the next slot to look at, beginning with @at = NULL.
 * Return: NULL when there is no other of this hash */
const struct weir_draft_slot *weir_draft_slot(const struct weir_draft_table *t,
					      uint32_t hash,
					      const struct weir_draft_slot *at);

/** weir_draft_put() - @id under @hash; Return: false: no room */
bool weir_draft_put(struct weir_draft_table *t, uint32_t hash, uint32_t id);

/** weir_draft_hash() - of @n words */
uint32_t weir_draft_hash(const struct weir_draft *d, const uint32_t *word,
			 uint32_t n);

/** weir_draft_find_name() - the key of a name, made if there is none; 0: full */
uint32_t weir_draft_find_name(struct weir_draft *d,
			      const struct weir_dns_name *name);

/** weir_draft_find_net() - the key of a network, made if there is none */
uint32_t weir_draft_find_net(struct weir_draft *d,
			     const struct weir_prefix *net);

/** weir_draft_say() - one more link to the chain at *@chain; what it says
 * already is not said twice.  @l: all but @before.  Return: false: full */
bool weir_draft_say(struct weir_draft *d, uint32_t *chain,
		    struct weir_draft_link l);

#endif /* WEIR_POLICY_DRAFT_H */
