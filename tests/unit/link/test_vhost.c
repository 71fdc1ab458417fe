/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vhost.c - what a front-end says, with a host that is made up
 *
 * Descriptors are numbers that the test hands out and takes back; memory is an
 * array.  After every message each number is in one place: closed, or kept by
 * a ring.
 */
#include "link/vhost.h"

#include <errno.h>
#include <stdalign.h>

#include "../t.h"

#define NEED_REPLY 8u
#define NUMBERS    4096
#define REGION     0x10000u
#define UVA        UINT64_C(0x7f0000000000)

static struct {
	bool open[NUMBERS], watched[NUMBERS];
	int next;
	unsigned maps;
	int map_error, watch_error;
} world;

static alignas(4096) uint8_t memory[64 * REGION];
static struct weir_vhost dev;
static uint8_t body[WEIR_VHOST_BODY_MAX + 64];
static struct weir_wr w;
static uint8_t answer[WEIR_VHOST_REPLY_BYTES];
static size_t answered;
static unsigned kept; /* descriptors the message just served has left open */

/* -------------------------------------------------------- the made-up host */

static int fake_map(void *arg, int fd, uint64_t offset,
		    struct weir_guestmem_region *r)
{
	(void)arg;
	CHECK(fd >= 0 && world.open[fd]);
	if (world.map_error)
		return world.map_error;
	if (offset > sizeof(memory) || r->size > sizeof(memory) - offset)
		return -EINVAL;
	r->host = memory + offset;
	world.maps++;
	return 0;
}

static void fake_unmap(void *arg, const struct weir_guestmem_region *r)
{
	(void)arg;
	CHECK(r->host >= memory && world.maps > 0);
	world.maps--;
}

static int fake_watch(void *arg, int fd, unsigned ring)
{
	(void)arg;
	CHECK(world.open[fd] && ring < WEIR_VHOST_RINGS_MAX);
	if (world.watch_error)
		return world.watch_error;
	CHECK(!world.watched[fd]);
	world.watched[fd] = true;
	return 0;
}

static void fake_unwatch(void *arg, int fd)
{
	(void)arg;
	CHECK(world.watched[fd]);
	world.watched[fd] = false;
}

static int fake_quiet(void *arg, int fd)
{
	(void)arg;
	CHECK(world.open[fd]);
	return 0;
}

static void fake_close(void *arg, int fd)
{
	(void)arg;
	CHECK(world.open[fd] && !world.watched[fd]);
	world.open[fd] = false;
}

static const struct weir_vhost_host fake = {
	fake_map, fake_unmap, fake_watch, fake_unwatch, fake_quiet, fake_close,
};

static unsigned open_numbers(void)
{
	unsigned n = 0;

	for (int i = 0; i < NUMBERS; i++)
		n += world.open[i];
	return n;
}

static unsigned ring_numbers(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WEIR_VHOST_RINGS_MAX; i++)
		for (unsigned k = 0; k < 3; k++)
			n += (k == 0   ? dev.ring[i].kick
			      : k == 1 ? dev.ring[i].call
				       : dev.ring[i].err) >= 0;
	return n;
}

static void begin(void)
{
	static const struct weir_mac mac = { { 2, 3, 4, 5, 6, 7 } };

	memset(&world, 0, sizeof(world));
	memset(memory, 0, sizeof(memory));
	weir_vhost_init(&dev, &mac, 1400, &fake, NULL);
}

/* Everything goes back to whom it came from. */
static void end(void)
{
	weir_vhost_fini(&dev);
	CHECK_EQ(open_numbers(), 0);
	CHECK_EQ(world.maps, 0);
	for (int i = 0; i < NUMBERS; i++)
		CHECK(!world.watched[i]);
}

/* ------------------------------------------------------------ the messages */

static void start_body(void)
{
	w = weir_wr_over(body, sizeof(body));
}

static void u32(uint32_t v)
{
	weir_wr_copy(&w, &v, sizeof(v));
}

static void u64(uint64_t v)
{
	weir_wr_copy(&w, &v, sizeof(v));
}

/* Say the body that was written, with @n_fds descriptors beside it. */
static int say(uint32_t request, uint32_t flags, unsigned n_fds)
{
	struct weir_vhost_head h = { request, 1 | flags,
				     (uint32_t)weir_wr_len(&w) };
	struct weir_rd in = weir_rd_over(body, h.size);
	struct weir_wr out = weir_wr_over(answer, sizeof(answer));
	struct weir_vhost_fds fds = { .n = n_fds };
	int r;

	for (unsigned i = 0; i < n_fds; i++) {
		fds.fd[i] = world.next++;
		world.open[fds.fd[i]] = true;
	}
	r = weir_vhost_serve(&dev, &h, in, &fds, &out);
	answered = weir_wr_len(&out);
	CHECK_EQ(fds.n, 0);
	CHECK_EQ(open_numbers(), ring_numbers());
	kept = open_numbers();
	start_body();
	return r;
}

static uint64_t answer_u64(uint32_t request)
{
	struct weir_rd in = weir_rd_over(answer, answered);
	uint32_t head[3];
	uint64_t v;

	CHECK_EQ(answered, 20);
	weir_rd_copy(&in, head, sizeof(head));
	CHECK_EQ(head[0], request);
	CHECK_EQ(head[1], 5);
	CHECK_EQ(head[2], 8);
	weir_rd_copy(&in, &v, sizeof(v));
	return v;
}

static uint64_t ask(uint32_t request)
{
	start_body();
	CHECK_EQ(say(request, 0, 0), 0);
	return answer_u64(request);
}

static int tell_u64(uint32_t request, uint64_t v, unsigned n_fds)
{
	start_body();
	u64(v);
	return say(request, 0, n_fds);
}

static int tell_state(uint32_t request, uint32_t index, uint32_t num)
{
	start_body();
	u32(index);
	u32(num);
	return say(request, 0, 0);
}

static void put_region(uint64_t gpa, uint64_t size, uint64_t uva,
		       uint64_t offset)
{
	u64(gpa);
	u64(size);
	u64(uva);
	u64(offset);
}

static int tell_table(unsigned n)
{
	start_body();
	u32(n);
	u32(0);
	for (unsigned i = 0; i < n; i++)
		put_region(i * REGION, REGION, UVA + i * REGION,
			   (uint64_t)i * REGION);
	return say(WEIR_VHOST_SET_MEM_TABLE, 0, n);
}

static int tell_addr(uint32_t index, uint64_t desc, uint64_t used,
		     uint64_t avail)
{
	start_body();
	u32(index);
	u32(0);
	u64(desc);
	u64(used);
	u64(avail);
	u64(0);
	return say(WEIR_VHOST_SET_VRING_ADDR, 0, 0);
}

static void agree(void)
{
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_PROTOCOL_FEATURES, WEIR_VHOST_PROTOCOL,
			  0),
		 0);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_FEATURES, WEIR_VHOST_FEATURES, 0), 0);
}

static void start_ring(uint32_t i)
{
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_NUM, i, 64), 0);
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_BASE, i, 0), 0);
	CHECK_EQ(tell_addr(i, UVA + 0x1000, UVA + 0x3000, UVA + 0x2000), 0);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, i, 1), 0);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_CALL, i, 1), 0);
}

/* ------------------------------------------------------------------- tests */

static void what_is_offered_is_what_was_promised(void **state)
{
	(void)state;
	begin();
	/* CSUM GUEST_CSUM MTU MAC GUEST_TSO4/6 HOST_TSO4/6 MRG_RXBUF STATUS MQ
	 * INDIRECT_DESC EVENT_IDX PROTOCOL_FEATURES VERSION_1 */
	CHECK_EQ(ask(WEIR_VHOST_GET_FEATURES), UINT64_C(0x1704199ab));
	/* MQ REPLY_ACK CONFIG CONFIGURE_MEM_SLOTS */
	CHECK_EQ(ask(WEIR_VHOST_GET_PROTOCOL_FEATURES), 0x8209);
	agree();
	CHECK_EQ(ask(WEIR_VHOST_GET_QUEUE_NUM), 8);
	CHECK_EQ(ask(WEIR_VHOST_GET_MAX_MEM_SLOTS), 64);
	end();
}

static void features_that_were_not_offered_are_refused(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t one = UINT64_C(1) << bit;

		begin();
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_FEATURES, one, 0),
			 one & WEIR_VHOST_FEATURES ? 0 : -EPROTO);
		CHECK_EQ(dev.features, one & WEIR_VHOST_FEATURES);
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_PROTOCOL_FEATURES, one, 0),
			 one & WEIR_VHOST_PROTOCOL ? 0 : -EPROTO);
		CHECK_EQ(dev.protocol, one & WEIR_VHOST_PROTOCOL);
		end();
	}
}

static void the_configuration_is_read_and_not_written(void **state)
{
	static const uint8_t want[12] = { 2, 3, 4, 5, 6,    7,
					  1, 0, 8, 0, 0x78, 0x05 };

	(void)state;
	begin();
	agree();
	for (uint32_t off = 0; off < 12; off++) {
		start_body();
		u32(off);
		u32(12 - off);
		u32(0);
		weir_wr_fill(&w, 0xff, 12 - off);
		CHECK_EQ(say(WEIR_VHOST_GET_CONFIG, NEED_REPLY, 0), 0);
		CHECK_EQ(answered, 12 + 12 + 12 - off);
		CHECK(memcmp(answer + 24, want + off, 12 - off) == 0);
	}
	/* what cannot be answered has no body: too long, not what it says */
	for (unsigned i = 0; i < 5; i++) {
		static const uint32_t row[5][3] = { { 250, 7, 7 },
						    { 257, 1, 1 },
						    { UINT32_MAX, 2, 2 },
						    { 0, 3, 4 },
						    { 0, 0, 0 } };

		start_body();
		u32(row[i][0]);
		u32(row[i][1]);
		u32(0);
		weir_wr_fill(&w, 0, row[i][2]);
		CHECK_EQ(say(WEIR_VHOST_GET_CONFIG, 0, 0), 0);
		CHECK_EQ(answered, 12);
	}
	CHECK_EQ(dev.refused, 5);
	start_body();
	u32(0);
	u32(1);
	u32(0);
	weir_wr_fill(&w, 0, 1);
	CHECK_EQ(say(WEIR_VHOST_SET_CONFIG, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_CONFIG), 1);
	end();
}

static void rings_start_in_the_order_of_every_front_end(void **state)
{
	(void)state;
	/* QEMU: enable, features, memory, the rings */
	begin();
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_ENABLE, 0, 1), 0);
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_ENABLE, 1, 1), 0);
	agree();
	CHECK_EQ(tell_table(2), 0);
	start_ring(0);
	start_ring(1);
	for (unsigned i = 0; i < 2; i++)
		CHECK(weir_vhost_is_live(&dev, i) &&
		      weir_vhost_is_enabled(&dev, i));
	end();
	/* addresses before the memory; features last; enable after the kick */
	begin();
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_NUM, 1, 64), 0);
	CHECK_EQ(tell_addr(1, UVA + 0x1000, UVA + 0x3000, UVA + 0x2000), 0);
	CHECK_EQ(tell_table(1), 0);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, 1, 1), 0);
	CHECK(!weir_vhost_is_live(&dev, 1)); /* no features */
	agree();
	CHECK(weir_vhost_is_live(&dev, 1));
	CHECK(!weir_vhost_is_enabled(&dev, 1));
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_ENABLE, 1, 1), 0);
	CHECK(weir_vhost_is_enabled(&dev, 1));
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_ENABLE, 1, 0), 0);
	CHECK(!weir_vhost_is_enabled(&dev, 1));
	end();
	/* without protocol features rings are enabled from the first */
	begin();
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_FEATURES, WEIR_VHOST_F_VERSION_1, 0),
		 0);
	CHECK_EQ(tell_table(1), 0);
	start_ring(0);
	CHECK(weir_vhost_is_live(&dev, 0) && weir_vhost_is_enabled(&dev, 0));
	end();
}

static void stopping_a_ring_tells_where_it_was(void **state)
{
	struct weir_rd in;
	uint32_t word[5];

	(void)state;
	begin();
	agree();
	CHECK_EQ(tell_table(1), 0);
	memory[0x3002] = 0x34; /* the used index */
	memory[0x3003] = 0x12;
	start_ring(1);
	CHECK_EQ(kept, 2);
	start_body();
	u32(1);
	u32(0);
	CHECK_EQ(say(WEIR_VHOST_GET_VRING_BASE, NEED_REPLY, 0), 0);
	in = weir_rd_over(answer, answered);
	weir_rd_copy(&in, word, sizeof(word));
	CHECK(weir_rd_ok(&in) && in.left == 0);
	CHECK_EQ(word[2], 8);
	CHECK_EQ(word[3], 1);
	CHECK_EQ(word[4], 0x1234);
	CHECK(!weir_vhost_is_live(&dev, 1));
	CHECK_EQ(kept, 1); /* the call stays, the kick goes */
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, 1, 1), 0);
	CHECK(weir_vhost_is_live(&dev, 1));
	end();
}

static void a_second_descriptor_takes_the_place_of_the_first(void **state)
{
	(void)state;
	begin();
	agree();
	CHECK_EQ(tell_table(1), 0);
	start_ring(0);
	CHECK_EQ(kept, 2);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, 0, 1), 0);
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_CALL, 0, 1), 0);
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_ERR, 0, 1), 0);
		CHECK_EQ(kept, 3);
	}
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_CALL, 0x100, 0), 0);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_ERR, 0x100, 0), 0);
	CHECK_EQ(kept, 1);
	end();
}

static void a_front_end_that_wants_polling_is_told_why_not(void **state)
{
	(void)state;
	begin();
	agree();
	CHECK_EQ(tell_table(1), 0);
	start_body();
	u64(0x100);
	CHECK_EQ(say(WEIR_VHOST_SET_VRING_KICK, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_VRING_KICK), 1);
	CHECK(strstr(dev.why, "polled") != NULL);
	CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, 0x100, 0), -EPROTO);
	end();
}

static void every_message_is_acknowledged_if_it_asks(void **state)
{
	(void)state;
	begin();
	/* the one that takes REPLY_ACK is the first that is acknowledged */
	start_body();
	u64(0);
	CHECK_EQ(say(WEIR_VHOST_SET_FEATURES, NEED_REPLY, 0), 0);
	CHECK_EQ(answered, 0);
	u64(WEIR_VHOST_PROTOCOL);
	CHECK_EQ(say(WEIR_VHOST_SET_PROTOCOL_FEATURES, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_PROTOCOL_FEATURES), 0);
	CHECK_EQ(say(WEIR_VHOST_SET_OWNER, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_OWNER), 0);
	CHECK_EQ(say(WEIR_VHOST_RESET_OWNER, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_RESET_OWNER), 0);
	/* one that is answered anyway is not acknowledged besides */
	CHECK_EQ(say(WEIR_VHOST_GET_FEATURES, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_GET_FEATURES), WEIR_VHOST_FEATURES);
	/* a refusal is one, and the link goes on */
	u32(0);
	u32(100); /* no power of two */
	CHECK_EQ(say(WEIR_VHOST_SET_VRING_NUM, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_VRING_NUM), 1);
	CHECK_EQ(dev.ring[0].vring.num, 0);
	CHECK_EQ(dev.refused, 1);
	end();
}

static void memory_slots_come_and_go(void **state)
{
	(void)state;
	begin();
	agree();
	start_body();
	for (uint64_t i = 0; i < 64; i++) {
		u64(0);
		put_region(i * REGION, REGION, UVA + i * REGION, i * REGION);
		CHECK_EQ(say(WEIR_VHOST_ADD_MEM_REG, NEED_REPLY, 1), 0);
		CHECK_EQ(answer_u64(WEIR_VHOST_ADD_MEM_REG), 0);
	}
	CHECK_EQ(world.maps, 64);
	u64(0);
	put_region(64 * REGION, REGION, UVA + 64 * REGION, 0);
	CHECK_EQ(say(WEIR_VHOST_ADD_MEM_REG, NEED_REPLY, 1), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_ADD_MEM_REG), 1);
	start_ring(0);
	CHECK(weir_vhost_is_live(&dev, 0));
	/* the slot the ring is in goes, and comes back: it rests meanwhile */
	for (unsigned fds = 0; fds < 2; fds++) {
		u64(0);
		put_region(0, REGION, UVA, 0);
		CHECK_EQ(say(WEIR_VHOST_REM_MEM_REG, 0, fds), 0);
		CHECK(!weir_vhost_is_live(&dev, 0));
		CHECK_EQ(world.maps, 63);
		u64(0);
		put_region(0, REGION, UVA, 0);
		CHECK_EQ(say(WEIR_VHOST_ADD_MEM_REG, 0, 1), 0);
		CHECK(weir_vhost_is_live(&dev, 0));
	}
	u64(0);
	put_region(0, REGION, UVA + 1, 0); /* another one */
	CHECK_EQ(say(WEIR_VHOST_REM_MEM_REG, NEED_REPLY, 0), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_REM_MEM_REG), 1);
	end();
}

/* as QEMU before 8.1 does for each pair of queues */
static void a_slot_added_again_goes_with_the_last(void **state)
{
	(void)state;
	begin();
	agree();
	start_body();
	for (unsigned i = 0; i < WEIR_VHOST_PAIRS_MAX + 1; i++) {
		u64(0);
		put_region(0, REGION, UVA, 0);
		CHECK_EQ(say(WEIR_VHOST_ADD_MEM_REG, NEED_REPLY, 1), 0);
		CHECK_EQ(answer_u64(WEIR_VHOST_ADD_MEM_REG),
			 i == WEIR_VHOST_PAIRS_MAX);
		CHECK_EQ(world.maps, 1);
	}
	for (unsigned i = WEIR_VHOST_PAIRS_MAX + 1; i--;) {
		u64(0);
		put_region(0, REGION, UVA, 0);
		CHECK_EQ(say(WEIR_VHOST_REM_MEM_REG, NEED_REPLY, 0), 0);
		CHECK_EQ(answer_u64(WEIR_VHOST_REM_MEM_REG), i == 0);
		CHECK_EQ(world.maps, i > 1);
	}
	end();
}

static void a_new_table_moves_the_rings_or_changes_nothing(void **state)
{
	const uint8_t *was;

	(void)state;
	begin();
	agree();
	CHECK_EQ(tell_table(2), 0);
	start_ring(0);
	was = dev.ring[0].vring.desc;
	CHECK(was == memory + 0x1000);
	u32(1);
	u32(0);
	put_region(0, REGION, UVA, 3 * REGION);
	CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, NEED_REPLY, 1), 0);
	CHECK(dev.ring[0].vring.desc == memory + 3 * REGION + 0x1000);
	CHECK_EQ(world.maps, 1);
	/* the second of two cannot be had: neither is */
	u32(2);
	u32(0);
	put_region(0, REGION, UVA, 0);
	put_region(REGION - 1, REGION, UVA + REGION, REGION);
	CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, NEED_REPLY, 2), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_MEM_TABLE), 1);
	CHECK_EQ(world.maps, 1);
	CHECK(dev.ring[0].vring.desc == memory + 3 * REGION + 0x1000);
	/* a table without the ring's place: it rests */
	u32(1);
	u32(0);
	put_region(0, REGION, UVA + 0x100000, 0);
	CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, 0, 1), 0);
	CHECK(!weir_vhost_is_live(&dev, 0));
	end();
}

static void regions_that_lie_are_refused(void **state)
{
	static const struct {
		uint64_t gpa, size, uva, offset;
	} row[] = {
		{ 0, 0, UVA, 0 },
		{ UINT64_MAX - 5, REGION, UVA, 0 },
		{ 0, REGION, UINT64_MAX - 5, 0 },
		{ 0, REGION, UVA, UINT64_MAX - 5 },
		{ 0, UINT64_MAX, 0, 0 },
		{ 0, REGION, UVA, sizeof(memory) },
		{ 0x100000, REGION, UVA + 0x500000, 0 }, /* twice the same */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin();
		agree();
		start_body();
		u32(2);
		u32(0);
		put_region(0x100000, 0x1000, UVA + 0x500000, 0);
		put_region(row[i].gpa, row[i].size, row[i].uva, row[i].offset);
		CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, NEED_REPLY, 2), 0);
		CHECK_EQ(answer_u64(WEIR_VHOST_SET_MEM_TABLE), 1);
		CHECK_EQ(dev.mem.n, 0);
		CHECK_EQ(world.maps, 0);
		CHECK(dev.why != NULL);
		end();
	}
}

static void rings_that_lie_are_refused(void **state)
{
	static const struct {
		uint64_t desc, used, avail;
	} row[] = {
		{ UVA + 0x1008, UVA + 0x3000, UVA + 0x2000 }, /* askew */
		{ UVA + 0x1000, UVA + 0x3002, UVA + 0x2000 },
		{ UVA + 0x1000, UVA + 0x3000, UVA + 0x2001 },
		{ UVA - 0x1000, UVA + 0x3000, UVA + 0x2000 },
		{ UVA + 0x1fc10, UVA + 0x3000, UVA + 0x2000 },
		{ UVA + 0x1000, UVA + 0x20000 - 512, UVA + 0x2000 },
		{ UVA + 0x1000, UVA + 0x3000, UVA + 0x20000 - 132 },
		{ UVA + 0x1000, UVA + 0x3000, UVA + 0x20000 },
		{ 0, 0, 0 },
		{ UINT64_MAX - 15, UVA + 0x3000, UVA + 0x2000 },
		{ UVA + 0x10000 - 16, UVA + 0x3000, UVA + 0x2000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin();
		agree();
		CHECK_EQ(tell_table(2), 0);
		CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_NUM, 0, 64), 0);
		CHECK_EQ(tell_addr(0, row[i].desc, row[i].used, row[i].avail),
			 -EPROTO);
		CHECK(!dev.ring[0].addressed);
		CHECK_EQ(tell_u64(WEIR_VHOST_SET_VRING_KICK, 0, 1), -EPROTO);
		CHECK(!weir_vhost_is_live(&dev, 0));
		end();
	}
}

static void numbers_out_of_range_are_refused(void **state)
{
	static const struct {
		uint32_t request, a, b;
	} row[] = {
		{ WEIR_VHOST_SET_VRING_NUM, 16, 64 },
		{ WEIR_VHOST_SET_VRING_NUM, UINT32_MAX, 64 },
		{ WEIR_VHOST_SET_VRING_NUM, 0, 0 },
		{ WEIR_VHOST_SET_VRING_NUM, 0, 3 },
		{ WEIR_VHOST_SET_VRING_NUM, 0, 65536 },
		{ WEIR_VHOST_SET_VRING_NUM, 1, 32 }, /* it is being served */
		{ WEIR_VHOST_SET_VRING_BASE, 16, 0 },
		{ WEIR_VHOST_SET_VRING_BASE, 0, 65536 },
		{ WEIR_VHOST_SET_VRING_BASE, 1, 5 },
		{ WEIR_VHOST_GET_VRING_BASE, 16, 0 },
		{ WEIR_VHOST_SET_VRING_ENABLE, 16, 1 },
		{ WEIR_VHOST_SET_VRING_ENABLE, 0, 2 },
		{ WEIR_VHOST_SET_VRING_KICK, 0x200, 0 },
		{ WEIR_VHOST_SET_VRING_KICK, 16, 0 },
		{ WEIR_VHOST_SET_VRING_CALL, 16 | 0x100, 0 },
		{ WEIR_VHOST_SET_VRING_ERR, 0x100, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin();
		agree();
		CHECK_EQ(tell_table(1), 0);
		start_ring(1);
		CHECK_EQ(tell_state(row[i].request, row[i].a, row[i].b),
			 -EPROTO);
		CHECK_EQ(dev.refused, 1);
		CHECK(dev.why != NULL);
		CHECK(weir_vhost_is_live(&dev, 1));
		end();
	}
}

/* Lengths and descriptors that each kind may have; all others end the link. */
static void
every_other_length_and_number_of_descriptors_is_no_message(void **state)
{
	static const struct {
		uint32_t request;
		size_t len;
		unsigned fds;
	} row[] = {
		{ WEIR_VHOST_GET_FEATURES, 0, 0 },
		{ WEIR_VHOST_SET_FEATURES, 8, 0 },
		{ WEIR_VHOST_SET_OWNER, 0, 0 },
		{ WEIR_VHOST_RESET_OWNER, 0, 0 },
		{ WEIR_VHOST_SET_VRING_NUM, 8, 0 },
		{ WEIR_VHOST_SET_VRING_ADDR, 40, 0 },
		{ WEIR_VHOST_SET_VRING_BASE, 8, 0 },
		{ WEIR_VHOST_GET_VRING_BASE, 8, 0 },
		{ WEIR_VHOST_SET_VRING_CALL, 8, 1 },
		{ WEIR_VHOST_SET_VRING_ERR, 8, 1 },
		{ WEIR_VHOST_GET_PROTOCOL_FEATURES, 0, 0 },
		{ WEIR_VHOST_GET_QUEUE_NUM, 0, 0 },
		{ WEIR_VHOST_SET_VRING_ENABLE, 8, 0 },
		{ WEIR_VHOST_GET_MAX_MEM_SLOTS, 0, 0 },
		{ WEIR_VHOST_ADD_MEM_REG, 40, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (size_t len = 0; len <= 48; len++) {
			for (unsigned fds = 0; fds <= WEIR_VHOST_FDS_MAX;
			     fds++) {
				bool good =
					len == row[i].len && fds == row[i].fds;

				begin();
				agree();
				start_body();
				weir_wr_fill(&w, 0, len);
				if (row[i].request == WEIR_VHOST_ADD_MEM_REG &&
				    good)
					body[17] = 1; /* a size */
				if (row[i].request ==
					    WEIR_VHOST_SET_VRING_NUM &&
				    good)
					body[4] = 1;
				CHECK_EQ(say(row[i].request, 0, fds),
					 good ? 0 : -EPROTO);
				end();
			}
		}
	}
	for (unsigned n = 0; n <= 8; n++) {
		for (unsigned fds = 0; fds <= 8; fds++) {
			begin();
			start_body();
			u32(n);
			u32(0);
			for (unsigned k = 0; k < n; k++)
				put_region(k * REGION, REGION, k * REGION, 0);
			CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, 0, fds),
				 n && n == fds ? 0 : -EPROTO);
			end();
		}
	}
	for (unsigned n = 0; n <= 9; n++) { /* it says another number */
		begin();
		start_body();
		u32(n);
		u32(0);
		put_region(0, REGION, 0, 0);
		put_region(REGION, REGION, REGION, 0);
		CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, 0, 2),
			 n == 2 ? 0 : -EPROTO);
		end();
	}
}

static void requests_that_are_not_served_end_the_link(void **state)
{
	(void)state;
	for (uint32_t request = 0; request < 300; request++) {
		static const uint8_t served[] = { 1,  2,  3,  4,  5,  8,  9,
						  10, 11, 12, 13, 14, 15, 16,
						  17, 18, 24, 25, 36, 37, 38 };

		if (memchr(served, (int)(request & 0xff), sizeof(served)) &&
		    request < 256)
			continue;
		begin();
		agree();
		start_body();
		u64(0);
		CHECK_EQ(say(request, NEED_REPLY, 3), -EPROTO);
		CHECK_EQ(answered, 0);
		end();
	}
	begin();
	CHECK_EQ(tell_u64(UINT32_MAX, 0, 8), -EPROTO);
	end();
}

static void what_belongs_to_a_feature_waits_for_it(void **state)
{
	static const uint32_t row[] = { WEIR_VHOST_GET_QUEUE_NUM,
					WEIR_VHOST_GET_MAX_MEM_SLOTS };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin();
		start_body();
		CHECK_EQ(say(row[i], 0, 0), -EPROTO);
		end();
	}
	begin();
	start_body();
	u64(0);
	put_region(0, REGION, 0, 0);
	CHECK_EQ(say(WEIR_VHOST_ADD_MEM_REG, 0, 1), -EPROTO);
	end();
}

static void each_call_of_the_host_may_fail(void **state)
{
	(void)state;
	begin();
	agree();
	world.map_error = -ENOMEM;
	start_body();
	u32(1);
	u32(0);
	put_region(0, REGION, UVA, 0);
	CHECK_EQ(say(WEIR_VHOST_SET_MEM_TABLE, NEED_REPLY, 1), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_MEM_TABLE), 1);
	world.map_error = 0;
	CHECK_EQ(tell_table(1), 0);
	CHECK_EQ(tell_state(WEIR_VHOST_SET_VRING_NUM, 0, 64), 0);
	CHECK_EQ(tell_addr(0, UVA + 0x1000, UVA + 0x3000, UVA + 0x2000), 0);
	world.watch_error = -EPERM;
	start_body();
	u64(0);
	CHECK_EQ(say(WEIR_VHOST_SET_VRING_KICK, NEED_REPLY, 1), 0);
	CHECK_EQ(answer_u64(WEIR_VHOST_SET_VRING_KICK), 1);
	CHECK_EQ(kept, 0);
	CHECK(!dev.ring[0].started);
	end();
}

static void a_header_is_read_or_refused(void **state)
{
	static const struct {
		uint32_t word[3];
		int want;
	} row[] = {
		{ { 1, 1, 0 }, 0 },
		{ { 1, 9, WEIR_VHOST_BODY_MAX }, 0 },
		{ { 1, 9, WEIR_VHOST_BODY_MAX + 1 }, -EPROTO },
		{ { 1, 9, UINT32_MAX }, -EPROTO },
		{ { 1, 0, 0 }, -EPROTO },
		{ { 1, 2, 0 }, -EPROTO },
		{ { 1, 3, 0 }, -EPROTO },
		{ { 1, 5, 0 }, -EPROTO }, /* an answer */
	};
	struct weir_vhost_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (size_t n = 0; n <= 12; n++) {
			struct weir_rd in = weir_rd_over(row[i].word, n);

			CHECK_EQ(weir_vhost_head_parse(&in, &h),
				 n < 12 ? -EPROTO : row[i].want);
		}
	}
}

T_MAIN(T(what_is_offered_is_what_was_promised),
       T(features_that_were_not_offered_are_refused),
       T(the_configuration_is_read_and_not_written),
       T(rings_start_in_the_order_of_every_front_end),
       T(stopping_a_ring_tells_where_it_was),
       T(a_second_descriptor_takes_the_place_of_the_first),
       T(a_front_end_that_wants_polling_is_told_why_not),
       T(every_message_is_acknowledged_if_it_asks), T(memory_slots_come_and_go),
       T(a_slot_added_again_goes_with_the_last),
       T(a_new_table_moves_the_rings_or_changes_nothing),
       T(regions_that_lie_are_refused), T(rings_that_lie_are_refused),
       T(numbers_out_of_range_are_refused),
       T(every_other_length_and_number_of_descriptors_is_no_message),
       T(requests_that_are_not_served_end_the_link),
       T(what_belongs_to_a_feature_waits_for_it),
       T(each_call_of_the_host_may_fail), T(a_header_is_read_or_refused))
