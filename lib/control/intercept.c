/* SPDX-License-Identifier: Apache-2.0 */
/* intercept.c - the proxy from control's side: what it is given, its life */
#include "control/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "control/ca_bundle.h"
#include "sys/clock.h"
#include "sys/msg.h"
#include "sys/shared.h"

#define MINUTE_MS    60000u
#define SENTENCE_MAX 400u
#define STORE_BYTES  (8u << 20)

bool weir_intercept_is_wanted(const struct weir_settings *s)
{
	return s->intercept.n || s->n_http || s->n_secrets || s->dns_tls.n;
}

static bool fail(char why[WEIR_CA_WHY_BYTES], const char *what, int err)
{
	snprintf(why, WEIR_CA_WHY_BYTES, "%s: %s", what, strerror(-err));
	return false;
}

/* --- whom to believe --- */

/* A file into sealed memory.  Return: a descriptor, or a negative errno. */
static int seal_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = 0;
	size_t len = 0;
	ssize_t n = 0;
	char *mem;

	if (fd < 0)
		return -errno;
	mem = malloc(STORE_BYTES);
	while (mem && len < STORE_BYTES &&
	       (n = read(fd, mem + len, STORE_BYTES - len)) > 0)
		len += (size_t)n;
	if (!mem)
		r = -ENOMEM;
	else if (n < 0)
		r = -errno;
	else if (len == STORE_BYTES)
		r = -EFBIG;
	else
		r = weir_shared_make("weir store", mem, len);
	free(mem);
	close(fd);
	return r;
}

static bool add_store(struct weir_intercept *i, const char *name, size_t len,
		      const char *path, char why[WEIR_CA_WHY_BYTES])
{
	struct weir_intercept_store *s = &i->store[i->n_stores];
	int fd;

	if (i->n_stores == WEIR_INTERCEPT_STORES_MAX) {
		snprintf(why, WEIR_CA_WHY_BYTES,
			 "upstream_ca: at most %u stores can be named",
			 WEIR_INTERCEPT_STORES_MAX);
		return false;
	}
	if (len >= sizeof(s->name)) {
		snprintf(why, WEIR_CA_WHY_BYTES,
			 "upstream_ca: that is no name: %.80s", name);
		return false;
	}
	fd = seal_file(path);
	if (fd < 0)
		return fail(why, path, fd);
	memcpy(s->name, name, len);
	s->name[len] = 0;
	s->fd = fd;
	i->n_stores++;
	return true;
}

/* [NAME=]FILE; relative to the configuration's folder if it stands there */
static bool add_named(struct weir_intercept *i, const struct weir_settings *s,
		      const struct weir_settings_text *t,
		      char why[WEIR_CA_WHY_BYTES])
{
	const char *eq = strchr(t->text, '='), *file = eq ? eq + 1 : t->text;
	bool from_line = strncmp(t->where, "--", 2) == 0;
	char *path = NULL;
	bool ok;

	if (asprintf(&path, "%s%s%s",
		     *file == '/' || from_line || !s->dir ? "" : s->dir,
		     *file == '/' || from_line || !s->dir ? "" : "/", file) < 0)
		return fail(why, t->text, -ENOMEM);
	ok = add_store(i, t->text, eq ? (size_t)(eq - t->text) : 0, path, why);
	free(path);
	return ok;
}

/*
 * OpenSSL gives back unwiped what it read a key from, and init is forked from
 * this heap.  Its memory is wiped, if it has none yet.
 */
static void *get(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void give(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	if (at)
		explicit_bzero(at, malloc_usable_size(at));
	free(at);
}

static void *change(void *at, size_t n, const char *file, int line)
{
	size_t was = at ? malloc_usable_size(at) : 0;
	void *to = n ? malloc(n) : NULL;

	if (to && at)
		memcpy(to, at, was < n ? was : n);
	if (to || !n)
		give(at, file, line);
	return to;
}

bool weir_intercept_plan(struct weir_intercept *i,
			 const struct weir_settings *s,
			 char why[WEIR_CA_WHY_BYTES])
{
	const char *store = weir_ca_bundle_find();

	i->sock = -1;
	i->wanted = weir_intercept_is_wanted(s);
	if (!i->wanted)
		return true;
	(void)CRYPTO_set_mem_functions(get, change, give);
	if (store && !add_store(i, "", 0, store, why))
		return false;
	for (size_t k = 0; k < s->upstream_ca.n; k++)
		if (!add_named(i, s, &s->upstream_ca.at[k], why))
			return false;
	return true;
}

/* --- its life --- */

/* What it is given, one message after the other; the socket still blocks. */
static int send_ca(const struct weir_intercept *i)
{
	struct weir_vault body;
	uint8_t len[4];
	struct weir_wr w = weir_wr_over(len, sizeof(len));
	int r = -ENOMEM;

	weir_wr_be32(&w, (uint32_t)i->ca.cert_len);
	if (!weir_vault_open(&body, WEIR_MSG_MAX_BYTES))
		return r;
	if (weir_vault_put(&body, len, sizeof(len)) &&
	    weir_vault_put(&body, i->ca.cert, i->ca.cert_len) &&
	    weir_vault_put(&body, i->ca.key.at, i->ca.key.len))
		r = weir_msg_send(i->sock, WEIR_MSG_CA, body.at, body.len, NULL,
				  0);
	weir_vault_close(&body);
	return r;
}

static int send_stores(const struct weir_intercept *i)
{
	int r = 0;

	for (uint32_t k = 0; k < i->n_stores && r == 0; k++)
		r = weir_msg_send(i->sock, WEIR_MSG_TRUST, i->store[k].name,
				  strlen(i->store[k].name), &i->store[k].fd, 1);
	return r;
}

/* A pair of its own between it and the engine. */
static int join(const struct weir_intercept *i, int engine)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	r = weir_msg_send(i->sock, WEIR_MSG_PROXY, NULL, 0, &pair[0], 1);
	if (r == 0)
		r = weir_msg_send(engine, WEIR_MSG_PROXY, NULL, 0, &pair[1], 1);
	close(pair[0]);
	close(pair[1]);
	return r;
}

static bool spawn(struct weir_intercept *i, char why[WEIR_CA_WHY_BYTES])
{
	int r = i->cradle.pid ? 0 : weir_cradle_open(&i->cradle, i->unconfined);

	if (r == 0)
		r = weir_cradle_start(&i->cradle, &i->sock);
	return r == 0 || fail(why, "the proxy cannot be started", r);
}

static bool equip(struct weir_intercept *i, int engine, int policy,
		  char why[WEIR_CA_WHY_BYTES])
{
	int r = send_ca(i);

	if (r == 0)
		r = send_stores(i);
	if (r == 0)
		r = weir_msg_send(i->sock, WEIR_MSG_POLICY, NULL, 0, &policy,
				  1);
	if (r == 0)
		r = join(i, engine);
	return r == 0 || fail(why, "the proxy takes no message", r);
}

bool weir_intercept_start(struct weir_intercept *i,
			  const struct weir_settings *s, int engine, int policy,
			  char why[WEIR_CA_WHY_BYTES])
{
	struct weir_ca_place place;

	if (!i->wanted)
		return true;
	i->since_ms = weir_clock_now_ms();
	return spawn(i, why) && weir_ca_find(s, &place, why) &&
	       weir_ca_open(&place, time(NULL), &i->ca, why) &&
	       equip(i, engine, policy, why);
}

bool weir_intercept_again(struct weir_intercept *i, int engine, int policy,
			  char why[WEIR_CA_WHY_BYTES])
{
	uint64_t now = weir_clock_now_ms();

	if (i->sock >= 0)
		close(i->sock);
	i->sock = -1;
	i->again_ms = 0;
	if (now - i->since_ms >= MINUTE_MS) {
		i->since_ms = now;
		i->starts = 0;
	}
	if (++i->starts > WEIR_INTERCEPT_STARTS_MAX) {
		i->again_ms = i->since_ms + MINUTE_MS;
		snprintf(why, WEIR_CA_WHY_BYTES,
			 "it ended too often; what is to be intercepted is "
			 "denied, and in %u s another is tried",
			 (unsigned)((i->again_ms - now + 999) / 1000));
		return false;
	}
	return spawn(i, why) && equip(i, engine, policy, why);
}

void weir_intercept_tell(struct weir_intercept *i, int policy)
{
	if (i->sock >= 0 &&
	    weir_msg_send(i->sock, WEIR_MSG_POLICY, NULL, 0, &policy, 1))
		(void)shutdown(i->sock, SHUT_RDWR); /* the next one gets it */
}

bool weir_intercept_hear(struct weir_intercept *i, const struct weir_voice *v)
{
	char text[SENTENCE_MAX * 4];
	struct weir_text t = weir_text_over(text, sizeof(text));
	uint8_t room[WEIR_MSG_PACKET_BYTES];
	struct weir_msg m;
	int r = weir_msg_receive(i->sock, room, sizeof(room), &m);
	size_t n;

	if (r == -EAGAIN || r == -EPROTO)
		return true;
	if (r <= 0) {
		close(i->sock);
		i->sock = -1;
		return false;
	}
	weir_msg_close_fds(&m);
	if (m.kind != WEIR_MSG_FAILED && m.kind != WEIR_MSG_NOTE)
		return true;
	n = m.body.left < SENTENCE_MAX ? m.body.left : SENTENCE_MAX;
	weir_text_add_escaped(&t, weir_rd_take(&m.body, n), n);
	weir_voice_say(v,
		       m.kind == WEIR_MSG_FAILED ? WEIR_VOICE_ERROR
						 : WEIR_VOICE_NOTE,
		       "%s", text);
	return true;
}

void weir_intercept_close(struct weir_intercept *i)
{
	if (!i->wanted)
		return;
	weir_cradle_close(&i->cradle);
	if (i->sock >= 0)
		close(i->sock);
	i->sock = -1;
	for (uint32_t k = 0; k < i->n_stores; k++)
		close(i->store[k].fd);
	i->n_stores = 0;
	weir_ca_close(&i->ca);
	i->wanted = false;
}
