/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inproc.h - the guest's card is a pair of rings in this process
 *
 * The guest's side holds a `struct weir_port` (weir.h) on the same frames.
 */
#ifndef WEIR_LINK_INPROC_H
#define WEIR_LINK_INPROC_H

#include "link/device.h"
#include "link/link.h"

/**
 * struct weir_inproc - the link
 * @device: the engine's
 * @full:   the longest frame would find no room, and there was none since
 */
struct weir_inproc {
	struct weir_device *device;
	bool full;
};

/**
 * weir_inproc_init() - a link over a device
 * @self:   caller's memory, until the link is closed
 * @device: taken: the link's close() frees it
 *
 * What the link can: weir_device_capabilities(), WEIR_CAN_* in it.
 *
 * receive(): -ESHUTDOWN after weir_frames_begin_shutdown(), when all that was
 * in the ring has been taken.  send(): a frame that finds no room is refused
 * with -EAGAIN; one too long for the guest's card is dropped and counted.
 * wants_out(): the longest would find no room; the descriptor is readable
 * (event() with @in) once when it would.  flush(): false, since room is told by
 * @in.
 */
void weir_inproc_init(struct weir_inproc *self, struct weir_device *device,
		      struct weir_link *ret);

/** weir_inproc_offload() - what the guest takes now, WEIR_OFFLOAD_* of
 * sys/charter.h */
uint32_t weir_inproc_offload(const struct weir_inproc *self);

#endif /* WEIR_LINK_INPROC_H */
