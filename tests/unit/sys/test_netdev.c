/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

static void names_of_cards(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} row[] = {
		{ "eth0", true },
		{ "a", true },
		{ "fifteen-letters", true },
		{ "blue.7", true },
		{ "", false },
		{ "sixteen-letters!", false },
		{ "lo", false },
		{ "all", false },
		{ "default", false },
		{ ".", false },
		{ "..", false },
		{ "a/b", false },
		{ "a b", false },
		{ "a:1", false },
		{ "tap%d", false },
		{ "a\n", false },
		{ "caf\xc3\xa9", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (weir_netdev_is_name(row[i].name) != row[i].ok)
			fail_msg("%s", row[i].name);
}

static void each_refusal_has_its_remedy(void **state)
{
	static const struct {
		int error;
		const char *says;
	} row[] = {
		{ -ENOENT, "modprobe tun" },
		{ -ENXIO, "modprobe tun" },
		{ -EACCES, "chmod 0666 /dev/net/tun" },
		{ -EPERM, "chmod 0666 /dev/net/tun" },
		{ -EBUSY, "fifteen-letters cannot be made" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char why[WEIR_NETDEV_WHY_BYTES];

		weir_netdev_explain("fifteen-letters", row[i].error, why);
		CHECK(strstr(why, row[i].says));
		CHECK(strlen(why) < WEIR_NETDEV_WHY_BYTES - 1);
	}
}

/*
 * In namespaces of its own: a card is made, moved to another one, and that
 * one is let go.  The card's descriptor must not hold it, and must tell.
 */
static int move_and_let_go(void)
{
	struct weir_charter c = { .mtu = 1400,
				  .guest_mac = { { 2, 0, 0, 0, 0, 9 } } };
	struct pollfd p = { .events = POLLIN };
	uint32_t offload;
	uint8_t byte;
	int there;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 77;
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (there < 0 || unshare(CLONE_NEWNET))
		return 77;
	p.fd = weir_netdev_make("blue0", &offload);
	if (p.fd < 0)
		return 77;
	if (if_nametoindex("blue0") == 0)
		return 1;
	if (weir_netdev_move("red0", there, &c) != -ENODEV)
		return 2;
	if (weir_netdev_move("blue0", there, &c))
		return 3;
	if (if_nametoindex("blue0") != 0)
		return 4;
	if (poll(&p, 1, 0) != 0)
		return 5;
	close(there); /* the last that held it */
	if (poll(&p, 1, 10000) != 1 || !(p.revents & POLLERR))
		return 6;
	return read(p.fd, &byte, 1) < 0 && errno == EBADFD ? 0 : 7;
}

static void a_card_that_was_moved_goes_with_its_namespace(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(move_and_let_go());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	CHECK_EQ(WEXITSTATUS(status), 0);
}

T_MAIN(T(names_of_cards), T(each_refusal_has_its_remedy),
       T(a_card_that_was_moved_goes_with_its_namespace))
