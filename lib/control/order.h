/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h - one value, as the operator wrote it, into the orders
 *
 * The same for an option and for a key of the configuration file.  Each reads
 * @text into @o, or writes what is wrong, as the end of a sentence, into @why.
 *
 * Return: false, with the orders as they were, if @text is anything else.
 */
#ifndef WEIR_CONTROL_ORDER_H
#define WEIR_CONTROL_ORDER_H

#include "control/plan.h"

#define WEIR_ORDER_WHY_BYTES 256u

/** weir_order_net() - words with commas; @s NULL: they are only judged */
bool weir_order_net(struct weir_settings *s, const char *text,
		    char why[WEIR_ORDER_WHY_BYTES]);

/**
 * weir_order_dns() - one more resolver
 * @where: tls://NAME@ADDR[:PORT] is kept in the settings with it
 */
bool weir_order_dns(struct weir_orders *o, const char *text, const char *where,
		    char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_search() - one more domain; borrows @text */
bool weir_order_search(struct weir_orders *o, const char *text,
		       char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_host() - one more name answered here, NAME=ADDR */
bool weir_order_host(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_ipv4() - ADDR/LEN of the guest */
bool weir_order_ipv4(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_gateway() - an IPv4 address */
bool weir_order_gateway(struct weir_orders *o, const char *text,
			char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_ipv6() - ADDR/LEN of the guest, or off */
bool weir_order_ipv6(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_mac() - of the guest */
bool weir_order_mac(struct weir_orders *o, const char *text,
		    char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_publish() - one more SPEC */
bool weir_order_publish(struct weir_orders *o, const char *text,
			bool preserve_source, char why[WEIR_ORDER_WHY_BYTES]);

/**
 * weir_order_number() - a number from @min to @max
 * @ret: written on success
 */
bool weir_order_number(const char *text, uint64_t min, uint64_t max,
		       uint64_t *ret, char why[WEIR_ORDER_WHY_BYTES]);

/** weir_order_is_ports() - a port, or a range of them? */
bool weir_order_is_ports(const char *text, size_t len);

/** weir_order_is_endpoint() - ADDR:PORT or [V6]:PORT? */
bool weir_order_is_endpoint(const char *text);

/** weir_order_is_variable() - may a variable of the environment be called so? */
bool weir_order_is_variable(const char *text, size_t len);

#endif /* WEIR_CONTROL_ORDER_H */
