/* SPDX-License-Identifier: Apache-2.0 */
/* test_folders.c - the directories that a policy is read from */
#include "control/folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../t.h"

static bool has(const struct weir_folders *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->path[i], path) == 0)
			return true;
	return false;
}

static void lists_of_all_rules_are_found(void **state)
{
	struct weir_settings s;
	struct weir_folders f;

	(void)state;
	weir_settings_init(&s);
	s.dir = strdup("/etc/weir");
	s.config = strdup("/etc/weir/weir.yaml");
	CHECK(weir_settings_add(&s.rules, "deny file:lists/ads.txt", "a:1"));
	CHECK(weir_settings_add(&s.rules, "allow tcp  file:/srv/ok.txt:443",
				"a:2"));
	CHECK(weir_settings_add(&s.line_rules, "allow\tfile:near.txt", "--x"));
	CHECK(weir_settings_add(&s.bounds, "deny a.example file:../b", "a:3"));
	CHECK(weir_settings_add(&s.rules, "allow profile:x name=file", "a:4"));
	weir_folders_find(&s, &f);
	CHECK(has(&f, "/usr/share/publicsuffix"));
	CHECK(has(&f, "/etc/weir/"));
	CHECK(has(&f, "/etc/weir/lists/"));
	CHECK(has(&f, "/srv/"));
	CHECK(has(&f, "/etc/weir/../"));
	CHECK_EQ(f.n, 5);
	weir_folders_free(&f);
	weir_settings_fini(&s);
}

static void without_a_file_it_is_the_working_directory(void **state)
{
	struct weir_settings s;
	struct weir_folders f;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_add(&s.line_rules, "allow file:a.txt", "--allow"));
	weir_folders_find(&s, &f);
	CHECK(has(&f, "./"));
	CHECK_EQ(f.n, 2);
	weir_folders_free(&f);
	weir_settings_fini(&s);
}

static void where_links_lead_is_found_too(void **state)
{
	char dir[] = "/tmp/weir-folders.XXXXXX", to[64], file[64], link[64];
	struct weir_settings s;
	struct weir_folders f;

	(void)state;
	CHECK(mkdtemp(dir) != NULL);
	snprintf(to, sizeof(to), "%s/real/", dir);
	snprintf(file, sizeof(file), "%s/real/x", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	CHECK_EQ(mkdir(to, 0700), 0);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(symlink("real/x", link), 0);
	weir_settings_init(&s);
	s.config = strdup(link);
	weir_folders_find(&s, &f);
	unlink(link);
	unlink(file);
	rmdir(to);
	rmdir(dir);
	CHECK(has(&f, to));
	weir_folders_free(&f);
	weir_settings_fini(&s);
}

static void more_than_there_is_room_for_is_left_out(void **state)
{
	struct weir_settings s;
	struct weir_folders f;
	char text[64];

	(void)state;
	weir_settings_init(&s);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "deny file:/d%d/x", i);
		CHECK(weir_settings_add(&s.rules, text, "a"));
	}
	weir_folders_find(&s, &f);
	CHECK_EQ(f.n, WEIR_FOLDERS_MAX);
	weir_folders_free(&f);
	weir_settings_fini(&s);
}

static void files_are_found_with_and_without_ports(void **state)
{
	struct weir_settings s;
	struct weir_folders f;

	(void)state;
	weir_settings_init(&s);
	s.dir = strdup("/etc/weir");
	s.config = strdup("weir.yaml");
	s.log = strdup("log.json");
	CHECK(weir_settings_add(&s.rules, "allow tcp file:a.txt:80,443-445",
				"a:1"));
	CHECK(weir_settings_add(&s.bounds, "deny file:/srv/b", "a:2"));
	weir_folders_files(&s, &f);
	CHECK(has(&f, "./weir.yaml") && has(&f, "./log.json"));
	CHECK(has(&f, "/etc/weir/a.txt:80,443-445"));
	CHECK(has(&f, "/etc/weir/a.txt") && has(&f, "/srv/b"));
	CHECK_EQ(f.n, 5);
	weir_folders_free(&f);
	free(s.log);
	s.log = strdup("-");
	weir_folders_files(&s, &f);
	CHECK_EQ(f.n, 4);
	weir_folders_free(&f);
	weir_settings_fini(&s);
}

T_MAIN(T(files_are_found_with_and_without_ports),
       T(lists_of_all_rules_are_found),
       T(without_a_file_it_is_the_working_directory),
       T(where_links_lead_is_found_too),
       T(more_than_there_is_room_for_is_left_out))
