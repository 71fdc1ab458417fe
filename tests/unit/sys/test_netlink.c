/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"

static void attributes_are_cut_out_one_by_one(void **state)
{
	struct weir_netlink_batch b;
	struct ifinfomsg i = { .ifi_index = 1 };
	struct weir_rd in, data;
	uint32_t four = 0x01020304;
	uint16_t type;

	(void)state;
	weir_netlink_start(&b);
	weir_netlink_begin(&b, RTM_NEWLINK, 0, &i, sizeof(i));
	weir_netlink_attr(&b, 1, "abc", 3); /* padded by one */
	weir_netlink_attr(&b, 2, &four, 4);
	weir_netlink_attr(&b, 3 | NLA_F_NESTED, NULL, 0);
	weir_netlink_end(&b);
	in = weir_rd_over(b.room + sizeof(struct nlmsghdr) + sizeof(i),
			  weir_wr_len(&b.w) - sizeof(struct nlmsghdr) -
				  sizeof(i));
	CHECK(weir_netlink_next_attr(&in, &type, &data));
	CHECK_EQ(type, 1);
	CHECK_EQ(data.left, 3);
	CHECK(weir_netlink_next_attr(&in, &type, &data));
	CHECK_EQ(type, 2);
	CHECK_EQ(data.left, 4);
	CHECK(weir_netlink_next_attr(&in, &type, &data));
	CHECK_EQ(type, 3); /* without the flag */
	CHECK_EQ(data.left, 0);
	CHECK(!weir_netlink_next_attr(&in, &type, &data));
}

static void lengths_that_lie_end_the_walk(void **state)
{
	static const struct {
		uint16_t len;
		size_t have;
	} row[] = { { 0, 8 }, { 3, 8 }, { 9, 8 }, { 65535, 8 }, { 4, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rtattr a = { .rta_len = row[i].len, .rta_type = 1 };
		uint8_t bytes[8] = { 0 };
		struct weir_rd in = weir_rd_over(bytes, row[i].have), data;
		uint16_t type;

		memcpy(bytes, &a, sizeof(a));
		CHECK(!weir_netlink_next_attr(&in, &type, &data));
	}
}

static void the_last_attribute_needs_no_padding(void **state)
{
	struct rtattr a = { .rta_len = 5, .rta_type = 7 };
	uint8_t bytes[5] = { 0 };
	struct weir_rd in = weir_rd_over(bytes, sizeof(bytes)), data;
	uint16_t type;

	(void)state;
	memcpy(bytes, &a, sizeof(a));
	CHECK(weir_netlink_next_attr(&in, &type, &data));
	CHECK_EQ(data.left, 1);
	CHECK_EQ(in.left, 0);
}

static int count_link(void *ctx, struct weir_netlink_message *m)
{
	if (m->type == RTM_NEWLINK)
		++*(int *)ctx;
	return 0;
}

static int stop(void *ctx, struct weir_netlink_message *m)
{
	(void)ctx;
	(void)m;
	return -ECANCELED;
}

static void a_dump_is_handed_out_to_its_end(void **state)
{
	int fd = weir_netlink_open(0), n = 0;

	(void)state;
	CHECK(fd >= 0);
	CHECK_EQ(weir_netlink_dump(fd, RTM_GETLINK, count_link, &n), 0);
	CHECK(n >= 1);
	CHECK_EQ(weir_netlink_dump(fd, RTM_GETLINK, stop, NULL), -ECANCELED);
	close(fd);
}

static void the_request_that_failed_is_named(void **state)
{
	struct weir_netlink_batch b;
	struct ifinfomsg lo = { .ifi_index = (int)if_nametoindex("lo") },
			 none = { .ifi_index = 1 << 30 };
	unsigned failed = 99;
	int fd = weir_netlink_open(0);

	(void)state;
	CHECK(fd >= 0);
	weir_netlink_start(&b);
	CHECK_EQ(weir_netlink_commit(fd, &b, &failed), 0); /* nothing asked */
	weir_netlink_begin(&b, RTM_GETLINK, 0, &lo, sizeof(lo));
	weir_netlink_end(&b);
	weir_netlink_begin(&b, RTM_GETLINK, 0, &none, sizeof(none));
	weir_netlink_end(&b);
	CHECK_EQ(weir_netlink_commit(fd, &b, &failed), -ENODEV);
	CHECK_EQ(failed, 1);
	close(fd);
}

T_MAIN(T(attributes_are_cut_out_one_by_one), T(lengths_that_lie_end_the_walk),
       T(the_last_attribute_needs_no_padding),
       T(a_dump_is_handed_out_to_its_end), T(the_request_that_failed_is_named))
