/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the options of `run` and `serve`, as words and as orders
 *
 * One row per option: its names, what it takes, one line of help, the function
 * that reads it (values.h) and whose it is.  Everything else (--name=value,
 * -qv, -p80, --, unknown words and what was meant by them) is done once for
 * all rows.
 */
#include "options.h"

#include <string.h>

#include "say.h"
#include "values.h"

#define WORD_MAX 32u

/** struct row - one option; @read returns 0, or 2 after it said why */
struct row {
	const char *name;  /* without the dashes */
	const char *takes; /* NULL: nothing */
	const char *help;  /* NULL: known, but not there yet */
	int (*read)(struct weir_orders *o, const char *value);
	char letter;
	enum weir_options_of of;
};

/* clang-format off */
static const struct row rows[] = {
	{ "netns", "PID|PATH", "the guest is a network namespace", weir_values_read_netns, 0, WEIR_OPTIONS_SERVE },
	{ "userns", "PID|PATH", "the user namespace to enter first (the owner)", weir_values_read_userns, 0, WEIR_OPTIONS_SERVE },
	{ "tap", "NAME", "what its card is called (eth0)", weir_values_read_tap, 0, WEIR_OPTIONS_SERVE },
	{ "no-config", NULL, "make the card, leave addresses and routes to the guest", weir_values_read_no_config, 0, WEIR_OPTIONS_SERVE },
	{ "stream", "PATH", NULL, NULL, 0, WEIR_OPTIONS_SERVE },
	{ "dgram", "PATH", NULL, NULL, 0, WEIR_OPTIONS_SERVE },
	{ "vhost-user", "PATH", NULL, NULL, 0, WEIR_OPTIONS_SERVE },
	{ "fd", "N", NULL, NULL, 0, WEIR_OPTIONS_SERVE },
	{ "jumbo", NULL, NULL, NULL, 0, WEIR_OPTIONS_SERVE },
	{ "pid", "FILE", "write the process number there when ready", weir_values_read_pid, 0, WEIR_OPTIONS_SERVE },
	{ "ready-fd", "N", "write a newline there when ready, and close it", weir_values_read_ready_fd, 0, WEIR_OPTIONS_SERVE },
	{ "exit-fd", "N", "stop when it is readable or closed", weir_values_read_exit_fd, 0, WEIR_OPTIONS_SERVE },
	{ "one-off", NULL, "end with the guest (with --netns always so)", weir_values_read_one_off, 0, WEIR_OPTIONS_SERVE },
	{ "grace", "SECONDS", "on stop, time for open connections (5)", weir_values_read_grace, 0, WEIR_OPTIONS_SERVE },
	{ "net", "LIST", "what may be reached: public, private, host (with commas), or all, or none", weir_values_read_net, 0, WEIR_OPTIONS_BOTH },
	{ "dns", "SERVER", "ask this resolver instead of the host's (repeatable)", weir_values_read_dns, 0, WEIR_OPTIONS_BOTH },
	{ "search", "DOMAIN", "search domain instead of the host's (repeatable)", weir_values_read_search, 0, WEIR_OPTIONS_BOTH },
	{ "host", "NAME=ADDR", "answer this name with this address (repeatable)", weir_values_read_host, 0, WEIR_OPTIONS_BOTH },
	{ "mtu", "N", "largest packet, 576 to 65520 (65520)", weir_values_read_mtu, 0, WEIR_OPTIONS_BOTH },
	{ "ipv4", "ADDR/LEN", "address of the guest (10.0.2.15/24)", weir_values_read_ipv4, 0, WEIR_OPTIONS_BOTH },
	{ "gateway", "ADDR", "address of the gateway, which is the host (10.0.2.2)", weir_values_read_gateway, 0, WEIR_OPTIONS_BOTH },
	{ "ipv6", "ADDR/LEN|off", "address of the guest (fd77:6972::15/64 if the host has IPv6)", weir_values_read_ipv6, 0, WEIR_OPTIONS_BOTH },
	{ "mac", "MAC", "Ethernet address of the guest", weir_values_read_mac, 0, WEIR_OPTIONS_BOTH },
	{ "max-flows", "N", "TCP connections at once (131072)", weir_values_read_max_flows, 0, WEIR_OPTIONS_BOTH },
	{ "publish", "SPEC", "[[BIND:]HOSTPORT:]GUESTPORT[/udp]: clients of the host come in (repeatable)", weir_values_read_publish, 'p', WEIR_OPTIONS_BOTH },
	{ "limit-up", "RATE", "from the guest: 10mbit, 1000pps, or 10mbit,1000pps/512k", weir_values_read_limit_up, 0, WEIR_OPTIONS_BOTH },
	{ "limit-down", "RATE", "to the guest", weir_values_read_limit_down, 0, WEIR_OPTIONS_BOTH },
	{ "root", NULL, "CMD sees itself as root (it is not)", weir_values_read_root, 0, WEIR_OPTIONS_RUN },
	{ "share", "PATH", "leave this visible, although it leads out (repeatable)", weir_values_read_share, 0, WEIR_OPTIONS_RUN },
	{ "keep-fd", "N", "CMD inherits this descriptor (repeatable)", weir_values_read_keep_fd, 0, WEIR_OPTIONS_RUN },
	{ "unconfined", NULL, "do not confine Weir's own processes (debugging)", weir_values_read_unconfined, 0, WEIR_OPTIONS_BOTH },
	{ "quiet", NULL, "no warnings", weir_values_read_quiet, 'q', WEIR_OPTIONS_BOTH },
	{ "verbose", NULL, "say what happens, and what happened", weir_values_read_verbose, 'v', WEIR_OPTIONS_BOTH },
	{ "config", "FILE", NULL, NULL, 'c', WEIR_OPTIONS_BOTH },
	{ "allow", "TARGET", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "deny", "TARGET", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "rule", "RULE", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "multi-tenant", NULL, NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "secret", "NAME@HOST", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "no-rebind-protection", NULL, NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "intercept", "PORTS", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "bypass", "NAME", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "upstream-ca", "FILE", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "insecure", "NAME", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "quic", "WHAT", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "log", "FILE", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "metrics", "ADDR:PORT", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "capture", "FILE", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
	{ "control", "PATH", NULL, NULL, 0, WEIR_OPTIONS_BOTH },
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

static bool is_part(const char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

/** struct words - what is left of the command line */
struct words {
	enum weir_options_of of;
	const char *name; /* of the command */
	int n;
	char **at;
};

static int unknown(const struct words *w, const char *word, const char *name)
{
	const char *names[ROWS + 2] = { "help", "version" };
	const char *meant;
	size_t n = 2;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].of & w->of)
			names[n++] = rows[i].name;
	meant = weir_options_nearest(name, names, n);
	if (meant)
		return weir_say_error("%s: there is no option %s, did you "
				      "mean --%s?",
				      w->name, word, meant);
	return weir_say_error("%s: there is no option %s, see weir %s --help",
			      w->name, word, w->name);
}

static const struct row *find(const struct words *w, const char *name, size_t n)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].of & w->of && is_part(name, n, rows[i].name))
			return &rows[i];
	return NULL;
}

static const struct row *find_letter(const struct words *w, char letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].of & w->of && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static int apply(const struct words *w, const struct row *r, const char *value,
		 struct weir_orders *o)
{
	if (!r->read)
		return weir_say_error("%s: --%s is not there yet in this "
				      "version",
				      w->name, r->name);
	return r->read(o, value);
}

/* the next word, for an option that was given none with itself */
static const char *next_value(struct words *w, const struct row *r)
{
	if (w->n == 0) {
		(void)weir_say_error("%s: --%s needs %s", w->name, r->name,
				     r->takes);
		return NULL;
	}
	w->n--;
	return *w->at++;
}

static int read_long(struct words *w, struct weir_orders *o, bool *help)
{
	const char *word = *w->at, *name = word + 2, *value = NULL;
	size_t n = strcspn(name, "=");
	const struct row *r = find(w, name, n);

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
		return unknown(w, word, only);
	}
	if (name[n] == '=') {
		value = name + n + 1;
		if (!r->takes)
			return weir_say_error("%s: --%s takes no value",
					      w->name, r->name);
	} else if (r->takes && r->read) {
		value = next_value(w, r);
		if (!value)
			return 2;
	}
	return apply(w, r, value, o);
}

/* -q, -v, -qv, -p 80, -p80 */
static int read_short(struct words *w, struct weir_orders *o, bool *help)
{
	const char *word = *w->at;

	w->at++;
	w->n--;
	for (const char *c = word + 1; *c; c++) {
		const struct row *r = find_letter(w, *c);
		char name[2] = { *c, 0 };
		const char *value = NULL;
		int e;

		if (*c == 'h') {
			*help = true;
			return 0;
		}
		if (!r)
			return unknown(w, word, name);
		if (r->takes && r->read) {
			value = c[1] ? c + 1 : next_value(w, r);
			return value ? apply(w, r, value, o) : 2;
		}
		e = apply(w, r, NULL, o);
		if (e)
			return e;
	}
	return 0;
}

/* what must be there beside options */
static int check_rest(const struct words *w, struct weir_orders *o)
{
	if (w->of == WEIR_OPTIONS_RUN) {
		o->argv = w->at;
		return w->n && *w->at[0]
			       ? 0
			       : weir_say_error(
					 "run: which command? For example: "
					 "weir run -- curl "
					 "https://example.com");
	}
	if (w->n)
		return weir_say_error("serve: what is %s? Only options are "
				      "expected, see weir serve --help",
				      w->at[0]);
	if (!o->serve.netns)
		return weir_say_error("serve: which guest? For example: weir "
				      "serve --netns 4711");
	return 0;
}

int weir_options_parse(enum weir_options_of of, int argc, char **argv,
		       struct weir_orders *ret, bool *ret_help)
{
	struct words w = { .of = of,
			   .name = of == WEIR_OPTIONS_RUN ? "run" : "serve",
			   .n = argc,
			   .at = argv };

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
	return check_rest(&w, ret);
}

void weir_options_print(enum weir_options_of of, FILE *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		if (!rows[i].help || !(rows[i].of & of))
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
