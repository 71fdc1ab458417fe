/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/quota.h"

#include <stdbool.h>

#include "../t.h"

#define SECOND UINT64_C(1000000)
#define DAY    (86400 * SECOND)

__extension__ typedef __int128 wide;

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* even, both ends included */
static uint64_t between(uint64_t low, uint64_t high)
{
	return low + next_random() % (high - low + 1);
}

/* --- text ----------------------------------------------------------------- */

static const struct {
	const char *text;
	struct weir_quota_rate rate;
	const char *canonical;
} good[] = {
	{ "10mbit", { 1250000, 0, 0 }, "10mbit" },
	{ "8bit", { 1, 0, 0 }, "8bit" },
	{ "16bit", { 2, 0, 0 }, "16bit" },
	{ "1byte", { 1, 0, 0 }, "8bit" },
	{ "1kbit", { 125, 0, 0 }, "1kbit" },
	{ "1kbyte", { 1000, 0, 0 }, "8kbit" },
	{ "3mbyte", { 3000000, 0, 0 }, "24mbit" },
	{ "1gbit", { 125000000, 0, 0 }, "1gbit" },
	{ "1000mbit", { 125000000, 0, 0 }, "1gbit" },
	{ "1gbyte", { 1000000000, 0, 0 }, "8gbit" },
	{ "1500kbit", { 187500, 0, 0 }, "1500kbit" },
	{ "8000gbit", { 1000000000000, 0, 0 }, "8000gbit" },
	{ "1000gbyte", { 1000000000000, 0, 0 }, "8000gbit" },
	{ "8000000000000bit", { 1000000000000, 0, 0 }, "8000gbit" },
	{ "1000000000000byte", { 1000000000000, 0, 0 }, "8000gbit" },
	{ "999999999999byte", { 999999999999, 0, 0 }, "7999999999992bit" },
	{ "1pps", { 0, 1, 0 }, "1pps" },
	{ "1000pps", { 0, 1000, 0 }, "1000pps" },
	{ "1000000000000pps", { 0, 1000000000000, 0 }, "1000000000000pps" },
	{ "10mbit,1000pps", { 1250000, 1000, 0 }, "10mbit,1000pps" },
	{ "1000pps,10mbit", { 1250000, 1000, 0 }, "10mbit,1000pps" },
	{ "10mbit/1", { 1250000, 0, 1 }, "10mbit/1" },
	{ "10mbit/512k", { 1250000, 0, 524288 }, "10mbit/512k" },
	{ "10mbit/524288", { 1250000, 0, 524288 }, "10mbit/512k" },
	{ "10mbit/1024k", { 1250000, 0, 1048576 }, "10mbit/1m" },
	{ "10mbit/1000", { 1250000, 0, 1000 }, "10mbit/1000" },
	{ "10mbit/64k", { 1250000, 0, 65536 }, "10mbit/64k" },
	{ "1000pps,10mbit/3m",
	  { 1250000, 1000, 3145728 },
	  "10mbit,1000pps/3m" },
	{ "10mbit,1000pps/512k",
	  { 1250000, 1000, 524288 },
	  "10mbit,1000pps/512k" },
	{ "8bit/1048576m", { 1, 0, 1099511627776 }, "8bit/1048576m" },
	{ "8bit/1099511627775", { 1, 0, 1099511627775 }, "8bit/1099511627775" },
};

static void every_rate_is_read_and_printed_in_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct weir_quota_rate r, again;
		char mem[WEIR_QUOTA_TEXT_BYTES];
		struct weir_text t = weir_text_over(mem, sizeof(mem));
		const char *why = NULL;

		if (!weir_quota_parse(good[i].text, strlen(good[i].text), &r,
				      &why))
			fail_msg("%s: %s", good[i].text, why);
		CHECK(why == NULL);
		CHECK_EQ(r.bytes_per_s, good[i].rate.bytes_per_s);
		CHECK_EQ(r.packets_per_s, good[i].rate.packets_per_s);
		CHECK_EQ(r.burst_bytes, good[i].rate.burst_bytes);
		CHECK(weir_quota_is_valid(&r));
		weir_quota_print(&t, &r);
		CHECK(weir_text_ok(&t));
		assert_string_equal(mem, good[i].canonical);
		CHECK(weir_quota_parse(mem, t.len, &again, &why));
		CHECK_EQ(memcmp(&r, &again, sizeof(r)), 0);
	}
}

/* @says: words that only this reason has */
static const struct {
	const char *text;
	const char *says;
} bad[] = {
	{ "", "missing" },
	{ ",", "missing" },
	{ "/", "missing" },
	{ "/512k", "missing" },
	{ "10mbit,", "missing" },
	{ ",10mbit", "missing" },
	{ "10mbit,,1000pps", "missing" },
	{ "10mbit,/64k", "missing" },
	{ "mbit", "begins with a whole number" },
	{ "-1mbit", "begins with a whole number" },
	{ "+1mbit", "begins with a whole number" },
	{ " 1mbit", "begins with a whole number" },
	{ "010mbit", "begins with a whole number" },
	{ "00bit", "begins with a whole number" },
	{ "10mbit, 1000pps", "begins with a whole number" },
	{ "junk", "begins with a whole number" },
	{ "1.5mbit", "1500kbit instead" },
	{ "10", "needs a unit" },
	{ "0", "needs a unit" },
	{ "10 mbit", "needs a unit" },
	{ "10mbit ", "needs a unit" },
	{ "10mbits", "needs a unit" },
	{ "10Mbit", "needs a unit" },
	{ "10MBIT", "needs a unit" },
	{ "10mbi", "needs a unit" },
	{ "10m", "needs a unit" },
	{ "10mb", "needs a unit" },
	{ "10tbit", "needs a unit" },
	{ "10kpps", "needs a unit" },
	{ "10pp", "needs a unit" },
	{ "0x10mbit", "needs a unit" },
	{ "1e3bit", "needs a unit" },
	{ "10mbit1000pps", "needs a unit" },
	{ "10mbit;1000pps", "needs a unit" },
	{ "0mbit", "limit of zero" },
	{ "0pps", "limit of zero" },
	{ "10mbit,0pps", "limit of zero" },
	{ "1bit", "whole bytes" },
	{ "12bit", "whole bytes" },
	{ "8001gbit", "too high" },
	{ "1001gbyte", "too high" },
	{ "8000000000008bit", "too high" },
	{ "1000000000001byte", "too high" },
	{ "1000000000001pps", "too high" },
	{ "18446744073709551615gbyte", "too high" },
	{ "18446744073709551616bit", "too high" },
	{ "99999999999999999999999999999999pps", "too high" },
	{ "10mbit,10mbit", "bits or bytes are limited twice" },
	{ "10mbit,1000byte", "bits or bytes are limited twice" },
	{ "10mbit,1000pps,1mbit", "bits or bytes are limited twice" },
	{ "1pps,1pps", "packets are limited twice" },
	{ "1pps,1mbit,1pps", "packets are limited twice" },
	{ "10mbit/", "whole number of bytes" },
	{ "10mbit/k", "whole number of bytes" },
	{ "10mbit/-1", "whole number of bytes" },
	{ "10mbit/ 1", "whole number of bytes" },
	{ "10mbit/064", "whole number of bytes" },
	{ "10mbit/64K", "whole number of bytes" },
	{ "10mbit/64kb", "whole number of bytes" },
	{ "10mbit/1g", "whole number of bytes" },
	{ "10mbit/1.5m", "whole number of bytes" },
	{ "10mbit/64k/64k", "whole number of bytes" },
	{ "10mbit/64k,1000pps", "whole number of bytes" },
	{ "10mbit/0", "burst of zero" },
	{ "10mbit/0k", "burst of zero" },
	{ "10mbit/1048577m", "burst is too large" },
	{ "10mbit/1099511627777", "burst is too large" },
	{ "10mbit/18446744073709551615m", "burst is too large" },
	{ "10mbit/18446744073709551616", "burst is too large" },
	{ "1000pps/512k", "needs a limit in bits or bytes" },
};

static void what_is_no_rate_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir_quota_rate r = { 11, 22, 33 };
		const char *why = NULL;

		if (weir_quota_parse(bad[i].text, strlen(bad[i].text), &r,
				     &why))
			fail_msg("\"%s\" was taken", bad[i].text);
		CHECK(why != NULL);
		if (!strstr(why, bad[i].says))
			fail_msg("\"%s\": %s", bad[i].text, why);
		CHECK(strchr(why, '\n') == NULL);
		CHECK_EQ(r.bytes_per_s + r.packets_per_s + r.burst_bytes, 66);
	}
}

/* Each cut in memory of its exact size, for the sanitizers to watch. */
static void every_truncation_is_refused_or_a_rate_of_its_own(void **state)
{
	static const char text[] = "10mbit,1000pps/512k";
	static const size_t rates[] = { 6, 14, 16, 17, 18, 19 };

	(void)state;
	for (size_t n = 0, k = 0; n <= strlen(text); n++) {
		char *cut = malloc(n ? n : 1);
		struct weir_quota_rate r;
		const char *why;
		bool is_rate = k < 6 && rates[k] == n;

		CHECK(cut != NULL);
		memcpy(cut, text, n);
		CHECK_EQ(weir_quota_parse(cut, n, &r, &why), is_rate);
		k += is_rate;
		free(cut);
	}
}

static void no_text_and_a_zero_byte_are_no_rates(void **state)
{
	struct weir_quota_rate r;
	const char *why;

	(void)state;
	CHECK(!weir_quota_parse(NULL, 0, &r, &why));
	CHECK(!weir_quota_parse("8bit\0", 5, &r, &why));
	CHECK(!weir_quota_parse("8bit\0,1pps", 10, &r, &why));
	CHECK(!weir_quota_parse("8bit/1\0", 7, &r, &why));
}

static void random_rates_survive_print_and_parse(void **state)
{
	(void)state;
	seed = 1;
	for (unsigned i = 0; i < 20000; i++) {
		struct weir_quota_rate r = { 0 }, again;
		char mem[WEIR_QUOTA_TEXT_BYTES];
		struct weir_text t = weir_text_over(mem, sizeof(mem));
		const char *why;

		if (between(0, 3))
			r.bytes_per_s = between(1, UINT64_C(1000000000000) >>
							   between(0, 39));
		if (!r.bytes_per_s || between(0, 1))
			r.packets_per_s = between(1, UINT64_C(1000000000000) >>
							     between(0, 39));
		if (r.bytes_per_s && between(0, 1))
			r.burst_bytes =
				between(1, UINT64_C(1) << 40) >> between(0, 40);
		weir_quota_print(&t, &r);
		CHECK(weir_text_ok(&t));
		CHECK(weir_quota_parse(mem, t.len, &again, &why));
		CHECK_EQ(memcmp(&r, &again, sizeof(r)), 0);
	}
}

static void the_longest_rate_fits_its_room_and_none_has_no_text(void **state)
{
	struct weir_quota_rate r = { 999999999999, 999999999999,
				     1099511627775 };
	struct weir_quota_rate none = { 0 };
	char mem[WEIR_QUOTA_TEXT_BYTES];
	struct weir_text t = weir_text_over(mem, sizeof(mem));

	(void)state;
	weir_quota_print(&t, &r);
	CHECK(weir_text_ok(&t));
	assert_string_equal(mem, "7999999999992bit,999999999999pps/"
				 "1099511627775");
	t = weir_text_over(mem, 12);
	weir_quota_print(&t, &r);
	CHECK(!weir_text_ok(&t));
	t = weir_text_over(mem, sizeof(mem));
	weir_quota_print(&t, &none);
	CHECK_EQ(t.len, 0);
}

static void valid_rates_are_those_that_can_be_written(void **state)
{
	static const struct {
		struct weir_quota_rate rate;
		bool valid;
	} rows[] = {
		{ { 0, 0, 0 }, true },
		{ { 1, 0, 0 }, true },
		{ { 0, 1, 0 }, true },
		{ { 1, 1, 1 }, true },
		{ { 1000000000000, 1000000000000, 1099511627776 }, true },
		{ { 1000000000001, 0, 0 }, false },
		{ { 0, 1000000000001, 0 }, false },
		{ { 1, 0, 1099511627777 }, false },
		{ { 0, 1, 1 }, false },
		{ { 0, 0, 1 }, false },
		{ { UINT64_MAX, UINT64_MAX, UINT64_MAX }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_EQ(weir_quota_is_valid(&rows[i].rate), rows[i].valid);
}

static void the_default_burst_is_20_ms_and_at_least_64_kib(void **state)
{
	static const struct {
		struct weir_quota_rate rate;
		uint64_t burst;
	} rows[] = {
		{ { 0, 0, 0 }, 0 },
		{ { 0, 1000, 0 }, 0 },
		{ { 1, 0, 0 }, 65536 },
		{ { 3276800, 0, 0 }, 65536 },
		{ { 3276849, 0, 0 }, 65536 },
		{ { 3276850, 0, 0 }, 65537 },
		{ { 125000000, 0, 0 }, 2500000 },
		{ { 1000000000000, 0, 0 }, 20000000000 },
		{ { UINT64_MAX, 0, 0 }, 20000000000 },
		{ { 125000000, 0, 1 }, 1 },
		{ { 1, 0, UINT64_MAX }, 1099511627776 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_quota q;

		CHECK_EQ(weir_quota_burst(&rows[i].rate), rows[i].burst);
		weir_quota_init(&q, &rows[i].rate, 5);
		CHECK_EQ(weir_quota_bytes(&q, 5),
			 rows[i].rate.bytes_per_s ? rows[i].burst : UINT64_MAX);
	}
}

/* --- a bucket, by hand ---------------------------------------------------- */

static struct weir_quota quota(uint64_t bytes_per_s, uint64_t packets_per_s,
			       uint64_t burst, uint64_t now_us)
{
	struct weir_quota_rate r = { bytes_per_s, packets_per_s, burst };
	struct weir_quota q;

	weir_quota_init(&q, &r, now_us);
	return q;
}

static void without_limits_everything_may_pass_at_once(void **state)
{
	struct weir_quota q = quota(0, 0, 0, 7);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		CHECK(weir_quota_bytes(&q, 7) == UINT64_MAX);
		CHECK(weir_quota_packets(&q, 7) == UINT64_MAX);
		CHECK(weir_quota_may(&q, 7));
		CHECK_EQ(weir_quota_due_us(&q, UINT64_MAX, 7), 7);
		weir_quota_spend(&q, UINT64_MAX, UINT64_MAX);
	}
}

static void a_frame_larger_than_the_bucket_goes_once_and_is_paid(void **state)
{
	struct weir_quota q = quota(1000, 0, 100, 0);

	(void)state;
	CHECK_EQ(weir_quota_bytes(&q, 0), 100);
	CHECK(weir_quota_may(&q, 0));
	weir_quota_spend(&q, 1500, 1);
	CHECK(!weir_quota_may(&q, 0));
	CHECK_EQ(weir_quota_bytes(&q, 0), 0);
	/* 1400 bytes of debt, and one byte to pass */
	CHECK_EQ(weir_quota_due_us(&q, 1, 0), 1401000);
	CHECK_EQ(weir_quota_due_us(&q, 0, 0), 1401000);
	CHECK_EQ(weir_quota_due_us(&q, 1500, 0), 1500000);
	CHECK(!weir_quota_may(&q, 1400999));
	CHECK(weir_quota_may(&q, 1401000));
	CHECK_EQ(weir_quota_bytes(&q, 1401999), 1);
	CHECK_EQ(weir_quota_bytes(&q, 1402000), 2);
	CHECK_EQ(weir_quota_bytes(&q, 1500000), 100);
	CHECK_EQ(weir_quota_bytes(&q, 1500000 + 400 * DAY), 100);
}

static void packets_and_bytes_limit_together(void **state)
{
	struct weir_quota q = quota(1000000, 100, 10000, 0);

	(void)state;
	CHECK_EQ(weir_quota_packets(&q, 0), 64);
	for (unsigned i = 0; i < 64; i++) {
		CHECK(weir_quota_may(&q, 0));
		weir_quota_spend(&q, 60, 1);
	}
	/* bytes are left, packets are not */
	CHECK(!weir_quota_may(&q, 0));
	CHECK_EQ(weir_quota_bytes(&q, 0), 0);
	CHECK_EQ(weir_quota_due_us(&q, 1, 0), 10000);
	CHECK(weir_quota_may(&q, 10000));
	CHECK_EQ(weir_quota_packets(&q, 10000), 1);
	/* a frame of 44 segments goes on one packet, into debt */
	weir_quota_spend(&q, 10000 + 5000, 44);
	CHECK_EQ(weir_quota_packets(&q, 10000), 0);
	CHECK_EQ(weir_quota_due_us(&q, 1, 10000), 10000 + 440000);
	/* packets are left, bytes are not */
	CHECK_EQ(weir_quota_packets(&q, DAY), 64);
	weir_quota_spend(&q, 12000, 1);
	CHECK_EQ(weir_quota_packets(&q, DAY), 0);
	CHECK_EQ(weir_quota_due_us(&q, 1, DAY), DAY + 2001);
	CHECK_EQ(weir_quota_packets(&q, DAY + 2001), 63);
}

static void a_packet_limit_alone_leaves_bytes_free(void **state)
{
	struct weir_quota q = quota(0, 1000, 0, 0);

	(void)state;
	CHECK(weir_quota_bytes(&q, 0) == UINT64_MAX);
	weir_quota_spend(&q, UINT64_MAX, 64);
	CHECK_EQ(weir_quota_bytes(&q, 0), 0);
	CHECK_EQ(weir_quota_due_us(&q, 1 << 20, 0), 1000);
	CHECK(weir_quota_bytes(&q, 1000) == UINT64_MAX);
	/* 20 ms of a high rate are more than 64 packets */
	q = quota(0, 1000000, 0, 0);
	CHECK_EQ(weir_quota_packets(&q, 0), 20000);
}

static void a_clock_that_jumps_does_no_harm(void **state)
{
	struct weir_quota q = quota(1000000000000, 0, 1099511627776, 0);

	(void)state;
	weir_quota_spend(&q, 1099511627776, 1);
	CHECK_EQ(weir_quota_bytes(&q, 1), 1000000);
	CHECK_EQ(weir_quota_bytes(&q, UINT64_MAX), 1099511627776);
	/* back: nothing is earned, nothing is lost */
	CHECK_EQ(weir_quota_bytes(&q, 5), 1099511627776);
	CHECK_EQ(weir_quota_due_us(&q, 1, 5), 5);
	weir_quota_spend(&q, 1099511627776, 1);
	CHECK_EQ(weir_quota_bytes(&q, 6), 0);
	/* the clock has ended: due at its last instant, not at a wrapped one */
	CHECK(weir_quota_due_us(&q, 1, 6) == UINT64_MAX);

	q = quota(1000, 0, 1000, 5000000);
	weir_quota_spend(&q, 1000, 1);
	CHECK_EQ(weir_quota_bytes(&q, 4000000), 0);
	CHECK_EQ(weir_quota_due_us(&q, 1, 4000000), 5001000);
	CHECK_EQ(weir_quota_bytes(&q, 5001000), 1);
}

static void any_number_can_be_spent_and_the_debt_has_an_end(void **state)
{
	struct weir_quota q = quota(1000000000000, 1, 0, 0);
	uint64_t due;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		weir_quota_spend(&q, UINT64_MAX, UINT64_MAX);
	due = weir_quota_due_us(&q, 1, 0);
	/* the packets' debt of 4 × 10^12, at one a second */
	CHECK(due == UINT64_C(4000000000001) * SECOND);
	CHECK(!weir_quota_may(&q, due - 1));
	CHECK(weir_quota_may(&q, due));
	CHECK_EQ(weir_quota_bytes(&q, due), 20000000000);
}

static void a_slow_rate_loses_nothing_over_days(void **state)
{
	struct weir_quota q = quota(7, 3, 1 << 20, 0);
	uint64_t now = 0, passed = 0;

	(void)state;
	seed = 2;
	weir_quota_spend(&q, 1 << 20, 64);
	/* asked at odd times, 0 or 1 byte earned at each */
	while (now < DAY) {
		uint64_t n;

		now += between(1, 250000);
		n = weir_quota_bytes(&q, now);
		weir_quota_spend(&q, n, 0);
		passed += n;
	}
	/* but for the time before there is a first packet */
	CHECK_EQ(passed, (wide)now * 7 / 1000000);
}

static void a_new_rate_keeps_what_was_earned_and_what_is_owed(void **state)
{
	struct weir_quota_rate slow = { 1000, 0, 100 },
			       fast = { 9000, 0, 5000 }, none = { 0 },
			       packets = { 0, 10, 0 };
	struct weir_quota q = quota(2000, 0, 4000, 0);

	(void)state;
	weir_quota_spend(&q, 3000, 1);
	weir_quota_set(&q, &fast, 500000); /* 1000 left and 1000 earned */
	CHECK_EQ(weir_quota_bytes(&q, 500000), 2000);
	CHECK_EQ(weir_quota_bytes(&q, 600000), 2900);
	weir_quota_set(&q, &slow, 600000);
	CHECK_EQ(weir_quota_bytes(&q, 600000), 100);
	weir_quota_spend(&q, 1100, 1);
	weir_quota_set(&q, &fast, 700000); /* 900 owed */
	CHECK_EQ(weir_quota_bytes(&q, 700000), 0);
	CHECK_EQ(weir_quota_due_us(&q, 900, 700000), 900000);
	weir_quota_set(&q, &none, 700000);
	CHECK(weir_quota_bytes(&q, 700000) == UINT64_MAX);
	weir_quota_set(&q, &slow, 700000); /* full: it had no limit */
	CHECK_EQ(weir_quota_bytes(&q, 700000), 100);
	weir_quota_set(&q, &packets, 700000);
	CHECK_EQ(weir_quota_packets(&q, 700000), 64);
	CHECK(weir_quota_bytes(&q, 700000) == UINT64_MAX);
}

/* --- the oracle ----------------------------------------------------------- */

/*
 * A bucket that is full at 0 holds at time t the least, over all s ≤ t, of
 * burst + rate × (t - s) - what was spent from s on.  Only the times of
 * spending (before it was spent), the start and t itself can be the least.
 * No state but the history; in millionths, in 128 bits: exact.
 */
#define HISTORY 200

struct oracle {
	uint64_t rate, burst;
	wide first; /* level at @start, below the burst or at it */
	uint64_t start;
	struct {
		uint64_t at, n;
	} spent[HISTORY];
	size_t n;
};

static wide oracle_level(const struct oracle *o, uint64_t t)
{
	wide full = (wide)o->burst * 1000000, least = full, spent = 0, v;

	for (size_t i = o->n; i-- > 0;) {
		spent += (wide)o->spent[i].n * 1000000;
		v = full + (wide)o->rate * (t - o->spent[i].at) - spent;
		if (v < least)
			least = v;
	}
	v = o->first + (wide)o->rate * (t - o->start) - spent;
	return v < least ? v : least;
}

static uint64_t oracle_has(const struct oracle *o, uint64_t t)
{
	wide level = oracle_level(o, t);

	if (!o->rate)
		return UINT64_MAX;
	return level < 0 ? 0 : (uint64_t)(level / 1000000);
}

static void oracle_set(struct oracle *o, uint64_t rate, uint64_t burst,
		       uint64_t t)
{
	wide had = o->rate ? oracle_level(o, t) : (wide)burst * 1000000;
	wide full = (wide)burst * 1000000;

	o->first = had < full ? had : full;
	o->start = t;
	o->rate = rate;
	o->burst = burst;
	o->n = 0;
}

static void oracle_spend(struct oracle *o, uint64_t n, uint64_t t)
{
	o->spent[o->n].at = t;
	o->spent[o->n].n = n;
	o->n++;
}

struct pair {
	struct weir_quota q;
	struct oracle bytes, packets;
	uint64_t now;
};

static uint64_t random_magnitude(unsigned bits)
{
	return next_random() >> (64 - between(1, bits));
}

static struct weir_quota_rate random_rate(void)
{
	struct weir_quota_rate r = { 0 };

	if (between(0, 4))
		r.bytes_per_s = 1 + random_magnitude(39);
	if (between(0, 1))
		r.packets_per_s = 1 + random_magnitude(39);
	if (r.bytes_per_s && between(0, 1))
		r.burst_bytes = 1 + random_magnitude(39);
	return r;
}

static void pair_set(struct pair *p, bool begin)
{
	struct weir_quota_rate r = random_rate();
	uint64_t burst = r.packets_per_s / 50;

	if (begin)
		weir_quota_init(&p->q, &r, p->now);
	else
		weir_quota_set(&p->q, &r, p->now);
	oracle_set(&p->packets, r.packets_per_s, burst > 64 ? burst : 64,
		   p->now);
	burst = r.bytes_per_s / 50 > 65536 ? r.bytes_per_s / 50 : 65536;
	oracle_set(&p->bytes, r.bytes_per_s,
		   r.burst_bytes ? r.burst_bytes : burst, p->now);
}

static bool oracle_is_due(const struct pair *p, uint64_t want, uint64_t t)
{
	if (want > p->bytes.burst)
		want = p->bytes.burst;
	return oracle_has(&p->packets, t) >= 1 &&
	       oracle_has(&p->bytes, t) >= (want ? want : 1);
}

static void pair_check(struct pair *p)
{
	uint64_t bytes = oracle_has(&p->bytes, p->now);
	uint64_t packets = oracle_has(&p->packets, p->now);
	uint64_t want = random_magnitude(40), due;

	CHECK(weir_quota_bytes(&p->q, p->now) == (packets ? bytes : 0));
	CHECK(weir_quota_packets(&p->q, p->now) == (bytes ? packets : 0));
	CHECK_EQ(weir_quota_may(&p->q, p->now), bytes && packets);
	due = weir_quota_due_us(&p->q, want, p->now);
	CHECK(due >= p->now);
	CHECK(oracle_is_due(p, want, due));
	CHECK(due == p->now || !oracle_is_due(p, want, due - 1));
}

static void every_answer_is_that_of_the_whole_history(void **state)
{
	(void)state;
	for (uint64_t run = 1; run <= 1500; run++) {
		struct pair p = { 0 };

		seed = run * 0x9e3779b97f4a7c15u;
		p.now = random_magnitude(50);
		pair_set(&p, true);
		for (unsigned i = 0; i < HISTORY; i++) {
			uint64_t bytes, packets;

			pair_check(&p);
			switch (between(0, 9)) {
			case 0:
				pair_set(&p, false);
				break;
			case 1: /* to where it is due */
				p.now = weir_quota_due_us(&p.q,
							  random_magnitude(40),
							  p.now);
				break;
			case 2: /* days */
				p.now += random_magnitude(45);
				break;
			default:
				p.now += random_magnitude(24);
			}
			pair_check(&p);
			bytes = between(0, 1) ? random_magnitude(17)
					      : random_magnitude(32);
			packets = random_magnitude(7);
			weir_quota_spend(&p.q, bytes, packets);
			oracle_spend(&p.bytes, bytes, p.now);
			oracle_spend(&p.packets, packets, p.now);
		}
	}
}

/* --- senders -------------------------------------------------------------- */

/*
 * Flows that send frames through one quota for a virtual minute, each as soon
 * as it may; where it may not it sleeps until it is due, and a little longer.
 */
struct sender {
	struct weir_quota_rate rate;
	unsigned flows;
	uint64_t frame_min, frame_max;
	uint64_t late_us; /* at most */
	bool exact;       /* waits until the frame passes without debt */
	/* what came of it */
	uint64_t bytes, packets;
	wide worst_bytes, worst_packets; /* above the rate, in millionths */
};

/* The most that passed above the rate, over every span of time so far. */
struct excess {
	wide low;   /* of passed - rate × time, before each frame */
	wide worst; /* of the same after a frame, above @low */
};

static void excess_add(struct excess *e, uint64_t before, uint64_t n,
		       uint64_t rate, uint64_t now)
{
	wide at = (wide)before * 1000000 - (wide)rate * now;

	if (before == 0 || at < e->low)
		e->low = at;
	at += (wide)n * 1000000;
	if (at - e->low > e->worst)
		e->worst = at - e->low;
}

#define HEADERS 54u
#define MSS     1460u

static void send_for_a_minute(struct sender *s)
{
	uint64_t wake[50] = { 0 }, frame[50], start = 12345;
	struct excess bytes = { 0, 0 }, packets = { 0, 0 };
	struct weir_quota q;

	weir_quota_init(&q, &s->rate, start);
	for (unsigned i = 0; i < s->flows; i++)
		frame[i] = between(s->frame_min, s->frame_max);
	for (;;) {
		unsigned f = 0;
		uint64_t now, due;
		uint32_t load, n;

		for (unsigned i = 1; i < s->flows; i++)
			if (wake[i] < wake[f])
				f = i;
		if (wake[f] >= 60 * SECOND)
			break;
		now = start + wake[f];
		due = weir_quota_due_us(&q, s->exact ? frame[f] : 1, now);
		if (due > now) {
			wake[f] = due - start + between(0, s->late_us);
			continue;
		}
		CHECK(weir_quota_may(&q, now));
		load = (uint32_t)frame[f] - HEADERS;
		n = weir_quota_wire(load, MSS, HEADERS);
		weir_quota_spend(&q, n, weir_quota_segments(load, MSS));
		excess_add(&bytes, s->bytes, n, s->rate.bytes_per_s, wake[f]);
		s->bytes += n;
		n = weir_quota_segments(load, MSS);
		excess_add(&packets, s->packets, n, s->rate.packets_per_s,
			   wake[f]);
		s->packets += n;
		frame[f] = between(s->frame_min, s->frame_max);
	}
	s->worst_bytes = bytes.worst;
	s->worst_packets = packets.worst;
}

/* As many as 60 s at @rate give, to 0.5 %, and a burst and a frame more. */
static void check_passed(uint64_t passed, uint64_t rate, uint64_t burst,
			 uint64_t frame, wide worst)
{
	if (!rate)
		return;
	if (passed < rate * 60 / 1000 * 995 ||
	    passed > rate * 60 + burst + frame)
		fail_msg("%llu passed at %llu/s", (unsigned long long)passed,
			 (unsigned long long)rate);
	CHECK(worst <= (wide)(burst + frame) * 1000000);
}

static void senders_get_their_rate_to_half_a_percent(void **state)
{
	static const uint64_t rates[] = { 125000, 1250000, 12500000, 125000000,
					  1250000000 };
	static const unsigned flows[] = { 1, 50 };

	(void)state;
	seed = 3;
	for (unsigned i = 0; i < 5 * 2 * 2; i++) {
		bool small = i / 10 && i % 5 < 3;
		struct sender s = { .rate = { rates[i % 5], 0, 0 },
				    .flows = flows[i / 5 % 2],
				    .frame_min = 60,
				    .frame_max = small ? 1514 : 65550,
				    .late_us = 3000 };

		send_for_a_minute(&s);
		check_passed(s.bytes, s.rate.bytes_per_s,
			     weir_quota_burst(&s.rate), 65550 + 44 * HEADERS,
			     s.worst_bytes);
	}
}

static void senders_that_never_owe_get_their_rate_too(void **state)
{
	(void)state;
	seed = 4;
	for (unsigned i = 0; i < 4; i++) {
		struct sender s = { .rate = { i & 1 ? 12500000 : 1250000, 0,
					      262144 },
				    .flows = i & 2 ? 50 : 1,
				    .frame_min = 60,
				    .frame_max = 65550,
				    .late_us = 3000,
				    .exact = true };

		send_for_a_minute(&s);
		check_passed(s.bytes, s.rate.bytes_per_s, s.rate.burst_bytes,
			     44 * HEADERS, s.worst_bytes);
	}
}

static void the_tighter_of_two_limits_is_reached_and_both_are_kept(void **state)
{
	static const struct {
		struct weir_quota_rate rate;
		uint64_t frame_max;
		bool packets; /* are tighter */
	} rows[] = {
		{ { 0, 1000, 0 }, 65550, true },
		{ { 1250000, 100000, 0 }, 65550, false },
		{ { 1250000, 1000, 0 }, 65550, false },
		{ { 125000000, 1000, 0 }, 2800, true },
		{ { 1250000, 700, 0 }, 2800, true },
	};

	(void)state;
	seed = 5;
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct sender s = { .rate = rows[i / 2].rate,
				    .flows = i & 1 ? 50 : 1,
				    .frame_min = 60,
				    .frame_max = rows[i / 2].frame_max,
				    .late_us = 3000 };
		uint64_t burst = weir_quota_burst(&s.rate);
		uint64_t frame = 65550 + 44 * HEADERS;
		uint64_t packets = s.rate.packets_per_s / 50;

		packets = packets > 64 ? packets : 64;
		send_for_a_minute(&s);
		if (rows[i / 2].packets)
			check_passed(s.packets, s.rate.packets_per_s, packets,
				     45, s.worst_packets);
		else
			check_passed(s.bytes, s.rate.bytes_per_s, burst, frame,
				     s.worst_bytes);
		/* the other one is kept, but need not be reached */
		if (s.rate.bytes_per_s)
			CHECK(s.worst_bytes <= (wide)(burst + frame) * 1000000);
		CHECK(s.worst_packets <= (wide)(packets + 45) * 1000000);
	}
}

/* --- frames --------------------------------------------------------------- */

static void a_frame_counts_as_the_segments_it_stands_for(void **state)
{
	static const struct {
		uint32_t payload, mss, headers, segments, wire;
	} rows[] = {
		{ 0, 0, 54, 1, 54 },
		{ 0, 1460, 54, 1, 54 },
		{ 1, 1460, 54, 1, 55 },
		{ 1460, 1460, 54, 1, 1514 },
		{ 1461, 1460, 54, 2, 1569 },
		{ 2920, 1460, 66, 2, 3052 },
		{ 65483, 0, 66, 1, 65549 },
		{ 64240, 1460, 54, 44, 66616 },
		{ 10, 1, 54, 10, 550 },
		{ UINT32_MAX, 0, 0, 1, UINT32_MAX },
		{ UINT32_MAX, 0, 1, 1, UINT32_MAX },
		{ UINT32_MAX, 1, UINT32_MAX, UINT32_MAX, UINT32_MAX },
		{ UINT32_MAX, UINT32_MAX, 54, 1, UINT32_MAX },
		{ UINT32_MAX - 54, UINT32_MAX, 54, 1, UINT32_MAX },
		{ UINT32_MAX - 55, UINT32_MAX, 54, 1, UINT32_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ(weir_quota_segments(rows[i].payload, rows[i].mss),
			 rows[i].segments);
		CHECK_EQ(weir_quota_wire(rows[i].payload, rows[i].mss,
					 rows[i].headers),
			 rows[i].wire);
	}
}

T_MAIN(T(every_rate_is_read_and_printed_in_one_form),
       T(what_is_no_rate_is_refused_with_its_reason),
       T(every_truncation_is_refused_or_a_rate_of_its_own),
       T(no_text_and_a_zero_byte_are_no_rates),
       T(random_rates_survive_print_and_parse),
       T(the_longest_rate_fits_its_room_and_none_has_no_text),
       T(valid_rates_are_those_that_can_be_written),
       T(the_default_burst_is_20_ms_and_at_least_64_kib),
       T(without_limits_everything_may_pass_at_once),
       T(a_frame_larger_than_the_bucket_goes_once_and_is_paid),
       T(packets_and_bytes_limit_together),
       T(a_packet_limit_alone_leaves_bytes_free),
       T(a_clock_that_jumps_does_no_harm),
       T(any_number_can_be_spent_and_the_debt_has_an_end),
       T(a_slow_rate_loses_nothing_over_days),
       T(a_new_rate_keeps_what_was_earned_and_what_is_owed),
       T(every_answer_is_that_of_the_whole_history),
       T(senders_get_their_rate_to_half_a_percent),
       T(senders_that_never_owe_get_their_rate_too),
       T(the_tighter_of_two_limits_is_reached_and_both_are_kept),
       T(a_frame_counts_as_the_segments_it_stands_for))
