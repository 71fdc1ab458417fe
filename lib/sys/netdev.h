/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.h - the guest's card where the guest is a namespace: a TAP
 *
 * All work on the network namespace of the caller, who needs CAP_NET_ADMIN in
 * the user namespace that owns it.
 *
 * DOC: whose namespace the TAP holds
 *
 * A descriptor of /dev/net/tun holds the network namespace it was opened in:
 * as long as somebody has it, that namespace does not go.  For a guest that
 * was there before Weir, and whose end Weir is to notice, the TAP is made in
 * a namespace of its own and moved (weir_netdev_move()); when the guest's
 * namespace goes, the card goes with it and reads give EBADFD.
 */
#ifndef WEIR_SYS_NETDEV_H
#define WEIR_SYS_NETDEV_H

#include <stdint.h>
#include <sys/types.h>

#include "sys/charter.h"

#define WEIR_NETDEV_NAME       "eth0"
#define WEIR_NETDEV_NAME_BYTES 16u /* with the NUL */
#define WEIR_NETDEV_WHY_BYTES  160u

/**
 * weir_netdev_prepare() - settings that a card inherits when it is made
 * @has6: will the card have IPv6?
 * @gid: the group that may send echo requests
 *
 * No router advertisements are believed, no duplicate address detection is
 * waited for, ports below 1024 are everybody's, and so is echo.  What the
 * kernel does not have is left out.
 */
void weir_netdev_prepare(bool has6, gid_t gid);

/** weir_netdev_is_name() - may a card be called so? */
bool weir_netdev_is_name(const char *name);

/**
 * weir_netdev_make() - make the TAP, with checksum and segment offload
 * @name: 1 to 15 bytes, see weir_netdev_is_name()
 * @ret_offload: WEIR_OFFLOAD_* bits the kernel took
 *
 * Return: a descriptor, non-blocking and close-on-exec, or -ENOENT no
 * /dev/net/tun, -EACCES it may not be opened, or another negative errno.
 */
int weir_netdev_make(const char *name, uint32_t *ret_offload);

/** weir_netdev_open() - the same, called WEIR_NETDEV_NAME */
int weir_netdev_open(uint32_t *ret_offload);

/** weir_netdev_explain() - why weir_netdev_make() gave @error; a sentence */
void weir_netdev_explain(const char *name, int error,
			 char why[WEIR_NETDEV_WHY_BYTES]);

/**
 * weir_netdev_move() - give a card to another network namespace
 * @netns: a descriptor of it; CAP_NET_ADMIN is needed there too
 * @c: MAC and MTU are set beforehand
 *
 * Return: 0; -EEXIST there is one of that name; another negative errno.
 */
int weir_netdev_move(const char *name, int netns, const struct weir_charter *c);

/**
 * weir_netdev_quiet() - settings of one card that is there, before it is up
 *
 * As weir_netdev_prepare() for the card alone: no router advertisements, no
 * duplicate address detection; no IPv6 at all unless @has6.
 */
void weir_netdev_quiet(const char *name, bool has6);

/**
 * weir_netdev_configure() - addresses, routes, neighbours; up
 * @name: the card
 * @c: the network; the TAP exists
 * @ret_what: on failure the thing that was refused, for a sentence
 *
 * Return: 0 or a negative errno.
 */
int weir_netdev_configure(const char *name, const struct weir_charter *c,
			  const char **ret_what);

#endif /* WEIR_SYS_NETDEV_H */
