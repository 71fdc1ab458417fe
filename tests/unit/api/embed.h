/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed.h - a program with a network inside: its guest, its hooks, its waits
 *
 * The guest is a few frames; what it talks to is a socket on this machine's
 * loopback, which it knows as its gateway.
 */
#ifndef EMBED_H
#define EMBED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define EMBED_EVENTS_MAX 65536u

/** struct embed - a network and what was heard of it */
struct embed {
	struct weir_net *net;
	struct weir_port *port;
	struct weir_error why;
	struct weir_ip guest, gateway;
	pthread_mutex_t lock;
	pthread_cond_t heard;
	char events[EMBED_EVENTS_MAX]; /* lines */
	size_t len;
	unsigned ended; /* calls of the termination hook */
};

/** embed_new() - a network of options that were begun; NULL: why says why */
bool embed_new(struct embed *e, struct weir_net_options *o);

/** embed_start() - with an event hook; it must work */
void embed_start(struct embed *e);

/** embed_free() - free it, and see that nothing is left open */
void embed_free(struct embed *e);

/** embed_options() - `net: none` and these rules, up to a NULL */
struct weir_net_options embed_options(const char *const *rules);

/** embed_host() - a UDP socket on 127.0.0.1; @ret_port: its port */
int embed_host(uint16_t *ret_port);

/** embed_say() - the guest sends a datagram from port 5000 */
void embed_say(struct embed *e, const struct weir_ip *to, uint16_t port,
	       const char *text);

/** embed_segment() - the guest sends a segment of TCP from port 5000 to its
 * gateway; @len even */
void embed_segment(struct embed *e, uint16_t port, uint32_t seq, uint32_t ack,
		   uint8_t flags, const void *data, size_t len);

/** embed_hear() - the next datagram, or segment of TCP, that the guest gets;
 * fails after 5 s.  Return: its IP packet, of @*ret_len bytes */
const uint8_t *embed_hear(struct embed *e, uint8_t protocol, size_t *ret_len);

/** embed_reaches() - does the datagram get to the host's socket @fd?  It waits
 * for it, or for the guest to be told that it does not */
bool embed_reaches(struct embed *e, int fd, const struct weir_ip *to,
		   uint16_t port);

/** embed_saw() - wait until an event has these words, 5 s at most */
bool embed_saw(struct embed *e, const char *words);

/** embed_fds() - descriptors that are open in this process */
unsigned embed_fds(void);

#endif /* EMBED_H */
