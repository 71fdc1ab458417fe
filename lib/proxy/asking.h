/* SPDX-License-Identifier: Apache-2.0 */
/* asking.h - the guest's requests: read, judged, written anew for the host */
#ifndef WEIR_PROXY_ASKING_H
#define WEIR_PROXY_ASKING_H

#include "proxy/state.h"

/** weir_asking_step() - a step in ASK_HEAD, ASK_BODY, ASK_DRAIN
 * Return: false: bytes or room are missing */
bool weir_asking_step(struct weir_exchange *x);

#endif /* WEIR_PROXY_ASKING_H */
