/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c - memory for what must not be seen */
#include "sys/vault.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool weir_vault_open(struct weir_vault *ret, size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	*ret = (struct weir_vault){ .at = NULL };
	if (room == 0 || room > SIZE_MAX - page)
		return false;
	room = (room + page - 1) & ~(page - 1);
	at = mmap(NULL, room, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return false;
	/* a dump or a child that sees it would need one of its own kind of
	 * luck; that these are refused is no reason not to go on */
	(void)madvise(at, room, MADV_DONTDUMP);
	(void)madvise(at, room, MADV_WIPEONFORK);
	ret->at = at;
	ret->room = room;
	ret->locked = mlock(at, room) == 0;
	return true;
}

bool weir_vault_put(struct weir_vault *v, const void *bytes, size_t n)
{
	if (n > v->room - v->len)
		return false;
	if (n)
		memcpy(v->at + v->len, bytes, n);
	v->len += n;
	return true;
}

void weir_vault_close(struct weir_vault *v)
{
	if (v->at) {
		explicit_bzero(v->at, v->room);
		(void)munmap(v->at, v->room);
	}
	*v = (struct weir_vault){ .at = NULL };
}
