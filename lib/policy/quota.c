/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.c - how much may pass now, and when may more?
 *
 * DOC: how it works
 *
 * A token bucket whose token is a millionth of a byte (or packet).  A rate of
 * R bytes a second is then R tokens a microsecond, a whole number: refilling
 * is one multiplication, nothing is ever rounded, and it makes no difference
 * into how many steps a time is cut.  Rounding happens only in answers: whole
 * bytes are rounded down, the time that something is due is rounded up.
 *
 * Invariants:
 *  1. DEBT_MAX ≤ level ≤ full ≤ 2^40 × 10^6 < 2^60, so that no difference of
 *     two levels leaves 63 bits.
 *  2. rate × time is computed only if it is at most full - level: a time of
 *     days, or the whole clock, fills the bucket without being multiplied.
 *  3. at_us never goes back; a now_us before it is taken for at_us.
 *
 * Limits: a debt ends at DEBT_MAX (4 × 10^12 bytes); what is spent beyond is
 * forgiven.  Only a caller who never asks gets there.
 */
#include "policy/quota.h"

#include <string.h>

#define MILLION  INT64_C(1000000)
#define DEBT_MAX (INT64_C(-4000000) * MILLION * MILLION)

#define RATE_MAX_BITS (UINT64_C(8) * WEIR_QUOTA_RATE_MAX)

/* --- text ----------------------------------------------------------------- */

static const char why_empty[] =
	"a limit is missing: write 10mbit, 1000pps, or both with one comma "
	"between";
static const char why_number[] =
	"a limit begins with a whole number without sign, space or leading "
	"zero: write 10mbit or 1000pps";
static const char why_fraction[] =
	"a limit is a whole number: write 1500kbit instead of 1.5mbit";
static const char why_unit[] =
	"the number needs a unit: write bit, kbit, mbit, gbit, byte, kbyte, "
	"mbyte, gbyte or pps after it";
static const char why_zero[] =
	"a limit of zero lets nothing pass: write at least 8bit or 1pps, or "
	"leave the limit out";
static const char why_high[] =
	"the limit is too high: write at most 8000gbit, 1000gbyte or "
	"1000000000000pps";
static const char why_whole[] =
	"the limit is not whole bytes a second: write a multiple of 8bit";
static const char why_twice_bytes[] =
	"bits or bytes are limited twice: keep one of the two limits";
static const char why_twice_packets[] =
	"packets are limited twice: keep one of the two limits";
static const char why_burst[] =
	"the burst after / is a whole number of bytes: write 65536, 64k or 1m";
static const char why_burst_zero[] =
	"a burst of zero lets nothing pass: write 64k, or leave the burst out "
	"for the default";
static const char why_burst_high[] =
	"the burst is too large: write at most 1048576m";
static const char why_burst_alone[] =
	"the burst is in bytes and needs a limit in bits or bytes: write "
	"10mbit,1000pps/512k, or leave the burst out";

struct span {
	const char *at;
	size_t len;
};

/* What stands before the first @c; @in keeps what stands after it. */
static bool cut(struct span *in, char c, struct span *ret_before)
{
	const char *at = in->len ? memchr(in->at, c, in->len) : NULL;

	if (!at)
		return false;
	ret_before->at = in->at;
	ret_before->len = (size_t)(at - in->at);
	in->at = at + 1;
	in->len -= ret_before->len + 1;
	return true;
}

static bool is_text(const struct span *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->at, text, s->len) == 0;
}

/*
 * The digits at the front of @in, which keeps the rest.  Return: NULL, or what
 * is wrong; @too_high if the number is above what 64 bits hold.
 */
static const char *take_number(struct span *in, const char *no_number,
			       const char *too_high, uint64_t *ret)
{
	size_t n = 0;

	while (n < in->len && in->at[n] >= '0' && in->at[n] <= '9')
		n++;
	if (n == 0 || (n > 1 && in->at[0] == '0'))
		return no_number;
	if (!weir_text_parse_u64(in->at, n, UINT64_MAX, ret))
		return too_high;
	in->at += n;
	in->len -= n;
	return NULL;
}

/* Bits in a unit of bytes; 0: not one. */
static uint64_t bits_in(const struct span *unit)
{
	static const struct {
		const char *name;
		uint64_t bits;
	} units[] = {
		{ "bit", 1 },         { "kbit", 1000 },
		{ "mbit", 1000000 },  { "gbit", 1000000000 },
		{ "byte", 8 },        { "kbyte", 8000 },
		{ "mbyte", 8000000 }, { "gbyte", 8000000000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is_text(unit, units[i].name))
			return units[i].bits;
	return 0;
}

static const char *set_packets(struct weir_quota_rate *r, uint64_t n)
{
	if (r->packets_per_s)
		return why_twice_packets;
	if (n > WEIR_QUOTA_RATE_MAX)
		return why_high;
	r->packets_per_s = n;
	return NULL;
}

static const char *set_bytes(struct weir_quota_rate *r, uint64_t n,
			     uint64_t bits)
{
	if (r->bytes_per_s)
		return why_twice_bytes;
	if (n > RATE_MAX_BITS / bits)
		return why_high;
	if (n * bits % 8)
		return why_whole;
	r->bytes_per_s = n * bits / 8;
	return NULL;
}

static const char *parse_limit(struct span in, struct weir_quota_rate *r)
{
	const char *why;
	uint64_t n, bits;

	if (in.len == 0)
		return why_empty;
	why = take_number(&in, why_number, why_high, &n);
	if (why)
		return why;
	bits = bits_in(&in);
	if (!bits && !is_text(&in, "pps"))
		return in.len && in.at[0] == '.' ? why_fraction : why_unit;
	if (n == 0)
		return why_zero;
	return bits ? set_bytes(r, n, bits) : set_packets(r, n);
}

static const char *parse_burst(struct span in, struct weir_quota_rate *r)
{
	uint64_t n, unit;
	const char *why = take_number(&in, why_burst, why_burst_high, &n);

	if (why)
		return why;
	if (in.len == 0)
		unit = 1;
	else if (is_text(&in, "k"))
		unit = 1024;
	else if (is_text(&in, "m"))
		unit = 1024 * 1024;
	else
		return why_burst;
	if (n == 0)
		return why_burst_zero;
	if (n > WEIR_QUOTA_BURST_MAX / unit)
		return why_burst_high;
	if (!r->bytes_per_s)
		return why_burst_alone;
	r->burst_bytes = n * unit;
	return NULL;
}

static const char *parse_limits(struct span in, struct weir_quota_rate *r)
{
	struct span one;
	const char *why;

	while (cut(&in, ',', &one)) {
		why = parse_limit(one, r);
		if (why)
			return why;
	}
	return parse_limit(in, r);
}

bool weir_quota_parse(const char *text, size_t len, struct weir_quota_rate *ret,
		      const char **ret_why)
{
	struct weir_quota_rate r = { 0 };
	struct span in = { text, len }, limits;
	bool burst = cut(&in, '/', &limits);
	const char *why = parse_limits(burst ? limits : in, &r);

	if (!why && burst)
		why = parse_burst(in, &r);
	if (why) {
		*ret_why = why;
		return false;
	}
	*ret = r;
	return true;
}

static void print_bits(struct weir_text *t, uint64_t bits)
{
	static const char *const units[] = { "bit", "kbit", "mbit", "gbit" };
	size_t i = 0;

	while (i < 3 && bits % 1000 == 0) {
		bits /= 1000;
		i++;
	}
	weir_text_add_u64(t, bits);
	weir_text_add(t, units[i]);
}

static void print_burst(struct weir_text *t, uint64_t bytes)
{
	static const char *const units[] = { "", "k", "m" };
	size_t i = 0;

	while (i < 2 && bytes % 1024 == 0) {
		bytes /= 1024;
		i++;
	}
	weir_text_add_char(t, '/');
	weir_text_add_u64(t, bytes);
	weir_text_add(t, units[i]);
}

void weir_quota_print(struct weir_text *t, const struct weir_quota_rate *r)
{
	if (r->bytes_per_s)
		print_bits(t, r->bytes_per_s * 8);
	if (r->packets_per_s) {
		weir_text_add(t, r->bytes_per_s ? "," : "");
		weir_text_add_u64(t, r->packets_per_s);
		weir_text_add(t, "pps");
	}
	if (r->bytes_per_s && r->burst_bytes)
		print_burst(t, r->burst_bytes);
}

/* --- the rate ------------------------------------------------------------- */

bool weir_quota_is_valid(const struct weir_quota_rate *r)
{
	return r->bytes_per_s <= WEIR_QUOTA_RATE_MAX &&
	       r->packets_per_s <= WEIR_QUOTA_RATE_MAX &&
	       r->burst_bytes <= WEIR_QUOTA_BURST_MAX &&
	       (r->bytes_per_s || !r->burst_bytes);
}

static uint64_t at_most(uint64_t v, uint64_t max)
{
	return v < max ? v : max;
}

/* What @rate a second gives in the time of a burst, and at least @least. */
static uint64_t burst_of(uint64_t rate, uint64_t least)
{
	uint64_t n = at_most(rate, WEIR_QUOTA_RATE_MAX) * WEIR_QUOTA_BURST_US /
		     (uint64_t)MILLION;

	return n > least ? n : least;
}

uint64_t weir_quota_burst(const struct weir_quota_rate *r)
{
	if (!r->bytes_per_s)
		return 0;
	if (r->burst_bytes)
		return at_most(r->burst_bytes, WEIR_QUOTA_BURST_MAX);
	return burst_of(r->bytes_per_s, WEIR_QUOTA_BURST_BYTES);
}

/* --- buckets -------------------------------------------------------------- */

static void bucket_set(struct weir_quota_bucket *b, uint64_t rate,
		       uint64_t burst)
{
	bool limited = b->rate != 0;

	b->rate = at_most(rate, WEIR_QUOTA_RATE_MAX);
	b->full = (int64_t)burst * MILLION;
	if (!limited || b->level > b->full)
		b->level = b->full;
}

static void bucket_fill(struct weir_quota_bucket *b, uint64_t time_us)
{
	uint64_t room = (uint64_t)(b->full - b->level);

	if (!b->rate || !room)
		return;
	if (time_us > room / b->rate)
		b->level = b->full;
	else
		b->level += (int64_t)(b->rate * time_us);
}

static void bucket_spend(struct weir_quota_bucket *b, uint64_t n)
{
	uint64_t left = (uint64_t)(b->level - DEBT_MAX);

	if (!b->rate)
		return;
	if (n > left / (uint64_t)MILLION)
		b->level = DEBT_MAX;
	else
		b->level -= (int64_t)n * MILLION;
}

/* Whole things that may pass. */
static uint64_t bucket_has(const struct weir_quota_bucket *b)
{
	if (!b->rate)
		return UINT64_MAX;
	return b->level > 0 ? (uint64_t)(b->level / MILLION) : 0;
}

/* The time until at least min(@want, burst) things may pass. */
static uint64_t bucket_wait_us(const struct weir_quota_bucket *b, uint64_t want)
{
	int64_t need;

	if (!b->rate)
		return 0;
	need = (int64_t)at_most(want, (uint64_t)(b->full / MILLION)) * MILLION;
	if (b->level >= need)
		return 0;
	return ((uint64_t)(need - b->level) - 1) / b->rate + 1;
}

/* --- the quota ------------------------------------------------------------ */

static void settle(struct weir_quota *q, uint64_t now_us)
{
	if (now_us <= q->at_us)
		return;
	bucket_fill(&q->bytes, now_us - q->at_us);
	bucket_fill(&q->packets, now_us - q->at_us);
	q->at_us = now_us;
}

void weir_quota_init(struct weir_quota *q, const struct weir_quota_rate *rate,
		     uint64_t now_us)
{
	*q = (struct weir_quota){ .at_us = now_us };
	weir_quota_set(q, rate, now_us);
}

void weir_quota_set(struct weir_quota *q, const struct weir_quota_rate *rate,
		    uint64_t now_us)
{
	settle(q, now_us);
	bucket_set(&q->bytes, rate->bytes_per_s, weir_quota_burst(rate));
	bucket_set(&q->packets, rate->packets_per_s,
		   burst_of(rate->packets_per_s, WEIR_QUOTA_BURST_PACKETS));
}

uint64_t weir_quota_bytes(struct weir_quota *q, uint64_t now_us)
{
	settle(q, now_us);
	return bucket_has(&q->packets) ? bucket_has(&q->bytes) : 0;
}

uint64_t weir_quota_packets(struct weir_quota *q, uint64_t now_us)
{
	settle(q, now_us);
	return bucket_has(&q->bytes) ? bucket_has(&q->packets) : 0;
}

bool weir_quota_may(struct weir_quota *q, uint64_t now_us)
{
	return weir_quota_bytes(q, now_us) != 0;
}

void weir_quota_spend(struct weir_quota *q, uint64_t bytes, uint64_t packets)
{
	bucket_spend(&q->bytes, bytes);
	bucket_spend(&q->packets, packets);
}

uint64_t weir_quota_due_us(struct weir_quota *q, uint64_t want_bytes,
			   uint64_t now_us)
{
	uint64_t wait, packet;

	settle(q, now_us);
	wait = bucket_wait_us(&q->bytes, want_bytes ? want_bytes : 1);
	packet = bucket_wait_us(&q->packets, 1);
	if (packet > wait)
		wait = packet;
	if (!wait)
		return now_us;
	return wait > UINT64_MAX - q->at_us ? UINT64_MAX : q->at_us + wait;
}

/* --- frames --------------------------------------------------------------- */

uint32_t weir_quota_segments(uint32_t payload, uint32_t mss)
{
	if (mss == 0 || payload == 0)
		return 1;
	return (payload - 1) / mss + 1;
}

uint32_t weir_quota_wire(uint32_t payload, uint32_t mss, uint32_t header_bytes)
{
	uint64_t segments = weir_quota_segments(payload, mss);

	return (uint32_t)at_most(payload + segments * header_bytes, UINT32_MAX);
}
