/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charter.h - what control tells the engine to be
 *
 * The facts of one network: addresses, MTU, names, resolvers, limits.  Control
 * fills a charter from options and the host; it crosses the process border as
 * the body of a CHARTER message, written and read here and nowhere else.  The
 * reader trusts nothing: every count is bounded, every value checked, and a
 * charter is accepted whole or not at all.
 */
#ifndef WEIR_SYS_CHARTER_H
#define WEIR_SYS_CHARTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/limits.h"
#include "base/rd.h"
#include "base/wr.h"

#define WEIR_CHARTER_NAME_BYTES    256u /* a DNS name as text, with its NUL */
#define WEIR_CHARTER_HOSTS_MAX     64u
#define WEIR_CHARTER_ADDRESSES_MAX 256u
#define WEIR_CHARTER_SEARCH_MAX    255u /* bytes; an option of DHCP holds it */

/* what a rate may say: no more than policy/quota.h, which takes it */
#define WEIR_CHARTER_RATE_MAX  1000000000000u
#define WEIR_CHARTER_BURST_MAX 1099511627776u

/* what times may be asked for */
#define WEIR_CHARTER_IDLE_MAX_S     2592000u /* 30 days */
#define WEIR_CHARTER_DNS_TIMEOUT_MS 60000u

/* the most connections a second that may be asked for */
#define WEIR_CHARTER_FLOWS_PER_SECOND_MAX 1000000u

/** enum weir_charter_link - what kind of descriptor LINK brings */
enum weir_charter_link {
	WEIR_CHARTER_TAP = 1, /* a TAP with a 12-byte virtio-net header */
	WEIR_CHARTER_STREAM,  /* a connected unix stream socket */
	WEIR_CHARTER_DGRAM,   /* a unix datagram socket, bound or connected */
	WEIR_CHARTER_VHOST,   /* a unix socket that speaks vhost-user */
	WEIR_CHARTER_INPROC,  /* none: rings in the engine's own process */
};

/* what the link can do, bits of weir_charter.offload */
#define WEIR_OFFLOAD_CSUM 1u /* partial checksums both ways */
#define WEIR_OFFLOAD_TSO4 2u
#define WEIR_OFFLOAD_TSO6 4u
#define WEIR_OFFLOAD_USO  8u

/**
 * struct weir_charter_upstream - one resolver
 * @name: of its certificate, lower case, no final dot: it is asked by TLS
 *        (RFC 7858); "" by UDP and TCP
 */
struct weir_charter_upstream {
	struct weir_addr addr;
	uint16_t port;
	char name[WEIR_CHARTER_NAME_BYTES];
};

/**
 * struct weir_charter_rate - what may pass in one direction; 0: no limit
 * @burst_bytes: 0: left to the engine; only with @bytes_per_s
 */
struct weir_charter_rate {
	uint64_t bytes_per_s, packets_per_s, burst_bytes;
};

/** struct weir_charter_host - a name answered here (`--host NAME=ADDR`) */
struct weir_charter_host {
	char name[WEIR_CHARTER_NAME_BYTES]; /* lower case, no final dot */
	struct weir_addr addr;
};

/**
 * struct weir_charter_door - a published port, the body of a DOOR message
 * @id:   what control calls it
 * @bind, @port: where its socket is bound
 * @guest_port: where clients arrive in the guest
 * @preserve_source: the guest sees the client's address where that can be
 */
struct weir_charter_door {
	uint32_t id;
	bool udp;
	struct weir_addr bind;
	uint16_t port, guest_port;
	bool preserve_source;
};

/** weir_charter_build_door() - write it; check weir_wr_ok() afterwards */
void weir_charter_build_door(const struct weir_charter_door *d,
			     struct weir_wr *to);

/** weir_charter_parse_door() - Return: false and *@ret untouched if it is not
 * whole, or a port is 0 */
bool weir_charter_parse_door(struct weir_rd *in, struct weir_charter_door *ret);

/**
 * struct weir_charter - one network
 * @link, @offload, @mtu: the guest's card
 * @jumbo: frames above the MTU may go to the guest (sockets)
 * @any_mac: the guest's Ethernet address is that of its first frame
 * @guest_mac, @gateway_mac: the two ends of it
 * @guest4 ... @len4: IPv4, always there; the DNS address serves port 53 only
 * @has6: is there IPv6; @guest6 ... @len6 then
 * @router6: the router's link-local address
 * @verbose: NOTE messages for refusals wanted
 * @events: kinds of events for the log, WEIR_EVENT_BIT() of record/event.h
 * @max_flows: TCP flows at once, 1 to WEIR_CONNS_MAX
 * @flows_per_second: new flows in a second, at most; 0 for no limit
 * @payload_bytes: memory for payload
 * @idle_s: silence after which a TCP guest is asked whether it lives
 * @udp_conversations: UDP destinations at once
 * @dns_timeout_ms: patience with one resolver
 * @dns_cache_entries: answers kept; 0: none
 * @up, @down: rates, from the guest and to it
 * @search, @search_len: search domains for the guest, names in wire form one
 *                       after the other, not compressed (RFC 3397, RFC 8106)
 * @upstream: resolvers in the order they are tried
 * @host: names answered here, beside the aliases that are always there
 * @own: the host's own addresses but loopback (class `host`)
 */
struct weir_charter {
	enum weir_charter_link link;
	uint32_t offload;
	uint32_t mtu;
	bool jumbo, any_mac;
	struct weir_mac guest_mac, gateway_mac;
	struct weir_addr guest4, gateway4, dns4;
	uint8_t len4;
	bool has6;
	struct weir_addr guest6, gateway6, dns6, router6;
	uint8_t len6;
	bool verbose;
	uint32_t events;
	uint32_t max_flows;
	uint32_t flows_per_second;
	uint64_t payload_bytes;
	uint32_t idle_s, udp_conversations;
	uint32_t dns_timeout_ms, dns_cache_entries;
	struct weir_charter_rate up, down;
	uint16_t search_len;
	uint8_t search[WEIR_CHARTER_SEARCH_MAX + 1];
	uint32_t n_upstreams, n_hosts, n_own;
	struct weir_charter_upstream upstream[WEIR_DNS_UPSTREAMS_MAX];
	struct weir_charter_host host[WEIR_CHARTER_HOSTS_MAX];
	struct weir_addr own[WEIR_CHARTER_ADDRESSES_MAX];
};

/**
 * weir_charter_is_valid() - is every value one that the engine will accept?
 *
 * The same questions weir_charter_parse() asks, for the one who fills it.
 */
bool weir_charter_is_valid(const struct weir_charter *c);

/**
 * weir_charter_add_search() - add a search domain
 * @name: text of @len bytes, with or without a final dot
 *
 * Return: false and @c as it was if that is no host name or there is no room.
 */
bool weir_charter_add_search(struct weir_charter *c, const char *name,
			     size_t len);

/** weir_charter_build() - write @c; check weir_wr_ok() afterwards */
void weir_charter_build(const struct weir_charter *c, struct weir_wr *to);

/**
 * weir_charter_parse() - read a charter
 *
 * Return: true and *@ret whole; false and *@ret untouched if a value is out
 * of range, a name is not lower-case text, or bytes are missing or left over.
 */
bool weir_charter_parse(struct weir_rd *in, struct weir_charter *ret);

/**
 * weir_charter_build_upstreams() / _parse_upstreams() - the body of UPSTREAMS
 * weir_charter_build_own() / _parse_own() - the body of ADDRESSES
 * weir_charter_build_limits() / _parse_limits() - the body of LIMITS: @up,
 * @down, @max_flows
 *
 * They change only those fields of a charter.
 */
void weir_charter_build_upstreams(const struct weir_charter *c,
				  struct weir_wr *to);
bool weir_charter_parse_upstreams(struct weir_rd *in, struct weir_charter *c);
void weir_charter_build_own(const struct weir_charter *c, struct weir_wr *to);
bool weir_charter_parse_own(struct weir_rd *in, struct weir_charter *c);
void weir_charter_build_limits(const struct weir_charter *c,
			       struct weir_wr *to);
bool weir_charter_parse_limits(struct weir_rd *in, struct weir_charter *c);

#endif /* WEIR_SYS_CHARTER_H */
