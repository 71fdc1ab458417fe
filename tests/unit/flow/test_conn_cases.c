/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_conn_cases.c - the rows of tests/cases/tcp.tsv as scripts
 *
 * The table is read as it is; each row is a test, and a row without a script
 * is a failed test, unless it stands in `waits` with the reason.
 *
 *	TRACE=1 .../test_conn_cases	every segment on a line
 */
#include "../t.h"
#include "cases.h"
#include "scripts.h"

#define ROWS_MAX 200u

static const struct {
	const char *id;
	void (*play)(struct stage *s);
} scripts[] = {
#define SCRIPT_ROW(no) { "tcp-" #no, script_##no },
	SCRIPTS_OPEN(SCRIPT_ROW) SCRIPTS_BYTES(SCRIPT_ROW)
		SCRIPTS_CALLS(SCRIPT_ROW)
};

static const struct {
	const char *name;
	void (*play)(struct stage *s);
} more[] = {
#define SCRIPT_MORE(name) { #name, script_##name },
	SCRIPTS_MORE(SCRIPT_MORE) SCRIPTS_CALLS_MORE(SCRIPT_MORE)
};
#define MORE (sizeof(more) / sizeof(*more))

#define VERDICT "a verdict decides it: the engine's test_inspect plays it"
#define FIRST   "first bytes decide it: the engine's test_inspect plays it"
#define FRAME   "it is about frames: packet/view and the engine judge them"
#define TABLE   "it is about the table of connections: the engine's"

/* Rows that are not played here, and why. */
static const struct {
	const char *id, *why;
} waits[] = {
	{ "tcp-09", VERDICT }, { "tcp-10", VERDICT }, { "tcp-12", FIRST },
	{ "tcp-13", FIRST },   { "tcp-14", FIRST },   { "tcp-15", FIRST },
	{ "tcp-16", FIRST },   { "tcp-17", FIRST },   { "tcp-18", FIRST },
	{ "tcp-19", FIRST },   { "tcp-20", FIRST },   { "tcp-21", FIRST },
	{ "tcp-22", FIRST },   { "tcp-47", FRAME },   { "tcp-48", FRAME },
	{ "tcp-49", FRAME },   { "tcp-50", FRAME },   { "tcp-51", TABLE },
	{ "tcp-64", VERDICT },
};

static struct cases table;

static const char *waits_for(const char *id)
{
	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (strcmp(waits[i].id, id) == 0)
			return waits[i].why;
	return NULL;
}

static void play_row(void **state)
{
	const struct cases_row *row = *state;
	const char *id = row->field[0], *why = waits_for(id);

	for (unsigned i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct stage *s;

		if (strcmp(scripts[i].id, id))
			continue;
		if (why)
			fail_msg("%s has a script and waits", id);
		s = stage_new();
		scripts[i].play(s);
		stage_end(s);
		return;
	}
	if (!why)
		fail_msg("%s: a new row is a new test, and there is none", id);
	print_message("# %s waits: %s\n", id, why);
	skip();
}

static void play_more(void **state)
{
	const unsigned *i = *state;
	struct stage *s = stage_new();

	more[*i].play(s);
	stage_end(s);
}

static void every_script_and_every_wait_has_its_row(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (!cases_find(&table, scripts[i].id))
			fail_msg("no row %s", scripts[i].id);
	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (!cases_find(&table, waits[i].id))
			fail_msg("no row %s", waits[i].id);
}

/* One test a row, named by its sentences. */
static unsigned list_rows(struct CMUnitTest *tests)
{
	static char name[ROWS_MAX][512];

	for (unsigned i = 0; i < table.n; i++) {
		const struct cases_row *r = &table.row[i];

		snprintf(name[i], sizeof(name[i]), "%s: %s; %s: %s",
			 r->field[0], r->field[1], r->field[2], r->field[3]);
		tests[i] =
			(struct CMUnitTest){ .name = name[i],
					     .test_func = play_row,
					     .initial_state = &table.row[i] };
	}
	return table.n;
}

static unsigned list_more(struct CMUnitTest *tests)
{
	static unsigned number[MORE];

	for (unsigned i = 0; i < MORE; i++) {
		number[i] = i;
		tests[i] = (struct CMUnitTest){ .name = more[i].name,
						.test_func = play_more,
						.initial_state = &number[i] };
	}
	return MORE;
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX + MORE + 1];
	const char *why = cases_open(&table, "tcp.tsv");
	unsigned n;
	int failed;

	if (!why && (table.columns != 5 || table.n > ROWS_MAX))
		why = "five columns and some rows were expected";
	if (why) {
		printf("not ok - tcp.tsv: %s\n", why);
		return 1;
	}
	n = list_rows(tests);
	n += list_more(tests + n);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		every_script_and_every_wait_has_its_row);
	failed = _cmocka_run_group_tests("tcp.tsv", tests, n, NULL, NULL);
	cases_close(&table);
	return failed;
}
