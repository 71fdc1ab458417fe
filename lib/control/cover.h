/* SPDX-License-Identifier: Apache-2.0 */
/* cover.h - what CMD must not see, and what it must see instead */
#ifndef WEIR_CONTROL_COVER_H
#define WEIR_CONTROL_COVER_H

#include <sys/types.h>

#include "control/etc.h"

/**
 * struct weir_cover_orders
 * @uid: whose runtime directory is covered
 * @share: @n_shares absolute paths that stay visible
 * @own: @n_own files of Weir's: what it reads and writes is not CMD's business
 * @ca: the folder of the CA, whose key signs what CMD's programs trust
 * @etc: the files in /etc
 */
struct weir_cover_orders {
	uid_t uid;
	const char *const *share;
	uint32_t n_shares;
	const char *const *own;
	size_t n_own;
	const char *ca;
	const struct weir_etc *etc;
};

/**
 * weir_cover_apply() - do it, in the mount namespace of the caller
 * @ret_what: on failure what could not be done, for a sentence
 *
 * The namespace must be private to the caller, who has CAP_SYS_ADMIN in it.
 *
 * Return: 0 or a negative errno.
 */
int weir_cover_apply(const struct weir_cover_orders *o, const char **ret_what);

#endif /* WEIR_CONTROL_COVER_H */
