/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t.h"
#include "embed.h"

static struct embed e;

static const char *const nothing[] = { NULL };

static struct weir_ip ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct weir_ip ip = { .family = 4, .bytes = { a, b, c, d } };

	return ip;
}

/* a rule or a SPEC with a port in it */
static const char *rule(const char *before, uint16_t port, const char *after)
{
	static char text[4][80];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(text[at], sizeof(text[at]), "%s%u%s", before, port, after);
	return text[at];
}

/* --- before the start --- */

static void refused(struct weir_net_options *o, int code, const char *words)
{
	unsigned fds = embed_fds();

	errno = 0;
	CHECK(!embed_new(&e, o));
	CHECK_EQ(errno, -code);
	CHECK_EQ(e.why.code, code);
	if (!strstr(e.why.text, words))
		fail_msg("'%s' has not '%s'", e.why.text, words);
	CHECK_EQ(embed_fds(), fds);
}

static void what_is_wrong_is_refused_with_a_sentence(void **state)
{
	const char *const typo[] = { "allow tcp example.org:443",
				     "alow tcp any", NULL };
	const char *const port[] = { "80:90:100:110" };
	struct {
		struct weir_net_options o;
		size_t more;
	} larger = { embed_options(nothing), 1 };
	struct weir_frames_options frames = { .size = sizeof(frames),
					      .capacity = 3 };
	struct weir_net_options o = embed_options(typo);

	(void)state;
	refused(&o, -EINVAL, "rule 2 'alow tcp any'");
	o = embed_options(nothing);
	o.net = "publik";
	refused(&o, -EINVAL, "net publik: ");
	o = embed_options(nothing);
	o.config_text = "policy:\n  rulez: []\n";
	refused(&o, -EINVAL, "config_text");
	o.config_text = "tls:\n  intercept: [443]\n";
	refused(&o, -EINVAL, "not there yet");
	o.config_text = NULL;
	o.config_file = "/nowhere/weir.yaml";
	refused(&o, -ENOENT, "/nowhere/weir.yaml");
	o.config_text = "net: none\n";
	refused(&o, -EINVAL, "give one of them");
	o = embed_options(nothing);
	o.publish = port;
	o.n_publish = 1;
	refused(&o, -EINVAL, "publish 80:90:100:110: ");
	o = embed_options(nothing);
	o.mac[0] = 1;
	refused(&o, -EINVAL, "mac");
	o = embed_options(nothing);
	o.flows = 200000;
	refused(&o, -EINVAL, "flows");
	o = embed_options(nothing);
	o.grace_ms = 2001;
	refused(&o, -EINVAL, "grace_ms");
	o = embed_options(nothing);
	memcpy(o.mac, "\2\1\1\1\1\1", 6);
	memcpy(o.gateway_mac, o.mac, 6);
	refused(&o, -EINVAL, "the same");
	o = embed_options(nothing);
	o.frames = &frames;
	refused(&o, -EINVAL, "");
	o.frames = NULL;
	o.size = 3;
	refused(&o, -EINVAL, "");
	larger.o.size = sizeof(larger);
	refused(&larger.o, -E2BIG, "");
	CHECK(!weir_net_new(&larger.o, NULL));
}

static void a_program_of_an_older_header_is_understood(void **state)
{
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	o.size = offsetof(struct weir_net_options, flows);
	o.flows = UINT32_MAX; /* is not there */
	CHECK(embed_new(&e, &o));
	embed_free(&e);
	CHECK((e.net = weir_net_new(NULL, NULL)) != NULL);
	weir_net_free(e.net);
	weir_net_free(NULL);
}

static void its_addresses_can_be_asked(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	struct weir_ip ip;

	(void)state;
	o.config_text =
		"interface: { ipv4: 10.9.8.15/24, ipv6: 'fd00:9::15/64', "
		"mtu: 2000 }\n";
	if (!embed_new(&e, &o))
		fail_msg("%s", e.why.text);
	CHECK(memcmp(&e.guest, &(struct weir_ip[]){ ip4(10, 9, 8, 15) },
		     sizeof(ip)) == 0);
	CHECK(memcmp(e.gateway.bytes, "\12\11\10\2", 4) == 0);
	CHECK_EQ(weir_net_dns(e.net, 4, &ip), 0);
	CHECK(memcmp(ip.bytes, "\12\11\10\3", 4) == 0);
	CHECK_EQ(weir_net_guest(e.net, 6, &ip), 0);
	CHECK(ip.family == 6 && ip.bytes[0] == 0xfd && ip.bytes[15] == 0x15);
	CHECK_EQ(weir_net_guest(e.net, 5, &ip), -EINVAL);
	CHECK_EQ(weir_net_prefix(e.net, 4), 24);
	CHECK_EQ(weir_net_prefix(e.net, 6), 64);
	CHECK_EQ(weir_net_prefix(e.net, 5), -EINVAL);
	embed_free(&e);

	o.config_text = "interface: { ipv6: off }\n";
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_gateway(e.net, 6, &ip), -EAFNOSUPPORT);
	CHECK_EQ(weir_net_prefix(e.net, 6), -EAFNOSUPPORT);
	CHECK_EQ(weir_net_dns(e.net, 6, &ip), -EAFNOSUPPORT);
	embed_free(&e);
}

static void the_gateway_is_set_once_and_before_the_start(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	struct weir_ip ip, six = { .family = 6, .bytes = { 0xfd, [15] = 1 } };
	const struct weir_ip bad[] = { ip4(10, 9, 9, 1), ip4(10, 9, 8, 15),
				       ip4(10, 9, 8, 3), ip4(10, 9, 8, 0),
				       ip4(10, 9, 8, 255) };
	const struct weir_ip good = ip4(10, 9, 8, 1), other = ip4(10, 9, 8, 4);

	(void)state;
	o.config_text = "interface: { ipv4: 10.9.8.15/24, ipv6: off }\n";
	CHECK(embed_new(&e, &o));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(weir_net_set_gateway(e.net, &bad[i], NULL), -EINVAL);
	CHECK_EQ(weir_net_set_gateway(e.net, &six, NULL), -EAFNOSUPPORT);
	/* all of it or nothing */
	CHECK_EQ(weir_net_set_gateway(e.net, &good, &six), -EAFNOSUPPORT);
	CHECK_EQ(weir_net_gateway(e.net, 4, &ip), 0);
	CHECK_EQ(ip.bytes[3], 2);
	CHECK_EQ(weir_net_set_gateway(e.net, &good, NULL), 0);
	CHECK_EQ(weir_net_gateway(e.net, 4, &ip), 0);
	CHECK_EQ(ip.bytes[3], 1);
	CHECK_EQ(weir_net_set_gateway(e.net, &other, NULL), -EALREADY);
	embed_free(&e);

	CHECK(embed_new(&e, &o));
	embed_start(&e);
	CHECK_EQ(weir_net_set_gateway(e.net, &good, NULL), -EALREADY);
	embed_free(&e);
}

static void a_port_in_use_is_told_at_the_start(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	unsigned fds = embed_fds();
	const char *spec;
	uint16_t port;
	int fd = embed_host(&port);

	(void)state;
	spec = rule("127.0.0.1:", port, ":53/udp");
	o.publish = &spec;
	o.n_publish = 1;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_start(e.net, &e.why), -EADDRINUSE);
	CHECK(strstr(e.why.text, "something else has it"));
	CHECK_EQ(weir_net_start(e.net, NULL), -EALREADY);
	CHECK_EQ(weir_net_stop(e.net), 0);
	embed_free(&e);
	close(fd);
	CHECK_EQ(embed_fds(), fds);
}

/* --- running --- */

static struct weir_net_counts counts(void)
{
	struct weir_net_counts c = { .size = sizeof(c) };

	CHECK_EQ(weir_net_counters(e.net, &c), 0);
	return c;
}

static void a_guest_talks_to_the_host_and_it_is_counted(void **state)
{
	uint16_t port;
	unsigned fds = embed_fds();
	int fd = embed_host(&port);
	const char *const rules[] = { rule("allow udp host:", port, ""), NULL };
	struct weir_net_options o = embed_options(rules);
	struct weir_net_counts c = { .size = 1 };
	struct sockaddr_in from;
	socklen_t room = sizeof(from);
	const uint8_t *ip;
	char got[8];
	size_t len;

	(void)state;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(counts().bytes_up, 0);
	CHECK_EQ(weir_net_counters(e.net, &c), -EINVAL);
	embed_say(&e, &e.gateway, port, "early"); /* waits in the ring */
	embed_start(&e);
	CHECK_EQ(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&from,
			  &room),
		 5);
	CHECK(memcmp(got, "early", 5) == 0);
	CHECK_EQ(sendto(fd, "late", 4, 0, (struct sockaddr *)&from, room), 4);
	ip = embed_hear(&e, 17, &len);
	CHECK_EQ(len, 20 + 8 + 4);
	CHECK(memcmp(ip + 12, e.gateway.bytes, 4) == 0);
	CHECK(memcmp(ip + 28, "late", 4) == 0);
	CHECK(embed_saw(&e, "\"event\":\"flow_open\""));
	CHECK(embed_saw(&e, "\"event\":\"start\""));
	CHECK(embed_saw(&e, "\"event\":\"link_up\""));
	CHECK_EQ(counts().flows, 1);
	CHECK_EQ(counts().flows_total, 1);
	CHECK_EQ(counts().frames_up, 1);
	CHECK_EQ(counts().bytes_up, 14 + 20 + 8 + 5);
	CHECK_EQ(counts().denied, 0);

	embed_say(&e, &e.gateway, (uint16_t)(port ^ 1), "no");
	CHECK(embed_saw(&e, "\"event\":\"deny\""));
	CHECK_EQ(counts().denied, 1);
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK(embed_saw(&e, "\"event\":\"flow_close\""));
	CHECK(embed_saw(&e, "\"event\":\"stop\""));
	CHECK_EQ(counts().frames_up, 2);
	CHECK_EQ(counts().flows, 0);
	CHECK_EQ(weir_net_start(e.net, NULL), -EALREADY);
	embed_free(&e);
	close(fd);
	CHECK_EQ(embed_fds(), fds);
}

static void rules_change_while_it_runs(void **state)
{
	uint16_t port;
	int fd = embed_host(&port);
	const char *allow = rule("allow udp host:", port, "");
	const char *const bad[] = { allow, "allow udp", NULL };
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_add_rule(e.net, "deny tcp any:25", 0, NULL), 1);
	embed_start(&e);
	CHECK(!embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_add_rule(e.net, allow, 0, &e.why), 2);
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	CHECK(embed_saw(&e, "\"event\":\"policy\""));
	/* the first that matches counts */
	CHECK_EQ(weir_net_add_rule(e.net, "deny udp host", 1, &e.why), 1);
	CHECK(embed_saw(&e, "policy_changed"));
	CHECK(!embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_add_rule(e.net, "deny udp host", 5, NULL), -ERANGE);
	CHECK_EQ(weir_net_add_rule(e.net, "deny udp hots!", 2, &e.why),
		 -EINVAL);
	CHECK(strstr(e.why.text, "rule 2"));
	CHECK_EQ(weir_net_remove_rule(e.net, 4, NULL), -ERANGE);
	CHECK_EQ(weir_net_remove_rule(e.net, 0, NULL), -ERANGE);
	CHECK_EQ(weir_net_remove_rule(e.net, 1, NULL), 0);
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	/* a wrong one leaves all as it was */
	CHECK_EQ(weir_net_set_policy(e.net, bad, 2, &e.why), -EINVAL);
	CHECK(strstr(e.why.text, "rule 2"));
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_set_policy(e.net, NULL, 0, NULL), 0);
	while (counts().flows)
		(void)sched_yield();
	CHECK(!embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_set_policy(e.net, bad, 1, NULL), 0);
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK_EQ(weir_net_set_policy(e.net, NULL, 0, &e.why), -ESHUTDOWN);
	CHECK_EQ(weir_net_add_rule(e.net, allow, 0, NULL), -ESHUTDOWN);
	embed_free(&e);
	close(fd);
}

static int dial(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr = { htonl(INADDR_LOOPBACK) },
				 .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void ports_are_published_while_it_runs(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	const char *first = "127.0.0.1:0:80";
	struct weir_limits l = { .size = sizeof(l), .up = "10mbit" };
	const uint8_t *ip;
	uint16_t port, again;
	size_t len;
	int fd, id;

	(void)state;
	o.publish = &first;
	o.n_publish = 1;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_publish(e.net, "8080", NULL, &e.why), -EINVAL);
	CHECK_EQ(weir_net_unpublish(e.net, 0), -EINVAL);
	embed_start(&e);
	embed_say(&e, &e.gateway, 9, "I am here");
	id = weir_net_publish(e.net, "127.0.0.1:0:8080", &port, &e.why);
	CHECK_EQ(id, 1);
	CHECK_EQ(weir_net_publish(e.net, rule("127.0.0.1:", port, ":80"), NULL,
				  &e.why),
		 -EADDRINUSE);
	CHECK_EQ(weir_net_publish(e.net, "1-2:1-2", NULL, &e.why), -EINVAL);
	fd = dial(port);
	CHECK(fd >= 0);
	ip = embed_hear(&e, 6, &len);
	CHECK_EQ(ip[20 + 2] << 8 | ip[20 + 3], 8080);
	CHECK_EQ(ip[20 + 13], 2); /* SYN */
	close(fd);
	CHECK_EQ(weir_net_unpublish(e.net, id), 0);
	CHECK_EQ(weir_net_unpublish(e.net, id), -ENOENT);
	CHECK_EQ(weir_net_unpublish(e.net, 77), -ENOENT);
	CHECK_EQ(weir_net_unpublish(e.net, -1), -ENOENT);
	CHECK(dial(port) < 0);
	/* its id is free */
	CHECK_EQ(weir_net_publish(e.net, "127.0.0.1:0:81", &again, NULL), id);
	CHECK_EQ(weir_net_unpublish(e.net, 0), 0);

	CHECK_EQ(weir_net_set_limits(e.net, &l, &e.why), 0);
	l.up = "10 apples";
	CHECK_EQ(weir_net_set_limits(e.net, &l, &e.why), -EINVAL);
	CHECK(strstr(e.why.text, "up 10 apples: "));
	l.up = "";
	l.flows = UINT32_MAX;
	CHECK_EQ(weir_net_set_limits(e.net, &l, &e.why), -ERANGE);
	l.flows = 1;
	CHECK_EQ(weir_net_set_limits(e.net, &l, &e.why), 0);
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK_EQ(weir_net_publish(e.net, "8080", NULL, NULL), -ESHUTDOWN);
	CHECK_EQ(weir_net_set_limits(e.net, &l, NULL), -ESHUTDOWN);
	embed_free(&e);
}

static void a_rate_can_be_set_while_it_runs(void **state)
{
	uint16_t port;
	int fd = embed_host(&port);
	const char *const rules[] = { rule("allow udp host:", port, ""), NULL };
	struct weir_net_options o = embed_options(rules);
	struct weir_limits l = { .size = sizeof(l), .up = "1pps" };
	uint64_t before;

	(void)state;
	CHECK(embed_new(&e, &o));
	embed_start(&e);
	CHECK_EQ(weir_net_set_limits(e.net, &l, NULL), 0);
	before = counts().frames_up;
	for (unsigned i = 0; i < 100; i++)
		embed_say(&e, &e.gateway, port, "much");
	while (counts().frames_up < before + 100)
		(void)sched_yield();
	CHECK(embed_saw(&e, "limit_rate"));
	l.up = "";
	CHECK_EQ(weir_net_set_limits(e.net, &l, NULL), 0);
	embed_free(&e);
	close(fd);
}

/* --- names --- */

static bool is_it(void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

static bool is_none(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
	return false;
}

static int knows(const struct weir_ip *ip, const char *name)
{
	char copy[80];

	snprintf(copy, sizeof(copy), "%s", name);
	return weir_net_any_name(e.net, ip, is_it, copy);
}

static void names_are_kept(const char *one)
{
	struct weir_ip a[2] = { ip4(192, 0, 2, 1), ip4(192, 0, 2, 2) };
	struct weir_ip six = { .family = 6, .bytes = { 0x20, 1, [15] = 1 } };
	struct weir_ip mapped = { .family = 6,
				  .bytes = { [10] = 0xff,
					     [11] = 0xff,
					     [12] = 192,
					     [14] = 2,
					     [15] = 1 } };
	unsigned asked = 0;

	CHECK_EQ(weir_net_cache_name(e.net, one, 4, a, 2, 600), 0);
	CHECK_EQ(weir_net_cache_name(e.net, one, 6, &six, 1, 600), 0);
	CHECK_EQ(knows(&a[0], "api.example.com"), 1);
	CHECK_EQ(knows(&a[1], "api.example.com"), 1);
	CHECK_EQ(knows(&six, "api.example.com"), 1);
	CHECK_EQ(knows(&mapped, "api.example.com"), 1);
	CHECK_EQ(knows(&a[0], "other.example.com"), 0);
	CHECK_EQ(weir_net_cache_name(e.net, "b.test", 4, a, 1, 600), 0);
	CHECK_EQ(weir_net_any_name(e.net, &a[0], is_none, &asked), 0);
	CHECK_EQ(asked, 2);
	/* the same name and family is replaced, the other stays */
	CHECK_EQ(weir_net_cache_name(e.net, "api.example.com", 4, a + 1, 1,
				     600),
		 0);
	CHECK_EQ(knows(&a[0], "api.example.com"), 0);
	CHECK_EQ(knows(&a[1], "api.example.com"), 1);
	CHECK_EQ(knows(&six, "api.example.com"), 1);
	CHECK_EQ(weir_net_cache_name(e.net, "b.test", 4, NULL, 0, 600), 0);
	CHECK_EQ(knows(&a[0], "b.test"), 0);
	CHECK_EQ(weir_net_clear_name(e.net, "API.Example.com."), 0);
	CHECK_EQ(weir_net_clear_name(e.net, "api.example.com"), -ENOENT);
	CHECK_EQ(knows(&six, "api.example.com"), 0);
}

static void names_have_limits(void)
{
	struct weir_ip a[257] = { ip4(192, 0, 2, 1) };
	struct weir_ip none = { .family = 5 };
	char name[32];

	for (unsigned i = 0; i < 257; i++)
		a[i] = ip4(198, 51, (uint8_t)(i >> 8), (uint8_t)i);
	CHECK_EQ(weir_net_cache_name(e.net, "", 4, a, 1, 9), -EINVAL);
	CHECK_EQ(weir_net_cache_name(e.net, "a..b", 4, a, 1, 9), -EINVAL);
	CHECK_EQ(weir_net_cache_name(e.net, "a", 5, a, 1, 9), -EINVAL);
	CHECK_EQ(weir_net_cache_name(e.net, "a", 6, a, 1, 9), -EAFNOSUPPORT);
	CHECK_EQ(weir_net_cache_name(e.net, "a", 4, &none, 1, 9), -EINVAL);
	CHECK_EQ(weir_net_cache_name(e.net, "a", 4, a, 257, 9), -ENOSPC);
	CHECK_EQ(weir_net_clear_name(e.net, "."), -EINVAL);
	CHECK_EQ(weir_net_any_name(e.net, &none, is_none, a), -EINVAL);
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		CHECK_EQ(weir_net_cache_name(e.net, name, 4, a, 256, 600), 0);
	}
	CHECK_EQ(weir_net_cache_name(e.net, "more", 4, a, 1, 9), -ENOSPC);
	CHECK_EQ(weir_net_cache_name(e.net, "n1.test", 4, a, 256, 9), 0);
	CHECK_EQ(weir_net_cache_name(e.net, "n1.test", 4, a, 1, 9), 0);
	CHECK_EQ(weir_net_cache_name(e.net, "more", 4, a, 1, 9), 0);
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		CHECK_EQ(weir_net_clear_name(e.net, name), 0);
	}
	CHECK_EQ(weir_net_clear_name(e.net, "more"), 0);
}

static void names_are_given_replaced_and_forgotten(void **state)
{
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	CHECK(embed_new(&e, &o));
	names_are_kept("Api.EXAMPLE.com.");
	names_have_limits();
	embed_start(&e);
	embed_say(&e, &e.gateway, 9, "I am here");
	names_are_kept("api.example.com");
	names_have_limits();
	CHECK_EQ(weir_net_stop(e.net), 0);
	names_are_kept("api.example.com.");
	embed_free(&e);
}

/* What the program gives decides, at once, and no longer than it said. */
static void a_name_that_was_given_decides(void **state)
{
	uint16_t port;
	int fd = embed_host(&port);
	const char *const rules[] = { rule("allow udp vm.test:", port, ""),
				      NULL };
	struct weir_net_options o = embed_options(rules);

	(void)state;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_cache_name(e.net, "VM.test", 4, &e.gateway, 1, 600),
		 0);
	embed_start(&e);
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	CHECK(embed_saw(&e, "\"names\":[\"vm.test\"]"));
	CHECK_EQ(weir_net_clear_name(e.net, "vm.test"), 0);
	CHECK_EQ(weir_net_add_rule(e.net, "deny tcp any", 0, NULL), 2);
	while (counts().flows) /* they are judged again a part at a time */
		(void)sched_yield();
	CHECK(!embed_reaches(&e, fd, &e.gateway, port));
	CHECK_EQ(weir_net_cache_name(e.net, "vm.test", 4, &e.gateway, 1, 1), 0);
	CHECK(embed_reaches(&e, fd, &e.gateway, port));
	while (knows(&e.gateway, "vm.test"))
		(void)poll(NULL, 0, 20);
	CHECK_EQ(weir_net_expire_names(e.net), 1);
	CHECK_EQ(weir_net_expire_names(e.net), 0);
	embed_free(&e);
	close(fd);
}

/* --- hooks and ends --- */

static void count_end(void *arg)
{
	struct embed *a = arg;

	/* no lock is held: these calls come back */
	CHECK_EQ(weir_net_stop(a->net), -EDEADLK);
	CHECK_EQ(weir_net_trigger_termination(a->net), -EALREADY);
	CHECK_EQ(weir_net_add_rule(a->net, "deny any", 0, NULL), -ESHUTDOWN);
	(void)counts();
	pthread_mutex_lock(&a->lock);
	a->ended++;
	pthread_cond_broadcast(&a->heard);
	pthread_mutex_unlock(&a->lock);
}

static void the_end_of_the_guest_is_told_once(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	struct pollfd p;

	(void)state;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_trigger_termination(e.net), -EINVAL);
	CHECK_EQ(weir_net_set_termination_hook(e.net, count_end, &e), 0);
	embed_start(&e);
	CHECK_EQ(weir_net_trigger_termination(e.net), 0);
	CHECK_EQ(weir_net_trigger_termination(e.net), -EALREADY);
	CHECK_EQ(weir_net_set_termination_hook(e.net, count_end, &e),
		 -EALREADY);
	pthread_mutex_lock(&e.lock);
	while (!e.ended)
		pthread_cond_wait(&e.heard, &e.lock);
	pthread_mutex_unlock(&e.lock);
	/* the guest's side hears of it too */
	p = (struct pollfd){ .fd = weir_port_fd(e.port), .events = POLLIN };
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK_EQ(weir_net_trigger_termination(e.net), -EALREADY);
	CHECK_EQ(e.ended, 1);
	embed_free(&e);

	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_set_termination_hook(e.net, count_end, &e), 0);
	CHECK_EQ(weir_net_stop(e.net), -EINVAL);
	embed_start(&e);
	embed_free(&e); /* an end that nobody triggered */
	CHECK_EQ(e.ended, 0);
}

static void frames_that_shut_down_end_the_network(void **state)
{
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	CHECK(embed_new(&e, &o));
	embed_start(&e);
	weir_frames_begin_shutdown(weir_net_frames(e.net));
	CHECK(embed_saw(&e, "\"event\":\"stop\""));
	CHECK_EQ(weir_net_stop(e.net), 0);
	embed_free(&e);
}

/* A hook that changes the network, and is itself changed. */
static void meddle(void *arg, const char *event, size_t len)
{
	static const char *const rules[] = { "deny udp any:7" };
	struct weir_ip ip = ip4(192, 0, 2, 9);

	(void)event;
	(void)len;
	(void)counts();
	CHECK_EQ(weir_net_stop(e.net), -EDEADLK);
	(void)weir_net_set_policy(e.net, rules, 1, NULL);
	(void)weir_net_cache_name(e.net, "hook.test", 4, &ip, 1, 60);
	(void)knows(&ip, "hook.test");
	if (++*(unsigned *)arg == 20)
		CHECK_EQ(weir_net_set_event_hook(e.net, NULL, NULL), 0);
}

static void a_hook_may_call_everything(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	unsigned n = 0;

	(void)state;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_set_event_hook(e.net, meddle, &n), 0);
	CHECK_EQ(weir_net_start(e.net, NULL), 0);
	for (unsigned i = 0; i < 50; i++) {
		embed_say(&e, &e.gateway, (uint16_t)(1000 + i), "no");
		(void)counts();
	}
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK(n >= 1 && n <= 20);
	embed_free(&e);
}

/* --- many threads --- */

static void *bother(void *arg)
{
	const unsigned seed = *(const unsigned *)arg;
	struct weir_ip ip = ip4(192, 0, 2, (uint8_t)seed);
	char name[32];
	uint16_t port;

	snprintf(name, sizeof(name), "t%u.test", seed);
	for (unsigned i = 0; i < 60; i++) {
		int id;

		CHECK_EQ(weir_net_cache_name(e.net, name, 4, &ip, 1, 60), 0);
		CHECK_EQ(knows(&ip, name), 1);
		CHECK(weir_net_add_rule(e.net, "deny tcp any:25", 1, NULL) > 0);
		CHECK_EQ(weir_net_remove_rule(e.net, 1, NULL), 0);
		id = weir_net_publish(e.net, "127.0.0.1:0:80", &port, NULL);
		CHECK(id >= 0);
		CHECK_EQ(weir_net_unpublish(e.net, id), 0);
		(void)counts();
		(void)weir_net_expire_names(e.net);
	}
	return NULL;
}

static void all_calls_may_come_at_once(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	unsigned seed[4] = { 1, 2, 3, 4 };
	pthread_t t[4];

	(void)state;
	CHECK(embed_new(&e, &o));
	embed_start(&e);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, bother, &seed[i]), 0);
	for (unsigned i = 0; i < 400; i++)
		embed_say(&e, &e.gateway, (uint16_t)(1000 + i), "no");
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(weir_net_stop(e.net), 0);
	embed_free(&e);
}

T_MAIN(T(what_is_wrong_is_refused_with_a_sentence),
       T(a_program_of_an_older_header_is_understood),
       T(its_addresses_can_be_asked),
       T(the_gateway_is_set_once_and_before_the_start),
       T(a_port_in_use_is_told_at_the_start),
       T(a_guest_talks_to_the_host_and_it_is_counted),
       T(rules_change_while_it_runs), T(ports_are_published_while_it_runs),
       T(a_rate_can_be_set_while_it_runs),
       T(names_are_given_replaced_and_forgotten),
       T(a_name_that_was_given_decides), T(the_end_of_the_guest_is_told_once),
       T(frames_that_shut_down_end_the_network), T(a_hook_may_call_everything),
       T(all_calls_may_come_at_once))
