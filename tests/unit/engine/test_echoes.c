/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_echoes.c - echo to hosts outside, through the whole engine
 *
 * A ping socket of the twin writes an ident of its own over the guest's, as
 * the kernel's does.  What the network says of an echo is quoted to the guest,
 * who must find his own packet in it.
 */
#include "flow/echo.h"
#include "packet/icmp.h"
#include "scene.h"

#define ID  0x1234
#define SEQ 0x0102

static const struct weir_addr other4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 1, 77 }
};
static const struct weir_addr router4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 9, 1 }
};
static const struct weir_addr router6 = { .b = { 0x26, 0x06, [15] = 0xfe } };

static struct guest_frame f;

static void ping(const struct weir_addr *to, uint16_t id, uint16_t seq,
		 size_t len)
{
	guest_ping_frame(&g, &(struct guest_ip){ .to = *to }, id, seq, len, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* Is that a message of this ident and number, with the pattern behind it? */
static bool is_echo(const uint8_t *b, size_t n, uint8_t type, uint16_t id,
		    uint16_t seq)
{
	return n >= 8 && b[0] == type && b[1] == 0 && be16(b + 4) == id &&
	       be16(b + 6) == seq && guest_is_filled(b + 8, 0, n - 8);
}

/* --- there and back --- */

static void an_echo_comes_back_as_it_went(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct twin_gram *m;
		struct twin_sock *s;

		world();
		ping(far, ID, SEQ, 56);
		s = twin_find_kind(&w, TWIN_UDP);
		CHECK(s && s->ping && s->sent.n == 1);
		m = s->sent.last;
		CHECK(weir_addr_is_equal(&m->addr, far));
		CHECK_EQ(m->len, 64);
		CHECK(s->ident != ID);
		CHECK(is_echo(m->b, m->len,
			      v6 ? WEIR_ICMP6_ECHO : WEIR_ICMP4_ECHO, s->ident,
			      SEQ));
		twin_pongs(&w, s, m);
		guest_talk(&g);
		CHECK_EQ(g.echoes, 1);
		CHECK(weir_addr_is_equal(&g.echo_from, far));
		m = g.pongs.last;
		CHECK_EQ(m->len, 64);
		CHECK(is_echo(m->b, m->len,
			      v6 ? WEIR_ICMP6_ECHO_REPLY
				 : WEIR_ICMP4_ECHO_REPLY,
			      ID, SEQ));
		done();
	}
}

static void idents_have_sockets_and_destinations_share_them(void **state)
{
	struct twin_sock *s[2];

	(void)state;
	world();
	ping(&far4, 1, 7, 8);
	s[0] = twin_find_kind(&w, TWIN_UDP);
	ping(&other4, 1, 8, 8);
	CHECK_EQ(w.n_open, 1);
	ping(&far4, 2, 9, 8);
	CHECK_EQ(w.n_open, 2);
	s[1] = twin_find_kind(&w, TWIN_UDP);
	ping(&far6, 1, 10, 8);
	CHECK_EQ(w.n_open, 3);
	/* the last first */
	twin_pongs(&w, s[1], s[1]->sent.first);
	guest_talk(&g);
	CHECK(is_echo(g.pongs.last->b, 16, WEIR_ICMP4_ECHO_REPLY, 2, 9));
	twin_pongs(&w, s[0], s[0]->sent.last);
	twin_pongs(&w, s[0], s[0]->sent.first);
	guest_talk(&g);
	CHECK_EQ(g.pongs.n, 3);
	CHECK(is_echo(g.pongs.last->b, 16, WEIR_ICMP4_ECHO_REPLY, 1, 7));
	CHECK(weir_addr_is_equal(&g.pongs.first->next->addr, &other4));
	CHECK(is_echo(g.pongs.first->next->b, 16, WEIR_ICMP4_ECHO_REPLY, 1, 8));
	done();
}

static void only_replies_of_those_who_were_asked_are_taken(void **state)
{
	uint8_t b[16] = { 0 };
	struct twin_sock *s;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 8);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &other4, 0, b, sizeof(b), 0);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_NO_FLOW), 1);
	/* a request, another code, a reply of the other family, half of one */
	b[0] = WEIR_ICMP4_ECHO;
	twin_gives_gram(&w, s, &far4, 0, b, sizeof(b), 0);
	b[0] = WEIR_ICMP4_ECHO_REPLY;
	b[1] = 1;
	twin_gives_gram(&w, s, &far4, 0, b, sizeof(b), 0);
	b[0] = WEIR_ICMP6_ECHO_REPLY;
	b[1] = 0;
	twin_gives_gram(&w, s, &far4, 0, b, sizeof(b), 0);
	b[0] = WEIR_ICMP4_ECHO_REPLY;
	for (size_t len = 0; len < 8; len++)
		twin_gives_gram(&w, s, &far4, 0, b, len, 0);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_ICMP), 3 + 8);
	CHECK_EQ(g.echoes, 0);
	twin_gives_gram(&w, s, &far4, 0, b, 8, 0);
	guest_talk(&g);
	CHECK_EQ(g.echoes, 1);
	done();
}

static void a_large_echo_passes_whole_or_in_parts(void **state)
{
	static const size_t size[] = { 0, 1, 1472, 1473, 9000, 60000, 65000 };

	(void)state;
	for (unsigned i = 0; i < 14; i++) {
		const struct weir_addr *far = i & 1 ? &far6 : &far4;
		size_t len = size[i / 2];
		struct twin_sock *s;

		twin_init(&w);
		w.charter.mtu = WEIR_MTU_MAX;
		begin();
		ping(far, ID, SEQ, len);
		s = twin_find_kind(&w, TWIN_UDP);
		CHECK(s && s->sent.n == 1 && s->sent.last->len == 8 + len);
		/* longer than the usual card takes: it may be cut */
		CHECK_EQ(s->sent.last->whole,
			 len + 8 + (i & 1 ? 40 : 20) <= 1500);
		twin_pongs(&w, s, s->sent.last);
		guest_talk(&g);
		CHECK(g.echoes == 1 && g.pongs.last->len == 8 + len);
		CHECK(is_echo(g.pongs.last->b, 8 + len,
			      i & 1 ? WEIR_ICMP6_ECHO_REPLY
				    : WEIR_ICMP4_ECHO_REPLY,
			      ID, SEQ));
		done();
	}
}

static void a_reply_larger_than_the_mtu_comes_in_parts(void **state)
{
	static uint8_t b[65000];
	struct twin_sock *s;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 56);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &far4, 0, b, sizeof(b), 0);
	guest_talk(&g);
	CHECK_EQ(g.echoes, 0);
	CHECK_EQ(g.fragments, (sizeof(b) + 1479) / 1480);
	done();
}

/* --- hops --- */

static void hops_are_one_less_and_the_last_ends_here(void **state)
{
	static const struct {
		uint8_t guest, sent; /* 0: as the socket says, 63 */
	} row[] = { { 64, 0 },  { 255, 254 }, { 128, 127 },
		    { 65, 64 }, { 63, 62 },   { 2, 1 } };
	struct twin_sock *s;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;

		world();
		for (unsigned i = 0; i < 6; i++) {
			struct guest_ip ip = { .to = *far,
					       .ttl = row[i].guest };

			guest_ping_frame(&g, &ip, ID, SEQ, 8, &f);
			guest_put(&g, &f);
			guest_talk(&g);
			s = twin_find_kind(&w, TWIN_UDP);
			CHECK_EQ(s->sent.n, i + 1);
			CHECK_EQ(s->sent.last->ttl, row[i].sent);
		}
		guest_ping_frame(&g, &(struct guest_ip){ .to = *far, .ttl = 1 },
				 ID, SEQ, 8, &f);
		guest_put(&g, &f);
		guest_talk(&g);
		CHECK_EQ(s->sent.n, 6);
		CHECK_EQ(g.errors, 1);
		CHECK_EQ(g.error_type,
			 v6 ? WEIR_ICMP6_EXCEEDED : WEIR_ICMP4_EXCEEDED);
		CHECK(weir_addr_is_equal(&g.told.last->addr,
					 v6 ? &w.charter.gateway6
					    : &w.charter.gateway4));
		done();
	}
}

/* --- errors --- */

/*
 * The last error, said by @from, quotes the guest's echo to @far: its own
 * header, ident and number, and the payload as far as it was known.
 */
static void quotes(const struct weir_addr *from, const struct weir_addr *far,
		   size_t len)
{
	const struct twin_gram *m = g.told.last;
	bool v6 = !weir_addr_is4(far);
	size_t head = v6 ? 40 : 20, at = 8 + head;
	const struct weir_addr *me = v6 ? &w.charter.guest6 : &w.charter.guest4;
	const uint8_t *ip = m->b + 8;

	CHECK(weir_addr_is_equal(&m->addr, from));
	CHECK_EQ(m->len, at + 8 + len);
	CHECK(memcmp(ip + (v6 ? 8 : 12), me->b + (v6 ? 0 : 12), v6 ? 16 : 4) ==
	      0);
	CHECK(memcmp(ip + (v6 ? 24 : 16), far->b + (v6 ? 0 : 12),
		     v6 ? 16 : 4) == 0);
	CHECK_EQ(ip[v6 ? 6 : 9], v6 ? 58 : 1);
	if (!v6)
		CHECK_EQ(look_fold(look_sum(0, ip, 20)), 0xffff);
	CHECK(is_echo(m->b + at, 8 + len,
		      v6 ? WEIR_ICMP6_ECHO : WEIR_ICMP4_ECHO, ID, SEQ));
	/* its sum is right as well, where all of it is there */
	if (be16(ip + (v6 ? 4 : 2)) + (v6 ? 40u : 0u) == head + 8 + len)
		CHECK_EQ(look_fold(
				 look_sum(v6 ? look_pseudo(me, far, 58, 8 + len)
					     : 0,
					  m->b + at, 8 + len)),
			 0xffff);
}

static void the_way_is_seen_hop_by_hop(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct weir_addr *router = v6 ? &router6 : &router4;
		const struct weir_errqueue_error e = { .known = true,
						       .why = WEIR_ICMP_WHY_TTL,
						       .from = *router };
		struct twin_sock *s;

		world();
		guest_ping_frame(&g, &(struct guest_ip){ .to = *far, .ttl = 2 },
				 ID, SEQ, 32, &f);
		guest_put(&g, &f);
		guest_talk(&g);
		s = twin_find_kind(&w, TWIN_UDP);
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		CHECK_EQ(g.errors, 1);
		CHECK_EQ(g.error_type,
			 v6 ? WEIR_ICMP6_EXCEEDED : WEIR_ICMP4_EXCEEDED);
		CHECK_EQ(g.error_code, 0);
		quotes(router, far, 32);
		CHECK_EQ(g.told.last->b[8 + (v6 ? 7 : 8)], 1); /* it expired */
		/* the next hop answers: the conversation is as it was */
		ping(far, ID, SEQ, 32);
		CHECK_EQ(s->sent.n, 2);
		twin_pongs(&w, s, s->sent.last);
		guest_talk(&g);
		CHECK_EQ(g.echoes, 1);
		done();
	}
}

static void what_the_network_says_is_said_to_the_guest(void **state)
{
	static const struct {
		enum weir_icmp_why why;
		uint8_t type4, code4, type6, code6;
	} row[] = {
		{ WEIR_ICMP_WHY_NET, 3, 0, 1, 0 },
		{ WEIR_ICMP_WHY_HOST, 3, 1, 1, 3 },
		{ WEIR_ICMP_WHY_PROTOCOL, 3, 2, 4, 1 },
		{ WEIR_ICMP_WHY_PROHIBITED, 3, 13, 1, 1 },
		{ WEIR_ICMP_WHY_REASSEMBLY, 11, 1, 3, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		bool v6 = i & 1;
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct weir_addr *router = v6 ? &router6 : &router4;
		const struct weir_errqueue_error e = { .known = true,
						       .why = row[i / 2].why,
						       .from = *router };
		struct twin_sock *s;

		world();
		ping(far, ID, SEQ, 16);
		s = twin_find_kind(&w, TWIN_UDP);
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		CHECK_EQ(g.errors, 1);
		CHECK_EQ(g.error_type,
			 v6 ? row[i / 2].type6 : row[i / 2].type4);
		CHECK_EQ(g.error_code,
			 v6 ? row[i / 2].code6 : row[i / 2].code4);
		quotes(router, far, 16);
		CHECK_EQ(g.told.last->b[8 + (v6 ? 7 : 8)], 64);
		done();
	}
}

static void a_way_that_is_too_narrow_says_how_narrow(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct weir_addr *router = v6 ? &router6 : &router4;
		const struct weir_errqueue_error e = {
			.known = true,
			.why = WEIR_ICMP_WHY_TOO_BIG,
			.mtu = 1400,
			.from = *router,
		};
		struct twin_sock *s;
		const uint8_t *m;

		world();
		ping(far, ID, SEQ, 1440);
		s = twin_find_kind(&w, TWIN_UDP);
		CHECK(s->sent.last->whole);
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		m = g.told.last->b;
		CHECK(v6 ? m[0] == WEIR_ICMP6_TOO_BIG
			 : m[0] == WEIR_ICMP4_UNREACHABLE && m[1] == 4);
		CHECK_EQ(be16(m + 6), 1400);
		quotes(router, far, v6 ? 1232 - 48 : 548 - 28);
		/* now the host knows: it refuses at once, and we say so */
		w.way_mtu = 1300;
		ping(far, ID, SEQ, 1440);
		CHECK_EQ(s->sent.n, 1);
		CHECK_EQ(g.errors, 2);
		m = g.told.last->b;
		CHECK_EQ(be16(m + 6), 1300);
		CHECK(weir_addr_is_equal(&g.told.last->addr,
					 v6 ? &w.charter.gateway6
					    : &w.charter.gateway4));
		CHECK_EQ(counted(WEIR_REASON_OVERSIZE), 1);
		CHECK(!s->errors.first);
		ping(far, ID, SEQ, 1200);
		CHECK_EQ(s->sent.n, 2);
		done();
	}
}

/* The kernel fails the next send of a socket for an error of another. */
static void an_error_of_one_destination_does_not_cost_the_others(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_HOST,
					       .from = router4 };
	struct twin_sock *s;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 16);
	s = twin_find_kind(&w, TWIN_UDP);
	/* in one turn: the error, a reply behind it, and a new echo */
	ping(&other4, ID, 5, 16);
	twin_pongs(&w, s, s->sent.last);
	twin_tells(&w, s, s->sent.first, &e);
	guest_ping_frame(&g, &(struct guest_ip){ .to = other4 }, ID, 6, 16, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.errors, 1);
	quotes(&router4, &far4, 16);
	CHECK_EQ(g.echoes, 1);
	CHECK_EQ(s->sent.n, 3);
	CHECK(is_echo(s->sent.last->b, 24, WEIR_ICMP4_ECHO, s->ident, 6));
	CHECK_EQ(counted(WEIR_REASON_UNREACHABLE), 0);
	done();
}

static void what_is_nobodys_is_not_told(void **state)
{
	const struct weir_errqueue_error host = { .known = true,
						  .why = WEIR_ICMP_WHY_HOST,
						  .from = router4 };
	const struct weir_errqueue_error odd = { .from = router4 };
	struct weir_errqueue_error here = host;
	struct twin_gram *m;
	struct twin_sock *s;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 16);
	s = twin_find_kind(&w, TWIN_UDP);
	m = s->sent.last;
	twin_tells(&w, s, m, &odd); /* nothing the guest could be told */
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_ICMP), 1);
	m->addr = other4; /* bound for where the guest never sent */
	twin_tells(&w, s, m, &host);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_NO_FLOW), 1);
	m->addr = far4;
	here.local = true; /* who sent it hears it at once */
	twin_tells(&w, s, m, &here);
	guest_talk(&g);
	CHECK_EQ(g.errors, 0);
	CHECK(!s->errors.first);
	/* cut short, even within its header, it is quoted as far as it goes */
	for (size_t len = 0; len < 8; len++) {
		m->len = len;
		twin_tells(&w, s, m, &host);
		guest_talk(&g);
		CHECK_EQ(g.errors, len + 1);
		CHECK_EQ(be16(g.told.last->b + 8 + 20 + 4), ID);
	}
	m->len = 24;
	done();
}

static void a_flood_of_errors_is_told_at_a_rate(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_HOST,
					       .from = router4 };
	struct twin_sock *s;
	unsigned before;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 16);
	s = twin_find_kind(&w, TWIN_UDP);
	for (unsigned i = 0; i < 5000; i++)
		twin_tells(&w, s, s->sent.last, &e);
	guest_talk(&g);
	CHECK(!s->errors.first);
	CHECK_EQ(g.errors, WEIR_DESK_ERRORS_BURST);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_RATE),
		 5000 - WEIR_DESK_ERRORS_BURST);
	guest_pass_ms(&g, 100);
	before = g.errors;
	for (unsigned i = 0; i < 5000; i++)
		twin_tells(&w, s, s->sent.last, &e);
	guest_talk(&g);
	CHECK_EQ(g.errors - before, WEIR_DESK_ERRORS_PER_S / 10);
	done();
}

/* --- refusals --- */

static void what_cannot_be_sent_is_told_or_counted(void **state)
{
	static const struct {
		int err;
		enum weir_reason why;
		uint8_t type, code; /* 0: not told */
	} row[] = {
		{ -EAGAIN, WEIR_REASON_LIMIT_UDP, 0, 0 },
		{ -ENOBUFS, WEIR_REASON_LIMIT_UDP, 0, 0 },
		{ -ENETUNREACH, WEIR_REASON_UNREACHABLE, 3, 1 },
		{ -EHOSTUNREACH, WEIR_REASON_UNREACHABLE, 3, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		twin_init(&w);
		w.post_err = row[i].err;
		begin();
		ping(&far4, ID, SEQ, 16);
		CHECK_EQ(counted(row[i].why), 1);
		CHECK_EQ(g.errors, row[i].type != 0);
		if (row[i].type) {
			CHECK_EQ(g.error_type, row[i].type);
			CHECK_EQ(g.error_code, row[i].code);
			quotes(&w.charter.gateway4, &far4, 16);
		}
		done();
	}
}

static void destinations_are_judged(void **state)
{
	const struct weir_addr loop = weir_addr_from4(0x7f000001);
	const struct weir_addr near = weir_addr_from4(0x0a0002ff);

	(void)state;
	twin_init(&w);
	w.policy[0] = "allow private";
	w.n_policy = 1;
	begin();
	ping(&far4, ID, SEQ, 16);
	CHECK(counted(WEIR_REASON_DEFAULT) == 1 && g.errors == 1);
	CHECK(g.error_type == 3 && g.error_code == 13);
	ping(&loop, ID, SEQ, 16);
	CHECK(counted(WEIR_REASON_MARTIAN) == 1 && g.errors == 2);
	ping(&near, ID, SEQ, 16); /* the subnet's broadcast */
	CHECK_EQ(g.errors, 2);
	CHECK_EQ(w.n_open, 0);
	done();
}

static unsigned notes(void)
{
	unsigned n = 0;

	for (struct twin_gram *m = w.said.first; m; m = m->next)
		n += m->kind == WEIR_MSG_NOTE;
	return n;
}

static void where_ping_is_forbidden_that_is_said_once(void **state)
{
	static const int err[] = { -EACCES, -EPERM };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		twin_init(&w);
		w.ping_err = err[i];
		begin();
		CHECK_EQ(notes(), 1);
		CHECK(strstr((const char *)w.said.first->b,
			     "ping_group_range"));
		for (unsigned k = 1; k < 4; k++) {
			ping(&far4, ID, SEQ, 16);
			CHECK(g.errors == k && g.error_type == 3 &&
			      g.error_code == 13);
		}
		CHECK_EQ(counted(WEIR_REASON_ICMP), 3);
		CHECK_EQ(notes(), 1);
		/* from the moment it may it works */
		w.ping_err = 0;
		ping(&far4, ID, SEQ, 16);
		CHECK(twin_find_kind(&w, TWIN_UDP));
		CHECK_EQ(g.errors, 3);
		done();
	}
	world();
	CHECK_EQ(notes(), 0);
	done();
}

static void without_descriptors_a_new_ident_is_refused(void **state)
{
	(void)state;
	twin_init(&w);
	w.max_socks = 1;
	begin();
	ping(&far4, 1, SEQ, 16);
	ping(&far4, 2, SEQ, 16);
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
	CHECK_EQ(g.errors, 1);
	ping(&other4, 1, SEQ, 16);
	CHECK_EQ(twin_find_kind(&w, TWIN_UDP)->sent.n, 2);
	done();
}

/* --- limits --- */

static void silence_closes_the_socket(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	ping(&far4, ID, SEQ, 16);
	s = twin_find_kind(&w, TWIN_UDP);
	guest_pass_ms(&g, 50000);
	twin_pongs(&w, s, s->sent.last);
	guest_pass_ms(&g, 58000);
	CHECK(s->open);
	guest_pass_ms(&g, 4000);
	CHECK(!s->open && w.n_open == 0);
	ping(&far4, ID, SEQ, 16);
	CHECK_EQ(w.n_open, 1);
	done();
}

static void idents_and_destinations_stay_within_their_limits(void **state)
{
	struct twin_sock *s;
	uint32_t i;

	(void)state;
	world();
	for (i = 0; i < WEIR_ECHO_IDENTS_MAX + 10; i++)
		ping(&far4, (uint16_t)i, SEQ, 0);
	CHECK_EQ(w.n_open, WEIR_ECHO_IDENTS_MAX);
	s = twin_find_kind(&w, TWIN_UDP);
	for (i = 0; i < WEIR_ECHO_CONVERSATIONS_MAX; i++) {
		struct weir_addr to = weir_addr_from4(0x5db80000 + i);

		ping(&to, (uint16_t)(WEIR_ECHO_IDENTS_MAX + 9), SEQ, 0);
	}
	/* those unused longest went, and their sockets */
	CHECK_EQ(w.n_open, 1);
	CHECK(s->open);
	CHECK_EQ(weir_pool_used(&w.house->echoes.assoc.conversations),
		 WEIR_ECHO_CONVERSATIONS_MAX);
	twin_pongs(&w, s, s->sent.last);
	guest_talk(&g);
	CHECK_EQ(g.echoes, 1);
	done();
}

static void a_rate_counts_echoes_both_ways(void **state)
{
	struct twin_sock *s;
	uint64_t lost;

	(void)state;
	twin_init(&w);
	w.charter.up = (struct weir_charter_rate){ .packets_per_s = 10 };
	w.charter.down = w.charter.up;
	begin();
	w.drop_frames = true;
	for (unsigned i = 0; i < 500; i++)
		ping(&far4, ID, SEQ, 16);
	s = twin_find_kind(&w, TWIN_UDP);
	lost = counted(WEIR_REASON_LIMIT_RATE);
	CHECK(s->sent.n >= 1 && s->sent.n <= 64); /* the burst */
	CHECK_EQ(s->sent.n + lost, 500);
	for (unsigned i = 0; i < 500; i++)
		twin_pongs(&w, s, s->sent.last);
	w.n_out = 0;
	twin_step(&w);
	CHECK(w.n_out >= 1 && w.n_out <= 64);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_RATE) - lost + w.n_out, 500);
	done();
}

/* Our own addresses answer for themselves; no socket is made. */
static void an_echo_to_the_gateway_stays_here(void **state)
{
	(void)state;
	world();
	ping(&w.charter.gateway4, ID, SEQ, 100);
	CHECK(is_echo(g.pongs.last->b, 108, WEIR_ICMP4_ECHO_REPLY, ID, SEQ));
	ping(&w.charter.dns6, ID, SEQ, 100);
	CHECK(is_echo(g.pongs.last->b, 108, WEIR_ICMP6_ECHO_REPLY, ID, SEQ));
	CHECK_EQ(w.n_open, 0);
	done();
}

/* A sum that is wrong goes no further than here. */
static void an_echo_with_a_wrong_sum_is_dropped(void **state)
{
	(void)state;
	world();
	guest_ping_frame(&g, &(struct guest_ip){ .to = far4 }, ID, SEQ, 16, &f);
	f.b[f.len - 1] ^= 1;
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_CSUM), 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

T_MAIN(T(an_echo_comes_back_as_it_went),
       T(idents_have_sockets_and_destinations_share_them),
       T(only_replies_of_those_who_were_asked_are_taken),
       T(a_large_echo_passes_whole_or_in_parts),
       T(a_reply_larger_than_the_mtu_comes_in_parts),
       T(hops_are_one_less_and_the_last_ends_here),
       T(the_way_is_seen_hop_by_hop),
       T(what_the_network_says_is_said_to_the_guest),
       T(a_way_that_is_too_narrow_says_how_narrow),
       T(an_error_of_one_destination_does_not_cost_the_others),
       T(what_is_nobodys_is_not_told), T(a_flood_of_errors_is_told_at_a_rate),
       T(what_cannot_be_sent_is_told_or_counted), T(destinations_are_judged),
       T(where_ping_is_forbidden_that_is_said_once),
       T(without_descriptors_a_new_ident_is_refused),
       T(silence_closes_the_socket),
       T(idents_and_destinations_stay_within_their_limits),
       T(a_rate_counts_echoes_both_ways), T(an_echo_to_the_gateway_stays_here),
       T(an_echo_with_a_wrong_sum_is_dropped))
