/* SPDX-License-Identifier: Apache-2.0 */
/* etc.h - the three files in /etc that say how names are found */
#ifndef WEIR_CONTROL_ETC_H
#define WEIR_CONTROL_ETC_H

#include <stddef.h>

#include "control/ca_bundle.h"
#include "control/resolvers.h"
#include "sys/charter.h"

#define WEIR_ETC_FILE_BYTES 16384u

/**
 * struct weir_etc - their texts, terminated
 * @pem, @java: what CMD is to trust, if something is intercepted; borrowed
 */
struct weir_etc {
	char resolv[WEIR_ETC_FILE_BYTES];
	char hosts[WEIR_ETC_FILE_BYTES];
	char nsswitch[WEIR_ETC_FILE_BYTES];
	struct weir_ca_bundle pem, java;
};

/**
 * weir_etc_build() - compose them
 * @c: addresses
 * @r: `search` and `options` lines
 * @hostname: what the guest calls itself
 * @nsswitch: the host's nsswitch.conf, @len bytes; only `hosts:` is replaced
 */
void weir_etc_build(const struct weir_charter *c,
		    const struct weir_resolvers *r, const char *hostname,
		    const char *nsswitch, size_t len, struct weir_etc *ret);

#endif /* WEIR_CONTROL_ETC_H */
