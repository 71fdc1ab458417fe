/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook.h - from settings to one compiled policy
 *
 * Reads the lists that rules name, knows public suffixes (libpsl) and U-labels
 * (libidn2), puts the rules into the order of evaluation (command line, file,
 * base) and compiles them.
 */
#ifndef WEIR_CONTROL_RULEBOOK_H
#define WEIR_CONTROL_RULEBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/settings.h"
#include "policy/image.h"

#define WEIR_RULEBOOK_WHY_BYTES 512u

/**
 * struct weir_rulebook - a compiled policy
 * @image: open
 * @fd:    a sealed memfd with its bytes, close-on-exec
 * @map:   its mapping, read-only; @image borrows it
 */
struct weir_rulebook {
	struct weir_image image;
	int fd;
	void *map;
	size_t len;
};

/**
 * weir_rulebook_make() - compile
 * @ret: written on success
 * @why: on failure one sentence for the operator: where, what, the remedy
 *
 * Blocks while it reads lists; a million names take less than two seconds.
 * Return: false if something in @s is wrong, a list cannot be read, or memory
 * or descriptors are short: errno is then ENOMEM, EMFILE or ENFILE.
 */
bool weir_rulebook_make(const struct weir_settings *s,
			struct weir_rulebook *ret,
			char why[WEIR_RULEBOOK_WHY_BYTES]);

/** weir_rulebook_close() - give it back */
void weir_rulebook_close(struct weir_rulebook *b);

#endif /* WEIR_CONTROL_RULEBOOK_H */
