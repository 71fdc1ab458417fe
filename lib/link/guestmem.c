/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestmem.c - where a guest's memory is, and what of it may be touched
 *
 * Invariants: no region is empty; none reaches the end of an address space
 * (address + size fits 64 bits); no two overlap, neither as the guest nor as
 * the front-end counts.  So an address is in one region at most, and what is
 * left of it after the address is one subtraction that cannot wrap.
 *
 * A guest has a handful of regions: they are searched one by one, the one
 * found last first.
 */
#include "link/guestmem.h"

#include <errno.h>

#include "base/must.h"
#include "sys/guarded.h"

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

int weir_guestmem_add(struct weir_guestmem *m,
		      const struct weir_guestmem_region *r)
{
	if (r->size == 0 || r->gpa > UINT64_MAX - r->size ||
	    r->uva > UINT64_MAX - r->size)
		return -EINVAL;
	for (unsigned i = 0; i < m->n; i++) {
		const struct weir_guestmem_region *o = &m->v[i];

		if (overlap(r->gpa, r->size, o->gpa, o->size) ||
		    overlap(r->uva, r->size, o->uva, o->size))
			return -EEXIST;
	}
	if (m->n == WEIR_GUESTMEM_REGIONS_MAX)
		return -ENOSPC;
	m->v[m->n++] = *r;
	return 0;
}

struct weir_guestmem_region *weir_guestmem_find(struct weir_guestmem *m,
						uint64_t gpa, uint64_t size,
						uint64_t uva)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct weir_guestmem_region *r = &m->v[i];

		if (r->gpa == gpa && r->size == size && r->uva == uva)
			return r;
	}
	return NULL;
}

int weir_guestmem_remove(struct weir_guestmem *m, uint64_t gpa, uint64_t size,
			 uint64_t uva, struct weir_guestmem_region *ret)
{
	struct weir_guestmem_region *r = weir_guestmem_find(m, gpa, size, uva);

	if (!r)
		return -ENOENT;
	*ret = *r;
	*r = m->v[--m->n];
	m->last = 0;
	return 0;
}

static uint8_t *within(const struct weir_guestmem_region *r, uint64_t gpa,
		       uint64_t len, uint64_t *ret_have)
{
	uint64_t skip, left;

	if (gpa < r->gpa || gpa - r->gpa >= r->size)
		return NULL;
	skip = gpa - r->gpa;
	left = r->size - skip;
	*ret_have = left < len ? left : len;
	return r->host + skip;
}

uint8_t *weir_guestmem_at(struct weir_guestmem *m, uint64_t gpa, uint64_t len,
			  uint64_t *ret_have)
{
	uint8_t *at = NULL;

	weir_must(len > 0);
	if (m->last < m->n)
		at = within(&m->v[m->last], gpa, len, ret_have);
	for (unsigned i = 0; !at && i < m->n; i++) {
		at = within(&m->v[i], gpa, len, ret_have);
		if (at)
			m->last = i;
	}
	return at;
}

bool weir_guestmem_read(struct weir_guestmem *m, uint64_t gpa, void *to,
			size_t n)
{
	uint8_t *out = to;

	while (n) {
		uint64_t have;
		const uint8_t *at = weir_guestmem_at(m, gpa, n, &have);

		if (!at || !weir_guarded_copy(out, at, (size_t)have))
			return false;
		gpa += have;
		out += have;
		n -= (size_t)have;
	}
	return true;
}

uint8_t *weir_guestmem_user(const struct weir_guestmem *m, uint64_t uva,
			    uint64_t len)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct weir_guestmem_region *r = &m->v[i];

		if (uva >= r->uva && uva - r->uva <= r->size &&
		    len <= r->size - (uva - r->uva))
			return r->host + (uva - r->uva);
	}
	return NULL;
}
