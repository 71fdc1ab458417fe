/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_card.c - a guest at a socket that is silent, goes, or takes nothing
 *
 *	engine ── link ══ peer     a datagram pair of the kernel's, in
 *	                           virtual time
 */
#include "dnsbits.h"
#include "packet/arp.h"
#include "packet/eth.h"
#include "scene.h"

#include <sys/socket.h>
#include <unistd.h>

#define SECOND_MS 1000u

static int peer; /* the guest's end */

static void plug(int type)
{
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s), 0);
	w.link_sock = s[0];
	peer = s[1];
}

static void unplug(void)
{
	close(w.link_sock);
	close(peer);
}

static void world_at(int type, enum weir_charter_link link)
{
	twin_init(&w);
	w.charter.link = link;
	w.charter.has6 = false; /* it would say something by itself */
	plug(type);
	begin();
	CHECK_EQ(said(WEIR_MSG_READY), 1);
}

/* The next frame for the guest; Return: its bytes, 0: there is none. */
static size_t hear(uint8_t b[2048])
{
	ssize_t n = recv(peer, b, 2048, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* How many frames came: all announcements of the gateway (RFC 5227 3). */
static unsigned asked(void)
{
	uint8_t b[2048];
	unsigned count = 0;

	for (size_t n = hear(b); n; n = hear(b), count++) {
		struct weir_rd in = weir_rd_over(b, n);
		struct weir_eth eth;
		struct weir_arp arp;

		CHECK_EQ(weir_eth_parse(&in, &eth), WEIR_REASON_NONE);
		CHECK_EQ(eth.type, WEIR_ETH_ARP);
		CHECK(weir_mac_is_equal(&eth.dst, &w.charter.guest_mac));
		CHECK_EQ(weir_arp_parse(&in, &arp), WEIR_REASON_NONE);
		CHECK_EQ(arp.op, WEIR_ARP_REQUEST);
		CHECK(weir_mac_is_equal(&arp.from_mac, &w.charter.gateway_mac));
		CHECK(weir_addr_is_equal(&arp.from, &w.charter.gateway4));
		CHECK(weir_addr_is_equal(&arp.to, &w.charter.gateway4));
	}
	return count;
}

/* What the guest has put goes its way. */
static void carry(void)
{
	while (w.frames.first) {
		const struct twin_gram *f = w.frames.first;

		CHECK(send(peer, f->b + WEIR_VNET_BYTES,
			   f->len - WEIR_VNET_BYTES, 0) > 0);
		twin_list_drop(&w.frames);
	}
	twin_step(&w);
}

static void pass_ms(uint64_t ms)
{
	twin_pass_us(&w, ms * 1000);
}

static void a_silent_guest_is_looked_for_every_2_seconds(void **state)
{
	(void)state;
	world_at(SOCK_DGRAM, WEIR_CHARTER_DGRAM);
	pass_ms(1999);
	CHECK_EQ(asked(), 0);
	pass_ms(1);
	CHECK_EQ(asked(), 1);
	pass_ms(20 * SECOND_MS);
	CHECK_EQ(asked(), 10);
	/* not one that was heard */
	for (unsigned i = 0; i < 10; i++) {
		pass_ms(1500);
		CHECK_EQ(send(peer, "anything", 8, 0), 8);
		twin_step(&w);
	}
	CHECK_EQ(asked(), 0);
	pass_ms(2 * SECOND_MS);
	CHECK_EQ(asked(), 1);
	done();
	unplug();
}

static void a_guest_at_a_stream_is_not_looked_for(void **state)
{
	uint8_t b[2048];
	uint64_t wakes;

	(void)state;
	world_at(SOCK_STREAM, WEIR_CHARTER_STREAM);
	wakes = w.wakes;
	pass_ms(3600 * SECOND_MS);
	CHECK_EQ(w.wakes, wakes);
	CHECK_EQ(hear(b), 0);
	close(peer); /* that tells it */
	twin_step(&w);
	CHECK_EQ(said(WEIR_MSG_UNLINK), 1);
	done();
	close(w.link_sock);
}

static void a_guest_that_has_gone_is_missed_and_another_may_come(void **state)
{
	uint64_t wakes;

	(void)state;
	world_at(SOCK_DGRAM, WEIR_CHARTER_DGRAM);
	for (unsigned i = 1; i < 4; i++) {
		close(peer);
		pass_ms(1999);
		CHECK_EQ(said(WEIR_MSG_UNLINK), i - 1);
		pass_ms(1);
		CHECK_EQ(said(WEIR_MSG_UNLINK), i);
		wakes = w.wakes;
		pass_ms(60 * SECOND_MS);
		CHECK_EQ(w.wakes, wakes); /* nobody is there */
		close(w.link_sock);
		plug(SOCK_DGRAM);
		twin_order(&w, WEIR_MSG_LINK, "", 0);
		twin_step(&w);
		CHECK_EQ(said(WEIR_MSG_READY), i + 1);
		pass_ms(2 * SECOND_MS);
		CHECK_EQ(asked(), 1);
		pass_ms(0);
	}
	CHECK_EQ(said(WEIR_MSG_FAILED), 0);
	done();
	unplug();
}

/* The rooms of a guest go with it; what is counted is of all of them. */
static void the_questions_of_all_guests_are_counted(void **state)
{
	static struct guest_frame f;
	uint8_t q[512];
	struct weir_summary s;

	(void)state;
	world_at(SOCK_DGRAM, WEIR_CHARTER_DGRAM);
	for (unsigned i = 1; i < 4; i++) {
		for (unsigned n = 0; n < 10; n++) {
			char name[] = "a.example.org";
			size_t len;

			name[0] = (char)('a' + n);
			len = dnsbits_ask(q, (uint16_t)n, name, WEIR_DNS_A);
			guest_udp_frame(&g,
					&(struct guest_ip){
						.to = w.charter.dns4 },
					5000, 53, q, len, &f);
			guest_put(&g, &f);
		}
		carry();
		s = twin_summary(&w);
		CHECK_EQ(s.dns_questions, 10 * i);
		CHECK(s.dns_sent >= 10 * i); /* nobody answers: again */
		close(peer);
		pass_ms(3 * SECOND_MS);
		CHECK_EQ(said(WEIR_MSG_UNLINK), i);
		/* while nobody is there, too */
		s = twin_summary(&w);
		CHECK_EQ(s.dns_questions, 10 * i);
		close(w.link_sock);
		plug(SOCK_DGRAM);
		twin_order(&w, WEIR_MSG_LINK, "", 0);
		twin_step(&w);
	}
	done();
	unplug();
}

/* It is not asked on top of what it has not read. */
static void a_guest_that_takes_nothing_is_not_asked_more(void **state)
{
	const struct weir_backlog *waits;
	const int room = 5000;
	unsigned n;

	(void)state;
	world_at(SOCK_DGRAM, WEIR_CHARTER_DGRAM);
	CHECK_EQ(setsockopt(w.link_sock, SOL_SOCKET, SO_SNDBUF, &room,
			    sizeof(room)),
		 0);
	waits = &w.house->card.of.dgram.out;
	for (n = 0; waits->len == 0; n++) {
		CHECK(n < 100);
		pass_ms(2 * SECOND_MS);
	}
	pass_ms(3600 * SECOND_MS);
	CHECK_EQ(waits->len, 4 + WEIR_ETH_HEADER_BYTES + WEIR_ARP_BYTES);
	CHECK_EQ(asked(), n - 1);
	twin_step(&w); /* there is room: the last one comes */
	CHECK_EQ(asked(), 1);
	pass_ms(20 * SECOND_MS);
	CHECK_EQ(asked(), 10);
	done();
	unplug();
}

/* A guest that has gone is a link that takes nothing any more. */
static void flows_of_a_guest_that_has_gone_end_at_once(void **state)
{
	struct guest_conn many[8];

	(void)state;
	world_at(SOCK_DGRAM, WEIR_CHARTER_DGRAM);
	for (unsigned i = 0; i < 8; i++) {
		guest_conn_init(&g, &many[i], &far4, 80);
		guest_syn(&g, &many[i]);
		carry();
	}
	CHECK_EQ(w.n_open, 8);
	close(peer);
	pass_ms(2 * SECOND_MS);
	CHECK_EQ(said(WEIR_MSG_UNLINK), 1);
	CHECK_EQ(w.n_open, 0);
	done();
	close(w.link_sock);
	for (unsigned i = 0; i < 8; i++)
		guest_conn_fini(&g, &many[i]);
}

static void a_link_that_takes_nothing_holds_no_end_up(void **state)
{
	static struct guest_conn many[8];
	static uint8_t bytes[20000];

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		twin_init(&w);
		w.link_waits = true;
		begin();
		for (unsigned i = 0; i < 8; i++)
			CHECK(guest_connect(&g, &many[i], &far4, 80));
		w.link_room = 0;
		for (unsigned i = 0; i < 8; i++) {
			uint16_t port = many[i].fport;

			twin_tcp_gives(&w, twin_find(&w, port), bytes,
				       sizeof(bytes));
		}
		pass_ms(SECOND_MS);
		if (way == 0) {
			twin_order(&w, WEIR_MSG_STOP, "", 0);
			twin_step(&w);
			ended(0);
		} else {
			w.control_gone = true;
			twin_step(&w);
			ended(1);
		}
		for (unsigned i = 0; i < 8; i++)
			guest_conn_fini(&g, &many[i]);
	}
}

T_MAIN(T(a_silent_guest_is_looked_for_every_2_seconds),
       T(a_guest_at_a_stream_is_not_looked_for),
       T(a_guest_that_has_gone_is_missed_and_another_may_come),
       T(the_questions_of_all_guests_are_counted),
       T(a_guest_that_takes_nothing_is_not_asked_more),
       T(flows_of_a_guest_that_has_gone_end_at_once),
       T(a_link_that_takes_nothing_holds_no_end_up))
