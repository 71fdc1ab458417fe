/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the options of `weir run`, as words and as orders
 *
 * One row per option: its names, what it takes, one line of help and the
 * function that reads it.  Everything else (--name=value, -qv, --, unknown
 * words and what was meant by them) is done once for all rows.
 */
#include "options.h"

#include <string.h>

#include "base/text.h"
#include "say.h"

#define WORD_MAX 32u

/** struct row - one option; @read returns 0, or 2 after it said why */
struct row {
	const char *name;  /* without the dashes */
	const char *takes; /* NULL: nothing */
	const char *help;  /* NULL: known, but not there yet */
	int (*read)(struct weir_orders *o, const char *value);
	char letter;
};

static int read_number(const char *name, const char *v, uint64_t min,
		       uint64_t max, uint32_t *ret)
{
	uint64_t n;

	if (!weir_text_parse_u64(v, strlen(v), max, &n) || n < min)
		return weir_say_error("--%s %s: a number from %llu to %llu is "
				      "needed",
				      name, v, (unsigned long long)min,
				      (unsigned long long)max);
	*ret = (uint32_t)n;
	return 0;
}

static int read_mtu(struct weir_orders *o, const char *v)
{
	return read_number("mtu", v, WEIR_MTU_MIN, WEIR_MTU_MAX, &o->mtu);
}

static int read_max_flows(struct weir_orders *o, const char *v)
{
	return read_number("max-flows", v, 1, WEIR_CONNS_MAX, &o->max_flows);
}

static bool is_part(const char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

static int read_net(struct weir_orders *o, const char *v)
{
	uint32_t net = 0, parts = 0;
	bool alone = false;

	for (const char *at = v;; at += strcspn(at, ",") + 1) {
		size_t n = strcspn(at, ",");

		if (is_part(at, n, "public"))
			net |= WEIR_CHARTER_NET_PUBLIC;
		else if (is_part(at, n, "private"))
			net |= WEIR_CHARTER_NET_PRIVATE;
		else if (is_part(at, n, "host"))
			net |= WEIR_CHARTER_NET_HOST;
		else if (is_part(at, n, "all"))
			net |= WEIR_CHARTER_NET_ALL;
		else if (!is_part(at, n, "none"))
			return weir_say_error(
				"--net %s: it is made of public, private and "
				"host, or is all, or none",
				v);
		alone = alone || is_part(at, n, "all") ||
			is_part(at, n, "none");
		parts++;
		if (!at[n])
			break;
	}
	if (alone && parts > 1)
		return weir_say_error("--net %s: all and none stand alone", v);
	o->has_net = true;
	o->net = net;
	return 0;
}

static int too_many(const char *name, unsigned max)
{
	return weir_say_error("--%s: at most %u of them", name, max);
}

/* ADDR[:PORT], [V6]:PORT, V6 */
static bool parse_server(const char *v, struct weir_charter_upstream *ret)
{
	size_t n = strlen(v), host = n;
	const char *at = v, *port = NULL, *colon = strchr(v, ':');
	uint64_t number = 53;

	if (*v == '[') {
		const char *end = strchr(v, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		at = v + 1;
		host = (size_t)(end - at);
		port = end[1] ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		host = (size_t)(colon - v);
		port = colon + 1;
	}
	if (port && (!weir_text_parse_u64(port, strlen(port), 65535, &number) ||
		     number == 0))
		return false;
	ret->port = (uint16_t)number;
	return weir_text_parse_addr(at, host, &ret->addr);
}

static int read_dns(struct weir_orders *o, const char *v)
{
	if (strncmp(v, "tls://", 6) == 0)
		return weir_say_error("--dns %s: DNS over TLS is not there "
				      "yet, name a plain server",
				      v);
	if (o->n_dns == WEIR_DNS_UPSTREAMS_MAX)
		return too_many("dns", WEIR_DNS_UPSTREAMS_MAX);
	if (!parse_server(v, &o->dns[o->n_dns]))
		return weir_say_error("--dns %s: a server is ADDR, ADDR:PORT "
				      "or [V6]:PORT",
				      v);
	o->n_dns++;
	return 0;
}

/* lower case, without a final dot; false if it is no host name */
static bool copy_name(const char *at, size_t n,
		      char ret[WEIR_CHARTER_NAME_BYTES])
{
	size_t label = 0;

	if (n && at[n - 1] == '.')
		n--;
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (c == '.' ? label == 0
			     : !strchr("abcdefghijklmnopqrstuvwxyz0123456789-_",
				       c))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		ret[i] = c;
	}
	ret[n] = 0;
	return label != 0;
}

static int read_search(struct weir_orders *o, const char *v)
{
	char name[WEIR_CHARTER_NAME_BYTES];

	if (o->n_search == WEIR_RESOLVERS_SEARCH_MAX)
		return too_many("search", WEIR_RESOLVERS_SEARCH_MAX);
	if (!copy_name(v, strlen(v), name))
		return weir_say_error("--search %s: that is no domain", v);
	o->search[o->n_search++] = v;
	return 0;
}

static int read_host(struct weir_orders *o, const char *v)
{
	struct weir_charter_host *h = &o->host[o->n_hosts];
	const char *is = strchr(v, '=');

	if (o->n_hosts == WEIR_CHARTER_HOSTS_MAX)
		return too_many("host", WEIR_CHARTER_HOSTS_MAX);
	if (!is || !copy_name(v, (size_t)(is - v), h->name) ||
	    !weir_text_parse_addr(is + 1, strlen(is + 1), &h->addr))
		return weir_say_error("--host %s: NAME=ADDR is needed, for "
				      "example --host db.internal=10.1.2.3",
				      v);
	o->n_hosts++;
	return 0;
}

static int read_ipv4(struct weir_orders *o, const char *v)
{
	uint8_t bits;

	if (!weir_text_parse_cidr(v, strlen(v), &o->ipv4, &bits) ||
	    !weir_addr_is4(&o->ipv4) || bits < 96)
		return weir_say_error("--ipv4 %s: ADDR/LEN is needed, for "
				      "example --ipv4 10.0.2.15/24",
				      v);
	o->has_ipv4 = true;
	o->len4 = (uint8_t)(bits - 96);
	return 0;
}

static int read_gateway(struct weir_orders *o, const char *v)
{
	if (!weir_text_parse_ip4(v, strlen(v), &o->gateway))
		return weir_say_error("--gateway %s: an IPv4 address is "
				      "needed, for example --gateway 10.0.2.2",
				      v);
	o->has_gateway = true;
	return 0;
}

static int read_ipv6(struct weir_orders *o, const char *v)
{
	if (strcmp(v, "off") == 0) {
		o->six = WEIR_PLAN_IPV6_OFF;
		return 0;
	}
	if (!weir_text_parse_cidr(v, strlen(v), &o->ipv6, &o->len6) ||
	    weir_addr_is4(&o->ipv6))
		return weir_say_error("--ipv6 %s: ADDR/LEN or off is needed, "
				      "for example --ipv6 fd77:6972::15/64",
				      v);
	o->six = WEIR_PLAN_IPV6_GIVEN;
	return 0;
}

static int read_mac(struct weir_orders *o, const char *v)
{
	static const struct weir_mac zero;

	if (!weir_text_parse_mac(v, strlen(v), &o->mac) || (o->mac.b[0] & 1) ||
	    weir_mac_is_equal(&o->mac, &zero))
		return weir_say_error("--mac %s: the address of one card is "
				      "needed, for example --mac "
				      "02:00:5e:00:53:01",
				      v);
	o->has_mac = true;
	return 0;
}

static int read_share(struct weir_orders *o, const char *v)
{
	if (o->n_shares == WEIR_PLAN_SHARES_MAX)
		return too_many("share", WEIR_PLAN_SHARES_MAX);
	if (*v != '/')
		return weir_say_error("--share %s: an absolute path is needed",
				      v);
	o->share[o->n_shares++] = v;
	return 0;
}

static int read_keep_fd(struct weir_orders *o, const char *v)
{
	uint32_t n = 0;

	if (o->n_kept == WEIR_PLAN_KEPT_MAX)
		return too_many("keep-fd", WEIR_PLAN_KEPT_MAX);
	if (read_number("keep-fd", v, 0, 1u << 20, &n))
		return 2;
	o->keep[o->n_kept++] = (int)n;
	return 0;
}

static int read_root(struct weir_orders *o, const char *v)
{
	(void)v;
	o->as_root = true;
	return 0;
}

static int read_unconfined(struct weir_orders *o, const char *v)
{
	(void)v;
	o->unconfined = true;
	return 0;
}

static int read_quiet(struct weir_orders *o, const char *v)
{
	(void)v;
	o->quiet = true;
	return 0;
}

static int read_verbose(struct weir_orders *o, const char *v)
{
	(void)v;
	o->verbose = true;
	return 0;
}

/* clang-format off */
static const struct row rows[] = {
	{ "net", "LIST", "what may be reached: public, private, host (with commas), or all, or none", read_net, 0 },
	{ "dns", "SERVER", "ask this resolver instead of the host's (repeatable)", read_dns, 0 },
	{ "search", "DOMAIN", "search domain instead of the host's (repeatable)", read_search, 0 },
	{ "host", "NAME=ADDR", "answer this name with this address (repeatable)", read_host, 0 },
	{ "mtu", "N", "largest packet, 576 to 65520 (65520)", read_mtu, 0 },
	{ "ipv4", "ADDR/LEN", "address of the guest (10.0.2.15/24)", read_ipv4, 0 },
	{ "gateway", "ADDR", "address of the gateway, which is the host (10.0.2.2)", read_gateway, 0 },
	{ "ipv6", "ADDR/LEN|off", "address of the guest (fd77:6972::15/64 if the host has IPv6)", read_ipv6, 0 },
	{ "mac", "MAC", "Ethernet address of the guest", read_mac, 0 },
	{ "max-flows", "N", "TCP connections at once (131072)", read_max_flows, 0 },
	{ "root", NULL, "CMD sees itself as root (it is not)", read_root, 0 },
	{ "share", "PATH", "leave this visible, although it leads out (repeatable)", read_share, 0 },
	{ "keep-fd", "N", "CMD inherits this descriptor (repeatable)", read_keep_fd, 0 },
	{ "unconfined", NULL, "do not confine Weir's own processes (debugging)", read_unconfined, 0 },
	{ "quiet", NULL, "no warnings", read_quiet, 'q' },
	{ "verbose", NULL, "say what happens, and what happened", read_verbose, 'v' },
	{ "config", "FILE", NULL, NULL, 'c' },
	{ "allow", "TARGET", NULL, NULL, 0 },
	{ "deny", "TARGET", NULL, NULL, 0 },
	{ "rule", "RULE", NULL, NULL, 0 },
	{ "multi-tenant", NULL, NULL, NULL, 0 },
	{ "publish", "SPEC", NULL, NULL, 'p' },
	{ "secret", "NAME@HOST", NULL, NULL, 0 },
	{ "no-rebind-protection", NULL, NULL, NULL, 0 },
	{ "intercept", "PORTS", NULL, NULL, 0 },
	{ "bypass", "NAME", NULL, NULL, 0 },
	{ "upstream-ca", "FILE", NULL, NULL, 0 },
	{ "insecure", "NAME", NULL, NULL, 0 },
	{ "quic", "WHAT", NULL, NULL, 0 },
	{ "limit-up", "RATE", NULL, NULL, 0 },
	{ "limit-down", "RATE", NULL, NULL, 0 },
	{ "log", "FILE", NULL, NULL, 0 },
	{ "metrics", "ADDR:PORT", NULL, NULL, 0 },
	{ "capture", "FILE", NULL, NULL, 0 },
	{ "control", "PATH", NULL, NULL, 0 },
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* how many single changes make one word the other; at most 99 */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned d[WORD_MAX + 1];

	if (n > WORD_MAX || m > WORD_MAX)
		return 99;
	for (unsigned j = 0; j <= m; j++)
		d[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned corner = d[0];

		d[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned change = corner + (a[i - 1] != b[j - 1]);
			unsigned skip = 1 + (d[j] < d[j - 1] ? d[j] : d[j - 1]);

			corner = d[j];
			d[j] = change < skip ? change : skip;
		}
	}
	return d[m];
}

const char *weir_options_nearest(const char *word, const char *const *words,
				 size_t n)
{
	const char *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, words[i]);

		/* a beginning of a word is near, however long the word */
		if (strlen(word) > 2 &&
		    strncmp(word, words[i], strlen(word)) == 0)
			d = 1;
		if (d < least && d < strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

static int unknown(const char *word, const char *name)
{
	const char *names[ROWS + 2] = { "help", "version" };
	const char *meant;

	for (size_t i = 0; i < ROWS; i++)
		names[i + 2] = rows[i].name;
	meant = weir_options_nearest(name, names, ROWS + 2);
	if (meant)
		return weir_say_error("run: there is no option %s, did you "
				      "mean --%s?",
				      word, meant);
	return weir_say_error("run: there is no option %s, see weir run --help",
			      word);
}

static const struct row *find(const char *name, size_t n)
{
	for (size_t i = 0; i < ROWS; i++)
		if (is_part(name, n, rows[i].name))
			return &rows[i];
	return NULL;
}

static const struct row *find_letter(char letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (letter && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static int apply(const struct row *r, const char *value, struct weir_orders *o)
{
	if (!r->read)
		return weir_say_error("run: --%s is not there yet in this "
				      "version",
				      r->name);
	return r->read(o, value);
}

/** struct words - what is left of the command line */
struct words {
	int n;
	char **at;
};

static int read_long(struct words *w, struct weir_orders *o, bool *help)
{
	const char *word = *w->at, *name = word + 2, *value = NULL;
	size_t n = strcspn(name, "=");
	const struct row *r = find(name, n);

	w->at++;
	w->n--;
	if (is_part(name, n, "help")) {
		*help = true;
		return 0;
	}
	if (!r) {
		char only[WORD_MAX + 8];

		snprintf(only, sizeof(only), "%.*s",
			 (int)(n < sizeof(only) ? n : sizeof(only) - 1), name);
		return unknown(word, only);
	}
	if (name[n] == '=') {
		value = name + n + 1;
		if (!r->takes)
			return weir_say_error("run: --%s takes no value",
					      r->name);
	} else if (r->takes && r->read) {
		if (w->n == 0)
			return weir_say_error("run: --%s needs %s", r->name,
					      r->takes);
		value = *w->at++;
		w->n--;
	}
	return apply(r, value, o);
}

/* -q, -v, -qv; none that is there yet takes a value */
static int read_short(struct words *w, struct weir_orders *o, bool *help)
{
	const char *word = *w->at;

	w->at++;
	w->n--;
	for (const char *c = word + 1; *c; c++) {
		const struct row *r = find_letter(*c);
		char name[2] = { *c, 0 };
		int e;

		if (*c == 'h') {
			*help = true;
			return 0;
		}
		if (!r)
			return unknown(word, name);
		e = apply(r, NULL, o);
		if (e)
			return e;
	}
	return 0;
}

int weir_options_parse(int argc, char **argv, struct weir_orders *ret,
		       bool *ret_help)
{
	struct words w = { .n = argc, .at = argv };

	*ret_help = false;
	while (w.n && w.at[0][0] == '-' && w.at[0][1]) {
		int e;

		if (strcmp(w.at[0], "--") == 0) {
			w.at++;
			w.n--;
			break;
		}
		e = w.at[0][1] == '-' ? read_long(&w, ret, ret_help)
				      : read_short(&w, ret, ret_help);
		if (e || *ret_help)
			return e;
	}
	if (w.n == 0 || !*w.at[0])
		return weir_say_error("run: which command? For example: weir "
				      "run -- curl https://example.com");
	ret->argv = w.at;
	return 0;
}

void weir_options_print(FILE *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		if (!rows[i].help)
			continue;
		snprintf(left, sizeof(left), "%s%c%s --%s%s%s",
			 rows[i].letter ? "-" : " ",
			 rows[i].letter ? rows[i].letter : ' ',
			 rows[i].letter ? "," : " ", rows[i].name,
			 rows[i].takes ? " " : "",
			 rows[i].takes ? rows[i].takes : "");
		fprintf(to, "  %-27s %s\n", left, rows[i].help);
	}
	fprintf(to, "  %-27s %s\n", "-h,  --help", "this");
}
