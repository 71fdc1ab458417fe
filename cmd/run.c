/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `weir run`: a command whose only network is Weir */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sandbox.h"
#include "control/session.h"
#include "options.h"
#include "say.h"

void weir_run_help(void)
{
	fputs("usage: weir run [options] [--] CMD [ARG...]\n\n"
	      "Runs CMD in namespaces of its own whose only way out is Weir.  "
	      "No root, no\nconfiguration; ends when CMD ends, with its "
	      "status.\n\nOptions:\n",
	      stdout);
	weir_options_print(WEIR_OPTIONS_RUN, stdout);
	fputs("\nExamples:\n"
	      "  weir run -- curl https://example.com\n"
	      "  weir run --net public,host -- npm test\n"
	      "  weir run --root -v -- apt-get download hello\n"
	      "  weir run -p 8080:80 -- python3 -m http.server 80\n"
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

static int run(const struct weir_orders *o)
{
	struct weir_voice v = { .say = weir_say_voice,
				.ctx = (void *)(uintptr_t)o };
	int r = check_shares(o);

	if (r)
		return r;
	if (o->unconfined)
		weir_voice_say(&v, WEIR_VOICE_WARNING,
			       "warning: --unconfined leaves Weir's engine, "
			       "which reads what CMD sends, all the rights of "
			       "its user");
	return weir_session_run(o, &v);
}

int weir_run_main(int argc, char **argv)
{
	struct weir_orders *o = calloc(1, sizeof(*o));
	struct weir_settings settings;
	bool help;
	int r;

	if (!o)
		return WEIR_SANDBOX_FAILED;
	weir_settings_init(&settings);
	o->settings = &settings;
	r = weir_options_parse(WEIR_OPTIONS_RUN, argc, argv, o, &help);
	if (r == 0 && help)
		weir_run_help();
	else if (r == 0)
		r = run(o);
	weir_settings_fini(&settings);
	free(o);
	return r;
}
