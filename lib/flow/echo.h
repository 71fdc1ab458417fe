/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo.h - echo of the guest to hosts outside (RFC 792, 4443 4)
 *
 * Who pings whom is kept as UDP is (assoc.h): a mapping is a guest's ident,
 * for which the owner keeps one ping socket, and a conversation each
 * destination.  A ping socket has an ident of its own, which the kernel puts
 * in place of the guest's; here it is restored.  Sequence and payload pass
 * untouched.  Pure.
 */
#ifndef WEIR_FLOW_ECHO_H
#define WEIR_FLOW_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/span.h"
#include "flow/assoc.h"
#include "packet/icmp.h"
#include "packet/view.h"

#define WEIR_ECHO_IDENTS_MAX        256u  /* ping sockets */
#define WEIR_ECHO_CONVERSATIONS_MAX 1024u /* destinations */
#define WEIR_ECHO_IDLE_MS           60000u

/** weir_echo_bytes() - what weir_echo_init() takes from an arena at most */
size_t weir_echo_bytes(void);

/** weir_echo_init() - nobody pings; see weir_assoc_init() */
bool weir_echo_init(struct weir_assoc *a, struct weir_arena *arena,
		    const uint64_t key[2], uint64_t now_us);

/**
 * weir_echo_parse() - read an echo request of the guest
 * @v, @frame: sorted as WEIR_KIND_ECHO
 * @ret:       who pings whom; untouched on failure
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_CSUM, WEIR_REASON_SHORT.
 */
enum weir_reason weir_echo_parse(const struct weir_view *v,
				 const struct weir_spans *frame,
				 struct weir_assoc_ends *ret);

/**
 * weir_echo_answer() - the header of a reply, as the guest must see it
 * @e:    the conversation it came in
 * @msg:  what the ping socket gave, from the ICMP header on, which lies in the
 *        first span
 * @ret:  gets the WEIR_ICMP_HEADER_BYTES that replace the first of @msg,
 *        checksum over both included
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_ICMP: it is no reply.
 */
enum weir_reason weir_echo_answer(const struct weir_assoc_ends *e,
				  const struct weir_spans *msg, uint8_t *ret);

#endif /* WEIR_FLOW_ECHO_H */
