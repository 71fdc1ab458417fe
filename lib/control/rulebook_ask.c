/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook_ask.c - a question in words, and what the policy says to it
 *
 * Reads the words, looks up what of the facts concerns the question, and asks
 * the judge that the engine asks.  Only the names that Weir answers by itself
 * are known here: the judge is not asked about them in life either.
 */
#include "control/rulebook_ask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "control/idn.h"

#define SHOWN_MAX 80u /* bytes of a word that are repeated in a sentence */

#define FORMS                                                                  \
	"out tcp ADDR:PORT, out udp ADDR:PORT, out icmp ADDR, in tcp "         \
	"PEER:PORT GUESTPORT, name NAME, answer NAME ADDR, http HOST METHOD "  \
	"PATH"

/** struct asking - a question being read */
struct asking {
	const struct weir_rulebook *b;
	const struct weir_rulebook_ask *q;
	struct weir_class_facts classes;
	char *why;
};

static bool refuse(const struct asking *a, const char *word, const char *what)
{
	struct weir_text t = weir_text_over(a->why, WEIR_RULEBOOK_WHY_BYTES);

	if (word) {
		size_t len = strlen(word);

		weir_text_add(&t, "'");
		weir_text_add_escaped(&t, word,
				      len > SHOWN_MAX ? SHOWN_MAX : len);
		weir_text_add(&t, len > SHOWN_MAX ? "...': " : "': ");
	}
	weir_text_add(&t, what);
	return false;
}

struct weir_class_facts weir_rulebook_ask_classes(const struct weir_charter *c)
{
	struct weir_class_facts f = { .gateway4 = c->gateway4,
				      .dns4 = c->dns4,
				      .guest4 = c->guest4,
				      .len4 = c->len4,
				      .own = c->own,
				      .n_own = c->n_own };

	if (c->has6) {
		f.gateway6 = c->gateway6;
		f.dns6 = c->dns6;
		f.guest6 = c->guest6;
		f.len6 = c->len6;
	}
	return f;
}

/* --- words --- */

static bool is_word(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* with or without brackets around IPv6 */
static bool parse_addr(const char *s, size_t len, struct weir_addr *ret)
{
	if (len >= 2 && s[0] == '[' && s[len - 1] == ']')
		return weir_text_parse_ip6(s + 1, len - 2, ret);
	return weir_text_parse_addr(s, len, ret);
}

static bool parse_port(const char *s, uint16_t *ret)
{
	uint64_t port;

	if (!weir_text_parse_u64(s, strlen(s), 65535, &port) || port == 0)
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* 192.0.2.1:80 or [2001:db8::1]:80 */
static bool parse_endpoint(const struct asking *a, const char *word,
			   struct weir_addr *ret, uint16_t *ret_port)
{
	const char *colon = strrchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : 0;
	struct weir_addr whole;

	if (weir_text_parse_ip6(word, strlen(word), &whole))
		return refuse(a, word,
			      "an IPv6 address stands in brackets, a port "
			      "behind them: [2001:db8::1]:443");
	if (!colon || parse_addr(word, strlen(word), &whole))
		return refuse(a, word,
			      "an address and a port are wanted: "
			      "192.0.2.1:443 or [2001:db8::1]:443");
	if (!(word[0] == '[' ? parse_addr(word, len, ret)
			     : weir_text_parse_ip4(word, len, ret)))
		return refuse(a, word,
			      "that is no address and port, as "
			      "192.0.2.1:443 or [2001:db8::1]:443; what is "
			      "known of a name is said with --pin NAME=ADDR");
	if (!parse_port(colon + 1, ret_port))
		return refuse(a, word, "a port is a number from 1 to 65535");
	return true;
}

static bool parse_name(const struct asking *a, const char *word,
		       struct weir_dns_name *ret)
{
	return weir_idn_name(word, strlen(word), ret) ||
	       refuse(a, word, "that is no name, as api.example.com");
}

/* --- facts --- */

static bool parse_pin(const struct asking *a, const char *text,
		      struct weir_dns_name *ret, struct weir_addr *ret_addr)
{
	const char *eq = strchr(text, '=');

	if (!eq || !weir_idn_name(text, (size_t)(eq - text), ret) ||
	    !parse_addr(eq + 1, strlen(eq + 1), ret_addr))
		return refuse(a, text,
			      "--pin takes NAME=ADDR, as "
			      "api.example.com=192.0.2.1");
	return true;
}

/* a name or an address as it stands in Host: cut its port off */
static size_t cut_port(const char *s)
{
	size_t len = strlen(s);
	const char *colon = strrchr(s, ':');

	if (!colon || (s[0] != '[' && memchr(s, ':', (size_t)(colon - s))))
		return len;
	if (s[0] == '[' && colon > s && colon[-1] != ']')
		return len;
	return strspn(colon + 1, "0123456789") == strlen(colon + 1)
		       ? (size_t)(colon - s)
		       : len;
}

static bool parse_shown(const struct asking *a, struct weir_dns_name *name,
			enum weir_judge_shown *ret)
{
	const struct weir_rulebook_ask *q = a->q;
	struct weir_addr addr;
	size_t len;

	*ret = q->shown_none ? WEIR_JUDGE_SHOWN_NONE
			     : WEIR_JUDGE_SHOWN_NOTHING_YET;
	if (!q->shown)
		return true;
	if (q->shown_none)
		return refuse(a, NULL,
			      "--shown and --shown-none exclude each other");
	len = cut_port(q->shown);
	*ret = WEIR_JUDGE_SHOWN_NONE;
	if (parse_addr(q->shown, len, &addr))
		return true;
	*ret = WEIR_JUDGE_SHOWN_NAME;
	return weir_idn_name(q->shown, len, name) ||
	       refuse(a, q->shown, "--shown takes a name, as api.example.com");
}

/* every fact must be one, whether it concerns the question or not */
static bool check_facts(const struct asking *a)
{
	enum weir_judge_shown shown;
	struct weir_dns_name name;
	struct weir_addr addr;

	for (size_t i = 0; i < a->q->n_pins; i++)
		if (!parse_pin(a, a->q->pin[i], &name, &addr))
			return false;
	return parse_shown(a, &name, &shown);
}

/* --- questions --- */

/** struct pins - the names pinned to the address in question */
struct pins {
	struct weir_dns_name name[WEIR_PINS_NAMES_MAX];
	const struct weir_dns_name *at[WEIR_PINS_NAMES_MAX];
	uint32_t n;
};

static bool find_pins(const struct asking *a, const struct weir_addr *to,
		      struct pins *p)
{
	struct weir_dns_name name;
	struct weir_addr addr;

	p->n = 0;
	for (size_t i = 0; i < a->q->n_pins; i++) {
		if (!parse_pin(a, a->q->pin[i], &name, &addr))
			return false;
		if (!weir_addr_is_equal(&addr, to))
			continue;
		if (p->n == WEIR_PINS_NAMES_MAX)
			return refuse(a, a->q->pin[i],
				      "an address has 256 names at most");
		p->name[p->n] = name;
		p->at[p->n] = &p->name[p->n];
		p->n++;
	}
	return true;
}

static bool ask_flow(const struct asking *a, struct weir_judge_flow f,
		     struct weir_judge_verdict *ret)
{
	struct pins *p = malloc(sizeof(*p));
	struct weir_dns_name name;
	bool ok;

	if (!p)
		return refuse(a, NULL, "out of memory");
	ok = parse_shown(a, &name, &f.shown) && find_pins(a, &f.to, p);
	if (ok) {
		f.name = f.shown == WEIR_JUDGE_SHOWN_NAME ? &name : NULL;
		f.pin = p->at;
		f.n_pins = p->n;
		*ret = weir_judge_flow(&a->b->image, &a->classes, &f);
	}
	free(p);
	return ok;
}

static bool ask_out(const struct asking *a, struct weir_judge_verdict *ret)
{
	const char *const *w = a->q->word;
	struct weir_judge_flow f = { .protocol = WEIR_RULE_ICMP };

	if (a->q->n_words != 3)
		return refuse(a, NULL,
			      "the question is out tcp ADDR:PORT, out udp "
			      "ADDR:PORT or out icmp ADDR");
	if (is_word(w[1], "icmp")) {
		if (!parse_addr(w[2], strlen(w[2]), &f.to))
			return refuse(a, w[2],
				      "an address is wanted, and ICMP has no "
				      "ports: out icmp 192.0.2.1");
		return ask_flow(a, f, ret);
	}
	if (is_word(w[1], "tcp"))
		f.protocol = WEIR_RULE_TCP;
	else if (is_word(w[1], "udp"))
		f.protocol = WEIR_RULE_UDP;
	else
		return refuse(a, w[1],
			      "the protocol is tcp, udp or icmp: out tcp "
			      "192.0.2.1:443");
	return parse_endpoint(a, w[2], &f.to, &f.port) && ask_flow(a, f, ret);
}

static bool ask_in(const struct asking *a, struct weir_judge_verdict *ret)
{
	const char *const *w = a->q->word;
	uint16_t port, guest_port;
	struct weir_addr peer;
	uint8_t protocol;

	if (a->q->n_words != 4)
		return refuse(a, NULL,
			      "the question is in tcp PEER:PORT GUESTPORT, or "
			      "in udp, as in tcp 192.0.2.1:50000 80");
	if (is_word(w[1], "tcp"))
		protocol = WEIR_RULE_TCP;
	else if (is_word(w[1], "udp"))
		protocol = WEIR_RULE_UDP;
	else
		return refuse(a, w[1],
			      "the protocol is tcp or udp: in tcp "
			      "192.0.2.1:50000 80");
	if (!parse_endpoint(a, w[2], &peer, &port))
		return false;
	if (!parse_port(w[3], &guest_port))
		return refuse(a, w[3],
			      "the guest's port is a number from 1 to 65535");
	*ret = weir_judge_in(&a->b->image, &a->classes, protocol, &peer,
			     guest_port);
	return true;
}

static bool is_type(const char *s)
{
	static const char *const types[] = {
		"A",     "AAAA",  "ANY",        "AXFR",   "CAA",   "CDNSKEY",
		"CDS",   "CNAME", "DNAME",      "DNSKEY", "DS",    "HINFO",
		"HTTPS", "IXFR",  "LOC",        "MX",     "NAPTR", "NS",
		"NSEC",  "NSEC3", "NULL",       "PTR",    "RP",    "RRSIG",
		"SOA",   "SPF",   "SRV",        "SSHFP",  "SVCB",  "TLSA",
		"TXT",   "URI",   "OPENPGPKEY",
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(s, types[i]) == 0)
			return true;
	return strncasecmp(s, "TYPE", 4) == 0 &&
	       weir_text_parse_u64(s + 4, strlen(s + 4), 65535, &number);
}

/* Is it one of those that are answered here, whatever the rules say? */
static bool is_ours(const struct asking *a, const struct weir_dns_name *name)
{
	static const char *const alias[] = { "host.weir.internal",
					     "host.containers.internal",
					     "host.docker.internal" };
	const struct weir_charter *c = a->q->net;
	struct weir_dns_name own;

	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (weir_pattern_name(alias[i], strlen(alias[i]), &own) &&
		    own.len == name->len &&
		    memcmp(own.b, name->b, own.len) == 0)
			return true;
	for (uint32_t i = 0; i < c->n_hosts; i++)
		if (weir_pattern_name(c->host[i].name, strlen(c->host[i].name),
				      &own) &&
		    own.len == name->len &&
		    memcmp(own.b, name->b, own.len) == 0)
			return true;
	return false;
}

static bool ask_name(const struct asking *a, struct weir_judge_verdict *ret)
{
	const char *const *w = a->q->word;
	struct weir_dns_name name;

	if (a->q->n_words < 2 || a->q->n_words > 3)
		return refuse(a, NULL,
			      "the question is name NAME [TYPE], as name "
			      "api.example.com AAAA");
	if (!parse_name(a, w[1], &name))
		return false;
	if (a->q->n_words == 3 && !is_type(w[2]))
		return refuse(a, w[2],
			      "there is no such type of record, as A, AAAA, "
			      "HTTPS or TYPE65");
	if (is_ours(a, &name))
		*ret = (struct weir_judge_verdict){ .said = WEIR_JUDGE_ALLOW,
						    .by = WEIR_JUDGE_BY_NOTHING,
						    .reason =
							    WEIR_REASON_NONE };
	else
		*ret = weir_judge_name(&a->b->image, &name);
	return true;
}

static bool ask_answer(const struct asking *a, struct weir_judge_verdict *ret)
{
	const char *const *w = a->q->word;
	struct weir_dns_name name;
	struct weir_addr addr;

	if (a->q->n_words != 3)
		return refuse(a, NULL,
			      "the question is answer NAME ADDR, as answer "
			      "api.example.com 10.0.0.1");
	if (!parse_name(a, w[1], &name))
		return false;
	if (!parse_addr(w[2], strlen(w[2]), &addr))
		return refuse(a, w[2], "that is no address, as 192.0.2.1");
	*ret = weir_judge_answer(&a->b->image, &a->classes, &name, &addr);
	return true;
}

static bool is_method(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789!#$%&'*+-.^_`|~");

	return n && s[n] == '\0' && n <= 64;
}

static bool ask_http(const struct asking *a, struct weir_judge_verdict *ret)
{
	const char *const *w = a->q->word;
	struct weir_dns_name host;

	if (a->q->n_words != 4)
		return refuse(a, NULL,
			      "the question is http HOST METHOD PATH, as http "
			      "api.example.com GET /repos/x");
	if (!weir_idn_name(w[1], cut_port(w[1]), &host))
		return refuse(a, w[1], "that is no name, as api.example.com");
	if (!is_method(w[2]))
		return refuse(a, w[2], "that is no method, as GET");
	if (w[3][0] != '/' && !is_word(w[3], "*"))
		return refuse(a, w[3], "a path begins with a slash: /repos/x");
	*ret = weir_judge_http(&a->b->image, &host, w[2], strlen(w[2]), w[3],
			       strlen(w[3]));
	return true;
}

static bool ask(const struct asking *a, struct weir_judge_verdict *ret)
{
	static const struct {
		const char *word;
		bool (*ask)(const struct asking *a,
			    struct weir_judge_verdict *ret);
	} kind[] = {
		{ "out", ask_out },   { "in", ask_in },
		{ "name", ask_name }, { "answer", ask_answer },
		{ "http", ask_http },
	};

	if (a->q->n_words == 0)
		return refuse(a, NULL, "the questions are " FORMS);
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++)
		if (is_word(a->q->word[0], kind[i].word))
			return kind[i].ask(a, ret);
	return refuse(a, a->q->word[0],
		      "there is no such question; they are " FORMS);
}

bool weir_rulebook_ask_judge(const struct weir_rulebook *b,
			     const struct weir_rulebook_ask *q,
			     struct weir_rulebook_answer *ret,
			     char why[WEIR_RULEBOOK_WHY_BYTES])
{
	struct asking a = { .b = b, .q = q };
	struct weir_judge_verdict v;
	bool bounds;

	a.why = why;
	a.classes = weir_rulebook_ask_classes(q->net);
	if (!check_facts(&a) || !ask(&a, &v))
		return false;
	*ret = (struct weir_rulebook_answer){ .verdict = v };
	bounds = v.by == WEIR_JUDGE_BY_BOUNDS;
	if (bounds || v.by == WEIR_JUDGE_BY_RULE)
		ret->text =
			weir_image_text(&b->image, bounds, v.rule, &ret->len);
	return true;
}
