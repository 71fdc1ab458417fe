/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - which of Weir's commands, or which of its processes, is this? */
#include <stdio.h>
#include <string.h>

#include "api/process.h"
#include "ca.h"
#include "check.h"
#include "options.h"
#include "run.h"
#include "say.h"
#include "serve.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif

static void help(void)
{
	fputs("usage: weir COMMAND ...\n\n"
	      "The network of a sandbox, in user space.\n\n"
	      "  weir run [options] [--] CMD [ARG...]   run CMD with Weir as "
	      "its "
	      "only network\n"
	      "  weir serve --netns PID|PATH [options]  be the network of a "
	      "namespace\n"
	      "  weir check [options] [QUESTION]        look at a policy, or "
	      "ask it\n"
	      "  weir ca show|export|rotate             the CA of "
	      "interception\n"
	      "  weir help run|serve|check|ca           options and "
	      "examples\n"
	      "  weir --version\n\n"
	      "Example:\n"
	      "  weir run -- curl https://example.com\n",
	      stdout);
}

static int help_on(const char *word)
{
	if (!word) {
		help();
		return 0;
	}
	if (strcmp(word, "run") == 0) {
		weir_run_help();
		return 0;
	}
	if (strcmp(word, "serve") == 0) {
		weir_serve_help();
		return 0;
	}
	if (strcmp(word, "check") == 0) {
		weir_check_help();
		return 0;
	}
	if (strcmp(word, "ca") == 0) {
		weir_ca_help();
		return 0;
	}
	return weir_say_error("help: there is no command %s, see weir --help",
			      word);
}

static int unknown(const char *word)
{
	static const char *const words[] = { "run",  "serve",  "check",    "ca",
					     "help", "--help", "--version" };
	static const char *const later[] = { "ctl" };
	const char *meant;

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strcmp(word, later[i]) == 0)
			return weir_say_error("%s is not there yet in this "
					      "version",
					      word);
	meant = weir_options_nearest(word, words,
				     sizeof(words) / sizeof(words[0]));
	if (meant)
		return weir_say_error("there is no command %s, did you mean "
				      "weir %s?",
				      word, meant);
	return weir_say_error("there is no command %s, see weir --help", word);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (weir_process_is_one(argc, argv))
		return weir_process_run(argc, argv);
	if (!word)
		return weir_say_error("which command? See weir --help");
	if (strcmp(word, "run") == 0)
		return weir_run_main(argc - 2, argv + 2);
	if (strcmp(word, "serve") == 0)
		return weir_serve_main(argc - 2, argv + 2);
	if (strcmp(word, "check") == 0)
		return weir_check_main(argc - 2, argv + 2);
	if (strcmp(word, "ca") == 0)
		return weir_ca_main(argc - 2, argv + 2);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return help_on(NULL);
	if (strcmp(word, "help") == 0)
		return help_on(argc > 2 ? argv[2] : NULL);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		puts("weir " WEIR_VERSION);
		return 0;
	}
	return unknown(word);
}
