/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dhcp.c - any bytes as a message of a DHCP client
 *
 * Input: one byte of how (see leasing.h; bit 2: the fields that must be right
 * are made right first), then the message.
 */
#include "packet/dhcp.h"

#include "leasing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void mend(uint8_t *b, size_t n)
{
	static const uint8_t head[] = { 1, 1, 6 },
			     magic[] = { 99, 130, 83, 99 },
			     mac[] = { 2, 1, 1, 1, 1, 1 };

	if (n < 240)
		return;
	memcpy(b, head, sizeof(head));
	memset(b + 24, 0, 4);
	memcpy(b + 28, mac, sizeof(mac));
	memcpy(b + 236, magic, sizeof(magic));
}

static void check(const struct weir_dhcp *m, const uint8_t *b, size_t n)
{
	must_be(m->type >= WEIR_DHCP_DISCOVER && m->type <= WEIR_DHCP_INFORM);
	must_be(m->type != WEIR_DHCP_OFFER && m->type != WEIR_DHCP_ACK &&
		m->type != WEIR_DHCP_NAK);
	must_be(m->packet_max >= WEIR_DHCP_PACKET_BYTES);
	must_be(m->id_len <= 255);
	if (m->id_len)
		must_be(m->id >= b && m->id + m->id_len <= b + n);
	must_be(weir_addr_is4(&m->client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size), message;
	uint8_t how = weir_rd_u8(&in), *b;
	size_t n = in.left;
	struct weir_dhcp m;

	b = malloc(n + 1);
	must_be(b);
	weir_rd_copy(&in, b, n);
	if (how & 4)
		mend(b, n);
	message = weir_rd_over(b, n);
	if (weir_dhcp_parse(&message, &m) == WEIR_REASON_NONE)
		check(&m, b, n);
	leasing_ask(b, n, false, how);
	free(b);
	return 0;
}
