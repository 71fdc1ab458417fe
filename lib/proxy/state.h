/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - the state of an exchange, for the rooms it is made of: exchange,
 * asking, answering, reply */
#ifndef WEIR_PROXY_STATE_H
#define WEIR_PROXY_STATE_H

#include "proxy/exchange.h"
#include "proxy/haul.h"
#include "proxy/websocket.h"

/* of the way out, kept for framing that comes later (haul.c) */
#define WEIR_STATE_LATER_BYTES 64u

enum weir_state_ask {
	WEIR_STATE_ASK_HEAD = 1,
	WEIR_STATE_ASK_BODY,
	WEIR_STATE_ASK_DONE,
	WEIR_STATE_ASK_DRAIN,
	WEIR_STATE_ASK_FRAMES,
	WEIR_STATE_ASK_OVER,
};

enum weir_state_answer {
	WEIR_STATE_ANSWER_NONE = 1,
	WEIR_STATE_ANSWER_HEAD,
	WEIR_STATE_ANSWER_BODY,
	WEIR_STATE_ANSWER_FRAMES,
	WEIR_STATE_ANSWER_OVER,
};

/**
 * struct weir_exchange - the state of a connection
 * @end:      what each side is to be told once its bytes are written
 * @interim:  answers of the current request that were not final
 * @served:   at least one answer came to its end
 * @closing:  guest or host said that this exchange is the last
 * @old:      the guest speaks HTTP/1.0
 * @request:  what an answer of ours needs to know of the request
 * @websocket: the request is a handshake
 * @deaf:     the host takes no more
 * @failed, @detail: why the host cannot be asked
 * @drained:  bytes of a denied body
 */
struct weir_exchange {
	struct weir_exchange_owner owner;
	struct weir_haul up, down;
	struct weir_websocket ups, downs;
	enum weir_state_ask ask;
	enum weir_state_answer answer;
	enum weir_exchange_end end[2];
	bool served, closing, old, websocket, deaf;
	uint8_t interim;
	struct weir_forbid request;
	struct weir_dns_name host;
	const struct weir_swap *swap;
	enum weir_reason failed;
	const char *detail;
	uint64_t drained;
};

#endif /* WEIR_PROXY_STATE_H */
