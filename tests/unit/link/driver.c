/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c - the guest's side of a split virtqueue, honest or not */
#include "driver.h"

#include <string.h>

#define AVAIL_OFF 0x4000u
#define USED_OFF  0x8000u

size_t driver_desc(const struct driver *d)
{
	return d->at;
}

size_t driver_avail(const struct driver *d)
{
	return d->at + AVAIL_OFF;
}

size_t driver_used(const struct driver *d)
{
	return d->at + USED_OFF;
}

void driver_put16(const struct driver *d, size_t at, uint16_t v)
{
	memcpy(d->mem + at, &v, sizeof(v));
}

uint16_t driver_get16(const struct driver *d, size_t at)
{
	uint16_t v;

	memcpy(&v, d->mem + at, sizeof(v));
	return v;
}

void driver_init(struct driver *d, uint8_t *mem, size_t at, uint32_t num)
{
	*d = (struct driver){ .mem = mem, .at = at, .num = num };
	memset(mem + at, 0, DRIVER_RING_BYTES);
}

void driver_write_at(const struct driver *d, size_t at, uint64_t addr,
		     uint32_t len, unsigned flags, unsigned next)
{
	memcpy(d->mem + at, &addr, 8);
	memcpy(d->mem + at + 8, &len, 4);
	driver_put16(d, at + 12, (uint16_t)flags);
	driver_put16(d, at + 14, (uint16_t)next);
}

void driver_write(const struct driver *d, unsigned slot, uint64_t addr,
		  uint32_t len, unsigned flags, unsigned next)
{
	driver_write_at(d, driver_desc(d) + 16 * (size_t)slot, addr, len, flags,
			next);
}

void driver_offer(struct driver *d, unsigned head)
{
	size_t slot = d->idx & (d->num - 1);

	driver_put16(d, driver_avail(d) + 4 + 2 * slot, (uint16_t)head);
	d->idx++;
	driver_put16(d, driver_avail(d) + 2, d->idx);
}

bool driver_used_next(struct driver *d, uint32_t *ret_id, uint32_t *ret_len)
{
	size_t slot = d->seen & (d->num - 1);

	if (driver_get16(d, driver_used(d) + 2) == d->seen)
		return false;
	memcpy(ret_id, d->mem + driver_used(d) + 4 + 8 * slot, 4);
	memcpy(ret_len, d->mem + driver_used(d) + 8 + 8 * slot, 4);
	d->seen++;
	return true;
}

void driver_move(struct driver *d, uint16_t idx)
{
	d->idx = d->seen = idx;
	driver_put16(d, driver_avail(d) + 2, idx);
	driver_put16(d, driver_used(d) + 2, idx);
}

void driver_set_used_event(const struct driver *d, uint16_t v)
{
	driver_put16(d, driver_avail(d) + 4 + 2 * (size_t)d->num, v);
}

uint16_t driver_avail_event(const struct driver *d)
{
	return driver_get16(d, driver_used(d) + 4 + 8 * (size_t)d->num);
}
