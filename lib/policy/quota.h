/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - how much may pass now, and when may more?
 *
 * DOC: how it is used
 *
 * A quota is one direction of a guest: a bucket of bytes and a bucket of
 * packets, each filled at its rate up to its burst.  Time is an argument, in
 * microseconds of a clock that does not go back.  Before sending, ask; after
 * sending, spend; if nothing may pass, wait until it is due:
 *
 *	if (!weir_quota_may(q, now_us))
 *		wake me at weir_quota_due_us(q, 1, now_us);
 *	else
 *		send, weir_quota_spend(q, wire bytes, segments);
 *
 * A frame goes as soon as one byte and one packet may pass, and takes the
 * bucket into debt by the rest of it: so one larger than the bucket goes too,
 * once, and is paid off before the next.  Over any time t no more passes than
 * rate × t + burst + one frame.
 *
 * Memory: one struct of the caller's, nothing else.
 * Thread: none; the caller's.
 */
#ifndef WEIR_POLICY_QUOTA_H
#define WEIR_POLICY_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* what a rate may say: 8000 Gbit/s, and a burst of 1 TiB */
#define WEIR_QUOTA_RATE_MAX  1000000000000u
#define WEIR_QUOTA_BURST_MAX 1099511627776u

/* where no burst is said: what the rate gives in 20 ms, and at least this */
#define WEIR_QUOTA_BURST_US      20000u
#define WEIR_QUOTA_BURST_BYTES   65536u
#define WEIR_QUOTA_BURST_PACKETS 64u

/* room for the longest text of a rate, with its terminator */
#define WEIR_QUOTA_TEXT_BYTES 64u

/**
 * struct weir_quota_rate - what is allowed; all zero: everything
 * @bytes_per_s:   0: no limit in bytes
 * @packets_per_s: 0: no limit in packets
 * @burst_bytes:   0: the default, see weir_quota_burst()
 */
struct weir_quota_rate {
	uint64_t bytes_per_s;
	uint64_t packets_per_s;
	uint64_t burst_bytes;
};

/**
 * weir_quota_parse() - a rate as an operator writes it
 * @text: LIMIT[,LIMIT][/BURST], not terminated: 10mbit, 1000pps,
 *        10mbit,1000pps/512k
 * @len:  of @text
 * @ret:     written on success
 * @ret_why: written on failure: one sentence, a constant, without the text
 *
 * LIMIT is a whole number and bit, kbit, mbit, gbit, byte, kbyte, mbyte, gbyte
 * (a second, k = 1000) or pps; one of bits or bytes and one of packets, in
 * either order.  BURST is in bytes, with k = 1024 and m = 1024², and needs a
 * limit of bits or bytes.  No spaces, signs, fractions, leading zeroes.
 *
 * Return: false if it is anything else, zero, or above the two maxima, or if
 * it is not whole bytes a second.
 */
bool weir_quota_parse(const char *text, size_t len, struct weir_quota_rate *ret,
		      const char **ret_why);

/**
 * weir_quota_print() - add a rate in its one canonical form
 *
 * The largest unit of bits that gives a whole number, then the packets, then
 * the burst if it is not left to the default.  What weir_quota_parse() reads
 * as the same rate, if @r is valid.  A rate without limits has no text:
 * nothing is added.
 */
void weir_quota_print(struct weir_text *t, const struct weir_quota_rate *r);

/**
 * weir_quota_is_valid() - is it a rate that weir_quota_parse() could give, or
 *                         the one without limits?
 */
bool weir_quota_is_valid(const struct weir_quota_rate *r);

/** weir_quota_burst() - the burst in bytes, said or default; without a limit 0 */
uint64_t weir_quota_burst(const struct weir_quota_rate *r);

/**
 * struct weir_quota_bucket - one kind of thing, in millionths of it
 * @level: what may pass; below 0: debt
 * @full:  the burst
 * @rate:  things a second, that is millionths a microsecond; 0: no limit
 */
struct weir_quota_bucket {
	int64_t level;
	int64_t full;
	uint64_t rate;
};

/**
 * struct weir_quota - a rate being kept
 * @bytes, @packets: see above
 * @at_us: when the levels were right
 */
struct weir_quota {
	struct weir_quota_bucket bytes;
	struct weir_quota_bucket packets;
	uint64_t at_us;
};

/**
 * weir_quota_init() - begin with full buckets
 * @rate: copied; a number above its maximum counts as the maximum
 */
void weir_quota_init(struct weir_quota *q, const struct weir_quota_rate *rate,
		     uint64_t now_us);

/**
 * weir_quota_set() - another rate from now on
 *
 * What was earned stays, up to the new burst; so does a debt.  A kind that had
 * no limit so far begins with a full bucket.
 */
void weir_quota_set(struct weir_quota *q, const struct weir_quota_rate *rate,
		    uint64_t now_us);

/**
 * weir_quota_bytes() - bytes that may pass now without debt
 *
 * Return: UINT64_MAX without a limit in bytes; 0 in debt, in bytes or in
 * packets.
 */
uint64_t weir_quota_bytes(struct weir_quota *q, uint64_t now_us);

/**
 * weir_quota_packets() - packets that may pass now without debt
 *
 * Return: UINT64_MAX without a limit in packets; 0 in debt, in bytes or in
 * packets.
 */
uint64_t weir_quota_packets(struct weir_quota *q, uint64_t now_us);

/** weir_quota_may() - may one frame pass now, whatever its size? */
bool weir_quota_may(struct weir_quota *q, uint64_t now_us);

/**
 * weir_quota_spend() - this has passed
 * @bytes, @packets: of the wire, see weir_quota_wire()
 *
 * Counted at the time of the last question, which therefore must have been
 * asked now.  May go into debt; any number is taken.
 */
void weir_quota_spend(struct weir_quota *q, uint64_t bytes, uint64_t packets);

/**
 * weir_quota_due_us() - when may one packet pass, and so many bytes?
 * @want_bytes: without debt; 0 counts as 1, more than the burst as the burst
 *
 * What is earned while the bucket is full is lost, so a caller who wakes late
 * and wants to reach its rate asks for 1, or for less than the burst by what
 * it may be late.
 *
 * Return: @now_us if it may now; else the first microsecond at which
 * weir_quota_bytes() gives that, if nothing is spent meanwhile.
 */
uint64_t weir_quota_due_us(struct weir_quota *q, uint64_t want_bytes,
			   uint64_t now_us);

/**
 * weir_quota_segments() - packets on the wire that a frame stands for
 * @payload: bytes after the headers
 * @mss:     payload of one segment; 0: the frame is not to be cut
 */
uint32_t weir_quota_segments(uint32_t payload, uint32_t mss);

/**
 * weir_quota_wire() - Ethernet bytes that a frame stands for
 * @header_bytes: Ethernet header to the end of TCP's or UDP's, which each
 *                segment repeats
 *
 * Return: UINT32_MAX if it is more than that.
 */
uint32_t weir_quota_wire(uint32_t payload, uint32_t mss, uint32_t header_bytes);

#endif /* WEIR_POLICY_QUOTA_H */
