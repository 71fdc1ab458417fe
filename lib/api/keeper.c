/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - the two threads of a struct weir_net */
#include "api/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "engine/engine.h"
#include "engine/house.h"
#include "link/wake.h"

static void set_state(struct weir_keeper *k, enum weir_keeper_state to)
{
	pthread_mutex_lock(&k->lock);
	k->state = to;
	pthread_cond_broadcast(&k->changed);
	pthread_mutex_unlock(&k->lock);
}

void weir_keeper_last(struct weir_keeper *k, struct weir_summary *ret)
{
	pthread_mutex_lock(&k->errands.lock);
	*ret = k->last;
	pthread_mutex_unlock(&k->errands.lock);
}

/* The engine takes no errand any more; the lock of those is held. */
static void do_part(void *owner, struct weir_errand *self)
{
	struct weir_keeper *k =
		(void *)((char *)self - offsetof(struct weir_keeper, parting));

	k->last = ((struct weir_house *)owner)->sum;
}

/* Have the engine say BYE; if it hears nothing, it sees that nobody is there. */
static void stop_engine(struct weir_network *n, uint32_t grace_ms)
{
	if (!weir_network_stop(n, grace_ms) && n->sock >= 0)
		(void)shutdown(n->sock, SHUT_WR);
}

/* The lock is held. */
static bool is_keeper(const struct weir_keeper *k)
{
	return k->state != WEIR_KEEPER_NEW &&
	       pthread_equal(k->thread, pthread_self());
}

/* --- the engine's thread --- */

static void *be_engine(void *arg)
{
	struct weir_keeper *k = arg;
	struct weir_device *device = k->device;

	k->device = NULL; /* weir_engine_run_inside() frees it */
	k->engine_status = weir_engine_run_inside(k->sock, device, &k->errands);
	(void)shutdown(k->sock, SHUT_RDWR); /* it is closed by bury_engine() */
	return NULL;
}

/* The engine's thread has ended, or is about to: what it did not hear of is
 * closed. */
static void bury_engine(struct weir_keeper *k)
{
	struct weir_network *n = &k->network;
	struct weir_msg m;

	pthread_join(k->engine, NULL);
	while (weir_msg_receive(k->sock, n->room, sizeof(n->room), &m) == 1) {
		if (m.kind == WEIR_MSG_POLICY || m.kind == WEIR_MSG_DOOR)
			weir_msg_adopt(&m);
		weir_msg_close_fds(&m);
	}
	close(k->sock);
}

/* --- the keeper's thread --- */

static void call_hook(struct weir_keeper *k, const char *event, size_t len)
{
	void (*fn)(void *, const char *, size_t);
	void *ctx;

	pthread_mutex_lock(&k->lock);
	fn = k->event_hook;
	ctx = k->event_arg;
	k->calling = fn != NULL;
	pthread_mutex_unlock(&k->lock);
	if (!fn)
		return;
	fn(ctx, event, len);
	pthread_mutex_lock(&k->lock);
	k->calling = false;
	pthread_cond_broadcast(&k->changed);
	pthread_mutex_unlock(&k->lock);
}

/*
 * Lines that wait go to the hook, one by one.  What it causes itself waits for
 * the next time, or a hook that always causes something would keep us here.
 * Return: false: none waited.
 */
static bool deliver(struct weir_keeper *k)
{
	struct weir_log *l = k->network.held_log;
	size_t len = l ? weir_log_read(l, k->lines, WEIR_LOG_BYTES) : 0;
	char *end = k->lines + len;

	for (char *at = k->lines, *next; at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		weir_must(next);
		*next = 0;
		call_hook(k, at, (size_t)(next - at));
		/* who has a wish waits for one call of a slow hook, not all */
		weir_errand_run(&k->wishes, &k->network);
	}
	return len != 0;
}

static void on_ready(struct weir_keeper *k)
{
	struct weir_network *n = &k->network;
	int r;

	if (!n->ready || n->resolv >= 0)
		return;
	r = weir_network_open_doors(n);
	if (r == -EAGAIN)
		return;
	if (r) {
		k->error = r;
		stop_engine(n, 0);
		return;
	}
	weir_network_watch(n);
	(void)weir_network_on_resolvers(n);
	set_state(k, WEIR_KEEPER_RUNNING);
}

/* Return: false: the engine is done. */
static bool on_engine(struct weir_keeper *k)
{
	struct weir_network *n = &k->network;

	(void)weir_network_catch_up(n);
	switch (weir_network_hear(n)) {
	case WEIR_NETWORK_FAILED:
		weir_voice_say(n->voice, WEIR_VOICE_ERROR, "%s", n->why);
		k->error = -ENOMEM;
		break;
	case WEIR_NETWORK_BYE:
	case WEIR_NETWORK_GONE:
		return false;
	case WEIR_NETWORK_READY:
	case WEIR_NETWORK_NOTHING:
	case WEIR_NETWORK_TALLY:
	case WEIR_NETWORK_UNLINK:
		break;
	}
	if (k->state == WEIR_KEEPER_STARTING)
		on_ready(k);
	return true;
}

/* Return: false: the engine is done. */
static bool turn(struct weir_keeper *k)
{
	struct weir_network *n = &k->network;
	struct pollfd p[] = {
		{ .fd = n->sock, .events = weir_network_events(n) },
		{ .fd = k->wake, .events = POLLIN },
		{ .fd = n->addresses, .events = POLLIN },
		{ .fd = n->resolv, .events = POLLIN },
		{ .fd = weir_log_fd(n->log), .events = POLLOUT },
	};

	(void)poll(p, sizeof(p) / sizeof(p[0]), k->more ? 0 : -1);
	if (p[0].revents && !on_engine(k))
		return false;
	if (p[1].revents) {
		(void)weir_wake_read(k->wake);
		weir_errand_run(&k->wishes, n);
	}
	if (p[2].revents)
		(void)weir_network_on_addresses(n);
	if (p[3].revents)
		(void)weir_network_on_resolvers(n);
	if (p[4].revents)
		weir_network_on_log(n);
	k->more = deliver(k);
	return true;
}

static void end(struct weir_keeper *k)
{
	void (*fn)(void *) = NULL;
	void *arg = NULL;

	bury_engine(k);
	weir_errand_close(&k->wishes);
	weir_network_close(&k->network);
	pthread_mutex_lock(&k->errands.lock);
	k->last = k->network.summary;
	pthread_mutex_unlock(&k->errands.lock);
	pthread_mutex_lock(&k->lock);
	k->over = true;
	if (k->engine_status < 0) /* and all else failed for that */
		k->error = k->engine_status;
	if (k->engine_status == WEIR_ENGINE_OWED && !k->triggered)
		k->left = -ETIMEDOUT;
	if (k->triggered) {
		fn = k->trigger_hook;
		arg = k->trigger_arg;
	}
	pthread_mutex_unlock(&k->lock);
	weir_frames_begin_shutdown(k->frames);
	while (deliver(k))
		;
	if (fn)
		fn(arg);
	set_state(k, WEIR_KEEPER_ENDED);
}

static void *be_keeper(void *arg)
{
	struct weir_keeper *k = arg;
	struct weir_network *n = &k->network;

	pthread_mutex_lock(&k->lock); /* @thread and @engine are written */
	pthread_mutex_unlock(&k->lock);
	k->error = weir_network_link(n, -1, 0);
	if (k->error)
		stop_engine(n, 0);
	while (turn(k))
		;
	end(k);
	return NULL;
}

/* --- the program's threads --- */

static void wake_keeper(void *ctx)
{
	weir_wake_write(*(const int *)ctx);
}

static void wake_engine(void *ctx)
{
	weir_frames_relay(ctx);
}

int weir_keeper_init(struct weir_keeper *k, const struct weir_orders *o,
		     const struct weir_voice *v, struct weir_frames *frames,
		     struct weir_device *device)
{
	int wake = weir_wake_open();

	if (wake < 0)
		return wake;
	k->wake = wake;
	k->frames = frames;
	k->device = device;
	k->sock = -1;
	k->parting.run = do_part;
	weir_must(pthread_mutex_init(&k->lock, NULL) == 0);
	weir_must(pthread_cond_init(&k->changed, NULL) == 0);
	weir_errand_init(&k->errands, wake_engine, frames);
	weir_errand_init(&k->wishes, wake_keeper, &k->wake);
	k->errands.parting = &k->parting;
	weir_network_init(&k->network, o, v);
	k->network.doors.inside = true;
	return 0;
}

void weir_keeper_fini(struct weir_keeper *k)
{
	weir_network_close(&k->network);
	weir_log_close(k->network.held_log);
	weir_device_free(k->device);
	weir_errand_fini(&k->errands);
	weir_errand_fini(&k->wishes);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	close(k->wake);
}

/* The engine, behind a socket; on failure nothing is left of it. */
static int start_engine(struct weir_keeper *k, struct weir_errand *first)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	k->sock = pair[1];
	weir_errand_open(&k->errands);
	weir_errand_put(&k->errands, first);
	r = pthread_create(&k->engine, NULL, be_engine, k);
	if (r) {
		weir_errand_close(&k->errands);
		close(pair[0]);
		close(pair[1]);
		return -r;
	}
	weir_network_join(&k->network, pair[0]);
	return 0;
}

static int start_threads(struct weir_keeper *k, struct weir_errand *first)
{
	sigset_t all, was;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	r = start_engine(k, first);
	if (r == 0) {
		weir_errand_open(&k->wishes);
		r = -pthread_create(&k->thread, NULL, be_keeper, k);
		if (r) {
			weir_errand_close(&k->wishes);
			(void)shutdown(k->sock, SHUT_RDWR);
			bury_engine(k);
		}
	}
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return r;
}

int weir_keeper_start(struct weir_keeper *k, struct weir_errand *first)
{
	int r;

	pthread_mutex_lock(&k->lock);
	r = k->state == WEIR_KEEPER_NEW ? 0 : -EALREADY;
	if (r) {
		pthread_mutex_unlock(&k->lock);
		return r;
	}
	if (weir_frames_is_shutting_down(k->frames))
		r = -ESHUTDOWN;
	if (r == 0)
		r = weir_network_bind(&k->network);
	if (r == 0)
		r = start_threads(k, first);
	if (r)
		weir_network_close(&k->network);
	k->state = r ? WEIR_KEEPER_ENDED : WEIR_KEEPER_STARTING;
	k->joined = r != 0;
	while (k->state == WEIR_KEEPER_STARTING)
		pthread_cond_wait(&k->changed, &k->lock);
	if (r == 0 && k->state == WEIR_KEEPER_ENDED)
		r = k->error ? k->error : -ESHUTDOWN;
	pthread_mutex_unlock(&k->lock);
	return r;
}

/** struct ending - the errand that ends the network */
struct ending {
	struct weir_errand errand;
	uint32_t grace_ms;
};

static void do_end(void *owner, struct weir_errand *self)
{
	stop_engine(owner, ((struct ending *)self)->grace_ms);
}

static void ask_end(struct weir_keeper *k, uint32_t grace_ms)
{
	struct ending e = { { .run = do_end }, grace_ms };

	(void)weir_keeper_do(k, &e.errand);
}

int weir_keeper_stop(struct weir_keeper *k, uint32_t grace_ms)
{
	bool first = false;
	int r = 0;

	pthread_mutex_lock(&k->lock);
	if (k->state == WEIR_KEEPER_NEW)
		r = -EINVAL;
	else if (!k->joined && is_keeper(k))
		r = -EDEADLK;
	if (r == 0 && !k->joined) {
		first = !k->stopping;
		k->stopping = true;
	}
	pthread_mutex_unlock(&k->lock);
	if (r)
		return r;
	if (first) {
		ask_end(k, grace_ms);
		pthread_join(k->thread, NULL);
	}
	pthread_mutex_lock(&k->lock);
	if (first) {
		k->joined = true;
		pthread_cond_broadcast(&k->changed);
	}
	while (!k->joined)
		pthread_cond_wait(&k->changed, &k->lock);
	r = k->left;
	pthread_mutex_unlock(&k->lock);
	return r;
}

bool weir_keeper_do(struct weir_keeper *k, struct weir_errand *e)
{
	bool done = false;

	pthread_mutex_lock(&k->lock);
	if (k->state == WEIR_KEEPER_NEW) {
		e->run(&k->network, e);
		pthread_mutex_unlock(&k->lock);
		return true;
	}
	done = is_keeper(k);
	pthread_mutex_unlock(&k->lock);
	if (!done)
		return weir_errand_do(&k->wishes, e);
	if (k->over)
		return false;
	e->run(&k->network, e);
	return true;
}

bool weir_keeper_ask(struct weir_keeper *k, struct weir_errand *e)
{
	return weir_errand_do(&k->errands, e);
}

/* --- hooks --- */

/** struct hearing - the errand that sets the event hook */
struct hearing {
	struct weir_errand errand;
	struct weir_keeper *k;
	void (*fn)(void *arg, const char *event, size_t len);
	void *arg;
	int result;
};

static void set_hook(struct hearing *w)
{
	w->k->event_hook = w->fn;
	w->k->event_arg = w->arg;
}

/* No hook is being called but, if it is one that brought this, that one. */
static void do_hear(void *owner, struct weir_errand *self)
{
	struct hearing *w = (struct hearing *)self;
	struct weir_network *n = owner;
	bool locked = w->k->state == WEIR_KEEPER_NEW;

	if ((w->fn != NULL) != (n->held_log != NULL))
		w->result =
			weir_network_want(n,
					  w->fn ? (uint32_t)WEIR_EVENT_ALL : 0);
	if (w->result == -ENOMEM)
		return;
	w->result = 0; /* or the engine is about to end */
	if (!locked)
		pthread_mutex_lock(&w->k->lock);
	set_hook(w);
	if (!locked)
		pthread_mutex_unlock(&w->k->lock);
}

int weir_keeper_hear_events(struct weir_keeper *k,
			    void (*fn)(void *arg, const char *event,
				       size_t len),
			    void *arg)
{
	struct hearing w = { { .run = do_hear }, k, fn, arg, 0 };

	if (weir_keeper_do(k, &w.errand))
		return w.result;
	/* the last events are on their way to the one before */
	pthread_mutex_lock(&k->lock);
	set_hook(&w);
	while (k->calling && !is_keeper(k))
		pthread_cond_wait(&k->changed, &k->lock);
	pthread_mutex_unlock(&k->lock);
	return 0;
}

int weir_keeper_hear_trigger(struct weir_keeper *k, void (*fn)(void *arg),
			     void *arg)
{
	int r;

	pthread_mutex_lock(&k->lock);
	r = k->triggered ? -EALREADY : 0;
	if (r == 0) {
		k->trigger_hook = fn;
		k->trigger_arg = arg;
	}
	pthread_mutex_unlock(&k->lock);
	return r;
}

int weir_keeper_trigger(struct weir_keeper *k)
{
	int r = 0;

	pthread_mutex_lock(&k->lock);
	if (k->triggered)
		r = -EALREADY;
	else if (k->state != WEIR_KEEPER_RUNNING || k->over)
		r = -EINVAL;
	else
		k->triggered = true;
	pthread_mutex_unlock(&k->lock);
	if (r == 0)
		ask_end(k, 0);
	return r;
}
