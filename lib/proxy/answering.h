/* SPDX-License-Identifier: Apache-2.0 */
/* answering.h - the host's answers: read, and written anew for the guest */
#ifndef WEIR_PROXY_ANSWERING_H
#define WEIR_PROXY_ANSWERING_H

#include "proxy/state.h"

/** weir_answering_step() - a step in ANSWER_HEAD, ANSWER_BODY
 * Return: false: bytes or room are missing */
bool weir_answering_step(struct weir_exchange *x);

#endif /* WEIR_PROXY_ANSWERING_H */
