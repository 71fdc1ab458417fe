/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - the entry of Weir's other processes
 *
 * The engine parses what a guest sends.  Before the first of its bytes it
 * leaves the file system, drops every capability and all system calls but
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
#include "engine/engine.h"
#include "host/dial.h"
#include "host/post.h"
#include "host/resolver.h"
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

bool weir_process_is_one(int argc, char *const *argv)
{
	return argc > 0 && strcmp(argv[0], WEIR_SPAWN_ENGINE) == 0;
}

static int confine(void)
{
/* clang-format off */
#define NR(name) SCMP_SYS(name),
	static const int calls[] = {
		WEIR_CONFINE_CALLS(NR) WEIR_MSG_CALLS(NR) WEIR_CLOCK_CALLS(NR)
		WEIR_ENTROPY_CALLS(NR) WEIR_LOOP_CALLS(NR) WEIR_CARD_CALLS(NR)
		WEIR_DIAL_CALLS(NR) WEIR_POST_CALLS(NR) WEIR_RESOLVER_CALLS(NR)
		WEIR_LISTENER_CALLS(NR) WEIR_SHARED_CALLS(NR)
		WEIR_ENGINE_CALLS(NR) NR(epoll_create1)
	};
#undef NR
	/* clang-format on */
	char text[SENTENCE_BYTES];
	int r = weir_confine_root();

	if (r) {
		snprintf(text, sizeof(text),
			 "the engine keeps its view of the file system, which "
			 "the machine does not let it leave: %s",
			 strerror(-r));
		tell(WEIR_MSG_NOTE, text);
	}
	weir_confine_capabilities();
	weir_confine_limits();
	r = weir_confine_calls(calls, sizeof(calls) / sizeof(calls[0]));
	if (r) {
		snprintf(text, sizeof(text),
			 "the engine cannot be confined to its system calls: "
			 "%s; the kernel needs seccomp, or say --unconfined",
			 strerror(-r));
		tell(WEIR_MSG_FAILED, text);
	}
	return r;
}

int weir_process_run(int argc, char *const *argv)
{
	bool free = argc > 1 && strcmp(argv[1], WEIR_SPAWN_UNCONFINED) == 0;
	int type;
	socklen_t len = sizeof(type);

	if (getsockopt(WEIR_SPAWN_SOCKET, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET) {
		fputs("weir: this process is started by weir itself\n", stderr);
		return FAILED;
	}
	(void)prctl(PR_SET_NAME, WEIR_SPAWN_ENGINE);
	(void)weir_guarded_install(); /* else only sealed memory is taken */
	if (weir_confine_is_possible()) {
		if (free)
			weir_confine_limits();
		else if (confine())
			return FAILED;
	}
	return weir_engine_run(WEIR_SPAWN_SOCKET);
}
