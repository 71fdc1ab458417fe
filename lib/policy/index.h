/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - how an image is laid out, and how things are found in it
 *
 * DOC: the idea
 *
 * Rules are not walked.  What a rule is about is a key: any address, a class,
 * a network, a name, the names below one.  For each key the compiler works out
 * beforehand which rule is the first to hold, for every protocol and port: a
 * function of steps, a sorted list of "from here on it is rule N".  So a
 * verdict is the smallest number among the functions of the few keys that fit
 * the question, whatever the number of rules and whatever their ports.
 *
 * A function answers several questions of its key, one a channel: x is the
 * channel and a port, the value a rule's number from 1, or 0 for none.  Equal
 * functions are stored once, so that a list of a million names has one.
 *
 *	name    -> slot (hash of the suffix) -> pair -> self or below -> steps
 *	address -> slot (hash of network, once a length in use)       -> steps
 *
 * Numbers are in the byte order of the machine, sections begin at multiples
 * of 8.  No reference is trusted: one that leads outside its section leads to
 * function 0, which says 0 to everything.
 */
#ifndef WEIR_POLICY_INDEX_H
#define WEIR_POLICY_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "packet/dns.h"
#include "policy/image.h"
#include "policy/prefix.h"

#define WEIR_INDEX_MAGIC   0x52494557u /* "WEIR" */
#define WEIR_INDEX_VERSION 1u

/* words of the head */
enum weir_index_word {
	WEIR_INDEX_W_MAGIC,
	WEIR_INDEX_W_VERSION,
	WEIR_INDEX_W_BYTES,
	WEIR_INDEX_W_FLAGS,
	WEIR_INDEX_W_HASH, /* two */
	WEIR_INDEX_W_RULES = WEIR_INDEX_W_HASH + 2,
	WEIR_INDEX_W_BOUNDS,
	WEIR_INDEX_W_SEED,   /* of the hashes of names and networks */
	WEIR_INDEX_W_LABELS, /* of the longest name */
	WEIR_INDEX_W_LEN4,   /* two: bit n: there are IPv4 networks of n bits */
	WEIR_INDEX_W_LEN6 = WEIR_INDEX_W_LEN4 + 2,   /* five */
	WEIR_INDEX_W_ANY = WEIR_INDEX_W_LEN6 + 5,    /* functions of keys: */
	WEIR_INDEX_W_CLASS,                          /* nine, by class */
	WEIR_INDEX_W_EVERY = WEIR_INDEX_W_CLASS + 9, /* all names together */
	WEIR_INDEX_W_PORTS, /* intercepted; channel 0 */
	/* first rules about names: two of each, for the rules and the bounds */
	WEIR_INDEX_W_ALL,                          /* every name: any, ... */
	WEIR_INDEX_W_DNS = WEIR_INDEX_W_ALL + 2,   /* deny dns */
	WEIR_INDEX_W_SHUT = WEIR_INDEX_W_DNS + 2,  /* deny any */
	WEIR_INDEX_W_META = WEIR_INDEX_W_SHUT + 2, /* allow metadata */
	WEIR_INDEX_W_END = WEIR_INDEX_W_META + 2,
};

/* sections; the table of {offset, bytes} stands behind the head */
enum weir_index_section {
	WEIR_INDEX_RULES,  /* records of WEIR_INDEX_RULE_WORDS */
	WEIR_INDEX_BOUNDS, /* the same */
	WEIR_INDEX_TEXTS,
	WEIR_INDEX_STEPS, /* functions: n, n x ascending, n values */
	WEIR_INDEX_NAMES, /* slots: offset in WIRE, pair and tag */
	WEIR_INDEX_WIRE,  /* names as on the wire */
	WEIR_INDEX_PAIRS, /* functions of the name itself and of those below */
	WEIR_INDEX_NETS,  /* slots: 4 words of address, function, mark */
	WEIR_INDEX_HTTP,  /* entries: first line, how many */
	WEIR_INDEX_LINES, /* deny, method, its length, path, its length */
	WEIR_INDEX_REQUESTS, /* the texts of those */
	WEIR_INDEX_SECTIONS,
};

#define WEIR_INDEX_HEAD_BYTES                                                  \
	(4u * (WEIR_IMAGE_WORDS + 2u * WEIR_IMAGE_SECTIONS))
#define WEIR_INDEX_RULE_WORDS 3u /* text, its length, WEIR_INDEX_ALLOW */
#define WEIR_INDEX_SLOT_BYTES 8u
#define WEIR_INDEX_NET_BYTES  24u
#define WEIR_INDEX_LINE_WORDS 5u

#define WEIR_INDEX_ALLOW 1u

/* which list a rule belongs to */
enum weir_index_list {
	WEIR_INDEX_OF_RULES,
	WEIR_INDEX_OF_BOUNDS,
	WEIR_INDEX_LISTS,
};

/* channels of addresses; those of the bounds follow.  TCP, UDP, ICMP stand
 * in this order wherever they are together */
enum weir_index_address {
	WEIR_INDEX_OUT,                             /* three: the first rule */
	WEIR_INDEX_OUT_DENY = WEIR_INDEX_OUT + 3,   /* three: the first deny */
	WEIR_INDEX_IN = WEIR_INDEX_OUT_DENY + 3,    /* two */
	WEIR_INDEX_IN_DENY = WEIR_INDEX_IN + 2,     /* two */
	WEIR_INDEX_ANSWER = WEIR_INDEX_IN_DENY + 2, /* rebinding */
	WEIR_INDEX_ANSWER_DENY,
	WEIR_INDEX_DOT, /* allows TCP/853 by address */
	WEIR_INDEX_ADDRESS_COUNT,
};

/* channels of names; those of the bounds follow, then what is no rule */
enum weir_index_name {
	WEIR_INDEX_ALLOWS,                          /* three: the first */
	WEIR_INDEX_UNNAMED = WEIR_INDEX_ALLOWS + 3, /* TCP */
	WEIR_INDEX_LAST = WEIR_INDEX_UNNAMED + 1,   /* three */
	WEIR_INDEX_DENIES = WEIR_INDEX_LAST + 3,    /* three: the first */
	WEIR_INDEX_ASKED =
		WEIR_INDEX_DENIES + 3, /* decides the name question */
	WEIR_INDEX_ASKED_ALLOW,
	WEIR_INDEX_NAME_COUNT,
	WEIR_INDEX_PRIVATE = 2 * WEIR_INDEX_NAME_COUNT,
	WEIR_INDEX_BYPASS,
	WEIR_INDEX_GUARDED,
	WEIR_INDEX_INSECURE,
	WEIR_INDEX_ENTRY, /* "port" n: the n-th HTTP entry */
	WEIR_INDEX_NAME_END,
};

/* what one question can find at most */
#define WEIR_INDEX_NAMES_MAX 127u
#define WEIR_INDEX_NETS_MAX  129u
/* slots looked at for one key; the compiler keeps to it */
#define WEIR_INDEX_PROBES    256u

static inline uint32_t weir_index_load(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/** weir_index_word() - word @i of a section; 0 if there is none */
static inline uint32_t weir_index_word(const struct weir_image *p,
				       enum weir_index_section s, uint32_t i)
{
	return i < p->size[s] / 4 ? weir_index_load(p->at[s] + 4 * (size_t)i)
				  : 0;
}

/** weir_index_x() - where a function is asked */
static inline uint32_t weir_index_x(uint32_t channel, uint16_t port)
{
	return channel << 16 | port;
}

/** weir_index_value() - what function @f says at @x */
uint32_t weir_index_value(const struct weir_image *p, uint32_t f, uint32_t x);

/**
 * weir_index_find_names() - the functions about a name
 * @name: in lower case
 *
 * Its own and those of every name it is below, the shortest first.
 * Return: how many were written.
 */
uint32_t weir_index_find_names(const struct weir_image *p,
			       const struct weir_dns_name *name,
			       uint32_t ret[WEIR_INDEX_NAMES_MAX]);

/** weir_index_find_nets() - the functions of the networks that hold @a */
uint32_t weir_index_find_nets(const struct weir_image *p,
			      const struct weir_addr *a,
			      uint32_t ret[WEIR_INDEX_NETS_MAX]);

/** weir_index_is_member() - has a set that is no rule this name? */
bool weir_index_is_member(const struct weir_image *p, enum weir_index_name set,
			  const struct weir_dns_name *name);

/* How keys are hashed, for reader and compiler alike. */

/** weir_index_hash_label() - the hash of a name that begins with this label,
 * from that of the name behind it; of the root it is the seed */
uint64_t weir_index_hash_label(uint64_t behind, const uint8_t *label,
			       uint32_t len);

/** weir_index_hash_name() - of a whole name of @len wire bytes; 0: no name.
 * @ret_labels: how many it has; untouched then */
uint64_t weir_index_hash_name(uint32_t seed, const uint8_t *wire, uint32_t len,
			      uint32_t *ret_labels);

/** weir_index_hash_net() - of a network; @meta from weir_index_meta() */
uint64_t weir_index_hash_net(uint32_t seed, const struct weir_addr *a,
			     uint32_t meta);

/** weir_index_meta() - bits and family, never 0 */
static inline uint32_t weir_index_meta(uint32_t bits, bool v4)
{
	return bits | (v4 ? 0x200u : 0x100u);
}

/** weir_index_mark() - the same and 22 bits that spare most comparisons */
static inline uint32_t weir_index_mark(uint64_t hash, uint32_t meta)
{
	return (uint32_t)hash << 10 | meta;
}

/** weir_index_home() - the first slot of a hash among @n */
static inline uint32_t weir_index_home(uint64_t hash, uint32_t n)
{
	return (uint32_t)((hash >> 32) * n >> 32);
}

/** weir_index_tag() - eight bits that spare most comparisons */
static inline uint32_t weir_index_tag(uint64_t hash)
{
	return (uint32_t)(hash & 0xff) << 24;
}

#define WEIR_INDEX_PAIR_MASK 0xffffffu

#endif /* WEIR_POLICY_INDEX_H */
