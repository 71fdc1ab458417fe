/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crossing.c - a guest, a host, and an intercepted connection between them
 *
 * Both ends are OpenSSL, each with a CA of its own, on socket pairs; everything
 * is driven by one loop that runs whoever can go on.
 */
#include "proxy/crossing.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"
#include "pass.h"
#include "sys/cert.h"

#define NOW   1800000000
#define BULK  (3u << 20)
#define TURNS 200000

/** struct ca - of us, or of the host's world */
struct ca {
	char cert[4096], key[2048];
	size_t cert_len, key_len;
	struct weir_leaf_mint *mint;
};

#define LOOSE "loose.test" /* one of tls.insecure */

/** struct end - the guest's or the host's program */
struct end {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	size_t sent, want; /* of what it says */
	size_t heard;
	uint32_t sum;
	bool shook, ended, broke, shut, failed;
};

static struct ca ours, theirs;
static struct weir_secure *secure;
static struct weir_crossing x;
static struct end guest, host;
static bool over;
static uint64_t now;

/* --- CAs ------------------------------------------------------------------- */

static size_t drain(BIO *b, char *to, size_t room)
{
	int n = BIO_read(b, to, (int)room);

	BIO_free(b);
	CHECK(n > 0);
	return (size_t)n;
}

static void make_ca(struct ca *ca)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *c = X509_new();
	BIO *b = BIO_new(BIO_s_mem());
	struct weir_leaf_ca in;

	CHECK(key && c && X509_set_version(c, 2) && weir_cert_set_serial(c));
	CHECK(weir_cert_set_life(c, NOW - 86400, NOW + INT64_C(864000000)));
	CHECK(weir_cert_set_cn(c, true, "root"));
	CHECK(X509_set_issuer_name(c, X509_get_subject_name(c)));
	CHECK(X509_set_pubkey(c, key));
	CHECK(weir_cert_add_ext(c, c, NID_basic_constraints,
				"critical,CA:TRUE"));
	CHECK(weir_cert_add_ext(c, c, NID_key_usage, "critical,keyCertSign"));
	CHECK(X509_sign(c, key, EVP_sha256()));
	CHECK(PEM_write_bio_X509(b, c));
	ca->cert_len = drain(b, ca->cert, sizeof(ca->cert));
	b = BIO_new(BIO_s_mem());
	CHECK(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL));
	ca->key_len = drain(b, ca->key, sizeof(ca->key));
	X509_free(c);
	EVP_PKEY_free(key);
	in = (struct weir_leaf_ca){ (uint8_t *)ca->cert, (uint8_t *)ca->key,
				    ca->cert_len, ca->key_len };
	CHECK_EQ(weir_leaf_new(&in, &ca->mint), 0);
}

static struct weir_dns_name name_of(const char *text)
{
	struct weir_dns_name n;

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

/* --- the two programs ------------------------------------------------------ */

static void trust(SSL_CTX *c, const struct ca *ca)
{
	BIO *b = BIO_new_mem_buf(ca->cert, (int)ca->cert_len);
	X509 *cert = PEM_read_bio_X509(b, NULL, NULL, NULL);

	CHECK(cert && X509_STORE_add_cert(SSL_CTX_get_cert_store(c), cert));
	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(c), NOW);
	X509_free(cert);
	BIO_free(b);
}

static void be_guest(int fd, const char *name)
{
	static const uint8_t alpn[] = "\10http/1.1";

	guest = (struct end){ .fd = fd,
			      .ctx = SSL_CTX_new(TLS_client_method()) };
	trust(guest.ctx, &ours);
	SSL_CTX_set_verify(guest.ctx, SSL_VERIFY_PEER, NULL);
	guest.ssl = SSL_new(guest.ctx);
	CHECK(SSL_set_tlsext_host_name(guest.ssl, name));
	CHECK(SSL_set1_host(guest.ssl, name));
	CHECK_EQ(SSL_set_alpn_protos(guest.ssl, alpn, sizeof(alpn) - 1), 0);
	CHECK(SSL_set_fd(guest.ssl, fd));
	SSL_set_connect_state(guest.ssl);
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *len,
		  const unsigned char *in, unsigned n, void *arg)
{
	(void)ssl;
	(void)arg;
	CHECK(n == 9 && memcmp(in, "\10http/1.1", 9) == 0);
	*out = in + 1;
	*len = 8;
	return SSL_TLSEXT_ERR_OK;
}

static void be_host(int fd, const char *name, int64_t at)
{
	struct weir_dns_name n = name_of(name);
	struct weir_leaf leaf;

	host = (struct end){ .fd = fd,
			     .ctx = SSL_CTX_new(TLS_server_method()) };
	SSL_CTX_set_alpn_select_cb(host.ctx, choose, NULL);
	host.ssl = SSL_new(host.ctx);
	CHECK_EQ(weir_leaf_find_name(theirs.mint, &n, at, &leaf), 0);
	CHECK(SSL_use_cert_and_key(host.ssl, leaf.cert, leaf.key, leaf.chain,
				   1));
	CHECK(SSL_set_fd(host.ssl, fd));
	SSL_set_accept_state(host.ssl);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8));
}

/* One step of a program: it says what it has, hears, ends when told. */
static void live(struct end *e)
{
	uint8_t b[3000];
	size_t n = 0;
	int r;

	if (e->fd < 0 || e->failed)
		return;
	if (!e->shook) {
		r = SSL_do_handshake(e->ssl);
		e->shook = r == 1;
		e->failed = r != 1 && SSL_get_error(e->ssl, r) > 3;
		return;
	}
	while (n < sizeof(b) && e->sent + n < e->want) {
		b[n] = byte_at(e->sent + n);
		n++;
	}
	r = n ? SSL_write(e->ssl, b, (int)n) : 0;
	e->sent += r > 0 ? (size_t)r : 0;
	r = SSL_read(e->ssl, b, sizeof(b));
	for (int i = 0; i < r; i++)
		e->sum = e->sum * 31 + b[i];
	e->heard += r > 0 ? (size_t)r : 0;
	if (r <= 0 && SSL_get_error(e->ssl, r) == SSL_ERROR_ZERO_RETURN)
		e->ended = true;
	else if (r <= 0 && SSL_get_error(e->ssl, r) > 3)
		e->broke = true;
}

static void hang_up(struct end *e)
{
	CHECK(SSL_shutdown(e->ssl) >= 0);
	CHECK_EQ(shutdown(e->fd, SHUT_WR), 0);
	e->shut = true;
}

static void gone(struct end *e)
{
	SSL_free(e->ssl);
	SSL_CTX_free(e->ctx);
	if (e->fd >= 0)
		close(e->fd);
	*e = (struct end){ .fd = -1 };
}

/* --- between them ---------------------------------------------------------- */

static bool open_talk(void *ctx, struct weir_crossing *c)
{
	(void)ctx;
	return weir_pass_open(&c->talk);
}

static bool is_insecure(void *ctx, const struct weir_dns_name *name)
{
	struct weir_dns_name loose;

	(void)ctx;
	return weir_dns_name_from_text(LOOSE, sizeof(LOOSE) - 1, &loose) &&
	       weir_dns_is_exact_name(name, &loose);
}

static const struct weir_crossing_owner owner = { NULL, open_talk,
						  is_insecure };

static void begin(const char *shown, const char *said, const char *at_host,
		  int64_t when)
{
	struct weir_handover h = { .flow = 7,
				   .kind = WEIR_HANDOVER_TLS,
				   .to = weir_addr_from4(0x01020304),
				   .port = 443 };
	int up[2], down[2], fd[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, up), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, down), 0);
	snprintf(h.shown, sizeof(h.shown), "%s", shown);
	fd[WEIR_TALK_GUEST] = down[1];
	fd[WEIR_TALK_HOST] = up[1];
	now = 1000000;
	over = false;
	CHECK(weir_crossing_begin(&x, secure, &owner, &h, fd, now));
	be_guest(down[0], said);
	be_host(up[0], at_host, when);
}

static void turn(void)
{
	live(&guest);
	weir_crossing_ready(&x, WEIR_TALK_GUEST);
	weir_crossing_ready(&x, WEIR_TALK_HOST);
	if (!over)
		over = !weir_crossing_run(&x, now, NOW);
	live(&host);
}

#define UNTIL(c)                                                               \
	do {                                                                   \
		int left_ = TURNS;                                             \
		while (!(c)) {                                                 \
			CHECK(left_-- > 0);                                    \
			turn();                                                \
		}                                                              \
	} while (0)

static struct weir_handover_end finish(void)
{
	struct weir_handover_end e;

	weir_crossing_close(&x, &e);
	CHECK_EQ(e.flow, 7);
	gone(&guest);
	gone(&host);
	return e;
}

static int set_up(void **state)
{
	struct weir_secure_store store = { .name = NULL };

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN); /* as the proxy does */
	make_ca(&ours);
	make_ca(&theirs);
	CHECK_EQ(weir_secure_new(ours.mint, &secure), 0);
	CHECK_EQ(weir_secure_trust(secure, &store), -EINVAL);
	store.pem = (uint8_t *)theirs.cert;
	store.len = theirs.cert_len;
	CHECK_EQ(weir_secure_trust(secure, &store), 1);
	weir_secure_set_time(secure, NOW);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	weir_secure_free(secure);
	weir_leaf_free(ours.mint);
	weir_leaf_free(theirs.mint);
	return 0;
}

/* --- */

static void bytes_cross_both_ways_and_ends_are_kept(void **state)
{
	struct weir_handover_end e;

	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	guest.want = BULK;
	host.want = BULK / 2;
	UNTIL(host.heard == BULK && guest.heard == BULK / 2);
	CHECK_EQ(SSL_get_verify_result(guest.ssl), X509_V_OK);
	CHECK_EQ(x.protocol, WEIR_SECURE_HTTP1);
	hang_up(&guest);
	UNTIL(host.ended);
	CHECK(!guest.ended && !over); /* a half-closed connection is one */
	host.want += 1000;
	UNTIL(guest.heard == BULK / 2 + 1000);
	hang_up(&host);
	UNTIL(guest.ended && over);
	e = finish();
	CHECK_EQ(e.how, WEIR_HANDOVER_CLOSED);
	CHECK_EQ(e.up, BULK);
	CHECK_EQ(e.down, BULK / 2 + 1000);
	CHECK_EQ(e.why, WEIR_REASON_NONE);
}

static void what_arrives_is_what_was_sent(void **state)
{
	uint32_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		sum = sum * 31 + byte_at(i);
	begin("api.test", "api.test", "api.test", NOW);
	guest.want = host.want = 100000;
	UNTIL(host.heard == 100000 && guest.heard == 100000);
	CHECK_EQ(host.sum, sum);
	CHECK_EQ(guest.sum, sum);
	(void)finish();
}

static void who_does_not_read_holds_the_other_up(void **state)
{
	size_t before;

	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	UNTIL(guest.shook && host.shook && x.state == WEIR_CROSSING_TALK);
	guest.want = SIZE_MAX;
	for (int i = 0; i < 2000; i++) { /* the host sleeps */
		live(&guest);
		weir_crossing_ready(&x, WEIR_TALK_GUEST);
		CHECK(weir_crossing_run(&x, now, NOW));
	}
	before = guest.sent;
	for (int i = 0; i < 100; i++) {
		live(&guest);
		weir_crossing_ready(&x, WEIR_TALK_GUEST);
		CHECK(weir_crossing_run(&x, now, NOW));
	}
	CHECK_EQ(guest.sent, before);
	CHECK(!(x.side[WEIR_TALK_GUEST].watched & 1u)); /* not read */
	guest.want = guest.sent;
	UNTIL(host.heard == guest.sent);
	(void)finish();
}

static void fails(const char *shown, const char *said, const char *at_host,
		  int64_t when, enum weir_reason why, const char *words)
{
	struct weir_handover_end e;

	begin(shown, said, at_host, when);
	UNTIL(over);
	if (words && !strstr(x.text, words))
		fail_msg("'%s' has not '%s'", x.text, words);
	CHECK_EQ(host.heard, 0);
	CHECK_EQ(guest.heard, 0);
	e = finish();
	CHECK_EQ(e.how, WEIR_HANDOVER_RESET);
	CHECK_EQ(e.why, why);
}

static void a_host_that_is_not_believed_gets_nothing(void **state)
{
	(void)state;
	fails("api.test", "api.test", "evil.test", NOW,
	      WEIR_REASON_UPSTREAM_CERT, "hostname mismatch");
	fails("api.test", "api.test", "api.test", NOW - 30 * 86400,
	      WEIR_REASON_UPSTREAM_CERT, "expired");
	/* what the engine judged is what must be said */
	fails("api.test", "other.test", "other.test", NOW, WEIR_REASON_NONE,
	      NULL);
	fails("", "api.test", "api.test", NOW, WEIR_REASON_NONE, NULL);
}

static void an_insecure_name_is_believed_whatever_it_shows(void **state)
{
	(void)state;
	begin(LOOSE, LOOSE, "evil.test", NOW - 30 * 86400);
	guest.want = 1000;
	UNTIL(host.heard == 1000);
	CHECK_EQ(x.why, WEIR_REASON_NONE);
	(void)finish();
	fails("x." LOOSE, "x." LOOSE, "evil.test", NOW,
	      WEIR_REASON_UPSTREAM_CERT, "hostname mismatch");
}

static void a_host_that_wants_our_certificate_is_told_apart(void **state)
{
	struct weir_handover_end e;

	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	SSL_set_verify(host.ssl,
		       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	CHECK(SSL_set_max_proto_version(host.ssl, TLS1_2_VERSION));
	UNTIL(over);
	CHECK(strstr(x.text, "tls.bypass"));
	e = finish();
	CHECK_EQ(e.why, WEIR_REASON_CLIENT_CERT);
}

static void a_guest_that_is_no_client_of_tls_is_over(void **state)
{
	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	CHECK_EQ(write(guest.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	guest.failed = true;
	UNTIL(over);
	(void)finish();
}

static void one_that_breaks_off_is_a_reset_for_the_other(void **state)
{
	struct weir_handover_end e;

	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	guest.want = 5000;
	UNTIL(host.heard == 5000);
	gone(&guest);
	weir_crossing_gone(&x);
	UNTIL(over);
	CHECK(!host.ended); /* no close_notify: it is no end in order */
	e = finish();
	CHECK_EQ(e.how, WEIR_HANDOVER_RESET);

	begin("api.test", "api.test", "api.test", NOW);
	host.want = 5000;
	UNTIL(guest.heard == 5000);
	close(host.fd); /* without a close_notify */
	host.fd = -1;
	UNTIL(over);
	CHECK(!guest.ended);
	e = finish();
	CHECK_EQ(e.how, WEIR_HANDOVER_RESET);
}

static void a_handshake_has_its_time(void **state)
{
	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	CHECK(weir_crossing_run(&x, now, NOW));
	now += WEIR_CROSSING_SHAKE_US - 1;
	CHECK(weir_crossing_run(&x, now, NOW));
	now++;
	CHECK(!weir_crossing_run(&x, now, NOW));
	(void)finish();
}

static void a_host_that_is_silent_is_told_to_the_guest(void **state)
{
	struct weir_handover_end e;

	(void)state;
	begin("api.test", "api.test", "api.test", NOW);
	for (unsigned i = 0; i < 10; i++) {
		live(&guest);
		CHECK(weir_crossing_run(&x, now, NOW));
	}
	CHECK_EQ(x.state, WEIR_CROSSING_DIAL);
	now += WEIR_CROSSING_SHAKE_US;
	CHECK(weir_crossing_run(&x, now, NOW));
	for (unsigned i = 0; i < 1000 && !guest.shook; i++) {
		live(&guest);
		(void)weir_crossing_run(&x, now, NOW);
	}
	CHECK(guest.shook);
	CHECK(strstr(x.text, "it is silent"));
	e = finish();
	CHECK_EQ(e.why, WEIR_REASON_HOST_RESET);
}

T_MAIN(cmocka_unit_test_setup_teardown(bytes_cross_both_ways_and_ends_are_kept,
				       set_up, tear_down),
       cmocka_unit_test_setup_teardown(what_arrives_is_what_was_sent, set_up,
				       tear_down),
       cmocka_unit_test_setup_teardown(who_does_not_read_holds_the_other_up,
				       set_up, tear_down),
       cmocka_unit_test_setup_teardown(a_host_that_is_not_believed_gets_nothing,
				       set_up, tear_down),
       cmocka_unit_test_setup_teardown(
	       an_insecure_name_is_believed_whatever_it_shows, set_up,
	       tear_down),
       cmocka_unit_test_setup_teardown(
	       a_host_that_wants_our_certificate_is_told_apart, set_up,
	       tear_down),
       cmocka_unit_test_setup_teardown(a_guest_that_is_no_client_of_tls_is_over,
				       set_up, tear_down),
       cmocka_unit_test_setup_teardown(
	       one_that_breaks_off_is_a_reset_for_the_other, set_up, tear_down),
       cmocka_unit_test_setup_teardown(a_handshake_has_its_time, set_up,
				       tear_down),
       cmocka_unit_test_setup_teardown(
	       a_host_that_is_silent_is_told_to_the_guest, set_up, tear_down))
