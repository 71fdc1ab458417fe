/* SPDX-License-Identifier: Apache-2.0 */
/* twin.c - a world around the real engine, in virtual time: see twin.h */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules.h"
#include "wings.h"

/* --- bytes --- */

void *wings_need(void *p)
{
	if (!p)
		abort();
	return p;
}

void twin_bytes_put(struct twin_bytes *to, const void *bytes, size_t len)
{
	if (to->len + len > to->cap) {
		to->cap = (to->len + len) * 2 + 256;
		to->b = wings_need(realloc(to->b, to->cap));
	}
	if (len)
		memcpy(to->b + to->len, bytes, len);
	to->len += len;
}

static void bytes_clear(struct twin_bytes *b)
{
	free(b->b);
	*b = (struct twin_bytes){ 0 };
}

void twin_wrong(struct twin *w, const char *what)
{
	if (!w->wrong[0])
		snprintf(w->wrong, sizeof(w->wrong), "%s", what);
}

void twin_out_clear(struct twin *w)
{
	while (w->out) {
		struct look *f = w->out;

		w->out = f->next;
		free(f);
	}
	w->out_last = NULL;
}

/* --- sockets --- */

static void sock_clear(struct twin_sock *s)
{
	bytes_clear(&s->up);
	bytes_clear(&s->down);
	twin_list_clear(&s->sent);
	twin_list_clear(&s->come);
	twin_list_clear(&s->errors);
	*s = (struct twin_sock){ 0 };
}

/* A descriptor, or -EMFILE. */
int twin_sock_open(enum twin_kind kind)
{
	struct twin *w = wings_world;
	struct twin_sock *s;

	if (w->n_open >= w->max_socks)
		return -EMFILE;
	w->acts++;
	do {
		s = &w->sock[w->next_sock];
		w->next_sock = (w->next_sock + 1) % TWIN_SOCKS_MAX;
	} while (s->open);
	sock_clear(s);
	s->kind = kind;
	s->open = true;
	s->space = TWIN_EVER;
	w->n_open++;
	if (s >= w->sock + w->n_socks)
		w->n_socks = (unsigned)(s - w->sock) + 1;
	return TWIN_FD + (int)(s - w->sock);
}

struct twin_sock *twin_sock_of(int fd)
{
	struct twin_sock *s;

	if (fd < TWIN_FD || fd >= TWIN_FD + (int)TWIN_SOCKS_MAX) {
		twin_wrong(wings_world, "a descriptor that never was");
		return NULL;
	}
	s = &wings_world->sock[fd - TWIN_FD];
	if (!s->open) {
		twin_wrong(wings_world, "a descriptor that is closed");
		return NULL;
	}
	return s;
}

void twin_sock_close(int fd)
{
	struct twin_sock *s = twin_sock_of(fd);

	if (!s)
		return;
	if (s->given && s->watched) /* to us it would go on to be told of */
		twin_wrong(wings_world, "what the proxy has is still watched");
	s->open = false;
	s->watched = false;
	wings_world->n_open--;
	wings_world->acts++;
	if (s->kind == TWIN_FAR && !s->given)
		wings_far_closed(s);
}

struct twin_sock *twin_find_kind(struct twin *w, enum twin_kind kind)
{
	for (unsigned n = 0; n < TWIN_SOCKS_MAX; n++) {
		unsigned i = (w->next_sock + TWIN_SOCKS_MAX - 1 - n) %
			     TWIN_SOCKS_MAX;

		if (w->sock[i].open && w->sock[i].kind == kind)
			return &w->sock[i];
	}
	return NULL;
}

struct twin_sock *twin_find(struct twin *w, uint16_t port)
{
	for (unsigned n = 0; n < TWIN_SOCKS_MAX; n++) {
		unsigned i = (w->next_sock + TWIN_SOCKS_MAX - 1 - n) %
			     TWIN_SOCKS_MAX;

		if (w->sock[i].open && w->sock[i].kind == TWIN_TCP &&
		    w->sock[i].port == port)
			return &w->sock[i];
	}
	return NULL;
}

void twin_poke(struct twin_sock *s)
{
	s->poked = true;
	wings_world->dirty = true;
}

void twin_tcp_connects(struct twin *w, struct twin_sock *s)
{
	(void)w;
	s->stage = TWIN_CONNECTED;
	twin_poke(s);
}

void twin_tcp_fails(struct twin *w, struct twin_sock *s, int err)
{
	(void)w;
	s->stage = TWIN_FAILED;
	s->err = err;
	twin_poke(s);
}

void twin_tcp_gives(struct twin *w, struct twin_sock *s, const void *bytes,
		    size_t len)
{
	(void)w;
	twin_bytes_put(&s->down, bytes, len);
	twin_poke(s);
}

void twin_tcp_ends(struct twin *w, struct twin_sock *s)
{
	(void)w;
	s->eof = true;
	twin_poke(s);
}

void twin_tcp_resets(struct twin *w, struct twin_sock *s)
{
	s->reset = true;
	s->eof = true;
	twin_tcp_fails(w, s, -ECONNRESET);
}

void twin_tcp_takes(struct twin *w, struct twin_sock *s, uint64_t space)
{
	(void)w;
	if (space > s->space || space == TWIN_EVER)
		twin_poke(s);
	s->space = space;
}

/* --- the world --- */

void twin_order(struct twin *w, enum weir_msg_kind kind, const void *body,
		size_t len)
{
	twin_list_put(&w->orders, body, len)->kind = kind;
}

void twin_frame(struct twin *w, const void *bytes, size_t len)
{
	twin_list_put(&w->frames, bytes, len);
}

static struct weir_addr addr6(uint8_t a, uint8_t b, uint8_t last)
{
	return (struct weir_addr){ .b = { a, b, [15] = last } };
}

/* A test failed in the midst of a world: end that one. */
static void abandon(struct twin *w)
{
	w->control_gone = true;
	while (!w->over)
		twin_step(w);
	pthread_join(w->thread, NULL);
	(void)twin_settle(w);
}

void twin_init(struct twin *w)
{
	if (wings_world)
		abandon(wings_world);
	*w = (struct twin){
		.charter = { .link = WEIR_CHARTER_TAP,
			     .offload = WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 |
					WEIR_OFFLOAD_TSO6,
			     .mtu = 1500,
			     .guest_mac = { { 2, 0, 0, 0, 0, 1 } },
			     .gateway_mac = { { 2, 0, 0, 0, 0, 2 } },
			     .guest4 = weir_addr_from4(0x0a00020f),
			     .gateway4 = weir_addr_from4(0x0a000202),
			     .dns4 = weir_addr_from4(0x0a000203),
			     .len4 = 24,
			     .has6 = true,
			     .guest6 = addr6(0xfd, 1, 15),
			     .gateway6 = addr6(0xfd, 1, 2),
			     .dns6 = addr6(0xfd, 1, 3),
			     .router6 = addr6(0xfe, 0x80, 1),
			     .len6 = 64,
			     .max_flows = 1024,
			     .payload_bytes = 16u << 20,
			     .idle_s = WEIR_IDLE_MS / 1000,
			     .udp_conversations = WEIR_UDP_CONVERSATIONS_MAX,
			     .dns_timeout_ms = WEIR_DNS_TIMEOUT_MS,
			     .dns_cache_entries = WEIR_DNS_CACHE_ENTRIES,
			     .n_upstreams = 2,
			     .upstream = { { weir_addr_from4(0xc0a80101), 53 },
					   { weir_addr_from4(0xc0a80102),
					     53 } } },
		.policy = { "allow public", "allow private" },
		.n_policy = 2,
		.policy_flags = WEIR_IMAGE_REBIND,
		.max_socks = TWIN_SOCKS_MAX - 1,
		.link_room = UINT32_MAX,
		.now = 1000000000,
		.until = 1000000000,
		.link_sock = -1,
		.given_fd = -1,
		.policy_fd = -1,
		.loop_fd = -1,
	};
}

static void begin(struct twin *w)
{
	static uint8_t body[WEIR_MSG_MAX_BYTES];
	struct weir_wr to = weir_wr_over(body, sizeof(body));

	w->sock = wings_need(calloc(TWIN_SOCKS_MAX, sizeof(*w->sock)));
	wings_world = w;
	weir_charter_build(&w->charter, &to);
	twin_order(w, WEIR_MSG_CHARTER, body, weir_wr_len(&to));
	twin_policy(w);
	twin_order(w, WEIR_MSG_LINK, "", 0);
}

void twin_policy(struct twin *w)
{
	bool no_memory = w->no_memory;

	w->no_memory = false; /* for the engine alone */
	if (w->policy_fd >= 0)
		close(w->policy_fd);
	w->policy_fd = rules_make(w->policy, w->n_policy, w->policy_flags);
	w->no_memory = no_memory;
	twin_order(w, WEIR_MSG_POLICY, "", 0);
}

static void *engine_main(void *arg)
{
	struct twin *w = arg;

	w->status = weir_engine_run(TWIN_CONTROL);
	w->over = true;
	sem_post(&w->to_test);
	return NULL;
}

void twin_run(struct twin *w)
{
	begin(w);
	w->status = weir_engine_run(TWIN_CONTROL);
	w->over = true;
}

void twin_step(struct twin *w)
{
	if (w->over)
		return;
	sem_post(&w->to_engine);
	sem_wait(&w->to_test);
}

void twin_open(struct twin *w)
{
	begin(w);
	sem_init(&w->to_engine, 0, 0);
	sem_init(&w->to_test, 0, 0);
	if (pthread_create(&w->thread, NULL, engine_main, w))
		abort();
	sem_wait(&w->to_test);
}

void twin_pass_us(struct twin *w, uint64_t us)
{
	w->until += us;
	twin_step(w);
}

struct weir_summary twin_summary(struct twin *w)
{
	struct weir_summary s = { 0 };
	struct weir_rd in;

	twin_order(w, WEIR_MSG_TALLY, "", 0);
	twin_step(w);
	if (!w->said.last || w->said.last->kind != WEIR_MSG_TALLY) {
		twin_wrong(w, "TALLY was not answered");
		return s;
	}
	in = weir_rd_over(w->said.last->b, w->said.last->len);
	if (!weir_summary_parse(&in, &s))
		twin_wrong(w, "TALLY cannot be read");
	return s;
}

static void check_end(struct twin *w)
{
	if (!w->said.last || w->said.last->kind != WEIR_MSG_BYE)
		twin_wrong(w, "no BYE at the end");
	for (unsigned i = 0; i < w->n_socks; i++)
		if (w->sock[i].open)
			twin_wrong(w, "a socket is left open");
	if (w->loop_fd >= 0 && fcntl(w->loop_fd, F_GETFD) >= 0)
		twin_wrong(w, "the loop is left open");
	if (w->given_fd >= 0 && fcntl(w->given_fd, F_GETFD) >= 0)
		twin_wrong(w, "the link is left open");
	if (w->house)
		twin_wrong(w, "the house still stands");
	if (w->end_chunks)
		twin_wrong(w, "payload memory is held at the end");
	if (w->end_flows || w->end_half)
		twin_wrong(w, "flows are left at the end");
}

const char *twin_settle(struct twin *w)
{
	check_end(w);
	for (unsigned i = 0; i < w->n_socks; i++)
		sock_clear(&w->sock[i]);
	free(w->sock);
	twin_list_clear(&w->frames);
	twin_list_clear(&w->orders);
	twin_list_clear(&w->said);
	twin_out_clear(w);
	if (w->arena)
		munmap(w->arena, w->arena_len);
	wings_world = NULL;
	return w->wrong[0] ? w->wrong : NULL;
}

const char *twin_close(struct twin *w)
{
	twin_order(w, WEIR_MSG_STOP, "", 0);
	twin_step(w);
	if (!w->over) /* what the guest sent may wait for its hosts a while */
		twin_pass_us(w, WEIR_DRAIN_MS * 1000ull + 1000);
	if (!w->over)
		twin_wrong(w, "STOP did not end it");
	if (!w->over)
		return w->wrong;
	pthread_join(w->thread, NULL);
	sem_destroy(&w->to_engine);
	sem_destroy(&w->to_test);
	return twin_settle(w);
}
