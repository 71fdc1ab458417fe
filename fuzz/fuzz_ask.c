/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ask.c - the bytes choose what guest, servers and time do
 *
 * Each step is an opcode and its arguments.  Servers may answer with raw bytes
 * or with bytes behind a true echo of their question, so that the deeper
 * parts are reached.  All answers are read back, every question has at most
 * one, and when time has run out nothing is in flight.
 */
#include "flow/ask.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SECOND   UINT64_C(1000000)
#define SENT_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sent {
	uint64_t slot;
	uint8_t bytes[WEIR_ASK_SEND_MAX_BYTES];
	size_t len;
};

struct world {
	struct weir_ask ask;
	uint64_t now, waiting, told;
	struct sent sent[SENT_MAX];
	unsigned n_sent;
	uint8_t dice;
	uint8_t room[WEIR_ASK_ROOM_BYTES];
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* what we say must be a message, whole, with our flags */
static void check_message(const uint8_t *bytes, size_t len, bool answer)
{
	struct weir_sift_address list[WEIR_SIFT_ADDRESSES_MAX];
	struct weir_dns_walk w;
	struct weir_dns_record r;
	enum weir_dns_step step;

	must(weir_dns_walk_open(bytes, len, &w));
	must(!(w.header.flags & WEIR_DNS_QR) == !answer);
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD) {
	}
	must(step == WEIR_DNS_END);
	must(weir_ask_addresses(bytes, len, list, WEIR_SIFT_ADDRESSES_MAX) <=
	     (answer ? WEIR_SIFT_ADDRESSES_MAX : 0));
}

/* what a server says is dropped if it is odd, see server_says() */
static void check_dropped(const uint8_t *bytes, size_t len)
{
	struct weir_sift_address list[WEIR_SIFT_ADDRESSES_MAX];
	unsigned n =
		weir_ask_addresses(bytes, len, list, WEIR_SIFT_ADDRESSES_MAX);

	for (unsigned i = 0; i < n; i++)
		must(!(list[i].addr.b[15] & 1));
}

static void drain(struct world *w)
{
	struct weir_ask_out out = { .bytes = w->room, .room = sizeof(w->room) };
	struct weir_ask_random random;

	for (;;) {
		struct sent *s = &w->sent[w->n_sent % SENT_MAX];
		enum weir_ask_do what;

		memset(random.b, ++w->dice, sizeof(random.b));
		random.used = false;
		what = weir_ask_next(&w->ask, &random, w->now, &out);
		if (what == WEIR_ASK_IDLE)
			break;
		if (what == WEIR_ASK_TELL) {
			check_message(out.bytes, out.len, true);
			check_dropped(out.bytes, out.len);
			w->told++;
		} else if (what == WEIR_ASK_SEND) {
			check_message(out.bytes, out.len, false);
			must(out.len <= sizeof(s->bytes));
			must(weir_ask_index(out.slot) < WEIR_DNS_INFLIGHT_MAX);
			memcpy(s->bytes, out.bytes, out.len);
			s->len = out.len;
			s->slot = out.slot;
			w->n_sent++;
		}
	}
	must(weir_pool_used(&w->ask.slots) == weir_table_used(&w->ask.table));
	must(w->told + weir_pool_used(&w->ask.waiters) <= w->waiting);
}

static void guest_asks(struct world *w, struct weir_rd msg, uint8_t how)
{
	struct weir_ask_out out = { .bytes = w->room, .room = sizeof(w->room) };
	struct weir_ask_in in = { .bytes = msg.at,
				  .len = msg.left,
				  .tcp = how & 1,
				  .max_udp = how & 2 ? 548 : 1472 };
	struct weir_ask_question q;
	enum weir_ask_said said;

	in.from.b[0] = how;
	said = weir_ask_read(&w->ask, &in, &q, &out);
	if (said == WEIR_ASK_JUDGE)
		said = weir_ask_decide(&w->ask, &q,
				       how & 4 ? WEIR_ASK_DENY : WEIR_ASK_ALLOW,
				       w->now, &out);
	if (said == WEIR_ASK_REPLY) {
		check_message(out.bytes, out.len, true);
		must(in.tcp || out.len <= in.max_udp);
	}
	w->waiting += said == WEIR_ASK_WAIT;
}

/* @how: 0x80 raw; else behind header and question, with flags and counts */
static void server_says(struct world *w, struct weir_rd in, uint8_t how)
{
	static uint8_t msg[4096];
	struct weir_wr to = weir_wr_over(msg, sizeof(msg));
	const struct sent *s;
	struct weir_ask_review r;
	struct weir_rd echo;

	if (w->n_sent == 0)
		return;
	s = &w->sent[(w->n_sent < SENT_MAX ? 0 : how) % SENT_MAX];
	if (w->n_sent < SENT_MAX)
		s = &w->sent[how % w->n_sent];
	if (!(how & 0x80)) {
		struct weir_dns_walk q;
		struct weir_dns_question ignored;
		size_t question;

		must(weir_dns_walk_open(s->bytes, s->len, &q));
		must(weir_dns_parse_question(&q, &ignored));
		question = s->len - q.in.left - WEIR_DNS_HEADER_BYTES;
		echo = weir_rd_over(s->bytes, s->len);
		weir_wr_copy(&to, weir_rd_take(&echo, 2), 2);
		weir_wr_be16(&to, weir_rd_be16(&in) | WEIR_DNS_QR);
		weir_wr_be16(&to, 1);
		for (unsigned i = 0; i < 3; i++)
			weir_wr_be16(&to, weir_rd_u8(&in));
		weir_wr_copy(&to, s->bytes + WEIR_DNS_HEADER_BYTES, question);
	}
	weir_wr_copy(&to, in.at, in.left);
	if (weir_ask_upstream(&w->ask, s->slot, msg, weir_wr_len(&to), w->now,
			      &r) != WEIR_ASK_REVIEW)
		return;
	must(r.n <= WEIR_SIFT_ADDRESSES_MAX);
	for (unsigned i = 0; i < r.n; i++)
		r.address[i].drop = r.address[i].addr.b[15] & 1;
	r.strip_ech = how & 0x40;
	weir_ask_settle(&w->ask, &r, msg, weir_wr_len(&to), w->now);
}

static void step(struct world *w, struct weir_rd *in)
{
	uint8_t op = weir_rd_u8(in), how = weir_rd_u8(in);
	size_t len = weir_rd_u8(in);
	struct weir_rd arg = weir_rd_sub(in, len < in->left ? len : in->left);
	const struct weir_servers_entry two[2] = {
		{ weir_addr_from4(1), 53, 0 }, { weir_addr_from4(2), 53, 0 }
	};

	switch (op % 6) {
	case 0:
	case 1:
		guest_asks(w, arg, how);
		break;
	case 2:
	case 3:
		server_says(w, arg, how);
		break;
	case 4:
		w->now += how * SECOND / 16;
		weir_ask_tick(&w->ask, w->now);
		break;
	case 5:
		if (how == 255)
			weir_ask_forget(&w->ask);
		else if (how < 8)
			weir_ask_set_servers(&w->ask, two, how % 3);
		else if (w->n_sent)
			weir_ask_failed(
				&w->ask,
				w->sent[how % w->n_sent % SENT_MAX].slot,
				w->now);
		break;
	}
	drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	const struct weir_servers_entry server[2] = {
		{ weir_addr_from4(1), 53, 0 }, { weir_addr_from4(2), 53, 0 }
	};
	const struct weir_ask_config config = {
		.timeout_ms = WEIR_DNS_TIMEOUT_MS,
		.cache_entries = WEIR_DNS_CACHE_ENTRIES,
		.gateway4 = weir_addr_from4(0x0a000202),
		.has6 = size & 1,
		.n_servers = 2,
		.server = server,
		.key = { 1, 2 },
	};
	size_t bytes = weir_ask_bytes();
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_arena arena;
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mem != MAP_FAILED); /* calloc() under ASan touches all of it */
	weir_arena_init(&arena, mem, bytes);
	w.now = SECOND;
	w.waiting = w.told = w.n_sent = w.dice = 0;
	must(weir_ask_init(&w.ask, &arena, &config));
	while (in.left)
		step(&w, &in);
	while (weir_ask_due_us(&w.ask) != UINT64_MAX) {
		w.now = weir_ask_due_us(&w.ask);
		weir_ask_tick(&w.ask, w.now);
		drain(&w);
	}
	must(weir_pool_used(&w.ask.slots) == 0);
	must(weir_pool_used(&w.ask.waiters) == 0);
	(void)munmap(mem, bytes);
	return 0;
}
