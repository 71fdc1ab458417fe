/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bid.c - from what a program asks for (weir.h) to orders and settings
 *
 * The same two structs that options and configuration of the command fill, so
 * the words mean the same.  What the program says stands for the command line.
 */
#include "api/bid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "control/config.h"
#include "control/excerpt.h"
#include "control/intercept.h"
#include "control/order.h"

#define TEXT_SHOWN 120u
#define GRACE_MS   2000u /* as much as the engine waits: WEIR_DRAIN_MS */

_Static_assert(GRACE_MS == WEIR_DRAIN_MS, "weir.h says so");

int weir_bid_refuse(char why[WEIR_BID_WHY_BYTES], const char *option,
		    const char *text, const char *sentence)
{
	struct weir_text t = weir_text_over(why, WEIR_BID_WHY_BYTES);

	weir_text_add(&t, option);
	weir_text_add(&t, text[0] ? " " : "");
	weir_excerpt_head(&t, text, strlen(text), TEXT_SHOWN);
	weir_text_add(&t, ": ");
	weir_text_add(&t, sentence);
	return -EINVAL;
}

static int no_memory(char why[WEIR_BID_WHY_BYTES])
{
	snprintf(why, WEIR_BID_WHY_BYTES, "memory is short");
	return -ENOMEM;
}

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return memcmp(mac, zero, sizeof(zero)) == 0;
}

/* Return: 0 or -EINVAL. */
static int read_mac(const uint8_t mac[6], const char *option,
		    struct weir_mac *ret, bool *ret_is, char *why)
{
	*ret_is = !is_zero(mac);
	memcpy(ret->b, mac, sizeof(ret->b));
	if (mac[0] & 1)
		return weir_bid_refuse(
			why, option, "",
			"a group address is no card's, its first byte "
			"is even");
	return 0;
}

static int read_words(const struct weir_net_options *o, struct weir_bid *b,
		      char *why)
{
	char reason[WEIR_ORDER_WHY_BYTES];

	if (o->net && !weir_order_net(&b->settings, o->net, reason))
		return weir_bid_refuse(why, "net", o->net, reason);
	for (size_t i = 0; i < o->n_rules; i++)
		if (!weir_settings_add(&b->settings.line_rules, o->rules[i],
				       "rules"))
			return no_memory(why);
	for (size_t i = 0; i < o->n_publish; i++)
		if (!weir_order_publish(&b->orders, o->publish[i], false,
					reason))
			return weir_bid_refuse(why, "publish", o->publish[i],
					       reason);
	return 0;
}

static int read_numbers(const struct weir_net_options *o, struct weir_bid *b,
			char *why)
{
	int r = read_mac(o->mac, "mac", &b->orders.mac, &b->orders.has_mac,
			 why);

	if (r == 0)
		r = read_mac(o->gateway_mac, "gateway_mac", &b->gateway_mac,
			     &b->has_gateway_mac, why);
	if (r)
		return r;
	if (o->flows > WEIR_CONNS_MAX)
		return weir_bid_refuse(why, "flows", "", "131072 are the most");
	if (o->grace_ms > GRACE_MS)
		return weir_bid_refuse(why, "grace_ms", "",
				       "2000 are the most");
	b->orders.max_flows = o->flows;
	b->grace_ms = o->grace_ms ? o->grace_ms : GRACE_MS;
	return 0;
}

static int read_config(const struct weir_net_options *o, struct weir_bid *b,
		       char *why)
{
	char reason[WEIR_CONFIG_WHY_BYTES];
	bool ok = true;
	int was;

	if (o->config_file && o->config_text)
		return weir_bid_refuse(
			why, "config_file", o->config_file,
			"there is a config_text too: give one of them");
	if (o->config_file && access(o->config_file, R_OK)) {
		int err = errno;

		(void)weir_bid_refuse(why, "config_file", o->config_file,
				      strerror(err));
		return err == ENOENT || err == EACCES ? -err : -EINVAL;
	}
	errno = 0;
	if (o->config_file)
		ok = weir_config_load(o->config_file, &b->orders, &b->settings,
				      reason);
	if (o->config_text)
		ok = weir_config_parse((const uint8_t *)o->config_text,
				       strlen(o->config_text), "config_text",
				       &b->orders, &b->settings, reason);
	if (ok)
		ok = weir_settings_is_ready(&b->settings, reason,
					    sizeof(reason));
	if (ok && weir_intercept_is_wanted(&b->settings))
		return weir_bid_refuse(
			why, "tls", "",
			"interception is not there yet in the library");
	if (ok)
		return 0;
	was = errno;
	snprintf(why, WEIR_BID_WHY_BYTES, "%.511s", reason);
	return was == ENOMEM || was == EMFILE || was == ENFILE ? -was : -EINVAL;
}

/* The rings are what the network's MTU needs, or the other way about. */
static void join_mtu(struct weir_bid *b)
{
	if (b->frames.mtu)
		b->orders.mtu = b->frames.mtu;
	else
		b->frames.mtu = b->orders.mtu;
}

int weir_bid_read(const struct weir_net_options *o, struct weir_bid *ret,
		  char why[WEIR_BID_WHY_BYTES])
{
	int r;

	weir_settings_init(&ret->settings);
	ret->orders.settings = &ret->settings;
	ret->orders.quiet = true;
	ret->orders.serve.link = WEIR_CHARTER_INPROC;
	r = read_words(o, ret, why);
	if (r == 0)
		r = read_numbers(o, ret, why);
	if (r == 0)
		r = read_config(o, ret, why);
	if (r == 0)
		join_mtu(ret);
	return r;
}

void weir_bid_fini(struct weir_bid *b)
{
	weir_settings_fini(&b->settings);
}

bool weir_bid_address(const struct weir_ip *ip, struct weir_addr *ret)
{
	if (ip->family == 4) {
		*ret = weir_addr_from4((uint32_t)ip->bytes[0] << 24 |
				       (uint32_t)ip->bytes[1] << 16 |
				       (uint32_t)ip->bytes[2] << 8 |
				       ip->bytes[3]);
		return true;
	}
	if (ip->family != 6)
		return false;
	memcpy(ret->b, ip->bytes, sizeof(ret->b));
	return true;
}

struct weir_ip weir_bid_ip(const struct weir_addr *a)
{
	struct weir_ip ip = { .family = weir_addr_is4(a) ? 4 : 6 };

	if (ip.family == 4)
		memcpy(ip.bytes, a->b + 12, 4);
	else
		memcpy(ip.bytes, a->b, sizeof(a->b));
	return ip;
}
