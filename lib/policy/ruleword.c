/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ruleword.c - the words of the rule language, and which of them was meant
 *
 * Nearness is the number of letters to add, drop, change or swap with their
 * neighbour (optimal string alignment): one for words of up to five letters,
 * two for longer ones.
 */
#include "policy/ruleword.h"

#include <string.h>

#include "policy/class.h"

#define NEAR_MAX_BYTES 32u /* longer words are near to nothing */
#define FAR            99u

static const struct weir_ruleword words[] = {
	{ "allow", WEIR_RULEWORD_ACTION, 0 },
	{ "deny", WEIR_RULEWORD_ACTION, 0 },
	{ "out", WEIR_RULEWORD_DIRECTION, 0 },
	{ "in", WEIR_RULEWORD_DIRECTION, 0 },
	{ "tcp", WEIR_RULEWORD_PROTOCOL, WEIR_RULE_TCP },
	{ "udp", WEIR_RULEWORD_PROTOCOL, WEIR_RULE_UDP },
	{ "icmp", WEIR_RULEWORD_PROTOCOL, WEIR_RULE_ICMP },
	{ "broad", WEIR_RULEWORD_WORD, 0 },
	{ "unnamed", WEIR_RULEWORD_WORD, 0 },
	{ "any", WEIR_RULEWORD_ANY, 0 },
	{ "dns", WEIR_RULEWORD_DNS, 0 },
	{ "public", WEIR_RULEWORD_GROUP, WEIR_CLASS_PUBLIC },
	{ "private", WEIR_RULEWORD_GROUP, WEIR_CLASS_PRIVATE },
	{ "host", WEIR_RULEWORD_GROUP, WEIR_CLASS_HOST },
	{ "metadata", WEIR_RULEWORD_GROUP, WEIR_CLASS_METADATA },
	{ "linklocal", WEIR_RULEWORD_GROUP, WEIR_CLASS_LINKLOCAL },
	{ "multicast", WEIR_RULEWORD_GROUP, WEIR_CLASS_MULTICAST },
	{ "reserved", WEIR_RULEWORD_CLOSED, WEIR_CLASS_RESERVED },
	{ "never", WEIR_RULEWORD_CLOSED, WEIR_CLASS_NEVER },
	{ "loopback", WEIR_RULEWORD_CLOSED, 0 },
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

/* what others call it */
static const struct {
	const char *said, *meant;
} others[] = {
	{ "permit", "allow" },     { "accept", "allow" },
	{ "pass", "allow" },       { "block", "deny" },
	{ "reject", "deny" },      { "drop", "deny" },
	{ "refuse", "deny" },      { "forbid", "deny" },
	{ "outbound", "out" },     { "egress", "out" },
	{ "inbound", "in" },       { "ingress", "in" },
	{ "all", "any" },          { "everything", "any" },
	{ "anywhere", "any" },     { "everywhere", "any" },
	{ "internet", "public" },  { "wan", "public" },
	{ "world", "public" },     { "lan", "private" },
	{ "intranet", "private" }, { "rfc1918", "private" },
	{ "gateway", "host" },     { "imds", "metadata" },
	{ "ping", "icmp" },        { "icmp6", "icmp" },
	{ "icmpv6", "icmp" },
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_word(struct weir_rulewhy_piece p, const char *word, bool in_case)
{
	size_t i = 0;

	for (; i < p.len && word[i]; i++) {
		if ((in_case ? lower(p.at[i]) : p.at[i]) != word[i])
			return false;
	}
	return i == p.len && !word[i];
}

bool weir_ruleword_is(struct weir_rulewhy_piece p, const char *word)
{
	return is_word(p, word, true);
}

static const struct weir_ruleword *find(struct weir_rulewhy_piece p,
					bool in_case)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (is_word(p, words[i].text, in_case))
			return &words[i];
	return NULL;
}

const struct weir_ruleword *weir_ruleword_find(struct weir_rulewhy_piece p)
{
	return find(p, false);
}

const struct weir_ruleword *
weir_ruleword_find_in_case(struct weir_rulewhy_piece p)
{
	return find(p, true);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One row a letter of @p; only the last two rows are ever looked at. */
static unsigned distance(struct weir_rulewhy_piece p, const char *word)
{
	unsigned row[3][NEAR_MAX_BYTES + 1];
	size_t len = strnlen(word, NEAR_MAX_BYTES + 1);

	if (p.len > NEAR_MAX_BYTES || len > NEAR_MAX_BYTES)
		return FAR;
	for (unsigned j = 0; j <= len; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= p.len; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3],
			 *before = row[(i + 1) % 3];
		char c = lower(p.at[i - 1]);

		now[0] = i;
		for (unsigned j = 1; j <= len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (c != word[j - 1]));
			if (i > 1 && j > 1 && c == word[j - 2] &&
			    lower(p.at[i - 2]) == word[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[p.len % 3][len];
}

static const char *find_other(struct weir_rulewhy_piece p, unsigned kinds)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct weir_ruleword *k =
			find(weir_rulewhy_word(others[i].meant), false);

		if (k && (k->kind & kinds) && is_word(p, others[i].said, true))
			return others[i].meant;
	}
	return NULL;
}

static void try_word(struct weir_rulewhy_piece p, const char *word,
		     unsigned *best, const char **nearest)
{
	unsigned d = distance(p, word);

	if (d < *best) {
		*best = d;
		*nearest = word;
	}
}

const char *weir_ruleword_nearest(struct weir_rulewhy_piece p, unsigned kinds,
				  const struct weir_rule_world *w)
{
	const char *nearest = find_other(p, kinds);
	unsigned best = p.len > 5 ? 3 : 2; /* must be below */

	if (nearest || p.len < 2)
		return nearest;
	for (size_t i = 0; i < N_WORDS; i++)
		if (words[i].kind & kinds)
			try_word(p, words[i].text, &best, &nearest);
	if ((kinds & WEIR_RULEWORD_GROUP) && w->group)
		for (size_t i = 0; i < w->n_groups; i++)
			try_word(p, w->group[i], &best, &nearest);
	return nearest;
}
