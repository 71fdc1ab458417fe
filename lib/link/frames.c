/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames.c - what a port and a device share: two rings in one region
 *
 *	region:  struct weir_frames | slots up | slots down | bytes up | down
 *
 * Made once; nothing is allocated for a frame.  The port's end puts into the
 * ring up and takes from the ring down, the device's the other way about; how
 * the ends wake each other is told in end.c, how frames lie in base/ring.h.
 *
 * The shutdown is one word, set before all three eventfds are written to.
 * Whoever reads an eventfd away looks at the word after that, and if it is set
 * writes again: so they stay readable for good.
 */
#include "link/frames.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "link/wake.h"
#include "packet/vnethdr.h"

#define CAPACITY     1024u
#define CAPACITY_MIN 2u
#define CAPACITY_MAX 65536u
#define BYTES        (4u << 20)
#define BYTES_MAX    (1u << 30)
#define MTU          1500u

_Static_assert(WEIR_PORT_HEADER == WEIR_VNET_BYTES, "one header");
_Static_assert(WEIR_PORT_FRAME_MAX == WEIR_FRAME_MAX_BYTES, "one limit");

int weir_frames_options_read(void *to, size_t size, const void *from)
{
	const uint8_t *bytes = from;
	size_t said;

	if (!from)
		return 0;
	memcpy(&said, from, sizeof(said));
	if (said < sizeof(said))
		return -EINVAL;
	for (size_t i = size; i < said; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(to, from, said < size ? said : size);
	return 0;
}

int weir_frames_answer(void *to, const void *from, size_t size)
{
	size_t said;

	memcpy(&said, to, sizeof(said));
	if (said < sizeof(said))
		return -EINVAL;
	if (said < size)
		size = said;
	memcpy((uint8_t *)to + sizeof(said),
	       (const uint8_t *)from + sizeof(said), size - sizeof(said));
	return 0;
}

/* Return: 0 and defaults filled in; or a negative errno. */
static int check(struct weir_frames_options *o)
{
	if (!o->capacity)
		o->capacity = CAPACITY;
	if (!o->mtu)
		o->mtu = MTU;
	if (!o->bytes)
		o->bytes = BYTES;
	if (o->capacity < CAPACITY_MIN || o->capacity > CAPACITY_MAX ||
	    (o->capacity & (o->capacity - 1)))
		return -EINVAL;
	if (o->mtu < WEIR_MTU_MIN || o->mtu > WEIR_MTU_MAX)
		return -EINVAL;
	if (o->bytes < WEIR_PORT_ROOM || o->bytes > BYTES_MAX)
		return -EINVAL;
	o->bytes = weir_ring_round((uint32_t)o->bytes);
	return 0;
}

static void close_all(struct weir_frames *f)
{
	for (unsigned i = 0; i < WEIR_FRAMES_SIDES; i++)
		if (f->end[i].fd >= 0)
			close(f->end[i].fd);
	if (f->relay_fd >= 0)
		close(f->relay_fd);
}

static int open_all(struct weir_frames *f)
{
	int *fd[] = { &f->end[WEIR_FRAMES_PORT].fd,
		      &f->end[WEIR_FRAMES_DEVICE].fd, &f->relay_fd };
	int err = 0;

	for (unsigned i = 0; i < 3; i++) {
		*fd[i] = err ? -1 : weir_wake_open();
		if (*fd[i] < 0 && !err)
			err = *fd[i];
	}
	if (err)
		close_all(f);
	return err;
}

static void join(struct weir_frames *f)
{
	for (unsigned i = 0; i < WEIR_FRAMES_SIDES; i++) {
		struct weir_end *e = &f->end[i];

		e->in = i == WEIR_FRAMES_PORT ? &f->down : &f->up;
		e->out = i == WEIR_FRAMES_PORT ? &f->up : &f->down;
		e->peer = &f->end[!i];
		e->shutdown = &f->shutdown;
		weir_end_init(e);
	}
}

static struct weir_frames *make(const struct weir_frames_options *o)
{
	size_t own = sizeof(struct weir_frames);
	size_t slots = o->capacity * sizeof(struct weir_ring_slot);
	size_t all = own + 2 * slots;
	struct weir_frames *f;
	struct weir_ring_slot *slot;
	uint8_t *mem;
	int err;

	all = (all + WEIR_RING_LINE - 1) / WEIR_RING_LINE * WEIR_RING_LINE;
	f = mmap(NULL, all + 2 * o->bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	f->region_bytes = all + 2 * o->bytes;
	err = open_all(f);
	if (err) {
		munmap(f, f->region_bytes);
		errno = -err;
		return NULL;
	}
	f->mtu = o->mtu;
	slot = (struct weir_ring_slot *)(void *)(f + 1);
	mem = (uint8_t *)f + all;
	weir_ring_init(&f->up, slot, o->capacity, mem, (uint32_t)o->bytes);
	weir_ring_init(&f->down, slot + o->capacity, o->capacity,
		       mem + o->bytes, (uint32_t)o->bytes);
	join(f);
	WEIR_ATOM_STORE(&f->refs, 1u, WEIR_ATOM_RELEASE);
	return f;
}

struct weir_frames *weir_frames_new(const struct weir_frames_options *options)
{
	struct weir_frames_options o = { 0 };
	int err = weir_frames_options_read(&o, sizeof(o), options);

	if (!err)
		err = check(&o);
	if (err) {
		errno = -err;
		return NULL;
	}
	return make(&o);
}

struct weir_frames *weir_frames_ref(struct weir_frames *frames)
{
	WEIR_ATOM_ADD(&frames->refs, 1u, WEIR_ATOM_RELAXED);
	return frames;
}

void weir_frames_unref(struct weir_frames *frames)
{
	if (!frames || WEIR_ATOM_SUBTRACT(&frames->refs, 1u) != 1)
		return;
	close_all(frames);
	munmap(frames, frames->region_bytes);
}

void weir_frames_begin_shutdown(struct weir_frames *frames)
{
	WEIR_ATOM_STORE(&frames->shutdown, 1u, WEIR_ATOM_FULL);
	for (unsigned i = 0; i < WEIR_FRAMES_SIDES; i++)
		weir_wake_write(frames->end[i].fd);
	weir_wake_write(frames->relay_fd);
}

bool weir_frames_is_shutting_down(const struct weir_frames *frames)
{
	return WEIR_ATOM_LOAD(&frames->shutdown, WEIR_ATOM_ACQUIRE);
}

void weir_frames_relay(struct weir_frames *frames)
{
	if (!WEIR_ATOM_SWAP(&frames->relay, 1u))
		weir_wake_write(frames->relay_fd);
}

static struct weir_frames_tally tally(const struct weir_end *from,
				      const struct weir_end *to)
{
	return (struct weir_frames_tally){
		.frames = WEIR_ATOM_LOAD(&from->frames, WEIR_ATOM_RELAXED),
		.bytes = WEIR_ATOM_LOAD(&from->bytes, WEIR_ATOM_RELAXED),
		.refused = WEIR_ATOM_LOAD(&from->refused, WEIR_ATOM_RELAXED),
		.oversize = WEIR_ATOM_LOAD(&from->oversize, WEIR_ATOM_RELAXED) +
			    WEIR_ATOM_LOAD(&to->dropped, WEIR_ATOM_RELAXED),
		.wakes = WEIR_ATOM_LOAD(&from->wakes, WEIR_ATOM_RELAXED),
	};
}

int weir_frames_counters(const struct weir_frames *frames,
			 struct weir_frames_counts *ret)
{
	const struct weir_end *port = &frames->end[WEIR_FRAMES_PORT];
	const struct weir_end *device = &frames->end[WEIR_FRAMES_DEVICE];
	const struct weir_frames_counts now = { .up = tally(port, device),
						.down = tally(device, port) };

	return weir_frames_answer(ret, &now, sizeof(now));
}

int weir_frames_take(struct weir_frames *frames, enum weir_frames_side side,
		     uint32_t can)
{
	if (WEIR_ATOM_SWAP(&frames->taken[side], 1u))
		return -EBUSY;
	WEIR_ATOM_STORE(&frames->can[side], can, WEIR_ATOM_RELAXED);
	(void)weir_frames_ref(frames);
	return 0;
}

void weir_frames_give(struct weir_frames *frames, enum weir_frames_side side)
{
	WEIR_ATOM_STORE(&frames->can[side], 0u, WEIR_ATOM_RELAXED);
	WEIR_ATOM_STORE(&frames->taken[side], 0u, WEIR_ATOM_RELEASE);
	weir_frames_unref(frames);
}

/* WEIR_CAN_* that a header asks of who takes its frame. */
static uint32_t asked(const struct weir_vnethdr *h)
{
	switch (h->gso_type & ~WEIR_VNET_GSO_ECN) {
	case WEIR_VNET_GSO_NONE:
		return h->flags ? WEIR_CAN_CSUM : 0;
	case WEIR_VNET_GSO_TCPV4:
		return WEIR_CAN_CSUM | WEIR_CAN_TSO4;
	case WEIR_VNET_GSO_TCPV6:
		return WEIR_CAN_CSUM | WEIR_CAN_TSO6;
	case WEIR_VNET_GSO_UDP_L4:
		return WEIR_CAN_CSUM | WEIR_CAN_USO;
	default:
		return UINT32_MAX; /* a type that nobody knows */
	}
}

bool weir_frames_clear(uint8_t *header, uint32_t agreed)
{
	struct weir_rd in = weir_rd_over(header, WEIR_PORT_HEADER);
	struct weir_vnethdr h = { 0 };

	if (agreed && !header[0] && !header[1])
		return false; /* flags and gso_type: there are none */
	(void)weir_vnethdr_parse(&in, &h);
	if (!agreed || asked(&h) & ~agreed) {
		/* all but num_buffers, which is no offload */
		memset(header, 0, WEIR_PORT_HEADER - 2);
		return false;
	}
	return h.gso_type != WEIR_VNET_GSO_NONE;
}
