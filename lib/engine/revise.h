/* SPDX-License-Identifier: Apache-2.0 */
/* revise.h - another policy: what is open is judged again, a part a turn */
#ifndef WEIR_ENGINE_REVISE_H
#define WEIR_ENGINE_REVISE_H

#include "engine/house.h"

/** weir_revise_begin() - the policy is another one; from the first on, also
 * if it was under way */
void weir_revise_begin(struct weir_house *h);

/** weir_revise_turn() - go on; Return: true if there is more to do */
bool weir_revise_turn(struct weir_house *h);

#endif /* WEIR_ENGINE_REVISE_H */
