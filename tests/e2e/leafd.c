/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leafd.c - a TLS server that shows what the mint makes, for real clients
 *
 * usage: leafd serve CERT KEY [SECONDS]
 *		listens on 127.0.0.1 and ::1, prints the port, answers each
 *		request with the name it was shown; SECONDS: its clock is so
 *		much ahead.  Ends with its standard input.
 *	  leafd mint CERT KEY NAME|ADDRESS
 *		the leaf and its chain on stdout, in PEM
 *	  leafd pem CERT KEY, leafd java CERT KEY
 *		the bundle of the host's store and the CA on stdout
 *	  leafd cost CERT KEY
 *		microseconds of processor time, a line each: making a leaf,
 *		finding one, a handshake of both ends with a leaf that is
 *		there, the same with one that is not
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "control/ca.h"
#include "control/ca_bundle.h"
#include "proxy/leaf.h"

static struct weir_ca ca;
static struct weir_leaf_mint *mint;
static int64_t ahead_s;

static void die(const char *what)
{
	fprintf(stderr, "leafd: %s\n", what);
	exit(1);
}

static void load(const char *cert, const char *key)
{
	static struct weir_ca_place p;
	char why[WEIR_CA_WHY_BYTES];
	struct weir_leaf_ca bytes;

	snprintf(p.cert, sizeof(p.cert), "%s", cert);
	snprintf(p.key, sizeof(p.key), "%s", key);
	if (!weir_ca_open(&p, (int64_t)time(NULL), &ca, why))
		die(why);
	bytes = (struct weir_leaf_ca){ .cert = ca.cert,
				       .cert_len = ca.cert_len,
				       .key = ca.key.at,
				       .key_len = ca.key.len };
	if (weir_leaf_new(&bytes, &mint))
		die("there is no mint for this CA");
	weir_ca_close(&ca);
}

static int find(const char *name, struct weir_leaf *ret)
{
	int64_t now_s = (int64_t)time(NULL) + ahead_s;
	struct weir_dns_name n;
	struct weir_addr a;

	if (weir_text_parse_addr(name, strlen(name), &a))
		return weir_leaf_find_addr(mint, &a, now_s, ret);
	if (!weir_dns_name_from_text(name, strlen(name), &n))
		return -1;
	return weir_leaf_find_name(mint, &n, now_s, ret);
}

/* by the name shown, else by the address that was connected to */
static const char *name_of(const SSL *ssl, char *room, socklen_t n)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	if (name)
		return name;
	if (SSL_get_fd(ssl) < 0 ||
	    getsockname(SSL_get_fd(ssl), (struct sockaddr *)&a, &len) ||
	    !inet_ntop(AF_INET6, &a.sin6_addr, room, n))
		return "";
	return strncmp(room, "::ffff:", 7) == 0 ? room + 7 : room;
}

static int show(SSL *ssl, void *arg)
{
	char room[INET6_ADDRSTRLEN];
	struct weir_leaf leaf;

	(void)arg;
	if (find(name_of(ssl, room, sizeof(room)), &leaf))
		return 0;
	return SSL_use_cert_and_key(ssl, leaf.cert, leaf.key, leaf.chain, 1);
}

static SSL_CTX *server(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c)
		die("no TLS");
	SSL_CTX_set_cert_cb(c, show, NULL);
	return c;
}

static void serve_one(SSL_CTX *ctx, int fd)
{
	char request[4096], answer[512], room[INET6_ADDRSTRLEN];
	SSL *ssl = SSL_new(ctx);
	int n;

	if (ssl && SSL_set_fd(ssl, fd) && SSL_accept(ssl) == 1 &&
	    SSL_read(ssl, request, sizeof(request)) > 0) {
		const char *name = name_of(ssl, room, sizeof(room));

		n = snprintf(answer, sizeof(answer),
			     "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
			     "Connection: close\r\n\r\nshown %s\n",
			     strlen(name) + 7, name);
		SSL_write(ssl, answer, n);
		SSL_shutdown(ssl);
	}
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

static int serve(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), off = 0;
	struct timeval limit = { .tv_sec = 10 };
	SSL_CTX *ctx = server();
	socklen_t len = sizeof(a);

	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		die("cannot listen");
	printf("%u\n", ntohs(a.sin6_port));
	fflush(stdout);
	for (;;) {
		struct pollfd p[] = { { .fd = fd, .events = POLLIN },
				      { .fd = 0, .events = POLLIN } };
		int c;

		poll(p, 2, -1);
		if (p[1].revents)
			break;
		c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		serve_one(ctx, c);
	}
	close(fd);
	SSL_CTX_free(ctx);
	return 0;
}

static int print_leaf(const char *name)
{
	struct weir_leaf leaf;

	if (find(name, &leaf))
		die("no leaf for this");
	PEM_write_X509(stdout, leaf.cert);
	for (int i = 0; i < sk_X509_num(leaf.chain); i++)
		PEM_write_X509(stdout, sk_X509_value(leaf.chain, i));
	return 0;
}

static int print_bundle(bool java)
{
	char why[WEIR_CA_WHY_BYTES];
	struct weir_ca_bundle b, p12 = { .at = NULL };

	if (!weir_ca_bundle_pem(&ca, weir_ca_bundle_find(), &b, why))
		die(why);
	if (java && !weir_ca_bundle_java(&b, &p12))
		die("no store of Java");
	fwrite(java ? p12.at : b.at, java ? p12.len : b.len, 1, stdout);
	weir_ca_bundle_free(&p12);
	weir_ca_bundle_free(&b);
	return 0;
}

/* --- cost -------------------------------------------------------------------*/

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void shake(SSL_CTX *server, SSL_CTX *client, const char *name)
{
	SSL *s = SSL_new(server), *c = SSL_new(client);
	int done = 0;
	BIO *a, *b;

	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	/* SSL_set_tlsext_host_name() casts const away */
	SSL_ctrl(c, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
		 (void *)(uintptr_t)name);
	SSL_set1_host(c, name);
	while (done < 2)
		done = (SSL_do_handshake(c) == 1) + (SSL_do_handshake(s) == 1);
	SSL_free(s);
	SSL_free(c);
	ERR_clear_error();
}

/* the median of five rounds of @n */
static void print_cost(const char *what, void (*once)(int i, void *ctx),
		       void *ctx, int n)
{
	double us[5], from;

	for (int r = 0; r < 5; r++) {
		from = cpu_us();
		for (int i = 0; i < n; i++)
			once(r * n + i, ctx);
		us[r] = (cpu_us() - from) / n;
		for (int i = r; i && us[i] < us[i - 1]; i--) {
			double t = us[i];

			us[i] = us[i - 1];
			us[i - 1] = t;
		}
	}
	printf("%-24s %8.2f us  (%.2f to %.2f)\n", what, us[2], us[0], us[4]);
}

static void once_made(int i, void *ctx)
{
	struct weir_leaf leaf;
	char name[32];

	(void)ctx;
	snprintf(name, sizeof(name), "made%d.example", i);
	if (find(name, &leaf))
		die("no leaf");
}

static void once_found(int i, void *ctx)
{
	struct weir_leaf leaf;

	(void)i;
	(void)ctx;
	if (find("found.example", &leaf))
		die("no leaf");
}

static void once_shaken(int i, void *ctx)
{
	SSL_CTX **c = ctx;

	(void)i;
	shake(c[0], c[1], "found.example");
}

static void once_shaken_new(int i, void *ctx)
{
	SSL_CTX **c = ctx;
	char name[32];

	snprintf(name, sizeof(name), "new%d.example", i);
	shake(c[0], c[1], name);
}

static int cost(const char *cert)
{
	SSL_CTX *c[] = { server(), SSL_CTX_new(TLS_client_method()) };

	if (!c[1] || !SSL_CTX_load_verify_file(c[1], cert))
		die("no client");
	SSL_CTX_set_verify(c[1], SSL_VERIFY_PEER, NULL);
	print_cost("a leaf, made", once_made, NULL, 500);
	print_cost("a leaf, found", once_found, NULL, 20000);
	print_cost("handshake, leaf found", once_shaken, c, 200);
	print_cost("handshake, leaf made", once_shaken_new, c, 200);
	SSL_CTX_free(c[0]);
	SSL_CTX_free(c[1]);
	return 0;
}

int main(int argc, char **argv)
{
	int r = 2;

	if (argc < 4)
		die("usage: leafd serve|mint|pem|java|cost CERT KEY [WORD]");
	load(argv[2], argv[3]);
	if (strcmp(argv[1], "serve") == 0) {
		ahead_s = argc > 4 ? atol(argv[4]) : 0;
		r = serve();
	} else if (strcmp(argv[1], "mint") == 0 && argc > 4) {
		r = print_leaf(argv[4]);
	} else if (strcmp(argv[1], "pem") == 0) {
		r = print_bundle(false);
	} else if (strcmp(argv[1], "java") == 0) {
		r = print_bundle(true);
	} else if (strcmp(argv[1], "cost") == 0) {
		r = cost(argv[2]);
	}
	weir_leaf_free(mint);
	return r;
}
