/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - this kernel as the other side of the rings, by a TAP
 *
 * The frames are read and written where they lie in the rings; the TAP speaks
 * the same virtio-net header.
 */
#ifndef LWIP_TAP_H
#define LWIP_TAP_H

#include <weir.h>

/**
 * tap_open() - make the TAP, or take one that is there, and bring it up
 *
 * Return: its descriptor, or a negative errno.
 */
int tap_open(const char *name, unsigned mtu);

/**
 * tap_is_guest() - this kernel is the guest: carry frames from and to a port
 *
 * Return: 0 the frames shut down; or a negative errno.
 */
int tap_is_guest(int tap, struct weir_port *port, unsigned mtu);

/** tap_is_network() - this kernel is the network: the same at a device */
int tap_is_network(int tap, struct weir_device *dev,
		   const struct weir_frames *frames);

#endif /* LWIP_TAP_H */
