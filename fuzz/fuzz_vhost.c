/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_vhost.c - any messages of a front-end, one after the other
 *
 * The input is what the socket brings, but for one byte before each message:
 * how many descriptors come with it, and whether the host's calls fail.
 * Descriptors are numbers: each is closed once, and none is left at the end.
 * After each message every ring that is live may be touched, so it is.
 */
#include "link/vhost.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 1024
#define BYTES   0x40000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	bool open[NUMBERS], watched[NUMBERS];
	int next;
	unsigned maps;
	bool fails;
};

static alignas(4096) uint8_t memory[BYTES];
static struct world world;
static struct weir_vhost dev;
static struct weir_vring_plan plan;
static uint8_t room[70000];

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static int fake_map(void *arg, int fd, uint64_t offset,
		    struct weir_guestmem_region *r)
{
	(void)arg;
	must_be(world.open[fd] && r->size > 0);
	if (world.fails || offset > BYTES || r->size > BYTES - offset)
		return -EINVAL;
	r->host = memory + offset;
	world.maps++;
	return 0;
}

static void fake_unmap(void *arg, const struct weir_guestmem_region *r)
{
	(void)arg;
	must_be(world.maps > 0 && r->host >= memory);
	world.maps--;
}

static int fake_watch(void *arg, int fd, unsigned ring)
{
	(void)arg;
	must_be(world.open[fd] && !world.watched[fd] &&
		ring < WEIR_VHOST_RINGS_MAX);
	world.watched[fd] = !world.fails;
	return world.fails ? -EPERM : 0;
}

static void fake_unwatch(void *arg, int fd)
{
	(void)arg;
	must_be(world.open[fd] && world.watched[fd]);
	world.watched[fd] = false;
}

static int fake_quiet(void *arg, int fd)
{
	(void)arg;
	must_be(world.open[fd]);
	return world.fails ? -EINVAL : 0;
}

static void fake_close(void *arg, int fd)
{
	(void)arg;
	must_be(world.open[fd] && !world.watched[fd]);
	world.open[fd] = false;
}

static const struct weir_vhost_host fake = {
	fake_map, fake_unmap, fake_watch, fake_unwatch, fake_quiet, fake_close,
};

static void touch(unsigned i)
{
	struct weir_vring *v = &dev.ring[i].vring;
	struct weir_span part = { room, 100 };
	const struct weir_vring_frame f = {
		.part = &part,
		.n = 1,
		.head = room,
		.head_len = weir_vhost_header_bytes(&dev),
		.merge = dev.features & WEIR_VHOST_F_MRG_RXBUF,
	};

	if (!weir_vhost_is_live(&dev, i))
		return;
	must_be(v->desc >= memory && v->avail >= memory && v->used >= memory);
	must_be(weir_vring_desc_bytes(v->num) <=
		(uint64_t)(memory + BYTES - v->desc));
	must_be(weir_vring_avail_bytes(v->num) <=
		(uint64_t)(memory + BYTES - v->avail));
	must_be(weir_vring_used_bytes(v->num) <=
		(uint64_t)(memory + BYTES - v->used));
	if (i % 2)
		(void)weir_vring_take(v, &dev.mem, room, sizeof(room));
	else
		(void)weir_vring_put(v, &dev.mem, &f, &plan);
	(void)weir_vring_publish(v);
}

/* One message.  Return: false if the link is down or the input ends. */
static bool serve(struct weir_rd *in)
{
	uint8_t answer[WEIR_VHOST_REPLY_BYTES], with = weir_rd_u8(in);
	struct weir_wr out = weir_wr_over(answer, sizeof(answer));
	struct weir_vhost_fds fds = { .n = with % (WEIR_VHOST_FDS_MAX + 1) };
	struct weir_vhost_head h;
	struct weir_rd body;
	int r;

	if (weir_vhost_head_parse(in, &h))
		return false;
	body = weir_rd_sub(in, h.size);
	if (!weir_rd_ok(in) || world.next > NUMBERS - 8)
		return false;
	for (unsigned i = 0; i < fds.n; i++) {
		fds.fd[i] = world.next++;
		world.open[fds.fd[i]] = true;
	}
	world.fails = with & 0x80;
	r = weir_vhost_serve(&dev, &h, body, &fds, &out);
	must_be(r <= 0 && fds.n == 0 && weir_wr_ok(&out));
	must_be(r == 0 || weir_wr_len(&out) == 0);
	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++)
		touch(i);
	return r == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct weir_mac mac = { { 2, 0, 0, 0, 0, 1 } };
	struct weir_rd in = weir_rd_over(data, size);

	memset(&world, 0, sizeof(world));
	/* what the rings hold: the end of the input */
	memset(memory, 0, sizeof(memory));
	for (size_t i = 0; i < size && i < 4096; i++)
		memory[i * 17 % BYTES] = data[size - 1 - i];
	weir_vhost_init(&dev, &mac, 1500, &fake, NULL);
	while (in.left && serve(&in))
		;
	weir_vhost_fini(&dev);
	for (unsigned i = 0; i < NUMBERS; i++)
		must_be(!world.open[i] && !world.watched[i]);
	must_be(world.maps == 0);
	return 0;
}
