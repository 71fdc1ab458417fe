/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - one thing that happened, from the engine's hand to a line of JSON
 *
 * The engine fills a struct weir_event, control prints it.  Between them it
 * crosses a process border as bytes (build, parse); the reader trusts nothing.
 * The fields of the line are those of doc/events.schema.json.
 *
 * DOC: what belongs to which kind
 *
 * Each kind has things it must have and things it may have (the table in
 * event.c).  Whoever fills an event need not know the second: what the kind has
 * no place for is left out.  Without what it must have it is not whole, and is
 * neither built nor printed:
 *
 *	start                    VERSION
 *	flow_open                FLOW ENDS VERDICT
 *	flow_close               FLOW ENDS REASON BYTES
 *	deny                     VERDICT REASON
 *	dns                      NAME
 *	secret_use               SECRET PLACE
 *	secret_leak, secret      SECRET
 *	limit                    REASON
 *	policy                   HASH
 *	ports, capture           TEXT
 *	lost                     COUNT
 *
 * A flow, its ends, names and verdict may stand beside anything that a guest's
 * conversation can cause (flow_*, deny, dns, secret_*, limit).
 */
#ifndef WEIR_RECORD_EVENT_H
#define WEIR_RECORD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/text.h"
#include "base/wr.h"
#include "record/jtext.h"

/* clang-format off */
#define WEIR_EVENTS(X) \
	X(START, "start") X(STOP, "stop") \
	X(LINK_UP, "link_up") X(LINK_DOWN, "link_down") \
	X(FLOW_OPEN, "flow_open") X(FLOW_CLOSE, "flow_close") \
	X(DENY, "deny") X(DNS, "dns") \
	X(SECRET_USE, "secret_use") X(SECRET_LEAK, "secret_leak") \
	X(LIMIT, "limit") X(POLICY, "policy") X(PORTS, "ports") \
	X(SECRET, "secret") X(CAPTURE, "capture") X(LOST, "lost")
/* clang-format on */

#define WEIR_EVENT_ENUM(name, text) WEIR_EVENT_##name,
enum weir_event_kind {
	WEIR_EVENT_NONE,
	WEIR_EVENTS(WEIR_EVENT_ENUM) WEIR_EVENT_KINDS
};
#undef WEIR_EVENT_ENUM

/* the bit of a kind in a mask of kinds, and all of them */
#define WEIR_EVENT_BIT(kind) (1u << (kind))
#define WEIR_EVENT_ALL       ((1u << WEIR_EVENT_KINDS) - 2u)

/* clang-format off */
#define WEIR_EVENT_PLACES(X) \
	X(HEADER, "header") X(BASIC, "basic") X(QUERY, "query") \
	X(PATH, "path") X(BODY, "body") X(WEBSOCKET, "websocket")
#define WEIR_EVENT_FORMS(X) \
	X(RAW, "raw") X(PERCENT, "percent") X(JSON, "json") \
	X(BASIC, "basic") X(BASE64, "base64")
/* clang-format on */

/* where in a request a placeholder stood, and how it was written */
#define WEIR_EVENT_ENUM(name, text) WEIR_EVENT_IN_##name,
enum weir_event_place { WEIR_EVENT_PLACES(WEIR_EVENT_ENUM) WEIR_EVENT_IN };
#undef WEIR_EVENT_ENUM
#define WEIR_EVENT_ENUM(name, text) WEIR_EVENT_AS_##name,
enum weir_event_form { WEIR_EVENT_FORMS(WEIR_EVENT_ENUM) WEIR_EVENT_AS };
#undef WEIR_EVENT_ENUM

#define WEIR_EVENT_NAMES_MAX    32u  /* pinned names shown in one event */
#define WEIR_EVENT_TEXT_BYTES   256u /* of one text, its NUL included */
#define WEIR_EVENT_METHOD_BYTES 32u
#define WEIR_EVENT_TEXTS        7u /* beside the names; the method is one */

/* room that is always enough: for the built form, and for the line */
#define WEIR_EVENT_BYTES                                                       \
	(256u +                                                                \
	 (WEIR_EVENT_NAMES_MAX + WEIR_EVENT_TEXTS) * WEIR_EVENT_TEXT_BYTES)
#define WEIR_EVENT_LINE_BYTES                                                  \
	(2048u + (WEIR_EVENT_NAMES_MAX + WEIR_EVENT_TEXTS) *                   \
			 (WEIR_JTEXT_BYTE_MAX * WEIR_EVENT_TEXT_BYTES))
/* 9999-12-31T23:59:59.999999Z: what comes later is not told apart */
#define WEIR_EVENT_UNIX_US_MAX 253402300799999999ull

/* what an event has beside its kind and time, bits of weir_event.has */
#define WEIR_EVENT_HAS_FLOW    0x1u /* @flow */
#define WEIR_EVENT_HAS_ENDS    0x2u /* @proto and the addresses */
#define WEIR_EVENT_HAS_PORTS   0x4u /* with @ENDS: not for ICMP */
#define WEIR_EVENT_HAS_SHOWN   0x8u
#define WEIR_EVENT_HAS_VERDICT 0x10u /* @verdict, @by, @rule */
#define WEIR_EVENT_HAS_REASON  0x20u
#define WEIR_EVENT_HAS_BYTES   0x40u /* @up, @down, @ms */
#define WEIR_EVENT_HAS_PACKETS 0x80u /* @up_packets, @down_packets */
#define WEIR_EVENT_HAS_RTT     0x100u
#define WEIR_EVENT_HAS_NAME    0x200u /* @name, @type: of a question */
#define WEIR_EVENT_HAS_RCODE   0x400u /* @rcode, @answers, @cached */
#define WEIR_EVENT_HAS_REQUEST 0x800u /* @method, @path */
#define WEIR_EVENT_HAS_COUNT   0x1000u
#define WEIR_EVENT_HAS_VERSION 0x2000u /* @text is it, and no TEXT then */
#define WEIR_EVENT_HAS_UID     0x4000u
#define WEIR_EVENT_HAS_TEXT    0x8000u  /* @text: of the rule, or a remark */
#define WEIR_EVENT_HAS_HASH    0x10000u /* @hash: of the effective policy */
#define WEIR_EVENT_HAS_MS      0x20000u /* @ms without @up and @down */
#define WEIR_EVENT_HAS_SECRET  0x40000u /* @secret: its name, never a value */
#define WEIR_EVENT_HAS_PLACE   0x80000u /* @host, @place, @form */

/** enum weir_event_by - what made a verdict: a number, "default", "bounds N",
 * null */
enum weir_event_by {
	WEIR_EVENT_BY_NOTHING,
	WEIR_EVENT_BY_RULE,
	WEIR_EVENT_BY_DEFAULT,
	WEIR_EVENT_BY_BOUNDS,
};

/**
 * struct weir_event - one event; texts are terminated and may hold any bytes
 * @unix_us: when, microseconds since 1970
 * @protocol: 6, 17 or 1; 58 is told as 1
 * @verdict: 'a' allow, 'd' deny, 'w' defer
 * @shown, @names: names as text without the final dot (@n_names of them)
 * @method, @path: of a request; the path without its query
 *
 * Everything from @shown on is written and read only where @has or @n_names
 * says so; weir_event_init() makes an event ready without touching all of it.
 */
struct weir_event {
	enum weir_event_kind kind;
	uint32_t has;
	uint64_t unix_us;
	uint64_t flow;
	uint8_t protocol;
	struct weir_addr src, dst;
	uint16_t sport, dport;
	char verdict;
	enum weir_event_by by;
	uint32_t rule;
	enum weir_reason reason;
	uint64_t up, down, up_packets, down_packets, ms;
	uint32_t rtt_us;
	uint16_t type, rcode, answers;
	bool cached;
	uint64_t count, hash;
	uint32_t uid;
	uint32_t n_names;
	enum weir_event_place place;
	enum weir_event_form form;
	char shown[WEIR_EVENT_TEXT_BYTES];
	char name[WEIR_EVENT_TEXT_BYTES];
	char text[WEIR_EVENT_TEXT_BYTES];
	char method[WEIR_EVENT_METHOD_BYTES];
	char path[WEIR_EVENT_TEXT_BYTES];
	char secret[WEIR_EVENT_TEXT_BYTES];
	char host[WEIR_EVENT_TEXT_BYTES];
	char names[WEIR_EVENT_NAMES_MAX][WEIR_EVENT_TEXT_BYTES];
};

/** weir_event_name() - the contract's name of a kind; "unknown" for none */
const char *weir_event_name(enum weir_event_kind k);

/** weir_event_find() - the kind of a name; WEIR_EVENT_NONE if there is none */
enum weir_event_kind weir_event_find(const char *name, size_t len);

/** weir_event_init() - nothing but a kind and a time; empty texts, no names */
void weir_event_init(struct weir_event *e, enum weir_event_kind kind,
		     uint64_t unix_us);

/**
 * weir_event_copy() - put a text that somebody else chose into an event
 * @to:   of @room bytes, at least 4; terminated afterwards
 * @from: @len bytes of any kind
 *
 * A text that is too long is cut between characters and ends in U+2026.  NUL
 * cannot stand in a text: it becomes a byte that is printed as U+FFFD.
 */
void weir_event_copy(char *to, size_t room, const void *from, size_t len);

/**
 * weir_event_build() - write it; check weir_wr_ok() afterwards
 *
 * An event that is not whole (see the top) turns @to bad.  Never more than
 * WEIR_EVENT_BYTES, and only what the event has.
 */
void weir_event_build(const struct weir_event *e, struct weir_wr *to);

/**
 * weir_event_parse() - read what weir_event_build() wrote
 * @in: the window of this one event: what is left over is a fault
 *
 * Return: false and *@ret undefined if malformed or not whole.
 */
bool weir_event_parse(struct weir_rd *in, struct weir_event *ret);

/**
 * weir_event_print() - one line of JSON, with its newline
 *
 * Only printable ASCII; quotes, backslashes, controls, DEL and what is beyond
 * ASCII in texts are escaped (a byte that is no UTF-8 becomes U+FFFD), so that
 * no text can forge a field or a line.  An event that is not whole, or that
 * does not fit, turns @to bad; WEIR_EVENT_LINE_BYTES are always enough.
 */
void weir_event_print(const struct weir_event *e, struct weir_text *to);

#endif /* WEIR_RECORD_EVENT_H */
