/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/prefix.h"

#include "../t.h"

static uint32_t seed = 1;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static bool bit(const struct weir_addr *a, unsigned i)
{
	return a->b[i / 8] >> (7 - i % 8) & 1;
}

/* The oracle: the same question, answered bit by bit. */
static bool slow_has(const struct weir_prefix *p, const struct weir_addr *a)
{
	bool v4 = true;

	for (unsigned i = 0; i < 96; i++)
		v4 &= bit(a, i) == (i >= 80);
	for (unsigned i = 0; i < p->bits; i++)
		if (bit(a, i) != bit(&p->addr, i))
			return false;
	return v4 == p->v4;
}

/* Few values, so that much is equal; often IPv4. */
static struct weir_addr random_addr(void)
{
	struct weir_addr a = weir_addr_from4(0);

	for (unsigned i = roll(2) ? 12 : 0; i < 16; i++)
		a.b[i] = (uint8_t)((const uint8_t[]){ 0, 0xff, 0x80 }[roll(3)]);
	return a;
}

static struct weir_prefix random_prefix(void)
{
	struct weir_addr a = random_addr();
	struct weir_prefix p = { .bits = (uint8_t)roll(129) };

	p.v4 = p.bits >= 96 && weir_addr_is4(&a);
	p.addr = weir_prefix_cut(&a, p.bits);
	return p;
}

static void an_address_is_inside_as_the_slow_way_says(void **state)
{
	unsigned inside = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		struct weir_prefix p = random_prefix();
		struct weir_addr a = random_addr();

		if (roll(2)) { /* near it: one bit is other, perhaps */
			unsigned at = roll(130);

			a = p.addr;
			if (at < 128)
				a.b[at / 8] ^= (uint8_t)(0x80 >> at % 8);
		}
		CHECK_EQ(weir_prefix_has(&p, &a), slow_has(&p, &a));
		inside += weir_prefix_has(&p, &a);
	}
	CHECK(inside > 10000 && inside < 290000);
}

static void what_is_cut_has_zeroes_behind_and_is_still_inside(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct weir_addr a = random_addr(), cut;
		uint8_t bits = (uint8_t)roll(129);

		cut = weir_prefix_cut(&a, bits);
		for (unsigned b = 0; b < 128; b++)
			CHECK_EQ(bit(&cut, b), b < bits && bit(&a, b));
	}
}

static void a_network_in_a_network_gives_it_all_its_addresses(void **state)
{
	unsigned covered = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct weir_prefix outer = random_prefix(), inner = outer;
		struct weir_addr a, near;
		bool covers;

		if (roll(4))
			inner = random_prefix();
		covers = weir_prefix_covers(&outer, &inner);
		covered += covers;
		/* any address of inner, with random bits behind */
		near = random_addr();
		a = inner.addr;
		for (unsigned b = inner.bits; b < 128; b++)
			if (bit(&near, b))
				a.b[b / 8] |= (uint8_t)(0x80 >> b % 8);
		if (covers && weir_prefix_has(&inner, &a))
			CHECK(weir_prefix_has(&outer, &a));
		if (!covers && inner.bits >= outer.bits &&
		    weir_prefix_has(&inner, &a))
			CHECK(!weir_prefix_has(&outer, &a));
	}
	CHECK(covered > 1000);
}

static struct weir_addr addr(const char *text)
{
	struct weir_addr a;

	CHECK(weir_text_parse_addr(text, strlen(text), &a));
	return a;
}

static const struct {
	const char *addr;
	uint8_t bits;
	bool v4;
	const char *text;
} prints[] = {
	{ "192.0.2.1", 128, true, "192.0.2.1" },
	{ "10.0.0.0", 104, true, "10.0.0.0/8" },
	{ "0.0.0.0", 96, true, "0.0.0.0/0" },
	{ "2001:db8::1", 128, false, "[2001:db8::1]" },
	{ "2001:db8::", 32, false, "[2001:db8::/32]" },
	{ "::", 0, false, "[::/0]" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 127, false,
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127]" },
};

static void a_network_is_printed_as_in_a_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		struct weir_prefix p = { .addr = addr(prints[i].addr),
					 .bits = prints[i].bits,
					 .v4 = prints[i].v4 };
		char b[WEIR_PREFIX_TEXT_BYTES];
		struct weir_text t = weir_text_over(b, sizeof(b));

		weir_prefix_print(&t, &p);
		CHECK(weir_text_ok(&t));
		assert_string_equal(b, prints[i].text);
	}
}

static void families_never_meet(void **state)
{
	struct weir_prefix all4 = { .addr = addr("0.0.0.0"),
				    .bits = 96,
				    .v4 = true };
	struct weir_prefix all6 = { .bits = 0 };
	struct weir_addr four = addr("9.9.9.9"), six = addr("2620:fe::fe");

	(void)state;
	CHECK(weir_prefix_has(&all4, &four) && !weir_prefix_has(&all4, &six));
	CHECK(weir_prefix_has(&all6, &six) && !weir_prefix_has(&all6, &four));
	CHECK(!weir_prefix_covers(&all6, &all4));
	CHECK(!weir_prefix_covers(&all4, &all6));
}

T_MAIN(T(an_address_is_inside_as_the_slow_way_says),
       T(what_is_cut_has_zeroes_behind_and_is_still_inside),
       T(a_network_in_a_network_gives_it_all_its_addresses),
       T(a_network_is_printed_as_in_a_rule), T(families_never_meet))
