/* SPDX-License-Identifier: Apache-2.0 */
/* check_show.h - a policy and a verdict, for people and for programs */
#ifndef WEIR_CMD_CHECK_SHOW_H
#define WEIR_CMD_CHECK_SHOW_H

#include <stdbool.h>

#include "control/lint.h"
#include "control/plan.h"
#include "control/rulebook_ask.h"
#include "control/rulebook_order.h"

/**
 * struct weir_check_policy - all there is to show
 * @o:     the orders, for what is not in the settings
 * @order: the rules as they are asked
 * @net:   the network that was looked at
 */
struct weir_check_policy {
	const struct weir_orders *o;
	const struct weir_settings *s;
	const struct weir_rulebook_order *order;
	const struct weir_charter *net;
	const struct weir_lint *lint;
};

/** weir_check_show_verdict() - one line on stdout; false: it cannot be
 * written */
bool weir_check_show_verdict(const struct weir_rulebook_answer *a, bool json);

/** weir_check_show_policy() - the whole policy on stdout; the warnings are in
 * it if @json; false: it cannot be written */
bool weir_check_show_policy(const struct weir_check_policy *p, bool json);

#endif /* WEIR_CMD_CHECK_SHOW_H */
