/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inproc.c - the guest's card is a pair of rings in this process
 *
 * The engine's table of a link over the calls that any stack may use
 * (weir.h, struct weir_device).  A turn's frames up are given back, and its
 * frames down are woken for, with one look at the other side, in flush().
 *
 * The engine does not repeat a frame that found no room, so TCP waits as long
 * as wants_out() says that the longest would find none.  The room that comes is
 * told once, by event(), and then forgotten: a wish that nobody fulfils would
 * keep the descriptor readable.
 */
#include "link/inproc.h"

#include <errno.h>
#include <string.h>

#include "base/must.h"
#include "sys/charter.h"

_Static_assert(sizeof(uint8_t[WEIR_LINK_ROOM_BYTES]) >= WEIR_PORT_ROOM,
	       "any frame fits");

static int receive(void *self, uint8_t *buf)
{
	struct weir_device *dev = ((struct weir_inproc *)self)->device;
	const struct weir_frame *f = weir_device_stage(dev);
	int len;

	if (!f)
		return weir_end_is_down(dev->end) ? -ESHUTDOWN : -EAGAIN;
	len = (int)f->len;
	memcpy(buf, f->at, f->len);
	(void)weir_device_drop_staged(dev);
	return len;
}

/*
 * Is there room for one more, the longest?  If not that is said now and not when
 * one has found none: it would be lost.
 */
static void look_for_room(struct weir_inproc *p)
{
	struct weir_end *e = p->device->end;
	uint32_t most = WEIR_PORT_HEADER + weir_device_max_segment(p->device);

	p->full = !weir_ring_fits(e->out, most) && weir_end_refuse(e, most);
}

static int send_frame(void *self, const struct weir_span *part, unsigned n)
{
	struct weir_inproc *p = self;
	struct weir_spans frame = { part, n, 0 };
	int err;

	for (unsigned i = 0; i < n; i++)
		frame.len += part[i].len;
	err = weir_device_send(p->device, &frame);
	look_for_room(p);
	/* too long for the guest, and counted: the link is well */
	return err == -EMSGSIZE ? 0 : err;
}

static bool flush(void *self)
{
	weir_device_flush(((struct weir_inproc *)self)->device);
	return false;
}

static bool wants_out(const void *self)
{
	return ((const struct weir_inproc *)self)->full;
}

static int fd(const void *self)
{
	return weir_device_fd(((const struct weir_inproc *)self)->device);
}

static int event(void *self, bool in, bool out)
{
	struct weir_inproc *p = self;
	struct weir_end *e = p->device->end;

	(void)out;
	if (in && p->full && weir_ring_fits(e->out, e->wanted)) {
		weir_device_forget_transmit(p->device);
		p->full = false;
	}
	return 0;
}

static void close_link(void *self)
{
	struct weir_inproc *p = self;

	weir_device_free(p->device);
	p->device = NULL;
}

void weir_inproc_init(struct weir_inproc *self, struct weir_device *device,
		      struct weir_link *ret)
{
	static const struct weir_link_ops ops = {
		.receive = receive,
		.send = send_frame,
		.flush = flush,
		.wants_out = wants_out,
		.fd = fd,
		.event = event,
		.close = close_link,
	};

	self->device = device;
	self->full = false;
	*ret = (struct weir_link){ &ops, self };
}

_Static_assert(WEIR_CAN_CSUM == WEIR_OFFLOAD_CSUM &&
		       WEIR_CAN_TSO4 == WEIR_OFFLOAD_TSO4 &&
		       WEIR_CAN_TSO6 == WEIR_OFFLOAD_TSO6 &&
		       WEIR_CAN_USO == WEIR_OFFLOAD_USO,
	       "the same bits");

uint32_t weir_inproc_offload(const struct weir_inproc *self)
{
	return weir_frames_agreed(self->device->frames);
}
