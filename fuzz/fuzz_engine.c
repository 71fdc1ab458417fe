/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_engine.c - a whole engine, a hostile guest, fickle hosts, any time
 *
 * The input is a script, read each time the engine would sleep: frames (raw,
 * broken in a few places, or segments near where they should be), what host
 * sockets, datagrams and DNS servers do, clients at published ports, how much
 * the link and the sockets take, what control says, and time.  The twin of tests/unit/engine watches:
 * every frame for the guest is well formed, no descriptor is used after it was
 * closed or left open, payload memory is given back, the engine never turns
 * for nothing.  As long as the script breaks no frame, bytes are compared too.
 */
#include "tests/unit/engine/dnsbits.c"
#include "tests/unit/engine/guest.c"
#include "tests/unit/engine/look.c"
#include "tests/unit/engine/rules.c"
#include "tests/unit/engine/twin.c"
#include "tests/unit/engine/wings.c"
#include "tests/unit/engine/wings_doors.c"
#include "tests/unit/engine/wings_grams.c"
#include "tests/unit/engine/wings_pairs.c"

#define SLOTS      6u
#define CALLED     3u /* more of them, for clients of the host */
#define DOORS      4u
#define OPS_MAX    400u
#define GIVES_MAX  (1u << 20) /* bytes of one input, from all hosts */
#define ROUNDS_MAX 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** struct play - the input, and what it plays with */
struct play {
	struct weir_rd in;
	struct twin w;
	struct guest g;
	struct guest_conn slot[SLOTS + CALLED];
	struct twin_sock *door[DOORS];
	unsigned n_doors;
	unsigned ops, rounds;
	size_t given;
	bool wild; /* a frame was broken: bytes are not compared any more */
	bool stopped;
};

static struct play play;
static struct guest_frame frame;
static uint8_t bytes[65536];

static uint8_t u8(void)
{
	return weir_rd_u8(&play.in);
}

/* A number whose size is chosen first, so that small ones are frequent. */
static uint32_t amount(void)
{
	uint8_t b = u8();

	return b < 192 ? b : (uint32_t)(b & 31) << (b >> 5 == 6 ? 5 : 11);
}

static struct weir_addr far_of(unsigned i)
{
	const struct weir_charter *c = &play.w.charter;
	const struct weir_addr six = { .b = { 0x26, 0x06, [15] = 9 } };

	switch (i % SLOTS) {
	case 0:
	case 1:
		return weir_addr_from4(0x5db80102);
	case 2:
		return six;
	case 3:
		return c->dns4;
	case 4:
		return c->gateway4;
	default:
		return weir_addr_from4(0x7f000001);
	}
}

/* --- frames --- */

static void template(uint8_t what)
{
	const struct weir_charter *c = &play.w.charter;
	const struct weir_addr to[] = { weir_addr_from4(0x5db80909),
					far_of(2),
					c->gateway4,
					c->gateway6,
					c->dns4,
					weir_addr_from4(0xe00000fb) };
	const struct guest_ip ip = { .to = to[what % 6],
				     .ttl = (uint8_t)(what & 64 ? 1 : 64) };
	const struct weir_tcp t = { .sport = 60000,
				    .dport = (uint16_t)(what & 32 ? 53 : 80),
				    .flags = u8() & 0x3f,
				    .seq = 7,
				    .window = 500,
				    .mss = 1000,
				    .wscale = 3,
				    .sack_ok = true };
	uint8_t q[512];
	size_t n;

	switch (what >> 3 & 3) {
	case 0:
		n = amount();
		play.wild = play.wild || n;
		guest_tcp_frame(&play.g, &ip, &t, bytes, n, &frame);
		return;
	case 1:
		guest_udp_frame(&play.g, &ip, 60000,
				(uint16_t)(what & 32 ? 7 : 5353), bytes,
				amount() % 3000, &frame);
		return;
	case 2:
		n = dnsbits_ask(q, 1, what & 32 ? "localhost" : "a.example",
				u8());
		guest_udp_frame(&play.g, &ip, 60001, 53, q, n, &frame);
		return;
	case 3:
		if (what & 32)
			guest_echo_frame(&play.g, &ip, amount() % 3000, &frame);
		else
			guest_arp_frame(&play.g, &c->gateway4, &frame);
		return;
	}
}

static void broken_frame(void)
{
	uint8_t what = u8(), how = u8();

	template(what);
	for (unsigned i = how & 7; i > 0; i--) {
		size_t at = u8();

		if (how & 64)
			at += 200;
		frame.b[at % frame.len] = u8();
	}
	if (how & 8 && frame.len > 80)
		guest_resum(&frame);
	if (how & 16)
		frame.len = 1 + (size_t)amount() % frame.len;
	play.wild = play.wild || (how & 7) || (how & 16);
	guest_put(&play.g, &frame);
}

static void raw_frame(void)
{
	size_t n = 1u + u8();
	struct weir_rd part;

	if (n > play.in.left)
		n = play.in.left;
	if (n == 0)
		return;
	part = weir_rd_sub(&play.in, n);
	play.wild = true;
	twin_frame(&play.w, part.at, n);
}

/* The bytes of a stream from offset @off on, which may lie before it. */
static void fill_from(uint32_t off, uint32_t n)
{
	uint32_t before = off > UINT32_MAX / 2 ? 0 - off : 0;

	if (before > n)
		before = n;
	guest_fill(bytes, off, before);
	guest_fill(bytes + before, before ? 0 : off, n - before);
}

/* A segment of a slot, at the right place or near it. */
static void segment_of(struct guest_conn *c, uint8_t what, bool tidy)
{
	uint8_t flags = u8() & 0x3f;
	uint32_t n = amount(), seq = c->seq, ack = c->ack;
	uint32_t span = c->room ? c->room : 1;

	if (tidy) {
		flags = (flags & WEIR_TCP_FIN) | WEIR_TCP_ACK;
		n = c->fin_sent ? 0 : n < span ? n : span;
		if (c->fin_sent)
			flags = WEIR_TCP_ACK;
	} else {
		c->seq += what & 8 ? amount() : 0;
		c->seq -= what & 16 ? amount() : 0;
		c->ack += what & 32 ? amount() : 0;
		c->ack -= what & 64 ? amount() : 0;
		flags &= (uint8_t)~WEIR_TCP_SYN;
		/* one stream has one end */
		flags &= (uint8_t)~WEIR_TCP_FIN;
	}
	if (what & 128)
		c->window = (uint16_t)(amount());
	fill_from(c->seq - c->iss - 1, n);
	if (c->fport == 53 && tidy) {
		n = (uint32_t)dnsbits_ask(bytes + 2, what, "localhost", 1) + 2;
		bytes[0] = 0;
		bytes[1] = (uint8_t)(n - 2);
	}
	c->fin_sent = c->fin_sent || flags & WEIR_TCP_FIN;
	guest_segment(&play.g, c, flags, bytes, n);
	if (!tidy) {
		c->seq = seq;
		c->ack = ack;
	}
}

static void segment(bool tidy)
{
	uint8_t what = u8();

	segment_of(&play.slot[what % SLOTS], what, tidy);
}

static void open_slot(void)
{
	uint8_t what = u8();
	struct guest_conn *c = &play.slot[what % SLOTS];

	c->synacks = 0;
	c->fin = c->rst = c->gap = c->fin_sent = false;
	c->in.len = 0;
	c->greedy = what & 8;
	c->window = (uint16_t)(what & 16 ? 60000 : amount());
	c->wscale = what & 32 ? 7 : -1;
	c->their_scale = 0;
	guest_syn(&play.g, c);
}

/* --- hosts --- */

static void host(void)
{
	uint8_t what = u8();
	unsigned i = u8() % 32;
	struct twin_sock *s = &play.w.sock[i];
	size_t n = amount();

	if (!s->open || s->kind != TWIN_TCP)
		return;
	if (s->stage == TWIN_DIALLING) {
		if (what & 1)
			twin_tcp_connects(&play.w, s);
		else
			twin_tcp_fails(&play.w, s,
				       what & 2 ? -ECONNREFUSED : -ETIMEDOUT);
		return;
	}
	switch (what & 7) {
	case 0:
	case 1:
	case 2:
		if (s->eof || play.given + n > GIVES_MAX)
			return;
		play.given += n;
		guest_fill(bytes, s->down.len, n);
		twin_tcp_gives(&play.w, s, bytes, n);
		return;
	case 3:
		twin_tcp_ends(&play.w, s);
		return;
	case 4:
		twin_tcp_resets(&play.w, s);
		return;
	case 5:
		twin_tcp_takes(&play.w, s, n);
		return;
	default:
		twin_tcp_takes(&play.w, s, TWIN_EVER);
		return;
	}
}

static void server(void)
{
	uint8_t what = u8();
	const struct weir_addr addr = weir_addr_from4(0x5db80101);
	struct twin_sock *s =
		twin_find_kind(&play.w, what & 1 ? TWIN_DNS : TWIN_UDP);
	size_t n;

	if (!s || !s->sent.last)
		return;
	if (s->kind == TWIN_UDP) {
		n = amount();
		twin_gives_gram(&play.w, s,
				what & 2 ? &addr : &s->sent.last->addr,
				s->sent.last->port, bytes, n,
				what & 4 ? -ECONNREFUSED : 0);
		return;
	}
	n = dnsbits_answer(bytes, s->sent.last->b, s->sent.last->len,
			   what & 2 ? &addr : NULL,
			   (uint16_t)(what & 64 ? WEIR_DNS_TC : what >> 3 & 3));
	if (what & 128 && n)
		bytes[u8() % n] = u8();
	twin_gives_gram(&play.w, s, &s->to, 53, bytes, n,
			what & 4 ? -ECONNREFUSED : 0);
}

static void rules(void)
{
	static const int err[] = { -ECONNREFUSED, -ENETUNREACH,   -EMFILE,
				   -ENOMEM,       -EADDRNOTAVAIL, -ETIMEDOUT };
	uint8_t what = u8();
	struct twin *w = &play.w;

	switch (what & 7) {
	case 0:
		w->max_socks = u8() % 8;
		return;
	case 1:
		w->max_socks = 1000;
		return;
	case 2:
		w->link_room = what & 8 ? UINT32_MAX : what >> 4;
		return;
	case 3:
		w->post_err = what & 8 ? 0 : -EAGAIN;
		return;
	case 4:
		w->dns_err = what & 8 ? 0 : -ENETUNREACH;
		return;
	default:
		w->n_rules = 1;
		w->rule[0] = (struct twin_rule){
			.how = (enum twin_how)(what >> 3 & 3),
			.err = err[(what >> 5) % 6],
		};
		return;
	}
}

/* Open to all; looking at first bytes; names only. */
static void choose_policy(unsigned which)
{
	static const char *const text[][2] = {
		{ "allow any", "deny any" },
		{ "deny .ads.example", "allow any" },
		{ "allow tcp a.example", "allow udp any" },
		{ "bounds deny tcp any:82", "allow any" },
	};
	struct twin *w = &play.w;

	w->policy[0] = text[which & 3][0];
	w->policy[1] = text[which & 3][1];
	w->n_policy = 2;
	w->policy_flags = which & 4 ? WEIR_IMAGE_DROP : WEIR_IMAGE_REBIND;
}

static void revise(void)
{
	choose_policy(u8());
	twin_policy(&play.w);
}

static void order(void)
{
	uint8_t what = u8(), body[64];
	size_t n = what >> 4;

	weir_rd_copy(&play.in, body, n);
	twin_order(&play.w,
		   what & 3 ? (enum weir_msg_kind)(1 + what % 4)
			    : WEIR_MSG_TALLY,
		   body, n);
}

static void pass(void)
{
	uint8_t b = u8();

	play.w.until += ((uint64_t)(b & 15) + 1) << (b >> 4) * 2;
}

/* --- published ports --- */

static void publish(bool udp, uint8_t what)
{
	const struct weir_charter_door door = {
		.id = play.n_doors,
		.udp = udp,
		.bind = what & 8 ? weir_addr_from4(0) : far_of(2),
		.port = 8080,
		.guest_port = (uint16_t)(udp ? 7 : 80),
		.preserve_source = what & 16,
	};
	struct twin_sock *s;

	if (play.n_doors == DOORS)
		return;
	s = twin_door(&play.w, &door);
	if (s)
		play.door[play.n_doors++] = s;
}

/* Somebody comes: with bytes that he sent at once, or with a datagram. */
static void come(uint8_t what)
{
	struct twin_sock *s =
		play.n_doors ? play.door[what % play.n_doors] : NULL;
	struct weir_addr from = far_of(what >> 3);
	uint16_t port = (uint16_t)(what & 128 ? 2000 : u8());
	size_t n = amount();

	if (!s || !s->open || play.given + n > GIVES_MAX)
		return;
	play.given += n;
	guest_fill(bytes, 0, n);
	if (s->kind == TWIN_LISTENER)
		twin_calls(&play.w, s, &from, port, bytes, n)->err =
			what & 64 ? -ECONNABORTED : 0;
	else if (s->kind == TWIN_UDP)
		twin_gives_gram(&play.w, s, &from, port, bytes, n,
				what & 64 ? -ECONNREFUSED : 0);
}

static void doors(void)
{
	uint8_t what = u8();
	struct guest_conn *c = &play.slot[SLOTS + what / 8 % CALLED];

	switch (what & 7) {
	case 0:
		publish(what & 32, what);
		return;
	case 1:
	case 2:
		come(u8());
		return;
	case 3:
		guest_conn_fini(&play.g, c);
		guest_listen(&play.g, c, 80, what & 64);
		return;
	case 4:
		segment_of(c, (uint8_t)(what & 0x80), true);
		return;
	case 5:
		segment_of(c, u8(), false);
		return;
	case 6:
		guest_udp_frame(&play.g,
				&(struct guest_ip){ .to = far_of(what / 8) }, 7,
				2000, bytes, amount() % 3000, &frame);
		guest_put(&play.g, &frame);
		return;
	case 7:
		if (what & 8)
			twin_undoor(&play.w, what >> 6);
		else
			play.w.accept_err = what & 16 ? -ENOMEM : 0;
		return;
	}
}

/* --- the script --- */

static void one(void)
{
	uint8_t op = u8();

	switch (op & 15) {
	case 0:
		raw_frame();
		return;
	case 1:
	case 2:
		broken_frame();
		return;
	case 3:
	case 4:
		open_slot();
		return;
	case 5:
	case 6:
	case 7:
		segment(true);
		return;
	case 8:
		segment(false);
		return;
	case 9:
	case 10:
		host();
		return;
	case 11:
		server();
		return;
	case 12:
		rules();
		return;
	case 13:
		if ((op & 48) == 48)
			revise();
		else if (op & 16)
			order();
		else
			doors();
		return;
	default:
		pass();
		return;
	}
}

/* Bytes come once and in order, as long as nobody broke a frame. */
static void compare(void)
{
	if (play.wild)
		return;
	for (unsigned i = 0; i < SLOTS + CALLED; i++) {
		const struct guest_conn *c = &play.slot[i];

		if (c->fport != 53 && !guest_is_filled(c->in.b, 0, c->in.len))
			twin_wrong(&play.w, "other bytes for the guest");
	}
	for (unsigned i = 0; i < play.w.n_socks; i++) {
		const struct twin_sock *s = &play.w.sock[i];

		if (s->kind == TWIN_TCP &&
		    !guest_is_filled(s->up.b, 0, s->up.len))
			twin_wrong(&play.w, "other bytes for the host");
	}
}

static void idle(struct twin *w)
{
	unsigned burst = 1;

	guest_hear(&play.g);
	if (w->wrong[0] || play.stopped) {
		w->control_gone = true;
		return;
	}
	if (play.rounds++ > ROUNDS_MAX || play.ops > OPS_MAX ||
	    play.in.left == 0) {
		play.stopped = true;
		twin_order(w, WEIR_MSG_STOP, "", 0);
		return;
	}
	if (w->frames.first || w->orders.first)
		return;
	burst += u8() & 3; /* so many things at once */
	while (burst-- && play.in.left) {
		play.ops++;
		one();
	}
}

static void begin_play(const uint8_t *data, size_t size)
{
	uint8_t how;

	play.in = weir_rd_over(data, size);
	play.ops = play.rounds = 0;
	play.given = 0;
	play.n_doors = 0;
	play.wild = play.stopped = false;
	twin_init(&play.w);
	how = u8();
	play.w.idle = idle;
	play.w.charter.offload = how & 1 ? 7 : how & 2 ? 1 : 0;
	play.w.charter.mtu = how & 4 ? 1500 : how & 8 ? 1280 : 65520;
	play.w.charter.has6 = how & 16;
	play.w.charter.payload_bytes =
		(uint64_t)(how & 32 ? 64 : 2) * WEIR_CHUNK_BYTES;
	play.w.charter.max_flows = how & 64 ? 64 : 3;
	if (how & 128)
		choose_policy(how);
	guest_init(&play.g, &play.w);
	for (unsigned i = 0; i < SLOTS; i++) {
		struct weir_addr far = far_of(i);

		guest_conn_init(&play.g, &play.slot[i], &far,
				i == 3 ? 53 : (uint16_t)(80 + i));
	}
	for (unsigned i = SLOTS; i < SLOTS + CALLED; i++)
		guest_listen(&play.g, &play.slot[i], 80, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;

	begin_play(data, size);
	twin_run(&play.w);
	compare();
	why = twin_settle(&play.w);
	for (unsigned i = 0; i < SLOTS + CALLED; i++)
		guest_conn_fini(&play.g, &play.slot[i]);
	guest_fini(&play.g);
	if (why) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	return 0;
}
