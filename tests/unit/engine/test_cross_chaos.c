/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cross_chaos.c - a guest, hosts, resolvers and a proxy that do anything
 *
 * By seed: flows that are opened, half-closed, reset; a proxy that is full,
 * dies, lies, leaves ends open; resolvers that change; descriptors and memory
 * that run out.  Whatever came before, the network ends with nothing left, and
 * never turns for nothing (twin.h sees to both).
 */
#include "crossed.h"
#include "dnsbits.h"

#define SEEDS 100u
#define STEPS 400u
#define CONNS 24u

static struct guest_conn conn[CONNS];
static bool used[CONNS];
static uint64_t dice;

static uint32_t roll(uint32_t n)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice >> 33) % n;
}

static bool has_proxy(void)
{
	return proxy && proxy->open && !proxy->gone;
}

/* --- the guest --- */

static void guest_opens(uint32_t i)
{
	static const uint16_t port[] = { 443, 443, 853, 853, 80, 22 };

	if (used[i]) {
		guest_segment(&g, &conn[i], WEIR_TCP_RST | WEIR_TCP_ACK, NULL,
			      0);
		guest_talk(&g);
		guest_conn_fini(&g, &conn[i]);
	}
	used[i] = true;
	if (!guest_connect(&g, &conn[i], roll(2) ? &far4 : &far6,
			   port[roll(6)])) {
		guest_conn_fini(&g, &conn[i]);
		used[i] = false;
	}
}

static void guest_says(uint32_t i)
{
	static const char *const name[] = { "www.example.com",
					    "api.example.com",
					    "ads.example.com",
					    "www.bank.example" };
	static const char get[] =
		"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
	struct hello h = hello_of(name[roll(4)], roll(2) * 100);
	const uint8_t *b = h.b;
	size_t len = h.len;

	if (roll(4) == 0) {
		b = (const uint8_t *)get;
		len = strlen(get);
	}
	if (roll(3) == 0)
		len = 1 + roll((uint32_t)len);
	guest_segment(&g, &conn[i], WEIR_TCP_ACK, b, len);
}

static void guest_acts(void)
{
	uint32_t i = roll(CONNS);

	if (!used[i] || conn[i].rst || roll(8) == 0) {
		guest_opens(i);
		return;
	}
	switch (roll(8)) {
	case 0:
		guest_segment(&g, &conn[i], WEIR_TCP_FIN | WEIR_TCP_ACK, NULL,
			      0);
		break;
	case 1:
		guest_segment(&g, &conn[i], WEIR_TCP_RST | WEIR_TCP_ACK, NULL,
			      0);
		break;
	case 2:
		conn[i].window = roll(2) ? 0 : 60000;
		guest_segment(&g, &conn[i], WEIR_TCP_ACK, NULL, 0);
		break;
	default:
		guest_says(i);
		break;
	}
}

static size_t question(uint8_t b[512])
{
	static const char *const name[] = { "localhost", "ads.example.com" };
	char other[32];

	snprintf(other, sizeof(other), "n%u.example.com", roll(12));
	return dnsbits_ask(b, (uint16_t)roll(65536),
			   roll(4) ? other : name[roll(2)],
			   roll(3) ? WEIR_DNS_A : WEIR_DNS_AAAA);
}

static void guest_asks(void)
{
	static struct guest_frame f;
	uint8_t b[512];
	size_t len = question(b);

	guest_udp_frame(&g, &(struct guest_ip){ .to = w.charter.dns4 }, 5000,
			53, b, len, &f);
	guest_put(&g, &f);
}

/* --- hosts and resolvers --- */

static size_t answer_to(const struct twin_gram *q, uint8_t b[512])
{
	static const uint16_t flags[] = {
		0, 0, 0, WEIR_DNS_TC, WEIR_DNS_SERVFAIL, WEIR_DNS_NXDOMAIN
	};
	struct weir_addr a = roll(5) ? far4 : weir_addr_from4(0xc0a80505);

	return dnsbits_answer(b, q->b, q->len, &a, flags[roll(6)]);
}

static void hosts_act(void)
{
	struct twin_sock *s = twin_find_kind(&w, TWIN_DNS);
	uint8_t b[512];

	if (s && s->sent.last && roll(2)) {
		size_t len = answer_to(s->sent.last, b);

		twin_gives_gram(&w, s, &s->to, s->port, b, len, 0);
	}
	s = twin_find(&w, roll(2) ? 443 : 80);
	if (!s || s->eof)
		return;
	if (roll(3))
		twin_tcp_gives(&w, s, "host", 4);
	else if (roll(2))
		twin_tcp_ends(&w, s);
	else
		twin_tcp_resets(&w, s);
}

static void servers_change(void)
{
	static uint8_t body[4096];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct weir_charter other = w.charter;

	other.n_upstreams = roll(4);
	for (uint32_t i = 0; i < other.n_upstreams; i++) {
		other.upstream[i] = (struct weir_charter_upstream){
			.addr = roll(2) ? far4 : far6,
			.port = 853,
		};
		if (roll(3))
			snprintf(other.upstream[i].name,
				 sizeof(other.upstream[i].name), "s%u.example",
				 i);
	}
	weir_charter_build_upstreams(&other, &to);
	twin_order(&w, WEIR_MSG_UPSTREAMS, body, weir_wr_len(&to));
}

/* --- the proxy --- */

/* A pair whose far end the proxy has. */
static void stream_acts(struct twin_sock *s)
{
	switch (roll(8)) {
	case 0:
		twin_tcp_ends(&w, s);
		break;
	case 1:
		twin_parts(&w, s);
		break;
	case 2:
		twin_tcp_resets(&w, s);
		break;
	case 3:
		twin_tcp_takes(&w, s, roll(2) ? roll(300) : TWIN_EVER);
		break;
	default:
		if (!s->eof)
			twin_tcp_gives(&w, s, "from the proxy", 1 + roll(14));
		break;
	}
}

static void line_acts(struct twin_sock *s, bool resolver)
{
	static const struct weir_addr nobody;
	uint8_t b[512] = { 0 };
	size_t len = 1 + roll(40);

	switch (roll(12)) {
	case 0:
		twin_parts(&w, s);
		return;
	case 1:
		twin_gives_gram(&w, s, &nobody, 0, "", 0, -ECONNRESET);
		twin_parts(&w, s);
		return;
	case 2:
		twin_writes(&w, s, b, len);
		return;
	case 3:
		s->space = roll(2) ? roll(3) : TWIN_EVER;
		return;
	default:
		break;
	}
	for (uint32_t n = 1 + roll(resolver ? 4 : 90); n; n--) {
		const struct twin_gram *q = s->sent.first;

		for (uint32_t k = roll(s->sent.n + 1); resolver && q && k; k--)
			q = q->next;
		if (resolver && !q)
			return;
		len = resolver ? answer_to(q, b) : question(b);
		twin_writes(&w, s, b, len);
	}
}

static void proxy_says(uint64_t flow)
{
	static const enum weir_reason why[] = { WEIR_REASON_NONE,
						WEIR_REASON_NONE,
						WEIR_REASON_UPSTREAM_CERT };
	uint8_t junk[64];

	switch (roll(4)) {
	case 0:
		denied(flow, (uint8_t)roll(4), roll(4), "GET", "/");
		break;
	case 1:
		memset(junk, (int)roll(256), sizeof(junk));
		twin_says(&w, proxy,
			  roll(2) ? WEIR_MSG_HANDED : WEIR_MSG_DENIED, junk,
			  roll(64), roll(3) ? 0 : -EPROTO);
		break;
	default:
		handed(flow,
		       roll(2) ? WEIR_HANDOVER_RESET : WEIR_HANDOVER_CLOSED,
		       why[roll(3)]);
		break;
	}
}

static void proxy_acts(void)
{
	struct twin_sock *s;
	struct given x;

	if (!has_proxy() || roll(40) == 0) {
		if (has_proxy() && roll(2))
			twin_dies(&w, proxy);
		s = twin_proxy(&w);
		twin_step(&w);
		proxy = s;
		return;
	}
	if (roll(12) == 0)
		twin_tcp_takes(&w, proxy, roll(4) ? TWIN_EVER : roll(2));
	if (n_given() == 0)
		return;
	x = given(roll(n_given()));
	if (roll(4) == 0)
		proxy_says(x.x.flow);
	s = roll(2) ? x.host : x.guest;
	if (!s->open || !s->pair || s->gone)
		return;
	if (s->kind == TWIN_LINE)
		line_acts(s, x.x.kind == WEIR_HANDOVER_RESOLVER);
	else if (s->stage == TWIN_CONNECTED)
		stream_acts(s);
}

/* --- the rest --- */

static void policy_changes(void)
{
	static const char *const text[] = {
		"intercept 443",           "intercept 853",
		"guarded api.example.com", "bypass *.bank.example",
		"deny ads.example.com",    "deny tcp any:22"
	};

	w.n_policy = 0;
	for (unsigned i = 0; i < 6; i++)
		if (roll(4))
			w.policy[w.n_policy++] = text[i];
	w.policy[w.n_policy++] = roll(12) ? "allow public" : "deny any";
	w.policy_flags = WEIR_IMAGE_REBIND | (roll(16) ? 0 : WEIR_IMAGE_DROP);
	twin_policy(&w);
}

static void all_is_well(void)
{
	w.pair_err = w.watch_err = w.dns_err = 0;
	w.pair_skip = w.watch_skip = 0;
	w.max_socks = TWIN_SOCKS_MAX - 1;
}

static void something_fails(void)
{
	all_is_well();
	w.pair_skip = roll(3);
	w.watch_skip = roll(3);
	switch (roll(20)) {
	case 0:
		w.pair_err = -EMFILE;
		break;
	case 1:
		w.watch_err = -ENOMEM;
		break;
	case 2:
		w.max_socks = w.n_open + roll(4);
		break;
	case 3:
		w.dns_err = -ENETUNREACH;
		break;
	default:
		break;
	}
}

static void step(void)
{
	switch (roll(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		guest_acts();
		break;
	case 5:
		guest_asks();
		break;
	case 6:
		hosts_act();
		break;
	case 7:
		if (roll(8) == 0)
			policy_changes();
		if (roll(6) == 0)
			servers_change();
		break;
	case 8:
		something_fails();
		break;
	case 9:
		guest_pass_ms(&g, 1 + roll(3000));
		break;
	default:
		proxy_acts();
		break;
	}
	if (roll(3))
		guest_talk(&g);
}

static void run(uint32_t seed)
{
	const char *why;

	dice = seed * UINT64_C(0x9e3779b97f4a7c15);
	memset(used, 0, sizeof(used));
	crossing("intercept 443", "intercept 853", "allow public");
	all_is_well();
	servers_change();
	for (unsigned i = 0; i < STEPS && !w.wrong[0] && !w.over; i++)
		step();
	all_is_well();
	why = twin_close(&w);
	guest_fini(&g);
	if (why)
		fail_msg("seed %u: %s", seed, why);
}

static void whatever_they_do_nothing_is_left(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		run(seed);
}

T_MAIN(T(whatever_they_do_nothing_is_left))
