/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model.c - the model of the wakes (tests/model/wakes.pml) has no lost one
 *
 * Where spin is installed; skipped elsewhere.  Each mistake that the model can
 * be built with must be found: a model that finds nothing shows nothing.
 */
#include "../t.h"

#include <stdbool.h>
#include <unistd.h>

static char model[4096], dir[] = "/tmp/weir-model-XXXXXX";

static int shell(const char *command)
{
	/* a fixed line of this file, in a directory of our own */
	return system(command); /* NOLINT(cert-env33-c) */
}

/* Return: 1 a state from which nobody can go on, 0 none, -1 it did not run. */
static int search(const char *define)
{
	char line[8192];

	(void)snprintf(line, sizeof(line),
		       "cd %s && rm -f pan* && spin %s -a %s >log 2>&1 && "
		       "cc -w -O1 -DSAFETY -o pan pan.c >>log 2>&1 && "
		       "./pan >out 2>&1 && grep -q 'errors: ' out",
		       dir, define, model);
	if (shell(line) != 0)
		return -1;
	(void)snprintf(line, sizeof(line),
		       "cd %s && grep -q 'errors: 0$' out && "
		       "! grep -q 'max search depth too small' out",
		       dir);
	return shell(line) ? 1 : 0;
}

static int set_up(void **state)
{
	(void)state;
	if (!getcwd(model, sizeof(model) - 32) || !mkdtemp(dir))
		return -1;
	strcat(model, "/tests/model/wakes.pml");
	return 0;
}

static int tear_down(void **state)
{
	char line[64];

	(void)state;
	(void)snprintf(line, sizeof(line), "rm -rf %s", dir);
	return shell(line);
}

static void need_spin(void)
{
	if (shell("command -v spin >/dev/null") != 0)
		skip();
}

static void no_wake_is_lost_in_the_model(void **state)
{
	(void)state;
	need_spin();
	CHECK_EQ(search(""), 0);
}

static void the_model_loses_one_with_any_step_left_out(void **state)
{
	static const char *const mistake[] = { "-DWEAK_STORE",
					       "-DWEAK_ANNOUNCE",
					       "-DNO_RECHECK", "-DLATE_READ" };

	(void)state;
	need_spin();
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(search(mistake[i]), 1);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(no_wake_is_lost_in_the_model),
		T(the_model_loses_one_with_any_step_left_out),
	};

	return cmocka_run_group_tests(cases, set_up, tear_down);
}
