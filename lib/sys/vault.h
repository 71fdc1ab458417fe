/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault.h - memory for what must not be seen
 *
 * Pages of their own: kept out of swap, out of core dumps and out of forked
 * children (who find zeroes there), and wiped before they are given back.
 */
#ifndef WEIR_SYS_VAULT_H
#define WEIR_SYS_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the system calls of this room */
#define WEIR_VAULT_CALLS(X) X(mmap) X(munmap) X(mlock) X(madvise)

/**
 * struct weir_vault - all zeroes: none
 * @at:   @room bytes, of which the owner uses the first @len
 * @locked: they cannot be swapped out; false where RLIMIT_MEMLOCK is used up,
 *        and the rest holds all the same
 */
struct weir_vault {
	uint8_t *at;
	size_t len, room;
	bool locked;
};

/**
 * weir_vault_open() - an empty one with room for at least @room bytes
 *
 * Return: false, with *@ret all zeroes, if there is no memory.
 */
bool weir_vault_open(struct weir_vault *ret, size_t room);

/**
 * weir_vault_put() - @n bytes behind those that are there
 *
 * Return: false, with nothing put, if they do not fit.
 */
bool weir_vault_put(struct weir_vault *v, const void *bytes, size_t n);

/** weir_vault_close() - wipe it and give it back; all zeroes then */
void weir_vault_close(struct weir_vault *v);

#endif /* WEIR_SYS_VAULT_H */
