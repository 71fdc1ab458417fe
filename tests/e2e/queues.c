/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queues.c - the packets that came in through each queue of a card
 *
 *	queues CARD: a line of numbers, queue 0 first (ETHTOOL_GSTATS)
 *
 * Runs inside a virtual machine of test_vm.sh, as `ethtool -S` would.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define STATS_MAX 4096u

static struct ifreq card;
static int sock;

static void ask(void *what)
{
	card.ifr_data = what;
	if (ioctl(sock, SIOCETHTOOL, &card) == 0)
		return;
	fprintf(stderr, "queues: %s\n", strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	static uint64_t room[2][(STATS_MAX + 1) * ETH_GSTRING_LEN / 8];
	struct ethtool_gstrings *names = (struct ethtool_gstrings *)room[0];
	struct ethtool_stats *stats = (struct ethtool_stats *)room[1];
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	unsigned queue;

	if (argc != 2 || strlen(argv[1]) >= sizeof(card.ifr_name))
		return 2;
	strcpy(card.ifr_name, argv[1]);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	ask(&driver);
	if (driver.n_stats > STATS_MAX)
		return 2;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	stats->cmd = ETHTOOL_GSTATS;
	names->len = stats->n_stats = driver.n_stats;
	ask(names);
	ask(stats);
	for (unsigned i = 0; i < driver.n_stats; i++) {
		const char *name = (char *)names->data + i * ETH_GSTRING_LEN;

		int end = 0;

		(void)!sscanf(name, "rx_queue_%u_packets%n", &queue, &end);
		if (end && !name[end])
			printf("%llu ", (unsigned long long)stats->data[i]);
	}
	putchar('\n');
	return 0;
}
