/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tally.c - every reason is reached, or said not to be yet
 *
 * One function for each reason of base/reason.h that something in the house
 * counts today.  A reason that is added to the list must be added here, too.
 */
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "scene.h"

/* where things lie in an IPv4 frame with its virtio header */
#define ETH 12u
#define IP  (ETH + 14u)
#define L4  (IP + 20u)

static struct guest_frame f;

/* --- one frame, broken in one place --- */

static void make_syn(void)
{
	const struct weir_tcp syn = { .sport = 4000,
				      .dport = 80,
				      .flags = WEIR_TCP_SYN,
				      .mss = 1460,
				      .wscale = -1 };

	guest_tcp_frame(&g, &(struct guest_ip){ .to = far4 }, &syn, NULL, 0,
			&f);
}

static void break_syn(size_t at, uint8_t to, bool resum)
{
	world();
	make_syn();
	f.b[at] = to;
	if (resum)
		guest_resum(&f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void is_short(void)
{
	world();
	twin_frame(&w, "short", 5);
}

static void vnet_header(void)
{
	break_syn(0, 0x80, false);
}

static void ethertype(void)
{
	break_syn(ETH + 12, 0x81, false);
}

static void not_for_us(void)
{
	break_syn(ETH + 5, 9, false);
}

static void spoofed_mac(void)
{
	break_syn(ETH + 11, 9, false);
}

static void spoofed_source(void)
{
	break_syn(IP + 15, 99, true);
}

static void ip_header(void)
{
	break_syn(IP, 0x55, false);
}

static void csum(void)
{
	break_syn(L4 + 16, 0xa5, false);
}

/* It ends beyond any packet. */
static void fragment(void)
{
	world();
	make_syn();
	f.b[IP + 6] = 0x1f;
	f.b[IP + 7] = 0xff;
	guest_resum(&f);
	guest_put(&g, &f);
}

/* The 64 bytes from @at on, and more to come. */
static void part(uint8_t id, uint8_t at)
{
	static const uint8_t b[64];

	guest_ip(&g, &(struct guest_ip){ .to = far4, .proto = WEIR_PROTO_UDP },
		 b, sizeof(b), &f);
	f.b[IP + 5] = id;
	f.b[IP + 6] = 0x20;
	f.b[IP + 7] = at / 8;
	guest_resum(&f);
	guest_put(&g, &f);
}

static void fragment_overlap(void)
{
	world();
	part(1, 0);
	part(1, 32);
}

/* One more that is not finished: the first one goes. */
static void fragment_limit(void)
{
	world();
	for (unsigned i = 0; i <= WEIR_FRAG_DATAGRAMS_MAX; i++)
		part((uint8_t)i, 0);
}

static void tcp_header(void)
{
	break_syn(L4 + 12, 0x10, true);
}

static void tcp_options(void)
{
	break_syn(L4 + 21, 0, true);
}

static void icmp(void)
{
	break_syn(IP + 9, 132, true);
}

static void datagram(const struct weir_addr *to, uint16_t sport, uint16_t dport)
{
	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, sport, dport,
			(const uint8_t *)"x", 1, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void udp_length(void)
{
	world();
	datagram(&far4, 0, 7);
}

static void dhcp(void)
{
	world();
	datagram(&w.charter.gateway4, 68, 67);
}

static void dns_form(void)
{
	world();
	datagram(&far4, 5000, 53);
}

static void nd(void)
{
	world();
	guest_echo_frame(&g, &(struct guest_ip){ .to = w.charter.gateway6 }, 16,
			 &f);
	f.b[IP + 40] = WEIR_ICMP6_NS;
	guest_resum(&f);
	guest_put(&g, &f);
}

/* --- verdicts --- */

static void is_default(void)
{
	world();
	CHECK(!guest_connect(&g, &c, &w.charter.gateway4, 80));
}

static void martian(void)
{
	const struct weir_addr loop = weir_addr_from4(0x7f000001);

	world();
	CHECK(!guest_connect(&g, &c, &loop, 80));
}

static void multicast(void)
{
	const struct weir_addr group = weir_addr_from4(0xe00000fb);

	world();
	datagram(&group, 5000, 7);
}

static void dot(void)
{
	world();
	datagram(&far4, 5000, 853);
}

/* --- hosts --- */

static void dial(enum twin_how how, int err)
{
	twin_init(&w);
	rule(how, err, false);
	begin();
	CHECK(!guest_connect(&g, &c, &far4, 80));
}

static void refused(void)
{
	dial(TWIN_FAIL_LATER, -ECONNREFUSED);
}

static void unreachable(void)
{
	dial(TWIN_FAIL_NOW, -ENETUNREACH);
}

static void timeout(void)
{
	dial(TWIN_FAIL_LATER, -ETIMEDOUT);
}

static void no_memory(void)
{
	dial(TWIN_FAIL_NOW, -ENOBUFS);
}

static void bind_fails(void)
{
	dial(TWIN_FAIL_NOW, -EADDRNOTAVAIL);
}

static void no_fds(void)
{
	dial(TWIN_FAIL_NOW, -EMFILE);
}

static void host_reset(void)
{
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	twin_tcp_resets(&w, twin_find(&w, 80));
}

/* --- limits --- */

static void limit_flows(void)
{
	static struct guest_conn d;

	twin_init(&w);
	w.charter.max_flows = 1;
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	CHECK(!guest_connect(&g, &d, &far4, 80));
}

static void limit_half_open(void)
{
	twin_init(&w);
	w.charter.max_flows = WEIR_HALF_OPEN_MAX + 10;
	rule(TWIN_SILENT, 0, false);
	begin();
	w.drop_frames = true;
	for (uint32_t i = 0; i <= WEIR_HALF_OPEN_MAX; i++) {
		make_syn();
		f.b[L4] = (uint8_t)(0x20 + i / 256);
		f.b[L4 + 1] = (uint8_t)i;
		guest_resum(&f);
		guest_put(&g, &f);
	}
}

/* One flow holds the only chunk; what another was invited to send is lost. */
static void limit_payload(void)
{
	static const uint8_t b[1000];
	static struct guest_conn d;

	twin_init(&w);
	w.charter.payload_bytes = WEIR_CHUNK_BYTES;
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	twin_tcp_takes(&w, twin_find(&w, 80), 0);
	CHECK(guest_connect(&g, &d, &far4, 81));
	twin_tcp_takes(&w, twin_find(&w, 81), 0);
	guest_segment(&g, &c, WEIR_TCP_ACK, b, sizeof(b));
	guest_segment(&g, &d, WEIR_TCP_ACK, b, sizeof(b));
}

static void limit_udp(void)
{
	twin_init(&w);
	w.post_err = -EAGAIN;
	begin();
	datagram(&far4, 5000, 7);
}

static void limit_rate(void)
{
	twin_init(&w);
	w.post_err = -ENETUNREACH;
	begin();
	w.drop_frames = true;
	for (uint16_t i = 0; i < 300; i++)
		datagram(&far4, 5000, 7);
}

/* --- ends --- */

static void closed(void)
{
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	twin_tcp_ends(&w, twin_find(&w, 80));
	guest_talk(&g);
}

static void guest_reset(void)
{
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	guest_segment(&g, &c, WEIR_TCP_RST, NULL, 0);
}

static void idle(void)
{
	world();
	datagram(&far4, 5000, 7);
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS + 2000);
}

/* --- flows --- */

static void no_flow(void)
{
	world();
	guest_conn_init(&g, &c, &far4, 80);
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
}

static void out_of_window(void)
{
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	c.seq += 1u << 30;
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"x", 1);
}

static void bad_ack(void)
{
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	c.ack += 1000;
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"x", 1);
}

static void oversize(void)
{
	twin_init(&w);
	w.post_err = -EMSGSIZE;
	begin();
	datagram(&far4, 5000, 7);
}

static void link_full(void)
{
	world();
	w.link_room = 0;
	make_syn();
	guest_put(&g, &f);
}

#define R(name, how) [WEIR_REASON_##name] = how

static void (*const provoke[WEIR_REASON_COUNT])(void) = {
	R(DEFAULT, is_default),
	R(DOT, dot),
	R(MARTIAN, martian),
	R(MULTICAST, multicast),
	R(REFUSED, refused),
	R(UNREACHABLE, unreachable),
	R(TIMEOUT, timeout),
	R(HOST_RESET, host_reset),
	R(NO_FDS, no_fds),
	R(NO_MEMORY, no_memory),
	R(BIND, bind_fails),
	R(LIMIT_FLOWS, limit_flows),
	R(LIMIT_RATE, limit_rate),
	R(LIMIT_HALF_OPEN, limit_half_open),
	R(LIMIT_PAYLOAD, limit_payload),
	R(LIMIT_UDP, limit_udp),
	R(CLOSED, closed),
	R(GUEST_RESET, guest_reset),
	R(IDLE, idle),
	R(SHORT, is_short),
	R(OVERSIZE, oversize),
	R(ETHERTYPE, ethertype),
	R(NOT_FOR_US, not_for_us),
	R(SPOOFED_MAC, spoofed_mac),
	R(SPOOFED_SOURCE, spoofed_source),
	R(IP_HEADER, ip_header),
	R(CSUM, csum),
	R(FRAGMENT, fragment),
	R(FRAGMENT_OVERLAP, fragment_overlap),
	R(FRAGMENT_LIMIT, fragment_limit),
	R(TCP_HEADER, tcp_header),
	R(TCP_OPTIONS, tcp_options),
	R(UDP_LENGTH, udp_length),
	R(NO_FLOW, no_flow),
	R(OUT_OF_WINDOW, out_of_window),
	R(BAD_ACK, bad_ack),
	R(VNET_HEADER, vnet_header),
	R(DHCP, dhcp),
	R(ND, nd),
	R(ICMP, icmp),
	R(DNS_FORM, dns_form),
	R(LINK_FULL, link_full),
};

/*
 * Verdicts with a policy of their own: test_tell and test_inspect; those of
 * rooms that do not exist yet; and those that only BYE has.
 */
static const bool elsewhere[WEIR_REASON_COUNT] = {
	R(NONE, true),          R(RULE, true),
	R(BOUNDS, true),        R(NO_PIN, true),
	R(NAME_REQUIRED, true), R(SHOWN_MISMATCH, true),
	R(BAD_HEAD, true),      R(HTTP_RULE, true),
	R(QUIC, true),          R(REBIND, true),
	R(DNS_OFF, true),       R(LEAK, true),
	R(CLIENT_CERT, true),   R(UPSTREAM_CERT, true),
	R(PROXY_DOWN, true),    R(POLICY_CHANGED, true),
	R(TUNNEL, true), /* these three: the proxy's */
	R(BAD_ANSWER, true),    R(BAD_FRAME, true),
	R(SHUTDOWN, true), /* see below */
	R(LINK_DOWN, true),
};

static void each_reason_is_reached_by_what_it_says(void **state)
{
	(void)state;
	for (unsigned r = 0; r < WEIR_REASON_COUNT; r++) {
		if (!provoke[r])
			continue;
		provoke[r]();
		guest_talk(&g);
		if (counted((enum weir_reason)r) == 0)
			fail_msg("%s was not counted",
				 weir_reason_name((enum weir_reason)r));
		CHECK_EQ(counted(WEIR_REASON_NONE), 0);
		done();
	}
}

static void each_reason_is_in_one_of_the_two_lists(void **state)
{
	(void)state;
	for (unsigned r = 0; r < WEIR_REASON_COUNT; r++)
		if ((provoke[r] != NULL) == elsewhere[r])
			fail_msg("%s: in none of the lists, or in both",
				 weir_reason_name((enum weir_reason)r));
}

static void shutdown_is_counted_in_the_last_message(void **state)
{
	struct weir_summary s = { 0 };
	struct weir_rd in;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK(w.over && w.said.last->kind == WEIR_MSG_BYE);
	in = weir_rd_over(w.said.last->b, w.said.last->len);
	CHECK(weir_summary_parse(&in, &s));
	CHECK_EQ(s.reasons.count[WEIR_REASON_SHUTDOWN], 1);
	CHECK_EQ(s.tcp_now, 0);
	CHECK_EQ(s.tcp_opened, 1);
	pthread_join(w.thread, NULL);
	CHECK(twin_settle(&w) == NULL);
	guest_fini(&g);
}

T_MAIN(T(each_reason_is_reached_by_what_it_says),
       T(each_reason_is_in_one_of_the_two_lists),
       T(shutdown_is_counted_in_the_last_message))
