/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "../t.h"

static const char *const words[] = { "public", "private", "host", "metadata",
				     "on" };

static const char *find(const char *word)
{
	return weir_nearest_find(word, words, sizeof(words) / sizeof(words[0]));
}

static void one_or_two_changes_are_near(void **state)
{
	static const struct {
		const char *word, *want;
	} row[] = {
		{ "public", "public" },      { "publik", "public" },
		{ "pubic", "public" },       { "ppublic", "public" },
		{ "publci", "public" },      { "metdaata", "metadata" },
		{ "Public", "public" },      { "priv", "private" },
		{ "metadata1", "metadata" }, { "hosts", "host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *got = find(row[i].word);

		if (!got || strcmp(got, row[i].want) != 0)
			fail_msg("%s: %s", row[i].word, got ? got : "nothing");
	}
}

static void what_is_far_is_not_guessed(void **state)
{
	static const char *const word[] = {
		"",    "x",
		"pu",  "internet",
		"pbc", "cilbup",
		"xy",  "publicpublicpublicpublicpublicpublicpublic",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (find(word[i]))
			fail_msg("%s: %s", word[i], find(word[i]));
	CHECK(!weir_nearest_find("public", words, 0));
}

static void the_nearest_wins_and_then_the_first(void **state)
{
	static const char *const two[] = { "abcd", "abce", "abcf" };

	(void)state;
	CHECK(strcmp(weir_nearest_find("abce", two, 3), "abce") == 0);
	CHECK(strcmp(weir_nearest_find("abcx", two, 3), "abcd") == 0);
}

T_MAIN(T(one_or_two_changes_are_near), T(what_is_far_is_not_guessed),
       T(the_nearest_wins_and_then_the_first))
