/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/guarded.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

#define PAGE 4096u

/* Two pages of a file that then has only the first. */
static uint8_t *cut_memory(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	uint8_t *at;

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 2 * PAGE), 0);
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at != MAP_FAILED);
	memset(at, 0x5a, 2 * PAGE);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	close(fd);
	return at;
}

/* In each test: cmocka has handlers of its own around them. */
static void need_guard(void)
{
	if (!weir_guarded_is_possible())
		skip();
	CHECK_EQ(weir_guarded_install(), 0);
}

static void every_length_at_every_offset_is_copied_exactly(void **state)
{
	static uint8_t from[1200], to[1200], want[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t n = 0; n <= 1100; n += n < 300 ? 1 : 37) {
		for (size_t off = 0; off < 9; off++) {
			memset(to, 0xee, sizeof(to));
			memset(want, 0xee, sizeof(want));
			memcpy(want + 8 - off, from + off, n);
			CHECK(weir_guarded_copy(to + 8 - off, from + off, n));
			CHECK(memcmp(to, want, sizeof(to)) == 0);
		}
	}
}

static void a_read_or_write_of_a_cut_page_is_an_answer(void **state)
{
	uint8_t *m = cut_memory();
	static uint8_t room[PAGE];

	(void)state;
	need_guard();
	for (size_t n = 1; n <= 600; n++) {
		CHECK(weir_guarded_copy(room, m + PAGE - n, n));
		CHECK(!weir_guarded_copy(room, m + PAGE, n));
		CHECK(!weir_guarded_copy(m + PAGE, room, n));
		/* over the edge, by one byte and by all but one */
		CHECK(!weir_guarded_copy(room, m + PAGE - n + 1, n + 1));
		CHECK(!weir_guarded_copy(m + PAGE - 1, room, n + 1));
	}
	munmap(m, 2 * PAGE);
}

static void single_words_are_guarded_as_well(void **state)
{
	uint8_t *m = cut_memory();
	uint16_t v = 7;

	(void)state;
	need_guard();
	CHECK(weir_guarded_store16(m + PAGE - 2, 0xabcd));
	CHECK(weir_guarded_load16(m + PAGE - 2, &v));
	CHECK_EQ(v, 0xabcd);
	CHECK(!weir_guarded_store16(m + PAGE, 1));
	CHECK(!weir_guarded_load16(m + PAGE, &v));
	CHECK_EQ(v, 0xabcd); /* untouched */
	munmap(m, 2 * PAGE);
}

static void faults_come_again_and_again(void **state)
{
	uint8_t *m = cut_memory(), room[64];

	(void)state;
	need_guard();
	for (unsigned i = 0; i < 10000; i++)
		CHECK(!weir_guarded_copy(room, m + PAGE, sizeof(room)));
	munmap(m, 2 * PAGE);
}

static void any_other_fault_ends_the_process_as_ever(void **state)
{
	int status = 0;
	pid_t child;

	(void)state;
	need_guard();
	child = fork();
	if (child == 0) {
		const volatile uint8_t *m = cut_memory();

		alarm(20); /* not for ever, should it not end */
		_exit(m[PAGE]);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGBUS);
}

T_MAIN(T(every_length_at_every_offset_is_copied_exactly),
       T(a_read_or_write_of_a_cut_page_is_an_answer),
       T(single_words_are_guarded_as_well), T(faults_come_again_and_again),
       T(any_other_fault_ends_the_process_as_ever))
