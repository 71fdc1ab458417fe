/* SPDX-License-Identifier: Apache-2.0 */
/* service.h - one life of `weir serve`: engine, the guest's card, end */
#ifndef WEIR_CONTROL_SERVICE_H
#define WEIR_CONTROL_SERVICE_H

#include "control/plan.h"
#include "control/voice.h"

/* what it ends with, beside 0 and 2 */
#define WEIR_SERVICE_REFUSED 1
#define WEIR_SERVICE_FAILED  125

/* time for what is open, after a stop was asked for */
#define WEIR_SERVICE_GRACE_S     5u
#define WEIR_SERVICE_GRACE_MAX_S 86400u

/**
 * struct weir_service_again - how to read the configuration once more
 * @read: returns what is allowed now, or NULL after it said what is wrong;
 *        @done gives it back
 */
struct weir_service_again {
	const struct weir_settings *(*read)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

/**
 * weir_service_run() - do all of it
 * @o: what was asked for; @o->serve has a link
 * @again: for SIGHUP
 *
 * Only once in a process with one thread: signals are blocked, descriptors
 * above 2 but the two named are closed, privileges are given up.
 *
 * Return: 0 stopped, or the guest is gone; 1 the machine refused something;
 * 2 the orders contradict each other; 125 Weir failed.
 */
int weir_service_run(const struct weir_orders *o,
		     const struct weir_service_again *again,
		     const struct weir_voice *v);

#endif /* WEIR_CONTROL_SERVICE_H */
