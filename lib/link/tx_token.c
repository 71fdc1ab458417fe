/* SPDX-License-Identifier: Apache-2.0 */
/* tx_token.c - leave to send one frame to the guest: see device.c */
#include <errno.h>
#include <string.h>

#include "link/device.h"

static bool is_good(const struct weir_tx_token *tx)
{
	return tx->device && tx->turn && tx->turn == tx->device->turn;
}

int weir_tx_token_fill(struct weir_tx_token *tx, size_t len)
{
	/* virtio 1.2, 5.1.6.4.1: num_buffers, of one buffer */
	static const uint8_t plain[WEIR_PORT_HEADER] = { [10] = 1 };
	struct weir_ring *out;
	uint8_t *at;

	if (!is_good(tx) || len <= WEIR_PORT_HEADER)
		return -EINVAL;
	if (len > tx->device->room)
		return -EMSGSIZE;
	out = tx->device->end->out;
	weir_ring_trim(out, 0);
	at = weir_ring_reserve(out, (uint32_t)len);
	weir_must(at);
	memcpy(at, plain, sizeof(plain));
	tx->frame = at;
	tx->len = len;
	return 0;
}

int weir_tx_token_send(struct weir_tx_token *tx)
{
	struct weir_device *dev = tx->device;
	int err = -EINVAL;

	if (is_good(tx)) {
		if (weir_ring_reserved(dev->end->out))
			err = weir_device_publish(dev, tx->frame,
						  (uint32_t)tx->len);
		dev->turn = 0;
	}
	*tx = (struct weir_tx_token){ .device = dev };
	return err;
}

void weir_tx_token_cancel(struct weir_tx_token *tx)
{
	if (is_good(tx)) {
		weir_ring_trim(tx->device->end->out, 0);
		tx->device->turn = 0;
	}
	tx->turn = 0;
	tx->frame = NULL;
	tx->len = 0;
}
