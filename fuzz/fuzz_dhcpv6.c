/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dhcpv6.c - any bytes as a message of a DHCPv6 client
 *
 * Input: one byte of how (see leasing.h), then the message.
 */
#include "packet/dhcpv6.h"

#include "leasing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void check_duid(const uint8_t *duid, size_t len, const uint8_t *b,
		       size_t n)
{
	must_be(len == 0 || (len >= 3 && len <= WEIR_DHCPV6_DUID_MAX_BYTES));
	if (len)
		must_be(duid >= b && duid + len <= b + n);
}

static void check(const struct weir_dhcpv6 *m, const uint8_t *b, size_t n)
{
	must_be(m->type != WEIR_DHCPV6_NOTHING &&
		m->type != WEIR_DHCPV6_ADVERTISE &&
		m->type != WEIR_DHCPV6_REPLY &&
		m->type <= WEIR_DHCPV6_INFORMATION);
	must_be(m->xid <= 0xffffff);
	check_duid(m->client, m->client_len, b, n);
	check_duid(m->server, m->server_len, b, n);
	must_be(m->n <= WEIR_DHCPV6_IAS_MAX);
	for (unsigned i = 0; i < m->n; i++)
		must_be(m->ia[i].n <= WEIR_DHCPV6_ADDRS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size), message;
	uint8_t how = weir_rd_u8(&in), *b;
	size_t n = in.left;
	struct weir_dhcpv6 m;

	b = malloc(n + 1);
	must_be(b);
	weir_rd_copy(&in, b, n);
	message = weir_rd_over(b, n);
	if (weir_dhcpv6_parse(&message, &m) == WEIR_REASON_NONE)
		check(&m, b, n);
	leasing_ask(b, n, true, how);
	free(b);
	return 0;
}
