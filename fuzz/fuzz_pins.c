/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pins.c - the bytes choose what is told, what connects, and time
 *
 * A byte that says how many pins there may be, then steps of an opcode (1) and
 * its arguments: add (address, name, TTL), hold and release (address), a run of
 * adds (address, how many), time.  Beside it an account of when each pin of the
 * first addresses and names was told last: what was never told is not found,
 * nor what must have expired.
 */
#include "policy/pins.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SECOND UINT64_C(1000000)
#define ADDRS  8u
#define NAMES  32u
#define FEW    600u   /* adds of most inputs */
#define MANY   18000u /* enough to be full, but slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct weir_pins pins;
	uint64_t now;
	uint64_t until[ADDRS][NAMES]; /* at most */
	uint32_t holds[ADDRS], adds;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct weir_addr addr_of(uint32_t a)
{
	return weir_addr_from4(0x01000000u + a);
}

static struct weir_dns_name name_of(uint32_t n)
{
	struct weir_dns_name name = { .len = 6, .b = { 4 } };

	name.b[1] = (uint8_t)n;
	name.b[2] = (uint8_t)(n >> 8);
	name.b[3] = (uint8_t)(n >> 16);
	return name;
}

static void add(struct world *w, uint32_t a, uint32_t n, uint32_t ttl)
{
	struct weir_addr addr = addr_of(a);
	struct weir_dns_name name = name_of(n);
	uint64_t until =
		w->now + ((ttl < 60 ? 60 : ttl) + UINT64_C(300)) * SECOND;

	if (w->adds == 0)
		return;
	w->adds--;
	weir_pins_add(&w->pins, &addr, &name, ttl, w->now);
	if (a < ADDRS && n < NAMES && w->until[a][n] < until)
		w->until[a][n] = until;
}

static void connect_or_not(struct world *w, uint32_t a, bool begins)
{
	struct weir_addr addr = addr_of(a);

	if (begins) {
		weir_pins_hold(&w->pins, &addr, w->now);
		w->holds[a]++;
		return;
	}
	weir_pins_release(&w->pins, &addr, w->now);
	if (w->holds[a] == 0 || --w->holds[a])
		return;
	for (uint32_t n = 0; n < NAMES; n++) {
		if (w->until[a][n] && w->until[a][n] < w->now + 300 * SECOND)
			w->until[a][n] = w->now + 300 * SECOND;
	}
}

static void look(struct world *w, uint32_t a)
{
	const struct weir_dns_name *found[WEIR_PINS_NAMES_MAX];
	struct weir_addr addr = addr_of(a);
	uint32_t n = weir_pins_find(&w->pins, &addr, w->now, found,
				    WEIR_PINS_NAMES_MAX);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t name = found[i]->b[1] | (uint32_t)found[i]->b[2] << 8 |
				(uint32_t)found[i]->b[3] << 16;

		if (name >= NAMES)
			continue;
		must(w->until[a][name]);
		must(w->holds[a] || w->until[a][name] > w->now);
	}
}

static void step(struct world *w, struct weir_rd *in)
{
	uint8_t op = weir_rd_u8(in);
	uint32_t a = weir_rd_u8(in) % ADDRS, n = weir_rd_u8(in);
	uint32_t more = weir_rd_be16(in);

	switch (op % 6) {
	case 0:
		add(w, a, n % NAMES, more);
		break;
	case 1:
		connect_or_not(w, a, true);
		break;
	case 2:
		connect_or_not(w, a, false);
		break;
	case 3: /* many names at one address */
		for (uint32_t i = 0; i < (n & 63); i++)
			add(w, a, NAMES + more + i, 60);
		break;
	case 4: /* many addresses */
		for (uint32_t i = 0; i < n * 16; i++)
			add(w, ADDRS + more + i, 0, more);
		break;
	case 5:
		w->now += (uint64_t)more * n * SECOND / 64;
		if (op & 0x80)
			weir_pins_tick(&w->pins, w->now);
		break;
	}
	look(w, a);
}

/* time runs out: nobody is woken for ever */
static void end(struct world *w)
{
	unsigned woken = 0;

	for (uint32_t a = 0; a < ADDRS; a++) {
		while (w->holds[a])
			connect_or_not(w, a, false);
	}
	while (weir_pins_due_us(&w->pins) != UINT64_MAX) {
		uint64_t due = weir_pins_due_us(&w->pins);

		w->now = due > w->now ? due : w->now;
		weir_pins_tick(&w->pins, w->now);
		must(++woken < 4000);
	}
	must(weir_pool_used(&w->pins.pins) == 0);
	must(weir_pool_used(&w->pins.hosts) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct world fresh = { .now = 5000 * SECOND };
	static struct world w;
	const uint64_t key[2] = { 1, 2 };
	size_t bytes = weir_pins_bytes();
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_arena arena;
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mem != MAP_FAILED); /* calloc() under ASan touches all of it */
	weir_arena_init(&arena, mem, bytes);
	w = fresh;
	must(weir_pins_init(&w.pins, &arena, key));
	w.adds = (weir_rd_u8(&in) & 7) == 7 ? MANY : FEW;
	for (unsigned i = 0; in.left && i < 256; i++)
		step(&w, &in);
	end(&w);
	(void)munmap(mem, bytes);
	return 0;
}
