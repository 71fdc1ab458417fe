/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.c - the network's end of the rings: weir.h's struct weir_device
 *
 * Up: the first frame of the ring is looked at where it lies.
 *
 *	        stage                receive              stage, receive, flush
 *	in the ring ──► staged ─────────────────► held ──────────► given back
 *	                 │  ▲ replace (a copy)
 *	                 └──┴─ drop ─────────────────────────────► given back
 *
 * Down: a token is leave to send one frame; room for the largest is there, so
 * filling it in cannot fail.  What is filled in lies in the ring, reserved, and
 * sending publishes it.  Only one token is good: @turn says which.
 */
#include "link/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "link/wake.h"

#define FRAME_MIN (WEIR_PORT_HEADER + 1)
#define ETHERNET  14u

struct weir_device *weir_device_new(struct weir_frames *frames,
				    const struct weir_device_options *options)
{
	struct weir_device_options o = { 0 };
	int err = weir_frames_options_read(&o, sizeof(o), options);
	struct weir_device *dev;

	if (!err && (o.offloads & ~WEIR_CAN_ALL || o.reserved))
		err = -EINVAL;
	if (err) {
		errno = -err;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->instead = malloc(WEIR_PORT_ROOM);
	err = dev->instead
		      ? weir_frames_take(frames, WEIR_FRAMES_DEVICE, o.offloads)
		      : -ENOMEM;
	if (err) {
		free(dev->instead);
		free(dev);
		errno = -err;
		return NULL;
	}
	dev->frames = frames;
	dev->end = &frames->end[WEIR_FRAMES_DEVICE];
	return dev;
}

/* A frame that was received is done with. */
static void let_go(struct weir_device *dev)
{
	if (!dev->held)
		return;
	dev->held = false;
	weir_end_give(dev->end, 1);
}

/* What a token has reserved, if anything, is given back. */
static void void_token(struct weir_device *dev)
{
	dev->turn = 0;
	weir_ring_trim(dev->end->out, 0);
}

void weir_device_free(struct weir_device *dev)
{
	if (!dev)
		return;
	void_token(dev);
	weir_device_flush(dev);
	dev->end->wanted = 0;
	weir_frames_give(dev->frames, WEIR_FRAMES_DEVICE);
	free(dev->instead);
	free(dev);
}

const struct weir_frame *weir_device_stage(struct weir_device *dev)
{
	uint32_t len;

	if (dev->staged)
		return &dev->frame;
	let_go(dev);
	if (!weir_end_has(dev->end, 0))
		return NULL;
	dev->frame.at = weir_ring_at(dev->end->in, 0, &len);
	dev->frame.len = len;
	dev->staged = true;
	return &dev->frame;
}

int weir_device_drop_staged(struct weir_device *dev)
{
	if (!dev->staged)
		return -ENOENT;
	dev->staged = false;
	weir_end_give(dev->end, 1);
	return 0;
}

int weir_device_replace_staged(struct weir_device *dev, const void *buf,
			       size_t len)
{
	if (!dev->staged)
		return -ENOENT;
	if (len < FRAME_MIN)
		return -EINVAL;
	if (len > WEIR_PORT_ROOM)
		return -EMSGSIZE;
	memmove(dev->instead, buf, len); /* it may be the one that is staged */
	dev->frame = (struct weir_frame){ dev->instead, len };
	return 0;
}

static uint32_t max_frame(const struct weir_device *dev)
{
	return dev->frames->mtu + ETHERNET;
}

uint32_t weir_device_max_segment(const struct weir_device *dev)
{
	return weir_frames_agreed(dev->frames) & ~WEIR_CAN_CSUM
		       ? WEIR_PORT_FRAME_MAX
		       : max_frame(dev);
}

static bool transmit(struct weir_device *dev, bool room_only,
		     struct weir_tx_token *ret_tx)
{
	struct weir_end *e = dev->end;

	void_token(dev);
	if (weir_end_is_down(e))
		return false;
	dev->room = WEIR_PORT_HEADER + weir_device_max_segment(dev);
	if (!weir_ring_fits(e->out, dev->room) &&
	    (room_only ? weir_end_refuse_answer(e, dev->room)
		       : weir_end_refuse(e, dev->room))) {
		WEIR_ATOM_COUNT(&e->refused, 1u);
		return false;
	}
	e->wanted = 0;
	dev->turn = ++dev->turns;
	*ret_tx = (struct weir_tx_token){ .device = dev, .turn = dev->turn };
	return true;
}

/* Who has a frame staged knows of it, and of those behind it: only room is
 * news.  Told of frames it would turn round and round until there is room. */
bool weir_device_transmit(struct weir_device *dev, struct weir_tx_token *ret_tx)
{
	return transmit(dev, dev->staged, ret_tx);
}

void weir_device_forget_transmit(struct weir_device *dev)
{
	dev->end->wanted = 0;
}

bool weir_device_receive(struct weir_device *dev, struct weir_rx_token *ret_rx,
			 struct weir_tx_token *ret_tx)
{
	const struct weir_frame *f = weir_device_stage(dev);

	if (!f || !transmit(dev, true, ret_tx))
		return false;
	*ret_rx = (struct weir_rx_token){ f->at, f->len };
	dev->staged = false;
	dev->held = true;
	return true;
}

int weir_device_publish(struct weir_device *dev, uint8_t *at, uint32_t len)
{
	struct weir_end *e = dev->end;
	int err = 0;

	if (weir_end_is_down(e)) {
		err = -ESHUTDOWN;
	} else if (!weir_frames_clear(at, weir_frames_agreed(dev->frames)) &&
		   len > WEIR_PORT_HEADER + max_frame(dev)) {
		WEIR_ATOM_COUNT(&e->oversize, 1u);
		err = -EMSGSIZE;
	}
	if (err) {
		void_token(dev);
		return err;
	}
	weir_ring_own(e->out, 0)->len = len;
	weir_ring_trim(e->out, 1);
	WEIR_ATOM_COUNT(&e->frames, 1u);
	WEIR_ATOM_COUNT(&e->bytes, len - WEIR_PORT_HEADER);
	weir_end_send(e);
	return 0;
}

int weir_device_send(struct weir_device *dev, const struct weir_spans *frame)
{
	struct weir_end *e = dev->end;
	uint32_t len;
	uint8_t *at;

	if (frame->len < FRAME_MIN)
		return -EINVAL;
	if (frame->len > WEIR_PORT_ROOM)
		return -EMSGSIZE;
	void_token(dev);
	len = (uint32_t)frame->len;
	at = weir_end_reserve(e, len);
	if (!at && !weir_end_refuse(e, len))
		at = weir_end_reserve(e, len);
	if (!at) {
		WEIR_ATOM_COUNT(&e->refused, 1u);
		return -EAGAIN;
	}
	(void)weir_spans_copy(frame, 0, at, len);
	return weir_device_publish(dev, at, len);
}

void weir_device_flush(struct weir_device *dev)
{
	let_go(dev);
	weir_end_flush(dev->end);
}

int weir_device_fd(const struct weir_device *dev)
{
	return dev->end->fd;
}

int weir_device_relay_fd(const struct weir_device *dev)
{
	return dev->frames->relay_fd;
}

bool weir_device_take_relay(struct weir_device *dev)
{
	struct weir_frames *f = dev->frames;

	if (weir_frames_is_shutting_down(f))
		return WEIR_ATOM_SWAP(&f->relay, 0u);
	(void)weir_wake_read(f->relay_fd);
	if (WEIR_ATOM_LOAD(&f->shutdown, WEIR_ATOM_FULL))
		weir_wake_write(f->relay_fd);
	return WEIR_ATOM_SWAP(&f->relay, 0u);
}

int weir_device_capabilities(const struct weir_device *dev,
			     struct weir_device_card *ret)
{
	const struct weir_device_card now = {
		.medium = WEIR_MEDIUM_ETHERNET,
		.mtu = dev->frames->mtu,
		.max_frame = max_frame(dev),
		.offloads = weir_frames_agreed(dev->frames),
		.max_segment = weir_device_max_segment(dev),
	};

	return weir_frames_answer(ret, &now, sizeof(now));
}
