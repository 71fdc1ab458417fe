/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_conn.c - a hostile guest, a fickle host, any order of events
 *
 * Bytes choose what happens to one connection: segments near its windows or
 * far from them, with any flags; what the host takes, gives and does; how much
 * the link takes; time; payload memory that others hold.  The watch and the
 * house of tests/unit/flow check what must be true all the same: nothing that
 * the guest may not be sent, no byte twice, lost or changed for the host, no
 * timer that stands still, no chunk lost.  After the last byte the guest is
 * silent, and the connection must end by itself.
 */
#include <inttypes.h>

#include "tests/unit/flow/house.c"
#include "tests/unit/flow/watch.c"

#define CHUNKS    6u
#define LAST_WAIT 2000 /* timers until a silent guest is given up */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** struct play - the input, and what it plays with */
struct play {
	struct weir_rd in;
	struct house h;
	struct weir_store hog;
	struct weir_tcp syn; /* the guest's */
	bool dialling;
};

static struct tape tape;

static void check(const struct play *p)
{
	if (p->h.why[0]) {
		fprintf(stderr, "%s\n", p->h.why);
		abort();
	}
}

/* A number whose size is chosen first, so that small ones are frequent. */
static uint32_t amount(struct weir_rd *in)
{
	uint8_t b = weir_rd_u8(in);

	return b < 192 ? b : (uint32_t)(b & 31) << (b >> 5 == 6 ? 5 : 13);
}

/* A place near one that means something. */
static uint32_t place(struct play *p, bool up)
{
	const struct watch *w = &p->h.watch;
	uint32_t own[] = { w->ack, w->ack_edge, w->g_max, w->syn.seq };
	uint32_t far[] = { w->max, w->una, w->edge, w->iss };
	uint8_t how = weir_rd_u8(&p->in);
	uint32_t at = up ? own[how & 3] : far[how & 3];

	switch (how >> 2 & 7) {
	case 1:
		return at + 1;
	case 2:
		return at - 1;
	case 3:
		return at + amount(&p->in);
	case 4:
		return at - amount(&p->in);
	case 5:
		return weir_rd_be32(&p->in);
	}
	return at;
}

static void put_sack(struct play *p, struct weir_tcp *t)
{
	t->n_sack = weir_rd_u8(&p->in) & 3;
	for (unsigned i = 0; i < t->n_sack; i++) {
		t->sack[i].from = place(p, false);
		t->sack[i].to = place(p, false);
	}
}

/* The SYN-ACK of a guest that is called. */
static void answer(struct play *p, struct weir_tcp *t)
{
	*t = p->syn;
	t->flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	t->ack = p->h.watch.iss + 1;
}

static void guest(struct play *p, bool tidy)
{
	static uint8_t bytes[TAPE_PIECE];
	struct weir_tcp t = { .sport = p->h.ends.gport,
			      .dport = p->h.ends.fport,
			      .wscale = -1 };
	uint32_t len = amount(&p->in), off;

	t.seq = tidy ? p->h.watch.g_max : place(p, true);
	t.ack = tidy ? p->h.watch.max : place(p, false);
	t.flags = weir_rd_u8(&p->in) & 0x3f;
	if (tidy && p->h.watch.calling && !p->h.watch.synacked)
		answer(p, &t);
	else if (tidy)
		t.flags = (t.flags & WEIR_TCP_FIN) | WEIR_TCP_ACK;
	t.window = weir_rd_be16(&p->in);
	if (t.flags & WEIR_TCP_URG)
		put_sack(p, &t);
	if (len >= TAPE_PIECE)
		len = TAPE_PIECE - 1;
	off = t.seq - p->h.watch.syn.seq - 1;
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = *tape_at(&tape, TAPE_UP, (uint32_t)(off + i));
	house_segment(&p->h, &t, bytes, len);
}

static void dialled(struct play *p)
{
	static const enum weir_reason why[] = { WEIR_REASON_REFUSED,
						WEIR_REASON_UNREACHABLE,
						WEIR_REASON_TIMEOUT,
						WEIR_REASON_NO_FDS };
	uint8_t how = weir_rd_u8(&p->in);

	if (!p->dialling)
		return;
	p->dialling = false;
	if (how < 250)
		house_connected(&p->h);
	else
		house_failed(&p->h, why[how & 3]);
}

static void hog(struct play *p)
{
	weir_store_clear(&p->h.pool, &p->hog);
	weir_store_reach(&p->h.pool, &p->hog,
			 weir_rd_u8(&p->in) % (CHUNKS + 1) * WEIR_CHUNK_BYTES);
	p->h.base = p->hog.chunks;
}

static void pass(struct play *p)
{
	uint8_t b = weir_rd_u8(&p->in);

	house_time(&p->h, p->h.now + ((uint64_t)(b & 15) << (b >> 4) * 2));
}

static void end(struct play *p)
{
	uint8_t how = weir_rd_u8(&p->in);

	if (how < 128)
		p->h.host.will_end = true;
	else if (how < 192)
		house_reset(&p->h);
	else if (p->h.alive && how < 208)
		weir_conn_abort(&p->h.conn, WEIR_REASON_POLICY_CHANGED);
	house_turn(&p->h);
}

static void host(struct play *p, bool takes)
{
	struct house_host *s = &p->h.host;
	uint32_t n = amount(&p->in);

	if (takes)
		s->space = n == 31u << 13 ? UINT64_MAX : n;
	else if (!s->will_end)
		s->has += n;
	house_turn(&p->h);
}

static void one(struct play *p)
{
	uint8_t what = weir_rd_u8(&p->in);

	switch (what & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
		guest(p, true);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		guest(p, false);
		break;
	case 8:
		host(p, true);
		break;
	case 9:
	case 10:
		host(p, false);
		break;
	case 11:
	case 12:
		pass(p);
		break;
	case 13:
		p->h.link = what < 128 ? UINT32_MAX : what & 3;
		house_turn(&p->h);
		break;
	case 14:
		if (what < 64)
			hog(p);
		else
			end(p);
		break;
	case 15:
		dialled(p);
		break;
	}
}

static void born(struct play *p)
{
	uint8_t how = weir_rd_u8(&p->in), scale = weir_rd_u8(&p->in);
	struct weir_tcp syn;

	house_open(&p->h, &tape, CHUNKS);
	weir_store_init(&p->hog);
	p->h.env.mtu = how & 1 ? 1500 : how & 2 ? 576 : 65520;
	p->h.env.tso4 = how & 4;
	p->h.env.window_max = how & 8 ? 1u << 20 : 20000;
	syn = (struct weir_tcp){
		.sport = p->h.ends.gport,
		.dport = p->h.ends.fport,
		.flags = WEIR_TCP_SYN,
		.seq = how & 16 ? UINT32_MAX - 5000 : 1,
		.wscale = (int8_t)(scale % 16 - 1),
		.sack_ok = how & 32,
	};
	syn.window = weir_rd_be16(&p->in);
	syn.mss = weir_rd_be16(&p->in);
	if (how & 64)
		house_iss_at(&p->h, &syn, UINT32_MAX - 5000);
	p->syn = syn;
	if (scale & 128) {
		house_call(&p->h);
		return;
	}
	house_syn(&p->h, &syn);
	p->dialling = true;
	if (how & 128)
		dialled(p);
}

/* Nobody speaks any more, and the host takes what there is. */
static void last_words(struct play *p)
{
	weir_store_clear(&p->h.pool, &p->hog);
	p->h.base = 0;
	p->h.link = UINT32_MAX;
	p->h.host.space = UINT64_MAX;
	p->h.host.will_end = true;
	house_turn(&p->h);
	for (int i = 0; p->h.alive && !p->h.why[0]; i++) {
		uint64_t due = house_due(&p->h);

		if (due == UINT64_MAX || i == LAST_WAIT) {
			fprintf(stderr, "a silent guest is waited for\n");
			abort();
		}
		house_time(&p->h, due > p->h.now ? due : p->h.now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = { .in = weir_rd_over(data, size) };

	if (!tape.byte[0][1] && !tape.byte[0][2])
		tape_init(&tape);
	born(&p);
	p.h.trace = getenv("TRACE") != NULL;
	check(&p);
	while (weir_rd_ok(&p.in) && p.in.left) {
		/* a SYN on a connection that waits begins another */
		one(&p);
		if (p.h.alive && p.h.conn.state == WEIR_CONN_DIAL)
			p.dialling = true;
		check(&p);
	}
	last_words(&p);
	check(&p);
	house_close(&p.h);
	check(&p);
	return 0;
}
