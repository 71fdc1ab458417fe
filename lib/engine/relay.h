/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - bytes both ways between a connection and its host socket
 *
 * Used by streams.c, which knows when; this room knows how.
 */
#ifndef WEIR_ENGINE_RELAY_H
#define WEIR_ENGINE_RELAY_H

#include "engine/house.h"

/* weir_side.flags */
#define WEIR_SIDE_BUSY       0x1u   /* on the busy list */
#define WEIR_SIDE_READABLE   0x2u   /* recv() may find something */
#define WEIR_SIDE_WRITABLE   0x4u   /* send() may take something */
#define WEIR_SIDE_DIALLING   0x8u   /* connect is under way */
#define WEIR_SIDE_READ_ON    0x10u  /* a short read is not the end of it */
#define WEIR_SIDE_ERROR      0x20u  /* an error is pending */
#define WEIR_SIDE_BROKEN     0x40u  /* a send failed */
#define WEIR_SIDE_HALF       0x80u  /* counted as half-open */
#define WEIR_SIDE_NAMES      0x100u /* DNS over TCP: no socket */
#define WEIR_SIDE_OTHER      0x200u /* loopback: another family may be tried */
#define WEIR_SIDE_ENDED_DOWN 0x400u /* end of file was read */
#define WEIR_SIDE_BULK       0x800u /* the last read found much: read more at once */
#define WEIR_SIDE_GATED      0x1000u /* bytes are looked at first: inspect.h */
#define WEIR_SIDE_IN         0x2000u /* it came in at a published port */
#define WEIR_SIDE_CROSSED    0x4000u /* the proxy is at the other end: cross.h */
#define WEIR_SIDE_DOT        0x8000u /* DNS over TLS: no host, see lines.h */

/** weir_relay_conn() - the connection of flow @i */
static inline struct weir_conn *weir_relay_conn(struct weir_house *h,
						uint32_t i)
{
	return &h->streams.conn[i];
}

/** weir_relay_note() - what the loop told of its host socket: WEIR_LOOP_* */
void weir_relay_note(struct weir_house *h, uint32_t i, uint32_t what);

/** weir_relay_env() - what its connection shares with others of its kind */
static inline struct weir_conn_env *weir_relay_env(struct weir_house *h,
						   uint32_t i)
{
	return h->streams.side[i].flags & WEIR_SIDE_NAMES ? &h->env_names
							  : &h->env;
}

/**
 * weir_relay_segment() - weir_conn_segment(), once what waits before a large
 * payload was given to the host: that one then need not be copied behind it
 */
enum weir_reason weir_relay_segment(struct weir_house *h, uint32_t i,
				    const struct weir_tcp *t,
				    const struct weir_spans *payload,
				    struct weir_conn_direct *ret);

/**
 * weir_relay_pass_up() - new payload in order: from the frame to the host
 *
 * What the host does not take is kept, and so are small payloads behind the first
 * of a turn, which go in one call at its end.
 * Return: WEIR_REASON_NONE, or LIMIT_PAYLOAD where it could not be.
 */
enum weir_reason weir_relay_pass_up(struct weir_house *h, uint32_t i,
				    const struct weir_spans *payload,
				    const struct weir_conn_direct *d);

/** weir_relay_push_up() - bytes that wait, to the host; and then the FIN */
void weir_relay_push_up(struct weir_house *h, uint32_t i);

/**
 * weir_relay_pull_down() - bytes from the host, as far as the guest's window
 * and the rate go, and the segments made of them
 *
 * Return: true if it could go on at once: serve it again without an event.
 */
bool weir_relay_pull_down(struct weir_house *h, uint32_t i);

/**
 * weir_relay_say() - bytes of our own for the guest, behind those of the host
 *
 * Return: false if payload memory is out; nothing was said then.
 */
bool weir_relay_say(struct weir_house *h, uint32_t i,
		    const struct weir_spans *bytes);

/** weir_relay_segments() - every segment the connection has for the guest */
void weir_relay_segments(struct weir_house *h, uint32_t i);

#endif /* WEIR_ENGINE_RELAY_H */
