/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/class.h"

#include <arpa/inet.h>

#include "../t.h"

static struct weir_addr addr(const char *text)
{
	struct weir_addr a;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return weir_addr_from4(ntohl(v4.s_addr));
	CHECK_EQ(inet_pton(AF_INET6, text, a.b), 1);
	return a;
}

static struct weir_addr own[2];

static struct weir_class_facts facts(void)
{
	own[0] = addr("93.184.216.7");
	own[1] = addr("2606:4700::7");
	return (struct weir_class_facts){
		.gateway4 = addr("10.0.2.2"),
		.dns4 = addr("10.0.2.3"),
		.guest4 = addr("10.0.2.15"),
		.len4 = 24,
		.gateway6 = addr("fd77:6972::2"),
		.dns6 = addr("fd77:6972::3"),
		.guest6 = addr("fd77:6972::15"),
		.len6 = 64,
		.own = own,
		.n_own = 2,
	};
}

static const struct {
	const char *addr;
	enum weir_class class;
} rows[] = {
	{ "0.0.0.0", WEIR_CLASS_NEVER },
	{ "0.255.255.255", WEIR_CLASS_NEVER },
	{ "1.0.0.0", WEIR_CLASS_PUBLIC },
	{ "127.0.0.1", WEIR_CLASS_NEVER },
	{ "127.255.255.255", WEIR_CLASS_NEVER },
	{ "128.0.0.1", WEIR_CLASS_PUBLIC },
	{ "::", WEIR_CLASS_NEVER },
	{ "::1", WEIR_CLASS_NEVER },
	{ "::127.0.0.1", WEIR_CLASS_NEVER },
	{ "::1:0:0", WEIR_CLASS_PUBLIC },
	{ "10.0.2.1", WEIR_CLASS_NEVER },
	{ "10.0.2.2", WEIR_CLASS_HOST },
	{ "10.0.2.3", WEIR_CLASS_HOST },
	{ "10.0.2.15", WEIR_CLASS_NEVER },
	{ "10.0.2.255", WEIR_CLASS_NEVER },
	{ "10.0.3.1", WEIR_CLASS_PRIVATE },
	{ "fd77:6972::2", WEIR_CLASS_HOST },
	{ "fd77:6972::3", WEIR_CLASS_HOST },
	{ "fd77:6972::4", WEIR_CLASS_NEVER },
	{ "fd77:6972:0:1::4", WEIR_CLASS_PRIVATE },
	{ "93.184.216.7", WEIR_CLASS_HOST },
	{ "93.184.216.8", WEIR_CLASS_PUBLIC },
	{ "2606:4700::7", WEIR_CLASS_HOST },
	{ "169.254.169.254", WEIR_CLASS_METADATA },
	{ "169.254.170.2", WEIR_CLASS_METADATA },
	{ "169.254.169.253", WEIR_CLASS_METADATA },
	{ "fd00:ec2::254", WEIR_CLASS_METADATA },
	{ "fd00:ec2::253", WEIR_CLASS_PRIVATE },
	{ "100.100.100.200", WEIR_CLASS_METADATA },
	{ "168.63.129.16", WEIR_CLASS_METADATA },
	{ "192.0.0.192", WEIR_CLASS_METADATA },
	{ "223.255.255.255", WEIR_CLASS_PUBLIC },
	{ "224.0.0.1", WEIR_CLASS_MULTICAST },
	{ "239.255.255.255", WEIR_CLASS_MULTICAST },
	{ "240.0.0.1", WEIR_CLASS_RESERVED },
	{ "255.255.255.254", WEIR_CLASS_RESERVED },
	{ "255.255.255.255", WEIR_CLASS_MULTICAST },
	{ "ff02::1", WEIR_CLASS_MULTICAST },
	{ "192.0.0.1", WEIR_CLASS_RESERVED },
	{ "192.0.2.1", WEIR_CLASS_RESERVED },
	{ "198.51.100.9", WEIR_CLASS_RESERVED },
	{ "203.0.113.9", WEIR_CLASS_RESERVED },
	{ "192.88.99.1", WEIR_CLASS_RESERVED },
	{ "198.19.255.255", WEIR_CLASS_RESERVED },
	{ "198.20.0.0", WEIR_CLASS_PUBLIC },
	{ "64:ff9b:1::1", WEIR_CLASS_RESERVED },
	{ "100::1", WEIR_CLASS_RESERVED },
	{ "100:0:0:1::1", WEIR_CLASS_PUBLIC },
	{ "2001:db8::1", WEIR_CLASS_RESERVED },
	{ "3fff:fff::1", WEIR_CLASS_RESERVED },
	{ "3fff:1000::1", WEIR_CLASS_PUBLIC },
	{ "fec0::1", WEIR_CLASS_RESERVED },
	{ "10.255.255.255", WEIR_CLASS_PRIVATE },
	{ "172.15.255.255", WEIR_CLASS_PUBLIC },
	{ "172.16.0.1", WEIR_CLASS_PRIVATE },
	{ "172.32.0.0", WEIR_CLASS_PUBLIC },
	{ "192.168.1.1", WEIR_CLASS_PRIVATE },
	{ "100.64.0.1", WEIR_CLASS_PRIVATE },
	{ "100.128.0.0", WEIR_CLASS_PUBLIC },
	{ "fc00::1", WEIR_CLASS_PRIVATE },
	{ "fe00::1", WEIR_CLASS_PUBLIC },
	{ "169.254.1.1", WEIR_CLASS_LINKLOCAL },
	{ "fe80::1", WEIR_CLASS_LINKLOCAL },
	{ "febf::1", WEIR_CLASS_LINKLOCAL },
	{ "8.8.8.8", WEIR_CLASS_PUBLIC },
	{ "2606:4700:4700::1111", WEIR_CLASS_PUBLIC },
	/* IPv4 inside IPv6 */
	{ "::ffff:169.254.169.254", WEIR_CLASS_METADATA },
	{ "::ffff:127.0.0.1", WEIR_CLASS_NEVER },
	{ "64:ff9b::10.0.2.2", WEIR_CLASS_HOST },
	{ "64:ff9b::10.1.2.3", WEIR_CLASS_PRIVATE },
	{ "64:ff9b::8.8.8.8", WEIR_CLASS_PUBLIC },
	{ "2002:7f00:1::1", WEIR_CLASS_NEVER },
	{ "2002:a9fe:a9fe::", WEIR_CLASS_METADATA },
	{ "2002:808:808::1", WEIR_CLASS_PUBLIC },
	{ "2001:0:808:808:0:0:3f57:fefd", WEIR_CLASS_PRIVATE },
	{ "2001:0:808:808:0:0:80ff:fffe", WEIR_CLASS_NEVER },
};

static void each_address_has_the_class_of_the_first_that_fits(void **state)
{
	struct weir_class_facts f = facts();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_addr a = addr(rows[i].addr);
		enum weir_class got = weir_class_find(&f, &a);

		if (got != rows[i].class)
			fail_msg("%s is %s, not %s", rows[i].addr,
				 weir_class_name(got),
				 weir_class_name(rows[i].class));
	}
}

static void without_ipv6_its_subnet_is_private_like_any(void **state)
{
	struct weir_class_facts f = facts();
	struct weir_addr a = addr("fd77:6972::2");

	(void)state;
	f.len6 = 0;
	CHECK_EQ(weir_class_find(&f, &a), WEIR_CLASS_PRIVATE);
}

static void an_address_of_the_host_in_a_private_range_is_host(void **state)
{
	struct weir_class_facts f = facts();
	struct weir_addr a = addr("192.168.7.7");

	(void)state;
	CHECK_EQ(weir_class_find(&f, &a), WEIR_CLASS_PRIVATE);
	own[0] = a;
	CHECK_EQ(weir_class_find(&f, &a), WEIR_CLASS_HOST);
	a = addr("64:ff9b::192.168.7.7");
	CHECK_EQ(weir_class_find(&f, &a), WEIR_CLASS_HOST);
}

static void every_class_has_a_name(void **state)
{
	(void)state;
	for (int c = WEIR_CLASS_NEVER; c <= WEIR_CLASS_PUBLIC; c++)
		assert_string_not_equal(weir_class_name((enum weir_class)c),
					"unknown");
	assert_string_equal(weir_class_name((enum weir_class)99), "unknown");
}

T_MAIN(T(each_address_has_the_class_of_the_first_that_fits),
       T(without_ipv6_its_subnet_is_private_like_any),
       T(an_address_of_the_host_in_a_private_range_is_host),
       T(every_class_has_a_name))
