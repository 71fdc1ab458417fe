/* SPDX-License-Identifier: Apache-2.0 */
#include "embed.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"

#define PATIENCE_MS 5000
#define ETHER       14u
#define IPV4        20u
#define UDP         8u
#define TCP         20u

static uint8_t buf[WEIR_PORT_ROOM];

unsigned embed_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

struct weir_net_options embed_options(const char *const *rules)
{
	struct weir_net_options o = { .size = sizeof(o), .net = "none" };

	o.rules = rules;
	while (rules && rules[o.n_rules])
		o.n_rules++;
	return o;
}

bool embed_new(struct embed *e, struct weir_net_options *o)
{
	memset(e, 0, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->heard, NULL);
	e->net = weir_net_new(o, &e->why);
	if (!e->net)
		return false;
	e->port = weir_net_port(e->net);
	CHECK_EQ(weir_net_guest(e->net, 4, &e->guest), 0);
	CHECK_EQ(weir_net_gateway(e->net, 4, &e->gateway), 0);
	return true;
}

static void note(void *arg, const char *event, size_t len)
{
	struct embed *e = arg;

	CHECK_EQ(strlen(event), len);
	CHECK(event[0] == '{' && event[len - 1] == '}');
	pthread_mutex_lock(&e->lock);
	if (e->len + len + 2 < sizeof(e->events)) {
		memcpy(e->events + e->len, event, len);
		e->len += len;
		e->events[e->len++] = '\n';
	}
	pthread_cond_broadcast(&e->heard);
	pthread_mutex_unlock(&e->lock);
}

void embed_start(struct embed *e)
{
	CHECK_EQ(weir_net_set_event_hook(e->net, note, e), 0);
	if (weir_net_start(e->net, &e->why))
		fail_msg("%s", e->why.text);
}

void embed_free(struct embed *e)
{
	weir_net_free(e->net);
	pthread_cond_destroy(&e->heard);
	pthread_mutex_destroy(&e->lock);
}

int embed_host(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned sum_of(const uint8_t *at, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (unsigned)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* An IP packet to the gateway, whose payload lies behind its header already. */
static void put_packet(struct embed *e, uint8_t *f, uint8_t protocol,
		       const struct weir_ip *to, size_t len)
{
	static const uint8_t macs[12] = { 2,    'w',  'e', 'i', 'r', 2,
					  0x52, 0x54, 0,   0,   0,   1 };
	uint8_t *eth = f + WEIR_PORT_HEADER, *ip = eth + ETHER;

	memcpy(eth, macs, sizeof(macs));
	put16(eth + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(IPV4 + len));
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, e->guest.bytes, 4);
	memcpy(ip + 16, to->bytes, 4);
	put16(ip + 10, sum_of(ip, IPV4));
	CHECK_EQ(weir_port_write_frame(e->port, WEIR_PORT_HEADER, f,
				       WEIR_PORT_HEADER + ETHER + IPV4 + len),
		 0);
}

void embed_segment(struct embed *e, uint16_t port, uint32_t seq, uint32_t ack,
		   uint8_t flags, const void *data, size_t len)
{
	uint8_t f[WEIR_PORT_HEADER + ETHER + IPV4 + 1500] = { 0 };
	uint8_t *tcp = f + WEIR_PORT_HEADER + ETHER + IPV4;
	uint8_t pseudo[12 + 1500] = { 0 };

	CHECK(len <= 1400 && len % 2 == 0);
	put16(tcp, 5000);
	put16(tcp + 2, port);
	put16(tcp + 4, seq >> 16);
	put16(tcp + 6, seq & 0xffff);
	put16(tcp + 8, ack >> 16);
	put16(tcp + 10, ack & 0xffff);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	put16(tcp + 14, 65535);
	memcpy(tcp + TCP, data, len);
	memcpy(pseudo, e->guest.bytes, 4);
	memcpy(pseudo + 4, e->gateway.bytes, 4);
	pseudo[9] = 6;
	put16(pseudo + 10, (unsigned)(TCP + len));
	memcpy(pseudo + 12, tcp, TCP + len);
	put16(tcp + 16, sum_of(pseudo, 12 + TCP + len));
	put_packet(e, f, 6, &e->gateway, TCP + len);
}

void embed_say(struct embed *e, const struct weir_ip *to, uint16_t port,
	       const char *text)
{
	uint8_t f[WEIR_PORT_HEADER + 200] = { 0 };
	uint8_t *udp = f + WEIR_PORT_HEADER + ETHER + IPV4;
	size_t n = strlen(text);

	CHECK(n <= 100);
	put16(udp, 5000);
	put16(udp + 2, port);
	put16(udp + 4, (unsigned)(UDP + n));
	memcpy(udp + UDP, text, n);
	put_packet(e, f, 17, to, UDP + n);
}

const uint8_t *embed_hear(struct embed *e, uint8_t protocol, size_t *ret_len)
{
	for (;;) {
		struct pollfd p = { .fd = weir_port_fd(e->port),
				    .events = POLLIN };
		const uint8_t *eth = buf + WEIR_PORT_HEADER;
		int r = weir_port_read_frame(e->port, buf, sizeof(buf));

		if (r == -EAGAIN) {
			CHECK_EQ(poll(&p, 1, PATIENCE_MS), 1);
			continue;
		}
		CHECK(r > (int)(WEIR_PORT_HEADER + ETHER));
		*ret_len = (size_t)r - WEIR_PORT_HEADER - ETHER;
		if (eth[12] == 8 && eth[13] == 0 && eth[ETHER + 9] == protocol)
			return eth + ETHER;
	}
}

bool embed_reaches(struct embed *e, int fd, const struct weir_ip *to,
		   uint16_t port)
{
	char got[8];

	embed_say(e, to, port, "hello");
	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
				       { .fd = weir_port_fd(e->port),
					 .events = POLLIN } };
		const uint8_t *eth = buf + WEIR_PORT_HEADER;

		CHECK(poll(p, 2, PATIENCE_MS) > 0);
		if (p[0].revents) {
			CHECK_EQ(recv(fd, got, sizeof(got), 0), 5);
			return true;
		}
		while (weir_port_read_frame(e->port, buf, sizeof(buf)) > 0)
			if (eth[12] == 8 && eth[ETHER + 9] == 1)
				return false; /* ICMP: it is refused */
	}
}

bool embed_saw(struct embed *e, const char *words)
{
	struct timespec until;
	bool saw;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&e->lock);
	while (!(saw = memmem(e->events, e->len, words, strlen(words))))
		if (pthread_cond_timedwait(&e->heard, &e->lock, &until))
			break;
	pthread_mutex_unlock(&e->lock);
	return saw;
}
