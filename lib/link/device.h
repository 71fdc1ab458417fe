/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h - the network's end of the rings: weir.h's struct weir_device
 *
 * The manual of its calls is include/weir.h; here is what its tokens and the
 * engine's link know of it.
 */
#ifndef WEIR_LINK_DEVICE_H
#define WEIR_LINK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "link/frames.h"
#include "weir.h"

/**
 * struct weir_device - the network's end
 * @frame:   the staged frame, while there is one
 * @staged:  there is one: the first of the ring, or what replaced it
 * @held:    the first of the ring was received and is given back later
 * @instead: WEIR_PORT_ROOM for a frame that replaces another
 * @turn:    of the newest token; 0: none is good
 * @room:    most bytes that token may be filled with
 */
struct weir_device {
	struct weir_frames *frames;
	struct weir_end *end;
	struct weir_frame frame;
	bool staged, held;
	uint8_t *instead;
	uint64_t turn, turns;
	uint32_t room;
};

/** weir_device_max_segment() - most bytes of a frame that the guest takes now,
 * without its header */
uint32_t weir_device_max_segment(const struct weir_device *dev);

/**
 * weir_device_publish() - what is reserved, one frame, is written: send it
 * @at: header first
 * @len: at most what was reserved
 *
 * Return: 0; -EMSGSIZE too long for the guest's card: it is given back, and
 * counted; -ESHUTDOWN: it is given back.
 */
int weir_device_publish(struct weir_device *dev, uint8_t *at, uint32_t len);

/**
 * weir_device_send() - a frame in parts, header first
 *
 * Return: 0; -EAGAIN no room, and weir_device_fd() tells when there is; as
 * weir_device_publish(); -EINVAL, -EMSGSIZE too short, too long for any card.
 */
int weir_device_send(struct weir_device *dev, const struct weir_spans *frame);

#endif /* WEIR_LINK_DEVICE_H */
