/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - DNS over TLS: messages between the engine and the proxy
 *
 * A line is a pair of sockets that keeps messages apart (SOCK_SEQPACKET).  TLS
 * is the proxy's; names and answers are judged where those of UDP and TCP are.
 *
 *	guest ── conn ── side.fd ══ pair ══ proxy ══ line ── names
 *	names ── line ══ proxy ══ TLS ══ resolver (tls://NAME@ADDR)
 *
 * A guest's connection to port 853, where that port is intercepted, is answered
 * here whatever its address is, as one to port 53: no host is dialled.
 *
 * A resolver has one line, made when it is first asked and again when it has
 * ended; its questions share it and are known by their ids.  A line that has
 * brought answers and ends (resolvers close what is idle) is no failure of what
 * it still owed: that is asked once more.
 */
#ifndef WEIR_ENGINE_LINES_H
#define WEIR_ENGINE_LINES_H

#include "engine/house.h"

/** weir_lines_init() - none is open */
void weir_lines_init(struct weir_house *h);

/**
 * weir_lines_ask() - a question for the resolver @o->server.line
 *
 * Return: false: there is no proxy, or no line can be had.
 */
bool weir_lines_ask(struct weir_house *h, const struct weir_ask_out *o);

/** weir_lines_reload() - the resolvers are other ones */
void weir_lines_reload(struct weir_house *h);

/** weir_lines_is_dot() - is a connection of the guest to this port answered
 * here? */
bool weir_lines_is_dot(const struct weir_house *h, uint16_t port);

/** weir_lines_join() - flow @i is such a connection: it gets its pair and a line,
 * or is refused: PROXY_DOWN, NO_FDS, LIMIT_FLOWS, NO_MEMORY */
void weir_lines_join(struct weir_house *h, uint32_t i);

/** weir_lines_answer() - for the line that a question came from
 * @from: what weir_lines_event() had called it */
void weir_lines_answer(struct weir_house *h, uint64_t from,
		       const uint8_t *bytes, size_t len);

/** weir_lines_event() - something happened on a line; @low: of its tag */
void weir_lines_event(struct weir_house *h, uint64_t low);

/** weir_lines_end_all() - close every one: the network ends */
void weir_lines_end_all(struct weir_house *h);

#endif /* WEIR_ENGINE_LINES_H */
