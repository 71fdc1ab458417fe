/* SPDX-License-Identifier: Apache-2.0 */
/* voice.h - sentences for the operator; this floor prints nothing itself */
#ifndef WEIR_CONTROL_VOICE_H
#define WEIR_CONTROL_VOICE_H

/** enum weir_voice_tone - how much a sentence matters */
enum weir_voice_tone {
	WEIR_VOICE_ERROR,   /* always told */
	WEIR_VOICE_WARNING, /* unless the operator wants quiet */
	WEIR_VOICE_NOTE,    /* only if he wants to know */
};

/**
 * struct weir_voice - where sentences go
 * @say: one sentence without a newline, or a few lines; printable
 * @ctx: handed to it
 */
struct weir_voice {
	void (*say)(void *ctx, enum weir_voice_tone tone, const char *text);
	void *ctx;
};

/** weir_voice_say() - one sentence, cut after 1,000 bytes */
void weir_voice_say(const struct weir_voice *v, enum weir_voice_tone tone,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* WEIR_CONTROL_VOICE_H */
