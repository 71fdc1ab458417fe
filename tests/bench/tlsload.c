/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlsload.c - the client of the rows of interception, of HTTP/1 and HTTP/2
 *
 *   tlsload down NAME PORT SECONDS     BYTES SECONDS, bodies of BODY bytes, one
 *   tlsload up NAME PORT SECONDS       after the other on one connection
 *   tlsload request NAME PORT SECONDS  COUNT P50 P99, microseconds, 1 KB there
 *                                      and back, kept alive, one at a time
 *   tlsload requests NAME PORT SECONDS COUNT SECONDS, the same on 16 connections
 *   tlsload connect NAME PORT SECONDS  COUNT P50 P99: connect, one byte asked for,
 *                                      close; nothing is resumed
 *   tlsload renew NAME PORT SECONDS    the same, another name below NAME each time
 *   tlsload hold NAME PORT COUNT       HELD connections, each of which asked once
 *
 * With -g first it is gated as load is; -2 is HTTP/2; -i WORD: who issued the
 * certificate has WORD in its name, or nothing is measured.  Certificates are
 * not looked at further: that costs the client, whom nobody measures.
 */
#include "tls.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

enum {
	GRACE_S = 30,         /* a client that hangs this long dies */
	BODY = 16 << 20,      /* of bulk */
	SMALL = 1024,         /* of a request, and of its answer */
	ROUNDS_MAX = 1 << 20, /* round trips remembered */
	NAME_MAX_BYTES = 128,
	WORKERS = 16, /* connections at a time */
};

static SSL_CTX *context;
static bool gated, is_http2;
static const char *issuer = "";
static char chunk[LOAD_CHUNK];

/**
 * struct wire - a connection
 * @name: of the host, for requests
 * @left: bytes of the request's body that are still to go
 * @got:  of the answer's
 * @over: the answer has ended; @well: as it should
 */
struct wire {
	char name[NAME_MAX_BYTES];
	int fd;
	SSL *ssl;
	nghttp2_session *h2;
	uint64_t left, got;
	bool over, well;
};

/* --- connections --- */

static int dial(const char *name, uint16_t port)
{
	struct addrinfo want = { .ai_family = AF_INET,
				 .ai_socktype = SOCK_STREAM };
	char text[INET_ADDRSTRLEN];
	struct addrinfo *found;
	struct sockaddr_in at;
	int fd;

	if (getaddrinfo(name, NULL, &want, &found) != 0)
		tls_die("the name is not known");
	memcpy(&at, found->ai_addr, sizeof(at));
	freeaddrinfo(found);
	inet_ntop(AF_INET, &at.sin_addr, text, sizeof(text));
	fd = load_dial(text, port);
	if (fd < 0)
		load_die("connect");
	return fd;
}

/* Who measures the wrong thing measures nothing. */
static void check(const struct wire *w)
{
	X509 *cert = SSL_get1_peer_certificate(w->ssl);
	const unsigned char *protocol;
	char text[256] = "";
	unsigned len;

	if (cert)
		X509_NAME_oneline(X509_get_issuer_name(cert), text,
				  sizeof(text));
	X509_free(cert);
	if (!strstr(text, issuer))
		tls_die(text);
	SSL_get0_alpn_selected(w->ssl, &protocol, &len);
	if (len != (is_http2 ? 2 : 8))
		tls_die("another protocol was agreed upon");
}

static int on_chunk(nghttp2_session *h2, uint8_t flags, int32_t id,
		    const uint8_t *data, size_t len, void *user)
{
	struct wire *w = user;

	(void)h2;
	(void)flags;
	(void)id;
	(void)data;
	w->got += len;
	return 0;
}

static int on_field(nghttp2_session *h2, const nghttp2_frame *f,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *user)
{
	struct wire *w = user;

	(void)h2;
	(void)f;
	(void)flags;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		w->well = value_len == 3 && memcmp(value, "200", 3) == 0;
	return 0;
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
	struct wire *w = user;

	(void)h2;
	(void)id;
	w->over = true;
	w->well = w->well && code == 0;
	return 0;
}

static void begin_http2(struct wire *w)
{
	nghttp2_session_callbacks *calls;

	if (nghttp2_session_callbacks_new(&calls))
		tls_die("memory");
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls,
								  on_chunk);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_field);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	if (nghttp2_session_client_new(&w->h2, calls, w))
		tls_die("memory");
	nghttp2_session_callbacks_del(calls);
	tls_settings(w->h2);
}

static struct wire *wire_open(const char *name, uint16_t port)
{
	static const unsigned char h1[] = "\10http/1.1", h2[] = "\2h2";
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		tls_die("memory");
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->fd = dial(name, port);
	w->ssl = SSL_new(context);
	if (!w->ssl || !SSL_set_fd(w->ssl, w->fd) ||
	    !SSL_set_tlsext_host_name(w->ssl, name) ||
	    SSL_set_alpn_protos(w->ssl, is_http2 ? h2 : h1,
				is_http2 ? sizeof(h2) - 1 : sizeof(h1) - 1) ||
	    SSL_connect(w->ssl) != 1)
		tls_die("handshake");
	check(w);
	if (is_http2)
		begin_http2(w);
	return w;
}

static void wire_close(struct wire *w)
{
	nghttp2_session_del(w->h2);
	(void)SSL_shutdown(w->ssl);
	SSL_free(w->ssl);
	close(w->fd);
	free(w);
}

/* --- requests --- */

static void ask_http1(struct wire *w, uint64_t up, uint64_t down)
{
	char out[TLS_HEAD_MAX];
	struct tls_head h;
	size_t part = up <= SMALL ? (size_t)up : 0;
	int n = snprintf(out, sizeof(out),
			 "%s /%llu HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n"
			 "User-Agent: bench\r\n",
			 up ? "POST" : "GET", (unsigned long long)down,
			 w->name);
	size_t len = (size_t)n;

	if (up)
		len += (size_t)snprintf(out + len, sizeof(out) - len,
					"Content-Length: %llu\r\n",
					(unsigned long long)up);
	memcpy(out + len, "\r\n", 2);
	len += 2;
	memcpy(out + len, chunk, part); /* a short one is one record */
	if (!tls_write_all(w->ssl, out, len + part))
		tls_die("write");
	for (up -= part; up; up -= part) {
		part = up < TLS_CHUNK ? (size_t)up : TLS_CHUNK;
		if (!tls_write_all(w->ssl, chunk, part))
			tls_die("write");
	}
	if (!tls_read_head(w->ssl, &h) ||
	    strncmp(h.text, "HTTP/1.1 200 ", 13) != 0 ||
	    tls_length_of(&h) != down || !tls_swallow(w->ssl, down - h.extra))
		tls_die(h.text);
}

static void ask_http2(struct wire *w, uint64_t up, uint64_t down)
{
	nghttp2_data_provider body = { .source.ptr = &w->left,
				       .read_callback = tls_body };
	char path[24], length[24];

	snprintf(path, sizeof(path), "/%llu", (unsigned long long)down);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)up);
	const nghttp2_nv fields[] = {
		TLS_FIELD(":method", up ? "POST" : "GET"),
		TLS_FIELD(":scheme", "https"),
		TLS_FIELD(":authority", w->name),
		TLS_FIELD(":path", path),
		TLS_FIELD("accept", "*/*"),
		TLS_FIELD("user-agent", "bench"),
		TLS_FIELD("content-length", length),
	};

	w->left = up;
	w->got = 0;
	w->over = w->well = false;
	if (nghttp2_submit_request(w->h2, NULL, fields, up ? 7 : 6,
				   up ? &body : NULL, NULL) < 0)
		tls_die("request");
	while (!w->over)
		if (!tls_flush(w->ssl, w->h2) ||
		    (!w->over && !tls_feed(w->ssl, w->h2)))
			tls_die("the connection ended");
	if (!w->well || w->got != down)
		tls_die("the answer is not as it should be");
	if (!tls_flush(w->ssl, w->h2)) /* windows, acknowledgements */
		tls_die("write");
}

/* POST of @up bytes, or GET; the answer has @down. */
static void ask(struct wire *w, uint64_t up, uint64_t down)
{
	if (is_http2)
		ask_http2(w, up, down);
	else
		ask_http1(w, up, down);
}

/* --- what is measured --- */

static double now(void)
{
	return load_now(CLOCK_MONOTONIC);
}

static void bulk(const char *name, uint16_t port, bool up, double seconds)
{
	struct wire *w = wire_open(name, port);
	uint64_t bytes = 0;
	double start, t;

	ask(w, 0, 1);
	load_gate(gated, "ready");
	start = now();
	do {
		ask(w, up ? BODY : 0, up ? 1 : BODY);
		bytes += BODY;
		t = now();
	} while (t < start + seconds);
	printf("%llu %.6f\n", (unsigned long long)bytes, t - start);
	load_gate(gated, "");
	wire_close(w);
}

/**
 * struct rounds - how long each took, until time is up
 */
struct rounds {
	float *us;
	size_t n;
	double start, last;
};

static void rounds_begin(struct rounds *r)
{
	*r = (struct rounds){ .us = calloc(ROUNDS_MAX, sizeof(*r->us)) };
	if (!r->us)
		tls_die("memory");
	load_gate(gated, "ready");
	r->start = r->last = now();
}

/* One more; true if there is time for the next. */
static bool rounds_add(struct rounds *r, double seconds)
{
	double t = now();

	r->us[r->n++] = (float)((t - r->last) * 1e6);
	r->last = t;
	return t < r->start + seconds && r->n < ROUNDS_MAX;
}

static void rounds_tell(struct rounds *r)
{
	qsort(r->us, r->n, sizeof(*r->us), load_by_value);
	printf("%zu %.2f %.2f\n", r->n, (double)r->us[r->n / 2],
	       (double)r->us[r->n * 99 / 100]);
	load_gate(gated, "");
	free(r->us);
}

static void request(const char *name, uint16_t port, double seconds)
{
	struct wire *w = wire_open(name, port);
	struct rounds r;

	ask(w, SMALL, SMALL);
	rounds_begin(&r);
	do
		ask(w, SMALL, SMALL);
	while (rounds_add(&r, seconds));
	rounds_tell(&r);
	wire_close(w);
}

struct worker {
	pthread_t thread;
	struct wire *wire;
	double until;
	uint64_t count;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	do {
		ask(w->wire, SMALL, SMALL);
		w->count++;
	} while (now() < w->until);
	return NULL;
}

static void requests(const char *name, uint16_t port, double seconds)
{
	struct worker w[WORKERS] = { 0 };
	uint64_t count = 0;
	double start;

	for (int i = 0; i < WORKERS; i++) {
		w[i].wire = wire_open(name, port);
		ask(w[i].wire, SMALL, SMALL);
	}
	load_gate(gated, "ready");
	start = now();
	for (int i = 0; i < WORKERS; i++) {
		w[i].until = start + seconds;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			tls_die("thread");
	}
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(w[i].thread, NULL);
		count += w[i].count;
	}
	printf("%llu %.6f\n", (unsigned long long)count, now() - start);
	load_gate(gated, "");
	for (int i = 0; i < WORKERS; i++)
		wire_close(w[i].wire);
}

/* Connections of which each asks for a byte; @renew: each to a name of its own. */
static void connect_all(const char *name, uint16_t port, bool renew,
			double seconds)
{
	struct wire *w = wire_open(name, port);
	char other[NAME_MAX_BYTES];
	struct rounds r;

	ask(w, 0, 1);
	wire_close(w);
	rounds_begin(&r);
	do {
		snprintf(other, sizeof(other), "n%zu.%s", r.n, name);
		w = wire_open(renew ? other : name, port);
		ask(w, 0, 1);
		wire_close(w);
	} while (rounds_add(&r, seconds));
	rounds_tell(&r);
}

/* The first one is there before the gate: what all share is there then. */
static void hold(const char *name, uint16_t port, long count)
{
	for (long i = 0; i <= count; i++) {
		ask(wire_open(name, port), SMALL, SMALL);
		if (i == 0)
			load_gate(gated, "ready");
	}
	alarm(0);
	printf("%ld\n", count);
	load_gate(gated, "");
}

static bool run(char **argv)
{
	const char *mode = argv[0], *name = argv[1];
	uint16_t port = (uint16_t)load_number(argv[2], 65535);
	long n = load_number(argv[3], 10000);

	alarm((unsigned)n + GRACE_S);
	if (strcmp(mode, "down") == 0)
		bulk(name, port, false, (double)n);
	else if (strcmp(mode, "up") == 0)
		bulk(name, port, true, (double)n);
	else if (strcmp(mode, "request") == 0)
		request(name, port, (double)n);
	else if (strcmp(mode, "requests") == 0)
		requests(name, port, (double)n);
	else if (strcmp(mode, "connect") == 0)
		connect_all(name, port, false, (double)n);
	else if (strcmp(mode, "renew") == 0)
		connect_all(name, port, true, (double)n);
	else if (strcmp(mode, "hold") == 0)
		hold(name, port, n);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	int option;

	signal(SIGPIPE, SIG_IGN);
	load_raise_files();
	load_fill(chunk);
	context = tls_context(TLS_client_method());
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	while ((option = getopt(argc, argv, "g2i:")) != -1) {
		gated = gated || option == 'g';
		is_http2 = is_http2 || option == '2';
		if (option == 'i')
			issuer = optarg;
	}
	if (argc - optind == 4 && run(argv + optind))
		return 0;
	fputs("usage: tlsload [-g] [-2] [-i WORD] MODE NAME PORT N, see "
	      "tlsload.c\n",
	      stderr);
	return 2;
}
