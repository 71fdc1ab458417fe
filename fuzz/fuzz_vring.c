/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_vring.c - any bytes as rings in any memory
 *
 * The input: a byte of options, the size of the ring, then where the tables
 * and a second region are, then what is to be done, then the guest's memory.
 * That memory lies between pages that nobody may touch, from its first byte to
 * its last; what is outside its regions is watched besides: the bytes between
 * the two regions must stay as they are.
 */
#include "link/vring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rd.h"
#include "sys/guarded.h"

#define BYTES  0x4000u /* of a region; the guest has two */
#define GAP    0x1000u
#define GPA    0x1000u
#define STEPS  24u
#define CANARY 0xa7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *memory;
static struct weir_guestmem table;
static struct weir_vring_plan plan;
static uint8_t room[66000], frame[66000];

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void make_memory(void)
{
	uint8_t *all = mmap(NULL, 2 * BYTES + 3 * GAP, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must_be(all != MAP_FAILED);
	memory = all + GAP;
	must_be(mprotect(memory, 2 * BYTES + GAP, PROT_READ | PROT_WRITE) == 0);
	must_be(weir_guarded_install() == 0);
}

/* Two regions, as neighbours for the guest or not, with a gap for us. */
static void make_table(uint8_t where)
{
	struct weir_guestmem_region r = {
		.gpa = GPA, .size = BYTES, .uva = 0x10000, .host = memory
	};

	memset(&table, 0, sizeof(table));
	must_be(weir_guestmem_add(&table, &r) == 0);
	r.gpa = GPA + BYTES + (where & 1 ? 0x800 : 0);
	r.uva = 0x80000;
	r.host = memory + BYTES + GAP;
	must_be(weir_guestmem_add(&table, &r) == 0);
}

static uint8_t *place(uint32_t at, uint64_t bytes, uint32_t align)
{
	return weir_guestmem_user(&table, 0x10000 + (at & ~(align - 1)), bytes);
}

static void put(struct weir_vring *v, uint8_t how)
{
	struct weir_span part[2] = { { frame, how & 0x3f },
				     { frame, (size_t)how * how } };
	const struct weir_vring_frame f = {
		.part = part,
		.n = 2,
		.head = frame,
		.head_len = how & 0x40 ? 10 : 12,
		.merge = how & 0x80,
	};
	int r = weir_vring_put(v, &table, &f, &plan);

	must_be(r == 0 || r == -EAGAIN || r == -EPROTO);
	must_be((r == -EPROTO) == v->broken);
}

static void take(struct weir_vring *v, uint8_t how)
{
	size_t cap = how & 0x20 ? sizeof(room) : how;
	uint16_t next = v->next;
	int r = weir_vring_take(v, &table, room, cap);

	must_be(r == -EAGAIN || r == -EPROTO || r == -EINVAL ||
		r == -EMSGSIZE || (r >= 0 && (size_t)r <= cap));
	must_be((r == -EPROTO) == v->broken);
	must_be(v->next == (uint16_t)(next + (r != -EAGAIN && r != -EPROTO)));
}

static void step(struct weir_vring *v, struct weir_rd *in)
{
	uint8_t what = weir_rd_u8(in), how = weir_rd_u8(in);
	uint16_t at;
	int r = 0;

	switch (what % 6) {
	case 0:
	case 1:
		take(v, how);
		break;
	case 2:
		put(v, how);
		break;
	case 3:
		r = weir_vring_arm(v);
		break;
	case 4:
		r = weir_vring_publish(v);
		break;
	default: /* the driver writes */
		at = (uint16_t)(weir_rd_be16(in) % (BYTES - 1));
		memory[at] = how;
		break;
	}
	must_be(r == 0 || r == 1 || (r == -EPROTO && v->broken));
	must_be((uint16_t)(v->seen - v->next) <= v->num);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size), steps;
	uint8_t options = weir_rd_u8(&in);
	struct weir_vring v = { .num = 1u << (weir_rd_u8(&in) % 10),
				.event_idx = options & 1,
				.indirect = options & 2 };
	uint16_t at[3];

	if (!memory)
		make_memory();
	for (unsigned i = 0; i < 3; i++)
		at[i] = weir_rd_be16(&in);
	steps = weir_rd_sub(&in, 4 * STEPS);
	if (!weir_rd_ok(&in))
		return 0;
	make_table(options >> 2);
	memset(memory, 0, BYTES);
	memset(memory + BYTES, CANARY, GAP);
	memset(memory + BYTES + GAP, 0, BYTES);
	weir_rd_copy(&in, memory, in.left < BYTES ? in.left : BYTES);
	weir_rd_copy(&in, memory + BYTES + GAP,
		     in.left < BYTES ? in.left : BYTES);
	v.desc = place(at[0], weir_vring_desc_bytes(v.num), 16);
	v.avail = place(at[1], weir_vring_avail_bytes(v.num), 2);
	v.used = place(at[2], weir_vring_used_bytes(v.num), 4);
	if (!v.desc || !v.avail || !v.used)
		return 0;
	must_be(weir_vring_start(&v) == 0);
	for (unsigned i = 0; i < STEPS; i++)
		step(&v, &steps);
	for (size_t i = 0; i < GAP; i++)
		must_be(memory[BYTES + i] == CANARY);
	return 0;
}
