/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_verdict.c - which destinations are refused, through the whole engine
 *
 * A class that no rule allows is RST at once for TCP, prohibited for UDP, and no
 * host socket is made.
 */
#include "scene.h"

struct row {
	uint8_t a[16];
	bool six;
	enum weir_reason without; /* what it is refused by otherwise */
	const char *needs;        /* the class that allows it; NULL: none */
};

#define D(r) WEIR_REASON_##r

static const struct row rows[] = {
	{ { 127, 0, 0, 1 }, false, D(MARTIAN), NULL },
	{ { 127, 9, 9, 9 }, false, D(MARTIAN), NULL },
	{ { 0, 0, 0, 0 }, false, D(MARTIAN), NULL },
	{ { 0, 1, 2, 3 }, false, D(MARTIAN), NULL },
	{ { 10, 0, 2, 99 }, false, D(MARTIAN), NULL }, /* the guest's subnet */
	{ { 10, 0, 2, 15 }, false, D(MARTIAN), NULL }, /* itself */
	{ { 0 }, true, D(MARTIAN), NULL },
	{ { [15] = 1 }, true, D(MARTIAN), NULL },
	{ { 0xfd, 1, [15] = 99 }, true, D(MARTIAN), NULL },
	/* IPv4 inside IPv6 is what it carries: 64:ff9b::127.0.0.1, 2002:7f.. */
	{ { 0, 0x64, 0xff, 0x9b, [12] = 127, [15] = 1 },
	  true,
	  D(MARTIAN),
	  NULL },
	{ { 0x20, 0x02, 127, 0, 0, 1 }, true, D(MARTIAN), NULL },
	{ { 10, 0, 2, 2 }, false, D(DEFAULT), "host" },
	{ { 192, 168, 7, 7 }, false, D(DEFAULT), "host" }, /* own */
	{ { 0xfd, 1, [15] = 2 }, true, D(DEFAULT), "host" },
	{ { 169, 254, 169, 254 }, false, D(DEFAULT), "metadata" },
	{ { 168, 63, 129, 16 }, false, D(DEFAULT), "metadata" },
	{ { 0, 0x64, 0xff, 0x9b, [12] = 169, 254, 169, 254 },
	  true,
	  D(DEFAULT),
	  "metadata" },
	{ { 192, 168, 1, 1 }, false, D(DEFAULT), "private" },
	{ { 10, 9, 8, 7 }, false, D(DEFAULT), "private" },
	{ { 0xfc, [15] = 1 }, true, D(DEFAULT), "private" },
	{ { 169, 254, 7, 7 }, false, D(DEFAULT), "linklocal" },
	{ { 93, 184, 216, 34 }, false, D(DEFAULT), "public" },
	{ { 0x26, 0x06, [15] = 1 }, true, D(DEFAULT), "public" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct weir_addr addr_of(const struct row *r)
{
	struct weir_addr a = weir_addr_from4(0);

	if (r->six)
		memcpy(a.b, r->a, 16);
	else
		memcpy(a.b + 12, r->a, 4);
	return a;
}

/* All classes but @but, or (@only) that one alone. */
static void open_with(const char *but, const char *only)
{
	static const char *const classes[] = { "allow public", "allow private",
					       "allow host", "allow metadata",
					       "allow linklocal" };

	twin_init(&w);
	w.n_policy = 0;
	for (unsigned i = 0; i < 5; i++) {
		const char *name = classes[i] + strlen("allow ");

		if (but && strcmp(but, name) == 0)
			continue;
		if (!only || strcmp(only, name) == 0)
			w.policy[w.n_policy++] = classes[i];
	}
	w.charter.n_own = 1;
	w.charter.own[0] = weir_addr_from4(0xc0a80707);
	begin();
}

static void send_datagram(const struct weir_addr *to)
{
	static struct guest_frame f;

	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, 4000, 7,
			(const uint8_t *)"x", 1, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

static void a_class_that_is_not_allowed_is_refused_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS; i++) {
		struct weir_addr to = addr_of(&rows[i]);
		uint64_t before;

		open_with(rows[i].needs, NULL);
		guest_conn_init(&g, &c, &to, 80);
		guest_syn(&g, &c);
		guest_talk(&g);
		before = counted(rows[i].without);
		if (c.rsts != 1 || c.synacks || before != 1 || w.dials)
			fail_msg("row %u: TCP was not refused", i);
		CHECK_EQ(c.rst_ack, c.iss + 1);
		send_datagram(&to);
		CHECK_EQ(counted(rows[i].without), before + 1);
		CHECK_EQ(w.n_open, 0);
		done();
	}
}

static void a_class_that_is_allowed_is_dialled(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS; i++) {
		struct weir_addr to = addr_of(&rows[i]);

		if (!rows[i].needs)
			continue;
		open_with(NULL, rows[i].needs);
		if (!guest_connect(&g, &c, &to, 80))
			fail_msg("row %u: TCP was refused", i);
		send_datagram(&to);
		CHECK_EQ(w.n_open, 2);
		done();
	}
}

/* It serves port 53 and echo, and stands for nothing on the host. */
static void the_dns_address_has_no_other_port(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct weir_addr to;

		open_with(NULL, NULL);
		to = i ? w.charter.dns6 : w.charter.dns4;
		CHECK(!guest_connect(&g, &c, &to, 80));
		CHECK(c.rst);
		CHECK_EQ(w.dials, 0);
		send_datagram(&to);
		CHECK_EQ(w.n_open, 0);
		done();
	}
}

static void groups_are_refused_whatever_is_allowed(void **state)
{
	static const struct row group[] = {
		{ { 224, 0, 0, 251 }, false, D(MULTICAST), NULL },
		{ { 239, 1, 2, 3 }, false, D(MULTICAST), NULL },
		{ { 255, 255, 255, 255 }, false, D(MULTICAST), NULL },
		{ { 0xff, 0x02, [15] = 0xfb }, true, D(MULTICAST), NULL },
	};

	(void)state;
	open_with(NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		struct weir_addr to = addr_of(&group[i]);

		send_datagram(&to);
		CHECK_EQ(counted(WEIR_REASON_MULTICAST), 2 * i + 1);
		guest_conn_init(&g, &c, &to, 80);
		guest_syn(&g, &c);
		guest_talk(&g);
		CHECK_EQ(counted(WEIR_REASON_MULTICAST), 2 * i + 2);
		CHECK(!c.synacks && !w.n_open && !g.errors);
		guest_conn_fini(&g, &c);
	}
	done();
}

static void the_hosts_addresses_may_change(void **state)
{
	struct weir_charter other;
	uint8_t body[512];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct weir_addr own = weir_addr_from4(0xc0a80101);

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &own, 80));
	other = w.charter;
	other.n_own = 1;
	other.own[0] = own;
	weir_charter_build_own(&other, &to);
	twin_order(&w, WEIR_MSG_ADDRESSES, body, weir_wr_len(&to));
	twin_step(&w);
	CHECK(!guest_connect(&g, &c, &own, 80));
	CHECK(c.rst);
	done();
}

T_MAIN(T(a_class_that_is_not_allowed_is_refused_at_once),
       T(a_class_that_is_allowed_is_dialled),
       T(groups_are_refused_whatever_is_allowed),
       T(the_hosts_addresses_may_change), T(the_dns_address_has_no_other_port))
