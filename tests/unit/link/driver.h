/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - the guest's side of a split virtqueue, honest or not
 *
 * A memory of the test's is the guest's, from DRIVER_GPA on; each ring lies in
 * the 64 KiB at @at of it.  All that a driver writes is written as a driver
 * would, and every word of it can be written wrong.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_GPA        0x100000u
#define DRIVER_RING_BYTES 0x10000u
#define DRIVER_NEXT       1u
#define DRIVER_WRITE      2u
#define DRIVER_INDIRECT   4u

struct driver {
	uint8_t *mem;
	size_t at;
	uint32_t num;
	uint16_t idx, seen; /* of available and used entries */
};

/** driver_init() - a ring of @num entries (256 at most) at @at of @mem */
void driver_init(struct driver *d, uint8_t *mem, size_t at, uint32_t num);

/* offsets in the memory of the three tables */
size_t driver_desc(const struct driver *d);
size_t driver_avail(const struct driver *d);
size_t driver_used(const struct driver *d);

void driver_put16(const struct driver *d, size_t at, uint16_t v);
uint16_t driver_get16(const struct driver *d, size_t at);

/** driver_write() - write a descriptor; @addr as the guest counts */
void driver_write(const struct driver *d, unsigned slot, uint64_t addr,
		  uint32_t len, unsigned flags, unsigned next);

/** driver_write_at() - the same anywhere in memory, for indirect tables */
void driver_write_at(const struct driver *d, size_t at, uint64_t addr,
		     uint32_t len, unsigned flags, unsigned next);

/** driver_offer() - make the chain at @head available */
void driver_offer(struct driver *d, unsigned head);

/** driver_used() - the next used entry; false if there is none */
bool driver_used_next(struct driver *d, uint32_t *ret_id, uint32_t *ret_len);

/** driver_move() - both indices of an idle ring, as if it had run for long */
void driver_move(struct driver *d, uint16_t idx);

/* the event indices: what the driver says, and what the device says */
void driver_set_used_event(const struct driver *d, uint16_t v);
uint16_t driver_avail_event(const struct driver *d);

#endif /* DRIVER_H */
