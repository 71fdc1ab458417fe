/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - the receiving half's promises: acknowledgement and window
 *
 * Used by conn.c and transmit.c alone; the rooms share one struct weir_conn.
 */
#ifndef WEIR_FLOW_WINDOW_H
#define WEIR_FLOW_WINDOW_H

#include "flow/conn.h"

#define WEIR_WINDOW_SCALE  7u     /* ours: up to 8 MiB (RFC 7323) */
#define WEIR_WINDOW_IN_SYN 65408u /* a multiple of 2^7 */

/** weir_window_scale() - by how much the window field is scaled, in bits */
static inline unsigned weir_window_scale(const struct weir_conn *c)
{
	return c->wscale < 0 ? 0 : WEIR_WINDOW_SCALE;
}

/** weir_window_mss_up() - the most payload the guest puts in a segment */
uint32_t weir_window_mss_up(const struct weir_conn *c,
			    const struct weir_conn_env *env);

/** weir_window_put() - write acknowledgement and window into a header; what
 * was owed is thereby sent */
void weir_window_put(struct weir_conn *c, const struct weir_conn_env *env,
		     struct weir_tcp *t);

/** weir_window_accepted() - payload in order was accepted: acknowledge it,
 * now or soon */
void weir_window_accepted(struct weir_conn *c, const struct weir_conn_env *env,
			  uint64_t now_us);

/** weir_window_drained() - the host took bytes that waited: tell the guest if
 * that opens the window enough */
void weir_window_drained(struct weir_conn *c, const struct weir_conn_env *env);

/** weir_window_tick() - due_ack has passed: nothing came to ride on */
void weir_window_tick(struct weir_conn *c);

#endif /* WEIR_FLOW_WINDOW_H */
