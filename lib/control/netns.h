/* SPDX-License-Identifier: Apache-2.0 */
/* netns.h - a card in a network namespace that is somebody else's */
#ifndef WEIR_CONTROL_NETNS_H
#define WEIR_CONTROL_NETNS_H

#include <sys/types.h>

#include "sys/charter.h"

#define WEIR_NETNS_WHY_BYTES 240u

/**
 * struct weir_netns - a namespace, and what to make there
 * @charter:   borrowed
 * @name:      of the card
 * @configure: with addresses and routes, and up; else it is left down, for
 *             DHCP and router advertisements
 * @net:  the namespace; -1: none
 * @user: the user namespace to enter first; -1: none
 */
struct weir_netns {
	const struct weir_charter *charter;
	const char *name;
	bool configure;
	int net, user;
};

/**
 * weir_netns_find() - open the namespace and the one that owns it
 * @n:      @net and @user are set; close with weir_netns_close() in any case
 * @where:  the number of a process, or a path (/run/netns/NAME)
 * @userns: the same for the user namespace; NULL: the owner, if it is not ours
 * @why:    on failure one sentence for the operator
 *
 * The namespace Weir itself is in is refused: its card is the host's.
 */
bool weir_netns_find(struct weir_netns *n, const char *where,
		     const char *userns, char why[WEIR_NETNS_WHY_BYTES]);

/**
 * weir_netns_spawn() - start the process that makes the card
 * @ret_sock: one message arrives: TAP with a descriptor, or TROUBLE; then the
 *            process ends
 *
 * setns(2) into a user namespace is for good and for a process with one
 * thread, so it is done in a child.
 *
 * Return: its process id, or a negative errno.
 */
pid_t weir_netns_spawn(const struct weir_netns *n, int *ret_sock);

/** weir_netns_close() - let go of the namespaces, or they would never go */
void weir_netns_close(struct weir_netns *n);

#endif /* WEIR_CONTROL_NETNS_H */
