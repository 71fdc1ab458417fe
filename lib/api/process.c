/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - the entry of Weir's other processes
 *
 * The engine parses what a guest sends, the proxy what it opens.  Before the
 * first of such bytes a process leaves the file system, drops every capability and all system calls but
 * those its rooms name.  What the machine refuses of that is told to control
 * once, as a NOTE; the system call list is not optional.
 */
#include "api/process.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "control/spawn.h"
#include "engine/card.h"
#include "engine/cross.h"
#include "engine/engine.h"
#include "host/dial.h"
#include "host/post.h"
#include "host/resolver.h"
#include "proxy/proxy.h"
#include "sys/clock.h"
#include "sys/confine.h"
#include "sys/entropy.h"
#include "sys/guarded.h"
#include "sys/listener.h"
#include "sys/loop.h"
#include "sys/msg.h"
#include "sys/shared.h"

#define SENTENCE_BYTES 200u
#define FAILED         125

static void tell(enum weir_msg_kind kind, const char *text)
{
	(void)weir_msg_send(WEIR_SPAWN_SOCKET, kind, text, strlen(text), NULL,
			    0);
}

/** struct role - one of the processes: its calls, and what it does */
struct role {
	const char *name, *who;
	const int *calls;
	size_t n_calls;
	int (*run)(int control);
};

static const struct role *role_of(int argc, char *const *argv);

bool weir_process_is_one(int argc, char *const *argv)
{
	return role_of(argc, argv) != NULL;
}

/* clang-format off */
#define NR(name) SCMP_SYS(name),
static const int engine_calls[] = {
	WEIR_CONFINE_CALLS(NR) WEIR_MSG_CALLS(NR) WEIR_CLOCK_CALLS(NR)
	WEIR_ENTROPY_CALLS(NR) WEIR_LOOP_CALLS(NR) WEIR_CARD_CALLS(NR)
	WEIR_DIAL_CALLS(NR) WEIR_POST_CALLS(NR) WEIR_RESOLVER_CALLS(NR)
	WEIR_LISTENER_CALLS(NR) WEIR_SHARED_CALLS(NR) WEIR_CROSS_CALLS(NR)
	WEIR_ENGINE_CALLS(NR) NR(epoll_create1)
};
static const int proxy_calls[] = {
	WEIR_CONFINE_CALLS(NR) WEIR_MSG_CALLS(NR) WEIR_CLOCK_CALLS(NR)
	WEIR_LOOP_CALLS(NR) WEIR_SHARED_CALLS(NR) WEIR_PROXY_CALLS(NR)
	NR(epoll_create1)
};
#undef NR
/* clang-format on */

#define LIST(calls) calls, sizeof(calls) / sizeof((calls)[0])

static const struct role roles[] = {
	{ WEIR_SPAWN_ENGINE, "engine", LIST(engine_calls), weir_engine_run },
	{ WEIR_SPAWN_PROXY, "proxy", LIST(proxy_calls), weir_proxy_run },
};

static const struct role *role_of(int argc, char *const *argv)
{
	for (size_t i = 0; argc > 0 && i < 2; i++)
		if (strcmp(argv[0], roles[i].name) == 0)
			return &roles[i];
	return NULL;
}

static int confine(const struct role *role)
{
	char text[SENTENCE_BYTES];
	int r = weir_confine_root();

	if (r) {
		snprintf(text, sizeof(text),
			 "the %s keeps its view of the file system, which "
			 "the machine does not let it leave: %s",
			 role->who, strerror(-r));
		tell(WEIR_MSG_NOTE, text);
	}
	weir_confine_capabilities();
	weir_confine_limits();
	r = weir_confine_calls(role->calls, role->n_calls);
	if (r) {
		snprintf(text, sizeof(text),
			 "the %s cannot be confined to its system calls: "
			 "%s; the kernel needs seccomp, or say --unconfined",
			 role->who, strerror(-r));
		tell(WEIR_MSG_FAILED, text);
	}
	return r;
}

int weir_process_run(int argc, char *const *argv)
{
	const struct role *role = role_of(argc, argv);
	bool free = argc > 1 && strcmp(argv[1], WEIR_SPAWN_UNCONFINED) == 0;
	int type;
	socklen_t len = sizeof(type);

	if (!role ||
	    getsockopt(WEIR_SPAWN_SOCKET, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET) {
		fputs("weir: this process is started by weir itself\n", stderr);
		return FAILED;
	}
	(void)prctl(PR_SET_NAME, role->name);
	if (role->run == weir_proxy_run)
		weir_proxy_prepare();
	(void)weir_guarded_install(); /* else only sealed memory is taken */
	if (weir_confine_is_possible()) {
		if (free)
			weir_confine_limits();
		else if (confine(role))
			return FAILED;
	}
	return role->run(WEIR_SPAWN_SOCKET);
}
