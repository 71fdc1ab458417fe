/* SPDX-License-Identifier: Apache-2.0 */
/* pass.h - a talk that reads nothing: bytes go on as they came */
#ifndef PASS_H
#define PASS_H

#include <stdbool.h>

#include "proxy/talk.h"

#define WEIR_PASS_BYTES 16384u /* on their way, each way */

/**
 * weir_pass_open() - begin one
 *
 * Each side's end is the other's, once all before it has gone on.  A host that
 * cannot be asked is a reset for the guest: there is no protocol to say why.
 *
 * Return: false: no memory.
 */
bool weir_pass_open(struct weir_talk *ret);

#endif /* PASS_H */
