/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tap.c - frames in and out of a real TAP
 *
 * In a user and network namespace of the test's own, where that is allowed and
 * /dev/net/tun can be opened; skipped elsewhere.  The kernel is the guest:
 *
 *	packet socket ── eth0 (TAP, virtio header) ── weir_tap_*()
 */
#include "link/tap.h"

#include "../t.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netdev.h"

#define TYPE 0x88b5 /* IEEE 802, for local experiments */

static int tap = -1, guest = -1;
static uint32_t offload;
static uint8_t room[WEIR_LINK_ROOM_BYTES];

static void await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 10000), 1);
}

/* eth0 up, and a packet socket that hears only frames of TYPE on it. */
static int bring_up(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(TYPE) };
	struct ifreq r = { .ifr_name = WEIR_NETDEV_NAME };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &r))
		return -1;
	at.sll_ifindex = r.ifr_ifindex;
	r.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &r) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 0;
	tap = weir_netdev_open(&offload);
	if (tap >= 0)
		guest = bring_up();
	return 0;
}

static void need_tap(void)
{
	if (tap < 0 || guest < 0)
		skip();
}

/* The next frame of TYPE; the kernel says things of its own as well. */
static int next(void)
{
	for (;;) {
		int n = weir_tap_receive(tap, room);

		if (n == -EAGAIN) {
			await(tap);
			continue;
		}
		CHECK(n >= (int)WEIR_VNET_BYTES + 14);
		if (room[24] == TYPE >> 8 && room[25] == (TYPE & 0xff))
			return n;
	}
}

static void make(uint8_t *f, size_t len)
{
	memset(f, 0xff, 6);
	memset(f + 6, 2, 6);
	f[12] = TYPE >> 8;
	f[13] = TYPE & 0xff;
	for (size_t i = 14; i < len; i++)
		f[i] = (uint8_t)i;
}

static void what_the_guest_sends_is_one_frame_with_its_header(void **state)
{
	static const size_t len[] = { 60, 61, 1514 };
	uint8_t f[1514];

	(void)state;
	need_tap();
	for (unsigned i = 0; i < 3; i++) {
		make(f, len[i]);
		CHECK_EQ(send(guest, f, len[i], 0), len[i]);
		CHECK_EQ(next(), WEIR_VNET_BYTES + len[i]);
		CHECK(memcmp(room + WEIR_VNET_BYTES, f, len[i]) == 0);
		CHECK(room[0] == 0 && room[1] == 0);
	}
}

static void what_is_sent_from_several_spans_is_one_frame(void **state)
{
	uint8_t head[WEIR_VNET_BYTES] = { [10] = 1 }, f[1514], got[2000];
	const struct weir_span part[3] = { { head, sizeof(head) },
					   { f, 14 },
					   { f + 14, sizeof(f) - 14 } };

	(void)state;
	need_tap();
	make(f, sizeof(f));
	CHECK_EQ(weir_tap_send(tap, part, 3), 0);
	await(guest);
	CHECK_EQ(recv(guest, got, sizeof(got), 0), sizeof(f));
	CHECK(memcmp(got, f, sizeof(f)) == 0);
}

static void with_no_frame_there_is_nothing_to_wait_for(void **state)
{
	(void)state;
	need_tap();
	while (weir_tap_receive(tap, room) > 0)
		; /* what the kernel says unasked */
	CHECK_EQ(weir_tap_receive(tap, room), -EAGAIN);
}

static void what_the_kernel_refuses_is_an_error_and_no_end(void **state)
{
	uint8_t head[WEIR_VNET_BYTES] = { 0 };
	const struct weir_span part = { head, 3 };

	(void)state;
	need_tap();
	CHECK(weir_tap_send(tap, &part, 1) < 0);
	what_is_sent_from_several_spans_is_one_frame(NULL);
}

static void offloads_are_what_a_linux_guest_needs(void **state)
{
	const uint32_t want =
		WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 | WEIR_OFFLOAD_TSO6;

	(void)state;
	need_tap();
	CHECK_EQ(offload & want, want);
}

static void a_link_that_is_no_link_is_an_error(void **state)
{
	uint8_t b = 0;
	const struct weir_span part = { &b, 1 };
	int p[2];

	(void)state;
	CHECK_EQ(weir_tap_receive(-1, room), -EBADF);
	CHECK_EQ(weir_tap_send(-1, &part, 1), -EBADF);
	CHECK_EQ(pipe(p), 0);
	close(p[1]);
	CHECK_EQ(weir_tap_receive(p[0], room), -EIO); /* the end */
	close(p[0]);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(what_the_guest_sends_is_one_frame_with_its_header),
		T(what_is_sent_from_several_spans_is_one_frame),
		T(with_no_frame_there_is_nothing_to_wait_for),
		T(what_the_kernel_refuses_is_an_error_and_no_end),
		T(offloads_are_what_a_linux_guest_needs),
		T(a_link_that_is_no_link_is_an_error),
	};

	return cmocka_run_group_tests(cases, set_up, NULL);
}
