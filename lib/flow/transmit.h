/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transmit.h - the sending half of a connection: what goes to the guest, when
 *
 * Used by conn.c alone; the two rooms share one struct weir_conn.
 */
#ifndef WEIR_FLOW_TRANSMIT_H
#define WEIR_FLOW_TRANSMIT_H

#include "flow/conn.h"

#define WEIR_TRANSMIT_NEVER UINT64_MAX

/* weir_conn.flags: facts */
#define WEIR_CONN_F_SACK        0x1u  /* agreed in the handshake */
#define WEIR_CONN_F_GUEST_FIN   0x2u  /* the guest's FIN came, in order */
#define WEIR_CONN_F_FIN_KNOWN   0x4u  /* ... or out of order: at fin_at */
#define WEIR_CONN_F_HOST_SHUT   0x8u  /* the host's side is shut for writing */
#define WEIR_CONN_F_HOST_EOF    0x10u /* the host sends no more: FIN follows */
#define WEIR_CONN_F_HOST_RST    0x20u /* the host was reset: RST follows */
#define WEIR_CONN_F_FIN_ACKED   0x40u /* the guest has our FIN */
#define WEIR_CONN_F_ACTIVE      0x80u /* our FIN went first: TIME-WAIT is ours */
#define WEIR_CONN_F_RECOVER     0x100u /* repairing a loss until `recover` */
#define WEIR_CONN_F_RTT         0x200u /* rtt_seq is being timed */
#define WEIR_CONN_F_MORE        0x400u /* the host has more to read at once */
#define WEIR_CONN_F_HELD        0x800u /* the last ACK was held back a little */
/* weir_conn.flags: what is to be sent */
#define WEIR_CONN_F_SYNACK_NOW  0x10000u
#define WEIR_CONN_F_RST_NOW     0x20000u
#define WEIR_CONN_F_UNREACH_NOW 0x40000u
#define WEIR_CONN_F_ACK_NOW     0x80000u
#define WEIR_CONN_F_PROBE_NOW   0x100000u /* ask for an ACK */
#define WEIR_CONN_F_REXMIT_NOW  0x200000u /* the hole at snd_una */
#define WEIR_CONN_F_FORCE_NOW   0x400000u /* a small segment after all */
#define WEIR_CONN_F_REFUSE_NOW  0x800000u /* CALL: RST for who knows another */

/** weir_transmit_next() - weir_conn_next() */
bool weir_transmit_next(struct weir_conn *c, struct weir_conn_env *env,
			uint64_t now_us, struct weir_conn_out *ret);

/** weir_transmit_acked() - take the acknowledgement and window of a segment
 * @plain: it has neither payload nor SYN nor FIN
 *
 * Return: NONE, or BAD_ACK: the segment is to be dropped.
 */
enum weir_reason weir_transmit_acked(struct weir_conn *c,
				     struct weir_conn_env *env,
				     const struct weir_tcp *t, bool plain,
				     uint64_t now_us);

/** weir_transmit_opened() - the guest acknowledged our SYN */
void weir_transmit_opened(struct weir_conn *c, uint64_t now_us);

/** weir_transmit_tick() - due_send has passed: RTO or persist */
void weir_transmit_tick(struct weir_conn *c, uint64_t now_us);

#endif /* WEIR_FLOW_TRANSMIT_H */
