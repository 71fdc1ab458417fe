/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.h - what stands after an option, as an order
 *
 * One function per option of options.c.  Each reads @v, the value, or NULL
 * where the option takes none, into @o; text is borrowed.
 *
 * Return: 0, or 2 after it said what is wrong.
 */
#ifndef WEIR_CMD_VALUES_H
#define WEIR_CMD_VALUES_H

#include "control/plan.h"

int weir_values_read_mtu(struct weir_orders *o, const char *v);
int weir_values_read_max_flows(struct weir_orders *o, const char *v);
int weir_values_read_net(struct weir_orders *o, const char *v);
int weir_values_read_dns(struct weir_orders *o, const char *v);
int weir_values_read_search(struct weir_orders *o, const char *v);
int weir_values_read_host(struct weir_orders *o, const char *v);
int weir_values_read_ipv4(struct weir_orders *o, const char *v);
int weir_values_read_gateway(struct weir_orders *o, const char *v);
int weir_values_read_ipv6(struct weir_orders *o, const char *v);
int weir_values_read_mac(struct weir_orders *o, const char *v);
int weir_values_read_share(struct weir_orders *o, const char *v);
int weir_values_read_keep_fd(struct weir_orders *o, const char *v);
int weir_values_read_root(struct weir_orders *o, const char *v);
int weir_values_read_unconfined(struct weir_orders *o, const char *v);
int weir_values_read_quiet(struct weir_orders *o, const char *v);
int weir_values_read_verbose(struct weir_orders *o, const char *v);
int weir_values_read_publish(struct weir_orders *o, const char *v);
int weir_values_read_limit_up(struct weir_orders *o, const char *v);
int weir_values_read_limit_down(struct weir_orders *o, const char *v);
int weir_values_read_netns(struct weir_orders *o, const char *v);
int weir_values_read_userns(struct weir_orders *o, const char *v);
int weir_values_read_tap(struct weir_orders *o, const char *v);
int weir_values_read_no_config(struct weir_orders *o, const char *v);
int weir_values_read_pid(struct weir_orders *o, const char *v);
int weir_values_read_ready_fd(struct weir_orders *o, const char *v);
int weir_values_read_exit_fd(struct weir_orders *o, const char *v);
int weir_values_read_one_off(struct weir_orders *o, const char *v);
int weir_values_read_grace(struct weir_orders *o, const char *v);

#endif /* WEIR_CMD_VALUES_H */
