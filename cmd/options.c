/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the options of `run`, `serve` and `check`, as words and as orders
 *
 * One row per option: its names, what it takes, one line of help, the function
 * that reads it (values.h), whose it is and what it needs.  Everything else (--name=value,
 * -qv, -p80, --, unknown words and what was meant by them) is done once for
 * all rows.
 */
#include "options.h"

#include <string.h>

#include "base/nearest.h"
#include "control/config.h"
#include "say.h"
#include "values.h"

#define WORD_MAX 32u

/** enum needs - what an option needs to be read */
enum needs {
	NEEDS_NOTHING,
	NEEDS_SETTINGS,
	NEEDS_LATER, /* settings; only `check` knows what to do with it */
};

/** struct row - one option; @read returns 0, or 2 after it said why */
struct row {
	const char *name;  /* without the dashes */
	const char *takes; /* NULL: nothing */
	const char *help;  /* NULL: known, but not there yet */
	int (*read)(struct weir_orders *o, const char *value);
	char letter;
	enum weir_options_of of;
	enum needs needs;
};

/* clang-format off */
static const struct row rows[] = {
	{ "netns", "PID|PATH", "the guest is a network namespace", weir_values_read_netns, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "userns", "PID|PATH", "the user namespace to enter first (the owner)", weir_values_read_userns, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "tap", "NAME", "what its card is called (eth0)", weir_values_read_tap, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "no-config", NULL, "make the card, leave addresses and routes to the guest", weir_values_read_no_config, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "stream", "PATH", "the guest connects here: QEMU -netdev stream, libkrun", weir_values_read_stream, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "dgram", "PATH", "the guest sends here: vfkit, krunkit, QEMU -netdev dgram", weir_values_read_dgram, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "vhost-user", "PATH", "the front-end connects here: QEMU, cloud-hypervisor", weir_values_read_vhost_user, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "fd", "N", "an inherited unix socket, stream or datagram, that is connected", weir_values_read_fd, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "jumbo", NULL, "frames above the MTU may go to the guest (sockets)", weir_values_read_jumbo, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "pid", "FILE", "write the process number there when ready", weir_values_read_pid, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "ready-fd", "N", "write a newline there when ready, and close it", weir_values_read_ready_fd, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "exit-fd", "N", "stop when it is readable or closed", weir_values_read_exit_fd, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "one-off", NULL, "end with the guest (with --netns always so)", weir_values_read_one_off, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "grace", "SECONDS", "on stop, time for open connections (5)", weir_values_read_grace, 0, WEIR_OPTIONS_SERVE, NEEDS_NOTHING },
	{ "net", "LIST", "what may be reached: public, private, host (with commas), or all, or none", weir_values_read_net, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "dns", "SERVER", "ask this resolver instead of the host's (repeatable)", weir_values_read_dns, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "search", "DOMAIN", "search domain instead of the host's (repeatable)", weir_values_read_search, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "host", "NAME=ADDR", "answer this name with this address (repeatable)", weir_values_read_host, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "mtu", "N", "largest packet, 576 to 65520 (65520)", weir_values_read_mtu, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "ipv4", "ADDR/LEN", "address of the guest (10.0.2.15/24)", weir_values_read_ipv4, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "gateway", "ADDR", "address of the gateway, which is the host (10.0.2.2)", weir_values_read_gateway, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "ipv6", "ADDR/LEN|off", "address of the guest (fd77:6972::15/64 if the host has IPv6)", weir_values_read_ipv6, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "mac", "MAC", "Ethernet address of the guest", weir_values_read_mac, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "max-flows", "N", "TCP connections at once (131072)", weir_values_read_max_flows, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "publish", "SPEC", "[[BIND:]HOSTPORT:]GUESTPORT[/udp]: clients of the host come in (repeatable)", weir_values_read_publish, 'p', WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "limit-up", "RATE", "from the guest: 10mbit, 1000pps, or 10mbit,1000pps/512k", weir_values_read_limit_up, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "limit-down", "RATE", "to the guest", weir_values_read_limit_down, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "root", NULL, "CMD sees itself as root (it is not)", weir_values_read_root, 0, WEIR_OPTIONS_RUN, NEEDS_NOTHING },
	{ "share", "PATH", "leave this visible, although it leads out (repeatable)", weir_values_read_share, 0, WEIR_OPTIONS_RUN, NEEDS_NOTHING },
	{ "keep-fd", "N", "CMD inherits this descriptor (repeatable)", weir_values_read_keep_fd, 0, WEIR_OPTIONS_RUN, NEEDS_NOTHING },
	{ "unconfined", NULL, "do not confine Weir's own processes (debugging)", weir_values_read_unconfined, 0, WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "quiet", NULL, "no warnings", weir_values_read_quiet, 'q', WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "verbose", NULL, "say what happens, and what happened", weir_values_read_verbose, 'v', WEIR_OPTIONS_ALL, NEEDS_NOTHING },
	{ "config", "FILE", "read a configuration (YAML); options win over it", weir_values_read_config, 'c', WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "allow", "TARGET", "allow this: GROUP, ADDR, ADDR/LEN, NAME, each with :PORTS (repeatable)", weir_values_read_allow, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "deny", "TARGET", "deny this; first match wins among --allow, --deny and --rule (repeatable)", weir_values_read_deny, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "rule", "RULE", "a whole rule, 'deny tcp any:25' (repeatable)", weir_values_read_rule, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "multi-tenant", NULL, "nothing may reach host, private, linklocal, metadata", weir_values_read_multi_tenant, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "no-rebind-protection", NULL, "let names answer with private addresses", weir_values_read_no_rebind, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "quic", "refuse|pin", "UDP to 443 by name: refuse, so that TCP is used, or go by pins", weir_values_read_quic, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "log", "FILE|-", "write what happens there, a line of JSON each (- is stderr)", weir_values_read_log, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "secret", "NAME@HOST", "swap the value of this variable in, for these hosts (repeatable)", weir_values_read_secret, 0, WEIR_OPTIONS_ALL, NEEDS_LATER },
	{ "intercept", "PORTS", "look into TLS on these ports", weir_values_read_intercept, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "bypass", "NAME", "but not into that of this name (repeatable)", weir_values_read_bypass, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "upstream-ca", "[NAME=]FILE", "trust these CAs too, for NAME or for all (repeatable)", weir_values_read_upstream_ca, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "insecure", "NAME", "do not verify the certificate of this name (repeatable)", weir_values_read_insecure, 0, WEIR_OPTIONS_ALL, NEEDS_SETTINGS },
	{ "metrics", "ADDR:PORT", "serve Prometheus metrics there", weir_values_read_metrics, 0, WEIR_OPTIONS_ALL, NEEDS_LATER },
	{ "capture", "FILE", "write all frames there (pcapng)", weir_values_read_capture, 0, WEIR_OPTIONS_ALL, NEEDS_LATER },
	{ "control", "PATH", "the control socket", weir_values_read_control, 0, WEIR_OPTIONS_ALL, NEEDS_LATER },
	{ "json", NULL, "answer in JSON", weir_values_read_json, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
	{ "strict", NULL, "a warning is exit code 1", weir_values_read_strict, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
	{ "pin", "NAME=ADDR", "the guest was told so (repeatable)", weir_values_read_pin, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
	{ "shown", "NAME", "the client shows this name (SNI, Host)", weir_values_read_shown, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
	{ "shown-none", NULL, "the client shows no name", weir_values_read_shown_none, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
	{ "host-address", "ADDR", "the host has this address (repeatable)", weir_values_read_host_address, 0, WEIR_OPTIONS_CHECK, NEEDS_NOTHING },
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *weir_options_nearest(const char *word, const char *const *words,
				 size_t n)
{
	return weir_nearest_find(word, words, n);
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
	if (!r->read || (r->needs != NEEDS_NOTHING && !o->settings))
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
	if (w->of == WEIR_OPTIONS_CHECK)
		return 0;
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
	if (!o->serve.link)
		return weir_say_error("serve: which guest? For example: weir "
				      "serve --netns 4711, or --stream PATH");
	if (o->serve.jumbo && o->serve.link == WEIR_CHARTER_TAP)
		return weir_say_error("serve: --jumbo is for sockets, a "
				      "namespace has its --mtu");
	return 0;
}

/* the next word is not an option: is it one of a question? */
static int read_question(struct words *w, struct weir_orders *o)
{
	if (o->check.n_words == WEIR_PLAN_WORDS_MAX)
		return weir_say_error("check: what is %s? No question has so "
				      "many words, see weir check --help",
				      w->at[0]);
	o->check.word[o->check.n_words++] = *w->at++;
	w->n--;
	return 0;
}

/* options up to the first word that is none, or, for `check`, all words */
static int read_words(struct words *w, struct weir_orders *o, bool *help)
{
	bool only_words = false;
	int e = 0;

	while (w->n && e == 0 && !*help) {
		bool option = !only_words && w->at[0][0] == '-' && w->at[0][1];

		if (!option && w->of != WEIR_OPTIONS_CHECK)
			break;
		if (!option) {
			e = read_question(w, o);
		} else if (strcmp(w->at[0], "--") == 0) {
			only_words = true;
			w->at++;
			w->n--;
		} else if (w->at[0][1] == '-') {
			e = read_long(w, o, help);
		} else {
			e = read_short(w, o, help);
		}
	}
	return e;
}

/* the file, behind all options; then, is there machinery for all of it? */
static int read_config(const struct words *w, struct weir_orders *o)
{
	char why[WEIR_CONFIG_WHY_BYTES];

	if (!o->settings)
		return 0;
	if (o->config && !weir_config_load(o->config, o, o->settings, why))
		return weir_say_error("%s", why);
	if (w->of != WEIR_OPTIONS_CHECK &&
	    !weir_settings_is_ready(o->settings, why, sizeof(why)))
		return weir_say_error("%s", why);
	return 0;
}

static const char *name_of(enum weir_options_of of)
{
	switch (of) {
	case WEIR_OPTIONS_RUN:
		return "run";
	case WEIR_OPTIONS_SERVE:
		return "serve";
	case WEIR_OPTIONS_CHECK:
		return "check";
	case WEIR_OPTIONS_BOTH:
	case WEIR_OPTIONS_ALL:
		break;
	}
	return "";
}

int weir_options_parse(enum weir_options_of of, int argc, char **argv,
		       struct weir_orders *ret, bool *ret_help)
{
	struct words w = {
		.of = of, .name = name_of(of), .n = argc, .at = argv
	};
	int e;

	*ret_help = false;
	e = read_words(&w, ret, ret_help);
	if (e || *ret_help)
		return e;
	e = check_rest(&w, ret);
	return e ? e : read_config(&w, ret);
}

void weir_options_print(enum weir_options_of of, FILE *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		if (!rows[i].help || !(rows[i].of & of) ||
		    (rows[i].needs == NEEDS_LATER && of != WEIR_OPTIONS_CHECK))
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
