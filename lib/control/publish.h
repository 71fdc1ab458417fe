/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h - published ports: what was asked for, and the sockets for it
 *
 * Control binds, so that a port which cannot be had is an error at start; the
 * engine takes the sockets (DOOR messages) and what arrives at them.
 */
#ifndef WEIR_CONTROL_PUBLISH_H
#define WEIR_CONTROL_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/charter.h"

#define WEIR_PUBLISH_SPECS_MAX  256u
#define WEIR_PUBLISH_WHY_BYTES  200u
#define WEIR_PUBLISH_TEXT_BYTES 72u

/**
 * struct weir_publish - one SPEC: @n ports in a row
 * @bind:  where clients come from: an address of the host
 * @host:  its first port; 0: chosen by the host, each
 * @guest: the first port in the guest
 */
struct weir_publish {
	bool udp;
	struct weir_addr bind;
	uint16_t host, guest, n;
};

/**
 * weir_publish_parse() - read a SPEC
 * @spec: [[BIND:]HOSTPORT[-END]:]GUESTPORT[-END][/tcp|udp]; an IPv6 BIND in
 *        brackets; without one 127.0.0.1
 * @ret:  written on success
 * @why:  on failure what is wrong, as the end of a sentence
 *
 * Return: false if it is anything else.
 */
bool weir_publish_parse(const char *spec, struct weir_publish *ret,
			char why[WEIR_PUBLISH_WHY_BYTES]);

/**
 * struct weir_publish_door - a port that is bound
 * @fd: -1: the engine alone has it
 * @chosen: the host chose its port
 * @gone: it is published no longer; its place and its id are free
 */
struct weir_publish_door {
	struct weir_charter_door is;
	int fd;
	bool chosen, gone;
};

/**
 * struct weir_publish_doors - all of them
 * @sent: so many are the engine's
 * @raise: the soft limit of descriptors is this process's own to raise
 * @inside: the engine is a thread of this process
 */
struct weir_publish_doors {
	uint32_t n, sent;
	bool raise, inside;
	struct weir_publish_door door[WEIR_DOORS_MAX];
};

/**
 * weir_publish_open() - bind every port of a SPEC
 * @d:   they are added to it
 * @why: on failure one sentence for the operator
 *
 * Return: 0; -ENOSPC there are too many; another negative errno: one cannot be
 * had, those before it are there.
 */
int weir_publish_open(const struct weir_publish *p,
		      struct weir_publish_doors *d,
		      char why[WEIR_PUBLISH_WHY_BYTES]);

/**
 * weir_publish_send() - hand sockets to the engine, as many as it takes now
 * @sock: control's end, non-blocking
 *
 * Return: 0 all are sent; -EAGAIN more when @sock is writable; another
 * negative errno.
 */
int weir_publish_send(struct weir_publish_doors *d, int sock);

/**
 * weir_publish_add() - one port more, while the engine runs
 * @p: a SPEC of one port
 *
 * Return: its id; a negative errno as weir_publish_open() or _send(), nothing
 * is changed then.
 */
int weir_publish_add(const struct weir_publish *p, struct weir_publish_doors *d,
		     int sock, char why[WEIR_PUBLISH_WHY_BYTES]);

/** weir_publish_remove() - one less; Return: 0; -ENOENT there is none; another
 * negative errno: the engine takes no message, and it is there still */
int weir_publish_remove(struct weir_publish_doors *d, uint32_t id, int sock);

/** weir_publish_close() - close what was not handed over */
void weir_publish_close(struct weir_publish_doors *d);

/** weir_publish_text() - 127.0.0.1:40001 -> 80/tcp */
void weir_publish_text(const struct weir_charter_door *d,
		       char text[WEIR_PUBLISH_TEXT_BYTES]);

#endif /* WEIR_CONTROL_PUBLISH_H */
