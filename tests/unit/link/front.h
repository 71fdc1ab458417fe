/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front.h - a vhost-user front-end and its guest, in this process
 *
 * A real socket pair, a real memory file and real eventfds; the guest's side
 * of each ring is a struct driver.  What is checked here is what every test
 * takes for granted: each message is answered as it should be.
 */
#ifndef FRONT_H
#define FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver.h"
#include "link/link.h"
#include "link/vhost.h"
#include "link/vhost_user.h"

#define FRONT_UVA   UINT64_C(0x7f1234500000)
#define FRONT_BYTES 0x400000u
#define FRONT_DATA  0x200000u /* behind the rings: frames */
#define FRONT_RINGS 16u
#define FRONT_NUM   256u

struct front {
	int sock, mem_fd;
	uint8_t *mem;
	struct weir_link link;
	struct driver ring[FRONT_RINGS];
	int kick[FRONT_RINGS], call[FRONT_RINGS], err[FRONT_RINGS];
	bool ack;
};

/** front_open() - connected, nothing said; memory fresh */
void front_open(struct front *f, bool sealed);

/** front_close() - both ends go */
void front_close(struct front *f);

/** front_restart() - the front-end dies and another one comes: same memory */
void front_restart(struct front *f);

/** front_send() - a message as it is; @fd: @n descriptors */
void front_send(const struct front *f, uint32_t request, uint32_t flags,
		const void *body, size_t len, const int *fd, unsigned n);

/** front_turn() - let the link hear; what its event() said */
int front_turn(const struct front *f);

/** front_hear() - the answer; how many bytes of body */
size_t front_hear(const struct front *f, uint32_t request, void *body,
		  size_t cap);

/** front_tell() - a message that must be taken; @fd -1 or one descriptor */
void front_tell(const struct front *f, uint32_t request, const void *body,
		size_t len, int fd);

void front_tell_u64(const struct front *f, uint32_t request, uint64_t v,
		    int fd);
void front_tell_state(const struct front *f, uint32_t request, uint32_t index,
		      uint32_t num);

/** struct front_region - a region as messages have it */
struct front_region {
	uint64_t gpa, size, uva, offset;
};

void front_negotiate(struct front *f, uint64_t features, uint64_t protocol);
void front_table(const struct front *f);

/** front_ring() - start ring @i, from where its used entries end */
void front_ring(struct front *f, unsigned i);
void front_enable(const struct front *f, unsigned i, bool on);

/** front_start() - all that a front-end says until @pairs pairs work */
void front_start(struct front *f, uint64_t features, unsigned pairs);

/** front_stop_ring() - GET_VRING_BASE; where it was */
uint32_t front_stop_ring(struct front *f, unsigned i);

/** front_kick() / front_called() - the eventfds of a ring */
void front_kick(const struct front *f, unsigned i);
uint64_t front_called(const struct front *f, unsigned i);

/** front_is_readable() - is the link's descriptor ready? */
bool front_is_readable(const struct front *f);

#endif /* FRONT_H */
