/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intercept.h - the proxy from control's side: what it is given, its life
 *
 * Started like the engine, before the CA's key is read.  When it dies the
 * engine resets what it had open and denies names that are to be intercepted
 * (`proxy_down`) until the next one is there.
 */
#ifndef WEIR_CONTROL_INTERCEPT_H
#define WEIR_CONTROL_INTERCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "control/ca.h"
#include "control/cradle.h"
#include "control/settings.h"
#include "control/voice.h"

#define WEIR_INTERCEPT_STORES_MAX 64u
#define WEIR_INTERCEPT_STARTS_MAX 5u /* in a minute; then it is over first */
#define WEIR_INTERCEPT_NAME_BYTES 254u

/** struct weir_intercept_store - CAs to believe, in sealed memory */
struct weir_intercept_store {
	char name[WEIR_INTERCEPT_NAME_BYTES]; /* of one host; "" all */
	int fd;
};

/**
 * struct weir_intercept - the proxy, if one is wanted
 * @sock: to it; -1: it does not run
 * @again_ms: when weir_intercept_again() is wanted; 0: never
 */
struct weir_intercept {
	bool wanted, unconfined;
	int sock;
	struct weir_cradle cradle;
	unsigned starts;
	uint64_t since_ms, again_ms;
	struct weir_ca ca;
	uint32_t n_stores;
	struct weir_intercept_store store[WEIR_INTERCEPT_STORES_MAX];
};

/** weir_intercept_is_wanted() - do these settings need a proxy? */
bool weir_intercept_is_wanted(const struct weir_settings *s);

/**
 * weir_intercept_plan() - read what is public: the stores
 * @i: zeroed memory
 *
 * Return: false with @why: one sentence.
 */
bool weir_intercept_plan(struct weir_intercept *i,
			 const struct weir_settings *s,
			 char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_intercept_start() - start it, open the CA, and join it to the engine
 * @engine: control's socket to it
 * @policy: a sealed memfd
 *
 * Return: false with @why.
 */
bool weir_intercept_start(struct weir_intercept *i,
			  const struct weir_settings *s, int engine, int policy,
			  char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_intercept_again() - it died: another one
 *
 * Return: false: that was too often, and it is tried again later, or it cannot
 * be; @why.
 */
bool weir_intercept_again(struct weir_intercept *i, int engine, int policy,
			  char why[WEIR_CA_WHY_BYTES]);

/** weir_intercept_tell() - another policy; what it does not hear it does not
 * get, and it is ended */
void weir_intercept_tell(struct weir_intercept *i, int policy);

/** weir_intercept_hear() - take one message; @v: for what it says
 * Return: false: it has died: weir_intercept_again() */
bool weir_intercept_hear(struct weir_intercept *i, const struct weir_voice *v);

/** weir_intercept_close() - end it, wipe the key */
void weir_intercept_close(struct weir_intercept *i);

#endif /* WEIR_CONTROL_INTERCEPT_H */
