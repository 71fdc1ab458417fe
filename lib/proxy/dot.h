/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dot.h - DNS over TLS as a talk (RFC 7858): messages, with their length in
 *         front of each on the one side, one in a packet on the other
 *
 *	guest ── TLS ── talk ── line ── engine        a guest's questions
 *	engine ── line ── talk ── TLS ── resolver     ours
 *
 * The line is a pair of sockets that keeps messages apart.  What the messages
 * say is the engine's business: it reads those of UDP and TCP too.
 */
#ifndef WEIR_PROXY_DOT_H
#define WEIR_PROXY_DOT_H

#include <stdbool.h>

#include "proxy/talk.h"

/** weir_dot_open() - begin one; @line: the side that is a line
 * Return: false: no memory */
bool weir_dot_open(enum weir_talk_side line, struct weir_talk *ret);

#endif /* WEIR_PROXY_DOT_H */
