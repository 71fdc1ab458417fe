/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.h - what the engine counted, as it crosses to control
 *
 * The body of TALLY and BYE: totals for `-v` (and later for status and
 * metrics), and one count per reason.
 */
#ifndef WEIR_SYS_SUMMARY_H
#define WEIR_SYS_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

/**
 * struct weir_summary - totals since the engine's birth
 *
 * `up` is guest to host.  Bytes of flows are payload bytes.
 */
struct weir_summary {
	uint64_t frames_up, frames_down;
	uint64_t bytes_up, bytes_down; /* of frames, Ethernet header included */
	uint64_t tcp_opened, tcp_now, tcp_bytes_up, tcp_bytes_down;
	uint64_t udp_opened, udp_now, udp_up, udp_down; /* datagrams */
	uint64_t dns_questions, dns_cached, dns_sent, dns_failed;
	struct weir_tally reasons;
};

/** weir_summary_build() - write it; check weir_wr_ok() afterwards */
void weir_summary_build(const struct weir_summary *s, struct weir_wr *to);

/** weir_summary_parse() - Return: false and *@ret untouched if malformed */
bool weir_summary_parse(struct weir_rd *in, struct weir_summary *ret);

#endif /* WEIR_SYS_SUMMARY_H */
