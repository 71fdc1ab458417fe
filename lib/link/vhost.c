/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost.c - vhost-user: what the front-end says, and what is so afterwards
 *
 * A ring's life.  Messages come in nearly any order: QEMU enables rings before
 * it sets features; addresses may come before the memory they are in.
 *
 *	NUM, ADDR, BASE ──► known ── KICK: start() ──► started ──┐
 *	                      ▲                            │     │ memory table
 *	                      └──── GET_VRING_BASE: stop() ◄┘◄───┘ changed: place()
 *
 * It is live (may be touched) when it is started, its tables lie in memory we
 * have, features are set and it is not broken; frames go through it when it
 * is enabled, too.
 *
 * Invariants
 *  1. A host pointer is never older than the memory table: every change of
 *     the table places all rings anew before anything else happens.
 *  2. A descriptor is in one place: the message's list (-1 once taken) or a
 *     ring.  What is left in the list is closed.
 *  3. A refused message has changed nothing.
 *
 * Decisions.  A kick without a descriptor (the front-end wants us to poll) is
 * refused: nothing here polls.  A call without one is fine: the guest polls.
 * RESET_OWNER, which means different things to different people, means
 * nothing.  The configuration cannot be written.  Regions that overlap in the
 * guest's or the front-end's address space are refused as a whole table.
 *
 * Protocol: docs/interop/vhost-user.rst of QEMU.
 */
#include "link/vhost.h"

#include <errno.h>
#include <string.h>

#include "base/must.h"

/* flags of a message */
#define VERSION      1u
#define VERSION_MASK 3u
#define REPLY        4u
#define NEED_REPLY   8u

/* the body of SET_VRING_KICK, _CALL and _ERR */
#define RING_MASK 0xffu
#define NO_FD     0x100u

#define REGION_BYTES 32u
#define TABLE_MAX    8u /* regions of SET_MEM_TABLE */

#define CONFIG_BYTES_MAX 256u
#define CONFIG_KNOWN     12u
#define STATUS_LINK_UP   1u

/** struct call - one message being served; @out: the body of its answer */
struct call {
	struct weir_vhost *d;
	struct weir_rd body;
	struct weir_vhost_fds *fds;
	struct weir_wr *out;
};

static uint32_t rd_u32(struct weir_rd *r)
{
	uint32_t v;

	weir_rd_copy(r, &v, sizeof(v));
	return v;
}

static uint64_t rd_u64(struct weir_rd *r)
{
	uint64_t v;

	weir_rd_copy(r, &v, sizeof(v));
	return v;
}

static void wr_u32(struct weir_wr *w, uint32_t v)
{
	weir_wr_copy(w, &v, sizeof(v));
}

static void wr_u64(struct weir_wr *w, uint64_t v)
{
	weir_wr_copy(w, &v, sizeof(v));
}

static int refuse(struct weir_vhost *d, int error, const char *why)
{
	d->why = why;
	return error;
}

/* ------------------------------------------------------------ descriptors */

static void drop(struct weir_vhost *d, int *fd)
{
	if (*fd >= 0)
		d->host->close(d->arg, *fd);
	*fd = -1;
}

static void drop_all(struct weir_vhost *d, struct weir_vhost_fds *fds)
{
	for (unsigned i = 0; i < fds->n; i++)
		drop(d, &fds->fd[i]);
	fds->n = 0;
}

static void drop_kick(struct weir_vhost *d, struct weir_vhost_ring *r)
{
	if (r->kick >= 0)
		d->host->unwatch(d->arg, r->kick);
	drop(d, &r->kick);
}

/* The one descriptor of a message leaves its list. */
static int take_fd(struct call *c)
{
	int fd = c->fds->fd[0];

	c->fds->fd[0] = -1;
	return fd;
}

/* ------------------------------------------------------------------ rings */

/* Find a ring's tables.  Return: false if they are nowhere. */
static bool place(struct weir_vhost *d, struct weir_vhost_ring *r)
{
	struct weir_vring *v = &r->vring;
	uint8_t *desc, *avail, *used;

	v->desc = v->avail = v->used = NULL;
	if (!r->addressed || v->num == 0)
		return false;
	desc = weir_guestmem_user(&d->mem, r->desc,
				  weir_vring_desc_bytes(v->num));
	avail = weir_guestmem_user(&d->mem, r->avail,
				   weir_vring_avail_bytes(v->num));
	used = weir_guestmem_user(&d->mem, r->used,
				  weir_vring_used_bytes(v->num));
	if (!desc || !avail || !used || (uintptr_t)desc % 16 ||
	    (uintptr_t)avail % 2 || (uintptr_t)used % 4)
		return false;
	v->desc = desc;
	v->avail = avail;
	v->used = used;
	return true;
}

static void place_all(struct weir_vhost *d)
{
	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++)
		(void)place(d, &d->ring[i]);
}

static void set_options(struct weir_vhost *d)
{
	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++) {
		struct weir_vring *v = &d->ring[i].vring;

		v->event_idx = d->features & WEIR_VHOST_F_EVENT_IDX;
		v->indirect = d->features & WEIR_VHOST_F_INDIRECT;
	}
}

/* The ring of a message, by a number from it; NULL if there is none. */
static struct weir_vhost_ring *ring_of(struct call *c, uint64_t index)
{
	if (index < WEIR_VHOST_RINGS_MAX)
		return &c->d->ring[index];
	c->d->why = "the front-end speaks of a ring beyond the sixteenth";
	return NULL;
}

static int set_num(struct call *c)
{
	struct weir_vhost_ring *r = ring_of(c, rd_u32(&c->body));
	uint32_t num = rd_u32(&c->body);

	if (!r)
		return -EINVAL;
	if (r->started)
		return refuse(c->d, -EBUSY,
			      "the size of a ring changes while it is served");
	if (num == 0 || num > WEIR_VRING_SIZE_MAX || (num & (num - 1)))
		return refuse(c->d, -EINVAL,
			      "the size of a ring is no power of two up to "
			      "32768");
	r->vring.num = num;
	(void)place(c->d, r);
	return 0;
}

static int set_addr(struct call *c)
{
	struct weir_vhost_ring *r = ring_of(c, rd_u32(&c->body)), old;

	if (!r)
		return -EINVAL;
	if (rd_u32(&c->body))
		return refuse(c->d, -EINVAL,
			      "the front-end wants a log of what is written");
	old = *r;
	r->desc = rd_u64(&c->body);
	r->used = rd_u64(&c->body);
	r->avail = rd_u64(&c->body);
	r->addressed = true;
	if (place(c->d, r) || c->d->mem.n == 0 || r->vring.num == 0)
		return 0;
	*r = old;
	return refuse(c->d, -EFAULT,
		      "a ring lies outside the guest's memory, or askew");
}

static int set_base(struct call *c)
{
	struct weir_vhost_ring *r = ring_of(c, rd_u32(&c->body));
	uint32_t base = rd_u32(&c->body);

	if (!r)
		return -EINVAL;
	if (r->started || base > UINT16_MAX)
		return refuse(c->d, -EINVAL,
			      "the base of a ring is impossible, or it is "
			      "being served");
	r->base = (uint16_t)base;
	return 0;
}

static int get_base(struct call *c)
{
	uint32_t index = rd_u32(&c->body);
	struct weir_vhost_ring *r = ring_of(c, index);

	if (!r)
		return -EINVAL;
	if (weir_vhost_is_live(c->d, index))
		(void)weir_vring_publish(&r->vring);
	if (r->started)
		r->base = r->vring.next;
	r->started = false;
	drop_kick(c->d, r);
	wr_u32(c->out, index);
	wr_u32(c->out, r->base);
	return 0;
}

/* The descriptor of KICK, CALL or ERR: -1 if there is to be none. */
static int ring_fd(struct call *c, struct weir_vhost_ring **ret, bool *ret_none)
{
	uint64_t v = rd_u64(&c->body);

	*ret = ring_of(c, v & RING_MASK);
	*ret_none = v & NO_FD;
	if (!*ret)
		return -EINVAL;
	if (v & ~(uint64_t)(RING_MASK | NO_FD))
		return refuse(c->d, -EINVAL,
			      "a ring's message says something unknown");
	if (c->fds->n != (*ret_none ? 0 : 1))
		return refuse(c->d, -EPROTO,
			      "a ring's message has another number of "
			      "descriptors than it says");
	return 0;
}

static int set_kick(struct call *c)
{
	struct weir_vhost_ring *r;
	bool none;
	int err = ring_fd(c, &r, &none), fd;

	if (err)
		return err;
	if (none)
		return refuse(c->d, -EOPNOTSUPP,
			      "the front-end wants rings to be polled: it must "
			      "give a descriptor for kicks");
	if (!place(c->d, r))
		return refuse(c->d, -EFAULT,
			      "a ring is started that lies nowhere");
	fd = c->fds->fd[0];
	err = c->d->host->watch(c->d->arg, fd, (unsigned)(r - c->d->ring));
	if (err)
		return refuse(c->d, err, "a kick descriptor cannot be watched");
	drop_kick(c->d, r);
	r->kick = take_fd(c);
	if (!r->started && weir_vring_start(&r->vring)) {
		drop_kick(c->d, r);
		return refuse(c->d, -EFAULT, "the memory of a ring is gone");
	}
	r->started = true;
	return 0;
}

static int set_signal(struct call *c, bool err_fd)
{
	struct weir_vhost_ring *r;
	bool none;
	int err = ring_fd(c, &r, &none), *to;

	if (err)
		return err;
	to = err_fd ? &r->err : &r->call;
	if (!none)
		err = c->d->host->quiet(c->d->arg, c->fds->fd[0]);
	if (err)
		return refuse(c->d, err, "a call descriptor cannot be used");
	drop(c->d, to);
	if (!none)
		*to = take_fd(c);
	return 0;
}

static int set_call(struct call *c)
{
	return set_signal(c, false);
}

static int set_err(struct call *c)
{
	return set_signal(c, true);
}

static int set_enable(struct call *c)
{
	struct weir_vhost_ring *r = ring_of(c, rd_u32(&c->body));
	uint32_t on = rd_u32(&c->body);

	if (!r)
		return -EINVAL;
	if (on > 1)
		return refuse(c->d, -EINVAL, "a ring is enabled by half");
	r->said = true;
	r->enabled = on;
	return 0;
}

/* ----------------------------------------------------------------- memory */

static void rd_region(struct weir_rd *in, struct weir_guestmem_region *r,
		      uint64_t *ret_offset)
{
	*r = (struct weir_guestmem_region){ .gpa = rd_u64(in) };
	r->size = rd_u64(in);
	r->uva = rd_u64(in);
	*ret_offset = rd_u64(in);
}

static int add_region(struct weir_vhost *d, struct weir_guestmem *m,
		      struct weir_rd *in, int fd)
{
	struct weir_guestmem_region r;
	uint64_t offset;
	int err;

	rd_region(in, &r, &offset);
	if (r.size == 0 || offset > UINT64_MAX - r.size)
		return refuse(d, -EINVAL, "a memory region wraps or is empty");
	err = d->host->map(d->arg, fd, offset, &r);
	if (err)
		return refuse(d, err,
			      "a memory region cannot be mapped, or its file "
			      "is shorter than it is said to be");
	err = weir_guestmem_add(m, &r);
	if (!err)
		return 0;
	d->host->unmap(d->arg, &r);
	return refuse(d, err,
		      "memory regions overlap or wrap, or are too many");
}

static void unmap_all(struct weir_vhost *d, struct weir_guestmem *m)
{
	for (unsigned i = 0; i < m->n; i++)
		d->host->unmap(d->arg, &m->v[i]);
	m->n = 0;
}

static int set_table(struct call *c)
{
	struct weir_guestmem m = { .n = 0 }, old;
	uint32_t n = rd_u32(&c->body);
	int err = 0;

	(void)rd_u32(&c->body);
	if (n == 0 || n > TABLE_MAX || n != c->fds->n ||
	    c->body.left != n * REGION_BYTES)
		return refuse(c->d, -EPROTO,
			      "a memory table is not what it says it is");
	for (uint32_t i = 0; !err && i < n; i++)
		err = add_region(c->d, &m, &c->body, c->fds->fd[i]);
	if (err) {
		unmap_all(c->d, &m);
		return err;
	}
	old = c->d->mem;
	c->d->mem = m;
	place_all(c->d);
	unmap_all(c->d, &old);
	return 0;
}

/* The region that this message is about, if it is there. */
static struct weir_guestmem_region *known(struct call *c)
{
	struct weir_rd in = c->body;
	struct weir_guestmem_region r;
	uint64_t offset;

	(void)rd_u64(&in);
	rd_region(&in, &r, &offset);
	return weir_guestmem_find(&c->d->mem, r.gpa, r.size, r.uva);
}

/*
 * QEMU before 8.1 keeps a table for each pair of queues, and says the same
 * for each: a region goes when it was removed as often as it was added.  What
 * comes with it must be as good as the first time, but is not needed.
 */
static int add_again(struct call *c, struct weir_guestmem_region *was)
{
	struct weir_guestmem one = { .n = 0 };
	int err;

	(void)rd_u64(&c->body);
	err = add_region(c->d, &one, &c->body, c->fds->fd[0]);
	if (err)
		return err;
	unmap_all(c->d, &one);
	was->again++;
	return 0;
}

static int add_slot(struct call *c)
{
	struct weir_guestmem_region *was = known(c);
	int err;

	if (was && was->again + 1 < WEIR_VHOST_PAIRS_MAX)
		return add_again(c, was);
	(void)rd_u64(&c->body);
	err = add_region(c->d, &c->d->mem, &c->body, c->fds->fd[0]);
	if (!err)
		place_all(c->d);
	return err;
}

static int remove_slot(struct call *c)
{
	struct weir_guestmem_region *r = known(c), gone;

	if (!r)
		return refuse(c->d, -ENOENT,
			      "a memory region is removed that is not there");
	if (r->again) {
		r->again--;
		return 0;
	}
	weir_must(!weir_guestmem_remove(&c->d->mem, r->gpa, r->size, r->uva,
					&gone));
	place_all(c->d);
	c->d->host->unmap(c->d->arg, &gone);
	return 0;
}

static int get_slots(struct call *c)
{
	wr_u64(c->out, WEIR_GUESTMEM_REGIONS_MAX);
	return 0;
}

/* --------------------------------------------------- features and config */

static int get_features(struct call *c)
{
	wr_u64(c->out, WEIR_VHOST_FEATURES);
	return 0;
}

static int set_features(struct call *c)
{
	uint64_t v = rd_u64(&c->body);

	if (v & ~WEIR_VHOST_FEATURES)
		return refuse(c->d, -EINVAL,
			      "the front-end takes features that were not "
			      "offered");
	c->d->features = v;
	c->d->featured = true;
	set_options(c->d);
	return 0;
}

static int get_protocol(struct call *c)
{
	wr_u64(c->out, WEIR_VHOST_PROTOCOL);
	return 0;
}

static int set_protocol(struct call *c)
{
	uint64_t v = rd_u64(&c->body);

	if (v & ~WEIR_VHOST_PROTOCOL)
		return refuse(c->d, -EINVAL,
			      "the front-end takes protocol features that were "
			      "not offered");
	c->d->protocol = v;
	return 0;
}

static int get_queues(struct call *c)
{
	wr_u64(c->out, WEIR_VHOST_PAIRS_MAX);
	return 0;
}

/* struct virtio_net_config (virtio 1.2, 5.1.4); what we do not know is zero */
static void build_config(const struct weir_vhost *d,
			 uint8_t to[CONFIG_BYTES_MAX])
{
	struct weir_wr w = weir_wr_over(to, CONFIG_BYTES_MAX);

	weir_wr_copy(&w, d->mac.b, sizeof(d->mac.b));
	weir_wr_u8(&w, STATUS_LINK_UP);
	weir_wr_u8(&w, 0);
	weir_wr_u8(&w, WEIR_VHOST_PAIRS_MAX);
	weir_wr_u8(&w, 0);
	weir_wr_u8(&w, (uint8_t)d->mtu);
	weir_wr_u8(&w, (uint8_t)(d->mtu >> 8));
	weir_wr_fill(&w, 0, CONFIG_BYTES_MAX - CONFIG_KNOWN);
	weir_must(weir_wr_ok(&w));
}

/* A question that cannot be answered gets an answer without a body. */
static int get_config(struct call *c)
{
	uint8_t config[CONFIG_BYTES_MAX];
	uint32_t offset = rd_u32(&c->body), size = rd_u32(&c->body);
	uint32_t flags = rd_u32(&c->body);

	if (size == 0 || size != c->body.left || size > CONFIG_BYTES_MAX ||
	    offset > CONFIG_BYTES_MAX - size) {
		c->d->refused++;
		c->d->why = "a part of the configuration is asked for that "
			    "there is not";
		return 0;
	}
	build_config(c->d, config);
	wr_u32(c->out, offset);
	wr_u32(c->out, size);
	wr_u32(c->out, flags);
	weir_wr_copy(c->out, config + offset, size);
	return 0;
}

static int set_config(struct call *c)
{
	return refuse(c->d, -EPERM, "the card's configuration is written to");
}

static int nothing(struct call *c)
{
	(void)c;
	return 0;
}

/* --------------------------------------------------------------- messages */

/**
 * struct request - how a message must look
 * @serve: does it; 0 or a negative errno, refused
 * @least, @most: bytes of its body
 * @fds, @fds_most: descriptors beside it
 * @replies: it has an answer of its own
 * @needs: protocol features it belongs to
 */
struct request {
	int (*serve)(struct call *c);
	uint16_t least, most;
	uint8_t fds, fds_most;
	bool replies;
	uint64_t needs;
};

static const struct request requests[WEIR_VHOST_REQUESTS] = {
	[WEIR_VHOST_GET_FEATURES] = { get_features, 0, 0, 0, 0, true, 0 },
	[WEIR_VHOST_SET_FEATURES] = { set_features, 8, 8, 0, 0, false, 0 },
	[WEIR_VHOST_SET_OWNER] = { nothing, 0, 0, 0, 0, false, 0 },
	[WEIR_VHOST_RESET_OWNER] = { nothing, 0, 0, 0, 0, false, 0 },
	[WEIR_VHOST_SET_MEM_TABLE] = { set_table, 8 + REGION_BYTES,
				       8 + TABLE_MAX *REGION_BYTES, 1,
				       TABLE_MAX, false, 0 },
	[WEIR_VHOST_SET_VRING_NUM] = { set_num, 8, 8, 0, 0, false, 0 },
	[WEIR_VHOST_SET_VRING_ADDR] = { set_addr, 40, 40, 0, 0, false, 0 },
	[WEIR_VHOST_SET_VRING_BASE] = { set_base, 8, 8, 0, 0, false, 0 },
	[WEIR_VHOST_GET_VRING_BASE] = { get_base, 8, 8, 0, 0, true, 0 },
	[WEIR_VHOST_SET_VRING_KICK] = { set_kick, 8, 8, 0, 1, false, 0 },
	[WEIR_VHOST_SET_VRING_CALL] = { set_call, 8, 8, 0, 1, false, 0 },
	[WEIR_VHOST_SET_VRING_ERR] = { set_err, 8, 8, 0, 1, false, 0 },
	[WEIR_VHOST_GET_PROTOCOL_FEATURES] = { get_protocol, 0, 0, 0, 0, true,
					       0 },
	[WEIR_VHOST_SET_PROTOCOL_FEATURES] = { set_protocol, 8, 8, 0, 0, false,
					       0 },
	[WEIR_VHOST_GET_QUEUE_NUM] = { get_queues, 0, 0, 0, 0, true,
				       WEIR_VHOST_P_MQ },
	[WEIR_VHOST_SET_VRING_ENABLE] = { set_enable, 8, 8, 0, 0, false, 0 },
	[WEIR_VHOST_GET_CONFIG] = { get_config, 12, 12 + CONFIG_BYTES_MAX, 0, 0,
				    true, WEIR_VHOST_P_CONFIG },
	[WEIR_VHOST_SET_CONFIG] = { set_config, 12, 12 + CONFIG_BYTES_MAX, 0, 0,
				    false, WEIR_VHOST_P_CONFIG },
	[WEIR_VHOST_GET_MAX_MEM_SLOTS] = { get_slots, 0, 0, 0, 0, true,
					   WEIR_VHOST_P_MEM_SLOTS },
	[WEIR_VHOST_ADD_MEM_REG] = { add_slot, 8 + REGION_BYTES,
				     8 + REGION_BYTES, 1, 1, false,
				     WEIR_VHOST_P_MEM_SLOTS },
	/* old front-ends send a descriptor, which says nothing */
	[WEIR_VHOST_REM_MEM_REG] = { remove_slot, 8 + REGION_BYTES,
				     8 + REGION_BYTES, 0, 1, false,
				     WEIR_VHOST_P_MEM_SLOTS },
};

void weir_vhost_init(struct weir_vhost *d, const struct weir_mac *mac,
		     uint16_t mtu, const struct weir_vhost_host *host,
		     void *arg)
{
	*d = (struct weir_vhost){
		.mac = *mac, .mtu = mtu, .host = host, .arg = arg
	};
	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++)
		d->ring[i].kick = d->ring[i].call = d->ring[i].err = -1;
}

void weir_vhost_fini(struct weir_vhost *d)
{
	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++) {
		struct weir_vhost_ring *r = &d->ring[i];

		drop_kick(d, r);
		drop(d, &r->call);
		drop(d, &r->err);
		r->started = r->addressed = false;
		(void)place(d, r);
	}
	unmap_all(d, &d->mem);
}

int weir_vhost_head_parse(struct weir_rd *in, struct weir_vhost_head *ret)
{
	struct weir_vhost_head h;

	h.request = rd_u32(in);
	h.flags = rd_u32(in);
	h.size = rd_u32(in);
	if (!weir_rd_ok(in) || (h.flags & VERSION_MASK) != VERSION ||
	    (h.flags & REPLY) || h.size > WEIR_VHOST_BODY_MAX)
		return -EPROTO;
	*ret = h;
	return 0;
}

/* The message's form: NULL if it has none that we know. */
static const struct request *form(struct weir_vhost *d,
				  const struct weir_vhost_head *h,
				  const struct weir_vhost_fds *fds)
{
	const struct request *q;

	if (h->request >= WEIR_VHOST_REQUESTS || !requests[h->request].serve) {
		d->why = "the front-end asks for something unknown";
		return NULL;
	}
	q = &requests[h->request];
	if (h->size < q->least || h->size > q->most || fds->n < q->fds ||
	    fds->n > q->fds_most) {
		d->why = "a message has another length, or other descriptors, "
			 "than its kind";
		return NULL;
	}
	if (q->needs & ~d->protocol) {
		d->why = "a message belongs to a protocol feature that was not "
			 "taken";
		return NULL;
	}
	return q;
}

static void build_head(struct weir_wr *out, uint32_t request, uint32_t size)
{
	wr_u32(out, request);
	wr_u32(out, VERSION | REPLY);
	wr_u32(out, size);
}

/* What the message says of itself is so; do it, answer it. */
static int answer(struct call *c, const struct request *q,
		  const struct weir_vhost_head *h, struct weir_wr *reply)
{
	bool ack;
	int err = q->serve(c);

	if (err)
		c->d->refused++;
	ack = (h->flags & NEED_REPLY) &&
	      (c->d->protocol & WEIR_VHOST_P_REPLY_ACK) && !q->replies;
	if (err == -EPROTO || (err && !ack))
		return -EPROTO;
	if (ack)
		wr_u64(c->out, err ? 1 : 0);
	else if (!q->replies)
		return 0;
	weir_must(weir_wr_ok(c->out));
	build_head(reply, h->request, (uint32_t)weir_wr_len(c->out));
	weir_wr_copy(reply, c->out->start, weir_wr_len(c->out));
	weir_must(weir_wr_ok(reply));
	return 0;
}

int weir_vhost_serve(struct weir_vhost *d, const struct weir_vhost_head *h,
		     struct weir_rd body, struct weir_vhost_fds *fds,
		     struct weir_wr *reply)
{
	const struct request *q = form(d, h, fds);
	uint8_t room[WEIR_VHOST_BODY_MAX];
	struct weir_wr out = weir_wr_over(room, sizeof(room));
	struct call c = { .d = d, .body = body, .fds = fds, .out = &out };
	int err = -EPROTO;

	weir_must(body.left == h->size);
	if (q)
		err = answer(&c, q, h, reply);
	else
		d->refused++;
	drop_all(d, fds);
	return err;
}
