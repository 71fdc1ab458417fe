/* SPDX-License-Identifier: Apache-2.0 */
/* network.c - one network: its plan, its engine, and what the engine is told */
#include "control/network.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/version.h"
#include "control/digest.h"
#include "control/spawn.h"
#include "sys/clock.h"
#include "sys/confine.h"

#define STOP_MS      100  /* for a busy engine to hear of its end */
#define SETTLE_MAX   64u  /* directories that control may read */
#define SENTENCE_MAX 400u /* of a sentence from another process */

void weir_network_init(struct weir_network *n, const struct weir_orders *o,
		       const struct weir_voice *v)
{
	n->orders = o;
	n->voice = v;
	n->start_ms = weir_clock_now_ms();
	n->sock = n->addresses = n->resolv = n->book.fd = -1;
	n->intercept.sock = -1;
}

/* --- the policy --- */

/* A number that tells these bounds from others, lists and groups included. */
static bool number_bounds(const struct weir_settings *s, uint64_t *ret,
			  char why[WEIR_RULEBOOK_WHY_BYTES])
{
	struct weir_settings alone = { .dir = s->dir,
				       .bounds = s->bounds,
				       .group = s->group,
				       .n_groups = s->n_groups,
				       .multi_tenant = s->multi_tenant,
				       .has_net = true };
	struct weir_rulebook book;

	*ret = 0;
	if (s->bounds.n == 0 && !s->multi_tenant)
		return true;
	if (!weir_rulebook_make(&alone, &book, why))
		return false;
	*ret = weir_image_hash(&book.image);
	weir_rulebook_close(&book);
	return true;
}

static bool make_policy(struct weir_network *n)
{
	char why[WEIR_RULEBOOK_WHY_BYTES];

	if (number_bounds(n->orders->settings, &n->bounds, why) &&
	    weir_rulebook_make(n->orders->settings, &n->book, why))
		return true;
	weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", why);
	return false;
}

/*
 * Control does not wait for the engine: what finds no room in the socket is
 * remembered, and told in its latest form once there is some.
 */
enum {
	STALE_POLICY = 1,
	STALE_OWN = 2,
	STALE_UPSTREAMS = 4,
	STALE_LIMITS = 8,
	STALE_WANTED = 16,
	STALE_ALL = 31
};

static int send_policy(struct weir_network *n)
{
	if (n->doors.inside)
		return weir_msg_hand(n->sock, WEIR_MSG_POLICY, NULL, 0,
				     n->book.fd);
	return weir_msg_send(n->sock, WEIR_MSG_POLICY, NULL, 0, &n->book.fd, 1);
}

static int send_part(struct weir_network *n, enum weir_msg_kind kind,
		     void (*build)(const struct weir_charter *,
				   struct weir_wr *))
{
	struct weir_wr w = weir_wr_over(n->room, WEIR_MSG_MAX_BYTES);

	build(&n->charter, &w);
	return weir_msg_send(n->sock, kind, n->room, weir_wr_len(&w), NULL, 0);
}

static void build_wanted(const struct weir_charter *c, struct weir_wr *to)
{
	weir_wr_be32(to, c->events);
}

static int send_stale(struct weir_network *n, uint8_t what)
{
	if (what == STALE_POLICY)
		return send_policy(n);
	if (what == STALE_OWN)
		return send_part(n, WEIR_MSG_ADDRESSES, weir_charter_build_own);
	if (what == STALE_LIMITS)
		return send_part(n, WEIR_MSG_LIMITS, weir_charter_build_limits);
	if (what == STALE_WANTED)
		return send_part(n, WEIR_MSG_WANTED, build_wanted);
	return send_part(n, WEIR_MSG_UPSTREAMS, weir_charter_build_upstreams);
}

int weir_network_catch_up(struct weir_network *n)
{
	for (uint8_t what = 1; n->stale & STALE_ALL; what <<= 1) {
		int r = n->stale & what ? send_stale(n, what) : 0;

		if (r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS)
			return 0;
		if (r)
			return r;
		n->stale &= (uint8_t)~what;
	}
	return 0;
}

/* Something changed: the engine is told now, or when it listens. */
static int tell_engine(struct weir_network *n, uint8_t what)
{
	if (!n->linked || n->sock < 0)
		return 0;
	n->stale |= what;
	return weir_network_catch_up(n);
}

static void stay(const struct weir_network *n, const char *why)
{
	weir_voice_say(n->voice, WEIR_VOICE_ERROR,
		       "the policy stays as it was: %s", why);
}

static void tell_replaced(struct weir_network *n, uint32_t uid)
{
	struct weir_log *log[] = { n->log, n->held_log };

	if (n->sock < 0)
		return; /* no engine yet: none was in force */
	weir_voice_say(n->voice, WEIR_VOICE_NOTE, "the policy was replaced");
	for (int i = 0; i < 2; i++) {
		struct weir_event *e;

		if (!weir_log_wants(log[i], WEIR_EVENT_POLICY))
			continue;
		e = weir_log_begin(log[i], WEIR_EVENT_POLICY);
		e->has |= WEIR_EVENT_HAS_HASH | WEIR_EVENT_HAS_UID;
		e->hash = weir_image_hash(&n->book.image);
		e->uid = uid;
		weir_log_put(log[i], e);
	}
	weir_network_on_log(n);
}

/* What was short, as errno says after a failure; or else @r. */
static int short_of(int r)
{
	return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? -errno
								     : r;
}

int weir_network_replace(struct weir_network *n, const struct weir_settings *s,
			 uint32_t uid, char why[WEIR_RULEBOOK_WHY_BYTES])
{
	struct weir_rulebook was = n->book, next;
	uint8_t stale = n->stale;
	uint64_t bounds;
	int r;

	if (!number_bounds(s, &bounds, why))
		return short_of(-EINVAL);
	if (bounds != n->bounds) {
		snprintf(why, WEIR_RULEBOOK_WHY_BYTES,
			 "its bounds are others, and bounds do not change "
			 "while Weir runs: start it again");
		return -EINVAL;
	}
	if (!weir_rulebook_make(s, &next, why))
		return short_of(-EINVAL);
	n->book = next;
	r = tell_engine(n, STALE_POLICY);
	if (r) {
		n->book = was;
		n->stale = stale;
		weir_rulebook_close(&next);
		snprintf(why, WEIR_RULEBOOK_WHY_BYTES,
			 "the engine does not get the policy: %s",
			 strerror(-r));
		return r;
	}
	weir_rulebook_close(&was);
	weir_intercept_tell(&n->intercept, n->book.fd);
	tell_replaced(n, uid);
	return 0;
}

int weir_network_reload(struct weir_network *n, const struct weir_settings *s,
			uint32_t uid)
{
	char why[WEIR_RULEBOOK_WHY_BYTES];
	int r = weir_network_replace(n, s, uid, why);

	if (r != -EINVAL && r != -ENOMEM && r != -EMFILE && r != -ENFILE)
		return r;
	stay(n, why);
	return 0;
}

int weir_network_limit(struct weir_network *n)
{
	return tell_engine(n, STALE_LIMITS);
}

/* --- the log --- */

static bool open_log(struct weir_network *n)
{
	const struct weir_settings *s = n->orders->settings;
	int r;

	if (!s->log)
		return true;
	r = weir_log_open(s->log, s->events, n->voice, &n->log);
	if (r == 0)
		return true;
	weir_voice_say(n->voice, WEIR_VOICE_ERROR,
		       "--log %s cannot be written: %s", s->log,
		       r == -ENOTSUP ? "it is no file, pipe or terminal"
				     : strerror(-r));
	return false;
}

void weir_network_reopen_log(struct weir_network *n)
{
	int r = weir_log_reopen(n->log);

	if (r < 0 && r != -EPIPE)
		weir_voice_say(n->voice, WEIR_VOICE_WARNING,
			       "--log %s cannot be opened again: %s; what "
			       "happens goes to the old one",
			       n->orders->settings->log, strerror(-r));
}

void weir_network_on_log(struct weir_network *n)
{
	(void)weir_log_flush(n->log); /* it says itself what is wrong */
}

/* The life of the network; @version: what and by which policy. */
static void tell_life_to(const struct weir_network *n, struct weir_log *log,
			 enum weir_event_kind kind, bool version)
{
	struct weir_event *e;

	if (!weir_log_wants(log, kind))
		return;
	e = weir_log_begin(log, kind);
	if (version) {
		e->has |= WEIR_EVENT_HAS_VERSION | WEIR_EVENT_HAS_HASH;
		weir_event_copy(e->text, sizeof(e->text), WEIR_VERSION,
				strlen(WEIR_VERSION));
		e->hash = weir_image_hash(&n->book.image);
	}
	weir_log_put(log, e);
}

static void tell_life(struct weir_network *n, enum weir_event_kind kind,
		      bool version)
{
	tell_life_to(n, n->log, kind, version);
	tell_life_to(n, n->held_log, kind, version);
}

/* What the engine told, to whoever wants it. */
static void take_events(struct weir_network *n, struct weir_rd *body)
{
	struct weir_rd again = *body;

	weir_log_take(n->log, WEIR_LOG_OF_ENGINE, body);
	weir_log_take(n->held_log, WEIR_LOG_OF_ENGINE, &again);
	weir_network_on_log(n);
}

static uint32_t wanted(const struct weir_network *n)
{
	return (weir_log_kinds(n->log) | weir_log_kinds(n->held_log)) &
	       WEIR_LOG_OF_ENGINE;
}

int weir_network_want(struct weir_network *n, uint32_t kinds)
{
	struct weir_log *was = n->held_log;
	int r = 0;

	n->held_log = NULL;
	if (kinds)
		r = weir_log_open(NULL, kinds, n->voice, &n->held_log);
	if (r) {
		n->held_log = was;
		return r;
	}
	weir_log_close(was);
	n->charter.events = wanted(n);
	return tell_engine(n, STALE_WANTED);
}

/* --- the host, and the engine --- */

/* said once, when it comes to be so */
static int read_host(struct weir_network *n)
{
	bool was = n->host.full;
	int r = weir_hostnet_read(&n->host);

	if (r == 0 && n->host.full && !was)
		weir_voice_say(n->voice, WEIR_VOICE_NOTE,
			       "this machine has more than %u addresses: the "
			       "others are not known as its own, and --net "
			       "does not keep the guest from them as such",
			       WEIR_CHARTER_ADDRESSES_MAX);
	return r;
}

int weir_network_bind(struct weir_network *n)
{
	const struct weir_orders *o = n->orders;
	char why[WEIR_PUBLISH_WHY_BYTES];

	for (uint32_t i = 0; i < o->n_publish; i++) {
		uint32_t door = n->doors.n;
		int r = weir_publish_open(&o->publish[i], &n->doors, why);

		if (r) {
			weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", why);
			return r;
		}
		for (; door < n->doors.n; door++)
			n->doors.door[door].is.preserve_source =
				o->preserve_source[i];
	}
	return 0;
}

int weir_network_plan(struct weir_network *n)
{
	char why[WEIR_PLAN_WHY_BYTES], ca[WEIR_CA_WHY_BYTES];
	int r = read_host(n);

	if (r) {
		weir_voice_say(n->voice, WEIR_VOICE_ERROR,
			       "the host's addresses cannot be read: %s",
			       strerror(-r));
		return WEIR_NETWORK_REFUSED;
	}
	weir_resolvers_read(&n->resolvers);
	if (!weir_plan_make(n->orders, &n->host, &n->resolvers, &n->charter,
			    why)) {
		weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", why);
		return 2;
	}
	if (!make_policy(n))
		return 2;
	if (!weir_intercept_plan(&n->intercept, n->orders->settings, ca)) {
		weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", ca);
		return 2;
	}
	if (!open_log(n))
		return WEIR_NETWORK_REFUSED;
	n->charter.events = wanted(n);
	n->flows = n->charter.max_flows;
	return 0;
}

void weir_network_join(struct weir_network *n, int sock)
{
	n->sock = sock;
	n->addresses = weir_hostnet_watch();
}

static bool start_proxy(struct weir_network *n)
{
	char why[WEIR_CA_WHY_BYTES];

	n->intercept.unconfined = n->orders->unconfined;
	if (!weir_intercept_start(&n->intercept, n->orders->settings, n->sock,
				  n->book.fd, why)) {
		weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", why);
		return false;
	}
	if (n->intercept.wanted && n->intercept.ca.warning[0])
		weir_voice_say(n->voice, WEIR_VOICE_WARNING, "%s",
			       n->intercept.ca.warning);
	return true;
}

/* Another one, now or later. */
static void try_proxy(struct weir_network *n)
{
	char why[WEIR_CA_WHY_BYTES];

	if (n->sock >= 0 &&
	    !weir_intercept_again(&n->intercept, n->sock, n->book.fd, why))
		weir_voice_say(n->voice, WEIR_VOICE_ERROR,
			       "the proxy cannot be started again: %s", why);
}

void weir_network_hear_proxy(struct weir_network *n)
{
	if (weir_intercept_hear(&n->intercept, n->voice))
		return;
	weir_voice_say(n->voice, WEIR_VOICE_WARNING,
		       "the proxy has ended, and what it had open with it");
	try_proxy(n);
}

uint64_t weir_network_due_ms(const struct weir_network *n)
{
	return n->intercept.again_ms;
}

void weir_network_tick(struct weir_network *n)
{
	uint64_t due = n->intercept.again_ms;

	if (due && weir_clock_now_ms() >= due)
		try_proxy(n);
}

bool weir_network_start(struct weir_network *n)
{
	pid_t pid = weir_spawn_process(WEIR_SPAWN_ENGINE, n->orders->unconfined,
				       &n->sock);

	if (pid > 0) {
		n->engine = pid;
		weir_network_join(n, n->sock);
		return start_proxy(n);
	}
	n->sock = -1;
	weir_voice_say(n->voice, WEIR_VOICE_ERROR,
		       "the engine cannot be started: %s", strerror((int)-pid));
	return false;
}

/* The charter, or for the next guest what may have changed of it. */
static int send_charter(struct weir_network *n)
{
	int r;

	if (!n->chartered) {
		r = send_part(n, WEIR_MSG_CHARTER, weir_charter_build);
		n->chartered = r == 0;
		return r;
	}
	r = send_part(n, WEIR_MSG_UPSTREAMS, weir_charter_build_upstreams);
	return r ? r : send_part(n, WEIR_MSG_ADDRESSES, weir_charter_build_own);
}

int weir_network_link(struct weir_network *n, int link, uint32_t offload)
{
	int r;

	n->charter.offload = offload;
	r = send_charter(n);
	if (r == 0)
		r = send_policy(n);
	if (r == 0 && link >= 0)
		r = weir_msg_send(n->sock, WEIR_MSG_LINK, NULL, 0, &link, 1);
	n->linked = r == 0;
	return r;
}

static void tell_doors(const struct weir_network *n)
{
	for (uint32_t i = 0; i < n->doors.n; i++) {
		const struct weir_publish_door *d = &n->doors.door[i];
		char text[WEIR_PUBLISH_TEXT_BYTES];

		weir_publish_text(&d->is, text);
		/* nobody could know a chosen port otherwise */
		weir_voice_say(n->voice,
			       d->chosen ? WEIR_VOICE_WARNING : WEIR_VOICE_NOTE,
			       "published %s", text);
	}
}

int weir_network_open_doors(struct weir_network *n)
{
	int r;

	if (n->doors.sent == n->doors.n)
		return 0;
	r = weir_publish_send(&n->doors, n->sock);
	if (r == 0 && !n->told)
		tell_doors(n);
	n->told = n->told || r == 0;
	return r;
}

void weir_network_close_doors(struct weir_network *n)
{
	weir_publish_close(&n->doors);
	for (uint32_t i = 0; i < n->doors.n && n->sock >= 0; i++) {
		uint8_t body[4];
		struct weir_wr w = weir_wr_over(body, sizeof(body));

		weir_wr_be32(&w, n->doors.door[i].is.id);
		(void)weir_msg_send(n->sock, WEIR_MSG_UNDOOR, body,
				    sizeof(body), NULL, 0);
	}
}

short weir_network_events(const struct weir_network *n)
{
	bool more = n->ready && n->doors.sent < n->doors.n;

	return (short)(POLLIN | (more || n->stale ? POLLOUT : 0));
}

/* a sentence another process wrote: bounded and made printable */
static void take_sentence(struct weir_network *n, struct weir_rd *body)
{
	struct weir_text t = weir_text_over(n->why, sizeof(n->why));
	size_t len =
		body->left < SENTENCE_MAX / 2 ? body->left : SENTENCE_MAX / 2;

	weir_text_add_escaped(&t, weir_rd_take(body, len), len);
}

enum weir_network_news weir_network_hear(struct weir_network *n)
{
	struct weir_msg m;
	int r = weir_msg_receive(n->sock, n->room, sizeof(n->room), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return WEIR_NETWORK_NOTHING;
	if (r <= 0) {
		close(n->sock);
		n->sock = -1;
		return WEIR_NETWORK_GONE;
	}
	weir_msg_close_fds(&m);
	if (m.kind == WEIR_MSG_READY && !n->ready) {
		n->ready = true;
		if (!n->started)
			tell_life(n, WEIR_EVENT_START, true);
		n->started = true;
		tell_life(n, WEIR_EVENT_LINK_UP, false);
		weir_network_on_log(n);
		return WEIR_NETWORK_READY;
	}
	if (m.kind == WEIR_MSG_UNLINK) {
		n->linked = n->ready = false;
		n->stale = 0; /* the next LINK tells it all */
		n->doors.sent = 0;
		tell_life(n, WEIR_EVENT_LINK_DOWN, false);
		weir_network_on_log(n);
		return WEIR_NETWORK_UNLINK;
	}
	if (m.kind == WEIR_MSG_FAILED) {
		take_sentence(n, &m.body);
		return WEIR_NETWORK_FAILED;
	}
	if (m.kind == WEIR_MSG_NOTE) {
		take_sentence(n, &m.body);
		weir_voice_say(n->voice, WEIR_VOICE_NOTE, "%s", n->why);
		return WEIR_NETWORK_NOTHING;
	}
	if (m.kind == WEIR_MSG_EVENTS) {
		take_events(n, &m.body);
		return WEIR_NETWORK_NOTHING;
	}
	if (m.kind == WEIR_MSG_TALLY)
		return weir_summary_parse(&m.body, &n->summary)
			       ? WEIR_NETWORK_TALLY
			       : WEIR_NETWORK_NOTHING;
	if (m.kind != WEIR_MSG_BYE)
		return WEIR_NETWORK_NOTHING;
	if (weir_summary_parse(&m.body, &n->summary))
		weir_network_tell(n);
	return WEIR_NETWORK_BYE;
}

/*
 * Giving an inotify descriptor back takes the kernel 20 ms, which a short
 * command should not pay for: the owner says when the watch begins.
 */
void weir_network_watch(struct weir_network *n)
{
	if (!n->orders->n_dns && n->resolv < 0)
		n->resolv = weir_resolvers_watch();
}

int weir_network_on_addresses(struct weir_network *n)
{
	weir_hostnet_drain(n->addresses);
	if (read_host(n))
		return 0;
	weir_plan_own(&n->host, &n->charter);
	return tell_engine(n, STALE_OWN);
}

int weir_network_on_resolvers(struct weir_network *n)
{
	struct weir_resolvers now;

	if (n->resolv >= 0)
		weir_resolvers_drain(n->resolv);
	weir_resolvers_read(&now);
	if (n->orders->n_dns || weir_resolvers_is_equal(&now, &n->resolvers))
		return 0;
	n->resolvers = now;
	weir_plan_upstreams(n->orders, &now, &n->charter);
	return tell_engine(n, STALE_UPSTREAMS);
}

int weir_network_ask(struct weir_network *n)
{
	int r = weir_msg_send(n->sock, WEIR_MSG_TALLY, NULL, 0, NULL, 0);

	return r == -EAGAIN ? 0 : r; /* it is asked again */
}

bool weir_network_stop(struct weir_network *n, uint32_t drain_ms)
{
	struct pollfd p = { .fd = n->sock, .events = POLLOUT };
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	int r;

	if (n->sock < 0)
		return false;
	weir_wr_be32(&w, drain_ms);
	r = weir_msg_send(n->sock, WEIR_MSG_STOP, body, sizeof(body), NULL, 0);
	if (r == -EAGAIN && poll(&p, 1, STOP_MS) > 0)
		r = weir_msg_send(n->sock, WEIR_MSG_STOP, body, sizeof(body),
				  NULL, 0);
	return r == 0;
}

void weir_network_tell(const struct weir_network *n)
{
	char room[WEIR_DIGEST_BYTES];
	struct weir_text t = weir_text_over(room, sizeof(room));

	if (!n->orders->verbose)
		return;
	weir_digest_build(&n->summary, weir_clock_now_ms() - n->start_ms, &t);
	n->voice->say(n->voice->ctx, WEIR_VOICE_NOTE, room);
}

void weir_network_lost(const struct weir_network *n, int error)
{
	weir_voice_say(n->voice, WEIR_VOICE_ERROR,
		       "the engine takes no message: %s; everything ends",
		       strerror(-error));
}

/* The folder of the log; NULL: none.  The caller frees it. */
static char *log_folder(const struct weir_network *n)
{
	const char *log = n->orders->settings->log, *end;

	if (!log || strcmp(log, "-") == 0)
		return NULL;
	end = strrchr(log, '/');
	return end ? strndup(log, (size_t)(end + 1 - log)) : strdup(".");
}

void weir_network_settle(const struct weir_network *net,
			 const char *const *also, size_t n_also,
			 const char *const removes[WEIR_CONFINE_REMOVES])
{
	char *log = log_folder(net);
	const char *dirs[SETTLE_MAX] = { "/etc", "/run/systemd/resolve",
					 "/run/resolvconf",
					 "/run/NetworkManager",
					 "/run/connman" };
	struct weir_confine_places places = { .reads = dirs,
					      .n_reads = 5,
					      .removes = { removes[0],
							   removes[1] },
					      .writes = log };

	for (size_t i = 0; i < n_also && places.n_reads < SETTLE_MAX; i++)
		dirs[places.n_reads++] = also[i];
	if (weir_confine_is_possible()) {
		weir_confine_capabilities();
		(void)weir_confine_paths(&places);
	}
	free(log);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void weir_network_close(struct weir_network *n)
{
	weir_publish_close(&n->doors);
	if (n->engine > 0)
		(void)kill(n->engine, SIGKILL);
	while (n->engine > 0 && waitpid(n->engine, NULL, 0) < 0 &&
	       errno == EINTR)
		;
	n->engine = 0;
	weir_intercept_close(&n->intercept);
	while (weir_msg_is_waiting(
		n->sock)) /* what it said last: events, counters */
		(void)weir_network_hear(n);
	close_one(&n->sock);
	close_one(&n->addresses);
	close_one(&n->resolv);
	if (n->ready)
		tell_life(n, WEIR_EVENT_LINK_DOWN, false);
	if (n->started)
		tell_life(n, WEIR_EVENT_STOP, true);
	weir_log_close(n->log);
	n->log = NULL; /* the other one is for its reader to close */
	if (n->book.fd >= 0)
		weir_rulebook_close(&n->book);
	n->book.fd = -1;
	n->ready = n->started = false;
}
