/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_msg.c - any packet may come from another process */
#include "sys/msg.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[WEIR_MSG_PACKET_BYTES];
	struct weir_msg m;
	int s[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
		abort();
	if (size && size <= sizeof(room) &&
	    send(s[0], data, size, 0) == (ssize_t)size &&
	    weir_msg_receive(s[1], room, sizeof(room), &m) == 1) {
		if (m.body.at < room || m.body.left + 8 != size || m.n_fds ||
		    m.kind == 0 || m.kind >= WEIR_MSG_KINDS)
			abort();
	}
	close(s[0]);
	close(s[1]);
	return 0;
}
