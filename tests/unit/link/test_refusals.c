/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_refusals.c - frames, ports and devices that cannot be made
 *
 * For want of descriptors, of memory, or of knowledge: what errno is, and that
 * nothing is left behind.  eventfd() is defined here a second time, which the
 * linker prefers, so that each call of it can fail in each way.
 */
#include "pair.h"
#include "socket.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned fails_at, calls; /* the call that fails; 0: none does */
static int fails_with;

int eventfd(unsigned count, int flags)
{
	if (++calls == fails_at) {
		errno = fails_with;
		return -1;
	}
	return (int)syscall(SYS_eventfd2, count, flags);
}

static void each_descriptor_that_is_not_had_says_why(void **state)
{
	static const struct {
		int host, err;
	} row[] = { { EMFILE, EMFILE },
		    { ENFILE, ENFILE },
		    { ENOMEM, ENOMEM },
		    { ENODEV, ENOMEM } };

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (unsigned at = 1; at <= 3; at++) {
			unsigned before = socket_descriptors();

			calls = 0;
			fails_at = at;
			fails_with = row[i].host;
			errno = 0;
			CHECK(!weir_frames_new(NULL));
			CHECK_EQ(errno, row[i].err);
			CHECK_EQ(calls, at); /* it is not tried further */
			CHECK_EQ(socket_descriptors(), before);
		}
	fails_at = 0;
}

/* --- options of a later age --- */

/* Larger than the options are today, and one byte of the rest is said. */
#define LATER_BYTES 160u

static void *frames_of(struct weir_frames *f, const void *options)
{
	(void)f;
	return weir_frames_new(options);
}

static void *port_of(struct weir_frames *f, const void *options)
{
	return weir_port_new(f, options);
}

static void *device_of(struct weir_frames *f, const void *options)
{
	return weir_device_new(f, options);
}

static void free_frames(void *p)
{
	weir_frames_unref(p);
}

static void free_port(void *p)
{
	weir_port_free(p);
}

static void free_device(void *p)
{
	weir_device_free(p);
}

static const struct {
	void *(*make)(struct weir_frames *f, const void *options);
	void (*free)(void *p);
	size_t size;
} kind[] = {
	{ frames_of, free_frames, sizeof(struct weir_frames_options) },
	{ port_of, free_port, sizeof(struct weir_port_options) },
	{ device_of, free_device, sizeof(struct weir_device_options) },
};

#define KINDS (sizeof(kind) / sizeof(kind[0]))

static void what_is_not_known_is_refused_unless_zero(void **state)
{
	struct weir_frames *f = weir_frames_new(NULL);

	(void)state;
	for (unsigned k = 0; k < KINDS; k++)
		for (size_t n = kind[k].size; n <= LATER_BYTES; n++) {
			/* exactly as long as they say: a sanitizer sees more */
			uint8_t *o = calloc(1, n);
			void *made;

			CHECK(o);
			memcpy(o, &n, sizeof(n));
			made = kind[k].make(f, o);
			CHECK(made);
			kind[k].free(made);
			for (size_t i = kind[k].size; i < n; i++) {
				o[i] = i % 2 ? 1 : 0x80;
				errno = 0;
				CHECK(!kind[k].make(f, o));
				CHECK_EQ(errno, E2BIG);
				o[i] = 0;
			}
			free(o);
		}
	weir_frames_unref(f);
}

/* --- memory, in a child, which has none of it --- */

struct block {
	struct block *next;
};

/* All that the heap still gives; @least: in blocks of so many and more. */
static struct block *take_all(size_t least)
{
	struct block *all = NULL, *b;

	for (size_t size = 1u << 20; size >= least; size /= 2)
		while ((b = malloc(size))) {
			b->next = all;
			all = b;
		}
	return all;
}

static void give_back(struct block *all)
{
	while (all) {
		struct block *b = all;

		all = b->next;
		free(b);
	}
}

static bool is_refused(void *made)
{
	return !made && errno == ENOMEM;
}

static bool is_made(unsigned k, struct weir_frames *f)
{
	void *made = kind[k].make(f, NULL);

	if (made)
		kind[k].free(made);
	return made != NULL;
}

/* Return: 0, or the number of what was not so. */
static int without_memory(void)
{
	struct weir_frames *f = weir_frames_new(NULL);
	unsigned before = socket_descriptors();
	struct rlimit was, none;
	struct block *large, *small;

	if (!f || getrlimit(RLIMIT_AS, &was))
		return 1;
	none = was;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_AS, &none))
		return 2;
	if (!is_refused(weir_frames_new(NULL)))
		return 3;
	large = take_all(4096);
	/* the heap has some, but not for a frame */
	if (!is_refused(weir_device_new(f, NULL)) || !is_made(1, f))
		return 4;
	small = take_all(sizeof(struct block));
	if (!is_refused(weir_device_new(f, NULL)))
		return 5;
	if (!is_refused(weir_port_new(f, NULL)))
		return 6;
	give_back(small);
	give_back(large);
	if (setrlimit(RLIMIT_AS, &was) || socket_descriptors() != before)
		return 7;
	/* those that were refused took nothing */
	for (unsigned k = 0; k < KINDS; k++)
		if (!is_made(k, f))
			return 8 + (int)k;
	weir_frames_unref(f);
	return 0;
}

static void without_memory_nothing_is_made_and_none_is_lost(void **state)
{
	int status;
	pid_t pid;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* their malloc() ends the process where there is none left */
#endif
	pid = fork();
	if (pid == 0)
		_exit(without_memory());
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

T_MAIN(T(each_descriptor_that_is_not_had_says_why),
       T(what_is_not_known_is_refused_unless_zero),
       T(without_memory_nothing_is_made_and_none_is_lost))
