/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - talk to the kernel's routing netlink
 *
 * DOC: how it works
 *
 * Requests are collected in a batch and sent in one go; the kernel answers
 * each.  Answers of a dump are handed out one message at a time.  Netlink is
 * the kernel's own format: structures in host order, 4-byte aligned.
 */
#ifndef WEIR_SYS_NETLINK_H
#define WEIR_SYS_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"

#define WEIR_NETLINK_BATCH_BYTES 4096u
#define WEIR_NETLINK_ROOM_BYTES  32768u

/** struct weir_netlink_batch - requests not yet sent; start with _start() */
struct weir_netlink_batch {
	struct weir_wr w;
	size_t message; /* where the open message begins */
	unsigned n;
	uint8_t room[WEIR_NETLINK_BATCH_BYTES];
};

/** struct weir_netlink_message - one message of a dump */
struct weir_netlink_message {
	uint16_t type;
	struct weir_rd body; /* borrowed from the caller's room */
};

/**
 * weir_netlink_open() - a socket for requests, or for news of @groups
 * @groups: RTMGRP_* bits; 0 for requests
 *
 * Return: a descriptor (close-on-exec; non-blocking if @groups), or a
 * negative errno.
 */
int weir_netlink_open(uint32_t groups);

/** weir_netlink_start() - begin an empty batch */
void weir_netlink_start(struct weir_netlink_batch *b);

/**
 * weir_netlink_begin() - begin a request
 * @type, @flags: of the message; NLM_F_REQUEST and NLM_F_ACK are added
 * @fixed: the structure it begins with, @len bytes
 */
void weir_netlink_begin(struct weir_netlink_batch *b, uint16_t type,
			uint16_t flags, const void *fixed, size_t len);

/** weir_netlink_attr() - add an attribute of @len bytes */
void weir_netlink_attr(struct weir_netlink_batch *b, uint16_t type,
		       const void *data, size_t len);

/** weir_netlink_end() - the request is complete */
void weir_netlink_end(struct weir_netlink_batch *b);

/**
 * weir_netlink_commit() - send the batch, wait for every answer
 * @ret_failed: which request failed first, counted from 0; may be NULL
 *
 * Return: 0, or the negative errno of the first that failed (the others were
 * tried all the same).
 */
int weir_netlink_commit(int fd, struct weir_netlink_batch *b,
			unsigned *ret_failed);

/**
 * weir_netlink_dump() - ask for all of a kind
 * @type: RTM_GET*
 * @each: called for each message; a negative return ends the dump
 *
 * Return: 0, or a negative errno, or what @each returned.
 */
int weir_netlink_dump(int fd, uint16_t type,
		      int (*each)(void *ctx, struct weir_netlink_message *m),
		      void *ctx);

/**
 * weir_netlink_next_attr() - the next attribute of a message
 * @in: what is left of the message; moves on
 * @ret_type: without the flag bits
 * @ret: window on its data
 *
 * Return: false at the end or if what follows is malformed.
 */
bool weir_netlink_next_attr(struct weir_rd *in, uint16_t *ret_type,
			    struct weir_rd *ret);

#endif /* WEIR_SYS_NETLINK_H */
