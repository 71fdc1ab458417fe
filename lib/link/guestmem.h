/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestmem.h - where a guest's memory is, and what of it may be touched
 *
 * The table of regions that a front-end shares: each has an address as the
 * guest knows it (descriptors speak of it), one as the front-end knows it
 * (the places of the rings) and one as we have mapped it.  Whoever wants to
 * touch guest memory asks here for every range, and touches it with
 * sys/guarded.h.
 */
#ifndef WEIR_LINK_GUESTMEM_H
#define WEIR_LINK_GUESTMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* regions at once; one more is refused */
#define WEIR_GUESTMEM_REGIONS_MAX 64u

/**
 * struct weir_guestmem_region - memory without a gap
 * @gpa:  its guest-physical address
 * @size: bytes
 * @uva:  its address in the front-end
 * @host: where we see it
 * @map, @map_len: the mapping it lies in, for whoever made it
 * @again: how often it was added once more, for whoever counts that
 */
struct weir_guestmem_region {
	uint64_t gpa, size, uva;
	uint8_t *host;
	void *map;
	size_t map_len;
	unsigned again;
};

/** struct weir_guestmem - the table; zeroed is empty */
struct weir_guestmem {
	struct weir_guestmem_region v[WEIR_GUESTMEM_REGIONS_MAX];
	unsigned n;
	unsigned last; /* where the last address was found */
};

/**
 * weir_guestmem_add() - one more region
 *
 * Return: 0; -EINVAL empty, or beyond the end of an address space; -EEXIST it
 * overlaps another one, in either address space; -ENOSPC the table is full.
 */
int weir_guestmem_add(struct weir_guestmem *m,
		      const struct weir_guestmem_region *r);

/**
 * weir_guestmem_find() - the region that has these three numbers
 *
 * Return: it, until the table changes, or NULL.
 */
struct weir_guestmem_region *weir_guestmem_find(struct weir_guestmem *m,
						uint64_t gpa, uint64_t size,
						uint64_t uva);

/**
 * weir_guestmem_remove() - take a region out, all three numbers its own
 * @ret: what was taken out
 *
 * Return: 0 or -ENOENT.
 */
int weir_guestmem_remove(struct weir_guestmem *m, uint64_t gpa, uint64_t size,
			 uint64_t uva, struct weir_guestmem_region *ret);

/**
 * weir_guestmem_at() - where guest-physical memory can be touched
 * @len: bytes wanted, at least 1
 * @ret_have: how many of them, 1 to @len, there are in a row
 *
 * A range that goes on in the next region is had in pieces.
 *
 * Return: the first byte, or NULL if @gpa is in no region.
 */
uint8_t *weir_guestmem_at(struct weir_guestmem *m, uint64_t gpa, uint64_t len,
			  uint64_t *ret_have);

/**
 * weir_guestmem_read() - copy guest-physical memory, across regions
 *
 * Return: false if any of it is in no region or gone; @to is then partly
 * written.
 */
bool weir_guestmem_read(struct weir_guestmem *m, uint64_t gpa, void *to,
			size_t n);

/**
 * weir_guestmem_user() - where the front-end's [@uva, @uva + @len) is
 *
 * Return: the first byte, or NULL if it is not in one region as a whole.
 */
uint8_t *weir_guestmem_user(const struct weir_guestmem *m, uint64_t uva,
			    uint64_t len);

#endif /* WEIR_LINK_GUESTMEM_H */
