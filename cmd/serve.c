/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - `weir serve`: the network of a guest that is there already */
#include "serve.h"

#include <stdio.h>

#include "control/service.h"
#include "options.h"
#include "say.h"

void weir_serve_help(void)
{
	fputs("usage: weir serve --netns PID|PATH [options]\n\n"
	      "Gives a network namespace one card whose other end is Weir, and "
	      "serves it until\nthe namespace goes or Weir is told to stop.  "
	      "Works as root, and as the user who\nmade the namespace.  Stays "
	      "in the foreground.\n\nOptions:\n",
	      stdout);
	weir_options_print(WEIR_OPTIONS_SERVE, stdout);
	fputs("\nExamples:\n"
	      "  weir serve --netns 4711\n"
	      "  weir serve --netns /run/netns/blue -p 8080:80 --pid "
	      "/run/blue.pid\n"
	      "  weir serve --netns 4711 --ready-fd 3 --exit-fd 4 3>ready "
	      "4<alive\n"
	      "\nSignals: SIGTERM and SIGINT stop, a second one at once; "
	      "SIGHUP reads the host's\nresolvers again.  Exit codes: 0 "
	      "stopped or the guest is gone, 1 refused, 2 wrong\nusage, 125 "
	      "Weir failed.\n",
	      stdout);
}

int weir_serve_main(int argc, char **argv)
{
	static const struct weir_orders zero;
	struct weir_orders o = zero;
	struct weir_voice v = { .say = weir_say_voice, .ctx = &o };
	bool help;
	int r = weir_options_parse(WEIR_OPTIONS_SERVE, argc, argv, &o, &help);

	if (r)
		return r;
	if (help) {
		weir_serve_help();
		return 0;
	}
	if (o.unconfined)
		weir_voice_say(&v, WEIR_VOICE_WARNING,
			       "warning: --unconfined leaves Weir's engine, "
			       "which reads what the guest sends, all the "
			       "rights of its user");
	return weir_service_run(&o, &v);
}
