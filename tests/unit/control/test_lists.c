/* SPDX-License-Identifier: Apache-2.0 */
#include "control/lists.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"

#include "../t.h"

#define HOSTS_MAX 16u

/** struct taken - what came */
struct taken {
	char host[HOSTS_MAX][300];
	size_t column[HOSTS_MAX], bytes;
	uint32_t n;
	const char *refuse;
};

static bool take(void *ctx, const char *text, size_t len, size_t column,
		 char why[WEIR_LISTS_WHY_BYTES])
{
	struct taken *t = ctx;

	t->bytes += len;
	if (t->n < HOSTS_MAX && len < 300) {
		memcpy(t->host[t->n], text, len);
		t->host[t->n][len] = '\0';
		t->column[t->n] = column;
	}
	t->n++;
	if (t->refuse && len == strlen(t->refuse) &&
	    memcmp(text, t->refuse, len) == 0) {
		snprintf(why, WEIR_LISTS_WHY_BYTES, "column %zu: not this one",
			 column);
		return false;
	}
	return true;
}

static char dir[] = "/tmp/weir-lists.XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/list", dir);
	unlink(path);
	return rmdir(dir);
}

static void write_list(const void *bytes, size_t len)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/list", dir);
	f = fopen(path, "w");
	CHECK(f);
	CHECK_EQ(fwrite(bytes, 1, len, f), len);
	CHECK_EQ(fclose(f), 0);
}

static bool read_list(struct taken *t, char *why)
{
	const struct weir_lists_take to = { .host = take, .ctx = t };
	uint32_t n = 4711;
	bool ok = weir_lists_read(dir, "list and more", 4, &to, &n, why);

	CHECK_EQ(n, ok ? t->n : 4711);
	return ok;
}

static void one_host_a_line(void **state)
{
	static const char text[] = "# a list\n"
				   "\n"
				   "  \t \n"
				   "a.example\n"
				   "\t b.example  # why\n"
				   "c.example\r\n"
				   "\r\n"
				   "#d.example\n"
				   "10.0.0.0/8#net\n"
				   "[2001:db8::1]";
	static const char *const want[] = { "a.example", "b.example",
					    "c.example", "10.0.0.0/8",
					    "[2001:db8::1]" };
	char why[WEIR_LISTS_WHY_BYTES] = "";
	struct taken t = { .n = 0 };

	(void)state;
	write_list(text, sizeof(text) - 1);
	if (!read_list(&t, why))
		fail_msg("%s", why);
	CHECK_EQ(t.n, 5);
	for (unsigned i = 0; i < 5; i++)
		CHECK(strcmp(t.host[i], want[i]) == 0);
	CHECK_EQ(t.column[0], 1);
	CHECK_EQ(t.column[1], 3);
}

static void a_byte_order_mark_is_no_part_of_the_first_host(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a.example\n";
	char why[WEIR_LISTS_WHY_BYTES] = "";
	struct taken t = { .n = 0 };

	(void)state;
	write_list(text, sizeof(text) - 1);
	CHECK(read_list(&t, why));
	CHECK(strcmp(t.host[0], "a.example") == 0);
	write_list(text, 3);
	t.n = 0;
	CHECK(read_list(&t, why));
	CHECK_EQ(t.n, 0);
}

static void an_empty_list_has_no_host(void **state)
{
	char why[WEIR_LISTS_WHY_BYTES] = "";
	struct taken t = { .n = 0 };

	(void)state;
	write_list("", 0);
	CHECK(read_list(&t, why));
	CHECK_EQ(t.n, 0);
}

static void what_is_wrong_is_said_with_file_and_line(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: that of the string */
		const char *says;
	} row[] = {
		{ "a.example\nb.ex\0ample\n", 20, "list:2: there are control" },
		{ "\x7f"
		  "ELF\n",
		  0, "list:1: there are control" },
		{ "a\n\x1b[31m\n", 0, "list:2: there are control" },
		{ "a\rb\n", 0, "list:1: there are control" },
		{ "# \x01\n", 0, "list:1: there are control" },
		{ "0.0.0.0 a.example\n", 0, "list:1: there is more than one" },
		{ "a\tb", 0, "list:1: there is more than one" },
		{ "a\n\nnot-me\nb\n", 0, "list:3: column 1: not this one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char why[WEIR_LISTS_WHY_BYTES] = "", want[200];
		struct taken t = { .refuse = "not-me" };

		write_list(row[i].text,
			   row[i].len ? row[i].len : strlen(row[i].text));
		if (read_list(&t, why))
			fail_msg("row %zu is accepted", i);
		snprintf(want, sizeof(want), "%s/%s", dir, row[i].says);
		if (strncmp(why, want, strlen(want)) != 0)
			fail_msg("row %zu: %s", i, why);
	}
}

static void lines_have_a_length(void **state)
{
	char *text = malloc(1u << 20), why[WEIR_LISTS_WHY_BYTES] = "";
	struct taken t = { .n = 0 };

	(void)state;
	CHECK(text);
	memset(text, 'a', 1u << 20);
	text[WEIR_LIST_LINE_BYTES] = '\n';
	write_list(text, WEIR_LIST_LINE_BYTES + 1);
	CHECK(read_list(&t, why));
	CHECK_EQ(t.bytes, WEIR_LIST_LINE_BYTES);
	text[WEIR_LIST_LINE_BYTES] = 'a';
	text[WEIR_LIST_LINE_BYTES + 1] = '\n';
	write_list(text, WEIR_LIST_LINE_BYTES + 2);
	CHECK(!read_list(&t, why));
	CHECK(strstr(why, "list:1: the line is longer than 4096 bytes"));
	text[WEIR_LIST_LINE_BYTES] = '\r';
	t.n = 0;
	write_list(text, WEIR_LIST_LINE_BYTES + 2);
	CHECK(read_list(&t, why));
	/* no newline in a megabyte */
	memset(text, 'a', 1u << 20);
	write_list(text, 1u << 20);
	CHECK(!read_list(&t, why));
	CHECK(strstr(why, "list:1: the line is longer"));
	free(text);
}

static void what_cannot_be_read_has_a_sentence(void **state)
{
	const struct weir_lists_take to = { .host = take, .ctx = NULL };
	char why[WEIR_LISTS_WHY_BYTES] = "", path[80], longest[5000];
	uint32_t n;

	(void)state;
	CHECK(!weir_lists_read(dir, "absent", 6, &to, &n, why));
	CHECK(strstr(why, "absent: the list cannot be read: No such file"));
	CHECK(!weir_lists_read(NULL, dir, strlen(dir), &to, &n, why));
	CHECK(strstr(why, "that is a directory"));
	CHECK(!weir_lists_read(dir, "", 0, &to, &n, why));
	CHECK(strstr(why, "the path is empty"));
	CHECK(!weir_lists_read(dir, "a\0b", 3, &to, &n, why));
	memset(longest, 'x', sizeof(longest));
	CHECK(!weir_lists_read(dir, longest, sizeof(longest), &to, &n, why));
	CHECK(strstr(why, "too long"));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	CHECK_EQ(mkfifo(path, 0600), 0);
	/* and does not wait for a writer */
	CHECK(!weir_lists_read(dir, "fifo", 4, &to, &n, why));
	CHECK(strstr(why, "no regular file"));
	unlink(path);
	CHECK(!weir_lists_read(NULL, "/dev/zero", 9, &to, &n, why));
	CHECK(strstr(why, "/dev/zero: that is no regular file"));
}

static void an_absolute_path_stays_one(void **state)
{
	char why[WEIR_LISTS_WHY_BYTES] = "", path[80];
	struct taken t = { .n = 0 };
	const struct weir_lists_take to = { .host = take, .ctx = &t };
	uint32_t n = 0;

	(void)state;
	write_list("a\n", 2);
	snprintf(path, sizeof(path), "%s/list", dir);
	CHECK(weir_lists_read("/nowhere", path, strlen(path), &to, &n, why));
	CHECK_EQ(n, 1);
}

static void a_file_that_is_too_long_is_not_read_to_its_end(void **state)
{
	char why[WEIR_LISTS_WHY_BYTES] = "", path[80];
	struct taken t = { .n = 0 };
	char *block = malloc(1u << 20);
	FILE *f;

	(void)state;
	CHECK(block);
	memset(block, ' ', 1u << 20);
	for (size_t i = 4095; i < 1u << 20; i += 4096)
		block[i] = '\n';
	snprintf(path, sizeof(path), "%s/list", dir);
	f = fopen(path, "w");
	CHECK(f);
	for (unsigned i = 0; i < (WEIR_LIST_BYTES >> 20) + 1; i++)
		CHECK_EQ(fwrite(block, 1, 1u << 20, f), 1u << 20);
	CHECK_EQ(fclose(f), 0);
	CHECK(!read_list(&t, why));
	CHECK(strstr(why, "list: a list is 128 MiB long at most"));
	free(block);
}

static void a_million_lines_and_no_more(void **state)
{
	char why[WEIR_LISTS_WHY_BYTES] = "", path[80];
	struct taken t = { .n = 0 };
	struct timespec from, to;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/list", dir);
	f = fopen(path, "w");
	CHECK(f);
	for (unsigned i = 0; i < WEIR_LIST_NAMES_MAX; i++)
		fprintf(f, "host%u.example.org\n", i);
	CHECK_EQ(fclose(f), 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK(read_list(&t, why));
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK_EQ(t.n, WEIR_LIST_NAMES_MAX);
	print_message("a million lines: %lld ms\n",
		      (long long)(to.tv_sec - from.tv_sec) * 1000 +
			      (to.tv_nsec - from.tv_nsec) / 1000000);
	f = fopen(path, "a");
	CHECK(f);
	fputs("# one more", f);
	CHECK_EQ(fclose(f), 0);
	CHECK(!read_list(&t, why));
	CHECK(strstr(why, "list:1000001: a list has 1000000 lines at most"));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(one_host_a_line),
		T(a_byte_order_mark_is_no_part_of_the_first_host),
		T(an_empty_list_has_no_host),
		T(what_is_wrong_is_said_with_file_and_line),
		T(lines_have_a_length),
		T(what_cannot_be_read_has_a_sentence),
		T(an_absolute_path_stays_one),
		T(a_file_that_is_too_long_is_not_read_to_its_end),
		T(a_million_lines_and_no_more),
	};

	return cmocka_run_group_tests(cases, begin, end);
}
