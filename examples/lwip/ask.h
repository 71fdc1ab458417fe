/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - questions and answers in datagrams, over lwIP
 *
 * A question is sent each second until it is answered, five times at most.
 */
#ifndef LWIP_ASK_H
#define LWIP_ASK_H

#include <stdint.h>

#include <lwip/ip_addr.h>

/**
 * ask_echo() - @bytes have to come back as they are
 *
 * Then a line is printed, as talk_open() does.
 */
void ask_echo(const char *name, const ip_addr_t *to, uint16_t port,
	      unsigned bytes);

/**
 * ask_name() - which IPv4 addresses has a host?
 * @to:     the DNS server
 * @wanted: what one of the answers has to be; "none": the name has none, or
 *          does not exist
 */
void ask_name(const char *name, const ip_addr_t *to, const char *host,
	      const char *wanted);

/**
 * answer_begin() - be somebody who answers: an echo at port 7, names at 53
 * @every: the IPv4 address of every name; there are no others
 *
 * Return: 0, or a negative errno.
 */
int answer_begin(const ip4_addr_t *every);

/** ask_left(), ask_failed() - as talk_left(), talk_failed() */
unsigned ask_left(void);
unsigned ask_failed(void);

#endif /* LWIP_ASK_H */
