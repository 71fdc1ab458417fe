/* SPDX-License-Identifier: Apache-2.0 */
/* folders.h - the files that Weir reads and writes, and where they lie */
#ifndef WEIR_CONTROL_FOLDERS_H
#define WEIR_CONTROL_FOLDERS_H

#include <stddef.h>

#include "control/settings.h"

#define WEIR_FOLDERS_MAX 48u

/** struct weir_folders - @n paths, of files or of folders, each allocated */
struct weir_folders {
	size_t n;
	char *path[WEIR_FOLDERS_MAX];
};

/**
 * weir_folders_find() - those of the configuration file, of the lists that
 *                       rules name, and of the public suffixes
 *
 * For who gives up the right to read anything else and may read the policy
 * again.  What finds no room or no memory is left out.
 */
void weir_folders_find(const struct weir_settings *s, struct weir_folders *ret);

/**
 * weir_folders_files() - the configuration file, the lists that rules name, the
 *                        log, and the key of a given CA
 *
 * A list whose rule has ports is named with and without them.
 */
void weir_folders_files(const struct weir_settings *s,
			struct weir_folders *ret);

/** weir_folders_free() - give the paths back */
void weir_folders_free(struct weir_folders *f);

#endif /* WEIR_CONTROL_FOLDERS_H */
