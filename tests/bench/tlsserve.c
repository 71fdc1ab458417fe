/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlsserve.c - the server of the rows of interception: tlsserve ADDR CERT KEY,
 * "ready" when its ports listen.
 *
 * Each connection has a thread with blocking calls, as the least code per byte;
 * HTTP/2 is nghttp2's.  See tls.h for what it answers.
 */
#include "tls.h"

#include <pthread.h>
#include <signal.h>

enum { STACK = 512 * 1024 };

static SSL_CTX *context;
static char chunk[LOAD_CHUNK];

/* N of METHOD /N */
static uint64_t wanted(const char *path)
{
	return *path == '/' ? strtoull(path + 1, NULL, 10) : 0;
}

/* --- HTTP/1 --- */

static bool answer(SSL *ssl, uint64_t len)
{
	char out[TLS_HEAD_MAX + TLS_HEAD_MAX];
	int n = snprintf(out, sizeof(out),
			 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			 "Content-Length: %llu\r\n\r\n",
			 (unsigned long long)len);
	size_t head = (size_t)n;
	size_t part = len < TLS_HEAD_MAX ? (size_t)len : 0;

	/* a short answer is one record */
	memcpy(out + head, chunk, part);
	if (!tls_write_all(ssl, out, head + part))
		return false;
	for (len -= part; len; len -= part) {
		part = len < TLS_CHUNK ? (size_t)len : TLS_CHUNK;
		if (!tls_write_all(ssl, chunk, part))
			return false;
	}
	return true;
}

static void serve_http1(SSL *ssl)
{
	struct tls_head h;

	while (tls_read_head(ssl, &h)) {
		const char *path = strchr(h.text, ' ');
		uint64_t len = tls_length_of(&h);

		if (!path || len < h.extra ||
		    !tls_swallow(ssl, len - h.extra) ||
		    !answer(ssl, wanted(path + 1)))
			return;
	}
}

/* --- HTTP/2 --- */

static int on_begin(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
	uint64_t *left;

	(void)user;
	if (f->hd.type != NGHTTP2_HEADERS)
		return 0;
	left = calloc(1, sizeof(*left));
	return left && nghttp2_session_set_stream_user_data(h2, f->hd.stream_id,
							    left) == 0
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_field(nghttp2_session *h2, const nghttp2_frame *f,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *user)
{
	uint64_t *left =
		nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);

	(void)value_len; /* nghttp2 ends each with a 0 */
	(void)flags;
	(void)user;
	if (left && name_len == 5 && memcmp(name, ":path", 5) == 0)
		*left = wanted((const char *)value);
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
	uint64_t *left =
		nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);
	nghttp2_data_provider body = { .source.ptr = left,
				       .read_callback = tls_body };
	char length[24];

	(void)user;
	if (!left || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	snprintf(length, sizeof(length), "%llu", (unsigned long long)*left);
	{
		const nghttp2_nv fields[] = {
			TLS_FIELD(":status", "200"),
			TLS_FIELD("content-type", "text/plain"),
			TLS_FIELD("content-length", length),
		};

		return nghttp2_submit_response(h2, f->hd.stream_id, fields, 3,
					       *left ? &body : NULL);
	}
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
	(void)code;
	(void)user;
	free(nghttp2_session_get_stream_user_data(h2, id));
	return 0;
}

static void serve_http2(SSL *ssl)
{
	nghttp2_session_callbacks *calls;
	nghttp2_session *h2;

	if (nghttp2_session_callbacks_new(&calls))
		tls_die("memory");
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls,
								on_begin);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_field);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	if (nghttp2_session_server_new(&h2, calls, NULL))
		tls_die("memory");
	nghttp2_session_callbacks_del(calls);
	tls_settings(h2);
	while (tls_flush(ssl, h2) && tls_feed(ssl, h2))
		;
	nghttp2_session_del(h2);
}

/* --- connections --- */

static int choose(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
		  const unsigned char *list, unsigned len, void *ctx)
{
	static const unsigned char ours[] = "\2h2\10http/1.1";
	unsigned char *found;

	(void)ssl;
	(void)ctx;
	if (SSL_select_next_proto(&found, ret_len, ours, sizeof(ours) - 1, list,
				  len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*ret = found;
	return SSL_TLSEXT_ERR_OK;
}

static void *serve(void *arg)
{
	int on = 1, fd = (int)(intptr_t)arg;
	SSL *ssl = SSL_new(context);
	const unsigned char *name;
	unsigned len;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (ssl && SSL_set_fd(ssl, fd) && SSL_accept(ssl) == 1) {
		SSL_get0_alpn_selected(ssl, &name, &len);
		if (len == 2)
			serve_http2(ssl);
		else
			serve_http1(ssl);
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void *welcome(void *arg)
{
	int listener = (int)(intptr_t)arg;
	pthread_attr_t a;
	pthread_t thread;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&a, STACK);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0 &&
		    pthread_create(&thread, &a, serve, (void *)(intptr_t)fd))
			close(fd);
	}
	return NULL;
}

static int listen_on(const char *address, uint16_t port)
{
	struct sockaddr_in at = load_address(address, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	load_choose_congestion(fd);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 65535) < 0)
		load_die("listen");
	return fd;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int opened, shut;

	if (argc != 4) {
		fputs("usage: tlsserve ADDR CERT KEY\n", stderr);
		return 2;
	}
	load_raise_files();
	signal(SIGPIPE, SIG_IGN);
	load_fill(chunk);
	context = tls_context(TLS_server_method());
	if (SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) !=
		    1)
		tls_die("certificate");
	SSL_CTX_set_alpn_select_cb(context, choose, NULL);
	opened = listen_on(argv[1], TLS_PORT_OPENED);
	shut = listen_on(argv[1], TLS_PORT_SHUT);
	if (pthread_create(&thread, NULL, welcome, (void *)(intptr_t)shut))
		load_die("thread");
	puts("ready");
	fflush(stdout);
	welcome((void *)(intptr_t)opened);
}
