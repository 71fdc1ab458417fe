/* SPDX-License-Identifier: Apache-2.0 */
/* up.h - a frame from the guest: seen, sorted, given to its room */
#ifndef WEIR_ENGINE_UP_H
#define WEIR_ENGINE_UP_H

#include "engine/house.h"

/**
 * weir_up_frames() - take frames from the link, a turn's worth at most
 *
 * Return: 0; or a negative errno: the link is down.
 */
int weir_up_frames(struct weir_house *h);

/**
 * weir_up_frame() - one frame
 * @bytes: virtio-net header and frame, @len bytes
 */
void weir_up_frame(struct weir_house *h, uint8_t *bytes, size_t len);

/**
 * weir_up_tell() - tell the guest by ICMP what became of a packet of its
 * @l3: the packet
 * @e:  why, and who says so; see weir_desk_unreachable()
 */
void weir_up_tell(struct weir_house *h, struct weir_rd l3,
		  const struct weir_icmp_error *e);

/** weir_up_refuse() - tell the guest by ICMP why a packet cannot go on */
void weir_up_refuse(struct weir_house *h, struct weir_rd l3,
		    enum weir_icmp_why why);

/**
 * weir_up_quote() - the SYN of a flow that was dialled, as an IP packet
 *
 * It is built again from the flow's state, so that no copy is kept.
 * Return: window on it, valid until the next call.
 */
struct weir_rd weir_up_quote(struct weir_house *h, const struct weir_conn *c);

#endif /* WEIR_ENGINE_UP_H */
