/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pidfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../t.h"

static char dir[] = "/tmp/weir-pidfile.XXXXXX";
static char path[64];

static int make(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/pid", dir);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir); /* fails if anything else is left */
}

static void put(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) > 0);
	close(fd);
}

static void check_content(const char *want)
{
	char got[32] = "";
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && read(fd, got, sizeof(got) - 1) > 0);
	close(fd);
	assert_string_equal(got, want);
}

static void it_holds_the_number_and_goes(void **state)
{
	struct weir_pidfile p;

	(void)state;
	CHECK_EQ(weir_pidfile_open(&p, path), 0);
	CHECK(access(path, F_OK) != 0);
	CHECK_EQ(weir_pidfile_write(&p, 4711), 0);
	check_content("4711\n");
	weir_pidfile_remove(&p);
	CHECK(access(path, F_OK) != 0);
	CHECK_EQ(p.dir, -1);
	weir_pidfile_remove(&p);
}

static void an_old_one_is_replaced_a_new_one_is_left(void **state)
{
	struct weir_pidfile p;

	(void)state;
	put("old and longer\n");
	CHECK_EQ(weir_pidfile_open(&p, path), 0);
	CHECK_EQ(weir_pidfile_write(&p, 1), 0);
	check_content("1\n");
	unlink(path);
	put("2\n");
	put("another's\n");
	weir_pidfile_remove(&p);
	if (access(path, F_OK) == 0) /* the same inode may come again */
		check_content("another's\n");
}

static void one_never_written_removes_nothing(void **state)
{
	struct weir_pidfile p;

	(void)state;
	put("another's\n");
	CHECK_EQ(weir_pidfile_open(&p, path), 0);
	weir_pidfile_remove(&p);
	check_content("another's\n");
}

static void names_are_taken_apart(void **state)
{
	static const struct {
		const char *path, *dir, *name;
		int r;
	} row[] = {
		{ "/weir-x", "/", "weir-x", 0 },
		{ "weir-x", ".", "weir-x", 0 },
		{ "/tmp/weir-x", "/tmp", "weir-x", 0 },
		{ "/tmp//weir-x", "/tmp/", "weir-x", 0 },
		{ "", NULL, NULL, -EISDIR },
		{ "/tmp/", NULL, NULL, -EISDIR },
		{ "/tmp/.", NULL, NULL, -EISDIR },
		{ "/tmp/..", NULL, NULL, -EISDIR },
		{ "/nonexistent/x", NULL, NULL, -ENOENT },
		{ "/etc/passwd/x", NULL, NULL, -ENOTDIR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_pidfile p;

		CHECK_EQ(weir_pidfile_open(&p, row[i].path), row[i].r);
		if (row[i].r)
			continue;
		assert_string_equal(p.path, row[i].dir);
		assert_string_equal(p.name, row[i].name);
		weir_pidfile_remove(&p);
	}
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make, unmake)
T_MAIN(IN_DIR(it_holds_the_number_and_goes),
       IN_DIR(an_old_one_is_replaced_a_new_one_is_left),
       IN_DIR(one_never_written_removes_nothing), T(names_are_taken_apart))
