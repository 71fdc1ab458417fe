/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases.h - the tables of tests/cases, as they are: tabs, no quoting
 */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>

#define CASES_COLUMNS_MAX 8u

/** struct cases_row - the fields of one line, by column */
struct cases_row {
	const char *field[CASES_COLUMNS_MAX];
};

/** struct cases - a table; `head` names the columns */
struct cases {
	char *text;
	struct cases_row head;
	struct cases_row *row;
	unsigned columns, n;
};

/**
 * cases_open() - read the table @name, "tcp.tsv"
 *
 * From the folder that the environment's WEIR_CASES names, else from
 * tests/cases in the current folder or one above it.
 *
 * Return: NULL, or a sentence that says what is wrong with it.
 */
const char *cases_open(struct cases *c, const char *name);

/** cases_find() - the row whose first field is @id, or NULL */
const struct cases_row *cases_find(const struct cases *c, const char *id);

/** cases_close() - free it */
void cases_close(struct cases *c);

#endif /* CASES_H */
