/* SPDX-License-Identifier: Apache-2.0 */
/* configdump.h - orders and settings as lines, for .ok files */
#ifndef CONFIGDUMP_H
#define CONFIGDUMP_H

#include <stdio.h>

#include "control/plan.h"

/** config_dump() - what was said, in one order; nothing for the defaults */
void config_dump(FILE *to, const struct weir_orders *o,
		 const struct weir_settings *s);

#endif /* CONFIGDUMP_H */
