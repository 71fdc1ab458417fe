/* SPDX-License-Identifier: Apache-2.0 */
#include "control/etc.h"

#include "../t.h"

static struct weir_etc etc;

static void build(const struct weir_resolvers *r, const char *host,
		  const char *nsswitch)
{
	struct weir_charter c = { .guest4 = weir_addr_from4(0x0a00020f),
				  .dns4 = weir_addr_from4(0x0a000203) };

	weir_etc_build(&c, r, host, nsswitch, strlen(nsswitch), &etc);
}

static void resolv_conf_names_weir_and_keeps_search(void **state)
{
	struct weir_resolvers r = { .n_search = 2,
				    .search = { "a.test", "b.test" },
				    .ndots = 3 },
			      none = { .n_search = 0 };

	(void)state;
	build(&r, "box", "");
	CHECK_EQ(strcmp(etc.resolv, "nameserver 10.0.2.3\n"
				    "search a.test b.test\n"
				    "options ndots:3\n"),
		 0);
	build(&none, "box", "");
	CHECK_EQ(strcmp(etc.resolv, "nameserver 10.0.2.3\n"), 0);
}

static void hosts_has_localhost_and_the_guests_own_name(void **state)
{
	struct weir_resolvers r = { .n_search = 0 };

	(void)state;
	build(&r, "box", "");
	CHECK(strstr(etc.hosts, "127.0.0.1 localhost\n") != NULL);
	CHECK(strstr(etc.hosts, "10.0.2.15 box\n") != NULL);
	build(&r, "a\nb", ""); /* a name cannot add a line */
	CHECK(strstr(etc.hosts, "\nb") == NULL);
	build(&r, "", "");
	CHECK(strstr(etc.hosts, "10.0.2.15") == NULL);
}

static void only_the_hosts_line_of_nsswitch_is_replaced(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "", "hosts: files dns\n" },
		{ "passwd: files\nhosts: resolve [!UNAVAIL=return] files\n"
		  "group: files\n",
		  "hosts: files dns\npasswd: files\ngroup: files\n" },
		{ "  hosts:\tmdns4\nhosts:files\nx: y",
		  "hosts: files dns\nx: y" },
		{ "# hosts: a comment stays\nhostsx: z\n",
		  "hosts: files dns\n# hosts: a comment stays\nhostsx: z\n" },
	};
	struct weir_resolvers r = { .n_search = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		build(&r, "", row[i].in);
		if (strcmp(etc.nsswitch, row[i].out) != 0)
			fail_msg("row %zu: %s", i, etc.nsswitch);
	}
}

static void a_file_too_long_leaves_the_line_that_matters(void **state)
{
	static char big[WEIR_ETC_FILE_BYTES + 1];
	struct weir_resolvers r = { .n_search = 0 };

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	build(&r, "", big);
	CHECK_EQ(strcmp(etc.nsswitch, "hosts: files dns\n"), 0);
}

T_MAIN(T(resolv_conf_names_weir_and_keeps_search),
       T(hosts_has_localhost_and_the_guests_own_name),
       T(only_the_hosts_line_of_nsswitch_is_replaced),
       T(a_file_too_long_leaves_the_line_that_matters))
