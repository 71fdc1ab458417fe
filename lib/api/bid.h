/* SPDX-License-Identifier: Apache-2.0 */
/* bid.h - from what a program asks for (weir.h) to orders and settings */
#ifndef WEIR_API_BID_H
#define WEIR_API_BID_H

#include "control/plan.h"
#include "weir.h"

#define WEIR_BID_WHY_BYTES WEIR_ERROR_BYTES

/**
 * struct weir_bid - orders, and the settings they borrow from
 * @frames: options of the rings, with the network's MTU
 */
struct weir_bid {
	struct weir_orders orders;
	struct weir_settings settings;
	struct weir_frames_options frames;
	struct weir_mac gateway_mac;
	bool has_gateway_mac;
	uint32_t grace_ms;
};

/**
 * weir_bid_read() - read options and configuration
 * @o: of this library's size, see weir_frames_options_read()
 * @ret: zeroed memory; weir_bid_fini() in any case
 * @why: on failure one sentence
 *
 * Return: 0; -EINVAL; -ENOENT, -EACCES the configuration; -ENOMEM.
 */
int weir_bid_read(const struct weir_net_options *o, struct weir_bid *ret,
		  char why[WEIR_BID_WHY_BYTES]);

/** weir_bid_refuse() - OPTION TEXT: SENTENCE, of a long text its beginning;
 * Return: -EINVAL */
int weir_bid_refuse(char why[WEIR_BID_WHY_BYTES], const char *option,
		    const char *text, const char *sentence);

/** weir_bid_fini() - give it back */
void weir_bid_fini(struct weir_bid *b);

/** weir_bid_address() - Return: false: its family is neither 4 nor 6 */
bool weir_bid_address(const struct weir_ip *ip, struct weir_addr *ret);

/** weir_bid_ip() - the same the other way */
struct weir_ip weir_bid_ip(const struct weir_addr *a);

#endif /* WEIR_API_BID_H */
