/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - one thing that happened, from the engine's hand to a line of JSON
 *
 * The bytes: u8 kind, u32 has, u64 time, u8 number of names, then what `has`
 * names, in the order of build(); a text is u8 length and bytes without NUL.
 *
 * Invariants:
 * 1. build() writes only what parse() accepts, and what parse() accepts is
 *    written again byte for byte: there is one form of each event.
 * 2. Whatever the texts hold, a printed line is printable ASCII with one
 *    newline, at its end, and matches doc/events.schema.json.
 *
 * `has` is taken through settle() on every way: it drops what a kind has no
 * place for and refuses what is not whole.  parse() refuses what settle() would
 * drop: the other process is not to say things that were never shown.
 */
#include "record/event.h"

#include <string.h>

#include "base/must.h"

/* what belongs to a conversation of the guest */
#define CONVERSATION                                                           \
	(WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS | WEIR_EVENT_HAS_PORTS |    \
	 WEIR_EVENT_HAS_SHOWN | WEIR_EVENT_HAS_VERDICT |                       \
	 WEIR_EVENT_HAS_REASON | WEIR_EVENT_HAS_TEXT)
#define TRAFFIC (WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_PACKETS)
#define FIGURES (TRAFFIC | WEIR_EVENT_HAS_RTT | WEIR_EVENT_HAS_MS)
#define LIFE                                                                   \
	(WEIR_EVENT_HAS_VERSION | WEIR_EVENT_HAS_HASH |                        \
	 WEIR_EVENT_HAS_REASON | WEIR_EVENT_HAS_TEXT | WEIR_EVENT_HAS_MS)
#define CHANGE (WEIR_EVENT_HAS_UID | WEIR_EVENT_HAS_HASH | WEIR_EVENT_HAS_TEXT)

/* clang-format off */
static const struct {
	uint32_t must, may;
} belongs[WEIR_EVENT_KINDS] = {
	[WEIR_EVENT_START] = {
		WEIR_EVENT_HAS_VERSION,
		WEIR_EVENT_HAS_VERSION | WEIR_EVENT_HAS_HASH |
			WEIR_EVENT_HAS_UID },
	[WEIR_EVENT_STOP] = { 0, LIFE | TRAFFIC },
	[WEIR_EVENT_LINK_UP] = { 0, LIFE },
	[WEIR_EVENT_LINK_DOWN] = { 0, LIFE | TRAFFIC },
	[WEIR_EVENT_FLOW_OPEN] = {
		WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
			WEIR_EVENT_HAS_VERDICT,
		CONVERSATION | FIGURES },
	[WEIR_EVENT_FLOW_CLOSE] = {
		WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
			WEIR_EVENT_HAS_REASON | WEIR_EVENT_HAS_BYTES,
		CONVERSATION | FIGURES },
	[WEIR_EVENT_DENY] = {
		WEIR_EVENT_HAS_VERDICT | WEIR_EVENT_HAS_REASON,
		CONVERSATION | FIGURES | WEIR_EVENT_HAS_NAME |
			WEIR_EVENT_HAS_REQUEST },
	[WEIR_EVENT_DNS] = {
		WEIR_EVENT_HAS_NAME,
		CONVERSATION | WEIR_EVENT_HAS_NAME | WEIR_EVENT_HAS_RCODE |
			WEIR_EVENT_HAS_MS },
	[WEIR_EVENT_SECRET_USE] = {
		WEIR_EVENT_HAS_SECRET | WEIR_EVENT_HAS_PLACE,
		CONVERSATION | WEIR_EVENT_HAS_SECRET | WEIR_EVENT_HAS_PLACE |
			WEIR_EVENT_HAS_REQUEST },
	[WEIR_EVENT_SECRET_LEAK] = {
		WEIR_EVENT_HAS_SECRET,
		CONVERSATION | WEIR_EVENT_HAS_SECRET | WEIR_EVENT_HAS_PLACE |
			WEIR_EVENT_HAS_REQUEST },
	[WEIR_EVENT_LIMIT] = {
		WEIR_EVENT_HAS_REASON, CONVERSATION | WEIR_EVENT_HAS_COUNT },
	[WEIR_EVENT_POLICY] = {
		WEIR_EVENT_HAS_HASH, CHANGE | WEIR_EVENT_HAS_COUNT },
	[WEIR_EVENT_PORTS] = { WEIR_EVENT_HAS_TEXT, CHANGE },
	[WEIR_EVENT_SECRET] = {
		WEIR_EVENT_HAS_SECRET, CHANGE | WEIR_EVENT_HAS_SECRET },
	[WEIR_EVENT_CAPTURE] = { WEIR_EVENT_HAS_TEXT, CHANGE },
	[WEIR_EVENT_LOST] = {
		WEIR_EVENT_HAS_COUNT, WEIR_EVENT_HAS_COUNT },
};
/* clang-format on */

static const char *const kinds[] = { "unknown",
#define WEIR_EVENT_TEXT(name, text) text,
				     WEIR_EVENTS(WEIR_EVENT_TEXT) };
static const char *const places[] = { WEIR_EVENT_PLACES(WEIR_EVENT_TEXT) };
static const char *const forms[] = { WEIR_EVENT_FORMS(WEIR_EVENT_TEXT) };
#undef WEIR_EVENT_TEXT

static const char verdicts[] = "adw"; /* the place is the number on the wire */
static const char *const verdict_names[] = { "allow", "deny", "defer" };

const char *weir_event_name(enum weir_event_kind k)
{
	return (unsigned)k < WEIR_EVENT_KINDS ? kinds[k] : kinds[0];
}

enum weir_event_kind weir_event_find(const char *name, size_t len)
{
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++)
		if (strlen(kinds[k]) == len && memcmp(kinds[k], name, len) == 0)
			return (enum weir_event_kind)k;
	return WEIR_EVENT_NONE;
}

void weir_event_init(struct weir_event *e, enum weir_event_kind kind,
		     uint64_t unix_us)
{
	memset(e, 0, offsetof(struct weir_event, shown));
	e->kind = kind;
	e->unix_us = unix_us;
	e->shown[0] = e->name[0] = e->text[0] = '\0';
	e->method[0] = e->path[0] = e->secret[0] = e->host[0] = '\0';
}

void weir_event_copy(char *to, size_t room, const void *from, size_t len)
{
	static const char more[] = "\xe2\x80\xa6"; /* U+2026 */
	const char *p = from;
	size_t n = len;

	weir_must(room > sizeof(more) - 1);
	if (len >= room) {
		n = room - sizeof(more);
		/* not inside a character: back over what continues one */
		for (unsigned i = 0; i < 3 && n && (p[n] & 0xc0) == 0x80; i++)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = p[i] ? p[i] : (char)0xff;
	to[n] = '\0';
	if (len >= room)
		memcpy(to + n, more, sizeof(more));
}

/* --- what an event has --- */

static uint8_t protocol_of(const struct weir_event *e)
{
	return e->protocol == 58 ? 1 : e->protocol;
}

static bool is_verdict(char v)
{
	return v && strchr(verdicts, v) != NULL;
}

static bool is_by(const struct weir_event *e)
{
	bool numbered =
		e->by == WEIR_EVENT_BY_RULE || e->by == WEIR_EVENT_BY_BOUNDS;

	return numbered ? e->rule != 0
			: (unsigned)e->by <= WEIR_EVENT_BY_BOUNDS;
}

/* are the values of what it has values that it can have? */
static bool is_sound(const struct weir_event *e, uint32_t has)
{
	uint8_t p = protocol_of(e);

	if ((has & WEIR_EVENT_HAS_ENDS) && p != 6 && p != 17 && p != 1)
		return false;
	if ((has & WEIR_EVENT_HAS_VERDICT) &&
	    (!is_verdict(e->verdict) || !is_by(e)))
		return false;
	if ((has & WEIR_EVENT_HAS_PLACE) &&
	    ((unsigned)e->place >= WEIR_EVENT_IN ||
	     (unsigned)e->form >= WEIR_EVENT_AS))
		return false;
	return (unsigned)e->reason < WEIR_REASON_COUNT &&
	       e->n_names <= WEIR_EVENT_NAMES_MAX;
}

/* What of @e will be told; false if it is not whole. */
static bool settle(const struct weir_event *e, uint32_t *ret)
{
	uint32_t has;

	if (e->kind == WEIR_EVENT_NONE || (unsigned)e->kind >= WEIR_EVENT_KINDS)
		return false;
	has = e->has & belongs[e->kind].may;
	if (!(has & WEIR_EVENT_HAS_ENDS) || protocol_of(e) == 1)
		has &= ~WEIR_EVENT_HAS_PORTS;
	if (e->reason == WEIR_REASON_NONE)
		has &= ~WEIR_EVENT_HAS_REASON;
	if (has & WEIR_EVENT_HAS_VERSION)
		has &= ~WEIR_EVENT_HAS_TEXT;
	if (has & WEIR_EVENT_HAS_BYTES)
		has &= ~WEIR_EVENT_HAS_MS;
	*ret = has;
	return (has & belongs[e->kind].must) == belongs[e->kind].must &&
	       is_sound(e, has);
}

/* names stand beside the addresses they are pinned to */
static uint32_t names_of(const struct weir_event *e, uint32_t has)
{
	return has & WEIR_EVENT_HAS_ENDS ? e->n_names : 0;
}

static uint64_t time_of(const struct weir_event *e)
{
	return e->unix_us < WEIR_EVENT_UNIX_US_MAX ? e->unix_us
						   : WEIR_EVENT_UNIX_US_MAX;
}

static bool is_numbered(const struct weir_event *e)
{
	return e->by == WEIR_EVENT_BY_RULE || e->by == WEIR_EVENT_BY_BOUNDS;
}

/* --- bytes --- */

static void put_text(struct weir_wr *to, const char *s, size_t room)
{
	size_t n = strnlen(s, room - 1);

	_Static_assert(WEIR_EVENT_TEXT_BYTES - 1 <= UINT8_MAX, "u8 length");
	weir_wr_u8(to, (uint8_t)n);
	weir_wr_copy(to, s, n);
}

static void build_conversation(const struct weir_event *e, uint32_t has,
			       struct weir_wr *to)
{
	if (has & WEIR_EVENT_HAS_FLOW)
		weir_wr_be64(to, e->flow);
	if (has & WEIR_EVENT_HAS_ENDS) {
		weir_wr_u8(to, protocol_of(e));
		weir_wr_copy(to, e->src.b, sizeof(e->src.b));
		weir_wr_copy(to, e->dst.b, sizeof(e->dst.b));
	}
	if (has & WEIR_EVENT_HAS_PORTS) {
		weir_wr_be16(to, e->sport);
		weir_wr_be16(to, e->dport);
	}
	for (uint32_t i = 0; i < names_of(e, has); i++)
		put_text(to, e->names[i], sizeof(e->names[i]));
	if (has & WEIR_EVENT_HAS_SHOWN)
		put_text(to, e->shown, sizeof(e->shown));
	if (has & WEIR_EVENT_HAS_VERDICT) {
		const char *at = strchr(verdicts, e->verdict);

		weir_must(at); /* is_sound() */
		weir_wr_u8(to, (uint8_t)(at - verdicts));
		weir_wr_u8(to, (uint8_t)e->by);
		weir_wr_be32(to, is_numbered(e) ? e->rule : 0);
	}
	if (has & WEIR_EVENT_HAS_REASON)
		weir_wr_be16(to, (uint16_t)e->reason);
}

static void build_figures(const struct weir_event *e, uint32_t has,
			  struct weir_wr *to)
{
	if (has & WEIR_EVENT_HAS_BYTES) {
		weir_wr_be64(to, e->up);
		weir_wr_be64(to, e->down);
	}
	if (has & (WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_MS))
		weir_wr_be64(to, e->ms);
	if (has & WEIR_EVENT_HAS_PACKETS) {
		weir_wr_be64(to, e->up_packets);
		weir_wr_be64(to, e->down_packets);
	}
	if (has & WEIR_EVENT_HAS_RTT)
		weir_wr_be32(to, e->rtt_us);
	if (has & WEIR_EVENT_HAS_COUNT)
		weir_wr_be64(to, e->count);
	if (has & WEIR_EVENT_HAS_HASH)
		weir_wr_be64(to, e->hash);
	if (has & WEIR_EVENT_HAS_UID)
		weir_wr_be32(to, e->uid);
}

static void build_words(const struct weir_event *e, uint32_t has,
			struct weir_wr *to)
{
	if (has & WEIR_EVENT_HAS_NAME) {
		put_text(to, e->name, sizeof(e->name));
		weir_wr_be16(to, e->type);
	}
	if (has & WEIR_EVENT_HAS_RCODE) {
		weir_wr_be16(to, e->rcode);
		weir_wr_be16(to, e->answers);
		weir_wr_u8(to, e->cached);
	}
	if (has & WEIR_EVENT_HAS_REQUEST) {
		put_text(to, e->method, sizeof(e->method));
		put_text(to, e->path, sizeof(e->path));
	}
	if (has & (WEIR_EVENT_HAS_TEXT | WEIR_EVENT_HAS_VERSION))
		put_text(to, e->text, sizeof(e->text));
	if (has & WEIR_EVENT_HAS_SECRET)
		put_text(to, e->secret, sizeof(e->secret));
	if (has & WEIR_EVENT_HAS_PLACE) {
		put_text(to, e->host, sizeof(e->host));
		weir_wr_u8(to, (uint8_t)e->place);
		weir_wr_u8(to, (uint8_t)e->form);
	}
}

void weir_event_build(const struct weir_event *e, struct weir_wr *to)
{
	uint32_t has;

	if (!settle(e, &has)) {
		(void)weir_wr_skip(to, SIZE_MAX); /* bad from here on */
		return;
	}
	weir_wr_u8(to, (uint8_t)e->kind);
	weir_wr_be32(to, has);
	weir_wr_be64(to, time_of(e));
	weir_wr_u8(to, (uint8_t)names_of(e, has));
	build_conversation(e, has, to);
	build_figures(e, has, to);
	build_words(e, has, to);
}

static void get_text(struct weir_rd *in, char *to, size_t room)
{
	size_t n = weir_rd_u8(in);

	if (n >= room) {
		in->bad = true;
		return;
	}
	weir_rd_copy(in, to, n);
	to[n] = '\0';
	if (memchr(to, '\0', n))
		in->bad = true;
}

static void parse_conversation(struct weir_rd *in, struct weir_event *e)
{
	if (e->has & WEIR_EVENT_HAS_FLOW)
		e->flow = weir_rd_be64(in);
	if (e->has & WEIR_EVENT_HAS_ENDS) {
		e->protocol = weir_rd_u8(in);
		weir_rd_copy(in, e->src.b, sizeof(e->src.b));
		weir_rd_copy(in, e->dst.b, sizeof(e->dst.b));
	}
	if (e->has & WEIR_EVENT_HAS_PORTS) {
		e->sport = weir_rd_be16(in);
		e->dport = weir_rd_be16(in);
	}
	for (uint32_t i = 0; i < e->n_names && weir_rd_ok(in); i++)
		get_text(in, e->names[i], sizeof(e->names[i]));
	if (e->has & WEIR_EVENT_HAS_SHOWN)
		get_text(in, e->shown, sizeof(e->shown));
	if (e->has & WEIR_EVENT_HAS_VERDICT) {
		uint8_t v = weir_rd_u8(in);

		e->verdict = v < sizeof(verdicts) - 1 ? verdicts[v] : '\0';
		e->by = (enum weir_event_by)weir_rd_u8(in);
		e->rule = weir_rd_be32(in);
		if (!is_numbered(e) && e->rule)
			in->bad = true;
	}
	if (e->has & WEIR_EVENT_HAS_REASON)
		e->reason = (enum weir_reason)weir_rd_be16(in);
}

static void parse_figures(struct weir_rd *in, struct weir_event *e)
{
	if (e->has & WEIR_EVENT_HAS_BYTES) {
		e->up = weir_rd_be64(in);
		e->down = weir_rd_be64(in);
	}
	if (e->has & (WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_MS))
		e->ms = weir_rd_be64(in);
	if (e->has & WEIR_EVENT_HAS_PACKETS) {
		e->up_packets = weir_rd_be64(in);
		e->down_packets = weir_rd_be64(in);
	}
	if (e->has & WEIR_EVENT_HAS_RTT)
		e->rtt_us = weir_rd_be32(in);
	if (e->has & WEIR_EVENT_HAS_COUNT)
		e->count = weir_rd_be64(in);
	if (e->has & WEIR_EVENT_HAS_HASH)
		e->hash = weir_rd_be64(in);
	if (e->has & WEIR_EVENT_HAS_UID)
		e->uid = weir_rd_be32(in);
}

static void parse_words(struct weir_rd *in, struct weir_event *e)
{
	if (e->has & WEIR_EVENT_HAS_NAME) {
		get_text(in, e->name, sizeof(e->name));
		e->type = weir_rd_be16(in);
	}
	if (e->has & WEIR_EVENT_HAS_RCODE) {
		uint8_t cached;

		e->rcode = weir_rd_be16(in);
		e->answers = weir_rd_be16(in);
		cached = weir_rd_u8(in);
		e->cached = cached == 1;
		if (cached > 1)
			in->bad = true;
	}
	if (e->has & WEIR_EVENT_HAS_REQUEST) {
		get_text(in, e->method, sizeof(e->method));
		get_text(in, e->path, sizeof(e->path));
	}
	if (e->has & (WEIR_EVENT_HAS_TEXT | WEIR_EVENT_HAS_VERSION))
		get_text(in, e->text, sizeof(e->text));
	if (e->has & WEIR_EVENT_HAS_SECRET)
		get_text(in, e->secret, sizeof(e->secret));
	if (e->has & WEIR_EVENT_HAS_PLACE) {
		get_text(in, e->host, sizeof(e->host));
		e->place = (enum weir_event_place)weir_rd_u8(in);
		e->form = (enum weir_event_form)weir_rd_u8(in);
	}
}

bool weir_event_parse(struct weir_rd *in, struct weir_event *ret)
{
	uint8_t kind = weir_rd_u8(in);
	uint32_t has = weir_rd_be32(in), settled;
	uint64_t unix_us = weir_rd_be64(in);
	uint8_t n_names = weir_rd_u8(in);

	if (!weir_rd_ok(in) || kind == 0 || kind >= WEIR_EVENT_KINDS ||
	    unix_us > WEIR_EVENT_UNIX_US_MAX ||
	    n_names > WEIR_EVENT_NAMES_MAX ||
	    (n_names && !(has & WEIR_EVENT_HAS_ENDS)))
		return false;
	weir_event_init(ret, (enum weir_event_kind)kind, unix_us);
	ret->has = has;
	ret->n_names = n_names;
	parse_conversation(in, ret);
	parse_figures(in, ret);
	parse_words(in, ret);
	return weir_rd_ok(in) && in->left == 0 && settle(ret, &settled) &&
	       settled == has && ret->protocol != 58;
}

/* --- the line --- */

static void add_key(struct weir_text *to, const char *key)
{
	weir_text_add(to, ",\"");
	weir_text_add(to, key);
	weir_text_add(to, "\":");
}

static void add_number(struct weir_text *to, const char *key, uint64_t v)
{
	add_key(to, key);
	weir_text_add_u64(to, v);
}

/* @s is ours: nothing in it needs an escape */
static void add_word(struct weir_text *to, const char *key, const char *s)
{
	add_key(to, key);
	weir_text_add_char(to, '"');
	weir_text_add(to, s);
	weir_text_add_char(to, '"');
}

static void add_field(struct weir_text *to, const char *key, const char *s,
		      size_t room)
{
	add_key(to, key);
	weir_jtext_add(to, s, strnlen(s, room - 1));
}

static void add_address(struct weir_text *to, const char *key,
			const struct weir_addr *a)
{
	add_key(to, key);
	weir_text_add_char(to, '"');
	weir_text_add_addr(to, a);
	weir_text_add_char(to, '"');
}

static void add_digits(struct weir_text *to, uint64_t v, unsigned digits)
{
	for (uint64_t scale = 1; digits > 1; digits--) {
		scale *= 10;
		if (v < scale)
			weir_text_add_char(to, '0');
	}
	weir_text_add_u64(to, v);
}

/* RFC 3339, UTC; the day by Gregorian eras of 400 years that begin in March */
static void add_time(struct weir_text *to, uint64_t us)
{
	uint64_t s = us / 1000000, z = s / 86400 + 719468;
	uint64_t era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;

	add_digits(to, yoe + era * 400 + (month <= 2), 4);
	weir_text_add_char(to, '-');
	add_digits(to, month, 2);
	weir_text_add_char(to, '-');
	add_digits(to, doy - (153 * mp + 2) / 5 + 1, 2);
	weir_text_add_char(to, 'T');
	add_digits(to, s / 3600 % 24, 2);
	weir_text_add_char(to, ':');
	add_digits(to, s / 60 % 60, 2);
	weir_text_add_char(to, ':');
	add_digits(to, s % 60, 2);
	weir_text_add_char(to, '.');
	add_digits(to, us % 1000000, 6);
	weir_text_add_char(to, 'Z');
}

static void print_verdict(const struct weir_event *e, struct weir_text *to)
{
	const char *at = strchr(verdicts, e->verdict);

	weir_must(at); /* is_sound() */
	add_word(to, "verdict", verdict_names[at - verdicts]);
	add_key(to, "rule");
	switch (e->by) {
	case WEIR_EVENT_BY_NOTHING:
		weir_text_add(to, "null");
		break;
	case WEIR_EVENT_BY_RULE:
		weir_text_add_u64(to, e->rule);
		break;
	case WEIR_EVENT_BY_DEFAULT:
		weir_text_add(to, "\"default\"");
		break;
	case WEIR_EVENT_BY_BOUNDS:
		weir_text_add(to, "\"bounds ");
		weir_text_add_u64(to, e->rule);
		weir_text_add_char(to, '"');
		break;
	}
}

static void print_ends(const struct weir_event *e, uint32_t has,
		       struct weir_text *to)
{
	uint8_t p = protocol_of(e);

	add_word(to, "proto", p == 6 ? "tcp" : p == 17 ? "udp" : "icmp");
	add_address(to, "src", &e->src);
	if (has & WEIR_EVENT_HAS_PORTS)
		add_number(to, "sport", e->sport);
	add_address(to, "dst", &e->dst);
	if (has & WEIR_EVENT_HAS_PORTS)
		add_number(to, "dport", e->dport);
	if (!e->n_names)
		return;
	add_key(to, "names");
	for (uint32_t i = 0; i < e->n_names; i++) {
		weir_text_add_char(to, i ? ',' : '[');
		weir_jtext_add(to, e->names[i],
			       strnlen(e->names[i], sizeof(e->names[i]) - 1));
	}
	weir_text_add_char(to, ']');
}

/* the type's name, or TYPE123 (RFC 3597 5) */
static void print_type(uint16_t type, struct weir_text *to)
{
	static const struct {
		uint16_t type;
		char name[11];
	} row[] = {
		{ 1, "A" },      { 2, "NS" },          { 5, "CNAME" },
		{ 6, "SOA" },    { 12, "PTR" },        { 13, "HINFO" },
		{ 15, "MX" },    { 16, "TXT" },        { 28, "AAAA" },
		{ 33, "SRV" },   { 35, "NAPTR" },      { 39, "DNAME" },
		{ 43, "DS" },    { 44, "SSHFP" },      { 46, "RRSIG" },
		{ 47, "NSEC" },  { 48, "DNSKEY" },     { 50, "NSEC3" },
		{ 52, "TLSA" },  { 64, "SVCB" },       { 65, "HTTPS" },
		{ 252, "AXFR" }, { 251, "IXFR" },      { 255, "ANY" },
		{ 257, "CAA" },  { 51, "NSEC3PARAM" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (row[i].type == type) {
			add_word(to, "type", row[i].name);
			return;
		}
	}
	add_key(to, "type");
	weir_text_add(to, "\"TYPE");
	weir_text_add_u64(to, type);
	weir_text_add_char(to, '"');
}

static void print_answer(const struct weir_event *e, struct weir_text *to)
{
	static const char names[][9] = { "NOERROR",  "FORMERR", "SERVFAIL",
					 "NXDOMAIN", "NOTIMP",  "REFUSED" };

	if (e->rcode < sizeof(names) / sizeof(names[0])) {
		add_word(to, "rcode", names[e->rcode]);
	} else {
		add_key(to, "rcode");
		weir_text_add(to, "\"RCODE");
		weir_text_add_u64(to, e->rcode);
		weir_text_add_char(to, '"');
	}
	add_number(to, "answers", e->answers);
	add_key(to, "cached");
	weir_text_add(to, e->cached ? "true" : "false");
}

static void print_conversation(const struct weir_event *e, uint32_t has,
			       struct weir_text *to)
{
	if (has & WEIR_EVENT_HAS_FLOW)
		add_number(to, "flow", e->flow);
	if (has & WEIR_EVENT_HAS_ENDS)
		print_ends(e, has, to);
	if (has & WEIR_EVENT_HAS_SHOWN)
		add_field(to, "shown", e->shown, sizeof(e->shown));
	if (has & WEIR_EVENT_HAS_NAME) {
		add_field(to, "name", e->name, sizeof(e->name));
		print_type(e->type, to);
	}
	if (has & WEIR_EVENT_HAS_REQUEST) {
		add_field(to, "method", e->method, sizeof(e->method));
		add_field(to, "path", e->path, sizeof(e->path));
	}
	if (has & WEIR_EVENT_HAS_VERDICT)
		print_verdict(e, to);
	if (has & WEIR_EVENT_HAS_TEXT)
		add_field(to, "text", e->text, sizeof(e->text));
	if (has & WEIR_EVENT_HAS_REASON)
		add_word(to, "reason", weir_reason_name(e->reason));
	if (has & WEIR_EVENT_HAS_RCODE)
		print_answer(e, to);
}

static void print_figures(const struct weir_event *e, uint32_t has,
			  struct weir_text *to)
{
	if (has & WEIR_EVENT_HAS_BYTES) {
		add_number(to, "up", e->up);
		add_number(to, "down", e->down);
	}
	if (has & WEIR_EVENT_HAS_PACKETS) {
		add_number(to, "up_packets", e->up_packets);
		add_number(to, "down_packets", e->down_packets);
	}
	if (has & (WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_MS))
		add_number(to, "ms", e->ms);
	if (has & WEIR_EVENT_HAS_RTT)
		add_number(to, "rtt_us", e->rtt_us);
	if (has & WEIR_EVENT_HAS_COUNT)
		add_number(to, "count", e->count);
}

/* of Weir itself: versions, secrets, who changed what */
static void print_house(const struct weir_event *e, uint32_t has,
			struct weir_text *to)
{
	if (has & WEIR_EVENT_HAS_VERSION)
		add_field(to, "version", e->text, sizeof(e->text));
	if (has & WEIR_EVENT_HAS_HASH) {
		add_key(to, "hash");
		weir_text_add_char(to, '"');
		weir_text_add_hex(to, e->hash, 16);
		weir_text_add_char(to, '"');
	}
	if (has & WEIR_EVENT_HAS_SECRET)
		add_field(to, "secret", e->secret, sizeof(e->secret));
	if (has & WEIR_EVENT_HAS_PLACE) {
		add_field(to, "host", e->host, sizeof(e->host));
		add_word(to, "place", places[e->place]);
		add_word(to, "form", forms[e->form]);
	}
	if (has & WEIR_EVENT_HAS_UID)
		add_number(to, "uid", e->uid);
}

void weir_event_print(const struct weir_event *e, struct weir_text *to)
{
	uint32_t has;

	if (!settle(e, &has)) {
		to->bad = true;
		to->left = 0;
		return;
	}
	weir_text_add(to, "{\"ts\":\"");
	add_time(to, time_of(e));
	weir_text_add_char(to, '"');
	add_word(to, "event", kinds[e->kind]);
	print_conversation(e, has, to);
	print_figures(e, has, to);
	print_house(e, has, to);
	weir_text_add(to, "}\n");
}
