/* SPDX-License-Identifier: Apache-2.0 */
/* dnsbits.h - DNS messages for tests: questions, answers, what is in them */
#ifndef DNSBITS_H
#define DNSBITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/dns.h"

/** struct dnsbits - what a message says; @addr of the last A or AAAA */
struct dnsbits {
	uint16_t id, flags, answers;
	unsigned rcode;
	struct weir_addr addr;
	struct weir_dns_question q;
};

/** dnsbits_ask() - a question for @name; Return: its length */
size_t dnsbits_ask(uint8_t to[512], uint16_t id, const char *name,
		   uint16_t type);

/**
 * dnsbits_answer() - what a server says to @q, @len bytes
 * @addr: of an A or AAAA record, or NULL for none
 * @flags: besides QR and RA; the low bits are the result code
 */
size_t dnsbits_answer(uint8_t to[512], const uint8_t *q, size_t len,
		      const struct weir_addr *addr, uint16_t flags);

/** dnsbits_read() - Return: false if it cannot be read to its end */
bool dnsbits_read(const uint8_t *b, size_t len, struct dnsbits *ret);

#endif /* DNSBITS_H */
