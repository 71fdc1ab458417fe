/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - where programs look for the CAs they trust
 *
 * With interception CMD has to trust ours too.  Nothing of the host is changed:
 * where its stores lie CMD sees other files, and the variables by which programs
 * are told of a store name the first of them, unless the user has set them.
 */
#ifndef WEIR_CONTROL_TRUST_H
#define WEIR_CONTROL_TRUST_H

#include <stdbool.h>

#define WEIR_TRUST_STORES 6u

/** struct weir_trust_store - a file; @java: of Java, else PEM */
struct weir_trust_store {
	const char *path;
	bool java;
};

/** weir_trust_store - those that distributions have; the first is Debian's */
extern const struct weir_trust_store weir_trust_store[WEIR_TRUST_STORES];

/** weir_trust_tell() - set the variables that the environment has not */
void weir_trust_tell(void);

#endif /* WEIR_CONTROL_TRUST_H */
