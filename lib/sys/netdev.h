/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.h - the guest's card where the guest is a namespace: a TAP
 *
 * All three work on the network namespace of the caller, who needs
 * CAP_NET_ADMIN in the user namespace that owns it.
 */
#ifndef WEIR_SYS_NETDEV_H
#define WEIR_SYS_NETDEV_H

#include <stdint.h>
#include <sys/types.h>

#include "sys/charter.h"

#define WEIR_NETDEV_NAME "eth0"

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

/**
 * weir_netdev_open() - make the TAP, with checksum and segment offload
 * @ret_offload: WEIR_OFFLOAD_* bits the kernel took
 *
 * Return: a descriptor, non-blocking and close-on-exec, or -ENOENT no
 * /dev/net/tun, -EACCES it may not be opened, or another negative errno.
 */
int weir_netdev_open(uint32_t *ret_offload);

/**
 * weir_netdev_configure() - addresses, routes, neighbours; up
 * @c: the network; the TAP exists
 * @ret_what: on failure the thing that was refused, for a sentence
 *
 * Return: 0 or a negative errno.
 */
int weir_netdev_configure(const struct weir_charter *c, const char **ret_what);

#endif /* WEIR_SYS_NETDEV_H */
