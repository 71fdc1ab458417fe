/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `weir run`: a command whose only network is Weir */
#include "run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/session.h"
#include "options.h"
#include "say.h"

static void say(void *ctx, enum weir_session_tone tone, const char *text)
{
	const struct weir_orders *o = ctx;

	if ((tone == WEIR_SESSION_WARNING && o->quiet) ||
	    (tone == WEIR_SESSION_NOTE && !o->verbose))
		return;
	weir_say_lines(text);
}

void weir_run_help(void)
{
	fputs("usage: weir run [options] [--] CMD [ARG...]\n\n"
	      "Runs CMD in namespaces of its own whose only way out is Weir.  "
	      "No root, no\nconfiguration; ends when CMD ends, with its "
	      "status.\n\nOptions:\n",
	      stdout);
	weir_options_print(stdout);
	fputs("\nExamples:\n"
	      "  weir run -- curl https://example.com\n"
	      "  weir run --net public,host -- npm test\n"
	      "  weir run --root -v -- apt-get download hello\n"
	      "  weir run --dns 192.0.2.53 --host db.internal=10.1.2.3 -- sh\n"
	      "\nExit codes: CMD's own, 128+N if signal N ended it; 127 CMD "
	      "not "
	      "found, 126 not\nexecutable, 125 Weir failed, 2 wrong usage.\n",
	      stdout);
}

/* what is shared must be there, or the operator meant something else */
static int check_shares(const struct weir_orders *o)
{
	for (uint32_t i = 0; i < o->n_shares; i++)
		if (access(o->share[i], F_OK))
			return weir_say_error("--share %s: there is no such "
					      "path",
					      o->share[i]);
	return 0;
}

int weir_run_main(int argc, char **argv)
{
	static const struct weir_orders zero;
	struct weir_orders o = zero;
	struct weir_session_voice v = { .say = say, .ctx = &o };
	bool help;
	int r = weir_options_parse(argc, argv, &o, &help);

	if (r)
		return r;
	if (help) {
		weir_run_help();
		return 0;
	}
	r = check_shares(&o);
	if (r)
		return r;
	if (o.unconfined)
		say(&o, WEIR_SESSION_WARNING,
		    "warning: --unconfined leaves Weir's engine, which reads "
		    "what CMD sends, all the rights of its user");
	return weir_session_run(&o, &v);
}
