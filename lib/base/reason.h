/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h - why something was refused, ended or dropped
 *
 * One list for counters, events, answers and `weir check`.  Its lower-case
 * names are a contract (the control API and `weir check --json` show them).
 * A parser or a state machine returns WEIR_REASON_NONE or the one reason that
 * stopped it; whoever owns the tally counts it.
 */
#ifndef WEIR_BASE_REASON_H
#define WEIR_BASE_REASON_H

#include <stdint.h>

/* clang-format off */
#define WEIR_REASONS(X) \
	X(NONE, "none") \
	/* verdicts */ \
	X(RULE, "rule") X(DEFAULT, "default") X(BOUNDS, "bounds") \
	X(NO_PIN, "no_pin") X(NAME_REQUIRED, "name_required") \
	X(SHOWN_MISMATCH, "shown_mismatch") X(BAD_HEAD, "bad_head") \
	X(HTTP_RULE, "http_rule") X(QUIC, "quic") X(DOT, "dot") \
	X(MARTIAN, "martian") X(MULTICAST, "multicast") X(REBIND, "rebind") \
	X(DNS_OFF, "dns_off") X(LEAK, "leak") X(CLIENT_CERT, "client_cert") \
	X(UPSTREAM_CERT, "upstream_cert") X(PROXY_DOWN, "proxy_down") \
	X(POLICY_CHANGED, "policy_changed") X(TUNNEL, "tunnel") \
	X(BAD_ANSWER, "bad_answer") X(BAD_FRAME, "bad_frame") \
	/* host */ \
	X(REFUSED, "refused") X(UNREACHABLE, "unreachable") \
	X(TIMEOUT, "timeout") X(HOST_RESET, "host_reset") \
	X(NO_FDS, "no_fds") X(NO_MEMORY, "no_memory") X(BIND, "bind") \
	/* limits */ \
	X(LIMIT_FLOWS, "limit_flows") X(LIMIT_RATE, "limit_rate") \
	X(LIMIT_HALF_OPEN, "limit_half_open") \
	X(LIMIT_PAYLOAD, "limit_payload") X(LIMIT_UDP, "limit_udp") \
	/* ends */ \
	X(CLOSED, "closed") X(GUEST_RESET, "guest_reset") X(IDLE, "idle") \
	X(SHUTDOWN, "shutdown") X(LINK_DOWN, "link_down") \
	/* drops of frames */ \
	X(SHORT, "short") X(OVERSIZE, "oversize") X(ETHERTYPE, "ethertype") \
	X(NOT_FOR_US, "not_for_us") X(SPOOFED_MAC, "spoofed_mac") \
	X(SPOOFED_SOURCE, "spoofed_source") X(IP_HEADER, "ip_header") \
	X(CSUM, "csum") X(FRAGMENT, "fragment") \
	X(FRAGMENT_OVERLAP, "fragment_overlap") \
	X(FRAGMENT_LIMIT, "fragment_limit") X(TCP_HEADER, "tcp_header") \
	X(TCP_OPTIONS, "tcp_options") X(UDP_LENGTH, "udp_length") \
	X(NO_FLOW, "no_flow") X(OUT_OF_WINDOW, "out_of_window") \
	X(BAD_ACK, "bad_ack") X(VNET_HEADER, "vnet_header") X(DHCP, "dhcp") \
	X(ND, "nd") X(ICMP, "icmp") X(DNS_FORM, "dns_form") \
	X(LINK_FULL, "link_full")
/* clang-format on */

#define WEIR_REASON_ENUM(name, text) WEIR_REASON_##name,
enum weir_reason { WEIR_REASONS(WEIR_REASON_ENUM) WEIR_REASON_COUNT };
#undef WEIR_REASON_ENUM

/** struct weir_tally - how often each reason was met; one writer */
struct weir_tally {
	uint64_t count[WEIR_REASON_COUNT];
};

/** weir_reason_name() - the contract's name; "unknown" for no reason at all */
const char *weir_reason_name(enum weir_reason r);

#endif /* WEIR_BASE_REASON_H */
