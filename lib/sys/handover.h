/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.h - a connection on its way from the engine to the proxy
 *
 * The body of HANDOVER.  Two descriptors go with it: the host's socket,
 * connected, and the proxy's end of a socket pair, whose other end takes the
 * place of the host's socket in the engine.  So the engine carries the guest's
 * bytes as ever; what becomes of them is the proxy's.
 */
#ifndef WEIR_SYS_HANDOVER_H
#define WEIR_SYS_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_HANDOVER_NAME_BYTES 254u /* a name as text, with its NUL */
#define WEIR_HANDOVER_PINS_MAX   32u

/* descriptors of a HANDOVER, in this order */
enum { WEIR_HANDOVER_HOST, WEIR_HANDOVER_GUEST, WEIR_HANDOVER_FDS };

/**
 * enum weir_handover_kind - what is to be done with it
 *
 * DOT and RESOLVER are DNS over TLS: one of the two descriptors is a line, a
 * pair of SOCK_SEQPACKET with a message in each packet.
 */
enum weir_handover_kind {
	WEIR_HANDOVER_TLS = 1,
	WEIR_HANDOVER_HTTP,     /* plain */
	WEIR_HANDOVER_DOT,      /* the guest's; the host's socket is a line */
	WEIR_HANDOVER_RESOLVER, /* to @shown; the guest's is a line */
};

/**
 * struct weir_handover - what the proxy knows of a connection
 * @flow:  its number, in what is said of it later
 * @to, @port: where the guest wanted to go
 * @shown: the name that was shown, lower case, without a final dot; "" none
 * @rule, @by: what allows it (policy/judge.h)
 * @pin:   @n_pins names pinned to @to, as @shown; those used last
 */
struct weir_handover {
	uint64_t flow;
	enum weir_handover_kind kind;
	struct weir_addr to;
	uint16_t port;
	uint32_t rule;
	uint8_t by;
	char shown[WEIR_HANDOVER_NAME_BYTES];
	uint32_t n_pins;
	char pin[WEIR_HANDOVER_PINS_MAX][WEIR_HANDOVER_NAME_BYTES];
};

/** weir_handover_build() - write it; check weir_wr_ok() afterwards */
void weir_handover_build(const struct weir_handover *x, struct weir_wr *to);

/**
 * weir_handover_parse() - read it
 *
 * Return: true and *@ret whole; false if a value is out of range, a name is
 * no lower-case text, or bytes are missing or left over.
 */
bool weir_handover_parse(struct weir_rd *in, struct weir_handover *ret);

/** enum weir_handover_how - how it ended */
enum weir_handover_how {
	WEIR_HANDOVER_CLOSED = 1, /* both sides had said all */
	WEIR_HANDOVER_RESET,      /* the guest is to see a reset */
};

/**
 * struct weir_handover_end - the body of HANDED: what became of one
 * @up, @down: bytes to the host and from it
 * @why: the reason, if it was refused; else WEIR_REASON_NONE
 */
struct weir_handover_end {
	uint64_t flow, up, down;
	enum weir_handover_how how;
	enum weir_reason why;
};

/** weir_handover_build_end(), weir_handover_parse_end() - as the two above */
void weir_handover_build_end(const struct weir_handover_end *e,
			     struct weir_wr *to);
bool weir_handover_parse_end(struct weir_rd *in, struct weir_handover_end *ret);

#define WEIR_HANDOVER_METHOD_BYTES 31u
#define WEIR_HANDOVER_PATH_BYTES   1024u /* more is cut: it is for people */

/**
 * struct weir_handover_denied - the body of DENIED: a request was refused
 * @rule, @by, @why: the verdict
 * @method, @path: of the request, windows; empty: it could not be read
 */
struct weir_handover_denied {
	uint64_t flow;
	uint32_t rule;
	uint8_t by;
	enum weir_reason why;
	struct weir_rd method, path;
};

/** weir_handover_build_denied(), weir_handover_parse_denied() - as above; what
 * was parsed borrows from @in */
void weir_handover_build_denied(const struct weir_handover_denied *d,
				struct weir_wr *to);
bool weir_handover_parse_denied(struct weir_rd *in,
				struct weir_handover_denied *ret);

#endif /* WEIR_SYS_HANDOVER_H */
