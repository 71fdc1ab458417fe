/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - frames over a socket whose wire has no virtio header */
#include "link/plain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "packet/eth.h"

#define VLAN_BYTES 4u

size_t weir_plain_most(uint32_t mtu, bool jumbo)
{
	size_t most = (size_t)mtu + WEIR_ETH_HEADER_BYTES + VLAN_BYTES;

	if (jumbo || most > WEIR_FRAME_MAX_BYTES)
		return WEIR_FRAME_MAX_BYTES;
	return most;
}

void weir_plain_head(uint8_t head[WEIR_VNET_BYTES])
{
	memset(head, 0, WEIR_VNET_BYTES);
	head[WEIR_VNET_BYTES - 2] = 1; /* num_buffers, little-endian */
}

unsigned weir_plain_cut(const struct weir_span *part, unsigned n,
			struct weir_span *ret, size_t *ret_len)
{
	struct weir_spans frame = { part, n, 0 };

	for (unsigned i = 0; i < n; i++)
		frame.len += part[i].len;
	weir_must(n <= WEIR_LINK_SPANS_MAX && frame.len > WEIR_VNET_BYTES);
	*ret_len = frame.len - WEIR_VNET_BYTES;
	return weir_spans_cut(&frame, WEIR_VNET_BYTES, *ret_len, ret,
			      WEIR_LINK_SPANS_MAX);
}

int weir_plain_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EBADF;
}
