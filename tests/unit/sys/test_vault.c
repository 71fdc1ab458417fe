/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault.c - memory for what must not be seen */
#include "sys/vault.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

static void what_is_put_lies_there_in_its_order(void **state)
{
	struct weir_vault v;

	(void)state;
	CHECK(weir_vault_open(&v, 5));
	CHECK(v.room >= 5);
	CHECK(weir_vault_put(&v, "abc", 3));
	CHECK(weir_vault_put(&v, "de", 2));
	CHECK(weir_vault_put(&v, NULL, 0));
	CHECK_EQ(v.len, 5);
	assert_memory_equal(v.at, "abcde", 5);
	weir_vault_close(&v);
	CHECK(!v.at && !v.len && !v.room);
	weir_vault_close(&v);
}

static void what_does_not_fit_is_not_put(void **state)
{
	static uint8_t much[1 << 16];
	struct weir_vault v;

	(void)state;
	CHECK(!weir_vault_open(&v, 0));
	CHECK(!weir_vault_open(&v, SIZE_MAX));
	CHECK(!v.at);
	CHECK(weir_vault_open(&v, 16));
	CHECK(!weir_vault_put(&v, much, v.room + 1));
	CHECK_EQ(v.len, 0);
	CHECK(weir_vault_put(&v, much, v.room));
	CHECK(!weir_vault_put(&v, "x", 1));
	weir_vault_close(&v);
}

static void a_forked_child_finds_zeroes(void **state)
{
	struct weir_vault v;
	int status = -1;
	pid_t pid;

	(void)state;
	CHECK(weir_vault_open(&v, 16));
	CHECK(weir_vault_put(&v, "secret", 6));
	pid = fork();
	if (pid == 0) {
		int sum = 0;

		for (int i = 0; i < 6; i++)
			sum |= v.at[i];
		_exit(sum ? 1 : 0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	assert_memory_equal(v.at, "secret", 6);
	weir_vault_close(&v);
}

/* the kernel says of each mapping what it does with it */
static void it_is_in_no_dump_and_in_no_swap(void **state)
{
	struct weir_vault v;
	FILE *f;
	char line[512], at[32];
	bool mine = false, seen = false;

	(void)state;
	CHECK(weir_vault_open(&v, 16));
	f = fopen("/proc/self/smaps", "r");
	CHECK(f != NULL);
	snprintf(at, sizeof(at), "%lx-", (unsigned long)(uintptr_t)v.at);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, at, strlen(at)) == 0)
			mine = true;
		if (mine && strncmp(line, "VmFlags:", 8) == 0) {
			CHECK(strstr(line, " dd"));
			CHECK(strstr(line, " wf"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
			/* their mlock() does nothing, and says it did */
			CHECK(!v.locked || strstr(line, " lo"));
#endif
			mine = false;
			seen = true;
		}
	}
	fclose(f);
	CHECK(seen);
	weir_vault_close(&v);
}

T_MAIN(T(what_is_put_lies_there_in_its_order), T(what_does_not_fit_is_not_put),
       T(a_forked_child_finds_zeroes), T(it_is_in_no_dump_and_in_no_swap))
