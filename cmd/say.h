/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - sentences for the operator, on stderr */
#ifndef WEIR_CMD_SAY_H
#define WEIR_CMD_SAY_H

#include "control/voice.h"

/**
 * weir_say_error() - one sentence; "weir: " goes before it
 *
 * Return: 2, the code of a usage error, for the caller to return.
 */
int weir_say_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * weir_say_voice() - the voice of control
 * @ctx: the orders: -q and -v decide what is said
 */
void weir_say_voice(void *ctx, enum weir_voice_tone tone, const char *text);

/** weir_say_lines() - "weir: " before the first, two blanks before the rest */
void weir_say_lines(const char *text);

#endif /* WEIR_CMD_SAY_H */
