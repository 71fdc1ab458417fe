/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cross_link.c - the proxy and guests that come and go
 *
 *	engine ── link ══ peer     a datagram pair of the kernel's; who is at
 *	                           its end may hang up, and another come
 */
#include "crossed.h"
#include "dnsbits.h"

#include <sys/socket.h>
#include <unistd.h>

#define GONE_MS 3000u /* by then it is missed */

static int peer; /* the guest's end */

static void plug(void)
{
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s), 0);
	w.link_sock = s[0];
	peer = s[1];
}

static void unplug(void)
{
	close(w.link_sock);
	close(peer);
}

static void world_of_guests(void)
{
	policy("intercept 443", "intercept 853");
	w.policy[w.n_policy++] = "allow public";
	w.charter.link = WEIR_CHARTER_DGRAM;
	w.charter.offload = 0;
	w.charter.has6 = false;
	w.charter.events = WEIR_EVENT_ALL & ~WEIR_EVENT_BIT(WEIR_EVENT_START);
	w.charter.n_upstreams = 1;
	snprintf(w.charter.upstream[0].name, sizeof(w.charter.upstream[0].name),
		 "dns.example");
	plug();
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
}

/* What the engine sent is what the guest of the twin hears. */
static bool bring(void)
{
	struct look *f = calloc(1, sizeof(*f) + 4096);
	const char *why;
	ssize_t n;

	CHECK(f != NULL);
	f->b[WEIR_VNET_BYTES - 2] = 1; /* num_buffers, as every frame has it */
	n = recv(peer, f->b + WEIR_VNET_BYTES, 4000, MSG_DONTWAIT);
	if (n <= 0) {
		free(f);
		return false;
	}
	f->len = (size_t)n + WEIR_VNET_BYTES;
	why = look_at(f, &w.charter);
	if (why)
		twin_wrong(&w, why);
	if (w.out_last)
		w.out_last->next = f;
	else
		w.out = f;
	w.out_last = f;
	return true;
}

/* guest_talk() by the socket */
static void talk(void)
{
	do {
		while (w.frames.first) {
			const struct twin_gram *f = w.frames.first;

			CHECK(send(peer, f->b + WEIR_VNET_BYTES,
				   f->len - WEIR_VNET_BYTES, 0) > 0);
			twin_list_drop(&w.frames);
		}
		twin_step(&w);
		while (bring())
			;
	} while (guest_hear(&g));
}

/* @conn connects, and shows a name where there is room for one. */
static void opens(struct guest_conn *conn, uint16_t port)
{
	struct hello h = hello_of("www.example.com", 0);

	guest_conn_init(&g, conn, &far4, port);
	guest_syn(&g, conn);
	talk();
	CHECK_EQ(conn->synacks, 1);
	guest_segment(&g, conn, WEIR_TCP_ACK, NULL, 0);
	if (port == 443)
		guest_segment(&g, conn, WEIR_TCP_ACK, h.b, h.len);
	talk();
}

/* The guest hangs up; Return: so many times by now. */
static unsigned leaves(void)
{
	close(peer);
	twin_pass_us(&w, GONE_MS * 1000ull);
	close(w.link_sock);
	return said(WEIR_MSG_UNLINK);
}

static void another_comes(void)
{
	plug();
	twin_order(&w, WEIR_MSG_LINK, "", 0);
	twin_step(&w);
}

static void what_a_guest_had_open_ends_with_it(void **state)
{
	struct twin_sock *line, *up;
	struct given x;
	uint8_t q[512];
	size_t len = dnsbits_ask(q, 1, "www.example.com", WEIR_DNS_A);

	(void)state;
	world_of_guests();
	opens(&c, 443);
	x = last();
	opens(&more[0], 853);
	line = last().host;
	twin_writes(&w, line, q, len);
	talk();
	CHECK_EQ(n_given(), 3);
	up = last().guest;
	CHECK_EQ(up->sent.n, 1);
	CHECK_EQ(leaves(), 1);
	CHECK(!x.guest->open && !line->open && !up->open);
	CHECK_EQ(w.n_open, 1);
	CHECK(proxy->open);
	/* the next one is served as well */
	another_comes();
	opens(&more[1], 443);
	CHECK_EQ(n_given(), 4);
	CHECK(last().guest->open);
	opens(&more[2], 853);
	CHECK_EQ(n_given(), 5);
	line = last().host;
	twin_writes(&w, line, q, len);
	talk();
	CHECK_EQ(n_given(), 6);
	done();
	unplug();
}

static void what_is_said_while_nobody_is_there_harms_none(void **state)
{
	struct given x;

	(void)state;
	world_of_guests();
	opens(&c, 443);
	x = last();
	CHECK_EQ(leaves(), 1);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	twin_step(&w);
	CHECK(!proxy->come.first);
	twin_dies(&w, proxy);
	twin_step(&w);
	CHECK_EQ(w.n_open, 0);
	proxy = twin_proxy(&w);
	twin_step(&w);
	another_comes();
	opens(&more[0], 443);
	CHECK_EQ(n_given(), 1);
	done();
	unplug();
}

/* A host may take its time, and its guest be another one by then. */
static void what_is_said_of_the_one_before_harms_not_the_next(void **state)
{
	struct given x, y;

	(void)state;
	world_of_guests();
	opens(&c, 443);
	x = last();
	CHECK_EQ(leaves(), 1);
	another_comes();
	opens(&more[0], 443);
	y = last();
	CHECK(x.guest != y.guest && y.guest->open);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	talk();
	twin_tcp_gives(&w, y.guest, "fine", 4);
	twin_tcp_ends(&w, y.guest);
	talk();
	CHECK_EQ(more[0].in.len, 4);
	CHECK(more[0].fin && !more[0].rst);
	CHECK(x.x.flow != y.x.flow);
	done();
	unplug();
}

static void a_proxy_that_was_full_is_not_so_for_ever(void **state)
{
	struct given x;

	(void)state;
	world_of_guests();
	proxy->space = 0;
	opens(&c, 443);
	CHECK_EQ(leaves(), 1);
	CHECK_EQ(w.n_open, 1);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	twin_step(&w);
	another_comes();
	opens(&more[0], 443);
	CHECK_EQ(n_given(), 1);
	x = last();
	CHECK(x.guest->open);
	done();
	unplug();
}

T_MAIN(T(what_a_guest_had_open_ends_with_it),
       T(what_is_said_while_nobody_is_there_harms_none),
       T(what_is_said_of_the_one_before_harms_not_the_next),
       T(a_proxy_that_was_full_is_not_so_for_ever))
