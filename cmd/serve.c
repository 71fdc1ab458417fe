/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - `weir serve`: the network of a guest that is there already */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/service.h"
#include "options.h"
#include "say.h"

void weir_serve_help(void)
{
	fputs("usage: weir serve --netns PID|PATH [options]\n"
	      "       weir serve --stream PATH | --dgram PATH | --vhost-user "
	      "PATH | --fd N [options]\n\n"
	      "Gives a network namespace one card whose other end is Weir, and "
	      "serves it until\nthe namespace goes or Weir is told to stop; or "
	      "serves virtual machines, one after\nanother, that bring their "
	      "frames over a unix socket.  Works as root, and as the\nuser who "
	      "made the namespace.  Stays in the foreground.\n\nOptions:\n",
	      stdout);
	weir_options_print(WEIR_OPTIONS_SERVE, stdout);
	fputs("\nExamples:\n"
	      "  weir serve --netns 4711\n"
	      "  weir serve --netns /run/netns/blue -p 8080:80 --pid "
	      "/run/blue.pid\n"
	      "  weir serve --stream /run/vm.sock   (qemu -netdev "
	      "stream,id=n,addr.type=unix,\n"
	      "                                      addr.path=/run/vm.sock)\n"
	      "  weir serve --netns 4711 --ready-fd 3 --exit-fd 4 3>ready "
	      "4<alive\n"
	      "\nSignals: SIGTERM and SIGINT stop, a second one at once; "
	      "SIGHUP reads the\npolicy and the host's resolvers again, and "
	      "opens the log anew.  Exit codes: 0\nstopped or the guest is "
	      "gone, 1 refused, 2 wrong usage, 125 Weir failed.\n",
	      stdout);
}

/** struct again - what SIGHUP reads once more */
struct again {
	int argc;
	char **argv;
	struct weir_orders *orders;
	struct weir_settings settings;
};

static const struct weir_settings *read_again(void *ctx)
{
	static const struct weir_orders zero;
	struct again *a = ctx;
	bool help;

	weir_settings_init(&a->settings);
	*a->orders = zero;
	a->orders->settings = &a->settings;
	if (weir_options_parse(WEIR_OPTIONS_SERVE, a->argc, a->argv, a->orders,
			       &help))
		return NULL;
	return &a->settings;
}

static void done_again(void *ctx)
{
	struct again *a = ctx;

	weir_settings_fini(&a->settings);
}

static int serve(const struct weir_orders *o, struct again *a)
{
	const struct weir_service_again again = { .read = read_again,
						  .done = done_again,
						  .ctx = a };
	struct weir_voice v = { .say = weir_say_voice,
				.ctx = (void *)(uintptr_t)o };

	if (o->unconfined)
		weir_voice_say(&v, WEIR_VOICE_WARNING,
			       "warning: --unconfined leaves Weir's engine, "
			       "which reads what the guest sends, all the "
			       "rights of its user");
	return weir_service_run(o, &again, &v);
}

int weir_serve_main(int argc, char **argv)
{
	struct weir_orders *o = calloc(2, sizeof(*o)); /* now, and again */
	struct again a = { .argc = argc, .argv = argv };
	struct weir_settings settings;
	bool help;
	int r;

	if (!o)
		return WEIR_SERVICE_FAILED;
	a.orders = o + 1;
	weir_settings_init(&settings);
	o->settings = &settings;
	r = weir_options_parse(WEIR_OPTIONS_SERVE, argc, argv, o, &help);
	if (r == 0 && help)
		weir_serve_help();
	else if (r == 0)
		r = serve(o, &a);
	weir_settings_fini(&settings);
	free(o);
	return r;
}
