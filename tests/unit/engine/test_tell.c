/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tell.c - what the log hears of, through the whole engine
 *
 * Every denial is one event and one counter; a conversation that opened is
 * told twice, at its beginning and its end.
 */
#include "dnsbits.h"
#include "packet/ipv4.h"
#include "record/event.h"
#include "scene.h"

#define EVENTS_MAX 64u

static struct weir_event event[EVENTS_MAX];
static unsigned n_events;

static void policy(const char *first, const char *second)
{
	twin_init(&w);
	w.charter.events = UINT32_MAX;
	w.policy[0] = first;
	w.policy[1] = second;
	w.n_policy = second ? 2 : 1;
	begin();
}

static void pin(const struct weir_addr *a, const char *text)
{
	/* nothing else runs now */
	struct weir_house *h = (struct weir_house *)(uintptr_t)w.house;
	struct weir_dns_name name;

	CHECK(weir_dns_name_from_text(text, strlen(text), &name));
	weir_pins_add(&h->pins, a, &name, 300, h->now_us);
}

/* All that was told so far, of one kind or (NONE) of every. */
static unsigned hear(enum weir_event_kind kind)
{
	n_events = 0;
	for (struct twin_gram *m = w.said.first; m; m = m->next) {
		struct weir_rd in = weir_rd_over(m->b, m->len);

		while (m->kind == WEIR_MSG_EVENTS && in.left) {
			uint16_t len = weir_rd_be16(&in);
			struct weir_rd one = weir_rd_sub(&in, len);

			CHECK(n_events < EVENTS_MAX);
			CHECK(weir_event_parse(&one, &event[n_events]));
			if (kind == WEIR_EVENT_NONE ||
			    event[n_events].kind == kind)
				n_events++;
		}
	}
	return n_events;
}

static void send_datagram(const struct weir_addr *to, uint16_t port)
{
	static struct guest_frame f;

	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, 4000, port,
			(const uint8_t *)"x", 1, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void ask(const char *name)
{
	static struct guest_frame f;
	uint8_t q[512];
	size_t len = dnsbits_ask(q, 7, name, WEIR_DNS_A);

	guest_udp_frame(&g, &(struct guest_ip){ .to = w.charter.dns4 }, 4000,
			53, q, len, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void answer(const struct weir_addr *addr)
{
	struct twin_sock *s = twin_find_kind(&w, TWIN_DNS);
	uint8_t a[512];
	size_t len;

	CHECK(s && s->sent.last);
	len = dnsbits_answer(a, s->sent.last->b, s->sent.last->len, addr, 0);
	twin_gives_gram(&w, s, &s->to, s->port, a, len, 0);
	guest_talk(&g);
}

/* --- what is denied --- */

static void syn_rule(void)
{
	policy("deny any", NULL);
	CHECK(!guest_connect(&g, &c, &far4, 80));
}

static void syn_default(void)
{
	policy("allow private", NULL);
	CHECK(!guest_connect(&g, &c, &far4, 80));
}

static void syn_bounds(void)
{
	policy("bounds deny tcp any:80", "allow any");
	CHECK(!guest_connect(&g, &c, &far4, 80));
}

static void syn_no_pin(void)
{
	policy("allow tcp a.example:80", NULL);
	CHECK(!guest_connect(&g, &c, &far4, 80));
}

static void syn_dot(void)
{
	policy("allow public", NULL);
	CHECK(!guest_connect(&g, &c, &far4, 853));
}

static void syn_martian(void)
{
	const struct weir_addr loop = weir_addr_from4(0x7f000001);

	policy("allow any", NULL);
	CHECK(!guest_connect(&g, &c, &loop, 80));
}

static void name_required(void)
{
	policy("allow tcp a.example:443", NULL);
	pin(&far4, "a.example");
	CHECK(guest_connect(&g, &c, &far4, 443));
	(void)guest_send(&g, &c, (const uint8_t *)"\1\2\3", 3);
}

static void shown_mismatch(void)
{
	static const char ask_for[] =
		"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n";

	policy("allow tcp a.example:8080", NULL);
	pin(&far4, "a.example");
	CHECK(guest_connect(&g, &c, &far4, 8080));
	(void)guest_send(&g, &c, (const uint8_t *)ask_for, strlen(ask_for));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, 3000);
}

static void bad_head(void)
{
	static const char two[] =
		"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b\r\n\r\n";

	policy("allow tcp a.example:80", NULL);
	pin(&far4, "a.example");
	CHECK(guest_connect(&g, &c, &far4, 80));
	(void)guest_send(&g, &c, (const uint8_t *)two, strlen(two));
}

static void datagram_rule(void)
{
	policy("deny udp any", "allow any");
	send_datagram(&far4, 4000);
}

static void datagram_multicast(void)
{
	const struct weir_addr group = weir_addr_from4(0xe00000fb);

	policy("allow any", NULL);
	send_datagram(&group, 4000);
}

static void echo_rule(void)
{
	static struct guest_frame f;

	policy("deny icmp any", "allow any");
	guest_echo_frame(&g, &(struct guest_ip){ .to = far4 }, 8, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void question_rule(void)
{
	policy("deny a.example", "allow public");
	ask("a.example");
}

static void question_dns_off(void)
{
	policy("deny dns", "allow public");
	ask("a.example");
}

static void answer_rebind(void)
{
	const struct weir_addr near = weir_addr_from4(0x0a010203);

	policy("allow public", NULL);
	w.policy_flags = WEIR_IMAGE_REBIND;
	ask("a.example");
	answer(&near);
}

static void revised(void)
{
	policy("allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 80));
	w.policy[0] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
}

static void revised_datagram(void)
{
	policy("allow public", NULL);
	send_datagram(&far4, 4000);
	w.policy[0] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
}

static void each_denial_is_one_event_and_one_counter(void **state)
{
	static const struct {
		void (*provoke)(void);
		enum weir_reason why;
		enum weir_event_by by;
		uint8_t protocol; /* 0: a name */
	} row[] = {
		{ syn_rule, WEIR_REASON_RULE, WEIR_EVENT_BY_RULE, 6 },
		{ syn_default, WEIR_REASON_DEFAULT, WEIR_EVENT_BY_DEFAULT, 6 },
		{ syn_bounds, WEIR_REASON_BOUNDS, WEIR_EVENT_BY_BOUNDS, 6 },
		{ syn_no_pin, WEIR_REASON_NO_PIN, WEIR_EVENT_BY_DEFAULT, 6 },
		{ syn_dot, WEIR_REASON_DOT, WEIR_EVENT_BY_NOTHING, 6 },
		{ syn_martian, WEIR_REASON_MARTIAN, WEIR_EVENT_BY_NOTHING, 6 },
		{ name_required, WEIR_REASON_NAME_REQUIRED,
		  WEIR_EVENT_BY_DEFAULT, 6 },
		{ shown_mismatch, WEIR_REASON_SHOWN_MISMATCH,
		  WEIR_EVENT_BY_DEFAULT, 6 },
		{ bad_head, WEIR_REASON_BAD_HEAD, WEIR_EVENT_BY_NOTHING, 6 },
		{ datagram_rule, WEIR_REASON_RULE, WEIR_EVENT_BY_RULE, 17 },
		{ datagram_multicast, WEIR_REASON_MULTICAST,
		  WEIR_EVENT_BY_NOTHING, 17 },
		{ echo_rule, WEIR_REASON_RULE, WEIR_EVENT_BY_RULE, 1 },
		{ question_rule, WEIR_REASON_RULE, WEIR_EVENT_BY_RULE, 0 },
		{ question_dns_off, WEIR_REASON_DNS_OFF, WEIR_EVENT_BY_RULE,
		  0 },
		{ answer_rebind, WEIR_REASON_REBIND, WEIR_EVENT_BY_NOTHING, 0 },
		{ revised, WEIR_REASON_POLICY_CHANGED, WEIR_EVENT_BY_RULE, 6 },
		{ revised_datagram, WEIR_REASON_POLICY_CHANGED,
		  WEIR_EVENT_BY_RULE, 17 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		unsigned n;

		row[i].provoke();
		guest_talk(&g);
		n = hear(WEIR_EVENT_DENY);
		if (n != 1 || counted(row[i].why) != 1)
			fail_msg("row %u: %u events, %llu counted", i, n,
				 (unsigned long long)counted(row[i].why));
		CHECK_EQ(event[0].reason, row[i].why);
		CHECK_EQ(event[0].by, row[i].by);
		CHECK_EQ(event[0].verdict, 'd');
		CHECK_EQ(event[0].protocol, row[i].protocol);
		if (row[i].by == WEIR_EVENT_BY_RULE)
			CHECK(event[0].has & WEIR_EVENT_HAS_TEXT);
		done();
	}
}

/* --- what opens and ends --- */

static void a_connection_is_told_twice(void **state)
{
	(void)state;
	policy("allow public", NULL);
	w.rule[w.n_rules++] = (struct twin_rule){ .echo = true };
	pin(&far4, "a.example");
	CHECK(guest_connect(&g, &c, &far4, 80));
	CHECK(guest_send(&g, &c, (const uint8_t *)"abc", 3));
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(hear(WEIR_EVENT_NONE), 2);
	CHECK_EQ(event[0].kind, WEIR_EVENT_FLOW_OPEN);
	CHECK_EQ(event[0].rule, 1);
	CHECK(strcmp(event[0].text, "allow public") == 0);
	CHECK_EQ(event[0].n_names, 1);
	CHECK(strcmp(event[0].names[0], "a.example") == 0);
	CHECK_EQ(event[1].kind, WEIR_EVENT_FLOW_CLOSE);
	CHECK_EQ(event[1].flow, event[0].flow);
	CHECK_EQ(event[1].up, 3);
	CHECK_EQ(event[1].reason, WEIR_REASON_GUEST_RESET);
	CHECK_EQ(event[1].dport, 80);
	done();
}

static void a_connection_that_never_was_is_not_told(void **state)
{
	(void)state;
	policy("allow public", NULL);
	w.rule[w.n_rules++] = (struct twin_rule){ .how = TWIN_FAIL_NOW,
						  .err = -ECONNREFUSED };
	CHECK(!guest_connect(&g, &c, &far4, 80));
	CHECK_EQ(hear(WEIR_EVENT_NONE), 0);
	done();
}

static void datagrams_are_told_with_their_counts(void **state)
{
	(void)state;
	policy("allow public", NULL);
	send_datagram(&far4, 4000);
	send_datagram(&far4, 4000);
	CHECK_EQ(hear(WEIR_EVENT_NONE), 1);
	CHECK_EQ(event[0].kind, WEIR_EVENT_FLOW_OPEN);
	guest_pass_ms(&g, 70000);
	CHECK_EQ(hear(WEIR_EVENT_NONE), 2);
	CHECK_EQ(event[1].kind, WEIR_EVENT_FLOW_CLOSE);
	CHECK_EQ(event[1].reason, WEIR_REASON_IDLE);
	CHECK_EQ(event[1].up, 2);
	CHECK_EQ(event[1].up_packets, 2);
	CHECK_EQ(event[1].flow, event[0].flow);
	done();
}

static void questions_are_told_with_their_answers(void **state)
{
	(void)state;
	policy("allow public", NULL);
	ask("A.Example");
	answer(&far4);
	ask("a.example");
	CHECK_EQ(hear(WEIR_EVENT_DNS), 2);
	CHECK(strcmp(event[0].name, "a.example") == 0);
	CHECK_EQ(event[0].type, WEIR_DNS_A);
	CHECK_EQ(event[0].rcode, 0);
	CHECK_EQ(event[0].answers, 1);
	CHECK(!event[0].cached && event[1].cached);
	done();
}

static void nothing_is_told_where_nobody_listens(void **state)
{
	(void)state;
	policy("deny tcp any", "allow any");
	w.charter.events = 0;
	done();
	twin_init(&w);
	w.policy[0] = "deny any";
	w.n_policy = 1;
	begin();
	CHECK(!guest_connect(&g, &c, &far4, 80));
	CHECK_EQ(hear(WEIR_EVENT_NONE), 0);
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	done();
}

static void the_last_events_come_before_the_last_word(void **state)
{
	const struct twin_gram *m;
	bool bye = false;

	(void)state;
	policy("allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 80));
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK_EQ(hear(WEIR_EVENT_FLOW_CLOSE), 1);
	CHECK_EQ(event[0].reason, WEIR_REASON_SHUTDOWN);
	for (m = w.said.first; m; m = m->next) {
		if (bye)
			CHECK(m->kind != WEIR_MSG_EVENTS);
		bye = bye || m->kind == WEIR_MSG_BYE;
	}
	CHECK(bye);
	pthread_join(w.thread, NULL);
	CHECK(twin_settle(&w) == NULL);
	guest_fini(&g);
}

T_MAIN(T(each_denial_is_one_event_and_one_counter),
       T(a_connection_is_told_twice),
       T(a_connection_that_never_was_is_not_told),
       T(datagrams_are_told_with_their_counts),
       T(questions_are_told_with_their_answers),
       T(nothing_is_told_where_nobody_listens),
       T(the_last_events_come_before_the_last_word))
