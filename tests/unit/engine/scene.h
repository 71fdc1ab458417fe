/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - one world, one guest, one connection: enough for most tests
 *
 *	twin_init(&w); change w; begin(); ...; done();
 */
#ifndef SCENE_H
#define SCENE_H

#include "../t.h"

#include <errno.h>

#include "guest.h"

#define UNUSED __attribute__((unused))

static struct twin w;
static struct guest g;
static struct guest_conn c UNUSED;

static const struct weir_addr far4 UNUSED = {
	.b = { [10] = 0xff, 0xff, 93, 184, 1, 2 }
};
static const struct weir_addr far6 UNUSED = { .b = { 0x26, 0x06, [15] = 9 } };

static void begin(void)
{
	twin_open(&w);
	guest_init(&g, &w);
}

UNUSED static void world(void)
{
	twin_init(&w);
	begin();
}

UNUSED static void done(void)
{
	const char *why = twin_close(&w);

	guest_fini(&g);
	if (why)
		fail_msg("%s", why);
}

/* Without done(): the engine is over already. */
UNUSED static void ended(int status)
{
	const char *why;

	CHECK(w.over);
	CHECK_EQ(w.status, status);
	pthread_join(w.thread, NULL);
	why = twin_settle(&w);
	guest_fini(&g);
	if (why)
		fail_msg("%s", why);
}

/* How often the engine said that to control. */
UNUSED static unsigned said(enum weir_msg_kind kind)
{
	unsigned n = 0;

	for (struct twin_gram *m = w.said.first; m; m = m->next)
		n += m->kind == kind;
	return n;
}

UNUSED static void rule(enum twin_how how, int err, bool echo)
{
	w.rule[w.n_rules++] =
		(struct twin_rule){ .how = how, .err = err, .echo = echo };
}

UNUSED static uint64_t counted(enum weir_reason r)
{
	return twin_summary(&w).reasons.count[r];
}

#endif /* SCENE_H */
