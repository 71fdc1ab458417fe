/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h - one network: its plan, its engine, and what the engine is told
 *
 * What `run` and `serve` have in common.  The owner waits for the descriptors
 * named here, in a loop of his own, and calls what belongs to each; he decides
 * when it ends and what is returned.
 */
#ifndef WEIR_CONTROL_NETWORK_H
#define WEIR_CONTROL_NETWORK_H

#include <sys/types.h>

#include "control/intercept.h"
#include "control/log.h"
#include "control/plan.h"
#include "control/publish.h"
#include "control/rulebook.h"
#include "control/voice.h"
#include "sys/confine.h"
#include "sys/msg.h"
#include "sys/summary.h"

#define WEIR_NETWORK_WHY_BYTES 1024u

/* weir_network_plan(): the machine does not let it be */
#define WEIR_NETWORK_REFUSED (-1)

/** enum weir_network_news - what weir_network_hear() heard */
enum weir_network_news {
	WEIR_NETWORK_NOTHING, /* or something that was dealt with */
	WEIR_NETWORK_READY,   /* charter and link are in force */
	WEIR_NETWORK_FAILED,  /* @why says why; the engine ends */
	WEIR_NETWORK_TALLY,   /* @summary is fresh */
	WEIR_NETWORK_UNLINK,  /* the guest hung up: another may be linked */
	WEIR_NETWORK_BYE,     /* all flows ended; @summary is the last */
	WEIR_NETWORK_GONE,    /* nothing comes any more */
};

/**
 * struct weir_network - one network and its engine
 * @orders, @voice: the owner's, borrowed
 * @engine: its process; 0: none, or reaped by the owner, or it is a thread
 * @sock:   to it, non-blocking; -1: none
 * @addresses, @resolv: readable when the host changed; -1: not watched
 * @linked: the engine has charter and link
 * @ready:  it said so
 * @chartered, @started, @told: the engine knows the charter; a guest was there
 *          once; the published ports were said
 * @why:    a sentence, after FAILED
 * @flows:  the most that there is room for
 * @book:   the policy in force; @bounds: the number of its bounds alone, which
 *          do not change
 * @intercept: the proxy, if one is wanted
 * @log:    in a file or the like, @held_log: for a program that has us inside;
 *          NULL: nobody wants it
 */
struct weir_network {
	const struct weir_orders *orders;
	const struct weir_voice *voice;
	pid_t engine;
	int sock, addresses, resolv;
	bool linked, ready, chartered, started, told;
	uint8_t stale; /* what the engine is yet to be told: network.c */
	uint64_t start_ms;
	struct weir_charter charter;
	struct weir_hostnet host;
	struct weir_resolvers resolvers;
	struct weir_publish_doors doors;
	struct weir_summary summary;
	struct weir_rulebook book;
	uint64_t bounds;
	uint32_t flows;
	struct weir_intercept intercept;
	struct weir_log *log, *held_log;
	char why[WEIR_NETWORK_WHY_BYTES];
	uint8_t room[WEIR_MSG_PACKET_BYTES];
};

/** weir_network_init() - nothing yet; @n is zeroed memory */
void weir_network_init(struct weir_network *n, const struct weir_orders *o,
		       const struct weir_voice *v);

/**
 * weir_network_plan() - look at the host, make the charter, compile the
 *                       policy, open the log
 *
 * Return: 0; 2 the orders contradict each other; WEIR_NETWORK_REFUSED.  What
 * is not 0 has been said.
 */
int weir_network_plan(struct weir_network *n);

/** weir_network_bind() - bind the published ports; Return: 0; a negative errno:
 * said why not */
int weir_network_bind(struct weir_network *n);

/** weir_network_join() - the engine is there already, behind @sock: ours now */
void weir_network_join(struct weir_network *n, int sock);

/** weir_network_start() - start the engine; Return: false: said why not */
bool weir_network_start(struct weir_network *n);

/**
 * weir_network_link() - the guest's card is there: the engine gets it
 * @link: a descriptor; stays the caller's; -1: the engine has its frames
 * @offload: what it can, WEIR_OFFLOAD_*
 *
 * Return: 0, or a negative errno: the engine takes no message.
 */
int weir_network_link(struct weir_network *n, int link, uint32_t offload);

/**
 * weir_network_open_doors() - hand over published ports, after READY
 *
 * Return: 0 all are open (and said); -EAGAIN again when @sock is writable;
 * another negative errno.
 */
int weir_network_open_doors(struct weir_network *n);

/** weir_network_close_doors() - nobody new comes in */
void weir_network_close_doors(struct weir_network *n);

/** weir_network_events() - what to poll @sock for */
short weir_network_events(const struct weir_network *n);

/** weir_network_catch_up() - the engine may listen again: tell it what it does
 * not know yet; Return: 0 or a negative errno */
int weir_network_catch_up(struct weir_network *n);

/** weir_network_hear() - take one message of the engine */
enum weir_network_news weir_network_hear(struct weir_network *n);

/**
 * weir_network_hear_proxy() - the proxy says something, or has died
 *
 * Then there is another one, or what it would open is denied; either is said.
 */
void weir_network_hear_proxy(struct weir_network *n);

/** weir_network_due_ms() - when weir_network_tick() is wanted; 0: never */
uint64_t weir_network_due_ms(const struct weir_network *n);

/** weir_network_tick() - time has passed */
void weir_network_tick(struct weir_network *n);

/** weir_network_watch() - begin to watch the host's resolvers */
void weir_network_watch(struct weir_network *n);

/**
 * weir_network_on_addresses(), weir_network_on_resolvers() - the host may have
 * changed: look, and tell the engine; Return: 0 or a negative errno
 */
int weir_network_on_addresses(struct weir_network *n);
int weir_network_on_resolvers(struct weir_network *n);

/**
 * weir_network_replace() - another policy, or why not
 * @s: as weir_network_reload()
 *
 * Return: 0; -EINVAL, or what was short: -ENOMEM, -EMFILE, -ENFILE; another
 * negative errno: the engine takes no message.  @why says what is wrong, and
 * nothing is changed.
 */
int weir_network_replace(struct weir_network *n, const struct weir_settings *s,
			 uint32_t uid, char why[WEIR_RULEBOOK_WHY_BYTES]);

/** weir_network_want() - the program wants to hear of these kinds of events
 * from now on; Return: 0 or a negative errno */
int weir_network_want(struct weir_network *n, uint32_t kinds);

/** weir_network_limit() - tell the engine the charter's limits;
 * Return: 0 or a negative errno */
int weir_network_limit(struct weir_network *n);

/**
 * weir_network_reload() - another policy
 * @s: what is allowed now; its bounds must be those of the first
 * @uid: who wanted it
 *
 * What is wrong with it is said, and the policy stays as it was.
 * Return: 0, or a negative errno: the engine takes no message.
 */
int weir_network_reload(struct weir_network *n, const struct weir_settings *s,
			uint32_t uid);

/** weir_network_on_log() - the log's reader takes more */
void weir_network_on_log(struct weir_network *n);

/** weir_network_ask() - have the engine send TALLY; Return: 0 or -errno */
int weir_network_ask(struct weir_network *n);

/**
 * weir_network_stop() - have the engine say BYE
 * @drain_ms: first deliver what the guest has sent, at most so long
 *
 * Return: false: there is no engine that could.
 */
bool weir_network_stop(struct weir_network *n, uint32_t drain_ms);

/** weir_network_tell() - say what went through, if the operator wants to know
 */
void weir_network_tell(const struct weir_network *n);

/** weir_network_lost() - say that the engine takes no message: @error */
void weir_network_lost(const struct weir_network *n, int error);

/** weir_network_settle() - give up what control needs no more; the log may
 * still be made anew
 * @also: directories more that it reads, @n_also of them
 * @removes: directories in which it removes a file, or NULL each */
void weir_network_settle(const struct weir_network *n, const char *const *also,
			 size_t n_also,
			 const char *const removes[WEIR_CONFINE_REMOVES]);

/** weir_network_reopen_log() - after a rotation: the file that has the name */
void weir_network_reopen_log(struct weir_network *n);

/** weir_network_close() - kill and reap the engine, close everything */
void weir_network_close(struct weir_network *n);

#endif /* WEIR_CONTROL_NETWORK_H */
