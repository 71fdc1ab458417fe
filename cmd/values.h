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
int weir_values_read_stream(struct weir_orders *o, const char *v);
int weir_values_read_dgram(struct weir_orders *o, const char *v);
int weir_values_read_vhost_user(struct weir_orders *o, const char *v);
int weir_values_read_fd(struct weir_orders *o, const char *v);
int weir_values_read_jumbo(struct weir_orders *o, const char *v);
int weir_values_read_netns(struct weir_orders *o, const char *v);
int weir_values_read_userns(struct weir_orders *o, const char *v);
int weir_values_read_tap(struct weir_orders *o, const char *v);
int weir_values_read_no_config(struct weir_orders *o, const char *v);
int weir_values_read_pid(struct weir_orders *o, const char *v);
int weir_values_read_ready_fd(struct weir_orders *o, const char *v);
int weir_values_read_exit_fd(struct weir_orders *o, const char *v);
int weir_values_read_one_off(struct weir_orders *o, const char *v);
int weir_values_read_grace(struct weir_orders *o, const char *v);

/* values_policy.c: what is allowed, and what is recorded */
int weir_values_read_config(struct weir_orders *o, const char *v);
int weir_values_read_allow(struct weir_orders *o, const char *v);
int weir_values_read_deny(struct weir_orders *o, const char *v);
int weir_values_read_rule(struct weir_orders *o, const char *v);
int weir_values_read_multi_tenant(struct weir_orders *o, const char *v);
int weir_values_read_no_rebind(struct weir_orders *o, const char *v);
int weir_values_read_intercept(struct weir_orders *o, const char *v);
int weir_values_read_bypass(struct weir_orders *o, const char *v);
int weir_values_read_upstream_ca(struct weir_orders *o, const char *v);
int weir_values_read_insecure(struct weir_orders *o, const char *v);
int weir_values_read_quic(struct weir_orders *o, const char *v);
int weir_values_read_secret(struct weir_orders *o, const char *v);
int weir_values_read_log(struct weir_orders *o, const char *v);
int weir_values_read_metrics(struct weir_orders *o, const char *v);
int weir_values_read_capture(struct weir_orders *o, const char *v);
int weir_values_read_control(struct weir_orders *o, const char *v);

/* values_check.c: the facts that `check` is told */
int weir_values_read_json(struct weir_orders *o, const char *v);
int weir_values_read_strict(struct weir_orders *o, const char *v);
int weir_values_read_pin(struct weir_orders *o, const char *v);
int weir_values_read_shown(struct weir_orders *o, const char *v);
int weir_values_read_shown_none(struct weir_orders *o, const char *v);
int weir_values_read_host_address(struct weir_orders *o, const char *v);

#endif /* WEIR_CMD_VALUES_H */
