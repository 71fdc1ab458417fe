/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - TCP connections of lwIP that do what a line says
 *
 * The line holds steps, separated by `|`, taken one after the other:
 *
 *	send N     N bytes of the data, from where the last send ended.  It is
 *	           begun; the next step follows at once, so that a recv behind
 *	           it means both at the same time
 *	say TEXT   send TEXT and a newline
 *	recv N     N bytes must come, and must be the data
 *	line       a line must come; it is printed
 *	echo       send back all that comes, to its end
 *	sink       read to the end
 *	eof        the end must be next
 *	full       read nothing until our window is all but full
 *	pause MS   read nothing for so long
 *	stuck      until the other side's window is closed to what we send
 *	shutw      end our direction, behind what is being sent
 *	close      end both
 *	reset      end with a RST
 *	aborted    the other side's RST must come; what comes before is read away
 *	refused    the connection must not come about
 *
 * The data is one block, repeated without end, of a length that is prime: a
 * byte lost, doubled or moved anywhere is another byte.
 */
#ifndef LWIP_TALK_H
#define LWIP_TALK_H

#include <stddef.h>
#include <stdint.h>

#include <lwip/ip_addr.h>

/**
 * talk_begin() - before all others
 * @file: whose bytes are the data; NULL: some are made up
 * @seconds: how long each talk may take
 *
 * Return: 0, or a negative errno.
 */
int talk_begin(const char *file, unsigned seconds);

/**
 * talk_open() - connect, and take @steps
 *
 * When they are done a line is printed: `ok - NAME`, or `not ok - NAME: why`.
 */
void talk_open(const char *name, const ip_addr_t *to, uint16_t port,
	       const char *steps);

/**
 * talk_listen() - take @steps with each that connects
 * @steps: a constant; NULL: those its first line says
 *
 * Return: 0, or a negative errno.
 */
int talk_listen(uint16_t port, const char *steps);

/** talk_left() - how many are not done */
unsigned talk_left(void);

/** talk_failed() - how many have failed */
unsigned talk_failed(void);

#endif /* LWIP_TALK_H */
