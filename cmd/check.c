/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - `weir check`: what a policy says, and what is odd about it
 *
 * The policy is made as `run` and `serve` make it and asked as the engine asks
 * it, for a network that does not depend on this machine: the configured
 * addresses, or the defaults.  Only which addresses are this host's own is
 * looked up, unless they are given.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "check_show.h"
#include "options.h"
#include "say.h"

void weir_check_help(void)
{
	fputs("usage: weir check [options] [QUESTION]\n\n"
	      "Says what is odd about a policy and shows all of it, or says "
	      "which rule decides\na question, and why.  Nothing is started, "
	      "nothing leaves the machine.\n\n"
	      "Questions:\n"
	      "  out tcp ADDR:PORT            may the guest open this? (also "
	      "udp)\n"
	      "  out icmp ADDR\n"
	      "  in tcp PEER:PORT GUESTPORT   may this client come to a "
	      "published port?\n"
	      "  name NAME [TYPE]             may the guest resolve this "
	      "name?\n"
	      "  answer NAME ADDR             may it be told this address?\n"
	      "  http HOST METHOD PATH        may it make this request?\n\n"
	      "Options:\n",
	      stdout);
	weir_options_print(WEIR_OPTIONS_CHECK, stdout);
	fputs("\nExamples:\n"
	      "  weir check -c weir.yaml\n"
	      "  weir check --allow api.example.com:443 name api.example.com\n"
	      "  weir check -c weir.yaml --pin api.example.com=192.0.2.1 "
	      "\\\n"
	      "      --shown api.example.com out tcp 192.0.2.1:443\n"
	      "  weir check --net private answer nas.example.com 10.0.0.7\n"
	      "\nExit codes: 0 allow, 1 deny, 3 defer (the name that will be "
	      "shown decides),\n2 error; without a question 0, or 1 with "
	      "--strict if there are warnings.\n",
	      stdout);
}

/* with or without brackets around IPv6 */
static bool parse_addr(const char *s, struct weir_addr *ret)
{
	size_t len = strlen(s);

	if (len >= 2 && s[0] == '[' && s[len - 1] == ']')
		return weir_text_parse_ip6(s + 1, len - 2, ret);
	return weir_text_parse_addr(s, len, ret);
}

static int find_own(const struct weir_orders *o, struct weir_charter *c)
{
	struct weir_hostnet h = { .n = 0 };

	for (uint32_t i = 0; i < o->check.n_own; i++)
		if (!parse_addr(o->check.own[i], &h.addr[h.n++]))
			return weir_say_error("check: --host-address %s: an "
					      "address is wanted, as 192.0.2.1 "
					      "or 2001:db8::1",
					      o->check.own[i]);
	if (h.n == 0) {
		int err = weir_hostnet_read(&h);

		if (err)
			return weir_say_error(
				"check: the addresses of this host cannot be "
				"read (%s); give one with --host-address",
				strerror(-err));
	}
	weir_plan_own(&h, c);
	return 0;
}

/* the configured network or the default, whatever this host has */
static int plan(const struct weir_orders *o, struct weir_charter *ret)
{
	static const struct weir_hostnet some = {
		.n = 1,
		.addr = { { { 0x20, [15] = 1 } } }, /* so there is IPv6 */
		.bits = { 128 },
	};
	static const struct weir_resolvers one = {
		.n_servers = 1,
		.server = { { .addr = { { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
			      .port = 53 } },
	};
	char why[WEIR_PLAN_WHY_BYTES];

	if (!weir_plan_make(o, &some, &one, ret, why))
		return weir_say_error("%s", why);
	return find_own(o, ret);
}

static int ask(const struct weir_orders *o, const struct weir_rulebook *b,
	       const struct weir_charter *net)
{
	const struct weir_orders_check *c = &o->check;
	struct weir_rulebook_ask q = { .word = c->word,
				       .pin = c->pin,
				       .n_words = c->n_words,
				       .n_pins = c->n_pins,
				       .shown = c->shown,
				       .shown_none = c->shown_none,
				       .net = net };
	char why[WEIR_RULEBOOK_WHY_BYTES];
	struct weir_rulebook_answer a;

	if (!weir_rulebook_ask_judge(b, &q, &a, why))
		return weir_say_error("check: %s", why);
	if (!weir_check_show_verdict(&a, c->json))
		return weir_say_error("check: the answer cannot be written");
	switch (a.verdict.said) {
	case WEIR_JUDGE_ALLOW:
		return 0;
	case WEIR_JUDGE_DENY:
		return 1;
	case WEIR_JUDGE_DEFER:
		break;
	}
	return 3;
}

static void say_warnings(const struct weir_orders *o, const struct weir_lint *l)
{
	struct weir_voice v = { .say = weir_say_voice,
				.ctx = (void *)(uintptr_t)o };

	for (size_t i = 0; i < l->n; i++)
		weir_voice_say(&v, WEIR_VOICE_WARNING, "warning: %s", l->at[i]);
	if (l->left_out)
		weir_voice_say(&v, WEIR_VOICE_WARNING,
			       "warning: there are %zu more", l->left_out);
}

static int show(const struct weir_orders *o, const struct weir_rulebook *b,
		const struct weir_charter *net)
{
	struct weir_rulebook_order order = { .n_rules = 0 };
	struct weir_rulebook_world w;
	struct weir_lint l;
	struct weir_check_policy p = { .o = o,
				       .s = o->settings,
				       .order = &order,
				       .net = net,
				       .lint = &l };
	bool ok;
	size_t n;

	if (!weir_rulebook_world_init(&w, o->settings))
		return weir_say_error("check: out of memory");
	ok = weir_rulebook_order_make(&w, &order) == 0 &&
	     weir_lint_make(o->settings, b, net, &l);
	weir_rulebook_world_fini(&w);
	if (!ok) {
		weir_rulebook_order_free(&order);
		return weir_say_error("check: out of memory");
	}
	if (!o->check.json)
		say_warnings(o, &l);
	ok = weir_check_show_policy(&p, o->check.json);
	n = l.n;
	weir_lint_free(&l);
	weir_rulebook_order_free(&order);
	if (!ok)
		return weir_say_error("check: the policy cannot be written");
	return n && o->check.strict ? 1 : 0;
}

static int check(const struct weir_orders *o)
{
	char why[WEIR_RULEBOOK_WHY_BYTES];
	struct weir_charter net;
	struct weir_rulebook b;
	int r = plan(o, &net);

	if (r)
		return r;
	if (!weir_rulebook_make(o->settings, &b, why))
		return weir_say_error("%s", why);
	r = o->check.n_words ? ask(o, &b, &net) : show(o, &b, &net);
	weir_rulebook_close(&b);
	return r;
}

int weir_check_main(int argc, char **argv)
{
	static const struct weir_orders zero;
	struct weir_orders o = zero;
	struct weir_settings s;
	bool help;
	int r;

	weir_settings_init(&s);
	o.settings = &s;
	r = weir_options_parse(WEIR_OPTIONS_CHECK, argc, argv, &o, &help);
	if (r == 0 && help)
		weir_check_help();
	else if (r == 0)
		r = check(&o);
	weir_settings_fini(&s);
	return r;
}
