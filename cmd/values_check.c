/* SPDX-License-Identifier: Apache-2.0 */
/* values_check.c - how `check` answers, and the facts it is told */
#include "say.h"
#include "values.h"

int weir_values_read_json(struct weir_orders *o, const char *v)
{
	(void)v;
	o->check.json = true;
	return 0;
}

int weir_values_read_strict(struct weir_orders *o, const char *v)
{
	(void)v;
	o->check.strict = true;
	return 0;
}

int weir_values_read_pin(struct weir_orders *o, const char *v)
{
	if (o->check.n_pins == WEIR_PLAN_PINS_MAX)
		return weir_say_error("--pin: at most %u of them",
				      WEIR_PLAN_PINS_MAX);
	o->check.pin[o->check.n_pins++] = v;
	return 0;
}

int weir_values_read_shown(struct weir_orders *o, const char *v)
{
	if (o->check.shown)
		return weir_say_error("--shown %s: one name is shown, %s is "
				      "there already",
				      v, o->check.shown);
	if (o->check.shown_none)
		return weir_say_error("--shown %s: --shown-none is there too, "
				      "keep one of them",
				      v);
	o->check.shown = v;
	return 0;
}

int weir_values_read_shown_none(struct weir_orders *o, const char *v)
{
	(void)v;
	if (o->check.shown)
		return weir_say_error("--shown-none: --shown is there too, "
				      "keep one of them");
	o->check.shown_none = true;
	return 0;
}

int weir_values_read_host_address(struct weir_orders *o, const char *v)
{
	if (o->check.n_own == WEIR_PLAN_OWN_MAX)
		return weir_say_error("--host-address: at most %u of them",
				      WEIR_PLAN_OWN_MAX);
	o->check.own[o->check.n_own++] = v;
	return 0;
}
