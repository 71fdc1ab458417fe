/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.c - a card in a network namespace that is somebody else's
 *
 *	control ── fork ──► helper: enter the user namespace (if not ours)
 *	   ▲                   ▼
 *	   │              a network namespace of its own: TAP is made in it
 *	   │                   ▼
 *	   │              TAP moves to the guest's namespace
 *	   │                   ▼
 *	   │              enter that one: addresses, routes, up
 *	   └── TAP ◄───────────┘ and ends
 *
 * The detour is what lets the guest's namespace go: see sys/netdev.h.  The
 * namespace of its own lives as long as the descriptor, and has nothing in it.
 *
 * To enter a user namespace one needs to be root above it, or the user who
 * made it; then one has every right over the namespaces it owns.
 */
#include "control/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/descriptors.h"
#include "sys/msg.h"
#include "sys/netdev.h"

#define REMEDY                                                                 \
	"start weir serve as root, or as the user who made the namespace "     \
	"(--userns names the user namespace if it is another than the owner)"

/* --- finding it --- */

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == 0;
}

static int open_namespace(const char *where, const char *kind, int type,
			  char *why)
{
	char path[64];
	const char *at = where;
	int fd;

	if (is_number(where)) {
		snprintf(path, sizeof(path), "/proc/%.20s/ns/%s", where, kind);
		at = path;
	}
	fd = open(at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && ioctl(fd, NS_GET_NSTYPE) == type)
		return fd;
	if (fd >= 0) {
		close(fd);
		snprintf(why, WEIR_NETNS_WHY_BYTES,
			 "%.100s is no %s namespace; name a process by its "
			 "number, or a file like /proc/PID/ns/%s",
			 at, type == CLONE_NEWNET ? "network" : "user", kind);
	} else if (at == path && errno == ENOENT) {
		snprintf(why, WEIR_NETNS_WHY_BYTES, "there is no process %.20s",
			 where);
	} else if (errno == EACCES || errno == EPERM) {
		snprintf(why, WEIR_NETNS_WHY_BYTES,
			 "%.100s may not be opened (%s); start weir serve as "
			 "root, or as the user whose it is",
			 at, strerror(errno));
	} else {
		snprintf(why, WEIR_NETNS_WHY_BYTES,
			 "%.100s cannot be opened: %s", at, strerror(errno));
	}
	return -1;
}

/* is it the namespace this process is in? */
static bool is_ours(int fd, const char *kind)
{
	char path[32];
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool weir_netns_find(struct weir_netns *n, const char *where,
		     const char *userns, char why[WEIR_NETNS_WHY_BYTES])
{
	n->user = -1;
	n->net = open_namespace(where, "net", CLONE_NEWNET, why);
	if (n->net < 0)
		return false;
	if (is_ours(n->net, "net")) {
		snprintf(why, WEIR_NETNS_WHY_BYTES,
			 "--netns %.80s is the network namespace Weir itself "
			 "is in; name the guest's",
			 where);
		return false;
	}
	if (userns) {
		n->user = open_namespace(userns, "user", CLONE_NEWUSER, why);
		if (n->user < 0)
			return false;
	} else {
		n->user = ioctl(n->net, NS_GET_USERNS);
		if (n->user < 0) {
			snprintf(why, WEIR_NETNS_WHY_BYTES,
				 "the owner of --netns %.60s is out of reach "
				 "(%s); " REMEDY,
				 where, strerror(errno));
			return false;
		}
	}
	if (is_ours(n->user, "user")) { /* entering it again is an error */
		close(n->user);
		n->user = -1;
	}
	return true;
}

void weir_netns_close(struct weir_netns *n)
{
	if (n->net >= 0)
		close(n->net);
	if (n->user >= 0)
		close(n->user);
	n->net = n->user = -1;
}

/* --- the helper --- */

__attribute__((format(printf, 2, 3))) _Noreturn static void
trouble(int sock, const char *format, ...)
{
	uint8_t body[4 + WEIR_NETNS_WHY_BYTES];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	char text[WEIR_NETNS_WHY_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	weir_wr_be32(&w, 1);
	weir_wr_copy(&w, text, strlen(text));
	(void)weir_msg_send(sock, WEIR_MSG_TROUBLE, body, weir_wr_len(&w), NULL,
			    0);
	_exit(1);
}

/* to where a TAP may be made that holds nobody's namespace */
static void enter(const struct weir_netns *n, int sock)
{
	if (n->user >= 0 && setns(n->user, CLONE_NEWUSER))
		trouble(sock,
			"the user namespace of the guest cannot be entered: "
			"%s; " REMEDY,
			strerror(errno));
	if (unshare(CLONE_NEWNET) == 0)
		return;
	if (errno == ENOSPC)
		trouble(sock, "there are no network namespaces left; as root "
			      "allow more: sysctl -w "
			      "user.max_net_namespaces=15000");
	trouble(sock, "a card for the namespace cannot be made: %s; " REMEDY,
		strerror(errno));
}

static int make(const struct weir_netns *n, int sock, uint32_t *ret_offload)
{
	char why[WEIR_NETDEV_WHY_BYTES];
	int tap = weir_netdev_make(n->name, ret_offload), r;

	if (tap < 0) {
		weir_netdev_explain(n->name, tap, why);
		trouble(sock, "%s", why);
	}
	r = weir_netdev_move(n->name, n->net, n->charter);
	if (r == -EEXIST)
		trouble(sock,
			"the namespace has an interface %s already; name "
			"another with --tap",
			n->name);
	if (r == -EPERM)
		trouble(sock, "the namespace takes no card (%s); " REMEDY,
			strerror(-r));
	if (r)
		trouble(sock, "the card cannot be moved to the namespace: %s",
			strerror(-r));
	return tap;
}

static void configure(const struct weir_netns *n, int sock)
{
	const char *what = "";
	int r;

	if (setns(n->net, CLONE_NEWNET))
		trouble(sock, "the namespace cannot be entered: %s; " REMEDY,
			strerror(errno));
	weir_netdev_quiet(n->name, n->charter->has6);
	r = weir_netdev_configure(n->name, n->charter, &what);
	if (r)
		trouble(sock,
			"the card cannot be set up: %s: %s; --no-config leaves "
			"that to the guest",
			what, strerror(-r));
}

_Noreturn static void be_helper(const struct weir_netns *n, int sock,
				pid_t parent)
{
	const int keep[] = { sock, n->net, n->user };
	uint32_t offload = 0;
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	int tap;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	(void)prctl(PR_SET_NAME, "weir: netns");
	weir_descriptors_close(keep, 3);
	enter(n, sock);
	tap = make(n, sock, &offload);
	if (n->configure)
		configure(n, sock);
	weir_wr_be32(&w, offload);
	_exit(weir_msg_send(sock, WEIR_MSG_TAP, body, sizeof(body), &tap, 1) !=
	      0);
}

pid_t weir_netns_spawn(const struct weir_netns *n, int *ret_sock)
{
	pid_t parent = getpid(), pid;
	int pair[2], e;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0)
		be_helper(n, pair[1], parent);
	e = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -e;
	}
	*ret_sock = pair[0];
	return pid;
}
